//! Calls that switch a trail on or off, wholly or for what an audit needs.
//!
//! Source: CloudTrail API Reference, "StopLogging", "UpdateTrail", "PutEventSelectors".

use std::ops::Range;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::rebuild::event::Scope;

/// What a trail needs for us to see management events that write. Each is switched by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// It logs.
    Logging,
    /// Its selectors take in management events that write.
    Selectors,
    /// It delivers where we read.
    Bucket,
    /// It covers Regions other than its home.
    Regions,
}

/// A need of an account's trail that was met or not from an instant on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub need: Need,
    /// Whether it is met from then on.
    pub is_on: bool,
    /// The Region of the call, which is the trail's home.
    pub home_region: String,
    /// The record that says so.
    pub event_id: String,
}

/// The switch that keeps a Region unseen at an instant, out of those of an account in the order of time.
fn off_at<'a>(switches: &'a [Switch], scope: &Scope, at: DateTime<Utc>) -> Option<&'a Switch> {
    let applies = |switch: &&Switch| switch.need != Need::Regions || switch.home_region != scope.aws_region;
    let before = || switches.iter().rev().filter(|switch| switch.at <= at).filter(applies);
    let newest = |need: Need| before().find(|switch| switch.need == need);
    let needs = [Need::Logging, Need::Selectors, Need::Bucket, Need::Regions];
    needs.into_iter().filter_map(newest).find(|switch| !switch.is_on)
}

/// A time in which a Region was unseen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffTime {
    /// From the switch on; `MAX_UTC` where nothing has ended it.
    pub time: Range<DateTime<Utc>>,
    /// The record that switched it off.
    pub event_id: String,
}

/// The times in which the switches of an account, in the order of time, keep a Region unseen.
pub fn off_times(switches: &[Switch], scope: &Scope) -> Vec<OffTime> {
    let ends = switches.iter().skip(1).map(|switch| switch.at).chain([DateTime::<Utc>::MAX_UTC]);
    let mut times: Vec<OffTime> = Vec::new();
    for (switch, end) in switches.iter().zip(ends) {
        let Some(off) = off_at(switches, scope, switch.at) else { continue };
        match times.last_mut().filter(|last| last.time.end == switch.at) {
            Some(last) => last.time.end = end,
            None => times.push(OffTime { time: switch.at..end, event_id: off.event_id.clone() }),
        }
    }
    times
}

/// What an accepted call switches. `buckets`: those that the account's log files were read from; empty where they came
/// from elsewhere.
pub fn switched(event_name: &str, request: Option<&str>, buckets: &[String]) -> Vec<(Need, bool)> {
    let request = || serde_json::from_str::<Value>(request?).ok();
    match event_name {
        "StartLogging" => vec![(Need::Logging, true)],
        "StopLogging" | "DeleteTrail" => vec![(Need::Logging, false)],
        "PutEventSelectors" => {
            request().as_ref().and_then(selects_writes).map(|is_on| (Need::Selectors, is_on)).into_iter().collect()
        }
        "UpdateTrail" => request().map(|request| updated(&request, buckets)).unwrap_or_default(),
        // A new trail logs nothing until StartLogging.
        _ => Vec::new(),
    }
}

/// Tools that manage a trail send every setting each time, so only the bucket's name tells whether it is another.
fn updated(request: &Value, buckets: &[String]) -> Vec<(Need, bool)> {
    let bucket = request.get("s3BucketName").and_then(Value::as_str).filter(|_| !buckets.is_empty());
    let bucket = bucket.map(|name| (Need::Bucket, buckets.iter().any(|read| read == name)));
    let regions = request.get("isMultiRegionTrail").and_then(Value::as_bool).map(|is_on| (Need::Regions, is_on));
    bucket.into_iter().chain(regions).collect()
}

/// Whether selectors, basic or advanced, take in management events that write.
fn selects_writes(request: &Value) -> Option<bool> {
    let list = |name: &str| request.get(name).and_then(Value::as_array).filter(|list| !list.is_empty());
    match (list("advancedEventSelectors"), list("eventSelectors")) {
        (Some(advanced), _) => Some(advanced.iter().any(is_advanced_for_writes)),
        (None, Some(basic)) => Some(basic.iter().any(is_basic_for_writes)),
        (None, None) => None,
    }
}

