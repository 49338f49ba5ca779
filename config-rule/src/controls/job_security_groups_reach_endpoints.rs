//! `job_security_groups_reach_endpoints`: the job's groups let it reach the endpoints that it needs on TCP 443, and the
//! endpoints' groups let it in.
//!
//! - Compliant: of each service that it needs (S3; KMS where it uses a customer's key) and that its VPC has an
//!   available endpoint of, one endpoint can be reached.
//! - NonCompliant: of one service, none can be, by what is known of every rule that could let it through.
//! - NotApplicable: the job has no `vpcConfig`, or one without groups or subnets; none of its groups or of its subnets
//!   exists any more; or its VPC shows no endpoint of these services (`job_private_path` judges that).
//! - Undetermined: a subnet, the endpoints, or a group that might let it through could not be read; its egress covers
//!   a part of an endpoint's subnets, so that it depends on the endpoint's addresses; or a rule names a prefix list
//!   other than S3's, whose entries nobody read.
//!
//! The rules of several groups add up. A gateway endpoint is reached through its prefix list or its ranges; an interface
//! endpoint through its groups or the ranges of its subnets. Not judged: IPv6, network ACLs, endpoint policies, and the
//! route to a gateway endpoint (`job_private_path`).

use std::collections::{BTreeMap, BTreeSet};

use super::cidr::Cidr;
use super::https_rules::{Rules, s3_prefix_list};
use super::job_private_path::Service;
use super::{About, Severity, network_of};
use crate::facts::{Endpoint, Fact, JobFacts, Subnet, Unread, VpcConfig, World};
use crate::judgement::Judgement;

/// What a person is told about it.
pub const ABOUT: About = About {
    severity: Severity::Medium,
    why: "A job whose groups do not let it reach the S3 or KMS endpoint fails after its network interfaces were made, \
          often hours after it was requested, with an error that names neither group nor endpoint.",
    fix: "Allow TCP 443 out of the job's groups to the S3 prefix list and to the endpoint's group, and into the \
          endpoint's group from the job's; rules can be changed without creating the job again.",
    pages: &[
        "Protect your model customization jobs using a VPC",
        "Security group rules",
        "Gateway endpoints for Amazon S3",
        "Access an AWS service using an interface VPC endpoint",
    ],
};

/// Judges one job.
pub fn evaluate(job: &JobFacts, world: &World) -> Judgement {
    let (detail, network) = match network_of(job) {
        Ok(parts) => parts,
        Err(judgement) => return judgement,
    };
    if network.security_group_ids.is_empty() || network.subnet_ids.is_empty() {
        return Judgement::not_applicable("names no security group or no subnet");
    }
    if network.security_group_ids.iter().all(|id| world.security_group(id) == Fact::Absent) {
        let finding = "names no security group that still exists: job_security_groups_exist judges that";
        return Judgement::not_applicable(finding);
    }
    let mut seen = Seen::default();
    for (vpc_id, subnets) in seen.subnets_by_vpc(network, world) {
        let endpoints: &[Endpoint] = match world.endpoints_of(vpc_id) {
            Fact::Known(endpoints) => endpoints,
            Fact::Absent => &[],
            Fact::Unreadable(unread) => {
                seen.unread.insert(unread);
                continue;
            }
        };
        let egress = Rules::of(&network.security_group_ids, world, |group| &group.egress);
        let view = View { world, network, subnets, egress };
        for service in Service::needed_by(detail) {
            let available = endpoints.iter().filter(|endpoint| service.is_served_by(endpoint, &world.region));
            seen.one_of(service, available.map(|endpoint| (endpoint, view.reach(endpoint))).collect());
        }
    }
    seen.judgement()
}

/// Whether the job can reach an endpoint.
#[derive(Debug, PartialEq, Eq)]
enum Reach {
    Yes,
    /// Why not.
    No(String),
    /// What would tell.
    Unknown(Vec<Unread>),
}

/// What was seen so far of one job.
#[derive(Default)]
struct Seen {
    reached: usize,
    blocked: BTreeSet<String>,
    unread: BTreeSet<Unread>,
}

