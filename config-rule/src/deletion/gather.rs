//! Collecting what an answer may look at, for all ids at once.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use schemas::ids::Arn;

use super::facts::{Interface, OwnEndpoint, Seen};
use super::needs::ENDPOINT_CONTROLS;
use super::subject::{ResourceId, ResourceKind};
use crate::facts::{Fact, JobFacts, SecurityGroup, Unread, VpcConfig, World};
use crate::gather::network::{groups, look, subnets, vpcs};
use crate::gather::{self, Bounds, Jobs, Memory, Sources};
use crate::parameters::Selection;

/// Amazon EC2, as far as it tells what uses a resource. What does not exist is left out of an answer, never an error.
#[async_trait]
pub trait NetworkUse: Send + Sync {
    /// The groups with a rule, inbound or outbound, that names one of these groups.
    async fn describe_referring_security_groups(&self, ids: &[String]) -> Result<Vec<SecurityGroup>, Unread>;
    /// The interfaces that use one of these groups, or lie in one of these subnets or VPCs: ids of one kind.
    async fn describe_network_interfaces(&self, kind: ResourceKind, ids: &[String]) -> Result<Vec<Interface>, Unread>;
    /// The endpoints among these.
    async fn describe_vpc_endpoints_by_id(&self, ids: &[String]) -> Result<Vec<OwnEndpoint>, Unread>;
}

/// Of the time for reading, this part is for the jobs themselves,
const JOBS_SHARE: f64 = 0.6;

/// and of what is left then, this part for the network of running jobs where endpoints are asked about.
const WORLD_SHARE: f64 = 0.5;

/// Reads all that an answer about these ids may look at; the history comes from elsewhere.
pub async fn look_at(
    (sources, network): (&Sources, &dyn NetworkUse),
    ids: &[ResourceId],
    region: &str,
    now: DateTime<Utc>,
    bounds: Bounds,
) -> Seen {
    let memory = Memory::default();
    let everything = Selection::default();
    let Jobs { jobs, unread_lists } = gather::jobs(sources, &everything, now, bounds.part(JOBS_SHARE), &memory).await;
    let account = jobs.first().and_then(|job| Arn::parse(&job.job.arn)).map(|arn| arn.account.to_owned());
    let place = (account.unwrap_or_default(), region);
    let mut seen =
        Seen { world: world(sources, ids, place, &jobs, bounds).await, jobs, unread_lists, ..Seen::default() };
    read_themselves(sources, ids, bounds, &mut seen).await;
    seen.endpoints = endpoints(network, &of_kind(ids, ResourceKind::VpcEndpoint), bounds).await;
    seen.referring_groups = referring_groups(network, &of_kind(ids, ResourceKind::SecurityGroup), bounds).await;
    for kind in [ResourceKind::SecurityGroup, ResourceKind::Subnet, ResourceKind::Vpc] {
        seen.interfaces.extend(interfaces(network, kind, &of_kind(ids, kind), bounds).await);
    }
    seen
}

fn of_kind(ids: &[ResourceId], kind: ResourceKind) -> Vec<String> {
    let texts: BTreeSet<&str> = ids.iter().filter(|id| id.kind() == kind).map(ResourceId::as_str).collect();
    texts.into_iter().map(str::to_owned).collect()
}

/// The network of jobs that are not finished, where an endpoint is asked about: the controls look at it.
async fn world(
    sources: &Sources,
    ids: &[ResourceId],
    (account_id, region): (String, &str),
    jobs: &[JobFacts],
    bounds: Bounds,
) -> World {
    if ids.iter().any(|id| id.kind() == ResourceKind::VpcEndpoint) {
        let running: Vec<JobFacts> = jobs.iter().filter(|job| !job.job.is_finished()).cloned().collect();
        let bounds = bounds.part(WORLD_SHARE);
        gather::world(sources, (&account_id, region), &running, &ENDPOINT_CONTROLS, bounds).await
    } else {
        World { account_id, region: region.to_owned(), ..World::default() }
    }
}

