//! `bedrock-audit replace` where it acts: the old job is stopped, the new one submitted, and both are on record.

use std::path::Path;

use end_to_end::aws_server::{AwsServer, Fault};
use end_to_end::program::Outcome;
use serde_json::Value;
use tempfile::TempDir;

use crate::replace::{NETWORK, aws, printed, replace};

/// A run that keeps its records in a folder.
fn act(aws: &AwsServer, folder: &TempDir, job: &str, more: &[&str]) -> Outcome {
    let program = replace(aws, job).args(NETWORK).arg("--record").arg(folder.path());
    program.arg("--yes").args(more.iter().copied()).run()
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// The files of a folder whose names end so, in the order of names.
fn files(folder: &Path, end: &str) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(end));
    paths.sort();
    paths
}

/// The one record of a folder.
#[track_caller]
fn record(folder: &TempDir) -> Value {
    let mut records = files(folder.path(), ".json");
    records.retain(|path| !path.to_string_lossy().ends_with(".request.json"));
    assert_eq!(records.len(), 1, "{records:?}");
    serde_json::from_str(&std::fs::read_to_string(&records[0]).expect("a file")).expect("JSON")
}

/// The calls that change something, in order.
fn changes(aws: &AwsServer) -> Vec<String> {
    let operations = aws.requests().into_iter().map(|seen| seen.operation);
    operations.filter(|name| name.starts_with("Stop") || name.starts_with("Create")).collect()
}

#[test]
fn a_job_is_stopped_then_created_again_then_created_again() {
    let (aws, first) = (aws(), folder());
    let old = aws.state().home().add_job("outside").stops_after(0).arn.clone();
    let run = act(&aws, &first, "outside", &["--stop-old", "--submit"]).expect_status(0);
    assert_eq!(changes(&aws), ["StopModelCustomizationJob", "CreateModelCustomizationJob"]);
    let new = aws.state().home().job("outside-r2").arn.clone();
    assert!(run.stdout.contains(&format!("submit: done: {new}")), "{}", run.stdout);
    assert!(run.stdout.find("Preflight") < run.stdout.find("What was done"), "the plan comes first");
    assert!(run.stderr.contains("record: "), "{}", run.stderr);
    let record = record(&first);
    assert_eq!((&record["stop"]["state"], &record["submit"]["state"]), (&"done".into(), &"done".into()));
    assert_eq!((&record["old_job_arn"], &record["submit"]["job_arn"]), (&old.into(), &new.clone().into()));
    assert_eq!(record["request"]["jobName"], "outside-r2");
    let network = aws.state().home().job("outside-r2").vpc_config.clone().expect("it has one");
    assert_eq!((network.0[0].as_str(), network.1[0].as_str()), (NETWORK[1], NETWORK[3]));
    assert_eq!(aws.state().home().job("outside").status, "Stopped");

    // The new job has the same faults of its own, some day.
    let second = folder();
    act(&aws, &second, &new, &["--submit", "--output", "json"]).expect_status(0);
    assert_eq!(aws.state().home().job("outside-r3").status, "InProgress");
    assert_eq!(aws.state().home().job("outside-r2").status, "InProgress", "nobody asked to stop it");
}

#[test]
fn submitting_the_same_twice_makes_one_job() {
    let (aws, folder) = (aws(), folder());
    aws.state().home().add_job("outside").status("Failed");
    let submit = || printed(&act(&aws, &folder, "outside", &["--submit", "--output", "json"]).expect_status(0));
    let (first, jobs) = (submit(), aws.state().home().jobs.len());
    let second = submit();
    assert_eq!(first["actions"]["submit"]["job_arn"], second["actions"]["submit"]["job_arn"]);
    assert_eq!(aws.state().home().jobs.len(), jobs);
    assert!(second["preflight"].to_string().contains("submitted before"), "{second}");
    // The same name for another request is refused.
    let other = act(&aws, &folder, "outside", &["--submit", "--set", "hyperParameters.x=1"]).expect_status(1);
    assert!(other.stdout.contains("outside-r2 is the name of"), "{}", other.stdout);
}

