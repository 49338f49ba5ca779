//! The lake as a set of parts: what is published, what counts, and what a killed run left behind.

use std::collections::BTreeSet;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt};
#[cfg(feature = "ballista")]
use url::Url;

use super::Location;
use super::absent::absent;
use super::advice::advised;
use super::own_files::{OwnFiles, remove_staged};
use crate::error::{Cause, Error, Result};

/// A published Parquet file.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its path below the lake.
    pub path: Path,
    /// When it was written.
    pub written_at: DateTime<Utc>,
    /// Its size.
    pub bytes: u64,
}

impl Part {
    /// The run's name for it: the file's name without its number and extension.
    pub fn name(&self) -> &str {
        name_of(&self.path)
    }

    /// Whether it was written at least so long ago.
    pub fn is_older_than(&self, age: Duration) -> bool {
        (Utc::now() - self.written_at).to_std().is_ok_and(|old| old >= age)
    }

    /// Whether the name is one that this program gives: 32 hexadecimal digits. Nobody else's file is ever removed.
    pub fn is_ours(&self) -> bool {
        is_our_name(self.name())
    }
}

/// Whether a file's name is one that this program gives.
pub(crate) fn is_our_name(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|b| b.is_ascii_hexdigit())
}

/// `events/event_date=2026-03-04/3f2a...-00007.parquet` belongs to the part `3f2a...`.
pub(crate) fn name_of(path: &Path) -> &str {
    let file = path.filename().unwrap_or_default();
    let stem = file.strip_suffix(".parquet").unwrap_or(file);
    stem.split_once('-').map_or(stem, |(name, _)| name)
}

/// A folder or prefix of hive-partitioned Parquet.
#[derive(Clone)]
pub struct Lake {
    location: String,
    store: Arc<dyn ObjectStore>,
    /// The folder that it is in, where it is in one.
    folder: Option<Arc<FilePath>>,
}

impl Lake {
    /// The lake in a folder. Only who writes to it makes the folder: to a reader, a missing one is a mistake.
    pub fn in_folder(path: &FilePath, is_made: bool) -> Result<Self> {
        let failed =
            |cause: Cause| Error::Lake { action: "open", location: path.display().to_string(), source: advised(cause) };
        if is_made {
            std::fs::create_dir_all(path).map_err(|cause| failed(cause.into()))?;
        } else if let Some(words) = absent(path) {
            return Err(failed(words.into()));
        }
        let store = OwnFiles::new(path).map_err(|cause| failed(cause.into()))?;
        Ok(Self {
            location: path.display().to_string().trim_end_matches('/').to_owned(),
            folder: Some(store.root().into()),
            store: Arc::new(store),
        })
    }

    /// The lake below a prefix of a store.
    pub fn new(location: &Location, store: Arc<dyn ObjectStore>, prefix: &str) -> Result<Self> {
        let store: Arc<dyn ObjectStore> = match prefix {
            "" => store,
            prefix => Arc::new(PrefixStore::new(store, prefix)),
        };
        Ok(Self { location: location.to_string().trim_end_matches('/').to_owned(), store, folder: None })
    }

    /// Where the lake is, as typed.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// Where the lake is, for another process: `file:///folder/` or `s3://bucket/prefix/`.
    #[cfg(feature = "ballista")]
    pub fn url(&self) -> Result<Url> {
        let url = match &self.folder {
            Some(folder) => Url::from_directory_path(folder.as_ref()).ok(),
            None => Url::parse(&format!("{}/", self.location)).ok(),
        };
        url.ok_or_else(|| {
            let source = "its name cannot be written as a URL; give it another".into();
            Error::Lake { action: "give an address to", location: self.location.clone(), source }
        })
    }

    /// The store, rooted at the lake.
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        self.store.clone()
    }

    /// The parts below a folder of the lake, in order of their paths.
    pub async fn parts(&self, folder: &str) -> Result<Vec<Part>> {
        let prefix = Path::from(folder);
        let listed: std::result::Result<Vec<_>, _> = self.store.list(Some(&prefix)).try_collect().await;
        let mut parts: Vec<Part> = listed
            .map_err(|cause| self.failed("list", folder, cause))?
            .into_iter()
            .filter(|meta| meta.location.filename().is_some_and(|name| name.ends_with(".parquet")))
            .map(|meta| Part { path: meta.location, written_at: meta.last_modified, bytes: meta.size })
            .collect();
        parts.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(parts)
    }

    /// The names of the parts that the ledger holds and no merged one has replaced: no other part of `events` or
    /// `set_aside` is in the lake.
    pub async fn committed(&self) -> Result<BTreeSet<String>> {
        Ok(self.ledger().await?.committed())
    }

    /// Publishes a file whole, under a name that only this run uses; so it may be sent again when an answer is lost.
    pub async fn publish(&self, path: &Path, bytes: Bytes) -> Result<()> {
        let put = self.store.put(path, bytes.into()).await;
        put.map(|_| ()).map_err(|cause| self.failed("write", path.as_ref(), cause))
    }

    /// Whether a file is there.
    pub async fn holds(&self, path: &Path) -> Result<bool> {
        match self.store.head(path).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(cause) => Err(self.failed("read", path.as_ref(), cause)),
        }
    }

    /// Reads a file.
    pub async fn read(&self, path: &Path) -> Result<Bytes> {
        let failed = |cause| self.failed("read", path.as_ref(), cause);
        self.store.get(path).await.map_err(failed)?.bytes().await.map_err(failed)
    }

    /// Reads a part from so many bytes before its end on.
    pub async fn read_end(&self, part: &Part, bytes: u64) -> Result<Bytes> {
        let read = self.store.get_range(&part.path, part.bytes.saturating_sub(bytes)..part.bytes).await;
        read.map_err(|cause| self.failed("read", part.path.as_ref(), cause))
    }

    /// Removes a file; one that is gone already is no error.
    pub async fn remove(&self, path: &Path) -> Result<()> {
        match self.store.delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(cause) => Err(self.failed("remove", path.as_ref(), cause)),
        }
    }

    /// Removes what a writer that was killed had not yet given its name, in a folder; a bucket shows no such thing.
    pub fn remove_staged(&self, age: Duration) -> Result<u64> {
        let Some(folder) = &self.folder else { return Ok(0) };
        remove_staged(folder, age).map_err(|cause| Error::Lake {
            action: "clear",
            location: self.location.clone(),
            source: cause.into(),
        })
    }

    /// The error of a part that was there and is gone.
    pub fn lost(&self, path: &Path) -> Error {
        let cause = "another run has removed it, taking this one for dead; run again";
        Error::Lake { action: "find", location: format!("{}/{path}", self.location), source: cause.into() }
    }

    pub(super) fn failed(&self, action: &'static str, path: &str, cause: object_store::Error) -> Error {
        Error::Lake { action, location: format!("{}/{path}", self.location), source: advised(cause.into()) }
    }
}
