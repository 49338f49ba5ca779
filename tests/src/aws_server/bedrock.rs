//! Amazon Bedrock's control plane: REST with JSON bodies (Amazon Bedrock API Reference, and the service model
//! `bedrock/2023-04-20` of botocore for paths and names).

mod create;
mod custom_models;

use chrono::{DateTime, SecondsFormat};
use hyper::Method;
use schemas::job::JobKind;
use serde_json::{Map, Value, json};

use super::http::{Call, Refusal, Reply};
use super::job::Job;
use super::service::{Caller, Routed};
use super::state::{Place, State};
use super::{limits, model, pages};

pub(super) const CONTENT_TYPE: &str = "application/json";

const JOB_PARAMETERS: [&str; 8] = [
    "creationTimeAfter",
    "creationTimeBefore",
    "statusEquals",
    "nameContains",
    "maxResults",
    "nextToken",
    "sortBy",
    "sortOrder",
];

/// Customization and import jobs are plural in every path, invocation jobs only in that of the list.
pub(super) fn route(call: &Call) -> Result<Routed, String> {
    let parts = call.parts();
    let (operation, identifier) = match (call.method.clone(), parts.as_slice()) {
        (Method::GET, ["model-customization-jobs"]) => ("ListModelCustomizationJobs", ""),
        (Method::GET, ["model-import-jobs"]) => ("ListModelImportJobs", ""),
        (Method::GET, ["model-invocation-jobs"]) => ("ListModelInvocationJobs", ""),
        (Method::GET, ["model-customization-jobs", id]) => ("GetModelCustomizationJob", *id),
        (Method::GET, ["model-import-jobs", id]) => ("GetModelImportJob", *id),
        (Method::GET, ["model-invocation-job", id]) => ("GetModelInvocationJob", *id),
        (Method::POST, ["model-customization-jobs", id, "stop"]) => ("StopModelCustomizationJob", *id),
        (Method::POST, ["model-invocation-job", id, "stop"]) => ("StopModelInvocationJob", *id),
        (Method::POST, ["model-customization-jobs"]) => ("CreateModelCustomizationJob", ""),
        (Method::GET, ["custom-models"]) => ("ListCustomModels", ""),
        (Method::POST, ["listTagsForResource"]) => ("ListTagsForResource", ""),
        (Method::POST, ["tagResource"]) => ("TagResource", ""),
        _ => return Err(format!("{} /{}", call.method, call.path.join("/"))),
    };
    let detail = if !identifier.is_empty() {
        identifier.to_owned()
    } else if operation.ends_with("Resource") {
        let body = call.json().unwrap_or_default();
        body["resourceARN"].as_str().unwrap_or_default().to_owned()
    } else if operation.starts_with("Create") {
        let body = call.json().unwrap_or_default();
        body["jobName"].as_str().unwrap_or_default().to_owned()
    } else {
        question(call)
    };
    Ok(Routed::new(operation, detail).on_page(call.parameter("nextToken")))
}

pub(super) fn answer(state: &mut State, caller: &Caller, operation: &str, call: &Call) -> Result<Reply, Refusal> {
    let (page_size, now) = (state.page_size, state.seconds());
    let place = state.place(&caller.account, &caller.region);
    match operation {
        "CreateModelCustomizationJob" => create::create(place, now, call),
        "ListCustomModels" => custom_models::list(place, page_size, call),
        "ListModelCustomizationJobs" => list(place, page_size, JobKind::ModelCustomization, call),
        "ListModelImportJobs" => list(place, page_size, JobKind::ModelImport, call),
        "ListModelInvocationJobs" => list(place, page_size, JobKind::ModelInvocation, call),
        "GetModelCustomizationJob" => get(place, JobKind::ModelCustomization, call),
        "GetModelImportJob" => get(place, JobKind::ModelImport, call),
        "GetModelInvocationJob" => get(place, JobKind::ModelInvocation, call),
        "StopModelCustomizationJob" => stop(place, JobKind::ModelCustomization, call),
        "StopModelInvocationJob" => stop(place, JobKind::ModelInvocation, call),
        "ListTagsForResource" => list_tags(place, call),
        _ => tag(place, call),
    }
}

