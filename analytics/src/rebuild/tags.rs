//! `resource_tags`: the tags of security groups, subnets, VPCs, VPC endpoints and jobs, as intervals.
//!
//! What ends is written at once; in memory stand the tags in force and, of each resource, what is known of the others:
//! that it was made without them, or that they were taken away.

mod change;

use std::collections::BTreeMap;
use std::sync::Arc;

use schemas::job::JobKind;

use super::event::{Event, Scope};
use super::mark::{self, Mark};
use crate::table::{Row, TableBuilder};
use change::{Change, Given, GivenValue};

/// The tags that AWS makes itself, which DeleteTags leaves alone when it is given no keys.
const AWS: &str = "aws:";

/// Folds records and snapshots into `resource_tags`. Both come in the order of time.
#[derive(Default)]
pub struct Tags {
    resources: BTreeMap<(Scope, String), Resource>,
}

/// What the rule of AWS Config saw of a resource's tags.
#[derive(Debug, Clone)]
pub struct SeenTags {
    /// Where the resource lives.
    pub scope: Scope,
    /// Its id; of a job, its ARN.
    pub resource_id: String,
    /// All its tags, as key and value.
    pub tags: BTreeMap<String, String>,
    /// When, and where that stands.
    pub mark: Arc<Mark>,
}

#[derive(Default)]
struct Resource {
    is_created: bool,
    known: Known,
    /// By key; `None` = a record took it away, so that it is known to be absent.
    tags: BTreeMap<String, Option<Tag>>,
}

/// What is known of the keys that [`Resource::tags`] does not hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Known {
    /// Nothing: the resource may have had any tag since before the logs.
    #[default]
    Nothing,
    /// That it has none of them, but for those that AWS made.
    AllButAws,
    /// That it has none of them.
    All,
}

/// A tag in force.
struct Tag {
    /// `None` = masked.
    value: Option<String>,
    how: How,
    /// What set it, or showed it first.
    mark: Arc<Mark>,
}

/// How a tag came into sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    CreatedWithResource,
    Tagged,
    /// A snapshot showed it, of which nothing was known before: it may be older than the logs.
    Snapshot,
    /// A snapshot showed it where something else was known before.
    SnapshotOfChange,
    /// A record took it away.
    Untagged,
}

impl How {
    fn as_str(self) -> &'static str {
        match self {
            Self::CreatedWithResource => "created_with_resource",
            Self::Tagged => "tagged",
            Self::Snapshot | Self::SnapshotOfChange => "snapshot",
            Self::Untagged => "untagged",
        }
    }
}

/// The kind of resource that an id names; `None` = not one whose tags are kept.
pub fn kind_of(id: &str) -> Option<&'static str> {
    const KINDS: [(&str, &str); 4] =
        [("sg-", "security_group"), ("subnet-", "subnet"), ("vpc-", "vpc"), ("vpce-", "vpc_endpoint")];
    let of_ec2 = KINDS.into_iter().find_map(|(prefix, kind)| {
        // `vpce-svc-...` and `vpc-cidr-assoc-...` are other resources.
        let rest = id.strip_prefix(prefix)?;
        (!rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(kind)
    });
    of_ec2.or_else(|| JobKind::of_arn(id).map(|_| "job"))
}

impl Tags {
    /// Takes in an event. A refused one changed nothing.
    pub fn take(&mut self, event: &Event, out: &mut TableBuilder) {
        if !event.is_accepted() {
            return;
        }
        let Some(change) = change::read(event) else { return };
        let mark = Mark::of(event);
        match change {
            Change::Create { id, tags, is_whole } => {
                self.each(&event.scope, &[id], &mark, out, |one| one.create(&tags, is_whole));
            }
            Change::Set { ids, tags } => self.each(&event.scope, &ids, &mark, out, |one| {
                last_of_each_key(&tags).into_iter().for_each(|tag| one.set(&tag.key, tag.value_set(), How::Tagged));
            }),
            Change::Remove { ids, tags } => self.each(&event.scope, &ids, &mark, out, |one| {
                tags.iter().for_each(|tag| one.remove(tag));
            }),
            Change::RemoveAll { ids } => self.each(&event.scope, &ids, &mark, out, |one| one.remove_all()),
        }
    }

