//! Members of a request as the SDK has them, and as we do: `told_` reads what a job tells, `sent_` makes what is
//! submitted.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_bedrock::error::BuildError;
use aws_sdk_bedrock::types;

use super::Unknown;
use crate::replacement::request::{
    CustomizationConfig, DistillationConfig, GraderConfig, InvocationLogSource, InvocationLogsConfig,
    LambdaGraderConfig, Network, RequestMetadataBaseFilters, RequestMetadataFilters, RftConfig, RftHyperParameters,
    S3Place, Tag, TeacherModelConfig, TrainingDataConfig, ValidationDataConfig,
};

type Built<T> = Result<T, BuildError>;
type Told<T> = Result<T, Unknown>;

pub fn told_map(map: &HashMap<String, String>) -> BTreeMap<String, String> {
    map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// An empty map is not sent.
pub fn sent_map(map: &BTreeMap<String, String>) -> Option<HashMap<String, String>> {
    (!map.is_empty()).then(|| hash_map(map))
}

fn hash_map(map: &BTreeMap<String, String>) -> HashMap<String, String> {
    map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

pub fn told_network(network: &types::VpcConfig) -> Network {
    Network { subnet_ids: network.subnet_ids.clone(), security_group_ids: network.security_group_ids.clone() }
}

pub fn sent_network(network: Option<&Network>) -> Built<Option<types::VpcConfig>> {
    let build = |network: &Network| {
        types::VpcConfig::builder()
            .set_subnet_ids(Some(network.subnet_ids.clone()))
            .set_security_group_ids(Some(network.security_group_ids.clone()))
            .build()
    };
    network.map(build).transpose()
}

/// An empty list is not sent.
pub fn sent_tags(tags: &[Tag]) -> Built<Option<Vec<types::Tag>>> {
    let build = |tag: &Tag| types::Tag::builder().key(&tag.key).value(&tag.value).build();
    let tags = tags.iter().map(build).collect::<Built<Vec<_>>>()?;
    Ok(Some(tags).filter(|tags| !tags.is_empty()))
}

/// A place whose location is missing on the wire is not there.
pub fn told_output(output: &types::OutputDataConfig) -> Option<Told<S3Place>> {
    (!output.s3_uri.is_empty()).then(|| Ok(S3Place { s3_uri: output.s3_uri.clone() }))
}

pub fn sent_output(output: &S3Place) -> Built<types::OutputDataConfig> {
    types::OutputDataConfig::builder().s3_uri(&output.s3_uri).build()
}

/// Without validators there is no validation.
pub fn told_validation(validation: &types::ValidationDataConfig) -> Option<Told<ValidationDataConfig>> {
    let place = |validator: &types::Validator| S3Place { s3_uri: validator.s3_uri.clone() };
    let validators: Vec<S3Place> = validation.validators.iter().map(place).collect();
    (!validators.is_empty()).then_some(Ok(ValidationDataConfig { validators }))
}

pub fn sent_validation(validation: Option<&ValidationDataConfig>) -> Built<Option<types::ValidationDataConfig>> {
    let Some(validation) = validation else { return Ok(None) };
    let build = |place: &S3Place| types::Validator::builder().s3_uri(&place.s3_uri).build();
    let validators = validation.validators.iter().map(build).collect::<Built<Vec<_>>>()?;
    types::ValidationDataConfig::builder().set_validators(Some(validators)).build().map(Some)
}

pub fn told_training(training: &types::TrainingDataConfig) -> Told<TrainingDataConfig> {
    let logs = training.invocation_logs_config.as_ref().map(told_logs).transpose()?;
    Ok(TrainingDataConfig { s3_uri: training.s3_uri.clone(), invocation_logs_config: logs })
}

pub fn sent_training(training: &TrainingDataConfig) -> types::TrainingDataConfig {
    types::TrainingDataConfig::builder()
        .set_s3_uri(training.s3_uri.clone())
        .set_invocation_logs_config(training.invocation_logs_config.as_ref().map(sent_logs))
        .build()
}

fn told_logs(logs: &types::InvocationLogsConfig) -> Told<InvocationLogsConfig> {
    let Some(types::InvocationLogSource::S3Uri(uri)) = &logs.invocation_log_source else { return Err(Unknown) };
    Ok(InvocationLogsConfig {
        use_prompt_response: logs.use_prompt_response,
        invocation_log_source: InvocationLogSource::S3Uri(uri.clone()),
        request_metadata_filters: logs.request_metadata_filters.as_ref().map(told_filters).transpose()?,
    })
}

fn sent_logs(logs: &InvocationLogsConfig) -> types::InvocationLogsConfig {
    let InvocationLogSource::S3Uri(uri) = &logs.invocation_log_source;
    types::InvocationLogsConfig::builder()
        .use_prompt_response(logs.use_prompt_response)
        .invocation_log_source(types::InvocationLogSource::S3Uri(uri.clone()))
        .set_request_metadata_filters(logs.request_metadata_filters.as_ref().map(sent_filters))
        .build()
}

fn told_filters(filters: &types::RequestMetadataFilters) -> Told<RequestMetadataFilters> {
    match filters {
        types::RequestMetadataFilters::AndAll(all) => {
            Ok(RequestMetadataFilters::AndAll(all.iter().map(told_base).collect()))
        }
        types::RequestMetadataFilters::OrAll(all) => {
            Ok(RequestMetadataFilters::OrAll(all.iter().map(told_base).collect()))
        }
        types::RequestMetadataFilters::Equals(map) => Ok(RequestMetadataFilters::Equals(told_map(map))),
        types::RequestMetadataFilters::NotEquals(map) => Ok(RequestMetadataFilters::NotEquals(told_map(map))),
        _ => Err(Unknown),
    }
}

fn sent_filters(filters: &RequestMetadataFilters) -> types::RequestMetadataFilters {
    match filters {
        RequestMetadataFilters::AndAll(all) => {
            types::RequestMetadataFilters::AndAll(all.iter().map(sent_base).collect())
        }
        RequestMetadataFilters::OrAll(all) => types::RequestMetadataFilters::OrAll(all.iter().map(sent_base).collect()),
        RequestMetadataFilters::Equals(map) => types::RequestMetadataFilters::Equals(hash_map(map)),
        RequestMetadataFilters::NotEquals(map) => types::RequestMetadataFilters::NotEquals(hash_map(map)),
    }
}

fn told_base(base: &types::RequestMetadataBaseFilters) -> RequestMetadataBaseFilters {
    RequestMetadataBaseFilters {
        equals: base.equals.as_ref().map(told_map),
        not_equals: base.not_equals.as_ref().map(told_map),
    }
}

fn sent_base(base: &RequestMetadataBaseFilters) -> types::RequestMetadataBaseFilters {
    types::RequestMetadataBaseFilters::builder()
        .set_equals(base.equals.as_ref().map(hash_map))
        .set_not_equals(base.not_equals.as_ref().map(hash_map))
        .build()
}

pub fn told_customization(config: &types::CustomizationConfig) -> Told<CustomizationConfig> {
    match config {
        types::CustomizationConfig::DistillationConfig(distillation) => {
            let teacher = distillation.teacher_model_config.as_ref().ok_or(Unknown)?;
            let teacher_model_config = TeacherModelConfig {
                teacher_model_identifier: teacher.teacher_model_identifier.clone(),
                max_response_length_for_inference: teacher.max_response_length_for_inference,
            };
            Ok(CustomizationConfig::DistillationConfig(DistillationConfig { teacher_model_config }))
        }
        types::CustomizationConfig::RftConfig(rft) => Ok(CustomizationConfig::RftConfig(RftConfig {
            grader_config: rft.grader_config.as_ref().map(told_grader).transpose()?,
            hyper_parameters: rft.hyper_parameters.as_ref().map(told_rft),
        })),
        _ => Err(Unknown),
    }
}

pub fn sent_customization(config: Option<&CustomizationConfig>) -> Built<Option<types::CustomizationConfig>> {
    let sent = match config {
        None => return Ok(None),
        Some(CustomizationConfig::DistillationConfig(distillation)) => {
            let teacher = &distillation.teacher_model_config;
            let teacher = types::TeacherModelConfig::builder()
                .teacher_model_identifier(&teacher.teacher_model_identifier)
                .set_max_response_length_for_inference(teacher.max_response_length_for_inference)
                .build()?;
            let distillation = types::DistillationConfig::builder().teacher_model_config(teacher).build();
            types::CustomizationConfig::DistillationConfig(distillation)
        }
        Some(CustomizationConfig::RftConfig(rft)) => {
            let grader = rft.grader_config.as_ref().map(sent_grader).transpose()?;
            let rft = types::RftConfig::builder()
                .set_grader_config(grader)
                .set_hyper_parameters(rft.hyper_parameters.as_ref().map(sent_rft))
                .build();
            types::CustomizationConfig::RftConfig(rft)
        }
    };
    Ok(Some(sent))
}

fn told_grader(grader: &types::GraderConfig) -> Told<GraderConfig> {
    match grader {
        types::GraderConfig::LambdaGrader(lambda) => {
            Ok(GraderConfig::LambdaGrader(LambdaGraderConfig { lambda_arn: lambda.lambda_arn.clone() }))
        }
        _ => Err(Unknown),
    }
}

fn sent_grader(grader: &GraderConfig) -> Built<types::GraderConfig> {
    let GraderConfig::LambdaGrader(lambda) = grader;
    let lambda = types::LambdaGraderConfig::builder().lambda_arn(&lambda.lambda_arn).build()?;
    Ok(types::GraderConfig::LambdaGrader(lambda))
}

fn told_rft(rft: &types::RftHyperParameters) -> RftHyperParameters {
    RftHyperParameters {
        epoch_count: rft.epoch_count,
        batch_size: rft.batch_size,
        learning_rate: rft.learning_rate.map(shortest),
        max_prompt_length: rft.max_prompt_length,
        training_sample_per_prompt: rft.training_sample_per_prompt,
        inference_max_tokens: rft.inference_max_tokens,
        reasoning_effort: rft.reasoning_effort.as_ref().map(|effort| effort.as_str().to_owned()),
        eval_interval: rft.eval_interval,
    }
}

fn sent_rft(rft: &RftHyperParameters) -> types::RftHyperParameters {
    types::RftHyperParameters::builder()
        .set_epoch_count(rft.epoch_count)
        .set_batch_size(rft.batch_size)
        .set_learning_rate(rft.learning_rate.map(|rate| rate as f32))
        .set_max_prompt_length(rft.max_prompt_length)
        .set_training_sample_per_prompt(rft.training_sample_per_prompt)
        .set_inference_max_tokens(rft.inference_max_tokens)
        .set_reasoning_effort(rft.reasoning_effort.as_deref().map(Into::into))
        .set_eval_interval(rft.eval_interval)
        .build()
}

/// The number that was meant: 0.00001, not 0.000009999999747378752.
fn shortest(number: f32) -> f64 {
    number.to_string().parse().unwrap_or_else(|_| f64::from(number))
}
