//! VPCs, subnets, route tables, internet gateways, endpoints and interfaces.

use std::collections::BTreeMap;

use super::operation::{EndpointAsked, KeyValue};
use super::tags::{Tagged, Tags, add};
use super::{Answer, CallNumber, Ec2, EndpointChange, Refusal, Timeline};

/// A VPC.
#[derive(Debug, Clone, PartialEq)]
pub struct Vpc {
    /// Whether it is the Region's default VPC.
    pub is_default: bool,
    /// Its tags.
    pub tags: Tags,
}

/// A subnet.
#[derive(Debug, Clone, PartialEq)]
pub struct Subnet {
    /// Its VPC.
    pub vpc_id: String,
    /// Its Availability Zone.
    pub zone: String,
    /// Its tags.
    pub tags: Tags,
}

/// A route table.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteTable {
    /// Its VPC.
    pub vpc_id: String,
    /// By association: the subnet, and the call that made it.
    pub subnets: BTreeMap<String, (String, CallNumber)>,
    /// By destination: the target, and the call since which it is that.
    pub routes: BTreeMap<String, (String, CallNumber)>,
}

/// An internet gateway.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gateway {
    /// The VPC that it is attached to, and the call that attached it.
    pub vpc: Option<(String, CallNumber)>,
}

/// Ids, and the call that linked each.
pub type Linked = BTreeMap<String, CallNumber>;

/// A VPC endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// Its VPC.
    pub vpc_id: String,
    /// The service.
    pub service: String,
    /// `Interface`, else `Gateway`.
    pub is_interface: bool,
    /// As requested; `None` = not said.
    pub private_dns: Option<bool>,
    /// Its subnets.
    pub subnets: Linked,
    /// Its security groups.
    pub groups: Linked,
    /// Its route tables.
    pub tables: Linked,
    /// Its tags.
    pub tags: Tags,
}

/// A network interface: here for what it depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct Interface {
    /// Its subnet.
    pub subnet_id: String,
    /// Its groups.
    pub group_ids: Vec<String>,
}

impl Tagged for Vpc {
    fn tags_mut(&mut self) -> &mut Tags {
        &mut self.tags
    }
}

impl Tagged for Subnet {
    fn tags_mut(&mut self) -> &mut Tags {
        &mut self.tags
    }
}

impl Tagged for Endpoint {
    fn tags_mut(&mut self) -> &mut Tags {
        &mut self.tags
    }
}

fn in_use(id: &str) -> Refusal {
    Refusal::new("Client.DependencyViolation", &format!("The resource '{id}' has dependencies and cannot be deleted."))
}

impl Ec2 {
    /// The Region's default VPC.
    pub fn default_vpc(&self) -> Option<String> {
        let is_it = |line: &Timeline<Vpc>| line.now().is_some_and(|vpc| vpc.is_default);
        self.vpcs.iter().find(|(_, line)| is_it(line)).map(|(id, _)| id.clone())
    }

    /// The default group of a VPC that there is.
    pub fn default_group(&self, vpc_id: &str) -> String {
        let is_it =
            |line: &Timeline<super::Group>| line.now().is_some_and(|group| group.is_default && group.vpc_id == vpc_id);
        self.groups.iter().find(|(_, line)| is_it(line)).map(|(id, _)| id.clone()).expect("every VPC has one")
    }

    /// EC2 API Reference, "CreateVpc", "CreateDefaultVpc": a default group and a main route table come with it.
    pub(super) fn create_vpc(&mut self, is_default: bool, given: &[KeyValue]) -> Result<Answer, Refusal> {
        if is_default && self.default_vpc().is_some() {
            return Err(Refusal::new(
                "Client.DefaultVpcAlreadyExists",
                "A Default VPC already exists for this account",
            ));
        }
        let id = self.new_id("vpc");
        let mut tags = Tags::new();
        add(&mut tags, given, self.call);
        Self::put(self.stamp(), &mut self.vpcs, &id, Some(Vpc { is_default, tags }));
        self.create_default_group(&id);
        Ok(Answer::Made(id))
    }

