//! An accepted request about rules, in any of EC2's encodings, as the change that it made.
//!
//! The response is believed before the request: it has the ids of the rules, the group's id where the request has a
//! name only, and of a revocation what was really revoked.

use std::collections::HashSet;

use serde_json::Value;

use super::permission::{Reading, Told, elements, of_list, of_request, of_rule, peer, traffic};
use super::spec::{Peer, Traffic};
use crate::rebuild::element::{content, member, text, unwrapped};
use crate::rebuild::event::Event;

/// What a record says.
#[derive(Debug)]
pub struct Request {
    /// `sg-...`
    pub group_id: Option<String>,
    /// The group's name, in its Region's default VPC.
    pub group_name: Option<String>,
    /// What was changed, as far as it could be read.
    pub change: Change,
    /// Why that may not be all.
    pub problem: Option<Problem>,
}

/// What was changed.
#[derive(Debug)]
pub enum Change {
    /// Rules began.
    Authorize(Vec<Told>),
    /// Rules ended.
    Revoke(Vec<Target>),
    /// Rules became others.
    Modify(Vec<Update>),
    /// Rules have other descriptions; `None` = none any more.
    Describe(Vec<(Target, Option<String>)>),
}

/// A rule that is changed.
#[derive(Debug)]
pub enum Target {
    /// By its id alone.
    Id(String),
    /// By its specification, perhaps with its id.
    Told(Told),
}

/// A rule's new specification. What is `None` stays as it was.
#[derive(Debug)]
pub struct Update {
    /// `sgr-...`
    pub rule_id: String,
    /// Its new protocol and ports.
    pub traffic: Option<Traffic>,
    /// Its new peer.
    pub peer: Option<Peer>,
    /// Its new description.
    pub description: Option<String>,
}

/// Why a record does not tell the whole change.
#[derive(Debug, PartialEq, Eq)]
pub enum Problem {
    /// It has no request, and no response that stands in for it.
    Omitted,
    /// It has one that is not understood, or not all of it; in words.
    Unreadable(String),
}

/// What was read, before it is known whether it is all.
struct Read {
    change: Change,
    found: usize,
    unreadable: usize,
    group_id: Option<String>,
}

/// Reads a record.
pub fn read(event: &Event) -> Request {
    let request = event.request.as_ref().map_or(&Value::Null, |request| unwrapped(request, &event.name));
    let response = event.response.as_ref().unwrap_or(&Value::Null);
    let response = response.get(format!("{}Response", event.name)).unwrap_or(response);
    let is_egress = event.name.ends_with("Egress");
    let read = match event.name.as_str() {
        name if name.starts_with("Authorize") => authorize(request, response, is_egress),
        name if name.starts_with("Revoke") => revoke(request, response, is_egress),
        name if name.starts_with("Update") => describe(request, is_egress),
        _ => modify(request),
    };
    let problem = problem(&read, event.request.is_none());
    Request {
        group_id: text(request, "groupId").map(str::to_owned).or(read.group_id),
        group_name: text(request, "groupName").map(str::to_owned),
        change: read.change,
        problem,
    }
}

fn problem(read: &Read, is_omitted: bool) -> Option<Problem> {
    match (read.found, read.unreadable) {
        (0, 0) if is_omitted => Some(Problem::Omitted),
        (0, 0) => Some(Problem::Unreadable("the request names no rules".to_owned())),
        (_, 0) => None,
        (found, unreadable) => {
            Some(Problem::Unreadable(format!("{unreadable} of {} rules could not be read", found + unreadable)))
        }
    }
}

fn authorize(request: &Value, response: &Value, is_egress: bool) -> Read {
    let (answered, group_id) = rules(response, "securityGroupRuleSet", is_egress);
    let asked = if is_whole(&answered) { Reading::default() } else { of_request(request, is_egress) };
    let has_answer = asked.told.is_empty() && !answered.told.is_empty();
    let Reading { told, unreadable } = if has_answer { answered } else { asked };
    Read { found: told.len(), change: Change::Authorize(told), unreadable, group_id }
}

fn is_whole(reading: &Reading) -> bool {
    reading.unreadable == 0 && !reading.told.is_empty()
}

