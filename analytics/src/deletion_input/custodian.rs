//! `resources.json`, as a policy of Cloud Custodian writes it: the resources that it matched, as EC2 describes them.

use config_rule::deletion::subject::{Asked, ResourceId};
use schemas::ids::Arn;
use serde_json::{Map, Value};

use super::{BadInput, Deletion, Document, What};

const EXPECTED: &str = "the array of a policy on aws.security-group, aws.subnet, aws.vpc or aws.vpc-endpoint";

/// The ids by which EC2 names a resource itself, the most specific first: a group names its VPC too.
const OWN_IDS: [&str; 4] = ["VpcEndpointId", "GroupId", "SubnetId", "VpcId"];

/// Ids of resources that lie in a subnet or a VPC, and are neither.
const OTHER_IDS: [&str; 9] = [
    "CarrierGatewayId",
    "DBInstanceIdentifier",
    "FlowLogId",
    "FunctionName",
    "InstanceId",
    "NatGatewayId",
    "NetworkAclId",
    "NetworkInterfaceId",
    "RouteTableId",
];

/// Reads such a file. An empty array deletes nothing.
pub fn parse(text: &str) -> Result<Document, BadInput> {
    let resources: Vec<Map<String, Value>> =
        serde_json::from_str(text).map_err(|error| BadInput::new(error.to_string(), EXPECTED))?;
    let mut document = Document::default();
    for (index, resource) in resources.iter().enumerate() {
        let asked = asked(resource).map_err(|found| BadInput::new(format!("[{index}]: {found}"), EXPECTED))?;
        document.deletions.push(Deletion { what: What::Resource(asked), origin: format!("[{index}]") });
    }
    Ok(document)
}

fn asked(resource: &Map<String, Value>) -> Result<Asked, String> {
    if let Some(other) = OTHER_IDS.into_iter().find(|name| resource.contains_key(*name)) {
        return Err(format!("a resource with {other}"));
    }
    let text = |name: &str| resource.get(name).and_then(Value::as_str);
    let named = OWN_IDS.into_iter().find_map(|name| Some((name, text(name)?)));
    let (name, id) = named.ok_or_else(|| format!("a resource with none of {}", OWN_IDS.join(", ")))?;
    let id = ResourceId::parse(id).map_err(|invalid| format!("{name} {invalid}"))?;
    let arn = ["SecurityGroupArn", "SubnetArn"].into_iter().find_map(|name| Arn::parse(text(name)?));
    Ok(Asked {
        id,
        region: arn.map(|arn| arn.region.to_owned()),
        account_id: arn.map(|arn| arn.account.to_owned()).or_else(|| text("OwnerId").map(str::to_owned)),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_most_specific_id_is_the_resource() {
        let resources = json!([
            {"GroupId": "sg-11111111", "GroupName": "old", "VpcId": "vpc-11111111", "OwnerId": "111122223333",
             "SecurityGroupArn": "arn:aws:ec2:eu-west-1:111122223333:security-group/sg-11111111", "c7n:MatchedFilters": []},
            {"SubnetId": "subnet-11111111", "VpcId": "vpc-11111111", "CidrBlock": "10.0.0.0/24"},
            {"VpcId": "vpc-11111111", "CidrBlock": "10.0.0.0/16"},
            {"VpcEndpointId": "vpce-11111111", "VpcId": "vpc-11111111", "Groups": []},
        ]);
        let document = parse(&resources.to_string()).expect("resources");
        let told: Vec<String> = document
            .deletions
            .iter()
            .map(|deletion| match &deletion.what {
                What::Resource(asked) => format!("{} {} {:?}", deletion.origin, asked.id, asked.region),
                What::Untold { name, .. } => name.clone(),
            })
            .collect();
        let expected = [
            "[0] sg-11111111 Some(\"eu-west-1\")",
            "[1] subnet-11111111 None",
            "[2] vpc-11111111 None",
            "[3] vpce-11111111 None",
        ];
        assert_eq!(told, expected);
        assert_eq!(parse("[]").expect("empty"), Document::default());
    }

    #[test]
    fn what_is_no_such_resource_is_refused_by_its_place() {
        for (text, expected) in [
            ("{}", "line 1 column"),
            (r#"[{"GroupId":"sg-11111111"},{"Name":"x"}]"#, "[1]: a resource with none of VpcEndpointId, GroupId"),
            (
                r#"[{"NetworkInterfaceId":"eni-1","SubnetId":"subnet-11111111"}]"#,
                "[0]: a resource with NetworkInterfaceId",
            ),
            (r#"[{"GroupId":"old"}]"#, "[0]: GroupId \"old\" is not an id"),
            (r#"["sg-11111111"]"#, "line 1 column"),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(expected) && error.contains("expected the array of a policy"), "{text}: {error}");
        }
    }
}
