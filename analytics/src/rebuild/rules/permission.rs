//! Rules out of the JSON of requests and responses, whichever of EC2's encodings they are in.
//!
//! A request has permissions, each with any number of peers, and every peer is a rule of its own; or it has one rule
//! in its own members (the flat form). A response has rules.

use serde_json::Value;

use super::spec::{Peer, Protocol, Spec, Traffic};
use crate::rebuild::element::{content, list, member, text};

/// A rule as a record tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// `sgr-...`
    pub rule_id: Option<String>,
    /// What it allows.
    pub spec: Spec,
    /// The account of a group that it refers to.
    pub peer_account: Option<String>,
    /// Its description.
    pub description: Option<String>,
}

/// What was read of a list, and how many of its elements could not be.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The rules.
    pub told: Vec<Told>,
    /// Elements that say something that is not understood.
    pub unreadable: usize,
}

impl Reading {
    fn add(&mut self, told: Option<Told>) {
        match told {
            Some(told) => self.told.push(told),
            None => self.unreadable += 1,
        }
    }
}

/// The permissions of a request: its list, or where that is empty the flat form.
pub fn of_request(request: &Value, is_egress: bool) -> Reading {
    let permissions = of_list(request, "ipPermissions", is_egress);
    if permissions == Reading::default() { flat(request, is_egress) } else { permissions }
}

/// The permissions of a list.
pub fn of_list(value: &Value, name: &str, is_egress: bool) -> Reading {
    let mut reading = Reading::default();
    for permission in elements(value, name) {
        of_permission(permission, is_egress, &mut reading);
    }
    reading
}

/// The elements of a list. In the wrapped encoding an empty list can be an empty string.
pub fn elements<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    list(value, name).into_iter().filter(|element| *element != "")
}

/// Where a permission has its peers, and what one of them is called there.
const RANGES: [(&str, &str); 2] = [("ipRanges", "cidrIp"), ("ipv6Ranges", "cidrIpv6")];

fn of_permission(permission: &Value, is_egress: bool, reading: &mut Reading) {
    let before = (reading.told.len(), reading.unreadable);
    let traffic = traffic(permission);
    let mut add = |element: &Value, peer: Option<Peer>, account: Option<&str>| {
        reading.add(traffic.zip(peer).map(|(traffic, peer)| Told {
            rule_id: None,
            spec: Spec { is_egress, traffic, peer },
            peer_account: account.map(str::to_owned),
            description: text(element, "description").map(str::to_owned),
        }));
    };
    for (list, name) in RANGES {
        for range in elements(permission, list) {
            add(range, text(range, name).or_else(|| content(range)).and_then(Peer::cidr), None);
        }
    }
    for prefix_list in elements(permission, "prefixListIds") {
        let id = text(prefix_list, "prefixListId").or_else(|| content(prefix_list));
        add(prefix_list, id.map(|id| Peer::PrefixList(id.to_owned())), None);
    }
    for group in ["groups", "userIdGroupPairs"].into_iter().flat_map(|name| elements(permission, name)) {
        add(group, referenced(group, "groupId", "groupName"), text(group, "userId"));
    }
    if before == (reading.told.len(), reading.unreadable) {
        reading.unreadable += 1;
    }
}

fn referenced(value: &Value, id: &str, name: &str) -> Option<Peer> {
    let by_name = || text(value, name).map(|name| Peer::GroupName(name.to_owned()));
    text(value, id).map(|id| Peer::Group(id.to_owned())).or_else(by_name)
}

/// The flat form: one rule in the request's own members.
fn flat(request: &Value, is_egress: bool) -> Reading {
    let mut reading = Reading::default();
    let cidr = text(request, "cidrIp").or_else(|| text(request, "cidrIpv6"));
    let group = referenced(request, "sourceSecurityGroupId", "sourceSecurityGroupName");
    let Some(peer) = cidr.map(Peer::cidr).or_else(|| group.map(Some)) else { return reading };
    let account = text(request, "sourceSecurityGroupOwnerId").map(str::to_owned);
    let is_group = matches!(peer, Some(Peer::Group(_) | Peer::GroupName(_)));
    let kinds = if is_group && member(request, "ipProtocol").is_none() {
        FULL_ACCESS.map(Some).to_vec()
    } else {
        vec![traffic(request)]
    };
    for traffic in kinds {
        reading.add(traffic.zip(peer.clone()).map(|(traffic, peer)| Told {
            rule_id: None,
            spec: Spec { is_egress, traffic, peer },
            peer_account: account.clone().filter(|_| is_group),
            description: None,
        }));
    }
    reading
}

