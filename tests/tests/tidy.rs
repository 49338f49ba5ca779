//! Facts about the repository itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::place::repository;

fn files_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the repository") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() {
                if !name.starts_with('.') && name != "target" {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path.as_ref()).unwrap_or_else(|error| panic!("{}: {error}", path.as_ref().display()))
}

#[test]
fn only_the_shells_name_an_sdk() {
    for (folder, shell) in [("analytics/src", "/store/"), ("config-rule/src", "/src/aws"), ("schemas/src", "nothing")] {
        for path in files_below(&repository().join(folder), "rs") {
            let is_shell = path.to_string_lossy().contains(shell);
            let names_sdk = read(&path).contains("aws_sdk_") || read(&path).contains("aws_config");
            assert!(is_shell || !names_sdk, "{} names an AWS SDK crate", path.display());
        }
    }
}

#[test]
fn the_heaviest_crate_is_named_in_one_module() {
    let sources = ["analytics/src", "config-rule/src", "schemas/src", "tests"].map(|folder| repository().join(folder));
    let files = sources.iter().flat_map(|folder| files_below(folder, "rs"));
    let named: Vec<PathBuf> =
        files.filter(|path| !path.ends_with("tidy.rs") && read(path).contains("aws_sdk_ec2")).collect();
    assert_eq!(named, [repository().join("config-rule/src/aws/ec2.rs")]);
}

#[test]
fn schemas_and_config_rule_are_free_of_the_heavy_crates() {
    for (manifest, heavy) in [
        ("schemas/Cargo.toml", ["datafusion", "parquet", "aws-sdk-s3", "tokio"].as_slice()),
        ("config-rule/Cargo.toml", ["datafusion", "parquet", "arrow"].as_slice()),
    ] {
        let text = read(repository().join(manifest));
        for heavy in heavy {
            assert!(!text.contains(heavy), "{manifest} depends on {heavy}");
        }
    }
}

#[test]
fn what_decides_is_free_of_async_clock_and_environment() {
    let source = repository().join("config-rule/src");
    let mut files = files_below(&source.join("controls"), "rs");
    files.extend(
        ["controls", "facts", "judgement", "report", "waiver", "event", "parameters"]
            .map(|name| source.join(name).with_extension("rs")),
    );
    files.extend(
        ["answer", "decision", "facts", "needs", "subject"]
            .map(|name| source.join("deletion").join(name).with_extension("rs")),
    );
    files.extend(
        ["draft", "names", "network", "origin", "plan", "preflight", "request"]
            .map(|name| source.join("replacement").join(name).with_extension("rs")),
    );
    for path in files {
        for forbidden in ["async ", "tokio", "SystemTime", "Utc::now", "std::env", "Instant"] {
            assert!(!read(&path).contains(forbidden), "{} has {forbidden}", path.display());
        }
    }
}

#[test]
fn every_query_has_an_answer_beside_it_and_a_line_in_the_index() {
    let index = read(repository().join("queries/README.md"));
    let mut names = BTreeSet::new();
    for path in files_below(&repository().join("queries"), "sql") {
        if path.to_string_lossy().contains("/views/") {
            continue;
        }
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        assert!(path.with_extension("expected").exists(), "{name} has no expected answer: run scripts/golden");
        assert!(index.contains(&format!("`{name}`")), "queries/README.md does not name {name}");
        assert!(!read(&path).contains("select *"), "{name} selects columns without naming them");
        assert!(names.insert(name.clone()), "{name} stands twice");
    }
    assert!(names.len() >= 10);
}

#[test]
fn links_in_documents_lead_somewhere() {
    for path in files_below(repository(), "md") {
        let text = read(&path);
        for (_, rest) in text.match_indices("](").map(|(at, found)| text.split_at(at + found.len())) {
            let target = rest.split([')', '#', ' ']).next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let linked = path.parent().expect("a file is in a folder").join(target);
            assert!(linked.exists(), "{} links to {target}", path.display());
        }
    }
}

#[test]
fn every_control_is_in_the_documents_and_has_a_module_with_cases() {
    let documents = ["README.md", "CHANGELOG.md"].map(|name| (name, read(repository().join(name))));
    for control in schemas::control::ControlId::ALL {
        for (name, text) in &documents {
            assert!(text.contains(control.as_str()), "{name} does not name {control}");
        }
        let module = repository().join(format!("config-rule/src/controls/{control}.rs"));
        assert!(read(&module).contains("#[cfg(test)]"), "{} has no cases", module.display());
    }
}
