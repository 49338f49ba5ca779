//! Misbehaviour that a test switches on and off while the server runs.

use std::io;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{ETAG, HeaderValue};
use hyper::{Method, Request, StatusCode};
use s3s::HttpResponse;

use super::{Door, refusal};
use crate::loopback::percent_decoded;

/// A way to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mischief {
    /// Any request is answered 503 `SlowDown`.
    SlowDown,
    /// Any request is answered 500 `InternalError`.
    InternalError,
    /// The connection of any request is closed without an answer.
    Reset,
    /// A write is done, and the connection closed without an answer.
    LostAnswer,
    /// The body of a log file breaks off halfway, and the connection with it.
    ShortBody,
    /// The body of a log file comes in small pieces, one after the other.
    Drip,
    /// A log file comes with another ETag than its own.
    WrongETag,
    /// A log file is replaced by one with the same records and other bytes just before it is fetched.
    ChangedObject,
    /// Any request is answered 400 `ExpiredToken`.
    ExpiredToken,
    /// Any request is answered 403 `RequestTimeTooSkewed`.
    ClockSkew,
    /// Any request that would write is answered 403 `AccessDenied`.
    ReadOnly,
}

impl Mischief {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::SlowDown,
        Self::InternalError,
        Self::Reset,
        Self::LostAnswer,
        Self::ShortBody,
        Self::Drip,
        Self::WrongETag,
        Self::ChangedObject,
        Self::ExpiredToken,
        Self::ClockSkew,
        Self::ReadOnly,
    ];

    fn fits(self, request: &Request<Incoming>) -> bool {
        let is_get = request.method() == Method::GET;
        match self {
            Self::SlowDown | Self::InternalError | Self::Reset | Self::ExpiredToken | Self::ClockSkew => true,
            Self::ReadOnly | Self::LostAnswer => !is_get && request.method() != Method::HEAD,
            Self::ShortBody | Self::Drip | Self::WrongETag | Self::ChangedObject => {
                is_get && request.uri().path().ends_with(".json.gz")
            }
        }
    }
}

/// A way to misbehave, on some of the requests that fit it.
#[derive(Debug)]
pub(super) struct Spell {
    mischief: Mischief,
    requests: Range<u32>,
    fitted: u32,
}

impl Spell {
    pub(super) fn new(mischief: Mischief, requests: Range<u32>) -> Self {
        Self { mischief, requests, fitted: 0 }
    }

    fn strikes(&mut self, request: &Request<Incoming>) -> Option<Mischief> {
        if !self.mischief.fits(request) {
            return None;
        }
        let number = self.fitted;
        self.fitted += 1;
        self.requests.contains(&number).then_some(self.mischief)
    }
}

/// An empty gzip member: after a log file it changes its bytes and not its document.
const EMPTY_MEMBER: [u8; 20] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

impl Door {
    /// What is to become of a request, where it is not answered as usual.
    pub(super) fn struck(&self, request: &Request<Incoming>) -> Option<Mischief> {
        let mut spell = self.spell.lock().expect("no thread panics while it holds the spell");
        spell.as_mut().and_then(|spell| spell.strikes(request))
    }

    pub(super) async fn misbehave(&self, mischief: Mischief, request: Request<Incoming>) -> io::Result<HttpResponse> {
        let (status, code, message) = match mischief {
            Mischief::Reset => return Err(io::Error::other("this connection is to be dropped")),
            Mischief::LostAnswer => {
                self.as_usual(request).await?;
                return Err(io::Error::other("this answer is to be lost"));
            }
            Mischief::ChangedObject => {
                self.change(&request)?;
                return self.as_usual(request).await;
            }
            Mischief::WrongETag => {
                let mut answer = self.as_usual(request).await?;
                answer.headers_mut().insert(ETAG, HeaderValue::from_static("\"00000000000000000000000000000000\""));
                return Ok(answer);
            }
            Mischief::ShortBody => return halved(self.as_usual(request).await?).await,
            Mischief::Drip => return dripping(self.as_usual(request).await?).await,
            Mischief::SlowDown => (StatusCode::SERVICE_UNAVAILABLE, "SlowDown", "Please reduce your request rate."),
            Mischief::InternalError => {
                (StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "We encountered an internal error.")
            }
            Mischief::ExpiredToken => (StatusCode::BAD_REQUEST, "ExpiredToken", "The provided token has expired."),
            Mischief::ClockSkew => (
                StatusCode::FORBIDDEN,
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
            ),
            Mischief::ReadOnly => (StatusCode::FORBIDDEN, "AccessDenied", "Access Denied"),
        };
        // S3 repeats the token that has expired.
        let token = request.headers().get("x-amz-security-token").and_then(|token| token.to_str().ok());
        let token =
            token.filter(|_| mischief == Mischief::ExpiredToken).map(|token| format!("<Token-0>{token}</Token-0>"));
        // Read to its end, so that the client has sent everything and reads the answer.
        let _unused = request.into_body().collect().await.map_err(io::Error::other)?;
        Ok(refusal(status, code, message, &token.unwrap_or_default()))
    }

