//! Answers as values of our own types: each row's columns are the members of a value.

use serde::de::DeserializeOwned;

use super::Answer;
use super::render::{Format, render};
use crate::error::{Cause, Error, Result};

/// Reads every row. `name`: of the query, in messages.
pub fn parse<T: DeserializeOwned>(answer: &Answer, name: &str) -> Result<Vec<T>> {
    let failed = |source: Cause| Error::Output { what: name.to_owned(), source };
    let mut lines = Vec::new();
    render(answer, Format::Ndjson, &mut lines)?;
    let lines = std::str::from_utf8(&lines).map_err(|cause| failed(cause.into()))?;
    lines.lines().map(|line| serde_json::from_str(line).map_err(|cause| failed(cause.into()))).collect()
}
