//! `bedrock-audit can-delete`: whether Bedrock jobs need what somebody wants to delete.

mod annotations;
mod history;

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray};
use config_rule::aws::Connection;
use config_rule::deletion::answer::{Answer, DeletionVerdict, Effect, Reason, ReasonCode};
use config_rule::deletion::decide;
use config_rule::deletion::facts::{Seen, Terms};
use config_rule::deletion::gather::look_at;
use config_rule::gather::Bounds;
use tokio::time::Instant;

use super::{Session, write_stdout};
use crate::cli::{CanDelete, Global, ReasonFormat};
use crate::deletion_input::{Deletion, Requested, What};
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;
use crate::query::Answer as Rows;
use crate::query::render::{Format, render};
use crate::store::Location;

/// The columns that people read; the others are for programs.
const READ_BY_PEOPLE: [&str; 4] = ["subject", "verdict", "reason_code", "reason"];

/// EC2 may not show what was just created.
const SECOND_LOOK_AFTER: std::time::Duration = std::time::Duration::from_secs(3);

pub async fn run(args: &CanDelete, session: &Session, global: &Global) -> Result<ExitCode> {
    let (requested, time_limit) = (args.requested()?, args.time_limit()?);
    let terms = args.terms(requested.going.clone())?;
    let bounds = Bounds {
        concurrency: args.concurrency.into(),
        deadline: Instant::now() + time_limit,
        second_look_after: SECOND_LOOK_AFTER,
    };
    let ids = requested.ids();
    let (mut seen, mut is_lake_empty) = (Seen::default(), false);
    if !ids.is_empty() {
        let (connection, region) = connect(global).await?;
        let sources = connection.sources();
        let network = connection.network_use();
        seen = look_at((&sources, network.as_ref()), &ids, &region, session.now, bounds).await;
        if let Some(lake) = &args.lake {
            let lake = session.stores.lake(&Location::parse(lake)?).await?;
            let engine = session.engine(&lake).await?;
            is_lake_empty = engine.committed().is_empty();
            seen.history = history::history(&engine, &ids, &region, session.now).await?;
        }
    }
    let answers = answers(&requested, &seen, &terms);
    print(args.output, &requested, &answers, &seen.world.region)?;
    if is_lake_empty {
        eprintln!("bedrock-audit: the lake {} holds no log files", args.lake.as_deref().unwrap_or_default());
    }
    Ok(exit_code(&answers, is_lake_empty))
}

async fn connect(global: &Global) -> Result<(Connection, String)> {
    let connection = global.connection(None).await?;
    let no_region = "can-delete: no Region; give --region, or set AWS_REGION or a profile that has one";
    let region = connection.region().ok_or_else(|| Error::Misused(no_region.to_owned()))?;
    Ok((connection, region))
}

fn answers(requested: &Requested, seen: &Seen, terms: &Terms) -> Vec<Answer> {
    let answer = |deletion: &Deletion| match &deletion.what {
        What::Resource(asked) => decide(asked, seen, terms),
        What::Untold { name, why } => {
            let reason = Reason::new(ReasonCode::IdUnknown, Effect::Unknown, why.clone());
            Answer { subject: name.clone(), kind: None, reasons: vec![reason] }
        }
    };
    requested.deletions.iter().map(answer).collect()
}

/// What must not be deleted is certain whatever else is unknown, so it comes first.
fn exit_code(answers: &[Answer], is_lake_empty: bool) -> ExitCode {
    let has = |verdict: DeletionVerdict| answers.iter().any(|answer| answer.verdict() == verdict);
    if has(DeletionVerdict::NotFree) {
        ExitCode::NonCompliant
    } else if has(DeletionVerdict::CannotTell) || is_lake_empty {
        ExitCode::CouldNotTell
    } else {
        ExitCode::Done
    }
}

fn print(output: ReasonFormat, requested: &Requested, answers: &[Answer], region: &str) -> Result<()> {
    let summary = summary(answers, region);
    let Some(format) = output.of_rows() else {
        write_stdout(&annotations::annotations(answers))?;
        eprint!("{summary}");
        return Ok(());
    };
    let rows = reason_rows(requested, answers, region);
    let mut out = std::io::stdout().lock();
    if format != Format::Table {
        render(&one_batch(rows), format, &mut out)?;
        eprint!("{summary}");
        return Ok(());
    }
    if answers.is_empty() {
        drop(out);
        return write_stdout(&summary);
    }
    render(&one_batch(for_people(&rows)), Format::Table, &mut out)?;
    drop(out);
    write_stdout(&format!("\n{summary}"))
}

fn summary(answers: &[Answer], region: &str) -> String {
    if answers.is_empty() {
        return "nothing is to be deleted that Bedrock jobs depend on\n".to_owned();
    }
    let count = |verdict: DeletionVerdict| answers.iter().filter(|answer| answer.verdict() == verdict).count();
    let counts = DeletionVerdict::ALL.map(|verdict| format!("{} {}", count(verdict), verdict.as_str()));
    let read = if region.is_empty() { "nothing was read".to_owned() } else { format!("as of now in {region}") };
    format!("{} asked about, {read}: {}\n", answers.len(), counts.join(", "))
}

/// One row a reason.
fn reason_rows(requested: &Requested, answers: &[Answer], region: &str) -> RecordBatch {
    let asked = requested.deletions.iter().zip(answers);
    let rows: Vec<(&Deletion, &Answer, &Reason)> = asked
        .flat_map(|(deletion, answer)| answer.reasons.iter().map(move |reason| (deletion, answer, reason)))
        .collect();
    let texts = |of: &dyn Fn(&Deletion, &Answer, &Reason) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().map(|(deletion, answer, reason)| of(deletion, answer, reason)).collect::<StringArray>())
    };
    let at: TimestampMicrosecondArray =
        rows.iter().map(|(_, _, reason)| reason.at.map(|at| at.timestamp_micros())).collect();
    let columns: [(&str, ArrayRef); 11] = [
        ("subject", texts(&|_, answer, _| Some(answer.subject.clone()))),
        ("kind", texts(&|_, answer, _| answer.kind.map(str::to_owned))),
        ("aws_region", texts(&|_, _, _| Some(region.to_owned()).filter(|region| !region.is_empty()))),
        ("verdict", texts(&|_, answer, _| Some(answer.verdict().as_str().to_owned()))),
        ("reason_code", texts(&|_, _, reason| Some(reason.code.as_str().to_owned()))),
        ("effect", texts(&|_, _, reason| Some(reason.effect.as_str().to_owned()))),
        ("reason", texts(&|_, _, reason| Some(reason.text.clone()))),
        ("resource", texts(&|_, _, reason| reason.resource.clone())),
        ("at", Arc::new(at.with_timezone("UTC"))),
        ("event_id", texts(&|_, _, reason| reason.event_id.clone())),
        ("asked_by", texts(&|deletion, _, _| Some(deletion.origin.clone()))),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true)));
    batch.expect("every column has one value a row")
}

fn for_people(rows: &RecordBatch) -> RecordBatch {
    let columns = READ_BY_PEOPLE.map(|name| (name, rows[name].clone(), true));
    RecordBatch::try_from_iter_with_nullable(columns).expect("the columns are of one batch")
}

fn one_batch(batch: RecordBatch) -> Rows {
    Rows { schema: batch.schema(), batches: vec![batch] }
}
