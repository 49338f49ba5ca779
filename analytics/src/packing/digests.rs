//! The digest files that vouch for the cited records, and the keys that signed them.

use std::collections::{BTreeSet, HashMap};

use arrow::array::{Array, AsArray};

use super::Packing;
use super::objects::Objects;
use crate::error::{Result, chain};
use crate::ingest::object_key::ObjectKey;
use crate::pack::{DigestObject, Fact, PublicKeyOf};
use crate::query::Engine;
use crate::store::Listed;
use crate::verify::{Digest, SignatureMetadata};

const NAME: &str = "the digest files of a pack";

/// Digest files, keys, and what could not be had.
#[derive(Default)]
pub struct Digests {
    /// As they are stored.
    pub objects: Vec<DigestObject>,
    /// Those that signed them.
    pub keys: Vec<PublicKeyOf>,
    /// What could not be had.
    pub notices: Vec<String>,
}

struct Known {
    etag: String,
    fingerprint: Option<String>,
    successor: Option<String>,
}

/// Reads the digest files that facts name. One that lost its metadata in copying is proven by its successor.
pub async fn read(
    engine: &Engine,
    facts: &[Fact],
    objects: &mut Objects<'_>,
    packing: &Packing<'_>,
) -> Result<Digests> {
    let known = known(engine).await?;
    let mut wanted: BTreeSet<&str> = facts.iter().filter_map(|fact| fact.digest_file.as_deref()).collect();
    let (mut found, mut fingerprints) = (Digests::default(), BTreeSet::new());
    let mut seen = BTreeSet::new();
    while let Some(digest_file) = wanted.pop_first() {
        let Some(about) = known.get(digest_file).filter(|_| seen.insert(digest_file)) else { continue };
        let read = objects.read(digest_file, &about.etag).await.and_then(|(bytes, metadata)| {
            // The lake only has its word for it, and a pack leaves the house.
            let parsed = Digest::parse(digest_file, &bytes);
            parsed.map(|_| (bytes, metadata)).map_err(|invalid| format!("is no digest file: {}", chain(&invalid)))
        });
        match read {
            Ok((bytes, metadata)) => {
                let metadata =
                    SignatureMetadata::of(metadata.iter().map(|(name, value)| (name.as_str(), value.as_str())));
                if metadata.signature.is_none() {
                    wanted.extend(about.successor.as_deref());
                }
                fingerprints.extend(about.fingerprint.as_deref());
                let digest_file = digest_file.to_owned();
                found.objects.push(DigestObject { digest_file, bytes: bytes.to_vec(), metadata });
            }
            Err(reason) => {
                found.notices.push(format!("{digest_file}: {reason}; nothing in the pack proves what it vouches for"));
            }
        }
    }
    if let Some(keys) = packing.keys.filter(|_| !found.objects.is_empty()) {
        let listed: Vec<Listed> = found.objects.iter().map(|object| listed(&object.digest_file)).collect();
        let (keys, failures) = keys.of(&listed, packing.now).await;
        found.notices.extend(failures);
        let signed = fingerprints.iter().flat_map(|fingerprint| keys.named(fingerprint));
        found.keys = signed
            .map(|key| PublicKeyOf {
                fingerprint: key.fingerprint.clone(),
                valid_from: key.valid_from,
                valid_until: key.valid_until,
                der: key.der().to_vec(),
            })
            .collect();
    }
    Ok(found)
}

fn listed(digest_file: &str) -> Listed {
    Listed {
        key: digest_file.to_owned(),
        log_file: digest_file.to_owned(),
        etag: String::new(),
        bytes: 0,
        object: ObjectKey::parse(digest_file),
    }
}

/// Every digest file that was found, and the one after it in its chain.
async fn known(engine: &Engine) -> Result<HashMap<String, Known>> {
    let sql = "select digest_file, max(etag) as etag, max(public_key_fingerprint) as fingerprint, \
               lead(digest_file) over (partition by account_id, aws_region, trail_name, home_region, is_backfill \
                   order by max(ended_at), digest_file) as successor \
               from digests where etag is not null \
               group by digest_file, account_id, aws_region, trail_name, home_region, is_backfill";
    let mut known = HashMap::new();
    for batch in engine.answer(sql, NAME, None).await?.batches {
        for row in 0..batch.num_rows() {
            let text = |name: &str| {
                let column = batch[name].as_string::<i32>();
                column.is_valid(row).then(|| column.value(row).to_owned())
            };
            let about = Known {
                etag: text("etag").unwrap_or_default(),
                fingerprint: text("fingerprint"),
                successor: text("successor"),
            };
            known.insert(text("digest_file").unwrap_or_default(), about);
        }
    }
    Ok(known)
}
