//! Trails: `DescribeTrails`, `GetTrailStatus`, `GetEventSelectors` (their pages of the CloudTrail API Reference).

use serde_json::{Map, Value, json};

use crate::aws_server::http::Refusal;
use crate::aws_server::model;
use crate::aws_server::service::Caller;

/// A trail. Every account of an organization sees its trail.
#[derive(Debug, Clone)]
pub struct Trail {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The account that made it.
    pub account: String,
    /// The Region that it was made in.
    pub home_region: String,
    /// The bucket that it delivers to.
    pub bucket: String,
    /// What stands before `AWSLogs` there.
    pub key_prefix: Option<String>,
    /// Whether it logs all Regions.
    pub is_multi_region: bool,
    /// Whether it logs all accounts of the organization, which here are all accounts.
    pub is_organization: bool,
    /// Whether it has digest files.
    pub has_validation: bool,
    /// The customer key that it encrypts with.
    pub kms_key: Option<String>,
    /// Whether it logs.
    pub is_logging: bool,
    /// When it delivered last, in seconds since 1970.
    pub latest_delivery: Option<i64>,
    /// Why its last delivery failed.
    pub delivery_error: Option<String>,
    /// Its basic event selectors, as the API shows them.
    pub event_selectors: Value,
    /// Its advanced event selectors, as the API shows them: where there are some, it has no basic ones.
    pub advanced_event_selectors: Option<Value>,
}

impl Trail {
    /// A trail of all Regions that logs every management event, with digest files.
    pub fn new(name: &str, account: &str, home_region: &str, bucket: &str) -> Self {
        Self {
            name: name.to_owned(),
            arn: format!("arn:aws:cloudtrail:{home_region}:{account}:trail/{name}"),
            account: account.to_owned(),
            home_region: home_region.to_owned(),
            bucket: bucket.to_owned(),
            key_prefix: None,
            is_multi_region: true,
            is_organization: false,
            has_validation: true,
            kms_key: None,
            is_logging: true,
            latest_delivery: None,
            delivery_error: None,
            event_selectors: json!([{
                "ReadWriteType": "All",
                "IncludeManagementEvents": true,
                "DataResources": [],
                "ExcludeManagementEventSources": [],
            }]),
            advanced_event_selectors: None,
        }
    }

    fn is_home(&self, caller: &Caller) -> bool {
        self.account == caller.account && self.home_region == caller.region
    }

    /// Whether the caller's account and Region have it or a shadow of it.
    fn is_seen(&self, caller: &Caller) -> bool {
        (self.account == caller.account || self.is_organization)
            && (self.home_region == caller.region || self.is_multi_region)
    }

    /// Members without a value are left out.
    fn shown(&self) -> Value {
        let mut shown = json!({
            "Name": self.name,
            "S3BucketName": self.bucket,
            "IncludeGlobalServiceEvents": self.is_multi_region,
            "IsMultiRegionTrail": self.is_multi_region,
            "HomeRegion": self.home_region,
            "TrailARN": self.arn,
            "LogFileValidationEnabled": self.has_validation,
            "HasCustomEventSelectors": self.advanced_event_selectors.is_some(),
            "HasInsightSelectors": false,
            "IsOrganizationTrail": self.is_organization,
        });
        for (name, value) in [("S3KeyPrefix", &self.key_prefix), ("KmsKeyId", &self.kms_key)] {
            if let Some(value) = value {
                shown[name] = json!(value);
            }
        }
        shown
    }
}

/// Names are of the Region's own trails; those of other Regions and accounts go by ARN.
pub(super) fn describe(trails: &[Trail], caller: &Caller, body: &Value) -> Result<Value, Refusal> {
    let members = model::object(body, &["trailNameList", "includeShadowTrails"])?;
    let names = model::texts(model::list(members, "trailNameList", 0, usize::MAX)?, "trailNameList", 1, usize::MAX)?;
    let with_shadows = !members.contains_key("includeShadowTrails") || model::boolean(members, "includeShadowTrails")?;
    let is_asked = |trail: &&Trail| {
        let is_named = names.iter().any(|name| is_named(trail, caller, name));
        trail.is_seen(caller) && (trail.is_home(caller) || with_shadows) && (names.is_empty() || is_named)
    };
    Ok(json!({ "trailList": trails.iter().filter(is_asked).map(Trail::shown).collect::<Vec<_>>() }))
}

pub(super) fn status(trails: &[Trail], caller: &Caller, body: &Value) -> Result<Value, Refusal> {
    let trail = named(trails, caller, model::object(body, &["Name"])?, "Name")?;
    let mut status = json!({ "IsLogging": trail.is_logging });
    if let Some(at) = trail.latest_delivery {
        status["LatestDeliveryTime"] = json!(at);
    }
    if let Some(error) = &trail.delivery_error {
        status["LatestDeliveryError"] = json!(error);
    }
    Ok(status)
}

pub(super) fn event_selectors(trails: &[Trail], caller: &Caller, body: &Value) -> Result<Value, Refusal> {
    let trail = named(trails, caller, model::object(body, &["TrailName"])?, "TrailName")?;
    let mut answer = json!({ "TrailARN": trail.arn });
    match &trail.advanced_event_selectors {
        Some(advanced) => answer["AdvancedEventSelectors"] = advanced.clone(),
        None => answer["EventSelectors"] = trail.event_selectors.clone(),
    }
    Ok(answer)
}

fn is_named(trail: &Trail, caller: &Caller, name: &str) -> bool {
    trail.arn == name || (trail.is_home(caller) && trail.name == name)
}

fn named<'a>(
    trails: &'a [Trail],
    caller: &Caller,
    members: &Map<String, Value>,
    member: &str,
) -> Result<&'a Trail, Refusal> {
    let name = model::required_text(members, member, 1, usize::MAX)?;
    let found = trails.iter().find(|trail| trail.is_seen(caller) && is_named(trail, caller, name));
    found.ok_or_else(|| {
        let message = format!("Unknown trail: {name} for the user: {}", caller.account);
        Refusal::new(400, "TrailNotFoundException", message)
    })
}
