//! Stopping the old job and submitting the new one, in that order, each written down before and after.
//!
//! The new job is submitted only once the old one has ended, so that the two never train at the same time.

use std::time::Duration;

use chrono::{DateTime, Utc};
use schemas::job::JobKind;
use serde::Serialize;
use tokio::time::Instant;

use super::gather::Requests;
use super::request::Request;
use crate::facts::{Fact, Job, Unread};
use crate::immediate::{Stopped, Stopper};

/// How far an act has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It was decided on; whether it happened is not known.
    Intended,
    /// It happened.
    Done,
    /// It did not.
    Failed,
}

/// One act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Act {
    /// How far it has come.
    pub state: State,
    /// When that was known.
    pub at: DateTime<Utc>,
    /// What came of it, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// The new job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_arn: Option<String>,
    /// The id under which CloudTrail records the call, where the call tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Act {
    fn new(state: State, at: DateTime<Utc>, outcome: Option<String>) -> Self {
        Self { state, at, outcome, job_arn: None, request_id: None }
    }
}

/// What was meant to happen, and what did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Record {
    /// Where the jobs are.
    pub aws_region: String,
    /// The account of the jobs.
    pub account_id: String,
    /// The old job.
    pub old_job_arn: String,
    /// The request of the new job, whole.
    pub request: Request,
    /// Stopping the old job; `None`: it was not asked for.
    pub stop: Option<Act>,
    /// Submitting the new one; `None`: it was not asked for.
    pub submit: Option<Act>,
}

/// What keeps the record.
pub trait Journal: Send {
    /// Keeps it as it is now.
    fn keep(&mut self, record: &Record) -> Result<(), String>;
}

/// Why not everything was done. Each says what was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nothing is done without a record.
    #[error("the record could not be written, so nothing was done: {0}")]
    RecordBefore(String),
    /// Something was done, and the record does not say so.
    #[error("{done}, but the record could not be written: {cause}; nothing more was done")]
    RecordAfter {
        /// What was done.
        done: String,
        /// Why it was not written.
        cause: String,
    },
    /// The old job goes on.
    #[error("the old job was not stopped: {0}; no new job was submitted")]
    Stop(Unread),
    /// The old job may still train.
    #[error(
        "the old job was told to stop and is {status} after {waited}; no new job was submitted: run the same command again \
         later, it goes on from there"
    )]
    StillStopping {
        /// Its status.
        status: String,
        /// How long it was waited for.
        waited: String,
    },
    /// Whether the old job has ended could not be read.
    #[error("whether the old job has ended could not be read: {0}; no new job was submitted")]
    Look(Unread),
    /// The new job does not exist, as far as the answer tells.
    #[error("the new job was not submitted: {unread}{}", old_state(.is_old_stopped))]
    Submit {
        /// Why.
        unread: Unread,
        /// Whether the old job was stopped for it.
        is_old_stopped: bool,
    },
}

fn old_state(is_stopped: &bool) -> &'static str {
    if *is_stopped { "; the old job was stopped and cannot be started again" } else { "" }
}

/// What acts, and how long it waits for the old job to end.
pub struct Hands<'a> {
    /// Looks at jobs, and submits.
    pub requests: &'a dyn Requests,
    /// Stops jobs.
    pub stopper: &'a dyn Stopper,
    /// Keeps the record.
    pub journal: &'a mut dyn Journal,
    /// The wall clock.
    pub clock: fn() -> DateTime<Utc>,
    /// Longest wait.
    pub wait: Duration,
    /// Time between two looks.
    pub poll: Duration,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order<'a> {
    /// The job to stop, as it is now; `None`: none is.
    pub stop: Option<&'a Job>,
    /// Whether to submit.
    pub is_submitted: bool,
}

/// How the old job came to its end.
struct Ended {
    /// In words, after "the old job".
    outcome: String,
    /// Whether it was stopped.
    is_by_us: bool,
}

