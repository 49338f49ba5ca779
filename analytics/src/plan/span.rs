//! Spans of time as typed: `30s`, `10m`.

use std::time::Duration;

use super::misused;
use crate::cli::{Query, Shell};
use crate::error::Result;

impl Query {
    /// How long the statement may take.
    pub fn time_limit(&self) -> Result<Option<Duration>> {
        time_limit(self.time_limit.as_deref())
    }
}

impl Shell {
    /// How long each statement may take.
    pub fn time_limit(&self) -> Result<Option<Duration>> {
        time_limit(self.time_limit.as_deref())
    }
}

fn time_limit(text: Option<&str>) -> Result<Option<Duration>> {
    text.map(|text| span("--time-limit", text)).transpose()
}

/// A span that a clock can add: up to a week.
pub(super) fn span(option: &str, text: &str) -> Result<Duration> {
    let week = Duration::from_secs(7 * 24 * 60 * 60);
    let span = humantime::parse_duration(text).ok().filter(|span| !span.is_zero() && *span <= week);
    span.ok_or_else(|| misused(option, text, "a span such as 30s or 5m, a week at most"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_typed_and_others_are_named() {
        assert_eq!(time_limit(None).expect("no limit is one"), None);
        for (text, expected) in [("30s", 30_000), ("10m", 600_000), ("200ms", 200), ("7days", 604_800_000)] {
            let limit = time_limit(Some(text)).expect(text);
            assert_eq!(limit, Some(Duration::from_millis(expected)), "{text}");
        }
        for text in ["", "0s", "soon", "30", "-1s", "8days", "2months", "99999999999999999999s"] {
            let refused = time_limit(Some(text)).expect_err(text).to_string();
            assert!(refused.starts_with(&format!("--time-limit {text:?}: expected a span such as 30s")), "{refused}");
        }
    }
}
