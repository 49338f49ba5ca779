//! Single objects by the names that the lake has for them.

use std::collections::HashMap;

use bytes::Bytes;

use crate::error::chain;
use crate::ingest::object_key::ObjectKey;
use crate::store::{Listed, Location, Source, Stores};

/// Reads objects, opening each bucket once.
pub struct Objects<'a> {
    stores: &'a Stores,
    buckets: HashMap<String, Source>,
}

impl<'a> Objects<'a> {
    /// Reads through these stores.
    pub fn new(stores: &'a Stores) -> Self {
        Self { stores, buckets: HashMap::new() }
    }

    /// An object's bytes and the metadata that S3 holds beside it. `etag`: it must be the one that the lake knows.
    pub async fn read(&mut self, name: &str, etag: &str) -> Result<(Bytes, Vec<(String, String)>), String> {
        let Some((bucket, key)) = name.strip_prefix("s3://").and_then(|rest| rest.split_once('/')) else {
            let bytes = std::fs::read(name).map_err(|cause| cause.to_string())?;
            return Ok((bytes.into(), Vec::new()));
        };
        if !self.buckets.contains_key(bucket) {
            let location = Location::S3 { bucket: bucket.to_owned(), prefix: String::new() };
            let source = self.stores.source(&location).await.map_err(|error| chain(&error))?;
            self.buckets.insert(bucket.to_owned(), source);
        }
        let listed = Listed {
            log_file: name.to_owned(),
            etag: etag.to_owned(),
            bytes: 0,
            object: ObjectKey::parse(key),
            key: key.to_owned(),
        };
        self.buckets[bucket].fetch_with_metadata(&listed).await.map_err(|cause| chain(cause.as_ref()))
    }
}
