//! Objects on their way to the worker that reads them.

use std::sync::Arc;

use super::folder;
#[cfg(feature = "s3")]
use super::s3::Arriving;
use super::source::{Fetched, Listed};

/// Objects of a source, in order.
pub struct Fetching {
    objects: Arc<Vec<Listed>>,
    way: Way,
}

enum Way {
    Folder,
    #[cfg(feature = "s3")]
    S3(Arriving),
}

impl Fetching {
    /// Files, each read when its turn comes.
    pub(super) fn from_folder(objects: Arc<Vec<Listed>>) -> Self {
        Self { objects, way: Way::Folder }
    }

    /// Objects that are downloaded already.
    #[cfg(feature = "s3")]
    pub(super) fn from_bucket(objects: Arc<Vec<Listed>>, arriving: Arriving) -> Self {
        Self { objects, way: Way::S3(arriving) }
    }

    /// Hands objects to `each`, on the calling thread: all of them, or all before a download that was given up.
    pub fn each(self, each: &mut dyn FnMut(&Listed, Fetched)) {
        match self.way {
            Way::Folder => self.objects.iter().for_each(|listed| each(listed, folder::read(listed))),
            #[cfg(feature = "s3")]
            Way::S3(mut arriving) => {
                while let Some((at, fetched, permit)) = arriving.blocking_recv() {
                    each(&self.objects[at], fetched);
                    drop(permit);
                }
            }
        }
    }
}
