//! AWS in memory, for the rule's own traits: it keeps what it is told, and can be told to fail.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use config_rule::controls::job_role_can_use_vpc::PermissionCheck;
use config_rule::deliver::{Config, Refused, ResultKey, Started};
use config_rule::evidence::{EvidenceStore, S3Location};
use config_rule::facts::{
    BucketPolicy, Denied, Endpoint, Fact, Job, JobDetail, PrefixList, RouteTable, SecurityGroup, Subnet, Tags, Unread,
    Vpc, VpcConfig,
};
use config_rule::gather::{Bedrock, Buckets, Ec2, Iam, Listing, Sources};
use config_rule::handler::{Account, Accounts, Apis};
use config_rule::immediate::{Stopped, Stopper};
use config_rule::record::Item;
use config_rule::report::Evaluation;
use schemas::job::JobKind;

/// The account and Region of the tests.
pub const ACCOUNT: &str = "111122223333";

/// What is there, what was done, and what fails.
#[derive(Default)]
pub struct State {
    pub jobs: Vec<(Job, JobDetail, Tags)>,
    pub groups: BTreeMap<String, SecurityGroup>,
    /// Groups that the first look does not see.
    pub just_created: BTreeSet<String>,
    /// Results that Config holds, of the one rule.
    pub results: BTreeMap<ResultKey, Evaluation>,
    /// Sizes of the batches that came.
    pub batches: Vec<usize>,
    pub recorded: BTreeMap<String, String>,
    pub put_items: Vec<String>,
    pub evidence: BTreeMap<String, Vec<u8>>,
    pub stopped: Vec<String>,
    pub gets: Vec<String>,
    pub starts: usize,
    pub reached: Vec<Account>,
    // What fails.
    pub get_fails: BTreeSet<String>,
    pub listing_is_cut: bool,
    pub groups_fail: bool,
    pub tags_fail: bool,
    pub refuses_type: Option<String>,
    pub takes_not: BTreeMap<String, u32>,
    pub evidence_fails: bool,
    pub record_fails: bool,
    pub busy: bool,
    /// How long Config takes to tell of recorded resources.
    pub recording_takes: Duration,
}

#[derive(Clone, Default)]
pub struct Memory(pub Arc<Mutex<State>>);

impl Memory {
    pub fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().expect("no test panics while it holds this")
    }

    /// Adds a job; `groups` of `None` is one without a VPC.
    pub fn job(&self, name: &str, status: &str, groups: Option<&[&str]>) -> String {
        let arn =
            format!("arn:aws:bedrock:eu-west-1:{ACCOUNT}:model-customization-job/cohere.command-text-v14:7:4k/{name}");
        let job = Job {
            arn: arn.clone(),
            name: name.to_owned(),
            kind: JobKind::ModelCustomization,
            status: status.to_owned(),
            created_at: at("2026-01-01T00:00:00Z"),
            ended_at: None,
            failure_message: None,
        };
        let network = |groups: &[&str]| VpcConfig {
            subnet_ids: vec!["subnet-1".to_owned()],
            security_group_ids: groups.iter().map(|&id| id.to_owned()).collect(),
        };
        let detail = JobDetail { vpc_config: groups.map(network), ..JobDetail::default() };
        self.state().jobs.push((job, detail, Tags::new()));
        arn
    }

    pub fn group(&self, id: &str) {
        let group = SecurityGroup { id: id.to_owned(), name: "jobs".to_owned(), ..SecurityGroup::default() };
        self.state().groups.insert(id.to_owned(), group);
    }

    /// What Config shows: name of the job (or the id as it is) and compliance.
    pub fn shown(&self) -> BTreeMap<String, &'static str> {
        let name = |id: &String| id.rsplit('/').next().unwrap_or(id).to_owned();
        self.state().results.iter().map(|((_, id), result)| (name(id), result.compliance.as_str())).collect()
    }
}

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

fn denied(action: &str, resource: &str) -> Unread {
    Unread {
        action: action.to_owned(),
        resource: resource.to_owned(),
        cause: "AccessDeniedException: not authorized".to_owned(),
    }
}

#[async_trait]
impl Accounts for Memory {
    async fn reach(&self, account: &Account) -> Apis {
        self.state().reached.push(account.clone());
        let all = Arc::new(self.clone());
        let sources = Sources {
            bedrock: Arc::clone(&all) as _,
            ec2: Arc::clone(&all) as _,
            iam: Arc::clone(&all) as _,
            buckets: Arc::clone(&all) as _,
        };
        Apis { sources, stopper: Arc::clone(&all) as _, config: Arc::clone(&all) as _, evidence: all }
    }
}

#[async_trait]
impl Bedrock for Memory {
    async fn list_jobs(&self, kind: JobKind, _: Option<DateTime<Utc>>) -> Listing {
        let state = self.state();
        let is_cut = state.listing_is_cut && kind == JobKind::ModelCustomization;
        Listing {
            jobs: state.jobs.iter().filter(|(job, ..)| job.kind == kind).map(|(job, ..)| job.clone()).collect(),
            cut_short: is_cut.then(|| denied("bedrock:ListModelCustomizationJobs", "all jobs")),
        }
    }

    async fn get_job(&self, _: JobKind, arn: &str) -> Fact<(Job, JobDetail)> {
        let mut state = self.state();
        state.gets.push(arn.to_owned());
        if state.get_fails.contains(arn) {
            return Fact::Unreadable(denied("bedrock:GetModelCustomizationJob", arn));
        }
        let found = state.jobs.iter().find(|(job, ..)| job.arn == arn);
        found.map_or(Fact::Absent, |(job, detail, _)| Fact::Known((job.clone(), detail.clone())))
    }

