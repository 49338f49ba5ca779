//! `bedrock-audit evaluate`: the rule's own code, from a laptop.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray};
use config_rule::aws::{Connection, Options};
use config_rule::check::{Checked, Request, check};
use config_rule::gather::{Bounds, Memory};
use config_rule::report::Finding;
use schemas::control::{ControlId, Verdict};
use tokio::time::Instant;

use super::audit::counts_by_control;
use super::{Session, write_stdout};
use crate::cli::{Evaluate, Global};
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;
use crate::query::Answer;
use crate::query::render::{Format, render};

/// The columns that people read; the others are for programs.
const READ_BY_PEOPLE: [&str; 5] = ["created_at", "job_name", "control", "verdict", "reason"];

/// EC2 may not show a group that was just created.
const SECOND_LOOK_AFTER: std::time::Duration = std::time::Duration::from_secs(3);

pub async fn run(args: &Evaluate, session: &Session, global: &Global) -> Result<ExitCode> {
    let (controls, parameters, shown) = (args.controls()?, args.rule_parameters()?, args.shown()?);
    let bounds = Bounds {
        concurrency: args.concurrency.into(),
        deadline: Instant::now() + args.time_limit()?,
        second_look_after: SECOND_LOOK_AFTER,
    };
    let options = Options {
        profile: global.profile.clone(),
        region: global.region.clone(),
        endpoint_url: global.endpoint_url.clone(),
    };
    let connection = Connection::load(&options).await;
    let region = connection.region().ok_or_else(no_region)?;
    let request = Request {
        account_id: None,
        region: &region,
        controls: &controls,
        selection: &parameters.selection,
        policy: &parameters.policy,
        changed: None,
        now: session.now,
    };
    let checked = check(&connection.sources(), request, bounds, &Memory::default()).await;
    print(args.output, &checked, &shown, &controls, &region)?;
    Ok(exit_code(&checked))
}

fn no_region() -> Error {
    Error::Misused("evaluate: no Region; give --region, or set AWS_REGION or a profile that has one".to_owned())
}

/// A non-compliant job is certain whatever else is unknown, so it comes first.
fn exit_code(checked: &Checked) -> ExitCode {
    if checked.of(Verdict::NonCompliant) > 0 {
        ExitCode::NonCompliant
    } else if checked.of(Verdict::Undetermined) > 0 || !checked.is_complete() {
        ExitCode::CouldNotTell
    } else {
        ExitCode::Done
    }
}

fn print(output: Format, checked: &Checked, shown: &[Verdict], controls: &[ControlId], region: &str) -> Result<()> {
    let rows: Vec<&Finding> =
        checked.findings.iter().filter(|finding| shown.contains(&finding.judgement.verdict)).collect();
    let rows = verdict_rows(&rows, region);
    let summary = summary(checked, controls, region);
    let mut out = std::io::stdout().lock();
    if output == Format::Table {
        render(&one_batch(for_people(&rows)), Format::Table, &mut out)?;
        drop(out);
        return write_stdout(&format!("\n{summary}"));
    }
    render(&one_batch(rows), output, &mut out)?;
    eprint!("{summary}");
    Ok(())
}

fn summary(checked: &Checked, controls: &[ControlId], region: &str) -> String {
    let jobs = checked.listed.len();
    let mut lines = vec![format!("{jobs} jobs in {region} now"), String::new()];
    lines.extend(counts_by_control(controls, |control, verdict| {
        let is_counted = |finding: &&Finding| finding.control == control && finding.judgement.verdict == verdict;
        checked.findings.iter().filter(is_counted).count() as u64
    }));
    let unread = checked.unread();
    if !unread.is_empty() {
        lines.push(String::new());
        lines.extend(unread.iter().map(|unread| format!("could not read: {unread}")));
    }
    if !checked.is_complete() {
        lines.push("there may be more jobs: a listing was cut short".to_owned());
    }
    lines.join("\n") + "\n"
}

/// One row a job and control.
fn verdict_rows(rows: &[&Finding], region: &str) -> RecordBatch {
    let texts = |of: &dyn Fn(&Finding) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().map(|finding| of(finding)).collect::<StringArray>())
    };
    let created_at: TimestampMicrosecondArray =
        rows.iter().map(|finding| Some(finding.facts.job.created_at.timestamp_micros())).collect();
    let columns: [(&str, ArrayRef); 11] = [
        ("aws_region", texts(&|_| Some(region.to_owned()))),
        ("created_at", Arc::new(created_at.with_timezone("UTC"))),
        ("job_kind", texts(&|finding| Some(finding.facts.job.kind.as_str().to_owned()))),
        ("job_name", texts(&|finding| Some(finding.facts.job.name.clone()))),
        ("job_arn", texts(&|finding| Some(finding.facts.job.arn.clone()))),
        ("status", texts(&|finding| Some(finding.facts.job.status.clone()))),
        ("control", texts(&|finding| Some(finding.control.as_str().to_owned()))),
        ("verdict", texts(&|finding| Some(finding.judgement.verdict.as_str().to_owned()))),
        ("reason", texts(&|finding| Some(finding.judgement.reason()))),
        ("resources", texts(&|finding| Some(finding.judgement.resources.join(" ")).filter(|ids| !ids.is_empty()))),
        ("role_arn", texts(&|finding| finding.facts.detail.known().and_then(|detail| detail.role_arn.clone()))),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true)));
    batch.expect("every column has one value a row")
}

fn for_people(rows: &RecordBatch) -> RecordBatch {
    let columns = READ_BY_PEOPLE.map(|name| (name, rows[name].clone(), true));
    RecordBatch::try_from_iter_with_nullable(columns).expect("the columns are of one batch")
}

fn one_batch(batch: RecordBatch) -> Answer {
    Answer { schema: batch.schema(), batches: vec![batch] }
}
