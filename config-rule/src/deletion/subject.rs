//! What is asked about.

use std::fmt;

/// A kind of resource that jobs depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceKind {
    /// `sg-...`
    SecurityGroup,
    /// `subnet-...`
    Subnet,
    /// `vpc-...`
    Vpc,
    /// `vpce-...`
    VpcEndpoint,
}

impl ResourceKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::SecurityGroup, Self::Subnet, Self::Vpc, Self::VpcEndpoint];

    /// How its ids begin. No prefix is the beginning of another.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::SecurityGroup => "sg-",
            Self::Subnet => "subnet-",
            Self::Vpc => "vpc-",
            Self::VpcEndpoint => "vpce-",
        }
    }

    /// Its name in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SecurityGroup => "security_group",
            Self::Subnet => "subnet",
            Self::Vpc => "vpc",
            Self::VpcEndpoint => "vpc_endpoint",
        }
    }

    /// Its name in sentences.
    pub const fn words(self) -> &'static str {
        match self {
            Self::SecurityGroup => "security group",
            Self::Subnet => "subnet",
            Self::Vpc => "VPC",
            Self::VpcEndpoint => "VPC endpoint",
        }
    }
}

/// A text that is no id of such a resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not an id of a security group, subnet, VPC or VPC endpoint, such as sg-0123456789abcdef0")]
pub struct InvalidResourceId {
    /// The text as found.
    pub found: String,
}

/// The id of such a resource: a prefix and 8 or 17 hexadecimal digits (EC2 User Guide, "Resource IDs").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId {
    kind: ResourceKind,
    text: String,
}

impl ResourceId {
    /// Takes the text if it has the form of such an id.
    pub fn parse(text: &str) -> Result<Self, InvalidResourceId> {
        let is_digits = |digits: &str| {
            matches!(digits.len(), 8 | 17) && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let kind = ResourceKind::ALL.into_iter().find(|kind| text.strip_prefix(kind.prefix()).is_some_and(is_digits));
        match kind {
            Some(kind) => Ok(Self { kind, text: text.to_owned() }),
            None => Err(InvalidResourceId { found: text.to_owned() }),
        }
    }

    /// Its kind.
    pub fn kind(&self) -> ResourceKind {
        self.kind
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A resource that somebody wants to delete, and where it is, as far as that was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The resource.
    pub id: ResourceId,
    /// Its Region, where whoever asks has told it.
    pub region: Option<String>,
    /// The account that it is in, where whoever asks has told it.
    pub account_id: Option<String>,
}

impl Asked {
    /// A resource of which only the id is known.
    pub fn by_id(id: ResourceId) -> Self {
        Self { id, region: None, account_id: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_its_kind_and_nothing_else_is_one() {
        for (text, kind) in [
            ("sg-0123456789abcdef0", ResourceKind::SecurityGroup),
            ("sg-1a2b3c4d", ResourceKind::SecurityGroup),
            ("subnet-0123456789abcdef0", ResourceKind::Subnet),
            ("vpc-0123456789abcdef0", ResourceKind::Vpc),
            ("vpce-0123456789abcdef0", ResourceKind::VpcEndpoint),
        ] {
            let id = ResourceId::parse(text).expect(text);
            assert_eq!((id.kind(), id.as_str(), id.to_string()), (kind, text, text.to_owned()));
        }
        for text in
            ["", "sg-", "sg-123", "sg-0123456789ABCDEF0", "eni-0123456789abcdef0", "sg-0123456789abcdef0 ", "vpc"]
        {
            let error = ResourceId::parse(text).expect_err(text).to_string();
            assert!(error.contains("sg-0123456789abcdef0"), "{error}");
        }
    }
}
