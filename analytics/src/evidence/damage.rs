//! Why an evidence object is set aside.

use super::EVIDENCE_VERSION;

/// What is wrong with an evidence object. Each message reads after the object's name; nothing of the object is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetAside {
    /// It could not be had this time.
    #[error("could not be read: {cause}; the next run tries it again")]
    Unreadable {
        /// In the words of the store.
        cause: String,
    },
    /// Nothing in it.
    #[error("is empty; an evidence object holds at least one line: fetch it again")]
    Empty,
    /// The name says gzip, the bytes do not.
    #[error(
        "is not gzip: it starts with {start:?}; fetch it again without decoding, or name it .jsonl if it was decompressed"
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
    /// Larger as stored than any evidence object.
    #[error("has {bytes} bytes, more than {limit}; the rule writes far smaller ones: see what wrote it")]
    ObjectTooLarge {
        /// Its size.
        bytes: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// A bomb, or no evidence.
    #[error("decompresses to more than {limit} bytes; the rule writes far smaller ones: see what wrote it")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// A line that no memory bound can hold.
    #[error("line {line} is longer than {limit} bytes; the rule writes far shorter ones: see what wrote it")]
    LineTooLong {
        /// From 1.
        line: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// A later form, which may mean something else by the same words.
    #[error(
        "line {line} says that its form is version {found}, and this program reads versions up to {EVIDENCE_VERSION}; read it with a newer bedrock-audit"
    )]
    NewerVersion {
        /// From 1.
        line: u64,
        /// Its version.
        found: u64,
    },
    /// A line of another form.
    #[error("line {line} is no {expected}: {cause}; fetch the object again, or see what wrote it")]
    BadLine {
        /// From 1.
        line: u64,
        /// What it should have been.
        expected: &'static str,
        /// What is wrong with it.
        cause: String,
    },
    /// A line that only a later rule writes, or nobody.
    #[error(
        "line {line} is a record of the sort {found:?}, which this program does not know; read it with a newer bedrock-audit, or see what wrote it"
    )]
    UnknownRecord {
        /// From 1.
        line: u64,
        /// Its sort.
        found: String,
    },
    /// A line that may stand elsewhere, but not here.
    #[error("line {line} is {found}, where {expected} should be; fetch the object again, or see what wrote it")]
    Misplaced {
        /// From 1.
        line: u64,
        /// What it is.
        found: String,
        /// What should be there.
        expected: &'static str,
    },
    /// The key names another place than the lines.
    #[error(
        "line {line} is about {what} {in_line:?}, and the object's key about {in_key:?}; it was moved or forged: read it under its own key"
    )]
    OtherPlace {
        /// From 1.
        line: u64,
        /// `account` or `Region`.
        what: &'static str,
        /// As the line says.
        in_line: String,
        /// As the key says.
        in_key: String,
    },
    /// A job that the run cannot have seen.
    #[error("line {line} is about {arn:?}, which is no job of account {account_id} in {aws_region}; see what wrote it")]
    OtherJob {
        /// From 1.
        line: u64,
        /// The job.
        arn: String,
        /// The account of the run.
        account_id: String,
        /// The Region of the run.
        aws_region: String,
    },
}

impl SetAside {
    /// One word for the reason, for tables and counts.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "unreadable",
            Self::Empty => "empty",
            Self::NotGzip { .. } => "not_gzip",
            Self::BadGzip { .. } => "bad_gzip",
            Self::ObjectTooLarge { .. } | Self::TooLarge { .. } => "too_large",
            Self::LineTooLong { .. } => "line_too_long",
            Self::NewerVersion { .. } => "newer_version",
            Self::UnknownRecord { .. } => "unknown_record",
            Self::BadLine { .. } => "bad_line",
            Self::Misplaced { .. } => "misplaced_line",
            Self::OtherPlace { .. } | Self::OtherJob { .. } => "other_place",
        }
    }

    /// Whether the same bytes will be set aside by every later run of this program and of newer ones.
    pub const fn is_final(&self) -> bool {
        !matches!(self, Self::Unreadable { .. } | Self::NewerVersion { .. } | Self::UnknownRecord { .. })
    }
}

/// The first characters of some bytes, fit for a message.
pub(super) fn start_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(24)]).into_owned()
}

/// Characters of a text that a message repeats; a line may be one text of many megabytes.
const MESSAGE_CHARS: usize = 300;

/// A text, cut to what fits a message.
pub(super) fn short(text: &str) -> String {
    match text.char_indices().nth(MESSAGE_CHARS) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
