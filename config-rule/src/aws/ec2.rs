//! Amazon EC2: networks. Every call goes by filter, which leaves out what does not exist; a call by id would fail as a
//! whole for one unknown id.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{
    Filter, IpPermission, NetworkInterface, Route as SdkRoute, RouteTable as SdkRouteTable,
    SecurityGroup as SdkSecurityGroup, Tag, VpcEndpoint,
};

use super::unread;
use crate::deletion::facts::{Interface, OwnEndpoint};
use crate::deletion::gather::NetworkUse;
use crate::deletion::subject::ResourceKind;
use crate::facts::{
    Endpoint, Fact, Permission, PrefixList, Route, RouteTable, SecurityGroup, Subnet, Tags, Unread, Vpc,
};
use crate::gather::Ec2;
use crate::replacement::gather::TaggedNetworks;

pub struct Network(Client);

impl Network {
    pub fn new(config: &SdkConfig) -> Self {
        Self(Client::new(config))
    }
}

/// The Regions that are enabled for the account, sorted.
pub async fn describe_regions(config: &SdkConfig) -> Result<Vec<String>, Unread> {
    // Without `AllRegions` the answer leaves out those that are disabled (EC2 API Reference, "DescribeRegions").
    let answer = Client::new(config).describe_regions().send().await;
    let answer = answer.map_err(|error| unread("ec2:DescribeRegions", "the account's Regions", &error))?;
    let mut regions: Vec<String> =
        answer.regions.unwrap_or_default().into_iter().filter_map(|region| region.region_name).collect();
    regions.sort();
    Ok(regions)
}

fn filter(name: &str, values: &[String]) -> Filter {
    Filter::builder().name(name).set_values(Some(values.to_vec())).build()
}

/// All items of all pages, each through a function.
macro_rules! all {
    ($action:literal, $of:expr, $request:expr, $convert:expr) => {{
        let mut found = Vec::new();
        let mut items = $request.into_paginator().items().send();
        while let Some(item) = items.next().await {
            found.push($convert(item.map_err(|error| unread($action, &$of.join(","), &error))?));
        }
        Ok(found)
    }};
}

#[async_trait]
impl Ec2 for Network {
    async fn describe_security_groups(&self, ids: &[String]) -> Result<Vec<SecurityGroup>, Unread> {
        let request = self.0.describe_security_groups().filters(filter("group-id", ids));
        all!("ec2:DescribeSecurityGroups", ids, request, security_group)
    }

    async fn describe_subnets(&self, ids: &[String]) -> Result<Vec<Subnet>, Unread> {
        let request = self.0.describe_subnets().filters(filter("subnet-id", ids));
        all!("ec2:DescribeSubnets", ids, request, subnet)
    }

    async fn describe_vpcs(&self, ids: &[String]) -> Result<Vec<Vpc>, Unread> {
        let request = self.0.describe_vpcs().filters(filter("vpc-id", ids));
        all!("ec2:DescribeVpcs", ids, request, vpc)
    }

    async fn describe_route_tables(&self, vpc_ids: &[String]) -> Result<Vec<(String, RouteTable)>, Unread> {
        let request = self.0.describe_route_tables().filters(filter("vpc-id", vpc_ids));
        all!("ec2:DescribeRouteTables", vpc_ids, request, route_table)
    }

    async fn describe_vpc_endpoints(&self, vpc_ids: &[String]) -> Result<Vec<(String, Endpoint)>, Unread> {
        let request = self.0.describe_vpc_endpoints().filters(filter("vpc-id", vpc_ids));
        all!("ec2:DescribeVpcEndpoints", vpc_ids, request, endpoint)
    }

    async fn describe_prefix_lists(&self, name: &str) -> Fact<PrefixList> {
        let names = [name.to_owned()];
        let answer = self.0.describe_prefix_lists().filters(filter("prefix-list-name", &names)).send().await;
        match answer {
            Err(error) => Fact::Unreadable(unread("ec2:DescribePrefixLists", name, &error)),
            Ok(answer) => answer.prefix_lists.unwrap_or_default().into_iter().next().map_or(Fact::Absent, |list| {
                let id = list.prefix_list_id.unwrap_or_default();
                Fact::Known(PrefixList { id, cidrs: list.cidrs.unwrap_or_default() })
            }),
        }
    }
}

