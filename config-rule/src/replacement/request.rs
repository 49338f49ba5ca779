//! The request of `CreateModelCustomizationJob`, every member under AWS's own name, so that its JSON is what
//! `aws bedrock create-model-customization-job --cli-input-json` takes (Amazon Bedrock API Reference).

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::facts::VpcConfig;

/// Every member, in the order of the API Reference.
pub const MEMBERS: [&str; 15] = [
    "jobName",
    "customModelName",
    "roleArn",
    "clientRequestToken",
    "baseModelIdentifier",
    "customizationType",
    "customModelKmsKeyId",
    "jobTags",
    "customModelTags",
    "trainingDataConfig",
    "validationDataConfig",
    "outputDataConfig",
    "hyperParameters",
    "vpcConfig",
    "customizationConfig",
];

/// The members that every request has.
pub const REQUIRED: [&str; 6] =
    ["jobName", "customModelName", "roleArn", "baseModelIdentifier", "trainingDataConfig", "outputDataConfig"];

/// The request. A member that is not there is not sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// The job's name.
    pub job_name: String,
    /// The name of the model that it makes.
    pub custom_model_name: String,
    /// The role that Bedrock assumes for it.
    pub role_arn: String,
    /// A second request with the same token makes no second job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_request_token: Option<String>,
    /// The base model: an ARN, an id or a name.
    pub base_model_identifier: String,
    /// `FINE_TUNING`, `CONTINUED_PRE_TRAINING`, `DISTILLATION`, `REINFORCEMENT_FINE_TUNING`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customization_type: Option<String>,
    /// The customer's key that the model is encrypted with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_model_kms_key_id: Option<String>,
    /// Tags of the job.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub job_tags: Vec<Tag>,
    /// Tags of the model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub custom_model_tags: Vec<Tag>,
    /// What it learns from.
    pub training_data_config: TrainingDataConfig,
    /// What it is validated with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_data_config: Option<ValidationDataConfig>,
    /// Where it writes.
    pub output_data_config: S3Place,
    /// How it learns.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hyper_parameters: BTreeMap<String, String>,
    /// Where it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc_config: Option<Network>,
    /// What distillation and reinforcement fine-tuning need beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customization_config: Option<CustomizationConfig>,
}

/// `Tag`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tag {
    /// Its key.
    pub key: String,
    /// Its value, which may be empty.
    pub value: String,
}

/// `OutputDataConfig`, and one `Validator`: an `s3://` location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct S3Place {
    /// `s3://bucket/prefix`
    pub s3_uri: String,
}

/// `TrainingDataConfig`: one of the two.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrainingDataConfig {
    /// `s3://bucket/key`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3_uri: Option<String>,
    /// Logs of invocations to distil from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invocation_logs_config: Option<InvocationLogsConfig>,
}

/// `InvocationLogsConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InvocationLogsConfig {
    /// Whether the logged answers are used too.
    #[serde(default)]
    pub use_prompt_response: bool,
    /// Where the logs are.
    pub invocation_log_source: InvocationLogSource,
    /// Which of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_metadata_filters: Option<RequestMetadataFilters>,
}

/// `InvocationLogSource`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum InvocationLogSource {
    /// `s3://bucket/prefix`
    S3Uri(String),
}

/// `RequestMetadataFilters`. CloudTrail masks what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RequestMetadataFilters {
    /// Every one of these.
    AndAll(Vec<RequestMetadataBaseFilters>),
    /// One key with that value.
    Equals(BTreeMap<String, String>),
    /// One key without that value.
    NotEquals(BTreeMap<String, String>),
    /// Any of these.
    OrAll(Vec<RequestMetadataBaseFilters>),
}

/// `RequestMetadataBaseFilters`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestMetadataBaseFilters {
    /// One key with that value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equals: Option<BTreeMap<String, String>>,
    /// One key without that value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_equals: Option<BTreeMap<String, String>>,
}

/// `ValidationDataConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidationDataConfig {
    /// At most ten.
    pub validators: Vec<S3Place>,
}

/// `VpcConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Network {
    /// 1 to 16.
    pub subnet_ids: Vec<String>,
    /// 1 to 5.
    pub security_group_ids: Vec<String>,
}

