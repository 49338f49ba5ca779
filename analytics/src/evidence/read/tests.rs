use std::io::Write;

use chrono::{DateTime, NaiveDate};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use schemas::control::Verdict;
use serde_json::{Value, json};

use super::*;
use crate::evidence::cases;
use crate::evidence::line::{Json, Terms, Unread, Waiver};
use crate::trail::LogFile;
use crate::trail::evidence::{json_of, run_evidence, stop_evidence};

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).expect("writing to memory");
    encoder.finish().expect("writing to memory")
}

fn text_of(file: &LogFile) -> String {
    let mut text = String::new();
    MultiGzDecoder::new(file.bytes.as_slice()).read_to_string(&mut text).expect("gzip of text");
    text
}

fn example() -> LogFile {
    let findings = [cases::finding("a"), cases::finding("b")];
    run_evidence("rule", &cases::run(), &findings, &[cases::group_seen(&cases::group())])
}

fn read_file(file: &LogFile) -> EvidenceFile {
    read(&format!("s3://evidence/{}", file.key), "\"e\"", &file.bytes, Limits::default())
}

/// Reads other bytes under the key of the example.
fn read_bytes(bytes: &[u8], limits: Limits) -> EvidenceFile {
    read(&format!("s3://evidence/{}", example().key), "\"e\"", bytes, limits)
}

/// Reads the example after `change` to its lines.
fn read_changed(change: impl FnOnce(&mut Vec<Value>)) -> EvidenceFile {
    let mut lines: Vec<Value> =
        text_of(&example()).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    change(&mut lines);
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    read_bytes(&gzip(text.as_bytes()), Limits::default())
}

fn check_set_aside(file: &EvidenceFile, reason: &str, told: &[&str]) {
    let why = file.contents.as_ref().expect_err(reason);
    let message = why.to_string();
    assert_eq!(why.reason(), reason, "{message}");
    assert!(told.iter().all(|part| message.contains(part)), "{message}");
}

#[test]
fn every_line_is_the_run_a_finding_or_a_fact() {
    let file = read_file(&example());
    let Ok(Contents::Run { run, findings, facts }) = &file.contents else { panic!("{:?}", file.contents) };
    assert_eq!((run, file.lines), (&cases::run(), 4));
    assert_eq!(findings, &[(2, cases::finding("a")), (3, cases::finding("b"))]);
    assert_eq!(facts, &[(4, cases::group_seen(&cases::group()))]);
    assert_eq!(file.sha256.as_ref().map(String::len), Some(64));
}

#[test]
fn a_stop_has_an_object_of_its_own() {
    let at = cases::at("2026-03-01T09:30:00Z");
    let file = stop_evidence("", (cases::ACCOUNT, cases::REGION), at, cases::REQUEST, &cases::stop());
    let read = read_file(&file);
    let Ok(Contents::Stop { stop, text }) = &read.contents else { panic!("{:?}", read.contents) };
    assert_eq!((stop.as_ref(), format!("{text}\n")), (&cases::stop(), text_of(&file)));
    assert_eq!(read.key.and_then(|key| key.rule_name).as_deref(), Some("stop-unprotected-job"));
    let twice = gzip(text_of(&file).repeat(2).as_bytes());
    let name = format!("s3://evidence/{}", file.key);
    check_set_aside(&super::read(&name, "", &twice, Limits::default()), "misplaced_line", &["line 2", "one line"]);
}

#[test]
fn members_and_gzip_members_that_are_new_do_no_harm() {
    let file = read_changed(|lines| {
        lines[0]["started_by"] = json!({"who": [1]});
        lines[1]["job"]["failure_message"] = json!("no data");
        lines[1]["detail"]["value"]["timeout"] = json!(1);
        lines[3]["fact"]["value"]["rule_ids"] = json!([]);
    });
    let Ok(Contents::Run { findings, .. }) = &file.contents else { panic!("{:?}", file.contents) };
    assert_eq!(findings[0].1.job.failure_message.as_deref(), Some("no data"));
    let text = text_of(&example());
    let members: Vec<u8> = text.as_bytes().chunks(100).flat_map(gzip).collect();
    assert_eq!(read_bytes(&members, Limits::default()).contents, read_file(&example()).contents);
    let unended = gzip(text.trim_end().as_bytes());
    assert_eq!(read_bytes(&unended, Limits::default()).contents, read_file(&example()).contents);
}

