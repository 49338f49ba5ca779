//! Groups that are older than the logs, among them default groups whose VPC is not.

use serde_json::{Value, json};

use super::{Input, event, fold, fold_events, mark};
use crate::rebuild::event::Event;
use crate::rebuild::rules::Fate;

fn permission(name: &str, at: i64, permission: Value) -> Event {
    let items = Value::Array(vec![permission]);
    event(at, name, json!({"groupId": "sg-1", "ipPermissions": {"items": items}}), json!({"_return": true}))
}

fn web(name: &str, at: i64) -> Event {
    let ranges = json!({"items": [{"cidrIp": "10.0.0.0/8", "description": "x"}]});
    permission(name, at, json!({"ipProtocol": "tcp", "fromPort": 80, "toPort": 80, "ipRanges": ranges}))
}

fn all_out(name: &str, at: i64) -> Event {
    permission(name, at, json!({"ipProtocol": "-1", "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}))
}

fn from_own(name: &str, at: i64) -> Event {
    permission(name, at, json!({"ipProtocol": "-1", "groups": {"items": [{"groupId": "sg-1"}]}}))
}

fn modified(at: i64) -> Event {
    let rule = json!({"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIpv4": "10.0.0.0/8"});
    let update = json!({"SecurityGroupRuleId": "sgr-1", "tag": 1, "SecurityGroupRule": rule});
    let request = json!({"ModifySecurityGroupRulesRequest": {"GroupId": "sg-1", "SecurityGroupRule": update}});
    event(at, "ModifySecurityGroupRules", request, json!({"ModifySecurityGroupRulesResponse": {"return": true}}))
}

fn by_id(name: &str, at: i64) -> Event {
    let ids = json!({"items": [{"securityGroupRuleId": "sgr-1"}]});
    event(at, name, json!({"groupId": "sg-1", "securityGroupRuleIds": ids}), json!({"_return": true}))
}

#[test]
fn a_revoked_rule_was_in_force_since_before_the_logs_and_only_once() {
    let (rules, doubts) = fold_events(vec![web("RevokeSecurityGroupIngress", 5), web("RevokeSecurityGroupIngress", 6)]);
    assert_eq!(rules, ["in tcp 80-80 10.0.0.0/8 \"x\" | ? (5) revoked to 5 revoked"]);
    assert_eq!(
        doubts,
        ["6 rule_unknown sg-1: ingress tcp 80-80 from 10.0.0.0/8 was revoked, and no record put it in force"]
    );
    let began = vec![
        web("AuthorizeSecurityGroupIngress", 1),
        web("RevokeSecurityGroupIngress", 5),
        web("RevokeSecurityGroupIngress", 6),
    ];
    let (rules, doubts) = fold_events(began);
    assert_eq!(rules, ["in tcp 80-80 10.0.0.0/8 \"x\" | 1 authorized to 5 revoked"]);
    assert_eq!(doubts.len(), 1);
}

#[test]
fn a_described_rule_was_and_is_in_force() {
    let (rules, doubts) = fold_events(vec![web("UpdateSecurityGroupRuleDescriptionsIngress", 5)]);
    assert_eq!(
        rules,
        ["in tcp 80-80 10.0.0.0/8 \"x\" | 5 described", "in tcp 80-80 10.0.0.0/8 | ? (5) revoked to 5 described"]
    );
    assert!(doubts.is_empty());
}

#[test]
fn a_modified_rule_waits_for_its_direction() {
    let became = "5 rule_unknown sg-1: sgr-1 became tcp 80-80 with 10.0.0.0/8, and no record tells what it allowed or in which direction";
    let (rules, doubts) = fold_events(vec![modified(5)]);
    assert_eq!((rules, doubts), (vec![], vec![became.to_owned()]));
    let (rules, doubts) = fold_events(vec![modified(5), by_id("RevokeSecurityGroupEgress", 7)]);
    assert_eq!(rules, ["sgr-1 out tcp 80-80 10.0.0.0/8 | 5 modified to 7 revoked"]);
    assert_eq!(doubts, [became]);
    let (rules, _) = fold_events(vec![modified(5), web("RevokeSecurityGroupIngress", 7)]);
    assert_eq!(rules, ["sgr-1 in tcp 80-80 10.0.0.0/8 | 5 modified to 7 revoked"]);
    let (rules, doubts) = fold_events(vec![by_id("RevokeSecurityGroupIngress", 7)]);
    assert_eq!(rules, [""; 0]);
    assert_eq!(doubts, ["7 rule_unknown sg-1: sgr-1 was revoked, and no record tells what it allowed"]);
}

/// The rules of a group that came with its VPC at second 1.
fn of_vpc(events: Vec<Event>) -> Vec<String> {
    let fate = Fate { deleted: Some(mark(90, "DeleteVpc")), created_with_vpc: Some(mark(1, "CreateVpc")) };
    let mut rules = fold(events.into_iter().map(Input::of).collect(), &[], &fate).0;
    rules.retain(|rule| !rule.contains("tcp"));
    rules
}

#[test]
fn a_default_group_has_its_rules_since_its_vpc_was_made() {
    let own = "in -1 sg-1 | 1 created_with_group to 90 group_deleted";
    let out = "out -1 0.0.0.0/0 | 1 created_with_group to 90 group_deleted";
    assert_eq!(of_vpc(vec![web("AuthorizeSecurityGroupIngress", 5)]), [own, out]);
    let ended = of_vpc(vec![from_own("RevokeSecurityGroupIngress", 5), all_out("RevokeSecurityGroupEgress", 6)]);
    assert_eq!(
        ended,
        ["in -1 sg-1 | 1 created_with_group to 5 revoked", "out -1 0.0.0.0/0 | 1 created_with_group to 6 revoked"]
    );
    let again = of_vpc(vec![all_out("RevokeSecurityGroupEgress", 6), all_out("AuthorizeSecurityGroupEgress", 7)]);
    let began = "out -1 0.0.0.0/0 | 7 authorized to 90 group_deleted";
    assert_eq!(again, [own, "out -1 0.0.0.0/0 | 1 created_with_group to 6 revoked", began]);
    let unseen = of_vpc(vec![all_out("AuthorizeSecurityGroupEgress", 7)]);
    assert_eq!(unseen, [own, "out -1 0.0.0.0/0 | 1 created_with_group to 7 gone", began]);
}

#[test]
fn without_that_vpc_its_rules_are_of_before_the_logs() {
    let (rules, doubts) =
        fold_events(vec![from_own("RevokeSecurityGroupIngress", 5), web("AuthorizeSecurityGroupIngress", 6)]);
    assert_eq!(rules, ["in -1 sg-1 | ? (5) revoked to 5 revoked", "in tcp 80-80 10.0.0.0/8 \"x\" | 6 authorized"]);
    assert!(doubts.is_empty());
}

#[test]
fn a_group_whose_creation_comes_late_is_then_known() {
    let created = event(6, "CreateSecurityGroup", json!({"groupName": "web"}), json!({"groupId": "sg-1"}));
    let events = vec![all_out("RevokeSecurityGroupEgress", 5), created, web("RevokeSecurityGroupIngress", 7)];
    let (rules, doubts) = fold_events(events);
    assert_eq!(rules, ["out -1 0.0.0.0/0 | 6 created_with_group to 5 revoked"]);
    assert_eq!(doubts.len(), 1);
}
