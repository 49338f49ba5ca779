//! Measures a built `bootstrap`: cold start, and a scheduled run over many jobs.

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
        aws.state().home().add_job(&format!("job-{number:04}")).status("Completed");
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
    let peak = lambda.peak_memory_bytes().expect("it still runs") >> 20;
    eprintln!(
        "{run}: {JOBS} jobs, {} requests in {:.1} s, at most {} in flight, each {} ms or more; peak memory {peak} MiB",
        aws.requests().len(),
        before.elapsed().as_secs_f64(),
        aws.most_in_flight(),
        LATENCY.as_millis(),
    );
}