    /// EC2 API Reference, "DeleteVpc": all but the default group and the main route table must be gone before.
    pub(super) fn delete_vpc(&mut self, id: &str) -> Result<Answer, Refusal> {
        Self::state(&self.vpcs, id, "Client.InvalidVpcID.NotFound")?;
        let default_group = self.default_group(id);
        let has_group =
            self.groups.values().filter_map(Timeline::now).any(|group| group.vpc_id == id && !group.is_default);
        let has_subnet = self.subnets.values().filter_map(Timeline::now).any(|one| one.vpc_id == id);
        let has_table = self.route_tables.values().filter_map(Timeline::now).any(|one| one.vpc_id == id);
        let has_endpoint = self.endpoints.values().filter_map(Timeline::now).any(|one| one.vpc_id == id);
        let attached = |gateway: &Gateway| gateway.vpc.as_ref().is_some_and(|(vpc_id, _)| vpc_id == id);
        let has_gateway = self.gateways.values().filter_map(Timeline::now).any(attached);
        if has_group || has_subnet || has_table || has_endpoint || has_gateway || self.is_used(&default_group) {
            return Err(in_use(id));
        }
        let stamp = self.stamp();
        Self::put(stamp, &mut self.groups, &default_group, None);
        Self::put(stamp, &mut self.vpcs, id, None);
        Ok(Answer::Done)
    }

    pub(super) fn create_subnet(&mut self, vpc_id: &str, zone: &str, given: &[KeyValue]) -> Result<Answer, Refusal> {
        Self::state(&self.vpcs, vpc_id, "Client.InvalidVpcID.NotFound")?;
        let id = self.new_id("subnet");
        let mut tags = Tags::new();
        add(&mut tags, given, self.call);
        let subnet = Subnet { vpc_id: vpc_id.to_owned(), zone: zone.to_owned(), tags };
        Self::put(self.stamp(), &mut self.subnets, &id, Some(subnet));
        Ok(Answer::Made(id))
    }

    /// Its association with a route table goes with it.
    pub(super) fn delete_subnet(&mut self, id: &str) -> Result<Answer, Refusal> {
        Self::state(&self.subnets, id, "Client.InvalidSubnetID.NotFound")?;
        let by_interface = self.interfaces.values().filter_map(Timeline::now).any(|one| one.subnet_id == id);
        let by_endpoint = self.endpoints.values().filter_map(Timeline::now).any(|one| one.subnets.contains_key(id));
        if by_interface || by_endpoint {
            return Err(in_use(id));
        }
        let stamp = self.stamp();
        if let Some((table_id, association_id)) = self.association_of(id) {
            self.edit_table(&table_id, |table| drop(table.subnets.remove(&association_id)));
        }
        Self::put(stamp, &mut self.subnets, id, None);
        Ok(Answer::Done)
    }

    /// The route table and the association of a subnet, unless it uses the main table.
    pub fn association_of(&self, subnet_id: &str) -> Option<(String, String)> {
        for id in Self::living(&self.route_tables) {
            let table = self.route_tables[&id].now().expect("it lives");
            for (association_id, (associated, _)) in &table.subnets {
                if associated == subnet_id {
                    return Some((id, association_id.clone()));
                }
            }
        }
        None
    }

    fn table_of(&self, association_id: &str) -> Result<String, Refusal> {
        let has_it =
            |id: &&String| self.route_tables[*id].now().is_some_and(|t| t.subnets.contains_key(association_id));
        let missing = || Refusal::new("Client.InvalidAssociationID.NotFound", "The association ID does not exist");
        Self::living(&self.route_tables).iter().find(has_it).cloned().ok_or_else(missing)
    }

    fn edit_table(&mut self, id: &str, change: impl FnOnce(&mut RouteTable)) {
        let mut table = self.route_tables[id].now().expect("it lives").clone();
        change(&mut table);
        Self::put(self.stamp(), &mut self.route_tables, id, Some(table));
    }

    pub(super) fn create_route_table(&mut self, vpc_id: &str) -> Result<Answer, Refusal> {
        Self::state(&self.vpcs, vpc_id, "Client.InvalidVpcID.NotFound")?;
        let id = self.new_id("rtb");
        let table = RouteTable { vpc_id: vpc_id.to_owned(), subnets: BTreeMap::new(), routes: BTreeMap::new() };
        Self::put(self.stamp(), &mut self.route_tables, &id, Some(table));
        Ok(Answer::Made(id))
    }

    /// EC2 API Reference, "DeleteRouteTable": "You must disassociate the route table from any subnets".
    pub(super) fn delete_route_table(&mut self, id: &str) -> Result<Answer, Refusal> {
        let table = Self::state(&self.route_tables, id, "Client.InvalidRouteTableID.NotFound")?;
        let by_endpoint = self.endpoints.values().filter_map(Timeline::now).any(|one| one.tables.contains_key(id));
        if !table.subnets.is_empty() || by_endpoint {
            return Err(in_use(id));
        }
        Self::put(self.stamp(), &mut self.route_tables, id, None);
        Ok(Answer::Done)
    }

