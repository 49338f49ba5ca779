//! Random lives of security groups, tags and networks: written as records in every encoding, delivered in disorder,
//! rebuilt by the program, and compared with a model that knows what was true at any instant.
//!
//! A failure prints its seed; `BEDROCK_AUDIT_TEST_SEED=n` runs one more of them.

use std::collections::HashMap;

use analytics::trail::{LogFile, Place as Where, Record};
use chrono::{DateTime, TimeDelta, Utc};
use end_to_end::ec2_compare::{Comparison, Rebuilt, compare};
use end_to_end::ec2_life::Life;
use end_to_end::ec2_model::{Answer, GroupRef, Mode, Operation, Peer, Permission, Spec, Target};
use end_to_end::ec2_records::delivery::deliver;
use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};

use crate::place::{Place, Row, number, text};

/// Two accounts and two Regions: they have the same ids for different things.
const PLACES: [(&str, &str); 4] = [
    ("111122223333", "eu-west-1"),
    ("111122223333", "us-east-1"),
    ("444455556666", "eu-west-1"),
    ("444455556666", "us-gov-west-1"),
];

fn lives(seed: u64) -> Vec<Life> {
    let life = |(number, (account, region)): (u64, (&str, &str))| {
        Life::random(&Where::new(account, region), seed * 100 + number, 1_600)
    };
    (0..).zip(PLACES).map(life).collect()
}

/// A lake over the records, as they are delivered by that chance.
fn lake(lives: &[Life], seed: u64) -> (Place, Vec<LogFile>) {
    let records: Vec<Record> = lives.iter().flat_map(|life| life.records.iter().cloned()).collect();
    lake_of(&records, seed)
}

fn lake_of(records: &[Record], seed: u64) -> (Place, Vec<LogFile>) {
    let files = deliver(records, seed);
    let place = Place::in_folders();
    place.deliver(&files);
    place.ingest(&[]).expect_status(0);
    (place, files)
}

fn rebuilt(place: &Place) -> Rebuilt {
    Rebuilt::read(|table| place.sql(&format!("select * from {table}")))
}

/// Fails with the first differences, and where nothing much was compared.
#[track_caller]
fn assert_same(seed: u64, comparison: &Comparison) {
    let (count, checked) = (comparison.differences.len(), &comparison.checked);
    let first: Vec<&String> = comparison.differences.iter().take(5).collect();
    assert!(count == 0, "seed {seed}: {count} differences, the first of them:\n{first:#?}");
    for kind in ["rules in force", "rules expected", "tags in force", "tags expected", "lives", "links found"] {
        assert!(checked.get(kind).is_some_and(|count| *count > 50), "seed {seed}: too little compared: {checked:?}");
    }
    assert!(checked.get("ends of older rules").is_some_and(|count| *count > 3), "seed {seed}: {checked:?}");
}

/// Every place that a row cites holds the record that it names.
fn check_citations(files: &[LogFile], rows: &[Row]) {
    let documents: HashMap<&str, Value> = files
        .iter()
        .map(|file| {
            let json = serde_json::from_reader(MultiGzDecoder::new(file.bytes.as_slice())).expect("JSON");
            (file.key.rsplit('/').next().unwrap_or_default(), json)
        })
        .collect();
    for row in rows {
        for mark in ["started", "ended", "created", "deleted"] {
            let event_id = text(row, &format!("{mark}_event_id"));
            if event_id.is_empty() {
                continue;
            }
            let file = text(row, &format!("{mark}_log_file")).rsplit('/').next().unwrap_or_default();
            let index = usize::try_from(number(row, &format!("{mark}_record_index"))).expect("an index");
            let record = &documents[file]["Records"][index];
            assert_eq!(record["eventID"], event_id, "{row:?}");
            assert_eq!(record["eventTime"], text(row, &format!("{mark}_at")), "{row:?}");
        }
    }
}

fn seeds() -> Vec<u64> {
    let asked = std::env::var("BEDROCK_AUDIT_TEST_SEED").ok();
    let asked = asked.map(|seed| seed.parse().expect("BEDROCK_AUDIT_TEST_SEED is a whole number"));
    [1, 2].into_iter().chain(asked).collect()
}

