//! What the records mean: the traps of deletions, names, tags and masked requests, one case each.

use analytics::trail::log_file::{Layout, LogFile, log_file};
use analytics::trail::record::bedrock::{
    JobRequest, Vpc, create_model_customization_job, stop_model_customization_job,
};
use analytics::trail::record::ec2::{InterfaceRequest, create_network_interface, create_vpc, delete_vpc};
use analytics::trail::record::security_group::{
    create_security_group, delete_security_group_by_id, delete_security_group_by_name,
};
use analytics::trail::record::{Record, masked, omitted};
use analytics::trail::{Caller, Place as Where};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::place::{Place, text};

const ACCOUNT: &str = "111122223333";
const GROUP: &str = "sg-0123456789abcdef0";
const SUBNET: &str = "subnet-0123456789abcdef0";
const VPC: &str = "vpc-0123456789abcdef0";

fn here() -> Where {
    Where::new(ACCOUNT, "eu-west-1")
}

fn somebody() -> Caller {
    Caller::role(ACCOUNT, "platform", "anna")
}

fn bedrock() -> Caller {
    Caller::role(ACCOUNT, "training", "BedrockSession").via("bedrock.amazonaws.com")
}

fn minute(n: i64) -> DateTime<Utc> {
    "2026-03-04T05:00:00Z".parse::<DateTime<Utc>>().expect("a time") + TimeDelta::minutes(n)
}

fn request(vpc: Option<Vpc>) -> JobRequest {
    JobRequest {
        name: "job".into(),
        base_model: "amazon.titan-text-express-v1:0:8k".into(),
        training_data: "s3://data/a.jsonl".into(),
        role: "training".into(),
        vpc,
        id: "abcdefghijkl".into(),
    }
}

fn job_in_vpc() -> Record {
    let vpc = Vpc { subnet_ids: vec![SUBNET.into()], security_group_ids: vec![GROUP.into()] };
    create_model_customization_job(&here(), &somebody(), minute(10), &request(Some(vpc)))
}

fn job_outside_vpc() -> Record {
    create_model_customization_job(&here(), &somebody(), minute(10), &request(None))
}

fn group(id: &str, name: &str, vpc_id: &str) -> Record {
    create_security_group(&here(), &somebody(), minute(0), id, name, vpc_id)
}

fn interface(caller: &Caller, place: &Where, vpc_id: &str, name: &str) -> Record {
    let request = InterfaceRequest {
        id: "eni-0123456789abcdef0".into(),
        subnet_id: SUBNET.into(),
        vpc_id: vpc_id.into(),
        groups: vec![(GROUP.into(), name.into())],
        job_arn: Some(request(None).arn(&here())),
    };
    create_network_interface(place, caller, minute(12), &request)
}

fn delivered(place: &Where, records: &[Record]) -> LogFile {
    log_file(&Layout::Plain, place, minute(60), "historyhistoryhi", records)
}

/// A lake over some records; their order in the log file is the reverse of that in time.
fn lake_of(records: &[Record]) -> Place {
    let mut reversed = records.to_vec();
    reversed.reverse();
    let place = Place::in_folders();
    place.deliver(&[delivered(&here(), &reversed)]);
    place.ingest(&[]).expect_status(0);
    place
}

/// The verdicts on the only job: in VPC, groups exist, groups not default.
fn judge(place: &Place) -> [String; 3] {
    let (_, mut rows) = place.last_verdicts();
    let judged = ["job_in_vpc", "job_security_groups_exist", "job_security_groups_not_default"];
    rows.retain(|row| judged.contains(&text(row, "control")));
    assert_eq!(rows.len(), 3, "one job: {rows:?}");
    assert!(rows.iter().all(|row| !text(row, "reason").is_empty()), "{rows:?}");
    [0, 1, 2].map(|at| text(&rows[at], "verdict").to_owned())
}

fn check(records: &[Record], expected: [&str; 3]) -> Place {
    let place = lake_of(records);
    assert_eq!(judge(&place), expected);
    place
}

const FINE: [&str; 3] = ["Compliant", "Compliant", "Compliant"];
const LOST: [&str; 3] = ["Compliant", "NonCompliant", "Compliant"];
const OPEN: [&str; 3] = ["Compliant", "Undetermined", "Compliant"];
const NAMELESS: [&str; 3] = ["Compliant", "Undetermined", "Undetermined"];

