//! Evaluations to Config: in batches, each one accounted for, stale ones cleared.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use schemas::control::Verdict;

use crate::check::Checked;
use crate::event::{Evaluate, Trigger};
use crate::facts::Unread;
use crate::gather::Bounds;
use crate::parameters::{ACCOUNT_TYPE, Reported};
use crate::record;
use crate::report::{Compliance, Evaluation, per_job, roll_up};

/// Config takes this many evaluations a call (API Reference, "PutEvaluations").
pub const MAX_EVALUATIONS: usize = 100;

/// How often evaluations that Config returns as failed are sent.
const ATTEMPTS: u32 = 3;

/// `GetComplianceDetailsByConfigRule` takes shorter names than rules may have.
const MAX_RULE_NAME_CHARS: usize = 64;

/// A result that Config holds.
pub type ResultKey = (String, String);

/// AWS Config, as far as the rule reports to it.
#[async_trait]
pub trait Config: Send + Sync {
    /// Sends at most 100 evaluations; the answer is those that Config did not take.
    async fn put_evaluations(
        &self,
        token: &str,
        is_test: bool,
        some: &[Evaluation],
    ) -> Result<Vec<Evaluation>, Refused>;
    /// Type and id of every result of a rule that is compliant or not, all pages.
    async fn get_compliance_details(&self, rule_name: &str) -> Result<Vec<ResultKey>, Unread>;
    /// The recorded configuration of at most 100 resources; what is not recorded is left out.
    async fn batch_get_resource_config(&self, kind: &str, ids: &[String]) -> Result<BTreeMap<String, String>, Unread>;
    /// Records a resource.
    async fn put_resource_config(&self, item: &record::Item) -> Result<(), Unread>;
    /// Asks for evaluations at once.
    async fn start_config_rules_evaluation(&self, rule_names: &[String]) -> Result<Started, Unread>;
}

/// What came of asking for evaluations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// They begin.
    Now,
    /// Config is already at it, or was asked too often: normal.
    NotNow(String),
}

/// Why Config took none of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It does not permit the resource type.
    ResourceType(String),
    /// Anything else.
    Other(Unread),
}

/// What was delivered, and what was not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Delivered {
    /// Evaluations that Config took.
    pub evaluations: usize,
    /// Stale results that were cleared.
    pub cleared: usize,
    /// Jobs recorded as configuration items because they were new or had changed.
    pub recorded: usize,
    /// What went wrong, each in words for the person who must act.
    pub problems: Vec<String>,
    /// What a person should know, though nothing went wrong.
    pub notes: Vec<String>,
}

/// Reports what was found to Config.
///
/// Jobs are recorded as configuration items last, as far as there is time: verdicts go first.
pub async fn deliver(
    config: &dyn Config,
    event: &Evaluate,
    account_id: &str,
    checked: &Checked,
    bounds: Bounds,
) -> Delivered {
    let mut delivery = Delivery { config, event, account_id, checked, done: Delivered::default() };
    let reported = match &event.parameters.reported {
        Reported::Account => delivery.account().await,
        Reported::PrivateType { name, .. } => delivery.private_type(name).await,
    };
    if let (Some(current), true) = (reported, delivery.may_clear()) {
        delivery.clear_stale(&current).await;
    }
    if let Reported::PrivateType { name, schema_version } = &event.parameters.reported {
        delivery.record(name, schema_version, bounds).await;
    }
    delivery.done
}

struct Delivery<'a> {
    config: &'a dyn Config,
    event: &'a Evaluate,
    account_id: &'a str,
    checked: &'a Checked,
    done: Delivered,
}

