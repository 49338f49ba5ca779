//! The account of a run, kept in the lake.

use chrono::{DateTime, Utc};
use object_store::path::Path;
use schemas::tables::INGEST_RUNS;

use super::keep::Keep;
use super::parquet::encode;
use super::part::fresh_name;
use super::summary::{Counts, Summary};
use crate::error::Result;
use crate::store::Lake;
use crate::table::TableBuilder;

/// What a run was asked for.
pub struct Run {
    /// What was listed.
    pub sources: Vec<String>,
    /// Which records.
    pub keep: Keep,
    /// When it started.
    pub started_at: DateTime<Utc>,
}

/// Writes the account, whether or not it adds up.
pub async fn store(run: &Run, summary: &Summary, lake: &Lake) -> Result<()> {
    let name = fresh_name();
    let mut table = TableBuilder::new(&INGEST_RUNS);
    let Counts { records, kept, filtered, duplicate, set_aside } = summary.counts;
    table
        .row()
        .text("run", &name)
        .time("started_at", run.started_at)
        .text("tool_version", env!("CARGO_PKG_VERSION"))
        .text("sources", run.sources.join(","))
        .text("events", run.keep.as_str())
        .int("objects_listed", summary.objects)
        .int("passed_over", summary.passed_over.values().sum::<u64>())
        .int("digest_files", summary.digest_files)
        .int("evidence_objects", summary.evidence.values().sum::<u64>())
        .int("already_ingested", summary.already_ingested)
        .int("listed_twice", summary.listed_twice)
        .int("log_files_read", summary.files_read)
        .int("log_files_set_aside", summary.files_set_aside())
        .int("log_files_unreadable", summary.unreadable)
        .int("records_read", records)
        .int("records_kept", kept)
        .int("records_filtered", filtered)
        .int("records_duplicate", duplicate)
        .int("records_set_aside", set_aside)
        .int("object_bytes", summary.object_bytes)
        .int("json_bytes", summary.json_bytes)
        .bool("adds_up", summary.check().is_ok())
        .end();
    lake.publish(&Path::from(format!("{}/{name}.parquet", INGEST_RUNS.name)), encode(&table.finish())).await
}
