//! The bucket: that it can be read, what vouches for it, how much there is.

use super::{Check, Finding, Found, State};
use crate::doctor::estimate::{self, BYTES_A_SECOND, LOG_FILES_A_SECOND, size};
use crate::doctor::facts::{Asked, BucketFacts, Facts};
use crate::doctor::why::{Why, remedy, tell, why};

pub fn bucket(facts: &Facts) -> Found {
    let check = Check::Bucket;
    let seen = match &facts.bucket {
        // What is certain about the bucket is bad; what is about this moment could not be told.
        Asked::Unread(unread) if matches!(why(unread), Why::Denied | Why::NotThere | Why::OtherRegion) => {
            return Ok(Finding::bad(check, tell(unread), remedy(unread)));
        }
        asked => Finding::told(check, asked)?,
    };
    for object in [&seen.log_file, &seen.digest_file] {
        match object {
            Asked::Unread(unread) if why(unread) == Why::Denied => {
                return Ok(Finding::bad(check, format!("it can be listed, but {}", tell(unread)), remedy(unread)));
            }
            Asked::Unread(unread) => return Err(Finding::unread(check, unread)),
            Asked::Told(_) | Asked::NotAsked(_) => {}
        }
    }
    let uri = seen.source.uri();
    if seen.accounts == 0 {
        let what = format!("{uri} can be listed, and has no folder AWSLogs/ACCOUNT in it");
        let next_step =
            "a new trail delivers within a quarter of an hour; else look at the prefix: aws s3 ls, --recursive";
        return Ok(Finding::could_not_tell(check, what, next_step));
    }
    let (count, log_file) = (seen.accounts, seen.log_file.told());
    let accounts = if count == 1 { "1 account".to_owned() } else { format!("{count} accounts") };
    let Some(log_file) = log_file else {
        let what = format!("{uri} can be listed and has folders of {accounts}, in which no log file was seen");
        let next_step = "see whether there are any: aws s3 ls, --recursive; then run doctor again";
        return Ok(Finding::could_not_tell(check, what, next_step));
    };
    let digest = if seen.digest_file.told().is_some() { " and a digest file" } else { "" };
    let what = format!("{uri} has log files of {accounts}; {log_file}{digest} could be read");
    Ok(match &seen.other_region {
        Some(region) => {
            let next_step = format!("the bucket is in {region}: give ingest and verify --region {region}");
            Finding::new(check, State::Good, what, next_step)
        }
        None => Finding::good(check, what),
    })
}

/// What was seen; where nothing was, what the check of the bucket says already.
fn seen(check: Check, facts: &Facts) -> Result<&BucketFacts, Finding> {
    match &facts.bucket {
        Asked::Unread(_) => Err(Finding::not_asked(check, "the bucket could not be listed")),
        asked => Finding::told(check, asked),
    }
}

pub fn digests(facts: &Facts) -> Found {
    let check = Check::Digests;
    if facts.trail().is_some_and(|trail| !trail.has_validation) {
        let next_step = "switch log file validation on: see validation";
        return Ok(Finding::bad(check, "there are none, since the trail's log file validation is off", next_step));
    }
    let day = Finding::told(check, &seen(check, facts)?.digests)?;
    let of = format!("of {}, account {} in {}", day.day, day.account, day.region);
    if day.count == 0 {
        let next_step = "where validation was switched on today, run doctor again tomorrow; else aws cloudtrail \
                         get-trail-status shows LatestDigestDeliveryError";
        return Ok(Finding::bad(check, format!("there are none {of}"), next_step));
    }
    let (count, uri) = (day.count, facts.place().map(|place| place.uri()).unwrap_or_default());
    let what = format!("{count} {of}");
    let region = elsewhere(facts);
    let next_step = format!("bedrock-audit verify {uri} --from 7d{region}");
    Ok(Finding::new(check, State::Good, what, next_step))
}

/// The option that a bucket elsewhere needs.
fn elsewhere(facts: &Facts) -> String {
    let other = facts.bucket.told().and_then(|seen| seen.other_region.as_ref());
    other.map(|region| format!(" --region {region}")).unwrap_or_default()
}

pub fn estimate(facts: &Facts) -> Found {
    let check = Check::Estimate;
    let sampled = Finding::told(check, &seen(check, facts)?.sampled)?;
    let Some(found) = estimate::estimate(sampled) else {
        let next_step = "run doctor again when the trail has delivered for a full day";
        return Ok(Finding::could_not_tell(check, "there is no full day of log files to reckon from", next_step));
    };
    let least = if found.is_at_least { "at least " } else { "" };
    let (log_files, bytes, first) = (found.log_files, size(found.bytes), found.first_day);
    let (days, seen, of) = (found.counted_days, sampled.sampled_accounts, sampled.accounts);
    let (speed, files) = (size(BYTES_A_SECOND), LOG_FILES_A_SECOND);
    let what = format!(
        "about {least}{log_files} log files, {bytes} of gzip since {first}: {} to ingest for the audit. An estimate, from \
         {days} days of Regions in {seen} of {of} accounts, at {speed} or {files} log files a second, as measured on two \
         cores from a disk; the network is not in it",
        humantime::format_duration(found.time)
    );
    let uri = facts.place().map(|place| place.uri()).unwrap_or_default();
    let next_step = format!(
        "bedrock-audit ingest {uri} --lake ./lake{}; --from 90d reads the last 90 days alone",
        elsewhere(facts)
    );
    Ok(Finding::new(check, State::Good, what, next_step))
}
