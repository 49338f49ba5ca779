//! Records of EC2's network operations: VPCs, interfaces, tags.
//!
//! EC2's older operations write camelCase parameters; a list is `{"items": [...]}` and an empty one `{}`.

use chrono::{DateTime, Utc};
use schemas::record::EC2;
use serde_json::{Value, json};

use super::{Record, time_text};
use crate::trail::{Caller, Place, id};

/// A call of EC2 that succeeded. The response repeats the record's own request id, so it is made from it.
pub(super) fn call(
    place: &Place,
    caller: &Caller,
    at: DateTime<Utc>,
    event_name: &str,
    request: Value,
    response: impl FnOnce(&str) -> Value,
) -> Record {
    let asked = request.to_string();
    let time = time_text(at);
    let parts: [&str; 5] = [&place.account_id, &place.region, &time, event_name, &asked];
    let request_id = id::uuid(&id::digest(&parts));
    let response = response(&request_id);
    Record::new(place, caller, at, EC2, event_name, request, response).with("requestID", Value::from(request_id))
}

/// The response of an operation that answers only that it was done.
pub(super) fn done(request_id: &str) -> Value {
    json!({ "requestId": request_id, "_return": true })
}

/// A list as EC2's older operations write it.
pub(super) fn items(values: Vec<Value>) -> Value {
    if values.is_empty() { json!({}) } else { json!({ "items": Value::Array(values) }) }
}

/// Tags as `tagSet` and `tagSpecificationSet` hold them.
fn tag_values(tags: &[(&str, &str)]) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

/// `CreateVpc`. The VPC's default group comes with it, and no record names that group.
pub fn create_vpc(place: &Place, caller: &Caller, at: DateTime<Utc>, vpc_id: &str, cidr_block: &str) -> Record {
    let request = json!({
        "cidrBlock": cidr_block,
        "instanceTenancy": "default",
        "amazonProvidedIpv6CidrBlock": false,
    });
    call(place, caller, at, "CreateVpc", request, |request_id| {
        let association = json!({
            "cidrBlock": cidr_block,
            "associationId": id::resource("vpc-cidr-assoc", &[vpc_id]),
            "cidrBlockState": { "state": "associated" },
        });
        json!({
            "requestId": request_id,
            "vpc": {
                "vpcId": vpc_id,
                "state": "pending",
                "ownerId": place.account_id,
                "cidrBlock": cidr_block,
                "cidrBlockAssociationSet": items(vec![association]),
                "ipv6CidrBlockAssociationSet": {},
                "dhcpOptionsId": id::resource("dopt", &[&place.account_id, &place.region]),
                "instanceTenancy": "default",
                "tagSet": {},
                "isDefault": false,
            },
        })
    })
}

/// `DeleteVpc`. It takes the VPC's default security group with it; no `DeleteSecurityGroup` record tells so.
pub fn delete_vpc(place: &Place, caller: &Caller, at: DateTime<Utc>, vpc_id: &str) -> Record {
    call(place, caller, at, "DeleteVpc", json!({ "vpcId": vpc_id }), done)
}

/// `CreateTags` on any resources.
pub fn create_tags(
    place: &Place,
    caller: &Caller,
    at: DateTime<Utc>,
    resource_ids: &[&str],
    tags: &[(&str, &str)],
) -> Record {
    let resources = resource_ids.iter().map(|resource_id| json!({ "resourceId": resource_id })).collect();
    let request = json!({ "resourcesSet": items(resources), "tagSet": items(tag_values(tags)) });
    call(place, caller, at, "CreateTags", request, done)
}

/// A request for a network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterfaceRequest {
    /// `eni-...`, given by EC2 in its response.
    pub id: String,
    /// `subnet-...`
    pub subnet_id: String,
    /// `vpc-...`, told by the response only.
    pub vpc_id: String,
    /// The groups' ids and names; names are told by the response only.
    pub groups: Vec<(String, String)>,
    /// The customization job that Bedrock makes the interface for, which its tags name; `None` = another purpose.
    pub job_arn: Option<String>,
}

