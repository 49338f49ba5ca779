//! What a bucket policy says of reads from outside a VPC, as far as it can be told without IAM's own engine.
//!
//! Only Deny statements count. One refuses when its principal, action and resource cover the read and its conditions
//! hold for every request of the job's role from outside the VPC. Conditions are ANDed, whether under one operator or
//! several; the values of a negated operator are those that pass. A negated operator holds where its key is absent, as
//! `aws:SourceVpc` is outside any VPC (IAM user guide, "IAM JSON policy elements: Condition operators").

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::facts::Unread;

/// Who reads what from where.
pub(super) struct Read<'a> {
    /// `arn:aws:s3:::bucket/key`
    pub object_arn: String,
    /// Whether the key is a folder, so that objects below it are read.
    pub is_folder: bool,
    pub role_arn: Option<&'a str>,
    /// Account of the role.
    pub account_id: &'a str,
    pub place: &'a Place,
}

/// From where the job reads.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// Any VPC will do: the job has none, or nothing is left of it.
    pub is_anywhere: bool,
    pub vpc_ids: BTreeSet<String>,
    pub endpoint_ids: BTreeSet<String>,
    /// Why `vpc_ids` may lack the job's.
    pub vpcs_unread: Vec<Unread>,
    /// Why `endpoint_ids` may lack one.
    pub endpoints_unread: Vec<Unread>,
}

/// What a statement or a whole policy says of a read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nothing that requires a VPC.
    Silent,
    /// It requires one of these VPCs or endpoints, and the job's is none of them.
    RequiresOther(Vec<String>),
    /// What is not known: an element or condition that is not interpreted.
    NotInterpreted(String),
    /// What is not known: the job's VPC or its endpoints.
    Unread(Vec<Unread>),
    /// It refuses the read from outside the job's VPC.
    Refuses,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    statement: List<Statement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    sid: Option<String>,
    effect: Effect,
    principal: Option<Principal>,
    #[serde(rename = "NotPrincipal")]
    _not_principal: Option<Principal>,
    action: Option<List<String>>,
    #[serde(rename = "NotAction")]
    _not_action: Option<List<String>>,
    resource: Option<List<String>>,
    #[serde(rename = "NotResource")]
    _not_resource: Option<List<String>>,
    #[serde(default)]
    condition: BTreeMap<String, BTreeMap<String, List<Scalar>>>,
}

#[derive(Deserialize, PartialEq)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Principal {
    Everyone(String),
    Some(BTreeMap<String, List<String>>),
}

/// One value, or a list of them.
#[derive(Deserialize)]
#[serde(from = "OneOrMany<T>")]
struct List<T>(Vec<T>);

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

impl<T> From<OneOrMany<T>> for List<T> {
    fn from(values: OneOrMany<T>) -> Self {
        match values {
            OneOrMany::Many(values) => Self(values),
            OneOrMany::One(value) => Self(vec![value]),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Bool(bool),
    Number(serde_json::Number),
}

impl Scalar {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Bool(value) => value.to_string(),
            Self::Number(value) => value.to_string(),
        }
    }
}

/// One answer of each statement, with its `Sid` or number, in order.
pub(super) fn answers(document: &str, read: &Read<'_>) -> Result<Vec<(String, Answer)>, serde_json::Error> {
    let document: Document = serde_json::from_str(document)?;
    let label = |index: usize, statement: &Statement| match &statement.sid {
        Some(sid) if !sid.is_empty() => sid.clone(),
        _ => format!("number {}", index + 1),
    };
    let statements = document.statement.0.iter().enumerate();
    Ok(statements.map(|(index, statement)| (label(index, statement), statement.answer(read))).collect())
}

/// Whether a part of a statement applies to the read.
#[derive(PartialEq)]
enum Applies {
    Yes,
    No,
    /// The element or condition key that is not interpreted.
    Unclear(String),
}

impl From<bool> for Applies {
    fn from(applies: bool) -> Self {
        if applies { Self::Yes } else { Self::No }
    }
}

fn unclear(element: &str) -> Applies {
    Applies::Unclear(element.to_owned())
}

