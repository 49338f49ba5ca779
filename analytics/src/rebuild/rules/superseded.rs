//! Rules that were in force when the same rule was authorized again.
//!
//! EC2 refuses a rule that is in force already, so the older one had gone. Records have times in seconds: a revocation
//! of the same second may have come between, and is then the end of the older rule. If none turns up within the second,
//! nobody saw it go.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use super::row::{By, End, GONE, Rule};
use super::spec::Spec;

/// So many of one specification wait; no one authorizes a rule more often in one second.
const WAITING: usize = 16;

/// The older rules, in the order of their beginning.
#[derive(Debug, Default)]
pub struct Superseded {
    by_spec: BTreeMap<Arc<Spec>, VecDeque<(Rule, By)>>,
    by_id: HashMap<String, Arc<Spec>>,
}

impl Superseded {
    /// Adds a rule, and what came in its place. Gives back one that has waited too long.
    pub fn push(&mut self, rule: Rule, by: By) -> Option<(Rule, End)> {
        let spec = Arc::clone(&rule.spec);
        if let Some(id) = &rule.id {
            self.by_id.insert(id.clone(), Arc::clone(&spec));
        }
        let waiting = self.by_spec.entry(Arc::clone(&spec)).or_default();
        waiting.push_back((rule, by));
        if waiting.len() <= WAITING {
            return None;
        }
        self.pop(&spec, 0).map(gone)
    }

    /// Takes out the oldest rule of a specification.
    pub fn take(&mut self, spec: &Spec) -> Option<Rule> {
        self.pop(spec, 0).map(|(rule, _)| rule)
    }

    /// Takes out the rule of an id.
    pub fn take_id(&mut self, id: &str) -> Option<Rule> {
        let spec = Arc::clone(self.by_id.get(id)?);
        let place = self.by_spec.get(&spec)?.iter().position(|(rule, _)| rule.id.as_deref() == Some(id))?;
        self.pop(&spec, place).map(|(rule, _)| rule)
    }

    fn pop(&mut self, spec: &Spec, place: usize) -> Option<(Rule, By)> {
        let waiting = self.by_spec.get_mut(spec)?;
        let taken = waiting.remove(place);
        if waiting.is_empty() {
            self.by_spec.remove(spec);
        }
        if let Some(id) = taken.as_ref().and_then(|(rule, _)| rule.id.as_ref()) {
            self.by_id.remove(id);
        }
        taken
    }

    /// Takes out all: the second is over.
    pub fn drain(&mut self) -> Vec<(Rule, End)> {
        self.by_id.clear();
        std::mem::take(&mut self.by_spec).into_values().flatten().map(gone).collect()
    }
}

fn gone((rule, by): (Rule, By)) -> (Rule, End) {
    (rule, End { by, how: GONE })
}
