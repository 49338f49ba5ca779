//! What was asked. An answer, no answer and no question are three things.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use config_rule::account::{Identity, Recorder, RecorderStatus};
use config_rule::facts::Unread;

use super::estimate::Sampled;
use super::findings::Check;
use super::selectors::Selectors;

/// What a question gave.
#[derive(Debug, Clone, PartialEq)]
pub enum Asked<T> {
    /// An answer.
    Told(T),
    /// No answer.
    Unread(Unread),
    /// It was not asked, for this reason.
    NotAsked(String),
}

impl<T> From<Result<T, Unread>> for Asked<T> {
    fn from(read: Result<T, Unread>) -> Self {
        read.map_or_else(Self::Unread, Self::Told)
    }
}

impl<T> Asked<T> {
    /// The answer, where there is one.
    pub fn told(&self) -> Option<&T> {
        match self {
            Self::Told(answer) => Some(answer),
            Self::Unread(_) | Self::NotAsked(_) => None,
        }
    }

    /// It was not asked.
    pub fn not(reason: impl Into<String>) -> Self {
        Self::NotAsked(reason.into())
    }
}

/// A prefix of a bucket, as typed: empty, or ending in `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The bucket.
    pub bucket: String,
    /// The prefix.
    pub prefix: String,
}

impl Source {
    /// `s3://bucket/prefix`, as `ingest` takes it.
    pub fn uri(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix).trim_end_matches('/').to_owned()
    }
}

/// A trail (CloudTrail API Reference, "Trail").
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trail {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The bucket that it delivers to.
    pub bucket: String,
    /// What stands before `AWSLogs` there; without a slash at its end, and mostly empty.
    pub key_prefix: String,
    /// The Region that it was made in.
    pub home_region: String,
    /// Whether it logs all Regions.
    pub is_multi_region: bool,
    /// Whether it logs all accounts of the organization.
    pub is_organization: bool,
    /// Whether it has digest files.
    pub has_validation: bool,
    /// The customer key that its log files are encrypted with.
    pub kms_key: Option<String>,
}

impl Trail {
    /// What it delivers below.
    pub fn source(&self) -> Source {
        let prefix = self.key_prefix.trim_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        Source { bucket: self.bucket.clone(), prefix }
    }

    /// Where the folders of accounts and organizations begin.
    pub fn logs_folder(&self) -> String {
        format!("{}AWSLogs/", self.source().prefix)
    }

    /// Whether what it delivers is in this place, or around it.
    fn delivers_to(&self, source: &Source) -> bool {
        self.bucket == source.bucket && meets(&self.logs_folder(), &source.prefix)
    }
}

/// Whether one prefix lies in the other.
pub fn meets(a: &str, b: &str) -> bool {
    a.starts_with(b) || b.starts_with(a)
}

/// The trail to look at: one that delivers to the place that was asked about, those of all Regions first, those of the
/// whole organization before others, the first by ARN.
pub fn choose<'a>(trails: &'a [Trail], source: Option<&Source>) -> Option<&'a Trail> {
    let delivers = |trail: &&Trail| source.is_none_or(|source| trail.delivers_to(source));
    trails.iter().filter(delivers).min_by_key(|trail| (!trail.is_multi_region, !trail.is_organization, &trail.arn))
}

/// What a trail does ("GetTrailStatus", which tells of one Region).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrailStatus {
    /// Whether it logs.
    pub is_logging: bool,
    /// Since when it does not.
    pub stopped_at: Option<DateTime<Utc>>,
    /// When it delivered last.
    pub latest_delivery: Option<DateTime<Utc>>,
    /// Why its last delivery failed, where it did.
    pub delivery_error: Option<String>,
    /// Why its last digest file was not delivered.
    pub digest_error: Option<String>,
}

/// What was seen in the bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct BucketFacts {
    /// The bucket and what stands before `AWSLogs` in it.
    pub source: Source,
    /// Where the bucket is, when that is another Region than the one of this run.
    pub other_region: Option<String>,
    /// Accounts that have a folder.
    pub accounts: usize,
    /// A log file of which the beginning was asked for.
    pub log_file: Asked<String>,
    /// Likewise a digest file.
    pub digest_file: Asked<String>,
    /// The digest files of the trail, on the newest full day of one account and Region.
    pub digests: Asked<DigestDay>,
    /// Some days of some accounts and Regions.
    pub sampled: Asked<Sampled>,
}

