//! When a statement must be over. What is not done by then is dropped, and with it all that works for it.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, Result};

/// A point in time, and how long it was until then.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    at: Instant,
    allowed: Duration,
}

/// A statement was not done in its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the statement took longer than {}", words_of(.0))]
pub struct TooLong(Duration);

fn words_of(span: &Duration) -> humantime::FormattedDuration {
    humantime::format_duration(*span)
}

impl Deadline {
    /// So long from now.
    pub fn after(allowed: Duration) -> Self {
        Self { at: Instant::now() + allowed, allowed }
    }

    /// The point in time.
    #[cfg(feature = "serve")]
    pub fn at(&self) -> Instant {
        self.at
    }

    /// What whoever waited is told when it has come.
    pub fn too_long(&self) -> TooLong {
        TooLong(self.allowed)
    }

    /// Waits for something, but no longer.
    pub async fn within<T>(&self, work: impl Future<Output = T>) -> std::result::Result<T, TooLong> {
        tokio::time::timeout_at(self.at, work).await.map_err(|_| self.too_long())
    }
}

/// Waits for a statement's answer, no longer than `--time-limit` says. `name`: of the statement, in messages.
pub async fn within<T>(limit: Option<Duration>, name: &str, answer: impl Future<Output = Result<T>>) -> Result<T> {
    let Some(limit) = limit else { return answer.await };
    Deadline::after(limit).within(answer).await.map_err(|over| stopped(name, over))?
}

fn stopped(name: &str, over: TooLong) -> Error {
    let cause = format!("{over}, and was stopped; narrow it, or raise --time-limit");
    Error::Query { action: "run", query: name.to_owned(), source: cause.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::chain;
    use std::future::{pending, ready};

    #[test]
    fn what_was_stopped_is_told_with_its_limit_and_what_to_do() {
        for (limit, words) in [(200, "200ms"), (30_000, "30s"), (600_000, "10m")] {
            let error = stopped("job_chronology", TooLong(Duration::from_millis(limit)));
            let expected = format!(
                "run job_chronology: the statement took longer than {words}, and was stopped; narrow it, or raise --time-limit"
            );
            assert_eq!(chain(&error), expected);
        }
    }

    #[tokio::test]
    async fn what_never_ends_is_given_up_and_what_is_there_is_answered() {
        let endless = within(Some(Duration::from_millis(1)), "--sql", pending::<Result<()>>()).await;
        assert!(chain(&endless.expect_err("it never ends")).contains("longer than 1ms"));
        for limit in [None, Some(Duration::from_secs(3600))] {
            assert_eq!(within(limit, "--sql", ready(Ok(7))).await.expect("it is there"), 7, "{limit:?}");
            let failed = ready(Err::<(), _>(Error::Misused("no such table".to_owned())));
            let failed = within(limit, "--sql", failed).await.expect_err("its own error");
            assert_eq!(failed.to_string(), "no such table", "{limit:?}");
        }
    }

    #[tokio::test]
    async fn what_is_given_up_is_dropped() {
        let (held, dropped) = tokio::sync::oneshot::channel::<()>();
        let holding = async move {
            let _held = held;
            pending::<Result<()>>().await
        };
        within(Some(Duration::from_millis(1)), "--sql", holding).await.expect_err("it never ends");
        dropped.await.expect_err("nobody holds the other end any more");
    }
}
