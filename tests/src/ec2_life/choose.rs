//! What the next call of a random life is.

use analytics::trail::Caller;

use super::Life;
use crate::dice::Dice;
use crate::ec2_model::{
    Ec2, EndpointAsked, EndpointChange, GroupRef, Operation, Peer, Permission, Rule, Spec, Target, canonical_cidr,
};

const NAMES: [&str; 7] = ["web", "Web", "db", "cache", "training", "batch-1", "batch-2"];
const KEYS: [&str; 6] = ["Owner", "owner", "CostCentre", "DataSensitivity", "Name", "team:a/b"];
const VALUES: [&str; 6] = ["", "ml-platform", "ml-platform ", "confidential", "CC-4711", "null"];
const ZONES: [&str; 3] = ["a", "b", "c"];
const SERVICES: [&str; 3] = ["s3", "kms", "bedrock-runtime"];
const DESTINATIONS: [&str; 4] = ["0.0.0.0/0", "::/0", "pl-63a5400a", "198.51.100.0/24"];
const IPV4: [&str; 6] = ["0.0.0.0/0", "10.0.0.0/8", "10.1.2.3/16", "192.0.2.7/32", "100.68.0.18/18", "100.68.0.0/18"];
const IPV6: [&str; 4] = ["::/0", "2001:DB8::/64", "2001:db8:0:0::1/64", "2001:0db8:0000:0001::/64"];
const PREFIX_LISTS: [&str; 2] = ["pl-63a5400a", "pl-0123456789abcdef0"];
const DESCRIPTIONS: [&str; 4] = ["from the office", "temporary", "training traffic", "-1"];
const PEERED: (&str, &str) = ("sg-0fedcba9876543210", "999988887777");

/// Protocols and ports as people write them.
const TRAFFIC: [(&str, Option<i64>, Option<i64>); 18] = [
    ("tcp", Some(443), Some(443)),
    ("tcp", Some(0), Some(65535)),
    ("tcp", Some(22), Some(22)),
    ("6", Some(8000), Some(8100)),
    ("tcp", Some(8000), Some(8100)),
    ("udp", Some(53), Some(53)),
    ("17", Some(53), Some(53)),
    ("-1", None, None),
    ("-1", Some(0), Some(0)),
    ("-1", Some(-1), Some(-1)),
    ("icmp", Some(8), Some(-1)),
    ("icmp", Some(0), Some(0)),
    ("icmp", Some(-1), Some(-1)),
    ("1", Some(3), Some(4)),
    ("50", None, None),
    ("50", Some(0), Some(65535)),
    ("icmpv6", Some(-1), Some(-1)),
    ("58", Some(128), Some(0)),
];

