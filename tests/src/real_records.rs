//! Real log files: recorded or published by others, read as they are (`shared/data/README.md` says whose).

use std::path::{Path, PathBuf};
use std::{fs, io};

/// Log files, by path: one account's of one morning, and some of an organization trail. Most are not compressed.
///
/// `None`, with a line on stderr, where `shared/data` is not on this machine.
pub fn log_files() -> Option<Vec<PathBuf>> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let mut files = Vec::new();
    for folder in ["invictus-ir/CloudTrail", "umccr-flaws/test_input/AWSLogs"] {
        let folder = data.join(folder);
        if let Err(error) = add_log_files(&folder, &mut files) {
            eprintln!("skipped: {} cannot be read ({error}), so there are no real records", folder.display());
            return None;
        }
    }
    files.sort();
    Some(files)
}

fn add_log_files(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            add_log_files(&path, files)?;
        } else if is_log_file(&path) {
            files.push(path);
        }
    }
    Ok(())
}

/// By name: the folders also hold a README.
fn is_log_file(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.contains("_CloudTrail_") && (name.ends_with(".json") || name.ends_with(".json.gz"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_collections_are_found_and_a_readme_is_no_log_file() {
        let Some(files) = log_files() else { return };
        assert!(files.len() > 50, "{} files", files.len());
        assert!(files.iter().any(|file| file.extension().is_some_and(|extension| extension == "gz")));
        assert!(!is_log_file(Path::new("AWSLogs/README.md")));
    }
}
