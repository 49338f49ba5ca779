//! Collecting facts: what is asked of AWS, through which small traits, and in which order.
//!
//! Everything here is bounded: so many requests at a time, and none after the deadline.

pub(crate) mod network;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::stream::{self, StreamExt};
use schemas::control::ControlId;
use schemas::job::JobKind;
use tokio::time::Instant;

use crate::controls::job_role_can_use_vpc::PermissionCheck;
use crate::controls::{Needs, needs};
use crate::facts::{
    BucketPolicy, Denied, Endpoint, Fact, Job, JobDetail, JobFacts, PrefixList, RouteTable, SecurityGroup, Subnet,
    Tags, Unread, Vpc, World,
};
use crate::parameters::Selection;

/// Amazon Bedrock, as far as the rule reads it. Every call follows its pages to the end.
#[async_trait]
pub trait Bedrock: Send + Sync {
    /// The jobs of a kind, created from a time on.
    async fn list_jobs(&self, kind: JobKind, created_from: Option<DateTime<Utc>>) -> Listing;
    /// One job as it is now, and what only the Get call shows; `Absent` when there is none.
    async fn get_job(&self, kind: JobKind, arn: &str) -> Fact<(Job, JobDetail)>;
    /// The tags of a job.
    async fn list_tags_for_resource(&self, arn: &str) -> Fact<Tags>;
}

/// What a listing showed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// The jobs of the pages that came.
    pub jobs: Vec<Job>,
    /// Why there may be more: the page that did not come.
    pub cut_short: Option<Unread>,
}

/// Amazon EC2. What does not exist is left out of an answer, never an error.
#[async_trait]
pub trait Ec2: Send + Sync {
    /// The groups among these.
    async fn describe_security_groups(&self, ids: &[String]) -> Result<Vec<SecurityGroup>, Unread>;
    /// The subnets among these.
    async fn describe_subnets(&self, ids: &[String]) -> Result<Vec<Subnet>, Unread>;
    /// The VPCs among these.
    async fn describe_vpcs(&self, ids: &[String]) -> Result<Vec<Vpc>, Unread>;
    /// The tables of these VPCs, each beside its VPC.
    async fn describe_route_tables(&self, vpc_ids: &[String]) -> Result<Vec<(String, RouteTable)>, Unread>;
    /// The endpoints of these VPCs, each beside its VPC.
    async fn describe_vpc_endpoints(&self, vpc_ids: &[String]) -> Result<Vec<(String, Endpoint)>, Unread>;
    /// A prefix list by its name.
    async fn describe_prefix_lists(&self, name: &str) -> Fact<PrefixList>;
}

/// AWS Identity and Access Management.
#[async_trait]
pub trait Iam: Send + Sync {
    /// What a role may not do among some checks; `Absent` when there is no such role.
    async fn simulate_principal_policy(&self, role_arn: &str, checks: &[PermissionCheck]) -> Fact<Vec<Denied>>;
}

/// Amazon S3.
#[async_trait]
pub trait Buckets: Send + Sync {
    /// The policy of a bucket; `Absent` when there is no such bucket.
    async fn get_bucket_policy(&self, bucket: &str) -> Fact<BucketPolicy>;
}

/// What is read from.
#[derive(Clone)]
pub struct Sources {
    /// Jobs.
    pub bedrock: Arc<dyn Bedrock>,
    /// Networks.
    pub ec2: Arc<dyn Ec2>,
    /// Roles.
    pub iam: Arc<dyn Iam>,
    /// Buckets.
    pub buckets: Arc<dyn Buckets>,
}

/// What bounds the reading.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Requests in flight at one time.
    pub concurrency: usize,
    /// After this, what was not read is unreadable.
    pub deadline: Instant,
    /// EC2 may not show a group that was just created; one that is missing is looked for again after this.
    pub second_look_after: Duration,
}

impl Bounds {
    /// The same until a part of the time that is left is over, so that one call that hangs leaves time for the others.
    #[must_use]
    pub fn part(self, share: f64) -> Self {
        let now = Instant::now();
        Self { deadline: now + self.deadline.saturating_duration_since(now).mul_f64(share), ..self }
    }

    /// An answer, or that there was none in time.
    pub async fn in_time<T>(&self, action: &str, resource: &str, call: impl Future<Output = T>) -> Result<T, Unread> {
        let late = |_| Unread {
            action: action.to_owned(),
            resource: resource.to_owned(),
            cause: "no answer before the deadline of this run".to_owned(),
        };
        tokio::time::timeout_at(self.deadline, call).await.map_err(late)
    }
}

/// What the Get call told of finished jobs, which cannot change, from one invocation of a warm function to the next.
#[derive(Debug, Default)]
pub struct Memory {
    details: Mutex<HashMap<String, Described>>,
}

/// What the Get call told of a job.
#[derive(Debug, Clone)]
struct Described {
    detail: Arc<JobDetail>,
    failure_message: Option<String>,
}

