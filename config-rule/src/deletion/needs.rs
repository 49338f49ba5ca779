//! What jobs have to do with a resource: they name it, lie in it, or reach what they need through it.

use schemas::control::{ControlId, Verdict};

use super::answer::{Effect, Reason, ReasonCode};
use super::facts::{FinishedJobs, Seen, Terms};
use super::subject::{ResourceId, ResourceKind};
use crate::controls::{self, Policy};
use crate::facts::{Fact, JobFacts, Unread, VpcConfig, World};

/// The controls that tell whether a job still reaches what it needs without an endpoint.
pub const ENDPOINT_CONTROLS: [ControlId; 2] = [ControlId::JobPrivatePath, ControlId::JobSecurityGroupsReachEndpoints];

/// The reasons that are about jobs, and the reads without which there might be more.
pub fn of_jobs(
    id: &ResourceId,
    vpc_of_endpoint: Option<&str>,
    seen: &Seen,
    terms: &Terms,
) -> (Vec<Reason>, Vec<Unread>) {
    let (mut reasons, mut unread) = (Vec::new(), seen.unread_lists.clone());
    let mut last: Option<&JobFacts> = None;
    for job in &seen.jobs {
        match ties(job, id, vpc_of_endpoint, &seen.world) {
            Ties::Names(how) => {
                reasons.push(names(job, how, terms));
                last = Some(job);
            }
            Ties::Needs(why) => reasons.push(needs(job, &why)),
            Ties::None => {}
            Ties::Unread(some) => unread.extend(some),
        }
    }
    reasons.extend(last.map(last_named));
    (reasons, unread)
}

/// How a job is tied to a resource.
enum Ties {
    /// It was created with it: in words after the job's name, in the present and in the past.
    Names((&'static str, &'static str)),
    /// Without it the job does not reach what it needs: why.
    Needs(String),
    /// Not at all.
    None,
    /// Nobody can tell.
    Unread(Vec<Unread>),
}

fn ties(job: &JobFacts, id: &ResourceId, vpc_of_endpoint: Option<&str>, world: &World) -> Ties {
    let network = match &job.detail {
        Fact::Known(detail) => match &detail.vpc_config {
            Some(network) => network,
            None => return Ties::None,
        },
        // It was listed and is gone.
        Fact::Absent => return Ties::None,
        Fact::Unreadable(unread) => return Ties::Unread(vec![unread.clone()]),
    };
    let is_named = |ids: &[String]| ids.iter().any(|named| named == id.as_str());
    match id.kind() {
        ResourceKind::SecurityGroup if is_named(&network.security_group_ids) => Ties::Names(("names it", "named it")),
        ResourceKind::Subnet if is_named(&network.subnet_ids) => Ties::Names(("runs in it", "ran in it")),
        ResourceKind::SecurityGroup | ResourceKind::Subnet => Ties::None,
        ResourceKind::Vpc => match is_in(network, id.as_str(), world) {
            Ok(true) => Ties::Names(("runs in it", "ran in it")),
            Ok(false) => Ties::None,
            Err(unread) => Ties::Unread(unread),
        },
        // A finished job reaches nothing any more; and unlike a group, an endpoint can be made again.
        ResourceKind::VpcEndpoint if job.job.is_finished() => Ties::None,
        ResourceKind::VpcEndpoint => match vpc_of_endpoint {
            // It is not there, so nothing reaches anything through it.
            None => Ties::None,
            Some(vpc_id) => needs_endpoint(job, network, id.as_str(), vpc_id, world),
        },
    }
}