#[async_trait]
impl TaggedNetworks for Network {
    async fn describe_subnets_with_tag(&self, key: &str, value: &str) -> Result<Vec<Subnet>, Unread> {
        let (tag, values) = (format!("tag:{key}"), [value.to_owned()]);
        let request = self.0.describe_subnets().filters(filter(&tag, &values));
        all!("ec2:DescribeSubnets", [format!("{tag}={value}")], request, subnet)
    }

    async fn describe_security_groups_with_tag(&self, key: &str, value: &str) -> Result<Vec<SecurityGroup>, Unread> {
        let (tag, values) = (format!("tag:{key}"), [value.to_owned()]);
        let request = self.0.describe_security_groups().filters(filter(&tag, &values));
        all!("ec2:DescribeSecurityGroups", [format!("{tag}={value}")], request, security_group)
    }
}

fn tags(tags: Option<Vec<Tag>>) -> Tags {
    tags.unwrap_or_default().into_iter().filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect()
}

fn security_group(group: SdkSecurityGroup) -> SecurityGroup {
    let permissions = |all: Option<Vec<IpPermission>>| all.unwrap_or_default().into_iter().map(permission).collect();
    SecurityGroup {
        id: group.group_id.unwrap_or_default(),
        name: group.group_name.unwrap_or_default(),
        vpc_id: group.vpc_id.unwrap_or_default(),
        owner_id: group.owner_id.unwrap_or_default(),
        ingress: permissions(group.ip_permissions),
        egress: permissions(group.ip_permissions_egress),
        tags: tags(group.tags),
    }
}

fn permission(permission: IpPermission) -> Permission {
    let some = |all: Option<Vec<Option<String>>>| all.unwrap_or_default().into_iter().flatten().collect();
    Permission {
        protocol: permission.ip_protocol.unwrap_or_default(),
        from_port: permission.from_port,
        to_port: permission.to_port,
        cidrs: some(permission.ip_ranges.map(|all| all.into_iter().map(|range| range.cidr_ip).collect())),
        ipv6_cidrs: some(permission.ipv6_ranges.map(|all| all.into_iter().map(|range| range.cidr_ipv6).collect())),
        prefix_list_ids: some(
            permission.prefix_list_ids.map(|all| all.into_iter().map(|list| list.prefix_list_id).collect()),
        ),
        group_ids: some(permission.user_id_group_pairs.map(|all| all.into_iter().map(|pair| pair.group_id).collect())),
    }
}

fn subnet(subnet: aws_sdk_ec2::types::Subnet) -> Subnet {
    Subnet {
        id: subnet.subnet_id.unwrap_or_default(),
        vpc_id: subnet.vpc_id.unwrap_or_default(),
        owner_id: subnet.owner_id.unwrap_or_default(),
        cidr: subnet.cidr_block.unwrap_or_default(),
        tags: tags(subnet.tags),
    }
}

fn vpc(vpc: aws_sdk_ec2::types::Vpc) -> Vpc {
    Vpc { id: vpc.vpc_id.unwrap_or_default(), owner_id: vpc.owner_id.unwrap_or_default(), tags: tags(vpc.tags) }
}

fn route_table(table: SdkRouteTable) -> (String, RouteTable) {
    let associations = table.associations.unwrap_or_default();
    let is_main = associations.iter().any(|association| association.main == Some(true));
    let read = RouteTable {
        id: table.route_table_id.unwrap_or_default(),
        is_main,
        subnet_ids: associations.into_iter().filter_map(|association| association.subnet_id).collect(),
        routes: table.routes.unwrap_or_default().into_iter().map(route).collect(),
    };
    (table.vpc_id.unwrap_or_default(), read)
}

fn route(route: SdkRoute) -> Route {
    let destination = route
        .destination_cidr_block
        .or(route.destination_ipv6_cidr_block)
        .or(route.destination_prefix_list_id)
        .unwrap_or_default();
    let target = route
        .gateway_id
        .or(route.egress_only_internet_gateway_id)
        .or(route.nat_gateway_id)
        .or(route.transit_gateway_id)
        .or(route.vpc_peering_connection_id)
        .or(route.network_interface_id)
        .or(route.instance_id)
        .or(route.local_gateway_id)
        .or(route.carrier_gateway_id)
        .or(route.core_network_arn)
        .unwrap_or_default();
    let is_active = route.state.is_none_or(|state| state.as_str() != "blackhole");
    Route { destination, target, is_active }
}

