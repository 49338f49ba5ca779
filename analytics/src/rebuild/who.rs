//! Who made a request: the one place that reads it off a record.

use crate::table::Row;

/// What a record tells of its caller. No single part is enough: a role's ARN hides the person, a session name can be
/// chosen freely, a service may call for somebody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Who {
    /// `userIdentity.arn`.
    pub principal_arn: Option<String>,
    /// The role behind a session.
    pub session_issuer_arn: Option<String>,
    /// The session's name.
    pub session_name: Option<String>,
    /// `sourceIdentity`, which the session cannot change.
    pub source_identity: Option<String>,
    /// The AWS service that called for the principal.
    pub invoked_by: Option<String>,
    /// An address, or a service's name.
    pub source_ip_address: Option<String>,
    /// `userAgent`.
    pub user_agent: Option<String>,
}

impl Who {
    /// Sets the seven columns that every table has for it.
    pub fn set<'a>(&self, row: Row<'a>) -> Row<'a> {
        row.maybe_text("principal_arn", self.principal_arn.as_deref())
            .maybe_text("session_issuer_arn", self.session_issuer_arn.as_deref())
            .maybe_text("session_name", self.session_name.as_deref())
            .maybe_text("source_identity", self.source_identity.as_deref())
            .maybe_text("invoked_by", self.invoked_by.as_deref())
            .maybe_text("source_ip_address", self.source_ip_address.as_deref())
            .maybe_text("user_agent", self.user_agent.as_deref())
    }

    /// The AWS service that made the request, for itself or for somebody.
    pub fn service(&self) -> Option<&str> {
        [&self.invoked_by, &self.source_ip_address]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .find(|name| name.ends_with(".amazonaws.com"))
    }
}

/// The session's name in `AROA...:name`.
///
/// Source: CloudTrail user guide, "CloudTrail userIdentity element", `principalId`.
pub fn session_name(principal_id: &str) -> Option<String> {
    principal_id.split_once(':').map(|(_, session)| session.to_owned()).filter(|session| !session.is_empty())
}
