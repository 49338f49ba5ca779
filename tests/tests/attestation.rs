//! What digest files are worth to an ingest and to an audit.

use analytics::trail::digest::DigestChain;
use analytics::trail::record::Record;
use analytics::trail::record::bedrock::{JobRequest, Vpc, create_model_customization_job};
use analytics::trail::{Caller, Layout, create_security_group, log_file, stop_logging};
use chrono::TimeDelta;
use end_to_end::aws_server::{AwsServer, Fault, Key, PublicKey};
use end_to_end::program::{Outcome, Program};
use serde_json::{Value, json};

use crate::signed_bucket::{BUCKET, Bucket, Stored, TRAIL, chain, overnight, place, started_at, whole};

/// The lake's answer to a question about a bucket that was ingested with its keys.
pub fn ask(stored: &Stored, name: &str) -> Vec<serde_json::Map<String, Value>> {
    let lake = stored.folder.path().join("lake").display().to_string();
    let program = Program::new(env!("CARGO_BIN_EXE_bedrock-audit-under-test"));
    program.args(["--quiet", "query", name, "--lake", &lake, "--output", "ndjson"]).run().expect_status(0).rows()
}

pub fn ingest(stored: &Stored) -> Outcome {
    ingest_with(stored, &[])
}

fn ingest_with(stored: &Stored, more: &[&str]) -> Outcome {
    let lake = stored.folder.path().join("lake").display().to_string();
    let program = Program::new(env!("CARGO_BIN_EXE_bedrock-audit-under-test"));
    let program = program.args(["--quiet", "ingest", &format!("s3://{BUCKET}"), "--lake", &lake, "--public-keys"]);
    program.arg(stored.folder.path().join("keys.json")).args(more).envs(stored.server.environment()).run()
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
    // A log file of the second hour was changed and one of the third removed; the digest file of the seventh is missing,
    // and its log files are there.
    let expected = [("attested", 1), ("incomplete", 2), ("attested", 3), ("delivered", 1), ("attested", 1)];
    assert_eq!(hours, expected.map(|(state, hours)| (json!(state), json!(hours))));

    // The second run checks nothing again, and tells the same.
    let second = ingest(&stored).expect_status(0);
    assert!(second.stdout.contains("7  digest files: 7 in the lake already"), "{}", second.stdout);
    assert_eq!((of("attested").len(), ask(&stored, "digests_not_valid").len()), (12, 1));
}

/// The first digest file of a day lists log files of the day before.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_asked_for_is_not_missing() {
    let bucket = overnight();
    let stored = bucket.stored().await;
    let from = ["--from", "2026-02-04"];
    let first = ingest_with(&stored, &from).expect_status(0);
    assert!(first.stdout.contains("1 of log files not asked for"), "{}", first.stdout);
    let states = |stored: &Stored| -> Vec<Value> {
        ask(stored, "log_file_attestations")
            .into_iter()
            .map(|mut row| row.remove("state").unwrap_or_default())
            .collect()
    };
    assert!(states(&stored).iter().all(|state| state == "attested"), "{:?}", states(&stored));
    let keys = stored.folder.path().join("keys.json").display().to_string();
    let source = format!("s3://{BUCKET}");
    run(&["verify", &source, "--from", "2026-02-04", "--public-keys", &keys], stored.server.environment())
        .expect_status(0);

    ingest_with(&stored, &[]).expect_status(0);
    assert_eq!(
        (states(&stored).len(), states(&stored).iter().all(|state| state == "attested")),
        (bucket.logs.len(), true)
    );
}

/// The verdict rows of an audit of what was ingested, by control.
fn audited(stored: &Stored, options: &[&str]) -> Vec<serde_json::Map<String, Value>> {
    let lake = stored.folder.path().join("lake").display().to_string();
    let program = Program::new(env!("CARGO_BIN_EXE_bedrock-audit-under-test"));
    program.args(["--quiet", "audit", "--lake", &lake, "--output", "ndjson"]).args(options).run().rows()
}

