//! The events that the rule's function is invoked with, as AWS writes them.
//!
//! An event of AWS Config has its message and its parameters as JSON inside string fields (Developer Guide, "Example
//! Events for AWS Config Rules"). EventBridge events are plain (EventBridge Events Reference, "Amazon Bedrock").

use serde_json::{Value, json};

/// Rules are in this Region; what an event is about says its own.
const REGION: &str = "us-east-1";

const RULE_ID: &str = "config-rule-0123456";

/// The periodic trigger: look at every job of the account. `at`: RFC 3339, with milliseconds as Config has it.
pub fn scheduled(rule_name: &str, token: &str, parameters: Option<&Value>, account: &str, at: &str) -> Value {
    let message = json!({
        "awsAccountId": account,
        "notificationCreationTime": at,
        "messageType": "ScheduledNotification",
        "recordVersion": "1.0",
    });
    config_event(rule_name, token, parameters, account, &message)
}

/// A recorded resource has changed; see [`item`] and [`deleted_item`].
pub fn changed(rule_name: &str, token: &str, parameters: Option<&Value>, configuration_item: Value, at: &str) -> Value {
    let account = account_of(&configuration_item);
    let mut message = json!({
        "configurationItemDiff": null,
        "configurationItem": null,
        "notificationCreationTime": at,
        "messageType": "ConfigurationItemChangeNotification",
        "recordVersion": "1.3",
    });
    message["configurationItem"] = configuration_item;
    config_event(rule_name, token, parameters, &account, &message)
}

/// A recorded resource has changed whose item does not fit into an event; see [`item_summary`].
pub fn oversized(rule_name: &str, token: &str, parameters: Option<&Value>, item_summary: &Value) -> Value {
    let account = account_of(item_summary);
    let message = json!({
        "configurationItemSummary": item_summary,
        "messageType": "OversizedConfigurationItemChangeNotification",
    });
    config_event(rule_name, token, parameters, &account, &message)
}

/// A rule without parameters has no `ruleParameters` at all.
fn config_event(rule_name: &str, token: &str, parameters: Option<&Value>, account: &str, message: &Value) -> Value {
    let mut event = json!({
        "version": "1.0",
        "invokingEvent": message.to_string(),
        "resultToken": token,
        "eventLeftScope": false,
        "executionRoleArn": format!("arn:aws:iam::{account}:role/config-role"),
        "configRuleArn": format!("arn:aws:config:{REGION}:{account}:config-rule/{RULE_ID}"),
        "configRuleName": rule_name,
        "configRuleId": RULE_ID,
        "accountId": account,
    });
    if let Some(parameters) = parameters {
        event["ruleParameters"] = Value::String(parameters.to_string());
    }
    event
}

fn account_of(item: &Value) -> String {
    item["awsAccountId"].as_str().expect("an item names its account").to_owned()
}

/// The item of a resource that is there.
pub fn item(resource_type: &str, id: &str, configuration: &Value, account: &str, region: &str, at: &str) -> Value {
    json!({
        "relatedEvents": [],
        "relationships": [],
        "configuration": configuration,
        "supplementaryConfiguration": {},
        "tags": {},
        "configurationItemVersion": "1.3",
        "configurationItemCaptureTime": at,
        "configurationStateId": 1_530_669_242_810_u64,
        "awsAccountId": account,
        "configurationItemStatus": "OK",
        "resourceType": resource_type,
        "resourceId": id,
        "resourceName": null,
        "ARN": arn(resource_type, id, account, region),
        "awsRegion": region,
        "availabilityZone": "Not Applicable",
        "configurationStateMd5Hash": "",
        "resourceCreationTime": null,
    })
}

/// The item of a deleted resource: nothing is left of it but its name. `at` is when recording the deletion began.
pub fn deleted_item(resource_type: &str, id: &str, account: &str, region: &str, at: &str) -> Value {
    let mut item = item(resource_type, id, &Value::Null, account, region, at);
    item["configurationItemStatus"] = json!("ResourceDeleted");
    item["availabilityZone"] = Value::Null;
    item
}

