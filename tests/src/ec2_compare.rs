//! A rebuilt history beside the life that it was rebuilt from.
//!
//! Three things are asked of a row. It may claim nothing that was not so (of what is older than the logs: nothing but
//! what a record tells). Everything that a record tells must be there. And it must cite the records that began and ended
//! it.

mod links;
mod lives;
mod rules;
mod tags;

use chrono::{DateTime, TimeDelta};
use serde_json::{Map, Value};

use crate::dice::Dice;
use crate::ec2_life::Life;
use crate::ec2_model::{CallNumber, Time};

/// A row of a table.
pub type Row = Map<String, Value>;

/// The rebuilt tables, the rows of other accounts and Regions included.
#[derive(Debug, Default, Clone)]
pub struct Rebuilt {
    /// `security_group_rules`.
    pub rules: Vec<Row>,
    /// `security_group_rule_doubts`.
    pub doubts: Vec<Row>,
    /// `resource_tags`.
    pub tags: Vec<Row>,
    /// `vpcs`.
    pub vpcs: Vec<Row>,
    /// `subnets`.
    pub subnets: Vec<Row>,
    /// `vpc_endpoints`.
    pub endpoints: Vec<Row>,
    /// `network_links`.
    pub links: Vec<Row>,
}

impl Rebuilt {
    /// The tables' names, in the order in which [`Rebuilt::read`] reads them.
    pub const TABLES: [&str; 7] = [
        "security_group_rules",
        "security_group_rule_doubts",
        "resource_tags",
        "vpcs",
        "subnets",
        "vpc_endpoints",
        "network_links",
    ];

    /// The tables, each from its name.
    pub fn read(mut table: impl FnMut(&str) -> Vec<Row>) -> Self {
        let [rules, doubts, tags, vpcs, subnets, endpoints, links] = Self::TABLES.map(&mut table);
        Self { rules, doubts, tags, vpcs, subnets, endpoints, links }
    }

    /// Only what is of the life's account and Region.
    fn of(&self, life: &Life) -> Self {
        let is_here = |row: &&Row| {
            text(row, "account_id") == Some(&life.place.account_id)
                && text(row, "aws_region") == Some(&life.place.region)
        };
        let here = |rows: &Vec<Row>| rows.iter().filter(is_here).cloned().collect();
        Self {
            rules: here(&self.rules),
            doubts: here(&self.doubts),
            tags: here(&self.tags),
            vpcs: here(&self.vpcs),
            subnets: here(&self.subnets),
            endpoints: here(&self.endpoints),
            links: here(&self.links),
        }
    }
}

/// What a comparison found.
#[derive(Debug, Default)]
pub struct Comparison {
    /// How many facts were looked at, by kind: a comparison of nothing finds no difference.
    pub checked: std::collections::BTreeMap<&'static str, usize>,
    /// Every difference in words.
    pub differences: Vec<String>,
}

impl Comparison {
    fn check(&mut self, kind: &'static str) {
        *self.checked.entry(kind).or_default() += 1;
    }

    fn differ(&mut self, words: String) {
        self.differences.push(words);
    }

    /// Notes a difference unless both are the same.
    fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: impl FnOnce() -> String, found: &T, expected: &T) {
        if found != expected {
            let what = what();
            self.differ(format!("{what}: found {found:?}, expected {expected:?}"));
        }
    }
}

/// Compares a history with the life behind it.
pub fn compare(life: &Life, rebuilt: &Rebuilt, seed: u64) -> Comparison {
    let mut comparison = Comparison::default();
    let rebuilt = rebuilt.of(life);
    let mut dice = Dice::new(seed);
    rules::compare(life, &rebuilt, &mut dice, &mut comparison);
    tags::compare(life, &rebuilt, &mut dice, &mut comparison);
    lives::compare(life, &rebuilt, &mut comparison);
    links::compare(life, &rebuilt, &mut comparison);
    comparison
}

/// A text of a row.
fn text<'a>(row: &'a Row, column: &str) -> Option<&'a String> {
    match row.get(column) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// An instant of a row.
fn time(row: &Row, column: &str) -> Option<Time> {
    let text = text(row, column)?;
    Some(DateTime::parse_from_rfc3339(text).unwrap_or_else(|_| panic!("{column} {text} is a time")).to_utc())
}

/// Whether an interval holds an instant: its beginning included, its end not; no beginning = before the logs.
fn holds(row: &Row, at: Time) -> bool {
    time(row, "started_at").is_none_or(|from| from <= at) && time(row, "ended_at").is_none_or(|to| at < to)
}

/// The instants at which something is looked at: at every change, a second before it, and some others.
fn instants(life: &Life, changes: impl Iterator<Item = Time>, dice: &mut Dice) -> Vec<Time> {
    let mut instants = vec![life.logs_begin, life.logs_end()];
    for at in changes {
        instants.extend([at, at - TimeDelta::seconds(1)]);
    }
    let span = usize::try_from((life.logs_end() - life.logs_begin).num_seconds()).unwrap_or_default();
    for _ in 0..3 {
        let seconds = i64::try_from(dice.below(span + 1)).expect("seconds are few");
        instants.push(life.logs_begin + TimeDelta::seconds(seconds));
    }
    instants.retain(|at| *at >= life.logs_begin);
    instants.sort();
    instants.dedup();
    instants
}

/// A call's record and time, where there is a record.
fn cited(life: &Life, call: CallNumber) -> Option<(Time, String)> {
    life.event_id(call).map(|event_id| (life.calls[call].at, event_id.to_owned()))
}

/// What a row says of its beginning or its end: the instant and the record.
fn mark(row: &Row, prefix: &str) -> Option<(Time, String)> {
    let at = time(row, &format!("{prefix}_at"));
    let event_id = text(row, &format!("{prefix}_event_id"));
    assert_eq!(at.is_some(), event_id.is_some(), "an instant has its record: {row:?}");
    at.zip(event_id.cloned())
}
