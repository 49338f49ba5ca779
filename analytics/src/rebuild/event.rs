//! A row of `events` as the rebuild reads it.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::who::Who;

/// The columns that the rebuild asks for, in this order.
pub const COLUMNS: &str = "event_id, event_time, event_source, event_name, aws_region, recipient_account_id, \
     error_code, error_message, source_ip_address, user_agent, user_identity_arn, user_identity_principal_id, \
     user_identity_account_id, user_identity_invoked_by, session_issuer_arn, source_identity, request_parameters, \
     response_elements, log_file, record_index";

/// Where a resource lives. The same id in another account or Region is another resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// The account.
    pub account_id: String,
    /// The Region.
    pub aws_region: String,
}

/// The record that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Citation {
    /// `eventID`.
    pub event_id: String,
    /// The log file.
    pub log_file: String,
    /// The record's place in it.
    pub record_index: i64,
}

/// One event.
#[derive(Debug, Clone)]
pub struct Event {
    /// The account that received it, and its Region.
    pub scope: Scope,
    /// `eventTime`.
    pub at: DateTime<Utc>,
    /// `eventName`.
    pub name: String,
    /// `errorCode`.
    pub error_code: Option<String>,
    /// `errorMessage`.
    pub error_message: Option<String>,
    /// `requestParameters`; `None` when the record has none, or JSON null.
    pub request: Option<Value>,
    /// `responseElements`, likewise.
    pub response: Option<Value>,
    /// Who made the request.
    pub who: Who,
    /// The record.
    pub citation: Citation,
}

impl Event {
    /// The events of a batch.
    pub fn of_batch(batch: &RecordBatch) -> Vec<Self> {
        (0..batch.num_rows()).map(|row| Self::of_row(batch, row)).collect()
    }

    fn of_row(batch: &RecordBatch, row: usize) -> Self {
        let maybe = |name: &str| {
            let column = batch[name].as_string::<i32>();
            column.is_valid(row).then(|| column.value(row).to_owned())
        };
        let text = |name: &str| maybe(name).unwrap_or_default();
        let json = |name: &str| {
            maybe(name).and_then(|text| serde_json::from_str(&text).ok()).filter(|json: &Value| !json.is_null())
        };
        let micros = batch["event_time"].as_primitive::<TimestampMicrosecondType>().value(row);
        Self {
            scope: Scope {
                account_id: maybe("recipient_account_id")
                    .or_else(|| maybe("user_identity_account_id"))
                    .unwrap_or_else(|| "unknown".to_owned()),
                aws_region: maybe("aws_region").unwrap_or_else(|| "unknown".to_owned()),
            },
            at: DateTime::from_timestamp_micros(micros).expect("chrono wrote it"),
            name: text("event_name"),
            error_code: maybe("error_code"),
            error_message: maybe("error_message"),
            request: json("request_parameters"),
            response: json("response_elements"),
            who: Who {
                principal_arn: maybe("user_identity_arn"),
                session_issuer_arn: maybe("session_issuer_arn"),
                session_name: maybe("user_identity_principal_id").as_deref().and_then(super::who::session_name),
                source_identity: maybe("source_identity"),
                invoked_by: maybe("user_identity_invoked_by"),
                source_ip_address: maybe("source_ip_address"),
                user_agent: maybe("user_agent"),
            },
            citation: Citation {
                event_id: text("event_id"),
                log_file: text("log_file"),
                record_index: batch["record_index"].as_primitive::<Int64Type>().value(row),
            },
        }
    }

    /// Whether the request changed anything: no error code, and EC2's `_return` not false. A dry run has an error code.
    pub fn is_accepted(&self) -> bool {
        let refused_in_response =
            self.response.as_ref().and_then(|response| response.get("_return")).is_some_and(|value| match value {
                Value::Bool(accepted) => !accepted,
                Value::String(text) => text == "false",
                _ => false,
            });
        self.error_code.is_none() && !refused_in_response
    }
}