/// The groups, subnets and VPCs that are asked about; where a VPC is, also those that jobs name, as these tell their VPC.
async fn read_themselves(sources: &Sources, ids: &[ResourceId], bounds: Bounds, seen: &mut Seen) {
    let (mut group_ids, mut subnet_ids) =
        (of_kind(ids, ResourceKind::SecurityGroup), of_kind(ids, ResourceKind::Subnet));
    let vpc_ids = of_kind(ids, ResourceKind::Vpc);
    if !vpc_ids.is_empty() {
        let networks = || seen.jobs.iter().filter_map(|job| job.detail.known()?.vpc_config.as_ref());
        group_ids.extend(networks().flat_map(|network: &VpcConfig| network.security_group_ids.clone()));
        subnet_ids.extend(networks().flat_map(|network: &VpcConfig| network.subnet_ids.clone()));
    }
    let group_ids = unread_ones(group_ids, &seen.world.security_groups);
    let subnet_ids = unread_ones(subnet_ids, &seen.world.subnets);
    seen.world.security_groups.extend(groups(sources, group_ids, bounds).await);
    seen.world.subnets.extend(subnets(sources, subnet_ids, bounds).await);
    seen.world.vpcs.extend(vpcs(sources, vpc_ids, bounds).await);
}

/// Those that have not been read yet, each once.
fn unread_ones<T>(ids: Vec<String>, read: &BTreeMap<String, Fact<T>>) -> Vec<String> {
    let ids: BTreeSet<String> = ids.into_iter().filter(|id| !read.contains_key(id)).collect();
    ids.into_iter().collect()
}

async fn endpoints(network: &dyn NetworkUse, ids: &[String], bounds: Bounds) -> BTreeMap<String, Fact<OwnEndpoint>> {
    look(ids, bounds, "ec2:DescribeVpcEndpoints", |some| async move {
        let found = network.describe_vpc_endpoints_by_id(&some).await?;
        Ok(found.into_iter().map(|endpoint| (endpoint.endpoint.id.clone(), endpoint)).collect::<BTreeMap<_, _>>())
    })
    .await
}

/// A group that no rule names has an empty list: that is an answer.
async fn referring_groups(
    network: &dyn NetworkUse,
    ids: &[String],
    bounds: Bounds,
) -> BTreeMap<String, Fact<Vec<SecurityGroup>>> {
    look(ids, bounds, "ec2:DescribeSecurityGroups", |some| async move {
        let found = network.describe_referring_security_groups(&some).await?;
        let naming = |id: &String| found.iter().filter(|group| names(group, id)).cloned().collect::<Vec<_>>();
        Ok(some.iter().map(|id| (id.clone(), naming(id))).collect::<BTreeMap<_, _>>())
    })
    .await
}

fn names(group: &SecurityGroup, id: &str) -> bool {
    let mut named = group.ingress.iter().chain(&group.egress).flat_map(|permission| &permission.group_ids);
    named.any(|named| named == id)
}

async fn interfaces(
    network: &dyn NetworkUse,
    kind: ResourceKind,
    ids: &[String],
    bounds: Bounds,
) -> BTreeMap<String, Fact<Vec<Interface>>> {
    look(ids, bounds, "ec2:DescribeNetworkInterfaces", |some| async move {
        let found = network.describe_network_interfaces(kind, &some).await?;
        let using = |id: &String| found.iter().filter(|one| uses(one, kind, id)).cloned().collect::<Vec<_>>();
        Ok(some.iter().map(|id| (id.clone(), using(id))).collect::<BTreeMap<_, _>>())
    })
    .await
}

fn uses(interface: &Interface, kind: ResourceKind, id: &str) -> bool {
    match kind {
        ResourceKind::SecurityGroup => interface.security_group_ids.iter().any(|group| group == id),
        ResourceKind::Subnet => interface.subnet_id == id,
        ResourceKind::Vpc => interface.vpc_id == id,
        ResourceKind::VpcEndpoint => false,
    }
}
