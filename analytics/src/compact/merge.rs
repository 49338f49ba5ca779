//! One group of parts into one part, from reading to commit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use bytes::Bytes;
use chrono::Utc;
use futures::StreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use parquet::file::metadata::{FooterTail, ParquetMetaDataReader};
use schemas::tables::{EVENTS, LOG_FILES, Table};

use super::inventory::{Inventory, tables};
use crate::error::{Cause, Error, Result};
use crate::ingest::{EVENT_ORDER, Spool, fresh_name};
use crate::query::{EVENT_COPIES, Engine};
use crate::store::{Lake, merged_name};
use crate::table::place_of;

/// Bytes at the end of a Parquet file that say how long its metadata are.
const TAIL: u64 = 8;

/// What came of a group.
#[derive(Debug, PartialEq, Eq)]
pub enum Merged {
    /// It is one part now.
    Committed {
        /// Its rows.
        rows: u64,
    },
    /// Another compaction has replaced some of it meanwhile. What was written is not in the lake.
    Lost,
}

/// Rows by table.
type Rows = BTreeMap<&'static str, u64>;

/// Merges a group: writes what it becomes, compares the rows, commits.
pub async fn merge(lake: &Lake, inventory: &Inventory, group: &[String], memory_bytes: usize) -> Result<Merged> {
    let parts: BTreeSet<String> = group.iter().cloned().collect();
    let mut part = MergedPart {
        lake,
        engine: Engine::open_events(lake, &parts, memory_bytes).await?,
        name: merged_name(&fresh_name()),
        files: Vec::new(),
    };
    let days: BTreeSet<String> = inventory.files_of(group).filter_map(|file| file.day.clone()).collect();
    let written: BTreeSet<&str> = inventory.files_of(group).map(|file| file.table.name).collect();
    for table in tables().filter(|table| written.contains(table.name)) {
        if table.name == EVENTS.name {
            for day in &days {
                part.write_day(day).await?;
            }
        } else {
            part.write_table(table).await?;
        }
    }
    let (mut before, mut after) = (Rows::new(), Rows::new());
    for file in inventory.files_of(group) {
        let rows = rows_of(lake, &file.file.path, file.file.bytes).await?;
        *before.entry(file.table.name).or_default() += rows;
    }
    for (table, path, bytes) in &part.files {
        let rows = rows_of(lake, path, *bytes).await?;
        *after.entry(*table).or_default() += rows;
    }
    check(lake, &before, &after)?;
    let rows: u64 = after.values().sum();
    let paths: Vec<Path> = part.files.into_iter().map(|(_, path, _)| path).collect();
    Ok(if commit(lake, &parts, &part.name, &paths).await? { Merged::Committed { rows } } else { Merged::Lost })
}

/// What a group becomes, in the making.
struct MergedPart<'a> {
    lake: &'a Lake,
    /// The parts of the group, and no others.
    engine: Engine,
    name: String,
    files: Vec<(&'static str, Path, u64)>,
}

impl MergedPart<'_> {
    /// The events of a day, in the order that they have in every part.
    async fn write_day(&mut self, day: &str) -> Result<()> {
        let columns = quoted(EVENTS.columns.iter().map(|column| column.name));
        let order = quoted(EVENT_ORDER.into_iter());
        let sql = format!("select {columns} from {EVENT_COPIES} where event_date = '{day}' order by {order}");
        let path = Path::from(format!("{}/event_date={day}/{}-00000.parquet", EVENTS.name, self.name));
        self.write(&EVENTS, &sql, path).await
    }

    /// The rows of another table.
    async fn write_table(&mut self, table: &'static Table) -> Result<()> {
        let columns = quoted(table.columns.iter().map(|column| column.name));
        let order = quoted(table.columns.iter().take(2).map(|column| column.name));
        let sql = format!("select {columns} from {} order by {order}", table.name);
        self.write(table, &sql, Path::from(format!("{}/{}.parquet", table.name, self.name))).await
    }

    /// Publishes the rows of a query as a file. The whole file is held, compressed: a group is no larger than the target.
    async fn write(&mut self, table: &'static Table, sql: &str, path: Path) -> Result<()> {
        let what = format!("the merge of {}", table.name);
        let mut batches = self.engine.stream(sql, &what).await?;
        let mut spool = Spool::new(table.arrow_schema());
        while let Some(batch) = batches.next().await {
            let batch = batch.map_err(|cause| self.engine.failed("run", &what, cause))?;
            spool.write(&self.rows(table, &batch).map_err(|source| Error::Query {
                action: "run",
                query: what.clone(),
                source,
            })?);
        }
        let bytes: Bytes = spool.finish();
        self.files.push((table.name, path.clone(), bytes.len() as u64));
        self.lake.publish(&path, bytes).await
    }

    /// A batch as the table has it; the ledger names the part that its rows are now in.
    fn rows(&self, table: &'static Table, batch: &RecordBatch) -> std::result::Result<RecordBatch, Cause> {
        let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
        if table.name == LOG_FILES.name {
            let names = std::iter::repeat_n(self.name.as_str(), batch.num_rows());
            columns[place_of(table, "part")] = Arc::new(StringArray::from_iter_values(names));
        }
        Ok(RecordBatch::try_new(table.arrow_schema(), columns)?)
    }
}

