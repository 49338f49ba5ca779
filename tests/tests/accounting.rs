//! Nothing is lost silently: whatever a file or record looks like, it is counted, named, and shown in the exit code.

use std::io::Write;

use analytics::trail::Place as Where;
use analytics::trail::log_file::{Layout, LogFile, log_file, multi_member};
use analytics::trail::noise::noise;
use analytics::trail::record::Record;
use flate2::Compression;
use flate2::write::GzEncoder;
use schemas::control::ControlId;

use crate::place::{Place, Row, number, text};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("writing to memory");
    encoder.finish().expect("writing to memory")
}

fn at() -> chrono::DateTime<chrono::Utc> {
    "2026-03-04T05:00:00Z".parse().expect("a time")
}

fn here() -> Where {
    Where::new("111122223333", "eu-west-1")
}

fn some_records() -> Vec<Record> {
    noise(&here(), at(), 20, 7)
}

fn named(name: &str, bytes: Vec<u8>) -> LogFile {
    LogFile { key: format!("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/04/{name}"), bytes }
}

#[test]
fn every_kind_of_bad_file_is_set_aside_by_name_and_the_rest_goes_on() {
    let whole = log_file(&Layout::Plain, &here(), at(), "goodgoodgoodgood", &some_records());
    let document = br#"{"Records":[{"eventVersion":"1.08"}]}"#;
    let bomb = gzip(&[b"{\"Records\":[\"".as_slice(), &vec![b'x'; 64 << 20], b"\"]}"].concat());
    let bad = [
        ("truncated_gzip", whole.bytes[..whole.bytes.len() / 2].to_vec(), "bad_gzip"),
        ("flipped_checksum", [&whole.bytes[..whole.bytes.len() - 8], &[0; 8]].concat(), "bad_gzip"),
        ("not_gzip", document.to_vec(), "not_gzip"),
        ("zero_bytes", Vec::new(), "empty"),
        ("empty_document", gzip(b""), "empty"),
        ("not_json", gzip(b"<html>not here</html>"), "not_json"),
        ("truncated_json", gzip(br#"{"Records":[{"eventVersion":"#), "truncated"),
        ("digest_in_disguise", gzip(br#"{"awsAccountId":"1","logFiles":[]}"#), "not_cloudtrail"),
        ("json_lines", gzip(b"{\"eventVersion\":\"1.08\"}\n{\"eventVersion\":\"1.08\"}\n"), "json_lines"),
        ("bomb", bomb, "record_too_long"),
    ];
    let place = Place::in_folders();
    place.deliver(std::slice::from_ref(&whole));
    place.deliver(&bad.clone().map(|(name, bytes, _)| named(&format!("{name}.json.gz"), bytes)));
    place.deliver(&[named("notes.txt", b"hello".to_vec())]);
    let ingest = place.ingest(&["--events", "all"]).expect_status(2);
    assert!(ingest.stdout.contains("objects listed: 12\n"), "{}", ingest.stdout);
    assert!(
        ingest.stdout.contains("   1  log files read\n") && ingest.stdout.contains("  20  kept\n"),
        "{}",
        ingest.stdout
    );
    let set_aside = place.query("set_aside", &[]);
    for (name, _, reason) in &bad {
        assert!(ingest.stderr.contains(name), "{name} is named: {}", ingest.stderr);
        let row = set_aside.iter().find(|row| text(row, "log_file").contains(name)).expect(name);
        assert_eq!((text(row, "reason"), row["record_index"].is_null()), (*reason, true), "{row:?}");
    }
    assert_eq!(set_aside.len(), bad.len());
    let (status, _) = place.last_verdicts();
    assert_eq!(status, 2, "an audit over files that were set aside cannot be clean");
}

#[test]
fn every_kind_of_bad_record_is_set_aside_and_its_neighbours_stay() {
    let good: Vec<String> = some_records().iter().map(Record::to_json).collect();
    let sound = &good[0];
    let without = |member: &str| some_records()[1].clone().without(member).to_json();
    let bad = [
        (without("eventID"), "missing_member"),
        (without("eventTime"), "missing_member"),
        (without("eventName"), "missing_member"),
        (some_records()[2].clone().with("eventTime", "2026-02-30T00:00:00Z".into()).to_json(), "bad_event_time"),
        ("null".to_owned(), "not_an_object"),
        ("[1]".to_owned(), "not_an_object"),
        (r#"{"eventID" 17}"#.to_owned(), "not_an_object"),
    ];
    let records: Vec<String> = bad.iter().map(|(record, _)| record.clone()).chain([sound.clone()]).collect();
    let mut document = format!(r#"{{"Records":[{}"#, records.join(",")).into_bytes();
    document.extend_from_slice(b",{\"eventID\":\"\xff\xfe\"}]}");
    let place = Place::in_folders();
    place.deliver(&[named("a.json.gz", gzip(&document))]);
    let ingest = place.ingest(&["--events", "all"]).expect_status(2);
    assert!(
        ingest.stdout.contains("records read: 9\n") && ingest.stdout.contains("   8  set aside\n"),
        "{}",
        ingest.stdout
    );
    let set_aside = place.query("set_aside", &[]);
    let reasons: Vec<&str> = set_aside.iter().map(|row| text(row, "reason")).collect();
    assert_eq!(reasons, bad.iter().map(|(_, reason)| *reason).chain(["not_utf8"]).collect::<Vec<_>>());
    assert_eq!(set_aside.iter().map(|row| number(row, "record_index")).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6, 8]);
    assert!(!text(&set_aside[3], "event_id").is_empty(), "a record that has an eventID is named by it");
    assert!(ingest.stderr.contains("a.json.gz record 3 (eventID "), "{}", ingest.stderr);
    assert_eq!(place.events().len(), 1);
}

#[test]
fn layouts_members_and_plain_json_give_the_same_events() {
    let records = some_records();
    let layouts = [
        Layout::Plain,
        Layout::Organization("o-abcdefghij".to_owned()),
        Layout::Prefixed("a/b".to_owned()),
        Layout::Flat,
    ];
    let mut files: Vec<LogFile> =
        layouts.iter().map(|layout| log_file(layout, &here(), at(), "abcdefghijklmnop", &records)).collect();
    files.push(multi_member(&Layout::Plain, &here(), at(), "multimembermulti", &records));
    let texts: Vec<String> = records.iter().map(Record::to_json).collect();
    files.push(named("plain.json", format!("{{\"Records\": [\n{}\n]}}\n", texts.join(",\n")).into_bytes()));
    let mut expected = None;
    for file in &files {
        let place = Place::in_folders();
        place.deliver(std::slice::from_ref(file));
        place.ingest(&["--events", "all"]).expect_status(0);
        let ids = place.sql("select event_id, request_parameters, record_index from events order by event_id");
        assert_eq!(ids.len(), 20, "{}", file.key);
        assert_eq!(expected.get_or_insert(ids.clone()), &ids, "{}", file.key);
    }
    // All of them together are the same events once.
    let place = Place::in_folders();
    place.deliver(&files);
    let ingest = place.ingest(&["--events", "all"]).expect_status(0);
    assert!(ingest.stdout.contains("records read: 120\n"), "{}", ingest.stdout);
    let count = place.sql("select count(*) as n, count(distinct event_id) as ids from events");
    assert_eq!((number(&count[0], "n"), number(&count[0], "ids")), (20, 20));
}

#[test]
fn event_names_in_disguise_are_found_and_look_alikes_are_not() {
    let deletion = |id: &str, from: &str, to: &str| {
        format!(
            r#"{{"eventVersion":"1.11","eventTime":"2026-03-04T05:06:07Z","eventSource":"ec2.amazonaws.com","awsRegion":"eu-west-1","recipientAccountId":"111122223333","eventName":"DeleteVpc","requestParameters":{{"vpcId":"vpc-1"}},"eventID":"{id}"}}"#
        )
        .replace(from, to)
    };
    let found = [
        deletion("name", "\"DeleteVpc\"", "\"Delete\\u0056pc\""),
        deletion("key", "\"eventName\":", "\"event\\u004eame\" : "),
        deletion("decoy", "\"vpcId\":\"vpc-1\"", "\"eventName\":\"Decrypt\""),
        deletion("twice", "\"eventName\":", "\"eventName\":\"Decrypt\",\"eventName\":"),
        deletion("space", "\"eventName\":\"", "\"eventName\" \n\t:  \""),
    ];
    let not_found = [
        deletion("other-source", "ec2.amazonaws.com", "kms.amazonaws.com"),
        deletion(
            "nested",
            "\"DeleteVpc\",\"requestParameters\":{",
            "\"Decrypt\",\"requestParameters\":{\"eventName\":\"DeleteVpc\",",
        ),
        deletion(
            "in-text",
            "\"DeleteVpc\",\"requestParameters\":{",
            "\"Decrypt\",\"requestParameters\":{\"p\":\"{\\\"eventName\\\":\\\"DeleteVpc\\\"}\",",
        ),
    ];
    let document = format!(r#"{{"Records":[{}]}}"#, [found.as_slice(), &not_found].concat().join(","));
    let place = Place::in_folders();
    place.deliver(&[named("a.json.gz", gzip(document.as_bytes()))]);
    let ingest = place.ingest(&[]).expect_status(0);
    assert!(
        ingest.stdout.contains("   5  kept\n") && ingest.stdout.contains("   3  of events not asked for\n"),
        "{}",
        ingest.stdout
    );
    let ids: Vec<String> = place.events().iter().map(|row| text(row, "event_id").to_owned()).collect();
    assert_eq!(ids, ["decoy", "key", "name", "space", "twice"]);
}

#[test]
fn what_is_no_log_file_is_passed_over_and_never_waited_for() {
    let place = Place::in_folders();
    place.deliver(&[log_file(&Layout::Plain, &here(), at(), "goodgoodgoodgood", &some_records())]);
    let pipe = place.trail_folder().join("pipe.json");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    std::os::unix::fs::symlink("/etc", place.trail_folder().join("link")).expect("a link");
    let huge = std::fs::File::create(place.trail_folder().join("huge.json")).expect("a file");
    huge.set_len(3 << 30).expect("a sparse file");
    let ingest = place.ingest(&["--memory", "64MiB"]).expect_status(2);
    assert!(ingest.stdout.contains("  1  passed over: pipes, sockets and devices\n"), "{}", ingest.stdout);
    assert!(ingest.stdout.contains("  1  passed over: symbolic links\n"), "{}", ingest.stdout);
    assert!(ingest.stderr.contains("huge.json has 3221225472 bytes, more than"), "{}", ingest.stderr);
}

#[test]
fn a_million_bad_records_are_counted_not_held() {
    let document = format!("{{\"Records\":[{}]}}", vec!["{}"; 200_000].join(","));
    let place = Place::in_folders();
    place.deliver(&[named("bad.json.gz", gzip(document.as_bytes()))]);
    let ingest = place.ingest(&[]).expect_status(2);
    assert!(ingest.stdout.contains("  200,000  set aside\n"), "{}", ingest.stdout);
    assert!(ingest.stderr.lines().count() < 30 && ingest.stderr.contains("and 199980 more"), "{}", ingest.stderr);
    let count = place.sql("select count(*) as n from set_aside");
    assert_eq!(number(&count[0], "n"), 200_000);
}

#[test]
fn a_file_that_was_repaired_counts_as_read() {
    let whole = log_file(&Layout::Plain, &here(), at(), "repairrepairrepa", &some_records());
    let broken = LogFile { key: whole.key.clone(), bytes: whole.bytes[..whole.bytes.len() / 2].to_vec() };
    let place = Place::in_folders();
    place.deliver(&[broken]);
    place.ingest(&[]).expect_status(2);
    assert_eq!(place.query("set_aside", &[]).len(), 1);
    place.deliver(&[whole]);
    place.ingest(&[]).expect_status(0);
    assert_eq!(place.query("set_aside", &[]).len(), 0);
    let totals = place.query("lake_totals", &[]);
    assert_eq!((number(&totals[0], "log_files"), number(&totals[0], "log_files_set_aside")), (1, 0));
}

#[test]
fn sources_that_overlap_are_read_once() {
    let place = Place::in_folders();
    place.deliver(&[log_file(&Layout::Plain, &here(), at(), "goodgoodgoodgood", &some_records())]);
    let below = format!("{}/AWSLogs", place.source());
    let ingest = place.ingest(&[&below]).expect_status(0);
    assert!(
        ingest.stdout.contains("objects listed: 2\n") && ingest.stdout.contains("   1  log files listed twice\n"),
        "{}",
        ingest.stdout
    );
}

#[test]
fn a_citation_does_not_depend_on_how_many_runs_there_were() {
    let records = some_records();
    let organization = Layout::Organization("o-abcdefghij".to_owned());
    let next_day = at() + chrono::TimeDelta::days(1);
    let files = [
        log_file(&organization, &here(), at(), "firstfirstfirstf", &records),
        log_file(&Layout::Plain, &here(), next_day, "secondsecondseco", &records),
    ];
    let once = Place::in_folders();
    once.deliver(&files);
    once.ingest(&["--events", "all"]).expect_status(0);
    let twice = Place::in_folders();
    for file in &files {
        twice.deliver(std::slice::from_ref(file));
        twice.ingest(&["--events", "all"]).expect_status(0);
    }
    let cited = |place: &Place| -> Vec<String> {
        let rows = place.sql("select event_id, log_file from events order by event_id");
        rows.iter().map(|row| text(row, "log_file").replace(&place.source(), "")).collect()
    };
    assert_eq!(cited(&once), cited(&twice));
}

#[test]
fn every_run_leaves_its_account_in_the_lake() {
    let place = Place::in_folders();
    let broken =
        named("111122223333_CloudTrail_eu-west-1_20260304T0505Z_brokenbrokenbrok.json.gz", b"no gzip".to_vec());
    place.deliver(&[log_file(&Layout::Plain, &here(), at(), "goodgoodgoodgood", &some_records()), broken]);
    place.ingest(&["--events", "all"]).expect_status(2);
    place.ingest(&[]).expect_status(0);
    let runs = place.sql("select * from ingest_runs order by objects_listed - already_ingested desc, run");
    let counts = |row: &Row| {
        ["objects_listed", "already_ingested", "log_files_read", "log_files_set_aside", "records_read", "records_kept"]
            .map(|name| number(row, name))
    };
    assert_eq!(runs.iter().map(counts).collect::<Vec<_>>(), [[2, 0, 1, 1, 20, 20], [2, 2, 0, 0, 0, 0]]);
    for run in &runs {
        assert_eq!((text(run, "sources"), run["adds_up"].as_bool()), (place.source().as_str(), Some(true)));
    }
}

#[test]
fn nobody_elses_files_are_removed() {
    let place = Place::in_folders();
    place.deliver(&[log_file(&Layout::Plain, &here(), at(), "goodgoodgoodgood", &some_records())]);
    let others = [
        "events/x/sales.parquet",
        "history/prices/2024.parquet",
        "history/jobs.parquet",
        "set_aside/mine.parquet",
        "ingest_runs/mine.parquet",
    ];
    for other in others {
        let path = place.lake_folder().join(other);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, "not ours").expect("a file");
    }
    place.ingest(&["--orphan-age", "0s", "--events", "all"]).expect_status(0);
    assert_eq!(place.events().len(), 20);
    assert_eq!(place.sql("select run from ingest_runs").len(), 1);
    for other in others {
        assert!(place.lake_folder().join(other).exists(), "{other}");
    }
}

/// An audit that runs while parts are committed sees one state of the lake, never a history that belongs to none.
#[test]
fn an_audit_during_an_ingest_sees_one_state() {
    let story = analytics::trail::story::story();
    let place = Place::in_folders();
    place.deliver(&story.files);
    place.ingest(&[]).expect_status(2);
    let busy = Place::in_folders();
    std::thread::scope(|scope| {
        let more = scope.spawn(|| {
            for n in 0..12 {
                let records = noise(&here(), at(), 5, n);
                busy.deliver(&[log_file(&Layout::Plain, &here(), at(), &format!("busybusy{n:08}"), &records)]);
                let source = busy.source();
                place.program().args(["ingest", &source, "--lake", &place.lake()]).run().expect_status(0);
            }
        });
        while !more.is_finished() {
            let audit = place.program().args(["audit", "--lake", &place.lake(), "--output", "ndjson"]).run();
            assert_eq!(
                (audit.status, audit.rows().len()),
                (1, story.jobs.len() * ControlId::IN_HISTORY.len()),
                "{}",
                audit.stderr
            );
        }
    });
}
