//! The same questions asked by DuckDB: straight from the raw JSON, and from our Parquet.

use std::process::Command;

use end_to_end::answer_key::{Recipe, make};
use schemas::record::AUDIT_EVENTS;
use serde_json::{Map, Value, json};

use crate::place::{Place, repository};

/// The Python that has duckdb; `scripts/test` makes it.
fn python() -> Option<String> {
    let python = std::env::var("BEDROCK_AUDIT_TEST_PYTHON").ok();
    if python.is_none() {
        eprintln!("skipped: BEDROCK_AUDIT_TEST_PYTHON names no Python with duckdb; scripts/test sets it");
    }
    python
}

fn duckdb(python: &str, mode: &str, folder: &str) -> Map<String, Value> {
    let names: Vec<&str> = AUDIT_EVENTS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    let script = repository().join("tests/python/duckdb_answers.py");
    let run = Command::new(python)
        .arg(script)
        .args([mode, folder, "--names", &names.join(",")])
        .output()
        .expect("python runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let answers: Value = serde_json::from_slice(&run.stdout).expect("one JSON document");
    let mut answers = answers.as_object().expect("an object").clone();
    answers.remove("about");
    answers
}

#[test]
fn duckdb_gives_the_same_answers_from_the_logs_and_from_the_lake() {
    let Some(python) = python() else { return };
    let place = Place::in_folders();
    let recipe = Recipe { events: 4_000, files: 60, seed: 11, corrupt: 5, ..Recipe::default() };
    if make(&place.trail_folder(), &recipe).is_none() {
        return;
    }
    place.ingest(&[]).expect_status(2);
    let raw = duckdb(&python, "raw", &place.source());
    let lake = duckdb(&python, "lake", &place.lake());
    for (question, answer) in &raw {
        assert!(answer.as_array().is_some_and(|rows| !rows.is_empty()), "{question} has rows to compare");
        assert_eq!(answer, &lake[question], "{question}");
    }
    let ours = place.query("jobs_created_outside_vpc", &[]);
    assert_eq!(json!(ours.len()), json!(raw["jobs_created_outside_vpc"].as_array().map_or(0, Vec::len)));
    let refused = place.query("refused_job_requests", &[]);
    assert_eq!(refused.len(), raw["refused_job_requests"].as_array().map_or(0, Vec::len));
}
