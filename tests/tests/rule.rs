//! The Lambda whole: the shipped binary over its Runtime API, against a strict stand-in for the AWS APIs.

use std::collections::BTreeMap;
use std::io::Read;
use std::time::Duration;

use end_to_end::aws_server::{ACCOUNT, AwsServer, REGION};
use end_to_end::config_events::{
    changed, deleted_item, item, item_summary, job_created_event, job_state_change, oversized, scheduled,
    security_group_deleted_event,
};
use end_to_end::runtime_api::Lambda;
use schemas::job::JobKind;
use serde_json::{Value, json};

/// The private type that the tests register.
pub const TYPE: &str = "Acme::Bedrock::Job";
/// The rule of the tests.
pub const RULE: &str = "bedrock-jobs";
const VPC: &str = "vpc-0a0a0a0a0a0a0a0a0";
const SUBNET: &str = "subnet-0b0b0b0b0b0b0b0b0";
const GROUP: &str = "sg-0c0c0c0c0c0c0c0c0";
const EVIDENCE: &str = "audit-evidence";

/// A stand-in with a rule, the registered type, a VPC, a subnet and a group.
pub fn aws() -> AwsServer {
    let aws = AwsServer::start();
    let mut state = aws.state();
    let home = state.home();
    home.add_rule(RULE);
    home.register_type(TYPE, Some(resource_type_schema()));
    home.add_vpc(VPC);
    home.add_subnet(SUBNET, VPC);
    home.add_security_group(GROUP, VPC);
    drop(state);
    aws
}

fn resource_type_schema() -> Value {
    let path = crate::place::repository().join("schemas/json/bedrock-job.resource-type.json");
    let text = std::fs::read_to_string(path).expect("the schema is in the repository");
    serde_json::from_str(&text).expect("the schema is JSON")
}

/// The function, with settings of its own.
pub fn lambda_with(aws: &AwsServer, settings: &[(&str, &str)]) -> Lambda {
    let mut environment = aws.environment();
    environment.push(("SECOND_LOOK_SECONDS".to_owned(), "0".to_owned()));
    environment.extend(settings.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())));
    Lambda::start(env!("CARGO_BIN_EXE_bootstrap-under-test"), &environment)
}

/// The function as it comes.
pub fn lambda(aws: &AwsServer) -> Lambda {
    lambda_with(aws, &[])
}

/// Rule parameters with the private type.
pub fn parameters(control: &str) -> Value {
    json!({"control": control, "reportedResourceType": TYPE})
}

/// A scheduled evaluation, at a minute of one day.
pub fn schedule(aws: &AwsServer, control: &str, minute: u32) -> Value {
    let token = aws.state().home().hand_out_token(RULE);
    scheduled(RULE, &token, Some(&parameters(control)), ACCOUNT, &at(minute))
}

/// A minute of one day.
pub fn at(minute: u32) -> String {
    format!("2026-03-01T{:02}:{:02}:00.000Z", minute / 60, minute % 60)
}

/// What the console shows: the end of the id, and the compliance.
pub fn shown(aws: &AwsServer) -> BTreeMap<String, String> {
    let mut state = aws.state();
    let home = state.home();
    let names: BTreeMap<String, String> = home.jobs.iter().map(|job| (job.arn.clone(), job.name.clone())).collect();
    let name = |id: &String| names.get(id).unwrap_or(id).clone();
    home.rule(RULE).results.iter().map(|((_, id), result)| (name(id), result.compliance.clone())).collect()
}

/// What is expected to be shown.
pub fn pairs(all: &[(&str, &str)]) -> BTreeMap<String, String> {
    all.iter().map(|&(name, compliance)| (name.to_owned(), compliance.to_owned())).collect()
}

fn annotation(aws: &AwsServer, name: &str) -> String {
    let mut state = aws.state();
    let arn = state.home().job(name).arn.clone();
    let result = &state.home().rule(RULE).results[&(TYPE.to_owned(), arn)];
    result.annotation.clone().unwrap_or_default()
}

