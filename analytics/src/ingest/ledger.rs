//! What the lake holds already, and what a dead run left behind.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use arrow::array::Array;
use bytes::Bytes;
use futures::future::try_join_all;
use futures::{StreamExt, TryStreamExt};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use schemas::tables::{INGEST_RUNS, INGESTED, LOG_FILES};

use super::keep::Keep;
use super::object_key::ObjectKind;
use super::part::UNREADABLE;
use super::stored::{damaged, texts};
use crate::error::{Cause, Result};
use crate::sha256::Sha256;
use crate::store::{Lake, Listed, Part, form, is_merged_name};

/// What is said of log files that the lake holds.
pub const IN_THE_LAKE: &str = "log files in the lake already";

/// Ledger parts read at once.
const READS: usize = 16;

/// The log files, as they were when they were read, that need not be read again.
pub struct Known {
    files: HashSet<[u8; 16]>,
}

impl Known {
    /// Reads the ledger. Files read for `--events audit` are read again for `--events all`.
    pub async fn load(lake: &Lake, keep: Keep) -> Result<Self> {
        let parts = lake.ledger().await?.into_parts();
        let read = |part: Part| async move {
            let bytes = lake.read(&part.path).await?;
            read_part(bytes, keep).map_err(|cause| damaged(lake, &part, &*cause))
        };
        let found: Vec<Vec<[u8; 16]>> =
            futures::stream::iter(parts).map(read).buffer_unordered(READS).try_collect().await?;
        Ok(Self { files: found.into_iter().flatten().collect() })
    }

    /// Why a log file need not be read.
    pub fn leaves_out(&self, file: &Listed) -> Option<&'static str> {
        let holds = || self.files.contains(&stamp(&file.log_file, &file.etag));
        (file.object.kind == ObjectKind::LogFile && holds()).then_some(IN_THE_LAKE)
    }
}

fn read_part(bytes: Bytes, keep: Keep) -> std::result::Result<Vec<[u8; 16]>, Cause> {
    form::check_part(&bytes)?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes)?;
    let columns = ["log_file", "etag", "events", "set_aside_reason"];
    let columns = ProjectionMask::columns(builder.parquet_schema(), columns);
    let mut files = Vec::new();
    for batch in builder.with_projection(columns).build()? {
        let batch = batch?;
        let (log_files, etags) = (texts(&batch, "log_file")?, texts(&batch, "etag")?);
        let (events, reasons) = (texts(&batch, "events")?, texts(&batch, "set_aside_reason")?);
        for row in 0..batch.num_rows() {
            let was_read = reasons.is_null(row) || reasons.value(row) != UNREADABLE;
            if was_read && Keep::parse(events.value(row)).is_some_and(|kept| kept >= keep) {
                files.push(stamp(log_files.value(row), etags.value(row)));
            }
        }
    }
    Ok(files)
}

/// Sixteen bytes that stand for a file and its state, so that ten million of them fit in memory.
pub fn stamp(log_file: &str, etag: &str) -> [u8; 16] {
    Sha256::new().then(log_file).then([0]).then(etag).half()
}

/// How many files were removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// Left by dead runs.
    pub orphans: u64,
    /// Of parts that a merged one has replaced.
    pub replaced: u64,
}

/// Removes parts that no ledger file names, or that a merged one has replaced, once they are old enough to be no living
/// run's and to have no reader. Readers never see them.
pub async fn remove_orphans(lake: &Lake, age: Duration) -> Result<Removed> {
    // What was replaced loses its place in the ledger first: a reader that still needs it can tell, and what is left of it
    // after a kill is an orphan like any other.
    let mut removed = Removed { replaced: lake.remove_replaced(age).await?, ..Removed::default() };
    let tables = INGESTED.iter().filter(|table| ![LOG_FILES.name, INGEST_RUNS.name].contains(&table.name));
    let candidates = try_join_all(tables.map(|table| lake.parts(table.name))).await?.concat();
    // The ledger is read after the parts: one that is committed in between is seen.
    let ledger = lake.ledger().await?;
    let present = ledger.present();
    let is_left = |part: &Part| is_merged_name(part.name()) && !ledger.compactions.knows(part.name());
    let is_orphan =
        |part: &Part| part.is_ours() && (!present.contains(part.name()) || is_left(part)) && part.is_older_than(age);
    // The ledger's files first, as above.
    let all = ledger.parts().iter().chain(&candidates);
    let mut orphans: Vec<&Part> = all.filter(|part| is_orphan(part)).collect();
    let left: BTreeSet<String> =
        orphans.iter().filter(|part| is_left(part)).map(|part| part.name().to_owned()).collect();
    if !left.is_empty() && !lake.condemn(&ledger, &left).await? {
        orphans.retain(|part| !is_left(part));
    }
    for part in orphans {
        lake.remove(&part.path).await?;
        match ledger.compactions.replaced_at(part.name()) {
            Some(_) => removed.replaced += 1,
            None => removed.orphans += 1,
        }
    }
    removed.orphans += lake.remove_staged(age)?;
    Ok(removed)
}
