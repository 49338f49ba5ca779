//! Whether the new job would start, reach what it needs and be compliant: the rule's own controls over a job that does
//! not exist yet, and what must be true before it can.
//!
//! Not judged: whether buckets take the job's output, service quotas, `iam:PassRole` of whoever submits, service control
//! policies.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use schemas::control::{ControlId, Verdict};
use schemas::job::JobKind;
use serde::Serialize;

use super::origin::Live;
use super::request::Request;
use crate::controls::{self, Policy, training_data_requires_vpc};
use crate::facts::{Fact, Job, JobDetail, JobFacts, Unread, VpcConfig, World};

/// The controls that the new job must meet to start and to be compliant.
pub const CONTROLS: [ControlId; 7] = [
    ControlId::JobInVpc,
    ControlId::JobSecurityGroupsExist,
    ControlId::JobSecurityGroupsNotDefault,
    ControlId::JobNetworkTagged,
    ControlId::JobPrivatePath,
    ControlId::JobSecurityGroupsReachEndpoints,
    ControlId::JobRoleCanUseVpc,
];

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing stands in the way.
    Passed,
    /// The new job would fail, or be non-compliant.
    Failed,
    /// Something decisive could not be read.
    CouldNotTell,
}

impl Outcome {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::CouldNotTell => "could not tell",
        }
    }
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The control's name, or what is checked beside controls.
    pub check: &'static str,
    /// How it came out.
    pub outcome: Outcome,
    /// Why.
    pub reason: String,
}

impl Check {
    fn new(check: &'static str, outcome: Outcome, reason: impl Into<String>) -> Self {
        Self { check, outcome, reason: reason.into() }
    }

    fn unread<'a>(check: &'static str, unread: impl IntoIterator<Item = &'a Unread>) -> Self {
        let reasons: Vec<String> = unread.into_iter().map(ToString::to_string).collect();
        Self::new(check, Outcome::CouldNotTell, format!("could not read: {}", reasons.join("; ")))
    }
}

/// What was read for the checks.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Around the new job, by `gather::world`.
    pub world: World,
    /// The old job now.
    pub old: Fact<Job>,
    /// The job that has the new job's name.
    pub named: Fact<Live>,
    /// Names of custom models that hold the new model's name.
    pub models: Result<Vec<String>, Unread>,
}

/// The new job as if it ran.
pub fn hypothetical(request: &Request, arn: &str, now: DateTime<Utc>) -> JobFacts {
    let network = request.vpc_config.as_ref().map(|network| VpcConfig {
        subnet_ids: network.subnet_ids.clone(),
        security_group_ids: network.security_group_ids.clone(),
    });
    let detail = JobDetail {
        role_arn: Some(request.role_arn.clone()),
        vpc_config: network,
        input_s3_uris: request.input_s3_uris(),
        customer_key: request.custom_model_kms_key_id.clone(),
    };
    let job = Job {
        arn: arn.to_owned(),
        name: request.job_name.clone(),
        kind: JobKind::ModelCustomization,
        status: "InProgress".to_owned(),
        created_at: now,
        ended_at: None,
        failure_message: None,
    };
    JobFacts { job, detail: Fact::Known(Arc::new(detail)) }
}

/// Judges, in the order in which a person would look.
pub fn checks(request: &Request, job: &JobFacts, seen: &Seen, policy: &Policy) -> Vec<Check> {
    let mut checks = vec![one_vpc(job, &seen.world)];
    checks.extend(CONTROLS.map(|control| of_control(control, job, &seen.world, policy)));
    checks.push(buckets(job, &seen.world));
    checks.push(job_name(request, &seen.named));
    checks.push(model_name(request, seen));
    checks.push(old_job(&seen.old));
    checks
}

/// What a person should know that is no reason against the new job, because it can be repaired while the job is there.
pub fn advice(job: &JobFacts, seen: &Seen, policy: &Policy) -> Option<String> {
    let control = ControlId::TrainingDataRequiresVpc;
    let judgement = controls::evaluate(control, job, &seen.world, policy);
    (judgement.verdict == Verdict::NonCompliant)
        .then(|| format!("{control} would be NonCompliant for the new job: it {}", judgement.reason()))
}

