//! AWS Config: JSON 1.1 over POST (AWS Config API Reference, and the service model `config/2014-11-12` of botocore for
//! names and limits).

mod evaluations;
mod recorder;
mod resources;
mod results;
mod schema;

use serde_json::{Value, json};

use super::http::{Call, Refusal, Reply};
use super::rules::StartRefusal;
use super::service::{Caller, Routed};
use super::state::{Place, State};
use super::{limits, model, pages};

pub(super) const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// Before every operation in `X-Amz-Target`.
const TARGET: &str = "StarlingDoveService.";

const OPERATIONS: [&str; 10] = [
    "BatchGetResourceConfig",
    "DeleteResourceConfig",
    "DescribeConfigRules",
    "DescribeConfigurationRecorderStatus",
    "DescribeConfigurationRecorders",
    "DescribeDeliveryChannels",
    "GetComplianceDetailsByConfigRule",
    "PutEvaluations",
    "PutResourceConfig",
    "StartConfigRulesEvaluation",
];

pub(super) fn route(call: &Call) -> Result<Routed, String> {
    let target = call.header("x-amz-target").unwrap_or("a request without X-Amz-Target");
    let asked = target.strip_prefix(TARGET).unwrap_or(target);
    let is_spoken = target.starts_with(TARGET) && call.header("content-type") == Some(CONTENT_TYPE);
    let operation = OPERATIONS.into_iter().find(|operation| is_spoken && *operation == asked);
    let body = call.json().unwrap_or_default();
    let routed = Routed::new(operation.ok_or_else(|| asked.to_owned())?, detail(&body));
    Ok(routed.on_page(body["NextToken"].as_str()))
}

/// Every rule name, resource id and resource type of the request.
fn detail(body: &Value) -> String {
    const TELLING: [&str; 9] = [
        "ConfigRuleName",
        "ConfigRuleNames",
        "ComplianceResourceId",
        "ComplianceResourceType",
        "ResourceId",
        "ResourceType",
        "resourceId",
        "resourceType",
        "ResultToken",
    ];
    fn collect(value: &Value, is_telling: bool, found: &mut Vec<String>) {
        match value {
            Value::String(text) if is_telling => found.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|item| collect(item, is_telling, found)),
            Value::Object(members) => {
                members.iter().for_each(|(name, value)| collect(value, TELLING.contains(&name.as_str()), found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(body, false, &mut found);
    found.join(" ")
}

pub(super) fn answer(state: &mut State, caller: &Caller, operation: &str, call: &Call) -> Result<Reply, Refusal> {
    let body = call.json()?;
    let now = state.seconds();
    let page_size = state.page_size.unwrap_or(usize::MAX);
    let answered = match operation {
        "PutEvaluations" => evaluations::put(state, caller, &body)?,
        "GetComplianceDetailsByConfigRule" => results::details(place(state, caller), page_size, &body)?,
        "StartConfigRulesEvaluation" => start(place(state, caller), &body)?,
        "DescribeConfigurationRecorders" => recorder::describe(place(state, caller), &body)?,
        "DescribeConfigurationRecorderStatus" => recorder::status(place(state, caller), &body)?,
        "DescribeDeliveryChannels" => recorder::channels(place(state, caller), &body)?,
        "DescribeConfigRules" => describe(place(state, caller), page_size, &body)?,
        "PutResourceConfig" => resources::put(place(state, caller), now, &body)?,
        "DeleteResourceConfig" => resources::delete(place(state, caller), now, &body)?,
        _ => resources::batch_get(place(state, caller), now, &body)?,
    };
    // An operation without output answers with an empty body.
    let reply = Reply::empty(200).header("content-type", CONTENT_TYPE);
    Ok(answered.map_or(reply, |value| Reply::json(200, CONTENT_TYPE, &value)))
}

fn place<'a>(state: &'a mut State, caller: &Caller) -> &'a mut Place {
    state.place(&caller.account, &caller.region)
}

/// `StartConfigRulesEvaluation`: all of the rules or none.
fn start(place: &mut Place, body: &Value) -> Result<Option<Value>, Refusal> {
    let members = model::object(body, &["ConfigRuleNames"])?;
    let names = model::list(members, "ConfigRuleNames", limits::START_RULES_MIN, limits::START_RULES_MAX)?;
    let names = model::texts(names, "ConfigRuleNames", limits::RULE_NAME_MIN, limits::RULE_NAME_MAX)?;
    for &name in &names {
        let rule = place.rules.get(name).ok_or_else(|| no_such_rule(name))?;
        if let Some(refusal) = rule.start_refusal {
            return Err(refused(refusal, name));
        }
    }
    for name in names {
        place.rule(name).starts += 1;
    }
    Ok(Some(json!({})))
}

fn refused(refusal: StartRefusal, name: &str) -> Refusal {
    match refusal {
        StartRefusal::ResourceInUse => {
            Refusal::new(400, "ResourceInUseException", format!("The rule {name} is being evaluated"))
        }
        StartRefusal::LimitExceeded => {
            Refusal::new(400, "LimitExceededException", format!("The rule {name} was evaluated too recently"))
        }
    }
}

fn describe(place: &mut Place, page_size: usize, body: &Value) -> Result<Option<Value>, Refusal> {
    let members = model::object(body, &["ConfigRuleNames", "NextToken"])?;
    let names = model::list(members, "ConfigRuleNames", 0, limits::DESCRIBE_RULES_MAX)?;
    let names = model::texts(names, "ConfigRuleNames", limits::RULE_NAME_MIN, limits::RULE_NAME_MAX)?;
    if let Some(unknown) = names.iter().find(|name| !place.rules.contains_key(**name)) {
        return Err(no_such_rule(unknown));
    }
    let rules = place.rules.values().filter(|rule| names.is_empty() || names.contains(&rule.name.as_str()));
    let rules = rules.map(|rule| {
        json!({
            "ConfigRuleName": rule.name,
            "ConfigRuleArn": rule.arn,
            "ConfigRuleId": rule.id,
            "ConfigRuleState": "ACTIVE",
            "Source": { "Owner": "CUSTOM_LAMBDA" },
        })
    });
    let token = model::text(members, "NextToken", 1, usize::MAX)?;
    let page = pages::cut(rules.collect(), page_size.min(limits::DESCRIBE_RULES_MAX), token, &names.join("\n"));
    let page = page.ok_or_else(invalid_next_token)?;
    Ok(Some(with_next_token(json!({ "ConfigRules": page.items }), page.next)))
}

/// The rule of that name.
fn no_such_rule(name: &str) -> Refusal {
    let message =
        format!("The ConfigRule '{name}' provided in the request is invalid. Please check the configRule name");
    Refusal::new(400, "NoSuchConfigRuleException", message)
}

fn invalid_next_token() -> Refusal {
    Refusal::new(400, "InvalidNextTokenException", "The specified next token is not valid.")
}

/// The token is absent on the last page, not `null`.
fn with_next_token(mut answer: Value, next: Option<String>) -> Value {
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    answer
}
