//! Which route table a subnet uses: by an association of its own, or by its VPC's main table.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::call::Call;
use super::super::event::{Event, Scope};
use super::super::mark::Mark;
use super::links::{Kind, Link, Standing, write};
use super::{Topology, TopologyTables};
use crate::table::TableBuilder;

/// What the records tell of associations.
#[derive(Default)]
pub struct Associations {
    /// By `rtbassoc-...`; those that nothing showed are not in it.
    by_id: HashMap<(Scope, String), Association>,
    /// The table that a subnet is associated with.
    table_of: HashMap<(Scope, String), String>,
    /// Of a VPC: the record that first replaced its main table, and the association that this ended.
    first_replaced: HashMap<(Scope, String), (Arc<Mark>, String)>,
}

#[derive(Clone)]
struct Association {
    table_id: String,
    of: Associated,
}

#[derive(Clone)]
enum Associated {
    Subnet(String),
    /// The association by which a VPC has its main table.
    Main(String),
    /// A gateway whose incoming traffic the table routes.
    Gateway,
}

impl Topology {
    /// Takes in an accepted AssociateRouteTable.
    pub(super) fn associate_table(&mut self, event: &Event, out: &mut TopologyTables) {
        let (call, mark) = (Call::of(event), Mark::of(event));
        let Some(table_id) = call.asked("routeTableId") else { return };
        let association_id = call.answered("associationId");
        let of = match call.asked("subnetId") {
            Some(subnet_id) => Associated::Subnet(subnet_id.to_owned()),
            None if call.asked("gatewayId").is_some() => Associated::Gateway,
            None => return,
        };
        self.associate(event, &mark, (association_id, table_id, of), out);
    }

    fn associate(
        &mut self,
        event: &Event,
        mark: &Arc<Mark>,
        (association_id, table_id, of): (Option<&str>, &str, Associated),
        out: &mut TopologyTables,
    ) {
        let scope = &event.scope;
        match &of {
            Associated::Subnet(subnet_id) => {
                self.end_association(scope, subnet_id, mark, out);
                self.see_subnet(event, subnet_id, None);
                let vpc_id = self.subnets.get(scope, subnet_id).and_then(|life| life.facts.vpc_id.clone());
                self.see_table(event, mark, table_id, vpc_id.as_deref());
                let link = Link::new(scope, Kind::RouteTableSubnet, table_id, subnet_id);
                self.links.begin(link, mark, association_id);
                self.associations.table_of.insert((scope.clone(), subnet_id.clone()), table_id.to_owned());
            }
            Associated::Main(vpc_id) => {
                self.see_table(event, mark, table_id, Some(vpc_id));
                let link = Link::new(scope, Kind::MainRouteTable, table_id, vpc_id);
                self.links.begin(link, mark, association_id);
            }
            Associated::Gateway => self.see_table(event, mark, table_id, None),
        }
        if let Some(id) = association_id {
            let association = Association { table_id: table_id.to_owned(), of };
            self.associations.by_id.insert((scope.clone(), id.to_owned()), association);
        }
    }

    /// A subnet has one table at most: a new one shows that the last one is no longer in use.
    fn end_association(&mut self, scope: &Scope, subnet_id: &str, mark: &Arc<Mark>, out: &mut TopologyTables) {
        if let Some(table_id) = self.associations.table_of.remove(&(scope.clone(), subnet_id.to_owned())) {
            let link = Link::new(scope, Kind::RouteTableSubnet, &table_id, subnet_id);
            self.links.end(link, mark, &mut out.network_links);
        }
    }

    /// Takes in an accepted DisassociateRouteTable, which names the association only: of one that nothing showed it
    /// tells neither table nor subnet.
    pub(super) fn disassociate_table(&mut self, event: &Event, out: &mut TopologyTables) {
        let mark = Mark::of(event);
        let Some(id) = Call::of(event).asked("associationId") else { return };
        if let Some(association) = self.associations.by_id.remove(&(event.scope.clone(), id.to_owned())) {
            self.end_of(event, &mark, &association, out);
        }
    }

