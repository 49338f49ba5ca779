//! An S3 server on 127.0.0.1, over real HTTP, in this process.
//!
//! Objects are files: a bucket is a folder, a key is a path in it. What is written into the folder is in the bucket,
//! and what is put into the bucket is in the folder. Addressing is path style only.

mod buckets;
pub(crate) mod listing;
mod mischief;

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response, StatusCode};
use s3s::HttpResponse;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};

use crate::loopback::{Loopback, percent_decoded};
use buckets::Buckets;
use mischief::Spell;

pub use mischief::Mischief;

const CHECKSUM: &str = "x-amz-checksum-sha256";

/// The only key pair that the server accepts.
const ACCESS_KEY_ID: &str = "AKIAENDTOENDTESTONLY";
const SECRET_ACCESS_KEY: &str = "end-to-end-test-only-not-a-secret-key000";

/// How the server misbehaves. The default is not at all.
///
/// Requests are counted from 1 over the whole life of the server, so a fault of every second request is followed by an
/// answer to its repetition when one client works alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// Every nth request is answered 503 with S3's `SlowDown`.
    pub slow_down_every: Option<u32>,
    /// The connection of every nth request is closed without an answer. It goes before `slow_down_every`.
    pub drop_connection_every: Option<u32>,
    /// Time that passes before any answer, faults included.
    pub latency: Duration,
}

/// A request as it arrived, whatever became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// `GET`, `PUT`, ...
    pub method: String,
    /// `/bucket/key`, percent-decoded.
    pub path: String,
    /// What follows `?`, percent-decoded as a whole: for a look at it, not for splitting. Empty where there is none.
    pub query: String,
    /// `x-amz-checksum-sha256`, which the server has compared with the body.
    pub checksum: Option<String>,
}

/// A running server. It stops when dropped, and its open connections with it; the files stay.
#[derive(Debug)]
pub struct S3Server {
    folder: PathBuf,
    door: Arc<Door>,
    http: Loopback,
}

impl S3Server {
    /// Serves the buckets in `folder`, which is made where it is missing. One server a folder at a time.
    ///
    /// It has a thread and a runtime of its own: a test may block, or bring its own runtime.
    pub fn start(folder: &Path, faults: Faults) -> Self {
        fs::create_dir_all(folder).expect("the folder of the buckets can be made");
        let door = Arc::new(Door::new(folder, faults));
        let served = Arc::clone(&door);
        let http = Loopback::serve("s3-server", move |request| {
            let door = Arc::clone(&served);
            async move { door.answer(request).await }
        });
        Self { folder: folder.to_owned(), door, http }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.http.address())
    }

    /// The folder of a bucket, made on the first call. Its files are the bucket's objects.
    pub fn bucket_folder(&self, bucket: &str) -> PathBuf {
        let folder = self.folder.join(bucket);
        fs::create_dir_all(&folder).expect("the folder of a bucket can be made");
        folder
    }

    /// The environment in which the program, or any AWS SDK, talks to this server.
    pub fn environment(&self) -> Vec<(String, String)> {
        let endpoint = self.endpoint();
        [
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID),
            ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY),
            ("AWS_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_RETRY_MODE", "standard"),
            ("AWS_MAX_ATTEMPTS", "5"),
            ("NO_PROXY", "127.0.0.1,localhost"),
            ("no_proxy", "127.0.0.1,localhost"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// A client of this server, for a test that looks at a bucket as others see it.
    pub fn client(&self) -> aws_sdk_s3::Client {
        let retries = RetryConfig::standard().with_max_attempts(5).with_initial_backoff(Duration::from_millis(5));
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(self.endpoint())
            .credentials_provider(Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "end-to-end"))
            .region(Region::new("us-east-1"))
            .force_path_style(true)
            .retry_config(retries)
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// From now on misbehaves in one way, on those of the requests that fit it whose number, from 0, is in the range.
    pub fn misbehave(&self, mischief: Mischief, requests: Range<u32>) {
        *self.door.spell.lock().expect("no thread panics while it holds the spell") =
            Some(Spell::new(mischief, requests));
    }

    /// From now on behaves.
    pub fn behave(&self) {
        *self.door.spell.lock().expect("no thread panics while it holds the spell") = None;
    }

    /// Every request so far, in order of arrival.
    pub fn requests(&self) -> Vec<Seen> {
        self.door.seen.lock().expect("no thread panics while it holds the log").clone()
    }
}

/// What every request passes on its way to the buckets.
#[derive(Debug)]
struct Door {
    folder: PathBuf,
    buckets: S3Service,
    faults: Faults,
    spell: Mutex<Option<Spell>>,
    requests: AtomicU32,
    seen: Mutex<Vec<Seen>>,
}

