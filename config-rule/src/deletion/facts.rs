//! What an answer may look at: plain values, each of them known, absent or unreadable.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::subject::{ResourceId, ResourceKind};
use crate::facts::{Endpoint, Fact, JobFacts, SecurityGroup, Tags, Unread, World};

/// A network interface that uses a group, or lies in a subnet or VPC (EC2 API Reference, "NetworkInterface").
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Interface {
    /// `eni-...`
    pub id: String,
    /// `available`, `in-use` and others.
    pub status: String,
    /// `interface`, `vpc_endpoint`, `lambda` and others.
    pub interface_type: String,
    /// What whoever made it wrote there.
    pub description: String,
    /// The account or service that made it for its owner, where one did.
    pub requester_id: Option<String>,
    /// The instance that it is attached to.
    pub instance_id: Option<String>,
    /// The job that Bedrock made it for: its tag `BedrockModelCustomizationJobArn`.
    pub job_arn: Option<String>,
    /// Its groups.
    pub security_group_ids: Vec<String>,
    /// Its subnet.
    pub subnet_id: String,
    /// Its VPC.
    pub vpc_id: String,
}

impl Interface {
    /// Whether it goes when these do: itself, its instance, or the endpoint, NAT gateway or load balancer that it serves.
    /// These name themselves in the description: `VPC Endpoint Interface vpce-...`, `ELB app/NAME/...`.
    pub fn goes_with(&self, going: &BTreeSet<String>) -> bool {
        let served = |word: &str| {
            let ending = format!(":loadbalancer/{word}");
            going.contains(word) || (word.contains('/') && going.iter().any(|id| id.ends_with(&ending)))
        };
        going.contains(&self.id)
            || self.instance_id.as_ref().is_some_and(|id| going.contains(id))
            || self.description.split_whitespace().any(served)
    }
}

/// An endpoint that was asked for by its id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OwnEndpoint {
    /// Its VPC.
    pub vpc_id: String,
    /// The account that owns it.
    pub owner_id: String,
    /// What the controls look at.
    pub endpoint: Endpoint,
    /// Its tags.
    pub tags: Tags,
}

/// A job that the history knows to have named a resource, or to have used it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastJob {
    /// Its ARN.
    pub job_arn: String,
    /// Its name, where a record tells it.
    pub job_name: Option<String>,
    /// Its account.
    pub account_id: String,
    /// The first record or evidence that ties it to the resource.
    pub named_at: DateTime<Utc>,
    /// When it was over, as far as anything tells.
    pub ended_at: Option<DateTime<Utc>>,
    /// The record of the request that made it, where there is one.
    pub event_id: Option<String>,
}

/// The interfaces of jobs that the history knows to have used a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastUse {
    /// How many.
    pub interfaces: u64,
    /// When the last one was made.
    pub last_made_at: DateTime<Utc>,
    /// When the last one was deleted or lost the group; `None`: for one of them no record tells an end.
    pub last_ended_at: Option<DateTime<Utc>>,
}

/// That a resource was deleted, as a record tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastDeletion {
    /// When.
    pub deleted_at: DateTime<Utc>,
    /// By whom, where the record tells it.
    pub who: Option<String>,
    /// The record.
    pub event_id: Option<String>,
}

/// What the history says of one resource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    /// Jobs that named or used it, the earliest first.
    pub jobs: Vec<PastJob>,
    /// The last use by a job's interface.
    pub last_use: Option<PastUse>,
    /// Its deletion.
    pub deletion: Option<PastDeletion>,
}

/// What was read. What is not in here was not asked for, and counts as unreadable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// The Region, the account as far as a job tells it, and the networks.
    pub world: World,
    /// Every job of the account and Region.
    pub jobs: Vec<JobFacts>,
    /// Listings of jobs that were cut short: there may be more jobs.
    pub unread_lists: Vec<Unread>,
    /// The endpoints that are asked about.
    pub endpoints: BTreeMap<String, Fact<OwnEndpoint>>,
    /// Groups with rules that name a group, by that group's id.
    pub referring_groups: BTreeMap<String, Fact<Vec<SecurityGroup>>>,
    /// Interfaces that use a group or lie in a subnet or VPC, by its id.
    pub interfaces: BTreeMap<String, Fact<Vec<Interface>>>,
    /// What the history says, by id; empty where no lake was given.
    pub history: BTreeMap<String, History>,
}

