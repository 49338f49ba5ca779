//! A lake for programs that go on: each statement sees one whole state of it, the newest whose history is built.
//!
//! Nothing is written, and the history is not built here: whoever ingests does that.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use schemas::tables::HISTORY;
use tokio::sync::Mutex;

use super::catalog::Catalog;
use super::engine::{Engine, Memory};
use crate::error::{Error, Result};
use crate::rebuild::fingerprint;
use crate::store::{Lake, Part};

/// The lake is looked at again before a statement, but not more often than this.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// What is done to an engine before anybody asks it.
pub type Prepare = fn(Engine) -> Result<Engine>;

/// A lake, and the engine over its newest whole state.
pub struct Current {
    lake: Lake,
    memory: Memory,
    prices: Option<RecordBatch>,
    prepare: Prepare,
    seen: Mutex<Seen>,
}

struct Seen {
    engine: Arc<Engine>,
    at: Instant,
}

impl Current {
    /// Opens a lake; its history must be built.
    pub async fn open(lake: Lake, memory: Memory, prices: Option<RecordBatch>, prepare: Prepare) -> Result<Self> {
        let engine = open_engine(&lake, &memory, prices.clone(), prepare).await?;
        let seen = Mutex::new(Seen { engine: Arc::new(engine), at: Instant::now() });
        Ok(Self { lake, memory, prices, prepare, seen })
    }

    /// The memory of all engines together.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Where the lake is.
    pub fn location(&self) -> &str {
        self.lake.location()
    }

    /// The engine for one statement. While a newer state is not whole it is the one before, as long as that is there.
    pub async fn engine(&self) -> Result<Arc<Engine>> {
        let mut seen = self.seen.lock().await;
        if seen.at.elapsed() >= LOOK_AGAIN_AFTER {
            if let Some(engine) = self.newer(&seen.engine).await? {
                seen.engine = Arc::new(engine);
            }
            seen.at = Instant::now();
        }
        Ok(seen.engine.clone())
    }

    async fn newer(&self, engine: &Engine) -> Result<Option<Engine>> {
        let (committed, history) = (self.lake.committed().await?, self.lake.parts("history").await?);
        let is_same = committed == *engine.committed();
        if !is_same && is_whole(&history, &fingerprint(&committed)) {
            return open_engine(&self.lake, &self.memory, self.prices.clone(), self.prepare).await.map(Some);
        }
        // Without its files a table would be empty, which is an answer and here a wrong one.
        if !is_whole(&history, &fingerprint(engine.committed())) {
            return Err(unbuilt(&self.lake));
        }
        Ok(None)
    }
}

async fn open_engine(lake: &Lake, memory: &Memory, prices: Option<RecordBatch>, prepare: Prepare) -> Result<Engine> {
    let (committed, history) = (lake.committed().await?, lake.parts("history").await?);
    if !is_whole(&history, &fingerprint(&committed)) {
        return Err(unbuilt(lake));
    }
    let engine = Engine::open_sharing(lake, &committed, memory).await?.with_prices(prices)?;
    prepare(engine.with_question_views(&Catalog::load()?).await?)
}

/// Whether every table of a history is there.
fn is_whole(history: &[Part], fingerprint: &str) -> bool {
    let folder = |part: &Part| part.path.parts().nth(1).map(|folder| folder.as_ref().to_owned());
    HISTORY.iter().all(|table| {
        history.iter().any(|part| part.name() == fingerprint && folder(part).as_deref() == Some(table.name))
    })
}

fn unbuilt(lake: &Lake) -> Error {
    let what = "it is not built for the log files that the lake holds, and this command writes nothing; \
                run bedrock-audit rebuild";
    Error::Lake { action: "find the history of", location: lake.location().to_owned(), source: what.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Utc;
    use object_store::path::Path;

    fn part(table: &str, name: &str) -> Part {
        Part { path: Path::from(format!("history/{table}/{name}.parquet")), written_at: Utc::now(), bytes: 0 }
    }

    #[test]
    fn a_history_is_whole_when_every_table_of_it_is_there() {
        let (ours, other) = ("0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210");
        let mut history: Vec<Part> = HISTORY.iter().map(|table| part(table.name, ours)).collect();
        assert!(is_whole(&history, ours) && !is_whole(&history, other));
        let removed = history.remove(0);
        history.push(part(HISTORY[0].name, other));
        assert!(!is_whole(&history, ours), "{} is of another history", removed.path);
        assert!(!is_whole(&[], ours));
    }
}
