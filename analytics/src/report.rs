//! The verdicts for those who do not read SQL: a page to look at, and the formats that other programs take.
//!
//! Everything here is made from plain values, each from one query of the lake: [`read`] asks, the others write.

pub mod finding;
pub mod formats;
pub mod html;
pub mod input;
pub mod read;

pub use finding::Finding;
pub use input::Input;