#[test]
fn value_may_come_before_state() {
    let text = text_of(&example()).replace(r#""fact":{"state":"known","value":"#, r#""fact":{"value":"#);
    let text = text
        .replace("\"ml\"}}}}", "\"ml\"}},\"state\":\"known\"}}")
        .replace("\"ml\"}}}", "\"ml\"}},\"state\":\"known\"}");
    assert_eq!(read_bytes(&gzip(text.as_bytes()), Limits::default()).contents, read_file(&example()).contents);
}

#[test]
fn a_damaged_object_leaves_nothing_behind() {
    let whole = example().bytes;
    let mut flipped = whole.clone();
    let at = flipped.len() - 6;
    flipped[at] ^= 1;
    let small = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        limits
    };
    let all = Limits::default();
    for (bytes, limits, reason) in [
        (&b""[..], all, "empty"),
        (&gzip(b""), all, "empty"),
        (b"{\"record\":\"run\"}", all, "not_gzip"),
        (&whole[..whole.len() / 2], all, "bad_gzip"),
        (&whole[..whole.len() - 3], all, "bad_gzip"),
        (&flipped, all, "bad_gzip"),
        (&[&whole[..], b"trailing"].concat(), all, "bad_gzip"),
        (&whole, small(|limits| limits.object_bytes = 100), "too_large"),
        (&whole, small(|limits| limits.document_bytes = 1000), "too_large"),
        (&gzip(&vec![b'\n'; 1 << 20]), all, "bad_line"),
        (&gzip(&vec![b' '; 1 << 20]), small(|limits| limits.line_bytes = 1 << 16), "line_too_long"),
        (&gzip(b"\xff\xfe\n"), all, "bad_line"),
        (&gzip(b"[]\n"), all, "bad_line"),
        (&gzip("[".repeat(1 << 20).as_bytes()), all, "bad_line"),
    ] {
        check_set_aside(&read_bytes(bytes, limits), reason, &[]);
    }
}

#[test]
fn a_line_is_kept_up_to_its_limit() {
    let longest = text_of(&example()).lines().map(str::len).max().expect("lines") as u64;
    let with = |line_bytes| read_bytes(&example().bytes, Limits { line_bytes, ..Limits::default() });
    assert!(with(longest).contents.is_ok());
    check_set_aside(&with(longest - 1), "line_too_long", &[]);
}

