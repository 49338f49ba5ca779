//! Faults of store, network, clock, disk and machine: no row is lost or doubled, no part is half visible, and the message
//! says what to do.

use std::ops::Range;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use analytics::trail::Place as Where;
use analytics::trail::log_file::{Layout, LogFile, log_file};
use analytics::trail::noise::noise;
use end_to_end::aws_server::Fault;
use end_to_end::dice::Dice;
use end_to_end::program::{Outcome, Program};
use end_to_end::s3_server::{Faults, Mischief};

use crate::place::{Place, Row, number, program};

const FILES: u32 = 30;
const RECORDS: usize = 20;
const ALL: [&str; 2] = ["--events", "all"];
const AFTER_A_FAULT: [&str; 4] = ["--events", "all", "--orphan-age", "0s"];
const ALWAYS: Range<u32> = 0..u32::MAX;

fn files() -> Vec<LogFile> {
    let here = Where::new("111122223333", "eu-west-1");
    let start: chrono::DateTime<chrono::Utc> = "2026-03-01T00:00:00Z".parse().expect("a time");
    (0..FILES)
        .map(|n| {
            let at = start + chrono::TimeDelta::minutes(i64::from(n) * 97);
            log_file(&Layout::Plain, &here, at, &format!("faultfau{n:08}"), &noise(&here, at, RECORDS, u64::from(n)))
        })
        .collect()
}

pub fn delivered(place: Place) -> Place {
    place.deliver(&files());
    place
}

/// Every event, as the view has it: once.
pub fn events(place: &Place) -> Vec<Row> {
    place.sql(
        "select event_id, event_time, event_source, request_parameters, record_index from events order by event_id",
    )
}

pub fn expected() -> &'static [Row] {
    static EXPECTED: OnceLock<Vec<Row>> = OnceLock::new();
    EXPECTED.get_or_init(|| {
        let clean = delivered(Place::in_folders());
        clean.ingest(&ALL).expect_status(0);
        events(&clean)
    })
}

/// Whatever was committed is whole: as many rows as the ledger says. An empty lake is whole, too.
pub fn assert_whole(place: &Place, fault: &str) {
    let counts = "select (select count(*) from event_copies) as held, \
                  (select coalesce(sum(records_kept), 0) from log_files) as kept";
    let query = place.program().args(["query", "--sql", counts, "--lake", &place.lake(), "--output", "ndjson"]).run();
    if query.status == 2 && query.stderr.contains("holds no log files") {
        return;
    }
    let rows = query.expect_status(0).rows();
    assert_eq!(number(&rows[0], "held"), number(&rows[0], "kept"), "{fault}");
}

/// The next run has all that is missing, and nothing twice.
pub fn assert_completed(place: &Place, fault: &str) {
    assert_whole(place, fault);
    let next = place.ingest(&AFTER_A_FAULT);
    assert_eq!(next.status, 0, "{fault}: {}\n{}", next.stdout, next.stderr);
    assert_whole(place, fault);
    assert_eq!(events(place), expected(), "{fault}");
    let files = place.sql("select count(distinct log_file) as files from log_files where set_aside_reason is null");
    assert_eq!(number(&files[0], "files"), i64::from(FILES), "{fault}");
}

fn assert_says(outcome: &Outcome, status: i32, words: &str, fault: &str) {
    assert_eq!(outcome.status, status, "{fault}: {}\n{}", outcome.stdout, outcome.stderr);
    assert!(outcome.stderr.contains(words), "{fault} says nothing of {words:?}: {}", outcome.stderr);
}

/// One attempt of the SDK where the fault is to be met, several where it is to be outlived.
fn under(mischief: Mischief, requests: Range<u32>, attempts: &str, status: i32, words: &str) {
    let place = delivered(Place::in_s3(Faults::default()));
    place.server().misbehave(mischief, requests.clone());
    let outcome = place.ingesting(&ALL).env("AWS_MAX_ATTEMPTS", attempts).run();
    place.server().behave();
    let fault = format!("{mischief:?} {requests:?}");
    assert_says(&outcome, status, words, &fault);
    assert_completed(&place, &fault);
}

#[test]
fn bursts_of_refusals_resets_and_slow_answers_are_outlived() {
    under(Mischief::SlowDown, 3..7, "5", 0, "");
    under(Mischief::InternalError, 3..6, "5", 0, "");
    under(Mischief::Reset, 3..6, "5", 0, "");
    under(Mischief::LostAnswer, 0..2, "5", 0, "");
    under(Mischief::Drip, ALWAYS, "5", 0, "");
}

#[test]
fn a_body_that_breaks_off_is_fetched_again_then_named_and_never_taken_for_the_whole() {
    under(Mischief::ShortBody, 0..2, "5", 0, "");
    under(Mischief::ShortBody, ALWAYS, "1", 2, "the next run tries it again");
}

#[test]
fn an_object_that_is_another_than_the_one_listed_is_not_taken_for_it() {
    under(Mischief::WrongETag, 0..3, "5", 2, "it changed since; run again");
    under(Mischief::ChangedObject, 0..3, "5", 2, "the object changed since it was listed; run again");
}

