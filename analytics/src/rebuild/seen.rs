//! What the rule of AWS Config saw, for the history: rows of `evidence` and `evidence_facts` in, in the order of time.
//!
//! | module | what it gives |
//! | --- | --- |
//! | [`jobs`] | states that jobs were seen in, and the network that they say they have: rows of `job_states` and `job_network` |
//! | [`network`] | snapshots of groups' rules, and of the tags of groups, subnets and VPCs |
//!
//! Nobody is named in any of it: evidence tells what is, not who made it so. The tags of jobs are not in it either, only
//! what the rule made of the waiver tag; the view `waivers` shows that.

pub mod jobs;
pub mod network;
mod sightings;

pub use sightings::{Sightings, read_jobs};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use chrono::{DateTime, Utc};

use super::event::Scope;

/// The columns of a batch, by row.
struct Rows<'a>(&'a RecordBatch);

impl<'a> Rows<'a> {
    fn text(&self, name: &str, row: usize) -> Option<&'a str> {
        let column = self.0[name].as_string::<i32>();
        column.is_valid(row).then(|| column.value(row))
    }

    fn must(&self, name: &str, row: usize) -> &'a str {
        self.text(name, row).unwrap_or_default()
    }

    fn time(&self, name: &str, row: usize) -> Option<DateTime<Utc>> {
        let column = self.0[name].as_primitive::<TimestampMicrosecondType>();
        column.is_valid(row).then(|| column.value(row)).and_then(DateTime::from_timestamp_micros)
    }

    fn int(&self, name: &str, row: usize) -> i64 {
        self.0[name].as_primitive::<Int64Type>().value(row)
    }

    fn scope(&self, row: usize) -> Scope {
        Scope {
            account_id: self.must("account_id", row).to_owned(),
            aws_region: self.must("aws_region", row).to_owned(),
        }
    }
}
