//! The verdicts as a page and in the formats that other programs take, over the demo's story and over hostile texts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use analytics::trail::story::story;
use end_to_end::program::Outcome;
use serde_json::{Value, json};

use crate::place::{Place, Row, repository, text};

/// Jobs of the story are non-compliant.
const NON_COMPLIANT: i32 = 1;

/// The demo's story in a lake.
fn told() -> Place {
    let place = Place::in_folders();
    place.deliver(&story().files);
    place.ingest(&[]).expect_status(2);
    place
}

fn path(place: &Place, name: &str) -> PathBuf {
    place.lake_folder().with_file_name(name)
}

/// The report in a format, as a file.
fn report(place: &Place, format: &str) -> (Outcome, PathBuf) {
    let ending = if format == "oscal" { "oscal.json" } else { format };
    let out = path(place, &format!("report.{ending}"));
    (place.program().args(["report", "--lake", &place.lake(), "--output", format, "--out"]).arg(&out).run(), out)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a report")
}

/// Findings by verdict in the rows of `audit`.
fn audited(place: &Place) -> BTreeMap<String, usize> {
    let (_, rows) = place.last_verdicts();
    count(rows.iter().map(|row| text(row, "verdict").to_owned()))
}

fn count(words: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    words.for_each(|word| *counts.entry(word).or_default() += 1);
    counts
}

#[test]
fn every_format_has_every_finding_of_the_audit() {
    let place = told();
    let expected = audited(&place);
    let made = |format: &str| {
        let (outcome, out) = report(&place, format);
        let told = outcome.expect_status(NON_COMPLIANT);
        assert!(
            told.stdout.contains("9 jobs as of") && told.stdout.ends_with(&format!("{}\n", out.display())),
            "{told:?}"
        );
        read(&out)
    };
    let verdicts = |rows: Vec<Row>| count(rows.iter().map(|row| text(row, "verdict").to_owned()));
    assert_eq!(verdicts(serde_json::from_str(&made("json")).expect("JSON")), expected);
    let lines = |text: &str| text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect::<Vec<Value>>();
    let rows = lines(&made("ndjson")).into_iter().map(|row| row.as_object().expect("a row").clone()).collect();
    assert_eq!(verdicts(rows), expected);
    let all: usize = expected.values().sum();
    assert_eq!((made("csv").lines().count(), made("markdown").lines().count()), (all + 1, all + 2));

    let ocsf = count(lines(&made("ocsf")).iter().map(|event| event["compliance"]["status_id"].to_string()));
    let asff: Vec<Value> =
        lines(&made("asff")).into_iter().flat_map(|call| call.as_array().expect("a list").clone()).collect();
    let asff =
        count(asff.iter().map(|finding| finding["Compliance"]["Status"].as_str().unwrap_or_default().to_owned()));
    let words = |pairs: [(&str, &str); 4]| -> BTreeMap<String, usize> {
        pairs.iter().filter_map(|(verdict, word)| Some(((*word).to_owned(), *expected.get(*verdict)?))).collect()
    };
    let [yes, no, none, unknown] = ["Compliant", "NonCompliant", "NotApplicable", "Undetermined"];
    assert_eq!(ocsf, words([(yes, "1"), (no, "3"), (none, "99"), (unknown, "2")]));
    assert_eq!(asff, words([(yes, "PASSED"), (no, "FAILED"), (none, "NOT_AVAILABLE"), (unknown, "WARNING")]));
    let oscal: Value = serde_json::from_str(&made("oscal")).expect("JSON");
    let findings = &oscal["assessment-results"]["results"][0]["findings"];
    assert_eq!(findings.as_array().map(Vec::len), Some(all));
    let junit = made("junit");
    let tags = |tag: &str| junit.matches(&format!("<{tag}")).count();
    assert_eq!((tags("testcase "), tags("failure"), tags("error")), (all, expected[no], expected[unknown]));
}

