//! Each check, good and in each way bad.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use config_rule::account::{Identity, RecordedTypes, Recorder, RecorderStatus};

use super::*;
use crate::doctor::estimate::{DaySample, FolderSample, Sampled};
use crate::doctor::facts::{BucketFacts, Call, DigestDay, Recording, Simulated, Source, Trail, TrailStatus};
use crate::doctor::selectors::{BasicSelector, Selectors};

fn now() -> DateTime<Utc> {
    "2026-03-31T12:00:00Z".parse().expect("a time")
}

fn unread(action: &str, cause: &str) -> Unread {
    Unread { action: action.to_owned(), resource: "s3://trail/".to_owned(), cause: cause.to_owned() }
}

fn denied(action: &str) -> Call {
    Call { action: action.to_owned(), unread: Some(unread(action, "AccessDenied: no")) }
}

fn answered(action: &str) -> Call {
    Call { action: action.to_owned(), unread: None }
}

fn bucket_facts() -> BucketFacts {
    let (account, region) = ("111122223333".to_owned(), "eu-west-1".to_owned());
    let day = now().date_naive().pred_opt().expect("a day before");
    let sample = DaySample { day, log_files: 1_000, bytes: 100_000_000, is_cut: false };
    let folder =
        FolderSample { account: account.clone(), region: region.clone(), first_day: Some(day), days: vec![sample] };
    BucketFacts {
        source: Source { bucket: "trail".to_owned(), prefix: String::new() },
        other_region: None,
        accounts: 1,
        log_file: Asked::Told("a.json.gz".to_owned()),
        digest_file: Asked::Told("d.json.gz".to_owned()),
        digests: Asked::Told(DigestDay { account, region, day, count: 24 }),
        sampled: Asked::Told(Sampled {
            today: now().date_naive(),
            accounts: 1,
            sampled_accounts: 1,
            folders: vec![folder],
        }),
    }
}

fn recording() -> Recording {
    let name = "default".to_owned();
    Recording {
        recorders: vec![Recorder { name: name.clone(), types: RecordedTypes::All }],
        statuses: vec![RecorderStatus { name, is_recording: true, last_failure: None }],
        channels: vec!["config".to_owned()],
    }
}

fn healthy() -> Facts {
    let selector = BasicSelector {
        read_write_type: "All".to_owned(),
        includes_management_events: true,
        excluded_sources: Vec::new(),
    };
    let arn = "arn:aws:sts::111122223333:assumed-role/auditor/ann".to_owned();
    Facts {
        now: now(),
        checks: BTreeSet::from(Check::ALL),
        source: None,
        region: Some("eu-west-1".to_owned()),
        identity: Asked::Told(Identity { account: "111122223333".to_owned(), arn }),
        trails: Asked::Told(vec![Trail {
            name: "audit".to_owned(),
            arn: "arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit".to_owned(),
            bucket: "trail".to_owned(),
            home_region: "eu-west-1".to_owned(),
            is_multi_region: true,
            has_validation: true,
            ..Trail::default()
        }]),
        status: Asked::Told(TrailStatus {
            is_logging: true,
            latest_delivery: Some(now() - TimeDelta::minutes(5)),
            ..TrailStatus::default()
        }),
        selectors: Asked::Told(Selectors::Basic(vec![selector])),
        bucket: Asked::Told(bucket_facts()),
        recorder: Asked::Told(recording()),
        recent_jobs: 3,
        calls: vec![answered("sts:GetCallerIdentity"), answered("bedrock:ListModelCustomizationJobs")],
        simulated: Asked::Told(Simulated {
            principal_arn: "arn:aws:iam::111122223333:role/auditor".to_owned(),
            denied: BTreeSet::from(["bedrock:ListModelCustomizationJobs".to_owned()]),
        }),
    }
}

/// Changes the facts of a healthy account, and looks at one finding.
#[track_caller]
fn check(check: Check, change: impl FnOnce(&mut Facts), state: State, words: &[&str]) {
    let mut facts = healthy();
    change(&mut facts);
    let all = findings(&facts);
    let found = all.iter().find(|finding| finding.check == check).expect("every check is there");
    let text = format!("{} => {}", found.what, found.next_step.as_deref().unwrap_or("nothing"));
    assert_eq!(found.state, state, "{text}");
    assert!(state == State::Good || found.next_step.is_some(), "{text}");
    for word in words {
        assert!(text.contains(word), "{word}: {text}");
    }
}

fn trail(facts: &mut Facts) -> &mut Trail {
    match &mut facts.trails {
        Asked::Told(trails) => &mut trails[0],
        other => panic!("{other:?}"),
    }
}

fn status(facts: &mut Facts) -> &mut TrailStatus {
    match &mut facts.status {
        Asked::Told(status) => status,
        other => panic!("{other:?}"),
    }
}

fn bucket(facts: &mut Facts) -> &mut BucketFacts {
    match &mut facts.bucket {
        Asked::Told(bucket) => bucket,
        other => panic!("{other:?}"),
    }
}

