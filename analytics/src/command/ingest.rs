//! `bedrock-audit ingest`

use super::Session;
use crate::cli::Ingest;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ingest::{self, Summary};
use crate::query::render::visible;

/// Messages shown in full; the rest are in the lake's table `set_aside`, or come again with the next run.
const NOTICES_SHOWN: usize = 20;

pub async fn run(args: &Ingest, session: &Session) -> Result<ExitCode> {
    let checked = args.check(session.memory_bytes, session.now)?;
    let lake = session.stores.lake(&checked.lake).await?;
    let mut sources = Vec::new();
    for location in &checked.sources {
        sources.push(session.stores.source(location).await?);
    }
    let mut summary = ingest::ingest(sources, &lake, &checked.plan, &session.progress).await?;
    show_notices(&mut summary);
    print(&summary, lake.location());
    Ok(if summary.is_complete() { ExitCode::Done } else { ExitCode::CouldNotTell })
}

/// Says what could not be read, on stderr.
pub fn show_notices(summary: &mut Summary) {
    summary.notices.sort();
    for notice in summary.notices.iter().take(NOTICES_SHOWN) {
        eprintln!("bedrock-audit: {}", visible(&notice.text));
    }
    if let Some(more) = summary.notices.len().checked_sub(NOTICES_SHOWN).filter(|more| *more > 0) {
        eprintln!(
            "bedrock-audit: and {more} more; those set aside are listed by: bedrock-audit query set_aside --lake LAKE"
        );
    }
}

/// The account of a run; every object and record listed is in it once.
#[expect(clippy::print_stdout, reason = "the account is the command's result")]
pub fn print(summary: &Summary, lake: &str) {
    let row = |count: u64, what: &str| println!("  {:>14}  {what}", grouped(count));
    println!("{lake}");
    println!("objects listed: {}", grouped(summary.objects));
    row(summary.files_read, "log files read");
    row(summary.already_ingested, "log files in the lake already");
    for (count, what) in
        [(summary.listed_twice, "log files listed twice"), (summary.unreadable, "log files unreadable this time")]
    {
        if count > 0 {
            row(count, what);
        }
    }
    for (reason, count) in &summary.damaged {
        row(*count, &format!("log files set aside: {reason}"));
    }
    for (reason, count) in &summary.passed_over {
        row(*count, &format!("passed over: {reason}"));
    }
    println!("records read: {}", grouped(summary.counts.records));
    row(summary.counts.kept, "kept");
    row(summary.counts.filtered, "of events not asked for");
    row(summary.counts.duplicate, "duplicates");
    row(summary.counts.set_aside, "set aside");
    println!("bytes read: {} of log files, {} of JSON", grouped(summary.object_bytes), grouped(summary.json_bytes));
    if summary.orphans_removed > 0 {
        println!("removed {} parts that a dead run had left", grouped(summary.orphans_removed));
    }
}

/// 1234567 as 1,234,567.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).expect("digits")).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, expected) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(super::grouped(number), expected);
        }
    }
}
