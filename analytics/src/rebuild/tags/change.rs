//! Records into changes of tags.

use schemas::job::JobKind;
use schemas::record::MASK;
use serde_json::Value;

use super::super::call::{Call, is_masked, plain, scalar};
use super::super::element::{content, list, member};
use super::super::event::Event;

/// What a record does to tags.
#[derive(Debug, PartialEq, Eq)]
pub enum Change {
    /// A resource was made.
    Create {
        /// The resource.
        id: String,
        /// Its tags.
        tags: Vec<Given>,
        /// Whether these are all that it was made with.
        is_whole: bool,
    },
    /// Tags were set; those that were there have new values.
    Set {
        /// The resources.
        ids: Vec<String>,
        /// The tags.
        tags: Vec<Given>,
    },
    /// Tags were taken away.
    Remove {
        /// The resources.
        ids: Vec<String>,
        /// The tags.
        tags: Vec<Given>,
    },
    /// All tags were taken away but those that AWS made itself.
    RemoveAll {
        /// The resources.
        ids: Vec<String>,
    },
}

/// A tag in a request or a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: GivenValue,
}

/// A tag's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GivenValue {
    /// None was given.
    Absent,
    /// One that CloudTrail does not show.
    Masked,
    /// This one.
    Text(String),
}

impl Given {
    /// The value of a tag that was set: one without a value is empty.
    ///
    /// Source: EC2 API Reference, "CreateTags".
    pub fn value_set(&self) -> Option<&str> {
        match &self.value {
            GivenValue::Absent => Some(""),
            GivenValue::Masked => None,
            GivenValue::Text(value) => Some(value),
        }
    }
}

/// Reads an accepted event; `None` when it changes no tags of a resource of ours, or names none that can be read.
pub fn read(event: &Event) -> Option<Change> {
    let call = Call::of(event);
    match event.name.as_str() {
        "CreateSecurityGroup" => create(call, call.response?, "groupId"),
        "CreateVpc" | "CreateDefaultVpc" => create(call, call.made("vpc")?, "vpcId"),
        "CreateSubnet" | "CreateDefaultSubnet" => create(call, call.made("subnet")?, "subnetId"),
        "CreateVpcEndpoint" => create(call, call.made("vpcEndpoint")?, "vpcEndpointId"),
        "CreateTags" => Some(Change::Set { ids: tagged(call)?, tags: given(&tag_set(call.request?)) }),
        "DeleteTags" => delete_tags(call),
        "TagResource" => Some(Change::Set { ids: vec![tagged_job(call)?], tags: given(&list(call.request?, "tags")) }),
        "UntagResource" => untag_resource(call),
        name if JobKind::created_by(name).is_some() => create_job(call),
        _ => None,
    }
}

/// A resource's tags stand in the request and in the response, which repeats them.
fn create(call: Call<'_>, made: &Value, id: &str) -> Option<Change> {
    let answered = list(made, "tagSet");
    let asked = call.request.map(specified).unwrap_or_default();
    let is_told = member(made, "tagSet").is_some_and(|tags| !is_masked(tags))
        || call.request.is_some_and(|request| request.is_object() && !is_masked(request));
    let id = plain(made, id)?.to_owned();
    let tags: Vec<Given> = asked.into_iter().chain(answered).filter_map(one).collect();
    let is_whole = is_told && is_readable(&tags);
    Some(Change::Create { id, tags, is_whole })
}

/// `jobTags` of two kinds of job, `tags` of the third; the tags of the model that a job makes are not the job's.
fn create_job(call: Call<'_>) -> Option<Change> {
    let request = call.request.unwrap_or(&Value::Null);
    let elements: Vec<&Value> = ["jobTags", "tags"].into_iter().flat_map(|name| list(request, name)).collect();
    let tags = given(&elements);
    let is_whole = request.is_object() && !is_masked(request) && tags.len() == elements.len() && is_readable(&tags);
    Some(Change::Create { id: call.answered("jobArn")?.to_owned(), tags, is_whole })
}

fn is_readable(tags: &[Given]) -> bool {
    tags.iter().all(|tag| tag.value != GivenValue::Masked)
}

/// Without tags, the call takes all away that AWS did not make; with a value, only a tag that has it.
///
/// Source: EC2 API Reference, "DeleteTags".
fn delete_tags(call: Call<'_>) -> Option<Change> {
    let (ids, request) = (tagged(call)?, call.request?);
    let elements = tag_set(request);
    if !elements.is_empty() {
        return Some(Change::Remove { ids, tags: given(&elements) });
    }
    // A masked member may be the list of tags.
    (request.is_object() && !is_masked(request)).then_some(Change::RemoveAll { ids })
}

fn untag_resource(call: Call<'_>) -> Option<Change> {
    let keys = list(call.request?, "tagKeys").into_iter().filter_map(content).filter(|key| *key != MASK);
    let tags = keys.map(|key| Given { key: key.to_owned(), value: GivenValue::Absent }).collect();
    Some(Change::Remove { ids: vec![tagged_job(call)?], tags })
}

