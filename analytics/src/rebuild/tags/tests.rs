//! Cases of the fold of tags.
#![expect(clippy::needless_pass_by_value, clippy::large_enum_variant, reason = "cases are written where they are used")]

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use schemas::record::MASK;
use schemas::tables::RESOURCE_TAGS;
use serde_json::{Value, json};

use super::super::call::sample::{event, rows};
use super::*;

const SHOWN: [&str; 8] =
    ["resource_id", "tag_key", "tag_value", "started_at", "started_how", "seen_at", "ended_at", "ended_how"];

fn request(ids: &[&str], tags: Value) -> Value {
    let resources: Vec<Value> = ids.iter().map(|id| json!({"resourceId": id})).collect();
    json!({"resourcesSet": {"items": resources}, "tagSet": {"items": tags}})
}

fn create_tags(second: i64, ids: &[&str], tags: Value) -> Event {
    event(second, "CreateTags", request(ids, tags), json!({"_return": true}))
}

fn delete_tags(second: i64, ids: &[&str], tags: Value) -> Event {
    event(second, "DeleteTags", request(ids, tags), json!({"_return": true}))
}

fn create_vpc(second: i64, id: &str, tags: Value) -> Event {
    event(second, "CreateVpc", json!({}), json!({"vpc": {"vpcId": id, "tagSet": {"items": tags}}}))
}

fn kv(key: &str, value: &str) -> Value {
    json!({"key": key, "value": value})
}

/// Events and snapshots in their order.
enum Step {
    Event(Event),
    Snapshot(SeenTags),
}

fn snapshot(second: i64, id: &str, tags: &[(&str, &str)]) -> Step {
    let mark = Mark::of(&event(second, "snapshot", Value::Null, Value::Null));
    let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Step::Snapshot(SeenTags { scope: scope(), resource_id: id.to_owned(), tags, mark })
}

fn scope() -> Scope {
    event(0, "", Value::Null, Value::Null).scope
}

fn fold(steps: Vec<Step>) -> TableBuilder {
    let (mut tags, mut out) = (Tags::default(), TableBuilder::new(&RESOURCE_TAGS));
    for step in &steps {
        match step {
            Step::Event(event) => tags.take(event, &mut out),
            Step::Snapshot(seen) => tags.snapshot(seen, &mut out),
        }
    }
    tags.finish(|_, _, _| None, &mut out);
    out
}

fn check_steps(steps: Vec<Step>, expected: &[&str]) {
    assert_eq!(rows(&mut fold(steps), &SHOWN), expected);
}

fn check(events: Vec<Event>, expected: &[&str]) {
    check_steps(events.into_iter().map(Step::Event).collect(), expected);
}

#[test]
fn a_tag_lives_until_it_is_overwritten_or_taken_away() {
    check(
        vec![
            create_vpc(1, "vpc-1", json!([kv("k", "a")])),
            create_tags(2, &["vpc-1"], json!([kv("k", "b")])),
            create_tags(3, &["vpc-1"], json!([kv("k", "b")])),
            delete_tags(4, &["vpc-1"], json!([{"key": "k"}])),
            create_tags(5, &["vpc-1"], json!([kv("k", "c")])),
        ],
        &[
            "vpc-1 k a 1 created_with_resource 1 2 overwritten",
            "vpc-1 k b 2 tagged 2 4 untagged",
            "vpc-1 k c 5 tagged 5 - -",
        ],
    );
}

#[test]
fn a_removal_with_a_value_removes_only_that_value() {
    let tagged = || create_vpc(1, "vpc-1", json!([kv("k", "v"), kv("e", "")]));
    let case = |tag: Value, k: &str, e: &str| {
        let k = format!("vpc-1 k v 1 created_with_resource 1 {k}");
        let e = format!("vpc-1 e  1 created_with_resource 1 {e}");
        check(vec![tagged(), delete_tags(2, &["vpc-1"], json!([tag]))], &[&e, &k]);
    };
    let (stands, ended) = ("- -", "2 untagged");
    case(json!({"key": "k"}), ended, stands);
    case(json!({"key": "k", "value": null}), ended, stands);
    case(kv("k", "v"), ended, stands);
    case(kv("k", "other"), stands, stands);
    case(kv("k", ""), stands, stands);
    case(kv("e", ""), stands, ended);
    case(kv("K", "v"), stands, stands);
    case(kv("k", MASK), stands, stands);
    case(kv(MASK, "v"), stands, stands);
}

#[test]
fn a_removal_without_tags_leaves_only_those_of_aws() {
    let remove_all = |second: i64| {
        event(
            second,
            "DeleteTags",
            json!({"resourcesSet": {"items": [{"resourceId": "sg-1"}]}, "tagSet": {}}),
            Value::Null,
        )
    };
    check(
        vec![
            create_tags(1, &["sg-1"], json!([kv("k", "v"), kv("aws:cloudformation:stack-name", "s")])),
            remove_all(2),
            // Known to be absent by now.
            delete_tags(3, &["sg-1"], json!([{"key": "x"}])),
        ],
        &["sg-1 aws:cloudformation:stack-name s 1 tagged 1 - -", "sg-1 k v 1 tagged 1 2 untagged"],
    );
    let omitted = event(2, "DeleteTags", Value::Null, json!({"_return": true}));
    check(vec![create_tags(1, &["sg-1"], json!([kv("k", "v")])), omitted], &["sg-1 k v 1 tagged 1 - -"]);
}