/// The rules of a response, and the group that they are of.
fn rules(response: &Value, name: &str, is_egress: bool) -> (Reading, Option<String>) {
    let mut reading = Reading::default();
    let mut group_id = None;
    for rule in elements(response, name) {
        group_id = group_id.or_else(|| text(rule, "groupId").map(str::to_owned));
        match of_rule(rule, is_egress) {
            Some(told) => reading.told.push(told),
            None => reading.unreadable += 1,
        }
    }
    (reading, group_id)
}

/// What was revoked: what the response says was; or what was asked for without what the response says was not there.
///
/// In a default VPC a request that matches nothing is accepted, and its response has an `unknownIpPermissionSet`.
fn revoke(request: &Value, response: &Value, is_egress: bool) -> Read {
    let (answered, group_id) = rules(response, "revokedSecurityGroupRuleSet", is_egress);
    if is_whole(&answered) {
        let found = answered.told.len();
        let targets = answered.told.into_iter().map(Target::Told).collect();
        return Read { change: Change::Revoke(targets), found, unreadable: 0, group_id };
    }
    let asked = of_request(request, is_egress);
    let unknown = of_list(response, "unknownIpPermissionSet", is_egress);
    let ids: Vec<Target> = ids(request).map(Target::Id).collect();
    let found = ids.len() + asked.told.len();
    let (not_there, unmatched) = matched(&asked.told, &unknown);
    let revoked = asked.told.into_iter().filter(|told| !not_there.contains(&told.spec)).map(Target::Told);
    let targets = ids.into_iter().chain(revoked).collect();
    Read { change: Change::Revoke(targets), found, unreadable: asked.unreadable + unmatched, group_id }
}

/// Which of the rules asked for were not there; and how many unknown permissions are none of those asked for, so that
/// nobody can tell which they stand for.
fn matched(asked: &[Told], unknown: &Reading) -> (HashSet<super::spec::Spec>, usize) {
    let asked: HashSet<_> = asked.iter().map(|told| &told.spec).collect();
    let (there, not): (Vec<&Told>, Vec<&Told>) = unknown.told.iter().partition(|told| asked.contains(&told.spec));
    (there.into_iter().map(|told| told.spec.clone()).collect(), not.len() + unknown.unreadable)
}

/// What EC2's models and records call the list of rule ids.
const RULE_IDS: [&str; 3] = ["securityGroupRuleIds", "securityGroupRuleId", "securityGroupRuleIdSet"];

fn ids(request: &Value) -> impl Iterator<Item = String> {
    let elements = RULE_IDS.into_iter().flat_map(|name| elements(request, name));
    elements.filter_map(|id| text(id, "securityGroupRuleId").or_else(|| content(id)).map(str::to_owned))
}

/// What EC2's models and records call the list of updates.
const UPDATES: [&str; 3] = ["securityGroupRule", "securityGroupRules", "securityGroupRuleSet"];

fn modify(request: &Value) -> Read {
    let mut updates = Vec::new();
    let mut unreadable = 0;
    for element in UPDATES.into_iter().flat_map(|name| elements(request, name)) {
        match update(element) {
            Some(update) => updates.push(update),
            None => unreadable += 1,
        }
    }
    Read { found: updates.len(), change: Change::Modify(updates), unreadable, group_id: None }
}

fn update(element: &Value) -> Option<Update> {
    let rule = member(element, "securityGroupRule")?;
    let has_traffic = ["ipProtocol", "fromPort", "toPort"].into_iter().any(|name| member(rule, name).is_some());
    let traffic = if has_traffic { Some(traffic(rule)?) } else { None };
    let peer = match peer(rule) {
        Some(peer) => Some(peer?),
        None => None,
    };
    let description = text(rule, "description").map(str::to_owned);
    let is_something = traffic.is_some() || peer.is_some() || description.is_some();
    let rule_id = text(element, "securityGroupRuleId")?.to_owned();
    is_something.then_some(Update { rule_id, traffic, peer, description })
}

/// What EC2's models and records call the list of descriptions.
const DESCRIPTIONS: [&str; 3] =
    ["securityGroupRuleDescriptions", "securityGroupRuleDescription", "securityGroupRuleDescriptionSet"];

