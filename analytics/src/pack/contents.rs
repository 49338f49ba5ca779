//! What goes into a pack, as plain values, in any order.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::canonical::time;
use super::rows::{Digest, Fact, Input, Record, SetAside, Verdict};
use crate::verify::SignatureMetadata;

/// Everything that a pack is made of.
#[derive(Debug, Clone)]
pub struct Contents {
    /// What made it.
    pub tool: Tool,
    /// The instant that was judged at.
    pub as_of: DateTime<Utc>,
    /// Whether hours without a digest file counted as not covered.
    pub is_strict: bool,
    /// The controls that were judged against.
    pub controls: Vec<Control>,
    /// The queries that were asked, and the views below them.
    pub queries: Vec<Query>,
    /// One a job and control.
    pub verdicts: Vec<Verdict>,
    /// One a cited record.
    pub facts: Vec<Fact>,
    /// One a cited record.
    pub records: Vec<Record>,
    /// One a log file, those included that a valid digest file lists and that are not there.
    pub inputs: Vec<Input>,
    /// One an account, Region and hour.
    pub coverage: Vec<CoverageHour>,
    /// One a digest file.
    pub digests: Vec<Digest>,
    /// One a log file or record that could not be read.
    pub set_aside: Vec<SetAside>,
    /// The digest files that vouch for the cited records. One whose metadata was lost in copying needs its successor
    /// too, which holds its signature.
    pub digest_objects: Vec<DigestObject>,
    /// The keys that signed these.
    pub public_keys: Vec<PublicKeyOf>,
    /// The cited log files, where they are wanted.
    pub log_files: Vec<LogFileObject>,
}

/// A program and its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// For example `bedrock-audit`.
    pub name: String,
    /// For example `0.1.0`.
    pub version: String,
}

/// A control as it was judged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Its name.
    pub control: String,
    /// What is true of a compliant job.
    pub title: String,
    /// Raised whenever the same facts may give another verdict.
    pub version: u32,
}

/// A query's text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Query {
    /// Its path below the folder of queries, for example `audit/job_verdicts.sql`.
    pub name: String,
    /// The SQL.
    pub text: String,
}

/// What the logs can tell of one hour in one account and Region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoverageHour {
    /// The account.
    pub account_id: String,
    /// The Region.
    pub aws_region: String,
    /// The hour's first instant.
    #[serde(with = "time")]
    pub hour: DateTime<Utc>,
    /// `attested`, `delivered`, `gap`, `logging_stopped` or `unknown`.
    pub state: String,
    /// Log files delivered in it.
    pub log_files: u64,
    /// Of `logging_stopped`: the record that says so.
    pub event_id: Option<String>,
}

/// A digest file as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestObject {
    /// Its name, as the rows have it.
    pub digest_file: String,
    /// Its bytes as they are in S3: gzip.
    pub bytes: Vec<u8>,
    /// What S3 holds beside it.
    pub metadata: SignatureMetadata,
}

/// A log file as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFileObject {
    /// Its name, as the rows have it.
    pub log_file: String,
    /// Its bytes as they are in S3: gzip.
    pub bytes: Vec<u8>,
}

/// A key of CloudTrail's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicKeyOf {
    /// Its name.
    pub fingerprint: String,
    /// When CloudTrail began to sign with it; `None` = not told.
    pub valid_from: Option<DateTime<Utc>>,
    /// When it stopped; `None` = not told.
    pub valid_until: Option<DateTime<Utc>>,
    /// The key in DER, PKCS#1 or SubjectPublicKeyInfo.
    pub der: Vec<u8>,
}
