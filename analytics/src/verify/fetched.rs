//! A digest object as listed and fetched.

use chrono::{DateTime, Utc};

use super::digest::{Digest, InvalidDigest};
use super::digest_key::DigestKey;

/// A digest object, and what fetching it gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedDigest {
    /// The key under which it was listed; of a folder, the path below it.
    pub key: String,
    /// The bucket it was listed in; `None` for a copy, whose original bucket is unknown.
    pub bucket: Option<String>,
    /// What it says.
    pub content: Result<Digest, Unusable>,
    /// What S3 holds beside it.
    pub metadata: SignatureMetadata,
}

/// Why a listed digest says nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Its bytes are no digest file.
    #[error("it {0}")]
    Damaged(#[from] InvalidDigest),
    /// Its bytes could not be had, for example for want of a permission.
    #[error("it could not be read: {0}")]
    Unread(String),
}

/// The user metadata of a digest object, without `x-amz-meta-`. Copies often lose it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignatureMetadata {
    /// `signature`, in hexadecimal.
    pub signature: Option<String>,
    /// `signature-algorithm`.
    pub signature_algorithm: Option<String>,
    /// `backfill-generation-timestamp`: when CloudTrail made a backfill digest.
    pub backfill_generation_timestamp: Option<String>,
}

impl FetchedDigest {
    /// A digest of the bytes as stored, or of the reason why there are none.
    pub fn new(bucket: Option<&str>, key: &str, object: Result<&[u8], String>, metadata: SignatureMetadata) -> Self {
        let content = match object {
            Ok(object) => Digest::parse(key, object).map_err(Unusable::Damaged),
            Err(reason) => Err(Unusable::Unread(reason)),
        };
        Self { key: key.to_owned(), bucket: bucket.map(str::to_owned), content, metadata }
    }

    /// The end of its hour: by its name, or by what it says if its name is none of a digest.
    pub fn ended_at(&self) -> Option<DateTime<Utc>> {
        DigestKey::parse(&self.key)
            .map(|key| key.ended_at)
            .or_else(|| self.content.as_ref().ok().map(|digest| digest.ended_at))
    }
}

impl SignatureMetadata {
    /// Picks its members out of an object's user metadata.
    pub fn of<'a>(metadata: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut picked = Self::default();
        for (name, value) in metadata {
            let member = match name.to_ascii_lowercase().trim_start_matches("x-amz-meta-") {
                "signature" => &mut picked.signature,
                "signature-algorithm" => &mut picked.signature_algorithm,
                "backfill-generation-timestamp" => &mut picked.backfill_generation_timestamp,
                _ => continue,
            };
            *member = Some(value.to_owned());
        }
        picked
    }
}
