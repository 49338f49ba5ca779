//! DuckDB: views over the files, which look into the lake whenever they are asked.

use schemas::tables::{EVENTS, HISTORY, INGESTED, Table};

use super::{
    Dialect, Files, LakeState, PART, Place, columns, is_vouched_for, name_of_files, names, no_prices, nothing,
};
use super::{sql_name, translated_views};
use crate::store::S3Options;

const DUCKDB: Dialect = Dialect::DuckDb;

/// The statements.
pub fn open(lake: &LakeState) -> Vec<String> {
    let root = match &lake.place {
        Place::Folder(path) => path.clone(),
        Place::S3(rest) => format!("s3://{rest}"),
    };
    let mut all = match &lake.place {
        Place::Folder(_) => Vec::new(),
        Place::S3(_) => secret(&root, &lake.s3),
    };
    // Days, weeks and months are those of UTC.
    all.push("set timezone = 'UTC'".to_owned());
    let ledger = DUCKDB.text(&format!("{root}/log_files/*.parquet"));
    all.push(view("committed_parts", &format!("select regexp_extract(file, {PART}, 1) as part\nfrom glob({ledger})")));
    for table in INGESTED {
        let pattern = if table.name == EVENTS.name { "event_date=*/*.parquet" } else { "*.parquet" };
        let found = *lake.files(table) != Files::None;
        let source = found.then(|| format!("{root}/{}/{pattern}", table.name));
        all.push(files(table, source.as_deref()));
        let committed = "\nwhere file_part in (select part from committed_parts)";
        all.push(chosen(table, if is_vouched_for(table) { committed } else { "" }));
    }
    for table in HISTORY {
        all.push(files(table, Some(&format!("{root}/history/{}/*.parquet", table.name))));
    }
    all.push(view(
        "newest_history",
        "select fingerprint\nfrom files_of_rebuilds\norder by parts desc, history_version desc, fingerprint\nlimit 1",
    ));
    for table in HISTORY {
        all.push(chosen(table, "\nwhere file_part = (select fingerprint from newest_history)"));
    }
    all.push(view("prices", &no_prices(DUCKDB)));
    all.extend(translated_views(DUCKDB).iter().map(|(name, sql)| view(name, sql)));
    all
}

fn view(name: &str, sql: &str) -> String {
    format!("create or replace view {name} as\n{sql}")
}

/// Credentials as the AWS CLI finds them.
fn secret(root: &str, s3: &S3Options) -> Vec<String> {
    let mut members = vec!["type s3".to_owned(), "provider credential_chain".to_owned()];
    members.push(format!("scope {}", DUCKDB.text(root)));
    members.extend(s3.profile.as_ref().map(|profile| format!("profile {}", DUCKDB.text(profile))));
    members.extend(s3.region.as_ref().map(|region| format!("region {}", DUCKDB.text(region))));
    if let Some(url) = &s3.endpoint_url {
        let host = url.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/');
        members.push(format!(
            "endpoint {}, url_style 'path', use_ssl {}",
            DUCKDB.text(host),
            url.starts_with("https://")
        ));
    }
    let secret = format!("create or replace secret bedrock_audit_lake ({})", members.join(", "));
    ["install httpfs", "load httpfs", "install aws", "load aws", secret.as_str()].map(str::to_owned).to_vec()
}

/// Every file of a folder: columns that none of them has yet are null.
fn files(table: &Table, source: Option<&str>) -> String {
    let mut typed = columns(DUCKDB, table);
    typed.push(("filename", "varchar"));
    let read = source.map_or_else(String::new, |source| {
        let days = if table.name == EVENTS.name { "true, hive_types = {'event_date': varchar}" } else { "false" };
        let source = DUCKDB.text(source);
        format!(
            "\n    union all by name\n    select * from read_parquet(\n        {source},\n        \
             union_by_name = true, filename = true, hive_partitioning = {days}\n    )"
        )
    });
    let sql = format!(
        "select {}, regexp_extract(filename, {PART}, 1) as file_part\nfrom (\n    {}{read}\n) as every_file",
        names(DUCKDB, table),
        nothing(DUCKDB, &typed)
    );
    view(&name_of_files(table), &sql)
}

/// The table as the program sees it.
fn chosen(table: &Table, which: &str) -> String {
    view(sql_name(table), &format!("select {}\nfrom {}{which}", names(DUCKDB, table), name_of_files(table)))
}
