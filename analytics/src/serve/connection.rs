//! One client, from its first byte to its last.
//!
//! The protocol's messages are pgwire's; the loop is ours, for what a stranger may do: send half a message or one without
//! end, take no answers, be idle for ever, and go on after a login that failed.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use pgwire::api::cancel::DefaultCancelHandler;
use pgwire::api::{ClientInfo, NoopHandler, PgWireConnectionState};
use pgwire::error::{ErrorInfo, PgWireError};
use pgwire::messages::{PgWireBackendMessage, PgWireFrontendMessage};
use pgwire::tokio::TlsAcceptor;
use pgwire::tokio::server::{MaybeTls, PgWireMessageServerCodec, negotiate_tls, process_error, process_message};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::codec::{Framed, FramedParts};

use super::login::Login;
use super::session::{Prepared, Session};
use super::{Limits, fatal};

/// The way in takes no longer.
const LOGIN: Duration = Duration::from_secs(15);

/// A wrong password is answered after this.
const WRONG_PASSWORD: Duration = Duration::from_secs(1);

/// A client that takes none of its answer for this long after the statement's time is cut off.
const NOT_TAKEN: Duration = Duration::from_secs(15);

/// One message may have so many bytes before the login, and after it.
const MESSAGE: [usize; 2] = [16 << 10, 1 << 20];

type Socket = Framed<Measured, PgWireMessageServerCodec<Prepared>>;

/// What a client is served by.
pub struct Service {
    /// Its way in.
    pub login: Arc<Login>,
    /// Its answers.
    pub session: Arc<Session>,
    /// Whoever cancels a statement.
    pub cancel: Arc<DefaultCancelHandler>,
    /// TLS, if the server has a certificate.
    pub tls: Option<TlsAcceptor>,
    /// How long it may be idle, and its statements take.
    pub limits: Limits,
}

/// Serves one client to its end. An error is for whoever runs the server; the client has been told what concerns it.
pub async fn serve(stream: TcpStream, service: Service) -> Result<(), String> {
    let login_ends = Instant::now() + LOGIN;
    let negotiated = timeout_at(login_ends, negotiate_tls::<Prepared>(stream, service.tls.clone())).await;
    let negotiated = negotiated.map_err(|_| "sent no whole message in time".to_owned())?;
    let Some(framed) = negotiated.map_err(|cause| cause.to_string())? else {
        return Err("speaks TLS, and the server has no certificate".to_owned());
    };
    if framed.is_secure() && !framed.read_buffer().is_empty() {
        // What came before the encryption would count as part of it: somebody in between could have put it there.
        return Err("sent something between asking for TLS and beginning it".to_owned());
    }
    let (mut socket, budget) = measured(framed);
    loop {
        let is_in = is_logged_in(&socket);
        budget.store(MESSAGE[usize::from(is_in)], Ordering::Relaxed);
        let until = if is_in { Instant::now() + service.limits.idle_timeout } else { login_ends };
        let message = match timeout_at(until, socket.next()).await {
            Ok(Some(Ok(PgWireFrontendMessage::Terminate(_))) | None) => return Ok(()),
            Ok(Some(Ok(message))) => message,
            Ok(Some(Err(cause))) => return end(&mut socket, cause).await,
            Err(_) if is_in => {
                let idle = humantime::format_duration(service.limits.idle_timeout);
                let _ = end(&mut socket, fatal("57P05", format!("nothing was asked for {idle}"))).await;
                return Ok(());
            }
            Err(_) => return Err("did not log in in time".to_owned()),
        };
        let is_extended = message.is_extended_query();
        let limit = service.limits.statement_timeout + NOT_TAKEN;
        let done = timeout(limit, process(message, &mut socket, &service)).await;
        match done.map_err(|_| "does not take its answer".to_owned())? {
            Ok(()) => {}
            Err(cause) if !is_in => {
                if matches!(cause, PgWireError::InvalidPassword(_)) {
                    sleep(WRONG_PASSWORD).await;
                }
                return end(&mut socket, cause).await;
            }
            Err(cause) => {
                let info = ErrorInfo::from(cause);
                if info.is_fatal() {
                    return end(&mut socket, PgWireError::UserError(Box::new(info))).await;
                }
                let told = process_error(&mut socket, PgWireError::UserError(Box::new(info)), is_extended);
                let told = timeout(NOT_TAKEN, told).await.map_err(|_| "does not take its answer".to_owned())?;
                told.map_err(|cause| cause.to_string())?;
            }
        }
    }
}

async fn process(message: PgWireFrontendMessage, socket: &mut Socket, service: &Service) -> Result<(), PgWireError> {
    let (login, session, cancel) = (service.login.clone(), service.session.clone(), service.cancel.clone());
    process_message(message, socket, login, session.clone(), session, Arc::new(NoopHandler), cancel).await
}

fn is_logged_in(socket: &Socket) -> bool {
    use PgWireConnectionState::{AuthenticationInProgress, AwaitingSslRequest, AwaitingStartup};
    !matches!(socket.state(), AwaitingSslRequest | AwaitingStartup | AuthenticationInProgress)
}

/// Tells the client why this is the end. Nothing that it sends afterwards is read.
async fn end(socket: &mut Socket, cause: PgWireError) -> Result<(), String> {
    let mut info = ErrorInfo::from(cause);
    info.severity = "FATAL".to_owned();
    let told = info.message.clone();
    let _ = timeout(NOT_TAKEN, async {
        socket.send(PgWireBackendMessage::ErrorResponse(info.into())).await?;
        SinkExt::<PgWireBackendMessage>::close(socket).await
    })
    .await;
    Err(told)
}

/// The same connection, with its reading measured.
fn measured(framed: Framed<MaybeTls, PgWireMessageServerCodec<Prepared>>) -> (Socket, Arc<AtomicUsize>) {
    let old = framed.into_parts();
    let left = Arc::new(AtomicUsize::new(0));
    let mut parts = FramedParts::new(Measured { stream: old.io, left: left.clone() }, old.codec);
    (parts.read_buf, parts.write_buf) = (old.read_buf, old.write_buf);
    (Framed::from_parts(parts), left)
}

/// A stream that gives no more bytes than are allowed before the next message is whole.
pub struct Measured {
    stream: MaybeTls,
    left: Arc<AtomicUsize>,
}

impl AsyncRead for Measured {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        let read = buf.filled().len() - before;
        match self.left.load(Ordering::Relaxed).checked_sub(read) {
            Some(left) => {
                self.left.store(left, Ordering::Relaxed);
                polled
            }
            None => Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "a message is too long"))),
        }
    }
}

impl AsyncWrite for Measured {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
