//! Records that somebody else recorded: one group's life on 2023-07-10.

use std::path::Path;

use chrono::DateTime;
use serde_json::Value;

use super::{event, fold_events};
use crate::rebuild::event::Event;

fn of_record(record: &Value) -> Event {
    let text = |name: &str| record[name].as_str().unwrap_or_default();
    let at = DateTime::parse_from_rfc3339(text("eventTime")).expect("a time").timestamp();
    let event = event(at, text("eventName"), record["requestParameters"].clone(), record["responseElements"].clone());
    Event { error_code: record["errorCode"].as_str().map(str::to_owned), ..event }
}

fn records(folder: &Path) -> Vec<Value> {
    let mut records = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder of log files").flatten() {
        let Ok(bytes) = std::fs::read(entry.path()) else {
            records.extend(self::records(&entry.path()));
            continue;
        };
        let file: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        records.extend(file["Records"].as_array().cloned().unwrap_or_default());
    }
    records
}

#[test]
fn the_rules_of_a_real_group_are_rebuilt() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/invictus-ir/CloudTrail");
    if !folder.is_dir() {
        eprintln!("skipped: {} is not there", folder.display());
        return;
    }
    let is_ours = |record: &Value| {
        let name = record["eventName"].as_str().unwrap_or_default();
        name == "CreateSecurityGroup" || super::super::CHANGES.contains(&name)
    };
    let events: Vec<Event> = records(&folder).iter().filter(|record| is_ours(record)).map(of_record).collect();
    let (rules, doubts) = fold_events(events.into_iter().filter(Event::is_accepted).collect());
    let from = |second: i64| 1_688_990_000 + second;
    let expected = [
        format!("out -1 0.0.0.0/0 | {} created_with_group to {} revoked", from(1001), from(1003)),
        format!("sgr-035a6016fe8ef01c5 out -1 0.0.0.0/0 | {} authorized", from(1006)),
        format!("sgr-08d9fb7a2d678c6e8 out -1 ::/0 | {} authorized", from(1006)),
        format!("sgr-0a11552a7d225f5c7 in tcp 22-22 0.0.0.0/0 | {} authorized to {} revoked", from(1008), from(1117)),
        format!("sgr-0bb31cddb2c27f401 in tcp 443-443 0.0.0.0/0 \"TLS from Internet\" | {} authorized", from(1005)),
    ];
    assert_eq!(rules, expected);
    assert_eq!(doubts, [""; 0]);
}
