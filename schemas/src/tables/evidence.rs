//! `evidence_files`, `evidence` and `evidence_facts`: what the rule of AWS Config saw and said.
//!
//! The rule writes it where `EVIDENCE_URI` says, in the form of `schemas/json/evidence.schema.json`.

use super::Type::{Int, Text, Time};
use super::{Table, may, must};

/// `LAKE/evidence_files/<part>.parquet`.
pub const EVIDENCE_FILES: Table = Table {
    name: "evidence_files",
    one_row: "one evidence object read or set aside",
    columns: &[
        must("evidence_file", Text, "s3://bucket/key, or the path of a file"),
        must("etag", Text, "the object's ETag; of a file, its size and time of last change"),
        must("object_bytes", Int, "bytes of the object as stored"),
        may("sha256", Text, "SHA-256 of the object as stored, in hexadecimal; null = it could not be read"),
        may("account_id", Text, "the account that the run looked at"),
        may("aws_region", Text, "the Region that the run looked at"),
        may("rule_name", Text, "the rule of AWS Config, or what else asked"),
        may("request_id", Text, "of the invocation"),
        may("evaluated_at", Time, "when Config asked; null in the object of a stop"),
        must("lines", Int, "lines in the object"),
        must("findings", Int, "lines that became rows of evidence"),
        must("facts", Int, "lines that became rows of evidence_facts"),
        may("unread_lists", Int, "listings that were cut short: there may have been more jobs"),
        may("set_aside_reason", Text, "why the whole object was set aside; null = it was read"),
    ],
};

/// `LAKE/evidence/<part>.parquet`.
pub const EVIDENCE: Table = Table {
    name: "evidence",
    one_row: "one job and control that a run of the rule judged",
    columns: &[
        must("account_id", Text, "the account that the run looked at"),
        must("aws_region", Text, "the Region that the run looked at"),
        must("evaluated_at", Time, "when Config asked"),
        must("rule_name", Text, "the rule of AWS Config, or what else asked"),
        must("control", Text, "the control"),
        must("job_arn", Text, "the job"),
        must("job_name", Text, "its name"),
        must("job_kind", Text, "model_customization, model_import or model_invocation"),
        must("job_status", Text, "its status then, as the API gives it"),
        must("job_created_at", Time, "its creation time"),
        may("job_ended_at", Time, "its end time; null = it had not ended"),
        may("failure_message", Text, "its failureMessage, where it has one"),
        must("vpc_config_state", Text, "present, absent or unknown (its detail was not there, or could not be read)"),
        may("subnet_ids", Text, "the subnets of its vpcConfig, one after the other with a comma between"),
        may("security_group_ids", Text, "the security groups of its vpcConfig, likewise"),
        may("role_arn", Text, "the role that it runs as"),
        may("input_s3_uris", Text, "the data that it reads, one after the other with a comma between"),
        may("kms_key_id", Text, "the customer key that it encrypts with"),
        must("verdict", Text, "Compliant, NonCompliant, NotApplicable or Undetermined"),
        must("reason", Text, "why"),
        must("resource_ids", Text, "the resources that decide, one after the other with a comma between"),
        must("waiver_state", Text, "no, yes, expired or malformed"),
        may("waiver_owner", Text, "of a waiver that could be read: its owner"),
        may("waiver_reason", Text, "its reason; of a malformed one, what is wrong with it"),
        may("waiver_last_day", Text, "its last day, YYYY-MM-DD"),
        must("evidence_file", Text, "where it stands"),
        must("line", Int, "the line in it, from 1"),
    ],
};

/// `LAKE/evidence_facts/<part>.parquet`.
pub const EVIDENCE_FACTS: Table = Table {
    name: "evidence_facts",
    one_row: "one thing that a run of the rule looked up, or one job that it asked to stop",
    columns: &[
        must("account_id", Text, "the account that the run looked at; of a stop, the job's"),
        must("aws_region", Text, "the Region that the run looked at; of a stop, the job's"),
        may("evaluated_at", Time, "when Config asked; null for a stop"),
        must(
            "record",
            Text,
            "security_group, subnet, vpc, route_tables, endpoints, prefix_list, role_denials, bucket_policy or stop",
        ),
        must("of", Text, "what was looked up: an id, a name, or its JSON; of a stop, the job's ARN"),
        must("state", Text, "known, absent or unreadable; of a stop, its outcome"),
        may("value", Text, "what is known of it, as JSON; of an unreadable one, why; of a stop, the whole line"),
        must("evidence_file", Text, "where it stands"),
        must("line", Int, "the line in it, from 1"),
    ],
};
