//! Digest files in an ingest: the new ones are checked, and what they say becomes rows.

use std::collections::{HashMap, HashSet};

use arrow::array::Array;
use chrono::{DateTime, Utc};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use schemas::tables::{DIGEST_LOG_FILES, DIGESTS};

use super::ledger::stamp;
use super::object_key::ObjectKey;
use super::selection::Selection;
use super::stored::{damaged, texts};
use crate::error::{Cause, Result};
use crate::store::{Lake, Listed, Source};
use crate::table::TableBuilder;
use crate::verification::{Keys, check_digests};
use crate::verify::{DigestStatus, DigestVerdict, place};

/// What becomes of digest files that list log files outside what was asked for, such as the first of a day.
pub const BEYOND_SELECTION: &str = "of log files not asked for";

/// Digest files of a run, by status in words.
pub type Counts = std::collections::BTreeMap<&'static str, u64>;

/// What the check of a source's new digest files gave.
pub struct Checked {
    /// Rows of `digests`.
    pub digests: TableBuilder,
    /// Rows of `digest_log_files`.
    pub log_files: TableBuilder,
    /// How many of each status there were.
    pub counts: Counts,
    /// Why the keys of a Region could not be had.
    pub without_keys: Vec<String>,
}

/// What a run knows of digest files.
pub struct Digests<'a> {
    keys: &'a Keys<'a>,
    now: DateTime<Utc>,
    /// Those whose verdict cannot change, as they were when they were read.
    settled: HashSet<[u8; 16]>,
}

impl<'a> Digests<'a> {
    /// Reads what the lake holds. What could not be verified is tried again: a key or a successor may have come.
    pub async fn load(lake: &Lake, keys: &'a Keys<'a>, now: DateTime<Utc>) -> Result<Self> {
        let committed = lake.committed().await?;
        let mut settled = HashSet::new();
        for part in lake.parts(DIGESTS.name).await? {
            if !committed.contains(part.name()) {
                continue;
            }
            let bytes = lake.read(&part.path).await?;
            settled.extend(read_part(bytes).map_err(|cause| damaged(lake, &part, &*cause))?);
        }
        Ok(Self { keys, now, settled })
    }

    /// Checks the digest files that are new.
    pub async fn check(&self, source: &Source, listed: Vec<Listed>, selection: &Selection) -> Checked {
        let is_fresh = |file: &Listed| !self.settled.contains(&stamp(&file.log_file, &file.etag));
        let (fresh, settled): (Vec<Listed>, Vec<Listed>) = listed.into_iter().partition(is_fresh);
        let mut counts = Counts::new();
        if !settled.is_empty() {
            counts.insert("in the lake already", settled.len() as u64);
        }
        // A year of them is in the millions: of those that are not fetched again only this stays.
        let settled: HashSet<[u8; 16]> = settled.into_iter().map(|file| stamp(&file.key, "")).collect();
        let by_key: HashMap<String, Listed> = fresh.iter().map(|file| (file.key.clone(), file.clone())).collect();
        let (mut digests, mut log_files) = (TableBuilder::new(&DIGESTS), TableBuilder::new(&DIGEST_LOG_FILES));
        let (keys, without_keys) = self.keys.of(&fresh, self.now).await;
        for report in check_digests(source, source.bucket(), fresh, &keys, selection).await {
            let Some(chain) = &report.chain else { continue };
            for verdict in &report.verdicts {
                // What was checked before is not missing, although it was not fetched again.
                let is_listed = || by_key.contains_key(&verdict.key) || settled.contains(&stamp(&verdict.key, ""));
                if verdict.status == DigestStatus::Missing && is_listed() {
                    continue;
                }
                // It would have log files missing that nobody looked for. A run that asks for them enters it.
                if !verdict.attests.iter().all(|log| selection.admits(&ObjectKey::parse(&log.object))) {
                    *counts.entry(BEYOND_SELECTION).or_default() += 1;
                    continue;
                }
                *counts.entry(verdict.status.as_str()).or_default() += 1;
                let found = by_key.get(&verdict.key);
                let name = found.map_or_else(|| name_of(verdict), |file| file.log_file.clone());
                let row = digests.row().text("digest_file", &name);
                let row = row.maybe_text("etag", found.map(|file| file.etag.as_str()));
                let row =
                    row.text("account_id", chain.account_id.as_str()).text("aws_region", chain.aws_region.as_str());
                let row = row.text("trail_name", &chain.trail_name).text("home_region", chain.home_region.as_str());
                let row = row.bool("is_backfill", chain.is_backfill);
                let row = row.maybe_time("started_at", verdict.started_at).maybe_time("ended_at", verdict.ended_at);
                let row = row.text("status", verdict.status.as_str()).text("reason", &verdict.reason);
                let row = row.int("log_files", verdict.attests.len());
                row.maybe_text("public_key_fingerprint", verdict.public_key_fingerprint.as_deref()).end();
                enter_log_files(&mut log_files, &name, verdict);
            }
        }
        Checked { digests, log_files, counts, without_keys }
    }
}

/// A missing digest has no place but the one that another names.
fn name_of(verdict: &DigestVerdict) -> String {
    match &verdict.bucket {
        Some(bucket) => format!("s3://{bucket}/{}", verdict.key),
        None => verdict.key.clone(),
    }
}

fn enter_log_files(rows: &mut TableBuilder, digest_file: &str, verdict: &DigestVerdict) {
    for log in &verdict.attests {
        let Some(sha256) = log.sha256() else { continue };
        let row = rows.row().text("log_file", place::beside(digest_file, &log.object)).text("sha256", sha256);
        row.text("digest_file", digest_file).maybe_time("ended_at", verdict.ended_at).end();
    }
}

fn read_part(bytes: bytes::Bytes) -> std::result::Result<Vec<[u8; 16]>, Cause> {
    let mut settled = Vec::new();
    for batch in ParquetRecordBatchReaderBuilder::try_new(bytes)?.build()? {
        let batch = batch?;
        let (files, etags) = (texts(&batch, "digest_file")?, texts(&batch, "etag")?);
        let statuses = texts(&batch, "status")?;
        for row in 0..batch.num_rows() {
            let is_settled =
                [DigestStatus::Valid.as_str(), DigestStatus::Invalid.as_str()].contains(&statuses.value(row));
            if is_settled && etags.is_valid(row) {
                settled.push(stamp(files.value(row), etags.value(row)));
            }
        }
    }
    Ok(settled)
}
