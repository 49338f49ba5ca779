//! Evidence packs: made from a bucket with signed digest files, and checked by whoever has the folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use end_to_end::program::Outcome;
use serde_json::Value;

use crate::attestation::{ask, ingest, with_a_job};
use crate::place::program;
use crate::signed_bucket::{Stored, chain};

/// No record tells whether the job's group is a default one, so the audit ends with this.
const UNDETERMINED: i32 = 2;

/// The lake of a bucket in which one job was requested.
async fn ingested() -> Stored {
    let stored = with_a_job(&[], &[chain()]).stored().await;
    ingest(&stored).expect_status(0);
    stored
}

fn path(stored: &Stored, name: &str) -> PathBuf {
    stored.folder.path().join(name)
}

fn report(stored: &Stored, pack: &str, more: &[&str]) -> Outcome {
    let (lake, keys) = (path(stored, "lake"), path(stored, "keys.json"));
    let report = program().args(["report", "--lake"]).arg(lake).arg("--pack").arg(path(stored, pack));
    report.arg("--public-keys").arg(keys).args(more.iter().copied()).envs(stored.server.environment()).run()
}

fn verify(stored: &Stored, pack: &str, more: &[&str]) -> Outcome {
    program().arg("verify").arg(path(stored, pack)).args(more.iter().copied()).run()
}

