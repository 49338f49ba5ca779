//! Where the records of a log file begin and end, found without parsing them.
//!
//! From masks of quotes, backslashes and brackets: which brackets stand outside strings. Cost is a fraction of
//! decompression; a record that is wanted is parsed for real afterwards, so a mistake inside one (`{"a":]`) shows there.

use std::ops::Range;

use super::damage::Damage;
use super::masks::{BLOCK, Lanes, Strings, Work, padded, widest};

/// The most elements that one call finds.
pub const ELEMENTS: usize = 1 << 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Opening,
    FirstElement,
    Element,
    Separator,
    Closing,
    Done,
}

/// Splits the `Records` array of a document that arrives in windows.
#[derive(Debug)]
pub struct Splitter {
    phase: Phase,
    found: usize,
}

impl Splitter {
    /// A splitter at the start of a document.
    pub fn new() -> Self {
        Self { phase: Phase::Opening, found: 0 }
    }

    /// Appends the byte range of every element that stands whole in `window`, and returns how many bytes it is through
    /// with. The rest belongs at the front of the next window. `is_last`: the document ends with this window. Stops early
    /// when `elements` holds [`ELEMENTS`], for a hostile window can hold millions.
    pub fn split(&mut self, window: &[u8], is_last: bool, elements: &mut Vec<Range<usize>>) -> Result<usize, Damage> {
        widest(Split { splitter: self, window, is_last, elements })
    }

    #[inline(always)]
    fn split_with(
        &mut self,
        lanes: impl Lanes,
        window: &[u8],
        is_last: bool,
        elements: &mut Vec<Range<usize>>,
    ) -> Result<usize, Damage> {
        let mut at = skip_space(window, 0);
        loop {
            let next = match self.phase {
                Phase::Opening => opening(window, at).ok_or_else(|| Damage::of_document(window))?,
                Phase::FirstElement if window.get(at) == Some(&b']') => {
                    self.phase = Phase::Closing;
                    at = skip_space(window, at + 1);
                    continue;
                }
                Phase::FirstElement | Phase::Element if elements.len() >= ELEMENTS => return Ok(at),
                Phase::FirstElement | Phase::Element => match element_end(lanes, window, at) {
                    Some(end) if end > at => {
                        elements.push(at..end);
                        self.found += 1;
                        end
                    }
                    Some(_) => return Err(Damage::not_json(window, at, "a record")),
                    None => return self.pause(at, is_last),
                },
                Phase::Separator => match window.get(at) {
                    Some(b',') => {
                        self.phase = Phase::Element;
                        at = skip_space(window, at + 1);
                        continue;
                    }
                    Some(b']') => at + 1,
                    Some(_) => return Err(Damage::not_json(window, at, "a comma or the end of Records")),
                    None => return self.pause(at, is_last),
                },
                Phase::Closing => match window.get(at) {
                    Some(b'}') => at + 1,
                    Some(_) => return Err(Damage::not_json(window, at, "the end of the document")),
                    None => return self.pause(at, is_last),
                },
                Phase::Done if at == window.len() => return Ok(at),
                Phase::Done => return Err(Damage::trailing(window, at)),
            };
            self.phase = match self.phase {
                Phase::Opening => Phase::FirstElement,
                Phase::FirstElement | Phase::Element => Phase::Separator,
                Phase::Separator => Phase::Closing,
                Phase::Closing | Phase::Done => Phase::Done,
            };
            at = skip_space(window, next);
        }
    }

    /// Whether the document was gone through to its end.
    pub fn is_done(&self) -> bool {
        self.phase == Phase::Done
    }

    fn pause(&self, at: usize, is_last: bool) -> Result<usize, Damage> {
        if is_last { Err(Damage::Truncated { whole_records: self.found }) } else { Ok(at) }
    }
}

/// One call of [`Splitter::split`].
struct Split<'a> {
    splitter: &'a mut Splitter,
    window: &'a [u8],
    is_last: bool,
    elements: &'a mut Vec<Range<usize>>,
}

impl Work for Split<'_> {
    type Output = Result<usize, Damage>;

    #[inline(always)]
    fn run(self, lanes: impl Lanes) -> Self::Output {
        self.splitter.split_with(lanes, self.window, self.is_last, self.elements)
    }
}

/// The position behind `{"Records":[`, white space allowed between.
fn opening(window: &[u8], at: usize) -> Option<usize> {
    let mut at = at;
    for token in [b"{".as_slice(), b"\"Records\"", b":", b"["] {
        at = skip_space(window, at);
        window[at..].starts_with(token).then_some(())?;
        at += token.len();
    }
    Some(at)
}

fn skip_space(window: &[u8], from: usize) -> usize {
    window[from..]
        .iter()
        .position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
        .map_or(window.len(), |n| from + n)
}