impl Seen {
    /// The groups with rules that name this one.
    pub fn referring_groups_of(&self, id: &str) -> Fact<&Vec<SecurityGroup>> {
        self.referring_groups.get(id).map_or_else(|| not_asked(id), Fact::as_ref)
    }

    /// The interfaces that use it.
    pub fn interfaces_of(&self, id: &str) -> Fact<&Vec<Interface>> {
        self.interfaces.get(id).map_or_else(|| not_asked(id), Fact::as_ref)
    }

    /// The resource itself.
    pub fn found(&self, id: &ResourceId) -> Fact<Found> {
        let text = id.as_str();
        match id.kind() {
            ResourceKind::SecurityGroup => known(self.world.security_group(text), |group| Found {
                owner_id: group.owner_id.clone(),
                tags: group.tags.clone(),
                default_group_of: (group.name == "default").then(|| group.vpc_id.clone()),
                ..Found::default()
            }),
            ResourceKind::Subnet => known(self.world.subnet(text), |subnet| Found {
                owner_id: subnet.owner_id.clone(),
                tags: subnet.tags.clone(),
                ..Found::default()
            }),
            ResourceKind::Vpc => known(self.world.vpc(text), |vpc| Found {
                owner_id: vpc.owner_id.clone(),
                tags: vpc.tags.clone(),
                ..Found::default()
            }),
            ResourceKind::VpcEndpoint => {
                let endpoint = self.endpoints.get(text).map_or_else(|| not_asked(text), Fact::as_ref);
                known(endpoint, |endpoint| Found {
                    owner_id: endpoint.owner_id.clone(),
                    tags: endpoint.tags.clone(),
                    endpoint_of: Some(endpoint.vpc_id.clone()),
                    ..Found::default()
                })
            }
        }
    }
}

/// What every kind of resource has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The account that owns it.
    pub owner_id: String,
    /// Its tags.
    pub tags: Tags,
    /// The VPC whose default group it is.
    pub default_group_of: Option<String>,
    /// The VPC whose endpoint it is.
    pub endpoint_of: Option<String>,
}

fn known<T>(fact: Fact<&T>, found: impl FnOnce(&T) -> Found) -> Fact<Found> {
    match fact {
        Fact::Known(value) => Fact::Known(found(value)),
        Fact::Absent => Fact::Absent,
        Fact::Unreadable(unread) => Fact::Unreadable(unread),
    }
}

fn not_asked<T>(id: &str) -> Fact<T> {
    Fact::Unreadable(Unread {
        action: "nothing".to_owned(),
        resource: id.to_owned(),
        cause: "the answer looked at what was not gathered for it".to_owned(),
    })
}

/// What becomes of a resource that only finished jobs name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FinishedJobs {
    /// It stays: without it such a job does not comply, for ever.
    #[default]
    Refuse,
    /// It may go.
    Ignore,
}

/// A tag that protects what carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectingTag {
    /// Compared exactly, as AWS does.
    pub key: String,
    /// `None`: whatever the value.
    pub value: Option<String>,
}

impl ProtectingTag {
    /// Whether these tags hold it.
    pub fn is_in(&self, tags: &Tags) -> bool {
        tags.get(&self.key).is_some_and(|found| self.value.as_ref().is_none_or(|value| value == found))
    }
}

/// What whoever asks has decided.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    /// Whether finished jobs count.
    pub finished_jobs: FinishedJobs,
    /// The tags that protect.
    pub protecting_tags: Vec<ProtectingTag>,
    /// Ids of everything that is to be deleted along with it: what uses it from there does not keep it.
    pub together: BTreeSet<String>,
}
