//! The lives of security groups.
//!
//! What names a group by its id is folded as it comes, in any order. What names none, a deletion by name or the
//! deletion of a whole VPC, waits until every id is known and is then settled in the order of time.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use schemas::tables::{SECURITY_GROUP_DELETE_REQUESTS, SECURITY_GROUPS};
use serde_json::Value;

use super::element::{member, text, unwrapped};
use super::event::{Event, Scope};
use super::jobs::cite;
use super::mark::Mark;
use super::rules::Fate;
use crate::table::{Row, TableBuilder};

/// EC2 refuses to delete a VPC's default group with this code.
const CANNOT_DELETE: &str = "Client.CannotDelete";
const DEPENDENCY_VIOLATION: &str = "Client.DependencyViolation";
const DRY_RUN: &str = "Client.DryRunOperation";
/// The name that only a VPC's default group has.
const DEFAULT: &str = "default";

/// Folds records into `security_groups` and `security_group_delete_requests`.
#[derive(Default)]
pub struct Groups {
    lives: BTreeMap<(Scope, String), Life>,
    requests: Vec<DeleteRequest>,
    /// Ids by name in lower case.
    names: HashMap<(Scope, String), BTreeSet<String>>,
    /// VPCs that were made in the logs.
    vpcs: HashMap<(Scope, String), Vpc>,
}

#[derive(Default)]
struct Life {
    name: Option<String>,
    vpc_id: Option<String>,
    first_seen_at: Option<DateTime<Utc>>,
    created: Option<Event>,
    deleted: Option<(Event, &'static str)>,
    /// Deleted by its name, as far as the records up to that one tell which group had it.
    perhaps_deleted_at: Option<DateTime<Utc>>,
}

struct Vpc {
    is_default: bool,
    created: Arc<Mark>,
}

struct DeleteRequest {
    event: Event,
    target: Target,
    how: &'static str,
}

enum Target {
    Id(String),
    Name(String),
    Vpc(String),
    Untold,
}

impl Life {
    /// Nobody can create a group of that name (EC2 API Reference, "CreateSecurityGroup").
    fn is_default(&self) -> Option<bool> {
        self.name.as_deref().map(|name| name == DEFAULT).or(self.created.as_ref().map(|_| false))
    }

    /// CreateSecurityGroup without a VPC makes the group in the default one.
    fn is_made_without_vpc(&self) -> bool {
        let request = self.created.as_ref().and_then(|event| event.request.as_ref());
        request.is_some_and(|request| text(unwrapped(request, "CreateSecurityGroup"), "vpcId").is_none())
    }

    /// Whether the group existed at an instant, as far as the records tell.
    fn exists_at(&self, at: DateTime<Utc>) -> bool {
        self.created.as_ref().is_none_or(|created| created.at <= at)
            && self.deleted.as_ref().is_none_or(|(deleted, _)| deleted.at > at)
    }

    /// The first accepted deletion is the one that counts.
    fn delete(&mut self, event: &Event, how: &'static str) {
        if self
            .deleted
            .as_ref()
            .is_none_or(|(earlier, _)| (event.at, &event.citation.event_id) < (earlier.at, &earlier.citation.event_id))
        {
            self.deleted = Some((event.clone(), how));
        }
    }
}

impl Groups {
    /// Learns that a record names a group.
    pub fn see(&mut self, event: &Event, group_id: &str) {
        self.learn(event, group_id, None, None);
    }

    /// Learns what the answer to an accepted call says of a group.
    pub fn learn(&mut self, event: &Event, group_id: &str, name: Option<&str>, vpc_id: Option<&str>) {
        let life = self.life_mut(event, group_id);
        life.first_seen_at = Some(life.first_seen_at.map_or(event.at, |first| first.min(event.at)));
        if let Some(name) = name.filter(|_| life.name.is_none()) {
            self.name(event, group_id, name);
        }
        let life = self.life_mut(event, group_id);
        life.vpc_id = life.vpc_id.take().or_else(|| vpc_id.map(str::to_owned));
    }

    fn name(&mut self, event: &Event, group_id: &str, name: &str) {
        self.life_mut(event, group_id).name = Some(name.to_owned());
        let key = (event.scope.clone(), name.to_lowercase());
        self.names.entry(key).or_default().insert(group_id.to_owned());
    }

