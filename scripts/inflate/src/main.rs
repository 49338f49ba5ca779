//! The least that reading a trail can cost: inflates every compressed log file below a folder, and does nothing with it.
//!
//! `scripts/bench` compares ingest with this. Same library as ingest, same threads, one buffer a thread.

#![expect(clippy::print_stdout, reason = "the answer goes to stdout")]

use std::cell::RefCell;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use rayon::prelude::*;

thread_local! {
    static WINDOW: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

fn main() -> io::Result<()> {
    let folder = std::env::args_os().nth(1).ok_or_else(|| io::Error::other("usage: inflate FOLDER"))?;
    let mut files = Vec::new();
    add_log_files(Path::new(&folder), &mut files)?;
    let inflated = files.par_iter().map(|file| WINDOW.with_borrow_mut(|window| inflate(file, window)));
    let bytes = inflated.sum::<io::Result<u64>>()?;
    println!("{} files, {bytes} bytes of JSON", files.len());
    Ok(())
}

fn add_log_files(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            add_log_files(&path, files)?;
        } else if name.contains("_CloudTrail_") && name.ends_with(".json.gz") {
            files.push(path);
        }
    }
    Ok(())
}

/// Bytes that the file inflates to. The window is kept at its size, as ingest keeps it, so that it is cleared only once.
fn inflate(file: &Path, window: &mut Vec<u8>) -> io::Result<u64> {
    let object = fs::read(file)?;
    let mut stream = MultiGzDecoder::new(object.as_slice());
    let mut filled = 0;
    loop {
        if filled == window.len() {
            window.resize((filled * 2).max(1 << 20), 0);
        }
        match stream.read(&mut window[filled..])? {
            0 => return Ok(filled as u64),
            read => filled += read,
        }
    }
}
