//! `job_role_can_use_vpc`: the job's role has the EC2 permissions that a job in a VPC needs.
//!
//! - Compliant: the simulation of the role's policies allows each of them.
//! - NonCompliant: it denies one, for a finished job, too: it may be why it failed. Or the role of a job that has not
//!   ended does not exist.
//! - NotApplicable: the job has no `vpcConfig`, or an empty one, or no role; or it ended, and its role was deleted
//!   since; or it is not a customization job: the service tags the interfaces of import and batch inference jobs with
//!   other keys, which these checks do not describe.
//! - Undetermined: the role could not be simulated.
//!
//! The simulation knows the role's own policies and permissions boundary, and what it is told of the request. Not
//! judged: service control policies, and subnets that another account shares (their ARN names their owner).

use std::collections::{BTreeMap, BTreeSet};

use schemas::ids::Arn;
use schemas::job::JobKind;

use super::{About, Severity, network_of};
use crate::facts::{Denied, Fact, JobFacts, RoleUse, World};
use crate::judgement::Judgement;

/// What a person is told about it.
pub const ABOUT: About = About {
    severity: Severity::Medium,
    why: "Bedrock makes the job's network interfaces with the job's role; without these permissions the job fails, and \
          the quick way out is to create it again without a vpcConfig.",
    fix: "Attach to the role the policy that the page \"Protect your model customization jobs using a VPC\" shows, \
          with the job's subnets and groups.",
    pages: &["Protect your model customization jobs using a VPC", "SimulatePrincipalPolicy"],
};

const REMEDY: &str = "give the role the EC2 permissions of a job in a VPC";

/// Judges one job.
pub fn evaluate(job: &JobFacts, world: &World) -> Judgement {
    if let Err(judgement) = network_of(job) {
        return judgement;
    }
    if job.job.kind != JobKind::ModelCustomization {
        return Judgement::not_applicable("is not a customization job: its role is not simulated");
    }
    let Some(role_use) = role_use(job, world) else {
        return Judgement::not_applicable("names no role, or neither subnet nor security group");
    };
    match world.denials(&role_use) {
        Fact::Known(denied) if denied.is_empty() => Judgement::compliant("has a role that can use its VPC"),
        Fact::Known(denied) => {
            Judgement::non_compliant("has a role that is not allowed:", tell(denied, &checks(&role_use)), REMEDY)
        }
        Fact::Absent if job.job.is_finished() => {
            Judgement::not_applicable("ended, and its role was deleted since: it cannot be simulated")
        }
        Fact::Absent => {
            let remedy = "create the job again with a role that exists";
            Judgement::non_compliant("has a role that does not exist:", vec![role_use.role_arn], remedy)
        }
        Fact::Unreadable(unread) => Judgement::undetermined(vec![unread]),
    }
}

/// Each denied action once, with the ends of its resources' ARNs where others of them are allowed.
fn tell(denied: &[Denied], checks: &[PermissionCheck]) -> Vec<String> {
    let mut by_action = BTreeMap::<&str, BTreeSet<&str>>::new();
    for Denied { action, resource } in denied {
        by_action.entry(action).or_default().insert(resource);
    }
    let asked = |action: &str| -> BTreeSet<&str> {
        let of_action = checks.iter().filter(|check| check.actions.contains(&action));
        of_action.flat_map(|check| &check.resources).map(String::as_str).collect()
    };
    let end = |arn: &&str| Arn::parse(arn).map_or(*arn, |arn| arn.resource).to_owned();
    let tell = |(action, resources): (&str, BTreeSet<&str>)| {
        if resources == asked(action) {
            return action.to_owned();
        }
        format!("{action} ({})", resources.iter().map(end).collect::<Vec<_>>().join(", "))
    };
    by_action.into_iter().map(tell).collect()
}

/// What the job asks of its role; `None` where it has no network or no role, or is no customization job.
pub fn role_use(job: &JobFacts, world: &World) -> Option<RoleUse> {
    let detail = job.detail.known().filter(|_| job.job.kind == JobKind::ModelCustomization)?;
    let network = detail.vpc_config.as_ref()?;
    let (subnet_ids, security_group_ids) = (sorted(&network.subnet_ids), sorted(&network.security_group_ids));
    if subnet_ids.is_empty() && security_group_ids.is_empty() {
        return None;
    }
    Some(RoleUse {
        role_arn: detail.role_arn.clone()?,
        account_id: world.account_id.clone(),
        region: world.region.clone(),
        subnet_ids,
        security_group_ids,
    })
}

fn sorted(ids: &[String]) -> Vec<String> {
    let mut ids = ids.to_vec();
    ids.sort();
    ids.dedup();
    ids
}

/// The type of a context key's values (IAM API Reference, "ContextEntry"). ARN operators take strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContextKind {
    /// One value.
    String,
    /// Any number of values.
    StringList,
}

