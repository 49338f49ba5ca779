//! Files of parts on their way into the lake, while the workers read on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures::future::try_join_all;
use object_store::path::Path;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

use super::WORKER_MEMORY;
use crate::error::Result;
use crate::store::Lake;

/// The unit in which files under way are bounded.
const PERMIT_BYTES: usize = 1 << 12;

/// Writes files and commits parts, as many at once as their bytes have room for.
pub struct Uploads {
    lake: Lake,
    runtime: Handle,
    room: Arc<Semaphore>,
    permits: usize,
    has_failed: Arc<AtomicBool>,
}

/// A part's last step on its way: the ledger's rows, when all else is written.
pub type Commit = JoinHandle<Result<()>>;

impl Uploads {
    /// Into a lake, for so many workers; made within the runtime that uploads.
    pub fn new(lake: Lake, workers: usize) -> Self {
        let permits = workers * WORKER_MEMORY / 16 / PERMIT_BYTES;
        let room = Arc::new(Semaphore::new(permits));
        Self { lake, runtime: Handle::current(), room, permits, has_failed: Arc::default() }
    }

    /// Whether something could not be written, so that the run is to end. The part's commit has the reason.
    pub fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }

    /// Waits for a commit.
    pub fn wait(&self, commit: Commit) -> Result<()> {
        self.runtime.block_on(finished(commit))
    }

    /// Waits until there is room for a file.
    fn room_for(&self, bytes: &Bytes) -> OwnedSemaphorePermit {
        let wanted = (bytes.len() / PERMIT_BYTES + 1).min(self.permits) as u32;
        self.runtime.block_on(self.room.clone().acquire_many_owned(wanted)).expect("the semaphore is never closed")
    }

    /// Begins to write a file.
    fn begin(&self, path: Path, bytes: Bytes) -> JoinHandle<Result<()>> {
        let room = self.room_for(&bytes);
        let (lake, has_failed) = (self.lake.clone(), self.has_failed.clone());
        self.runtime.spawn(async move {
            let _room = room;
            let written = lake.publish(&path, bytes).await;
            has_failed.fetch_or(written.is_err(), Ordering::Relaxed);
            written
        })
    }
}

/// One part's files.
pub struct PartUpload<'a> {
    uploads: &'a Uploads,
    under_way: Vec<(Path, JoinHandle<Result<()>>)>,
}

impl<'a> PartUpload<'a> {
    /// None so far.
    pub fn new(uploads: &'a Uploads) -> Self {
        Self { uploads, under_way: Vec::new() }
    }

    /// Begins to write a file of rows.
    pub fn add(&mut self, path: Path, bytes: Bytes) {
        let upload = self.uploads.begin(path.clone(), bytes);
        self.under_way.push((path, upload));
    }

    /// Commits the part: when its files are there, the ledger gets its rows, where it has any.
    pub fn commit(self, ledger: Option<(Path, Bytes)>) -> Commit {
        let (lake, has_failed) = (self.uploads.lake.clone(), self.uploads.has_failed.clone());
        let room = ledger.as_ref().map(|(_, bytes)| self.uploads.room_for(bytes));
        self.uploads.runtime.spawn(async move {
            let _room = room;
            let committed = commit(&lake, self.under_way, ledger).await;
            has_failed.fetch_or(committed.is_err(), Ordering::Relaxed);
            committed
        })
    }
}

async fn commit(
    lake: &Lake,
    under_way: Vec<(Path, JoinHandle<Result<()>>)>,
    ledger: Option<(Path, Bytes)>,
) -> Result<()> {
    let mut written = Vec::with_capacity(under_way.len());
    for (path, upload) in under_way {
        finished(upload).await?;
        written.push(path);
    }
    // A run that slept for hours may have been taken for dead and cleared away. Its files are then read again.
    let is_there = try_join_all(written.iter().map(|path| lake.holds(path))).await?;
    if let Some(at) = is_there.iter().position(|is_there| !is_there) {
        return Err(lake.lost(&written[at]));
    }
    match ledger {
        Some((path, bytes)) => lake.publish(&path, bytes).await,
        None => Ok(()),
    }
}

/// What a task came to. A panic in it is one here.
async fn finished(task: JoinHandle<Result<()>>) -> Result<()> {
    task.await.unwrap_or_else(|failure| std::panic::resume_unwind(failure.into_panic()))
}
