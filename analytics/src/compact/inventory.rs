//! The committed parts of a lake and their files.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use schemas::tables::{EVENTS, INGEST_RUNS, INGESTED, LOG_FILES, Table};

use super::choice::Candidate;
use crate::error::Result;
use crate::store::{Lake, Part, is_merged_name};

/// Parts, files and bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Parts that count.
    pub parts: u64,
    /// Their files.
    pub files: u64,
    /// The size of those.
    pub bytes: u64,
}

/// A file of a part.
#[derive(Debug, Clone)]
pub struct PartFile {
    /// The table that it has rows of.
    pub table: &'static Table,
    /// The day of its events; other tables have none.
    pub day: Option<String>,
    /// The file.
    pub file: Part,
}

/// Every part that counts, by name.
#[derive(Debug)]
pub struct Inventory {
    parts: BTreeMap<String, Vec<PartFile>>,
}

/// The tables whose rows stand in parts. The ledger comes last, as it is published last.
pub fn tables() -> impl Iterator<Item = &'static Table> {
    let others = INGESTED.into_iter().filter(|table| ![LOG_FILES.name, INGEST_RUNS.name].contains(&table.name));
    others.chain([&LOG_FILES])
}

impl Inventory {
    /// Lists the lake. The ledger goes first: the files of what it names are all there.
    pub async fn load(lake: &Lake) -> Result<Self> {
        let mut parts: BTreeMap<String, Vec<PartFile>> = BTreeMap::new();
        for file in lake.ledger().await?.into_parts().into_iter().filter(Part::is_ours) {
            let name = file.name().to_owned();
            parts.entry(name).or_default().push(PartFile { table: &LOG_FILES, day: None, file });
        }
        for table in tables().filter(|table| table.name != LOG_FILES.name) {
            for file in lake.parts(table.name).await? {
                let day = day_of(&file).filter(|_| table.name == EVENTS.name);
                if let Some(files) = parts.get_mut(file.name()) {
                    files.push(PartFile { table, day, file });
                }
            }
        }
        Ok(Self { parts })
    }

    /// What the choice is made from: parts of which every file is at least so old.
    pub fn candidates(&self, older_than: Duration) -> Vec<Candidate> {
        let is_old =
            |files: &[PartFile]| older_than.is_zero() || files.iter().all(|file| file.file.is_older_than(older_than));
        let old = self.parts.iter().filter(|(_, files)| is_old(files));
        old.map(|(name, files)| Candidate {
            name: name.clone(),
            is_merged: is_merged_name(name),
            first_day: files.iter().filter_map(|file| file.day.clone()).min(),
            bytes: files.iter().map(|file| file.file.bytes).sum(),
        })
        .collect()
    }

    /// The files of a group.
    pub fn files_of(&self, group: &[String]) -> impl Iterator<Item = &PartFile> {
        group.iter().filter_map(move |name| self.parts.get(name)).flatten()
    }

    /// The size of a group.
    pub fn bytes_of(&self, group: &[String]) -> u64 {
        self.files_of(group).map(|file| file.file.bytes).sum()
    }

    /// All of it.
    pub fn totals(&self) -> Totals {
        Totals {
            parts: self.parts.len() as u64,
            files: self.parts.values().map(|files| files.len() as u64).sum(),
            bytes: self.parts.values().flatten().map(|file| file.file.bytes).sum(),
        }
    }

    /// What merging these groups comes to. Bytes are as they are: what better compression saves is not known before.
    pub fn totals_after(&self, groups: &[Vec<String>]) -> Totals {
        let mut totals = self.totals();
        for group in groups {
            let made: BTreeSet<_> = self.files_of(group).map(|file| (file.table.name, &file.day)).collect();
            totals.parts -= group.len() as u64 - 1;
            totals.files -= self.files_of(group).count() as u64 - made.len() as u64;
        }
        totals
    }
}

/// `events/event_date=2026-03-04/3f2a...-00007.parquet` has events of `2026-03-04`.
fn day_of(file: &Part) -> Option<String> {
    file.path.parts().find_map(|folder| {
        let folder: &str = folder.as_ref();
        folder.strip_prefix("event_date=").map(str::to_owned)
    })
}
