//! IAM: `SimulatePrincipalPolicy` over what a test has granted to a role, and `GetRole` (IAM API Reference).

use super::access::{Grant, Role, is_like};
use super::form::Form;
use super::http::{Call, Refusal, Reply};
use super::service::{Caller, Routed};
use super::state::State;
use super::{limits, pages, xml};

const VERSION: &str = "2010-05-08";
const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// The decision that lets a call through; the others are `explicitDeny` and `implicitDeny`.
const ALLOWED: &str = "allowed";

pub(super) fn route(call: &Call) -> Result<Routed, String> {
    let form = Form::of(call);
    match form.get("Action").unwrap_or("a request without Action") {
        "SimulatePrincipalPolicy" => {
            let mut words = vec![form.get("PolicySourceArn").unwrap_or_default()];
            words.extend(form.list("ActionNames.member"));
            words.extend(form.list("ResourceArns.member"));
            Ok(Routed::new("SimulatePrincipalPolicy", words.join(" ")).on_page(form.get("Marker")))
        }
        "GetRole" => Ok(Routed::new("GetRole", form.get("RoleName").unwrap_or_default())),
        asked => Err(asked.to_owned()),
    }
}

pub(super) fn answer(state: &mut State, caller: &Caller, operation: &str, call: &Call) -> Result<Reply, Refusal> {
    let form = Form::of(call);
    form.require_version(VERSION)?;
    let result = match operation {
        "GetRole" => get_role(state, caller, &form)?,
        _ => simulate(state, caller, &form)?,
    };
    let result = xml::element(&format!("{operation}Result"), &result);
    Ok(Reply::xml(200, &format!("<{operation}Response xmlns=\"{NAMESPACE}\">{result}</{operation}Response>")))
}

/// The simulation's question, within its limits.
struct Question<'a> {
    actions: Vec<&'a str>,
    /// Empty where none were named, which means `*`.
    resources: Vec<&'a str>,
    context: Vec<(&'a str, Vec<&'a str>)>,
}

fn simulate(state: &State, caller: &Caller, form: &Form) -> Result<String, Refusal> {
    let question = parse(form)?;
    let arn = form.get("PolicySourceArn").unwrap_or_default();
    within("policySourceArn", arn, limits::POLICY_SOURCE_ARN_MIN, limits::POLICY_SOURCE_ARN_MAX)?;
    if !arn.starts_with("arn:") || !arn.contains(":role/") {
        let message = format!("Invalid Entity Arn: {arn} does not clearly define entity type and name.");
        return Err(Refusal::new(400, "InvalidInput", message));
    }
    let role = role(state, caller, |role| role.arn == arn).ok_or_else(|| no_such_role(arn))?;
    let size = max_items(form)?.min(state.page_size.unwrap_or(usize::MAX));
    let results = question.actions.iter().map(|action| result(role, action, &question)).collect::<Vec<_>>();
    let page = pages::cut(results, size, form.get("Marker"), &form.without(&["Marker", "MaxItems"]));
    let page = page.ok_or_else(|| Refusal::new(400, "InvalidInput", "The marker is invalid"))?;
    let is_truncated = if page.next.is_some() { "true" } else { "false" };
    Ok([
        xml::list("EvaluationResults", "member", page.items),
        xml::text("IsTruncated", is_truncated),
        xml::optional("Marker", page.next.as_deref()),
    ]
    .concat())
}

fn parse(form: &Form) -> Result<Question<'_>, Refusal> {
    let whole = ["Action", "CallerArn", "Marker", "MaxItems", "PolicySourceArn", "ResourceOwner", "Version"];
    if let Some(unknown) = form.unknown_member(&whole, &["ActionNames", "ContextEntries", "ResourceArns"]) {
        return Err(invalid(format!("{unknown} is not known to the stand-in for IAM")));
    }
    let actions = form.list("ActionNames.member");
    if actions.is_empty() {
        return Err(invalid("actionNames must not be empty".to_owned()));
    }
    for action in &actions {
        within("actionNames", action, limits::ACTION_NAME_MIN, limits::ACTION_NAME_MAX)?;
        if action.split_once(':').is_none_or(|(service, name)| service.is_empty() || name.is_empty()) {
            return Err(Refusal::new(400, "InvalidInput", format!("Invalid Action: {action}")));
        }
    }
    let resources = form.list("ResourceArns.member");
    for resource in &resources {
        within("resourceArns", resource, limits::SIMULATED_RESOURCE_MIN, limits::SIMULATED_RESOURCE_MAX)?;
    }
    Ok(Question { actions, resources, context: context(form)? })
}

/// Every entry has a name, a type of the enumeration and at least one value.
fn context(form: &Form) -> Result<Vec<(&str, Vec<&str>)>, Refusal> {
    let mut context = Vec::new();
    for number in 1_usize.. {
        let entry = format!("ContextEntries.member.{number}");
        let name = form.get(&format!("{entry}.ContextKeyName"));
        let kind = form.get(&format!("{entry}.ContextKeyType"));
        let values = form.list(&format!("{entry}.ContextKeyValues.member"));
        match (name, kind) {
            (None, None) if values.is_empty() => break,
            (Some(name), Some(kind)) if limits::CONTEXT_KEY_TYPES.contains(&kind) && !values.is_empty() => {
                within("contextKeyName", name, limits::CONTEXT_KEY_MIN, limits::CONTEXT_KEY_MAX)?;
                context.push((name, values));
            }
            _ => return Err(invalid(format!("{entry} is {name:?} of type {kind:?} with values {values:?}"))),
        }
    }
    Ok(context)
}