#[test]
fn random_lives_are_rebuilt_as_they_were() {
    for seed in seeds() {
        let lives = lives(seed);
        let (place, files) = lake(&lives, seed);
        let found = rebuilt(&place);
        for life in &lives {
            assert_same(seed, &compare(life, &found, seed));
        }
        for rows in [&found.rules, &found.tags, &found.vpcs, &found.subnets, &found.endpoints, &found.links] {
            check_citations(&files, rows);
        }
        assert!(lives.iter().map(|life| life.ec2.groups.len()).sum::<usize>() > 200);
    }
}

#[test]
fn the_order_of_delivery_changes_nothing_but_where_records_stand() {
    let lives = lives(3);
    let tables = |seed: u64| {
        let found = rebuilt(&lake(&lives, seed).0);
        let tables = [found.rules, found.tags, found.vpcs, found.subnets, found.endpoints, found.links];
        tables.map(|rows| {
            let without_place = |row: Row| {
                let kept = row.into_iter().filter(|(name, _)| !name.ends_with("_file") && !name.ends_with("_index"));
                Value::Object(kept.collect()).to_string()
            };
            let mut rows: Vec<String> = rows.into_iter().map(without_place).collect();
            rows.sort();
            rows
        })
    };
    assert_eq!(tables(1), tables(2));
}

fn here() -> Where {
    Where::new(PLACES[0].0, PLACES[0].1)
}

fn at(second: i64) -> DateTime<Utc> {
    "2026-02-01T10:00:00Z".parse::<DateTime<Utc>>().expect("a time") + TimeDelta::seconds(second)
}

fn tcp(port: i64, cidr: &str) -> Permission {
    let target = Target { written: cidr.to_owned(), account_id: None, description: None };
    Permission { protocol: "tcp".to_owned(), from_port: Some(port), to_port: Some(port), targets: vec![target] }
}

fn spec(port: i64, cidr: &str) -> Spec {
    let (from_port, to_port) = (Some(port), Some(port));
    Spec { protocol: "tcp".to_owned(), from_port, to_port, peer: Peer::Ipv4(cidr.to_owned()) }
}

/// Makes a call that EC2 accepts.
fn make(life: &mut Life, second: i64, operation: Operation) -> Answer {
    life.make(at(second), Mode::Real, operation).expect("EC2 takes the call")
}

fn made(answer: Answer) -> String {
    let Answer::Made(id) = answer else { panic!("{answer:?} has no id") };
    id
}

fn authorize(group: &str, is_egress: bool, permissions: Vec<Permission>) -> Operation {
    Operation::Authorize { group: GroupRef::Id(group.to_owned()), is_egress, permissions, rule_tags: Vec::new() }
}

/// A life with a VPC, older than the logs or not, and a group in it.
fn with_group(seed: u64, logs_begin: i64) -> (Life, String) {
    let mut life = Life::new(&here(), seed, at(logs_begin));
    let vpc_id = made(make(&mut life, 0, Operation::CreateVpc { tags: Vec::new() }));
    let group = Operation::CreateSecurityGroup { name: "web".to_owned(), vpc_id: Some(vpc_id), tags: Vec::new() };
    let id = made(make(&mut life, 1, group));
    (life, id)
}

