//! A client of PostgreSQL's protocol that can also misbehave: bytes in, messages out, nothing done by itself.
//!
//! Source: PostgreSQL documentation, "Frontend/Backend Protocol", "Message Formats".

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Nothing that a test waits for takes longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// Version 3.0.
const PROTOCOL: i32 = 196_608;

/// A row of an answer, as text.
pub type Row = Vec<Option<String>>;

/// What the server says against a statement or a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `SQLSTATE`.
    pub code: String,
    /// In words.
    pub message: String,
}

/// A connection.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
}

impl Client {
    /// A connection on which nothing was said yet.
    pub fn silent(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream })
    }

    /// A connection that is let in without a password.
    pub fn connect(address: SocketAddr) -> Result<Self, Refusal> {
        let mut client = Self::silent(address).map_err(|cause| closed(&cause))?;
        client.send(&startup("analyst")).map_err(|cause| closed(&cause))?;
        loop {
            match client.message().map_err(|cause| closed(&cause))? {
                (b'Z', _) => return Ok(client),
                (b'E', body) => return Err(refusal(&body)),
                _ => {}
            }
        }
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The next message: its letter and its body.
    pub fn message(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let mut head = [0; 5];
        self.stream.read_exact(&mut head)?;
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        let mut body = vec![0; (length as usize).saturating_sub(4)];
        self.stream.read_exact(&mut body)?;
        Ok((head[0], body))
    }

    /// Whether the server has closed the connection; what it said before is passed over.
    pub fn is_closed(&mut self) -> bool {
        let mut bytes = [0; 512];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(cause) => return cause.kind() == io::ErrorKind::ConnectionReset,
            }
        }
    }

    /// The rows of a statement that is sent as text.
    pub fn query(&mut self, sql: &str) -> Result<Vec<Row>, Refusal> {
        self.send(&message(b'Q', &[sql.as_bytes(), &[0]].concat())).map_err(|cause| closed(&cause))?;
        self.rows()
    }

    /// The rows of a statement that is prepared, bound without values and executed, `fetch` rows at a time (0: all).
    pub fn prepared(&mut self, sql: &str, fetch: i32) -> Result<Vec<Row>, Refusal> {
        let parse = message(b'P', &[&[0][..], sql.as_bytes(), &[0, 0, 0]].concat());
        let bind = message(b'B', &[0; 8]);
        let execute = message(b'E', &[&[0][..], &fetch.to_be_bytes()[..]].concat());
        let sync = message(b'S', &[]);
        self.send(&[parse, bind, execute, sync].concat()).map_err(|cause| closed(&cause))?;
        self.rows()
    }

    /// The rows until the server is ready again.
    fn rows(&mut self) -> Result<Vec<Row>, Refusal> {
        let mut rows = Vec::new();
        let mut refused: Option<Refusal> = None;
        loop {
            match self.message().map_err(|cause| refused.clone().unwrap_or_else(|| closed(&cause)))? {
                (b'D', body) => rows.push(row(&body)),
                (b'E', body) => refused = Some(refusal(&body)),
                (b'Z', _) => return refused.map_or(Ok(rows), Err),
                _ => {}
            }
        }
    }
}

/// The first message of a client.
pub fn startup(user: &str) -> Vec<u8> {
    let mut body = PROTOCOL.to_be_bytes().to_vec();
    for text in ["user", user, "database", "lake"] {
        body.extend_from_slice(text.as_bytes());
        body.push(0);
    }
    body.push(0);
    [&length(&body)[..], &body].concat()
}

/// A message with its letter and length.
pub fn message(letter: u8, body: &[u8]) -> Vec<u8> {
    [&[letter][..], &length(body), body].concat()
}

fn length(body: &[u8]) -> [u8; 4] {
    u32::try_from(body.len() + 4).expect("a message of a test is short").to_be_bytes()
}

fn row(body: &[u8]) -> Row {
    let mut rest = &body[2..];
    let mut cells = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        match usize::try_from(i32::from_be_bytes(*length)) {
            Ok(length) => {
                let (cell, after) = after.split_at(length);
                cells.push(Some(String::from_utf8_lossy(cell).into_owned()));
                rest = after;
            }
            Err(_) => {
                cells.push(None);
                rest = after;
            }
        }
    }
    cells
}

fn refusal(body: &[u8]) -> Refusal {
    let field = |letter: u8| {
        let found = body.split(|byte| *byte == 0).find_map(|field| field.strip_prefix(&[letter]));
        found.map(|text| String::from_utf8_lossy(text).into_owned()).unwrap_or_default()
    };
    Refusal { code: field(b'C'), message: field(b'M') }
}

fn closed(cause: &io::Error) -> Refusal {
    Refusal { code: "closed".to_owned(), message: cause.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_read_as_they_are_written() {
        assert_eq!(message(b'Q', b"a\0"), *b"Q\0\0\0\x06a\0");
        assert_eq!(row(b"\0\x02\0\0\0\x01a\xff\xff\xff\xff"), [Some("a".to_owned()), None]);
        let refused = refusal(b"SERROR\0C42601\0Mno\0\0");
        assert_eq!((refused.code.as_str(), refused.message.as_str()), ("42601", "no"));
    }
}