#[test]
fn what_is_wrong_with_a_line_is_said() {
    type Change = fn(&mut Vec<Value>);
    let cases: [(Change, &str, &[&str]); 22] = [
        (
            |lines| lines[0]["version"] = json!(2),
            "newer_version",
            &["line 1", "version 2", "up to 1", "newer bedrock-audit"],
        ),
        (|lines| lines[0]["version"] = json!(0), "bad_line", &["version is 0"]),
        (|lines| lines[0]["version"] = json!("1"), "bad_line", &["line 1"]),
        (|lines| lines[0]["account_id"] = json!("1"), "bad_line", &["twelve digits"]),
        (|lines| lines[0]["account_id"] = json!("999999999999"), "other_place", &["999999999999", cases::ACCOUNT]),
        (|lines| lines[0]["region"] = json!("us-east-1"), "other_place", &["us-east-1", cases::REGION, "Region"]),
        (|lines| lines[0]["evaluated_at"] = json!("2026-02-30T00:00:00Z"), "bad_line", &["2026-02-30", "is no time"]),
        (|lines| lines.insert(0, json!(null)), "bad_line", &["line 1"]),
        (|lines| drop(lines.remove(0)), "misplaced_line", &["line 1", "finding", "a run or of a stop"]),
        (|lines| lines.push(lines[0].clone()), "misplaced_line", &["line 5", "run"]),
        (|lines| lines.push(json!({"record": "dance"})), "unknown_record", &["line 5", "dance", "newer"]),
        (|lines| lines.push(json!({"record": 1})), "bad_line", &["line 5"]),
        (|lines| lines[1]["verdict"] = json!("Fine"), "bad_line", &["line 2", "Fine", "NonCompliant"]),
        (|lines| lines[1]["job"]["kind"] = json!("evaluation"), "bad_line", &["evaluation", "model_import"]),
        (|lines| lines[1]["waiver"] = json!({"state": "yes"}), "bad_line", &["line 2"]),
        (|lines| drop(members(&mut lines[1]["detail"]["value"]).remove("vpc_config")), "bad_line", &["vpc_config"]),
        (|lines| drop(members(&mut lines[1]["job"]).remove("ended_at")), "bad_line", &["ended_at"]),
        (
            |lines| lines[1]["job"]["arn"] = json!("arn:aws:bedrock:eu-west-1:999999999999:model-customization-job/a"),
            "other_place",
            &["line 2", "999999999999", cases::ACCOUNT],
        ),
        (|lines| lines[1]["job"]["kind"] = json!("model_import"), "other_place", &["line 2"]),
        (|lines| lines[3]["fact"] = json!({"state": "known"}), "bad_line", &["line 4", "no value"]),
        (|lines| lines[3]["of"] = json!("sg-other"), "bad_line", &["line 4", "sg-other", cases::GROUP]),
        (
            |lines| drop(members(&mut lines[3]["fact"]["value"]).remove("egress")),
            "bad_line",
            &["line 4", "security_group", "egress"],
        ),
    ];
    for (change, reason, told) in cases {
        let file = read_changed(change);
        check_set_aside(&file, reason, told);
        let message = file.contents.expect_err(reason).to_string();
        assert!(!message.contains("at line 1"), "{message}");
    }
}

#[test]
fn a_message_is_short_however_long_the_line() {
    let long = "é".repeat(10_000);
    for (line, member) in [(1, "verdict"), (1, "waiver"), (0, "region"), (0, "evaluated_at")] {
        let file = read_changed(|lines| lines[line][member] = json!({"state": long}));
        let other = read_changed(|lines| lines[line][member] = json!(long));
        let arn = read_changed(|lines| lines[1]["job"]["arn"] = json!(long));
        for file in [file, other, arn] {
            assert!(file.contents.expect_err("set aside").to_string().len() < 1000);
        }
    }
}

fn members(value: &mut Value) -> &mut serde_json::Map<String, Value> {
    value.as_object_mut().expect("an object")
}

#[test]
fn a_hostile_key_is_set_aside_and_a_silent_one_is_not() {
    let file = example();
    let with = |name: &str| read(name, "", &file.bytes, Limits::default());
    assert!(with("copy.jsonl.gz").contents.is_ok());
    assert!(with(&file.key.replace('=', "%3D")).contents.is_ok());
    for account in ["..", "", "111122223333 ", "%00"] {
        let name = file.key.replace(cases::ACCOUNT, account);
        check_set_aside(&with(&name), "other_place", &["account"]);
    }
}

