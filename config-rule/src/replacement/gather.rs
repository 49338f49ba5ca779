//! The traits over AWS that a replacement needs beside those of the rule, and collecting what it is decided on.

use std::sync::Arc;

use async_trait::async_trait;
use schemas::control::ControlId;

use super::network::{Tagged, Wanted};
use super::origin::{Live, Old};
use super::preflight::{CONTROLS, Seen};
use super::request::Request;
use crate::facts::{Fact, Job, JobFacts, SecurityGroup, Subnet, Tags, Unread};
use crate::gather::{self, Bounds, Sources};
use crate::immediate::Stopper;

/// The IAM action of getting a customization job.
pub const GET: &str = "bedrock:GetModelCustomizationJob";

/// Amazon Bedrock, as far as customization jobs are created again.
#[async_trait]
pub trait Requests: Send + Sync {
    /// A job by ARN or name, with every member of its request that the call tells; `Absent` when there is none.
    async fn get_model_customization_job(&self, job: &str) -> Fact<Live>;
    /// Submits a request.
    async fn create_model_customization_job(&self, request: &Request) -> Result<Created, Unread>;
    /// The names of custom models that hold this text, all pages.
    async fn list_custom_models(&self, name_contains: &str) -> Result<Vec<String>, Unread>;
}

/// The answer to a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The new job.
    pub job_arn: String,
    /// The id under which CloudTrail records the call.
    pub request_id: Option<String>,
}

/// Amazon EC2, by tag. Its filters take `*` and `?` in a value for anything. All pages.
#[async_trait]
pub trait TaggedNetworks: Send + Sync {
    /// The subnets with a tag.
    async fn describe_subnets_with_tag(&self, key: &str, value: &str) -> Result<Vec<Subnet>, Unread>;
    /// The security groups with a tag.
    async fn describe_security_groups_with_tag(&self, key: &str, value: &str) -> Result<Vec<SecurityGroup>, Unread>;
}

/// What a replacement reads from and acts through.
#[derive(Clone)]
pub struct Access {
    /// What the rule reads from.
    pub sources: Sources,
    /// Requests.
    pub requests: Arc<dyn Requests>,
    /// What stops jobs.
    pub stopper: Arc<dyn Stopper>,
    /// Networks by tag.
    pub tagged: Arc<dyn TaggedNetworks>,
}

/// A job by ARN or name.
pub async fn live(access: &Access, job: &str, bounds: Bounds) -> Fact<Live> {
    let call = access.requests.get_model_customization_job(job);
    bounds.in_time(GET, job, call).await.unwrap_or_else(Fact::Unreadable)
}

/// What the API tells of the old job, its tags and those of its model with it.
pub async fn of_api(access: &Access, live: &Live, bounds: Bounds) -> Old {
    let job_tags = tags(access, &live.job.arn, bounds).await;
    let model_tags = match &live.output_model_arn {
        Some(arn) => match tags(access, arn, bounds).await {
            // The model was deleted, and its tags with it.
            Fact::Absent => None,
            tags => Some(tags),
        },
        None => None,
    };
    Old::of_api(live, job_tags, model_tags)
}

async fn tags(access: &Access, arn: &str, bounds: Bounds) -> Fact<Tags> {
    let call = access.sources.bedrock.list_tags_for_resource(arn);
    bounds.in_time("bedrock:ListTagsForResource", arn, call).await.unwrap_or_else(Fact::Unreadable)
}

/// What carries the approved network's tag; nothing is asked where no tag was typed.
pub async fn tagged(access: &Access, wanted: &Wanted, bounds: Bounds) -> Result<Tagged, Unread> {
    let Some((key, value)) = &wanted.tag else { return Ok(Tagged::default()) };
    let mut tagged = Tagged::default();
    let tag = format!("{key}={value}");
    if wanted.subnet_ids.is_empty() {
        let call = access.tagged.describe_subnets_with_tag(key, value);
        tagged.subnets = bounds.in_time("ec2:DescribeSubnets", &tag, call).await.flatten()?;
    }
    if wanted.security_group_ids.is_empty() {
        let call = access.tagged.describe_security_groups_with_tag(key, value);
        tagged.security_groups = bounds.in_time("ec2:DescribeSecurityGroups", &tag, call).await.flatten()?;
    }
    let mut vpc_ids: Vec<String> = tagged.security_groups.iter().map(|group| group.vpc_id.clone()).collect();
    vpc_ids.sort();
    vpc_ids.dedup();
    if !vpc_ids.is_empty() {
        let call = access.sources.ec2.describe_vpc_endpoints(&vpc_ids);
        let endpoints = bounds.in_time("ec2:DescribeVpcEndpoints", &vpc_ids.join(","), call).await.flatten()?;
        let groups = endpoints.into_iter().flat_map(|(_, endpoint)| endpoint.security_group_ids);
        tagged.endpoint_group_ids = groups.collect();
    }
    Ok(tagged)
}

/// What the checks look at. `place`: account and Region; `old`: the old job now.
pub async fn seen(
    access: &Access,
    request: &Request,
    job: &JobFacts,
    place: (&str, &str),
    old: Fact<Job>,
    bounds: Bounds,
) -> Seen {
    let controls: Vec<ControlId> = CONTROLS.into_iter().chain([ControlId::TrainingDataRequiresVpc]).collect();
    let world = gather::world(&access.sources, place, std::slice::from_ref(job), &controls, bounds).await;
    let named = live(access, &request.job_name, bounds).await;
    let call = access.requests.list_custom_models(&request.custom_model_name);
    let models = bounds.in_time("bedrock:ListCustomModels", &request.custom_model_name, call).await.flatten();
    Seen { world, old, named, models }
}
