//! What the fuzz targets in `tests/fuzz` reach, and nobody else outside needs: only with `--cfg fuzzing`.

pub use super::damage::Damage;
pub use super::decode::{Decoder, Document};
pub use super::record::{Record, RecordReader};
