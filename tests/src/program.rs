//! Runs the shipped program as a person or a scheduler does: arguments and environment in, exit status and streams out.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use serde_json::{Map, Value};
use tempfile::TempDir;

/// Variables whose values no run may tell anybody, on no stream.
const SECRETS: [&str; 4] =
    ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"];

/// A run of the program that is being put together.
///
/// What it writes is searched for the credentials that it was given: a run that tells them fails its test. Every run is asked
/// for all that a logger could say (`RUST_LOG=trace`).
///
/// It sees nothing of the machine's AWS configuration: no `AWS_*` variable, no profile, no instance metadata.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    current_folder: Option<PathBuf>,
    input: Option<String>,
}

impl Program {
    /// `path`: of the binary. An integration test has it from `env!("CARGO_BIN_EXE_bedrock-audit-under-test")`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), arguments: Vec::new(), environment: Vec::new(), current_folder: None, input: None }
    }

    /// Gives it this on stdin; it has none otherwise.
    #[must_use]
    pub fn input(mut self, text: impl Into<String>) -> Self {
        self.input = Some(text.into());
        self
    }

    /// Sets a variable. Of several of one name the last counts.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Sets variables, such as those of [`S3Server::environment`](crate::s3_server::S3Server::environment).
    #[must_use]
    pub fn envs<N: Into<OsString>, V: Into<OsString>>(mut self, pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        self.environment.extend(pairs.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments after those there are.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Runs in this folder instead of the test's own.
    #[must_use]
    pub fn current_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.current_folder = Some(folder.into());
        self
    }

    /// Runs to the end.
    pub fn run(&self) -> Outcome {
        let home = Home::new();
        let output = self.command(&home).output().unwrap_or_else(|error| self.did_not_start(&error));
        Outcome::of(&output).without(&self.secrets())
    }

    /// Starts, and leaves it running: to be killed, or waited for.
    pub fn spawn(&self) -> Running {
        let home = Home::new();
        let child = self
            .command(&home)
            .stdout(home.file("stdout"))
            .stderr(home.file("stderr"))
            .spawn()
            .unwrap_or_else(|error| self.did_not_start(&error));
        Running { child, home, secrets: self.secrets() }
    }

    /// The credentials that it is given.
    fn secrets(&self) -> Vec<String> {
        let is_secret = |name: &OsString| SECRETS.iter().any(|secret| name == secret);
        let given = self.environment.iter().filter(|(name, _)| is_secret(name));
        given.map(|(_, value)| value.to_string_lossy().into_owned()).filter(|value| value.len() > 8).collect()
    }

    fn command(&self, home: &Home) -> Command {
        let mut command = Command::new(&self.path);
        command.args(&self.arguments).stdin(self.input.as_ref().map_or_else(Stdio::null, |text| home.input(text)));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AWS_") {
                command.env_remove(name);
            }
        }
        command
            .env("AWS_CONFIG_FILE", home.path("config"))
            .env("AWS_SHARED_CREDENTIALS_FILE", home.path("credentials"))
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("HOME", home.folder.path())
            .env_remove("XDG_CONFIG_HOME")
            .env("RUST_LOG", "trace")
            .env("NO_COLOR", "1");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.current_folder {
            command.current_dir(folder);
        }
        command
    }

    fn did_not_start<T>(&self, error: &std::io::Error) -> T {
        panic!("{} did not start: {error}", self.path.display());
    }
}

/// A home folder without a profile, which also takes the streams of a run that is not waited for.
#[derive(Debug)]
struct Home {
    folder: TempDir,
}

impl Home {
    fn new() -> Self {
        let home = Self { folder: tempfile::tempdir().expect("a temporary folder can be made") };
        for name in ["config", "credentials"] {
            home.file(name);
        }
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str) -> File {
        File::create(self.path(name)).expect("a file can be made in our own folder")
    }

    fn input(&self, text: &str) -> Stdio {
        fs::write(self.path("stdin"), text).expect("a file can be made in our own folder");
        File::open(self.path("stdin")).expect("it was just made").into()
    }

    fn text(&self, name: &str) -> String {
        let bytes = fs::read(self.path(name)).expect("the file was made before the program started");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// The program while it runs. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    home: Home,
    secrets: Vec<String>,
}

impl Running {
    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("the child is ours to wait for").is_none()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to stdout so far.
    pub fn stdout_so_far(&self) -> String {
        self.home.text("stdout")
    }

