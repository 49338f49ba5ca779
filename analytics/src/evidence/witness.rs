//! The rule writes evidence and this program reads it; and what `trail` writes is what the rule writes.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use config_rule::check::Checked;
use config_rule::evidence as rule;
use config_rule::facts::{self, Fact, JobFacts, World};
use config_rule::immediate::Decision;
use config_rule::judgement::Judgement;
use config_rule::report;
use config_rule::waiver::{Waived, waived};
use flate2::read::MultiGzDecoder;
use schemas::control::ControlId;
use schemas::job::JobKind;
use serde_json::{Value, json};

use super::cases::{ACCOUNT, GROUP, REGION, REQUEST, SUBNET, arn, at};
use super::{Contents, EVIDENCE_VERSION, EvidenceTables, Limits, STOP_NAME, read};
use crate::trail::evidence::{run_evidence, stop_evidence};

fn run() -> rule::Run<'static> {
    rule::Run {
        account_id: ACCOUNT,
        region: REGION,
        rule_name: "bedrock-job-in-vpc",
        request_id: REQUEST,
        evaluated_at: at("2026-03-01T09:30:05.123456Z"),
    }
}

fn unread() -> facts::Unread {
    let text = str::to_owned;
    facts::Unread { action: text("ec2:DescribeVpcs"), resource: text("vpc-1"), cause: text("access denied") }
}

fn job(id: &str, detail: Fact<facts::JobDetail>) -> JobFacts {
    let job = facts::Job {
        arn: arn(id),
        name: id.to_owned(),
        kind: JobKind::ModelCustomization,
        status: "Completed".to_owned(),
        created_at: at("2026-02-28T08:00:00.25Z"),
        ended_at: Some(at("2026-02-28T09:00:00Z")),
        failure_message: None,
    };
    let detail = match detail {
        Fact::Known(detail) => Fact::Known(Arc::new(detail)),
        Fact::Absent => Fact::Absent,
        Fact::Unreadable(unread) => Fact::Unreadable(unread),
    };
    JobFacts { job, detail }
}

fn detail(vpc_config: Option<facts::VpcConfig>) -> Fact<facts::JobDetail> {
    Fact::Known(facts::JobDetail {
        role_arn: Some("arn:aws:iam::111122223333:role/r".to_owned()),
        vpc_config,
        input_s3_uris: vec!["s3://b/c".to_owned()],
        customer_key: None,
    })
}

fn findings() -> Vec<report::Finding> {
    let network = facts::VpcConfig {
        subnet_ids: vec![SUBNET.to_owned()],
        security_group_ids: vec![GROUP.to_owned(), "sg-1".to_owned()],
    };
    let tag = |tag| waived(Some(tag), at("2026-03-01T00:00:00Z"));
    let bad = || Judgement::non_compliant("has no vpcConfig", Vec::new(), "create it again");
    let finding =
        |id, detail, judgement, waiver| report::Finding::new(ControlId::JobInVpc, job(id, detail), judgement, waiver);
    vec![
        finding("in", detail(Some(network)), Judgement::compliant("has a vpcConfig"), Waived::No),
        finding("out", detail(None), bad(), Waived::No),
        finding("waived", detail(None), bad(), tag("owner=a reason=b expires=2026-03-01")),
        finding("expired", detail(None), bad(), tag("owner=a reason=b expires=2026-02-01")),
        finding("malformed", detail(None), bad(), tag("owner=a")),
        finding("gone", Fact::Absent, Judgement::not_applicable("is gone"), Waived::No),
        finding("unread", Fact::Unreadable(unread()), Judgement::undetermined(vec![unread()]), Waived::No),
    ]
}

fn by_id<T>(id: &str, fact: Fact<T>) -> BTreeMap<String, Fact<T>> {
    [(id.to_owned(), fact)].into()
}