#[test]
fn what_a_removal_shows_of_the_time_before_the_logs() {
    check(
        vec![
            delete_tags(1, &["sg-1"], json!([{"key": "any"}, kv("exact", "v")])),
            delete_tags(2, &["sg-1"], json!([{"key": "any"}, {"key": "exact"}])),
            create_tags(3, &["sg-1"], json!([kv("any", "v")])),
        ],
        &["sg-1 any - - untagged 1 1 untagged", "sg-1 any v 3 tagged 3 - -", "sg-1 exact v - untagged 1 1 untagged"],
    );
    // One that was made in the logs without the tag never had it.
    check(vec![create_vpc(1, "vpc-1", json!([])), delete_tags(2, &["vpc-1"], json!([{"key": "k"}]))], &[]);
}

#[test]
fn one_call_tags_several_resources_each_by_its_own_id() {
    let group = event(1, "CreateSecurityGroup", json!({}), json!({"groupId": "sg-1", "tagSet": {}}));
    let mut elsewhere = create_tags(3, &["sg-1"], json!([kv("k", "v")]));
    elsewhere.scope.aws_region = "us-east-1".to_owned();
    let ids = ["sg-1", "subnet-1", "vpce-1", "i-1", "vpce-svc-1", "sgr-1", "sg-", ""];
    check(
        vec![
            group,
            create_tags(2, &ids, json!([kv("k", "v"), kv("K", "V")])),
            elsewhere,
            delete_tags(4, &["subnet-1", "sg-1"], json!([{"key": "k"}])),
        ],
        &[
            "sg-1 K V 2 tagged 2 - -",
            "sg-1 k v 2 tagged 2 4 untagged",
            "sg-1 k v 3 tagged 3 - -",
            "subnet-1 K V 2 tagged 2 - -",
            "subnet-1 k v 2 tagged 2 4 untagged",
            "vpce-1 K V 2 tagged 2 - -",
            "vpce-1 k v 2 tagged 2 - -",
        ],
    );
}

#[test]
fn a_jobs_tags_begin_with_its_first_request() {
    let arn = "arn:aws:bedrock:eu-west-1:1:model-customization-job/m:1:8k/1";
    let create = |second: i64, value: &str| {
        let request = json!({"jobName": "a", "jobTags": [kv("k", value)]});
        event(second, "CreateModelCustomizationJob", request, json!({"jobArn": arn}))
    };
    let tag = event(3, "TagResource", json!({"resourceARN": arn, "tags": [kv("l", "v")]}), Value::Null);
    let untag = event(4, "UntagResource", json!({"resourceARN": arn, "tagKeys": ["k", "none"]}), Value::Null);
    let model = json!({"resourceARN": "arn:aws:bedrock:eu-west-1:1:custom-model/1", "tags": [kv("k", "v")]});
    let of_model = event(5, "TagResource", model, Value::Null);
    check(
        vec![create(1, "v"), create(2, "w"), tag, untag, of_model],
        &[&format!("{arn} k v 1 created_with_resource 1 4 untagged"), &format!("{arn} l v 3 tagged 3 - -")],
    );
}

#[test]
fn refused_calls_change_nothing() {
    let mut refused = create_tags(1, &["sg-1"], json!([kv("k", "v")]));
    refused.error_code = Some("Client.UnauthorizedOperation".to_owned());
    let mut returned = create_tags(1, &["sg-1"], json!([kv("k", "v")]));
    returned.response = Some(json!({"_return": false}));
    check(vec![refused, returned], &[]);
}

#[test]
fn a_masked_value_is_unknown_and_not_the_old_one() {
    check(
        vec![create_tags(1, &["sg-1"], json!([kv("k", "v")])), create_tags(2, &["sg-1"], json!([kv("k", MASK)]))],
        &["sg-1 k - 2 tagged 2 - -", "sg-1 k v 1 tagged 1 2 overwritten"],
    );
}

#[test]
fn a_snapshot_shows_what_no_record_tells() {
    let tagged = || Step::Event(create_tags(2, &["sg-1"], json!([kv("k", "v")])));
    check_steps(
        vec![snapshot(1, "sg-1", &[("old", "v")]), tagged(), snapshot(3, "sg-1", &[("old", "v"), ("k", "v")])],
        &["sg-1 k v 2 tagged 2 - -", "sg-1 old v - snapshot 1 - -"],
    );
    // A change between two snapshots that no record shows.
    check_steps(
        vec![tagged(), snapshot(3, "sg-1", &[("k", "w"), ("new", "v")]), snapshot(4, "sg-1", &[("later", "v")])],
        &[
            "sg-1 k v 2 tagged 2 3 gone",
            "sg-1 k w 3 snapshot 3 4 gone",
            "sg-1 later v 4 snapshot 4 - -",
            "sg-1 new v - snapshot 3 4 gone",
        ],
    );
    let columns = ["started_at", "started_who", "started_event_id", "started_log_file", "started_record_index"];
    let shown = rows(&mut fold(vec![snapshot(1, "sg-1", &[("old", "v")])]), &columns);
    assert_eq!(shown, ["- ana e1 a.json.gz 0"]);
}