/// One IAM simulation: these actions on these resources in this context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionCheck {
    /// IAM actions, for example `ec2:CreateNetworkInterface`.
    pub actions: Vec<&'static str>,
    /// ARNs, or `*`. Not empty.
    pub resources: Vec<String>,
    /// Condition keys, their type and values.
    pub context: Vec<(&'static str, ContextKind, Vec<String>)>,
}

/// What the service does with the role, in the order and the context in which it does it (user guide, "Protect your
/// model customization jobs using a VPC"). Request tags belong to the interface alone: EC2 does not present them when it
/// asks about the subnet and the groups.
pub fn checks(role_use: &RoleUse) -> Vec<PermissionCheck> {
    let RoleUse { account_id, region, .. } = role_use;
    let partition = Arn::parse(&role_use.role_arn).map_or("aws", |arn| arn.partition);
    let ec2 = |resource: &str| format!("arn:{partition}:ec2:{region}:{account_id}:{resource}");
    let subnets: Vec<String> = role_use.subnet_ids.iter().map(|id| ec2(&format!("subnet/{id}"))).collect();
    let groups = role_use.security_group_ids.iter().map(|id| ec2(&format!("security-group/{id}")));
    let (any, interface) = (vec!["*".to_owned()], vec![ec2("network-interface/*")]);
    let job_arn =
        format!("arn:{partition}:bedrock:{region}:{account_id}:model-customization-job/example-model:1/abcdefghijkl");
    let is_managed = || vec!["true".to_owned()];
    let request = vec![
        ("aws:RequestTag/BedrockManaged", ContextKind::String, is_managed()),
        ("aws:RequestTag/BedrockModelCustomizationJobArn", ContextKind::String, vec![job_arn.clone()]),
        ("aws:TagKeys", ContextKind::StringList, TAG_KEYS.map(str::to_owned).to_vec()),
    ];
    let create_tags = ("ec2:CreateAction", ContextKind::String, vec!["CreateNetworkInterface".to_owned()]);
    let tagging = request.iter().cloned().chain([create_tags]).collect();
    let check = |actions: &[_], resources, context| PermissionCheck { actions: actions.to_vec(), resources, context };
    let mut checks = vec![
        check(&DESCRIBE, any, Vec::new()),
        check(&CREATE, interface.clone(), request),
        check(&CREATE, subnets.iter().cloned().chain(groups).collect(), Vec::new()),
        check(&["ec2:CreateTags"], interface.clone(), tagging),
    ];
    checks.extend(subnets.into_iter().map(|subnet| {
        let context = vec![
            ("ec2:Subnet", ContextKind::String, vec![subnet]),
            ("ec2:ResourceTag/BedrockManaged", ContextKind::String, is_managed()),
            ("ec2:ResourceTag/BedrockModelCustomizationJobArn", ContextKind::String, vec![job_arn.clone()]),
        ];
        check(&USE, interface.clone(), context)
    }));
    checks
}

const TAG_KEYS: [&str; 2] = ["BedrockManaged", "BedrockModelCustomizationJobArn"];

const DESCRIBE: [&str; 5] = [
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeVpcs",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeSubnets",
    "ec2:DescribeSecurityGroups",
];

const CREATE: [&str; 1] = ["ec2:CreateNetworkInterface"];

const USE: [&str; 3] =
    ["ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface", "ec2:DeleteNetworkInterfacePermission"];

#[cfg(test)]
mod tests {
    use schemas::control::Verdict::{self, Compliant, NonCompliant, NotApplicable, Undetermined};

    use super::super::cases::{self, ACCOUNT, GROUP, REGION, ROLE, SUBNET, unread};
    use super::*;
    use crate::facts::VpcConfig;

    fn check(case: &str, job: &JobFacts, denials: Fact<Vec<Denied>>, expected: Verdict) -> Judgement {
        let mut world = cases::world();
        world.role_denials.insert(cases::role_use(), denials);
        let judgement = evaluate(job, &world);
        assert_eq!(judgement.verdict, expected, "{case}");
        judgement
    }

    fn denied(action: &str, resource: &str) -> Denied {
        Denied { action: action.to_owned(), resource: resource.to_owned() }
    }

    fn good() -> Fact<Vec<Denied>> {
        Fact::Known(Vec::new())
    }

