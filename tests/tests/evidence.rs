//! What the rule of AWS Config wrote, in the lake and in the history.

use analytics::evidence::line::{Detail, Fact, Finding, Job, LookedUp, LookedUpKind, Run, Terms, VpcConfig, Waiver};
use analytics::evidence::network::{Permission, SecurityGroup};
use analytics::trail::LogFile;
use analytics::trail::evidence::{json_of, run_evidence};
use chrono::{DateTime, Utc};
use schemas::control::Verdict;
use schemas::ids::{AccountId, Region};
use schemas::job::JobKind;

use crate::place::{Place, number, text};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const GROUP: &str = "sg-0c0c0c0c0c0c0c0c0";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

fn run(evaluated_at: &str, number: u32) -> Run {
    Run {
        account_id: AccountId::parse(ACCOUNT).expect("an account"),
        aws_region: Region::parse(REGION).expect("a Region"),
        rule_name: "bedrock-job-in-vpc".to_owned(),
        request_id: format!("8476a536-e9f4-11e8-9739-2dfe598c3{number:03}"),
        evaluated_at: at(evaluated_at),
        unread_lists: Vec::new(),
    }
}

fn job(id: &str, status: &str, ended_at: Option<&str>) -> Job {
    Job {
        arn: format!(
            "arn:aws:bedrock:{REGION}:{ACCOUNT}:model-customization-job/amazon.titan-text-express-v1:0:8k/{id}"
        ),
        name: format!("name-of-{id}"),
        kind: JobKind::ModelCustomization,
        status: status.to_owned(),
        created_at: at("2026-02-28T08:00:00Z"),
        ended_at: ended_at.map(at),
        failure_message: None,
    }
}

fn finding(job: Job, network: Option<VpcConfig>, waiver: Waiver) -> Finding {
    let verdict = match (&network, &waiver) {
        (Some(_), _) => Verdict::Compliant,
        (None, Waiver::Yes(_)) => Verdict::NotApplicable,
        (None, _) => Verdict::NonCompliant,
    };
    let detail = Detail {
        role_arn: None,
        vpc_config: network,
        input_s3_uris: vec!["s3://example/train.jsonl".to_owned()],
        customer_key: None,
    };
    Finding {
        control: "job_in_vpc".to_owned(),
        job,
        detail: Fact::Known(detail),
        verdict,
        reason: "because".to_owned(),
        resources: Vec::new(),
        unread: Vec::new(),
        waiver,
    }
}

fn in_vpc() -> Option<VpcConfig> {
    Some(VpcConfig {
        subnet_ids: vec!["subnet-0b0b0b0b0b0b0b0b0".to_owned()],
        security_group_ids: vec![GROUP.to_owned()],
    })
}

fn group() -> LookedUp {
    let group = SecurityGroup {
        id: GROUP.to_owned(),
        name: "training".to_owned(),
        vpc_id: "vpc-0a0a0a0a0a0a0a0a0".to_owned(),
        owner_id: ACCOUNT.to_owned(),
        ingress: Vec::new(),
        egress: vec![Permission {
            protocol: "tcp".to_owned(),
            from_port: Some(443),
            to_port: Some(443),
            cidrs: vec!["10.0.0.0/16".to_owned()],
            ..Permission::default()
        }],
        tags: [("Owner".to_owned(), "ml".to_owned())].into(),
    };
    LookedUp { record: LookedUpKind::SecurityGroup, of: json_of(&group.id), fact: Fact::Known(json_of(&group)) }
}

