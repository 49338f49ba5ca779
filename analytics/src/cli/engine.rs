//! The options of commands whose SQL a cluster can run.

use clap::{Args, ValueEnum};

/// Who runs the SQL.
#[derive(Debug, Args)]
pub struct EngineArg {
    /// What runs the SQL: this process, or a Ballista cluster whose executors read the lake by themselves
    #[arg(long, value_name = "ENGINE", default_value = "datafusion", help_heading = "Engine")]
    pub engine: EngineKind,
    /// The cluster's scheduler: df://host:port. It is spoken to in the clear, so on another machine --allow-http-endpoint is
    /// needed too
    #[arg(long, value_name = "URL", required_if_eq("engine", "ballista"), help_heading = "Engine")]
    pub scheduler: Option<String>,
    /// Parts that the cluster splits work into: as many as its executors have cores together
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=4096), help_heading = "Engine")]
    pub partitions: u16,
}

/// What runs SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EngineKind {
    /// DataFusion in this process.
    Datafusion,
    /// An Apache Ballista cluster.
    Ballista,
}
