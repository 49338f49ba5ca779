//! `vpcs`, `subnets`, `vpc_endpoints` and `network_links`: the network around jobs, as far as the trail shows it.
//!
//! What a call makes without naming it is not claimed: the subnets, the internet gateway and the route of a default
//! VPC, and the main route table of any VPC, come into sight with the first record that names them.

mod associations;
mod endpoints;
mod links;
mod lives;
mod routes;

use std::sync::Arc;

use schemas::tables::{NETWORK_LINKS, SUBNETS, VPC_ENDPOINTS, VPCS};

use super::call::{Call, flag, plain};
use super::event::{Event, Scope};
use super::mark::Mark;
use super::rules::spec::Peer;
use crate::table::TableBuilder;
use associations::Associations;
use endpoints::Endpoint;
use links::{Kind, Link, Links};
use lives::{Life, Lives};
use routes::Routes;

/// Folds records, in the order of time, into the four tables.
#[derive(Default)]
pub struct Topology {
    vpcs: Lives<Vpc>,
    subnets: Lives<Subnet>,
    endpoints: Lives<Endpoint>,
    routes: Routes,
    associations: Associations,
    links: Links,
}

/// The tables in the making.
pub struct TopologyTables {
    /// `vpcs`.
    pub vpcs: TableBuilder,
    /// `subnets`.
    pub subnets: TableBuilder,
    /// `vpc_endpoints`.
    pub vpc_endpoints: TableBuilder,
    /// `network_links`.
    pub network_links: TableBuilder,
}

impl Default for TopologyTables {
    fn default() -> Self {
        Self {
            vpcs: TableBuilder::new(&VPCS),
            subnets: TableBuilder::new(&SUBNETS),
            vpc_endpoints: TableBuilder::new(&VPC_ENDPOINTS),
            network_links: TableBuilder::new(&NETWORK_LINKS),
        }
    }
}

/// What the records tell of a VPC.
#[derive(Default)]
struct Vpc {
    is_default: Option<bool>,
}

/// What the records tell of a subnet.
#[derive(Default)]
struct Subnet {
    vpc_id: Option<String>,
    availability_zone: Option<String>,
    cidr_block: Option<String>,
}

impl Topology {
    /// Takes in an event. A refused one changed nothing, and what it names is the caller's word.
    pub fn take(&mut self, event: &Event, out: &mut TopologyTables) {
        if !event.is_accepted() {
            return;
        }
        match event.name.as_str() {
            "CreateVpc" | "CreateDefaultVpc" => self.create_vpc(event),
            "DeleteVpc" => self.delete_vpc(event),
            "CreateSubnet" | "CreateDefaultSubnet" => self.create_subnet(event),
            "DeleteSubnet" => self.delete_subnet(event),
            "CreateVpcEndpoint" => self.create_endpoint(event),
            "ModifyVpcEndpoint" => self.modify_endpoint(event, out),
            "DeleteVpcEndpoints" => self.delete_endpoints(event),
            "CreateRouteTable" => self.create_table(event),
            "DeleteRouteTable" => self.delete_table(event),
            "AssociateRouteTable" => self.associate_table(event, out),
            "DisassociateRouteTable" => self.disassociate_table(event, out),
            "ReplaceRouteTableAssociation" => self.replace_association(event, out),
            "CreateRoute" | "ReplaceRoute" => self.set_route(event, out),
            "DeleteRoute" => self.delete_route(event, out),
            "AttachInternetGateway" => self.attach_gateway(event, out),
            "DetachInternetGateway" => self.detach_gateway(event, out),
            "DeleteInternetGateway" => self.delete_gateway(event),
            _ => (),
        }
    }

    /// A record names a subnet, and its VPC if it tells it.
    pub fn see_subnet(&mut self, event: &Event, subnet_id: &str, vpc_id: Option<&str>) {
        let facts = &mut self.subnets.see(event, subnet_id).facts;
        if let Some(vpc_id) = vpc_id {
            facts.vpc_id.get_or_insert_with(|| vpc_id.to_owned());
            self.see_vpc(event, vpc_id);
        }
    }

    /// A record names a VPC.
    pub fn see_vpc(&mut self, event: &Event, vpc_id: &str) {
        self.vpcs.see(event, vpc_id);
    }

    fn create_vpc(&mut self, event: &Event) {
        let Some(made) = Call::of(event).made("vpc") else { return };
        let Some(id) = plain(made, "vpcId") else { return };
        let (_, facts) = self.vpcs.create(event, &Mark::of(event), id);
        facts.is_default = facts.is_default.or_else(|| flag(made, "isDefault"));
    }

    fn delete_vpc(&mut self, event: &Event) {
        if let Some(id) = Call::of(event).asked("vpcId") {
            self.vpcs.delete(event, id);
        }
    }

    fn create_subnet(&mut self, event: &Event) {
        let call = Call::of(event);
        let Some(made) = call.made("subnet") else { return };
        let Some(id) = plain(made, "subnetId") else { return };
        let said = |name: &str| plain(made, name).or_else(|| call.asked(name));
        let (_, facts) = self.subnets.create(event, &Mark::of(event), id);
        facts.availability_zone = said("availabilityZone").map(str::to_owned);
        facts.cidr_block = said("cidrBlock").and_then(ipv4_range);
        self.see_subnet(event, id, said("vpcId"));
    }

