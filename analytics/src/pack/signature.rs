//! The detached signature: Ed25519 (RFC 8032) over the bytes of `SHA256SUMS`, 64 bytes, as openssl writes and reads it.
//!
//! ```text
//! openssl genpkey -algorithm ed25519 -out private.pem
//! openssl pkey -in private.pem -pubout -out public.pem
//! openssl pkeyutl -verify -pubin -inkey public.pem -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig
//! ```

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};

/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 64;

/// What stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410, section 4).
const SPKI_HEADER: &[u8] = &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const KEY_BYTES: usize = 32;

/// Object identifiers of keys that people have at hand, as they stand in DER.
const ALGORITHMS: [(&[u8], &str); 6] = [
    (&[0x06, 0x03, 0x2b, 0x65, 0x70], "Ed25519"),
    (&[0x06, 0x03, 0x2b, 0x65, 0x71], "Ed448"),
    (&[0x06, 0x03, 0x2b, 0x65, 0x6e], "X25519"),
    (&[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01], "RSA"),
    (&[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a], "RSA-PSS"),
    (&[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01], "elliptic curve"),
];

/// Why a key cannot be used. Each message reads after the key file's name and says how to make the right one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// No private key that signs.
    #[error(
        "expected an Ed25519 private key in PEM (PKCS#8), found {found}; \
         make one with: openssl genpkey -algorithm ed25519 -out private.pem"
    )]
    NotPrivate {
        /// What is there instead.
        found: String,
    },
    /// A password protects it.
    #[error("the key is encrypted; have it decrypted with: openssl pkey -in KEY.pem -out private.pem")]
    Encrypted,
    /// No public key that verifies.
    #[error(
        "expected an Ed25519 public key in PEM (SubjectPublicKeyInfo), found {found}; \
         make it from the private key with: openssl pkey -in private.pem -pubout -out public.pem"
    )]
    NotPublic {
        /// What is there instead.
        found: String,
    },
}

/// Signs packs.
pub struct SigningKey(Ed25519KeyPair);

/// Verifies signatures of packs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey([u8; KEY_BYTES]);

impl SigningKey {
    /// Reads what `openssl genpkey -algorithm ed25519` writes.
    pub fn from_pem(pem: &str) -> Result<Self, BadKey> {
        let not_private = |found: String| BadKey::NotPrivate { found };
        match Block::find(pem).map_err(not_private)? {
            Block { label: "ENCRYPTED PRIVATE KEY", .. } => Err(BadKey::Encrypted),
            Block { label: "PRIVATE KEY", der } => Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der)
                .map(Self)
                .map_err(|_| not_private(format!("a private key of {}", algorithm(&der)))),
            Block { label, .. } => Err(not_private(format!("a block of {label:?}"))),
        }
    }

    /// The signature of a pack's `SHA256SUMS`.
    pub fn sign(&self, sums: &[u8]) -> [u8; SIGNATURE_BYTES] {
        let mut signature = [0; SIGNATURE_BYTES];
        signature.copy_from_slice(self.0.sign(sums).as_ref());
        signature
    }
}

/// Shows no key.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}

impl VerifyingKey {
    /// Reads what `openssl pkey -pubout` writes.
    pub fn from_pem(pem: &str) -> Result<Self, BadKey> {
        let not_public = |found: String| BadKey::NotPublic { found };
        match Block::find(pem).map_err(not_public)? {
            Block { label: "PUBLIC KEY", der } => der
                .strip_prefix(SPKI_HEADER)
                .and_then(|key| key.try_into().ok())
                .map(Self)
                .ok_or_else(|| not_public(format!("a public key of {}", algorithm(&der)))),
            Block { label, .. } => Err(not_public(format!("a block of {label:?}"))),
        }
    }

    /// Whether the signature is of this key and over these bytes.
    pub fn verifies(&self, sums: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(sums, signature).is_ok()
    }
}

/// A block of PEM (RFC 7468).
struct Block<'a> {
    label: &'a str,
    der: Vec<u8>,
}

impl<'a> Block<'a> {
    /// The first block; words before and after it mean nothing.
    fn find(pem: &'a str) -> Result<Self, String> {
        let nothing = || "no block of PEM".to_owned();
        let (_, begun) = pem.split_once("-----BEGIN ").ok_or_else(nothing)?;
        let (label, rest) = begun.split_once("-----").ok_or_else(nothing)?;
        let end = format!("-----END {label}-----");
        let (text, _) = rest.split_once(&end).ok_or_else(|| format!("a block of {label:?} that does not end"))?;
        let text: String = text.chars().filter(|char| !char.is_ascii_whitespace()).collect();
        // Old private keys have headers inside the block; what the label says of them is enough.
        Ok(Self { label, der: STANDARD.decode(text).unwrap_or_default() })
    }
}

