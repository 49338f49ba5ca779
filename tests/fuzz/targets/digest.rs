//! Digest files, one a line, as one listing: nothing is valid but what the signer signed, to the byte.

#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use analytics::sha256::sha256_hex;
use analytics::verify::report::DigestStatus;
use analytics::verify::{Digest, FetchedDigest, PublicKeys, SignatureMetadata, verify_chains};
use libfuzzer_sys::fuzz_target;

#[path = "../chain.rs"]
mod chain;

/// What was signed: signatures and hashes of documents, by key. Public keys to check them with.
struct Signed {
    by_key: BTreeMap<String, (String, String)>,
    keys: PublicKeys,
}

static SIGNED: LazyLock<Signed> = LazyLock::new(|| {
    let (digests, keys) = chain::signed();
    let by_key = digests.into_iter().map(|(key, signature, document)| (key, (signature, sha256_hex(&document))));
    Signed { by_key: by_key.collect(), keys: PublicKeys::from_json(keys.as_bytes()).expect("as AWS prints them") }
});

fuzz_target!(|listing: &[u8]| {
    if let Ok(keys) = PublicKeys::from_json(listing) {
        assert!(keys.is_empty() || serde_json::from_slice::<serde_json::Value>(listing).is_ok());
    }
    let objects: Vec<&[u8]> = match listing {
        [0x1f, 0x8b, ..] => vec![listing],
        _ => listing.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect(),
    };
    let fetched: Vec<FetchedDigest> = objects.into_iter().map(fetched).collect();
    let signed: Vec<String> = fetched.iter().filter(|digest| is_signed(digest)).map(|d| d.key.clone()).collect();
    for report in verify_chains(fetched, &SIGNED.keys, None) {
        let valid: Vec<&str> = report.with_status(DigestStatus::Valid).map(|verdict| verdict.key.as_str()).collect();
        for key in &valid {
            let count = |keys: &mut dyn Iterator<Item = &str>| keys.filter(|other| other == key).count();
            let (found, original) = (count(&mut valid.iter().copied()), count(&mut signed.iter().map(String::as_str)));
            assert!(found <= original, "{key} is valid and was never signed");
        }
        let vouching = report.verdicts.iter().filter(|verdict| !verdict.attests.is_empty());
        vouching.for_each(|verdict| assert_eq!(verdict.status, DigestStatus::Valid, "{}", verdict.key));
        assert!(!valid.is_empty() || report.covered().is_empty(), "an hour that nothing vouches for");
    }
});

/// An object as S3 gives it: under the key that it names, with the signature of what was first written there.
fn fetched(object: &[u8]) -> FetchedDigest {
    let name = if object.starts_with(&[0x1f, 0x8b]) { "digest.json.gz" } else { "digest.json" };
    let key = Digest::parse(name, object).map_or_else(|_| name.to_owned(), |digest| digest.object);
    let metadata = SIGNED.by_key.get(&key).map(|(signature, _)| SignatureMetadata {
        signature: Some(signature.clone()),
        signature_algorithm: Some("SHA256withRSA".to_owned()),
        backfill_generation_timestamp: None,
    });
    let content = Digest::parse(name, object).map_err(Into::into);
    FetchedDigest { content, ..FetchedDigest::new(None, &key, Ok(object), metadata.unwrap_or_default()) }
}

fn is_signed(fetched: &FetchedDigest) -> bool {
    let Ok(digest) = &fetched.content else { return false };
    SIGNED.by_key.get(&fetched.key).is_some_and(|(_, hash)| *hash == digest.sha256)
}
