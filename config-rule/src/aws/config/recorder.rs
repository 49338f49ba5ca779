//! What AWS Config records in the Region. The recorders that other services link to theirs are none of ours.

use aws_sdk_config::Client;
use aws_sdk_config::types::{ConfigurationRecorder, ConfigurationRecorderStatus};

use crate::account::{RecordedTypes, Recorder, RecorderStatus};
use crate::aws::{Connection, unread};
use crate::facts::Unread;

/// What each call is about.
const REGION: &str = "this Region";

impl Connection {
    /// The recorders that the account has made: one, or none.
    pub async fn describe_configuration_recorders(&self) -> Result<Vec<Recorder>, Unread> {
        let answer = Client::new(&self.base).describe_configuration_recorders().send().await;
        let answer = answer.map_err(|error| unread("config:DescribeConfigurationRecorders", REGION, &error))?;
        let recorders = answer.configuration_recorders.unwrap_or_default();
        Ok(recorders.into_iter().filter(|recorder| recorder.service_principal.is_none()).map(recorder).collect())
    }

    /// What they do.
    pub async fn describe_configuration_recorder_status(&self) -> Result<Vec<RecorderStatus>, Unread> {
        let answer = Client::new(&self.base).describe_configuration_recorder_status().send().await;
        let answer = answer.map_err(|error| unread("config:DescribeConfigurationRecorderStatus", REGION, &error))?;
        let statuses = answer.configuration_recorders_status.unwrap_or_default();
        Ok(statuses.into_iter().filter(|status| status.service_principal.is_none()).map(status).collect())
    }

    /// The buckets that Config delivers to: one, or none.
    pub async fn describe_delivery_channels(&self) -> Result<Vec<String>, Unread> {
        let answer = Client::new(&self.base).describe_delivery_channels().send().await;
        let answer = answer.map_err(|error| unread("config:DescribeDeliveryChannels", REGION, &error))?;
        let channels = answer.delivery_channels.unwrap_or_default();
        Ok(channels.into_iter().map(|channel| channel.s3_bucket_name.unwrap_or_default()).collect())
    }
}

fn recorder(recorder: ConfigurationRecorder) -> Recorder {
    let names = |types: Option<Vec<aws_sdk_config::types::ResourceType>>| -> Vec<String> {
        types.unwrap_or_default().iter().map(|of| of.as_str().to_owned()).collect()
    };
    let types = match recorder.recording_group {
        // A recorder without a group records every type.
        None => RecordedTypes::All,
        Some(group) => {
            let strategy = group.recording_strategy.and_then(|strategy| strategy.use_only);
            let is_exclusion = strategy.is_some_and(|only| only.as_str() == "EXCLUSION_BY_RESOURCE_TYPES");
            match group.exclusion_by_resource_types {
                _ if group.all_supported => RecordedTypes::All,
                Some(excluded) if is_exclusion => RecordedTypes::AllBut(names(excluded.resource_types)),
                _ => RecordedTypes::Only(names(group.resource_types)),
            }
        }
    };
    Recorder { name: recorder.name.unwrap_or_default(), types }
}

fn status(status: ConfigurationRecorderStatus) -> RecorderStatus {
    // The service writes FAILURE where its model says Failure.
    let has_failed = status.last_status.is_some_and(|last| last.as_str().eq_ignore_ascii_case("failure"));
    let said = [status.last_error_code, status.last_error_message].into_iter().flatten().collect::<Vec<_>>().join(": ");
    RecorderStatus {
        name: status.name.unwrap_or_default(),
        is_recording: status.recording,
        last_failure: has_failed.then_some(said),
    }
}
