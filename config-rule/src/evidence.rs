//! What a run saw and said, as gzipped JSON Lines: `schemas/json/evidence.schema.json`.

use std::io::Write;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde_json::{Value, json};

use crate::check::Checked;
use crate::facts::{Fact, Unread};

/// The form of the lines, raised when a reader of the older one could not read the newer.
pub const EVIDENCE_VERSION: u32 = 1;

/// Where evidence goes.
#[async_trait]
pub trait EvidenceStore: Send + Sync {
    /// Writes one object that is not there yet.
    async fn put_object(&self, at: &S3Location, key: &str, bytes: Vec<u8>) -> Result<(), Unread>;
}

/// `s3://bucket/prefix`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Location {
    /// The bucket.
    pub bucket: String,
    /// Without slashes at its ends; may be empty.
    pub prefix: String,
}

impl S3Location {
    /// Reads `s3://bucket/prefix`.
    pub fn parse(text: &str) -> Option<Self> {
        let (bucket, prefix) = text.strip_prefix("s3://")?.split_once('/').unwrap_or((text.strip_prefix("s3://")?, ""));
        (!bucket.is_empty()).then(|| Self { bucket: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned() })
    }
}

/// The run that the evidence is of.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Run<'a> {
    /// The account that was read.
    pub account_id: &'a str,
    /// The Region that was read.
    pub region: &'a str,
    /// The rule, or what else asked.
    pub rule_name: &'a str,
    /// Of the invocation: makes the object's key unique.
    pub request_id: &'a str,
    /// When Config asked.
    #[serde(serialize_with = "time")]
    pub evaluated_at: DateTime<Utc>,
}

fn time<S: serde::Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true))
}

impl Run<'_> {
    /// The object's key: by account, Region and date, in the order of time within a date.
    pub fn key(&self, prefix: &str) -> String {
        let Run { account_id, region, rule_name, request_id, evaluated_at } = self;
        let (date, time) = (evaluated_at.format("%Y-%m-%d"), evaluated_at.format("%H%M%S"));
        let name = format!("{time}-{rule_name}-{request_id}.jsonl.gz");
        let key = format!("account_id={account_id}/region={region}/date={date}/{name}");
        if prefix.is_empty() { key } else { format!("{prefix}/{key}") }
    }
}

/// The lines of a run: the run, each finding, then each fact of the network that the findings rest on.
pub fn lines(run: &Run<'_>, checked: &Checked) -> Vec<Value> {
    let mut lines =
        vec![line("run", &[("version", json!(EVIDENCE_VERSION)), ("unread_lists", json!(checked.unread_lists))], run)];
    lines.extend(checked.findings.iter().map(|finding| line("finding", &[], finding)));
    let world = &checked.world;
    facts("security_group", world.security_groups.iter(), &mut lines);
    facts("subnet", world.subnets.iter(), &mut lines);
    facts("vpc", world.vpcs.iter(), &mut lines);
    facts("route_tables", world.route_tables.iter(), &mut lines);
    facts("endpoints", world.endpoints.iter(), &mut lines);
    facts("prefix_list", world.prefix_lists.iter(), &mut lines);
    facts("role_denials", world.role_denials.iter(), &mut lines);
    facts("bucket_policy", world.bucket_policies.iter(), &mut lines);
    lines
}

fn facts<'a, K: Serialize + 'a, T: Serialize + 'a>(
    record: &str,
    all: impl Iterator<Item = (&'a K, &'a Fact<T>)>,
    lines: &mut Vec<Value>,
) {
    lines.extend(all.map(|(of, fact)| line(record, &[("of", json!(of)), ("fact", json!(fact))], &())));
}

fn line(record: &str, members: &[(&str, Value)], rest: &impl Serialize) -> Value {
    let mut line = json!({ "record": record });
    for (name, value) in members {
        line[name] = value.clone();
    }
    if let Value::Object(rest) = serde_json::to_value(rest).expect("plain values are JSON") {
        line.as_object_mut().expect("made as an object above").extend(rest);
    }
    line
}

/// The lines as one gzip member. The same lines give the same bytes.
pub fn compressed(lines: &[Value]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    for line in lines {
        writeln!(encoder, "{line}").expect("a vector takes every byte");
    }
    encoder.finish().expect("a vector takes every byte")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_has_a_bucket_and_maybe_a_prefix() {
        let parsed = |text| S3Location::parse(text).map(|at| (at.bucket, at.prefix));
        assert_eq!(parsed("s3://b/p/q/"), Some(("b".to_owned(), "p/q".to_owned())));
        assert_eq!(parsed("s3://b"), Some(("b".to_owned(), String::new())));
        assert_eq!((parsed("b/p"), parsed("s3://"), parsed("s3:///p")), (None, None, None));
    }

    #[test]
    fn the_key_sorts_by_account_region_and_time() {
        let run = Run {
            account_id: "111122223333",
            region: "eu-west-1",
            rule_name: "bedrock-job-in-vpc",
            request_id: "8476a536",
            evaluated_at: "2026-03-01T09:30:05.123Z".parse().expect("a time"),
        };
        let expected = "evidence/account_id=111122223333/region=eu-west-1/date=2026-03-01/093005-bedrock-job-in-vpc-8476a536.jsonl.gz";
        assert_eq!(run.key("evidence"), expected);
    }
}
