//! Security groups and their rules.

use super::canonical::{canonical_cidr, canonical_protocol};
use super::operation::{GroupRef, KeyValue};
use super::tags::{Tagged, Tags, add};
use super::{Answer, CallNumber, Ec2, Refusal, Timeline};

/// A security group.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its name, unique in its VPC whatever the case.
    pub name: String,
    /// Its VPC.
    pub vpc_id: String,
    /// Whether it is its VPC's default group.
    pub is_default: bool,
    /// Its rules.
    pub rules: Vec<Rule>,
    /// Its tags.
    pub tags: Tags,
}

impl Tagged for Group {
    fn tags_mut(&mut self) -> &mut Tags {
        &mut self.tags
    }
}

/// The other side of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// An IPv4 range.
    Ipv4(String),
    /// An IPv6 range.
    Ipv6(String),
    /// A prefix list.
    PrefixList(String),
    /// A group, with its account.
    Group(String, String),
}

/// What a rule allows, in the form in which EC2 keeps it. A group has no two rules of one direction that allow the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spec {
    /// A name, a number, or `-1`.
    pub protocol: String,
    /// First port or ICMP type; `None` = all.
    pub from_port: Option<i64>,
    /// Last port or ICMP code; `None` = all.
    pub to_port: Option<i64>,
    /// The other side.
    pub peer: Peer,
}

/// A rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// `sgr-...`
    pub id: String,
    /// Its direction.
    pub is_egress: bool,
    /// What it allows.
    pub spec: Spec,
    /// Its description.
    pub description: Option<String>,
    /// The call since which it has been as it is.
    pub since: CallNumber,
}

/// One of the sides that a permission names, as written in the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// An IPv4 range, an IPv6 range, `pl-...`, `sg-...`, or the name of a group in the default VPC.
    pub written: String,
    /// Of a group: its account, where the request says so.
    pub account_id: Option<String>,
    /// A description for the rule.
    pub description: Option<String>,
}

/// A permission as a request writes it: every one of its sides is a rule of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// A name or a number.
    pub protocol: String,
    /// As written.
    pub from_port: Option<i64>,
    /// As written.
    pub to_port: Option<i64>,
    /// The other sides.
    pub targets: Vec<Target>,
}

impl Permission {
    /// The ports as EC2 keeps them.
    ///
    /// Source: EC2 API Reference, "IpPermission": -1, or a protocol number other than those of TCP, UDP, ICMP and ICMPv6,
    /// allows all ports "regardless of any port range you specify"; -1 is every ICMP type, or every code.
    fn ports(&self) -> (Option<i64>, Option<i64>) {
        match canonical_protocol(&self.protocol).as_str() {
            "tcp" | "udp" => (self.from_port, self.to_port),
            "icmp" | "icmpv6" => (self.from_port.filter(|port| *port != -1), self.to_port.filter(|port| *port != -1)),
            _ => (None, None),
        }
    }
}

impl Ec2 {
    /// The group that a call means.
    pub fn resolve(&self, group: &GroupRef) -> Result<String, Refusal> {
        let found = match group {
            GroupRef::Id(id) => self.groups.get(id).and_then(Timeline::now).map(|_| id.clone()),
            GroupRef::Name(name) => self.in_default_vpc(name),
        };
        found.ok_or_else(|| Refusal::new("Client.InvalidGroup.NotFound", "The security group does not exist"))
    }

    fn in_default_vpc(&self, name: &str) -> Option<String> {
        let is_meant = |group: &Group| {
            let in_default = self.vpcs[&group.vpc_id].now().is_some_and(|vpc| vpc.is_default);
            in_default && group.name.eq_ignore_ascii_case(name)
        };
        self.groups.iter().find(|(_, line)| line.now().is_some_and(is_meant)).map(|(id, _)| id.clone())
    }

    fn group(&self, group: &GroupRef) -> Result<(String, Group), Refusal> {
        let id = self.resolve(group)?;
        let state = self.groups[&id].now().expect("resolved").clone();
        Ok((id, state))
    }

    fn put_group(&mut self, id: &str, group: Group) {
        Self::put(self.stamp(), &mut self.groups, id, Some(group));
    }

    /// EC2 API Reference, "CreateSecurityGroup"; user guide, "Security group rules": a new group lets everything out.
    pub(super) fn create_group(
        &mut self,
        name: &str,
        vpc_id: Option<&str>,
        given: &[KeyValue],
    ) -> Result<Answer, Refusal> {
        let vpc_id = match vpc_id {
            Some(id) => Self::state(&self.vpcs, id, "Client.InvalidVpcID.NotFound").map(|_| id.to_owned())?,
            None => self
                .default_vpc()
                .ok_or_else(|| Refusal::new("Client.VPCIdNotSpecified", "No default VPC for this user"))?,
        };
        let is_taken = |group: &Group| group.vpc_id == vpc_id && group.name.eq_ignore_ascii_case(name);
        if self.groups.values().filter_map(Timeline::now).any(is_taken) {
            return Err(Refusal::new("Client.InvalidGroup.Duplicate", "The security group already exists"));
        }
        let id = self.new_id("sg");
        let rules = vec![self.everything_out()];
        let mut tags = Tags::new();
        add(&mut tags, given, self.call);
        self.put_group(&id, Group { name: name.to_owned(), vpc_id, is_default: false, rules, tags });
        Ok(Answer::Made(id))
    }