impl Memory {
    /// About 0.5 KB each, so 10 MB at most; a failed job's message is some sentences more.
    const MOST_JOBS: usize = 20_000;

    fn get(&self, job: &Job) -> Option<Described> {
        self.details.lock().expect("no thread panics while it holds this").get(&job.arn).cloned()
    }

    fn keep(&self, job: &Job, described: &Described) {
        let mut details = self.details.lock().expect("no thread panics while it holds this");
        if job.is_finished() && details.len() < Self::MOST_JOBS {
            details.insert(job.arn.clone(), described.clone());
        }
    }
}

impl Described {
    /// With the job as listed. One that failed between the two calls is told as it was listed, without a message.
    fn of(self, job: Job) -> JobFacts {
        let failure_message = self.failure_message.filter(|_| job.is_finished());
        JobFacts { job: Job { failure_message, ..job }, detail: Fact::Known(self.detail) }
    }
}

/// The jobs that a rule looks at.
#[derive(Debug, Default)]
pub struct Jobs {
    /// Sorted by creation time, then ARN.
    pub jobs: Vec<JobFacts>,
    /// Listings that were cut short; there may be more jobs.
    pub unread_lists: Vec<Unread>,
}

/// Lists the jobs that a rule looks at, and gets each.
pub async fn jobs(
    sources: &Sources,
    selection: &Selection,
    now: DateTime<Utc>,
    bounds: Bounds,
    memory: &Memory,
) -> Jobs {
    let created_from = selection.created_from(now);
    let mut found = Jobs::default();
    let mut listed = Vec::new();
    for &kind in &selection.kinds {
        let listing = bounds.in_time(list_action(kind), "all jobs", sources.bedrock.list_jobs(kind, created_from));
        let listing = listing.await.unwrap_or_else(|late| Listing { cut_short: Some(late), ..Listing::default() });
        found.unread_lists.extend(listing.cut_short);
        listed.extend(listing.jobs.into_iter().filter(|job| selection.includes(job, now)));
    }
    found.jobs = stream::iter(listed)
        .map(|job| job_facts(sources, job, bounds, memory))
        .buffer_unordered(bounds.concurrency)
        .collect()
        .await;
    found.jobs.sort_by(|a, b| (a.job.created_at, &a.job.arn).cmp(&(b.job.created_at, &b.job.arn)));
    // A job that is created while the pages are read may stand on two of them.
    found.jobs.dedup_by(|a, b| a.job.arn == b.job.arn);
    found
}

/// One job and its detail.
pub async fn job_facts(sources: &Sources, job: Job, bounds: Bounds, memory: &Memory) -> JobFacts {
    if let Some(described) = memory.get(&job) {
        return described.of(job);
    }
    let got = bounds.in_time(get_action(job.kind), &job.arn, sources.bedrock.get_job(job.kind, &job.arn)).await;
    let detail = match got {
        Ok(Fact::Known((got, detail))) => {
            let described = Described { detail: Arc::new(detail), failure_message: got.failure_message };
            memory.keep(&job, &described);
            return described.of(job);
        }
        Ok(Fact::Absent) => Fact::Absent,
        Ok(Fact::Unreadable(unread)) | Err(unread) => Fact::Unreadable(unread),
    };
    JobFacts { job, detail }
}

/// The tags of some jobs, by ARN.
pub async fn tags(sources: &Sources, arns: Vec<String>, bounds: Bounds) -> BTreeMap<String, Fact<Tags>> {
    let read = |arn: String| async move {
        let call = sources.bedrock.list_tags_for_resource(&arn);
        let tags = bounds.in_time("bedrock:ListTagsForResource", &arn, call).await.unwrap_or_else(Fact::Unreadable);
        (arn, tags)
    };
    stream::iter(arns).map(read).buffer_unordered(bounds.concurrency).collect().await
}

/// What the controls need to know around some jobs, and nothing else.
pub async fn world(
    sources: &Sources,
    (account_id, region): (&str, &str),
    jobs: &[JobFacts],
    controls: &[ControlId],
    bounds: Bounds,
) -> World {
    let needs = controls.iter().map(|&control| needs(control)).fold(Needs::default(), Needs::and);
    let mut world = World { account_id: account_id.to_owned(), region: region.to_owned(), ..World::default() };
    network::read(sources, jobs, needs, bounds, &mut world).await;
    world
}

/// The IAM action of listing a kind of job.
pub const fn list_action(kind: JobKind) -> &'static str {
    match kind {
        JobKind::ModelCustomization => "bedrock:ListModelCustomizationJobs",
        JobKind::ModelImport => "bedrock:ListModelImportJobs",
        JobKind::ModelInvocation => "bedrock:ListModelInvocationJobs",
    }
}

/// The IAM action of getting one.
pub const fn get_action(kind: JobKind) -> &'static str {
    match kind {
        JobKind::ModelCustomization => "bedrock:GetModelCustomizationJob",
        JobKind::ModelImport => "bedrock:GetModelImportJob",
        JobKind::ModelInvocation => "bedrock:GetModelInvocationJob",
    }
}
