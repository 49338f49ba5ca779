//! The questions in other engines: `connect` opens the lake there, and `tests/python/portable_queries.py` compares every row.

use std::fs;
use std::path::Path;
use std::process::Command;

use end_to_end::s3_server::Faults;

use crate::place::{Place, program, repository};
use analytics::trail::story::story;

/// What the script says; nothing where the variable names no Python.
fn compare(variable: &str, arguments: &[&str]) -> Option<String> {
    let Ok(python) = std::env::var(variable) else {
        eprintln!("SKIPPED: {variable} names no Python, so nothing was compared with {}", arguments[0]);
        return None;
    };
    let script = repository().join("tests/python/portable_queries.py");
    let run = Command::new(python).arg("-B").arg(script).args(arguments).output().expect("python runs");
    let told = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success(), "{told}{}", String::from_utf8_lossy(&run.stderr));
    Some(told)
}

fn answers_alike(variable: &str, engine: &str) {
    let place = Place::told();
    let rebuilt = place.program().args(["rebuild", "--lake", &place.lake()]).run();
    assert_eq!(rebuilt.status, 0, "{}", rebuilt.stderr);
    let program = env!("CARGO_BIN_EXE_bedrock-audit-under-test");
    if let Some(told) = compare(variable, &[engine, "--program", program, "--lake", &place.lake()]) {
        eprintln!("{told}");
        assert!(told.contains(" questions, ") && told.contains(" rows, 0 differ"), "{told}");
    }
}

#[test]
fn duckdb_answers_every_question_as_the_program_does() {
    answers_alike("BEDROCK_AUDIT_TEST_PYTHON", "duckdb");
}

/// `scripts/portable-check` sets the variable: Spark is 500 MB.
#[test]
fn spark_answers_every_question_as_the_program_does() {
    answers_alike("BEDROCK_AUDIT_SPARK_PYTHON", "spark");
}

#[test]
fn what_athena_is_told_gives_the_answers_of_the_program() {
    let place = Place::in_s3(Faults::default());
    place.deliver(&story().files);
    place.ingest(&[]).expect_status(2);
    let as_of = ["--as-of", "2026-03-30T14:00:00Z"];
    let files = tempfile::tempdir().expect("a temporary folder");
    let (sql, csv) = (files.path().join("connect.sql"), files.path().join("answer.csv"));
    let lake = place.lake();
    for question in ["job_verdicts", "reach_verdicts", "group_chronology"] {
        let connect = ["connect", "--engine", "athena", "--lake", &lake, "--question", question];
        let told = place.program().args(connect).args(as_of).run().expect_status(0);
        let query = ["query", question, "--lake", &lake, "--output", "csv"];
        let answer = place.program().args(query).args(as_of).run().expect_status(0);
        fs::write(&sql, told.stdout).expect("a temporary folder can be written to");
        fs::write(&csv, answer.stdout).expect("a temporary folder can be written to");
        let folder = place.lake_folder();
        let [sql, csv, folder] = [&sql, &csv, &folder].map(|path| text(path));
        let arguments = ["athena", "--statements", sql, "--answer", csv, "--folder", folder];
        let Some(told) = compare("BEDROCK_AUDIT_TEST_PYTHON", &arguments) else { return };
        assert!(told.contains(" rows, the same") && !told.contains(", 0 rows"), "{question}: {told}");
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a temporary folder's name is UTF-8")
}

fn refused(lake: &str, more: &[&str], status: i32, expected: &str) {
    let run = program().args(["connect", "--lake", lake]).args(more.iter().copied()).run().expect_status(status);
    assert!(run.stderr.contains(expected), "{}", run.stderr);
    assert_eq!(run.stdout, "");
}

#[test]
fn what_cannot_work_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (lake, odd) = (folder.path().join("lake"), folder.path().join("lake[1]"));
    for folder in [&lake, &odd] {
        fs::create_dir(folder).expect("a temporary folder can be written to");
    }
    let gone = folder.path().join("gone");
    let [lake, odd, gone] = [&lake, &odd, &gone].map(|path| text(path));
    refused(lake, &["--engine", "athena"], 64, "--engine athena reads a lake in S3 alone");
    refused(lake, &["--engine", "presto"], 64, "possible values: duckdb, athena, spark");
    refused(odd, &["--engine", "duckdb"], 64, "'[' in the path of a lake is a pattern to the engine");
    refused(gone, &["--engine", "spark"], 3, "failed to open ");
    refused(lake, &["--engine", "duckdb", "--since", "90d"], 64, "--question");
    refused(lake, &["--engine", "duckdb", "--question", "nothing"], 64, "no query is named nothing");
    let strange = ["--engine", "duckdb", "--question", "job_verdicts", "--param", "colour=red"];
    refused(lake, &strange, 64, "query job_verdicts has no parameter colour");
}

#[test]
fn a_lake_without_log_files_is_opened_and_says_so() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = program().args(["connect", "--engine", "duckdb", "--lake", text(folder.path())]).run().expect_status(2);
    assert!(run.stderr.contains("holds no log files"), "{}", run.stderr);
    assert!(run.stdout.contains("create or replace view jobs as\n"), "{}", run.stdout);
}
