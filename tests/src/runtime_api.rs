//! The Lambda Runtime API on 127.0.0.1, over real HTTP, and the function that a test invokes through it.
//!
//! What is served is what Lambda documents for custom runtimes (Developer Guide, "Using the Lambda runtime API"): the
//! long poll for the next invocation, its answer or error, and the error of an initialisation. One server is one
//! function: events go out in the order in which they were queued, each to one poll.

use std::collections::{HashMap, HashSet, VecDeque};
use std::convert::Infallible;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::aws_server::{ACCOUNT, REGION};
use crate::loopback::Loopback;
use crate::program::{Outcome, Program, Running};

/// The version is part of every path.
const VERSION: &str = "/2018-06-01/runtime/";

const FUNCTION_NAME: &str = "bedrock-audit-rule";
const TRACE_ID: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0";

/// How long an answer may come after the time limit. Lambda would have ended the function by then.
const GRACE: Duration = Duration::from_secs(10);

/// What became of an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Invocation {
    /// The function returned this.
    Answered(Value),
    /// It reported an error, in the invocation or in its initialisation.
    Failed {
        /// The class of the error, such as `Runtime.Unknown`.
        error_type: String,
        /// The error's own words.
        message: String,
    },
    /// Nothing came in time, or the function ended.
    NoAnswer,
}

impl Invocation {
    /// What the function returned.
    #[track_caller]
    pub fn expect_answer(self) -> Value {
        match self {
            Self::Answered(value) => value,
            other => panic!("the function was to answer: {other:?}"),
        }
    }

    /// The words of the error that it reported.
    #[track_caller]
    pub fn expect_failure(self) -> String {
        match self {
            Self::Failed { message, .. } => message,
            other => panic!("the function was to fail: {other:?}"),
        }
    }

    fn answered(body: &[u8]) -> Self {
        match serde_json::from_slice(body) {
            Ok(value) => Self::Answered(value),
            Err(error) => Self::Failed {
                error_type: "Runtime.InvalidResponse".to_owned(),
                message: format!("the answer is not JSON ({error}): {}", String::from_utf8_lossy(body)),
            },
        }
    }

    /// The class is in a header as well as in the body, and the body may be missing.
    fn failed(headers: &HeaderMap, body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let header = headers.get("Lambda-Runtime-Function-Error-Type").and_then(|value| value.to_str().ok());
        let error_type = body["errorType"].as_str().or(header).unwrap_or_default().to_owned();
        Self::Failed { error_type, message: body["errorMessage"].as_str().unwrap_or_default().to_owned() }
    }
}

/// A running server. It stops when dropped.
#[derive(Debug)]
pub struct RuntimeApi {
    desk: Arc<Desk>,
    http: Loopback,
}

impl RuntimeApi {
    /// A function of the default account and Region of [`AwsServer`](crate::aws_server::AwsServer).
    pub fn start() -> Self {
        Self::start_in(ACCOUNT, REGION)
    }

    /// A function of that account and Region.
    ///
    /// Listens at a free port, with a thread and a runtime of its own: a test may block, or bring its own runtime.
    pub fn start_in(account: &str, region: &str) -> Self {
        let desk = Arc::new(Desk::new(format!("arn:aws:lambda:{region}:{account}:function:{FUNCTION_NAME}")));
        let served = Arc::clone(&desk);
        let http = Loopback::serve("runtime-api", move |request| {
            let desk = Arc::clone(&served);
            async move { Ok::<_, Infallible>(desk.answer(request).await) }
        });
        Self { desk, http }
    }

    /// `127.0.0.1:PORT`, as `AWS_LAMBDA_RUNTIME_API` has it.
    pub fn address(&self) -> String {
        self.http.address().to_string()
    }

