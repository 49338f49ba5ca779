//! The list of the files, and the hashes for `sha256sum -c`.

use std::collections::BTreeMap;
use std::fmt::Write;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::canonical::time;
use super::contents::{Control, Tool};
use super::counts::Counts;
use super::{Files, SIGNATURE, SUMS};
use crate::sha256::sha256_hex;

/// User metadata of a digest file: how it is signed.
pub const ALGORITHM: &str = "signature-algorithm";
/// User metadata of a backfill digest file: when it was made.
pub const GENERATED: &str = "backfill-generation-timestamp";

/// `manifest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`super::FORMAT`].
    pub format: String,
    /// [`super::FORMAT_VERSION`].
    pub format_version: u32,
    /// What made it.
    pub tool: Tool,
    /// The instant that was judged at.
    #[serde(with = "time")]
    pub as_of: DateTime<Utc>,
    /// Whether hours without a digest file counted as not covered.
    pub strict: bool,
    /// The controls that were judged against.
    pub controls: Vec<Control>,
    /// How many of everything.
    pub counts: Counts,
    /// The queries that were asked, and the views below them.
    pub queries: Vec<QueryText>,
    /// Every file but this one, [`SUMS`] and [`SIGNATURE`], by path.
    pub files: Vec<Entry>,
}

/// The file of a query.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryText {
    /// The file.
    pub path: String,
    /// Its hash.
    pub sha256: String,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its path in the pack.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Its hash, in lower-case hexadecimal.
    pub sha256: String,
    /// The name of the object that it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// What S3 holds beside the object: user metadata without `x-amz-meta-`, `signature` excepted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

impl Entry {
    /// Of a file that holds no object.
    pub fn of(path: &str, bytes: &[u8]) -> Self {
        Self {
            path: path.to_owned(),
            bytes: bytes.len() as u64,
            sha256: sha256_hex(bytes),
            object: None,
            metadata: BTreeMap::new(),
        }
    }
}

/// `SHA256SUMS` over every file but itself and its signature.
pub fn sums(files: &Files) -> String {
    let mut text = String::new();
    for (path, bytes) in files.iter().filter(|(path, _)| *path != SUMS && *path != SIGNATURE) {
        writeln!(text, "{}  {path}", sha256_hex(bytes)).expect("a String takes any write");
    }
    text
}