    /// Takes in an accepted CreateSecurityGroup.
    pub fn create(&mut self, event: &Event) {
        let request = event.request.as_ref().map(|request| unwrapped(request, "CreateSecurityGroup"));
        let Some(group_id) = event.response.as_ref().and_then(|response| text(response, "groupId")) else { return };
        let said = |name: &str| request.and_then(|request| text(request, name));
        self.learn(event, group_id, said("groupName"), said("vpcId"));
        self.life_mut(event, group_id).created.get_or_insert_with(|| event.clone());
    }

    /// Takes in an accepted CreateVpc or CreateDefaultVpc.
    pub fn create_vpc(&mut self, event: &Event) {
        let Some(vpc) = event.response.as_ref().and_then(|response| member(response, "vpc")) else { return };
        let is_default = member(vpc, "isDefault").is_some_and(|value| value == &Value::Bool(true) || value == "true");
        if let Some(vpc_id) = text(vpc, "vpcId") {
            self.vpcs.insert((event.scope.clone(), vpc_id.to_owned()), Vpc { is_default, created: Mark::of(event) });
        }
    }

    /// Takes in a DeleteSecurityGroup, accepted or not.
    pub fn delete(&mut self, event: &Event) {
        let request = event.request.as_ref().map(|request| unwrapped(request, "DeleteSecurityGroup"));
        let said = |name: &str| request.and_then(|request| text(request, name));
        let answered = event.response.as_ref().and_then(|response| text(response, "groupId"));
        let target = match (answered.or_else(|| said("groupId")), said("groupName")) {
            (Some(id), _) => Target::Id(id.to_owned()),
            (None, Some(name)) => Target::Name(name.to_owned()),
            (None, None) => Target::Untold,
        };
        let how = how(event, said("groupId").is_none() && said("groupName").is_some());
        match &target {
            Target::Id(id) => self.delete_by_id(event, id, how),
            Target::Name(name) if event.is_accepted() => {
                if let Some(id) = self.named_now(event, name) {
                    self.life_mut(event, &id).perhaps_deleted_at = Some(event.at);
                }
            }
            _ => (),
        }
        self.requests.push(DeleteRequest { event: event.clone(), target, how });
    }

    /// What a refused request says of a group is the caller's word; only EC2's own refusals tell something.
    fn delete_by_id(&mut self, event: &Event, id: &str, how: &'static str) {
        match event.error_code.as_deref() {
            _ if event.is_accepted() => {
                self.see(event, id);
                self.life_mut(event, id).delete(event, how);
            }
            // Only a VPC's default group cannot be deleted by a user.
            Some(CANNOT_DELETE) => {
                self.see(event, id);
                self.name(event, id, DEFAULT);
            }
            Some(DEPENDENCY_VIOLATION | DRY_RUN) => self.see(event, id),
            _ => (),
        }
    }

    /// Takes in an accepted DeleteVpc: the VPC's default group goes with it, without a record of its own.
    pub fn delete_vpc(&mut self, event: &Event) {
        let request = event.request.as_ref().map(|request| unwrapped(request, "DeleteVpc"));
        if let Some(vpc_id) = request.and_then(|request| text(request, "vpcId")) {
            let target = Target::Vpc(vpc_id.to_owned());
            self.requests.push(DeleteRequest { event: event.clone(), target, how: "by_delete_vpc" });
        }
    }

    /// Settles what names no id, once every id is known: the table of requests.
    pub fn settle(&mut self) -> TableBuilder {
        let mut table = TableBuilder::new(&SECURITY_GROUP_DELETE_REQUESTS);
        let mut requests = std::mem::take(&mut self.requests);
        // VPCs last: a group that was deleted by itself, however the clocks stood, did not go with its VPC.
        let order = |request: &DeleteRequest| {
            let is_vpc = matches!(request.target, Target::Vpc(_));
            (is_vpc, request.event.at, request.event.citation.event_id.clone())
        };
        requests.sort_by_cached_key(order);
        let by_vpc = by_vpc(&self.lives);
        for request in &requests {
            self.settle_request(request, &by_vpc, &mut table);
        }
        table
    }

    /// Every group that a record names.
    pub fn ids(&self) -> impl Iterator<Item = (&Scope, &str)> {
        self.lives.keys().map(|(scope, id)| (scope, id.as_str()))
    }

