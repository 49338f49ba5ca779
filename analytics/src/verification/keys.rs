//! Where the keys come from that digest files are checked with.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use crate::error::chain;
use crate::store::{Listed, Stores};
use crate::verify::PublicKeys;

/// The keys of a run.
pub enum Keys<'a> {
    /// From files that the user has.
    Given(PublicKeys),
    /// From CloudTrail itself, for the Regions and times that the listed digest files need.
    OfCloudTrail(&'a Stores),
}

impl Keys<'_> {
    /// The keys for some digest files; and why those of a Region could not be had.
    ///
    /// A backfilled digest is signed with the key of the time at which it was made, so keys are asked for up to now.
    pub async fn of(&self, digests: &[Listed], now: DateTime<Utc>) -> (PublicKeys, Vec<String>) {
        let stores = match self {
            Self::Given(keys) => return (keys.clone(), Vec::new()),
            Self::OfCloudTrail(stores) => stores,
        };
        let (mut keys, mut failures) = (PublicKeys::default(), Vec::new());
        for (region, from) in first_days(digests) {
            match stores.list_public_keys(&region, from, now).await {
                Ok(found) => keys.extend(found),
                Err(cause) => failures.push(format!(
                    "list the public keys of {region} (cloudtrail:ListPublicKeys): {}; digest files of that Region cannot \
                     be verified: allow the action, or give --public-keys FILE",
                    chain(cause.as_ref())
                )),
            }
        }
        (keys, failures)
    }
}

/// The day before the first digest of each Region: a digest that ends just after midnight was begun the day before.
fn first_days(digests: &[Listed]) -> BTreeMap<String, DateTime<Utc>> {
    let mut first = BTreeMap::new();
    for digest in digests {
        let (Some(region), Some(day)) = (&digest.object.region, digest.object.day) else { continue };
        let from = day.and_time(NaiveTime::MIN).and_utc() - TimeDelta::days(1);
        let known = first.entry(region.as_str().to_owned()).or_insert(from);
        *known = from.min(*known);
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::object_key::ObjectKey;

    #[test]
    fn each_region_is_asked_from_the_day_before_its_first_digest() {
        let digest = |region: &str, day: &str| {
            let name = format!("111122223333_CloudTrail-Digest_{region}_main_us-east-1_20260302T000012Z.json.gz");
            let key = format!("AWSLogs/111122223333/CloudTrail-Digest/{region}/{day}/{name}");
            Listed { log_file: key.clone(), etag: String::new(), bytes: 0, object: ObjectKey::parse(&key), key }
        };
        let digests = [
            digest("eu-west-1", "2026/03/02"),
            digest("eu-west-1", "2026/03/01"),
            digest("us-east-1", "2026/02/28"),
            // The first day that chrono knows: it has no day before it.
            digest("us-east-1", "-262143/01/01"),
        ];
        let found = first_days(&digests);
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("a time");
        assert_eq!(found.len(), 2);
        assert_eq!(found["eu-west-1"], at("2026-02-28T00:00:00Z"));
        assert_eq!(found["us-east-1"], at("2026-02-27T00:00:00Z"));
    }
}