impl Statement {
    fn answer(&self, read: &Read<'_>) -> Answer {
        let tests: Vec<Test> = self.conditions().map(|condition| condition.test(read)).collect();
        let mut parts = vec![self.principal(read), self.action(), self.resource(read)];
        let mut required = Vec::new();
        let is_about_vpc = tests.iter().any(|test| matches!(test, Test::Vpc(_) | Test::UnclearVpc(_)));
        for test in tests {
            match test {
                Test::Vpc(answer) => required.push(answer),
                Test::UnclearVpc(key) => parts.push(Applies::Unclear(key)),
                Test::Other(applies) => parts.push(applies),
            }
        }
        if self.effect != Effect::Deny || !is_about_vpc || parts.contains(&Applies::No) {
            return Answer::Silent;
        }
        for part in parts {
            if let Applies::Unclear(what) = part {
                return Answer::NotInterpreted(what);
            }
        }
        best(required)
    }

    fn conditions(&self) -> impl Iterator<Item = Condition<'_>> {
        self.condition.iter().flat_map(|(operator, keys)| {
            keys.iter().map(|(key, values)| Condition {
                operator: operator.to_ascii_lowercase(),
                key,
                values: values.0.iter().map(Scalar::text).collect(),
            })
        })
    }

    fn principal(&self, read: &Read<'_>) -> Applies {
        match &self.principal {
            None => unclear("NotPrincipal"),
            Some(Principal::Everyone(everyone)) => (everyone == "*").into(),
            Some(Principal::Some(principals)) => {
                let aws = principals.get("AWS").map_or(&[][..], |list| &list.0);
                let is_account = |text: &String| {
                    text == read.account_id || text.ends_with(&format!(":iam::{}:root", read.account_id))
                };
                match aws.iter().any(|text| text == "*" || Some(text.as_str()) == read.role_arn) {
                    false if aws.iter().any(is_account) => unclear("Principal"),
                    applies => applies.into(),
                }
            }
        }
    }

    fn action(&self) -> Applies {
        let Some(List(actions)) = &self.action else { return unclear("NotAction") };
        actions.iter().any(|pattern| matches(&pattern.to_ascii_lowercase(), "s3:getobject")).into()
    }

    fn resource(&self, read: &Read<'_>) -> Applies {
        let Some(List(resources)) = &self.resource else { return unclear("NotResource") };
        let covers =
            |pattern: &String| matches(pattern, &read.object_arn) && (pattern.ends_with('*') || !read.is_folder);
        match resources.iter().any(covers) {
            false if resources.iter().any(|pattern| pattern.contains("${")) => unclear("Resource"),
            applies => applies.into(),
        }
    }
}

/// What one condition says of a request by the job's role from outside any VPC.
enum Test {
    /// It holds there, and lets through what comes from some VPC.
    Vpc(Answer),
    /// It is about VPCs, but how is not interpreted.
    UnclearVpc(String),
    /// It is about something else.
    Other(Applies),
}

struct Condition<'a> {
    /// In lower case.
    operator: String,
    key: &'a str,
    values: Vec<String>,
}

impl Condition<'_> {
    fn test(&self, read: &Read<'_>) -> Test {
        let operator = self.operator.strip_suffix("ifexists").unwrap_or(&self.operator);
        let key = self.key.to_ascii_lowercase();
        let place = read.place;
        match (key.as_str(), operator) {
            ("aws:sourcevpc" | "aws:sourcevpce", "null") => match self.values.iter().any(|value| value == "true") {
                true => Test::Vpc(Answer::Refuses),
                false => Test::Other(Applies::No),
            },
            ("aws:sourcevpc", "stringnotequals" | "stringnotequalsignorecase" | "stringnotlike") => {
                Test::Vpc(self.passes(place, &place.vpc_ids, &place.vpcs_unread))
            }
            ("aws:sourcevpce", "stringnotequals" | "stringnotequalsignorecase" | "stringnotlike") => {
                Test::Vpc(self.passes(place, &place.endpoint_ids, &place.endpoints_unread))
            }
            ("aws:vpcsourceip", "notipaddress") => Test::Vpc(Answer::Refuses),
            // Outside a VPC the key is absent, and an operator that is not negated does not hold.
            (key, _) if is_vpc_key(key) && POSITIVE.contains(&self.operator.as_str()) => Test::Other(Applies::No),
            (key, _) if is_vpc_key(key) => Test::UnclearVpc(self.key.to_owned()),
            ("aws:principalarn", _) => Test::Other(self.principal_arn(operator, read.role_arn)),
            _ => Test::Other(unclear(self.key)),
        }
    }

    /// Whether what comes from the job's own place passes, and so only what comes from outside is refused.
    fn passes(&self, place: &Place, own: &BTreeSet<String>, unread: &[Unread]) -> Answer {
        let passes = |id: &String| self.values.iter().any(|value| equals(&self.operator, value, id));
        if place.is_anywhere || own.iter().any(passes) {
            Answer::Refuses
        } else if !unread.is_empty() {
            Answer::Unread(unread.to_vec())
        } else {
            Answer::RequiresOther(self.values.clone())
        }
    }

    fn principal_arn(&self, operator: &str, role_arn: Option<&str>) -> Applies {
        let Some(role_arn) = role_arn.filter(|_| !self.values.iter().any(|value| value.contains("${"))) else {
            return unclear(self.key);
        };
        let is_named = self.values.iter().any(|value| equals(operator, value, role_arn));
        match operator {
            "arnlike" | "arnequals" | "stringlike" | "stringequals" => is_named.into(),
            "arnnotlike" | "arnnotequals" | "stringnotlike" | "stringnotequals" => (!is_named).into(),
            _ => unclear(self.key),
        }
    }
}

