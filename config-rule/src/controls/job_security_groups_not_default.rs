//! `job_security_groups_not_default`: none of the job's security groups is a VPC's default group.
//!
//! - Compliant: EC2 shows at least one of its groups, and none that it shows is called `default`.
//! - NonCompliant: one of them is called `default`, whatever is unknown of the others.
//! - NotApplicable: the job has no `vpcConfig`, or one without groups, or none of its groups exists any more: no live
//!   API tells what a deleted group was called, and `job_security_groups_exist` judges the deletion.
//! - Undetermined: one could not be read, and none is known to be a default group.
//!
//! Only a default group is called `default`: EC2 gives the name to no other (API Reference, "CreateSecurityGroup").

use super::{About, Severity, network_of};
use crate::facts::{Fact, JobFacts, World};
use crate::judgement::Judgement;

/// What a person is told about it.
pub const ABOUT: About = About {
    severity: Severity::Medium,
    why: "A VPC's default group is given to everything that names no group, lets its members reach each other, and \
          lets all traffic out unless somebody changed it; it disappears together with its VPC, without a record of \
          its own.",
    fix: "Create a group for the jobs with the rules that they need, and create the job again with it.",
    pages: &["Default security groups for your VPCs", "Protect your model customization jobs using a VPC"],
};

/// The name of a VPC's default group. Names of groups are compared exactly here: EC2 shows this one in lower case.
const DEFAULT_NAME: &str = "default";

/// Judges one job.
pub fn evaluate(job: &JobFacts, world: &World) -> Judgement {
    let network = match network_of(job) {
        Ok((_, network)) => network,
        Err(judgement) => return judgement,
    };
    if network.security_group_ids.is_empty() {
        return Judgement::not_applicable("names no security group");
    }
    let (mut default, mut others, mut unread) = (Vec::new(), 0, Vec::new());
    for id in &network.security_group_ids {
        match world.security_group(id) {
            Fact::Known(group) if group.name == DEFAULT_NAME => default.push(id.clone()),
            Fact::Known(_) => others += 1,
            Fact::Absent => {}
            Fact::Unreadable(failed) => unread.push(failed),
        }
    }
    if !default.is_empty() {
        let remedy = "create the job again with groups made for it";
        let judgement = Judgement::non_compliant("uses a VPC's default security group:", default, remedy);
        return Judgement { unread, ..judgement };
    }
    if !unread.is_empty() {
        return Judgement::undetermined(unread);
    }
    if others == 0 {
        let finding = "names no security group that still exists: job_security_groups_exist judges that";
        return Judgement::not_applicable(finding);
    }
    Judgement::compliant(format!("none of its security groups ({others}) is a VPC's default group"))
}

#[cfg(test)]
mod tests {
    use schemas::control::Verdict::{self, Compliant, NonCompliant, NotApplicable, Undetermined};

    use super::super::cases::{self, unread};
    use super::*;
    use crate::facts::{SecurityGroup, VpcConfig};

    const DEFAULT: &str = "sg-0000000000000def0";
    const GONE: &str = "sg-0000000000000dead";
    const DENIED: &str = "sg-0000000000000beef";

    /// The good world with a default group, a deleted one and an unreadable one beside it.
    fn world(default_name: &str) -> World {
        let mut world = cases::world();
        let default = SecurityGroup {
            id: DEFAULT.to_owned(),
            name: default_name.to_owned(),
            owner_id: "444455556666".to_owned(),
            ..SecurityGroup::default()
        };
        world.security_groups.insert(DEFAULT.to_owned(), Fact::Known(default));
        world.security_groups.insert(GONE.to_owned(), Fact::Absent);
        world.security_groups.insert(DENIED.to_owned(), Fact::Unreadable(unread()));
        world
    }

    fn check(case: &str, groups: &[&str], expected: Verdict) -> Judgement {
        let job = cases::job_with(|detail| {
            let security_group_ids = groups.iter().map(|&id| id.to_owned()).collect();
            detail.vpc_config = Some(VpcConfig { security_group_ids, ..cases::vpc_config() });
        });
        let judgement = evaluate(&job, &world(DEFAULT_NAME));
        assert_eq!(judgement.verdict, expected, "{case}");
        judgement
    }

    #[test]
    fn cases() {
        check("good", &[cases::GROUP], Compliant);
        check("bad", &[DEFAULT], NonCompliant);
        check("good and bad", &[cases::GROUP, DEFAULT], NonCompliant);
        check("empty", &[], NotApplicable);
        check("gone", &[GONE], NotApplicable);
        check("one left of two", &[GONE, cases::GROUP], Compliant);
        check("unreadable", &[DENIED], Undetermined);
        check("one readable, one not", &[cases::GROUP, DENIED], Undetermined);
        check("one gone, one unreadable", &[GONE, DENIED], Undetermined);
        // A group of that id that was read for another account or Region is in another world.
        check("never asked for", &["sg-00000000000000aaa"], Undetermined);
    }

    #[test]
    fn a_known_default_group_decides_whatever_else_is_unknown() {
        let judgement = check("mixed", &[DENIED, DEFAULT, GONE], NonCompliant);
        assert_eq!((judgement.resources, judgement.unread.len()), (vec![DEFAULT.to_owned()], 1));
    }

    #[test]
    fn only_the_exact_name_is_the_default_group() {
        let job = cases::job_with(|detail| {
            let security_group_ids = vec![DEFAULT.to_owned()];
            detail.vpc_config = Some(VpcConfig { security_group_ids, ..cases::vpc_config() });
        });
        for (name, expected) in [("default", NonCompliant), ("default-jobs", Compliant), ("", Compliant)] {
            assert_eq!(evaluate(&job, &world(name)).verdict, expected, "{name:?}");
        }
    }

    #[test]
    fn without_a_network_there_is_nothing_to_say_whatever_the_status() {
        for status in cases::STATUSES {
            let mut job = cases::job_without_vpc();
            job.job.status = status.to_owned();
            assert_eq!(evaluate(&job, &cases::world()).verdict, NotApplicable, "{status}");
            let unreadable = JobFacts { detail: Fact::Unreadable(unread()), ..job };
            assert_eq!(evaluate(&unreadable, &cases::world()).verdict, Undetermined, "{status}");
        }
    }
}
