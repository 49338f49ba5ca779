//! A strict, stateful stand-in for AWS on 127.0.0.1, over real HTTP, in this process.
//!
//! It speaks what the rule and `doctor` speak: Bedrock, CloudTrail, AWS Config, EC2, IAM, S3 and STS, each in its own
//! protocol, told apart by the service name that a request is signed for. A test puts jobs, groups and rules into [`State`], lets the real SDKs
//! come through [`AwsServer::environment`], and finds in [`State`] what they did. What AWS documents as a limit is a
//! limit here ([`limits`]); what nobody implemented fails the test.
//!
//! | module | what it does |
//! | --- | --- |
//! | `state`, `job`, `custom_model`, `network`, `rules`, `access` | what the services know |
//! | `http`, `form`, `model`, `xml`, `pages` | requests taken apart, answers put together |
//! | `service` | which operation a request is, and how each service says no |
//! | `bedrock`, `cloudtrail`, `config`, `ec2`, `iam`, `s3`, `sts` | the operations |
//! | `faults` | misbehaviour on demand |

/// What the services accept.
pub mod limits;

mod access;
mod bedrock;
mod cloudtrail;
mod config;
mod custom_model;
mod ec2;
mod faults;
mod form;
mod http;
mod iam;
mod job;
mod model;
mod network;
mod pages;
mod rules;
mod s3;
mod service;
mod state;
mod sts;
mod xml;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use std::{io, mem};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Request, Response};

use crate::loopback::Loopback;

pub use access::{Bucket, Grant, Key, Object, Role};
pub use cloudtrail::{PublicKey, Trail};
pub use custom_model::CustomModel;
pub use faults::Fault;
pub use job::{FIRST_JOB_CREATED_AT, Job};
pub use network::{Endpoint, NetworkInterface, PrefixList, Route, RouteTable, Rule, SecurityGroup, Subnet, Vpc};
pub use rules::{
    ConfigRule, Delivery, Evaluation, Ignored, RecordedResource, RegisteredType, ResourceKey, StartRefusal,
    StoredResult,
};
pub use state::{Place, State};

use faults::Effect;
use http::{Call, Refusal, Reply, Scope};
use service::{Caller, Service, Task};

/// The account of [`State::home`] and of the environment's access key.
pub const ACCOUNT: &str = "111122223333";

/// The Region of [`State::home`] and of the environment.
pub const REGION: &str = "eu-west-1";

/// The key pair that the server knows from the start. Its secret is never looked at.
const ACCESS_KEY_ID: &str = "AKIAENDTOENDTESTONLY";
const SECRET_ACCESS_KEY: &str = "end-to-end-test-only-not-a-secret-key000";

/// A request as it arrived, whatever became of it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// `bedrock`, `cloudtrail`, `config`, `ec2`, `iam`, `s3`, `sts`.
    pub service: String,
    /// As AWS names it.
    pub operation: String,
    /// When it had arrived whole.
    pub at: Instant,
    /// The account of its access key; empty where the server does not know the key.
    pub account: String,
    /// The Region that it is signed for.
    pub region: String,
    /// What it is about, in plain text: a job identifier, resource ids and filter values, a rule, `bucket/key`.
    pub detail: String,
    /// Which page of a listing it asks for, the first being 1.
    pub page: u32,
}

/// A running server. It stops when dropped, and its open connections with it. Dropping it panics where it was asked for
/// something that it does not know: see [`AwsServer::unknown_operations`].
#[derive(Debug)]
pub struct AwsServer {
    door: Arc<Door>,
    http: Loopback,
}

impl AwsServer {
    /// Serves an empty AWS, in which only the environment's access key is known.
    ///
    /// It has a thread and a runtime of its own: a test may block, or bring its own runtime.
    pub fn start() -> Self {
        let door = Arc::new(Door::new());
        let served = Arc::clone(&door);
        let http = Loopback::serve("aws-server", move |request| {
            let door = Arc::clone(&served);
            async move { door.answer(request).await }
        });
        Self { door, http }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.http.address())
    }

    /// The environment in which a program, or any AWS SDK, talks to this server. How it tries again is its own matter.
    pub fn environment(&self) -> Vec<(String, String)> {
        let endpoint = self.endpoint();
        [
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID),
            ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY),
            ("AWS_REGION", REGION),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_MAX_ATTEMPTS", "3"),
            ("NO_PROXY", "127.0.0.1,localhost"),
            ("no_proxy", "127.0.0.1,localhost"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// What the services know, to seed and to inspect. No request is answered while the guard lives, so it must be gone
    /// before the next call.
    pub fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.door.state)
    }

    /// Adds a fault behind those that are there: of several that fit a request, the first strikes.
    pub fn fail(&self, fault: Fault) {
        locked(&self.door.faults).push(fault);
    }

    /// Takes every fault away.
    pub fn clear_faults(&self) {
        locked(&self.door.faults).clear();
    }

    /// Every request of a known operation since the start or [`AwsServer::forget_requests`], in order of arrival.
    pub fn requests(&self) -> Vec<Seen> {
        locked(&self.door.seen).clone()
    }

    /// Forgets the requests so far, and how many there were at a time.
    pub fn forget_requests(&self) {
        locked(&self.door.seen).clear();
        self.door.most_in_flight.store(0, Ordering::Relaxed);
    }

    /// The highest number of requests that were being answered at one time.
    pub fn most_in_flight(&self) -> usize {
        self.door.most_in_flight.load(Ordering::Relaxed)
    }

    /// Time that passes before any answer, faults included.
    pub fn set_latency(&self, latency: Duration) {
        *locked(&self.door.latency) = latency;
    }

    /// Requests that nothing here answers: another service or operation, or one that is not signed.
    pub fn unknown_operations(&self) -> Vec<String> {
        locked(&self.door.unknown).clone()
    }

    /// As [`AwsServer::unknown_operations`], for a test that means to ask for one: the drop does not panic over these.
    pub fn take_unknown_operations(&self) -> Vec<String> {
        mem::take(&mut *locked(&self.door.unknown))
    }
}

