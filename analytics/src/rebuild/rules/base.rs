//! What is known of the rules that no record put in force: those that a group came with, or had before the logs begin.
//!
//! - EC2 gives a new group one rule, all traffic out to 0.0.0.0/0; in a VPC with an IPv6 range also to ::/0, of which no
//!   record tells until the rule is changed.
//! - A VPC's default group comes with the VPC, and lets its own members in besides.
//! - Of a group that is older than the logs nobody knows the rules, until a snapshot shows them.
//!
//! Source: Amazon VPC user guide, "Security groups for your VPC" and "Default security groups".

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::live::Live;
use super::row::{By, CREATED_WITH_GROUP, End, GONE, REVOKED, Rule};
use super::spec::{Peer, Spec, Traffic};
use crate::rebuild::mark::Mark;

/// A rule that EC2 makes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultRule {
    /// All traffic out, over IPv4.
    Ipv4 = 0,
    /// All traffic out, over IPv6, where the VPC has a range of it.
    Ipv6 = 1,
    /// All traffic in from the group's own members.
    Own = 2,
}

impl DefaultRule {
    const ALL: [Self; 3] = [Self::Ipv4, Self::Ipv6, Self::Own];

    fn spec(self, group_id: &str) -> Spec {
        let (is_egress, peer) = match self {
            Self::Ipv4 => (true, Peer::Ipv4("0.0.0.0/0".to_owned())),
            Self::Ipv6 => (true, Peer::Ipv6("::/0".to_owned())),
            Self::Own => (false, Peer::Group(group_id.to_owned())),
        };
        Spec { is_egress, traffic: Traffic::ALL, peer }
    }

    fn of(spec: &Spec, group_id: &str) -> Option<Self> {
        let is_all = spec.traffic == Traffic::ALL;
        Self::ALL.into_iter().find(|default| is_all && default.spec(group_id) == *spec)
    }
}

/// Whether a default rule has shown itself.
#[derive(Debug, Clone)]
enum State {
    Unseen,
    /// It is or was in force.
    Seen,
    /// The same rule was put in force by this, so it was not, or not any more.
    Contradicted(By),
}

/// What is known of the rules that a group had from the start.
#[derive(Debug)]
pub struct Base {
    /// Every rule in force is known, but for gaps in the logs.
    is_known: bool,
    created: Option<Arc<Mark>>,
    /// In a group of unknown base: hashes of the specifications that records have put in force or ended, so that they
    /// are not from before the logs. Eight bytes for each rule that such a group ever had.
    settled: HashSet<u64>,
    defaults: [State; 3],
    /// Ended rules that may have come with a VPC; whether they did is told at the end.
    withheld: Vec<(Rule, End)>,
}

impl Base {
    /// Of a group that no record has made yet.
    pub fn unknown() -> Self {
        let defaults = [State::Unseen, State::Unseen, State::Unseen];
        Self { is_known: false, created: None, settled: HashSet::new(), defaults, withheld: Vec::new() }
    }

    /// Whether every rule in force is known, but for gaps in the logs.
    pub fn is_known(&self) -> bool {
        self.is_known
    }

    /// Whether a record made the group.
    pub fn is_created(&self) -> bool {
        self.created.is_some()
    }

    /// Whether the group may have come with a rule to ::/0 that nothing has shown yet.
    pub fn may_have_ipv6(&self) -> bool {
        self.created.is_some() && matches!(self.defaults[DefaultRule::Ipv6 as usize], State::Unseen)
    }

    fn set_known(&mut self) {
        self.is_known = true;
        self.settled = HashSet::new();
    }

    /// A rule begins.
    pub fn began(&mut self, spec: &Spec, group_id: &str, by: &By) {
        self.settle(spec);
        if let Some(default) = DefaultRule::of(spec, group_id) {
            let state = &mut self.defaults[default as usize];
            if matches!(state, State::Unseen) {
                *state = State::Contradicted(by.clone());
            }
        }
    }

    /// A rule ends. Gives it back to be written, unless that has to wait.
    pub fn ended(&mut self, rule: Rule, end: End) -> Option<(Rule, End)> {
        self.settle(&rule.spec);
        if rule.may_be_default {
            self.withheld.push((rule, end));
            return None;
        }
        Some((rule, end))
    }

    fn settle(&mut self, spec: &Spec) {
        if !self.is_known {
            self.settled.insert(hash(spec));
        }
    }

