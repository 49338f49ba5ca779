//! What is too large, too deep, too many or strangely named: within the memory setting, by name, and without a panic.
//! The sizes that take minutes are ignored: `cargo test -p end-to-end --test main limits -- --ignored`.

use std::io::Write;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use end_to_end::dice::Dice;
use end_to_end::program::Outcome;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::place::{Place, number, text};

const FOLDER: &str = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/04";

fn folder(place: &Place) -> PathBuf {
    let folder = place.trail_folder().join(FOLDER);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// A log file made piece by piece, so that the test holds none of it whole.
fn write_log_file(path: &Path, pieces: impl IntoIterator<Item = impl AsRef<[u8]>>) {
    let mut encoder = GzEncoder::new(std::fs::File::create(path).expect("a file"), Compression::default());
    for piece in pieces {
        encoder.write_all(piece.as_ref()).expect("a temporary folder can be written to");
    }
    encoder.finish().expect("a temporary folder can be written to");
}

fn record(id: &str, source: &str, name: &str, parameters: &str) -> String {
    format!(
        r#"{{"eventVersion":"1.11","eventTime":"2026-03-04T05:06:07Z","eventSource":"{source}","awsRegion":"eu-west-1","recipientAccountId":"111122223333","eventName":"{name}","requestParameters":{parameters},"eventID":"{id}"}}"#
    )
}

fn job(id: &str, parameters: &str) -> String {
    record(id, "bedrock.amazonaws.com", "CreateModelCustomizationJob", parameters)
}

#[track_caller]
fn assert_no_panic(outcome: &Outcome, what: &str) {
    assert!([0, 1, 2, 3].contains(&outcome.status), "{what}: {} {}", outcome.status, outcome.stderr);
    assert!(!outcome.stderr.contains("panicked"), "{what}: {}", outcome.stderr);
}

#[test]
fn deep_nesting_is_kept_and_leads_to_no_verdict() {
    let place = Place::in_folders();
    let deep = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    let records = [
        job("flat", "{}"),
        job("objects", &deep(2_000)),
        job("arrays", &format!("{}{}", "[".repeat(2_000), "]".repeat(2_000))),
        job("abyss", &deep(100_000)),
        record("rules", "ec2.amazonaws.com", "AuthorizeSecurityGroupIngress", &deep(2_000)),
        record("groups", "ec2.amazonaws.com", "DeleteSecurityGroup", &deep(2_000)),
    ];
    let document = format!(r#"{{"Records":[{}]}}"#, records.join(","));
    write_log_file(&folder(&place).join("deep.json.gz"), [&document]);
    let ingest = place.ingest(&[]).expect_status(0);
    assert!(ingest.stdout.contains("   6  kept\n"), "{}", ingest.stdout);
    let lake = place.lake();
    for args in
        [vec!["rebuild", "--lake", &lake], vec!["audit", "--lake", &lake], vec!["explain", "x", "--lake", &lake]]
    {
        assert_no_panic(&place.program().args(args.clone()).run(), &format!("{args:?}"));
    }
    let (_, verdicts) = place.last_verdicts();
    assert!(verdicts.iter().all(|row| text(row, "verdict") != "Compliant"), "{verdicts:?}");
}

#[test]
fn strange_names_are_read_shown_and_lead_nowhere() {
    let place = Place::in_folders();
    let folder = folder(&place);
    let names = [
        "line\nbreak",
        "esc\u{1b}[2J",
        ".",
        "a..b",
        "%2e%2e%2fescape",
        "%00",
        "quote'\"",
        "rtl\u{202e}zg",
        "tab\t",
        "part#1",
        " space ",
        "back\\slash",
        "$(id)",
        "-rf",
        "*",
        "\u{feff}bom",
    ];
    for (at, name) in names.iter().enumerate() {
        let document = format!(r#"{{"Records":[{}]}}"#, job(&format!("{at:02}"), "{}"));
        write_log_file(&folder.join(format!("{name}.json.gz")), [document]);
    }
    let not_utf8 = std::ffi::OsString::from_vec(b"\xff\xfe.json.gz".to_vec());
    write_log_file(&folder.join(not_utf8), [r#"{"Records":[]}"#]);
    let ingest = place.ingest(&[]).expect_status(0);
    assert!(ingest.stdout.contains(&format!("   {}  log files read\n", names.len())), "{}", ingest.stdout);
    assert!(ingest.stdout.contains("  1  passed over: names that are not UTF-8\n"), "{}", ingest.stdout);
    assert!(ingest.stderr.contains("was passed over, as are all names that are not UTF-8"), "{}", ingest.stderr);
    let cited = place.sql("select event_id, log_file from events order by event_id");
    for (row, name) in cited.iter().zip(names) {
        assert!(text(row, "log_file").ends_with(&format!("/{name}.json.gz")), "{row:?}");
    }
    let table =
        place.program().args(["query", "--sql", "select log_file from log_files", "--lake", &place.lake()]).run();
    let table = table.expect_status(0).stdout;
    assert!(!table.contains(['\u{1b}', '\u{202e}', '\t', '\u{feff}']) && table.contains("rtl\\u{202e}zg"), "{table}");
    assert_eq!(table.lines().count(), 1 + names.len(), "a name takes one line: {table}");
    place.ingest(&[]).expect_status(0);
    assert_eq!(place.events().len(), names.len(), "each is known again by its name");
}

fn tiny_objects(count: usize) {
    let place = Place::in_folders();
    let folder = folder(&place);
    for at in 0..count {
        let document = format!(r#"{{"Records":[{}]}}"#, job(&format!("{at:06}"), "{}"));
        std::fs::write(folder.join(format!("{at:06}.json")), document).expect("a file");
    }
    place.ingest(&["--memory", "64MiB"]).expect_status(0);
    let counts = place
        .sql("select count(*) as n, count(distinct event_id) as ids, count(distinct log_file) as files from events");
    let count = i64::try_from(count).expect("a small number");
    assert_eq!(["n", "ids", "files"].map(|name| number(&counts[0], name)), [count; 3]);
}

#[test]
fn many_tiny_objects_are_few_parts() {
    tiny_objects(3_000);
}

#[ignore = "takes minutes: cargo test -p end-to-end --test main limits -- --ignored"]
#[test]
fn a_hundred_thousand_tiny_objects_are_read() {
    tiny_objects(100_000);
}

fn tiny_records(count: usize) {
    let place = Place::in_folders();
    let (chunk, chunks) = ("{},".repeat(10_000), count / 10_000);
    let pieces = std::iter::once(r#"{"Records":["#).chain((0..chunks).map(|_| chunk.as_str())).chain(["{}]}"]);
    write_log_file(&folder(&place).join("tiny.json.gz"), pieces);
    let ingest = place.ingest(&["--events", "all", "--memory", "64MiB"]).expect_status(2);
    assert!(ingest.stderr.lines().count() < 30, "{}", ingest.stderr);
    let set_aside = place.sql("select count(*) as n from set_aside");
    assert_eq!(number(&set_aside[0], "n"), i64::try_from(count + 1).expect("a number"));
}

#[test]
fn a_file_of_a_great_many_records_is_read_within_the_memory_setting() {
    tiny_records(100_000);
}

#[ignore = "takes minutes: cargo test -p end-to-end --test main limits -- --ignored"]
#[test]
fn a_file_of_ten_million_records_is_read_within_the_memory_setting() {
    tiny_records(10_000_000);
}

/// A document that is one record of so many MiB, beside a file that is read.
fn one_record(mebibytes: usize) {
    let place = Place::in_folders();
    let folder = folder(&place);
    let chunk = "x".repeat(1 << 20);
    let pieces =
        std::iter::once(r#"{"Records":[{"eventID":""#).chain((0..mebibytes).map(|_| chunk.as_str())).chain([r#""}]}"#]);
    write_log_file(&folder.join("huge.json.gz"), pieces);
    write_log_file(&folder.join("sound.json.gz"), [format!(r#"{{"Records":[{}]}}"#, job("sound", "{}"))]);
    let ingest = place.ingest(&["--memory", "64MiB"]).expect_status(2);
    assert!(ingest.stderr.contains("huge.json.gz record 0 is longer than"), "{}", ingest.stderr);
    assert_eq!(place.events().len(), 1);
}

#[test]
fn a_record_of_200_mebibytes_is_set_aside_and_its_neighbour_is_read() {
    one_record(200);
}

#[ignore = "takes minutes: cargo test -p end-to-end --test main limits -- --ignored"]
#[test]
fn a_record_of_a_gibibyte_is_set_aside_and_its_neighbour_is_read() {
    one_record(1 << 10);
}

#[ignore = "takes minutes: cargo test -p end-to-end --test main limits -- --ignored"]
#[test]
fn a_file_that_expands_beyond_eight_gibibytes_is_set_aside() {
    let place = Place::in_folders();
    let chunk = format!("{{\"eventID\":\"{}\"}},", "x".repeat(1 << 16)).repeat(16);
    let pieces = std::iter::once(r#"{"Records":["#).chain((0..8_300).map(|_| chunk.as_str())).chain(["{}]}"]);
    write_log_file(&folder(&place).join("bomb.json.gz"), pieces);
    let ingest = place.ingest(&["--memory", "64MiB"]).expect_status(2);
    assert!(ingest.stderr.contains("bomb.json.gz decompresses to more than 8589934592 bytes"), "{}", ingest.stderr);
    assert_eq!(place.query("set_aside", &[]).len(), 1, "none of its records counts");
}

/// The Parquet files of a table of the lake.
fn parts(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of the lake") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// What somebody may put in a part's place.
fn hostile_parts(sound: &[u8], other: &[u8], dice: &mut Dice) -> Vec<Vec<u8>> {
    let footer = |length: usize| {
        let mut bytes = sound.to_vec();
        let at = bytes.len() - 8;
        bytes[at..at + 4].copy_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
        bytes
    };
    let mut hostile = vec![
        Vec::new(),
        b"PAR1".to_vec(),
        b"PAR1PAR1".to_vec(),
        [b"PAR1".as_slice(), &[0xff; 37], b"PAR1"].concat(),
        b"event_id,event_name\n1,DeleteVpc\n".to_vec(),
        sound[..sound.len() / 2].to_vec(),
        footer(0),
        footer(sound.len()),
        footer(usize::MAX),
        other.to_vec(),
    ];
    let length = sound.len();
    for _ in 0..3 {
        let mut flipped = sound.to_vec();
        for _ in 0..=dice.below(6) {
            // The footer is at the end: what it says of sizes and places is what misleads a reader.
            let at = length - 9 - dice.below(length.min(600) - 9);
            flipped[at] = u8::try_from(dice.below(256)).expect("a byte");
        }
        hostile.push(flipped);
    }
    hostile
}

/// A library may panic over such a file: that ends in a message and an exit code, too.
#[track_caller]
fn assert_refused_or_answered(outcome: &Outcome, what: &str) {
    assert!([0, 1, 2, 3].contains(&outcome.status), "{what}: {} {}", outcome.status, outcome.stderr);
    let mut lines = outcome.stderr.lines();
    let is_told = lines.any(|line| line.starts_with("bedrock-audit: failed to "));
    assert!(outcome.status != 3 || is_told, "{what}: {}", outcome.stderr);
    assert!(
        !outcome.stderr.contains("panicked") || outcome.stderr.contains("restore an earlier version"),
        "{what}: {}",
        outcome.stderr
    );
}

#[test]
fn hostile_parquet_files_end_in_a_message() {
    let seed = 20_260_304;
    let mut dice = Dice::new(seed);
    let place = Place::told();
    place.events();
    let other = std::fs::read(&parts(&place.lake_folder().join("history/vpcs"))[0]).expect("a part");
    // What misleads a reader by its form does so in every table; the ledger is read by ingest, too.
    for (table, sql, from) in [("log_files", "select * from log_files", 0), ("events", "select * from event_copies", 5)]
    {
        let victim = parts(&place.lake_folder().join(table)).remove(0);
        let sound = std::fs::read(&victim).expect("a part");
        for (at, hostile) in hostile_parts(&sound, &other, &mut dice).iter().enumerate().skip(from) {
            std::fs::write(&victim, hostile).expect("a part can be overwritten");
            let args = ["query", "--sql", sql, "--lake", &place.lake(), "--memory", "64MiB", "--output", "ndjson"];
            let query = place.program().args(args).run();
            assert_refused_or_answered(&query, &format!("{table} {at} of seed {seed}"));
            // A file of another schema has none of the columns, and may pass for one of nulls.
            assert!(query.status == 3 || at >= 9, "{table} {at}: {}", query.stdout);
            if table == "log_files" && at < 10 {
                let ingest = place.ingest(&[]);
                assert_eq!(ingest.status, 3, "{at}: {}", ingest.stderr);
                assert!(ingest.stderr.contains("ingest again into a new lake"), "{at}: {}", ingest.stderr);
                assert!(!ingest.stderr.contains("panicked"), "{at}: {}", ingest.stderr);
            }
        }
        std::fs::write(&victim, &sound).expect("a part can be overwritten");
    }
    assert_eq!(place.last_verdicts().0, 1, "the lake is as it was");
}

#[test]
fn sql_ends_at_the_memory_setting_and_reads_no_files() {
    let place = Place::told();
    let run = |sql: &str| {
        let args = ["query", "--memory", "64MiB", "--lake", &place.lake(), "--output", "ndjson", "--sql", sql];
        place.program().args(args).run()
    };
    for (sql, expected) in [
        ("select * from generate_series(1, 1000000000)", "takes more than 67108864 bytes; narrow it"),
        ("select repeat(repeat('x', 100000), 100000)", "string size overflow"),
        (
            "select a.value, b.value, c.value from generate_series(1, 3000) a cross join generate_series(1, 3000) b cross join \
             generate_series(1, 3000) c",
            "",
        ),
        ("select * from 'file:///etc/hostname'", "not found"),
        ("select * from \"lake://lake/../outside.csv\"", "not found"),
        ("select * from read_csv('/etc/hostname')", "not found"),
        ("select * from read_parquet('/etc/hostname')", "not found"),
        ("call anything()", "not implemented"),
        ("execute p", "not supported"),
    ] {
        let refused = run(sql).expect_status(3);
        assert!(refused.stderr.contains(expected) && !refused.stderr.contains("panicked"), "{sql}: {}", refused.stderr);
        assert_eq!(refused.stdout, "", "{sql}");
    }
    assert_eq!(run("select count(*) as n from generate_series(1, 1000000)").expect_status(0).rows().len(), 1);
}

#[test]
fn a_pack_that_is_larger_than_the_memory_setting_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["manifest.json", "one", "two", "three"] {
        let file = std::fs::File::create(folder.path().join(name)).expect("a file");
        file.set_len(30 << 20).expect("a sparse file");
    }
    let verify = ["verify", &folder.path().display().to_string(), "--memory", "64MiB"];
    let refused = crate::place::program().args(verify).run().expect_status(3);
    assert!(refused.stderr.contains("more than the 67108864 bytes"), "{}", refused.stderr);
    assert!(refused.stderr.contains("give more with --memory"), "{}", refused.stderr);
}
