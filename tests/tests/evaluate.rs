//! `bedrock-audit evaluate`: the rule's code from a laptop.

use end_to_end::aws_server::{AwsServer, Fault};
use end_to_end::program::Program;

use crate::rule::aws;

const SUBNET: &str = "subnet-0b0b0b0b0b0b0b0b0";
const GROUP: &str = "sg-0c0c0c0c0c0c0c0c0";

fn evaluate(aws: &AwsServer) -> Program {
    Program::new(env!("CARGO_BIN_EXE_bedrock-audit-under-test")).arg("--quiet").arg("evaluate").envs(aws.environment())
}

#[test]
fn it_prints_one_row_a_job_and_control_and_its_exit_code_tells() {
    let aws = aws();
    aws.state().home().add_job("inside").in_vpc(&[SUBNET], &[GROUP]);
    let controls = "job_in_vpc,job_security_groups_exist";
    let run = || evaluate(&aws).args(["--controls", controls, "--output", "ndjson"]).run();
    let good = run().expect_status(0);
    let rows = good.rows();
    let verdicts: Vec<_> = rows.iter().map(|row| (&row["job_name"], &row["control"], &row["verdict"])).collect();
    assert_eq!(verdicts.len(), 2);
    assert!(rows.iter().all(|row| row["verdict"] == "Compliant" && row["aws_region"] == "eu-west-1"), "{rows:?}");

    aws.state().home().add_job("outside");
    run().expect_status(1);
    aws.state().home().job("outside").tag("NetworkIsolationWaiver", "owner=a reason=b expires=2099-01-01");
    run().expect_status(0);
    aws.fail(Fault::on("bedrock", "GetModelCustomizationJob").access_denied());
    let undetermined = run().expect_status(2);
    assert!(
        undetermined.stderr.contains("could not read: bedrock:GetModelCustomizationJob"),
        "{}",
        undetermined.stderr
    );
    let writes = ["PutEvaluations", "PutResourceConfig", "StopModelCustomizationJob"];
    assert!(aws.requests().iter().all(|seen| !writes.contains(&seen.operation.as_str())), "it only reads");
}

#[test]
fn all_controls_are_the_default_and_the_table_ends_with_counts() {
    let aws = aws();
    aws.state().home().add_job("outside");
    let outcome = evaluate(&aws).run().expect_status(1);
    for control in schemas::control::ControlId::ALL {
        assert!(outcome.stdout.matches(control.as_str()).count() >= 2, "{control}: {}", outcome.stdout);
    }
    assert!(outcome.stdout.contains("1 jobs in eu-west-1 now"), "{}", outcome.stdout);
}

#[test]
fn without_credentials_it_could_not_tell_and_says_so_in_words() {
    let program =
        Program::new(env!("CARGO_BIN_EXE_bedrock-audit-under-test")).args(["evaluate", "--region", "eu-west-1"]);
    let outcome = program.run().expect_status(2);
    let line =
        outcome.stdout.lines().find(|line| line.starts_with("could not read: bedrock:ListModelCustomizationJobs"));
    let line = line.unwrap_or_else(|| panic!("{}", outcome.stdout));
    assert!(line.contains("credentials") && line.len() < 250 && !line.contains("DispatchFailure("), "{line}");
}

/// The role that evaluate is told to assume.
fn role(account: &str) -> String {
    format!("arn:aws:iam::{account}:role/audit/read")
}

const OTHER: &str = "444455556666";
const BOTH: &str = "111122223333,444455556666";

fn two_accounts() -> AwsServer {
    let aws = aws();
    let mut state = aws.state();
    state.home().add_job("at-home").in_vpc(&[SUBNET], &[GROUP]);
    for (account, region) in [(OTHER, "eu-west-1"), (OTHER, "us-east-1")] {
        state.place(account, region).add_job(&format!("in-{region}"));
    }
    state.add_role(&role("111122223333"));
    state.add_role(&role(OTHER));
    drop(state);
    aws
}

