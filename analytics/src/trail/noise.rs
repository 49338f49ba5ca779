//! The calls that fill a real trail and mean nothing to an audit: about 1.2 KB a record.
//!
//! None of them is an event that the audit keeps. Some carry the names of such events in their text.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::id::Draw;
use super::record::{Call, Ids, time_text};
use super::{Caller, Place, Record};

/// What a call of noise is made of.
struct Act {
    service: &'static str,
    event_name: &'static str,
    request: Value,
    response: Value,
    resources: Option<Value>,
    additional: Option<Value>,
    is_data_event: bool,
}

impl Act {
    /// A call that answers nothing a record keeps.
    fn new(service: &'static str, event_name: &'static str, request: Value) -> Self {
        Self {
            service,
            event_name,
            request,
            response: Value::Null,
            resources: None,
            additional: None,
            is_data_event: false,
        }
    }
}

/// What the calls of one place are about and who makes them.
struct Surroundings<'a> {
    place: &'a Place,
    callers: Vec<Caller>,
    at: DateTime<Utc>,
}

type Maker = fn(&mut Draw, &Surroundings<'_>) -> Act;

/// How many in a hundred calls are of each kind.
const MIX: [(u64, Maker); 13] = [
    (18, decrypt),
    (8, generate_data_key),
    (15, assume_role),
    (22, get_object),
    (5, get_bucket_acl),
    (8, describe_instances),
    (6, describe_security_groups),
    (5, describe_network_interfaces),
    (4, get_security_groups_for_vpc),
    (4, create_log_stream),
    (3, invoke_model),
    (1, list_model_customization_jobs),
    (1, put_role_policy),
];

/// `n` calls in the five minutes up to `at`. The same arguments give the same records; other seeds give other events.
pub fn noise(place: &Place, at: DateTime<Utc>, n: usize, seed: u64) -> Vec<Record> {
    let mut draw = Draw::new(seed, &["noise", &place.account_id, &place.region, &time_text(at)]);
    let mut surroundings = Surroundings { place, callers: callers(place), at };
    (0..n)
        .map(|_| {
            let seconds_before = i64::try_from(draw.below(300)).expect("below 300");
            surroundings.at = at - TimeDelta::seconds(seconds_before);
            record(&mut draw, &surroundings)
        })
        .collect()
}

/// `PutRolePolicy` with a policy that names `CreateModelCustomizationJob` and `DeleteSecurityGroup`.
pub fn put_role_policy_with_watched_words(place: &Place, caller: &Caller, at: DateTime<Utc>, role: &str) -> Record {
    Record::new(place, caller, at, "iam.amazonaws.com", "PutRolePolicy", watched_words(role), Value::Null)
}

fn callers(place: &Place) -> Vec<Caller> {
    let account_id = &place.account_id;
    vec![
        Caller::role(account_id, "eks-node", "i-0a1b2c3d4e5f60718"),
        Caller::role(account_id, "etl-nightly", "session-5f3a9c01"),
        Caller::role(account_id, "orders-api", "i-04d7c2b19a8f6e053"),
        Caller::role(account_id, "readonly-audit", "carla.rossi@example.com"),
        Caller::role(account_id, "ci-deploy", "GitHubActions"),
        Caller::user(account_id, "backup-agent"),
        Caller::service("lambda.amazonaws.com"),
        Caller::service("autoscaling.amazonaws.com"),
    ]
}

fn record(draw: &mut Draw, surroundings: &Surroundings<'_>) -> Record {
    let act = maker(draw)(draw, surroundings);
    let event_source = format!("{}.amazonaws.com", act.service);
    let call = Call {
        place: surroundings.place,
        caller: draw.pick(&surroundings.callers),
        at: surroundings.at,
        event_source: &event_source,
        event_name: act.event_name,
    };
    let ids = Ids { request_id: draw.uuid(), event_id: draw.uuid() };
    let mut record = Record::written(&call, ids, act.request, act.response);
    if let Some(additional) = act.additional {
        record = record.with("additionalEventData", additional);
    }
    if let Some(resources) = act.resources {
        record = record.with("resources", resources);
    }
    if act.is_data_event {
        record = record.with("managementEvent", Value::from(false)).with("eventCategory", Value::from("Data"));
        if draw.below(30) == 0 {
            record = record.refused("AccessDenied", "Access Denied");
        }
    }
    record
}

fn maker(draw: &mut Draw) -> Maker {
    let mut left = draw.below(MIX.iter().map(|(share, _)| share).sum());
    for (share, maker) in MIX {
        if left < share {
            return maker;
        }
        left -= share;
    }
    unreachable!("the number drawn is below the sum of the shares")
}

fn key_arn(draw: &mut Draw, place: &Place) -> String {
    format!("arn:aws:kms:{}:{}:key/{}", place.region, place.account_id, draw.uuid())
}

fn bucket(draw: &mut Draw, place: &Place) -> String {
    format!("{}-{}", draw.pick(&["logs", "data", "artifacts", "ml"]), place.account_id)
}

fn role_name(draw: &mut Draw) -> &'static str {
    draw.pick::<&str>(&["eks-node", "etl-nightly", "orders-api", "payments-worker", "ml-notebooks"])
}

