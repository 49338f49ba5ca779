//! What invokes the function: AWS Config, with JSON inside its string fields, or EventBridge.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use crate::parameters::{InvalidParameter, Parameters};

/// The result token that asks for a trial: everything is judged, nothing is stored.
pub const TEST_MODE_TOKEN: &str = "TESTMODE";

/// The messages that Config sends and this rule understands.
pub const MESSAGE_TYPES: [&str; 3] =
    ["ScheduledNotification", "ConfigurationItemChangeNotification", "OversizedConfigurationItemChangeNotification"];

/// The EventBridge events that this rule understands, by source and detail type.
const BRIDGE_EVENTS: &str = "aws.bedrock \"Model Customization Job State Change\" or \"Batch Inference Job State Change\", \
     or \"AWS API Call via CloudTrail\" of aws.bedrock or aws.ec2";

/// An event that cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum InvalidEvent {
    /// Neither of Config nor of EventBridge.
    #[error(
        "the event is of neither AWS Config (invokingEvent, resultToken) nor EventBridge (source, detail-type): its members are {members}"
    )]
    Unknown {
        /// Names of its members.
        members: String,
    },
    /// A member that is missing or has another form.
    #[error("{place} is not what AWS Config sends")]
    Form {
        /// `event`, `invokingEvent`.
        place: &'static str,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A member that this message must have.
    #[error("{place} has no {member}")]
    Missing {
        /// Where.
        place: &'static str,
        /// What.
        member: &'static str,
    },
    /// A message of another kind.
    #[error("messageType is {found:?}; expected one of {}", MESSAGE_TYPES.join(", "))]
    MessageType {
        /// As found.
        found: String,
    },
    /// An EventBridge event of another kind.
    #[error("the EventBridge event is {source_name} {detail_type:?}; expected {BRIDGE_EVENTS}")]
    BridgeEvent {
        /// Its source.
        source_name: String,
        /// Its detail type.
        detail_type: String,
    },
    /// A rule parameter.
    #[error(transparent)]
    Parameter(#[from] InvalidParameter),
}

/// What the function is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Config wants evaluations.
    Evaluate(Box<Evaluate>),
    /// Something happened that Config will notice later.
    Happened(Happened),
}

/// Config wants evaluations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluate {
    /// The rule.
    pub rule_name: String,
    /// The account to evaluate; a member's in an organization rule.
    pub account_id: Option<String>,
    /// To be handed back with the evaluations.
    pub result_token: String,
    /// What the rule's owner decided.
    pub parameters: Parameters,
    /// What made Config ask.
    pub trigger: Trigger,
}

impl Evaluate {
    /// Whether nothing is to be stored.
    pub fn is_test(&self) -> bool {
        self.result_token == TEST_MODE_TOKEN
    }

    /// The time of the evaluation: what "now" means for windows and waivers, so that a repeated event gives the same.
    pub fn notified_at(&self) -> DateTime<Utc> {
        match &self.trigger {
            Trigger::Schedule { notified_at } | Trigger::Change { notified_at, .. } => *notified_at,
        }
    }

    /// `OrderingTimestamp` (API Reference, "Evaluation"): of a schedule its notification, of a change the
    /// configuration item. A deleted item carries the time at which it was last recorded, which may lie before the last
    /// scheduled evaluation, and Config may drop what is older than what it has: there the notification counts.
    pub fn ordering_timestamp(&self) -> DateTime<Utc> {
        match &self.trigger {
            Trigger::Change { captured_at: Some(captured_at), item, .. } if !item.is_deleted => *captured_at,
            Trigger::Schedule { notified_at } | Trigger::Change { notified_at, .. } => *notified_at,
        }
    }
}

/// What made Config ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// The schedule: every job.
    Schedule {
        /// `notificationCreationTime`
        notified_at: DateTime<Utc>,
    },
    /// A resource changed, also one too large to be sent along: the jobs that name it.
    Change {
        /// The resource.
        item: ChangedItem,
        /// `configurationItemCaptureTime`
        captured_at: Option<DateTime<Utc>>,
        /// `notificationCreationTime`
        notified_at: DateTime<Utc>,
    },
}

/// The resource that changed. A deleted one has no VPC, tags or relationships any more: its id is all there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedItem {
    /// `AWS::EC2::SecurityGroup`
    pub resource_type: String,
    /// `sg-...`
    pub resource_id: String,
    /// `ResourceDeleted` or `ResourceDeletedNotRecorded`: the signal, not a reason to skip.
    pub is_deleted: bool,
}

