//! The verdicts as rows, and what stands below them.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray};
use config_rule::report::Finding;
use schemas::control::{ControlId, Verdict};

use super::{Evaluated, Seen};
use crate::command::audit::counts_by_control;
use crate::command::write_stdout;
use crate::error::Result;
use crate::query::Answer;
use crate::query::render::{Format, render, visible};

/// The columns that people read; the others are for programs.
const READ_BY_PEOPLE: [&str; 5] = ["created_at", "job_name", "control", "verdict", "reason"];

/// Read by people too, where there are several accounts or Regions.
const PLACE: [&str; 2] = ["account_id", "aws_region"];

pub fn print(output: Format, evaluated: &Evaluated, shown: &[Verdict], controls: &[ControlId]) -> Result<()> {
    let is_shown = |finding: &&Finding| shown.contains(&finding.judgement.verdict);
    let of_place = |seen| move |finding| (seen, finding);
    let rows: Vec<(&Seen, &Finding)> = evaluated
        .seen
        .iter()
        .flat_map(|seen| seen.checked.findings.iter().filter(is_shown).map(of_place(seen)))
        .collect();
    let rows = verdict_rows(&rows);
    let summary = summary(evaluated, controls);
    let mut out = std::io::stdout().lock();
    if output == Format::Table {
        render(&one_batch(for_people(&rows, evaluated.seen.len() > 1)), Format::Table, &mut out)?;
        drop(out);
        return write_stdout(&format!("\n{summary}"));
    }
    render(&one_batch(rows), output, &mut out)?;
    eprint!("{summary}");
    Ok(())
}

fn summary(evaluated: &Evaluated, controls: &[ControlId]) -> String {
    let mut lines = vec![headline(evaluated), String::new()];
    lines.extend(counts_by_control(controls, |control, verdict| {
        let is_counted = |finding: &&Finding| finding.control == control && finding.judgement.verdict == verdict;
        evaluated.seen.iter().map(|seen| seen.checked.findings.iter().filter(is_counted).count() as u64).sum()
    }));
    let unread = unread(evaluated);
    if !unread.is_empty() {
        lines.push(String::new());
        lines.extend(unread);
    }
    lines.join("\n") + "\n"
}

fn headline(evaluated: &Evaluated) -> String {
    let jobs: usize = evaluated.seen.iter().map(|seen| seen.checked.listed.len()).sum();
    match evaluated.seen.as_slice() {
        [only] => format!("{jobs} jobs in {} now", only.region),
        several => {
            let places = several.len();
            let without = several.iter().filter(|seen| seen.checked.listed.is_empty() && seen.is_whole()).count();
            format!(
                "{jobs} jobs in {places} Regions of {} account(s) now; {without} of them have no job",
                evaluated.accounts().len()
            )
        }
    }
}

/// What could not be read, by account and Region where there are several.
fn unread(evaluated: &Evaluated) -> Vec<String> {
    let mut lines = Vec::new();
    for (account_id, unread) in &evaluated.unlisted {
        let account = account_id.as_deref().unwrap_or("this account");
        let unread = visible(&unread.to_string());
        lines.push(format!("could not read: {account}: {unread}; name its Regions with --regions"));
    }
    for seen in &evaluated.seen {
        let place = if evaluated.seen.len() + evaluated.unlisted.len() > 1 {
            format!("{} {}: ", seen.account_id().unwrap_or("this account"), seen.region)
        } else {
            String::new()
        };
        let said = seen.checked.unread().iter().map(|unread| visible(&unread.to_string())).collect::<Vec<_>>();
        lines.extend(said.iter().map(|unread| format!("could not read: {place}{unread}")));
        if !seen.checked.is_complete() {
            lines.push(format!("{place}there may be more jobs: a listing was cut short"));
        }
    }
    lines
}

/// One row a job and control.
fn verdict_rows(rows: &[(&Seen, &Finding)]) -> RecordBatch {
    let of_seen = |of: &dyn Fn(&Seen) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().map(|(seen, _)| of(seen)).collect::<StringArray>())
    };
    let texts = |of: &dyn Fn(&Finding) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().map(|(_, finding)| of(finding)).collect::<StringArray>())
    };
    let created_at: TimestampMicrosecondArray =
        rows.iter().map(|(_, finding)| Some(finding.facts.job.created_at.timestamp_micros())).collect();
    let columns: [(&str, ArrayRef); 12] = [
        ("account_id", of_seen(&|seen| seen.account_id().map(str::to_owned))),
        ("aws_region", of_seen(&|seen| Some(seen.region.clone()))),
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

fn for_people(rows: &RecordBatch, has_places: bool) -> RecordBatch {
    let places = PLACE.into_iter().filter(|_| has_places);
    let columns = places.chain(READ_BY_PEOPLE).map(|name| (name, rows[name].clone(), true));
    RecordBatch::try_from_iter_with_nullable(columns).expect("the columns are of one batch")
}

fn one_batch(batch: RecordBatch) -> Answer {
    Answer { schema: batch.schema(), batches: vec![batch] }
}
