//! What people read and others parse, as files: `scripts/golden` rewrites them, review reads the difference.

use std::path::Path;

use analytics::trail::story::story;
use schemas::tables::{COMPACTIONS, HISTORY, INGESTED};

use crate::place::{Place, program, repository};

/// Compares with a golden file, or rewrites it when UPDATE_GOLDEN is set.
pub fn check(path: &Path, found: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder");
        return std::fs::write(path, found).expect("the golden file can be written");
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    assert!(expected == found, "{} differs (scripts/golden rewrites it); found:\n{found}", path.display());
}

/// A golden file.
pub fn golden(name: &str) -> std::path::PathBuf {
    repository().join("tests/golden").join(name)
}

#[test]
fn golden_help() {
    let mut text = String::new();
    for command in [
        vec!["--help"],
        vec!["demo", "--help"],
        vec!["ingest", "--help"],
        vec!["compact", "--help"],
        vec!["rebuild", "--help"],
        vec!["audit", "--help"],
        vec!["query", "--help"],
        vec!["shell", "--help"],
        vec!["serve", "--help"],
        vec!["connect", "--help"],
        vec!["explain", "--help"],
        vec!["report", "--help"],
        vec!["verify", "--help"],
        vec!["evaluate", "--help"],
        vec!["doctor", "--help"],
        vec!["can-delete", "--help"],
        vec!["replace", "--help"],
        vec!["completions", "--help"],
        vec!["man", "--help"],
    ] {
        let help = program().env("COLUMNS", "100").args(command.clone()).run().expect_status(0);
        text += &format!(
            "$ bedrock-audit {}\n{}\n",
            command.join(" "),
            help.stdout.replace("bedrock-audit-under-test", "bedrock-audit")
        );
    }
    check(&golden("help.txt"), &text);
}

#[test]
fn golden_demo() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let demo = program().current_folder(folder.path()).arg("demo").run().expect_status(0);
    check(&golden("demo.txt"), &demo.stdout);
}

#[test]
fn golden_replace() {
    let aws = crate::replace::aws();
    aws.state().home().add_job("outside").tag("Owner", "ann");
    let run = crate::replace::replace(&aws, "outside").args(crate::replace::NETWORK).arg("--submit").run();
    check(&golden("replace.txt"), &run.expect_status(0).stdout);
}

#[test]
fn golden_tables() {
    let mut text = String::new();
    for table in INGESTED.iter().chain(&HISTORY).chain(&[&COMPACTIONS]) {
        text += &format!("{}: {}\n", table.name, table.one_row);
        for (column, field) in table.columns.iter().zip(table.arrow_schema().fields()) {
            let null = if field.is_nullable() { " or null" } else { "" };
            text += &format!("  {:<32} {}{null}: {}\n", column.name, field.data_type(), column.about);
        }
    }
    check(&golden("tables.txt"), &text);
}

/// Each question's answer over the story stands beside it.
#[test]
fn golden_answers() {
    let place = Place::in_folders();
    place.deliver(&story().files);
    place.ingest(&[]).expect_status(2);
    let folders = std::fs::read_dir(repository().join("queries")).expect("queries");
    for folder in
        folders.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir() && !path.ends_with("views"))
    {
        for file in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if file.extension().is_none_or(|extension| extension != "sql") {
                continue;
            }
            let name = file.file_stem().and_then(|stem| stem.to_str()).expect("a name");
            let text = std::fs::read_to_string(&file).expect("SQL");
            let mut args = vec!["query", name, "--output", "csv"];
            for (parameter, values) in
                [("$until", ["--until", "2026-03-31"]), ("$as_of", ["--as-of", "2026-03-30T14:00:00Z"])]
            {
                if text.contains(&format!("parameter:  {parameter} ")) {
                    args.extend(values);
                }
            }
            let run = place.program().args(args).args(["--lake", &place.lake()]).run().expect_status(0);
            let answer = run.stdout.replace(&place.source(), "TRAIL").replace("\r\n", "\n");
            check(&file.with_extension("expected"), &answer);
        }
    }
}
