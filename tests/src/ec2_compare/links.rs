//! `network_links`: whole intervals, since a link has nothing that changes.

use std::collections::{BTreeMap, BTreeSet};

use super::{Comparison, Rebuilt, Row, cited, mark, text};
use crate::ec2_life::Life;
use crate::ec2_model::{All, Answer, CallNumber, Endpoint, Gateway, Linked, Operation, RouteTable, Time, Timeline};

/// Link, resource, target, destination and association.
type Key = (&'static str, String, String, Option<String>, Option<String>);

/// A link from the call that made it to the one that ended it.
struct Link {
    key: Key,
    since: CallNumber,
    until: Option<(Time, CallNumber)>,
}

pub(super) fn compare(life: &Life, rebuilt: &Rebuilt, comparison: &mut Comparison) {
    let mut links = Vec::new();
    gather(&life.ec2.endpoints, &mut links, of_endpoint);
    gather(&life.ec2.route_tables, &mut links, of_table);
    gather(&life.ec2.gateways, &mut links, of_gateway);
    for row in &rebuilt.links {
        comparison.check("links found");
        if !links.iter().any(|link| is_row_of(life, row, link)) {
            let like: Vec<String> =
                links.iter().filter(|link| is_key(row, &link.key)).map(|l| shown(life, l)).collect();
            comparison.differ(format!("no such link: {row:?}\nonly: {like:#?}"));
        }
    }
    let untold = untold_associations(life);
    for link in &links {
        let Some((begins, _)) = cited(life, link.since) else { continue };
        if link.key.4.as_ref().is_some_and(|association| untold.contains(association)) {
            continue;
        }
        comparison.check("links expected");
        let is_empty = link.until.is_some_and(|(ends, _)| ends == begins);
        match rebuilt.links.iter().filter(|row| is_row_of(life, row, link)).count() {
            1 => (),
            0 if is_empty => (),
            count => comparison.differ(format!("{count} rows of {}", shown(life, link))),
        }
    }
}

/// Associations of which no record tells the subnet: what replaces one that is older than the logs names only that.
fn untold_associations(life: &Life) -> BTreeSet<String> {
    let mut untold = BTreeSet::new();
    for call in &life.calls {
        let Ok(Answer::Made(made)) = &call.outcome else { continue };
        let is_untold = match &call.operation {
            Operation::AssociateRouteTable { .. } => !life.is_visible(call.number),
            Operation::ReplaceRouteTableAssociation { association_id, .. } => {
                !life.is_visible(call.number) || untold.contains(association_id)
            }
            _ => false,
        };
        if is_untold {
            untold.insert(made.clone());
        }
    }
    untold
}

fn shown(life: &Life, link: &Link) -> String {
    let until = link.until.map(|(at, call)| (at, &life.calls[call].operation));
    format!(
        "{:?} since {:?} {:?} until {until:?}",
        link.key, life.calls[link.since].at, life.calls[link.since].operation
    )
}

/// The links of every one of a kind, from its copies.
fn gather<T: Clone>(
    all: &All<T>,
    links: &mut Vec<Link>,
    of: impl Fn(&str, &T, &Timeline<T>) -> BTreeMap<Key, CallNumber>,
) {
    for (id, line) in all {
        let mut standing: BTreeMap<Key, CallNumber> = BTreeMap::new();
        for (at, call, state) in line.states() {
            let now = state.map(|state| of(id, state, line)).unwrap_or_default();
            let has_ended = |(key, since): &(&Key, &CallNumber)| now.get(*key) != Some(*since);
            for (key, since) in standing.iter().filter(has_ended) {
                links.push(Link { key: key.clone(), since: *since, until: Some((at, call)) });
            }
            standing = now;
        }
        links.extend(standing.into_iter().map(|(key, since)| Link { key, since, until: None }));
    }
}

fn of_endpoint(id: &str, endpoint: &Endpoint, _: &Timeline<Endpoint>) -> BTreeMap<Key, CallNumber> {
    let to = |link: &'static str, linked: &Linked| -> Vec<(Key, CallNumber)> {
        linked.iter().map(|(target, since)| ((link, id.to_owned(), target.clone(), None, None), *since)).collect()
    };
    let mut links = to("endpoint_subnet", &endpoint.subnets);
    links.extend(to("endpoint_security_group", &endpoint.groups));
    links.extend(to("endpoint_route_table", &endpoint.tables));
    links.into_iter().collect()
}

fn of_table(id: &str, table: &RouteTable, line: &Timeline<RouteTable>) -> BTreeMap<Key, CallNumber> {
    let (_, made) = line.created().expect("it was made");
    let mut links = BTreeMap::from([(("route_table_vpc", id.to_owned(), table.vpc_id.clone(), None, None), made)]);
    for (association, (subnet, since)) in &table.subnets {
        links.insert(("route_table_subnet", id.to_owned(), subnet.clone(), None, Some(association.clone())), *since);
    }
    for (destination, (target, since)) in table.routes.iter().filter(|(_, (target, _))| target.starts_with("igw-")) {
        links.insert(("internet_route", id.to_owned(), target.clone(), Some(destination.clone()), None), *since);
    }
    links
}

fn of_gateway(id: &str, gateway: &Gateway, _: &Timeline<Gateway>) -> BTreeMap<Key, CallNumber> {
    let link = gateway.vpc.iter().map(|(vpc, since)| (("gateway_vpc", id.to_owned(), vpc.clone(), None, None), *since));
    link.collect()
}

fn is_key(row: &Row, (link, resource, target, destination, association): &Key) -> bool {
    text(row, "link").is_some_and(|found| found == link)
        && text(row, "resource_id") == Some(resource)
        && text(row, "target_id") == Some(target)
        && text(row, "destination") == destination.as_ref()
        && text(row, "association_id") == association.as_ref()
}

/// The same link, begun and ended by the same records. One that is older than the logs has no beginning.
fn is_row_of(life: &Life, row: &Row, link: &Link) -> bool {
    is_key(row, &link.key)
        && mark(row, "started") == cited(life, link.since)
        && mark(row, "ended") == link.until.and_then(|(_, call)| cited(life, call))
}
