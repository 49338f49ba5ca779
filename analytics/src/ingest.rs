//! From log files to the lake: list, without what the ledger holds, then read, decode, choose, project, publish.
//!
//! The unit of work is a *part*: some log files that one worker reads from beginning to end. Its rows are published
//! first and its ledger rows last, and the ledger is what readers go by; so a run that is killed at any point leaves
//! nothing half visible, and the next run reads those files again. Which files make a part depends on the files
//! alone, and rows are put in order within it, so the number of workers never changes the rows.

mod account;
mod damage;
pub(crate) mod decode;
mod digests;
mod evidence;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod identity;
pub mod keep;
mod ledger;
mod masks;
mod members;
pub mod object_key;
mod parquet;
mod part;
mod plan;
mod queue;
mod record;
mod rows;
pub mod selection;
pub mod shard;
mod split;
mod stored;
mod summary;
mod upload;

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::store::{Choice, Lake, Listed, Listing, Source};
use crate::verification::Keys;
use keep::Keep;
use ledger::Known;
use part::PartWriter;
use queue::{BegunPart, PlannedPart, Queue};
use selection::Selection;
use shard::Shard;
use upload::Uploads;

pub(crate) use self::parquet::{EVENT_ORDER, Spool, encode};
pub(crate) use self::part::fresh_name;
pub use ledger::{Removed, remove_orphans};
pub use summary::{Notice, Notices, Summary};

/// The memory that one worker needs: its window, the rows that it collects, their sorted copy, the file that they
/// become, and the objects fetched ahead.
pub const WORKER_MEMORY: usize = 128 << 20;

/// What an ingest run is asked to do, checked.
#[derive(Debug)]
pub struct IngestPlan {
    /// Which log files.
    pub selection: Selection,
    /// Which share of them.
    pub shard: Shard,
    /// Which records.
    pub keep: Keep,
    /// Threads that decode.
    pub workers: usize,
    /// Memory for all of them together, in bytes.
    pub memory_bytes: usize,
    /// Parts without a ledger row are taken for a dead run's leavings at this age.
    pub orphan_age: Duration,
}

impl IngestPlan {
    /// Workers that the memory has room for; at least one.
    pub fn workers_in_memory(&self) -> usize {
        self.workers.min(self.memory_bytes / WORKER_MEMORY).max(1)
    }
}