#[test]
fn several_accounts_and_regions_are_one_answer() {
    let aws = two_accounts();
    let run = |more: &[&str]| {
        let asked = ["--controls", "job_in_vpc", "--accounts", BOTH, "--role-name", "audit/read"];
        evaluate(&aws).args(asked).args(more.iter().copied()).run()
    };
    let rows = run(&["--regions", "all", "--output", "ndjson"]).expect_status(1).rows();
    let places: Vec<_> = rows
        .iter()
        .map(|row| [&row["account_id"], &row["aws_region"], &row["job_name"], &row["verdict"]])
        .map(|row| row.map(|value| value.as_str().unwrap_or_default().to_owned()).join(" "))
        .collect();
    assert_eq!(
        places,
        [
            "111122223333 eu-west-1 at-home Compliant",
            "444455556666 eu-west-1 in-eu-west-1 NonCompliant",
            "444455556666 us-east-1 in-us-east-1 NonCompliant",
        ]
    );
    let assumed = aws.requests().iter().filter(|seen| seen.operation == "AssumeRole").count();
    assert_eq!(assumed, 2, "one session an account, whatever the number of its Regions");

    let table = run(&["--regions", "us-east-1,eu-west-1"]).expect_status(1);
    assert!(
        table.stdout.contains("3 jobs in 4 Regions of 2 account(s) now; 1 of them have no job"),
        "{}",
        table.stdout
    );
}

#[test]
fn an_account_that_cannot_be_reached_is_named_and_the_others_are_told() {
    let aws = two_accounts();
    aws.state().roles.remove(&role(OTHER));
    let run = |regions: &str| {
        let asked = ["--controls", "job_in_vpc", "--accounts", BOTH, "--role-name", "audit/read", "--regions", regions];
        evaluate(&aws).args(asked).run().expect_status(2)
    };
    let named = run("eu-west-1");
    assert!(named.stdout.contains("at-home"), "{}", named.stdout);
    let line = named.stdout.lines().find(|line| line.starts_with("could not read: 444455556666 eu-west-1: "));
    let line = line.unwrap_or_else(|| panic!("{}", named.stdout));
    assert!(line.contains("bedrock:ListModelCustomizationJobs") && line.contains("AssumeRole"), "{line}");

    let all = run("all");
    let line = all.stdout.lines().find(|line| line.starts_with("could not read: 444455556666: ec2:DescribeRegions"));
    assert!(line.is_some_and(|line| line.ends_with("name its Regions with --regions")), "{}", all.stdout);
    assert!(all.stdout.contains("at-home"), "{}", all.stdout);
}

#[test]
fn places_are_looked_at_a_few_at_a_time() {
    let aws = aws();
    for number in 1..=9 {
        aws.state().place("111122223333", &format!("eu-west-{number}")).add_job("job");
    }
    aws.set_latency(std::time::Duration::from_millis(20));
    let asked = ["--regions", "all", "--controls", "job_in_vpc", "--concurrency", "1", "--places-at-once", "3"];
    evaluate(&aws).args(asked).run().expect_status(1);
    assert!((2..=3).contains(&aws.most_in_flight()), "{} requests at one time", aws.most_in_flight());
}

#[test]
fn what_was_mistyped_is_named_with_what_is_right() {
    let aws = aws();
    for (arguments, expected) in [
        (["--controls", "job-in-vpc"], "job_in_vpc, job_security_groups_exist"),
        (["--parameter", "control=job_in_vpc"], "jobKinds, jobStatuses, maxJobAgeDays, mandatoryTagKeys"),
        (["--parameter", "maxJobAgeDays=x"], "1 to 65535"),
        (["--verdicts", "Bad"], "NonCompliant"),
        (["--time-limit", "long"], "15m"),
        (["--regions", "europe"], "for example eu-west-1"),
        (["--accounts", "111122223333"], "--role-name"),
        (["--role-name", "reader"], "--accounts"),
    ] {
        let outcome = evaluate(&aws).args(arguments).run().expect_status(64);
        assert!(outcome.stderr.contains(expected), "{}", outcome.stderr);
    }
    let no_region =
        Program::new(env!("CARGO_BIN_EXE_bedrock-audit-under-test")).arg("evaluate").run().expect_status(64);
    assert!(no_region.stderr.contains("--region"), "{}", no_region.stderr);
}
