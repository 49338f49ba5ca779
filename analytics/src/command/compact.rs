//! `bedrock-audit compact`

use super::ingest::grouped;
use super::{Session, write_stdout};
use crate::cli::Compact;
use crate::compact::{self, Account, Totals};
use crate::error::Result;
use crate::exit_code::ExitCode;

pub async fn run(args: &Compact, session: &Session) -> Result<ExitCode> {
    let plan = args.check(session.memory_bytes)?;
    let lake = session.lake(&args.lake).await?;
    let account = compact::compact(&lake, &plan, &session.progress).await?;
    write_stdout(&text(&account, lake.location(), args.dry_run))?;
    Ok(ExitCode::Done)
}

/// The account of a compaction.
fn text(account: &Account, lake: &str, is_dry_run: bool) -> String {
    let Account { before, after, parts_merged, parts_made, rows, groups_lost, removed } = account;
    let row = |of: fn(&Totals) -> u64, what: &str| {
        let (before, after) = (of(before), of(after));
        format!("  {:>14}  {:>14}  {what}", grouped(before), grouped(after))
    };
    let merged = format!("{} parts into {}", grouped(*parts_merged), grouped(*parts_made));
    let mut lines = vec![lake.to_owned(), format!("  {:>14}  {:>14}", "before", "after")];
    lines.push(row(|totals| totals.parts, "parts"));
    lines.push(row(|totals| totals.files, "files"));
    if is_dry_run {
        lines.push(format!("would merge {merged}"));
        return lines.join("\n") + "\n";
    }
    lines.push(row(|totals| totals.bytes, "bytes"));
    lines.push(format!("merged {merged}"));
    lines.push(format!("rows in them: {} before, {} after", grouped(*rows), grouped(*rows)));
    if *groups_lost > 0 {
        lines.push(format!("left {} groups to another compact, which was faster", grouped(*groups_lost)));
    }
    if removed.replaced > 0 {
        lines.push(format!("removed {} files that were replaced before", grouped(removed.replaced)));
    }
    if removed.orphans > 0 {
        lines.push(format!("removed {} files that a dead run had left", grouped(removed.orphans)));
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::Removed;

    fn account() -> Account {
        Account {
            before: Totals { parts: 1200, files: 3600, bytes: 5_000_000 },
            after: Totals { parts: 2, files: 402, bytes: 4_000_000 },
            parts_merged: 1199,
            parts_made: 1,
            rows: 123_456,
            ..Account::default()
        }
    }

    #[test]
    fn an_account_says_what_was_and_what_is() {
        let told = text(&account(), "./lake", false);
        let expected = [
            "./lake",
            "          before           after",
            "           1,200               2  parts",
            "           3,600             402  files",
            "       5,000,000       4,000,000  bytes",
            "merged 1,199 parts into 1",
            "rows in them: 123,456 before, 123,456 after",
        ];
        assert_eq!(told.lines().collect::<Vec<_>>(), expected);
        let more = Account { groups_lost: 1, removed: Removed { orphans: 3, replaced: 2000 }, ..account() };
        let told = text(&more, "./lake", false);
        for line in ["left 1 groups", "removed 2,000 files that were replaced", "removed 3 files that a dead run"] {
            assert!(told.contains(line), "{told}");
        }
        let told = text(&account(), "./lake", true);
        assert!(told.ends_with("would merge 1,199 parts into 1\n") && !told.contains("bytes"), "{told}");
    }
}
