//! The program's connections through a TCP proxy that refuses, resets, cuts and drips them, under the SDKs and under the lake's
//! store: a run is right, or it fails by name and says what to do, and the next one completes it.
//!
//! `BEDROCK_AUDIT_FAULT_ROUNDS` and `BEDROCK_AUDIT_FAULT_SEED` as in `faults`.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use analytics::trail::story::story;
use end_to_end::aws_server::{ACCOUNT, AwsServer};
use end_to_end::dice::Dice;
use end_to_end::program::{Outcome, Program};
use end_to_end::s3_server::Faults;
use end_to_end::tcp_proxy::{Fault, Plan, TcpProxy};

use crate::faults::{assert_completed, assert_whole, delivered, events, expected, first_seed, rounds};
use crate::place::{Place, number, program, text};

const SUBNET: &str = "subnet-0b0b0b0b0b0b0b0b0";
const GROUP: &str = "sg-0c0c0c0c0c0c0c0c0";

fn proxy(endpoint: &str, plan: Plan) -> TcpProxy {
    let server: Option<SocketAddr> = endpoint.strip_prefix("http://").and_then(|address| address.parse().ok());
    TcpProxy::start(server.expect("an endpoint of a server of ours"), plan)
}

/// A program whose requests go through the proxy.
fn through(proxy: &TcpProxy, program: Program, attempts: &str) -> Program {
    program.env("AWS_ENDPOINT_URL", proxy.endpoint()).env("AWS_MAX_ATTEMPTS", attempts)
}

/// An ingest from S3 to S3.
fn ingest(place: &Place, plan: Plan, attempts: &str) -> Outcome {
    let proxy = proxy(&place.server().endpoint(), plan);
    let outcome = through(&proxy, place.ingesting(&["--events", "all"]), attempts).run();
    assert!(proxy.taken() > 0 || outcome.status == 3, "it goes through the proxy");
    outcome
}

/// An object, a prefix, or the query that reads them.
fn names_something(line: &str) -> bool {
    ["s3://trail-bucket/", "s3://lake-bucket", "failed to run ", "failed to plan "]
        .iter()
        .any(|name| line.contains(name))
}

/// A line that names what could not be done, and the next step.
fn assert_named(outcome: &Outcome, fault: &str) {
    let told = &outcome.stderr;
    assert!(!told.contains("panicked"), "{fault}: {told}");
    let is_told = |line: &str| match outcome.status {
        0 => true,
        2 => line.contains("s3://trail-bucket/") && line.contains("the next run tries it again"),
        3 => line.starts_with("bedrock-audit: failed to ") && names_something(line) && line.contains("run again"),
        _ => false,
    };
    assert!(outcome.status == 0 || told.lines().any(is_told), "{fault}: {}\n{told}", outcome.stdout);
}

#[test]
fn an_ingest_whose_connections_break_is_right_or_named_and_completed_by_the_next() {
    let first = first_seed();
    let mut ends: BTreeMap<i32, u32> = BTreeMap::new();
    for seed in (0..rounds(12)).map(|round| first.wrapping_add(round)) {
        let mut dice = Dice::new(seed);
        let plan = Plan::thrown(&mut dice);
        let attempts = *dice.pick(&["1", "2", "5"]);
        let fault = format!("BEDROCK_AUDIT_FAULT_SEED={seed}: {attempts} attempts, {plan:?}");
        let place = delivered(Place::in_s3(Faults::default()));
        let outcome = ingest(&place, plan, attempts);
        *ends.entry(outcome.status).or_default() += 1;
        assert_named(&outcome, &fault);
        if outcome.status == 0 {
            assert_whole(&place, &fault);
            assert_eq!(events(&place), expected(), "{fault}");
        } else {
            assert_completed(&place, &fault);
        }
    }
    eprintln!("from BEDROCK_AUDIT_FAULT_SEED={first} on, ends by exit code: {ends:?}");
}

