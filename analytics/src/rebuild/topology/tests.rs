//! Cases of the fold of VPCs, subnets, endpoints and what links them.
#![expect(clippy::needless_pass_by_value, reason = "cases are written where they are used")]

mod routes;

use proptest::prelude::*;
use schemas::record::MASK;
use serde_json::{Value, json};

use super::super::call::sample::{event, rows};
use super::*;

const LINK: [&str; 9] = [
    "link",
    "resource_id",
    "target_id",
    "destination",
    "association_id",
    "started_at",
    "seen_at",
    "ended_at",
    "ended_event_id",
];

fn done() -> Value {
    json!({"_return": true})
}

fn fold(events: &[Event]) -> TopologyTables {
    let (mut topology, mut out) = (Topology::default(), TopologyTables::default());
    for event in events {
        topology.take(event, &mut out);
    }
    topology.finish(&mut out);
    out
}

fn check_links(events: &[Event], expected: &[&str]) {
    assert_eq!(rows(&mut fold(events).network_links, &LINK), expected);
}

fn create_vpc(second: i64, id: &str) -> Event {
    event(second, "CreateVpc", json!({}), json!({"vpc": {"vpcId": id, "isDefault": false}}))
}

fn delete_vpc(second: i64, id: &str) -> Event {
    event(second, "DeleteVpc", json!({"vpcId": id}), done())
}

fn create_subnet(second: i64, id: &str, vpc_id: &str) -> Event {
    let made = json!({"subnetId": id, "vpcId": vpc_id, "availabilityZone": "eu-west-1a"});
    event(second, "CreateSubnet", json!({"vpcId": vpc_id}), json!({"subnet": made}))
}

fn create_table(second: i64, id: &str, vpc_id: &str) -> Event {
    let made = json!({"routeTableId": id, "vpcId": vpc_id, "associationSet": {}});
    event(second, "CreateRouteTable", json!({"vpcId": vpc_id}), json!({"routeTable": made}))
}

fn associate(second: i64, table_id: &str, subnet_id: &str, association_id: &str) -> Event {
    let request = json!({"routeTableId": table_id, "subnetId": subnet_id});
    event(second, "AssociateRouteTable", request, json!({"associationId": association_id}))
}

fn replace(second: i64, old: &str, table_id: &str, new: &str) -> Event {
    let request = json!({"associationId": old, "routeTableId": table_id});
    event(second, "ReplaceRouteTableAssociation", request, json!({"newAssociationId": new}))
}

fn route(second: i64, name: &str, table_id: &str, to: (&str, &str), target: (&str, &str)) -> Event {
    let mut request = json!({"routeTableId": table_id});
    request[to.0] = json!(to.1);
    request[target.0] = json!(target.1);
    event(second, name, request, done())
}

const EVERYWHERE: (&str, &str) = ("destinationCidrBlock", "0.0.0.0/0");

fn gateway(second: i64, name: &str, id: &str, vpc_id: &str) -> Event {
    event(second, name, json!({"internetGatewayId": id, "vpcId": vpc_id}), done())
}

#[test]
fn lives_are_written_as_far_as_the_records_show_them() {
    let mut elsewhere = create_subnet(9, "subnet-1", "vpc-9");
    elsewhere.scope.account_id = "2".to_owned();
    let default = json!({"vpc": {"vpcId": "vpc-2", "isDefault": true}});
    let default_subnet =
        json!({"subnet": {"subnetId": "subnet-3", "vpcId": "vpc-2", "availabilityZone": "eu-west-1b"}});
    let mut out = fold(&[
        create_vpc(1, "vpc-1"),
        create_subnet(2, "subnet-1", "vpc-1"),
        create_subnet(3, "subnet-2", "vpc-1"),
        event(4, "DeleteSubnet", json!({"subnetId": "subnet-1"}), done()),
        event(5, "CreateDefaultVpc", Value::Null, default),
        event(6, "CreateDefaultSubnet", json!({"CreateDefaultSubnetRequest": {}}), default_subnet),
        event(7, "DeleteSubnet", json!({"subnetId": "subnet-4"}), done()),
        delete_vpc(8, "vpc-1"),
        elsewhere,
    ]);
    let vpc = ["account_id", "vpc_id", "is_default", "first_seen_at", "created_at", "deleted_at", "deleted_event_id"];
    assert_eq!(rows(&mut out.vpcs, &vpc), ["1 vpc-1 false 1 1 8 e8", "1 vpc-2 true 5 5 - -", "2 vpc-9 - 9 - - -"]);
    let subnet =
        ["account_id", "subnet_id", "vpc_id", "availability_zone", "first_seen_at", "created_at", "deleted_at"];
    assert_eq!(
        rows(&mut out.subnets, &subnet),
        [
            "1 subnet-1 vpc-1 eu-west-1a 2 2 4",
            "1 subnet-2 vpc-1 eu-west-1a 3 3 8",
            "1 subnet-3 vpc-2 eu-west-1b 6 6 -",
            "1 subnet-4 - - 7 - 7",
            "2 subnet-1 vpc-9 eu-west-1a 9 9 -",
        ]
    );
}

