//! How much there is to read, from a sample: some days of some accounts and Regions, and how far they go back.

use std::time::Duration;

use chrono::NaiveDate;

/// What `ingest --events audit` reads in a second on two cores from a disk, rounded down: README, "How fast" (166 MB of
/// gzip in 1,578 log files in 3.0 s).
pub const BYTES_A_SECOND: u64 = 55_000_000;

/// Likewise; small log files cost more than their bytes.
pub const LOG_FILES_A_SECOND: u64 = 500;

/// The days that are looked at, as so many days ago: the newest full day, a week and four weeks ago.
pub const DAYS_AGO: [u64; 3] = [1, 7, 28];

/// What was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sampled {
    /// The day of the run, which is not over.
    pub today: NaiveDate,
    /// Accounts in the bucket.
    pub accounts: usize,
    /// Accounts that were looked into.
    pub sampled_accounts: usize,
    /// What they showed, one an account and Region.
    pub folders: Vec<FolderSample>,
}

/// One account and Region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderSample {
    /// The account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The day of its first log file; none where there is no log file.
    pub first_day: Option<NaiveDate>,
    /// The days that were counted.
    pub days: Vec<DaySample>,
}

/// One day of one account and Region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaySample {
    /// The day.
    pub day: NaiveDate,
    /// Its log files, as far as they were counted.
    pub log_files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Whether there are more than were counted.
    pub is_cut: bool,
}

/// How much there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estimate {
    /// Log files.
    pub log_files: u64,
    /// Their bytes, compressed.
    pub bytes: u64,
    /// The first day.
    pub first_day: NaiveDate,
    /// How long `ingest` takes for them.
    pub time: Duration,
    /// Days of an account and Region that the estimate rests on.
    pub counted_days: usize,
    /// Whether it is rather more, because a day was not counted to its end.
    pub is_at_least: bool,
}

/// Reckons; none where no full day was counted.
pub fn estimate(sampled: &Sampled) -> Option<Estimate> {
    let first_day = sampled.folders.iter().filter_map(|folder| folder.first_day).min()?;
    let (mut log_files, mut bytes, mut counted_days, mut is_at_least) = (0.0, 0.0, 0, false);
    for folder in &sampled.folders {
        let Some(first) = folder.first_day else { continue };
        let counted: Vec<&DaySample> = folder.days.iter().filter(|sample| sample.day >= first).collect();
        if counted.is_empty() {
            continue;
        }
        let span = (sampled.today - first).num_days().max(0) as f64 + 1.0;
        let mean =
            |of: fn(&DaySample) -> u64| counted.iter().map(|day| of(day) as f64).sum::<f64>() / counted.len() as f64;
        log_files += mean(|day| day.log_files) * span;
        bytes += mean(|day| day.bytes) * span;
        counted_days += counted.len();
        is_at_least |= counted.iter().any(|day| day.is_cut);
    }
    if counted_days == 0 {
        return None;
    }
    let scale = sampled.accounts.max(1) as f64 / sampled.sampled_accounts.max(1) as f64;
    let (log_files, bytes) = ((log_files * scale).round() as u64, (bytes * scale).round() as u64);
    let seconds = (bytes / BYTES_A_SECOND).max(log_files / LOG_FILES_A_SECOND).max(1);
    Some(Estimate { log_files, bytes, first_day, time: Duration::from_secs(seconds), counted_days, is_at_least })
}

/// `940 B`, `1.2 MB`, in thousands.
pub fn size(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB"];
    let (mut rest, mut unit) = (bytes as f64, 0);
    while rest >= 1000.0 && unit + 1 < units.len() {
        rest /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{rest:.1} {}", units[unit]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn folder(first_day: Option<&str>, days: &[(&str, u64, u64)]) -> FolderSample {
        let sample =
            |&(at, log_files, bytes): &(&str, u64, u64)| DaySample { day: day(at), log_files, bytes, is_cut: false };
        let (account, region) = ("111122223333".to_owned(), "eu-west-1".to_owned());
        FolderSample { account, region, first_day: first_day.map(day), days: days.iter().map(sample).collect() }
    }

    fn sampled(accounts: usize, folders: Vec<FolderSample>) -> Sampled {
        Sampled { today: day("2026-03-31"), accounts, sampled_accounts: 1, folders }
    }

    #[test]
    fn days_before_the_first_log_file_do_not_count_and_quiet_days_do() {
        let days = [("2026-03-30", 300, 3_000_000), ("2026-03-24", 0, 0), ("2026-03-03", 0, 0)];
        let found = estimate(&sampled(1, vec![folder(Some("2026-03-22"), &days)])).expect("days were counted");
        assert_eq!((found.log_files, found.bytes), (1_500, 15_000_000));
        assert_eq!((found.counted_days, found.first_day, found.is_at_least), (2, day("2026-03-22"), false));
        assert_eq!(found.time, Duration::from_secs(3));
    }

    #[test]
    fn accounts_that_were_not_looked_into_are_taken_for_the_mean_of_those_that_were() {
        let found = estimate(&sampled(
            10,
            vec![folder(Some("2026-03-31"), &[]), folder(Some("2026-03-30"), &[("2026-03-30", 5, 50)])],
        ));
        let found = found.expect("a day was counted");
        assert_eq!((found.log_files, found.bytes), (100, 1_000));
    }

    #[test]
    fn nothing_is_reckoned_from_nothing() {
        assert_eq!(estimate(&sampled(1, Vec::new())), None);
        assert_eq!(estimate(&sampled(1, vec![folder(None, &[("2026-03-30", 0, 0)])])), None);
        assert_eq!(estimate(&sampled(1, vec![folder(Some("2026-03-31"), &[("2026-03-30", 0, 0)])])), None);
    }

    #[test]
    fn sizes_are_in_thousands() {
        let sizes = [0, 999, 1_000, 1_240_000, 3_400_000_000].map(size);
        assert_eq!(sizes, ["0 B", "999 B", "1.0 kB", "1.2 MB", "3.4 GB"]);
    }
}
