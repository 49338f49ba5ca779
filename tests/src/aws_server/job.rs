//! A Bedrock job as the service keeps it.

use std::collections::BTreeMap;

use schemas::job::JobKind;
use serde_json::{Map, Value};

use super::pages::fingerprint;

/// The model that jobs here are based on: its id has colons in it, as real ones do.
const BASE_MODEL: &str = "cohere.command-text-v14:7:4k";

/// When the first job was made: 2025-03-01T10:00:00Z. Each later one was made a minute after.
pub const FIRST_JOB_CREATED_AT: i64 = 1_740_823_200;

/// A job of any kind.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its kind, which is also in its ARN.
    pub kind: JobKind,
    /// Its name.
    pub name: String,
    /// Its ARN, in the form that AWS gives to this kind.
    pub arn: String,
    /// One of the kind's own statuses; `InProgress` at first.
    pub status: String,
    /// The role that the job runs as.
    pub role_arn: String,
    /// The foundation model; an invocation job's `modelId`.
    pub base_model_arn: String,
    /// Seconds since 1970.
    pub created_at: i64,
    /// Seconds since 1970.
    pub ended_at: Option<i64>,
    /// Why it failed.
    pub failure_message: Option<String>,
    /// Subnet ids and security group ids; `None` is a job outside a VPC.
    pub vpc_config: Option<(Vec<String>, Vec<String>)>,
    /// Where the job reads: training data, the model to import, the prompts of a batch.
    pub training_s3_uri: Option<String>,
    /// Where the job writes; import jobs write nothing that the API tells.
    pub output_s3_uri: String,
    /// The customer's key.
    pub kms_key: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Members of the Get call's answer in place of those that follow from the rest, and beside them.
    pub members: Map<String, Value>,
    /// The whole request, where one made the job.
    pub request: Option<Value>,
    /// How many Get calls still show a job that is being stopped as `Stopping`; `None`: all.
    pub stopping_looks: Option<u32>,
}

impl Job {
    pub(super) fn new(kind: JobKind, name: &str, account: &str, region: &str, before: &[Self]) -> Self {
        let word = kind.as_str().replace('_', "-");
        let model = if kind == JobKind::ModelCustomization { format!("{BASE_MODEL}/") } else { String::new() };
        let arn_of = |id: &str| format!("arn:aws:bedrock:{region}:{account}:{word}-job/{model}{id}");
        let arn = (0..).map(|turn| arn_of(&id_of(name, turn))).find(|arn| before.iter().all(|job| job.arn != *arn));
        Self {
            kind,
            name: name.to_owned(),
            arn: arn.expect("some turn gives an id that no job has"),
            status: "InProgress".to_owned(),
            role_arn: format!("arn:aws:iam::{account}:role/bedrock-jobs"),
            base_model_arn: format!("arn:aws:bedrock:{region}::foundation-model/{BASE_MODEL}"),
            created_at: FIRST_JOB_CREATED_AT + 60 * i64::try_from(before.len()).expect("jobs are few"),
            ended_at: None,
            failure_message: None,
            vpc_config: None,
            training_s3_uri: Some(format!("s3://training-{account}/{name}/train.jsonl")),
            output_s3_uri: format!("s3://output-{account}/{name}/"),
            kms_key: None,
            tags: BTreeMap::new(),
            members: Map::new(),
            request: None,
            stopping_looks: None,
        }
    }

    /// Runs in these subnets, behind these security groups.
    pub fn in_vpc(&mut self, subnet_ids: &[&str], security_group_ids: &[&str]) -> &mut Self {
        self.vpc_config = Some((owned(subnet_ids), owned(security_group_ids)));
        self
    }

    /// Has that status.
    pub fn status(&mut self, status: &str) -> &mut Self {
        status.clone_into(&mut self.status);
        self
    }

    /// Was made at that second since 1970.
    pub fn created_at(&mut self, seconds: i64) -> &mut Self {
        self.created_at = seconds;
        self
    }

    /// Failed at that second since 1970, for that reason.
    pub fn failed(&mut self, message: &str, seconds: i64) -> &mut Self {
        self.failure_message = Some(message.to_owned());
        self.ended("Failed", seconds)
    }

    /// Has come to that status at that second since 1970.
    pub fn ended(&mut self, status: &str, seconds: i64) -> &mut Self {
        self.ended_at = Some(seconds);
        self.status(status)
    }

    /// Runs as that role.
    pub fn role(&mut self, arn: &str) -> &mut Self {
        arn.clone_into(&mut self.role_arn);
        self
    }

    /// Reads there.
    pub fn reads(&mut self, s3_uri: &str) -> &mut Self {
        self.training_s3_uri = Some(s3_uri.to_owned());
        self
    }

    /// Writes there.
    pub fn writes(&mut self, s3_uri: &str) -> &mut Self {
        s3_uri.clone_into(&mut self.output_s3_uri);
        self
    }

    /// Encrypts with that key.
    pub fn encrypted_with(&mut self, kms_key: &str) -> &mut Self {
        self.kms_key = Some(kms_key.to_owned());
        self
    }

    /// Has that tag.
    pub fn tag(&mut self, key: &str, value: &str) -> &mut Self {
        self.tags.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The Get call tells that member.
    pub fn member(&mut self, name: &str, value: Value) -> &mut Self {
        self.members.insert(name.to_owned(), value);
        self
    }

    /// Once it is told to stop, so many Get calls still show it as `Stopping`.
    pub fn stops_after(&mut self, looks: u32) -> &mut Self {
        self.stopping_looks = Some(looks);
        self
    }

    /// The twelve characters at the end of its ARN.
    pub fn id(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or_default()
    }
}

/// Twelve lower-case letters and digits that follow from the name, as the ends of real job ARNs look.
fn id_of(name: &str, turn: u32) -> String {
    let mut rest = fingerprint(&format!("{name}/{turn}"));
    let mut id = String::new();
    for _ in 0..12 {
        let digit = u32::try_from(rest % 36).expect("a digit is small");
        id.push(char::from_digit(digit, 36).expect("36 digits have 36 characters"));
        rest /= 36;
    }
    id
}

pub(super) fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
