//! One record's bytes into its members.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, Utc};
use schemas::record::{MEMBERS, member_index};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Why a record is set aside. Each message reads after `record N of FILE`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Bytes that are no text.
    #[error("is not UTF-8 from byte {at} on")]
    NotUtf8 {
        /// The first such byte, from the record's start.
        at: usize,
    },
    /// Not a JSON object.
    #[error("is not a JSON object: {cause}")]
    NotAnObject {
        /// The parser's words.
        cause: String,
    },
    /// A member that every record must have.
    #[error("has no {member}; CloudTrail writes it in every record")]
    Missing {
        /// CloudTrail's name of the member.
        member: &'static str,
    },
    /// A time that is none.
    #[error("has eventTime {found:?}, which is not a date and time in UTC such as 2026-03-04T05:06:07Z")]
    BadEventTime {
        /// The text.
        found: String,
    },
}

impl Rejection {
    /// One word for the kind of damage, for tables and counts.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotUtf8 { .. } => "not_utf8",
            Self::NotAnObject { .. } => "not_an_object",
            Self::Missing { .. } => "missing_member",
            Self::BadEventTime { .. } => "bad_event_time",
        }
    }
}

/// A text that is no time is shown so far: it may be megabytes.
const TIME_SHOWN: usize = 40;

/// A member of a record in its own bytes; of a key that stands twice, the last.
pub type Member<'a> = Option<&'a RawValue>;

/// A record whose four decisive members are there and well formed.
pub struct Record<'a> {
    /// `eventID`.
    pub event_id: Cow<'a, str>,
    /// `eventTime`.
    pub event_time: DateTime<Utc>,
    /// `eventSource`.
    pub event_source: Cow<'a, str>,
    /// `eventName`.
    pub event_name: Cow<'a, str>,
    /// In the order of [`MEMBERS`].
    pub members: [Member<'a>; MEMBERS.len()],
    /// Members that [`MEMBERS`] does not name, in the record's order.
    pub others: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Record<'a> {
    /// Reads a record.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Rejection> {
        let text =
            simdutf8::compat::from_utf8(bytes).map_err(|error| Rejection::NotUtf8 { at: error.valid_up_to() })?;
        let raw = RawMembers::parse(text)?;
        let event_time = raw.required("eventTime")?;
        Ok(Self {
            event_id: raw.required("eventID")?,
            event_time: parse_time(&event_time)
                .ok_or_else(|| Rejection::BadEventTime { found: event_time.chars().take(TIME_SHOWN).collect() })?,
            event_source: raw.required("eventSource")?,
            event_name: raw.required("eventName")?,
            members: raw.members,
            others: raw.others,
        })
    }
}

/// The `eventID` of a record that may be damaged otherwise.
pub fn event_id_of(bytes: &[u8]) -> Option<String> {
    let raw = RawMembers::parse(std::str::from_utf8(bytes).ok()?).ok()?;
    raw.required("eventID").ok().map(Cow::into_owned)
}

/// A JSON value as text: a string's characters, another value's JSON; `None` for null.
pub fn text_of(raw: &RawValue) -> Option<Cow<'_, str>> {
    let json = raw.get();
    match json.as_bytes() {
        b"null" => None,
        [b'"', text @ .., b'"'] if !text.contains(&b'\\') => Some(Cow::Borrowed(&json[1..json.len() - 1])),
        [b'"', ..] => serde_json::from_str(json).ok().map(Cow::Owned),
        _ => Some(Cow::Borrowed(json)),
    }
}

fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    text.ends_with('Z').then(|| DateTime::parse_from_rfc3339(text).ok()).flatten().map(|at| at.to_utc())
}

struct RawMembers<'a> {
    members: [Member<'a>; MEMBERS.len()],
    others: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> RawMembers<'a> {
    fn parse(text: &'a str) -> Result<Self, Rejection> {
        let not_an_object = |cause: serde_json::Error| Rejection::NotAnObject { cause: cause.to_string() };
        let mut json = serde_json::Deserializer::from_str(text);
        let members = json.deserialize_map(Members).map_err(not_an_object)?;
        json.end().map_err(not_an_object)?;
        Ok(members)
    }

    fn required(&self, name: &'static str) -> Result<Cow<'a, str>, Rejection> {
        let raw = member_index(name).and_then(|index| self.members[index]);
        raw.and_then(text_of).filter(|text| !text.is_empty()).ok_or(Rejection::Missing { member: name })
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = RawMembers<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a CloudTrail record, which is an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = RawMembers { members: [None; MEMBERS.len()], others: Vec::new() };
        while let Some(Key(name)) = map.next_key()? {
            let value = map.next_value()?;
            match member_index(&name) {
                Some(index) => found.members[index] = Some(value),
                None => found.others.push((name, value)),
            }
        }
        Ok(found)
    }
}

/// A key, borrowed unless it is written with escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member's name")
            }
            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(name)))
            }
            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = r#"{"eventVersion":"1.11","eventTime":"2026-03-04T05:06:07Z","eventSource":"ec2.amazonaws.com","eventName":"DeleteVpc","eventID":"e-1"}"#;

    #[test]
    fn a_record_lacking_what_decides_is_rejected_by_name() {
        assert!(Record::parse(SOUND.as_bytes()).is_ok());
        let text = |from: &str, to: &str| SOUND.replace(from, to);
        for (record, expected) in [
            (text(r#","eventID":"e-1""#, ""), "has no eventID; CloudTrail writes it in every record"),
            (text(r#""e-1""#, "null"), "has no eventID; CloudTrail writes it in every record"),
            (text(r#""DeleteVpc""#, r#""""#), "has no eventName; CloudTrail writes it in every record"),
            (
                text("2026-03-04", "2026-02-30"),
                "has eventTime \"2026-02-30T05:06:07Z\", which is not a date and time in UTC such as 2026-03-04T05:06:07Z",
            ),
            (
                "null".to_owned(),
                "is not a JSON object: invalid type: null, expected a CloudTrail record, which is an object at line 1 column 4",
            ),
        ] {
            assert_eq!(
                Record::parse(record.as_bytes()).err().map(|e| e.to_string()).as_deref(),
                Some(expected),
                "{record}"
            );
        }
        assert_eq!(Record::parse(b"{\"eventID\":\"\xff\"}").err(), Some(Rejection::NotUtf8 { at: 12 }));
        assert_eq!(event_id_of(text("2026-03-04", "soon").as_bytes()).as_deref(), Some("e-1"));
    }

    #[test]
    fn escapes_and_unknown_members_are_read() {
        let record = SOUND.replace("eventID", "event\\u0049D").replace("}", r#","newMember":{"a" : [1]}}"#);
        let record = Record::parse(record.as_bytes()).expect("sound");
        assert_eq!(record.event_id, "e-1");
        assert_eq!(record.others.len(), 1);
        assert_eq!((record.others[0].0.as_ref(), record.others[0].1.get()), ("newMember", r#"{"a" : [1]}"#));
    }
}
