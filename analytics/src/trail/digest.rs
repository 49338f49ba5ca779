//! Signed digest files, hour by hour, as CloudTrail makes them when log file validation is on.
//!
//! Sources: CloudTrail user guide, "CloudTrail digest file structure"; CloudTrail API Reference, "ListPublicKeys".

use std::io::Read;
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use flate2::read::MultiGzDecoder;
use ring::error::KeyRejected;
use ring::rand::SystemRandom;
use ring::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use super::log_file::gzip;
use super::record::time_text;
use super::{Layout, LogFile, Place, digest_file};
use crate::sha256::{hex, sha256_hex};

/// What digests and their metadata call the algorithm.
pub const ALGORITHM: &str = "SHA256withRSA";

/// Signs as CloudTrail does, with a private key of the caller's.
#[derive(Debug)]
pub struct Signer(RsaKeyPair);

impl Signer {
    /// A signer with an RSA key of at least 2048 bits, in PKCS#8.
    pub fn new(pkcs8: &[u8]) -> Result<Self, KeyRejected> {
        RsaKeyPair::from_pkcs8(pkcs8).map(Self)
    }

    /// The public key as `ListPublicKeys` gives it: PKCS#1 `RSAPublicKey`.
    pub fn public_key_der(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    /// The public key's name: 32 hexadecimal digits, which depend on the key alone.
    pub fn fingerprint(&self) -> String {
        sha256_hex(self.public_key_der())[..32].to_owned()
    }

    /// The signature of a text, in hexadecimal: RSASSA-PKCS1-v1_5 with SHA-256.
    pub fn sign(&self, text: &str) -> String {
        let mut signature = vec![0; self.0.public().modulus_len()];
        let signed = self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature);
        signed.expect("the buffer has the length of the key, which is long enough for SHA-256");
        hex(&signature)
    }

    /// What `aws cloudtrail list-public-keys` prints when this is the only key.
    pub fn public_keys_json(&self, valid: Range<DateTime<Utc>>) -> String {
        public_keys_json(&[(self, valid)])
    }
}

/// What `aws cloudtrail list-public-keys` prints of keys, each with the time in which it signs.
pub fn public_keys_json(keys: &[(&Signer, Range<DateTime<Utc>>)]) -> String {
    let listed = |(signer, valid): &(&Signer, Range<DateTime<Utc>>)| {
        json!({
            "Value": STANDARD.encode(signer.public_key_der()),
            "ValidityStartTime": valid.start.to_rfc3339(),
            "ValidityEndTime": valid.end.to_rfc3339(),
            "Fingerprint": signer.fingerprint(),
        })
    };
    json!({"PublicKeyList": keys.iter().map(listed).collect::<Vec<_>>()}).to_string()
}

/// Where a trail delivers.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// How it names its files.
    pub layout: &'a Layout,
    /// The account and Region, which is also the trail's home.
    pub place: &'a Place,
    /// The trail's name.
    pub trail: &'a str,
    /// Its bucket.
    pub bucket: &'a str,
}

/// A digest file and the metadata that S3 holds beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedDigest {
    /// The object.
    pub file: LogFile,
    /// User metadata `signature`, in hexadecimal.
    pub signature: String,
    /// User metadata `signature-algorithm`.
    pub algorithm: &'static str,
    /// User metadata `backfill-generation-timestamp`; `None` for a digest made in its hour.
    pub generated_at: Option<DateTime<Utc>>,
}

impl SignedDigest {
    /// The object's user metadata, names without `x-amz-meta-`.
    pub fn metadata(&self) -> Vec<(&'static str, String)> {
        let mut metadata =
            vec![("signature", self.signature.clone()), ("signature-algorithm", self.algorithm.to_owned())];
        metadata.extend(self.generated_at.map(|at| ("backfill-generation-timestamp", time_text(at))));
        metadata
    }

    /// The digest with its content changed and its signature left, as a forger leaves it.
    pub fn edited(mut self, edit: impl FnOnce(&mut Value)) -> Self {
        let mut document = document(&self.file);
        edit(&mut document);
        self.file.bytes = gzip(document.to_string().as_bytes());
        self
    }