impl Door {
    fn new(folder: &Path, faults: Faults) -> Self {
        let mut builder = S3ServiceBuilder::new(Buckets::new(folder));
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY_ID, SECRET_ACCESS_KEY));
        Self {
            folder: folder.to_owned(),
            buckets: builder.build(),
            faults,
            spell: Mutex::default(),
            requests: AtomicU32::new(0),
            seen: Mutex::default(),
        }
    }

    /// An error closes the connection: hyper sends nothing then.
    async fn answer(&self, request: Request<Incoming>) -> std::io::Result<HttpResponse> {
        let number = 1 + self.requests.fetch_add(1, Ordering::Relaxed);
        self.seen.lock().expect("no thread panics while it holds the log").push(Seen::of(&request));
        if !self.faults.latency.is_zero() {
            tokio::time::sleep(self.faults.latency).await;
        }
        if is_due(self.faults.drop_connection_every, number) {
            return Err(std::io::Error::other("this connection is to be dropped"));
        }
        if is_due(self.faults.slow_down_every, number) {
            // Read to its end, so that the client has sent everything and reads the answer.
            let _unused = request.into_body().collect().await.map_err(std::io::Error::other)?;
            return Ok(slow_down());
        }
        if let Some(mischief) = self.struck(&request) {
            return self.misbehave(mischief, request).await;
        }
        self.buckets.call(request.map(s3s::Body::from)).await.map_err(std::io::Error::other)
    }
}

impl Seen {
    fn of(request: &Request<Incoming>) -> Self {
        Self {
            method: request.method().as_str().to_owned(),
            path: percent_decoded(request.uri().path()),
            query: percent_decoded(request.uri().query().unwrap_or_default()),
            checksum: request.headers().get(CHECKSUM).and_then(|value| value.to_str().ok()).map(str::to_owned),
        }
    }
}

fn is_due(every: Option<u32>, number: u32) -> bool {
    every.is_some_and(|every| number.is_multiple_of(every))
}

/// S3's answer to a client that asks too much (API Reference, "Error responses": `SlowDown`, 503).
fn slow_down() -> HttpResponse {
    refusal(StatusCode::SERVICE_UNAVAILABLE, "SlowDown", "Please reduce your request rate.", "")
}

/// An error in S3's form; `more`: elements after its message.
fn refusal(status: StatusCode, code: &str, message: &str, more: &str) -> HttpResponse {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>"
    );
    let mut response = Response::new(s3s::Body::from(xml));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::primitives::ByteStream;

    use super::*;

    fn server(faults: Faults) -> (tempfile::TempDir, S3Server) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let server = S3Server::start(folder.path(), faults);
        (folder, server)
    }

    fn write(folder: &Path, key: &str, bytes: &[u8]) {
        let path = folder.join(key);
        fs::create_dir_all(path.parent().expect("a key is below its bucket")).expect("a folder can be made");
        fs::write(path, bytes).expect("a file can be written");
    }

    #[tokio::test]
    async fn a_page_holds_a_thousand_keys_and_its_etags_are_those_of_get() {
        let (_folder, server) = server(Faults::default());
        let bucket = server.bucket_folder("trail");
        for number in 0..1_001 {
            write(&bucket, &format!("a/{number:04}.gz"), number.to_string().as_bytes());
        }
        let client = server.client();
        let first = client.list_objects_v2().bucket("trail").prefix("a/").max_keys(5_000).send().await.expect("listed");
        assert_eq!((first.key_count(), first.is_truncated()), (Some(1_000), Some(true)));
        let token = first.next_continuation_token().expect("a truncated page has a token");
        let second = client
            .list_objects_v2()
            .bucket("trail")
            .prefix("a/")
            .continuation_token(token)
            .send()
            .await
            .expect("listed");
        assert_eq!((second.key_count(), second.is_truncated()), (Some(1), Some(false)));

        let last = &second.contents()[0];
        assert_eq!(last.key(), Some("a/1000.gz"));
        let etag = last.e_tag().expect("a listed object has an ETag");
        let got = client.get_object().bucket("trail").key("a/1000.gz").if_match(etag).send().await.expect("it matches");
        assert_eq!(got.e_tag(), Some(etag));
        write(&bucket, "a/1000.gz", b"changed");
        let refused = client.get_object().bucket("trail").key("a/1000.gz").if_match(etag).send().await;
        let refused = refused.expect_err("the object has changed").into_service_error();
        assert_eq!(refused.meta().code(), Some("PreconditionFailed"));
    }

    #[tokio::test]
    async fn the_second_conditional_put_is_refused_and_a_put_is_a_file() {
        let (_folder, server) = server(Faults::default());
        let bucket = server.bucket_folder("lake");
        let client = server.client();
        let put = |text: &'static str| {
            let body = ByteStream::from_static(text.as_bytes());
            client
                .put_object()
                .bucket("lake")
                .key("events/event_date=2025-03-01/p.parquet")
                .if_none_match("*")
                .body(body)
        };
        put("one").send().await.expect("the key is free");
        let refused = put("two").send().await.expect_err("the key is taken").into_service_error();
        assert_eq!(refused.meta().code(), Some("PreconditionFailed"));
        let file = bucket.join("events/event_date=2025-03-01/p.parquet");
        assert_eq!(fs::read_to_string(file).expect("the object is a file"), "one");
        let path = "/lake/events/event_date=2025-03-01/p.parquet".to_owned();
        assert!(server.requests().iter().all(|seen| seen.method == "PUT" && seen.path == path));
    }

    #[tokio::test]
    async fn faults_are_what_a_client_outlives_by_asking_again() {
        let every_second = Some(2);
        for faults in [
            Faults { slow_down_every: every_second, ..Faults::default() },
            Faults { drop_connection_every: every_second, ..Faults::default() },
        ] {
            let (_folder, server) = server(faults);
            write(&server.bucket_folder("trail"), "k", b"v");
            let client = server.client();
            for _ in 0..2 {
                client.head_object().bucket("trail").key("k").send().await.expect("the repetition is answered");
            }
            assert_eq!(server.requests().len(), 3, "{faults:?}");
        }
    }
}
