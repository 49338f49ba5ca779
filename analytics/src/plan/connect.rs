//! What `connect` was asked, checked.

use chrono::{DateTime, Utc};

use super::bindings;
use crate::cli::Connect;
use crate::connect::{Dialect, Place};
use crate::error::{Cause, Error, Result};
use crate::query::Bindings;
use crate::store::{Location, absent};

/// What engines read as a pattern in the name of a file.
const PATTERN_SIGNS: [char; 7] = ['*', '?', '[', ']', '{', '}', '\\'];

impl Connect {
    /// Values for the question's parameters.
    pub fn bindings(&self, now: DateTime<Utc>) -> Result<Bindings> {
        bindings([&self.since, &self.until, &self.as_of], &self.params, now)
    }

    /// Where the lake is, to us and to the engine, which may run in another folder.
    pub fn place(&self) -> Result<(Location, Place)> {
        let location = Location::parse(&self.lake.lake)?;
        let place = match &location {
            Location::S3 { bucket, prefix } => Place::S3(format!("{bucket}/{prefix}").trim_end_matches('/').to_owned()),
            Location::Folder(_) if self.engine == Dialect::Athena => {
                return Err(Error::Misused(format!(
                    "--engine athena reads a lake in S3 alone, and {location} is a folder; ingest with --lake \
                     s3://bucket/prefix, or choose --engine duckdb or spark"
                )));
            }
            Location::Folder(path) => {
                let whole = std::fs::canonicalize(path).map_err(|cause| Error::Lake {
                    action: "open",
                    location: location.to_string(),
                    source: absent(path).map_or_else(|| cause.into(), Cause::from),
                })?;
                let text = whole.to_str().ok_or_else(|| {
                    Error::Misused(format!("{location}: SQL names files in UTF-8, which this path is not"))
                })?;
                Place::Folder(text.trim_end_matches('/').to_owned())
            }
        };
        let (Place::Folder(text) | Place::S3(text)) = &place;
        let sign = text.chars().find(|c| PATTERN_SIGNS.contains(c) || c.is_control());
        match sign {
            Some(sign) => Err(Error::Misused(format!(
                "{location}: {sign:?} in the path of a lake is a pattern to the engine; expected a path without it"
            ))),
            None => Ok((location, place)),
        }
    }
}
