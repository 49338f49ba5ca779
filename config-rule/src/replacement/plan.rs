//! Old request and what was typed in, new request and what changes out.

use serde_json::Value;

use super::draft::{Change, Parameters, TAGS, changes, member_of, set};
use super::names::{is_job_name, is_model_name, next_name};
use super::origin::{Missing, OPTIONAL, Old};
use super::request::{MEMBERS, Network, REQUIRED, Request, check_member};
use crate::facts::VpcConfig;

/// What was typed about the new request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// The job's name; `None`: the next in a row.
    pub job_name: Option<String>,
    /// The model's name; `None`: the next in a row.
    pub custom_model_name: Option<String>,
    /// Values by path, in the order in which they were typed.
    pub set: Vec<(String, String)>,
    /// Members to leave out.
    pub without: Vec<String>,
}

/// The new request, and how it differs from the old one.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The request; `None` while something is missing.
    pub request: Option<Request>,
    /// Its members in the order of the API; what is missing is marked.
    pub shown: Parameters,
    /// What differs from the old request.
    pub changes: Vec<Change>,
    /// How many values do not.
    pub same: usize,
    /// What neither the old job nor the options give.
    pub missing: Vec<Missing>,
}

/// Members that have options of their own, and these.
const OWN_OPTIONS: [(&str, &str); 4] = [
    ("jobName", "--job-name"),
    ("customModelName", "--custom-model-name"),
    ("vpcConfig", "--subnet-ids and --security-group-ids, or --approved-tag"),
    ("clientRequestToken", "nothing: it follows from the request"),
];

/// Members of these names are numbers and booleans, not texts.
const NOT_TEXTS: [&str; 9] = [
    "batchSize",
    "epochCount",
    "evalInterval",
    "inferenceMaxTokens",
    "learningRate",
    "maxPromptLength",
    "maxResponseLengthForInference",
    "trainingSamplePerPrompt",
    "usePromptResponse",
];

/// Makes the new request. The error is about what was typed.
pub fn plan(old: &Old, asked: &Asked, network: &VpcConfig) -> Result<Plan, String> {
    let mut draft = old.parameters.clone();
    draft.remove("clientRequestToken");
    for member in &asked.without {
        check_without(member, old)?;
        draft.remove(member);
    }
    for (path, text) in &asked.set {
        let member = check_set(path)?;
        set(&mut draft, path, value_of(member, path, text)?);
    }
    name(&mut draft, "jobName", "--job-name", asked.job_name.as_deref(), is_job_name)?;
    name(&mut draft, "customModelName", "--custom-model-name", asked.custom_model_name.as_deref(), is_model_name)?;
    let network = serde_json::to_value(Network::from(network)).expect("two lists of texts");
    draft.insert("vpcConfig".to_owned(), network);
    let mut missing: Vec<Missing> =
        old.missing.iter().filter(|missing| !is_given(missing, &draft, asked)).cloned().collect();
    for (member, value) in draft.iter().filter(|(member, _)| MEMBERS.contains(&member.as_str())) {
        let Err(error) = check_member(member, value) else { continue };
        if missing.iter().any(|missing| member_of(&missing.member) == member) {
            continue;
        }
        if asked.set.iter().any(|(path, _)| member_of(path) == member) {
            return Err(format!("--set {member}: {error}"));
        }
        missing.push(Missing::new(member, format!("the old one is not understood: {error}")));
    }
    Ok(finish(old, &draft, missing))
}

fn finish(old: &Old, draft: &Parameters, mut missing: Vec<Missing>) -> Plan {
    let request = if missing.is_empty() { complete(draft, &mut missing) } else { None };
    let mut shown = match &request {
        Some(request) => in_order(&parameters_of(request)),
        None => in_order(draft),
    };
    for missing in &missing {
        let mark = format!("MISSING ({}): {}", missing.why, missing.give);
        if MEMBERS.contains(&member_of(&missing.member)) && !TAGS.contains(&member_of(&missing.member)) {
            set(&mut shown, &missing.member, Value::String(mark));
        } else {
            shown.insert(missing.member.clone(), Value::String(mark));
        }
    }
    let (changes, same) = changes(&old.parameters, &shown);
    Plan { request, shown: in_order(&shown), changes, same, missing }
}

/// The request with its token.
fn complete(draft: &Parameters, missing: &mut Vec<Missing>) -> Option<Request> {
    match serde_json::from_value::<Request>(Value::Object(draft.clone())) {
        Ok(request) => Some(request.with_token()),
        Err(error) => {
            let lacking = REQUIRED.into_iter().find(|member| !draft.contains_key(*member));
            missing.push(Missing::new(lacking.unwrap_or("request"), error.to_string()));
            None
        }
    }
}