    /// The digest signed again, whatever its content is by now.
    pub fn signed_by(mut self, signer: &Signer) -> Self {
        self.signature = signer.sign(&string_to_sign(&document(&self.file)));
        self
    }
}

/// A chain of hourly digests, to be made of log files.
#[derive(Debug, Clone)]
pub struct DigestChain<'a> {
    delivery: Delivery<'a>,
    started_at: DateTime<Utc>,
    hours: u32,
    /// Who signs from which hour on, in order.
    signers: Vec<(u32, &'a Signer)>,
    stops: Vec<Range<u32>>,
    generated_at: Option<DateTime<Utc>>,
}

impl<'a> DigestChain<'a> {
    /// A digest for each of the hours from `started_at` on; the first one begins the chain.
    pub fn new(delivery: Delivery<'a>, started_at: DateTime<Utc>, hours: u32, signer: &'a Signer) -> Self {
        Self { delivery, started_at, hours, signers: vec![(0, signer)], stops: Vec::new(), generated_at: None }
    }

    /// From the hour of that number on, another key signs. Hours are told in order.
    pub fn rotated(mut self, hour: u32, signer: &'a Signer) -> Self {
        self.signers.push((hour, signer));
        self
    }

    /// In the hours of these numbers validation is off; the digest after them begins the chain anew. An empty range
    /// begins it anew without an hour lost.
    pub fn stopped(mut self, hours: Range<u32>) -> Self {
        self.stops.push(hours);
        self
    }

    /// The digests are made later, all at that time.
    pub fn backfilled(mut self, generated_at: DateTime<Utc>) -> Self {
        self.generated_at = Some(generated_at);
        self
    }

    /// The digests, oldest first. Each lists those of the log files whose names tell a delivery in its hour.
    pub fn sign(&self, log_files: &[LogFile]) -> Vec<SignedDigest> {
        let mut digests: Vec<SignedDigest> = Vec::new();
        for hour in (0..self.hours).filter(|hour| !self.stops.iter().any(|stop| stop.contains(hour))) {
            let begins_anew = self.stops.iter().any(|stop| stop.end == hour);
            let previous = digests.last().filter(|_| !begins_anew);
            let next = self.digest(hour, previous, log_files);
            digests.push(next);
        }
        digests
    }

    fn digest(&self, hour: u32, previous: Option<&SignedDigest>, log_files: &[LogFile]) -> SignedDigest {
        let Delivery { layout, place, trail, bucket } = self.delivery;
        let started_at = self.started_at + TimeDelta::hours(hour.into());
        let ended_at = started_at + TimeDelta::hours(1);
        let is_in_hour = |file: &&LogFile| delivered_at(&file.key).is_some_and(|at| started_at <= at && at < ended_at);
        let delivered: Vec<LogFile> = log_files.iter().filter(is_in_hour).cloned().collect();
        let mut file = digest_file(layout, place, ended_at, trail, bucket, &delivered);
        if self.generated_at.is_some() {
            file.key = file.key.replace(".json.gz", "_backfill.json.gz");
        }
        let (_, signer) = self.signers.iter().rfind(|(from, _)| *from <= hour).expect("a signer from hour 0 on");
        let mut content = document(&file);
        content["digestS3Object"] = json!(file.key);
        content["digestPublicKeyFingerprint"] = json!(signer.fingerprint());
        if let Some(previous) = previous {
            content["previousDigestS3Bucket"] = json!(bucket);
            content["previousDigestS3Object"] = json!(previous.file.key);
            content["previousDigestHashValue"] = json!(sha256_hex(document(&previous.file).to_string().as_bytes()));
            content["previousDigestHashAlgorithm"] = json!("SHA-256");
            content["previousDigestSignature"] = json!(previous.signature);
        }
        file.bytes = gzip(content.to_string().as_bytes());
        let signature = signer.sign(&string_to_sign(&content));
        SignedDigest { file, signature, algorithm: ALGORITHM, generated_at: self.generated_at }
    }
}

