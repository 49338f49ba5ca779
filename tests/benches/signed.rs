//! Writes log files of busy hours with signed digest files, for measuring what verification adds to an ingest.

use std::path::Path;

use analytics::trail::digest::{Delivery, DigestChain, Signer};
use analytics::trail::{Layout, LogFile, Place, log_file, noise, write_all};
use chrono::{DateTime, TimeDelta, Utc};

const HOURS: u32 = 24;
const LOG_FILES_AN_HOUR: i64 = 30;

/// About a megabyte of JSON.
const RECORDS_A_LOG_FILE: usize = 700;

fn main() {
    let folder = std::env::args().nth(1).expect("usage: bench-signed FOLDER");
    let folder = Path::new(&folder);
    let key = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/digest_key_a.pk8");
    let signer = Signer::new(&std::fs::read(key).expect("a key of the repository")).expect("an RSA key");
    let place = Place::new("111122223333", "eu-west-1");
    let began: DateTime<Utc> = "2026-02-03T00:00:00Z".parse().expect("a time");
    let delivered = |number: i64| {
        let at = began + TimeDelta::seconds(number * 3600 / LOG_FILES_AN_HOUR + 60);
        log_file(&Layout::Plain, &place, at, &format!("{number:016}"), &noise(&place, at, RECORDS_A_LOG_FILE, 1))
    };
    let log_files: Vec<LogFile> = (0..i64::from(HOURS) * LOG_FILES_AN_HOUR).map(delivered).collect();
    let delivery = Delivery { layout: &Layout::Plain, place: &place, trail: "audit-trail", bucket: "trail-bucket" };
    let digests = DigestChain::new(delivery, began, HOURS, &signer).sign(&log_files);
    let digests: Vec<LogFile> = digests.into_iter().map(|digest| digest.file).collect();
    for files in [&log_files, &digests] {
        write_all(&folder.join("logs"), files).expect("the folder can be written to");
    }
    let valid = began - TimeDelta::days(1)..began + TimeDelta::days(30);
    std::fs::write(folder.join("keys.json"), signer.public_keys_json(valid)).expect("the folder can be written to");
    eprintln!("{}: {} log files, {} digest files", folder.display(), log_files.len(), digests.len());
}