/// What an oversized notification says of a resource in place of its item.
pub fn item_summary(resource_type: &str, id: &str, account: &str, region: &str, at: &str) -> Value {
    json!({
        "changeType": "UPDATE",
        "configurationItemVersion": "1.2",
        "configurationItemCaptureTime": at,
        "configurationStateId": 0,
        "awsAccountId": account,
        "configurationItemStatus": "OK",
        "resourceType": resource_type,
        "resourceId": id,
        "resourceName": null,
        "ARN": arn(resource_type, id, account, region),
        "awsRegion": region,
        "availabilityZone": "Not Applicable",
        "configurationStateMd5Hash": "8f1ee69b287895a0f8bc5753eca68e96",
        "resourceCreationTime": "2016-10-06T16:46:10.489Z",
    })
}

/// `AWS::EC2::SecurityGroup` is `arn:aws:ec2:REGION:ACCOUNT:security-group/ID`, and its like.
fn arn(resource_type: &str, id: &str, account: &str, region: &str) -> String {
    let mut words = resource_type.split("::").skip(1);
    let service = words.next().unwrap_or_default().to_lowercase();
    let mut kind = String::new();
    let name = words.next().unwrap_or_default();
    for (at, letter) in name.char_indices() {
        let follows_small = name[..at].ends_with(|before: char| before.is_lowercase());
        if letter.is_uppercase() && follows_small {
            kind.push('-');
        }
        kind.extend(letter.to_lowercase());
    }
    format!("arn:aws:{service}:{region}:{account}:{kind}/{id}")
}

/// EventBridge: CloudTrail has seen the accepted request for a job. `at`: RFC 3339 in whole seconds.
pub fn job_created_event(job_arn: &str, account: &str, region: &str, at: &str) -> Value {
    let request = json!({ "jobName": "made-just-now", "customModelName": "made-just-now" });
    let response = json!({ "jobArn": job_arn });
    api_call("bedrock", "CreateModelCustomizationJob", account, region, at, &request, &response)
}

/// EventBridge: CloudTrail has seen the accepted deletion of a group.
pub fn security_group_deleted_event(group_id: &str, account: &str, region: &str, at: &str) -> Value {
    let request = json!({ "groupId": group_id });
    let response = json!({ "requestId": "5b2b1ff5-5d9b-4b35-bf6a-4d9b5a1f6f77", "_return": true, "groupId": group_id });
    api_call("ec2", "DeleteSecurityGroup", account, region, at, &request, &response)
}

fn api_call(
    service: &str,
    event_name: &str,
    account: &str,
    region: &str,
    at: &str,
    request: &Value,
    response: &Value,
) -> Value {
    let role = format!("arn:aws:iam::{account}:role/Developer");
    json!({
        "version": "0",
        "id": "36eb8523-97d0-4518-b33d-ee3579ff19f0",
        "detail-type": "AWS API Call via CloudTrail",
        "source": format!("aws.{service}"),
        "account": account,
        "time": at,
        "region": region,
        "resources": [],
        "detail": {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "AssumedRole",
                "principalId": "AROAEXAMPLEROLEID0000:alice",
                "arn": format!("arn:aws:sts::{account}:assumed-role/Developer/alice"),
                "accountId": account,
                "accessKeyId": "ASIAEXAMPLEACCESSKEY",
                "sessionContext": {
                    "sessionIssuer": {
                        "type": "Role",
                        "principalId": "AROAEXAMPLEROLEID0000",
                        "arn": role,
                        "accountId": account,
                        "userName": "Developer",
                    },
                    "attributes": { "creationDate": at, "mfaAuthenticated": "false" },
                },
            },
            "eventTime": at,
            "eventSource": format!("{service}.amazonaws.com"),
            "eventName": event_name,
            "awsRegion": region,
            "sourceIPAddress": "192.0.2.7",
            "userAgent": "aws-cli/2.27.0",
            "requestParameters": request,
            "responseElements": response,
            "requestID": "8e9e9f2e-35a7-4a4d-9d3c-0f0a2c5f4c11",
            "eventID": "0b6f2f0c-8a0f-4c52-8f1d-6a2f1b7c9d10",
            "readOnly": false,
            "eventType": "AwsApiCall",
            "managementEvent": true,
            "recipientAccountId": account,
            "eventCategory": "Management",
        },
    })
}

