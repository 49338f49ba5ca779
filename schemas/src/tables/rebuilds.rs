//! `rebuilds`: which history of the lake this is.

use super::Type::{Int, Text};
use super::{Table, must};

/// A history that was replaced lies beside the new one for a while. Our own readers know the new one by the name of its
/// files; other engines choose by this table, which is published last: the most parts, then the highest version.
pub const REBUILDS: Table = Table {
    name: "rebuilds",
    one_row: "the history itself: there is one row",
    columns: &[
        must("fingerprint", Text, "the name of the history's files, without .parquet"),
        must("parts", Int, "parts of the lake that it was rebuilt from; a lake only grows"),
        must("history_version", Int, "raised when the same parts would give another history"),
    ],
};
