//! Requests for customization jobs: read from a job with every member, and submitted.

mod members;

use async_trait::async_trait;
use aws_sdk_bedrock::error::ProvideErrorMetadata;
use aws_sdk_bedrock::operation::RequestId;
use aws_sdk_bedrock::operation::get_model_customization_job::GetModelCustomizationJobOutput;
use serde::Serialize;

use super::super::unread;
use super::{Jobs, PAGE, customization, said};
use crate::facts::{Fact, Unread};
use crate::failure::chain;
use crate::replacement::draft::Parameters;
use crate::replacement::gather::{Created, GET, Requests};
use crate::replacement::origin::Live;
use crate::replacement::request::Request;

const CREATE: &str = "bedrock:CreateModelCustomizationJob";

#[async_trait]
impl Requests for Jobs {
    async fn get_model_customization_job(&self, job: &str) -> Fact<Live> {
        match self.0.get_model_customization_job().job_identifier(job).send().await {
            Ok(answer) => Fact::Known(live(answer)),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Fact::Absent,
            Err(error) => Fact::Unreadable(unread(GET, job, &error)),
        }
    }

    async fn create_model_customization_job(&self, request: &Request) -> Result<Created, Unread> {
        // Only a required member that is missing fails here, and `Request` has them all.
        let not_built = |error: aws_sdk_bedrock::error::BuildError| Unread {
            action: CREATE.to_owned(),
            resource: request.job_name.clone(),
            cause: chain(&error),
        };
        let call = self
            .0
            .create_model_customization_job()
            .job_name(&request.job_name)
            .custom_model_name(&request.custom_model_name)
            .role_arn(&request.role_arn)
            .set_client_request_token(request.client_request_token.clone())
            .base_model_identifier(&request.base_model_identifier)
            .set_customization_type(request.customization_type.as_deref().map(Into::into))
            .set_custom_model_kms_key_id(request.custom_model_kms_key_id.clone())
            .set_job_tags(members::sent_tags(&request.job_tags).map_err(not_built)?)
            .set_custom_model_tags(members::sent_tags(&request.custom_model_tags).map_err(not_built)?)
            .training_data_config(members::sent_training(&request.training_data_config))
            .set_validation_data_config(
                members::sent_validation(request.validation_data_config.as_ref()).map_err(not_built)?,
            )
            .output_data_config(members::sent_output(&request.output_data_config).map_err(not_built)?)
            .set_hyper_parameters(members::sent_map(&request.hyper_parameters))
            .set_vpc_config(members::sent_network(request.vpc_config.as_ref()).map_err(not_built)?)
            .set_customization_config(
                members::sent_customization(request.customization_config.as_ref()).map_err(not_built)?,
            );
        match call.send().await {
            Ok(answer) => {
                let request_id = answer.request_id().map(str::to_owned);
                Ok(Created { job_arn: answer.job_arn, request_id })
            }
            Err(error) => Err(unread(CREATE, &request.job_name, &error)),
        }
    }

    async fn list_custom_models(&self, name_contains: &str) -> Result<Vec<String>, Unread> {
        let request = self.0.list_custom_models().name_contains(name_contains).max_results(PAGE);
        let mut models = request.into_paginator().items().send();
        let mut names = Vec::new();
        while let Some(model) = models.next().await {
            let model = model.map_err(|error| unread("bedrock:ListCustomModels", name_contains, &error))?;
            names.push(model.model_name);
        }
        Ok(names)
    }
}

/// The members that the call tells, under the names that a request has for them.
fn live(answer: GetModelCustomizationJobOutput) -> Live {
    let mut members = Members::default();
    members.text("jobName", said(answer.job_name.clone()));
    members.text("customModelName", said(answer.output_model_name.clone()));
    members.text("roleArn", said(answer.role_arn.clone()));
    members.text("clientRequestToken", answer.client_request_token.clone());
    members.text("baseModelIdentifier", said(answer.base_model_arn.clone()));
    members.text("customizationType", answer.customization_type.as_ref().map(|kind| kind.as_str().to_owned()));
    members.text("customModelKmsKeyId", answer.output_model_kms_key_arn.clone());
    members.told("trainingDataConfig", answer.training_data_config.as_ref().map(members::told_training));
    members.told("validationDataConfig", answer.validation_data_config.as_ref().and_then(members::told_validation));
    members.told("outputDataConfig", answer.output_data_config.as_ref().and_then(members::told_output));
    let hyper_parameters = answer.hyper_parameters.as_ref().filter(|all| !all.is_empty());
    members.told("hyperParameters", hyper_parameters.map(|all| Ok(members::told_map(all))));
    members.told("vpcConfig", answer.vpc_config.as_ref().map(|network| Ok(members::told_network(network))));
    members.told("customizationConfig", answer.customization_config.as_ref().map(members::told_customization));
    let output_model_arn = answer.output_model_arn.clone();
    let (job, _) = customization(answer);
    Live { job, parameters: members.parameters, output_model_arn, not_understood: members.not_understood }
}

/// A value of a kind that this version of the SDK does not know: there is nothing to send again.
pub struct Unknown;

#[derive(Default)]
struct Members {
    parameters: Parameters,
    not_understood: Vec<&'static str>,
}

impl Members {
    fn text(&mut self, name: &'static str, value: Option<String>) {
        if let Some(value) = value {
            self.parameters.insert(name.to_owned(), value.into());
        }
    }

    fn told<T: Serialize>(&mut self, name: &'static str, value: Option<Result<T, Unknown>>) {
        match value {
            Some(Ok(value)) => {
                let value = serde_json::to_value(value).expect("texts, numbers and maps with text keys");
                self.parameters.insert(name.to_owned(), value);
            }
            Some(Err(Unknown)) => self.not_understood.push(name),
            None => {}
        }
    }
}