/// Who calls.
pub(super) fn caller(dice: &mut Dice, account: &str) -> Caller {
    match dice.below(5) {
        0 => Caller::user(account, "ana"),
        1 => Caller::role(account, "platform", "ben"),
        2 => Caller::role(account, "deploy", "run-7").via("cloudformation.amazonaws.com"),
        3 => Caller::role(account, "payments-pipeline", "nightly"),
        _ => Caller::user(account, "terraform"),
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

impl Life {
    /// The next call; `None` = the throw fits nothing that there is.
    pub(super) fn choose(&mut self) -> Option<Operation> {
        match self.dice.below(100) {
            0..3 => self.make_vpc(),
            3..6 => self.make_subnet(),
            6..9 => self.make_table(),
            9..14 => self.make_route(),
            14..18 => self.make_gateway(),
            18..24 => self.make_endpoint(),
            24..26 => self.make_interface(),
            26..31 => self.remove_something(),
            31..41 => self.make_group(),
            41..46 => self.remove_group(),
            46..62 => self.authorize(),
            62..75 => self.revoke(),
            75..81 => self.modify(),
            81..86 => self.describe(),
            86..94 => self.tag(),
            _ => self.job(),
        }
    }

    fn vpc(&mut self) -> Option<String> {
        let vpcs = Ec2::living(&self.ec2.vpcs);
        self.dice.any(&vpcs)
    }

    fn given_tags(&mut self) -> Vec<(String, String)> {
        let most = self.dice.below(3);
        if most == 0 {
            return Vec::new();
        }
        let keys = self.dice.some(&owned(&KEYS), most);
        keys.into_iter().map(|key| (key, (*self.dice.pick(&VALUES)).to_owned())).collect()
    }

    fn make_vpc(&mut self) -> Option<Operation> {
        let living = Ec2::living(&self.ec2.vpcs).len();
        if self.dice.chance(30) || self.ec2.default_vpc().is_none() && self.dice.chance(50) {
            return Some(Operation::CreateDefaultVpc);
        }
        (living < 8).then(|| Operation::CreateVpc { tags: self.given_tags() })
    }

    fn make_subnet(&mut self) -> Option<Operation> {
        let vpc_id = self.vpc()?;
        let zone = format!("{}{}", self.place.region, self.dice.pick(&ZONES));
        Some(Operation::CreateSubnet { vpc_id, zone, tags: self.given_tags() })
    }

    fn make_table(&mut self) -> Option<Operation> {
        if self.dice.chance(40) {
            return Some(Operation::CreateRouteTable { vpc_id: self.vpc()? });
        }
        let table_id = self.dice.any(&Ec2::living(&self.ec2.route_tables))?;
        let vpc_id = self.ec2.route_tables[&table_id].now()?.vpc_id.clone();
        let subnets = self.in_vpc_subnets(&vpc_id);
        let subnet_id = self.dice.any(&subnets)?;
        Some(match self.ec2.association_of(&subnet_id) {
            None => Operation::AssociateRouteTable { table_id, subnet_id },
            Some((_, association_id)) if self.dice.chance(50) => Operation::DisassociateRouteTable { association_id },
            Some((old, _)) if old == table_id => return None,
            Some((_, association_id)) => Operation::ReplaceRouteTableAssociation { association_id, table_id },
        })
    }

    fn in_vpc_subnets(&self, vpc_id: &str) -> Vec<String> {
        let subnets = Ec2::living(&self.ec2.subnets).into_iter();
        subnets.filter(|id| self.ec2.subnets[id].now().is_some_and(|one| one.vpc_id == vpc_id)).collect()
    }

    fn make_route(&mut self) -> Option<Operation> {
        let table_id = self.dice.any(&Ec2::living(&self.ec2.route_tables))?;
        let table = self.ec2.route_tables[&table_id].now()?.clone();
        let destination = (*self.dice.pick(&DESTINATIONS)).to_owned();
        let gateways = Ec2::living(&self.ec2.gateways).into_iter();
        let here: Vec<String> = gateways
            .filter(|id| {
                let gateway = self.ec2.gateways[id].now();
                gateway.and_then(|one| one.vpc.as_ref()).is_some_and(|(vpc_id, _)| *vpc_id == table.vpc_id)
            })
            .collect();
        let target = match self.dice.any(&here) {
            Some(gateway) if self.dice.chance(70) => gateway,
            _ => format!("nat-0{:016x}", self.dice.number()),
        };
        Some(match table.routes.get(&destination) {
            None => Operation::CreateRoute { table_id, destination, target },
            Some((old, _)) if *old != target && self.dice.chance(60) => {
                Operation::ReplaceRoute { table_id, destination, target }
            }
            Some(_) => Operation::DeleteRoute { table_id, destination },
        })
    }

    fn make_gateway(&mut self) -> Option<Operation> {
        let gateways = Ec2::living(&self.ec2.gateways);
        if gateways.len() < 5 && self.dice.chance(30) {
            return Some(Operation::CreateInternetGateway);
        }
        let gateway_id = self.dice.any(&gateways)?;
        let attached = self.ec2.gateways[&gateway_id].now()?.vpc.clone();
        Some(match attached {
            Some((vpc_id, _)) => Operation::DetachInternetGateway { gateway_id, vpc_id },
            None => Operation::AttachInternetGateway { gateway_id, vpc_id: self.vpc()? },
        })
    }

    fn make_endpoint(&mut self) -> Option<Operation> {
        let endpoints = Ec2::living(&self.ec2.endpoints);
        if self.dice.chance(45) && !endpoints.is_empty() {
            let endpoint_id = self.dice.pick(&endpoints).clone();
            return self.change_endpoint(&endpoint_id);
        }
        let vpc_id = self.vpc()?;
        let is_interface = self.dice.chance(60);
        let service = format!("com.amazonaws.{}.{}", self.place.region, self.dice.pick(&SERVICES));
        let (subnets, groups, tables) =
            (self.in_vpc_subnets(&vpc_id), self.in_vpc_groups(&vpc_id), self.tables(&vpc_id));
        let wants_groups = self.dice.chance(80);
        let mut some = |of: &[String], wanted: bool| {
            if wanted && !of.is_empty() { self.dice.some(of, 3) } else { Vec::new() }
        };
        let subnets = some(&subnets, is_interface);
        let groups = some(&groups, is_interface && wants_groups);
        let tables = some(&tables, !is_interface);
        let private_dns = (is_interface && self.dice.chance(70)).then(|| self.dice.chance(60));
        let tags = self.given_tags();
        Some(Operation::CreateVpcEndpoint(EndpointAsked {
            vpc_id,
            service,
            is_interface,
            private_dns,
            subnets,
            groups,
            tables,
            tags,
        }))
    }

    fn in_vpc_groups(&self, vpc_id: &str) -> Vec<String> {
        let groups = Ec2::living(&self.ec2.groups).into_iter();
        let is_here =
            |id: &String| self.ec2.groups[id].now().is_some_and(|one| one.vpc_id == vpc_id && !one.is_default);
        groups.filter(is_here).collect()
    }

    fn tables(&self, vpc_id: &str) -> Vec<String> {
        let tables = Ec2::living(&self.ec2.route_tables).into_iter();
        tables.filter(|id| self.ec2.route_tables[id].now().is_some_and(|one| one.vpc_id == vpc_id)).collect()
    }

    fn change_endpoint(&mut self, endpoint_id: &str) -> Option<Operation> {
        let endpoint = self.ec2.endpoints[endpoint_id].now()?.clone();
        let mut change = EndpointChange { endpoint_id: endpoint_id.to_owned(), ..EndpointChange::default() };
        let swap = |dice: &mut Dice, all: &[String], has: &crate::ec2_model::Linked| {
            let new: Vec<String> = all.iter().filter(|id| !has.contains_key(*id)).cloned().collect();
            let old: Vec<String> = has.keys().cloned().collect();
            let added = if new.is_empty() || dice.chance(40) { Vec::new() } else { dice.some(&new, 2) };
            let removed = if old.is_empty() || dice.chance(50) { Vec::new() } else { dice.some(&old, 2) };
            (added, removed)
        };
        let (subnets, groups, tables) = (
            self.in_vpc_subnets(&endpoint.vpc_id),
            self.in_vpc_groups(&endpoint.vpc_id),
            self.tables(&endpoint.vpc_id),
        );
        if endpoint.is_interface {
            change.subnets = swap(&mut self.dice, &subnets, &endpoint.subnets);
            change.groups = swap(&mut self.dice, &groups, &endpoint.groups);
        } else {
            change.tables = swap(&mut self.dice, &tables, &endpoint.tables);
        }
        Some(Operation::ModifyVpcEndpoint(change))
    }

    fn make_interface(&mut self) -> Option<Operation> {
        let subnet_id = self.dice.any(&Ec2::living(&self.ec2.subnets))?;
        let vpc_id = self.ec2.subnets[&subnet_id].now()?.vpc_id.clone();
        let mut groups = self.in_vpc_groups(&vpc_id);
        groups.push(self.ec2.default_group(&vpc_id));
        let group_ids =
            if self.dice.chance(40) { vec![self.ec2.default_group(&vpc_id)] } else { self.dice.some(&groups, 2) };
        Some(Operation::CreateNetworkInterface { subnet_id, group_ids })
    }

    fn remove_something(&mut self) -> Option<Operation> {
        Some(match self.dice.below(10) {
            0..2 => {
                let vpcs = Ec2::living(&self.ec2.vpcs).into_iter();
                let free: Vec<String> = vpcs.filter(|id| !self.kept_vpcs.contains(id)).collect();
                Operation::DeleteVpc { vpc_id: self.dice.any(&free)? }
            }
            2..4 => Operation::DeleteSubnet { subnet_id: self.dice.any(&Ec2::living(&self.ec2.subnets))? },
            4..6 => Operation::DeleteRouteTable { table_id: self.dice.any(&Ec2::living(&self.ec2.route_tables))? },
            6..8 => {
                Operation::DeleteNetworkInterface { interface_id: self.dice.any(&Ec2::living(&self.ec2.interfaces))? }
            }
            _ => {
                let mut endpoint_ids = self.dice.some(&Ec2::living(&self.ec2.endpoints), 2);
                if self.dice.chance(20) {
                    endpoint_ids.push(format!("vpce-0{:016x}", self.dice.number()));
                }
                if endpoint_ids.is_empty() {
                    return None;
                }
                Operation::DeleteVpcEndpoints { endpoint_ids }
            }
        })
    }

    fn make_group(&mut self) -> Option<Operation> {
        let name = (*self.dice.pick(&NAMES)).to_owned();
        let vpc_id = if self.ec2.default_vpc().is_some() && self.dice.chance(30) { None } else { Some(self.vpc()?) };
        Some(Operation::CreateSecurityGroup { name, vpc_id, tags: self.given_tags() })
    }

    /// A group to work on. A default one seldom: then its VPC stays, unless a record tells that they belong together.
    fn group(&mut self) -> Option<String> {
        let living = Ec2::living(&self.ec2.groups).into_iter();
        let (default, made): (Vec<String>, Vec<String>) =
            living.partition(|id| self.ec2.groups[id].now().is_some_and(|one| one.is_default));
        if self.dice.chance(94) {
            return self.dice.any(&made);
        }
        let id = self.dice.any(&default)?;
        if !self.placed.contains(&id) {
            self.kept_vpcs.insert(self.ec2.groups[&id].now()?.vpc_id.clone());
        }
        Some(id)
    }

    /// The group by its name, where a reader can tell which one that is.
    fn named(&mut self, group_id: &str, percent: usize) -> GroupRef {
        let can = self.nameable.contains(group_id) && self.ec2.groups[group_id].now().is_some();
        if !can || !self.dice.chance(percent) {
            return GroupRef::Id(group_id.to_owned());
        }
        let name = self.ec2.groups[group_id].now().expect("it lives").name.clone();
        GroupRef::Name(if self.dice.chance(20) { name.to_ascii_uppercase() } else { name })
    }

    fn remove_group(&mut self) -> Option<Operation> {
        let id = self.group()?;
        let group = self.named(&id, 50);
        Some(Operation::DeleteSecurityGroup { group })
    }

    fn permissions(&mut self, group_id: &str, is_egress: bool) -> Vec<Permission> {
        let count = 1 + self.dice.below(2);
        (0..count).map(|_| self.permission(group_id, is_egress)).collect()
    }

    fn permission(&mut self, group_id: &str, is_egress: bool) -> Permission {
        let (protocol, from_port, to_port) = *self.dice.pick(&TRAFFIC);
        let is_ipv6_only = ["icmpv6", "58"].contains(&protocol);
        let count = 1 + self.dice.below(3);
        let targets = (0..count).map(|_| self.target(group_id, is_egress, is_ipv6_only)).collect();
        Permission { protocol: protocol.to_owned(), from_port, to_port, targets }
    }

    fn target(&mut self, group_id: &str, is_egress: bool, is_ipv6_only: bool) -> Target {
        let description = self.dice.chance(40).then(|| (*self.dice.pick(&DESCRIPTIONS)).to_owned());
        let (written, account_id) = match if is_ipv6_only { 5 } else { self.dice.below(9) } {
            0..4 => ((*self.dice.pick(&IPV4)).to_owned(), None),
            4..6 => ((*self.dice.pick(&IPV6)).to_owned(), None),
            6 => ((*self.dice.pick(&PREFIX_LISTS)).to_owned(), None),
            7 if self.dice.chance(30) => (PEERED.0.to_owned(), Some(PEERED.1.to_owned())),
            _ => self.group_target(group_id, is_egress),
        };
        Target { written, account_id, description }
    }

    fn group_target(&mut self, group_id: &str, is_egress: bool) -> (String, Option<String>) {
        let vpc_id = self.ec2.groups[group_id].now().expect("it lives").vpc_id.clone();
        let mut groups = self.in_vpc_groups(&vpc_id);
        groups.push(group_id.to_owned());
        let peer = self.dice.pick(&groups).clone();
        let account = self.dice.chance(50).then(|| self.place.account_id.clone());
        match self.named(&peer, if is_egress { 0 } else { 40 }) {
            GroupRef::Id(id) => (id, account),
            GroupRef::Name(name) => (name, account),
        }
    }

    fn authorize(&mut self) -> Option<Operation> {
        let id = self.group()?;
        let is_egress = self.dice.chance(40);
        let permissions = self.permissions(&id, is_egress);
        let group = if is_egress { GroupRef::Id(id) } else { self.named(&id, 30) };
        let rule_tags =
            if self.dice.chance(10) { vec![("Owner".to_owned(), "a rule's".to_owned())] } else { Vec::new() };
        Some(Operation::Authorize { group, is_egress, permissions, rule_tags })
    }

    /// Rules of the group in one direction.
    fn rules(&self, group_id: &str, is_egress: bool) -> Vec<Rule> {
        let group = self.ec2.groups[group_id].now().expect("it lives");
        group.rules.iter().filter(|rule| rule.is_egress == is_egress).cloned().collect()
    }

    /// The rule as a request may write it, not always in EC2's own form.
    fn written(&mut self, rule: &Rule) -> Permission {
        let spec = &rule.spec;
        let written = match &spec.peer {
            Peer::Ipv4(cidr) => {
                let same = |other: &&&str| canonical_cidr(other) == *cidr;
                let forms: Vec<&&str> = IPV4.iter().filter(same).collect();
                self.dice.any(&forms).map_or_else(|| cidr.clone(), |form| (**form).to_owned())
            }
            Peer::Ipv6(cidr) => {
                let same = |other: &&&str| canonical_cidr(other) == *cidr;
                let forms: Vec<&&str> = IPV6.iter().filter(same).collect();
                self.dice.any(&forms).map_or_else(|| cidr.clone(), |form| (**form).to_owned())
            }
            Peer::PrefixList(id) | Peer::Group(id, _) => id.clone(),
        };
        let account_id = match &spec.peer {
            Peer::Group(_, account) if *account != self.place.account_id || self.dice.chance(50) => {
                Some(account.clone())
            }
            _ => None,
        };
        let (protocol, from_port, to_port) = match spec.protocol.as_str() {
            "tcp" if self.dice.chance(20) => ("6", spec.from_port, spec.to_port),
            "tcp" | "udp" => (spec.protocol.as_str(), spec.from_port, spec.to_port),
            "icmp" | "icmpv6" => (spec.protocol.as_str(), spec.from_port.or(Some(-1)), spec.to_port.or(Some(-1))),
            other => match self.dice.below(3) {
                0 => (other, None, None),
                1 => (other, Some(0), Some(0)),
                _ => (other, Some(-1), Some(-1)),
            },
        };
        let target = Target { written, account_id, description: rule.description.clone() };
        Permission { protocol: protocol.to_owned(), from_port, to_port, targets: vec![target] }
    }

    fn revoke(&mut self) -> Option<Operation> {
        let id = self.group()?;
        let is_egress = self.dice.chance(45);
        let rules = self.rules(&id, is_egress);
        if rules.is_empty() || self.dice.chance(10) {
            let permissions = self.permissions(&id, is_egress);
            return Some(Operation::Revoke { group: GroupRef::Id(id), is_egress, permissions });
        }
        let rules = self.dice.some(&rules, 3);
        if self.dice.chance(45) {
            let rule_ids = rules.into_iter().map(|rule| rule.id).collect();
            return Some(Operation::RevokeById { group_id: id, is_egress, rule_ids });
        }
        let mut permissions: Vec<Permission> = rules.iter().map(|rule| self.written(rule)).collect();
        if self.dice.chance(15) {
            permissions.push(self.permission(&id, is_egress));
        }
        self.dice.shuffle(&mut permissions);
        let group = if is_egress { GroupRef::Id(id) } else { self.named(&id, 30) };
        Some(Operation::Revoke { group, is_egress, permissions })
    }

    /// Rules that a reader of the records can tell by their ids.
    fn told(&self, group_id: &str, is_egress: Option<bool>) -> Vec<Rule> {
        let group = self.ec2.groups[group_id].now().expect("it lives");
        let rules = group.rules.iter().filter(|rule| is_egress.is_none_or(|wanted| rule.is_egress == wanted));
        rules.filter(|rule| self.writer.is_clear_by_id(group, &rule.id)).cloned().collect()
    }

    /// A description is always said: what EC2 makes of a modification that leaves it out is not documented.
    fn modify(&mut self) -> Option<Operation> {
        let id = self.group()?;
        let rules = self.told(&id, None);
        if rules.is_empty() {
            return None;
        }
        let mut changes = Vec::new();
        for rule in self.dice.some(&rules, 2) {
            let (protocol, from_port, to_port) = *self.dice.pick(&TRAFFIC[..14]);
            let (ipv4, ipv6) = (*self.dice.pick(&IPV4), *self.dice.pick(&IPV6));
            let peer = match &rule.spec.peer {
                Peer::Ipv4(_) => Peer::Ipv4(canonical_cidr(ipv4)),
                Peer::Ipv6(_) => Peer::Ipv6(canonical_cidr(ipv6)),
                other => other.clone(),
            };
            let target = Target { written: "10.0.0.0/8".to_owned(), account_id: None, description: None };
            let permission = Permission { protocol: protocol.to_owned(), from_port, to_port, targets: vec![target] };
            let (spec, _) = self.ec2.specs(&[permission]).ok()?.remove(0);
            let description = Some((*self.dice.pick(&DESCRIPTIONS)).to_owned());
            let spec = Spec { peer, ..spec };
            // Two changes that swap their rules' places have no order in which a reader could check them.
            let is_new = !self.ec2.groups[&id].now()?.rules.iter().any(|other| other.spec == spec)
                && changes.iter().all(|(_, other, _)| *other != spec);
            if is_new {
                changes.push((rule.id.clone(), spec, description));
            }
        }
        (!changes.is_empty()).then_some(Operation::Modify { group_id: id, rules: changes })
    }

    fn describe(&mut self) -> Option<Operation> {
        let id = self.group()?;
        let is_egress = self.dice.chance(40);
        let new = |life: &mut Self, rule: &Rule| {
            let description = life.dice.chance(70).then(|| (*life.dice.pick(&DESCRIPTIONS)).to_owned());
            (description != rule.description).then_some(description)
        };
        if self.dice.chance(50) {
            let rules = self.told(&id, Some(is_egress));
            let rules = self.dice.some(&rules, 2);
            let descriptions: Vec<_> =
                rules.iter().filter_map(|rule| Some((rule.id.clone(), new(self, rule)?))).collect();
            return (!descriptions.is_empty()).then_some(Operation::DescribeById {
                group_id: id,
                is_egress,
                descriptions,
            });
        }
        let rules = self.rules(&id, is_egress);
        let rules = self.dice.some(&rules, 2);
        let mut permissions = Vec::new();
        for rule in rules {
            let mut permission = self.written(&rule);
            let Some(description) = new(self, &rule) else { continue };
            permission.targets[0].description = description;
            permissions.push(permission);
        }
        let group = if is_egress { GroupRef::Id(id) } else { self.named(&id, 30) };
        (!permissions.is_empty()).then_some(Operation::Describe { group, is_egress, permissions })
    }

    fn tag(&mut self) -> Option<Operation> {
        let mut all = Ec2::living(&self.ec2.subnets);
        all.extend(Ec2::living(&self.ec2.vpcs));
        all.extend(Ec2::living(&self.ec2.endpoints));
        all.extend(Ec2::living(&self.ec2.route_tables));
        all.extend(self.group());
        all.extend(self.group());
        all.extend(self.group());
        if all.is_empty() {
            return None;
        }
        let mut resource_ids = self.dice.some(&all, 2);
        resource_ids.sort();
        resource_ids.dedup();
        let keys = self.dice.some(&owned(&KEYS), 3);
        if self.dice.chance(60) {
            let tags = keys.into_iter().map(|key| (key, (*self.dice.pick(&VALUES)).to_owned())).collect();
            return Some(Operation::CreateTags { resource_ids, tags });
        }
        let value = |dice: &mut Dice| dice.chance(40).then(|| (*dice.pick(&VALUES)).to_owned());
        let tags = if self.dice.chance(10) {
            Vec::new()
        } else {
            keys.into_iter().map(|key| (key, value(&mut self.dice))).collect()
        };
        Some(Operation::DeleteTags { resource_ids, tags })
    }

    fn job(&mut self) -> Option<Operation> {
        let jobs = Ec2::living(&self.ec2.jobs);
        if jobs.len() < 5 || self.dice.chance(20) {
            return Some(Operation::CreateJob { name: format!("job-{}", jobs.len()), tags: self.given_tags() });
        }
        let arn = self.dice.any(&jobs)?;
        if self.dice.chance(60) {
            let tags = self.given_tags();
            return (!tags.is_empty()).then_some(Operation::TagJob { arn, tags });
        }
        Some(Operation::UntagJob { arn, keys: self.dice.some(&owned(&KEYS), 2) })
    }
}
