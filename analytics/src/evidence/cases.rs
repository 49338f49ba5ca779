//! Values that the tests of evidence start from.

use chrono::{DateTime, Utc};
use schemas::control::Verdict;
use schemas::ids::{AccountId, Region};
use schemas::job::JobKind;

use super::line::{Detail, Fact, Finding, Job, LookedUp, LookedUpKind, Run, Stop, VpcConfig, Waiver};
use super::network::{Permission, SecurityGroup};
use crate::trail::evidence::json_of;

pub const ACCOUNT: &str = "111122223333";
pub const REGION: &str = "eu-west-1";
pub const GROUP: &str = "sg-0c0c0c0c0c0c0c0c0";
pub const SUBNET: &str = "subnet-0b0b0b0b0b0b0b0b0";
pub const REQUEST: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

pub fn run() -> Run {
    Run {
        account_id: AccountId::parse(ACCOUNT).expect("an account"),
        aws_region: Region::parse(REGION).expect("a Region"),
        rule_name: "bedrock-job-in-vpc".to_owned(),
        request_id: REQUEST.to_owned(),
        evaluated_at: at("2026-03-01T09:30:05.123Z"),
        unread_lists: Vec::new(),
    }
}

pub fn arn(id: &str) -> String {
    format!("arn:aws:bedrock:{REGION}:{ACCOUNT}:model-customization-job/amazon.titan-text-express-v1:0:8k/{id}")
}

pub fn job(id: &str) -> Job {
    Job {
        arn: arn(id),
        name: format!("name-of-{id}"),
        kind: JobKind::ModelCustomization,
        status: "InProgress".to_owned(),
        created_at: at("2026-02-28T08:00:00.250Z"),
        ended_at: None,
        failure_message: None,
    }
}

pub fn detail() -> Detail {
    Detail {
        role_arn: Some(format!("arn:aws:iam::{ACCOUNT}:role/jobs")),
        vpc_config: Some(VpcConfig { subnet_ids: vec![SUBNET.to_owned()], security_group_ids: vec![GROUP.to_owned()] }),
        input_s3_uris: vec!["s3://example/train.jsonl".to_owned()],
        customer_key: None,
    }
}

pub fn finding(id: &str) -> Finding {
    Finding {
        control: "job_in_vpc".to_owned(),
        job: job(id),
        detail: Fact::Known(detail()),
        verdict: Verdict::Compliant,
        reason: "has a vpcConfig".to_owned(),
        resources: Vec::new(),
        unread: Vec::new(),
        waiver: Waiver::No,
    }
}

/// A finding on a job outside any VPC.
pub fn bad_finding(id: &str, verdict: Verdict, waiver: Waiver) -> Finding {
    let detail = Fact::Known(Detail { vpc_config: None, ..detail() });
    Finding { detail, verdict, reason: "has no vpcConfig".to_owned(), waiver, ..finding(id) }
}

pub fn group() -> SecurityGroup {
    SecurityGroup {
        id: GROUP.to_owned(),
        name: "training".to_owned(),
        vpc_id: "vpc-0a0a0a0a0a0a0a0a0".to_owned(),
        owner_id: ACCOUNT.to_owned(),
        ingress: Vec::new(),
        egress: vec![Permission {
            protocol: "tcp".to_owned(),
            from_port: Some(443),
            to_port: Some(443),
            cidrs: vec!["10.0.0.0/16".to_owned()],
            prefix_list_ids: vec!["pl-1".to_owned()],
            ..Permission::default()
        }],
        tags: [("Owner".to_owned(), "ml".to_owned())].into(),
    }
}

pub fn group_seen(group: &SecurityGroup) -> LookedUp {
    LookedUp { record: LookedUpKind::SecurityGroup, of: json_of(&group.id), fact: Fact::Known(json_of(group)) }
}

pub fn stop() -> Stop {
    Stop {
        job: job("a"),
        detail: Detail { vpc_config: None, ..detail() },
        waiver: Waiver::No,
        why: "runs outside any VPC without a waiver".to_owned(),
        outcome: "stopped".to_owned(),
        event: "CreateModelCustomizationJob".to_owned(),
    }
}
