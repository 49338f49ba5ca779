//! What was typed means this, checked. Nothing after this module looks at a flag.

mod can_delete;
mod compact;
mod connect;
#[cfg(feature = "live")]
mod connection;
#[cfg(all(feature = "s3", feature = "live"))]
mod doctor;
#[cfg(feature = "ballista")]
mod engine;
#[cfg(feature = "live")]
pub mod evaluate;
#[cfg(feature = "live")]
mod replace;
#[cfg(feature = "serve")]
pub mod serve;
mod span;

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use schemas::control::Verdict;

use crate::audit::Terms;
use crate::cli::{Audit, Global, Ingest, Query, Verify};
use crate::error::{Error, Result};
use crate::ingest::keep::Keep;
use crate::ingest::selection::Selection;
use crate::ingest::{IngestPlan, WORKER_MEMORY};
use crate::pack::{BadKey, SigningKey, Trust, VerifyingKey};
use crate::query::{Bindings, parse_time};
use crate::store::{Location, S3Options};
use crate::verification::VerifyPlan;
use crate::verify::PublicKeys;

/// Queries need this much to sort and join, however few the workers.
const LEAST_MEMORY: usize = 512 << 20;

impl Global {
    /// How to reach S3.
    pub fn s3_options(&self) -> S3Options {
        S3Options {
            endpoint_url: self.endpoint_url.clone(),
            profile: self.profile.clone(),
            region: self.region.clone(),
            request_payer: self.request_payer,
            allow_http_endpoint: self.allow_http_endpoint,
        }
    }

    /// The memory setting in bytes.
    pub fn memory_bytes(&self) -> Result<usize> {
        match &self.memory {
            None => Ok((cores() * WORKER_MEMORY).max(LEAST_MEMORY)),
            Some(text) => parse_size(text)
                .ok_or_else(|| misused("--memory", text, "a size such as 512MiB or 2GiB, 64MiB at least")),
        }
    }
}

/// What an ingest was asked for.
#[derive(Debug)]
pub struct CheckedIngest {
    /// Where from.
    pub sources: Vec<Location>,
    /// Where to.
    pub lake: Location,
    /// How.
    pub plan: IngestPlan,
}

impl Ingest {
    /// Checks what was typed.
    pub fn check(&self, memory_bytes: usize, now: DateTime<Utc>) -> Result<CheckedIngest> {
        let (from, to) =
            (maybe_time("--from", self.from.as_deref(), now)?, maybe_time("--to", self.to.as_deref(), now)?);
        if let (Some(from), Some(to)) = (from, to)
            && from >= to
        {
            return Err(Error::Misused(format!("--from {from} is not before --to {to}")));
        }
        let selection = Selection::new(
            ids("--accounts", &self.accounts)?,
            ids("--regions", &self.regions)?,
            from,
            to,
            self.late_days,
        );
        let orphan_age = humantime::parse_duration(&self.orphan_age)
            .map_err(|_| misused("--orphan-age", &self.orphan_age, "a span such as 1h"))?;
        if self.workers == Some(0) {
            return Err(misused("--workers", "0", "at least 1"));
        }
        Ok(CheckedIngest {
            sources: self.sources.iter().map(|source| Location::parse(source)).collect::<Result<_>>()?,
            lake: Location::parse(&self.lake.lake)?,
            plan: IngestPlan {
                selection,
                shard: self.shard,
                keep: Keep::parse(&self.events).expect("clap admits no other word"),
                workers: self.workers.unwrap_or_else(cores),
                memory_bytes,
                orphan_age,
            },
        })
    }
}

impl Audit {
    /// What to judge by.
    pub fn terms(&self, now: DateTime<Utc>) -> Result<Terms> {
        let as_of = maybe_time("--as-of", self.as_of.as_deref(), now)?;
        Ok(Terms { as_of, is_strict: self.strict, mandatory_tags: self.mandatory_tags.clone(), now })
    }

    /// The verdicts to show; all when none was named.
    pub fn shown(&self) -> Result<Vec<Verdict>> {
        verdicts(&self.verdicts)
    }
}

impl crate::cli::Explain {
    /// The instant to look back from.
    pub fn instant(&self, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
        Ok(maybe_time("--as-of", self.as_of.as_deref(), now)?.unwrap_or(now))
    }
}

impl crate::cli::Report {
    /// What to judge by.
    pub fn terms(&self, now: DateTime<Utc>) -> Result<Terms> {
        let as_of = maybe_time("--as-of", self.as_of.as_deref(), now)?;
        Ok(Terms { as_of, is_strict: self.strict, mandatory_tags: self.mandatory_tags.clone(), now })
    }

    /// The key to sign with.
    pub fn signing_key(&self) -> Result<Option<SigningKey>> {
        self.sign.as_deref().map(|path| read_key("--sign", path, SigningKey::from_pem)).transpose()
    }
}

