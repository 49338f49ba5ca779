//! Whether log files are as CloudTrail delivered them: digest files, their signatures, and the chain they make.
//!
//! CloudTrail signs a digest file an hour, for each account, Region and trail. It lists the log files of that hour
//! with their hashes, and holds the signature of the digest before it. The check is that of `aws cloudtrail
//! validate-logs`, extended to copies that have lost their metadata. Bytes and plain values in, plain values out.
//! Sources: CloudTrail user guide, "CloudTrail digest file structure" and "Custom implementations of CloudTrail log
//! file integrity validation".
//!
//! | module | what it does, in the order data flows |
//! | --- | --- |
//! | [`digest_key`] | which chain a digest file belongs to, by its key |
//! | [`digest`] | a digest file's bytes into what it says |
//! | [`place`] | where an object was delivered, where it was found, and whether that is the same |
//! | [`public_key`] | the public keys of `aws cloudtrail list-public-keys`, and signatures against them |
//! | [`der`] | the two encodings of such a key |
//! | [`fetched`] | a digest object as listed and fetched |
//! | [`chain`] | the digests of a chain, judged from the newest to the oldest |
//! | [`signature`] | one of them: its place, algorithm, key and signature |
//! | [`report`] | the verdicts, gaps and missing digests that come of it |
//! | [`log_file`] | a log file beside what valid digests say of it |

pub mod chain;
pub mod der;
pub mod digest;
pub mod digest_key;
pub mod fetched;
pub mod log_file;
pub mod place;
pub mod public_key;
pub mod report;
pub mod signature;

pub use chain::{verify_chain, verify_chains};
pub use digest::{AttestedLog, Digest, InvalidDigest};
pub use digest_key::{ChainKey, DigestKey};
pub use fetched::{FetchedDigest, SignatureMetadata, Unusable};
pub use log_file::{Attestation, AttestedLogs, Found, Vouched, attestation};
pub use public_key::{PublicKey, PublicKeys};
pub use report::{ChainReport, DigestStatus, DigestVerdict, Gap};
