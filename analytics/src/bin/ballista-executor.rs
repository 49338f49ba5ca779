//! An executor of a Ballista cluster for `bedrock-audit --engine ballista`: Ballista's own program and options, built so that
//! it reads plans as deep as our questions'.

use std::sync::Arc;

use ballista_core::object_store::{runtime_env_with_s3_support, session_config_with_s3_support};
use ballista_executor::config::Config;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use clap::Parser;
use tracing_subscriber::EnvFilter;

/// Of each thread: plans are walked recursively.
const STACK: usize = 32 << 20;

type Cause = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Cause> {
    let typed = Config::parse();
    tracing_subscriber::fmt().with_ansi(false).with_env_filter(EnvFilter::from_default_env()).init();
    tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK).build()?.block_on(work(typed))
}

async fn work(typed: Config) -> Result<(), Cause> {
    let mut config = ExecutorProcessConfig::try_from(typed)?;
    config.override_config_producer = Some(Arc::new(session_config_with_s3_support));
    config.override_runtime_producer = Some(Arc::new(runtime_env_with_s3_support));
    start_executor_process(Arc::new(config)).await?;
    Ok(())
}
