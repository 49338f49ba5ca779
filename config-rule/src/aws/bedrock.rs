//! Amazon Bedrock: jobs of every kind.

mod requests;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_bedrock::Client;
use aws_sdk_bedrock::error::ProvideErrorMetadata;
use aws_sdk_bedrock::operation::get_model_customization_job::GetModelCustomizationJobOutput;
use aws_sdk_bedrock::operation::get_model_import_job::GetModelImportJobOutput;
use aws_sdk_bedrock::operation::get_model_invocation_job::GetModelInvocationJobOutput;
use aws_sdk_bedrock::primitives::DateTime as SdkTime;
use aws_sdk_bedrock::types::{
    InvocationLogSource, ModelCustomizationJobSummary, ModelDataSource, ModelImportJobSummary,
    ModelInvocationJobInputDataConfig, ModelInvocationJobOutputDataConfig, ModelInvocationJobSummary,
    TrainingDataConfig,
};
use chrono::{DateTime, Utc};
use schemas::job::JobKind;

use super::{time, unread};
use crate::facts::{Fact, Job, JobDetail, Tags, Unread, VpcConfig};
use crate::gather::{Bedrock, Listing, get_action, list_action};
use crate::immediate::{Stopped, Stopper};

/// The largest page.
const PAGE: i32 = 1000;

pub struct Jobs(Client);

impl Jobs {
    pub fn new(config: &SdkConfig) -> Self {
        Self(Client::new(config))
    }
}

/// Follows the pages of one List call to their end, or to the first that does not come.
macro_rules! list_pages {
    ($kind:expr, $request:expr, $summaries:ident, $job:ident) => {{
        let mut listing = Listing::default();
        let mut pages = $request.max_results(PAGE).into_paginator().send();
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => listing.jobs.extend(page.$summaries().iter().map($job)),
                Err(error) => {
                    listing.cut_short = Some(unread(list_action($kind), "all jobs", &error));
                    break;
                }
            }
        }
        listing
    }};
}

/// What a Get call says, or that there is no such job.
macro_rules! got {
    ($kind:expr, $arn:expr, $answer:expr, $read:ident) => {
        match $answer {
            Ok(answer) => Fact::Known($read(answer)),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Fact::Absent,
            Err(error) => Fact::Unreadable(unread(get_action($kind), $arn, &error)),
        }
    };
}

#[async_trait]
impl Bedrock for Jobs {
    async fn list_jobs(&self, kind: JobKind, created_from: Option<DateTime<Utc>>) -> Listing {
        // The filter leaves out its own instant.
        let after = created_from.map(|from| SdkTime::from_secs(from.timestamp() - 1));
        match kind {
            JobKind::ModelCustomization => {
                let request = self.0.list_model_customization_jobs().set_creation_time_after(after);
                list_pages!(kind, request, model_customization_job_summaries, customization_job)
            }
            JobKind::ModelImport => {
                let request = self.0.list_model_import_jobs().set_creation_time_after(after);
                list_pages!(kind, request, model_import_job_summaries, import_job)
            }
            JobKind::ModelInvocation => {
                let request = self.0.list_model_invocation_jobs().set_submit_time_after(after);
                list_pages!(kind, request, invocation_job_summaries, invocation_job)
            }
        }
    }

    async fn get_job(&self, kind: JobKind, arn: &str) -> Fact<(Job, JobDetail)> {
        match kind {
            JobKind::ModelCustomization => {
                let answer = self.0.get_model_customization_job().job_identifier(arn).send().await;
                got!(kind, arn, answer, customization)
            }
            JobKind::ModelImport => {
                let answer = self.0.get_model_import_job().job_identifier(arn).send().await;
                got!(kind, arn, answer, import)
            }
            JobKind::ModelInvocation => {
                let answer = self.0.get_model_invocation_job().job_identifier(arn).send().await;
                got!(kind, arn, answer, invocation)
            }
        }
    }

