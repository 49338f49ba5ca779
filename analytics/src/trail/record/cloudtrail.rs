//! Records of CloudTrail's own operations.

use chrono::{DateTime, Utc};
use schemas::record::CLOUDTRAIL;
use serde_json::{Value, json};

use super::Record;
use crate::trail::{Caller, Place};

/// `StopLogging`: from now on the trail delivers nothing. `trail` is its name or its ARN.
pub fn stop_logging(place: &Place, caller: &Caller, at: DateTime<Utc>, trail: &str) -> Record {
    Record::new(place, caller, at, CLOUDTRAIL, "StopLogging", json!({ "name": trail }), Value::Null)
}
