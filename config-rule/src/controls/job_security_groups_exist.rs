//! `job_security_groups_exist`: every security group that the job names still exists.
//!
//! - Compliant: EC2 shows each of them.
//! - NonCompliant: two looks did not find one of them, whatever is unknown of the others.
//! - NotApplicable: the job has no `vpcConfig`, or one without groups.
//! - Undetermined: one could not be read, and none is known to be gone.

use super::{About, Severity, network_of};
use crate::facts::{Fact, JobFacts, World};
use crate::judgement::Judgement;

/// What a person is told about it.
pub const ABOUT: About = About {
    severity: Severity::High,
    why: "A job whose group was deleted cannot start its network interfaces, and nobody can show any more from EC2 \
          which rules governed the data while it ran.",
    fix: "Rebuild the deleted group's rules from CloudTrail (bedrock-audit), create a group with them, and create the \
          job again with it; guard the new group with a tag condition on ec2:DeleteSecurityGroup.",
    pages: &["Protect your model customization jobs using a VPC", "DeleteSecurityGroup"],
};

/// Judges one job.
pub fn evaluate(job: &JobFacts, world: &World) -> Judgement {
    let network = match network_of(job) {
        Ok((_, network)) => network,
        Err(judgement) => return judgement,
    };
    if network.security_group_ids.is_empty() {
        return Judgement::not_applicable("names no security group");
    }
    let (mut gone, mut unread) = (Vec::new(), Vec::new());
    for id in &network.security_group_ids {
        match world.security_group(id) {
            Fact::Known(_) => {}
            Fact::Absent => gone.push(id.clone()),
            Fact::Unreadable(failed) => unread.push(failed),
        }
    }
    if !gone.is_empty() {
        let remedy = "create the job again with security groups that exist";
        let judgement = Judgement::non_compliant("names security groups that do not exist:", gone, remedy);
        return Judgement { unread, ..judgement };
    }
    if !unread.is_empty() {
        return Judgement::undetermined(unread);
    }
    Judgement::compliant(format!("all its security groups ({}) exist", network.security_group_ids.len()))
}

#[cfg(test)]
mod tests {
    use schemas::control::Verdict::{self, Compliant, NonCompliant, NotApplicable, Undetermined};

    use super::super::cases::{self, unread};
    use super::*;
    use crate::facts::VpcConfig;

    fn check(case: &str, groups: &[&str], change: impl FnOnce(&mut World), expected: Verdict) -> Judgement {
        let mut world = cases::world();
        change(&mut world);
        let job = cases::job_with(|detail| {
            let security_group_ids = groups.iter().map(|&id| id.to_owned()).collect();
            detail.vpc_config = Some(VpcConfig { security_group_ids, ..cases::vpc_config() });
        });
        let judgement = evaluate(&job, &world);
        assert_eq!(judgement.verdict, expected, "{case}");
        judgement
    }

    #[test]
    fn cases() {
        let (good, other) = (cases::GROUP, "sg-0000000000000dead");
        let gone = |world: &mut World| drop(world.security_groups.insert(other.to_owned(), Fact::Absent));
        let denied =
            |world: &mut World| drop(world.security_groups.insert(other.to_owned(), Fact::Unreadable(unread())));
        check("good", &[good], |_| (), Compliant);
        check("empty", &[], |_| (), NotApplicable);
        check("gone", &[other], gone, NonCompliant);
        check("unreadable", &[other], denied, Undetermined);
        check("one readable, one not", &[good, other], denied, Undetermined);
        // A group of that id that was read for another account or Region is in another world.
        check("never asked for", &["sg-00000000000000aaa"], |_| (), Undetermined);
        assert_eq!(evaluate(&cases::job_without_vpc(), &cases::world()).verdict, NotApplicable);
    }

    #[test]
    fn a_group_known_to_be_gone_decides_whatever_else_is_unknown() {
        let mixed = |world: &mut World| {
            world.security_groups.insert("sg-0000000000000dead".to_owned(), Fact::Absent);
            world.security_groups.insert("sg-0000000000000beef".to_owned(), Fact::Unreadable(unread()));
        };
        let judgement = check("mixed", &["sg-0000000000000dead", "sg-0000000000000beef"], mixed, NonCompliant);
        assert_eq!((judgement.resources, judgement.unread.len()), (vec!["sg-0000000000000dead".to_owned()], 1));
    }
}
