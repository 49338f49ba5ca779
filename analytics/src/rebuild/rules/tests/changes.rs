//! Groups that are made in the logs, so that every rule of theirs is known.

use serde_json::{Value, json};

use super::{Input, event, fold, fold_events, mark};
use crate::rebuild::event::Event;
use crate::rebuild::rules::Fate;

const IN: &str = "AuthorizeSecurityGroupIngress";
const REVOKE_IN: &str = "RevokeSecurityGroupIngress";
const OUT: &str = "AuthorizeSecurityGroupEgress";
const REVOKE_OUT: &str = "RevokeSecurityGroupEgress";
const MODIFY: &str = "ModifySecurityGroupRules";
const DESCRIBE_IN: &str = "UpdateSecurityGroupRuleDescriptionsIngress";

fn created(at: i64) -> Event {
    let request = json!({"groupName": "web", "vpcId": "vpc-1"});
    event(at, "CreateSecurityGroup", request, json!({"_return": true, "groupId": "sg-1"}))
}

/// A request for one rule of one range, and the response that gives it an id if there is one.
fn one(at: i64, name: &str, protocol: &str, port: i64, cidr: &str, id: Option<&str>) -> Event {
    let range = if cidr.contains(':') { ("ipv6Ranges", "cidrIpv6") } else { ("ipRanges", "cidrIp") };
    let mut permission = json!({"ipProtocol": protocol, (range.0): {"items": [{(range.1): cidr}]}});
    let mut rule = json!({"groupId": "sg-1", "securityGroupRuleId": id, "ipProtocol": protocol});
    for value in [&mut permission, &mut rule] {
        value["fromPort"] = json!(port);
        value["toPort"] = json!(port);
    }
    rule[if cidr.contains(':') { "cidrIpv6" } else { "cidrIpv4" }] = json!(cidr);
    let set = if name.starts_with('A') { "securityGroupRuleSet" } else { "revokedSecurityGroupRuleSet" };
    let response =
        if id.is_some() { json!({"_return": true, (set): {"items": [rule]}}) } else { json!({"_return": true}) };
    event(at, name, json!({"groupId": "sg-1", "ipPermissions": {"items": [permission]}}), response)
}

fn ids(at: i64, name: &str, ids: &[&str]) -> Event {
    let ids: Vec<Value> = ids.iter().map(|id| json!({"securityGroupRuleId": id})).collect();
    event(at, name, json!({"groupId": "sg-1", "securityGroupRuleIds": {"items": ids}}), json!({"_return": true}))
}

fn modified(at: i64, id: &str, rule: Value) -> Event {
    let mut update = json!({"SecurityGroupRuleId": id, "tag": 1});
    update["SecurityGroupRule"] = rule;
    let request = json!({"ModifySecurityGroupRulesRequest": {"GroupId": "sg-1", "SecurityGroupRule": update}});
    event(at, MODIFY, request, json!({"ModifySecurityGroupRulesResponse": {"return": true}}))
}

fn check(case: &str, events: Vec<Event>, rules: &[&str], doubts: &[&str]) {
    let (found, found_doubts) = fold_events(events);
    let mut rules = rules.to_vec();
    rules.sort_unstable();
    assert_eq!(found, rules, "{case}");
    assert_eq!(found_doubts, doubts, "{case}");
}

const DEFAULT: &str = "out -1 0.0.0.0/0 | 0 created_with_group";
const DEFAULT_AT_1: &str = "out -1 0.0.0.0/0 | 0 created_with_group to 1 revoked";

#[test]
fn a_group_comes_with_all_traffic_out() {
    check("no change", vec![created(0)], &[DEFAULT], &[]);
    check("created twice", vec![created(0), created(1)], &[DEFAULT], &[]);
    for port in [0, -1] {
        let revoked = one(1, REVOKE_OUT, "-1", port, "0.0.0.0/0", None);
        check("revoked", vec![created(0), revoked], &[DEFAULT_AT_1], &[]);
    }
    let told = one(1, REVOKE_OUT, "-1", -1, "0.0.0.0/0", Some("sgr-9"));
    check("with its id", vec![created(0), told], &[&format!("sgr-9 {DEFAULT_AT_1}")], &[]);
}

