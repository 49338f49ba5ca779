//! The rules of one group that are in force, by specification and by id.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::row::Rule;
use super::spec::{Peer, Spec};

/// The rules in force. Each specification is there once, so finding one is no search.
#[derive(Debug, Default)]
pub struct Live {
    rules: BTreeMap<Arc<Spec>, Rule>,
    by_id: HashMap<String, Arc<Spec>>,
    without_id: BTreeSet<Arc<Spec>>,
}

impl Live {
    /// Puts a rule in force, and gives back the one that it takes the place of.
    pub fn insert(&mut self, rule: Rule) -> Option<Rule> {
        let replaced = self.take(&Arc::clone(&rule.spec));
        match &rule.id {
            Some(id) => _ = self.by_id.insert(id.clone(), Arc::clone(&rule.spec)),
            None => _ = self.without_id.insert(Arc::clone(&rule.spec)),
        }
        self.rules.insert(Arc::clone(&rule.spec), rule);
        replaced
    }

    /// The rule of a specification.
    pub fn get(&self, spec: &Spec) -> Option<&Rule> {
        self.rules.get(spec)
    }

    /// Takes out the rule of a specification.
    pub fn take(&mut self, spec: &Spec) -> Option<Rule> {
        let rule = self.rules.remove(spec)?;
        match &rule.id {
            // Two rules with one id are nothing that EC2 makes; the index is then of the later one.
            Some(id) if self.by_id.get(id).is_some_and(|indexed| **indexed == *spec) => _ = self.by_id.remove(id),
            Some(_) => (),
            None => _ = self.without_id.remove(spec),
        }
        Some(rule)
    }

    /// Takes out the rule of an id.
    pub fn take_id(&mut self, id: &str) -> Option<Rule> {
        let spec = Arc::clone(self.by_id.get(id)?);
        self.take(&spec)
    }

    /// The specifications of rules whose id no record tells.
    pub fn without_id(&self) -> impl Iterator<Item = &Arc<Spec>> {
        self.without_id.iter()
    }

    /// The rules.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.rules.values()
    }

    /// The rules, to be changed in what is not indexed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Rule> {
        self.rules.values_mut()
    }

    /// Whether a rule refers to a group by its name, so that it cannot be compared with one by id.
    pub fn names_a_group(&self) -> bool {
        self.rules.keys().any(|spec| matches!(spec.peer, Peer::GroupName(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rebuild::rules::row::AUTHORIZED;
    use crate::rebuild::rules::spec::Traffic;
    use chrono::DateTime;

    fn rule(cidr: &str, id: Option<&str>) -> Rule {
        let peer = Peer::cidr(cidr).expect("a range");
        Rule {
            spec: Arc::new(Spec { is_egress: false, traffic: Traffic::ALL, peer }),
            id: id.map(str::to_owned),
            peer_account: None,
            description: None,
            started: None,
            started_how: AUTHORIZED,
            seen_at: DateTime::UNIX_EPOCH,
            may_be_default: false,
        }
    }

    #[test]
    fn a_rule_is_found_by_specification_and_by_id() {
        let (first, second) = (rule("10.0.0.0/8", Some("sgr-1")), rule("::/0", None));
        let mut live = Live::default();
        assert!(live.insert(first.clone()).is_none() && live.insert(second.clone()).is_none());
        assert_eq!(live.without_id().collect::<Vec<_>>(), [&second.spec]);
        assert!(live.get(&first.spec).is_some());
        assert!(live.take_id("sgr-1").is_some() && live.take_id("sgr-1").is_none() && live.get(&first.spec).is_none());
        assert!(live.take(&second.spec).is_some());
        assert_eq!((live.iter().count(), live.without_id().count()), (0, 0));
    }

    #[test]
    fn a_specification_is_there_once() {
        let mut live = Live::default();
        live.insert(rule("10.0.0.0/8", Some("sgr-1")));
        let replaced = live.insert(rule("10.0.0.0/8", Some("sgr-2"))).and_then(|rule| rule.id);
        assert_eq!(replaced.as_deref(), Some("sgr-1"));
        assert!(live.take_id("sgr-1").is_none() && live.take_id("sgr-2").is_some());
    }

    #[test]
    fn an_id_given_twice_finds_the_later_rule_and_loses_neither() {
        let mut live = Live::default();
        live.insert(rule("10.0.0.0/8", Some("sgr-1")));
        live.insert(rule("::/0", Some("sgr-1")));
        assert!(live.take(&rule("10.0.0.0/8", None).spec).is_some());
        assert_eq!(live.take_id("sgr-1").map(|rule| rule.spec), Some(rule("::/0", None).spec));
    }
}
