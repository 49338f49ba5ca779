//! What the rules of several security groups let through together on TCP 443.

use std::collections::BTreeSet;

use super::cidr::Cidr;
use crate::facts::{Fact, Permission, PrefixList, SecurityGroup, Unread, World};

/// What security groups let through on TCP 443 in one direction. Several groups add up; one that is gone adds nothing.
#[derive(Default)]
pub(super) struct Rules<'a> {
    pub groups: BTreeSet<&'a str>,
    pub prefix_lists: BTreeSet<&'a str>,
    pub ranges: Vec<Cidr>,
    /// Whether a rule names any range, of IPv6 too.
    pub has_ranges: bool,
    /// Groups that may let more through.
    unread: Vec<Unread>,
}

impl<'a> Rules<'a> {
    pub(super) fn of(ids: &[String], world: &'a World, direction: fn(&SecurityGroup) -> &[Permission]) -> Self {
        let mut rules = Self::default();
        for id in ids {
            match world.security_group(id) {
                Fact::Known(group) => rules.add(direction(group)),
                Fact::Absent => {}
                Fact::Unreadable(unread) => rules.unread.push(unread),
            }
        }
        rules
    }

    fn add(&mut self, permissions: &'a [Permission]) {
        for permission in permissions.iter().filter(|permission| is_https(permission)) {
            self.groups.extend(permission.group_ids.iter().map(String::as_str));
            self.prefix_lists.extend(permission.prefix_list_ids.iter().map(String::as_str));
            self.has_ranges |= !(permission.cidrs.is_empty() && permission.ipv6_cidrs.is_empty());
            self.ranges.extend(permission.cidrs.iter().filter_map(|text| Cidr::parse(text)));
        }
    }

    /// What nobody read and might let more through: unread groups, and the entries of lists that are not S3's.
    pub(super) fn hidden(&self, world: &World) -> Vec<Unread> {
        let s3 = s3_prefix_list(world).known().map(|list| list.id.as_str());
        let lists = self.prefix_lists.iter().filter(|&&id| Some(id) != s3).map(|id| Unread {
            action: "ec2:GetManagedPrefixListEntries".to_owned(),
            resource: (*id).to_owned(),
            cause: "only the entries of the S3 prefix list are read".to_owned(),
        });
        self.unread.iter().cloned().chain(lists).collect()
    }
}

/// Whether the permission lets TCP 443 through.
fn is_https(permission: &Permission) -> bool {
    match (permission.protocol.as_str(), permission.from_port, permission.to_port) {
        ("-1", _, _) => true,
        ("tcp" | "6", Some(from), Some(to)) => from == -1 || (from..=to).contains(&443),
        ("tcp" | "6", _, _) => true,
        _ => false,
    }
}

/// The ranges of S3 in the Region.
pub(super) fn s3_prefix_list(world: &World) -> Fact<&PrefixList> {
    world.prefix_list(&format!("com.amazonaws.{}.s3", world.region))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_protocols() {
        for (protocol, from_port, to_port, expected) in [
            ("tcp", Some(443), Some(443), true),
            ("6", Some(0), Some(65535), true),
            ("tcp", Some(-1), Some(-1), true),
            ("tcp", None, None, true),
            ("-1", Some(0), Some(0), true),
            ("tcp", Some(444), Some(65535), false),
            ("tcp", Some(0), Some(442), false),
            ("udp", Some(443), Some(443), false),
            ("icmp", Some(-1), Some(-1), false),
        ] {
            let permission = Permission { protocol: protocol.to_owned(), from_port, to_port, ..Permission::default() };
            assert_eq!(is_https(&permission), expected, "{permission:?}");
        }
    }

    #[test]
    fn only_rules_for_https_count_and_those_of_several_groups_add_up() {
        let rule = |protocol: &str, cidr: &str| {
            let (protocol, cidrs) = (protocol.to_owned(), vec![cidr.to_owned()]);
            Permission { protocol, cidrs, ..Permission::default() }
        };
        let group = |egress| Fact::Known(SecurityGroup { egress, ..SecurityGroup::default() });
        let security_groups = [
            ("sg-1", group(vec![rule("tcp", "10.0.0.0/24"), rule("udp", "0.0.0.0/0")])),
            ("sg-2", group(vec![rule("-1", "10.0.1.0/24")])),
            ("sg-3", Fact::Absent),
        ];
        let security_groups = security_groups.map(|(id, group)| (id.to_owned(), group)).into();
        let world = World { security_groups, ..World::default() };
        let ids = ["sg-1", "sg-2", "sg-3", "sg-4"].map(str::to_owned);
        let rules = Rules::of(&ids, &world, |group| &group.egress);
        assert_eq!(
            rules.ranges,
            [Cidr::parse("10.0.0.0/24"), Cidr::parse("10.0.1.0/24")].map(|range| range.expect("a range"))
        );
        assert_eq!(rules.hidden(&world).len(), 1, "sg-4 was never asked for");
    }
}
