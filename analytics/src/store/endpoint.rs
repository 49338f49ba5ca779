//! Whether an endpoint may be spoken to.
//!
//! A request is signed, so nobody on the way learns the secret access key. What it asks, what is answered and a session
//! token are in the clear where the endpoint is one of `http://`.

use url::{Host, Url};

use super::S3Options;
use crate::error::{Error, Result};

/// The variables that name endpoints: of every service, and of each that is spoken to.
const VARIABLES: [&str; 10] = [
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_BEDROCK",
    "AWS_ENDPOINT_URL_CLOUDTRAIL",
    "AWS_ENDPOINT_URL_CONFIG_SERVICE",
    "AWS_ENDPOINT_URL_EC2",
    "AWS_ENDPOINT_URL_IAM",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_SSO",
    "AWS_ENDPOINT_URL_SSO_OIDC",
    "AWS_ENDPOINT_URL_STS",
];

impl S3Options {
    /// Refuses what option and environment name, where it must not be spoken to.
    pub fn check_endpoints(&self) -> Result<()> {
        if let Some(url) = &self.endpoint_url {
            return self.check_endpoint("--endpoint-url", url);
        }
        for name in VARIABLES {
            if let Some(url) = std::env::var_os(name).filter(|url| !url.is_empty()) {
                self.check_endpoint(name, &url.to_string_lossy())?;
            }
        }
        Ok(())
    }

    /// Refuses an endpoint that must not be spoken to; `named_by` is who named it.
    pub fn check_endpoint(&self, named_by: &str, url: &str) -> Result<()> {
        objection(url, self.allow_http_endpoint)
            .map_or(Ok(()), |objection| Err(Error::Misused(format!("{named_by}: {objection}"))))
    }
}

/// What speaks against an endpoint. The words have its host and nothing that may be a secret.
fn objection(url: &str, allows_http: bool) -> Option<String> {
    let expected = "expected an endpoint such as https://host:port";
    let Ok(parsed) = Url::parse(url) else { return Some(format!("not a URL; {expected}")) };
    let Some(host) = parsed.host() else { return Some(format!("a URL without a host; {expected}")) };
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Some(format!("a user or password before {host}, which error messages would show; {expected}"));
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Some(format!("a query or fragment after {host}, which no endpoint has; {expected}"));
    }
    match parsed.scheme() {
        "https" => None,
        "http" if allows_http || is_this_machine(&host) => None,
        "http" => Some(format!(
            "http://{host} is not this machine, and requests to it would be in the clear, session tokens among them; \
             give an endpoint of https://, or --allow-http-endpoint"
        )),
        other => Some(format!("a URL of {other}://; {expected}")),
    }
}

/// Whether a host is loopback: nobody on a network can listen.
pub fn is_this_machine<S: AsRef<str>>(host: &Host<S>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.as_ref().trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(urls: &[&str], allows_http: bool, expected: Option<&str>) {
        for url in urls {
            match (objection(url, allows_http), expected) {
                (None, None) => {}
                (Some(found), Some(expected)) => assert!(found.contains(expected), "{url}: {found}"),
                (found, _) => panic!("{url}: {found:?} instead of {expected:?}"),
            }
        }
    }

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear_unless_asked() {
        let here = [
            "http://127.0.0.1:9000",
            "http://127.9.9.9",
            "http://[::1]:80/",
            "http://LocalHost.:1",
            "http://a.localhost",
        ];
        let elsewhere = [
            "http://minio.example:9000",
            "http://169.254.169.254",
            "http://127.0.0.1.example",
            "http://localhost.example",
            "http://0.0.0.0",
            "http://[::ffff:10.0.0.1]",
        ];
        check(&here, false, None);
        check(&elsewhere, false, Some("--allow-http-endpoint"));
        check(&elsewhere, true, None);
        check(&["https://minio.example", "HTTPS://10.0.0.1:9000/path"], false, None);
    }

    #[test]
    fn what_is_no_endpoint_is_refused_and_never_repeated() {
        check(&["https://user:hunter2@host", "http://hunter2@127.0.0.1"], true, Some("a user or password before"));
        check(&["https://host/?X-Amz-Signature=hunter2", "https://host/#hunter2"], true, Some("a query or fragment"));
        check(&["hunter2", "", "https://", "host:9000"], true, Some("https://host:port"));
        check(&["ftp://host"], true, Some("a URL of ftp://"));
        for url in ["https://user:hunter2@host", "https://host/?hunter2", "https://host/#hunter2", "hunter2"] {
            assert!(!objection(url, false).expect("it is refused").contains("hunter2"), "{url}");
        }
    }
}
