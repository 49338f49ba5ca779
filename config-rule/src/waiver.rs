//! A waiver: a tag on a job by which its owner takes the responsibility, for a reason and until a date.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

/// The key of the tag.
pub const WAIVER_TAG: &str = "NetworkIsolationWaiver";

/// The form of its value. AWS allows letters, digits, spaces and `_ . : / = + - @` in a tag's value.
pub const WAIVER_FORM: &str = "owner=WHO reason=WHY expires=YYYY-MM-DD";

/// A waiver as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiver {
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The last day, UTC, on which it holds.
    pub expires: NaiveDate,
}

/// What a job's tag is worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "value")]
pub enum Waived {
    /// There is no such tag.
    No,
    /// It holds.
    Yes(Waiver),
    /// Its last day is over: it waives nothing.
    Expired(Waiver),
    /// It cannot be read: it waives nothing.
    Malformed(String),
}

/// Reads the tag's value as of an instant.
pub fn waived(tag: Option<&str>, now: DateTime<Utc>) -> Waived {
    let Some(text) = tag else { return Waived::No };
    match parse(text) {
        Err(wrong) => Waived::Malformed(wrong),
        Ok(waiver) if now.date_naive() > waiver.expires => Waived::Expired(waiver),
        Ok(waiver) => Waived::Yes(waiver),
    }
}

const PARTS: [&str; 3] = ["owner", "reason", "expires"];

fn parse(text: &str) -> Result<Waiver, String> {
    let mut values: [Option<String>; 3] = [None, None, None];
    let mut current = None;
    for word in text.split_whitespace() {
        let part = word.split_once('=').and_then(|(name, _)| PARTS.iter().position(|part| *part == name));
        match (part, current) {
            (Some(part), _) if values[part].is_some() => return Err(format!("it has a part twice, at {word}")),
            (Some(part), _) => {
                values[part] = Some(word[PARTS[part].len() + 1..].to_owned());
                current = Some(part);
            }
            (None, Some(part)) => {
                let value: &mut String = values[part].get_or_insert_default();
                value.push_str(if value.is_empty() { "" } else { " " });
                value.push_str(word);
            }
            (None, None) => return Err(format!("it begins with {word}")),
        }
    }
    let mut value = |part: usize| {
        let value = values[part].take().filter(|value| !value.is_empty());
        value.ok_or_else(|| format!("it has no {}", PARTS[part]))
    };
    let (owner, reason, expires) = (value(0)?, value(1)?, value(2)?);
    let expires = NaiveDate::parse_from_str(&expires, "%Y-%m-%d").map_err(|_| format!("{expires} is no date"))?;
    Ok(Waiver { owner, reason, expires })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn a_waiver_holds_through_its_last_day() {
        let tag = "owner=ml-lead@example.com reason=pilot on public data expires=2026-06-30";
        let waiver = Waiver {
            owner: "ml-lead@example.com".to_owned(),
            reason: "pilot on public data".to_owned(),
            expires: NaiveDate::from_ymd_opt(2026, 6, 30).expect("a date"),
        };
        assert_eq!(waived(Some(tag), at("2026-06-30T23:59:59Z")), Waived::Yes(waiver.clone()));
        assert_eq!(waived(Some(tag), at("2026-07-01T00:00:00Z")), Waived::Expired(waiver));
        assert_eq!(waived(None, at("2026-07-01T00:00:00Z")), Waived::No);
    }

    #[test]
    fn what_is_malformed_waives_nothing_and_says_what_is_wrong() {
        for (tag, expected) in [
            ("", "no owner"),
            ("approved", "begins with approved"),
            ("owner=a expires=2026-06-30", "no reason"),
            ("owner=a reason= expires=2026-06-30", "no reason"),
            ("owner=a reason=b", "no expires"),
            ("owner=a reason=b expires=30.06.2026", "no date"),
            ("owner=a reason=b expires=2026-02-30", "no date"),
            ("owner=a reason=b owner=c expires=2026-06-30", "twice"),
        ] {
            match waived(Some(tag), at("2026-01-01T00:00:00Z")) {
                Waived::Malformed(wrong) => assert!(wrong.contains(expected), "{tag}: {wrong}"),
                other => panic!("{tag}: {other:?}"),
            }
        }
    }
}
