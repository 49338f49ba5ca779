//! Which chain a digest file belongs to, by its key.
//!
//! ```text
//! .../ACCOUNT_CloudTrail-Digest_REGION_TRAIL_HOME-REGION_YYYYMMDDTHHMMSSZ[_backfill].json.gz
//! ```
//!
//! A trail's name may hold underscores and full stops, so the name is read from both ends.

use chrono::{DateTime, NaiveDateTime, Utc};
use schemas::ids::{AccountId, Region};

/// A chain of digests: those of one trail, in one account and Region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainKey {
    /// The account whose log files the digests list.
    pub account_id: AccountId,
    /// The Region whose log files they list; its keys sign them.
    pub aws_region: Region,
    /// The trail's name.
    pub trail_name: String,
    /// The Region in which the trail was made.
    pub home_region: Region,
    /// Whether CloudTrail made them later, to fill a hole; such digests are a chain of their own.
    pub is_backfill: bool,
}

/// What a digest file's key says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DigestKey {
    /// Its chain.
    pub chain: ChainKey,
    /// The end of the hour that it covers.
    pub ended_at: DateTime<Utc>,
}

impl DigestKey {
    /// Reads the file's name, whatever folder it is in; `None` where it is no digest's name.
    pub fn parse(key: &str) -> Option<Self> {
        let name = key.rsplit('/').next()?;
        let name = name.strip_suffix(".json.gz").or_else(|| name.strip_suffix(".json"))?;
        let (name, is_backfill) = name.strip_suffix("_backfill").map_or((name, false), |name| (name, true));
        let mut front = name.splitn(4, '_');
        let account_id = AccountId::parse(front.next()?).ok()?;
        front.next().filter(|kind| *kind == "CloudTrail-Digest")?;
        let aws_region = Region::parse(front.next()?).ok()?;
        let mut back = front.next()?.rsplitn(3, '_');
        let ended_at = NaiveDateTime::parse_from_str(back.next()?, "%Y%m%dT%H%M%SZ").ok()?.and_utc();
        let home_region = Region::parse(back.next()?).ok()?;
        let trail_name = back.next().filter(|name| !name.is_empty())?.to_owned();
        Some(Self { chain: ChainKey { account_id, aws_region, trail_name, home_region, is_backfill }, ended_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(trail: &str, ending: &str, is_backfill: bool) {
        let name = format!("111122223333_CloudTrail-Digest_us-gov-west-1_{trail}_eu-west-1_20260203T040506Z{ending}");
        for folder in ["", "a/AWSLogs/o-exampleorg1/111122223333/CloudTrail-Digest/us-gov-west-1/2026/02/03/"] {
            let parsed = DigestKey::parse(&format!("{folder}{name}")).expect(&name);
            assert_eq!(parsed.chain.trail_name, trail);
            assert_eq!(parsed.chain.account_id.as_str(), "111122223333");
            assert_eq!(parsed.chain.aws_region.as_str(), "us-gov-west-1");
            assert_eq!(parsed.chain.home_region.as_str(), "eu-west-1");
            assert_eq!(parsed.chain.is_backfill, is_backfill);
            assert_eq!(parsed.ended_at.to_rfc3339(), "2026-02-03T04:05:06+00:00");
        }
    }

    #[test]
    fn a_trails_name_may_hold_what_the_grammar_holds() {
        for trail in ["main", "a_b.c-d", "__", "x_backfill", "CloudTrail-Digest_eu-west-1", "t_20260101T000000Z"] {
            check(trail, ".json.gz", false);
            check(trail, "_backfill.json.gz", true);
            check(trail, ".json", false);
        }
    }

    #[test]
    fn other_names_are_no_digests() {
        for name in [
            "",
            "111122223333_CloudTrail_eu-west-1_20260304T2350Z_abcdefghijklmnop.json.gz",
            "111122223333_CloudTrail-Digest_eu-west-1__eu-west-1_20260203T040506Z.json.gz",
            "111122223333_CloudTrail-Digest_eu-west-1_eu-west-1_20260203T040506Z.json.gz",
            "111122223333_CloudTrail-Digest_eu-west-1_main_eu-west-1_20260230T040506Z.json.gz",
            "111122223333_CloudTrail-Digest_eu-west-1_main_eu-west-1_20260203T040506Z.json.gz.tmp",
            "1111_CloudTrail-Digest_eu-west-1_main_eu-west-1_20260203T040506Z.json.gz",
            "111122223333_CloudTrail-Digest_eu-west-1_main_eu-west-1_20260203T040506Z.json.gz/",
        ] {
            assert_eq!(DigestKey::parse(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_key_or_none(key in "[0-9A-Za-z_./-]{0,80}|.{0,40}") {
            let _ = DigestKey::parse(&key);
        }
    }
}
