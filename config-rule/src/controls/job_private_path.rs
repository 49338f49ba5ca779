//! `job_private_path`: the job's subnets have no route to the internet, and their VPC has the endpoints that it needs.
//!
//! - Compliant: each subnet exists; its route table has no active route to an internet gateway; S3 can be reached
//!   through an available endpoint of the VPC (a gateway endpoint that the subnet's table routes to, or an interface
//!   endpoint), and KMS through an interface endpoint where the job uses a customer's key.
//! - NonCompliant: one of these is known to be untrue, whatever is unknown of the others.
//! - NotApplicable: the job has no `vpcConfig`, or one without subnets.
//! - Undetermined: a subnet, its route table or the endpoints could not be read; or an endpoint is missing in a shared
//!   VPC, where the owner's endpoints are not visible to a participant.
//!
//! A subnet's table is the one that names it, else the main one of its VPC. An egress-only internet gateway is a path
//! to the internet, too, and the destination of such a route does not matter. Not judged: NAT gateways, transit
//! gateways, peering and firewalls (where they lead is decided elsewhere), endpoint policies, and whether the private
//! DNS name of an interface endpoint is on.

use std::collections::BTreeSet;

use super::{About, Severity, network_of};
use crate::facts::{Endpoint, Fact, JobDetail, JobFacts, RouteTable, Subnet, Unread, World};
use crate::judgement::Judgement;

/// What a person is told about it.
pub const ABOUT: About = About {
    severity: Severity::High,
    why: "A subnet with a route to an internet gateway lets training data leave past every endpoint policy, and \
          without an S3 endpoint the job either fails or reads its data over such a route.",
    fix: "Remove the route to the internet gateway or use other subnets, add a gateway endpoint for S3 to the subnet's \
          route table, and an interface endpoint for KMS where the job uses a customer's key.",
    pages: &[
        "Protect your model customization jobs using a VPC",
        "Gateway endpoints for Amazon S3",
        "Responsibilities and permissions for owners and participants",
    ],
};

const REMEDY: &str = "use private subnets with VPC endpoints, or repair the network";

/// Judges one job.
pub fn evaluate(job: &JobFacts, world: &World) -> Judgement {
    let (detail, network) = match network_of(job) {
        Ok(parts) => parts,
        Err(judgement) => return judgement,
    };
    if network.subnet_ids.is_empty() {
        return Judgement::not_applicable("names no subnet");
    }
    let mut seen = Seen::default();
    for id in &network.subnet_ids {
        match world.subnet(id) {
            Fact::Known(subnet) => seen.look_at(subnet, &Service::needed_by(detail), world),
            Fact::Absent => seen.problem(Problem::SubnetGone, id.clone()),
            Fact::Unreadable(unread) => drop(seen.unread.insert(unread)),
        }
    }
    seen.judgement(network.subnet_ids.len())
}

/// A service that a job in a VPC reaches through endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Service {
    S3,
    Kms,
}

impl Service {
    /// Every job reads S3; one with a customer's key uses KMS.
    pub(super) fn needed_by(detail: &JobDetail) -> Vec<Self> {
        let kms = detail.customer_key.as_ref().map(|_| Self::Kms);
        [Self::S3].into_iter().chain(kms).collect()
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::S3 => "S3",
            Self::Kms => "KMS",
        }
    }

    /// Whether this is an available endpoint of the service in the Region. `com.amazonaws.REGION.s3express` is another
    /// service, and a name may begin with more (`cn.com.amazonaws.REGION.kms`).
    pub(super) fn is_served_by(self, endpoint: &Endpoint, region: &str) -> bool {
        let ends_with = |service: &str| endpoint.service_name.ends_with(&format!(".{region}.{service}"));
        endpoint.is_available
            && match self {
                Self::S3 => ends_with("s3"),
                Self::Kms => !endpoint.is_gateway && (ends_with("kms") || ends_with("kms-fips")),
            }
    }
}

