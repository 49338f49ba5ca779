//! Which parts merged ones have replaced, and the one place where a compaction is committed.
//!
//! `LAKE/compactions/` holds states: `00000001.parquet`, `00000002.parquet`, ... Each says all that there is to know, so
//! only the one of the highest number counts. A new state is published under the next number, and only if nobody has done so
//! before: of two compactions that set out from the same state one wins, and the other has changed nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use schemas::tables::{COMPACTIONS, LOG_FILES};

use super::{Lake, Part};
use crate::error::{Cause, Error, Result};
use crate::ingest::encode;
use crate::table::TableBuilder;

/// What the name of a merged part begins with. Of the parts of an ingest one in 2^64 does.
const MERGED: &str = "0000000000000000";

/// Digits of a state's number at least, so that names stand in the order of numbers.
const DIGITS: usize = 8;

/// Whether a part's name is that of a merged one, which counts only when a state says so.
pub fn is_merged_name(part: &str) -> bool {
    part.starts_with(MERGED)
}

/// The name of a merged part, from one that no other part has.
pub fn merged_name(fresh: &str) -> String {
    format!("{MERGED}{}", fresh.get(MERGED.len()..).unwrap_or(fresh))
}

/// What the compactions of a lake have come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compactions {
    number: u64,
    parts: BTreeMap<String, Standing>,
}

/// A part that was merged, or that a merged one has replaced, or one that will never count: what a dead compaction left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Standing {
    /// Parts of ingests that it stands for; none if it will never count.
    ingested: u64,
    /// Since when it no longer counts.
    replaced_at: Option<DateTime<Utc>>,
}

impl Compactions {
    /// Whether a part that stands in the ledger is in the lake.
    pub fn counts(&self, part: &str) -> bool {
        self.parts.get(part).map_or(!is_merged_name(part), |standing| standing.replaced_at.is_none())
    }

    /// Whether the fate of a merged part is settled, as far as this state goes back.
    pub fn knows(&self, part: &str) -> bool {
        self.parts.contains_key(part)
    }

    /// Whether a merged part will never count.
    pub fn is_condemned(&self, part: &str) -> bool {
        self.parts.get(part).is_some_and(|standing| standing.ingested == 0)
    }

    /// Since when a part no longer counts.
    pub fn replaced_at(&self, part: &str) -> Option<DateTime<Utc>> {
        self.parts.get(part).and_then(|standing| standing.replaced_at)
    }

    /// How many parts of ingests some parts stand for: a number that no compaction changes.
    pub fn ingested<'a>(&self, parts: impl IntoIterator<Item = &'a String>) -> u64 {
        parts.into_iter().map(|part| self.parts.get(part).map_or(1, |standing| standing.ingested)).sum()
    }

    /// The next state, in which `merged` stands for `parts`. `present`: the ledger; what is gone from it is forgotten, but
    /// for what will never count, whose compaction may only be asleep.
    #[must_use]
    pub fn replacing(
        &self,
        parts: &BTreeSet<String>,
        merged: &str,
        now: DateTime<Utc>,
        present: &BTreeSet<String>,
    ) -> Self {
        let mut next = self.unchanged();
        next.parts.retain(|part, standing| {
            standing.ingested == 0 || standing.replaced_at.is_none() || present.contains(part)
        });
        for part in parts {
            let replaced = Standing { ingested: self.ingested([part]), replaced_at: Some(now) };
            next.parts.insert(part.clone(), replaced);
        }
        next.parts.insert(merged.to_owned(), Standing { ingested: self.ingested(parts), replaced_at: None });
        next
    }

    /// The next state, in which these merged parts will never count.
    #[must_use]
    pub fn condemning(&self, parts: &BTreeSet<String>, now: DateTime<Utc>) -> Self {
        let mut next = self.unchanged();
        let never = Standing { ingested: 0, replaced_at: Some(now) };
        next.parts.extend(parts.iter().map(|part| (part.clone(), never)));
        next
    }

    /// The next state, which says the same.
    fn unchanged(&self) -> Self {
        Self { number: self.number + 1, ..self.clone() }
    }

    fn path(&self) -> Path {
        Path::from(format!("{}/{:0DIGITS$}.parquet", COMPACTIONS.name, self.number))
    }

    fn encode(&self) -> Bytes {
        let mut rows = TableBuilder::new(&COMPACTIONS);
        for (part, standing) in &self.parts {
            let row = rows.row().text("part", part).int("ingested", standing.ingested);
            row.maybe_time("replaced_at", standing.replaced_at).end();
        }
        encode(&rows.finish())
    }

    fn decode(number: u64, bytes: Bytes) -> std::result::Result<Self, Cause> {
        let mut state = Self { number, ..Self::default() };
        for batch in ParquetRecordBatchReaderBuilder::try_new(bytes)?.build()? {
            let batch = batch?;
            let parts = batch["part"].as_string::<i32>();
            let ingested = batch["ingested"].as_primitive::<Int64Type>();
            let times = batch["replaced_at"].as_primitive::<TimestampMicrosecondType>();
            for row in 0..batch.num_rows() {
                let replaced_at = match times.is_null(row) {
                    true => None,
                    false => Some(DateTime::from_timestamp_micros(times.value(row)).ok_or("a time is out of range")?),
                };
                let standing = Standing { ingested: u64::try_from(ingested.value(row))?, replaced_at };
                state.parts.insert(parts.value(row).to_owned(), standing);
            }
        }
        Ok(state)
    }
}

