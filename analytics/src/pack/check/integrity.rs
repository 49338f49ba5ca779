//! Is every file as listed, and no other there?
//!
//! `manifest.json` and `SHA256SUMS` list the files independently of each other, so that of a file, its entry and its
//! line the odd one out is told.

use std::collections::{BTreeMap, BTreeSet};

use super::report::{Report, SignatureState};
use crate::pack::manifest::{Entry, Manifest};
use crate::pack::names::object_path;
use crate::pack::rows::ROW_FILES;
use crate::pack::signature::{SIGNATURE_BYTES, VerifyingKey};
use crate::pack::{
    DIGESTS, FILE_BYTES_LIMIT, FILES_LIMIT, FORMAT, FORMAT_VERSION, Files, LOG_FILES, MANIFEST, PUBLIC_KEYS, README,
    SIGNATURE, SUMS,
};
use crate::sha256::sha256_hex;

/// What the lists say, as far as they can be read.
#[derive(Debug, Default)]
pub struct Integrity {
    /// The manifest.
    pub manifest: Option<Manifest>,
    /// Files that are there and not as listed.
    pub changed: BTreeSet<String>,
}

/// A line of `SHA256SUMS`.
struct SumLine<'a> {
    number: u64,
    sha256: &'a str,
}

/// Checks lists, files and signature.
pub fn check(files: &Files, signer: Option<&VerifyingKey>, report: &mut Report) -> Integrity {
    if files.len() > FILES_LIMIT {
        report.add_broken(MANIFEST, format!("a folder of {} files", files.len()), format!("at most {FILES_LIMIT}"));
    }
    check_signature(files, signer, report);
    let sums = read_sums(files, report);
    let manifest = read_manifest(files, report);
    let mut entries = BTreeMap::new();
    for entry in manifest.iter().flat_map(|manifest| &manifest.files) {
        if entries.insert(entry.path.as_str(), entry).is_some() {
            report.add_broken(MANIFEST, format!("{:?} is listed twice", entry.path), "each file once");
        }
    }
    let listed = files.keys().map(String::as_str).chain(entries.keys().copied()).chain(sums.keys().copied());
    let paths: BTreeSet<&str> = listed.filter(|path| *path != SUMS && *path != SIGNATURE).collect();
    let mut changed = BTreeSet::new();
    for path in paths {
        let lists = Lists { entry: entries.get(path).copied(), sum: sums.get(path), has_manifest: manifest.is_some() };
        if !check_file(path, files.get(path).map(Vec::as_slice), &lists, report) {
            changed.insert(path.to_owned());
        }
    }
    if let Some(manifest) = &manifest {
        check_manifest(manifest, &entries, report);
    }
    Integrity { manifest, changed }
}

fn check_signature(files: &Files, signer: Option<&VerifyingKey>, report: &mut Report) {
    let sums = files.get(SUMS).map_or(&[][..], Vec::as_slice);
    report.checked.signature = match (files.get(SIGNATURE), signer) {
        (None, None) => {
            let advice = "hashes show that it is as it was made, and not by whom";
            report.add_note(SIGNATURE, "the pack is not signed", advice);
            SignatureState::NotSigned
        }
        (None, Some(_)) => {
            report.add_broken(SIGNATURE, "the file is missing", "the signature of the key that was given");
            SignatureState::NotSigned
        }
        (Some(_), None) => {
            let advice = "give the signer's public key to have it checked";
            report.add_note(SIGNATURE, "there is a signature, and no key to check it with", advice);
            SignatureState::NotChecked
        }
        (Some(signature), Some(signer)) if signer.verifies(sums, signature) => SignatureState::Valid,
        (Some(signature), Some(_)) => {
            let found = match signature.len() {
                SIGNATURE_BYTES => "it does not fit SHA256SUMS and the key that was given".to_owned(),
                length => format!("{length} bytes"),
            };
            report.add_broken(SIGNATURE, found, "the Ed25519 signature of that key over SHA256SUMS, 64 bytes");
            SignatureState::Invalid
        }
    };
}

fn read_sums<'a>(files: &'a Files, report: &mut Report) -> BTreeMap<&'a str, SumLine<'a>> {
    let mut sums = BTreeMap::new();
    let Some(bytes) = files.get(SUMS) else {
        report.add_broken(SUMS, "the file is missing", "the hash of every file");
        return sums;
    };
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let parts = std::str::from_utf8(line).ok().and_then(|line| line.split_once("  "));
        let Some((sha256, path)) = parts.filter(|(sha256, path)| sha256.len() == 64 && !path.is_empty()) else {
            report.add_broken((SUMS, number), "no hash and path", "64 hexadecimal digits, two spaces and a path");
            continue;
        };
        if sums.insert(path, SumLine { number, sha256 }).is_some() {
            report.add_broken((SUMS, number), format!("{path:?} is listed twice"), "each file once");
        }
    }
    sums
}

