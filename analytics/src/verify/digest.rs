//! A digest file's bytes into what it says.
//!
//! Source: CloudTrail user guide, "CloudTrail digest file structure".

mod members;

use std::io::Read;

use chrono::{DateTime, Utc};
use flate2::bufread::MultiGzDecoder;
use schemas::ids::AccountId;

use super::digest_key::DigestKey;
use super::place;
use crate::sha256::sha256_hex;
use members::Members;

/// No digest file decompresses to more. An hour's list of 100 000 log files has about 50 MB.
pub const DIGEST_LIMIT: u64 = 64 << 20;

/// What a digest file says. Nothing of it is true before its signature is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// SHA-256 of the uncompressed bytes as delivered, in lower-case hexadecimal: what is signed.
    pub sha256: String,
    /// The account whose log files it lists.
    pub account_id: Option<String>,
    /// Start of the deliveries that it covers.
    pub started_at: DateTime<Utc>,
    /// End of the deliveries that it covers.
    pub ended_at: DateTime<Utc>,
    /// The end as written: what is signed.
    pub ended_at_text: String,
    /// The bucket that CloudTrail delivered it to.
    pub bucket: String,
    /// The key under which it did.
    pub object: String,
    /// The key that signed it.
    pub public_key_fingerprint: String,
    /// `SHA256withRSA`.
    pub signature_algorithm: Option<String>,
    /// Latest event in its log files; `None` when there are none.
    pub newest_event_time: Option<DateTime<Utc>>,
    /// Earliest event in its log files; `None` when there are none.
    pub oldest_event_time: Option<DateTime<Utc>>,
    /// The digest before it; `None` for the first one after a start of the trail or of validation.
    pub previous: Option<PreviousDigest>,
    /// The signature of the digest before it, in hexadecimal.
    pub previous_signature: Option<String>,
    /// The log files delivered in its hour.
    pub log_files: Vec<AttestedLog>,
}

/// How a digest names the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviousDigest {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub object: String,
    /// Its hash. Not checked: the chain goes by signatures.
    pub hash: Option<String>,
    /// The algorithm of that hash.
    pub hash_algorithm: Option<String>,
}

/// What a digest says of a log file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttestedLog {
    /// The bucket that CloudTrail delivered it to.
    pub bucket: String,
    /// The key under which it did.
    pub object: String,
    /// Hash of the uncompressed document, in hexadecimal.
    pub hash: String,
    /// The algorithm of that hash.
    pub hash_algorithm: Option<String>,
    /// Latest event in it.
    pub newest_event_time: Option<DateTime<Utc>>,
    /// Earliest event in it.
    pub oldest_event_time: Option<DateTime<Utc>>,
}

impl AttestedLog {
    /// The hash in lower case; `None` when another algorithm made it.
    pub fn sha256(&self) -> Option<String> {
        let is_sha256 = self.hash_algorithm.as_deref().is_none_or(|algorithm| algorithm == "SHA-256");
        is_sha256.then(|| self.hash.to_ascii_lowercase())
    }

    /// The account in the file's name; `None` when the name has another form.
    pub fn account_id(&self) -> Option<AccountId> {
        place::file_name(&self.object).split('_').next().and_then(|account| AccountId::parse(account).ok())
    }
}

/// Why an object is no digest file. Each message reads after the object's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDigest {
    /// Nothing in it.
    #[error("is empty")]
    Empty,
    /// The name says gzip, the bytes do not.
    #[error("is not gzip")]
    NotGzip,
    /// gzip data ends early, or its check sum does not fit.
    #[error("cannot be decompressed: {cause}")]
    BadGzip {
        /// The decoder's words.
        cause: String,
    },
    /// A bomb, or no digest.
    #[error("decompresses to more than {DIGEST_LIMIT} bytes; no digest file is as long")]
    TooLarge,
    /// No JSON, or a member missing or of another type.
    #[error("is no digest file: {cause}")]
    NotADigest {
        /// The parser's words.
        cause: String,
    },
    /// A member that has to say something is null.
    #[error("is no digest file: {member} is null")]
    Null {
        /// The member.
        member: &'static str,
    },
    /// A member that has to be a time is none.
    #[error("is no digest file: {member} {found:?} is not a time")]
    NotATime {
        /// The member.
        member: &'static str,
        /// What is there.
        found: String,
    },
}

impl Digest {
    /// Reads an object as stored; `name` tells gzip from plain JSON.
    pub fn parse(name: &str, object: &[u8]) -> Result<Self, InvalidDigest> {
        let document = inflate(name, object)?;
        let members: Members = serde_json::from_slice(&document)
            .map_err(|cause| InvalidDigest::NotADigest { cause: cause.to_string() })?;
        members.into_digest(sha256_hex(&document))
    }

    /// The log files whose names tell another account than the digest. CloudTrail lists none.
    pub fn foreign_log_files(&self) -> impl Iterator<Item = &AttestedLog> {
        let named = self.account_id.as_deref().and_then(|account| AccountId::parse(account).ok());
        let own = named.or_else(|| DigestKey::parse(&self.object).map(|key| key.chain.account_id));
        self.log_files.iter().filter(move |log| match (&own, log.account_id()) {
            (Some(own), Some(account)) => *own != account,
            _ => false,
        })
    }

    /// The string that CloudTrail signs.
    pub fn string_to_sign(&self) -> String {
        let Self { ended_at_text, bucket, object, sha256, previous_signature, .. } = self;
        let previous_signature = previous_signature.as_deref().unwrap_or("null");
        format!("{ended_at_text}\n{bucket}/{object}\n{sha256}\n{previous_signature}")
    }
}

