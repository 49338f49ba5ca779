//! Groups, subnets and VPCs as runs of the rule saw them, as the folds of rules and tags take them.
//!
//! The instant of each is when Config asked; it was read after that.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use chrono::{DateTime, Utc};

use super::Rows;
use crate::evidence::network::{Permission, SecurityGroup, Subnet, Vpc};
use crate::rebuild::event::{Citation, Scope};
use crate::rebuild::mark::Mark;
use crate::rebuild::rules::snapshot::{SeenRule, Snapshot};
use crate::rebuild::rules::spec::{Peer, Protocol, Spec, Traffic};
use crate::rebuild::tags::SeenTags;

/// The rows that [`seen`] takes. What is absent or could not be read says nothing of rules and tags.
pub const SQL: &str = "select account_id, aws_region, evaluated_at, record, value, evidence_file, line \
     from evidence_facts where state = 'known' and record in ('security_group', 'subnet', 'vpc') \
     order by evaluated_at, evidence_file, line";

/// What one row shows.
#[derive(Debug, Clone)]
pub struct NetworkSeen {
    /// When Config asked.
    pub at: DateTime<Utc>,
    /// Of a group: its rules.
    pub rules: Option<Snapshot>,
    /// Its tags.
    pub tags: SeenTags,
}

/// What the rows of [`SQL`] show, in their order; an error names the object and line whose value has another form, which
/// ingest lets into no lake.
pub fn seen(batch: &RecordBatch) -> Result<Vec<NetworkSeen>, String> {
    let rows = Rows(batch);
    let of_row = |row: usize| {
        let place = Place {
            scope: rows.scope(row),
            at: rows.time("evaluated_at", row).unwrap_or_default(),
            evidence_file: rows.must("evidence_file", row),
            line: rows.int("line", row),
        };
        let (record, value) = (rows.must("record", row), rows.must("value", row));
        let of_value = of_value(&place, record, value);
        of_value.map_err(|cause| {
            format!(
                "{} line {}: its value is no {record}: {cause}; ingest the object again",
                place.evidence_file, place.line
            )
        })
    };
    (0..batch.num_rows()).map(of_row).collect()
}

struct Place<'a> {
    scope: Scope,
    at: DateTime<Utc>,
    evidence_file: &'a str,
    line: i64,
}

fn of_value(place: &Place<'_>, record: &str, value: &str) -> Result<NetworkSeen, serde_json::Error> {
    let (id, tags, rules) = match record {
        "security_group" => {
            let group: SecurityGroup = serde_json::from_str(value)?;
            let rules = place.rules(&group);
            (group.id, group.tags, Some(rules))
        }
        "subnet" => {
            let subnet: Subnet = serde_json::from_str(value)?;
            (subnet.id, subnet.tags, None)
        }
        _ => {
            let vpc: Vpc = serde_json::from_str(value)?;
            (vpc.id, vpc.tags, None)
        }
    };
    Ok(NetworkSeen { at: place.at, rules, tags: place.tags(id, tags) })
}

impl Place<'_> {
    fn tags(&self, resource_id: String, tags: BTreeMap<String, String>) -> SeenTags {
        // No record shows it, so there is no event id.
        let citation =
            Citation { event_id: String::new(), log_file: self.evidence_file.to_owned(), record_index: self.line };
        let mark = Arc::new(Mark { at: self.at, who: None, citation });
        SeenTags { scope: self.scope.clone(), resource_id, tags, mark }
    }

    fn rules(&self, group: &SecurityGroup) -> Snapshot {
        let (mut rules, mut is_complete) = (Vec::new(), true);
        let ingress = group.ingress.iter().map(|permission| (false, permission));
        for (is_egress, permission) in ingress.chain(group.egress.iter().map(|permission| (true, permission))) {
            match specs(is_egress, permission) {
                Some(specs) => rules.extend(specs.into_iter().map(seen_rule)),
                None => is_complete = false,
            }
        }
        Snapshot {
            scope: self.scope.clone(),
            group_id: group.id.clone(),
            at: self.at,
            rules,
            is_complete,
            evidence_file: self.evidence_file.to_owned(),
            line: self.line,
        }
    }
}

/// The rule leaves out what else EC2 tells of a rule.
fn seen_rule(spec: Spec) -> SeenRule {
    SeenRule { spec, id: None, peer_account: None, description: None }
}

