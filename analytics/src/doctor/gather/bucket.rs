//! A look into the trail's bucket: which accounts and Regions, how far back, some days of some of them, the beginning
//! of one log file and of one digest file.

use chrono::{Days, NaiveDate};
use config_rule::account::Identity;
use futures::stream::{self, StreamExt, TryStreamExt};

use super::Reach;
use crate::doctor::estimate::{DAYS_AGO, DaySample, FolderSample, Sampled};
use crate::doctor::facts::{Asked, BucketFacts, Call, DigestDay, Source, Trail, meets};
use crate::doctor::why::{Why, why};
use crate::store::{Look, Page, Refused, Wanted};

/// Accounts that are looked into; an organization has thousands.
const MOST_ACCOUNTS: usize = 8;

/// Pages of a thousand keys that are counted of one day.
const MOST_PAGES: usize = 20;

const NO_FOLDER: &str = "there is no folder of an account and Region";

/// What the bucket is looked into for.
pub struct Subject<'a> {
    pub place: Source,
    pub trail: Option<&'a Trail>,
    pub identity: Option<&'a Identity>,
    pub region: Option<&'a str>,
    pub today: NaiveDate,
}

impl Subject<'_> {
    /// Where the folders of accounts and organizations begin.
    fn logs_folder(&self) -> String {
        let prefix = &self.place.prefix;
        match (self.trail, prefix.find("AWSLogs/")) {
            (Some(trail), _) => trail.logs_folder(),
            (None, Some(at)) => format!("{}AWSLogs/", &prefix[..at]),
            (None, None) => format!("{prefix}AWSLogs/"),
        }
    }

    fn yesterday(&self) -> NaiveDate {
        self.today - Days::new(1)
    }

    fn is_own(&self, folder: &FolderSample) -> bool {
        self.identity.is_some_and(|identity| identity.account == folder.account)
            && self.region == Some(folder.region.as_str())
    }
}

/// One account and Region, as counted.
struct Counted {
    sample: FolderSample,
    /// The folder of its account.
    account_folder: String,
    /// A log file of it, the newest that was seen.
    log_file: Option<String>,
}

/// The bucket through one client.
struct Bucket<'a> {
    reach: &'a Reach<'a>,
    look: Look,
}

/// Looks into the bucket; where S3 says that it is in another Region, there.
pub async fn look(reach: &Reach<'_>, subject: &Subject<'_>, calls: &mut Vec<Call>) -> Asked<BucketFacts> {
    let (name, logs) = (&subject.place.bucket, subject.logs_folder());
    let mut bucket = Bucket { reach, look: reach.stores.look(name, None).await };
    let mut other_region = None;
    let mut accounts = bucket.accounts(&logs, &subject.place.prefix).await;
    if let Err(refused) = &accounts
        && why(&refused.unread) == Why::OtherRegion
        && let Some(region) = refused.bucket_region.clone()
    {
        bucket.look = reach.stores.look(name, Some(&region)).await;
        accounts = bucket.accounts(&logs, &subject.place.prefix).await;
        other_region = Some(region);
    }
    calls.push(Call::of("s3:ListBucket", &accounts.as_ref().map_err(|refused| refused.unread.clone())));
    match accounts {
        Ok(accounts) => {
            let seen = BucketFacts {
                source: subject.place.clone(),
                other_region,
                accounts: accounts.len(),
                log_file: Asked::not("there is no log file"),
                digest_file: Asked::not("there is no digest file"),
                digests: Asked::not(NO_FOLDER),
                sampled: Asked::not(NO_FOLDER),
            };
            Asked::Told(bucket.sampled(subject, seen, &accounts, calls).await)
        }
        Err(refused) => Asked::Unread(refused.unread),
    }
}

