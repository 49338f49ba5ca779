//! Nothing that a run is given in confidence, and nothing of a record, stands in what it writes for people. That no run of any
//! test tells its credentials is checked where the runs are made: `end_to_end::program`.

use std::io::Write;

use analytics::trail::Place as Where;
use analytics::trail::log_file::{Layout, LogFile, log_file};
use analytics::trail::noise::noise;
use analytics::trail::record::Record;
use end_to_end::aws_server::{AwsServer, Fault};
use end_to_end::program::{Outcome, Program};
use end_to_end::s3_server::{Faults, Mischief};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::place::{Place, program};

/// Nothing else in the tests holds this.
const PLANTED: &str = "kPl4ntedS3cretThatNobodyTells0000";

#[track_caller]
fn assert_untold(outcome: &Outcome, what: &str) {
    for (name, text) in [("stdout", &outcome.stdout), ("stderr", &outcome.stderr)] {
        assert!(!text.contains(PLANTED), "{what}: {name} tells it: {}", text.replace(PLANTED, "<PLANTED>"));
    }
    assert!(!outcome.stderr.contains("panicked"), "{what}: {}", outcome.stderr);
}

/// Credentials that the server does not know, each with the planted text in it.
fn with_planted_credentials(program: Program) -> Program {
    program
        .env("AWS_ACCESS_KEY_ID", format!("ASIA{PLANTED}"))
        .env("AWS_SECRET_ACCESS_KEY", format!("secret/{PLANTED}"))
        .env("AWS_SESSION_TOKEN", format!("token/{PLANTED}"))
        .env("AWS_MAX_ATTEMPTS", "2")
}

#[test]
fn no_log_level_and_no_failure_tells_credentials() {
    let place = Place::in_s3(Faults::default());
    let (source, lake) = (place.source(), place.lake());
    let missing = "s3://no-such-bucket/x".to_owned();
    let runs: [Vec<&str>; 5] = [
        vec!["ingest", &source, "--lake", &lake],
        vec!["ingest", &missing, "--lake", &lake],
        vec!["audit", "--lake", &lake],
        vec!["verify", &source],
        vec!["query", "lake_totals", "--lake", &missing],
    ];
    for level in ["trace", "debug,hyper=trace", "aws_config=trace,object_store=trace", "off"] {
        for run in &runs {
            let program =
                with_planted_credentials(place.program()).env("RUST_LOG", level).env("RUST_BACKTRACE", "full");
            let outcome = program.args(run.clone()).run();
            assert!([2, 3].contains(&outcome.status), "{run:?}: {} {}", outcome.status, outcome.stderr);
            assert_untold(&outcome, &format!("{run:?} at {level}"));
        }
    }
}

#[test]
fn refusals_of_the_store_tell_no_credentials() {
    for mischief in [Mischief::ExpiredToken, Mischief::ClockSkew, Mischief::InternalError, Mischief::Reset] {
        let place = Place::in_s3(Faults::default());
        place.server().misbehave(mischief, 0..u32::MAX);
        let args = ["ingest", &place.source(), "--lake", &place.lake_folder().display().to_string()];
        let audit = ["audit", "--lake", "s3://lake-bucket"];
        for program in [place.program().args(args), place.program().args(audit)] {
            let outcome = with_planted_credentials(program).run();
            assert_eq!(outcome.status, 3, "{mischief:?}: {}", outcome.stderr);
            assert_untold(&outcome, &format!("{mischief:?}"));
        }
    }
}

#[test]
fn the_live_commands_tell_no_credentials() {
    let aws = AwsServer::start();
    let mut key = aws.state().keys.values().next().expect("the environment's").clone();
    key.session_token = Some(format!("token/{PLANTED}"));
    aws.state().keys.insert(format!("ASIA{PLANTED}"), key);
    for fault in [
        Fault::on("*", "*").access_denied(),
        Fault::on("*", "*").error(
            400,
            "ExpiredTokenException",
            "The security token included in the request is expired",
        ),
        Fault::on("*", "*").reset_connection(),
        Fault::on("*", "*").half_an_answer(),
    ] {
        aws.clear_faults();
        aws.fail(fault.clone());
        for command in [vec!["evaluate"], vec!["doctor"], vec!["can-delete", "sg-0c0c0c0c0c0c0c0c0"]] {
            let outcome = with_planted_credentials(program().envs(aws.environment())).args(command.clone()).run();
            assert!([1, 2, 3].contains(&outcome.status), "{command:?} {fault:?}: {}", outcome.stderr);
            assert_untold(&outcome, &format!("{command:?} under {fault:?}"));
        }
    }
}

