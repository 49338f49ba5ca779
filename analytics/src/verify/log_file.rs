//! A log file beside what valid digests say of it.

use std::collections::HashMap;

use super::digest::AttestedLog;
use super::place;
use super::report::{ChainReport, DigestVerdict};

/// What was found of a log file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// SHA-256 of the uncompressed document, in hexadecimal.
    Sha256(String),
    /// No such object.
    Missing,
    /// An object that gives no document, and why.
    Unreadable(String),
    /// A document whose hash nobody computed.
    NotHashed,
}

/// What can be said of a log file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attestation {
    /// It is as CloudTrail delivered it.
    Attested,
    /// No valid digest lists it. That says nothing against it.
    NotAttested,
    /// It was changed since.
    Mismatch {
        /// The hash that the digest tells.
        expected: String,
        /// The hash that it has.
        found: String,
    },
    /// A valid digest lists it, and it is not there.
    Missing,
    /// A valid digest lists it, and nothing was compared.
    Unknown {
        /// Why not.
        reason: String,
    },
}

impl Attestation {
    /// The state in one word.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Attested => "attested",
            Self::NotAttested => "not_attested",
            Self::Mismatch { .. } => "mismatch",
            Self::Missing => "missing",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// Why, in words.
    pub fn reason(&self) -> String {
        match self {
            Self::Attested => "its hash is the one in a valid digest".to_owned(),
            Self::NotAttested => "no valid digest lists it".to_owned(),
            Self::Mismatch { expected, found } => {
                format!("its SHA-256 is {found}, and a valid digest says {expected}: it was changed after delivery")
            }
            Self::Missing => "a valid digest lists it, and it is not there".to_owned(),
            Self::Unknown { reason } => reason.clone(),
        }
    }
}

/// The state of a log file, given what a valid digest says of it.
pub fn attestation(expected: Option<&AttestedLog>, found: Found) -> Attestation {
    let Some(log) = expected else { return Attestation::NotAttested };
    let unknown = |reason: String| Attestation::Unknown { reason };
    match (log.sha256(), found) {
        (_, Found::Missing) => Attestation::Missing,
        (_, Found::Unreadable(reason)) => unknown(format!("it cannot be compared: {reason}")),
        (_, Found::NotHashed) => unknown("its hash was not computed".to_owned()),
        (None, Found::Sha256(_)) => {
            let algorithm = log.hash_algorithm.as_deref().unwrap_or_default();
            unknown(format!("its digest tells a hash of {algorithm:?}, not of SHA-256"))
        }
        (Some(expected), Found::Sha256(found)) if found.eq_ignore_ascii_case(&expected) => Attestation::Attested,
        (Some(expected), Found::Sha256(found)) => Attestation::Mismatch { expected, found },
    }
}

/// A log file and the valid digest that vouches for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vouched<'a> {
    /// The digest.
    pub digest: &'a DigestVerdict,
    /// What it says.
    pub log: &'a AttestedLog,
}

/// The log files that valid digests list.
#[derive(Debug, Default)]
pub struct AttestedLogs<'a> {
    /// By the file's name, which copying keeps.
    by_name: HashMap<&'a str, Vec<Vouched<'a>>>,
}

impl<'a> AttestedLogs<'a> {
    /// Those of the chains.
    pub fn of(chains: impl IntoIterator<Item = &'a ChainReport>) -> Self {
        let mut all = Self::default();
        for digest in chains.into_iter().flat_map(|chain| &chain.verdicts) {
            for log in &digest.attests {
                all.by_name.entry(place::file_name(&log.object)).or_default().push(Vouched { digest, log });
            }
        }
        all
    }

    /// What is said of a log file found under `key`; `bucket` is `None` for a copy, whose bucket is unknown. The first
    /// digest speaks where several list it.
    pub fn expected(&self, bucket: Option<&str>, key: &str) -> Option<Vouched<'a>> {
        let listed = self.by_name.get(place::file_name(key))?;
        listed.iter().copied().find(|vouched| place::is_at(bucket, key, &vouched.log.bucket, &vouched.log.object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(hash_algorithm: &str) -> AttestedLog {
        AttestedLog {
            bucket: "trail".to_owned(),
            object: "AWSLogs/1/a.json.gz".to_owned(),
            hash: "AB".to_owned(),
            hash_algorithm: Some(hash_algorithm.to_owned()),
            newest_event_time: None,
            oldest_event_time: None,
        }
    }

    #[test]
    fn each_finding_has_its_state() {
        let sha256 = |hash: &str| Found::Sha256(hash.to_owned());
        let check = |algorithm: Option<&str>, found: Found, state: &str, reason: &str| {
            let attestation = attestation(algorithm.map(log).as_ref(), found);
            assert_eq!(attestation.as_str(), state);
            assert!(attestation.reason().contains(reason), "{}", attestation.reason());
        };
        check(Some("SHA-256"), sha256("ab"), "attested", "in a valid digest");
        check(Some("SHA-256"), sha256("AB"), "attested", "in a valid digest");
        check(Some("SHA-256"), sha256("cd"), "mismatch", "is cd, and a valid digest says ab");
        check(Some("SHA-256"), Found::Missing, "missing", "not there");
        check(Some("SHA-256"), Found::Unreadable("is empty".to_owned()), "unknown", "compared: is empty");
        check(Some("SHA-256"), Found::NotHashed, "unknown", "not computed");
        check(Some("SHA-512"), sha256("ab"), "unknown", "\"SHA-512\"");
        check(None, sha256("ab"), "not_attested", "no valid digest");
        check(None, Found::Missing, "not_attested", "no valid digest");
    }
}
