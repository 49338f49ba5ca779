//! SHA-256, by the implementation that is fastest on a processor without SHA instructions too.

use std::fmt::Write;

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
