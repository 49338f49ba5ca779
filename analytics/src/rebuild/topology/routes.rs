//! Route tables, internet gateways, and the routes from one to the other.
//!
//! An egress-only gateway (`eigw-...`) lets nothing in and is no internet gateway here; nor is a NAT gateway, though
//! what leaves through it ends in the internet all the same.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::super::call::{Call, is_masked, plain};
use super::super::event::Event;
use super::super::mark::Mark;
use super::links::{Kind, Link};
use super::lives::Lives;
use super::{Topology, TopologyTables};

/// The lives of route tables and internet gateways.
#[derive(Default)]
pub struct Routes {
    pub tables: Lives<RouteTable>,
    pub gateways: Lives<()>,
}

/// What the records tell of a route table.
#[derive(Default)]
pub struct RouteTable {
    pub vpc_id: Option<String>,
    /// The record that shows first that it is in that VPC.
    pub placed: Option<Arc<Mark>>,
}

impl Topology {
    /// Takes in an accepted CreateRouteTable.
    pub(super) fn create_table(&mut self, event: &Event) {
        let (call, mark) = (Call::of(event), Mark::of(event));
        let Some(made) = call.made("routeTable") else { return };
        let Some(id) = plain(made, "routeTableId") else { return };
        self.routes.tables.create(event, &mark, id);
        if let Some(vpc_id) = plain(made, "vpcId").or_else(|| call.asked("vpcId")) {
            self.see_vpc(event, vpc_id);
            self.see_table(event, &mark, id, Some(vpc_id));
        }
    }

    /// Takes in an accepted DeleteRouteTable.
    pub(super) fn delete_table(&mut self, event: &Event) {
        if let Some(id) = Call::of(event).asked("routeTableId") {
            self.routes.tables.delete(event, id);
        }
    }

    /// A record names a table, and tells or implies its VPC.
    pub(super) fn see_table(&mut self, event: &Event, mark: &Arc<Mark>, id: &str, vpc_id: Option<&str>) {
        let life = self.routes.tables.see(event, id);
        let (Some(vpc_id), None) = (vpc_id, &life.facts.vpc_id) else { return };
        life.facts = RouteTable { vpc_id: Some(vpc_id.to_owned()), placed: Some(Arc::clone(mark)) };
        let link = Link::new(&event.scope, Kind::RouteTableVpc, id, vpc_id);
        match &life.created {
            Some(created) => self.links.begin(link, created, None),
            None => self.links.show(link, mark),
        }
    }

    /// Takes in an accepted CreateRoute or ReplaceRoute: from here on the table has that route and no other to the same
    /// destination.
    pub(super) fn set_route(&mut self, event: &Event, out: &mut TopologyTables) {
        let (call, mark) = (Call::of(event), Mark::of(event));
        let Some(request) = call.request else { return };
        let (Some(table_id), Some(destination)) = (call.asked("routeTableId"), destination(call)) else { return };
        self.see_table(event, &mark, table_id, None);
        let gateway_id = call.asked("gatewayId").filter(|id| id.starts_with("igw-"));
        // The target may be what is masked.
        if gateway_id.is_none() && is_masked(request) {
            return;
        }
        self.end_routes(event, &mark, (table_id, &destination, gateway_id), out);
        let Some(gateway_id) = gateway_id else { return };
        self.routes.gateways.see(event, gateway_id);
        // EC2 accepts a route to a gateway that is attached to the table's own VPC only.
        let vpcs = self.links.targets(&event.scope, Kind::GatewayVpc, gateway_id, None);
        if let [vpc_id] = vpcs.as_slice() {
            self.see_table(event, &mark, table_id, Some(vpc_id));
        }
        let link = Link::new(&event.scope, Kind::InternetRoute, table_id, gateway_id);
        self.links.begin(Link { destination: Some(destination), ..link }, &mark, None);
    }

    /// Takes in an accepted DeleteRoute. Where nothing showed the route, nobody can tell where it led.
    pub(super) fn delete_route(&mut self, event: &Event, out: &mut TopologyTables) {
        let (call, mark) = (Call::of(event), Mark::of(event));
        let (Some(table_id), Some(destination)) = (call.asked("routeTableId"), destination(call)) else { return };
        self.see_table(event, &mark, table_id, None);
        self.end_routes(event, &mark, (table_id, &destination, None), out);
    }

