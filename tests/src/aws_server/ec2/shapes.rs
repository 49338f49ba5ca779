//! EC2's XML of each resource (Amazon EC2 API Reference, data types of the same names), and what its filters see.

use std::collections::BTreeMap;

use super::selection::Item;
use crate::aws_server::network::{
    Endpoint, NetworkInterface, PrefixList, Route, RouteTable, Rule, SecurityGroup, Subnet, Vpc,
};
use crate::aws_server::state::Place;
use crate::aws_server::xml::{element, list, optional, text, texts};

/// What filters compare with: one value each, and the tags.
fn values(single: &[(&str, &str)], tags: &BTreeMap<String, String>) -> BTreeMap<String, Vec<String>> {
    let mut values: BTreeMap<String, Vec<String>> =
        single.iter().map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()])).collect();
    for (key, value) in tags {
        values.insert(format!("tag:{key}"), vec![value.clone()]);
        values.entry("tag-key".to_owned()).or_default().push(key.clone());
    }
    values
}

fn tag_set(tags: &BTreeMap<String, String>) -> String {
    list("tagSet", "item", tags.iter().map(|(key, value)| text("key", key) + &text("value", value)))
}

pub(super) fn security_group(region: &str, group: &SecurityGroup) -> Item {
    let description = format!("{} of a test", group.name);
    let arn = format!("arn:aws:ec2:{region}:{}:security-group/{}", group.owner_id, group.id);
    let xml = [
        text("ownerId", &group.owner_id),
        text("groupId", &group.id),
        text("groupName", &group.name),
        text("groupDescription", &description),
        text("vpcId", &group.vpc_id),
        list("ipPermissions", "item", group.ingress.iter().map(|rule| permission(rule, &group.owner_id))),
        list("ipPermissionsEgress", "item", group.egress.iter().map(|rule| permission(rule, &group.owner_id))),
        tag_set(&group.tags),
        text("securityGroupArn", &arn),
    ];
    let seen: [(&str, &str); 5] = [
        ("description", description.as_str()),
        ("group-id", &group.id),
        ("group-name", &group.name),
        ("owner-id", &group.owner_id),
        ("vpc-id", &group.vpc_id),
    ];
    let mut values = values(&seen, &group.tags);
    let named = |rules: &[Rule]| rules.iter().flat_map(|rule| rule.groups.clone()).collect::<Vec<_>>();
    values.insert("ip-permission.group-id".to_owned(), named(&group.ingress));
    values.insert("egress.ip-permission.group-id".to_owned(), named(&group.egress));
    Item { id: group.id.clone(), values, xml: xml.concat() }
}

/// Ports are absent where there are none; the lists are there, empty or not.
fn permission(rule: &Rule, owner_id: &str) -> String {
    let single = |name: &'static str| move |value: &String| text(name, value);
    let group = |id: &String| text("userId", owner_id) + &text("groupId", id);
    [
        text("ipProtocol", &rule.protocol),
        optional("fromPort", rule.from_port.map(|port| port.to_string()).as_deref()),
        optional("toPort", rule.to_port.map(|port| port.to_string()).as_deref()),
        list("groups", "item", rule.groups.iter().map(group)),
        list("ipRanges", "item", rule.cidr_v4.iter().map(single("cidrIp"))),
        list("ipv6Ranges", "item", rule.cidr_v6.iter().map(single("cidrIpv6"))),
        list("prefixListIds", "item", rule.prefix_list_ids.iter().map(single("prefixListId"))),
    ]
    .concat()
}

pub(super) fn subnet(region: &str, subnet: &Subnet) -> Item {
    let arn = format!("arn:aws:ec2:{region}:{}:subnet/{}", subnet.owner_id, subnet.id);
    let xml = [
        text("subnetId", &subnet.id),
        text("subnetArn", &arn),
        text("state", "available"),
        text("ownerId", &subnet.owner_id),
        text("vpcId", &subnet.vpc_id),
        text("cidrBlock", &subnet.cidr),
        text("availableIpAddressCount", "251"),
        text("availabilityZone", &format!("{region}a")),
        text("defaultForAz", "false"),
        text("mapPublicIpOnLaunch", "false"),
        tag_set(&subnet.tags),
    ];
    let seen: [(&str, &str); 4] = [
        ("cidr-block", &subnet.cidr),
        ("owner-id", &subnet.owner_id),
        ("subnet-id", &subnet.id),
        ("vpc-id", &subnet.vpc_id),
    ];
    Item { id: subnet.id.clone(), values: values(&seen, &subnet.tags), xml: xml.concat() }
}

