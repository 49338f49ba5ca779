//! Our own trail builder's stories, in every layout, from folders and from S3.

use analytics::trail::LogFile;
use analytics::trail::story::story;
use chrono::SecondsFormat;
use end_to_end::s3_server::Faults;
use schemas::control::ControlId;

use crate::place::{Place, Row, number, text};

fn both() -> [Place; 2] {
    [Place::in_folders(), Place::in_s3(Faults::default())]
}

fn verdict<'a>(rows: &'a [Row], arn: &str, control: &str) -> &'a str {
    let found = rows.iter().find(|row| text(row, "job_arn") == arn && text(row, "control") == control);
    found.map_or("none", |row| text(row, "verdict"))
}

#[test]
fn every_story_is_told_as_it_was_planted() {
    let story = story();
    for place in both() {
        place.deliver(&story.files);
        let ingest = place.ingest(&[]).expect_status(2);
        assert!(ingest.stderr.contains("cannot be decompressed"), "{}", ingest.stderr);
        let (status, rows) = place.verdicts(&story.as_of.to_rfc3339_opts(SecondsFormat::Secs, true));
        assert_eq!(status, 1);
        assert_eq!(rows.len(), story.jobs.len() * ControlId::IN_HISTORY.len());
        for job in &story.jobs {
            let controls = ["job_in_vpc", "job_security_groups_exist", "job_security_groups_not_default"];
            for (control, expected) in controls.into_iter().zip(job.verdicts) {
                assert_eq!(verdict(&rows, &job.arn, control), expected.as_str(), "{} {control}", job.name);
            }
        }
        assert!(rows.iter().all(|row| !text(row, "reason").is_empty() && !text(row, "cited_event_id").is_empty()));
        assert!(rows.iter().all(|row| text(row, "cited_log_file").starts_with(&place.source())));
    }
}

#[test]
fn a_verdict_knows_nothing_of_what_came_later() {
    let place = Place::in_folders();
    place.deliver(&story().files);
    place.ingest(&[]).expect_status(2);
    let deletion = &place.query("jobs_with_deleted_security_groups", &[])[0];
    let at: chrono::DateTime<chrono::Utc> = text(deletion, "deleted_at").parse().expect("a time");
    let arn = text(deletion, "job_arn");
    for (shift, expected) in [(-1, "Compliant"), (0, "NonCompliant")] {
        let as_of = (at + chrono::TimeDelta::seconds(shift)).to_rfc3339_opts(SecondsFormat::Secs, true);
        let (_, rows) = place.verdicts(&as_of);
        assert_eq!(verdict(&rows, arn, "job_security_groups_exist"), expected, "{as_of}");
    }
    let (status, rows) = place.verdicts("2020-01-01");
    assert_eq!((status, rows.len()), (2, 0), "a file was set aside, so an empty answer is no clean one");
}

#[test]
fn a_second_run_reads_nothing_and_a_late_file_only_itself() {
    let story = story();
    let logs: Vec<LogFile> = story.files.into_iter().filter(|file| !file.key.starts_with("evidence/")).collect();
    let (late, early) = logs.split_last().expect("files");
    for place in both() {
        place.deliver(early);
        place.ingest(&[]);
        let again = place.ingest(&[]).expect_status(0);
        assert!(again.stdout.contains("  0  log files read\n"), "{}", again.stdout);
        place.deliver(std::slice::from_ref(late));
        let third = place.ingest(&[]).expect_status(0);
        assert!(third.stdout.contains("  1  log files read\n"), "{}", third.stdout);
        let whole = Place::in_folders();
        whole.deliver(&logs);
        whole.ingest(&[]);
        let ids = |place: &Place| place.sql("select event_id, event_time, event_name from events order by event_id");
        assert_eq!(ids(&place), ids(&whole));
    }
}

