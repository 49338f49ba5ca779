//! Log files in a bucket: listed in parallel, fetched ahead.

use std::collections::VecDeque;
use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::primitives::AggregatedBytes;
use aws_sdk_s3::types::{Object, RequestPayer};
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;

use super::advice::{CLOCK, EXPIRED, unanswered};
use super::source::{Choice, Fetched, FetchedWithMetadata, Listed, Listing};
use crate::error::{Cause, Error, chain};
use crate::ingest::object_key::ObjectKey;

/// Listing requests under way at once. S3 answers 5,500 reads a second for a prefix; this is far below.
const LISTINGS: usize = 32;
/// Downloads under way at once from one bucket: with 50 ms each, nearly 4,000 small objects a second. How many there are
/// below that is found by what is taken from them: only so many bytes are fetched ahead.
const ALL_DOWNLOADS: usize = 192;
/// Downloads under way at once for one part.
const DOWNLOADS: usize = 64;
/// How often a body that breaks off is fetched.
const BODY_ATTEMPTS: u32 = 3;
/// The unit in which fetching ahead is bounded.
const PERMIT_BYTES: usize = 1 << 12;

/// A prefix of a bucket.
#[derive(Clone)]
pub struct Bucket {
    client: Client,
    bucket: String,
    prefix: String,
    request_payer: Option<RequestPayer>,
    downloads: Arc<Semaphore>,
    runtime: Handle,
}

/// What one prefix gave: objects, and prefixes to list by themselves.
#[derive(Default)]
struct Found {
    listing: Listing,
    prefixes: Vec<String>,
}

impl Bucket {
    /// Names a prefix; called within the runtime that will do the work.
    pub fn new(client: Client, bucket: &str, prefix: &str, request_payer: bool) -> Self {
        Self {
            client,
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            request_payer: request_payer.then_some(RequestPayer::Requester),
            downloads: Arc::new(Semaphore::new(ALL_DOWNLOADS)),
            runtime: Handle::current(),
        }
    }

    /// Lists the prefix. A prefix whose objects fit one page costs one request; a larger one is split into the
    /// prefixes below it (account, Region, year, month, day), which are listed in parallel.
    pub async fn list(&self, choice: Choice<'_>, progress: &(dyn Fn(u64) + Sync)) -> crate::error::Result<Listing> {
        let mut listing = Listing::default();
        let mut waiting = VecDeque::from([self.prefix.clone()]);
        let mut under_way = FuturesUnordered::new();
        loop {
            while under_way.len() < LISTINGS
                && let Some(prefix) = waiting.pop_front()
            {
                under_way.push(self.list_prefix(prefix, choice));
            }
            let Some(found) = under_way.next().await else { break };
            let found = found?;
            listing.merge(found.listing);
            waiting.extend(found.prefixes);
            progress(listing.objects());
        }
        listing.log_files.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(listing)
    }

    async fn list_prefix(&self, prefix: String, choice: Choice<'_>) -> crate::error::Result<Found> {
        let mut found = Found::default();
        let first = self.list_page(&prefix, None, None).await?;
        if first.is_truncated() != Some(true) {
            self.take(first, choice, &mut found);
            return Ok(found);
        }
        let split = self.list_page(&prefix, Some("/"), None).await?;
        let (mut page, delimiter) = if split.common_prefixes().is_empty() { (first, None) } else { (split, Some("/")) };
        loop {
            let next = self.next_token(&prefix, &page)?;
            self.take(page, choice, &mut found);
            let Some(next) = next else { return Ok(found) };
            page = self.list_page(&prefix, delimiter, Some(next)).await?;
        }
    }

    /// Where the next page begins; none after the last. A listing that breaks off must not pass for a whole one.
    fn next_token(&self, prefix: &str, page: &ListObjectsV2Output) -> crate::error::Result<Option<String>> {
        match page.next_continuation_token() {
            None if page.is_truncated() == Some(true) => Err(Error::List {
                location: format!("s3://{}/{prefix}", self.bucket),
                hint: None,
                source: "the answer says that more follows, but not where".into(),
            }),
            token => Ok(token.map(str::to_owned)),
        }
    }

