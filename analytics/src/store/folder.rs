//! Log files in a folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::source::{Choice, Fetched, Listed, Listing};
use crate::error::{Error, Result};
use crate::ingest::object_key::ObjectKey;

const SYMBOLIC_LINKS: &str = "symbolic links";
const NOT_UTF8: &str = "names that are not UTF-8";

/// A folder or one file, by its absolute path.
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Finds the folder.
    pub fn open(path: &Path) -> Result<Self> {
        let root = fs::canonicalize(path).map_err(|cause| cannot_list(path, cause))?;
        Ok(Self { root })
    }

    /// Its path.
    pub fn location(&self) -> String {
        self.root.display().to_string()
    }

    /// Lists it, folder by folder. Symbolic links are passed over, so that nothing outside the folder is read.
    pub fn list(&self, choice: Choice<'_>, progress: &(dyn Fn(u64) + Sync)) -> Result<Listing> {
        let mut listing = Listing::default();
        let mut folders = vec![self.root.clone()];
        if self.root.is_file() {
            let metadata = fs::metadata(&self.root).map_err(|cause| cannot_list(&self.root, cause))?;
            listing.add(choice, self.listed(&self.root, &metadata));
            return Ok(listing);
        }
        while let Some(folder) = folders.pop() {
            self.list_folder(&folder, choice, &mut listing, &mut folders)
                .map_err(|cause| cannot_list(&folder, cause))?;
            progress(listing.objects());
        }
        listing.log_files.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(listing)
    }

    fn list_folder(
        &self,
        folder: &Path,
        choice: Choice<'_>,
        listing: &mut Listing,
        folders: &mut Vec<PathBuf>,
    ) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            if kind.is_symlink() {
                listing.pass_over_by_name(&path.to_string_lossy(), SYMBOLIC_LINKS);
            } else if !kind.is_dir() && !kind.is_file() {
                listing.pass_over("pipes, sockets and devices");
            } else if path.to_str().is_none() {
                listing.pass_over_by_name(&path.to_string_lossy(), NOT_UTF8);
            } else if kind.is_dir() {
                if choice.selection.may_hold(&self.below_root(&path)) {
                    folders.push(path);
                } else {
                    listing.pass_over("folders not selected");
                }
            } else {
                listing.add(choice, self.listed(&path, &entry.metadata()?));
            }
        }
        Ok(())
    }

    /// What a key in a bucket would say, so that the folders above the root cannot speak for an account.
    fn below_root(&self, path: &Path) -> String {
        let base = self.root.parent().unwrap_or(&self.root);
        path.strip_prefix(base).unwrap_or(path).to_string_lossy().into_owned()
    }

    fn listed(&self, path: &Path, metadata: &fs::Metadata) -> Listed {
        let key = path.to_string_lossy().into_owned();
        let changed = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
        Listed {
            log_file: key.clone(),
            etag: format!("{:x}-{:x}", metadata.len(), changed.as_nanos()),
            bytes: metadata.len(),
            object: ObjectKey::parse(&self.below_root(path)),
            key,
        }
    }
}

/// Reads a file.
pub fn read(listed: &Listed) -> Fetched {
    Ok(fs::read(&listed.key)?.into())
}

fn cannot_list(path: &Path, cause: io::Error) -> Error {
    let hint = (cause.kind() == io::ErrorKind::NotFound)
        .then_some("give a folder of CloudTrail log files or s3://bucket/prefix");
    Error::List { location: path.display().to_string(), hint, source: cause.into() }
}
