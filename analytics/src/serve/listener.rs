//! All clients: who is taken, how many, and how they end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use pgwire::api::ConnectionManager;
use pgwire::api::cancel::DefaultCancelHandler;
use pgwire::error::ErrorInfo;
use pgwire::messages::PgWireBackendMessage;
use pgwire::tokio::TlsAcceptor;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::Limits;
use super::connection::{Service, serve};
use super::login::{Door, Password};
use super::session::Session;
use crate::query::current::Current;

/// A server of one lake.
pub struct Server {
    session: Arc<Session>,
    door: Arc<Door>,
    cancel: Arc<DefaultCancelHandler>,
    tls: Option<TlsAcceptor>,
    limits: Limits,
}

impl Server {
    /// `tls`: what encrypts, and its certificate in PEM; nobody is then let in without.
    pub fn new(
        current: Current,
        limits: Limits,
        password: Option<Password>,
        tls: Option<(TlsAcceptor, Vec<u8>)>,
    ) -> Self {
        let (tls, certificate) = tls.unzip();
        let connections = Arc::new(ConnectionManager::new());
        Self {
            session: Arc::new(Session::new(current, limits)),
            door: Arc::new(Door::new(password, certificate, connections.clone())),
            cancel: Arc::new(DefaultCancelHandler::new(connections)),
            tls,
            limits,
        }
    }

    /// Takes clients until `stop` is ready; then all of them end. `tell` is for whoever runs the server.
    pub async fn run(&self, listener: TcpListener, stop: impl Future<Output = ()>, tell: impl Fn(&str)) {
        let mut clients: JoinSet<(SocketAddr, Result<(), String>)> = JoinSet::new();
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(ended) = clients.join_next(), if !clients.is_empty() => match ended {
                    Ok((_, Ok(()))) => {}
                    Ok((from, Err(why))) => tell(&format!("{from}: {why}")),
                    Err(panicked) => tell(&panicked.to_string()),
                },
                accepted = listener.accept() => match accepted {
                    Ok((stream, from)) if clients.len() < self.limits.max_clients => {
                        let service = self.service();
                        clients.spawn(async move { (from, serve(stream, service).await) });
                    }
                    Ok((stream, from)) => {
                        tokio::spawn(tokio::time::timeout(Duration::from_secs(1), refuse(stream)));
                        tell(&format!("{from}: refused, {} clients are there already", self.limits.max_clients));
                    }
                    Err(cause) => {
                        tell(&format!("cannot take a client: {cause}"));
                        // Such as too many open files, which the next moment may change.
                        tokio::time::sleep(Duration::from_millis(200)).await;
                    }
                },
            }
        }
        clients.shutdown().await;
    }

    fn service(&self) -> Service {
        Service {
            login: Arc::new(self.door.login()),
            session: self.session.clone(),
            cancel: self.cancel.clone(),
            tls: self.tls.clone(),
            limits: self.limits,
        }
    }
}

/// Tells why before anything was asked, which clients understand; one that does not read at once is not waited for.
async fn refuse(stream: TcpStream) {
    let why = "as many clients as may be are there already; --max-clients";
    let info = ErrorInfo::new("FATAL".to_owned(), "53300".to_owned(), why.to_owned());
    let mut bytes = BytesMut::new();
    if PgWireBackendMessage::ErrorResponse(info.into()).encode(&mut bytes).is_ok() && stream.writable().await.is_ok() {
        let _ = stream.try_write(&bytes);
    }
}
