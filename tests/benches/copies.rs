//! Writes a trail again, as another organization has it so many weeks later: for measuring a lake of many events without
//! waiting for a generator of them.
//!
//! Days move; account ids, event ids and ids of EC2's resources become others. All else stays, so that every copy costs the
//! same and none has an event, a job or a group of another.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use chrono::{NaiveDate, TimeDelta};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use memchr::memmem::Finder;

const USAGE: &str = "usage: bench-copies TRAIL FOLDER NUMBER";

/// What stands before an id of which a copy has another. Three digits of it say which copy it is.
const BEFORE_IDS: [&str; 7] = [r#""eventID":""#, r#""eventID": ""#, "sg-0", "sgr-0", "vpc-0", "subnet-0", "eni-0"];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [trail, folder, number] = arguments.as_slice() else { panic!("{USAGE}") };
    let (trail, folder) = (Path::new(trail), Path::new(folder));
    let log_files = log_files(trail);
    let change = Change::new(&log_files, number.parse().expect(USAGE));
    let waiting = Mutex::new(log_files.into_iter());
    let next = || waiting.lock().expect("no thread panics while it holds this").next();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| std::iter::from_fn(next).for_each(|path| change.copy(trail, &path, folder)));
        }
    });
}

fn log_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|cause| panic!("{}: {cause}", folder.display()));
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.expect("a readable entry").path()) {
        match path.is_dir() {
            true if path.ends_with("CloudTrail-Digest") => {}
            true => found.extend(log_files(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

/// What is another in the copy, and as long as it was.
struct Change {
    texts: Vec<(String, String)>,
    finders: Vec<(Finder<'static>, String)>,
    ids: Vec<Finder<'static>>,
    mark: String,
}

impl Change {
    fn new(log_files: &[PathBuf], number: u64) -> Self {
        let (mut accounts, mut days) = (BTreeSet::new(), BTreeSet::new());
        for path in log_files {
            let name = path.file_name().and_then(|name| name.to_str()).expect("a log file's name is text");
            let words: Vec<&str> = name.split('_').collect();
            accounts.insert(words[0].to_owned());
            let delivered = words.get(3).and_then(|word| NaiveDate::parse_from_str(word.get(..8)?, "%Y%m%d").ok());
            let delivered =
                delivered.unwrap_or_else(|| panic!("{name}: expected ACCOUNT_CloudTrail_REGION_TIME_NAME.json.gz"));
            days.extend([-1, 0, 1].map(|day| delivered + TimeDelta::days(day)));
        }
        let later = TimeDelta::weeks(i64::try_from(number).expect("a small number"));
        let mut texts = Vec::new();
        for account in accounts {
            let other = account.parse::<u64>().expect("an account id") + 7_919 * number;
            texts.push((account, format!("{:012}", other % 1_000_000_000_000)));
        }
        // The last day first: where days of before and after meet, none is moved twice.
        for form in ["%Y-%m-%d", "%Y/%m/%d", "%Y%m%dT"] {
            let moved =
                days.iter().rev().map(|day| (day.format(form).to_string(), (*day + later).format(form).to_string()));
            texts.extend(moved);
        }
        let finder = |text: &str| Finder::new(text).into_owned();
        let finders = texts.iter().map(|(text, other)| (finder(text), other.clone())).collect();
        Self {
            texts,
            finders,
            ids: BEFORE_IDS.iter().map(|text| finder(text)).collect(),
            mark: format!("{number:03x}"),
        }
    }

    fn copy(&self, trail: &Path, log_file: &Path, folder: &Path) {
        let mut document = Vec::new();
        let packed = std::fs::read(log_file).expect("the log file can be read");
        MultiGzDecoder::new(packed.as_slice()).read_to_end(&mut document).expect("the log file is gzip");
        for (finder, other) in &self.finders {
            overwrite(&mut document, finder, 0, other);
        }
        for before in &self.ids {
            overwrite(&mut document, before, before.needle().len(), &self.mark);
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&document).expect("a vector takes every byte");
        let key = log_file.strip_prefix(trail).expect("it was found there").to_str().expect("a log file's key is text");
        let key = self.texts.iter().fold(key.to_owned(), |key, (text, other)| key.replace(text, other));
        let target = folder.join(key);
        std::fs::create_dir_all(target.parent().expect("a key has a folder")).expect("a folder can be made");
        std::fs::write(target, encoder.finish().expect("a vector takes every byte")).expect("the copy can be written");
    }
}

/// Overwrites what stands so far behind each place where something is found.
fn overwrite(document: &mut [u8], finder: &Finder<'_>, behind: usize, other: &str) {
    let found: Vec<usize> = finder.find_iter(document).map(|at| at + behind).collect();
    for at in found {
        if let Some(place) = document.get_mut(at..at + other.len()) {
            place.copy_from_slice(other.as_bytes());
        }
    }
}
