//! The lines of a pack's JSON Lines files.
//!
//! A line holds every member, null where there is nothing to say, and no other.

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::canonical::{self, maybe_time, time};
use super::folder::Folder;

/// A line of one of the files.
pub trait Row: Serialize + DeserializeOwned {
    /// The file.
    const FILE: &'static str;

    /// What people look for, in the order they look. Lines that are equal in it are in the order of their bytes.
    fn order(&self) -> impl Ord;

    /// Takes the folder of the machine that read the log files out of names and words.
    fn leave(&mut self, folder: &Folder);

    /// The line, without its end.
    fn line(&self) -> String {
        canonical::line(self)
    }
}

/// The fixed files of rows.
pub const ROW_FILES: [&str; 7] =
    [Verdict::FILE, Fact::FILE, Record::FILE, Input::FILE, CoverageRange::FILE, Digest::FILE, SetAside::FILE];

/// A job against a control: the columns of the query `job_verdicts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// The job's account.
    pub account_id: String,
    /// The job's Region.
    pub aws_region: String,
    /// When it was requested; `None` = no request in the logs.
    #[serde(with = "maybe_time")]
    pub requested_at: Option<DateTime<Utc>>,
    /// Who requested it.
    pub principal_arn: Option<String>,
    /// Its kind.
    pub job_kind: Option<String>,
    /// Its name.
    pub job_name: Option<String>,
    /// Its ARN.
    pub job_arn: Option<String>,
    /// The control.
    pub control: String,
    /// `Compliant`, `NonCompliant`, `NotApplicable` or `Undetermined`.
    pub verdict: String,
    /// Why.
    pub reason: String,
    /// The resource that decides.
    pub resource_id: Option<String>,
    /// The record that decides.
    pub cited_event_id: Option<String>,
    /// The log file that the record stands in.
    pub cited_log_file: Option<String>,
    /// Its place there, from 0.
    pub cited_record_index: Option<u64>,
}

impl Row for Verdict {
    const FILE: &'static str = "verdicts.jsonl";

    fn order(&self) -> impl Ord {
        let job = (&self.job_arn, &self.job_name);
        (&self.account_id, &self.aws_region, self.requested_at, job, &self.cited_event_id, &self.control)
    }

    fn leave(&mut self, folder: &Folder) {
        self.cited_log_file.iter_mut().for_each(|name| folder.leave_name(name));
        folder.leave_text(&mut self.reason);
    }
}

/// A cited record: who did what, where it stands, and what vouches for that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// `eventID`.
    pub event_id: String,
    /// `eventTime`.
    #[serde(with = "time")]
    pub event_time: DateTime<Utc>,
    /// `eventSource`.
    pub event_source: String,
    /// `eventName`.
    pub event_name: String,
    /// The ARN of the caller, or the AWS service that called; `None` = the record tells neither.
    pub who: Option<String>,
    /// The log file that the record stands in.
    pub log_file: String,
    /// Its place there, from 0.
    pub record_index: u64,
    /// SHA-256 of the log file's JSON document; `None` = not computed.
    pub log_file_sha256: Option<String>,
    /// `attested`, `not_attested`, `mismatch`, `missing` or `unknown`.
    pub attestation: String,
    /// Why.
    pub attestation_reason: String,
    /// The digest file that lists the log file.
    pub digest_file: Option<String>,
}

impl Row for Fact {
    const FILE: &'static str = "facts.jsonl";

    fn order(&self) -> impl Ord {
        (self.event_time, &self.event_id, &self.log_file, self.record_index)
    }

    fn leave(&mut self, folder: &Folder) {
        folder.leave_name(&mut self.log_file);
        self.digest_file.iter_mut().for_each(|name| folder.leave_name(name));
        folder.leave_text(&mut self.attestation_reason);
    }
}

/// Where the text of a record comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordSource {
    /// The log file: the record's own text, as CloudTrail delivered it. Line breaks between its parts, which
    /// CloudTrail writes none of, are spaces here.
    LogFile,
    /// The lake's columns, put together again, since the log file could not be read.
    Lake,
}

impl RecordSource {
    /// As it stands in the lines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LogFile => "log_file",
            Self::Lake => "lake",
        }
    }
}

/// The text of a cited record. Fields are in the order of a line, since its text is written as it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// `eventID`.
    pub event_id: String,
    /// The log file that the record stands in.
    pub log_file: String,
    /// Why the log file could not be read; `None` = it was.
    pub reason: Option<String>,
    /// The record.
    pub record: Box<RawValue>,
    /// Its place in the log file, from 0.
    pub record_index: u64,
    /// Where its text comes from.
    pub source: RecordSource,
}

impl Row for Record {
    const FILE: &'static str = "records.jsonl";

    fn order(&self) -> impl Ord {
        (&self.event_id, &self.log_file, self.record_index)
    }

    fn leave(&mut self, folder: &Folder) {
        folder.leave_name(&mut self.log_file);
        self.reason.iter_mut().for_each(|reason| folder.leave_text(reason));
    }

