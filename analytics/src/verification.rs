//! One check of a source: its digest files, and every log file against what they say.

mod keys;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use futures::StreamExt;
use rayon::prelude::*;

use crate::error::{Error, Result, chain};
use crate::ingest::decode::Decoder;
use crate::ingest::object_key::ObjectKey;
use crate::ingest::selection::Selection;
use crate::progress::Progress;
use crate::store::{Choice, Fetched, Listed, Listing, Source};
use crate::verify::{
    Attestation, AttestedLogs, ChainReport, DigestStatus, FetchedDigest, Found, PublicKeys, SignatureMetadata,
    attestation, verify_chains,
};

pub use keys::Keys;

/// Digest files under way at once.
const DIGESTS_AHEAD: usize = 32;
/// Log files that one worker takes at a time.
const LOG_FILES_EACH: usize = 64;
/// Objects fetched and not yet hashed, for each worker.
const AHEAD_BYTES: usize = 16 << 20;
/// A document is hashed through a window of this size, whatever its length.
const WINDOW_BYTES: usize = 1 << 20;

/// What to check, and with what.
#[derive(Debug)]
pub struct VerifyPlan {
    /// Which files.
    pub selection: Selection,
    /// The source is a copy: the paths inside its digests name another bucket.
    pub is_copy: bool,
    /// Threads that hash.
    pub workers: usize,
}

/// What came of it.
#[derive(Debug)]
pub struct Verification {
    /// Each chain of digest files.
    pub chains: Vec<ChainReport>,
    /// Each log file that was listed or should have been, by name.
    pub log_files: Vec<CheckedLogFile>,
    /// Why the keys of a Region could not be had.
    pub without_keys: Vec<String>,
}

/// A log file and what can be said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedLogFile {
    /// `s3://bucket/key`, or its path; of a missing one, where its digest says that it should be.
    pub log_file: String,
    /// Whether it is as delivered.
    pub attestation: Attestation,
    /// The key of the digest that lists it.
    pub digest: Option<String>,
}

/// Checks a source.
pub async fn verify(
    source: Source,
    plan: &VerifyPlan,
    keys: &Keys<'_>,
    now: DateTime<Utc>,
    progress: &Progress,
) -> Result<Verification> {
    let spinner = progress.listing();
    let listing = source.list(Choice::all(&plan.selection), &|objects| spinner.set(objects)).await;
    spinner.finish();
    let Listing { mut log_files, digests, .. } = listing?;
    log_files.sort_by(|a, b| a.key.cmp(&b.key));
    let source = Arc::new(source);
    let bucket = source.bucket().filter(|_| !plan.is_copy).map(str::to_owned);
    let (keys, without_keys) = keys.of(&digests, now).await;
    let mut chains = check_digests(&source, bucket.as_deref(), digests, &keys, &plan.selection).await;
    // The first digest of a day lists log files of the day before: where those were not asked for, they are not missing.
    for verdict in chains.iter_mut().flat_map(|chain| &mut chain.verdicts) {
        verdict.attests.retain(|log| plan.selection.admits(&ObjectKey::parse(&log.object)));
    }
    let log_files = check_log_files(&source, bucket.as_deref(), &log_files, &chains, plan.workers, progress)?;
    Ok(Verification { chains, log_files, without_keys })
}

/// Fetches digest files and checks their chains. The first names a predecessor, which is not missing where it was not
/// asked for.
pub(crate) async fn check_digests(
    source: &Source,
    bucket: Option<&str>,
    digests: Vec<Listed>,
    keys: &PublicKeys,
    selection: &Selection,
) -> Vec<ChainReport> {
    let fetch = |listed: Listed| async move {
        let fetched = source.fetch_with_metadata(&listed).await;
        let (object, metadata) = match &fetched {
            Ok((bytes, metadata)) => (Ok(bytes.as_ref()), metadata.as_slice()),
            Err(cause) => (Err(chain(cause.as_ref())), [].as_slice()),
        };
        let metadata = metadata.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        FetchedDigest::new(bucket, &listed.key, object, SignatureMetadata::of(metadata))
    };
    let fetched: Vec<FetchedDigest> =
        futures::stream::iter(digests).map(fetch).buffer_unordered(DIGESTS_AHEAD).collect().await;
    let mut chains = verify_chains(fetched, keys, None);
    for chain in &mut chains {
        let is_asked_for = |key: &str| selection.admits(&ObjectKey::parse(key));
        chain.verdicts.retain(|verdict| verdict.status != DigestStatus::Missing || is_asked_for(&verdict.key));
    }
    chains
}