    fn end_of(&mut self, event: &Event, mark: &Arc<Mark>, association: &Association, out: &mut TopologyTables) {
        match &association.of {
            Associated::Subnet(subnet_id) => {
                // Only if the subnet has not been given another table since.
                let key = (event.scope.clone(), subnet_id.clone());
                if self.associations.table_of.get(&key) == Some(&association.table_id) {
                    self.end_association(&event.scope, subnet_id, mark, out);
                }
            }
            Associated::Main(vpc_id) => {
                let link = Link::new(&event.scope, Kind::MainRouteTable, &association.table_id, vpc_id);
                self.links.end(link, mark, &mut out.network_links);
            }
            Associated::Gateway => (),
        }
    }

    /// Takes in an accepted ReplaceRouteTableAssociation.
    pub(super) fn replace_association(&mut self, event: &Event, out: &mut TopologyTables) {
        let (call, mark) = (Call::of(event), Mark::of(event));
        let Some(old) = call.asked("associationId") else { return };
        let known = self.associations.by_id.remove(&(event.scope.clone(), old.to_owned()));
        if let Some(association) = &known {
            self.end_of(event, &mark, association, out);
        }
        let Some(table_id) = call.asked("routeTableId") else { return };
        let of = known.map(|association| association.of).or_else(|| self.main_of(&event.scope, table_id));
        self.see_table(event, &mark, table_id, None);
        let Some(of) = of else { return };
        if let Associated::Main(vpc_id) = &of {
            let key = (event.scope.clone(), vpc_id.clone());
            self.associations.first_replaced.entry(key).or_insert_with(|| (Arc::clone(&mark), old.to_owned()));
        }
        self.associate(event, &mark, (call.answered("newAssociationId"), table_id, of), out);
    }

    /// What an association was that nothing showed. In a VPC that was made in the logs every other one has a record, so
    /// it is the one that came with the VPC; in an older one nobody can tell. Nor where no record made the new table,
    /// which would then be the one that came with the VPC itself.
    fn main_of(&self, scope: &Scope, table_id: &str) -> Option<Associated> {
        let table = self.routes.tables.get(scope, table_id).filter(|life| life.created.is_some())?;
        let vpc_id = table.facts.vpc_id.as_ref()?;
        self.vpcs.get(scope, vpc_id)?.created.as_ref()?;
        let is_first = !self.associations.first_replaced.contains_key(&(scope.clone(), vpc_id.clone()));
        is_first.then(|| Associated::Main(vpc_id.clone()))
    }

    /// Writes the main tables that came with VPCs, where the records leave one table that it can be: of a VPC made in
    /// the logs, the only one that no record made.
    pub(super) fn write_first_main_tables(&self, out: &mut TableBuilder) {
        let mut candidates: HashMap<(&Scope, &str), Vec<&str>> = HashMap::new();
        for (scope, id, life) in self.routes.tables.iter().filter(|(_, _, life)| life.created.is_none()) {
            if let Some(vpc_id) = &life.facts.vpc_id {
                candidates.entry((scope, vpc_id)).or_default().push(id);
            }
        }
        for (scope, vpc_id, vpc) in self.vpcs.iter() {
            let Some(created) = &vpc.created else { continue };
            let Some([table_id]) = candidates.get(&(scope, vpc_id)).map(Vec::as_slice) else { continue };
            self.write_first_main_table((scope, vpc_id), table_id, created, out);
        }
    }

    fn write_first_main_table(
        &self,
        (scope, vpc_id): (&Scope, &str),
        table_id: &str,
        created: &Arc<Mark>,
        out: &mut TableBuilder,
    ) {
        let Some(table) = self.routes.tables.get(scope, table_id) else { return };
        let Some(seen) = &table.facts.placed else { return };
        let replaced = self.associations.first_replaced.get(&(scope.clone(), vpc_id.to_owned()));
        // EC2 deletes no main table.
        if replaced.is_none() && table.deleted.is_some() {
            return;
        }
        let ended = replaced.map(|(mark, _)| Arc::clone(mark)).or_else(|| self.end_of_vpc(scope, vpc_id));
        let standing = Standing {
            started: Some(Arc::clone(created)),
            seen: Arc::clone(seen),
            association_id: replaced.map(|(_, id)| id.clone()),
        };
        write(out, &Link::new(scope, Kind::MainRouteTable, table_id, vpc_id), &standing, ended.as_deref());
    }
}