impl Delivery<'_> {
    fn at(&self) -> DateTime<Utc> {
        self.event.ordering_timestamp()
    }

    /// One result for the account. The answer is what is current now, or `None` when nothing was delivered.
    async fn account(&mut self) -> Option<BTreeSet<ResultKey>> {
        let control = self.event.parameters.control;
        let result = roll_up(control, &self.checked.findings, &self.checked.unread_lists, self.account_id, self.at());
        let current = BTreeSet::from([(ACCOUNT_TYPE.to_owned(), self.account_id.to_owned())]);
        let some: Vec<Evaluation> = result.into_iter().collect();
        match self.put(&some).await {
            Ok(()) => Some(current),
            Err(Refused::ResourceType(cause)) => {
                self.done.problems.push(format!("config:PutEvaluations refused {ACCOUNT_TYPE}: {cause}"));
                None
            }
            Err(Refused::Other(unread)) => {
                self.done.problems.push(unread.to_string());
                None
            }
        }
    }

    /// One result a job, under a type of the registry; where Config refuses the type, one for the account.
    async fn private_type(&mut self, name: &str) -> Option<BTreeSet<ResultKey>> {
        let some = per_job(&self.checked.findings, name, self.at());
        match self.put(&some).await {
            Ok(()) => Some(self.checked.listed.iter().map(|arn| (name.to_owned(), arn.clone())).collect()),
            Err(Refused::ResourceType(cause)) => {
                self.done.problems.push(format!(
                    "config:PutEvaluations refused the resource type {name} ({cause}); reported one {ACCOUNT_TYPE} result \
                     instead. Register the type in this account and Region (aws cloudformation register-type --type \
                     RESOURCE --type-name {name}, then set-type-default-version), or set the rule parameter \
                     reportedResourceType to {ACCOUNT_TYPE}"
                ));
                self.account().await
            }
            Err(Refused::Other(unread)) => {
                self.done.problems.push(unread.to_string());
                None
            }
        }
    }

    async fn record(&mut self, name: &str, schema_version: &str, bounds: Bounds) {
        if self.event.is_test() {
            return;
        }
        let items = record::items(&self.checked.findings, name, schema_version);
        let recorded = record::record(self.config, &items, bounds).await;
        self.done.recorded = recorded.recorded;
        self.done.problems.extend(recorded.problems);
        if recorded.left > 0 {
            let left = recorded.left;
            self.done.notes.push(format!("{left} jobs are left for the next run to record as configuration items"));
        }
    }

    /// Sends evaluations; an empty list is sent too, so that Config knows that the rule ran.
    async fn put(&mut self, all: &[Evaluation]) -> Result<(), Refused> {
        let batches: Vec<&[Evaluation]> =
            if all.is_empty() { vec![all] } else { all.chunks(MAX_EVALUATIONS).collect() };
        for batch in batches {
            let mut waiting = batch.to_vec();
            for attempt in 1..=ATTEMPTS {
                let failed =
                    self.config.put_evaluations(&self.event.result_token, self.event.is_test(), &waiting).await?;
                self.done.evaluations += waiting.len() - failed.len().min(waiting.len());
                waiting = failed;
                if waiting.is_empty() || attempt == ATTEMPTS {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
            }
            for lost in &waiting {
                self.done.problems.push(format!(
                    "config:PutEvaluations did not take the {} evaluation of {} in {ATTEMPTS} attempts",
                    lost.compliance.as_str(),
                    lost.resource_id
                ));
            }
        }
        Ok(())
    }

    /// Only a run that read everything tells that a job is gone; a change is about some jobs, a trial stores nothing.
    fn may_clear(&mut self) -> bool {
        let all_jobs = matches!(self.event.trigger, Trigger::Schedule { .. });
        let all_read = self.checked.is_complete() && self.checked.of(Verdict::Undetermined) == 0;
        if !all_jobs || !all_read || self.event.is_test() || !self.done.problems.is_empty() {
            return false;
        }
        let is_short = self.event.rule_name.chars().count() <= MAX_RULE_NAME_CHARS;
        if !is_short {
            self.done.notes.push(format!(
                "stale results are not cleared: config:GetComplianceDetailsByConfigRule takes rule names of at most \
                 {MAX_RULE_NAME_CHARS} characters; give the rule {} a shorter one",
                self.event.rule_name
            ));
        }
        is_short
    }

    async fn clear_stale(&mut self, current: &BTreeSet<ResultKey>) {
        let held = match self.config.get_compliance_details(&self.event.rule_name).await {
            Ok(held) => held,
            Err(unread) => return self.done.problems.push(format!("stale results were not cleared: {unread}")),
        };
        let at = self.at();
        let stale: Vec<Evaluation> = held
            .into_iter()
            .filter(|key| !current.contains(key))
            .map(|(resource_type, resource_id)| Evaluation {
                resource_type,
                resource_id,
                compliance: Compliance::NotApplicable,
                annotation: "No longer judged by this rule".to_owned(),
                ordering_timestamp: at,
            })
            .collect();
        if stale.is_empty() {
            return;
        }
        let before = self.done.evaluations;
        match self.put(&stale).await {
            Ok(()) => {
                self.done.cleared = self.done.evaluations - before;
                self.done.evaluations = before;
            }
            Err(Refused::ResourceType(cause)) => {
                self.done
                    .notes
                    .push(format!("stale results of a type that Config refuses now were not cleared: {cause}"));
            }
            Err(Refused::Other(unread)) => {
                self.done.problems.push(format!("stale results were not cleared: {unread}"));
            }
        }
    }
}