#[test]
fn an_ingest_all_of_whose_connections_break_fails_by_name_and_commits_nothing_by_halves() {
    // The lake is in a folder: the store of one in S3 tries ten times, which takes long.
    for fault in [Fault::ResetAtOnce, Fault::ResetInRequest(90), Fault::ResetInAnswer(40), Fault::CutAnswer(200)] {
        let place = delivered(Place::in_s3(Faults::default()));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let lake = folder.path().join("lake").display().to_string();
        let proxy = proxy(&place.server().endpoint(), Plan::always(fault));
        let args = ["ingest", &place.source(), "--lake", &lake, "--events", "all"];
        let outcome = through(&proxy, place.program().args(args), "2").run().expect_status(3);
        assert_named(&outcome, &format!("{fault:?}"));
        assert!(outcome.stderr.contains("failed to list s3://trail-bucket/"), "{fault:?}: {}", outcome.stderr);
        place.program().args(args).run().expect_status(0);
        let count = ["query", "--sql", "select count(*) as n from events", "--lake", &lake, "--output", "ndjson"];
        let rows = program().args(count).run().expect_status(0).rows();
        assert_eq!(number(&rows[0], "n"), i64::try_from(expected().len()).expect("a few"), "{fault:?}");
    }
}

#[test]
fn answers_that_only_drip_are_waited_for() {
    let place = delivered(Place::in_s3(Faults::default()));
    let outcome = ingest(&place, Plan::always(Fault::Drip(300)), "1");
    outcome.expect_status(0);
    assert_whole(&place, "drip");
    assert_eq!(events(&place), expected());
}

#[test]
fn an_audit_whose_connections_break_gives_no_other_verdict() {
    let place = Place::in_s3(Faults::default());
    place.deliver(&story().files);
    place.ingest(&[]).expect_status(2);
    let audit = place.program().args(["audit", "--lake", &place.lake(), "--output", "ndjson"]);
    let clean = audit.run().expect_status(1);
    let first = first_seed();
    for seed in (0..rounds(5)).map(|round| first.wrapping_add(round)) {
        let mut dice = Dice::new(seed);
        let plan = Plan::thrown(&mut dice);
        let fault = format!("BEDROCK_AUDIT_FAULT_SEED={seed}: {plan:?}");
        let proxy = proxy(&place.server().endpoint(), plan);
        let outcome = through(&proxy, audit.clone(), "2").run();
        if outcome.status == 3 {
            assert_named(&outcome, &fault);
            assert_eq!(outcome.stdout, "", "{fault}");
        } else {
            assert_eq!((outcome.status, &outcome.stdout), (clean.status, &clean.stdout), "{fault}: {}", outcome.stderr);
        }
    }
}

/// Takes half a minute: the time after which a request that nobody answers is given up.
#[test]
fn a_connection_that_stalls_for_ever_is_given_up() {
    let place = delivered(Place::in_s3(Faults::default()));
    let outcome = ingest(&place, Plan { faults: vec![Some(Fault::Stall)], ..Plan::none() }, "3");
    assert_named(&outcome, "stalled");
    assert_completed(&place, "stalled");
}

/// Four jobs, and a role that leads to them: Bedrock, EC2, IAM, S3 and STS are asked.
fn jobs(is_one_outside: bool) -> AwsServer {
    let aws = crate::replace::aws();
    let mut state = aws.state();
    state.add_role(&format!("arn:aws:iam::{ACCOUNT}:role/audit/read"));
    for name in ["one", "two", "three"] {
        state.home().add_job(name).in_vpc(&[SUBNET], &[GROUP]);
    }
    if is_one_outside {
        state.home().add_job("outside");
    }
    drop(state);
    aws
}

fn evaluate(aws: &AwsServer) -> Program {
    let asked = ["evaluate", "--accounts", ACCOUNT, "--role-name", "audit/read", "--output", "ndjson"];
    program().args(asked).envs(aws.environment())
}

/// The verdict of each job and control.
fn verdicts(outcome: &Outcome) -> BTreeMap<(String, String), String> {
    let rows = outcome.rows();
    let verdict = |row| {
        let [job, control, verdict] = ["job_name", "control", "verdict"].map(|column| text(row, column).to_owned());
        ((job, control), verdict)
    };
    rows.iter().map(verdict).collect()
}

