//! The trails of an account, and what each does: what `doctor` asks CloudTrail.

use aws_config::{Region, SdkConfig};
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudtrail::primitives::DateTime as SmithyTime;
use aws_sdk_cloudtrail::types::{
    AdvancedEventSelector, AdvancedFieldSelector, EventSelector, ReadWriteType, Trail as SdkTrail,
};
use chrono::{DateTime, TimeDelta, Utc};
use config_rule::facts::Unread;

use super::s3::words_of;
use crate::doctor::facts::{Trail, TrailStatus};
use crate::doctor::selectors::{AdvancedSelector, BasicSelector, FieldSelector, Selectors};

/// CloudTrail in one Region.
pub struct Trails(Client);

impl Trails {
    /// CloudTrail where the environment says, or at an endpoint of its own.
    pub fn new(config: &SdkConfig, endpoint_url: Option<&str>, region: &str) -> Self {
        let mut conf = aws_sdk_cloudtrail::config::Builder::from(config).region(Region::new(region.to_owned()));
        if let Some(url) = endpoint_url {
            conf = conf.endpoint_url(url);
        }
        Self(Client::from_conf(conf.build()))
    }

    /// Every trail that delivers what happens in the Region: its own, those of all Regions, the organization's.
    pub async fn describe_trails(&self) -> Result<Vec<Trail>, Unread> {
        let answer = self.0.describe_trails().include_shadow_trails(true).send().await;
        let answer = answer.map_err(|error| unread("cloudtrail:DescribeTrails", "all trails", &error))?;
        Ok(answer.trail_list.unwrap_or_default().into_iter().map(trail).collect())
    }

    /// What a trail does in this Region.
    pub async fn get_trail_status(&self, arn: &str) -> Result<TrailStatus, Unread> {
        let answer = self.0.get_trail_status().name(arn).send().await;
        let answer = answer.map_err(|error| unread("cloudtrail:GetTrailStatus", arn, &error))?;
        let said = |text: Option<String>| text.filter(|text| !text.is_empty());
        Ok(TrailStatus {
            is_logging: answer.is_logging.unwrap_or_default(),
            stopped_at: answer.stop_logging_time.as_ref().and_then(time),
            latest_delivery: answer.latest_delivery_time.as_ref().and_then(time),
            delivery_error: said(answer.latest_delivery_error),
            digest_error: said(answer.latest_digest_delivery_error),
        })
    }

    /// What it lets through; asked in the Region that it was made in.
    pub async fn get_event_selectors(&self, arn: &str) -> Result<Selectors, Unread> {
        let answer = self.0.get_event_selectors().trail_name(arn).send().await;
        let answer = answer.map_err(|error| unread("cloudtrail:GetEventSelectors", arn, &error))?;
        let advanced = answer.advanced_event_selectors.unwrap_or_default();
        if advanced.is_empty() {
            let basic = answer.event_selectors.unwrap_or_default();
            return Ok(Selectors::Basic(basic.into_iter().map(basic_selector).collect()));
        }
        Ok(Selectors::Advanced(advanced.into_iter().map(advanced_selector).collect()))
    }

    /// Whether the keys of a day are to be had.
    pub async fn list_public_keys(&self, until: DateTime<Utc>) -> Result<(), Unread> {
        let seconds = |at: DateTime<Utc>| SmithyTime::from_secs(at.timestamp());
        let request =
            self.0.list_public_keys().start_time(seconds(until - TimeDelta::days(1))).end_time(seconds(until));
        let answer = request.send().await;
        answer.map(drop).map_err(|error| unread("cloudtrail:ListPublicKeys", "the keys of the last day", &error))
    }
}

fn unread<E, R>(action: &str, resource: &str, error: &SdkError<E, R>) -> Unread
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    Unread { action: action.to_owned(), resource: resource.to_owned(), cause: words_of(error) }
}

fn time(at: &SmithyTime) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(at.secs(), at.subsec_nanos())
}

fn trail(trail: SdkTrail) -> Trail {
    Trail {
        name: trail.name.unwrap_or_default(),
        arn: trail.trail_arn.unwrap_or_default(),
        bucket: trail.s3_bucket_name.unwrap_or_default(),
        key_prefix: trail.s3_key_prefix.unwrap_or_default(),
        home_region: trail.home_region.unwrap_or_default(),
        is_multi_region: trail.is_multi_region_trail.unwrap_or_default(),
        is_organization: trail.is_organization_trail.unwrap_or_default(),
        has_validation: trail.log_file_validation_enabled.unwrap_or_default(),
        kms_key: trail.kms_key_id.filter(|key| !key.is_empty()),
    }
}

/// What is not said has its default: management events, all of them.
fn basic_selector(selector: EventSelector) -> BasicSelector {
    let read_write_type = selector.read_write_type.unwrap_or(ReadWriteType::All);
    BasicSelector {
        read_write_type: read_write_type.as_str().to_owned(),
        includes_management_events: selector.include_management_events.unwrap_or(true),
        excluded_sources: selector.exclude_management_event_sources.unwrap_or_default(),
    }
}

fn advanced_selector(selector: AdvancedEventSelector) -> AdvancedSelector {
    let field = |field: AdvancedFieldSelector| FieldSelector {
        field: field.field,
        equals: field.equals.unwrap_or_default(),
        starts_with: field.starts_with.unwrap_or_default(),
        ends_with: field.ends_with.unwrap_or_default(),
        not_equals: field.not_equals.unwrap_or_default(),
        not_starts_with: field.not_starts_with.unwrap_or_default(),
        not_ends_with: field.not_ends_with.unwrap_or_default(),
    };
    AdvancedSelector { fields: selector.field_selectors.into_iter().map(field).collect() }
}
