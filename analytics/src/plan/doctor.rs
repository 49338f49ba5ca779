//! What `doctor` was asked, checked.

use std::collections::BTreeSet;

use super::misused;
use crate::cli::Doctor;
use crate::doctor::Check;
use crate::doctor::facts::Source;
use crate::error::{Error, Result};
use crate::store::Location;

impl Doctor {
    /// The checks to make, in reporting order.
    pub fn checks(&self) -> Result<BTreeSet<Check>> {
        let known = Check::ALL.map(Check::as_str).join(", ");
        let mut checks = BTreeSet::from(Check::ALL);
        for name in &self.skip {
            checks.remove(&Check::parse(name).ok_or_else(|| misused("--skip", name, &known))?);
        }
        Ok(checks)
    }

    /// The place that was typed.
    pub fn trail_source(&self) -> Result<Option<Source>> {
        let location = self.source.as_deref().map(Location::parse).transpose()?;
        match location {
            None => Ok(None),
            Some(Location::S3 { bucket, prefix }) => Ok(Some(Source { bucket, prefix })),
            Some(folder) => Err(Error::Misused(format!("doctor {folder}: expected s3://bucket/prefix, or nothing"))),
        }
    }

    /// How long it may ask.
    pub fn time_limit(&self) -> Result<std::time::Duration> {
        humantime::parse_duration(&self.time_limit)
            .map_err(|_| misused("--time-limit", &self.time_limit, "a span such as 5m"))
    }
}
