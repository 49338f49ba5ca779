//! `bedrock-audit doctor`: what stands in the way of a first real run.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use config_rule::gather::Bounds;
use tokio::time::Instant;

use super::{Session, write_stdout};
use crate::cli::{Doctor, Global};
use crate::doctor::facts::Facts;
use crate::doctor::gather::{Question, Reach, gather};
use crate::doctor::{Finding, State, findings};
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::query::Answer;
use crate::query::render::{Format, render};

pub async fn run(args: &Doctor, session: &Session, global: &Global) -> Result<ExitCode> {
    let question = Question { now: session.now, checks: args.checks()?, source: args.trail_source()? };
    let deadline = Instant::now() + args.time_limit()?;
    let connection = global.connection(None).await?;
    // Nothing is looked at twice.
    let second_look_after = std::time::Duration::ZERO;
    let bounds = Bounds { concurrency: args.concurrency.into(), deadline, second_look_after };
    let facts = gather(&Reach { connection: &connection, stores: &session.stores, bounds }, question).await;
    let found = findings(&facts);
    print(args.output, &found, &facts)?;
    Ok(exit_code(&found))
}

/// What is bad is certain whatever else is unknown, so it comes first.
fn exit_code(found: &[Finding]) -> ExitCode {
    let has = |state| found.iter().any(|finding| finding.state == state);
    if has(State::Bad) {
        ExitCode::NonCompliant
    } else if has(State::CouldNotTell) {
        ExitCode::CouldNotTell
    } else {
        ExitCode::Done
    }
}

fn print(output: Format, found: &[Finding], facts: &Facts) -> Result<()> {
    let mut out = std::io::stdout().lock();
    render(&answer(found), output, &mut out)?;
    drop(out);
    let summary = summary(found, facts);
    if output == Format::Table {
        return write_stdout(&format!("\n{summary}"));
    }
    eprint!("{summary}");
    Ok(())
}

fn answer(found: &[Finding]) -> Answer {
    let texts = |of: &dyn Fn(&Finding) -> Option<String>| -> ArrayRef {
        Arc::new(found.iter().map(of).collect::<StringArray>())
    };
    let columns: [(&str, ArrayRef); 4] = [
        ("check", texts(&|finding| Some(finding.check.as_str().to_owned()))),
        ("state", texts(&|finding| Some(finding.state.as_str().to_owned()))),
        ("finding", texts(&|finding| Some(finding.what.clone()))),
        ("next_step", texts(&|finding| finding.next_step.clone())),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true)));
    let batch = batch.expect("every column has one value a row");
    Answer { schema: batch.schema(), batches: vec![batch] }
}

fn summary(found: &[Finding], facts: &Facts) -> String {
    let count = |state| found.iter().filter(|finding| finding.state == state).count();
    let (good, bad, untold) = (count(State::Good), count(State::Bad), count(State::CouldNotTell));
    let account = facts.identity.told().map_or("an unknown account", |identity| identity.account.as_str());
    let region = facts.region.as_deref().unwrap_or("no Region");
    let checks = found.len();
    format!("{account} in {region}: of {checks} checks {good} are good, {bad} bad, {untold} could not be told\n")
}
