//! `bedrock-audit ingest`

use super::{Session, write_stdout};
use crate::cli::Ingest;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ingest::{self, Notices, Summary};
use crate::query::render::visible;

/// Messages shown in full; the rest are in the lake's table `set_aside`, or come again with the next run.
const NOTICES_SHOWN: usize = 20;

pub async fn run(args: &Ingest, session: &Session) -> Result<ExitCode> {
    let checked = args.check(session.memory_bytes, session.now)?;
    let lake = session.stores.new_lake(&checked.lake).await?;
    let mut sources = Vec::new();
    for location in &checked.sources {
        sources.push(session.stores.source(location).await?);
    }
    let keys = if args.skip_digests { None } else { session.keys(&args.public_keys, &checked.sources)? };
    let mut summary =
        ingest::ingest(sources, &lake, &checked.plan, (keys.as_ref(), session.now), &session.progress).await?;
    show(std::mem::take(&mut summary.notices));
    write_stdout(&account(&summary, lake.location()))?;
    if summary.objects == 0 {
        eprintln!("bedrock-audit: nothing was found in {}; expected CloudTrail log files", args.sources.join(", "));
        return Ok(ExitCode::CouldNotTell);
    }
    Ok(if summary.is_complete() { ExitCode::Done } else { ExitCode::CouldNotTell })
}

/// Says what could not be read, on stderr.
pub fn show(notices: Notices) {
    let (first, more) = notices.first(NOTICES_SHOWN);
    for notice in first {
        eprintln!("bedrock-audit: {}", visible(&notice.text));
    }
    if more > 0 {
        eprintln!("bedrock-audit: and {more} more; all of them: bedrock-audit query set_aside --lake LAKE");
    }
}

/// The account of a run; every object and record listed is in it once.
pub fn account(summary: &Summary, lake: &str) -> String {
    let row = |count: u64, what: &str| format!("  {:>14}  {what}", grouped(count));
    let mut lines = vec![
        lake.to_owned(),
        format!("objects listed: {}", grouped(summary.objects)),
        row(summary.files_read, "log files read"),
        row(summary.already_ingested, "log files in the lake already"),
    ];
    let seldom =
        [(summary.listed_twice, "log files listed twice"), (summary.unreadable, "log files unreadable this time")];
    lines.extend(seldom.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| row(count, what)));
    lines.extend(summary.damaged.iter().map(|(reason, count)| row(*count, &format!("log files set aside: {reason}"))));
    lines.extend(summary.passed_over.iter().map(|(reason, count)| row(*count, &format!("passed over: {reason}"))));
    if summary.digest_files > 0 {
        let words: Vec<String> =
            summary.digests.iter().map(|(status, count)| format!("{} {status}", grouped(*count))).collect();
        lines.push(row(summary.digest_files, &format!("digest files: {}", words.join(", "))));
    }
    lines.extend(summary.evidence.iter().map(|(became, count)| row(*count, &format!("evidence objects: {became}"))));
    lines.push(format!("records read: {}", grouped(summary.counts.records)));
    lines.push(row(summary.counts.kept, "kept"));
    lines.push(row(summary.counts.filtered, "of events not asked for"));
    lines.push(row(summary.counts.duplicate, "duplicates"));
    lines.push(row(summary.counts.set_aside, "set aside"));
    lines.push(format!(
        "bytes read: {} of log files, {} of JSON",
        grouped(summary.object_bytes),
        grouped(summary.json_bytes)
    ));
    if summary.orphans_removed > 0 {
        lines.push(format!("removed {} parts that a dead run had left", grouped(summary.orphans_removed)));
    }
    lines.join("\n") + "\n"
}

/// 1234567 as 1,234,567.
pub fn grouped(number: u64) -> String {
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
