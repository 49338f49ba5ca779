//! Athena: a database with a table for each folder of the lake, as `infra/lake-tables.yaml` makes them, and one question.
//!
//! Athena has no views here, as in `infra/`. So the question begins with all tables and views as
//! common table expressions, as the named queries of `infra/` do. They choose by the history's own row (table `rebuilds`) and,
//! of the events, by the ledger's rows; parts with digest files or evidence are taken as they are, since Athena does not see
//! the empty file of the ledger that commits them.

use schemas::tables::{EVENTS, HISTORY, INGESTED, SET_ASIDE, Table, Type};

use super::{Asked, Dialect, LakeState, PART, Place, no_prices, sql_name, translated_views};

const ATHENA: Dialect = Dialect::Athena;

const DATABASE: &str = "bedrock_audit";

/// What is asked where no question is named.
const FIRST_JOBS: &str = "select * from jobs order by requested_at desc limit 100";

/// The statements.
pub fn statements(lake: &LakeState, asked: Option<Asked<'_>>) -> Vec<String> {
    let root = match &lake.place {
        Place::S3(rest) => format!("s3://{rest}"),
        Place::Folder(_) => unreachable!("the plan refuses a folder"),
    };
    let mut all = vec![format!("create database if not exists {DATABASE}")];
    all.extend(INGESTED.iter().map(|table| external(table, &format!("{root}/{}", table.name))));
    all.extend(HISTORY.iter().map(|table| external(table, &format!("{root}/history/{}", table.name))));
    all.push(question(asked));
    all
}

/// Every file of a folder. The name may be that of another table, so it is always used with the database's.
fn files(table: &Table) -> String {
    format!("{DATABASE}.{}_files", table.name)
}

fn external(table: &Table, folder: &str) -> String {
    let columns = table.columns.iter().map(|column| format!("    `{}` {}", column.name, ATHENA.type_name(column.kind)));
    let (partition, days) = if table.name == EVENTS.name { by_day(folder) } else { (String::new(), String::new()) };
    format!(
        "create external table if not exists {} (\n{}\n){partition}\nstored as parquet\nlocation {}\n\
         tblproperties (\n    'classification' = 'parquet'{days}\n)",
        files(table),
        columns.collect::<Vec<_>>().join(",\n"),
        ATHENA.text(&format!("{folder}/"))
    )
}

/// Athena works out the days by itself, so that nobody needs to tell it of a new one.
fn by_day(folder: &str) -> (String, String) {
    let properties = [
        ("projection.enabled", "true".to_owned()),
        ("projection.event_date.type", "date".to_owned()),
        ("projection.event_date.format", "yyyy-MM-dd".to_owned()),
        ("projection.event_date.range", "2020-01-01,NOW+1DAYS".to_owned()),
        ("projection.event_date.interval", "1".to_owned()),
        ("projection.event_date.interval.unit", "DAYS".to_owned()),
        ("storage.location.template", format!("{folder}/event_date=${{event_date}}")),
    ];
    let properties = properties.iter().map(|(name, value)| format!(",\n    '{name}' = {}", ATHENA.text(value)));
    ("\npartitioned by (`event_date` string)".to_owned(), properties.collect())
}

fn question(asked: Option<Asked<'_>>) -> String {
    let mut tables = vec![format!(
        "newest_history as (\n    select fingerprint\n    from {DATABASE}.rebuilds_files\n    \
         order by parts desc, history_version desc, fingerprint\n    limit 1\n)"
    )];
    let of_ledger = |table: &Table| {
        let is_named = [EVENTS.name, SET_ASIDE.name].contains(&table.name);
        is_named.then(|| format!("in (select part from {DATABASE}.log_files_files)"))
    };
    tables.extend(INGESTED.iter().map(|table| chosen(table, of_ledger(table))));
    let of_newest = || Some("= (select fingerprint from newest_history)".to_owned());
    tables.extend(HISTORY.iter().map(|table| chosen(table, of_newest())));
    tables.push(format!("prices as (\n    {}\n)", no_prices(ATHENA).replace(" as string)", " as varchar)")));
    tables.extend(translated_views(ATHENA).iter().map(|(name, sql)| format!("{name} as (\n{sql}\n)")));
    let body = match asked {
        Some(asked) => ATHENA.translate(&asked.question.sql, asked.values),
        None => FIRST_JOBS.to_owned(),
    };
    // The question's own common table expressions follow ours.
    let (separator, body) = match body.strip_prefix("with ") {
        Some(own) => (",\n", own),
        None => ("\n", body.as_str()),
    };
    format!("with {}{separator}{body}", tables.join(",\n"))
}

/// The table as the program sees it: committed parts, one history, times with their zone.
fn chosen(table: &Table, which: Option<String>) -> String {
    let columns = table.columns.iter().map(|column| match column.kind {
        Type::Time => format!("with_timezone(\"{0}\", 'UTC') as \"{0}\"", column.name),
        Type::Text | Type::Bool | Type::Int => format!("\"{}\"", column.name),
    });
    let partition = (table.name == EVENTS.name).then(|| "\"event_date\"".to_owned());
    let columns = columns.chain(partition).collect::<Vec<_>>().join(",\n        ");
    let which =
        which.map_or_else(String::new, |which| format!("\n    where regexp_extract(\"$path\", {PART}, 1) {which}"));
    format!("{} as (\n    select\n        {columns}\n    from {}{which}\n)", sql_name(table), files(table))
}
