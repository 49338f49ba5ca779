//! A network of the story and the usual records about it.

use chrono::{DateTime, TimeDelta, Utc};

use crate::trail::{
    Caller, InterfaceRequest, Permission, Place, Record, Vpc, authorize_security_group_egress,
    create_network_interface, create_security_group, delete_network_interface, id,
};

/// A VPC, a subnet and a security group in it.
pub(super) struct Network {
    pub(super) vpc_id: String,
    pub(super) subnet_id: String,
    pub(super) group_id: String,
    pub(super) group_name: &'static str,
}

impl Network {
    /// A network with ids derived from `seed`.
    pub(super) fn new(seed: &str, group_name: &'static str) -> Self {
        Self {
            vpc_id: id::resource("vpc", &[seed]),
            subnet_id: id::resource("subnet", &[seed]),
            group_id: id::resource("sg", &[seed]),
            group_name,
        }
    }

    /// The network as a job's request names it.
    pub(super) fn vpc(&self) -> Option<Vpc> {
        Some(Vpc { subnet_ids: vec![self.subnet_id.clone()], security_group_ids: vec![self.group_id.clone()] })
    }

    /// The group is created, and may reach HTTPS.
    pub(super) fn group_created(&self, place: &Place, caller: &Caller, at: DateTime<Utc>) -> [Record; 2] {
        let rule_at = at + TimeDelta::seconds(2);
        let https = Permission::tcp(443, "10.0.0.0/8");
        [
            create_security_group(place, caller, at, &self.group_id, self.group_name, &self.vpc_id),
            authorize_security_group_egress(place, caller, rule_at, &self.group_id, &https),
        ]
    }

    /// Bedrock makes an interface for the job forty seconds after its request, and removes it five hours later.
    pub(super) fn interface_of(&self, place: &Place, job_arn: &str, requested_at: DateTime<Utc>) -> [Record; 2] {
        let bedrock =
            Caller::role(&place.account_id, "BedrockCustomization", "BedrockSession").via("bedrock.amazonaws.com");
        let request = InterfaceRequest {
            id: id::resource("eni", &[job_arn]),
            subnet_id: self.subnet_id.clone(),
            vpc_id: self.vpc_id.clone(),
            groups: vec![(self.group_id.clone(), self.group_name.to_owned())],
            job_arn: Some(job_arn.to_owned()),
        };
        let made_at = requested_at + TimeDelta::seconds(40);
        let removed_at = requested_at + TimeDelta::hours(5);
        [
            create_network_interface(place, &bedrock, made_at, &request),
            delete_network_interface(place, &bedrock, removed_at, &request.id),
        ]
    }
}
