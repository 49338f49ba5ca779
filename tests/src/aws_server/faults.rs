//! How the services misbehave: on which requests, and in which way.

use std::time::Duration;

use super::http::Refusal;
use super::service::Task;

/// A fault: which requests it strikes, and what becomes of them.
///
/// `Fault::on("bedrock", "GetModelCustomizationJob").detail_contains("job-7").times(2).throttle()` refuses the first
/// two requests for that job. Without [`Fault::nth`] and [`Fault::times`] it strikes every request that fits.
#[derive(Debug, Clone)]
pub struct Fault {
    service: String,
    operation: String,
    detail: Option<String>,
    page: Option<u32>,
    nth: Option<u32>,
    times: Option<u32>,
    effect: Effect,
    fitted: u32,
    struck: u32,
}

/// What becomes of a request that a fault strikes.
#[derive(Debug, Clone)]
pub(super) enum Effect {
    Throttle,
    AccessDenied,
    InternalError,
    Reset,
    Hang(Duration),
    Half,
    Error(Refusal),
}

impl Fault {
    /// A fault of one operation of one service, `*` standing for all of them; an internal error unless it is told
    /// otherwise.
    pub fn on(service: &str, operation: &str) -> Self {
        Self {
            service: service.to_owned(),
            operation: operation.to_owned(),
            detail: None,
            page: None,
            nth: None,
            times: None,
            effect: Effect::InternalError,
            fitted: 0,
            struck: 0,
        }
    }

    /// Only requests whose [`super::Seen::detail`] contains this: a job's name, a group's id.
    pub fn detail_contains(mut self, detail: &str) -> Self {
        self.detail = Some(detail.to_owned());
        self
    }

    /// Only requests for that page of a listing, the first being 1.
    pub fn page(mut self, page: u32) -> Self {
        self.page = Some(page);
        self
    }

    /// Begins with the nth request that fits, the first being 1, and strikes that one only unless [`Fault::times`] says
    /// more.
    pub fn nth(mut self, nth: u32) -> Self {
        self.nth = Some(nth);
        self
    }

    /// Strikes so many requests at most.
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Answers that the client asks too much, in the service's own words: the SDKs try again.
    pub fn throttle(self) -> Self {
        self.with(Effect::Throttle)
    }

    /// Answers that the caller may not, in the service's own words.
    pub fn access_denied(self) -> Self {
        self.with(Effect::AccessDenied)
    }

    /// Answers 500, in the service's own words: the SDKs try again.
    pub fn internal_error(self) -> Self {
        self.with(Effect::InternalError)
    }

    /// Closes the connection without an answer.
    pub fn reset_connection(self) -> Self {
        self.with(Effect::Reset)
    }

    /// Answers as usual, that much later.
    pub fn hang(self, time: Duration) -> Self {
        self.with(Effect::Hang(time))
    }

    /// Answers 200 with the first half of what it would have said.
    pub fn half_an_answer(self) -> Self {
        self.with(Effect::Half)
    }

    /// Answers with that error, in the form of the service's protocol.
    pub fn error(self, status: u16, code: &str, message: &str) -> Self {
        self.with(Effect::Error(Refusal::new(status, code, message)))
    }

    fn with(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    fn fits(&self, task: &Task) -> bool {
        let is_any_or = |wanted: &str, found: &str| wanted == "*" || wanted == found;
        is_any_or(&self.service, task.service.name())
            && is_any_or(&self.operation, &task.operation)
            && self.detail.as_ref().is_none_or(|detail| task.detail.contains(detail.as_str()))
            && self.page.is_none_or(|page| page == task.page)
    }

    /// Counts the request where it fits, and tells whether it is struck.
    fn strikes(&mut self, task: &Task) -> bool {
        if !self.fits(task) {
            return false;
        }
        self.fitted += 1;
        let most = self.times.or(self.nth.map(|_| 1));
        let is_due = self.fitted >= self.nth.unwrap_or(1) && most.is_none_or(|most| self.struck < most);
        self.struck += u32::from(is_due);
        is_due
    }
}

/// The effect of the first fault that strikes the request. The faults behind it do not count that request.
pub(super) fn strike(faults: &mut [Fault], task: &Task) -> Option<Effect> {
    faults.iter_mut().find_map(|fault| fault.strikes(task).then(|| fault.effect.clone()))
}
