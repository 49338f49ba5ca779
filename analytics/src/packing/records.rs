//! The cited records: their own text out of their log files, else put together again from the lake.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use chrono::{DateTime, SecondsFormat};
use schemas::record::{Form, MEMBERS};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::objects::Objects;
use crate::error::Result;
use crate::pack::check::log_files::records_of;
use crate::pack::{Fact, LogFileObject, Record, RecordSource};
use crate::query::Engine;

const NAME: &str = "the records of a pack";

/// The records, and the log files that they stand in, where they are wanted.
#[derive(Default)]
pub struct Records {
    /// One a fact.
    pub records: Vec<Record>,
    /// Each log file once.
    pub log_files: Vec<LogFileObject>,
    /// Log files that could not be had.
    pub notices: Vec<String>,
}

/// Reads the cited records.
pub async fn read(engine: &Engine, facts: &[Fact], objects: &mut Objects<'_>, with_log_files: bool) -> Result<Records> {
    let etags = etags(engine).await?;
    let mut by_file = BTreeMap::<&str, Vec<&Fact>>::new();
    for fact in facts {
        by_file.entry(&fact.log_file).or_default().push(fact);
    }
    let (mut found, mut elsewhere) = (Records::default(), Vec::new());
    for (log_file, facts) in by_file {
        let etag = etags.get(log_file).map_or("", String::as_str);
        match of_log_file(log_file, etag, &facts, objects).await {
            Ok((records, bytes)) => {
                found.records.extend(records);
                if with_log_files {
                    found.log_files.push(LogFileObject { log_file: log_file.to_owned(), bytes });
                }
            }
            Err(reason) => {
                found.notices.push(format!("{log_file}: {reason}; its records are taken from the lake"));
                elsewhere.extend(facts.into_iter().map(|fact| (fact.event_id.clone(), reason.clone())));
            }
        }
    }
    found.records.extend(of_lake(engine, &elsewhere.into_iter().collect()).await?);
    Ok(found)
}

/// The ETags under which the ledger knows log files.
async fn etags(engine: &Engine) -> Result<HashMap<String, String>> {
    let sql = "select log_file, max(etag) as etag from log_files where set_aside_reason is null group by log_file";
    let answer = engine.answer(sql, NAME, None).await?;
    let rows = answer.batches.iter().flat_map(|batch| {
        let (files, etags) = (batch["log_file"].as_string::<i32>(), batch["etag"].as_string::<i32>());
        files.iter().flatten().map(str::to_owned).zip(etags.iter().flatten().map(str::to_owned))
    });
    Ok(rows.collect())
}

/// The records of one log file, if it still is what was ingested.
async fn of_log_file(
    log_file: &str,
    etag: &str,
    facts: &[&Fact],
    objects: &mut Objects<'_>,
) -> std::result::Result<(Vec<Record>, Vec<u8>), String> {
    let (bytes, _) = objects.read(log_file, etag).await?;
    let (sha256, texts) = records_of(log_file, &bytes)?;
    if facts.iter().any(|fact| fact.log_file_sha256.as_ref().is_some_and(|known| *known != sha256)) {
        return Err(format!("its hash is {sha256}, and was another when it was ingested"));
    }
    let of_fact = |fact: &&Fact| {
        let index = usize::try_from(fact.record_index).ok();
        let text = index
            .and_then(|index| texts.get(index))
            .ok_or_else(|| format!("it has no record {}", fact.record_index))?;
        Ok(record(fact.event_id.clone(), log_file.to_owned(), fact.record_index, text.clone(), None))
    };
    Ok((facts.iter().map(of_fact).collect::<std::result::Result<_, String>>()?, bytes.to_vec()))
}

fn record(
    event_id: String,
    log_file: String,
    record_index: u64,
    text: Box<RawValue>,
    reason: Option<String>,
) -> Record {
    let source = if reason.is_some() { RecordSource::Lake } else { RecordSource::LogFile };
    Record { event_id, log_file, reason, record: text, record_index, source }
}

/// Records put together again, by event id, each with the reason why its log file was not read.
async fn of_lake(engine: &Engine, wanted: &HashMap<String, String>) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    let ids: Vec<&String> = wanted.keys().collect();
    for some in ids.chunks(IDS_EACH) {
        let list: Vec<String> = some.iter().map(|id| format!("'{}'", id.replace('\'', "''"))).collect();
        let sql = format!("select * from events where event_id in ({})", list.join(", "));
        for batch in engine.answer(&sql, NAME, None).await?.batches {
            for row in 0..batch.num_rows() {
                let text = |name: &str| batch[name].as_string::<i32>().value(row).to_owned();
                let index = batch["record_index"].as_primitive::<Int64Type>().value(row);
                let reason = wanted.get(&text("event_id")).cloned();
                let index = u64::try_from(index).unwrap_or_default();
                records.push(record(text("event_id"), text("log_file"), index, together(&batch, row), reason));
            }
        }
    }
    Ok(records)
}

/// So many ids stand in one query.
const IDS_EACH: usize = 500;

/// A record out of its columns. A number that stood where CloudTrail writes a text is a text here.
fn together(batch: &RecordBatch, row: usize) -> Box<RawValue> {
    let mut members = Map::new();
    for member in MEMBERS {
        let column = &batch[member.column];
        if column.is_null(row) {
            continue;
        }
        let value = match member.form {
            Form::Text => Value::from(column.as_string::<i32>().value(row)),
            Form::Json => json(column.as_string::<i32>().value(row)),
            Form::Bool => Value::from(column.as_boolean().value(row)),
            Form::Time => {
                let at = DateTime::from_timestamp_micros(column.as_primitive::<TimestampMicrosecondType>().value(row));
                Value::from(at.unwrap_or_default().to_rfc3339_opts(SecondsFormat::AutoSi, true))
            }
        };
        members.insert(member.name.to_owned(), value);
    }
    if batch["other_members"].is_valid(row)
        && let Value::Object(others) = json(batch["other_members"].as_string::<i32>().value(row))
    {
        members.extend(others);
    }
    serde_json::value::to_raw_value(&members).expect("an object of JSON values is JSON")
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}
