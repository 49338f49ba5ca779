//! The members of a JSON object.
//!
//! The quick way is one pass: first where every token begins, block by block; then the grammar, over those places
//! alone. What it accepts, `serde_json` accepts too, with the same members. It
//! declines what it does not trust itself with (keys written with escapes, deep nesting) and all that is unsound, and
//! then `serde_json` decides.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::masks::{BLOCK, Lanes, Strings, Work, padded, widest};

/// Deeper values are declined.
const DEPTH: usize = 60;

/// Reads one object after another, keeping its buffers.
#[derive(Default)]
pub struct MemberReader {
    tokens: Vec<u32>,
    found: Vec<[Range<usize>; 2]>,
    has_escapes: bool,
}

impl MemberReader {
    /// Hands every member of the object that `text` is to `each`, in order: its name, and its value's JSON as written.
    pub fn read<'a>(
        &mut self,
        text: &'a str,
        mut each: impl FnMut(Cow<'a, str>, &'a str),
    ) -> Result<(), serde_json::Error> {
        if self.find(text).is_none() {
            self.has_escapes = true;
            return read_plainly(text, each);
        }
        for [name, value] in &self.found {
            each(Cow::Borrowed(&text[name.clone()]), &text[value.clone()]);
        }
        Ok(())
    }

    /// Whether any string in the text last read may be written with escapes.
    pub fn has_escapes(&self) -> bool {
        self.has_escapes
    }

    /// The quick way.
    fn find(&mut self, text: &str) -> Option<()> {
        let bytes = text.as_bytes();
        let (count, has_escapes) = widest(Index { bytes, tokens: &mut self.tokens })?;
        let mut walk = Walk { bytes, tokens: &self.tokens[..count], next: 0 };
        self.found.clear();
        self.has_escapes = has_escapes;
        walk.object(|name, value| self.found.push([name, value]))?;
        let is_escaped = |[name, _]: &[Range<usize>; 2]| bytes[name.clone()].contains(&b'\\');
        let is_declined = walk.place(0) != bytes.len() || (has_escapes && self.found.iter().any(is_escaped));
        (!is_declined).then_some(())
    }
}

/// The plain way, which also tells what is wrong.
fn read_plainly<'a>(text: &'a str, each: impl FnMut(Cow<'a, str>, &'a str)) -> Result<(), serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    json.deserialize_map(Members(each))?;
    json.end()
}

struct Members<F>(F);

impl<'de, F: FnMut(Cow<'de, str>, &'de str)> Visitor<'de> for Members<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some((Name(name), value)) = map.next_entry::<_, &RawValue>()? {
            (self.0)(name, value.get());
        }
        Ok(())
    }
}

/// A name, borrowed unless it is written with escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member's name")
            }
            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }
            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

/// Finds where tokens begin, a string being one: how many, and whether there is any escape. `None` where a string cannot be
/// sound.
struct Index<'a> {
    bytes: &'a [u8],
    tokens: &'a mut Vec<u32>,
}

impl Work for Index<'_> {
    type Output = Option<(usize, bool)>;

    #[inline(always)]
    fn run(self, lanes: impl Lanes) -> Self::Output {
        u32::try_from(self.bytes.len()).ok()?;
        // No text has more tokens than bytes; a block's are written where there is room for a whole block of them.
        let room = self.bytes.len() + 2 * BLOCK;
        if self.tokens.len() < room {
            self.tokens.resize(room, 0);
        }
        let mut count = 0;
        let (blocks, rest) = self.bytes.as_chunks::<BLOCK>();
        let (mut strings, mut has_escapes, mut is_in_word) = (Strings::default(), false, false);
        let last = padded(rest);
        for (block, base) in blocks.iter().chain([&last]).zip((0..).step_by(BLOCK)) {
            let masks = lanes.masks(block);
            let quoted = strings.next(&masks);
            if masks.controls & quoted.inside != 0 {
                return None;
            }
            if quoted.escaped != 0 {
                has_escapes = true;
                are_escapes(self.bytes, base as usize, quoted.escaped)?;
            }
            let marks = (masks.opens | masks.closes | masks.separators) & !quoted.inside;
            let words = !(quoted.inside | quoted.quotes | marks | masks.spaces);
            let starts = words & !(words << 1 | u64::from(is_in_word));
            is_in_word = words >> (BLOCK - 1) == 1;
            let room = self.tokens[count..].first_chunk_mut().expect("room for a block");
            count += write_tokens(room, base, marks | quoted.quotes & quoted.inside | starts);
        }
        (!strings.ends_inside()).then_some((count, has_escapes))
    }
}

#[inline(always)]
fn write_tokens(tokens: &mut [u32; BLOCK], base: u32, mut bits: u64) -> usize {
    let count = bits.count_ones() as usize;
    for token in &mut tokens[..count] {
        *token = base + bits.trailing_zeros();
        bits &= bits - 1;
    }
    count
}