#[test]
fn within_a_second_creations_go_first_and_deletions_last_whatever_the_event_ids() {
    let mut records = Vec::new();
    let mut expected = Vec::new();
    // The event ids are drawn, so over thirty lives every order of them comes up.
    for seed in 0..30 {
        let place = Where::new(&format!("{:012}", 111_100_000_000_u64 + seed), "eu-west-1");
        let mut life = Life::new(&place, seed, at(0));
        let vpc_id = made(make(&mut life, 1, Operation::CreateVpc { tags: Vec::new() }));
        let group = |name: &str| Operation::CreateSecurityGroup {
            name: name.to_owned(),
            vpc_id: Some(vpc_id.clone()),
            tags: vec![("Owner".to_owned(), name.to_owned())],
        };
        let [stays, goes] = ["stays", "goes"].map(|name| made(make(&mut life, 2, group(name))));
        let rules = vec![tcp(443, "10.0.0.0/8"), tcp(22, "10.0.0.0/8")];
        let Answer::Granted(rules) = make(&mut life, 2, authorize(&stays, false, rules)) else { panic!("rules") };
        make(&mut life, 2, authorize(&goes, false, vec![tcp(443, "10.0.0.0/8")]));
        if life.writer.told.ids.contains(&rules[0].id) {
            let rules = vec![(rules[0].id.clone(), spec(8443, "10.0.0.0/8"), Some("moved".to_owned()))];
            make(&mut life, 2, Operation::Modify { group_id: stays.clone(), rules });
        }
        let permissions = vec![tcp(22, "10.0.0.0/8")];
        let group = GroupRef::Id(stays.clone());
        make(&mut life, 2, Operation::Revoke { group, is_egress: false, permissions });
        make(&mut life, 2, Operation::DeleteSecurityGroup { group: GroupRef::Id(goes.clone()) });
        records.append(&mut life.records.clone());
        expected.push((life, goes));
    }
    let found = rebuilt(&lake_of(&records, 5).0);
    for (life, goes) in &expected {
        let comparison = compare(life, &found, 5);
        assert_eq!(comparison.differences, Vec::<String>::new());
        let is_left = |row: &&Row| {
            text(row, "account_id") == life.place.account_id
                && text(row, "group_id") == goes
                && row["ended_at"].is_null()
        };
        assert_eq!(found.rules.iter().find(is_left), None);
        assert!(comparison.checked["rules expected"] > 1, "{:?}", comparison.checked);
    }
}

#[test]
fn of_a_group_older_than_the_logs_only_what_records_tell_is_claimed() {
    for seed in 0..12 {
        let (mut life, id) = with_group(seed, 100);
        let group = || GroupRef::Id(id.clone());
        // Before the logs: the default egress rule goes, two rules come.
        let everything =
            Permission { protocol: "-1".to_owned(), from_port: None, to_port: None, ..tcp(0, "0.0.0.0/0") };
        make(&mut life, 10, Operation::Revoke { group: group(), is_egress: true, permissions: vec![everything] });
        make(&mut life, 11, authorize(&id, false, vec![tcp(22, "10.0.0.0/8"), tcp(80, "10.0.0.0/8")]));
        // In the logs: one of them goes, another comes.
        make(&mut life, 200, authorize(&id, false, vec![tcp(443, "10.0.0.0/8")]));
        let permissions = vec![tcp(22, "10.0.0.0/8")];
        make(&mut life, 300, Operation::Revoke { group: group(), is_egress: false, permissions });
        make(&mut life, 400, Operation::DeleteSecurityGroup { group: group() });
        let (place, _) = lake_of(&life.records, seed);
        let found = rebuilt(&place);
        assert_eq!(compare(&life, &found, seed).differences, Vec::<String>::new());
        let rules: Vec<String> = place
            .sql("select * from security_group_rules order by from_port, to_port")
            .iter()
            .map(|row| {
                let [began, how, ended] = ["started_at", "started_how", "ended_how"].map(|column| text(row, column));
                format!("{} {began} {how} {ended}", number(row, "from_port"))
            })
            .collect();
        assert_eq!(rules, ["22  revoked revoked", "443 2026-02-01T10:03:20Z authorized group_deleted"]);
    }
}

#[test]
fn an_interface_that_tells_a_groups_vpc_leaves_its_name_certain() {
    // The default VPC and another are older than the logs; each has a group of the same name.
    let mut life = Life::new(&here(), 1, at(100));
    let default = made(make(&mut life, 0, Operation::CreateDefaultVpc));
    let other = made(make(&mut life, 1, Operation::CreateVpc { tags: Vec::new() }));
    let subnet = Operation::CreateSubnet { vpc_id: default, zone: "eu-west-1a".to_owned(), tags: Vec::new() };
    let subnet_id = made(make(&mut life, 2, subnet));
    let group = |vpc_id| Operation::CreateSecurityGroup { name: "web".to_owned(), vpc_id, tags: Vec::new() };
    let named = made(make(&mut life, 200, group(None)));
    make(&mut life, 201, group(Some(other)));
    make(&mut life, 210, Operation::CreateNetworkInterface { subnet_id, group_ids: vec![named] });
    let by_name = Operation::Authorize {
        group: GroupRef::Name("web".to_owned()),
        is_egress: false,
        permissions: vec![tcp(443, "10.0.0.0/8")],
        rule_tags: Vec::new(),
    };
    make(&mut life, 220, by_name);
    let (place, _) = lake_of(&life.records, 1);
    assert_eq!(compare(&life, &rebuilt(&place), 1).differences, Vec::<String>::new());
    assert_eq!(place.sql("select * from security_group_rules where not is_egress").len(), 1);
}

