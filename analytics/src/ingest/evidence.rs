//! Evidence objects of the rule of AWS Config in an ingest: the new ones become rows.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arrow::array::Array;
use object_store::path::Path;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use schemas::tables::{EVIDENCE_FILES, LOG_FILES};

use super::part::fresh_name;
use super::stored::{damaged, texts};
use super::{Notice, encode};
use crate::error::{Cause, Error, Result, chain};
use crate::evidence::{EvidenceFile, EvidenceTables, Limits, SetAside, read};
use crate::store::{Lake, Listed, Source};
use crate::table::TableBuilder;

/// Rows are published when there is this much text in them.
const PUBLISHED_AT: usize = 32 << 20;
/// Objects fetched and not yet read.
const AHEAD_BYTES: usize = 16 << 20;

/// What became of a source's evidence objects.
#[derive(Debug, Default)]
pub struct EvidenceCounts {
    /// By what became of them, in words.
    pub objects: BTreeMap<String, u64>,
    /// What to tell.
    pub notices: Vec<Notice>,
}

/// Whether an object could not be had, and so is tried again: the reason that its row begins with.
const UNREADABLE: &str = "unreadable";

/// Reads the objects that are new.
pub async fn ingest_evidence(lake: &Lake, source: &Arc<Source>, listed: Vec<Listed>) -> Result<EvidenceCounts> {
    let mut counts = EvidenceCounts::default();
    if listed.is_empty() {
        return Ok(counts);
    }
    let known = known(lake).await?;
    let before = listed.len();
    let is_fresh = |file: &Listed| !known.contains(&(file.log_file.clone(), file.etag.clone()));
    let fresh: Vec<Listed> = listed.into_iter().filter(is_fresh).collect();
    if fresh.len() < before {
        counts.objects.insert("in the lake already".to_owned(), (before - fresh.len()) as u64);
    }
    let mut files = Files { lake, tables: EvidenceTables::default(), counts, failure: None };
    let fresh = Arc::new(fresh);
    tokio::task::block_in_place(|| {
        source.fetch(fresh, AHEAD_BYTES).each(&mut |listed, fetched| {
            let (name, etag) = (listed.log_file.as_str(), listed.etag.as_str());
            files.take(&match fetched {
                Ok(bytes) => read(name, etag, &bytes, Limits::default()),
                Err(cause) => {
                    let why = SetAside::Unreadable { cause: chain(cause.as_ref()) };
                    EvidenceFile::set_aside(name, etag, listed.bytes, why)
                }
            });
        });
    });
    files.finish().await
}

struct Files<'a> {
    lake: &'a Lake,
    tables: EvidenceTables,
    counts: EvidenceCounts,
    failure: Option<Error>,
}

impl Files<'_> {
    fn take(&mut self, file: &EvidenceFile) {
        let became = match &file.contents {
            Ok(_) => "read".to_owned(),
            Err(why) => {
                let text = format!("{} {why}", file.name);
                self.counts.notices.push(Notice { log_file: file.name.clone(), record_index: None, text });
                format!("set aside: {}", why.reason().replace('_', " "))
            }
        };
        *self.counts.objects.entry(became).or_default() += 1;
        self.tables.add(file);
        if self.tables.text_bytes() >= PUBLISHED_AT && self.failure.is_none() {
            let tables = std::mem::take(&mut self.tables);
            self.failure = tokio::runtime::Handle::current().block_on(publish(self.lake, tables)).err();
        }
    }

    async fn finish(self) -> Result<EvidenceCounts> {
        match self.failure {
            Some(failure) => Err(failure),
            None => publish(self.lake, self.tables).await.map(|()| self.counts),
        }
    }
}

/// Publishes a part, then an empty part of the ledger, which commits it.
async fn publish(lake: &Lake, tables: EvidenceTables) -> Result<()> {
    let EvidenceTables { files, findings, facts } = tables;
    if files.rows() == 0 {
        return Ok(());
    }
    let name = fresh_name();
    for mut rows in [files, findings, facts, TableBuilder::new(&LOG_FILES)] {
        let path = Path::from(format!("{}/{name}.parquet", rows.table().name));
        lake.publish(&path, encode(&rows.finish())).await?;
    }
    Ok(())
}

/// Name and ETag of the objects that need not be read again.
async fn known(lake: &Lake) -> Result<HashSet<(String, String)>> {
    let committed = lake.committed().await?;
    let mut known = HashSet::new();
    for part in lake.parts(EVIDENCE_FILES.name).await? {
        if committed.contains(part.name()) {
            let bytes = lake.read(&part.path).await?;
            known.extend(read_part(bytes).map_err(|cause| damaged(lake, &part, &*cause))?);
        }
    }
    Ok(known)
}

fn read_part(bytes: bytes::Bytes) -> std::result::Result<Vec<(String, String)>, Cause> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes)?;
    let columns = ["evidence_file", "etag", "set_aside_reason"];
    let columns = ProjectionMask::columns(builder.parquet_schema(), columns);
    let mut known = Vec::new();
    for batch in builder.with_projection(columns).build()? {
        let batch = batch?;
        let (files, etags) = (texts(&batch, "evidence_file")?, texts(&batch, "etag")?);
        let reasons = texts(&batch, "set_aside_reason")?;
        for row in 0..batch.num_rows() {
            if reasons.is_null(row) || !reasons.value(row).starts_with(UNREADABLE) {
                known.push((files.value(row).to_owned(), etags.value(row).to_owned()));
            }
        }
    }
    Ok(known)
}