/// That the endpoints of a shared subnet's VPC, if there are any, cannot be seen from here; `None`: they can.
pub(super) fn hidden_endpoints(subnet: &Subnet, world: &World) -> Option<Unread> {
    (subnet.owner_id != world.account_id).then(|| Unread {
        action: "ec2:DescribeVpcEndpoints".to_owned(),
        resource: subnet.vpc_id.clone(),
        cause: format!(
            "endpoints made by its owner, account {}, are not visible from account {}",
            subnet.owner_id, world.account_id
        ),
    })
}

/// In the order in which they are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Problem {
    SubnetGone,
    InternetRoute,
    NoEndpoint(Service),
    NoRouteToEndpoint,
}

impl Problem {
    /// The judgement's finding where this is the first problem, and the note at a resource where it is a later one.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::SubnetGone => ("names subnets that do not exist:", "does not exist"),
            Self::InternetRoute => ("has a route to an internet gateway:", "route to an internet gateway"),
            Self::NoEndpoint(Service::S3) => ("has no available S3 endpoint in:", "no available S3 endpoint"),
            Self::NoEndpoint(Service::Kms) => ("has no available KMS endpoint in:", "no available KMS endpoint"),
            Self::NoRouteToEndpoint => ("has no route to the S3 endpoint from:", "no route to the S3 endpoint"),
        }
    }
}

#[derive(Default)]
struct Seen {
    /// With the resource as it is told.
    problems: BTreeSet<(Problem, String)>,
    unread: BTreeSet<Unread>,
}

impl Seen {
    fn problem(&mut self, problem: Problem, resource: String) {
        self.problems.insert((problem, resource));
    }

    fn look_at(&mut self, subnet: &Subnet, services: &[Service], world: &World) {
        let table = match world.route_tables_of(&subnet.vpc_id) {
            Fact::Known(tables) => table_of(subnet, tables),
            Fact::Absent => table_of(subnet, &[]),
            Fact::Unreadable(unread) => Err(unread),
        };
        for route in table.iter().flat_map(|table| &table.routes).filter(|route| route.is_active) {
            if route.target.starts_with("igw-") || route.target.starts_with("eigw-") {
                self.problem(Problem::InternetRoute, format!("{} ({})", subnet.id, route.target));
            }
        }
        let (table, unread) = table.map_or_else(|unread| (None, Some(unread)), |table| (Some(table), None));
        self.unread.extend(unread);
        let endpoints: &[Endpoint] = match world.endpoints_of(&subnet.vpc_id) {
            Fact::Known(endpoints) => endpoints,
            Fact::Absent => &[],
            Fact::Unreadable(unread) => {
                self.unread.insert(unread);
                return;
            }
        };
        for &service in services {
            let Some(problem) = problem_of(service, endpoints, subnet, table, &world.region) else { continue };
            match hidden_endpoints(subnet, world) {
                Some(unread) => drop(self.unread.insert(unread)),
                None => drop(self.problems.insert(problem)),
            }
        }
    }

    fn judgement(self, subnets: usize) -> Judgement {
        let unread: Vec<Unread> = self.unread.into_iter().collect();
        let Some(&(first, _)) = self.problems.first() else {
            return match unread.as_slice() {
                [] => Judgement::compliant(format!(
                    "its subnets ({subnets}) have the endpoints that it needs and no route to an internet gateway"
                )),
                _ => Judgement::undetermined(unread),
            };
        };
        let tell = |(problem, resource): (Problem, String)| {
            if problem == first { resource } else { format!("{resource} ({})", problem.words().1) }
        };
        let resources = self.problems.into_iter().map(tell).collect();
        Judgement { unread, ..Judgement::non_compliant(first.words().0, resources, REMEDY) }
    }
}

/// The table that names the subnet, else the main one.
fn table_of<'a>(subnet: &Subnet, tables: &'a [RouteTable]) -> Result<&'a RouteTable, Unread> {
    let named = tables.iter().find(|table| table.subnet_ids.contains(&subnet.id));
    named.or_else(|| tables.iter().find(|table| table.is_main)).ok_or_else(|| Unread {
        action: "ec2:DescribeRouteTables".to_owned(),
        resource: subnet.id.clone(),
        cause: format!("no route table of {} that serves it is visible", subnet.vpc_id),
    })
}