/// The request as its JSON.
pub fn parameters_of(request: &Request) -> Parameters {
    match serde_json::to_value(request) {
        Ok(Value::Object(parameters)) => parameters,
        _ => Parameters::new(),
    }
}

fn in_order(parameters: &Parameters) -> Parameters {
    let known = MEMBERS.iter().filter_map(|member| parameters.get_key_value(*member));
    let others = parameters.iter().filter(|(member, _)| !MEMBERS.contains(&member.as_str()));
    known.chain(others).map(|(member, value)| (member.clone(), value.clone())).collect()
}

fn check_without(member: &str, old: &Old) -> Result<(), String> {
    let is_strange = old.missing.iter().any(|missing| missing.member == member) && !MEMBERS.contains(&member);
    if OPTIONAL.contains(&member) || is_strange {
        return Ok(());
    }
    Err(format!("--without {member:?}: expected one of {}", OPTIONAL.join(", ")))
}

/// The member of a path that may be set.
fn check_set(path: &str) -> Result<&str, String> {
    let member = member_of(path);
    if let Some((_, option)) = OWN_OPTIONS.iter().find(|(name, _)| *name == member) {
        return Err(format!("--set {path:?}: {member} is given by {option}"));
    }
    if !MEMBERS.contains(&member) {
        let known: Vec<&str> =
            MEMBERS.into_iter().filter(|name| OWN_OPTIONS.iter().all(|(own, _)| own != name)).collect();
        return Err(format!("--set {path:?}: expected a path that begins with one of {}", known.join(", ")));
    }
    if path.split('.').any(str::is_empty) {
        return Err(format!("--set {path:?}: a step of the path is empty"));
    }
    Ok(member)
}

/// JSON where it looks like it, a number where the member is one, else the text.
fn value_of(member: &str, path: &str, text: &str) -> Result<Value, String> {
    let is_json = text.starts_with(['{', '[']) && member != "hyperParameters" && !TAGS.contains(&member);
    let is_whole = path == member && text.starts_with(['{', '[']);
    let last = path.rsplit('.').next().unwrap_or(path);
    let is_number = matches!(member, "customizationConfig" | "trainingDataConfig") && NOT_TEXTS.contains(&last);
    if is_json || is_whole || is_number {
        return serde_json::from_str(text).map_err(|error| format!("--set {path}={text}: not JSON: {error}"));
    }
    Ok(Value::String(text.to_owned()))
}

/// The name that was typed, else the next in a row after the old one.
fn name(
    draft: &mut Parameters,
    member: &str,
    option: &str,
    typed: Option<&str>,
    is_name: fn(&str) -> bool,
) -> Result<(), String> {
    let old = draft.get(member).and_then(Value::as_str);
    let Some(new) = typed.map(str::to_owned).or_else(|| old.map(next_name)) else { return Ok(()) };
    if !is_name(&new) {
        return Err(format!(
            "{option} {new:?}: expected 1 to 63 characters that a {member} may have: letters, digits and single separators"
        ));
    }
    draft.insert(member.to_owned(), Value::String(new));
    Ok(())
}

