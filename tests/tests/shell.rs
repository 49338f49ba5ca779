//! The shell, with statements from a pipe; what a terminal adds is tested beside the code.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use end_to_end::program::{Outcome, Program};

use crate::place::Place;

/// A lake with the story in it and its history built.
pub fn built() -> Place {
    let place = Place::told();
    rebuild(&place);
    place
}

pub fn rebuild(place: &Place) {
    place.program().args(["rebuild", "--lake", &place.lake()]).run().expect_status(0);
}

/// Every file of a lake with its bytes.
pub fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the lake") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).expect("a file of the lake");
                found.insert(path, bytes);
            }
        }
    }
    found
}

fn shell(place: &Place) -> Program {
    place.program().args(["shell", "--lake", &place.lake(), "--output", "ndjson"])
}

fn told(place: &Place, lines: &str) -> Outcome {
    shell(place).input(lines).run()
}

#[test]
fn a_pipe_of_statements_and_questions_is_answered_in_order() {
    let place = built();
    let run = told(
        &place,
        "select 'a;b' as text, -- one; two\n  1 as n;\n\
         \\q jobs_created_outside_vpc since=2000-01-01\n\
         \\d jobs\n\
         \\format csv\n\
         select 2 as n; select 3\n as n",
    );
    let run = run.expect_status(0);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines[0], "{\"text\":\"a;b\",\"n\":1}");
    let asked = place.query("jobs_created_outside_vpc", &["--since", "2000-01-01"]);
    let rows: Vec<serde_json::Value> =
        lines[1..=asked.len()].iter().map(|line| serde_json::from_str(line).expect("a row")).collect();
    assert!(!asked.is_empty());
    assert_eq!(rows, asked.into_iter().map(serde_json::Value::Object).collect::<Vec<_>>());
    assert!(run.stdout.contains("\"column_name\":\"job_arn\""), "{}", run.stdout);
    assert!(run.stdout.replace('\r', "").ends_with("n\n2\nn\n3\n"), "{}", run.stdout);
}

#[test]
fn names_of_tables_and_questions_can_be_looked_up() {
    let place = built();
    let run = told(&place, "\\d\n\\l\n\\l jobs_by_principal\n\\?\n\\timing on\nselect 1 as n;\n").expect_status(0);
    for expected in [
        "{\"name\":\"job_requests\",\"kind\":\"table\"}",
        "{\"name\":\"jobs\",\"kind\":\"view\"}",
        "{\"name\":\"queries.set_aside\",\"kind\":\"view\"}",
        "  jobs_created_outside_vpc ",
        "principal=TEXT",
        "since=TIME",
        "\\timing [on|off]",
    ] {
        assert!(run.stdout.contains(expected), "{expected}: {}", run.stdout);
    }
    assert!(run.stderr.contains("1 rows in "), "{}", run.stderr);
    let asked = told(&place, "select count(*) as n from queries.set_aside;").expect_status(0);
    assert_eq!(asked.rows()[0]["n"], place.query("set_aside", &[]).len());
}

#[test]
fn after_an_error_it_goes_on_and_the_last_error_is_the_exit_code() {
    let place = built();
    for (lines, status, expected) in [
        ("select no_such_column from jobs;\nselect 1 as n;", 3, "failed to plan the statement"),
        ("select no_such_column from jobs;\n\\q no_such_question\nselect 1 as n;", 64, "no query is named"),
        ("\\nothing\nselect 1/0 as n;\nselect 1 as n;", 3, "failed to run the statement"),
        ("\\q job_verdicts as_of=soon\nselect 1 as n;", 64, "as_of=\"soon\": expected a time"),
        ("\\q set_aside since=1d\nselect 1 as n;", 64, "has no parameter since"),
        ("\\d no_such_table\nselect 1 as n;", 64, "no table is named no_such_table"),
    ] {
        let run = told(&place, lines).expect_status(status);
        assert!(run.stdout.ends_with("{\"n\":1}\n") && run.stderr.contains(expected), "{lines}: {}", run.stderr);
    }
    let left = told(&place, "\\q\nselect no_such_column from jobs;").expect_status(0);
    assert_eq!(left.stdout, "");
}

#[test]
fn the_lake_is_never_written_to() {
    let place = Place::told();
    let unbuilt = told(&place, "select 1;").expect_status(3);
    assert!(unbuilt.stderr.contains("run bedrock-audit rebuild"), "{}", unbuilt.stderr);
    assert!(!place.lake_folder().join("history").exists());
    rebuild(&place);
    let before = files(&place.lake_folder());
    for sql in [
        "create table t as select 1",
        "insert into job_states select * from job_states",
        "drop view jobs",
        "create schema s",
        "set datafusion.runtime.memory_limit = '1G'",
        "copy (select 1) to '/tmp/never' stored as csv",
        "select * from '/etc/passwd'",
    ] {
        let run = told(&place, &format!("{sql};")).expect_status(3);
        assert!(run.stderr.contains("failed to plan the statement") && run.stdout.is_empty(), "{sql}: {}", run.stderr);
    }
    assert!(before == files(&place.lake_folder()));
}

#[test]
fn no_rows_of_an_empty_lake_mean_nothing() {
    let place = Place::in_folders();
    std::fs::create_dir_all(place.lake_folder()).expect("a folder");
    rebuild(&place);
    let run = told(&place, "select count(*) as n from jobs;").expect_status(2);
    assert!(run.stderr.contains("holds no log files"), "{}", run.stderr);
}

#[test]
fn what_a_statement_answers_commands_no_terminal() {
    let place = built();
    let run = shell(&place).args(["--output", "table"]);
    assert_eq!(run.input("select 1;").run().status, 64, "an option given twice is misuse");
    let run = place.program().args(["shell", "--lake", &place.lake()]).input("select chr(27) || '[31m' as text;").run();
    let run = run.expect_status(0);
    assert!(run.stdout.contains("\\u{1b}[31m") && !run.stdout.contains('\u{1b}'), "{:?}", run.stdout);
    let run = place.program().args(["shell", "--lake", &place.lake()]).input("select \"\u{1b}[31m\" from jobs;").run();
    assert!(!run.expect_status(3).stderr.contains('\u{1b}'));
}
