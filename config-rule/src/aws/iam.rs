//! AWS Identity and Access Management: what a role may do, as IAM's own simulation says.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_iam::Client;
use aws_sdk_iam::error::ProvideErrorMetadata;
use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum, EvaluationResult, PolicyEvaluationDecisionType};

use super::{Connection, unread};
use crate::controls::job_role_can_use_vpc::{ContextKind, PermissionCheck};
use crate::facts::{Denied, Fact};
use crate::gather::Iam;

pub struct Roles(Client);

impl Roles {
    pub fn new(config: &SdkConfig) -> Self {
        Self(Client::new(config))
    }
}

#[async_trait]
impl Iam for Roles {
    async fn simulate_principal_policy(&self, role_arn: &str, checks: &[PermissionCheck]) -> Fact<Vec<Denied>> {
        let mut denied = Vec::new();
        for check in checks {
            let request = self
                .0
                .simulate_principal_policy()
                .policy_source_arn(role_arn)
                .set_action_names(Some(check.actions.iter().map(ToString::to_string).collect()))
                .set_resource_arns(Some(check.resources.clone()))
                .set_context_entries(Some(check.context.iter().map(context_entry).collect()));
            let mut results = request.into_paginator().items().send();
            while let Some(result) = results.next().await {
                match result {
                    Ok(result) => denied.extend(denials(result)),
                    Err(error) if error.code() == Some("NoSuchEntity") => return Fact::Absent,
                    Err(error) => {
                        return Fact::Unreadable(unread("iam:SimulatePrincipalPolicy", role_arn, &error));
                    }
                }
            }
        }
        denied.sort();
        denied.dedup();
        Fact::Known(denied)
    }
}

impl Connection {
    /// The ARN of a role, its path included; `Absent` when there is no such role.
    pub async fn get_role(&self, name: &str) -> Fact<String> {
        match Client::new(&self.base).get_role().role_name(name).send().await {
            Ok(answer) => answer.role.map_or(Fact::Absent, |role| Fact::Known(role.arn)),
            Err(error) if error.code() == Some("NoSuchEntity") => Fact::Absent,
            Err(error) => Fact::Unreadable(unread("iam:GetRole", name, &error)),
        }
    }
}

fn context_entry((key, kind, values): &(&'static str, ContextKind, Vec<String>)) -> ContextEntry {
    let kind = match kind {
        ContextKind::String => ContextKeyTypeEnum::String,
        ContextKind::StringList => ContextKeyTypeEnum::StringList,
    };
    ContextEntry::builder()
        .context_key_name(*key)
        .context_key_type(kind)
        .set_context_key_values(Some(values.clone()))
        .build()
}

/// With several resources the decision stands with each, otherwise with the action.
fn denials(result: EvaluationResult) -> Vec<Denied> {
    let action = result.eval_action_name;
    let refused = |decision: &PolicyEvaluationDecisionType| *decision != PolicyEvaluationDecisionType::Allowed;
    let of = |resource: String| Denied { action: action.clone(), resource };
    match result.resource_specific_results.filter(|some| !some.is_empty()) {
        Some(each) => each
            .into_iter()
            .filter(|one| refused(&one.eval_resource_decision))
            .map(|one| of(one.eval_resource_name))
            .collect(),
        None if refused(&result.eval_decision) => {
            vec![of(result.eval_resource_name.unwrap_or_else(|| "*".to_owned()))]
        }
        None => Vec::new(),
    }
}
