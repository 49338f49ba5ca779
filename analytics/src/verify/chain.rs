//! The digests of a chain, judged from the newest to the oldest.
//!
//! Every digest that is listed is judged, linked or not: a deleted or damaged one hides nothing that is older. What a
//! digest says of the one before it is kept until that one's turn, since it may be all that a copy has for a
//! signature.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};

use super::digest::{Digest, PreviousDigest};
use super::digest_key::{ChainKey, DigestKey};
use super::fetched::FetchedDigest;
use super::place;
use super::public_key::PublicKeys;
use super::report::{ChainReport, DigestStatus, DigestVerdict, Gap, Outcome, time_text};
use super::signature::{Claim, judge};

/// Verifies digests of any number of chains, each by itself, in the order of their keys.
pub fn verify_chains(
    digests: Vec<FetchedDigest>,
    keys: &PublicKeys,
    listed_since: Option<DateTime<Utc>>,
) -> Vec<ChainReport> {
    let mut chains: BTreeMap<Option<ChainKey>, Vec<FetchedDigest>> = BTreeMap::new();
    for digest in digests {
        chains.entry(DigestKey::parse(&digest.key).map(|key| key.chain)).or_default().push(digest);
    }
    chains.into_values().map(|digests| verify_chain(digests, keys, listed_since)).collect()
}

/// Verifies the digests of one chain, given in any order. One that ended before `listed_since` is not expected to be
/// among them; `None` expects every digest that another one names.
pub fn verify_chain(
    mut digests: Vec<FetchedDigest>,
    keys: &PublicKeys,
    listed_since: Option<DateTime<Utc>>,
) -> ChainReport {
    digests.sort_by_cached_key(|digest| Reverse(rank(digest)));
    let chain = digests.first().and_then(|digest| DigestKey::parse(&digest.key)).map(|key| key.chain);
    let mut walk = Walk::new(&digests, listed_since);
    walk.judge_all(keys);
    let Walk { outcomes, missing, mut gaps, .. } = walk;
    let mut verdicts = missing;
    verdicts.extend(digests.into_iter().zip(outcomes).map(|(digest, outcome)| verdict(digest, outcome)));
    verdicts.sort_by(|a, b| (a.ended_at, &a.key, &a.bucket).cmp(&(b.ended_at, &b.key, &b.bucket)));
    gaps.sort();
    ChainReport { chain, verdicts, gaps }
}

/// What orders digests, down to what tells two copies of one name apart.
fn rank(digest: &FetchedDigest) -> (Option<DateTime<Utc>>, String, Option<String>, String, Option<String>) {
    let content = match &digest.content {
        Ok(content) => content.sha256.clone(),
        Err(unusable) => unusable.to_string(),
    };
    let signature = digest.metadata.signature.clone();
    (digest.ended_at(), digest.key.clone(), digest.bucket.clone(), content, signature)
}

/// The way from the newest digest to the oldest, and what is found on it.
struct Walk<'a> {
    /// Newest first.
    digests: &'a [FetchedDigest],
    ended_at: Vec<Option<DateTime<Utc>>>,
    /// Indices by the file's name, which copying keeps.
    by_name: HashMap<&'a str, Vec<usize>>,
    listed_since: Option<DateTime<Utc>>,
    /// What newer digests say of each.
    claims: Vec<Vec<Claim<'a>>>,
    /// Of those judged so far.
    outcomes: Vec<Outcome>,
    missing: Vec<DigestVerdict>,
    gaps: Vec<Gap>,
}

