//! The parameters of a Config rule, as typed into `InputParameters`, and what they mean once checked.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use schemas::control::ControlId;
use schemas::job::JobKind;
use serde_json::{Map, Value};

use crate::controls::Policy;
use crate::facts::Job;

/// The resource type that stands for the whole account, which Config always accepts.
pub const ACCOUNT_TYPE: &str = "AWS::::Account";

/// The statuses of every kind of job (API Reference, "ModelCustomizationJobSummary", "ModelInvocationJobSummary").
pub const STATUSES: [&str; 10] = [
    "Submitted",
    "Validating",
    "Scheduled",
    "InProgress",
    "Completed",
    "PartiallyCompleted",
    "Failed",
    "Stopping",
    "Stopped",
    "Expired",
];

/// Every parameter with its meaning and default, for messages and for the README.
pub const KNOWN: [(&str, &str); 8] = [
    ("control", "the control to judge by (job_in_vpc)"),
    ("jobKinds", "comma-separated kinds of job (all)"),
    ("jobStatuses", "comma-separated statuses of job (all)"),
    ("maxJobAgeDays", "only jobs created in this many days before the evaluation (all)"),
    ("mandatoryTagKeys", "comma-separated tag keys of job_network_tagged (Owner,DataSensitivity,CostCenter)"),
    ("reportedResourceType", "a registered private type, or AWS::::Account (AWS::::Account)"),
    ("resourceSchemaVersion", "the registered version of that private type (00000001)"),
    ("executionRoleName", "the role to assume in another account that an organization rule evaluates (none)"),
];

/// A parameter that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidParameter {
    /// No such parameter.
    #[error("rule parameter {name:?} is unknown; the parameters are {}", KNOWN.map(|(name, _)| name).join(", "))]
    Unknown {
        /// As typed.
        name: String,
    },
    /// A value that does not fit.
    #[error("rule parameter {name} is {found:?}; expected {expected}")]
    Value {
        /// The parameter.
        name: &'static str,
        /// As typed.
        found: String,
        /// What it may be.
        expected: String,
    },
    /// The text is not a JSON object.
    #[error("ruleParameters is {found:?}; expected a JSON object of strings")]
    NotAnObject {
        /// Its beginning.
        found: String,
    },
}

/// Which jobs a rule looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Kinds of job.
    pub kinds: BTreeSet<JobKind>,
    /// Statuses; `None`: all, those of the future included.
    pub statuses: Option<BTreeSet<String>>,
    /// How long before the evaluation a job may have been created.
    pub max_age: Option<TimeDelta>,
}

impl Default for Selection {
    fn default() -> Self {
        Self { kinds: JobKind::ALL.into(), statuses: None, max_age: None }
    }
}

impl Selection {
    /// The earliest creation time looked at.
    pub fn created_from(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.max_age.and_then(|age| now.checked_sub_signed(age))
    }

    /// Whether the rule looks at this job.
    pub fn includes(&self, job: &Job, now: DateTime<Utc>) -> bool {
        self.kinds.contains(&job.kind)
            && self.statuses.as_ref().is_none_or(|statuses| statuses.contains(&job.status))
            && self.created_from(now).is_none_or(|from| job.created_at >= from)
    }
}

/// Where verdicts show in the Config console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reported {
    /// One result for the account.
    Account,
    /// One result a job, under a private type of the CloudFormation registry.
    PrivateType {
        /// For example `MyCompany::Bedrock::Job`.
        name: String,
        /// The version under which it was registered, for example `00000001`.
        schema_version: String,
    },
}

/// What the owner of a rule decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// The control.
    pub control: ControlId,
    /// The jobs.
    pub selection: Selection,
    /// What controls ask of the network.
    pub policy: Policy,
    /// Where verdicts show.
    pub reported: Reported,
    /// The role to assume in a member account.
    pub execution_role_name: Option<String>,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            control: ControlId::JobInVpc,
            selection: Selection::default(),
            policy: Policy::default(),
            reported: Reported::Account,
            execution_role_name: None,
        }
    }
}

