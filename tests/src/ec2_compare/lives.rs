//! `vpcs`, `subnets` and `vpc_endpoints`: what there was, from when to when.

use super::{Comparison, Rebuilt, Row, cited, mark, text};
use crate::ec2_life::Life;
use crate::ec2_model::{All, Timeline};

pub(super) fn compare(life: &Life, rebuilt: &Rebuilt, comparison: &mut Comparison) {
    let table = Table { life, rows: &rebuilt.vpcs, id_column: "vpc_id" };
    table.compare(&life.ec2.vpcs, comparison, |row, vpc, comparison| {
        if let Some(found) = row.get("is_default").and_then(serde_json::Value::as_bool) {
            comparison.same(|| format!("is_default of {row:?}"), &found, &vpc.is_default);
        }
    });
    let table = Table { life, rows: &rebuilt.subnets, id_column: "subnet_id" };
    table.compare(&life.ec2.subnets, comparison, |row, subnet, comparison| {
        told(row, "vpc_id", &subnet.vpc_id, comparison);
        told(row, "availability_zone", &subnet.zone, comparison);
    });
    let table = Table { life, rows: &rebuilt.endpoints, id_column: "vpc_endpoint_id" };
    table.compare(&life.ec2.endpoints, comparison, |row, endpoint, comparison| {
        told(row, "vpc_id", &endpoint.vpc_id, comparison);
        told(row, "service_name", &endpoint.service, comparison);
        told(row, "vpc_endpoint_type", if endpoint.is_interface { "Interface" } else { "Gateway" }, comparison);
        let found = row.get("private_dns_enabled").and_then(serde_json::Value::as_bool);
        if is_created(row) || found.is_some() {
            comparison.same(|| format!("private_dns_enabled of {row:?}"), &found, &endpoint.private_dns);
        }
    });
}

fn is_created(row: &Row) -> bool {
    text(row, "created_at").is_some()
}

/// An attribute: as it was, and there where the record of the creation is.
fn told(row: &Row, column: &'static str, expected: &str, comparison: &mut Comparison) {
    let found = text(row, column).map(String::as_str);
    if found.is_some() || is_created(row) {
        comparison.same(|| format!("{column} of {row:?}"), &found, &Some(expected));
    }
}

struct Table<'a> {
    life: &'a Life,
    rows: &'a [Row],
    id_column: &'static str,
}

impl Table<'_> {
    fn compare<T: Clone>(
        &self,
        all: &All<T>,
        comparison: &mut Comparison,
        attributes: impl Fn(&Row, &T, &mut Comparison),
    ) {
        for row in self.rows {
            let id = text(row, self.id_column).expect("a row has an id");
            if !all.contains_key(id) {
                comparison.differ(format!("a life of what never was: {row:?}"));
            }
        }
        for (id, line) in all {
            comparison.check("lives");
            let rows: Vec<&Row> = self.rows.iter().filter(|row| text(row, self.id_column) == Some(id)).collect();
            let begins = line.created().and_then(|(_, call)| cited(self.life, call));
            let ends = line.deleted().and_then(|(_, call)| cited(self.life, call));
            match rows.as_slice() {
                [] if begins.is_none() && ends.is_none() => (),
                [row] => {
                    comparison.same(|| format!("{id} created: {row:?}"), &mark(row, "created"), &begins);
                    comparison.same(|| format!("{id} deleted: {row:?}"), &mark(row, "deleted"), &ends);
                    attributes(row, last_known(line), comparison);
                }
                rows => comparison.differ(format!("{id}: {} rows, created {begins:?}, deleted {ends:?}", rows.len())),
            }
        }
    }
}

fn last_known<T: Clone>(line: &Timeline<T>) -> &T {
    line.states().filter_map(|(_, _, state)| state).last().expect("what there is was made")
}