fn describe(request: &Value, is_egress: bool) -> Read {
    let mut described = Vec::new();
    let mut unreadable = 0;
    for element in DESCRIPTIONS.into_iter().flat_map(|name| elements(request, name)) {
        match text(element, "securityGroupRuleId") {
            Some(id) => described.push((Target::Id(id.to_owned()), text(element, "description").map(str::to_owned))),
            None => unreadable += 1,
        }
    }
    let permissions = of_request(request, is_egress);
    unreadable += permissions.unreadable;
    described.extend(permissions.told.into_iter().map(|mut told| {
        let description = told.description.take();
        (Target::Told(told), description)
    }));
    Read { found: described.len(), change: Change::Describe(described), unreadable, group_id: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rebuild::rules::tests::event;
    use serde_json::json;

    /// What is done to which rule, a line each, then the problem if there is one.
    fn shown(request: &Request) -> Vec<String> {
        let id = |id: &Option<String>| id.as_deref().map(|id| format!("{id} ")).unwrap_or_default();
        let target = |target: &Target| match target {
            Target::Id(id) => id.clone(),
            Target::Told(told) => format!("{}{}", id(&told.rule_id), told.spec),
        };
        let mut lines: Vec<String> = match &request.change {
            Change::Authorize(all) => all.iter().map(|told| format!("+ {}{}", id(&told.rule_id), told.spec)).collect(),
            Change::Revoke(all) => all.iter().map(|one| format!("- {}", target(one))).collect(),
            Change::Modify(all) => all
                .iter()
                .map(|Update { rule_id, traffic, peer, description }| {
                    let traffic = traffic.map(|traffic| traffic.to_string());
                    format!("{rule_id} = {traffic:?} {:?} {description:?}", peer.as_ref().map(Peer::text))
                })
                .collect(),
            Change::Describe(all) => all.iter().map(|(one, text)| format!("{} is {text:?}", target(one))).collect(),
        };
        lines.extend(request.problem.as_ref().map(|problem| format!("{problem:?}")));
        lines
    }

    fn check(name: &str, request: Value, response: Value, expected: &[&str]) {
        let case = format!("{name} {request}");
        assert_eq!(shown(&read(&event(0, name, request, response))), expected, "{case}");
    }

    fn permissions(protocol: &str, cidrs: &[&str]) -> Value {
        let ranges: Vec<Value> = cidrs.iter().map(|cidr| json!({"cidrIp": cidr})).collect();
        json!({"items": [{"ipProtocol": protocol, "ipRanges": {"items": ranges}}]})
    }

    #[test]
    fn an_authorization_is_what_the_response_says() {
        let name = "AuthorizeSecurityGroupIngress";
        let asked = json!({"groupName": "web", "ipPermissions": permissions("-1", &["10.0.0.1/8"])});
        let rule = json!({"groupId": "sg-1", "securityGroupRuleId": "sgr-1", "isEgress": false, "ipProtocol": "-1",
            "fromPort": -1, "toPort": -1, "cidrIpv4": "10.0.0.0/8"});
        let answer = json!({"_return": true, "securityGroupRuleSet": {"items": [rule]}});
        check(name, asked.clone(), answer.clone(), &["+ sgr-1 ingress -1 from 10.0.0.0/8"]);
        check(name, json!(null), answer.clone(), &["+ sgr-1 ingress -1 from 10.0.0.0/8"]);
        check(name, asked.clone(), json!(null), &["+ ingress -1 from 10.0.0.0/8"]);
        let strange = json!({"securityGroupRuleSet": {"items": [rule, {"securityGroupRuleId": "sgr-2"}]}});
        check(name, asked.clone(), strange, &["+ ingress -1 from 10.0.0.0/8"]);
        check(name, json!(null), json!(null), &["Omitted"]);
        check(name, json!({}), json!(null), &["Unreadable(\"the request names no rules\")"]);
        assert_eq!(read(&event(0, name, asked, answer)).group_id.as_deref(), Some("sg-1"));
    }

    #[test]
    fn a_revocation_is_what_was_there() {
        let name = "RevokeSecurityGroupEgress";
        let asked = json!({"groupId": "sg-1", "ipPermissions": permissions("tcp", &["10.0.0.0/8", "10.9.0.0/16"])});
        let both = ["- egress tcp to 10.0.0.0/8", "- egress tcp to 10.9.0.0/16"];
        check(name, asked.clone(), json!({"_return": true}), &both);
        let unknown = json!({"_return": true, "unknownIpPermissionSet": permissions("6", &["10.9.0.0/16"])});
        check(name, asked.clone(), unknown, &both[..1]);
        let unknown = json!({"unknownIpPermissionSet": permissions("tcp", &["10.9.0.0/16", "10.0.0.0/8"])});
        check(name, asked.clone(), unknown, &[]);
        let other = json!({"unknownIpPermissionSet": permissions("udp", &["10.9.0.0/16"])});
        check(name, asked.clone(), other, &[both[0], both[1], "Unreadable(\"1 of 3 rules could not be read\")"]);
        let revoked = json!({"revokedSecurityGroupRuleSet": {"item": {"securityGroupRuleId": "sgr-1", "groupId": "sg-1",
            "isEgress": true, "ipProtocol": "tcp", "cidrIpv4": "10.0.0.0/8"}}});
        check(name, asked, revoked, &["- sgr-1 egress tcp to 10.0.0.0/8"]);
    }

    #[test]
    fn a_revocation_names_rules_by_id_in_any_encoding() {
        for ids in [
            json!({"securityGroupRuleIds": {"items": [{"securityGroupRuleId": "sgr-1"}, {"securityGroupRuleId": "sgr-2"}]}}),
            json!({"securityGroupRuleIds": {"item": ["sgr-1", "sgr-2"]}}),
            json!({"RevokeSecurityGroupIngressRequest": {"SecurityGroupRuleId": [{"tag": 1, "content": "sgr-1"}, {"tag": 2, "content": "sgr-2"}]}}),
        ] {
            check("RevokeSecurityGroupIngress", ids, json!({"_return": true}), &["- sgr-1", "- sgr-2"]);
        }
    }

    #[test]
    fn a_modification_is_wrapped() {
        let name = "ModifySecurityGroupRules";
        let rule = json!({"CidrIpv4": "0.0.0.0/0", "FromPort": 443, "ToPort": 443, "IpProtocol": "tcp"});
        let one = json!({"SecurityGroupRuleId": "sgr-1", "tag": 1, "SecurityGroupRule": rule});
        let wrapped =
            |rules: Value| json!({"ModifySecurityGroupRulesRequest": {"GroupId": "sg-1", "SecurityGroupRule": rules}});
        let answer = json!({"ModifySecurityGroupRulesResponse": {"return": true}});
        let first = r#"sgr-1 = Some("tcp 443-443") Some("0.0.0.0/0") None"#;
        check(name, wrapped(one.clone()), answer.clone(), &[first]);
        let two = json!({"SecurityGroupRuleId": "sgr-2", "tag": 2, "SecurityGroupRule": {"Description": "x"}});
        check(name, wrapped(json!([one, two])), answer.clone(), &[first, r#"sgr-2 = None None Some("x")"#]);
        let strange = json!({"SecurityGroupRuleId": "sgr-3", "SecurityGroupRule": {"IpProtocol": "x"}});
        check(name, wrapped(json!([strange])), answer, &["Unreadable(\"1 of 1 rules could not be read\")"]);
        assert_eq!(read(&event(0, name, wrapped(json!("")), json!(null))).group_id.as_deref(), Some("sg-1"));
    }

    #[test]
    fn descriptions_are_given_by_id_or_by_specification() {
        let name = "UpdateSecurityGroupRuleDescriptionsIngress";
        let by_id = json!([{"SecurityGroupRuleId": "sgr-1", "Description": "x"}, {"SecurityGroupRuleId": "sgr-2"}]);
        for request in [
            json!({"securityGroupRuleDescriptions": {"items": [{"securityGroupRuleId": "sgr-1", "description": "x"}, {"securityGroupRuleId": "sgr-2"}]}}),
            json!({"UpdateSecurityGroupRuleDescriptionsIngressRequest": {"SecurityGroupRuleDescription": by_id}}),
        ] {
            check(name, request, json!({"_return": true}), &["sgr-1 is Some(\"x\")", "sgr-2 is None"]);
        }
        let by_spec = json!({"ipPermissions": permissions("-1", &["10.0.0.0/8"])});
        check(name, by_spec, json!({"_return": true}), &["ingress -1 from 10.0.0.0/8 is None"]);
    }
}
