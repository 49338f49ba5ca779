//! Keys of objects: what was read from one, written as a key again, reads the same.

#![no_main]

use analytics::evidence::EvidenceKey;
use analytics::ingest::object_key::{ObjectKey, ObjectKind};
use analytics::verify::DigestKey;
use chrono::{DateTime, Datelike, Utc};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|key: &str| {
    let parsed = ObjectKey::parse(key);
    if parsed.kind != ObjectKind::Evidence {
        assert!(parsed.day.is_none_or(|day| (0..=9999).contains(&day.year())), "a day without neighbours");
    }
    check_log_file(&parsed);
    if let Some(parsed) = DigestKey::parse(key) {
        assert_eq!(DigestKey::parse(&digest_key(&parsed)), Some(parsed));
    }
    if let Some(parsed) = EvidenceKey::parse(key) {
        assert_eq!(ObjectKey::parse(key).kind, ObjectKind::Evidence);
        if let Some(again) = evidence_key(&parsed) {
            assert_eq!(EvidenceKey::parse(&again), Some(parsed), "{again}");
        }
    }
});

fn check_log_file(parsed: &ObjectKey) {
    let folder = match parsed.kind {
        ObjectKind::LogFile => "CloudTrail",
        ObjectKind::Insight => "CloudTrail-Insight",
        ObjectKind::NetworkActivity => "CloudTrail-NetworkActivity",
        ObjectKind::Aggregated => "CloudTrail-Aggregated",
        ObjectKind::Digest | ObjectKind::Evidence | ObjectKind::Other => return,
    };
    let (Some(account), Some(region), Some(day), Some(at)) =
        (&parsed.account, &parsed.region, parsed.day, parsed.delivered_at)
    else {
        return;
    };
    check_day(folder, account.as_str(), region.as_str(), at);
    let (day, at) = (day.format("%Y/%m/%d"), at.format("%Y%m%dT%H%MZ"));
    let name = format!("{account}_{folder}_{region}_{at}_abcdefghijklmnop.json.gz");
    for above in ["", "CloudTrail/", "a/AWSLogs/o-exampleorg1/"] {
        let again = format!("{above}AWSLogs/{account}/{folder}/{region}/{day}/{name}");
        assert_eq!(ObjectKey::parse(&again), *parsed, "{again}");
    }
}

/// The folders' day counts, which is that of the delivery: here the day after the one in the name.
fn check_day(folder: &str, account: &str, region: &str, at: DateTime<Utc>) {
    let Some(day) = at.date_naive().succ_opt() else { return };
    let name = format!("{account}_{folder}_{region}_{}_abcdefghijklmnop.json.gz", at.format("%Y%m%dT%H%MZ"));
    let key = format!("AWSLogs/{account}/{folder}/{region}/{}/{name}", day.format("%Y/%m/%d"));
    assert_eq!(ObjectKey::parse(&key).day, Some(day), "{key}");
}

fn digest_key(key: &DigestKey) -> String {
    let chain = &key.chain;
    let ending = if chain.is_backfill { "_backfill" } else { "" };
    let at = key.ended_at.format("%Y%m%dT%H%M%SZ");
    let (account, region, trail, home) = (&chain.account_id, &chain.aws_region, &chain.trail_name, &chain.home_region);
    format!("{account}_CloudTrail-Digest_{region}_{trail}_{home}_{at}{ending}.json.gz")
}

/// Of a key that says everything.
fn evidence_key(key: &EvidenceKey) -> Option<String> {
    let escaped = |text: &str| text.replace('%', "%25").replace('/', "%2F");
    let (account, region) = (escaped(key.account_id.as_ref()?), escaped(key.aws_region.as_ref()?));
    let (day, time) = (key.day?.format("%Y-%m-%d"), key.asked_at?.format("%H%M%S"));
    let name = escaped(&format!("{time}-{}-{}", key.rule_name.as_ref()?, key.request_id.as_ref()?));
    Some(format!("p/account_id={account}/region={region}/date={day}/{name}.jsonl.gz"))
}
