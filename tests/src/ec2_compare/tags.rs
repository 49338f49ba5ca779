//! `resource_tags` at many instants of every resource.

use super::{Comparison, Rebuilt, Row, cited, holds, instants, mark, text};
use crate::dice::Dice;
use crate::ec2_life::Life;
use crate::ec2_model::{All, Operation, Tag, Tags, Time, Timeline};

pub(super) fn compare(life: &Life, rebuilt: &Rebuilt, dice: &mut Dice, comparison: &mut Comparison) {
    let mut known = Vec::new();
    known.extend(of("security_group", &life.ec2.groups, |group| &group.tags));
    known.extend(of("vpc", &life.ec2.vpcs, |vpc| &vpc.tags));
    known.extend(of("subnet", &life.ec2.subnets, |subnet| &subnet.tags));
    known.extend(of("vpc_endpoint", &life.ec2.endpoints, |endpoint| &endpoint.tags));
    known.extend(of("job", &life.ec2.jobs, |tags| tags));
    for resource in &known {
        let is_its = |row: &&Row| {
            text(row, "resource_id") == Some(&resource.id)
                && text(row, "resource_kind").is_some_and(|kind| kind == resource.kind)
        };
        let rows: Vec<&Row> = rebuilt.tags.iter().filter(is_its).collect();
        for row in rows.iter().filter(|row| is_removal(row)) {
            resource.check_removal(life, row, comparison);
        }
        for at in instants(life, resource.states.iter().map(|(at, _, _)| *at), dice) {
            resource.compare_at(life, &rows, at, comparison);
        }
    }
    for row in &rebuilt.tags {
        let is_its = |one: &&Resource| {
            Some(&one.id) == text(row, "resource_id") && text(row, "resource_kind").is_some_and(|kind| kind == one.kind)
        };
        if !known.iter().any(|one| is_its(&one)) {
            comparison.differ(format!("a tag of nothing that there was: {row:?}"));
        }
    }
}

/// A resource's tags over time; `None` = it does not exist.
struct Resource {
    kind: &'static str,
    id: String,
    states: Vec<(Time, usize, Option<Tags>)>,
}

fn of<T: Clone>(kind: &'static str, all: &All<T>, tags: impl Fn(&T) -> &Tags) -> Vec<Resource> {
    let states = |line: &Timeline<T>| {
        line.states().map(|(at, call, state)| (at, call, state.map(|state| tags(state).clone()))).collect()
    };
    all.iter().map(|(id, line)| Resource { kind, id: id.clone(), states: states(line) }).collect()
}

/// Whether a row tells of a removal only. EC2 accepts the removal of a tag that is not there, so such a row does not say
/// that the tag was there before.
fn is_removal(row: &Row) -> bool {
    text(row, "started_how").is_some_and(|how| how == "untagged")
}

impl Resource {
    /// A removal without a known beginning: a record asks for it, of a resource that is older than the logs, or that no
    /// record names when it is made.
    fn check_removal(&self, life: &Life, row: &Row, comparison: &mut Comparison) {
        comparison.check("removals of older tags");
        let key = text(row, "tag_key").expect("a row has a key");
        let ended = mark(row, "ended");
        let call =
            life.calls.iter().find(|call| cited(life, call.number).is_some() && cited(life, call.number) == ended);
        let asked = match call.map(|call| &call.operation) {
            Some(Operation::DeleteTags { resource_ids, tags }) if resource_ids.contains(&self.id) => {
                tags.iter().any(|(asked, value)| asked == key && text(row, "tag_value") == value.as_ref())
            }
            Some(Operation::UntagJob { arn, keys }) => {
                *arn == self.id && keys.contains(key) && text(row, "tag_value").is_none()
            }
            _ => false,
        };
        let is_default = life
            .ec2
            .groups
            .get(&self.id)
            .is_some_and(|line| line.states().any(|(_, _, group)| group.is_some_and(|group| group.is_default)));
        let is_older = cited(life, self.states[0].1).is_none() || is_default;
        if !asked || !is_older || mark(row, "started").is_some() {
            comparison.differ(format!("{}: no record tells of this removal: {row:?}", self.id));
        }
    }

    fn compare_at(&self, life: &Life, rows: &[&Row], at: Time, comparison: &mut Comparison) {
        let truth = self.at(at).unwrap_or_default();
        let found: Vec<&&Row> = rows.iter().filter(|row| holds(row, at) && !is_removal(row)).collect();
        for row in &found {
            comparison.check("tags in force");
            let key = text(row, "tag_key").expect("a row has a key");
            match truth.get(key) {
                Some(tag) => self.compare_tag(life, row, key, tag, at, comparison),
                None => comparison.differ(format!("{} at {at}: it had no such tag: {row:?}", self.id)),
            }
        }
        for (key, tag) in truth.iter().filter(|(_, tag)| life.event_id(tag.since).is_some()) {
            comparison.check("tags expected");
            let count = found.iter().filter(|row| text(row, "tag_key") == Some(key)).count();
            if count != 1 {
                let began = &life.calls[tag.since].operation;
                comparison.differ(format!(
                    "{} at {at}: {count} rows of {key:?} {tag:?} (since {began:?}), of {rows:#?}",
                    self.id
                ));
            }
        }
    }

    fn at(&self, at: Time) -> Option<Tags> {
        self.states.iter().rev().find(|(from, _, _)| *from <= at).and_then(|(_, _, tags)| tags.clone())
    }

    fn compare_tag(&self, life: &Life, row: &Row, key: &str, tag: &Tag, at: Time, comparison: &mut Comparison) {
        let what = |part: &'static str| format!("{} at {at}: {part} of {row:?}", self.id);
        let begins = cited(life, tag.since);
        let value = text(row, "tag_value");
        if begins.is_some() || value.is_some() {
            comparison.same(|| what("value"), &value, &Some(&tag.value));
        }
        let started = mark(row, "started");
        // Giving an older tag the value that it has changes nothing, but tells a reader of it.
        let retold = |(_, event_id): &(Time, String)| self.sets_again(life, event_id, key);
        if begins.is_some() || !started.as_ref().is_none_or(retold) {
            comparison.same(|| what("beginning"), &started, &begins);
        }
        comparison.same(|| what("end"), &mark(row, "ended"), &self.end_of(life, key, tag, at));
        if begins.is_some() {
            let how = text(row, "started_how").map(String::as_str);
            let is_creation = self.states[0].1 == tag.since;
            let expected = if is_creation { "created_with_resource" } else { "tagged" };
            comparison.same(|| what("how"), &how, &Some(expected));
        }
    }

    fn sets_again(&self, life: &Life, event_id: &str, key: &str) -> bool {
        let call = life.calls.iter().find(|call| life.event_id(call.number) == Some(event_id));
        match call.map(|call| &call.operation) {
            Some(Operation::CreateTags { resource_ids, tags }) => {
                resource_ids.contains(&self.id) && tags.iter().any(|(given, _)| given == key)
            }
            Some(Operation::TagJob { arn, tags }) => *arn == self.id && tags.iter().any(|(given, _)| given == key),
            _ => false,
        }
    }

    fn end_of(&self, life: &Life, key: &str, tag: &Tag, at: Time) -> Option<(Time, String)> {
        let goes_on = |tags: &Option<Tags>| tags.as_ref().and_then(|tags| tags.get(key)) == Some(tag);
        let later = self.states.iter().filter(|(from, _, tags)| *from > at && !goes_on(tags));
        let call = later.map(|(_, call, _)| *call).next()?;
        cited(life, call)
    }
}
