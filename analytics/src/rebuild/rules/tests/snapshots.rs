//! Groups as the rule of AWS Config saw them, against what the records tell.

use serde_json::{Value, json};

use super::{Input, event, fold, mark, scope, second};
use crate::rebuild::event::Event;
use crate::rebuild::rules::Fate;
use crate::rebuild::rules::snapshot::{SeenRule, Snapshot};
use crate::rebuild::rules::spec::{Peer, Protocol, Spec, Traffic};

const HOUR: i64 = 3600;

fn tcp(port: i64) -> SeenRule {
    let traffic = Traffic::new(Protocol::Tcp, Some(port), Some(port));
    seen(false, traffic, "10.0.0.0/8")
}

fn seen(is_egress: bool, traffic: Traffic, cidr: &str) -> SeenRule {
    let peer = Peer::cidr(cidr).expect("a range");
    SeenRule { spec: Spec { is_egress, traffic, peer }, id: None, peer_account: None, description: None }
}

fn snapshot(at: i64, rules: Vec<SeenRule>) -> Input {
    let (group_id, evidence_file) = ("sg-1".to_owned(), "evidence".to_owned());
    Input::Snapshot(Snapshot {
        scope: scope(),
        group_id,
        at: second(at),
        rules,
        is_complete: true,
        evidence_file,
        line: 3,
    })
}

fn incomplete(input: Input) -> Input {
    match input {
        Input::Snapshot(snapshot) => Input::Snapshot(Snapshot { is_complete: false, ..snapshot }),
        event => event,
    }
}

fn change(at: i64, name: &str, port: i64) -> Input {
    let permission = json!({"ipProtocol": "tcp", "fromPort": port, "toPort": port, "ipRanges": {"items": [{"cidrIp": "10.0.0.0/8"}]}});
    let request = json!({"groupId": "sg-1", "ipPermissions": {"items": [permission]}});
    Input::of(event(at, name, request, json!({"_return": true})))
}

fn begin(at: i64, port: i64) -> Input {
    change(at, "AuthorizeSecurityGroupIngress", port)
}

fn end(at: i64, port: i64) -> Input {
    change(at, "RevokeSecurityGroupIngress", port)
}

fn created(at: i64) -> Input {
    Input::of(event(at, "CreateSecurityGroup", json!({"groupName": "web"}), json!({"groupId": "sg-1"})))
}

fn check(case: &str, inputs: Vec<Input>, rules: &[&str], doubts: &[&str]) {
    let (found, found_doubts) = fold(inputs, &[], &Fate::default());
    assert_eq!(found, rules, "{case}");
    assert_eq!(found_doubts, doubts, "{case}");
}

#[test]
fn a_snapshot_gives_the_base_of_a_group_that_is_older_than_the_logs() {
    let inputs = || vec![snapshot(0, vec![tcp(80), tcp(81)]), end(2 * HOUR, 80)];
    let rows = ["in tcp 80-80 10.0.0.0/8 | ? (0) snapshot to 7200 revoked", "in tcp 81-81 10.0.0.0/8 | ? (0) snapshot"];
    check("revoked later", inputs(), &rows, &[]);
    let mut more = inputs();
    more.push(end(2 * HOUR + 1, 82));
    let doubt = "7201 rule_unknown sg-1: ingress tcp 82-82 from 10.0.0.0/8 was revoked, and no record put it in force";
    check("the base is known", more, &rows, &[doubt]);
    let inputs = vec![incomplete(snapshot(0, vec![tcp(80), tcp(81)])), end(2 * HOUR, 80), end(2 * HOUR, 82)];
    let unseen = "in tcp 82-82 10.0.0.0/8 | ? (7200) revoked to 7200 revoked";
    check("of an incomplete one it is not", inputs, &[rows[0], rows[1], unseen], &[]);
}

#[test]
fn what_a_snapshot_does_not_show_has_gone() {
    let rows = ["in tcp 80-80 10.0.0.0/8 | 0 authorized to 500 gone", "in tcp 81-81 10.0.0.0/8 | 0 authorized"];
    check("gone", vec![begin(0, 80), begin(0, 81), snapshot(500, vec![tcp(81)])], &rows, &[]);
    let inputs = vec![begin(0, 80), incomplete(snapshot(500, vec![]))];
    check("incomplete", inputs, &["in tcp 80-80 10.0.0.0/8 | 0 authorized"], &[]);
    check("too new", vec![begin(450, 80), snapshot(500, vec![])], &["in tcp 80-80 10.0.0.0/8 | 450 authorized"], &[]);
}