#[test]
fn a_name_is_that_of_a_group_in_the_default_vpc() {
    let by_name = delete_security_group_by_name(&here(), &somebody(), minute(20), "WEB");
    let other_vpc = create_vpc(&here(), &somebody(), minute(-1), VPC, "10.0.0.0/16");
    let without_vpc = |mut record: Record| {
        record.0["requestParameters"].as_object_mut().expect("parameters").remove("vpcId");
        record
    };
    // The only group of that name; whether its VPC is the default one is not in the logs.
    check(&[group(GROUP, "web", VPC), job_in_vpc(), by_name.clone()], LOST);
    // Its VPC is known not to be the default one: the name was another group's.
    check(&[other_vpc, group(GROUP, "web", VPC), job_in_vpc(), by_name.clone()], FINE);
    // Created without a VPC, it is in the default one, whatever namesakes other VPCs have.
    let namesake = group("sg-0fedcba987654321f", "web", "vpc-0fedcba987654321f");
    check(&[without_vpc(group(GROUP, "web", VPC)), namesake.clone(), job_in_vpc(), by_name.clone()], LOST);
    // Two of that name in VPCs of which nothing is known: nobody can say which.
    check(&[group(GROUP, "web", VPC), namesake, job_in_vpc(), by_name], OPEN);
}

#[test]
fn a_deletion_that_cannot_be_traced_leaves_the_groups_it_may_have_hit_undetermined() {
    let untold = delete_security_group_by_id(&here(), &somebody(), minute(20), GROUP)
        .with("requestParameters", Value::Null)
        .with("responseElements", json!({"_return": true}));
    check(&[job_in_vpc(), untold.clone()], NAMELESS);
    check(&[group(GROUP, "web", VPC), job_in_vpc(), untold], OPEN);
    let by_name = delete_security_group_by_name(&here(), &somebody(), minute(20), "no-such-name");
    check(&[job_in_vpc(), by_name.clone()], NAMELESS);
    check(&[group(GROUP, "web", VPC), job_in_vpc(), by_name], FINE);
    let with_vpc = delete_vpc(&here(), &somebody(), minute(20), "vpc-0fedcba987654321f");
    check(&[job_in_vpc(), with_vpc.clone()], NAMELESS);
    check(&[group(GROUP, "web", VPC), job_in_vpc(), with_vpc], FINE);
}

#[test]
fn a_refused_call_changes_nothing_and_its_words_teach_nothing() {
    let delete = |minutes| delete_security_group_by_id(&here(), &somebody(), minute(minutes), GROUP);
    let created = group(GROUP, "web", VPC);
    for code in ["Client.DependencyViolation", "Client.DryRunOperation", "Client.UnauthorizedOperation"] {
        check(&[created.clone(), job_in_vpc(), delete(20).refused(code, "no")], FINE);
    }
    let unreturned = delete(20).with("responseElements", json!({"_return": false}));
    check(&[created, job_in_vpc(), unreturned], FINE);
    // Whoever is refused may have written any name beside the id.
    let mut lie = delete(20).refused("Client.InvalidParameterCombination", "not both");
    lie.0["requestParameters"]["groupName"] = "harmless".into();
    let proof = delete(21).refused("Client.CannotDelete", "the default group");
    check(&[job_in_vpc(), lie.clone()], ["Compliant", "Compliant", "Undetermined"]);
    check(&[job_in_vpc(), lie, proof], ["Compliant", "Compliant", "NonCompliant"]);
}

#[test]
fn a_group_goes_with_its_vpc_unless_it_went_by_itself() {
    let vpc = delete_vpc(&here(), &somebody(), minute(20), VPC);
    let by_itself = delete_security_group_by_id(&here(), &Caller::user(ACCOUNT, "eve"), minute(21), GROUP);
    let place = check(&[group(GROUP, "web", VPC), job_in_vpc(), vpc.clone(), by_itself], LOST);
    let life = &place.sql("select deleted_how, deleted_by from security_groups where group_id like 'sg-0123%'")[0];
    assert_eq!((text(life, "deleted_how"), text(life, "deleted_by")), ("by_id", "arn:aws:iam::111122223333:user/eve"));
    let place = check(
        &[job_in_vpc(), interface(&bedrock(), &here(), VPC, "default"), vpc],
        ["Compliant", "NonCompliant", "NonCompliant"],
    );
    let deletions = place.query("security_group_deletions", &[]);
    assert_eq!(deletions.len(), 1);
    assert_eq!((text(&deletions[0], "how"), text(&deletions[0], "group_id")), ("by_delete_vpc", GROUP));
}

