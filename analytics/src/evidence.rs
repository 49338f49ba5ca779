//! Evidence of the rule of AWS Config: its objects, read into rows of `evidence_files`, `evidence` and `evidence_facts`.
//!
//! The rule writes one object a run, of gzipped JSON Lines, in the form of `schemas/json/evidence.schema.json`. Nothing
//! signs it: what an object says is as good as the permission to write to its bucket.
//!
//! | module | what it does, in the order data flows |
//! | --- | --- |
//! | [`key`] | what an object's key says, and whether it is evidence at all |
//! | [`line`](mod@line) | what a line says, as plain values |
//! | [`network`] | groups, subnets and VPCs as the rule saw them |
//! | [`read`](mod@read) | an object's bytes into lines, within named limits, or why it is set aside |
//! | [`damage`] | those reasons, in words |
//! | [`rows`] | lines into rows of the three tables |

pub mod damage;
pub mod key;
pub mod line;
pub mod network;
pub mod read;
pub mod rows;

#[cfg(test)]
pub(crate) mod cases;
#[cfg(all(test, feature = "live"))]
mod witness;

pub use damage::SetAside;
pub use key::EvidenceKey;
pub use read::{Contents, EvidenceFile, Limits, read};
pub use rows::EvidenceTables;

/// The newest form of the lines that this program reads.
pub const EVIDENCE_VERSION: u64 = 1;

/// What stands in place of a rule's name in the key of the object that records a stop.
pub const STOP_NAME: &str = "stop-unprotected-job";
