//! One CloudTrail record, with its members in CloudTrail's own order.
//!
//! Source: CloudTrail user guide, "CloudTrail record contents"; real records of 2023.

pub mod bedrock;
pub mod cloudtrail;
pub mod ec2;
pub mod security_group;
pub mod vpc_endpoint;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use schemas::record::MASK;
use serde_json::{Map, Value, json};

use super::{Caller, Place, id};

/// The order in which CloudTrail writes the members that we write; any other stands last.
const ORDER: [&str; 24] = [
    "eventVersion",
    "userIdentity",
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "errorCode",
    "errorMessage",
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "requestID",
    "eventID",
    "readOnly",
    "resources",
    "eventType",
    "managementEvent",
    "recipientAccountId",
    "sharedEventID",
    "addendum",
    "eventCategory",
    "tlsDetails",
];

/// Event names that begin so only read.
const READ_ONLY: [&str; 9] =
    ["AssumeRole", "BatchGet", "Decrypt", "Describe", "GenerateDataKey", "Get", "Head", "InvokeModel", "List"];

/// A CloudTrail record: a JSON object.
#[derive(Debug, Clone, PartialEq)]
pub struct Record(pub Value);

/// A call, without what it asked and was answered.
pub(crate) struct Call<'a> {
    pub(crate) place: &'a Place,
    pub(crate) caller: &'a Caller,
    pub(crate) at: DateTime<Utc>,
    pub(crate) event_source: &'a str,
    pub(crate) event_name: &'a str,
}

/// The two ids of a record.
pub(crate) struct Ids {
    pub(crate) request_id: String,
    pub(crate) event_id: String,
}

impl Record {
    /// The record of a call that succeeded. Its ids are derived from all of the arguments.
    pub fn new(
        place: &Place,
        caller: &Caller,
        at: DateTime<Utc>,
        event_source: &str,
        event_name: &str,
        request_parameters: Value,
        response_elements: Value,
    ) -> Self {
        let call = Call { place, caller, at, event_source, event_name };
        let ids = Ids::of(&call, &request_parameters, &response_elements);
        Self::written(&call, ids, request_parameters, response_elements)
    }