impl Parameters {
    /// Reads the text of `ruleParameters`; a rule without parameters has none.
    pub fn parse(text: Option<&str>) -> Result<Self, InvalidParameter> {
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(Self::default()) };
        match serde_json::from_str(text) {
            Ok(Value::Object(typed)) => Self::from_object(&typed),
            Ok(Value::Null) => Ok(Self::default()),
            _ => Err(InvalidParameter::NotAnObject { found: text.chars().take(80).collect() }),
        }
    }

    fn from_object(typed: &Map<String, Value>) -> Result<Self, InvalidParameter> {
        let mut parameters = Self::default();
        let (mut type_name, mut schema_version) = (None, "00000001".to_owned());
        for (name, value) in typed {
            let text = text_of(value);
            match name.as_str() {
                "control" => parameters.control = control(&text)?,
                "jobKinds" => parameters.selection.kinds = kinds(&text)?,
                "jobStatuses" => parameters.selection.statuses = Some(statuses(&text)?),
                "maxJobAgeDays" => parameters.selection.max_age = Some(days(&text)?),
                "mandatoryTagKeys" => parameters.policy.mandatory_tag_keys = words(&text),
                "reportedResourceType" => type_name = private_type(&text)?,
                "resourceSchemaVersion" => schema_version = self::schema_version(&text)?,
                "executionRoleName" => parameters.execution_role_name = Some(role_name(&text)?),
                // Config and its tools add this one to rules of their own accord.
                "debug" => {}
                _ => return Err(InvalidParameter::Unknown { name: name.clone() }),
            }
        }
        if let Some(name) = type_name {
            parameters.reported = Reported::PrivateType { name, schema_version };
        }
        Ok(parameters)
    }
}

/// Config hands every value over as a string; people who invoke the function by hand write numbers.
fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_owned())
}

