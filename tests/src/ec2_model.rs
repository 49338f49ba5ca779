//! A slow and obvious EC2, to compare rebuilt histories with: what its API reference says of the calls that the audit
//! reads, and whole copies of everything at every change.
//!
//! It shares no code with the program, and was written from EC2's API reference (pages named at each operation), not
//! from the program. It knows neither records nor encodings: `ec2_records` writes those.

mod canonical;
mod network;
mod operation;
mod rules;
mod tags;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

pub use canonical::{canonical_cidr, canonical_protocol};
pub use network::{Endpoint, Gateway, Interface, Linked, RouteTable, Subnet, Vpc};
pub use operation::{Answer, EndpointAsked, EndpointChange, GroupRef, KeyValue, Mode, Operation, Refusal};
pub use rules::{Group, Peer, Permission, Rule, Spec, Target};
pub use tags::{Tag, Tags};

/// An instant. EC2's own order within a second is finer than CloudTrail's `eventTime`, so calls carry numbers too.
pub type Time = DateTime<Utc>;

/// The number of the call that brought something about.
pub type CallNumber = usize;

/// Whole copies of one thing, each valid from its time on. `None` = it does not exist.
#[derive(Debug, Clone)]
pub struct Timeline<T>(Vec<(Time, CallNumber, Option<T>)>);

impl<T> Default for Timeline<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Clone> Timeline<T> {
    /// As it is after everything that happened up to and including that instant.
    pub fn at(&self, time: Time) -> Option<&T> {
        self.0.iter().rev().find(|(from, _, _)| *from <= time).and_then(|(_, _, state)| state.as_ref())
    }

    /// As it is now.
    pub fn now(&self) -> Option<&T> {
        self.0.last().and_then(|(_, _, state)| state.as_ref())
    }

    /// The copies, oldest first.
    pub fn states(&self) -> impl Iterator<Item = (Time, CallNumber, Option<&T>)> {
        self.0.iter().map(|(time, call, state)| (*time, *call, state.as_ref()))
    }

    /// The call that made it, with its time.
    pub fn created(&self) -> Option<(Time, CallNumber)> {
        self.0.first().map(|(time, call, _)| (*time, *call))
    }

    /// The call that ended it, with its time. Nothing that is gone ever comes back under its id.
    pub fn deleted(&self) -> Option<(Time, CallNumber)> {
        self.0.last().filter(|(_, _, state)| state.is_none()).map(|(time, call, _)| (*time, *call))
    }
}

/// Everything of one kind, by id: the gone included.
pub type All<T> = BTreeMap<String, Timeline<T>>;

/// One account's EC2 in one Region, with the model customization jobs whose tags are compared.
#[derive(Debug, Clone)]
pub struct Ec2 {
    /// The account.
    pub account_id: String,
    /// The Region.
    pub region: String,
    /// VPCs.
    pub vpcs: All<Vpc>,
    /// Security groups.
    pub groups: All<Group>,
    /// Subnets.
    pub subnets: All<Subnet>,
    /// Route tables, the main ones included, which no record names.
    pub route_tables: All<RouteTable>,
    /// Internet gateways.
    pub gateways: All<Gateway>,
    /// VPC endpoints.
    pub endpoints: All<Endpoint>,
    /// Network interfaces.
    pub interfaces: All<Interface>,
    /// Tags of jobs, by ARN.
    pub jobs: All<Tags>,
    ids_given: u64,
    time: Time,
    call: CallNumber,
}

impl Ec2 {
    /// An account without a VPC.
    pub fn new(account_id: &str, region: &str) -> Self {
        Self {
            account_id: account_id.to_owned(),
            region: region.to_owned(),
            vpcs: All::new(),
            groups: All::new(),
            subnets: All::new(),
            route_tables: All::new(),
            gateways: All::new(),
            endpoints: All::new(),
            interfaces: All::new(),
            jobs: All::new(),
            ids_given: 0,
            time: Time::UNIX_EPOCH,
            call: 0,
        }
    }

    /// One call. A refusal leaves everything as it was.
    pub fn call(&mut self, number: CallNumber, at: Time, mode: Mode, operation: &Operation) -> Result<Answer, Refusal> {
        assert!(at >= self.time && number >= self.call, "calls come in their order");
        if mode == Mode::Denied {
            return Err(Refusal::new(
                "Client.UnauthorizedOperation",
                "You are not authorized to perform this operation.",
            ));
        }
        let before = self.clone_if(mode == Mode::DryRun);
        (self.time, self.call) = (at, number);
        let outcome = self.perform(operation);
        if let (Some(before), Ok(_)) = (before, &outcome) {
            *self = before;
            return Err(Refusal::new(
                "Client.DryRunOperation",
                "Request would have succeeded, but DryRun flag is set.",
            ));
        }
        outcome
    }