/// Other programs read them.
#[test]
fn those_who_made_the_formats_read_them() {
    let Ok(python) = std::env::var("BEDROCK_AUDIT_TEST_PYTHON") else {
        eprintln!("skipped: BEDROCK_AUDIT_TEST_PYTHON names no Python; scripts/test sets it");
        return;
    };
    let place = told();
    let expected = audited(&place);
    let mut ids = Vec::new();
    for format in ["ocsf", "asff", "oscal", "junit"] {
        let (_, out) = report(&place, format);
        let script = repository().join("tests/python/finding_formats.py");
        let run = Command::new(&python).arg(script).arg(format).arg(&out).output().expect("python runs");
        assert!(run.status.success(), "{format}: {}", String::from_utf8_lossy(&run.stderr));
        let found: Value = serde_json::from_slice(&run.stdout).expect("one JSON document");
        let verdicts = found["verdicts"].as_object().expect("by id");
        assert_eq!(count(verdicts.values().map(|verdict| verdict.as_str().unwrap_or_default().to_owned())), expected);
        ids.push(verdicts.keys().cloned().collect::<Vec<_>>());
    }
    for list in &mut ids {
        list.sort();
    }
    assert!(ids.iter().all(|list| *list == ids[0]), "the same ids in every format");
}

#[test]
fn a_page_is_one_file_that_tells_the_story_with_every_row_beside_it() {
    let place = told();
    let (outcome, out) = report(&place, "html");
    outcome.expect_status(NON_COMPLIANT);
    let page = read(&out);
    assert!(page.starts_with("<!doctype html>") || page.starts_with("<!DOCTYPE html>"), "{}", &page[..80]);
    for told in ["support-triage-v2", "sg-0bdaec805eacb6239", "with its VPC", "Content-Security-Policy", "<svg"] {
        assert!(page.contains(told), "{told}");
    }
    for foreign in ["src=\"http", "href=\"http", "url(http", "@import"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    let rows = read(&out.with_extension("csv"));
    assert_eq!(rows.lines().count() - 1, audited(&place).values().sum::<usize>());
    // Without a file the page goes to standard output, and what people are told to standard error.
    let piped = place.program().args(["report", "--lake", &place.lake(), "--output", "html"]).run();
    let piped = piped.expect_status(NON_COMPLIANT);
    assert!(piped.stdout.trim_end().ends_with("</html>") && piped.stderr.contains("9 jobs as of"), "{}", piped.stderr);
}

#[test]
fn a_report_without_a_form_or_with_wrong_prices_says_what_is_right() {
    let place = told();
    let lake = place.lake();
    let misused = |args: &[&str]| place.program().args(["report", "--lake", &lake]).args(args).run().expect_status(64);
    assert!(misused(&[]).stderr.contains("--pack") && misused(&[]).stderr.contains("--output"));
    let prices = path(&place, "prices.csv");
    fs::write(&prices, "model,price\n").expect("written");
    let told_so = misused(&["--output", "html", "--prices", &prices.display().to_string()]).stderr;
    assert!(told_so.contains("prices.csv") && told_so.contains("base_model,usd_per_job,usd_per_hour"), "{told_so}");
}

#[test]
fn what_failed_jobs_cost_is_estimated_by_the_users_prices_alone() {
    let place = told();
    let ask = |more: &[&str]| place.query("jobs_failed_through_drift_by_month", more);
    let without = ask(&[]);
    assert!(!without.is_empty() && without.iter().all(|row| row["estimated_usd"].is_null()), "{without:?}");
    let models =
        place.sql("select distinct base_model from job_requests where base_model is not null order by base_model");
    let id = |row: &Row| text(row, "base_model").rsplit('/').next().unwrap_or_default().to_owned();
    let rows: BTreeSet<String> = models.iter().map(|row| format!("{},12.5,", id(row))).collect();
    let rows: Vec<String> = rows.into_iter().collect();
    let prices = path(&place, "own-prices.csv");
    fs::write(&prices, format!("base_model,usd_per_job,usd_per_hour\n{}\n", rows.join("\n"))).expect("written");
    let with = ask(&["--prices", &prices.display().to_string()]);
    assert!(with.iter().any(|row| row["estimated_usd"] == json!(12.5)), "{with:?}");
}
