//! `bedrock-audit can-delete`: real flows against the stand-in for AWS, and each way in which it cannot tell.

use analytics::trail::story::story;
use end_to_end::aws_server::{ACCOUNT, AwsServer, FIRST_JOB_CREATED_AT, Fault, Rule};
use end_to_end::program::{Outcome, Program};
use serde_json::{Value, json};

use crate::place::Place;
use crate::rule::aws;

const VPC: &str = "vpc-0a0a0a0a0a0a0a0a0";
const SUBNET: &str = "subnet-0b0b0b0b0b0b0b0b0";
const GROUP: &str = "sg-0c0c0c0c0c0c0c0c0";
/// A group that nothing uses.
const SPARE: &str = "sg-0f0f0f0f0f0f0f0f0";
const OTHER: &str = "sg-01010101010101010";

fn bare() -> Program {
    Program::new(env!("CARGO_BIN_EXE_bedrock-audit-under-test")).arg("--quiet").arg("can-delete")
}

fn can_delete(aws: &AwsServer) -> Program {
    bare().envs(aws.environment())
}

/// The stand-in of the rule's tests, with a spare group.
fn world() -> AwsServer {
    let aws = aws();
    aws.state().home().add_security_group(SPARE, VPC);
    aws
}

fn ask(aws: &AwsServer, arguments: &[&str]) -> Outcome {
    can_delete(aws).args(["--output", "ndjson"]).args(arguments.iter().copied()).run()
}

/// The reasons of an answer by their codes, `subject code` each.
fn codes(outcome: &Outcome) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    outcome.rows().iter().map(|row| format!("{} {}", text(&row["subject"]), text(&row["reason_code"]))).collect()
}

fn check(aws: &AwsServer, arguments: &[&str], status: i32, expected: &[&str]) -> Outcome {
    let outcome = ask(aws, arguments).expect_status(status);
    let found = codes(&outcome);
    assert_eq!(found, expected, "{arguments:?}: {}", outcome.stdout);
    outcome
}

