//! The scheduler of a Ballista cluster for `bedrock-audit --engine ballista`: Ballista's own program and options, built so
//! that it reads plans as deep as our questions'. Ballista's own build refuses messages of more than a hundred levels.

use std::sync::Arc;

use ballista_core::object_store::{session_config_with_s3_support, session_state_with_s3_support};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::{Config, SchedulerConfig};
use ballista_scheduler::scheduler_process::start_server;
use clap::Parser;
use tracing_subscriber::EnvFilter;

/// Of each thread: plans are walked recursively.
const STACK: usize = 32 << 20;

type Cause = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Cause> {
    let typed = Config::parse();
    tracing_subscriber::fmt().with_ansi(false).with_env_filter(EnvFilter::from_default_env()).init();
    tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK).build()?.block_on(serve(typed))
}

async fn serve(typed: Config) -> Result<(), Cause> {
    let address = format!("{}:{}", typed.bind_host, typed.bind_port).parse()?;
    let config = SchedulerConfig::try_from(typed)?
        .with_override_config_producer(Arc::new(session_config_with_s3_support))
        .with_override_session_builder(Arc::new(session_state_with_s3_support));
    let cluster = BallistaCluster::new_from_config(&config).await?;
    start_server(cluster, address, Arc::new(config)).await?;
    Ok(())
}