    async fn list_page(
        &self,
        prefix: &str,
        delimiter: Option<&str>,
        token: Option<String>,
    ) -> crate::error::Result<ListObjectsV2Output> {
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix);
        let request = request.set_delimiter(delimiter.map(str::to_owned)).set_continuation_token(token);
        let answer = request.set_request_payer(self.request_payer.clone()).send().await;
        let failed = |hint, source| Error::List { location: format!("s3://{}/{prefix}", self.bucket), hint, source };
        let page = answer.map_err(|cause| {
            let words = words_of(&cause);
            let hint = hint_of(cause.code(), "s3:ListBucket").or_else(|| unanswered(&words));
            failed(hint, words.into())
        })?;
        // The SDK takes a document that ends early for its end.
        let (found, said) =
            (page.contents().len() + page.common_prefixes().len(), page.key_count().unwrap_or_default());
        if usize::try_from(said).is_ok_and(|said| found < said) {
            return Err(failed(
                None,
                format!("the page says that it holds {said} keys, and holds {found}; run again").into(),
            ));
        }
        Ok(page)
    }

    fn take(&self, page: ListObjectsV2Output, choice: Choice<'_>, found: &mut Found) {
        for below in page.common_prefixes().iter().filter_map(|below| below.prefix()) {
            if choice.selection.may_hold(below) {
                found.prefixes.push(below.to_owned());
            } else {
                found.listing.pass_over("folders not selected");
            }
        }
        for object in page.contents.unwrap_or_default() {
            let Some(listed) = self.listed(object) else { continue };
            if listed.key.ends_with('/') {
                found.listing.pass_over("folder markers");
            } else {
                found.listing.add(choice, listed);
            }
        }
    }

    fn listed(&self, object: Object) -> Option<Listed> {
        let key = object.key?;
        Some(Listed {
            log_file: format!("s3://{}/{key}", self.bucket),
            etag: object.e_tag.unwrap_or_default(),
            bytes: object.size.unwrap_or_default().unsigned_abs(),
            object: ObjectKey::parse(&key),
            key,
        })
    }

    /// Begins to fetch objects, in order, on the runtime.
    pub fn fetch_ahead(&self, objects: Arc<Vec<Listed>>, ahead_bytes: usize) -> Arriving {
        let (send, receive) = mpsc::channel(DOWNLOADS);
        self.runtime.spawn(self.clone().send_all(objects, ahead_bytes, send));
        receive
    }

    async fn send_all(self, objects: Arc<Vec<Listed>>, ahead_bytes: usize, send: mpsc::Sender<Arrived>) {
        let budget = (ahead_bytes / PERMIT_BYTES).max(1);
        let permits = Arc::new(Semaphore::new(budget));
        let mut under_way = VecDeque::new();
        for at in 0..objects.len() {
            // Permits are taken in the order of the objects, and every holder is on its way to the worker: no two wait
            // for each other.
            let wanted = (objects[at].bytes as usize / PERMIT_BYTES + 1).min(budget) as u32;
            let permit = loop {
                if let Ok(permit) = permits.clone().try_acquire_many_owned(wanted) {
                    break permit;
                }
                match under_way.pop_front() {
                    Some(download) => {
                        if !hand_on(download, &send).await {
                            return;
                        }
                    }
                    None => {
                        break permits.clone().acquire_many_owned(wanted).await.expect("the semaphore is never closed");
                    }
                }
            };
            let (bucket, objects) = (self.clone(), objects.clone());
            under_way.push_back(tokio::spawn(async move {
                let _one_of_all = bucket.downloads.acquire().await.expect("the semaphore is never closed");
                (at, bucket.fetch(&objects[at]).await, permit)
            }));
            if under_way.len() >= DOWNLOADS
                && let Some(download) = under_way.pop_front()
                && !hand_on(download, &send).await
            {
                return;
            }
        }
        for download in under_way {
            if !hand_on(download, &send).await {
                return;
            }
        }
    }

    /// Fetches one object as it was listed; one that changed since is an error, not a mixture. The SDK tries requests
    /// again but not bodies that break off.
    async fn fetch(&self, listed: &Listed) -> Fetched {
        let mut outcome = self.fetch_once(listed).await?;
        for _ in 1..BODY_ATTEMPTS {
            if outcome.is_ok() {
                break;
            }
            outcome = self.fetch_once(listed).await?;
        }
        outcome
    }

    /// `s3://bucket/prefix`.
    pub fn location(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }

    /// The bucket's name.
    pub fn name(&self) -> &str {
        &self.bucket
    }

    /// Fetches one object with its user metadata.
    pub async fn fetch_with_metadata(&self, listed: &Listed) -> FetchedWithMetadata {
        let object = self.get(listed).await?;
        let metadata = object.metadata().into_iter().flatten();
        let metadata = metadata.map(|(name, value)| (name.clone(), value.clone())).collect();
        Ok((object.body.collect().await.map(AggregatedBytes::into_bytes)?, metadata))
    }

    /// The outer error is the request's, the inner one the body's.
    async fn fetch_once(&self, listed: &Listed) -> Result<Fetched, Cause> {
        let object = self.get(listed).await?;
        Ok(object.body.collect().await.map(AggregatedBytes::into_bytes).map_err(Cause::from))
    }

    async fn get(&self, listed: &Listed) -> Result<GetObjectOutput, Cause> {
        let request = self.client.get_object().bucket(&self.bucket).key(&listed.key).if_match(&listed.etag);
        let answer = request.set_request_payer(self.request_payer.clone()).send().boxed().await;
        let object = answer.map_err(|cause| {
            let hint = hint_of(cause.code(), "s3:GetObject").map(|hint| format!(" ({hint})")).unwrap_or_default();
            format!("{}{hint}", words_of(&cause))
        })?;
        // What stands between may not know the condition of the request.
        let bare = |etag: &str| etag.trim_matches('"').to_owned();
        match object.e_tag() {
            Some(etag) if !listed.etag.is_empty() && bare(etag) != bare(&listed.etag) => {
                Err("it came with another ETag than it was listed with: it changed since; run again".into())
            }
            _ => Ok(object),
        }
    }
}

