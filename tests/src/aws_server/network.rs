//! The network of one account and Region as EC2 keeps it.

use std::collections::BTreeMap;

use super::job::owned;

/// A security group.
#[derive(Debug, Clone, Default)]
pub struct SecurityGroup {
    /// `sg-` and 8 or 17 hexadecimal digits: another form is found by filter only, EC2 calls it malformed.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The VPC that it is in.
    pub vpc_id: String,
    /// The account that owns it, another than the VPC's where the VPC is shared.
    pub owner_id: String,
    /// What may come in; nothing at first.
    pub ingress: Vec<Rule>,
    /// What may go out; nothing at first, unlike the group that a console makes.
    pub egress: Vec<Rule>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// How many `DescribeSecurityGroups` calls that ask for it still do not see it: it is just created (EC2 Developer
    /// Guide "Eventual consistency").
    pub hidden_looks: u32,
}

impl SecurityGroup {
    /// Has that name.
    pub fn named(&mut self, name: &str) -> &mut Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Lets that in.
    pub fn lets_in(&mut self, rule: Rule) -> &mut Self {
        self.ingress.push(rule);
        self
    }

    /// Lets that out.
    pub fn lets_out(&mut self, rule: Rule) -> &mut Self {
        self.egress.push(rule);
        self
    }

    /// Belongs to that account.
    pub fn owner(&mut self, account: &str) -> &mut Self {
        account.clone_into(&mut self.owner_id);
        self
    }

    /// Is not seen by so many calls that ask for it.
    pub fn hidden_for(&mut self, looks: u32) -> &mut Self {
        self.hidden_looks = looks;
        self
    }

    /// Has that tag.
    pub fn tag(&mut self, key: &str, value: &str) -> &mut Self {
        self.tags.insert(key.to_owned(), value.to_owned());
        self
    }
}

/// One permission of a security group.
#[derive(Debug, Clone, Default)]
pub struct Rule {
    /// `tcp`, `udp`, `icmp`, a number, or `-1` for everything.
    pub protocol: String,
    /// Absent where the protocol is `-1`.
    pub from_port: Option<i64>,
    /// Absent where the protocol is `-1`.
    pub to_port: Option<i64>,
    /// IPv4 ranges.
    pub cidr_v4: Vec<String>,
    /// IPv6 ranges.
    pub cidr_v6: Vec<String>,
    /// Prefix list ids.
    pub prefix_list_ids: Vec<String>,
    /// Ids of security groups.
    pub groups: Vec<String>,
}

impl Rule {
    /// Every protocol and port.
    pub fn all_traffic() -> Self {
        Self { protocol: "-1".to_owned(), ..Self::default() }
    }

    /// TCP on these ports, both ends included.
    pub fn tcp(from_port: i64, to_port: i64) -> Self {
        Self { protocol: "tcp".to_owned(), from_port: Some(from_port), to_port: Some(to_port), ..Self::default() }
    }

    /// With an address range, IPv6 where it has a colon.
    pub fn with_cidr(mut self, cidr: &str) -> Self {
        let ranges = if cidr.contains(':') { &mut self.cidr_v6 } else { &mut self.cidr_v4 };
        ranges.push(cidr.to_owned());
        self
    }

    /// With the addresses of a prefix list.
    pub fn with_prefix_list(mut self, id: &str) -> Self {
        self.prefix_list_ids.push(id.to_owned());
        self
    }

    /// With the members of a security group.
    pub fn with_group(mut self, id: &str) -> Self {
        self.groups.push(id.to_owned());
        self
    }
}

/// A subnet.
#[derive(Debug, Clone, Default)]
pub struct Subnet {
    /// `subnet-` and 8 or 17 hexadecimal digits.
    pub id: String,
    /// The VPC that it is in.
    pub vpc_id: String,
    /// Its IPv4 range.
    pub cidr: String,
    /// The account that owns it.
    pub owner_id: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A VPC.
#[derive(Debug, Clone, Default)]
pub struct Vpc {
    /// `vpc-` and 8 or 17 hexadecimal digits.
    pub id: String,
    /// Its IPv4 range.
    pub cidr: String,
    /// The account that owns it.
    pub owner_id: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A route table.
#[derive(Debug, Clone, Default)]
pub struct RouteTable {
    /// `rtb-` and 8 or 17 hexadecimal digits.
    pub id: String,
    /// The VPC that it is in.
    pub vpc_id: String,
    /// Whether it serves the subnets that have no table of their own.
    pub is_main: bool,
    /// The subnets that it is associated with.
    pub subnet_ids: Vec<String>,
    /// Its routes.
    pub routes: Vec<Route>,
}

impl RouteTable {
    /// Serves the subnets that have no table of their own.
    pub fn main(&mut self) -> &mut Self {
        self.is_main = true;
        self
    }

