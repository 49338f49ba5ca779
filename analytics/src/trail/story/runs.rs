//! What the rule of AWS Config saw of the story's jobs, in the first account: runs as its evidence objects have them.
//!
//! A run lists every job of its account and Region. One job is stopped after it was detected, one is waived, one fails
//! after its group was deleted, and one detected case stays open. The second account has no rule.

use chrono::{DateTime, Utc};
use schemas::control::{ControlId, Verdict};
use schemas::ids::{AccountId, Region};
use schemas::job::JobKind;

use super::network::Network;
use super::{Tale, cases, utc};
use crate::evidence::line::{Detail, Fact, Finding, Job, Run, Terms, Unread, VpcConfig, Waiver};
use crate::trail::evidence::run_evidence;
use crate::trail::{LogFile, Place, id};

/// Where the rule puts its evidence, below the bucket that the story is in.
const PREFIX: &str = "evidence";

/// When the waiver of [`cases`] is granted, and its last day.
pub(super) const WAIVED_AT: &str = "2026-02-23T09:30:00Z";
pub(super) const WAIVER_LAST_DAY: &str = "2026-12-31";

/// Control, Region and instant of each run. Those beside six o'clock are asked for by an event: a job that was created, a
/// group that was deleted.
const RUNS: [(ControlId, &str, &str); 9] = [
    (ControlId::JobInVpc, "us-east-1", "2026-02-04T15:24:30Z"),
    (ControlId::JobInVpc, "us-east-1", "2026-02-05T06:00:00Z"),
    (ControlId::JobSecurityGroupsExist, "eu-west-1", "2026-02-12T06:00:00Z"),
    (ControlId::JobSecurityGroupsExist, "eu-west-1", "2026-02-12T09:43:20Z"),
    (ControlId::JobSecurityGroupsExist, "eu-west-1", "2026-02-13T06:00:00Z"),
    (ControlId::JobSecurityGroupsExist, "us-east-1", "2026-02-16T10:22:05Z"),
    (ControlId::JobInVpc, "us-east-1", "2026-02-21T06:00:00Z"),
    (ControlId::JobInVpc, "us-east-1", "2026-02-24T06:00:00Z"),
    (ControlId::JobSecurityGroupsExist, "us-east-1", "2026-02-24T06:00:00Z"),
];

/// A job of the story as the API knows it.
struct Told {
    name: &'static str,
    kind: JobKind,
    region: &'static str,
    created_at: &'static str,
    ended_at: &'static str,
    /// How it ended.
    status: &'static str,
    /// Of one that failed.
    failure: Option<&'static str>,
    /// `None` = outside any VPC.
    network: Option<Network>,
    group_deleted_at: Option<&'static str>,
    /// Whether the rule may describe it, beyond listing it.
    is_readable: bool,
}

impl Default for Told {
    fn default() -> Self {
        Self {
            name: "",
            kind: JobKind::ModelCustomization,
            region: "us-east-1",
            created_at: "",
            ended_at: "",
            status: "Completed",
            failure: None,
            network: None,
            group_deleted_at: None,
            is_readable: true,
        }
    }
}

/// The jobs of the first account.
fn told() -> [Told; 6] {
    [
        Told {
            name: "claims-summary-v3",
            region: "eu-west-1",
            created_at: "2026-02-03T10:00:00Z",
            ended_at: "2026-02-03T14:55:20Z",
            network: Some(Network::new("claims", "ml-training")),
            ..Told::default()
        },
        Told {
            name: "invoice-extraction-v1",
            region: "eu-west-1",
            created_at: "2026-02-10T08:00:00Z",
            ended_at: "2026-02-12T09:58:40Z",
            status: "Failed",
            failure: Some("The security group of the job's VPC configuration does not exist"),
            network: Some(Network::new("invoices", "invoice-training")),
            group_deleted_at: Some("2026-02-12T09:41:07Z"),
            ..Told::default()
        },
        Told {
            name: "churn-prototype",
            created_at: "2026-02-04T15:22:10Z",
            ended_at: "2026-02-04T17:42:31Z",
            status: "Stopped",
            ..Told::default()
        },
        Told {
            name: "fraud-signals-v2",
            created_at: "2026-02-09T09:15:00Z",
            ended_at: "2026-02-09T14:12:09Z",
            network: Some(Network::new("fraud", "fraud-training")),
            group_deleted_at: Some("2026-02-16T10:20:00Z"),
            ..Told::default()
        },
        Told {
            name: "legal-clauses-v4",
            created_at: "2026-02-18T20:10:00Z",
            ended_at: "2026-02-19T03:31:00Z",
            network: Some(Network::new("legal", "legal-training")),
            is_readable: false,
            ..Told::default()
        },
        Told {
            name: "nightly-labels",
            kind: JobKind::ModelInvocation,
            created_at: "2026-02-21T01:00:00Z",
            ended_at: "2026-02-21T01:48:12Z",
            ..Told::default()
        },
    ]
}

/// An evidence object for each run.
pub(super) fn evidence() -> Vec<LogFile> {
    let jobs = told();
    RUNS.iter()
        .map(|(control, region, at)| {
            let (place, at) = (Tale::first_account(region), utc(at));
            let seen = jobs.iter().filter(|job| job.region == *region && utc(job.created_at) < at);
            let findings: Vec<Finding> = seen.map(|job| job.finding(&place, *control, at)).collect();
            run_evidence(PREFIX, &run(&place, *control, at), &findings, &[])
        })
        .collect()
}