/// The doubts, as event name, doubt and group.
fn doubts(place: &Place) -> Vec<[String; 3]> {
    let rows = place.sql("select * from security_group_rule_doubts order by changed_at, event_id");
    rows.iter().map(|row| ["event_name", "doubt", "group_id"].map(|column| text(row, column).to_owned())).collect()
}

#[test]
fn what_no_record_explains_is_a_doubt_and_not_a_rule() {
    let check = |spoil: fn(Record, &str) -> Record, doubt: &str, has_group: bool| {
        // A seed whose authorization has no rules in its response.
        let spoilt = (0..50).find_map(|seed| {
            let (mut life, id) = with_group(seed, 0);
            make(&mut life, 60, authorize(&id, false, vec![tcp(443, "10.0.0.0/8")]));
            let mut records = life.records.clone();
            let last = records.pop().filter(|record| !record.to_json().contains("securityGroupRuleSet"))?;
            records.push(spoil(last, &id));
            Some((records, id))
        });
        let (records, id) = spoilt.expect("one in two authorizations has no rules in its response");
        let (place, _) = lake_of(&records, 1);
        let group = if has_group { id } else { String::new() };
        assert_eq!(doubts(&place), [["AuthorizeSecurityGroupIngress".to_owned(), doubt.to_owned(), group]]);
        assert_eq!(place.sql("select * from security_group_rules where not is_egress").len(), 0);
    };
    check(|record, _| record.with("requestParameters", Value::Null), "request_omitted", false);
    check(
        |record, _| {
            record.with("requestParameters", json!({ "groupName": "nobody's", "ipPermissions": {
        "items": [{ "ipProtocol": "tcp", "fromPort": 1, "toPort": 1, "ipRanges": { "items": [{ "cidrIp": "10.0.0.0/8" }] } }]
    } }))
        },
        "group_unknown",
        false,
    );
    check(
        |record, id| {
            record.with("requestParameters", json!({ "groupId": id, "ipPermissions": {
        "items": [{ "ipProtocol": "tcp", "fromPort": "https", "toPort": 1, "ipRanges": { "items": [{ "cidrIp": "10.0.0.0/8" }] } }]
    } }))
        },
        "request_unreadable",
        true,
    );
}

#[test]
fn a_rule_that_no_record_of_a_known_group_explains_is_a_doubt() {
    let (mut life, id) = with_group(1, 0);
    make(&mut life, 60, authorize(&id, false, vec![tcp(443, "10.0.0.0/8")]));
    let permissions = vec![tcp(443, "10.0.0.0/8")];
    make(&mut life, 120, Operation::Revoke { group: GroupRef::Id(id.clone()), is_egress: false, permissions });
    // The authorization's record is lost.
    life.records.remove(2);
    let (place, _) = lake_of(&life.records, 1);
    assert_eq!(doubts(&place), [["RevokeSecurityGroupIngress".to_owned(), "rule_unknown".to_owned(), id]]);
}

