//! SHA-256: of one message by `ring`, and of many documents side by side where the processor lacks SHA instructions.

mod lanes;

use std::fmt::Write;

use lanes::Lanes;
use ring::digest::{Context, SHA256};

/// A hash in the making.
pub struct Sha256(Context);

impl Sha256 {
    /// The hash of nothing yet.
    pub fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    /// With more bytes at the end.
    #[must_use]
    pub fn then(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.0.update(bytes.as_ref());
        self
    }

    /// The hash.
    pub fn bytes(self) -> [u8; 32] {
        self.0.finish().as_ref().try_into().expect("SHA-256 has 32 bytes")
    }

    /// The first half of the hash: nobody makes two things meet in it.
    pub fn half(self) -> [u8; 16] {
        self.bytes()[..16].try_into().expect("SHA-256 has 32 bytes")
    }

    /// The hash in lower-case hexadecimal.
    pub fn hex(self) -> String {
        hex(&self.bytes())
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

/// Documents longer than this are hashed at once: so much is held of each of the others.
const HELD: usize = 3 << 19;

/// Hashes many documents, each with something that tells whose it is. It may hold up to 24 MiB of them for a while.
pub struct Hasher<T>(Option<Lanes<T>>);

/// The hasher that is fastest on this processor.
impl<T> Default for Hasher<T> {
    fn default() -> Self {
        Self(lanes::are_worth_it().then(Lanes::new))
    }
}

impl<T> Hasher<T> {
    /// Takes a document, and returns the hashes that are ready by now, in hexadecimal.
    #[must_use]
    pub fn add(&mut self, document: &[u8], tag: T) -> Vec<(T, String)> {
        match &mut self.0 {
            Some(lanes) if document.len() <= HELD => in_hex(lanes.add(document, tag)),
            _ => vec![(tag, sha256_hex(document))],
        }
    }

    /// Returns all the rest.
    #[must_use]
    pub fn finish(&mut self) -> Vec<(T, String)> {
        self.0.as_mut().map(|lanes| in_hex(lanes.finish())).unwrap_or_default()
    }
}

fn in_hex<T>(ready: Vec<(T, [u8; 32])>) -> Vec<(T, String)> {
    ready.into_iter().map(|(tag, hash)| (tag, hex(&hash))).collect()
}

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a String takes any write");
    }
    text
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::new().then(bytes).hex()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_standards() {
        assert_eq!(sha256_hex(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(Sha256::new().then("a").then(b"bc").hex(), sha256_hex(b"abc"));
        assert_eq!(hex(&Sha256::new().then("abc").half()), "ba7816bf8f01cfea414140de5dae2223");
    }
}
