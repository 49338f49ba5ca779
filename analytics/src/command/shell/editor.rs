//! The line editor of a terminal: history and completion.

use std::path::{Path, PathBuf};

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, Helper};

use super::lines::Line;
use crate::error::{Error, Result};
use crate::shell::complete::{Names, complete};

/// A terminal whose lines can be edited.
pub struct Edited {
    editor: Editor<Completing, DefaultHistory>,
    history: Option<PathBuf>,
}

impl Edited {
    /// Sets the terminal up. Without a home folder nothing is remembered.
    pub fn new(names: Names) -> rustyline::Result<Self> {
        let config = Config::builder().completion_type(CompletionType::List).auto_add_history(false).build();
        let mut editor = Editor::with_config(config)?;
        editor.set_helper(Some(Completing { names }));
        let history = history_file(|name| std::env::var_os(name)).filter(|path| match make(path) {
            Ok(()) => true,
            Err(cause) => {
                eprintln!("no history: {}: {cause}", path.display());
                false
            }
        });
        if let Some(path) = &history {
            // An empty file is none to it; what cannot be read is not worth more than a history.
            let _ = editor.load_history(path);
        }
        Ok(Self { editor, history })
    }

    /// The next line.
    pub fn next(&mut self, prompt: &str) -> Result<Line> {
        match self.editor.readline(prompt) {
            Ok(line) => Ok(Line::Text(line)),
            Err(ReadlineError::Interrupted) => Ok(Line::Interrupted),
            Err(ReadlineError::Eof) => Ok(Line::End),
            Err(cause) => Err(Error::Misused(format!("the terminal: {cause}"))),
        }
    }

    /// Keeps an entry at once, so that a shell that is killed loses none.
    pub fn remember(&mut self, entry: &str) {
        let is_new = self.editor.add_history_entry(entry).unwrap_or(false);
        if let Some(path) = self.history.as_ref().filter(|_| is_new) {
            let _ = self.editor.append_history(path);
        }
    }
}

/// The file in the user's own state folder.
fn history_file(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Option<PathBuf> {
    let own = |name| variable(name).filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let folder = own("XDG_STATE_HOME").or_else(|| Some(own("HOME")?.join(".local/state")))?;
    Some(folder.join("bedrock-audit/shell_history"))
}

/// Makes the file, for its owner alone.
#[cfg(unix)]
fn make(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
    if let Some(folder) = path.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn make(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::OpenOptions::new().append(true).create(true).open(path).map(|_| ())
}

/// Completes names; hints, colours and checks nothing.
struct Completing {
    names: Names,
}

impl Completer for Completing {
    type Candidate = String;

    fn complete(&self, line: &str, position: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(complete(&self.names, line, position))
    }
}

impl Hinter for Completing {
    type Hint = String;
}

impl Highlighter for Completing {}

impl Validator for Completing {}

impl Helper for Completing {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_is_kept_in_the_users_state_folder() {
        let find = |set: &'static [(&'static str, &'static str)]| {
            history_file(move |name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into()))
        };
        let path = |text: &str| Some(PathBuf::from(text));
        assert_eq!(find(&[("HOME", "/home/ann")]), path("/home/ann/.local/state/bedrock-audit/shell_history"));
        assert_eq!(find(&[("HOME", "/home/ann"), ("XDG_STATE_HOME", "/s")]), path("/s/bedrock-audit/shell_history"));
        assert_eq!(find(&[("XDG_STATE_HOME", "")]), None);
    }

    #[cfg(unix)]
    #[test]
    fn the_history_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("state/bedrock-audit/shell_history");
        make(&path).expect("a folder that we may write to");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("our own file");
        make(&path).expect("it is there already");
        let mode = |path: &Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().expect("a folder"))), (0o600, 0o700));
    }
}