#[test]
fn the_console_follows_the_account_job_by_job() {
    let (aws, control) = (aws(), "job_security_groups_exist");
    aws.state().home().add_job("claims").in_vpc(&[SUBNET], &[GROUP]);
    aws.state().home().add_job("churn");
    let lambda = lambda(&aws);
    lambda.invoke(&schedule(&aws, control, 0)).expect_answer();
    assert_eq!(shown(&aws), pairs(&[("claims", "COMPLIANT")]));

    aws.state().home().delete_security_group(GROUP);
    let token = aws.state().home().hand_out_token(RULE);
    let item = deleted_item("AWS::EC2::SecurityGroup", GROUP, ACCOUNT, REGION, "2025-01-01T00:00:00.000Z");
    lambda.invoke(&changed(RULE, &token, Some(&parameters(control)), item, &at(5))).expect_answer();
    assert_eq!(shown(&aws), pairs(&[("claims", "NON_COMPLIANT")]));
    assert_eq!(
        annotation(&aws, "claims"),
        "job_security_groups_exist: claims names security groups that do not exist: sg-0c0c0c0c0c0c0c0c0; create the job \
         again with security groups that exist"
    );
    assert!(aws.state().ignored_as_older.is_empty(), "a deletion is not older than the schedule before it");

    aws.state().home().jobs.clear();
    lambda.invoke(&schedule(&aws, control, 60)).expect_answer();
    assert_eq!(shown(&aws), BTreeMap::new(), "stale results are gone");
}

#[test]
fn every_job_is_got_because_the_list_has_no_vpc_config() {
    let aws = aws();
    aws.state().page_size = Some(2);
    for (number, status) in ["InProgress", "Completed", "Failed", "Stopping", "Stopped"].into_iter().enumerate() {
        aws.state().home().add_job(&format!("outside-{number}")).status(status);
        aws.state().home().add_job(&format!("inside-{number}")).status(status).in_vpc(&[SUBNET], &[GROUP]);
    }
    aws.state().home().add_job_of(JobKind::ModelImport, "import").in_vpc(&[SUBNET], &[GROUP]);
    aws.state().home().add_job_of(JobKind::ModelInvocation, "batch").status("PartiallyCompleted");
    let lambda = lambda(&aws);
    let answer = lambda.invoke(&schedule(&aws, "job_in_vpc", 0)).expect_answer();
    assert_eq!((&answer["compliant"], &answer["non_compliant"]), (&json!(6), &json!(6)));
    let shown = shown(&aws);
    assert_eq!((shown["outside-4"].as_str(), shown["inside-4"].as_str()), ("NON_COMPLIANT", "COMPLIANT"));
    assert_eq!((shown["import"].as_str(), shown["batch"].as_str()), ("COMPLIANT", "NON_COMPLIANT"));
}

#[test]
fn finished_jobs_are_got_once_by_a_warm_function_and_recorded_when_they_change() {
    let aws = aws();
    aws.state().home().add_job("finished").status("Completed");
    aws.state().home().add_job("running");
    let lambda = lambda(&aws);
    let gets = || aws.requests().iter().filter(|seen| seen.operation == "GetModelCustomizationJob").count();
    assert_eq!(lambda.invoke(&schedule(&aws, "job_in_vpc", 0)).expect_answer()["recorded"], 2);
    assert_eq!(gets(), 2);
    assert_eq!(lambda.invoke(&schedule(&aws, "job_in_vpc", 1)).expect_answer()["recorded"], 0);
    assert_eq!(gets(), 3);
    aws.state().home().job("running").ended("Completed", 1_740_900_000);
    assert_eq!(lambda.invoke(&schedule(&aws, "job_in_vpc", 2)).expect_answer()["recorded"], 1);
    let state = &mut aws.state();
    let histories: Vec<u32> = state.home().recorded.values().map(|resource| resource.history).collect();
    assert_eq!(histories.iter().sum::<u32>(), 3);
}

