//! One part from its log files to its ledger rows.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use object_store::path::Path;
use schemas::tables::{DIGEST_LOG_FILES, DIGESTS, EVENTS, LOG_FILES, SET_ASIDE};
use uuid::Uuid;

use super::WORKER_MEMORY;
use super::damage::Damage;
use super::decode::Decoder;
use super::keep::{Keep, Sieve};
use super::parquet::{by_event_date, encode};
use super::queue::{BegunPart, OBJECT_LIMIT};
use super::record::{RecordReader, Rejection, event_id_of};
use super::rows::EventRows;
use super::summary::{Counts, Notice, Summary};
use super::upload::{Commit, PartUpload, Uploads};
use crate::error::Result;
use crate::sha256::{Hasher, Sha256};
use crate::store::{Fetched, Lake, Listed};
use crate::table::TableBuilder;

/// Rows are published when their text reaches this many bytes.
const FLUSH_BYTES: usize = WORKER_MEMORY / 6;
/// The largest window of a document, and so the longest record.
const WINDOW_BYTES: usize = WORKER_MEMORY / 8;
/// The ledger's word for a file that could not be had; such a file is tried again by the next run.
pub const UNREADABLE: &str = "unreadable";

/// Reads parts, and writes them into a lake.
pub struct PartWriter {
    uploads: Uploads,
    keep: Keep,
    /// Digest files tell a hash of each log file to compare with; otherwise only what is cited needs one.
    hashes_all: bool,
}

impl PartWriter {
    /// A writer.
    pub fn new(uploads: Uploads, keep: Keep, hashes_all: bool) -> Self {
        Self { uploads, keep, hashes_all }
    }

    /// What is on its way into the lake.
    pub fn uploads(&self) -> &Uploads {
        &self.uploads
    }

    /// Reads the part's files. Their rows are then on their way into the lake, and count when the commit is done.
    pub fn write(&self, part: BegunPart, file_done: &mut dyn FnMut(&Listed)) -> (Commit, Summary) {
        let mut work = Work::new(self);
        for listed in &part.oversized {
            work.enter_damaged(listed, &Damage::ObjectTooLarge { bytes: listed.bytes, limit: OBJECT_LIMIT });
            file_done(listed);
        }
        let mut handed = 0;
        part.fetching.each(&mut |listed, fetched| {
            handed += 1;
            // A run that has failed ends. What it has not read, the next one will.
            if !self.uploads.has_failed() {
                work.take(listed, fetched);
                file_done(listed);
            }
        });
        for listed in &part.files[handed..] {
            work.enter_unreadable(listed, "the download was given up");
        }
        work.commit()
    }
}

/// What a worker holds while it is on a part.
struct Work<'a> {
    writer: &'a PartWriter,
    name: String,
    decoder: Decoder,
    reader: RecordReader,
    hasher: Hasher<Entry>,
    sieve: Sieve,
    seen: HashSet<u128>,
    events: EventRows,
    flushes: usize,
    upload: PartUpload<'a>,
    ledger: TableBuilder,
    set_aside: TableBuilder,
    summary: Summary,
}

impl<'a> Work<'a> {
    fn new(writer: &'a PartWriter) -> Self {
        Self {
            writer,
            name: fresh_name(),
            decoder: Decoder::new(WINDOW_BYTES),
            reader: RecordReader::default(),
            hasher: Hasher::default(),
            sieve: Sieve::default(),
            seen: HashSet::new(),
            events: EventRows::new(),
            flushes: 0,
            upload: PartUpload::new(&writer.uploads),
            ledger: TableBuilder::new(&LOG_FILES),
            set_aside: TableBuilder::new(&SET_ASIDE),
            summary: Summary::default(),
        }
    }

    /// Takes in one log file, sound or not.
    fn take(&mut self, listed: &Listed, fetched: Fetched) {
        let object = match fetched {
            Ok(object) => object,
            Err(cause) => {
                return self.enter_unreadable(listed, &crate::error::chain(cause.as_ref()));
            }
        };
        let mut file = FileAccount::default();
        let mut decoder = std::mem::replace(&mut self.decoder, Decoder::new(0));
        let document = decoder.records(&listed.key, &object, &mut |index, record| {
            self.take_record(listed, index, record, &mut file);
            self.flush(FLUSH_BYTES);
        });
        match document {
            Ok(document) => {
                file.counts.records = document.records as u64;
                let entry = Entry { listed: listed.clone(), file, json_bytes: Some(document.json_bytes) };
                self.enter_sound(entry, &mut decoder, &object);
            }
            Err(damage) => self.enter_damaged(listed, &damage),
        }
        self.decoder = decoder;
    }

