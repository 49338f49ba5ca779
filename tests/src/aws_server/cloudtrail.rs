//! CloudTrail: JSON 1.1 over POST, as far as digest files need it (CloudTrail API Reference, "ListPublicKeys"), and
//! what tells of trails.

mod trails;

use serde_json::{Value, json};

use super::http::{Call, Refusal, Reply};
use super::service::{Caller, Routed};
use super::state::{Place, State};
use super::{config, model, pages};

pub use trails::Trail;

/// Before the operation in `X-Amz-Target`; the AWS CLI writes a longer form of it.
const TARGET: &str = "CloudTrail_20131101.";

const OF_TRAILS: [&str; 3] = ["DescribeTrails", "GetEventSelectors", "GetTrailStatus"];

/// Keys in one answer; AWS documents no number.
const PAGE: usize = 2;

/// A key that CloudTrail signs digest files with.
#[derive(Debug, Clone)]
pub struct PublicKey {
    /// Its name.
    pub fingerprint: String,
    /// Its DER, in base64.
    pub value: String,
    /// When CloudTrail signs with it, in seconds since 1970, both included.
    pub validity: (i64, i64),
}

pub(super) fn route(call: &Call) -> Result<Routed, String> {
    let target = call.header("x-amz-target").unwrap_or("a request without X-Amz-Target");
    match target.rsplit_once(TARGET) {
        Some((_, "ListPublicKeys")) => {
            let body = call.json().unwrap_or_default();
            let detail = format!("{} to {}", body["StartTime"], body["EndTime"]);
            Ok(Routed::new("ListPublicKeys", detail).on_page(body["NextToken"].as_str()))
        }
        Some((_, asked)) => {
            let operation = OF_TRAILS.into_iter().find(|operation| *operation == asked);
            let body = call.json().unwrap_or_default();
            let name = body["Name"].as_str().or(body["TrailName"].as_str()).unwrap_or_default().to_owned();
            Ok(Routed::new(operation.ok_or_else(|| target.to_owned())?, name))
        }
        None => Err(target.to_owned()),
    }
}

pub(super) fn answer(state: &mut State, caller: &Caller, operation: &str, call: &Call) -> Result<Reply, Refusal> {
    let body = call.json()?;
    let answer = match operation {
        "DescribeTrails" => trails::describe(&state.trails, caller, &body)?,
        "GetTrailStatus" => trails::status(&state.trails, caller, &body)?,
        "GetEventSelectors" => trails::event_selectors(&state.trails, caller, &body)?,
        _ => list_public_keys(state.place(&caller.account, &caller.region), &body)?,
    };
    Ok(Reply::json(200, config::CONTENT_TYPE, &answer))
}

/// The keys of the caller's Region that sign at some time of the range.
fn list_public_keys(place: &Place, body: &Value) -> Result<Value, Refusal> {
    let members = model::object(body, &["StartTime", "EndTime", "NextToken"])?;
    let (from, until) = (model::required_seconds(members, "StartTime")?, model::required_seconds(members, "EndTime")?);
    if from > until {
        let message = "The start time must be before the end time.";
        return Err(Refusal::new(400, "InvalidTimeRangeException", message));
    }
    let signs = |key: &&PublicKey| key.validity.0 as f64 <= until && from <= key.validity.1 as f64;
    let keys: Vec<Value> = place.public_keys.iter().filter(signs).map(shown).collect();
    let token = model::text(members, "NextToken", 1, usize::MAX)?;
    let page = pages::cut(keys, PAGE, token, &format!("{from} {until}"));
    let page = page.ok_or_else(|| Refusal::new(400, "InvalidTokenException", "The token is not valid."))?;
    let mut answer = json!({ "PublicKeyList": page.items });
    if let Some(next) = page.next {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}

fn shown(key: &PublicKey) -> Value {
    json!({
        "Fingerprint": key.fingerprint,
        "Value": key.value,
        "ValidityStartTime": key.validity.0,
        "ValidityEndTime": key.validity.1,
    })
}