/// What the flat form grants to a group without naming a protocol.
///
/// Source: Amazon EC2 API Reference, "AuthorizeSecurityGroupIngress", `SourceSecurityGroupName`.
const FULL_ACCESS: [Traffic; 3] = [
    Traffic { protocol: Protocol::Tcp, from_port: Some(0), to_port: Some(65_535) },
    Traffic { protocol: Protocol::Udp, from_port: Some(0), to_port: Some(65_535) },
    Traffic { protocol: Protocol::Icmp, from_port: None, to_port: None },
];

/// A rule of `securityGroupRuleSet` or `revokedSecurityGroupRuleSet`.
pub fn of_rule(rule: &Value, is_egress: bool) -> Option<Told> {
    let group = member(rule, "referencedGroupInfo");
    Some(Told {
        rule_id: text(rule, "securityGroupRuleId").map(str::to_owned),
        spec: Spec { is_egress, traffic: traffic(rule)?, peer: peer(rule).flatten()? },
        peer_account: group.and_then(|group| text(group, "userId")).map(str::to_owned),
        description: text(rule, "description").map(str::to_owned),
    })
}

/// The one peer of a rule; `Some(None)` = it cannot be read.
pub fn peer(rule: &Value) -> Option<Option<Peer>> {
    let cidr = ["cidrIpv4", "cidrIpv6"].into_iter().find_map(|name| text(rule, name)).map(Peer::cidr);
    let prefix_list = || text(rule, "prefixListId").map(|id| Some(Peer::PrefixList(id.to_owned())));
    let group = || {
        let info = member(rule, "referencedGroupInfo").and_then(|info| text(info, "groupId"));
        info.or_else(|| text(rule, "referencedGroupId")).map(|id| Some(Peer::Group(id.to_owned())))
    };
    cidr.or_else(prefix_list).or_else(group)
}

/// Protocol and ports; `None` = they cannot be read.
pub fn traffic(value: &Value) -> Option<Traffic> {
    let protocol = Protocol::parse(&scalar(member(value, "ipProtocol")?)?)?;
    Some(Traffic::new(protocol, port(value, "fromPort")?, port(value, "toPort")?))
}

/// A port: absent, a number, or `None` = something else.
fn port(value: &Value, name: &str) -> Option<Option<i64>> {
    let Some(value) = member(value, name) else { return Some(None) };
    let text = scalar(value)?;
    if text.is_empty() { Some(None) } else { text.trim().parse().ok().map(Some) }
}

