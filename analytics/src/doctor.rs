//! What stands in the way of a first real run, found before it: the account, its trail, the trail's bucket, the APIs.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`facts`] | what was asked, each answer told, unread, or not asked |
//! | [`why`] | why a call gave no answer, and what to do about it |
//! | [`selectors`] | whether a trail's event selectors let the needed events through |
//! | [`estimate`] | how much a bucket holds, from a sample of its days |
//! | [`actions`] | the IAM actions of `ingest`, `audit` and `evaluate`, and those that are missing |
//! | [`findings`](mod@findings) | facts in, one finding a check out |
//! | [`gather`] | the asking: it only reads |

pub mod actions;
pub mod estimate;
pub mod facts;
pub mod findings;
pub mod gather;
pub mod selectors;
pub mod why;

pub use findings::{Check, Finding, State, findings};
