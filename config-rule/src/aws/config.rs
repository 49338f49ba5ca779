//! AWS Config: evaluations out, results and configuration items in and out.

mod recorder;

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_config::Client;
use aws_sdk_config::error::ProvideErrorMetadata;
use aws_sdk_config::primitives::DateTime as SdkTime;
use aws_sdk_config::types::{ComplianceType, Evaluation as SdkEvaluation, ResourceKey, ResourceType};

use super::unread;
use crate::deliver::{Config, Refused, ResultKey, Started};
use crate::facts::Unread;
use crate::record::Item;
use crate::report::{Compliance, Evaluation};

/// The largest page of `GetComplianceDetailsByConfigRule`; its default is 10.
const PAGE: i32 = 100;

pub struct Rules(Client);

impl Rules {
    pub fn new(config: &SdkConfig) -> Self {
        Self(Client::new(config))
    }
}

#[async_trait]
impl Config for Rules {
    async fn put_evaluations(
        &self,
        token: &str,
        is_test: bool,
        some: &[Evaluation],
    ) -> Result<Vec<Evaluation>, Refused> {
        let answer = self
            .0
            .put_evaluations()
            .result_token(token)
            .test_mode(is_test)
            .set_evaluations(Some(some.iter().map(sdk_evaluation).collect()))
            .send()
            .await;
        match answer {
            Ok(answer) => {
                let failed = answer.failed_evaluations.unwrap_or_default();
                let is_failed = |evaluation: &&Evaluation| {
                    failed.iter().any(|failed| {
                        failed.compliance_resource_id == evaluation.resource_id
                            && failed.compliance_resource_type == evaluation.resource_type
                    })
                };
                Ok(some.iter().filter(is_failed).cloned().collect())
            }
            Err(error) => {
                let refused = unread("config:PutEvaluations", "the evaluations", &error);
                let is_about_type =
                    error.message().is_some_and(|message| message.to_lowercase().contains("resource type"));
                if error.code() == Some("InvalidParameterValueException") && is_about_type {
                    // The message goes on with every type that there is.
                    let cause = refused.cause.split(". Only").next().unwrap_or_default().to_owned();
                    return Err(Refused::ResourceType(cause));
                }
                Err(Refused::Other(refused))
            }
        }
    }

    async fn get_compliance_details(&self, rule_name: &str) -> Result<Vec<ResultKey>, Unread> {
        let mut results = self
            .0
            .get_compliance_details_by_config_rule()
            .config_rule_name(rule_name)
            .compliance_types(ComplianceType::Compliant)
            .compliance_types(ComplianceType::NonCompliant)
            .limit(PAGE)
            .into_paginator()
            .items()
            .send();
        let mut held = Vec::new();
        while let Some(result) = results.next().await {
            let result =
                result.map_err(|error| unread("config:GetComplianceDetailsByConfigRule", rule_name, &error))?;
            let qualifier = result.evaluation_result_identifier.and_then(|id| id.evaluation_result_qualifier);
            held.extend(qualifier.and_then(|of| Some((of.resource_type?, of.resource_id?))));
        }
        Ok(held)
    }

    async fn batch_get_resource_config(&self, kind: &str, ids: &[String]) -> Result<BTreeMap<String, String>, Unread> {
        let failed = |cause: String| Unread {
            action: "config:BatchGetResourceConfig".to_owned(),
            resource: kind.to_owned(),
            cause,
        };
        let key = |id: &String| {
            let key = ResourceKey::builder().resource_type(ResourceType::from(kind)).resource_id(id).build();
            key.map_err(|error| failed(error.to_string()))
        };
        let keys = ids.iter().map(key).collect::<Result<Vec<_>, _>>()?;
        let answer = self.0.batch_get_resource_config().set_resource_keys(Some(keys)).send().await;
        let answer = answer.map_err(|error| unread("config:BatchGetResourceConfig", kind, &error))?;
        let items = answer.base_configuration_items.unwrap_or_default();
        Ok(items.into_iter().filter_map(|item| Some((item.resource_id?, item.configuration?))).collect())
    }

    async fn put_resource_config(&self, item: &Item) -> Result<(), Unread> {
        let sent = self
            .0
            .put_resource_config()
            .resource_type(&item.resource_type)
            .schema_version_id(&item.schema_version)
            .resource_id(&item.resource_id)
            .resource_name(&item.resource_name)
            .configuration(item.configuration.to_string())
            .send()
            .await;
        sent.map(drop).map_err(|error| {
            unread("config:PutResourceConfig", &format!("{} {}", item.resource_type, item.resource_id), &error)
        })
    }

    async fn start_config_rules_evaluation(&self, rule_names: &[String]) -> Result<Started, Unread> {
        let answer =
            self.0.start_config_rules_evaluation().set_config_rule_names(Some(rule_names.to_vec())).send().await;
        match answer {
            Ok(_) => Ok(Started::Now),
            Err(error) => match error.code() {
                Some(code @ ("LimitExceededException" | "ResourceInUseException")) => {
                    Ok(Started::NotNow(code.to_owned()))
                }
                _ => Err(unread("config:StartConfigRulesEvaluation", &rule_names.join(", "), &error)),
            },
        }
    }
}

fn sdk_evaluation(evaluation: &Evaluation) -> SdkEvaluation {
    let compliance = match evaluation.compliance {
        Compliance::Compliant => ComplianceType::Compliant,
        Compliance::NonCompliant => ComplianceType::NonCompliant,
        Compliance::NotApplicable => ComplianceType::NotApplicable,
    };
    let at = evaluation.ordering_timestamp;
    SdkEvaluation::builder()
        .compliance_resource_type(&evaluation.resource_type)
        .compliance_resource_id(&evaluation.resource_id)
        .compliance_type(compliance)
        .set_annotation(Some(evaluation.annotation.clone()).filter(|text| !text.is_empty()))
        .ordering_timestamp(SdkTime::from_millis(at.timestamp_millis()))
        .build()
        .expect("every required member is set above")
}