/// What keeps the subnet from the service, as far as can be told: without its table, a gateway endpoint passes, and
/// the table is unread.
fn problem_of(
    service: Service,
    endpoints: &[Endpoint],
    subnet: &Subnet,
    table: Option<&RouteTable>,
    region: &str,
) -> Option<(Problem, String)> {
    let mut available = endpoints.iter().filter(|endpoint| service.is_served_by(endpoint, region)).peekable();
    if available.peek().is_none() {
        return Some((Problem::NoEndpoint(service), subnet.vpc_id.clone()));
    }
    let serves =
        |endpoint: &Endpoint, table: &RouteTable| !endpoint.is_gateway || endpoint.route_table_ids.contains(&table.id);
    let table = table.filter(|table| !available.any(|endpoint| serves(endpoint, table)))?;
    Some((Problem::NoRouteToEndpoint, format!("{} ({})", subnet.id, table.id)))
}

#[cfg(test)]
mod tests {
    use schemas::control::Verdict::{self, Compliant, NonCompliant, NotApplicable, Undetermined};

    use super::super::cases::{self, ROUTE_TABLE, SUBNET, VPC, known, unread};
    use super::*;
    use crate::facts::{Route, VpcConfig};

    const OTHER_SUBNET: &str = "subnet-00000000000000002";

    fn check_job(case: &str, job: &JobFacts, change: impl FnOnce(&mut World), expected: Verdict) -> Judgement {
        let mut world = cases::world();
        change(&mut world);
        let judgement = evaluate(job, &world);
        assert_eq!(judgement.verdict, expected, "{case}");
        judgement
    }

    fn check(case: &str, change: impl FnOnce(&mut World), expected: Verdict) -> Judgement {
        check_job(case, &cases::job(), change, expected)
    }

    fn endpoints(world: &mut World) -> &mut Vec<Endpoint> {
        known(&mut world.endpoints, VPC)
    }

    fn table(world: &mut World) -> &mut RouteTable {
        &mut known(&mut world.route_tables, VPC)[0]
    }

    fn route(world: &mut World, target: &str, is_active: bool) {
        let route = Route { destination: "0.0.0.0/0".to_owned(), target: target.to_owned(), is_active };
        table(world).routes.push(route);
    }

    fn share(world: &mut World) {
        known(&mut world.subnets, SUBNET).owner_id = "444455556666".to_owned();
    }

    fn rename(world: &mut World, index: usize, service: &str) {
        endpoints(world)[index].service_name = format!("com.amazonaws.{service}");
    }

    #[test]
    fn routes() {
        check("good", |_| (), Compliant);
        let judgement = check("internet gateway", |world| route(world, "igw-1", true), NonCompliant);
        assert_eq!(judgement.reason(), format!("has a route to an internet gateway: {SUBNET} (igw-1); {REMEDY}"));
        check("egress-only internet gateway", |world| route(world, "eigw-1", true), NonCompliant);
        check("its gateway is deleted", |world| route(world, "igw-1", false), Compliant);
        check("NAT gateway", |world| route(world, "nat-1", true), Compliant);
        let unassociated = |world: &mut World| table(world).subnet_ids.clear();
        check("no table serves it", unassociated, Undetermined);
        check("no table at all", |world| drop(world.route_tables.insert(VPC.to_owned(), Fact::Absent)), Undetermined);
        let main = |world: &mut World| {
            unassociated(world);
            table(world).is_main = true;
        };
        check("the main table serves it", main, Compliant);
        let both = |world: &mut World| {
            let route = Route { target: "igw-1".to_owned(), is_active: true, ..Route::default() };
            let main =
                RouteTable { id: "rtb-main".to_owned(), is_main: true, routes: vec![route], ..Default::default() };
            known(&mut world.route_tables, VPC).insert(0, main);
        };
        check("its own table comes before the main one", both, Compliant);
        check("tables unreadable", |world| world.route_tables.clear(), Undetermined);
    }

