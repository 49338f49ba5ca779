//! Rows into Arrow batches, for every table of `schemas::tables`.

use arrow::array::{
    Array, ArrayRef, BooleanBuilder, Int64Builder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
};
use chrono::{DateTime, Utc};
use schemas::tables::{Table, Type};

/// Collects rows of one table.
pub struct TableBuilder {
    table: &'static Table,
    columns: Vec<Column>,
    rows: usize,
    text_bytes: usize,
    /// One bit for each column of the row in the making that is set.
    set: u64,
}

enum Column {
    Text(StringBuilder),
    Bool(BooleanBuilder),
    Int(Int64Builder),
    Time(TimestampMicrosecondBuilder),
}

impl Column {
    fn new(kind: Type) -> Self {
        match kind {
            Type::Text => Self::Text(StringBuilder::new()),
            Type::Bool => Self::Bool(BooleanBuilder::new()),
            Type::Int => Self::Int(Int64Builder::new()),
            Type::Time => Self::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
        }
    }

    fn append_null(&mut self) {
        match self {
            Self::Text(column) => column.append_null(),
            Self::Bool(column) => column.append_null(),
            Self::Int(column) => column.append_null(),
            Self::Time(column) => column.append_null(),
        }
    }

    /// The values so far. The next batch will need about as much room, and is given it at once.
    fn finish(&mut self) -> ArrayRef {
        use std::sync::Arc;
        match self {
            Self::Text(column) => {
                let array = column.finish();
                *column = StringBuilder::with_capacity(array.len(), array.value_data().len());
                Arc::new(array)
            }
            Self::Bool(column) => Arc::new(column.finish()),
            Self::Int(column) => Arc::new(column.finish()),
            Self::Time(column) => Arc::new(column.finish()),
        }
    }
}

impl TableBuilder {
    /// An empty builder.
    pub fn new(table: &'static Table) -> Self {
        assert!(table.columns.len() <= u64::BITS as usize, "{} has more columns than bits", table.name);
        let columns = table.columns.iter().map(|column| Column::new(column.kind)).collect();
        Self { table, columns, rows: 0, text_bytes: 0, set: 0 }
    }

    /// Begins a row; it counts when [`Row::end`] is called.
    pub fn row(&mut self) -> Row<'_> {
        Row { builder: self }
    }

    /// The table.
    pub fn table(&self) -> &'static Table {
        self.table
    }

    /// Rows so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of text so far: nearly all of the memory in use.
    pub fn text_bytes(&self) -> usize {
        self.text_bytes
    }

    /// The rows so far as one batch; the builder is empty afterwards.
    pub fn finish(&mut self) -> RecordBatch {
        let arrays = self.columns.iter_mut().map(Column::finish).collect();
        (self.rows, self.text_bytes) = (0, 0);
        RecordBatch::try_new(self.table.arrow_schema(), arrays)
            .expect("a row sets each column once, and Row::end the others")
    }
}

/// One row in the making. Columns that are not set are null.
pub struct Row<'a> {
    builder: &'a mut TableBuilder,
}

impl Row<'_> {
    /// Sets a text column.
    pub fn text(self, name: &str, value: impl AsRef<str>) -> Self {
        let at = self.place(name);
        self.text_at(at, value.as_ref())
    }

    /// Sets a text column, if there is a text.
    pub fn maybe_text(self, name: &str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// Sets an integer column.
    pub fn int(self, name: &str, value: impl TryInto<i64>) -> Self {
        let at = self.place(name);
        self.int_at(at, value)
    }

    /// Sets a column of true and false.
    pub fn bool(self, name: &str, value: bool) -> Self {
        let at = self.place(name);
        self.bool_at(at, value)
    }

    /// Sets a column of true and false, if it is known.
    pub fn maybe_bool(self, name: &str, value: Option<bool>) -> Self {
        match value {
            Some(value) => self.bool(name, value),
            None => self,
        }
    }

    /// Sets a time column.
    pub fn time(self, name: &str, value: DateTime<Utc>) -> Self {
        let at = self.place(name);
        self.time_at(at, value)
    }

    /// Sets a time column, if there is a time.
    pub fn maybe_time(self, name: &str, value: Option<DateTime<Utc>>) -> Self {
        match value {
            Some(value) => self.time(name, value),
            None => self,
        }
    }

    /// Sets the text column at a place.
    pub fn text_at(mut self, at: usize, value: &str) -> Self {
        let Column::Text(column) = self.column(at) else { panic!("column {at} is no text") };
        column.append_value(value);
        self.builder.text_bytes += value.len();
        self
    }

    /// Sets the integer column at a place.
    pub fn int_at(mut self, at: usize, value: impl TryInto<i64>) -> Self {
        let Column::Int(column) = self.column(at) else { panic!("column {at} is no integer") };
        column.append_value(value.try_into().unwrap_or(i64::MAX));
        self
    }

    /// Sets the column of true and false at a place.
    pub fn bool_at(mut self, at: usize, value: bool) -> Self {
        let Column::Bool(column) = self.column(at) else { panic!("column {at} is not true or false") };
        column.append_value(value);
        self
    }

    /// Sets the time column at a place.
    pub fn time_at(mut self, at: usize, value: DateTime<Utc>) -> Self {
        let Column::Time(column) = self.column(at) else { panic!("column {at} is no time") };
        column.append_value(value.timestamp_micros());
        self
    }

    /// Ends the row: what was not set is null.
    pub fn end(self) {
        let TableBuilder { table, columns, rows, set, .. } = self.builder;
        *rows += 1;
        for (at, column) in columns.iter_mut().enumerate().filter(|(at, _)| *set >> at & 1 == 0) {
            debug_assert!(table.columns[at].nullable, "{}.{} must be set", table.name, table.columns[at].name);
            column.append_null();
        }
        *set = 0;
    }

    /// The column at a place, which is set now.
    fn column(&mut self, at: usize) -> &mut Column {
        debug_assert!(self.builder.set >> at & 1 == 0, "column {at} is set twice");
        self.builder.set |= 1 << at;
        &mut self.builder.columns[at]
    }

    fn place(&self, name: &str) -> usize {
        place_of(self.builder.table, name)
    }
}

/// The place of a column in its table.
pub fn place_of(table: &Table, name: &str) -> usize {
    let place = table.columns.iter().position(|column| column.name == name);
    place.unwrap_or_else(|| panic!("table {} has no column {name}", table.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::tables::SET_ASIDE;

    #[test]
    fn what_is_not_set_is_null() {
        let mut builder = TableBuilder::new(&SET_ASIDE);
        builder.row().text("log_file", "a").text("reason", "empty").text("message", "is empty").end();
        builder.row().text("message", "m").int("record_index", 3_usize).text("log_file", "b").text("reason", "r").end();
        assert_eq!((builder.rows(), builder.text_bytes()), (2, 1 + 5 + 8 + 1 + 1 + 1));
        let batch = builder.finish();
        assert_eq!(batch.num_rows(), 2);
        assert!(batch["record_index"].is_null(0) && batch["record_index"].is_valid(1));
        assert_eq!(builder.finish().num_rows(), 0);
    }
}
