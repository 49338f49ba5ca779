//! Where lines come from: a terminal, with or without an editor, or anything else.

use std::io::stdin;

use crate::error::{Error, Result};
use crate::shell::complete::Names;
use crate::shell::input::Typed;

#[cfg(feature = "shell")]
use super::editor::Edited;

/// What came.
pub enum Line {
    Text(String),
    /// Ctrl-C while typing.
    #[cfg_attr(not(feature = "shell"), expect(dead_code, reason = "only the editor tells it"))]
    Interrupted,
    End,
}

/// Lines, one after the other.
pub enum Lines {
    Plain(std::io::Lines<std::io::StdinLock<'static>>),
    #[cfg(feature = "shell")]
    Edited(Box<Edited>),
}

impl Lines {
    /// Lines of a pipe or a file.
    pub fn of_stdin() -> Self {
        Self::Plain(stdin().lines())
    }

    /// Lines that somebody types. Where the terminal cannot be set up they come as they are.
    #[cfg(feature = "shell")]
    pub fn of_terminal(names: Names) -> Self {
        match Edited::new(names) {
            Ok(edited) => Self::Edited(Box::new(edited)),
            Err(cause) => {
                eprintln!("no history and no completion: {cause}");
                Self::of_stdin()
            }
        }
    }

    /// Lines that somebody types; this build has no editor for them.
    #[cfg(not(feature = "shell"))]
    pub fn of_terminal(_: Names) -> Self {
        Self::of_stdin()
    }

    /// The next line. `is_new`: it begins something.
    #[cfg_attr(not(feature = "shell"), expect(unused_variables, reason = "only the editor has a prompt"))]
    pub fn next(&mut self, is_new: bool) -> Result<Line> {
        match self {
            Self::Plain(lines) => match lines.next() {
                None => Ok(Line::End),
                Some(Ok(line)) => Ok(Line::Text(line)),
                Some(Err(cause)) => Err(Error::Misused(format!("standard input: {cause}"))),
            },
            #[cfg(feature = "shell")]
            Self::Edited(edited) => edited.next(if is_new { "bedrock-audit> " } else { "           ..> " }),
        }
    }

    /// Keeps what was typed, for the next time.
    #[cfg_attr(not(feature = "shell"), expect(unused_variables, reason = "only the editor has a history"))]
    pub fn remember(&mut self, typed: &[Typed]) {
        match self {
            Self::Plain(_) => {}
            #[cfg(feature = "shell")]
            Self::Edited(edited) => {
                for typed in typed {
                    match typed {
                        Typed::Command(line) => edited.remember(line),
                        Typed::Sql(sql) => edited.remember(&format!("{sql};")),
                    }
                }
            }
        }
    }
}
