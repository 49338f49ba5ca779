//! `digests` and `digest_log_files`: what CloudTrail's digest files vouch for, and what their check said.

use super::Type::{Bool, Int, Text, Time};
use super::{Table, may, must};

/// `LAKE/digests/<part>.parquet`. The check is that of `aws cloudtrail validate-logs` (CloudTrail user guide, "Custom
/// implementations of CloudTrail log file integrity validation").
pub const DIGESTS: Table = Table {
    name: "digests",
    one_row: "one digest file and one check of it, or a digest file that another one names and that is not there",
    columns: &[
        must("digest_file", Text, "s3://bucket/key, or the path of a file"),
        may("etag", Text, "the object's ETag when it was checked; null = the file is missing"),
        must("account_id", Text, "the account whose log files it lists"),
        must("aws_region", Text, "the Region whose log files it lists"),
        must("trail_name", Text, "the trail"),
        must("home_region", Text, "the trail's home Region"),
        must("is_backfill", Bool, "whether CloudTrail made it later, in a chain of its own"),
        may("started_at", Time, "digestStartTime: it covers deliveries from here; null = unknown"),
        may("ended_at", Time, "digestEndTime, or the time in its name: up to here"),
        must("status", Text, "valid, invalid, unverifiable or missing; only a valid one vouches for anything"),
        must("reason", Text, "why"),
        must("log_files", Int, "log files that it vouches for: 0 unless it is valid"),
        may("public_key_fingerprint", Text, "the key that signed it"),
    ],
};

/// `LAKE/digest_log_files/<part>.parquet`.
pub const DIGEST_LOG_FILES: Table = Table {
    name: "digest_log_files",
    one_row: "one log file that a valid digest file lists",
    columns: &[
        must("log_file", Text, "the log file, named as log_files names it"),
        must("sha256", Text, "SHA-256 of its JSON document in hexadecimal, as the digest states it"),
        must("digest_file", Text, "the digest file"),
        may("ended_at", Time, "digestEndTime"),
    ],
};
