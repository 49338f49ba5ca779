//! The parts that wait for a worker; the next ones with their downloads under way.

use std::collections::VecDeque;
use std::sync::Arc;

use super::WORKER_MEMORY;
use crate::store::{Fetching, Listed, Source};

/// Objects of one part that are fetched and not yet worked on: the part that a worker is on and the next have as much.
const AHEAD_BYTES: usize = WORKER_MEMORY / 16;

/// Objects above this are not even fetched: CloudTrail's log files have at most 50 MB.
pub const OBJECT_LIMIT: u64 = 64 << 20;

/// Log files that one worker will read.
pub struct PlannedPart {
    /// Where they are.
    pub source: Arc<Source>,
    /// Which.
    pub files: Vec<Listed>,
}

impl PlannedPart {
    /// Bytes as stored.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    fn begin(self) -> BegunPart {
        let (oversized, files): (Vec<_>, Vec<_>) = self.files.into_iter().partition(|file| file.bytes > OBJECT_LIMIT);
        let files = Arc::new(files);
        BegunPart { fetching: self.source.fetch(files.clone(), AHEAD_BYTES), files, oversized }
    }
}

/// A part whose objects are on their way.
pub struct BegunPart {
    /// Which objects.
    pub files: Arc<Vec<Listed>>,
    /// They, in order.
    pub fetching: Fetching,
    /// Those that are not fetched.
    pub oversized: Vec<Listed>,
}

/// Hands out parts in order. As many as there are workers are begun before they are asked for, so that nobody waits for a
/// first answer.
pub struct Queue {
    begun: VecDeque<BegunPart>,
    waiting: std::vec::IntoIter<PlannedPart>,
    ahead: usize,
}

impl Queue {
    /// A queue for so many workers.
    pub fn new(parts: Vec<PlannedPart>, workers: usize) -> Self {
        Self { begun: VecDeque::new(), waiting: parts.into_iter(), ahead: workers }
    }
}

impl Iterator for Queue {
    type Item = BegunPart;

    fn next(&mut self) -> Option<BegunPart> {
        let missing = (self.ahead + 1).saturating_sub(self.begun.len());
        self.begun.extend(self.waiting.by_ref().take(missing).map(PlannedPart::begin));
        self.begun.pop_front()
    }
}
