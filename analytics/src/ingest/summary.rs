//! What a run did, in counts that must add up.

use std::collections::BTreeMap;

use super::digests::BEYOND_SELECTION;
use super::evidence::EvidenceCounts;
use super::ledger::IN_THE_LAKE;
use super::object_key::ObjectKind;
use crate::error::{Error, Result};
use crate::store::Listing;

/// What became of records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records in the files read.
    pub records: u64,
    /// Became rows.
    pub kept: u64,
    /// Were not asked for.
    pub filtered: u64,
    /// Were in the same part already.
    pub duplicate: u64,
    /// Could not be read.
    pub set_aside: u64,
}

impl Counts {
    /// Adds another count.
    pub fn add(&mut self, other: &Self) {
        self.records += other.records;
        self.kept += other.kept;
        self.filtered += other.filtered;
        self.duplicate += other.duplicate;
        self.set_aside += other.set_aside;
    }
}

/// Something that a person should know of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notice {
    /// The log file.
    pub log_file: String,
    /// The record, where it is about one.
    pub record_index: Option<usize>,
    /// The message.
    pub text: String,
}

/// Notices: the first of a part, and how many there were.
#[derive(Debug, Clone, Default)]
pub struct Notices {
    first: Vec<Notice>,
    count: u64,
}

/// A hostile file has millions of bad records; the lake's table `set_aside` has them all.
const NOTICES_KEPT: usize = 100;

impl Notices {
    /// Adds one.
    pub fn add(&mut self, notice: Notice) {
        self.count += 1;
        if self.first.len() < NOTICES_KEPT {
            self.first.push(notice);
        }
    }

    /// The first in the order of log files and records, and how many there are beside them.
    pub fn first(mut self, most: usize) -> (Vec<Notice>, u64) {
        self.first.sort();
        self.first.truncate(most);
        let more = self.count - self.first.len() as u64;
        (self.first, more)
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.first.extend(other.first);
        self.first.sort();
        self.first.truncate(NOTICES_KEPT);
    }
}

/// The account of a run.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Objects listed.
    pub objects: u64,
    /// Objects that were not read, by reason in words.
    pub passed_over: BTreeMap<&'static str, u64>,
    /// Digest files that were checked now or before.
    pub digest_files: u64,
    /// What became of them, by status in words; missing ones were not listed.
    pub digests: BTreeMap<&'static str, u64>,
    /// Evidence objects, by what became of them in words.
    pub evidence: BTreeMap<String, u64>,
    /// Log files that the ledger holds already.
    pub already_ingested: u64,
    /// Log files that two sources both list.
    pub listed_twice: u64,
    /// Log files read.
    pub files_read: u64,
    /// Log files set aside for good, by reason.
    pub damaged: BTreeMap<String, u64>,
    /// Log files that could not be had this time.
    pub unreadable: u64,
    /// Bytes of the log files as stored.
    pub object_bytes: u64,
    /// Bytes of their JSON.
    pub json_bytes: u64,
    /// Their records.
    pub counts: Counts,
    /// Parts of dead runs that were removed.
    pub orphans_removed: u64,
    /// What to tell.
    pub notices: Notices,
}

impl Summary {
    /// Counts what a listing gave.
    pub fn count_listing(&mut self, listing: &Listing, checks_digests: bool) {
        self.objects += listing.objects();
        if checks_digests {
            self.digest_files += listing.digests.len() as u64;
        } else if !listing.digests.is_empty() {
            *self.passed_over.entry(ObjectKind::Digest.as_str()).or_default() += listing.digests.len() as u64;
        }
        for (reason, count) in &listing.passed_over {
            if *reason == IN_THE_LAKE {
                self.already_ingested += count;
            } else {
                *self.passed_over.entry(reason).or_default() += count;
            }
        }
    }

    /// Counts what the check of digest files gave.
    pub fn count_digests(&mut self, counts: &BTreeMap<&'static str, u64>) {
        for (status, count) in counts {
            *self.digests.entry(status).or_default() += count;
        }
    }

    /// Counts the evidence objects of a source.
    pub fn count_evidence(&mut self, counts: EvidenceCounts) {
        for (became, count) in counts.objects {
            *self.evidence.entry(became).or_default() += count;
        }
        counts.notices.into_iter().for_each(|notice| self.notices.add(notice));
    }

    /// Counts a damaged file.
    pub fn count_damaged(&mut self, reason: &str) {
        *self.damaged.entry(reason.to_owned()).or_default() += 1;
    }

    /// Adds a part's account.
    pub fn merge(&mut self, part: Self) {
        self.files_read += part.files_read;
        for (reason, count) in part.damaged {
            *self.damaged.entry(reason).or_default() += count;
        }
        self.unreadable += part.unreadable;
        self.object_bytes += part.object_bytes;
        self.json_bytes += part.json_bytes;
        self.counts.add(&part.counts);
        self.notices.merge(part.notices);
    }

    /// Log files set aside for good.
    pub fn files_set_aside(&self) -> u64 {
        self.damaged.values().sum()
    }

    /// Whether everything listed was read.
    pub fn is_complete(&self) -> bool {
        let is_settled = |status: &&str| ["valid", "in the lake already", BEYOND_SELECTION].contains(status);
        self.digests.keys().all(is_settled)
            && self.evidence.keys().all(|became| ["read", "in the lake already"].contains(&became.as_str()))
            && self.files_set_aside() == 0
            && self.unreadable == 0
            && self.counts.set_aside == 0
    }

    /// The identities that a run's counts must satisfy; one that fails is a fault of this program.
    pub fn check(&self) -> Result<()> {
        let passed_over: u64 = self.passed_over.values().sum();
        let files = [
            passed_over,
            self.digest_files,
            self.evidence.values().sum(),
            self.already_ingested,
            self.listed_twice,
            self.files_read,
            self.files_set_aside(),
            self.unreadable,
        ];
        equal(
            "objects listed",
            self.objects,
            "passed over + digest files + evidence objects + already ingested + listed twice + read + set aside + unreadable",
            &files,
        )?;
        let Counts { records, kept, filtered, duplicate, set_aside } = self.counts;
        equal(
            "records",
            records,
            "kept + not asked for + duplicates + set aside",
            &[kept, filtered, duplicate, set_aside],
        )
    }
}

fn equal(whole: &str, expected: u64, parts_named: &str, parts: &[u64]) -> Result<()> {
    if parts.iter().sum::<u64>() == expected {
        return Ok(());
    }
    let cause = format!(
        "{whole} = {expected}, but {parts_named} = {parts:?}; this is a fault of bedrock-audit, please report it"
    );
    Err(Error::Output { what: "an account that adds up".to_owned(), source: cause.into() })
}
