//! `network_links`: what is attached to what, as intervals.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::event::Scope;
use super::super::mark::{self, Mark};
use crate::table::TableBuilder;

/// What a link means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An endpoint has an interface in a subnet.
    EndpointSubnet,
    /// A group guards an endpoint's interfaces.
    EndpointSecurityGroup,
    /// A gateway endpoint has its routes in a table.
    EndpointRouteTable,
    /// A route table belongs to a VPC.
    RouteTableVpc,
    /// A VPC's subnets without a table of their own use this one.
    MainRouteTable,
    /// A subnet uses a table.
    RouteTableSubnet,
    /// An internet gateway is attached to a VPC.
    GatewayVpc,
    /// A table has a route to an internet gateway.
    InternetRoute,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::EndpointSubnet => "endpoint_subnet",
            Self::EndpointSecurityGroup => "endpoint_security_group",
            Self::EndpointRouteTable => "endpoint_route_table",
            Self::RouteTableVpc => "route_table_vpc",
            Self::MainRouteTable => "main_route_table",
            Self::RouteTableSubnet => "route_table_subnet",
            Self::GatewayVpc => "gateway_vpc",
            Self::InternetRoute => "internet_route",
        }
    }
}

/// Two resources that may be linked. The order of the fields groups what [`Links::targets`] looks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// Where both live.
    pub scope: Scope,
    /// How they are linked.
    pub kind: Kind,
    /// The first of the two.
    pub resource_id: String,
    /// Of an internet route: what it leads to.
    pub destination: Option<String>,
    /// The second of the two.
    pub target_id: String,
}

impl Link {
    /// A link without a destination.
    pub fn new(scope: &Scope, kind: Kind, resource_id: &str, target_id: &str) -> Self {
        let (resource_id, target_id) = (resource_id.to_owned(), target_id.to_owned());
        Self { scope: scope.clone(), kind, resource_id, destination: None, target_id }
    }
}

/// What is known of a link that stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The record that made it; `None` = no record tells.
    pub started: Option<Arc<Mark>>,
    /// The record that shows it first.
    pub seen: Arc<Mark>,
    /// `rtbassoc-...`
    pub association_id: Option<String>,
}

/// The links that stand, and those that are known to stand no more.
#[derive(Default)]
pub struct Links {
    /// `None` = it has ended.
    by_link: BTreeMap<Link, Option<Standing>>,
}

impl Links {
    /// A record made a link; one that stands already goes on standing.
    pub fn begin(&mut self, link: Link, mark: &Arc<Mark>, association_id: Option<&str>) {
        let standing = Standing {
            started: Some(Arc::clone(mark)),
            seen: Arc::clone(mark),
            association_id: association_id.map(str::to_owned),
        };
        self.by_link.entry(link).or_default().get_or_insert(standing);
    }

    /// A record shows a link that must be older than itself.
    pub fn show(&mut self, link: Link, mark: &Arc<Mark>) {
        let standing = Standing { started: None, seen: Arc::clone(mark), association_id: None };
        self.by_link.entry(link).or_default().get_or_insert(standing);
    }

    /// A record ended a link. One that nothing showed before must have stood until then.
    pub fn end(&mut self, link: Link, mark: &Arc<Mark>, out: &mut TableBuilder) {
        let unseen = || Standing { started: None, seen: Arc::clone(mark), association_id: None };
        let standing = match self.by_link.get_mut(&link) {
            Some(standing) => standing.take(),
            None => Some(unseen()),
        };
        if let Some(standing) = standing {
            write(out, &link, &standing, Some(mark));
        }
        self.by_link.insert(link, None);
    }

    /// To what a resource is linked now, for one destination if the link has one.
    pub fn targets(&self, scope: &Scope, kind: Kind, resource_id: &str, destination: Option<&str>) -> Vec<String> {
        let first = Link { destination: destination.map(str::to_owned), ..Link::new(scope, kind, resource_id, "") };
        let same = |link: &Link| {
            (&link.scope, link.kind, &link.resource_id, &link.destination)
                == (&first.scope, first.kind, &first.resource_id, &first.destination)
        };
        let found = self.by_link.range(&first..).take_while(|(link, _)| same(link));
        found.filter(|(_, standing)| standing.is_some()).map(|(link, _)| link.target_id.clone()).collect()
    }

    /// Writes what stands; `gone` gives the record that deleted one of its two resources.
    pub fn finish(self, gone: impl Fn(&Link) -> Option<Arc<Mark>>, out: &mut TableBuilder) {
        for (link, standing) in self.by_link {
            if let Some(standing) = standing {
                write(out, &link, &standing, gone(&link).as_deref());
            }
        }
    }
}

/// Writes one interval of a link.
pub fn write(out: &mut TableBuilder, link: &Link, standing: &Standing, ended: Option<&Mark>) {
    let row = out.row().text("account_id", &link.scope.account_id).text("aws_region", &link.scope.aws_region);
    let row = row.text("link", link.kind.as_str());
    let row = row.text("resource_id", &link.resource_id).text("target_id", &link.target_id);
    let row = row.maybe_text("destination", link.destination.as_deref());
    let row = row.maybe_text("association_id", standing.association_id.as_deref());
    let row = row.time("seen_at", standing.seen.at);
    mark::set(mark::set(row, mark::STARTED, standing.started.as_deref()), mark::ENDED, ended).end();
}
