//! Evidence objects as the rule of AWS Config writes them, under the keys that it gives them.
//!
//! The values are those that `evidence` reads, so what is written here reads back as what it was made of.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::LogFile;
use super::log_file::gzip;
use crate::evidence::line::{Finding, Json, LookedUp, Run, Stop};
use crate::evidence::{EVIDENCE_VERSION, STOP_NAME};

/// The object of a run: its line, each finding, then what was looked up. The same arguments give the same bytes.
pub fn run_evidence(prefix: &str, run: &Run, findings: &[Finding], looked_up: &[LookedUp]) -> LogFile {
    let mut text = line(&RunLine { record: "run", version: EVIDENCE_VERSION, run });
    findings.iter().for_each(|finding| text += &line(&FindingLine { record: "finding", finding }));
    looked_up.iter().for_each(|fact| text += &line(fact));
    let name = format!("{}-{}", run.rule_name, run.request_id);
    let place = (run.account_id.as_str(), run.aws_region.as_str());
    LogFile { key: key(prefix, place, run.evaluated_at, &name), bytes: gzip(text.as_bytes()) }
}

/// The object of a stop: one line. `happened_at` is when what the function answered happened.
pub fn stop_evidence(
    prefix: &str,
    place: (&str, &str),
    happened_at: DateTime<Utc>,
    request_id: &str,
    stop: &Stop,
) -> LogFile {
    let key = key(prefix, place, happened_at, &format!("{STOP_NAME}-{request_id}"));
    LogFile { key, bytes: gzip(line(&StopLine { record: "stop", stop }).as_bytes()) }
}

/// The JSON of something that was found by looking up, for [`LookedUp`].
pub fn json_of(value: &impl Serialize) -> Json {
    Json::of(value).expect("plain values with text for keys are JSON")
}

fn key(prefix: &str, (account_id, aws_region): (&str, &str), at: DateTime<Utc>, name: &str) -> String {
    let (date, time) = (at.format("%Y-%m-%d"), at.format("%H%M%S"));
    let key = format!("account_id={account_id}/region={aws_region}/date={date}/{time}-{name}.jsonl.gz");
    if prefix.is_empty() { key } else { format!("{prefix}/{key}") }
}

#[derive(Serialize)]
struct RunLine<'a> {
    record: &'static str,
    version: u64,
    #[serde(flatten)]
    run: &'a Run,
}

#[derive(Serialize)]
struct FindingLine<'a> {
    record: &'static str,
    #[serde(flatten)]
    finding: &'a Finding,
}

#[derive(Serialize)]
struct StopLine<'a> {
    record: &'static str,
    #[serde(flatten)]
    stop: &'a Stop,
}

fn line(value: &impl Serialize) -> String {
    json_of(value).as_str().to_owned() + "\n"
}
