//! `GetComplianceDetailsByConfigRule` (its API page, "EvaluationResult").

use serde_json::{Map, Value, json};

use super::{invalid_next_token, no_such_rule, with_next_token};
use crate::aws_server::http::Refusal;
use crate::aws_server::rules::{ConfigRule, ResourceKey, StoredResult};
use crate::aws_server::state::Place;
use crate::aws_server::{limits, model, pages};

/// A page of a rule's results.
pub(super) fn details(place: &mut Place, page_size: usize, body: &Value) -> Result<Option<Value>, Refusal> {
    let members = model::object(body, &["ConfigRuleName", "ComplianceTypes", "Limit", "NextToken"])?;
    let (low, high) = (limits::DETAILS_RULE_NAME_MIN, limits::DETAILS_RULE_NAME_MAX);
    let name = model::required_text(members, "ConfigRuleName", low, high)?;
    let types = compliance_types(members)?;
    let limit = model::number(members, "Limit", limits::DETAILS_LIMIT_MIN, limits::DETAILS_LIMIT_MAX)?;
    let limit = limit.filter(|limit| *limit > 0).unwrap_or(limits::DETAILS_LIMIT_DEFAULT);
    // Rules made with AWS's own development kit ask for the first page by a token of no characters.
    let token = model::text(members, "NextToken", 0, usize::MAX)?.filter(|token| !token.is_empty());
    let rule = place.rules.get(name).ok_or_else(|| no_such_rule(name))?;
    let is_asked = |result: &StoredResult| types.is_empty() || types.contains(&result.compliance.as_str());
    let results = rule.results.iter().filter(|(_, result)| is_asked(result));
    let results = results.map(|(key, result)| written(rule, key, result)).collect::<Vec<_>>();
    let question = format!("{name}\n{}", types.join("\n"));
    let page = pages::cut(results, limit.min(page_size), token, &question).ok_or_else(invalid_next_token)?;
    Ok(Some(with_next_token(json!({ "EvaluationResults": page.items }), page.next)))
}

/// One of the four is a compliance type and yet none to filter by.
fn compliance_types(members: &Map<String, Value>) -> Result<Vec<&str>, Refusal> {
    let types = model::list(members, "ComplianceTypes", 0, limits::DETAILS_COMPLIANCE_TYPES_MAX)?;
    let types = model::texts(types, "ComplianceTypes", 1, usize::MAX)?;
    for name in &types {
        if !limits::COMPLIANCE_TYPES.contains(name) {
            return Err(Refusal::validation(format!("ComplianceTypes has {name:?}")));
        }
        if *name == limits::INSUFFICIENT_DATA {
            let message = format!("{name} cannot be used to filter results");
            return Err(Refusal::new(400, "InvalidParameterValueException", message));
        }
    }
    Ok(types)
}

fn written(rule: &ConfigRule, key: &ResourceKey, result: &StoredResult) -> Value {
    let (resource_type, resource_id) = key;
    let mut written = json!({
        "EvaluationResultIdentifier": {
            "EvaluationResultQualifier": {
                "ConfigRuleName": rule.name,
                "ResourceType": resource_type,
                "ResourceId": resource_id,
                "EvaluationMode": "DETECTIVE",
            },
            "OrderingTimestamp": result.ordering_timestamp,
        },
        "ComplianceType": result.compliance,
        "ResultRecordedTime": result.recorded_at,
        "ConfigRuleInvokedTime": result.recorded_at,
    });
    if let Some(annotation) = &result.annotation {
        written["Annotation"] = json!(annotation);
    }
    written
}