    /// Enters a log file that the decoder has just found sound, with its hash where that is needed.
    fn enter_sound(&mut self, entry: Entry, decoder: &mut Decoder, object: &[u8]) {
        // Only what is cited needs a hash of its own: records kept or set aside.
        let counts = &entry.file.counts;
        let is_cited = counts.kept + counts.duplicate + counts.set_aside > 0;
        if !is_cited && !self.writer.hashes_all {
            return self.enter(&entry, None, None);
        }
        let ready = match decoder.document() {
            Some(document) => self.hasher.add(document, entry),
            None => {
                let hash = decoder.sha256(&entry.listed.key, object).ok();
                return self.enter(&entry, hash, None);
            }
        };
        self.enter_hashed(ready);
    }

    fn enter_hashed(&mut self, ready: Vec<(Entry, String)>) {
        for (entry, hash) in ready {
            self.enter(&entry, Some(hash), None);
        }
    }

    fn take_record(&mut self, listed: &Listed, index: usize, bytes: &[u8], file: &mut FileAccount) {
        if index == 0 {
            file.first_record = self.reader.read(bytes).ok().map(|record| record.event_time);
        }
        if self.writer.keep == Keep::Audit && !self.sieve.may_be_audited(bytes) {
            file.counts.filtered += 1;
            return;
        }
        match self.reader.read(bytes) {
            Err(rejection) => self.reject(listed, index, bytes, &rejection, file),
            Ok(record) if !self.writer.keep.wants(&record.event_source, &record.event_name) => {
                file.counts.filtered += 1;
            }
            Ok(record) if !self.seen.insert(digest_of(&record.event_id)) => file.counts.duplicate += 1,
            Ok(record) => {
                file.see(record.event_time);
                self.events.push(&record, &listed.log_file, index);
            }
        }
    }

    fn reject(&mut self, listed: &Listed, index: usize, bytes: &[u8], rejection: &Rejection, file: &mut FileAccount) {
        file.counts.set_aside += 1;
        let event_id = event_id_of(bytes);
        let row = self.set_aside.row().text("log_file", &listed.log_file).int("record_index", index);
        row.maybe_text("event_id", event_id.as_deref())
            .text("reason", rejection.reason())
            .text("message", rejection.to_string())
            .end();
        let named = event_id.map(|id| format!(" (eventID {id})")).unwrap_or_default();
        let text = format!("{} record {index}{named} {rejection}; record set aside", listed.log_file);
        self.summary.notices.add(Notice { log_file: listed.log_file.clone(), record_index: Some(index), text });
    }

    fn enter_damaged(&mut self, listed: &Listed, damage: &Damage) {
        self.set_aside_file(listed, damage.reason(), &damage.to_string(), "file set aside");
    }

    /// A file that could not be had this time. The ledger says so, and the next run tries it again.
    fn enter_unreadable(&mut self, listed: &Listed, cause: &str) {
        self.set_aside_file(listed, UNREADABLE, &format!("could not be read: {cause}"), "the next run tries it again");
    }

    fn set_aside_file(&mut self, listed: &Listed, reason: &str, message: &str, next: &str) {
        let row = self.set_aside.row().text("log_file", &listed.log_file);
        row.text("reason", reason).text("message", message).end();
        let text = format!("{} {message}; {next}", listed.log_file);
        self.summary.notices.add(Notice { log_file: listed.log_file.clone(), record_index: None, text });
        let entry = Entry { listed: listed.clone(), file: FileAccount::default(), json_bytes: None };
        self.enter(&entry, None, Some(reason));
    }