#[test]
fn nesting_counts_brackets_outside_strings() {
    for (text, expected) in
        [("", 0), ("{}", 1), (r#"{"a":["[[["]}"#, 2), (r#"{"a\"{":[]}"#, 2), ("]]]]", 0), ("[[[", 3)]
    {
        assert_eq!(nesting(text), expected, "{text}");
    }
}

fn time() -> impl Strategy<Value = DateTime<chrono::Utc>> {
    (0_i64..4_000_000_000_000).prop_map(|millis| DateTime::from_timestamp_millis(millis).expect("in range"))
}

fn waiver() -> impl Strategy<Value = Waiver> {
    let terms = (".{0,20}", ".{0,20}", 0_i32..100_000).prop_map(|(owner, reason, day)| Terms {
        owner,
        reason,
        last_day: NaiveDate::from_epoch_days(day).expect("in range"),
    });
    prop_oneof![
        Just(Waiver::No),
        terms.clone().prop_map(Waiver::Yes),
        terms.prop_map(Waiver::Expired),
        ".{0,20}".prop_map(Waiver::Malformed),
    ]
}

fn unread() -> impl Strategy<Value = Unread> {
    (".{0,10}", ".{0,10}", ".{0,10}").prop_map(|(action, resource, cause)| Unread { action, resource, cause })
}

fn finding() -> impl Strategy<Value = Finding> {
    let verdict = prop::sample::select(Verdict::ALL.to_vec());
    let said = (".{0,30}", prop::collection::vec(".{0,10}", 0..3), prop::collection::vec(unread(), 0..3));
    (verdict, said, waiver(), time(), prop::option::of(time()), prop::option::of(unread())).prop_map(
        |(verdict, (reason, resources, unread), waiver, created_at, ended_at, unreadable)| {
            let example = cases::finding("a");
            let detail = unreadable.map_or(example.detail, Fact::Unreadable);
            let job = Job { created_at, ended_at, name: reason.clone(), ..example.job };
            Finding { job, detail, verdict, reason, resources, unread, waiver, ..example }
        },
    )
}

fn looked_up() -> impl Strategy<Value = LookedUp> {
    let record = prop::sample::select(LookedUpKind::ALL[3..].to_vec());
    let of = prop_oneof![
        ".{0,20}".prop_map(|text| json_of(&text)),
        ".{0,20}".prop_map(|text| json_of(&json!({"role_arn": text, "subnet_ids": []}))),
    ];
    let fact = prop_oneof![
        Just(Fact::Absent),
        unread().prop_map(Fact::Unreadable),
        prop::collection::vec(".{0,10}", 0..3).prop_map(|texts| Fact::<Json>::Known(json_of(&texts))),
    ];
    (record, of, fact).prop_map(|(record, of, fact)| LookedUp { record, of, fact })
}

proptest! {
    #[test]
    fn what_was_written_is_read(
        at in time(),
        unread_lists in prop::collection::vec(unread(), 0..3),
        findings in prop::collection::vec(finding(), 0..4),
        facts in prop::collection::vec(looked_up(), 0..4),
    ) {
        let run = Run { evaluated_at: at, unread_lists, ..cases::run() };
        let file = read_file(&run_evidence("p/q", &run, &findings, &facts));
        let Ok(Contents::Run { run: run_read, findings: findings_read, facts: facts_read }) = file.contents else {
            panic!("{:?}", file.contents)
        };
        prop_assert_eq!(run_read, run);
        prop_assert_eq!(file.lines as usize, 1 + findings.len() + facts.len());
        prop_assert_eq!(findings_read.into_iter().map(|(_, finding)| finding).collect::<Vec<_>>(), findings);
        prop_assert_eq!(facts_read.into_iter().map(|(_, fact)| fact).collect::<Vec<_>>(), facts);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let zipped = gzip(&bytes);
        for (name, bytes) in [("a.jsonl", &bytes), ("a.jsonl.gz", &bytes), ("a.jsonl.gz", &zipped)] {
            prop_assert!(read(name, "", bytes, Limits::default()).contents.is_err());
        }
    }

    #[test]
    fn no_change_of_a_byte_panics(at in 0_usize..2000, byte in any::<u8>(), in_text in any::<bool>()) {
        let mut bytes = if in_text { text_of(&example()).into_bytes() } else { example().bytes };
        let at = at % bytes.len();
        bytes[at] = byte;
        let bytes = if in_text { gzip(&bytes) } else { bytes };
        let file = read_bytes(&bytes, Limits::default());
        let mut rows = crate::evidence::EvidenceTables::default();
        rows.add(&file);
        prop_assert_eq!(rows.files.rows(), 1);
        let counted = rows.findings.rows() + rows.facts.rows();
        let expected = if file.contents.is_ok() { file.lines - 1 } else { 0 };
        prop_assert_eq!(counted as u64, expected);
    }
}