fn lines(pack: &Path, file: &str) -> Vec<Value> {
    let text = fs::read_to_string(pack.join(file)).expect("a file of the pack");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pack_proves_its_records_from_signatures_alone() {
    let stored = ingested().await;
    let made = report(&stored, "pack", &[]).expect_status(UNDETERMINED);
    assert!(made.stdout.contains("check it with: bedrock-audit verify"), "{}", made.stdout);
    let pack = path(&stored, "pack");
    let verdicts = lines(&pack, "verdicts.jsonl");
    assert_eq!(verdicts.len(), ask(&stored, "job_verdicts").len() + ask(&stored, "reach_verdicts").len());
    let facts = lines(&pack, "facts.jsonl");
    assert!(!facts.is_empty() && facts.iter().all(|fact| fact["attestation"] == "attested"), "{facts:?}");
    let records = lines(&pack, "records.jsonl");
    assert!(
        records
            .iter()
            .all(|record| record["source"] == "log_file" && record["record"]["eventID"] == record["event_id"])
    );
    let manifest: Value = serde_json::from_slice(&fs::read(pack.join("manifest.json")).expect("there")).expect("JSON");
    assert_eq!(manifest["counts"]["jobs"], 1);

    let keys = path(&stored, "keys.json").display().to_string();
    let checked = verify(&stored, "pack", &["--public-keys", &keys]).expect_status(0);
    let proven =
        format!("cited records: {0}, of which {0} stand in log files that signed digest files vouch for", facts.len());
    assert!(checked.stdout.contains(&proven) && checked.stdout.contains("nothing is broken"), "{}", checked.stdout);
    // Another program finds the same hashes.
    let sums = Command::new("sha256sum").args(["--check", "--quiet", "SHA256SUMS"]).current_dir(&pack).status();
    assert!(sums.expect("sha256sum runs").success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_lake_gives_the_same_pack_and_any_change_is_named() {
    let stored = ingested().await;
    report(&stored, "pack", &[]).expect_status(UNDETERMINED);
    report(&stored, "again", &["--memory", "1GiB"]).expect_status(UNDETERMINED);
    let same = Command::new("diff").arg("-r").arg(path(&stored, "pack")).arg(path(&stored, "again")).output();
    let same = same.expect("diff runs");
    assert!(same.status.success(), "{}", String::from_utf8_lossy(&same.stdout));

    let changed = path(&stored, "pack").join("verdicts.jsonl");
    let text = fs::read_to_string(&changed).expect("there");
    fs::write(&changed, text.replacen("\"Compliant\"", "\"NonCompliant\"", 1)).expect("written");
    let told = verify(&stored, "pack", &[]).expect_status(1);
    assert!(told.stdout.contains("broken  verdicts.jsonl"), "{}", told.stdout);
    fs::write(&changed, text).expect("written");
    verify(&stored, "pack", &[]).expect_status(0);
    fs::remove_file(path(&stored, "pack").join("records.jsonl")).expect("there");
    assert!(verify(&stored, "pack", &[]).expect_status(1).stdout.contains("broken  records.jsonl"));
    let again = report(&stored, "again", &[]).expect_status(64);
    assert!(again.stderr.contains("expected a folder that is empty"), "{}", again.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_pack_tells_who_made_it() {
    let stored = ingested().await;
    let [private, public, other] =
        ["private.pem", "public.pem", "other.pem"].map(|name| path(&stored, name).display().to_string());
    let openssl = |args: &[&str]| {
        let ran = Command::new("openssl").args(args).output().expect("openssl runs");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    };
    openssl(&["genpkey", "-algorithm", "ed25519", "-out", &private]);
    openssl(&["pkey", "-in", &private, "-pubout", "-out", &public]);
    let third = path(&stored, "third.pem").display().to_string();
    openssl(&["genpkey", "-algorithm", "ed25519", "-out", &third]);
    openssl(&["pkey", "-in", &third, "-pubout", "-out", &other]);
    report(&stored, "pack", &["--sign", &private]).expect_status(UNDETERMINED);
    let signed = verify(&stored, "pack", &["--signer", &public]).expect_status(0);
    assert!(signed.stdout.contains("signature of the pack: valid"), "{}", signed.stdout);
    verify(&stored, "pack", &["--signer", &other]).expect_status(1);
    let wrong = report(&stored, "unsigned", &["--sign", &public]).expect_status(64);
    assert!(wrong.stderr.contains("--sign") && wrong.stderr.contains("openssl genpkey"), "{}", wrong.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_log_files_that_are_gone_come_from_the_lake() {
    let stored = ingested().await;
    let client = stored.server.client();
    let facts = {
        report(&stored, "whole", &[]).expect_status(UNDETERMINED);
        lines(&path(&stored, "whole"), "facts.jsonl")
    };
    let log_file = facts[0]["log_file"].as_str().expect("a name");
    let key = log_file.strip_prefix("s3://trail-bucket/").expect("its bucket");
    client.delete_object().bucket("trail-bucket").key(key).send().await.expect("deleted");
    let made = report(&stored, "pack", &[]).expect_status(UNDETERMINED);
    assert!(made.stderr.contains(log_file) && made.stderr.contains("taken from the lake"), "{}", made.stderr);
    let records = lines(&path(&stored, "pack"), "records.jsonl");
    let whole = lines(&path(&stored, "whole"), "records.jsonl");
    for (record, original) in records.iter().zip(&whole) {
        assert_eq!(record["record"], original["record"], "the same members, whatever their order");
    }
    assert!(records.iter().any(|record| record["source"] == "lake"), "{records:?}");
    verify(&stored, "pack", &[]).expect_status(0);
}

/// A pack leaves the house: what the lake calls a digest file goes into it only if it is one.
#[test]
fn what_is_no_digest_file_stays_out_of_a_pack() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bucket = with_a_job(&[], &[chain()]);
    bucket.write(folder.path());
    let path = |name: &str| folder.path().join(name);
    let ingest = program().arg("ingest").arg(path("copy")).arg("--lake").arg(path("lake"));
    ingest.arg("--public-keys").arg(path("keys.json")).run();
    let pack = |name: &str| {
        let report = program().args(["report", "--lake"]).arg(path("lake")).arg("--pack").arg(path(name));
        report.arg("--public-keys").arg(path("keys.json")).run().expect_status(UNDETERMINED)
    };
    let holds = |name: &str, text: &str| {
        let found = Command::new("grep").args(["-rqlz", text]).arg(path(name)).status();
        found.expect("grep runs").success()
    };
    pack("sound");
    assert!(
        path("sound").join("digests").is_dir() || path("sound").join("digest_files").is_dir(),
        "a pack has digest files"
    );
    for digest in &bucket.digests {
        fs::write(path("copy").join(&digest.file.key), "SECRET=hunter2").expect("a temporary folder can be written to");
    }
    let made = pack("spoilt");
    assert!(made.stderr.contains("is no digest file"), "{}", made.stderr);
    assert!(!holds("spoilt", "hunter2"));
}
