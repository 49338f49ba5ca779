//! What an object's key says: kind, account, Region and day of delivery.
//!
//! Source: CloudTrail user guide, "Finding your CloudTrail log files" and "CloudTrail log file name format".
//!
//! ```text
//! [prefix/]AWSLogs/[o-.../]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHmmZ_UNIQUE.json.gz
//! ```

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use schemas::ids::{AccountId, Region};

use crate::evidence::EvidenceKey;

/// What an object is, by its key alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// A log file: `{"Records":[...]}`.
    LogFile,
    /// A digest file, which lists log files and their hashes.
    Digest,
    /// CloudTrail Insights events.
    Insight,
    /// Network activity events, delivered beside the logs.
    NetworkActivity,
    /// Aggregated events.
    Aggregated,
    /// An object that the rule of AWS Config wrote.
    Evidence,
    /// Anything else: another service's log, a file that is neither `.json.gz` nor `.json`.
    Other,
}

impl ObjectKind {
    /// The kind in words, for counts of what was passed over.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LogFile => "log files",
            Self::Digest => "digest files",
            Self::Insight => "Insights files",
            Self::NetworkActivity => "network activity files",
            Self::Aggregated => "aggregated event files",
            Self::Evidence => "evidence objects",
            Self::Other => "other objects",
        }
    }

    fn of_folder(folder: &str) -> Option<Self> {
        match folder {
            "CloudTrail" => Some(Self::LogFile),
            "CloudTrail-Digest" => Some(Self::Digest),
            "CloudTrail-Insight" => Some(Self::Insight),
            "CloudTrail-NetworkActivity" => Some(Self::NetworkActivity),
            "CloudTrail-Aggregated" => Some(Self::Aggregated),
            _ => None,
        }
    }
}

/// What a key says. A part that it does not say is `None`, and no reason to leave the object out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectKey {
    /// What the object is.
    pub kind: ObjectKind,
    /// The account whose events it holds.
    pub account: Option<AccountId>,
    /// The Region that the events were delivered for.
    pub region: Option<Region>,
    /// The day of delivery.
    pub day: Option<NaiveDate>,
    /// The minute of delivery.
    pub delivered_at: Option<DateTime<Utc>>,
}

impl ObjectKey {
    /// Reads a key; any text is one.
    pub fn parse(key: &str) -> Self {
        if let Some(evidence) = EvidenceKey::parse(key) {
            let (account, region) = (evidence.account(), evidence.region());
            let (day, delivered_at) = (evidence.day, evidence.asked_at);
            return Self { kind: ObjectKind::Evidence, account, region, day, delivered_at };
        }
        let (folders, name) = key.rsplit_once('/').unwrap_or(("", key));
        let path = Folders::parse(folders);
        let named = FileName::parse(name);
        let is_document = name.ends_with(".json.gz") || name.ends_with(".json");
        let kind = match path.kind.or(named.kind) {
            _ if !is_document => ObjectKind::Other,
            Some(kind) => kind,
            None if path.in_aws_logs => ObjectKind::Other,
            None => ObjectKind::LogFile,
        };
        Self {
            kind,
            day: path.day().or(named.delivered_at.map(|at| at.date_naive())),
            account: path.account.or(named.account),
            region: path.region.or(named.region),
            delivered_at: named.delivered_at,
        }
    }
}

/// What the folders of a key, or a prefix of some, say so far.
#[derive(Debug, Default)]
pub(super) struct Folders {
    pub kind: Option<ObjectKind>,
    pub in_aws_logs: bool,
    pub account: Option<AccountId>,
    pub region: Option<Region>,
    pub year: Option<i32>,
    pub month: Option<u32>,
    pub day_of_month: Option<u32>,
}

impl Folders {
    /// Reads folder names joined by `/`.
    pub(super) fn parse(folders: &str) -> Self {
        let all: Vec<&str> = folders.split('/').filter(|name| !name.is_empty()).collect();
        let aws_logs = all.iter().rposition(|name| *name == "AWSLogs");
        let mut path = Self { in_aws_logs: aws_logs.is_some(), ..Self::default() };
        // A bucket's own prefix may be called anything, `CloudTrail` included.
        let names = &all[aws_logs.map_or(0, |at| at + 1)..];
        let Some(at) = names.iter().rposition(|name| ObjectKind::of_folder(name).is_some()) else {
            path.account = names.iter().filter(|_| path.in_aws_logs).find_map(|name| AccountId::parse(name).ok());
            return path;
        };
        let below = |offset: usize| names.get(at + offset).copied().unwrap_or_default();
        path.kind = ObjectKind::of_folder(names[at]);
        path.account = at.checked_sub(1).and_then(|i| AccountId::parse(names[i]).ok());
        path.region = Region::parse(below(1)).ok();
        // The first and last days that chrono knows have no day before or after them.
        let is_year = |text: &&str| text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        path.year = Some(below(2)).filter(is_year).and_then(|year| year.parse().ok());
        path.month = below(3).parse().ok();
        path.day_of_month = below(4).parse().ok();
        path
    }