/// What CloudTrail signs of a digest.
fn string_to_sign(digest: &Value) -> String {
    let text = |member: &str| digest[member].as_str().unwrap_or("null");
    let hash = sha256_hex(digest.to_string().as_bytes());
    let place = format!("{}/{}", text("digestS3Bucket"), text("digestS3Object"));
    [text("digestEndTime"), &place, &hash, text("previousDigestSignature")].join("\n")
}

/// The minute of delivery in a log file's name.
fn delivered_at(key: &str) -> Option<DateTime<Utc>> {
    let minute = key.rsplit('/').next()?.split('_').nth(3)?;
    Some(NaiveDateTime::parse_from_str(minute, "%Y%m%dT%H%MZ").ok()?.and_utc())
}

/// What a digest says. Written back, it has the same bytes: members keep their order.
fn document(file: &LogFile) -> Value {
    let mut text = String::new();
    let read = MultiGzDecoder::new(file.bytes.as_slice()).read_to_string(&mut text);
    read.expect("digests made here are gzip");
    serde_json::from_str(&text).expect("digests made here are JSON")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::{log_file, noise};

    const KEY_A: &[u8] = include_bytes!("../../../tests/fixtures/digest_key_a.pk8");
    const KEY_B: &[u8] = include_bytes!("../../../tests/fixtures/digest_key_b.pk8");

    fn started_at() -> DateTime<Utc> {
        "2026-02-03T04:00:00Z".parse().expect("a date")
    }

    #[test]
    fn each_digest_names_the_one_before_it_and_lists_its_hour() {
        let (place, a, b) = (Place::new("111122223333", "eu-west-1"), Signer::new(KEY_A), Signer::new(KEY_B));
        let (a, b) = (a.expect("an RSA key"), b.expect("an RSA key"));
        let delivery = Delivery { layout: &Layout::Plain, place: &place, trail: "main", bucket: "bucket" };
        let at = started_at() + TimeDelta::minutes(70);
        let log = log_file(&Layout::Plain, &place, at, "WMiHxZgr5Hdd6UDc", &noise(&place, at, 2, 1));
        let chain = DigestChain::new(delivery, started_at(), 6, &a).rotated(2, &b).stopped(3..5);
        let digests = chain.sign(std::slice::from_ref(&log));
        let contents: Vec<Value> = digests.iter().map(|digest| document(&digest.file)).collect();
        assert_eq!(digests.len(), 4);
        let logs: Vec<usize> =
            contents.iter().map(|digest| digest["logFiles"].as_array().map_or(9, Vec::len)).collect();
        assert_eq!(logs, [0, 1, 0, 0]);
        assert_eq!(contents[1]["logFiles"][0]["s3Object"], json!(log.key));
        assert_eq!(contents[0]["previousDigestSignature"], Value::Null);
        assert_eq!(contents[1]["previousDigestSignature"], json!(digests[0].signature));
        assert_eq!(contents[2]["previousDigestS3Object"], json!(digests[1].file.key));
        assert_eq!(contents[2]["digestPublicKeyFingerprint"], json!(b.fingerprint()));
        assert_eq!(contents[3]["previousDigestS3Object"], Value::Null);
        assert_eq!(contents[3]["digestStartTime"], json!("2026-02-03T09:00:00Z"));
        assert_eq!(chain.sign(&[log])[2], digests[2], "the same bytes every time");
    }

    #[test]
    fn a_backfill_digest_says_so_in_its_name_and_metadata() {
        let (place, signer) = (Place::new("111122223333", "eu-west-1"), Signer::new(KEY_A).expect("an RSA key"));
        let delivery = Delivery { layout: &Layout::Flat, place: &place, trail: "main", bucket: "bucket" };
        let chain = DigestChain::new(delivery, started_at(), 1, &signer).backfilled(started_at());
        let digest = &chain.sign(&[])[0];
        let name = "111122223333_CloudTrail-Digest_eu-west-1_main_eu-west-1_20260203T050000Z_backfill.json.gz";
        assert_eq!((digest.file.key.as_str(), &document(&digest.file)["digestS3Object"]), (name, &json!(name)));
        assert_eq!(digest.metadata()[2], ("backfill-generation-timestamp", "2026-02-03T04:00:00Z".to_owned()));
        assert_eq!(digest.metadata()[0].1.len(), 512);
    }
}
