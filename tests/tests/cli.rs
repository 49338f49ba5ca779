//! What people type, and what they are told.

use crate::place::{Place, program};

#[test]
fn the_demo_runs_in_an_empty_folder_and_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for _ in 0..2 {
        let demo = program().current_folder(folder.path()).arg("demo").run().expect_status(0);
        assert!(demo.stdout.contains("9 jobs as of 2026-03-30T14:00:00Z"), "{}", demo.stdout);
    }
    std::fs::write(folder.path().join("precious"), "keep").expect("a file");
    let refused = program().current_folder(folder.path()).args(["demo", "--folder", "."]).run().expect_status(3);
    assert!(refused.stderr.contains("not empty") && folder.path().join("precious").exists(), "{}", refused.stderr);
}

#[test]
fn the_commands_that_the_demo_suggests_work() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let demo = program().current_folder(folder.path()).arg("demo").run().expect_status(0);
    let suggested: Vec<&str> =
        demo.stdout.lines().filter_map(|line| line.trim().strip_prefix("bedrock-audit ")).collect();
    assert!(suggested.len() >= 4, "{}", demo.stdout);
    for line in suggested.iter().filter(|line| !line.contains("YOUR-")) {
        let run = std::process::Command::new("sh")
            .args(["-c", &format!("\"$PROGRAM\" {line}")])
            .env("PROGRAM", env!("CARGO_BIN_EXE_bedrock-audit-under-test"))
            .current_dir(folder.path())
            .output()
            .expect("sh runs");
        let status = run.status.code().unwrap_or(-1);
        assert!((0..=2).contains(&status), "{line}: {status} {}", String::from_utf8_lossy(&run.stderr));
        assert!(!run.stdout.is_empty(), "{line}");
    }
}

#[test]
fn misuse_is_told_with_what_would_be_right() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let lake = folder.path().display().to_string();
    for (args, status, expected) in [
        (vec!["query", "no_such_query", "--lake", &lake], 64, "jobs_created_outside_vpc"),
        (
            vec!["query", "set_aside", "--since", "1d", "--lake", &lake],
            64,
            "query set_aside has no parameter since; it has: none",
        ),
        (
            vec!["query", "job_verdicts", "--as-of", "soon", "--lake", &lake],
            64,
            "--as-of \"soon\": expected a time such as",
        ),
        (vec!["query", "--lake", &lake], 64, "a question's NAME, --sql TEXT, --file FILE or --list"),
        (
            vec!["audit", "--verdicts", "Good", "--lake", &lake],
            64,
            "NonCompliant, Undetermined, Compliant, NotApplicable",
        ),
        (vec!["ingest", "/no/such/folder", "--lake", &lake], 3, "failed to list /no/such/folder"),
        (vec!["ingest", "gs://bucket", "--lake", &lake], 64, "s3://bucket/prefix"),
        (vec!["ingest", &lake, "--lake", &lake, "--accounts", "12"], 64, "twelve digits"),
        (
            vec!["ingest", &lake, "--lake", &lake, "--from", "2026-03-02", "--to", "2026-03-01"],
            64,
            "is not before --to",
        ),
        (vec!["ingest", &lake, "--lake", &lake, "--memory", "lots"], 64, "a size such as 512MiB"),
        (vec!["ingest", &lake], 64, "--lake"),
        (vec!["no-such-command"], 64, "unrecognized subcommand"),
        (vec![], 64, "Usage"),
    ] {
        let run = program().args(args.clone()).run().expect_status(status);
        assert!(run.stderr.contains(expected), "{args:?}: {}", run.stderr);
    }
}

#[test]
fn an_empty_lake_is_no_clean_bill() {
    let place = Place::in_folders();
    let missing = place.program().args(["audit", "--lake", &place.lake()]).run().expect_status(3);
    assert!(missing.stderr.contains("failed to open") && !place.lake_folder().exists(), "{}", missing.stderr);
    std::fs::create_dir_all(place.lake_folder()).expect("a folder");
    let audit = place.program().args(["audit", "--lake", &place.lake()]).run().expect_status(2);
    assert!(audit.stdout.contains("holds no log files"), "{}", audit.stdout);
    let query =
        place.program().args(["query", "jobs_created_outside_vpc", "--lake", &place.lake()]).run().expect_status(2);
    assert!(query.stderr.contains("holds no log files"), "{}", query.stderr);
    std::fs::create_dir_all(place.trail_folder()).expect("a folder");
    let ingest = place.ingest(&[]).expect_status(2);
    assert!(ingest.stderr.contains("nothing was found"), "{}", ingest.stderr);
}

