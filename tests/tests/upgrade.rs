//! Lakes of other versions: those of released ones are read as they were, those of later ones are refused.

use std::fs;
use std::path::{Path, PathBuf};

use analytics::trail::{Layout, Place as Where, log_file, noise};
use chrono::{DateTime, Utc};
use end_to_end::program::Program;

use crate::golden;
use crate::place::{Place, number, program, repository};

/// Questions over every kind of table, beside the audit.
const QUESTIONS: [&str; 4] = ["detections", "log_coverage", "rule_runs", "security_group_deletions"];

/// Where a part's metadata say which form it is in, and how Parquet writes what follows: a text of one character.
const VERSION_OF_ONE_CHARACTER: &[u8] = b"bedrock_audit.schema_version\x18\x01";

fn lakes() -> Vec<PathBuf> {
    let folder = repository().join("tests/fixtures/lakes");
    let mut lakes: Vec<PathBuf> =
        fs::read_dir(folder).expect("fixtures").map(|found| found.expect("one").path()).collect();
    lakes.sort();
    lakes
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a temporary folder");
    for entry in fs::read_dir(from).expect("a folder of the lake") {
        let entry = entry.expect("an entry");
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).expect("a file of the lake");
        }
    }
}

fn over(lake: &Path, arguments: &[&str]) -> Program {
    program().args(arguments.iter().copied()).arg("--lake").arg(lake)
}

#[test]
fn golden_lakes_of_released_versions_give_the_same_answers() {
    for version in lakes() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let lake = folder.path().join("lake");
        copy(&version.join("lake"), &lake);
        let audit = over(&lake, &["audit", "--output", "csv"]).run().expect_status(1);
        golden::check(&version.join("audit.csv"), &audit.stdout);
        for question in QUESTIONS {
            let answer = over(&lake, &["query", question, "--output", "csv"]).run().expect_status(0);
            golden::check(&version.join(format!("{question}.csv")), &answer.stdout);
        }
    }
}

#[test]
fn a_released_lake_takes_new_log_files_beside_the_old() {
    let here = Where::new("111122223333", "eu-west-1");
    let at: DateTime<Utc> = "2026-04-01T00:00:00Z".parse().expect("a time");
    for version in lakes() {
        let place = Place::in_folders();
        copy(&version.join("lake"), &place.lake_folder());
        let read = || number(&place.sql("select count(*) as read from log_files")[0], "read");
        let before = read();
        place.deliver(&[log_file(&Layout::Plain, &here, at, "abcdefghijklmnop", &noise(&here, at, 5, 7))]);
        place.ingest(&["--events", "all"]).expect_status(0);
        assert_eq!(read(), before + 1, "{}", version.display());
        assert_eq!(place.last_verdicts().0, 1, "{}", version.display());
    }
}

/// Files of a folder of the lake, its own folders included.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).map(|entries| entries.map(|entry| entry.expect("an entry").path()).collect());
    let entries: Vec<PathBuf> = entries.unwrap_or_default();
    entries.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn every_part_says_its_form() {
    let place = Place::told();
    place.query("log_coverage", &[]);
    let all = files(&place.lake_folder());
    assert!(all.len() > 20);
    for path in all {
        let bytes = fs::read(&path).expect("a part");
        let at = bytes.windows(VERSION_OF_ONE_CHARACTER.len()).filter(|found| *found == VERSION_OF_ONE_CHARACTER);
        assert_eq!(at.count(), 1, "{}", path.display());
    }
}

#[test]
fn a_part_of_a_newer_program_is_refused_and_nothing_is_done() {
    let place = Place::told();
    place.query("log_coverage", &[]);
    let newest = files(&place.lake_folder().join("log_files")).pop().expect("a ledger");
    let mut bytes = fs::read(&newest).expect("the ledger");
    let at = bytes.windows(VERSION_OF_ONE_CHARACTER.len()).position(|found| found == VERSION_OF_ONE_CHARACTER);
    bytes[at.expect("it says its form") + VERSION_OF_ONE_CHARACTER.len()] = b'9';
    // As another run commits it: under a name of its own.
    fs::write(newest.with_file_name(format!("{}.parquet", "9".repeat(32))), bytes).expect("a temporary folder");
    let before = files(&place.lake_folder());
    let (source, lake) = (place.source(), place.lake());
    for command in [
        vec!["ingest", &source, "--orphan-age", "0s"],
        vec!["rebuild"],
        vec!["audit"],
        vec!["query", "log_coverage"],
        vec!["explain", "churn-prototype"],
    ] {
        let run = place.program().args(command.clone()).args(["--lake", &lake]).run().expect_status(3);
        for expected in ["newer bedrock-audit", "schema version is 9", "use at least version "] {
            assert!(run.stderr.contains(expected), "{command:?}: {}", run.stderr);
        }
        assert!(run.stdout.is_empty(), "{command:?} answers: {}", run.stdout);
    }
    assert_eq!(files(&place.lake_folder()), before);
}
