//! All folds over one pass of the events.

use schemas::job::JobKind;
use schemas::tables::{RESOURCE_TAGS, SECURITY_GROUP_RULE_DOUBTS, SECURITY_GROUP_RULES};

use super::event::Event;
use super::groups::Groups;
use super::jobs::Jobs;
use super::network::JobNetwork;
use super::rules::{CHANGES, RuleTables, Rules};
use super::seen::jobs::JobsSeen;
use super::seen::network::NetworkSeen;
use super::spools::Spools;
use super::tags::Tags;
use super::topology::{Topology, TopologyTables};
use crate::table::TableBuilder;

/// The folds, and the rows that have ended already.
pub struct Fold {
    jobs: Jobs,
    network: JobNetwork,
    groups: Groups,
    rules: Rules,
    rule_rows: RuleTables,
    tags: Tags,
    tag_rows: TableBuilder,
    topology: Topology,
    topology_rows: TopologyTables,
}

impl Default for Fold {
    fn default() -> Self {
        Self {
            jobs: Jobs::new(),
            network: JobNetwork::new(),
            groups: Groups::default(),
            rules: Rules::default(),
            rule_rows: RuleTables {
                rules: TableBuilder::new(&SECURITY_GROUP_RULES),
                doubts: TableBuilder::new(&SECURITY_GROUP_RULE_DOUBTS),
            },
            tags: Tags::default(),
            tag_rows: TableBuilder::new(&RESOURCE_TAGS),
            topology: Topology::default(),
            topology_rows: TopologyTables::default(),
        }
    }
}

impl Fold {
    /// Takes in an event.
    pub fn take(&mut self, event: &Event) {
        self.tags.take(event, &mut self.tag_rows);
        if let Some(kind) = JobKind::created_by(&event.name) {
            let others = (&mut self.network, &mut self.groups, &mut self.topology);
            return self.jobs.create(kind, event, others);
        }
        if let Some(kind) = JobKind::stopped_by(&event.name) {
            return self.jobs.stop(kind, event);
        }
        self.topology.take(event, &mut self.topology_rows);
        match event.name.as_str() {
            "DeleteSecurityGroup" => self.groups.delete(event),
            // All others: a refused call changed nothing and tells nothing.
            _ if !event.is_accepted() => (),
            "CreateSecurityGroup" => {
                self.groups.create(event);
                self.rules.create_group(event, &mut self.rule_rows);
            }
            "CreateVpc" | "CreateDefaultVpc" => self.groups.create_vpc(event),
            "DeleteVpc" => self.groups.delete_vpc(event),
            "CreateNetworkInterface" => {
                self.network.create_interface(event, &self.jobs, &mut self.groups, &mut self.topology);
            }
            "ModifyNetworkInterfaceAttribute" => self.network.change_groups(event, &mut self.groups),
            "DeleteNetworkInterface" => self.network.delete_interface(event),
            name if CHANGES.contains(&name) => {
                self.rules.change(event, |name| self.groups.named_now(event, name), &mut self.rule_rows);
            }
            _ => (),
        }
    }

    /// Takes in what the rule of AWS Config saw, before the events of the same instant.
    pub fn see(&mut self, seen: NetworkSeen) {
        if let Some(rules) = seen.rules {
            self.rules.snapshot(rules, &mut self.rule_rows);
        }
        self.tags.snapshot(&seen.tags, &mut self.tag_rows);
    }

    /// Moves rows that have ended out of the way.
    pub fn relieve(&mut self, spools: &mut Spools) {
        spools.relieve(&mut self.rule_rows.rules);
        spools.relieve(&mut self.rule_rows.doubts);
        spools.relieve(&mut self.tag_rows);
        spools.relieve(&mut self.topology_rows.network_links);
    }

    /// Every table but `coverage`. `seen`: what the rule of AWS Config saw of jobs.
    pub fn finish(mut self, seen: JobsSeen, spools: &mut Spools) {
        let [mut job_network, interfaces] = self.network.finish();
        let [requests, states] = self.jobs.finish(seen, &mut job_network);
        let delete_requests = self.groups.settle();
        for (scope, group_id) in self.groups.ids() {
            self.rules.see(scope, group_id);
        }
        let groups = &self.groups;
        self.rules.finish(|scope, id| groups.fate(scope, id), &mut self.rule_rows);
        let topology = &self.topology;
        let deleted = |scope: &_, kind: &str, id: &str| match kind {
            "security_group" => groups.fate(scope, id).deleted,
            _ => topology.deleted(scope, kind, id),
        };
        self.tags.finish(deleted, &mut self.tag_rows);
        self.topology.finish(&mut self.topology_rows);
        let TopologyTables { vpcs, subnets, vpc_endpoints, network_links } = self.topology_rows;
        let RuleTables { rules, doubts } = self.rule_rows;
        let rest = [requests, job_network, states, groups.lives(), delete_requests, interfaces];
        let rest = rest.into_iter().chain([rules, doubts, self.tag_rows, vpcs, subnets, vpc_endpoints, network_links]);
        rest.for_each(|table| spools.add(table));
    }
}
