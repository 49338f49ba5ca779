//! What security groups allowed, and when: `security_group_rules` and `security_group_rule_doubts`.
//!
//! A fold over accepted changes in the order of time. The rules in force are held; an interval that has ended is written
//! at once, so memory is bounded by the rules in force, not by the changes.
//!
//! Records have times in whole seconds. Within one, [`ORDER_WITHIN_A_SECOND`] puts what makes a rule before what changes
//! it, and that before what ends it: a rule that is made and ended within a second is then never ended before it is
//! made. A rule that is ended and made again within a second is for a moment there twice, and the end is the older one's.
//!
//! - [`request`]: a record, in any of EC2's encodings, as a change; over [`permission`], [`spec`] and [`cidr`].
//! - [`group`]: a group, and how a change applies to it; over [`live`], [`superseded`] and [`base`].
//! - [`snapshot`]: what the rule of AWS Config saw, set against that.
//! - [`row`]: what is written.

mod base;
mod cidr;
mod group;
mod live;
mod permission;
mod request;
mod row;
pub mod snapshot;
pub mod spec;
mod superseded;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::element::text;
use super::event::{Event, Scope};
use super::mark::Mark;
use crate::table::TableBuilder;
use group::{Group, Step};
use permission::Told;
use request::{Change, Problem, Request, Target};
use row::Doubt;
use snapshot::Snapshot;
use spec::Peer;

/// The order of records of one second, by event name; any other name has [`RANK_OF_OTHERS`]. What still ties goes by
/// event id, which says nothing of time.
///
/// Tools make a thing, tag it and attach it within a second, so the calls on networks and tags have their places too. A
/// job's creation is among the others, and its tags come after them.
pub const ORDER_WITHIN_A_SECOND: [(&str, u8); 36] = [
    ("CreateDefaultVpc", 0),
    ("CreateVpc", 0),
    ("CreateDefaultSubnet", 1),
    ("CreateInternetGateway", 1),
    ("CreateRouteTable", 1),
    ("CreateSecurityGroup", 1),
    ("CreateSubnet", 1),
    ("CreateVpcEndpoint", 1),
    ("AssociateRouteTable", 2),
    ("AttachInternetGateway", 2),
    ("AuthorizeSecurityGroupEgress", 2),
    ("AuthorizeSecurityGroupIngress", 2),
    ("CreateRoute", 2),
    ("ModifySecurityGroupRules", 3),
    ("ModifyVpcEndpoint", 3),
    ("ReplaceRoute", 3),
    ("ReplaceRouteTableAssociation", 3),
    ("CreateTags", 4),
    ("UpdateSecurityGroupRuleDescriptionsEgress", 4),
    ("UpdateSecurityGroupRuleDescriptionsIngress", 4),
    ("DeleteRoute", 5),
    ("DeleteTags", 5),
    ("DetachInternetGateway", 5),
    ("DisassociateRouteTable", 5),
    ("RevokeSecurityGroupEgress", 5),
    ("RevokeSecurityGroupIngress", 5),
    ("DeleteInternetGateway", 7),
    ("DeleteRouteTable", 7),
    ("DeleteSecurityGroup", 7),
    ("DeleteSubnet", 7),
    ("DeleteVpcEndpoints", 7),
    ("ModifyNetworkInterfaceAttribute", 7),
    ("TagResource", 7),
    ("DeleteNetworkInterface", 8),
    ("DeleteVpc", 8),
    ("UntagResource", 8),
];

/// The rank of event names that [`ORDER_WITHIN_A_SECOND`] does not have: after every change, before deletions.
pub const RANK_OF_OTHERS: u8 = 6;

/// The events that [`Rules::change`] takes.
pub const CHANGES: [&str; 7] = [
    "AuthorizeSecurityGroupEgress",
    "AuthorizeSecurityGroupIngress",
    "ModifySecurityGroupRules",
    "RevokeSecurityGroupEgress",
    "RevokeSecurityGroupIngress",
    "UpdateSecurityGroupRuleDescriptionsEgress",
    "UpdateSecurityGroupRuleDescriptionsIngress",
];

/// The tables that grow while the fold runs. The caller may take rows out between events.
pub struct RuleTables {
    /// `security_group_rules`
    pub rules: TableBuilder,
    /// `security_group_rule_doubts`
    pub doubts: TableBuilder,
}

/// What became of a group, and where it came from, as the other folds know it in the end.
#[derive(Debug, Clone, Default)]
pub struct Fate {
    /// The record that deleted it.
    pub deleted: Option<Arc<Mark>>,
    /// Of a VPC's default group: the record that made the VPC.
    pub created_with_vpc: Option<Arc<Mark>>,
}

/// The rules of all groups.
#[derive(Default)]
pub struct Rules {
    groups: BTreeMap<(Scope, String), Group>,
}

