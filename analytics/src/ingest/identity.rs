//! The members of `userIdentity` that have columns of their own.

use schemas::record::IDENTITY;

use super::members::MemberReader;

/// The objects that hold them, a parent before its parts.
const PARTS: [&str; 4] = ["", "/sessionContext", "/sessionContext/sessionIssuer", "/sessionContext/attributes"];

/// Reads one `userIdentity` after another.
pub struct IdentityReader {
    reader: MemberReader,
    /// What is wanted of each of [`PARTS`].
    wanted: [Wanted; PARTS.len()],
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
        Self { reader: MemberReader::default(), wanted }
    }

    /// Each value's JSON, in the order of [`IDENTITY`]; of a member that stands twice, the last. What is no object has
    /// none: `userIdentity` may be null, or of a form that nobody documented.
    pub fn values<'a>(&mut self, user_identity: &'a str) -> [Option<&'a str>; IDENTITY.len()] {
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
    fn other_forms_have_no_members() {
        for identity in ["null", r#""root""#, "[{}]", "{}", r#"{"sessionContext":5}"#] {
            assert!(values(identity).is_empty(), "{identity}");
        }
        assert_eq!(values(r#"{"ty\u0070e":["odd"]}"#), [("user_identity_type", r#"["odd"]"#)]);
    }
}
