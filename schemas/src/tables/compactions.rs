//! `compactions`: which parts were replaced by a merged one.

use super::Type::{Int, Text, Time};
use super::{Table, may, must};

/// `LAKE/compactions/<number>.parquet`. The file of the highest number says it all; those below it say what was so before.
pub const COMPACTIONS: Table = Table {
    name: "compactions",
    one_row: "one part that compact made, or that it replaced and whose files may still be there",
    columns: &[
        must("part", Text, "name of the part"),
        must(
            "ingested",
            Int,
            "parts of ingests that it stands for; 1 = it is one, 0 = a dead run left it and it never counts",
        ),
        may("replaced_at", Time, "since when the part no longer counts; null = it is a merged one that does"),
    ],
};
