//! Cases of route tables, associations, gateways and routes.

use super::*;

#[test]
fn a_subnet_uses_one_table_at_a_time() {
    let disassociate =
        |second: i64, id: &str| event(second, "DisassociateRouteTable", json!({"associationId": id}), done());
    check_links(
        &[
            associate(1, "rtb-1", "subnet-1", "rtbassoc-1"),
            replace(2, "rtbassoc-1", "rtb-2", "rtbassoc-2"),
            disassociate(3, "rtbassoc-1"),
            disassociate(4, "rtbassoc-2"),
            associate(5, "rtb-1", "subnet-1", "rtbassoc-3"),
            // The association before it was ended by a record that is not in the logs.
            associate(6, "rtb-2", "subnet-1", "rtbassoc-4"),
            disassociate(7, "rtbassoc-3"),
            disassociate(8, "rtbassoc-0"),
            event(9, "DeleteSubnet", json!({"subnetId": "subnet-1"}), done()),
        ],
        &[
            "route_table_subnet rtb-1 subnet-1 - rtbassoc-1 1 1 2 e2",
            "route_table_subnet rtb-1 subnet-1 - rtbassoc-3 5 5 6 e6",
            "route_table_subnet rtb-2 subnet-1 - rtbassoc-2 2 2 4 e4",
            "route_table_subnet rtb-2 subnet-1 - rtbassoc-4 6 6 9 e9",
        ],
    );
    let edge = event(
        1,
        "AssociateRouteTable",
        json!({"routeTableId": "rtb-1", "gatewayId": "igw-1"}),
        json!({"associationId": "rtbassoc-1"}),
    );
    check_links(&[edge, replace(2, "rtbassoc-1", "rtb-2", "rtbassoc-2")], &[]);
}

#[test]
fn the_main_table_is_told_only_where_the_vpc_was_made_in_the_logs() {
    let made = [create_vpc(1, "vpc-1"), create_table(2, "rtb-2", "vpc-1"), create_table(3, "rtb-3", "vpc-1")];
    let replaced = [replace(4, "rtbassoc-1", "rtb-2", "rtbassoc-2"), replace(5, "rtbassoc-2", "rtb-3", "rtbassoc-3")];
    let in_vpc = ["route_table_vpc rtb-2 vpc-1 - - 2 2 - -", "route_table_vpc rtb-3 vpc-1 - - 3 3 - -"];
    let mains =
        ["main_route_table rtb-2 vpc-1 - rtbassoc-2 4 4 5 e5", "main_route_table rtb-3 vpc-1 - rtbassoc-3 5 5 - -"];
    check_links(&[&made[..], &replaced[..]].concat(), &[&mains[..], &in_vpc[..]].concat());
    // What came with an older VPC cannot be told from an association of a subnet.
    check_links(&[&made[1..], &replaced[..]].concat(), &in_vpc);
}

#[test]
fn the_only_table_that_no_record_made_came_with_its_vpc() {
    let public = || {
        vec![
            create_vpc(1, "vpc-1"),
            gateway(2, "AttachInternetGateway", "igw-1", "vpc-1"),
            route(3, "CreateRoute", "rtb-1", EVERYWHERE, ("gatewayId", "igw-1")),
        ]
    };
    let main = |ended: &str| format!("main_route_table rtb-1 vpc-1 - - 1 3 {ended}");
    let rest = [
        "gateway_vpc igw-1 vpc-1 - - 2 2 - -",
        "internet_route rtb-1 igw-1 0.0.0.0/0 - 3 3 - -",
        "route_table_vpc rtb-1 vpc-1 - - - 3 - -",
    ];
    check_links(&public(), &[rest[0], rest[1], &main("- -"), rest[2]]);
    // In an older VPC it may be any table.
    check_links(&public()[1..], &rest);
    // Two of them: a record is missing, and nobody can tell which one came with the VPC.
    let mut two = public();
    two.push(route(4, "CreateRoute", "rtb-9", ("destinationIpv6CidrBlock", "::/0"), ("gatewayId", "igw-1")));
    let links = rows(&mut fold(&two).network_links, &["link"]);
    assert!(!links.contains(&"main_route_table".to_owned()), "{links:?}");
    // Nor is a table that could be deleted the main one.
    let mut deleted = public();
    deleted.push(event(4, "DeleteRouteTable", json!({"routeTableId": "rtb-1"}), done()));
    let links = rows(&mut fold(&deleted).network_links, &["link"]);
    assert_eq!(links, ["gateway_vpc", "internet_route", "route_table_vpc"]);
    // Until another one took its place.
    let mut replaced = public();
    replaced.extend([create_table(4, "rtb-2", "vpc-1"), replace(5, "rtbassoc-1", "rtb-2", "rtbassoc-2")]);
    let mains = ["resource_id", "association_id", "started_at", "ended_at"];
    let found = rows(&mut fold(&replaced).network_links, &[&["link"], &mains[..]].concat());
    let found: Vec<&str> = found.iter().filter_map(|row| row.strip_prefix("main_route_table ")).collect();
    assert_eq!(found, ["rtb-1 rtbassoc-1 1 5", "rtb-2 rtbassoc-2 5 -"]);
}