fn run(place: &Place, control: ControlId, evaluated_at: DateTime<Utc>) -> Run {
    let asked = ["run", &place.region, control.as_str(), &evaluated_at.to_rfc3339()];
    Run {
        account_id: AccountId::parse(&place.account_id).expect("the story's accounts have twelve digits"),
        aws_region: Region::parse(&place.region).expect("the story's Regions have names of Regions"),
        rule_name: format!("bedrock-{}", control.as_str().replace('_', "-")),
        request_id: id::uuid(&id::digest(&asked)),
        evaluated_at,
        unread_lists: Vec::new(),
    }
}

impl Told {
    /// What a run says of it. Its words are the rule's own.
    fn finding(&self, place: &Place, control: ControlId, at: DateTime<Utc>) -> Finding {
        let waiver = self.waiver(at);
        let (verdict, reason, resources) = self.judged(control, at);
        let is_waived = verdict == Verdict::NonCompliant && waiver != Waiver::No;
        Finding {
            control: control.as_str().to_owned(),
            job: self.job(place, at),
            detail: self.detail(place),
            verdict: if is_waived { Verdict::NotApplicable } else { verdict },
            reason: if is_waived { format!("{reason}; waived") } else { reason },
            resources,
            unread: if self.is_readable { Vec::new() } else { vec![self.unread(place)] },
            waiver: if is_waived { waiver } else { Waiver::No },
        }
    }

    fn judged(&self, control: ControlId, at: DateTime<Utc>) -> (Verdict, String, Vec<String>) {
        let is_gone = self.group_deleted_at.is_some_and(|deleted_at| utc(deleted_at) <= at);
        match (&self.network, control) {
            _ if !self.is_readable => (Verdict::Undetermined, "the job could not be read".to_owned(), Vec::new()),
            (None, ControlId::JobInVpc) => {
                (Verdict::NonCompliant, "it has no VPC configuration".to_owned(), Vec::new())
            }
            (None, _) => (Verdict::NotApplicable, "it has no VPC configuration".to_owned(), Vec::new()),
            (Some(network), ControlId::JobSecurityGroupsExist) if is_gone => {
                let reason = format!("{} does not exist", network.group_id);
                (Verdict::NonCompliant, reason, vec![network.group_id.clone()])
            }
            (Some(_), _) => (Verdict::Compliant, "nothing is amiss".to_owned(), Vec::new()),
        }
    }

    fn job(&self, place: &Place, at: DateTime<Utc>) -> Job {
        let ended_at = Some(utc(self.ended_at)).filter(|ended_at| *ended_at <= at);
        let failure_message = self.failure.filter(|_| ended_at.is_some()).map(str::to_owned);
        Job {
            arn: self.arn(place),
            name: self.name.to_owned(),
            kind: self.kind,
            status: if ended_at.is_some() { self.status } else { "InProgress" }.to_owned(),
            created_at: utc(self.created_at),
            ended_at,
            failure_message,
        }
    }

    fn arn(&self, place: &Place) -> String {
        cases::request(self.name, None).arn_of(place, self.kind)
    }

    fn detail(&self, place: &Place) -> Fact<Detail> {
        if !self.is_readable {
            return Fact::Unreadable(self.unread(place));
        }
        let request = cases::request(self.name, self.network.as_ref().and_then(Network::vpc));
        let vpc_config = request
            .vpc
            .clone()
            .map(|vpc| VpcConfig { subnet_ids: vpc.subnet_ids, security_group_ids: vpc.security_group_ids });
        Fact::Known(Detail {
            role_arn: Some(request.role_arn(place)),
            vpc_config,
            input_s3_uris: vec![request.training_data],
            customer_key: None,
        })
    }

    fn unread(&self, place: &Place) -> Unread {
        Unread {
            action: "bedrock:GetModelCustomizationJob".to_owned(),
            resource: self.arn(place),
            cause: "AccessDeniedException".to_owned(),
        }
    }

    /// The batch inference job's, from when it was granted.
    fn waiver(&self, at: DateTime<Utc>) -> Waiver {
        if self.kind != JobKind::ModelInvocation || at < utc(WAIVED_AT) {
            return Waiver::No;
        }
        Waiver::Yes(Terms {
            owner: "ana.silva@example.com".to_owned(),
            reason: "public data".to_owned(),
            last_day: WAIVER_LAST_DAY.parse().expect("a day"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_that_runs_saw_is_one_of_the_story() {
        let story = crate::trail::story();
        for job in told() {
            let arn = job.arn(&Tale::first_account(job.region));
            assert!(story.jobs.iter().any(|told| told.arn == arn && told.name == job.name), "{arn}");
        }
        assert_eq!(evidence().len(), RUNS.len());
    }

    #[test]
    fn runs_and_the_story_say_the_same_of_a_job() {
        let story = crate::trail::story();
        let at = story.as_of;
        for job in told() {
            let place = Tale::first_account(job.region);
            let told = story.jobs.iter().find(|told| told.arn == job.arn(&place)).expect("a job of the story");
            let [in_vpc, exist, _] = told.verdicts;
            let found =
                [ControlId::JobInVpc, ControlId::JobSecurityGroupsExist].map(|control| job.judged(control, at).0);
            assert_eq!(found, [in_vpc, exist], "{}", job.name);
        }
    }
}
