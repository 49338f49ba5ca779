//! A TCP proxy on 127.0.0.1 between a program and a server. What it carries it does not read: it knows connections and bytes,
//! and what befalls the nth connection is decided before its first byte.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::oneshot;

use crate::dice::Dice;
use crate::loopback::ServerThread;

/// What can befall a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is reset (RST) as soon as it is taken, before any request.
    ResetAtOnce,
    /// It is reset once so many bytes of requests have gone to the server.
    ResetInRequest(usize),
    /// It is reset once so many bytes of answers have come back.
    ResetInAnswer(usize),
    /// It is closed in order (FIN) once so many bytes of answers have come back: what follows is missing.
    CutAnswer(usize),
    /// Answers come in pieces of so many bytes, with a pause after each.
    Drip(usize),
    /// It is taken, and nothing is ever said.
    Stall,
}

impl Fault {
    /// Any of them but the last, which nobody outlives quickly.
    pub fn thrown(dice: &mut Dice) -> Self {
        // Heads of answers have some hundred bytes, log files some thousand, parts of a lake some ten thousand; a connection
        // carries several.
        let most = *dice.pick(&[10, 400, 4_000, 40_000]);
        let bytes = dice.below(most);
        match dice.below(5) {
            0 => Self::ResetAtOnce,
            1 => Self::ResetInRequest(bytes),
            2 => Self::ResetInAnswer(bytes),
            3 => Self::CutAnswer(bytes),
            _ => Self::Drip(200 + bytes),
        }
    }
}

/// What befalls the connections of a proxy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Connections are refused for so long from the start: nobody listens yet.
    pub refused_for: Duration,
    /// What befalls the nth connection, from 0. Those behind the list are carried as they are.
    pub faults: Vec<Option<Fault>>,
}

impl Plan {
    /// Every connection is carried as it is.
    pub fn none() -> Self {
        Self::default()
    }

    /// This befalls every connection.
    pub fn always(fault: Fault) -> Self {
        Self { faults: vec![Some(fault); 10_000], ..Self::default() }
    }

    /// Faults at random among the first connections; the same dice give the same plan.
    pub fn thrown(dice: &mut Dice) -> Self {
        let refused_for = if dice.chance(20) { dice.number() % 300 } else { 0 };
        // A client that asks again meets the next connection's fate: with too many in a row it would only wait long.
        let percent = *dice.pick(&[10, 30, 60]);
        let faults = (0..30).map(|_| dice.chance(percent).then(|| Fault::thrown(dice))).collect();
        Self { refused_for: Duration::from_millis(refused_for), faults }
    }
}

/// A running proxy. It stops when dropped, and its open connections with it.
#[derive(Debug)]
pub struct TcpProxy {
    address: SocketAddr,
    taken: Arc<AtomicUsize>,
    _thread: ServerThread,
}

impl TcpProxy {
    /// Carries connections to `server`, on a thread and a runtime of its own.
    pub fn start(server: SocketAddr, plan: Plan) -> Self {
        // Bound and not yet listening, it holds its port, and connections to it are refused.
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port on 127.0.0.1");
        let address = socket.local_addr().expect("a bound socket has an address");
        let taken = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&taken);
        let thread = ServerThread::start("tcp-proxy", move |stopped| accept(socket, server, plan, counted, stopped));
        Self { address, taken, _thread: thread }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections it has taken.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

async fn accept(
    socket: TcpSocket,
    server: SocketAddr,
    plan: Plan,
    taken: Arc<AtomicUsize>,
    mut stopped: oneshot::Receiver<()>,
) {
    let Plan { refused_for, faults } = plan;
    tokio::select! {
        _ = &mut stopped => return,
        () = tokio::time::sleep(refused_for) => {}
    }
    let listener = socket.listen(1024).expect("a bound socket can listen");
    loop {
        tokio::select! {
            _ = &mut stopped => return,
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                let number = taken.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(carry(client, server, faults.get(number).copied().flatten()));
            }
        }
    }
}

/// How bytes go in one direction.
#[derive(Debug, Clone, Copy)]
struct Manner {
    /// After so many it ends.
    most: usize,
    /// So many at a time.
    piece: usize,
    pause: Duration,
}

/// Why no more bytes go in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// One side has closed, or is gone.
    Closed,
    /// As many as may pass have passed.
    Struck,
}

const FREELY: Manner = Manner { most: usize::MAX, piece: usize::MAX, pause: Duration::ZERO };

async fn carry(mut client: TcpStream, server: SocketAddr, fault: Option<Fault>) {
    let up_to = |most| Manner { most, ..FREELY };
    let (requests, answers, is_reset) = match fault {
        None => (FREELY, FREELY, false),
        Some(Fault::ResetAtOnce) => return reset(client),
        Some(Fault::Stall) => return std::future::pending().await,
        Some(Fault::ResetInRequest(bytes)) => (up_to(bytes), FREELY, true),
        Some(Fault::ResetInAnswer(bytes)) => (FREELY, up_to(bytes), true),
        Some(Fault::CutAnswer(bytes)) => (FREELY, up_to(bytes), false),
        Some(Fault::Drip(piece)) => (FREELY, Manner { piece, pause: Duration::from_millis(1), ..FREELY }, false),
    };
    let Ok(mut upstream) = TcpStream::connect(server).await else { return reset(client) };
    // Otherwise pieces would be put together again.
    let _ = (client.set_nodelay(true), upstream.set_nodelay(true));
    let end = {
        let (mut from_client, mut to_client) = client.split();
        let (mut from_server, mut to_server) = upstream.split();
        tokio::select! {
            end = pass(&mut from_client, &mut to_server, requests) => end,
            end = pass(&mut from_server, &mut to_client, answers) => end,
        }
    };
    if end == End::Struck && is_reset {
        return reset(client);
    }
    // The client may be gone already.
    let _ = client.shutdown().await;
}

/// Passes bytes on until one side ends or as many as may pass have passed.
async fn pass(from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin), manner: Manner) -> End {
    let mut bytes = vec![0; 16 << 10];
    let mut left = manner.most;
    while left > 0 {
        let read = match from.read(&mut bytes).await {
            Ok(0) | Err(_) => return End::Closed,
            Ok(read) => read.min(left),
        };
        for piece in bytes[..read].chunks(manner.piece) {
            if to.write_all(piece).await.is_err() {
                return End::Closed;
            }
            if !manner.pause.is_zero() {
                tokio::time::sleep(manner.pause).await;
            }
        }
        left -= read;
    }
    End::Struck
}

/// Closed without lingering, a connection ends with RST.
fn reset(client: TcpStream) {
    // An error: it is gone already.
    let _ = client.set_zero_linger();
    drop(client);
}

#[cfg(test)]
mod tests;