/// Whether what stands behind each backslash is one of JSON's escapes.
fn are_escapes(bytes: &[u8], base: usize, mut escaped: u64) -> Option<()> {
    while escaped != 0 {
        let at = base + escaped.trailing_zeros() as usize;
        match bytes.get(at)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
            b'u' => bytes.get(at + 1..at + 5)?.iter().all(u8::is_ascii_hexdigit).then_some(())?,
            _ => return None,
        }
        escaped &= escaped - 1;
    }
    Some(())
}

/// A way through the tokens of one text.
struct Walk<'a> {
    bytes: &'a [u8],
    tokens: &'a [u32],
    /// The token that is next.
    next: usize,
}

/// What the grammar wants next inside a value.
enum Wants {
    Name,
    Value,
    Behind,
}

impl Walk<'_> {
    /// Goes by the object that stands next, and hands the places of each member's name and value to `each`.
    fn object(&mut self, mut each: impl FnMut(Range<usize>, Range<usize>)) -> Option<()> {
        self.take(b'{')?;
        if self.byte(0) == b'}' {
            return self.take(b'}');
        }
        loop {
            let name = self.name()?;
            let start = self.place(0);
            self.value()?;
            each(name, start..self.end());
            match self.byte(0) {
                b',' => self.next += 1,
                _ => return self.take(b'}'),
            }
        }
    }

    /// Goes by a name and its colon.
    #[inline(always)]
    fn name(&mut self) -> Option<Range<usize>> {
        let start = self.place(0) + 1;
        self.take(b'"')?;
        let end = self.end() - 1;
        self.take(b':')?;
        Some(start..end)
    }

    /// Goes by a value, however deep. A bit of `objects` tells `{` from `[` for each open bracket, the lowest for the innermost.
    fn value(&mut self) -> Option<()> {
        let (mut depth, mut objects, mut wants) = (0, 0_u64, Wants::Value);
        loop {
            wants = match wants {
                Wants::Name => {
                    let is_name = self.byte(0) == b'"' && self.byte(1) == b':';
                    self.next += 2;
                    is_name.then_some(Wants::Value)?
                }
                Wants::Value => {
                    let byte = self.byte(0);
                    if !matches!(byte, b'"' | b'{' | b'[') {
                        self.word()?;
                    }
                    self.next += 1;
                    if !matches!(byte, b'{' | b'[') {
                        Wants::Behind
                    } else if depth == DEPTH {
                        return None;
                    } else {
                        depth += 1;
                        objects = objects << 1 | u64::from(byte == b'{');
                        match (byte, self.byte(0)) {
                            (b'{', b'}') | (b'[', b']') => Wants::Behind,
                            (b'{', _) => Wants::Name,
                            _ => Wants::Value,
                        }
                    }
                }
                Wants::Behind if depth == 0 => return Some(()),
                Wants::Behind => {
                    let byte = self.byte(0);
                    self.next += 1;
                    match (objects & 1 == 1, byte) {
                        (true, b',') => Wants::Name,
                        (false, b',') => Wants::Value,
                        (true, b'}') | (false, b']') => {
                            depth -= 1;
                            objects >>= 1;
                            Wants::Behind
                        }
                        _ => return None,
                    }
                }
            };
        }
    }

    /// Whether the next token is a number, `true`, `false` or `null`.
    fn word(&self) -> Option<()> {
        let word = &self.bytes[self.place(0)..self.end_before(self.place(1))];
        (matches!(word, b"true" | b"false" | b"null") || is_number(word)).then_some(())
    }

    /// Goes by the next token, which must be that byte.
    #[inline(always)]
    fn take(&mut self, byte: u8) -> Option<()> {
        let is_next = self.byte(0) == byte;
        self.next += 1;
        is_next.then_some(())
    }

    /// Where the last token ends.
    #[inline(always)]
    fn end(&self) -> usize {
        self.end_before(self.place(0))
    }

    /// Where the token ends behind which there are only spaces up to that place.
    #[inline(always)]
    fn end_before(&self, place: usize) -> usize {
        let mut end = place;
        while matches!(self.bytes[end - 1], b' ' | b'\t' | b'\n' | b'\r') {
            end -= 1;
        }
        end
    }

    /// Where the token after so many more begins; the end of the text, when there is none.
    #[inline(always)]
    fn place(&self, ahead: usize) -> usize {
        self.tokens.get(self.next + ahead).map_or(self.bytes.len(), |place| *place as usize)
    }

    /// The first byte of the token after so many more; 0 when there is none.
    #[inline(always)]
    fn byte(&self, ahead: usize) -> u8 {
        self.bytes.get(self.place(ahead)).copied().unwrap_or(0)
    }
}