/// Two runs a day apart: one job in a VPC that completed between them, one outside that was waived between them.
fn two_runs() -> [LogFile; 2] {
    let last_day = "2026-06-30".parse().expect("a day");
    let terms = Terms { owner: "ann".to_owned(), reason: "pilot".to_owned(), last_day };
    let first = [
        finding(job("a", "InProgress", None), in_vpc(), Waiver::No),
        finding(job("b", "InProgress", None), None, Waiver::No),
    ];
    let second = [
        finding(job("a", "Completed", Some("2026-03-01T20:00:00Z")), in_vpc(), Waiver::No),
        finding(job("b", "InProgress", None), None, Waiver::Yes(terms)),
    ];
    [
        run_evidence("evidence", &run("2026-03-01T09:30:00Z", 1), &first, &[group()]),
        run_evidence("evidence", &run("2026-03-02T09:30:00Z", 2), &second, &[group()]),
    ]
}

#[test]
fn evidence_gives_jobs_their_ends_detections_and_waivers_and_groups_their_rules() {
    let place = Place::in_folders();
    place.deliver(&two_runs());
    let ingested = place.ingest(&[]).expect_status(0);
    assert!(ingested.stdout.contains("2  evidence objects: read"), "{}", ingested.stdout);
    let again = place.ingest(&[]).expect_status(0);
    assert!(again.stdout.contains("2  evidence objects: in the lake already"), "{}", again.stdout);

    let states = place
        .sql("select state, entered_at, event_id from job_states where job_identifier like '%/a' order by entered_at");
    let shown: Vec<_> = states.iter().map(|row| (text(row, "state"), text(row, "entered_at"))).collect();
    assert_eq!(shown, [("InProgress", "2026-03-01T09:30:00Z"), ("Completed", "2026-03-01T20:00:00Z")]);
    assert!(states.iter().all(|row| row["event_id"].is_null()));

    let detections = place.query("detections", &["--until", "2027-01-01"]);
    assert_eq!((detections.len(), text(&detections[0], "job_name")), (1, "name-of-b"));
    assert_eq!((number(&detections[0], "runs_found"), number(&detections[0], "runs")), (1, 2));
    let waivers = place.query("waivers", &["--until", "2027-01-01"]);
    assert!(
        waivers.iter().any(|row| text(row, "waiver_owner") == "ann" && text(row, "waiver_state") == "yes"),
        "{waivers:?}"
    );
    assert_eq!(place.query("rule_runs", &["--until", "2027-01-01"]).len(), 2);

    let rules =
        place.sql("select group_id, is_egress, peer, from_port, started_at, started_how from security_group_rules");
    assert_eq!((rules.len(), text(&rules[0], "peer"), text(&rules[0], "started_how")), (1, "10.0.0.0/16", "snapshot"));
    let tags = place.sql(&format!("select tag_key, tag_value from resource_tags where resource_id = '{GROUP}'"));
    assert_eq!((text(&tags[0], "tag_key"), text(&tags[0], "tag_value")), ("Owner", "ml"));

    // Jobs that no record shows are judged by what they say of themselves.
    let (_, verdicts) = place.last_verdicts();
    let of = |name: &str, control: &str| {
        let row = verdicts.iter().find(|row| text(row, "job_name") == name && text(row, "control") == control);
        text(row.expect("a verdict"), "verdict").to_owned()
    };
    assert_eq!(
        (of("name-of-a", "job_in_vpc"), of("name-of-b", "job_in_vpc")),
        ("Compliant".into(), "NonCompliant".into())
    );
}

#[test]
fn damaged_evidence_is_set_aside_by_name() {
    let place = Place::in_folders();
    let [mut first, second] = two_runs();
    first.bytes.truncate(40);
    place.deliver(&[first.clone(), second]);
    let ingested = place.ingest(&[]).expect_status(2);
    assert!(ingested.stdout.contains("1  evidence objects: set aside: bad gzip"), "{}", ingested.stdout);
    assert!(ingested.stderr.contains(&first.key), "{}", ingested.stderr);
    let runs = place.query("rule_runs", &["--until", "2027-01-01"]);
    assert!(runs.iter().any(|row| text(row, "set_aside_reason").starts_with("bad_gzip")), "{runs:?}");
}