    /// What Lambda sets for a function of 128 MB, the smallest.
    pub fn environment(&self) -> Vec<(String, String)> {
        [
            ("AWS_LAMBDA_RUNTIME_API", self.address().as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", FUNCTION_NAME),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bedrock-audit-rule"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/15/[$LATEST]0123456789abcdef0123456789abcdef"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// The time from the start, or the last [`mark`](Self::mark), to the first poll after it; waits for that poll.
    pub fn first_poll(&self, within: Duration) -> Option<Duration> {
        self.desk.wait(within, |state| state.first_poll.is_some()).first_poll
    }

    /// Begins anew for [`first_poll`](Self::first_poll), and forgets a failed initialisation: another function is about
    /// to start.
    pub fn mark(&self) {
        let mut state = self.desk.state();
        state.marked_at = Instant::now();
        state.first_poll = None;
        state.init_error = None;
    }

    /// Queues an event and waits for what becomes of it, ten seconds beyond its time limit at the most.
    pub fn invoke(&self, event: &Value, time_limit: Duration) -> Invocation {
        let id = self.enqueue(event, time_limit);
        self.answer(&id, time_limit + GRACE).unwrap_or_else(|| self.give_up(&id))
    }

    /// Queues an event, and gives the id that its answer will have. The time limit begins when a poll takes it.
    pub fn enqueue(&self, event: &Value, time_limit: Duration) -> String {
        let mut state = self.desk.state();
        state.queued += 1;
        let id = format!("8476a536-e9f4-11e8-9739-{:012x}", state.queued);
        match state.init_error.clone() {
            Some(failed) => {
                state.answers.insert(id.clone(), failed);
            }
            None => state.waiting.push_back(Waiting { id: id.clone(), event: event.to_string(), time_limit }),
        }
        drop(state);
        self.desk.queued.notify_one();
        id
    }

    /// What became of that event, once; none when it is not known within this time.
    pub fn answer(&self, id: &str, within: Duration) -> Option<Invocation> {
        self.desk.wait(within, |state| state.answers.contains_key(id)).answers.remove(id)
    }

    /// Takes an event back that nobody waits for any more.
    fn give_up(&self, id: &str) -> Invocation {
        let mut state = self.desk.state();
        state.waiting.retain(|waiting| waiting.id != id);
        state.taken.remove(id);
        state.answers.remove(id).unwrap_or(Invocation::NoAnswer)
    }
}

/// An event that no poll has taken.
#[derive(Debug)]
struct Waiting {
    id: String,
    event: String,
    time_limit: Duration,
}

impl Waiting {
    fn response(self, function_arn: &str) -> Response<Full<Bytes>> {
        let deadline = SystemTime::now() + self.time_limit;
        let deadline = deadline.duration_since(UNIX_EPOCH).expect("the clock is past 1970").as_millis();
        Response::builder()
            .header(CONTENT_TYPE, "application/json")
            .header("Lambda-Runtime-Aws-Request-Id", self.id)
            .header("Lambda-Runtime-Deadline-Ms", deadline.to_string())
            .header("Lambda-Runtime-Invoked-Function-Arn", function_arn)
            .header("Lambda-Runtime-Trace-Id", TRACE_ID)
            .body(Full::from(self.event))
            .expect("the headers are plain ASCII")
    }
}

#[derive(Debug)]
struct State {
    marked_at: Instant,
    first_poll: Option<Duration>,
    queued: u64,
    waiting: VecDeque<Waiting>,
    /// Ids that a poll has taken and nobody has answered.
    taken: HashSet<String>,
    answers: HashMap<String, Invocation>,
    init_error: Option<Invocation>,
}

/// Where the test and the function meet.
#[derive(Debug)]
struct Desk {
    function_arn: String,
    state: Mutex<State>,
    /// An event was queued: for polls.
    queued: Notify,
    /// A poll or an answer came: for the test.
    happened: Condvar,
}

impl Desk {
    fn new(function_arn: String) -> Self {
        let state = State {
            marked_at: Instant::now(),
            first_poll: None,
            queued: 0,
            waiting: VecDeque::new(),
            taken: HashSet::new(),
            answers: HashMap::new(),
            init_error: None,
        };
        Self { function_arn, state: Mutex::new(state), queued: Notify::new(), happened: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panics while it holds the state")
    }

    /// Blocks until something is so, or until the time is up.
    fn wait(&self, within: Duration, is_so: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let waited = self.happened.wait_timeout_while(self.state(), within, |state| !is_so(state));
        waited.expect("no thread panics while it holds the state").0
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let Ok(body) = body.collect().await else {
            return told(StatusCode::BAD_REQUEST, "the request ended before its body did");
        };
        let body = body.to_bytes();
        let steps: Vec<&str> = head.uri.path().strip_prefix(VERSION).unwrap_or_default().split('/').collect();
        match (&head.method, steps.as_slice()) {
            (&Method::GET, ["invocation", "next"]) => self.next().await,
            (&Method::POST, ["invocation", id, "response"]) => self.settle(id, Invocation::answered(&body)),
            (&Method::POST, ["invocation", id, "error"]) => self.settle(id, Invocation::failed(&head.headers, &body)),
            (&Method::POST, ["init", "error"]) => self.did_not_start(Invocation::failed(&head.headers, &body)),
            _ => told(StatusCode::NOT_FOUND, &format!("the Runtime API has no {} {}", head.method, head.uri.path())),
        }
    }

    /// The long poll. A function that dies while it waits takes no event with it: hyper drops this with the connection.
    async fn next(&self) -> Response<Full<Bytes>> {
        {
            let mut state = self.state();
            let after = state.marked_at.elapsed();
            state.first_poll.get_or_insert(after);
        }
        self.happened.notify_all();
        loop {
            if let Some(waiting) = self.take() {
                return waiting.response(&self.function_arn);
            }
            // What was queued since the look above left a permit, with which this returns at once.
            self.queued.notified().await;
        }
    }

    fn take(&self) -> Option<Waiting> {
        let mut state = self.state();
        let waiting = state.waiting.pop_front()?;
        state.taken.insert(waiting.id.clone());
        Some(waiting)
    }

    fn settle(&self, id: &str, became: Invocation) -> Response<Full<Bytes>> {
        {
            let mut state = self.state();
            if !state.taken.remove(id) {
                return told(StatusCode::BAD_REQUEST, &format!("no invocation {id} waits for an answer"));
            }
            state.answers.insert(id.to_owned(), became);
        }
        self.happened.notify_all();
        accepted()
    }

    /// Without a function there is no answer to any event.
    fn did_not_start(&self, failed: Invocation) -> Response<Full<Bytes>> {
        {
            let mut state = self.state();
            while let Some(waiting) = state.waiting.pop_front() {
                state.answers.insert(waiting.id, failed.clone());
            }
            state.init_error = Some(failed);
        }
        self.happened.notify_all();
        accepted()
    }
}

fn accepted() -> Response<Full<Bytes>> {
    document(StatusCode::ACCEPTED, &json!({ "status": "OK" }))
}

fn told(status: StatusCode, message: &str) -> Response<Full<Bytes>> {
    document(status, &json!({ "errorMessage": message, "errorType": "InvalidRequest" }))
}

fn document(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "application/json")
        .body(Full::from(body.to_string()))
        .expect("the headers are plain ASCII")
}

/// A function: the shipped binary as Lambda runs it. Dropping it kills it.
#[derive(Debug)]
pub struct Lambda {
    runtime: RuntimeApi,
    running: Mutex<Running>,
}

impl Lambda {
    /// How long an invocation may take where a test does not say.
    pub const TIME_LIMIT: Duration = Duration::from_secs(60);

    /// `path`: of the binary. An integration test has it from `env!("CARGO_BIN_EXE_bootstrap-under-test")`.
    /// `environment`: where its AWS is, and its own settings.
    pub fn start(path: impl Into<PathBuf>, environment: &[(String, String)]) -> Self {
        Self::of(Program::new(path).envs(environment.iter().cloned()))
    }

    /// The same of a program that is put together already.
    pub fn of(program: Program) -> Self {
        Self::behind(RuntimeApi::start(), program)
    }

    /// The same as a function of that account and Region.
    pub fn start_in(account: &str, region: &str, path: impl Into<PathBuf>, environment: &[(String, String)]) -> Self {
        let program = Program::new(path).envs(environment.iter().cloned());
        Self::behind(RuntimeApi::start_in(account, region), program)
    }

    fn behind(runtime: RuntimeApi, program: Program) -> Self {
        let program = program.envs(runtime.environment());
        runtime.mark();
        let running = program.spawn();
        Self { runtime, running: Mutex::new(running) }
    }

    /// The server that it talks to.
    pub fn runtime(&self) -> &RuntimeApi {
        &self.runtime
    }

    /// Invokes it, with [`TIME_LIMIT`](Self::TIME_LIMIT).
    pub fn invoke(&self, event: &Value) -> Invocation {
        self.invoke_within(event, Self::TIME_LIMIT)
    }

    /// Invokes it with another time limit. A function that has ended gives no answer, and none is waited for.
    pub fn invoke_within(&self, event: &Value, time_limit: Duration) -> Invocation {
        let id = self.runtime.enqueue(event, time_limit);
        let until = Instant::now() + time_limit + GRACE;
        loop {
            // The order matters: what it said before it ended is still an answer.
            let has_ended = !self.is_running();
            if let Some(became) = self.runtime.answer(&id, Duration::from_millis(50)) {
                return became;
            }
            if has_ended || Instant::now() >= until {
                return self.runtime.give_up(&id);
            }
        }
    }

    /// Whether it still runs.
    pub fn is_running(&self) -> bool {
        self.running().is_running()
    }

    /// What it has written to stderr so far.
    pub fn stderr_so_far(&self) -> String {
        self.running().stderr_so_far()
    }

    /// What it has written to stdout so far.
    pub fn stdout_so_far(&self) -> String {
        self.running().stdout_so_far()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.running().pid()
    }

    /// The most memory that it has held (`VmHWM`); none once it has ended.
    pub fn peak_memory_bytes(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.running().pid())).ok()?;
        let kibibytes: u64 = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .and_then(|value| value.trim().strip_suffix("kB"))
            .and_then(|value| value.trim().parse().ok())?;
        Some(kibibytes * 1024)
    }

    /// Kills it, as Lambda does when it no longer needs an instance.
    pub fn end(self) -> Outcome {
        self.running.into_inner().expect("no thread panics while it holds the child").kill()
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().expect("no thread panics while it holds the child")
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::thread;

    use super::*;

    const SOON: Duration = Duration::from_secs(20);

    fn send(address: &str, method: &str, path: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).expect("the server listens");
        let length = body.len();
        let request = format!(
            "{method} {VERSION}{path} HTTP/1.1\r\nHost: runtime\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).expect("the server reads");
        stream
    }

    fn call(address: &str, method: &str, path: &str, body: &str) -> String {
        let mut answer = String::new();
        send(address, method, path, body).read_to_string(&mut answer).expect("the server answers in UTF-8");
        answer
    }

    fn header<'a>(answer: &'a str, name: &str) -> &'a str {
        let line = answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_else(|| panic!("no header {name} in {answer}"))
    }

