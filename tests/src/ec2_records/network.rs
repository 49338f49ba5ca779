//! Records of the calls on VPCs, subnets, route tables, gateways, endpoints and interfaces.

use serde_json::{Value, json};

use super::Body;
use super::json::{answered, items, numbered, set, under};
use super::rules::{tag_values, wrapped};
use crate::dice::Dice;
use crate::ec2_life::Call;
use crate::ec2_model::{Answer, Ec2, Endpoint, EndpointAsked, EndpointChange, KeyValue, Operation};

/// The request and the response.
pub(super) fn body(dice: &mut Dice, ec2: &Ec2, call: &Call) -> Body {
    let made = match &call.outcome {
        Ok(Answer::Made(id)) => id.as_str(),
        _ => "",
    };
    match &call.operation {
        Operation::CreateVpc { tags } => create_vpc("CreateVpc", ec2, made, tags),
        Operation::CreateDefaultVpc => create_vpc("CreateDefaultVpc", ec2, made, &[]),
        Operation::DeleteVpc { vpc_id } => Body::done("DeleteVpc", json!({ "vpcId": vpc_id })),
        Operation::CreateSubnet { vpc_id, zone, tags } => create_subnet(ec2, made, vpc_id, zone, tags),
        Operation::DeleteSubnet { subnet_id } => Body::done("DeleteSubnet", json!({ "subnetId": subnet_id })),
        Operation::CreateRouteTable { vpc_id } => {
            let local = json!({ "destinationCidrBlock": "10.0.0.0/16", "gatewayId": "local", "state": "active" });
            let table = json!({
                "routeTableId": made,
                "vpcId": vpc_id,
                "ownerId": ec2.account_id,
                "routeSet": items(vec![local]),
                "associationSet": {},
                "propagatingVgwSet": {},
                "tagSet": {},
            });
            Body::new("CreateRouteTable", json!({ "vpcId": vpc_id }), json!({ "routeTable": table }))
        }
        Operation::DeleteRouteTable { table_id } => Body::done("DeleteRouteTable", json!({ "routeTableId": table_id })),
        Operation::AssociateRouteTable { table_id, subnet_id } => Body::new(
            "AssociateRouteTable",
            json!({ "routeTableId": table_id, "subnetId": subnet_id }),
            json!({ "associationId": made, "associationState": { "state": "associated" } }),
        ),
        Operation::DisassociateRouteTable { association_id } => Body::new(
            "DisassociateRouteTable",
            json!({ "associationId": association_id }),
            json!({ "associationState": { "state": "disassociating" }, "_return": true }),
        ),
        Operation::ReplaceRouteTableAssociation { association_id, table_id } => Body::new(
            "ReplaceRouteTableAssociation",
            json!({ "associationId": association_id, "routeTableId": table_id }),
            json!({ "newAssociationId": made, "associationState": { "state": "associated" } }),
        ),
        Operation::CreateRoute { table_id, destination, target } => {
            route("CreateRoute", table_id, destination, Some(target))
        }
        Operation::ReplaceRoute { table_id, destination, target } => {
            route("ReplaceRoute", table_id, destination, Some(target))
        }
        Operation::DeleteRoute { table_id, destination } => route("DeleteRoute", table_id, destination, None),
        Operation::CreateInternetGateway => {
            let gateway =
                json!({ "internetGatewayId": made, "ownerId": ec2.account_id, "attachmentSet": {}, "tagSet": {} });
            Body::new("CreateInternetGateway", json!({}), json!({ "internetGateway": gateway }))
        }
        Operation::AttachInternetGateway { gateway_id, vpc_id } => {
            Body::done("AttachInternetGateway", json!({ "internetGatewayId": gateway_id, "vpcId": vpc_id }))
        }
        Operation::DetachInternetGateway { gateway_id, vpc_id } => {
            Body::done("DetachInternetGateway", json!({ "internetGatewayId": gateway_id, "vpcId": vpc_id }))
        }
        Operation::CreateVpcEndpoint(asked) => create_endpoint(dice, ec2, made, asked),
        Operation::ModifyVpcEndpoint(change) => modify_endpoint(change),
        Operation::DeleteVpcEndpoints { endpoint_ids } => delete_endpoints(call, endpoint_ids),
        Operation::CreateNetworkInterface { subnet_id, group_ids } => create_interface(ec2, made, subnet_id, group_ids),
        Operation::DeleteNetworkInterface { interface_id } => {
            Body::done("DeleteNetworkInterface", json!({ "networkInterfaceId": interface_id }))
        }
        other => unreachable!("{other:?} is not about the network"),
    }
}

