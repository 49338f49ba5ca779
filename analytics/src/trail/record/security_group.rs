//! Records of EC2's operations on security groups and their rules.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::Record;
use super::ec2::{call, done, items};
use super::vpc_endpoint::wrapped;
use crate::trail::{Caller, Place, id};

/// `CreateSecurityGroup`.
pub fn create_security_group(
    place: &Place,
    caller: &Caller,
    at: DateTime<Utc>,
    group_id: &str,
    group_name: &str,
    vpc_id: &str,
) -> Record {
    let tags = json!([{ "key": "Name", "value": group_name }]);
    let request = json!({
        "groupName": group_name,
        "groupDescription": "managed by terraform",
        "vpcId": vpc_id,
        "tagSpecificationSet": { "items": [{ "resourceType": "security-group", "tags": tags }] },
    });
    call(
        place,
        caller,
        at,
        "CreateSecurityGroup",
        request,
        |request_id| json!({ "requestId": request_id, "_return": true, "groupId": group_id, "tagSet": { "items": tags } }),
    )
}

/// `DeleteSecurityGroup` by id. The response repeats the id, as EC2's present service model says; records of 2023 do
/// not have it there.
pub fn delete_security_group_by_id(place: &Place, caller: &Caller, at: DateTime<Utc>, group_id: &str) -> Record {
    call(
        place,
        caller,
        at,
        "DeleteSecurityGroup",
        json!({ "groupId": group_id }),
        |request_id| json!({ "requestId": request_id, "_return": true, "groupId": group_id }),
    )
}

/// `DeleteSecurityGroup` by name, which EC2 takes in the default VPC only. Nothing in this record tells the id, as in
/// records of 2023.
pub fn delete_security_group_by_name(place: &Place, caller: &Caller, at: DateTime<Utc>, group_name: &str) -> Record {
    call(place, caller, at, "DeleteSecurityGroup", json!({ "groupName": group_name }), done)
}

/// One permission for one address range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// `tcp`, `udp`, `icmp`, or `-1` for all.
    pub ip_protocol: String,
    /// The first port; `None` = all, as with protocol `-1`.
    pub from_port: Option<i64>,
    /// The last port, included.
    pub to_port: Option<i64>,
    /// An IPv4 or IPv6 range.
    pub cidr: String,
    /// A description of the rule.
    pub description: Option<String>,
}

impl Permission {
    /// TCP on one port.
    pub fn tcp(port: i64, cidr: &str) -> Self {
        Self {
            ip_protocol: "tcp".to_owned(),
            from_port: Some(port),
            to_port: Some(port),
            cidr: cidr.to_owned(),
            description: None,
        }
    }

    fn is_ipv6(&self) -> bool {
        self.cidr.contains(':')
    }

    /// As the requests of the older operations write it: a permission without ports has no port members.
    fn requested(&self) -> Value {
        let key = if self.is_ipv6() { "cidrIpv6" } else { "cidrIp" };
        let range = items(vec![described(json!({ (key): self.cidr }), "description", self.description.as_deref())]);
        let (ipv4, ipv6) = if self.is_ipv6() { (json!({}), range) } else { (range, json!({})) };
        let mut permission = json!({ "ipProtocol": self.ip_protocol });
        if let (Some(from_port), Some(to_port)) = (self.from_port, self.to_port) {
            permission["fromPort"] = Value::from(from_port);
            permission["toPort"] = Value::from(to_port);
        }
        permission["groups"] = json!({});
        permission["ipRanges"] = ipv4;
        permission["ipv6Ranges"] = ipv6;
        permission["prefixListIds"] = json!({});
        permission
    }

    /// As the responses write the rule that came of it: all ports are -1.
    fn granted(&self, place: &Place, group_id: &str, is_egress: bool) -> Value {
        let direction = if is_egress { "egress" } else { "ingress" };
        let ports = format!("{:?}-{:?}", self.from_port, self.to_port);
        let rule_id = id::resource("sgr", &[group_id, direction, &self.ip_protocol, &ports, &self.cidr]);
        let rule = json!({
            "groupOwnerId": place.account_id,
            "groupId": group_id,
            "securityGroupRuleId": rule_id,
        });
        let mut rule = described(rule, "description", self.description.as_deref());
        rule["isEgress"] = Value::from(is_egress);
        rule["ipProtocol"] = Value::from(self.ip_protocol.as_str());
        rule["fromPort"] = Value::from(self.from_port.unwrap_or(-1));
        rule["toPort"] = Value::from(self.to_port.unwrap_or(-1));
        rule[if self.is_ipv6() { "cidrIpv6" } else { "cidrIpv4" }] = Value::from(self.cidr.as_str());
        rule
    }

