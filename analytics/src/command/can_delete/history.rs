//! What the lake says of resources that somebody wants to delete.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use config_rule::deletion::facts::{History, PastDeletion, PastJob, PastUse};
use config_rule::deletion::subject::ResourceId;

use crate::error::{Error, Result};
use crate::query::render::texts;
use crate::query::{Answer, Bindings, Engine};

/// A row, by column; empty where there is no value.
type Row = BTreeMap<String, String>;

/// A VPC's jobs are those that name a subnet or a group in it, or whose interfaces were in it.
const JOBS: &str = "\
select
    named.resource_id, coalesce(jobs.job_arn, jobs.job_key) as job_arn, jobs.job_name, jobs.account_id, named.named_at,
    job_ends.ended_at, jobs.event_id
from (
    select resource_id, job_key, min(seen_at) as named_at
    from (
        select resource_id, job_key, seen_at from job_network where aws_region = $region
        union all
        select subnets.vpc_id as resource_id, job_network.job_key, job_network.seen_at
        from job_network
        inner join subnets
            on subnets.aws_region = job_network.aws_region and subnets.subnet_id = job_network.resource_id
        where job_network.aws_region = $region
        union all
        select security_groups.vpc_id as resource_id, job_network.job_key, job_network.seen_at
        from job_network
        inner join security_groups
            on security_groups.aws_region = job_network.aws_region
            and security_groups.group_id = job_network.resource_id
        where job_network.aws_region = $region
    ) as ties
    where strpos($ids, ',' || resource_id || ',') > 0
    group by resource_id, job_key
) as named
inner join jobs on jobs.job_key = named.job_key
left join job_ends on job_ends.job_arn = jobs.job_arn
order by named.resource_id, named.named_at, named.job_key";

const USES: &str = "\
select
    resource_id, count(distinct network_interface_id) as interfaces, max(made_at) as last_made_at,
    case when count(*) = count(ended_at) then max(ended_at) end as last_ended_at
from (
    select
        group_id as resource_id, network_interface_id, coalesce(attached_at, created_at) as made_at,
        coalesce(detached_at, deleted_at) as ended_at
    from network_interfaces
    where aws_region = $region
    union all
    select subnet_id as resource_id, network_interface_id, created_at as made_at, deleted_at as ended_at
    from network_interfaces
    where aws_region = $region
    union all
    select vpc_id as resource_id, network_interface_id, created_at as made_at, deleted_at as ended_at
    from network_interfaces
    where aws_region = $region
) as uses
where strpos($ids, ',' || resource_id || ',') > 0
group by resource_id
order by resource_id";

const DELETIONS: &str = "\
select resource_id, deleted_at, deleted_who, deleted_event_id
from (
    select group_id as resource_id, aws_region, deleted_at, deleted_who, deleted_event_id from security_groups
    union all
    select subnet_id as resource_id, aws_region, deleted_at, deleted_who, deleted_event_id from subnets
    union all
    select vpc_id as resource_id, aws_region, deleted_at, deleted_who, deleted_event_id from vpcs
    union all
    select vpc_endpoint_id as resource_id, aws_region, deleted_at, deleted_who, deleted_event_id from vpc_endpoints
) as lives
where aws_region = $region and deleted_at is not null and strpos($ids, ',' || resource_id || ',') > 0
order by resource_id, deleted_at, deleted_event_id";

/// The history of each of these; one of which nothing is told has an empty one.
pub async fn history(
    engine: &Engine,
    ids: &[ResourceId],
    region: &str,
    now: DateTime<Utc>,
) -> Result<BTreeMap<String, History>> {
    let mut all: BTreeMap<String, History> = ids.iter().map(|id| (id.to_string(), History::default())).collect();
    let mut bindings = Bindings::default();
    bindings.texts.insert("region".to_owned(), region.to_owned());
    let listed: Vec<&str> = all.keys().map(String::as_str).collect();
    bindings.texts.insert("ids".to_owned(), format!(",{},", listed.join(",")));
    let asked = Asked { engine, bindings, now };
    for row in asked.rows(JOBS, "the jobs that named it").await? {
        let Some(history) = all.get_mut(&row["resource_id"]) else { continue };
        history.jobs.push(PastJob {
            job_arn: row["job_arn"].clone(),
            job_name: some(&row, "job_name"),
            account_id: row["account_id"].clone(),
            named_at: time(&row, "named_at")?.unwrap_or_default(),
            ended_at: time(&row, "ended_at")?,
            event_id: some(&row, "event_id"),
        });
    }
    for row in asked.rows(USES, "the interfaces that used it").await? {
        let Some(history) = all.get_mut(&row["resource_id"]) else { continue };
        history.last_use = Some(PastUse {
            interfaces: row["interfaces"].parse().unwrap_or_default(),
            last_made_at: time(&row, "last_made_at")?.unwrap_or_default(),
            last_ended_at: time(&row, "last_ended_at")?,
        });
    }
    for row in asked.rows(DELETIONS, "its deletion").await? {
        let Some(history) = all.get_mut(&row["resource_id"]) else { continue };
        history.deletion = Some(PastDeletion {
            deleted_at: time(&row, "deleted_at")?.unwrap_or_default(),
            who: some(&row, "deleted_who"),
            event_id: some(&row, "deleted_event_id"),
        });
    }
    Ok(all)
}

/// Questions about the same resources.
struct Asked<'a> {
    engine: &'a Engine,
    bindings: Bindings,
    now: DateTime<Utc>,
}

impl Asked<'_> {
    async fn rows(&self, sql: &str, name: &str) -> Result<Vec<Row>> {
        rows_of(&self.engine.answer(sql, name, Some(self.bindings.own_values(self.now))).await?)
    }
}

fn rows_of(answer: &Answer) -> Result<Vec<Row>> {
    let names: Vec<String> = answer.schema.fields().iter().map(|field| field.name().clone()).collect();
    let failed = |source| Error::Output { what: "the history".to_owned(), source };
    let rows = texts(answer, "").map_err(failed)?;
    Ok(rows.into_iter().map(|row| names.iter().cloned().zip(row).collect()).collect())
}

fn some(row: &Row, name: &str) -> Option<String> {
    row.get(name).filter(|text| !text.is_empty()).cloned()
}

fn time(row: &Row, name: &str) -> Result<Option<DateTime<Utc>>> {
    let parse = |text: String| {
        let failed =
            |cause: chrono::ParseError| Error::Output { what: format!("{name} {text:?}"), source: cause.into() };
        text.parse::<DateTime<Utc>>().map_err(failed)
    };
    some(row, name).map(parse).transpose()
}
