//! Each job as a configuration item of a private registry type, so that the Config console shows it with a timeline.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::deliver::Config;
use crate::facts::{Fact, JobFacts, Unread};
use crate::gather::Bounds;
use crate::report::Finding;

/// Config takes this many keys a call (API Reference, "BatchGetResourceConfig").
const MAX_KEYS: usize = 100;

/// A job as Config records it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The registered type.
    pub resource_type: String,
    /// Its registered version.
    pub schema_version: String,
    /// The job's ARN.
    pub resource_id: String,
    /// The job's name.
    pub resource_name: String,
    /// As `schemas/json/bedrock-job.resource-type.json` has it.
    pub configuration: Value,
}

/// What was recorded.
#[derive(Debug, Default)]
pub struct Recorded {
    /// Jobs that were new or had changed.
    pub recorded: usize,
    /// Jobs that there was no time for.
    pub left: usize,
    /// What went wrong.
    pub problems: Vec<String>,
    seen: usize,
}

/// The items of some findings: one a job whose detail was read.
pub fn items(findings: &[Finding], resource_type: &str, schema_version: &str) -> Vec<Item> {
    let item = |finding: &Finding| {
        Some(Item {
            resource_type: resource_type.to_owned(),
            schema_version: schema_version.to_owned(),
            resource_id: finding.facts.job.arn.clone(),
            resource_name: finding.facts.job.name.clone(),
            configuration: configuration(&finding.facts)?,
        })
    };
    findings.iter().filter_map(item).collect()
}

fn configuration(facts: &JobFacts) -> Option<Value> {
    let Fact::Known(detail) = &facts.detail else { return None };
    let job = &facts.job;
    let time = |at: chrono::DateTime<chrono::Utc>| json!(at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
    put("JobArn", json!(job.arn));
    put("JobName", json!(job.name));
    put("JobKind", json!(job.kind.as_str()));
    put("Status", json!(job.status));
    put("CreationTime", time(job.created_at));
    if let Some(ended_at) = job.ended_at {
        put("EndTime", time(ended_at));
    }
    if let Some(role_arn) = &detail.role_arn {
        put("RoleArn", json!(role_arn));
    }
    if let Some(network) = &detail.vpc_config {
        let ids = json!({"SubnetIds": network.subnet_ids, "SecurityGroupIds": network.security_group_ids});
        put("VpcConfig", ids);
    }
    Some(Value::Object(fields))
}

/// Records the items that Config does not hold as they are. What there is no time for is left to the next run.
pub async fn record(config: &dyn Config, items: &[Item], bounds: Bounds) -> Recorded {
    let mut done = Recorded::default();
    for some in items.chunks(MAX_KEYS) {
        if Instant::now() >= bounds.deadline {
            done.left = items.len() - done.seen;
            return done;
        }
        let ids: Vec<String> = some.iter().map(|item| item.resource_id.clone()).collect();
        let held = match config.batch_get_resource_config(&some[0].resource_type, &ids).await {
            Ok(held) => held,
            Err(unread) => return done.refused(&unread),
        };
        let changed = some.iter().filter(|item| !is_held(&held, item));
        let mut puts =
            stream::iter(changed).map(|item| config.put_resource_config(item)).buffer_unordered(bounds.concurrency);
        while let Some(put) = puts.next().await {
            match put {
                Ok(()) => done.recorded += 1,
                // What refuses one refuses all: the type is not registered, or no recorder runs.
                Err(unread) => return done.refused(&unread),
            }
        }
        done.seen += some.len();
    }
    done
}

impl Recorded {
    fn refused(mut self, unread: &Unread) -> Self {
        self.problems.push(format!("jobs were not recorded as configuration items: {unread}"));
        self
    }
}

fn is_held(held: &BTreeMap<String, String>, item: &Item) -> bool {
    let held = held.get(&item.resource_id).and_then(|text| serde_json::from_str::<Value>(text).ok());
    held.as_ref() == Some(&item.configuration)
}
