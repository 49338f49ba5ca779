//! The statements that open a lake in another engine: every table and every view, by the names that `query` knows.
//!
//! A table of the lake is what its ledger holds, not what lies in its folder, and the history is one of those that do. So the
//! statements choose, as the program does: rows of parts that the ledger names, and of the histories the newest. DuckDB and
//! Athena choose whenever they are asked, so theirs follow the lake; Spark's open the lake as it is now.

mod athena;
mod dialect;
mod duckdb;
mod pieces;
mod spark;

use std::collections::{BTreeMap, BTreeSet};

use schemas::tables::{EVENTS, INGEST_RUNS, LOG_FILES, Table};

pub use dialect::Dialect;

use crate::query::{Question, Value, prices, views};
use crate::store::S3Options;

/// The raw table behind the view `events`, as `query` has it.
const EVENT_COPIES: &str = "event_copies";

/// What a part is called, in the name of its file.
const PART: &str = "'([0-9a-f]{32})(-[0-9]+)?[.]parquet$'";

/// Where the lake is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// An absolute path, without a slash at its end.
    Folder(String),
    /// `bucket/prefix`, without a slash at its end.
    S3(String),
}

/// The files of a table that `ingest` writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Files {
    /// There is none that counts.
    None,
    /// All that are there count.
    All,
    /// Some are of a run that is under way, or died; these parts count.
    Of(BTreeSet<String>),
}

impl Files {
    /// Of parts by their names, each with whether it counts.
    pub fn of<'a>(parts: impl IntoIterator<Item = (&'a str, bool)>) -> Self {
        let (mut counted, mut is_other_there) = (BTreeSet::new(), false);
        for (name, counts) in parts {
            if counts {
                counted.insert(name.to_owned());
            } else {
                is_other_there = true;
            }
        }
        match (counted.is_empty(), is_other_there) {
            (true, _) => Self::None,
            (false, false) => Self::All,
            (false, true) => Self::Of(counted),
        }
    }
}

/// A lake, as far as the statements depend on it.
#[derive(Debug, Clone)]
pub struct LakeState {
    /// Where it is.
    pub place: Place,
    /// How to reach S3.
    pub s3: S3Options,
    /// The name of the files of its history.
    pub fingerprint: String,
    /// The files of each table that `ingest` writes, by the table's name.
    pub files: BTreeMap<&'static str, Files>,
}

static NO_FILES: Files = Files::None;

impl LakeState {
    fn files(&self, table: &Table) -> &Files {
        self.files.get(table.name).unwrap_or(&NO_FILES)
    }
}

/// A question, and what its parameters are.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The question.
    pub question: &'a Question,
    /// Its parameters' values.
    pub values: &'a [(String, Value)],
}

/// Statements, each of which ends with a semicolon at the end of a line; no other line does.
pub fn statements(dialect: Dialect, lake: &LakeState, asked: Option<Asked<'_>>) -> String {
    let mut all = match dialect {
        Dialect::DuckDb => duckdb::open(lake),
        Dialect::Spark => spark::open(lake),
        // Its views are part of the question.
        Dialect::Athena => return text(&athena::statements(lake, asked)),
    };
    all.extend(asked.map(|asked| dialect.translate(&asked.question.sql, asked.values)));
    text(&all)
}

fn text(statements: &[String]) -> String {
    statements.iter().map(|statement| format!("{statement};\n\n")).collect()
}

/// The name of a table in SQL.
fn sql_name(table: &Table) -> &'static str {
    if table.name == EVENTS.name { EVENT_COPIES } else { table.name }
}

/// A table of everything in the folder. No table of the lake is called so.
fn name_of_files(table: &Table) -> String {
    format!("files_of_{}", table.name)
}

/// The ledger vouches for itself, and what a run says of itself needs nobody to vouch for it.
fn is_vouched_for(table: &Table) -> bool {
    ![LOG_FILES.name, INGEST_RUNS.name].contains(&table.name)
}

/// Columns of a table; `events` has its partition beside those in its files.
fn columns(dialect: Dialect, table: &Table) -> Vec<(&'static str, &'static str)> {
    let own = table.columns.iter().map(|column| (column.name, dialect.type_name(column.kind)));
    let partition = (table.name == EVENTS.name).then(|| ("event_date", dialect.type_name(schemas::tables::Type::Text)));
    own.chain(partition).collect()
}

fn names(dialect: Dialect, table: &Table) -> String {
    columns(dialect, table).iter().map(|(name, _)| dialect.name(name)).collect::<Vec<_>>().join(", ")
}

/// A select of columns that has no rows, but types.
fn nothing(dialect: Dialect, columns: &[(&str, &str)]) -> String {
    let columns = columns.iter().map(|(name, kind)| format!("cast(null as {kind}) as {}", dialect.name(name)));
    format!("select\n        {}\n    where false", columns.collect::<Vec<_>>().join(",\n        "))
}

/// The user's own table, which is empty until its user makes one of that name.
fn no_prices(dialect: Dialect) -> String {
    let text = dialect.type_name(schemas::tables::Type::Text);
    let [model, job, hour] = prices::COLUMNS;
    nothing(dialect, &[(model, text), (job, "double"), (hour, "double")])
}

/// The views of `queries/views`, in an order in which each finds those that it uses.
fn translated_views(dialect: Dialect) -> Vec<(String, String)> {
    views().into_iter().map(|(name, sql)| (name, dialect.translate(sql, &[]))).collect()
}

#[cfg(test)]
mod tests;