fn read_manifest(files: &Files, report: &mut Report) -> Option<Manifest> {
    let Some(bytes) = files.get(MANIFEST) else {
        report.add_broken(MANIFEST, "the file is missing", "the list of the files");
        return None;
    };
    match serde_json::from_slice::<Manifest>(bytes) {
        Ok(manifest) => Some(manifest),
        Err(cause) => {
            report.add_broken(MANIFEST, cause.to_string(), format!("the manifest of a pack of form {FORMAT_VERSION}"));
            None
        }
    }
}

/// What the two lists say of one file.
struct Lists<'a> {
    entry: Option<&'a Entry>,
    sum: Option<&'a SumLine<'a>>,
    has_manifest: bool,
}

/// Whether a file is as its entry says, or its line where the manifest cannot say anything.
fn check_file(path: &str, bytes: Option<&[u8]>, lists: &Lists<'_>, report: &mut Report) -> bool {
    let is_in_manifest = path == MANIFEST || lists.entry.is_some() || !lists.has_manifest;
    let Some(bytes) = bytes else {
        let by = if lists.entry.is_some() { MANIFEST } else { SUMS };
        // A manifest that is missing was told.
        if path != MANIFEST {
            report.add_broken(path, "the file is missing", format!("a file, as {by} lists it"));
        }
        return false;
    };
    report.checked.files += 1;
    report.checked.bytes += bytes.len() as u64;
    if bytes.len() as u64 > FILE_BYTES_LIMIT {
        report.add_broken(path, format!("{} bytes", bytes.len()), format!("at most {FILE_BYTES_LIMIT}"));
        return false;
    }
    if !is_in_manifest && lists.sum.is_none() {
        report.add_broken(path, "the file was added", "no file that manifest.json does not list");
        return false;
    }
    let found = sha256_hex(bytes);
    let fits_entry = lists.entry.map(|entry| entry.sha256 == found && entry.bytes == bytes.len() as u64);
    let fits_sum = lists.sum.map(|sum| sum.sha256 == found);
    tell(path, (bytes.len(), &found), lists, (fits_entry, fits_sum), report);
    if !is_in_manifest {
        report.add_broken(MANIFEST, format!("it does not list {path}"), "every file, as SHA256SUMS lists it");
    }
    fits_entry.or(fits_sum).unwrap_or(false)
}

/// Of a file, its entry and its line, tells the odd one out; the file, where no two agree.
fn tell(
    path: &str,
    (bytes, found): (usize, &str),
    lists: &Lists<'_>,
    fits: (Option<bool>, Option<bool>),
    report: &mut Report,
) {
    let has = |found: &str| format!("{bytes} bytes with SHA-256 {found}");
    let of_entry = |entry: &Entry| format!("{} bytes with SHA-256 {}", entry.bytes, entry.sha256);
    let number = lists.sum.map_or(0, |sum| sum.number);
    let of_sum = lists.sum.map_or("", |sum| sum.sha256);
    match fits {
        (Some(true) | None, Some(true)) => (),
        (Some(true), Some(false)) => {
            let stated = format!("SHA-256 {of_sum} of {path}");
            report.add_broken((SUMS, number), stated, format!("{found}, which the file has and manifest.json lists"));
        }
        (Some(true), None) => report.add_broken(SUMS, format!("no line of {path}"), "a line of every file"),
        (Some(false), Some(true)) => {
            let stated = lists.entry.map(of_entry).unwrap_or_default();
            report.add_broken(MANIFEST, format!("{path} of {stated}"), format!("{}, as SHA256SUMS has it", has(found)));
        }
        (Some(false), _) => {
            report.add_broken(path, has(found), lists.entry.map(of_entry).unwrap_or_default());
        }
        (None, Some(false)) => {
            let expected = format!("SHA-256 {of_sum}, as SHA256SUMS line {number} has it: one of the two was changed");
            report.add_broken(path, has(found), expected);
        }
        (None, None) => report.add_broken(SUMS, format!("no line of {path}"), "a line of every file"),
    }
}

/// What the manifest says beside hashes and counts.
fn check_manifest(manifest: &Manifest, entries: &BTreeMap<&str, &Entry>, report: &mut Report) {
    if (manifest.format.as_str(), manifest.format_version) != (FORMAT, FORMAT_VERSION) {
        let found = format!("{:?} of form {}", manifest.format, manifest.format_version);
        report.add_broken(MANIFEST, found, format!("{FORMAT:?} of form {FORMAT_VERSION}"));
    }
    for path in ROW_FILES.into_iter().chain([README, PUBLIC_KEYS]) {
        if !entries.contains_key(path) {
            report.add_broken(MANIFEST, format!("it does not list {path}"), "every file that a pack has");
        }
    }
    for query in &manifest.queries {
        if entries.get(query.path.as_str()).is_none_or(|entry| entry.sha256 != query.sha256) {
            report.add_broken(MANIFEST, format!("query {:?} of another hash", query.path), "that of its file");
        }
    }
    for entry in entries.values() {
        let Some(object) = &entry.object else { continue };
        if [DIGESTS, LOG_FILES].into_iter().all(|folder| object_path(folder, object) != entry.path) {
            let expected = format!("the path that follows from its name, {}", object_path(DIGESTS, object));
            report.add_broken(MANIFEST, format!("object {object:?} in {:?}", entry.path), expected);
        }
    }
}