    async fn list_tags_for_resource(&self, arn: &str) -> Fact<Tags> {
        let state = self.state();
        if state.tags_fail {
            return Fact::Unreadable(denied("bedrock:ListTagsForResource", arn));
        }
        let found = state.jobs.iter().find(|(job, ..)| job.arn == arn);
        found.map_or(Fact::Absent, |(_, _, tags)| Fact::Known(tags.clone()))
    }
}

#[async_trait]
impl Stopper for Memory {
    async fn stop_job(&self, _: JobKind, arn: &str) -> Result<Stopped, Unread> {
        self.state().stopped.push(arn.to_owned());
        Ok(Stopped::Now)
    }
}

#[async_trait]
impl Ec2 for Memory {
    async fn describe_security_groups(&self, ids: &[String]) -> Result<Vec<SecurityGroup>, Unread> {
        let mut state = self.state();
        if state.groups_fail {
            return Err(denied("ec2:DescribeSecurityGroups", &ids.join(",")));
        }
        let (mut seen, mut missed) = (Vec::new(), Vec::new());
        for id in ids {
            match state.groups.get(id) {
                Some(_) if state.just_created.contains(id) => missed.push(id.clone()),
                Some(group) => seen.push(group.clone()),
                None => {}
            }
        }
        for id in missed {
            state.just_created.remove(&id);
        }
        Ok(seen)
    }

    async fn describe_subnets(&self, _: &[String]) -> Result<Vec<Subnet>, Unread> {
        Ok(Vec::new())
    }

    async fn describe_vpcs(&self, _: &[String]) -> Result<Vec<Vpc>, Unread> {
        Ok(Vec::new())
    }

    async fn describe_route_tables(&self, _: &[String]) -> Result<Vec<(String, RouteTable)>, Unread> {
        Ok(Vec::new())
    }

    async fn describe_vpc_endpoints(&self, _: &[String]) -> Result<Vec<(String, Endpoint)>, Unread> {
        Ok(Vec::new())
    }

    async fn describe_prefix_lists(&self, _: &str) -> Fact<PrefixList> {
        Fact::Absent
    }
}

#[async_trait]
impl Iam for Memory {
    async fn simulate_principal_policy(&self, _: &str, _: &[PermissionCheck]) -> Fact<Vec<Denied>> {
        Fact::Known(Vec::new())
    }
}

#[async_trait]
impl Buckets for Memory {
    async fn get_bucket_policy(&self, _: &str) -> Fact<BucketPolicy> {
        Fact::Known(BucketPolicy::None)
    }
}

#[async_trait]
impl Config for Memory {
    async fn put_evaluations(&self, _: &str, is_test: bool, some: &[Evaluation]) -> Result<Vec<Evaluation>, Refused> {
        let mut state = self.state();
        state.batches.push(some.len());
        if let Some(refused) = some.iter().find(|one| state.refuses_type.as_ref() == Some(&one.resource_type)) {
            return Err(Refused::ResourceType(format!("the resource type {} is invalid", refused.resource_type)));
        }
        let mut failed = Vec::new();
        for one in some {
            if let Some(times) = state.takes_not.get_mut(&one.resource_id).filter(|times| **times > 0) {
                *times -= 1;
                failed.push(one.clone());
            } else if !is_test {
                let key = (one.resource_type.clone(), one.resource_id.clone());
                if one.compliance == config_rule::report::Compliance::NotApplicable {
                    state.results.remove(&key);
                } else {
                    state.results.insert(key, one.clone());
                }
            }
        }
        Ok(failed)
    }

    async fn get_compliance_details(&self, _: &str) -> Result<Vec<ResultKey>, Unread> {
        Ok(self.state().results.keys().cloned().collect())
    }

    async fn batch_get_resource_config(&self, _: &str, ids: &[String]) -> Result<BTreeMap<String, String>, Unread> {
        let takes = self.state().recording_takes;
        tokio::time::sleep(takes).await;
        let state = self.state();
        Ok(ids.iter().filter_map(|id| Some((id.clone(), state.recorded.get(id)?.clone()))).collect())
    }

    async fn put_resource_config(&self, item: &Item) -> Result<(), Unread> {
        let mut state = self.state();
        if state.record_fails {
            return Err(denied("config:PutResourceConfig", &item.resource_id));
        }
        state.put_items.push(item.resource_name.clone());
        state.recorded.insert(item.resource_id.clone(), item.configuration.to_string());
        Ok(())
    }

    async fn start_config_rules_evaluation(&self, _: &[String]) -> Result<Started, Unread> {
        let mut state = self.state();
        state.starts += 1;
        Ok(if state.busy { Started::NotNow("LimitExceededException".to_owned()) } else { Started::Now })
    }
}

#[async_trait]
impl EvidenceStore for Memory {
    async fn put_object(&self, at: &S3Location, key: &str, bytes: Vec<u8>) -> Result<(), Unread> {
        let mut state = self.state();
        if state.evidence_fails {
            return Err(denied("s3:PutObject", &format!("s3://{}/{key}", at.bucket)));
        }
        state.evidence.insert(key.to_owned(), bytes);
        Ok(())
    }
}

/// Long enough for a test, whose clock is paused.
pub const TIME_LIMIT: Duration = Duration::from_secs(60);
