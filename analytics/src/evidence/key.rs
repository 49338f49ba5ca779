//! What the key of an evidence object says.
//!
//! ```text
//! [prefix/]account_id=ACCOUNT/region=REGION/date=YYYY-MM-DD/HHMMSS-RULE-REQUESTID.jsonl.gz
//! ```
//!
//! Config lets a rule's name hold hyphens, spaces and slashes, so the file's name is read from both ends, and all that
//! stands below the date belongs to it. CloudTrail's objects end in `.json.gz` or `.json`, so no key is both.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use schemas::ids::{AccountId, Region};

/// What a key says. A part that it does not say is `None`, and no reason to leave the object out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EvidenceKey {
    /// What stands behind `account_id=`; any text.
    pub account_id: Option<String>,
    /// What stands behind `region=`; any text.
    pub aws_region: Option<String>,
    /// The day of the run, UTC.
    pub day: Option<NaiveDate>,
    /// When Config asked, or what was answered happened; to the second.
    pub asked_at: Option<DateTime<Utc>>,
    /// The rule, or what else asked.
    pub rule_name: Option<String>,
    /// Of the invocation.
    pub request_id: Option<String>,
}

const FOLDERS: [&str; 3] = ["account_id=", "region=", "date="];

/// Characters of a UUID, which is the form of a request id of Lambda.
const UUID_CHARS: usize = 36;

impl EvidenceKey {
    /// Reads a key, or a path; `None` where it is not one of an evidence object. A file that was copied away from its
    /// folders is known by its name alone, if the name is whole.
    pub fn parse(key: &str) -> Option<Self> {
        let stem = key.strip_suffix(".jsonl.gz").or_else(|| key.strip_suffix(".jsonl"))?;
        let parts: Vec<Cow<'_, str>> = stem.split('/').map(decoded).collect();
        let is_place = |three: &[Cow<'_, str>]| three.iter().zip(FOLDERS).all(|(part, name)| part.starts_with(name));
        let Some(at) = parts.windows(FOLDERS.len()).rposition(is_place).filter(|at| at + FOLDERS.len() < parts.len())
        else {
            let name = FileName::parse(parts.last()?).filter(|name| is_uuid(name.request_id))?;
            return Some(Self { ..Self::default() }.named(&name, None));
        };
        let value = |of: usize| parts[at + of][FOLDERS[of].len()..].to_owned();
        let day = NaiveDate::parse_from_str(&value(2), "%Y-%m-%d").ok();
        let place = Self { account_id: Some(value(0)), aws_region: Some(value(1)), day, ..Self::default() };
        let name = parts[at + FOLDERS.len()..].join("/");
        Some(FileName::parse(&name).map_or(place.clone(), |name| place.named(&name, day)))
    }

    /// The account, where the key names one.
    pub fn account(&self) -> Option<AccountId> {
        AccountId::parse(self.account_id.as_deref()?).ok()
    }

    /// The Region, where the key names one.
    pub fn region(&self) -> Option<Region> {
        Region::parse(self.aws_region.as_deref()?).ok()
    }

    fn named(self, name: &FileName<'_>, day: Option<NaiveDate>) -> Self {
        Self {
            asked_at: day.map(|day| day.and_time(name.time).and_utc()),
            rule_name: Some(name.rule_name.to_owned()),
            request_id: Some(name.request_id.to_owned()),
            ..self
        }
    }
}

struct FileName<'a> {
    time: NaiveTime,
    rule_name: &'a str,
    request_id: &'a str,
}

impl<'a> FileName<'a> {
    /// Reads `HHMMSS-RULE-REQUESTID`. A request id that is no UUID is taken to have no hyphen.
    fn parse(name: &'a str) -> Option<Self> {
        let (time, rest) = name.split_once('-')?;
        let is_time = time.len() == 6 && time.bytes().all(|byte| byte.is_ascii_digit());
        let time = NaiveTime::parse_from_str(time, "%H%M%S").ok().filter(|_| is_time)?;
        let uuid = rest.len().checked_sub(UUID_CHARS).and_then(|at| rest.split_at_checked(at));
        let by_uuid = uuid.filter(|(_, id)| is_uuid(id)).and_then(|(rule, id)| Some((rule.strip_suffix('-')?, id)));
        let (rule_name, request_id) = by_uuid.or_else(|| rest.rsplit_once('-'))?;
        (!rule_name.is_empty() && !request_id.is_empty()).then_some(Self { time, rule_name, request_id })
    }
}

fn is_uuid(text: &str) -> bool {
    let is_hyphen = |at: usize| [8, 13, 18, 23].contains(&at);
    text.len() == UUID_CHARS
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if is_hyphen(at) { byte == b'-' } else { byte.is_ascii_hexdigit() })
}