#[test]
fn tags_end_with_their_resource_and_cite_what_ended_it() {
    let (mut tags, mut out) = (Tags::default(), TableBuilder::new(&RESOURCE_TAGS));
    tags.take(&create_tags(1, &["sg-1", "sg-2"], json!([kv("k", "v")])), &mut out);
    let end = Mark::of(&event(9, "DeleteSecurityGroup", Value::Null, Value::Null));
    let deleted =
        |_: &Scope, kind: &str, id: &str| (kind == "security_group" && id == "sg-1").then(|| Arc::clone(&end));
    tags.finish(deleted, &mut out);
    let columns = ["resource_id", "ended_at", "ended_how", "ended_who", "ended_event_id", "ended_record_index"];
    assert_eq!(rows(&mut out, &columns), ["sg-1 9 resource_deleted ana e9 0", "sg-2 - - - - -"]);
}

#[test]
fn a_million_changes_of_one_tag_hold_one_tag() {
    let (mut tags, mut out) = (Tags::default(), TableBuilder::new(&RESOURCE_TAGS));
    let values = [create_tags(1, &["sg-1"], json!([kv("k", "a")])), create_tags(2, &["sg-1"], json!([kv("k", "b")]))];
    for event in values.iter().cycle().take(1000) {
        tags.take(event, &mut out);
    }
    assert_eq!(out.rows(), 999);
    assert_eq!(tags.resources.values().map(|resource| resource.tags.len()).sum::<usize>(), 1);
}

/// One change of the tags of one resource.
#[derive(Debug, Clone)]
enum Op {
    Set(&'static str, &'static str),
    Remove(&'static str, Option<&'static str>),
    RemoveAll,
}

fn step() -> impl Strategy<Value = Op> {
    let key = || prop::sample::select(vec!["a", "A", "aws:b"]);
    let value = || prop::sample::select(vec!["", "v", "w"]);
    prop_oneof![
        (key(), value()).prop_map(|(key, value)| Op::Set(key, value)),
        (key(), prop::option::of(value())).prop_map(|(key, value)| Op::Remove(key, value)),
        Just(Op::RemoveAll),
    ]
}

fn replay(model: &mut BTreeMap<String, String>, step: &Op) {
    match *step {
        Op::Set(key, value) => drop(model.insert(key.to_owned(), value.to_owned())),
        Op::Remove(key, value) => model.retain(|k, v| k != key || value.is_some_and(|value| v != value)),
        Op::RemoveAll => model.retain(|key, _| key.starts_with("aws:")),
    }
}

fn event_of(second: i64, step: &Op) -> Event {
    match *step {
        Op::Set(key, value) => create_tags(second, &["vpc-1"], json!([kv(key, value)])),
        Op::Remove(key, Some(value)) => delete_tags(second, &["vpc-1"], json!([kv(key, value)])),
        Op::Remove(key, None) => delete_tags(second, &["vpc-1"], json!([{"key": key}])),
        Op::RemoveAll => delete_tags(second, &["vpc-1"], json!([])),
    }
}

proptest! {
    /// At every second, the rows in force are the tags that a plain replay holds; and no tag has two values at once.
    #[test]
    fn the_rows_in_force_are_what_a_replay_holds(steps in prop::collection::vec(step(), 0..12)) {
        let events = (2..).zip(&steps).map(|(second, step)| Step::Event(event_of(second, step)));
        let created = Step::Event(create_vpc(1, "vpc-1", json!([])));
        let mut out = fold(std::iter::once(created).chain(events).collect());
        let rows = rows(&mut out, &["started_at", "ended_at", "tag_key", "tag_value"]);
        let mut model = BTreeMap::new();
        for (second, step) in (2..).zip(&steps) {
            replay(&mut model, step);
            let expected: Vec<String> = model.iter().map(|(key, value)| format!("{key} {value}")).collect();
            let mut found: Vec<String> = rows.iter().filter_map(|row| in_force(row, second)).collect();
            found.sort();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn no_json_panics(
        name in prop::sample::select(vec![
            "CreateVpc", "CreateSubnet", "CreateSecurityGroup", "CreateVpcEndpoint", "CreateTags", "DeleteTags",
            "TagResource", "UntagResource", "CreateModelCustomizationJob",
        ]),
        request in super::super::call::sample::json(),
        response in super::super::call::sample::json(),
    ) {
        fold(vec![Step::Event(event(1, name, request, response))]);
    }
}

fn in_force(row: &str, second: u32) -> Option<String> {
    let mut parts = row.splitn(3, ' ');
    let started: u32 = parts.next()?.parse().ok()?;
    let ended = parts.next()?.parse().unwrap_or(u32::MAX);
    (started <= second && second < ended).then(|| parts.next().map(str::to_owned))?
}
