//! AWS Config, and one cheap call of each sort that `evaluate` makes.

use chrono::TimeDelta;
use config_rule::account::{Identity, Recorder, RecorderStatus};
use config_rule::facts::{Fact, Unread};
use config_rule::gather::{Sources, get_action, list_action};
use futures::future::join_all;
use schemas::ids::Arn;
use schemas::job::JobKind;

use super::{Question, Reach};
use crate::doctor::actions::made_up_job;
use crate::doctor::facts::{Asked, Call, Recording};
use crate::doctor::findings::Check;

/// Jobs created since then are listed: enough to see that listing works, and few pages.
const RECENT: TimeDelta = TimeDelta::days(7);

/// What AWS Config records here.
pub async fn recorder(reach: &Reach<'_>, question: &Question, region: Option<&str>) -> (Asked<Recording>, Vec<Call>) {
    let mut calls = Vec::new();
    if !question.checks.contains(&Check::Recorder) {
        return (Asked::not("it was not asked for"), calls);
    }
    if region.is_none() {
        return (Asked::not("there is no Region"), calls);
    }
    let (connection, here) = (reach.connection, "this Region");
    let recorders = connection.describe_configuration_recorders();
    let recorders = reach.ask("config:DescribeConfigurationRecorders", here, &mut calls, recorders).await;
    let statuses = connection.describe_configuration_recorder_status();
    let statuses = reach.ask("config:DescribeConfigurationRecorderStatus", here, &mut calls, statuses).await;
    let channels = connection.describe_delivery_channels();
    let channels = reach.ask("config:DescribeDeliveryChannels", here, &mut calls, channels).await;
    (recording(recorders, statuses, channels).into(), calls)
}

/// The three belong together: none tells without the others whether the rule sees a change.
fn recording(
    recorders: Result<Vec<Recorder>, Unread>,
    statuses: Result<Vec<RecorderStatus>, Unread>,
    channels: Result<Vec<String>, Unread>,
) -> Result<Recording, Unread> {
    Ok(Recording { recorders: recorders?, statuses: statuses?, channels: channels? })
}

/// How many jobs were created of late, and what was answered.
pub async fn live(
    reach: &Reach<'_>,
    question: &Question,
    region: Option<&str>,
    identity: Option<&Identity>,
) -> (usize, Vec<Call>) {
    let Some(region) = region.filter(|_| question.checks.contains(&Check::LiveApis)) else { return (0, Vec::new()) };
    let sources = reach.connection.sources();
    let partition = identity.and_then(|identity| Arn::parse(&identity.arn)).map_or("aws", |arn| arn.partition);
    let account = identity.map_or("000000000000", |identity| identity.account.as_str());
    let look = |kind| of_kind(reach, question, &sources, kind, made_up_job(kind, partition, region, account));
    let (kinds, network) = tokio::join!(join_all(JobKind::ALL.map(look)), network(reach, &sources, region));
    let jobs: usize = kinds.iter().map(|(jobs, _)| jobs).sum();
    (jobs, kinds.into_iter().flat_map(|(_, calls)| calls).chain(network).collect())
}

/// Lists one kind of job, and gets one with its tags: the first listed, else one that there is not.
async fn of_kind(
    reach: &Reach<'_>,
    question: &Question,
    sources: &Sources,
    kind: JobKind,
    made_up: String,
) -> (usize, Vec<Call>) {
    let mut calls = Vec::new();
    let list = async {
        let listing = sources.bedrock.list_jobs(kind, Some(question.now - RECENT)).await;
        listing.cut_short.map_or(Ok(listing.jobs), Err)
    };
    let jobs = reach.ask(list_action(kind), "all jobs", &mut calls, list).await.unwrap_or_default();
    let arn = jobs.first().map_or(made_up, |job| job.arn.clone());
    let got = reach.bounds.in_time(get_action(kind), &arn, sources.bedrock.get_job(kind, &arn)).await;
    calls.extend(call_of(get_action(kind), got));
    let tags = "bedrock:ListTagsForResource";
    let told = reach.bounds.in_time(tags, &arn, sources.bedrock.list_tags_for_resource(&arn)).await;
    calls.extend(call_of(tags, told));
    (jobs.len(), calls)
}

/// That there is no such job may be said before permissions are looked at, so it proves nothing; IAM's simulation may.
fn call_of<T>(action: &str, read: Result<Fact<T>, Unread>) -> Option<Call> {
    match read {
        Ok(Fact::Known(_)) => Some(Call { action: action.to_owned(), unread: None }),
        Ok(Fact::Absent) => None,
        Ok(Fact::Unreadable(unread)) | Err(unread) => Some(Call { action: action.to_owned(), unread: Some(unread) }),
    }
}

/// Each call asks for what is not there, which is an empty answer.
async fn network(reach: &Reach<'_>, sources: &Sources, region: &str) -> Vec<Call> {
    let mut calls = Vec::new();
    let none = |prefix: &str| vec![format!("{prefix}-00000000000000000")];
    let (groups, subnets, vpcs) = (none("sg"), none("subnet"), none("vpc"));
    let ec2 = &sources.ec2;
    let all = "a filter that fits nothing";
    // Only whether each may be asked matters, which the calls themselves tell.
    let _ = reach.ask("ec2:DescribeSecurityGroups", all, &mut calls, ec2.describe_security_groups(&groups)).await;
    let _ = reach.ask("ec2:DescribeSubnets", all, &mut calls, ec2.describe_subnets(&subnets)).await;
    let _ = reach.ask("ec2:DescribeVpcs", all, &mut calls, ec2.describe_vpcs(&vpcs)).await;
    let _ = reach.ask("ec2:DescribeRouteTables", all, &mut calls, ec2.describe_route_tables(&vpcs)).await;
    let _ = reach.ask("ec2:DescribeVpcEndpoints", all, &mut calls, ec2.describe_vpc_endpoints(&vpcs)).await;
    let name = format!("com.amazonaws.{region}.s3");
    let list = async {
        match ec2.describe_prefix_lists(&name).await {
            Fact::Known(_) | Fact::Absent => Ok(()),
            Fact::Unreadable(unread) => Err(unread),
        }
    };
    let _ = reach.ask("ec2:DescribePrefixLists", &name, &mut calls, list).await;
    calls
}