/// Every parameter of a list but the page.
fn question(call: &Call) -> String {
    let asked = call.query.iter().filter(|(name, _)| name != "nextToken" && name != "maxResults");
    asked.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn list(place: &Place, page_size: Option<usize>, kind: JobKind, call: &Call) -> Result<Reply, Refusal> {
    let query = Query::parse(kind, call)?;
    let mut jobs: Vec<&Job> = place.jobs.iter().filter(|job| job.kind == kind && query.finds(job)).collect();
    jobs.sort_by(|a, b| (a.created_at, &a.arn).cmp(&(b.created_at, &b.arn)));
    if query.is_descending {
        jobs.reverse();
    }
    let size = query.max_results.min(page_size.unwrap_or(usize::MAX));
    let asked = format!("{}?{}", kind.as_str(), question(call));
    let page = pages::cut(jobs, size, call.parameter("nextToken"), &asked);
    let page = page.ok_or_else(|| Refusal::validation("The provided nextToken is invalid."))?;
    let list = match kind {
        JobKind::ModelCustomization => "modelCustomizationJobSummaries",
        JobKind::ModelImport => "modelImportJobSummaries",
        JobKind::ModelInvocation => "invocationJobSummaries",
    };
    let summaries: Vec<Value> = page.items.into_iter().map(summary).collect();
    Ok(ok(json!({ list: summaries, "nextToken": page.next })))
}

/// The filters of a list, within their limits.
struct Query<'a> {
    after: Option<i64>,
    before: Option<i64>,
    status: Option<&'a str>,
    name_contains: Option<&'a str>,
    max_results: usize,
    is_descending: bool,
}

impl<'a> Query<'a> {
    fn parse(kind: JobKind, call: &'a Call) -> Result<Self, Refusal> {
        // Invocation jobs are submitted, the others are created.
        let time = if kind == JobKind::ModelInvocation { "submitTime" } else { "creationTime" };
        for (name, _) in &call.query {
            let generic = name.replace("submitTime", "creationTime");
            if !JOB_PARAMETERS.contains(&generic.as_str()) || (generic.contains("Time") && !name.starts_with(time)) {
                return Err(Refusal::validation(format!("unknown parameter {name:?}")));
            }
        }
        let statuses = match kind {
            JobKind::ModelCustomization => limits::CUSTOMIZATION_JOB_STATUSES,
            JobKind::ModelImport => limits::IMPORT_JOB_STATUSES,
            JobKind::ModelInvocation => limits::INVOCATION_JOB_STATUSES,
        };
        one_of(call, "sortBy", &["CreationTime"])?;
        let name_contains = call.parameter("nameContains");
        if let Some(part) = name_contains {
            model::within("nameContains", part.chars().count(), limits::JOB_NAME_MIN, limits::JOB_NAME_MAX)?;
        }
        Ok(Self {
            after: moment(call, &format!("{time}After"))?,
            before: moment(call, &format!("{time}Before"))?,
            status: one_of(call, "statusEquals", statuses)?,
            name_contains,
            max_results: max_results(call)?,
            is_descending: one_of(call, "sortOrder", &["Ascending", "Descending"])? != Some("Ascending"),
        })
    }

    fn finds(&self, job: &Job) -> bool {
        self.after.is_none_or(|after| job.created_at > after)
            && self.before.is_none_or(|before| job.created_at < before)
            && self.status.is_none_or(|status| job.status == status)
            && self.name_contains.is_none_or(|part| job.name.contains(part))
    }
}

fn one_of<'a>(call: &'a Call, name: &str, words: &[&str]) -> Result<Option<&'a str>, Refusal> {
    match call.parameter(name) {
        Some(found) if !words.contains(&found) => {
            Err(Refusal::validation(format!("{name} is {found:?}, expected one of {words:?}")))
        }
        found => Ok(found),
    }
}

fn moment(call: &Call, name: &str) -> Result<Option<i64>, Refusal> {
    let Some(text) = call.parameter(name) else { return Ok(None) };
    let moment = DateTime::parse_from_rfc3339(text);
    moment.map(|moment| Some(moment.timestamp())).map_err(|_| Refusal::validation(format!("{name} is {text:?}")))
}

fn max_results(call: &Call) -> Result<usize, Refusal> {
    let Some(text) = call.parameter("maxResults") else { return Ok(limits::LIST_JOBS_DEFAULT) };
    let (low, high) = (limits::LIST_JOBS_MAX_RESULTS_MIN, limits::LIST_JOBS_MAX_RESULTS_MAX);
    let number = text.parse::<usize>().ok().filter(|number| (low..=high).contains(number));
    number.ok_or_else(|| Refusal::validation(format!("maxResults is {text:?}, expected {low} to {high}")))
}