fn specified(request: &mut Value, kind: &str, tags: &[KeyValue]) {
    if !tags.is_empty() {
        let specification = json!({ "resourceType": kind, "tags": tag_values(tags) });
        request["tagSpecificationSet"] = items(vec![specification]);
    }
}

fn create_vpc(event_name: &str, ec2: &Ec2, made: &str, tags: &[KeyValue]) -> Body {
    let mut request = match event_name {
        "CreateVpc" => json!({ "cidrBlock": "10.0.0.0/16", "instanceTenancy": "default" }),
        _ => json!({}),
    };
    specified(&mut request, "vpc", tags);
    let vpc = json!({
        "vpcId": made,
        "state": "pending",
        "ownerId": ec2.account_id,
        "cidrBlock": "10.0.0.0/16",
        "tagSet": items(tag_values(tags)),
        "isDefault": event_name != "CreateVpc",
    });
    Body::new(event_name, request, json!({ "vpc": vpc }))
}

fn create_subnet(ec2: &Ec2, made: &str, vpc_id: &str, zone: &str, tags: &[KeyValue]) -> Body {
    let mut request = json!({ "vpcId": vpc_id, "cidrBlock": "10.0.1.0/24", "availabilityZone": zone });
    specified(&mut request, "subnet", tags);
    let subnet = json!({
        "subnetId": made,
        "state": "available",
        "vpcId": vpc_id,
        "cidrBlock": "10.0.1.0/24",
        "availabilityZone": zone,
        "ownerId": ec2.account_id,
        "tagSet": items(tag_values(tags)),
    });
    Body::new("CreateSubnet", request, json!({ "subnet": subnet }))
}

fn route(event_name: &str, table_id: &str, destination: &str, target: Option<&str>) -> Body {
    let member = match destination {
        list if list.starts_with("pl-") => "destinationPrefixListId",
        cidr if cidr.contains(':') => "destinationIpv6CidrBlock",
        _ => "destinationCidrBlock",
    };
    let mut request = json!({ "routeTableId": table_id, (member): destination });
    if let Some(target) = target {
        let kind = if target.starts_with("igw-") { "gatewayId" } else { "natGatewayId" };
        request[kind] = Value::from(target);
    }
    Body::done(event_name, request)
}

fn texts(ids: &[String]) -> Vec<Value> {
    ids.iter().map(|id| Value::from(id.as_str())).collect()
}

fn create_endpoint(dice: &mut Dice, ec2: &Ec2, made: &str, asked: &EndpointAsked) -> Body {
    let kind = if asked.is_interface { "Interface" } else { "Gateway" };
    let mut request = json!({ "VpcId": asked.vpc_id, "ServiceName": asked.service });
    // Gateway is what the API takes when nothing is said.
    if asked.is_interface || dice.chance(70) {
        request["VpcEndpointType"] = Value::from(kind);
    }
    set(&mut request, "PrivateDnsEnabled", asked.private_dns);
    set(&mut request, "SubnetId", numbered(texts(&asked.subnets)));
    set(&mut request, "SecurityGroupId", numbered(texts(&asked.groups)));
    set(&mut request, "RouteTableId", numbered(texts(&asked.tables)));
    if !asked.tags.is_empty() {
        let tags = asked.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
        let mut specification = json!({ "ResourceType": "vpc-endpoint" });
        set(&mut specification, "Tag", numbered(tags));
        set(&mut request, "TagSpecification", numbered(vec![specification]));
    }
    let mut endpoint = json!({
        "vpcEndpointId": made,
        "vpcEndpointType": kind,
        "vpcId": asked.vpc_id,
        "serviceName": asked.service,
        "state": "pending",
    });
    if let Some(state) = ec2.endpoints.get(made).and_then(|line| line.now()) {
        // Only the response tells the default group that an endpoint without groups gets.
        if asked.groups.is_empty() || dice.chance(50) {
            add_links(&mut endpoint, ec2, state);
        }
    }
    let response = json!({ "xmlns": "http://ec2.amazonaws.com/doc/2016-11-15/", "vpcEndpoint": endpoint });
    Body::new(
        "CreateVpcEndpoint",
        under("CreateVpcEndpointRequest".to_owned(), request),
        under("CreateVpcEndpointResponse".to_owned(), response),
    )
}