/// The rules of a permission, one for each peer; `None` where one cannot be read. A permission without any peer had one
/// that EC2 named without an id, which the rule leaves out.
fn specs(is_egress: bool, permission: &Permission) -> Option<Vec<Spec>> {
    let Permission { protocol, from_port, to_port, cidrs, ipv6_cidrs, prefix_list_ids, group_ids } = permission;
    let traffic = Traffic::new(Protocol::parse(protocol)?, from_port.map(i64::from), to_port.map(i64::from));
    let ranges = cidrs.iter().chain(ipv6_cidrs).map(|cidr| Peer::cidr(cidr));
    let lists = prefix_list_ids.iter().map(|id| Some(Peer::PrefixList(id.clone())));
    let groups = group_ids.iter().map(|id| Some(Peer::Group(id.clone())));
    let spec = |peer: Option<Peer>| Some(Spec { is_egress, traffic, peer: peer? });
    ranges.chain(lists).chain(groups).map(spec).collect::<Option<Vec<_>>>().filter(|specs| !specs.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::line::{Fact, LookedUp, LookedUpKind};
    use crate::evidence::{EvidenceTables, Limits, cases, read};
    use crate::trail::evidence::{json_of, run_evidence};

    fn seen_of(facts: &[LookedUp]) -> Vec<NetworkSeen> {
        let file = run_evidence("", &cases::run(), &[], facts);
        let mut tables = EvidenceTables::default();
        tables.add(&read(&file.key, "", &file.bytes, Limits::default()));
        seen(&tables.facts.finish()).expect("ingest has checked it")
    }

    fn with_ingress(permission: Permission) -> Snapshot {
        let group = SecurityGroup { ingress: vec![permission], ..cases::group() };
        seen_of(&[cases::group_seen(&group)]).remove(0).rules.expect("a group")
    }

    #[test]
    fn a_group_shows_all_its_rules_and_tags() {
        let all = seen_of(&[cases::group_seen(&cases::group())]);
        let rules = all[0].rules.as_ref().expect("a group");
        let shown: Vec<String> = rules.rules.iter().map(|rule| rule.spec.to_string()).collect();
        assert_eq!(shown, ["egress tcp 443-443 to 10.0.0.0/16", "egress tcp 443-443 to pl-1"]);
        assert_eq!((rules.is_complete, rules.group_id.as_str(), rules.line), (true, cases::GROUP, 2));
        assert_eq!(
            (all[0].at, all[0].tags.tags.get("Owner").map(String::as_str)),
            (cases::run().evaluated_at, Some("ml"))
        );
        assert_eq!((all[0].tags.resource_id.as_str(), all[0].tags.mark.citation.record_index), (cases::GROUP, 2));
    }

    #[test]
    fn a_permission_is_a_rule_for_each_peer() {
        let text = str::to_owned;
        let all = with_ingress(Permission {
            protocol: text("-1"),
            from_port: Some(-1),
            to_port: None,
            cidrs: vec![text("0.0.0.0/0")],
            ipv6_cidrs: vec![text("::/0")],
            prefix_list_ids: vec![text("pl-2")],
            group_ids: vec![text("sg-2")],
        });
        let shown: Vec<String> = all.rules.iter().take(4).map(|rule| rule.spec.to_string()).collect();
        let peers = ["0.0.0.0/0", "::/0", "pl-2", "sg-2"];
        assert_eq!(shown, peers.map(|peer| format!("ingress -1 from {peer}")));
        assert!(all.is_complete);
    }

    #[test]
    fn a_group_is_complete_only_where_each_of_its_rules_can_be_read() {
        let text = str::to_owned;
        let tcp =
            || Permission { protocol: text("tcp"), from_port: Some(1), to_port: Some(2), ..Permission::default() };
        for permission in [
            tcp(),
            Permission { cidrs: vec![text("nowhere")], ..tcp() },
            Permission { protocol: text("?"), cidrs: vec![text("10.0.0.0/8")], ..tcp() },
        ] {
            let snapshot = with_ingress(permission);
            assert_eq!((snapshot.is_complete, snapshot.rules.len()), (false, 2));
        }
    }

    #[test]
    fn subnets_and_vpcs_show_their_tags() {
        let tags: BTreeMap<String, String> = [("Owner".to_owned(), String::new())].into();
        let subnet = Subnet {
            id: cases::SUBNET.to_owned(),
            vpc_id: "vpc-1".to_owned(),
            owner_id: String::new(),
            cidr: String::new(),
            tags: tags.clone(),
        };
        let vpc = Vpc { id: "vpc-1".to_owned(), owner_id: String::new(), tags: tags.clone() };
        let known = |record, id: &str, value| LookedUp { record, of: json_of(&id), fact: Fact::Known(value) };
        let all = seen_of(&[
            known(LookedUpKind::Subnet, cases::SUBNET, json_of(&subnet)),
            known(LookedUpKind::Vpc, "vpc-1", json_of(&vpc)),
        ]);
        let shown: Vec<_> = all.iter().map(|one| (one.tags.resource_id.as_str(), one.rules.is_none())).collect();
        assert_eq!(shown, [(cases::SUBNET, true), ("vpc-1", true)]);
        assert!(all.iter().all(|one| one.tags.tags == tags));
    }

    #[test]
    fn a_value_of_another_form_is_named() {
        let mut facts = crate::table::TableBuilder::new(&schemas::tables::EVIDENCE_FACTS);
        let row =
            facts.row().text("account_id", "1").text("aws_region", "r").time("evaluated_at", cases::run().evaluated_at);
        let row = row.text("record", "vpc").text("of", "vpc-1").text("state", "known").text("value", "{}");
        row.text("evidence_file", "s3://b/k").int("line", 7).end();
        let error = seen(&facts.finish()).expect_err("no VPC");
        assert!(error.starts_with("s3://b/k line 7: its value is no vpc: missing field"), "{error}");
    }
}
