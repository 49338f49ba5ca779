//! What the demo shows: known jobs in February and March 2026, what became of their networks, and the verdicts that
//! follow, written as the log files of two accounts and two Regions.
//!
//! The files are as a real bucket has them: two layouts, a file in several gzip members, one delivered twice, one cut
//! off, a digest file, and mostly noise. Beside them stands what the rule of AWS Config saw in the first account.

mod cases;
mod network;
mod runs;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use schemas::control::Verdict;

use super::noise::noise;
use super::{Layout, LogFile, Place, Record, digest_file, id, log_file, multi_member};
use crate::sha256::hex;

/// The organization whose trail delivers for [`Tale::second_account`].
const ORGANIZATION: &str = "o-exampleorg1";
/// Noise in a file that also tells a story.
const NOISE_BESIDE_A_STORY: usize = 12;
/// Noise in a file of its own.
const NOISE_ALONE: usize = 4;

/// Log files and what a right reading of them says.
#[derive(Debug, Clone)]
pub struct Story {
    /// Every object of the bucket, each key once.
    pub files: Vec<LogFile>,
    /// Every job that was created, in the order of telling. A refused request made none.
    pub jobs: Vec<StoryJob>,
    /// The instant that the verdicts are for: after the last event.
    pub as_of: DateTime<Utc>,
}

/// A job and its verdicts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoryJob {
    /// The job's name, also where the records hide it.
    pub name: String,
    /// The job's ARN.
    pub arn: String,
    /// What happened, in one sentence.
    pub told: &'static str,
    /// `job_in_vpc`, `job_security_groups_exist`, `job_security_groups_not_default`.
    pub verdicts: [Verdict; 3],
}

/// Records and jobs while the story is told.
struct Tale {
    records: Vec<Record>,
    jobs: Vec<StoryJob>,
}

impl Tale {
    /// The account of the machine learning teams, which has a trail of its own.
    fn first_account(region: &str) -> Place {
        Place::new("111122223333", region)
    }

    /// The account under the organization's trail.
    fn second_account() -> Place {
        Place::new("444455556666", "eu-west-1")
    }

    fn records(&mut self, records: impl IntoIterator<Item = Record>) {
        self.records.extend(records);
    }

    fn job(&mut self, name: &str, arn: String, told: &'static str, verdicts: [Verdict; 3]) {
        self.jobs.push(StoryJob { name: name.to_owned(), arn, told, verdicts });
    }
}

/// The records of one log file.
struct Log {
    place: Place,
    delivered_at: DateTime<Utc>,
    records: Vec<Record>,
}

impl Log {
    /// Noise, with what is told in the midst of it: records in a log file have no order.
    fn of(place: Place, delivered_at: DateTime<Utc>, told: &[Record], noise_records: usize) -> Self {
        let noise = noise(&place, delivered_at - TimeDelta::minutes(3), noise_records, 7);
        let (before, after) = noise.split_at(noise.len() / 2);
        let records = [before, told, after].concat();
        Self { place, delivered_at, records }
    }

    fn layout(&self) -> Layout {
        if self.place == Tale::second_account() { Layout::Organization(ORGANIZATION.to_owned()) } else { Layout::Plain }
    }

    fn unique16(&self) -> String {
        let minute = self.delivered_at.to_rfc3339();
        hex(&id::digest(&["file", &self.place.account_id, &self.place.region, &minute])[..8])
    }

    fn file(&self) -> LogFile {
        log_file(&self.layout(), &self.place, self.delivered_at, &self.unique16(), &self.records)
    }

    fn file_of_several_members(&self) -> LogFile {
        multi_member(&self.layout(), &self.place, self.delivered_at, &self.unique16(), &self.records)
    }

    /// The same events as another trail delivers them: later, elsewhere, in another order.
    fn delivered_again(&self) -> LogFile {
        let mut records = self.records.clone();
        records.reverse();
        let layout = Layout::Organization(ORGANIZATION.to_owned());
        log_file(&layout, &self.place, self.delivered_at + TimeDelta::minutes(2), &self.unique16(), &records)
    }
}

/// The story. Every call gives the same bytes.
pub fn story() -> Story {
    let tale = cases::told();
    let logs = story_logs(&tale.records);
    let mut files: Vec<LogFile> = logs.iter().skip(1).map(Log::file).collect();
    if let Some(first) = logs.first() {
        files.push(first.file_of_several_members());
        files.push(first.delivered_again());
        files.push(digest_of(first));
    }
    files.extend(quiet_logs().iter().map(Log::file));
    files.push(broken_file());
    files.extend(runs::evidence());
    files.sort_by(|one, other| one.key.cmp(&other.key));
    Story { files, jobs: tale.jobs, as_of: utc("2026-03-30T14:00:00Z") }
}

