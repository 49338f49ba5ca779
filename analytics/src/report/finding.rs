//! One verdict, as every format of the report sees it.

use chrono::{DateTime, Utc};
use schemas::control::{ControlId, Verdict};

/// One row of the query `job_verdicts`: one job and one control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub account_id: String,
    pub aws_region: String,
    /// eventTime of the request; `None` = the request is not in the logs.
    pub requested_at: Option<DateTime<Utc>>,
    pub principal_arn: Option<String>,
    /// model_customization, model_import or model_invocation.
    pub job_kind: String,
    /// `None` = masked or omitted in the record.
    pub job_name: Option<String>,
    pub job_arn: Option<String>,
    /// eventID of the request; names a job whose ARN no record tells. `None` = the request is not in the logs.
    pub request_event_id: Option<String>,
    pub control: ControlId,
    pub verdict: Verdict,
    pub reason: String,
    /// What would settle an `Undetermined` verdict.
    pub next_step: Option<String>,
    /// The resource that the verdict rests on, e.g. the deleted group.
    pub resource_id: Option<String>,
    pub cited_event_id: Option<String>,
    pub cited_log_file: Option<String>,
    pub cited_record_index: Option<i64>,
    /// attested, mismatch, ...: what digest files say of the cited log file (see the view log_file_attestations).
    pub cited_log_file_state: Option<String>,
    pub cited_digest_file: Option<String>,
}