/// The resources of CreateTags and DeleteTags; `None` without a request.
fn tagged(call: Call<'_>) -> Option<Vec<String>> {
    let request = call.request?;
    let elements = ["resourcesSet", "resourceId"].into_iter().flat_map(|name| list(request, name));
    let ids = elements.filter_map(|element| plain(element, "resourceId").or_else(|| content(element)));
    Some(ids.filter(|id| *id != MASK).map(str::to_owned).collect())
}

/// The ARN in TagResource and UntagResource, which the API writes `resourceARN`.
fn tagged_job(call: Call<'_>) -> Option<String> {
    let arn = ["resourceARN", "resourceArn"].into_iter().find_map(|name| call.asked(name))?;
    Some(arn.to_owned())
}

fn tag_set(request: &Value) -> Vec<&Value> {
    let elements = ["tagSet", "tag"].into_iter().flat_map(|name| list(request, name));
    elements.filter(|element| *element != "").collect()
}

/// Tags in `tagSpecificationSet` and `TagSpecification`.
fn specified(request: &Value) -> Vec<&Value> {
    let specifications = ["tagSpecificationSet", "tagSpecification"].into_iter().flat_map(|name| list(request, name));
    // In the wrapped form `tag` is an element's ordinal, and `Tag` the list.
    specifications.flat_map(|one| ["tags", "Tag"].into_iter().flat_map(move |name| list(one, name))).collect()
}

fn given(elements: &[&Value]) -> Vec<Given> {
    elements.iter().copied().filter_map(one).collect()
}

fn one(element: &Value) -> Option<Given> {
    let key = scalar(member(element, "key")?).filter(|key| *key != MASK)?.into_owned();
    let value = match member(element, "value") {
        None => GivenValue::Absent,
        Some(value) => match scalar(value) {
            Some(value) if value != MASK => GivenValue::Text(value.into_owned()),
            _ => GivenValue::Masked,
        },
    };
    Some(Given { key, value })
}

#[cfg(test)]
mod tests {
    use super::super::super::call::sample::event;
    use super::*;
    use serde_json::json;

    fn tag(key: &str, value: &str) -> Given {
        Given { key: key.to_owned(), value: GivenValue::Text(value.to_owned()) }
    }

    #[expect(clippy::needless_pass_by_value, reason = "cases are written where they are used")]
    fn check(name: &str, request: Value, response: Value, expected: Option<Change>) {
        let shown = format!("{name} {request} {response}");
        assert_eq!(read(&event(1, name, request, response)), expected, "{shown}");
    }

    fn made(id: &str, tags: Vec<Given>, is_whole: bool) -> Option<Change> {
        Some(Change::Create { id: id.to_owned(), tags, is_whole })
    }

    #[test]
    fn tags_at_creation_stand_in_the_request_or_the_response() {
        let asked =
            json!({"tagSpecificationSet": {"items": [{"resourceType": "vpc", "tags": [{"key": "k", "value": "v"}]}]}});
        let answered = json!({"vpc": {"vpcId": "vpc-1", "tagSet": {"items": [{"key": "k", "value": "v"}]}}});
        let twice = vec![tag("k", "v"), tag("k", "v")];
        check("CreateVpc", asked.clone(), answered.clone(), made("vpc-1", twice, true));
        check("CreateVpc", Value::Null, answered, made("vpc-1", vec![tag("k", "v")], true));
        check("CreateVpc", asked, json!({"vpc": {"vpcId": "vpc-1"}}), made("vpc-1", vec![tag("k", "v")], true));
        check("CreateVpc", Value::Null, json!({"vpc": {"vpcId": "vpc-1"}}), made("vpc-1", vec![], false));
        check("CreateVpc", json!({"x": MASK}), json!({"vpc": {"vpcId": "vpc-1"}}), made("vpc-1", vec![], false));
        check("CreateVpc", json!({}), json!({"vpc": {"vpcId": MASK}}), None);
        let default = json!({"vpc": {"vpcId": "vpc-1", "isDefault": true, "tagSet": {}}});
        check("CreateDefaultVpc", Value::Null, default, made("vpc-1", vec![], true));
        let group = json!({"groupId": "sg-1", "_return": true, "tagSet": {"items": [{"key": "k", "value": "v"}]}});
        check("CreateSecurityGroup", json!({}), group, made("sg-1", vec![tag("k", "v")], true));
    }

    #[test]
    fn the_wrapped_form_turns_values_into_json() {
        let asked = json!({"CreateVpcEndpointRequest": {"TagSpecification": {"tag": 1, "ResourceType": "vpc-endpoint",
            "Tag": [{"tag": 1, "Key": "BedrockManaged", "Value": true}, {"tag": 2, "Key": 7, "Value": 1}]}}});
        let answered = json!({"CreateVpcEndpointResponse": {"vpcEndpoint": {"vpcEndpointId": "vpce-1", "tagSet": ""}}});
        let expected = vec![tag("BedrockManaged", "true"), tag("7", "1")];
        check("CreateVpcEndpoint", asked, answered, made("vpce-1", expected, true));
        let answered = json!({"CreateVpcEndpointResponse": {"vpcEndpoint": {"vpcEndpointId": "vpce-1",
            "tagSet": {"item": {"key": "k", "value": false}}}}});
        check("CreateVpcEndpoint", Value::Null, answered, made("vpce-1", vec![tag("k", "false")], true));
    }

