//! A rule in force, and the rows that tell of it.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::snapshot::Sighting;
use super::spec::Spec;
use crate::rebuild::event::{Event, Scope};
use crate::rebuild::mark::{self, Mark};
use crate::table::{Row, TableBuilder};

/// `started_how`: the group came with it.
pub const CREATED_WITH_GROUP: &str = "created_with_group";
/// `started_how`: an authorization.
pub const AUTHORIZED: &str = "authorized";
/// `started_how` and `ended_how`: a modification.
pub const MODIFIED: &str = "modified";
/// `started_how` and `ended_how`: a new description.
pub const DESCRIBED: &str = "described";
/// `started_how`: a snapshot shows it.
pub const SNAPSHOT: &str = "snapshot";
/// `started_how`: nothing shows it but its end. `ended_how`: a revocation.
pub const REVOKED: &str = "revoked";
/// `ended_how`: it went with its group.
pub const GROUP_DELETED: &str = "group_deleted";
/// `ended_how`: nobody saw it go.
pub const GONE: &str = "gone";

/// What began or ended an interval.
#[derive(Debug, Clone)]
pub enum By {
    /// A record.
    Record(Arc<Mark>),
    /// A snapshot: of what it shows the beginning is not known, only that it was before.
    Snapshot(Arc<Sighting>),
}

impl By {
    /// When.
    pub fn at(&self) -> DateTime<Utc> {
        match self {
            Self::Record(mark) => mark.at,
            Self::Snapshot(sighting) => sighting.at,
        }
    }
}

/// A rule and the interval in which it is in force unchanged.
#[derive(Debug, Clone)]
pub struct Rule {
    /// What it allows.
    pub spec: Arc<Spec>,
    /// `sgr-...`
    pub id: Option<String>,
    /// The account of a group that it refers to.
    pub peer_account: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// What began it; `None` = nothing that is known.
    pub started: Option<By>,
    /// How it began.
    pub started_how: &'static str,
    /// The first instant at which something shows it.
    pub seen_at: DateTime<Utc>,
    /// It may have come with the VPC whose default group this is; that is told at the end.
    pub may_be_default: bool,
}

/// The end of an interval.
#[derive(Debug, Clone)]
pub struct End {
    /// What ended it.
    pub by: By,
    /// How it ended.
    pub how: &'static str,
}

/// Writes an interval; without an end, the rule is still in force.
pub fn write(table: &mut TableBuilder, (scope, group_id): (&Scope, &str), rule: &Rule, end: Option<&End>) {
    let Spec { is_egress, traffic, peer } = rule.spec.as_ref();
    let row = table.row().text("account_id", &scope.account_id).text("aws_region", &scope.aws_region);
    let row = row.text("group_id", group_id).maybe_text("security_group_rule_id", rule.id.as_deref());
    let row = row.bool("is_egress", *is_egress).text("ip_protocol", traffic.protocol.text());
    let row = maybe_int(maybe_int(row, "from_port", traffic.from_port), "to_port", traffic.to_port);
    let row = row.text("peer_kind", peer.kind()).text("peer", peer.text());
    let row = row.maybe_text("peer_account_id", rule.peer_account.as_deref());
    let row = row.maybe_text("description", rule.description.as_deref());
    let row = started(row, rule.started.as_ref()).text("started_how", rule.started_how).time("seen_at", rule.seen_at);
    match end {
        Some(end) => ended(row, &end.by).text("ended_how", end.how),
        None => row,
    }
    .end();
}

fn maybe_int<'a>(row: Row<'a>, name: &str, value: Option<i64>) -> Row<'a> {
    match value {
        Some(value) => row.int(name, value),
        None => row,
    }
}

fn started<'a>(row: Row<'a>, by: Option<&By>) -> Row<'a> {
    match by {
        Some(By::Record(mark)) => mark::set(row, mark::STARTED, Some(mark)),
        Some(By::Snapshot(seen)) => {
            row.text("started_log_file", &seen.evidence_file).int("started_record_index", seen.line)
        }
        None => row,
    }
}

fn ended<'a>(row: Row<'a>, by: &By) -> Row<'a> {
    match by {
        By::Record(mark) => mark::set(row, mark::ENDED, Some(mark)),
        By::Snapshot(seen) => {
            let row = row.time("ended_at", seen.at).text("ended_log_file", &seen.evidence_file);
            row.int("ended_record_index", seen.line)
        }
    }
}

/// What keeps a change from being applied exactly.
#[derive(Debug)]
pub struct Doubt {
    /// As the column `doubt` has it.
    pub kind: &'static str,
    /// In words.
    pub message: String,
}

/// Writes a doubt about an event.
pub fn write_doubt(
    table: &mut TableBuilder,
    event: &Event,
    mark: &Mark,
    group: (Option<&str>, Option<&str>),
    doubt: &Doubt,
) {
    let row = table.row().text("account_id", &event.scope.account_id).text("aws_region", &event.scope.aws_region);
    let row = row.maybe_text("group_id", group.0).maybe_text("group_name", group.1);
    let row = row.time("changed_at", mark.at).text("event_name", &event.name);
    let row = row.text("doubt", doubt.kind).text("message", &doubt.message).maybe_text("who", mark.who.as_deref());
    row.text("event_id", &mark.citation.event_id)
        .text("log_file", &mark.citation.log_file)
        .int("record_index", mark.citation.record_index)
        .end();
}