fn decrypt(draw: &mut Draw, surroundings: &Surroundings<'_>) -> Act {
    let context = json!({ "PARAMETER_ARN": format!("arn:aws:ssm:::parameter/app/{}", draw.hex(4)) });
    kms("Decrypt", context, draw, surroundings)
}

fn generate_data_key(draw: &mut Draw, surroundings: &Surroundings<'_>) -> Act {
    let context = json!({ "aws:s3:arn": format!("arn:aws:s3:::{}", bucket(draw, surroundings.place)) });
    kms("GenerateDataKey", context, draw, surroundings)
}

fn kms(event_name: &'static str, context: Value, draw: &mut Draw, surroundings: &Surroundings<'_>) -> Act {
    let key_arn = key_arn(draw, surroundings.place);
    let mut request = json!({ "keyId": key_arn });
    request["encryptionContext"] = context;
    if event_name == "Decrypt" {
        request["encryptionAlgorithm"] = Value::from("SYMMETRIC_DEFAULT");
    } else {
        request["keySpec"] = Value::from("AES_256");
    }
    let resource = json!({ "accountId": surroundings.place.account_id, "type": "AWS::KMS::Key", "ARN": key_arn });
    Act { resources: Some(Value::Array(vec![resource])), ..Act::new("kms", event_name, request) }
}

fn assume_role(draw: &mut Draw, surroundings: &Surroundings<'_>) -> Act {
    let account_id = &surroundings.place.account_id;
    let role = role_name(draw);
    let session = draw.hex(6);
    let role_arn = format!("arn:aws:iam::{account_id}:role/{role}");
    let expiration = surroundings.at + TimeDelta::hours(1);
    let response = json!({
        "credentials": {
            "accessKeyId": format!("ASIA{}", draw.hex(8).to_uppercase()),
            "sessionToken": format!("IQoJb3JpZ2luX2VjE{}", draw.hex(120)),
            "expiration": expiration.format("%b %-d, %Y, %-I:%M:%S %p").to_string(),
        },
        "assumedRoleUser": {
            "assumedRoleId": format!("AROA{}:{session}", draw.hex(8).to_uppercase()),
            "arn": format!("arn:aws:sts::{account_id}:assumed-role/{role}/{session}"),
        },
    });
    let request = json!({ "roleArn": role_arn, "roleSessionName": session, "durationSeconds": 3600 });
    let resource = json!({ "accountId": account_id, "type": "AWS::IAM::Role", "ARN": role_arn });
    Act { response, resources: Some(Value::Array(vec![resource])), ..Act::new("sts", "AssumeRole", request) }
}

fn get_object(draw: &mut Draw, surroundings: &Surroundings<'_>) -> Act {
    let place = surroundings.place;
    let bucket = bucket(draw, place);
    let key = format!("data/dt={}/part-{}.parquet", surroundings.at.format("%Y-%m-%d"), draw.uuid());
    let request = json!({
        "bucketName": bucket,
        "Host": format!("{bucket}.s3.{}.amazonaws.com", place.region),
        "key": key,
    });
    let resources = json!([
        { "type": "AWS::S3::Object", "ARN": format!("arn:aws:s3:::{bucket}/{key}") },
        { "accountId": place.account_id, "type": "AWS::S3::Bucket", "ARN": format!("arn:aws:s3:::{bucket}") },
    ]);
    Act {
        resources: Some(resources),
        additional: Some(transfer(draw)),
        is_data_event: true,
        ..Act::new("s3", "GetObject", request)
    }
}

fn get_bucket_acl(draw: &mut Draw, surroundings: &Surroundings<'_>) -> Act {
    let place = surroundings.place;
    let bucket = bucket(draw, place);
    let host = format!("{bucket}.s3.{}.amazonaws.com", place.region);
    let request = json!({ "bucketName": bucket, "Host": host, "acl": "" });
    let arn = format!("arn:aws:s3:::{bucket}");
    let resource = json!({ "accountId": place.account_id, "type": "AWS::S3::Bucket", "ARN": arn });
    Act {
        resources: Some(Value::Array(vec![resource])),
        additional: Some(transfer(draw)),
        ..Act::new("s3", "GetBucketAcl", request)
    }
}

