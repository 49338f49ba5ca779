//! The key figures beside a slow, obvious model of them: a planted story in Python, ingested by the program, each question
//! asked and compared row by row.

use std::process::Command;

use crate::place::repository;

#[test]
fn key_figures_are_those_of_the_model() {
    let Ok(python) = std::env::var("BEDROCK_AUDIT_TEST_PYTHON") else {
        eprintln!("skipped: BEDROCK_AUDIT_TEST_PYTHON names no Python; scripts/test sets it");
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let check = repository().join("tests/python/kpi/check.py");
    let program = env!("CARGO_BIN_EXE_bedrock-audit-under-test");
    let run = Command::new(python).arg(check).arg(program).arg(folder.path()).arg("8").output().expect("python runs");
    let told = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{told}{}", String::from_utf8_lossy(&run.stderr));
    assert!(told.contains("seed 8: ") && told.contains(" 0 differ"), "{told}");
}
