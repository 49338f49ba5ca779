//! One security group: its rules in force, and how a change applies to them.

mod meant;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Fate;
use super::base::{Base, DefaultRule};
use super::live::Live;
use super::permission::Told;
use super::request::{Change, Target, Update};
use super::row::{self, AUTHORIZED, By, DESCRIBED, End, GONE, GROUP_DELETED, MODIFIED, REVOKED, Rule};
use super::snapshot::{Pending, Snapshot, Waiting};
use super::spec::Spec;
use super::superseded::Superseded;
use crate::rebuild::event::Scope;
use crate::rebuild::mark::Mark;
use crate::table::TableBuilder;
use meant::Undirected;

/// A group. Its rows are written as soon as an interval has ended.
#[derive(Debug)]
pub struct Group {
    scope: Scope,
    id: String,
    base: Base,
    live: Live,
    superseded: Superseded,
    /// The last instant at which something happened.
    at: DateTime<Utc>,
    last_ended: Option<DateTime<Utc>>,
    pending: Pending,
    /// Modified rules of which no record told anything before: whether they let in or out is not in the request.
    undirected: BTreeMap<String, Undirected>,
}

/// An accepted change, as it applies to a group.
pub struct Step<'a> {
    /// The record.
    pub mark: &'a Arc<Mark>,
    /// Whether the request is about egress, where it tells.
    pub is_egress: bool,
    /// Where rows go.
    pub out: &'a mut TableBuilder,
    /// What could not be applied exactly, in words.
    pub unknown: Vec<String>,
}

impl Step<'_> {
    fn by(&self) -> By {
        By::Record(Arc::clone(self.mark))
    }

    fn end(&self, how: &'static str) -> End {
        End { by: self.by(), how }
    }
}

impl Group {
    /// A group that nothing is known of.
    pub fn new(scope: &Scope, id: &str) -> Self {
        Self {
            scope: scope.clone(),
            id: id.to_owned(),
            base: Base::unknown(),
            live: Live::default(),
            superseded: Superseded::default(),
            at: DateTime::<Utc>::MIN_UTC,
            last_ended: None,
            pending: Pending::default(),
            undirected: BTreeMap::new(),
        }
    }

    /// The group was made.
    pub fn create(&mut self, mark: &Arc<Mark>, out: &mut TableBuilder) {
        if !self.base.is_created() {
            self.advance(mark.at, out);
            let ended = self.base.create(mark, &[DefaultRule::Ipv4], &self.id, &mut self.live);
            self.write_all(ended, out);
        }
    }

    /// Its rules were changed.
    pub fn apply(&mut self, change: Change, step: &mut Step<'_>) {
        self.advance(step.mark.at, step.out);
        match change {
            Change::Authorize(rules) => rules.into_iter().for_each(|told| self.authorize(told, step)),
            Change::Revoke(targets) => self.revoke(targets, step),
            Change::Modify(updates) => updates.into_iter().for_each(|update| self.modify(update, step)),
            Change::Describe(all) => all.into_iter().for_each(|(target, text)| self.describe(target, text, step)),
        }
    }

    /// Time goes on: what waited for the end of a second, or for a snapshot to be certain, waits no longer.
    fn advance(&mut self, now: DateTime<Utc>, out: &mut TableBuilder) {
        if now > self.at {
            self.at = now;
            let gone = self.superseded.drain();
            gone.into_iter().for_each(|(rule, end)| self.close(rule, end, out));
        }
        while let Some(waiting) = self.pending.due(now) {
            self.conclude(&waiting, out);
        }
    }

    fn authorize(&mut self, told: Told, step: &mut Step<'_>) {
        let Told { rule_id, spec, peer_account, description } = told;
        let rule = Rule {
            spec: Arc::new(spec),
            id: rule_id,
            peer_account,
            description,
            started: Some(step.by()),
            started_how: AUTHORIZED,
            seen_at: step.mark.at,
            may_be_default: false,
        };
        self.begin(rule, &step.by(), step.out);
    }

