//! Each command: what it does with the library, what it prints where, how it ends.

mod audit;
#[cfg(feature = "live")]
mod can_delete;
mod compact;
mod completions;
mod connect;
mod demo;
#[cfg(all(feature = "s3", feature = "live"))]
mod doctor;
#[cfg(feature = "live")]
mod evaluate;
mod explain;
mod ingest;
mod query;
#[cfg(feature = "live")]
mod replace;
mod report;
mod report_pack;
#[cfg(feature = "serve")]
mod serve;
mod shell;
mod verify;
mod verify_pack;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

use chrono::{DateTime, Utc};

#[cfg(not(feature = "ballista"))]
use crate::cli::EngineKind;
use crate::cli::{Cli, Command, EngineArg, Global, LakeArg, Rebuild};
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;
use crate::plan;
use crate::progress::Progress;
use crate::query::Engine;
use crate::rebuild;
use crate::store::{Lake, Location, Stores};
use crate::verification::Keys;

/// Of each thread; what is not used takes no memory.
const STACK: usize = 32 << 20;

/// What every command works with.
struct Session {
    stores: Stores,
    memory_bytes: usize,
    now: DateTime<Utc>,
    progress: Progress,
}

/// Runs a command.
pub fn run(cli: &Cli) -> Result<ExitCode> {
    let session = Session {
        stores: Stores::new(cli.global.s3_options()),
        memory_bytes: cli.global.memory_bytes()?,
        now: Utc::now(),
        progress: Progress::new(cli.global.quiet),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // SQL can be deep: its longest chain of operators is taken apart recursively.
        .thread_stack_size(STACK)
        .enable_all()
        .build();
    let runtime = runtime.map_err(|cause| Error::Output { what: "to the runtime".to_owned(), source: cause.into() })?;
    runtime.block_on(async {
        match &cli.command {
            Command::Demo(demo) => demo::run(demo, &session).await,
            Command::Ingest(ingest) => ingest::run(ingest, &session).await,
            Command::Compact(compact) => compact::run(compact, &session).await,
            Command::Rebuild(rebuild) => session.rebuild(rebuild).await,
            Command::Audit(audit) => audit::run(audit, &session, &cli.global).await,
            Command::Explain(explain) => explain::run(explain, &session).await,
            Command::Query(query) => query::run(query, &session, &cli.global).await,
            Command::Shell(shell) => shell::run(shell, &session).await,
            #[cfg(feature = "serve")]
            Command::Serve(serve) => serve::run(serve, &session).await,
            #[cfg(not(feature = "serve"))]
            Command::Serve(_) => Err(Error::Misused(
                "serve: this program was built without the cargo feature serve; build again with --features serve"
                    .to_owned(),
            )),
            Command::Connect(connect) => connect::run(connect, &session, &cli.global).await,
            Command::Report(report) => report::run(report, &session).await,
            Command::Completions(completions) => completions::print(completions),
            Command::Man(man) => completions::man(man),
            Command::Verify(verify) => verify::run(verify, &session).await,
            #[cfg(feature = "live")]
            Command::Evaluate(evaluate) => evaluate::run(evaluate, &session, &cli.global).await,
            #[cfg(feature = "live")]
            Command::CanDelete(can_delete) => can_delete::run(can_delete, &session, &cli.global).await,
            #[cfg(feature = "live")]
            Command::Replace(replace) => replace::run(replace, &session, &cli.global).await,
            #[cfg(not(feature = "live"))]
            Command::Evaluate(_) | Command::CanDelete(_) | Command::Replace(_) => Err(Error::Misused(
                "this program was built without the cargo feature live, which asks the AWS APIs".to_owned(),
            )),
            #[cfg(all(feature = "s3", feature = "live"))]
            Command::Doctor(doctor) => doctor::run(doctor, &session, &cli.global).await,
            #[cfg(not(all(feature = "s3", feature = "live")))]
            Command::Doctor(_) => Err(Error::Misused(
                "doctor: this program was built without the cargo features s3 and live, which ask AWS".to_owned(),
            )),
        }
    })
}

impl Session {
    async fn lake(&self, lake: &LakeArg) -> Result<Lake> {
        self.stores.lake(&Location::parse(&lake.lake)?).await
    }

    /// The lake with a history that fits it, as one state.
    async fn engine(&self, lake: &Lake) -> Result<Engine> {
        Engine::open(lake, &self.with_history(lake).await?, self.memory_bytes).await
    }

    /// The same, run by what was asked for.
    #[cfg(feature = "ballista")]
    async fn engine_by(&self, args: &EngineArg, global: &Global, lake: &Lake) -> Result<Engine> {
        let Some(scheduler) = args.check(global.allow_http_endpoint)? else { return self.engine(lake).await };
        Engine::open_on_cluster(lake, &self.with_history(lake).await?, self.memory_bytes, &scheduler).await
    }

    /// The same; there is nothing else to ask for.
    #[cfg(not(feature = "ballista"))]
    async fn engine_by(&self, args: &EngineArg, _: &Global, lake: &Lake) -> Result<Engine> {
        if args.engine == EngineKind::Ballista || args.scheduler.is_some() {
            return Err(Error::Misused(
                "--engine ballista: this program was built without the cargo feature ballista; build again with \
                 --features ballista"
                    .to_owned(),
            ));
        }
        self.engine(lake).await
    }

    /// The parts that the lake holds, with a history that fits them.
    async fn with_history(&self, lake: &Lake) -> Result<BTreeSet<String>> {
        let (committed, is_rebuilt) = rebuild::rebuild_if_changed(lake, self.memory_bytes).await?;
        if is_rebuilt {
            eprintln!("rebuilt the history of {}", lake.location());
        }
        Ok(committed)
    }

    /// The keys to check digest files with: those of files, else for a bucket CloudTrail's own.
    fn keys(&self, files: &[PathBuf], sources: &[Location]) -> Result<Option<Keys<'_>>> {
        let is_in_s3 = |location: &Location| matches!(location, Location::S3 { .. });
        if !files.is_empty() {
            return Ok(Some(Keys::Given(plan::public_keys(files)?)));
        }
        Ok(sources.iter().any(is_in_s3).then_some(Keys::OfCloudTrail(&self.stores)))
    }

    async fn rebuild(&self, rebuild: &Rebuild) -> Result<ExitCode> {
        let lake = self.lake(&rebuild.lake).await?;
        rebuild::rebuild(&lake, &lake.committed().await?, self.memory_bytes).await?;
        eprintln!("rebuilt the history of {}", lake.location());
        Ok(ExitCode::Done)
    }
}

/// Writes a result.
fn write_stdout(text: &str) -> Result<()> {
    let written = std::io::stdout().lock().write_all(text.as_bytes());
    written.map_err(|cause| Error::Output { what: "to standard output".to_owned(), source: cause.into() })
}
