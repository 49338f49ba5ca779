//! The network that jobs asked for, and the interfaces that Bedrock made for them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use schemas::ids::Arn;
use schemas::record::BEDROCK;
use schemas::tables::{JOB_NETWORK, NETWORK_INTERFACES};
use serde_json::Value;

use super::call::Call;
use super::element::{content, list, member, tags, text, unwrapped};
use super::event::{Event, Scope};
use super::groups::Groups;
use super::jobs::{Jobs, cite};
use super::mark::{self, Mark};
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
    /// In the order in which it was given them.
    groups: Vec<Attachment>,
    subnet_id: Option<String>,
    vpc_id: Option<String>,
    deleted: Option<Arc<Mark>>,
}

/// A security group on an interface.
struct Attachment {
    group_id: String,
    group_name: Option<String>,
    began: Arc<Mark>,
    ended: Option<Arc<Mark>>,
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
        let mark = Mark::of(event);
        let attached =
            |(group_id, group_name)| Attachment { group_id, group_name, began: Arc::clone(&mark), ended: None };
        let interface = Interface {
            id: id.to_owned(),
            job_arn: [request, made]
                .into_iter()
                .flatten()
                .flat_map(tags)
                .find(|(key, arn)| *key == JOB_TAG && is_of_that_job(event, arn, jobs))
                .map(|(_, arn)| arn.to_owned()),
            groups: groups_of(made, request).into_iter().map(attached).collect(),
            subnet_id: said("subnetId"),
            vpc_id: said("vpcId"),
            created: event.clone(),
            deleted: None,
        };
        for Attachment { group_id, group_name, .. } in &interface.groups {
            groups.learn(event, group_id, group_name.as_deref(), interface.vpc_id.as_deref());
        }
        if let Some(subnet_id) = &interface.subnet_id {
            topology.see_subnet(event, subnet_id, interface.vpc_id.as_deref());
        }
        if interface.job_arn.is_none() && event.who.service() != Some(BEDROCK) {
            return;
        }
        if let Some(job_arn) = &interface.job_arn {
            for Attachment { group_id, .. } in &interface.groups {
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

    /// Takes in an accepted ModifyNetworkInterfaceAttribute. One that names groups names all that the interface has from
    /// then on; any other changes something else. `groups` learns the VPC of those that are new.
    ///
    /// Source: EC2 API Reference, "ModifyNetworkInterfaceAttribute". No record of it is public: the form is that of
    /// CreateNetworkInterface.
    pub fn change_groups(&mut self, event: &Event, groups: &mut Groups) {
        let Some(request) = Call::of(event).request else { return };
        let named = groups_of(None, Some(request));
        let Some(id) = text(request, "networkInterfaceId").filter(|_| !named.is_empty()) else { return };
        let Some(&at) = self.by_id.get(&(event.scope.clone(), id.to_owned())) else { return };
        let added = self.interfaces[at].set_groups(&Mark::of(event), named);
        let (job_arn, vpc_id) = (self.interfaces[at].job_arn.clone(), self.interfaces[at].vpc_id.clone());
        for group_id in added {
            groups.learn(event, &group_id, None, vpc_id.as_deref());
            if let Some(job_arn) = &job_arn {
                self.add(event, (job_arn, Some(job_arn)), "security_group", &group_id, "network_interface");
            }
        }
    }

    /// Takes in an accepted DeleteNetworkInterface.
    pub fn delete_interface(&mut self, event: &Event) {
        let request = event.request.as_ref().map(|request| unwrapped(request, "DeleteNetworkInterface"));
        let Some(id) = request.and_then(|request| text(request, "networkInterfaceId")) else { return };
        if let Some(at) = self.by_id.get(&(event.scope.clone(), id.to_owned())) {
            self.interfaces[*at].deleted.get_or_insert_with(|| Mark::of(event));
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
    /// Leaves it with these groups alone; gives those that it did not have.
    fn set_groups(&mut self, mark: &Arc<Mark>, named: Vec<(String, Option<String>)>) -> Vec<String> {
        for attachment in self.groups.iter_mut().filter(|attachment| attachment.ended.is_none()) {
            if !named.iter().any(|(group_id, _)| *group_id == attachment.group_id) {
                attachment.ended = Some(Arc::clone(mark));
            }
        }
        let mut added = Vec::new();
        for (group_id, group_name) in named {
            let has_it = |attachment: &Attachment| attachment.ended.is_none() && attachment.group_id == group_id;
            if !self.groups.iter().any(has_it) {
                added.push(group_id.clone());
                self.groups.push(Attachment { group_id, group_name, began: Arc::clone(mark), ended: None });
            }
        }
        added
    }

    fn write(&self, table: &mut TableBuilder, group: Option<&Attachment>) {
        let scope = &self.created.scope;
        let row = table.row().text("account_id", &scope.account_id).text("aws_region", &scope.aws_region);
        let row = row.text("network_interface_id", &self.id).maybe_text("job_arn", self.job_arn.as_deref());
        let row = row
            .maybe_text("group_id", group.map(|group| group.group_id.as_str()))
            .maybe_text("group_name", group.and_then(|group| group.group_name.as_deref()));
        let row = mark::set(row, mark::ATTACHED, group.map(|group| group.began.as_ref()));
        let row = mark::set(row, mark::DETACHED, group.and_then(|group| group.ended.as_deref()));
        let row = row.maybe_text("subnet_id", self.subnet_id.as_deref()).maybe_text("vpc_id", self.vpc_id.as_deref());
        let row = mark::set(row.time("created_at", self.created.at), mark::DELETED, self.deleted.as_deref());
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::call::sample::{event, rows};
    use super::*;

    const JOB: &str = "arn:aws:bedrock:eu-west-1:1:model-customization-job/m/1";

    fn items(groups: &[&str]) -> Value {
        let groups: Vec<Value> = groups.iter().map(|group| json!({ "groupId": group })).collect();
        if groups.is_empty() { json!({}) } else { json!({ "items": groups }) }
    }

    /// An interface made at second 1 with `sg-1` and `sg-2`, then its changes, each at a second; then its deletion at 9.
    fn interfaces(changes: &[(i64, Value)], columns: &[&str]) -> (Vec<String>, Vec<String>) {
        let (mut network, mut groups, mut topology) = (JobNetwork::new(), Groups::default(), Topology::default());
        let tags = json!({ "items": [{ "key": JOB_TAG, "value": JOB }] });
        let made = json!({ "networkInterface": {
            "networkInterfaceId": "eni-1", "subnetId": "subnet-1", "vpcId": "vpc-1", "groupSet": items(&["sg-1", "sg-2"]),
            "tagSet": tags } });
        let mut created = event(1, "CreateNetworkInterface", json!({ "subnetId": "subnet-1" }), made);
        created.who.invoked_by = Some(BEDROCK.to_owned());
        network.create_interface(&created, &Jobs::new(), &mut groups, &mut topology);
        for (second, request) in changes {
            let change = event(*second, "ModifyNetworkInterfaceAttribute", request.clone(), json!({ "_return": true }));
            network.change_groups(&change, &mut groups);
        }
        let deletion = json!({ "networkInterfaceId": "eni-1" });
        network.delete_interface(&event(9, "DeleteNetworkInterface", deletion, Value::Null));
        let [mut named, mut table] = network.finish();
        (rows(&mut table, columns), rows(&mut named, &["resource_id", "seen_at", "event_id"]))
    }

    fn change(groups: &[&str]) -> Value {
        json!({ "networkInterfaceId": "eni-1", "groupSet": items(groups) })
    }

    #[test]
    fn an_interface_has_each_group_for_an_interval() {
        let intervals =
            ["group_id", "attached_at", "attached_event_id", "detached_at", "detached_event_id", "detached_who"];
        let (found, named) = interfaces(&[(3, change(&["sg-2", "sg-3"])), (5, change(&["sg-1"]))], &intervals);
        assert_eq!(found, ["sg-1 1 e1 3 e3 ana", "sg-1 5 e5 - - -", "sg-2 1 e1 5 e5 ana", "sg-3 3 e3 5 e5 ana"]);
        assert_eq!(named, ["sg-1 1 e1", "sg-2 1 e1", "sg-3 3 e3", "subnet-1 1 e1", "vpc-1 1 e1"]);
    }

    #[test]
    fn a_change_of_something_else_leaves_the_groups() {
        let other = json!({ "networkInterfaceId": "eni-1", "sourceDestCheck": { "value": false }, "groupSet": {} });
        let unknown = json!({ "networkInterfaceId": "eni-2", "groupSet": items(&["sg-9"]) });
        let (found, _) =
            interfaces(&[(2, other), (3, unknown), (4, change(&["sg-2", "sg-1"]))], &["group_id", "detached_at"]);
        assert_eq!(found, ["sg-1 -", "sg-2 -"]);
    }

    #[test]
    fn its_deletion_is_cited_whole() {
        let deleted = ["deleted_at", "deleted_who", "deleted_event_id", "deleted_log_file", "deleted_record_index"];
        let (found, _) = interfaces(&[], &deleted);
        assert_eq!(found, ["9 ana e9 a.json.gz 0"; 2]);
    }
}