fn of_control(control: ControlId, job: &JobFacts, world: &World, policy: &Policy) -> Check {
    let judgement = controls::evaluate(control, job, world, policy);
    match judgement.verdict {
        Verdict::Compliant => Check::new(control.as_str(), Outcome::Passed, judgement.reason()),
        Verdict::NotApplicable => {
            Check::new(control.as_str(), Outcome::Passed, format!("does not apply: it {}", judgement.reason()))
        }
        Verdict::NonCompliant => Check::new(control.as_str(), Outcome::Failed, judgement.reason()),
        Verdict::Undetermined => Check::unread(control.as_str(), &judgement.unread),
    }
}

/// Subnets and groups exist, and are of one VPC.
fn one_vpc(job: &JobFacts, world: &World) -> Check {
    let name = "network_in_one_vpc";
    let network = job.detail.known().and_then(|detail| detail.vpc_config.clone()).unwrap_or_default();
    let (mut vpcs, mut gone, mut unread) = (BTreeSet::new(), Vec::new(), Vec::new());
    for id in &network.subnet_ids {
        match world.subnet(id) {
            Fact::Known(subnet) => vpcs.extend([subnet.vpc_id.clone()]),
            Fact::Absent => gone.push(id.clone()),
            Fact::Unreadable(failed) => unread.push(failed),
        }
    }
    for id in &network.security_group_ids {
        match world.security_group(id) {
            Fact::Known(group) => vpcs.extend([group.vpc_id.clone()]),
            Fact::Absent => gone.push(id.clone()),
            Fact::Unreadable(failed) => unread.push(failed),
        }
    }
    let vpcs: Vec<String> = vpcs.into_iter().collect();
    if !gone.is_empty() {
        let reason = format!("not in {} {}: {}", world.account_id, world.region, gone.join(", "));
        return Check::new(name, Outcome::Failed, reason);
    }
    if vpcs.len() > 1 {
        let reason = format!("subnets and groups are of several VPCs: {}", vpcs.join(", "));
        return Check::new(name, Outcome::Failed, reason);
    }
    if !unread.is_empty() {
        return Check::unread(name, &unread);
    }
    Check::new(name, Outcome::Passed, format!("subnets and groups exist, all of {}", vpcs.join(", ")))
}

/// The buckets that the job reads exist, and none of their policies requires another VPC.
fn buckets(job: &JobFacts, world: &World) -> Check {
    let name = "buckets_admit_network";
    let shut_out = training_data_requires_vpc::shut_out(job, world);
    if !shut_out.is_empty() {
        let reason = format!("the bucket policy refuses reads from the new network: {}", shut_out.join(", "));
        return Check::new(name, Outcome::Failed, reason);
    }
    let gone: Vec<String> = training_data_requires_vpc::buckets(job)
        .into_iter()
        .filter(|bucket| world.bucket_policy(bucket) == Fact::Absent)
        .collect();
    if !gone.is_empty() {
        return Check::new(name, Outcome::Failed, format!("does not exist: {}", gone.join(", ")));
    }
    let judgement = training_data_requires_vpc::evaluate(job, world);
    if !judgement.unread.is_empty() {
        return Check::unread(name, &judgement.unread);
    }
    Check::new(name, Outcome::Passed, "the policies of the buckets that it reads let the new network in")
}

/// Whether the job of the new name is what an earlier submission of the same request made.
fn is_resubmission(request: &Request, named: &Fact<Live>) -> bool {
    let token = named.known().and_then(|live| live.parameters.get("clientRequestToken")?.as_str());
    token.is_some() && token == request.client_request_token.as_deref()
}

fn job_name(request: &Request, named: &Fact<Live>) -> Check {
    let (name, wanted) = ("job_name_free", &request.job_name);
    match named {
        Fact::Absent => Check::new(name, Outcome::Passed, format!("no job is called {wanted}")),
        Fact::Known(live) if is_resubmission(request, named) => {
            let reason = format!("{} is this request, submitted before; submitting makes no second job", live.job.arn);
            Check::new(name, Outcome::Passed, reason)
        }
        Fact::Known(live) => {
            let reason = format!("{wanted} is the name of {}; give another with --job-name", live.job.arn);
            Check::new(name, Outcome::Failed, reason)
        }
        Fact::Unreadable(unread) => Check::unread(name, [unread]),
    }
}