    /// As `ModifySecurityGroupRules` writes it, in PascalCase.
    fn replacing(&self) -> Value {
        let key = if self.is_ipv6() { "CidrIpv6" } else { "CidrIpv4" };
        let rule = json!({
            (key): self.cidr,
            "FromPort": self.from_port.unwrap_or(-1),
            "ToPort": self.to_port.unwrap_or(-1),
            "IpProtocol": self.ip_protocol,
        });
        described(rule, "Description", self.description.as_deref())
    }
}

fn described(mut value: Value, member: &str, description: Option<&str>) -> Value {
    if let Some(description) = description {
        value[member] = Value::from(description);
    }
    value
}

/// `AuthorizeSecurityGroupIngress`, in the structured form.
pub fn authorize_security_group_ingress(
    place: &Place,
    caller: &Caller,
    at: DateTime<Utc>,
    group_id: &str,
    permission: &Permission,
) -> Record {
    authorize(place, caller, at, group_id, permission, false)
}

/// `AuthorizeSecurityGroupEgress`, in the structured form.
pub fn authorize_security_group_egress(
    place: &Place,
    caller: &Caller,
    at: DateTime<Utc>,
    group_id: &str,
    permission: &Permission,
) -> Record {
    authorize(place, caller, at, group_id, permission, true)
}

fn authorize(
    place: &Place,
    caller: &Caller,
    at: DateTime<Utc>,
    group_id: &str,
    permission: &Permission,
    is_egress: bool,
) -> Record {
    let event_name = if is_egress { "AuthorizeSecurityGroupEgress" } else { "AuthorizeSecurityGroupIngress" };
    let request = json!({ "groupId": group_id, "ipPermissions": items(vec![permission.requested()]) });
    call(place, caller, at, event_name, request, |request_id| {
        let rules = items(vec![permission.granted(place, group_id, is_egress)]);
        json!({ "requestId": request_id, "_return": true, "securityGroupRuleSet": rules })
    })
}

/// `ModifySecurityGroupRules` of one rule, which becomes `permission`. Wrapped and in PascalCase.
pub fn modify_security_group_rules(
    place: &Place,
    caller: &Caller,
    at: DateTime<Utc>,
    group_id: &str,
    rule_id: &str,
    permission: &Permission,
) -> Record {
    let rule = json!({ "SecurityGroupRuleId": rule_id, "tag": 1, "SecurityGroupRule": permission.replacing() });
    let request = json!({ "GroupId": group_id, "SecurityGroupRule": rule });
    wrapped(place, caller, at, "ModifySecurityGroupRules", request, json!({ "return": true }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place::new("111122223333", "eu-west-1")
    }

    fn at() -> DateTime<Utc> {
        "2026-02-03T04:05:06Z".parse().expect("a date")
    }

    #[test]
    fn a_permission_for_everything_has_no_ports_in_the_request_and_minus_one_in_the_response() {
        let caller = Caller::user("111122223333", "ana");
        let all = Permission {
            ip_protocol: "-1".to_owned(),
            from_port: None,
            to_port: None,
            cidr: "::/0".to_owned(),
            description: None,
        };
        let Record(record) = authorize_security_group_egress(&place(), &caller, at(), "sg-1", &all);
        let asked = record.pointer("/requestParameters/ipPermissions/items/0").expect("one permission");
        assert_eq!(asked.get("fromPort"), None);
        assert_eq!(asked["ipRanges"], json!({}));
        assert_eq!(asked["ipv6Ranges"], json!({ "items": [{ "cidrIpv6": "::/0" }] }));
        let given = record.pointer("/responseElements/securityGroupRuleSet/items/0").expect("one rule");
        assert_eq!((&given["fromPort"], &given["isEgress"]), (&json!(-1), &json!(true)));
    }

    #[test]
    fn a_modified_rule_is_wrapped() {
        let caller = Caller::user("111122223333", "ana");
        let rule = Permission::tcp(443, "0.0.0.0/0");
        let Record(record) = modify_security_group_rules(&place(), &caller, at(), "sg-1", "sgr-1", &rule);
        let expected = json!({ "ModifySecurityGroupRulesRequest": { "GroupId": "sg-1", "SecurityGroupRule": {
            "SecurityGroupRuleId": "sgr-1", "tag": 1, "SecurityGroupRule": {
                "CidrIpv4": "0.0.0.0/0", "FromPort": 443, "ToPort": 443, "IpProtocol": "tcp" } } } });
        assert_eq!(record["requestParameters"], expected);
    }
}
