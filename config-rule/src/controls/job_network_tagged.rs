//! `job_network_tagged`: the job's security groups, subnets and their VPCs carry every mandatory tag key, with a value.
//!
//! - Compliant: each of them that exists carries them all.
//! - NonCompliant: one of this account's own lacks a key, or has it with an empty or blank value, whatever is unknown
//!   of the others.
//! - NotApplicable: no key is mandatory; the job has no `vpcConfig`; or nothing of its network exists any more. What
//!   was deleted carries no tags and is skipped: `job_security_groups_exist` and `job_private_path` judge it.
//! - Undetermined: something could not be read, or belongs to another account (a shared VPC) and shows no such tag:
//!   EC2 does not show an owner's tags to a participant, so a tag that is not seen there is not known to be missing.

use std::collections::BTreeSet;

use super::{About, Policy, Severity, network_of};
use crate::facts::{Fact, JobFacts, Tags, Unread, World};
use crate::judgement::Judgement;

/// What a person is told about it.
pub const ABOUT: About = About {
    severity: Severity::Low,
    why: "Without owner, data sensitivity and cost centre on the network that a job used, nobody can be asked about \
          it, and nobody knows before deleting a group or a subnet that training data depends on it.",
    fix: "Add the missing tags with ec2:CreateTags; the job need not be created again. In a shared VPC its owner adds \
          them, and judges them in the owner's account.",
    pages: &["Tag your Amazon EC2 resources", "Responsibilities and permissions for owners and participants"],
};

/// Judges one job.
pub fn evaluate(job: &JobFacts, world: &World, policy: &Policy) -> Judgement {
    let network = match network_of(job) {
        Ok((_, network)) => network,
        Err(judgement) => return judgement,
    };
    if policy.mandatory_tag_keys.is_empty() {
        return Judgement::not_applicable("is not judged: no mandatory tag keys are set");
    }
    let mut seen = Seen::new(world, policy);
    let mut vpc_ids = BTreeSet::new();
    for id in &network.security_group_ids {
        if let Some(group) = seen.existing(world.security_group(id)) {
            seen.check(id, &group.owner_id, &group.tags);
            vpc_ids.insert(&group.vpc_id);
        }
    }
    for id in &network.subnet_ids {
        if let Some(subnet) = seen.existing(world.subnet(id)) {
            seen.check(id, &subnet.owner_id, &subnet.tags);
            vpc_ids.insert(&subnet.vpc_id);
        }
    }
    for id in vpc_ids {
        if let Some(vpc) = seen.existing(world.vpc(id)) {
            seen.check(id, &vpc.owner_id, &vpc.tags);
        }
    }
    seen.judgement()
}

/// What was seen so far of one job's network.
struct Seen<'a> {
    account_id: &'a str,
    mandatory_keys: &'a [String],
    existing: usize,
    untagged: Vec<String>,
    unread: Vec<Unread>,
}

impl<'a> Seen<'a> {
    fn new(world: &'a World, policy: &'a Policy) -> Self {
        let (untagged, unread) = (Vec::new(), Vec::new());
        Self {
            account_id: &world.account_id,
            mandatory_keys: &policy.mandatory_tag_keys,
            existing: 0,
            untagged,
            unread,
        }
    }