fn max_items(form: &Form) -> Result<usize, Refusal> {
    let Some(number) = form.number("MaxItems")? else { return Ok(limits::SIMULATE_MAX_ITEMS_DEFAULT) };
    let (low, high) = (limits::SIMULATE_MAX_ITEMS_MIN, limits::SIMULATE_MAX_ITEMS_MAX);
    if (low..=high).contains(&number) { Ok(number) } else { Err(invalid(format!("maxItems is {number}"))) }
}

/// One action's result. Where resources are named, each has its own decision, and the action is allowed only where it
/// is allowed on all of them.
fn result(role: &Role, action: &str, question: &Question<'_>) -> String {
    let everything = ["*"];
    let resources = if question.resources.is_empty() { &everything[..] } else { question.resources.as_slice() };
    let decisions: Vec<(&str, Decision)> =
        resources.iter().map(|resource| (*resource, decide(role, action, resource, &question.context))).collect();
    let first_refusal = decisions.iter().map(|(_, decision)| decision.word).find(|word| *word != ALLOWED);
    let specific = decisions.iter().map(|(resource, decision)| {
        [
            xml::text("EvalResourceName", resource),
            xml::text("EvalResourceDecision", decision.word),
            element_of_missing(decision),
        ]
        .concat()
    });
    let rest = if question.resources.is_empty() {
        decisions.iter().map(|(_, decision)| element_of_missing(decision)).collect()
    } else {
        xml::list("ResourceSpecificResults", "member", specific)
    };
    [
        xml::text("EvalActionName", action),
        xml::text("EvalResourceName", if resources.len() == 1 { resources[0] } else { "*" }),
        xml::text("EvalDecision", first_refusal.unwrap_or(ALLOWED)),
        rest,
    ]
    .concat()
}

struct Decision {
    word: &'static str,
    /// Context keys that a statement asks for and the request does not tell.
    missing: Vec<String>,
}

/// A statement whose condition is not met, or cannot be looked at, does not count.
fn decide(role: &Role, action: &str, resource: &str, context: &[(&str, Vec<&str>)]) -> Decision {
    let mut missing = Vec::new();
    let (mut is_allowed, mut is_denied) = (false, false);
    for grant in role.grants.iter().filter(|grant| covers(grant, action, resource)) {
        let is_met = match &grant.condition {
            None => true,
            Some((key, wanted)) => match context.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)) {
                Some((_, found)) => found.iter().any(|value| wanted.iter().any(|pattern| is_like(pattern, value))),
                None => {
                    missing.push(key.clone());
                    false
                }
            },
        };
        is_denied |= is_met && grant.denies;
        is_allowed |= is_met && !grant.denies;
    }
    let word = match (is_denied, is_allowed) {
        (true, _) => "explicitDeny",
        (false, true) => ALLOWED,
        (false, false) => "implicitDeny",
    };
    Decision { word, missing }
}

/// Actions do not care about case, resources do.
fn covers(grant: &Grant, action: &str, resource: &str) -> bool {
    is_like(&grant.action.to_lowercase(), &action.to_lowercase()) && is_like(&grant.resource, resource)
}

fn element_of_missing(decision: &Decision) -> String {
    if decision.missing.is_empty() {
        return String::new();
    }
    xml::texts("MissingContextValues", "member", &decision.missing)
}

fn get_role(state: &State, caller: &Caller, form: &Form) -> Result<String, Refusal> {
    let name = form.get("RoleName").unwrap_or_default();
    let role = role(state, caller, |role| role.name == name).ok_or_else(|| no_such_role(name))?;
    let members = [
        xml::text("Path", "/"),
        xml::text("RoleName", &role.name),
        xml::text("RoleId", "AROAENDTOENDTESTONLY0"),
        xml::text("Arn", &role.arn),
        xml::text("CreateDate", "2025-01-01T00:00:00Z"),
    ];
    Ok(xml::element("Role", &members.concat()))
}

/// A role of the caller's account; those of others are not there.
fn role<'a>(state: &'a State, caller: &Caller, is_meant: impl Fn(&Role) -> bool) -> Option<&'a Role> {
    let of_account = format!(":{}:role/", caller.account);
    state.roles.values().find(|role| role.arn.contains(&of_account) && is_meant(role))
}

fn no_such_role(name: &str) -> Refusal {
    Refusal::new(404, "NoSuchEntity", format!("The role with name {name} cannot be found."))
}

fn within(name: &str, value: &str, low: usize, high: usize) -> Result<(), Refusal> {
    let length = value.chars().count();
    if (low..=high).contains(&length) {
        return Ok(());
    }
    Err(invalid(format!("Value at '{name}' must have length from {low} to {high}, found {length}")))
}

fn invalid(message: String) -> Refusal {
    Refusal::new(400, "ValidationError", message)
}