    /// The group that comes with a VPC: what is in it may talk to each other, and everything goes out.
    pub(super) fn create_default_group(&mut self, vpc_id: &str) {
        let id = self.new_id("sg");
        let itself = Spec {
            protocol: "-1".to_owned(),
            from_port: None,
            to_port: None,
            peer: Peer::Group(id.clone(), self.account_id.clone()),
        };
        let within = self.new_rule(false, itself, None);
        let rules = vec![within, self.everything_out()];
        let group =
            Group { name: "default".to_owned(), vpc_id: vpc_id.to_owned(), is_default: true, rules, tags: Tags::new() };
        self.put_group(&id, group);
    }

    fn everything_out(&mut self) -> Rule {
        let peer = Peer::Ipv4("0.0.0.0/0".to_owned());
        let spec = Spec { protocol: "-1".to_owned(), from_port: None, to_port: None, peer };
        self.new_rule(true, spec, None)
    }

    fn new_rule(&mut self, is_egress: bool, spec: Spec, description: Option<String>) -> Rule {
        Rule { id: self.new_id("sgr"), is_egress, spec, description, since: self.call }
    }

    /// EC2 API Reference, "DeleteSecurityGroup".
    pub(super) fn delete_group(&mut self, group: &GroupRef) -> Result<Answer, Refusal> {
        let (id, state) = self.group(group)?;
        if state.is_default {
            return Err(Refusal::new("Client.CannotDelete", "the specified group cannot be deleted by a user"));
        }
        if self.is_used(&id) {
            return Err(Refusal::new("Client.DependencyViolation", &format!("resource {id} has a dependent object")));
        }
        Self::put(self.stamp(), &mut self.groups, &id, None);
        Ok(Answer::Made(id))
    }

    /// Whether an interface, an endpoint or another group's rule refers to the group.
    pub fn is_used(&self, id: &str) -> bool {
        let refers = |rule: &Rule| matches!(&rule.spec.peer, Peer::Group(peer, _) if peer == id);
        let in_rules = self
            .groups
            .iter()
            .filter(|(other, _)| *other != id)
            .filter_map(|(_, line)| line.now())
            .any(|group| group.rules.iter().any(refers));
        let by_interface =
            self.interfaces.values().filter_map(Timeline::now).any(|one| one.group_ids.iter().any(|used| used == id));
        let by_endpoint = self.endpoints.values().filter_map(Timeline::now).any(|one| one.groups.contains_key(id));
        in_rules || by_interface || by_endpoint
    }

    /// What the permissions' sides are as rules, with their descriptions. EC2 takes none of them twice in a call: "The
    /// same permission must not appear multiple times".
    pub fn specs(&self, permissions: &[Permission]) -> Result<Vec<(Spec, Option<String>)>, Refusal> {
        let mut specs = Vec::new();
        for permission in permissions {
            let (from_port, to_port) = permission.ports();
            for target in &permission.targets {
                let protocol = canonical_protocol(&permission.protocol);
                let spec = Spec { protocol, from_port, to_port, peer: self.peer(target)? };
                if specs.iter().any(|(other, _)| *other == spec) {
                    let message = "The same permission must not appear multiple times";
                    return Err(Refusal::new("Client.InvalidParameterValue", message));
                }
                specs.push((spec, target.description.clone()));
            }
        }
        Ok(specs)
    }

    fn peer(&self, target: &Target) -> Result<Peer, Refusal> {
        let written = &target.written;
        let account = target.account_id.clone().unwrap_or_else(|| self.account_id.clone());
        if written.starts_with("pl-") {
            return Ok(Peer::PrefixList(written.clone()));
        }
        if written.contains('/') {
            let cidr = canonical_cidr(written);
            return Ok(if cidr.contains(':') { Peer::Ipv6(cidr) } else { Peer::Ipv4(cidr) });
        }
        if account != self.account_id {
            return Ok(Peer::Group(written.clone(), account));
        }
        let group =
            if written.starts_with("sg-") { GroupRef::Id(written.clone()) } else { GroupRef::Name(written.clone()) };
        Ok(Peer::Group(self.resolve(&group)?, account))
    }

    /// EC2 API Reference, "AuthorizeSecurityGroupIngress": one duplicate refuses the whole call.
    pub(super) fn authorize(
        &mut self,
        group: &GroupRef,
        is_egress: bool,
        permissions: &[Permission],
    ) -> Result<Answer, Refusal> {
        let (id, mut state) = self.group(group)?;
        let mut granted = Vec::new();
        for (spec, description) in self.specs(permissions)? {
            if state.rules.iter().any(|rule| rule.is_egress == is_egress && rule.spec == spec) {
                return Err(Refusal::new("Client.InvalidPermission.Duplicate", "the specified rule already exists"));
            }
            let rule = self.new_rule(is_egress, spec, description);
            state.rules.push(rule.clone());
            granted.push(rule);
        }
        self.put_group(&id, state);
        Ok(Answer::Granted(granted))
    }

