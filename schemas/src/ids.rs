//! Identifiers, valid by construction.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text is not the identifier it was taken for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not {expected}")]
pub struct InvalidId {
    /// What the text should have been, with an example.
    pub expected: &'static str,
    /// The text as found.
    pub found: String,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes the text if it has the identifier's form.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidId { expected: $expected, found: text.to_owned() })
                }
            }

            /// The identifier's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}

text_id!(
    /// An AWS account: twelve digits.
    AccountId,
    "an AWS account id of twelve digits, for example 123456789012",
    |text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
);

text_id!(
    /// An AWS Region: lower-case words and a number joined by hyphens.
    Region,
    "an AWS Region, for example eu-west-1",
    is_region
);

text_id!(
    /// A security group: `sg-` and 8 to 17 hexadecimal digits.
    SecurityGroupId,
    "a security group id, for example sg-0123456789abcdef0",
    |text| text
        .strip_prefix("sg-")
        .is_some_and(|hex| (8..=17).contains(&hex.len()) && hex.bytes().all(|b| b.is_ascii_hexdigit()))
);

fn is_region(text: &str) -> bool {
    let words: Vec<&str> = text.split('-').collect();
    let (Some(number), true) = (words.last(), words.len() >= 3) else { return false };
    number.len() <= 2
        && !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit())
        && words[..words.len() - 1].iter().all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()))
}

/// An Amazon Resource Name in its six parts. The last part may hold colons itself
/// (`model-customization-job/cohere.command-text-v14:7:4k/q4ad8z8tioq8`), so only the first five colons separate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: &'a str,
    /// `bedrock`, `iam`.
    pub service: &'a str,
    /// Empty for global services.
    pub region: &'a str,
    /// Empty for AWS's own resources (foundation models).
    pub account: &'a str,
    /// All that follows the fifth colon.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Splits an ARN; `None` where the text is none.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        if parts.next()? != "arn" {
            return None;
        }
        let (partition, service, region, account) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let resource = parts.next().filter(|resource| !resource.is_empty())?;
        Some(Self { partition, service, region, account, resource })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_is_split_on_its_first_five_colons_only() {
        let text = "arn:aws-us-gov:bedrock:us-gov-west-1:644160558196:model-customization-job/cohere.command-text-v14:7:4k/q4ad8z8tioq8";
        let arn = Arn::parse(text).expect("an ARN");
        assert_eq!((arn.partition, arn.region, arn.account), ("aws-us-gov", "us-gov-west-1", "644160558196"));
        assert_eq!(arn.resource, "model-customization-job/cohere.command-text-v14:7:4k/q4ad8z8tioq8");
        for text in ["", "arn:aws:bedrock", "job-name", "arn:aws:bedrock:eu-west-1:1:", "urn:aws:a:b:c:d"] {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
    }

    #[test]
    fn ids_take_their_own_form_and_name_it_when_refused() {
        assert!(AccountId::parse("123456789012").is_ok());
        assert!(Region::parse("ap-southeast-2").is_ok() && Region::parse("us-gov-west-1").is_ok());
        assert!(SecurityGroupId::parse("sg-04cfb7a4712d75b00").is_ok());
        for text in ["", "europe", "eu-west", "EU-WEST-1", "eu--1", "../eu-west-1"] {
            assert!(Region::parse(text).is_err(), "{text}");
        }
        let error = AccountId::parse("12345").expect_err("too short");
        assert_eq!(error.to_string(), "\"12345\" is not an AWS account id of twelve digits, for example 123456789012");
    }
}