pub(super) fn vpc(vpc: &Vpc) -> Item {
    let association = [
        text("associationId", "vpc-cidr-assoc-00000000"),
        text("cidrBlock", &vpc.cidr),
        element("cidrBlockState", &text("state", "associated")),
    ];
    let xml = [
        text("vpcId", &vpc.id),
        text("ownerId", &vpc.owner_id),
        text("state", "available"),
        text("cidrBlock", &vpc.cidr),
        list("cidrBlockAssociationSet", "item", [association.concat()]),
        text("instanceTenancy", "default"),
        text("isDefault", "false"),
        tag_set(&vpc.tags),
    ];
    let seen: [(&str, &str); 3] = [("cidr", vpc.cidr.as_str()), ("owner-id", &vpc.owner_id), ("vpc-id", &vpc.id)];
    Item { id: vpc.id.clone(), values: values(&seen, &vpc.tags), xml: xml.concat() }
}

pub(super) fn route_table(place: &Place, table: &RouteTable) -> Item {
    let association = |number: usize, subnet_id: Option<&String>| {
        [
            text("routeTableAssociationId", &format!("rtbassoc-{number:08x}")),
            text("routeTableId", &table.id),
            optional("subnetId", subnet_id.map(String::as_str)),
            text("main", if subnet_id.is_none() { "true" } else { "false" }),
            element("associationState", &text("state", "associated")),
        ]
        .concat()
    };
    let main = table.is_main.then(|| association(0, None));
    let subnets = table.subnet_ids.iter().enumerate().map(|(number, id)| association(number + 1, Some(id)));
    let xml = [
        text("routeTableId", &table.id),
        text("vpcId", &table.vpc_id),
        text("ownerId", &place.account),
        list("routeSet", "item", table.routes.iter().map(route)),
        list("associationSet", "item", main.into_iter().chain(subnets)),
        element("propagatingVgwSet", ""),
        element("tagSet", ""),
    ];
    let seen: [(&str, &str); 2] = [("route-table-id", table.id.as_str()), ("vpc-id", &table.vpc_id)];
    let mut values = values(&seen, &BTreeMap::new());
    values.insert("association.subnet-id".to_owned(), table.subnet_ids.clone());
    let is_main = [(table.is_main, "true"), (!table.subnet_ids.is_empty(), "false")];
    let is_main = is_main.into_iter().filter(|(is_there, _)| *is_there).map(|(_, word)| word.to_owned());
    values.insert("association.main".to_owned(), is_main.collect());
    Item { id: table.id.clone(), values, xml: xml.concat() }
}

fn route(route: &Route) -> String {
    let destination = match route.destination.as_str() {
        list if list.starts_with("pl-") => "destinationPrefixListId",
        range if range.contains(':') => "destinationIpv6CidrBlock",
        _ => "destinationCidrBlock",
    };
    let target = match route.target.split('-').next().unwrap_or_default() {
        "eigw" => "egressOnlyInternetGatewayId",
        "nat" => "natGatewayId",
        "tgw" => "transitGatewayId",
        "eni" => "networkInterfaceId",
        "pcx" => "vpcPeeringConnectionId",
        "i" => "instanceId",
        "lgw" => "localGatewayId",
        "cagw" => "carrierGatewayId",
        arn if arn.starts_with("arn:") => "coreNetworkArn",
        // `igw-..`, `vgw-..`, `vpce-..` and `local`.
        _ => "gatewayId",
    };
    let origin = if route.target == "local" { "CreateRouteTable" } else { "CreateRoute" };
    [
        text(destination, &route.destination),
        text(target, &route.target),
        text("state", &route.state),
        text("origin", origin),
    ]
    .concat()
}

