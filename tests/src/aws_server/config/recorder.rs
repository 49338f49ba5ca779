//! The configuration recorder and its delivery channel: `DescribeConfigurationRecorders`,
//! `DescribeConfigurationRecorderStatus`, `DescribeDeliveryChannels` (their pages of the AWS Config API Reference).

use serde_json::{Value, json};

use crate::aws_server::http::Refusal;
use crate::aws_server::model;
use crate::aws_server::state::Place;

/// An account's own recorder and channel are called this until somebody names them otherwise.
const NAME: &str = "default";

/// The account's recorder, where it has one.
pub(super) fn describe(place: &Place, body: &Value) -> Result<Option<Value>, Refusal> {
    require_default(place, body)?;
    let account = &place.account;
    let role = format!("arn:aws:iam::{account}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig");
    let group = json!({
        "allSupported": place.recorded_types.is_empty(),
        "includeGlobalResourceTypes": false,
        "resourceTypes": place.recorded_types,
    });
    let recorder = json!({ "name": NAME, "roleARN": role, "recordingGroup": group, "recordingScope": "PAID" });
    Ok(Some(json!({ "ConfigurationRecorders": if place.has_recorder { vec![recorder] } else { Vec::new() } })))
}

/// What it does.
pub(super) fn status(place: &Place, body: &Value) -> Result<Option<Value>, Refusal> {
    require_default(place, body)?;
    let status = json!({
        "name": NAME,
        "recording": place.recorder_running,
        "lastStatus": if place.recorder_running { "SUCCESS" } else { "PENDING" },
    });
    Ok(Some(json!({ "ConfigurationRecordersStatus": if place.has_recorder { vec![status] } else { Vec::new() } })))
}

/// Where Config delivers, once there is a recorder.
pub(super) fn channels(place: &Place, body: &Value) -> Result<Option<Value>, Refusal> {
    model::object(body, &["DeliveryChannelNames"])?;
    let channel = json!({ "name": NAME, "s3BucketName": format!("config-{}", place.account) });
    Ok(Some(json!({ "DeliveryChannels": if place.has_recorder { vec![channel] } else { Vec::new() } })))
}

/// A recorder that is asked for by name must be there.
fn require_default(place: &Place, body: &Value) -> Result<(), Refusal> {
    let members = model::object(body, &["Arn", "ConfigurationRecorderNames", "ServicePrincipal"])?;
    let names = model::list(members, "ConfigurationRecorderNames", 0, usize::MAX)?;
    let names = model::texts(names, "ConfigurationRecorderNames", 1, 256)?;
    match names.iter().find(|name| !place.has_recorder || **name != NAME) {
        Some(unknown) => {
            let message = format!("Cannot find configuration recorder with the specified name '{unknown}'.");
            Err(Refusal::new(400, "NoSuchConfigurationRecorderException", message))
        }
        None => Ok(()),
    }
}