fn recorder(facts: &mut Facts) -> &mut Recording {
    match &mut facts.recorder {
        Asked::Told(recording) => recording,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_healthy_account_is_good_in_every_check_and_in_their_order() {
    let found = findings(&healthy());
    assert_eq!(found.iter().map(|finding| finding.check).collect::<Vec<_>>(), Check::ALL);
    for finding in found {
        assert_eq!(finding.state, State::Good, "{finding:?}");
    }
}

#[test]
fn a_check_that_is_left_out_has_no_finding() {
    let mut facts = healthy();
    facts.checks.remove(&Check::Recorder);
    assert!(findings(&facts).iter().all(|finding| finding.check != Check::Recorder));
}

#[test]
fn who_asks() {
    let credentials = |cause: &'static str| {
        move |facts: &mut Facts| facts.identity = Asked::Unread(unread("sts:GetCallerIdentity", cause))
    };
    let none = credentials("dispatch failure: no providers in chain provided credentials");
    check(Check::Identity, none, State::Bad, &["no credentials", "AWS_PROFILE"]);
    let expired = credentials("ExpiredToken: The security token included in the request is expired");
    check(Check::Identity, expired, State::Bad, &["refused", "aws sso login"]);
    check(Check::Identity, credentials("Throttling: Rate exceeded"), State::CouldNotTell, &["throttled", "minutes"]);
    let root = |facts: &mut Facts| {
        let arn = "arn:aws:iam::111122223333:root".to_owned();
        facts.identity = Asked::Told(Identity { account: "111122223333".to_owned(), arn });
    };
    check(Check::Identity, root, State::Good, &["root user", "use a role"]);
    check(Check::Region, |facts| facts.region = None, State::Bad, &["--region", "AWS_REGION"]);
}

#[test]
fn the_trail() {
    check(Check::Trail, |facts| facts.trails = Asked::Told(Vec::new()), State::Bad, &["no trail", "infra/trail.yaml"]);
    check(Check::Trail, |facts| trail(facts).is_multi_region = false, State::Good, &["alone", "other Regions"]);
    let elsewhere = |facts: &mut Facts| {
        facts.source = Some(Source { bucket: "other".to_owned(), prefix: String::new() });
    };
    check(Check::Trail, elsewhere, State::CouldNotTell, &["delivers to s3://other", "audit to s3://trail"]);
    let throttled = |facts: &mut Facts| {
        facts.trails = Asked::Unread(unread("cloudtrail:DescribeTrails", "ThrottlingException: Rate exceeded"));
    };
    check(Check::Trail, throttled, State::CouldNotTell, &["cloudtrail:DescribeTrails", "throttled"]);
    check(Check::Logging, throttled, State::CouldNotTell, &["no trail to look at"]);
}

#[test]
fn what_the_trail_does() {
    check(Check::Logging, |_| {}, State::Good, &["5 minutes ago"]);
    let off = |facts: &mut Facts| {
        status(facts).is_logging = false;
        status(facts).stopped_at = Some(now());
    };
    check(Check::Logging, off, State::Bad, &["since 2026-03-31T12:00:00Z", "aws cloudtrail start-logging --name arn:"]);
    let failed = |facts: &mut Facts| status(facts).delivery_error = Some("AccessDenied".to_owned());
    check(Check::Logging, failed, State::Bad, &["AccessDenied", "bucket's policy"]);
    check(Check::Logging, |facts| status(facts).latest_delivery = None, State::CouldNotTell, &["nothing yet"]);
    let silent = |facts: &mut Facts| status(facts).latest_delivery = Some(now() - TimeDelta::days(3));
    check(Check::Logging, silent, State::CouldNotTell, &["3 days ago", "get-trail-status"]);
    check(
        Check::Validation,
        |facts| trail(facts).has_validation = false,
        State::Bad,
        &["--enable-log-file-validation"],
    );
    let failed = |facts: &mut Facts| status(facts).digest_error = Some("NoSuchBucket".to_owned());
    check(Check::Validation, failed, State::Bad, &["NoSuchBucket"]);
}

#[test]
fn what_the_trail_lets_through() {
    let read_only = |facts: &mut Facts| {
        let selector = BasicSelector {
            read_write_type: "ReadOnly".to_owned(),
            includes_management_events: true,
            excluded_sources: Vec::new(),
        };
        facts.selectors = Asked::Told(Selectors::Basic(vec![selector]));
    };
    check(Check::ManagementEvents, read_only, State::Bad, &["bedrock.amazonaws.com", "put-event-selectors"]);
}

#[test]
fn the_bucket() {
    let cannot = |action: &'static str, cause: &'static str| {
        move |facts: &mut Facts| facts.bucket = Asked::Unread(unread(action, cause))
    };
    let denied = cannot("s3:ListBucket", "AccessDenied: no");
    check(Check::Bucket, denied, State::Bad, &["s3:ListBucket on s3://trail/ is denied", "allow s3:ListBucket"]);
    check(Check::Estimate, denied, State::CouldNotTell, &["could not be listed"]);
    let gone = cannot("s3:ListBucket", "NoSuchBucket: The specified bucket does not exist");
    check(Check::Bucket, gone, State::Bad, &["NoSuchBucket", "name"]);
    let elsewhere = cannot("s3:ListBucket", "AuthorizationHeaderMalformed: expecting another");
    check(Check::Bucket, elsewhere, State::Bad, &["another Region", "get-bucket-location --bucket trail"]);
    let busy = cannot("s3:ListBucket", "SlowDown: Rate exceeded");
    check(Check::Bucket, busy, State::CouldNotTell, &["throttled", "minutes"]);
    let key = |facts: &mut Facts| {
        let cause = "AccessDenied: User: x is not authorized to perform: kms:Decrypt on this resource";
        bucket(facts).log_file = Asked::Unread(unread("s3:GetObject", cause));
    };
    check(Check::Bucket, key, State::Bad, &["can be listed, but kms:Decrypt", "allow kms:Decrypt"]);
    check(Check::Bucket, |facts| bucket(facts).accounts = 0, State::CouldNotTell, &["no folder", "prefix"]);
    let region = |facts: &mut Facts| bucket(facts).other_region = Some("eu-central-1".to_owned());
    check(Check::Bucket, region, State::Good, &["--region eu-central-1"]);
    check(Check::Estimate, region, State::Good, &["ingest s3://trail --lake ./lake --region eu-central-1"]);
}

#[test]
fn what_is_in_the_bucket() {
    let none = |facts: &mut Facts| {
        if let Asked::Told(day) = &mut bucket(facts).digests {
            day.count = 0;
        }
    };
    check(Check::Digests, none, State::Bad, &["there are none of 2026-03-30", "LatestDigestDeliveryError"]);
    check(Check::Digests, |facts| trail(facts).has_validation = false, State::Bad, &["validation is off"]);
    let words = ["about 2000 log files, 200.0 MB", "4s", "on two cores", "ingest s3://trail --lake ./lake"];
    check(Check::Estimate, |_| {}, State::Good, &words);
    let new = |facts: &mut Facts| {
        if let Asked::Told(sampled) = &mut bucket(facts).sampled {
            sampled.folders.clear();
        }
    };
    check(Check::Estimate, new, State::CouldNotTell, &["no full day"]);
}

#[test]
fn what_config_records() {
    check(
        Check::Recorder,
        |facts| recorder(facts).recorders.clear(),
        State::Bad,
        &["no recorder", "infra/recorder.yaml"],
    );
    let off = |facts: &mut Facts| recorder(facts).statuses[0].is_recording = false;
    check(Check::Recorder, off, State::Bad, &["start-configuration-recorder --configuration-recorder-name default"]);
    check(Check::Recorder, |facts| recorder(facts).channels.clear(), State::Bad, &["delivery channel"]);
    let failed = |facts: &mut Facts| recorder(facts).statuses[0].last_failure = Some("AccessDenied".to_owned());
    check(Check::Recorder, failed, State::Bad, &["AccessDenied"]);
    let some = |facts: &mut Facts| {
        recorder(facts).recorders[0].types = RecordedTypes::AllBut(vec!["AWS::EC2::Subnet".to_owned()]);
    };
    check(Check::Recorder, some, State::Bad, &["leaves out AWS::EC2::Subnet"]);
}

#[test]
fn what_the_caller_may() {
    let lacks = |facts: &mut Facts| facts.calls.push(denied("ec2:DescribeSubnets"));
    check(Check::LiveApis, lacks, State::Bad, &["denied ec2:DescribeSubnets"]);
    check(Check::Permissions, lacks, State::Bad, &["missing: ec2:DescribeSubnets", "allow these to arn:"]);
    let simulated = |facts: &mut Facts| {
        if let Asked::Told(simulated) = &mut facts.simulated {
            simulated.denied.insert("bedrock:ListTagsForResource".to_owned());
        }
    };
    check(Check::Permissions, simulated, State::Bad, &["missing: bedrock:ListTagsForResource"]);
    let busy = |facts: &mut Facts| {
        let action = "bedrock:ListModelCustomizationJobs";
        facts.calls[1].unread = Some(unread(action, "ThrottlingException: Rate exceeded"));
    };
    check(Check::LiveApis, busy, State::CouldNotTell, &["throttled", "minutes"]);
    let no_simulation = |facts: &mut Facts| {
        facts.calls.push(denied("iam:SimulatePrincipalPolicy"));
        facts.simulated = Asked::Unread(unread("iam:SimulatePrincipalPolicy", "AccessDenied: no"));
    };
    check(Check::Permissions, no_simulation, State::CouldNotTell, &["job_role_can_use_vpc", "allow iam:Simulate"]);
    let not_simulated = |facts: &mut Facts| facts.simulated = Asked::not("the root user may do everything");
    check(Check::Permissions, not_simulated, State::Good, &["no call was denied", "root user"]);
}