#[test]
fn sql_can_only_read_and_only_the_lake() {
    let place = Place::told();
    let secret = place.trail_folder().join("secret.csv");
    std::fs::write(&secret, "password\nhunter2\n").expect("a file");
    let outside = secret.display();
    for sql in [
        format!("select * from '{outside}'"),
        format!("create external table t stored as csv location '{outside}'"),
        "create table t as select 1".to_owned(),
        "create view v as select 1".to_owned(),
        format!("copy (select 1) to '{outside}' stored as csv"),
        format!("explain analyze copy (select 1) to '{outside}' stored as csv"),
        "insert into events select * from events".to_owned(),
        "insert into job_states select * from job_states".to_owned(),
        "delete from events".to_owned(),
        "drop table events".to_owned(),
        "drop view jobs".to_owned(),
        "set datafusion.execution.batch_size = 1".to_owned(),
        "prepare p as select 1".to_owned(),
        "select 1; drop view jobs".to_owned(),
    ] {
        let query = place.program().args(["query", "--sql", &sql, "--lake", &place.lake()]).run();
        assert_eq!(query.status, 3, "{sql}: {} {}", query.stdout, query.stderr);
        assert!(
            !query.stdout.contains("hunter2") && query.stderr.contains("bedrock-audit: failed to plan --sql"),
            "{sql}: {}",
            query.stderr
        );
    }
    assert_eq!(std::fs::read_to_string(&secret).expect("still there"), "password\nhunter2\n");
}

#[test]
fn every_format_gives_the_same_rows() {
    let place = Place::told();
    let run = |format: &str| {
        let args = ["query", "security_group_deletions", "--lake", &place.lake(), "--output", format];
        place.program().args(args).run().expect_status(0).stdout
    };
    let rows = run("ndjson").lines().count();
    assert!(rows > 1);
    assert_eq!(run("csv").lines().count(), rows + 1);
    assert_eq!(run("markdown").lines().count(), rows + 2);
    assert_eq!(run("table").lines().count(), rows + 1);
    let json: serde_json::Value = serde_json::from_str(&run("json")).expect("JSON");
    assert_eq!(json.as_array().map(Vec::len), Some(rows));
}

#[test]
fn a_file_of_sql_is_run_and_named_when_it_fails() {
    let place = Place::told();
    let file = place.trail_folder().join("mine.sql");
    std::fs::write(&file, "select job_name from jobs where requested_at < $until order by job_name").expect("a file");
    let path = file.display().to_string();
    let args = ["query", "--file", &path, "--lake", &place.lake(), "--output", "csv"];
    assert!(place.program().args(args).run().expect_status(0).stdout.contains("churn-prototype"));
    std::fs::write(&file, "select no_such_column from jobs").expect("a file");
    let failed = place.program().args(args).run().expect_status(3);
    assert!(failed.stderr.contains("mine.sql") && failed.stderr.contains("no_such_column"), "{}", failed.stderr);
}

#[test]
fn closing_the_pipe_early_is_no_failure() {
    let place = Place::told();
    let lake = place.lake();
    place.events();
    let all = format!("\"$PROGRAM\" query --sql 'select * from events' --output json --lake '{lake}' | head -c 1");
    let command =
        format!("{all} >/dev/null; \"$PROGRAM\" query --list | true; \"$PROGRAM\" audit --lake '{lake}' | true");
    let run = std::process::Command::new("sh")
        .args(["-c", &command])
        .env("PROGRAM", env!("CARGO_BIN_EXE_bedrock-audit-under-test"))
        .output()
        .expect("sh runs");
    assert_eq!(String::from_utf8_lossy(&run.stderr), "");
}

#[test]
fn a_config_file_gives_defaults_and_a_bad_one_is_named() {
    let place = Place::told();
    let config = place.trail_folder().with_file_name("config.toml");
    let write = |text: &str| std::fs::write(&config, text).expect("a temporary folder can be written to");
    write(&format!("lake = {:?}\n[audit]\noutput = \"csv\"\n", place.lake()));
    let audit = place.program().arg("audit").arg("--config").arg(&config).run().expect_status(1);
    assert!(audit.stdout.starts_with("account_id,"), "{}", audit.stdout);
    let typed = place.program().args(["audit", "--output", "json", "--config"]).arg(&config).run().expect_status(1);
    assert!(typed.stdout.starts_with('['), "{}", typed.stdout);
    for (text, expected) in [
        ("[audit]\noutput = \"cvs\"", "[audit] output: invalid value 'cvs'"),
        ("lake = ", "TOML parse error at line 1"),
        ("laek = \"x\"", "laek: no such option"),
    ] {
        write(text);
        let refused = place.program().args(["audit", "--config"]).arg(&config).run().expect_status(64);
        let named = format!("bedrock-audit: config file {}: ", config.display());
        assert!(refused.stderr.starts_with(&named) && refused.stderr.contains(expected), "{}", refused.stderr);
    }
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    program().args(["man", "--out"]).arg(folder.path()).run().expect_status(0);
    let commands =
        ["demo", "ingest", "compact", "rebuild", "audit", "explain", "query", "report", "verify", "evaluate"];
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = program().args(["completions", shell]).run().expect_status(0).stdout;
        assert!(commands.iter().all(|command| script.contains(command)), "{shell}");
    }
    for command in commands {
        let page = std::fs::read_to_string(folder.path().join(format!("bedrock-audit-{command}.1"))).expect("a page");
        assert!(page.contains(".SH OPTIONS") && page.contains("Examples:"), "{command}: {page}");
    }
    let own = program().arg("man").run().expect_status(0).stdout;
    assert!(own.contains("bedrock\\-audit") && own.contains("Exit codes"), "{own}");
}