fn model_name(request: &Request, seen: &Seen) -> Check {
    let (name, wanted) = ("custom_model_name_free", &request.custom_model_name);
    match &seen.models {
        Err(unread) => Check::unread(name, [unread]),
        Ok(models) if !models.contains(wanted) => {
            Check::new(name, Outcome::Passed, format!("no custom model is called {wanted}"))
        }
        Ok(_) if is_resubmission(request, &seen.named) => {
            Check::new(name, Outcome::Passed, format!("{wanted} is the model of this request, submitted before"))
        }
        Ok(_) => {
            let reason = format!("a custom model is called {wanted}; give another name with --custom-model-name");
            Check::new(name, Outcome::Failed, reason)
        }
    }
}

fn old_job(old: &Fact<Job>) -> Check {
    let name = "old_job";
    match old {
        Fact::Known(job) if job.is_finished() => {
            Check::new(name, Outcome::Passed, format!("it has ended: {}", job.status))
        }
        Fact::Known(job) => {
            let reason = format!("it is {}; --stop-old stops it before the new one is submitted", job.status);
            Check::new(name, Outcome::Passed, reason)
        }
        Fact::Absent => Check::new(name, Outcome::Passed, "Bedrock knows it no more: only its record is left"),
        Fact::Unreadable(unread) => Check::unread(name, [unread]),
    }
}

#[cfg(test)]
mod tests {
    use super::super::cases::{self, unread};
    use super::*;
    use crate::controls::cases as controls_cases;

    /// The outcome of one check in a good world that was spoiled.
    fn check(name: &str, change: impl FnOnce(&mut Seen), expected: Outcome) -> Check {
        let request = cases::request();
        let mut seen = cases::seen();
        change(&mut seen);
        let job = hypothetical(&request, &cases::live().job.arn, cases::live().job.created_at);
        let checks = checks(&request, &job, &seen, &Policy::default());
        let found = checks.into_iter().find(|check| check.check == name).expect("a check of that name");
        assert_eq!(found.outcome, expected, "{name}: {}", found.reason);
        found
    }

    #[test]
    fn everything_passes_in_the_good_world() {
        let request = cases::request();
        let job = hypothetical(&request, &cases::live().job.arn, cases::live().job.created_at);
        let checks = checks(&request, &job, &cases::seen(), &Policy::default());
        assert_eq!(checks.len(), CONTROLS.len() + 5);
        for check in checks {
            assert_eq!(check.outcome, Outcome::Passed, "{}: {}", check.check, check.reason);
        }
        assert_eq!(advice(&job, &cases::seen(), &Policy::default()), None);
    }

    #[test]
    fn the_network_exists_and_is_of_one_vpc() {
        let name = "network_in_one_vpc";
        let (subnet, group) = (controls_cases::SUBNET, controls_cases::GROUP);
        let gone = |seen: &mut Seen| drop(seen.world.subnets.insert(subnet.to_owned(), Fact::Absent));
        assert!(check(name, gone, Outcome::Failed).reason.contains(subnet));
        let elsewhere = |seen: &mut Seen| {
            controls_cases::known(&mut seen.world.security_groups, group).vpc_id = "vpc-2".to_owned();
        };
        assert!(check(name, elsewhere, Outcome::Failed).reason.contains("vpc-2"));
        let denied =
            |seen: &mut Seen| drop(seen.world.security_groups.insert(group.to_owned(), Fact::Unreadable(unread())));
        assert!(check(name, denied, Outcome::CouldNotTell).reason.contains("could not read"));
        check("job_security_groups_exist", denied, Outcome::CouldNotTell);
    }