    fn begin(&mut self, rule: Rule, by: &By, out: &mut TableBuilder) {
        self.pending.touch(&rule.spec);
        self.base.began(&rule.spec, &self.id, by);
        let older = self.live.insert(rule);
        if let Some((rule, end)) = older.and_then(|older| self.superseded.push(older, by.clone())) {
            self.close(rule, end, out);
        }
    }

    fn close(&mut self, rule: Rule, end: End, out: &mut TableBuilder) {
        self.pending.touch(&rule.spec);
        self.last_ended = self.last_ended.max(Some(end.by.at()));
        let ended = self.base.ended(rule, end);
        self.write_all(ended, out);
    }

    fn write_all(&self, ended: impl IntoIterator<Item = (Rule, End)>, out: &mut TableBuilder) {
        for (rule, end) in ended {
            row::write(out, (&self.scope, &self.id), &rule, Some(&end));
        }
    }

    fn revoke(&mut self, targets: Vec<Target>, step: &mut Step<'_>) {
        let mut unknown_ids = Vec::new();
        for target in targets {
            match (self.take(&target, step), target) {
                (Some(rule), _) => self.close(rule, step.end(REVOKED), step.out),
                (None, Target::Id(id)) => unknown_ids.push(id),
                (None, Target::Told(told)) => {
                    step.unknown.push(format!("{} was revoked, and no record put it in force", told.spec));
                }
            }
        }
        if !unknown_ids.is_empty() {
            self.revoke_unknown(unknown_ids, step);
        }
    }

    /// Ids that no record has told: the group's only rules without one, if there are as many.
    fn revoke_unknown(&mut self, mut ids: Vec<String>, step: &mut Step<'_>) {
        let is_egress = step.is_egress;
        let candidates = self.without_id(|spec| spec.is_egress == is_egress);
        let count = candidates.as_ref().map(Vec::len);
        let has_ipv6 = is_egress && self.base.may_have_ipv6();
        let is_even = count == Some(ids.len());
        let is_with_ipv6 = has_ipv6 && count.is_some_and(|count| count + 1 == ids.len());
        if !is_even && !is_with_ipv6 {
            let unknown = ids.into_iter().map(|id| format!("{id} was revoked, and no record tells what it allowed"));
            return step.unknown.extend(unknown);
        }
        if is_even && has_ipv6 {
            let taken = "was taken for the rule that the group came with, which may also be one to ::/0";
            step.unknown.extend(ids.iter().map(|id| format!("{id} {taken}")));
        }
        let ipv6 = if is_with_ipv6 { self.base.explain_ipv6(&self.id, step.mark.at) } else { None };
        let only = if ids.len() == 1 { ids.pop() } else { None };
        let candidates = candidates.unwrap_or_default().into_iter();
        let rules: Vec<Rule> = candidates.filter_map(|spec| self.live.take(&spec)).chain(ipv6).collect();
        for rule in rules {
            self.close(Rule { id: only.clone(), ..rule }, step.end(REVOKED), step.out);
        }
    }

    fn modify(&mut self, update: Update, step: &mut Step<'_>) {
        let Some(old) = self.take_id(&update.rule_id).or_else(|| self.take_only(&update, step)) else {
            return self.modify_unknown(update, step);
        };
        let Update { rule_id, traffic, peer, description } = update;
        let peer_account = old.peer_account.clone().filter(|_| peer.as_ref().is_none_or(|peer| *peer == old.spec.peer));
        let spec = Spec {
            is_egress: old.spec.is_egress,
            traffic: traffic.unwrap_or(old.spec.traffic),
            peer: peer.unwrap_or_else(|| old.spec.peer.clone()),
        };
        let description = description.or_else(|| old.description.clone());
        let new = Rule { spec: Arc::new(spec), id: Some(rule_id), peer_account, description, ..old.clone() };
        self.replace(old, new, MODIFIED, step);
    }

