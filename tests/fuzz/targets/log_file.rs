//! A log file: the splitter beside serde_json, the windows beside each other, the sieve beside the parser.

#![no_main]

use std::io::{Read, Write};

use analytics::ingest::fuzzing::{Damage, Decoder, RecordReader};
use analytics::ingest::keep::{Keep, Sieve};
use analytics::sha256::sha256_hex;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// More than any document has that is tried.
const WHOLE: usize = 1 << 16;

/// So small that most documents are longer.
const WINDOWS: [usize; 2] = [192, 1024];

/// What an expanded input may have at most, so that a bomb does not end the run.
const EXPANDED: u64 = 1 << 15;

fuzz_target!(|object: &[u8]| {
    let document = match object {
        [0x1f, 0x8b, ..] => {
            let mut document = Vec::new();
            let read = MultiGzDecoder::new(object).take(EXPANDED + 1).read_to_end(&mut document);
            if document.len() as u64 > EXPANDED {
                return;
            }
            let found = records(WHOLE, "a.json.gz", object);
            assert!(read.is_ok() || found.is_err(), "records of a file whose gzip is damaged");
            if read.is_err() {
                return;
            }
            assert_eq!(found, records(WHOLE, "a.json", &document), "packed and plain differ");
            document
        }
        _ if object.len() as u64 > EXPANDED => return,
        _ => object.to_vec(),
    };
    check(&document);
});

fn check(document: &[u8]) {
    let whole = records(WHOLE, "a.json", document);
    assert_eq!(whole, records(WHOLE, "a.json.gz", &packed(document)), "plain and packed differ");
    for window in WINDOWS {
        match (&whole, records(window, "a.json", document)) {
            (Ok(expected), Ok(found)) => assert_eq!(*expected, found, "window {window}"),
            (Ok(_), Err(Damage::RecordTooLong { .. })) => {}
            // The opening has to stand in one window.
            (Ok(_), Err(damage)) => assert!(opening(document) > window, "window {window}: {damage}"),
            (Err(damage), Ok(_)) => panic!("window {window} takes what is damaged: {damage}"),
            (Err(_), Err(_)) => {}
        }
    }
    let sound = serde_json::from_slice::<LogFile<'_>>(document).ok().filter(|_| opening(document) > 0);
    if let Some(log_file) = &sound {
        let expected: Vec<&[u8]> = log_file.records.iter().map(|record| record.get().as_bytes()).collect();
        assert_eq!(
            whole.as_deref().map_err(Damage::to_string),
            Ok(expected.iter().map(|r| r.to_vec()).collect::<Vec<_>>().as_slice())
        );
    }
    let Ok(records) = whole else { return };
    let are_json = records.iter().all(|record| serde_json::from_slice::<&RawValue>(record).is_ok());
    assert!(sound.is_some() || !are_json, "sound records of a document that is not");
    records.iter().for_each(|record| check_record(record));
}

/// A log file as serde_json reads it: one member of this name, and nothing else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogFile<'a> {
    #[serde(rename = "Records", borrow)]
    records: Vec<&'a RawValue>,
}

fn check_record(bytes: &[u8]) {
    let parsed = RecordReader::default().read(bytes);
    if let Ok(record) = &parsed {
        let is_wanted = Keep::Audit.wants(&record.event_source, &record.event_name);
        assert!(!is_wanted || Sieve::default().may_be_audited(bytes), "the sieve drops an audited event");
    }
    let Ok(Value::Object(value)) = serde_json::from_slice(bytes) else { return };
    let text = |member: &str| value.get(member).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (id, source, name) = (text("eventID"), text("eventSource"), text("eventName"));
    match parsed {
        Ok(record) => {
            for (found, expected) in
                [(&record.event_id, id), (&record.event_source, source), (&record.event_name, name)]
            {
                assert!(expected.is_none_or(|expected| expected == found.as_ref()));
            }
        }
        Err(rejection) => {
            let is_time = |text: &str| text.ends_with('Z') && chrono::DateTime::parse_from_rfc3339(text).is_ok();
            let is_whole = id.is_some() && source.is_some() && name.is_some() && text("eventTime").is_some_and(is_time);
            assert!(!is_whole, "a whole record {rejection}");
        }
    }
}

fn records(window: usize, name: &str, object: &[u8]) -> Result<Vec<Vec<u8>>, Damage> {
    let (mut records, mut decoder) = (Vec::new(), Decoder::new(window));
    let read = decoder.records(name, object, &mut |index, record| {
        assert_eq!(index, records.len());
        records.push(record.to_vec());
    });
    match read {
        Ok(document) => {
            assert_eq!(document.records, records.len());
            let held = decoder.document().map(sha256_hex);
            let streamed = decoder.sha256(name, object);
            assert!(streamed.is_ok() && held.is_none_or(|held| streamed == Ok(held)), "a document has one hash");
            Ok(records)
        }
        Err(damage) => {
            assert!(records.is_empty(), "half a file is handed on: {damage}");
            Err(damage)
        }
    }
}

/// Bytes up to the array of records; 0 where the document does not open as CloudTrail's do, to the letter.
fn opening(document: &[u8]) -> usize {
    let mut rest = document;
    for token in [b"{".as_slice(), b"\"Records\"", b":", b"["] {
        rest = rest.trim_ascii_start();
        let Some(behind) = rest.strip_prefix(token) else { return 0 };
        rest = behind;
    }
    document.len() - rest.len()
}

fn packed(document: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(document).expect("a vector takes every byte");
    encoder.finish().expect("a vector takes every byte")
}
