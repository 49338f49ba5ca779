//! What a line of evidence says, as plain values; `schemas/json/evidence.schema.json` describes the same.
//!
//! A member that this version does not know is passed over. A member that it knows and a line lacks is an error, also
//! where its value may be null: a job without `vpc_config` is one that was not described, not one outside a VPC.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use schemas::control::Verdict;
use schemas::ids::{AccountId, Region};
use schemas::job::{JobKind, VpcConfigState};
use serde::de::{Deserializer, Error as _};
use serde::ser::{Error as _, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The run that the lines are of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The account that it looked at.
    pub account_id: AccountId,
    /// The Region that it looked at.
    #[serde(rename = "region")]
    pub aws_region: Region,
    /// The rule, or what else asked.
    pub rule_name: String,
    /// Of the invocation.
    pub request_id: String,
    /// When Config asked. What the lines tell was read after that: seconds later as a rule, at most hours where Lambda
    /// had to try again.
    #[serde(serialize_with = "write_millis", deserialize_with = "read_time")]
    pub evaluated_at: DateTime<Utc>,
    /// Listings that were cut short: there may be more jobs.
    pub unread_lists: Vec<Unread>,
}

/// A read that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// The IAM action of the call.
    pub action: String,
    /// What was asked about.
    pub resource: String,
    /// Why there is no answer.
    pub cause: String,
}

/// Something that was looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "value")]
pub enum Fact<T> {
    /// It is there, and this is what it says.
    Known(T),
    /// It is not there.
    Absent,
    /// Nobody can tell.
    Unreadable(Unread),
}

/// One job, one control, and what was said of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The control's name.
    pub control: String,
    /// The job as listed.
    pub job: Job,
    /// The job as it describes itself.
    pub detail: Fact<Detail>,
    /// What the control says, waivers already applied.
    #[serde(serialize_with = "write_verdict", deserialize_with = "read_verdict")]
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// The resources that decide.
    pub resources: Vec<String>,
    /// What could not be read.
    pub unread: Vec<Unread>,
    /// What the job's waiver tag is worth.
    pub waiver: Waiver,
}

/// A job as listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Its kind.
    #[serde(serialize_with = "write_kind", deserialize_with = "read_kind")]
    pub kind: JobKind,
    /// The API's own word.
    pub status: String,
    /// When it was created.
    #[serde(serialize_with = "write_time", deserialize_with = "read_time")]
    pub created_at: DateTime<Utc>,
    /// When it ended, where it has.
    #[serde(serialize_with = "write_maybe_time", deserialize_with = "read_maybe_time")]
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it failed, where it has; evidence written before the rule told it lacks this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_message: Option<String>,
}

/// The statuses that a job never leaves (API Reference, "GetModelCustomizationJob", "GetModelInvocationJob").
pub const FINISHED: [&str; 5] = ["Completed", "Failed", "Stopped", "PartiallyCompleted", "Expired"];

/// What a job says of itself. None of it changes after the job was created.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Detail {
    /// The role that it runs as.
    #[serde(deserialize_with = "nullable")]
    pub role_arn: Option<String>,
    /// Where it runs; `None`: outside any VPC of the customer.
    #[serde(deserialize_with = "nullable")]
    pub vpc_config: Option<VpcConfig>,
    /// What it reads.
    pub input_s3_uris: Vec<String>,
    /// The customer key that it encrypts with.
    #[serde(deserialize_with = "nullable")]
    pub customer_key: Option<String>,
}

/// `vpcConfig`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct VpcConfig {
    /// Its subnets.
    pub subnet_ids: Vec<String>,
    /// Its security groups.
    pub security_group_ids: Vec<String>,
}

impl<T> Fact<T> {
    /// What it says, where it is known.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Absent | Self::Unreadable(_) => None,
        }
    }
}

impl Fact<Detail> {
    /// Whether the job has a `vpcConfig`.
    pub fn vpc_config_state(&self) -> VpcConfigState {
        match self {
            Self::Known(detail) if detail.vpc_config.is_some() => VpcConfigState::Present,
            Self::Known(_) => VpcConfigState::Absent,
            Self::Absent | Self::Unreadable(_) => VpcConfigState::Unknown,
        }
    }
}

/// What a job's waiver tag is worth. The rule only looks at the tags of a job that does not meet a control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "value")]
pub enum Waiver {
    /// There is no such tag, or nobody looked.
    No,
    /// It holds.
    Yes(Terms),
    /// Its last day is over.
    Expired(Terms),
    /// It cannot be read, and this is what is wrong with it.
    Malformed(String),
}

/// A waiver as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The last day, UTC, on which it holds.
    #[serde(rename = "expires", serialize_with = "write_day", deserialize_with = "read_day")]
    pub last_day: NaiveDate,
}

impl Waiver {
    /// The state's name in tables.
    pub const fn state(&self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Yes(_) => "yes",
            Self::Expired(_) => "expired",
            Self::Malformed(_) => "malformed",
        }
    }

    /// The waiver, where it could be read.
    pub const fn terms(&self) -> Option<&Terms> {
        match self {
            Self::Yes(terms) | Self::Expired(terms) => Some(terms),
            Self::No | Self::Malformed(_) => None,
        }
    }
}

