//! `job_in_vpc`: the job has a `vpcConfig`.
//!
//! - Compliant: the Get call shows one.
//! - NonCompliant: it shows none, or one that names neither subnet nor group.
//! - Undetermined: the Get call failed.

use super::{About, Severity, detail_of};
use crate::facts::JobFacts;
use crate::judgement::Judgement;

/// What a person is told about it.
pub const ABOUT: About = About {
    severity: Severity::High,
    why: "Without a vpcConfig the job reads its training data over the service's own network, where no security \
          group, endpoint policy or flow log of the customer applies.",
    fix: "Network settings of a job cannot be changed and a job cannot be deleted: stop it if it runs, and create it \
          again with a vpcConfig.",
    pages: &["Protect your model customization jobs using a VPC", "CreateModelCustomizationJob"],
};

const REMEDY: &str = "create it again with a vpcConfig (a job's network cannot be changed)";

/// Judges one job.
pub fn evaluate(job: &JobFacts) -> Judgement {
    let detail = match detail_of(job) {
        Ok(detail) => detail,
        Err(judgement) => return judgement,
    };
    match &detail.vpc_config {
        None => Judgement::non_compliant("has no vpcConfig", Vec::new(), REMEDY),
        Some(network) if network.subnet_ids.is_empty() && network.security_group_ids.is_empty() => {
            Judgement::non_compliant("has a vpcConfig without subnet and security group", Vec::new(), REMEDY)
        }
        Some(network) => Judgement::compliant(format!(
            "runs in a VPC (subnets: {}, security groups: {})",
            network.subnet_ids.len(),
            network.security_group_ids.len()
        )),
    }
}

#[cfg(test)]
mod tests {
    use schemas::control::Verdict::{Compliant, NonCompliant, NotApplicable, Undetermined};
    use schemas::job::JobKind;

    use super::super::cases::{self, unread};
    use super::*;
    use crate::facts::{Fact, VpcConfig};

    #[test]
    fn cases() {
        let in_vpc = cases::job();
        let outside = cases::job_without_vpc();
        let empty = cases::job_with(|detail| detail.vpc_config = Some(VpcConfig::default()));
        let gone = JobFacts { detail: Fact::Absent, ..cases::job() };
        let unreadable = JobFacts { detail: Fact::Unreadable(unread()), ..cases::job() };
        for (case, job, expected) in [
            ("good", in_vpc, Compliant),
            ("bad", outside, NonCompliant),
            ("empty", empty, NonCompliant),
            ("gone", gone, NotApplicable),
            ("unreadable", unreadable, Undetermined),
        ] {
            assert_eq!(evaluate(&job).verdict, expected, "{case}");
        }
    }

    #[test]
    fn status_and_kind_change_nothing() {
        for kind in JobKind::ALL {
            for status in cases::STATUSES {
                let mut job = cases::job_without_vpc();
                (job.job.kind, job.job.status) = (kind, status.to_owned());
                assert_eq!(evaluate(&job).verdict, NonCompliant, "{kind:?} {status}");
            }
        }
    }
}