#[test]
fn what_jobs_name_is_seen_and_its_end_is_told() {
    let (mut topology, mut out) = (Topology::default(), TopologyTables::default());
    let job = event(5, "CreateModelCustomizationJob", Value::Null, Value::Null);
    topology.see_subnet(&job, "subnet-1", None);
    topology.see_subnet(&job, "subnet-1", Some("vpc-1"));
    topology.see_vpc(&job, "vpc-2");
    topology.take(&delete_vpc(6, "vpc-1"), &mut out);
    let end = |kind: &str, id: &str| topology.deleted(&job.scope, kind, id).map(|mark| mark.at.timestamp());
    assert_eq!((end("subnet", "subnet-1"), end("vpc", "vpc-1"), end("vpc", "vpc-2")), (Some(6), Some(6), None));
    assert_eq!((end("vpc_endpoint", "vpce-1"), end("security_group", "sg-1")), (None, None));
    topology.finish(&mut out);
    let subnet = ["subnet_id", "vpc_id", "first_seen_at", "created_at", "deleted_at"];
    assert_eq!(rows(&mut out.subnets, &subnet), ["subnet-1 vpc-1 5 - 6"]);
    assert_eq!(rows(&mut out.vpcs, &["vpc_id", "first_seen_at"]), ["vpc-1 5", "vpc-2 5"]);
}

fn endpoint(second: i64, request: Value, made: Value) -> Event {
    let request = json!({"CreateVpcEndpointRequest": request});
    event(second, "CreateVpcEndpoint", request, json!({"CreateVpcEndpointResponse": {"vpcEndpoint": made}}))
}

#[test]
fn an_endpoint_is_linked_as_the_response_tells_or_else_the_request() {
    let request = json!({"VpcId": "vpc-1", "ServiceName": "com.amazonaws.eu-west-1.sts", "VpcEndpointType": "Interface",
        "PrivateDnsEnabled": true, "SubnetId": [{"tag": 1, "content": "subnet-1"}, {"tag": 2, "content": "subnet-2"}]});
    let made = json!({"vpcEndpointId": "vpce-1", "vpcId": "vpc-1", "subnetIdSet": {"item": ["subnet-1", "subnet-2"]},
        "groupSet": {"item": {"groupId": "sg-1", "groupName": "default"}}, "routeTableIdSet": ""});
    let links = &[
        "endpoint_security_group vpce-1 sg-1 - - 1 1 - -",
        "endpoint_subnet vpce-1 subnet-1 - - 1 1 - -",
        "endpoint_subnet vpce-1 subnet-2 - - 1 1 - -",
    ];
    check_links(&[endpoint(1, request.clone(), made.clone())], links);
    check_links(&[endpoint(1, Value::Null, made.clone())], links);
    let bare = json!({"vpcEndpointId": "vpce-1"});
    check_links(&[endpoint(1, request.clone(), bare.clone())], &links[1..]);
    let configured = json!({"VpcId": "vpc-1", "SubnetConfiguration": {"tag": 1, "SubnetId": "subnet-1"},
        "SecurityGroupId": {"tag": 1, "content": MASK}});
    check_links(&[endpoint(1, configured, bare)], &links[1..2]);
    check_links(&[endpoint(1, request.clone(), json!({"vpcEndpointId": MASK}))], &[]);
    let mut out = fold(&[endpoint(1, request, made)]);
    let columns =
        ["vpc_endpoint_id", "vpc_id", "service_name", "vpc_endpoint_type", "private_dns_enabled", "created_at"];
    let expected = ["vpce-1 vpc-1 com.amazonaws.eu-west-1.sts Interface true 1"];
    assert_eq!(rows(&mut out.vpc_endpoints, &columns), expected);
    assert_eq!(rows(&mut out.subnets, &["subnet_id", "vpc_id"]), ["subnet-1 vpc-1", "subnet-2 vpc-1"]);
}

