//! Batches into Parquet files: compression, sort order, statistics.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, UInt32Array};
use arrow::compute::{SortColumn, lexsort_to_indices, take_record_batch};
use arrow::datatypes::{SchemaRef, TimestampMicrosecondType};
use bytes::Bytes;
use chrono::{DateTime, NaiveDate};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use schemas::record::{Form, MEMBERS};

/// Within a part, the rows of one event stand together in the order of time: what the history asks for.
const EVENT_ORDER: [&str; 6] = ["event_source", "event_name", "event_time", "event_id", "log_file", "record_index"];

/// Identifiers differ in nearly every row: a dictionary of them is waste.
const UNIQUE: [&str; 3] = ["event_id", "request_id", "shared_event_id"];

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

/// Rows of `events` sorted and cut by the day of their `event_time`.
pub fn by_event_date(batch: &RecordBatch) -> Vec<(NaiveDate, RecordBatch)> {
    let times = batch["event_time"].as_primitive::<TimestampMicrosecondType>();
    let day_of = |row: u32| {
        let at = DateTime::from_timestamp_micros(times.value(row as usize)).expect("chrono wrote it");
        at.date_naive()
    };
    let mut days = std::collections::BTreeMap::<NaiveDate, Vec<u32>>::new();
    for row in sorted(batch).values() {
        days.entry(day_of(*row)).or_default().push(*row);
    }
    days.into_iter().map(|(day, rows)| (day, take(batch, &UInt32Array::from(rows)))).collect()
}

fn sorted(batch: &RecordBatch) -> UInt32Array {
    let columns = EVENT_ORDER.map(|name| SortColumn { values: batch[name].clone(), options: None });
    lexsort_to_indices(&columns, None).expect("the columns are of one length and can be sorted")
}

fn take(batch: &RecordBatch, rows: &UInt32Array) -> RecordBatch {
    take_record_batch(batch, rows).expect("the rows are of this batch")
}

fn properties() -> Arc<WriterProperties> {
    let mut builder = WriterProperties::builder()
        .set_created_by("bedrock-audit".to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).expect("level 1 exists")));
    for member in MEMBERS.iter().filter(|member| member.form == Form::Json) {
        let column = parquet::schema::types::ColumnPath::from(member.column);
        builder = builder
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_statistics_enabled(column, EnabledStatistics::None);
    }
    for name in UNIQUE {
        builder = builder.set_column_dictionary_enabled(name.into(), false);
    }
    Arc::new(builder.build())
}
