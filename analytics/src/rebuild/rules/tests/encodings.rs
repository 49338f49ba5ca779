//! What a record says does not depend on how it is written, and nothing that it can say breaks the fold.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{event, fold_events};
use crate::rebuild::event::Event;
use crate::rebuild::rules::CHANGES;

/// A rule of one of a few peers and ports, into the group or out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Simple {
    is_egress: bool,
    peer: usize,
    port: i64,
}

/// A range, a prefix list or a group: the permission's list, its member, the rule's member, and the value.
const PEERS: [(&str, &str, &str, &str); 4] = [
    ("ipRanges", "cidrIp", "cidrIpv4", "10.0.0.0/8"),
    ("ipv6Ranges", "cidrIpv6", "cidrIpv6", "2001:db8::/32"),
    ("prefixListIds", "prefixListId", "prefixListId", "pl-1"),
    ("groups", "groupId", "referencedGroupId", "sg-2"),
];

impl Simple {
    fn permission(self) -> Value {
        let (list, member, _, value) = PEERS[self.peer];
        json!({"ipProtocol": "tcp", "fromPort": self.port, "toPort": self.port, (list): {"items": [{(member): value}]}})
    }

    fn line(self) -> String {
        let direction = if self.is_egress { "out" } else { "in" };
        format!("{direction} tcp {0}-{0} {1} | ", self.port, PEERS[self.peer].3)
    }
}

/// A member's name in PascalCase, as the wrapped encoding has it.
fn pascal(name: &str) -> String {
    name[..1].to_uppercase() + &name[1..]
}

/// A list in the wrapped encoding: of one, an object; each with its place.
fn wrapped_list(elements: &[Value]) -> Value {
    let tagged = |(at, element): (usize, &Value)| {
        let mut element = wrapped(element);
        element["tag"] = json!(at + 1);
        element
    };
    let mut all: Vec<Value> = elements.iter().enumerate().map(tagged).collect();
    if all.len() == 1 { all.remove(0) } else { Value::Array(all) }
}

fn wrapped(value: &Value) -> Value {
    match value {
        Value::Object(members) => match members.get("items").and_then(Value::as_array) {
            Some(elements) => wrapped_list(elements),
            None => members.iter().map(|(name, value)| (pascal(name), wrapped(value))).collect(),
        },
        other => other.clone(),
    }
}

fn singular(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (if name == "items" { "item".to_owned() } else { name.clone() }, singular(value)))
            .collect(),
        Value::Array(elements) => elements.iter().map(singular).collect(),
        Value::Number(number) => Value::String(number.to_string()),
        other => other.clone(),
    }
}

/// A request in one of the three encodings.
fn encoded(style: usize, name: &str, request: &Value) -> Value {
    match style {
        0 => request.clone(),
        1 => singular(request),
        _ => json!({(format!("{name}Request")): wrapped(request)}),
    }
}

/// A rule is made if it is not there, and ended if it is.
fn toggled(toggles: &[(Simple, usize)]) -> (Vec<Event>, BTreeSet<Simple>) {
    let mut there = BTreeSet::new();
    let mut events = vec![event(0, "CreateSecurityGroup", json!({"groupName": "web"}), json!({"groupId": "sg-1"}))];
    for (at, (rule, style)) in (1..).zip(toggles) {
        let verb = if there.remove(rule) { "Revoke" } else { "Authorize" };
        if verb == "Authorize" {
            there.insert(*rule);
        }
        let name = format!("{verb}SecurityGroup{}", if rule.is_egress { "Egress" } else { "Ingress" });
        let request = json!({"groupId": "sg-1", "ipPermissions": {"items": [rule.permission()]}});
        events.push(event(at, &name, encoded(*style, &name, &request), json!({"_return": true})));
    }
    (events, there)
}

fn any_simple() -> impl Strategy<Value = Simple> {
    (any::<bool>(), 0..PEERS.len(), 80_i64..83).prop_map(|(is_egress, peer, port)| Simple { is_egress, peer, port })
}

/// JSON of the words that records use, so that it comes near to what is read.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop_oneof![Just(-1), Just(0), any::<i64>()].prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(TEXTS.to_vec()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 4, |inner| {
        let name = prop::sample::select(NAMES.to_vec()).prop_map(str::to_owned);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..6).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

const TEXTS: [&str; 10] = ["", "-1", "tcp", "58", "10.0.0.0/8", "::/0", "sg-1", "sgr-1", "99999999999999999999", "web"];

const NAMES: [&str; 28] = [
    "items",
    "item",
    "tag",
    "content",
    "groupId",
    "groupName",
    "ipPermissions",
    "IpPermissions",
    "ipProtocol",
    "fromPort",
    "toPort",
    "cidrIp",
    "ipRanges",
    "ipv6Ranges",
    "cidrIpv6",
    "prefixListIds",
    "groups",
    "description",
    "securityGroupRuleSet",
    "revokedSecurityGroupRuleSet",
    "unknownIpPermissionSet",
    "securityGroupRuleId",
    "securityGroupRuleIds",
    "SecurityGroupRule",
    "ModifySecurityGroupRulesRequest",
    "cidrIpv4",
    "referencedGroupInfo",
    "securityGroupRuleDescriptions",
];

proptest! {
    #[test]
    fn rules_do_not_depend_on_the_encoding(toggles in prop::collection::vec((any_simple(), 0_usize..3), 0..40)) {
        let (events, there) = toggled(&toggles);
        let (rules, doubts) = fold_events(events);
        prop_assert_eq!(doubts, Vec::<String>::new());
        let plain: Vec<_> = toggles.iter().map(|(rule, _)| (*rule, 0)).collect();
        prop_assert_eq!(&rules, &fold_events(toggled(&plain).0).0);
        let is_live = |line: &&String| !line.contains(" to ") && !line.contains("created_with_group");
        let live: BTreeSet<&str> = rules.iter().filter(is_live).map(|line| &line[..line.find("| ").unwrap_or(0) + 2]).collect();
        let lines: Vec<String> = there.iter().map(|rule| rule.line()).collect();
        prop_assert_eq!(live, lines.iter().map(String::as_str).collect());
    }

    #[test]
    fn no_json_breaks_the_fold(
        records in prop::collection::vec((0_i64..3, prop::sample::select(CHANGES.to_vec()), any_json(), any_json()), 1..6),
    ) {
        let group = |json: Value| match json {
            Value::Object(mut members) => {
                members.entry("groupId").or_insert_with(|| json!("sg-1"));
                Value::Object(members)
            }
            other => other,
        };
        fold_events(records.into_iter().map(|(at, name, request, response)| event(at, name, group(request), response)).collect());
    }
}