impl<'a> Walk<'a> {
    fn new(digests: &'a [FetchedDigest], listed_since: Option<DateTime<Utc>>) -> Self {
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, digest) in digests.iter().enumerate() {
            by_name.entry(place::file_name(&digest.key)).or_default().push(index);
        }
        Self {
            digests,
            ended_at: digests.iter().map(FetchedDigest::ended_at).collect(),
            by_name,
            listed_since,
            claims: vec![Vec::new(); digests.len()],
            outcomes: Vec::with_capacity(digests.len()),
            missing: Vec::new(),
            gaps: Vec::new(),
        }
    }

    fn judge_all(&mut self, keys: &PublicKeys) {
        for (index, fetched) in self.digests.iter().enumerate() {
            let outcome = judge(fetched, &self.claims[index], keys);
            let status = outcome.status;
            self.outcomes.push(outcome);
            let Ok(digest) = &fetched.content else { continue };
            match &digest.previous {
                Some(previous) => self.look_before(index, digest, previous, status),
                None if status == DigestStatus::Valid => self.begin(index, digest),
                None => (),
            }
        }
    }

    /// Notes what the digest says of the one before it, and whether that one is there.
    fn look_before(&mut self, index: usize, digest: &'a Digest, previous: &'a PreviousDigest, status: DigestStatus) {
        let found = self.find(previous);
        if let Some(signature) = digest.previous_signature.as_deref() {
            for &at in &found {
                self.claims[at].push(Claim { signature, by: &self.digests[index].key, status });
            }
        }
        // An invalid digest may name what never was.
        if found.is_empty() && status != DigestStatus::Invalid {
            self.miss(index, digest, previous);
        }
    }

    /// The digests that are the named one: several where there are several copies.
    fn find(&self, previous: &PreviousDigest) -> Vec<usize> {
        let is_named = |&index: &usize| {
            let FetchedDigest { bucket, key, .. } = &self.digests[index];
            place::is_at(bucket.as_deref(), key, &previous.bucket, &previous.object)
        };
        let same_name = self.by_name.get(place::file_name(&previous.object));
        same_name.into_iter().flatten().copied().filter(is_named).collect()
    }

    fn miss(&mut self, index: usize, digest: &Digest, previous: &PreviousDigest) {
        let ended_at = DigestKey::parse(&previous.object).map_or(digest.started_at, |key| key.ended_at);
        let is_known = |seen: &DigestVerdict| {
            seen.key == previous.object && seen.bucket.as_deref() == Some(previous.bucket.as_str())
        };
        if self.listed_since.is_some_and(|since| ended_at < since) || self.missing.iter().any(is_known) {
            return;
        }
        let started_at = self.older(index).map(|(_, ended_at)| ended_at).filter(|&from| from < digest.started_at);
        let since = started_at.map(|from| format!("from {} ", time_text(from)));
        self.missing.push(DigestVerdict {
            bucket: Some(previous.bucket.clone()),
            key: previous.object.clone(),
            status: DigestStatus::Missing,
            reason: format!(
                "{} names it as the digest before it, and it is not there: \
                 log files delivered {}until {} are not vouched for",
                self.digests[index].key,
                since.unwrap_or_default(),
                time_text(digest.started_at)
            ),
            started_at,
            ended_at: Some(digest.started_at),
            public_key_fingerprint: None,
            attests: Vec::new(),
            foreign_log_files: Vec::new(),
        });
    }

    /// Notes the gap before a digest that begins a chain anew.
    fn begin(&mut self, index: usize, digest: &Digest) {
        if let Some((older, from)) = self.older(index)
            && from < digest.started_at
        {
            let key = |index: usize| self.digests[index].key.clone();
            self.gaps.push(Gap { from, until: digest.started_at, before: key(older), after: key(index) });
        }
    }

    /// The next digest that ended earlier, and when.
    fn older(&self, index: usize) -> Option<(usize, DateTime<Utc>)> {
        let end = self.ended_at[index];
        (index + 1..self.digests.len())
            .filter(|&older| self.ended_at[older] < end)
            .find_map(|older| self.ended_at[older].map(|ended_at| (older, ended_at)))
    }
}

fn verdict(digest: FetchedDigest, outcome: Outcome) -> DigestVerdict {
    let named = digest.ended_at();
    let Outcome { status, reason } = outcome;
    let content = digest.content.ok();
    // What an invalid digest says of its hour means nothing.
    let said = content.as_ref().filter(|_| status != DigestStatus::Invalid);
    let mut verdict = DigestVerdict {
        bucket: digest.bucket,
        key: digest.key,
        status,
        reason,
        started_at: said.map(|content| content.started_at),
        ended_at: said.map(|content| content.ended_at).or(named),
        public_key_fingerprint: content.as_ref().map(|content| content.public_key_fingerprint.clone()),
        attests: Vec::new(),
        foreign_log_files: Vec::new(),
    };
    if let (DigestStatus::Valid, Some(content)) = (status, content) {
        verdict.foreign_log_files = content.foreign_log_files().map(|log| log.object.clone()).collect();
        verdict.attests = content.log_files;
    }
    verdict
}

#[cfg(test)]
mod tests;