/// The number of a state's file; none of anybody else's.
fn number_of(path: &Path) -> Option<u64> {
    let digits = path.filename()?.strip_suffix(".parquet")?;
    let is_ours = digits.len() >= DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|_| is_ours)
}

/// The ledger's files, and which of them count: one state of the lake.
#[derive(Debug, Clone)]
pub struct Ledger {
    /// Who replaced whom.
    pub compactions: Compactions,
    parts: Vec<Part>,
}

impl Ledger {
    /// The names of the parts that are in the lake.
    pub fn committed(&self) -> BTreeSet<String> {
        self.parts.iter().map(Part::name).filter(|name| self.compactions.counts(name)).map(str::to_owned).collect()
    }

    /// Every file, whether or not it counts.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The ledger's files that count.
    pub fn into_parts(self) -> Vec<Part> {
        let Self { compactions, mut parts } = self;
        parts.retain(|part| compactions.counts(part.name()));
        parts
    }

    /// The names of all files, whether or not they count.
    pub fn present(&self) -> BTreeSet<String> {
        self.parts.iter().map(|part| part.name().to_owned()).collect()
    }
}

impl Lake {
    /// The ledger together with the state that it was read in: nothing was committed or undone while it was listed, but
    /// for ingests, which only add to it.
    pub async fn ledger(&self) -> Result<Ledger> {
        let mut compactions = self.compactions().await?;
        loop {
            let parts = self.parts(LOG_FILES.name).await?;
            if self.newest_state().await?.map_or(0, |(number, _)| number) == compactions.number {
                return Ok(Ledger { compactions, parts });
            }
            compactions = self.compactions().await?;
        }
    }

    /// The newest state; that of a lake that was never compacted is empty.
    pub async fn compactions(&self) -> Result<Compactions> {
        loop {
            let Some((number, path)) = self.newest_state().await? else { return Ok(Compactions::default()) };
            let failed = |cause: object_store::Error| self.failed("read", path.as_ref(), cause);
            let found = match self.store().get(&path).await {
                // There is a newer one, and this one was cleared away meanwhile.
                Err(object_store::Error::NotFound { .. }) => continue,
                found => found.map_err(failed)?,
            };
            let bytes = found.bytes().await.map_err(failed)?;
            return Compactions::decode(number, bytes).map_err(|source| Error::Lake {
                action: "read",
                location: format!("{}/{path}", self.location()),
                source,
            });
        }
    }

    async fn newest_state(&self) -> Result<Option<(u64, Path)>> {
        let states = self.parts(COMPACTIONS.name).await?;
        Ok(states.into_iter().filter_map(|file| Some((number_of(&file.path)?, file.path))).max())
    }

    /// Publishes a state unless its number is taken. Whether it counts is what the newest state says afterwards: an answer
    /// may get lost, and what a run that slept for hours publishes may lie below the newest.
    pub async fn publish_state(&self, state: &Compactions) -> Result<()> {
        match self.create(&state.path(), state.encode()).await {
            Ok(_) => Ok(()),
            Err(cause) => Err(self.failed("write", state.path().as_ref(), cause)),
        }
    }

    /// Settles that merged parts of which no state tells will never count, so that their files may go: their compaction may
    /// only be asleep, and finds this when it comes to commit. Gives whether it is settled; another commit may have come
    /// between.
    pub async fn condemn(&self, ledger: &Ledger, parts: &BTreeSet<String>) -> Result<bool> {
        self.publish_state(&ledger.compactions.condemning(parts, Utc::now())).await?;
        let newest = self.compactions().await?;
        Ok(parts.iter().all(|part| newest.is_condemned(part)))
    }

    /// Refuses a lake whose store would let two compactions commit the same state: one that does not heed `If-None-Match`.
    pub async fn prove_exclusive(&self) -> Result<()> {
        let mut state = self.compactions().await?;
        if state.number == 0 {
            state = state.unchanged();
            self.publish_state(&state).await?;
        }
        let path = state.path();
        let is_new =
            self.create(&path, state.encode()).await.map_err(|cause| self.failed("write", path.as_ref(), cause))?;
        // A state that was cleared away in this very moment may be published again: it is not the newest and says nothing.
        if is_new && self.compactions().await?.number == state.number {
            let source = "the store overwrites a file that it was told to make only if there is none (If-None-Match), so \
                          two compactions at once would lose each other's work";
            return Err(Error::Lake { action: "compact", location: self.location().to_owned(), source: source.into() });
        }
        Ok(())
    }

    /// Publishes a file unless there is one of its name. Gives whether it did.
    async fn create(&self, path: &Path, bytes: Bytes) -> object_store::Result<bool> {
        match self.store().put_opts(path, bytes.into(), PutMode::Create.into()).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(cause) => Err(cause),
        }
    }

    /// Takes parts out of the ledger that merged ones replaced so long ago: their other files are orphans then. States that
    /// are not the newest go when they are as old. Gives the number of parts.
    pub async fn remove_replaced(&self, age: Duration) -> Result<u64> {
        let ledger = self.ledger().await?;
        let state = &ledger.compactions;
        let is_past = |at: DateTime<Utc>| (Utc::now() - at).to_std().is_ok_and(|old| old >= age);
        let mut replaced = 0;
        for part in ledger.parts.iter().filter(|part| state.replaced_at(part.name()).is_some_and(is_past)) {
            self.remove(&part.path).await?;
            replaced += 1;
        }
        for file in self.parts(COMPACTIONS.name).await? {
            if number_of(&file.path).is_some_and(|number| number < state.number) && file.is_older_than(age) {
                self.remove(&file.path).await?;
            }
        }
        Ok(replaced)
    }
}

#[cfg(test)]
mod tests;
