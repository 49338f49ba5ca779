//! `log_files`, `set_aside` and `ingest_runs`: what ingest read, what it could not, and the account of each run.

use super::Type::{Bool, Int, Text, Time};
use super::{Table, may, must};

/// `LAKE/log_files/<part>.parquet`: the ledger. A part of `events` counts only when a ledger part has the same name.
pub const LOG_FILES: Table = Table {
    name: "log_files",
    one_row: "one log file read or set aside",
    columns: &[
        must("log_file", Text, "s3://bucket/key, or the path of a file"),
        must("etag", Text, "the object's ETag; of a file, its size and time of last change"),
        must("object_bytes", Int, "bytes of the object as stored"),
        may("account_id", Text, "the account in the key; null = the key names none"),
        may("aws_region", Text, "the Region in the key; null = the key names none"),
        may("delivered_at", Time, "the delivery time in the file's name; null = the name has none"),
        must("events", Text, "which records were kept: audit or all"),
        must("records", Int, "records in the file"),
        must("records_kept", Int, "records that became rows of events"),
        must("records_filtered", Int, "records of events that were not asked for"),
        must("records_duplicate", Int, "records whose event_id the same part holds already"),
        must("records_set_aside", Int, "records that could not be read: see set_aside"),
        may("first_event_time", Time, "earliest eventTime among the records kept"),
        may("last_event_time", Time, "latest eventTime among the records kept"),
        may("first_record_time", Time, "eventTime of the file's first record, whether or not it was kept"),
        may("json_bytes", Int, "bytes of the JSON document; null = it could not be decompressed"),
        may(
            "sha256",
            Text,
            "SHA-256 of the JSON document in hexadecimal, as CloudTrail's digest files state it; null = not computed",
        ),
        may("set_aside_reason", Text, "why the whole file was set aside; null = it was read"),
        must("part", Text, "name of the parts of events and set_aside that hold its rows"),
    ],
};

/// `LAKE/set_aside/<part>.parquet`.
pub const SET_ASIDE: Table = Table {
    name: "set_aside",
    one_row: "one log file or record that could not be read",
    columns: &[
        must("log_file", Text, "s3://bucket/key, or the path of a file"),
        may("record_index", Int, "the record's place in the file, from 0; null = the whole file"),
        may("event_id", Text, "the record's eventID, where it has one"),
        must("reason", Text, "one word for the kind of damage"),
        must("message", Text, "what was found and what was expected"),
    ],
};

/// `LAKE/ingest_runs/<run>.parquet`. A run's account is no part: it is whole when it is there, and no history rests on it.
pub const INGEST_RUNS: Table = Table {
    name: "ingest_runs",
    one_row: "one run of ingest that came to its end, and its counts, which must add up",
    columns: &[
        must("run", Text, "the run's name"),
        must("started_at", Time, "when the run started"),
        must("tool_version", Text, "the version of bedrock-audit"),
        must("sources", Text, "what was listed, with commas"),
        must("events", Text, "which records were kept: audit or all"),
        must(
            "objects_listed",
            Int,
            "= passed_over + digest_files + evidence_objects + already_ingested + listed_twice + log_files_read \
             + log_files_set_aside + log_files_unreadable",
        ),
        must("passed_over", Int, "objects of other kinds, and files that were not asked for"),
        must("digest_files", Int, "digest files checked, now or before"),
        must("evidence_objects", Int, "evidence objects of the rule, read now or before"),
        must("already_ingested", Int, "log files that the lake held already"),
        must("listed_twice", Int, "log files that two of the sources list"),
        must("log_files_read", Int, "log files read"),
        must("log_files_set_aside", Int, "log files that are damaged: see set_aside"),
        must("log_files_unreadable", Int, "log files that could not be had; the next run tries them again"),
        must("records_read", Int, "= records_kept + records_filtered + records_duplicate + records_set_aside"),
        must("records_kept", Int, "records that became rows of events"),
        must("records_filtered", Int, "records of events that were not asked for"),
        must("records_duplicate", Int, "records whose event_id the same part holds already"),
        must("records_set_aside", Int, "records that could not be read: see set_aside"),
        must("object_bytes", Int, "bytes of the log files read, as stored"),
        must("json_bytes", Int, "bytes of their JSON documents"),
        must("adds_up", Bool, "whether both sums hold; a run in which one does not hold has failed"),
    ],
};
