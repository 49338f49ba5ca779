//! Records of the calls on security groups and their rules.

use serde_json::{Value, json};

use super::json::{items, numbered, set, under};
use super::{Body, Style, Writer};
use crate::ec2_life::Call;
use crate::ec2_model::{Answer, Ec2, Group, GroupRef, KeyValue, Operation, Peer, Permission, Rule, Spec, Target};

/// The request and the response. What the response of a refused call would hold is left out later.
pub(super) fn body(writer: &mut Writer, ec2: &Ec2, call: &Call, style: Style) -> Body {
    let told = Teller { writer, ec2, call, style };
    match &call.operation {
        Operation::CreateSecurityGroup { name, vpc_id, tags } => told.create(name, vpc_id.as_deref(), tags),
        Operation::DeleteSecurityGroup { group } => delete(call, group, style),
        Operation::Authorize { group, is_egress, permissions, rule_tags } => {
            told.authorize(group, *is_egress, permissions, rule_tags)
        }
        Operation::Revoke { group, is_egress, permissions } => told.revoke(group, *is_egress, permissions),
        Operation::RevokeById { group_id, is_egress, rule_ids } => told.revoke_by_id(group_id, *is_egress, rule_ids),
        Operation::Modify { group_id, rules } => told.modify(group_id, rules),
        Operation::Describe { group, is_egress, permissions } => told.describe(group, *is_egress, permissions),
        Operation::DescribeById { group_id, is_egress, descriptions } => {
            told.describe_by_id(group_id, *is_egress, descriptions)
        }
        other => unreachable!("{other:?} is not about rules"),
    }
}

fn delete(call: &Call, group: &GroupRef, style: Style) -> Body {
    let mut response = json!({ "_return": true });
    // The present service model has it, records of 2023 do not.
    if let (Ok(Answer::Made(id)), true) = (&call.outcome, style.with_rules) {
        response["groupId"] = Value::from(id.as_str());
    }
    Body::new("DeleteSecurityGroup", named(group), response)
}

fn named(group: &GroupRef) -> Value {
    match group {
        GroupRef::Id(id) => json!({ "groupId": id }),
        GroupRef::Name(name) => json!({ "groupName": name }),
    }
}

fn direction(is_egress: bool) -> &'static str {
    if is_egress { "Egress" } else { "Ingress" }
}

/// Tags as `tagSet` and `tagSpecificationSet` hold them.
pub(super) fn tag_values(tags: &[KeyValue]) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

/// Writes one record, and notes what it tells.
struct Teller<'a> {
    writer: &'a mut Writer,
    ec2: &'a Ec2,
    call: &'a Call,
    style: Style,
}

