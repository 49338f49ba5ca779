//! Questions that a Ballista cluster answers: a scheduler and two executors as processes of their own.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use analytics::query::render::{Format, render};
use analytics::query::{Answer, Bindings, Catalog, Engine, Scheduler};
use analytics::store::Lake;
use analytics::trail::story::story;
use chrono::{DateTime, Utc};
use end_to_end::program::{Outcome, Program, Running};
use end_to_end::s3_server::Faults;

use crate::place::{Place, program};

/// After the story's last event.
const AS_OF: &str = "2026-03-30T14:00:00Z";

const MEMORY: usize = 512 << 20;

/// A cluster while it runs.
struct Cluster {
    scheduler: Running,
    executors: Vec<Running>,
    work: tempfile::TempDir,
    url: String,
}

impl Cluster {
    /// Two executors that reach what the place's program reaches.
    fn start(place: &Place) -> Self {
        let work = tempfile::tempdir().expect("a temporary folder");
        let port = free_port();
        let scheduler = ballista(env!("CARGO_BIN_EXE_ballista-scheduler-under-test"), place)
            .args(["--bind-host", "127.0.0.1", "--bind-port", &port])
            .args(["--executor-timeout-seconds", "20", "--expire-dead-executor-interval-seconds", "1"])
            .args(["--no-executors-grace-period-seconds", "8"])
            .spawn();
        let mut cluster = Self { scheduler, executors: Vec::new(), work, url: format!("df://127.0.0.1:{port}") };
        while TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
            assert!(cluster.scheduler.is_running(), "{}", cluster.scheduler.stderr_so_far());
            std::thread::sleep(Duration::from_millis(20));
        }
        for number in 0..2 {
            let folder = cluster.work(number).display().to_string();
            std::fs::create_dir(&folder).expect("a temporary folder can be written to");
            let executor = ballista(env!("CARGO_BIN_EXE_ballista-executor-under-test"), place)
                .args(["--scheduler-host", "127.0.0.1", "--scheduler-port", &port])
                .args(["--bind-host", "127.0.0.1", "--external-host", "127.0.0.1", "--vcores", "2"])
                .args(["--bind-port", &free_port(), "--bind-grpc-port", &free_port(), "--work-dir", &folder])
                .args(["--executor-heartbeat-interval-seconds", "2", "--memory-pool-size", "256MiB"]);
            cluster.executors.push(executor.spawn());
        }
        cluster
    }

    /// Where an executor keeps what others fetch from it.
    fn work(&self, executor: usize) -> std::path::PathBuf {
        self.work.path().join(executor.to_string())
    }

    /// What is added to a command.
    fn options(&self) -> [&str; 6] {
        ["--engine", "ballista", "--scheduler", &self.url, "--partitions", "2"]
    }
}

fn ballista(path: &str, place: &Place) -> Program {
    // Ballista takes a http:// endpoint only where it is told that it may.
    place.program_at(path).env("AWS_ALLOW_HTTP", "true").env("RUST_LOG", "off")
}

fn free_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("it listens").port().to_string()
}

fn csv(answer: &Answer) -> String {
    let mut bytes = Vec::new();
    render(answer, Format::Csv, &mut bytes).expect("an answer is written to memory");
    String::from_utf8(bytes).expect("CSV is UTF-8")
}

/// A place with the story in its lake, and the history of it.
fn told(place: Place) -> Place {
    place.deliver(&story().files);
    place.ingest(&[]).expect_status(2);
    place.program().args(["rebuild", "--lake", &place.lake()]).run().expect_status(0);
    place
}

fn audit(place: &Place, more: &[&str]) -> Program {
    let audit = ["audit", "--as-of", AS_OF, "--output", "csv", "--lake", &place.lake()];
    place.program().args(audit.map(str::to_owned)).args(more.iter().copied())
}

/// The answer of a run, and how it ended.
fn answer(run: Outcome) -> (i32, String) {
    (run.status, run.stdout)
}

#[test]
fn every_question_is_answered_as_without_a_cluster() {
    let place = told(Place::in_folders());
    let cluster = Cluster::start(&place);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(32 << 20).build();
    runtime.expect("a runtime").block_on(compare(&place.lake_folder(), &cluster.url));
}