fn get(place: &mut Place, kind: JobKind, call: &Call) -> Result<Reply, Refusal> {
    let job = find(place, kind, &call.path[1])?;
    look_at_stopping(job);
    let mut members = match kind {
        JobKind::ModelCustomization => customization(job),
        JobKind::ModelImport => import(job),
        JobKind::ModelInvocation => return Ok(ok(invocation(job))),
    };
    insert(&mut members, "roleArn", Some(json!(job.role_arn)));
    insert(&mut members, "vpcConfig", vpc_config(job));
    members.extend(job.members.clone());
    Ok(ok(Value::Object(members)))
}

/// A job that is being stopped ends after some looks, where a test said so.
fn look_at_stopping(job: &mut Job) {
    if job.status != "Stopping" {
        return;
    }
    match job.stopping_looks {
        Some(0) => {
            let seconds = job.created_at + 3600;
            job.ended("Stopped", seconds);
        }
        Some(looks) => job.stopping_looks = Some(looks - 1),
        None => {}
    }
}

fn stop(place: &mut Place, kind: JobKind, call: &Call) -> Result<Reply, Refusal> {
    let job = find(place, kind, &call.path[1])?;
    let is_waiting = matches!(job.status.as_str(), "Submitted" | "Validating" | "Scheduled");
    if job.status == "InProgress" || (kind == JobKind::ModelInvocation && is_waiting) {
        job.status("Stopping");
        return Ok(ok(json!({})));
    }
    Err(Refusal::new(400, "ConflictException", format!("The job {} is {} and cannot be stopped", job.name, job.status)))
}

/// By ARN; by name too where the kind's identifier allows one, or by the ARN's end where it allows that.
fn find<'a>(place: &'a mut Place, kind: JobKind, identifier: &str) -> Result<&'a mut Job, Refusal> {
    model::within("jobIdentifier", identifier.chars().count(), 1, limits::JOB_IDENTIFIER_MAX)?;
    let is_alphanumeric = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !identifier.starts_with("arn:") {
        let is_valid = match kind {
            JobKind::ModelInvocation => identifier.len() == 12 && is_alphanumeric(identifier),
            _ => identifier.split(['-', '+', '.']).all(is_alphanumeric),
        };
        if !is_valid {
            return Err(Refusal::validation(format!("The provided job identifier {identifier:?} is not valid.")));
        }
    }
    let is_meant = |job: &Job| match kind {
        JobKind::ModelInvocation => job.arn == identifier || job.id() == identifier,
        _ => job.arn == identifier || job.name == identifier,
    };
    let found = place.jobs.iter_mut().find(|job| job.kind == kind && is_meant(job));
    found.ok_or_else(|| not_found(identifier))
}

fn list_tags(place: &mut Place, call: &Call) -> Result<Reply, Refusal> {
    let body = call.json()?;
    let members = model::object(&body, &["resourceARN"])?;
    let arn = model::required_text(members, "resourceARN", 20, limits::JOB_IDENTIFIER_MAX)?;
    let of_model = place.custom_models.iter().find(|model| model.arn == arn).map(|model| model.tags.clone());
    let tags = match of_model {
        Some(tags) => tags,
        None => tagged(place, members)?.tags.clone(),
    };
    let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
    Ok(ok(json!({ "tags": tags })))
}

fn tag(place: &mut Place, call: &Call) -> Result<Reply, Refusal> {
    let body = call.json()?;
    let members = model::object(&body, &["resourceARN", "tags"])?;
    let mut tags = Vec::new();
    for tag in model::list(members, "tags", 1, limits::TAGS_MAX)? {
        let tag = model::object(tag, &["key", "value"])?;
        let key = model::required_text(tag, "key", limits::TAG_KEY_MIN, limits::TAG_KEY_MAX)?;
        tags.push((key, model::required_text(tag, "value", 0, limits::TAG_VALUE_MAX)?));
    }
    let job = tagged(place, members)?;
    for (key, value) in tags {
        job.tag(key, value);
    }
    Ok(ok(json!({})))
}

fn tagged<'a>(place: &'a mut Place, members: &Map<String, Value>) -> Result<&'a mut Job, Refusal> {
    let arn = model::required_text(members, "resourceARN", 20, limits::JOB_IDENTIFIER_MAX)?;
    place.jobs.iter_mut().find(|job| job.arn == arn).ok_or_else(|| not_found(arn))
}

fn not_found(identifier: &str) -> Refusal {
    Refusal::new(404, "ResourceNotFoundException", format!("Could not find the resource {identifier}"))
}