    fn line(&self) -> String {
        let line = serde_json::to_string(self).expect("text members and a JSON value make a JSON object");
        canonical::one_line(&line)
    }
}

/// A log file, and what can be said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Its name.
    pub log_file: String,
    /// The object's ETag. Of a file in a folder there is none: what the lake holds instead has the time of copying.
    pub etag: Option<String>,
    /// SHA-256 of its JSON document; `None` = not computed.
    pub sha256: Option<String>,
    /// Which records were kept: `audit` or `all`; `None` = it is missing.
    pub events: Option<String>,
    /// Records in it.
    pub records: u64,
    /// Of these, records of the events asked for, copies of one event included.
    pub records_kept: u64,
    /// Of these, records that could not be read.
    pub records_set_aside: u64,
    /// The account in its name.
    pub account_id: Option<String>,
    /// The Region in its name.
    pub aws_region: Option<String>,
    /// The time of delivery in its name.
    #[serde(with = "maybe_time")]
    pub delivered_at: Option<DateTime<Utc>>,
    /// Why the whole file was set aside; `None` = it was not.
    pub set_aside_reason: Option<String>,
    /// `attested`, `not_attested`, `mismatch`, `missing` or `unknown`.
    pub attestation: String,
    /// Why.
    pub attestation_reason: String,
    /// The digest file that lists it.
    pub digest_file: Option<String>,
}

impl Row for Input {
    const FILE: &'static str = "inputs.jsonl";

    fn order(&self) -> impl Ord {
        &self.log_file
    }

    fn leave(&mut self, folder: &Folder) {
        if Folder::is_path(&self.log_file) {
            self.etag = None;
        }
        folder.leave_name(&mut self.log_file);
        self.digest_file.iter_mut().for_each(|name| folder.leave_name(name));
        folder.leave_text(&mut self.attestation_reason);
        self.set_aside_reason.iter_mut().for_each(|reason| folder.leave_text(reason));
    }
}

/// Hours on end of one state in one account and Region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoverageRange {
    /// The account.
    pub account_id: String,
    /// The Region.
    pub aws_region: String,
    /// Start of the first hour.
    #[serde(with = "time")]
    pub from: DateTime<Utc>,
    /// End of the last hour, not included.
    #[serde(with = "time")]
    pub until: DateTime<Utc>,
    /// `attested`, `delivered`, `gap`, `logging_stopped` or `unknown`.
    pub state: String,
    /// How many hours.
    pub hours: u64,
    /// Log files delivered in them.
    pub log_files: u64,
    /// Of `logging_stopped`: the record that says so.
    pub event_id: Option<String>,
}

impl Row for CoverageRange {
    const FILE: &'static str = "coverage.jsonl";

    fn order(&self) -> impl Ord {
        (&self.account_id, &self.aws_region, self.from, self.until)
    }

    fn leave(&mut self, _: &Folder) {}
}

/// A digest file and its check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    /// Its name.
    pub digest_file: String,
    /// The account whose log files it lists.
    pub account_id: String,
    /// Their Region.
    pub aws_region: String,
    /// The trail.
    pub trail_name: String,
    /// The trail's home Region.
    pub home_region: String,
    /// Whether CloudTrail made it later.
    pub is_backfill: bool,
    /// It covers deliveries from here.
    #[serde(with = "maybe_time")]
    pub started_at: Option<DateTime<Utc>>,
    /// Up to here.
    #[serde(with = "maybe_time")]
    pub ended_at: Option<DateTime<Utc>>,
    /// `valid`, `invalid`, `unverifiable` or `missing`.
    pub status: String,
    /// Why.
    pub reason: String,
    /// Log files that it vouches for.
    pub log_files: u64,
    /// The key that it names.
    pub public_key_fingerprint: Option<String>,
}

impl Row for Digest {
    const FILE: &'static str = "digests.jsonl";

    fn order(&self) -> impl Ord {
        let chain = (&self.account_id, &self.aws_region, &self.home_region, &self.trail_name, self.is_backfill);
        (chain, self.ended_at, &self.digest_file)
    }

    fn leave(&mut self, folder: &Folder) {
        folder.leave_name(&mut self.digest_file);
        folder.leave_text(&mut self.reason);
    }
}

/// A log file or record that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetAside {
    /// The log file.
    pub log_file: String,
    /// The record's place in it; `None` = the whole file.
    pub record_index: Option<u64>,
    /// The record's `eventID`, where it has one.
    pub event_id: Option<String>,
    /// The kind of damage in one word.
    pub reason: String,
    /// What was found and what was expected.
    pub message: String,
}

impl Row for SetAside {
    const FILE: &'static str = "set_aside.jsonl";

    fn order(&self) -> impl Ord {
        (&self.log_file, self.record_index)
    }

    fn leave(&mut self, folder: &Folder) {
        folder.leave_name(&mut self.log_file);
        folder.leave_text(&mut self.message);
    }
}
