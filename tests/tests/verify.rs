//! `bedrock-audit verify` over signed chains of digests, each with one planted damage, beside the AWS CLI's validator.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use analytics::trail::digest::SignedDigest;
use analytics::trail::{Layout, log_file, noise};
use chrono::TimeDelta;
use end_to_end::program::{Outcome, Program};
use serde_json::{Value, json};

use crate::signed_bucket::*;

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
