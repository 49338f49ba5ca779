//! The trail: that there is one, that it is on, that it leaves nothing out that is needed.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Check, Finding, Found, State};
use crate::doctor::facts::{Facts, Trail};
use crate::doctor::selectors::Passage;

/// CloudTrail delivers within minutes, where something happens; a Region is seldom silent for a day.
const SILENCE: TimeDelta = TimeDelta::days(1);

const DEPLOY: &str =
    "aws cloudformation deploy --stack-name bedrock-audit-trail --template-file infra/trail.yaml --region";

pub fn trail(facts: &Facts) -> Found {
    let check = Check::Trail;
    let trails = Finding::told(check, &facts.trails)?;
    let region = facts.region.as_deref().unwrap_or_default();
    if trails.is_empty() {
        let what = format!("no trail of this account logs {region}: what happens there is forgotten after 90 days");
        return Ok(Finding::bad(check, what, format!("{DEPLOY} {region} (infra/README.md)")));
    }
    let Some(trail) = facts.trail() else {
        let asked = facts.place().map(|place| place.uri()).unwrap_or_default();
        let seen: Vec<String> =
            trails.iter().map(|trail| format!("{} to {}", trail.name, trail.source().uri())).collect();
        let what = format!("no trail that this caller sees delivers to {asked}; it sees {}", seen.join(", "));
        let next_step = "name one of these, or run doctor with credentials of the account that the trail is in";
        return Ok(Finding::could_not_tell(check, what, next_step));
    };
    let what = format!("{} of {}, delivers to {}", trail.arn, extent(trail), trail.source().uri());
    Ok(match (trail.is_multi_region, &facts.source) {
        (false, _) => {
            let next_step =
                format!("jobs in other Regions are not in its log files; a trail of all Regions: {DEPLOY} {region}");
            Finding::new(check, State::Good, what, next_step)
        }
        (true, None) => Finding::new(check, State::Good, what, format!("the SOURCE is {}", trail.source().uri())),
        (true, Some(_)) => Finding::good(check, what),
    })
}

fn extent(trail: &Trail) -> String {
    let regions = if trail.is_multi_region {
        format!("all Regions (home {})", trail.home_region)
    } else {
        format!("{} alone", trail.home_region)
    };
    if trail.is_organization { format!("the organization, {regions}") } else { regions }
}

/// The trail that was found; where there is none, what the check of the trail says already.
fn chosen(check: Check, facts: &Facts) -> Result<&Trail, Finding> {
    facts.trail().ok_or_else(|| Finding::not_asked(check, "there is no trail to look at"))
}

pub fn logging(facts: &Facts) -> Found {
    let check = Check::Logging;
    let trail = chosen(check, facts)?;
    let status = Finding::told(check, &facts.status)?;
    if !status.is_logging {
        let since = status.stopped_at.map(|at| format!(" since {}", seconds(at))).unwrap_or_default();
        let start = format!("aws cloudtrail start-logging --name {} --region {}", trail.arn, trail.home_region);
        return Ok(Finding::bad(check, format!("it is switched off{since}"), start));
    }
    if let Some(error) = &status.delivery_error {
        let uri = trail.source().uri();
        let next_step =
            format!("let CloudTrail write to {uri}: the bucket's policy, as in infra/trail.yaml, and its key's");
        return Ok(Finding::bad(check, format!("its last delivery failed: {error}"), next_step));
    }
    let Some(latest) = status.latest_delivery else {
        let next_step = "wait a quarter of an hour after something happened, then run doctor again";
        return Ok(Finding::could_not_tell(check, "it is on, and has delivered nothing yet", next_step));
    };
    let ago = age(facts.now - latest);
    if facts.now - latest > SILENCE {
        let what = format!("it is on, and delivered last {ago} ago: nothing happens here, or nothing arrives");
        let next_step =
            format!("aws cloudtrail get-trail-status --name {} in a Region where something happens", trail.arn);
        return Ok(Finding::could_not_tell(check, what, next_step));
    }
    Ok(Finding::good(check, format!("it is on, and delivered last {ago} ago")))
}

pub fn validation(facts: &Facts) -> Found {
    let check = Check::Validation;
    let trail = chosen(check, facts)?;
    if !trail.has_validation {
        let next_step = format!(
            "aws cloudtrail update-trail --name {} --enable-log-file-validation --region {}; what was delivered before \
             stays without digest files",
            trail.arn, trail.home_region
        );
        return Ok(Finding::bad(check, "it has no digest files, so nothing vouches for its log files", next_step));
    }
    if let Some(error) = facts.status.told().and_then(|status| status.digest_error.as_ref()) {
        let uri = trail.source().uri();
        let next_step =
            format!("let CloudTrail write to {uri}: the bucket's policy, as in infra/trail.yaml, and its key's");
        return Ok(Finding::bad(check, format!("its last digest file was not delivered: {error}"), next_step));
    }
    Ok(Finding::good(check, "it has digest files"))
}

pub fn management_events(facts: &Facts) -> Found {
    let check = Check::ManagementEvents;
    let trail = chosen(check, facts)?;
    let selectors = Finding::told(check, &facts.selectors)?;
    let (dropped, partly) = (selectors.needed(Passage::Dropped), selectors.needed(Passage::Partly));
    let look = format!("aws cloudtrail get-event-selectors --trail-name {} --region {}", trail.arn, trail.home_region);
    if !dropped.is_empty() {
        let what = format!("its event selectors leave out management events that write, of {}", dropped.join(", "));
        let next_step = format!("{look}; aws cloudtrail put-event-selectors with management events, WriteOnly or All");
        return Ok(Finding::bad(check, what, next_step));
    }
    if !partly.is_empty() {
        let what =
            format!("its event selectors ask for more than a source, so some events of {} may lack", partly.join(", "));
        let next_step = format!("{look}; see that they let all writes of these sources through");
        return Ok(Finding::could_not_tell(check, what, next_step));
    }
    Ok(Finding::good(check, "it logs management events that write, of Bedrock, EC2 and CloudTrail"))
}

fn seconds(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// `5 minutes`, `3 hours`, `2 days`.
fn age(span: TimeDelta) -> String {
    let (number, unit) = match span {
        span if span >= TimeDelta::days(2) => (span.num_days(), "days"),
        span if span >= TimeDelta::hours(2) => (span.num_hours(), "hours"),
        span => (span.num_minutes().max(0), "minutes"),
    };
    format!("{number} {unit}")
}
