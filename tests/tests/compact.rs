//! Many small parts into few: the same answers before, during and after, whatever is killed and whatever runs beside it.

use std::path::Path;
use std::time::{Duration, Instant};

use analytics::trail::Place as Where;
use analytics::trail::log_file::{Layout, LogFile, log_file};
use analytics::trail::noise::noise;
use analytics::trail::story::story;
use end_to_end::program::{Outcome, Program};
use end_to_end::s3_server::Faults;

use crate::place::{Place, Row, number};

/// Records in each log file below.
const RECORDS: usize = 20;

fn here() -> Where {
    Where::new("111122223333", "eu-west-1")
}

/// A log file of a day: the `n`th of all.
fn file_of(day: u32, n: u32) -> LogFile {
    let start: chrono::DateTime<chrono::Utc> = "2026-03-01T12:00:00Z".parse().expect("a time");
    let at = start + chrono::TimeDelta::days(i64::from(day));
    log_file(&Layout::Plain, &here(), at, &format!("compact{n:09}"), &noise(&here(), at, RECORDS, u64::from(n)))
}

/// A run of ingest that brings one log file, from a trail of its own: a part in the lake.
fn ingest_one(place: &Place, file: &LogFile) {
    let trail = Place::in_folders();
    trail.deliver(std::slice::from_ref(file));
    let args = ["ingest", &trail.source(), "--lake", &place.lake(), "--events", "all"];
    place.program().args(args).run().expect_status(0);
}

fn compacting(place: &Place, more: &[&str]) -> Program {
    place.program().args(["compact", "--lake", &place.lake()]).args(more.iter().copied())
}

fn compact(place: &Place, more: &[&str]) -> Outcome {
    compacting(place, more).run().expect_status(0)
}

/// What the account says of parts, files or bytes, before and after.
fn told(account: &Outcome, what: &str) -> (u64, u64) {
    let line = account.stdout.lines().find(|line| line.ends_with(&format!("  {what}")));
    let line = line.unwrap_or_else(|| panic!("no line of {what}: {}", account.stdout));
    let numbers: Vec<u64> =
        line.split_whitespace().take(2).map(|number| number.replace(',', "").parse().expect("a number")).collect();
    (numbers[0], numbers[1])
}

/// The files of parts that are there, whether or not they count.
fn files_there(place: &Place) -> usize {
    fn below(folder: &Path) -> usize {
        let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        entries.map(|path| if path.is_dir() { below(&path) } else { usize::from(is_parquet(&path)) }).sum()
    }
    fn is_parquet(path: &Path) -> bool {
        path.extension().is_some_and(|extension| extension == "parquet")
    }
    let others = ["history", "ingest_runs", "compactions"];
    let folders = std::fs::read_dir(place.lake_folder()).expect("a lake").map(|entry| entry.expect("an entry").path());
    folders
        .filter(|path| path.is_dir() && !others.iter().any(|other| path.ends_with(other)))
        .map(|path| below(&path))
        .sum()
}

/// One state of a lake of log files like those above: all there, nothing twice. Gives their number.
fn is_whole(place: &Place) -> i64 {
    let rows = place.sql(
        "select (select count(*) from event_copies) as events, (select count(distinct event_id) from events) as ids, \
         (select sum(records_kept) from log_files) as kept, (select count(*) from log_files) as files, \
         (select count(distinct log_file) from log_files) as names, \
         (select count(*) from log_files where part is null or part = '') as nowhere",
    );
    let of = |column| number(&rows[0], column);
    assert_eq!((of("events"), of("ids"), of("names"), of("nowhere")), (of("kept"), of("kept"), of("files"), 0));
    assert_eq!(of("events"), of("files") * i64::try_from(RECORDS).expect("a few"));
    of("files")
}

