//! `bedrock-audit verify` over signed chains of digests, each with one planted damage, beside the AWS CLI's validator.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use analytics::trail::digest::{Delivery, DigestChain, SignedDigest, Signer, public_keys_json};
use analytics::trail::record::Record;
use analytics::trail::record::bedrock::{JobRequest, Vpc, create_model_customization_job};
use analytics::trail::{Caller, Layout, LogFile, Place, log_file, noise, stop_logging};
use chrono::{DateTime, TimeDelta, Utc};
use end_to_end::program::{Outcome, Program};
use end_to_end::s3_server::{Faults, S3Server};
use serde_json::{Value, json};

const BUCKET: &str = "trail-bucket";
const TRAIL: &str = "audit-trail";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

fn signer(name: &str) -> Signer {
    let path = crate::place::repository().join(format!("tests/fixtures/digest_key_{name}.pk8"));
    Signer::new(&std::fs::read(path).expect("a key of the repository")).expect("an RSA key")
}

/// A bucket before anything happened to it: eight hours, two log files in each, and their digests.
struct Bucket {
    logs: Vec<LogFile>,
    digests: Vec<SignedDigest>,
    keys: String,
}

fn started_at() -> DateTime<Utc> {
    at("2026-02-03T04:00:00Z")
}

fn place() -> Place {
    Place::new("111122223333", "eu-west-1")
}

/// The trail's delivery, keys and chain live as long as the tests do.
fn chain() -> DigestChain<'static> {
    static PLACE: LazyLock<Place> = LazyLock::new(place);
    let delivery = Delivery { layout: &Layout::Plain, place: &PLACE, trail: TRAIL, bucket: BUCKET };
    DigestChain::new(delivery, started_at(), 8, &KEY_A)
}

static KEY_A: LazyLock<Signer> = LazyLock::new(|| signer("a"));
static KEY_B: LazyLock<Signer> = LazyLock::new(|| signer("b"));

fn bucket(chains: &[DigestChain<'_>]) -> Bucket {
    let place = place();
    let log = |half_hour: i64| {
        let at = started_at() + TimeDelta::minutes(30 * half_hour + 7);
        log_file(&Layout::Plain, &place, at, &format!("WMiHxZgr5Hdd6U{half_hour:02}"), &noise(&place, at, 3, 1))
    };
    let logs: Vec<LogFile> = (0..16).map(log).collect();
    let digests = chains.iter().flat_map(|chain| chain.sign(&logs)).collect();
    let valid = at("2026-01-01T00:00:00Z")..at("2026-12-31T00:00:00Z");
    Bucket { logs, digests, keys: public_keys_json(&[(&KEY_A, valid.clone()), (&KEY_B, valid)]) }
}

fn whole() -> Bucket {
    bucket(&[chain()])
}

/// The bucket in S3, metadata and all.
struct Stored {
    server: S3Server,
    folder: tempfile::TempDir,
}

impl Bucket {
    async fn stored(&self) -> Stored {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let server = S3Server::start(&folder.path().join("buckets"), Faults::default());
        server.bucket_folder(BUCKET);
        let client = server.client();
        for log in &self.logs {
            let put = client.put_object().bucket(BUCKET).key(&log.key).body(log.bytes.clone().into());
            put.send().await.expect("stored");
        }
        for digest in &self.digests {
            let mut put =
                client.put_object().bucket(BUCKET).key(&digest.file.key).body(digest.file.bytes.clone().into());
            for (name, value) in digest.metadata() {
                put = put.metadata(name, value);
            }
            put.send().await.expect("stored");
        }
        std::fs::write(folder.path().join("keys.json"), &self.keys).expect("written");
        Stored { server, folder }
    }

    /// The same in a plain folder, as a copy that has lost its metadata.
    fn write(&self, folder: &Path) {
        for (key, bytes) in self.objects() {
            let path = folder.join("copy").join(key);
            std::fs::create_dir_all(path.parent().expect("a key has folders")).expect("made");
            std::fs::write(path, bytes).expect("written");
        }
        std::fs::write(folder.join("keys.json"), &self.keys).expect("written");
    }

    fn objects(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let digests = self.digests.iter().map(|digest| &digest.file);
        self.logs.iter().chain(digests).map(|file| (file.key.as_str(), file.bytes.as_slice()))
    }
}

fn verify(source: &str, keys: &Path) -> Program {
    let program = Program::new(env!("CARGO_BIN_EXE_bedrock-audit-under-test")).args(["--quiet", "verify", source]);
    program.args(["--all", "--output", "ndjson", "--public-keys"]).arg(keys)
}

fn verify_stored(stored: &Stored) -> Outcome {
    let keys = stored.folder.path().join("keys.json");
    verify(&format!("s3://{BUCKET}"), &keys).envs(stored.server.environment()).run()
}

/// State of each object, by its key, and the gaps.
fn states(outcome: &Outcome) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let key = |object: &Value| text(object).replace(&format!("s3://{BUCKET}/"), "");
    outcome
        .rows()
        .iter()
        .map(|row| (format!("{} {}", text(&row["kind"]), key(&row["object"])), text(&row["state"])))
        .collect()
}

