//! From `events` to `history`: what the records mean, folded in the order of time.
//!
//! The history is a function of the committed parts of the lake. Its files carry a fingerprint of them in their name,
//! so a lake that has changed is seen without opening anything, and the history may be deleted at any time.

mod element;
mod event;
mod groups;
mod jobs;
mod network;
mod who;

use std::collections::BTreeSet;

use futures::StreamExt;
use object_store::path::Path;
use schemas::job::JobKind;
use schemas::record::{BEDROCK, EC2};
use schemas::tables::HISTORY;
use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::ingest::encode;
use crate::query::Engine;
use crate::store::Lake;
use event::Event;
use groups::Groups;
use jobs::Jobs;
use network::JobNetwork;

/// Raised when the same events would give another history, so that old files are not taken for new ones.
const HISTORY_VERSION: u32 = 1;

/// The fingerprint of the history that belongs to a set of committed parts.
pub fn fingerprint(committed: &BTreeSet<String>) -> String {
    let mut hash = Sha256::new();
    hash.update(HISTORY_VERSION.to_be_bytes());
    for name in committed {
        hash.update(name);
        hash.update([0]);
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Whether the lake holds the history of its present parts.
pub async fn is_current(lake: &Lake) -> Result<bool> {
    let fingerprint = fingerprint(&lake.committed().await?);
    for table in HISTORY {
        let parts = lake.parts(&format!("history/{}", table.name)).await?;
        if !parts.iter().any(|part| part.name() == fingerprint) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Rebuilds the history if the lake has changed since it was built; tells whether it did.
pub async fn rebuild_if_changed(lake: &Lake, memory_bytes: usize) -> Result<bool> {
    let is_stale = !is_current(lake).await?;
    if is_stale {
        rebuild(lake, memory_bytes).await?;
    }
    Ok(is_stale)
}

/// Rebuilds the history, then removes the one before it.
pub async fn rebuild(lake: &Lake, memory_bytes: usize) -> Result<()> {
    let engine = Engine::open(lake, memory_bytes).await?;
    let mut fold = Fold::new();
    let mut batches = engine.stream(&input_sql(), "the input of rebuild").await?;
    while let Some(batch) = batches.next().await {
        let batch = batch.map_err(|cause| engine.failed("run", "the input of rebuild", cause))?;
        Event::of_batch(&batch).iter().for_each(|event| fold.take(event));
    }
    let fingerprint = fingerprint(engine.committed());
    for (table, mut rows) in HISTORY.iter().zip(fold.finish()) {
        let path = Path::from(format!("history/{}/{fingerprint}.parquet", table.name));
        lake.replace(&path, encode(&rows.finish())).await?;
    }
    for part in lake.parts("history").await? {
        if part.name() != fingerprint {
            lake.remove(&part.path).await?;
        }
    }
    Ok(())
}

/// The events that the folds below understand, in an order that ties cannot change: within a second, by event id.
fn input_sql() -> String {
    let names = [
        (
            BEDROCK,
            JobKind::ALL
                .iter()
                .map(|kind| kind.create_event())
                .chain(JobKind::ALL.iter().filter_map(|kind| kind.stop_event()))
                .collect::<Vec<_>>(),
        ),
        (
            EC2,
            vec![
                "CreateSecurityGroup",
                "DeleteSecurityGroup",
                "CreateVpc",
                "CreateDefaultVpc",
                "DeleteVpc",
                "CreateNetworkInterface",
                "DeleteNetworkInterface",
            ],
        ),
    ];
    let conditions: Vec<String> = names
        .iter()
        .map(|(source, names)| format!("(event_source = '{source}' and event_name in ('{}'))", names.join("', '")))
        .collect();
    format!("select {} from events where {} order by event_time, event_id", event::COLUMNS, conditions.join(" or "))
}

/// All folds over one pass of the events.
struct Fold {
    jobs: Jobs,
    network: JobNetwork,
    groups: Groups,
}

impl Fold {
    fn new() -> Self {
        Self { jobs: Jobs::new(), network: JobNetwork::new(), groups: Groups::default() }
    }

    fn take(&mut self, event: &Event) {
        if let Some(kind) = JobKind::created_by(&event.name) {
            return self.jobs.create(kind, event, &mut self.network, &mut self.groups);
        }
        if let Some(kind) = JobKind::stopped_by(&event.name) {
            return self.jobs.stop(kind, event);
        }
        match event.name.as_str() {
            "DeleteSecurityGroup" => self.groups.delete(event),
            // All others: a refused call changed nothing and tells nothing.
            _ if !event.is_accepted() => (),
            "CreateSecurityGroup" => self.groups.create(event),
            "CreateVpc" | "CreateDefaultVpc" => self.groups.create_vpc(event),
            "DeleteVpc" => self.groups.delete_vpc(event),
            "CreateNetworkInterface" => self.network.create_interface(event, &mut self.groups),
            "DeleteNetworkInterface" => self.network.delete_interface(event),
            _ => (),
        }
    }

    /// The tables in the order of [`HISTORY`].
    fn finish(self) -> [crate::table::TableBuilder; 6] {
        let [requests, states] = self.jobs.finish();
        let [network, interfaces] = self.network.finish();
        let [groups, delete_requests] = self.groups.finish();
        [requests, network, states, groups, delete_requests, interfaces]
    }
}
