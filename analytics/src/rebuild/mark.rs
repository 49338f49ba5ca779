//! The record that began or ended something, as the columns of an interval or a life cite it.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::event::{Citation, Event};
use crate::table::Row;

/// A record: when, who, where it stands. Shared by everything that it began or ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// `eventTime`.
    pub at: DateTime<Utc>,
    /// Who made the request, as people read it.
    pub who: Option<String>,
    /// The record.
    pub citation: Citation,
}

impl Mark {
    /// Of an event.
    pub fn of(event: &Event) -> Arc<Self> {
        Arc::new(Self { at: event.at, who: event.who.shown(), citation: event.citation.clone() })
    }
}

/// The five columns that hold a mark.
#[derive(Debug, Clone, Copy)]
pub struct Columns {
    at: &'static str,
    who: &'static str,
    event_id: &'static str,
    log_file: &'static str,
    record_index: &'static str,
}

macro_rules! columns {
    ($prefix:literal) => {
        Columns {
            at: concat!($prefix, "_at"),
            who: concat!($prefix, "_who"),
            event_id: concat!($prefix, "_event_id"),
            log_file: concat!($prefix, "_log_file"),
            record_index: concat!($prefix, "_record_index"),
        }
    };
}

/// The beginning of an interval.
pub const STARTED: Columns = columns!("started");
/// The end of an interval.
pub const ENDED: Columns = columns!("ended");
/// The beginning of an attachment.
pub const ATTACHED: Columns = columns!("attached");
/// The end of an attachment.
pub const DETACHED: Columns = columns!("detached");
/// The beginning of a life.
pub const CREATED: Columns = columns!("created");
/// The end of a life.
pub const DELETED: Columns = columns!("deleted");

/// Sets the columns of a mark, if there is one.
pub fn set<'a>(row: Row<'a>, columns: Columns, mark: Option<&Mark>) -> Row<'a> {
    let Some(mark) = mark else { return row };
    let row = row.time(columns.at, mark.at).maybe_text(columns.who, mark.who.as_deref());
    // What the rule of AWS Config saw is in no record.
    row.maybe_text(columns.event_id, Some(&mark.citation.event_id).filter(|id| !id.is_empty()))
        .text(columns.log_file, &mark.citation.log_file)
        .int(columns.record_index, mark.citation.record_index)
}
