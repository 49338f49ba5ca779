//! A change set, as `aws cloudformation describe-change-set` prints it (AWS CloudFormation API Reference,
//! "DescribeChangeSet", "ResourceChange").

use config_rule::deletion::subject::{Asked, ResourceId};
use schemas::ids::Arn;
use serde::Deserialize;

use super::{BadInput, Deletion, Document, What};

const EXPECTED: &str = "the JSON object that aws cloudformation describe-change-set prints";

/// The types that jobs depend on.
const TYPES: [&str; 4] = ["AWS::EC2::SecurityGroup", "AWS::EC2::Subnet", "AWS::EC2::VPC", "AWS::EC2::VPCEndpoint"];

const NESTED_STACK: &str = "AWS::CloudFormation::Stack";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ChangeSet {
    change_set_id: Option<String>,
    stack_id: Option<String>,
    status: Option<String>,
    next_token: Option<String>,
    changes: Option<Vec<Change>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    resource_change: Option<ResourceChange>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ResourceChange {
    policy_action: Option<String>,
    action: String,
    logical_resource_id: Option<String>,
    physical_resource_id: Option<String>,
    resource_type: String,
    replacement: Option<String>,
    change_set_id: Option<String>,
}

impl ResourceChange {
    /// Whether the physical resource goes, or may go: what can only be told when the change set runs counts.
    fn deletes(&self) -> bool {
        let is_retained = self.policy_action.as_deref().is_some_and(|action| action.ends_with("Retain"));
        let may_go = match self.action.as_str() {
            "Remove" | "Dynamic" => true,
            "Modify" => matches!(self.replacement.as_deref(), Some("True" | "Conditional")),
            _ => false,
        };
        may_go && !is_retained
    }

    fn name(&self) -> String {
        self.logical_resource_id.clone().unwrap_or_else(|| self.resource_type.clone())
    }

    fn origin(&self) -> String {
        match &self.replacement {
            Some(replacement) if self.action == "Modify" => {
                format!("{} ({}, Replacement {replacement})", self.name(), self.action)
            }
            _ => format!("{} ({})", self.name(), self.action),
        }
    }
}

/// Reads a change set.
pub fn parse(text: &str) -> Result<Document, BadInput> {
    let set: ChangeSet = serde_json::from_str(text).map_err(|error| BadInput::new(error.to_string(), EXPECTED))?;
    match set.status.as_deref() {
        // It cannot be executed: mostly, there was nothing to change.
        Some("FAILED") => return Ok(Document { change_set_id: set.change_set_id, ..Document::default() }),
        None | Some("CREATE_COMPLETE") => {}
        Some(status) => {
            let expected = "CREATE_COMPLETE: aws cloudformation wait change-set-create-complete waits for it";
            return Err(BadInput::new(format!("Status {status}"), expected));
        }
    }
    if set.next_token.is_some() {
        let found = "NextToken: there are more changes than these";
        return Err(BadInput::new(found, "all of them: run describe-change-set without --max-items and --no-paginate"));
    }
    let changes = set.changes.ok_or_else(|| BadInput::new("no Changes", EXPECTED))?;
    let stack = set.stack_id.as_deref().and_then(Arn::parse);
    let mut document = Document { change_set_id: set.change_set_id, ..Document::default() };
    for change in changes.into_iter().filter_map(|change| change.resource_change) {
        take(&mut document, &change, stack);
    }
    Ok(document)
}

fn take(document: &mut Document, change: &ResourceChange, stack: Option<Arn<'_>>) {
    if change.resource_type == NESTED_STACK && !matches!(change.action.as_str(), "Add" | "Import") {
        let why = "a nested stack, whose changes this change set does not show: give its change set too (create it with \
                   --include-nested-stacks), or ask about the ids in it";
        let what = What::Untold { name: change.name(), why: why.to_owned() };
        document.nested.push((change.change_set_id.clone(), Deletion { what, origin: change.origin() }));
        return;
    }
    if !change.deletes() {
        return;
    }
    document.going.extend(change.physical_resource_id.clone());
    if !TYPES.contains(&change.resource_type.as_str()) {
        return;
    }
    let untold = |why: String| What::Untold { name: change.name(), why };
    let what = match change.physical_resource_id.as_deref().map(ResourceId::parse) {
        None => untold("the change set deletes it and does not tell its PhysicalResourceId".to_owned()),
        Some(Err(invalid)) => untold(format!("the change set deletes it, and its PhysicalResourceId {invalid}")),
        Some(Ok(id)) => {
            let part = |part: &str| Some(part.to_owned()).filter(|part| !part.is_empty());
            let region = stack.and_then(|stack| part(stack.region));
            let account_id = stack.and_then(|stack| part(stack.account));
            What::Resource(Asked { id, region, account_id })
        }
    };
    document.deletions.push(Deletion { what, origin: change.origin() });
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::together;
    use super::*;

    const SET: &str = "arn:aws:cloudformation:eu-west-1:111122223333:changeSet/drop/1";

    fn set(changes: &Value) -> String {
        json!({"ChangeSetName": "drop", "ChangeSetId": SET, "Status": "CREATE_COMPLETE", "Changes": changes,
            "StackId": "arn:aws:cloudformation:eu-west-1:111122223333:stack/network/1"})
        .to_string()
    }

    fn change(resource_type: &str, action: &str, id: Option<&str>, more: &Value) -> Value {
        let mut change = json!({"Action": action, "LogicalResourceId": "Jobs", "ResourceType": resource_type});
        if let Some(id) = id {
            change["PhysicalResourceId"] = id.into();
        }
        for (name, value) in more.as_object().expect("an object") {
            change[name.as_str()] = value.clone();
        }
        json!({"Type": "Resource", "ResourceChange": change})
    }

    fn read(changes: &Value) -> Vec<String> {
        let told = |deletion: &Deletion| match &deletion.what {
            What::Resource(asked) => {
                assert_eq!(asked.region.as_deref(), Some("eu-west-1"));
                assert_eq!(asked.account_id.as_deref(), Some("111122223333"));
                asked.id.to_string()
            }
            What::Untold { name, .. } => format!("? {name}"),
        };
        together(vec![parse(&set(changes)).expect("a change set")]).deletions.iter().map(told).collect()
    }

    #[test]
    fn what_goes_and_what_may_go_is_found() {
        let (group, id) = ("AWS::EC2::SecurityGroup", Some("sg-11111111"));
        let modify = |replacement: &str| change(group, "Modify", id, &json!({"Replacement": replacement}));
        for gone in [
            change(group, "Remove", id, &json!({})),
            change(group, "Remove", id, &json!({"PolicyAction": "Delete"})),
            change(group, "Dynamic", id, &json!({})),
            modify("True"),
            modify("Conditional"),
        ] {
            assert_eq!(read(&json!([gone])), ["sg-11111111"], "{gone}");
        }
        for kept in [
            change(group, "Add", None, &json!({})),
            change(group, "Import", id, &json!({})),
            change(group, "Remove", id, &json!({"PolicyAction": "Retain"})),
            change(group, "Modify", id, &json!({"PolicyAction": "ReplaceAndRetain", "Replacement": "True"})),
            modify("False"),
            change("AWS::S3::Bucket", "Remove", Some("bucket"), &json!({})),
            json!({"Type": "Resource"}),
        ] {
            assert!(read(&json!([kept])).is_empty(), "{kept}");
        }
        let all = TYPES.into_iter().zip(["sg-1a1a1a1a", "subnet-11111111", "vpc-11111111", "vpce-11111111"]);
        for (resource_type, id) in all {
            assert_eq!(read(&json!([change(resource_type, "Remove", Some(id), &json!({}))])), [id]);
        }
        assert_eq!(read(&json!([change(group, "Remove", None, &json!({}))])), ["? Jobs"]);
        assert_eq!(read(&json!([change(group, "Remove", Some("jobs"), &json!({}))])), ["? Jobs"]);
    }

    #[test]
    fn a_nested_stack_is_told_by_its_own_change_set_only() {
        let nested = |id: &str| set(&json!([change(NESTED_STACK, "Modify", Some("arn"), &json!({"ChangeSetId": id}))]));
        let outer = parse(&nested("inner")).expect("a change set");
        assert_eq!(together(vec![outer.clone()]).deletions.len(), 1);
        let inner = Document { change_set_id: Some("inner".to_owned()), ..Document::default() };
        assert!(together(vec![outer, inner]).deletions.is_empty());
        assert!(read(&json!([change(NESTED_STACK, "Add", None, &json!({}))])).is_empty());
        assert_eq!(read(&json!([change(NESTED_STACK, "Remove", Some("arn"), &json!({}))])), ["? Jobs"]);
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        for (text, expected) in [
            ("x", "line 1 column 1; expected the JSON object that aws cloudformation describe-change-set"),
            (r#"{"Changes":[],"NextToken":"x"}"#, "NextToken: there are more changes"),
            (r#"{"Status":"CREATE_IN_PROGRESS","Changes":[]}"#, "Status CREATE_IN_PROGRESS; expected CREATE_COMPLETE"),
            (r#"{"StackId":"x"}"#, "no Changes"),
            (r#"{"Changes":[{"ResourceChange":{"Action":"Remove"}}]}"#, "missing field `ResourceType` at line 1"),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        let failed = parse(r#"{"Status":"FAILED","StatusReason":"The submitted information didn't contain changes."}"#);
        assert_eq!(failed.expect("it cannot be executed"), Document::default());
    }
}
