//! One invocation: event, facts, verdicts, report.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use schemas::control::Verdict;
use schemas::ids::Arn;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::check::{Checked, Request, check};
use crate::deliver::{Config, Delivered, deliver};
use crate::event::{Evaluate, Event, Trigger};
use crate::evidence::{self, EvidenceStore, Run};
use crate::failure::{Failure, Incomplete};
use crate::gather::{Bounds, Memory, Sources};
use crate::immediate::{self, Stopper};
use crate::parameters::Reported;
use crate::settings::Settings;

/// Everything that an invocation reaches in one account.
#[derive(Clone)]
pub struct Apis {
    /// What is read from.
    pub sources: Sources,
    /// What stops jobs.
    pub stopper: Arc<dyn Stopper>,
    /// Where evaluations go.
    pub config: Arc<dyn Config>,
    /// Where evidence goes.
    pub evidence: Arc<dyn EvidenceStore>,
}

/// Ways into accounts.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// The APIs of an account; credentials are only asked for when something is called.
    async fn reach(&self, account: &Account) -> Apis;
}

/// An account, and the role that leads into it unless it is the function's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// A role there that this function may assume.
    pub role_arn: Option<String>,
}

/// What the Lambda service says of an invocation.
#[derive(Debug, Clone, Copy)]
pub struct Invocation<'a> {
    /// Unique.
    pub request_id: &'a str,
    /// `arn:aws:lambda:REGION:ACCOUNT:function:NAME`, from which the function knows where it is.
    pub function_arn: &'a str,
    /// When the service will end it.
    pub time_limit: Instant,
}

/// What a warm function keeps from one invocation to the next.
pub struct Rule {
    /// What the owner of the function decided.
    pub settings: Settings,
    /// The Region that is read, where the function's ARN does not say.
    pub region: String,
    /// Details of finished jobs.
    pub memory: Memory,
    /// When evaluations were last asked for.
    pub last_start: Mutex<Option<DateTime<Utc>>>,
}

/// This part of the time is left for reporting and writing evidence.
const REPORTING_SHARE: f64 = 0.2;

/// An evidence object is written in less.
const EVIDENCE_TIME: Duration = Duration::from_secs(2);

impl Rule {
    /// A function that has just started.
    pub fn new(settings: Settings, region: String) -> Self {
        Self { settings, region, memory: Memory::default(), last_start: Mutex::default() }
    }

    /// Answers one event. The clock is only read for what has no time of its own.
    pub async fn handle(
        &self,
        event: Value,
        invocation: Invocation<'_>,
        accounts: &dyn Accounts,
        clock: fn() -> DateTime<Utc>,
    ) -> Result<Value, Failure> {
        match Event::parse(event)? {
            Event::Evaluate(evaluate) => self.evaluate(&evaluate, invocation, accounts).await,
            Event::Happened(happened) => {
                let account = self.account(Some(&happened.account_id), None, invocation)?;
                let apis = accounts.reach(&account).await;
                immediate::answer(self, &happened, &account, &apis, invocation, clock).await
            }
        }
    }

    async fn evaluate(
        &self,
        event: &Evaluate,
        invocation: Invocation<'_>,
        accounts: &dyn Accounts,
    ) -> Result<Value, Failure> {
        let role = event.parameters.execution_role_name.as_deref();
        let account = self.account(event.account_id.as_deref(), role, invocation)?;
        let apis = accounts.reach(&account).await;
        let region = self.region_of(invocation);
        let request = Request {
            account_id: Some(&account.id),
            region: &region,
            controls: &[event.parameters.control],
            selection: &event.parameters.selection,
            policy: &event.parameters.policy,
            changed: changed(event),
            now: event.notified_at(),
        };
        let checked = check(&apis.sources, request, self.bounds(invocation), &self.memory).await;
        let mut delivered =
            deliver(apis.config.as_ref(), event, &account.id, &checked, self.last_bounds(invocation)).await;
        let run = Run {
            account_id: &account.id,
            region: &region,
            rule_name: &event.rule_name,
            request_id: invocation.request_id,
            evaluated_at: event.notified_at(),
        };
        let evidence =
            self.write_evidence(&apis, &run, &evidence::lines(&run, &checked), &mut delivered.problems).await;
        conclude(event, &checked, delivered, evidence.as_deref())
    }

