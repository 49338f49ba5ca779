//! SQL that takes time and nothing else: `--time-limit` stops it. None of these tests depends on how fast the machine is: the
//! SQL would run for years.

use end_to_end::program::Outcome;

use crate::place::Place;
use crate::shell::built;

/// 10^18 rows, of which none counts: it takes no memory.
const ENDLESS: &str = "select count(*) as n from generate_series(1, 1000) a, generate_series(1, 1000000000000000) b \
                       where a.value * b.value = -1";

fn query(place: &Place, more: &[&str]) -> Outcome {
    place.program().args(["query", "--lake", &place.lake(), "--output", "ndjson"]).args(more.iter().copied()).run()
}

#[track_caller]
fn assert_stopped(outcome: &Outcome, name: &str, limit: &str) {
    assert_eq!(outcome.status, 3, "{}\n{}", outcome.stdout, outcome.stderr);
    assert_eq!(outcome.stdout, "", "no half answer");
    let told = format!(
        "failed to run {name}: the statement took longer than {limit}, and was stopped; narrow it, or raise --time-limit\n"
    );
    assert!(outcome.stderr.ends_with(&told), "{}", outcome.stderr);
}

#[test]
fn sql_that_never_ends_is_stopped_and_the_limit_is_named() {
    let place = built();
    for memory in ["64MiB", "1GiB"] {
        let stopped = query(&place, &["--sql", ENDLESS, "--time-limit", "200ms", "--memory", memory]);
        assert_stopped(&stopped, "--sql", "200ms");
    }
    let file = place.trail_folder().with_file_name("mine.sql");
    // Over a table of the lake, too.
    let sql = "select count(*) as n from event_copies a, generate_series(1, 1000000000000000) b \
               where character_length(a.event_id) * b.value = -1";
    std::fs::write(&file, sql).expect("a file");
    let path = file.display().to_string();
    let limited = query(&place, &["--file", &path, "--time-limit", "300ms", "--memory", "1GiB"]);
    assert_stopped(&limited, &path, "300ms");
}

#[test]
fn what_is_answered_within_the_limit_is_answered() {
    let place = built();
    let rows = query(&place, &["--sql", "select 1 as n", "--time-limit", "7days"]).expect_status(0).rows();
    assert_eq!(rows[0]["n"], 1);
    let asked = ["jobs_created_outside_vpc", "--since", "2000-01-01"];
    let limited = query(&place, &[&asked[..], &["--time-limit", "7days"]].concat()).expect_status(0);
    assert_eq!(limited.rows(), query(&place, &asked).expect_status(0).rows());
}

#[test]
fn a_limit_that_is_none_is_misuse() {
    let place = built();
    for text in ["soon", "0s", "30", "2months"] {
        let refused = query(&place, &["--sql", "select 1", "--time-limit", text]).expect_status(64);
        let expected = format!("--time-limit {text:?}: expected a span such as 30s or 5m, a week at most");
        assert!(refused.stderr.contains(&expected), "{}", refused.stderr);
    }
    let shell = place.program().args(["shell", "--lake", &place.lake(), "--time-limit", "soon"]).input("select 1;");
    assert!(shell.run().expect_status(64).stderr.contains("--time-limit \"soon\": expected a span"));
}

#[test]
fn the_shell_goes_on_after_a_statement_that_was_stopped() {
    let place = built();
    let shell = ["shell", "--lake", &place.lake(), "--output", "ndjson", "--time-limit", "200ms"];
    let run = place.program().args(shell).input(format!("{ENDLESS};\n\\?\n")).run().expect_status(3);
    let told = "failed to run the statement: the statement took longer than 200ms, and was stopped; narrow it";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    assert!(run.stdout.starts_with("SQL;"), "the help follows: {}", run.stdout);
}
