//! Whole events through the handler, against AWS in memory.

mod memory;

use std::collections::BTreeMap;
use std::io::Read;
use std::time::Duration;

use config_rule::event::TEST_MODE_TOKEN;
use config_rule::evidence::S3Location;
use config_rule::failure::Failure;
use config_rule::handler::{Invocation, Rule};
use config_rule::settings::Settings;
use memory::{ACCOUNT, Memory, TIME_LIMIT, at};
use schemas::control::{ControlId, Verdict};
use serde_json::{Value, json};
use tokio::time::Instant;

const TYPE: &str = "Acme::Bedrock::Job";
const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:bedrock-audit";

fn settings() -> Settings {
    Settings {
        evidence: None,
        stop_unprotected_jobs: false,
        rule_names: vec!["bedrock-job-in-vpc".to_owned()],
        concurrency: 4,
        second_look_after: Duration::from_secs(3),
    }
}

fn rule(settings: Settings) -> Rule {
    Rule::new(settings, "eu-west-1".to_owned())
}

async fn handle(rule: &Rule, aws: &Memory, event: Value) -> Result<Value, Failure> {
    let invocation = Invocation {
        request_id: "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
        function_arn: FUNCTION,
        time_limit: Instant::now() + TIME_LIMIT,
    };
    rule.handle(event, invocation, aws, || at("2026-03-01T10:00:00Z")).await
}

fn event(invoking: &Value, control: ControlId, more: &Value) -> Value {
    let mut parameters = json!({"control": control.as_str(), "reportedResourceType": TYPE});
    if let (Some(all), Some(more)) = (parameters.as_object_mut(), more.as_object()) {
        all.extend(more.clone());
    }
    json!({"version": "1.0", "invokingEvent": invoking.to_string(), "ruleParameters": parameters.to_string(),
        "resultToken": "token", "configRuleName": "bedrock-job-in-vpc", "accountId": ACCOUNT, "eventLeftScope": false})
}

fn scheduled(control: ControlId) -> Value {
    let invoking = json!({"messageType": "ScheduledNotification", "notificationCreationTime": "2026-03-01T09:00:00Z"});
    event(&invoking, control, &json!({}))
}

fn group_deleted(id: &str) -> Value {
    let invoking = json!({"messageType": "ConfigurationItemChangeNotification", "notificationCreationTime": "2026-03-01T09:30:00Z",
        "configurationItem": {"resourceType": "AWS::EC2::SecurityGroup", "resourceId": id, "configurationItemStatus": "ResourceDeleted",
            "configuration": null, "configurationItemCaptureTime": "2026-02-01T00:00:00Z"}});
    event(&invoking, ControlId::JobSecurityGroupsExist, &json!({}))
}

