//! What clients of PostgreSQL expect of it beside tables: its catalog, and a few functions that drivers call.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};
use datafusion_pg_catalog::pg_catalog::context::EmptyContextProvider;
use datafusion_pg_catalog::setup_pg_catalog;

use super::statement::VERSION;
use crate::error::{Error, Result};
use crate::query::Engine;

/// The catalog of every engine, which clients know as the database.
const DATABASE: &str = "lake";

/// Functions whose argument is the size of what they make: one call could take more memory than all statements may have.
const MAKE_ANY_SIZE: [&str; 7] = ["array_repeat", "array_resize", "generate_series", "lpad", "range", "repeat", "rpad"];

/// Adds PostgreSQL's catalog, from which clients learn what there is.
pub fn with_catalog(engine: Engine) -> Result<Engine> {
    let session = engine.session();
    setup_pg_catalog(session, DATABASE, EmptyContextProvider).map_err(|cause| Error::Query {
        action: "set up",
        query: "PostgreSQL's catalog".to_owned(),
        source: cause,
    })?;
    // SQLAlchemy reads the number behind the name.
    let version = format!("PostgreSQL {VERSION} (bedrock-audit {})", env!("CARGO_PKG_VERSION"));
    session.register_udf(constant("version", Vec::new(), ScalarValue::Utf8(Some(version))));
    // Psycopg asks for types of extensions, of which there are none.
    session.register_udf(constant("to_regtype", vec![DataType::Utf8], ScalarValue::Int32(None)));
    for function in MAKE_ANY_SIZE {
        session.deregister_udf(function);
    }
    Ok(engine)
}

/// A function that always gives the same.
fn constant(name: &str, arguments: Vec<DataType>, value: ScalarValue) -> ScalarUDF {
    let kind = value.data_type();
    let give = move |_: &[ColumnarValue]| Ok(ColumnarValue::Scalar(value.clone()));
    create_udf(name, arguments, kind, Volatility::Stable, Arc::new(give))
}
