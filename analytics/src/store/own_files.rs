//! A folder whose files are its own: no symbolic link in it is followed, in reading as little as in writing.
//!
//! Who can write to a lake could otherwise have another folder's files read for the lake's, or overwritten. The folder
//! itself may be reached through links: whoever runs the program named it. A link that is put there between the look and
//! the access is followed.

use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::ops::Range;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, future, stream};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use super::lake::{is_our_name, name_of};

/// The store of a lake in a folder.
#[derive(Debug)]
pub struct OwnFiles {
    inner: LocalFileSystem,
    root: Arc<FilePath>,
}

impl OwnFiles {
    /// The folder, which must be there.
    pub fn new(folder: &FilePath) -> Result<Self> {
        let inner = LocalFileSystem::new_with_prefix(folder)?.with_automatic_cleanup(true);
        let root =
            fs::canonicalize(folder).map_err(|cause| Error::Generic { store: "lake folder", source: cause.into() })?;
        Ok(Self { inner, root: root.into() })
    }

    /// The folder's own path, without links.
    pub fn root(&self) -> &FilePath {
        &self.root
    }
}

/// Refuses a path that leads through a link. What is not there leads nowhere, and what cannot be looked at fails later.
fn check(root: &FilePath, location: &Path) -> Result<()> {
    let mut path = root.to_owned();
    for part in location.parts() {
        path.push(part.as_ref());
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => return Err(is_a_link(&path)),
            Ok(_) => {}
            Err(_) => return Ok(()),
        }
    }
    Ok(())
}

fn is_a_link(path: &FilePath) -> Error {
    let source = format!(
        "{} is a symbolic link, which may lead out of the lake and is not followed; put what it leads to in its place, or \
         ingest again into a new lake",
        path.display()
    );
    Error::Generic { store: "lake folder", source: source.into() }
}

/// Looks at each folder once in a listing.
struct Looked {
    root: Arc<FilePath>,
    folders: HashSet<String>,
}

impl Looked {
    fn at(&mut self, location: &Path) -> Result<()> {
        let name: &str = location.as_ref();
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        if !self.folders.contains(folder) {
            check(&self.root, location)?;
            self.folders.insert(folder.to_owned());
            return Ok(());
        }
        let path = self.root.join(name);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => Err(is_a_link(&path)),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for OwnFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OwnFiles({})", self.root.display())
    }
}

#[async_trait]
impl ObjectStore for OwnFiles {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        check(&self.root, location)?;
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        check(&self.root, location)?;
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        check(&self.root, location)?;
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        check(&self.root, location)?;
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let root = Arc::clone(&self.root);
        let checked = locations.map(move |location| location.and_then(|path| check(&root, &path).map(|()| path)));
        self.inner.delete_stream(checked.boxed())
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        if let Some(prefix) = prefix
            && let Err(refused) = check(&self.root, prefix)
        {
            return stream::once(future::ready(Err(refused))).boxed();
        }
        let mut looked = Looked { root: Arc::clone(&self.root), folders: HashSet::new() };
        let listed = self.inner.list(prefix);
        listed.map(move |meta| meta.and_then(|meta| looked.at(&meta.location).map(|()| meta))).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        if let Some(prefix) = prefix {
            check(&self.root, prefix)?;
        }
        let found = self.inner.list_with_delimiter(prefix).await?;
        let objects = found.objects.iter().map(|meta| &meta.location);
        objects.chain(&found.common_prefixes).try_for_each(|location| check(&self.root, location))?;
        Ok(found)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        check(&self.root, from)?;
        check(&self.root, to)?;
        self.inner.copy_opts(from, to, options).await
    }
}

/// Removes the files that a writer which was killed had not yet given their names, once they are so old. They are on no
/// listing. Only names of our own form are touched: `3f2a...-00007.parquet#1`.
pub fn remove_staged(root: &FilePath, age: Duration) -> std::io::Result<u64> {
    let (mut removed, mut folders) = (0, vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && entry.file_name().to_str().is_some_and(is_staged) && is_older(&entry, age) {
                removed += remove(&entry.path())?;
            }
        }
    }
    Ok(removed)
}

fn is_staged(name: &str) -> bool {
    let Some((file, number)) = name.split_once('#') else { return false };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number && file.ends_with(".parquet") && is_our_name(name_of(&Path::from(file)))
}

/// A file from the future is young: its writer's clock may be ahead.
fn is_older(entry: &fs::DirEntry, age: Duration) -> bool {
    let changed = entry.metadata().and_then(|found| found.modified()).ok();
    changed.and_then(|changed| changed.elapsed().ok()).is_some_and(|old| old >= age)
}

/// Its writer may have given it its name meanwhile.
fn remove(path: &FilePath) -> std::io::Result<u64> {
    match fs::remove_file(path) {
        Ok(()) => Ok(1),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(cause) => Err(cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_in_the_making_of_our_own_are_staged() {
        let name = "3f2a".repeat(8);
        for (file, expected) in [
            (format!("{name}.parquet#1"), true),
            (format!("{name}-00007.parquet#12"), true),
            (format!("{name}.parquet"), false),
            (format!("{name}.parquet#"), false),
            (format!("{name}.parquet#x"), false),
            (format!("{name}.csv#1"), false),
            ("sales.parquet#1".to_owned(), false),
        ] {
            assert_eq!(is_staged(&file), expected, "{file}");
        }
    }

    #[test]
    fn what_a_dead_writer_had_staged_is_removed_once_it_is_old() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let below = folder.path().join("events/event_date=2026-03-04");
        fs::create_dir_all(&below).expect("a folder");
        let staged = below.join(format!("{}-00000.parquet#1", "0".repeat(32)));
        let others = [below.join("mine.parquet#1"), below.join(format!("{}-00000.parquet", "0".repeat(32)))];
        for path in others.iter().chain([&staged]) {
            fs::write(path, "half").expect("a file");
        }
        let hour = Duration::from_secs(3600);
        assert_eq!(remove_staged(folder.path(), hour).expect("it is readable"), 0);
        assert_eq!(remove_staged(folder.path(), Duration::ZERO).expect("it is readable"), 1);
        assert!(!staged.exists() && others.iter().all(|path| path.exists()));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_refused_wherever_it_stands() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (lake, outside) = (folder.path().join("lake"), folder.path().join("outside"));
        for path in [&lake, &outside, &lake.join("own")] {
            fs::create_dir_all(path).expect("a folder");
        }
        for path in [outside.join("a.parquet"), lake.join("own/a.parquet")] {
            fs::write(path, "rows").expect("a file");
        }
        std::os::unix::fs::symlink(&outside, lake.join("linked")).expect("a link");
        std::os::unix::fs::symlink(outside.join("a.parquet"), lake.join("own/b.parquet")).expect("a link");
        let root = fs::canonicalize(&lake).expect("it is there");
        for (path, is_refused) in [
            ("own", false),
            ("own/a.parquet", false),
            ("own/missing.parquet", false),
            ("own/b.parquet", true),
            ("linked", true),
            ("linked/a.parquet", true),
            ("linked/new/a.parquet", true),
        ] {
            assert_eq!(check(&root, &Path::from(path)).is_err(), is_refused, "{path}");
        }
        let mut looked = Looked { root: root.into(), folders: HashSet::new() };
        assert!(looked.at(&Path::from("own/a.parquet")).is_ok());
        assert!(looked.at(&Path::from("own/b.parquet")).is_err(), "its folder was looked at, itself not");
    }
}
