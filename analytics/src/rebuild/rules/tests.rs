//! The fold as a whole: records in, rows out.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use chrono::{DateTime, TimeDelta, Utc};
use schemas::tables::{SECURITY_GROUP_RULE_DOUBTS, SECURITY_GROUP_RULES};
use serde_json::Value;

use super::snapshot::Snapshot;
use super::{Fate, RuleTables, Rules};
use crate::rebuild::event::{Citation, Event, Scope};
use crate::rebuild::mark::Mark;
use crate::rebuild::who::Who;
use crate::table::TableBuilder;

mod changes;
mod encodings;
mod real_records;
mod snapshots;
mod unknown_base;

/// A second, counted from the beginning of the test.
pub fn second(at: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(at)
}

pub fn scope() -> Scope {
    Scope { account_id: "111122223333".to_owned(), aws_region: "eu-west-1".to_owned() }
}

/// An accepted event; its id is its second and its name.
pub fn event(at: i64, name: &str, request: Value, response: Value) -> Event {
    Event {
        scope: scope(),
        at: second(at),
        name: name.to_owned(),
        error_code: None,
        error_message: None,
        request: Some(request).filter(|request| !request.is_null()),
        response: Some(response).filter(|response| !response.is_null()),
        who: Who { principal_arn: Some("ana".to_owned()), ..Who::default() },
        citation: Citation { event_id: format!("{at} {name}"), log_file: "log".to_owned(), record_index: at },
    }
}

pub fn mark(at: i64, name: &str) -> Arc<Mark> {
    Mark::of(&event(at, name, Value::Null, Value::Null))
}

/// Everything that a fold takes in.
pub enum Input {
    Event(Box<Event>),
    Snapshot(Snapshot),
}

impl Input {
    pub fn of(event: Event) -> Self {
        Self::Event(Box::new(event))
    }
}

/// Folds records in their order of time, and gives the rows of both tables a line each, sorted.
pub fn fold(inputs: Vec<Input>, named: &[(&str, &str)], fate: &Fate) -> (Vec<String>, Vec<String>) {
    let named = |name: &str| named.iter().find(|(known, _)| *known == name).map(|(_, id)| (*id).to_owned());
    let mut out = RuleTables {
        rules: TableBuilder::new(&SECURITY_GROUP_RULES),
        doubts: TableBuilder::new(&SECURITY_GROUP_RULE_DOUBTS),
    };
    let mut rules = Rules::default();
    for input in inputs {
        match input {
            Input::Snapshot(snapshot) => rules.snapshot(snapshot, &mut out),
            Input::Event(event) if event.name == "CreateSecurityGroup" => rules.create_group(&event, &mut out),
            Input::Event(event) => rules.change(&event, named, &mut out),
        }
    }
    rules.finish(|_, _| fate.clone(), &mut out);
    (lines(&out.rules.finish(), rule_line), lines(&out.doubts.finish(), doubt_line))
}

/// The same of events alone, in the order that the caller of the fold has them in.
pub fn fold_events(mut events: Vec<Event>) -> (Vec<String>, Vec<String>) {
    let rank = |name: &str| {
        let known = super::ORDER_WITHIN_A_SECOND.iter().find(|(known, _)| *known == name);
        known.map_or(super::RANK_OF_OTHERS, |(_, rank)| *rank)
    };
    events.sort_by_key(|event| (event.at, rank(&event.name), event.citation.event_id.clone()));
    fold(events.into_iter().map(Input::of).collect(), &[], &Fate::default())
}