    /// The resource, if it exists and could be read.
    fn existing<'w, T>(&mut self, fact: Fact<&'w T>) -> Option<&'w T> {
        match fact {
            Fact::Known(resource) => {
                self.existing += 1;
                Some(resource)
            }
            Fact::Absent => None,
            Fact::Unreadable(unread) => {
                self.unread.push(unread);
                None
            }
        }
    }

    fn check(&mut self, id: &str, owner_id: &str, tags: &Tags) {
        let has_value = |key: &&str| tags.get(*key).is_some_and(|value| !value.trim().is_empty());
        let keys = self.mandatory_keys.iter().map(String::as_str);
        let missing: Vec<&str> = keys.filter(|key| !has_value(key)).collect();
        if missing.is_empty() {
            return;
        }
        if owner_id == self.account_id {
            self.untagged.push(format!("{id} ({})", missing.join(", ")));
        } else {
            let cause = format!(
                "tags of resources owned by account {owner_id} are not visible from account {}",
                self.account_id
            );
            self.unread.push(Unread { action: "ec2:DescribeTags".to_owned(), resource: id.to_owned(), cause });
        }
    }

    fn judgement(self) -> Judgement {
        if !self.untagged.is_empty() {
            let remedy = "add the tags named in parentheses";
            let judgement = Judgement::non_compliant("uses a network with tags missing:", self.untagged, remedy);
            return Judgement { unread: self.unread, ..judgement };
        }
        if !self.unread.is_empty() {
            return Judgement::undetermined(self.unread);
        }
        if self.existing == 0 {
            return Judgement::not_applicable("names no security group or subnet that still exists");
        }
        Judgement::compliant(format!(
            "its security groups, subnets and VPC ({}) carry {}",
            self.existing,
            self.mandatory_keys.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use schemas::control::Verdict::{self, Compliant, NonCompliant, NotApplicable, Undetermined};

    use super::super::cases::{self, GROUP, SUBNET, VPC, known, unread};
    use super::*;
    use crate::facts::{SecurityGroup, Subnet, Vpc, VpcConfig};

    fn check(case: &str, change: impl FnOnce(&mut World), expected: Verdict) -> Judgement {
        let mut world = cases::world();
        change(&mut world);
        let judgement = evaluate(&cases::job(), &world, &Policy::default());
        assert_eq!(judgement.verdict, expected, "{case}");
        judgement
    }

    fn group(world: &mut World, change: impl FnOnce(&mut SecurityGroup)) {
        change(known(&mut world.security_groups, GROUP));
    }

    fn subnet(world: &mut World, change: impl FnOnce(&mut Subnet)) {
        change(known(&mut world.subnets, SUBNET));
    }

    fn vpc(world: &mut World, change: impl FnOnce(&mut Vpc)) {
        change(known(&mut world.vpcs, VPC));
    }

    fn nothing_left(world: &mut World) {
        world.security_groups.insert(GROUP.to_owned(), Fact::Absent);
        world.subnets.insert(SUBNET.to_owned(), Fact::Absent);
    }

    /// The subnet and its VPC, but not the job's group, belong to another account.
    fn shared(world: &mut World, tags: &Tags) {
        let owner = "444455556666";
        subnet(world, |subnet| (subnet.owner_id, subnet.tags) = (owner.to_owned(), tags.clone()));
        vpc(world, |vpc| (vpc.owner_id, vpc.tags) = (owner.to_owned(), tags.clone()));
    }

    #[test]
    fn cases() {
        check("good", |_| (), Compliant);
        check("group untagged", |world| group(world, |group| group.tags.clear()), NonCompliant);
        check("subnet untagged", |world| subnet(world, |subnet| subnet.tags.clear()), NonCompliant);
        check("VPC untagged", |world| vpc(world, |vpc| vpc.tags.clear()), NonCompliant);
        check("group gone", |world| drop(world.security_groups.insert(GROUP.to_owned(), Fact::Absent)), Compliant);
        check("nothing left", nothing_left, NotApplicable);
        let denied = |world: &mut World| drop(world.subnets.insert(SUBNET.to_owned(), Fact::Unreadable(unread())));
        check("unreadable", denied, Undetermined);
        check("VPC never asked for", |world| world.vpcs.clear(), Undetermined);
        check("shared VPC, tags not shown", |world| shared(world, &Tags::new()), Undetermined);
        check("shared VPC, tags shown", |world| shared(world, &cases::tags()), Compliant);
        assert_eq!(evaluate(&cases::job_without_vpc(), &cases::world(), &Policy::default()).verdict, NotApplicable);
    }

    #[test]
    fn an_empty_vpc_config_names_nothing() {
        let job = cases::job_with(|detail| detail.vpc_config = Some(VpcConfig::default()));
        assert_eq!(evaluate(&job, &cases::world(), &Policy::default()).verdict, NotApplicable);
    }

    #[test]
    fn no_mandatory_keys_judge_nothing() {
        let policy = Policy { mandatory_tag_keys: Vec::new() };
        assert_eq!(evaluate(&cases::job(), &cases::world(), &policy).verdict, NotApplicable);
    }

    #[test]
    fn the_missing_keys_are_named_in_the_order_of_the_policy() {
        let judgement = check(
            "blank and lower case are missing",
            |world| {
                group(world, |group| {
                    group.tags.insert("Owner".to_owned(), " ".to_owned());
                    group.tags.remove("CostCenter");
                    group.tags.insert("costcenter".to_owned(), "42".to_owned());
                });
            },
            NonCompliant,
        );
        assert_eq!(judgement.resources, [format!("{GROUP} (Owner, CostCenter)")]);
    }

    #[test]
    fn a_known_missing_tag_decides_whatever_else_is_unknown() {
        let judgement = check(
            "own group untagged in a shared VPC",
            |world| {
                shared(world, &Tags::new());
                group(world, |group| group.tags.clear());
            },
            NonCompliant,
        );
        assert_eq!((judgement.resources.len(), judgement.unread.len()), (1, 2));
        assert_eq!(
            judgement.unread[0].cause,
            "tags of resources owned by account 444455556666 are not visible from account 111122223333"
        );
    }
}