/// EventBridge: Bedrock itself tells how a job stands. It says nothing of a VPC.
pub fn job_state_change(job_arn: &str, status: &str, account: &str, region: &str, at: &str) -> Value {
    let mut event = json!({
        "version": "0",
        "id": "f1c3b7a2-0d7e-4b1a-9f57-2f6a3d1c8e42",
        "detail-type": "Model Customization Job State Change",
        "source": "aws.bedrock",
        "account": account,
        "time": at,
        "region": region,
        "resources": [job_arn],
        "detail": {
            "version": "0.0",
            "jobName": "a-job",
            "jobArn": job_arn,
            "outputModelName": "a-model",
            "outputModelArn": format!("arn:aws:bedrock:{region}:{account}:custom-model/a-model"),
            "roleArn": format!("arn:aws:iam::{account}:role/BedrockCustomization"),
            "jobStatus": status,
            "creationTime": at,
            "lastModifiedTime": at,
            "endTime": at,
            "baseModelArn": format!("arn:aws:bedrock:{region}::foundation-model/amazon.titan-text-express-v1:0:8k"),
            "hyperParameters": { "epochCount": "1" },
            "trainingDataConfig": { "s3Uri": "s3://training-data/train/" },
            "validationDataConfig": { "s3Uri": "s3://training-data/validate/" },
            "outputDataConfig": { "s3Uri": "s3://training-data/output/" },
        },
    });
    if status == "Failed" {
        event["detail"]["failureMessage"] = json!("the job could not read its training data");
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "2026-01-15T12:00:00.000Z";

    fn inside(event: &Value, name: &str) -> Value {
        let text = event[name].as_str().expect("JSON inside a string");
        serde_json::from_str(text).expect("JSON inside a string")
    }

    #[test]
    fn message_and_parameters_are_json_inside_strings() {
        let parameters = json!({ "control": "job_in_vpc" });
        let event = scheduled("rule", "token", Some(&parameters), "123456789012", AT);
        assert_eq!(inside(&event, "invokingEvent")["messageType"], "ScheduledNotification");
        assert_eq!(inside(&event, "invokingEvent")["notificationCreationTime"], AT);
        assert_eq!(inside(&event, "ruleParameters"), parameters);
        assert_eq!(event["eventLeftScope"], false);
        let event = scheduled("rule", "token", None, "123456789012", AT);
        assert!(event.get("ruleParameters").is_none());
    }

    #[test]
    fn a_deleted_group_is_a_name_without_a_configuration() {
        let item = deleted_item("AWS::EC2::SecurityGroup", "sg-0a1b", "123456789012", "eu-west-1", AT);
        let event = changed("rule", "token", None, item, AT);
        let item = &inside(&event, "invokingEvent")["configurationItem"];
        assert_eq!(item["configurationItemStatus"], "ResourceDeleted");
        assert!(item.get("configuration").is_some_and(Value::is_null));
        assert_eq!(item["ARN"], "arn:aws:ec2:eu-west-1:123456789012:security-group/sg-0a1b");
        assert_eq!(event["accountId"], "123456789012");
    }

    #[test]
    fn an_oversized_notification_has_a_summary_and_no_item() {
        let summary = item_summary("AWS::EC2::VPC", "vpc-0a1b", "123456789012", "us-east-1", AT);
        let message = inside(&oversized("rule", "token", None, &summary), "invokingEvent");
        assert_eq!(message["configurationItemSummary"]["ARN"], "arn:aws:ec2:us-east-1:123456789012:vpc/vpc-0a1b");
        assert!(message.get("configurationItem").is_none());
        assert_eq!(arn("AWS::EC2::VPCEndpoint", "v", "1", "r"), "arn:aws:ec2:r:1:vpcendpoint/v");
    }

    #[test]
    fn eventbridge_events_are_plain() {
        let arn = "arn:aws:bedrock:us-east-1:123456789012:model-customization-job/amazon.titan-text-express-v1:0:8k/abcdef012345";
        let created = job_created_event(arn, "123456789012", "us-east-1", "2026-01-15T12:00:00Z");
        assert_eq!(created["detail"]["responseElements"]["jobArn"], arn);
        let deleted = security_group_deleted_event("sg-0a1b", "123456789012", "us-east-1", "2026-01-15T12:00:00Z");
        assert_eq!(deleted["source"], "aws.ec2");
        assert_eq!(deleted["detail"]["requestParameters"]["groupId"], "sg-0a1b");
        let failed = job_state_change(arn, "Failed", "123456789012", "us-east-1", "2026-01-15T12:00:00Z");
        assert_eq!(failed["detail"]["jobStatus"], "Failed");
        assert!(failed["detail"]["failureMessage"].is_string());
    }
}