/// Refuses a merge that has lost or made a row.
fn check(lake: &Lake, before: &Rows, after: &Rows) -> Result<()> {
    match before.iter().find(|(table, rows)| after.get(*table) != Some(rows)) {
        None if before.len() == after.len() => Ok(()),
        found => {
            let (table, rows) = found.map_or(("a table", 0), |(table, rows)| (*table, *rows));
            let merged = after.get(table).copied().unwrap_or_default();
            let source =
                format!("{table} has {rows} rows in its parts, {merged} when they are merged; nothing was changed");
            Err(Error::Lake { action: "compact", location: lake.location().to_owned(), source: source.into() })
        }
    }
}

/// Commits a merged part, unless some of what it stands for has been replaced. Gives whether it is committed.
async fn commit(lake: &Lake, parts: &BTreeSet<String>, name: &str, files: &[Path]) -> Result<bool> {
    loop {
        let ledger = lake.ledger().await?;
        let committed = ledger.committed();
        // A run that slept for hours may have been taken for dead.
        if let Some(path) = files.first().filter(|_| ledger.compactions.is_condemned(name)) {
            return Err(lake.lost(path));
        }
        // Replaced again by now, perhaps, but committed.
        if ledger.compactions.knows(name) {
            return Ok(true);
        }
        if !parts.is_subset(&committed) {
            return Ok(false);
        }
        for path in files {
            if !lake.holds(path).await? {
                return Err(lake.lost(path));
            }
        }
        let next = ledger.compactions.replacing(parts, name, Utc::now(), &ledger.present());
        if let Err(cause) = lake.publish_state(&next).await {
            // The answer may have been lost behind a state that is there.
            let newest = lake.compactions().await?;
            return if newest.knows(name) && !newest.is_condemned(name) { Ok(true) } else { Err(cause) };
        }
    }
}

/// The number of rows that a file says it has.
async fn rows_of(lake: &Lake, path: &Path, bytes: u64) -> Result<u64> {
    let counted = async {
        let store = lake.store();
        let tail = store.get_range(path, bytes.saturating_sub(TAIL)..bytes).await?;
        let metadata_bytes = FooterTail::try_from(&tail[..])?.metadata_length() as u64;
        let end = bytes.saturating_sub(TAIL);
        let metadata = store.get_range(path, end.saturating_sub(metadata_bytes)..end).await?;
        let metadata = ParquetMetaDataReader::decode_metadata(&metadata)?;
        Ok::<u64, Cause>(u64::try_from(metadata.file_metadata().num_rows())?)
    };
    counted.await.map_err(|source| Error::Lake {
        action: "read",
        location: format!("{}/{path}", lake.location()),
        source,
    })
}

fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_too_many_or_too_few_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let lake = Lake::in_folder(folder.path(), true).expect("a lake");
        let rows = |events, log_files| Rows::from([("events", events), ("log_files", log_files)]);
        assert!(check(&lake, &rows(5, 2), &rows(5, 2)).is_ok());
        for (before, after) in
            [(rows(5, 2), rows(4, 2)), (rows(5, 2), rows(6, 2)), (rows(5, 2), Rows::from([("events", 5)]))]
        {
            let error = crate::error::chain(&check(&lake, &before, &after).expect_err("they differ"));
            assert!(error.contains("rows in its parts") && error.contains("nothing was changed"), "{error}");
        }
        assert!(check(&lake, &Rows::new(), &rows(1, 1)).is_err());
    }
}