#[test]
fn the_default_rule_for_ipv6_shows_itself_when_it_changes() {
    let revoked = one(1, REVOKE_OUT, "-1", -1, "::/0", None);
    let rows = [DEFAULT, "out -1 ::/0 | 0 created_with_group to 1 revoked"];
    check("revoked", vec![created(0), revoked.clone()], &rows, &[]);
    let again = one(2, REVOKE_OUT, "-1", -1, "::/0", None);
    let doubt = "2 rule_unknown sg-1: egress -1 to ::/0 was revoked, and no record put it in force";
    check("only once", vec![created(0), revoked, again.clone()], &rows, &[doubt]);
    let rows = [DEFAULT, "out -1 ::/0 | 1 authorized to 2 revoked"];
    let authorized = one(1, OUT, "-1", -1, "::/0", None);
    check("not there", vec![created(0), authorized, again], &rows, &[]);
}

#[test]
fn a_group_does_not_come_with_traffic_from_itself() {
    let own = json!({"groupId": "sg-1", "ipPermissions": {"items": [{"ipProtocol": "-1", "groups": {"items": [{"groupId": "sg-1"}]}}]}});
    let revoked = event(1, REVOKE_IN, own, json!({"_return": true}));
    let doubt = "1 rule_unknown sg-1: ingress -1 from sg-1 was revoked, and no record put it in force";
    check("own", vec![created(0), revoked], &[DEFAULT], &[doubt]);
}

#[test]
fn a_rule_is_in_force_from_its_authorization_to_its_revocation() {
    let begin = one(1, IN, "tcp", 443, "10.0.0.9/8", Some("sgr-1"));
    let row = "sgr-1 in tcp 443-443 10.0.0.0/8 | 1 authorized to 2 revoked";
    for (case, end) in [
        ("by id", ids(2, REVOKE_IN, &["sgr-1"])),
        ("by specification", one(2, REVOKE_IN, "6", 443, "10.0.0.0/8", None)),
        ("by both", one(2, REVOKE_IN, "tcp", 443, "10.0.0.0/8", Some("sgr-1"))),
    ] {
        check(case, vec![created(0), begin.clone(), end], &[row, DEFAULT], &[]);
    }
    let live = "sgr-1 in tcp 443-443 10.0.0.0/8 | 1 authorized";
    let near = one(2, REVOKE_IN, "tcp", 444, "10.0.0.0/8", None);
    let doubt = "2 rule_unknown sg-1: ingress tcp 444-444 from 10.0.0.0/8 was revoked, and no record put it in force";
    check("another port", vec![created(0), begin.clone(), near], &[live, DEFAULT], &[doubt]);
    let outwards = one(2, REVOKE_OUT, "tcp", 443, "10.0.0.0/8", None);
    let doubt = "2 rule_unknown sg-1: egress tcp 443-443 to 10.0.0.0/8 was revoked, and no record put it in force";
    check("the other direction", vec![created(0), begin.clone(), outwards], &[live, DEFAULT], &[doubt]);
    let mut elsewhere = ids(2, REVOKE_IN, &["sgr-1"]);
    elsewhere.scope.aws_region = "us-east-1".to_owned();
    let doubt = "2 rule_unknown sg-1: sgr-1 was revoked, and no record tells what it allowed";
    check("another Region", vec![created(0), begin, elsewhere], &[live, DEFAULT], &[doubt]);
}

#[test]
fn what_a_revocation_did_not_match_stays() {
    let both = json!({"items": [{"ipProtocol": "tcp", "fromPort": 22, "toPort": 22,
        "ipRanges": {"items": [{"cidrIp": "10.0.0.0/8"}, {"cidrIp": "10.9.0.0/16"}]}}]});
    let missing = json!({"items": [{"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": {"items": [{"cidrIp": "10.9.0.0/16"}]}}]});
    let response = json!({"_return": true, "unknownIpPermissionSet": missing});
    let revoked = event(2, REVOKE_IN, json!({"groupId": "sg-1", "ipPermissions": both}), response);
    let events = vec![created(0), one(1, IN, "tcp", 22, "10.0.0.0/8", None), revoked];
    check("partial", events, &["in tcp 22-22 10.0.0.0/8 | 1 authorized to 2 revoked", DEFAULT], &[]);
}

