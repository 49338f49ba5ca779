//! Values for a question's parameters.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use datafusion::common::{ParamValues, ScalarValue};

use super::catalog::{ParameterKind, Question};
use crate::error::{Error, Result};

/// What was given for parameters, by name; what was not given takes its default.
#[derive(Debug, Clone, Default)]
pub struct Bindings {
    /// Times, by parameter.
    pub times: BTreeMap<String, DateTime<Utc>>,
    /// Texts, by parameter.
    pub texts: BTreeMap<String, String>,
}

/// A value of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// An instant.
    Time(DateTime<Utc>),
    /// A text.
    Text(String),
}

impl Value {
    fn scalar(self) -> ScalarValue {
        match self {
            Self::Time(at) => time_value(at),
            Self::Text(text) => ScalarValue::Utf8(Some(text)),
        }
    }
}

impl Bindings {
    /// The values that a question takes; a name that it does not know lists those it does.
    pub fn values(&self, question: &Question, now: DateTime<Utc>) -> Result<ParamValues> {
        let values = self.plain_values(question, now)?.into_iter().map(|(name, value)| (name, value.scalar()));
        Ok(ParamValues::from(values.collect::<std::collections::HashMap<_, _>>()))
    }

    /// The same, in the order of the header, for another engine.
    pub fn plain_values(&self, question: &Question, now: DateTime<Utc>) -> Result<Vec<(String, Value)>> {
        let known: Vec<&str> = question.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        for name in self.times.keys().chain(self.texts.keys()) {
            if !known.contains(&name.as_str()) {
                return Err(Error::Misused(format!(
                    "query {} has no parameter {name}; it has: {}",
                    question.name,
                    list(&known)
                )));
            }
        }
        let values = question.parameters.iter().map(|parameter| {
            let name = &parameter.name;
            let value = match parameter.kind {
                ParameterKind::Time => {
                    Value::Time(self.times.get(name).copied().unwrap_or_else(|| default_time(name, now)))
                }
                ParameterKind::Text => Value::Text(self.texts.get(name).cloned().unwrap_or_default()),
            };
            (name.clone(), value)
        });
        Ok(values.collect())
    }

    /// Values for SQL that somebody typed: all that were given, and the times that every question has.
    pub fn own_values(&self, now: DateTime<Utc>) -> ParamValues {
        let times = ["since", "until", "as_of"].map(|name| {
            (name.to_owned(), time_value(self.times.get(name).copied().unwrap_or_else(|| default_time(name, now))))
        });
        let texts = self.texts.iter().map(|(name, value)| (name.clone(), ScalarValue::Utf8(Some(value.clone()))));
        ParamValues::from(times.into_iter().chain(texts).collect::<std::collections::HashMap<_, _>>())
    }
}

fn list(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// `$since` is open to the past; `$until` and `$as_of` end now.
fn default_time(name: &str, now: DateTime<Utc>) -> DateTime<Utc> {
    if name == "since" { DateTime::UNIX_EPOCH } else { now }
}

fn time_value(at: DateTime<Utc>) -> ScalarValue {
    ScalarValue::TimestampMicrosecond(Some(at.timestamp_micros()), Some("UTC".into()))
}

/// Reads a time: RFC 3339, a date (its first instant in UTC), or a span before now (`90d`, `12h`).
pub fn parse_time(text: &str, now: DateTime<Utc>) -> std::result::Result<DateTime<Utc>, String> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.to_utc());
    }
    if let Some(midnight) = text.parse::<NaiveDate>().ok().and_then(|day| day.and_hms_opt(0, 0, 0)) {
        return Ok(midnight.and_utc());
    }
    let span = humantime::parse_duration(text).ok().and_then(|span| TimeDelta::from_std(span).ok());
    span.and_then(|span| now.checked_sub_signed(span)).ok_or_else(|| {
        "expected a time such as 2026-03-04T05:06:07Z, a date such as 2026-03-04, or a span before now such as 90d"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_typed() {
        let now: DateTime<Utc> = "2026-03-31T12:00:00Z".parse().expect("a time");
        for (text, expected) in [
            ("2026-03-04T05:06:07Z", "2026-03-04T05:06:07+00:00"),
            ("2026-03-04T05:06:07+02:00", "2026-03-04T03:06:07+00:00"),
            ("2026-03-04", "2026-03-04T00:00:00+00:00"),
            ("90d", "2025-12-31T12:00:00+00:00"),
            ("12h", "2026-03-31T00:00:00+00:00"),
        ] {
            assert_eq!(parse_time(text, now).expect(text).to_rfc3339(), expected);
        }
        for text in ["", "yesterday", "2026-02-30", "99999999999y"] {
            assert!(parse_time(text, now).is_err(), "{text}");
        }
    }
}
