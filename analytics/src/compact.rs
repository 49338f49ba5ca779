//! Many small parts into few: fewer files to list and open, the same rows.
//!
//! A group of parts becomes one, under a name that says that it was merged. Its files are published like those of any part,
//! its ledger file last; none of that counts. Then one file, the next state in `compactions`, says at once that the merged
//! part counts and that the others no longer do. The others' files stay for the readers that have listed them already, and go
//! an hour later with the next `compact` or `ingest`.

mod choice;
mod inventory;
mod merge;

use std::time::Duration;

use crate::error::Result;
use crate::ingest::{Removed, remove_orphans};
use crate::progress::Progress;
use crate::store::Lake;
use choice::groups;
use inventory::Inventory;
pub use inventory::Totals;
use merge::{Merged, merge};

/// What a compaction is asked to do, checked.
#[derive(Debug, Clone, Copy)]
pub struct CompactPlan {
    /// Only parts at least so old.
    pub older_than: Duration,
    /// What a merged part comes near to, and never exceeds before it is merged.
    pub target_bytes: u64,
    /// Say what would be done, and do nothing.
    pub is_dry_run: bool,
    /// What was replaced, or left by a dead run, is removed at this age.
    pub orphan_age: Duration,
    /// Memory for sorting, in bytes.
    pub memory_bytes: usize,
}

/// The account of a compaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// The lake as it was.
    pub before: Totals,
    /// The lake as it is now; in a dry run as it would be, but for bytes.
    pub after: Totals,
    /// Parts that were merged, or would be.
    pub parts_merged: u64,
    /// What they became.
    pub parts_made: u64,
    /// Rows in the parts that were merged; as many are in what they became.
    pub rows: u64,
    /// Groups that another compaction took first.
    pub groups_lost: u64,
    /// What was cleared away before.
    pub removed: Removed,
}

/// Merges the small parts of a lake.
pub async fn compact(lake: &Lake, plan: &CompactPlan, progress: &Progress) -> Result<Account> {
    let mut account = Account::default();
    if !plan.is_dry_run {
        account.removed = remove_orphans(lake, plan.orphan_age).await?;
    }
    let inventory = Inventory::load(lake).await?;
    account.before = inventory.totals();
    let groups = groups(inventory.candidates(plan.older_than), plan.target_bytes);
    if plan.is_dry_run {
        account.parts_merged = groups.iter().map(|group| group.len() as u64).sum();
        account.parts_made = groups.len() as u64;
        account.after = inventory.totals_after(&groups);
        return Ok(account);
    }
    if !groups.is_empty() {
        lake.prove_exclusive().await?;
    }
    let sizes: Vec<u64> = groups.iter().map(|group| inventory.bytes_of(group)).collect();
    let bar = progress.reading(groups.len() as u64, sizes.iter().sum());
    for (group, bytes) in groups.iter().zip(sizes) {
        match merge(lake, &inventory, group, plan.memory_bytes).await? {
            Merged::Committed { rows } => {
                account.parts_merged += group.len() as u64;
                account.parts_made += 1;
                account.rows += rows;
            }
            Merged::Lost => account.groups_lost += 1,
        }
        bar.file_done(bytes);
    }
    bar.finish();
    account.after = Inventory::load(lake).await?.totals();
    Ok(account)
}