#[test]
fn a_subnet_has_the_range_that_ec2_keeps() {
    let create = |id: &str, cidr: &str| {
        let made = json!({"subnetId": id, "vpcId": "vpc-1", "cidrBlock": cidr});
        event(1, "CreateSubnet", json!({"vpcId": "vpc-1"}), json!({"subnet": made}))
    };
    let events = [create("subnet-1", "10.0.1.7/24"), create("subnet-2", ""), create("subnet-3", "10.0.0.0/40")];
    let mut out = fold(&events);
    assert_eq!(
        rows(&mut out.subnets, &["subnet_id", "cidr_block"]),
        ["subnet-1 10.0.1.0/24", "subnet-2 -", "subnet-3 -"]
    );
}

#[test]
fn a_modified_endpoint_gains_and_loses_subnets_groups_and_tables() {
    let request = json!({"VpcId": "vpc-1", "SubnetId": {"tag": 1, "content": "subnet-1"}});
    let create = || endpoint(1, request.clone(), json!({"vpcEndpointId": "vpce-1"}));
    let modify = |second: i64, members: Value| {
        event(second, "ModifyVpcEndpoint", json!({"ModifyVpcEndpointRequest": members}), Value::Null)
    };
    let id = "vpce-1";
    check_links(
        &[
            create(),
            modify(
                2,
                json!({"VpcEndpointId": id, "AddSubnetId": {"tag": 1, "content": "subnet-2"}, "ResetPolicy": true}),
            ),
            modify(3, json!({"VpcEndpointId": id, "RemoveSubnetId": [{"tag": 1, "content": "subnet-1"}]})),
            modify(
                4,
                json!({"VpcEndpointId": id, "AddSecurityGroupId": {"tag": 1, "content": "sg-1"},
                "RemoveSecurityGroupId": {"tag": 1, "content": "sg-2"}}),
            ),
            modify(5, json!({"VpcEndpointId": id, "AddRouteTableId": {"tag": 1, "content": "rtb-1"}})),
            modify(6, json!({"VpcEndpointId": id, "RemoveRouteTableId": {"tag": 1, "content": "rtb-1"}})),
            modify(7, json!({"VpcEndpointId": id, "RemoveRouteTableId": {"tag": 1, "content": "rtb-1"}})),
            modify(8, json!({"VpcEndpointId": id, "AddSubnetId": MASK, "RemoveSubnetId": {"tag": 1, "content": MASK}})),
            modify(9, json!("")),
        ],
        &[
            "endpoint_route_table vpce-1 rtb-1 - - 5 5 6 e6",
            "endpoint_security_group vpce-1 sg-1 - - 4 4 - -",
            // Nothing shows when it was given to the endpoint.
            "endpoint_security_group vpce-1 sg-2 - - - 4 4 e4",
            "endpoint_subnet vpce-1 subnet-1 - - 1 1 3 e3",
            "endpoint_subnet vpce-1 subnet-2 - - 2 2 - -",
            "route_table_vpc rtb-1 vpc-1 - - - 5 - -",
        ],
    );
    let dns = modify(2, json!({"VpcEndpointId": id, "PrivateDnsEnabled": false}));
    let mut out = fold(&[create(), dns]);
    assert_eq!(rows(&mut out.vpc_endpoints, &["private_dns_enabled"]), ["false"]);
}

