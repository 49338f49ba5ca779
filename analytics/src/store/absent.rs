//! A lake that is to be read, and whose folder is not there.

use std::fs;
use std::io::{Error, ErrorKind};
use std::path::Path;

/// Why a folder is no lake to read, in words with what to do; none where it is a folder, or cannot be looked at.
pub fn absent(folder: &Path) -> Option<String> {
    let found = fs::metadata(folder).map(|found| found.is_dir());
    words(&folder.display().to_string(), found)
}

fn words(folder: &str, is_folder: Result<bool, Error>) -> Option<String> {
    let (what, other) = match is_folder {
        Ok(true) => return None,
        Ok(false) => ("it is no folder", "FOLDER"),
        Err(cause) => match cause.kind() {
            ErrorKind::NotFound => ("there is no such folder", folder),
            // A part of the path is a file.
            ErrorKind::NotADirectory => ("there is no such folder", "FOLDER"),
            // Opening it will tell.
            _ => return None,
        },
    };
    Some(format!("{what}; check --lake, or make a lake with: bedrock-audit ingest SOURCE --lake {other}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_folder_is_told_with_what_to_do() {
        let next = "; check --lake, or make a lake with: bedrock-audit ingest SOURCE --lake ";
        for (found, expected) in [
            (Ok(true), None),
            (Ok(false), Some(format!("it is no folder{next}FOLDER"))),
            (Err(ErrorKind::NotFound), Some(format!("there is no such folder{next}./nolake"))),
            (Err(ErrorKind::NotADirectory), Some(format!("there is no such folder{next}FOLDER"))),
            (Err(ErrorKind::PermissionDenied), None),
        ] {
            assert_eq!(words("./nolake", found.map_err(Error::from)), expected, "{found:?}");
        }
    }

    #[test]
    fn a_folder_that_is_there_is_not_absent() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(absent(folder.path()), None);
        assert!(absent(&folder.path().join("nolake")).is_some());
    }
}