    /// EC2 API Reference, "RevokeSecurityGroupIngress": "For a default VPC, if the values you specify do not match the
    /// existing rule's values, no error is returned, and the output describes the security group rules that were not
    /// revoked. For a non-default VPC [...] an InvalidPermission.NotFound client error is returned, and no rules are
    /// revoked." Descriptions do not matter.
    pub(super) fn revoke(
        &mut self,
        group: &GroupRef,
        is_egress: bool,
        permissions: &[Permission],
    ) -> Result<Answer, Refusal> {
        let (id, mut state) = self.group(group)?;
        self.specs(permissions)?;
        let forgives = self.vpcs[&state.vpc_id].now().is_some_and(|vpc| vpc.is_default);
        let (mut revoked, mut unknown) = (Vec::new(), Vec::new());
        for permission in permissions {
            for target in &permission.targets {
                let one = Permission { targets: vec![target.clone()], ..permission.clone() };
                let (spec, _) = self.specs(std::slice::from_ref(&one))?.remove(0);
                match state.rules.iter().position(|rule| rule.is_egress == is_egress && rule.spec == spec) {
                    Some(at) => revoked.push(state.rules.remove(at)),
                    None if forgives => unknown.push(one),
                    None => return Err(not_found()),
                }
            }
        }
        self.put_group(&id, state);
        Ok(Answer::Revoked(revoked, unknown))
    }

    /// The same by rule id: an unknown id is an error everywhere.
    pub(super) fn revoke_by_id(
        &mut self,
        group_id: &str,
        is_egress: bool,
        rule_ids: &[String],
    ) -> Result<Answer, Refusal> {
        let (id, mut state) = self.group(&GroupRef::Id(group_id.to_owned()))?;
        let mut revoked = Vec::new();
        for rule_id in rule_ids {
            let at = state.rules.iter().position(|rule| rule.id == *rule_id && rule.is_egress == is_egress);
            revoked.push(state.rules.remove(at.ok_or_else(rule_not_found)?));
        }
        self.put_group(&id, state);
        Ok(Answer::Revoked(revoked, Vec::new()))
    }

    /// EC2 API Reference, "ModifySecurityGroupRules". The rules keep their ids and directions.
    pub(super) fn modify(
        &mut self,
        group_id: &str,
        rules: &[(String, Spec, Option<String>)],
    ) -> Result<Answer, Refusal> {
        let (id, mut state) = self.group(&GroupRef::Id(group_id.to_owned()))?;
        for (rule_id, spec, description) in rules {
            let at = state.rules.iter().position(|rule| rule.id == *rule_id).ok_or_else(rule_not_found)?;
            let is_egress = state.rules[at].is_egress;
            let is_other =
                |(other, rule): (usize, &Rule)| other != at && rule.is_egress == is_egress && rule.spec == *spec;
            if state.rules.iter().enumerate().any(is_other) {
                return Err(Refusal::new("Client.InvalidPermission.Duplicate", "the specified rule already exists"));
            }
            let rule = &mut state.rules[at];
            (rule.spec, rule.description, rule.since) = (spec.clone(), description.clone(), self.call);
        }
        self.put_group(&id, state);
        Ok(Answer::Done)
    }

    /// EC2 API Reference, "UpdateSecurityGroupRuleDescriptionsIngress": "You can remove a description for a security
    /// group rule by omitting the description parameter in the request."
    pub(super) fn describe(
        &mut self,
        group: &GroupRef,
        is_egress: bool,
        permissions: &[Permission],
    ) -> Result<Answer, Refusal> {
        let (id, mut state) = self.group(group)?;
        for (spec, description) in self.specs(permissions)? {
            let rule = state.rules.iter_mut().find(|rule| rule.is_egress == is_egress && rule.spec == spec);
            let rule = rule.ok_or_else(not_found)?;
            (rule.description, rule.since) = (description, self.call);
        }
        self.put_group(&id, state);
        Ok(Answer::Done)
    }

    /// The same by rule id.
    pub(super) fn describe_by_id(
        &mut self,
        group_id: &str,
        is_egress: bool,
        descriptions: &[(String, Option<String>)],
    ) -> Result<Answer, Refusal> {
        let (id, mut state) = self.group(&GroupRef::Id(group_id.to_owned()))?;
        for (rule_id, description) in descriptions {
            let rule = state.rules.iter_mut().find(|rule| rule.is_egress == is_egress && rule.id == *rule_id);
            let rule = rule.ok_or_else(rule_not_found)?;
            (rule.description, rule.since) = (description.clone(), self.call);
        }
        self.put_group(&id, state);
        Ok(Answer::Done)
    }
}

fn not_found() -> Refusal {
    Refusal::new("Client.InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
}

fn rule_not_found() -> Refusal {
    Refusal::new("Client.InvalidSecurityGroupRuleId.NotFound", "The security group rule ID does not exist")
}
