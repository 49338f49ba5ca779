//! What an EC2 record's request and response say, whichever encoding they are in: without their wrappers, and without
//! what CloudTrail masks.

use std::borrow::Cow;

use schemas::record::MASK;
use serde_json::Value;

use super::element::{content, list, member, text, unwrapped};
use super::event::Event;

/// The two bodies of a record. Either may be missing: CloudTrail omits one that is too long.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// `requestParameters`, without a wrapper.
    pub request: Option<&'a Value>,
    /// `responseElements`, likewise.
    pub response: Option<&'a Value>,
}

impl<'a> Call<'a> {
    /// Of an event.
    pub fn of(event: &'a Event) -> Self {
        let wrapper = format!("{}Response", event.name);
        Self {
            request: event.request.as_ref().map(|request| unwrapped(request, &event.name)),
            response: event.response.as_ref().map(|response| response.get(&wrapper).unwrap_or(response)),
        }
    }

    /// A text of the request.
    pub fn asked(&self, name: &str) -> Option<&'a str> {
        plain(self.request?, name)
    }

    /// A text of the response.
    pub fn answered(&self, name: &str) -> Option<&'a str> {
        plain(self.response?, name)
    }

    /// What the response says of the resource that the call made, for example `vpc`.
    pub fn made(&self, name: &str) -> Option<&'a Value> {
        member(self.response?, name)
    }
}

/// A member's text, if it is neither missing nor masked.
pub fn plain<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    text(value, name).filter(|text| *text != MASK)
}

/// The ids in a list: plain ones, or the member `id` of each element.
pub fn ids<'a>(value: &'a Value, name: &str, id: &str) -> Vec<&'a str> {
    let elements = list(value, name).into_iter();
    elements.filter_map(|element| plain(element, id).or_else(|| content(element))).filter(|id| *id != MASK).collect()
}

/// True or false, as JSON or as text.
pub fn flag(value: &Value, name: &str) -> Option<bool> {
    match member(value, name)? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// A plain value as text. The wrapped form turns `"true"` into `true` and `"12"` into `12`; what it took away from the
/// text on the way, such as a leading zero, is lost.
pub fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Bool(_) | Value::Number(_) => Some(Cow::Owned(value.to_string())),
        _ => None,
    }
}

/// Whether CloudTrail masked a value, or a member of it.
pub fn is_masked(value: &Value) -> bool {
    value == MASK || value.as_object().is_some_and(|members| members.values().any(|member| member == MASK))
}

/// Events for the tests of the folds, and rows to compare.
#[cfg(test)]
pub mod sample {
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::TimestampMicrosecondType;
    use arrow::util::display::array_value_to_string;
    use chrono::DateTime;
    use proptest::prelude::*;
    use schemas::record::MASK;
    use serde_json::Value;

    use crate::rebuild::event::{Citation, Event, Scope};
    use crate::rebuild::who::Who;
    use crate::table::TableBuilder;

    /// An accepted call at a second, whose event id is `e` and that second.
    pub fn event(second: i64, name: &str, request: Value, response: Value) -> Event {
        Event {
            scope: Scope { account_id: "1".to_owned(), aws_region: "eu-west-1".to_owned() },
            at: DateTime::from_timestamp(second, 0).expect("a small number"),
            name: name.to_owned(),
            error_code: None,
            error_message: None,
            request: Some(request).filter(|value| !value.is_null()),
            response: Some(response).filter(|value| !value.is_null()),
            who: Who { principal_arn: Some("ana".to_owned()), ..Who::default() },
            citation: Citation { event_id: format!("e{second}"), log_file: "a.json.gz".to_owned(), record_index: 0 },
        }
    }

