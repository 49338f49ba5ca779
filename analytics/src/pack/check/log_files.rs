//! Where log files are here: do the records stand in them?

use std::collections::HashMap;
use std::io::Read;

use flate2::bufread::MultiGzDecoder;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::reading::Numbered;
use super::report::Report;
use crate::pack::canonical::one_line;
use crate::pack::manifest::Manifest;
use crate::pack::names::object_path;
use crate::pack::rows::{Input, Record, RecordSource, Row};
use crate::pack::{Files, LOG_FILES};
use crate::sha256::sha256_hex;

/// No log file decompresses to more here. CloudTrail's are at most 50 MB compressed, about 600 MB of JSON.
const DOCUMENT_LIMIT: u64 = 1 << 30;

/// A log file's document.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(rename = "Records", borrow)]
    records: Vec<&'a RawValue>,
}

/// Compares each cited record with the log file that it stands in, if that is here.
pub fn check(files: &Files, manifest: &Manifest, numbered: &Numbered, report: &mut Report) {
    let rows = &numbered.rows;
    let inputs: HashMap<&str, &Input> = rows.inputs.iter().map(|input| (input.log_file.as_str(), input)).collect();
    let mut cited: HashMap<&str, Vec<(&Record, u64)>> = HashMap::new();
    for (record, line) in rows.records.iter().zip(&numbered.record_lines) {
        cited.entry(&record.log_file).or_default().push((record, *line));
    }
    for entry in &manifest.files {
        let Some(name) = entry.object.as_ref().filter(|name| object_path(LOG_FILES, name) == entry.path) else {
            continue;
        };
        let Some(bytes) = files.get(&entry.path) else { continue };
        let cited = cited.remove(name.as_str()).unwrap_or_default();
        let input = inputs.get(name.as_str()).copied();
        match inflate(name, bytes) {
            Ok(document) => check_document(&entry.path, &document, input, &cited, report),
            Err(found) => report.add_broken(&entry.path, found, "a log file as CloudTrail delivers it"),
        }
    }
    let elsewhere: usize = cited.values().map(Vec::len).sum();
    if elsewhere > 0 {
        let found = format!("{elsewhere} cited records stand in log files that are not in the pack");
        let advice = "that they stand there is the word of the program that made it: compare with the log files, \
                      or have a pack made with them";
        report.add_note(Record::FILE, found, advice);
    }
}

/// The hash of a log file's document, and its records as they stand there.
pub fn records_of(name: &str, bytes: &[u8]) -> Result<(String, Vec<Box<RawValue>>), String> {
    let document = inflate(name, bytes)?;
    let records =
        serde_json::from_slice::<Document<'_>>(&document).map_err(|cause| format!("it is no log file: {cause}"))?;
    Ok((sha256_hex(&document), records.records.into_iter().map(ToOwned::to_owned).collect()))
}

fn inflate(name: &str, bytes: &[u8]) -> Result<Vec<u8>, String> {
    if !name.ends_with(".gz") {
        return Ok(bytes.to_vec());
    }
    let mut document = Vec::new();
    match MultiGzDecoder::new(bytes).take(DOCUMENT_LIMIT + 1).read_to_end(&mut document) {
        Err(cause) => Err(format!("it cannot be decompressed: {cause}")),
        Ok(length) if length as u64 > DOCUMENT_LIMIT => {
            Err(format!("it decompresses to more than {DOCUMENT_LIMIT} bytes"))
        }
        Ok(_) => Ok(document),
    }
}

fn check_document(path: &str, document: &[u8], input: Option<&Input>, cited: &[(&Record, u64)], report: &mut Report) {
    let found = sha256_hex(document);
    match input.map(|input| input.sha256.as_deref().unwrap_or("null")) {
        Some(sha256) if sha256.eq_ignore_ascii_case(&found) => (),
        Some(sha256) => {
            let expected = format!("{sha256}, as inputs.jsonl has it");
            report.add_broken(path, format!("its document has SHA-256 {found}"), expected);
        }
        None => report.add_broken(path, "a log file", "a log file of inputs.jsonl"),
    }
    let records = match serde_json::from_slice::<Document<'_>>(document) {
        Ok(document) => document.records,
        Err(cause) => {
            report.add_broken(path, format!("its document is no log file: {cause}"), "{\"Records\":[...]}");
            return;
        }
    };
    for (record, line) in cited {
        compare(path, &records, record, *line, report);
    }
}

fn compare(path: &str, records: &[&RawValue], record: &Record, line: u64, report: &mut Report) {
    let index = usize::try_from(record.record_index).ok();
    let found = index.and_then(|index| records.get(index)).map(|found| one_line(found.get()));
    match found {
        Some(found) if found == record.record.get() => report.checked.records_in_log_files += 1,
        // Put together again, a record has other spaces and another order.
        Some(_) if record.source == RecordSource::Lake => (),
        Some(_) => {
            let found = format!("event {} is not as record {} of {path}", record.event_id, record.record_index);
            report.add_broken((Record::FILE, line), found, "the record, word for word");
        }
        None => {
            let found = format!("{} records, and record {} is cited", records.len(), record.record_index);
            report.add_broken(path, found, "a log file with that record");
        }
    }
}
