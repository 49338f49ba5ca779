//! One planted damage of each kind, and what `verify`, the lake, the verdicts and the evidence pack tell of it.

use std::collections::BTreeMap;
use std::fs;

use analytics::trail::digest::SignedDigest;
use end_to_end::program::Outcome;
use serde_json::{Value, json};

use crate::attestation::{ask, ingest, with_a_job};
use crate::place::{Row, program};
use crate::signed_bucket::{BUCKET, Bucket, KEY_B, Stored, chain};

/// What was done to the bucket of a job, whose request stands in the first log file, and what must be told.
struct Planted {
    name: &'static str,
    damage: fn(&mut Bucket),
    /// Of the log file that holds the request.
    attestation: &'static str,
    /// On job_in_vpc: is the request to be believed?
    in_vpc: &'static str,
    /// On job_security_groups_exist: were all hours seen?
    groups_exist: &'static str,
    /// Exit code of `verify` over the bucket.
    verify: i32,
}

const WHOLE: Planted = Planted {
    name: "nothing",
    damage: |_| (),
    attestation: "attested",
    in_vpc: "Compliant",
    groups_exist: "Compliant",
    verify: 0,
};

const PLANTED: [Planted; 8] = [
    WHOLE,
    Planted {
        name: "the log file of the request was changed after delivery",
        damage: |bucket| {
            let others = with_a_job(&crate::attestation::a_stop(), &[]);
            bucket.logs[0].bytes = others.logs[0].bytes.clone();
        },
        attestation: "mismatch",
        in_vpc: "Undetermined",
        groups_exist: "Undetermined",
        verify: 1,
    },
    Planted {
        name: "another log file was removed",
        damage: |bucket| drop(bucket.logs.remove(5)),
        groups_exist: "Undetermined",
        verify: 1,
        ..WHOLE
    },
    Planted {
        name: "another log file was cut short",
        damage: |bucket| {
            let half = bucket.logs[5].bytes.len() / 2;
            bucket.logs[5].bytes.truncate(half);
        },
        groups_exist: "Undetermined",
        verify: 2,
        ..WHOLE
    },
    Planted {
        name: "the digest file of the request's hour was forged",
        damage: |bucket| forge(&mut bucket.digests[0], |digest| digest.signed_by(&KEY_B)),
        attestation: "not_attested",
        verify: 1,
        ..WHOLE
    },
    Planted {
        name: "a digest file lists the log file of another account",
        damage: |bucket| {
            forge(&mut bucket.digests[0], |digest| {
                digest.edited(|document| {
                    let listed = document["logFiles"][0]["s3Object"].as_str().unwrap_or_default().to_owned();
                    document["logFiles"][0]["s3Object"] = json!(listed.replace("111122223333", "444455556666"));
                })
            });
        },
        attestation: "not_attested",
        verify: 1,
        ..WHOLE
    },
    Planted {
        name: "the digest file of another hour was removed",
        damage: |bucket| drop(bucket.digests.remove(3)),
        verify: 1,
        ..WHOLE
    },
    Planted {
        name: "a copy without digest files",
        damage: |bucket| bucket.digests.clear(),
        attestation: "not_attested",
        verify: 2,
        ..WHOLE
    },
];

fn forge(digest: &mut SignedDigest, forged: impl FnOnce(SignedDigest) -> SignedDigest) {
    *digest = forged(digest.clone());
}

fn path(stored: &Stored, name: &str) -> String {
    stored.folder.path().join(name).display().to_string()
}

fn verify(stored: &Stored) -> Outcome {
    let keys = path(stored, "keys.json");
    let source = format!("s3://{BUCKET}");
    let args = ["verify", &source, "--all", "--output", "ndjson", "--public-keys", &keys];
    program().args(args).envs(stored.server.environment()).run()
}

fn report(stored: &Stored) -> Outcome {
    let (lake, pack, keys) = (path(stored, "lake"), path(stored, "pack"), path(stored, "keys.json"));
    let args = ["report", "--lake", &lake, "--pack", &pack, "--public-keys", &keys];
    program().args(args).envs(stored.server.environment()).run()
}

fn states(rows: &[Row], object: &str) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let of_log_files = rows.iter().filter(|row| row.get("kind").is_none_or(|kind| kind == "log file"));
    of_log_files.map(|row| (text(&row[object]), text(&row["state"]))).collect()
}

fn lines(stored: &Stored, file: &str) -> Vec<Value> {
    let text = fs::read_to_string(stored.folder.path().join("pack").join(file)).expect("a file of the pack");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

async fn tell(planted: &Planted) {
    let name = planted.name;
    let mut bucket = with_a_job(&[], &[chain()]);
    let request = format!("s3://{BUCKET}/{}", bucket.logs[0].key);
    (planted.damage)(&mut bucket);
    let stored = bucket.stored().await;
    ingest(&stored);

    let verified = verify(&stored).expect_status(planted.verify);
    let of_verify = states(&verified.rows(), "object");
    assert_eq!(of_verify[&request], planted.attestation, "{name}: verify");
    assert_eq!(states(&ask(&stored, "log_file_attestations"), "log_file"), of_verify, "{name}: the lake and verify");

    report(&stored);
    let verdicts = lines(&stored, "verdicts.jsonl");
    for (control, expected) in [("job_in_vpc", planted.in_vpc), ("job_security_groups_exist", planted.groups_exist)] {
        let row = verdicts.iter().find(|row| row["control"] == control).expect("one job");
        assert_eq!(row["verdict"], expected, "{name}: {row}");
    }
    for fact in lines(&stored, "facts.jsonl").iter().filter(|fact| fact["log_file"] == request.as_str()) {
        assert_eq!(fact["attestation"], planted.attestation, "{name}: {fact}");
    }
    let (pack, keys) = (path(&stored, "pack"), path(&stored, "keys.json"));
    // The pack is sound: it holds what was found, and says so.
    program().args(["verify", &pack, "--public-keys", &keys]).run().expect_status(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_planted_damage_is_told_alike_by_verify_lake_verdicts_and_pack() {
    for planted in &PLANTED {
        tell(planted).await;
    }
}