    /// What became of a group, and where a default group came from. After [`settle`](Self::settle).
    pub fn fate(&self, scope: &Scope, group_id: &str) -> Fate {
        let Some(life) = self.lives.get(&(scope.clone(), group_id.to_owned())) else { return Fate::default() };
        let vpc = life.vpc_id.as_ref().and_then(|id| self.vpcs.get(&(scope.clone(), id.clone())));
        Fate {
            deleted: life.deleted.as_ref().map(|(event, _)| Mark::of(event)),
            created_with_vpc: vpc.filter(|_| life.is_default() == Some(true)).map(|vpc| Arc::clone(&vpc.created)),
        }
    }

    /// The table of lives. After [`settle`](Self::settle).
    pub fn lives(&self) -> TableBuilder {
        let mut lives = TableBuilder::new(&SECURITY_GROUPS);
        for ((scope, group_id), life) in &self.lives {
            write_life(&mut lives, (scope, group_id), life, self.in_default_vpc(scope, life));
        }
        lives
    }

    fn settle_request(&mut self, request: &DeleteRequest, by_vpc: &ByVpc, table: &mut TableBuilder) {
        let event = &request.event;
        let id = match &request.target {
            Target::Id(id) => Some(id.clone()),
            Target::Name(name) => {
                let id = self.named(event, name);
                if let Some(id) = id.as_deref().filter(|_| event.is_accepted()) {
                    self.life_mut(event, id).delete(event, request.how);
                }
                id
            }
            Target::Untold => None,
            Target::Vpc(vpc_id) => return self.settle_vpc(request, vpc_id, by_vpc, table),
        };
        self.write_request(table, request, id.as_deref());
    }

    /// No group outlives its VPC. One whose own deletion is in the logs has gone before.
    fn settle_vpc(&mut self, request: &DeleteRequest, vpc_id: &str, by_vpc: &ByVpc, table: &mut TableBuilder) {
        let event = &request.event;
        let ids = by_vpc.get(&(event.scope.clone(), vpc_id.to_owned())).cloned().unwrap_or_default();
        for id in &ids {
            let life = self.life_mut(event, id);
            if life.deleted.is_none() {
                life.delete(event, request.how);
                self.write_request(table, request, Some(id));
            }
        }
        // The default group is gone even when no record ever named it.
        if !ids.iter().any(|id| self.life(event, id).is_default() == Some(true)) {
            self.write_request(table, request, None);
        }
    }

    /// The one group of that name at that time, as far as the records up to then tell: for who cannot wait.
    pub fn named_now(&self, event: &Event, name: &str) -> Option<String> {
        self.named_of(event, name, |life| life.perhaps_deleted_at.is_none())
    }

    /// The one group of that name at that time, out of all that the records tell.
    fn named(&self, event: &Event, name: &str) -> Option<String> {
        self.named_of(event, name, |_| true)
    }

    /// Names are the same in any case. EC2 takes them in the default VPC only.
    fn named_of(&self, event: &Event, name: &str, is_there: impl Fn(&Life) -> bool) -> Option<String> {
        let ids = self.names.get(&(event.scope.clone(), name.to_lowercase())).into_iter().flatten();
        let exists = |id: &&String| {
            let life = self.life(event, id);
            life.exists_at(event.at) && is_there(life)
        };
        let alive: Vec<&String> = ids.filter(exists).collect();
        let in_default_vpc = |id: &str| self.in_default_vpc(&event.scope, self.life(event, id));
        let candidates: Vec<&String> = alive.into_iter().filter(|id| in_default_vpc(id) != Some(false)).collect();
        let certain: Vec<&String> = candidates.iter().copied().filter(|id| in_default_vpc(id) == Some(true)).collect();
        match (candidates.as_slice(), certain.as_slice()) {
            ([only], _) | (_, [only]) => Some((*only).clone()),
            _ => None,
        }
    }

    /// Whether a group is in its Region's default VPC; `None` = no record tells.
    fn in_default_vpc(&self, scope: &Scope, life: &Life) -> Option<bool> {
        // That an interface tells the VPC's id later makes it no less certain.
        if life.is_made_without_vpc() {
            return Some(true);
        }
        let vpc_id = life.vpc_id.clone()?;
        self.vpcs.get(&(scope.clone(), vpc_id)).map(|vpc| vpc.is_default)
    }

    fn life_mut(&mut self, event: &Event, id: &str) -> &mut Life {
        self.lives.entry((event.scope.clone(), id.to_owned())).or_default()
    }

    fn life(&self, event: &Event, id: &str) -> &Life {
        &self.lives[&(event.scope.clone(), id.to_owned())]
    }

