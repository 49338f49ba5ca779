//! `bedrock-audit verify` of an evidence pack.

use std::fs;
use std::path::Path;

use super::write_stdout;
use crate::cli::Verify;
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;
use crate::pack::{self, FILE_BYTES_LIMIT, FILES_LIMIT, Files, MANIFEST, SUMS, Severity, SignatureState};
use crate::query::render::visible;

/// Whether a source is the folder of a pack: it has one of the two files that every pack has.
pub fn is_pack(source: &str) -> bool {
    [MANIFEST, SUMS].iter().any(|name| Path::new(source).join(name).is_file())
}

/// `memory_bytes`: a pack is held whole, and may have been made by somebody who means harm.
pub fn run(args: &Verify, memory_bytes: usize) -> Result<ExitCode> {
    let trust = args.trust()?;
    let files = read(Path::new(&args.source), memory_bytes)?;
    let report = pack::check(&files, &trust);
    let mut text = String::new();
    for finding in &report.findings {
        text += &format!("{:6}  {}\n", finding.severity.as_str(), visible(&finding.to_string()));
    }
    let checked = &report.checked;
    text += &format!(
        "{}{}\nfiles: {} of {} bytes as listed\ncited records: {}, of which {} stand in log files that signed digest files \
         vouch for, and {} in log files of the pack\ndigest files: {} with valid signatures\nsignature of the pack: {}\n",
        if text.is_empty() { "" } else { "\n" },
        args.source,
        checked.files,
        checked.bytes,
        checked.facts,
        checked.facts_proven,
        checked.records_in_log_files,
        checked.digests_valid,
        signature(checked.signature),
    );
    text += if report.is_whole() { "nothing is broken\n" } else { "the pack is broken\n" };
    write_stdout(&text)?;
    let is_proven = report.findings.iter().all(|finding| finding.severity != Severity::Broken);
    Ok(if is_proven { ExitCode::Done } else { ExitCode::NonCompliant })
}

fn signature(state: SignatureState) -> &'static str {
    match state {
        SignatureState::NotSigned => "none",
        SignatureState::NotChecked => "not checked; give the signer's public key with --signer",
        SignatureState::Valid => "valid",
        SignatureState::Invalid => "does not fit",
    }
}

fn read(folder: &Path, memory_bytes: usize) -> Result<Files> {
    let failed = |source: std::io::Error| Error::Lake {
        action: "read",
        location: folder.display().to_string(),
        source: source.into(),
    };
    let (mut files, mut folders, mut bytes_left) = (Files::new(), vec![folder.to_owned()], memory_bytes as u64);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let (path, metadata) = (entry.path(), entry.metadata().map_err(failed)?);
            let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
            if metadata.is_dir() {
                folders.push(path);
            } else if metadata.is_file() && metadata.len() <= FILE_BYTES_LIMIT && files.len() < FILES_LIMIT {
                bytes_left = bytes_left.checked_sub(metadata.len()).ok_or_else(|| {
                    let limits =
                        "the memory setting has room for; where you trust who made it, give more with --memory";
                    failed(std::io::Error::other(format!(
                        "its files have more than the {memory_bytes} bytes that {limits}"
                    )))
                })?;
                files.insert(name, fs::read(&path).map_err(failed)?);
            } else {
                let limits = "a pack holds plain files of at most 1 GiB, and at most a million of them";
                return Err(failed(std::io::Error::other(format!("{name} is no file of a pack: {limits}"))));
            }
        }
    }
    Ok(files)
}