/// What the AWS CLI's own validator says of the same bucket, in our words.
fn their_states(bucket: &Bucket, python: &str) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    bucket.write(folder.path());
    let metadata: BTreeMap<&str, BTreeMap<&str, String>> = bucket
        .digests
        .iter()
        .map(|digest| (digest.file.key.as_str(), digest.metadata().into_iter().collect()))
        .collect();
    std::fs::write(folder.path().join("metadata.json"), json!(metadata).to_string()).expect("written");
    let output = Command::new(python)
        .arg(crate::place::repository().join("tests/python/validate_logs.py"))
        .args(["--bucket", BUCKET, "--account", "111122223333", "--region", "eu-west-1", "--home-region", "eu-west-1"])
        .args(["--trail", TRAIL, "--start", "2026-02-03T00:00:00Z", "--end", "2026-02-04T00:00:00Z"])
        .args(["--folder".as_ref(), folder.path().join("copy").as_os_str()])
        .args(["--metadata".as_ref(), folder.path().join("metadata.json").as_os_str()])
        .args(["--public-keys".as_ref(), folder.path().join("keys.json").as_os_str()])
        .output()
        .expect("the Python that scripts/test made");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).expect("the script prints JSON");
    let of = |list: &str, kind: &str| -> Vec<(String, String)> {
        let entries = said[list].as_array().expect("a list").iter();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        entries.map(|entry| (format!("{kind} {}", text(&entry["key"])), text(&entry["verdict"]))).collect()
    };
    of("digests", "digest").into_iter().chain(of("log_files", "log file")).collect()
}

/// Our word in the AWS CLI's: it knows no "cannot be told", and says nothing of what no valid digest lists.
fn in_their_words(state: &str, reason: &str) -> Option<&'static str> {
    match state {
        "valid" | "attested" => Some("valid"),
        "invalid" | "unverifiable" | "mismatch" => Some("invalid"),
        "unknown" if reason.contains("cannot be compared") => Some("invalid"),
        "missing" => Some("missing"),
        _ => None,
    }
}

/// Our verdicts on the damaged bucket; where there is a Python with the AWS CLI, they must be the CLI's as well.
async fn check(bucket: &Bucket, expected: &[(&str, &str)]) -> Outcome {
    let stored = bucket.stored().await;
    let outcome = verify_stored(&stored);
    let found = states(&outcome);
    let mut unexpected: BTreeMap<String, String> =
        found.clone().into_iter().filter(|(_, state)| state != "valid" && state != "attested").collect();
    for (object, state) in expected {
        let kept = unexpected.remove(*object);
        assert_eq!(kept.as_deref(), Some(*state), "{object}: {found:#?}");
    }
    assert!(unexpected.is_empty(), "{unexpected:#?}");
    if let Ok(python) = std::env::var("BEDROCK_AUDIT_TEST_PYTHON") {
        let ours: BTreeMap<String, &str> = outcome
            .rows()
            .iter()
            .filter_map(|row| {
                let text = |name: &str| row[name].as_str().unwrap_or_default();
                let word = in_their_words(text("state"), text("reason"))?;
                let key = text("object").replace(&format!("s3://{BUCKET}/"), "");
                Some((format!("{} {key}", text("kind")), word))
            })
            .collect();
        let theirs = their_states(bucket, &python);
        assert!(theirs.len() >= bucket.digests.len().min(8), "{theirs:#?}");
        for (object, verdict) in theirs {
            let verdict = if verdict == "not found" { "missing" } else { verdict.as_str() };
            assert_eq!(ours.get(&object), Some(&verdict), "{object}, which the AWS CLI calls {verdict}");
        }
    }
    outcome
}

