//! moto's reading of EC2 beside ours: the same random calls made to a moto server and written as records, and what both
//! say of the network at the end.
//!
//! `tests/python/moto_rules.py` says where moto is not as EC2 is, and how the calls keep away from it. Three differences
//! show here: moto says of a gateway endpoint that nobody asked about it that private DNS is on, so that is not
//! compared; it goes on listing deleted endpoints, as deleted; and it leaves the association of a route table with a
//! subnet that is deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use end_to_end::moto::Moto;
use serde_json::Value;

use crate::place::{Place, Row, text};

/// One fact in words, such as a rule with everything that is compared of it.
type Facts = BTreeSet<String>;

const IN_FORCE: &str = "ended_at is null";

fn member<'a>(of: &'a Value, name: &str) -> &'a str {
    of[name].as_str().unwrap_or_default()
}

fn each<'a>(of: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    of[name].as_array().into_iter().flatten()
}

/// The groups that the records know from their creation on: those of moto's own networks are older.
fn made_groups(place: &Place) -> BTreeSet<String> {
    let rows = place.sql("select group_id from security_groups where created_at is not null and deleted_at is null");
    rows.iter().map(|row| text(row, "group_id").to_owned()).collect()
}

fn port(value: &Value) -> String {
    value.as_i64().filter(|port| *port != -1).map_or_else(|| "all".to_owned(), |port| port.to_string())
}

fn rules_of_moto(described: &Value, groups: &BTreeSet<String>) -> BTreeMap<String, String> {
    let rules = each(described, "SecurityGroupRules").filter(|rule| groups.contains(member(rule, "GroupId")));
    rules
        .map(|rule| {
            let peers = [
                ("ipv4", rule["CidrIpv4"].as_str()),
                ("ipv6", rule["CidrIpv6"].as_str()),
                ("prefix_list", rule["PrefixListId"].as_str()),
                ("security_group", rule["ReferencedGroupInfo"]["GroupId"].as_str()),
            ];
            let (kind, peer) = peers.into_iter().find_map(|(kind, id)| Some((kind, id?))).expect("a rule has a peer");
            let words = format!(
                "{} egress={} {} {}-{} {kind} {peer} {:?}",
                member(rule, "GroupId"),
                rule["IsEgress"],
                member(rule, "IpProtocol"),
                port(&rule["FromPort"]),
                port(&rule["ToPort"]),
                rule["Description"].as_str(),
            );
            (words, member(rule, "SecurityGroupRuleId").to_owned())
        })
        .collect()
}

fn rules_of_ours(place: &Place) -> BTreeMap<String, Option<String>> {
    let rows = place.sql(&format!("select * from security_group_rules where {IN_FORCE}"));
    let words = |row: &Row| {
        format!(
            "{} egress={} {} {}-{} {} {} {:?}",
            text(row, "group_id"),
            row["is_egress"],
            text(row, "ip_protocol"),
            port(row.get("from_port").unwrap_or(&Value::Null)),
            port(row.get("to_port").unwrap_or(&Value::Null)),
            text(row, "peer_kind"),
            text(row, "peer"),
            row.get("description").and_then(Value::as_str),
        )
    };
    let id = |row: &Row| row.get("security_group_rule_id").and_then(Value::as_str).map(str::to_owned);
    let found: BTreeMap<_, _> = rows.iter().map(|row| (words(row), id(row))).collect();
    assert_eq!(found.len(), rows.len(), "no rule is there twice");
    found
}

fn facts<'a>(rows: impl Iterator<Item = &'a Row>, columns: &[&str]) -> Facts {
    rows.map(|row| columns.iter().map(|column| text(row, column)).collect::<Vec<_>>().join(" ")).collect()
}

fn tags_of_moto(described: &Value, known: &BTreeSet<String>) -> Facts {
    let tags = each(described, "Tags").filter(|tag| known.contains(member(tag, "ResourceId")));
    tags.map(|tag| format!("{} {} {}", member(tag, "ResourceId"), member(tag, "Key"), member(tag, "Value"))).collect()
}

/// Endpoints, route tables and gateways as links.
fn links_of_moto(described: &Value, vpcs: &BTreeSet<String>) -> Facts {
    let mut links = Facts::new();
    let here = |of: &&Value| vpcs.contains(member(of, "VpcId"));
    let subnets = ids_of(described, "Subnets", "SubnetId");
    for endpoint in living_endpoints(described) {
        let id = member(endpoint, "VpcEndpointId");
        links.extend(
            each(endpoint, "SubnetIds").map(|to| format!("endpoint_subnet {id} {}", to.as_str().unwrap_or(""))),
        );
        links.extend(
            each(endpoint, "RouteTableIds")
                .map(|to| format!("endpoint_route_table {id} {}", to.as_str().unwrap_or(""))),
        );
        links.extend(
            each(endpoint, "Groups").map(|to| format!("endpoint_security_group {id} {}", member(to, "GroupId"))),
        );
    }
    for table in each(described, "RouteTables").filter(here) {
        let id = member(table, "RouteTableId");
        // No record tells of a main table; its association has no subnet.
        if each(table, "Associations").any(|one| one["Main"] == true) {
            continue;
        }
        links.insert(format!("route_table_vpc {id} {}", member(table, "VpcId")));
        let associated = each(table, "Associations").map(|one| member(one, "SubnetId"));
        let living = associated.filter(|subnet| subnets.contains(*subnet));
        links.extend(living.map(|subnet| format!("route_table_subnet {id} {subnet}")));
        let to_internet = each(table, "Routes").filter(|route| member(route, "GatewayId").starts_with("igw-"));
        links.extend(to_internet.map(|route| format!("internet_route {id} {}", member(route, "GatewayId"))));
    }
    for gateway in each(described, "InternetGateways") {
        let attached = each(gateway, "Attachments").filter(here);
        let id = member(gateway, "InternetGatewayId");
        links.extend(attached.map(|one| format!("gateway_vpc {id} {}", member(one, "VpcId"))));
    }
    links
}