impl Verify {
    /// What whoever checks a pack knows for certain.
    pub fn trust(&self) -> Result<Trust> {
        let public_keys = if self.public_keys.is_empty() { None } else { Some(public_keys(&self.public_keys)?) };
        let signer =
            self.signer.as_deref().map(|path| read_key("--signer", path, VerifyingKey::from_pem)).transpose()?;
        Ok(Trust { public_keys, signer })
    }

    /// Checks what was typed, and reads the keys.
    pub fn check(&self, now: DateTime<Utc>) -> Result<VerifyPlan> {
        let (from, to) =
            (maybe_time("--from", self.from.as_deref(), now)?, maybe_time("--to", self.to.as_deref(), now)?);
        if self.workers == Some(0) {
            return Err(misused("--workers", "0", "at least 1"));
        }
        Ok(VerifyPlan {
            // A digest ends up to an hour after the last log file that it lists, which may be the next day.
            selection: Selection::new(
                ids("--accounts", &self.accounts)?,
                ids("--regions", &self.regions)?,
                from,
                to,
                1,
            ),
            is_copy: self.copy,
            workers: self.workers.unwrap_or_else(cores),
        })
    }
}

fn verdicts(names: &[String]) -> Result<Vec<Verdict>> {
    let known = Verdict::ALL.map(Verdict::as_str).join(", ");
    let parse = |name: &String| Verdict::parse(name).ok_or_else(|| misused("--verdicts", name, &known));
    let named = names.iter().map(parse).collect::<Result<Vec<_>>>()?;
    Ok(if named.is_empty() { Verdict::ALL.to_vec() } else { named })
}

impl Query {
    /// Values for parameters.
    pub fn bindings(&self, now: DateTime<Utc>) -> Result<Bindings> {
        bindings([&self.since, &self.until, &self.as_of], &self.params, now)
    }
}

/// What `--since`, `--until`, `--as-of` and `--param` say.
fn bindings(times: [&Option<String>; 3], params: &[String], now: DateTime<Utc>) -> Result<Bindings> {
    let mut bindings = Bindings::default();
    let names = [("--since", "since"), ("--until", "until"), ("--as-of", "as_of")];
    for ((option, name), text) in names.into_iter().zip(times) {
        if let Some(at) = maybe_time(option, text.as_deref(), now)? {
            bindings.times.insert(name.to_owned(), at);
        }
    }
    for param in params {
        let (name, value) = param.split_once('=').ok_or_else(|| misused("--param", param, "name=value"))?;
        bindings.texts.insert(name.to_owned(), value.to_owned());
    }
    Ok(bindings)
}

fn read_key<K>(
    option: &str,
    path: &std::path::Path,
    parse: impl Fn(&str) -> std::result::Result<K, BadKey>,
) -> Result<K> {
    let refuse = |cause: String| Error::Misused(format!("{option} {}: {cause}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|cause| refuse(cause.to_string()))?;
    parse(&text).map_err(|cause| refuse(crate::error::chain(&cause)))
}

/// Reads the files of `--public-keys`.
pub fn public_keys(paths: &[PathBuf]) -> Result<PublicKeys> {
    let mut keys = PublicKeys::default();
    for path in paths {
        let refuse = |cause: String| Error::Misused(format!("--public-keys {}: {cause}", path.display()));
        let text = std::fs::read(path).map_err(|cause| refuse(cause.to_string()))?;
        keys.extend(PublicKeys::from_json(&text).map_err(|cause| refuse(crate::error::chain(&cause)))?);
    }
    Ok(keys)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn maybe_time(option: &str, text: Option<&str>, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
    text.map(|text| parse_time(text, now).map_err(|expected| Error::Misused(format!("{option} {text:?}: {expected}"))))
        .transpose()
}

fn ids<T: std::str::FromStr<Err = schemas::ids::InvalidId>>(option: &str, texts: &[String]) -> Result<Vec<T>> {
    texts.iter().map(|text| text.parse().map_err(|error| Error::Misused(format!("{option}: {error}")))).collect()
}

fn misused(option: &str, found: &str, expected: &str) -> Error {
    Error::Misused(format!("{option} {found:?}: expected {expected}"))
}

/// Reads a size; nothing below 64 MiB serves.
fn parse_size(text: &str) -> Option<usize> {
    parse_bytes(text).filter(|bytes| *bytes >= 64 << 20)
}

/// Reads `512MiB`, `2GiB`, `800MB`, `1000000`.
fn parse_bytes(text: &str) -> Option<usize> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: usize = match unit.trim() {
        "" | "B" => 1,
        "kB" | "KB" => 1000,
        "KiB" => 1 << 10,
        "MB" => 1_000_000,
        "MiB" => 1 << 20,
        "GB" => 1_000_000_000,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_typed() {
        for (text, expected) in [
            ("512MiB", Some(512 << 20)),
            ("2GiB", Some(2 << 30)),
            ("800 MB", Some(800_000_000)),
            ("100000000", Some(100_000_000)),
        ] {
            assert_eq!(parse_size(text), expected, "{text}");
        }
        for text in ["", "MiB", "1MiB", "12parsecs", "-1GiB", "99999999999999999999GiB"] {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }
}