/// The kind of key in a DER text.
fn algorithm(der: &[u8]) -> &'static str {
    let has = |identifier: &[u8]| der.windows(identifier.len()).take(32).any(|window| window == identifier);
    ALGORITHMS.iter().find(|(identifier, _)| has(identifier)).map_or("an unknown kind", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::sample::{PRIVATE, PUBLIC};
    use proptest::prelude::*;
    use std::fs;
    use std::path::Path;
    use std::process::Command;

    #[test]
    fn what_a_key_signs_its_public_key_verifies() {
        let signing = SigningKey::from_pem(PRIVATE).expect("the key of RFC 8410");
        let verifying =
            VerifyingKey::from_pem(&format!("owner\r\n{}", PUBLIC.replace('\n', "\r\n"))).expect("its other half");
        let signature = signing.sign(b"sums");
        assert!(verifying.verifies(b"sums", &signature));
        assert!(!verifying.verifies(b"sum", &signature));
        assert!(!verifying.verifies(b"sums", &signature[1..]));
        assert_eq!(format!("{signing:?}"), "SigningKey");
    }

    #[test]
    fn a_wrong_key_is_told_with_the_right_one() {
        let block = |label: &str, der: &[u8]| {
            format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
        };
        let rsa = include_bytes!("../../../tests/fixtures/digest_key_a.pk8");
        for (pem, found) in [
            (String::new(), "no block of PEM"),
            ("-----BEGIN PRIVATE KEY-----\nMC4C".to_owned(), "that does not end"),
            (PUBLIC.to_owned(), "a block of \"PUBLIC KEY\""),
            (block("RSA PRIVATE KEY", b""), "a block of \"RSA PRIVATE KEY\""),
            (block("PRIVATE KEY", rsa), "a private key of RSA"),
            (block("PRIVATE KEY", b"?"), "an unknown kind"),
        ] {
            let error = SigningKey::from_pem(&pem).expect_err(found).to_string();
            assert!(error.contains(found) && error.contains("openssl genpkey -algorithm ed25519"), "{error}");
        }
        assert_eq!(SigningKey::from_pem(&block("ENCRYPTED PRIVATE KEY", b"")).err(), Some(BadKey::Encrypted));
        for (pem, found) in [
            (PRIVATE.to_owned(), "a block of \"PRIVATE KEY\""),
            (block("PUBLIC KEY", &rsa[..60]), "a public key of RSA"),
        ] {
            let error = VerifyingKey::from_pem(&pem).expect_err(found).to_string();
            assert!(error.contains(found) && error.contains("-pubout"), "{error}");
        }
    }

    fn openssl(folder: &Path, arguments: &str) -> Option<bool> {
        let output = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output().ok()?;
        Some(output.status.success())
    }

    /// Where there is no openssl, or one without Ed25519, there is nothing to compare with.
    #[test]
    fn openssl_makes_the_keys_and_agrees() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let folder = folder.path();
        if openssl(folder, "genpkey -algorithm ed25519 -out private.pem") != Some(true) {
            return;
        }
        assert_eq!(openssl(folder, "pkey -in private.pem -pubout -out public.pem"), Some(true));
        let read = |name: &str| fs::read_to_string(folder.join(name)).expect("openssl wrote it");
        let signature = SigningKey::from_pem(&read("private.pem")).expect("openssl's key").sign(b"sums\n");
        let verifying = VerifyingKey::from_pem(&read("public.pem")).expect("openssl's key");
        assert!(verifying.verifies(b"sums\n", &signature));
        let write = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).expect("a writable folder");
        let verify = "pkeyutl -verify -pubin -inkey public.pem -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig";
        write("SHA256SUMS", b"sums\n");
        write("SHA256SUMS.sig", &signature);
        assert_eq!(openssl(folder, verify), Some(true));
        write("SHA256SUMS", b"sums");
        assert_eq!(openssl(folder, verify), Some(false));
        write("SHA256SUMS", b"sums\n");
        let sign = "pkeyutl -sign -inkey private.pem -rawin -in SHA256SUMS -out theirs";
        assert_eq!(openssl(folder, sign), Some(true));
        assert_eq!(fs::read(folder.join("theirs")).ok().as_deref(), Some(signature.as_slice()));
    }

    proptest! {
        #[test]
        fn any_text_is_a_key_or_a_reason(text in "(-----BEGIN (PRIVATE|PUBLIC) KEY-----)?.{0,90}(-----END (PRIVATE|PUBLIC) KEY-----)?") {
            let _ = SigningKey::from_pem(&text);
            let _ = VerifyingKey::from_pem(&text);
        }
    }
}
