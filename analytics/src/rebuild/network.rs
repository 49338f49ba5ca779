//! The network that jobs asked for, and the interfaces that Bedrock made for them.

use std::collections::{HashMap, HashSet};

use schemas::ids::Arn;
use schemas::record::BEDROCK;
use schemas::tables::{JOB_NETWORK, NETWORK_INTERFACES};
use serde_json::Value;

use super::element::{content, list, member, tags, text, unwrapped};
use super::event::{Event, Scope};
use super::groups::Groups;
use super::jobs::{Jobs, cite};
use super::topology::Topology;
use crate::table::TableBuilder;

/// The tag by which Bedrock marks a job's interfaces.
///
/// Source: Amazon Bedrock user guide, "Protect your model customization jobs using a VPC".
const JOB_TAG: &str = "BedrockModelCustomizationJobArn";

/// Folds requests and interfaces into `job_network` and `network_interfaces`.
pub struct JobNetwork {
    rows: TableBuilder,
    seen: HashSet<(String, String, &'static str)>,
    interfaces: Vec<Interface>,
    by_id: HashMap<(Scope, String), usize>,
}

struct Interface {
    created: Event,
    id: String,
    job_arn: Option<String>,
    groups: Vec<(String, Option<String>)>,
    subnet_id: Option<String>,
    vpc_id: Option<String>,
    deleted: Option<Event>,
}

impl JobNetwork {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            rows: TableBuilder::new(&JOB_NETWORK),
            seen: HashSet::new(),
            interfaces: Vec::new(),
            by_id: HashMap::new(),
        }
    }

    /// Takes in what a create request asks for.
    pub fn ask(
        &mut self,
        event: &Event,
        key: &str,
        job_arn: Option<&str>,
        subnet_ids: &[String],
        security_group_ids: &[String],
    ) {
        for (kind, ids) in [("security_group", security_group_ids), ("subnet", subnet_ids)] {
            for id in ids {
                self.add(event, (key, job_arn), kind, id, "create_request");
            }
        }
    }

    /// Takes in an accepted CreateNetworkInterface; `groups` learns the names and VPC of its groups, `topology` its subnet.
    pub fn create_interface(&mut self, event: &Event, jobs: &Jobs, groups: &mut Groups, topology: &mut Topology) {
        let (request, response) = (event.request.as_ref(), event.response.as_ref());
        let request = request.map(|request| unwrapped(request, "CreateNetworkInterface"));
        let made = response.and_then(|response| member(response, "networkInterface"));
        let Some(id) = made.and_then(|made| text(made, "networkInterfaceId")) else { return };
        let said = |name: &str| {
            made.and_then(|v| text(v, name)).or_else(|| request.and_then(|v| text(v, name))).map(str::to_owned)
        };
        let interface = Interface {
            id: id.to_owned(),
            job_arn: [request, made]
                .into_iter()
                .flatten()
                .flat_map(tags)
                .find(|(key, arn)| *key == JOB_TAG && is_of_that_job(event, arn, jobs))
                .map(|(_, arn)| arn.to_owned()),
            groups: groups_of(made, request),
            subnet_id: said("subnetId"),
            vpc_id: said("vpcId"),
            created: event.clone(),
            deleted: None,
        };
        for (group_id, name) in &interface.groups {
            groups.learn(event, group_id, name.as_deref(), interface.vpc_id.as_deref());
        }
        if let Some(subnet_id) = &interface.subnet_id {
            topology.see_subnet(event, subnet_id, interface.vpc_id.as_deref());
        }
        if interface.job_arn.is_none() && event.who.service() != Some(BEDROCK) {
            return;
        }
        if let Some(job_arn) = &interface.job_arn {
            for (group_id, _) in &interface.groups {
                self.add(event, (job_arn, Some(job_arn)), "security_group", group_id, "network_interface");
            }
            for (kind, id) in [("subnet", &interface.subnet_id), ("vpc", &interface.vpc_id)] {
                if let Some(id) = id {
                    self.add(event, (job_arn, Some(job_arn)), kind, id, "network_interface");
                }
            }
        }
        self.by_id.insert((event.scope.clone(), interface.id.clone()), self.interfaces.len());
        self.interfaces.push(interface);
    }

    /// Takes in an accepted DeleteNetworkInterface.
    pub fn delete_interface(&mut self, event: &Event) {
        let request = event.request.as_ref().map(|request| unwrapped(request, "DeleteNetworkInterface"));
        let Some(id) = request.and_then(|request| text(request, "networkInterfaceId")) else { return };
        if let Some(at) = self.by_id.get(&(event.scope.clone(), id.to_owned())) {
            self.interfaces[*at].deleted.get_or_insert_with(|| event.clone());
        }
    }

    fn add(&mut self, event: &Event, (key, job_arn): (&str, Option<&str>), kind: &str, id: &str, source: &'static str) {
        if !self.seen.insert((key.to_owned(), id.to_owned(), source)) {
            return;
        }
        let row =
            self.rows.row().text("account_id", &event.scope.account_id).text("aws_region", &event.scope.aws_region);
        let row = row.text("job_key", key).maybe_text("job_arn", job_arn);
        let row = row.text("resource_kind", kind).text("resource_id", id);
        cite(row.text("source", source).time("seen_at", event.at), event).end();
    }

    /// The tables.
    pub fn finish(self) -> [TableBuilder; 2] {
        let mut table = TableBuilder::new(&NETWORK_INTERFACES);
        for interface in &self.interfaces {
            match interface.groups.as_slice() {
                [] => interface.write(&mut table, None),
                groups => groups.iter().for_each(|group| interface.write(&mut table, Some(group))),
            }
        }
        [self.rows, table]
    }
}

