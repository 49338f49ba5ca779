//! One record's bytes into its members.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};
use schemas::record::{MEMBERS, member_index};
use serde_json::error::Category;

use super::members::MemberReader;

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
        /// What is wrong, and where.
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

/// A member of a record: its value's JSON as written; of a key that stands twice, the last.
pub type Member<'a> = Option<&'a str>;

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
    pub others: Vec<(Cow<'a, str>, &'a str)>,
    /// Whether any of its strings may be written with escapes.
    pub has_escapes: bool,
}

/// Reads one record after another, keeping its buffer.
#[derive(Default)]
pub struct RecordReader {
    members: MemberReader,
}

impl RecordReader {
    /// Reads a record.
    pub fn read<'a>(&mut self, bytes: &'a [u8]) -> Result<Record<'a>, Rejection> {
        let text =
            simdutf8::compat::from_utf8(bytes).map_err(|error| Rejection::NotUtf8 { at: error.valid_up_to() })?;
        let raw = RawMembers::read(text, &mut self.members)?;
        let event_time = raw.required("eventTime")?;
        Ok(Record {
            event_id: raw.required("eventID")?,
            event_time: parse_time(&event_time)
                .ok_or_else(|| Rejection::BadEventTime { found: event_time.chars().take(TIME_SHOWN).collect() })?,
            event_source: raw.required("eventSource")?,
            event_name: raw.required("eventName")?,
            members: raw.members,
            others: raw.others,
            has_escapes: raw.has_escapes,
        })
    }
}

/// The `eventID` of a record that may be damaged otherwise.
pub fn event_id_of(bytes: &[u8]) -> Option<String> {
    let raw = RawMembers::read(std::str::from_utf8(bytes).ok()?, &mut MemberReader::default()).ok()?;
    raw.required("eventID").ok().map(Cow::into_owned)
}

/// A JSON value as text: a string's characters, another value's JSON; `None` for null. Without escapes nothing is to be
/// looked for.
pub fn text_of(json: &str, has_escapes: bool) -> Option<Cow<'_, str>> {
    match json.as_bytes() {
        b"null" => None,
        [b'"', text @ .., b'"'] if !has_escapes || memchr::memchr(b'\\', text).is_none() => {
            Some(Cow::Borrowed(&json[1..json.len() - 1]))
        }
        [b'"', ..] => serde_json::from_str(json).ok().map(Cow::Owned),
        _ => Some(Cow::Borrowed(json)),
    }
}

/// The parser's own words repeat what stands there, which may be a secret.
fn without_quotes(cause: &serde_json::Error) -> String {
    let place = format!("line {} column {}", cause.line(), cause.column());
    match cause.classify() {
        Category::Data => "another value stands there".to_owned(),
        Category::Eof => format!("it ends too early, at {place}"),
        Category::Syntax | Category::Io => format!("no JSON at {place}"),
    }
}

fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let with_fraction = || text.ends_with('Z').then(|| DateTime::parse_from_rfc3339(text).ok()).flatten();
    whole_second(text.as_bytes()).or_else(|| with_fraction().map(|at| at.to_utc()))
}

/// A time of the form in which CloudTrail writes nearly all: `2026-03-04T05:06:07Z`.
fn whole_second(text: &[u8]) -> Option<DateTime<Utc>> {
    let text: &[u8; 20] = text.try_into().ok()?;
    let separators = [text[4], text[7], text[10], text[13], text[16], text[19]];
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0')))
    };
    let date = NaiveDate::from_ymd_opt(number(&text[..4])?.cast_signed(), number(&text[5..7])?, number(&text[8..10])?)?;
    let at = date.and_hms_opt(number(&text[11..13])?, number(&text[14..16])?, number(&text[17..19])?)?;
    (separators == *b"--T::Z").then(|| at.and_utc())
}

struct RawMembers<'a> {
    members: [Member<'a>; MEMBERS.len()],
    others: Vec<(Cow<'a, str>, &'a str)>,
    has_escapes: bool,
}

