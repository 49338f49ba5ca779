//! An account and Region as a whole: who asks there, and what AWS Config records.

use schemas::ids::Arn;

/// Who asks (STS API Reference, "GetCallerIdentity").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The account.
    pub account: String,
    /// The user, the session of a role, or the account's root user.
    pub arn: String,
}

/// Whose policies say what a caller may do (IAM User Guide, "IAM identifiers").
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The account's root user: everything, and IAM simulates it not.
    Root,
    /// A user, by its ARN.
    User(String),
    /// A role. The ARN of its session leaves its path out, so this ARN is the role's only where it has none.
    Role {
        /// Its name.
        name: String,
        /// Its ARN without a path.
        arn: String,
    },
    /// A federated user, or something newer.
    Other,
}

impl Identity {
    /// Whose policies to look at.
    pub fn principal(&self) -> Principal {
        let Some(arn) = Arn::parse(&self.arn) else { return Principal::Other };
        match arn.resource.split('/').collect::<Vec<_>>()[..] {
            ["root"] => Principal::Root,
            ["user", ..] => Principal::User(self.arn.clone()),
            ["assumed-role", name, ..] => Principal::Role {
                name: name.to_owned(),
                arn: format!("arn:{}:iam::{}:role/{name}", arn.partition, arn.account),
            },
            _ => Principal::Other,
        }
    }
}

/// A configuration recorder (AWS Config API Reference, "ConfigurationRecorder"). An account has one in a Region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorder {
    /// Its name.
    pub name: String,
    /// What it records.
    pub types: RecordedTypes,
}

/// The resource types that a recorder records ("RecordingGroup").
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordedTypes {
    /// Every type that Config supports.
    All,
    /// Every type but these.
    AllBut(Vec<String>),
    /// These.
    Only(Vec<String>),
}

impl RecordedTypes {
    /// Whether a type is recorded.
    pub fn includes(&self, resource_type: &str) -> bool {
        let has = |types: &[String]| types.iter().any(|of| of == resource_type);
        match self {
            Self::All => true,
            Self::AllBut(types) => !has(types),
            Self::Only(types) => has(types),
        }
    }
}

/// What a recorder does ("ConfigurationRecorderStatus").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecorderStatus {
    /// The recorder.
    pub name: String,
    /// Whether it records.
    pub is_recording: bool,
    /// Why its last recording failed, where it did.
    pub last_failure: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_arn_tells_whose_policies_count() {
        let principal = |arn: &str| Identity { account: "111122223333".to_owned(), arn: arn.to_owned() }.principal();
        let role = |name: &str, partition: &str| Principal::Role {
            name: name.to_owned(),
            arn: format!("arn:{partition}:iam::111122223333:role/{name}"),
        };
        assert_eq!(principal("arn:aws:iam::111122223333:root"), Principal::Root);
        let user = "arn:aws:iam::111122223333:user/team/ann";
        assert_eq!(principal(user), Principal::User(user.to_owned()));
        assert_eq!(principal("arn:aws:sts::111122223333:assumed-role/auditor/ann"), role("auditor", "aws"));
        assert_eq!(principal("arn:aws-cn:sts::111122223333:assumed-role/auditor/ann"), role("auditor", "aws-cn"));
        assert_eq!(principal("arn:aws:sts::111122223333:federated-user/ann"), Principal::Other);
        assert_eq!(principal("ann"), Principal::Other);
    }

    #[test]
    fn a_recorder_records_all_some_or_all_but_some() {
        let group = "AWS::EC2::SecurityGroup";
        let types = || vec![group.to_owned()];
        assert!(RecordedTypes::All.includes(group));
        assert!(
            RecordedTypes::Only(types()).includes(group) && !RecordedTypes::Only(types()).includes("AWS::EC2::VPC")
        );
        assert!(
            !RecordedTypes::AllBut(types()).includes(group) && RecordedTypes::AllBut(types()).includes("AWS::EC2::VPC")
        );
    }
}