fn world() -> World {
    let text = str::to_owned;
    let group = facts::SecurityGroup {
        id: text(GROUP),
        egress: vec![facts::Permission { protocol: text("-1"), ..facts::Permission::default() }],
        tags: [(text("Owner"), text("ml"))].into(),
        ..facts::SecurityGroup::default()
    };
    let mut groups = by_id(GROUP, Fact::Known(group));
    groups.extend(by_id("sg-1", Fact::Absent));
    groups.extend(by_id("sg-2", Fact::Unreadable(unread())));
    let role_use = facts::RoleUse {
        role_arn: text("arn:aws:iam::111122223333:role/r"),
        account_id: text(ACCOUNT),
        region: text(REGION),
        subnet_ids: vec![text(SUBNET)],
        security_group_ids: vec![text(GROUP)],
    };
    World {
        account_id: text(ACCOUNT),
        region: text(REGION),
        security_groups: groups,
        subnets: by_id(SUBNET, Fact::Known(facts::Subnet { id: text(SUBNET), ..facts::Subnet::default() })),
        vpcs: by_id("vpc-1", Fact::Known(facts::Vpc { id: text("vpc-1"), ..facts::Vpc::default() })),
        route_tables: by_id("vpc-1", Fact::Known(vec![facts::RouteTable::default()])),
        endpoints: by_id("vpc-1", Fact::Known(vec![facts::Endpoint::default()])),
        prefix_lists: by_id("com.amazonaws.eu-west-1.s3", Fact::Known(facts::PrefixList::default())),
        role_denials: [(role_use, Fact::Known(Vec::new()))].into(),
        bucket_policies: by_id("b", Fact::Known(facts::BucketPolicy::Document(text("{}")))),
    }
}

fn lines_of(object: &[u8]) -> Vec<Value> {
    let mut text = String::new();
    MultiGzDecoder::new(object).read_to_string(&mut text).expect("gzip of text");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn what_the_rule_writes_is_read_whole_and_written_again_the_same() {
    let checked = Checked {
        findings: findings(),
        listed: findings().iter().map(|finding| finding.facts.job.arn.clone()).collect(),
        unread_lists: vec![unread()],
        world: world(),
    };
    let lines = rule::lines(&run(), &checked);
    let key = run().key("evidence");
    let file = read(&format!("s3://b/{key}"), "", &rule::compressed(&lines), Limits::default());
    let Ok(Contents::Run { run, findings, facts }) = &file.contents else { panic!("{:?}", file.contents) };
    assert_eq!((findings.len(), facts.len(), run.unread_lists.len()), (7, 10, 1));
    let mut rows = EvidenceTables::default();
    rows.add(&file);
    assert_eq!((rows.files.rows(), rows.findings.rows(), rows.facts.rows()), (1, 7, 10));
    let findings: Vec<_> = findings.iter().map(|(_, finding)| finding.clone()).collect();
    let facts: Vec<_> = facts.iter().map(|(_, fact)| fact.clone()).collect();
    let again = run_evidence("evidence", run, &findings, &facts);
    assert_eq!((again.key, lines_of(&again.bytes)), (key, lines));
}

#[test]
fn a_stop_is_read_and_written_again_the_same() {
    let JobFacts { job, detail: Fact::Known(detail) } = job("a", detail(None)) else { panic!("it is known") };
    let line = json!({
        "record": "stop", "job": job, "detail": detail, "waiver": Waived::No, "why": Decision::Stop.why(),
        "outcome": "stopped", "event": "CreateModelCustomizationJob",
    });
    let run = rule::Run { rule_name: STOP_NAME, ..run() };
    let key = run.key("");
    let file = read(&key, "", &rule::compressed(std::slice::from_ref(&line)), Limits::default());
    let Ok(Contents::Stop { stop, .. }) = &file.contents else { panic!("{:?}", file.contents) };
    let again = stop_evidence("", (ACCOUNT, REGION), run.evaluated_at, REQUEST, stop);
    assert_eq!((again.key, lines_of(&again.bytes)), (key, vec![line]));
}

#[test]
fn both_know_the_same_version_and_words() {
    assert_eq!(u64::from(rule::EVIDENCE_VERSION), EVIDENCE_VERSION);
    assert_eq!(facts::FINISHED, super::line::FINISHED);
}
