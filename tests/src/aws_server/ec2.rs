//! EC2: a form goes in, XML comes out (Amazon EC2 API Reference, and the service model `ec2/2016-11-15` of botocore for
//! names and limits).

mod selection;
mod shapes;

use super::form::Form;
use super::http::{Call, Refusal, Reply};
use super::service::{Caller, Routed};
use super::state::{Place, State};
use super::{limits, pages, xml};
use selection::{Item, Kind, Selection};

const VERSION: &str = "2016-11-15";
const NAMESPACE: &str = "http://ec2.amazonaws.com/doc/2016-11-15/";

/// The members that turn pages: everything else is the question.
const PAGE_MEMBERS: [&str; 2] = ["MaxResults", "NextToken"];

const SECURITY_GROUPS: Kind = Kind {
    operation: "DescribeSecurityGroups",
    set: "securityGroupInfo",
    id: "GroupId",
    prefix: "sg-",
    malformed: "InvalidGroupId.Malformed",
    not_found: "InvalidGroup.NotFound",
    filters: &[
        "description",
        "egress.ip-permission.group-id",
        "group-id",
        "group-name",
        "ip-permission.group-id",
        "owner-id",
        "vpc-id",
    ],
    max_results: Some((limits::SECURITY_GROUPS_MAX_RESULTS_MIN, limits::SECURITY_GROUPS_MAX_RESULTS_MAX)),
};

const SUBNETS: Kind = Kind {
    operation: "DescribeSubnets",
    set: "subnetSet",
    id: "SubnetId",
    prefix: "subnet-",
    malformed: "InvalidSubnetID.Malformed",
    not_found: "InvalidSubnetID.NotFound",
    filters: &["cidr-block", "owner-id", "subnet-id", "vpc-id"],
    max_results: Some((limits::SUBNETS_MAX_RESULTS_MIN, limits::SUBNETS_MAX_RESULTS_MAX)),
};

const VPCS: Kind = Kind {
    operation: "DescribeVpcs",
    set: "vpcSet",
    id: "VpcId",
    prefix: "vpc-",
    malformed: "InvalidVpcID.Malformed",
    not_found: "InvalidVpcID.NotFound",
    filters: &["cidr", "owner-id", "vpc-id"],
    max_results: Some((limits::VPCS_MAX_RESULTS_MIN, limits::VPCS_MAX_RESULTS_MAX)),
};

const ROUTE_TABLES: Kind = Kind {
    operation: "DescribeRouteTables",
    set: "routeTableSet",
    id: "RouteTableId",
    prefix: "rtb-",
    malformed: "InvalidRouteTableId.Malformed",
    not_found: "InvalidRouteTableID.NotFound",
    filters: &["association.main", "association.subnet-id", "route-table-id", "vpc-id"],
    max_results: Some((limits::ROUTE_TABLES_MAX_RESULTS_MIN, limits::ROUTE_TABLES_MAX_RESULTS_MAX)),
};

const ENDPOINTS: Kind = Kind {
    operation: "DescribeVpcEndpoints",
    set: "vpcEndpointSet",
    id: "VpcEndpointId",
    prefix: "vpce-",
    malformed: "InvalidVpcEndpointId.Malformed",
    not_found: "InvalidVpcEndpointId.NotFound",
    filters: &["service-name", "vpc-endpoint-id", "vpc-endpoint-state", "vpc-endpoint-type", "vpc-id"],
    max_results: None,
};

const NETWORK_INTERFACES: Kind = Kind {
    operation: "DescribeNetworkInterfaces",
    set: "networkInterfaceSet",
    id: "NetworkInterfaceId",
    prefix: "eni-",
    malformed: "InvalidNetworkInterfaceId.Malformed",
    not_found: "InvalidNetworkInterfaceID.NotFound",
    filters: &["description", "group-id", "network-interface-id", "requester-id", "status", "subnet-id", "vpc-id"],
    max_results: Some((limits::NETWORK_INTERFACES_MAX_RESULTS_MIN, limits::NETWORK_INTERFACES_MAX_RESULTS_MAX)),
};

const PREFIX_LISTS: Kind = Kind {
    operation: "DescribePrefixLists",
    set: "prefixListSet",
    id: "PrefixListId",
    prefix: "pl-",
    malformed: "InvalidPrefixListId.Malformed",
    not_found: "InvalidPrefixListId.NotFound",
    filters: &["prefix-list-id", "prefix-list-name"],
    max_results: None,
};

const MANAGED_PREFIX_LISTS: Kind = Kind {
    operation: "DescribeManagedPrefixLists",
    set: "prefixListSet",
    id: "PrefixListId",
    prefix: "pl-",
    malformed: "InvalidPrefixListID.Malformed",
    not_found: "InvalidPrefixListID.NotFound",
    filters: &["owner-id", "prefix-list-id", "prefix-list-name"],
    max_results: Some((limits::MANAGED_PREFIX_LISTS_MAX_RESULTS_MIN, limits::MANAGED_PREFIX_LISTS_MAX_RESULTS_MAX)),
};

