//! A small pack for the tests: three jobs, log files of five hours, digest files of four of them.

use std::io::Read;
use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use schemas::control::ControlId;
use serde_json::value::RawValue;

use super::contents::{Contents, Control, CoverageHour, DigestObject, LogFileObject, PublicKeyOf, Query, Tool};
use super::rows::{Digest, Fact, Input, Record, RecordSource, SetAside, Verdict};
use super::{Files, MANIFEST, SUMS, canonical, manifest, write};
use crate::sha256::sha256_hex;
use crate::trail::digest::{Delivery, DigestChain, SignedDigest, Signer};
use crate::trail::{Layout, LogFile, Place, log_file, noise};
use crate::verify::{PublicKey, PublicKeys, SignatureMetadata};

pub const BUCKET: &str = "s3://trail/";
const HOURS: i64 = 5;
const SIGNED_HOURS: u32 = 4;

pub static A: LazyLock<Signer> = LazyLock::new(|| signer(include_bytes!("../../../tests/fixtures/digest_key_a.pk8")));
pub static B: LazyLock<Signer> = LazyLock::new(|| signer(include_bytes!("../../../tests/fixtures/digest_key_b.pk8")));
static PLACE: LazyLock<Place> = LazyLock::new(|| Place::new("111122223333", "eu-west-1"));

/// The private key of RFC 8410, section 10.3, and its public key.
pub const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
pub const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
    MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";

fn signer(pkcs8: &[u8]) -> Signer {
    Signer::new(pkcs8).expect("an RSA key")
}

fn hour(hour: i64) -> DateTime<Utc> {
    let start: DateTime<Utc> = "2026-02-03T00:00:00Z".parse().expect("a time");
    start + TimeDelta::hours(hour)
}

/// A log file in the middle of each hour.
pub fn logs() -> Vec<LogFile> {
    let log = |at| log_file(&Layout::Plain, &PLACE, at, "WMiHxZgr5Hdd6UDc", &noise(&PLACE, at, 3, 1));
    (0..HOURS).map(|number| log(hour(number) + TimeDelta::minutes(30))).collect()
}

/// The digest files of all hours but the last.
pub fn digests(logs: &[LogFile]) -> Vec<SignedDigest> {
    let delivery = Delivery { layout: &Layout::Plain, place: &PLACE, trail: "main", bucket: "trail" };
    DigestChain::new(delivery, hour(0), SIGNED_HOURS, &A).sign(logs)
}

/// A pack's contents, the cited log files included; names begin with `root`.
pub fn contents(root: &str) -> Contents {
    let logs = logs();
    let digests = digests(&logs);
    let name = |file: &LogFile| format!("{root}{}", file.key);
    let inputs: Vec<Input> = logs
        .iter()
        .enumerate()
        .map(|(at, log)| input(name(log), log, digests.get(at).map(|digest| name(&digest.file))))
        .collect();
    let cited: Vec<(Fact, Record)> = [0, 2, 4].iter().map(|&at| cited(&inputs[at], &logs[at])).collect();
    Contents {
        tool: Tool { name: "bedrock-audit".to_owned(), version: "0.1.0".to_owned() },
        as_of: hour(24),
        is_strict: false,
        controls: ControlId::IN_HISTORY
            .map(|id| Control { control: id.as_str().to_owned(), title: id.title().to_owned(), version: 1 })
            .into(),
        queries: [("audit/job_verdicts.sql", "select 1\n"), ("views/1_events.sql", "select 2\n")]
            .map(|(name, text)| Query { name: name.to_owned(), text: text.to_owned() })
            .into(),
        verdicts: cited.iter().flat_map(|(fact, _)| ControlId::IN_HISTORY.map(|id| verdict(id, fact))).collect(),
        facts: cited.iter().map(|(fact, _)| fact.clone()).collect(),
        records: cited.into_iter().map(|(_, record)| record).collect(),
        coverage: (0..HOURS).map(coverage).collect(),
        digests: digests.iter().map(|digest| digest_row(name(&digest.file), digest)).collect(),
        set_aside: vec![SetAside {
            log_file: inputs[1].log_file.clone(),
            record_index: Some(1),
            event_id: None,
            reason: "not_an_object".to_owned(),
            message: format!("{} record 1: no object", inputs[1].log_file),
        }],
        inputs,
        digest_objects: [0, 2].map(|at| digest_object(name(&digests[at].file), &digests[at])).into(),
        public_keys: vec![PublicKeyOf {
            fingerprint: A.fingerprint(),
            valid_from: Some(hour(-24)),
            valid_until: Some(hour(24)),
            der: A.public_key_der().to_vec(),
        }],
        log_files: [0, 2, 4]
            .map(|at| LogFileObject { log_file: name(&logs[at]), bytes: logs[at].bytes.clone() })
            .into(),
    }
}

