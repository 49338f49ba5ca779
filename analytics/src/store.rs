//! Where log files come from and where the lake is: a folder, or a prefix of an S3 bucket.

mod absent;
mod advice;
#[cfg(feature = "s3")]
mod aws;
#[cfg(feature = "s3")]
mod cloudtrail;
mod compactions;
#[cfg(any(feature = "s3", feature = "live"))]
mod endpoint;
mod fetching;
mod folder;
pub mod form;
mod lake;
mod location;
#[cfg(all(feature = "s3", feature = "live"))]
mod look;
mod own_files;
#[cfg(feature = "s3")]
mod s3;
mod source;
#[cfg(all(feature = "s3", feature = "live"))]
mod trails;

pub(crate) use absent::absent;
pub(crate) use advice::{advised, without_document};
pub use compactions::{Compactions, Ledger, is_merged_name, merged_name};
#[cfg(feature = "ballista")]
pub(crate) use endpoint::is_this_machine;
pub use fetching::Fetching;
pub use lake::{Lake, Part};
pub(crate) use lake::{is_our_name, name_of};
pub use location::Location;
#[cfg(all(feature = "s3", feature = "live"))]
pub use look::{Look, Page, Refused, Wanted};
pub use source::{Choice, Fetched, FetchedWithMetadata, Listed, Listing, Source};
#[cfg(all(feature = "s3", feature = "live"))]
pub use trails::Trails;

use chrono::{DateTime, Utc};

use crate::error::{Cause, Result};
use crate::verify::PublicKey;

/// How to reach S3. Credentials, Region, profile and endpoint are found as the AWS CLI finds them.
#[derive(Debug, Clone, Default)]
pub struct S3Options {
    /// An endpoint in place of AWS's own.
    pub endpoint_url: Option<String>,
    /// A named profile.
    pub profile: Option<String>,
    /// The Region of the buckets.
    pub region: Option<String>,
    /// Agree to pay for requests to a requester-pays bucket.
    pub request_payer: bool,
    /// Speak to an endpoint of `http://` on another machine too.
    pub allow_http_endpoint: bool,
}

/// Opens sources and lakes; S3 is set up once, when the first location needs it.
#[derive(Default)]
pub struct Stores {
    options: S3Options,
    #[cfg(feature = "s3")]
    access: tokio::sync::OnceCell<aws::Access>,
}

impl Stores {
    /// Stores that reach S3 as told.
    pub fn new(options: S3Options) -> Self {
        Self { options, ..Self::default() }
    }

    /// Opens a place that log files are read from.
    pub async fn source(&self, location: &Location) -> Result<Source> {
        match location {
            Location::Folder(path) => Ok(Source::Folder(folder::Folder::open(path)?)),
            #[cfg(feature = "s3")]
            Location::S3 { bucket, prefix } => Ok(Source::S3(self.access().await?.bucket(bucket, prefix))),
            #[cfg(not(feature = "s3"))]
            Location::S3 { .. } => Err(without_s3(&self.options, location)),
        }
    }

    /// Opens a lake to read; it must be there.
    pub async fn lake(&self, location: &Location) -> Result<Lake> {
        self.open_lake(location, false).await
    }

    /// Opens a lake to write, which may not exist yet.
    pub async fn new_lake(&self, location: &Location) -> Result<Lake> {
        self.open_lake(location, true).await
    }

    async fn open_lake(&self, location: &Location, is_made: bool) -> Result<Lake> {
        match location {
            Location::Folder(path) => Lake::in_folder(path, is_made),
            #[cfg(feature = "s3")]
            Location::S3 { bucket, prefix } => Lake::new(location, self.access().await?.object_store(bucket)?, prefix),
            #[cfg(not(feature = "s3"))]
            Location::S3 { .. } => Err(without_s3(&self.options, location)),
        }
    }

    /// The public keys that CloudTrail has signed digest files with in a Region, in a time.
    #[cfg(feature = "s3")]
    pub async fn list_public_keys(
        &self,
        region: &str,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> std::result::Result<Vec<PublicKey>, Cause> {
        self.access().await?.list_public_keys(region, from, until).await
    }

    /// The public keys that CloudTrail has signed digest files with in a Region, in a time.
    #[cfg(not(feature = "s3"))]
    #[expect(clippy::unused_async, reason = "the same call as with the feature")]
    pub async fn list_public_keys(
        &self,
        _: &str,
        _: DateTime<Utc>,
        _: DateTime<Utc>,
    ) -> std::result::Result<Vec<PublicKey>, Cause> {
        Err("this build reaches no AWS API; build again without --no-default-features".into())
    }

    /// A bucket to look into, where it is in another Region through that one.
    #[cfg(all(feature = "s3", feature = "live"))]
    pub async fn look(&self, bucket: &str, region: Option<&str>) -> Look {
        self.loaded().await.look(bucket, region)
    }

    /// CloudTrail in a Region.
    #[cfg(all(feature = "s3", feature = "live"))]
    pub async fn trails(&self, region: &str) -> Trails {
        self.loaded().await.trails(region)
    }

    /// AWS, where the endpoint may be spoken to.
    #[cfg(feature = "s3")]
    async fn access(&self) -> Result<&aws::Access> {
        self.options.check_endpoints()?;
        let access = self.loaded().await;
        if let Some(url) = access.endpoint_url() {
            self.options.check_endpoint("the endpoint of the profile", url)?;
        }
        Ok(access)
    }

    /// AWS, for `doctor`, which has checked the endpoint.
    #[cfg(feature = "s3")]
    async fn loaded(&self) -> &aws::Access {
        self.access.get_or_init(|| aws::Access::load(&self.options)).await
    }
}

#[cfg(not(feature = "s3"))]
fn without_s3(_: &S3Options, location: &Location) -> crate::error::Error {
    crate::error::Error::Misused(format!(
        "{location}: this build has no S3 support; build again without --no-default-features"
    ))
}
