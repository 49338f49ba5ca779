//! A plan, as `terraform show -json PLANFILE` prints it (Terraform documentation, "JSON Output Format", version 1).

use config_rule::deletion::subject::{Asked, ResourceId};
use schemas::ids::Arn;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::{BadInput, Deletion, Document, What};

const EXPECTED: &str = "the one JSON object that terraform show -json PLANFILE prints";

#[derive(Deserialize)]
struct Plan {
    format_version: Option<String>,
    resource_changes: Option<Vec<ResourceChange>>,
    deferred_changes: Option<Vec<DeferredChange>>,
    planned_values: Option<IgnoredAny>,
    errored: Option<bool>,
}

#[derive(Deserialize)]
struct DeferredChange {
    resource_change: ResourceChange,
}

#[derive(Deserialize)]
struct ResourceChange {
    address: String,
    #[serde(rename = "type")]
    resource_type: String,
    change: Change,
}

#[derive(Deserialize)]
struct Change {
    actions: Vec<String>,
    before: Option<Value>,
}

impl Change {
    /// A text of the resource as it is.
    fn before(&self, name: &str) -> Option<&str> {
        self.before.as_ref()?.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// A replacement deletes too, in either order.
    fn deletes(&self) -> bool {
        self.actions.iter().any(|action| action == "delete")
    }
}

/// What removing a resource of a type means for what jobs depend on.
enum Removal {
    /// The resource is deleted.
    Deletes,
    /// It is deleted where its `force_destroy` says so; else Terraform only forgets it.
    DeletesByForce,
    /// Resources are deleted that the plan does not show.
    Hides,
    /// Nothing.
    Nothing,
}

/// The default group is never deleted: Terraform only forgets it (AWS provider, `aws_default_security_group`).
fn removal(resource_type: &str) -> Removal {
    match resource_type {
        "aws_security_group" | "aws_subnet" | "aws_vpc" | "aws_vpc_endpoint" => Removal::Deletes,
        "awscc_ec2_security_group" | "awscc_ec2_subnet" | "awscc_ec2_vpc" | "awscc_ec2_vpc_endpoint" => {
            Removal::Deletes
        }
        "aws_default_subnet" | "aws_default_vpc" => Removal::DeletesByForce,
        "aws_cloudformation_stack" | "awscc_cloudformation_stack" => Removal::Hides,
        _ => Removal::Nothing,
    }
}

/// Reads a plan.
pub fn parse(text: &str) -> Result<Document, BadInput> {
    let plan: Plan = serde_json::from_str(text).map_err(|error| BadInput::new(error.to_string(), EXPECTED))?;
    let version = plan.format_version.as_deref().ok_or_else(|| BadInput::new("no format_version", EXPECTED))?;
    if version.split('.').next() != Some("1") {
        let found = format!("format_version {version:?}");
        return Err(BadInput::new(found, "version 1, which Terraform writes since 1.1"));
    }
    if plan.resource_changes.is_none() && plan.planned_values.is_none() {
        let found = "neither resource_changes nor planned_values: this is a state, which deletes nothing";
        return Err(BadInput::new(found, EXPECTED));
    }
    if plan.errored == Some(true) {
        let found = "errored: the plan failed, so there may be deletions that it does not show";
        return Err(BadInput::new(found, "a plan that is whole"));
    }
    let deferred = plan.deferred_changes.unwrap_or_default().into_iter().map(|deferred| deferred.resource_change);
    let mut document = Document::default();
    for change in plan.resource_changes.unwrap_or_default().into_iter().chain(deferred) {
        take(&mut document, &change);
    }
    Ok(document)
}

fn take(document: &mut Document, resource: &ResourceChange) {
    let change = &resource.change;
    if !change.deletes() {
        return;
    }
    document.going.extend(["id", "arn"].into_iter().filter_map(|name| change.before(name)).map(str::to_owned));
    let forced = || change.before.as_ref()?.get("force_destroy")?.as_bool();
    let what = match removal(&resource.resource_type) {
        Removal::Deletes => resource_of(resource),
        Removal::DeletesByForce if forced() == Some(true) => resource_of(resource),
        Removal::DeletesByForce | Removal::Nothing => return,
        Removal::Hides => What::Untold {
            name: resource.address.clone(),
            why: "its deletion deletes resources that the plan does not show: ask about their ids".to_owned(),
        },
    };
    let origin = format!("{} ({})", resource.address, change.actions.join(", "));
    document.deletions.push(Deletion { what, origin });
}

fn resource_of(resource: &ResourceChange) -> What {
    let change = &resource.change;
    let untold = |why: String| What::Untold { name: resource.address.clone(), why };
    let Some(id) = change.before("id") else {
        return untold("the plan deletes it and does not tell its id (change.before.id)".to_owned());
    };
    let id = match ResourceId::parse(id) {
        Ok(id) => id,
        Err(invalid) => return untold(format!("the plan deletes it, and its change.before.id {invalid}")),
    };
    let arn = change.before("arn").and_then(Arn::parse);
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let region = arn.map(|arn| arn.region).or_else(|| change.before("region")).and_then(text);
    let account_id = arn.map(|arn| arn.account).or_else(|| change.before("owner_id")).and_then(text);
    What::Resource(Asked { id, region, account_id })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan(changes: &Value) -> String {
        json!({"format_version": "1.2", "terraform_version": "1.9.8", "planned_values": {}, "resource_changes": changes})
            .to_string()
    }

    fn change(resource_type: &str, actions: &[&str], before: &Value) -> Value {
        json!({"address": format!("{resource_type}.jobs"), "mode": "managed", "type": resource_type, "name": "jobs",
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {"actions": actions, "before": before, "after": null, "after_unknown": {}}})
    }

    fn read(changes: &Value) -> Vec<String> {
        let document = parse(&plan(changes)).expect("a plan");
        let told = |deletion: &Deletion| match &deletion.what {
            What::Resource(asked) => format!(
                "{} {} {}",
                asked.id,
                asked.region.as_deref().unwrap_or("-"),
                asked.account_id.as_deref().unwrap_or("-")
            ),
            What::Untold { name, .. } => format!("? {name}"),
        };
        document.deletions.iter().map(told).collect()
    }

    #[test]
    fn deletions_and_replacements_of_what_jobs_depend_on_are_found() {
        let before =
            json!({"id": "sg-11111111", "arn": "arn:aws:ec2:eu-west-1:111122223333:security-group/sg-11111111"});
        let deleting: [&[&str]; 3] = [&["delete"], &["delete", "create"], &["create", "delete"]];
        for actions in deleting {
            let found = read(&json!([change("aws_security_group", actions, &before)]));
            assert_eq!(found, ["sg-11111111 eu-west-1 111122223333"], "{actions:?}");
        }
        let keeping: [&[&str]; 6] =
            [&["create"], &["update"], &["no-op"], &["read"], &["forget"], &["create", "forget"]];
        for actions in keeping {
            assert!(read(&json!([change("aws_security_group", actions, &before)])).is_empty(), "{actions:?}");
        }
        let others = json!([
            change("aws_subnet", &["delete"], &json!({"id": "subnet-11111111", "region": "us-east-1"})),
            change("aws_vpc", &["delete"], &json!({"id": "vpc-11111111", "owner_id": "111122223333"})),
            change("aws_vpc_endpoint", &["delete"], &json!({"id": "vpce-11111111"})),
            change("aws_instance", &["delete"], &json!({"id": "i-11111111"})),
            change("aws_default_security_group", &["delete"], &before),
            change("aws_default_vpc", &["delete"], &json!({"id": "vpc-22222222", "force_destroy": false})),
            change("aws_default_subnet", &["delete"], &json!({"id": "subnet-22222222", "force_destroy": true})),
        ]);
        let expected =
            ["subnet-11111111 us-east-1 -", "vpc-11111111 - 111122223333", "vpce-11111111 - -", "subnet-22222222 - -"];
        assert_eq!(read(&others), expected);
        let going = parse(&plan(&others)).expect("a plan").going;
        assert!(going.contains("i-11111111"), "what else goes may take interfaces along: {going:?}");
    }

    #[test]
    fn what_the_plan_does_not_tell_is_named() {
        for before in [json!(null), json!({}), json!({"id": ""}), json!({"id": "default"})] {
            let found = read(&json!([change("aws_security_group", &["delete"], &before)]));
            assert_eq!(found, ["? aws_security_group.jobs"], "{before}");
        }
        let stack = change("aws_cloudformation_stack", &["delete"], &json!({"id": "arn:..."}));
        assert_eq!(read(&json!([stack])), ["? aws_cloudformation_stack.jobs"]);
    }

    #[test]
    fn deferred_changes_count_and_a_plan_without_changes_deletes_nothing() {
        assert!(read(&json!([])).is_empty());
        let none = parse(r#"{"format_version":"1.2","planned_values":{"root_module":{}}}"#).expect("a plan");
        assert_eq!(none, Document::default());
        let change = change("aws_vpc", &["delete"], &json!({"id": "vpc-11111111"}));
        let deferred = json!({"format_version": "1.2", "planned_values": {},
            "deferred_changes": [{"reason": "provider_config_unknown", "resource_change": change}]});
        assert_eq!(parse(&deferred.to_string()).expect("a plan").deletions.len(), 1);
    }

    #[test]
    fn what_is_no_plan_is_refused_with_what_was_expected() {
        for (text, expected) in [
            ("", "line 1 column 0; expected the one JSON object that terraform show -json"),
            ("{\"@level\":\"info\"}\n{\"@level\":\"info\"}", "trailing characters at line 2 column 1"),
            ("[]", "line 1 column"),
            (r#"{"resource_changes":[]}"#, "no format_version"),
            (r#"{"format_version":"2.0","resource_changes":[]}"#, "format_version \"2.0\"; expected version 1"),
            (r#"{"format_version":"1.0","values":{"root_module":{}}}"#, "this is a state"),
            (r#"{"format_version":"1.2","errored":true,"resource_changes":[]}"#, "errored"),
            (
                r#"{"format_version":"1.2","resource_changes":[{"type":"aws_vpc"}]}"#,
                "missing field `address` at line 1",
            ),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
