//! From `events` to `history`: what the records mean, folded in the order of time.
//!
//! The history is a function of the committed parts of the lake. Its files carry a fingerprint of them in their name,
//! so a lake that has changed is seen without opening anything, and the history may be deleted at any time.

mod call;
mod coverage;
mod element;
mod event;
mod fold;
mod groups;
mod jobs;
mod mark;
mod network;
mod rules;
mod seen;
mod spools;
mod tags;
mod topology;
mod who;

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use arrow::array::AsArray;
use futures::StreamExt;
use object_store::path::Path;
use schemas::record::{AUDIT_EVENTS, BEDROCK, EC2};
use schemas::tables::{HISTORY, REBUILDS, SCHEMA_VERSION};
use serde_json::Value;

use crate::error::Result;
use crate::query::Engine;
use crate::sha256::{Sha256, hex};
use crate::store::{Compactions, Lake, form};
use crate::table::TableBuilder;
use event::Event;
use fold::Fold;
use rules::{ORDER_WITHIN_A_SECOND, RANK_OF_OTHERS};
use seen::Sightings;
use spools::Spools;

/// Raised when the same events would give another history, so that old files are not taken for new ones.
const HISTORY_VERSION: u32 = 6;

/// The fingerprint of the history that belongs to a set of committed parts.
pub fn fingerprint(committed: &BTreeSet<String>) -> String {
    let version = Sha256::new().then(HISTORY_VERSION.to_be_bytes()).then(SCHEMA_VERSION.to_be_bytes());
    hex(&committed.iter().fold(version, |hash, name| hash.then(name).then([0])).half())
}

/// A history that is not the newest is kept this long, for the queries that are still reading it.
const OUTLIVED_FOR: Duration = Duration::from_hours(1);

/// Rebuilds the history if the lake has changed since it was built. Gives the parts that it now belongs to, and whether
/// it was rebuilt.
pub async fn rebuild_if_changed(lake: &Lake, memory_bytes: usize) -> Result<(BTreeSet<String>, bool)> {
    let committed = lake.committed().await?;
    let is_stale = !is_built(lake, &fingerprint(&committed)).await?;
    if is_stale {
        rebuild(lake, &committed, memory_bytes).await?;
    }
    Ok((committed, is_stale))
}

