//! Findings for tests: each verdict, what may be missing, and text from somebody who means harm.

use chrono::{DateTime, Utc};
use schemas::control::{ControlId, Verdict};

use super::Terms;
use crate::report::finding::Finding;

pub fn time(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time of the samples")
}

pub fn as_of() -> DateTime<Utc> {
    time("2026-03-30T12:05:00Z")
}

pub fn terms() -> Terms {
    Terms {
        as_of: as_of(),
        is_strict: false,
        tool_version: "0.1.0".to_owned(),
        lake: "s3://audit-lake/bedrock".to_owned(),
        control_versions: [
            (ControlId::JobInVpc, 2),
            (ControlId::JobSecurityGroupsExist, 3),
            (ControlId::JobSecurityGroupsNotDefault, 2),
            (ControlId::JobNetworkTagged, 1),
        ]
        .into(),
    }
}

/// One of each kind, in the order of the query.
pub fn findings() -> Vec<Finding> {
    let job = claims_summary();
    vec![
        job.clone(),
        Finding {
            control: ControlId::JobNetworkTagged,
            verdict: Verdict::NonCompliant,
            reason: "sg-09a311a1f6d3fcc94 lacks one of the tags Owner,DataSensitivity,CostCenter, or it has no value"
                .to_owned(),
            resource_id: Some("sg-09a311a1f6d3fcc94".to_owned()),
            ..job.clone()
        },
        deleted_group(&job),
        Finding { control: ControlId::JobSecurityGroupsNotDefault, ..outside_vpc() },
        masked(),
        without_arn(),
        only_an_interface(),
        only_evidence(),
        hostile(),
    ]
}

fn claims_summary() -> Finding {
    Finding {
        account_id: "111122223333".to_owned(),
        aws_region: "eu-west-1".to_owned(),
        requested_at: Some(time("2026-02-03T10:00:00Z")),
        principal_arn: Some("arn:aws:sts::111122223333:assumed-role/ml-training-pipeline/pipeline-42".to_owned()),
        job_kind: "model_customization".to_owned(),
        job_name: Some("claims-summary-v3".to_owned()),
        job_arn: Some(
            "arn:aws:bedrock:eu-west-1:111122223333:model-customization-job/amazon.titan-text-express-v1:0:8k/c3c8364e0c6f"
                .to_owned(),
        ),
        request_event_id: Some("d06f945a-b581-4ad5-a554-9df6fd9fee95".to_owned()),
        control: ControlId::JobInVpc,
        verdict: Verdict::Compliant,
        reason: "the request names a VPC configuration".to_owned(),
        next_step: None,
        resource_id: None,
        cited_event_id: Some("d06f945a-b581-4ad5-a554-9df6fd9fee95".to_owned()),
        cited_log_file: Some(
            "s3://trail/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/02/03/111122223333_CloudTrail_eu-west-1_20260203T1004Z_865d80486f7f3e2d.json.gz"
                .to_owned(),
        ),
        cited_record_index: Some(6),
        cited_log_file_state: Some("attested".to_owned()),
        cited_digest_file: Some(
            "s3://trail/AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/02/03/111122223333_CloudTrail-Digest_eu-west-1_trail_eu-west-1_20260203T105530Z.json.gz"
                .to_owned(),
        ),
    }
}

fn deleted_group(job: &Finding) -> Finding {
    Finding {
        control: ControlId::JobSecurityGroupsExist,
        verdict: Verdict::NonCompliant,
        reason: "sg-01e5968a3e287f551 was deleted 2026-02-12T09:41:07Z through CloudFormation by \
                 arn:aws:sts::111122223333:assumed-role/payments-deploy/codepipeline-9137"
            .to_owned(),
        resource_id: Some("sg-01e5968a3e287f551".to_owned()),
        cited_event_id: Some("f4f3de6b-f7d2-495d-8ed6-dc4a6c23c13e".to_owned()),
        cited_log_file_state: Some("not_attested".to_owned()),
        cited_digest_file: None,
        ..job.clone()
    }
}

fn outside_vpc() -> Finding {
    Finding {
        aws_region: "us-east-1".to_owned(),
        job_kind: "model_invocation".to_owned(),
        job_name: Some("nightly-labels".to_owned()),
        job_arn: Some("arn:aws:bedrock:us-east-1:111122223333:model-invocation-job/0e18289a56f5".to_owned()),
        request_event_id: Some("9c34bbd2-3365-4e55-990c-e181a669b8eb".to_owned()),
        verdict: Verdict::NotApplicable,
        reason: "the job has no VPC configuration".to_owned(),
        ..claims_summary()
    }
}

