//! `PutEvaluations` (API Reference "PutEvaluations", "Evaluation").

use aws_sdk_config::types::ResourceType;
use serde_json::{Value, json};

use super::no_such_rule;
use crate::aws_server::http::Refusal;
use crate::aws_server::rules::{Delivery, Evaluation, Ignored, StoredResult};
use crate::aws_server::service::Caller;
use crate::aws_server::state::{Place, State, take_one};
use crate::aws_server::{limits, model};

/// The type of a result that stands for the account as a whole; it is in no enumeration.
const ACCOUNT_TYPE: &str = "AWS::::Account";

/// Takes all of the evaluations or refuses the call as a whole. What comes back in `FailedEvaluations` was not kept.
pub(super) fn put(state: &mut State, caller: &Caller, body: &Value) -> Result<Option<Value>, Refusal> {
    let members = model::object(body, &["Evaluations", "ResultToken", "TestMode"])?;
    let token = model::required_text(members, "ResultToken", 1, usize::MAX)?;
    let test_mode = model::boolean(members, "TestMode")?;
    let sent = model::list(members, "Evaluations", 0, limits::PUT_EVALUATIONS_MAX)?;
    let evaluations = sent.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    let now = state.seconds();
    let place = state.place(&caller.account, &caller.region);
    for evaluation in &evaluations {
        accept(place, evaluation, now)?;
    }
    let rule = place.tokens.get(token).cloned();
    if !test_mode {
        let rule = rule.as_deref().ok_or_else(invalid_token)?;
        if !place.rules.contains_key(rule) {
            return Err(no_such_rule(rule));
        }
    }
    place.deliveries.push(Delivery { rule: rule.clone(), test_mode, evaluations: evaluations.clone() });
    let Some(rule) = rule.filter(|_| !test_mode) else {
        return Ok(Some(json!({ "FailedEvaluations": [] })));
    };
    let mut failed = Vec::new();
    let mut ignored = Vec::new();
    for (evaluation, as_sent) in evaluations.into_iter().zip(sent) {
        if take_one(&mut place.fail_evaluations, &evaluation.resource_id) {
            failed.push(as_sent.clone());
        } else {
            ignored.extend(keep(place, &rule, evaluation, now));
        }
    }
    state.ignored_as_older.extend(ignored);
    Ok(Some(json!({ "FailedEvaluations": failed })))
}

fn parse(value: &Value) -> Result<Evaluation, Refusal> {
    let known = ["Annotation", "ComplianceResourceId", "ComplianceResourceType", "ComplianceType", "OrderingTimestamp"];
    let members = model::object(value, &known)?;
    let text = |name, low, high| model::required_text(members, name, low, high).map(str::to_owned);
    let annotation = model::text(members, "Annotation", limits::ANNOTATION_MIN, limits::ANNOTATION_MAX)?;
    let compliance = text("ComplianceType", 1, usize::MAX)?;
    if !limits::COMPLIANCE_TYPES.contains(&compliance.as_str()) {
        return Err(Refusal::validation(format!("ComplianceType is {compliance:?}")));
    }
    Ok(Evaluation {
        resource_type: text("ComplianceResourceType", limits::RESOURCE_TYPE_MIN, limits::RESOURCE_TYPE_MAX)?,
        resource_id: text("ComplianceResourceId", limits::RESOURCE_ID_MIN, limits::RESOURCE_ID_MAX)?,
        compliance,
        annotation: annotation.map(str::to_owned),
        ordering_timestamp: model::required_seconds(members, "OrderingTimestamp")?,
    })
}

/// What the service checks beyond the model.
fn accept(place: &Place, evaluation: &Evaluation, now: i64) -> Result<(), Refusal> {
    let refuse = |message: String| Err(Refusal::new(400, "InvalidParameterValueException", message));
    if evaluation.compliance == limits::INSUFFICIENT_DATA {
        return refuse(format!("The compliance type {} is not supported by PutEvaluations.", evaluation.compliance));
    }
    let latest = seconds(now + limits::FUTURE_SECONDS_MAX);
    if evaluation.ordering_timestamp > latest {
        return refuse(format!("OrderingTimestamp {} is in the future: it is {now}", evaluation.ordering_timestamp));
    }
    let name = evaluation.resource_type.as_str();
    let is_named = |names: &[String]| names.iter().any(|other| other == name);
    let is_permitted =
        ResourceType::values().contains(&name) || name == ACCOUNT_TYPE || place.registered_types.contains_key(name);
    if !is_permitted || is_named(&place.rejected_types) {
        let mut permitted = ResourceType::values().to_vec();
        permitted.sort_unstable();
        permitted.retain(|other| *other != name);
        let permitted = permitted.join(", ");
        return refuse(format!(
            "The resource type {name} is invalid. Only the following values are permitted: [{permitted}]"
        ));
    }
    if name == ACCOUNT_TYPE && evaluation.resource_id != place.account {
        return refuse(format!("The resource id {} is not the account's", evaluation.resource_id));
    }
    Ok(())
}

/// Keeps the result unless a later one of the same resource is there. `NOT_APPLICABLE` removes what was kept (Developer
/// Guide "AWS Config Custom Rules").
fn keep(place: &mut Place, rule_name: &str, evaluation: Evaluation, now: i64) -> Option<Ignored> {
    let rule = place.rule(rule_name);
    let key = (evaluation.resource_type.clone(), evaluation.resource_id.clone());
    if let Some(&behind) = rule.latest.get(&key)
        && evaluation.ordering_timestamp < behind
    {
        return Some(Ignored { rule: rule_name.to_owned(), evaluation, behind });
    }
    rule.latest.insert(key.clone(), evaluation.ordering_timestamp);
    if evaluation.compliance == "NOT_APPLICABLE" {
        rule.results.remove(&key);
    } else {
        let Evaluation { compliance, annotation, ordering_timestamp, .. } = evaluation;
        rule.results.insert(key, StoredResult { compliance, annotation, ordering_timestamp, recorded_at: now });
    }
    None
}

fn invalid_token() -> Refusal {
    Refusal::new(400, "InvalidResultTokenException", "The result token provided is invalid.")
}

/// Seconds since 1970 are far below 2^53, so nothing is lost.
fn seconds(whole: i64) -> f64 {
    whole as f64
}