    #[test]
    fn cases() {
        check("good", &cases::job(), good(), Compliant);
        check("bad", &cases::job(), Fact::Known(vec![denied("ec2:CreateTags", "*")]), NonCompliant);
        check("no vpcConfig", &cases::job_without_vpc(), good(), NotApplicable);
        let empty = cases::job_with(|detail| detail.vpc_config = Some(VpcConfig::default()));
        check("empty", &empty, good(), NotApplicable);
        check("no role", &cases::job_with(|detail| detail.role_arn = None), good(), NotApplicable);
        check("unreadable", &cases::job(), Fact::Unreadable(unread()), Undetermined);
        let unreadable = JobFacts { detail: Fact::Unreadable(unread()), ..cases::job() };
        check("job unreadable", &unreadable, good(), Undetermined);
        let other_role =
            cases::job_with(|detail| detail.role_arn = Some("arn:aws:iam::444455556666:role/X".to_owned()));
        check("never simulated", &other_role, good(), Undetermined);
        let elsewhere = World { region: "us-east-1".to_owned(), ..cases::world() };
        assert_eq!(evaluate(&cases::job(), &elsewhere).verdict, Undetermined, "simulated for another Region");
    }

    #[test]
    fn a_deleted_role_is_only_wrong_while_the_job_needs_it() {
        for status in cases::STATUSES {
            let mut job = cases::job();
            job.job.status = status.to_owned();
            let expected = if job.job.is_finished() { NotApplicable } else { NonCompliant };
            check(status, &job, Fact::Absent, expected);
            check(status, &job, Fact::Known(vec![denied("ec2:CreateTags", "*")]), NonCompliant);
        }
        assert_eq!(check("running", &cases::job(), Fact::Absent, NonCompliant).resources, [ROLE]);
    }

    #[test]
    fn other_kinds_of_job_tag_their_interfaces_otherwise() {
        for kind in [JobKind::ModelImport, JobKind::ModelInvocation] {
            let mut job = cases::job();
            job.job.kind = kind;
            check(kind.as_str(), &job, Fact::Unreadable(unread()), NotApplicable);
            assert_eq!(role_use(&job, &cases::world()), None);
        }
    }

    #[test]
    fn the_denied_actions_are_told_once_and_in_order() {
        let subnet = format!("arn:aws:ec2:{REGION}:{ACCOUNT}:subnet/{SUBNET}");
        let denials = [denied("ec2:DescribeVpcs", "*"), denied("ec2:CreateNetworkInterface", &subnet)];
        let denials = Fact::Known([denials.clone(), denials].concat());
        let judgement = check("twice", &cases::job(), denials, NonCompliant);
        let expected = [format!("ec2:CreateNetworkInterface (subnet/{SUBNET})"), "ec2:DescribeVpcs".to_owned()];
        assert_eq!(judgement.resources, expected);
    }

    #[test]
    fn the_use_of_a_role_does_not_depend_on_the_order_of_ids() {
        let job = |ids: [&str; 3]| {
            let ids = ids.map(str::to_owned).to_vec();
            let network = VpcConfig { subnet_ids: ids.clone(), security_group_ids: ids };
            role_use(&cases::job_with(|detail| detail.vpc_config = Some(network)), &cases::world())
        };
        assert_eq!(job(["b", "a", "b"]), job(["a", "b", "a"]));
        assert_eq!(role_use(&cases::job(), &cases::world()), Some(cases::role_use()));
        assert_eq!(role_use(&cases::job_without_vpc(), &cases::world()), None);
    }

    #[test]
    fn the_checks_are_those_of_the_user_guide() {
        let role_arn = "arn:aws-us-gov:iam::111122223333:role/service/Bedrock".to_owned();
        let checks = checks(&RoleUse { role_arn, ..cases::role_use() });
        let ec2 = |resource: &str| format!("arn:aws-us-gov:ec2:{REGION}:{ACCOUNT}:{resource}");
        let interface = ec2("network-interface/*");
        let (subnet, group) = (ec2(&format!("subnet/{SUBNET}")), ec2(&format!("security-group/{GROUP}")));
        let tags = ["aws:RequestTag/BedrockManaged", "aws:RequestTag/BedrockModelCustomizationJobArn", "aws:TagKeys"];
        let tag = ["ec2:Subnet", "ec2:ResourceTag/BedrockManaged", "ec2:ResourceTag/BedrockModelCustomizationJobArn"];
        let expected: [(&[&str], Vec<String>, Vec<&str>); 5] = [
            (&DESCRIBE, vec!["*".to_owned()], vec![]),
            (&CREATE, vec![interface.clone()], tags.to_vec()),
            (&CREATE, vec![subnet.clone(), group], vec![]),
            (&["ec2:CreateTags"], vec![interface.clone()], [&tags[..], &["ec2:CreateAction"]].concat()),
            (&USE, vec![interface], tag.to_vec()),
        ];
        assert_eq!(checks.len(), expected.len());
        for (check, (actions, resources, keys)) in checks.iter().zip(expected) {
            assert_eq!((check.actions.as_slice(), &check.resources), (actions, &resources));
            assert_eq!(check.context.iter().map(|(key, ..)| *key).collect::<Vec<_>>(), keys);
        }
        assert_eq!(checks[4].context[0].2, [subnet]);
    }
}
