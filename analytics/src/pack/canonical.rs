//! One text for one value.
//!
//! Members are sorted, strings escaped and numbers written as RFC 8785 asks; the numbers here are whole, and the
//! members' names ASCII, for which its order is that of the bytes. A record of CloudTrail's own is never rewritten.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::Value;

/// A value in one line, without its end.
pub fn line(value: &impl Serialize) -> String {
    sorted(value).to_string()
}

/// A value over several lines, for reading.
pub fn page(value: &impl Serialize) -> String {
    format!("{:#}\n", sorted(value))
}

/// A JSON text in one line. Line breaks stand only between the parts of a JSON text, where a space means the same.
pub fn one_line(json: &str) -> String {
    json.trim().replace(['\r', '\n'], " ")
}

/// A time in UTC with as many digits as it needs.
pub fn time_text(at: &DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn sorted(value: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(value).expect("our values have text for member names, and no odd numbers");
    value.sort_all_objects();
    value
}

/// Times as members.
pub mod time {
    use super::{DateTime, Utc, time_text};
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes it.
    pub fn serialize<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&time_text(at))
    }

    /// Reads it.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
        parse(&String::deserialize(deserializer)?)
    }

    pub(super) fn parse<E: Error>(text: &str) -> Result<DateTime<Utc>, E> {
        let parsed = DateTime::parse_from_rfc3339(text).map(|at| at.to_utc());
        parsed.map_err(|_| E::custom(format!("{text:?} is not a time of RFC 3339")))
    }
}

/// Times as members that may be null.
pub mod maybe_time {
    use super::{DateTime, Utc, time, time_text};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes it.
    pub fn serialize<S: Serializer>(at: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
        at.as_ref().map(time_text).serialize(serializer)
    }

    /// Reads it.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
        Option::<String>::deserialize(deserializer)?.map(|text| time::parse(&text)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_are_sorted_at_every_depth_and_lists_are_left() {
        let value = json!({"b": [{"z": 1, "a": null}, 2], "a": "é\u{1}\n\"/"});
        assert_eq!(line(&value), "{\"a\":\"é\\u0001\\n\\\"/\",\"b\":[{\"a\":null,\"z\":1},2]}");
        assert_eq!(page(&json!({"b": [], "a": 1})), "{\n  \"a\": 1,\n  \"b\": []\n}\n");
    }

    #[test]
    fn a_text_over_several_lines_means_the_same_in_one() {
        let text = "{\r\n \"a\": \"b\\nc\"\n}\n";
        assert_eq!(one_line(text), "{   \"a\": \"b\\nc\" }");
        let parse = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        assert_eq!(parse(text), parse(&one_line(text)));
    }

    #[test]
    fn times_have_the_digits_they_need() {
        for (text, expected) in [
            ("2026-02-03T04:05:06+01:00", "2026-02-03T03:05:06Z"),
            ("2026-02-03T04:05:06.120Z", "2026-02-03T04:05:06.120Z"),
            ("2026-02-03T04:05:06.000001Z", "2026-02-03T04:05:06.000001Z"),
        ] {
            let at: DateTime<Utc> = text.parse().expect("a time");
            assert_eq!(time_text(&at), expected);
        }
    }
}
