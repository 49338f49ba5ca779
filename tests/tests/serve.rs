//! The lake through PostgreSQL's protocol: what clients get, and what hostile ones do not.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Barrier;
use std::time::Duration;

use analytics::trail::story::story;
use end_to_end::postgres_client::{Client, message, startup};
use end_to_end::program::Running;

use crate::place::{Place, repository};
use crate::shell::{built, files, rebuild};

/// A server while it runs.
struct Served {
    running: Running,
    address: SocketAddr,
}

impl Served {
    fn start(place: &Place, more: &[&str]) -> Self {
        let serve = place.program().args(["serve", "--lake", &place.lake(), "--listen", "127.0.0.1:0"]);
        let mut running = serve.args(more.iter().copied()).spawn();
        loop {
            let told = running.stderr_so_far();
            let address = told.split_once(" on ").and_then(|(_, rest)| rest.split_once(','));
            if let Some(address) = address.filter(|_| told.contains("psql")).map(|(address, _)| address) {
                let address: SocketAddr = address.parse().unwrap_or_else(|error| panic!("{address}: {error}"));
                return Self { running, address };
            }
            assert!(running.is_running(), "it has ended: {told}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn client(&self) -> Client {
        Client::connect(self.address).expect("a client is let in")
    }

    /// What shows that it still answers.
    fn is_well(&self) {
        assert_eq!(one(&mut self.client(), "select 1 + 1"), "2");
    }
}

fn one(client: &mut Client, sql: &str) -> String {
    let rows = client.query(sql).unwrap_or_else(|refused| panic!("{sql}: {refused:?}"));
    rows[0][0].clone().unwrap_or_default()
}

fn code(client: &mut Client, sql: &str) -> String {
    client.query(sql).expect_err(sql).code
}

#[test]
fn tables_views_and_questions_are_there_in_both_ways_of_asking() {
    let place = built();
    let served = Served::start(&place, &[]);
    let mut client = served.client();
    let jobs = place.sql("select count(*) as n from jobs")[0]["n"].to_string();
    assert_eq!(one(&mut client, "select count(*) from jobs"), jobs);
    assert_eq!(client.prepared("select count(*) from jobs", 0), Ok(vec![vec![Some(jobs)]]));
    let asked = place.query("set_aside", &[]).len();
    assert_eq!(client.query("select * from queries.set_aside").expect("a question").len(), asked);
    let events = "select * from events order by event_id";
    assert_eq!(client.prepared(events, 0), client.query(events));
    // A client that fetches some rows at a time gets the first of them; the rest is the next statement's end.
    assert_eq!(client.prepared("select job_arn from jobs order by job_arn", 2).map(|rows| rows.len()), Ok(2));
    assert_eq!(client.query(""), Ok(Vec::new()));
    let tables = "select c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
                  where n.nspname = 'public' and c.relname = 'events'";
    assert_eq!(one(&mut client, tables), "events");
    assert_eq!(one(&mut client, "show transaction_read_only"), "on");
}

#[test]
fn what_writes_sets_or_reads_other_files_is_refused() {
    let place = built();
    let before = files(&place.lake_folder());
    let secret = place.trail_folder().join("secret.csv");
    std::fs::write(&secret, "password\nhunter2\n").expect("a file");
    let served = Served::start(&place, &[]);
    let mut client = served.client();
    let outside = secret.display();
    for (sql, expected) in [
        ("insert into events select * from events".to_owned(), "25006"),
        ("update jobs set job_name = 'a'".to_owned(), "25006"),
        ("delete from events".to_owned(), "25006"),
        ("drop view jobs".to_owned(), "25006"),
        ("create table t as select 1".to_owned(), "25006"),
        ("create view v as select 1".to_owned(), "25006"),
        (format!("copy jobs to '{outside}'"), "25006"),
        (format!("copy (select 1) to '{outside}'"), "25006"),
        ("explain analyze insert into events select * from events".to_owned(), ""),
        ("with gone as (delete from events returning *) select * from gone".to_owned(), ""),
        ("select 1 as a into t".to_owned(), ""),
        ("set datafusion.runtime.memory_limit = '100G'".to_owned(), "42501"),
        (format!("select * from '{outside}'"), ""),
        (format!("select * from \"{outside}\""), ""),
        (format!("select * from read_csv('{outside}')"), ""),
        (format!("select * from read_parquet('{outside}')"), ""),
        (format!("select pg_read_file('{outside}')"), ""),
        ("select 1; drop view jobs".to_owned(), "25006"),
        ("select 1; select 2".to_owned(), "42601"),
        ("select repeat('a', 2000000000)".to_owned(), ""),
        ("declare c cursor for select 1".to_owned(), "0A000"),
        ("this is no sql".to_owned(), "42601"),
    ] {
        for refused in [client.query(&sql), client.prepared(&sql, 0)] {
            let refused = refused.expect_err(&sql);
            assert!(expected.is_empty() || refused.code == expected || sql.contains(';'), "{sql}: {refused:?}");
            assert!(!refused.message.contains("hunter2") && refused.code != "closed", "{sql}: {refused:?}");
        }
    }
    assert_eq!(one(&mut client, "select count(*) from jobs where job_name = 'a'"), "0");
    assert!(before == files(&place.lake_folder()));
    assert_eq!(std::fs::read_to_string(&secret).expect("still there"), "password\nhunter2\n");
}

#[test]
fn a_failed_transaction_ends_with_its_rollback() {
    let place = built();
    let served = Served::start(&place, &[]);
    let mut client = served.client();
    assert_eq!(client.query("begin; set time zone 'UTC'"), Ok(Vec::new()));
    assert_ne!(code(&mut client, "select no_such_column from jobs"), "closed");
    assert_eq!(code(&mut client, "select 1"), "25P02");
    assert_eq!(client.prepared("select 1", 0).expect_err("it has failed").code, "25P02");
    assert_eq!(client.query("rollback"), Ok(Vec::new()));
    assert_eq!(one(&mut client, "select 1"), "1");
    for sql in ["begin", "savepoint a"] {
        assert_eq!(client.query(sql), Ok(Vec::new()), "{sql}");
    }
    assert_ne!(code(&mut client, "select no_such_column from jobs"), "closed");
    assert_eq!(client.query("rollback to savepoint a"), Ok(Vec::new()));
    assert_eq!(one(&mut client, "select 1"), "1");
    assert_eq!(client.query("commit"), Ok(Vec::new()));
}

#[test]
fn a_statement_has_a_time_and_the_memory() {
    let place = built();
    let limits = ["--statement-timeout", "5s", "--memory", "64MiB"];
    let served = Served::start(&place, &limits);
    let mut client = served.client();
    let endless = "select count(*) from generate_series(1, 1000) a, generate_series(1, 100000000000) b \
                   where a.value * b.value = -1";
    assert_eq!(code(&mut client, endless), "57014");
    assert_eq!(client.prepared(endless, 0).expect_err(endless).code, "57014");
    // Whichever limit it meets first.
    let hog = code(&mut client, "select cardinality(array_agg(value)) from generate_series(1, 1000000000) as t(value)");
    assert!(["53200", "57014"].contains(&hog.as_str()), "{hog}");
    // Deep, but not so long as to be refused unread.
    let deep = format!("select {}1", "1+".repeat(5_000));
    assert_eq!(code(&mut client, &deep), "54001");
    assert_eq!(code(&mut client, &format!("select '{}'", "a".repeat(70_000))), "54000");
    served.is_well();
}

#[test]
fn more_rows_than_may_be_sent_are_refused() {
    let place = built();
    let served = Served::start(&place, &["--max-rows", "5"]);
    let mut client = served.client();
    assert_eq!(code(&mut client, "select event_id from events"), "54000");
    assert_eq!(client.prepared("select event_id from events", 0).expect_err("too many").code, "54000");
    assert_eq!(client.query("select event_id from events limit 5").expect("as many as may be").len(), 5);
    served.is_well();
}

#[test]
fn a_hundred_clients_at_one_time_get_the_same_answer() {
    let place = built();
    let served = Served::start(&place, &[]);
    let expected = one(&mut served.client(), "select count(*) from job_requests");
    let together = Barrier::new(100);
    std::thread::scope(|threads| {
        let clients: Vec<_> = (0..100)
            .map(|_| {
                threads.spawn(|| {
                    let client = Client::connect(served.address);
                    together.wait();
                    let mut client = client.expect("a client is let in");
                    [0, 0].map(|_| one(&mut client, "select count(*) from job_requests"))
                })
            })
            .collect();
        for client in clients {
            assert_eq!(client.join().expect("a client that was answered"), [expected.clone(), expected.clone()]);
        }
    });
    served.is_well();
}

#[test]
fn strangers_bytes_end_their_own_connection_alone() {
    let place = built();
    let served = Served::start(&place, &["--max-clients", "20"]);
    let too_long = [&1_000_000_000_u32.to_be_bytes()[..], &196_608_u32.to_be_bytes()].concat();
    let query_first = message(b'Q', b"select 1\0");
    for bytes in [
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".to_vec(),
        vec![0; 4096],
        vec![0xff; 4096],
        // TLS, which this server has no certificate for.
        [&[0x16_u8, 3, 1, 2, 0][..], &[1; 512]].concat(),
        too_long,
        query_first,
    ] {
        let mut stranger = Client::silent(served.address).expect("a connection");
        let _ = stranger.send(&bytes);
        assert!(stranger.is_closed(), "{bytes:?}");
        served.is_well();
    }
    // Half a message, and one who never asks or takes anything: they stay, and keep nobody away.
    let mut half = Client::silent(served.address).expect("a connection");
    half.send(&startup("analyst")[..7]).expect("seven bytes");
    let mut mute = served.client();
    mute.send(&message(b'Q', b"select * from generate_series(1, 50000)\0")).expect("a statement");
    let _silent = served.client();
    served.is_well();
    // After the login too a message has an end.
    let mut endless = served.client();
    let mut long = vec![b'Q'];
    long.extend_from_slice(&0x3000_0000_u32.to_be_bytes());
    long.resize(4 << 20, b'a');
    let _ = endless.send(&long);
    assert!(endless.is_closed());
    served.is_well();
}

#[test]
fn more_clients_than_may_be_are_told_so() {
    let place = built();
    let served = Served::start(&place, &["--max-clients", "2"]);
    let (first, _second) = (served.client(), served.client());
    let refused = Client::connect(served.address).expect_err("a third");
    // A refused client may find the connection closed before it has read why.
    assert!(["53300", "closed"].contains(&refused.code.as_str()), "{refused:?}");
    drop(first);
    let next = (0..200).find_map(|_| {
        std::thread::sleep(Duration::from_millis(50));
        Client::connect(served.address).ok()
    });
    assert!(next.is_some(), "the place of who left stays taken");
}

#[test]
fn a_new_history_is_seen_without_a_restart_and_only_when_it_is_whole() {
    let place = Place::in_folders();
    let story = story();
    let (some, rest) = story.files.split_at(story.files.len() / 2);
    place.deliver(some);
    place.ingest(&[]);
    rebuild(&place);
    let served = Served::start(&place, &[]);
    let mut client = served.client();
    let count = |client: &mut Client| one(client, "select count(*) from log_files").parse::<usize>().expect("a number");
    let before = count(&mut client);
    place.deliver(rest);
    place.ingest(&[]);
    // Longer than it takes to look again: the log files are there, and what they mean is not.
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(count(&mut client), before);
    rebuild(&place);
    let after = (0..200).map(|_| {
        std::thread::sleep(Duration::from_millis(100));
        count(&mut client)
    });
    assert!(after.into_iter().any(|now| now > before), "the new log files do not come into sight");
    std::fs::remove_dir_all(place.lake_folder().join("history")).expect("our own folder");
    std::thread::sleep(Duration::from_secs(3));
    // Tables whose files are gone are no empty tables.
    let refused = client.query("select count(*) from job_requests").expect_err("there is no history");
    assert!(refused.message.contains("run bedrock-audit rebuild"), "{refused:?}");
}

#[test]
fn whoever_others_can_reach_needs_tls_and_a_password() {
    let place = built();
    let serve =
        |more: &[&str]| place.program().args(["serve", "--lake", &place.lake()]).args(more.iter().copied()).run();
    let refused = serve(&["--listen", "0.0.0.0:0"]).expect_status(64);
    assert!(
        refused.stderr.contains("--tls-cert FILE and --tls-key FILE, and --password-file FILE"),
        "{}",
        refused.stderr
    );
    let refused = serve(&["--tls-cert", "a"]).expect_status(64);
    assert!(refused.stderr.contains("--tls-key"), "{}", refused.stderr);
    let refused = serve(&["--statement-timeout", "0s"]).expect_status(64);
    assert!(refused.stderr.contains("expected a span"), "{}", refused.stderr);
    let served = Served::start(&place, &[]);
    let taken = serve(&["--listen", &served.address.to_string()]).expect_status(3);
    assert!(taken.stderr.contains(&format!("failed to listen on {}", served.address)), "{}", taken.stderr);
}

#[test]
fn an_interrupt_and_a_termination_end_it_well() {
    let place = built();
    for signal in ["INT", "TERM"] {
        let served = Served::start(&place, &[]);
        let mut client = served.client();
        let ended = served.running.signal(signal).expect_status(0);
        assert!(ended.stderr.contains("without TLS, without a password") && ended.stderr.ends_with("ended\n"));
        assert!(client.is_closed());
    }
}

/// Runs a real client's script; false, loudly, where the client is not installed.
fn real_client(place: &Place, served: &Served, mode: &str, more: &[(&str, &str)]) -> bool {
    let python = std::env::var("BEDROCK_AUDIT_TEST_PYTHON").ok().filter(|_| mode != "psql");
    if python.is_none() && mode != "psql" {
        eprintln!(
            "SKIPPED: no driver connects; BEDROCK_AUDIT_TEST_PYTHON names no Python with psycopg, scripts/test sets it"
        );
        return false;
    }
    let mut command = Command::new(python.as_deref().unwrap_or("python3"));
    command.arg("-B").arg(repository().join("tests/python/serve_clients.py")).arg(mode);
    command.args(["--port", &served.address.port().to_string()]);
    command.args(["--jobs", &place.sql("select count(*) as n from jobs")[0]["n"].to_string()]);
    let run = command.envs(more.iter().copied()).output().expect("python3 runs");
    let told = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    if run.status.code() == Some(77) {
        eprintln!("SKIPPED: {told}");
        return false;
    }
    assert!(run.status.success(), "{mode}: {told}");
    true
}

#[test]
fn psql_and_drivers_connect() {
    let place = built();
    let served = Served::start(&place, &[]);
    for mode in ["psql", "psycopg", "sqlalchemy"] {
        real_client(&place, &served, mode, &[]);
    }
    served.is_well();
}

/// A certificate for 127.0.0.1 and its key, by the openssl of this machine; none, loudly, without one.
fn certificate(place: &Place) -> Option<[String; 2]> {
    let [certificate, key] =
        ["server.crt", "server.key"].map(|name| place.lake_folder().with_file_name(name).display().to_string());
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-out", &certificate, "-keyout", &key])
        .output();
    match made {
        Ok(made) if made.status.success() => Some([certificate, key]),
        other => {
            eprintln!("SKIPPED: openssl made no certificate, so nobody connects through TLS: {other:?}");
            None
        }
    }
}

#[test]
fn with_tls_and_a_password_nobody_comes_in_without_both() {
    let place = built();
    let Some([certificate, key]) = certificate(&place) else { return };
    let password = place.lake_folder().with_file_name("password").display().to_string();
    std::fs::write(&password, "a long password\n").expect("a file");
    let options = ["--tls-cert", &certificate, "--tls-key", &key, "--password-file", &password];
    let served = Served::start(&place, &options);
    let plain = Client::connect(served.address).expect_err("it is not encrypted");
    assert_eq!((plain.code.as_str(), plain.message.contains("sslmode=require")), ("28000", true));
    let secret =
        [("PGPASSWORD", "a long password"), ("PGSSLMODE", "verify-full"), ("PGSSLROOTCERT", certificate.as_str())];
    let mut ran = String::new();
    for mode in ["psql", "psycopg", "sqlalchemy", "strangers"] {
        if real_client(&place, &served, mode, &secret) {
            write!(ran, "{mode} ").expect("a text takes more");
        }
    }
    eprintln!("connected through TLS: {ran}");
    let told = served.running.stderr_so_far();
    assert!(told.contains("with TLS, with a password") && !told.contains("a long password"), "{told}");
}

#[test]
fn a_password_is_asked_for_without_tls_too() {
    let place = built();
    let password = place.lake_folder().with_file_name("password").display().to_string();
    std::fs::write(&password, "a long password").expect("a file");
    let served = Served::start(&place, &["--password-file", &password]);
    let mut client = Client::silent(served.address).expect("a connection");
    client.send(&startup("analyst")).expect("a startup message");
    let (letter, body) = client.message().expect("what it asks for");
    assert_eq!((letter, &body[..4]), (b'R', &10_u32.to_be_bytes()[..]));
    assert!(body[4..].starts_with(b"SCRAM-SHA-256\0"));
    // Whoever asks all the same is not answered.
    client.send(&message(b'Q', b"select 1\0")).expect("a statement");
    client.send(&message(b'p', b"SCRAM-SHA-256\0\0\0\0\x03n,,")).expect("half a login");
    assert!(client.is_closed());
}