    #[test]
    fn services() {
        let cleared = |world: &mut World| endpoints(world).clear();
        let judgement = check("no endpoint", cleared, NonCompliant);
        assert_eq!(judgement.finding, "has no available S3 endpoint in:");
        assert_eq!(judgement.resources, [VPC.to_owned(), format!("{VPC} (no available KMS endpoint)")]);
        check("VPC not found", |world| drop(world.endpoints.insert(VPC.to_owned(), Fact::Absent)), NonCompliant);
        check("pending", |world| endpoints(world)[0].is_available = false, NonCompliant);
        check("unrouted", |world| endpoints(world)[0].route_table_ids.clear(), NonCompliant);
        let interface = |world: &mut World| {
            let s3 = &mut endpoints(world)[0];
            (s3.is_gateway, s3.route_table_ids) = (false, Vec::new());
        };
        check("interface endpoint of S3", interface, Compliant);
        check("S3 Express", |world| rename(world, 0, "eu-west-1.s3express"), NonCompliant);
        check("S3 of another Region", |world| rename(world, 0, "us-east-1.s3"), NonCompliant);
        check("KMS in FIPS mode", |world| rename(world, 1, "eu-west-1.kms-fips"), Compliant);
        check("unreadable", |world| world.endpoints.clear(), Undetermined);
        let no_key = cases::job_with(|detail| detail.customer_key = None);
        check_job("no KMS without a key", &no_key, |world| drop(endpoints(world).pop()), Compliant);
        check_job("KMS for a key", &cases::job(), |world| drop(endpoints(world).pop()), NonCompliant);
    }

    #[test]
    fn subnets() {
        let gone = |world: &mut World| drop(world.subnets.insert(SUBNET.to_owned(), Fact::Absent));
        assert_eq!(check("gone", gone, NonCompliant).resources, [SUBNET]);
        check("never asked for", |world| world.subnets.clear(), Undetermined);
        let outside = cases::job_without_vpc();
        check_job("no vpcConfig", &outside, |_| (), NotApplicable);
        let empty = cases::job_with(|detail| detail.vpc_config = Some(VpcConfig::default()));
        check_job("empty", &empty, |_| (), NotApplicable);
    }

    #[test]
    fn in_a_shared_vpc_a_missing_endpoint_is_not_known_to_be_missing() {
        check("endpoints visible", share, Compliant);
        let hidden = |world: &mut World| {
            share(world);
            endpoints(world).clear();
        };
        let judgement = check("endpoints hidden", hidden, Undetermined);
        assert_eq!(judgement.resources, [format!("{VPC} (ec2:DescribeVpcEndpoints)")]);
        let routed = |world: &mut World| {
            hidden(world);
            route(world, "igw-1", true);
        };
        check("a known route decides", routed, NonCompliant);
    }

    #[test]
    fn a_known_problem_decides_and_later_ones_are_explained() {
        let two = cases::job_with(|detail| {
            let subnet_ids = vec![SUBNET.to_owned(), OTHER_SUBNET.to_owned()];
            detail.vpc_config = Some(VpcConfig { subnet_ids, ..cases::vpc_config() });
        });
        let one_unread = |world: &mut World| {
            world.subnets.insert(OTHER_SUBNET.to_owned(), Fact::Unreadable(unread()));
            endpoints(world)[0].route_table_ids.clear();
        };
        let judgement = check_job("one readable, one not", &two, one_unread, NonCompliant);
        assert_eq!((judgement.resources, judgement.unread.len()), (vec![format!("{SUBNET} ({ROUTE_TABLE})")], 1));
        let all = |world: &mut World| {
            world.subnets.insert(OTHER_SUBNET.to_owned(), Fact::Absent);
            route(world, "igw-1", true);
            endpoints(world)[0].route_table_ids.clear();
        };
        let judgement = check_job("several problems", &two, all, NonCompliant);
        assert_eq!(judgement.finding, "names subnets that do not exist:");
        let route = format!("{SUBNET} (igw-1) (route to an internet gateway)");
        let endpoint = format!("{SUBNET} ({ROUTE_TABLE}) (no route to the S3 endpoint)");
        assert_eq!(judgement.resources, [OTHER_SUBNET.to_owned(), route, endpoint]);
    }
}
