//! Why an invocation ends in an error, in words for the person who must act.

use std::collections::BTreeSet;
use std::fmt;

use schemas::control::ControlId;

use crate::event::InvalidEvent;
use crate::facts::Unread;

/// This many are spelled out; the log line and the evidence hold all.
const SPELLED_OUT: usize = 10;

/// Why an invocation ends in an error.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The event cannot be taken.
    #[error("{}", chain(.0))]
    Event(#[from] InvalidEvent),
    /// The event is of another account, and nothing says how to get in there.
    #[error(
        "the event is of account {found}, and this function is in {own}: set the rule parameter executionRoleName to the \
         name of a role there that this function may assume"
    )]
    OtherAccount {
        /// The event's account.
        found: String,
        /// The function's own.
        own: String,
    },
    /// Not everything was read, reported or written.
    #[error("{0}")]
    Incomplete(Incomplete),
}

/// What an evaluation lacks.
#[derive(Debug, Default)]
pub struct Incomplete {
    /// What the rule judges by.
    pub control: Option<ControlId>,
    /// Jobs that Config was told nothing of.
    pub undetermined: usize,
    /// Jobs that were looked at.
    pub jobs: usize,
    /// What could not be read, each once.
    pub unread: BTreeSet<Unread>,
    /// What could not be delivered or written.
    pub problems: Vec<String>,
}

impl Incomplete {
    /// Whether there is anything to complain of. Something unread beside a certain verdict is no complaint.
    pub fn is_empty(&self) -> bool {
        self.undetermined == 0 && self.unread.is_empty() && self.problems.is_empty()
    }
}

impl Failure {
    /// A name for metrics and alarms.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Event(_) => "InvalidEvent",
            Self::OtherAccount { .. } => "OtherAccount",
            Self::Incomplete(_) => "Incomplete",
        }
    }
}

impl fmt::Display for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = self.problems.clone();
        if self.undetermined > 0 || !self.unread.is_empty() {
            parts.push(self.about_reading());
        }
        write!(f, "{}", parts.join("; "))
    }
}

impl Incomplete {
    fn about_reading(&self) -> String {
        let spelled: Vec<String> = self.unread.iter().take(SPELLED_OUT).map(ToString::to_string).collect();
        let more = self.unread.len().saturating_sub(SPELLED_OUT);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        let actions: BTreeSet<&str> = self.unread.iter().map(|unread| unread.action.as_str()).collect();
        let actions: Vec<&str> = actions.into_iter().collect();
        let by = self.control.map_or_else(String::new, |control| format!(" by {control}"));
        format!(
            "{} of {} jobs could not be judged{by}; the others were reported and nothing stale was cleared. Could not read: \
             {}{more}. Check that the function's role allows {}",
            self.undetermined,
            self.jobs,
            spelled.join("; "),
            actions.join(", ")
        )
    }
}

/// An error with its causes in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // Some libraries repeat their cause in their own text.
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controls::cases;

    #[test]
    fn an_incomplete_run_names_job_api_and_permission() {
        let incomplete = Incomplete {
            control: Some(ControlId::JobSecurityGroupsExist),
            undetermined: 1,
            jobs: 3,
            unread: [cases::unread()].into(),
            problems: vec!["evidence was not written".to_owned()],
        };
        assert_eq!(
            incomplete.to_string(),
            "evidence was not written; 1 of 3 jobs could not be judged by job_security_groups_exist; the others were \
             reported and nothing stale was cleared. Could not read: ec2:DescribeSecurityGroups on sg-0000000000000beef: \
             UnauthorizedOperation. Check that the function's role allows ec2:DescribeSecurityGroups"
        );
    }
}