impl Teller<'_> {
    fn tell(&mut self, rule_id: &str) {
        self.writer.told.specs.entry(rule_id.to_owned()).or_insert(self.call.at);
    }

    fn create(mut self, name: &str, vpc_id: Option<&str>, tags: &[KeyValue]) -> Body {
        let mut request = json!({ "groupName": name, "groupDescription": "made by a random life" });
        set(&mut request, "vpcId", vpc_id);
        if !tags.is_empty() {
            let specification = json!({ "resourceType": "security-group", "tags": tag_values(tags) });
            request["tagSpecificationSet"] = items(vec![specification]);
        }
        let mut response = json!({ "_return": true, "tagSet": items(tag_values(tags)) });
        if let Ok(Answer::Made(id)) = &self.call.outcome {
            response["groupId"] = Value::from(id.as_str());
            // Every new group lets everything out; no record tells that rule's id.
            let rules = self.ec2.groups[id].now().map(|group| group.rules.clone()).unwrap_or_default();
            rules.iter().for_each(|rule| self.tell(&rule.id));
        }
        Body::new("CreateSecurityGroup", request, response)
    }

    fn group_id(&self, group: &GroupRef) -> String {
        self.ec2.resolve(group).unwrap_or_default()
    }

    fn authorize(
        mut self,
        group: &GroupRef,
        is_egress: bool,
        permissions: &[Permission],
        rule_tags: &[KeyValue],
    ) -> Body {
        let mut request = named(group);
        let is_flat = self.write_permissions(&mut request, is_egress, permissions);
        if !rule_tags.is_empty() {
            let specification = json!({ "resourceType": "security-group-rule", "tags": tag_values(rule_tags) });
            request["tagSpecificationSet"] = items(vec![specification]);
        }
        let mut response = json!({ "_return": true });
        if let Ok(Answer::Granted(rules)) = &self.call.outcome {
            let has_rules = self.style.with_rules;
            if has_rules {
                let group_id = self.group_id(group);
                let owner = &self.ec2.account_id;
                let granted = rules.iter().map(|rule| granted(rule, &group_id, owner, rule_tags)).collect();
                response["securityGroupRuleSet"] = items(granted);
                if self.style.without_request && !is_flat {
                    request = Value::Null;
                }
            }
            self.note_granted(rules, permissions, has_rules);
        }
        Body::new(&format!("AuthorizeSecurityGroup{}", direction(is_egress)), request, response)
    }

    fn note_granted(&mut self, rules: &[Rule], permissions: &[Permission], has_rules: bool) {
        let targets: Vec<&Target> = permissions.iter().flat_map(|permission| &permission.targets).collect();
        for (rule, target) in rules.iter().zip(targets) {
            self.tell(&rule.id);
            let told = &mut self.writer.told;
            if has_rules {
                told.ids.insert(rule.id.clone());
            }
            if has_rules || target.account_id.is_some() {
                told.peer_accounts.insert(rule.id.clone());
            }
            let is_name = matches!(rule.spec.peer, Peer::Group(..)) && !target.written.starts_with("sg-");
            if is_name && !has_rules {
                told.peer_names.insert(rule.id.clone(), target.written.clone());
            }
        }
    }

    /// Writes `ipPermissions`, or the flat form where there is only one address range and the throw says so.
    fn write_permissions(&mut self, request: &mut Value, is_egress: bool, permissions: &[Permission]) -> bool {
        let only = match permissions {
            [permission] if permission.targets.len() == 1 => Some((permission, &permission.targets[0])),
            _ => None,
        };
        let flat = only.filter(|(_, target)| {
            let is_ipv4 = target.written.contains('/') && !target.written.contains(':');
            is_ipv4 && target.description.is_none() && !is_egress && self.style.flat
        });
        if let Some((permission, target)) = flat {
            request["ipPermissions"] = json!({});
            request["ipProtocol"] = Value::from(permission.protocol.as_str());
            set(request, "fromPort", permission.from_port);
            set(request, "toPort", permission.to_port);
            request["cidrIp"] = Value::from(target.written.as_str());
            return true;
        }
        request["ipPermissions"] = items(permissions.iter().map(asked).collect());
        false
    }

    fn revoke(mut self, group: &GroupRef, is_egress: bool, permissions: &[Permission]) -> Body {
        let mut request = named(group);
        self.write_permissions(&mut request, is_egress, permissions);
        let response = self.revoked(&self.group_id(group), false, &mut request);
        Body::new(&format!("RevokeSecurityGroup{}", direction(is_egress)), request, response)
    }

    /// No sample of the list of ids is public: both forms are to be expected.
    fn revoke_by_id(mut self, group_id: &str, is_egress: bool, rule_ids: &[String]) -> Body {
        let id =
            |id: &String| if self.style.flat { json!({ "securityGroupRuleId": id }) } else { Value::from(id.as_str()) };
        let ids = items(rule_ids.iter().map(id).collect());
        let mut request = json!({ "groupId": group_id, "ipPermissions": {}, "securityGroupRuleIds": ids });
        let response = self.revoked(group_id, true, &mut request);
        Body::new(&format!("RevokeSecurityGroup{}", direction(is_egress)), request, response)
    }

    fn revoked(&mut self, group_id: &str, is_by_id: bool, request: &mut Value) -> Value {
        let mut response = json!({ "_return": true });
        let Ok(Answer::Revoked(rules, unknown)) = &self.call.outcome else { return response };
        let is_clear = rules.iter().all(|rule| self.writer.is_clear_by_id(self.before(group_id), &rule.id));
        let has_rules = self.style.with_rules || (is_by_id && !is_clear);
        if has_rules {
            response["revokedSecurityGroupRuleSet"] = items(rules.iter().map(|rule| revoked(rule, group_id)).collect());
            if self.style.without_request && !rules.is_empty() {
                *request = Value::Null;
            }
        }
        if !unknown.is_empty() {
            response["unknownIpPermissionSet"] = items(unknown.iter().map(asked).collect());
        }
        for rule in rules {
            let is_told = self.writer.told.specs.contains_key(&rule.id);
            if !is_told && (has_rules || !is_by_id) {
                self.writer.told.ends.push((group_id.to_owned(), rule.clone(), self.call.number));
            }
        }
        response
    }

    /// The group before the call.
    fn before(&self, group_id: &str) -> &Group {
        let states = self.ec2.groups[group_id].states();
        let before = states.filter(|(_, call, _)| *call < self.call.number).last();
        before.and_then(|(_, _, group)| group).expect("what a call changes was there before")
    }

    /// Only the wrapped form is known.
    fn modify(mut self, group_id: &str, rules: &[(String, Spec, Option<String>)]) -> Body {
        let updates = rules.iter().map(|(rule_id, spec, description)| {
            let rule = replacing(spec, description.as_deref(), self.style.flat);
            json!({ "SecurityGroupRuleId": rule_id, "SecurityGroupRule": rule })
        });
        let mut request = json!({ "GroupId": group_id });
        set(&mut request, "SecurityGroupRule", numbered(updates.collect()));
        if self.call.outcome.is_ok() {
            // Of a rule that no record has told, this one tells neither what it was nor its direction.
            let known =
                rules.iter().filter(|(id, _, _)| self.writer.told.ids.contains(id)).map(|(id, _, _)| id.clone());
            for rule_id in known.collect::<Vec<_>>() {
                self.tell(&rule_id);
                self.writer.told.peer_names.remove(&rule_id);
            }
        }
        wrapped("ModifySecurityGroupRules", request)
    }

    fn describe(mut self, group: &GroupRef, is_egress: bool, permissions: &[Permission]) -> Body {
        if self.call.outcome.is_ok() {
            let group_id = self.group_id(group);
            let specs = self.ec2.specs(permissions).unwrap_or_default();
            let rules = self.ec2.groups[&group_id].now().map(|group| group.rules.clone()).unwrap_or_default();
            for rule in rules.iter().filter(|rule| rule.is_egress == is_egress) {
                if specs.iter().any(|(spec, _)| *spec == rule.spec) {
                    self.tell(&rule.id);
                }
            }
        }
        let event_name = format!("UpdateSecurityGroupRuleDescriptions{}", direction(is_egress));
        if !self.style.wrapped {
            let mut request = named(group);
            request["ipPermissions"] = items(permissions.iter().map(asked).collect());
            return Body::done(&event_name, request);
        }
        let mut request = match group {
            GroupRef::Id(id) => json!({ "GroupId": id }),
            GroupRef::Name(name) => json!({ "GroupName": name }),
        };
        set(&mut request, "IpPermissions", numbered(permissions.iter().map(asked_in_pascal_case).collect()));
        wrapped(&event_name, request)
    }

    fn describe_by_id(self, group_id: &str, is_egress: bool, descriptions: &[(String, Option<String>)]) -> Body {
        let event_name = format!("UpdateSecurityGroupRuleDescriptions{}", direction(is_egress));
        let one = |(id, description): &(String, Option<String>), names: [&str; 2]| {
            let mut one = json!({ (names[0]): id });
            set(&mut one, names[1], description.as_deref());
            one
        };
        if !self.style.wrapped {
            let all = descriptions.iter().map(|each| one(each, ["securityGroupRuleId", "description"])).collect();
            let request = json!({ "groupId": group_id, "securityGroupRuleDescriptions": items(all) });
            return Body::done(&event_name, request);
        }
        let all = descriptions.iter().map(|each| one(each, ["SecurityGroupRuleId", "Description"])).collect();
        let mut request = json!({ "GroupId": group_id });
        set(&mut request, "SecurityGroupRuleDescription", numbered(all));
        wrapped(&event_name, request)
    }
}