impl Seen {
    /// The subnets that are known, by their VPC. One that is gone is left to `job_private_path`.
    fn subnets_by_vpc<'a>(&mut self, network: &VpcConfig, world: &'a World) -> BTreeMap<&'a str, Vec<&'a Subnet>> {
        let mut vpcs: BTreeMap<&str, Vec<&Subnet>> = BTreeMap::new();
        for id in &network.subnet_ids {
            match world.subnet(id) {
                Fact::Known(subnet) => vpcs.entry(&subnet.vpc_id).or_default().push(subnet),
                Fact::Absent => {}
                Fact::Unreadable(unread) => drop(self.unread.insert(unread)),
            }
        }
        vpcs
    }

    /// Of several endpoints of a service, one suffices.
    fn one_of(&mut self, service: Service, endpoints: Vec<(&Endpoint, Reach)>) {
        if endpoints.iter().any(|(_, reach)| *reach == Reach::Yes) {
            self.reached += 1;
            return;
        }
        let is_known = endpoints.iter().all(|(_, reach)| matches!(reach, Reach::No(_)));
        for (endpoint, reach) in endpoints {
            match reach {
                Reach::Unknown(unread) => self.unread.extend(unread),
                Reach::No(why) if is_known => {
                    self.blocked.insert(format!("{} ({}: {why})", endpoint.id, service.name()));
                }
                Reach::No(_) | Reach::Yes => {}
            }
        }
    }

    fn judgement(self) -> Judgement {
        let unread: Vec<Unread> = self.unread.into_iter().collect();
        if !self.blocked.is_empty() {
            let remedy = "allow TCP 443 out of the job's groups and into the endpoint's";
            let blocked = self.blocked.into_iter().collect();
            return Judgement { unread, ..Judgement::non_compliant("cannot reach on TCP 443:", blocked, remedy) };
        }
        if !unread.is_empty() {
            return Judgement::undetermined(unread);
        }
        match self.reached {
            0 => Judgement::not_applicable("shows no endpoint that it needs in its VPC: job_private_path judges that"),
            services => Judgement::compliant(format!("its security groups let it reach the endpoints ({services})")),
        }
    }
}

/// The subnet's IPv4 range.
fn range_of(fact: Fact<&Subnet>, id: &str) -> Result<Cidr, Unread> {
    let cause = match fact {
        Fact::Known(subnet) => match Cidr::parse(&subnet.cidr) {
            Some(range) => return Ok(range),
            None => "it has no IPv4 range, and IPv6 is not judged",
        },
        Fact::Absent => "it does not exist",
        Fact::Unreadable(unread) => return Err(unread),
    };
    Err(Unread { action: "ec2:DescribeSubnets".to_owned(), resource: id.to_owned(), cause: cause.to_owned() })
}

/// One job in one VPC.
struct View<'a> {
    world: &'a World,
    network: &'a VpcConfig,
    /// Of the job, in this VPC.
    subnets: Vec<&'a Subnet>,
    /// Of all the job's groups.
    egress: Rules<'a>,
}

