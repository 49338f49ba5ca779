//! The public keys of `aws cloudtrail list-public-keys`, and signatures against them.
//!
//! CloudTrail has keys of its own in each Region and changes them every few weeks; a digest names its key by
//! fingerprint. What a fingerprint is made of is documented nowhere, so it is a name and nothing more.
//! Source: CloudTrail API Reference, "ListPublicKeys".

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde::Deserialize;

use super::der;

/// A key that CloudTrail signs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// Its name, in lower case.
    pub fingerprint: String,
    /// When CloudTrail began to sign with it; `None` = not told.
    pub valid_from: Option<DateTime<Utc>>,
    /// When it stopped; `None` = not told.
    pub valid_until: Option<DateTime<Utc>>,
    /// PKCS#1 `RSAPublicKey`.
    pkcs1: Vec<u8>,
}

/// Why a signature does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    /// Another character in it, or half a byte.
    #[error("the signature is not hexadecimal")]
    NotHexadecimal,
    /// Another key made it, or over another text; or the key is not of 2048 to 8192 bits.
    #[error("the signature does not fit the content")]
    DoesNotFit,
}

/// Why keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPublicKeys {
    /// Not what the command prints.
    #[error("expected the output of aws cloudtrail list-public-keys: {{\"PublicKeyList\":[...]}}, or the list in it")]
    NotAList(#[source] serde_json::Error),
    /// A key that is none.
    #[error("public key {fingerprint:?}: {problem}")]
    Key {
        /// Its fingerprint.
        fingerprint: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl PublicKey {
    /// A key of PKCS#1 or SubjectPublicKeyInfo DER.
    pub fn from_der(fingerprint: &str, der: &[u8]) -> Result<Self, InvalidPublicKeys> {
        let pkcs1 = der::rsa_public_key(der).ok_or_else(|| InvalidPublicKeys::Key {
            fingerprint: fingerprint.to_owned(),
            problem: "its value is no RSA public key in DER, neither PKCS#1 nor SubjectPublicKeyInfo",
        })?;
        let fingerprint = fingerprint.to_ascii_lowercase();
        Ok(Self { fingerprint, valid_from: None, valid_until: None, pkcs1: pkcs1.to_owned() })
    }

    /// PKCS#1 `RSAPublicKey`.
    pub fn der(&self) -> &[u8] {
        &self.pkcs1
    }

    /// The key, known to sign in that time only.
    pub fn valid(mut self, from: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) -> Self {
        (self.valid_from, self.valid_until) = (from, until);
        self
    }

    /// Whether CloudTrail may have signed with it at some time from `from` to `until`, both included.
    pub fn is_valid_within(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> bool {
        self.valid_from.is_none_or(|begun| begun <= until) && self.valid_until.is_none_or(|ended| from <= ended)
    }

    /// Whether this key made the signature, given in hexadecimal, over the message: RSASSA-PKCS1-v1_5 with SHA-256.
    pub fn verify(&self, message: &str, signature: &str) -> Result<(), BadSignature> {
        let signature = from_hex(signature).ok_or(BadSignature::NotHexadecimal)?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.pkcs1)
            .verify(message.as_bytes(), &signature)
            .map_err(|_| BadSignature::DoesNotFit)
    }
}

/// Keys by fingerprint; of any number of Regions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublicKeys(BTreeMap<String, Vec<PublicKey>>);

impl PublicKeys {
    /// Reads what `aws cloudtrail list-public-keys` prints, or the list in it.
    pub fn from_json(json: &[u8]) -> Result<Self, InvalidPublicKeys> {
        let document: Document = serde_json::from_slice(json).map_err(InvalidPublicKeys::NotAList)?;
        let (Document::Response { list } | Document::List(list)) = document;
        list.into_iter().map(Listed::into_key).collect()
    }

    /// Adds a key. One that is there already stays as it is.
    pub fn add(&mut self, key: PublicKey) {
        let same_name = self.0.entry(key.fingerprint.clone()).or_default();
        if !same_name.contains(&key) {
            same_name.push(key);
        }
    }

    /// The keys of that name: one, unless lists contradict each other.
    pub fn named(&self, fingerprint: &str) -> &[PublicKey] {
        self.0.get(&fingerprint.to_ascii_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Extend<PublicKey> for PublicKeys {
    fn extend<I: IntoIterator<Item = PublicKey>>(&mut self, keys: I) {
        keys.into_iter().for_each(|key| self.add(key));
    }
}

impl FromIterator<PublicKey> for PublicKeys {
    fn from_iter<I: IntoIterator<Item = PublicKey>>(keys: I) -> Self {
        let mut all = Self::default();
        all.extend(keys);
        all
    }
}

impl IntoIterator for PublicKeys {
    type Item = PublicKey;
    type IntoIter = std::iter::Flatten<std::collections::btree_map::IntoValues<String, Vec<PublicKey>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_values().flatten()
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Document {
    Response {
        #[serde(rename = "PublicKeyList", alias = "publicKeyList")]
        list: Vec<Listed>,
    },
    List(Vec<Listed>),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    value: String,
    validity_start_time: Option<Time>,
    validity_end_time: Option<Time>,
    fingerprint: String,
}

/// RFC 3339, or seconds since 1970: the command prints either, by its version and settings.
#[derive(Deserialize)]
#[serde(untagged)]
enum Time {
    Seconds(f64),
    Text(String),
}

impl Listed {
    fn into_key(self) -> Result<PublicKey, InvalidPublicKeys> {
        let problem = |problem| InvalidPublicKeys::Key { fingerprint: self.fingerprint.clone(), problem };
        let time = |time: Option<Time>| match time {
            None => Ok(None),
            Some(time) => time.utc().map(Some).ok_or_else(|| problem("its validity is no time")),
        };
        let (from, until) = (time(self.validity_start_time)?, time(self.validity_end_time)?);
        let der = STANDARD.decode(self.value.trim()).map_err(|_| problem("its value is not base64"))?;
        Ok(PublicKey::from_der(&self.fingerprint, &der)?.valid(from, until))
    }
}

impl Time {
    fn utc(self) -> Option<DateTime<Utc>> {
        let seconds = match self {
            Self::Seconds(seconds) => seconds,
            Self::Text(text) => match DateTime::parse_from_rfc3339(&text) {
                Ok(at) => return Some(at.to_utc()),
                Err(_) => text.parse().ok()?,
            },
        };
        // A cast from f64 saturates, and no date is that far away.
        seconds.is_finite().then_some((seconds * 1000.0) as i64).and_then(DateTime::from_timestamp_millis)
    }
}

/// The bytes of pairs of hexadecimal digits in either case.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let byte = |pair: &[u8]| u8::try_from(digit(pair[0])? << 4 | digit(*pair.get(1)?)?).ok();
    text.as_bytes().chunks(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::digest::Signer;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const KEY: &[u8] = include_bytes!("../../../tests/fixtures/digest_key_a.pk8");

    /// What wraps a PKCS#1 key of 270 bytes into a SubjectPublicKeyInfo.
    const SPKI_HEADER: &[u8] = &[
        0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05,
        0x00, 0x03, 0x82, 0x01, 0x0f, 0x00,
    ];

    fn signer() -> Signer {
        Signer::new(KEY).expect("an RSA key")
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn listed(value: &[u8], from: &Value, until: &Value) -> Value {
        let value = STANDARD.encode(value);
        json!({"Value": value, "ValidityStartTime": from, "ValidityEndTime": until, "Fingerprint": "AB"})
    }

    fn parse(json: &Value) -> Result<PublicKeys, InvalidPublicKeys> {
        PublicKeys::from_json(json.to_string().as_bytes())
    }

    #[test]
    fn both_encodings_verify_a_signature() {
        let signer = signer();
        let signature = signer.sign("text");
        let spki = [SPKI_HEADER, signer.public_key_der()].concat();
        for der in [signer.public_key_der(), spki.as_slice()] {
            let key = PublicKey::from_der("f", der).expect("a key");
            assert_eq!(key.verify("text", &signature), Ok(()));
            assert_eq!(key.verify("text", &signature.to_ascii_uppercase()), Ok(()));
            assert_eq!(key.verify("test", &signature), Err(BadSignature::DoesNotFit));
            assert_eq!(key.verify("text", &signature[2..]), Err(BadSignature::DoesNotFit));
            assert_eq!(key.verify("text", &signature[1..]), Err(BadSignature::NotHexadecimal));
            assert_eq!(key.verify("text", "é"), Err(BadSignature::NotHexadecimal));
            assert_eq!(key.verify("text", ""), Err(BadSignature::DoesNotFit));
        }
    }

    #[test]
    fn a_short_key_verifies_nothing() {
        let mut short = vec![0x30, 0x81, 0x87, 0x02, 0x81, 0x80];
        short.extend([0xc1; 0x80]);
        short.extend([0x02, 0x01, 0x03]);
        short[2] = u8::try_from(short.len() - 3).expect("a short key");
        let key = PublicKey::from_der("f", &short).expect("a key of 1024 bits");
        assert_eq!(key.verify("text", &"00".repeat(128)), Err(BadSignature::DoesNotFit));
    }

    #[test]
    fn each_form_of_list_and_time_is_read() {
        let signer = signer();
        let der = signer.public_key_der();
        let instant = at("2015-07-08T01:04:01Z");
        for time in [
            json!("2015-07-08T01:04:01+00:00"),
            json!("2015-07-08T03:04:01.000+02:00"),
            json!(1436317441),
            json!(1436317441.0),
            json!("1436317441.0"),
        ] {
            let key = listed(der, &time, &Value::Null);
            for document in
                [json!({"PublicKeyList": [key]}), json!({"publicKeyList": [key], "NextToken": ""}), json!([key])]
            {
                let keys = parse(&document).expect("keys");
                let [key] = keys.named("ab") else { panic!("{keys:?}") };
                assert_eq!((key.valid_from, key.valid_until), (Some(instant), None));
                assert_eq!(key.pkcs1, der);
            }
        }
        let twice = parse(&json!([listed(der, &Value::Null, &Value::Null), listed(der, &Value::Null, &Value::Null)]));
        assert_eq!(twice.expect("keys").named("AB").len(), 1);
        assert!(parse(&json!({"PublicKeyList": []})).expect("no keys").is_empty());
    }

    #[test]
    fn validity_includes_both_ends() {
        let key = PublicKey::from_der("f", signer().public_key_der()).expect("a key");
        let (from, until) = (at("2026-01-02T00:00:00Z"), at("2026-01-03T00:00:00Z"));
        let (before, after) = (at("2026-01-01T00:00:00Z"), at("2026-01-04T00:00:00Z"));
        assert!(key.is_valid_within(before, before));
        let key = key.valid(Some(from), Some(until));
        assert!(key.is_valid_within(before, from) && key.is_valid_within(until, after));
        assert!(!key.is_valid_within(before, before) && !key.is_valid_within(after, after));
    }

    #[test]
    fn a_bad_key_is_named() {
        let check = |document: &Value, expected: &str| {
            let error = parse(document).expect_err(expected).to_string();
            assert!(error.contains(expected), "{error}");
        };
        let mut key = listed(b"no key", &Value::Null, &Value::Null);
        check(&json!([key]), "public key \"AB\": its value is no RSA public key");
        key["Value"] = json!("?");
        check(&json!([key]), "public key \"AB\": its value is not base64");
        check(&json!([listed(b"", &json!("today"), &Value::Null)]), "its validity is no time");
        check(&json!({"Keys": []}), "expected the output of aws cloudtrail list-public-keys");
    }

    proptest! {
        #[test]
        fn any_bytes_are_keys_or_a_reason(
            bytes in proptest::collection::vec(any::<u8>(), 0..99),
            seconds in any::<f64>(),
            text in ".*",
        ) {
            let _ = PublicKeys::from_json(&bytes);
            let _ = parse(&json!([listed(&bytes, &json!(seconds), &json!(text))]));
            if let Ok(key) = PublicKey::from_der("f", &bytes) {
                let _ = key.verify(&text, &text);
            }
        }
    }
}