impl Hands<'_> {
    /// Does what is asked for, and keeps `record` up to date.
    pub async fn act(&mut self, order: Order<'_>, record: &mut Record) -> Result<(), Failure> {
        let at = (self.clock)();
        record.stop = order.stop.map(|_| Act::new(State::Intended, at, None));
        record.submit = order.is_submitted.then(|| Act::new(State::Intended, at, None));
        self.journal.keep(record).map_err(Failure::RecordBefore)?;
        let mut is_old_stopped = false;
        if let Some(old) = order.stop {
            let stopped = self.stop(old).await;
            let (state, outcome) = match &stopped {
                Ok(ended) => (State::Done, ended.outcome.clone()),
                Err(failure) => (State::Failed, failure.to_string()),
            };
            record.stop = Some(Act::new(state, (self.clock)(), Some(outcome)));
            let kept = self.journal.keep(record);
            let Ended { outcome, is_by_us } = stopped?;
            kept.map_err(|cause| Failure::RecordAfter { done: format!("the old job {outcome}"), cause })?;
            is_old_stopped = is_by_us;
        }
        if order.is_submitted {
            self.submit(record, is_old_stopped).await?;
        }
        Ok(())
    }

    /// Stops a job and waits for its end.
    async fn stop(&self, old: &Job) -> Result<Ended, Failure> {
        if old.is_finished() {
            return Ok(Ended { outcome: format!("had ended: {}", old.status), is_by_us: false });
        }
        let told = if old.status == "Stopping" {
            Stopped::Now
        } else {
            self.stopper.stop_job(JobKind::ModelCustomization, &old.arn).await.map_err(Failure::Stop)?
        };
        let ended = self.wait_for_the_end(&old.arn).await?;
        let is_by_us = told == Stopped::Now;
        let how = if is_by_us { "was stopped" } else { "ended by itself" };
        Ok(Ended { outcome: format!("{how}: {ended}"), is_by_us })
    }

    async fn wait_for_the_end(&self, arn: &str) -> Result<String, Failure> {
        let deadline = Instant::now() + self.wait;
        loop {
            match self.requests.get_model_customization_job(arn).await {
                Fact::Known(live) if live.job.is_finished() => return Ok(live.job.status),
                Fact::Known(live) if Instant::now() >= deadline => {
                    let waited = format!("{} s", self.wait.as_secs());
                    return Err(Failure::StillStopping { status: live.job.status, waited });
                }
                Fact::Known(_) => {}
                Fact::Absent => return Ok("it is not there any more".to_owned()),
                Fact::Unreadable(unread) => return Err(Failure::Look(unread)),
            }
            tokio::time::sleep_until(deadline.min(Instant::now() + self.poll)).await;
        }
    }

    async fn submit(&mut self, record: &mut Record, is_old_stopped: bool) -> Result<(), Failure> {
        let created = self.requests.create_model_customization_job(&record.request).await;
        let at = (self.clock)();
        let (act, done) = match created {
            Ok(created) => {
                let done = format!("{} was submitted", created.job_arn);
                let act = Act {
                    job_arn: Some(created.job_arn),
                    request_id: created.request_id,
                    ..Act::new(State::Done, at, None)
                };
                (act, Ok(done))
            }
            Err(unread) => {
                (Act::new(State::Failed, at, Some(unread.to_string())), Err(Failure::Submit { unread, is_old_stopped }))
            }
        };
        record.submit = Some(act);
        let kept = self.journal.keep(record);
        let done = done?;
        kept.map_err(|cause| Failure::RecordAfter { done, cause })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::super::cases::{self, unread};
    use super::super::gather::Created;
    use super::super::origin::Live;
    use super::*;

    /// A job that ends after some looks, and what was asked, in order.
    #[derive(Default)]
    struct Aws {
        looks_until_the_end: Mutex<u32>,
        calls: Mutex<Vec<&'static str>>,
        look_fails: bool,
        stop_fails: bool,
        create_fails: bool,
    }

    impl Aws {
        fn call(&self, name: &'static str) {
            self.calls.lock().expect("no panic while it is held").push(name);
        }
    }

    #[async_trait]
    impl Requests for Aws {
        async fn get_model_customization_job(&self, _: &str) -> Fact<Live> {
            self.call("get");
            if self.look_fails {
                return Fact::Unreadable(unread());
            }
            let mut looks = self.looks_until_the_end.lock().expect("no panic while it is held");
            let status = if *looks == 0 { "Stopped" } else { "Stopping" };
            *looks = looks.saturating_sub(1);
            let mut live = cases::live();
            live.job.status = status.to_owned();
            Fact::Known(live)
        }

        async fn create_model_customization_job(&self, _: &Request) -> Result<Created, Unread> {
            self.call("create");
            if self.create_fails {
                return Err(unread());
            }
            Ok(Created { job_arn: "arn:new".to_owned(), request_id: Some("r-1".to_owned()) })
        }

        async fn list_custom_models(&self, _: &str) -> Result<Vec<String>, Unread> {
            Ok(Vec::new())
        }
    }

    #[async_trait]
    impl Stopper for Aws {
        async fn stop_job(&self, _: JobKind, _: &str) -> Result<Stopped, Unread> {
            self.call("stop");
            if self.stop_fails { Err(unread()) } else { Ok(Stopped::Now) }
        }
    }

    /// Every state that was kept; fails from some call on.
    #[derive(Default)]
    struct Kept {
        states: Vec<(Option<State>, Option<State>)>,
        fails_from: Option<usize>,
    }

    impl Journal for Kept {
        fn keep(&mut self, record: &Record) -> Result<(), String> {
            if self.fails_from.is_some_and(|from| self.states.len() >= from) {
                return Err("disk full".to_owned());
            }
            let state = |act: &Option<Act>| act.as_ref().map(|act| act.state);
            self.states.push((state(&record.stop), state(&record.submit)));
            Ok(())
        }
    }

    fn clock() -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600, 0).expect("a time")
    }

    async fn act(aws: &Aws, kept: &mut Kept, status: &str) -> (Result<(), Failure>, Record) {
        let mut old = cases::live().job;
        old.status = status.to_owned();
        let mut record = Record {
            aws_region: "eu-west-1".to_owned(),
            account_id: "111122223333".to_owned(),
            old_job_arn: old.arn.clone(),
            request: cases::request(),
            stop: None,
            submit: None,
        };
        let (wait, poll) = (Duration::from_secs(60), Duration::from_secs(5));
        let mut hands = Hands { requests: aws, stopper: aws, journal: kept, clock, wait, poll };
        let result = hands.act(Order { stop: Some(&old), is_submitted: true }, &mut record).await;
        (result, record)
    }

    fn calls(aws: &Aws) -> Vec<&'static str> {
        aws.calls.lock().expect("no panic while it is held").clone()
    }

    #[tokio::test(start_paused = true)]
    async fn the_old_job_has_ended_before_the_new_one_is_submitted() {
        use State::{Done, Intended};
        let (aws, mut kept) = (Aws { looks_until_the_end: Mutex::new(2), ..Aws::default() }, Kept::default());
        let (result, record) = act(&aws, &mut kept, "InProgress").await;
        assert_eq!(result, Ok(()));
        assert_eq!(calls(&aws), ["stop", "get", "get", "get", "create"]);
        let expected = [(Some(Intended), Some(Intended)), (Some(Done), Some(Intended)), (Some(Done), Some(Done))];
        assert_eq!(kept.states, expected);
        let submitted = record.submit.expect("it was asked for");
        assert_eq!((submitted.job_arn.as_deref(), submitted.request_id.as_deref()), (Some("arn:new"), Some("r-1")));
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_job_that_runs_is_told_to_stop() {
        for (status, expected) in [("Stopping", vec!["get", "create"]), ("Failed", vec!["create"])] {
            let (aws, mut kept) = (Aws::default(), Kept::default());
            assert_eq!(act(&aws, &mut kept, status).await.0, Ok(()));
            assert_eq!(calls(&aws), expected, "{status}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_submitted_beside_a_job_that_may_still_train() {
        for (aws, expected, calls_expected) in [
            (Aws { stop_fails: true, ..Aws::default() }, "was not stopped", vec!["stop"]),
            (Aws { look_fails: true, ..Aws::default() }, "could not be read", vec!["stop", "get"]),
        ] {
            let mut kept = Kept::default();
            let (result, record) = act(&aws, &mut kept, "InProgress").await;
            let message = result.expect_err("it failed").to_string();
            assert!(message.contains(expected) && message.ends_with("no new job was submitted"), "{message}");
            assert_eq!(calls(&aws), calls_expected);
            assert_eq!(record.stop.map(|act| act.state), Some(State::Failed));
        }
        let (aws, mut kept) = (Aws { looks_until_the_end: Mutex::new(99), ..Aws::default() }, Kept::default());
        let message = act(&aws, &mut kept, "InProgress").await.0.expect_err("it goes on").to_string();
        assert!(message.contains("is Stopping after 60 s") && !calls(&aws).contains(&"create"), "{message}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_submission_says_that_the_old_job_is_gone() {
        let (aws, mut kept) = (Aws { create_fails: true, ..Aws::default() }, Kept::default());
        let (result, record) = act(&aws, &mut kept, "InProgress").await;
        let message = result.expect_err("it failed").to_string();
        assert!(message.ends_with("the old job was stopped and cannot be started again"), "{message}");
        assert_eq!(record.submit.map(|act| act.state), Some(State::Failed));
        assert_eq!(kept.states.len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_done_without_a_record() {
        let (aws, mut kept) = (Aws::default(), Kept { fails_from: Some(0), ..Kept::default() });
        let failure = act(&aws, &mut kept, "InProgress").await.0.expect_err("no record");
        assert_eq!((failure, calls(&aws)), (Failure::RecordBefore("disk full".to_owned()), Vec::new()));
        let (aws, mut kept) = (Aws::default(), Kept { fails_from: Some(1), ..Kept::default() });
        let message = act(&aws, &mut kept, "InProgress").await.0.expect_err("no record").to_string();
        assert!(message.contains("the old job was stopped: Stopped, but the record"), "{message}");
        assert!(!calls(&aws).contains(&"create"));
    }
}