#[test]
fn only_bedrock_or_the_jobs_role_can_speak_for_its_interfaces() {
    let outside = ["NonCompliant", "NotApplicable", "NotApplicable"];
    let elsewhere = Where::new("999999999999", "eu-west-1");
    let stranger = Caller::role("999999999999", "any", "one").via("bedrock.amazonaws.com");
    check(&[job_outside_vpc(), interface(&stranger, &elsewhere, VPC, "web")], outside);
    check(&[job_outside_vpc(), interface(&somebody(), &here(), VPC, "web")], outside);
    check(&[masked(job_in_vpc()), interface(&somebody(), &here(), VPC, "web")], ["Undetermined"; 3]);
    check(&[masked(job_in_vpc()), interface(&bedrock(), &here(), VPC, "web")], FINE);
    check(
        &[omitted(job_in_vpc()), interface(&bedrock(), &here(), VPC, "default")],
        ["Compliant", "Compliant", "NonCompliant"],
    );
    // With the job's own role, which its request names.
    check(&[job_in_vpc(), interface(&Caller::role(ACCOUNT, "training", "x"), &here(), VPC, "web")], FINE);
    // The request says no VPC and Bedrock itself contradicts it.
    let (_, rows) = lake_of(&[job_outside_vpc(), interface(&bedrock(), &here(), VPC, "web")]).last_verdicts();
    assert_eq!(text(&rows[0], "verdict"), "Undetermined");
    assert!(text(&rows[0], "reason").contains("yet Bedrock made an interface"), "{rows:?}");
}

#[test]
fn a_job_is_judged_by_whatever_the_logs_have_of_it() {
    // Older than the logs: only its interface shows it.
    let deletion = delete_security_group_by_id(&here(), &somebody(), minute(20), GROUP);
    let place = check(&[interface(&bedrock(), &here(), VPC, "web"), deletion.clone()], LOST);
    assert_eq!(place.query("jobs_with_deleted_security_groups", &[]).len(), 1);
    // The response was omitted: nobody knows the ARN, but the request names the groups.
    let nameless = job_in_vpc().with("responseElements", Value::Null);
    check(&[group(GROUP, "web", VPC), nameless, deletion], LOST);
    // A repeated request makes no second job.
    let again = job_in_vpc().with("eventID", "11111111-2222-4333-8444-555555555555".into());
    check(&[group(GROUP, "web", VPC), job_in_vpc(), again], FINE);
    // A refused one makes none at all.
    let refused = lake_of(&[job_in_vpc().refused("ValidationException", "no")]);
    assert_eq!(refused.last_verdicts().1.len(), 0);
    assert_eq!(refused.query("refused_job_requests", &[]).len(), 1);
}

#[test]
fn ids_are_of_an_account_and_a_region() {
    for elsewhere in [Where::new("444455556666", "eu-west-1"), Where::new(ACCOUNT, "us-east-1")] {
        let deletion = delete_security_group_by_id(&elsewhere, &Caller::user(ACCOUNT, "anna"), minute(20), GROUP);
        check(&[group(GROUP, "web", VPC), job_in_vpc(), deletion], FINE);
    }
}

#[test]
fn copies_that_several_accounts_receive_are_one_action() {
    let shared = |record: Record| record.with("sharedEventID", "shared-1".into());
    let deletion = shared(delete_security_group_by_id(&here(), &somebody(), minute(20), GROUP));
    let copy = deletion.clone().with("recipientAccountId", "444455556666".into());
    let copy = copy.with("eventID", "00000000-0000-4000-8000-000000000000".into());
    let place = check(&[group(GROUP, "web", VPC), job_in_vpc(), copy, deletion], LOST);
    assert_eq!(place.query("security_group_deletions", &[]).len(), 1);
}

#[test]
fn a_stop_request_tells_whether_the_job_still_ran() {
    let arn = request(None).arn(&here());
    let deletion = delete_security_group_by_id(&here(), &somebody(), minute(20), GROUP);
    for (stopped_at, identifier, expected) in [
        (15, arn.clone(), "after"),
        (25, arn.replace(':', "%3A").replace('/', "%2F"), "during"),
        (25, "job".to_owned(), "during"),
    ] {
        let stop = stop_model_customization_job(&here(), &somebody(), minute(stopped_at), &identifier);
        let place = check(&[group(GROUP, "web", VPC), job_in_vpc(), deletion.clone(), stop], LOST);
        let lost = &place.query("jobs_with_deleted_security_groups", &[])[0];
        assert_eq!(text(lost, "relative_to_run"), expected, "{identifier}");
    }
    let early = delete_security_group_by_id(&here(), &somebody(), minute(5), GROUP);
    for (deletion, expected) in [(early, "before"), (deletion, "unknown")] {
        let place = check(&[group(GROUP, "web", VPC), job_in_vpc(), deletion], LOST);
        assert_eq!(text(&place.query("jobs_with_deleted_security_groups", &[])[0], "relative_to_run"), expected);
    }
}

#[test]
fn parameters_that_no_json_reader_takes_are_unknown_not_absent() {
    let text = job_outside_vpc().to_json().replace("\"jobName\":", "\"odd\":\"\\ud800\",\"jobName\":");
    let place = Place::in_folders();
    let key = delivered(&here(), &[]).key.replace(".json.gz", ".json");
    place.deliver(&[LogFile { key, bytes: format!("{{\"Records\":[{text}]}}").into_bytes() }]);
    place.ingest(&[]).expect_status(0);
    assert_eq!(judge(&place), ["Undetermined"; 3]);
}