/// Where the JSON value at `at` ends: `None` when the window ends first, `at` itself when no value starts there.
#[inline(always)]
fn element_end(lanes: impl Lanes, window: &[u8], at: usize) -> Option<usize> {
    match window.get(at)? {
        b'{' | b'[' => bracket_end(lanes, window, at),
        b'"' => string_end(window, at + 1),
        _ => window[at..]
            .iter()
            .position(|byte| matches!(byte, b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t'))
            .map(|n| at + n),
    }
}

/// The position behind the quote that ends a string whose text starts at `at`.
pub fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = at;
    loop {
        at += memchr::memchr2(b'"', b'\\', &bytes[at..])?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
        if at > bytes.len() {
            return None;
        }
    }
}

/// The position behind the bracket that closes the one at `at`; `None` when the bytes end first.
#[inline(always)]
fn bracket_end(lanes: impl Lanes, bytes: &[u8], at: usize) -> Option<usize> {
    let (mut strings, mut depth) = (Strings::default(), 0_u32);
    let (blocks, rest) = bytes[at..].as_chunks::<BLOCK>();
    let last = padded(rest);
    for (n, block) in blocks.iter().chain([&last]).enumerate() {
        let masks = lanes.masks(block);
        let outside = !strings.next(&masks).inside;
        let (opens, closes) = (masks.opens & outside, masks.closes & outside);
        if closes.count_ones() < depth {
            depth = depth + opens.count_ones() - closes.count_ones();
        } else if let Some(offset) = close_in(opens, closes, &mut depth) {
            return Some(at + n * BLOCK + offset + 1);
        }
    }
    None
}

/// Where in a block the depth returns to zero: the depth after every bracket in turn.
#[inline(always)]
fn close_in(opens: u64, closes: u64, depth: &mut u32) -> Option<usize> {
    let mut rest = opens | closes;
    while rest != 0 {
        let offset = rest.trailing_zeros();
        if opens >> offset & 1 == 1 {
            *depth += 1;
        } else {
            *depth -= 1;
            if *depth == 0 {
                return Some(offset as usize);
            }
        }
        rest &= rest - 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split_whole(document: &str) -> Result<Vec<&str>, Damage> {
        let mut elements = Vec::new();
        Splitter::new().split(document.as_bytes(), true, &mut elements)?;
        Ok(elements.into_iter().map(|range| &document[range]).collect())
    }

    #[test]
    fn records_are_found_whatever_stands_in_them() {
        let records = [
            r#"{"a":"}]{["}"#,
            r#"{"a":"\"}","b":[{},{"c":"\\"}]}"#,
            r#"{"long":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\\\\\\\"}"}"#,
            "{}",
            "null",
            "[1,2]",
            "\"]}\"",
            "17",
        ];
        let compact = format!(r#"{{"Records":[{}]}}"#, records.join(","));
        let spaced = format!("\n{{ \"Records\" :\t[ {} ] }}\n", records.join(" ,\r\n"));
        assert_eq!(split_whole(&compact).expect("a document"), records);
        assert_eq!(split_whole(&spaced).expect("a document"), records);
        assert!(split_whole(r#"{"Records":[]}"#).expect("a document").is_empty());
    }

    #[test]
    fn damage_is_named() {
        for (document, reason) in [
            ("", "empty"),
            ("PK\u{3}", "not_json"),
            (r#"{"Records":[{"a":1},{"b":"#, "truncated"),
            (r#"{"Records":[{"a":1}]"#, "truncated"),
            (r#"{"Records":[{"a":1},]}"#, "not_json"),
            (r#"{"Records":[{"a":1} {"b":2}]}"#, "not_json"),
            (r#"{"awsAccountId":"1","logFiles":[]}"#, "not_cloudtrail"),
            (r#"{"Records":{"a":1}}"#, "not_cloudtrail"),
            (r#"[{"eventVersion":"1.08"}]"#, "not_cloudtrail"),
            ("{\"eventVersion\":\"1.08\"}\n{\"eventVersion\":\"1.08\"}\n", "json_lines"),
            ("{\"Records\":[{}]}\n{\"Records\":[{}]}", "json_lines"),
        ] {
            assert_eq!(split_whole(document).expect_err(document).reason(), reason, "{document}");
        }
    }

    proptest! {
        #[test]
        fn windows_of_any_size_give_the_same_records(
            values in prop::collection::vec(json_value(), 0..12),
            window in 1_usize..200,
        ) {
            let records: Vec<String> = values.iter().map(|value| serde_json::json!({ "a": value }).to_string()).collect();
            let document = format!(r#"{{"Records":[{}]}}"#, records.join(","));
            let mut splitter = Splitter::new();
            let (mut found, mut held, mut at) = (Vec::new(), Vec::new(), 0);
            while at < document.len() || !held.is_empty() {
                // The opening must stand in one window; a real one is megabytes.
                let step = if at == 0 { window.max(16) } else { window };
                let end = (at + step).min(document.len());
                held.extend_from_slice(&document.as_bytes()[at..end]);
                at = end;
                let mut elements = Vec::new();
                let through = splitter.split(&held, at == document.len(), &mut elements).expect("a document");
                found.extend(elements.into_iter().map(|range| String::from_utf8_lossy(&held[range]).into_owned()));
                held.drain(..through);
            }
            prop_assert_eq!(found, records);
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Splitter::new().split(&bytes, true, &mut Vec::new());
            let document = [br#"{"Records":["#.as_slice(), &bytes].concat();
            let _ = Splitter::new().split(&document, true, &mut Vec::new());
        }
    }

    fn json_value() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            "[\\\\\"\\[\\]{}a-z, ]{0,90}".prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
                prop::collection::btree_map("[\\\\\"{}a-z]{0,9}", inner, 0..4)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }
}
