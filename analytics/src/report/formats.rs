//! Verdicts in the formats that other programs read: OCSF, ASFF, OSCAL and JUnit.
//!
//! Each module turns the same rows into bytes, without a clock and without I/O of its own: the same findings and terms
//! give the same bytes. Every format has every finding once, under the same id ([`identity`]), with the same facts under
//! the same names ([`words::facts`]), and shows the same text for it ([`legible`]).
//!
//! What each format calls a verdict:
//!
//! | verdict         | OCSF `compliance.status_id` | OCSF `status_id` | ASFF `Compliance.Status` | ASFF `RecordState` |
//! | --------------- | --------------------------- | ---------------- | ------------------------ | ------------------ |
//! | `Compliant`     | 1 Pass                      | 4 Resolved       | `PASSED`                 | `ACTIVE`           |
//! | `NonCompliant`  | 3 Fail                      | 1 New            | `FAILED`                 | `ACTIVE`           |
//! | `NotApplicable` | 99 Other                    | 4 Resolved       | `NOT_AVAILABLE`          | `ARCHIVED`         |
//! | `Undetermined`  | 2 Warning                   | 1 New            | `WARNING`                | `ACTIVE`           |
//!
//! | verdict         | OSCAL `state`, `reason`  | OSCAL risk      | JUnit     | severity        |
//! | --------------- | ------------------------ | --------------- | --------- | --------------- |
//! | `Compliant`     | `satisfied`, `pass`      | none            | passed    | informational   |
//! | `NonCompliant`  | `not-satisfied`, `fail`  | `open`          | `failure` | the control's   |
//! | `NotApplicable` | `satisfied`, `other`     | none            | `skipped` | informational   |
//! | `Undetermined`  | `not-satisfied`, `other` | `investigating` | `error`   | the control's   |
//!
//! `Undetermined` is a pass nowhere. OSCAL has two states only, so a control that says nothing about a job is
//! `satisfied` with the implementation status `not-applicable`. The verdict itself is a fact in each format.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use schemas::control::ControlId;
use serde_json::Value;

pub mod asff;
pub mod identity;
pub mod junit;
pub mod legible;
pub mod ocsf;
pub mod oscal;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
pub mod words;

/// What holds for every finding of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The instant that was judged at.
    pub as_of: DateTime<Utc>,
    /// Whether only what a valid digest file vouches for counted.
    pub is_strict: bool,
    /// Version of this program.
    pub tool_version: String,
    /// The folder or `s3://` prefix of the lake.
    pub lake: String,
    /// The controls that were judged, each with the version of its query.
    pub control_versions: BTreeMap<ControlId, u32>,
}

/// A time as every format writes it: RFC 3339 in UTC.
fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// A JSON value without its null members.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .filter(|(_, member)| !member.is_null())
                .map(|(name, member)| (name, without_nulls(member)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}