#[test]
fn credentials_that_expire_midway_end_the_run_with_what_to_do() {
    under(Mischief::ExpiredToken, ALWAYS, "2", 3, "the credentials have expired");
    under(Mischief::ExpiredToken, 30..u32::MAX, "2", 3, "the credentials have expired");
}

#[test]
fn a_clock_that_is_wrong_is_named() {
    under(Mischief::ClockSkew, ALWAYS, "2", 3, "the clock of this machine is wrong");
    let place = Place::in_s3(Faults::default());
    place.server().misbehave(Mischief::ClockSkew, ALWAYS);
    let lake = tempfile::tempdir().expect("a temporary folder");
    let lake = lake.path().display().to_string();
    let listing = place.program().env("AWS_MAX_ATTEMPTS", "2").args(["ingest", &place.source(), "--lake", &lake]).run();
    assert_says(&listing, 3, "the clock of this machine is wrong", "a listing");
}

#[test]
fn a_lake_that_is_read_only_is_named_with_the_actions_that_writing_needs() {
    under(Mischief::ReadOnly, ALWAYS, "5", 3, "s3:PutObject");
    let place = delivered(Place::in_folders());
    // A folder that not even root can write to.
    std::fs::write(place.lake_folder(), "a file").expect("a file");
    let refused = place.ingest(&ALL);
    assert_says(&refused, 3, "failed to open", "a file in the lake's place");
    assert_eq!(std::fs::read_to_string(place.lake_folder()).expect("it is there"), "a file");
}

/// The same as a disk that is full, of which nobody else's files have to be afraid: no file may grow beyond some blocks.
fn ingesting_into_a_full_disk(place: &Place, blocks: u32) -> Program {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    let args = ["-c", &script, "sh", env!("CARGO_BIN_EXE_bedrock-audit-under-test"), "--quiet", "ingest"];
    Program::new("/bin/sh").args(args).args([place.source(), "--lake".to_owned(), place.lake()]).args(ALL)
}

#[test]
fn a_full_disk_is_named_and_leaves_nothing_half_visible() {
    let mut met = 0;
    for blocks in [1, 4, 12, 24] {
        let place = delivered(Place::in_folders());
        let outcome = ingesting_into_a_full_disk(&place, blocks).run();
        if outcome.status != 0 {
            met += 1;
            assert_says(&outcome, 3, "make room and run again", &format!("{blocks} blocks"));
        }
        assert_completed(&place, &format!("{blocks} blocks"));
    }
    assert!(met > 0, "no file was larger than a block");
}

#[test]
fn output_that_cannot_be_written_is_a_failure_and_what_is_no_file_is_not_replaced() {
    let place = Place::told();
    let lake = place.lake();
    if !Path::new("/dev/full").exists() {
        return eprintln!("skipped: there is no /dev/full");
    }
    let full = "exec \"$0\" --quiet audit --lake \"$1\" > /dev/full";
    let audit = Program::new("/bin/sh").args(["-c", full, env!("CARGO_BIN_EXE_bedrock-audit-under-test"), &lake]).run();
    assert_says(&audit, 3, "No space left on device", "a full disk behind stdout");

    let pipe = place.lake_folder().with_file_name("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read(pipe).expect("a pipe can be read")
    });
    let report = ["report", "--lake", &lake, "--output", "html", "--out"];
    let report = place.program().args(report).arg(&pipe).run().expect_status(1);
    let page = reader.join().expect("the reader does not panic");
    assert!(page.starts_with(b"<!doctype html>"), "{}", report.stderr);
    let kind = std::fs::symlink_metadata(&pipe).expect("it is there").file_type();
    assert!(!kind.is_file() && !pipe.with_extension("csv").exists(), "a pipe stays one, and has no file beside it");
}

#[test]
fn what_a_writer_left_whose_clock_is_ahead_is_neither_counted_nor_removed() {
    let place = delivered(Place::in_folders());
    place.ingest(&ALL).expect_status(0);
    let committed = std::fs::read_dir(place.lake_folder().join("log_files")).expect("a ledger").next();
    let committed = committed.expect("it has a part").expect("a readable entry").path();
    let folder = place.lake_folder().join("events/event_date=2026-03-01");
    let orphan = folder.join(format!("{}-00000.parquet", "0123456789abcdef".repeat(2)));
    let staged = folder.join(format!("{}-00001.parquet#1", "0123456789abcdef".repeat(2)));
    for path in [&orphan, &staged] {
        std::fs::copy(&committed, path).expect("a copy");
        let file = std::fs::File::options().write(true).open(path).expect("our own file");
        let tomorrow = std::time::SystemTime::now() + Duration::from_secs(24 * 3600);
        file.set_modified(tomorrow).expect("a time can be set");
    }
    place.ingest(&AFTER_A_FAULT).expect_status(0);
    assert!(orphan.exists() && staged.exists());
    assert_eq!(events(&place), expected());
    let yesterday = std::time::SystemTime::now() - Duration::from_secs(24 * 3600);
    for path in [&orphan, &staged] {
        let file = std::fs::File::options().write(true).open(path).expect("our own file");
        file.set_modified(yesterday).expect("a time can be set");
    }
    place.ingest(&ALL).expect_status(0);
    assert!(!orphan.exists() && !staged.exists(), "an hour is enough");
    assert_eq!(events(&place), expected());
}

