//! PostgreSQL's protocol over a lake: only to read, each statement within a time, a number of rows and the memory.
//!
//! | module | what it does |
//! | --- | --- |
//! | `statement` | what a statement is, and whether it is answered: decided on its syntax |
//! | `session` | statements into plans and answers; what the protocol's two ways of asking have in common |
//! | `rows` | a plan that runs, until its rows are sent or its time is over |
//! | `parameters` | the types of `$1`, `$2`, ... |
//! | `catalog` | PostgreSQL's catalog, and functions that drivers call |
//! | `login` | who is let in |
//! | `connection` | one client, from its first byte to its last |
//! | `listener` | all of them |

mod catalog;
mod connection;
mod listener;
mod login;
mod parameters;
mod rows;
mod session;
mod statement;
pub mod tls;

use std::time::Duration;

use pgwire::error::{ErrorInfo, PgWireError};

pub use catalog::with_catalog;
pub use listener::Server;
pub use login::Password;

/// What clients may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// A statement's time, from its arrival to its last row.
    pub statement_timeout: Duration,
    /// A statement's rows.
    pub max_rows: usize,
    /// Clients at one time.
    pub max_clients: usize,
    /// A client that asks nothing for this long is sent away.
    pub idle_timeout: Duration,
}

/// An error that the client is told, with PostgreSQL's code for it.
fn told(code: &str, message: String) -> PgWireError {
    PgWireError::UserError(Box::new(ErrorInfo::new("ERROR".to_owned(), code.to_owned(), message)))
}

/// The same, after which the connection is closed.
fn fatal(code: &str, message: String) -> PgWireError {
    PgWireError::UserError(Box::new(ErrorInfo::new("FATAL".to_owned(), code.to_owned(), message)))
}