    fn day(&self) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(self.year?, self.month?, self.day_of_month?)
    }
}

#[derive(Default)]
struct FileName {
    kind: Option<ObjectKind>,
    account: Option<AccountId>,
    region: Option<Region>,
    delivered_at: Option<DateTime<Utc>>,
}

impl FileName {
    /// Reads `ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHmmZ_UNIQUE.json.gz`; another form of name says nothing.
    fn parse(name: &str) -> Self {
        let mut parts = name.split('_');
        let mut next = || parts.next().unwrap_or_default();
        let Ok(account) = AccountId::parse(next()) else { return Self::default() };
        let Some(kind) = ObjectKind::of_folder(next()) else { return Self::default() };
        Self {
            kind: Some(kind),
            account: Some(account),
            region: Region::parse(next()).ok(),
            delivered_at: NaiveDateTime::parse_from_str(next(), "%Y%m%dT%H%MZ").ok().map(|at| at.and_utc()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: &str, kind: ObjectKind, account: &str, region: &str, day: &str) {
        let parsed = ObjectKey::parse(key);
        let text = |day: NaiveDate| day.to_string();
        assert_eq!(parsed.kind, kind, "{key}");
        assert_eq!(parsed.account.map(String::from).unwrap_or_default(), account, "{key}");
        assert_eq!(parsed.region.map(String::from).unwrap_or_default(), region, "{key}");
        assert_eq!(parsed.day.map(text).unwrap_or_default(), day, "{key}");
    }

    #[test]
    fn every_documented_layout_is_read() {
        use ObjectKind::*;
        let name = "123456789012_CloudTrail_eu-west-1_20260304T2350Z_abcdefghijklmnop.json.gz";
        let day = "CloudTrail/eu-west-1/2026/03/05";
        for prefix in ["", "a/b/", "AWSLogs/", "x/AWSLogs/o-abcd123456/"] {
            check(&format!("{prefix}123456789012/{day}/{name}"), LogFile, "123456789012", "eu-west-1", "2026-03-05");
        }
        check(name, LogFile, "123456789012", "eu-west-1", "2026-03-04");
        check("logs/anything.json.gz", LogFile, "", "", "");
        check("811596193553_CloudTrail_us-east-1-20200930T2200.json", LogFile, "811596193553", "", "");
        let sibling = |folder: &str| {
            format!("AWSLogs/123456789012/{folder}/eu-west-1/2026/03/05/123456789012_{folder}_eu-west-1_x.json.gz")
        };
        check(&sibling("CloudTrail-Digest"), Digest, "123456789012", "eu-west-1", "2026-03-05");
        check(&sibling("CloudTrail-Insight"), Insight, "123456789012", "eu-west-1", "2026-03-05");
        check(&sibling("CloudTrail-NetworkActivity"), NetworkActivity, "123456789012", "eu-west-1", "2026-03-05");
        check(&sibling("CloudTrail-Aggregated"), Aggregated, "123456789012", "eu-west-1", "2026-03-05");
        check(&sibling("Config"), Other, "123456789012", "", "");
        check(&format!("AWSLogs/123456789012/{day}/notes.txt"), Other, "123456789012", "eu-west-1", "2026-03-05");
        check(&format!("CloudTrail/{}", sibling("Config")), Other, "123456789012", "", "");
        check("", Other, "", "", "");
    }

    #[test]
    fn a_year_has_four_digits_so_that_every_day_has_neighbours() {
        let day = |year: &str| {
            let folders = format!("AWSLogs/123456789012/CloudTrail-Digest/eu-west-1/{year}/01/01");
            ObjectKey::parse(&format!("{folders}/x.json.gz")).day.map(|day| day.to_string())
        };
        assert_eq!((day("2026").as_deref(), day("0001").as_deref()), (Some("2026-01-01"), Some("0001-01-01")));
        for year in ["-262143", "262142", "+262142", "+026", "-001", "26", "02026", ""] {
            assert_eq!(day(year), None, "{year}");
        }
    }

    #[test]
    fn the_delivery_minute_comes_from_the_name() {
        let key = ObjectKey::parse("1/123456789012_CloudTrail_eu-west-1_20260304T2350Z_abcdefghijklmnop.json.gz");
        assert_eq!(key.delivered_at.map(|at| at.to_rfc3339()), Some("2026-03-04T23:50:00+00:00".to_owned()));
    }
}