fn inflate(name: &str, object: &[u8]) -> Result<Vec<u8>, InvalidDigest> {
    let mut document = Vec::new();
    let read = match object {
        [] => return Err(InvalidDigest::Empty),
        _ if !name.ends_with(".gz") => object.take(DIGEST_LIMIT + 1).read_to_end(&mut document),
        [0x1f, 0x8b, ..] => MultiGzDecoder::new(object).take(DIGEST_LIMIT + 1).read_to_end(&mut document),
        _ => return Err(InvalidDigest::NotGzip),
    };
    match read {
        Err(cause) => Err(InvalidDigest::BadGzip { cause: cause.to_string() }),
        Ok(length) if length as u64 > DIGEST_LIMIT => Err(InvalidDigest::TooLarge),
        Ok(_) => Ok(document),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("writing to memory");
        encoder.finish().expect("writing to memory")
    }

    fn document() -> Value {
        let log = |account: &str| {
            let object = format!("AWSLogs/1/{account}_CloudTrail_x.json.gz");
            json!({"s3Bucket": "b", "s3Object": object, "hashValue": "AB"})
        };
        json!({
            "awsAccountId": "111122223333", "digestStartTime": "2026-02-03T04:00:00Z",
            "digestEndTime": "2026-02-03T05:00:00Z", "digestS3Bucket": "b", "digestS3Object": "k.json.gz",
            "digestPublicKeyFingerprint": "f", "previousDigestSignature": null, "unheardOf": [1],
            "logFiles": [log("111122223333"), log("444455556666"), log("copy")],
        })
    }

    fn parse(document: &Value) -> Result<Digest, InvalidDigest> {
        Digest::parse("a.json.gz", &gzip(document.to_string().as_bytes()))
    }

    #[test]
    fn the_string_to_sign_holds_hash_and_null() {
        let digest = parse(&document()).expect("a digest");
        let text = document().to_string();
        assert_eq!(digest.sha256, sha256_hex(text.as_bytes()));
        assert_eq!(digest.string_to_sign(), format!("2026-02-03T05:00:00Z\nb/k.json.gz\n{}\nnull", digest.sha256));
        assert_eq!(Digest::parse("a.json", text.as_bytes()), Ok(digest.clone()));
        let two_members = [gzip(&text.as_bytes()[..99]), gzip(&text.as_bytes()[99..])].concat();
        assert_eq!(Digest::parse("a.json.gz", &two_members), Ok(digest.clone()));
        assert_eq!((digest.previous, digest.newest_event_time), (None, None));
        assert_eq!(digest.log_files[0].sha256().as_deref(), Some("ab"));
    }

    #[test]
    fn a_log_file_of_another_account_is_seen() {
        let foreign = |digest: Digest| {
            digest.foreign_log_files().filter_map(AttestedLog::account_id).map(String::from).collect::<Vec<_>>()
        };
        assert_eq!(foreign(parse(&document()).expect("a digest")), ["444455556666"]);
        let mut nameless = document();
        nameless["awsAccountId"] = Value::Null;
        assert_eq!(foreign(parse(&nameless).expect("a digest")), Vec::<String>::new());
        nameless["digestS3Object"] =
            json!("444455556666_CloudTrail-Digest_eu-west-1_main_eu-west-1_20260203T050000Z.json.gz");
        assert_eq!(foreign(parse(&nameless).expect("a digest")), ["111122223333"]);
    }

    #[test]
    fn members_that_validation_needs_have_to_be_there() {
        for member in [
            "digestStartTime",
            "digestEndTime",
            "digestS3Bucket",
            "digestS3Object",
            "digestPublicKeyFingerprint",
            "previousDigestSignature",
        ] {
            let mut without = document();
            without.as_object_mut().expect("an object").shift_remove(member);
            let error = parse(&without).expect_err(member).to_string();
            assert!(error.contains(&format!("missing field `{member}`")), "{error}");
            let mut null = document();
            null[member] = Value::Null;
            let expected =
                if member == "previousDigestSignature" { None } else { Some(InvalidDigest::Null { member }) };
            assert_eq!(parse(&null).err(), expected);
        }
        let mut undated = document();
        undated["digestEndTime"] = json!("today");
        assert_eq!(
            parse(&undated),
            Err(InvalidDigest::NotATime { member: "digestEndTime", found: "today".to_owned() })
        );
    }

    #[test]
    fn damage_is_named() {
        let whole = gzip(document().to_string().as_bytes());
        let check = |name: &str, object: &[u8], expected: &str| {
            let error = Digest::parse(name, object).expect_err(expected).to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("a.json.gz", b"", "is empty");
        check("a.json.gz", b"{}", "is not gzip");
        check("a.json.gz", &whole[..whole.len() / 2], "cannot be decompressed");
        check("a.json.gz", &[whole.as_slice(), b"tail"].concat(), "cannot be decompressed");
        check("a.json", &whole, "is no digest file");
        check("a.json.gz", &gzip(b"[]"), "is no digest file");
        check("a.json.gz", &gzip(&vec![b' '; 1 + (64 << 20)]), "decompresses to more than 67108864 bytes");
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_digest_or_a_reason(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Digest::parse("a.json", &bytes);
            let _ = Digest::parse("a.json.gz", &bytes);
            let _ = Digest::parse("a.json.gz", &gzip(&bytes));
        }
    }
}
