//! Records into rows of `events`.

use schemas::record::{Form, IDENTITY, MEMBERS};
use schemas::tables::EVENTS;
use std::borrow::Cow;

use super::identity::IdentityReader;
use super::record::{Record, text_of};
use crate::table::{Row, TableBuilder, place_of};

/// Collects rows of `events`.
pub struct EventRows {
    rows: TableBuilder,
    identity: IdentityReader,
    places: Places,
}

/// The places of columns in `events`.
struct Places {
    log_file: usize,
    record_index: usize,
    members: [usize; MEMBERS.len()],
    identity: [usize; IDENTITY.len()],
    other_members: usize,
}

impl EventRows {
    /// No rows yet.
    pub fn new() -> Self {
        let place = |column| place_of(&EVENTS, column);
        let places = Places {
            log_file: place("log_file"),
            record_index: place("record_index"),
            members: MEMBERS.map(|member| place(member.column)),
            identity: IDENTITY.map(|(_, column)| place(column)),
            other_members: place("other_members"),
        };
        Self { rows: TableBuilder::new(&EVENTS), identity: IdentityReader::new(), places }
    }

    /// Adds a record.
    pub fn push(&mut self, record: &Record<'_>, log_file: &str, index: usize) {
        let places = &self.places;
        let mut row = self.rows.row().text_at(places.log_file, log_file).int_at(places.record_index, index);
        for ((member, json), place) in MEMBERS.iter().zip(record.members).zip(places.members) {
            let Some(json) = json else { continue };
            row = match member.form {
                Form::Json => row.text_at(place, json),
                Form::Text => set_text(row, place, json, record.has_escapes),
                Form::Time => row.time_at(place, record.event_time),
                Form::Bool => match json {
                    "true" => row.bool_at(place, true),
                    "false" => row.bool_at(place, false),
                    _ => row,
                },
            };
            if member.name == "userIdentity" {
                for (value, place) in self.identity.values(json).into_iter().zip(places.identity) {
                    if let Some(json) = value {
                        row = set_text(row, place, json, record.has_escapes);
                    }
                }
            }
        }
        if !record.others.is_empty() {
            row = row.text_at(places.other_members, &other_members(&record.others));
        }
        row.end();
    }

    /// The rows, whose batch the caller takes.
    pub fn builder(&mut self) -> &mut TableBuilder {
        &mut self.rows
    }
}

/// Null stays null.
fn set_text<'a>(row: Row<'a>, place: usize, json: &str, has_escapes: bool) -> Row<'a> {
    match text_of(json, has_escapes) {
        Some(text) => row.text_at(place, &text),
        None => row,
    }
}

/// The members without a column, as one JSON object.
fn other_members(others: &[(Cow<'_, str>, &str)]) -> String {
    let members: Vec<String> =
        others.iter().map(|(name, json)| format!("{}:{json}", serde_json::Value::from(name.as_ref()))).collect();
    format!("{{{}}}", members.join(","))
}

#[cfg(test)]
mod tests {
    use super::super::record::RecordReader;
    use super::*;
    use arrow::array::{Array, AsArray};
    use arrow::record_batch::RecordBatch;
    use serde_json::{Value, json};

    fn rows_of(record: &Value) -> RecordBatch {
        let text = record.to_string();
        let mut rows = EventRows::new();
        rows.push(&RecordReader::default().read(text.as_bytes()).expect("a record"), "a.json.gz", 7);
        rows.builder().finish()
    }

    fn cell(batch: &RecordBatch, column: &str) -> Option<String> {
        let array = batch[column].as_string::<i32>();
        array.is_valid(0).then(|| array.value(0).to_owned())
    }

    fn record() -> Value {
        json!({
            "eventVersion": "1.11", "eventTime": "2026-03-04T05:06:07Z", "eventSource": "ec2.amazonaws.com",
            "eventName": "DeleteVpc", "eventID": "e-1", "readOnly": false, "sessionCredentialFromConsole": true,
            "userIdentity": {
                "type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/r/s", "accountId": null,
                "sessionContext": {
                    "attributes": {"mfaAuthenticated": "false"},
                    "sessionIssuer": {"arn": "arn:aws:iam::1:role/r"},
                    "sourceIdentity": "anna",
                },
            },
            "requestParameters": {"vpcId": "vpc-1", "n": 1.50}, "responseElements": null, "newMember": [1, {"a": "\"b\""}],
        })
    }

    #[test]
    fn every_identity_member_reaches_the_column_that_its_pointer_names() {
        let mut identity = json!({});
        for (pointer, column) in IDENTITY {
            let mut at = &mut identity;
            for step in pointer.split('/').skip(1) {
                at = &mut at[step];
            }
            *at = json!(column);
        }
        let mut record = record();
        record["userIdentity"] = identity;
        let batch = rows_of(&record);
        for (_, column) in IDENTITY {
            assert_eq!(cell(&batch, column).as_deref(), Some(column));
        }
    }

    #[test]
    fn values_keep_their_text_and_absent_is_not_null() {
        let batch = rows_of(&record());
        assert_eq!(cell(&batch, "request_parameters").as_deref(), Some(r#"{"vpcId":"vpc-1","n":1.5}"#));
        assert_eq!(cell(&batch, "response_elements").as_deref(), Some("null"));
        assert_eq!(cell(&batch, "additional_event_data"), None);
        assert_eq!(cell(&batch, "session_credential_from_console").as_deref(), Some("true"));
        assert_eq!(cell(&batch, "user_identity_account_id"), None);
        assert_eq!(cell(&batch, "source_identity").as_deref(), Some("anna"));
        assert_eq!(cell(&batch, "other_members").as_deref(), Some(r#"{"newMember":[1,{"a":"\"b\""}]}"#));
        assert!(!batch["read_only"].as_boolean().value(0));
    }

    #[test]
    fn an_identity_of_any_form_is_kept_whole() {
        for identity in [json!(null), json!("root"), json!({"type": ["odd"], "sessionContext": 5})] {
            let mut record = record();
            record["userIdentity"] = identity.clone();
            assert_eq!(cell(&rows_of(&record), "user_identity").as_deref(), Some(identity.to_string().as_str()));
        }
    }
}