impl From<&VpcConfig> for Network {
    fn from(network: &VpcConfig) -> Self {
        Self { subnet_ids: network.subnet_ids.clone(), security_group_ids: network.security_group_ids.clone() }
    }
}

/// `CustomizationConfig`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CustomizationConfig {
    /// Of distillation.
    DistillationConfig(DistillationConfig),
    /// Of reinforcement fine-tuning.
    RftConfig(RftConfig),
}

/// `DistillationConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DistillationConfig {
    /// The model to learn from.
    pub teacher_model_config: TeacherModelConfig,
}

/// `TeacherModelConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TeacherModelConfig {
    /// The model.
    pub teacher_model_identifier: String,
    /// The longest answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_response_length_for_inference: Option<i32>,
}

/// `RFTConfig`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RftConfig {
    /// What grades answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grader_config: Option<GraderConfig>,
    /// How it learns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hyper_parameters: Option<RftHyperParameters>,
}

/// `GraderConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GraderConfig {
    /// A Lambda function.
    LambdaGrader(LambdaGraderConfig),
}

/// `LambdaGraderConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LambdaGraderConfig {
    /// The function.
    pub lambda_arn: String,
}

/// `RFTHyperParameters`. The learning rate is a `float` of AWS, kept in its shortest decimal form.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RftHyperParameters {
    /// `epochCount`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch_count: Option<i32>,
    /// `batchSize`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<i32>,
    /// `learningRate`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// `maxPromptLength`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_prompt_length: Option<i32>,
    /// `trainingSamplePerPrompt`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub training_sample_per_prompt: Option<i32>,
    /// `inferenceMaxTokens`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inference_max_tokens: Option<i32>,
    /// `low`, `medium` or `high`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<String>,
    /// `evalInterval`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eval_interval: Option<i32>,
}

/// How a token of ours begins.
const TOKEN_PREFIX: &str = "bedrock-audit-";

/// This many hexadecimal digits of the hash: nobody makes two requests meet in them.
const TOKEN_DIGITS: usize = 40;

impl Request {
    /// The same with the token that follows from all the rest, so that submitting it twice makes one job.
    #[must_use]
    pub fn with_token(self) -> Self {
        let rest = Self { client_request_token: None, ..self };
        let text = serde_json::to_string(&rest).expect("texts, numbers and maps with text keys");
        let hash: String = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        Self { client_request_token: Some(format!("{TOKEN_PREFIX}{}", &hash[..TOKEN_DIGITS])), ..rest }
    }

    /// Everything that the job reads from S3.
    pub fn input_s3_uris(&self) -> Vec<String> {
        let logs = self.training_data_config.invocation_logs_config.as_ref();
        let logs = logs.map(|logs| {
            let InvocationLogSource::S3Uri(uri) = &logs.invocation_log_source;
            uri.clone()
        });
        let validators = self.validation_data_config.iter().flat_map(|config| &config.validators);
        let training = self.training_data_config.s3_uri.iter().cloned().chain(logs);
        training.chain(validators.map(|validator| validator.s3_uri.clone())).collect()
    }
}

/// Whether a value is what a member of the request may be; the error says what is wrong with it.
pub fn check_member(member: &str, value: &Value) -> Result<(), String> {
    match member {
        "jobTags" | "customModelTags" => takes::<Vec<Tag>>(value),
        "trainingDataConfig" => takes::<TrainingDataConfig>(value),
        "validationDataConfig" => takes::<ValidationDataConfig>(value),
        "outputDataConfig" => takes::<S3Place>(value),
        "hyperParameters" => takes::<BTreeMap<String, String>>(value),
        "vpcConfig" => takes::<Network>(value),
        "customizationConfig" => takes::<CustomizationConfig>(value),
        member if MEMBERS.contains(&member) => takes::<String>(value),
        _ => Err("the API has no such member".to_owned()),
    }
}