#[test]
fn only_a_route_to_an_internet_gateway_is_one_to_the_internet() {
    let igw = ("gatewayId", "igw-1");
    let case = |next: Event, ended: &str| {
        let first = format!("internet_route rtb-1 igw-1 0.0.0.0/0 - 1 1 {ended}");
        let events = [route(1, "CreateRoute", "rtb-1", EVERYWHERE, igw), next];
        let links = rows(&mut fold(&events).network_links, &LINK);
        assert!(links.contains(&first), "{:?}: {links:?}", events[1].request);
    };
    let away = |target: (&str, &str)| route(2, "ReplaceRoute", "rtb-1", EVERYWHERE, target);
    for target in [
        ("natGatewayId", "nat-1"),
        ("egressOnlyInternetGatewayId", "eigw-1"),
        ("gatewayId", "vgw-1"),
        ("gatewayId", "local"),
        ("gatewayId", "igw-2"),
        ("transitGatewayId", "tgw-1"),
    ] {
        case(away(target), "2 e2");
    }
    case(away(igw), "- -");
    case(away(("gatewayId", MASK)), "- -");
    case(route(2, "ReplaceRoute", "rtb-1", ("destinationCidrBlock", MASK), ("natGatewayId", "nat-1")), "- -");
    case(route(2, "ReplaceRoute", "rtb-1", ("destinationPrefixListId", "pl-1"), ("natGatewayId", "nat-1")), "- -");
    case(route(2, "ReplaceRoute", "rtb-2", EVERYWHERE, ("natGatewayId", "nat-1")), "- -");
    case(route(2, "DeleteRoute", "rtb-1", EVERYWHERE, ("dryRun", "false")), "2 e2");
    case(route(2, "DeleteRoute", "rtb-1", ("destinationCidrBlock", "0.0.0.1/0"), ("dryRun", "false")), "2 e2");
    case(event(2, "DeleteRoute", Value::Null, done()), "- -");
    case(event(2, "DeleteRouteTable", json!({"routeTableId": "rtb-1"}), done()), "2 e2");
    case(event(2, "DeleteInternetGateway", json!({"internetGatewayId": "igw-1"}), done()), "2 e2");
    case(gateway(2, "DetachInternetGateway", "igw-1", "vpc-1"), "- -");
    let eigw = route(
        1,
        "CreateRoute",
        "rtb-1",
        ("destinationIpv6CidrBlock", "::/0"),
        ("egressOnlyInternetGatewayId", "eigw-1"),
    );
    check_links(&[eigw, route(2, "DeleteRoute", "rtb-1", EVERYWHERE, igw)], &[]);
}

#[test]
fn a_gateway_is_attached_to_one_vpc_at_a_time() {
    check_links(
        &[
            gateway(1, "AttachInternetGateway", "igw-1", "vpc-1"),
            gateway(2, "DetachInternetGateway", "igw-1", "vpc-1"),
            gateway(3, "AttachInternetGateway", "igw-1", "vpc-2"),
            delete_vpc(4, "vpc-2"),
            gateway(5, "AttachInternetGateway", "igw-1", "vpc-1"),
            gateway(6, "DetachInternetGateway", "igw-2", "vpc-1"),
        ],
        &[
            "gateway_vpc igw-1 vpc-1 - - 1 1 2 e2",
            "gateway_vpc igw-1 vpc-1 - - 5 5 - -",
            "gateway_vpc igw-1 vpc-2 - - 3 3 4 e4",
            "gateway_vpc igw-2 vpc-1 - - - 6 6 e6",
        ],
    );
}
