//! Do digest files vouch for the log files, as told?
//!
//! A digest file in the pack is verified as in its bucket, by its own signature or by the one that its successor holds
//! of it; the pack does not hold whole chains, so holes in them mean nothing here. What an object in a bucket is called
//! has to be what its digest file calls it; of a copy, what copying keeps.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::reading::Numbered;
use super::report::Report;
use crate::pack::manifest::{ALGORITHM, Entry, GENERATED, Manifest};
use crate::pack::names::object_path;
use crate::pack::rows::{Digest, Fact, Input, Row};
use crate::pack::{DIGESTS, Files, PUBLIC_KEYS, SIGNATURE_ENDING};
use crate::verify::{
    AttestedLog, DigestStatus, DigestVerdict, FetchedDigest, PublicKeys, SignatureMetadata, place, verify_chains,
};

/// The state that is proven again.
const ATTESTED: &str = "attested";

/// A digest file in the pack and what its check says.
struct Checked {
    verdict: DigestVerdict,
    /// By the log file's name, which copying keeps.
    attests: HashMap<String, Vec<AttestedLog>>,
}

/// Digest files in the pack by their names.
type ByName = BTreeMap<String, Checked>;

/// Why an attestation is not proven.
enum Unproven {
    /// The digest file is not in the pack.
    NotHere,
    /// It says otherwise.
    Refuted(String),
}

/// How a log file is found to be the one that a digest file lists.
#[derive(PartialEq)]
enum Proof {
    /// By bucket and key.
    InPlace,
    /// By what copying keeps.
    Copy,
}

/// Proves attestations again.
pub fn check(
    files: &Files,
    manifest: &Manifest,
    numbered: &Numbered,
    trusted: Option<&PublicKeys>,
    report: &mut Report,
) {
    let keys = keys(files, trusted, report);
    let wanted: HashSet<&str> = wanted(numbered).collect();
    let fetched: Vec<(String, FetchedDigest)> =
        manifest.files.iter().filter_map(|entry| fetch(files, entry, &wanted)).collect();
    let digests = verify(&fetched, &keys);
    report.checked.digests_valid =
        digests.values().filter(|checked| checked.verdict.status == DigestStatus::Valid).count() as u64;
    check_rows(&digests, numbered, report);
    check_facts(&digests, numbered, report);
    check_inputs(&digests, numbered, report);
    if trusted.is_none() && report.checked.digests_valid > 0 {
        let advice = "that they are CloudTrail's is certain only with keys that you had from AWS: \
                      give the output of aws cloudtrail list-public-keys";
        report.add_note(PUBLIC_KEYS, "digest files were verified with the pack's own keys", advice);
    }
}

fn keys(files: &Files, trusted: Option<&PublicKeys>, report: &mut Report) -> PublicKeys {
    let own = files.get(PUBLIC_KEYS).map(|bytes| PublicKeys::from_json(bytes));
    if let Some(Err(cause)) = &own {
        report.add_broken(PUBLIC_KEYS, cause.to_string(), "public keys as aws cloudtrail list-public-keys prints them");
    }
    let own = || own.and_then(Result::ok).unwrap_or_default();
    trusted.map_or_else(own, PublicKeys::clone)
}

/// The names of log files that are said to be attested: no other entry of a digest file is kept.
fn wanted(numbered: &Numbered) -> impl Iterator<Item = &str> {
    let facts = numbered.rows.facts.iter().map(|fact| (&fact.attestation, &fact.log_file));
    let inputs = numbered.rows.inputs.iter().map(|input| (&input.attestation, &input.log_file));
    facts.chain(inputs).filter(|(state, _)| *state == ATTESTED).map(|(_, log_file)| place::file_name(log_file))
}

/// A digest file of the pack by its name.
fn fetch(files: &Files, entry: &Entry, wanted: &HashSet<&str>) -> Option<(String, FetchedDigest)> {
    let name = entry.object.as_ref().filter(|name| object_path(DIGESTS, name) == entry.path)?;
    let bytes = files.get(&entry.path).map(Vec::as_slice).ok_or_else(|| "it is not in the pack".to_owned());
    let signature = files.get(&format!("{}{SIGNATURE_ENDING}", entry.path));
    let metadata = SignatureMetadata {
        signature: signature.map(|bytes| String::from_utf8_lossy(bytes).trim_end_matches('\n').to_owned()),
        signature_algorithm: entry.metadata.get(ALGORITHM).cloned(),
        backfill_generation_timestamp: entry.metadata.get(GENERATED).cloned(),
    };
    let mut fetched = FetchedDigest::new(None, name, bytes, metadata);
    if let Ok(digest) = &mut fetched.content {
        digest.log_files.retain(|log| wanted.contains(place::file_name(&log.object)));
        digest.log_files.shrink_to_fit();
    }
    Some((name.clone(), fetched))
}