/// Ingests sources into a lake. `keys`: to check digest files with, and now, up to when; without them digest files are
/// passed over.
pub async fn ingest(
    sources: Vec<Source>,
    lake: &Lake,
    plan: &IngestPlan,
    (keys, now): (Option<&Keys<'_>>, DateTime<Utc>),
    progress: &Progress,
) -> Result<Summary> {
    // Before anything is removed: nothing is done in the lake of a newer program.
    let known = Known::load(lake, plan.keep).await?;
    let places = sources.iter().map(Source::location).collect();
    let asked = account::Run { sources: places, keep: plan.keep, started_at: now };
    let may_overlap = sources.len() > 1;
    let (removed, listings) =
        tokio::try_join!(remove_orphans(lake, plan.orphan_age), list(sources, plan, &known, progress))?;
    drop(known);
    let mut summary = Summary { orphans_removed: removed.orphans, ..Summary::default() };
    let digests = match keys {
        Some(keys) => Some(digests::Digests::load(lake, keys, now).await?),
        None => None,
    };
    let (mut work, mut listed) = (Vec::new(), HashSet::new());
    // Where no digest file vouches for anything, a hash would be compared with nothing.
    let mut hashes_all = false;
    for (source, mut listing) in listings {
        // Whichever shard checks them.
        hashes_all |= digests.is_some() && listing.has_digests;
        summary.count_listing(&listing, digests.is_some());
        for (name, reason) in std::mem::take(&mut listing.to_name) {
            let advice = "put the file itself there, under a plain name, to have it read";
            let text = format!("{name} was passed over, as are all {reason}; {advice}");
            summary.notices.add(Notice { log_file: name, record_index: None, text });
        }
        if let Some(digests) = &digests {
            let checked = digests.check(&source, std::mem::take(&mut listing.digests), &plan.selection).await;
            summary.count_digests(&checked.counts);
            let notice = |text| Notice { log_file: String::new(), record_index: None, text };
            checked.without_keys.into_iter().map(notice).for_each(|notice| summary.notices.add(notice));
            part::publish_digests(lake, checked.digests, checked.log_files).await?;
        }
        let source = Arc::new(source);
        let evidence = evidence::ingest_evidence(lake, &source, std::mem::take(&mut listing.evidence)).await?;
        summary.count_evidence(evidence);
        if may_overlap {
            let before = listing.log_files.len();
            listing.log_files.retain(|file| listed.insert(file.log_file.clone()));
            summary.listed_twice += (before - listing.log_files.len()) as u64;
        }
        let parts = plan::parts(listing.log_files, plan.keep).into_iter();
        work.extend(parts.map(|files| PlannedPart { source: source.clone(), files }));
    }
    if !work.is_empty() {
        let uploads = Uploads::new(lake.clone(), plan.workers_in_memory());
        let writer = PartWriter::new(uploads, plan.keep, hashes_all);
        run(work, &writer, plan, progress, &mut summary)?;
    }
    account::store(&asked, &summary, lake).await?;
    summary.check()?;
    Ok(summary)
}

/// Lists what this run has to read of each source.
async fn list(
    sources: Vec<Source>,
    plan: &IngestPlan,
    known: &Known,
    progress: &Progress,
) -> Result<Vec<(Source, Listing)>> {
    let leaves_out = |file: &Listed| plan.shard.leaves_out(file).or_else(|| known.leaves_out(file));
    let choice = Choice { selection: &plan.selection, leaves_out: &leaves_out };
    let mut listings = Vec::with_capacity(sources.len());
    for source in sources {
        let spinner = progress.listing();
        let listing = source.list(choice, &|objects| spinner.set(objects)).await;
        spinner.finish();
        listings.push((source, listing?));
    }
    Ok(listings)
}

/// Works through the parts on threads of their own, and takes each part's account when it is committed.
fn run(
    work: Vec<PlannedPart>,
    writer: &PartWriter,
    plan: &IngestPlan,
    progress: &Progress,
    summary: &mut Summary,
) -> Result<()> {
    let bar = progress
        .reading(work.iter().map(|part| part.files.len() as u64).sum(), work.iter().map(PlannedPart::bytes).sum());
    let workers = plan.workers_in_memory();
    let threads = rayon::ThreadPoolBuilder::new()
        .num_threads(workers)
        .thread_name(|n| format!("decode-{n}"))
        .build()
        .map_err(|cause| Error::Output { what: "a pool of workers".to_owned(), source: cause.into() })?;
    let queue = Mutex::new(Queue::new(work, workers));
    let next = || queue.lock().expect("no worker panics while it takes a part").next();
    let done = &|listed: &Listed| bar.file_done(listed.bytes);
    let accounts = tokio::task::block_in_place(|| threads.broadcast(|_| work_off(next, writer, done)));
    bar.finish();
    accounts.into_iter().try_for_each(|account| {
        summary.merge(account?);
        Ok(())
    })
}

/// Works through parts until there is none, or the run has failed: the account of those that are committed.
fn work_off(next: impl Fn() -> Option<BegunPart>, writer: &PartWriter, done: &dyn Fn(&Listed)) -> Result<Summary> {
    let (mut total, mut under_way) = (Summary::default(), VecDeque::new());
    while !writer.uploads().has_failed()
        && let Some(part) = next()
    {
        under_way.push_back(writer.write(part, &mut |listed| done(listed)));
        while let Some((commit, account)) = under_way.pop_front_if(|(commit, _)| commit.is_finished()) {
            writer.uploads().wait(commit)?;
            total.merge(account);
        }
    }
    for (commit, account) in under_way {
        writer.uploads().wait(commit)?;
        total.merge(account);
    }
    Ok(total)
}