/// CloudTrail takes a selector that does not say for one that includes them all.
fn is_basic_for_writes(selector: &Value) -> bool {
    selector.get("includeManagementEvents") != Some(&Value::Bool(false))
        && selector.get("readWriteType").and_then(Value::as_str) != Some("ReadOnly")
}

fn is_advanced_for_writes(selector: &Value) -> bool {
    let fields = selector.get("fieldSelectors").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let has = |field: &str, value: &str| {
        fields.iter().filter(|one| one.get("field").and_then(Value::as_str) == Some(field)).any(|one| {
            let values = one.get("equals").and_then(Value::as_array);
            values.is_some_and(|values| values.iter().any(|found| found == value))
        })
    };
    has("eventCategory", "Management") && !has("readOnly", "true")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(event_name: &str, request: &Value, expected: &[(Need, bool)]) {
        let found = switched(event_name, Some(&request.to_string()), &["trail-bucket".to_owned()]);
        assert_eq!(found, expected, "{event_name} {request}");
    }

    #[test]
    fn what_stops_management_events_that_write_switches_off() {
        use Need::{Bucket, Logging, Regions, Selectors};
        check("StartLogging", &json!({}), &[(Logging, true)]);
        check("StopLogging", &json!({}), &[(Logging, false)]);
        check("DeleteTrail", &json!({}), &[(Logging, false)]);
        check("CreateTrail", &json!({}), &[]);
        check("UpdateTrail", &json!({"name": "main", "enableLogFileValidation": true}), &[]);
        check("UpdateTrail", &json!({"s3BucketName": "trail-bucket"}), &[(Bucket, true)]);
        let moved = json!({"s3BucketName": "elsewhere", "isMultiRegionTrail": true});
        check("UpdateTrail", &moved, &[(Bucket, false), (Regions, true)]);
        check("UpdateTrail", &json!({"isMultiRegionTrail": false}), &[(Regions, false)]);
        let unread = switched("UpdateTrail", Some(r#"{"s3BucketName": "elsewhere"}"#), &[]);
        assert_eq!(unread, [], "nobody knows which bucket a copy came from");

        let field = |field: &str, value: &str| json!({"field": field, "equals": [value]});
        let advanced = |fields: Vec<Value>| json!({"advancedEventSelectors": [{"fieldSelectors": fields}]});
        let basic = |selectors: Value| json!({ "eventSelectors": selectors });
        for (request, is_on) in [
            (basic(json!([{"includeManagementEvents": true}])), true),
            (basic(json!([{"includeManagementEvents": false}])), false),
            (basic(json!([{"includeManagementEvents": false}, {"readWriteType": "All"}])), true),
            (basic(json!([{"readWriteType": "ReadOnly"}])), false),
            (basic(json!([{"readWriteType": "WriteOnly"}])), true),
            (advanced(vec![field("eventCategory", "Management")]), true),
            (advanced(vec![field("eventCategory", "Data")]), false),
            (advanced(vec![field("eventCategory", "Management"), field("readOnly", "true")]), false),
        ] {
            check("PutEventSelectors", &request, &[(Selectors, is_on)]);
        }
        check("PutEventSelectors", &json!({"advancedEventSelectors": []}), &[]);
        assert_eq!(switched("PutEventSelectors", Some("HIDDEN"), &[]), []);
        assert_eq!(switched("PutEventSelectors", None, &[]), []);
    }

    #[test]
    fn every_need_is_switched_by_itself_and_a_trail_of_one_region_still_covers_that_region() {
        let scope = |region: &str| Scope { account_id: "111122223333".to_owned(), aws_region: region.to_owned() };
        let switch = |second: i64, need, is_on| Switch {
            at: DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(second),
            need,
            is_on,
            home_region: "eu-west-1".to_owned(),
            event_id: second.to_string(),
        };
        let switches = [
            switch(1, Need::Regions, false),
            switch(2, Need::Logging, false),
            switch(3, Need::Regions, true),
            switch(4, Need::Logging, true),
        ];
        let off = |region: &str, second: i64| {
            let at = DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(second);
            off_at(&switches, &scope(region), at).map(|switch| switch.event_id.as_str())
        };
        assert_eq!([0, 1, 2, 3, 4].map(|at| off("eu-west-1", at)), [None, None, Some("2"), Some("2"), None]);
        assert_eq!([0, 1, 2, 3, 4].map(|at| off("us-east-1", at)), [None, Some("1"), Some("2"), Some("2"), None]);
    }
}