#[test]
fn nothing_is_done_without_yes_or_beside_a_failed_check() {
    let (aws, folder) = (aws(), folder());
    aws.state().home().add_job("outside");
    let run = replace(&aws, "outside").args(NETWORK).args(["--stop-old", "--submit"]).run().expect_status(0);
    assert!(run.stdout.contains("With --yes"), "{}", run.stdout);
    aws.state().home().add_job("outside-r2");
    let refused = act(&aws, &folder, "outside", &["--stop-old", "--submit"]).expect_status(1);
    assert!(refused.stderr.contains("nothing was done"), "{}", refused.stderr);
    assert!(changes(&aws).is_empty() && files(folder.path(), "").is_empty());
}

#[test]
fn a_job_that_is_not_stopped_is_not_replaced() {
    let aws = aws();
    aws.state().home().add_job("outside");
    let denied = folder();
    aws.fail(Fault::on("bedrock", "StopModelCustomizationJob").access_denied());
    let run = act(&aws, &denied, "outside", &["--stop-old", "--submit"]).expect_status(3);
    assert!(run.stderr.contains("the old job was not stopped: bedrock:StopModelCustomizationJob"), "{}", run.stderr);
    assert_eq!(record(&denied)["stop"]["state"], "failed");
    assert_eq!(record(&denied)["submit"]["state"], "intended");
    aws.clear_faults();

    let (slow, first) = (folder(), aws.state().home().job("outside").arn.clone());
    let more = ["--stop-old", "--submit", "--stop-wait", "0s"];
    let run = act(&aws, &slow, &first, &more).expect_status(3);
    assert!(run.stderr.contains("told to stop and is Stopping after 0 s"), "{}", run.stderr);
    assert!(!changes(&aws).contains(&"CreateModelCustomizationJob".to_owned()));

    // Once it has ended, the same command goes on from there.
    aws.state().home().job("outside").stops_after(0);
    let (again, before) = (folder(), changes(&aws).len());
    act(&aws, &again, "outside", &more).expect_status(0);
    assert_eq!(changes(&aws)[before..], ["CreateModelCustomizationJob"], "it was told to stop before");
}

#[test]
fn a_refused_submission_says_what_was_done_and_leaves_the_request() {
    let (aws, folder) = (aws(), folder());
    aws.state().home().add_job("outside").stops_after(0);
    aws.fail(Fault::on("bedrock", "CreateModelCustomizationJob").error(
        400,
        "ServiceQuotaExceededException",
        "Too many jobs are scheduled",
    ));
    let run = act(&aws, &folder, "outside", &["--stop-old", "--submit"]).expect_status(3);
    for expected in [
        "the new job was not submitted: bedrock:CreateModelCustomizationJob",
        "Too many jobs are scheduled; the old job was stopped and cannot be started again",
        "aws bedrock create-model-customization-job --region eu-west-1 --cli-input-json",
    ] {
        assert!(run.stderr.contains(expected), "{expected} is not in {}", run.stderr);
    }
    let record = record(&folder);
    assert_eq!((&record["stop"]["state"], &record["submit"]["state"]), (&"done".into(), &"failed".into()));
    let saved = files(folder.path(), ".request.json");
    let saved: Value = serde_json::from_str(&std::fs::read_to_string(&saved[0]).expect("a file")).expect("JSON");
    assert_eq!(saved, record["request"]);
}

#[test]
fn nothing_is_done_where_no_record_can_be_written() {
    let (aws, folder) = (aws(), folder());
    aws.state().home().add_job("outside");
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("a file");
    let program =
        replace(&aws, "outside").args(NETWORK).args(["--submit", "--yes", "--record"]).arg(file.join("below"));
    program.run().expect_status(3);
    assert!(changes(&aws).is_empty());
}
