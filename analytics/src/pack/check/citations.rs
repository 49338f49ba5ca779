//! Is every cited record here, and is it the one that is told of?

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::reading::Numbered;
use super::report::Report;
use crate::pack::canonical::time_text;
use crate::pack::rows::{CoverageRange, Fact, Input, Record, RecordSource, Row, Verdict};

/// What tells one record from another.
type Place<'a> = (&'a str, &'a str, u64);

/// What a record says of itself.
#[derive(Deserialize)]
struct Own {
    #[serde(rename = "eventID")]
    event_id: Option<String>,
    #[serde(rename = "eventTime")]
    event_time: Option<String>,
    #[serde(rename = "eventSource")]
    event_source: Option<String>,
    #[serde(rename = "eventName")]
    event_name: Option<String>,
}

/// Follows every citation.
pub fn check(numbered: &Numbered, report: &mut Report) {
    let rows = &numbered.rows;
    let mut facts: HashMap<&str, Vec<&Fact>> = HashMap::new();
    for fact in &rows.facts {
        facts.entry(&fact.event_id).or_default().push(fact);
    }
    for (verdict, line) in rows.verdicts.iter().zip(&numbered.verdict_lines) {
        check_verdict(verdict, *line, &facts, report);
    }
    for (range, line) in rows.coverage.iter().zip(&numbered.coverage_lines) {
        if let Some(event_id) = range.event_id.as_ref().filter(|event_id| !facts.contains_key(event_id.as_str())) {
            let advice = "the record that switched logging off is not in the pack";
            report.add_note((CoverageRange::FILE, *line), format!("event {event_id} is named"), advice);
        }
    }
    check_facts(numbered, report);
    check_inputs(numbered, report);
    report.checked.facts = rows.facts.len() as u64;
}

fn check_verdict(verdict: &Verdict, line: u64, facts: &HashMap<&str, Vec<&Fact>>, report: &mut Report) {
    let Some(event_id) = &verdict.cited_event_id else { return };
    let Some(found) = facts.get(event_id.as_str()) else {
        report.add_broken((Verdict::FILE, line), format!("it cites event {event_id}"), "an event of facts.jsonl");
        return;
    };
    let is_at = |fact: &&Fact| {
        verdict.cited_log_file.as_ref().is_none_or(|log_file| *log_file == fact.log_file)
            && verdict.cited_record_index.is_none_or(|index| index == fact.record_index)
    };
    if let (false, Some(fact)) = (found.iter().any(is_at), found.first()) {
        let place = |log_file: &str, index: u64| format!("event {event_id} in {log_file} record {index}");
        let log_file = verdict.cited_log_file.as_deref().unwrap_or_default();
        let cited = place(log_file, verdict.cited_record_index.unwrap_or_default());
        let expected = format!("{}, as facts.jsonl has it", place(&fact.log_file, fact.record_index));
        report.add_broken((Verdict::FILE, line), format!("it cites {cited}"), expected);
    }
}

/// Facts and records are of the same events, one each.
fn check_facts(numbered: &Numbered, report: &mut Report) {
    let rows = &numbered.rows;
    let mut records: HashMap<Place<'_>, (&Record, u64)> = HashMap::new();
    for (record, line) in rows.records.iter().zip(&numbered.record_lines) {
        let place = (record.event_id.as_str(), record.log_file.as_str(), record.record_index);
        if records.insert(place, (record, *line)).is_some() {
            report.add_broken((Record::FILE, *line), format!("event {} again", record.event_id), "each record once");
        }
        check_source(record, *line, report);
    }
    let mut met: HashSet<Place<'_>> = HashSet::new();
    for (fact, line) in rows.facts.iter().zip(&numbered.fact_lines) {
        let place = (fact.event_id.as_str(), fact.log_file.as_str(), fact.record_index);
        if !met.insert(place) {
            report.add_broken((Fact::FILE, *line), format!("event {} again", fact.event_id), "each record once");
        }
        match records.get(&place) {
            Some((record, record_line)) => compare(fact, *line, record, *record_line, report),
            None => {
                let found = format!("event {} in {} record {}", fact.event_id, fact.log_file, fact.record_index);
                report.add_broken((Fact::FILE, *line), found, "a record of records.jsonl");
            }
        }
    }
    for (record, line) in rows.records.iter().zip(&numbered.record_lines) {
        let place = (record.event_id.as_str(), record.log_file.as_str(), record.record_index);
        if !met.contains(&place) {
            report.add_broken((Record::FILE, *line), format!("event {}", record.event_id), "an event of facts.jsonl");
        }
    }
}

fn check_source(record: &Record, line: u64, report: &mut Report) {
    if record.source == RecordSource::Lake {
        let reason = record.reason.as_deref().unwrap_or("no reason is given");
        let found = format!("event {} is put together from the lake's columns", record.event_id);
        report.add_note((Record::FILE, line), found, format!("its log file could not be read: {reason}"));
    }
}

/// A record's own words beside what is told of it.
fn compare(fact: &Fact, fact_line: u64, record: &Record, line: u64, report: &mut Report) {
    let own: Own = match serde_json::from_str(record.record.get()) {
        Ok(own) => own,
        Err(cause) => {
            report.add_broken((Record::FILE, line), cause.to_string(), "a CloudTrail record");
            return;
        }
    };
    let at = own.event_time.as_ref().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    let at = at.map(|at| time_text(&at.with_timezone(&Utc))).or(own.event_time);
    for (member, found, told) in [
        ("eventID", own.event_id, fact.event_id.clone()),
        ("eventTime", at, time_text(&fact.event_time)),
        ("eventSource", own.event_source, fact.event_source.clone()),
        ("eventName", own.event_name, fact.event_name.clone()),
    ] {
        if found.as_ref() != Some(&told) {
            let found = found.map_or_else(|| format!("no {member}"), |found| format!("{member} {found:?}"));
            let expected = format!("{told:?}, as facts.jsonl line {fact_line} has it");
            report.add_broken((Record::FILE, line), found, expected);
        }
    }
}

/// A fact says of its log file what the list of log files says.
fn check_inputs(numbered: &Numbered, report: &mut Report) {
    let mut inputs: HashMap<&str, (&Input, u64)> = HashMap::new();
    for (input, line) in numbered.rows.inputs.iter().zip(&numbered.input_lines) {
        if inputs.insert(&input.log_file, (input, *line)).is_some() {
            report.add_broken((Input::FILE, *line), format!("{} again", input.log_file), "each log file once");
        }
    }
    for (fact, line) in numbered.rows.facts.iter().zip(&numbered.fact_lines) {
        let Some((input, input_line)) = inputs.get(fact.log_file.as_str()) else {
            report.add_broken((Fact::FILE, *line), fact.log_file.clone(), "a log file of inputs.jsonl");
            continue;
        };
        let text = |sha256: &Option<String>| sha256.clone().unwrap_or_else(|| "null".to_owned());
        let of_fact = (text(&fact.log_file_sha256), &fact.attestation, text(&fact.digest_file));
        let of_input = (text(&input.sha256), &input.attestation, text(&input.digest_file));
        if of_fact != of_input {
            let words =
                |(sha256, state, digest): (String, &String, String)| format!("{sha256}, {state}, digest {digest}");
            let expected = format!("{}, as inputs.jsonl line {input_line} has it", words(of_input));
            report.add_broken((Fact::FILE, *line), format!("{} is {}", fact.log_file, words(of_fact)), expected);
        }
    }
}