#[test]
fn endpoints_and_presigned_urls_are_not_repeated() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let lake = folder.path().display().to_string();
    let presigned = format!("https://b.s3.eu-west-1.amazonaws.com/k?X-Amz-Signature={PLANTED}&X-Amz-Credential=AKIA");
    let (user, query) =
        (format!("https://user:{PLANTED}@127.0.0.1:9"), format!("http://127.0.0.1:9/?X-Amz-Signature={PLANTED}"));
    for (args, expected) in [
        (vec!["ingest", &presigned, "--lake", &lake], "a presigned URL"),
        (vec!["audit", "--lake", &presigned], "a presigned URL"),
        (vec!["ingest", "s3://bucket", "--lake", &lake, "--endpoint-url", &user], "--endpoint-url: a user or password"),
        (vec!["audit", "--lake", "s3://bucket", "--endpoint-url", &query], "--endpoint-url: a query or fragment"),
        (vec!["evaluate", "--region", "eu-west-1", "--endpoint-url", &user], "--endpoint-url: a user or password"),
    ] {
        let outcome = program().args(args.clone()).run().expect_status(64);
        assert_untold(&outcome, &format!("{args:?}"));
        assert!(outcome.stderr.contains(expected), "{args:?}: {}", outcome.stderr);
    }
    let from_environment =
        program().env("AWS_ENDPOINT_URL_S3", &user).args(["ingest", "s3://bucket", "--lake", &lake]).run();
    assert_untold(&from_environment.expect_status(64), "AWS_ENDPOINT_URL_S3");
}

#[test]
fn an_endpoint_in_the_clear_on_another_machine_is_refused_unless_it_is_asked_for() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let lake = folder.path().join("lake").display().to_string();
    // Kept for documentation (RFC 5737): nobody answers there, and nobody is asked.
    let elsewhere = "http://192.0.2.1:9000";
    let words = "http://192.0.2.1 is not this machine";
    let profile = folder.path().join("config");
    std::fs::write(&profile, format!("[default]\nregion = eu-west-1\nendpoint_url = {elsewhere}\n")).expect("a file");
    let ingest = || program().args(["ingest", "s3://bucket", "--lake", &lake]);
    for (run, named_by) in [
        (ingest().args(["--endpoint-url", elsewhere]), "--endpoint-url: "),
        (ingest().env("AWS_ENDPOINT_URL", elsewhere), "AWS_ENDPOINT_URL: "),
        (ingest().env("AWS_ENDPOINT_URL_S3", elsewhere), "AWS_ENDPOINT_URL_S3: "),
        (ingest().env("AWS_CONFIG_FILE", profile.as_os_str()), "the endpoint of the profile: "),
        (program().args(["audit", "--lake", "s3://bucket"]).env("AWS_ENDPOINT_URL", elsewhere), "AWS_ENDPOINT_URL: "),
        (program().args(["evaluate", "--region", "eu-west-1", "--endpoint-url", elsewhere]), "--endpoint-url: "),
        (program().args(["doctor"]).env("AWS_ENDPOINT_URL_STS", elsewhere), "AWS_ENDPOINT_URL_STS: "),
        (program().args(["evaluate"]).env("AWS_CONFIG_FILE", profile.as_os_str()), "the endpoint of the profile: "),
    ] {
        let refused = run.run().expect_status(64);
        assert!(refused.stderr.contains(&format!("{named_by}{words}")), "{}", refused.stderr);
        assert!(refused.stderr.contains("--allow-http-endpoint"), "{}", refused.stderr);
    }
    // What reaches no AWS is not asked about endpoints.
    let place = Place::told();
    place.program().env("AWS_ENDPOINT_URL", elsewhere).args(["audit", "--lake", &place.lake()]).run().expect_status(1);
    // What is asked for is done: this address leads here, and is no loopback address.
    let server = Place::in_s3(Faults::default());
    let mapped = server.server().endpoint().replace("127.0.0.1", "0.0.0.0");
    let args = ["query", "lake_totals", "--lake", "s3://lake-bucket", "--endpoint-url", &mapped];
    let refused = server.program().args(args).run().expect_status(64);
    assert!(refused.stderr.contains("--allow-http-endpoint"), "{}", refused.stderr);
    server.program().args(args).arg("--allow-http-endpoint").run().expect_status(2);
}

