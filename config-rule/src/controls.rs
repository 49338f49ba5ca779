//! The controls, in reporting order: pure functions over facts, one module each.

mod bucket_policy;
mod cidr;
mod https_rules;
pub mod job_in_vpc;
pub mod job_network_tagged;
pub mod job_private_path;
pub mod job_role_can_use_vpc;
pub mod job_security_groups_exist;
pub mod job_security_groups_not_default;
pub mod job_security_groups_reach_endpoints;
pub mod training_data_requires_vpc;

use schemas::control::ControlId;

use crate::facts::{Fact, JobDetail, JobFacts, VpcConfig, World};
use crate::judgement::Judgement;

/// How bad it is when a control is not met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Data leaves, or may leave, the customer's network.
    High,
    /// A protection is weaker than intended, or cannot be shown any more.
    Medium,
    /// Nothing is open, but somebody will have to search.
    Low,
}

/// What a person is told about a control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// How bad it is when it is not met.
    pub severity: Severity,
    /// Why it matters.
    pub why: &'static str,
    /// What to do about a job that does not meet it.
    pub fix: &'static str,
    /// Titles of the AWS pages that it rests on.
    pub pages: &'static [&'static str],
}

/// What the owner of a rule decides about its controls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The tag keys that groups, subnets and VPCs must carry; compared exactly, as AWS does.
    pub mandatory_tag_keys: Vec<String>,
}

impl Default for Policy {
    fn default() -> Self {
        Self { mandatory_tag_keys: ["Owner", "DataSensitivity", "CostCenter"].map(str::to_owned).to_vec() }
    }
}

/// What a control needs to know of a job's surroundings; nothing else is asked for, nor needs a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// Its security groups.
    pub security_groups: bool,
    /// Its subnets.
    pub subnets: bool,
    /// The VPCs of its subnets and groups.
    pub vpcs: bool,
    /// The route tables and endpoints of its subnets' VPCs.
    pub paths: bool,
    /// The groups and subnets of those endpoints, and the prefix list of S3.
    pub endpoint_groups: bool,
    /// What its role may not do.
    pub role: bool,
    /// The policies of the buckets that it reads.
    pub buckets: bool,
}

impl Needs {
    /// What either needs.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            security_groups: self.security_groups || other.security_groups,
            subnets: self.subnets || other.subnets,
            vpcs: self.vpcs || other.vpcs,
            paths: self.paths || other.paths,
            endpoint_groups: self.endpoint_groups || other.endpoint_groups,
            role: self.role || other.role,
            buckets: self.buckets || other.buckets,
        }
    }
}

/// What a control needs.
pub fn needs(control: ControlId) -> Needs {
    let none = Needs::default();
    match control {
        ControlId::JobInVpc => none,
        ControlId::JobSecurityGroupsExist | ControlId::JobSecurityGroupsNotDefault => {
            Needs { security_groups: true, ..none }
        }
        ControlId::JobNetworkTagged => Needs { security_groups: true, subnets: true, vpcs: true, ..none },
        ControlId::JobPrivatePath => Needs { subnets: true, paths: true, ..none },
        ControlId::JobSecurityGroupsReachEndpoints => {
            Needs { security_groups: true, subnets: true, paths: true, endpoint_groups: true, ..none }
        }
        ControlId::JobRoleCanUseVpc => Needs { role: true, ..none },
        ControlId::TrainingDataRequiresVpc => Needs { subnets: true, paths: true, buckets: true, ..none },
    }
}

/// Judges one job.
pub fn evaluate(control: ControlId, job: &JobFacts, world: &World, policy: &Policy) -> Judgement {
    match control {
        ControlId::JobInVpc => job_in_vpc::evaluate(job),
        ControlId::JobSecurityGroupsExist => job_security_groups_exist::evaluate(job, world),
        ControlId::JobSecurityGroupsNotDefault => job_security_groups_not_default::evaluate(job, world),
        ControlId::JobNetworkTagged => job_network_tagged::evaluate(job, world, policy),
        ControlId::JobPrivatePath => job_private_path::evaluate(job, world),
        ControlId::JobSecurityGroupsReachEndpoints => job_security_groups_reach_endpoints::evaluate(job, world),
        ControlId::JobRoleCanUseVpc => job_role_can_use_vpc::evaluate(job, world),
        ControlId::TrainingDataRequiresVpc => training_data_requires_vpc::evaluate(job, world),
    }
}

/// What a person is told about a control.
pub fn about(control: ControlId) -> &'static About {
    match control {
        ControlId::JobInVpc => &job_in_vpc::ABOUT,
        ControlId::JobSecurityGroupsExist => &job_security_groups_exist::ABOUT,
        ControlId::JobSecurityGroupsNotDefault => &job_security_groups_not_default::ABOUT,
        ControlId::JobNetworkTagged => &job_network_tagged::ABOUT,
        ControlId::JobPrivatePath => &job_private_path::ABOUT,
        ControlId::JobSecurityGroupsReachEndpoints => &job_security_groups_reach_endpoints::ABOUT,
        ControlId::JobRoleCanUseVpc => &job_role_can_use_vpc::ABOUT,
        ControlId::TrainingDataRequiresVpc => &training_data_requires_vpc::ABOUT,
    }
}

/// The job's detail, or the judgement that there is without it.
fn detail_of(job: &JobFacts) -> Result<&JobDetail, Judgement> {
    match &job.detail {
        Fact::Known(detail) => Ok(detail),
        Fact::Absent => Err(Judgement::not_applicable("was listed, but is not there any more")),
        Fact::Unreadable(unread) => Err(Judgement::undetermined(vec![unread.clone()])),
    }
}

/// The job's network, or the judgement of a control that says nothing about a job without one.
fn network_of(job: &JobFacts) -> Result<(&JobDetail, &VpcConfig), Judgement> {
    let detail = detail_of(job)?;
    match &detail.vpc_config {
        Some(network) => Ok((detail, network)),
        None => Err(Judgement::not_applicable("has no vpcConfig: job_in_vpc judges that")),
    }
}

#[cfg(test)]
pub(crate) mod cases;