/// What could not be read is named by its action.
fn names_what_is_unread(outcome: &Outcome) -> bool {
    let unread = outcome.stderr.lines().filter_map(|line| line.strip_prefix("could not read: "));
    let services = ["bedrock:", "ec2:", "iam:", "s3:", "sts:"];
    unread.into_iter().any(|unread| services.iter().any(|service| unread.starts_with(service)))
}

/// Whatever is told is as it is, and whatever is not told is named.
fn assert_no_other_verdict(clean: &Outcome, outcome: &Outcome, fault: &str) {
    let shown = format!("{fault}: ended with {}\n{}\n{}", outcome.status, outcome.stdout, outcome.stderr);
    assert!([0, 1, 2].contains(&outcome.status) && !outcome.stderr.contains("panicked"), "{shown}");
    let (expected, told) = (verdicts(clean), verdicts(outcome));
    for (of, verdict) in &told {
        assert!(verdict == "Undetermined" || expected.get(of) == Some(verdict), "{of:?} is {verdict}: {shown}");
    }
    let is_whole = told == expected;
    assert!(is_whole || names_what_is_unread(outcome), "what is missing is not named: {shown}");
    match outcome.status {
        0 => assert!(is_whole && clean.status == 0, "{shown}"),
        1 => assert_eq!(clean.status, 1, "{shown}"),
        _ => assert!(names_what_is_unread(outcome), "{shown}"),
    }
}

#[test]
fn an_evaluation_whose_connections_break_gives_no_other_verdict() {
    let worlds = [jobs(false), jobs(true)];
    let clean = [0, 1].map(|world: usize| evaluate(&worlds[world]).run());
    for (world, status) in [(0, 0), (1, 1)] {
        let told = verdicts(&clean[world]);
        assert_eq!(clean[world].status, status, "{told:?}\n{}", clean[world].stderr);
        assert!(!told.is_empty() && told.values().all(|verdict| verdict != "Undetermined"), "{told:?}");
    }
    let first = first_seed();
    let mut ends: BTreeMap<i32, u32> = BTreeMap::new();
    for seed in (0..rounds(16)).map(|round| first.wrapping_add(round)) {
        let mut dice = Dice::new(seed);
        let world = dice.below(2);
        let plan = Plan::thrown(&mut dice);
        let attempts = *dice.pick(&["1", "2", "4"]);
        let fault = format!("BEDROCK_AUDIT_FAULT_SEED={seed}: world {world}, {attempts} attempts, {plan:?}");
        let proxy = proxy(&worlds[world].endpoint(), plan);
        let outcome = through(&proxy, evaluate(&worlds[world]), attempts).run();
        *ends.entry(outcome.status).or_default() += 1;
        assert_no_other_verdict(&clean[world], &outcome, &fault);
    }
    eprintln!("from BEDROCK_AUDIT_FAULT_SEED={first} on, ends by exit code: {ends:?}");
}

#[test]
fn an_evaluation_all_of_whose_connections_break_or_stall_could_not_tell() {
    let aws = jobs(false);
    let clean = evaluate(&aws).run().expect_status(0);
    for fault in [Fault::ResetAtOnce, Fault::ResetInRequest(90), Fault::ResetInAnswer(40), Fault::CutAnswer(200)] {
        let proxy = proxy(&aws.endpoint(), Plan::always(fault));
        let outcome = through(&proxy, evaluate(&aws), "2").run().expect_status(2);
        assert_no_other_verdict(&clean, &outcome, &format!("{fault:?}"));
    }
    // Nobody ever answers: however slow the machine is, the time ends first.
    let proxy = proxy(&aws.endpoint(), Plan::always(Fault::Stall));
    let stalled = through(&proxy, evaluate(&aws).args(["--time-limit", "1s"]), "3").run().expect_status(2);
    assert_no_other_verdict(&clean, &stalled, "stalled");
    assert!(stalled.stderr.contains("no answer before the deadline"), "{}", stalled.stderr);
}