    /// Takes in what the rule of AWS Config saw. A tag that it does not show is gone, one that it shows is there.
    pub fn snapshot(&mut self, seen: &SeenTags, out: &mut TableBuilder) {
        let id = std::slice::from_ref(&seen.resource_id);
        self.each(&seen.scope, id, &seen.mark, out, |one| one.snapshot(&seen.tags));
    }

    /// Ends the tags of resources whose deletion is known, and writes those that are still in force.
    ///
    /// `deleted` gives the record that ended a resource's life, by its kind and id.
    pub fn finish(self, deleted: impl Fn(&Scope, &str, &str) -> Option<Arc<Mark>>, out: &mut TableBuilder) {
        for ((scope, id), resource) in self.resources {
            let Some(kind) = kind_of(&id) else { continue };
            let end = deleted(&scope, kind, &id);
            let end = end.as_deref().map(|mark| ("resource_deleted", mark));
            let place = Place { scope: &scope, kind, id: &id };
            for (key, tag) in resource.tags {
                if let Some(tag) = tag {
                    place.write(out, &key, &tag, end);
                }
            }
        }
    }

    fn each(
        &mut self,
        scope: &Scope,
        ids: &[String],
        mark: &Arc<Mark>,
        out: &mut TableBuilder,
        mut edit: impl FnMut(&mut Editor<'_>),
    ) {
        for id in ids {
            let Some(kind) = kind_of(id) else { continue };
            let resource = self.resources.entry((scope.clone(), id.clone())).or_default();
            edit(&mut Editor { resource, place: Place { scope, kind, id }, mark, out });
        }
    }
}

/// A key twice in one call: EC2 refuses that, and the last one would have stayed.
fn last_of_each_key(tags: &[Given]) -> impl IntoIterator<Item = &Given> {
    tags.iter().map(|tag| (&tag.key, tag)).collect::<BTreeMap<_, _>>().into_values()
}

/// One resource while a record or a snapshot changes it.
struct Editor<'a> {
    resource: &'a mut Resource,
    place: Place<'a>,
    mark: &'a Arc<Mark>,
    out: &'a mut TableBuilder,
}