/// So many rounds: `BEDROCK_AUDIT_FAULT_ROUNDS=2000 cargo test -p end-to-end --test main faults::random -- --nocapture`.
pub fn rounds(usual: u64) -> u64 {
    std::env::var("BEDROCK_AUDIT_FAULT_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// `BEDROCK_AUDIT_FAULT_SEED` has a round that failed again, with one round.
pub fn first_seed() -> u64 {
    let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let of_now = || now().map_or(1, |since| u64::from(since.subsec_nanos()) ^ since.as_secs());
    std::env::var("BEDROCK_AUDIT_FAULT_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(of_now)
}

/// One or two runs at once, under some mischief, which end by themselves or by a signal at some point.
fn disturb(place: &Place, dice: &mut Dice) -> String {
    let mut told = Vec::new();
    if dice.chance(70) {
        let mischief = *dice.pick(&Mischief::ALL);
        let first = u32::try_from(dice.below(60)).expect("a small number");
        // A lake's store tries ten times, with pauses that grow: a longer burst would only take longer.
        let last = first + 1 + u32::try_from(dice.below(6)).expect("a small number");
        place.server().misbehave(mischief, first..last);
        told.push(format!("{mischief:?} {first}..{last}"));
    }
    let runs = 1 + usize::from(dice.chance(40));
    let start = |_| place.ingesting(&["--events", "all", "--workers", "2"]).env("AWS_MAX_ATTEMPTS", "2").spawn();
    let running: Vec<_> = (0..runs).map(start).collect();
    for run in running {
        let wait = Duration::from_millis(dice.number() % 1_500);
        let outcome = match dice.below(3) {
            0 => {
                std::thread::sleep(wait);
                run.kill()
            }
            1 => {
                std::thread::sleep(wait);
                run.signal("TERM")
            }
            _ => run.wait(),
        };
        told.push(format!("ended with {}", outcome.status));
        let is_an_end = [0, 2, 3, -9, -15].contains(&outcome.status);
        assert!(is_an_end, "{}: {}\n{}", told.join(", "), outcome.stdout, outcome.stderr);
        assert!(!outcome.stderr.contains("panicked"), "{}: {}", told.join(", "), outcome.stderr);
    }
    place.server().behave();
    told.join(", ")
}

#[test]
fn random_faults_signals_and_rivals_lose_and_double_nothing() {
    let first = first_seed();
    for seed in (0..rounds(3)).map(|round| first.wrapping_add(round)) {
        let mut dice = Dice::new(seed);
        let place = delivered(Place::in_s3(Faults::default()));
        let told: Vec<String> = (0..2).map(|_| disturb(&place, &mut dice)).collect();
        let fault = format!("BEDROCK_AUDIT_FAULT_SEED={seed}: {}", told.join("; "));
        eprintln!("{fault}");
        // Two runs at once may both commit a log file; the view has each event once.
        let next = place.ingest(&AFTER_A_FAULT);
        assert_eq!(next.status, 0, "{fault}: {}\n{}", next.stdout, next.stderr);
        assert_whole(&place, &fault);
        assert_eq!(events(&place), expected(), "{fault}");
    }
}

#[test]
fn half_an_answer_of_a_live_api_and_credentials_that_end_midway_are_no_verdict() {
    for (fault, words) in [
        (Fault::on("bedrock", "ListModelCustomizationJobs").half_an_answer(), "bedrock:ListModelCustomizationJobs"),
        (Fault::on("bedrock", "GetModelCustomizationJob").half_an_answer(), "bedrock:GetModelCustomizationJob"),
        (
            Fault::on("bedrock", "GetModelCustomizationJob").nth(2).times(99).error(
                403,
                "ExpiredTokenException",
                "The security token included in the request is expired",
            ),
            "ExpiredTokenException",
        ),
    ] {
        let aws = crate::rule::aws();
        for name in ["one", "two", "three"] {
            aws.state().home().add_job(name).in_vpc(&["subnet-0b0b0b0b0b0b0b0b0"], &["sg-0c0c0c0c0c0c0c0c0"]);
        }
        aws.fail(fault.clone());
        let controls = ["evaluate", "--controls", "job_in_vpc,job_security_groups_exist"];
        let outcome = program().envs(aws.environment()).args(controls).run();
        assert_eq!(outcome.status, 2, "{fault:?}: {} {}", outcome.stdout, outcome.stderr);
        assert!(outcome.stdout.contains(words) || outcome.stderr.contains(words), "{fault:?}: {}", outcome.stdout);
    }
}

#[test]
fn a_lake_whose_endpoint_ends_is_an_error_that_names_the_lake() {
    let gone = Place::in_s3(Faults::default());
    let environment = gone.server().environment();
    drop(gone);
    let audit = program().envs(environment).args(["audit", "--lake", "s3://lake-bucket"]).run();
    assert_says(&audit, 3, "failed to list s3://lake-bucket/", "an endpoint that is gone");
}