    fn enter(&mut self, entry: &Entry, sha256: Option<String>, damage: Option<&str>) {
        let Entry { listed, file, json_bytes } = entry;
        let row = self.ledger.row();
        let row = row.text("log_file", &listed.log_file).text("etag", &listed.etag).int("object_bytes", listed.bytes);
        let row = row.maybe_text("account_id", listed.object.account.as_ref().map(|id| id.as_str()));
        let row = row.maybe_text("aws_region", listed.object.region.as_ref().map(|id| id.as_str()));
        let row = row.maybe_time("delivered_at", listed.object.delivered_at).text("events", self.writer.keep.as_str());
        let row = row.int("records", file.counts.records).int("records_kept", file.counts.kept);
        let row = row.int("records_filtered", file.counts.filtered).int("records_duplicate", file.counts.duplicate);
        let row = row.int("records_set_aside", file.counts.set_aside);
        let row = row.maybe_time("first_event_time", file.first).maybe_time("last_event_time", file.last);
        let row = row.maybe_time("first_record_time", file.first_record);
        let row = match json_bytes {
            Some(bytes) => row.int("json_bytes", *bytes),
            None => row,
        };
        row.maybe_text("sha256", sha256).maybe_text("set_aside_reason", damage).text("part", &self.name).end();
        match damage {
            None => self.summary.files_read += 1,
            Some(UNREADABLE) => self.summary.unreadable += 1,
            Some(reason) => self.summary.count_damaged(reason),
        }
        self.summary.object_bytes += listed.bytes;
        self.summary.json_bytes += json_bytes.unwrap_or_default();
        self.summary.counts.add(&file.counts);
    }

    /// Sends the rows off if their text has reached `limit` bytes.
    fn flush(&mut self, limit: usize) {
        if is_due(self.events.builder(), limit) {
            for (day, rows) in by_event_date(&self.events.builder().finish()) {
                self.send(&format!("{}/event_date={day}", EVENTS.name), encode(&rows));
            }
            self.flushes += 1;
        }
        if is_due(&self.set_aside, limit) {
            let rows = encode(&self.set_aside.finish());
            self.send(SET_ASIDE.name, rows);
            self.flushes += 1;
        }
    }

    fn send(&mut self, folder: &str, bytes: Bytes) {
        let file = format!("{}-{:05}.parquet", self.name, self.flushes);
        self.upload.add(folder.split('/').map(str::to_owned).chain([file]).collect(), bytes);
    }

    fn commit(mut self) -> (Commit, Summary) {
        let ready = self.hasher.finish();
        self.enter_hashed(ready);
        self.flush(1);
        let path = Path::from(format!("{}/{}.parquet", LOG_FILES.name, self.name));
        let ledger = (self.ledger.rows() > 0).then(|| (path, encode(&self.ledger.finish())));
        (self.upload.commit(ledger), self.summary)
    }
}

/// Publishes what digest files say, then an empty part of the ledger, which commits it.
pub async fn publish_digests(lake: &Lake, mut digests: TableBuilder, mut log_files: TableBuilder) -> Result<()> {
    if digests.rows() == 0 {
        return Ok(());
    }
    let name = fresh_name();
    for (table, rows) in [(&DIGESTS, &mut digests), (&DIGEST_LOG_FILES, &mut log_files)] {
        let path = Path::from(format!("{}/{name}.parquet", table.name));
        lake.publish(&path, encode(&rows.finish())).await?;
    }
    let empty = encode(&TableBuilder::new(&LOG_FILES).finish());
    lake.publish(&Path::from(format!("{}/{name}.parquet", LOG_FILES.name)), empty).await
}

fn is_due(rows: &TableBuilder, limit: usize) -> bool {
    rows.rows() > 0 && rows.text_bytes() >= limit
}

/// A name that no other part has, of this run or another.
pub fn fresh_name() -> String {
    let random = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", random(), random())
}

/// Sixteen bytes that stand for an event id, so that a million of them are cheap to remember: the UUID that it is, or a
/// hash.
fn digest_of(event_id: &str) -> u128 {
    let is_canonical = event_id.len() == 36 && !event_id.bytes().any(|byte| byte.is_ascii_uppercase());
    let uuid = is_canonical.then(|| Uuid::try_parse(event_id).ok()).flatten();
    uuid.map_or_else(|| u128::from_be_bytes(Sha256::new().then(event_id).half()), |uuid| uuid.as_u128())
}

/// A log file's line in the ledger, but for its hash.
struct Entry {
    listed: Listed,
    file: FileAccount,
    json_bytes: Option<u64>,
}

/// What became of one file's records.
#[derive(Default)]
struct FileAccount {
    counts: Counts,
    /// When the first record happened, kept or not: enough to tell that something was logged then.
    first_record: Option<DateTime<Utc>>,
    first: Option<DateTime<Utc>>,
    last: Option<DateTime<Utc>>,
}

impl FileAccount {
    fn see(&mut self, at: DateTime<Utc>) {
        self.counts.kept += 1;
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = Some(self.last.map_or(at, |last| last.max(at)));
    }
}