impl<'a> RawMembers<'a> {
    fn read(text: &'a str, reader: &mut MemberReader) -> Result<Self, Rejection> {
        let mut found = Self { members: [None; MEMBERS.len()], others: Vec::new(), has_escapes: true };
        let add = |name: Cow<'a, str>, value| match member_index(&name) {
            Some(index) => found.members[index] = Some(value),
            None => found.others.push((name, value)),
        };
        reader.read(text, add).map_err(|cause| Rejection::NotAnObject { cause: without_quotes(&cause) })?;
        found.has_escapes = reader.has_escapes();
        Ok(found)
    }

    fn required(&self, name: &'static str) -> Result<Cow<'a, str>, Rejection> {
        let json = member_index(name).and_then(|index| self.members[index]);
        json.and_then(|json| text_of(json, self.has_escapes))
            .filter(|text| !text.is_empty())
            .ok_or(Rejection::Missing { member: name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = r#"{"eventVersion":"1.11","eventTime":"2026-03-04T05:06:07Z","eventSource":"ec2.amazonaws.com","eventName":"DeleteVpc","eventID":"e-1"}"#;

    fn read(bytes: &[u8]) -> Result<Record<'_>, Rejection> {
        RecordReader::default().read(bytes)
    }

    #[test]
    fn a_record_lacking_what_decides_is_rejected_by_name() {
        assert!(read(SOUND.as_bytes()).is_ok());
        let text = |from: &str, to: &str| SOUND.replace(from, to);
        for (record, expected) in [
            (text(r#","eventID":"e-1""#, ""), "has no eventID; CloudTrail writes it in every record"),
            (text(r#""e-1""#, "null"), "has no eventID; CloudTrail writes it in every record"),
            (text(r#""DeleteVpc""#, r#""""#), "has no eventName; CloudTrail writes it in every record"),
            (
                text("2026-03-04", "2026-02-30"),
                "has eventTime \"2026-02-30T05:06:07Z\", which is not a date and time in UTC such as 2026-03-04T05:06:07Z",
            ),
            ("null".to_owned(), "is not a JSON object: another value stands there"),
        ] {
            assert_eq!(read(record.as_bytes()).err().map(|e| e.to_string()).as_deref(), Some(expected), "{record}");
        }
        assert_eq!(read(b"{\"eventID\":\"\xff\"}").err(), Some(Rejection::NotUtf8 { at: 12 }));
        assert_eq!(event_id_of(text("2026-03-04", "soon").as_bytes()).as_deref(), Some("e-1"));
    }

    #[test]
    fn escapes_and_unknown_members_are_read() {
        let record = SOUND.replace("eventID", "event\\u0049D").replace("}", r#","newMember":{"a" : [1]}}"#);
        let record = read(record.as_bytes()).expect("sound");
        assert_eq!(record.event_id, "e-1");
        assert_eq!(record.others.len(), 1);
        assert_eq!((record.others[0].0.as_ref(), record.others[0].1), ("newMember", r#"{"a" : [1]}"#));
    }

    #[test]
    fn the_quick_way_to_read_a_time_is_the_plain_one() {
        for text in ["2026-03-04T05:06:07Z", "2024-02-29T23:59:59Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"] {
            assert_eq!(
                whole_second(text.as_bytes()),
                DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc()),
                "{text}"
            );
        }
        for text in [
            "2026-02-30T05:06:07Z",
            "2026-03-04T24:06:07Z",
            "2026-03-04 05:06:07Z",
            "2026-03-04T05:06:0xZ",
            "+026-03-04T05:06:07Z",
        ] {
            assert_eq!(whole_second(text.as_bytes()), None, "{text}");
        }
        assert!(parse_time("2026-03-04T05:06:07.123Z").is_some());
        assert_eq!(parse_time("2026-03-04T05:06:07+00:00"), None);
    }
}