async fn compare(folder: &Path, scheduler: &str) {
    let lake = Lake::in_folder(folder, false).expect("the lake is there");
    let committed = lake.committed().await.expect("the ledger is whole");
    let scheduler = Scheduler::parse(scheduler, 2).expect("a scheduler");
    let here = Engine::open(&lake, &committed, MEMORY).await.expect("the history is built");
    let there = Engine::open_on_cluster(&lake, &committed, MEMORY, &scheduler).await.expect("somebody listens");
    let now: DateTime<Utc> = AS_OF.parse().expect("a time");
    let (catalog, mut rows) = (Catalog::load().expect("the headers are whole"), 0);
    for question in catalog.questions() {
        let expected = here.ask(question, &Bindings::default(), now).await.expect("an answer");
        let found = there.ask(question, &Bindings::default(), now).await;
        let found = found.unwrap_or_else(|error| panic!("{}: {}", question.name, analytics::error::chain(&error)));
        assert_eq!(csv(&found), csv(&expected), "{}", question.name);
        rows += found.rows();
    }
    assert!(rows > 500, "{rows} rows compare too little");
    for sql in [
        "select event_id, event_date from events order by event_id",
        "select event_id from events where false",
        "select a.event_id, b.job_arn from events a left join (select * from jobs where 1 = 2) b on a.event_id = b.job_arn \
         order by a.event_id",
        "select event_name, count(*) as n from events group by event_name order by n desc, event_name limit 3",
        "select event_id from events order by event_id limit 0",
        "select 1 as one",
    ] {
        let expected = here.answer(sql, "sql", None).await.expect("an answer");
        let found = there.answer(sql, "sql", None).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        assert_eq!(csv(&found), csv(&expected), "{sql}");
    }
    let told = there.answer("create table t as select 1", "sql", None).await.expect_err("a lake is read-only");
    assert!(analytics::error::chain(&told).contains("DDL not supported"), "{told:?}");
}

#[test]
fn a_lake_in_s3_is_audited_with_credentials_of_the_executors() {
    let place = told(Place::in_s3(Faults::default()));
    let cluster = Cluster::start(&place);
    let expected = answer(audit(&place, &[]).run());
    assert_eq!(answer(audit(&place, &cluster.options()).run()), expected);
}

#[test]
fn prices_go_to_the_cluster_with_the_question() {
    let place = told(Place::in_folders());
    let cluster = Cluster::start(&place);
    let prices = place.trail_folder().join("prices.csv");
    let text = "base_model,usd_per_job,usd_per_hour\namazon.titan-text-express-v1:0:8k,40,\namazon.nova-lite-v1:0:300k,5.5,1.25\n";
    std::fs::write(&prices, text).expect("a temporary folder can be written to");
    let asked = |more: &[&str]| {
        let query = ["query", "--sql", "select * from prices order by base_model", "--output", "csv", "--prices"];
        let query = place.program().args(query).arg(&prices).args(["--lake", &place.lake()]);
        query.args(more.iter().copied()).run().expect_status(0).stdout
    };
    assert_eq!(asked(&cluster.options()), asked(&[]));
    assert!(asked(&[]).contains("40"), "{}", asked(&[]));
}

#[test]
fn an_executor_that_dies_midway_is_replaced_by_the_other() {
    let place = told(Place::in_folders());
    let mut cluster = Cluster::start(&place);
    let expected = answer(audit(&place, &[]).run());
    let mut running = audit(&place, &cluster.options()).spawn();
    while is_empty(&cluster.work(0)) {
        assert!(running.is_running(), "{}", running.stderr_so_far());
        std::thread::sleep(Duration::from_millis(2));
    }
    cluster.executors.remove(0).kill();
    let run = running.wait();
    if run.status == 3 {
        // Ballista gives up after some attempts; what it then says must name the query and the cluster.
        assert!(run.stderr.contains("failed to run") && run.stderr.contains(&cluster.url), "{}", run.stderr);
    } else {
        assert_eq!((run.status, run.stdout), expected);
    }
    assert_eq!(answer(audit(&place, &cluster.options()).run()), expected, "the other executor answers alone");
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).expect("it is there").next().is_none()
}

#[test]
fn a_cluster_without_executors_is_named() {
    let place = told(Place::in_folders());
    let mut cluster = Cluster::start(&place);
    answer(audit(&place, &cluster.options()).run());
    for executor in cluster.executors.drain(..) {
        executor.kill();
    }
    let run = audit(&place, &cluster.options()).run().expect_status(3);
    assert!(run.stderr.contains(&cluster.url), "{}", run.stderr);
    cluster.scheduler.kill();
    let run = audit(&place, &["--engine", "ballista", "--scheduler", &cluster.url]).run().expect_status(3);
    assert!(
        run.stderr.contains("failed to reach the scheduler")
            && run.stderr.contains("start bedrock-audit-ballista-scheduler"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_cannot_be_asked_of_a_cluster_is_refused() {
    let refused = |more: &[&str], expected: &str| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let run =
            program().args(["audit", "--lake"]).arg(folder.path()).args(more.iter().copied()).run().expect_status(64);
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    };
    refused(&["--engine", "ballista"], "--scheduler <URL>");
    refused(&["--engine", "spark"], "possible values: datafusion, ballista");
    refused(&["--engine", "ballista", "--scheduler", "localhost"], "expected df://host:port");
    refused(&["--engine", "ballista", "--scheduler", "df://10.0.0.1:50050"], "--allow-http-endpoint");
    refused(&["--scheduler", "df://localhost:50050"], "--engine ballista");
}