    async fn as_usual(&self, request: Request<Incoming>) -> io::Result<HttpResponse> {
        self.buckets.call(request.map(s3s::Body::from)).await.map_err(io::Error::other)
    }

    fn change(&self, request: &Request<Incoming>) -> io::Result<()> {
        let path = percent_decoded(request.uri().path());
        let path = self.folder.join(path.trim_start_matches('/'));
        let bytes = std::fs::read(&path)?;
        // Beside the buckets, so that no listing shows it; then at once, as S3 does.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let changing = self.folder.join(format!(".changing-{name}"));
        std::fs::write(&changing, [bytes.as_slice(), &EMPTY_MEMBER].concat())?;
        std::fs::rename(&changing, &path)
    }
}

/// The head announces the whole body; an error in the body closes the connection.
async fn halved(answer: HttpResponse) -> io::Result<HttpResponse> {
    let (head, body) = answer.into_parts();
    let whole = BodyExt::collect(body).await.map_err(io::Error::other)?.to_bytes();
    let half = whole.slice(..whole.len() / 2);
    let pieces = [Ok(Frame::data(half)), Err(io::Error::other("this body is to break off"))];
    // The pause has the half sent before the error is met.
    let breaking_off = stream::iter(pieces).then(|piece| async move {
        tokio::time::sleep(Duration::from_millis(2)).await;
        piece
    });
    Ok(HttpResponse::from_parts(head, s3s::Body::http_body_unsync(StreamBody::new(breaking_off))))
}

async fn dripping(answer: HttpResponse) -> io::Result<HttpResponse> {
    let (head, body) = answer.into_parts();
    let whole = BodyExt::collect(body).await.map_err(io::Error::other)?.to_bytes();
    let pieces: Vec<Bytes> = whole.chunks(1 + whole.len() / 16).map(Bytes::copy_from_slice).collect();
    let dripping = stream::iter(pieces).then(|piece| async move {
        tokio::time::sleep(Duration::from_millis(2)).await;
        Ok::<_, io::Error>(Frame::data(piece))
    });
    Ok(HttpResponse::from_parts(head, s3s::Body::http_body_unsync(StreamBody::new(dripping))))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::MultiGzDecoder;

    use super::super::{Faults, S3Server};
    use super::*;

    #[test]
    fn an_empty_member_changes_no_document() {
        let mut document = Vec::new();
        MultiGzDecoder::new(&EMPTY_MEMBER[..]).read_to_end(&mut document).expect("it is a member");
        assert!(document.is_empty());
    }

    #[tokio::test]
    async fn each_mischief_strikes_what_fits_it_and_no_more() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let server = S3Server::start(folder.path(), Faults::default());
        let file = server.bucket_folder("trail").join("a.json.gz");
        std::fs::write(&file, vec![7; 4096]).expect("a file can be written");
        let client = server.client();
        let get = || async {
            let got = client.get_object().bucket("trail").key("a.json.gz").send().await.map_err(|_| "no answer")?;
            let etag = got.e_tag().unwrap_or_default().to_owned();
            got.body.collect().await.map(|body| (body.into_bytes().len(), etag)).map_err(|_| "no body")
        };
        let (length, etag) = get().await.expect("it is there");
        assert_eq!(length, 4096);
        for (mischief, expected) in [
            (Mischief::ShortBody, Err("no body")),
            (Mischief::Drip, Ok((4096, true))),
            (Mischief::WrongETag, Ok((4096, false))),
            (Mischief::ExpiredToken, Err("no answer")),
            (Mischief::ClockSkew, Err("no answer")),
            (Mischief::ReadOnly, Ok((4096, true))),
            (Mischief::ChangedObject, Ok((4096 + EMPTY_MEMBER.len(), false))),
        ] {
            server.misbehave(mischief, 0..u32::MAX);
            let got = get().await.map(|(length, found)| (length, found == etag));
            assert_eq!(got, expected, "{mischief:?}");
        }
        server.misbehave(Mischief::SlowDown, 0..2);
        get().await.expect("the client asks again");
        server.behave();
        get().await.expect("it behaves");
    }
}