const KINDS: [&Kind; 8] = [
    &SECURITY_GROUPS,
    &SUBNETS,
    &VPCS,
    &ROUTE_TABLES,
    &ENDPOINTS,
    &NETWORK_INTERFACES,
    &PREFIX_LISTS,
    &MANAGED_PREFIX_LISTS,
];

/// It has no pages, and here no filters.
const REGIONS: &str = "DescribeRegions";

pub(super) fn route(call: &Call) -> Result<Routed, String> {
    let form = Form::of(call);
    let asked = form.get("Action").unwrap_or("a request without Action");
    if asked == REGIONS {
        return Ok(Routed::new(REGIONS, ""));
    }
    let kind = KINDS.into_iter().find(|kind| kind.operation == asked).ok_or_else(|| asked.to_owned())?;
    Ok(Routed::new(kind.operation, Selection::words(kind, &form)).on_page(form.get("NextToken")))
}

pub(super) fn answer(state: &mut State, caller: &Caller, operation: &str, call: &Call) -> Result<Reply, Refusal> {
    let form = Form::of(call);
    form.require_version(VERSION)?;
    if operation == REGIONS {
        return regions(state, caller, &form);
    }
    let kind = KINDS.into_iter().find(|kind| kind.operation == operation).expect("route has found the operation");
    let selection = Selection::parse(kind, &form)?;
    let page_size = state.page_size;
    let place = state.place(&caller.account, &caller.region);
    let items = match operation {
        "DescribeSecurityGroups" => groups(place, &selection),
        "DescribeNetworkInterfaces" => interfaces(place, form.get("IncludeManagedResources") == Some("true")),
        _ => others(place, operation),
    };
    let size = selection.page_size(page_size);
    let selected = selection.select(kind, items)?;
    let page = pages::cut(selected, size, form.get("NextToken"), &form.without(&PAGE_MEMBERS));
    let page = page.ok_or_else(|| Refusal::new(400, "InvalidNextToken", "The token is invalid"))?;
    let set = xml::list(kind.set, "item", page.items);
    let inner = set + &xml::optional("nextToken", page.next.as_deref());
    Ok(reply(operation, &inner))
}

fn reply(operation: &str, inner: &str) -> Reply {
    Reply::xml(200, &format!("<{operation}Response xmlns=\"{NAMESPACE}\">{inner}</{operation}Response>"))
}

/// Without `AllRegions`, those that are enabled for the account.
fn regions(state: &State, caller: &Caller, form: &Form) -> Result<Reply, Refusal> {
    if let Some(unknown) = form.unknown_member(&["Action", "Version"], &[]) {
        return Err(Refusal::new(400, "UnknownParameter", format!("The parameter {unknown} is not recognized")));
    }
    let enabled = state.enabled_regions(&caller.account).into_iter().map(|region| {
        let endpoint = format!("ec2.{region}.amazonaws.com");
        [
            xml::text("regionName", &region),
            xml::text("regionEndpoint", &endpoint),
            xml::text("optInStatus", "opt-in-not-required"),
        ]
        .concat()
    });
    Ok(reply(REGIONS, &xml::list("regionInfo", "item", enabled)))
}

/// A group that is just created is not seen, and each call that asks for it brings it nearer.
fn groups(place: &mut Place, selection: &Selection) -> Vec<Item> {
    let mut items = Vec::new();
    for group in &mut place.security_groups {
        let item = shapes::security_group(&place.region, group);
        if group.hidden_looks == 0 {
            items.push(item);
        } else if selection.asks_for(&item) {
            group.hidden_looks -= 1;
        }
    }
    items
}

fn interfaces(place: &Place, with_managed: bool) -> Vec<Item> {
    let visible = place.network_interfaces.iter().filter(|interface| with_managed || !interface.is_hidden);
    visible.map(|interface| shapes::network_interface(&place.account, interface)).collect()
}

fn others(place: &Place, operation: &str) -> Vec<Item> {
    match operation {
        "DescribeSubnets" => place.subnets.iter().map(|subnet| shapes::subnet(&place.region, subnet)).collect(),
        "DescribeVpcs" => place.vpcs.iter().map(shapes::vpc).collect(),
        "DescribeRouteTables" => place.route_tables.iter().map(|table| shapes::route_table(place, table)).collect(),
        "DescribeVpcEndpoints" => place.endpoints.iter().map(shapes::endpoint).collect(),
        "DescribePrefixLists" => place.prefix_lists.iter().map(shapes::prefix_list).collect(),
        _ => place.prefix_lists.iter().map(|list| shapes::managed_prefix_list(&place.region, list)).collect(),
    }
}
