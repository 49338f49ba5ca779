//! `security_group_rules` at many instants of every group.

use super::{Comparison, Rebuilt, Row, cited, holds, instants, mark, text, time};
use crate::dice::Dice;
use crate::ec2_life::Life;
use crate::ec2_model::{CallNumber, Group, Operation, Peer, Rule, Spec, Time, Timeline};

pub(super) fn compare(life: &Life, rebuilt: &Rebuilt, dice: &mut Dice, comparison: &mut Comparison) {
    for (id, line) in &life.ec2.groups {
        let rows: Vec<&Row> = rebuilt.rules.iter().filter(|row| text(row, "group_id") == Some(id)).collect();
        let group = OneGroup { life, id, line, rows };
        for at in instants(life, line.states().map(|(at, _, _)| at), dice) {
            group.compare_at(at, comparison);
        }
    }
    for row in &rebuilt.rules {
        let id = text(row, "group_id").expect("a row has a group");
        if !life.ec2.groups.contains_key(id) {
            comparison.differ(format!("a rule of a group that never was: {row:?}"));
        }
    }
    for (group_id, rule, call) in &life.writer.told.ends {
        comparison.check("ends of older rules");
        let is_it = |row: &&Row| {
            text(row, "group_id") == Some(group_id)
                && is_spec(life, row, rule)
                && mark(row, "ended") == cited(life, *call)
        };
        if !rebuilt.rules.iter().any(|row| is_it(&row)) {
            let what = &life.calls[*call].operation;
            comparison.differ(format!("{group_id}: no row says that {rule:?} ended with {what:?}"));
        }
    }
    for doubt in &rebuilt.doubts {
        if !is_due(life, doubt) {
            comparison.differ(format!("a doubt where a reader can tell: {doubt:?}"));
        }
    }
}

/// Whether a reader must doubt: the call names a rule of a group that is older than the logs by an id that no record tells.
fn is_due(life: &Life, doubt: &Row) -> bool {
    let call = life
        .calls
        .iter()
        .find(|call| life.event_id(call.number).is_some_and(|id| text(doubt, "event_id").is_some_and(|it| it == id)));
    let is_told = |id: &String| life.writer.told.ids.contains(id);
    let names_untold = match call.map(|call| &call.operation) {
        Some(Operation::RevokeById { rule_ids, .. }) => !rule_ids.iter().all(is_told),
        Some(Operation::Modify { rules, .. }) => !rules.iter().all(|(id, _, _)| is_told(id)),
        Some(Operation::DescribeById { descriptions, .. }) => !descriptions.iter().all(|(id, _)| is_told(id)),
        _ => false,
    };
    names_untold && text(doubt, "doubt").is_some_and(|doubt| doubt == "rule_unknown")
}

struct OneGroup<'a> {
    life: &'a Life,
    id: &'a str,
    line: &'a Timeline<Group>,
    rows: Vec<&'a Row>,
}

