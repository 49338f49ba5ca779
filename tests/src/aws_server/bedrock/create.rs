//! `CreateModelCustomizationJob`: every member within the limits of the model, and idempotent by its token.

use std::collections::BTreeMap;

use schemas::job::JobKind;
use serde_json::{Map, Value, json};

use super::CONTENT_TYPE;
use crate::aws_server::http::{Call, Refusal, Reply};
use crate::aws_server::state::Place;
use crate::aws_server::{limits, model};

const MEMBERS: [&str; 15] = [
    "baseModelIdentifier",
    "clientRequestToken",
    "customModelKmsKeyId",
    "customModelName",
    "customModelTags",
    "customizationConfig",
    "customizationType",
    "hyperParameters",
    "jobName",
    "jobTags",
    "outputDataConfig",
    "roleArn",
    "trainingDataConfig",
    "validationDataConfig",
    "vpcConfig",
];

/// Members that the Get call tells as they were sent.
const TOLD_AS_SENT: [&str; 6] = [
    "clientRequestToken",
    "customizationConfig",
    "customizationType",
    "hyperParameters",
    "trainingDataConfig",
    "validationDataConfig",
];

pub(super) fn create(place: &mut Place, now: i64, call: &Call) -> Result<Reply, Refusal> {
    let body = call.json()?;
    let members = model::object(&body, &MEMBERS)?;
    check(members)?;
    let tags = tags(members, "jobTags")?;
    tags_of_model(members)?;
    let name = text_of(members.get("jobName"));
    let model_name = text_of(members.get("customModelName"));
    if let Some(token) = members.get("clientRequestToken") {
        let earlier = place.jobs.iter().find(|job| job.members.get("clientRequestToken") == Some(token));
        if let Some(job) = earlier {
            return match &job.request {
                Some(request) if *request == body => Ok(created(&job.arn)),
                _ => Err(conflict("The client token was used with other parameters")),
            };
        }
    }
    if place.jobs.iter().any(|job| job.kind == JobKind::ModelCustomization && job.name == name) {
        return Err(conflict(&format!("The job name {name} is already in use")));
    }
    if place.custom_models.iter().any(|model| model.name == model_name) {
        return Err(conflict(&format!("The model name {model_name} is already in use")));
    }
    let region = place.region.clone();
    let job = place.add_job(&name);
    job.created_at(now).role(&text_of(members.get("roleArn")));
    job.writes(&text_of(members["outputDataConfig"].get("s3Uri")));
    let base = text_of(members.get("baseModelIdentifier"));
    job.base_model_arn =
        if base.starts_with("arn:") { base } else { format!("arn:aws:bedrock:{region}::foundation-model/{base}") };
    job.kms_key = members.get("customModelKmsKeyId").and_then(Value::as_str).map(str::to_owned);
    job.training_s3_uri = members["trainingDataConfig"]["s3Uri"].as_str().map(str::to_owned);
    job.vpc_config = members.get("vpcConfig").map(|config| (ids(config, "subnetIds"), ids(config, "securityGroupIds")));
    job.tags = tags;
    job.member("outputModelName", json!(model_name));
    for told in TOLD_AS_SENT {
        if let Some(value) = members.get(told) {
            job.member(told, value.clone());
        }
    }
    job.request = Some(body.clone());
    Ok(created(&job.arn))
}

fn created(arn: &str) -> Reply {
    Reply::json(201, CONTENT_TYPE, &json!({ "jobArn": arn }))
}

fn conflict(message: &str) -> Refusal {
    Refusal::new(400, "ConflictException", message)
}

