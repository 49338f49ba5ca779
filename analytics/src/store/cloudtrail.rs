//! The public keys that CloudTrail signs digest files with.

use aws_config::{Region, SdkConfig};
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::primitives::DateTime as SmithyTime;
use aws_sdk_cloudtrail::types::PublicKey as ListedKey;
use chrono::{DateTime, Utc};

use crate::error::Cause;
use crate::verify::PublicKey;

/// Every key that a Region's digest files may be signed with from a time on. Each Region has keys of its own.
///
/// Source: CloudTrail API Reference, "ListPublicKeys".
pub async fn list_public_keys(
    config: &SdkConfig,
    endpoint_url: Option<&str>,
    region: &str,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<PublicKey>, Cause> {
    let mut conf = aws_sdk_cloudtrail::config::Builder::from(config).region(Region::new(region.to_owned()));
    if let Some(url) = endpoint_url {
        conf = conf.endpoint_url(url);
    }
    let client = Client::from_conf(conf.build());
    let seconds = |at: DateTime<Utc>| SmithyTime::from_secs(at.timestamp());
    let request = client.list_public_keys().start_time(seconds(from)).end_time(seconds(until));
    let mut keys = Vec::new();
    let mut next = None;
    loop {
        let page = request.clone().set_next_token(next).send().await?;
        for listed in page.public_key_list() {
            keys.extend(key_of(listed)?);
        }
        next = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if next.is_none() {
            return Ok(keys);
        }
    }
}

/// A key without a value or a name is none.
fn key_of(listed: &ListedKey) -> Result<Option<PublicKey>, Cause> {
    let (Some(value), Some(fingerprint)) = (listed.value(), listed.fingerprint()) else { return Ok(None) };
    let time = |time: Option<&SmithyTime>| time.and_then(|at| DateTime::from_timestamp(at.secs(), at.subsec_nanos()));
    let key = PublicKey::from_der(fingerprint, value.as_ref())?;
    Ok(Some(key.valid(time(listed.validity_start_time()), time(listed.validity_end_time()))))
}