/// A text or a number, bare or as `content`.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(members) => members.get("content").filter(|content| !content.is_object()).and_then(scalar),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(reading: &Reading) -> Vec<String> {
        let line = |told: &Told| {
            let account = told.peer_account.as_deref().map(|account| format!(" of {account}"));
            let description = told.description.as_deref().map(|text| format!(" \"{text}\""));
            format!("{}{}{}", told.spec, account.unwrap_or_default(), description.unwrap_or_default())
        };
        let mut lines: Vec<String> = reading.told.iter().map(line).collect();
        lines.extend((reading.unreadable > 0).then(|| format!("{} unreadable", reading.unreadable)));
        lines
    }

    #[test]
    fn a_permission_reads_the_same_in_every_encoding() {
        let expected = [
            "ingress tcp 443-444 from 10.0.0.0/8 \"office\"",
            "ingress tcp 443-444 from 10.1.0.0/16",
            "ingress tcp 443-444 from ::/0",
            "ingress tcp 443-444 from pl-1",
            "ingress tcp 443-444 from sg-2 of 222222222222",
        ];
        let camel = json!({"ipProtocol": "tcp", "fromPort": 443, "toPort": "444",
            "groups": {"items": [{"groupId": "sg-2", "userId": "222222222222"}]},
            "ipRanges": {"items": [{"cidrIp": "10.0.0.0/8", "description": "office"}, {"cidrIp": "10.1.2.3/16"}]},
            "ipv6Ranges": {"items": [{"cidrIpv6": "::/0"}]}, "prefixListIds": {"items": [{"prefixListId": "pl-1"}]}});
        let wrapped = json!({"tag": 1, "IpProtocol": 6, "FromPort": {"tag": 1, "content": "443"}, "ToPort": 444,
            "Groups": {"tag": 1, "GroupId": "sg-2", "UserId": "222222222222"},
            "IpRanges": [{"tag": 1, "CidrIp": "10.0.0.0/8", "Description": "office"}, {"tag": 2, "CidrIp": "10.1.0.0/16"}],
            "Ipv6Ranges": {"tag": 1, "CidrIpv6": "0::0/0"}, "PrefixListIds": {"tag": 1, "content": "pl-1"}});
        for request in [
            json!({"ipPermissions": {"items": [camel]}}),
            json!({"ipPermissions": {"item": camel}}),
            json!({"IpPermissions": wrapped}),
            json!({"IpPermissions": [wrapped], "ipRanges": ""}),
        ] {
            assert_eq!(shown(&of_request(&request, false)), expected, "{request}");
        }
    }

    #[test]
    fn the_flat_form_is_one_rule() {
        let check = |request: Value, expected: &[&str]| {
            assert_eq!(shown(&of_request(&request, false)), expected, "{request}");
        };
        for empty in [json!({}), json!(null), json!("")] {
            check(
                json!({"ipPermissions": empty, "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIp": "0.0.0.0/0"}),
                &["ingress tcp 22-22 from 0.0.0.0/0"],
            );
        }
        check(
            json!({"sourceSecurityGroupName": "web", "sourceSecurityGroupOwnerId": "1"}),
            &["ingress tcp 0-65535 from web of 1", "ingress udp 0-65535 from web of 1", "ingress icmp from web of 1"],
        );
        check(
            json!({"sourceSecurityGroupName": "web", "ipProtocol": "udp", "fromPort": 53, "toPort": 53}),
            &["ingress udp 53-53 from web"],
        );
        check(json!({"groupId": "sg-1"}), &[]);
    }

    #[test]
    fn what_cannot_be_read_is_counted_and_never_widened() {
        let ranges = json!({"items": [{"cidrIp": "10.0.0.0/8"}, {"cidrIp": "everywhere"}]});
        let check = |permission: Value, expected: &[&str]| {
            let request = json!({"ipPermissions": {"items": [permission]}});
            assert_eq!(shown(&of_request(&request, true)), expected, "{request}");
        };
        check(json!({"ipProtocol": "-1", "ipRanges": ranges}), &["egress -1 to 10.0.0.0/8", "1 unreadable"]);
        check(json!({"ipProtocol": "tcp", "fromPort": "ssh", "ipRanges": ranges}), &["2 unreadable"]);
        check(json!({"ipRanges": ranges}), &["2 unreadable"]);
        check(json!({"ipProtocol": "-1"}), &["1 unreadable"]);
        check(json!(7), &["1 unreadable"]);
    }

    #[test]
    fn rules_of_responses_name_their_peer_in_one_member() {
        for (peer, expected) in [
            (json!({"cidrIpv4": "10.0.0.0/8"}), Some("10.0.0.0/8")),
            (json!({"cidrIpv6": "::/0"}), Some("::/0")),
            (json!({"prefixListId": "pl-1"}), Some("pl-1")),
            (json!({"referencedGroupInfo": {"groupId": "sg-2", "userId": "1"}}), Some("sg-2")),
            (json!({"referencedGroupId": "sg-2"}), Some("sg-2")),
            (json!({"cidrIpv4": "nowhere"}), None),
            (json!({}), None),
        ] {
            let mut rule = peer.clone();
            rule["ipProtocol"] = json!("-1");
            let told = of_rule(&rule, true).map(|told| told.spec.peer.text().to_owned());
            assert_eq!(told.as_deref(), expected, "{peer}");
        }
    }
}
