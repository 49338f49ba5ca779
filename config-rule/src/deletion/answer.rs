//! An answer: verdict and reasons.

use chrono::{DateTime, Utc};

use crate::facts::Unread;

/// Whether it may be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeletionVerdict {
    /// Nothing speaks against it, and everything that could was read.
    Free,
    /// Something does, whatever else is unknown.
    NotFree,
    /// Nothing is known to, and something could not be told.
    CannotTell,
}

impl DeletionVerdict {
    /// Every verdict.
    pub const ALL: [Self; 3] = [Self::Free, Self::NotFree, Self::CannotTell];

    /// Its name in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Free => "Free",
            Self::NotFree => "NotFree",
            Self::CannotTell => "CannotTell",
        }
    }
}

/// What a reason is about; its name stays the same from release to release. In the order in which reasons are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReasonCode {
    /// Nothing speaks against it.
    NothingAgainst,
    /// A job that is not finished names it, or runs in it.
    RunningJob,
    /// A job that is not finished reaches what it needs through it.
    NeededByJob,
    /// A finished job named it.
    NamedByJob,
    /// A job of an account that was not read named it.
    JobOfOtherAccount,
    /// A rule of another group names it.
    ReferencedByGroup,
    /// A network interface uses it.
    InUseByInterface,
    /// It has a tag that protects it.
    ProtectedByTag,
    /// It is the default group of a VPC.
    DefaultGroup,
    /// It is not in this Region and account.
    NotFound,
    /// It is in another Region than the one that was read.
    OtherRegion,
    /// It is in another account than the one that was read.
    OtherAccount,
    /// Which resource it is cannot be told.
    IdUnknown,
    /// A read failed.
    Unreadable,
    /// When a job last used it.
    LastUse,
    /// A job that Bedrock does not list any more named it.
    PastJob,
    /// The history knows its deletion.
    AlreadyDeleted,
}

impl ReasonCode {
    /// Its name in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NothingAgainst => "nothing_against",
            Self::RunningJob => "running_job",
            Self::NeededByJob => "needed_by_job",
            Self::NamedByJob => "named_by_job",
            Self::JobOfOtherAccount => "job_of_other_account",
            Self::ReferencedByGroup => "referenced_by_group",
            Self::InUseByInterface => "in_use_by_interface",
            Self::ProtectedByTag => "protected_by_tag",
            Self::DefaultGroup => "default_group",
            Self::NotFound => "not_found",
            Self::OtherRegion => "other_region",
            Self::OtherAccount => "other_account",
            Self::IdUnknown => "id_unknown",
            Self::Unreadable => "unreadable",
            Self::LastUse => "last_use",
            Self::PastJob => "past_job",
            Self::AlreadyDeleted => "already_deleted",
        }
    }
}

/// What a reason does to the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It must not be deleted.
    Refuses,
    /// Nobody can tell.
    Unknown,
    /// Nothing: it is told for whoever decides.
    Tells,
}

impl Effect {
    /// Its name in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refuses => "refuses",
            Self::Unknown => "unknown",
            Self::Tells => "tells",
        }
    }
}

/// One thing that speaks against a deletion, or that should be known before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What it is about.
    pub code: ReasonCode,
    /// What it does to the verdict.
    pub effect: Effect,
    /// For people.
    pub text: String,
    /// The job, group, interface or tag.
    pub resource: Option<String>,
    /// When that was.
    pub at: Option<DateTime<Utc>>,
    /// The record that says so.
    pub event_id: Option<String>,
}

impl Reason {
    /// A reason about nothing but the resource itself.
    pub fn new(code: ReasonCode, effect: Effect, text: impl Into<String>) -> Self {
        Self { code, effect, text: text.into(), resource: None, at: None, event_id: None }
    }

    /// About that.
    #[must_use]
    pub fn about(self, resource: &str) -> Self {
        Self { resource: Some(resource.to_owned()), ..self }
    }

    /// At that time.
    #[must_use]
    pub fn at(self, at: Option<DateTime<Utc>>) -> Self {
        Self { at, ..self }
    }

    /// By that record.
    #[must_use]
    pub fn by_record(self, event_id: Option<&String>) -> Self {
        Self { event_id: event_id.cloned(), ..self }
    }

    /// A read that failed, where `more` others failed in the same way.
    pub fn unreadable(unread: &Unread, more: usize) -> Self {
        let Unread { action, resource, cause } = unread;
        let others = if more == 0 { String::new() } else { format!(" and {more} more") };
        let text = format!("could not read: {action} on {resource}{others}: {cause}");
        Self::new(ReasonCode::Unreadable, Effect::Unknown, text).about(resource)
    }
}

/// What is said of one resource. It has at least one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its id; where that is not known, the name that it goes by.
    pub subject: String,
    /// Its kind in rows, where it is known.
    pub kind: Option<&'static str>,
    /// In the order in which they are told.
    pub reasons: Vec<Reason>,
}

impl Answer {
    /// What is certain comes first, then what is unknown.
    pub fn verdict(&self) -> DeletionVerdict {
        let has = |effect: Effect| self.reasons.iter().any(|reason| reason.effect == effect);
        if has(Effect::Refuses) {
            DeletionVerdict::NotFree
        } else if has(Effect::Unknown) || self.reasons.is_empty() {
            DeletionVerdict::CannotTell
        } else {
            DeletionVerdict::Free
        }
    }
}
