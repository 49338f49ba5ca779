//! The members of a JSON object.
//!
//! The quick way is one pass: first where every token begins, block by block; then the grammar, over those places alone.
//! What it accepts, `serde_json` accepts too, with the same members. It declines what it does not trust itself with (names
//! written with escapes, deep nesting) and all that is unsound, and then `serde_json` decides.

mod grammar;
#[cfg(test)]
mod tests;
mod tokens;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::masks::widest;
use grammar::Walk;
use tokens::Index;

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
        let mut walk = Walk::new(bytes, &self.tokens[..count]);
        self.found.clear();
        self.has_escapes = has_escapes;
        walk.object(|name, value| self.found.push([name, value]))?;
        let is_escaped = |[name, _]: &[Range<usize>; 2]| bytes[name.clone()].contains(&b'\\');
        let is_declined = !walk.is_done() || (has_escapes && self.found.iter().any(is_escaped));
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