    /// What it has written to stderr so far.
    pub fn stderr_so_far(&self) -> String {
        self.home.text("stderr")
    }

    /// Kills it at once (SIGKILL), as a lost machine would. It has no say in it.
    pub fn kill(mut self) -> Outcome {
        self.child.kill().expect("the child is ours to kill");
        self.end()
    }

    /// Asks it to end with a signal by name, such as `INT` or `TERM`, and waits for it.
    pub fn signal(mut self, name: &str) -> Outcome {
        let asked = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(asked.is_ok_and(|status| status.success()), "kill -s {name} failed: has the program ended already?");
        self.end()
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Outcome {
        self.end()
    }

    fn end(&mut self) -> Outcome {
        let status = self.child.wait().expect("the child is ours to wait for");
        let (stdout, stderr) = (self.home.text("stdout"), self.home.text("stderr"));
        Outcome { status: status_number(status), stdout, stderr }.without(&self.secrets)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Errors: it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The exit code; the negative number of the signal when one ended it (-9: killed).
    pub status: i32,
    /// Its stdout.
    pub stdout: String,
    /// Its stderr.
    pub stderr: String,
}

impl Outcome {
    fn of(output: &Output) -> Self {
        Self {
            status: status_number(output.status),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Itself, where it holds none of these; otherwise a panic that shows where, and not what.
    fn without(self, secrets: &[String]) -> Self {
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            let told = secrets.iter().any(|secret| text.contains(secret.as_str()));
            let shown =
                secrets.iter().fold(text.clone(), |text, secret| text.replace(secret.as_str(), "<A CREDENTIAL>"));
            assert!(!told, "{name} tells a credential that the run was given:\n{shown}");
        }
        self
    }

    /// Itself, when it ended with `expected`; otherwise a panic that shows both streams.
    #[track_caller]
    pub fn expect_status(self, expected: i32) -> Self {
        assert!(
            self.status == expected,
            "ended with {} instead of {expected}\n--- stdout\n{}\n--- stderr\n{}",
            self.status,
            self.stdout,
            self.stderr
        );
        self
    }

    /// The rows of an answer in newline-delimited JSON, in the order printed. Panics on a line that is no object.
    #[track_caller]
    pub fn rows(&self) -> Vec<Map<String, Value>> {
        let lines = self.stdout.lines().filter(|line| !line.trim().is_empty());
        let mut rows = Vec::new();
        for line in lines {
            match serde_json::from_str(line) {
                Ok(row) => rows.push(row),
                Err(error) => panic!("stdout has a line that is no JSON object ({error}): {line}\n{}", self.stderr),
            }
        }
        rows
    }
}

fn status_number(status: ExitStatus) -> i32 {
    match (status.code(), status.signal()) {
        (Some(code), _) => code,
        (None, Some(signal)) => -signal,
        (None, None) => panic!("{status} is neither an exit code nor a signal"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_sees_its_own_variables_and_no_profile_of_the_machine() {
        let script =
            r#"echo "{\"config\": \"$(cat "$AWS_CONFIG_FILE")\", \"given\": \"$GIVEN\"}"; echo told >&2; exit 3"#;
        let outcome = Program::new("/bin/sh").env("GIVEN", "1").env("GIVEN", "2").args(["-c", script]).run();
        let outcome = outcome.expect_status(3);
        assert_eq!(outcome.stderr, "told\n");
        let rows = outcome.rows();
        assert_eq!((rows.len(), &rows[0]["config"], &rows[0]["given"]), (1, &Value::from(""), &Value::from("2")));
    }

    #[should_panic(expected = "stderr tells a credential that the run was given")]
    #[test]
    fn a_run_that_tells_its_credentials_fails_the_test() {
        let secret = "planted-secret-access-key";
        Program::new("/bin/sh")
            .env("AWS_SECRET_ACCESS_KEY", secret)
            .args(["-c", "echo \"$AWS_SECRET_ACCESS_KEY\" >&2"])
            .run();
    }

    #[test]
    fn a_killed_run_has_the_signal_for_its_status_and_keeps_what_it_wrote() {
        let mut running = Program::new("/bin/sh").args(["-c", "echo begun >&2; exec sleep 60"]).spawn();
        while running.stderr_so_far().is_empty() {
            assert!(running.is_running(), "it sleeps for a minute");
            std::thread::yield_now();
        }
        let outcome = running.kill();
        assert_eq!((outcome.status, outcome.stderr.as_str()), (-9, "begun\n"));
    }
}
