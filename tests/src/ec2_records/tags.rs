//! Records of the calls on tags, and of the jobs that have some.

use analytics::trail::record::bedrock::{JobRequest, create_model_customization_job};
use serde_json::{Value, json};

use super::Body;
use super::json::{items, set};
use super::rules::tag_values;
use crate::ec2_life::Call;
use crate::ec2_model::{Answer, Ec2, Operation};

/// The request and the response.
pub(super) fn body(ec2: &Ec2, call: &Call) -> Body {
    match &call.operation {
        Operation::CreateTags { resource_ids, tags } => {
            let request = json!({ "resourcesSet": resources(resource_ids), "tagSet": items(tag_values(tags)) });
            Body::done("CreateTags", request)
        }
        Operation::DeleteTags { resource_ids, tags } => {
            let tag = |(key, value): &(String, Option<String>)| {
                let mut tag = json!({ "key": key });
                set(&mut tag, "value", value.as_deref());
                tag
            };
            let request =
                json!({ "resourcesSet": resources(resource_ids), "tagSet": items(tags.iter().map(tag).collect()) });
            Body::done("DeleteTags", request)
        }
        Operation::CreateJob { name, tags } => create_job(ec2, call, name, tags),
        Operation::TagJob { arn, tags } => {
            Body::new("TagResource", json!({ "resourceARN": arn, "tags": tag_values(tags) }), Value::Null)
        }
        Operation::UntagJob { arn, keys } => {
            Body::new("UntagResource", json!({ "resourceARN": arn, "tagKeys": keys }), Value::Null)
        }
        other => unreachable!("{other:?} is not about tags"),
    }
}

fn resources(ids: &[String]) -> Value {
    items(ids.iter().map(|id| json!({ "resourceId": id })).collect())
}

fn create_job(ec2: &Ec2, call: &Call, name: &str, tags: &[(String, String)]) -> Body {
    let request = JobRequest {
        name: name.to_owned(),
        base_model: "amazon.titan-text-express-v1:0:8k".to_owned(),
        training_data: "s3://data/train.jsonl".to_owned(),
        role: "training".to_owned(),
        vpc: None,
        id: "abcdefghijkl".to_owned(),
    };
    let place = analytics::trail::Place::new(&ec2.account_id, &ec2.region);
    let mut record = create_model_customization_job(&place, &call.caller, call.at, &request).0;
    let mut request = record["requestParameters"].take();
    if !tags.is_empty() {
        request["jobTags"] = Value::from(tag_values(tags));
    }
    let response = match &call.outcome {
        Ok(Answer::Made(arn)) => json!({ "jobArn": arn }),
        _ => Value::Null,
    };
    Body::new("CreateModelCustomizationJob", request, response)
}