    async fn list_tags_for_resource(&self, arn: &str) -> Fact<Tags> {
        match self.0.list_tags_for_resource().resource_arn(arn).send().await {
            Ok(answer) => Fact::Known(answer.tags().iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Fact::Absent,
            Err(error) => Fact::Unreadable(unread("bedrock:ListTagsForResource", arn, &error)),
        }
    }
}

#[async_trait]
impl Stopper for Jobs {
    async fn stop_job(&self, kind: JobKind, arn: &str) -> Result<Stopped, Unread> {
        let (action, code, failed) = match kind {
            JobKind::ModelCustomization => {
                let answer = self.0.stop_model_customization_job().job_identifier(arn).send().await;
                let action = "bedrock:StopModelCustomizationJob";
                (action, code(&answer), answer.err().map(|error| unread(action, arn, &error)))
            }
            JobKind::ModelInvocation => {
                let answer = self.0.stop_model_invocation_job().job_identifier(arn).send().await;
                let action = "bedrock:StopModelInvocationJob";
                (action, code(&answer), answer.err().map(|error| unread(action, arn, &error)))
            }
            JobKind::ModelImport => return Ok(Stopped::CannotBe),
        };
        match (code.as_deref(), failed) {
            (_, None) => Ok(Stopped::Now),
            (Some("ConflictException"), _) => Ok(Stopped::NotRunning),
            (_, Some(failed)) => Err(Unread { action: action.to_owned(), ..failed }),
        }
    }
}

fn code<T, E: ProvideErrorMetadata>(answer: &Result<T, E>) -> Option<String> {
    answer.as_ref().err().and_then(|error| error.code().map(str::to_owned))
}

fn customization_job(summary: &ModelCustomizationJobSummary) -> Job {
    Job {
        arn: summary.job_arn.clone(),
        name: summary.job_name.clone(),
        kind: JobKind::ModelCustomization,
        status: summary.status.as_str().to_owned(),
        created_at: time(&summary.creation_time),
        ended_at: summary.end_time.as_ref().map(time),
        failure_message: None,
    }
}

fn import_job(summary: &ModelImportJobSummary) -> Job {
    Job {
        arn: summary.job_arn.clone(),
        name: summary.job_name.clone(),
        kind: JobKind::ModelImport,
        status: summary.status.as_str().to_owned(),
        created_at: time(&summary.creation_time),
        ended_at: summary.end_time.as_ref().map(time),
        failure_message: None,
    }
}

fn invocation_job(summary: &ModelInvocationJobSummary) -> Job {
    Job {
        arn: summary.job_arn.clone(),
        name: summary.job_name.clone(),
        kind: JobKind::ModelInvocation,
        status: summary.status.as_ref().map(|status| status.as_str().to_owned()).unwrap_or_default(),
        created_at: time(&summary.submit_time),
        ended_at: summary.end_time.as_ref().map(time),
        failure_message: None,
    }
}

fn customization(answer: GetModelCustomizationJobOutput) -> (Job, JobDetail) {
    let job = Job {
        arn: answer.job_arn,
        name: answer.job_name,
        kind: JobKind::ModelCustomization,
        status: answer.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        created_at: time(&answer.creation_time),
        ended_at: answer.end_time.as_ref().map(time),
        failure_message: answer.failure_message.and_then(said),
    };
    let detail = JobDetail {
        role_arn: said(answer.role_arn),
        vpc_config: answer.vpc_config.map(network),
        input_s3_uris: answer.training_data_config.map(training_data).unwrap_or_default(),
        customer_key: answer.output_model_kms_key_arn,
    };
    (job, detail)
}

fn import(answer: GetModelImportJobOutput) -> (Job, JobDetail) {
    let job = Job {
        arn: answer.job_arn.unwrap_or_default(),
        name: answer.job_name.unwrap_or_default(),
        kind: JobKind::ModelImport,
        status: answer.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        created_at: answer.creation_time.as_ref().map(time).unwrap_or_default(),
        ended_at: answer.end_time.as_ref().map(time),
        failure_message: answer.failure_message.and_then(said),
    };
    let input = match answer.model_data_source {
        Some(ModelDataSource::S3DataSource(source)) => said(source.s3_uri),
        _ => None,
    };
    let detail = JobDetail {
        role_arn: answer.role_arn,
        vpc_config: answer.vpc_config.map(network),
        input_s3_uris: input.into_iter().collect(),
        customer_key: answer.imported_model_kms_key_arn,
    };
    (job, detail)
}

fn invocation(answer: GetModelInvocationJobOutput) -> (Job, JobDetail) {
    let job = Job {
        arn: answer.job_arn,
        name: answer.job_name.unwrap_or_default(),
        kind: JobKind::ModelInvocation,
        status: answer.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        created_at: time(&answer.submit_time),
        ended_at: answer.end_time.as_ref().map(time),
        failure_message: answer.message.and_then(said),
    };
    let input = match answer.input_data_config {
        Some(ModelInvocationJobInputDataConfig::S3InputDataConfig(source)) => said(source.s3_uri),
        _ => None,
    };
    let customer_key = match answer.output_data_config {
        Some(ModelInvocationJobOutputDataConfig::S3OutputDataConfig(target)) => target.s3_encryption_key_id,
        _ => None,
    };
    let detail = JobDetail {
        role_arn: said(answer.role_arn),
        vpc_config: answer.vpc_config.map(network),
        input_s3_uris: input.into_iter().collect(),
        customer_key,
    };
    (job, detail)
}

/// Training data stands in one of two places, the second for distillation from invocation logs.
fn training_data(config: TrainingDataConfig) -> Vec<String> {
    let logs = config.invocation_logs_config.and_then(|logs| logs.invocation_log_source);
    let logs = match logs {
        Some(InvocationLogSource::S3Uri(uri)) => said(uri),
        _ => None,
    };
    config.s3_uri.into_iter().chain(logs).collect()
}

fn network(config: aws_sdk_bedrock::types::VpcConfig) -> VpcConfig {
    VpcConfig { subnet_ids: config.subnet_ids, security_group_ids: config.security_group_ids }
}

/// A required member that is missing on the wire reaches us as an empty text.
fn said(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
