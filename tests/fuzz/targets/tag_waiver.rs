//! The waiver tag: it holds through its day and not beyond, and reads the same when written again.

#![no_main]

use chrono::{DateTime, Utc};
use config_rule::waiver::{Waived, waived};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let now: DateTime<Utc> = "2026-03-04T05:06:07Z".parse().expect("a time");
    let (waiver, holds) = match waived(Some(text), now) {
        Waived::No => panic!("there is a tag"),
        Waived::Malformed(wrong) => return assert!(!wrong.is_empty()),
        Waived::Yes(waiver) => (waiver, true),
        Waived::Expired(waiver) => (waiver, false),
    };
    assert_eq!(holds, now.date_naive() <= waiver.expires);
    assert!(!waiver.owner.trim().is_empty() && !waiver.reason.trim().is_empty(), "nobody answers for it");
    let again =
        format!("owner={} reason={} expires={}", waiver.owner, waiver.reason, waiver.expires.format("%Y-%m-%d"));
    let expected = if holds { Waived::Yes(waiver) } else { Waived::Expired(waiver) };
    assert_eq!(waived(Some(&again), now), expected, "{again}");
});