    /// Is associated with these subnets.
    pub fn serves(&mut self, subnet_ids: &[&str]) -> &mut Self {
        self.subnet_ids.extend(owned(subnet_ids));
        self
    }

    /// Sends what goes to `destination` to `target`.
    pub fn route(&mut self, destination: &str, target: &str) -> &mut Self {
        let state = "active".to_owned();
        self.routes.push(Route { destination: destination.to_owned(), target: target.to_owned(), state });
        self
    }
}

/// A route.
#[derive(Debug, Clone, Default)]
pub struct Route {
    /// An IPv4 range, an IPv6 range, or a prefix list (`pl-..`).
    pub destination: String,
    /// `igw-..`, `nat-..`, `local`, `vpce-..`, `eigw-..`, `tgw-..`, `pcx-..`, `vgw-..`, `eni-..`, `i-..`.
    pub target: String,
    /// `active` or `blackhole`.
    pub state: String,
}

/// A VPC endpoint.
#[derive(Debug, Clone, Default)]
pub struct Endpoint {
    /// `vpce-` and 8 or 17 hexadecimal digits.
    pub id: String,
    /// The VPC that it is in.
    pub vpc_id: String,
    /// `com.amazonaws.REGION.s3`, ...
    pub service_name: String,
    /// `Gateway` or `Interface`.
    pub kind: String,
    /// `available`, `pending`, ...: EC2 writes it in lower case, whatever its model says.
    pub state: String,
    /// Of a gateway endpoint.
    pub route_table_ids: Vec<String>,
    /// Of an interface endpoint.
    pub subnet_ids: Vec<String>,
    /// Of an interface endpoint.
    pub security_group_ids: Vec<String>,
    /// Whether the service's own name leads to it.
    pub private_dns: bool,
    /// Its policy document, where it is not the full access that EC2 gives to a new one.
    pub policy: Option<String>,
    /// The account that owns it.
    pub owner: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl Endpoint {
    /// Has that tag.
    pub fn tag(&mut self, key: &str, value: &str) -> &mut Self {
        self.tags.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Is a gateway in these route tables.
    pub fn in_route_tables(&mut self, ids: &[&str]) -> &mut Self {
        "Gateway".clone_into(&mut self.kind);
        self.route_table_ids.extend(owned(ids));
        self.private_dns = false;
        self
    }

    /// Has an interface in each of these subnets, behind these groups, under the service's own name.
    pub fn in_subnets(&mut self, subnet_ids: &[&str], security_group_ids: &[&str]) -> &mut Self {
        "Interface".clone_into(&mut self.kind);
        self.subnet_ids.extend(owned(subnet_ids));
        self.security_group_ids.extend(owned(security_group_ids));
        self.private_dns = true;
        self
    }

    /// Is in that state.
    pub fn state(&mut self, state: &str) -> &mut Self {
        state.clone_into(&mut self.state);
        self
    }
}

/// A prefix list, AWS's own.
#[derive(Debug, Clone, Default)]
pub struct PrefixList {
    /// `pl-` and 8 or 17 hexadecimal digits.
    pub id: String,
    /// `com.amazonaws.REGION.s3`, ...
    pub name: String,
    /// Its ranges.
    pub cidrs: Vec<String>,
}

/// A network interface.
#[derive(Debug, Clone, Default)]
pub struct NetworkInterface {
    /// `eni-` and 8 or 17 hexadecimal digits.
    pub id: String,
    /// The subnet that it is in.
    pub subnet_id: String,
    /// That subnet's VPC.
    pub vpc_id: String,
    /// Its groups.
    pub security_group_ids: Vec<String>,
    /// `available`, `in-use`, ...
    pub status: String,
    /// `interface`, `vpc_endpoint`, `lambda`, ...
    pub kind: String,
    /// What whoever made it wrote there.
    pub description: String,
    /// The service that manages it for its owner, where one does.
    pub requester_id: Option<String>,
    /// The instance that it is attached to.
    pub instance_id: Option<String>,
    /// Whether the account hides it as managed by a service: it is described to who asks for managed ones only.
    pub is_hidden: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl NetworkInterface {
    /// Has that description.
    pub fn describe(&mut self, description: &str) -> &mut Self {
        description.clone_into(&mut self.description);
        self
    }

    /// Is managed by a service, and hidden as such.
    pub fn managed_by(&mut self, requester_id: &str) -> &mut Self {
        self.requester_id = Some(requester_id.to_owned());
        self.is_hidden = true;
        self
    }

    /// Is attached to that instance.
    pub fn attached_to(&mut self, instance_id: &str) -> &mut Self {
        self.instance_id = Some(instance_id.to_owned());
        self
    }

    /// Has that tag.
    pub fn tag(&mut self, key: &str, value: &str) -> &mut Self {
        self.tags.insert(key.to_owned(), value.to_owned());
        self
    }
}
