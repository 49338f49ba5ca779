//! S3 as the AWS CLI would reach it: credentials, Region, profile and endpoint from the whole chain.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_s3::Client;
use chrono::{DateTime, Utc};
use object_store::aws::{AmazonS3Builder, AwsCredential, Checksum, S3ConditionalPut};
use object_store::{CredentialProvider, ObjectStore};

use super::S3Options;
use super::cloudtrail::list_public_keys;
use super::s3::Bucket;
use crate::error::{Cause, Error, Result};
use crate::verify::PublicKey;

/// What every client of a run shares.
pub struct Access {
    config: SdkConfig,
    client: Client,
    endpoint_url: Option<String>,
    /// The one of the command line, which is for every service.
    given_endpoint_url: Option<String>,
    request_payer: bool,
}

impl Access {
    /// Reads environment, profile files and instance metadata.
    pub async fn load(options: &S3Options) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts());
        if let Some(profile) = &options.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &options.region {
            loader = loader.region(Region::new(region.clone()));
        }
        let config = loader.load().await;
        let from_environment =
            || std::env::var("AWS_ENDPOINT_URL_S3").ok().or_else(|| config.endpoint_url().map(str::to_owned));
        let endpoint_url = options.endpoint_url.clone().or_else(from_environment);
        let mut s3 = aws_sdk_s3::config::Builder::from(&config);
        if let Some(url) = &endpoint_url {
            // A stand-in or a private gateway seldom has a name for each bucket.
            s3 = s3.endpoint_url(url).force_path_style(true);
        }
        if config.region().is_none() {
            s3 = s3.region(Region::from_static(DEFAULT_REGION));
        }
        Self {
            client: Client::from_conf(s3.build()),
            endpoint_url,
            given_endpoint_url: options.endpoint_url.clone(),
            request_payer: options.request_payer,
            config,
        }
    }

    /// The endpoint in place of S3's own.
    pub fn endpoint_url(&self) -> Option<&str> {
        self.endpoint_url.as_deref()
    }

    /// A prefix of a bucket to read log files from.
    pub fn bucket(&self, bucket: &str, prefix: &str) -> Bucket {
        Bucket::new(self.client.clone(), bucket, prefix, self.request_payer)
    }

    /// CloudTrail's own answer; it may be elsewhere than S3 is.
    pub async fn list_public_keys(
        &self,
        region: &str,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> std::result::Result<Vec<PublicKey>, Cause> {
        list_public_keys(&self.config, self.given_endpoint_url.as_deref(), region, from, until).await
    }

    /// A bucket to look into, where it is in another Region through that one.
    #[cfg(feature = "live")]
    pub fn look(&self, bucket: &str, region: Option<&str>) -> super::look::Look {
        let client = match region {
            None => self.client.clone(),
            Some(region) => {
                Client::from_conf(self.client.config().to_builder().region(Region::new(region.to_owned())).build())
            }
        };
        super::look::Look::new(client, bucket, self.request_payer)
    }

    /// CloudTrail in a Region.
    #[cfg(feature = "live")]
    pub fn trails(&self, region: &str) -> super::trails::Trails {
        super::trails::Trails::new(&self.config, self.given_endpoint_url.as_deref(), region)
    }

    /// A bucket to keep a lake in, reached with the same credentials.
    pub fn object_store(&self, bucket: &str) -> Result<Arc<dyn ObjectStore>> {
        let region = self.config.region().map_or(DEFAULT_REGION, Region::as_ref);
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(region)
            .with_request_payer(self.request_payer)
            // A bucket with Object Lock takes no upload without one.
            .with_checksum_algorithm(Checksum::SHA256)
            .with_conditional_put(S3ConditionalPut::ETagMatch);
        if let Some(url) = &self.endpoint_url {
            builder = builder.with_endpoint(url).with_allow_http(url.starts_with("http://"));
        }
        if let Some(provider) = self.config.credentials_provider() {
            builder = builder.with_credentials(Arc::new(Credentials(provider)));
        }
        let store = builder.build().map_err(|cause| Error::Lake {
            action: "open",
            location: format!("s3://{bucket}"),
            source: cause.into(),
        })?;
        Ok(Arc::new(store))
    }
}

/// Until a connection stands.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// From sending a request to the first byte of its answer. The bodies of log files may take longer: for them the SDK's own
/// protection against streams that stall holds, which the defaults have.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// One try of one request, up to the body of a log file.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);

/// A server that takes a connection and says nothing is given up and asked again: without these the SDK would wait for ever.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build()
}

/// Used when nothing names a Region, as S3 itself does.
const DEFAULT_REGION: &str = "us-east-1";

/// The SDK's credential chain in the form that `object_store` asks for. The chain caches and refreshes by itself.
#[derive(Debug)]
struct Credentials(SharedCredentialsProvider);

#[async_trait]
impl CredentialProvider for Credentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let found = self.0.provide_credentials().await;
        let found = found.map_err(|cause| object_store::Error::Generic { store: "S3", source: cause.into() })?;
        Ok(Arc::new(AwsCredential {
            key_id: found.access_key_id().to_owned(),
            secret_key: found.secret_access_key().to_owned(),
            token: found.session_token().map(str::to_owned),
        }))
    }
}