    /// The record of a call under given ids.
    pub(crate) fn written(call: &Call<'_>, ids: Ids, request_parameters: Value, response_elements: Value) -> Self {
        let mut members: Map<String, Value> = [
            ("eventVersion", Value::from("1.11")),
            ("userIdentity", identity_at(call.caller, call.at)),
            ("eventTime", Value::from(time_text(call.at))),
            ("eventSource", Value::from(call.event_source)),
            ("eventName", Value::from(call.event_name)),
            ("awsRegion", Value::from(call.place.region.as_str())),
            ("sourceIPAddress", Value::from(call.caller.source_ip_address.as_str())),
            ("userAgent", Value::from(call.caller.user_agent.as_str())),
            ("requestParameters", request_parameters),
            ("responseElements", response_elements),
            ("requestID", Value::from(ids.request_id)),
            ("eventID", Value::from(ids.event_id.as_str())),
            ("readOnly", Value::from(READ_ONLY.iter().any(|start| call.event_name.starts_with(*start)))),
            ("eventType", Value::from("AwsApiCall")),
            ("managementEvent", Value::from(true)),
            ("recipientAccountId", Value::from(call.place.account_id.as_str())),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        if call.caller.user_identity["type"] == "AWSService" {
            let shared = id::uuid(&id::digest(&["shared", &ids.event_id]));
            members.insert("sharedEventID".to_owned(), Value::from(shared));
        }
        members.insert("eventCategory".to_owned(), Value::from("Management"));
        if !call.caller.source_ip_address.ends_with(".amazonaws.com") {
            members.insert("tlsDetails".to_owned(), tls_details(call));
        }
        Self(Value::Object(members))
    }

    /// The same call refused: it changed nothing and has no response. It is another event, so its id differs.
    pub fn refused(self, error_code: &str, error_message: &str) -> Self {
        let event_id = id::uuid(&id::digest(&["refused", self.event_id(), error_code]));
        self.with("errorCode", Value::from(error_code))
            .with("errorMessage", Value::from(error_message))
            .with("responseElements", Value::Null)
            .with("eventID", Value::from(event_id))
    }

    /// The record with that member set, in its place. The event stays the same one.
    pub fn with(mut self, member: &str, value: Value) -> Self {
        let members = self.members_mut();
        if let Some(present) = members.get_mut(member) {
            *present = value;
            return self;
        }
        let index = members.keys().take_while(|name| rank(name) <= rank(member)).count();
        members.shift_insert(index, member.to_owned(), value);
        self
    }

    /// The record without that member.
    pub fn without(mut self, member: &str) -> Self {
        self.members_mut().shift_remove(member);
        self
    }

    /// The event's id.
    pub fn event_id(&self) -> &str {
        self.text("eventID")
    }

    /// When the call was completed.
    pub fn event_time(&self) -> DateTime<Utc> {
        self.text("eventTime").parse().expect("a record of ours has a valid eventTime")
    }

    /// Where the call was made.
    pub fn place(&self) -> Place {
        Place::new(self.text("recipientAccountId"), self.text("awsRegion"))
    }

    /// The record's JSON text, on one line.
    pub fn to_json(&self) -> String {
        self.0.to_string()
    }

    fn text(&self, member: &str) -> &str {
        self.0[member].as_str().expect("a record of ours has its text members")
    }

    fn members_mut(&mut self) -> &mut Map<String, Value> {
        self.0.as_object_mut().expect("a record is a JSON object")
    }
}

impl Ids {
    fn of(call: &Call<'_>, request_parameters: &Value, response_elements: &Value) -> Self {
        let digest = id::digest(&[
            &call.place.account_id,
            &call.place.region,
            &call.caller.user_identity.to_string(),
            &call.caller.source_ip_address,
            &call.caller.user_agent,
            &time_text(call.at),
            call.event_source,
            call.event_name,
            &request_parameters.to_string(),
            &response_elements.to_string(),
        ]);
        Self { request_id: id::uuid(&digest[16..]), event_id: id::uuid(&digest[..16]) }
    }
}

/// The record as the service masks it: the names hidden, the other parameters left out.
///
/// A real `UpdateGuardrail` record has `"name": "HIDDEN_DUE_TO_SECURITY_REASONS"` and no other parameter; that a create
/// request is masked the same way is inferred.
pub fn masked(record: Record) -> Record {
    let hidden: Map<String, Value> = record.0["requestParameters"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| name.ends_with("Name"))
        .map(|(name, _)| (name.clone(), Value::from(MASK)))
        .collect();
    record.with("requestParameters", Value::Object(hidden))
}

/// The record of a request over 100 KB: CloudTrail leaves its parameters out.
pub fn omitted(record: Record) -> Record {
    record.with("requestParameters", Value::Null)
}

/// A time as records write it, to the second.
pub(crate) fn time_text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The caller's identity. A session began twenty minutes before the call, unless the caller says when.
fn identity_at(caller: &Caller, at: DateTime<Utc>) -> Value {
    let mut identity = caller.user_identity.clone();
    if let Some(began) = identity.pointer_mut("/sessionContext/attributes/creationDate")
        && began.is_null()
    {
        *began = Value::from(time_text(at - TimeDelta::minutes(20)));
    }
    identity
}

fn tls_details(call: &Call<'_>) -> Value {
    let service = call.event_source.trim_end_matches(".amazonaws.com");
    json!({
        "tlsVersion": "TLSv1.3",
        "cipherSuite": "TLS_AES_128_GCM_SHA256",
        "clientProvidedHostHeader": format!("{service}.{}.amazonaws.com", call.place.region),
    })
}

fn rank(member: &str) -> usize {
    ORDER.iter().position(|name| *name == member).unwrap_or(ORDER.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deletion() -> Record {
        let place = Place::new("111122223333", "eu-west-1");
        let at = "2026-02-03T04:05:06Z".parse().expect("a date");
        let request = json!({ "groupId": "sg-04cfb7a4712d75b00" });
        let caller = Caller::user("111122223333", "ana");
        Record::new(
            &place,
            &caller,
            at,
            "ec2.amazonaws.com",
            "DeleteSecurityGroup",
            request,
            json!({ "_return": true }),
        )
    }

    #[test]
    fn the_same_call_gives_the_same_record() {
        assert_eq!(deletion().to_json(), deletion().to_json());
        assert_eq!(deletion().event_id().len(), 36);
        assert_eq!(deletion().0["eventTime"], "2026-02-03T04:05:06Z");
    }

    #[test]
    fn a_refused_call_has_an_error_no_response_and_an_id_of_its_own() {
        let refused = deletion().refused("Client.DependencyViolation", "resource has a dependent object");
        assert_eq!(refused.0["responseElements"], Value::Null);
        assert_ne!(refused.event_id(), deletion().event_id());
        let members: Vec<&String> = refused.0.as_object().expect("an object").keys().collect();
        assert_eq!(members[7..12], ["userAgent", "errorCode", "errorMessage", "requestParameters", "responseElements"]);
    }

    #[test]
    fn members_are_set_in_cloudtrails_order_and_removed_without_disorder() {
        let all = deletion().with("resources", json!([])).with("sharedEventID", json!("x")).with("unheardOf", json!(1));
        let ranks: Vec<usize> = all.0.as_object().expect("an object").keys().map(|name| rank(name)).collect();
        assert!(ranks.is_sorted(), "{ranks:?}");
        assert_eq!(all.without("resources").without("sharedEventID").without("unheardOf"), deletion());
    }
}
