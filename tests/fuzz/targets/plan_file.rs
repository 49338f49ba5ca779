//! Documents given to `can-delete`: a deletion that a plain reading of the JSON finds is never left out.

#![no_main]

use analytics::deletion_input::{Document, What, cloudformation, custodian, list, terraform, together};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const TERRAFORM: [&str; 8] = [
    "aws_security_group",
    "aws_subnet",
    "aws_vpc",
    "aws_vpc_endpoint",
    "awscc_ec2_security_group",
    "awscc_ec2_subnet",
    "awscc_ec2_vpc",
    "awscc_ec2_vpc_endpoint",
];
const CLOUDFORMATION: [&str; 4] =
    ["AWS::EC2::SecurityGroup", "AWS::EC2::Subnet", "AWS::EC2::VPC", "AWS::EC2::VPCEndpoint"];

fuzz_target!(|text: &str| {
    let json: Value = serde_json::from_str(text).unwrap_or_default();
    if let Ok(document) = terraform::parse(text) {
        let deferred = array(&json["deferred_changes"]).map(|deferred| &deferred["resource_change"]);
        let all = array(&json["resource_changes"]).chain(deferred);
        let deleted: Vec<&Value> =
            all.filter(|change| array(&change["change"]["actions"]).any(|action| action == "delete")).collect();
        let ours = deleted.iter().filter(|change| is_one_of(&change["type"], &TERRAFORM)).count();
        assert!(document.deletions.len() >= ours, "a deletion is left out");
        for id in
            deleted.iter().filter_map(|change| change["change"]["before"]["id"].as_str()).filter(|id| !id.is_empty())
        {
            assert!(document.going.contains(id), "{id} goes, and nobody is told");
        }
        check(document);
    }
    if let Ok(document) = cloudformation::parse(text) {
        let all = array(&json["Changes"]).map(|change| &change["ResourceChange"]);
        let removed = all.filter(|change| change["Action"] == "Remove" && change["PolicyAction"].is_null());
        let ours = removed.filter(|change| is_one_of(&change["ResourceType"], &CLOUDFORMATION)).count();
        assert!(document.deletions.len() >= ours || json["Status"] == "FAILED", "a deletion is left out");
        check(document);
    }
    if let Ok(document) = custodian::parse(text) {
        assert_eq!(document.deletions.len(), array(&json).count());
        check(document);
    }
    if let Ok(document) = list::parse(text) {
        let lines = text.lines().map(|line| line.split_once('#').map_or(line, |(before, _)| before));
        assert_eq!(document.deletions.len(), lines.filter(|line| !line.trim().is_empty()).count());
        check(document);
    }
});

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn is_one_of(value: &Value, known: &[&str]) -> bool {
    value.as_str().is_some_and(|text| known.contains(&text))
}

/// Put together, no resource is lost.
fn check(document: Document) {
    let ids: Vec<_> = document
        .deletions
        .iter()
        .filter_map(|deletion| match &deletion.what {
            What::Resource(asked) => Some(asked.id.clone()),
            What::Untold { .. } => None,
        })
        .collect();
    let untold = document.deletions.len() - ids.len() + document.nested.len();
    let requested = together(vec![document.clone(), document]);
    assert!(ids.iter().all(|id| requested.ids().contains(id) && requested.going.contains(id.as_str())));
    assert!(requested.deletions.len() >= requested.ids().len() + untold.min(1));
}