#[test]
fn the_age_window_kinds_and_statuses_are_the_owners_choice_and_a_waiver_the_jobs() {
    let aws = aws();
    // 2026-02-25, four days before the evaluation; the others are of 2025.
    aws.state().home().add_job("recent").created_at(1_771_977_600);
    aws.state().home().add_job("old").status("Completed");
    let waiver = "owner=ml-lead@example.com reason=public data expires=2026-03-01";
    aws.state().home().add_job("waived").created_at(1_771_977_600).tag("NetworkIsolationWaiver", waiver);
    let lambda = lambda(&aws);
    let all = |more: &[(&str, &str)], minute: u32| {
        let mut parameters = parameters("job_in_vpc");
        for &(name, value) in more {
            parameters[name] = json!(value);
        }
        let token = aws.state().home().hand_out_token(RULE);
        lambda.invoke(&scheduled(RULE, &token, Some(&parameters), ACCOUNT, &at(minute))).expect_answer();
        shown(&aws)
    };
    assert_eq!(all(&[], 0), pairs(&[("recent", "NON_COMPLIANT"), ("old", "NON_COMPLIANT")]));
    assert_eq!(all(&[("maxJobAgeDays", "30")], 1), pairs(&[("recent", "NON_COMPLIANT")]));
    assert_eq!(all(&[("jobStatuses", "Completed,Failed")], 2), pairs(&[("old", "NON_COMPLIANT")]));
    assert_eq!(all(&[("jobKinds", "model_import")], 3), BTreeMap::new());
}

#[test]
fn a_rule_without_parameters_reports_one_result_for_the_account() {
    let aws = aws();
    let lambda = lambda(&aws);
    let run = |minute| {
        let token = aws.state().home().hand_out_token(RULE);
        lambda.invoke(&scheduled(RULE, &token, None, ACCOUNT, &at(minute))).expect_answer();
        shown(&aws)
    };
    assert_eq!(run(0), BTreeMap::new(), "no job: not applicable");
    aws.state().home().add_job("inside").in_vpc(&[SUBNET], &[GROUP]);
    assert_eq!(run(1), pairs(&[(ACCOUNT, "COMPLIANT")]));
    aws.state().home().add_job("outside");
    assert_eq!(run(2), pairs(&[(ACCOUNT, "NON_COMPLIANT")]));
    assert_eq!(aws.state().home().deliveries.len(), 3, "an empty account is reported too");
}

#[test]
fn an_unregistered_type_falls_back_to_the_account_loudly() {
    let aws = aws();
    aws.state().home().registered_types.clear();
    aws.state().home().add_job("outside");
    let lambda = lambda(&aws);
    let failure = lambda.invoke(&schedule(&aws, "job_in_vpc", 0)).expect_failure();
    for part in ["config:PutResourceConfig", "refused the resource type Acme::Bedrock::Job", "register-type"] {
        assert!(failure.contains(part), "{part}: {failure}");
    }
    assert_eq!(shown(&aws), pairs(&[(ACCOUNT, "NON_COMPLIANT")]));
    aws.state().home().register_type(TYPE, Some(resource_type_schema()));
    lambda.invoke(&schedule(&aws, "job_in_vpc", 1)).expect_answer();
    assert_eq!(shown(&aws), pairs(&[("outside", "NON_COMPLIANT")]));
}

#[test]
fn an_oversized_change_and_a_changed_group_are_judged_too() {
    let (aws, control) = (aws(), "job_security_groups_exist");
    aws.state().home().add_job("claims").in_vpc(&[SUBNET], &[GROUP]);
    let lambda = lambda(&aws);
    let token = aws.state().home().hand_out_token(RULE);
    let summary = item_summary("AWS::EC2::SecurityGroup", GROUP, ACCOUNT, REGION, &at(1));
    lambda.invoke(&oversized(RULE, &token, Some(&parameters(control)), &summary)).expect_answer();
    assert_eq!(shown(&aws), pairs(&[("claims", "COMPLIANT")]));
    let configuration = json!({"groupId": GROUP, "vpcId": VPC});
    let other = item("AWS::EC2::SecurityGroup", "sg-0123456789abcdef0", &configuration, ACCOUNT, REGION, &at(2));
    let token = aws.state().home().hand_out_token(RULE);
    let answer = lambda.invoke(&changed(RULE, &token, Some(&parameters(control)), other, &at(2))).expect_answer();
    assert_eq!(answer["jobs"], 0, "no job names that group");
}

