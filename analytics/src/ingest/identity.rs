//! The members of `userIdentity` that have columns of their own.
//!
//! A session calls again and again, and each of its records has the same `userIdentity`: what was found in one is kept.

use std::ops::Range;

use schemas::record::IDENTITY;

use super::members::MemberReader;

/// The objects that hold them, a parent before its parts.
const PARTS: [&str; 4] = ["", "/sessionContext", "/sessionContext/sessionIssuer", "/sessionContext/attributes"];

/// Identities that are kept.
const KEPT: usize = 512;
/// Longer ones are not.
const KEPT_BYTES: usize = 4096;

/// Each value's JSON, in the order of [`IDENTITY`].
type Values<'a> = [Option<&'a str>; IDENTITY.len()];

/// Reads one `userIdentity` after another.
pub struct IdentityReader {
    reader: MemberReader,
    /// What is wanted of each of [`PARTS`].
    wanted: [Wanted; PARTS.len()],
    /// By [`slot`]: the last one that was read.
    kept: Vec<Kept>,
}

/// An identity that was read, and where its values stand.
#[derive(Clone)]
struct Kept {
    json: String,
    places: [Option<Range<u32>>; IDENTITY.len()],
}

/// The members of one object that matter.
struct Wanted {
    /// With their places in [`IDENTITY`].
    values: Vec<(&'static str, usize)>,
    /// With their places in [`PARTS`].
    parts: Vec<(&'static str, usize)>,
}

impl IdentityReader {
    /// A reader.
    pub fn new() -> Self {
        let wanted = PARTS.map(|part| Wanted {
            values: members_of(part, IDENTITY.iter().map(|(pointer, _)| *pointer)),
            parts: members_of(part, PARTS.into_iter()),
        });
        let none = Kept { json: String::new(), places: [const { None }; IDENTITY.len()] };
        Self { reader: MemberReader::default(), wanted, kept: vec![none; KEPT] }
    }

    /// The values; of a member that stands twice, the last. What is no object has none: `userIdentity` may be null, or of a
    /// form that nobody documented.
    pub fn values<'a>(&mut self, user_identity: &'a str) -> Values<'a> {
        if user_identity.len() > KEPT_BYTES {
            return self.read(user_identity);
        }
        let slot = slot(user_identity.as_bytes());
        let kept = &self.kept[slot];
        if kept.json == user_identity {
            let at = |place: &Range<u32>| &user_identity[place.start as usize..place.end as usize];
            return std::array::from_fn(|value| kept.places[value].as_ref().map(at));
        }
        let values = self.read(user_identity);
        let kept = &mut self.kept[slot];
        kept.json.clear();
        kept.json.push_str(user_identity);
        kept.places = values.map(|value| value.map(|value| place_in(user_identity, value)));
        values
    }

    fn read<'a>(&mut self, user_identity: &'a str) -> Values<'a> {
        let (mut values, mut parts) = ([None; IDENTITY.len()], [None; PARTS.len()]);
        parts[0] = Some(user_identity);
        for (part, wanted) in self.wanted.iter().enumerate() {
            let Some(object) = parts[part].filter(|json| json.starts_with('{')) else { continue };
            let read = self.reader.read(object, |name, json| {
                if let Some(place) = place_of(&name, &wanted.values) {
                    values[place] = Some(json);
                } else if let Some(place) = place_of(&name, &wanted.parts) {
                    parts[place] = Some(json);
                }
            });
            read.expect("a value of a record that was read is sound");
        }
        values
    }
}

/// Where an identity is kept. Any two may share a place; then the later one has it.
fn slot(json: &[u8]) -> usize {
    let (words, rest) = json.as_chunks::<8>();
    let rest = rest.iter().fold(json.len() as u64, |rest, byte| rest << 8 | u64::from(*byte));
    let mixed = words.iter().fold(rest, |mixed, word| {
        (mixed.rotate_left(5) ^ u64::from_le_bytes(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    });
    (mixed >> 32) as usize % KEPT
}

/// Where a part of a text stands in it.
fn place_in(text: &str, part: &str) -> Range<u32> {
    let start = part.as_ptr().addr() - text.as_ptr().addr();
    start as u32..(start + part.len()) as u32
}

/// The names of a part's own members among these pointers, with the pointers' places.
fn members_of(part: &str, pointers: impl Iterator<Item = &'static str>) -> Vec<(&'static str, usize)> {
    let name = |pointer: &'static str| pointer.strip_prefix(part)?.strip_prefix('/').filter(|name| !name.contains('/'));
    pointers.enumerate().filter_map(|(place, pointer)| Some((name(pointer)?, place))).collect()
}

fn place_of(name: &str, members: &[(&str, usize)]) -> Option<usize> {
    members.iter().find(|(member, _)| *member == name).map(|(_, place)| *place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(identity: &str) -> Vec<(&'static str, &str)> {
        let values = IdentityReader::new().values(identity);
        IDENTITY.iter().zip(values).filter_map(|((_, column), value)| Some((*column, value?))).collect()
    }

    #[test]
    fn members_are_found_where_they_stand_and_nowhere_else() {
        let identity = r#"{"type":"AssumedRole","type":"Root","attributes":{"creationDate":"x"},"sessionContext":{"type":"y",
            "sessionIssuer":{"type":"Role","arn":null},"attributes":{"creationDate":"z"}}}"#;
        assert_eq!(
            values(identity),
            [
                ("user_identity_type", r#""Root""#),
                ("session_issuer_type", r#""Role""#),
                ("session_issuer_arn", "null"),
                ("session_creation_date", r#""z""#),
            ]
        );
    }

    #[test]
    fn what_is_kept_of_one_identity_is_never_anothers() {
        let identity = |n: u32| {
            format!(r#"{{"type":"AssumedRole","accountId":"{n:012}","arn":"{}"}}"#, "a".repeat(n as usize % 7))
        };
        let mut reader = IdentityReader::new();
        // More than there are places, so that some share one; each is read again at once, and again when others were.
        for n in (0..2_000).flat_map(|n| [n, n, n / 2]) {
            let identity = identity(n);
            assert_eq!(reader.values(&identity), reader.read(&identity));
            assert_eq!(reader.values(&identity), IdentityReader::new().read(&identity), "{identity}");
        }
        let long = format!(r#"{{"type":"AssumedRole","arn":"{}"}}"#, "a".repeat(KEPT_BYTES));
        assert_eq!(reader.values(&long), reader.read(&long));
    }

    #[test]
    fn other_forms_have_no_members() {
        for identity in ["null", r#""root""#, "[{}]", "{}", r#"{"sessionContext":5}"#] {
            assert!(values(identity).is_empty(), "{identity}");
        }
        assert_eq!(values(r#"{"ty\u0070e":["odd"]}"#), [("user_identity_type", r#"["odd"]"#)]);
    }
}
