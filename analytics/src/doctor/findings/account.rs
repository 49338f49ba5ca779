//! Who asks, where, and what the caller may not.

use config_rule::account::Principal;

use super::{Check, Finding, Found, State};
use crate::doctor::actions::{SIMULATE, missing};
use crate::doctor::facts::{Asked, Facts};
use crate::doctor::why::{Why, remedy, tell, why};

pub fn identity(facts: &Facts) -> Found {
    let check = Check::Identity;
    let identity = match &facts.identity {
        Asked::Unread(unread) if matches!(why(unread), Why::NoCredentials | Why::CredentialsRefused) => {
            return Ok(Finding::bad(check, tell(unread), remedy(unread)));
        }
        asked => Finding::told(check, asked)?,
    };
    let who = format!("{} in account {}", identity.arn, identity.account);
    if identity.principal() == Principal::Root {
        let what = format!("{who}: the root user, who may do everything");
        let next_step = "use a role that may do only what README names; keep the root user for what needs it";
        return Ok(Finding::new(check, State::Good, what, next_step));
    }
    Ok(Finding::good(check, who))
}

pub fn region(facts: &Facts) -> Finding {
    match &facts.region {
        Some(region) => Finding::good(Check::Region, region),
        None => Finding::bad(
            Check::Region,
            "none is given, so neither CloudTrail nor AWS Config nor Bedrock can be asked",
            "give --region, or set AWS_REGION, or a profile that has one",
        ),
    }
}

/// By name; each permission that is missing stands here once, whichever checks it spoiled.
pub fn permissions(facts: &Facts) -> Finding {
    let check = Check::Permissions;
    let missing: Vec<&str> = missing(facts).into_iter().collect();
    let missing_text = missing.join(", ");
    if facts.calls.is_empty() {
        return Finding::not_asked(check, "no call is answered without an identity");
    }
    let who = facts.identity.told().map_or("the caller", |identity| identity.arn.as_str());
    if !missing.is_empty() && missing != [SIMULATE] {
        let next_step = format!("allow these to {who}; README, 'Before the first run', says what each is for");
        return Finding::bad(check, format!("missing: {missing_text}"), next_step);
    }
    match &facts.simulated {
        Asked::Told(simulated) => {
            let what = format!(
                "none is missing, as the calls and IAM's simulation of {} tell; service control policies are not in \
                 the simulation, and s3:GetBucketPolicy was not tried",
                simulated.principal_arn
            );
            Finding::good(check, what)
        }
        Asked::NotAsked(reason) => {
            Finding::good(check, format!("no call was denied; the others were not simulated: {reason}"))
        }
        Asked::Unread(unread) => {
            let what = format!(
                "no call was denied but that to IAM: {}; evaluate leaves job_role_can_use_vpc Undetermined without it",
                tell(unread)
            );
            Finding::could_not_tell(check, what, remedy(unread))
        }
    }
}
