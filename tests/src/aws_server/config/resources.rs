//! Custom resources: `PutResourceConfig`, `DeleteResourceConfig`, `BatchGetResourceConfig` (their API pages; Developer
//! Guide "Recording Configurations for Third-Party Resources").

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::schema;
use crate::aws_server::http::Refusal;
use crate::aws_server::rules::{RecordedResource, ResourceKey};
use crate::aws_server::state::{Place, take_one};
use crate::aws_server::{limits, model};

/// Keeps a configuration, one more in the resource's history.
pub(super) fn put(place: &mut Place, now: i64, body: &Value) -> Result<Option<Value>, Refusal> {
    let known = ["Configuration", "ResourceId", "ResourceName", "ResourceType", "SchemaVersionId", "Tags"];
    let members = model::object(body, &known)?;
    let key = custom_resource(place, members)?;
    let (low, high) = (limits::SCHEMA_VERSION_MIN, limits::SCHEMA_VERSION_MAX);
    let version = model::required_text(members, "SchemaVersionId", low, high)?;
    if !version.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        let pattern = limits::SCHEMA_VERSION_PATTERN;
        return Err(Refusal::validation(format!("SchemaVersionId {version:?} does not match {pattern}")));
    }
    let configuration = model::required_text(members, "Configuration", 0, usize::MAX)?;
    check(place, &key.0, configuration)?;
    let tags = tags(members)?;
    let name = model::text(members, "ResourceName", 0, usize::MAX)?.map(str::to_owned);
    require_recorder(place)?;
    let resource = place.recorded.entry(key).or_default();
    *resource = RecordedResource {
        configuration: configuration.to_owned(),
        schema_version_id: version.to_owned(),
        name,
        tags,
        history: resource.history + 1,
        is_deleted: false,
        recorded_at: now,
    };
    Ok(None)
}

/// Marks a resource as gone. One that is not there is no error.
pub(super) fn delete(place: &mut Place, now: i64, body: &Value) -> Result<Option<Value>, Refusal> {
    let members = model::object(body, &["ResourceId", "ResourceType"])?;
    let key = custom_resource(place, members)?;
    require_recorder(place)?;
    if let Some(resource) = place.recorded.get_mut(&key).filter(|resource| !resource.is_deleted) {
        resource.is_deleted = true;
        resource.history += 1;
        resource.recorded_at = now;
    }
    Ok(None)
}

/// What is not recorded, or is deleted, is simply not in the answer.
pub(super) fn batch_get(place: &mut Place, now: i64, body: &Value) -> Result<Option<Value>, Refusal> {
    let members = model::object(body, &["resourceKeys"])?;
    let sent = model::list(members, "resourceKeys", limits::BATCH_GET_KEYS_MIN, limits::BATCH_GET_KEYS_MAX)?;
    let keys = sent.iter().map(resource_key).collect::<Result<Vec<_>, _>>()?;
    if !place.recorder_running {
        let message = "There are no configuration recorders available to provide the resource configuration";
        return Err(Refusal::new(400, "NoAvailableConfigurationRecorderException", message));
    }
    let mut items = Vec::new();
    let mut unprocessed = Vec::new();
    for (key, as_sent) in keys.into_iter().zip(sent) {
        if take_one(&mut place.unprocessed_keys, &key.1) {
            unprocessed.push(as_sent.clone());
        } else if let Some(resource) = place.recorded.get(&key).filter(|resource| !resource.is_deleted) {
            items.push(written(place, &key, resource, now));
        }
    }
    Ok(Some(json!({ "baseConfigurationItems": items, "unprocessedResourceKeys": unprocessed })))
}

/// The type and id of a custom resource, whose type must be registered and in no reserved organization.
fn custom_resource(place: &Place, members: &Map<String, Value>) -> Result<ResourceKey, Refusal> {
    let (low, high) = (limits::CUSTOM_RESOURCE_TYPE_MIN, limits::CUSTOM_RESOURCE_TYPE_MAX);
    let name = model::required_text(members, "ResourceType", low, high)?;
    let id = model::required_text(members, "ResourceId", limits::RESOURCE_ID_MIN, limits::RESOURCE_ID_MAX)?;
    let organization = name.split("::").next().unwrap_or_default().to_lowercase();
    if limits::RESERVED_ORGANIZATIONS.contains(&organization.as_str()) {
        return Err(Refusal::validation(format!("The organization name of {name} is reserved")));
    }
    if !place.registered_types.contains_key(name) {
        return Err(Refusal::validation(format!("The resource type {name} is not registered")));
    }
    Ok((name.to_owned(), id.to_owned()))
}

fn check(place: &Place, resource_type: &str, configuration: &str) -> Result<(), Refusal> {
    if configuration.len() > limits::CONFIGURATION_BYTES_MAX {
        let (found, most) = (configuration.len(), limits::CONFIGURATION_BYTES_MAX);
        return Err(Refusal::validation(format!("Configuration has {found} bytes, at most {most} are accepted")));
    }
    let value: Value = serde_json::from_str(configuration)
        .map_err(|error| Refusal::validation(format!("Configuration is not valid JSON: {error}")))?;
    let schema = place.registered_types.get(resource_type).and_then(|registered| registered.schema.as_ref());
    match schema.map(|schema| schema::check(schema, schema, &value, "configuration")) {
        Some(Err(reason)) => Err(Refusal::validation(format!("Configuration does not fit the schema: {reason}"))),
        _ => Ok(()),
    }
}

fn tags(members: &Map<String, Value>) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    let Some(sent) = members.get("Tags").filter(|sent| !sent.is_null()) else { return Ok(tags) };
    let sent = sent.as_object().ok_or_else(|| Refusal::validation("Tags is not an object"))?;
    for name in sent.keys() {
        tags.insert(name.clone(), model::required_text(sent, name, 0, usize::MAX)?.to_owned());
    }
    Ok(tags)
}

fn resource_key(value: &Value) -> Result<ResourceKey, Refusal> {
    let members = model::object(value, &["resourceId", "resourceType"])?;
    let name = model::required_text(members, "resourceType", 1, limits::CUSTOM_RESOURCE_TYPE_MAX)?;
    let id = model::required_text(members, "resourceId", limits::RESOURCE_ID_MIN, limits::RESOURCE_ID_MAX)?;
    Ok((name.to_owned(), id.to_owned()))
}

fn require_recorder(place: &Place) -> Result<(), Refusal> {
    if place.recorder_running {
        return Ok(());
    }
    Err(Refusal::new(400, "NoRunningConfigurationRecorderException", "There is no configuration recorder running."))
}

/// Members in lower camel case, unlike those of evaluations; the configuration is a text with JSON in it.
fn written(place: &Place, key: &ResourceKey, resource: &RecordedResource, now: i64) -> Value {
    let (resource_type, resource_id) = key;
    let recorded_at = if resource.recorded_at == 0 { now } else { resource.recorded_at };
    json!({
        "version": "1.3",
        "accountId": place.account,
        "configurationItemCaptureTime": recorded_at,
        "configurationItemStatus": if resource.history > 1 { "OK" } else { "ResourceDiscovered" },
        "configurationStateId": (recorded_at * 1000).to_string(),
        "resourceType": resource_type,
        "resourceId": resource_id,
        "resourceName": resource.name.as_deref().unwrap_or(resource_id),
        "awsRegion": place.region,
        "availabilityZone": "Not Applicable",
        "configuration": resource.configuration,
        "supplementaryConfiguration": {},
    })
}
