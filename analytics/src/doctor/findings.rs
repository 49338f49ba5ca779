//! Facts in, one finding a check out, in a fixed order. Every finding that is not good says what to do next.

mod account;
mod apis;
mod bucket;
mod trail;

use config_rule::facts::Unread;

use super::facts::{Asked, Facts};
use super::why::{remedy, tell};

/// A check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// Whose credentials these are.
    Identity,
    /// That a Region is given.
    Region,
    /// That a trail logs it.
    Trail,
    /// That the trail is switched on, and delivers.
    Logging,
    /// That it has digest files.
    Validation,
    /// That it logs what the history is made of.
    ManagementEvents,
    /// That its bucket can be listed, and its objects read.
    Bucket,
    /// That digest files arrive.
    Digests,
    /// How much there is to read.
    Estimate,
    /// That AWS Config records what the rule reacts to.
    Recorder,
    /// That Bedrock and EC2 answer what `evaluate` asks.
    LiveApis,
    /// That no IAM action is missing.
    Permissions,
}

impl Check {
    /// Every check, in reporting order.
    pub const ALL: [Self; 12] = [
        Self::Identity,
        Self::Region,
        Self::Trail,
        Self::Logging,
        Self::Validation,
        Self::ManagementEvents,
        Self::Bucket,
        Self::Digests,
        Self::Estimate,
        Self::Recorder,
        Self::LiveApis,
        Self::Permissions,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Region => "region",
            Self::Trail => "trail",
            Self::Logging => "logging",
            Self::Validation => "validation",
            Self::ManagementEvents => "management_events",
            Self::Bucket => "bucket",
            Self::Digests => "digests",
            Self::Estimate => "estimate",
            Self::Recorder => "recorder",
            Self::LiveApis => "live_apis",
            Self::Permissions => "permissions",
        }
    }

    /// The check of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.as_str() == name)
    }
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As it should be.
    Good,
    /// Not as it should be.
    Bad,
    /// It could not be told.
    CouldNotTell,
}

impl State {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::CouldNotTell => "could not tell",
        }
    }
}

/// What a check found, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The check.
    pub check: Check,
    /// Whether it is good.
    pub state: State,
    /// What was found.
    pub what: String,
    /// What to do next; nothing where there is nothing to do.
    pub next_step: Option<String>,
}

impl Finding {
    fn new(check: Check, state: State, what: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self { check, state, what: what.into(), next_step: Some(next_step.into()) }
    }

    fn good(check: Check, what: impl Into<String>) -> Self {
        Self { check, state: State::Good, what: what.into(), next_step: None }
    }

    fn bad(check: Check, what: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self::new(check, State::Bad, what, next_step)
    }

    fn could_not_tell(check: Check, what: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self::new(check, State::CouldNotTell, what, next_step)
    }

    fn unread(check: Check, unread: &Unread) -> Self {
        Self::could_not_tell(check, tell(unread), remedy(unread))
    }

    fn not_asked(check: Check, reason: &str) -> Self {
        Self::could_not_tell(
            check,
            format!("not looked at: {reason}"),
            "settle what is said above, then run doctor again",
        )
    }

    /// The answer, or the finding that there is none.
    fn told<T>(check: Check, asked: &Asked<T>) -> Result<&T, Self> {
        match asked {
            Asked::Told(answer) => Ok(answer),
            Asked::Unread(unread) => Err(Self::unread(check, unread)),
            Asked::NotAsked(reason) => Err(Self::not_asked(check, reason)),
        }
    }
}

/// What the checks found.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    facts.checks.iter().map(|&check| finding(check, facts)).collect()
}

fn finding(check: Check, facts: &Facts) -> Finding {
    let found = match check {
        Check::Identity => account::identity(facts),
        Check::Region => Ok(account::region(facts)),
        Check::Trail => trail::trail(facts),
        Check::Logging => trail::logging(facts),
        Check::Validation => trail::validation(facts),
        Check::ManagementEvents => trail::management_events(facts),
        Check::Bucket => bucket::bucket(facts),
        Check::Digests => bucket::digests(facts),
        Check::Estimate => bucket::estimate(facts),
        Check::Recorder => apis::recorder(facts),
        Check::LiveApis => Ok(apis::live_apis(facts)),
        Check::Permissions => Ok(account::permissions(facts)),
    };
    found.unwrap_or_else(|untold| untold)
}

/// A finding, or the one that says why there is none.
type Found = Result<Finding, Finding>;

#[cfg(test)]
mod cases;
