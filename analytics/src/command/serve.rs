//! `bedrock-audit serve`

use tokio::net::TcpListener;

use super::Session;
use crate::cli::Serve;
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;
use crate::plan::serve::PASSWORD;
use crate::query::current::Current;
use crate::query::render::visible;
use crate::query::{Memory, prices};
use crate::serve::{Server, with_catalog};

pub async fn run(args: &Serve, session: &Session) -> Result<ExitCode> {
    let checked = args.check(std::env::var(PASSWORD).ok().filter(|password| !password.is_empty()))?;
    let prices = args.prices.as_deref().map(prices::read).transpose()?;
    let lake = session.lake(&args.lake).await?;
    let current = Current::open(lake, Memory::new(session.memory_bytes), prices, with_catalog).await?;
    let failed = |cause: std::io::Error| Error::Lake {
        action: "listen on",
        location: args.listen.to_string(),
        source: cause.into(),
    };
    let listener = TcpListener::bind(args.listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let stop = stop().map_err(failed)?;
    let (with_tls, with_password) = (checked.tls.is_some(), checked.password.is_some());
    eprintln!(
        "serving {} on {address}, only to read, {} TLS, {} a password; Ctrl-C ends it",
        current.location(),
        if with_tls { "with" } else { "without" },
        if with_password { "with" } else { "without" },
    );
    eprintln!("psql 'host={} port={} user=analyst dbname=lake'", address.ip(), address.port());
    let server = Server::new(current, checked.limits, checked.password, checked.tls);
    server.run(listener, stop, |line| eprintln!("{}", visible(line))).await;
    eprintln!("ended");
    Ok(ExitCode::Done)
}

/// Ready when somebody asks the program to end.
#[cfg(unix)]
fn stop() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