fn masked() -> Finding {
    Finding {
        aws_region: "us-east-1".to_owned(),
        job_name: None,
        job_arn: Some(
            "arn:aws:bedrock:us-east-1:111122223333:model-customization-job/amazon.titan-text-express-v1:0:8k/9215d80b3615"
                .to_owned(),
        ),
        verdict: Verdict::Undetermined,
        reason: "the record omits requestParameters, or they cannot be read, and no interface of the job is in the logs".to_owned(),
        ..claims_summary()
    }
}

/// Its response was omitted too, so only its request names it.
fn without_arn() -> Finding {
    Finding {
        control: ControlId::JobSecurityGroupsExist,
        job_arn: None,
        request_event_id: Some("8f024559-c7b3-431e-a1e5-c8b26152e102".to_owned()),
        reason: "no deletion of its security groups (1) is in the logs, but the logs lack 3 of its hours".to_owned(),
        next_step: Some(
            "bedrock-audit ingest SOURCE --accounts 111122223333 --regions us-east-1 --from 2026-02-18T20:00:00Z --to 2026-02-18T23:00:00Z"
                .to_owned(),
        ),
        ..masked()
    }
}

fn only_an_interface() -> Finding {
    Finding {
        account_id: "444455556666".to_owned(),
        aws_region: "us-gov-west-1".to_owned(),
        requested_at: None,
        principal_arn: None,
        job_name: None,
        job_arn: Some("arn:aws-us-gov:bedrock:us-gov-west-1:444455556666:model-import-job/bca4dea5ad61".to_owned()),
        job_kind: "model_import".to_owned(),
        request_event_id: None,
        reason: "no request for the job is in the logs, but Bedrock made an interface for the job in subnet-0f8d5d4c4ab9bd2ab".to_owned(),
        resource_id: Some("subnet-0f8d5d4c4ab9bd2ab".to_owned()),
        ..claims_summary()
    }
}

/// Evidence of the rule is no record, so there is no event id, and no digest file vouches for it.
fn only_evidence() -> Finding {
    Finding {
        job_arn: Some("arn:aws-us-gov:bedrock:us-gov-west-1:444455556666:model-import-job/4a9b15ff0001".to_owned()),
        verdict: Verdict::NonCompliant,
        reason: "the job names no VPC configuration".to_owned(),
        resource_id: None,
        cited_event_id: None,
        cited_log_file: Some("s3://evidence/2026/02/20/run-1.jsonl.gz".to_owned()),
        cited_record_index: Some(2),
        cited_log_file_state: None,
        cited_digest_file: None,
        ..only_an_interface()
    }
}

/// Every text that a log can choose, chosen badly.
pub fn hostile() -> Finding {
    let bad = "]]><script>alert('1')</script>\" \u{202e}gpj.exe\u{0}\u{1b}[31m\r\n::error::x\u{feff}\u{ffff} \\u{41} {{x}} &amp; ü😀 ";
    let text = |what: &str| format!(" {what} {bad}");
    Finding {
        account_id: "444455556666".to_owned(),
        aws_region: "us-gov-west-1".to_owned(),
        requested_at: Some(time("2026-02-23T09:30:00.123Z")),
        principal_arn: Some(text("principal")),
        job_kind: "model_import".to_owned(),
        job_name: Some(text("name")),
        job_arn: Some(text("arn/")),
        request_event_id: Some(text("event")),
        control: ControlId::JobInVpc,
        verdict: Verdict::Undetermined,
        reason: text("reason"),
        next_step: Some(text("step")),
        resource_id: Some(text("resource")),
        cited_event_id: Some(text("event")),
        cited_log_file: Some(text("s3://trail/")),
        cited_record_index: Some(-1),
        cited_log_file_state: Some(text("state")),
        cited_digest_file: Some(text("digest")),
    }
}

/// Many jobs with every control of history, verdicts in turn, over several accounts and Regions.
pub fn many(jobs: usize) -> Vec<Finding> {
    let pattern = claims_summary();
    let row = |job: usize, control: usize| Finding {
        account_id: format!("{:012}", 1 + job * 3 / jobs),
        aws_region: ["eu-west-1", "us-east-1"][job * 6 / jobs % 2].to_owned(),
        job_name: Some(format!("job-{job}")),
        job_arn: Some(format!("arn:aws:bedrock:eu-west-1:111122223333:model-import-job/{job:012}")),
        control: ControlId::ALL[control],
        verdict: Verdict::ALL[(job + control) % Verdict::ALL.len()],
        ..pattern.clone()
    };
    (0..jobs)
        .flat_map(|job| (0..6).map(move |control| (job, control)))
        .map(|(job, control)| row(job, control))
        .collect()
}
