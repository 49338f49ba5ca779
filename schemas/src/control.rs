//! The controls, each under one name everywhere, and what can be said of a job against one of them.

use std::fmt;

/// A control states what is true of a compliant job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ControlId {
    /// The job has a `vpcConfig`.
    JobInVpc,
    /// Every security group that the job names still exists.
    JobSecurityGroupsExist,
    /// None of them is a VPC's default group.
    JobSecurityGroupsNotDefault,
    /// Its groups, subnets and VPC carry the mandatory tags.
    JobNetworkTagged,
    /// Its subnets have no route to the internet, and its VPC has the endpoints that it needs.
    JobPrivatePath,
    /// Its groups let it reach those endpoints, and theirs let it in.
    JobSecurityGroupsReachEndpoints,
    /// Its role has the EC2 permissions that a job in a VPC needs.
    JobRoleCanUseVpc,
    /// The policy of its training bucket refuses reads from outside the VPC.
    TrainingDataRequiresVpc,
}

impl ControlId {
    /// Every control, in reporting order.
    pub const ALL: [Self; 8] = [
        Self::JobInVpc,
        Self::JobSecurityGroupsExist,
        Self::JobSecurityGroupsNotDefault,
        Self::JobNetworkTagged,
        Self::JobPrivatePath,
        Self::JobSecurityGroupsReachEndpoints,
        Self::JobRoleCanUseVpc,
        Self::TrainingDataRequiresVpc,
    ];

    /// The controls that CloudTrail's history can be judged against, in reporting order.
    pub const IN_HISTORY: [Self; 5] = [
        Self::JobInVpc,
        Self::JobSecurityGroupsExist,
        Self::JobSecurityGroupsNotDefault,
        Self::JobNetworkTagged,
        Self::JobSecurityGroupsReachEndpoints,
    ];

    /// The control's one name: module, rule parameter, annotation, column value, query header, report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JobInVpc => "job_in_vpc",
            Self::JobSecurityGroupsExist => "job_security_groups_exist",
            Self::JobSecurityGroupsNotDefault => "job_security_groups_not_default",
            Self::JobNetworkTagged => "job_network_tagged",
            Self::JobPrivatePath => "job_private_path",
            Self::JobSecurityGroupsReachEndpoints => "job_security_groups_reach_endpoints",
            Self::JobRoleCanUseVpc => "job_role_can_use_vpc",
            Self::TrainingDataRequiresVpc => "training_data_requires_vpc",
        }
    }

    /// Raised whenever the same history may give another verdict. The queries decide; this names their state.
    pub const fn version_in_history(self) -> u32 {
        match self {
            // 2: a record in a log file that was changed after delivery decides nothing.
            // 3: with --strict, nor does evidence, nor a record beside log files that nothing vouches for.
            Self::JobInVpc | Self::JobSecurityGroupsNotDefault => 3,
            // 3: nor does anything in hours without coverage, or after the end of the logs.
            // 4: nor in an hour of which a log file is missing, changed or broken.
            // 5: as 3 above.
            Self::JobSecurityGroupsExist => 5,
            // 3: as above; a lack of tags is told only where the logs cover the time since, and from a removal alone.
            Self::JobNetworkTagged => 3,
            // 2: as 3 above.
            Self::JobSecurityGroupsReachEndpoints => 2,
            _ => 1,
        }
    }

    /// What is true of a compliant job, in one sentence.
    pub const fn title(self) -> &'static str {
        match self {
            Self::JobInVpc => "The job runs in a VPC",
            Self::JobSecurityGroupsExist => "Every security group that the job names still exists",
            Self::JobSecurityGroupsNotDefault => "The job uses no VPC's default security group",
            Self::JobNetworkTagged => "The job's security groups, subnets and VPC carry the mandatory tags",
            Self::JobPrivatePath => "The job's subnets reach S3 and KMS through VPC endpoints, and no internet gateway",
            Self::JobSecurityGroupsReachEndpoints => "The job's security groups let it reach those endpoints",
            Self::JobRoleCanUseVpc => "The job's role has the EC2 permissions that a job in a VPC needs",
            Self::TrainingDataRequiresVpc => "The training bucket's policy refuses reads from outside the VPC",
        }
    }

    /// The control of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|control| control.as_str() == name)
    }
}

impl fmt::Display for ControlId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What is known of one job against one control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// What the control states is true of the job.
    Compliant,
    /// It is not.
    NonCompliant,
    /// The control says nothing about such a job.
    NotApplicable,
    /// Something decisive could not be read. Never softened into a pass or a fail.
    Undetermined,
}

impl Verdict {
    /// Every verdict, in reporting order.
    pub const ALL: [Self; 4] = [Self::NonCompliant, Self::Undetermined, Self::Compliant, Self::NotApplicable];

    /// The verdict's name in tables and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Compliant => "Compliant",
            Self::NonCompliant => "NonCompliant",
            Self::NotApplicable => "NotApplicable",
            Self::Undetermined => "Undetermined",
        }
    }

    /// The verdict of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == name)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        for control in ControlId::ALL {
            assert_eq!(ControlId::parse(control.as_str()), Some(control));
        }
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::parse(verdict.as_str()), Some(verdict));
        }
        assert_eq!(ControlId::parse("job-in-vpc"), None);
    }
}
