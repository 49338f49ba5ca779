//! Contents into files.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::contents::{Contents, DigestObject, LogFileObject, PublicKeyOf, Query};
use super::counts::{Counts, Rows};
use super::folder::Folder;
use super::manifest::{ALGORITHM, Entry, GENERATED, Manifest, QueryText, sums};
use super::rows::Row;
use super::{
    DIGESTS, FORMAT, FORMAT_VERSION, Files, LOG_FILES, MANIFEST, PUBLIC_KEYS, README, SIGNATURE_ENDING, SUMS,
    canonical, coverage, names,
};
use crate::sha256::sha256_hex;

/// What a pack says of itself, and how to check it without this program.
const README_TEXT: &str = include_str!("readme.txt");

/// Why contents make no pack: one name for two things.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} is given twice and is not the same: each object and query of a pack has one content")]
pub struct Contradiction {
    /// The object or query.
    pub name: String,
}

/// What the manifest tells of an object beside its length and hash.
#[derive(Default)]
struct Origin {
    object: Option<String>,
    metadata: BTreeMap<String, String>,
}

/// By path.
type Origins = BTreeMap<String, Origin>;

/// The files of a pack, all but the signature.
pub fn files(mut contents: Contents) -> Result<Files, Contradiction> {
    leave_folder(&mut contents);
    let Contents { tool, as_of, is_strict, mut controls, queries, .. } = contents;
    let mut rows = Rows {
        verdicts: contents.verdicts,
        facts: contents.facts,
        records: contents.records,
        inputs: contents.inputs,
        coverage: coverage::ranges(contents.coverage),
        digests: contents.digests,
        set_aside: contents.set_aside,
    };
    let mut files = Files::from([(README.to_owned(), README_TEXT.as_bytes().to_vec())]);
    enter_rows(&mut files, &mut rows);
    files.insert(PUBLIC_KEYS.to_owned(), public_keys(contents.public_keys).into_bytes());
    let queries = enter_queries(&mut files, once(queries, |query| &query.name)?);
    let mut origins = Origins::new();
    enter_digests(&mut files, &mut origins, once(contents.digest_objects, |object| &object.digest_file)?);
    enter_log_files(&mut files, &mut origins, once(contents.log_files, |object| &object.log_file)?);
    controls.sort();
    controls.dedup();
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        format_version: FORMAT_VERSION,
        tool,
        as_of,
        strict: is_strict,
        controls,
        counts: Counts::of(&rows),
        queries,
        files: entries(&files, origins),
    };
    files.insert(MANIFEST.to_owned(), canonical::page(&manifest).into_bytes());
    let sums = sums(&files);
    files.insert(SUMS.to_owned(), sums.into_bytes());
    Ok(files)
}

/// Takes the folder that log files were read from out of everything.
fn leave_folder(contents: &mut Contents) {
    let folder = Folder::of(object_names(contents));
    contents.verdicts.iter_mut().for_each(|row| row.leave(&folder));
    contents.facts.iter_mut().for_each(|row| row.leave(&folder));
    contents.records.iter_mut().for_each(|row| row.leave(&folder));
    contents.inputs.iter_mut().for_each(|row| row.leave(&folder));
    contents.digests.iter_mut().for_each(|row| row.leave(&folder));
    contents.set_aside.iter_mut().for_each(|row| row.leave(&folder));
    contents.digest_objects.iter_mut().for_each(|object| folder.leave_name(&mut object.digest_file));
    contents.log_files.iter_mut().for_each(|object| folder.leave_name(&mut object.log_file));
}

fn object_names(contents: &Contents) -> impl Iterator<Item = &str> {
    let log_files = contents.inputs.iter().map(|row| &row.log_file);
    let log_files = log_files.chain(contents.facts.iter().map(|row| &row.log_file));
    let log_files = log_files.chain(contents.records.iter().map(|row| &row.log_file));
    let log_files = log_files.chain(contents.set_aside.iter().map(|row| &row.log_file));
    let log_files = log_files.chain(contents.log_files.iter().map(|object| &object.log_file));
    let digests = contents.digests.iter().map(|row| &row.digest_file);
    let digests = digests.chain(contents.digest_objects.iter().map(|object| &object.digest_file));
    log_files.chain(digests).map(String::as_str)
}

