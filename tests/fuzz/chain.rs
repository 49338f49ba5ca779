//! A signed chain of digests, made with a key of the tests' fixtures: always the same.

use std::io::Read;

use analytics::trail::digest::{Delivery, DigestChain, Signer};
use analytics::trail::{Layout, Place, log_file, noise};
use chrono::{DateTime, TimeDelta, Utc};
use flate2::read::MultiGzDecoder;

const KEY: &[u8] = include_bytes!("../fixtures/digest_key_a.pk8");

/// Digests as (key, signature, document), and the public key as `aws cloudtrail list-public-keys` prints it.
pub fn signed() -> (Vec<(String, String, Vec<u8>)>, String) {
    let signer = Signer::new(KEY).expect("the fixture is a key");
    let start: DateTime<Utc> = "2026-02-03T04:00:00Z".parse().expect("a time");
    let place = Place::new("111122223333", "eu-west-1");
    let log_files: Vec<_> = (0..3)
        .map(|hour| {
            let at = start + TimeDelta::hours(hour) + TimeDelta::minutes(5);
            log_file(&Layout::Plain, &place, at, "abcdefghijklmnop", &noise(&place, at, 2, 7))
        })
        .collect();
    let delivery = Delivery { layout: &Layout::Plain, place: &place, trail: "main", bucket: "trail" };
    let digests = DigestChain::new(delivery, start, 3, &signer).sign(&log_files);
    let parts = digests.into_iter().map(|digest| {
        let mut document = Vec::new();
        MultiGzDecoder::new(digest.file.bytes.as_slice()).read_to_end(&mut document).expect("the trail packs well");
        (digest.file.key, digest.signature, document)
    });
    (parts.collect(), signer.public_keys_json(start - TimeDelta::days(1)..start + TimeDelta::days(1)))
}
