//! Who makes a call, as a record tells it.
//!
//! Source: CloudTrail user guide, "CloudTrail userIdentity element".

use serde_json::{Value, json};

use super::id;

const SDK: &str = "Boto3/1.40.61 md/Botocore#1.40.61 ua/2.1 os/linux#6.1.134-150.224.amzn2023.x86_64 md/arch#x86_64 \
                   lang/python#3.13.7 md/pyimpl#CPython cfg/retry-mode#standard Botocore/1.40.61";
const CLI: &str = "aws-cli/2.31.18 md/awscrt#0.27.6 ua/2.1 os/macos#24.6.0 md/arch#arm64 lang/python#3.13.7 \
                   md/pyimpl#CPython md/prompt#off";

/// Who calls, from where and with what. The members may be changed before use.
#[derive(Debug, Clone, PartialEq)]
pub struct Caller {
    /// The record's `userIdentity`. A session's null `creationDate` is filled in by the record's time.
    pub user_identity: Value,
    /// An address, or the name of the AWS service that calls.
    pub source_ip_address: String,
    /// The program that calls.
    pub user_agent: String,
}

impl Caller {
    /// A session of an IAM role.
    pub fn role(account_id: &str, role: &str, session: &str) -> Self {
        let role_id = format!("AROA{}", id::base32(&["role", account_id, role], 17));
        let user_identity = json!({
            "type": "AssumedRole",
            "principalId": format!("{role_id}:{session}"),
            "arn": format!("arn:aws:sts::{account_id}:assumed-role/{role}/{session}"),
            "accountId": account_id,
            "accessKeyId": format!("ASIA{}", id::base32(&["key", account_id, role, session], 16)),
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": role_id,
                    "arn": format!("arn:aws:iam::{account_id}:role/{role}"),
                    "accountId": account_id,
                    "userName": role,
                },
                "webIdFederationData": {},
                "attributes": { "creationDate": null, "mfaAuthenticated": "false" },
            },
        });
        Self { user_identity, source_ip_address: address(&[account_id, role, session]), user_agent: SDK.to_owned() }
    }

    /// An IAM user with a long-lived key.
    pub fn user(account_id: &str, name: &str) -> Self {
        let user_identity = json!({
            "type": "IAMUser",
            "principalId": format!("AIDA{}", id::base32(&["user", account_id, name], 17)),
            "arn": format!("arn:aws:iam::{account_id}:user/{name}"),
            "accountId": account_id,
            "accessKeyId": format!("AKIA{}", id::base32(&["key", account_id, name], 16)),
            "userName": name,
        });
        Self { user_identity, source_ip_address: address(&[account_id, name]), user_agent: CLI.to_owned() }
    }

    /// An AWS service on its own behalf, for example `autoscaling.amazonaws.com`.
    pub fn service(name: &str) -> Self {
        Self {
            user_identity: json!({ "type": "AWSService", "invokedBy": name }),
            source_ip_address: name.to_owned(),
            user_agent: name.to_owned(),
        }
    }

    /// The same caller through an AWS service, for example `cloudformation.amazonaws.com`: the identity stays, and the
    /// service's name stands where the address and the program would.
    pub fn via(mut self, service: &str) -> Self {
        self.user_identity["invokedBy"] = Value::from(service);
        self.source_ip_address = service.to_owned();
        self.user_agent = service.to_owned();
        self
    }
}

/// An address of the range that RFC 5737 sets aside for examples.
fn address(parts: &[&str]) -> String {
    format!("203.0.113.{}", id::digest(parts)[0].clamp(1, 254))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_through_a_service_keeps_who_asked_for_it() {
        let direct = Caller::role("111122223333", "payments-deploy", "run-7");
        let caller = direct.clone().via("cloudformation.amazonaws.com");
        assert_eq!(caller.user_identity["arn"], direct.user_identity["arn"]);
        assert_eq!(caller.user_identity["invokedBy"], "cloudformation.amazonaws.com");
        assert_eq!(caller.source_ip_address, "cloudformation.amazonaws.com");
    }
}