pub(super) fn endpoint(endpoint: &Endpoint) -> Item {
    const FULL_ACCESS: &str =
        r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;
    let group = |id: &String| text("groupId", id) + &text("groupName", id);
    let xml = [
        text("vpcEndpointId", &endpoint.id),
        text("vpcEndpointType", &endpoint.kind),
        text("vpcId", &endpoint.vpc_id),
        text("serviceName", &endpoint.service_name),
        text("state", &endpoint.state),
        text("policyDocument", endpoint.policy.as_deref().unwrap_or(FULL_ACCESS)),
        texts("routeTableIdSet", "item", &endpoint.route_table_ids),
        texts("subnetIdSet", "item", &endpoint.subnet_ids),
        list("groupSet", "item", endpoint.security_group_ids.iter().map(group)),
        text("privateDnsEnabled", if endpoint.private_dns { "true" } else { "false" }),
        text("requesterManaged", "false"),
        text("ownerId", &endpoint.owner),
        tag_set(&endpoint.tags),
    ];
    let seen: [(&str, &str); 5] = [
        ("service-name", endpoint.service_name.as_str()),
        ("vpc-endpoint-id", &endpoint.id),
        ("vpc-endpoint-state", &endpoint.state),
        ("vpc-endpoint-type", &endpoint.kind),
        ("vpc-id", &endpoint.vpc_id),
    ];
    Item { id: endpoint.id.clone(), values: values(&seen, &endpoint.tags), xml: xml.concat() }
}

pub(super) fn network_interface(account: &str, interface: &NetworkInterface) -> Item {
    let group = |id: &String| text("groupId", id) + &text("groupName", id);
    let attachment = interface.instance_id.as_ref().map(|id| {
        let inner = [text("attachmentId", "eni-attach-00000000"), text("instanceId", id), text("status", "attached")];
        element("attachment", &inner.concat())
    });
    let xml = [
        text("networkInterfaceId", &interface.id),
        text("subnetId", &interface.subnet_id),
        text("vpcId", &interface.vpc_id),
        text("description", &interface.description),
        text("ownerId", account),
        optional("requesterId", interface.requester_id.as_deref()),
        text("requesterManaged", if interface.requester_id.is_some() { "true" } else { "false" }),
        text("status", &interface.status),
        text("interfaceType", &interface.kind),
        list("groupSet", "item", interface.security_group_ids.iter().map(group)),
        attachment.unwrap_or_default(),
        tag_set(&interface.tags),
    ];
    let seen: [(&str, &str); 5] = [
        ("description", interface.description.as_str()),
        ("network-interface-id", &interface.id),
        ("status", &interface.status),
        ("subnet-id", &interface.subnet_id),
        ("vpc-id", &interface.vpc_id),
    ];
    let mut values = values(&seen, &interface.tags);
    values.insert("group-id".to_owned(), interface.security_group_ids.clone());
    values.insert("requester-id".to_owned(), interface.requester_id.iter().cloned().collect());
    Item { id: interface.id.clone(), values, xml: xml.concat() }
}

pub(super) fn prefix_list(prefixes: &PrefixList) -> Item {
    let xml = [
        texts("cidrSet", "item", &prefixes.cidrs),
        text("prefixListId", &prefixes.id),
        text("prefixListName", &prefixes.name),
    ];
    let seen: [(&str, &str); 2] = [("prefix-list-id", prefixes.id.as_str()), ("prefix-list-name", &prefixes.name)];
    Item { id: prefixes.id.clone(), values: values(&seen, &BTreeMap::new()), xml: xml.concat() }
}

/// The same without its ranges, which another operation tells; its owner is AWS.
pub(super) fn managed_prefix_list(region: &str, prefixes: &PrefixList) -> Item {
    let xml = [
        text("prefixListId", &prefixes.id),
        text("addressFamily", "IPv4"),
        text("state", "create-complete"),
        text("prefixListArn", &format!("arn:aws:ec2:{region}:aws:prefix-list/{}", prefixes.id)),
        text("prefixListName", &prefixes.name),
        text("ownerId", "AWS"),
    ];
    let mut item = Item { xml: xml.concat(), ..prefix_list(prefixes) };
    item.values.insert("owner-id".to_owned(), vec!["AWS".to_owned()]);
    item
}
