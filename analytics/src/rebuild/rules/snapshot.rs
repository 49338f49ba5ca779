//! What the rule of AWS Config saw of a group's rules, set against what the records tell.
//!
//! Its evidence has a `security_group` fact for each group that it looked up, with `ingress` and `egress` as
//! DescribeSecurityGroups gives them: all rules of the group, without their ids, their descriptions, and the accounts
//! and VPCs of the groups that they refer to. A fact that is absent or unreadable is no snapshot.
//!
//! What follows from one that could be read in full: a rule in it was in force; a rule that is not in it was not. From
//! one that could not: only the first. Neither tells when the rule came or went, only that it was before.
//!
//! The instant of a snapshot is when Config asked. The rule reads the group after that, within [`READ_WITHIN`]; and what
//! it reads may lag behind by [`SETTLES_WITHIN`]. So nothing is concluded about a rule that a record changes in that time.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::live::Live;
use super::row::{By, Rule, SNAPSHOT};
use super::spec::{Peer, Spec};
use crate::rebuild::event::Scope;

/// How long after Config asked a group may have been read. A function runs for at most 15 minutes, and AWS Lambda tries
/// an asynchronous invocation that fails twice more.
pub const READ_WITHIN: TimeDelta = TimeDelta::hours(1);

/// How old an answer of EC2 may be: its API is eventually consistent.
pub const SETTLES_WITHIN: TimeDelta = TimeDelta::minutes(1);

/// One group as a run of the rule saw it.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The account and Region that the run looked at.
    pub scope: Scope,
    /// `sg-...`
    pub group_id: String,
    /// `evaluated_at`: when Config asked.
    pub at: DateTime<Utc>,
    /// The rules.
    pub rules: Vec<SeenRule>,
    /// Whether these are all rules of the group: none of them could not be read.
    pub is_complete: bool,
    /// The evidence file.
    pub evidence_file: String,
    /// The line in it.
    pub line: i64,
}

/// A rule in a snapshot.
#[derive(Debug, Clone)]
pub struct SeenRule {
    /// What it allows.
    pub spec: Spec,
    /// `sgr-...`, where the evidence has it.
    pub id: Option<String>,
    /// The account of a group that it refers to, where the evidence has it.
    pub peer_account: Option<String>,
    /// Its description, where the evidence has it.
    pub description: Option<String>,
}

/// Where a snapshot stands, to be cited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// When Config asked.
    pub at: DateTime<Utc>,
    /// The evidence file.
    pub evidence_file: String,
    /// The line in it.
    pub line: i64,
}

/// The snapshots of a group from which nothing has been concluded yet: the oldest and the newest.
#[derive(Debug, Default)]
pub struct Pending(VecDeque<Waiting>);

/// A snapshot, and what was changed since.
#[derive(Debug)]
pub struct Waiting {
    sighting: Arc<Sighting>,
    seen: BTreeMap<Spec, SeenRule>,
    is_complete: bool,
    /// A rule ended so shortly before that it may still be in the answer.
    follows_an_end: bool,
    touched: HashSet<Arc<Spec>>,
}

impl Pending {
    /// Adds a snapshot. `last_ended`: when a rule of the group last ended.
    pub fn push(&mut self, snapshot: Snapshot, last_ended: Option<DateTime<Utc>>) {
        let Snapshot { at, rules, is_complete, evidence_file, line, .. } = snapshot;
        let waiting = Waiting {
            sighting: Arc::new(Sighting { at, evidence_file, line }),
            seen: rules.into_iter().map(|rule| (rule.spec.clone(), rule)).collect(),
            is_complete,
            follows_an_end: last_ended.is_some_and(|ended| at - ended < SETTLES_WITHIN),
            touched: HashSet::new(),
        };
        self.0.truncate(1);
        self.0.push_back(waiting);
    }

    /// A record changes a rule.
    pub fn touch(&mut self, spec: &Arc<Spec>) {
        for waiting in &mut self.0 {
            waiting.touched.insert(Arc::clone(spec));
        }
    }

    /// Takes out the oldest snapshot, if everything that may be in it is known at this instant.
    pub fn due(&mut self, now: DateTime<Utc>) -> Option<Waiting> {
        self.0.pop_front_if(|waiting| now - waiting.sighting.at > READ_WITHIN)
    }

    /// Takes out the oldest snapshot at the end of the logs.
    pub fn last(&mut self) -> Option<Waiting> {
        self.0.pop_front()
    }
}

impl Waiting {
    /// Whether it shows every rule of the group.
    pub fn is_whole(&self) -> bool {
        self.is_complete && !self.follows_an_end
    }

    /// What to cite.
    pub fn by(&self) -> By {
        By::Snapshot(Arc::clone(&self.sighting))
    }

    /// When Config asked.
    pub fn at(&self) -> DateTime<Utc> {
        self.sighting.at
    }

    /// Whether it shows a rule.
    pub fn shows(&self, spec: &Spec) -> bool {
        self.seen.contains_key(spec)
    }

    /// The rules that are in it and in force for no reason that a record tells.
    pub fn came(&self, live: &Live) -> Vec<Rule> {
        if self.follows_an_end {
            return Vec::new();
        }
        let has_names = live.names_a_group();
        let is_new = |rule: &&SeenRule| {
            let is_comparable = !(has_names && matches!(rule.spec.peer, Peer::Group(_)));
            is_comparable && live.get(&rule.spec).is_none() && !self.touched.contains(&rule.spec)
        };
        self.seen.values().filter(is_new).map(|rule| self.rule(rule)).collect()
    }

    fn rule(&self, seen: &SeenRule) -> Rule {
        let SeenRule { spec, id, peer_account, description } = seen.clone();
        let (started, seen_at) = (Some(self.by()), self.sighting.at);
        let spec = Arc::new(spec);
        Rule { spec, id, peer_account, description, started, started_how: SNAPSHOT, seen_at, may_be_default: false }
    }

    /// The rules that are in force and not in it, for no reason that a record tells.
    pub fn went(&self, live: &Live) -> Vec<Arc<Spec>> {
        if !self.is_complete {
            return Vec::new();
        }
        let has_settled = |by: &By| self.sighting.at - by.at() >= SETTLES_WITHIN;
        let is_gone = |rule: &&Rule| {
            let is_comparable = !matches!(rule.spec.peer, Peer::GroupName(_));
            is_comparable
                && rule.started.as_ref().is_none_or(has_settled)
                && !self.shows(&rule.spec)
                && !self.touched.contains(&rule.spec)
        };
        live.iter().filter(is_gone).map(|rule| Arc::clone(&rule.spec)).collect()
    }
}
