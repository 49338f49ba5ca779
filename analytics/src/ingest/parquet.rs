//! Batches into Parquet files: compression, sort order, statistics.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{Int64Type, SchemaRef, TimestampMicrosecondType};
use bytes::Bytes;
use chrono::{DateTime, NaiveDate};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use schemas::record::{Form, MEMBERS};

/// Within a part, the rows of one event stand together in the order of time: what the history asks for.
pub const EVENT_ORDER: [&str; 6] = ["event_source", "event_name", "event_time", "event_id", "log_file", "record_index"];

/// Identifiers differ in nearly every row: a dictionary of them is waste.
const UNIQUE: [&str; 3] = ["event_id", "request_id", "shared_event_id"];

/// Rows of one row group at most: what a look-up has to read.
const ROW_GROUP: usize = 1 << 16;

/// A file in the making, held as it will be written: compressed.
pub struct Spool(ArrowWriter<Vec<u8>>);

impl Spool {
    /// A file without rows.
    pub fn new(schema: SchemaRef) -> Self {
        let properties = WriterProperties::clone(&properties());
        Self(ArrowWriter::try_new(Vec::new(), schema, Some(properties)).expect("our types all have a Parquet form"))
    }

    /// Adds rows.
    pub fn write(&mut self, batch: &RecordBatch) {
        self.0.write(batch).expect("writing to memory");
    }

    /// The file.
    pub fn finish(self) -> Bytes {
        self.0.into_inner().expect("writing to memory").into()
    }
}

/// A batch as one file.
pub fn encode(batch: &RecordBatch) -> Bytes {
    let mut spool = Spool::new(batch.schema());
    spool.write(batch);
    spool.finish()
}

/// Rows of `events` in [`EVENT_ORDER`], cut by the day of their `event_time`.
pub fn by_event_date(batch: &RecordBatch) -> Vec<(NaiveDate, RecordBatch)> {
    let times = batch["event_time"].as_primitive::<TimestampMicrosecondType>();
    let day_of = |row: u32| {
        let at = DateTime::from_timestamp_micros(times.value(row as usize)).expect("chrono wrote it");
        at.date_naive()
    };
    let mut days = BTreeMap::<NaiveDate, Vec<u32>>::new();
    for row in sorted(batch) {
        days.entry(day_of(row)).or_default().push(row);
    }
    days.into_iter().map(|(day, rows)| (day, take(batch, &UInt32Array::from(rows)))).collect()
}

/// The rows in [`EVENT_ORDER`].
fn sorted(batch: &RecordBatch) -> Vec<u32> {
    let text = |name: &str| batch[name].as_string::<i32>();
    let [sources, names, ids, files] = ["event_source", "event_name", "event_id", "log_file"].map(text);
    let times = batch["event_time"].as_primitive::<TimestampMicrosecondType>();
    let places = batch["record_index"].as_primitive::<Int64Type>();
    let event = |row: usize| (sources.value(row), names.value(row));
    // Few events differ, so their places in the order are compared in place of their names.
    let mut ranks: HashMap<(&str, &str), u32> = (0..batch.num_rows()).map(|row| (event(row), 0)).collect();
    let mut events: Vec<_> = ranks.keys().copied().collect();
    events.sort_unstable();
    events.into_iter().zip(0..).for_each(|(event, rank)| *ranks.get_mut(&event).expect("a key of it") = rank);
    let mut rows: Vec<(u32, i64, u32)> =
        (0..batch.num_rows() as u32).map(|row| (ranks[&event(row as usize)], times.value(row as usize), row)).collect();
    let last_keys = |row: u32| (ids.value(row as usize), files.value(row as usize), places.value(row as usize));
    rows.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| last_keys(a.2).cmp(&last_keys(b.2))));
    rows.into_iter().map(|(_, _, row)| row).collect()
}

fn take(batch: &RecordBatch, rows: &UInt32Array) -> RecordBatch {
    take_record_batch(batch, rows).expect("the rows are of this batch")
}

fn properties() -> Arc<WriterProperties> {
    let mut builder = WriterProperties::builder()
        .set_created_by("bedrock-audit".to_owned())
        .set_key_value_metadata(Some(crate::store::form::metadata()))
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).expect("level 1 exists")))
        .set_max_row_group_row_count(Some(ROW_GROUP));
    for member in MEMBERS.iter().filter(|member| member.form == Form::Json) {
        let column = ColumnPath::from(member.column);
        // Sessions recur, so that their identities do; other members do not.
        builder = builder
            .set_column_dictionary_enabled(column.clone(), member.column == "user_identity")
            .set_column_statistics_enabled(column, EnabledStatistics::None);
    }
    for name in UNIQUE {
        builder = builder.set_column_dictionary_enabled(name.into(), false);
    }
    // An event is looked up by its id, which no order and no statistics help to find.
    builder = builder.set_column_bloom_filter_enabled("event_id".into(), true);
    Arc::new(builder.set_column_bloom_filter_fpp("event_id".into(), 0.01).build())
}
