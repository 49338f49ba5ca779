//! Files into findings: what of a pack does not hold.
//!
//! Nothing in a pack is believed. Every file is hashed, every line parsed, the counts are counted again, every citation
//! followed, and what digest files vouch for is proven again from their signatures. One fault hides no other. The work
//! grows with the bytes of the pack, and memory with what it holds; digest and log files are decompressed one at a
//! time, within limits.
//!
//! | module | what it asks, in the order it is asked |
//! | --- | --- |
//! | [`report`] | what a finding is |
//! | [`integrity`] | is every file as listed, and no other there? |
//! | [`reading`] | is every line what its file holds, and are the counts right? |
//! | [`citations`] | is every cited record here, and is it the one that is told of? |
//! | [`attestation`] | do digest files vouch for the log files, as told? |
//! | [`log_files`] | where log files are here: do the records stand in them? |

pub mod attestation;
pub mod citations;
pub mod integrity;
pub mod log_files;
pub mod reading;
pub mod report;

use super::Files;
use super::signature::VerifyingKey;
use crate::verify::PublicKeys;

pub use report::{Checked, Finding, Report, Severity, SignatureState};

/// What whoever checks knows for certain, from elsewhere than the pack.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// CloudTrail's keys. Without them the pack's own are used, and the report says so.
    pub public_keys: Option<PublicKeys>,
    /// The key of who signed the pack. With it, a pack that is not signed is broken.
    pub signer: Option<VerifyingKey>,
}

/// Checks a pack.
pub fn check(files: &Files, trust: &Trust) -> Report {
    let mut report = Report::default();
    let integrity = integrity::check(files, trust.signer.as_ref(), &mut report);
    let rows = reading::read(files, &integrity, &mut report);
    citations::check(&rows, &mut report);
    if let Some(manifest) = &integrity.manifest {
        attestation::check(files, manifest, &rows, trust.public_keys.as_ref(), &mut report);
        log_files::check(files, manifest, &rows, &mut report);
    }
    report.finish();
    report
}

#[cfg(test)]
mod tests;