/// A text that was checked before.
fn text_of(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn ids(config: &Value, name: &str) -> Vec<String> {
    let ids = config[name].as_array().map(Vec::as_slice).unwrap_or_default();
    ids.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect()
}

fn check(members: &Map<String, Value>) -> Result<(), Refusal> {
    let name = model::required_text(members, "jobName", limits::JOB_NAME_MIN, limits::JOB_NAME_MAX)?;
    let is_job_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    pattern("jobName", name, starts_well(name) && name.chars().all(is_job_name))?;
    let name = model::required_text(members, "customModelName", 1, limits::CUSTOM_MODEL_NAME_MAX)?;
    let words: Vec<&str> = name.strip_suffix(['-', '_']).unwrap_or(name).split(['-', '_']).collect();
    let is_word = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    pattern("customModelName", name, words.iter().all(is_word))?;
    let role = model::required_text(members, "roleArn", 0, limits::ROLE_ARN_MAX)?;
    pattern("roleArn", role, role.starts_with("arn:aws") && role.contains(":iam::") && role.contains(":role/"))?;
    model::required_text(members, "baseModelIdentifier", 1, limits::BASE_MODEL_IDENTIFIER_MAX)?;
    model::text(members, "customModelKmsKeyId", 1, limits::KMS_KEY_ID_MAX)?;
    if let Some(token) = model::text(members, "clientRequestToken", 1, limits::CLIENT_REQUEST_TOKEN_MAX)? {
        let is_known = token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        pattern("clientRequestToken", token, is_known && starts_well(token) && !token.ends_with('-'))?;
    }
    if let Some(kind) = model::text(members, "customizationType", 1, 64)? {
        pattern("customizationType", kind, limits::CUSTOMIZATION_TYPES.contains(&kind))?;
    }
    check_data(members)?;
    check_network(members)
}

fn check_data(members: &Map<String, Value>) -> Result<(), Refusal> {
    let training = members.get("trainingDataConfig").ok_or_else(|| missing("trainingDataConfig"))?;
    let training = model::object(training, &["invocationLogsConfig", "s3Uri"])?;
    s3_uri(training)?;
    if let Some(logs) = training.get("invocationLogsConfig") {
        let known = ["invocationLogSource", "requestMetadataFilters", "usePromptResponse"];
        let logs = model::object(logs, &known)?;
        let source = logs.get("invocationLogSource").ok_or_else(|| missing("invocationLogSource"))?;
        s3_uri(model::object(source, &["s3Uri"])?)?;
        model::boolean(logs, "usePromptResponse")?;
    }
    let output = members.get("outputDataConfig").ok_or_else(|| missing("outputDataConfig"))?;
    if !s3_uri(model::object(output, &["s3Uri"])?)? {
        return Err(missing("outputDataConfig.s3Uri"));
    }
    if let Some(validation) = members.get("validationDataConfig") {
        let validation = model::object(validation, &["validators"])?;
        for validator in model::list(validation, "validators", 0, limits::VALIDATORS_MAX)? {
            s3_uri(model::object(validator, &["s3Uri"])?)?;
        }
    }
    if let Some(hyper_parameters) = members.get("hyperParameters") {
        let all = hyper_parameters.as_object().ok_or_else(|| Refusal::validation("hyperParameters is not a map"))?;
        if let Some((name, value)) = all.iter().find(|(_, value)| !value.is_string()) {
            return Err(Refusal::validation(format!("hyperParameters.{name} is not a text: {value}")));
        }
    }
    match members.get("customizationConfig") {
        Some(config) => {
            let config = model::object(config, &["distillationConfig", "rftConfig"])?;
            model::within("customizationConfig", config.len(), 1, 1)
        }
        None => Ok(()),
    }
}

fn check_network(members: &Map<String, Value>) -> Result<(), Refusal> {
    let Some(config) = members.get("vpcConfig") else { return Ok(()) };
    let config = model::object(config, &["securityGroupIds", "subnetIds"])?;
    let (subnets_min, subnets_max) = (limits::VPC_SUBNETS_MIN, limits::VPC_SUBNETS_MAX);
    let (groups_min, groups_max) = (limits::VPC_SECURITY_GROUPS_MIN, limits::VPC_SECURITY_GROUPS_MAX);
    for (name, low, high) in [("subnetIds", subnets_min, subnets_max), ("securityGroupIds", groups_min, groups_max)] {
        let ids = model::list(config, name, low, high)?;
        for id in model::texts(ids, name, 0, limits::NETWORK_ID_MAX)? {
            pattern(name, id, !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))?;
        }
    }
    Ok(())
}

/// Whether there is one.
fn s3_uri(members: &Map<String, Value>) -> Result<bool, Refusal> {
    let Some(uri) = model::text(members, "s3Uri", 1, limits::S3_URI_MAX)? else { return Ok(false) };
    pattern("s3Uri", uri, uri.strip_prefix("s3://").is_some_and(|rest| rest.len() >= 3 && !rest.contains("//")))?;
    Ok(true)
}

fn tags_of_model(members: &Map<String, Value>) -> Result<(), Refusal> {
    tags(members, "customModelTags").map(drop)
}

fn tags(members: &Map<String, Value>, name: &str) -> Result<BTreeMap<String, String>, Refusal> {
    let list = model::list(members, name, 0, usize::MAX)?;
    if list.len() > limits::TAGS_MAX {
        return Err(Refusal::new(400, "TooManyTagsException", format!("{name} holds {} tags", list.len())));
    }
    let mut tags = BTreeMap::new();
    for tag in list {
        let tag = model::object(tag, &["key", "value"])?;
        let key = model::required_text(tag, "key", limits::TAG_KEY_MIN, limits::TAG_KEY_MAX)?;
        let value = model::required_text(tag, "value", 0, limits::TAG_VALUE_MAX)?;
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(Refusal::validation(format!("{name}: the key {key} is reserved")));
        }
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(Refusal::validation(format!("{name}: the key {key} stands there twice")));
        }
    }
    Ok(tags)
}

fn starts_well(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

fn pattern(name: &str, found: &str, fits: bool) -> Result<(), Refusal> {
    if fits {
        return Ok(());
    }
    Err(Refusal::validation(format!(
        "1 validation error detected: Value '{found}' at '{name}' failed to satisfy constraint: Member must satisfy regular \
         expression pattern"
    )))
}

fn missing(name: &str) -> Refusal {
    Refusal::validation(format!("1 validation error detected: Value null at '{name}': Member must not be null"))
}
