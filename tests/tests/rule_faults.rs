//! What the rule reports, and what it does not, while AWS misbehaves.

use std::time::Duration;

use end_to_end::aws_server::{AwsServer, Fault};

use crate::rule::{RULE, aws, lambda, lambda_with, pairs, schedule, shown};

const VPC: &str = "vpc-0a0a0a0a0a0a0a0a0";
const SUBNET: &str = "subnet-0b0b0b0b0b0b0b0b0";
const GROUP: &str = "sg-0c0c0c0c0c0c0c0c0";

/// Three jobs that were judged once, of which the last is gone since.
fn judged_before() -> AwsServer {
    let aws = aws();
    aws.state().home().add_job("inside").in_vpc(&[SUBNET], &[GROUP]);
    aws.state().home().add_job("outside");
    aws.state().home().add_job("gone");
    lambda(&aws).invoke(&schedule(&aws, "job_in_vpc", 0)).expect_answer();
    aws.state().home().jobs.retain(|job| job.name != "gone");
    aws
}

#[test]
fn throttling_errors_and_dropped_connections_are_outlived() {
    for fault in [
        Fault::on("bedrock", "GetModelCustomizationJob").times(1).throttle(),
        Fault::on("bedrock", "ListModelCustomizationJobs").times(1).internal_error(),
        Fault::on("config", "PutEvaluations").times(1).throttle(),
        Fault::on("bedrock", "GetModelCustomizationJob").times(1).reset_connection(),
    ] {
        let aws = aws();
        aws.state().home().add_job("outside");
        aws.fail(fault);
        lambda(&aws).invoke(&schedule(&aws, "job_in_vpc", 0)).expect_answer();
        assert_eq!(shown(&aws), pairs(&[("outside", "NON_COMPLIANT")]));
    }
}

#[test]
fn a_job_that_is_denied_or_throttled_to_the_end_is_left_as_it_was() {
    for (fault, cause) in [
        (Fault::on("bedrock", "GetModelCustomizationJob").access_denied(), "AccessDeniedException"),
        (Fault::on("bedrock", "GetModelCustomizationJob").throttle(), "ThrottlingException"),
    ] {
        let aws = judged_before();
        let arn = aws.state().home().job("inside").arn.clone();
        aws.fail(fault.detail_contains(&arn));
        let lambda = lambda_with(&aws, &[("AWS_MAX_ATTEMPTS", "2")]);
        let failure = lambda.invoke(&schedule(&aws, "job_in_vpc", 1)).expect_failure();
        for part in [cause, &arn, "bedrock:GetModelCustomizationJob", "1 of 2 jobs could not be judged by job_in_vpc"] {
            assert!(failure.contains(part), "{part}: {failure}");
        }
        let left = shown(&aws);
        assert_eq!((left.len(), left["inside"].as_str(), left["outside"].as_str()), (3, "COMPLIANT", "NON_COMPLIANT"));
    }
}

#[test]
fn a_second_page_that_fails_leaves_everything_that_it_may_have_held() {
    let aws = judged_before();
    aws.state().page_size = Some(1);
    aws.fail(Fault::on("bedrock", "ListModelCustomizationJobs").page(2).access_denied());
    let failure = lambda(&aws).invoke(&schedule(&aws, "job_in_vpc", 1)).expect_failure();
    assert!(failure.contains("bedrock:ListModelCustomizationJobs"), "{failure}");
    assert_eq!(shown(&aws).len(), 3, "nothing stale was cleared");
}

#[test]
fn a_refused_look_at_groups_is_no_deletion() {
    let aws = aws();
    aws.state().home().add_job("inside").in_vpc(&[SUBNET], &[GROUP]);
    aws.fail(Fault::on("ec2", "DescribeSecurityGroups").access_denied());
    let failure = lambda(&aws).invoke(&schedule(&aws, "job_security_groups_exist", 0)).expect_failure();
    assert!(failure.contains("UnauthorizedOperation") && failure.contains(GROUP), "{failure}");
    assert!(shown(&aws).is_empty());
}

#[test]
fn a_group_that_the_first_look_does_not_see_exists() {
    let aws = aws();
    aws.state().home().add_security_group("sg-0d0d0d0d0d0d0d0d0", VPC).hidden_for(1);
    aws.state().home().add_job("inside").in_vpc(&[SUBNET], &["sg-0d0d0d0d0d0d0d0d0"]);
    lambda(&aws).invoke(&schedule(&aws, "job_security_groups_exist", 0)).expect_answer();
    assert_eq!(shown(&aws), pairs(&[("inside", "COMPLIANT")]));
}

#[test]
fn one_unknown_group_does_not_hide_the_others() {
    let aws = aws();
    aws.state().home().add_job("good").in_vpc(&[SUBNET], &[GROUP]);
    aws.state().home().add_job("bad").in_vpc(&[SUBNET], &[GROUP, "sg-0000000000000dead"]);
    lambda(&aws).invoke(&schedule(&aws, "job_security_groups_exist", 0)).expect_answer();
    assert_eq!(shown(&aws), pairs(&[("good", "COMPLIANT"), ("bad", "NON_COMPLIANT")]));
}

#[test]
fn evaluations_that_config_does_not_take_are_sent_again_then_named() {
    let aws = aws();
    let once = aws.state().home().add_job("once").arn.clone();
    let always = aws.state().home().add_job("always").arn.clone();
    aws.state().home().fail_evaluations = vec![(once, 1), (always.clone(), 99)];
    let failure = lambda(&aws).invoke(&schedule(&aws, "job_in_vpc", 0)).expect_failure();
    assert!(failure.contains(&always), "{failure}");
    assert_eq!(shown(&aws), pairs(&[("once", "NON_COMPLIANT")]));
}

#[test]
fn a_call_that_never_answers_ends_before_lambda_ends_the_function() {
    let aws = aws();
    aws.state().home().add_job("inside").in_vpc(&[SUBNET], &[GROUP]);
    aws.state().home().add_job("outside");
    let arn = aws.state().home().job("inside").arn.clone();
    aws.fail(Fault::on("bedrock", "GetModelCustomizationJob").detail_contains(&arn).hang(Duration::from_secs(60)));
    let failure = lambda(&aws).invoke_within(&schedule(&aws, "job_in_vpc", 0), Duration::from_secs(6)).expect_failure();
    assert!(failure.contains("deadline") && failure.contains(&arn), "{failure}");
    assert_eq!(shown(&aws), pairs(&[("outside", "NON_COMPLIANT")]));
}

#[test]
fn more_than_a_hundred_evaluations_go_in_batches_and_annotations_stay_short() {
    let aws = aws();
    for number in 0..230 {
        let groups: Vec<String> = (0..5).map(|group| format!("sg-{number:016x}{group}")).collect();
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        aws.state().home().add_job(&format!("{}-{number}", "n".repeat(59))).in_vpc(&[SUBNET], &groups);
    }
    lambda(&aws).invoke(&schedule(&aws, "job_security_groups_exist", 0)).expect_answer();
    let mut state = aws.state();
    let results = &state.home().rule(RULE).results;
    assert_eq!(results.len(), 230);
    for result in results.values() {
        let text = result.annotation.clone().unwrap_or_default();
        assert!(text.starts_with("job_security_groups_exist: n") && text.contains("sg-"), "{text}");
    }
    assert_eq!(state.home().deliveries.iter().map(|delivery| delivery.evaluations.len()).max(), Some(100));
}
