//! moto, a model of AWS that others wrote, as a witness beside our own servers: in a Python process, over real HTTP.
//!
//! `tests/python/moto_server.py` says where moto is mended, and `tests/python/seed_moto.py` what is seeded.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// moto tells accounts apart by access keys; one that it has not handed out is of the account 123456789012.
const ACCESS_KEY_ID: &str = "AKIAMOTOISAWITNESS00";
const SECRET_ACCESS_KEY: &str = "end-to-end-test-only-not-a-secret-key000";

/// A running server with nothing in it. It ends when dropped, or when the test's process dies.
#[derive(Debug)]
pub struct Moto {
    python: String,
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Moto {
    /// None, and a word on stderr, where `BEDROCK_AUDIT_TEST_PYTHON` names no Python; `scripts/test` sets it.
    pub fn start() -> Option<Self> {
        let Ok(python) = std::env::var("BEDROCK_AUDIT_TEST_PYTHON") else {
            eprintln!("skipped: BEDROCK_AUDIT_TEST_PYTHON names no Python with moto; scripts/test sets it");
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let stderr = File::create(folder.path().join("stderr")).expect("a file can be made in our own folder");
        let mut child = Command::new(&python)
            .arg(script("moto_server.py"))
            // It ends when this pipe is closed, which the kernel does for a test that is killed.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap_or_else(|error| panic!("{python} did not start: {error}"));
        let mut line = String::new();
        let stdout = child.stdout.take().expect("stdout is a pipe");
        // An unreadable line is an empty one: what there is to say is on stderr.
        let _ = BufReader::new(stdout).read_line(&mut line);
        let port = line.trim().strip_prefix("PORT ").and_then(|port| port.parse().ok());
        let mut moto = Self { python, child, port: 0, folder };
        moto.port = port.unwrap_or_else(|| panic!("moto did not start: {line}{}", moto.stderr_so_far()));
        Some(moto)
    }

    /// `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The environment in which the program, or any AWS SDK, talks to this server as the account 123456789012.
    pub fn environment(&self) -> Vec<(String, String)> {
        let endpoint = self.endpoint();
        [
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID),
            ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY),
            ("AWS_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_RETRY_MODE", "standard"),
            ("AWS_MAX_ATTEMPTS", "3"),
            ("NO_PROXY", "127.0.0.1,localhost"),
            ("no_proxy", "127.0.0.1,localhost"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// Two accounts with networks, roles, buckets and jobs; `jobs.*.verdicts` says what to expect of each control.
    pub fn seed(&self) -> Value {
        let printed = self.python("seed_moto.py", &[&self.endpoint()]);
        serde_json::from_str(&printed).expect("the seed prints one JSON document")
    }

    /// Runs a script of `tests/python` and gives what it printed. Panics, with its stderr, when it fails.
    #[track_caller]
    pub fn python(&self, name: &str, arguments: &[&str]) -> String {
        let output = Command::new(&self.python)
            .arg(script(name))
            .args(arguments)
            .envs(self.environment())
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("{} did not start: {error}", self.python));
        assert!(
            output.status.success(),
            "{name} failed\n{}\n--- moto\n{}",
            String::from_utf8_lossy(&output.stderr),
            self.stderr_so_far()
        );
        String::from_utf8(output.stdout).expect("our scripts print UTF-8")
    }

    /// What moto has written to stderr so far: its own failures.
    pub fn stderr_so_far(&self) -> String {
        let bytes = std::fs::read(self.folder.path().join("stderr")).expect("the file was made before moto started");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // Errors: it has ended already. Its state is worth nothing, so it need not end by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn script(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/python")).join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_says_what_to_expect_of_every_job() {
        let Some(moto) = Moto::start() else { return };
        let seed = moto.seed();
        let jobs = seed["jobs"].as_object().expect("an object");
        assert_eq!(jobs.len(), 7);
        for (name, job) in jobs {
            let verdicts = job["verdicts"].as_object().expect("an object");
            assert_eq!(verdicts.len(), 7, "{name}");
            for verdict in verdicts.values().filter_map(Value::as_str) {
                assert!(["Compliant", "NonCompliant", "NotApplicable"].contains(&verdict), "{name}: {verdict}");
            }
        }
        assert_eq!(moto.stderr_so_far(), "");
    }
}