    /// Any JSON, made of the names that records have so that it reaches far.
    pub fn json() -> impl Strategy<Value = Value> {
        let names = [
            "items",
            "item",
            "content",
            "tag",
            "Tag",
            "tags",
            "key",
            "Key",
            "value",
            "tagSet",
            "resourcesSet",
            "resourceId",
            "tagSpecificationSet",
            "vpc",
            "vpcId",
            "subnet",
            "subnetId",
            "SubnetId",
            "vpcEndpoint",
            "vpcEndpointId",
            "VpcEndpointId",
            "groupSet",
            "groupId",
            "routeTable",
            "routeTableId",
            "associationId",
            "newAssociationId",
            "gatewayId",
            "internetGatewayId",
            "destinationCidrBlock",
            "unsuccessful",
            "jobArn",
            "jobTags",
            "resourceARN",
            "tagKeys",
            "CreateVpcEndpointRequest",
            "CreateVpcEndpointResponse",
            "AddSubnetId",
            "RemoveRouteTableId",
        ];
        let texts = [
            MASK,
            "",
            "k",
            "sg-1",
            "vpc-1",
            "vpc-2",
            "subnet-1",
            "vpce-1",
            "rtb-1",
            "rtb-2",
            "igw-1",
            "igw-2",
            "rtbassoc-1",
            "0.0.0.0/0",
            "::/0",
            "1.2.3.4/99",
            "arn:aws:bedrock:r:1:model-import-job/1",
        ];
        let leaf = prop_oneof![
            1 => Just(Value::Null),
            1 => any::<bool>().prop_map(Value::from),
            1 => any::<i64>().prop_map(Value::from),
            8 => prop::sample::select(texts.to_vec()).prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 48, 6, move |inner| {
            let name = prop::sample::select(names.to_vec()).prop_map(str::to_owned);
            prop_oneof![
                1 => prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                4 => prop::collection::btree_map(name, inner, 0..6).prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    /// The rows of a table, sorted: the named columns with a space between, `-` for null, seconds for times.
    pub fn rows(table: &mut TableBuilder, columns: &[&str]) -> Vec<String> {
        let batch = table.finish();
        let cell = |name: &&str, row: usize| -> String {
            let column = &batch[*name];
            match column.as_primitive_opt::<TimestampMicrosecondType>() {
                _ if column.is_null(row) => "-".to_owned(),
                Some(times) => (times.value(row) / 1_000_000).to_string(),
                None => array_value_to_string(column, row).expect("text, a number or a flag can be shown"),
            }
        };
        let row = |row| columns.iter().map(|name| cell(name, row)).collect::<Vec<_>>().join(" ");
        let mut rows: Vec<String> = (0..batch.num_rows()).map(row).collect();
        rows.sort();
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn wrappers_and_masks_are_seen_through() {
        let wrapped = sample::event(
            1,
            "DeleteVpcEndpoints",
            json!({"DeleteVpcEndpointsRequest": {"VpcEndpointId": {"tag": 1, "content": "vpce-1"}}}),
            json!({"DeleteVpcEndpointsResponse": {"unsuccessful": ""}}),
        );
        let call = Call::of(&wrapped);
        assert_eq!(ids(call.request.expect("a request"), "vpcEndpointId", "vpcEndpointId"), ["vpce-1"]);
        assert_eq!(call.made("unsuccessful"), Some(&json!("")));
        let masked = sample::event(1, "DeleteVpc", json!({"vpcId": MASK}), Value::Null);
        assert_eq!(Call::of(&masked).asked("vpcId"), None);
        assert!(Call::of(&masked).request.is_some_and(is_masked));
        let empty = sample::event(1, "DeleteVpcEndpoints", json!({"DeleteVpcEndpointsRequest": ""}), Value::Null);
        assert_eq!(Call::of(&empty).asked("vpcEndpointId"), None);
    }

    #[test]
    fn values_that_the_wrapped_form_turned_into_json_are_read_as_text() {
        let text = |value: Value| scalar(&value).map(Cow::into_owned);
        assert_eq!(text(json!(true)).as_deref(), Some("true"));
        assert_eq!(text(json!(12)).as_deref(), Some("12"));
        assert_eq!(text(json!("")).as_deref(), Some(""));
        assert_eq!(text(json!({})), None);
        assert_eq!(flag(&json!({"isDefault": "true"}), "isDefault"), Some(true));
        assert_eq!(flag(&json!({"IsDefault": false}), "isDefault"), Some(false));
        assert_eq!(flag(&json!({"isDefault": 1}), "isDefault"), None);
    }
}
