//! VPC endpoints: made, changed, deleted. All three calls are recorded in the wrapped form.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;

use super::super::call::{Call, flag, ids, plain};
use super::super::element::list;
use super::super::event::Event;
use super::super::mark::Mark;
use super::links::{Kind, Link};
use super::{Topology, TopologyTables};

/// What the records tell of an endpoint.
#[derive(Default)]
pub struct Endpoint {
    pub vpc_id: Option<String>,
    pub service_name: Option<String>,
    pub endpoint_type: Option<String>,
    pub private_dns_enabled: Option<bool>,
}

/// What an endpoint is linked to: the kind of link, the list in a request, and the list and its member in a response.
///
/// Source: EC2 API Reference, "CreateVpcEndpoint" and "VpcEndpoint".
const LISTS: [(Kind, &str, &str, &str); 3] = [
    (Kind::EndpointSubnet, "subnetId", "subnetIdSet", "subnetId"),
    (Kind::EndpointSecurityGroup, "securityGroupId", "groupSet", "groupId"),
    (Kind::EndpointRouteTable, "routeTableId", "routeTableIdSet", "routeTableId"),
];

impl Topology {
    /// Takes in an accepted CreateVpcEndpoint. The response tells what the request leaves to EC2, such as the VPC's
    /// default group; where it has no list, the request's stands.
    pub(super) fn create_endpoint(&mut self, event: &Event) {
        let (call, mark) = (Call::of(event), Mark::of(event));
        let Some(made) = call.made("vpcEndpoint") else { return };
        let Some(id) = plain(made, "vpcEndpointId") else { return };
        let said = |name: &str| plain(made, name).or_else(|| call.asked(name)).map(str::to_owned);
        let vpc_id = said("vpcId");
        let (is_first, facts) = self.endpoints.create(event, &mark, id);
        if !is_first {
            return;
        }
        facts.vpc_id.clone_from(&vpc_id);
        facts.service_name = said("serviceName");
        facts.endpoint_type = said("vpcEndpointType");
        let asked = call.request.and_then(|request| flag(request, "privateDnsEnabled"));
        facts.private_dns_enabled = asked.or_else(|| flag(made, "privateDnsEnabled"));
        if let Some(vpc_id) = &vpc_id {
            self.see_vpc(event, vpc_id);
        }
        for (kind, asked, answered, member) in LISTS {
            let told = ids(made, answered, member);
            let targets =
                if told.is_empty() { call.request.map(|r| requested(r, asked)).unwrap_or_default() } else { told };
            self.link_endpoint(event, &mark, (kind, id, vpc_id.as_deref()), &targets);
        }
    }

    /// Takes in an accepted ModifyVpcEndpoint; what it says of the policy is not kept.
    pub(super) fn modify_endpoint(&mut self, event: &Event, out: &mut TopologyTables) {
        let (call, mark) = (Call::of(event), Mark::of(event));
        let Some(request) = call.request else { return };
        let Some(id) = plain(request, "vpcEndpointId") else { return };
        let facts = &mut self.endpoints.see(event, id).facts;
        facts.private_dns_enabled = flag(request, "privateDnsEnabled").or(facts.private_dns_enabled);
        let vpc_id = facts.vpc_id.clone();
        for (kind, name, _, _) in LISTS {
            let listed = |verb: &str| ids(request, &format!("{verb}{}", capitalized(name)), name);
            self.link_endpoint(event, &mark, (kind, id, vpc_id.as_deref()), &listed("add"));
            let removed = listed("remove");
            self.see_targets(event, &mark, (kind, vpc_id.as_deref()), &removed);
            for target in removed {
                self.links.end(Link::new(&event.scope, kind, id, target), &mark, &mut out.network_links);
            }
        }
    }

    /// Takes in an accepted DeleteVpcEndpoints: it deletes those that the response does not list as unsuccessful.
    ///
    /// Source: EC2 API Reference, "DeleteVpcEndpoints". Without the response nobody can tell which these are.
    pub(super) fn delete_endpoints(&mut self, event: &Event) {
        let call = Call::of(event);
        let (Some(request), Some(response)) = (call.request, call.response) else { return };
        let Some(kept) = unsuccessful(response) else { return };
        for id in ids(request, "vpcEndpointId", "vpcEndpointId") {
            if !kept.contains(id) {
                self.endpoints.delete(event, id);
            }
        }
    }

    fn link_endpoint(
        &mut self,
        event: &Event,
        mark: &Arc<Mark>,
        (kind, id, vpc_id): (Kind, &str, Option<&str>),
        targets: &[&str],
    ) {
        self.see_targets(event, mark, (kind, vpc_id), targets);
        for target in targets {
            self.links.begin(Link::new(&event.scope, kind, id, target), mark, None);
        }
    }

    /// An endpoint's subnets and tables are in its own VPC.
    fn see_targets(&mut self, event: &Event, mark: &Arc<Mark>, (kind, vpc_id): (Kind, Option<&str>), ids: &[&str]) {
        for id in ids {
            match kind {
                Kind::EndpointSubnet => self.see_subnet(event, id, vpc_id),
                Kind::EndpointRouteTable => self.see_table(event, mark, id, vpc_id),
                _ => (),
            }
        }
    }
}

/// The ids that a request asks for; its subnets may also stand in `SubnetConfiguration`.
fn requested<'a>(request: &'a Value, name: &str) -> Vec<&'a str> {
    let mut found = ids(request, name, name);
    if name == "subnetId" {
        let configured = list(request, "subnetConfiguration");
        found.extend(configured.into_iter().filter_map(|one| plain(one, "subnetId")));
    }
    found
}

/// The ids that the response says were not deleted; `None` = it says so of one that it does not name.
fn unsuccessful(response: &Value) -> Option<HashSet<&str>> {
    let items = list(response, "unsuccessful").into_iter().filter(|item| *item != "");
    items.map(|item| plain(item, "resourceId")).collect()
}

fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}
