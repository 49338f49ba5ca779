//! Listing and fetching log files.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::fetching::Fetching;
use super::folder::Folder;
#[cfg(feature = "s3")]
use super::s3::Bucket;
use crate::error::{Cause, Result};
use crate::ingest::object_key::{ObjectKey, ObjectKind};
use crate::ingest::selection::Selection;

/// A place that log files are read from.
pub enum Source {
    /// A folder or one file.
    Folder(Folder),
    /// A prefix of a bucket.
    #[cfg(feature = "s3")]
    S3(Bucket),
}

/// A log file as listed.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its key in the bucket, or its path.
    pub key: String,
    /// `s3://bucket/key`, or its path: what the ledger and every citation call it.
    pub log_file: String,
    /// Changes when the object does.
    pub etag: String,
    /// Size as stored.
    pub bytes: u64,
    /// What the key says.
    pub object: ObjectKey,
}

/// Which objects of a source are asked for.
#[derive(Clone, Copy)]
pub struct Choice<'a> {
    /// By account, Region and time.
    pub selection: &'a Selection,
    /// Why one that is selected is left out all the same. Nothing of it is kept then: there may be a hundred million.
    pub leaves_out: &'a (dyn Fn(&Listed) -> Option<&'static str> + Sync),
}

impl<'a> Choice<'a> {
    /// Every object selected.
    pub fn all(selection: &'a Selection) -> Self {
        Self { selection, leaves_out: &|_| None }
    }

    /// Why an object is passed over, where it is.
    fn objection(&self, listed: &Listed) -> Option<&'static str> {
        match listed.object.kind {
            ObjectKind::LogFile | ObjectKind::Digest | ObjectKind::Evidence
                if self.selection.admits(&listed.object) =>
            {
                (self.leaves_out)(listed)
            }
            ObjectKind::LogFile => Some("log files not selected"),
            other => Some(other.as_str()),
        }
    }
}

/// What listing a source gave. Every object listed is in exactly one of the first four.
#[derive(Debug, Default)]
pub struct Listing {
    /// The log files asked for.
    pub log_files: Vec<Listed>,
    /// The digest files of the same accounts, Regions and days.
    pub digests: Vec<Listed>,
    /// The evidence objects of the same accounts, Regions and days.
    pub evidence: Vec<Listed>,
    /// How many objects were passed over, by reason in words.
    pub passed_over: BTreeMap<&'static str, u64>,
    /// Those passed over that somebody may take for log files, with the reason.
    pub to_name: Vec<(String, &'static str)>,
    /// Whether there are digest files, here or among those left out.
    pub has_digests: bool,
}

impl Listing {
    /// Counts an object in.
    pub(super) fn add(&mut self, choice: Choice<'_>, listed: Listed) {
        self.has_digests |= listed.object.kind == ObjectKind::Digest && choice.selection.admits(&listed.object);
        match (choice.objection(&listed), listed.object.kind) {
            (Some(reason), _) => self.pass_over(reason),
            (None, ObjectKind::Digest) => self.digests.push(listed),
            (None, ObjectKind::Evidence) => self.evidence.push(listed),
            (None, _) => self.log_files.push(listed),
        }
    }

    /// Counts an object that is passed over.
    pub(super) fn pass_over(&mut self, reason: &'static str) {
        *self.passed_over.entry(reason).or_default() += 1;
    }

    /// Counts an object that is passed over, to be named too.
    pub(super) fn pass_over_by_name(&mut self, name: &str, reason: &'static str) {
        self.pass_over(reason);
        self.to_name.push((name.to_owned(), reason));
    }

    /// Takes in another listing.
    pub fn merge(&mut self, other: Self) {
        self.log_files.extend(other.log_files);
        self.digests.extend(other.digests);
        self.evidence.extend(other.evidence);
        self.to_name.extend(other.to_name);
        self.has_digests |= other.has_digests;
        for (reason, count) in other.passed_over {
            *self.passed_over.entry(reason).or_default() += count;
        }
    }

    /// Objects listed.
    pub fn objects(&self) -> u64 {
        (self.log_files.len() + self.digests.len() + self.evidence.len()) as u64
            + self.passed_over.values().sum::<u64>()
    }
}

/// An object's bytes and the user metadata that S3 holds beside it, or why they could not be had. Files have none.
pub type FetchedWithMetadata = std::result::Result<(Bytes, Vec<(String, String)>), Cause>;

/// An object's bytes, or why they could not be had this time.
pub type Fetched = std::result::Result<Bytes, Cause>;

impl Source {
    /// Lists the source. A part of it that cannot be listed fails the whole: what is missing could not be named.
    pub async fn list(&self, choice: Choice<'_>, progress: &(dyn Fn(u64) + Sync)) -> Result<Listing> {
        match self {
            Self::Folder(folder) => folder.list(choice, progress),
            #[cfg(feature = "s3")]
            Self::S3(bucket) => bucket.list(choice, progress).await,
        }
    }

    /// The place, as a person would type it.
    pub fn location(&self) -> String {
        match self {
            Self::Folder(folder) => folder.location(),
            #[cfg(feature = "s3")]
            Self::S3(bucket) => bucket.location(),
        }
    }

    /// The bucket, where the source is in one.
    pub fn bucket(&self) -> Option<&str> {
        match self {
            Self::Folder(_) => None,
            #[cfg(feature = "s3")]
            Self::S3(bucket) => Some(bucket.name()),
        }
    }

    /// Fetches one object with its metadata.
    pub async fn fetch_with_metadata(&self, listed: &Listed) -> FetchedWithMetadata {
        match self {
            Self::Folder(_) => Ok((super::folder::read(listed)?, Vec::new())),
            #[cfg(feature = "s3")]
            Self::S3(bucket) => bucket.fetch_with_metadata(listed).await,
        }
    }

    /// Begins to fetch objects. Those of a bucket are downloaded from now on, at most `ahead_bytes` of them at a time; a
    /// file is read when its turn comes.
    pub fn fetch(&self, objects: Arc<Vec<Listed>>, ahead_bytes: usize) -> Fetching {
        match self {
            Self::Folder(_) => {
                let _ = ahead_bytes;
                Fetching::from_folder(objects)
            }
            #[cfg(feature = "s3")]
            Self::S3(bucket) => Fetching::from_bucket(objects.clone(), bucket.fetch_ahead(objects, ahead_bytes)),
        }
    }
}
