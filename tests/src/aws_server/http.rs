//! A request taken apart and an answer put together, whatever they mean.

use std::io;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{HeaderMap, Method, Request, Response};
use serde_json::Value;
use url::form_urlencoded;

use crate::loopback::percent_decoded;

/// A request, read to its end.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    /// What stands between the slashes, each part percent-decoded by itself: an ARN in a path is one part.
    pub(super) path: Vec<String>,
    /// What follows `?`, decoded, in its order.
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// What a request is signed for (IAM User Guide "Create a signed AWS API request", credential scope).
#[derive(Debug, Clone)]
pub(super) struct Scope {
    pub(super) access_key_id: String,
    pub(super) region: String,
    /// The signing name: `bedrock`, `config`, `ec2`, ...
    pub(super) service: String,
}

impl Call {
    /// Reads the body too, so that the client has sent everything and reads the answer.
    pub(super) async fn read(request: Request<Incoming>) -> io::Result<Self> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let path = head.uri.path();
        let path = path.strip_prefix('/').unwrap_or(path);
        let query = head.uri.query().unwrap_or_default();
        Ok(Self {
            method: head.method,
            path: if path.is_empty() { Vec::new() } else { path.split('/').map(percent_decoded).collect() },
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            headers: head.headers,
            body,
        })
    }

    /// A header's value where it is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The first query parameter of that name; `?policy` is an empty one.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The path's parts, to match on.
    pub(super) fn parts(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    /// The body as JSON; an empty one is an empty object, which is what an operation without members may send.
    pub(super) fn json(&self) -> Result<Value, Refusal> {
        if self.body.is_empty() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        serde_json::from_slice(&self.body)
            .map_err(|error| Refusal::new(400, "SerializationException", error.to_string()))
    }

    /// The scope of the `Authorization` header. The signature itself is not checked.
    pub(super) fn scope(&self) -> Option<Scope> {
        let signed = self.header("authorization")?.strip_prefix("AWS4-HMAC-SHA256 ")?;
        let credential = signed.split(',').find_map(|part| part.trim().strip_prefix("Credential="))?;
        let parts: Vec<&str> = credential.split('/').collect();
        let [access_key_id, _date, region, service, "aws4_request"] = parts[..] else { return None };
        Some(Scope { access_key_id: access_key_id.to_owned(), region: region.to_owned(), service: service.to_owned() })
    }
}

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Reply {
    /// An answer without a body.
    pub(super) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }

    /// An answer of a JSON protocol.
    pub(super) fn json(status: u16, content_type: &str, value: &Value) -> Self {
        Self::empty(status).header("content-type", content_type).body(value.to_string())
    }

    /// An answer of an XML protocol; `document` is its root element.
    pub(super) fn xml(status: u16, document: &str) -> Self {
        let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{document}");
        Self::empty(status).header("content-type", "text/xml;charset=UTF-8").body(text)
    }

    /// The same with one more header.
    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with that body.
    pub(super) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub(super) fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::builder().status(self.status).header("x-amzn-requestid", REQUEST_ID);
        for (name, value) in &self.headers {
            response = response.header(name.as_str(), value.as_str());
        }
        response.body(Full::new(self.body)).expect("every status and header here is a valid one")
    }
}

/// The id of every answer: nothing here tells them apart.
pub(super) const REQUEST_ID: &str = "00000000-0000-4000-8000-000000000000";

/// An error that a service answers with; `Service::refuse` gives it the service's form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into() }
    }

    /// A JSON service's answer to a member outside its limits.
    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationException", message)
    }
}
