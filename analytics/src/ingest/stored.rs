//! Files of the lake that an ingest reads back. Somebody else may have put them there.

use std::error::Error as StdError;

use arrow::array::{AsArray, RecordBatch, StringArray};

use crate::error::{Cause, Error, chain};
use crate::store::{Lake, Part};

/// A column of texts.
pub fn texts<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a StringArray, Cause> {
    let column = batch.column_by_name(name).ok_or_else(|| format!("the column {name} is missing"))?;
    let found = column.data_type();
    Ok(column.as_string_opt::<i32>().ok_or_else(|| format!("the column {name} is of type {found}, expected Utf8"))?)
}

/// The error of a part that is none of ours, or not any more.
pub fn damaged(lake: &Lake, part: &Part, cause: &(dyn StdError + Send + Sync + 'static)) -> Error {
    let advice = "restore an earlier version of the file, or ingest again into a new lake";
    let source = format!("{}; {advice}", chain(cause)).into();
    Error::Lake { action: "read", location: format!("{}/{}", lake.location(), part.path), source }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    #[test]
    fn a_column_that_is_missing_or_of_another_type_is_named() {
        let columns: [(&str, ArrayRef); 2] =
            [("etag", Arc::new(StringArray::from(vec!["a"]))), ("events", Arc::new(Int64Array::from(vec![1])))];
        let batch = RecordBatch::try_from_iter(columns).expect("two columns of one row");
        assert_eq!(texts(&batch, "etag").expect("it is there").value(0), "a");
        for (name, expected) in [("events", "of type Int64"), ("log_file", "log_file is missing")] {
            let refused = texts(&batch, name).expect_err("it is none").to_string();
            assert!(refused.contains(expected), "{refused}");
        }
    }
}