/// Something happened that Config will notice later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// When.
    pub at: DateTime<Utc>,
    /// In which account.
    pub account_id: String,
    /// What, in EventBridge's or CloudTrail's own word: `CreateModelCustomizationJob`, `Model Customization Job State Change`.
    pub what: String,
    /// The job, where the event is about one.
    pub job_arn: Option<String>,
    /// Whether the call was refused, so that nothing has changed.
    pub is_refused: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfigEvent {
    invoking_event: String,
    rule_parameters: Option<String>,
    result_token: Option<String>,
    config_rule_name: Option<String>,
    account_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InvokingEvent {
    message_type: String,
    notification_creation_time: Option<DateTime<Utc>>,
    configuration_item: Option<Item>,
    configuration_item_summary: Option<Item>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    resource_type: String,
    resource_id: String,
    configuration_item_status: Option<String>,
    change_type: Option<String>,
    configuration_item_capture_time: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct BridgeEvent {
    source: String,
    #[serde(rename = "detail-type")]
    detail_type: String,
    account: String,
    #[serde(deserialize_with = "bridge_time")]
    time: DateTime<Utc>,
    detail: Value,
}

/// EventBridge writes RFC 3339. Bedrock's user guide ("How EventBridge for Amazon Bedrock works") shows a batch inference
/// event with `Wed Aug 28 22:58:30 UTC 2024`; whether one ever came so is not known, and a job is not left alone for it.
fn bridge_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let shown = || NaiveDateTime::parse_from_str(&text, "%a %b %e %H:%M:%S UTC %Y").map(|time| time.and_utc());
    text.parse::<DateTime<Utc>>()
        .or_else(|cause| shown().map_err(|_| de::Error::custom(format!("time {text:?}: {cause}"))))
}

impl Event {
    /// Reads an event.
    pub fn parse(event: Value) -> Result<Self, InvalidEvent> {
        if event.get("invokingEvent").is_some() {
            return Ok(Self::Evaluate(Box::new(evaluate(event)?)));
        }
        if event.get("detail-type").is_some() {
            return Ok(Self::Happened(happened(event)?));
        }
        let members = event.as_object().map_or_else(
            || "none: it is no object".to_owned(),
            |object| object.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        );
        Err(InvalidEvent::Unknown { members })
    }
}

fn evaluate(event: Value) -> Result<Evaluate, InvalidEvent> {
    let event: ConfigEvent =
        serde_json::from_value(event).map_err(|source| InvalidEvent::Form { place: "the event", source })?;
    let invoking = serde_json::from_str(&event.invoking_event)
        .map_err(|source| InvalidEvent::Form { place: "invokingEvent", source })?;
    let token = event.result_token.filter(|token| !token.is_empty());
    let rule_name = event.config_rule_name.filter(|name| !name.is_empty());
    Ok(Evaluate {
        trigger: trigger(invoking)?,
        parameters: Parameters::parse(event.rule_parameters.as_deref())?,
        result_token: token.ok_or(InvalidEvent::Missing { place: "the event", member: "resultToken" })?,
        rule_name: rule_name.ok_or(InvalidEvent::Missing { place: "the event", member: "configRuleName" })?,
        account_id: event.account_id,
    })
}

fn trigger(event: InvokingEvent) -> Result<Trigger, InvalidEvent> {
    let missing = |member| InvalidEvent::Missing { place: "invokingEvent", member };
    let notified_at = event.notification_creation_time;
    let (member, item) = match event.message_type.as_str() {
        "ScheduledNotification" => {
            let notified_at = notified_at.ok_or_else(|| missing("notificationCreationTime"))?;
            return Ok(Trigger::Schedule { notified_at });
        }
        "ConfigurationItemChangeNotification" => ("configurationItem", event.configuration_item),
        "OversizedConfigurationItemChangeNotification" => {
            ("configurationItemSummary", event.configuration_item_summary)
        }
        _ => return Err(InvalidEvent::MessageType { found: event.message_type }),
    };
    let item = item.ok_or_else(|| missing(member))?;
    let captured_at = item.configuration_item_capture_time;
    // The oversized message has no time of its own in AWS's documentation.
    let notified_at = notified_at.or(captured_at).ok_or_else(|| missing("notificationCreationTime"))?;
    Ok(Trigger::Change { item: changed(item), captured_at, notified_at })
}

fn changed(item: Item) -> ChangedItem {
    let status = item.configuration_item_status.unwrap_or_default();
    let is_deleted = status.starts_with("ResourceDeleted") || item.change_type.as_deref() == Some("DELETE");
    ChangedItem { resource_type: item.resource_type, resource_id: item.resource_id, is_deleted }
}

fn happened(event: Value) -> Result<Happened, InvalidEvent> {
    let event: BridgeEvent = serde_json::from_value(event)
        .map_err(|source| InvalidEvent::Form { place: "the EventBridge event", source })?;
    let text = |pointer: &str| event.detail.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let (what, job_arn, is_refused) = match (event.source.as_str(), event.detail_type.as_str()) {
        ("aws.bedrock", "Model Customization Job State Change") => (event.detail_type.clone(), text("/jobArn"), false),
        ("aws.bedrock", "Batch Inference Job State Change") => {
            (event.detail_type.clone(), text("/batchJobArn").or_else(|| text("/jobArn")), false)
        }
        ("aws.bedrock" | "aws.ec2", "AWS API Call via CloudTrail") => {
            let name = text("/eventName");
            let name = name.ok_or(InvalidEvent::Missing { place: "detail", member: "eventName" })?;
            (name, text("/responseElements/jobArn"), text("/errorCode").is_some())
        }
        _ => {
            return Err(InvalidEvent::BridgeEvent { source_name: event.source, detail_type: event.detail_type });
        }
    };
    Ok(Happened { at: event.time, account_id: event.account, what, job_arn, is_refused })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(invoking: &Value, parameters: Option<&str>) -> Value {
        let mut event = json!({
            "version": "1.0", "invokingEvent": invoking.to_string(), "resultToken": "token", "eventLeftScope": false,
            "executionRoleArn": "arn:aws:iam::123456789012:role/config-role", "configRuleName": "bedrock-job-in-vpc",
            "configRuleArn": "arn:aws:config:eu-west-1:123456789012:config-rule/config-rule-0123456",
            "configRuleId": "config-rule-0123456", "accountId": "123456789012",
        });
        if let Some(parameters) = parameters {
            event["ruleParameters"] = json!(parameters);
        }
        event
    }

    fn parsed(event: Value) -> Evaluate {
        match Event::parse(event) {
            Ok(Event::Evaluate(evaluate)) => *evaluate,
            other => panic!("{other:?}"),
        }
    }

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn item(status: &str) -> Value {
        json!({"recordVersion": "1.3", "messageType": "ConfigurationItemChangeNotification", "configurationItemDiff": null,
            "notificationCreationTime": "2018-07-05T14:40:13.752Z", "configurationItem": {
                "configurationItemStatus": status, "resourceType": "AWS::EC2::SecurityGroup", "resourceId": "sg-0123456789abcdef0",
                "configuration": null, "relationships": [], "tags": {}, "configurationItemCaptureTime": "2018-07-04T01:54:02.810Z"}})
    }

    #[test]
    fn a_schedule_is_ordered_by_its_notification() {
        let invoking = json!({"awsAccountId": "123456789012", "notificationCreationTime": "2016-07-13T21:50:00.373Z",
            "messageType": "ScheduledNotification", "recordVersion": "1.0"});
        let evaluate = parsed(config(&invoking, None));
        assert_eq!(evaluate.ordering_timestamp(), time("2016-07-13T21:50:00.373Z"));
        assert_eq!((evaluate.parameters, evaluate.rule_name.as_str()), (Parameters::default(), "bedrock-job-in-vpc"));
    }

    #[test]
    fn a_change_is_ordered_by_its_item_and_a_deletion_by_its_notification() {
        let changed = parsed(config(&item("OK"), None));
        assert_eq!(changed.ordering_timestamp(), time("2018-07-04T01:54:02.810Z"));
        for status in ["ResourceDeleted", "ResourceDeletedNotRecorded"] {
            let deleted = parsed(config(&item(status), None));
            assert_eq!(deleted.ordering_timestamp(), time("2018-07-05T14:40:13.752Z"));
            let Trigger::Change { item, .. } = deleted.trigger else { panic!("a change") };
            assert!(item.is_deleted && item.resource_id == "sg-0123456789abcdef0");
        }
    }

    #[test]
    fn an_oversized_change_names_its_resource_in_the_summary() {
        let invoking = json!({"messageType": "OversizedConfigurationItemChangeNotification", "configurationItemSummary": {
            "changeType": "UPDATE", "configurationItemCaptureTime": "2016-10-06T16:46:16.261Z", "configurationItemStatus": "OK",
            "resourceType": "AWS::EC2::SecurityGroup", "resourceId": "sg-1", "resourceName": null}});
        let evaluate = parsed(config(&invoking, None));
        assert_eq!(evaluate.ordering_timestamp(), time("2016-10-06T16:46:16.261Z"));
    }

    #[test]
    fn the_test_token_asks_for_a_trial() {
        let mut event = config(&item("OK"), None);
        event["resultToken"] = json!("TESTMODE");
        assert!(parsed(event).is_test());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let with = |member: &str, value: Value| {
            let mut event = config(&item("OK"), None);
            event[member] = value;
            event
        };
        let other = json!({"messageType": "ConfigurationSnapshotDeliveryCompleted"});
        let empty = json!({"messageType": "ConfigurationItemChangeNotification", "notificationCreationTime": "2018-07-05T14:40:13Z"});
        for (event, expected) in [
            (json!({"Records": []}), "its members are Records"),
            (json!([]), "it is no object"),
            (with("invokingEvent", json!("{")), "invokingEvent is not what"),
            (with("invokingEvent", json!({"messageType": "x"})), "the event is not what"),
            (with("resultToken", json!("")), "has no resultToken"),
            (with("configRuleName", Value::Null), "has no configRuleName"),
            (config(&other, None), "ScheduledNotification, ConfigurationItemChangeNotification"),
            (config(&empty, None), "has no configurationItem"),
            (config(&item("OK"), Some(r#"{"controls":"x"}"#)), "the parameters are control,"),
            (
                json!({"detail-type": "EC2 Instance State-change Notification", "source": "aws.ec2", "account": "1",
                "time": "2018-07-05T14:40:13Z", "detail": {}}),
                "expected aws.bedrock",
            ),
        ] {
            let error = Event::parse(event.clone()).expect_err("it is wrong").to_string();
            assert!(error.contains(expected), "{event}: {error}");
        }
    }

    #[test]
    fn a_batch_inference_event_may_have_the_time_that_the_user_guide_shows() {
        let event = |time: &str| {
            Event::parse(json!({"version": "0", "id": "a1b2c3d4", "detail-type": "Batch Inference Job State Change",
                "source": "aws.bedrock", "account": "123456789012", "time": time, "region": "us-east-1",
                "detail": {"version": "0.0", "batchJobArn": "arn:x", "status": "Completed"}}))
        };
        for (written, expected) in [
            ("Wed Aug 28 22:58:30 UTC 2024", "2024-08-28T22:58:30Z"),
            ("Sun Sep 1 02:03:04 UTC 2024", "2024-09-01T02:03:04Z"),
            ("2024-08-28T22:58:30Z", "2024-08-28T22:58:30Z"),
            ("2024-08-29T00:58:30.5+02:00", "2024-08-28T22:58:30.5Z"),
        ] {
            match event(written) {
                Ok(Event::Happened(happened)) => assert_eq!(happened.at, time(expected), "{written}"),
                other => panic!("{written}: {other:?}"),
            }
        }
        for wrong in ["", "Wed Aug 28 22:58:30 CEST 2024", "Thu Aug 28 22:58:30 UTC 2024", "28 August"] {
            assert!(event(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn eventbridge_tells_of_jobs_and_groups() {
        let event = |source: &str, detail_type: &str, detail: Value| {
            let event = json!({"version": "0", "id": "1", "detail-type": detail_type, "source": source, "account": "123456789012",
                "time": "2026-03-01T10:00:00Z", "region": "eu-west-1", "resources": [], "detail": detail});
            match Event::parse(event) {
                Ok(Event::Happened(happened)) => happened,
                other => panic!("{other:?}"),
            }
        };
        let state = event(
            "aws.bedrock",
            "Model Customization Job State Change",
            json!({"jobArn": "arn:x", "jobStatus": "Failed"}),
        );
        assert_eq!(state.job_arn.as_deref(), Some("arn:x"));
        let batch = event(
            "aws.bedrock",
            "Batch Inference Job State Change",
            json!({"batchJobArn": "arn:z", "status": "Failed"}),
        );
        assert_eq!(batch.job_arn.as_deref(), Some("arn:z"));
        let created = json!({"eventName": "CreateModelCustomizationJob", "responseElements": {"jobArn": "arn:y"}});
        let created = event("aws.bedrock", "AWS API Call via CloudTrail", created);
        assert_eq!((created.what.as_str(), created.job_arn.as_deref()), ("CreateModelCustomizationJob", Some("arn:y")));
        let refused = json!({"eventName": "DeleteSecurityGroup", "errorCode": "Client.DependencyViolation", "responseElements": null});
        assert!(event("aws.ec2", "AWS API Call via CloudTrail", refused).is_refused);
    }
}