fn is_number(bytes: &[u8]) -> bool {
    let digits = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let unsigned = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let whole = digits(unsigned);
    if whole == 0 || (whole > 1 && unsigned[0] == b'0') {
        return false;
    }
    let mut rest = &unsigned[whole..];
    if let [b'.', fraction @ ..] = rest {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = &fraction[count..];
    }
    match rest {
        [b'e' | b'E', b'+' | b'-', power @ ..] | [b'e' | b'E', power @ ..] => {
            !power.is_empty() && digits(power) == power.len()
        }
        _ => rest.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Found = Vec<(String, String)>;

    /// By the quick way alone.
    fn read(text: &str) -> Option<Found> {
        let mut reader = MemberReader::default();
        reader.find(text)?;
        Some(reader.found.iter().map(|found| found.clone().map(|range| text[range].to_owned()).into()).collect())
    }

    /// By the plain way: the model.
    fn plainly(text: &str) -> Option<Found> {
        let mut found = Vec::new();
        read_plainly(text, |name, value| found.push((name.into_owned(), value.to_owned()))).ok()?;
        Some(found)
    }

    #[test]
    fn sound_objects_are_read_and_others_declined() {
        let long = format!(r#"{{"a":"{}","b":[{{"c":"]}}"}}]}}"#, "x\\\"".repeat(100));
        for text in [
            "{}",
            " { } ",
            r#"{"a":1}"#,
            r#"{"a":[],"b":[ ],"c":[1,-2.5e+3,"x",{"d":null}]}"#,
            "{ \"a\" :\t\"b\\u00e9\\\\\" , \"a\" : true\r\n}",
            r#"{"a":"","b":{"a":{"a":[[[]]]}}}"#,
            "{\"é\":\"日本\"}",
            &long,
        ] {
            assert_eq!(read(text), plainly(text), "{text}");
            assert!(read(text).is_some(), "{text}");
        }
        for text in [
            "",
            " ",
            "[]",
            "1",
            "null",
            "\"a\"",
            "{",
            "}",
            "{}}",
            "{}{}",
            "{} x",
            "{,}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\" 1}",
            "{\"a\":1 2}",
            "{\"a\":1 \"b\":2}",
            "{x\"a\":1}",
            "{\"a\"x:1}",
            "{\"a\":\"b\"x}",
            "{\"a\":tru}",
            "{\"a\":01}",
            "{\"a\":1.}",
            "{\"a\":-}",
            "{\"a\":1e}",
            "{\"a\":+1}",
            "{\"a\":.5}",
            "{\"a\":[1,]}",
            "{\"a\":[}]",
            "{\"a\":]}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"\\u12g4\"}",
            "{\"a\":\"\n\"}",
            "{\"a\":\"b}",
            "{1:2}",
            "{\"a\":\\\"b\"}",
            "{\"a\":[1:2]}",
            "{\"a\",1}",
            "{\"a\":\u{a0}1}",
            "{\"a\":\"\\u12\"}",
        ] {
            assert_eq!(plainly(text), None, "{text}");
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_odd_but_sound_is_left_to_the_plain_parser() {
        let deep = |depth| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        for text in [r#"{"\u0061":1}"#, &deep(DEPTH + 1)] {
            assert!(plainly(text).is_some(), "{text}");
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&deep(DEPTH)), plainly(&deep(DEPTH)));
        let mut names = Vec::new();
        MemberReader::default().read(r#"{"b":2,"\u0061":1}"#, |name, _| names.push(name.into_owned())).expect("sound");
        assert_eq!(names, ["b", "a"]);
    }

    /// Sound JSON, some of it with a few bytes put out of order.
    fn texts() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"",
            "\\",
            "\\\"",
            "\\u00e9",
            "\\n",
            "a",
            "é",
            " ",
            "\n",
            "1",
            "-0.5e1",
            "true",
            "null",
            "\"a\":",
            "\"b\":{}",
            "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"",
            ",\"c\":[1,2]",
        ]);
        let soup = prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat());
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<f64>().prop_map(serde_json::Value::from),
            "[\\\\\"\\[\\]{}:,a-zé\u{1}\n]{0,40}".prop_map(serde_json::Value::from),
        ];
        let value = leaf.prop_recursive(4, 30, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
                prop::collection::btree_map("[\\\\\"{}:a-z]{0,12}", inner, 0..5)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        });
        let changed = (value, prop::collection::vec((any::<prop::sample::Index>(), "[\\\\\"\\[\\]{}:, 0-9]"), 0..3))
            .prop_map(|(value, changes)| {
                let mut text: Vec<char> = value.to_string().chars().collect();
                for (at, with) in changes {
                    let at = at.index(text.len());
                    text[at] = with.chars().next().expect("one character");
                }
                text.into_iter().collect()
            });
        prop_oneof![soup.clone(), soup.prop_map(|text| format!("{{\"k\":{text}}}")), changed]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]

        /// Accepted is accepted by the plain parser, with the same members; and sound compact JSON is never declined for
        /// nothing.
        #[test]
        fn it_agrees_with_the_plain_parser(text in texts()) {
            let (fast, plain) = (read(&text), plainly(&text));
            let has_escaped_key = plain.as_ref().is_some_and(|_| text.contains('\\'));
            match fast {
                Some(members) => prop_assert_eq!(Some(members), plain),
                None => prop_assert!(plain.is_none() || has_escaped_key, "declined: {}", text),
            }
        }
    }
}