fn endpoint(endpoint: VpcEndpoint) -> (String, Endpoint) {
    // Stand-ins write the state in lower case; the API reference has it both ways.
    let is = |found: Option<&str>, expected: &str| found.is_some_and(|found| found.eq_ignore_ascii_case(expected));
    let groups = endpoint.groups.unwrap_or_default();
    let read = Endpoint {
        id: endpoint.vpc_endpoint_id.unwrap_or_default(),
        service_name: endpoint.service_name.unwrap_or_default(),
        // A gateway endpoint is what the API makes where no type was asked for.
        is_gateway: endpoint.vpc_endpoint_type.as_ref().is_none_or(|kind| is(Some(kind.as_str()), "Gateway")),
        is_available: is(endpoint.state.as_ref().map(aws_sdk_ec2::types::State::as_str), "available"),
        route_table_ids: endpoint.route_table_ids.unwrap_or_default(),
        subnet_ids: endpoint.subnet_ids.unwrap_or_default(),
        security_group_ids: groups.into_iter().filter_map(|group| group.group_id).collect(),
    };
    (endpoint.vpc_id.unwrap_or_default(), read)
}

#[async_trait]
impl NetworkUse for Network {
    async fn describe_referring_security_groups(&self, ids: &[String]) -> Result<Vec<SecurityGroup>, Unread> {
        let mut found = Vec::new();
        // Filters of one call must all fit; a group that fits both comes twice.
        for name in ["ip-permission.group-id", "egress.ip-permission.group-id"] {
            let request = self.0.describe_security_groups().filters(filter(name, ids));
            let groups: Result<Vec<_>, Unread> = all!("ec2:DescribeSecurityGroups", ids, request, security_group);
            found.extend(groups?);
        }
        found.sort_by(|a: &SecurityGroup, b| a.id.cmp(&b.id));
        found.dedup_by(|a, b| a.id == b.id);
        Ok(found)
    }

    async fn describe_network_interfaces(&self, kind: ResourceKind, ids: &[String]) -> Result<Vec<Interface>, Unread> {
        let name = match kind {
            ResourceKind::SecurityGroup => "group-id",
            ResourceKind::Subnet => "subnet-id",
            ResourceKind::Vpc => "vpc-id",
            // An endpoint's interfaces are its own.
            ResourceKind::VpcEndpoint => return Ok(Vec::new()),
        };
        // An account may hide what services manage; it uses the group all the same.
        let request = self.0.describe_network_interfaces().filters(filter(name, ids)).include_managed_resources(true);
        all!("ec2:DescribeNetworkInterfaces", ids, request, interface)
    }

    async fn describe_vpc_endpoints_by_id(&self, ids: &[String]) -> Result<Vec<OwnEndpoint>, Unread> {
        let request = self.0.describe_vpc_endpoints().filters(filter("vpc-endpoint-id", ids));
        all!("ec2:DescribeVpcEndpoints", ids, request, own_endpoint)
    }
}

/// The tag by which Bedrock's interfaces name their job (Bedrock User Guide, "Protect your model customization jobs using
/// a VPC").
const JOB_TAG: &str = "BedrockModelCustomizationJobArn";

fn interface(interface: NetworkInterface) -> Interface {
    let kind = interface.interface_type.as_ref().map(aws_sdk_ec2::types::NetworkInterfaceType::as_str);
    let status = interface.status.as_ref().map(aws_sdk_ec2::types::NetworkInterfaceStatus::as_str);
    Interface {
        status: status.unwrap_or_default().to_owned(),
        interface_type: kind.unwrap_or("interface").to_owned(),
        id: interface.network_interface_id.unwrap_or_default(),
        description: interface.description.unwrap_or_default(),
        requester_id: interface.requester_id.filter(|_| interface.requester_managed == Some(true)),
        instance_id: interface.attachment.and_then(|attachment| attachment.instance_id),
        job_arn: tags(interface.tag_set).remove(JOB_TAG),
        security_group_ids: interface
            .groups
            .unwrap_or_default()
            .into_iter()
            .filter_map(|group| group.group_id)
            .collect(),
        subnet_id: interface.subnet_id.unwrap_or_default(),
        vpc_id: interface.vpc_id.unwrap_or_default(),
    }
}

fn own_endpoint(mut found: VpcEndpoint) -> OwnEndpoint {
    let (owner_id, tags) = (found.owner_id.take().unwrap_or_default(), tags(found.tags.take()));
    let (vpc_id, endpoint) = endpoint(found);
    OwnEndpoint { vpc_id, owner_id, endpoint, tags }
}