/// One log for each place and hour in which something is told, delivered four minutes after its last event.
fn story_logs(records: &[Record]) -> Vec<Log> {
    let mut told: BTreeMap<(Place, String), Vec<Record>> = BTreeMap::new();
    for record in records {
        let hour = record.event_time().format("%Y-%m-%dT%H").to_string();
        told.entry((record.place(), hour)).or_default().push(record.clone());
    }
    told.into_iter()
        .map(|((place, _), records)| {
            let last = records.iter().map(Record::event_time).max().expect("an hour is there for its records");
            Log::of(place, last + TimeDelta::minutes(4), &records, NOISE_BESIDE_A_STORY)
        })
        .collect()
}

/// Every third day at noon, in every place, nothing in particular.
fn quiet_logs() -> Vec<Log> {
    let places = [Tale::first_account("eu-west-1"), Tale::first_account("us-east-1"), Tale::second_account()];
    let first_noon = utc("2026-02-01T12:05:00Z");
    let noons: Vec<DateTime<Utc>> = (0..20).map(|nth| first_noon + TimeDelta::days(3 * nth)).collect();
    places
        .iter()
        .flat_map(|place| noons.iter().map(move |noon| Log::of(place.clone(), *noon, &[], NOISE_ALONE)))
        .collect()
}

/// A file of noise that was cut off on its way.
fn broken_file() -> LogFile {
    let place = Tale::first_account("us-east-1");
    Log::of(place, utc("2026-03-10T08:15:00Z"), &[], NOISE_ALONE).file().truncated()
}

/// The digest file of the hour of that log.
fn digest_of(log: &Log) -> LogFile {
    let ended_at = log.delivered_at + TimeDelta::minutes(30);
    let attested = [log.file_of_several_members()];
    digest_file(&Layout::Plain, &log.place, ended_at, "audit-trail", "example-trail-logs", &attested)
}

/// A time of the story.
fn utc(text: &str) -> DateTime<Utc> {
    text.parse().expect("the story's times are RFC 3339")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::Read;

    use flate2::read::MultiGzDecoder;
    use serde_json::Value;

    use super::*;

    fn log_files(story: &Story) -> Vec<&LogFile> {
        story.files.iter().filter(|file| file.key.contains("/CloudTrail/")).collect()
    }

    fn event_ids(file: &LogFile) -> Option<Vec<String>> {
        let mut text = String::new();
        MultiGzDecoder::new(file.bytes.as_slice()).read_to_string(&mut text).ok()?;
        let document: Value = serde_json::from_str(&text).expect("JSON");
        let records = document["Records"].as_array().expect("records");
        Some(records.iter().map(|record| record["eventID"].as_str().expect("an id").to_owned()).collect())
    }

    #[test]
    fn jobs_and_keys_are_told_once() {
        let story = story();
        let arns: BTreeSet<&str> = story.jobs.iter().map(|job| job.arn.as_str()).collect();
        assert_eq!((arns.len(), story.jobs.len()), (9, 9));
        let keys: BTreeSet<&str> = story.files.iter().map(|file| file.key.as_str()).collect();
        assert_eq!(keys.len(), story.files.len());
    }

    #[test]
    fn one_file_is_broken_and_one_is_delivered_twice() {
        let story = story();
        let files = log_files(&story);
        let read: Vec<Vec<String>> = files.iter().filter_map(|file| event_ids(file)).collect();
        assert_eq!(read.len() + 1, files.len());
        let all: Vec<&String> = read.iter().flatten().collect();
        let distinct: BTreeSet<&String> = all.iter().copied().collect();
        let twice = all.len() - distinct.len();
        assert!(read.iter().filter(|ids| ids.len() == twice).count() >= 2, "{twice} events of one file come twice");
        assert!((600..900).contains(&distinct.len()), "{}", distinct.len());
    }

    #[test]
    fn a_job_outside_a_vpc_has_no_groups_to_judge() {
        for job in story().jobs {
            let [in_vpc, exist, not_default] = job.verdicts;
            if in_vpc == Verdict::NonCompliant {
                assert_eq!((exist, not_default), (Verdict::NotApplicable, Verdict::NotApplicable), "{}", job.name);
            }
        }
    }

    #[test]
    fn nothing_happens_after_the_instant_of_the_verdicts() {
        let tale = cases::told();
        let as_of = story().as_of;
        assert!(tale.records.iter().all(|record| record.event_time() < as_of));
    }
}
