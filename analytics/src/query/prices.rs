//! Prices that a user supplies, as the table `prices`: what a job of a base model costs, in US dollars.
//!
//! ```csv
//! base_model,usd_per_job,usd_per_hour
//! amazon.titan-text-express-v1:0:8k,40,
//! amazon.nova-lite-v1:0:300k,5.5,1.25
//! ```
//!
//! A price that is left empty is none, which is not zero. Without a file the table is there and has no rows.

use std::collections::HashSet;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::csv::ReaderBuilder;
use arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::datasource::empty::EmptyTable;
use datafusion::datasource::view::ViewTable;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, col, lit};

use crate::error::{Error, Result};

/// The table's name in SQL.
pub const NAME: &str = "prices";

/// Its columns; all but the first are US dollars.
pub const COLUMNS: [&str; 3] = ["base_model", "usd_per_job", "usd_per_hour"];

const HEADER: &str = "base_model,usd_per_job,usd_per_hour";

/// The table's columns.
pub fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("base_model", DataType::Utf8, false),
        Field::new("usd_per_job", DataType::Float64, true),
        Field::new("usd_per_hour", DataType::Float64, true),
    ]))
}

/// The rows when nobody supplies any.
pub fn none() -> RecordBatch {
    RecordBatch::new_empty(schema())
}

/// The table in SQL. Its rows are part of the plan, so that they go wherever a query is run.
pub fn table(rows: &RecordBatch) -> datafusion::error::Result<Arc<dyn TableProvider>> {
    if rows.num_rows() == 0 {
        return Ok(Arc::new(EmptyTable::new(schema())));
    }
    let cells = |row: usize| rows.columns().iter().map(move |column| ScalarValue::try_from_array(column, row).map(lit));
    let values: datafusion::error::Result<Vec<Vec<Expr>>> =
        (0..rows.num_rows()).map(|row| cells(row).collect()).collect();
    let values = LogicalPlanBuilder::values(values?)?;
    let names = COLUMNS.iter().enumerate().map(|(at, name)| col(format!("column{}", at + 1)).alias(*name));
    Ok(Arc::new(ViewTable::new(values.project(names)?.build()?, None)))
}

/// Reads `--prices FILE`.
pub fn read(path: &Path) -> Result<RecordBatch> {
    let wrong = |what: String| Error::Misused(format!("--prices {}: {what}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|cause| wrong(cause.to_string()))?;
    parse(&text).map_err(wrong)
}

/// Reads a file's text; what is wrong with it names the line.
fn parse(text: &str) -> std::result::Result<RecordBatch, String> {
    let first = text.lines().next().unwrap_or_default();
    if first.trim_start_matches('\u{feff}') != HEADER {
        return Err(format!("its first line is {first:?}; expected {HEADER:?}"));
    }
    let bytes = Cursor::new(text.trim_start_matches('\u{feff}').as_bytes());
    let reader = ReaderBuilder::new(schema()).with_header(true).build(bytes).map_err(|cause| cause.to_string())?;
    let batches = reader.collect::<std::result::Result<Vec<_>, _>>().map_err(|cause| cause.to_string())?;
    let rows = arrow::compute::concat_batches(&schema(), &batches).map_err(|cause| cause.to_string())?;
    check(&rows)?;
    Ok(rows)
}

fn check(rows: &RecordBatch) -> std::result::Result<(), String> {
    let models = rows["base_model"].as_string::<i32>();
    let mut seen = HashSet::new();
    for row in 0..rows.num_rows() {
        let (line, model) = (row + 2, models.value(row));
        if model.is_empty() || model.contains('/') {
            return Err(format!(
                "line {line}: {model:?} is no id of a base model, such as amazon.titan-text-express-v1:0:8k"
            ));
        }
        if !seen.insert(model) {
            return Err(format!("line {line}: {model} stands there twice"));
        }
        for column in ["usd_per_job", "usd_per_hour"] {
            let prices = rows[column].as_primitive::<Float64Type>();
            if prices.is_valid(row) && !(prices.value(row).is_finite() && prices.value(row) >= 0.0) {
                return Err(format!("line {line}: {column} is {}; expected US dollars, 0 or more", prices.value(row)));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_that_is_left_empty_is_none_and_not_zero() {
        let rows = parse(&format!("{HEADER}\na:0:8k,40,\nb,0,1.25\n")).expect("prices");
        let [job, hour] = ["usd_per_job", "usd_per_hour"].map(|name| rows[name].as_primitive::<Float64Type>().clone());
        assert_eq!((job.value(0), hour.is_null(0), job.value(1), hour.value(1)), (40.0, true, 0.0, 1.25));
        assert_eq!(none().num_rows(), 0);
        assert_eq!(parse(&format!("{HEADER}\n")).expect("no prices").num_rows(), 0);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, expected) in [
            ("model,price\na,1\n", "first line"),
            (&format!("{HEADER}\na,1,\na,2,\n"), "line 3: a stands there twice"),
            (&format!("{HEADER}\na,-1,\n"), "line 2: usd_per_job is -1"),
            (&format!("{HEADER}\na,x,\n"), "x"),
            (&format!("{HEADER}\na,NaN,\n"), "line 2"),
            (&format!("{HEADER}\narn:aws:bedrock:eu-west-1::foundation-model/a,1,\n"), "line 2"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(expected), "{error}");
        }
    }
}