    fn modify_unknown(&mut self, update: Update, step: &mut Step<'_>) {
        let Update { rule_id, traffic, peer, description } = update;
        let (Some(traffic), Some(peer)) = (traffic, peer) else {
            return step.unknown.push(format!("{rule_id} was modified, and no record tells what it allowed"));
        };
        let now = format!("{traffic} with {}", peer.text());
        step.unknown.push(format!("{rule_id} became {now}, and no record tells what it allowed or in which direction"));
        let mark = Arc::clone(step.mark);
        self.undirected.insert(rule_id, Undirected { traffic, peer, description, mark });
    }

    fn describe(&mut self, target: Target, description: Option<String>, step: &mut Step<'_>) {
        let found = self.take(&target, step).or_else(|| self.take_nameless(&target, step.is_egress));
        match (found, target) {
            (Some(old), target) => {
                let given = match target {
                    Target::Id(id) => Some(id),
                    Target::Told(told) => told.rule_id,
                };
                let id = old.id.clone().or(given);
                self.replace(old.clone(), Rule { id, description, ..old }, DESCRIBED, step);
            }
            (None, Target::Id(id)) => {
                step.unknown.push(format!("{id} was described, and no record tells what it allows"));
            }
            (None, Target::Told(told)) => {
                step.unknown.push(format!("{} was described, and no record put it in force", told.spec));
                self.authorize(Told { description, ..told }, step);
            }
        }
    }

    /// A rule ends and another begins in its place; or it stays as it is, if nothing changed but that its id is known.
    fn replace(&mut self, old: Rule, new: Rule, how: &'static str, step: &mut Step<'_>) {
        // Of a rule that nothing else shows, nobody knows how it was described before.
        let was_known = old.started_how != REVOKED;
        if was_known && old.spec == new.spec && old.description == new.description {
            self.pending.touch(&new.spec);
            if let Some((rule, end)) = self.live.insert(new).and_then(|newer| self.superseded.push(newer, step.by())) {
                self.close(rule, end, step.out);
            }
            return;
        }
        let old = Rule { id: new.id.clone(), ..old };
        self.close(old, step.end(how), step.out);
        let (started, seen_at) = (Some(step.by()), step.mark.at);
        let new = Rule { started, started_how: how, seen_at, may_be_default: false, ..new };
        self.begin(new, &step.by(), step.out);
    }

    /// The rule of AWS Config saw the group.
    pub fn see(&mut self, snapshot: Snapshot, out: &mut TableBuilder) {
        self.advance(snapshot.at, out);
        self.pending.push(snapshot, self.last_ended);
    }

    /// What follows from a snapshot.
    fn conclude(&mut self, snapshot: &Waiting, out: &mut TableBuilder) {
        for rule in self.take_shown(snapshot) {
            self.begin(rule, &snapshot.by(), out);
        }
        for spec in snapshot.went(&self.live) {
            if let Some(rule) = self.live.take(&spec) {
                let ended = self.base.ended(rule, End { by: snapshot.by(), how: GONE });
                self.write_all(ended, out);
            }
        }
        for rule in snapshot.came(&self.live) {
            let rule = self.base.sighted(rule, &self.id);
            _ = self.live.insert(rule);
        }
        if snapshot.is_whole() {
            self.base.complete(&self.id, &snapshot.by(), |spec| snapshot.shows(spec));
        }
    }

    /// Writes what is still in force.
    pub fn finish(mut self, fate: &Fate, out: &mut TableBuilder) {
        let gone = self.superseded.drain();
        gone.into_iter().for_each(|(rule, end)| self.close(rule, end, out));
        while let Some(waiting) = self.pending.last() {
            self.conclude(&waiting, out);
        }
        let ended = match &fate.created_with_vpc {
            Some(mark) if !self.base.is_created() => {
                self.base.create(mark, &[DefaultRule::Ipv4, DefaultRule::Own], &self.id, &mut self.live)
            }
            _ => self.base.withheld(),
        };
        self.write_all(ended, out);
        let end = fate.deleted.as_ref().map(|mark| End { by: By::Record(Arc::clone(mark)), how: GROUP_DELETED });
        for rule in self.live.iter() {
            row::write(out, (&self.scope, &self.id), rule, end.as_ref());
        }
    }
}