fn words(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn refuse(name: &'static str, found: &str, expected: impl Into<String>) -> InvalidParameter {
    InvalidParameter::Value { name, found: found.to_owned(), expected: expected.into() }
}

fn control(text: &str) -> Result<ControlId, InvalidParameter> {
    let known = || format!("one of {}", ControlId::ALL.map(ControlId::as_str).join(", "));
    ControlId::parse(text).ok_or_else(|| refuse("control", text, known()))
}

fn kinds(text: &str) -> Result<BTreeSet<JobKind>, InvalidParameter> {
    let expected = || format!("some of {}", JobKind::ALL.map(JobKind::as_str).join(", "));
    let parse = |word: &String| JobKind::ALL.into_iter().find(|kind| kind.as_str() == word);
    let kinds: Option<BTreeSet<JobKind>> = words(text).iter().map(parse).collect();
    kinds.filter(|kinds| !kinds.is_empty()).ok_or_else(|| refuse("jobKinds", text, expected()))
}

fn statuses(text: &str) -> Result<BTreeSet<String>, InvalidParameter> {
    let words: BTreeSet<String> = words(text).into_iter().collect();
    if words.is_empty() || words.iter().any(|word| !STATUSES.contains(&word.as_str())) {
        return Err(refuse("jobStatuses", text, format!("some of {}", STATUSES.join(", "))));
    }
    Ok(words)
}

fn days(text: &str) -> Result<TimeDelta, InvalidParameter> {
    let days = text.parse::<u16>().ok().filter(|days| *days > 0);
    let days = days.ok_or_else(|| refuse("maxJobAgeDays", text, "a number of days from 1 to 65535"))?;
    Ok(TimeDelta::days(days.into()))
}

/// `None` is the account. AWS keeps some first words for itself (API Reference, "PutResourceConfig").
fn private_type(text: &str) -> Result<Option<String>, InvalidParameter> {
    if text == ACCOUNT_TYPE {
        return Ok(None);
    }
    let parts: Vec<&str> = text.split("::").collect();
    let is_word = |part: &&str| (2..=64).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let reserved = ["aws", "amzn", "amazon", "alexa", "custom"];
    if parts.len() == 3 && parts.iter().all(is_word) && !reserved.contains(&parts[0].to_lowercase().as_str()) {
        return Ok(Some(text.to_owned()));
    }
    let expected = format!("{ACCOUNT_TYPE}, or a private type of three words such as MyCompany::Bedrock::Job");
    Err(refuse("reportedResourceType", text, expected))
}

fn schema_version(text: &str) -> Result<String, InvalidParameter> {
    let is_valid = (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let expected = "the version id that the CloudFormation registry gave, such as 00000001";
    is_valid.then(|| text.to_owned()).ok_or_else(|| refuse("resourceSchemaVersion", text, expected))
}

fn role_name(text: &str) -> Result<String, InvalidParameter> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&byte);
    let is_valid = (1..=512).contains(&text.len()) && text.bytes().all(is_allowed) && !text.starts_with("arn:");
    let expected = "the name of a role, with its path but without arn:";
    is_valid.then(|| text.to_owned()).ok_or_else(|| refuse("executionRoleName", text, expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_without_parameters_judges_every_job_by_job_in_vpc() {
        for text in [None, Some(""), Some("{}"), Some("null"), Some(r#"{"debug":true}"#)] {
            assert_eq!(Parameters::parse(text), Ok(Parameters::default()), "{text:?}");
        }
    }

    #[test]
    fn every_parameter_is_read() {
        let text = r#"{"control":"job_network_tagged","jobKinds":"model_import, model_customization","jobStatuses":"InProgress",
            "maxJobAgeDays":"90","mandatoryTagKeys":"owner","reportedResourceType":"Acme::Bedrock::Job",
            "resourceSchemaVersion":"00000002","executionRoleName":"audit/BedrockAudit"}"#;
        let parameters = Parameters::parse(Some(text)).expect("all are known");
        assert_eq!(parameters.control, ControlId::JobNetworkTagged);
        assert_eq!(parameters.selection.kinds, [JobKind::ModelCustomization, JobKind::ModelImport].into());
        assert_eq!(parameters.selection.max_age, Some(TimeDelta::days(90)));
        assert_eq!(parameters.policy.mandatory_tag_keys, ["owner"]);
        let reported =
            Reported::PrivateType { name: "Acme::Bedrock::Job".to_owned(), schema_version: "00000002".to_owned() };
        assert_eq!(parameters.reported, reported);
        for (name, _) in KNOWN {
            assert!(text.contains(&format!("\"{name}\"")), "{name} is not in this test");
        }
    }

    #[test]
    fn a_wrong_parameter_lists_the_right_ones() {
        for (text, expected) in [
            (r#"{"contorl":"job_in_vpc"}"#, "control, jobKinds, jobStatuses"),
            (r#"{"control":"job-in-vpc"}"#, "job_in_vpc, job_security_groups_exist"),
            (r#"{"jobKinds":"evaluation"}"#, "model_customization, model_import, model_invocation"),
            (r#"{"jobKinds":" , "}"#, "some of"),
            (r#"{"jobStatuses":"Running"}"#, "InProgress"),
            (r#"{"maxJobAgeDays":"-1"}"#, "1 to 65535"),
            (r#"{"maxJobAgeDays":0}"#, "1 to 65535"),
            (r#"{"reportedResourceType":"AWS::Bedrock::Job"}"#, "AWS::::Account, or a private type"),
            (r#"{"executionRoleName":"arn:aws:iam::1:role/x"}"#, "without arn:"),
            ("[1]", "a JSON object"),
            ("{", "a JSON object"),
        ] {
            let error = Parameters::parse(Some(text)).expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