    #[test]
    fn an_event_goes_out_with_its_headers_and_its_answer_comes_back() {
        let runtime = RuntimeApi::start();
        let address = runtime.address();
        assert_eq!(runtime.first_poll(Duration::ZERO), None);
        let function = thread::spawn(move || {
            let event = call(&address, "GET", "invocation/next", "");
            let id = header(&event, "lambda-runtime-aws-request-id").to_owned();
            let answer = call(&address, "POST", &format!("invocation/{id}/response"), r#"{"seen": 1}"#);
            let again = call(&address, "POST", &format!("invocation/{id}/response"), "{}");
            (event, answer, again)
        });
        let became = runtime.invoke(&json!({ "n": 1 }), SOON);
        assert_eq!(became.expect_answer(), json!({ "seen": 1 }));
        let (event, answer, again) = function.join().expect("the function does not panic");
        assert!(event.ends_with(r#"{"n":1}"#), "{event}");
        assert_eq!(
            header(&event, "lambda-runtime-invoked-function-arn"),
            "arn:aws:lambda:eu-west-1:111122223333:function:bedrock-audit-rule"
        );
        let deadline: u128 = header(&event, "lambda-runtime-deadline-ms").parse().expect("milliseconds");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").as_millis();
        assert!(deadline + 60_000 > now && deadline < now + 60_000, "{deadline} is not near {now}");
        assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
        assert!(again.starts_with("HTTP/1.1 400 "), "{again}");
        assert!(runtime.first_poll(Duration::ZERO).is_some());
        runtime.mark();
        assert_eq!(runtime.first_poll(Duration::ZERO), None);
    }

    #[test]
    fn errors_fail_their_invocation_and_those_of_a_start_fail_all() {
        let runtime = RuntimeApi::start();
        let address = runtime.address();
        let first = runtime.enqueue(&json!({}), SOON);
        let second = runtime.enqueue(&json!({}), SOON);
        let event = call(&address, "GET", "invocation/next", "");
        assert_eq!(header(&event, "lambda-runtime-aws-request-id"), first);
        let words = r#"{"errorType": "Throttled", "errorMessage": "asked too often"}"#;
        call(&address, "POST", &format!("invocation/{first}/error"), words);
        let failed = runtime.answer(&first, Duration::ZERO).expect("it has failed");
        assert_eq!(failed.expect_failure(), "asked too often");
        assert_eq!(runtime.answer(&second, Duration::ZERO), None);
        call(&address, "POST", "init/error", r#"{"errorMessage": "no credentials"}"#);
        for became in [runtime.answer(&second, Duration::ZERO), Some(runtime.invoke(&json!({}), SOON))] {
            assert_eq!(became.expect("it has failed").expect_failure(), "no credentials");
        }
        assert!(call(&address, "POST", "restore/error", "").starts_with("HTTP/1.1 404 "));
    }

    #[test]
    fn a_poll_that_is_given_up_takes_no_event_with_it() {
        let runtime = RuntimeApi::start();
        let address = runtime.address();
        let gone = send(&address, "GET", "invocation/next", "");
        runtime.first_poll(SOON).expect("the poll arrives");
        drop(gone);
        // The server hears of it within this time, or the next poll waits in vain.
        thread::sleep(Duration::from_millis(200));
        runtime.enqueue(&json!({ "for": "the living" }), SOON);
        assert!(call(&address, "GET", "invocation/next", "").ends_with(r#"{"for":"the living"}"#));
    }

    #[test]
    fn nothing_comes_of_a_function_that_has_ended() {
        let lambda = Lambda::of(Program::new("/bin/sh").args(["-c", "echo no >&2; exit 3"]));
        assert_eq!(lambda.invoke(&json!({})), Invocation::NoAnswer);
        assert_eq!(lambda.stderr_so_far(), "no\n");
        assert_eq!(lambda.stdout_so_far(), "");
    }

    /// Answers every event with itself.
    const ECHO: &str = r#"
        api="/dev/tcp/${AWS_LAMBDA_RUNTIME_API/://}"
        echo "$AWS_LAMBDA_FUNCTION_NAME in $PLACE"
        while exec 3<>"$api"; do
            printf 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: runtime\r\nConnection: close\r\n\r\n' >&3
            while read -r name value && [ "$name" != $'\r' ]; do
                if [ "$name" = lambda-runtime-aws-request-id: ]; then id=${value%$'\r'}; fi
            done <&3
            event=$(cat <&3)
            exec 3<>"$api"
            printf 'POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: runtime\r\n' "$id" >&3
            printf 'Connection: close\r\nContent-Length: %s\r\n\r\n%s' "${#event}" "$event" >&3
            cat <&3 >/dev/null
        done"#;

    #[test]
    fn a_function_is_invoked_again_and_again_and_can_be_looked_at() {
        let place = [("PLACE".to_owned(), "a test".to_owned())];
        let lambda = Lambda::of(Program::new("bash").envs(place).args(["-c", ECHO]));
        lambda.runtime().first_poll(SOON).expect("it polls");
        for number in 0..3 {
            let event = json!({ "number": number });
            assert_eq!(lambda.invoke(&event).expect_answer(), event);
        }
        assert_eq!(lambda.stdout_so_far(), "bedrock-audit-rule in a test\n");
        assert!(lambda.peak_memory_bytes().is_some_and(|bytes| bytes > 100_000));
        assert!(lambda.is_running());
        assert_eq!(lambda.end().status, -9);
    }
}
