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
use schemas::tables::INGEST_RUNS;

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

    fn is_visible(committed: &BTreeSet<String>, fingerprint: &str, path: &Path) -> bool {
        let name = name_of(path);
        match path.parts().next() {
            Some(folder) if folder.as_ref() == "history" => name == fingerprint,
            Some(folder) if folder.as_ref() == INGEST_RUNS.name => is_our_name(name),
            _ => committed.contains(name),
        }
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
        self.inner.list(prefix).try_filter(is_visible).and_then(|meta| future::ready(not_empty(meta))).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let mut found = self.inner.list_with_delimiter(prefix).await?;
        found.objects.retain(|meta| Self::is_visible(&self.committed, &self.fingerprint, &meta.location));
        found.objects = found.objects.into_iter().map(not_empty).collect::<Result<_>>()?;
        Ok(found)
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        refused()
    }
}