#[test]
fn audited_files_are_read_again_when_all_events_are_asked_for() {
    let place = Place::in_folders();
    place.deliver(&story().files);
    place.ingest(&[]).expect_status(2);
    let audited = place.events().len();
    place.ingest(&["--events", "all"]).expect_status(2);
    let counts = "select count(*) as n, count(distinct event_id) as ids from events";
    let all = &place.sql(counts)[0];
    assert!(number(all, "n") > 10 * i64::try_from(audited).expect("a count"));
    assert_eq!(number(all, "n"), number(all, "ids"));
    // What is there for all events is there for the audit too.
    let again = place.ingest(&["--events", "audit"]).expect_status(0);
    assert!(again.stdout.contains("  0  log files read\n"), "{}", again.stdout);
}

#[test]
fn the_number_of_workers_never_changes_the_rows() {
    let story = story();
    let rows_of = |workers: &str, memory: &str| {
        let place = Place::in_folders();
        place.deliver(&story.files);
        place.ingest(&["--workers", workers, "--memory", memory, "--events", "all"]);
        let mut rows = place.events();
        // The only difference between two folders is their name.
        for row in &mut rows {
            let below = text(row, "log_file").replace(&place.source(), "");
            row.insert("log_file".to_owned(), below.into());
        }
        rows
    };
    let one = rows_of("1", "512MiB");
    assert!(!one.is_empty());
    assert_eq!(one, rows_of("4", "1GiB"));
    assert_eq!(one, rows_of("3", "64MiB"));
}

#[test]
fn a_selection_reads_only_what_can_hold_the_events() {
    for place in both() {
        place.deliver(&story().files);
        let ingest = place.ingest(&["--regions", "us-east-1", "--from", "2026-02-09", "--to", "2026-02-10"]);
        assert!(ingest.stdout.contains("not selected"), "{}", ingest.stdout);
        let files = place.sql("select distinct aws_region, delivered_at from log_files order by delivered_at");
        assert!(!files.is_empty());
        for file in files {
            let delivered = text(&file, "delivered_at");
            assert_eq!(text(&file, "aws_region"), "us-east-1");
            assert!(("2026-02-09".."2026-02-13").contains(&delivered), "{delivered}");
        }
    }
}

/// A later record may correct an earlier one, naming it in its addendum; only the later one counts.
#[test]
fn a_corrected_record_is_replaced_by_its_correction() {
    use analytics::trail::log_file::{Layout, log_file};
    use analytics::trail::record::bedrock::{JobRequest, create_model_customization_job};
    use analytics::trail::{Caller, Place as Where};

    let here = Where::new("111122223333", "eu-west-1");
    let caller = Caller::user("111122223333", "anna");
    let at: chrono::DateTime<chrono::Utc> = "2026-03-04T05:00:00Z".parse().expect("a time");
    let request = JobRequest {
        name: "corrected".into(),
        base_model: "amazon.titan-text-express-v1:0:8k".into(),
        training_data: "s3://data/a.jsonl".into(),
        role: "training".into(),
        vpc: None,
        id: "abcdefghijkl".into(),
    };
    let wrong = create_model_customization_job(&here, &caller, at, &request);
    let vpc =
        serde_json::json!({"subnetIds": ["subnet-0123456789abcdef0"], "securityGroupIds": ["sg-0123456789abcdef0"]});
    let mut parameters = wrong.0["requestParameters"].clone();
    parameters["vpcConfig"] = vpc;
    let addendum = serde_json::json!({
        "reason": "UPDATED_DATA", "updatedFields": "requestParameters", "originalEventID": wrong.event_id(),
    });
    let correction = wrong.clone().with("requestParameters", parameters).with("addendum", addendum);
    let correction = correction.with("eventID", "11111111-2222-4333-8444-555555555555".into());
    let place = Place::in_folders();
    place.deliver(&[log_file(&Layout::Plain, &here, at, "correctedcorrect", &[wrong, correction])]);
    place.ingest(&[]).expect_status(0);
    let jobs = place.sql("select vpc_config_state, event_id from jobs order by event_id");
    assert_eq!(jobs.len(), 1);
    assert_eq!(text(&jobs[0], "vpc_config_state"), "present");
}
