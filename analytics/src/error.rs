//! Why a run fails, and on what. Each message reads after "failed to"; the cause stays in `source()`.

use std::error::Error as StdError;

pub use config_rule::failure::chain;

/// A cause of any kind.
pub type Cause = Box<dyn StdError + Send + Sync>;

/// Why a command could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line asks for something that cannot be; the message says what could.
    #[error("{0}")]
    Misused(String),
    /// A source could not be listed, so nobody can say what is missing.
    #[error("list {location}{}", hint_text(.hint))]
    List {
        /// The folder or prefix.
        location: String,
        /// What to do about it, where that is known.
        hint: Option<&'static str>,
        /// The store's own error.
        source: Cause,
    },
    /// The lake could not be read or written.
    #[error("{action} {location}")]
    Lake {
        /// `read`, `write`, `list`, `remove`.
        action: &'static str,
        /// The part or folder.
        location: String,
        /// The store's own error.
        source: Cause,
    },
    /// A query could not be planned or run.
    #[error("{action} {query}")]
    Query {
        /// `plan`, `run`.
        action: &'static str,
        /// The query's name, or the start of its text.
        query: String,
        /// DataFusion's own error.
        source: Cause,
    },
    /// Output could not be written.
    #[error("write {what}")]
    Output {
        /// Where to.
        what: String,
        /// The cause.
        source: Cause,
    },
}

fn hint_text(hint: &Option<&'static str>) -> String {
    hint.map(|hint| format!(" ({hint})")).unwrap_or_default()
}

/// The result of a command or a step of one.
pub type Result<T> = std::result::Result<T, Error>;
