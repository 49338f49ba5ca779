//! What only S3 does: pages, throttling, broken connections, refusals.

use analytics::trail::Place as Where;
use analytics::trail::log_file::{Layout, log_file};
use analytics::trail::noise::noise;
use analytics::trail::story::story;
use end_to_end::s3_server::Faults;
use schemas::control::ControlId;

use crate::place::{Place, number, program};

fn deliver_pages(place: &Place, files: u32) {
    let here = Where::new("111122223333", "eu-west-1");
    let at: chrono::DateTime<chrono::Utc> = "2026-03-01T00:00:00Z".parse().expect("a time");
    let records = noise(&here, at, 2, 1);
    let files: Vec<_> = (0..files)
        .map(|n| {
            let at = at + chrono::TimeDelta::minutes(i64::from(n) * 5);
            log_file(&Layout::Plain, &here, at, &format!("page{n:012}"), &records)
        })
        .collect();
    place.deliver(&files);
}

#[test]
fn listings_of_many_pages_are_read_to_their_end_and_split_by_prefix() {
    let place = Place::in_s3(Faults::default());
    deliver_pages(&place, 2_500);
    let ingest = place.ingest(&["--events", "all"]).expect_status(0);
    assert!(
        ingest.stdout.contains("objects listed: 2,500\n") && ingest.stdout.contains("  2,500  log files read\n"),
        "{}",
        ingest.stdout
    );
    let listed: Vec<String> = place
        .server()
        .requests()
        .iter()
        .filter(|seen| seen.query.contains("list-type=2"))
        .map(|seen| seen.query.clone())
        .collect();
    assert!(
        listed.iter().any(|query| query.contains("prefix=AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/02/")),
        "{listed:?}"
    );
    let count = place.sql("select count(*) as files, sum(records) as records from log_files");
    assert_eq!((number(&count[0], "files"), number(&count[0], "records")), (2_500, 5_000));
}

/// A bucket with a default retention refuses an upload without a checksum (S3 API Reference, "PutObject").
#[test]
fn every_part_of_a_lake_is_sent_with_its_checksum() {
    let place = Place::in_s3(Faults::default());
    place.deliver(&story().files);
    place.ingest(&[]).expect_status(2);
    place.last_verdicts();
    let puts: Vec<_> = place
        .server()
        .requests()
        .into_iter()
        .filter(|seen| seen.method == "PUT" && seen.path.ends_with(".parquet"))
        .collect();
    assert!(
        puts.iter().any(|put| put.path.contains("/history/")) && puts.iter().any(|put| put.path.contains("/events/"))
    );
    let bare: Vec<_> = puts.iter().filter(|put| put.checksum.is_none()).map(|put| &put.path).collect();
    assert!(bare.is_empty(), "{bare:?}");
}

#[test]
fn a_flat_prefix_of_many_pages_is_read_to_its_end() {
    let place = Place::in_s3(Faults::default());
    let here = Where::new("111122223333", "eu-west-1");
    let at: chrono::DateTime<chrono::Utc> = "2026-03-01T00:00:00Z".parse().expect("a time");
    let records = noise(&here, at, 1, 1);
    let files: Vec<_> =
        (0..1_200).map(|n| log_file(&Layout::Flat, &here, at, &format!("flat{n:012}"), &records)).collect();
    place.deliver(&files);
    let ingest = place.ingest(&["--events", "all"]).expect_status(0);
    assert!(ingest.stdout.contains("  1,200  log files read\n"), "{}", ingest.stdout);
}

#[test]
fn throttling_and_broken_connections_are_outlived() {
    let faults = [
        Faults { slow_down_every: Some(7), ..Faults::default() },
        Faults { drop_connection_every: Some(9), ..Faults::default() },
    ];
    for faults in faults {
        let place = Place::in_s3(faults);
        place.deliver(&story().files);
        let ingest = place.ingest(&["--events", "all"]).expect_status(2);
        assert!(ingest.stdout.contains("  90  log files read\n"), "{faults:?}\n{}\n{}", ingest.stdout, ingest.stderr);
        let (_, verdicts) = place.last_verdicts();
        assert_eq!(verdicts.len(), story().jobs.len() * ControlId::IN_HISTORY.len());
    }
}

#[test]
fn a_server_that_never_answers_well_is_an_error_that_names_the_bucket() {
    let place = Place::in_s3(Faults { slow_down_every: Some(1), ..Faults::default() });
    place.deliver(&story().files);
    let lake = tempfile::tempdir().expect("a temporary folder");
    let lake = lake.path().display().to_string();
    let ingest = place
        .program()
        .env("AWS_MAX_ATTEMPTS", "2")
        .args(["ingest", &place.source(), "--lake", &lake])
        .run()
        .expect_status(3);
    assert!(ingest.stderr.contains("failed to list s3://trail-bucket/"), "{}", ingest.stderr);
    assert!(ingest.stderr.contains("SlowDown") && ingest.stderr.contains("run again"), "{}", ingest.stderr);
}

#[test]
fn objects_that_cannot_be_fetched_are_named_and_tried_again() {
    let place = Place::in_s3(Faults::default());
    let files = story().files;
    place.deliver(&files);
    // One attempt a request: what is dropped is lost for this run.
    let faulty = Place::in_s3(Faults { drop_connection_every: Some(11), ..Faults::default() });
    faulty.deliver(&files);
    let lake = tempfile::tempdir().expect("a temporary folder");
    let lake = lake.path().display().to_string();
    let args = ["ingest", &faulty.source(), "--skip-digests", "--lake", &lake];
    let first = faulty.program().env("AWS_MAX_ATTEMPTS", "1").args(args).run().expect_status(2);
    assert!(first.stdout.contains("log files unreadable this time"), "{}", first.stdout);
    assert!(
        first.stderr.contains("could not be read") && first.stderr.contains("the next run tries it again"),
        "{}",
        first.stderr
    );
    // The story's damaged file is set aside by whichever run could have it.
    let second = faulty.program().args(args).run();
    assert!([0, 2].contains(&second.status) && !second.stdout.contains("unreadable"), "{}", second.stdout);
    let third = faulty.program().args(args).run().expect_status(0);
    assert!(third.stdout.contains("passed over: digest files"), "{}", third.stdout);
    let totals =
        program().args(["query", "lake_totals", "--lake", &lake, "--output", "ndjson"]).run().expect_status(0).rows();
    assert_eq!(number(&totals[0], "log_files"), 91);
}

#[test]
fn a_missing_bucket_is_named() {
    let place = Place::in_s3(Faults::default());
    let ingest =
        place.program().args(["ingest", "s3://no-such-bucket/x", "--lake", &place.lake()]).run().expect_status(3);
    assert!(
        ingest.stderr.contains("failed to list s3://no-such-bucket/x/ (check the bucket's name)"),
        "{}",
        ingest.stderr
    );
}