impl View<'_> {
    fn reach(&self, endpoint: &Endpoint) -> Reach {
        if Cidr::ALL.is_covered_by(&self.egress.ranges) {
            return if endpoint.is_gateway { Reach::Yes } else { self.ingress(endpoint) };
        }
        if endpoint.is_gateway {
            return self.egress_to_gateway();
        }
        match (self.egress_to_interface(endpoint), self.ingress(endpoint)) {
            (Reach::No(egress), Reach::No(ingress)) => Reach::No(format!("{egress}, {ingress}")),
            (Reach::No(why), _) | (_, Reach::No(why)) => Reach::No(why),
            (Reach::Yes, other) | (other, Reach::Yes) => other,
            (Reach::Unknown(egress), Reach::Unknown(ingress)) => Reach::Unknown([egress, ingress].concat()),
        }
    }

    fn egress_to_gateway(&self) -> Reach {
        let mut hidden = self.egress.hidden(self.world);
        match s3_prefix_list(self.world) {
            Fact::Known(list) => {
                let ranges: Vec<Cidr> = list.cidrs.iter().filter_map(|text| Cidr::parse(text)).collect();
                let is_covered = || ranges.iter().all(|range| range.is_covered_by(&self.egress.ranges));
                if self.egress.prefix_lists.contains(list.id.as_str()) || (!ranges.is_empty() && is_covered()) {
                    return Reach::Yes;
                }
            }
            Fact::Absent | Fact::Unreadable(_)
                if self.egress.prefix_lists.is_empty() && self.egress.ranges.is_empty() => {}
            Fact::Absent => hidden.push(Unread {
                action: "ec2:DescribePrefixLists".to_owned(),
                resource: format!("com.amazonaws.{}.s3", self.world.region),
                cause: "there is no prefix list of that name".to_owned(),
            }),
            Fact::Unreadable(unread) => hidden.push(unread),
        }
        if hidden.is_empty() { Reach::No("no egress to its prefix list".to_owned()) } else { Reach::Unknown(hidden) }
    }

    fn egress_to_interface(&self, endpoint: &Endpoint) -> Reach {
        if endpoint.security_group_ids.iter().any(|id| self.egress.groups.contains(id.as_str())) {
            return Reach::Yes;
        }
        let (mut hidden, ranges) = (self.egress.hidden(self.world), &self.egress.ranges);
        let (mut covered, mut touched) = (0, 0);
        for id in &endpoint.subnet_ids {
            match range_of(self.world.subnet(id), id) {
                Ok(subnet) if subnet.is_covered_by(ranges) => covered += 1,
                Ok(subnet) if ranges.iter().any(|range| range.overlaps(subnet)) => touched += 1,
                Ok(_) => {}
                Err(_) if !self.egress.has_ranges => {}
                Err(unread) => hidden.push(unread),
            }
        }
        if covered > 0 && covered == endpoint.subnet_ids.len() {
            return Reach::Yes;
        }
        if covered + touched > 0 {
            let cause = "the job's egress covers a part of its subnets, not known to be the one with its addresses";
            let (action, resource) = ("ec2:DescribeNetworkInterfaces".to_owned(), endpoint.id.clone());
            hidden.push(Unread { action, resource, cause: cause.to_owned() });
        }
        if hidden.is_empty() { Reach::No("no egress to it".to_owned()) } else { Reach::Unknown(hidden) }
    }

    fn ingress(&self, endpoint: &Endpoint) -> Reach {
        let rules = Rules::of(&endpoint.security_group_ids, self.world, |group| &group.ingress);
        let mut hidden = rules.hidden(self.world);
        for id in self.network.security_group_ids.iter().filter(|id| rules.groups.contains(id.as_str())) {
            match self.world.security_group(id) {
                Fact::Known(_) => return Reach::Yes,
                Fact::Absent => {}
                Fact::Unreadable(unread) => hidden.push(unread),
            }
        }
        if Cidr::ALL.is_covered_by(&rules.ranges) {
            return Reach::Yes;
        }
        let (mut shut_out, mut unknown) = (Vec::new(), Vec::new());
        for subnet in &self.subnets {
            match range_of(Fact::Known(subnet), &subnet.id) {
                Ok(range) if range.is_covered_by(&rules.ranges) => {}
                Ok(_) => shut_out.push(subnet.id.as_str()),
                Err(_) if !rules.has_ranges => shut_out.push(subnet.id.as_str()),
                Err(unread) => unknown.push(unread),
            }
        }
        match (shut_out.as_slice(), unknown.as_slice(), hidden.as_slice()) {
            ([], [], _) => Reach::Yes,
            ([_, ..], _, []) => Reach::No(format!("does not let in {}", shut_out.join(", "))),
            _ => Reach::Unknown([hidden, unknown].concat()),
        }
    }
}

#[cfg(test)]
mod tests {
    use schemas::control::Verdict::{self, Compliant, NonCompliant, NotApplicable, Undetermined};

    use super::super::cases::{self, ENDPOINT_GROUP, GROUP, S3_PREFIX_LIST, SUBNET, VPC, https, known, unread};
    use super::*;
    use crate::facts::{Permission, SecurityGroup};

    const OTHER: &str = "sg-0000000000000beef";
    const OTHER_SUBNET: &str = "subnet-00000000000000002";

    fn check_job(case: &str, job: &JobFacts, change: impl FnOnce(&mut World), expected: Verdict) -> Judgement {
        let mut world = cases::world();
        change(&mut world);
        let judgement = evaluate(job, &world);
        assert_eq!(judgement.verdict, expected, "{case}: {}", judgement.reason());
        judgement
    }

    fn check(case: &str, change: impl FnOnce(&mut World), expected: Verdict) -> Judgement {
        check_job(case, &cases::job(), change, expected)
    }