/// Whether an option gives what is missing: the member itself, something that holds it, or something in it.
fn is_given(missing: &Missing, draft: &Parameters, asked: &Asked) -> bool {
    let member = missing.member.as_str();
    let is_below = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let is_set = asked.set.iter().any(|(path, _)| is_below(path, member) || is_below(member, path));
    let is_named = matches!(member, "jobName" | "customModelName") && draft.contains_key(member);
    is_set || is_named || asked.without.iter().any(|without| is_below(member, without))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::cases;
    use super::*;

    fn network() -> VpcConfig {
        VpcConfig { subnet_ids: vec!["subnet-1".to_owned()], security_group_ids: vec!["sg-1".to_owned()] }
    }

    fn asked(set: &[(&str, &str)], without: &[&str]) -> Asked {
        Asked {
            set: set.iter().map(|&(path, value)| (path.to_owned(), value.to_owned())).collect(),
            without: without.iter().map(|&member| member.to_owned()).collect(),
            ..Asked::default()
        }
    }

    fn missing(old: &Old, member: &str) -> Old {
        let mut old = old.clone();
        old.parameters.remove(member);
        old.missing.push(Missing::new(member, "masked"));
        old
    }

    #[test]
    fn only_names_network_and_token_change() {
        let plan = plan(&cases::old(), &Asked::default(), &network()).expect("a plan");
        let request = plan.request.expect("nothing is missing");
        assert_eq!((request.job_name.as_str(), request.custom_model_name.as_str()), ("claims-r2", "claims-model-r2"));
        assert_eq!(request.vpc_config, Some(Network::from(&network())));
        assert_eq!(request, request.clone().with_token(), "the token is of the whole request");
        let changed: Vec<&str> = plan.changes.iter().map(|change| change.member.as_str()).collect();
        let expected =
            ["jobName", "customModelName", "clientRequestToken", "vpcConfig.subnetIds", "vpcConfig.securityGroupIds"];
        assert_eq!(changed, expected);
        assert!(plan.same > 5);
    }

    #[test]
    fn what_is_missing_is_marked_until_it_is_given() {
        let old = missing(&missing(&cases::old(), "roleArn"), "hyperParameters");
        let without_options = plan(&old, &Asked::default(), &network()).expect("a plan");
        assert_eq!((without_options.request, without_options.missing.len()), (None, 2));
        let mark = without_options.shown["roleArn"].as_str().expect("a mark").to_owned();
        assert!(mark.starts_with("MISSING") && mark.ends_with("--set roleArn=VALUE"), "{mark}");
        let names: Vec<&String> = without_options.shown.keys().collect();
        assert!(names.is_sorted_by_key(|name| MEMBERS.iter().position(|member| member == name)), "{names:?}");

        let given = asked(&[("roleArn", cases::ROLE), ("hyperParameters.epochCount", "2")], &[]);
        let request = plan(&old, &given, &network()).expect("a plan").request.expect("all is given");
        assert_eq!((request.role_arn.as_str(), request.hyper_parameters.len()), (cases::ROLE, 1));
        let left_out = asked(&[("roleArn", cases::ROLE)], &["hyperParameters"]);
        let request = plan(&old, &left_out, &network()).expect("a plan").request.expect("all is given");
        assert!(request.hyper_parameters.is_empty());
    }

    #[test]
    fn names_that_are_masked_are_given_by_their_options() {
        let old = missing(&missing(&cases::old(), "jobName"), "customModelName");
        let asked = Asked { job_name: Some("a".to_owned()), ..Asked::default() };
        let plan = plan(&old, &asked, &network()).expect("a plan");
        assert_eq!(plan.missing.iter().map(|missing| missing.member.as_str()).collect::<Vec<_>>(), ["customModelName"]);
    }

    #[test]
    fn values_are_texts_numbers_or_json() {
        let set = [
            ("customizationConfig.distillationConfig.teacherModelConfig.teacherModelIdentifier", "t"),
            ("customizationConfig.distillationConfig.teacherModelConfig.maxResponseLengthForInference", "100"),
            ("validationDataConfig", r#"{"validators":[{"s3Uri":"s3://v/1"}]}"#),
            ("jobTags.Owner", "{ann}"),
        ];
        let plan = plan(&cases::old(), &asked(&set, &[]), &network()).expect("a plan");
        let shown = Value::Object(plan.shown);
        let teacher = &shown["customizationConfig"]["distillationConfig"]["teacherModelConfig"];
        assert_eq!(teacher["maxResponseLengthForInference"], 100);
        assert_eq!(shown["validationDataConfig"]["validators"][0]["s3Uri"], "s3://v/1");
        assert_eq!(shown["jobTags"], json!([{"key": "Owner", "value": "{ann}"}]));
    }

    #[test]
    fn what_was_mistyped_is_named_with_what_is_right() {
        for (asked, expected) in [
            (asked(&[("role", "x")], &[]), "begins with one of roleArn, baseModelIdentifier"),
            (asked(&[("jobName", "x")], &[]), "given by --job-name"),
            (asked(&[("vpcConfig.subnetIds", "[]")], &[]), "--approved-tag"),
            (asked(&[("trainingDataConfig.", "x")], &[]), "a step of the path is empty"),
            (asked(&[("validationDataConfig", "[1")], &[]), "not JSON"),
            (asked(&[("outputDataConfig.s3", "x")], &[]), "unknown field `s3`"),
            (asked(&[], &["roleArn"]), "expected one of customizationType"),
            (Asked { job_name: Some("a b".to_owned()), ..Asked::default() }, "--job-name \"a b\""),
            (Asked { custom_model_name: Some("a--b".to_owned()), ..Asked::default() }, "--custom-model-name"),
        ] {
            let error = plan(&cases::old(), &asked, &network()).expect_err("mistyped");
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn an_old_value_that_is_not_understood_is_missing() {
        let mut old = cases::old();
        old.parameters.insert("outputDataConfig".to_owned(), json!({"s3Uri": "s3://o", "newPart": 1}));
        let plan = plan(&old, &Asked::default(), &network()).expect("a plan");
        assert!(plan.request.is_none() && plan.missing[0].why.contains("newPart"), "{:?}", plan.missing);
    }
}
