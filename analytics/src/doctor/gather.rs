//! The asking. Who asks comes first, for without an identity nothing else is answered; then everything at once, within
//! the time that is left. It only reads.

mod apis;
mod bucket;
mod permissions;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use config_rule::account::Identity;
use config_rule::aws::Connection;
use config_rule::facts::Unread;
use config_rule::gather::Bounds;

use super::facts::{Asked, BucketFacts, Call, Facts, Source, Trail, TrailStatus, choose};
use super::findings::Check;
use super::selectors::Selectors;
use super::why::{Why, why};
use crate::store::Stores;

/// Whom to ask, and how long.
pub struct Reach<'a> {
    /// Bedrock, EC2, IAM, STS and AWS Config.
    pub connection: &'a Connection,
    /// S3 and CloudTrail.
    pub stores: &'a Stores,
    /// How many requests at a time, and until when.
    pub bounds: Bounds,
}

/// What to ask about.
#[derive(Debug, Clone)]
pub struct Question {
    /// What "yesterday" means.
    pub now: DateTime<Utc>,
    /// The checks to make.
    pub checks: BTreeSet<Check>,
    /// The place that was typed.
    pub source: Option<Source>,
}

impl Reach<'_> {
    /// An answer in time, and the call written down.
    async fn ask<T>(
        &self,
        action: &str,
        resource: &str,
        calls: &mut Vec<Call>,
        call: impl Future<Output = Result<T, Unread>>,
    ) -> Result<T, Unread> {
        let read = self.bounds.in_time(action, resource, call).await.flatten();
        calls.push(Call::of(action, &read));
        read
    }
}

/// Asks everything that the checks need.
pub async fn gather(reach: &Reach<'_>, question: Question) -> Facts {
    let region = reach.connection.region();
    let mut calls = Vec::new();
    let caller = reach.connection.get_caller_identity();
    let identity = reach.ask("sts:GetCallerIdentity", "the caller", &mut calls, caller).await;
    if let Err(unread) = &identity
        && let Some(reason) = hopeless(unread)
    {
        return unasked(question, region, identity, reason);
    }
    let known = identity.as_ref().ok();
    let (trail, recorder, live) = tokio::join!(
        of_trail(reach, &question, region.as_deref(), known),
        apis::recorder(reach, &question, region.as_deref()),
        apis::live(reach, &question, region.as_deref(), known),
    );
    calls.extend(trail.calls);
    calls.extend(recorder.1);
    calls.extend(live.1);
    let Question { now, checks, source } = question;
    let mut facts = Facts {
        now,
        checks,
        source,
        region,
        identity: identity.into(),
        trails: trail.trails,
        status: trail.status,
        selectors: trail.selectors,
        bucket: trail.bucket,
        recorder: recorder.0,
        recent_jobs: live.0,
        calls,
        simulated: Asked::not("it was not asked for"),
    };
    if facts.checks.contains(&Check::Permissions) {
        facts.simulated = permissions::simulate(reach, &mut facts).await;
    }
    facts
}

/// Why nothing else would be answered either; a refusal or too many requests concern this one call.
fn hopeless(unread: &Unread) -> Option<&'static str> {
    match why(unread) {
        Why::NoCredentials => Some("there are no credentials"),
        Why::CredentialsRefused => Some("the credentials are refused"),
        Why::NoAnswer => Some("nobody answered who the caller is"),
        Why::Denied | Why::Throttled | Why::OtherRegion | Why::NotThere | Why::Other => None,
    }
}

/// One clear finding, and nothing asked in vain.
fn unasked(question: Question, region: Option<String>, identity: Result<Identity, Unread>, reason: &str) -> Facts {
    let Question { now, checks, source } = question;
    Facts {
        now,
        checks,
        source,
        region,
        identity: identity.into(),
        trails: Asked::not(reason),
        status: Asked::not(reason),
        selectors: Asked::not(reason),
        bucket: Asked::not(reason),
        recorder: Asked::not(reason),
        recent_jobs: 0,
        calls: Vec::new(),
        simulated: Asked::not(reason),
    }
}

/// What was told of the trail and its bucket.
struct OfTrail {
    trails: Asked<Vec<Trail>>,
    status: Asked<TrailStatus>,
    selectors: Asked<Selectors>,
    bucket: Asked<BucketFacts>,
    calls: Vec<Call>,
}

async fn of_trail(
    reach: &Reach<'_>,
    question: &Question,
    region: Option<&str>,
    identity: Option<&Identity>,
) -> OfTrail {
    let mut calls = Vec::new();
    let trails = trails(reach, region, &mut calls).await;
    let chosen = trails.told().and_then(|trails| choose(trails, question.source.as_ref()));
    let (status, selectors) = match (chosen, region) {
        (Some(trail), Some(region)) => of_chosen(reach, question, trail, region, &mut calls).await,
        _ => (Asked::not("there is no trail to look at"), Asked::not("there is no trail to look at")),
    };
    let place = question.source.clone().or_else(|| chosen.map(Trail::source));
    let is_wanted =
        [Check::Bucket, Check::Digests, Check::Estimate].iter().any(|check| question.checks.contains(check));
    let bucket = match place {
        _ if !is_wanted => Asked::not("it was not asked for"),
        None => Asked::not("no trail tells which bucket"),
        Some(place) => {
            let subject = bucket::Subject { place, trail: chosen, identity, region, today: question.now.date_naive() };
            bucket::look(reach, &subject, &mut calls).await
        }
    };
    OfTrail { status, selectors, bucket, calls, trails }
}

async fn trails(reach: &Reach<'_>, region: Option<&str>, calls: &mut Vec<Call>) -> Asked<Vec<Trail>> {
    let Some(region) = region else { return Asked::not("there is no Region") };
    let cloudtrail = reach.stores.trails(region).await;
    reach.ask("cloudtrail:DescribeTrails", "all trails", calls, cloudtrail.describe_trails()).await.into()
}

/// Its status here, and its selectors where it was made.
async fn of_chosen(
    reach: &Reach<'_>,
    question: &Question,
    trail: &Trail,
    region: &str,
    calls: &mut Vec<Call>,
) -> (Asked<TrailStatus>, Asked<Selectors>) {
    let (here, home) = (reach.stores.trails(region).await, reach.stores.trails(&trail.home_region).await);
    let arn = &trail.arn;
    let status = reach.ask("cloudtrail:GetTrailStatus", arn, calls, here.get_trail_status(arn)).await;
    let selectors = reach.ask("cloudtrail:GetEventSelectors", arn, calls, home.get_event_selectors(arn)).await;
    if trail.has_validation {
        let keys = here.list_public_keys(question.now);
        // Only whether it may be asked matters, which the call itself tells.
        let _ = reach.ask("cloudtrail:ListPublicKeys", "the keys of the last day", calls, keys).await;
    }
    (status.into(), selectors.into())
}
