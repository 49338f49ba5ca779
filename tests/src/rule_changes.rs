//! Many changes of rules as log files, for measuring: what a million of them cost to fold.

use std::io;
use std::path::Path;

use analytics::trail::record::Record;
use analytics::trail::{Caller, Layout, Place, create_security_group, log_file, write_all};
use chrono::{DateTime, TimeDelta, Utc};
use schemas::record::EC2;
use serde_json::{Value, json};

/// Records in a log file.
const RECORDS_A_FILE: usize = 5_000;

/// Changes a second, so that every second has some of several groups.
const CHANGES_A_SECOND: usize = 20;

/// A group's changes come in rounds of six: two rules come, one of them is changed and goes, the other is described and
/// goes this many rounds later. So a group has a few dozen rules at a time, however many changes there are.
const ROUND: usize = 6;
const KEPT_FOR_ROUNDS: usize = 20;

/// Writes that many changes, in turn over that many groups, as log files below `folder`. One log file is in memory at a
/// time. Gives the number of rules in force at the end.
pub fn write(folder: &Path, changes: usize, groups: usize) -> io::Result<usize> {
    let place = Place::new("111122223333", "eu-west-1");
    let caller = Caller::role(&place.account_id, "platform", "ben");
    let mut records = Vec::with_capacity(RECORDS_A_FILE);
    let mut file_number = 0;
    let mut in_force = groups;
    for number in 0..groups + changes {
        let at = began() + TimeDelta::seconds(i64::try_from(number / CHANGES_A_SECOND).expect("seconds are few"));
        if number < groups {
            let (id, name) = (group_id(number), format!("group-{number}"));
            records.push(create_security_group(&place, &caller, at, &id, &name, "vpc-0123456789abcdef0"));
        } else {
            let change = Change::of(number - groups, groups);
            in_force = in_force.checked_add_signed(change.balance()).expect("nothing goes that did not come");
            records.push(change.record(&place, &caller, at));
        }
        if records.len() == RECORDS_A_FILE || number + 1 == groups + changes {
            let unique16 = format!("{file_number:016}");
            let file = log_file(&Layout::Plain, &place, at + TimeDelta::minutes(5), &unique16, &records);
            write_all(folder, &[file])?;
            records.clear();
            file_number += 1;
        }
    }
    Ok(in_force)
}

fn began() -> DateTime<Utc> {
    "2026-01-01T00:00:00Z".parse().expect("a time")
}

fn group_id(number: usize) -> String {
    format!("sg-0{number:016x}")
}

/// One change of one group.
struct Change {
    group: usize,
    round: usize,
    step: usize,
}

impl Change {
    fn of(number: usize, groups: usize) -> Self {
        let (group, turn) = (number % groups, number / groups);
        Self { group, round: turn / ROUND, step: turn % ROUND }
    }

    /// The rules that it adds, less those that it ends.
    fn balance(&self) -> isize {
        match self.step {
            0 | 1 => 1,
            4 => -1,
            5 if self.round >= KEPT_FOR_ROUNDS => -1,
            _ => 0,
        }
    }

    fn record(&self, place: &Place, caller: &Caller, at: DateTime<Utc>) -> Record {
        let (event_name, request, response) = match self.step {
            0 => self.authorize(place, 0),
            1 => self.authorize(place, 1),
            2 => self.modify(),
            3 => self.describe(),
            4 => self.revoke_by_id(),
            // Before anything is old enough to go: one that is not there, refused.
            _ => self.revoke_by_specification(),
        };
        let record = Record::new(place, caller, at, EC2, event_name, request, response);
        if self.step == 5 && self.round < KEPT_FOR_ROUNDS {
            return record.refused("Client.InvalidPermission.NotFound", "The specified rule does not exist");
        }
        record
    }

    fn rule_id(&self, which: usize) -> String {
        format!("sgr-0{:08x}{:07x}{which}", self.group, self.round)
    }

    fn cidr(round: usize) -> String {
        format!("10.{}.{}.0/24", (round >> 8) & 0xff, round & 0xff)
    }

    fn permission(round: usize, port: usize, description: &str) -> Value {
        json!({ "items": [{
            "ipProtocol": "tcp", "fromPort": port, "toPort": port, "groups": {},
            "ipRanges": { "items": [{ "cidrIp": Self::cidr(round), "description": description }] },
            "ipv6Ranges": {}, "prefixListIds": {},
        }] })
    }

    fn authorize(&self, place: &Place, which: usize) -> (&'static str, Value, Value) {
        let port = 443 + which;
        let group_id = group_id(self.group);
        let request = json!({ "groupId": group_id, "ipPermissions": Self::permission(self.round, port, "new") });
        let rule = json!({
            "groupOwnerId": place.account_id, "groupId": group_id, "securityGroupRuleId": self.rule_id(which),
            "description": "new", "isEgress": false, "ipProtocol": "tcp", "fromPort": port, "toPort": port,
            "cidrIpv4": Self::cidr(self.round),
        });
        let response = json!({ "_return": true, "securityGroupRuleSet": { "items": [rule] } });
        ("AuthorizeSecurityGroupIngress", request, response)
    }

    fn modify(&self) -> (&'static str, Value, Value) {
        let rule = json!({
            "SecurityGroupRuleId": self.rule_id(0), "tag": 1,
            "SecurityGroupRule": {
                "CidrIpv4": Self::cidr(self.round), "FromPort": 8443, "ToPort": 8443, "IpProtocol": "tcp",
                "Description": "moved",
            },
        });
        let request = json!({ "ModifySecurityGroupRulesRequest": { "GroupId": group_id(self.group), "SecurityGroupRule": rule } });
        ("ModifySecurityGroupRules", request, json!({ "ModifySecurityGroupRulesResponse": { "return": true } }))
    }

    fn describe(&self) -> (&'static str, Value, Value) {
        let permissions = Self::permission(self.round, 444, "described");
        let request = json!({ "groupId": group_id(self.group), "ipPermissions": permissions });
        ("UpdateSecurityGroupRuleDescriptionsIngress", request, json!({ "_return": true }))
    }

    fn revoke_by_id(&self) -> (&'static str, Value, Value) {
        let ids = json!({ "items": [{ "securityGroupRuleId": self.rule_id(0) }] });
        let request = json!({ "groupId": group_id(self.group), "ipPermissions": {}, "securityGroupRuleIds": ids });
        ("RevokeSecurityGroupIngress", request, json!({ "_return": true }))
    }

    fn revoke_by_specification(&self) -> (&'static str, Value, Value) {
        let old = self.round.saturating_sub(KEPT_FOR_ROUNDS);
        let permissions = Self::permission(old, 444, "described");
        let request = json!({ "groupId": group_id(self.group), "ipPermissions": permissions });
        ("RevokeSecurityGroupIngress", request, json!({ "_return": true }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_come_and_go_in_equal_numbers_once_the_first_are_old() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let in_force = |changes| write(folder.path(), changes, 3).expect("a writable folder");
        assert_eq!(in_force(0), 3);
        assert_eq!(in_force(3 * 2), 3 + 6);
        let full = 3 * (1 + KEPT_FOR_ROUNDS);
        assert_eq!(in_force(3 * ROUND * KEPT_FOR_ROUNDS), full);
        assert_eq!(in_force(3 * ROUND * (KEPT_FOR_ROUNDS + 7)), full);
    }
}
