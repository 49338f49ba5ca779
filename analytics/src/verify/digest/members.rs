//! A digest file's members as written, and into what they mean.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};

use super::{AttestedLog, Digest, InvalidDigest, PreviousDigest};

/// The members as written. Those that validation needs have to be there, even if null; unknown ones are passed over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "the members of a digest")]
pub(super) struct Members {
    aws_account_id: Option<String>,
    #[serde(deserialize_with = "present")]
    digest_start_time: Option<String>,
    #[serde(deserialize_with = "present")]
    digest_end_time: Option<String>,
    #[serde(deserialize_with = "present")]
    digest_s3_bucket: Option<String>,
    #[serde(deserialize_with = "present")]
    digest_s3_object: Option<String>,
    #[serde(deserialize_with = "present")]
    digest_public_key_fingerprint: Option<String>,
    digest_signature_algorithm: Option<String>,
    newest_event_time: Option<String>,
    oldest_event_time: Option<String>,
    previous_digest_s3_bucket: Option<String>,
    previous_digest_s3_object: Option<String>,
    previous_digest_hash_value: Option<String>,
    previous_digest_hash_algorithm: Option<String>,
    #[serde(deserialize_with = "present")]
    previous_digest_signature: Option<String>,
    log_files: Option<Vec<LogMembers>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "the members of an entry of logFiles")]
struct LogMembers {
    s3_bucket: String,
    s3_object: String,
    hash_value: String,
    hash_algorithm: Option<String>,
    newest_event_time: Option<String>,
    oldest_event_time: Option<String>,
}

impl Members {
    /// The digest of a document with that hash.
    pub(super) fn into_digest(self, sha256: String) -> Result<Digest, InvalidDigest> {
        let ended_at_text = said("digestEndTime", self.digest_end_time)?;
        let previous = self.previous_digest_s3_bucket.zip(self.previous_digest_s3_object);
        Ok(Digest {
            sha256,
            account_id: self.aws_account_id,
            started_at: time("digestStartTime", &said("digestStartTime", self.digest_start_time)?)?,
            ended_at: time("digestEndTime", &ended_at_text)?,
            ended_at_text,
            bucket: said("digestS3Bucket", self.digest_s3_bucket)?,
            object: said("digestS3Object", self.digest_s3_object)?,
            public_key_fingerprint: said("digestPublicKeyFingerprint", self.digest_public_key_fingerprint)?,
            signature_algorithm: self.digest_signature_algorithm,
            newest_event_time: self.newest_event_time.as_deref().and_then(event_time),
            oldest_event_time: self.oldest_event_time.as_deref().and_then(event_time),
            previous: previous.map(|(bucket, object)| PreviousDigest {
                bucket,
                object,
                hash: self.previous_digest_hash_value,
                hash_algorithm: self.previous_digest_hash_algorithm,
            }),
            previous_signature: self.previous_digest_signature,
            log_files: self.log_files.unwrap_or_default().into_iter().map(LogMembers::into_attested).collect(),
        })
    }
}

impl LogMembers {
    fn into_attested(self) -> AttestedLog {
        AttestedLog {
            newest_event_time: self.newest_event_time.as_deref().and_then(event_time),
            oldest_event_time: self.oldest_event_time.as_deref().and_then(event_time),
            bucket: self.s3_bucket,
            object: self.s3_object,
            hash: self.hash_value,
            hash_algorithm: self.hash_algorithm,
        }
    }
}

/// Serde takes a missing `Option` for null, unless told how to read it.
fn present<'de, D: Deserializer<'de>>(member: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(member)
}

fn said(member: &'static str, value: Option<String>) -> Result<String, InvalidDigest> {
    value.ok_or(InvalidDigest::Null { member })
}

fn time(member: &'static str, text: &str) -> Result<DateTime<Utc>, InvalidDigest> {
    event_time(text).ok_or_else(|| InvalidDigest::NotATime { member, found: text.to_owned() })
}

fn event_time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
}
