//! A look into a bucket, one request at a time, in S3's own words: what `doctor` asks.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::RequestPayer;
use config_rule::facts::Unread;

use super::s3::words_of;

/// The bytes of an object that show that it can be read, and decrypted.
const HEAD: &str = "bytes=0-15";

/// Where S3 names the Region that a bucket is in, when it was asked in another (API Reference, "HeadBucket").
const BUCKET_REGION: &str = "x-amz-bucket-region";

/// A bucket.
pub struct Look {
    client: Client,
    bucket: String,
    request_payer: Option<RequestPayer>,
}

/// What to list.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// What every key begins with.
    pub prefix: &'a str,
    /// Only as far as the next `/`.
    pub is_one_folder: bool,
    /// At most so many; S3's own limit where it is none.
    pub most: Option<i32>,
    /// Where the last page ended.
    pub token: Option<&'a str>,
}

/// A page of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Keys and sizes in bytes, in the order of keys.
    pub objects: Vec<(String, u64)>,
    /// Folders, each ending in `/`.
    pub folders: Vec<String>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// A request that S3 did not answer as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What, and why.
    pub unread: Unread,
    /// The Region that the bucket is in, where S3 says that it is another.
    pub bucket_region: Option<String>,
}

impl Look {
    /// Looks through a client.
    pub fn new(client: Client, bucket: &str, request_payer: bool) -> Self {
        let request_payer = request_payer.then_some(RequestPayer::Requester);
        Self { client, bucket: bucket.to_owned(), request_payer }
    }

    /// One page of the bucket's keys.
    pub async fn list_objects_v2(&self, wanted: Wanted<'_>) -> Result<Page, Refused> {
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(wanted.prefix);
        let answer = request
            .set_delimiter(wanted.is_one_folder.then(|| "/".to_owned()))
            .set_max_keys(wanted.most)
            .set_continuation_token(wanted.token.map(str::to_owned))
            .set_request_payer(self.request_payer.clone())
            .send()
            .await;
        let answer = answer.map_err(|error| self.refused("s3:ListBucket", wanted.prefix, &error))?;
        let objects = answer.contents.unwrap_or_default().into_iter();
        let folders = answer.common_prefixes.unwrap_or_default().into_iter();
        Ok(Page {
            objects: objects
                .filter_map(|object| Some((object.key?, object.size.unwrap_or_default().unsigned_abs())))
                .collect(),
            folders: folders.filter_map(|folder| folder.prefix).collect(),
            next: answer.next_continuation_token,
        })
    }

    /// Reads the beginning of an object.
    pub async fn get_object(&self, key: &str) -> Result<(), Refused> {
        let request = self.client.get_object().bucket(&self.bucket).key(key).range(HEAD);
        let answer = request.set_request_payer(self.request_payer.clone()).send().await;
        answer.map(drop).map_err(|error| self.refused("s3:GetObject", key, &error))
    }

    fn refused<E>(&self, action: &str, place: &str, error: &SdkError<E, HttpResponse>) -> Refused
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let resource = format!("s3://{}/{place}", self.bucket);
        let bucket_region = error.raw_response().and_then(|response| response.headers().get(BUCKET_REGION));
        Refused {
            unread: Unread { action: action.to_owned(), resource, cause: words_of(error) },
            bucket_region: bucket_region.map(str::to_owned),
        }
    }
}
