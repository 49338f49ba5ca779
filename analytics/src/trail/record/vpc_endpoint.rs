//! Records of EC2's operations on VPC endpoints, and the wrapped form that EC2's newer operations use.
//!
//! In the wrapped form the request stands under its type's name, in PascalCase. A list of one element is that element,
//! a longer one an array; each element has its ordinal in `tag`, and a plain value stands in `content`.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::Record;
use super::ec2::call;
use crate::trail::{Caller, Place};

const XMLNS: &str = "http://ec2.amazonaws.com/doc/2016-11-15/";

/// A call in the wrapped form. `response` holds what the operation answers besides the request's id.
pub(super) fn wrapped(
    place: &Place,
    caller: &Caller,
    at: DateTime<Utc>,
    event_name: &str,
    request: Value,
    response: Value,
) -> Record {
    let request = under(format!("{event_name}Request"), request);
    call(place, caller, at, event_name, request, |request_id| {
        let mut body = json!({ "xmlns": XMLNS, "requestId": request_id });
        if let (Some(body), Value::Object(members)) = (body.as_object_mut(), response) {
            body.extend(members);
        }
        under(format!("{event_name}Response"), body)
    })
}

fn under(name: String, value: Value) -> Value {
    Value::Object(Map::from_iter([(name, value)]))
}

/// A list of plain values in the wrapped form; `None` for an empty one, which the request leaves out.
fn numbered(values: &[impl AsRef<str>]) -> Option<Value> {
    let mut elements: Vec<Value> = values
        .iter()
        .zip(1..)
        .map(|(value, ordinal): (_, u64)| {
            let content: &str = value.as_ref();
            json!({ "tag": ordinal, "content": content })
        })
        .collect();
    if elements.len() > 1 { Some(Value::Array(elements)) } else { elements.pop() }
}

/// A request for a VPC endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointRequest {
    /// `vpce-...`, given by EC2 in its response.
    pub id: String,
    /// `vpc-...`
    pub vpc_id: String,
    /// For example `com.amazonaws.eu-west-1.s3`.
    pub service_name: String,
    /// `Gateway` or `Interface`.
    pub endpoint_type: String,
    /// Of an interface endpoint.
    pub subnet_ids: Vec<String>,
    /// Of an interface endpoint.
    pub security_group_ids: Vec<String>,
    /// Of a gateway endpoint.
    pub route_table_ids: Vec<String>,
}

impl EndpointRequest {
    fn parameters(&self) -> Value {
        let mut parameters = json!({
            "VpcId": self.vpc_id,
            "ServiceName": self.service_name,
            "VpcEndpointType": self.endpoint_type,
        });
        if self.endpoint_type == "Interface" {
            parameters["PrivateDnsEnabled"] = Value::from(true);
        }
        let lists = [
            ("SubnetId", &self.subnet_ids),
            ("SecurityGroupId", &self.security_group_ids),
            ("RouteTableId", &self.route_table_ids),
        ];
        for (member, ids) in lists {
            if let Some(list) = numbered(ids) {
                parameters[member] = list;
            }
        }
        parameters
    }
}

/// `CreateVpcEndpoint`, wrapped.
pub fn create_vpc_endpoint(place: &Place, caller: &Caller, at: DateTime<Utc>, request: &EndpointRequest) -> Record {
    let response = json!({
        "vpcEndpoint": {
            "vpcEndpointId": request.id,
            "vpcEndpointType": request.endpoint_type,
            "vpcId": request.vpc_id,
            "serviceName": request.service_name,
            "state": if request.endpoint_type == "Gateway" { "available" } else { "pending" },
        },
    });
    wrapped(place, caller, at, "CreateVpcEndpoint", request.parameters(), response)
}

/// `DeleteVpcEndpoints`, wrapped; all of them are deleted. No record of it is public: the form is inferred.
pub fn delete_vpc_endpoints(place: &Place, caller: &Caller, at: DateTime<Utc>, vpc_endpoint_ids: &[&str]) -> Record {
    let request = match numbered(vpc_endpoint_ids) {
        Some(list) => json!({ "VpcEndpointId": list }),
        None => Value::from(""),
    };
    wrapped(place, caller, at, "DeleteVpcEndpoints", request, json!({ "unsuccessful": "" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_one_is_its_element() {
        let place = Place::new("111122223333", "eu-west-1");
        let caller = Caller::user("111122223333", "ana");
        let check = |ids: &[&str], expected: Value| {
            let at = "2026-02-03T04:05:06Z".parse().expect("a date");
            let Record(record) = delete_vpc_endpoints(&place, &caller, at, ids);
            assert_eq!(record["requestParameters"], json!({ "DeleteVpcEndpointsRequest": expected }));
            assert_eq!(record["responseElements"]["DeleteVpcEndpointsResponse"]["requestId"], record["requestID"]);
        };
        check(&[], json!(""));
        check(&["vpce-1"], json!({ "VpcEndpointId": { "tag": 1, "content": "vpce-1" } }));
        let two = json!([{ "tag": 1, "content": "vpce-1" }, { "tag": 2, "content": "vpce-2" }]);
        check(&["vpce-1", "vpce-2"], json!({ "VpcEndpointId": two }));
    }
}