/// Verifies them in their places, and those that do not hold there again as copies.
fn verify(fetched: &[(String, FetchedDigest)], keys: &PublicKeys) -> ByName {
    let mut names = HashMap::new();
    let in_place = fetched.iter().map(|(name, digest)| {
        let (bucket, key) = bucket_and_key(name);
        names.insert((bucket.map(str::to_owned), key.to_owned()), name);
        FetchedDigest { bucket: bucket.map(str::to_owned), key: key.to_owned(), ..digest.clone() }
    });
    let mut checked = ByName::new();
    for verdict in verdicts(in_place.collect(), keys) {
        if let Some(name) = names.get(&(verdict.bucket.clone(), verdict.key.clone())) {
            checked.insert((*name).clone(), Checked::of(verdict));
        }
    }
    let does_not_hold = |checked: &Checked| checked.verdict.bucket.is_some() && !checked.is_valid();
    if checked.values().any(does_not_hold) {
        let copies = fetched.iter().map(|(_, digest)| digest.clone()).collect();
        for verdict in verdicts(copies, keys).into_iter().filter(|verdict| verdict.status == DigestStatus::Valid) {
            match checked.get_mut(&verdict.key) {
                Some(checked) if does_not_hold(checked) => *checked = Checked::of(verdict),
                _ => (),
            }
        }
    }
    checked
}

/// The verdicts on digests that are there.
fn verdicts(digests: Vec<FetchedDigest>, keys: &PublicKeys) -> Vec<DigestVerdict> {
    // No digest that another one names is expected to be here.
    let chains = verify_chains(digests, keys, Some(DateTime::<Utc>::MAX_UTC));
    chains.into_iter().flat_map(|chain| chain.verdicts).collect()
}

/// `s3://bucket/key`, or the path of a copy.
fn bucket_and_key(name: &str) -> (Option<&str>, &str) {
    match name.strip_prefix("s3://").and_then(|name| name.split_once('/')) {
        Some((bucket, key)) => (Some(bucket), key),
        None => (None, name),
    }
}

impl Checked {
    fn of(mut verdict: DigestVerdict) -> Self {
        let mut attests: HashMap<String, Vec<AttestedLog>> = HashMap::new();
        for log in std::mem::take(&mut verdict.attests) {
            attests.entry(place::file_name(&log.object).to_owned()).or_default().push(log);
        }
        Self { verdict, attests }
    }

    fn is_valid(&self) -> bool {
        self.verdict.status == DigestStatus::Valid
    }

    /// What it says of a log file.
    fn find(&self, log_file: &str) -> Option<(Proof, &AttestedLog)> {
        let listed = self.attests.get(place::file_name(log_file))?;
        let (bucket, key) = bucket_and_key(log_file);
        let at = |bucket: Option<&str>| listed.iter().find(|log| place::is_at(bucket, key, &log.bucket, &log.object));
        let in_place = bucket.and_then(|bucket| at(Some(bucket))).map(|log| (Proof::InPlace, log));
        in_place.or_else(|| at(None).map(|log| (Proof::Copy, log)))
    }

    fn prove(&self, log_file: &str, sha256: Option<&str>) -> Result<Proof, String> {
        let DigestVerdict { status, reason, foreign_log_files, .. } = &self.verdict;
        if !self.is_valid() {
            return Err(format!("its digest file is {}: {reason}", status.as_str()));
        }
        let (proof, log) = self.find(log_file).ok_or_else(|| "its digest file does not list it".to_owned())?;
        if foreign_log_files.contains(&log.object) {
            return Err("it is of another account than its digest file".to_owned());
        }
        match (log.sha256(), sha256) {
            (Some(listed), Some(sha256)) if listed == sha256.to_ascii_lowercase() => Ok(proof),
            (listed, sha256) => {
                let text = |sha256: Option<&str>| sha256.unwrap_or("not told").to_owned();
                Err(format!("its SHA-256 is {}, and {} in its digest file", text(sha256), text(listed.as_deref())))
            }
        }
    }
}

