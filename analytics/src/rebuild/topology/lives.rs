//! When resources were made and deleted, and what the records tell of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::super::event::{Event, Scope};
use super::super::mark::{self, Mark};
use crate::table::{Row, TableBuilder};

/// The lives of all resources of one kind; `F` is what the records tell of one.
pub struct Lives<F> {
    by_id: BTreeMap<(Scope, String), Life<F>>,
}

/// One resource's life.
pub struct Life<F> {
    first_seen_at: DateTime<Utc>,
    /// The record that made it; `None` = it is older than the logs.
    pub created: Option<Arc<Mark>>,
    /// The record that deleted it.
    pub deleted: Option<Arc<Mark>>,
    /// What the records tell of it.
    pub facts: F,
}

impl<F> Default for Lives<F> {
    fn default() -> Self {
        Self { by_id: BTreeMap::new() }
    }
}

impl<F: Default> Lives<F> {
    /// A record names it.
    pub fn see(&mut self, event: &Event, id: &str) -> &mut Life<F> {
        let life = self.by_id.entry((event.scope.clone(), id.to_owned())).or_insert_with(|| Life {
            first_seen_at: event.at,
            created: None,
            deleted: None,
            facts: F::default(),
        });
        life.first_seen_at = life.first_seen_at.min(event.at);
        life
    }

    /// A record made it. A call that is repeated with its token makes nothing: gives whether this is the first.
    pub fn create(&mut self, event: &Event, mark: &Arc<Mark>, id: &str) -> (bool, &mut F) {
        let life = self.see(event, id);
        let is_first = life.created.is_none();
        life.created.get_or_insert_with(|| Arc::clone(mark));
        (is_first, &mut life.facts)
    }

    /// A record deleted it. The first one counts.
    pub fn delete(&mut self, event: &Event, id: &str) {
        self.see(event, id).deleted.get_or_insert_with(|| Mark::of(event));
    }
}

impl<F> Lives<F> {
    /// One life.
    pub fn get(&self, scope: &Scope, id: &str) -> Option<&Life<F>> {
        self.by_id.get(&(scope.clone(), id.to_owned()))
    }

    /// All lives, by scope and id.
    pub fn iter(&self) -> impl Iterator<Item = (&Scope, &str, &Life<F>)> {
        self.by_id.iter().map(|((scope, id), life)| (scope, id.as_str(), life))
    }
}

impl<F> Life<F> {
    /// Writes its row: the columns that every life has, and those that `facts` sets.
    pub fn write(
        &self,
        out: &mut TableBuilder,
        scope: &Scope,
        deleted: Option<&Mark>,
        facts: impl for<'a> FnOnce(Row<'a>, &F) -> Row<'a>,
    ) {
        let row = out.row().text("account_id", &scope.account_id).text("aws_region", &scope.aws_region);
        let row = facts(row.time("first_seen_at", self.first_seen_at), &self.facts);
        mark::set(mark::set(row, mark::CREATED, self.created.as_deref()), mark::DELETED, deleted).end();
    }
}