fn living_endpoints(described: &Value) -> impl Iterator<Item = &Value> {
    each(described, "VpcEndpoints").filter(|endpoint| !member(endpoint, "State").starts_with("delet"))
}

fn ids_of(described: &Value, list: &str, id: &str) -> Facts {
    each(described, list).map(|one| member(one, id).to_owned()).collect()
}

/// Fails with what only one side has.
#[track_caller]
fn same(what: &str, ours: &Facts, theirs: &Facts) {
    let only = |these: &Facts, those: &Facts| these.difference(those).cloned().collect::<Vec<_>>();
    let (only_ours, only_theirs) = (only(ours, theirs), only(theirs, ours));
    assert!(
        only_ours.is_empty() && only_theirs.is_empty(),
        "{what}: only here {only_ours:#?}, only with moto {only_theirs:#?}"
    );
}

fn compare(place: &Place, described: &Value) {
    let groups = made_groups(place);
    let moto_groups = each(described, "SecurityGroups").filter(|group| member(group, "GroupName") != "default");
    same("groups", &groups, &moto_groups.map(|group| member(group, "GroupId").to_owned()).collect());
    let (theirs, ours) = (rules_of_moto(described, &groups), rules_of_ours(place));
    same("rules", &ours.keys().cloned().collect(), &theirs.keys().cloned().collect());
    for (rule, id) in &ours {
        assert!(id.as_ref().is_none_or(|id| *id == theirs[rule]), "{rule}: {id:?} and {}", theirs[rule]);
    }
    let vpcs = facts(
        place.sql("select vpc_id from vpcs where created_at is not null and deleted_at is null").iter(),
        &["vpc_id"],
    );
    assert!(vpcs.is_subset(&ids_of(described, "Vpcs", "VpcId")), "{vpcs:?}");
    let subnets: Facts = each(described, "Subnets")
        .filter(|one| vpcs.contains(member(one, "VpcId")))
        .map(|one| format!("{} {} {}", member(one, "SubnetId"), member(one, "VpcId"), member(one, "AvailabilityZone")))
        .collect();
    let rows = place.sql("select * from subnets where deleted_at is null and created_at is not null");
    same("subnets", &facts(rows.iter(), &["subnet_id", "vpc_id", "availability_zone"]), &subnets);
    let endpoints: Facts = living_endpoints(described)
        .map(|one| {
            let [id, vpc, service, kind] =
                ["VpcEndpointId", "VpcId", "ServiceName", "VpcEndpointType"].map(|name| member(one, name));
            format!("{id} {vpc} {service} {kind}")
        })
        .collect();
    let rows = place.sql("select * from vpc_endpoints where deleted_at is null");
    let columns = ["vpc_endpoint_id", "vpc_id", "service_name", "vpc_endpoint_type"];
    same("endpoints", &facts(rows.iter(), &columns), &endpoints);
    let rows = place.sql(&format!("select * from network_links where {IN_FORCE}"));
    same("links", &facts(rows.iter(), &["link", "resource_id", "target_id"]), &links_of_moto(described, &vpcs));
    let mut known: BTreeSet<String> = groups.union(&vpcs).cloned().collect();
    known.extend(subnets.iter().chain(&endpoints).filter_map(|words| words.split(' ').next()).map(str::to_owned));
    let rows = place.sql(&format!("select * from resource_tags where {IN_FORCE}"));
    same("tags", &facts(rows.iter(), &["resource_id", "tag_key", "tag_value"]), &tags_of_moto(described, &known));
    assert!(ours.len() > 20 && endpoints.len() > 3, "{} rules, {} endpoints", ours.len(), endpoints.len());
}

#[test]
fn the_rebuilt_network_is_as_moto_describes_it_at_the_end() {
    let Some(moto) = Moto::start() else { return };
    let place = Place::in_folders();
    let folder = place.trail_folder().parent().expect("the trail is in a folder").join("moto");
    fs::create_dir_all(&folder).expect("a folder");
    let written = folder.to_str().expect("a temporary folder's name is UTF-8");
    let told = moto.python("moto_rules.py", &[&moto.endpoint(), "11", "500", written]);
    eprintln!("seed 11: {told}");
    fs::rename(folder.join("trail"), place.trail_folder()).expect("both are in one folder");
    place.ingest(&[]).expect_status(0);
    let described = fs::read(folder.join("described.json")).expect("the script wrote it");
    compare(&place, &serde_json::from_slice(&described).expect("the script writes JSON"));
}
