//! A slow model in Python beside the program: a script of `tests/python` that writes records, and judges what they tell.

use std::process::Command;

use crate::place::repository;

/// What the script prints; none without a Python. It ends with 1 where a verdict differs.
pub fn model(script: &str, arguments: &[&str]) -> Option<String> {
    let path = repository().join("tests/python").join(script);
    let run = match Command::new("python3").arg("-B").arg(path).args(arguments).output() {
        Ok(run) => run,
        Err(error) => {
            eprintln!("skipped: python3 did not start ({error}), so there is no second opinion");
            return None;
        }
    };
    let told = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success(), "{script} {arguments:?}: {told}{}", String::from_utf8_lossy(&run.stderr));
    Some(told)
}
