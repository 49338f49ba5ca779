//! Which log files to read: `--accounts`, `--regions`, `--from`, `--to`.
//!
//! A selection chooses log files, never records in them: a file is read whole or not at all, so the ledger can say
//! "read" without saying for which question.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, Utc};
use schemas::ids::{AccountId, Region};

use super::object_key::{Folders, ObjectKey};

/// How long after its event a record may be delivered, in days. CloudTrail delivers in about five minutes but promises
/// no limit ("A log file delivered at a specific time can contain records written at any point before that time").
pub const DEFAULT_LATE_DAYS: u64 = 2;

/// The log files asked for; empty sets and missing bounds select all.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    accounts: BTreeSet<AccountId>,
    regions: BTreeSet<Region>,
    first_day: Option<NaiveDate>,
    last_day: Option<NaiveDate>,
}

impl Selection {
    /// Selects the files that can hold events of `accounts` and `regions` from `from` up to, but not including, `to`,
    /// delivered at most `late_days` after the event.
    pub fn new(
        accounts: impl IntoIterator<Item = AccountId>,
        regions: impl IntoIterator<Item = Region>,
        from: Option<DateTime<Utc>>,
        to: Option<DateTime<Utc>>,
        late_days: u64,
    ) -> Self {
        Self {
            accounts: accounts.into_iter().collect(),
            regions: regions.into_iter().collect(),
            first_day: from.map(|at| at.date_naive()),
            last_day: to.and_then(|at| at.date_naive().checked_add_days(Days::new(late_days))),
        }
    }

    /// Whether an object is asked for. What its key does not say cannot exclude it.
    pub fn admits(&self, key: &ObjectKey) -> bool {
        self.admits_place(key.account.as_ref(), key.region.as_ref())
            && key.day.is_none_or(|day| self.overlaps(day, day))
    }

    /// Whether a prefix (ending in `/`) may hold objects that are asked for.
    pub fn may_hold(&self, prefix: &str) -> bool {
        let path = Folders::parse(prefix);
        self.admits_place(path.account.as_ref(), path.region.as_ref())
            && days_of(&path).is_none_or(|(first, last)| self.overlaps(first, last))
    }

    fn admits_place(&self, account: Option<&AccountId>, region: Option<&Region>) -> bool {
        account.is_none_or(|account| self.accounts.is_empty() || self.accounts.contains(account))
            && region.is_none_or(|region| self.regions.is_empty() || self.regions.contains(region))
    }

    fn overlaps(&self, first: NaiveDate, last: NaiveDate) -> bool {
        self.first_day.is_none_or(|from| last >= from) && self.last_day.is_none_or(|to| first <= to)
    }
}

/// The days that a prefix down to a year, month or day can hold.
fn days_of(path: &Folders) -> Option<(NaiveDate, NaiveDate)> {
    let year = path.year?;
    let first = NaiveDate::from_ymd_opt(year, path.month.unwrap_or(1), path.day_of_month.unwrap_or(1))?;
    let last = match (path.month, path.day_of_month) {
        (Some(_), Some(_)) => first,
        (Some(month), None) => last_of_month(year, month)?,
        (None, _) => NaiveDate::from_ymd_opt(year, 12, 31)?,
    };
    Some((first, last))
}

fn last_of_month(year: i32, month: u32) -> Option<NaiveDate> {
    let next =
        if month == 12 { NaiveDate::from_ymd_opt(year + 1, 1, 1) } else { NaiveDate::from_ymd_opt(year, month + 1, 1) };
    next?.pred_opt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<DateTime<Utc>> {
        Some(text.parse().expect("a time"))
    }

    fn march() -> Selection {
        let account = AccountId::parse("123456789012").expect("an account");
        let region = Region::parse("eu-west-1").expect("a Region");
        Selection::new([account], [region], at("2026-03-05T10:00:00Z"), at("2026-03-07T00:00:00Z"), 2)
    }

    #[test]
    fn days_have_slack_for_late_delivery_only_at_the_end() {
        let on = |day: &str| {
            march().admits(&ObjectKey::parse(&format!(
                "AWSLogs/123456789012/CloudTrail/eu-west-1/2026/03/{day}/a.json.gz"
            )))
        };
        assert!(!on("04") && on("05") && on("09") && !on("10"));
    }

    #[test]
    fn a_prefix_is_left_out_only_when_nothing_below_it_can_be_asked_for() {
        let root = "x/AWSLogs/123456789012/CloudTrail/";
        for (prefix, expected) in [
            ("", true),
            ("x/AWSLogs/", true),
            ("x/AWSLogs/o-abcdefghij/", true),
            ("x/AWSLogs/999999999999/", false),
            (root, true),
            (&format!("{root}us-east-1/"), false),
            (&format!("{root}eu-west-1/2025/"), false),
            (&format!("{root}eu-west-1/2026/"), true),
            (&format!("{root}eu-west-1/2026/02/"), false),
            (&format!("{root}eu-west-1/2026/03/04/"), false),
            (&format!("{root}eu-west-1/2026/03/05/"), true),
        ] {
            assert_eq!(march().may_hold(prefix), expected, "{prefix}");
        }
    }

    #[test]
    fn a_key_that_says_nothing_is_read() {
        assert!(march().admits(&ObjectKey::parse("any/name.json.gz")));
    }
}
