//! What the report for reading is made from: plain values, each from one query of the lake.

use chrono::{DateTime, NaiveDate, Utc};

use super::finding::Finding;

/// Everything that the report shows.
#[derive(Debug, Clone)]
pub struct Input {
    pub facts: Facts,
    /// The rows of the query `job_verdicts`, in its order: the rows of one job stand together.
    pub findings: Vec<Finding>,
    pub coverage: Vec<DayCoverage>,
    /// Of the jobs that are not compliant; the others' are not shown.
    pub timelines: Vec<Timeline>,
    pub trends: Vec<Trend>,
}

/// What was judged, by what, and how much of the logs there is.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The instant that was judged at.
    pub as_of: DateTime<Utc>,
    /// Whether only what a valid digest file vouches for counted.
    pub is_strict: bool,
    /// The lake as the command line names it.
    pub lake: String,
    pub tool_version: String,
    /// When the first and the newest log file were delivered; `None` = no log file's name tells.
    pub first_delivery: Option<DateTime<Utc>>,
    pub last_delivery: Option<DateTime<Utc>>,
    pub log_files: u64,
    pub accounts: u64,
    pub regions: u64,
    pub log_files_set_aside: u64,
    pub records_set_aside: u64,
    /// The file beside the report with a row for each job and control; `None` = none was written.
    pub csv_file: Option<String>,
}

/// One account, Region and day of delivery (UTC), by the states of its hours in the table `coverage`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayCoverage {
    pub account_id: String,
    pub aws_region: String,
    pub day: NaiveDate,
    /// Hours that valid digest files cover.
    pub attested_hours: u32,
    /// Hours with log files that no valid digest file covers.
    pub delivered_hours: u32,
    pub gap_hours: u32,
    pub logging_stopped_hours: u32,
}

/// What names one job in findings and timelines alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobKey {
    pub account_id: String,
    pub aws_region: String,
    pub requested_at: Option<DateTime<Utc>>,
    pub job_name: Option<String>,
    pub job_arn: Option<String>,
}

impl From<&Finding> for JobKey {
    fn from(finding: &Finding) -> Self {
        Self {
            account_id: finding.account_id.clone(),
            aws_region: finding.aws_region.clone(),
            requested_at: finding.requested_at,
            job_name: finding.job_name.clone(),
            job_arn: finding.job_arn.clone(),
        }
    }
}

/// What is known of one job, its interfaces and its security groups over time: the rows of the query `job_timelines`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    pub job: JobKey,
    pub marks: Vec<Mark>,
}

/// One thing that happened to one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub lane: Lane,
    pub kind: MarkKind,
    pub at: DateTime<Utc>,
    /// In words.
    pub what: String,
    pub who: Option<String>,
    pub citation: Citation,
}

/// What a mark is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lane {
    Job,
    Interface { id: String },
    SecurityGroup { id: String, name: Option<String> },
}

/// What a mark says. Lanes begin with `Began` and end with `Ended`; without one, no record tells the beginning or the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MarkKind {
    /// The first record that names a group for this job: gives the group its lane, and is no event.
    Named,
    /// The job was requested; the interface or the group was created.
    Began,
    /// The job was asked to stop, or was seen in a state that it may leave.
    StateSeen,
    RulesChanged,
    /// Somebody tried to delete the group, or asked in a dry run whether it could be deleted.
    DeletionRefused,
    /// The job was seen in a state that no job leaves; the interface or the group was deleted.
    Ended,
}

impl MarkKind {
    pub const ALL: [Self; 6] =
        [Self::Named, Self::Began, Self::StateSeen, Self::RulesChanged, Self::DeletionRefused, Self::Ended];

    /// The word of the query `job_timelines`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::Began => "began",
            Self::StateSeen => "state_seen",
            Self::RulesChanged => "rules_changed",
            Self::DeletionRefused => "deletion_refused",
            Self::Ended => "ended",
        }
    }

    /// The kind of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// The record that something rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Citation {
    /// `None` = evidence of the rule, or no record at all.
    pub event_id: Option<String>,
    pub log_file: Option<String>,
    pub record_index: Option<i64>,
}

/// One key figure over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    pub name: String,
    /// What a value counts: `%`, `jobs`, `hours`.
    pub unit: String,
    /// How a value is computed, in one sentence.
    pub definition: String,
    /// Consecutive periods, oldest first.
    pub points: Vec<TrendPoint>,
}

/// The figure of one period.
#[derive(Debug, Clone, PartialEq)]
pub struct TrendPoint {
    /// For example `2026-02` or `2026-W07`.
    pub period: String,
    /// `None` = nothing was there to be counted.
    pub value: Option<f64>,
    /// Things that could not be told, and are in no value.
    pub unknown: u64,
}