#[test]
fn profile_files_and_credential_processes_are_not_repeated() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let lake = folder.path().join("lake").display().to_string();
    for text in [
        format!("[default]\naws_access_key_id = AKIA\naws_secret_access_key {PLANTED}\n"),
        format!("[default\naws_secret_access_key = {PLANTED}\n"),
        format!("[default]\naws_secret_access_key = {PLANTED}\n"),
        format!("[default]\ncredential_process = /bin/sh -c \"echo {PLANTED}\"\n"),
        format!(
            "[default]\ncredential_process = /bin/sh -c \"echo '{{\\\"SecretAccessKey\\\": \\\"{PLANTED}\\\"}}'\"\n"
        ),
    ] {
        let file = folder.path().join("credentials");
        std::fs::write(&file, &text).expect("a file");
        for variable in ["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"] {
            let run = program().env(variable, file.as_os_str()).env("AWS_REGION", "eu-west-1");
            let args = ["ingest", "s3://bucket", "--lake", &lake, "--endpoint-url", "http://127.0.0.1:9"];
            let outcome = run.args(args).env("AWS_MAX_ATTEMPTS", "1").run();
            assert_eq!(outcome.status, 3, "{}", outcome.stderr);
            assert_untold(&outcome, &format!("{variable} with {}", text.replace(PLANTED, "<PLANTED>")));
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("writing to memory");
    encoder.finish().expect("writing to memory")
}

/// Records with a secret where real ones have them, some of them damaged in each way that is named.
fn records_with_secrets() -> Vec<LogFile> {
    let (here, at) = (Where::new("111122223333", "eu-west-1"), "2026-03-04T05:00:00Z".parse().expect("a time"));
    let secret = |record: Record| {
        record
            .with("requestParameters", json!({ "password": PLANTED, "policy": format!("{{{PLANTED}") }))
            .with("responseElements", json!({ "credentials": { "sessionToken": PLANTED, "secretAccessKey": PLANTED } }))
            .with("errorMessage", json!(PLANTED))
            .with("userAgent", json!(PLANTED))
    };
    let records: Vec<Record> = noise(&here, at, 6, 3).into_iter().map(secret).collect();
    let damaged = [
        records[0].clone().without("eventID"),
        records[1].clone().without("eventTime"),
        records[2].clone().with("eventTime", json!("2026-02-30T00:00:00Z")),
        records[3].clone().with("eventName", json!(17)),
    ];
    let texts: Vec<String> = damaged.iter().chain(&records[4..]).map(Record::to_json).collect();
    let document = format!(r#"{{"Records":[{},[{{"{PLANTED}":1}}],{{"{PLANTED}" 1}}]}}"#, texts.join(","));
    let mut not_utf8 = format!(r#"{{"Records":[{{"eventID":"{PLANTED}"#).into_bytes();
    not_utf8.extend_from_slice(b"\xff\"}]}");
    let file = |name: &str, bytes: &[u8]| LogFile {
        key: format!("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/04/{name}.json.gz"),
        bytes: gzip(bytes),
    };
    let cut = &document.as_bytes()[..document.len() / 2];
    vec![
        log_file(&Layout::Plain, &here, at, "secretsecretsecr", &records),
        file("damaged", document.as_bytes()),
        file("not_utf8", &not_utf8),
        file("cut", cut),
        file("no_document", PLANTED.as_bytes()),
        file("lines", format!("{{\"userAgent\":\"{PLANTED}\"}}\n{{\"userAgent\":\"{PLANTED}\"}}\n").as_bytes()),
    ]
}

#[test]
fn what_stands_in_records_is_in_no_message() {
    let place = Place::in_folders();
    place.deliver(&records_with_secrets());
    for events in ["audit", "all"] {
        let ingest = place.ingest(&["--events", events]);
        assert_eq!(ingest.status, 2, "{}", ingest.stderr);
        assert_untold(&ingest, "ingest");
    }
    let lake = place.lake();
    for args in [
        vec!["rebuild", "--lake", &lake],
        vec!["audit", "--lake", &lake],
        vec!["query", "set_aside", "--lake", &lake],
        vec!["query", "--sql", "select no_such_column from events", "--lake", &lake],
        vec!["query", "--sql", "select cast(request_parameters as bigint) from event_copies", "--lake", &lake],
    ] {
        let outcome = place.program().args(args.clone()).run();
        // A value that the user's own SQL fails on is in the engine's words: it is the user's own answer.
        if !args.iter().any(|arg| arg.contains("cast(")) {
            assert_untold(&outcome, &format!("{args:?}"));
        }
        assert!([0, 2, 3].contains(&outcome.status), "{args:?}: {}", outcome.stderr);
    }
    // They are in the lake, which is no log.
    let held = place.sql("select count(*) as n from events where user_agent like '%Pl4nted%'");
    assert!(crate::place::number(&held[0], "n") > 0);
}
