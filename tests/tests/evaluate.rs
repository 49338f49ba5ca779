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
    assert!(line.contains("credentials") && !line.contains("DispatchFailure("), "{line}");
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
    ] {
        let outcome = evaluate(&aws).args(arguments).run().expect_status(64);
        assert!(outcome.stderr.contains(expected), "{}", outcome.stderr);
    }
    let no_region =
        Program::new(env!("CARGO_BIN_EXE_bedrock-audit-under-test")).arg("evaluate").run().expect_status(64);
    assert!(no_region.stderr.contains("--region"), "{}", no_region.stderr);
}
