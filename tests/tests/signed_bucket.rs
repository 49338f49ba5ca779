//! A bucket of log files with signed digest files, before anything happened to it.

use std::path::Path;
use std::sync::LazyLock;

use analytics::trail::digest::{Delivery, DigestChain, SignedDigest, Signer, public_keys_json};
use analytics::trail::{Layout, LogFile, Place, log_file, noise};
use chrono::{DateTime, TimeDelta, Utc};
use end_to_end::s3_server::{Faults, S3Server};

pub const BUCKET: &str = "trail-bucket";
pub const TRAIL: &str = "audit-trail";

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

pub fn signer(name: &str) -> Signer {
    let path = crate::place::repository().join(format!("tests/fixtures/digest_key_{name}.pk8"));
    Signer::new(&std::fs::read(path).expect("a key of the repository")).expect("an RSA key")
}

/// A bucket before anything happened to it: eight hours, two log files in each, and their digests.
pub struct Bucket {
    pub logs: Vec<LogFile>,
    pub digests: Vec<SignedDigest>,
    pub keys: String,
}

pub fn started_at() -> DateTime<Utc> {
    at("2026-02-03T04:00:00Z")
}

pub fn place() -> Place {
    Place::new("111122223333", "eu-west-1")
}

/// The trail's delivery, keys and chain live as long as the tests do.
pub fn chain() -> DigestChain<'static> {
    chain_from(started_at(), 8)
}

fn chain_from(started_at: DateTime<Utc>, hours: u32) -> DigestChain<'static> {
    static PLACE: LazyLock<Place> = LazyLock::new(place);
    let delivery = Delivery { layout: &Layout::Plain, place: &PLACE, trail: TRAIL, bucket: BUCKET };
    DigestChain::new(delivery, started_at, hours, &KEY_A)
}

pub static KEY_A: LazyLock<Signer> = LazyLock::new(|| signer("a"));
pub static KEY_B: LazyLock<Signer> = LazyLock::new(|| signer("b"));

pub fn bucket(chains: &[DigestChain<'_>]) -> Bucket {
    bucket_from(started_at(), 16, chains)
}

/// Four hours, two of them of the next day.
pub fn overnight() -> Bucket {
    let started_at = at("2026-02-03T22:00:00Z");
    bucket_from(started_at, 8, &[chain_from(started_at, 4)])
}

fn bucket_from(started_at: DateTime<Utc>, half_hours: i64, chains: &[DigestChain<'_>]) -> Bucket {
    let place = place();
    let log = |half_hour: i64| {
        let at = started_at + TimeDelta::minutes(30 * half_hour + 7);
        log_file(&Layout::Plain, &place, at, &format!("WMiHxZgr5Hdd6U{half_hour:02}"), &noise(&place, at, 3, 1))
    };
    let logs: Vec<LogFile> = (0..half_hours).map(log).collect();
    let digests = chains.iter().flat_map(|chain| chain.sign(&logs)).collect();
    let valid = at("2026-01-01T00:00:00Z")..at("2026-12-31T00:00:00Z");
    Bucket { logs, digests, keys: public_keys_json(&[(&KEY_A, valid.clone()), (&KEY_B, valid)]) }
}

pub fn whole() -> Bucket {
    bucket(&[chain()])
}

/// The bucket in S3, metadata and all.
pub struct Stored {
    pub server: S3Server,
    pub folder: tempfile::TempDir,
}

impl Bucket {
    pub async fn stored(&self) -> Stored {
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
    pub fn write(&self, folder: &Path) {
        for (key, bytes) in self.objects() {
            let path = folder.join("copy").join(key);
            std::fs::create_dir_all(path.parent().expect("a key has folders")).expect("made");
            std::fs::write(path, bytes).expect("written");
        }
        std::fs::write(folder.join("keys.json"), &self.keys).expect("written");
    }

    pub fn objects(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let digests = self.digests.iter().map(|digest| &digest.file);
        self.logs.iter().chain(digests).map(|file| (file.key.as_str(), file.bytes.as_slice()))
    }
}
