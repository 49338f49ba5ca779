//! Records in log files, under the keys that CloudTrail gives them.
//!
//! Source: CloudTrail user guide, "Finding your CloudTrail log files" and "CloudTrail digest file structure".

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::record::time_text;
use super::{Place, Record, id};
use crate::sha256::{hex, sha256_hex};

/// An object as CloudTrail delivers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFile {
    /// Its key in the bucket.
    pub key: String,
    /// Its content, compressed.
    pub bytes: Vec<u8>,
}

impl LogFile {
    /// The file cut off half way, as a broken copy leaves it.
    pub fn truncated(mut self) -> Self {
        self.bytes.truncate(self.bytes.len() / 2);
        self
    }

    /// The content, uncompressed.
    fn text(&self) -> io::Result<String> {
        let mut text = String::new();
        MultiGzDecoder::new(self.bytes.as_slice()).read_to_string(&mut text)?;
        Ok(text)
    }
}

/// Where in a bucket a trail puts its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// `AWSLogs/<account>/...`
    Plain,
    /// `AWSLogs/<organization>/<account>/...`
    Organization(String),
    /// `<prefix>/AWSLogs/<account>/...`; the prefix without a slash at its end.
    Prefixed(String),
    /// The file's name alone, as a copy in one folder leaves it.
    Flat,
}

impl Layout {
    /// The key of a log file. `unique16` is any sixteen letters and digits.
    pub fn key(&self, place: &Place, delivered_at: DateTime<Utc>, unique16: &str) -> String {
        let Place { account_id, region } = place;
        let minute = delivered_at.format("%Y%m%dT%H%MZ");
        let name = format!("{account_id}_CloudTrail_{region}_{minute}_{unique16}.json.gz");
        self.folder(place, "CloudTrail", delivered_at) + &name
    }

    /// The key of a digest file of `trail`, whose home is the same Region.
    pub fn digest_key(&self, place: &Place, delivered_at: DateTime<Utc>, trail: &str) -> String {
        let Place { account_id, region } = place;
        let second = delivered_at.format("%Y%m%dT%H%M%SZ");
        let name = format!("{account_id}_CloudTrail-Digest_{region}_{trail}_{region}_{second}.json.gz");
        self.folder(place, "CloudTrail-Digest", delivered_at) + &name
    }

    /// All of a key before the file's name. The date is that of the delivery.
    fn folder(&self, place: &Place, kind: &str, delivered_at: DateTime<Utc>) -> String {
        let Place { account_id, region } = place;
        let inner = format!("{account_id}/{kind}/{region}/{}/", delivered_at.format("%Y/%m/%d"));
        match self {
            Self::Plain => format!("AWSLogs/{inner}"),
            Self::Organization(organization) => format!("AWSLogs/{organization}/{inner}"),
            Self::Prefixed(prefix) => format!("{prefix}/AWSLogs/{inner}"),
            Self::Flat => String::new(),
        }
    }
}

/// A log file of the records, in their order. The same arguments give the same bytes.
pub fn log_file(
    layout: &Layout,
    place: &Place,
    delivered_at: DateTime<Utc>,
    unique16: &str,
    records: &[Record],
) -> LogFile {
    LogFile { key: layout.key(place, delivered_at, unique16), bytes: gzip(document(records).as_bytes()) }
}

/// The same log file as three gzip members one after the other, cut wherever the thirds fall.
pub fn multi_member(
    layout: &Layout,
    place: &Place,
    delivered_at: DateTime<Utc>,
    unique16: &str,
    records: &[Record],
) -> LogFile {
    let document = document(records);
    let bytes = document.as_bytes().chunks(document.len().div_ceil(3)).flat_map(gzip).collect();
    LogFile { key: layout.key(place, delivered_at, unique16), bytes }
}

/// A digest file that attests the log files; one that cannot be read is left out. It is the first of its chain, and
/// carries no signature: that stands in the object's metadata, which files do not have.
pub fn digest_file(
    layout: &Layout,
    place: &Place,
    ended_at: DateTime<Utc>,
    trail: &str,
    bucket: &str,
    log_files: &[LogFile],
) -> LogFile {
    let key = layout.digest_key(place, ended_at, trail);
    let attested: Vec<Value> = log_files.iter().filter_map(|file| attestation(bucket, file)).collect();
    let newest = attested.iter().filter_map(|entry| entry["newestEventTime"].as_str()).max();
    let oldest = attested.iter().filter_map(|entry| entry["oldestEventTime"].as_str()).min();
    let digest = json!({
        "awsAccountId": place.account_id,
        "digestStartTime": time_text(ended_at - TimeDelta::hours(1)),
        "digestEndTime": time_text(ended_at),
        "digestS3Bucket": bucket,
        "digestS3Object": key,
        "digestPublicKeyFingerprint": hex(&id::digest(&["key", &place.region])[..16]),
        "digestSignatureAlgorithm": "SHA256withRSA",
        "newestEventTime": newest,
        "oldestEventTime": oldest,
        "previousDigestS3Bucket": null,
        "previousDigestS3Object": null,
        "previousDigestHashValue": null,
        "previousDigestHashAlgorithm": null,
        "previousDigestSignature": null,
        "logFiles": attested,
    });
    LogFile { bytes: gzip(digest.to_string().as_bytes()), key }
}