    pub(super) fn associate(&mut self, table_id: &str, subnet_id: &str) -> Result<Answer, Refusal> {
        Self::state(&self.route_tables, table_id, "Client.InvalidRouteTableID.NotFound")?;
        Self::state(&self.subnets, subnet_id, "Client.InvalidSubnetID.NotFound")?;
        if self.association_of(subnet_id).is_some() {
            return Err(Refusal::new("Client.Resource.AlreadyAssociated", "the specified association conflicts"));
        }
        let association_id = self.new_id("rtbassoc");
        let call = self.call;
        let made = association_id.clone();
        self.edit_table(table_id, |table| drop(table.subnets.insert(association_id, (subnet_id.to_owned(), call))));
        Ok(Answer::Made(made))
    }

    pub(super) fn disassociate(&mut self, association_id: &str) -> Result<Answer, Refusal> {
        let table_id = self.table_of(association_id)?;
        self.edit_table(&table_id, |table| drop(table.subnets.remove(association_id)));
        Ok(Answer::Done)
    }

    /// EC2 API Reference, "ReplaceRouteTableAssociation": the subnet gets another table, and the association a new id.
    pub(super) fn replace_association(&mut self, association_id: &str, table_id: &str) -> Result<Answer, Refusal> {
        let old_table = self.table_of(association_id)?;
        Self::state(&self.route_tables, table_id, "Client.InvalidRouteTableID.NotFound")?;
        let (subnet_id, _) = self.route_tables[&old_table].now().expect("found").subnets[association_id].clone();
        self.edit_table(&old_table, |table| drop(table.subnets.remove(association_id)));
        let made = self.new_id("rtbassoc");
        let call = self.call;
        self.edit_table(table_id, |table| drop(table.subnets.insert(made.clone(), (subnet_id, call))));
        Ok(Answer::Made(made))
    }

    /// EC2 API Reference, "CreateRoute", "ReplaceRoute".
    pub(super) fn route(
        &mut self,
        table_id: &str,
        destination: &str,
        target: &str,
        is_replaced: bool,
    ) -> Result<Answer, Refusal> {
        let table = Self::state(&self.route_tables, table_id, "Client.InvalidRouteTableID.NotFound")?;
        if table.routes.contains_key(destination) != is_replaced {
            let code = if is_replaced { "Client.InvalidParameterValue" } else { "Client.RouteAlreadyExists" };
            return Err(Refusal::new(code, &format!("The route identified by {destination} is not as expected")));
        }
        if target.starts_with("igw-") {
            let gateway = Self::state(&self.gateways, target, "Client.InvalidGatewayID.NotFound")?;
            if gateway.vpc.as_ref().is_none_or(|(vpc_id, _)| *vpc_id != table.vpc_id) {
                return Err(Refusal::new(
                    "Client.InvalidParameterValue",
                    "route table and gateway are of different networks",
                ));
            }
        }
        let call = self.call;
        self.edit_table(table_id, |table| drop(table.routes.insert(destination.to_owned(), (target.to_owned(), call))));
        Ok(Answer::Done)
    }

    pub(super) fn delete_route(&mut self, table_id: &str, destination: &str) -> Result<Answer, Refusal> {
        let table = Self::state(&self.route_tables, table_id, "Client.InvalidRouteTableID.NotFound")?;
        if !table.routes.contains_key(destination) {
            return Err(Refusal::new(
                "Client.InvalidRoute.NotFound",
                &format!("no route with destination {destination}"),
            ));
        }
        self.edit_table(table_id, |table| drop(table.routes.remove(destination)));
        Ok(Answer::Done)
    }

    pub(super) fn create_gateway(&mut self) -> Result<Answer, Refusal> {
        let id = self.new_id("igw");
        Self::put(self.stamp(), &mut self.gateways, &id, Some(Gateway::default()));
        Ok(Answer::Made(id))
    }

    pub(super) fn attach(&mut self, id: &str, vpc_id: &str) -> Result<Answer, Refusal> {
        let gateway = Self::state(&self.gateways, id, "Client.InvalidInternetGatewayID.NotFound")?;
        Self::state(&self.vpcs, vpc_id, "Client.InvalidVpcID.NotFound")?;
        if gateway.vpc.is_some() {
            return Err(Refusal::new("Client.Resource.AlreadyAssociated", "the gateway is already attached"));
        }
        let is_here = |one: &Gateway| one.vpc.as_ref().is_some_and(|(other, _)| other == vpc_id);
        if self.gateways.values().filter_map(Timeline::now).any(is_here) {
            return Err(Refusal::new("Client.InvalidParameterValue", "the network already has an internet gateway"));
        }
        let gateway = Gateway { vpc: Some((vpc_id.to_owned(), self.call)) };
        Self::put(self.stamp(), &mut self.gateways, id, Some(gateway));
        Ok(Answer::Done)
    }

