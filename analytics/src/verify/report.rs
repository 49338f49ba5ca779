//! What came of checking a chain.

use std::fmt;
use std::ops::Range;

use chrono::{DateTime, SecondsFormat, Utc};

use super::digest::AttestedLog;
use super::digest_key::ChainKey;

/// What can be said of a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DigestStatus {
    /// CloudTrail made it, and it is as delivered: it vouches for its log files.
    Valid,
    /// It was changed, forged or moved, or it is damaged.
    Invalid,
    /// It cannot be told: a signature, a public key or the object's bytes are not at hand.
    Unverifiable,
    /// Another digest names it, and it is not there.
    Missing,
}

impl DigestStatus {
    /// The status in one word, as the table `digests` has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Unverifiable => "unverifiable",
            Self::Missing => "missing",
        }
    }
}

/// A digest and what its check said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestVerdict {
    /// Where it was listed, `None` for a copy; of a missing one, where it should be.
    pub bucket: Option<String>,
    /// The key under which it was listed; of a missing one, the key that is named.
    pub key: String,
    /// The verdict.
    pub status: DigestStatus,
    /// Why, in words.
    pub reason: String,
    /// Start of what it covers; `None` = unknown. Of a missing one: the end of the digest before the hole, for
    /// others may be missing with it.
    pub started_at: Option<DateTime<Utc>>,
    /// End of what it covers, or the time in its name. Of a missing one: the start of the digest that names it.
    pub ended_at: Option<DateTime<Utc>>,
    /// The key that it names.
    pub public_key_fingerprint: Option<String>,
    /// The log files that it vouches for: none unless it is valid.
    pub attests: Vec<AttestedLog>,
    /// Keys among these that tell another account than the digest's own. CloudTrail makes no such digest.
    pub foreign_log_files: Vec<String>,
}

/// A time that no digest covers, although none is missing: validation or the trail was off, then began anew.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// The end of the digest before it.
    pub from: DateTime<Utc>,
    /// The start of the digest that begins anew.
    pub until: DateTime<Utc>,
    /// The key of the digest before it.
    pub before: String,
    /// The key of the digest that begins anew.
    pub after: String,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, until) = (time_text(self.from), time_text(self.until));
        write!(f, "no log files were delivered between {from} and {until}, or none were validated: digests begin anew")
    }
}

/// A chain and what its check said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainReport {
    /// The chain; `None` for objects whose names are none of digests.
    pub chain: Option<ChainKey>,
    /// Every digest listed and every one missing, by end and key.
    pub verdicts: Vec<DigestVerdict>,
    /// Times without digests, in order.
    pub gaps: Vec<Gap>,
}

impl ChainReport {
    /// The digests of that status, by end and key.
    pub fn with_status(&self, status: DigestStatus) -> impl Iterator<Item = &DigestVerdict> {
        self.verdicts.iter().filter(move |verdict| verdict.status == status)
    }

    /// The times of delivery that valid digests cover, in order, none touching the next. Whatever the reason, nothing
    /// vouches for what was delivered outside them.
    pub fn covered(&self) -> Vec<Range<DateTime<Utc>>> {
        let valid = self.with_status(DigestStatus::Valid);
        let mut hours: Vec<_> = valid.filter_map(|verdict| verdict.started_at.zip(verdict.ended_at)).collect();
        hours.sort();
        let mut covered: Vec<Range<DateTime<Utc>>> = Vec::new();
        for (from, until) in hours {
            match covered.last_mut().filter(|last| from <= last.end) {
                Some(last) => last.end = last.end.max(until),
                None => covered.push(from..until),
            }
        }
        covered
    }
}

/// A verdict on one digest, before it is joined with the digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub status: DigestStatus,
    pub reason: String,
}

impl Outcome {
    pub(super) fn valid(reason: impl Into<String>) -> Self {
        Self { status: DigestStatus::Valid, reason: reason.into() }
    }

    pub(super) fn invalid(reason: impl Into<String>) -> Self {
        Self { status: DigestStatus::Invalid, reason: reason.into() }
    }

    pub(super) fn unverifiable(reason: impl Into<String>) -> Self {
        Self { status: DigestStatus::Unverifiable, reason: reason.into() }
    }
}

/// A time as digests write it.
pub(super) fn time_text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
