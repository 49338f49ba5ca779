//! The files of the history in the making, so that no table is held whole as rows.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::ingest::Spool;
use crate::table::TableBuilder;

/// Rows with this much text are moved to their file.
const RELIEVED_AT: usize = 4 << 20;

/// A file a table, by the table's name.
#[derive(Default)]
pub struct Spools(BTreeMap<&'static str, Spool>);

impl Spools {
    /// Moves a table's rows to its file when there are many.
    pub fn relieve(&mut self, rows: &mut TableBuilder) {
        if rows.text_bytes() >= RELIEVED_AT {
            self.write(rows);
        }
    }

    /// Adds a table's last rows.
    pub fn add(&mut self, mut rows: TableBuilder) {
        self.write(&mut rows);
    }

    fn write(&mut self, rows: &mut TableBuilder) {
        let table = rows.table();
        let spool = self.0.entry(table.name).or_insert_with(|| Spool::new(table.arrow_schema()));
        spool.write(&rows.finish());
    }

    /// The files, by table.
    pub fn finish(self) -> BTreeMap<&'static str, Bytes> {
        self.0.into_iter().map(|(name, spool)| (name, spool.finish())).collect()
    }
}
