//! Groups, subnets and VPCs as the rule saw them: what `value` of a known one holds.
//!
//! A group is whole: EC2's `DescribeSecurityGroups` answers with every rule in both directions and every tag. What the
//! rule leaves out of each rule: its id (`sgr-...`), its description, the account of a peer group, and a peer group that
//! EC2 names without an id.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::line::nullable;

/// A security group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroup {
    /// `sg-...`
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its VPC.
    pub vpc_id: String,
    /// The account that owns it; another one in a shared VPC.
    pub owner_id: String,
    /// What it lets in.
    pub ingress: Vec<Permission>,
    /// What it lets out.
    pub egress: Vec<Permission>,
    /// All its tags.
    pub tags: BTreeMap<String, String>,
}

/// What a group lets through, for one protocol and range of ports.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Permission {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, a protocol's number, or `-1` for all.
    pub protocol: String,
    /// First port, or the ICMP type; absent or -1 means all.
    #[serde(deserialize_with = "nullable")]
    pub from_port: Option<i32>,
    /// Last port, or the ICMP code.
    #[serde(deserialize_with = "nullable")]
    pub to_port: Option<i32>,
    /// IPv4 ranges.
    pub cidrs: Vec<String>,
    /// IPv6 ranges.
    pub ipv6_cidrs: Vec<String>,
    /// Prefix lists.
    pub prefix_list_ids: Vec<String>,
    /// Groups.
    pub group_ids: Vec<String>,
}

/// A subnet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    /// `subnet-...`
    pub id: String,
    /// Its VPC.
    pub vpc_id: String,
    /// The account that owns it; another one in a shared VPC.
    pub owner_id: String,
    /// Its IPv4 range; empty in a subnet of IPv6 only.
    pub cidr: String,
    /// All its tags.
    pub tags: BTreeMap<String, String>,
}

/// A VPC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpc {
    /// `vpc-...`
    pub id: String,
    /// The account that owns it.
    pub owner_id: String,
    /// All its tags.
    pub tags: BTreeMap<String, String>,
}