#[test]
fn a_modified_rule_keeps_its_id_and_its_direction() {
    let begin = one(1, IN, "tcp", 443, "10.0.0.0/8", Some("sgr-1"));
    let wider =
        json!({"IpProtocol": "tcp", "FromPort": "443", "ToPort": 443, "CidrIpv4": "0.0.0.0/0", "Description": "x"});
    let narrow = json!({"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "CidrIpv4": "0.0.0.0/0"});
    let events = vec![
        created(0),
        begin,
        modified(2, "sgr-1", wider),
        modified(3, "sgr-1", narrow),
        ids(4, REVOKE_IN, &["sgr-1"]),
    ];
    let rows = [
        DEFAULT,
        "sgr-1 in icmp 8-? 0.0.0.0/0 \"x\" | 3 modified to 4 revoked",
        "sgr-1 in tcp 443-443 0.0.0.0/0 \"x\" | 2 modified to 3 modified",
        "sgr-1 in tcp 443-443 10.0.0.0/8 | 1 authorized to 2 modified",
    ];
    check("modified", events, &rows, &[]);
    let same =
        modified(2, "sgr-1", json!({"IpProtocol": "6", "FromPort": 443, "ToPort": 443, "CidrIpv4": "10.1.1.1/8"}));
    let events = vec![created(0), one(1, IN, "tcp", 443, "10.0.0.0/8", Some("sgr-1")), same];
    check("nothing changed", events, &[DEFAULT, "sgr-1 in tcp 443-443 10.0.0.0/8 | 1 authorized"], &[]);
}

#[test]
fn the_rule_that_an_unknown_id_must_mean_is_found() {
    let rule = json!({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIpv4": "10.0.0.0/8"});
    let rows = [
        "sgr-9 out -1 0.0.0.0/0 | 0 created_with_group to 1 modified",
        "sgr-9 out tcp 443-443 10.0.0.0/8 | 1 modified",
    ];
    check("the default rule", vec![created(0), modified(1, "sgr-9", rule.clone())], &rows, &[]);
    let rows = ["in udp 53-53 10.0.0.0/8 | 1 authorized", DEFAULT];
    let doubt = "2 rule_unknown sg-1: sgr-9 became tcp 443-443 with 10.0.0.0/8, and no record tells what it allowed or in which direction";
    check(
        "one of two",
        vec![created(0), one(1, IN, "udp", 53, "10.0.0.0/8", None), modified(2, "sgr-9", rule)],
        &rows,
        &[doubt],
    );
    let taken =
        "1 rule_unknown sg-1: sgr-9 was taken for the rule that the group came with, which may also be one to ::/0";
    check(
        "by the console",
        vec![created(0), ids(1, REVOKE_OUT, &["sgr-9"])],
        &[&format!("sgr-9 {DEFAULT_AT_1}")],
        &[taken],
    );
    let rows = [DEFAULT_AT_1, "out -1 ::/0 | 0 created_with_group to 1 revoked"];
    check("both default rules", vec![created(0), ids(1, REVOKE_OUT, &["sgr-8", "sgr-9"])], &rows, &[]);
}

#[test]
fn a_new_description_is_a_new_interval() {
    let described = |at, description: Option<&str>| {
        let list = json!({"items": [{"securityGroupRuleId": "sgr-1", "description": description}]});
        event(
            at,
            DESCRIBE_IN,
            json!({"groupId": "sg-1", "securityGroupRuleDescriptions": list}),
            json!({"_return": true}),
        )
    };
    let begin = one(1, IN, "tcp", 22, "10.0.0.0/8", Some("sgr-1"));
    let events = vec![created(0), begin, described(2, Some("a")), described(3, Some("a")), described(4, None)];
    let rows = [
        DEFAULT,
        "sgr-1 in tcp 22-22 10.0.0.0/8 \"a\" | 2 described to 4 described",
        "sgr-1 in tcp 22-22 10.0.0.0/8 | 1 authorized to 2 described",
        "sgr-1 in tcp 22-22 10.0.0.0/8 | 4 described",
    ];
    check("described", events, &rows, &[]);
    let unseen = one(1, DESCRIBE_IN, "tcp", 22, "10.0.0.0/8", None);
    let doubt = "1 rule_unknown sg-1: ingress tcp 22-22 from 10.0.0.0/8 was described, and no record put it in force";
    check("unseen", vec![created(0), unseen], &["in tcp 22-22 10.0.0.0/8 | 1 authorized", DEFAULT], &[doubt]);
}

#[test]
fn within_a_second_a_rule_is_made_before_it_is_ended() {
    let again = |at| one(at, IN, "tcp", 22, "10.0.0.0/8", None);
    let end = |at| one(at, REVOKE_IN, "tcp", 22, "10.0.0.0/8", None);
    let row = |text: &str| format!("in tcp 22-22 10.0.0.0/8 | {text}");
    let at_once = [row("1 authorized to 1 revoked"), DEFAULT.to_owned()];
    let all = |events: Vec<Event>, rows: &[String]| {
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        check("in any order", events.iter().rev().cloned().collect(), &rows, &[]);
        check("in any order", events, &rows, &[]);
    };
    all(
        vec![created(1), end(1), again(1)],
        &[row("1 authorized to 1 revoked"), "out -1 0.0.0.0/0 | 1 created_with_group".to_owned()],
    );
    all(vec![created(0), again(1), end(1)], &at_once);
    let replaced = [row("1 authorized to 5 revoked"), row("5 authorized"), DEFAULT.to_owned()];
    all(vec![created(0), again(1), end(5), again(5)], &replaced);
    let with_ids = |at, name: &str, id| one(at, name, "tcp", 22, "10.0.0.0/8", Some(id));
    let row = |id: &str, text: &str| format!("{id} in tcp 22-22 10.0.0.0/8 | {text}");
    let replaced = [DEFAULT.to_owned(), row("sgr-1", "1 authorized to 5 revoked"), row("sgr-2", "5 authorized")];
    all(
        vec![created(0), with_ids(1, IN, "sgr-1"), with_ids(5, REVOKE_IN, "sgr-1"), with_ids(5, IN, "sgr-2")],
        &replaced,
    );
}

#[test]
fn a_rule_that_is_made_again_had_gone_unseen() {
    let again = |at| one(at, IN, "tcp", 22, "10.0.0.0/8", None);
    let end = one(9, REVOKE_IN, "tcp", 22, "10.0.0.0/8", None);
    let rows = [
        "in tcp 22-22 10.0.0.0/8 | 1 authorized to 5 gone",
        "in tcp 22-22 10.0.0.0/8 | 5 authorized to 9 revoked",
        DEFAULT,
    ];
    check("gone", vec![created(0), again(1), again(5), end], &rows, &[]);
}

#[test]
fn groups_and_peers_are_found_by_name() {
    let flat = json!({"groupName": "web", "ipPermissions": {}, "ipProtocol": "tcp", "fromPort": 80, "toPort": 80, "sourceSecurityGroupName": "lb"});
    let foreign = json!({"groupName": "web", "sourceSecurityGroupName": "lb", "sourceSecurityGroupOwnerId": "amazon-elb", "ipProtocol": "tcp", "fromPort": 80, "toPort": 80});
    let nobody = json!({"groupName": "db", "ipProtocol": "tcp", "fromPort": 80, "toPort": 80, "cidrIp": "10.0.0.0/8"});
    let events = [
        created(0),
        event(1, IN, flat.clone(), json!(null)),
        event(2, REVOKE_IN, flat, json!(null)),
        event(3, IN, foreign, json!(null)),
        event(4, IN, nobody, json!(null)),
    ];
    let inputs = events.into_iter().map(Input::of).collect();
    let (rules, doubts) = fold(inputs, &[("web", "sg-1"), ("lb", "sg-2")], &Fate::default());
    let rows =
        ["in tcp 80-80 lb of amazon-elb | 3 authorized", "in tcp 80-80 sg-2 | 1 authorized to 2 revoked", DEFAULT];
    assert_eq!(rules, rows);
    assert_eq!(doubts, ["4 group_unknown ?: no record tells which group was called \"db\" then"]);
}

#[test]
fn a_record_that_does_not_tell_its_change_is_a_doubt() {
    let check = |request: Value, expected: &[&str]| {
        let (_, doubts) = fold_events(vec![created(0), event(1, IN, request.clone(), json!({"_return": true}))]);
        assert_eq!(doubts, expected, "{request}");
    };
    check(json!(null), &["1 request_omitted ?: the record has no request: CloudTrail leaves out what is over 100 KB"]);
    check(json!({"groupId": "sg-1"}), &["1 request_unreadable sg-1: the request names no rules"]);
    check(
        json!({"groupId": "sg-1", "ipPermissions": {"items": [{"ipProtocol": "x", "ipRanges": {"items": [{"cidrIp": "10.0.0.0/8"}]}}]}}),
        &["1 request_unreadable sg-1: 1 of 1 rules could not be read"],
    );
    check(
        json!({"ipProtocol": "tcp", "fromPort": 80, "toPort": 80, "cidrIp": "10.0.0.0/8"}),
        &["1 group_unknown ?: the record names no group"],
    );
}

#[test]
fn the_rules_of_a_deleted_group_end_with_it() {
    let fate = Fate { deleted: Some(mark(9, "DeleteSecurityGroup")), ..Fate::default() };
    let (rules, _) = fold(vec![Input::of(created(0))], &[], &fate);
    assert_eq!(rules, ["out -1 0.0.0.0/0 | 0 created_with_group to 9 group_deleted"]);
}

#[test]
fn one_doubt_names_a_few_rules() {
    let names: Vec<String> = (0..7).map(|n| format!("sgr-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (_, doubts) = fold_events(vec![created(0), ids(1, REVOKE_IN, &names)]);
    assert_eq!(doubts.len(), 1);
    assert!(doubts[0].contains("sgr-4 was") && doubts[0].ends_with("; and 2 more"), "{}", doubts[0]);
}
