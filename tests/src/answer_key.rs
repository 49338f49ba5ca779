//! A synthetic CloudTrail bucket and the truth about it, made by `shared/tools/gen_cloudtrail.py`.
//!
//! The generator shares no code with the program: what it planted is what the program must find.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What to ask of the generator. The same recipe gives the same bytes on every machine.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// Records before the second trail's copies.
    pub events: u32,
    /// Log files before the second trail's copies.
    pub files: u32,
    /// Seed of everything random.
    pub seed: u64,
    /// Broken files added: of five kinds, in turn.
    pub corrupt: u32,
    /// Customization jobs planted.
    pub jobs: u32,
    /// Security groups planted.
    pub groups: u32,
    /// Further options of the generator, such as `["--regions", "2"]`.
    pub more: Vec<String>,
}

impl Default for Recipe {
    /// 40 files of 6,000 records in 3 accounts and 4 Regions over a week, none broken.
    fn default() -> Self {
        Self { events: 6_000, files: 40, seed: 1, corrupt: 0, jobs: 40, groups: 120, more: Vec::new() }
    }
}

/// The truth about one bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerKey {
    /// Requests to create a customization job, refused ones included, by time.
    pub jobs: Vec<Job>,
    /// Security groups planted, by id.
    pub security_groups: Vec<SecurityGroup>,
    /// Distinct planted events by event name. Noise is not counted, and has other names.
    pub counts: BTreeMap<String, Count>,
    /// Sizes of the whole bucket.
    pub totals: Totals,
    /// Keys of objects that are no log files: digests.
    pub not_logs: Vec<String>,
    /// Keys of the broken log files.
    pub corrupt: Vec<String>,
}

/// One `CreateModelCustomizationJob` event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its `eventID`.
    pub event_id: String,
    /// The account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// Its `eventTime`, as in the record: UTC, to the second.
    pub event_time: String,
    /// The job's name.
    pub job_name: String,
    /// The job's ARN; `None` = the request was refused.
    pub job_arn: Option<String>,
    /// Why it was refused; `None` = it was accepted.
    pub error_code: Option<String>,
    /// Whether the request had a `vpcConfig`.
    pub has_vpc: bool,
    /// Its subnets.
    pub subnet_ids: Vec<String>,
    /// Its security groups.
    pub groups: Vec<JobGroup>,
    /// What an audit must find.
    pub verdict: JobVerdict,
}

/// A security group named by a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobGroup {
    /// Its id.
    pub group_id: String,
    /// Its name.
    pub group_name: String,
    /// Its VPC.
    pub vpc_id: String,
    /// When it was deleted, in UTC; `None` = it never was.
    pub deleted_at: Option<String>,
    /// The `eventID` of its deletion.
    pub delete_event_id: Option<String>,
    /// How it was deleted.
    pub how: Option<Deletion>,
}

/// What became of a job request, most severe cause first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobVerdict {
    /// The request was refused: there is no job.
    Refused,
    /// The job has no VPC.
    NoVpc,
    /// Any of its security groups was deleted after the job was made, in whatever way.
    SecurityGroupDeleted,
    /// None of these.
    Ok,
}

/// How a security group was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deletion {
    /// `DeleteSecurityGroup` with `groupId`.
    ById,
    /// `DeleteSecurityGroup` with `groupName`.
    ByName,
    /// `DeleteSecurityGroup` with `groupId`, called by CloudFormation.
    ByCloudFormation,
    /// `DeleteVpc`, which takes the default group with it.
    ByDeleteVpc,
}

/// A security group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityGroup {
    /// The account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// Its id.
    pub group_id: String,
    /// Its name.
    pub group_name: String,
    /// Its VPC.
    pub vpc_id: String,
    /// When it was made, in UTC; `None` = before the logs begin.
    pub created_at: Option<String>,
    /// The `eventID` of its creation.
    pub create_event_id: Option<String>,
    /// When it was deleted, in UTC; `None` = it never was.
    pub deleted_at: Option<String>,
    /// The `eventID` of its deletion.
    pub delete_event_id: Option<String>,
    /// How it was deleted.
    pub how: Option<Deletion>,
    /// Every `DeleteSecurityGroup` call on it, refused ones included.
    pub attempts: Vec<Attempt>,
}

