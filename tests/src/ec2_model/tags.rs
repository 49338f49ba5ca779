//! Tags of security groups, subnets, VPCs, endpoints and jobs.

use std::collections::BTreeMap;

use super::operation::KeyValue;
use super::{All, Answer, CallNumber, Ec2, Refusal, Time};

/// A tag's value, and the call that gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The value; it may be empty.
    pub value: String,
    /// The call since which it has had that value.
    pub since: CallNumber,
}

/// Tags by key. Keys differ by case.
pub type Tags = BTreeMap<String, Tag>;

/// Has tags.
pub(super) trait Tagged: Clone {
    fn tags_mut(&mut self) -> &mut Tags;
}

impl Tagged for Tags {
    fn tags_mut(&mut self) -> &mut Tags {
        self
    }
}

/// Tags given by a call. A value that a tag has already changes nothing.
pub(super) fn add(tags: &mut Tags, given: &[KeyValue], since: CallNumber) {
    for (key, value) in given {
        if tags.get(key).is_none_or(|tag| tag.value != *value) {
            tags.insert(key.clone(), Tag { value: value.clone(), since });
        }
    }
}

impl Ec2 {
    /// EC2 API Reference, "CreateTags": adds or overwrites.
    pub(super) fn create_tags(&mut self, resource_ids: &[String], tags: &[KeyValue]) -> Result<Answer, Refusal> {
        let call = self.call;
        self.retag(resource_ids, |of_one| add(of_one, tags, call))
    }

    /// EC2 API Reference, "DeleteTags": "If you specify a tag key without a tag value, we delete any tag with this key
    /// regardless of its value. If you specify a tag key with an empty string as the tag value, we delete the tag only if
    /// its value is an empty string. If you omit this parameter, we delete all user-defined tags".
    pub(super) fn delete_tags(
        &mut self,
        resource_ids: &[String],
        tags: &[(String, Option<String>)],
    ) -> Result<Answer, Refusal> {
        self.retag(resource_ids, |of_one| {
            of_one.retain(|key, tag| {
                let goes = |(k, v): &(String, Option<String>)| k == key && v.as_ref().is_none_or(|v| *v == tag.value);
                !(tags.is_empty() || tags.iter().any(goes))
            });
        })
    }

    fn retag(&mut self, resource_ids: &[String], change: impl Fn(&mut Tags)) -> Result<Answer, Refusal> {
        for id in resource_ids {
            if !self.has_tags(id) {
                return Err(Refusal::new("Client.InvalidID", &format!("The ID '{id}' is not valid")));
            }
        }
        let stamp = self.stamp();
        for id in resource_ids {
            match id.split('-').next() {
                Some("sg") => edit(stamp, &mut self.groups, id, &change),
                Some("vpc") => edit(stamp, &mut self.vpcs, id, &change),
                Some("subnet") => edit(stamp, &mut self.subnets, id, &change),
                Some("vpce") => edit(stamp, &mut self.endpoints, id, &change),
                // Others have tags too, which nobody compares.
                _ => (),
            }
        }
        Ok(Answer::Done)
    }

    fn has_tags(&self, id: &str) -> bool {
        match id.split('-').next() {
            Some("sg") => Self::state(&self.groups, id, "").is_ok(),
            Some("vpc") => Self::state(&self.vpcs, id, "").is_ok(),
            Some("subnet") => Self::state(&self.subnets, id, "").is_ok(),
            Some("vpce") => Self::state(&self.endpoints, id, "").is_ok(),
            Some("rtb") => Self::state(&self.route_tables, id, "").is_ok(),
            Some("igw") => Self::state(&self.gateways, id, "").is_ok(),
            Some("eni") => Self::state(&self.interfaces, id, "").is_ok(),
            _ => false,
        }
    }

    /// Amazon Bedrock API Reference, "CreateModelCustomizationJob", `jobTags`.
    pub(super) fn create_job(&mut self, name: &str, given: &[KeyValue]) -> Result<Answer, Refusal> {
        let id = self.new_id("x").replace("x-", "");
        let job = format!("model-customization-job/amazon.titan-text-express-v1:0:8k/{}", &id[id.len() - 12..]);
        let arn = format!("arn:aws:bedrock:{}:{}:{job}", self.region, self.account_id);
        if name.is_empty() {
            return Err(Refusal::new("ValidationException", "jobName must not be empty"));
        }
        let mut tags = Tags::new();
        add(&mut tags, given, self.call);
        Self::put(self.stamp(), &mut self.jobs, &arn, Some(tags));
        Ok(Answer::Made(arn))
    }

    /// Amazon Bedrock API Reference, "TagResource".
    pub(super) fn tag_job(&mut self, arn: &str, given: &[KeyValue]) -> Result<Answer, Refusal> {
        Self::state(&self.jobs, arn, "ResourceNotFoundException")?;
        let call = self.call;
        edit(self.stamp(), &mut self.jobs, arn, &|tags| add(tags, given, call));
        Ok(Answer::Done)
    }

    /// Amazon Bedrock API Reference, "UntagResource".
    pub(super) fn untag_job(&mut self, arn: &str, keys: &[String]) -> Result<Answer, Refusal> {
        Self::state(&self.jobs, arn, "ResourceNotFoundException")?;
        edit(self.stamp(), &mut self.jobs, arn, &|tags| tags.retain(|key, _| !keys.contains(key)));
        Ok(Answer::Done)
    }
}

fn edit<T: Tagged>(stamp: (Time, CallNumber), all: &mut All<T>, id: &str, change: &impl Fn(&mut Tags)) {
    let mut state = all[id].now().expect("it was looked up").clone();
    change(state.tags_mut());
    Ec2::put(stamp, all, id, Some(state));
}