/// A call of a newer operation that answers only that it was done.
pub(super) fn wrapped(event_name: &str, request: Value) -> Body {
    let response = json!({ "xmlns": "http://ec2.amazonaws.com/doc/2016-11-15/", "return": true });
    let (request_name, response_name) = (format!("{event_name}Request"), format!("{event_name}Response"));
    Body::new(event_name, under(request_name, request), under(response_name, response))
}

/// The lists of a permission's sides: name, and the member that holds the side.
const SIDES: [(&str, &str); 4] =
    [("groups", "groupId"), ("ipRanges", "cidrIp"), ("ipv6Ranges", "cidrIpv6"), ("prefixListIds", "prefixListId")];

fn side_of(target: &Target) -> usize {
    match &target.written {
        written if written.starts_with("pl-") => 3,
        written if written.contains('/') && written.contains(':') => 2,
        written if written.contains('/') => 1,
        _ => 0,
    }
}

/// A permission in camelCase: without ports where the request gave none.
fn asked(permission: &Permission) -> Value {
    let mut value = json!({ "ipProtocol": permission.protocol });
    set(&mut value, "fromPort", permission.from_port);
    set(&mut value, "toPort", permission.to_port);
    for (side, (list, member)) in SIDES.into_iter().enumerate() {
        let targets = permission.targets.iter().filter(|target| side_of(target) == side);
        let one = |target: &Target| {
            let is_name = side == 0 && !target.written.starts_with("sg-");
            let mut one = json!({ (if is_name { "groupName" } else { member }): target.written });
            set(&mut one, "userId", target.account_id.as_deref());
            set(&mut one, "description", target.description.as_deref());
            one
        };
        value[list] = items(targets.map(one).collect());
    }
    value
}

