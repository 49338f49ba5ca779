//! Which records are kept, and how the others are passed over without parsing them.

use memchr::memmem::Finder;
use schemas::record::{is_audited, is_audited_name};

use super::split::string_end;

/// Which records become rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keep {
    /// The events that the history is built from: `schemas::record::AUDIT_EVENTS`.
    Audit,
    /// Every record.
    All,
}

impl Keep {
    /// The word for it on the command line and in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::All => "all",
        }
    }

    /// The meaning of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Audit, Self::All].into_iter().find(|keep| keep.as_str() == word)
    }

    /// Whether an event becomes a row.
    pub fn wants(self, event_source: &str, event_name: &str) -> bool {
        self == Self::All || is_audited(event_source, event_name)
    }
}

/// Finds the records that may be audited events. It may choose too many, never too few: a name written with escapes is
/// chosen, and so is a record in which no name is found at all.
pub struct Sieve {
    event_name: Finder<'static>,
    escape: Finder<'static>,
}

impl Default for Sieve {
    fn default() -> Self {
        Self { event_name: Finder::new("\"eventName\""), escape: Finder::new("\\u") }
    }
}

impl Sieve {
    /// Whether a record has to be parsed.
    pub fn may_be_audited(&self, record: &[u8]) -> bool {
        let mut names = self.event_name.find_iter(record).map(|at| &record[at + "\"eventName\"".len()..]).peekable();
        names.peek().is_none() || names.any(names_an_audited_event) || self.has_an_escaped_key(record)
    }

    /// Letters in a key can only be escaped as `\u....`; the string that holds it is a key if a colon follows.
    fn has_an_escaped_key(&self, record: &[u8]) -> bool {
        self.escape
            .find_iter(record)
            .any(|at| string_end(record, at).is_none_or(|end| record[end..].trim_ascii_start().first() == Some(&b':')))
    }
}

/// Whether the text behind `"eventName"` is an audited name, or anything that has to be looked at more closely.
fn names_an_audited_event(behind: &[u8]) -> bool {
    let Some(value) = behind.trim_ascii_start().strip_prefix(b":") else { return false };
    let Some(text) = value.trim_ascii_start().strip_prefix(b"\"") else { return true };
    match string_end(text, 0) {
        Some(end) => is_audited_name(&text[..end - 1]) || text[..end - 1].contains(&b'\\'),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_sieve_passes_all_that_may_matter() {
        for (record, expected) in [
            (r#"{"eventName":"DeleteSecurityGroup"}"#, true),
            (r#"{"eventName" : "DeleteSecurityGroup"}"#, true),
            (r#"{"eventName":"Delete\u0053ecurityGroup"}"#, true),
            (r#"{"event\u004eame":"DeleteSecurityGroup"}"#, true),
            (r#"{"requestParameters":{"eventName":"Decrypt"},"event\u004eame":"DeleteSecurityGroup"}"#, true),
            (r#"{"requestParameters":{"eventName":"DeleteVpc"},"eventName":"Decrypt"}"#, true),
            (r#"{"eventName":17}"#, true),
            (r#"{"eventID":"no name at all"}"#, true),
            (r#"{"eventName":"Decrypt"}"#, false),
            (r#"{"eventName":"DeleteSecurityGroups"}"#, false),
            (r#"{"eventName":"Decrypt","userAgent":"\u003cDeleteSecurityGroup\u003e"}"#, false),
            (r#"{"eventName":"Decrypt","policy":"{\"eventName\":\"DeleteVpc\"}"}"#, false),
        ] {
            assert_eq!(Sieve::default().may_be_audited(record.as_bytes()), expected, "{record}");
        }
    }

    /// A text as JSON, every character escaped or none.
    fn quoted(text: &str, is_escaped: bool) -> String {
        let escaped = |c: char| format!("\\u{:04x}", u32::from(c));
        let text = if is_escaped { text.chars().map(escaped).collect() } else { text.to_owned() };
        format!("\"{text}\"")
    }

    proptest! {
        /// Whatever stands beside it, in whatever order, spacing and spelling: a record that the parser takes for an
        /// audited event passes the sieve.
        #[test]
        fn the_sieve_never_drops_what_the_parser_would_keep(
            members in prop::collection::vec(
                (
                    prop::sample::select(vec!["eventName", "eventSource", "eventID", "x", "requestParameters"]),
                    prop::sample::select(vec!["DeleteVpc", "Decrypt", "ec2.amazonaws.com", "\\\"eventName\\\":", "{\\\\"]),
                    any::<[bool; 3]>(),
                    prop::sample::select(vec!["", " ", "\n\t"]),
                ),
                1..8,
            )
        ) {
            let member = |(name, value, [escape_name, escape_value, nest], space): &(&str, &str, [bool; 3], &str)| {
                let is_plain = !value.contains('\\');
                let value = quoted(value, *escape_value && is_plain);
                let value = if *nest && *name == "requestParameters" { format!("{{\"eventName\":{value}}}") } else { value };
                format!("{space}{}{space}:{space}{value}", quoted(name, *escape_name))
            };
            let record = format!("{{\"eventTime\":\"2026-03-04T05:06:07Z\",{}}}", members.iter().map(member).collect::<Vec<_>>().join(","));
            let kept = super::super::record::RecordReader::default().read(record.as_bytes())
                .is_ok_and(|record| Keep::Audit.wants(&record.event_source, &record.event_name));
            prop_assert!(!kept || Sieve::default().may_be_audited(record.as_bytes()), "{record}");
        }
    }
}