impl Interface {
    fn write(&self, table: &mut TableBuilder, group: Option<&(String, Option<String>)>) {
        let scope = &self.created.scope;
        let row = table.row().text("account_id", &scope.account_id).text("aws_region", &scope.aws_region);
        let row = row.text("network_interface_id", &self.id).maybe_text("job_arn", self.job_arn.as_deref());
        let row = row
            .maybe_text("group_id", group.map(|(id, _)| id))
            .maybe_text("group_name", group.and_then(|(_, name)| name.as_deref()));
        let row = row.maybe_text("subnet_id", self.subnet_id.as_deref()).maybe_text("vpc_id", self.vpc_id.as_deref());
        let row = row
            .time("created_at", self.created.at)
            .maybe_time("deleted_at", self.deleted.as_ref().map(|event| event.at));
        let row =
            row.maybe_text("deleted_event_id", self.deleted.as_ref().map(|event| event.citation.event_id.as_str()));
        cite(row, &self.created).end();
    }
}

/// Whether a tag may be believed. Anyone who may create interfaces can write one; Bedrock makes a job's interfaces in
/// the job's own account and Region, itself or with the job's role.
fn is_of_that_job(event: &Event, job_arn: &str, jobs: &Jobs) -> bool {
    let is_here = Arn::parse(job_arn).is_some_and(|arn| {
        arn.service == "bedrock" && arn.account == event.scope.account_id && arn.region == event.scope.aws_region
    });
    let made_by_role =
        || jobs.role_of(job_arn).is_some_and(|role| event.who.session_issuer_arn.as_deref() == Some(role));
    is_here && (event.who.service() == Some(BEDROCK) || made_by_role())
}

/// The groups of an interface, with their names where the response tells them.
fn groups_of(made: Option<&Value>, request: Option<&Value>) -> Vec<(String, Option<String>)> {
    let of = |value: &Value, name: &str| -> Vec<(String, Option<String>)> {
        let groups = list(value, name).into_iter();
        groups
            .filter_map(|group| {
                Some((
                    text(group, "groupId").or_else(|| content(group))?.to_owned(),
                    text(group, "groupName").map(str::to_owned),
                ))
            })
            .collect()
    };
    let answered = made.map(|made| of(made, "groupSet")).unwrap_or_default();
    match (answered.is_empty(), request) {
        (true, Some(request)) => of(request, "groupSet"),
        _ => answered,
    }
}