    /// Ends a table's routes to a destination, but for one to the gateway that stays.
    fn end_routes(
        &mut self,
        event: &Event,
        mark: &Arc<Mark>,
        (table_id, destination, stays): (&str, &str, Option<&str>),
        out: &mut TopologyTables,
    ) {
        for gateway_id in self.links.targets(&event.scope, Kind::InternetRoute, table_id, Some(destination)) {
            if stays != Some(gateway_id.as_str()) {
                let link = Link::new(&event.scope, Kind::InternetRoute, table_id, &gateway_id);
                let link = Link { destination: Some(destination.to_owned()), ..link };
                self.links.end(link, mark, &mut out.network_links);
            }
        }
    }

    /// Takes in an accepted AttachInternetGateway. A gateway is attached to one VPC at most.
    pub(super) fn attach_gateway(&mut self, event: &Event, out: &mut TopologyTables) {
        let (call, mark) = (Call::of(event), Mark::of(event));
        let (Some(gateway_id), Some(vpc_id)) = (call.asked("internetGatewayId"), call.asked("vpcId")) else { return };
        self.see_vpc(event, vpc_id);
        self.routes.gateways.see(event, gateway_id);
        for other in self.links.targets(&event.scope, Kind::GatewayVpc, gateway_id, None) {
            if other != vpc_id {
                let end = self.end_of_vpc(&event.scope, &other).unwrap_or_else(|| Arc::clone(&mark));
                let link = Link::new(&event.scope, Kind::GatewayVpc, gateway_id, &other);
                self.links.end(link, &end, &mut out.network_links);
            }
        }
        self.links.begin(Link::new(&event.scope, Kind::GatewayVpc, gateway_id, vpc_id), &mark, None);
    }

    /// Takes in an accepted DetachInternetGateway. Routes to the gateway stay in their tables and lead nowhere.
    pub(super) fn detach_gateway(&mut self, event: &Event, out: &mut TopologyTables) {
        let (call, mark) = (Call::of(event), Mark::of(event));
        let (Some(gateway_id), Some(vpc_id)) = (call.asked("internetGatewayId"), call.asked("vpcId")) else { return };
        self.see_vpc(event, vpc_id);
        self.routes.gateways.see(event, gateway_id);
        let link = Link::new(&event.scope, Kind::GatewayVpc, gateway_id, vpc_id);
        self.links.end(link, &mark, &mut out.network_links);
    }

    /// Takes in an accepted DeleteInternetGateway.
    pub(super) fn delete_gateway(&mut self, event: &Event) {
        if let Some(id) = Call::of(event).asked("internetGatewayId") {
            self.routes.gateways.delete(event, id);
        }
    }
}

/// What a route leads to, as EC2 keeps it: `10.0.1.2/16` becomes `10.0.0.0/16`.
///
/// Source: EC2 API Reference, "CreateRoute", `DestinationCidrBlock`.
fn destination(call: Call<'_>) -> Option<String> {
    let names = ["destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"];
    let destination = names.into_iter().find_map(|name| call.asked(name))?;
    Some(canonical(destination).unwrap_or_else(|| destination.to_owned()))
}

fn canonical(block: &str) -> Option<String> {
    let (address, bits) = block.split_once('/')?;
    let bits: u32 = bits.parse().ok()?;
    let network = match address.parse().ok()? {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32_u32.checked_sub(bits)?).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128_u32.checked_sub(bits)?).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
        }
    };
    Some(format!("{network}/{bits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_are_kept_as_ec2_keeps_them() {
        for (block, expected) in [
            ("100.68.0.18/18", Some("100.68.0.0/18")),
            ("0.0.0.0/0", Some("0.0.0.0/0")),
            ("10.1.2.3/32", Some("10.1.2.3/32")),
            ("0:0:0:0:0:0:0:0/0", Some("::/0")),
            ("2001:DB8::1/64", Some("2001:db8::/64")),
            ("10.0.0.0/33", None),
            ("::/129", None),
            ("10.0.0.0", None),
            ("pl-1", None),
        ] {
            assert_eq!(canonical(block).as_deref(), expected, "{block}");
        }
    }
}
