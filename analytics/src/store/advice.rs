//! What to do about a store's own error, where its words tell.

use std::io::ErrorKind;

use crate::error::{Cause, chain};

/// The error with what to do about it, where that is known.
pub fn advised(cause: Cause) -> Cause {
    let words = chain(&*cause);
    let by_kind = io_kind(&*cause).and_then(by_kind);
    match by_kind.or_else(|| by_words(&words)).or_else(|| unanswered(&words)) {
        Some(advice) => format!("{} ({advice})", without_document(&words)).into(),
        None => cause,
    }
}

/// The words without the document that S3 answered, but for its code and message. Beside these it may repeat the session token
/// (`Token-0` of `ExpiredToken`, the canonical request of `SignatureDoesNotMatch`).
pub fn without_document(words: &str) -> String {
    let Some(at) = ["<?xml", "<Error>"].iter().filter_map(|start| words.find(start)).min() else {
        return words.to_owned();
    };
    let (before, document) = words.split_at(at);
    let said: Vec<&str> = ["Code", "Message"].iter().filter_map(|name| element(document, name)).collect();
    format!("{before}{}", said.join(": "))
}

fn element<'a>(document: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = document.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
}

/// The kind of the innermost error of the file system.
fn io_kind(error: &(dyn std::error::Error + 'static)) -> Option<ErrorKind> {
    let below = error.source().and_then(io_kind);
    below.or_else(|| error.downcast_ref::<std::io::Error>().map(std::io::Error::kind))
}

fn by_kind(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            Some("make room and run again; what was committed stays, and nothing else counts")
        }
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
            Some("the user who runs this must be able to read and write the lake's folder")
        }
        _ => None,
    }
}

/// S3's own codes, which stand in its answers.
fn by_words(words: &str) -> Option<&'static str> {
    let advice = [
        ("RequestTimeTooSkewed", CLOCK),
        ("ExpiredToken", EXPIRED),
        ("AccessDenied", "the caller needs s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket on the lake"),
        ("SlowDown", "S3 asks to slow down; run again, with fewer --workers if it persists"),
        ("NoSuchBucket", "check the bucket's name"),
    ];
    advice.into_iter().find(|(code, _)| words.contains(&format!("<Code>{code}</Code>"))).map(|(_, advice)| advice)
}

/// What to do where a request was not answered, or not to the end, as the SDK and `object_store` word it. Without credentials
/// nothing was asked.
pub fn unanswered(words: &str) -> Option<&'static str> {
    const SIGNS: [&str; 6] = [
        "HTTP error: ",
        "client error (",
        "error reading a body from connection",
        "request has timed out",
        "HTTP read timeout",
        "HTTP connect timeout",
    ];
    let is_unanswered = SIGNS.iter().any(|sign| words.contains(sign)) && !words.contains("credential");
    is_unanswered.then_some(NO_ANSWER)
}

const NO_ANSWER: &str =
    "no whole answer came: check network and endpoint, then run again, what was committed is not read again";

/// What to do where S3 finds the request's time too far from its own.
pub const CLOCK: &str = "the clock of this machine is wrong: set it, then run again";

/// What to do where the credentials ended midway.
pub const EXPIRED: &str =
    "the credentials have expired: get new ones and run again, what was committed is not read again";

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cause: impl Into<Cause>, expected: &str) {
        let words = advised(cause.into()).to_string();
        assert!(words.contains(expected), "{words}");
    }

    #[test]
    fn what_s3_repeats_of_a_request_is_left_out() {
        let document = "<?xml version=\"1.0\"?>\n<Error><Code>ExpiredToken</Code><Message>It has expired.</Message>\
                        <Token-0>hunter2</Token-0></Error>";
        let words = format!("failed with 400: {document}");
        assert_eq!(without_document(&words), "failed with 400: ExpiredToken: It has expired.");
        assert_eq!(without_document("a < b"), "a < b");
        assert_eq!(without_document("403: <Error>hunter2"), "403: ");
        assert!(!advised(words.into()).to_string().contains("hunter2"));
    }

    #[test]
    fn a_request_without_a_whole_answer_is_to_be_asked_again() {
        for words in [
            "dispatch failure: io error: client error (Connect): tcp connect error: Connection refused (os error 111)",
            "dispatch failure: other: client error (SendRequest): connection closed before message completed",
            "response error: error reading a body from connection: end of file before message length reached",
            "dispatch failure: timeout: HTTP read timeout occurred after 30s",
            "request has timed out: operation attempt timeout (single attempt) occurred after 60s",
            "Error getting list response body: HTTP error: request or response body error",
        ] {
            assert_eq!(unanswered(words), Some(NO_ANSWER), "{words}");
        }
        for words in [
            "dispatch failure: other: the credential provider was not enabled",
            "dispatch failure: other: an error occurred while loading credentials: client error (Connect)",
            "NoSuchBucket: The specified bucket does not exist",
            "Unable to open file /timeout/events: Permission denied",
        ] {
            assert_eq!(unanswered(words), None, "{words}");
        }
    }

    #[test]
    fn an_error_says_what_to_do() {
        check(std::io::Error::from(ErrorKind::StorageFull), "make room and run again");
        check(std::io::Error::from(ErrorKind::ReadOnlyFilesystem), "must be able to read and write");
        check("403: <Error><Code>RequestTimeTooSkewed</Code></Error>", "the clock of this machine");
        check("400: <Error><Code>ExpiredToken</Code></Error>", "get new ones and run again");
        check("403: <Error><Code>AccessDenied</Code></Error>", "s3:PutObject");
        check("Error performing GET http://b/k in 9s - HTTP error: error sending request", "then run again");
        assert_eq!(advised("AccessDenied, says somebody".into()).to_string(), "AccessDenied, says somebody");
    }
}
