//! What goes into an evidence pack, read from the lake and from where the cited files stand.
//!
//! A log file that can no longer be had is no reason to make no pack: its records then come from the lake, and say so.

mod digests;
mod objects;
mod records;
mod rows;

use chrono::{DateTime, Utc};
use schemas::control::ControlId;

use crate::audit::{Report, VERDICTS};
use crate::error::Result;
use crate::pack::{Contents, Control, Query, Tool};
use crate::query::{Bindings, Catalog, Engine, views};
use crate::store::Stores;
use crate::verification::Keys;
use objects::Objects;

/// What a pack is asked to hold beside an audit's answer.
pub struct Packing<'a> {
    /// Where log files and digest files are read from.
    pub stores: &'a Stores,
    /// The keys that digest files are signed with; `None`: nothing in the pack proves an attestation.
    pub keys: Option<&'a Keys<'a>>,
    /// Whether the cited log files go into it whole.
    pub with_log_files: bool,
    /// The clock.
    pub now: DateTime<Utc>,
}

/// A pack's contents, and what to tell of them.
pub struct Packed {
    /// The contents.
    pub contents: Contents,
    /// What could not be had.
    pub notices: Vec<String>,
}

/// The question that a pack answers, beside the verdicts: which records it all rests on.
const CITED_RECORDS: &str = "cited_records";

/// Gathers a pack.
pub async fn gather(engine: &Engine, catalog: &Catalog, report: &Report, packing: &Packing<'_>) -> Result<Packed> {
    let mut bindings = Bindings::default();
    bindings.times.insert("as_of".to_owned(), report.as_of);
    let question = catalog.find(CITED_RECORDS)?;
    let facts = rows::facts(&engine.ask(question, &bindings, report.as_of).await?)?;
    let mut objects = Objects::new(packing.stores);
    let records = records::read(engine, &facts, &mut objects, packing.with_log_files).await?;
    let digests = digests::read(engine, &facts, &mut objects, packing).await?;
    let contents = Contents {
        tool: Tool { name: "bedrock-audit".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
        as_of: report.as_of,
        is_strict: report.is_strict,
        controls: ControlId::IN_HISTORY.iter().map(|control| about(*control)).collect(),
        queries: queries(catalog)?,
        verdicts: rows::verdicts(&report.verdicts)?,
        facts,
        records: records.records,
        inputs: rows::inputs(engine).await?,
        coverage: rows::coverage(engine).await?,
        digests: rows::digests(engine).await?,
        set_aside: rows::set_aside(engine).await?,
        digest_objects: digests.objects,
        public_keys: digests.keys,
        log_files: records.log_files,
    };
    Ok(Packed { contents, notices: records.notices.into_iter().chain(digests.notices).collect() })
}

fn about(control: ControlId) -> Control {
    Control {
        control: control.as_str().to_owned(),
        title: control.title().to_owned(),
        version: control.version_in_history(),
    }
}

/// The texts of what was asked, and of every view below it.
fn queries(catalog: &Catalog) -> Result<Vec<Query>> {
    let mut queries = Vec::new();
    for name in VERDICTS.into_iter().chain([CITED_RECORDS]) {
        let question = catalog.find(name)?;
        queries.push(Query { name: format!("{}/{name}.sql", question.topic), text: question.sql.clone() });
    }
    queries.extend(
        views().into_iter().map(|(name, sql)| Query { name: format!("views/{name}.sql"), text: sql.to_owned() }),
    );
    Ok(queries)
}