    fn delete_subnet(&mut self, event: &Event) {
        if let Some(id) = Call::of(event).asked("subnetId") {
            self.subnets.delete(event, id);
        }
    }

    /// The record that ended the life of a `vpc`, a `subnet` or a `vpc_endpoint`: its own deletion, or its VPC's.
    pub fn deleted(&self, scope: &Scope, kind: &str, id: &str) -> Option<Arc<Mark>> {
        match kind {
            "vpc" => self.end_of_vpc(scope, id),
            "subnet" => self.subnets.get(scope, id).and_then(|life| self.end_of_subnet(scope, life)),
            "vpc_endpoint" => self.endpoints.get(scope, id).and_then(|life| self.end_of_endpoint(scope, life)),
            _ => None,
        }
    }

    fn end_of_vpc(&self, scope: &Scope, id: &str) -> Option<Arc<Mark>> {
        self.vpcs.get(scope, id)?.deleted.clone()
    }

    fn end_of_subnet(&self, scope: &Scope, life: &Life<Subnet>) -> Option<Arc<Mark>> {
        self.own_or_of_vpc(scope, life.deleted.as_ref(), life.facts.vpc_id.as_deref())
    }

    fn end_of_endpoint(&self, scope: &Scope, life: &Life<Endpoint>) -> Option<Arc<Mark>> {
        self.own_or_of_vpc(scope, life.deleted.as_ref(), life.facts.vpc_id.as_deref())
    }

    /// EC2 deletes no VPC that still has something in it, so what has no deletion of its own was gone by then.
    ///
    /// Source: EC2 API Reference, "DeleteVpc".
    fn own_or_of_vpc(&self, scope: &Scope, own: Option<&Arc<Mark>>, vpc_id: Option<&str>) -> Option<Arc<Mark>> {
        own.cloned().or_else(|| self.end_of_vpc(scope, vpc_id?))
    }

    /// The record that ended a link by ending one of its two resources.
    fn end_of_link(&self, link: &Link) -> Option<Arc<Mark>> {
        let scope = &link.scope;
        let table = || {
            let life = self.routes.tables.get(scope, &link.resource_id)?;
            self.own_or_of_vpc(scope, life.deleted.as_ref(), life.facts.vpc_id.as_deref())
        };
        let gateway = |id: &str| self.routes.gateways.get(scope, id)?.deleted.clone();
        let endpoint = || self.deleted(scope, "vpc_endpoint", &link.resource_id);
        let subnet = || self.deleted(scope, "subnet", &link.target_id);
        let target_table = || {
            let life = self.routes.tables.get(scope, &link.target_id)?;
            life.deleted.clone()
        };
        let ends = match link.kind {
            Kind::EndpointSubnet => [endpoint(), subnet()],
            Kind::EndpointSecurityGroup => [endpoint(), None],
            Kind::EndpointRouteTable => [endpoint(), target_table()],
            Kind::RouteTableVpc | Kind::MainRouteTable => [table(), self.end_of_vpc(scope, &link.target_id)],
            Kind::RouteTableSubnet => [table(), subnet()],
            Kind::GatewayVpc => [gateway(&link.resource_id), self.end_of_vpc(scope, &link.target_id)],
            Kind::InternetRoute => [table(), gateway(&link.target_id)],
        };
        ends.into_iter().flatten().min_by_key(|mark| mark.at)
    }

    /// Writes every life, and the links that still stand.
    pub fn finish(mut self, out: &mut TopologyTables) {
        for (scope, id, life) in self.vpcs.iter() {
            life.write(&mut out.vpcs, scope, life.deleted.as_deref(), |row, vpc| {
                row.text("vpc_id", id).maybe_bool("is_default", vpc.is_default)
            });
        }
        for (scope, id, life) in self.subnets.iter() {
            let deleted = self.end_of_subnet(scope, life);
            life.write(&mut out.subnets, scope, deleted.as_deref(), |row, subnet| {
                let row = row.text("subnet_id", id).maybe_text("vpc_id", subnet.vpc_id.as_deref());
                let row = row.maybe_text("availability_zone", subnet.availability_zone.as_deref());
                row.maybe_text("cidr_block", subnet.cidr_block.as_deref())
            });
        }
        for (scope, id, life) in self.endpoints.iter() {
            let deleted = self.end_of_endpoint(scope, life);
            life.write(&mut out.vpc_endpoints, scope, deleted.as_deref(), |row, endpoint| {
                let row = row.text("vpc_endpoint_id", id).maybe_text("vpc_id", endpoint.vpc_id.as_deref());
                let row = row.maybe_text("service_name", endpoint.service_name.as_deref());
                let row = row.maybe_text("vpc_endpoint_type", endpoint.endpoint_type.as_deref());
                row.maybe_bool("private_dns_enabled", endpoint.private_dns_enabled)
            });
        }
        self.write_first_main_tables(&mut out.network_links);
        let links = std::mem::take(&mut self.links);
        links.finish(|link| self.end_of_link(link), &mut out.network_links);
    }
}

/// An IPv4 range in the form that EC2 keeps; `None` = it is another thing.
fn ipv4_range(text: &str) -> Option<String> {
    match Peer::cidr(text)? {
        Peer::Ipv4(range) => Some(range),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
