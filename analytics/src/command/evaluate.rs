//! `bedrock-audit evaluate`: the rule's own code, from a laptop.

mod output;
mod places;

use std::collections::BTreeSet;
use std::time::Duration;

use config_rule::check::{Checked, Request, check};
use config_rule::facts::Unread;
use config_rule::gather::{Bounds, Memory};
use config_rule::parameters::Parameters;
use futures::StreamExt;
use futures::stream;
use schemas::control::{ControlId, Verdict};
use tokio::time::Instant;

use super::Session;
use crate::cli::{Evaluate, Global};
use crate::error::Result;
use crate::exit_code::ExitCode;
use places::{Place, Places};

/// EC2 may not show a group that was just created.
const SECOND_LOOK_AFTER: Duration = Duration::from_secs(3);

/// What one account and Region showed.
struct Seen {
    account_id: Option<String>,
    region: String,
    checked: Checked,
}

/// What all of them showed, in the order of account and Region.
struct Evaluated {
    seen: Vec<Seen>,
    /// What could not even be looked at: an account whose Regions could not be listed.
    unlisted: Vec<(Option<String>, Unread)>,
}

/// What is asked of every account and Region alike.
struct Asked {
    controls: Vec<ControlId>,
    parameters: Parameters,
    concurrency: usize,
    time_limit: Duration,
    now: chrono::DateTime<chrono::Utc>,
}

pub async fn run(args: &Evaluate, session: &Session, global: &Global) -> Result<ExitCode> {
    let (wanted, shown) = (args.places()?, args.shown()?);
    let asked = Asked {
        controls: args.controls()?,
        parameters: args.rule_parameters()?,
        concurrency: args.concurrency.into(),
        time_limit: args.time_limit()?,
        now: session.now,
    };
    let connection = global.connection(None).await?;
    let Places { places, unlisted } = places::of(&wanted, &connection).await?;
    let looks = places.into_iter().map(|place| look(place, &asked));
    let seen: Vec<Seen> = stream::iter(looks).buffered(args.places_at_once.into()).collect().await;
    let evaluated = Evaluated { seen, unlisted };
    output::print(args.output, &evaluated, &shown, &asked.controls)?;
    Ok(evaluated.exit_code())
}

/// Each place has the time limit to itself, from when its turn comes.
async fn look(place: Place, asked: &Asked) -> Seen {
    let bounds = Bounds {
        concurrency: asked.concurrency,
        deadline: Instant::now() + asked.time_limit,
        second_look_after: SECOND_LOOK_AFTER,
    };
    let request = Request {
        account_id: place.account_id.as_deref(),
        region: &place.region,
        controls: &asked.controls,
        selection: &asked.parameters.selection,
        policy: &asked.parameters.policy,
        changed: None,
        now: asked.now,
    };
    let checked = check(&place.sources, request, bounds, &Memory::default()).await;
    Seen { account_id: place.account_id, region: place.region, checked }
}

impl Seen {
    /// The account that was asked for, else the one that the jobs' ARNs name.
    fn account_id(&self) -> Option<&str> {
        let of_jobs = Some(self.checked.world.account_id.as_str()).filter(|id| !id.is_empty());
        self.account_id.as_deref().or(of_jobs)
    }

    fn is_whole(&self) -> bool {
        self.checked.of(Verdict::Undetermined) == 0 && self.checked.is_complete()
    }
}

impl Evaluated {
    fn of(&self, verdict: Verdict) -> usize {
        self.seen.iter().map(|seen| seen.checked.of(verdict)).sum()
    }

    fn accounts(&self) -> BTreeSet<Option<&str>> {
        self.seen.iter().map(Seen::account_id).collect()
    }

    /// A non-compliant job is certain whatever else is unknown, so it comes first.
    fn exit_code(&self) -> ExitCode {
        if self.of(Verdict::NonCompliant) > 0 {
            ExitCode::NonCompliant
        } else if !self.unlisted.is_empty() || !self.seen.iter().all(Seen::is_whole) {
            ExitCode::CouldNotTell
        } else {
            ExitCode::Done
        }
    }
}