fn input(log_file: String, log: &LogFile, digest_file: Option<String>) -> Input {
    let state = if digest_file.is_some() { "attested" } else { "not_attested" };
    Input {
        log_file,
        etag: Some("\"ab12\"".to_owned()),
        sha256: Some(sha256_hex(document(log).as_bytes())),
        events: Some("audit".to_owned()),
        records: 3,
        records_kept: 1,
        records_set_aside: 0,
        account_id: Some(PLACE.account_id.clone()),
        aws_region: Some(PLACE.region.clone()),
        delivered_at: Some(hour(0)),
        set_aside_reason: None,
        attestation: state.to_owned(),
        attestation_reason: format!("it is {state}"),
        digest_file,
    }
}

fn document(log: &LogFile) -> String {
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(log.bytes.as_slice())
        .read_to_string(&mut text)
        .expect("log files made here are gzip");
    text
}

/// The record in the middle.
fn cited(input: &Input, log: &LogFile) -> (Fact, Record) {
    #[derive(serde::Deserialize)]
    struct Document {
        #[serde(rename = "Records")]
        records: Vec<Box<RawValue>>,
    }
    let document: Document = serde_json::from_str(&document(log)).expect("a log file");
    let record = document.records[1].clone();
    let own: serde_json::Value = serde_json::from_str(record.get()).expect("JSON");
    let text = |member: &str| own[member].as_str().expect("a text").to_owned();
    let fact = Fact {
        event_id: text("eventID"),
        event_time: text("eventTime").parse().expect("a time"),
        event_source: text("eventSource"),
        event_name: text("eventName"),
        who: own["userIdentity"]["arn"].as_str().map(str::to_owned),
        log_file: input.log_file.clone(),
        record_index: 1,
        log_file_sha256: input.sha256.clone(),
        attestation: input.attestation.clone(),
        attestation_reason: input.attestation_reason.clone(),
        digest_file: input.digest_file.clone(),
    };
    let record = Record {
        event_id: fact.event_id.clone(),
        log_file: fact.log_file.clone(),
        reason: None,
        record,
        record_index: 1,
        source: RecordSource::LogFile,
    };
    (fact, record)
}

fn verdict(control: ControlId, fact: &Fact) -> Verdict {
    Verdict {
        account_id: PLACE.account_id.clone(),
        aws_region: PLACE.region.clone(),
        requested_at: Some(fact.event_time),
        principal_arn: fact.who.clone(),
        job_kind: Some("model_customization".to_owned()),
        job_name: Some(format!("job-{}", &fact.event_id[..4])),
        job_arn: None,
        control: control.as_str().to_owned(),
        verdict: if control == ControlId::JobInVpc { "NonCompliant" } else { "NotApplicable" }.to_owned(),
        reason: "the request names no VPC configuration".to_owned(),
        resource_id: None,
        cited_event_id: Some(fact.event_id.clone()),
        cited_log_file: Some(fact.log_file.clone()),
        cited_record_index: Some(fact.record_index),
    }
}

fn coverage(number: i64) -> CoverageHour {
    CoverageHour {
        account_id: PLACE.account_id.clone(),
        aws_region: PLACE.region.clone(),
        hour: hour(number),
        state: if number < SIGNED_HOURS.into() { "attested" } else { "delivered" }.to_owned(),
        log_files: 1,
        event_id: None,
    }
}

fn digest_row(digest_file: String, digest: &SignedDigest) -> Digest {
    Digest {
        digest_file,
        account_id: PLACE.account_id.clone(),
        aws_region: PLACE.region.clone(),
        trail_name: "main".to_owned(),
        home_region: PLACE.region.clone(),
        is_backfill: digest.generated_at.is_some(),
        started_at: Some(hour(0)),
        ended_at: Some(hour(1)),
        status: "valid".to_owned(),
        reason: "signed".to_owned(),
        log_files: 1,
        public_key_fingerprint: Some(A.fingerprint()),
    }
}

pub fn digest_object(digest_file: String, digest: &SignedDigest) -> DigestObject {
    let metadata = digest.metadata();
    let metadata = SignatureMetadata::of(metadata.iter().map(|(name, value)| (*name, value.as_str())));
    DigestObject { digest_file, bytes: digest.file.bytes.clone(), metadata }
}

/// CloudTrail's keys, had from elsewhere.
pub fn keys(signer: &Signer) -> PublicKeys {
    PublicKey::from_der(&signer.fingerprint(), signer.public_key_der()).into_iter().collect()
}

/// The pack, not signed.
pub fn files(contents: Contents) -> Files {
    write::files(contents).expect("one content for each name")
}

/// What someone does who changes files and hides it: lengths and hashes are made again, and if asked the counts.
pub fn reseal(files: &mut Files, edit: impl FnOnce(&mut manifest::Manifest)) {
    let mut manifest: manifest::Manifest = serde_json::from_slice(&files[MANIFEST]).expect("a manifest");
    for entry in &mut manifest.files {
        if let Some(bytes) = files.get(&entry.path) {
            let manifest::Entry { bytes, sha256, .. } = manifest::Entry::of(&entry.path, bytes);
            (entry.bytes, entry.sha256) = (bytes, sha256);
        }
    }
    edit(&mut manifest);
    files.insert(MANIFEST.to_owned(), canonical::page(&manifest).into_bytes());
    let sums = manifest::sums(files);
    files.insert(SUMS.to_owned(), sums.into_bytes());
}
