//! Amazon S3: bucket policies in, evidence out.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;

use super::unread;
use crate::evidence::{EvidenceStore, S3Location};
use crate::facts::{BucketPolicy, Fact, Unread};
use crate::gather::Buckets;

pub struct S3(Client);

impl S3 {
    pub fn new(config: &SdkConfig) -> Self {
        // A stand-in or a private gateway seldom has a name for each bucket.
        let is_elsewhere = config.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
        let config = aws_sdk_s3::config::Builder::from(config).force_path_style(is_elsewhere).build();
        Self(Client::from_conf(config))
    }
}

#[async_trait]
impl Buckets for S3 {
    async fn get_bucket_policy(&self, bucket: &str) -> Fact<BucketPolicy> {
        match self.0.get_bucket_policy().bucket(bucket).send().await {
            Ok(answer) => Fact::Known(answer.policy.map_or(BucketPolicy::None, BucketPolicy::Document)),
            Err(error) => match error.code() {
                Some("NoSuchBucketPolicy") => Fact::Known(BucketPolicy::None),
                Some("NoSuchBucket") => Fact::Absent,
                _ => Fact::Unreadable(unread("s3:GetBucketPolicy", bucket, &error)),
            },
        }
    }
}

#[async_trait]
impl EvidenceStore for S3 {
    async fn put_object(&self, at: &S3Location, key: &str, bytes: Vec<u8>) -> Result<(), Unread> {
        let sent = self
            .0
            .put_object()
            .bucket(&at.bucket)
            .key(key)
            .content_type("application/gzip")
            .if_none_match("*")
            .body(ByteStream::from(bytes))
            .send()
            .await;
        sent.map(drop).map_err(|error| unread("s3:PutObject", &format!("s3://{}/{key}", at.bucket), &error))
    }
}