fn digest(bucket: &Bucket, hour: usize) -> String {
    format!("digest {}", bucket.digests[hour].file.key)
}

fn log(bucket: &Bucket, nth: usize) -> String {
    format!("log file {}", bucket.logs[nth].key)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_bucket_verifies() {
    let outcome = check(&whole(), &[]).await.expect_status(0);
    assert!(
        outcome.stderr.contains("digest files: 8 valid") && outcome.stderr.contains("log files: 16 attested"),
        "{}",
        outcome.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_file_that_was_changed_removed_or_broken_is_named() {
    let mut bucket = whole();
    let (changed, removed, broken) = (log(&bucket, 2), log(&bucket, 5), log(&bucket, 9));
    bucket.logs[2].bytes = bucket.logs[3].bytes.clone();
    bucket.logs[9].bytes = b"not gzip at all".to_vec();
    bucket.logs.remove(5);
    check(&bucket, &[(&changed, "mismatch"), (&removed, "missing"), (&broken, "unknown")]).await.expect_status(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_file_that_no_digest_lists_is_not_attested() {
    let mut bucket = whole();
    let place = place();
    let at = started_at() + TimeDelta::minutes(20);
    bucket.logs.push(log_file(&Layout::Plain, &place, at, "planted000000000", &noise(&place, at, 2, 1)));
    let planted = log(&bucket, 16);
    check(&bucket, &[(&planted, "not_attested")]).await.expect_status(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_digest_vouches_for_nothing() {
    for forge in [
        (|digest: SignedDigest| digest.edited(|document| document["logFiles"] = json!([])))
            as fn(SignedDigest) -> SignedDigest,
        |digest| digest.signed_by(&KEY_B),
    ] {
        let mut bucket = whole();
        bucket.digests[3] = forge(bucket.digests[3].clone());
        let (forged, first, second) = (digest(&bucket, 3), log(&bucket, 6), log(&bucket, 7));
        check(&bucket, &[(&forged, "invalid"), (&first, "not_attested"), (&second, "not_attested")])
            .await
            .expect_status(1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_that_was_removed_is_missed_and_its_log_files_with_it() {
    let mut bucket = whole();
    let (removed, first, second) = (digest(&bucket, 3), log(&bucket, 6), log(&bucket, 7));
    bucket.digests.remove(3);
    check(&bucket, &[(&removed, "missing"), (&first, "not_attested"), (&second, "not_attested")])
        .await
        .expect_status(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_neighbouring_digests_that_were_removed_are_one_hole() {
    let mut bucket = whole();
    let newer = digest(&bucket, 4);
    let logs: Vec<String> = (6..10).map(|nth| log(&bucket, nth)).collect();
    bucket.digests.drain(3..5);
    let mut expected = vec![(newer.as_str(), "missing")];
    expected.extend(logs.iter().map(|log| (log.as_str(), "not_attested")));
    check(&bucket, &expected).await.expect_status(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn validation_that_was_off_is_a_gap_and_no_forgery() {
    let bucket = bucket(&[chain().stopped(3..5)]);
    let gap = format!("gap {}", bucket.digests[3].file.key);
    let logs: Vec<String> = (6..10).map(|nth| log(&bucket, nth)).collect();
    let mut expected = vec![(gap.as_str(), "gap")];
    expected.extend(logs.iter().map(|log| (log.as_str(), "not_attested")));
    check(&bucket, &expected).await.expect_status(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_and_a_backfill_chain_verify() {
    check(&bucket(&[chain().rotated(4, &KEY_B)]), &[]).await.expect_status(0);
    let with_backfill = bucket(&[chain(), chain().backfilled(at("2026-02-03T20:00:00Z"))]);
    check(&with_backfill, &[]).await.expect_status(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_not_at_hand_leaves_everything_untold() {
    let mut bucket = whole();
    let valid = at("2026-01-01T00:00:00Z")..at("2026-12-31T00:00:00Z");
    bucket.keys = KEY_B.public_keys_json(valid);
    let objects: Vec<(String, &str)> = (0..8)
        .map(|hour| (digest(&bucket, hour), "unverifiable"))
        .chain((0..16).map(|nth| (log(&bucket, nth), "not_attested")))
        .collect();
    let expected: Vec<(&str, &str)> = objects.iter().map(|(object, state)| (object.as_str(), *state)).collect();
    check(&bucket, &expected).await.expect_status(2);
}

#[test]
fn a_copy_that_lost_its_metadata_verifies_but_for_the_newest_digest() {
    let (folder, bucket) = (tempfile::tempdir().expect("a temporary folder"), whole());
    bucket.write(folder.path());
    let source = folder.path().join("copy").display().to_string();
    let outcome = verify(&source, &folder.path().join("keys.json")).run().expect_status(2);
    let states = states(&outcome);
    let count = |state: &str| states.values().filter(|found| *found == state).count();
    assert_eq!((count("valid"), count("unverifiable"), count("attested"), count("not_attested")), (7, 1, 14, 2));
}

#[test]
fn keys_that_are_none_are_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let keys = folder.path().join("keys.json");
    for (text, expected) in
        [("{}", "keys.json"), ("[", "keys.json"), (r#"{"PublicKeyList":[{"Value":"AAAA"}]}"#, "keys.json")]
    {
        std::fs::write(&keys, text).expect("written");
        let outcome = verify(&folder.path().display().to_string(), &keys).run().expect_status(64);
        assert!(outcome.stderr.contains(expected) && outcome.stderr.contains("--public-keys"), "{}", outcome.stderr);
    }
}

/// The lake's answer to a question about a bucket that was ingested with its keys.
fn ask(stored: &Stored, name: &str) -> Vec<serde_json::Map<String, Value>> {
    let lake = stored.folder.path().join("lake").display().to_string();
    let program = Program::new(env!("CARGO_BIN_EXE_bedrock-audit-under-test"));
    program.args(["--quiet", "query", name, "--lake", &lake, "--output", "ndjson"]).run().expect_status(0).rows()
}

fn ingest(stored: &Stored) -> Outcome {
    let lake = stored.folder.path().join("lake").display().to_string();
    let program = Program::new(env!("CARGO_BIN_EXE_bedrock-audit-under-test"));
    let program = program.args(["--quiet", "ingest", &format!("s3://{BUCKET}"), "--lake", &lake, "--public-keys"]);
    program.arg(stored.folder.path().join("keys.json")).envs(stored.server.environment()).run()
}

#[tokio::test(flavor = "multi_thread")]
async fn ingest_checks_the_digests_and_the_lake_tells_which_log_files_they_vouch_for() {
    let mut bucket = whole();
    let (changed, removed) = (bucket.logs[2].key.clone(), bucket.logs[5].key.clone());
    bucket.logs[2].bytes = bucket.logs[3].bytes.clone();
    bucket.logs.remove(5);
    bucket.digests.remove(6);
    let stored = bucket.stored().await;
    let first = ingest(&stored).expect_status(2);
    assert!(first.stdout.contains("7  digest files: 1 missing, 7 valid"), "{}", first.stdout);

    let of = |state: &str| -> Vec<String> {
        let rows = ask(&stored, "log_file_attestations");
        let in_state = rows.iter().filter(|row| row["state"] == state);
        in_state
            .map(|row| row["log_file"].as_str().unwrap_or_default().replace(&format!("s3://{BUCKET}/"), ""))
            .collect()
    };
    assert_eq!((of("mismatch"), of("missing")), (vec![changed], vec![removed]));
    assert_eq!((of("attested").len(), of("not_attested").len()), (12, 2));
    let not_valid = ask(&stored, "digests_not_valid");
    assert_eq!((not_valid.len(), &not_valid[0]["status"]), (1, &json!("missing")));

    let hours: Vec<(Value, Value)> =
        ask(&stored, "coverage_by_hour").into_iter().map(|row| (row["state"].clone(), row["hours"].clone())).collect();
    // The digest of the seventh hour is missing, and its log files are there.
    assert_eq!(hours, [(json!("attested"), json!(6)), (json!("delivered"), json!(1)), (json!("attested"), json!(1))]);

    // The second run checks nothing again, and tells the same.
    let second = ingest(&stored).expect_status(0);
    assert!(second.stdout.contains("7  digest files: 7 in the lake already"), "{}", second.stdout);
    assert_eq!((of("attested").len(), ask(&stored, "digests_not_valid").len()), (12, 1));
}

/// The verdict on the groups of a job that was created in the first hour, as of the end of the last, and its reason.
async fn verdict_on_groups(bucket: &Bucket) -> (String, String) {
    let stored = bucket.stored().await;
    ingest(&stored);
    let lake = stored.folder.path().join("lake").display().to_string();
    let program = Program::new(env!("CARGO_BIN_EXE_bedrock-audit-under-test"));
    let program =
        program.args(["--quiet", "audit", "--lake", &lake, "--as-of", "2026-02-03T12:00:00Z", "--output", "ndjson"]);
    let rows = program.run().rows();
    let row = rows.into_iter().find(|row| row["control"] == "job_security_groups_exist").expect("one job");
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    (text("verdict"), text("reason"))
}

/// The bucket of [`whole`] with a job's request in its first log file.
fn with_a_job(records: &[Record], chains: &[DigestChain<'_>]) -> Bucket {
    let place = place();
    let mut bucket = whole();
    let vpc = Vpc {
        subnet_ids: vec!["subnet-0123456789abcdef0".into()],
        security_group_ids: vec!["sg-0123456789abcdef0".into()],
    };
    let request = JobRequest {
        name: "job".into(),
        base_model: "amazon.titan-text-express-v1:0:8k".into(),
        training_data: "s3://data/a.jsonl".into(),
        role: "training".into(),
        vpc: Some(vpc),
        id: "abcdefghijkl".into(),
    };
    let caller = Caller::role("111122223333", "platform", "anna");
    let mut records = records.to_vec();
    records.push(create_model_customization_job(&place, &caller, started_at() + TimeDelta::minutes(3), &request));
    bucket.logs[0] =
        log_file(&Layout::Plain, &place, started_at() + TimeDelta::minutes(7), "WMiHxZgr5Hdd6U00", &records);
    bucket.digests = chains.iter().flat_map(|chain| chain.sign(&bucket.logs)).collect();
    bucket
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_rests_on_hours_that_are_vouched_for() {
    let covered = with_a_job(&[], &[chain()]);
    assert_eq!(verdict_on_groups(&covered).await.0, "Compliant");

    // The digest and the log files of the fifth hour are gone: nobody can tell what happened in it.
    let mut hole = with_a_job(&[], &[chain()]);
    hole.digests.remove(4);
    hole.logs.drain(8..10);
    let (verdict, reason) = verdict_on_groups(&hole).await;
    assert_eq!(verdict, "Undetermined", "{reason}");
    assert!(reason.contains("(1, the first at 2026-02-03T08:00:00Z, the last at 2026-02-03T08:00:00Z)"), "{reason}");

    // Without digests an hour without log files says nothing, but one for which logging was switched off does.
    let mut quiet = with_a_job(&[], &[]);
    quiet.logs.drain(8..10);
    assert_eq!(verdict_on_groups(&quiet).await.0, "Compliant");
    let caller = Caller::role("111122223333", "platform", "anna");
    let stop = stop_logging(&place(), &caller, started_at() + TimeDelta::minutes(5), TRAIL);
    let mut stopped = with_a_job(&[stop], &[]);
    stopped.logs.drain(8..10);
    let (verdict, reason) = verdict_on_groups(&stopped).await;
    assert_eq!(verdict, "Undetermined", "{reason}");
}