fn transfer(draw: &mut Draw) -> Value {
    json!({
        "SignatureVersion": "SigV4",
        "CipherSuite": "TLS_AES_128_GCM_SHA256",
        "bytesTransferredIn": 0,
        "AuthenticationMethod": "AuthHeader",
        "x-amz-id-2": draw.hex(38),
        "bytesTransferredOut": draw.below(1 << 20),
    })
}

fn filtered(name: &str, value: &str) -> Value {
    json!({ "filterSet": { "items": [{ "name": name, "valueSet": { "items": [{ "value": value }] } }] } })
}

fn describe_instances(_: &mut Draw, _: &Surroundings<'_>) -> Act {
    let mut request = filtered("instance-state-code", "16");
    request["instancesSet"] = json!({});
    request["maxResults"] = Value::from(1000);
    Act::new("ec2", "DescribeInstances", request)
}

fn describe_security_groups(draw: &mut Draw, _: &Surroundings<'_>) -> Act {
    let group_id = format!("sg-0{}", draw.hex(8));
    let request = json!({
        "securityGroupSet": {},
        "securityGroupIdSet": { "items": [{ "groupId": group_id }] },
        "filterSet": {},
    });
    Act::new("ec2", "DescribeSecurityGroups", request)
}

fn describe_network_interfaces(draw: &mut Draw, _: &Surroundings<'_>) -> Act {
    Act::new("ec2", "DescribeNetworkInterfaces", filtered("group-id", &format!("sg-0{}", draw.hex(8))))
}

fn get_security_groups_for_vpc(draw: &mut Draw, _: &Surroundings<'_>) -> Act {
    let request = json!({ "GetSecurityGroupsForVpcRequest": { "VpcId": format!("vpc-0{}", draw.hex(8)) } });
    Act::new("ec2", "GetSecurityGroupsForVpc", request)
}

fn create_log_stream(draw: &mut Draw, surroundings: &Surroundings<'_>) -> Act {
    let day = surroundings.at.format("%Y/%m/%d");
    let request = json!({
        "logGroupName": format!("/aws/lambda/fn-{}", draw.hex(2)),
        "logStreamName": format!("{day}/[$LATEST]{}", draw.hex(16)),
    });
    Act::new("logs", "CreateLogStream", request)
}

fn invoke_model(draw: &mut Draw, _: &Surroundings<'_>) -> Act {
    let model_id = draw.pick(&["anthropic.claude-3-sonnet-20240229-v1:0", "amazon.nova-lite-v1:0"]);
    Act::new("bedrock", "InvokeModel", json!({ "modelId": model_id }))
}

fn list_model_customization_jobs(_: &mut Draw, _: &Surroundings<'_>) -> Act {
    Act::new("bedrock", "ListModelCustomizationJobs", json!({ "maxResults": 25 }))
}

fn put_role_policy(draw: &mut Draw, _: &Surroundings<'_>) -> Act {
    Act::new("iam", "PutRolePolicy", watched_words(role_name(draw)))
}

/// A policy that allows watched operations: their names stand in its text, and none of them was called.
fn watched_words(role_name: &str) -> Value {
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": ["bedrock:CreateModelCustomizationJob", "ec2:DeleteSecurityGroup"],
            "Resource": "*",
        }],
    });
    json!({
        "roleName": role_name,
        "policyName": "DeleteSecurityGroup",
        "policyDocument": policy.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use schemas::record::is_audited;

    use super::*;

    fn many(seed: u64) -> Vec<Record> {
        let at = "2026-02-03T04:05:06Z".parse().expect("a date");
        noise(&Place::new("111122223333", "eu-west-1"), at, 2000, seed)
    }

    #[test]
    fn noise_is_no_audited_event_and_no_event_twice() {
        let records = many(1);
        let ids: BTreeSet<&str> = records.iter().map(Record::event_id).collect();
        assert_eq!(ids.len(), 2000);
        for Record(record) in &records {
            let (source, name) = (record["eventSource"].as_str(), record["eventName"].as_str());
            assert!(!is_audited(source.expect("text"), name.expect("text")), "{name:?}");
        }
        assert!(records.iter().any(|record| record.to_json().contains("bedrock:CreateModelCustomizationJob")));
    }

    #[test]
    fn noise_is_of_a_real_trails_size_and_depends_on_its_seed_alone() {
        let records = many(1);
        let mean_bytes = records.iter().map(|record| record.to_json().len()).sum::<usize>() / records.len();
        assert!((1000..1600).contains(&mean_bytes), "{mean_bytes}");
        assert_eq!(records, many(1));
        assert_ne!(records, many(2));
    }
}