/// Writes each file under its key below `folder`.
pub fn write_all(folder: &Path, files: &[LogFile]) -> io::Result<()> {
    for file in files {
        let path = folder.join(&file.key);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, &file.bytes)?;
    }
    Ok(())
}

fn document(records: &[Record]) -> String {
    let mut text = String::from("{\"Records\":[");
    for (index, record) in records.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&record.to_json());
    }
    text.push_str("]}");
    text
}

/// One gzip member with no time in its header.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("a Vec takes any write");
    encoder.finish().expect("a Vec takes any write")
}

/// What a digest says of one log file.
fn attestation(bucket: &str, file: &LogFile) -> Option<Value> {
    let text = file.text().ok()?;
    let document: Value = serde_json::from_str(&text).ok()?;
    let records = document["Records"].as_array()?;
    let times = || records.iter().filter_map(|record| record["eventTime"].as_str());
    Some(json!({
        "s3Bucket": bucket,
        "s3Object": file.key,
        "hashValue": sha256_hex(text.as_bytes()),
        "hashAlgorithm": "SHA-256",
        "newestEventTime": times().max(),
        "oldestEventTime": times().min(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::noise;

    const UNIQUE: &str = "WMiHxZgr5Hdd6UDc";

    fn place() -> Place {
        Place::new("111122223333", "eu-west-1")
    }

    fn delivered_at() -> DateTime<Utc> {
        "2026-02-03T04:05:06Z".parse().expect("a date")
    }

    #[test]
    fn keys_have_cloudtrails_form() {
        let check = |layout: Layout, before: &str| {
            let expected = format!("{before}111122223333_CloudTrail_eu-west-1_20260203T0405Z_{UNIQUE}.json.gz");
            assert_eq!(layout.key(&place(), delivered_at(), UNIQUE), expected);
        };
        let dated = "111122223333/CloudTrail/eu-west-1/2026/02/03/";
        check(Layout::Plain, &format!("AWSLogs/{dated}"));
        check(Layout::Organization("o-exampleorg1".to_owned()), &format!("AWSLogs/o-exampleorg1/{dated}"));
        check(Layout::Prefixed("security/logs".to_owned()), &format!("security/logs/AWSLogs/{dated}"));
        check(Layout::Flat, "");
        assert_eq!(
            Layout::Plain.digest_key(&place(), delivered_at(), "main"),
            "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/02/03/\
             111122223333_CloudTrail-Digest_eu-west-1_main_eu-west-1_20260203T040506Z.json.gz"
        );
    }

    #[test]
    fn one_member_or_several_decode_to_the_same_records() {
        let records = noise(&place(), delivered_at(), 5, 1);
        let whole = log_file(&Layout::Flat, &place(), delivered_at(), UNIQUE, &records);
        let parts = multi_member(&Layout::Flat, &place(), delivered_at(), UNIQUE, &records);
        assert_ne!(whole.bytes, parts.bytes);
        let text = whole.text().expect("gzip");
        assert_eq!(parts.text().expect("gzip"), text);
        let document: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(document["Records"][4], records[4].0);
        assert_eq!(document["Records"].as_array().map(Vec::len), Some(5));
        assert!(whole.truncated().text().is_err());
    }

    #[test]
    fn a_digest_attests_the_uncompressed_bytes_of_what_can_be_read() {
        let file = log_file(&Layout::Plain, &place(), delivered_at(), UNIQUE, &noise(&place(), delivered_at(), 2, 1));
        let files = [file.clone(), file.clone().truncated()];
        let digest = digest_file(&Layout::Plain, &place(), delivered_at(), "main", "bucket", &files);
        let digest: Value = serde_json::from_str(&digest.text().expect("gzip")).expect("JSON");
        assert_eq!(digest["logFiles"].as_array().map(Vec::len), Some(1));
        let hash = sha256_hex(file.text().expect("gzip").as_bytes());
        assert_eq!(digest["logFiles"][0]["hashValue"], Value::from(hash));
    }

    #[test]
    fn files_are_written_under_their_keys() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = log_file(&Layout::Plain, &place(), delivered_at(), UNIQUE, &[]);
        write_all(folder.path(), std::slice::from_ref(&file)).expect("a writable folder");
        assert_eq!(fs::read(folder.path().join(&file.key)).expect("the file"), file.bytes);
    }
}
