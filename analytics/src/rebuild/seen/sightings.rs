//! Evidence out of the lake, in the order of time.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;

use super::jobs::{self, JobsSeen};
use super::network::{self, NetworkSeen, seen};
use crate::error::Result;
use crate::query::Engine;

const NAME: &str = "the evidence for rebuild";

/// What runs of the rule saw of the network, one after the other.
pub struct Sightings {
    rows: SendableRecordBatchStream,
    ready: VecDeque<NetworkSeen>,
}

impl Sightings {
    /// Begins with the first.
    pub async fn open(engine: &Engine) -> Result<Self> {
        Ok(Self { rows: engine.stream(network::SQL, NAME).await?, ready: VecDeque::new() })
    }

    /// The next one that is not after an instant.
    pub async fn next_until(&mut self, engine: &Engine, at: DateTime<Utc>) -> Result<Option<NetworkSeen>> {
        self.fill(engine).await?;
        Ok(self.ready.pop_front_if(|seen| seen.at <= at))
    }

    /// The next one.
    pub async fn next(&mut self, engine: &Engine) -> Result<Option<NetworkSeen>> {
        self.fill(engine).await?;
        Ok(self.ready.pop_front())
    }

    async fn fill(&mut self, engine: &Engine) -> Result<()> {
        while self.ready.is_empty() {
            let Some(batch) = self.rows.next().await else { return Ok(()) };
            let batch = batch.map_err(|cause| engine.failed("run", NAME, cause))?;
            self.ready.extend(
                seen(&batch).map_err(|cause| engine.failed("read", NAME, DataFusionError::External(cause.into())))?,
            );
        }
        Ok(())
    }
}

/// What runs of the rule saw of jobs.
pub async fn read_jobs(engine: &Engine) -> Result<JobsSeen> {
    let mut jobs = JobsSeen::default();
    let mut rows = engine.stream(jobs::SQL, NAME).await?;
    while let Some(batch) = rows.next().await {
        jobs.take(&batch.map_err(|cause| engine.failed("run", NAME, cause))?);
    }
    Ok(jobs)
}