/// What the lake answers, in many ways.
fn answers(place: &Place) -> Vec<(String, Vec<Row>)> {
    let mut answers = vec![("events".to_owned(), place.events())];
    for sql in [
        "select log_file, etag, object_bytes, account_id, aws_region, delivered_at, events, records, records_kept, \
         records_filtered, records_duplicate, records_set_aside, first_event_time, last_event_time, first_record_time, \
         json_bytes, sha256, set_aside_reason from log_files order by log_file, etag, events, records_kept",
        "select * from event_copies order by event_id, log_file, record_index",
        "select * from set_aside order by log_file, record_index",
        "select * from evidence_files order by evidence_file",
        "select * from log_file_attestations order by log_file",
        "select * from coverage order by 1, 2, 3, 4, 5",
        "select * from security_groups order by group_id",
        "select * from job_requests order by event_id",
        "select * from security_group_rules order by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12",
    ] {
        answers.push((sql.to_owned(), place.sql(sql)));
    }
    for question in ["log_coverage", "lake_totals", "set_aside", "security_group_deletions", "detections"] {
        answers.push((question.to_owned(), place.query(question, &[])));
    }
    let (status, verdicts) = place.last_verdicts();
    answers.push((format!("audit, which ends with {status}"), verdicts));
    answers
}

fn assert_same(before: &[(String, Vec<Row>)], after: &[(String, Vec<Row>)]) {
    for ((question, expected), (same, found)) in before.iter().zip(after) {
        assert_eq!((question, expected), (same, found), "{question}");
    }
}

fn answers_the_same(place: &Place) {
    let files = story().files;
    for some in files.chunks(8) {
        place.deliver(some);
        let ingest = place.ingest(&["--skip-digests"]);
        assert!([0, 2].contains(&ingest.status), "{}", ingest.stderr);
    }
    let before = answers(place);
    let dry = compact(place, &["--dry-run"]);
    assert!(dry.stdout.contains("would merge"), "{}", dry.stdout);
    assert_eq!(told(&dry, "files").0, files_there(place) as u64);
    let first = compact(place, &[]);
    assert_eq!(told(&first, "files"), told(&dry, "files"), "the dry run said so");
    assert_eq!(told(&first, "parts").1, 1, "{}", first.stdout);
    assert_same(&before, &answers(place));
    // The files that it replaced are there until they are old.
    assert!(files_there(place) as u64 > told(&first, "files").1);
    let second = compact(place, &[]);
    assert!(second.stdout.contains("merged 0 parts into 0"), "{}", second.stdout);
    assert_eq!(told(&second, "files"), (told(&first, "files").1, told(&first, "files").1));
    let third = compact(place, &["--orphan-age", "0s"]);
    assert!(third.stdout.contains("files that were replaced before"), "{}", third.stdout);
    assert_eq!(files_there(place) as u64, told(&third, "files").1);
    assert_same(&before, &answers(place));
    // Log files that stand in a merged part are in the lake already.
    let again = place.ingest(&["--skip-digests"]);
    assert!(again.stdout.contains("             0  log files read\n"), "{}", again.stdout);
}

#[test]
fn a_folder_lake_answers_the_same() {
    answers_the_same(&Place::in_folders());
}

#[test]
fn an_s3_lake_answers_the_same() {
    answers_the_same(&Place::in_s3(Faults::default()));
}

#[test]
fn three_hundred_ingests_become_a_file_a_day_and_one_ledger() {
    let (days, ingests) = (15, 300);
    let place = Place::in_folders();
    for n in 0..ingests {
        ingest_one(&place, &file_of(n % days, n));
    }
    let account = compact(&place, &[]);
    assert_eq!(told(&account, "parts"), (u64::from(ingests), 1));
    assert_eq!(told(&account, "files"), (2 * u64::from(ingests), u64::from(days) + 1));
    let (before, after) = told(&account, "bytes");
    assert!(after < before / 2, "columns compress better together: {before} {after}");
    assert_eq!(is_whole(&place), i64::from(ingests));
    // One more ingest of a day: a fresh part, which the next run merges with the rest.
    ingest_one(&place, &file_of(3, ingests));
    let more = compact(&place, &["--orphan-age", "0s"]);
    assert_eq!((told(&more, "parts"), told(&more, "files").1), ((2, 1), u64::from(days) + 1));
    assert_eq!(is_whole(&place), i64::from(ingests) + 1);
}

#[test]
fn large_and_young_parts_are_left_alone() {
    let place = Place::in_folders();
    for n in 0..4 {
        ingest_one(&place, &file_of(n, n));
    }
    for options in [["--older-than", "1h"], ["--target-bytes", "1kB"]] {
        let account = compact(&place, &options);
        assert!(account.stdout.contains("merged 0 parts into 0"), "{options:?}: {}", account.stdout);
    }
    let missing = place.program().args(["compact", "--lake", "/no/such/lake"]).run().expect_status(3);
    assert!(missing.stderr.contains("failed to open /no/such/lake"), "{}", missing.stderr);
    let misused = compacting(&place, &["--target-bytes", "lots"]).run().expect_status(64);
    assert!(misused.stderr.contains("--target-bytes \"lots\": expected a size"), "{}", misused.stderr);
}