fn add_links(endpoint: &mut Value, ec2: &Ec2, state: &Endpoint) {
    let keys = |of: &crate::ec2_model::Linked| of.keys().cloned().collect::<Vec<_>>();
    let group = |id: String| {
        let name = ec2.groups[&id].now().map(|group| group.name.clone()).unwrap_or_default();
        json!({ "groupId": id, "groupName": name })
    };
    endpoint["subnetIdSet"] = answered(texts(&keys(&state.subnets)));
    endpoint["routeTableIdSet"] = answered(texts(&keys(&state.tables)));
    endpoint["groupSet"] = answered(keys(&state.groups).into_iter().map(group).collect());
    let tag = |(key, tag): (&String, &crate::ec2_model::Tag)| json!({ "key": key, "value": tag.value });
    endpoint["tagSet"] = answered(state.tags.iter().map(tag).collect());
}

fn modify_endpoint(change: &EndpointChange) -> Body {
    let mut request = json!({ "VpcEndpointId": change.endpoint_id });
    let lists = [
        ("AddSubnetId", &change.subnets.0),
        ("RemoveSubnetId", &change.subnets.1),
        ("AddSecurityGroupId", &change.groups.0),
        ("RemoveSecurityGroupId", &change.groups.1),
        ("AddRouteTableId", &change.tables.0),
        ("RemoveRouteTableId", &change.tables.1),
    ];
    for (member, ids) in lists {
        set(&mut request, member, numbered(texts(ids)));
    }
    wrapped("ModifyVpcEndpoint", request)
}

/// The answer of a call that could not delete all is no error.
fn delete_endpoints(call: &Call, ids: &[String]) -> Body {
    let mut request = json!({});
    set(&mut request, "VpcEndpointId", numbered(texts(ids)));
    let not_deleted = match &call.outcome {
        Ok(Answer::DeletedBut(ids)) => ids.clone(),
        _ => Vec::new(),
    };
    let one = |(id, code): (String, &str)| json!({ "resourceId": id, "error": { "code": code, "message": "The VPC endpoint does not exist" } });
    let response = json!({
        "xmlns": "http://ec2.amazonaws.com/doc/2016-11-15/",
        "unsuccessful": answered(not_deleted.into_iter().map(one).collect()),
    });
    Body::new(
        "DeleteVpcEndpoints",
        under("DeleteVpcEndpointsRequest".to_owned(), request),
        under("DeleteVpcEndpointsResponse".to_owned(), response),
    )
}

/// Its `privateIpAddressesSet` has `item`, unlike every other list of the response.
fn create_interface(ec2: &Ec2, made: &str, subnet_id: &str, group_ids: &[String]) -> Body {
    let asked = group_ids.iter().map(|id| json!({ "groupId": id })).collect();
    let request = json!({ "subnetId": subnet_id, "groupSet": items(asked), "privateIpAddressesSet": {} });
    let group = |id: &String| {
        let name = ec2.groups[id].now().map(|group| group.name.clone()).unwrap_or_default();
        json!({ "groupId": id, "groupName": name })
    };
    let vpc_id = ec2.subnets.get(subnet_id).and_then(|line| line.now()).map(|subnet| subnet.vpc_id.clone());
    let interface = json!({
        "networkInterfaceId": made,
        "subnetId": subnet_id,
        "vpcId": vpc_id,
        "ownerId": ec2.account_id,
        "status": "pending",
        "groupSet": items(group_ids.iter().map(group).collect()),
        "privateIpAddressesSet": { "item": [{ "privateIpAddress": "10.0.1.10", "primary": true }] },
        "tagSet": {},
    });
    Body::new("CreateNetworkInterface", request, json!({ "networkInterface": interface }))
}
