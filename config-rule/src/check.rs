//! One look at the jobs of an account and Region: gather, judge, apply waivers.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use schemas::control::{ControlId, Verdict};
use schemas::ids::Arn;

use crate::controls::{self, Policy};
use crate::facts::{Fact, JobFacts, Unread, World};
use crate::gather::{self, Bounds, Jobs, Memory, Sources};
use crate::judgement::Judgement;
use crate::parameters::Selection;
use crate::report::Finding;
use crate::waiver::{WAIVER_TAG, Waived, waived};

/// What to look at.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The account that is read; `None`: the one that its jobs' ARNs name.
    pub account_id: Option<&'a str>,
    /// The Region that is read.
    pub region: &'a str,
    /// The controls to judge by.
    pub controls: &'a [ControlId],
    /// Which jobs.
    pub selection: &'a Selection,
    /// What controls ask of the network.
    pub policy: &'a Policy,
    /// Only jobs that may name this resource.
    pub changed: Option<&'a str>,
    /// What "now" means for windows and waivers.
    pub now: DateTime<Utc>,
}

/// What was found.
#[derive(Debug)]
pub struct Checked {
    /// One a job and control: by the jobs' creation times and ARNs, then in reporting order.
    pub findings: Vec<Finding>,
    /// ARNs of every job of the selection, the judged ones and the others.
    pub listed: BTreeSet<String>,
    /// Listings that were cut short: there may be more jobs.
    pub unread_lists: Vec<Unread>,
    /// What the findings rest on beside the jobs themselves.
    pub world: World,
}

impl Checked {
    /// Whether every job is known, so that what is not listed is gone.
    pub fn is_complete(&self) -> bool {
        self.unread_lists.is_empty()
    }

    /// How many findings have a verdict.
    pub fn of(&self, verdict: Verdict) -> usize {
        self.findings.iter().filter(|finding| finding.judgement.verdict == verdict).count()
    }

    /// Everything that could not be read, each once.
    pub fn unread(&self) -> BTreeSet<&Unread> {
        self.unread_lists.iter().chain(self.findings.iter().flat_map(|finding| &finding.judgement.unread)).collect()
    }
}

/// Of the time for reading, this part is for the jobs themselves,
const JOBS_SHARE: f64 = 0.6;

/// of what is left then, this part for their surroundings, and the rest for waivers.
const WORLD_SHARE: f64 = 0.6;

/// Gathers what the controls need, and judges.
pub async fn check(sources: &Sources, request: Request<'_>, bounds: Bounds, memory: &Memory) -> Checked {
    let Jobs { jobs, unread_lists } =
        gather::jobs(sources, request.selection, request.now, bounds.part(JOBS_SHARE), memory).await;
    let listed = jobs.iter().map(|job| job.job.arn.clone()).collect();
    let concerned: Vec<JobFacts> =
        jobs.into_iter().filter(|job| request.changed.is_none_or(|id| may_name(job, id))).collect();
    let of_jobs = concerned.first().and_then(|job| Arn::parse(&job.job.arn)).map(|arn| arn.account.to_owned());
    let account_id = request.account_id.map(str::to_owned).or(of_jobs).unwrap_or_default();
    let world =
        gather::world(sources, (&account_id, request.region), &concerned, request.controls, bounds.part(WORLD_SHARE))
            .await;
    let findings = judge(sources, request, bounds, &world, concerned).await;
    Checked { findings, listed, unread_lists, world }
}

/// A job whose detail could not be read may name anything.
fn may_name(job: &JobFacts, id: &str) -> bool {
    match &job.detail {
        Fact::Known(detail) => detail.vpc_config.as_ref().is_some_and(|network| {
            network.security_group_ids.iter().chain(&network.subnet_ids).any(|named| named == id)
        }),
        Fact::Absent => false,
        Fact::Unreadable(_) => true,
    }
}

async fn judge(
    sources: &Sources,
    request: Request<'_>,
    bounds: Bounds,
    world: &World,
    jobs: Vec<JobFacts>,
) -> Vec<Finding> {
    let mut judged = Vec::new();
    for job in jobs {
        for &control in request.controls {
            judged.push((control, job.clone(), controls::evaluate(control, &job, world, request.policy)));
        }
    }
    // Only a bad job's waiver matters, and each costs a request.
    let bad: BTreeSet<String> = judged
        .iter()
        .filter(|(_, _, judgement)| judgement.verdict == Verdict::NonCompliant)
        .map(|(_, job, _)| job.job.arn.clone())
        .collect();
    let tags = gather::tags(sources, bad.into_iter().collect(), bounds).await;
    let finding = |(control, job, judgement): (ControlId, JobFacts, Judgement)| {
        let waiver = match tags.get(&job.job.arn) {
            Some(Fact::Known(tags)) => waived(tags.get(WAIVER_TAG).map(String::as_str), request.now),
            Some(Fact::Unreadable(unread)) if judgement.verdict == Verdict::NonCompliant => {
                // It is bad or it is waived: nobody can tell.
                let judgement = Judgement::undetermined(vec![unread.clone()]);
                return Finding::new(control, job, judgement, Waived::No);
            }
            _ => Waived::No,
        };
        Finding::new(control, job, judgement, waiver)
    };
    judged.into_iter().map(finding).collect()
}