/// Every round brings a part, and kills a compaction at some point.
fn survives(place: &Place, rounds: u32) {
    for n in 0..4 {
        ingest_one(place, &file_of(n, n));
    }
    let started = Instant::now();
    compact(place, &[]);
    let longest = u64::try_from(started.elapsed().as_millis()).expect("a short time") + 100;
    let seed = std::process::id();
    eprintln!("kill points are drawn from seed {seed}");
    let (mut state, mut kills) = (u64::from(seed), 0);
    for n in 4..4 + rounds {
        ingest_one(place, &file_of(n % 5, n));
        // A linear congruential generator is random enough to spread kills over a run.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut run = compacting(place, &["--orphan-age", "0s"]).spawn();
        std::thread::sleep(Duration::from_millis((state >> 33) % longest));
        kills += u32::from(run.is_running());
        run.kill();
        assert_eq!(is_whole(place), i64::from(n) + 1, "after round {n}");
    }
    assert!(kills > 0, "at least one run was killed before its end");
    compact(place, &["--orphan-age", "0s"]);
    let last = compact(place, &["--orphan-age", "0s"]);
    assert_eq!(files_there(place) as u64, told(&last, "files").1, "what dead runs left is gone");
    assert_eq!(is_whole(place), i64::from(4 + rounds));
}

#[test]
fn a_folder_lake_survives_kills() {
    survives(&Place::in_folders(), 16);
}

#[test]
fn an_s3_lake_survives_kills() {
    survives(&Place::in_s3(Faults::default()), 8);
}

fn works_beside_others(place: &Place) {
    for n in 0..4 {
        ingest_one(place, &file_of(n, n));
    }
    std::thread::scope(|scope| {
        let ingests = scope.spawn(|| (4..20).for_each(|n| ingest_one(place, &file_of(n % 5, n))));
        let compactions = scope.spawn(|| (0..12).for_each(|_| drop(compact(place, &[]))));
        let mut seen = 4;
        while !(ingests.is_finished() && compactions.is_finished()) {
            let now = is_whole(place);
            assert!(now >= seen, "{now} log files after {seen}");
            seen = now;
        }
    });
    assert_eq!(is_whole(place), 20);
}

#[test]
fn queries_of_a_folder_lake_see_one_state_beside_ingests_and_compactions() {
    works_beside_others(&Place::in_folders());
}

#[test]
fn queries_of_an_s3_lake_see_one_state_beside_ingests_and_compactions() {
    works_beside_others(&Place::in_s3(Faults::default()));
}

fn one_wins(place: &Place) {
    for n in 0..6 {
        ingest_one(place, &file_of(n % 2, n));
    }
    let at_once: Vec<_> = (0..4).map(|_| compacting(place, &[]).spawn()).collect();
    let accounts: Vec<Outcome> = at_once.into_iter().map(|run| run.wait().expect_status(0)).collect();
    let won = accounts.iter().filter(|account| account.stdout.contains("merged 6 parts into 1")).count();
    let told_all: Vec<&str> = accounts.iter().map(|account| account.stdout.as_str()).collect();
    assert_eq!(won, 1, "{told_all:?}");
    assert_eq!(is_whole(place), 6);
    compact(place, &["--orphan-age", "0s"]);
    let last = compact(place, &["--orphan-age", "0s"]);
    assert_eq!((told(&last, "parts").1, told(&last, "files").1), (1, 3));
    assert_eq!(files_there(place), 3, "what the others wrote is gone");
    assert_eq!(is_whole(place), 6);
}

#[test]
fn of_compactions_of_a_folder_lake_at_once_one_wins() {
    one_wins(&Place::in_folders());
}

#[test]
fn of_compactions_of_an_s3_lake_at_once_one_wins() {
    one_wins(&Place::in_s3(Faults::default()));
}

/// Every step of readers, compactions and clearings, in orders drawn by chance, with kills and sleepers: a model, since nobody
/// can stop the program between any two requests.
#[test]
fn the_steps_of_a_commit_hold_in_any_order() {
    if let Some(told) = crate::model::model("compact_protocol.py", &["1500"]) {
        assert!(told.contains("none saw anything else"), "{told}");
    }
}