#[test]
fn within_a_second_a_thing_is_made_before_it_is_used_and_gone_after_all_else() {
    let rank = |name: &str| {
        let known = super::ORDER_WITHIN_A_SECOND.iter().find(|(known, _)| *known == name);
        known.map_or(super::RANK_OF_OTHERS, |(_, rank)| *rank)
    };
    let chains: [&[&str]; 7] = [
        &["CreateVpc", "CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "ModifySecurityGroupRules"],
        &["ModifySecurityGroupRules", "RevokeSecurityGroupEgress", "DeleteSecurityGroup", "DeleteVpc"],
        &["CreateSubnet", "AssociateRouteTable", "CreateTags", "DeleteTags", "DeleteSubnet", "DeleteVpc"],
        &["CreateRouteTable", "CreateRoute", "ReplaceRoute", "DeleteRoute", "DeleteRouteTable"],
        &["CreateInternetGateway", "AttachInternetGateway", "DetachInternetGateway", "DeleteInternetGateway"],
        &["CreateVpcEndpoint", "ModifyVpcEndpoint", "CreateTags", "DeleteVpcEndpoints"],
        &["CreateModelCustomizationJob", "TagResource", "UntagResource"],
    ];
    for chain in chains {
        assert!(chain.is_sorted_by_key(|name| rank(name)), "{chain:?}");
        assert!(chain.windows(2).all(|pair| rank(pair[0]) != rank(pair[1])), "{chain:?}");
    }
    let mut names = super::ORDER_WITHIN_A_SECOND.map(|(name, _)| name);
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
}

fn lines(batch: &RecordBatch, line: impl Fn(&RecordBatch, usize) -> String) -> Vec<String> {
    let mut lines: Vec<String> = (0..batch.num_rows()).map(|row| line(batch, row)).collect();
    lines.sort();
    lines
}

fn text(batch: &RecordBatch, name: &str, row: usize) -> Option<String> {
    let column = batch[name].as_string::<i32>();
    column.is_valid(row).then(|| column.value(row).to_owned())
}

fn seconds(batch: &RecordBatch, name: &str, row: usize) -> String {
    let column = batch[name].as_primitive::<TimestampMicrosecondType>();
    if column.is_valid(row) { (column.value(row) / 1_000_000).to_string() } else { "?".to_owned() }
}

/// `sgr-1 in tcp 443-443 10.0.0.0/8 of 1 "web" | 5 authorized to 9 revoked`, `?` = null; the time it was seen at in
/// brackets, where that is not when it started.
fn rule_line(batch: &RecordBatch, row: usize) -> String {
    let port = |name| {
        let column = batch[name].as_primitive::<Int64Type>();
        if column.is_valid(row) { column.value(row).to_string() } else { "?".to_owned() }
    };
    let of = |name| text(batch, name, row).expect("it must be set");
    let or = |name, before: &str, after: &str| {
        text(batch, name, row).map(|text| format!("{before}{text}{after}")).unwrap_or_default()
    };
    let id = or("security_group_rule_id", "", " ");
    let direction = if batch["is_egress"].as_boolean().value(row) { "out" } else { "in" };
    let ports = format!("{}-{}", port("from_port"), port("to_port"));
    let ports = if ports == "?-?" { String::new() } else { ports + " " };
    let peer = format!("{}{}", of("peer"), or("peer_account_id", " of ", ""));
    let (started, seen) = (seconds(batch, "started_at", row), seconds(batch, "seen_at", row));
    let seen = if started == seen { String::new() } else { format!(" ({seen})") };
    let ended = match text(batch, "ended_how", row) {
        Some(how) => format!(" to {} {how}", seconds(batch, "ended_at", row)),
        None => String::new(),
    };
    let description = or("description", " \"", "\"");
    let how = of("started_how");
    format!("{id}{direction} {} {ports}{peer}{description} | {started}{seen} {how}{ended}", of("ip_protocol"))
}

/// `group_unknown sg-1: message`
fn doubt_line(batch: &RecordBatch, row: usize) -> String {
    let of = |name| text(batch, name, row).unwrap_or_else(|| "?".to_owned());
    format!("{} {} {}: {}", seconds(batch, "changed_at", row), of("doubt"), of("group_id"), of("message"))
}
