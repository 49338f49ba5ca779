//! Records into rows of `events`.

use schemas::record::{Form, IDENTITY, MEMBERS};
use schemas::tables::EVENTS;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

use super::record::{Record, text_of};
use crate::table::{Row, TableBuilder, place_of};

/// Collects rows of `events`.
pub struct EventRows {
    rows: TableBuilder,
    member_places: Vec<usize>,
    identity_places: Vec<usize>,
}

impl EventRows {
    /// No rows yet.
    pub fn new() -> Self {
        Self {
            rows: TableBuilder::new(&EVENTS),
            member_places: MEMBERS.iter().map(|member| place_of(&EVENTS, member.column)).collect(),
            identity_places: IDENTITY.iter().map(|(_, column)| place_of(&EVENTS, column)).collect(),
        }
    }

    /// Adds a record.
    pub fn push(&mut self, record: &Record<'_>, log_file: &str, index: usize) {
        let mut row = self.rows.row().text("log_file", log_file).int("record_index", index);
        for ((member, raw), place) in MEMBERS.iter().zip(record.members).zip(&self.member_places) {
            let Some(raw) = raw else { continue };
            row = match member.form {
                Form::Json => row.text_at(*place, raw.get()),
                Form::Text => set_text(row, *place, text_of(raw)),
                Form::Time => row.time_at(*place, record.event_time),
                Form::Bool => match raw.get() {
                    "true" => row.bool_at(*place, true),
                    "false" => row.bool_at(*place, false),
                    _ => row,
                },
            };
            if member.name == "userIdentity" {
                row = set_identity(row, raw, &self.identity_places);
            }
        }
        if !record.others.is_empty() {
            row = row.text("other_members", other_members(&record.others));
        }
        row.end();
    }

    /// The rows, whose batch the caller takes.
    pub fn builder(&mut self) -> &mut TableBuilder {
        &mut self.rows
    }
}

fn set_text<'a>(row: Row<'a>, place: usize, text: Option<Cow<'_, str>>) -> Row<'a> {
    match text {
        Some(text) => row.text_at(place, &text),
        None => row,
    }
}

fn set_identity<'a>(mut row: Row<'a>, raw: &RawValue, places: &[usize]) -> Row<'a> {
    // Null, or of a form that nobody documented: `user_identity` keeps it whole all the same.
    let Ok(identity) = serde_json::from_str::<Identity<'_>>(raw.get()) else { return row };
    for (value, place) in identity.in_order().into_iter().zip(places) {
        row = set_text(row, *place, value.and_then(text_of));
    }
    row
}

/// The members without a column, as one JSON object.
fn other_members(others: &[(Cow<'_, str>, &RawValue)]) -> String {
    let members: Vec<String> =
        others.iter().map(|(name, raw)| format!("{}:{}", serde_json::Value::from(name.as_ref()), raw.get())).collect();
    format!("{{{}}}", members.join(","))
}

/// `userIdentity`, as far as it has columns. Any member may be missing or null.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'a> {
    #[serde(borrow, rename = "type", default)]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    principal_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    arn: Option<&'a RawValue>,
    #[serde(borrow, default)]
    account_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    access_key_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    user_name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    invoked_by: Option<&'a RawValue>,
    #[serde(borrow, default)]
    identity_provider: Option<&'a RawValue>,
    #[serde(borrow, default)]
    session_context: Option<SessionContext<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct SessionContext<'a> {
    #[serde(borrow)]
    session_issuer: Option<SessionIssuer<'a>>,
    #[serde(borrow)]
    attributes: Option<Attributes<'a>>,
    #[serde(borrow)]
    source_identity: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct SessionIssuer<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    principal_id: Option<&'a RawValue>,
    #[serde(borrow)]
    arn: Option<&'a RawValue>,
    #[serde(borrow)]
    account_id: Option<&'a RawValue>,
    #[serde(borrow)]
    user_name: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Attributes<'a> {
    #[serde(borrow)]
    creation_date: Option<&'a RawValue>,
    #[serde(borrow)]
    mfa_authenticated: Option<&'a RawValue>,
}

impl<'a> Identity<'a> {
    /// The values in the order of [`IDENTITY`].
    fn in_order(self) -> [Option<&'a RawValue>; IDENTITY.len()] {
        let session = self.session_context.unwrap_or_default();
        let issuer = session.session_issuer.unwrap_or_default();
        let attributes = session.attributes.unwrap_or_default();
        [
            self.kind,
            self.principal_id,
            self.arn,
            self.account_id,
            self.access_key_id,
            self.user_name,
            self.invoked_by,
            self.identity_provider,
            issuer.kind,
            issuer.principal_id,
            issuer.arn,
            issuer.account_id,
            issuer.user_name,
            attributes.creation_date,
            attributes.mfa_authenticated,
            session.source_identity,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Array, AsArray};
    use arrow::record_batch::RecordBatch;
    use serde_json::{Value, json};

    fn rows_of(record: &Value) -> RecordBatch {
        let text = record.to_string();
        let mut rows = EventRows::new();
        rows.push(&Record::parse(text.as_bytes()).expect("a record"), "a.json.gz", 7);
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