/// The digest files of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestDay {
    /// The account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The day.
    pub day: NaiveDate,
    /// How many there are; CloudTrail writes one an hour.
    pub count: usize,
}

/// What AWS Config records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recording {
    /// The account's recorders: one or none.
    pub recorders: Vec<Recorder>,
    /// What they do.
    pub statuses: Vec<RecorderStatus>,
    /// The buckets that Config delivers to: one or none.
    pub channels: Vec<String>,
}

/// A call, and whether it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its IAM action.
    pub action: String,
    /// Why it was not answered.
    pub unread: Option<Unread>,
}

impl Call {
    /// A call by what it gave.
    pub fn of<T>(action: &str, read: &Result<T, Unread>) -> Self {
        Self { action: action.to_owned(), unread: read.as_ref().err().cloned() }
    }
}

/// What IAM's simulation says of a caller's own policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulated {
    /// Whose policies.
    pub principal_arn: String,
    /// The actions that they do not allow.
    pub denied: BTreeSet<String>,
}

/// Everything.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// What "yesterday" and "ago" mean.
    pub now: DateTime<Utc>,
    /// The checks to make.
    pub checks: BTreeSet<Check>,
    /// The place that was asked about.
    pub source: Option<Source>,
    /// The Region of this run.
    pub region: Option<String>,
    /// Who asks.
    pub identity: Asked<Identity>,
    /// Every trail that delivers what happens in the Region.
    pub trails: Asked<Vec<Trail>>,
    /// What the chosen trail does.
    pub status: Asked<TrailStatus>,
    /// What it lets through.
    pub selectors: Asked<Selectors>,
    /// What is in the bucket.
    pub bucket: Asked<BucketFacts>,
    /// What AWS Config records.
    pub recorder: Asked<Recording>,
    /// Jobs that Bedrock lists for the last days.
    pub recent_jobs: usize,
    /// Every call, in the order of the checks.
    pub calls: Vec<Call>,
    /// What IAM's simulation says.
    pub simulated: Asked<Simulated>,
}

impl Facts {
    /// The trail that the other checks are about.
    pub fn trail(&self) -> Option<&Trail> {
        choose(self.trails.told()?, self.source.as_ref())
    }

    /// Where the log files are: what was typed, else what the trail says.
    pub fn place(&self) -> Option<Source> {
        self.source.clone().or_else(|| self.trail().map(Trail::source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trail(name: &str, bucket: &str, key_prefix: &str) -> Trail {
        let (arn, home_region) = (format!("arn:{name}"), "eu-west-1".to_owned());
        let (name, bucket, key_prefix) = (name.to_owned(), bucket.to_owned(), key_prefix.to_owned());
        Trail { name, arn, bucket, key_prefix, home_region, ..Trail::default() }
    }

    #[test]
    fn the_trail_is_the_one_of_the_place_and_else_the_widest() {
        let wide = Trail { is_multi_region: true, ..trail("wide", "b", "p") };
        let widest = Trail { is_organization: true, ..trail("z-organization", "c", "") };
        let widest = Trail { is_multi_region: true, ..widest };
        let trails = [trail("a", "a", ""), wide, widest];
        let chosen = |bucket: &str, prefix: &str| {
            let source = Source { bucket: bucket.to_owned(), prefix: prefix.to_owned() };
            choose(&trails, Some(&source)).map(|trail| trail.name.as_str())
        };
        assert_eq!(choose(&trails, None).map(|trail| trail.name.as_str()), Some("z-organization"));
        assert_eq!(chosen("a", ""), Some("a"));
        assert_eq!(chosen("a", "AWSLogs/111122223333/CloudTrail/eu-west-1/"), Some("a"));
        assert_eq!(chosen("b", ""), Some("wide"));
        assert_eq!(chosen("b", "p/"), Some("wide"));
        assert_eq!(chosen("b", "q/"), None);
        assert_eq!(chosen("d", ""), None);
        assert_eq!(choose(&[], None), None);
    }

    #[test]
    fn a_trails_place_reads_as_ingest_takes_it() {
        assert_eq!(trail("a", "b", "").source().uri(), "s3://b");
        assert_eq!(trail("a", "b", "/x/y/").source().uri(), "s3://b/x/y");
        assert_eq!(trail("a", "b", "x").logs_folder(), "x/AWSLogs/");
    }
}
