//! Why a call gave no answer, and what to do about it.

use config_rule::facts::Unread;

/// Why a call gave no answer, by the code that the API answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// There are no credentials to sign it with.
    NoCredentials,
    /// The credentials are not, or no longer, any that AWS knows.
    CredentialsRefused,
    /// The caller may not.
    Denied,
    /// Too many requests.
    Throttled,
    /// The bucket is in another Region.
    OtherRegion,
    /// There is no such thing.
    NotThere,
    /// Nobody answered.
    NoAnswer,
    /// Something else.
    Other,
}

const REFUSED: [&str; 13] = [
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
    "UnrecognizedClientException",
];
const DENIED: [&str; 4] = ["AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"];
const THROTTLED: [&str; 7] = [
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
];
const OTHER_REGION: [&str; 4] =
    ["AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect", "TemporaryRedirect"];
const NOT_THERE: [&str; 4] = ["NoSuchBucket", "NoSuchEntity", "NoSuchKey", "TrailNotFoundException"];

/// The code before a message; a cause in words has none.
fn code(cause: &str) -> Option<&str> {
    let code = cause.split(": ").next().unwrap_or_default();
    let is_code = code.starts_with(|first: char| first.is_ascii_uppercase())
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte));
    is_code.then_some(code)
}

/// Why there is no answer.
pub fn why(unread: &Unread) -> Why {
    match code(&unread.cause) {
        Some(code) if REFUSED.contains(&code) => Why::CredentialsRefused,
        Some(code) if DENIED.contains(&code) => Why::Denied,
        Some(code) if THROTTLED.contains(&code) => Why::Throttled,
        Some(code) if OTHER_REGION.contains(&code) => Why::OtherRegion,
        Some(code) if NOT_THERE.contains(&code) => Why::NotThere,
        Some(_) => Why::Other,
        None if unread.cause.to_lowercase().contains("credential") => Why::NoCredentials,
        None => Why::NoAnswer,
    }
}

/// The IAM action that a refusal is about: that of the call, or of KMS behind it.
pub fn action(unread: &Unread) -> &str {
    if unread.cause.contains("kms:Decrypt") { "kms:Decrypt" } else { &unread.action }
}

/// What was not told, in one sentence.
pub fn tell(unread: &Unread) -> String {
    let Unread { action: call, resource, cause } = unread;
    match why(unread) {
        Why::NoCredentials => format!("there are no credentials: {cause}"),
        Why::CredentialsRefused => format!("the credentials are refused: {cause}"),
        Why::Denied => format!("{} on {resource} is denied", action(unread)),
        Why::Throttled => format!("{call} on {resource} was throttled to the last try: {cause}"),
        Why::OtherRegion => format!("{resource} is in another Region: {cause}"),
        Why::NotThere | Why::Other => format!("{call} on {resource}: {cause}"),
        Why::NoAnswer => format!("{call} on {resource} had no answer: {cause}"),
    }
}

/// What to do about it.
pub fn remedy(unread: &Unread) -> String {
    match why(unread) {
        Why::NoCredentials => {
            "set AWS_PROFILE, or give --profile; aws configure or aws sso login makes credentials; then run doctor again"
                .to_owned()
        }
        Why::CredentialsRefused => {
            "renew the credentials (aws sso login), and look at this machine's clock; a Region that accounts opt into \
             must be enabled; then aws sts get-caller-identity"
                .to_owned()
        }
        Why::Denied => format!("allow {}, then run doctor again", action(unread)),
        Why::Throttled => "run doctor again in some minutes".to_owned(),
        Why::OtherRegion => {
            let bucket = unread.resource.trim_start_matches("s3://").split('/').next().unwrap_or_default();
            format!("aws s3api get-bucket-location --bucket {bucket}; then give that --region")
        }
        Why::NotThere => "look at its name, and whether these credentials are of the right account".to_owned(),
        Why::NoAnswer => {
            "look at the network, the proxy, --endpoint-url, and whether the service is in this Region".to_owned()
        }
        Why::Other => "run doctor again; if it stays, look the code up in the API's reference".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unread(cause: &str) -> Unread {
        Unread { action: "s3:ListBucket".to_owned(), resource: "s3://trail/p/".to_owned(), cause: cause.to_owned() }
    }

    #[test]
    fn a_cause_is_told_apart_by_its_code() {
        for (cause, expected) in [
            ("AccessDeniedException: User x is not authorized", Why::Denied),
            ("UnauthorizedOperation: no", Why::Denied),
            ("AccessDenied", Why::Denied),
            ("ThrottlingException: Rate exceeded", Why::Throttled),
            ("SlowDown: Rate exceeded", Why::Throttled),
            ("PermanentRedirect: elsewhere", Why::OtherRegion),
            ("NoSuchBucket: The specified bucket does not exist", Why::NotThere),
            ("InvalidClientTokenId: The security token is invalid", Why::CredentialsRefused),
            ("dispatch failure: other: no providers in chain provided credentials", Why::NoCredentials),
            ("dispatch failure: io error: Connection refused", Why::NoAnswer),
            ("no answer before the deadline of this run", Why::NoAnswer),
            ("InternalFailure: an internal error", Why::Other),
        ] {
            assert_eq!(why(&unread(cause)), expected, "{cause}");
        }
    }

    #[test]
    fn a_refusal_of_the_key_names_the_action_on_the_key() {
        let cause = "AccessDenied: User: x is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:y";
        assert_eq!(action(&unread(cause)), "kms:Decrypt");
        assert_eq!(remedy(&unread(cause)), "allow kms:Decrypt, then run doctor again");
        assert!(remedy(&unread("PermanentRedirect: x")).contains("--bucket trail;"));
    }
}