#[test]
fn nothing_follows_about_rules_that_change_while_the_group_may_have_been_read() {
    let inputs = vec![snapshot(500, vec![tcp(80)]), begin(600, 80), end(9000, 80)];
    check("began", inputs, &["in tcp 80-80 10.0.0.0/8 | 600 authorized to 9000 revoked"], &[]);
    let inputs = vec![begin(0, 80), snapshot(500, vec![]), end(600, 80), begin(9000, 81)];
    let rows = ["in tcp 80-80 10.0.0.0/8 | 0 authorized to 600 revoked", "in tcp 81-81 10.0.0.0/8 | 9000 authorized"];
    check("ended", inputs, &rows, &[]);
    let inputs = vec![begin(0, 80), end(470, 80), snapshot(500, vec![tcp(80)]), begin(9000, 81)];
    let rows = ["in tcp 80-80 10.0.0.0/8 | 0 authorized to 470 revoked", "in tcp 81-81 10.0.0.0/8 | 9000 authorized"];
    check("ended just before", inputs, &rows, &[]);
}

#[test]
fn snapshots_follow_each_other() {
    let inputs = vec![
        snapshot(0, vec![tcp(80)]),
        snapshot(600, vec![tcp(80)]),
        snapshot(1200, vec![tcp(80), tcp(81)]),
        snapshot(9000, vec![tcp(81)]),
    ];
    let rows = ["in tcp 80-80 10.0.0.0/8 | ? (0) snapshot to 9000 gone", "in tcp 81-81 10.0.0.0/8 | ? (1200) snapshot"];
    check("came and went", inputs, &rows, &[]);
}

#[test]
fn the_default_rule_for_ipv6_is_known_from_a_snapshot() {
    let both = vec![seen(true, Traffic::ALL, "0.0.0.0/0"), seen(true, Traffic::ALL, "::/0")];
    let rows = ["out -1 0.0.0.0/0 | 0 created_with_group", "out -1 ::/0 | 0 created_with_group"];
    check("came with the group", vec![created(0), snapshot(500, both)], &rows, &[]);
}

#[test]
fn a_default_group_that_a_snapshot_shows_came_with_its_vpc() {
    let fate = Fate { created_with_vpc: Some(mark(1, "CreateVpc")), ..Fate::default() };
    let (rules, _) = fold(vec![snapshot(500, vec![seen(true, Traffic::ALL, "0.0.0.0/0")])], &[], &fate);
    assert_eq!(rules, ["in -1 sg-1 | 1 created_with_group to 500 gone", "out -1 0.0.0.0/0 | 1 created_with_group"]);
}

#[test]
fn groups_by_name_and_by_id_are_not_compared() {
    let by_name = json!({"groupId": "sg-1", "ipPermissions": {"items": [{"ipProtocol": "-1", "groups": {"items": [{"groupName": "lb"}]}}]}});
    let begin = event(0, "AuthorizeSecurityGroupIngress", by_name, Value::Null);
    let spec = Spec { is_egress: false, traffic: Traffic::ALL, peer: Peer::Group("sg-2".to_owned()) };
    let by_id = SeenRule { spec, id: None, peer_account: None, description: None };
    check("the same rule", vec![Input::of(begin), snapshot(500, vec![by_id])], &["in -1 lb | 0 authorized"], &[]);
}

#[test]
fn a_snapshot_tells_the_direction_of_a_modified_rule() {
    let rule = json!({"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIpv4": "10.0.0.0/8"});
    let update = json!({"SecurityGroupRuleId": "sgr-1", "SecurityGroupRule": rule});
    let request = json!({"ModifySecurityGroupRulesRequest": {"GroupId": "sg-1", "SecurityGroupRule": update}});
    let modified: Event = event(0, "ModifySecurityGroupRules", request, Value::Null);
    let (rules, _) = fold(vec![Input::of(modified), snapshot(500, vec![tcp(80)])], &[], &Fate::default());
    assert_eq!(rules, ["sgr-1 in tcp 80-80 10.0.0.0/8 | 0 modified"]);
}
