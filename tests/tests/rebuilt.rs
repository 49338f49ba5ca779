//! The network of a job as of any instant: its tags, what its groups allowed, and what `explain` tells of it.

use analytics::trail::record::Record;
use analytics::trail::record::bedrock::{JobRequest, Vpc, create_model_customization_job};
use analytics::trail::{Caller, Layout, Place as Where, log_file};
use chrono::{DateTime, TimeDelta, Utc};
use schemas::record::EC2;
use serde_json::{Value, json};

use crate::place::{Place, text};

const GROUP: &str = "sg-0123456789abcdef0";
const SUBNET: &str = "subnet-0123456789abcdef0";
const VPC: &str = "vpc-0123456789abcdef0";

fn here() -> Where {
    Where::new("111122223333", "eu-west-1")
}

fn minute(minute: i64) -> DateTime<Utc> {
    "2026-03-01T09:00:00Z".parse::<DateTime<Utc>>().expect("a time") + TimeDelta::minutes(minute)
}

fn somebody() -> Caller {
    Caller::role("111122223333", "platform", "anna")
}

fn call(at: i64, name: &str, request: Value, response: Value) -> Record {
    Record::new(&here(), &somebody(), minute(at), EC2, name, request, response)
}

fn tags(at: i64, name: &str, id: &str, keys: &[&str]) -> Record {
    let items: Vec<Value> = keys.iter().map(|key| json!({"key": key, "value": "x"})).collect();
    let request = json!({"resourcesSet": {"items": [{"resourceId": id}]}, "tagSet": {"items": items}});
    call(at, name, request, json!({"requestId": "r", "_return": true}))
}

const KEYS: [&str; 3] = ["Owner", "DataSensitivity", "CostCenter"];

/// A network made in the logs, all of it tagged, and a job in it.
fn story() -> Vec<Record> {
    let made = |name: &str, id: &str| json!({ name: {"vpcId": VPC, "subnetId": id, "isDefault": false} });
    let group = json!({"requestId": "r", "_return": true, "groupId": GROUP});
    let vpc = Vpc { subnet_ids: vec![SUBNET.into()], security_group_ids: vec![GROUP.into()] };
    let request = JobRequest {
        name: "job".into(),
        base_model: "amazon.titan-text-express-v1:0:8k".into(),
        training_data: "s3://data/a.jsonl".into(),
        role: "training".into(),
        vpc: Some(vpc),
        id: "abcdefghijkl".into(),
    };
    let mut records = vec![
        call(0, "CreateVpc", json!({"cidrBlock": "10.0.0.0/16"}), made("vpc", "")),
        call(1, "CreateSubnet", json!({"vpcId": VPC}), made("subnet", SUBNET)),
        call(2, "CreateSecurityGroup", json!({"groupName": "web", "vpcId": VPC}), group),
        create_model_customization_job(&here(), &somebody(), minute(10), &request),
    ];
    records.extend([VPC, SUBNET, GROUP].map(|id| tags(3, "CreateTags", id, &KEYS)));
    records
}

fn lake_of(records: &[Record]) -> Place {
    let place = Place::in_folders();
    place.deliver(&[log_file(&Layout::Plain, &here(), minute(60), "rebuiltrebuiltre", records)]);
    place.ingest(&[]).expect_status(0);
    place
}

fn tagged(place: &Place, options: &[&str]) -> (String, String) {
    let (_, rows) = place.audit(options);
    let row = rows.into_iter().find(|row| text(row, "control") == "job_network_tagged").expect("one job");
    (text(&row, "verdict").to_owned(), text(&row, "reason").to_owned())
}

#[test]
fn a_network_is_tagged_as_of_an_instant() {
    let mut records = story();
    assert_eq!(tagged(&lake_of(&records), &[]).0, "Compliant");
    records.push(tags(30, "DeleteTags", SUBNET, &["Owner"]));
    let place = lake_of(&records);
    let (verdict, reason) = tagged(&place, &[]);
    assert_eq!(verdict, "NonCompliant");
    assert!(reason.starts_with(SUBNET), "{reason}");
    assert_eq!(tagged(&place, &["--as-of", "2026-03-01T09:20:00Z"]).0, "Compliant");
    assert_eq!(tagged(&place, &["--mandatory-tags", "CostCenter"]).0, "Compliant");
    // A group that is older than the logs may have had its tags before.
    let older: Vec<Record> = story().into_iter().filter(|record| record.event_time() != minute(2)).collect();
    let without_tags: Vec<Record> =
        older.iter().filter(|record| !record.to_json().contains("CreateTags")).cloned().collect();
    assert_eq!(tagged(&lake_of(&older), &[]).0, "Compliant");
    let bare = lake_of(
        &[without_tags, vec![tags(3, "CreateTags", VPC, &KEYS), tags(3, "CreateTags", SUBNET, &KEYS)]].concat(),
    );
    let (verdict, reason) = tagged(&bare, &[]);
    assert_eq!(verdict, "Undetermined");
    assert!(reason.contains(GROUP) && reason.contains("older than the logs"), "{reason}");
}

#[test]
fn explain_tells_the_story_with_citations_and_says_what_nobody_knows() {
    let mut records = story();
    let rule = json!({"items": [{"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "ipRanges": {"items": [{"cidrIp": "10.1.0.0/16"}]}}]});
    let changed = |at, name: &str| {
        call(at, name, json!({"groupId": GROUP, "ipPermissions": rule}), json!({"requestId": "r", "_return": true}))
    };
    let changes = [changed(20, "AuthorizeSecurityGroupIngress"), changed(25, "RevokeSecurityGroupIngress")];
    records.extend(changes.clone());
    records.push(call(
        40,
        "DeleteSecurityGroup",
        json!({"groupId": GROUP}),
        json!({"requestId": "r", "_return": true}),
    ));
    let place = lake_of(&records);
    let explain =
        |args: &[&str]| place.program().arg("explain").args(args.iter().copied()).args(["--lake", &place.lake()]).run();
    let told = explain(&["job"]).expect_status(0).stdout;
    let order = [
        "security group sg-0123456789abcdef0 (web) was created",
        "the job was requested, in a VPC",
        "began to allow traffic in from 10.1.0.0/16 on tcp 443",
        "no longer allowed traffic in from 10.1.0.0/16 on tcp 443",
        "was deleted",
        "What its security groups allowed while it ran",
        "traffic in from 10.1.0.0/16 on tcp 443, from 2026-03-01T09:20:00Z until 2026-03-01T09:25:00Z",
    ];
    let places: Vec<_> =
        order.iter().map(|words| told.find(words).unwrap_or_else(|| panic!("{words}: {told}"))).collect();
    assert!(places.is_sorted(), "{told}");
    for record in &changes {
        assert!(told.contains(record.event_id()), "{told}");
    }
    let then = explain(&[GROUP, "--as-of", "2026-03-01T09:22:00Z"]).expect_status(0).stdout;
    assert!(then.contains("traffic in from 10.1.0.0/16 on tcp 443, since 2026-03-01T09:20:00Z"), "{then}");
    let later = explain(&[GROUP, "--as-of", "2026-03-01T09:30:00Z"]).expect_status(0).stdout;
    assert!(!later.contains("on tcp 443, since"), "{later}");
    let nobody = explain(&["nobody"]).expect_status(2);
    assert!(nobody.stderr.contains("tells of nobody"), "{}", nobody.stderr);
}
