//! What was typed after `compact`.

use clap::Args;

use super::LakeArg;

/// `bedrock-audit compact`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bedrock-audit compact --lake ./lake --dry-run
  bedrock-audit compact --lake s3://my-lake/trail
  bedrock-audit compact --lake s3://my-lake/trail --older-than 7d --target-bytes 256MiB

Every answer stays what it was. Run it now and then, for example once a week after ingest: it may run beside ingest, audit and
query, and be killed. What it merged is committed group by group; the files that it replaced are removed by the next compact
or ingest, once they are an hour old.")]
pub struct Compact {
    #[command(flatten)]
    pub lake: LakeArg,
    /// Leave parts alone that have a younger file than this (a span such as 7d)
    #[arg(long, value_name = "AGE", default_value = "0s")]
    pub older_than: String,
    /// Merge parts until together they have this size; those of more than half of it stay [default: 128MiB, or a quarter of
    /// --memory where that is less]
    #[arg(long, value_name = "SIZE")]
    pub target_bytes: Option<String>,
    /// Say what would be merged, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Remove what was replaced, or left by a dead run, once it is this old
    #[arg(long, value_name = "SPAN", default_value = "1h", hide = true)]
    pub orphan_age: String,
}