/// The only real group whose rules change in the public records, read by eye: stratus-red-team's open group, made and
/// deleted within two minutes on 2023-07-10.
#[test]
fn a_real_groups_rules_are_as_its_eight_records_say() {
    let Some(place) = real_trail() else { return };
    let rows = place.sql(
        "select * from security_group_rules where group_id = 'sg-04cfb7a4712d75b00' \
         order by started_at, is_egress, from_port, peer",
    );
    let shown: Vec<String> = rows
        .iter()
        .map(|row| {
            let port = row["from_port"].as_i64().map_or_else(|| "all".to_owned(), |port| port.to_string());
            let [id, protocol, peer, description, began, how, ended, ended_how] = [
                "security_group_rule_id",
                "ip_protocol",
                "peer",
                "description",
                "started_at",
                "started_how",
                "ended_at",
                "ended_how",
            ]
            .map(|column| text(row, column));
            let way = if row["is_egress"] == true { "out" } else { "in" };
            format!(
                "{way} {protocol} {port} {peer} '{description}' {id} {} {how} {} {ended_how}",
                began.split('T').nth(1).unwrap_or_default(),
                ended.split('T').nth(1).unwrap_or_default()
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "out -1 all 0.0.0.0/0 ''  12:10:01Z created_with_group 12:10:03Z revoked",
            "in tcp 443 0.0.0.0/0 'TLS from Internet' sgr-0bb31cddb2c27f401 12:10:05Z authorized 12:12:06Z group_deleted",
            "out -1 all 0.0.0.0/0 '' sgr-035a6016fe8ef01c5 12:10:06Z authorized 12:12:06Z group_deleted",
            "out -1 all ::/0 '' sgr-08d9fb7a2d678c6e8 12:10:06Z authorized 12:12:06Z group_deleted",
            "in tcp 22 0.0.0.0/0 '' sgr-0a11552a7d225f5c7 12:10:08Z authorized 12:11:57Z revoked",
        ]
    );
    let cited: Vec<&str> =
        rows.iter().map(|row| text(row, "ended_event_id").split('-').next().unwrap_or_default()).collect();
    assert_eq!(cited, ["d2dedbf2", "9606afeb", "9606afeb", "9606afeb", "8733f811"]);
    assert!(rows.iter().all(|row| text(row, "started_who") == "arn:aws:iam::123837392027:user/bert-jan"));
    // The revocation of an IPv6 rule that was not there was refused: it is neither a change nor a doubt.
    assert_eq!(doubts(&place), Vec::<[String; 3]>::new());
}

fn real_trail() -> Option<Place> {
    let files = end_to_end::real_records::log_files()?;
    let place = Place::in_folders();
    std::fs::create_dir_all(place.trail_folder()).expect("a folder");
    for path in files.iter().filter(|path| path.to_string_lossy().contains("invictus-ir")) {
        std::fs::copy(path, place.trail_folder().join(path.file_name().expect("a name"))).expect("a copy");
    }
    place.ingest(&[]).expect_status(0);
    Some(place)
}

#[test]
fn a_real_networks_tags_and_links_are_as_its_records_say() {
    let Some(place) = real_trail() else { return };
    let words = |sql: &str, columns: &[&str]| -> Vec<String> {
        let row = |row: &Row| columns.iter().map(|column| text(row, column)).collect::<Vec<_>>().join(" ");
        place.sql(sql).iter().map(row).collect()
    };
    assert_eq!(
        words(
            "select * from resource_tags where resource_id = 'sg-04cfb7a4712d75b00' order by tag_key",
            &["resource_kind", "tag_key", "tag_value", "started_at", "started_how", "ended_at", "ended_how"]
        ),
        [
            "security_group Name stratus-red-team-open-sg-sg 2023-07-10T12:10:01Z created_with_resource \
             2023-07-10T12:12:06Z resource_deleted",
            "security_group StratusRedTeam true 2023-07-10T12:10:01Z created_with_resource 2023-07-10T12:12:06Z \
             resource_deleted",
        ]
    );
    // The route to the internet has no DeleteRoute record: it went with its table.
    assert_eq!(
        words(
            "select * from network_links where resource_id in ('igw-02a84e4222d62e16b', 'rtb-0c7c2f4aff3677054') \
             order by link",
            &["link", "target_id", "started_at", "ended_at"]
        ),
        [
            "gateway_vpc vpc-06fe1a64761a0f720 2023-07-10T11:55:13Z 2023-07-10T12:12:05Z",
            "internet_route igw-02a84e4222d62e16b 2023-07-10T11:55:14Z 2023-07-10T12:08:07Z",
            "route_table_subnet subnet-01ed430875cff578d 2023-07-10T11:55:14Z 2023-07-10T12:08:05Z",
            "route_table_vpc vpc-06fe1a64761a0f720 2023-07-10T11:55:12Z 2023-07-10T12:08:07Z",
        ]
    );
    assert_eq!(
        words(
            "select * from vpcs where vpc_id = 'vpc-06fe1a64761a0f720'",
            &["created_at", "created_event_id", "deleted_at", "deleted_event_id"]
        ),
        ["2023-07-10T11:55:08Z f5e4b2d3-a4a2-4a78-b81f-9036f12b623e 2023-07-10T12:14:43Z \
          b651d48c-853d-4cdf-ac79-799e3f727d84"]
    );
}