/// A summary of a customization or import job has neither its VPC configuration nor its role; one of an invocation job
/// has everything.
fn summary(job: &Job) -> Value {
    let known: &[&str] = match job.kind {
        JobKind::ModelCustomization => &["baseModelArn", "customizationType", "outputModelName"],
        JobKind::ModelImport => &["importedModelName"],
        JobKind::ModelInvocation => return invocation(job),
    };
    let mut members = match job.kind {
        JobKind::ModelCustomization => customization(job),
        _ => import(job),
    };
    let always = ["jobArn", "jobName", "status", "creationTime", "lastModifiedTime", "endTime"];
    members.retain(|name, _| always.contains(&name.as_str()) || known.contains(&name.as_str()));
    if let Some(name) = members.remove("outputModelName") {
        insert(&mut members, "customModelName", Some(name));
    }
    Value::Object(members)
}

/// Without `validationDataConfig`: the model requires it, real answers have none.
fn customization(job: &Job) -> Map<String, Value> {
    let mut members = common(job);
    insert(&mut members, "outputModelName", Some(json!(format!("{}-model", job.name))));
    insert(&mut members, "baseModelArn", Some(json!(job.base_model_arn)));
    insert(&mut members, "customizationType", Some(json!("FINE_TUNING")));
    let training = job.training_s3_uri.as_ref().map_or_else(|| json!({}), |uri| json!({ "s3Uri": uri }));
    insert(&mut members, "trainingDataConfig", Some(training));
    insert(&mut members, "outputDataConfig", Some(json!({ "s3Uri": job.output_s3_uri })));
    insert(&mut members, "outputModelKmsKeyArn", job.kms_key.as_ref().map(|key| json!(key)));
    members
}

fn import(job: &Job) -> Map<String, Value> {
    let mut members = common(job);
    insert(&mut members, "importedModelName", Some(json!(format!("{}-model", job.name))));
    let source = job.training_s3_uri.as_ref().map(|uri| json!({ "s3DataSource": { "s3Uri": uri } }));
    insert(&mut members, "modelDataSource", source);
    insert(&mut members, "importedModelKmsKeyArn", job.kms_key.as_ref().map(|key| json!(key)));
    members
}

fn common(job: &Job) -> Map<String, Value> {
    let mut members = Map::new();
    insert(&mut members, "jobArn", Some(json!(job.arn)));
    insert(&mut members, "jobName", Some(json!(job.name)));
    insert(&mut members, "status", Some(json!(job.status)));
    insert(&mut members, "creationTime", Some(json!(written(job.created_at))));
    insert(&mut members, "lastModifiedTime", Some(json!(written(job.ended_at.unwrap_or(job.created_at)))));
    insert(&mut members, "endTime", job.ended_at.map(|seconds| json!(written(seconds))));
    insert(&mut members, "failureMessage", job.failure_message.as_ref().map(|message| json!(message)));
    members
}

/// The same members in the list and in the answer of `GetModelInvocationJob`.
fn invocation(job: &Job) -> Value {
    let mut members = common(job);
    let message = members.remove("failureMessage");
    insert(&mut members, "message", message);
    members.remove("creationTime");
    insert(&mut members, "submitTime", Some(json!(written(job.created_at))));
    insert(&mut members, "modelId", Some(json!(job.base_model_arn)));
    insert(&mut members, "roleArn", Some(json!(job.role_arn)));
    let input = job.training_s3_uri.as_ref();
    let input = input.map(|uri| json!({ "s3InputDataConfig": { "s3InputFormat": "JSONL", "s3Uri": uri } }));
    insert(&mut members, "inputDataConfig", input);
    let mut output = Map::new();
    insert(&mut output, "s3Uri", Some(json!(job.output_s3_uri)));
    insert(&mut output, "s3EncryptionKeyId", job.kms_key.as_ref().map(|key| json!(key)));
    insert(&mut members, "outputDataConfig", Some(json!({ "s3OutputDataConfig": output })));
    insert(&mut members, "vpcConfig", vpc_config(job));
    insert(&mut members, "timeoutDurationInHours", Some(json!(24)));
    Value::Object(members)
}

fn vpc_config(job: &Job) -> Option<Value> {
    let (subnets, groups) = job.vpc_config.as_ref()?;
    Some(json!({ "subnetIds": subnets, "securityGroupIds": groups }))
}

fn insert(members: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        members.insert(name.to_owned(), value);
    }
}

fn written(seconds: i64) -> String {
    let moment = DateTime::from_timestamp(seconds, 0).expect("a moment that a calendar has");
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A member that is `None` is not written: the SDKs refuse `null` for some.
fn ok(mut value: Value) -> Reply {
    if let Some(members) = value.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    Reply::json(200, CONTENT_TYPE, &value)
}