impl OneGroup<'_> {
    fn compare_at(&self, at: Time, comparison: &mut Comparison) {
        let truth = self.line.at(at).map_or(&[][..], |group| group.rules.as_slice());
        let found: Vec<&&Row> = self.rows.iter().filter(|row| holds(row, at) && !self.is_before(row, at)).collect();
        for row in &found {
            comparison.check("rules in force");
            match truth.iter().filter(|rule| is_spec(self.life, row, rule)).collect::<Vec<_>>().as_slice() {
                [rule] => self.compare_rule(row, rule, at, comparison),
                _ => {
                    comparison.differ(format!("{} at {at}: this was not in force: {row:?}\ntruth: {truth:?}", self.id));
                }
            }
        }
        for rule in truth.iter().filter(|rule| self.is_told(rule, at)) {
            comparison.check("rules expected");
            match found.iter().filter(|row| is_spec(self.life, row, rule)).count() {
                1 => (),
                count => {
                    let began = &self.life.calls[rule.since].operation;
                    let rows = &self.rows;
                    comparison.differ(format!(
                        "{} at {at}: {count} rows of {rule:?} (since {began:?}), of {rows:#?}",
                        self.id
                    ));
                }
            }
        }
    }

    /// Whether a row without a beginning is looked at before its group was made. No record names the default group that
    /// comes with a VPC, so its rules may be as old as the logs for all that a reader knows.
    fn is_before(&self, row: &Row, at: Time) -> bool {
        let is_default = self.line.states().any(|(_, _, group)| group.is_some_and(|group| group.is_default));
        is_default && time(row, "started_at").is_none() && self.line.created().is_some_and(|(made, _)| at < made)
    }

    /// Whether the records until then tell the rule.
    fn is_told(&self, rule: &Rule, at: Time) -> bool {
        self.life.writer.told.specs.get(&rule.id).is_some_and(|told| *told <= at)
    }

    fn compare_rule(&self, row: &Row, rule: &Rule, at: Time, comparison: &mut Comparison) {
        let (life, told) = (self.life, &self.life.writer.told);
        let what = |part: &'static str| format!("{} at {at}: {part} of {row:?}", self.id);
        if let Some(id) = text(row, "security_group_rule_id") {
            comparison.same(|| what("id"), id, &rule.id);
        } else if told.ids.contains(&rule.id) && self.is_told(rule, at) {
            comparison.differ(what("id missing"));
        }
        if let Peer::Group(_, account) = &rule.spec.peer {
            match text(row, "peer_account_id") {
                Some(found) => comparison.same(|| what("peer's account"), found, account),
                None if told.peer_accounts.contains(&rule.id) && self.is_told(rule, at) => {
                    comparison.differ(what("peer's account missing"));
                }
                None => (),
            }
        }
        if !self.is_told(rule, at) {
            // A later record tells what an older rule allows, and ends it; earlier ones may have given it descriptions.
            comparison.check("older rules in force");
            if !self.later_ends(rule, at).contains(&mark(row, "ended")) {
                comparison.differ(what("end"));
            }
            return;
        }
        comparison.same(|| what("end"), &mark(row, "ended"), &self.end_of(rule, at));
        let begins = cited(life, rule.since);
        comparison.same(|| what("beginning"), &mark(row, "started"), &begins);
        if let Some((_, event_id)) = begins {
            comparison.same(|| what("description"), &text(row, "description"), &rule.description.as_ref());
            let how = text(row, "started_how").map(String::as_str);
            comparison.same(|| what("how"), &how, &Some(how_of(&life.calls[rule.since].operation)));
            let who = life.calls[rule.since].caller.user_identity["arn"].as_str().unwrap_or_default();
            if !text(row, "started_who").is_some_and(|shown| shown.contains(who)) {
                comparison.differ(format!("{}: {who} of {event_id}", what("who")));
            }
        }
        if time(row, "seen_at").is_none_or(|seen| seen > at) {
            comparison.differ(what("seen_at"));
        }
    }

    /// Every change of the rule after that instant.
    fn later_ends(&self, rule: &Rule, at: Time) -> Vec<Option<(Time, String)>> {
        let later = self.line.states().filter(|(from, _, _)| *from > at);
        let changes = later.filter(|(_, call, group)| {
            let state = group.and_then(|group| group.rules.iter().find(|one| one.id == rule.id));
            state.is_none_or(|state| state.since == *call)
        });
        let mut ends: Vec<_> = changes.map(|(_, call, _)| cited(self.life, call)).collect();
        if self.line.now().is_some_and(|group| group.rules.iter().any(|one| one.id == rule.id)) {
            ends.push(None);
        }
        ends
    }

    /// The first change after that instant that leaves the rule other than it is.
    fn end_of(&self, rule: &Rule, at: Time) -> Option<(Time, String)> {
        let goes_on = |group: Option<&Group>| {
            group.is_some_and(|group| group.rules.iter().any(|one| one.id == rule.id && one.since == rule.since))
        };
        let later = self.line.states().filter(|(from, _, _)| *from > at);
        let call: CallNumber = later.filter(|(_, _, group)| !goes_on(*group)).map(|(_, call, _)| call).next()?;
        cited(self.life, call)
    }
}

fn how_of(operation: &Operation) -> &'static str {
    match operation {
        Operation::CreateSecurityGroup { .. } | Operation::CreateVpc { .. } | Operation::CreateDefaultVpc => {
            "created_with_group"
        }
        Operation::Modify { .. } => "modified",
        Operation::Describe { .. } | Operation::DescribeById { .. } => "described",
        _ => "authorized",
    }
}

/// Whether a row is of that rule. Where no record tells the id of a peer, its name stands for it.
fn is_spec(life: &Life, row: &Row, rule: &Rule) -> bool {
    let (Spec { protocol, from_port, to_port, peer }, number) =
        (&rule.spec, |column: &str| row.get(column).and_then(serde_json::Value::as_i64));
    let (kind, written) = match peer {
        Peer::Ipv4(cidr) => ("ipv4", cidr),
        Peer::Ipv6(cidr) => ("ipv6", cidr),
        Peer::PrefixList(id) => ("prefix_list", id),
        Peer::Group(id, _) => ("security_group", id),
    };
    let found = text(row, "peer");
    let is_peer = found == Some(written) || found.is_some() && found == life.writer.told.peer_names.get(&rule.id);
    row.get("is_egress").and_then(serde_json::Value::as_bool) == Some(rule.is_egress)
        && text(row, "ip_protocol") == Some(protocol)
        && number("from_port") == *from_port
        && number("to_port") == *to_port
        && text(row, "peer_kind").is_some_and(|found| found == kind)
        && is_peer
}