/// One `DeleteSecurityGroup` event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its `eventID`.
    pub event_id: String,
    /// Its `eventTime`.
    pub time: String,
    /// Why it was refused; `None` = it was accepted.
    pub error_code: Option<String>,
}

/// Events of one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Accepted ones.
    pub ok: u64,
    /// Refused ones.
    pub error: u64,
}

/// Sizes of a bucket without its digests and broken files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Bytes of the log files as stored.
    pub gz_bytes: u64,
    /// Bytes of the log files decompressed.
    pub json_bytes: u64,
    /// Records in the log files, each copy counted.
    pub records_written: u64,
    /// Log files.
    pub log_files: u64,
    /// Different `eventID`s in the log files.
    pub distinct_events: u64,
}

/// Fills `bucket`, an empty folder or none yet, with `AWSLogs/...`, and writes the truth beside it, at
/// `BUCKET.truth.json`.
///
/// `None`, with a line on stderr, where the generator or Python is not on this machine; the test cannot be made then.
pub fn make(bucket: &Path, recipe: &Recipe) -> Option<AnswerKey> {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/tools/gen_cloudtrail.py");
    if !tool.is_file() {
        eprintln!("skipped: {} is not there, so there is no synthetic bucket to read", tool.display());
        return None;
    }
    let output = match recipe.command(&tool, bucket).output() {
        Ok(output) => output,
        Err(error) => {
            eprintln!("skipped: python3 did not start ({error}), so there is no synthetic bucket to read");
            return None;
        }
    };
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} failed with {}: {told}", tool.display(), output.status);
    let truth = fs::read(truth_beside(bucket)).expect("the generator writes the truth beside the bucket");
    Some(AnswerKey::of(&serde_json::from_slice(&truth).expect("the generator writes JSON")))
}

fn truth_beside(bucket: &Path) -> PathBuf {
    let mut name = bucket.file_name().expect("a bucket's folder has a name").to_owned();
    name.push(".truth.json");
    bucket.with_file_name(name)
}

impl Recipe {
    fn command(&self, tool: &Path, bucket: &Path) -> Command {
        let mut command = Command::new("python3");
        command.arg(tool).arg("--out").arg(bucket);
        let numbers = [
            ("--events", u64::from(self.events)),
            ("--files", u64::from(self.files)),
            ("--seed", self.seed),
            ("--corrupt", u64::from(self.corrupt)),
            ("--jobs", u64::from(self.jobs)),
            ("--groups", u64::from(self.groups)),
        ];
        for (name, number) in numbers {
            command.arg(name).arg(number.to_string());
        }
        command.args(&self.more);
        command
    }
}

// The truth is written by our own tool: a field that is missing or of another type is a mistake there, and panics.

impl AnswerKey {
    fn of(truth: &Value) -> Self {
        let counts = truth["counts"].as_object().expect("counts is an object");
        Self {
            jobs: list(truth, "jobs", Job::of),
            security_groups: list(truth, "security_groups", SecurityGroup::of),
            counts: counts.iter().map(|(name, count)| (name.clone(), Count::of(count))).collect(),
            totals: Totals::of(&truth["totals"]),
            not_logs: list(truth, "not_logs", plain_text),
            corrupt: list(truth, "corrupt", plain_text),
        }
    }

    /// Jobs of one verdict, by time.
    pub fn jobs_that_are(&self, verdict: JobVerdict) -> impl Iterator<Item = &Job> {
        self.jobs.iter().filter(move |job| job.verdict == verdict)
    }
}

impl Job {
    fn of(job: &Value) -> Self {
        Self {
            event_id: text(job, "event_id"),
            account: text(job, "account"),
            region: text(job, "region"),
            event_time: text(job, "event_time"),
            job_name: text(job, "job_name"),
            job_arn: text_or_null(job, "job_arn"),
            error_code: text_or_null(job, "error_code"),
            has_vpc: job["has_vpc"].as_bool().expect("has_vpc is true or false"),
            subnet_ids: list(job, "subnet_ids", plain_text),
            groups: list(job, "security_groups", JobGroup::of),
            verdict: JobVerdict::of(&text(job, "verdict")),
        }
    }
}