const POSITIVE: [&str; 5] = ["stringequals", "stringequalsignorecase", "stringlike", "ipaddress", "arnlike"];

/// Keys of the endpoint or VPC that a request came through: `aws:SourceVpc...`, `aws:VpcSourceIp`, `aws:VpceAccount`...
fn is_vpc_key(key: &str) -> bool {
    ["aws:sourcevpc", "aws:vpcsourceip", "aws:vpce"].iter().any(|prefix| key.starts_with(prefix))
}

/// Of several answers the one that counts: conditions refuse only what none of them lets through, and one statement
/// that refuses suffices.
pub(super) fn best(answers: impl IntoIterator<Item = Answer>) -> Answer {
    let rank = |answer: &Answer| match answer {
        Answer::Silent => 0,
        Answer::RequiresOther(_) => 1,
        Answer::NotInterpreted(_) => 2,
        Answer::Unread(_) => 3,
        Answer::Refuses => 4,
    };
    answers.into_iter().max_by_key(rank).unwrap_or(Answer::Silent)
}

/// The comparison of an operator, negated or not. ARN operators know wildcards, whether `Like` or `Equals`.
fn equals(operator: &str, pattern: &str, text: &str) -> bool {
    if operator.contains("like") || operator.starts_with("arn") {
        matches(pattern, text)
    } else if operator.contains("ignorecase") {
        pattern.eq_ignore_ascii_case(text)
    } else {
        pattern == text
    }
}

/// Whether `pattern`, in which `*` stands for any text and `?` for one character, matches the whole text.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut star, mut from) = (0, None, 0);
    let mut next = 0;
    while next < text.len() {
        match pattern.get(at) {
            Some('*') => (star, from, at) = (Some(at), next, at + 1),
            Some(&one) if one == '?' || one == text[next] => (at, next) = (at + 1, next + 1),
            _ => {
                // The last star takes one character more.
                let Some(star) = star else { return false };
                from += 1;
                (at, next) = (star + 1, from);
            }
        }
    }
    pattern[at..].iter().all(|&one| one == '*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wildcards() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("s3:Get*", "s3:GetObject", true),
            ("s3:?etObject", "s3:GetObject", true),
            ("s3:Get", "s3:GetObject", false),
            ("arn:*:s3:::b/*.jsonl", "arn:aws:s3:::b/a/c.jsonl", true),
            ("arn:*:s3:::b/*.jsonl", "arn:aws:s3:::b/a/c.json", false),
            ("*a*b", "xaybab", true),
            ("?", "", false),
            ("", "", true),
            ("é?", "éé", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    proptest! {
        #[test]
        fn wildcards_match_as_by_definition(pattern in "[ab*?]{0,6}", text in "[ab]{0,6}") {
            fn slowly(pattern: &[u8], text: &[u8]) -> bool {
                match (pattern, text) {
                    ([], text) => text.is_empty(),
                    ([b'*', rest @ ..], text) => (0..=text.len()).any(|skip| slowly(rest, &text[skip..])),
                    ([one, rest @ ..], [first, others @ ..]) => (*one == b'?' || one == first) && slowly(rest, others),
                    _ => false,
                }
            }
            prop_assert_eq!(matches(&pattern, &text), slowly(pattern.as_bytes(), text.as_bytes()));
        }

        #[test]
        fn no_document_panics(document in ".{0,64}") {
            let place = Place::default();
            let read = Read { object_arn: String::new(), is_folder: false, role_arn: None, account_id: "", place: &place };
            let _ = answers(&document, &read);
        }
    }
}