    /// A rule that must have been in force although no record began it; `None` = that cannot be.
    pub fn explain(&mut self, spec: &Spec, group_id: &str, at: DateTime<Utc>) -> Option<Rule> {
        let default = DefaultRule::of(spec, group_id);
        let is_unseen = default.is_some_and(|default| matches!(self.defaults[default as usize], State::Unseen));
        if let Some(created) = self.created.clone().filter(|_| is_unseen) {
            self.see(default);
            return Some(with_group(spec.clone(), &created));
        }
        if self.is_known || self.settled.contains(&hash(spec)) {
            return None;
        }
        self.see(default);
        let unknown = Rule { started: None, started_how: REVOKED, seen_at: at, ..plain(spec.clone(), at) };
        Some(Rule { may_be_default: is_unseen, ..unknown })
    }

    /// The same for [`DefaultRule::Ipv6`].
    pub fn explain_ipv6(&mut self, group_id: &str, at: DateTime<Utc>) -> Option<Rule> {
        if self.may_have_ipv6() { self.explain(&DefaultRule::Ipv6.spec(group_id), group_id, at) } else { None }
    }

    /// A rule that a snapshot shows and no record began.
    pub fn sighted(&mut self, rule: Rule, group_id: &str) -> Rule {
        let default = DefaultRule::of(&rule.spec, group_id);
        let is_unseen = default.is_some_and(|default| matches!(self.defaults[default as usize], State::Unseen));
        self.see(default);
        match &self.created {
            Some(created) if is_unseen => {
                Rule { description: rule.description, ..with_group(Spec::clone(&rule.spec), created) }
            }
            _ => Rule { may_be_default: is_unseen, ..rule },
        }
    }

    /// A snapshot shows every rule: of those that a group comes with and nothing has shown, what it lacks is gone or never
    /// was.
    pub fn complete(&mut self, group_id: &str, by: &By, is_shown: impl Fn(&Spec) -> bool) {
        for default in DefaultRule::ALL {
            let state = &mut self.defaults[default as usize];
            if matches!(state, State::Unseen) && !is_shown(&default.spec(group_id)) {
                *state = State::Contradicted(by.clone());
            }
        }
        self.set_known();
    }

    fn see(&mut self, default: Option<DefaultRule>) {
        if let Some(default) = default {
            self.defaults[default as usize] = State::Seen;
        }
    }

    /// The group was made, and these rules with it. Gives the intervals that have ended.
    pub fn create(
        &mut self,
        mark: &Arc<Mark>,
        with: &[DefaultRule],
        group_id: &str,
        live: &mut Live,
    ) -> Vec<(Rule, End)> {
        let mut ended = std::mem::take(&mut self.withheld);
        ended.iter_mut().for_each(|(rule, _)| came_with_group(rule, mark));
        live.iter_mut().filter(|rule| rule.may_be_default).for_each(|rule| came_with_group(rule, mark));
        for default in with {
            let rule = with_group(default.spec(group_id), mark);
            match std::mem::replace(&mut self.defaults[*default as usize], State::Seen) {
                State::Unseen => _ = live.insert(rule),
                State::Seen => (),
                State::Contradicted(by) => ended.push((rule, End { by, how: GONE })),
            }
        }
        // It did not come with any other, but perhaps one for IPv6.
        self.see(Some(DefaultRule::Own));
        self.created = Some(Arc::clone(mark));
        self.set_known();
        ended
    }

    /// What waited in vain.
    pub fn withheld(&mut self) -> Vec<(Rule, End)> {
        std::mem::take(&mut self.withheld)
    }
}

fn plain(spec: Spec, at: DateTime<Utc>) -> Rule {
    Rule {
        spec: Arc::new(spec),
        id: None,
        peer_account: None,
        description: None,
        started: None,
        started_how: CREATED_WITH_GROUP,
        seen_at: at,
        may_be_default: false,
    }
}

fn with_group(spec: Spec, mark: &Arc<Mark>) -> Rule {
    Rule { started: Some(By::Record(Arc::clone(mark))), ..plain(spec, mark.at) }
}

fn came_with_group(rule: &mut Rule, mark: &Arc<Mark>) {
    rule.started = Some(By::Record(Arc::clone(mark)));
    rule.started_how = CREATED_WITH_GROUP;
    rule.seen_at = mark.at;
    rule.may_be_default = false;
}

/// The same in every run: the standard hasher without a random key.
fn hash(spec: &Spec) -> u64 {
    let mut hasher = DefaultHasher::new();
    spec.hash(&mut hasher);
    hasher.finish()
}