fn takes<T: DeserializeOwned>(value: &Value) -> Result<(), String> {
    serde_json::from_value::<T>(value.clone()).map(drop).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::cases;
    use super::*;

    /// Every member, each union in turn.
    fn whole() -> Value {
        json!({
            "jobName": "a", "customModelName": "b", "roleArn": "c", "clientRequestToken": "d",
            "baseModelIdentifier": "e", "customizationType": "DISTILLATION", "customModelKmsKeyId": "f",
            "jobTags": [{"key": "k", "value": ""}], "customModelTags": [{"key": "k", "value": "v"}],
            "trainingDataConfig": {"invocationLogsConfig": {
                "usePromptResponse": true,
                "invocationLogSource": {"s3Uri": "s3://logs/p"},
                "requestMetadataFilters": {"andAll": [{"equals": {"x": "1"}}, {"notEquals": {"y": "2"}}]},
            }},
            "validationDataConfig": {"validators": [{"s3Uri": "s3://v/1"}]},
            "outputDataConfig": {"s3Uri": "s3://o/"},
            "hyperParameters": {"epochCount": "2"},
            "vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]},
            "customizationConfig": {"distillationConfig": {"teacherModelConfig": {
                "teacherModelIdentifier": "t", "maxResponseLengthForInference": 100,
            }}},
        })
    }

    #[test]
    fn its_json_has_the_names_and_the_order_of_the_api() {
        let request: Request = serde_json::from_value(whole()).expect("every member is known");
        let written = serde_json::to_value(&request).expect("a value");
        assert_eq!(written, whole());
        let names: Vec<&String> = written.as_object().expect("an object").keys().collect();
        assert_eq!(names, MEMBERS);
        assert_eq!(request.input_s3_uris(), ["s3://logs/p", "s3://v/1"]);
    }

    #[test]
    fn the_other_unions_read_back_too() {
        for (member, value) in [
            (
                "customizationConfig",
                json!({"rftConfig": {
                    "graderConfig": {"lambdaGrader": {"lambdaArn": "l"}},
                    "hyperParameters": {"epochCount": 1, "learningRate": 0.00001, "reasoningEffort": "low"},
                }}),
            ),
            ("trainingDataConfig", json!({"s3Uri": "s3://t/1"})),
            (
                "trainingDataConfig",
                json!({"invocationLogsConfig": {
                    "usePromptResponse": false,
                    "invocationLogSource": {"s3Uri": "s3://l"},
                    "requestMetadataFilters": {"notEquals": {"x": "1"}},
                }}),
            ),
        ] {
            assert_eq!(check_member(member, &value), Ok(()), "{value}");
            let mut whole = whole();
            whole[member] = value.clone();
            let request: Request = serde_json::from_value(whole).expect("a request");
            assert_eq!(serde_json::to_value(request).expect("a value")[member], value);
        }
    }

    #[test]
    fn a_member_of_another_form_is_refused_with_what_is_wrong() {
        for (member, value, expected) in [
            ("hyperParameters", json!({"epochCount": 2}), "expected a string"),
            ("outputDataConfig", json!({}), "s3Uri"),
            ("outputDataConfig", json!({"s3Uri": "s3://o", "kmsKey": "k"}), "kmsKey"),
            ("customizationConfig", json!({"otherConfig": {}}), "otherConfig"),
            ("roleArn", json!(1), "expected a string"),
            ("modelName", json!("x"), "no such member"),
        ] {
            let error = check_member(member, &value).expect_err("another form");
            assert!(error.contains(expected), "{member}: {error}");
        }
    }

    #[test]
    fn the_token_follows_from_all_the_rest() {
        let token = |change: &dyn Fn(&mut Request)| {
            let mut request = cases::request();
            change(&mut request);
            request.with_token().client_request_token.expect("a token")
        };
        let first = token(&|_| ());
        assert!(first.len() == 54 && first.starts_with("bedrock-audit-"), "{first}");
        assert_eq!(first, token(&|request| request.client_request_token = Some("other".to_owned())));
        assert_ne!(first, token(&|request| request.job_name.push('x')));
        assert_ne!(first, token(&|request| request.vpc_config = None));
        assert_ne!(first, token(&|request| drop(request.hyper_parameters.insert("a".to_owned(), "b".to_owned()))));
    }
}
