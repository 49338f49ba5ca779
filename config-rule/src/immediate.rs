//! At once: when EventBridge tells of a job or a group, Config is asked to evaluate, and, where the owner opted in, a
//! running job without a VPC is stopped.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use schemas::job::JobKind;
use serde_json::{Value, json};

use crate::deliver::Started;
use crate::event::Happened;
use crate::evidence::Run;
use crate::facts::{Fact, Job, JobDetail, Unread};
use crate::failure::{Failure, Incomplete};
use crate::gather::get_action;
use crate::handler::{Account, Apis, Invocation, Rule};
use crate::waiver::{WAIVER_TAG, Waived, waived};

/// What stops jobs. Nothing but this module holds one.
#[async_trait]
pub trait Stopper: Send + Sync {
    /// Stops a job for good: it cannot be started again.
    async fn stop_job(&self, kind: JobKind, arn: &str) -> Result<Stopped, Unread>;
}

/// What came of stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// It is being stopped.
    Now,
    /// It had ended by itself.
    NotRunning,
    /// No job of its kind can be stopped.
    CannotBe,
}

/// Why a job is stopped or left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It runs, it has no VPC, and nobody answers for that.
    Stop,
    /// It has ended or is about to.
    NotRunning,
    /// It has a `vpcConfig`.
    InVpc,
    /// Its waiver holds.
    Waived,
}

impl Decision {
    /// In words, after "the job".
    pub const fn why(self) -> &'static str {
        match self {
            Self::Stop => "runs outside any VPC without a waiver",
            Self::NotRunning => "does not run",
            Self::InVpc => "has a vpcConfig",
            Self::Waived => "is waived",
        }
    }
}

/// The statuses in which a job reads data, or is about to.
const RUNNING: [&str; 4] = ["Submitted", "Validating", "Scheduled", "InProgress"];

/// Whether to stop a job; everything about it is known.
pub fn decide(job: &Job, detail: &JobDetail, waiver: &Waived) -> Decision {
    if detail.vpc_config.is_some() {
        Decision::InVpc
    } else if !RUNNING.contains(&job.status.as_str()) {
        Decision::NotRunning
    } else if matches!(waiver, Waived::Yes(_)) {
        Decision::Waived
    } else {
        Decision::Stop
    }
}

/// Answers an EventBridge event.
pub async fn answer(
    rule: &Rule,
    happened: &Happened,
    account: &Account,
    apis: &Apis,
    invocation: Invocation<'_>,
    clock: fn() -> DateTime<Utc>,
) -> Result<Value, Failure> {
    if happened.is_refused {
        return Ok(json!({"event": happened.what, "ignored": "the call was refused, so nothing has changed"}));
    }
    let mut problems = Vec::new();
    let stopped = match &happened.job_arn {
        Some(arn) if rule.settings.stop_unprotected_jobs => {
            stop_if_unprotected(rule, happened, arn, account, apis, invocation, &mut problems).await
        }
        _ => Value::Null,
    };
    let evaluation = start_evaluation(rule, happened, apis, clock, &mut problems).await;
    let summary = json!({
        "event": happened.what, "job": happened.job_arn, "stop": stopped, "evaluation": evaluation,
    });
    if problems.is_empty() {
        return Ok(summary);
    }
    eprintln!("{summary}");
    Err(Failure::Incomplete(Incomplete { problems, ..Incomplete::default() }))
}