    #[test]
    fn a_jobs_tags_are_those_of_its_request() {
        let arn = "arn:aws:bedrock:eu-west-1:1:model-customization-job/m/1";
        let response = || json!({"jobArn": arn});
        let tags = json!({"jobName": "a", "jobTags": [{"key": "k", "value": "v"}],
            "customModelTags": [{"key": "m", "value": "v"}]});
        check("CreateModelCustomizationJob", tags, response(), made(arn, vec![tag("k", "v")], true));
        let tags = json!({"jobName": "a", "tags": [{"key": "k", "value": "v"}]});
        check("CreateModelInvocationJob", tags, response(), made(arn, vec![tag("k", "v")], true));
        check("CreateModelImportJob", json!({"jobName": "a"}), response(), made(arn, vec![], true));
        check("CreateModelImportJob", json!({"jobName": MASK}), response(), made(arn, vec![], false));
        check("CreateModelImportJob", json!({"jobTags": [{"key": MASK}]}), response(), made(arn, vec![], false));
        check("CreateModelImportJob", Value::Null, response(), made(arn, vec![], false));
        check("CreateModelImportJob", json!({}), Value::Null, None);
    }

    #[test]
    fn tag_calls_name_resources_and_tags_in_every_encoding() {
        let ids = || vec!["sg-1".to_owned(), "subnet-1".to_owned()];
        let tags = || vec![tag("k", "v"), Given { key: "K".to_owned(), value: GivenValue::Absent }];
        let items = json!({"resourcesSet": {"items": [{"resourceId": "sg-1"}, {"resourceId": "subnet-1"}]},
            "tagSet": {"items": [{"key": "k", "value": "v"}, {"key": "K"}]}});
        let wrapped = |name: &str| {
            json!({format!("{name}Request"): {
                "ResourceId": [{"tag": 1, "content": "sg-1"}, {"tag": 2, "content": "subnet-1"}],
                "Tag": [{"tag": 1, "Key": "k", "Value": "v"}, {"tag": 2, "Key": "K"}]}})
        };
        let set = || Some(Change::Set { ids: ids(), tags: tags() });
        check("CreateTags", items.clone(), json!({"_return": true}), set());
        check("CreateTags", wrapped("CreateTags"), Value::Null, set());
        let remove = || Some(Change::Remove { ids: ids(), tags: tags() });
        check("DeleteTags", items, json!({"_return": true}), remove());
        check("DeleteTags", wrapped("DeleteTags"), Value::Null, remove());
        check("CreateTags", Value::Null, json!({"_return": true}), None);
    }

    #[test]
    fn only_a_request_without_tags_takes_them_all_away() {
        let request = |tags: Value| json!({"resourcesSet": {"items": [{"resourceId": "sg-1"}]}, "tagSet": tags});
        let ids = || vec!["sg-1".to_owned()];
        for tags in [json!({}), Value::Null, json!(""), json!([])] {
            check("DeleteTags", request(tags), Value::Null, Some(Change::RemoveAll { ids: ids() }));
        }
        check("DeleteTags", json!({"resourcesSet": {"items": [{"resourceId": "sg-1"}]}, "x": MASK}), Value::Null, None);
        for tags in [json!(MASK), json!({"items": [{"key": MASK}]})] {
            check("DeleteTags", request(tags), Value::Null, Some(Change::Remove { ids: ids(), tags: vec![] }));
        }
        let masked = Given { key: "k".to_owned(), value: GivenValue::Masked };
        let tags = json!({"items": [{"key": "k", "value": MASK}]});
        check("DeleteTags", request(tags), Value::Null, Some(Change::Remove { ids: ids(), tags: vec![masked] }));
    }

    #[test]
    fn bedrock_tags_by_arn() {
        let arn = "arn:aws:bedrock:eu-west-1:1:model-import-job/1";
        let request = json!({"resourceARN": arn, "tags": [{"key": "k", "value": ""}]});
        check(
            "TagResource",
            request,
            Value::Null,
            Some(Change::Set { ids: vec![arn.to_owned()], tags: vec![tag("k", "")] }),
        );
        let tags = vec![Given { key: "k".to_owned(), value: GivenValue::Absent }];
        let request = json!({"resourceARN": arn, "tagKeys": ["k", MASK]});
        check("UntagResource", request, Value::Null, Some(Change::Remove { ids: vec![arn.to_owned()], tags }));
        check("UntagResource", json!({"resourceARN": MASK, "tagKeys": ["k"]}), Value::Null, None);
    }
}
