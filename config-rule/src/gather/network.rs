//! The network, roles and buckets around some jobs.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};
use tokio::time::Instant;

use super::{Bounds, Sources};
use crate::controls::{Needs, job_role_can_use_vpc, training_data_requires_vpc};
use crate::facts::{
    Endpoint, Fact, JobFacts, RoleUse, RouteTable, SecurityGroup, Subnet, Unread, Vpc, VpcConfig, World,
};

/// EC2 takes at most this many values of one filter.
const MOST_FILTER_VALUES: usize = 200;

pub async fn read(sources: &Sources, jobs: &[JobFacts], needs: Needs, bounds: Bounds, world: &mut World) {
    let networks = || jobs.iter().filter_map(|job| job.detail.known()?.vpc_config.as_ref());
    if needs.subnets {
        let ids = ids(networks().flat_map(|network: &VpcConfig| &network.subnet_ids));
        world.subnets = subnets(sources, ids, bounds).await;
    }
    if needs.security_groups {
        let ids = ids(networks().flat_map(|network| &network.security_group_ids));
        world.security_groups = groups(sources, ids, bounds).await;
    }
    if needs.vpcs {
        world.vpcs = vpcs(sources, vpc_ids(world), bounds).await;
    }
    if needs.paths {
        read_paths(sources, bounds, world).await;
    }
    if needs.endpoint_groups {
        read_endpoint_groups(sources, bounds, world).await;
    }
    if needs.role {
        read_roles(sources, jobs, bounds, world).await;
    }
    if needs.buckets {
        read_buckets(sources, jobs, bounds, world).await;
    }
}

fn ids<'a>(all: impl Iterator<Item = &'a String>) -> Vec<String> {
    all.collect::<BTreeSet<_>>().into_iter().cloned().collect()
}

fn vpc_ids(world: &World) -> Vec<String> {
    let of_subnets = world.subnets.values().filter_map(|subnet| Some(&subnet.known()?.vpc_id));
    let of_groups = world.security_groups.values().filter_map(|group| Some(&group.known()?.vpc_id));
    ids(of_subnets.chain(of_groups).filter(|id| !id.is_empty()))
}

/// A group that one look does not find may just have been created, so a second one decides.
pub async fn groups(sources: &Sources, ids: Vec<String>, bounds: Bounds) -> BTreeMap<String, Fact<SecurityGroup>> {
    let mut found = look_for_groups(sources, &ids, bounds).await;
    let is_missing = |(_, fact): &(&String, &Fact<SecurityGroup>)| **fact == Fact::Absent;
    let missing: Vec<String> = found.iter().filter(is_missing).map(|(id, _)| id.clone()).collect();
    if !missing.is_empty() {
        tokio::time::sleep_until(bounds.deadline.min(Instant::now() + bounds.second_look_after)).await;
        found.extend(look_for_groups(sources, &missing, bounds).await);
    }
    found
}

async fn look_for_groups(sources: &Sources, ids: &[String], bounds: Bounds) -> BTreeMap<String, Fact<SecurityGroup>> {
    look(ids, bounds, "ec2:DescribeSecurityGroups", |some| async move {
        Ok(by_id(sources.ec2.describe_security_groups(&some).await?, |group| &group.id))
    })
    .await
}

pub async fn subnets(sources: &Sources, ids: Vec<String>, bounds: Bounds) -> BTreeMap<String, Fact<Subnet>> {
    look(&ids, bounds, "ec2:DescribeSubnets", |some| async move {
        Ok(by_id(sources.ec2.describe_subnets(&some).await?, |subnet| &subnet.id))
    })
    .await
}

pub async fn vpcs(sources: &Sources, ids: Vec<String>, bounds: Bounds) -> BTreeMap<String, Fact<Vpc>> {
    look(&ids, bounds, "ec2:DescribeVpcs", |some| async move {
        Ok(by_id(sources.ec2.describe_vpcs(&some).await?, |vpc| &vpc.id))
    })
    .await
}

fn by_id<T>(all: Vec<T>, id: impl Fn(&T) -> &String) -> BTreeMap<String, T> {
    all.into_iter().map(|one| (id(&one).clone(), one)).collect()
}