fn reason(outcome: &Outcome, code: &str) -> String {
    let rows = outcome.rows();
    let row = rows.iter().find(|row| row["reason_code"] == code);
    row.unwrap_or_else(|| panic!("no {code}: {}", outcome.stdout))["reason"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_group_is_kept_while_jobs_name_it() {
    let aws = world();
    let free = format!("{GROUP} nothing_against");
    check(&aws, &[GROUP], 0, &[&free]);
    aws.state().home().add_job("claims").in_vpc(&[SUBNET], &[GROUP]);
    let running = check(&aws, &[GROUP], 1, &[&format!("{GROUP} running_job"), &format!("{GROUP} last_use")]);
    assert_eq!(reason(&running, "running_job"), "job claims (InProgress, created 2025-03-01T10:00:00Z) names it");
    assert!(running.rows().iter().all(|row| row["verdict"] == "NotFree" && row["aws_region"] == "eu-west-1"));
    check(&aws, &[SPARE], 0, &[&format!("{SPARE} nothing_against")]);

    aws.state().home().job("claims").ended("Completed", FIRST_JOB_CREATED_AT + 3600);
    let named = [format!("{GROUP} named_by_job"), format!("{GROUP} last_use")];
    let finished = check(&aws, &[GROUP], 1, &[&named[0], &named[1]]);
    assert!(reason(&finished, "named_by_job").contains("does not comply, for ever"));
    check(&aws, &[GROUP, "--finished-jobs", "ignore"], 0, &[&free, &named[0], &named[1]]);
    let reads = ["Describe", "Get", "List"];
    let only_reads = aws.requests().iter().all(|seen| reads.iter().any(|read| seen.operation.starts_with(read)));
    assert!(only_reads, "{:?}", aws.requests());
}

#[test]
fn jobs_of_every_kind_count() {
    let aws = world();
    for (number, kind) in schemas::job::JobKind::ALL.into_iter().enumerate() {
        let mut state = aws.state();
        state.home().add_job_of(kind, &format!("job-{number}")).in_vpc(&[SUBNET], &[GROUP]);
    }
    let outcome = ask(&aws, &[GROUP]).expect_status(1);
    assert_eq!(codes(&outcome).iter().filter(|code| code.ends_with("running_job")).count(), 3, "{}", outcome.stdout);
}

#[test]
fn subnets_and_vpcs_are_kept_by_the_jobs_in_them() {
    let aws = world();
    check(&aws, &[SUBNET, VPC], 0, &[&format!("{SUBNET} nothing_against"), &format!("{VPC} nothing_against")]);
    aws.state().home().add_job("claims").in_vpc(&[SUBNET], &[GROUP]);
    for id in [SUBNET, VPC] {
        check(&aws, &[id], 1, &[&format!("{id} running_job"), &format!("{id} last_use")]);
    }
    aws.state().home().add_vpc("vpc-11111111");
    check(&aws, &["vpc-11111111"], 0, &["vpc-11111111 nothing_against"]);
}

#[test]
fn an_endpoint_is_kept_while_a_running_job_has_no_other() {
    let (aws, table, s3) = (world(), "rtb-0e0e0e0e0e0e0e0e0", "com.amazonaws.eu-west-1.s3");
    let add = |id: &str| {
        aws.state().home().add_endpoint(id, VPC, s3).in_route_tables(&[table]);
    };
    aws.state().home().add_route_table(table, VPC).serves(&[SUBNET]);
    let everywhere = Rule::all_traffic().with_cidr("0.0.0.0/0");
    aws.state().home().security_groups[0].lets_out(everywhere);
    add("vpce-11111111");
    check(&aws, &["vpce-11111111"], 0, &["vpce-11111111 nothing_against"]);
    aws.state().home().add_job("claims").in_vpc(&[SUBNET], &[GROUP]);
    let needed = check(&aws, &["vpce-11111111"], 1, &["vpce-11111111 needed_by_job"]);
    assert!(reason(&needed, "needed_by_job").contains("no available S3 endpoint"), "{}", needed.stdout);
    add("vpce-22222222");
    check(&aws, &["vpce-11111111"], 0, &["vpce-11111111 nothing_against"]);
    aws.state().home().endpoints[0].tag("DoNotDelete", "");
    check(&aws, &["vpce-11111111"], 1, &["vpce-11111111 protected_by_tag"]);
    aws.fail(Fault::on("ec2", "DescribeRouteTables").access_denied());
    let unknown = ask(&aws, &["vpce-22222222"]).expect_status(2);
    assert!(reason(&unknown, "unreadable").contains("ec2:DescribeRouteTables"), "{}", unknown.stdout);
}

#[test]
fn rules_interfaces_tags_and_being_the_default_keep_a_group() {
    let aws = world();
    aws.state().home().add_security_group(OTHER, VPC).lets_in(Rule::tcp(443, 443).with_group(SPARE));
    let referenced = check(&aws, &[SPARE], 1, &[&format!("{SPARE} referenced_by_group")]);
    assert!(reason(&referenced, "referenced_by_group").starts_with(&format!("inbound rules of {OTHER}")));
    let along = [format!("{SPARE} nothing_against"), format!("{SPARE} referenced_by_group")];
    check(&aws, &[SPARE, OTHER], 0, &[&along[0], &along[1], &format!("{OTHER} nothing_against")]);

    let mut state = aws.state();
    let interface = state.home().add_network_interface("eni-11111111", SUBNET, &[GROUP]);
    // Services hide what they manage; it is in use all the same.
    interface.describe("EFS mount target").managed_by("amazon-efs");
    drop(state);
    let used = check(&aws, &[GROUP], 1, &[&format!("{GROUP} in_use_by_interface")]);
    let text = "network interface eni-11111111 (in-use, interface) uses it, made by amazon-efs: EFS mount target";
    assert_eq!(reason(&used, "in_use_by_interface"), text);
    for id in [SUBNET, VPC] {
        check(&aws, &[id], 1, &[&format!("{id} in_use_by_interface")]);
    }

    let other = aws.state().home().security_groups.len() - 1;
    aws.state().home().security_groups[other].tag("Team", "ml");
    check(&aws, &[OTHER], 0, &[&format!("{OTHER} nothing_against")]);
    check(&aws, &[OTHER, "--protect-tag", "Team"], 1, &[&format!("{OTHER} protected_by_tag")]);
    check(&aws, &[OTHER, "--protect-tag", "Team=web"], 0, &[&format!("{OTHER} nothing_against")]);
    aws.state().home().security_groups[other].named("default");
    check(&aws, &[OTHER], 1, &[&format!("{OTHER} default_group")]);
}

#[test]
fn what_could_not_be_read_is_never_free_and_is_named() {
    let aws = world();
    aws.state().home().add_job("claims");
    let denied = "not authorized";
    for (service, operation, cause) in [
        ("bedrock", "ListModelCustomizationJobs", denied),
        ("bedrock", "ListModelImportJobs", denied),
        ("bedrock", "ListModelInvocationJobs", denied),
        ("bedrock", "GetModelCustomizationJob", denied),
        ("bedrock", "GetModelCustomizationJob", "Rate exceeded"),
        ("ec2", "DescribeSecurityGroups", denied),
        ("ec2", "DescribeNetworkInterfaces", denied),
        ("ec2", "DescribeNetworkInterfaces", "Rate exceeded"),
    ] {
        let fault = Fault::on(service, operation);
        aws.clear_faults();
        aws.fail(if cause == denied { fault.access_denied() } else { fault.throttle() });
        let outcome = ask(&aws, &[SPARE]).expect_status(2);
        assert!(outcome.rows().iter().all(|row| row["verdict"] == "CannotTell"), "{}", outcome.stdout);
        let told = reason(&outcome, "unreadable");
        assert!(told.contains(&format!("{service}:{operation}")) && told.contains(cause), "{told}");
    }
    aws.clear_faults();
    check(&aws, &[SPARE], 0, &[&format!("{SPARE} nothing_against")]);
}

#[test]
fn a_page_of_jobs_that_did_not_come_may_have_held_the_job() {
    let aws = world();
    aws.state().page_size = Some(1);
    for name in ["first", "second"] {
        aws.state().home().add_job(name);
    }
    check(&aws, &[SPARE], 0, &[&format!("{SPARE} nothing_against")]);
    aws.fail(Fault::on("bedrock", "ListModelCustomizationJobs").page(2).access_denied());
    let outcome = check(&aws, &[SPARE], 2, &[&format!("{SPARE} unreadable")]);
    assert!(reason(&outcome, "unreadable").contains("bedrock:ListModelCustomizationJobs"), "{}", outcome.stdout);
}

#[test]
fn without_credentials_it_could_not_tell() {
    let outcome = bare().args([SPARE, "--region", "eu-west-1", "--output", "ndjson"]).run().expect_status(2);
    assert!(reason(&outcome, "unreadable").contains("credentials"), "{}", outcome.stdout);
}

#[test]
fn an_id_that_is_not_there_or_in_another_region_cannot_be_told() {
    let aws = world();
    let unknown = check(&aws, &["sg-99999999"], 2, &["sg-99999999 not_found"]);
    let told = reason(&unknown, "not_found");
    assert!(told.starts_with("not in eu-west-1: if it is in another Region, give --region"), "{told}");
    let elsewhere = check(&aws, &[SPARE, "--region", "us-east-1"], 2, &[&format!("{SPARE} not_found")]);
    assert!(reason(&elsewhere, "not_found").contains("not in us-east-1"), "{}", elsewhere.stdout);
    let mixed = ask(&aws, &[SPARE, "sg-99999999"]).expect_status(2);
    assert_eq!(mixed.rows()[0]["verdict"], "Free", "each has a verdict of its own");
    // A group that EC2 does not show at first is looked for again.
    aws.state().home().add_security_group("sg-88888888", VPC).hidden_for(1);
    check(&aws, &["sg-88888888"], 0, &["sg-88888888 nothing_against"]);
}

fn plan(changes: &[(&str, &[&str], Value)]) -> String {
    let changes: Vec<Value> = changes
        .iter()
        .map(|(resource_type, actions, before)| {
            json!({"address": format!("{resource_type}.it"), "mode": "managed", "type": resource_type, "name": "it",
                "provider_name": "registry.terraform.io/hashicorp/aws",
                "change": {"actions": actions, "before": before, "after": null, "after_unknown": {}}})
        })
        .collect();
    json!({"format_version": "1.2", "terraform_version": "1.9.8", "planned_values": {"root_module": {}},
        "resource_changes": changes, "configuration": {"root_module": {}}})
    .to_string()
}

fn group_in(region: &str, id: &str) -> Value {
    json!({"id": id, "arn": format!("arn:aws:ec2:{region}:{ACCOUNT}:security-group/{id}"), "name": "jobs"})
}

#[test]
fn a_plan_is_asked_about_by_what_it_deletes() {
    let (aws, folder) = (world(), tempfile::tempdir().expect("a temporary folder"));
    aws.state().home().add_job("claims").in_vpc(&[SUBNET], &[GROUP]);
    let file = folder.path().join("plan.json");
    let path = file.display().to_string();
    let ask_plan = |text: &str, status: i32, expected: &[&str]| {
        std::fs::write(&file, text).expect("a file");
        check(&aws, &["--plan", &path], status, expected)
    };
    let replaced = plan(&[("aws_security_group", &["create", "delete"], group_in("eu-west-1", GROUP))]);
    let outcome = ask_plan(&replaced, 1, &[&format!("{GROUP} running_job"), &format!("{GROUP} last_use")]);
    let asked_by = outcome.rows()[0]["asked_by"].as_str().unwrap_or_default().to_owned();
    assert!(asked_by.ends_with("plan.json: aws_security_group.it (create, delete)"), "{asked_by}");
    let spare = plan(&[("aws_security_group", &["delete"], group_in("eu-west-1", SPARE))]);
    ask_plan(&spare, 0, &[&format!("{SPARE} nothing_against")]);
    let elsewhere = plan(&[("aws_security_group", &["delete"], group_in("us-east-1", SPARE))]);
    let outcome = ask_plan(&elsewhere, 2, &[&format!("{SPARE} other_region")]);
    assert!(reason(&outcome, "other_region").contains("--region us-east-1"), "{}", outcome.stdout);
    let untold = plan(&[("aws_security_group", &["delete"], json!({}))]);
    let outcome = ask_plan(&untold, 2, &["aws_security_group.it id_unknown"]);
    assert!(reason(&outcome, "id_unknown").contains("change.before.id"), "{}", outcome.stdout);

    // An interface whose instance goes with the plan does not keep the group.
    aws.state().home().add_network_interface("eni-11111111", SUBNET, &[SPARE]).attached_to("i-11111111");
    ask_plan(&spare, 1, &[&format!("{SPARE} in_use_by_interface")]);
    let group: (&str, &[&str], Value) = ("aws_security_group", &["delete"], group_in("eu-west-1", SPARE));
    let both = plan(&[group, ("aws_instance", &["delete"], json!({"id": "i-11111111"}))]);
    ask_plan(&both, 0, &[&format!("{SPARE} nothing_against"), &format!("{SPARE} in_use_by_interface")]);
}

#[test]
fn a_plan_that_deletes_nothing_of_jobs_asks_nobody() {
    let none = plan(&[("aws_instance", &["delete"], json!({"id": "i-1"}))]);
    let outcome = bare().args(["--plan", "-"]).input(none).run().expect_status(0);
    assert_eq!(outcome.stdout, "nothing is to be deleted that Bedrock jobs depend on\n");
    let outcome = bare().args(["-", "--output", "json"]).input("# nothing\n").run().expect_status(0);
    assert_eq!(outcome.stdout, "[]\n");
    assert!(outcome.stderr.contains("nothing is to be deleted"), "{}", outcome.stderr);
}

#[test]
fn lists_change_sets_and_custodian_name_resources_too() {
    let aws = world();
    aws.state().home().add_job("claims").in_vpc(&[SUBNET], &[GROUP]);
    let ask_stdin = |arguments: &[&str], text: &str, status: i32| {
        let program = can_delete(&aws).args(["--output", "ndjson"]).args(arguments.iter().copied()).input(text);
        codes(&program.run().expect_status(status))
    };
    let free = format!("{SPARE} nothing_against");
    assert_eq!(ask_stdin(&["-"], &format!("# unused\n{SPARE}  # old\n\n"), 0), std::slice::from_ref(&free));
    let set = |region: &str, id: &str| {
        json!({"Status": "CREATE_COMPLETE", "ChangeSetId": "arn:1",
            "StackId": format!("arn:aws:cloudformation:{region}:{ACCOUNT}:stack/network/1"),
            "Changes": [{"Type": "Resource", "ResourceChange": {"Action": "Modify", "Replacement": "Conditional",
                "LogicalResourceId": "Jobs", "PhysicalResourceId": id, "ResourceType": "AWS::EC2::SecurityGroup"}}]})
        .to_string()
    };
    assert_eq!(ask_stdin(&["--change-set", "-"], &set("eu-west-1", SPARE), 0), std::slice::from_ref(&free));
    assert_eq!(ask_stdin(&["--change-set", "-"], &set("eu-west-1", GROUP), 1)[0], format!("{GROUP} running_job"));
    assert_eq!(ask_stdin(&["--change-set", "-"], &set("us-east-1", SPARE), 2), [format!("{SPARE} other_region")]);
    let resources = json!([{"GroupId": SPARE, "VpcId": VPC, "GroupName": "spare", "OwnerId": ACCOUNT}]).to_string();
    assert_eq!(ask_stdin(&["--custodian", "-"], &resources, 0), [free]);
}

#[test]
fn what_was_mistyped_or_is_broken_is_named_with_what_is_right() {
    let broken = plan(&[]).replace("\"1.2\"", "\"2.0\"");
    for (arguments, input, expected) in [
        (vec!["sg-xyz"], "", "\"sg-xyz\" is not an id of a security group, subnet, VPC or VPC endpoint"),
        (vec!["-"], "sg-11111111\nold\n", "ID standard input: line 2: \"old\"; expected an id"),
        (vec!["--plan", "-"], "{", "--plan standard input: EOF while parsing an object at line 1 column 1; expected"),
        (vec!["--plan", "-"], broken.as_str(), "format_version \"2.0\"; expected version 1"),
        (vec!["--plan", "/no/such/plan.json"], "", "--plan /no/such/plan.json: "),
        (vec!["--change-set", "-"], r#"{"Changes":[],"NextToken":"x"}"#, "NextToken: there are more changes"),
        (vec!["--custodian", "-"], r#"[{"Name":"x"}]"#, "[0]: a resource with none of VpcEndpointId, GroupId"),
        (vec!["--plan", "-", "-"], "", "standard input, which can be read only once"),
        (vec!["sg-11111111", "--protect-tag", "=x"], "", "--protect-tag \"=x\": expected KEY or KEY=VALUE"),
        (vec!["sg-11111111", "--time-limit", "long"], "", "15m"),
        (vec!["sg-11111111", "--finished-jobs", "maybe"], "", "refuse, ignore"),
        (vec!["sg-11111111"], "", "give --region"),
        (vec![], "", "Usage"),
    ] {
        let outcome = bare().args(arguments.clone()).input(input).run().expect_status(64);
        assert!(outcome.stderr.contains(expected), "{arguments:?}: {}", outcome.stderr);
    }
}

#[test]
fn people_read_a_table_and_github_annotations() {
    let aws = world();
    aws.state().home().add_job("claims").in_vpc(&[SUBNET], &[GROUP]);
    let table = can_delete(&aws).args([GROUP, SPARE]).run().expect_status(1);
    let summary = "2 asked about, as of now in eu-west-1: 1 Free, 1 NotFree, 0 CannotTell\n";
    assert!(table.stdout.ends_with(&format!("\n\n{summary}")), "{}", table.stdout);
    assert!(table.stdout.starts_with(" subject"), "{}", table.stdout);
    let github = can_delete(&aws).args([GROUP, SPARE, "sg-99999999", "--output", "github"]).run().expect_status(1);
    let lines: Vec<&str> = github.stdout.lines().collect();
    let expected = [
        format!("::error title={GROUP}%3A must not be deleted::running_job: job claims (InProgress, created "),
        format!("::notice title={SPARE}%3A may be deleted::nothing_against: no job names it"),
        "::warning title=sg-99999999%3A nobody can tell whether it may be deleted::not_found: not in eu-west-1"
            .to_owned(),
    ];
    assert_eq!(lines.len(), expected.len(), "{}", github.stdout);
    for (line, expected) in lines.iter().zip(&expected) {
        assert!(line.starts_with(expected.as_str()), "{line}");
    }
    assert!(lines[0].contains("%0Alast_use: "), "{}", lines[0]);
}

#[test]
fn the_history_tells_what_bedrock_does_not_list_any_more() {
    let (aws, place) = (world(), Place::in_folders());
    place.deliver(&story().files);
    place.ingest(&[]).expect_status(2);
    let group_of = |job: &str| {
        let sql = format!(
            "select distinct job_security_groups.group_id from job_security_groups \
             inner join jobs on jobs.job_key = job_security_groups.job_key where jobs.job_name = '{job}'"
        );
        place.sql(&sql)[0]["group_id"].as_str().expect("an id").to_owned()
    };
    let (living, deleted, lake) = (group_of("claims-summary-v3"), group_of("invoice-extraction-v1"), place.lake());
    aws.state().home().add_security_group(&living, VPC);
    let outcome = ask(&aws, &[&living, "--lake", &lake]).expect_status(0);
    let expected = ["nothing_against", "last_use", "past_job"].map(|code| format!("{living} {code}"));
    assert_eq!(codes(&outcome), expected, "{}", outcome.stdout);
    let past = reason(&outcome, "past_job");
    assert!(past.starts_with("history: job claims-summary-v3 named it 2026-02-03T10:00:00Z"), "{past}");
    let cited = outcome.rows().iter().filter(|row| row["event_id"].is_string()).count();
    assert!(cited >= 1, "{}", outcome.stdout);

    let outcome = ask(&aws, &[&deleted, "--lake", &lake]).expect_status(2);
    assert!(reason(&outcome, "not_found").contains("it was deleted 2026-02-12T09:41:07Z"), "{}", outcome.stdout);
    assert!(reason(&outcome, "already_deleted").contains(" by "), "{}", outcome.stdout);

    let empty = tempfile::tempdir().expect("a temporary folder");
    let empty = empty.path().display().to_string();
    let outcome = ask(&aws, &[SPARE, "--lake", &empty]).expect_status(2);
    assert!(outcome.stderr.contains("holds no log files"), "{}", outcome.stderr);
    let missing = ask(&aws, &[SPARE, "--lake", "/no/such/lake"]).expect_status(3);
    assert!(missing.stdout.is_empty(), "no answer where the history was asked for and failed: {}", missing.stdout);
}
