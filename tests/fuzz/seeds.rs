//! Writes what the fuzzer begins with: the demo's trail, the questions, and the documents that the tests know.
//!
//! It is a target, too: what is compiled for the fuzzer links with nothing else.

#![no_main]

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use analytics::trail;
use flate2::read::MultiGzDecoder;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

mod chain;
#[path = "../src/config_events.rs"]
#[expect(dead_code, reason = "the tests send more kinds than these")]
mod config_events;

const JOB: &str =
    "arn:aws:bedrock:eu-west-1:111122223333:model-customization-job/amazon.titan-text-lite-v1:0:4k/abc123def456";
const ACCOUNT: &str = "111122223333";
const AT: &str = "2026-03-01T00:00:00.000Z";

/// Longer ones slow the fuzzer down and show it nothing new.
const LONGEST: usize = 16 << 10;

fuzz_target!(init: run(), |_unused: &[u8]| {});

fn run() {
    let folder = std::env::var_os("CORPORA").expect("CORPORA names the folder to write to");
    write_all(Path::new(&folder)).expect("the folder can be written to");
    std::process::exit(0)
}

fn write_all(corpora: &Path) -> io::Result<()> {
    let story = trail::story();
    let log_files: Vec<&trail::LogFile> = story.files.iter().filter(|file| file.key.contains("/CloudTrail/")).collect();
    let evidence: Vec<&trail::LogFile> = story.files.iter().filter(|file| file.key.ends_with(".jsonl.gz")).collect();
    let packed = log_files.iter().map(|file| file.bytes.clone());
    write(
        corpora,
        "log_file",
        packed.chain(log_files.iter().filter_map(|file| unpacked(&file.bytes))).chain(odd_log_files()),
    )?;
    write(
        corpora,
        "evidence",
        evidence.iter().flat_map(|file| [Some(file.bytes.clone()), unpacked(&file.bytes)]).flatten(),
    )?;
    write(corpora, "object_key", story.files.iter().map(|file| file.key.clone().into_bytes()))?;
    write(corpora, "digest", digests())?;
    write(
        corpora,
        "config_event",
        config_events().into_iter().map(|event| event.to_string().into_bytes()).chain(settings()),
    )?;
    write(corpora, "plan_file", plans())?;
    write(corpora, "tag_waiver", waivers())?;
    write(corpora, "sql_header", questions(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../queries"))?)
}

fn write(corpora: &Path, target: &str, seeds: impl IntoIterator<Item = Vec<u8>>) -> io::Result<()> {
    let folder = corpora.join(target);
    fs::create_dir_all(&folder)?;
    for (number, seed) in seeds.into_iter().filter(|seed| seed.len() <= LONGEST).enumerate() {
        fs::write(folder.join(format!("seed-{number:04}")), seed)?;
    }
    Ok(())
}

fn unpacked(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut document = Vec::new();
    MultiGzDecoder::new(bytes).read_to_end(&mut document).ok().map(|_| document)
}

fn odd_log_files() -> Vec<Vec<u8>> {
    let record = r#"{"eventTime":"2026-03-04T05:06:07Z","eventSource":"ec2.amazonaws.com","eventName":"DeleteVpc","eventID":"e"}"#;
    [
        r#"{"Records":[]}"#.to_owned(),
        format!(r#"{{"Records":[{record}]}}"#),
        format!(" {{ \"Records\" :\n[ {record} ,\t{record} ] }}\n"),
        format!(r#"{{"Records":[{},{{"a":"\"]}}","b":[[{{}}]]}}]}}"#, record.replace("eventName", "event\\u004eame")),
        format!(
            r#"{{"Records":[{{"requestParameters":{{"eventName":"Decrypt"}},{}]}}"#,
            &record.replace("eventName", "event\\u004eame")[1..]
        ),
        format!("{record}\n{record}\n"),
        r#"{"Records":[{"eventName":"Dec"#.to_owned(),
    ]
    .map(String::into_bytes)
    .to_vec()
}

/// Every digest of a signed chain alone, all of them together, and the keys.
fn digests() -> Vec<Vec<u8>> {
    let (signed, keys) = chain::signed();
    let documents: Vec<Vec<u8>> = signed.into_iter().map(|(_, _, document)| document).collect();
    let together = documents.join(&b'\n');
    documents.into_iter().chain([together, keys.into_bytes()]).collect()
}

fn config_events() -> Vec<Value> {
    use config_events::{
        changed, deleted_item, item_summary, job_created_event, job_state_change, oversized, scheduled,
    };
    let (kind, id, region) = ("AWS::EC2::SecurityGroup", "sg-11111111", "eu-west-1");
    let all = json!({
        "control": "job_network_tagged", "jobKinds": "model-customization-job", "jobStatuses": "InProgress",
        "maxJobAgeDays": "30", "mandatoryTagKeys": "Owner,CostCenter", "reportedResourceType": "Acme::Bedrock::Job",
        "resourceSchemaVersion": "00000002", "executionRoleName": "audit",
    });
    vec![
        scheduled("rule", "token", None, ACCOUNT, AT),
        scheduled("rule", "token", Some(&all), ACCOUNT, AT),
        changed("rule", "token", None, deleted_item(kind, id, ACCOUNT, region, AT), AT),
        oversized("rule", "token", Some(&json!({})), &item_summary(kind, id, ACCOUNT, region, AT)),
        job_created_event(JOB, ACCOUNT, region, AT),
        job_state_change(JOB, "InProgress", ACCOUNT, region, AT),
        all,
    ]
}

fn settings() -> Vec<Vec<u8>> {
    vec![b"CONFIG_RULE_NAMES=a,b\nSTOP_UNPROTECTED_JOBS=true\nEVIDENCE_URI=s3://bucket/prefix\n".to_vec()]
}

fn plans() -> Vec<Vec<u8>> {
    let change = |kind: &str, actions: &[&str], id: &str| {
        json!({"address": format!("{kind}.jobs"), "type": kind, "change": {"actions": actions, "before": {
            "id": id, "arn": format!("arn:aws:ec2:eu-west-1:{ACCOUNT}:x/{id}"), "force_destroy": true}}})
    };
    let terraform = json!({
        "format_version": "1.2", "planned_values": {},
        "resource_changes": [
            change("aws_security_group", &["delete"], "sg-11111111"),
            change("aws_default_vpc", &["delete", "create"], "vpc-11111111"),
            change("aws_cloudformation_stack", &["delete"], "stack"),
            change("aws_subnet", &["no-op"], "subnet-11111111"),
            change("aws_vpc", &["create", "delete"], "vpc-22222222"),
        ],
        "deferred_changes": [{"resource_change": change("aws_vpc_endpoint", &["delete"], "vpce-11111111")}],
    });
    let removed = |kind: &str, action: &str, id: &str| {
        json!({"Type": "Resource", "ResourceChange": {"Action": action, "LogicalResourceId": "Jobs", "ResourceType": kind,
            "PhysicalResourceId": id, "Replacement": "Conditional", "ChangeSetId": "inner"}})
    };
    let change_set = json!({
        "ChangeSetId": "outer", "Status": "CREATE_COMPLETE",
        "StackId": format!("arn:aws:cloudformation:eu-west-1:{ACCOUNT}:stack/network/1"),
        "Changes": [
            removed("AWS::EC2::SecurityGroup", "Remove", "sg-11111111"),
            removed("AWS::EC2::Subnet", "Modify", "subnet-11111111"),
            removed("AWS::CloudFormation::Stack", "Modify", "arn"),
        ],
    });
    let custodian = json!([{"GroupId": "sg-11111111", "VpcId": "vpc-11111111", "OwnerId": ACCOUNT}]);
    let list = "# old\nsg-11111111\r\n\n  vpce-0123456789abcdef0  # endpoint\n";
    [terraform.to_string(), change_set.to_string(), custodian.to_string(), list.to_owned()]
        .map(String::into_bytes)
        .to_vec()
}

fn waivers() -> Vec<Vec<u8>> {
    [
        "owner=ml-lead@example.com reason=pilot on public data expires=2026-06-30",
        "expires=2026-03-04 reason=a=b owner=c",
        "owner=a reason= expires=2026-02-30",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

fn questions(folder: &Path) -> io::Result<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(questions(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "sql") {
            found.push(fs::read(&path)?);
        }
    }
    found.sort();
    Ok(found)
}