impl Bucket<'_> {
    async fn page(&self, wanted: Wanted<'_>) -> Result<Page, Refused> {
        let late = |unread| Refused { unread, bucket_region: None };
        let answer = self.reach.bounds.in_time("s3:ListBucket", wanted.prefix, self.look.list_objects_v2(wanted)).await;
        answer.map_err(late).flatten()
    }

    /// All pages up to a number; where there are more, `next` says so.
    async fn pages(&self, prefix: &str, is_one_folder: bool) -> Result<Page, Refused> {
        let mut found = Page::default();
        for _ in 0..MOST_PAGES {
            let token = found.next.take();
            let page = self.page(Wanted { prefix, is_one_folder, most: None, token: token.as_deref() }).await?;
            found.objects.extend(page.objects);
            found.folders.extend(page.folders);
            found.next = page.next;
            if found.next.is_none() {
                break;
            }
        }
        Ok(found)
    }

    /// The folders of accounts, those of organizations opened, as far as they meet what was asked about.
    async fn accounts(&self, logs: &str, asked: &str) -> Result<Vec<String>, Refused> {
        let mut accounts = Vec::new();
        let mut waiting = vec![logs.to_owned()];
        while let Some(folder) = waiting.pop() {
            for below in self.pages(&folder, true).await?.folders {
                let is_account = is_account(last_name(&below));
                let is_organization = folder == *logs && last_name(&below).starts_with("o-");
                if is_account && meets(&below, asked) {
                    accounts.push(below);
                } else if is_organization && meets(&below, asked) {
                    waiting.push(below);
                }
            }
        }
        accounts.sort();
        Ok(accounts)
    }

    /// Some days of some accounts, and the beginning of two files.
    async fn sampled(
        &self,
        subject: &Subject<'_>,
        seen: BucketFacts,
        accounts: &[String],
        calls: &mut Vec<Call>,
    ) -> BucketFacts {
        let own = subject.identity.map(|identity| identity.account.as_str());
        let chosen = spread(accounts, own);
        let counted = match self.count(subject, &chosen).await {
            Ok(counted) => counted,
            Err(refused) => {
                let unread = refused.unread;
                calls.push(Call { action: unread.action.clone(), unread: Some(unread.clone()) });
                let digests = Asked::Unread(unread.clone());
                return BucketFacts {
                    log_file: Asked::Unread(unread.clone()),
                    digests,
                    sampled: Asked::Unread(unread),
                    ..seen
                };
            }
        };
        let own = counted.iter().find(|folder| subject.is_own(&folder.sample)).or_else(|| counted.first());
        let log_file = own
            .and_then(|own| own.log_file.as_ref())
            .or_else(|| counted.iter().find_map(|folder| folder.log_file.as_ref()));
        let log_file = self.head(log_file, "there is no log file", calls).await;
        if log_file.told().is_some() && subject.trail.is_some_and(|trail| trail.kms_key.is_some()) {
            calls.push(Call { action: "kms:Decrypt".to_owned(), unread: None });
        }
        let (digests, digest) = match own {
            Some(own) => self.digests(subject, own).await,
            None => (Asked::not(NO_FOLDER), None),
        };
        let digest_file = self.head(digest.as_ref(), "there is no digest file", calls).await;
        let (today, sampled_accounts) = (subject.today, chosen.len());
        let folders = counted.into_iter().map(|folder| folder.sample).collect();
        let sampled = Sampled { today, accounts: accounts.len(), sampled_accounts, folders };
        BucketFacts { log_file, digest_file, digests, sampled: Asked::Told(sampled), ..seen }
    }

    /// Every Region of these accounts.
    async fn count(&self, subject: &Subject<'_>, accounts: &[&String]) -> Result<Vec<Counted>, Refused> {
        let at_a_time = self.reach.bounds.concurrency;
        let mut regions = Vec::new();
        for account in accounts {
            let below = self.pages(&format!("{account}CloudTrail/"), true).await?.folders;
            let asked = below.into_iter().filter(|region| meets(region, &subject.place.prefix));
            regions.extend(asked.map(|region| ((*account).clone(), region)));
        }
        let counted = stream::iter(regions).map(|(account, region)| self.folder(subject, account, region));
        counted.buffered(at_a_time).try_collect().await
    }

    /// One account and Region: its first day, and the days of the sample since then.
    async fn folder(&self, subject: &Subject<'_>, account_folder: String, folder: String) -> Result<Counted, Refused> {
        // A folder may begin with an object of its own name.
        let first = self.page(Wanted { prefix: &folder, is_one_folder: false, most: Some(2), token: None }).await?;
        let first = first.objects.into_iter().find_map(|(key, _)| Some((day_of(&folder, &key)?, key)));
        let (mut days, mut log_file) = (Vec::new(), None);
        for ago in DAYS_AGO {
            let day = subject.today - Days::new(ago);
            if first.as_ref().is_none_or(|(first, _)| day < *first) {
                continue;
            }
            let page = self.pages(&format!("{folder}{}/", day.format("%Y/%m/%d")), false).await?;
            let is_cut = page.next.is_some();
            let files: Vec<(String, u64)> =
                page.objects.into_iter().filter(|(key, _)| key.ends_with(".json.gz")).collect();
            let bytes = files.iter().map(|(_, bytes)| bytes).sum();
            days.push(DaySample { day, log_files: files.len() as u64, bytes, is_cut });
            log_file = log_file.or_else(|| files.into_iter().next_back().map(|(key, _)| key));
        }
        let (account, region) = (last_name(&account_folder).to_owned(), last_name(&folder).to_owned());
        let first_day = first.as_ref().map(|(day, _)| *day);
        let log_file = log_file.or_else(|| first.map(|(_, key)| key));
        Ok(Counted { sample: FolderSample { account, region, first_day, days }, account_folder, log_file })
    }

    /// The trail's digest files of yesterday, and the newest of them.
    async fn digests(&self, subject: &Subject<'_>, own: &Counted) -> (Asked<DigestDay>, Option<String>) {
        let (account, region) = (own.sample.account.clone(), own.sample.region.clone());
        let day = subject.yesterday();
        let folder = format!("{}CloudTrail-Digest/{region}/{}/", own.account_folder, day.format("%Y/%m/%d"));
        let page = match self.pages(&folder, false).await {
            Ok(page) => page,
            Err(refused) => return (Asked::Unread(refused.unread), None),
        };
        let of_trail = subject.trail.map(|trail| format!("_{}_{}_", region, trail.name));
        let is_of_trail = |key: &String| of_trail.as_ref().is_none_or(|name| key.contains(name.as_str()));
        let keys: Vec<String> = page.objects.into_iter().map(|(key, _)| key).filter(is_of_trail).collect();
        let digests = DigestDay { account, region, day, count: keys.len() };
        (Asked::Told(digests), keys.into_iter().next_back())
    }

    /// The beginning of an object.
    async fn head(&self, key: Option<&String>, none: &str, calls: &mut Vec<Call>) -> Asked<String> {
        let Some(key) = key else { return Asked::not(none) };
        let late = |unread| Refused { unread, bucket_region: None };
        let read = self.reach.bounds.in_time("s3:GetObject", key, self.look.get_object(key)).await;
        let read = read.map_err(late).flatten().map(|()| key.clone()).map_err(|refused| refused.unread);
        calls.push(Call::of("s3:GetObject", &read));
        read.into()
    }
}

