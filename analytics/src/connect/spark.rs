//! Spark: temporary views, which open the lake as it is now. Spark does not tell a view over files which file a row is of, so
//! what does not count is left out by the names of files.

use std::collections::BTreeSet;

use schemas::tables::{HISTORY, INGESTED, Table};

use super::{Dialect, Files, LakeState, Place, columns, no_prices, nothing, sql_name, translated_views};

const SPARK: Dialect = Dialect::Spark;

/// The statements.
pub fn open(lake: &LakeState) -> Vec<String> {
    let root = match &lake.place {
        Place::Folder(path) => format!("file:{path}"),
        Place::S3(rest) => format!("s3a://{rest}"),
    };
    let mut all = vec!["set time zone 'UTC'".to_owned()];
    for table in INGESTED {
        let folder = format!("{root}/{}", table.name);
        all.push(match lake.files(table) {
            Files::None => view(sql_name(table), &nothing(SPARK, &columns(SPARK, table))),
            Files::All => over_files(table, &folder, "*.parquet"),
            Files::Of(parts) => over_files(table, &folder, &pattern(parts)),
        });
    }
    for table in HISTORY {
        let file = format!("{root}/history/{}/{}.parquet", table.name, lake.fingerprint);
        all.push(over_files(table, &file, "*.parquet"));
    }
    all.push(view("prices", &no_prices(SPARK)));
    all.extend(translated_views(SPARK).iter().map(|(name, sql)| view(name, sql)));
    all
}

fn view(name: &str, sql: &str) -> String {
    format!("create or replace temporary view {name} as\n{sql}")
}

fn over_files(table: &Table, path: &str, pattern: &str) -> String {
    let typed = columns(SPARK, table).into_iter().map(|(name, kind)| format!("    {} {kind}", SPARK.name(name)));
    format!(
        "create or replace temporary view {} (\n{}\n)\nusing parquet\noptions (path {}, pathGlobFilter {})",
        sql_name(table),
        typed.collect::<Vec<_>>().join(",\n"),
        SPARK.text(path),
        SPARK.text(pattern)
    )
}

/// The files of these parts: `<part>.parquet` or `<part>-<n>.parquet`.
fn pattern(parts: &BTreeSet<String>) -> String {
    let names: Vec<&str> = parts.iter().map(String::as_str).collect();
    format!("{{{}}}*.parquet", names.join(","))
}