    /// Routes to it stay; they lead nowhere.
    pub(super) fn detach(&mut self, id: &str, vpc_id: &str) -> Result<Answer, Refusal> {
        let gateway = Self::state(&self.gateways, id, "Client.InvalidInternetGatewayID.NotFound")?;
        if gateway.vpc.as_ref().is_none_or(|(attached, _)| attached != vpc_id) {
            return Err(Refusal::new("Client.Gateway.NotAttached", "the gateway is not attached to that network"));
        }
        Self::put(self.stamp(), &mut self.gateways, id, Some(Gateway::default()));
        Ok(Answer::Done)
    }

    /// EC2 API Reference, "CreateVpcEndpoint": an interface endpoint without groups gets the VPC's default group.
    pub(super) fn create_endpoint(&mut self, asked: &EndpointAsked) -> Result<Answer, Refusal> {
        Self::state(&self.vpcs, &asked.vpc_id, "Client.InvalidVpcId.NotFound")?;
        for id in &asked.subnets {
            Self::state(&self.subnets, id, "Client.InvalidSubnetId.NotFound")?;
        }
        for id in &asked.groups {
            Self::state(&self.groups, id, "Client.InvalidSecurityGroupId.NotFound")?;
        }
        for id in &asked.tables {
            Self::state(&self.route_tables, id, "Client.InvalidRouteTableId.NotFound")?;
        }
        let linked = |ids: &[String]| ids.iter().map(|id| (id.clone(), self.call)).collect::<Linked>();
        let mut groups = linked(&asked.groups);
        if asked.is_interface && groups.is_empty() {
            groups.insert(self.default_group(&asked.vpc_id), self.call);
        }
        let mut tags = Tags::new();
        add(&mut tags, &asked.tags, self.call);
        let endpoint = Endpoint {
            vpc_id: asked.vpc_id.clone(),
            service: asked.service.clone(),
            is_interface: asked.is_interface,
            private_dns: asked.private_dns,
            subnets: linked(&asked.subnets),
            groups,
            tables: linked(&asked.tables),
            tags,
        };
        let id = self.new_id("vpce");
        Self::put(self.stamp(), &mut self.endpoints, &id, Some(endpoint));
        Ok(Answer::Made(id))
    }

    /// EC2 API Reference, "ModifyVpcEndpoint".
    pub(super) fn modify_endpoint(&mut self, change: &EndpointChange) -> Result<Answer, Refusal> {
        let mut endpoint =
            Self::state(&self.endpoints, &change.endpoint_id, "Client.InvalidVpcEndpointId.NotFound")?.clone();
        let lists = [
            (&mut endpoint.subnets, &change.subnets),
            (&mut endpoint.groups, &change.groups),
            (&mut endpoint.tables, &change.tables),
        ];
        for (linked, (added, removed)) in lists {
            for id in removed {
                linked.remove(id);
            }
            for id in added {
                linked.entry(id.clone()).or_insert(self.call);
            }
        }
        Self::put(self.stamp(), &mut self.endpoints, &change.endpoint_id, Some(endpoint));
        Ok(Answer::Done)
    }

    /// EC2 API Reference, "DeleteVpcEndpoints": those that cannot be deleted are listed in an answer that is no error.
    pub(super) fn delete_endpoints(&mut self, ids: &[String]) -> Result<Answer, Refusal> {
        let mut not_deleted = Vec::new();
        for id in ids {
            if Self::state(&self.endpoints, id, "").is_ok() {
                Self::put(self.stamp(), &mut self.endpoints, id, None);
            } else {
                not_deleted.push((id.clone(), "InvalidVpcEndpoint.NotFound"));
            }
        }
        Ok(Answer::DeletedBut(not_deleted))
    }

    pub(super) fn create_interface(&mut self, subnet_id: &str, group_ids: &[String]) -> Result<Answer, Refusal> {
        Self::state(&self.subnets, subnet_id, "Client.InvalidSubnetID.NotFound")?;
        for id in group_ids {
            Self::state(&self.groups, id, "Client.InvalidGroup.NotFound")?;
        }
        let id = self.new_id("eni");
        let interface = Interface { subnet_id: subnet_id.to_owned(), group_ids: group_ids.to_vec() };
        Self::put(self.stamp(), &mut self.interfaces, &id, Some(interface));
        Ok(Answer::Made(id))
    }

    pub(super) fn delete_interface(&mut self, id: &str) -> Result<Answer, Refusal> {
        Self::state(&self.interfaces, id, "Client.InvalidNetworkInterfaceID.NotFound")?;
        Self::put(self.stamp(), &mut self.interfaces, id, None);
        Ok(Answer::Done)
    }
}