    fn write_request(&self, table: &mut TableBuilder, request: &DeleteRequest, id: Option<&str>) {
        let event = &request.event;
        let life = id.and_then(|id| self.lives.get(&(event.scope.clone(), id.to_owned())));
        let name = match &request.target {
            Target::Name(name) => Some(name.as_str()),
            Target::Vpc(_) if id.is_none() => Some(DEFAULT),
            _ => life.and_then(|life| life.name.as_deref()),
        };
        let outcome = match event.error_code.as_deref() {
            Some(DRY_RUN) => "dry_run",
            _ if event.is_accepted() => "deleted",
            _ => "refused",
        };
        let row = table.row().text("account_id", &event.scope.account_id).text("aws_region", &event.scope.aws_region);
        let row = row.time("requested_at", event.at).maybe_text("group_id", id).maybe_text("group_name", name);
        let vpc_id = match &request.target {
            Target::Vpc(vpc_id) => Some(vpc_id.as_str()),
            _ => life.and_then(|life| life.vpc_id.as_deref()),
        };
        let row = row.maybe_text("vpc_id", vpc_id).text("outcome", outcome);
        let row = row
            .maybe_text("error_code", event.error_code.as_deref())
            .maybe_text("error_message", event.error_message.as_deref());
        cite(event.who.set(row.text("how", request.how)), event).end();
    }
}

fn how(event: &Event, is_by_name: bool) -> &'static str {
    match event.who.service() {
        Some("cloudformation.amazonaws.com") => "by_cloudformation",
        Some(_) => "by_service",
        None if is_by_name => "by_name",
        None => "by_id",
    }
}

/// Groups by VPC, so that settling is no search.
type ByVpc = HashMap<(Scope, String), Vec<String>>;

fn by_vpc(lives: &BTreeMap<(Scope, String), Life>) -> ByVpc {
    let mut by_vpc = ByVpc::new();
    for ((scope, id), life) in lives {
        if let Some(vpc_id) = &life.vpc_id {
            by_vpc.entry((scope.clone(), vpc_id.clone())).or_default().push(id.clone());
        }
    }
    by_vpc
}

fn write_life(table: &mut TableBuilder, (scope, group_id): (&Scope, &str), life: &Life, in_default_vpc: Option<bool>) {
    let row = table
        .row()
        .text("account_id", &scope.account_id)
        .text("aws_region", &scope.aws_region)
        .text("group_id", group_id);
    let row = row.maybe_text("group_name", life.name.as_deref()).maybe_text("vpc_id", life.vpc_id.as_deref());
    let row = row.maybe_bool("is_default", life.is_default()).maybe_bool("is_in_default_vpc", in_default_vpc);
    let row = row.time("first_seen_at", life.first_seen_at.expect("a life begins with a record"));
    let row = match &life.created {
        Some(event) => write_created(row, event),
        None => row,
    };
    match &life.deleted {
        Some((event, how)) => write_deleted(row, event, how),
        None => row,
    }
    .end();
}

fn write_created<'a>(row: Row<'a>, event: &Event) -> Row<'a> {
    let row = row.time("created_at", event.at).maybe_text("created_by", event.who.principal_arn.as_deref());
    let row = row.maybe_text("created_who", event.who.shown());
    let row = row.text("created_event_id", &event.citation.event_id).text("created_log_file", &event.citation.log_file);
    row.int("created_record_index", event.citation.record_index)
}

fn write_deleted<'a>(row: Row<'a>, event: &Event, how: &str) -> Row<'a> {
    let who = &event.who;
    let row = row
        .time("deleted_at", event.at)
        .text("deleted_how", how)
        .maybe_text("deleted_by", who.principal_arn.as_deref());
    let row = row.maybe_text("deleted_by_session_issuer_arn", who.session_issuer_arn.as_deref());
    let row = row.maybe_text("deleted_by_session_name", who.session_name.as_deref());
    let row = row.maybe_text("deleted_by_source_identity", who.source_identity.as_deref());
    let row = row.maybe_text("deleted_by_invoked_by", who.invoked_by.as_deref());
    let row = row.maybe_text("deleted_from_ip_address", who.source_ip_address.as_deref());
    let row = row.maybe_text("deleted_with_user_agent", who.user_agent.as_deref());
    let row = row.maybe_text("deleted_who", who.shown());
    let row = row.text("deleted_event_id", &event.citation.event_id).text("deleted_log_file", &event.citation.log_file);
    row.int("deleted_record_index", event.citation.record_index)
}