fn check_log_files(
    source: &Arc<Source>,
    bucket: Option<&str>,
    listed: &[Listed],
    chains: &[ChainReport],
    workers: usize,
    progress: &Progress,
) -> Result<Vec<CheckedLogFile>> {
    let attested = AttestedLogs::of(chains);
    let bar = progress.reading(listed.len() as u64, listed.iter().map(|file| file.bytes).sum());
    let (checked, met) = (Mutex::new(Vec::new()), Mutex::new(HashSet::new()));
    let portions: Vec<Arc<Vec<Listed>>> = listed.chunks(LOG_FILES_EACH).map(|some| Arc::new(some.to_vec())).collect();
    let threads = rayon::ThreadPoolBuilder::new()
        .num_threads(workers)
        .build()
        .map_err(|cause| Error::Output { what: "a pool of workers".to_owned(), source: cause.into() })?;
    let check = |portion: Arc<Vec<Listed>>| {
        let mut decoder = Decoder::new(WINDOW_BYTES);
        source.fetch(portion, AHEAD_BYTES).each(&mut |file, fetched| {
            let vouched = attested.expected(bucket, &file.key);
            // What no digest lists need not be hashed.
            let found = vouched.map_or(Found::NotHashed, |_| found(&mut decoder, file, fetched));
            let met_here = vouched.map(|vouched| (vouched.log.bucket.clone(), vouched.log.object.clone()));
            met.lock().expect("no worker panics while it holds this").extend(met_here);
            checked.lock().expect("no worker panics while it holds this").push(CheckedLogFile {
                log_file: file.log_file.clone(),
                attestation: attestation(vouched.map(|vouched| vouched.log), found),
                digest: vouched.map(|vouched| vouched.digest.key.clone()),
            });
            bar.file_done(file.bytes);
        });
    };
    tokio::task::block_in_place(|| threads.install(|| portions.into_par_iter().with_max_len(1).for_each(check)));
    bar.finish();
    let mut checked = checked.into_inner().expect("no worker panics while it holds this");
    let met = met.into_inner().expect("no worker panics while it holds this");
    checked.extend(missing(chains, &met));
    checked.sort_by(|a, b| a.log_file.cmp(&b.log_file));
    Ok(checked)
}

fn found(decoder: &mut Decoder, file: &Listed, fetched: Fetched) -> Found {
    let object = match fetched {
        Ok(object) => object,
        Err(cause) => return Found::Unreadable(chain(cause.as_ref())),
    };
    match decoder.sha256(&file.key, &object) {
        Ok(hash) => Found::Sha256(hash),
        Err(damage) => Found::Unreadable(damage.to_string()),
    }
}

/// The log files that valid digests list and the listing did not show.
fn missing(chains: &[ChainReport], met: &HashSet<(String, String)>) -> Vec<CheckedLogFile> {
    let digests = chains.iter().flat_map(|chain| &chain.verdicts);
    let logs = digests.flat_map(|digest| digest.attests.iter().map(move |log| (digest, log)));
    let is_missing = |log: &crate::verify::AttestedLog| !met.contains(&(log.bucket.clone(), log.object.clone()));
    logs.filter(|(_, log)| is_missing(log))
        .map(|(digest, log)| CheckedLogFile {
            log_file: format!("s3://{}/{}", log.bucket, log.object),
            attestation: attestation(Some(log), Found::Missing),
            digest: Some(digest.key.clone()),
        })
        .collect()
}