#[test]
fn endpoints_that_the_response_lists_as_unsuccessful_stay() {
    let request = json!({"DeleteVpcEndpointsRequest": {
        "VpcEndpointId": [{"tag": 1, "content": "vpce-1"}, {"tag": 2, "content": "vpce-2"}]}});
    let case = |unsuccessful: Value, expected: [&str; 2]| {
        let response = json!({"DeleteVpcEndpointsResponse": {"unsuccessful": unsuccessful}});
        let make = |second: i64, id: &str| {
            endpoint(second, json!({"SubnetId": {"tag": 1, "content": "subnet-1"}}), json!({"vpcEndpointId": id}))
        };
        let events = [make(1, "vpce-1"), make(2, "vpce-2"), event(3, "DeleteVpcEndpoints", request.clone(), response)];
        let mut out = fold(&events);
        assert_eq!(rows(&mut out.vpc_endpoints, &["vpc_endpoint_id", "deleted_at"]), expected);
        assert_eq!(rows(&mut out.network_links, &["resource_id", "ended_at"]), expected);
    };
    let error = json!({"code": "InvalidParameter"});
    for nothing in [json!(""), json!({}), Value::Null] {
        case(nothing, ["vpce-1 3", "vpce-2 3"]);
    }
    case(json!({"item": {"resourceId": "vpce-2", "error": error}}), ["vpce-1 3", "vpce-2 -"]);
    case(json!({"items": [{"resourceId": "vpce-1", "error": error}]}), ["vpce-1 -", "vpce-2 3"]);
    // One of them was not deleted, and nothing tells which.
    case(json!({"item": {"resourceId": MASK, "error": error}}), ["vpce-1 -", "vpce-2 -"]);
}

#[test]
fn what_a_vpc_holds_ends_with_it() {
    let request = json!({"VpcId": "vpc-1", "SubnetId": {"tag": 1, "content": "subnet-1"},
        "SecurityGroupId": {"tag": 1, "content": "sg-1"}, "RouteTableId": {"tag": 1, "content": "rtb-1"}});
    let mut out = fold(&[
        create_vpc(1, "vpc-1"),
        create_table(1, "rtb-1", "vpc-1"),
        gateway(1, "AttachInternetGateway", "igw-1", "vpc-1"),
        route(1, "CreateRoute", "rtb-1", EVERYWHERE, ("gatewayId", "igw-1")),
        create_subnet(1, "subnet-1", "vpc-1"),
        associate(1, "rtb-1", "subnet-1", "rtbassoc-1"),
        endpoint(1, request, json!({"vpcEndpointId": "vpce-1"})),
        delete_vpc(2, "vpc-1"),
    ]);
    let links = rows(&mut out.network_links, &["ended_event_id", "link"]);
    let kinds = ["endpoint_route_table", "endpoint_security_group", "endpoint_subnet", "gateway_vpc", "internet_route"];
    let tables = ["route_table_subnet", "route_table_vpc"];
    let expected: Vec<String> = kinds.iter().chain(&tables).map(|kind| format!("e2 {kind}")).collect();
    assert_eq!(links, expected);
    assert_eq!(rows(&mut out.subnets, &["deleted_event_id"]), ["e2"]);
    assert_eq!(rows(&mut out.vpc_endpoints, &["deleted_event_id"]), ["e2"]);
}

#[test]
fn refused_calls_and_omitted_requests_change_nothing() {
    let mut refused = delete_vpc(2, "vpc-1");
    refused.error_code = Some("Client.DependencyViolation".to_owned());
    let mut dry_run = gateway(3, "AttachInternetGateway", "igw-1", "vpc-1");
    dry_run.error_code = Some("Client.DryRunOperation".to_owned());
    let mut out = fold(&[create_vpc(1, "vpc-1"), refused, dry_run, event(4, "DeleteVpc", Value::Null, done())]);
    assert_eq!(rows(&mut out.vpcs, &["vpc_id", "deleted_at"]), ["vpc-1 -"]);
    assert_eq!(out.network_links.rows(), 0);
}

proptest! {
    #[test]
    fn no_json_panics(bodies in prop::collection::vec((
        prop::sample::select(vec![
            "CreateVpc", "CreateSubnet", "CreateVpcEndpoint", "ModifyVpcEndpoint", "DeleteVpcEndpoints", "DeleteVpc",
            "CreateRouteTable", "DeleteRouteTable", "AssociateRouteTable", "DisassociateRouteTable", "CreateRoute",
            "ReplaceRouteTableAssociation", "DeleteRoute", "AttachInternetGateway", "DetachInternetGateway",
        ]),
        super::super::call::sample::json(),
        super::super::call::sample::json(),
    ), 0..8)) {
        let one = |(second, (name, request, response))| event(second, name, request, response);
        fold(&(1..).zip(bodies).map(one).collect::<Vec<_>>());
    }
}