#[test]
fn a_trial_run_stores_nothing() {
    let aws = aws();
    aws.state().home().add_job("outside");
    let event = scheduled(RULE, "TESTMODE", Some(&parameters("job_in_vpc")), ACCOUNT, &at(0));
    let answer = lambda(&aws).invoke(&event).expect_answer();
    assert_eq!((&answer["test"], &answer["evaluations"]), (&json!(true), &json!(1)));
    assert_eq!((shown(&aws), aws.state().home().recorded.len()), (BTreeMap::new(), 0));
}

#[test]
fn what_cannot_be_taken_is_answered_with_what_can() {
    let aws = aws();
    let lambda = lambda(&aws);
    let wrong = scheduled(RULE, "t", Some(&json!({"control": "job-in-vpc"})), ACCOUNT, &at(0));
    let mut other = wrong.clone();
    other["invokingEvent"] = json!(r#"{"messageType":"ConfigurationSnapshotDeliveryCompleted"}"#);
    for (event, expected) in [
        (wrong, "job_in_vpc, job_security_groups_exist"),
        (other, "ScheduledNotification, ConfigurationItemChangeNotification"),
        (json!({"Records": []}), "of neither AWS Config"),
    ] {
        let failure = lambda.invoke(&event).expect_failure();
        assert!(failure.contains(expected), "{failure}");
    }
    assert!(aws.requests().is_empty());
}

#[test]
fn config_is_asked_at_once_and_busy_is_normal() {
    let aws = aws();
    let arn = aws.state().home().add_job("outside").arn.clone();
    let lambda = lambda_with(&aws, &[("CONFIG_RULE_NAMES", RULE)]);
    let created = job_created_event(&arn, ACCOUNT, REGION, "2099-01-01T00:00:00Z");
    lambda.invoke(&created).expect_answer();
    lambda.invoke(&security_group_deleted_event(GROUP, ACCOUNT, REGION, "2026-03-01T00:00:00Z")).expect_answer();
    assert_eq!(aws.state().home().rule(RULE).starts, 1, "the second happened before Config was asked");
    use end_to_end::aws_server::StartRefusal::{LimitExceeded, ResourceInUse};
    for refusal in [LimitExceeded, ResourceInUse] {
        aws.state().home().rule(RULE).start_refusal = Some(refusal);
        let answer = lambda.invoke(&created).expect_answer();
        assert!(answer["evaluation"].as_str().is_some_and(|text| text.starts_with("not now")), "{answer}");
    }
    assert_eq!(aws.state().home().job("outside").status, "InProgress", "nobody opted in");
}

#[test]
fn where_the_owner_opted_in_an_unprotected_running_job_is_stopped_and_no_other() {
    let aws = aws();
    aws.state().add_bucket(EVIDENCE);
    let mut arns = BTreeMap::new();
    for (name, status) in
        [("running", "InProgress"), ("ended", "Completed"), ("inside", "InProgress"), ("waived", "InProgress")]
    {
        arns.insert(name, aws.state().home().add_job(name).status(status).arn.clone());
    }
    aws.state().home().job("inside").in_vpc(&[SUBNET], &[GROUP]);
    aws.state().home().job("waived").tag("NetworkIsolationWaiver", "owner=a reason=b expires=2099-01-01");
    let uri = format!("s3://{EVIDENCE}/rule");
    let lambda = lambda_with(&aws, &[("STOP_UNPROTECTED_JOBS", "true"), ("EVIDENCE_URI", &uri)]);
    for arn in arns.values() {
        lambda.invoke(&job_state_change(arn, "InProgress", ACCOUNT, REGION, "2026-03-01T10:00:00Z")).expect_answer();
    }
    let stops: Vec<String> = aws
        .requests()
        .into_iter()
        .filter(|seen| seen.operation == "StopModelCustomizationJob")
        .map(|seen| seen.detail)
        .collect();
    assert_eq!(stops.len(), 1, "{stops:?}");
    assert!(stops[0].contains(&arns["running"]), "{stops:?}");
    let lines = evidence(&aws);
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (&lines[0]["record"], &lines[0]["why"]),
        (&json!("stop"), &json!("runs outside any VPC without a waiver"))
    );
}