async fn stop_if_unprotected(
    rule: &Rule,
    happened: &Happened,
    arn: &str,
    account: &Account,
    apis: &Apis,
    invocation: Invocation<'_>,
    problems: &mut Vec<String>,
) -> Value {
    let Some(kind) = JobKind::of_arn(arn) else {
        return json!({"left_alone": format!("{arn} is no job of a kind that this rule knows")});
    };
    let (job, detail, waiver) = match look(rule, happened, kind, arn, apis, invocation).await {
        Ok(Some(found)) => found,
        Ok(None) => return json!({"left_alone": "the job is not there"}),
        Err(unread) => {
            problems.push(format!("whether to stop a job could not be told: {unread}"));
            return Value::Null;
        }
    };
    let decision = decide(&job, &detail, &waiver);
    if decision != Decision::Stop {
        return json!({"left_alone": decision.why()});
    }
    let outcome = match apis.stopper.stop_job(kind, arn).await {
        Ok(Stopped::Now) => "stopped",
        Ok(Stopped::NotRunning) => "had ended by itself",
        Ok(Stopped::CannotBe) => "cannot be stopped: Bedrock has no call for its kind",
        Err(unread) => {
            problems.push(format!("a job that {} was not stopped: {unread}", decision.why()));
            return Value::Null;
        }
    };
    let line = json!({
        "record": "stop", "job": job, "detail": detail, "waiver": waiver, "why": decision.why(), "outcome": outcome,
        "event": happened.what,
    });
    // For the log, whether or not there is a place for evidence.
    eprintln!("{line}");
    let region = rule.region_of(invocation);
    let run = Run {
        account_id: &account.id,
        region: &region,
        rule_name: "stop-unprotected-job",
        request_id: invocation.request_id,
        evaluated_at: happened.at,
    };
    let evidence = rule.write_evidence(apis, &run, &[line], problems).await;
    json!({"job": arn, "outcome": outcome, "why": decision.why(), "evidence": evidence})
}

/// The job as it is now, with its waiver; `None` when it is not there.
async fn look(
    rule: &Rule,
    happened: &Happened,
    kind: JobKind,
    arn: &str,
    apis: &Apis,
    invocation: Invocation<'_>,
) -> Result<Option<(Job, JobDetail, Waived)>, Unread> {
    let bounds = rule.bounds(invocation);
    let (job, detail) = match bounds.in_time(get_action(kind), arn, apis.sources.bedrock.get_job(kind, arn)).await? {
        Fact::Known(found) => found,
        Fact::Absent => return Ok(None),
        Fact::Unreadable(unread) => return Err(unread),
    };
    let tags = apis.sources.bedrock.list_tags_for_resource(arn);
    match bounds.in_time("bedrock:ListTagsForResource", arn, tags).await? {
        Fact::Known(tags) => {
            let waiver = waived(tags.get(WAIVER_TAG).map(String::as_str), happened.at);
            Ok(Some((job, detail, waiver)))
        }
        Fact::Absent => Ok(None),
        Fact::Unreadable(unread) => Err(unread),
    }
}

/// An evaluation that was asked for after something happened sees it, so of a burst of events one asks.
async fn start_evaluation(
    rule: &Rule,
    happened: &Happened,
    apis: &Apis,
    clock: fn() -> DateTime<Utc>,
    problems: &mut Vec<String>,
) -> Value {
    if rule.settings.rule_names.is_empty() {
        return json!("none: CONFIG_RULE_NAMES names no rule");
    }
    let last = *rule.last_start.lock().expect("no thread panics while it holds this");
    if last.is_some_and(|last| happened.at < last) {
        return json!("none: one was asked for after this event");
    }
    let now = clock();
    match apis.config.start_config_rules_evaluation(&rule.settings.rule_names).await {
        Ok(Started::Now) => {
            *rule.last_start.lock().expect("no thread panics while it holds this") = Some(now);
            json!("started")
        }
        Ok(Started::NotNow(code)) => json!(format!("not now: {code}; Config is at it, or was asked a moment ago")),
        Err(unread) => {
            problems.push(unread.to_string());
            Value::Null
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controls::cases;

    #[test]
    fn only_a_running_job_without_a_vpc_and_without_a_waiver_is_stopped() {
        let outside = JobDetail { vpc_config: None, ..JobDetail::default() };
        let inside = JobDetail { vpc_config: Some(cases::vpc_config()), ..JobDetail::default() };
        for status in cases::STATUSES {
            let job = Job { status: status.to_owned(), ..cases::job().job };
            let expected = if RUNNING.contains(&status) { Decision::Stop } else { Decision::NotRunning };
            assert_eq!(decide(&job, &outside, &Waived::No), expected, "{status}");
            assert_eq!(decide(&job, &inside, &Waived::No), Decision::InVpc, "{status}");
        }
        let tag = "owner=ann reason=pilot expires=2026-06-30";
        let on = |day: &str| waived(Some(tag), format!("{day}T12:00:00Z").parse().expect("a time"));
        let running = cases::job().job;
        assert_eq!(decide(&running, &outside, &on("2026-06-30")), Decision::Waived);
        assert_eq!(decide(&running, &outside, &on("2026-07-01")), Decision::Stop);
    }
}