fn prove(digests: &ByName, log_file: &str, sha256: Option<&str>, digest_file: Option<&str>) -> Result<Proof, Unproven> {
    let digest_file = digest_file.ok_or_else(|| Unproven::Refuted("no digest file is named".to_owned()))?;
    let checked = digests.get(digest_file).ok_or(Unproven::NotHere)?;
    checked.prove(log_file, sha256).map_err(Unproven::Refuted)
}

/// What is told of a digest file is what it is.
fn check_rows(digests: &ByName, numbered: &Numbered, report: &mut Report) {
    let mut told = HashSet::new();
    for (row, line) in numbered.rows.digests.iter().zip(&numbered.digest_lines) {
        told.insert(row.digest_file.as_str());
        let Some(checked) = digests.get(&row.digest_file) else { continue };
        let found = format!("{} is {} ({})", row.digest_file, row.status, row.reason);
        let again = format!("{}: {}", checked.verdict.status.as_str(), checked.verdict.reason);
        match (row.status == DigestStatus::Valid.as_str(), checked.is_valid()) {
            (true, false) => {
                report.add_broken((Digest::FILE, *line), found, format!("{again}, as its check says here"));
            }
            (false, true) => report.add_note((Digest::FILE, *line), found, format!("here its check says {again}")),
            _ => (),
        }
    }
    for name in digests.keys().filter(|name| !told.contains(name.as_str())) {
        report.add_broken(&object_path(DIGESTS, name), format!("digest file {name}"), "a digest file of digests.jsonl");
    }
}

fn check_facts(digests: &ByName, numbered: &Numbered, report: &mut Report) {
    let (mut copies, mut not_attested) = (0_u64, 0_u64);
    for (fact, line) in numbered.rows.facts.iter().zip(&numbered.fact_lines) {
        if fact.attestation != ATTESTED {
            not_attested += 1;
            continue;
        }
        let (sha256, digest_file) = (fact.log_file_sha256.as_deref(), fact.digest_file.as_deref());
        let why = match prove(digests, &fact.log_file, sha256, digest_file) {
            Ok(proof) => {
                report.checked.facts_proven += 1;
                copies += u64::from(proof == Proof::Copy);
                continue;
            }
            Err(Unproven::NotHere) => format!("its digest file {} is not in the pack", digest_file.unwrap_or_default()),
            Err(Unproven::Refuted(why)) => why,
        };
        let found = format!("{} is told to be attested, and {why}", fact.log_file);
        report.add_broken((Fact::FILE, *line), found, "a log file that a valid digest file lists with its hash");
    }
    if copies > 0 {
        let found = format!("{copies} cited records stand in copies of the log files that digest files list");
        report.add_note(
            Fact::FILE,
            found,
            "their hashes are the same; the digest files name where they were delivered",
        );
    }
    if not_attested > 0 {
        let found = format!("{not_attested} cited records stand in log files that nothing vouches for");
        report.add_note(Fact::FILE, found, "attestation_reason says why");
    }
}

/// Only what the digest files in the pack can tell.
fn check_inputs(digests: &ByName, numbered: &Numbered, report: &mut Report) {
    let (mut attested, mut not_here) = (0_u64, 0_u64);
    for (input, line) in numbered.rows.inputs.iter().zip(&numbered.input_lines) {
        if input.attestation != ATTESTED {
            continue;
        }
        attested += 1;
        match prove(digests, &input.log_file, input.sha256.as_deref(), input.digest_file.as_deref()) {
            Ok(_) => report.checked.log_files_proven += 1,
            Err(Unproven::NotHere) => not_here += 1,
            Err(Unproven::Refuted(why)) => {
                let found = format!("{} is told to be attested, and {why}", input.log_file);
                report.add_broken(
                    (Input::FILE, *line),
                    found,
                    "a log file that a valid digest file lists with its hash",
                );
            }
        }
    }
    if not_here > 0 {
        let found = format!("of {attested} attested log files, {not_here} have their digest files elsewhere");
        report.add_note(Input::FILE, found, "no cited record stands in them; verify the bucket to prove them too");
    }
}