/// Whether the lake holds every table of a history.
pub async fn is_built(lake: &Lake, fingerprint: &str) -> Result<bool> {
    for table in HISTORY {
        let parts = lake.parts(&format!("history/{}", table.name)).await?;
        if !parts.iter().any(|part| part.name() == fingerprint) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Rebuilds the history of some committed parts, then removes those that nobody can still be reading.
pub async fn rebuild(lake: &Lake, committed: &BTreeSet<String>, memory_bytes: usize) -> Result<()> {
    // Whoever finds a history of this fingerprint need not look again: it names the forms that were read.
    form::check_lake(lake).await?;
    let engine = Engine::open_events(lake, committed, memory_bytes).await?;
    let corrected = corrected(&engine).await?;
    let (mut fold, mut spools) = (Fold::default(), Spools::default());
    let mut sightings = Sightings::open(&engine).await?;
    let mut batches = engine.stream(&input_sql(), INPUT).await?;
    while let Some(batch) = batches.next().await {
        let batch = batch.map_err(|cause| engine.failed("run", INPUT, cause))?;
        let events = Event::of_batch(&batch).into_iter();
        for event in events.filter(|event| !corrected.contains(&event.citation.event_id)) {
            while let Some(seen) = sightings.next_until(&engine, event.at).await? {
                fold.see(seen);
            }
            fold.take(&event);
        }
        fold.relieve(&mut spools);
    }
    while let Some(seen) = sightings.next(&engine).await? {
        fold.see(seen);
    }
    fold.finish(seen::read_jobs(&engine).await?, &mut spools);
    spools.add(coverage::table(&engine).await?);
    spools.add(own_row(committed, &lake.compactions().await?));
    let fingerprint = fingerprint(committed);
    let mut files = spools.finish();
    for table in HISTORY {
        let path = Path::from(format!("history/{}/{fingerprint}.parquet", table.name));
        let bytes = files.remove(table.name).expect("every table of the history has a spool");
        lake.publish(&path, bytes).await?;
    }
    remove_outlived(lake, &fingerprint).await
}

/// What the history says of itself, for engines that cannot compute a fingerprint. They take that of the most parts for the
/// newest: so a merged part counts as those that it stands for.
fn own_row(committed: &BTreeSet<String>, compactions: &Compactions) -> TableBuilder {
    let mut rows = TableBuilder::new(&REBUILDS);
    let row = rows.row().text("fingerprint", fingerprint(committed)).int("parts", compactions.ingested(committed));
    row.int("history_version", HISTORY_VERSION).end();
    rows
}

async fn remove_outlived(lake: &Lake, newest: &str) -> Result<()> {
    for table in HISTORY {
        for part in lake.parts(&format!("history/{}", table.name)).await? {
            if part.is_ours() && part.name() != newest && part.is_older_than(OUTLIVED_FOR) {
                lake.remove(&part.path).await?;
            }
        }
    }
    Ok(())
}

/// The name of the rebuild's own queries in messages.
const INPUT: &str = "the input of rebuild";

/// So many ids stand in one query.
const IDS_EACH: usize = 500;

/// The events that a later record corrects: its `addendum` names them, and it stands in their place.
///
/// Source: CloudTrail user guide, "CloudTrail record contents", `addendum`.
async fn corrected(engine: &Engine) -> Result<HashSet<String>> {
    let original = |addendum: &str| {
        let addendum: Value = serde_json::from_str(addendum).ok()?;
        let corrects = addendum.get("reason")? == "UPDATED_DATA";
        addendum.get("originalEventID").filter(|_| corrects)?.as_str().map(str::to_owned)
    };
    // The view puts all events in order that a query leaves it, so few are asked for, by what reaches the files below it.
    let ids = "select distinct event_id as text from event_copies where addendum is not null";
    let mut corrected = HashSet::new();
    for some in texts(engine, ids).await?.chunks(IDS_EACH) {
        let ids = quoted(some.iter().map(String::as_str));
        let addenda = format!("select addendum as text from events where addendum is not null and event_id in ({ids})");
        corrected.extend(texts(engine, &addenda).await?.iter().filter_map(|addendum| original(addendum)));
    }
    Ok(corrected)
}

/// What a query gives in its column `text`, which is never null.
async fn texts(engine: &Engine, sql: &str) -> Result<Vec<String>> {
    let answer = engine.answer(sql, INPUT, None).await?;
    let columns = answer.batches.iter().flat_map(|batch| batch["text"].as_string::<i32>().iter());
    Ok(columns.flatten().map(str::to_owned).collect())
}

/// The events of Bedrock and EC2 that the audit keeps, in an order that ties cannot change: within a second, what makes
/// comes before what changes, and that before what ends; then by event id.
///
/// What several accounts are told of one action shares a `sharedEventID`; the caller's own account's copy stands for all.
fn input_sql() -> String {
    let of_source = |(source, names): &(&str, &[&str])| {
        format!("(event_source = '{source}' and event_name in ({}))", quoted(names.iter().copied()))
    };
    let wanted: Vec<String> =
        AUDIT_EVENTS.iter().filter(|(source, _)| [BEDROCK, EC2].contains(source)).map(of_source).collect();
    let columns = event::COLUMNS;
    format!(
        "select {columns} from (select {columns}, row_number() over (\
             partition by coalesce(shared_event_id, event_id), event_name \
             order by case when recipient_account_id = user_identity_account_id then 0 else 1 end, event_id\
         ) as account_copy from events where {}) as copies \
         where account_copy = 1 order by event_time, {}, event_id",
        wanted.join(" or "),
        rank_within_a_second(),
    )
}

fn rank_within_a_second() -> String {
    let whens = ORDER_WITHIN_A_SECOND.iter().map(|(name, rank)| format!("when '{name}' then {rank}"));
    format!("case event_name {} else {RANK_OF_OTHERS} end", whens.collect::<Vec<_>>().join(" "))
}

fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("'{}'", name.replace('\'', "''"))).collect::<Vec<_>>().join(", ")
}
