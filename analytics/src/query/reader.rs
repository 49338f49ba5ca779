//! The lake as SQL sees it: committed parts only, and nothing can be written.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, future, stream};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use schemas::tables::{INGEST_RUNS, LOG_FILES};

use crate::store::{is_our_name, name_of};

/// A lake as it was when it was opened: parts committed later are not seen, so a query sees one state throughout.
#[derive(Debug)]
pub struct LakeReader {
    inner: Arc<dyn ObjectStore>,
    committed: Arc<BTreeSet<String>>,
    fingerprint: Arc<str>,
}

impl LakeReader {
    /// Reads the parts named in `committed`, and the history of that fingerprint.
    pub fn new(inner: Arc<dyn ObjectStore>, committed: BTreeSet<String>, fingerprint: &str) -> Self {
        Self { inner, committed: Arc::new(committed), fingerprint: fingerprint.into() }
    }

    /// Whether files are listed that go when their parts are replaced.
    fn lists_parts(prefix: Option<&Path>) -> bool {
        let Some(folder) = prefix.and_then(|prefix| prefix.parts().next()) else { return true };
        folder.as_ref() != "history" && folder.as_ref() != INGEST_RUNS.name
    }

    fn is_visible(committed: &BTreeSet<String>, fingerprint: &str, path: &Path) -> bool {
        let name = name_of(path);
        match path.parts().next() {
            Some(folder) if folder.as_ref() == "history" => name == fingerprint,
            Some(folder) if folder.as_ref() == INGEST_RUNS.name => is_our_name(name),
            _ => committed.contains(name),
        }
    }
}

/// Fails when a part has left the ledger since the lake was opened. A part that is replaced leaves it before its first file
/// is removed.
async fn are_all_there(inner: Arc<dyn ObjectStore>, committed: Arc<BTreeSet<String>>) -> Result<()> {
    let ledger = Path::from(LOG_FILES.name);
    let present: Vec<ObjectMeta> = inner.list(Some(&ledger)).try_collect().await?;
    let present: BTreeSet<&str> = present.iter().map(|meta| name_of(&meta.location)).collect();
    match committed.iter().find(|part| !present.contains(part.as_str())) {
        None => Ok(()),
        Some(part) => Err(Error::Generic {
            store: "lake",
            source: format!("part {part} was replaced by compact while the lake was being read; run again").into(),
        }),
    }
}

impl fmt::Display for LakeReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LakeReader({})", self.inner)
    }
}

/// The engine passes over a file of no bytes, as if it held no rows. None of ours is empty: something has cut it off.
fn not_empty(meta: ObjectMeta) -> Result<ObjectMeta> {
    if meta.size > 0 || meta.location.extension() != Some("parquet") {
        return Ok(meta);
    }
    let advice = "restore an earlier version of it, or ingest again into a new lake";
    Err(Error::Generic {
        store: "lake",
        source: format!("{} is empty, and no part is; {advice}", meta.location).into(),
    })
}

fn refused<T>() -> Result<T> {
    Err(Error::NotSupported { source: "the lake is read-only to SQL".into() })
}

#[async_trait]
impl ObjectStore for LakeReader {
    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        refused()
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        refused()
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, _: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        stream::once(future::ready(refused())).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (committed, fingerprint) = (self.committed.clone(), self.fingerprint.clone());
        let is_visible =
            move |meta: &ObjectMeta| future::ready(Self::is_visible(&committed, &fingerprint, &meta.location));
        let found = self.inner.list(prefix).try_filter(is_visible);
        let found = found.and_then(|meta| future::ready(not_empty(meta))).boxed();
        if !Self::lists_parts(prefix) {
            return found;
        }
        // After the listing: while the ledger still names every part, all their files are there.
        let check = are_all_there(self.inner.clone(), self.committed.clone());
        found.chain(stream::once(check).filter_map(|checked| future::ready(checked.err().map(Err)))).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let mut found = self.inner.list_with_delimiter(prefix).await?;
        found.objects.retain(|meta| Self::is_visible(&self.committed, &self.fingerprint, &meta.location));
        found.objects = found.objects.into_iter().map(not_empty).collect::<Result<_>>()?;
        if Self::lists_parts(prefix) {
            are_all_there(self.inner.clone(), self.committed.clone()).await?;
        }
        Ok(found)
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        refused()
    }
}