    #[test]
    fn controls_decide_for_the_new_job() {
        let no_role = |seen: &mut Seen| seen.world.role_denials.values_mut().for_each(|fact| *fact = Fact::Absent);
        check("job_role_can_use_vpc", no_role, Outcome::Failed);
        let no_endpoints = |seen: &mut Seen| {
            controls_cases::known(&mut seen.world.endpoints, controls_cases::VPC).clear();
        };
        check("job_private_path", no_endpoints, Outcome::Failed);
        let untagged = |seen: &mut Seen| {
            controls_cases::known(&mut seen.world.subnets, controls_cases::SUBNET).tags.clear();
        };
        check("job_network_tagged", untagged, Outcome::Failed);
    }

    #[test]
    fn a_bucket_that_requires_another_vpc_is_in_the_way_and_an_open_one_is_not() {
        use crate::facts::BucketPolicy;
        let name = "buckets_admit_network";
        let policy = |seen: &mut Seen, policy| {
            seen.world.bucket_policies.insert(controls_cases::BUCKET.to_owned(), policy);
        };
        let of_vpc = |vpc: &str| {
            let document = serde_json::json!({"Version": "2012-10-17", "Statement": [{
                "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject",
                "Resource": format!("arn:aws:s3:::{}/*", controls_cases::BUCKET),
                "Condition": {"StringNotEquals": {"aws:SourceVpc": vpc}},
            }]});
            Fact::Known(BucketPolicy::Document(document.to_string()))
        };
        check(name, |seen| policy(seen, of_vpc(controls_cases::VPC)), Outcome::Passed);
        let other = check(name, |seen| policy(seen, of_vpc("vpc-2")), Outcome::Failed);
        assert!(other.reason.contains("requires vpc-2"), "{}", other.reason);
        check(name, |seen| policy(seen, Fact::Absent), Outcome::Failed);
        check(name, |seen| policy(seen, Fact::Unreadable(unread())), Outcome::CouldNotTell);
        check(name, |seen| policy(seen, Fact::Known(BucketPolicy::None)), Outcome::Passed);
        let mut seen = cases::seen();
        policy(&mut seen, Fact::Known(BucketPolicy::None));
        let job = hypothetical(&cases::request(), &cases::live().job.arn, cases::live().job.created_at);
        let advice = advice(&job, &seen, &Policy::default()).expect("an open bucket is worth a word");
        assert!(advice.contains("training_data_requires_vpc"), "{advice}");
    }

    #[test]
    fn names_are_free_or_of_the_same_request() {
        let taken = |seen: &mut Seen| seen.named = Fact::Known(cases::live());
        assert!(check("job_name_free", taken, Outcome::Failed).reason.contains("--job-name"));
        let same = |seen: &mut Seen| {
            let mut live = cases::live();
            let token = cases::request().client_request_token.expect("a token");
            live.parameters.insert("clientRequestToken".to_owned(), token.into());
            seen.named = Fact::Known(live);
            seen.models = Ok(vec![cases::request().custom_model_name]);
        };
        check("job_name_free", same, Outcome::Passed);
        check("custom_model_name_free", same, Outcome::Passed);
        let model = |seen: &mut Seen| seen.models = Ok(vec![cases::request().custom_model_name]);
        assert!(check("custom_model_name_free", model, Outcome::Failed).reason.contains("--custom-model-name"));
        let longer = |seen: &mut Seen| seen.models = Ok(vec![cases::request().custom_model_name + "-old"]);
        check("custom_model_name_free", longer, Outcome::Passed);
        check("custom_model_name_free", |seen| seen.models = Err(unread()), Outcome::CouldNotTell);
        check("job_name_free", |seen| seen.named = Fact::Unreadable(unread()), Outcome::CouldNotTell);
    }

    #[test]
    fn the_old_job_is_told_of_but_never_in_the_way() {
        check("old_job", |seen| seen.old = Fact::Absent, Outcome::Passed);
        let running = check("old_job", |seen| seen.old = Fact::Known(cases::live().job), Outcome::Passed);
        assert!(running.reason.contains("InProgress") && running.reason.contains("--stop-old"));
        check("old_job", |seen| seen.old = Fact::Unreadable(unread()), Outcome::CouldNotTell);
    }
}
