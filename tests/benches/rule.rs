//! Measures a `bootstrap`, which may be a script: cold start, and a scheduled run over many jobs of which half have a VPC.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use end_to_end::aws_server::{ACCOUNT, AwsServer};
use end_to_end::config_events::scheduled;
use end_to_end::runtime_api::Lambda;

const JOBS: usize = 5_000;
const STARTS: usize = 11;
const RULE: &str = "bedrock-jobs";

/// Bedrock answers in tens of milliseconds; the stand-in alone would in less than one.
const LATENCY: Duration = Duration::from_millis(20);

fn main() {
    let path = std::env::args().nth(1).expect("usage: bench-rule PATH-OF-BOOTSTRAP");
    let aws = AwsServer::start();
    aws.state().home().add_rule(RULE);
    for number in 0..JOBS {
        let mut state = aws.state();
        let job = state.home().add_job(&format!("job-{number:04}")).status("Completed");
        if number % 2 == 0 {
            job.in_vpc(&["subnet-0b0b0b0b0b0b0b0b0"], &["sg-0c0c0c0c0c0c0c0c0"]);
        }
    }
    report_cold_start(&path, &aws);
    aws.set_latency(LATENCY);
    let lambda = Lambda::start(&path, &aws.environment());
    for run in ["cold", "warm"] {
        report_run(run, &aws, &lambda);
    }
}

fn report_cold_start(path: &str, aws: &AwsServer) {
    let start = |_| {
        let lambda = Lambda::start(path, &aws.environment());
        lambda.runtime().first_poll(Duration::from_secs(10)).expect("it polls")
    };
    let mut times: Vec<Duration> = (0..STARTS).map(start).collect();
    times.sort();
    let (least, median) = (times[0].as_secs_f64() * 1e3, times[STARTS / 2].as_secs_f64() * 1e3);
    eprintln!("cold start to the first poll: median {median:.1} ms, least {least:.1} ms of {STARTS}");
}

fn report_run(run: &str, aws: &AwsServer, lambda: &Lambda) {
    aws.forget_requests();
    let token = aws.state().home().hand_out_token(RULE);
    let event = scheduled(RULE, &token, None, ACCOUNT, "2026-03-01T00:00:00.000Z");
    let before = Instant::now();
    lambda.invoke_within(&event, Duration::from_secs(900)).expect_answer();
    let seconds = before.elapsed().as_secs_f64();
    let peak = lambda.peak_memory_bytes().expect("it still runs") >> 20;
    let mut operations = BTreeMap::<String, usize>::new();
    for seen in aws.requests() {
        *operations.entry(format!("{}:{}", seen.service, seen.operation)).or_default() += 1;
    }
    let most = aws.most_in_flight();
    let latency = LATENCY.as_millis();
    eprintln!(
        "{run}: {JOBS} jobs in {seconds:.1} s, peak memory {peak} MiB, requests of {latency} ms or more, at most {most} in flight:"
    );
    let counts: Vec<String> = operations.iter().map(|(operation, count)| format!("{count} {operation}")).collect();
    eprintln!("  {} in all: {}", operations.values().sum::<usize>(), counts.join(", "));
    let mut state = aws.state();
    let told = state.home().deliveries.iter().flat_map(|delivery| &delivery.evaluations).next_back();
    let told = told.expect("the account has a result");
    eprintln!("  {} {} {}", told.resource_type, told.compliance, told.annotation.as_deref().unwrap_or_default());
}