/// The name of a folder that ends in `/`.
fn last_name(folder: &str) -> &str {
    folder.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

fn is_account(name: &str) -> bool {
    name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit())
}

/// The day below a Region's folder: `YYYY/MM/DD/`.
fn day_of(folder: &str, key: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(key.strip_prefix(folder)?.get(..10)?, "%Y/%m/%d").ok()
}

/// Some accounts, evenly from first to last, the caller's own among them.
fn spread<'a>(accounts: &'a [String], own: Option<&str>) -> Vec<&'a String> {
    let count = accounts.len().min(MOST_ACCOUNTS);
    let mut chosen: Vec<&String> = (0..count).map(|at| &accounts[at * accounts.len() / count]).collect();
    let own = accounts.iter().find(|folder| own == Some(last_name(folder)));
    if let Some(own) = own.filter(|own| !chosen.contains(own)) {
        chosen[0] = own;
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_chosen_from_first_to_last_with_the_callers_own() {
        let folders: Vec<String> = (0..100).map(|number| format!("AWSLogs/o-a/{number:012}/")).collect();
        let names =
            |own: Option<&str>| spread(&folders, own).into_iter().map(|folder| last_name(folder)).collect::<Vec<_>>();
        let numbers: Vec<u32> = names(None).into_iter().map(|name| name.parse().expect("digits")).collect();
        assert_eq!(numbers, [0, 12, 25, 37, 50, 62, 75, 87]);
        assert_eq!(names(Some("000000000099"))[0], "000000000099");
        assert_eq!(names(Some("000000000012")), names(None));
        assert_eq!(spread(&folders[..2], None), folders[..2].iter().collect::<Vec<_>>());
        assert!(spread(&[], Some("000000000012")).is_empty());
    }

    #[test]
    fn a_key_tells_its_day() {
        let folder = "AWSLogs/111122223333/CloudTrail/eu-west-1/";
        let day = |key: &str| day_of(folder, &format!("{folder}{key}")).map(|day| day.to_string());
        assert_eq!(day("2026/03/30/x.json.gz").as_deref(), Some("2026-03-30"));
        assert_eq!(day(""), None);
        assert_eq!(day("2026/13/30/x.json.gz"), None);
    }
}