/// Whether a job's subnets or groups are in a VPC. One of them is enough; ids that are gone are in none.
fn is_in(network: &VpcConfig, vpc_id: &str, world: &World) -> Result<bool, Vec<Unread>> {
    let subnets = network.subnet_ids.iter().map(|id| match world.subnet(id) {
        Fact::Known(subnet) => Ok(subnet.vpc_id == vpc_id),
        Fact::Absent => Ok(false),
        Fact::Unreadable(unread) => Err(unread),
    });
    let groups = network.security_group_ids.iter().map(|id| match world.security_group(id) {
        Fact::Known(group) => Ok(group.vpc_id == vpc_id),
        Fact::Absent => Ok(false),
        Fact::Unreadable(unread) => Err(unread),
    });
    let mut unread = Vec::new();
    for part in subnets.chain(groups) {
        match part {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(failed) => unread.push(failed),
        }
    }
    if unread.is_empty() { Ok(false) } else { Err(unread) }
}

/// Asks the controls twice: as it is, and without the endpoint.
fn needs_endpoint(job: &JobFacts, network: &VpcConfig, id: &str, vpc_id: &str, world: &World) -> Ties {
    let subnets_only = VpcConfig { security_group_ids: Vec::new(), ..network.clone() };
    if is_in(&subnets_only, vpc_id, world) == Ok(false) {
        return Ties::None;
    }
    let without = without_endpoint(world, id, vpc_id);
    let policy = Policy::default();
    let mut unread = Vec::new();
    for control in ENDPOINT_CONTROLS {
        let before = controls::evaluate(control, job, world, &policy);
        let after = controls::evaluate(control, job, &without, &policy);
        if after.verdict == Verdict::NonCompliant && after != before {
            return Ties::Needs(format!("it {} {} ({control})", after.finding, after.resources.join(", ")));
        }
        if after.verdict == Verdict::Undetermined {
            unread.extend(after.unread);
        }
    }
    if unread.is_empty() { Ties::None } else { Ties::Unread(unread) }
}

fn without_endpoint(world: &World, id: &str, vpc_id: &str) -> World {
    let mut world = world.clone();
    if let Some(Fact::Known(endpoints)) = world.endpoints.get_mut(vpc_id) {
        endpoints.retain(|endpoint| endpoint.id != id);
    }
    world
}

fn names(job: &JobFacts, (is, was): (&str, &str), terms: &Terms) -> Reason {
    let (name, status) = (&job.job.name, &job.job.status);
    let created = job.job.created_at.format("%Y-%m-%dT%H:%M:%SZ");
    let reason = if job.job.is_finished() {
        let ended = job.job.ended_at.map(|at| format!(", ended {}", at.format("%Y-%m-%dT%H:%M:%SZ")));
        let ended = ended.unwrap_or_default();
        let effect = match terms.finished_jobs {
            FinishedJobs::Refuse => Effect::Refuses,
            FinishedJobs::Ignore => Effect::Tells,
        };
        let text = format!(
            "job {name} ({status}, created {created}{ended}) {was}: once it is deleted the job does not comply, for ever, \
             as a job's network cannot be changed"
        );
        Reason::new(ReasonCode::NamedByJob, effect, text)
    } else {
        let text = format!("job {name} ({status}, created {created}) {is}");
        Reason::new(ReasonCode::RunningJob, Effect::Refuses, text)
    };
    reason.about(&job.job.arn).at(Some(job.job.created_at))
}

fn needs(job: &JobFacts, why: &str) -> Reason {
    let text = format!("job {} ({}) needs it; without it {why}", job.job.name, job.job.status);
    Reason::new(ReasonCode::NeededByJob, Effect::Refuses, text).about(&job.job.arn).at(Some(job.job.created_at))
}

/// Jobs come in the order in which they were created.
fn last_named(job: &JobFacts) -> Reason {
    let at = job.job.ended_at.unwrap_or(job.job.created_at);
    let what = if job.job.ended_at.is_some() { "ended" } else { "was created" };
    let text = format!("the last job with it, {}, {what} {}", job.job.name, at.format("%Y-%m-%dT%H:%M:%SZ"));
    Reason::new(ReasonCode::LastUse, Effect::Tells, text).about(&job.job.arn).at(Some(at))
}