impl Rules {
    /// Takes in an accepted CreateSecurityGroup. A group comes with EC2's default egress rule; one outside of a VPC would
    /// not, but those ended with EC2-Classic, and a request without a VPC now means the default one.
    pub fn create_group(&mut self, event: &Event, out: &mut RuleTables) {
        let Some(group_id) = event.response.as_ref().and_then(|response| text(response, "groupId")) else { return };
        self.group(&event.scope, group_id).create(&Mark::of(event), &mut out.rules);
    }

    /// Takes in one of [`CHANGES`] that was accepted. `group_named`: the one group of that name, which stands in for
    /// an id in requests about groups of the default VPC.
    pub fn change(&mut self, event: &Event, group_named: impl Fn(&str) -> Option<String>, out: &mut RuleTables) {
        let mark = Mark::of(event);
        let mut request = request::read(event);
        let group_name = request.group_name.clone();
        let group_id = request.group_id.take().or_else(|| group_name.as_deref().and_then(&group_named));
        let mut doubts: Vec<Doubt> = request.problem.as_ref().map(problem).into_iter().collect();
        match &group_id {
            Some(group_id) => {
                for told in told_mut(&mut request.change) {
                    resolve(told, &event.scope, &group_named);
                }
                let is_egress = event.name.ends_with("Egress");
                let mut step = Step { mark: &mark, is_egress, out: &mut out.rules, unknown: Vec::new() };
                self.group(&event.scope, group_id).apply(request.change, &mut step);
                doubts.extend(rule_unknown(&step.unknown));
            }
            None => doubts.extend(group_unknown(&request)),
        }
        let group = (group_id.as_deref(), group_name.as_deref());
        for doubt in doubts {
            row::write_doubt(&mut out.doubts, event, &mark, group, &doubt);
        }
    }

    /// Takes in what the rule of AWS Config saw of a group, in the order of time among the events: before those of the
    /// same instant.
    pub fn snapshot(&mut self, snapshot: Snapshot, out: &mut RuleTables) {
        self.group(&snapshot.scope.clone(), &snapshot.group_id.clone()).see(snapshot, &mut out.rules);
    }

    /// Learns that there is a group, so that the rules that came with it are told although nothing ever changed them.
    pub fn see(&mut self, scope: &Scope, group_id: &str) {
        self.group(scope, group_id);
    }

    /// Ends the rules of deleted groups, and writes what is still in force.
    pub fn finish(self, fate: impl Fn(&Scope, &str) -> Fate, out: &mut RuleTables) {
        for ((scope, group_id), group) in self.groups {
            group.finish(&fate(&scope, &group_id), &mut out.rules);
        }
    }

    fn group(&mut self, scope: &Scope, group_id: &str) -> &mut Group {
        let key = (scope.clone(), group_id.to_owned());
        self.groups.entry(key).or_insert_with(|| Group::new(scope, group_id))
    }
}

/// A group that a rule refers to by its name is the one of that name, if it is of the same account.
fn resolve(told: &mut Told, scope: &Scope, named: impl Fn(&str) -> Option<String>) {
    let Peer::GroupName(name) = &told.spec.peer else { return };
    let is_ours = told.peer_account.as_ref().is_none_or(|account| *account == scope.account_id);
    if let Some(id) = named(name).filter(|_| is_ours) {
        told.spec.peer = Peer::Group(id);
    }
}

/// The rules that a change tells of.
fn told_mut(change: &mut Change) -> Vec<&mut Told> {
    fn of_target(target: &mut Target) -> Option<&mut Told> {
        match target {
            Target::Told(told) => Some(told),
            Target::Id(_) => None,
        }
    }
    match change {
        Change::Authorize(all) => all.iter_mut().collect(),
        Change::Revoke(all) => all.iter_mut().filter_map(of_target).collect(),
        Change::Describe(all) => all.iter_mut().map(|(target, _)| target).filter_map(of_target).collect(),
        Change::Modify(_) => Vec::new(),
    }
}

fn problem(problem: &Problem) -> Doubt {
    match problem {
        Problem::Omitted => Doubt {
            kind: "request_omitted",
            message: "the record has no request: CloudTrail leaves out what is over 100 KB".to_owned(),
        },
        Problem::Unreadable(message) => Doubt { kind: "request_unreadable", message: message.clone() },
    }
}

fn group_unknown(request: &Request) -> Option<Doubt> {
    let message = match &request.group_name {
        Some(name) => format!("no record tells which group was called {name:?} then"),
        None if request.problem.is_none() => "the record names no group".to_owned(),
        None => return None,
    };
    Some(Doubt { kind: "group_unknown", message })
}

/// So many rules are named in one message.
const NAMED: usize = 5;

fn rule_unknown(unknown: &[String]) -> Option<Doubt> {
    let (first, rest) = unknown.split_at(unknown.len().min(NAMED));
    let more = if rest.is_empty() { String::new() } else { format!("; and {} more", rest.len()) };
    (!first.is_empty()).then(|| Doubt { kind: "rule_unknown", message: first.join("; ") + &more })
}

#[cfg(test)]
mod tests;