/// An object's place in the order, what came of it, and its share of the bytes fetched ahead.
type Arrived = (usize, Fetched, OwnedSemaphorePermit);

/// Objects in order, as they come.
pub type Arriving = mpsc::Receiver<Arrived>;

/// Waits for a download and hands it to the worker; false when the worker is gone.
async fn hand_on(download: JoinHandle<Arrived>, send: &mpsc::Sender<Arrived>) -> bool {
    match download.await {
        Ok(fetched) => send.send(fetched).await.is_ok(),
        Err(_) => false,
    }
}

/// S3's own code and message; where no answer came, the causes in turn.
pub(super) fn words_of<E: std::error::Error + ProvideErrorMetadata + 'static>(error: &E) -> String {
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => chain(error),
    }
}

fn hint_of(code: Option<&str>, action: &'static str) -> Option<&'static str> {
    match (code?, action) {
        ("AccessDenied", "s3:ListBucket") => {
            Some("the caller needs s3:ListBucket on the bucket; for a requester-pays bucket give --request-payer")
        }
        ("AccessDenied", _) => Some(
            "the caller needs s3:GetObject on the objects, and kms:Decrypt where they are encrypted with a customer key",
        ),
        ("NoSuchBucket", _) => Some("check the bucket's name"),
        ("PermanentRedirect" | "AuthorizationHeaderMalformed", _) => {
            Some("the bucket is in another Region: give --region")
        }
        ("RequestTimeTooSkewed", _) => Some(CLOCK),
        ("ExpiredToken" | "ExpiredTokenException", _) => Some(EXPIRED),
        ("PreconditionFailed", _) => Some("the object changed since it was listed; run again"),
        ("SlowDown", _) => Some("S3 asks to slow down; run again, with fewer --workers if it persists"),
        _ => None,
    }
}
