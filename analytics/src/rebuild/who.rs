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
            .maybe_text("who", self.shown())
    }

    /// One line that people read: the caller, by the best name there is; who is behind it; the service that called for it.
    /// `None` = the record names nobody.
    pub fn shown(&self) -> Option<String> {
        let session = || {
            let role = self.session_issuer_arn.as_deref()?;
            Some(self.session_name.as_deref().map_or_else(|| role.to_owned(), |name| format!("{role}, session {name}")))
        };
        let caller = self.principal_arn.clone().or_else(session);
        let through = self.service().map(str::to_owned);
        let Some(mut shown) = caller else { return through.or_else(|| self.source_ip_address.clone()) };
        if let Some(identity) = &self.source_identity {
            shown += &format!(" (source identity {identity})");
        }
        if let Some(service) = through.filter(|service| !shown.contains(service.as_str())) {
            shown += &format!(" through {service}");
        }
        Some(shown)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_shown_with_who_is_behind_it_and_what_called_for_it() {
        let text = |text: &str| Some(text.to_owned());
        let person = Who { principal_arn: text("arn:aws:sts::1:assumed-role/Deploy/ana"), ..Who::default() };
        let check = |who: Who, expected: Option<&str>| assert_eq!(who.shown().as_deref(), expected);
        check(person.clone(), Some("arn:aws:sts::1:assumed-role/Deploy/ana"));
        let behind = Who { source_identity: text("ana@example.com"), ..person.clone() };
        check(behind.clone(), Some("arn:aws:sts::1:assumed-role/Deploy/ana (source identity ana@example.com)"));
        let service = text("cloudformation.amazonaws.com");
        check(
            Who { invoked_by: service.clone(), ..behind },
            Some(
                "arn:aws:sts::1:assumed-role/Deploy/ana (source identity ana@example.com) through cloudformation.amazonaws.com",
            ),
        );
        check(Who { invoked_by: service.clone(), ..Who::default() }, Some("cloudformation.amazonaws.com"));
        check(
            Who { source_ip_address: service, ..person },
            Some("arn:aws:sts::1:assumed-role/Deploy/ana through cloudformation.amazonaws.com"),
        );
        let role = text("arn:aws:iam::1:role/Deploy");
        let nameless = Who { session_issuer_arn: role, ..Who::default() };
        check(nameless.clone(), Some("arn:aws:iam::1:role/Deploy"));
        check(Who { session_name: text("ana"), ..nameless }, Some("arn:aws:iam::1:role/Deploy, session ana"));
        check(Who { source_ip_address: text("192.0.2.1"), ..Who::default() }, Some("192.0.2.1"));
        check(Who::default(), None);
    }
}
