//! A share of the work: `--shard 2/8` is the second of eight tasks that ingest one trail side by side.
//!
//! Which share a log file is in depends on the file alone, so the shares of any number of tasks make the whole, each file
//! once; they never meet in a part, since a part is made of one run's files. Log files of one account, Region and day stay
//! together: copies of an event meet, and a part touches few dates. Digest and evidence files are few and hang together in
//! chains, so the first share has them all.

use std::str::FromStr;

use super::object_key::{ObjectKey, ObjectKind};
use crate::sha256::Sha256;
use crate::store::Listed;

/// What is said of what other shares read.
const OF_OTHERS: &str = "of other shards";

/// Which share of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 1 on.
    number: u64,
    of: u64,
}

impl Default for Shard {
    fn default() -> Self {
        Self { number: 1, of: 1 }
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let shard = text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match shard {
            Some((number, of)) if (1..=of).contains(&number) => Ok(Self { number, of }),
            _ => Err("expected NUMBER/OF, for example 2/8: the second of eight, counted from 1".to_owned()),
        }
    }
}

impl Shard {
    /// Why a file is not read: it is another's.
    pub fn leaves_out(self, file: &Listed) -> Option<&'static str> {
        (!self.has(file)).then_some(OF_OTHERS)
    }

    fn has(self, file: &Listed) -> bool {
        if self.of == 1 || file.object.kind != ObjectKind::LogFile {
            return self.number == 1;
        }
        let half = Sha256::new().then(family(&file.object).unwrap_or_else(|| file.log_file.clone())).half();
        let [a, b, c, d, e, f, g, h, ..] = half;
        u64::from_be_bytes([a, b, c, d, e, f, g, h]) % self.of == self.number - 1
    }
}

/// What stays together; `None` where the key does not say it.
fn family(key: &ObjectKey) -> Option<String> {
    Some(format!("{}/{}/{}", key.account.as_ref()?, key.region.as_ref()?, key.day?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> Vec<Listed> {
        let listed = |key: String| Listed {
            object: ObjectKey::parse(&key),
            log_file: key.clone(),
            key,
            etag: String::new(),
            bytes: 1,
        };
        let key = |day: u32, file: u32| {
            let folder = format!("AWSLogs/123456789012/CloudTrail/eu-west-1/2026/03/{day:02}");
            listed(format!("{folder}/123456789012_CloudTrail_eu-west-1_202603{day:02}T0005Z_{file:016}.json.gz"))
        };
        let mut whole: Vec<Listed> = (1..=28).flat_map(|day| (0..4).map(move |file| key(day, file))).collect();
        whole.extend((0..40).map(|n| listed(format!("flat/{n}.json.gz"))));
        let of_kind =
            |kind| Listed { object: ObjectKey { kind, ..ObjectKey::parse("") }, ..listed(format!("{kind:?}")) };
        whole.extend([ObjectKind::Digest, ObjectKind::Evidence].map(of_kind));
        whole
    }

    fn share(shard: Shard) -> Vec<Listed> {
        whole().into_iter().filter(|file| shard.leaves_out(file).is_none()).collect()
    }

    #[test]
    fn the_shares_of_any_number_of_tasks_make_the_whole_once() {
        let names = |files: Vec<Listed>| files.into_iter().map(|file| file.log_file);
        let mut expected: Vec<String> = names(whole()).collect();
        expected.sort();
        for of in [1, 2, 3, 8, 50] {
            let shard = |number| format!("{number}/{of}").parse::<Shard>().expect("a shard");
            let mut found: Vec<String> = (1..=of).flat_map(|number| names(share(shard(number)))).collect();
            found.sort();
            assert_eq!(found, expected, "{of} shards");
            let others = share(shard(of)).into_iter().filter(|file| file.object.kind != ObjectKind::LogFile).count();
            assert_eq!(others, if of == 1 { 2 } else { 0 }, "{of} shards: the first has digest and evidence files");
        }
    }

    #[test]
    fn files_of_one_account_region_and_day_stay_together_and_work_is_shared() {
        let days: Vec<_> = share(Shard { number: 2, of: 3 }).iter().filter_map(|file| file.object.day).collect();
        assert!(!days.is_empty() && days.len() < 28 * 4);
        assert!(days.iter().all(|day| days.iter().filter(|other| *other == day).count() == 4));
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for text in ["", "1", "0/2", "3/2", "1/0", "-1/2", "a/b", "1/2/3"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