/// Some tools that copy partitioned folders write `account_id%3D...`. Escapes are taken back within one part of a key, so
/// that none of them makes a folder; bytes that make no UTF-8 stay as they are.
fn decoded(part: &str) -> Cow<'_, str> {
    if !part.contains('%') {
        return part.into();
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (mut bytes, mut rest) = (Vec::with_capacity(part.len()), part.as_bytes());
    while let [first, tail @ ..] = rest {
        let escaped = match (first, tail) {
            (b'%', [high, low, ..]) => digit(*high).zip(digit(*low)).map(|(high, low)| high * 16 + low),
            _ => None,
        };
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).map_or(part.into(), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::object_key::{ObjectKey, ObjectKind};
    use proptest::prelude::*;

    const UUID: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";
    const PLACE: &str = "account_id=111122223333/region=eu-west-1/date=2026-03-01";

    fn check(key: &str, account: Option<&str>, rule: Option<&str>, request: Option<&str>) {
        let parsed = EvidenceKey::parse(key).expect(key);
        let account_id = parsed.account().map(String::from);
        assert_eq!(
            (account_id.as_deref(), parsed.rule_name.as_deref(), parsed.request_id.as_deref()),
            (account, rule, request),
            "{key}"
        );
        assert_eq!(ObjectKey::parse(key).kind, ObjectKind::Evidence, "{key}");
    }

    #[test]
    fn every_form_of_key_that_the_rule_writes_is_read() {
        let account = Some("111122223333");
        for prefix in ["", "rule/", "a/b=c/", "account_id=999999999999/region=x/date=y/", "AWSLogs/1/CloudTrail/"] {
            let key = |name: &str| format!("{prefix}{PLACE}/{name}.jsonl.gz");
            check(&key(&format!("093005-bedrock-job-in-vpc-{UUID}")), account, Some("bedrock-job-in-vpc"), Some(UUID));
            check(&key("093005-bedrock-job-8476a536"), account, Some("bedrock-job"), Some("8476a536"));
            check(
                &key(&format!("093005-{}-{UUID}", crate::evidence::STOP_NAME)),
                account,
                Some(crate::evidence::STOP_NAME),
                Some(UUID),
            );
            check(&key(&format!("093005-team/a rule-{UUID}")), account, Some("team/a rule"), Some(UUID));
        }
        let parsed = EvidenceKey::parse(&format!("{PLACE}/093005-r-{UUID}.jsonl.gz")).expect("a key");
        assert_eq!(parsed.asked_at.map(|at| at.to_rfc3339()).as_deref(), Some("2026-03-01T09:30:05+00:00"));
        assert_eq!(parsed.region().map(String::from).as_deref(), Some("eu-west-1"));
    }

    #[test]
    fn copies_are_known_by_escaped_folders_or_by_a_whole_name() {
        let escaped = PLACE.replace('=', "%3D");
        check(&format!("x/{escaped}/093005-r-{UUID}.jsonl"), Some("111122223333"), Some("r"), Some(UUID));
        check(&format!("somewhere/093005-r-{UUID}.jsonl.gz"), None, Some("r"), Some(UUID));
        check(&format!("{PLACE}/renamed.jsonl.gz"), Some("111122223333"), None, None);
    }

    #[test]
    fn a_place_that_is_none_is_kept_as_text_and_names_nothing() {
        for account in ["", "..", "evil%2F..%2F", "1111", "%00"] {
            let key = format!("account_id={account}/region=REGION/date=2026-02-30/093005-r-{UUID}.jsonl.gz");
            let parsed = EvidenceKey::parse(&key).expect(&key);
            assert!(parsed.account_id.is_some() && parsed.account().is_none() && parsed.region().is_none(), "{key}");
            assert_eq!((parsed.day, parsed.asked_at), (None, None), "{key}");
        }
    }

    #[test]
    fn other_objects_are_no_evidence() {
        for key in [
            "",
            ".jsonl.gz",
            "model-output.jsonl",
            "093005-r-8476a536.jsonl.gz",
            "2026-03-01/093005.jsonl.gz",
            &format!("{PLACE}.jsonl.gz"),
            &format!("{PLACE}/093005-r-{UUID}.json.gz"),
            &format!("{PLACE}/093005-r-{UUID}.jsonl.gz.tmp"),
            &format!("253005-r-{UUID}.jsonl.gz"),
            &format!("+93005-r-{UUID}.jsonl.gz"),
            "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/01/111122223333_CloudTrail_eu-west-1_20260301T0930Z_a.json.gz",
        ] {
            assert_eq!(EvidenceKey::parse(key), None, "{key}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_key_or_none(key in "(account_id=|region=|date=|[0-9]{6}-|%[0-9a-f]{0,2}|/|é|[a-z]){0,20}\\.jsonl(\\.gz)?|.{0,60}") {
            if EvidenceKey::parse(&key).is_some() {
                prop_assert_eq!(ObjectKey::parse(&key).kind, ObjectKind::Evidence);
            }
        }
    }
}