/// Sorts the rows, drops those told twice and writes them.
fn enter_rows(files: &mut Files, rows: &mut Rows) {
    enter(files, &mut rows.verdicts);
    enter(files, &mut rows.facts);
    enter(files, &mut rows.records);
    enter(files, &mut rows.inputs);
    enter(files, &mut rows.coverage);
    enter(files, &mut rows.digests);
    enter(files, &mut rows.set_aside);
}

fn enter<R: Row>(files: &mut Files, rows: &mut Vec<R>) {
    let with_line = |row: R| {
        let line = row.line();
        (row, line)
    };
    let mut lines: Vec<(R, String)> = rows.drain(..).map(with_line).collect();
    lines.sort_by(|(a, a_line), (b, b_line)| a.order().cmp(&b.order()).then_with(|| a_line.cmp(b_line)));
    lines.dedup_by(|(_, a), (_, b)| a == b);
    let mut text = String::with_capacity(lines.iter().map(|(_, line)| line.len() + 1).sum());
    for (row, line) in lines {
        text.push_str(&line);
        text.push('\n');
        rows.push(row);
    }
    files.insert(R::FILE.to_owned(), text.into_bytes());
}

/// What `aws cloudtrail list-public-keys` prints.
fn public_keys(mut keys: Vec<PublicKeyOf>) -> String {
    keys.sort();
    keys.dedup();
    let listed = |key: &PublicKeyOf| {
        json!({
            "Value": STANDARD.encode(&key.der),
            "ValidityStartTime": key.valid_from.as_ref().map(canonical::time_text),
            "ValidityEndTime": key.valid_until.as_ref().map(canonical::time_text),
            "Fingerprint": key.fingerprint,
        })
    };
    canonical::page(&json!({"PublicKeyList": keys.iter().map(listed).collect::<Vec<_>>()}))
}

fn enter_queries(files: &mut Files, queries: BTreeMap<String, Query>) -> Vec<QueryText> {
    let mut texts = Vec::with_capacity(queries.len());
    for (name, Query { text, .. }) in queries {
        let (path, bytes) = (names::query_path(&name), text.into_bytes());
        texts.push(QueryText { path: path.clone(), sha256: sha256_hex(&bytes) });
        files.insert(path, bytes);
    }
    texts.sort();
    texts
}

fn enter_digests(files: &mut Files, origins: &mut Origins, objects: BTreeMap<String, DigestObject>) {
    for (name, DigestObject { bytes, metadata, .. }) in objects {
        let path = names::object_path(DIGESTS, &name);
        if let Some(signature) = metadata.signature {
            files.insert(format!("{path}{SIGNATURE_ENDING}"), format!("{signature}\n").into_bytes());
        }
        let named = [(ALGORITHM, metadata.signature_algorithm), (GENERATED, metadata.backfill_generation_timestamp)];
        let metadata = named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        files.insert(path.clone(), bytes);
        origins.insert(path, Origin { object: Some(name), metadata });
    }
}

fn enter_log_files(files: &mut Files, origins: &mut Origins, objects: BTreeMap<String, LogFileObject>) {
    for (name, LogFileObject { bytes, .. }) in objects {
        let path = names::object_path(LOG_FILES, &name);
        files.insert(path.clone(), bytes);
        origins.insert(path, Origin { object: Some(name), metadata: BTreeMap::new() });
    }
}

/// By name. The same one may be given more than once, since more than one record cites it.
fn once<T: PartialEq>(given: Vec<T>, name: impl Fn(&T) -> &String) -> Result<BTreeMap<String, T>, Contradiction> {
    let mut all: BTreeMap<String, T> = BTreeMap::new();
    for one in given {
        match all.get(name(&one)) {
            Some(other) if *other != one => return Err(Contradiction { name: name(&one).clone() }),
            Some(_) => (),
            None => _ = all.insert(name(&one).clone(), one),
        }
    }
    Ok(all)
}

fn entries(files: &Files, mut origins: Origins) -> Vec<Entry> {
    let entry = |(path, bytes): (&String, &Vec<u8>)| {
        let Origin { object, metadata } = origins.remove(path).unwrap_or_default();
        Entry { object, metadata, ..Entry::of(path, bytes) }
    };
    files.iter().map(entry).collect()
}

#[cfg(test)]
mod tests;