impl JobGroup {
    fn of(group: &Value) -> Self {
        Self {
            group_id: text(group, "group_id"),
            group_name: text(group, "group_name"),
            vpc_id: text(group, "vpc_id"),
            deleted_at: text_or_null(group, "deleted_at"),
            delete_event_id: text_or_null(group, "delete_event_id"),
            how: text_or_null(group, "how").as_deref().map(Deletion::of),
        }
    }
}

impl JobVerdict {
    fn of(verdict: &str) -> Self {
        match verdict {
            "refused" => Self::Refused,
            "no_vpc" => Self::NoVpc,
            "sg_deleted" => Self::SecurityGroupDeleted,
            "ok" => Self::Ok,
            other => panic!("{other} is no verdict of gen_cloudtrail.py"),
        }
    }
}

impl Deletion {
    fn of(how: &str) -> Self {
        match how {
            "by_id" => Self::ById,
            "by_name" => Self::ByName,
            "by_cloudformation" => Self::ByCloudFormation,
            "by_delete_vpc" => Self::ByDeleteVpc,
            other => panic!("{other} is no way of deletion of gen_cloudtrail.py"),
        }
    }
}

impl SecurityGroup {
    fn of(group: &Value) -> Self {
        Self {
            account: text(group, "account"),
            region: text(group, "region"),
            group_id: text(group, "group_id"),
            group_name: text(group, "group_name"),
            vpc_id: text(group, "vpc_id"),
            created_at: text_or_null(group, "created_at"),
            create_event_id: text_or_null(group, "create_event_id"),
            deleted_at: text_or_null(group, "deleted_at"),
            delete_event_id: text_or_null(group, "delete_event_id"),
            how: text_or_null(group, "how").as_deref().map(Deletion::of),
            attempts: list(group, "attempts", Attempt::of),
        }
    }
}

impl Attempt {
    fn of(attempt: &Value) -> Self {
        Self {
            event_id: text(attempt, "event_id"),
            time: text(attempt, "time"),
            error_code: text_or_null(attempt, "error_code"),
        }
    }
}

impl Count {
    fn of(count: &Value) -> Self {
        Self { ok: number(count, "ok"), error: number(count, "error") }
    }
}

impl Totals {
    fn of(totals: &Value) -> Self {
        Self {
            gz_bytes: number(totals, "gz_bytes"),
            json_bytes: number(totals, "json_bytes"),
            records_written: number(totals, "records_written"),
            log_files: number(totals, "log_files"),
            distinct_events: number(totals, "distinct_events"),
        }
    }
}

fn list<T>(of: &Value, name: &str, each: impl Fn(&Value) -> T) -> Vec<T> {
    let Some(items) = of[name].as_array() else { panic!("{name} is not an array in {of}") };
    items.iter().map(each).collect()
}

fn text(of: &Value, name: &str) -> String {
    plain_text(&of[name])
}

fn plain_text(value: &Value) -> String {
    let Some(text) = value.as_str() else { panic!("{value} is not text") };
    text.to_owned()
}

fn text_or_null(of: &Value, name: &str) -> Option<String> {
    match &of[name] {
        Value::Null => None,
        value => Some(plain_text(value)),
    }
}

fn number(of: &Value, name: &str) -> u64 {
    let Some(number) = of[name].as_u64() else { panic!("{name} is not a whole number in {of}") };
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_truth_of_a_small_bucket_is_read_whole() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let recipe = Recipe { events: 500, files: 14, corrupt: 2, jobs: 20, groups: 40, ..Recipe::default() };
        let Some(key) = make(&folder.path().join("trail"), &recipe) else { return };
        assert_eq!((key.jobs.len(), key.corrupt.len()), (20, 2));
        assert_eq!(key.jobs_that_are(JobVerdict::NoVpc).count(), 6);
        assert_eq!(key.jobs_that_are(JobVerdict::Refused).count(), 2);
        assert!(key.jobs.iter().all(|job| job.job_arn.is_none() == job.error_code.is_some()));
        let created = key.counts["CreateModelCustomizationJob"];
        assert_eq!((created.ok, created.error), (18, 2));
        assert!(key.security_groups.len() >= 40 && key.totals.log_files >= 14 && !key.not_logs.is_empty());
    }
}