    fn clone_if(&self, wanted: bool) -> Option<Self> {
        wanted.then(|| self.clone())
    }

    fn perform(&mut self, operation: &Operation) -> Result<Answer, Refusal> {
        match operation {
            Operation::CreateVpc { tags } => self.create_vpc(false, tags),
            Operation::CreateDefaultVpc => self.create_vpc(true, &[]),
            Operation::DeleteVpc { vpc_id } => self.delete_vpc(vpc_id),
            Operation::CreateSubnet { vpc_id, zone, tags } => self.create_subnet(vpc_id, zone, tags),
            Operation::DeleteSubnet { subnet_id } => self.delete_subnet(subnet_id),
            Operation::CreateRouteTable { vpc_id } => self.create_route_table(vpc_id),
            Operation::DeleteRouteTable { table_id } => self.delete_route_table(table_id),
            Operation::AssociateRouteTable { table_id, subnet_id } => self.associate(table_id, subnet_id),
            Operation::DisassociateRouteTable { association_id } => self.disassociate(association_id),
            Operation::ReplaceRouteTableAssociation { association_id, table_id } => {
                self.replace_association(association_id, table_id)
            }
            Operation::CreateRoute { table_id, destination, target } => {
                self.route(table_id, destination, target, false)
            }
            Operation::ReplaceRoute { table_id, destination, target } => {
                self.route(table_id, destination, target, true)
            }
            Operation::DeleteRoute { table_id, destination } => self.delete_route(table_id, destination),
            Operation::CreateInternetGateway => self.create_gateway(),
            Operation::AttachInternetGateway { gateway_id, vpc_id } => self.attach(gateway_id, vpc_id),
            Operation::DetachInternetGateway { gateway_id, vpc_id } => self.detach(gateway_id, vpc_id),
            Operation::CreateVpcEndpoint(endpoint) => self.create_endpoint(endpoint),
            Operation::ModifyVpcEndpoint(change) => self.modify_endpoint(change),
            Operation::DeleteVpcEndpoints { endpoint_ids } => self.delete_endpoints(endpoint_ids),
            Operation::CreateNetworkInterface { subnet_id, group_ids } => self.create_interface(subnet_id, group_ids),
            Operation::DeleteNetworkInterface { interface_id } => self.delete_interface(interface_id),
            Operation::CreateSecurityGroup { name, vpc_id, tags } => self.create_group(name, vpc_id.as_deref(), tags),
            Operation::DeleteSecurityGroup { group } => self.delete_group(group),
            Operation::Authorize { group, is_egress, permissions, .. } => {
                self.authorize(group, *is_egress, permissions)
            }
            Operation::Revoke { group, is_egress, permissions } => self.revoke(group, *is_egress, permissions),
            Operation::RevokeById { group_id, is_egress, rule_ids } => {
                self.revoke_by_id(group_id, *is_egress, rule_ids)
            }
            Operation::Modify { group_id, rules } => self.modify(group_id, rules),
            Operation::Describe { group, is_egress, permissions } => self.describe(group, *is_egress, permissions),
            Operation::DescribeById { group_id, is_egress, descriptions } => {
                self.describe_by_id(group_id, *is_egress, descriptions)
            }
            Operation::CreateTags { resource_ids, tags } => self.create_tags(resource_ids, tags),
            Operation::DeleteTags { resource_ids, tags } => self.delete_tags(resource_ids, tags),
            Operation::CreateJob { name, tags } => self.create_job(name, tags),
            Operation::TagJob { arn, tags } => self.tag_job(arn, tags),
            Operation::UntagJob { arn, keys } => self.untag_job(arn, keys),
        }
    }

    /// An id of EC2's form. They are counted, so two accounts have the same ids for different things.
    fn new_id(&mut self, prefix: &str) -> String {
        self.ids_given += 1;
        format!("{prefix}-0{:016x}", self.ids_given.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// The ids of what there is now.
    pub fn living<T: Clone>(all: &All<T>) -> Vec<String> {
        all.iter().filter(|(_, line)| line.now().is_some()).map(|(id, _)| id.clone()).collect()
    }

    fn state<'a, T: Clone>(all: &'a All<T>, id: &str, code: &'static str) -> Result<&'a T, Refusal> {
        all.get(id).and_then(Timeline::now).ok_or_else(|| Refusal::new(code, &format!("{id} does not exist")))
    }

    /// Writes a new state of one thing, whole.
    fn put<T: Clone>((time, call): (Time, CallNumber), all: &mut All<T>, id: &str, state: Option<T>) {
        all.entry(id.to_owned()).or_default().0.push((time, call, state));
    }

    fn stamp(&self) -> (Time, CallNumber) {
        (self.time, self.call)
    }
}

#[cfg(test)]
mod tests;
