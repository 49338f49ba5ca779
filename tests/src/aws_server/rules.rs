//! What AWS Config keeps: rules with their results, and the configurations of custom resources.

use std::collections::BTreeMap;

use serde_json::Value;

/// A resource type and id: what a result or a configuration is kept by.
pub type ResourceKey = (String, String);

/// A rule of AWS Config.
#[derive(Debug, Clone, Default)]
pub struct ConfigRule {
    /// Its name.
    pub name: String,
    /// `config-rule-` and six characters.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// What `GetComplianceDetailsByConfigRule` tells, in the order of the keys.
    pub results: BTreeMap<ResourceKey, StoredResult>,
    /// The latest `OrderingTimestamp` of each resource, results that are gone included.
    pub latest: BTreeMap<ResourceKey, f64>,
    /// How many `StartConfigRulesEvaluation` calls have started it.
    pub starts: u32,
    /// What `StartConfigRulesEvaluation` is to answer instead.
    pub start_refusal: Option<StartRefusal>,
}

/// Why `StartConfigRulesEvaluation` refuses (its API page, "Errors").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartRefusal {
    /// An evaluation of the rule is under way.
    ResourceInUse,
    /// It was started too often.
    LimitExceeded,
}

/// The result of one resource under one rule.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredResult {
    /// `COMPLIANT` or `NON_COMPLIANT`.
    pub compliance: String,
    /// For the person who must act.
    pub annotation: Option<String>,
    /// Seconds since 1970.
    pub ordering_timestamp: f64,
    /// Seconds since 1970 at which the result arrived.
    pub recorded_at: i64,
}

/// One evaluation as `PutEvaluations` brought it.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// `AWS::::Account`, ...
    pub resource_type: String,
    /// The resource's id.
    pub resource_id: String,
    /// `COMPLIANT`, `NON_COMPLIANT` or `NOT_APPLICABLE`.
    pub compliance: String,
    /// For the person who must act.
    pub annotation: Option<String>,
    /// Seconds since 1970.
    pub ordering_timestamp: f64,
}

/// A `PutEvaluations` call that was accepted, whether or not it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The rule whose token it brought; none with a token of no rule, which test mode allows.
    pub rule: Option<String>,
    /// Whether it was a rehearsal: validated, not kept.
    pub test_mode: bool,
    /// In their order.
    pub evaluations: Vec<Evaluation>,
}

/// An evaluation that was accepted and then ignored, since a later one of the same resource is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Ignored {
    /// The rule's name.
    pub rule: String,
    /// The evaluation.
    pub evaluation: Evaluation,
    /// The `OrderingTimestamp` that it is behind.
    pub behind: f64,
}

/// A resource whose configuration AWS Config keeps.
#[derive(Debug, Clone, Default)]
pub struct RecordedResource {
    /// The latest configuration, a JSON document as it came.
    pub configuration: String,
    /// The version of the type's schema; empty for a resource that AWS itself records.
    pub schema_version_id: String,
    /// The name, where one was given.
    pub name: Option<String>,
    /// The tags; `BatchGetResourceConfig` does not return them.
    pub tags: BTreeMap<String, String>,
    /// How often it was put or deleted.
    pub history: u32,
    /// Whether `DeleteResourceConfig` was the last of these.
    pub is_deleted: bool,
    /// Seconds since 1970 of the latest change.
    pub recorded_at: i64,
}

/// A private type of the CloudFormation registry.
#[derive(Debug, Clone, Default)]
pub struct RegisteredType {
    /// Its resource provider schema, where configurations are to be checked against one.
    pub schema: Option<Value>,
}