impl Drop for AwsServer {
    fn drop(&mut self) {
        if thread::panicking() {
            return;
        }
        let unknown = self.unknown_operations();
        assert!(unknown.is_empty(), "the stand-in for AWS was asked for what it does not know: {unknown:?}");
    }
}

/// What every request passes on its way to the services.
#[derive(Debug)]
struct Door {
    state: Mutex<State>,
    faults: Mutex<Vec<Fault>>,
    seen: Mutex<Vec<Seen>>,
    unknown: Mutex<Vec<String>>,
    latency: Mutex<Duration>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

impl Door {
    fn new() -> Self {
        Self {
            state: Mutex::new(State::new()),
            faults: Mutex::default(),
            seen: Mutex::default(),
            unknown: Mutex::default(),
            latency: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
        }
    }

    /// An error closes the connection: hyper sends nothing then.
    async fn answer(&self, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
        let call = Call::read(request).await?;
        let _counted = Counted::enter(self);
        let reply = match self.understand(&call) {
            Ok((scope, task)) => self.perform(&scope, &task, &call).await?,
            Err((service, asked)) => {
                let refusal = service.unknown_operation(&asked);
                locked(&self.unknown).push(asked);
                service.refuse(&refusal)
            }
        };
        Ok(reply.into_response())
    }

    /// Which service and operation it is; where that is not known, the service in whose form to say so.
    fn understand(&self, call: &Call) -> Result<(Scope, Task), (Service, String)> {
        let line = || format!("{} /{}", call.method, call.path.join("/"));
        let scope = call.scope().ok_or_else(|| (Service::Bedrock, format!("{} without a signature", line())))?;
        let service = Service::by_name(&scope.service);
        let service = service.ok_or_else(|| (Service::Bedrock, format!("{} {}", scope.service, line())))?;
        let task = service.task(call).map_err(|asked| (service, asked))?;
        Ok((scope, task))
    }

    async fn perform(&self, scope: &Scope, task: &Task, call: &Call) -> io::Result<Reply> {
        let caller = self.note(scope, task, call);
        let effect = faults::strike(&mut locked(&self.faults), task);
        let latency = *locked(&self.latency);
        let hang = if let Some(Effect::Hang(time)) = effect { time } else { Duration::ZERO };
        if !(latency + hang).is_zero() {
            tokio::time::sleep(latency + hang).await;
        }
        let Some(caller) = caller else { return Ok(task.service.refuse(&task.service.unknown_key())) };
        let refusal = match effect {
            None | Some(Effect::Hang(_)) => return Ok(self.ask(&caller, task, call)),
            Some(Effect::Half) => {
                let mut reply = self.ask(&caller, task, call);
                reply.body.truncate(reply.body.len() / 2);
                return Ok(reply);
            }
            Some(Effect::Reset) => return Err(io::Error::other("this connection is to be dropped")),
            Some(Effect::Throttle) => task.service.throttled(),
            Some(Effect::AccessDenied) => task.service.denied(&caller.arn, &task.operation),
            Some(Effect::InternalError) => task.service.broken(),
            Some(Effect::Error(refusal)) => refusal,
        };
        Ok(task.service.refuse(&refusal))
    }

    /// Writes the request down; whose it is, where its key is known.
    fn note(&self, scope: &Scope, task: &Task, call: &Call) -> Option<Caller> {
        let state = locked(&self.state);
        let key = state.key_of(&scope.access_key_id, call);
        let caller =
            key.map(|key| Caller { account: key.account.clone(), region: scope.region.clone(), arn: key.arn.clone() });
        drop(state);
        locked(&self.seen).push(Seen {
            service: task.service.name().to_owned(),
            operation: task.operation.clone(),
            at: Instant::now(),
            account: caller.as_ref().map(|caller| caller.account.clone()).unwrap_or_default(),
            region: scope.region.clone(),
            detail: task.detail.clone(),
            page: task.page,
        });
        caller
    }

    fn ask(&self, caller: &Caller, task: &Task, call: &Call) -> Reply {
        let answered = task.service.answer(&mut locked(&self.state), caller, task, call);
        answered.unwrap_or_else(|refusal: Refusal| task.service.refuse(&refusal))
    }
}

/// A request that is being answered, until it is dropped.
struct Counted<'a>(&'a Door);

impl<'a> Counted<'a> {
    fn enter(door: &'a Door) -> Self {
        let now = 1 + door.in_flight.fetch_add(1, Ordering::Relaxed);
        door.most_in_flight.fetch_max(now, Ordering::Relaxed);
        Self(door)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A test that panics while it holds a guard has failed already: the server goes on for those that are left.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