fn shown(pairs: &[(&str, &'static str)]) -> BTreeMap<String, &'static str> {
    pairs.iter().map(|&(name, compliance)| (name.to_owned(), compliance)).collect()
}

#[tokio::test(start_paused = true)]
async fn each_job_turns_as_the_account_does_and_what_is_gone_is_cleared() {
    let (aws, rule) = (Memory::default(), rule(settings()));
    aws.group("sg-1");
    aws.job("inside", "Completed", Some(&["sg-1"]));
    aws.job("outside", "Completed", None);
    let control = ControlId::JobSecurityGroupsExist;
    handle(&rule, &aws, scheduled(control)).await.expect("complete");
    assert_eq!(aws.shown(), shown(&[("inside", "COMPLIANT")]));

    aws.state().groups.clear();
    let answer = handle(&rule, &aws, group_deleted("sg-1")).await.expect("complete");
    assert_eq!(aws.shown(), shown(&[("inside", "NON_COMPLIANT")]));
    assert_eq!(answer["jobs"], 1, "only the job that names the group");

    aws.state().jobs.clear();
    let answer = handle(&rule, &aws, scheduled(control)).await.expect("complete");
    assert_eq!((aws.shown(), &answer["cleared"]), (BTreeMap::new(), &json!(1)));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_cannot_be_read_is_reported_as_nothing_and_the_invocation_fails_naming_it() {
    let (aws, rule) = (Memory::default(), rule(settings()));
    aws.group("sg-1");
    let denied = aws.job("denied", "InProgress", Some(&["sg-1"]));
    aws.job("outside", "InProgress", None);
    handle(&rule, &aws, scheduled(ControlId::JobInVpc)).await.expect("complete");
    assert_eq!(aws.shown(), shown(&[("denied", "COMPLIANT"), ("outside", "NON_COMPLIANT")]));

    aws.state().get_fails.insert(denied.clone());
    aws.state().jobs.retain(|(job, ..)| job.name != "outside");
    aws.job("new", "InProgress", None);
    let failure = handle(&rule, &aws, scheduled(ControlId::JobInVpc)).await.expect_err("incomplete").to_string();
    for part in ["1 of 2 jobs", &denied, "bedrock:GetModelCustomizationJob", "AccessDeniedException"] {
        assert!(failure.contains(part), "{part}: {failure}");
    }
    // The last known results stay, that of a job that is gone too: nothing is cleared by a run that could not read all.
    assert_eq!(aws.shown(), shown(&[("denied", "COMPLIANT"), ("new", "NON_COMPLIANT"), ("outside", "NON_COMPLIANT")]));
}

#[tokio::test(start_paused = true)]
async fn after_a_listing_that_was_cut_short_nothing_stale_is_cleared() {
    let (aws, rule) = (Memory::default(), rule(settings()));
    aws.job("first", "Completed", None);
    aws.job("second", "Completed", None);
    handle(&rule, &aws, scheduled(ControlId::JobInVpc)).await.expect("complete");
    aws.state().jobs.pop();
    aws.state().listing_is_cut = true;
    let failure = handle(&rule, &aws, scheduled(ControlId::JobInVpc)).await.expect_err("incomplete").to_string();
    assert!(failure.contains("bedrock:ListModelCustomizationJobs"), "{failure}");
    assert_eq!(aws.shown().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_group_that_appears_on_the_second_look_exists() {
    let (aws, rule) = (Memory::default(), rule(settings()));
    aws.group("sg-1");
    aws.state().just_created.insert("sg-1".to_owned());
    aws.job("inside", "InProgress", Some(&["sg-1"]));
    handle(&rule, &aws, scheduled(ControlId::JobSecurityGroupsExist)).await.expect("complete");
    assert_eq!(aws.shown(), shown(&[("inside", "COMPLIANT")]));
}

#[tokio::test(start_paused = true)]
async fn a_refused_read_of_groups_is_no_deletion() {
    let (aws, rule) = (Memory::default(), rule(settings()));
    aws.job("inside", "InProgress", Some(&["sg-1"]));
    aws.state().groups_fail = true;
    let failure = handle(&rule, &aws, scheduled(ControlId::JobSecurityGroupsExist)).await.expect_err("incomplete");
    assert!(failure.to_string().contains("ec2:DescribeSecurityGroups"), "{failure}");
    assert_eq!(aws.shown(), BTreeMap::new());
}

#[tokio::test(start_paused = true)]
async fn a_bad_job_whose_waiver_cannot_be_read_is_undetermined() {
    let (aws, rule) = (Memory::default(), rule(settings()));
    aws.job("outside", "InProgress", None);
    aws.state().tags_fail = true;
    let failure = handle(&rule, &aws, scheduled(ControlId::JobInVpc)).await.expect_err("incomplete").to_string();
    assert!(failure.contains("bedrock:ListTagsForResource"), "{failure}");
    assert_eq!(aws.shown(), BTreeMap::new());
}

#[tokio::test(start_paused = true)]
async fn evaluations_go_in_batches_of_a_hundred_and_none_at_all_is_reported_too() {
    let (aws, rule) = (Memory::default(), rule(settings()));
    handle(&rule, &aws, scheduled(ControlId::JobInVpc)).await.expect("complete");
    assert_eq!(aws.state().batches, [0]);
    for number in 0..250 {
        aws.job(&format!("job-{number}"), "Completed", None);
    }
    handle(&rule, &aws, scheduled(ControlId::JobInVpc)).await.expect("complete");
    assert_eq!(aws.state().batches[1..], [100, 100, 50]);
}

#[tokio::test(start_paused = true)]
async fn failed_evaluations_are_sent_again_then_named() {
    let (aws, rule) = (Memory::default(), rule(settings()));
    let (once, always) = (aws.job("once", "Completed", None), aws.job("always", "Completed", None));
    aws.state().takes_not = [(once, 1), (always.clone(), 9)].into();
    let failure = handle(&rule, &aws, scheduled(ControlId::JobInVpc)).await.expect_err("incomplete").to_string();
    assert!(failure.contains(&format!("did not take the NON_COMPLIANT evaluation of {always}")), "{failure}");
    assert_eq!(aws.state().batches, [2, 2, 1]);
    assert_eq!(aws.shown(), shown(&[("once", "NON_COMPLIANT")]));
}

#[tokio::test(start_paused = true)]
async fn a_type_that_config_refuses_falls_back_to_the_account_and_says_how_to_register_it() {
    let (aws, rule) = (Memory::default(), rule(settings()));
    aws.job("outside", "Completed", None);
    aws.state().refuses_type = Some(TYPE.to_owned());
    let failure = handle(&rule, &aws, scheduled(ControlId::JobInVpc)).await.expect_err("loud").to_string();
    assert!(failure.contains("register-type --type RESOURCE --type-name Acme::Bedrock::Job"), "{failure}");
    assert_eq!(aws.shown(), shown(&[(ACCOUNT, "NON_COMPLIANT")]));

    aws.state().refuses_type = None;
    handle(&rule, &aws, scheduled(ControlId::JobInVpc)).await.expect("registered since");
    assert_eq!(aws.shown(), shown(&[("outside", "NON_COMPLIANT")]), "the result for the account is stale now");
}

#[tokio::test(start_paused = true)]
async fn each_job_is_recorded_when_it_is_new_or_has_changed() {
    let (aws, rule) = (Memory::default(), rule(settings()));
    aws.job("one", "InProgress", None);
    aws.job("two", "InProgress", None);
    for _ in 0..2 {
        handle(&rule, &aws, scheduled(ControlId::JobInVpc)).await.expect("complete");
    }
    assert_eq!(aws.state().put_items, ["one", "two"]);
    aws.state().jobs[1].0.status = "Completed".to_owned();
    let answer = handle(&rule, &aws, scheduled(ControlId::JobInVpc)).await.expect("complete");
    assert_eq!((aws.state().put_items.len(), &answer["recorded"]), (3, &json!(1)));

    aws.state().record_fails = true;
    aws.job("three", "InProgress", None);
    let failure = handle(&rule, &aws, scheduled(ControlId::JobInVpc)).await.expect_err("incomplete").to_string();
    assert!(failure.contains("config:PutResourceConfig"), "{failure}");
    assert_eq!(aws.shown().len(), 3, "verdicts are never lost");
}

#[tokio::test(start_paused = true)]
async fn verdicts_go_before_records_and_what_there_is_no_time_to_record_is_left() {
    let (aws, rule) = (Memory::default(), rule(settings()));
    for number in 0..300 {
        aws.job(&format!("job-{number}"), "Completed", None);
    }
    // Each batch of a hundred takes longer than what is left after the first.
    aws.state().recording_takes = Duration::from_secs(40);
    let answer = handle(&rule, &aws, scheduled(ControlId::JobInVpc)).await.expect("complete");
    assert_eq!((&answer["evaluations"], &answer["recorded"]), (&json!(300), &json!(200)));
    assert!(answer["notes"][0].as_str().is_some_and(|note| note.starts_with("100 jobs are left")), "{answer}");
    assert_eq!(aws.shown().len(), 300);
}

#[tokio::test(start_paused = true)]
async fn a_warm_function_gets_finished_jobs_once() {
    let (aws, rule) = (Memory::default(), rule(settings()));
    aws.job("finished", "Completed", None);
    aws.job("running", "InProgress", None);
    for _ in 0..3 {
        handle(&rule, &aws, scheduled(ControlId::JobInVpc)).await.expect("complete");
    }
    let gets = aws.state().gets.iter().filter(|arn| arn.ends_with("finished")).count();
    assert_eq!((gets, aws.state().gets.len()), (1, 4));
}

#[tokio::test(start_paused = true)]
async fn a_trial_stores_nothing() {
    let (aws, rule) = (Memory::default(), rule(settings()));
    aws.job("outside", "Completed", None);
    let mut event = scheduled(ControlId::JobInVpc);
    event["resultToken"] = json!(TEST_MODE_TOKEN);
    let answer = handle(&rule, &aws, event).await.expect("complete");
    assert_eq!((&answer["test"], &answer["non_compliant"]), (&json!(true), &json!(1)));
    assert_eq!((aws.shown(), aws.state().put_items.len()), (BTreeMap::new(), 0));
}

#[tokio::test(start_paused = true)]
async fn evidence_holds_facts_and_verdicts_and_its_failure_comes_after_the_evaluations() {
    let evidence = S3Location::parse("s3://evidence/audit").expect("a location");
    let (aws, rule) = (Memory::default(), rule(Settings { evidence: Some(evidence), ..settings() }));
    aws.group("sg-1");
    aws.job("inside", "InProgress", Some(&["sg-1"]));
    handle(&rule, &aws, scheduled(ControlId::JobSecurityGroupsExist)).await.expect("complete");
    let (key, bytes) = aws.state().evidence.pop_first().expect("one object");
    let expected = "audit/account_id=111122223333/region=eu-west-1/date=2026-03-01/090000-bedrock-job-in-vpc-8476a536";
    assert!(key.starts_with(expected), "{key}");
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).expect("gzip of text");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let records: Vec<&str> = lines.iter().filter_map(|line| line["record"].as_str()).collect();
    assert_eq!(records, ["run", "finding", "security_group"]);
    assert_eq!(
        (&lines[1]["verdict"], &lines[1]["job"]["name"]),
        (&json!(Verdict::Compliant.as_str()), &json!("inside"))
    );

    aws.state().evidence_fails = true;
    aws.state().groups.clear();
    let failure = handle(&rule, &aws, scheduled(ControlId::JobSecurityGroupsExist)).await.expect_err("incomplete");
    assert!(failure.to_string().contains("evidence was not written: s3:PutObject"), "{failure}");
    assert_eq!(aws.shown(), shown(&[("inside", "NON_COMPLIANT")]));
}

#[tokio::test(start_paused = true)]
async fn another_account_is_reached_through_its_role_or_not_at_all() {
    let (aws, rule) = (Memory::default(), rule(settings()));
    let of_member = |more: &Value| {
        let invoking =
            json!({"messageType": "ScheduledNotification", "notificationCreationTime": "2026-03-01T09:00:00Z"});
        let mut event = event(&invoking, ControlId::JobInVpc, more);
        event["accountId"] = json!("222233334444");
        event
    };
    let failure = handle(&rule, &aws, of_member(&json!({}))).await.expect_err("no way in").to_string();
    assert!(failure.contains("executionRoleName") && failure.contains("222233334444"), "{failure}");
    let role = json!({"executionRoleName": "BedrockAudit"});
    handle(&rule, &aws, of_member(&role)).await.expect("complete");
    let role_arn = aws.state().reached[0].role_arn.clone();
    assert_eq!(role_arn.as_deref(), Some("arn:aws:iam::222233334444:role/BedrockAudit"));
}

fn state_change(arn: &str) -> Value {
    json!({"version": "0", "detail-type": "Model Customization Job State Change", "source": "aws.bedrock", "account": ACCOUNT,
        "time": "2026-03-01T09:59:00Z", "region": "eu-west-1", "detail": {"jobArn": arn, "jobStatus": "InProgress"}})
}

#[tokio::test(start_paused = true)]
async fn a_job_is_stopped_only_where_the_owner_opted_in() {
    let aws = Memory::default();
    let outside = aws.job("outside", "InProgress", None);
    handle(&rule(settings()), &aws, state_change(&outside)).await.expect("complete");
    assert!(aws.state().stopped.is_empty());
    assert_eq!(aws.state().starts, 1);

    let rule = rule(Settings { stop_unprotected_jobs: true, ..settings() });
    let inside = aws.job("inside", "InProgress", Some(&["sg-1"]));
    let ended = aws.job("ended", "Completed", None);
    for arn in [&inside, &ended, &outside] {
        handle(&rule, &aws, state_change(arn)).await.expect("complete");
    }
    assert_eq!(aws.state().stopped, std::slice::from_ref(&outside));

    aws.state().get_fails.insert(inside.clone());
    let failure = handle(&rule, &aws, state_change(&inside)).await.expect_err("unknown").to_string();
    assert!(failure.contains("bedrock:GetModelCustomizationJob"), "{failure}");
    assert_eq!(aws.state().stopped, [outside]);
}

#[tokio::test(start_paused = true)]
async fn of_a_burst_of_events_one_asks_config_and_a_busy_config_is_normal() {
    let (aws, rule) = (Memory::default(), rule(settings()));
    let arn = aws.job("outside", "InProgress", None);
    for _ in 0..3 {
        handle(&rule, &aws, state_change(&arn)).await.expect("complete");
    }
    assert_eq!(aws.state().starts, 1, "the others happened before it was asked");
    let mut later = state_change(&arn);
    later["time"] = json!("2026-03-01T10:00:01Z");
    aws.state().busy = true;
    let answer = handle(&rule, &aws, later).await.expect("busy is normal");
    assert!(answer["evaluation"].as_str().is_some_and(|text| text.contains("LimitExceededException")), "{answer}");
    assert_eq!(aws.state().starts, 2);
}
