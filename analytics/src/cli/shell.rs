//! What was typed after `shell`.

use std::path::PathBuf;

use clap::Args;

use super::LakeArg;
use crate::query::render::Format;

/// `bedrock-audit shell`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bedrock-audit shell --lake ./lake
  bedrock-audit shell --lake s3://my-lake/trail --timing
  echo '\\q jobs_created_outside_vpc since=365d' | bedrock-audit shell --lake ./lake --output csv
  bedrock-audit shell --lake ./lake --output ndjson < statements.sql

A statement ends with a semicolon; it can only read, and the lake is never written to. \\? tells the commands: \\q NAME asks a
question, \\l lists the questions, \\d the tables. Each statement sees the newest history that is built (rebuild, or audit,
builds it). The lines typed are kept in ~/.local/state/bedrock-audit/shell_history.

Without a terminal, statements come from standard input, and the exit code is that of the last one that failed.")]
pub struct Shell {
    #[command(flatten)]
    pub lake: LakeArg,
    /// Your prices, as for query: a CSV file base_model,usd_per_job,usd_per_hour
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,
    /// Stop each statement after this long (a span such as 30s or 10m) [default: never]
    #[arg(long, value_name = "SPAN")]
    pub time_limit: Option<String>,
    /// Tell how long each statement takes
    #[arg(long)]
    pub timing: bool,
    /// Format of the rows, except parquet
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub output: Format,
}
