//! An HTTP server on 127.0.0.1, at a free port, with a thread and a runtime of its own: a test may block, or bring its
//! own runtime.

use std::error::Error;
use std::net::SocketAddr;
use std::thread::{self, JoinHandle};

use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// What hyper takes for an error: the connection is closed, and nothing is sent.
type Cause = Box<dyn Error + Send + Sync>;

/// A running server. It stops when dropped, and its open connections with it.
#[derive(Debug)]
pub struct Loopback {
    address: SocketAddr,
    _thread: ServerThread,
}

impl Loopback {
    /// Serves `answer` on a thread of that name.
    pub fn serve<A, F, B, E>(name: &str, answer: A) -> Self
    where
        A: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
        F: Future<Output = Result<Response<B>, E>> + Send + 'static,
        B: Body<Data: Send, Error: Into<Cause>> + Send + 'static,
        E: Into<Cause> + 'static,
    {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port on 127.0.0.1");
        listener.set_nonblocking(true).expect("a listening socket can be made non-blocking");
        let address = listener.local_addr().expect("a bound socket has an address");
        Self { address, _thread: ServerThread::start(name, move |stopped| accept(listener, answer, stopped)) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn accept<A, F, B, E>(listener: std::net::TcpListener, answer: A, mut stopped: oneshot::Receiver<()>)
where
    A: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Response<B>, E>> + Send + 'static,
    B: Body<Data: Send, Error: Into<Cause>> + Send + 'static,
    E: Into<Cause> + 'static,
{
    let listener = TcpListener::from_std(listener).expect("the socket is bound and does not block");
    loop {
        tokio::select! {
            _ = &mut stopped => return,
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer.clone()));
                tokio::spawn(async move {
                    // An error is the client going away or a fault that was asked for.
                    let _ = connection.await;
                });
            }
        }
    }
}

/// A thread with a runtime of its own, on which a server runs. It stops when dropped.
#[derive(Debug)]
pub(crate) struct ServerThread {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ServerThread {
    /// Runs `serve` on a thread of that name, until the receiver that it is given tells it to end.
    pub(crate) fn start<F>(name: &str, serve: impl FnOnce(oneshot::Receiver<()>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()>,
    {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime can be started");
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new().name(name.to_owned());
        let thread = thread.spawn(move || runtime.block_on(serve(stopped)));
        Self { stop: Some(stop), thread: Some(thread.expect("a thread can be started")) }
    }
}

impl Drop for ServerThread {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // An error means that the server has ended by itself, and joining tells how.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !thread::panicking()
        {
            panic!("the server's thread panicked");
        }
    }
}

/// A `%` that no two hexadecimal digits follow stays as it is; a `+` is a plus, not a space.
pub fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|&byte| char::from(byte).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).expect("two hexadecimal digits are one byte"));
                rest = &after[2..];
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::percent_decoded;

    #[test]
    fn what_is_no_escape_stays() {
        for (text, expected) in
            [("/a%3Db/c%2Fd", "/a=b/c/d"), ("100%", "100%"), ("%zz%C3%A9", "%zzé"), ("a+b", "a+b"), ("", "")]
        {
            assert_eq!(percent_decoded(text), expected, "{text}");
        }
    }
}
