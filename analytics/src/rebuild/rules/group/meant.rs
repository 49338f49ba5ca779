//! Which rule of a group a record means, by its id, by its specification, or because it can be no other.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Group, Step};
use crate::rebuild::mark::Mark;
use crate::rebuild::rules::permission::Told;
use crate::rebuild::rules::request::{Target, Update};
use crate::rebuild::rules::row::{By, MODIFIED, Rule};
use crate::rebuild::rules::snapshot::Waiting;
use crate::rebuild::rules::spec::{Peer, Spec, Traffic};

/// More rules than this, whose id or whose direction no record tells, are not searched.
const FEW: usize = 32;

/// A modified rule of which no record told anything before.
#[derive(Debug)]
pub struct Undirected {
    /// What it allows now.
    pub traffic: Traffic,
    /// Its peer now.
    pub peer: Peer,
    /// Its description, where the request has one.
    pub description: Option<String>,
    /// The modification.
    pub mark: Arc<Mark>,
}

impl Undirected {
    fn spec(&self, is_egress: bool) -> Spec {
        Spec { is_egress, traffic: self.traffic, peer: self.peer.clone() }
    }

    fn directed(self, id: String, is_egress: bool) -> Rule {
        let (spec, seen_at) = (Arc::new(self.spec(is_egress)), self.mark.at);
        let (peer_account, started) = (None, Some(By::Record(self.mark)));
        let description = self.description;
        let started_how = MODIFIED;
        Rule { spec, id: Some(id), peer_account, description, started, started_how, seen_at, may_be_default: false }
    }
}

impl Group {
    /// The rules without a known id, where there is no other that could be meant: `None` = there may be.
    pub(super) fn without_id(&self, is_meant: impl Fn(&Spec) -> bool) -> Option<Vec<Arc<Spec>>> {
        let few: Vec<_> = self.live.without_id().take(FEW + 1).cloned().collect();
        let is_certain = self.base.is_known() && few.len() <= FEW;
        is_certain.then(|| few.into_iter().filter(|spec| is_meant(spec)).collect())
    }

    /// Takes out the rule that is meant: one in force, or one that must have been.
    pub(super) fn take(&mut self, target: &Target, step: &mut Step<'_>) -> Option<Rule> {
        let told = match target {
            Target::Id(id) => return self.take_id(id).or_else(|| self.take_undirected(id, step.is_egress)),
            Target::Told(told) => told,
        };
        let by_id = told
            .rule_id
            .as_deref()
            .and_then(|id| self.take_id(id).or_else(|| self.take_undirected(id, told.spec.is_egress)));
        if let Some(rule) = by_id {
            let is_comparable = !matches!(rule.spec.peer, Peer::GroupName(_));
            if is_comparable && *rule.spec != told.spec {
                let id = rule.id.as_deref().unwrap_or_default();
                step.unknown.push(format!("{id} was {}, and no record made it so from {}", told.spec, rule.spec));
            }
            return Some(rule);
        }
        let rule = self.take_spec(told, step.mark.at).or_else(|| self.take_undirected_spec(&told.spec));
        let rule = rule.or_else(|| {
            let unseen = self.base.explain(&told.spec, &self.id, step.mark.at)?;
            let (peer_account, description) = (told.peer_account.clone(), told.description.clone());
            Some(Rule { peer_account, description, ..unseen })
        })?;
        let id = rule.id.clone().or_else(|| told.rule_id.clone());
        Some(Rule { id, ..rule })
    }

    pub(super) fn take_id(&mut self, id: &str) -> Option<Rule> {
        self.superseded.take_id(id).or_else(|| self.live.take_id(id))
    }

    fn take_undirected(&mut self, id: &str, is_egress: bool) -> Option<Rule> {
        self.undirected.remove(id).map(|rule| rule.directed(id.to_owned(), is_egress))
    }

    fn take_undirected_spec(&mut self, spec: &Spec) -> Option<Rule> {
        if self.undirected.len() > FEW {
            return None;
        }
        let id = self.undirected.iter().find(|(_, rule)| rule.spec(spec.is_egress) == *spec)?.0.clone();
        self.take_undirected(&id, spec.is_egress)
    }

    /// Of several, the oldest. A rule that has another id, and began in this second, is not the one that is meant.
    fn take_spec(&mut self, told: &Told, at: DateTime<Utc>) -> Option<Rule> {
        let is_other = |rule: &Rule| {
            let is_another = rule.id.is_some() && told.rule_id.is_some() && rule.id != told.rule_id;
            is_another && rule.started.as_ref().is_some_and(|by| by.at() == at)
        };
        if let Some(rule) = self.superseded.take(&told.spec) {
            return Some(rule);
        }
        if self.live.get(&told.spec).is_some_and(is_other) { None } else { self.live.take(&told.spec) }
    }

    /// The rule that an unknown id must mean: the only one without an id and with such a peer, which cannot change.
    pub(super) fn take_only(&mut self, update: &Update, step: &Step<'_>) -> Option<Rule> {
        let kind = update.peer.as_ref().map(Peer::kind);
        let candidates = self.without_id(|spec| kind.is_none_or(|kind| kind == spec.peer.kind()))?;
        let may_be_ipv6 = kind.is_none_or(|kind| kind == "ipv6") && self.base.may_have_ipv6();
        match candidates.as_slice() {
            [only] if !may_be_ipv6 => self.live.take(only),
            [] if may_be_ipv6 => self.base.explain_ipv6(&self.id, step.mark.at),
            _ => None,
        }
    }

    pub(super) fn take_nameless(&mut self, target: &Target, is_egress: bool) -> Option<Rule> {
        let Target::Id(_) = target else { return None };
        match self.without_id(|spec| spec.is_egress == is_egress)?.as_slice() {
            [only] if !(is_egress && self.base.may_have_ipv6()) => self.live.take(only),
            _ => None,
        }
    }

    /// Modified rules whose direction a snapshot tells.
    pub(super) fn take_shown(&mut self, snapshot: &Waiting) -> Vec<Rule> {
        let direction = |rule: &Undirected| {
            let is_shown = |is_egress: &bool| {
                let spec = rule.spec(*is_egress);
                rule.mark.at <= snapshot.at() && snapshot.shows(&spec) && self.live.get(&spec).is_none()
            };
            let shown: Vec<bool> = [false, true].into_iter().filter(is_shown).collect();
            <[bool; 1]>::try_from(shown).ok().map(|[only]| only)
        };
        let told: Vec<(String, bool)> =
            self.undirected.iter().filter_map(|(id, rule)| Some((id.clone(), direction(rule)?))).collect();
        told.iter().filter_map(|(id, is_egress)| self.take_undirected(id, *is_egress)).collect()
    }
}
