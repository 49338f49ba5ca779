//! `bedrock-audit audit`

use chrono::TimeDelta;
use schemas::control::{ControlId, Verdict};

use super::{Session, write_stdout};
use crate::audit::{Report, audit, for_people};
use crate::cli::{Audit, Global};
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;
use crate::query::Catalog;
use crate::query::render::{Format, render, texts};

pub async fn run(args: &Audit, session: &Session, global: &Global) -> Result<ExitCode> {
    let (terms, shown) = (args.terms(session.now)?, args.shown()?);
    let lake = session.lake(&args.lake).await?;
    let engine = session.engine_by(&args.engine, global, &lake).await?;
    let report = audit(&engine, &Catalog::load()?, terms).await?;
    let rows = report.shown(&shown);
    let summary = summary(&report, lake.location())?;
    let mut out = std::io::stdout().lock();
    if args.output == Format::Table {
        render(&for_people(&rows), Format::Table, &mut out)?;
        drop(out);
        write_stdout(&format!("\n{summary}"))?;
    } else {
        render(&rows, args.output, &mut out)?;
        eprint!("{summary}");
    }
    Ok(report.exit_code())
}

/// Counts by control, and what the answer rests on.
pub fn summary(report: &Report, lake: &str) -> Result<String> {
    let strict = if report.is_strict { ", by what valid digest files vouch for alone" } else { "" };
    let mut lines = vec![
        format!("{} jobs as of {}{strict}", report.jobs, report.as_of.format("%Y-%m-%dT%H:%M:%SZ")),
        String::new(),
    ];
    lines.extend(counts_by_control(&ControlId::IN_HISTORY, |control, verdict| {
        report.counts.get(&(control, verdict)).copied().unwrap_or_default()
    }));
    lines.push(String::new());
    lines.extend(coverage(report, lake)?);
    Ok(lines.join("\n") + "\n")
}

/// A line a control, a column a verdict.
pub fn counts_by_control(controls: &[ControlId], count: impl Fn(ControlId, Verdict) -> u64) -> Vec<String> {
    let width = controls.iter().map(|control| control.as_str().len()).max().unwrap_or_default();
    let heads = Verdict::ALL.map(|verdict| format!("{verdict:>14}"));
    let mut lines = vec![format!("{:width$}{}", "", heads.concat())];
    for &control in controls {
        let cells = Verdict::ALL.map(|verdict| format!("{:>14}", count(control, verdict)));
        lines.push(format!("{:width$}{}", control.as_str(), cells.concat()));
    }
    lines
}

/// Next steps that are printed.
const STEPS_SHOWN: usize = 5;

/// "No finding" is an answer only beside what was read.
fn coverage(report: &Report, lake: &str) -> Result<Vec<String>> {
    let failed = |source| Error::Output { what: "the coverage".to_owned(), source };
    let row = texts(&report.totals, "none").map_err(failed)?.pop().unwrap_or_default();
    let cell =
        |name: &str| report.totals.schema.index_of(name).ok().and_then(|at| row.get(at)).cloned().unwrap_or_default();
    let mut lines = vec![
        format!(
            "coverage: {} log files of {} account(s) and {} Region(s), delivered {} to {}",
            cell("log_files"),
            cell("accounts"),
            cell("regions"),
            cell("first_delivery"),
            cell("last_delivery"),
        ),
        format!("by day:   bedrock-audit query log_coverage --lake {lake}; by hour: coverage_by_hour"),
    ];
    if let Some(end) = report.last_delivery().filter(|end| report.as_of - end > TimeDelta::days(1)) {
        let end = end.format("%Y-%m-%dT%H:%M:%SZ");
        lines.push(format!("the logs end at {end}: what has happened since then is not known here"));
    }
    if report.total("log_files") == 0 {
        lines.push(format!("the lake {lake} holds no log files: run bedrock-audit ingest SOURCE --lake {lake}"));
    }
    let steps = report.next_steps();
    if !steps.is_empty() {
        lines.push("what would settle undetermined verdicts:".to_owned());
        lines.extend(steps.iter().take(STEPS_SHOWN).map(|step| format!("  {}", step.replace("LAKE", lake))));
        let more = steps.len().saturating_sub(STEPS_SHOWN);
        lines.extend((more > 0).then(|| format!("  and {more} more: column next_step")));
    }
    if report.set_aside() > 0 {
        lines.push(format!(
            "set aside: {} log file(s) and {} record(s) could not be read: bedrock-audit query set_aside --lake {lake}",
            report.total("log_files_set_aside"),
            report.total("records_set_aside"),
        ));
    }
    Ok(lines)
}
