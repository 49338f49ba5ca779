//! On and on: the function invoked again and again in one process, ingest run again and again over one lake.
//!
//! A few rounds in the suite; `scripts/soak` runs thousands.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use analytics::trail::{Layout, Place as Where, log_file, noise};
use chrono::{DateTime, TimeDelta, Utc};
use end_to_end::program::Running;
use end_to_end::soak::{Held, peak, rounds};

use crate::place::{Place, number};
use crate::rule::{aws, lambda, schedule};

/// In the second half of the rounds the most that is held may be more than in the first by so much: allocators keep what
/// they were given.
const RISE_IN_THE_FUNCTION: u64 = 8 << 20;
/// A run of ingest is over in a moment, and what it holds at its peak depends on which threads meet.
const RISE_IN_INGEST: u64 = 32 << 20;

/// Connections and the threads that look up names come and go.
const MORE_IN_THE_FUNCTION: usize = 2;
/// So do the threads that wait for files, of which the runtime makes as many as are wanted at one moment.
const MORE_IN_INGEST: usize = 16;

#[test]
fn invocation_after_invocation_leaves_nothing_behind_in_the_function() {
    let invocations = rounds("SOAK_INVOCATIONS", 200);
    let aws = aws();
    for number in 0..20 {
        aws.state().home().add_job(&format!("job-{number:02}")).status("Completed");
    }
    let lambda = lambda(&aws);
    let mut all = Vec::with_capacity(invocations);
    for round in 1..=invocations {
        lambda.invoke(&schedule(&aws, "job_in_vpc", 0)).expect_answer();
        aws.forget_requests();
        let held = Held::by(lambda.pid()).expect("it runs");
        if round % 500 == 0 || round == invocations {
            eprintln!("after {round} invocations: {held}");
        }
        all.push(held);
    }
    assert_flat(&all, RISE_IN_THE_FUNCTION, MORE_IN_THE_FUNCTION);
}

/// The second half of the rounds held no more than the first, give or take so many bytes, files and threads.
fn assert_flat(all: &[Held], rise: u64, more: usize) {
    let (first, second) = all.split_at(all.len() / 2);
    let (before, after) = (peak(first), peak(second));
    assert!(after.memory_bytes <= before.memory_bytes + rise, "memory rose: {before}, then {after}");
    assert!(after.files <= before.files + more && after.threads <= before.threads + more, "{before}, then {after}");
}

/// The most that a run holds until it ends well, as far as looks at it every few milliseconds tell.
fn most_held(mut run: Running) -> Held {
    let mut all = Vec::new();
    while run.is_running() {
        all.extend(Held::by(run.pid()));
        std::thread::sleep(Duration::from_millis(3));
    }
    run.wait().expect_status(0);
    peak(&all)
}

/// Every file of a folder and the folders in it.
fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of the lake").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { BTreeSet::from([path]) }).collect()
}

#[test]
fn ingest_again_and_again_leaves_nothing_but_parts_and_accounts() {
    let runs = rounds("SOAK_INGESTS", 12);
    let (place, here) = (Place::in_folders(), Where::new("111122223333", "eu-west-1"));
    let start: DateTime<Utc> = "2026-03-01T00:00:00Z".parse().expect("a time");
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let (begun, mut held) = (Instant::now(), Vec::with_capacity(runs));
    for run in 0..runs {
        let at = start + TimeDelta::minutes(5) * i32::try_from(run / 2).expect("few rounds");
        // Every second run finds nothing new.
        if run % 2 == 0 {
            let (unique, records) = (format!("soaksoak{run:08}"), noise(&here, at, 9, 7));
            place.deliver(&[log_file(&Layout::Plain, &here, at, &unique, &records)]);
        }
        let ingest = place.ingesting(&["--events", "all"]).env("TMPDIR", temporary.path());
        held.push(most_held(ingest.spawn()));
        if (run + 1) % 500 == 0 || run + 1 == runs {
            let last = &held[held.len().saturating_sub(100)..];
            eprintln!("after {} runs in {} s, the last at most: {}", run + 1, begun.elapsed().as_secs(), peak(last));
        }
        if run % 10 == 0 {
            let rebuild = place.program().args(["rebuild", "--lake", &place.lake()]);
            rebuild.env("TMPDIR", temporary.path()).run().expect_status(0);
        }
    }
    assert_flat(&held, RISE_IN_INGEST, MORE_IN_INGEST);
    let delivered = runs.div_ceil(2);
    let all = files(&place.lake_folder());
    let below = |folder: &str| all.iter().filter(|path| path.starts_with(place.lake_folder().join(folder))).count();
    eprintln!("after {runs} runs over {delivered} log files: {} files in the lake", all.len());
    assert_eq!((below("log_files"), below("ingest_runs")), (delivered, runs));
    assert!(all.iter().all(|path| path.extension().is_some_and(|extension| extension == "parquet")), "{all:?}");
    assert_eq!(fs::read_dir(temporary.path()).expect("it is ours").count(), 0, "something is left in TMPDIR");
    let rows = place.sql("select count(*) as records, count(distinct log_file) as log_files from events");
    assert_eq!(number(&rows[0], "log_files"), i64::try_from(delivered).expect("few"));
}
