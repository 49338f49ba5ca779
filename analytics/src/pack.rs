//! The evidence pack: an audit's answer with everything that it rests on, to be checked by someone else, offline.
//!
//! A pack is a folder of plain files. [`files`] makes them out of plain values: the same contents give the same bytes,
//! in whatever order they were collected, and no time of run, machine or worker count is in them. [`check()`] takes them
//! apart again and says what does not hold. Bytes and plain values in, plain values out.
//!
//! ```text
//! README.txt        what a pack is, and how to check it with nothing but sha256sum and openssl
//! manifest.json     what was asked, counts, every other file with its length and hash
//! SHA256SUMS        every file but itself and its signature, for sha256sum -c
//! SHA256SUMS.sig    optional: Ed25519 over SHA256SUMS, 64 bytes
//! verdicts.jsonl    one line a job and control
//! facts.jsonl       one line a cited record: who did what, where the record stands, what vouches for it
//! records.jsonl     the cited records themselves
//! inputs.jsonl      every log file, read or missing
//! coverage.jsonl    what the logs can tell at all, in ranges of hours
//! digests.jsonl     every digest file and its check
//! set_aside.jsonl   what could not be read
//! public_keys.json  what signed the digest files here, as aws cloudtrail list-public-keys prints it
//! queries/          the SQL that was asked
//! digests/          digest files as they are in S3, each with its signature in a file beside it
//! log_files/        optional: the cited log files as delivered
//! ```
//!
//! | module | what it does, in the order data flows |
//! | --- | --- |
//! | [`contents`] | what goes into a pack |
//! | [`rows`] | the lines of its JSON Lines files |
//! | [`coverage`] | hours into ranges |
//! | [`folder`] | names that tell nothing of the machine |
//! | [`names`] | safe file names |
//! | [`canonical`] | one text for one value |
//! | [`counts`], [`manifest`] | the sums of the rows, and the list of the files |
//! | [`write`](mod@write) | contents into files |
//! | [`signature`] | the detached signature |
//! | [`mod@check`] | files into findings |

pub mod canonical;
pub mod check;
pub mod contents;
pub mod counts;
pub mod coverage;
pub mod folder;
pub mod manifest;
pub mod names;
pub mod rows;
pub mod signature;
pub mod write;

use std::collections::BTreeMap;

pub use check::{Checked, Finding, Report, Severity, SignatureState, Trust, check};
pub use contents::{Contents, Control, CoverageHour, DigestObject, LogFileObject, PublicKeyOf, Query, Tool};
pub use rows::{CoverageRange, Digest, Fact, Input, Record, RecordSource, SetAside, Verdict};
pub use signature::{BadKey, SigningKey, VerifyingKey};
pub use write::{Contradiction, files};

/// The files of a pack by their paths in it, `/` between folders.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The version of this form. Raised when a reader of the old one would misread the new one.
pub const FORMAT_VERSION: u32 = 1;
/// What the manifest says it is.
pub const FORMAT: &str = "bedrock-audit evidence pack";

/// The list of files.
pub const MANIFEST: &str = "manifest.json";
/// What the pack is.
pub const README: &str = "README.txt";
/// The hashes, as `sha256sum` writes them.
pub const SUMS: &str = "SHA256SUMS";
/// The signature over [`SUMS`].
pub const SIGNATURE: &str = "SHA256SUMS.sig";
/// The keys that CloudTrail signed with.
pub const PUBLIC_KEYS: &str = "public_keys.json";
/// The folder of queries.
pub const QUERIES: &str = "queries";
/// The folder of digest files.
pub const DIGESTS: &str = "digests";
/// The folder of log files.
pub const LOG_FILES: &str = "log_files";
/// What a digest's signature file is called, after the digest file.
pub const SIGNATURE_ENDING: &str = ".signature";

/// A pack of a million files is none of ours: one of 10 000 jobs has some tens of thousands.
pub const FILES_LIMIT: usize = 1_000_000;
/// No file of a pack is longer. The longest list, of a million log files, has about 600 MB.
pub const FILE_BYTES_LIMIT: u64 = 1 << 30;

#[cfg(test)]
mod sample;