/// The same in PascalCase, each list numbered.
fn asked_in_pascal_case(permission: &Permission) -> Value {
    let mut value = json!({ "IpProtocol": permission.protocol });
    set(&mut value, "FromPort", permission.from_port);
    set(&mut value, "ToPort", permission.to_port);
    let names =
        [("Groups", "GroupId"), ("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6"), ("PrefixListIds", "PrefixListId")];
    for (side, (list, member)) in names.into_iter().enumerate() {
        let targets = permission.targets.iter().filter(|target| side_of(target) == side);
        let one = |target: &Target| {
            let is_name = side == 0 && !target.written.starts_with("sg-");
            let mut one = json!({ (if is_name { "GroupName" } else { member }): target.written });
            set(&mut one, "UserId", target.account_id.as_deref());
            set(&mut one, "Description", target.description.as_deref());
            one
        };
        set(&mut value, list, numbered(targets.map(one).collect()));
    }
    value
}

/// Ports as responses write them: -1 for all.
fn ports(value: &mut Value, spec: &Spec) {
    value["ipProtocol"] = Value::from(spec.protocol.as_str());
    value["fromPort"] = Value::from(spec.from_port.unwrap_or(-1));
    value["toPort"] = Value::from(spec.to_port.unwrap_or(-1));
}

/// A rule as the response of an authorization has it.
fn granted(rule: &Rule, group_id: &str, owner: &str, tags: &[KeyValue]) -> Value {
    let mut value = json!({ "groupOwnerId": owner, "groupId": group_id, "securityGroupRuleId": rule.id });
    set(&mut value, "description", rule.description.as_deref());
    value["isEgress"] = Value::from(rule.is_egress);
    ports(&mut value, &rule.spec);
    match &rule.spec.peer {
        Peer::Ipv4(cidr) => value["cidrIpv4"] = Value::from(cidr.as_str()),
        Peer::Ipv6(cidr) => value["cidrIpv6"] = Value::from(cidr.as_str()),
        Peer::PrefixList(id) => value["prefixListId"] = Value::from(id.as_str()),
        Peer::Group(id, account) => value["referencedGroupInfo"] = json!({ "groupId": id, "userId": account }),
    }
    if !tags.is_empty() {
        value["tagSet"] = items(tag_values(tags));
    }
    value
}

/// A rule as the response of a revocation has it. Source: EC2 API Reference, "RevokedSecurityGroupRule".
fn revoked(rule: &Rule, group_id: &str) -> Value {
    let mut value = json!({ "securityGroupRuleId": rule.id, "groupId": group_id, "isEgress": rule.is_egress });
    ports(&mut value, &rule.spec);
    match &rule.spec.peer {
        Peer::Ipv4(cidr) => value["cidrIpv4"] = Value::from(cidr.as_str()),
        Peer::Ipv6(cidr) => value["cidrIpv6"] = Value::from(cidr.as_str()),
        Peer::PrefixList(id) => value["prefixListId"] = Value::from(id.as_str()),
        Peer::Group(id, _) => value["referencedGroupId"] = Value::from(id.as_str()),
    }
    set(&mut value, "description", rule.description.as_deref());
    value
}

/// A rule as `ModifySecurityGroupRules` asks for it; all ports may be -1 or left out where the protocol allows that.
fn replacing(spec: &Spec, description: Option<&str>, with_ports: bool) -> Value {
    let mut value = json!({ "IpProtocol": spec.protocol });
    if with_ports || ["tcp", "udp", "icmp", "icmpv6"].contains(&spec.protocol.as_str()) {
        value["FromPort"] = Value::from(spec.from_port.unwrap_or(-1));
        value["ToPort"] = Value::from(spec.to_port.unwrap_or(-1));
    }
    match &spec.peer {
        Peer::Ipv4(cidr) => value["CidrIpv4"] = Value::from(cidr.as_str()),
        Peer::Ipv6(cidr) => value["CidrIpv6"] = Value::from(cidr.as_str()),
        Peer::PrefixList(id) => value["PrefixListId"] = Value::from(id.as_str()),
        Peer::Group(id, _) => value["ReferencedGroupId"] = Value::from(id.as_str()),
    }
    set(&mut value, "Description", description);
    value
}
