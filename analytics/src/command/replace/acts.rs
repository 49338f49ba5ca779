//! Acting, with a record in a file.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use config_rule::facts::Fact;
use config_rule::replacement::act::{Failure, Hands, Journal, Order, Record};
use config_rule::replacement::gather::Access;
use serde_json::json;

use super::{Proposal, write_request};
use crate::cli::Replace;
use crate::error::{Error, Result};

/// Time between two looks at the old job.
const POLL: Duration = Duration::from_secs(5);

/// What was done.
pub struct Done {
    pub record: Record,
    pub record_file: PathBuf,
    /// The request alone, where it is to be submitted.
    pub request_file: Option<PathBuf>,
    /// Why not everything was.
    pub failure: Option<Failure>,
}

/// Does what was asked for. The proposal is whole, and nothing stands in the way.
pub async fn act(args: &Replace, access: &Access, proposal: &Proposal, wait: Duration) -> Result<Done> {
    let request = proposal.plan.request.clone().expect("nobody acts on a request that lacks something");
    let old_job_arn = proposal.old.arn.clone().unwrap_or_default();
    let started_at = config_rule::now();
    fs::create_dir_all(&args.record).map_err(|cause| failed(&args.record, cause))?;
    let stem = free(&args.record, &stem(&old_job_arn, started_at));
    let record_file = args.record.join(format!("{stem}.json"));
    let request_file = args.submit.then(|| args.record.join(format!("{stem}.request.json")));
    if let Some(path) = &request_file {
        write_request(path, &request)?;
    }
    let mut record = Record {
        aws_region: proposal.region.clone(),
        account_id: proposal.account_id.clone(),
        old_job_arn,
        request,
        stop: None,
        submit: None,
    };
    eprintln!("record: {}", record_file.display());
    let mut journal = FileJournal { path: record_file.clone(), started_at, is_new: true };
    let mut hands = Hands {
        requests: &*access.requests,
        stopper: &*access.stopper,
        journal: &mut journal,
        clock: config_rule::now,
        wait,
        poll: POLL,
    };
    let stop = proposal.now.known().filter(|_| args.stop_old);
    if args.stop_old && proposal.now == Fact::Absent {
        eprintln!("the old job is not there any more, so there is nothing to stop");
    }
    let failure = hands.act(Order { stop, is_submitted: args.submit }, &mut record).await.err();
    Ok(Done { record, record_file, request_file, failure })
}

/// The stem, with a number where an earlier run of the same second has it.
fn free(folder: &Path, stem: &str) -> String {
    let numbered = (2..).map(|number: u32| format!("{stem}-{number}"));
    let mut stems = std::iter::once(stem.to_owned()).chain(numbered);
    stems.find(|stem| !folder.join(format!("{stem}.json")).exists()).expect("numbers do not end")
}

/// `replace-<old job id>-<time>`: a name that sorts.
fn stem(old_job_arn: &str, at: DateTime<Utc>) -> String {
    let id = old_job_arn.rsplit('/').next().filter(|id| !id.is_empty()).unwrap_or("job");
    let id: String = id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("replace-{id}-{}", at.format("%Y%m%dT%H%M%SZ"))
}

fn failed(path: &Path, cause: std::io::Error) -> Error {
    Error::Output { what: path.display().to_string(), source: cause.into() }
}

/// The record as a file of its own, which no other run writes to.
struct FileJournal {
    path: PathBuf,
    started_at: DateTime<Utc>,
    is_new: bool,
}

impl Journal for FileJournal {
    fn keep(&mut self, record: &Record) -> std::result::Result<(), String> {
        let record = serde_json::to_value(record).map_err(|cause| cause.to_string())?;
        let mut whole = json!({
            "record": "replace",
            "program_version": env!("CARGO_PKG_VERSION"),
            "started_at": self.started_at.to_rfc3339(),
        });
        if let (Some(whole), Some(members)) = (whole.as_object_mut(), record.as_object()) {
            whole.extend(members.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        let written = self.write(&format!("{whole:#}\n"));
        written.map_err(|cause| format!("{}: {cause}", self.path.display()))?;
        self.is_new = false;
        Ok(())
    }
}

impl FileJournal {
    /// The first time the file must not be there; later it is replaced as a whole.
    fn write(&self, text: &str) -> std::io::Result<()> {
        let path = if self.is_new { self.path.clone() } else { self.path.with_extension("json.new") };
        let mut options = OpenOptions::new();
        options.write(true);
        if self.is_new {
            options.create_new(true)
        } else {
            options.create(true).truncate(true)
        };
        let mut file = options.open(&path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        if self.is_new { Ok(()) } else { fs::rename(&path, &self.path) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_is_named_for_the_old_job_and_the_time() {
        let at = "2026-03-01T09:30:05.123Z".parse().expect("a time");
        let arn = "arn:aws:bedrock:eu-west-1:111122223333:model-customization-job/a.b:1/q4ad8z8tioq8";
        assert_eq!(stem(arn, at), "replace-q4ad8z8tioq8-20260301T093005Z");
        assert_eq!(stem("", at), "replace-job-20260301T093005Z");
    }
}
