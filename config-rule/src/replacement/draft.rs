//! A request in the making, as JSON: members by path, what CloudTrail masked, and what differs between two.
//!
//! A path has dots between its steps: `trainingDataConfig.s3Uri`. What follows `hyperParameters.`, `jobTags.` or
//! `customModelTags.` is one key, dots and all.

use schemas::record::MASK;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::request::MEMBERS;

/// Members of a request by name.
pub type Parameters = Map<String, Value>;

/// The members that are lists of tags.
pub const TAGS: [&str; 2] = ["jobTags", "customModelTags"];

/// The member that a path begins with.
pub fn member_of(path: &str) -> &str {
    path.split_once('.').map_or(path, |(member, _)| member)
}

fn steps(path: &str) -> Vec<&str> {
    match path.split_once('.') {
        Some((member, key)) if member == "hyperParameters" || TAGS.contains(&member) => vec![member, key],
        _ => path.split('.').collect(),
    }
}

/// Puts a value at a path; objects on the way there are made.
pub fn set(parameters: &mut Parameters, path: &str, value: Value) {
    let steps = steps(path);
    let (member, rest) = steps.split_first().expect("a split text has a first part");
    let mut place = parameters.entry((*member).to_owned()).or_insert(Value::Null);
    if let (true, [key]) = (TAGS.contains(member), rest) {
        set_tag(place, key, &value);
        return;
    }
    for step in rest {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        let object = place.as_object_mut().expect("it was just made one");
        place = object.entry((*step).to_owned()).or_insert(Value::Null);
    }
    *place = value;
}

fn set_tag(place: &mut Value, key: &str, value: &Value) {
    if !place.is_array() {
        *place = Value::Array(Vec::new());
    }
    let tags = place.as_array_mut().expect("it was just made one");
    tags.retain(|tag| tag["key"] != key);
    tags.push(json!({"key": key, "value": value}));
    tags.sort_by(|a, b| a["key"].as_str().cmp(&b["key"].as_str()));
}

/// The members without nulls and without what is masked, and the path of everything that is masked. Of a list with
/// something masked in it nothing is left.
pub fn unmasked(parameters: Parameters) -> (Parameters, Vec<String>) {
    let mut masked = Vec::new();
    let clean = parameters.into_iter().filter_map(|(name, value)| {
        let value = strip(value, &name, &mut masked)?;
        Some((name, value))
    });
    let clean = clean.collect();
    (clean, masked)
}

fn strip(value: Value, path: &str, masked: &mut Vec<String>) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(text) if text == MASK => {
            masked.push(path.to_owned());
            None
        }
        Value::Object(members) => {
            let was_empty = members.is_empty();
            let strip_member = |(name, value): (String, Value)| {
                let value = strip(value, &format!("{path}.{name}"), masked)?;
                Some((name, value))
            };
            let members: Parameters = members.into_iter().filter_map(strip_member).collect();
            (was_empty || !members.is_empty()).then_some(Value::Object(members))
        }
        Value::Array(items) => {
            let mut inside = Vec::new();
            let items: Vec<Value> = items.into_iter().filter_map(|item| strip(item, path, &mut inside)).collect();
            if inside.is_empty() {
                return Some(Value::Array(items));
            }
            masked.push(path.to_owned());
            None
        }
        other => Some(other),
    }
}

/// Something that differs between two requests, each side as JSON; `None` where it is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The path of the member.
    pub member: String,
    /// Before.
    pub old: Option<Value>,
    /// After.
    pub new: Option<Value>,
}

/// What differs, in the order of the API's members; and how many values are the same.
pub fn changes(old: &Parameters, new: &Parameters) -> (Vec<Change>, usize) {
    let (old, new) = (leaves(old), leaves(new));
    let value = |all: &[(String, Value)], path: &str| {
        all.iter().find(|(found, _)| found == path).map(|(_, value)| value.clone())
    };
    let added = new.iter().filter(|(path, _)| value(&old, path).is_none());
    let mut paths: Vec<&String> = old.iter().chain(added).map(|(path, _)| path).collect();
    let rank = |path: &str| MEMBERS.iter().position(|member| *member == member_of(path)).unwrap_or(MEMBERS.len());
    // The sort is stable, so that parts of a member stay in their order.
    paths.sort_by_key(|path| rank(path));
    let (mut changes, mut same) = (Vec::new(), 0);
    for path in paths {
        let (old, new) = (value(&old, path), value(&new, path));
        if old == new {
            same += 1;
        } else {
            changes.push(Change { member: path.clone(), old, new });
        }
    }
    (changes, same)
}