/// Every line of every evidence object, each checked against its schema.
fn evidence(aws: &AwsServer) -> Vec<Value> {
    let path = crate::place::repository().join("schemas/json/evidence.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).expect("the schema")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    let state = aws.state();
    let mut lines = Vec::new();
    for (key, bytes) in &state.buckets[EVIDENCE].objects {
        assert!(key.starts_with(&format!("rule/account_id={ACCOUNT}/region={REGION}/date=2026-03-01/")), "{key}");
        let mut text = String::new();
        flate2::read::GzDecoder::new(bytes.as_ref()).read_to_string(&mut text).expect("gzip of text");
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).expect("JSON");
            let errors: Vec<String> = validator.iter_errors(&line).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{errors:?}: {line}");
            lines.push(line);
        }
    }
    lines
}

#[test]
fn evidence_of_every_control_fits_its_schema() {
    let aws = aws();
    aws.state().add_bucket(EVIDENCE);
    aws.state().home().add_job("inside").in_vpc(&[SUBNET], &[GROUP, "sg-0000000000000dead"]);
    aws.state().home().add_job("outside");
    aws.state().add_bucket(&format!("training-{ACCOUNT}"));
    aws.state().add_role(&format!("arn:aws:iam::{ACCOUNT}:role/bedrock-jobs"));
    aws.state().home().add_job("expired").tag("NetworkIsolationWaiver", "owner=a reason=b expires=2020-01-01");
    let uri = format!("s3://{EVIDENCE}/rule/");
    let lambda = lambda_with(&aws, &[("EVIDENCE_URI", &uri)]);
    for (minute, control) in schemas::control::ControlId::ALL.into_iter().enumerate() {
        let minute = u32::try_from(minute).expect("eight controls");
        lambda.invoke(&schedule(&aws, control.as_str(), minute)).expect_answer();
    }
    let lines = evidence(&aws);
    let count = |record: &str| lines.iter().filter(|line| line["record"] == record).count();
    assert_eq!((count("run"), count("finding")), (8, 24));
    assert!(
        count("security_group") > 0 && count("subnet") > 0 && count("role_denials") > 0 && count("bucket_policy") > 0
    );
}

#[test]
fn evidence_that_cannot_be_written_fails_the_invocation_after_the_evaluations() {
    let aws = aws();
    aws.state().home().add_job("outside");
    let lambda = lambda_with(&aws, &[("EVIDENCE_URI", "s3://no-such-bucket/rule")]);
    let failure = lambda.invoke(&schedule(&aws, "job_in_vpc", 0)).expect_failure();
    assert!(failure.contains("evidence was not written: s3:PutObject"), "{failure}");
    assert_eq!(shown(&aws), pairs(&[("outside", "NON_COMPLIANT")]));
}

#[test]
fn five_thousand_jobs_fit_into_time_memory_and_the_configured_concurrency() {
    let aws = aws();
    for number in 0..5_000 {
        let mut state = aws.state();
        let job = state.home().add_job(&format!("job-{number:04}")).status("Completed");
        if number % 2 == 0 {
            job.in_vpc(&[SUBNET], &[GROUP]);
        }
    }
    aws.state().page_size = Some(200);
    let lambda = lambda_with(&aws, &[("MAX_CONCURRENCY", "6")]);
    let token = aws.state().home().hand_out_token(RULE);
    // The longest that a function may run: how fast this machine is today is not the question.
    let limit = Duration::from_secs(900);
    let answer = lambda.invoke_within(&scheduled(RULE, &token, None, ACCOUNT, &at(0)), limit).expect_answer();
    assert_eq!((&answer["compliant"], &answer["non_compliant"]), (&json!(2_500), &json!(2_500)));
    assert!(aws.most_in_flight() <= 6, "{} requests at a time", aws.most_in_flight());
    let peak = lambda.peak_memory_bytes().expect("it still runs");
    assert!(peak < 128 << 20, "{} MiB", peak >> 20);
}