/// Asks for ids in portions; what an answer leaves out is absent, and a portion without an answer is unreadable.
pub async fn look<T, F: Future<Output = Result<BTreeMap<String, T>, Unread>>>(
    ids: &[String],
    bounds: Bounds,
    action: &str,
    ask: impl Fn(Vec<String>) -> F,
) -> BTreeMap<String, Fact<T>> {
    let portion = |some: &[String]| {
        let (some, call) = (some.to_vec(), ask(some.to_vec()));
        async move {
            let mut answer = bounds.in_time(action, &some.join(","), call).await.flatten();
            let fact = |id: &String| match &mut answer {
                Ok(known) => known.remove(id).map_or(Fact::Absent, Fact::Known),
                Err(unread) => Fact::Unreadable(Unread { resource: id.clone(), ..unread.clone() }),
            };
            some.iter().map(fact).zip(some.iter().cloned()).map(|(fact, id)| (id, fact)).collect::<Vec<_>>()
        }
    };
    stream::iter(ids.chunks(MOST_FILTER_VALUES).map(portion))
        .buffer_unordered(bounds.concurrency)
        .flat_map(stream::iter)
        .collect()
        .await
}

async fn read_paths(sources: &Sources, bounds: Bounds, world: &mut World) {
    let vpc_ids = ids(world.subnets.values().filter_map(|subnet| Some(&subnet.known()?.vpc_id)));
    world.route_tables = look(&vpc_ids, bounds, "ec2:DescribeRouteTables", |some| async move {
        Ok(by_vpc::<RouteTable>(&some, sources.ec2.describe_route_tables(&some).await?))
    })
    .await;
    world.endpoints = look(&vpc_ids, bounds, "ec2:DescribeVpcEndpoints", |some| async move {
        Ok(by_vpc::<Endpoint>(&some, sources.ec2.describe_vpc_endpoints(&some).await?))
    })
    .await;
}

/// A VPC without any has an empty list: that is an answer.
fn by_vpc<T>(vpc_ids: &[String], all: Vec<(String, T)>) -> BTreeMap<String, Vec<T>> {
    let mut by_vpc: BTreeMap<String, Vec<T>> = vpc_ids.iter().map(|id| (id.clone(), Vec::new())).collect();
    for (vpc_id, one) in all {
        by_vpc.entry(vpc_id).or_default().push(one);
    }
    by_vpc
}

async fn read_endpoint_groups(sources: &Sources, bounds: Bounds, world: &mut World) {
    let endpoints = || world.endpoints.values().filter_map(Fact::known).flatten();
    let group_ids = ids(endpoints().flat_map(|endpoint| &endpoint.security_group_ids));
    let subnet_ids = ids(endpoints().flat_map(|endpoint| &endpoint.subnet_ids));
    let group_ids = group_ids.into_iter().filter(|id| !world.security_groups.contains_key(id)).collect();
    let subnet_ids = subnet_ids.into_iter().filter(|id| !world.subnets.contains_key(id)).collect();
    world.security_groups.extend(groups(sources, group_ids, bounds).await);
    world.subnets.extend(subnets(sources, subnet_ids, bounds).await);
    let name = format!("com.amazonaws.{}.s3", world.region);
    let call = sources.ec2.describe_prefix_lists(&name);
    let list = bounds.in_time("ec2:DescribePrefixLists", &name, call).await.unwrap_or_else(Fact::Unreadable);
    world.prefix_lists.insert(name, list);
}

async fn read_roles(sources: &Sources, jobs: &[JobFacts], bounds: Bounds, world: &mut World) {
    let uses: BTreeSet<RoleUse> = jobs.iter().filter_map(|job| job_role_can_use_vpc::role_use(job, world)).collect();
    let read = |role_use: RoleUse| async move {
        let checks = job_role_can_use_vpc::checks(&role_use);
        let call = sources.iam.simulate_principal_policy(&role_use.role_arn, &checks);
        let denials = bounds.in_time("iam:SimulatePrincipalPolicy", &role_use.role_arn, call).await;
        (role_use, denials.unwrap_or_else(Fact::Unreadable))
    };
    world.role_denials = stream::iter(uses).map(read).buffer_unordered(bounds.concurrency).collect().await;
}

async fn read_buckets(sources: &Sources, jobs: &[JobFacts], bounds: Bounds, world: &mut World) {
    let buckets: BTreeSet<String> = jobs.iter().flat_map(training_data_requires_vpc::buckets).collect();
    let read = |bucket: String| async move {
        let call = sources.buckets.get_bucket_policy(&bucket);
        let policy = bounds.in_time("s3:GetBucketPolicy", &bucket, call).await.unwrap_or_else(Fact::Unreadable);
        (bucket, policy)
    };
    world.bucket_policies = stream::iter(buckets).map(read).buffer_unordered(bounds.concurrency).collect().await;
}