/// Every value that is no object, by path; a tag by its key.
fn leaves(parameters: &Parameters) -> Vec<(String, Value)> {
    let mut leaves = Vec::new();
    for (name, value) in parameters {
        match value.as_array().filter(|_| TAGS.contains(&name.as_str())) {
            Some(tags) => leaves.extend(tags.iter().map(|tag| {
                let key = tag["key"].as_str().unwrap_or_default();
                (format!("{name}.{key}"), tag["value"].clone())
            })),
            None => collect(name, value, &mut leaves),
        }
    }
    leaves
}

fn collect(path: &str, value: &Value, leaves: &mut Vec<(String, Value)>) {
    match value.as_object() {
        Some(members) => {
            members.iter().for_each(|(name, value)| collect(&format!("{path}.{name}"), value, leaves));
        }
        None => leaves.push((path.to_owned(), value.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Parameters {
        match value {
            Value::Object(members) => members,
            other => panic!("{other} is no object"),
        }
    }

    #[test]
    fn values_go_where_their_path_leads() {
        let mut parameters = object(json!({"hyperParameters": {"a": "1"}, "jobTags": [{"key": "b", "value": "old"}]}));
        for (path, value) in [
            ("hyperParameters.a.b", "2"),
            ("jobTags.b", "new"),
            ("jobTags.a.c", "dots"),
            ("trainingDataConfig.s3Uri", "s3://t"),
            ("roleArn", "r"),
        ] {
            set(&mut parameters, path, json!(value));
        }
        let expected = json!({
            "hyperParameters": {"a": "1", "a.b": "2"},
            "jobTags": [{"key": "a.c", "value": "dots"}, {"key": "b", "value": "new"}],
            "trainingDataConfig": {"s3Uri": "s3://t"},
            "roleArn": "r",
        });
        assert_eq!(Value::Object(parameters), expected);
    }

    #[test]
    fn what_is_masked_is_named_and_gone() {
        let (clean, masked) = unmasked(object(json!({
            "jobName": MASK, "roleArn": "r", "customModelKmsKeyId": null, "hyperParameters": {},
            "trainingDataConfig": {"invocationLogsConfig": {
                "invocationLogSource": {"s3Uri": "s3://l"},
                "requestMetadataFilters": {"equals": {"team": MASK}},
            }},
            "validationDataConfig": {"validators": [{"s3Uri": "s3://v"}, {"s3Uri": MASK}]},
        })));
        let expected = json!({
            "roleArn": "r", "hyperParameters": {},
            "trainingDataConfig": {"invocationLogsConfig": {"invocationLogSource": {"s3Uri": "s3://l"}}},
        });
        assert_eq!(Value::Object(clean), expected);
        let filter = "trainingDataConfig.invocationLogsConfig.requestMetadataFilters.equals.team";
        assert_eq!(masked, ["jobName", filter, "validationDataConfig.validators"]);
    }

    #[test]
    fn changes_are_told_by_path_in_the_order_of_the_api() {
        let old = object(json!({
            "vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]},
            "jobName": "a", "jobTags": [{"key": "k", "value": "v"}], "hyperParameters": {"x": "1"},
        }));
        let new = object(json!({
            "jobName": "a-r2", "jobTags": [{"key": "k", "value": "v"}, {"key": "l", "value": "w"}],
            "vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-2"]},
        }));
        let (changes, same) = changes(&old, &new);
        let told: Vec<(&str, Option<Value>, Option<Value>)> =
            changes.into_iter().map(|change| (member_name(&change.member), change.old, change.new)).collect();
        assert_eq!(same, 2);
        assert_eq!(
            told,
            [
                ("jobName", Some(json!("a")), Some(json!("a-r2"))),
                ("jobTags.l", None, Some(json!("w"))),
                ("hyperParameters.x", Some(json!("1")), None),
                ("vpcConfig.securityGroupIds", Some(json!(["sg-1"])), Some(json!(["sg-2"]))),
            ]
        );
    }

    fn member_name(path: &str) -> &'static str {
        ["jobName", "jobTags.l", "hyperParameters.x", "vpcConfig.securityGroupIds"]
            .into_iter()
            .find(|name| *name == path)
            .expect("one of these")
    }
}