/// The verdict on a control of the only job, and its reason.
fn verdict(rows: &[serde_json::Map<String, Value>], control: &str) -> (String, String) {
    let row = rows.iter().find(|row| row["control"] == control).expect("one job");
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    (text("verdict"), text("reason"))
}

/// The verdict on the groups of a job that was created in the first hour, as of the end of the logs, and its reason.
async fn verdict_on_groups(bucket: &Bucket, options: &[&str]) -> (String, String) {
    let stored = bucket.stored().await;
    ingest(&stored);
    verdict(&audited(&stored, options), "job_security_groups_exist")
}

fn somebody() -> Caller {
    Caller::role("111122223333", "platform", "anna")
}

/// The bucket of [`whole`] with a job's request in its first log file.
pub fn with_a_job(records: &[Record], chains: &[DigestChain<'_>]) -> Bucket {
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
    let mut records = records.to_vec();
    records.push(create_model_customization_job(&place, &somebody(), started_at() + TimeDelta::minutes(3), &request));
    bucket.logs[0] =
        log_file(&Layout::Plain, &place, started_at() + TimeDelta::minutes(7), "WMiHxZgr5Hdd6U00", &records);
    bucket.digests = chains.iter().flat_map(|chain| chain.sign(&bucket.logs)).collect();
    bucket
}

/// A record that nobody delivered.
pub fn a_stop() -> [Record; 1] {
    [stop_logging(&place(), &somebody(), started_at(), TRAIL)]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_rests_on_hours_that_are_vouched_for() {
    let covered = with_a_job(&[], &[chain()]);
    assert_eq!(verdict_on_groups(&covered, &[]).await.0, "Compliant");

    // The digest and the log files of the fifth hour are gone: nobody can tell what happened in it.
    let mut hole = with_a_job(&[], &[chain()]);
    hole.digests.remove(4);
    hole.logs.drain(8..10);
    let (verdict, reason) = verdict_on_groups(&hole, &[]).await;
    assert_eq!(verdict, "Undetermined", "{reason}");
    let expected = "they lack 1 of its hours, from 2026-02-03T08:00:00Z to 2026-02-03T09:00:00Z";
    assert!(reason.contains(expected), "{reason}");

    // Without digests an hour without log files says nothing, but one for which logging was switched off does.
    let mut quiet = with_a_job(&[], &[]);
    quiet.logs.drain(8..10);
    assert_eq!(verdict_on_groups(&quiet, &[]).await.0, "Compliant");
    let stop = stop_logging(&place(), &somebody(), started_at() + TimeDelta::minutes(5), TRAIL);
    let mut stopped = with_a_job(&[stop], &[]);
    stopped.logs.drain(8..10);
    let (verdict, reason) = verdict_on_groups(&stopped, &[]).await;
    assert_eq!(verdict, "Undetermined", "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strict_verdict_rests_on_digests_alone() {
    let strict = ["--strict"];
    let covered = with_a_job(&[], &[chain()]);
    assert_eq!(verdict_on_groups(&covered, &strict).await.0, "Compliant");
    let mut bare = with_a_job(&[], &[chain()]);
    bare.digests.remove(4);
    assert_eq!(verdict_on_groups(&bare, &[]).await.0, "Compliant");
    let (verdict, reason) = verdict_on_groups(&bare, &strict).await;
    assert_eq!(verdict, "Undetermined");
    assert!(reason.contains("no valid digest file covers 1 of its hours, from 2026-02-03T08:00:00Z"), "{reason}");

    // Nothing vouches for the log file that holds the request either.
    bare.digests.clear();
    let stored = bare.stored().await;
    ingest(&stored);
    let (verdict, reason) = self::verdict(&audited(&stored, &strict), "job_in_vpc");
    assert_eq!(verdict, "Undetermined");
    assert!(reason.ends_with("says a record in a log file that is vouched for by no valid digest file"), "{reason}");
}

/// The group's name stands in another record than the one that is cited.
#[tokio::test(flavor = "multi_thread")]
async fn a_strict_verdict_on_several_records_rests_on_no_log_file_that_nothing_vouches_for() {
    let at = started_at() + TimeDelta::minutes(2);
    let (group, vpc) = ("sg-0123456789abcdef0", "vpc-0123456789abcdef0");
    let made = create_security_group(&place(), &somebody(), at, group, "jobs", vpc);
    let strictly = async |bucket: &Bucket| {
        let stored = bucket.stored().await;
        ingest(&stored);
        verdict(&audited(&stored, &["--strict"]), "job_security_groups_not_default")
    };
    let mut bucket = with_a_job(&[made], &[chain()]);
    assert_eq!(strictly(&bucket).await.0, "Compliant");
    bucket.digests.remove(4);
    let (found, reason) = strictly(&bucket).await;
    assert_eq!(found, "Undetermined");
    assert!(reason.contains("on which it may rest too, are vouched for by no valid digest file"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_a_log_file_that_was_changed_decides_nothing() {
    let mut bucket = with_a_job(&[], &[chain()]);
    // The job's request is still in it; the others are not.
    let altered = with_a_job(&a_stop(), &[]);
    bucket.logs[0].bytes = altered.logs[0].bytes.clone();
    let stored = bucket.stored().await;
    ingest(&stored).expect_status(0);
    let rows = audited(&stored, &[]);
    for control in ["job_in_vpc", "job_security_groups_exist"] {
        let (verdict, reason) = verdict(&rows, control);
        assert_eq!(verdict, "Undetermined", "{control}: {reason}");
    }
    let (_, reason) = verdict(&rows, "job_in_vpc");
    assert!(reason.ends_with("says a record in a log file that is changed after delivery"), "{reason}");
    assert!(rows.iter().all(|row| row["cited_log_file_state"] == "mismatch"), "{rows:?}");
    assert!(rows[0]["next_step"].as_str().is_some_and(|step| step.starts_with("restore the log file")), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_end_of_the_logs_nothing_is_known() {
    let covered = with_a_job(&[], &[chain()]);
    let at = |time| ["--as-of", time];
    assert_eq!(verdict_on_groups(&covered, &at("2026-02-03T13:30:00Z")).await.0, "Compliant");
    let (verdict, reason) = verdict_on_groups(&covered, &at("2026-02-05")).await;
    assert_eq!(verdict, "Undetermined");
    assert!(reason.ends_with("but they end at 2026-02-03T12:00:00Z"), "{reason}");
    let quiet = with_a_job(&[], &[]);
    assert_eq!(verdict_on_groups(&quiet, &at("2026-02-05")).await.0, "Undetermined");
    let stored = quiet.stored().await;
    ingest(&stored);
    let rows = audited(&stored, &at("2026-02-05"));
    let step = "bedrock-audit ingest SOURCE --accounts 111122223333 --regions eu-west-1 --from 2026-02-03T12:00:00Z";
    assert!(rows.iter().any(|row| row["next_step"] == step), "{rows:?}");
}

/// CloudTrail with the bucket's keys in the Region of its digests, and some that sign nothing here.
fn cloudtrail(bucket: &Bucket, stored: &Stored) -> (AwsServer, Vec<(String, String)>) {
    let aws = AwsServer::start();
    let mut environment = stored.server.environment();
    let id = environment.iter().find(|(name, _)| name == "AWS_ACCESS_KEY_ID").expect("a key").1.clone();
    let listed: Value = serde_json::from_str(&bucket.keys).expect("JSON");
    {
        let mut state = aws.state();
        let account = "111122223333".to_owned();
        state
            .keys
            .insert(id, Key { arn: format!("arn:aws:iam::{account}:user/end-to-end"), account, session_token: None });
        let keys = &mut state.place("111122223333", "eu-west-1").public_keys;
        let listed = listed["PublicKeyList"].as_array().expect("a list").iter();
        let text = |key: &Value, name: &str| key[name].as_str().expect("a text").to_owned();
        let validity = (started_at().timestamp() - 86_400, started_at().timestamp() + 86_400);
        let of = |key: &Value| PublicKey { fingerprint: text(key, "Fingerprint"), value: text(key, "Value"), validity };
        let one = of(listed.clone().next().expect("a key"));
        keys.extend((0..3).map(|number| PublicKey { fingerprint: format!("{number:032}"), ..one.clone() }));
        keys.extend(listed.map(of));
    }
    environment.push(("AWS_ENDPOINT_URL_CLOUDTRAIL".to_owned(), aws.endpoint()));
    (aws, environment)
}

fn run(args: &[&str], environment: Vec<(String, String)>) -> Outcome {
    Program::new(env!("CARGO_BIN_EXE_bedrock-audit-under-test")).arg("--quiet").args(args).envs(environment).run()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keys_of_a_bucket_come_from_cloudtrail() {
    let bucket = whole();
    let stored = bucket.stored().await;
    let (aws, environment) = cloudtrail(&bucket, &stored);
    let source = format!("s3://{BUCKET}");
    let verified = run(&["verify", &source], environment.clone()).expect_status(0);
    assert!(verified.stdout.contains("digest files: 8 valid"), "{}", verified.stdout);
    let asked = aws.requests();
    assert!(asked.iter().all(|seen| seen.region == "eu-west-1" && seen.operation == "ListPublicKeys"), "{asked:?}");
    assert_eq!(asked.len(), 3, "every page: {asked:?}");

    let lake = stored.folder.path().join("lake").display().to_string();
    let ingested = run(&["ingest", &source, "--lake", &lake], environment.clone()).expect_status(0);
    assert!(ingested.stdout.contains("8  digest files: 8 valid"), "{}", ingested.stdout);
    // Nobody is asked for keys of digest files that were checked before.
    let before = aws.requests().len();
    let again = run(&["ingest", &source, "--lake", &lake], environment).expect_status(0);
    assert!(again.stdout.contains("8 in the lake already"), "{}", again.stdout);
    assert_eq!(aws.requests().len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_cannot_be_had_leave_digests_unverified_and_say_how_to_get_them() {
    let bucket = whole();
    let stored = bucket.stored().await;
    let (aws, environment) = cloudtrail(&bucket, &stored);
    aws.fail(Fault::on("cloudtrail", "ListPublicKeys").access_denied());
    let lake = stored.folder.path().join("lake").display().to_string();
    let ingest = ["ingest", &format!("s3://{BUCKET}"), "--lake", &lake];
    let denied = run(&ingest, environment.clone()).expect_status(2);
    assert!(denied.stdout.contains("8  digest files: 8 unverifiable"), "{}", denied.stdout);
    for expected in ["eu-west-1", "cloudtrail:ListPublicKeys", "--public-keys"] {
        assert!(denied.stderr.contains(expected), "{}", denied.stderr);
    }
    // The next run tries again, and the log files need not be read again.
    aws.clear_faults();
    let allowed = run(&ingest, environment.clone()).expect_status(0);
    assert!(allowed.stdout.contains("8  digest files: 8 valid"), "{}", allowed.stdout);
    assert_eq!(ask(&stored, "log_file_attestations").iter().filter(|row| row["state"] == "attested").count(), 16);
    let skipped = stored.folder.path().join("skipped").display().to_string();
    let skipped = run(&["ingest", &format!("s3://{BUCKET}"), "--lake", &skipped, "--skip-digests"], environment);
    assert!(skipped.expect_status(0).stdout.contains("8  passed over: digest files"));
}

#[test]
fn a_folder_tells_nobody_whose_keys_to_ask_for() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let told = run(&["verify", &folder.path().display().to_string()], Vec::new()).expect_status(64);
    assert!(told.stderr.contains("expected --public-keys FILE"), "{}", told.stderr);
}
