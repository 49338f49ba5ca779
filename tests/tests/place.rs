//! A trail and a lake to run the program on: in folders, or in buckets of an S3 server on loopback.

use std::path::{Path, PathBuf};

use analytics::trail::log_file::{LogFile, write_all};
use analytics::trail::story::story;
use end_to_end::program::{Outcome, Program};
use end_to_end::s3_server::{Faults, S3Server};
use serde_json::{Map, Value};

/// A row of an answer.
pub type Row = Map<String, Value>;

/// The program under test.
pub fn program() -> Program {
    Program::new(env!("CARGO_BIN_EXE_bedrock-audit-under-test")).arg("--quiet")
}

/// Where a test's trail and lake are.
pub struct Place {
    server: Option<S3Server>,
    folder: tempfile::TempDir,
}

impl Place {
    /// Both in folders.
    pub fn in_folders() -> Self {
        Self { server: None, folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// Both in folders, with the story in the lake.
    pub fn told() -> Self {
        let place = Self::in_folders();
        place.deliver(&story().files);
        place.ingest(&[]).expect_status(2);
        place
    }

    /// Both in S3.
    pub fn in_s3(faults: Faults) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let server = S3Server::start(folder.path(), faults);
        let place = Self { server: Some(server), folder };
        std::fs::create_dir_all(place.lake_folder()).expect("a bucket is a folder");
        place
    }

    /// The folder behind the trail.
    pub fn trail_folder(&self) -> PathBuf {
        self.bucket("trail-bucket")
    }

    /// The folder behind the lake.
    pub fn lake_folder(&self) -> PathBuf {
        self.bucket("lake-bucket")
    }

    fn bucket(&self, name: &str) -> PathBuf {
        match &self.server {
            Some(server) => server.bucket_folder(name),
            None => self.folder.path().join(name),
        }
    }

    /// The server, if there is one.
    pub fn server(&self) -> &S3Server {
        self.server.as_ref().expect("the test is about S3")
    }

    /// Delivers log files.
    pub fn deliver(&self, files: &[LogFile]) {
        write_all(&self.trail_folder(), files).expect("a temporary folder can be written to");
    }

    /// The trail as the command line names it.
    pub fn source(&self) -> String {
        self.location("trail-bucket")
    }

    /// The lake as the command line names it.
    pub fn lake(&self) -> String {
        self.location("lake-bucket")
    }

    fn location(&self, name: &str) -> String {
        match &self.server {
            Some(_) => format!("s3://{name}"),
            None => self.folder.path().join(name).display().to_string(),
        }
    }

    /// The program, able to reach the place.
    pub fn program(&self) -> Program {
        self.reaching(program())
    }

    /// Another program, able to reach the place.
    pub fn program_at(&self, path: &str) -> Program {
        self.reaching(Program::new(path))
    }

    fn reaching(&self, program: Program) -> Program {
        let environment = self.server.as_ref().map(S3Server::environment).unwrap_or_default();
        program.envs(environment).current_folder(self.folder.path())
    }

    /// An ingest of the trail.
    pub fn ingest(&self, more: &[&str]) -> Outcome {
        self.ingesting(more).run()
    }

    /// The same, not yet run.
    pub fn ingesting(&self, more: &[&str]) -> Program {
        self.program().args(["ingest", &self.source(), "--lake", &self.lake()]).args(more.iter().copied())
    }

    /// The rows of a named question.
    pub fn query(&self, name: &str, more: &[&str]) -> Vec<Row> {
        let query = self.program().args(["query", name, "--lake", &self.lake(), "--output", "ndjson"]);
        query.args(more.iter().copied()).run().expect_status(0).rows()
    }

    /// The rows of SQL.
    pub fn sql(&self, sql: &str) -> Vec<Row> {
        let query = self.program().args(["query", "--sql", sql, "--lake", &self.lake(), "--output", "ndjson"]);
        query.run().expect_status(0).rows()
    }

    /// Every event in the lake as the lake has it, without the copies' places, which depend on nothing else.
    pub fn events(&self) -> Vec<Row> {
        self.sql("select * from events order by event_id")
    }

    /// The verdicts as of a time, with the exit code.
    pub fn verdicts(&self, as_of: &str) -> (i32, Vec<Row>) {
        self.audit(&["--as-of", as_of])
    }

    /// The verdicts as of the end of the logs, with the exit code.
    pub fn last_verdicts(&self) -> (i32, Vec<Row>) {
        self.audit(&[])
    }

    /// The verdicts of an audit with some options, with the exit code.
    pub fn audit(&self, options: &[&str]) -> (i32, Vec<Row>) {
        let audit = self.program().args(["audit", "--lake", &self.lake(), "--output", "ndjson"]).args(options).run();
        (audit.status, audit.rows())
    }
}

/// A text of a row.
pub fn text<'a>(row: &'a Row, column: &str) -> &'a str {
    row.get(column).and_then(Value::as_str).unwrap_or_default()
}

/// A number of a row.
pub fn number(row: &Row, column: &str) -> i64 {
    row.get(column).and_then(Value::as_i64).unwrap_or_else(|| panic!("{column} of {row:?} is a number"))
}

/// The repository's root.
pub fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