impl InterfaceRequest {
    /// The tags that Bedrock gives to the interfaces of its customization jobs.
    ///
    /// Source: Bedrock user guide, "Protect your model customization jobs using a VPC".
    fn tags(&self) -> Vec<Value> {
        match &self.job_arn {
            Some(job_arn) => {
                tag_values(&[("BedrockManaged", "true"), ("BedrockModelCustomizationJobArn", job_arn.as_str())])
            }
            None => Vec::new(),
        }
    }

    fn parameters(&self) -> Value {
        let groups = self.groups.iter().map(|(group_id, _)| json!({ "groupId": group_id })).collect();
        let mut parameters = json!({
            "subnetId": self.subnet_id,
            "groupSet": items(groups),
            "privateIpAddressesSet": {},
        });
        let tags = self.tags();
        if !tags.is_empty() {
            let specification = json!({ "resourceType": "network-interface", "tags": tags });
            parameters["tagSpecificationSet"] = items(vec![specification]);
        }
        parameters["clientToken"] = Value::from(id::uuid(&id::digest(&["token", &self.id])));
        parameters
    }

    fn interface(&self, place: &Place, caller: &Caller) -> Value {
        let host = id::digest(&[&self.id]);
        let address = format!("10.0.{}.{}", host[0], host[1].clamp(4, 254));
        let groups = self
            .groups
            .iter()
            .map(|(group_id, group_name)| json!({ "groupId": group_id, "groupName": group_name }))
            .collect();
        json!({
            "networkInterfaceId": self.id,
            "subnetId": self.subnet_id,
            "vpcId": self.vpc_id,
            "availabilityZone": format!("{}a", place.region),
            "ownerId": place.account_id,
            "requesterId": caller.user_identity["principalId"],
            "requesterManaged": false,
            "status": "pending",
            "macAddress": format!("0a:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", host[2], host[3], host[4], host[5], host[6]),
            "privateIpAddress": address,
            "sourceDestCheck": true,
            "interfaceType": "interface",
            "groupSet": items(groups),
            "privateIpAddressesSet": { "item": [{ "privateIpAddress": address, "primary": true }] },
            "ipv6AddressesSet": {},
            "tagSet": items(self.tags()),
        })
    }
}

/// `CreateNetworkInterface`. Its response writes `privateIpAddressesSet` with `item`, unlike every other list.
pub fn create_network_interface(
    place: &Place,
    caller: &Caller,
    at: DateTime<Utc>,
    request: &InterfaceRequest,
) -> Record {
    call(
        place,
        caller,
        at,
        "CreateNetworkInterface",
        request.parameters(),
        |request_id| json!({ "requestId": request_id, "networkInterface": request.interface(place, caller) }),
    )
}

/// `DeleteNetworkInterface`.
pub fn delete_network_interface(
    place: &Place,
    caller: &Caller,
    at: DateTime<Utc>,
    network_interface_id: &str,
) -> Record {
    let request = json!({ "networkInterfaceId": network_interface_id });
    call(place, caller, at, "DeleteNetworkInterface", request, done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_for_a_job_names_the_job_in_request_and_response() {
        let place = Place::new("111122223333", "eu-west-1");
        let caller = Caller::role("111122223333", "BedrockCustomization", "BedrockSession");
        let at = "2026-02-03T04:05:06Z".parse().expect("a date");
        let mut request = InterfaceRequest {
            id: "eni-1".to_owned(),
            subnet_id: "subnet-1".to_owned(),
            vpc_id: "vpc-1".to_owned(),
            groups: vec![("sg-1".to_owned(), "default".to_owned())],
            job_arn: Some("arn:job".to_owned()),
        };
        let Record(record) = create_network_interface(&place, &caller, at, &request);
        let asked = record.pointer("/requestParameters/tagSpecificationSet/items/0/tags/1/value");
        let given = record.pointer("/responseElements/networkInterface/tagSet/items/1/value");
        assert_eq!((asked, given), (Some(&json!("arn:job")), Some(&json!("arn:job"))));
        assert_eq!(record["responseElements"]["requestId"], record["requestID"]);
        assert!(record.pointer("/responseElements/networkInterface/privateIpAddressesSet/item/0").is_some());

        request.job_arn = None;
        let Record(record) = create_network_interface(&place, &caller, at, &request);
        assert_eq!(record["responseElements"]["networkInterface"]["tagSet"], json!({}));
    }
}
