//! What was typed after `connect`.

use clap::Args;

use super::LakeArg;
use crate::connect::Dialect;

/// `bedrock-audit connect`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bedrock-audit connect --engine duckdb --lake ./lake > lake.sql && duckdb -init lake.sql
  bedrock-audit connect --engine duckdb --lake ./lake --question jobs_by_principal | duckdb
  bedrock-audit connect --engine spark --lake s3://my-lake/trail > lake.sql && spark-sql -i lake.sql
  bedrock-audit connect --engine athena --lake s3://my-lake/trail --question job_verdicts --as-of 2026-04-01

Every table and view that query knows is then there by its name, with the rows that query sees. The statements of duckdb and
athena follow the lake; print them again once it has a table's first file, or after a new version of this program. Those of
spark open the lake as it is: print them again after an ingest.

Nothing is sent to the engine. It reads the lake with credentials of its own. The history is rebuilt first, if it is not that
of the lake.")]
pub struct Connect {
    /// Whose SQL
    #[arg(long, value_name = "ENGINE")]
    pub engine: Dialect,
    #[command(flatten)]
    pub lake: LakeArg,
    /// Ask this question, last
    #[arg(long, value_name = "NAME")]
    pub question: Option<String>,
    /// Rows from this time on
    #[arg(long, value_name = "TIME", requires = "question")]
    pub since: Option<String>,
    /// Rows before this time [default: now]
    #[arg(long, value_name = "TIME", requires = "question")]
    pub until: Option<String>,
    /// The state as of this time [default: now]
    #[arg(long, value_name = "TIME", requires = "question")]
    pub as_of: Option<String>,
    /// A text parameter of the question
    #[arg(long = "param", value_name = "NAME=VALUE", requires = "question")]
    pub params: Vec<String>,
}
