//! The sums of the rows, as the manifest tells them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::rows::{CoverageRange, Digest, Fact, Input, Record, SetAside, Verdict};

/// Numbers by a word.
pub type ByWord = BTreeMap<String, u64>;

/// How many of everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Jobs: every job is judged once against each control.
    pub jobs: u64,
    /// By control and verdict.
    pub verdicts: BTreeMap<String, ByWord>,
    /// Cited records, by what can be said of their log files.
    pub facts: ByWord,
    /// Cited records, by where their text comes from.
    pub records_cited: ByWord,
    /// Log files, by what can be said of them.
    pub log_files: ByWord,
    /// Records in them.
    pub records: u64,
    /// Of these, records of the events asked for.
    pub records_kept: u64,
    /// Digest files, by status.
    pub digests: ByWord,
    /// Hours of an account and Region, by state.
    pub hours: ByWord,
    /// Log files and records that could not be read.
    pub set_aside: u64,
}

/// All rows of a pack.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// `verdicts.jsonl`.
    pub verdicts: Vec<Verdict>,
    /// `facts.jsonl`.
    pub facts: Vec<Fact>,
    /// `records.jsonl`.
    pub records: Vec<Record>,
    /// `inputs.jsonl`.
    pub inputs: Vec<Input>,
    /// `coverage.jsonl`.
    pub coverage: Vec<CoverageRange>,
    /// `digests.jsonl`.
    pub digests: Vec<Digest>,
    /// `set_aside.jsonl`.
    pub set_aside: Vec<SetAside>,
}

impl Counts {
    /// Counts rows.
    pub fn of(rows: &Rows) -> Self {
        let mut verdicts: BTreeMap<String, ByWord> = BTreeMap::new();
        for row in &rows.verdicts {
            *verdicts.entry(row.control.clone()).or_default().entry(row.verdict.clone()).or_default() += 1;
        }
        Self {
            jobs: verdicts.values().map(|found| found.values().sum()).max().unwrap_or(0),
            verdicts,
            facts: by_word(rows.facts.iter().map(|row| (row.attestation.as_str(), 1))),
            records_cited: by_word(rows.records.iter().map(|row| (row.source.as_str(), 1))),
            log_files: by_word(rows.inputs.iter().map(|row| (row.attestation.as_str(), 1))),
            records: sum(rows.inputs.iter().map(|row| row.records)),
            records_kept: sum(rows.inputs.iter().map(|row| row.records_kept)),
            digests: by_word(rows.digests.iter().map(|row| (row.status.as_str(), 1))),
            hours: by_word(rows.coverage.iter().map(|row| (row.state.as_str(), row.hours))),
            set_aside: rows.set_aside.len() as u64,
        }
    }
}

fn by_word<'a>(counted: impl Iterator<Item = (&'a str, u64)>) -> ByWord {
    let mut counts = ByWord::new();
    for (word, count) in counted {
        match counts.get_mut(word) {
            Some(so_far) => *so_far = so_far.saturating_add(count),
            None => _ = counts.insert(word.to_owned(), count),
        }
    }
    counts
}

/// Numbers of a pack may be anyone's.
fn sum(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers.fold(0, u64::saturating_add)
}