    fn group<'w>(world: &'w mut World, id: &str) -> &'w mut SecurityGroup {
        known(&mut world.security_groups, id)
    }

    fn endpoints(world: &mut World) -> &mut Vec<Endpoint> {
        known(&mut world.endpoints, VPC)
    }

    /// A job with two groups, two subnets.
    fn wide_job() -> JobFacts {
        cases::job_with(|detail| {
            let ids = |ids: [&str; 2]| ids.map(str::to_owned).to_vec();
            let (subnet_ids, security_group_ids) = (ids([SUBNET, OTHER_SUBNET]), ids([GROUP, OTHER]));
            detail.vpc_config = Some(VpcConfig { subnet_ids, security_group_ids });
        })
    }

    fn to_ranges(cidrs: &[&str]) -> Vec<Permission> {
        vec![Permission { cidrs: cidrs.iter().map(|&cidr| cidr.to_owned()).collect(), ..https() }]
    }

    /// Egress to the ranges alone.
    fn egress(cidrs: &'static [&'static str]) -> impl FnOnce(&mut World) {
        move |world| group(world, GROUP).egress = to_ranges(cidrs)
    }

    fn ingress(cidrs: &'static [&'static str]) -> impl FnOnce(&mut World) {
        move |world| group(world, ENDPOINT_GROUP).ingress = to_ranges(cidrs)
    }

    fn second_subnet(world: &mut World, cidr: &str) {
        let subnet = known(&mut world.subnets, SUBNET).clone();
        let subnet = Subnet { id: OTHER_SUBNET.to_owned(), cidr: cidr.to_owned(), ..subnet };
        world.subnets.insert(OTHER_SUBNET.to_owned(), Fact::Known(subnet));
        world.security_groups.insert(OTHER.to_owned(), Fact::Absent);
    }

    #[test]
    fn egress_to_the_endpoints() {
        check("good", |_| (), Compliant);
        check("everything", egress(&["0.0.0.0/0"]), Compliant);
        check("everything in halves", egress(&["0.0.0.0/1", "128.0.0.0/1"]), Compliant);
        check("nothing", egress(&[]), NonCompliant);
        check("elsewhere", egress(&["192.168.0.0/16"]), NonCompliant);
        check("the ranges of both", egress(&["52.218.0.0/16", "10.0.0.0/16"]), Compliant);
        check("a part of S3's ranges", egress(&["52.218.0.0/18", "10.0.0.0/16"]), NonCompliant);
        check("a part of the endpoint's subnet", egress(&["52.218.0.0/16", "10.0.1.0/25"]), Undetermined);
        check("the subnet in halves", egress(&["52.218.0.0/16", "10.0.1.0/25", "10.0.1.128/25"]), Compliant);
        let judgement = check("only S3", |world| drop(group(world, GROUP).egress.pop()), NonCompliant);
        assert_eq!(judgement.resources, ["vpce-000000000000000c5 (KMS: no egress to it)"]);
        let udp = |world: &mut World| group(world, GROUP).egress[0].protocol = "udp".to_owned();
        assert_eq!(check("udp", udp, NonCompliant).finding, "cannot reach on TCP 443:");
        let same_group = |world: &mut World| {
            endpoints(world)[1].security_group_ids = vec![GROUP.to_owned()];
            let itself = vec![Permission { group_ids: vec![GROUP.to_owned()], ..https() }];
            let group = group(world, GROUP);
            (group.egress[1], group.ingress) = (itself[0].clone(), itself);
        };
        check("a group that names itself", same_group, Compliant);
    }

    #[test]
    fn ingress_of_the_endpoint() {
        check("the job's subnet", ingress(&["10.0.0.0/16"]), Compliant);
        check("everything", ingress(&["0.0.0.0/0"]), Compliant);
        check("nothing", ingress(&[]), NonCompliant);
        let judgement = check("a part of the subnet", ingress(&["10.0.1.0/25"]), NonCompliant);
        assert_eq!(judgement.resources, [format!("vpce-000000000000000c5 (KMS: does not let in {SUBNET})")]);
        let one_of_two = |world: &mut World| {
            second_subnet(world, "10.0.2.0/24");
            ingress(&["10.0.1.0/24"])(world);
        };
        let judgement = check_job("one of two subnets", &wide_job(), one_of_two, NonCompliant);
        assert_eq!(judgement.resources, [format!("vpce-000000000000000c5 (KMS: does not let in {OTHER_SUBNET})")]);
        let ipv6 = |world: &mut World| {
            second_subnet(world, "");
            ingress(&["10.0.1.0/24"])(world);
        };
        check_job("a subnet of IPv6 only", &wide_job(), ipv6, Undetermined);
        let gone = |world: &mut World| drop(world.security_groups.insert(ENDPOINT_GROUP.to_owned(), Fact::Absent));
        check("the endpoint's group is gone", gone, NonCompliant);
    }

    #[test]
    fn endpoints_and_services() {
        check("none at all", |world| endpoints(world).clear(), NotApplicable);
        check("VPC not found", |world| drop(world.endpoints.insert(VPC.to_owned(), Fact::Absent)), NotApplicable);
        check("not asked for", |world| world.endpoints.clear(), Undetermined);
        check("S3 alone", |world| drop(endpoints(world).pop()), Compliant);
        let blocked_twin = |world: &mut World| {
            let twin = Endpoint { security_group_ids: Vec::new(), ..endpoints(world)[1].clone() };
            endpoints(world).push(twin);
        };
        check("one of two suffices", blocked_twin, Compliant);
        let no_key = cases::job_with(|detail| detail.customer_key = None);
        check_job("KMS is not needed without a key", &no_key, ingress(&[]), Compliant);
    }

    #[test]
    fn what_is_absent_gives_nothing_and_what_is_unread_may_give_more() {
        let put = |id: &'static str, fact: Fact<SecurityGroup>| {
            move |world: &mut World| drop(world.security_groups.insert(id.to_owned(), fact))
        };
        check("all groups gone", put(GROUP, Fact::Absent), NotApplicable);
        check("group unreadable", put(GROUP, Fact::Unreadable(unread())), Undetermined);
        check("endpoint's group unreadable", put(ENDPOINT_GROUP, Fact::Unreadable(unread())), Undetermined);
        let denied = |world: &mut World| {
            second_subnet(world, "10.0.2.0/24");
            put(OTHER, Fact::Unreadable(unread()))(world);
        };
        check_job("reached without the unread group", &wide_job(), denied, Compliant);
        let needed = |world: &mut World| {
            denied(world);
            group(world, GROUP).egress.pop();
        };
        check_job("the unread group may reach it", &wide_job(), needed, Undetermined);
        let shut = |world: &mut World| {
            needed(world);
            ingress(&[])(world);
        };
        let judgement = check_job("but the endpoint is known to be shut", &wide_job(), shut, NonCompliant);
        assert!(judgement.unread.is_empty());
        check("subnet unread", |world| world.subnets.clear(), Undetermined);
        check("subnet gone", |world| drop(world.subnets.insert(SUBNET.to_owned(), Fact::Absent)), NotApplicable);
        check("prefix list unread", |world| world.prefix_lists.clear(), Undetermined);
        let other_list = |world: &mut World| group(world, GROUP).egress[1].prefix_list_ids = vec!["pl-1".to_owned()];
        check("another prefix list beside the group", other_list, Compliant);
        let only_list = |world: &mut World| {
            other_list(world);
            group(world, GROUP).egress[1].group_ids.clear();
        };
        let judgement = check("another prefix list alone", only_list, Undetermined);
        assert_eq!(judgement.resources, ["pl-1 (ec2:GetManagedPrefixListEntries)"]);
        let s3_list = |world: &mut World| {
            only_list(world);
            group(world, GROUP).egress[1].prefix_list_ids = vec![S3_PREFIX_LIST.to_owned()];
        };
        check("S3's list holds no endpoint of KMS", s3_list, NonCompliant);
    }

    #[test]
    fn without_a_network_there_is_nothing_to_say() {
        check_job("no vpcConfig", &cases::job_without_vpc(), |_| (), NotApplicable);
        let empty = cases::job_with(|detail| detail.vpc_config = Some(VpcConfig::default()));
        check_job("empty", &empty, |_| (), NotApplicable);
        let unreadable = JobFacts { detail: Fact::Unreadable(unread()), ..cases::job() };
        check_job("unreadable", &unreadable, |_| (), Undetermined);
    }
}
