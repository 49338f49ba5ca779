//! Why a log file is set aside.

use serde::de::IgnoredAny;

/// What is wrong with a log file. Each message reads after the object's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// Nothing in it.
    #[error("is empty; a log file holds at least {{\"Records\":[]}}")]
    Empty,
    /// The name says gzip, the bytes do not.
    #[error(
        "is not gzip: it starts with {start:?}; fetch it again without decoding, or name it .json if it was decompressed"
    )]
    NotGzip {
        /// The first bytes, as text.
        start: String,
    },
    /// gzip data ends early, or its check sum does not fit.
    #[error("cannot be decompressed after {json_bytes} bytes: {cause}; fetch it again")]
    BadGzip {
        /// How far it went.
        json_bytes: u64,
        /// The decoder's words.
        cause: String,
    },
    /// Larger as stored than any log file.
    #[error(
        "has {bytes} bytes, more than {limit}; CloudTrail's log files have at most 50 MB; compress it, or split it"
    )]
    ObjectTooLarge {
        /// Its size.
        bytes: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// A bomb, or no log file.
    #[error("decompresses to more than {limit} bytes; CloudTrail's largest log files stay far below")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// A record that no memory bound can hold.
    #[error("record {index} is longer than {limit} bytes; CloudTrail's limit for an event is 256 KB")]
    RecordTooLong {
        /// The record's place in the file.
        index: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The document stops before it is closed.
    #[error("ends in the middle of the document, after {whole_records} whole records; fetch it again")]
    Truncated {
        /// Records that stand whole before the cut; none is kept.
        whole_records: usize,
    },
    /// No JSON.
    #[error("is not JSON at byte {at}: expected {expected}, found {found:?}")]
    NotJson {
        /// Where, from the start of the document or of the last window read.
        at: usize,
        /// What JSON needs there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// JSON, but one document a line.
    #[error(
        "holds one JSON document a line; a CloudTrail log file is one {{\"Records\":[...]}}: wrap them (jq -s '{{Records: .}}')"
    )]
    JsonLines,
    /// JSON, but something else.
    #[error("is JSON but no CloudTrail log file: expected {{\"Records\":[...]}}, found {found:?}")]
    NotCloudTrail {
        /// How it starts.
        found: String,
    },
}

impl Damage {
    /// One word for the kind of damage, for tables and counts.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotGzip { .. } => "not_gzip",
            Self::BadGzip { .. } => "bad_gzip",
            Self::ObjectTooLarge { .. } | Self::TooLarge { .. } => "too_large",
            Self::RecordTooLong { .. } => "record_too_long",
            Self::Truncated { .. } => "truncated",
            Self::NotJson { .. } => "not_json",
            Self::JsonLines => "json_lines",
            Self::NotCloudTrail { .. } => "not_cloudtrail",
        }
    }

    /// Names what a document is that does not open as a log file does.
    pub(super) fn of_document(document: &[u8]) -> Self {
        let text = document.trim_ascii();
        if text.is_empty() {
            return Self::Empty;
        }
        let mut values = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
        match (values.next(), values.next()) {
            (Some(Ok(_)), None) => Self::NotCloudTrail { found: start_of(text) },
            (Some(Ok(_)), Some(_)) => Self::JsonLines,
            _ if text.starts_with(b"{\"Records\"") => Self::Truncated { whole_records: 0 },
            _ => Self::not_json(document, 0, "{\"Records\":[...]}"),
        }
    }

    /// Names what stands behind a complete document.
    pub(super) fn trailing(document: &[u8], at: usize) -> Self {
        match document[at] {
            b'{' => Self::JsonLines,
            _ => Self::not_json(document, at, "nothing more"),
        }
    }

    pub(super) fn not_json(document: &[u8], at: usize, expected: &'static str) -> Self {
        Self::NotJson { at, expected, found: start_of(&document[at.min(document.len())..]) }
    }

    pub(super) fn not_gzip(object: &[u8]) -> Self {
        Self::NotGzip { start: start_of(object) }
    }
}

/// Enough to tell `<html>` and `<?xml` from JSON, too little to tell what a record says.
const SHOWN: usize = 6;

/// The first characters of some bytes, fit for a message.
fn start_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN)]).into_owned()
}
