//! One digest: its place, algorithm, key and signature.
//!
//! A signature proves itself: whoever hands it over, one that fits the public key and the content was made by
//! CloudTrail over that content. So a copy without metadata is held against what its successors hold, even one that
//! cannot be verified itself; only what a failure means depends on who handed the signature over.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::digest::Digest;
use super::digest_key::DigestKey;
use super::fetched::{FetchedDigest, Unusable};
use super::place;
use super::public_key::{BadSignature, PublicKey, PublicKeys};
use super::report::{DigestStatus, Outcome, time_text};

/// The one algorithm that CloudTrail signs with.
const ALGORITHM: &str = "SHA256withRSA";
/// A digest is signed at its end or a little later.
const SIGNED_AFTER_END: TimeDelta = TimeDelta::hours(2);
/// A backfill digest is signed about its generation timestamp.
const SIGNED_AROUND_BACKFILL: TimeDelta = TimeDelta::hours(1);

/// A time, both ends included.
type Period = (DateTime<Utc>, DateTime<Utc>);

/// What a newer digest says is a digest's signature.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim<'a> {
    pub signature: &'a str,
    /// The newer digest's key.
    pub by: &'a str,
    /// What is known of the newer digest.
    pub status: DigestStatus,
}

/// Judges a digest, given what newer ones say of it.
pub(super) fn judge(fetched: &FetchedDigest, claims: &[Claim<'_>], keys: &PublicKeys) -> Outcome {
    examine(fetched, claims, keys).map_or_else(|fault| fault, Outcome::valid)
}

/// Why the digest is valid, or why it is not.
fn examine(fetched: &FetchedDigest, claims: &[Claim<'_>], keys: &PublicKeys) -> Result<String, Outcome> {
    let digest = fetched.content.as_ref().map_err(unusable)?;
    check_place(fetched, digest)?;
    check_algorithm(fetched, digest)?;
    check_agreement(fetched, claims)?;
    let period = signing_period(fetched, digest)?;
    let signed_by = |keys: &[&PublicKey], signature: &str| {
        let message = digest.string_to_sign();
        let tried = keys.iter().map(|key| key.verify(&message, signature));
        tried.reduce(Result::or).unwrap_or(Err(BadSignature::DoesNotFit))
    };
    let fingerprint = &digest.public_key_fingerprint;
    if let Some(signature) = &fetched.metadata.signature {
        let keys = known_keys(fetched, digest, period, keys)?;
        return match signed_by(&keys, signature) {
            Ok(()) => Ok(format!("signed with public key {fingerprint}")),
            Err(fault) => Err(Outcome::invalid(format!("{fault}: it was changed or forged"))),
        };
    }
    if claims.is_empty() {
        return Err(Outcome::unverifiable(
            "it carries no signature, as copies do not, and no newer digest here holds one of it",
        ));
    }
    let keys = known_keys(fetched, digest, period, keys)?;
    match claims.iter().find(|claim| signed_by(&keys, claim.signature).is_ok()) {
        Some(Claim { by, .. }) => Ok(format!("signed with public key {fingerprint}, by the signature in {by}")),
        None => Err(no_claim_fits(claims)),
    }
}

fn unusable(unusable: &Unusable) -> Outcome {
    match unusable {
        Unusable::Damaged(_) => Outcome::invalid(unusable.to_string()),
        Unusable::Unread(_) => Outcome::unverifiable(unusable.to_string()),
    }
}

fn check_place(fetched: &FetchedDigest, digest: &Digest) -> Result<(), Outcome> {
    let Digest { bucket, object, .. } = digest;
    if place::is_at(fetched.bucket.as_deref(), &fetched.key, bucket, object) {
        return Ok(());
    }
    Err(Outcome::invalid(format!("it has been moved from its original location s3://{bucket}/{object}")))
}

fn check_algorithm(fetched: &FetchedDigest, digest: &Digest) -> Result<(), Outcome> {
    let metadata = &fetched.metadata;
    if metadata.signature.is_some() && metadata.signature_algorithm.is_none() {
        return Err(Outcome::invalid("its metadata holds signature, but not signature-algorithm"));
    }
    let named = metadata.signature_algorithm.iter().chain(&digest.signature_algorithm);
    match named.into_iter().find(|algorithm| *algorithm != ALGORITHM) {
        Some(other) => Err(Outcome::invalid(format!("its signature algorithm is {other:?}, not {ALGORITHM}"))),
        None => Ok(()),
    }
}

/// What its metadata and a valid newer digest say of the signature has to be the same.
fn check_agreement(fetched: &FetchedDigest, claims: &[Claim<'_>]) -> Result<(), Outcome> {
    let Some(signature) = &fetched.metadata.signature else { return Ok(()) };
    let differs =
        |claim: &&Claim<'_>| claim.status == DigestStatus::Valid && !claim.signature.eq_ignore_ascii_case(signature);
    match claims.iter().find(differs) {
        Some(Claim { by, .. }) => {
            Err(Outcome::invalid(format!("its signature is not the one that the valid digest {by} holds of it")))
        }
        None => Ok(()),
    }
}

/// When the digest can have been signed; `None` = unknown.
fn signing_period(fetched: &FetchedDigest, digest: &Digest) -> Result<Option<Period>, Outcome> {
    if !DigestKey::parse(&fetched.key).is_some_and(|key| key.chain.is_backfill) {
        return Ok(Some((digest.started_at, digest.ended_at + SIGNED_AFTER_END)));
    }
    match &fetched.metadata.backfill_generation_timestamp {
        Some(text) => Ok(generation_time(text).map(|at| (at - SIGNED_AROUND_BACKFILL, at + SIGNED_AROUND_BACKFILL))),
        None if fetched.metadata.signature.is_none() => Ok(None),
        None => Err(Outcome::invalid("its metadata holds signature, but not backfill-generation-timestamp")),
    }
}

/// Which form the timestamp has is not documented.
fn generation_time(text: &str) -> Option<DateTime<Utc>> {
    let compact = || NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%SZ").ok().map(|at| at.and_utc());
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc()).or_else(compact)
}

/// The keys that the digest names and that were in use then.
fn known_keys<'k>(
    fetched: &FetchedDigest,
    digest: &Digest,
    period: Option<Period>,
    keys: &'k PublicKeys,
) -> Result<Vec<&'k PublicKey>, Outcome> {
    let named = keys.named(&digest.public_key_fingerprint);
    let in_use = |key: &&PublicKey| period.is_none_or(|(from, until)| key.is_valid_within(from, until));
    let usable: Vec<&PublicKey> = named.iter().filter(in_use).collect();
    if !usable.is_empty() {
        return Ok(usable);
    }
    let found = if named.is_empty() { "is not among those given" } else { "was not in use when it was signed" };
    let region = DigestKey::parse(&fetched.key).map(|key| format!(" --region {}", key.chain.aws_region));
    let (from, until) = period.unwrap_or((digest.started_at, digest.ended_at));
    Err(Outcome::unverifiable(format!(
        "public key {} {found}; aws cloudtrail list-public-keys{} --start-time {} --end-time {} prints the right ones",
        digest.public_key_fingerprint,
        region.unwrap_or_default(),
        time_text(from),
        time_text(until),
    )))
}

/// A copy that fits no signature that newer digests hold of it.
fn no_claim_fits(claims: &[Claim<'_>]) -> Outcome {
    let by = |status: DigestStatus| claims.iter().find(|claim| claim.status == status).map(|claim| claim.by);
    if let Some(by) = by(DigestStatus::Valid) {
        Outcome::invalid(format!("the signature that the valid digest {by} holds of it does not fit: it was changed"))
    } else if let Some(by) = by(DigestStatus::Unverifiable) {
        Outcome::invalid(format!("the signature that {by} holds of it does not fit: one of the two was changed"))
    } else {
        Outcome::unverifiable("it carries no signature, as copies do not, and only invalid digests hold one of it")
    }
}