impl Editor<'_> {
    /// A create call that is repeated with its token makes nothing, and its tags count for nothing.
    fn create(&mut self, tags: &[Given], is_whole: bool) {
        if std::mem::replace(&mut self.resource.is_created, true) {
            return;
        }
        for tag in last_of_each_key(tags) {
            // Clocks differ: what is known already cannot be older than the resource.
            if !self.resource.tags.contains_key(&tag.key) {
                self.set(&tag.key, tag.value_set(), How::CreatedWithResource);
            }
        }
        if is_whole {
            self.know(Known::All);
        }
    }

    fn set(&mut self, key: &str, value: Option<&str>, how: How) {
        if let Some(Some(tag)) = self.resource.tags.get(key) {
            // The same value again changes nothing; whether a masked one is the same, no record tells.
            if value.is_some() && tag.value.as_deref() == value {
                return;
            }
            self.end(key, if how == How::SnapshotOfChange { "gone" } else { "overwritten" });
        }
        let tag = Tag { value: value.map(str::to_owned), how, mark: Arc::clone(self.mark) };
        self.resource.tags.insert(key.to_owned(), Some(tag));
    }

    fn remove(&mut self, given: &Given) {
        let wanted = match &given.value {
            GivenValue::Absent => None,
            GivenValue::Masked => return,
            GivenValue::Text(value) => Some(value.as_str()),
        };
        match self.resource.tags.get(&given.key) {
            Some(Some(tag)) if wanted.is_none() || tag.value.as_deref() == wanted => self.end(&given.key, "untagged"),
            None if !self.resource.is_absent(&given.key) => {
                // EC2 accepts the removal of a tag that is not there: this one may have been there until now.
                let tag = Tag { value: wanted.map(str::to_owned), how: How::Untagged, mark: Arc::clone(self.mark) };
                self.place.write(self.out, &given.key, &tag, Some(("untagged", self.mark)));
                // With another value than the one asked for it would still be there, which no record tells either.
                self.resource.tags.insert(given.key.clone(), None);
            }
            _ => (),
        }
    }

    fn remove_all(&mut self) {
        for key in self.in_force() {
            if !key.starts_with(AWS) {
                self.end(&key, "untagged");
            }
        }
        self.know(Known::AllButAws);
    }

    fn snapshot(&mut self, seen: &BTreeMap<String, String>) {
        for key in self.in_force() {
            if !seen.contains_key(&key) {
                self.end(&key, "gone");
            }
        }
        for (key, value) in seen {
            let is_new = !self.resource.tags.contains_key(key) && !self.resource.is_absent(key);
            self.set(key, Some(value), if is_new { How::Snapshot } else { How::SnapshotOfChange });
        }
        self.know(Known::All);
    }

    fn in_force(&self) -> Vec<String> {
        let tags = self.resource.tags.iter();
        tags.filter(|(_, tag)| tag.is_some()).map(|(key, _)| key.clone()).collect()
    }

    /// Ends a tag in force; from here on it is known to be absent.
    fn end(&mut self, key: &str, how: &'static str) {
        let Some(Some(tag)) = self.resource.tags.remove(key) else { return };
        self.place.write(self.out, key, &tag, Some((how, self.mark)));
        if !self.resource.is_absent(key) {
            self.resource.tags.insert(key.to_owned(), None);
        }
    }

    /// Learns of the keys that are not held; those that are held as absent need not be any more.
    fn know(&mut self, known: Known) {
        if self.resource.known != Known::All {
            self.resource.known = known;
        }
        let Resource { known, tags, .. } = &mut *self.resource;
        tags.retain(|key, tag| tag.is_some() || !known.covers(key));
    }
}

impl Resource {
    /// Whether a key that [`Resource::tags`] does not hold is known to be absent.
    fn is_absent(&self, key: &str) -> bool {
        self.known.covers(key)
    }
}

impl Known {
    fn covers(self, key: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::AllButAws => !key.starts_with(AWS),
            Self::All => true,
        }
    }
}

/// The resource in the columns of a row.
#[derive(Clone, Copy)]
struct Place<'a> {
    scope: &'a Scope,
    kind: &'static str,
    id: &'a str,
}

impl Place<'_> {
    fn write(self, out: &mut TableBuilder, key: &str, tag: &Tag, end: Option<(&str, &Mark)>) {
        let row = out.row().text("account_id", &self.scope.account_id).text("aws_region", &self.scope.aws_region);
        let row = row.text("resource_kind", self.kind).text("resource_id", self.id);
        let row = row.text("tag_key", key).maybe_text("tag_value", tag.value.as_deref());
        let row = row.text("started_how", tag.how.as_str()).time("seen_at", tag.mark.at);
        let row = match tag.how {
            How::CreatedWithResource | How::Tagged | How::SnapshotOfChange => {
                mark::set(row, mark::STARTED, Some(&tag.mark))
            }
            How::Snapshot => cite_without_time(row, &tag.mark),
            How::Untagged => row,
        };
        let row = row.maybe_text("ended_how", end.map(|(how, _)| how));
        mark::set(row, mark::ENDED, end.map(|(_, mark)| mark)).end();
    }
}

/// What showed a tag whose beginning nothing tells.
fn cite_without_time<'a>(row: Row<'a>, mark: &Mark) -> Row<'a> {
    row.maybe_text("started_who", mark.who.as_deref())
        .maybe_text("started_event_id", Some(&mark.citation.event_id).filter(|id| !id.is_empty()))
        .text("started_log_file", &mark.citation.log_file)
        .int("started_record_index", mark.citation.record_index)
}

#[cfg(test)]
mod tests;
