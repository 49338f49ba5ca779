//! Who may do what: roles, access keys and buckets, which belong to an account and to no Region.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

/// An IAM role.
#[derive(Debug, Clone, Default)]
pub struct Role {
    /// The last part of its ARN.
    pub name: String,
    /// `arn:aws:iam::ACCOUNT:role/NAME`.
    pub arn: String,
    /// What its policies say: nothing at first.
    pub grants: Vec<Grant>,
}

/// One statement of a role's policies, over one action.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Whether it denies.
    pub denies: bool,
    /// `s3:GetObject`, `s3:*`, `*`.
    pub action: String,
    /// An ARN, `*` and `?` standing for anything.
    pub resource: String,
    /// A context key and the values of which it must have one; `*` and `?` stand for anything.
    pub condition: Option<(String, Vec<String>)>,
}

impl Role {
    /// Allows an action on everything.
    pub fn allow(&mut self, action: &str) -> &mut Self {
        self.allow_on(action, "*")
    }

    /// Allows an action on these resources.
    pub fn allow_on(&mut self, action: &str, resource: &str) -> &mut Self {
        self.grant(false, action, resource, None)
    }

    /// Allows an action on these resources where the context key has that value.
    pub fn allow_when(&mut self, action: &str, resource: &str, key: &str, value: &str) -> &mut Self {
        self.grant(false, action, resource, Some((key.to_owned(), vec![value.to_owned()])))
    }

    /// Denies an action on these resources, whatever allows it.
    pub fn deny(&mut self, action: &str, resource: &str) -> &mut Self {
        self.grant(true, action, resource, None)
    }

    fn grant(
        &mut self,
        denies: bool,
        action: &str,
        resource: &str,
        condition: Option<(String, Vec<String>)>,
    ) -> &mut Self {
        self.grants.push(Grant { denies, action: action.to_owned(), resource: resource.to_owned(), condition });
        self
    }
}

/// Whose an access key is.
#[derive(Debug, Clone)]
pub struct Key {
    /// The account.
    pub account: String,
    /// The user or the assumed role.
    pub arn: String,
    /// What a request with this key must bring beside it; temporary keys have one.
    pub session_token: Option<String>,
}

/// An S3 bucket.
#[derive(Debug, Clone, Default)]
pub struct Bucket {
    /// The account that owns it: others may neither read its policy nor its objects.
    pub owner: String,
    /// The Region that it is in, where requests of other Regions are to be redirected.
    pub region: Option<String>,
    /// Its policy document.
    pub policy: Option<String>,
    /// Operations that are answered `AccessDenied`.
    pub denied: BTreeSet<String>,
    /// Its objects by key.
    pub objects: BTreeMap<String, Object>,
}

/// An object of a bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Object {
    /// Its content, decoded where it was sent in chunks.
    pub bytes: Bytes,
    /// What was said about it: `content-type`, `x-amz-server-side-encryption`, ... in lower case.
    pub headers: BTreeMap<String, String>,
}

impl AsRef<[u8]> for Object {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Whether `text` has the pattern's form, `*` standing for any text and `?` for any character, as in IAM policies and
/// in EC2 filters.
pub(super) fn is_like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut seen) = (0, 0);
    // Where the latest star is, and how much of the text it has taken.
    let mut star: Option<(usize, usize)> = None;
    while seen < text.len() {
        match (pattern.get(at), star) {
            (Some('*'), _) => {
                star = Some((at, seen));
                at += 1;
            }
            (Some(&wanted), _) if wanted == '?' || wanted == text[seen] => {
                at += 1;
                seen += 1;
            }
            (_, Some((star_at, taken))) => {
                star = Some((star_at, taken + 1));
                at = star_at + 1;
                seen = taken + 1;
            }
            (_, None) => return false,
        }
    }
    pattern[at..].iter().all(|&rest| rest == '*')
}