/// A job that the function asked to stop, because it ran outside any VPC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// The job as it was then.
    pub job: Job,
    /// As it describes itself.
    pub detail: Detail,
    /// What its waiver tag was worth.
    pub waiver: Waiver,
    /// Why it was stopped.
    pub why: String,
    /// What came of it.
    pub outcome: String,
    /// What told the function of the job.
    pub event: String,
}

/// Something around the jobs that a run looked up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "LookedUpAsWritten")]
pub struct LookedUp {
    /// What sort of thing.
    pub record: LookedUpKind,
    /// The id, name or use that was looked up.
    pub of: Json,
    /// What is known of it.
    pub fact: Fact<Json>,
}

/// What sort of thing was looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookedUpKind {
    /// A security group, by its id.
    SecurityGroup,
    /// A subnet, by its id.
    Subnet,
    /// A VPC, by its id.
    Vpc,
    /// The route tables of a VPC, by its id.
    RouteTables,
    /// The VPC endpoints of a VPC, by its id.
    Endpoints,
    /// A prefix list, by its name.
    PrefixList,
    /// What a role may not do for a job in a VPC, by role and network.
    RoleDenials,
    /// The policy of a bucket, by the bucket's name.
    BucketPolicy,
}

impl LookedUpKind {
    /// Every sort.
    pub const ALL: [Self; 8] = [
        Self::SecurityGroup,
        Self::Subnet,
        Self::Vpc,
        Self::RouteTables,
        Self::Endpoints,
        Self::PrefixList,
        Self::RoleDenials,
        Self::BucketPolicy,
    ];

    /// Its name in lines and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SecurityGroup => "security_group",
            Self::Subnet => "subnet",
            Self::Vpc => "vpc",
            Self::RouteTables => "route_tables",
            Self::Endpoints => "endpoints",
            Self::PrefixList => "prefix_list",
            Self::RoleDenials => "role_denials",
            Self::BucketPolicy => "bucket_policy",
        }
    }

    /// The sort of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

#[derive(Deserialize)]
struct LookedUpAsWritten {
    record: LookedUpKind,
    of: Json,
    fact: FactAsWritten,
}

/// JSON text cannot pass through the way in which serde reads [`Fact`] when `value` comes before `state`.
#[derive(Deserialize)]
struct FactAsWritten {
    state: String,
    value: Option<Json>,
}

impl TryFrom<LookedUpAsWritten> for LookedUp {
    type Error = String;

    fn try_from(line: LookedUpAsWritten) -> Result<Self, String> {
        let fact = match (line.fact.state.as_str(), line.fact.value) {
            ("known", Some(value)) => Fact::Known(value),
            ("absent", _) => Fact::Absent,
            ("unreadable", Some(value)) => Fact::Unreadable(value.read().map_err(|error| error.to_string())?),
            ("known" | "unreadable", None) => return Err(format!("it is {} and has no value", line.fact.state)),
            (other, _) => return Err(format!("its state is {other:?}; expected known, absent or unreadable")),
        };
        Ok(Self { record: line.record, of: line.of, fact })
    }
}

/// JSON as its text. Two are equal when their texts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json(String);

impl Json {
    /// The JSON of a value.
    pub fn of(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        serde_json::to_string(value).map(Self)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value, read.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.0)
    }

    /// What a person would write: of a string its characters, of anything else its text.
    pub fn plain(&self) -> String {
        self.read().unwrap_or_else(|_| self.0.clone())
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(Box::<str>::from(raw).into()))
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.clone()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

/// Reads a member that must be there and may be null.
pub(super) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

fn time<E: serde::de::Error>(text: &str) -> Result<DateTime<Utc>, E> {
    let parsed = DateTime::parse_from_rfc3339(text).map(|at| at.to_utc());
    parsed.map_err(|_| E::custom(format!("{text:?} is no time; expected one as 2026-03-01T09:30:05Z")))
}

fn read_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    time(&String::deserialize(deserializer)?)
}

fn read_maybe_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    Option::<String>::deserialize(deserializer)?.map(|text| time(&text)).transpose()
}

fn read_day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
    let text = String::deserialize(deserializer)?;
    let expected = || D::Error::custom(format!("{text:?} is no day; expected one as 2026-03-01"));
    NaiveDate::parse_from_str(&text, "%Y-%m-%d").map_err(|_| expected())
}

fn read_verdict<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Verdict, D::Error> {
    let text = String::deserialize(deserializer)?;
    let names = || Verdict::ALL.map(Verdict::as_str).join(", ");
    Verdict::parse(&text)
        .ok_or_else(|| D::Error::custom(format!("{text:?} is no verdict; expected one of {}", names())))
}

fn read_kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<JobKind, D::Error> {
    let text = String::deserialize(deserializer)?;
    let names = || JobKind::ALL.map(JobKind::as_str).join(", ");
    let found = JobKind::ALL.into_iter().find(|kind| kind.as_str() == text);
    found.ok_or_else(|| D::Error::custom(format!("{text:?} is no kind of job; expected one of {}", names())))
}

fn write_millis<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true))
}

fn write_time<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

fn write_maybe_time<S: Serializer>(at: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => write_time(at, serializer),
        None => serializer.serialize_none(),
    }
}

fn write_day<S: Serializer>(day: &NaiveDate, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(day)
}

fn write_verdict<S: Serializer>(verdict: &Verdict, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(verdict.as_str())
}

fn write_kind<S: Serializer>(kind: &JobKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.as_str())
}