    /// The function's own account needs no role.
    fn account(&self, found: Option<&str>, role: Option<&str>, invocation: Invocation<'_>) -> Result<Account, Failure> {
        let own = Arn::parse(invocation.function_arn).filter(|arn| !arn.account.is_empty());
        let (Some(found), Some(own)) = (found, own) else {
            let id = found.or(own.map(|own| own.account)).unwrap_or_default().to_owned();
            return Ok(Account { id, role_arn: None });
        };
        match role {
            _ if found == own.account => Ok(Account { id: found.to_owned(), role_arn: None }),
            Some(role) => Ok(Account {
                id: found.to_owned(),
                role_arn: Some(format!("arn:{}:iam::{found}:role/{role}", own.partition)),
            }),
            None => Err(Failure::OtherAccount { found: found.to_owned(), own: own.account.to_owned() }),
        }
    }

    /// The Region that is read: the environment's, or that of the function's ARN where the environment names none.
    pub(crate) fn region_of(&self, invocation: Invocation<'_>) -> String {
        let arn = Arn::parse(invocation.function_arn).filter(|_| self.region.is_empty());
        arn.map_or_else(|| self.region.clone(), |arn| arn.region.to_owned())
    }

    /// Reading ends while there is time left to report.
    pub fn bounds(&self, invocation: Invocation<'_>) -> Bounds {
        let left = invocation.time_limit.saturating_duration_since(Instant::now());
        let reporting = left.mul_f64(REPORTING_SHARE).clamp(Duration::from_secs(1), Duration::from_secs(30));
        Bounds {
            concurrency: self.settings.concurrency,
            deadline: invocation.time_limit - reporting.min(left),
            second_look_after: self.settings.second_look_after,
        }
    }

    /// What is left of the time once everything was read, but for writing evidence.
    fn last_bounds(&self, invocation: Invocation<'_>) -> Bounds {
        Bounds { deadline: invocation.time_limit - EVIDENCE_TIME, ..self.bounds(invocation) }
    }

    /// Writes evidence where the owner wants it; the answer is the object's place.
    pub async fn write_evidence(
        &self,
        apis: &Apis,
        run: &Run<'_>,
        lines: &[Value],
        problems: &mut Vec<String>,
    ) -> Option<String> {
        let at = self.settings.evidence.as_ref()?;
        let key = run.key(&at.prefix);
        match apis.evidence.put_object(at, &key, evidence::compressed(lines)).await {
            Ok(()) => Some(format!("s3://{}/{key}", at.bucket)),
            Err(unread) => {
                problems.push(format!("evidence was not written: {unread}"));
                None
            }
        }
    }
}

/// A change is about the jobs that name the resource, as far as their ids tell. One result for the account is about all
/// jobs, and a VPC, an endpoint or a route table serves jobs that do not name it.
fn changed(event: &Evaluate) -> Option<&str> {
    let Trigger::Change { item, .. } = &event.trigger else { return None };
    let is_named_by_jobs = ["AWS::EC2::SecurityGroup", "AWS::EC2::Subnet"].contains(&item.resource_type.as_str());
    let per_job = matches!(event.parameters.reported, Reported::PrivateType { .. });
    let needs = crate::controls::needs(event.parameters.control);
    (is_named_by_jobs && per_job && !needs.paths).then_some(item.resource_id.as_str())
}

fn conclude(
    event: &Evaluate,
    checked: &Checked,
    delivered: Delivered,
    evidence: Option<&str>,
) -> Result<Value, Failure> {
    let undetermined = checked.of(Verdict::Undetermined);
    let summary = json!({
        "rule": event.rule_name, "control": event.parameters.control.as_str(), "test": event.is_test(),
        "jobs": checked.findings.len(),
        "compliant": checked.of(Verdict::Compliant), "non_compliant": checked.of(Verdict::NonCompliant),
        "not_applicable": checked.of(Verdict::NotApplicable), "undetermined": undetermined,
        "evaluations": delivered.evaluations, "cleared": delivered.cleared, "recorded": delivered.recorded,
        "notes": delivered.notes, "evidence": evidence,
    });
    let unread = if undetermined > 0 || !checked.is_complete() {
        checked.unread().into_iter().cloned().collect()
    } else {
        std::collections::BTreeSet::new()
    };
    let incomplete = Incomplete {
        control: Some(event.parameters.control),
        undetermined,
        jobs: checked.findings.len(),
        unread,
        problems: delivered.problems,
    };
    if incomplete.is_empty() {
        return Ok(summary);
    }
    // The answer of a failed invocation is its error, so the counts go to the log.
    eprintln!("{summary}");
    Err(Failure::Incomplete(incomplete))
}
