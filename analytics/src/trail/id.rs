//! Ids that look like AWS's own and are derived from what they name, and a generator for noise.

use crate::sha256::{Sha256, hex};

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// SHA-256 over the parts. Each part's length goes in before it, so that no two lists of parts read the same.
pub(crate) fn digest(parts: &[&str]) -> [u8; 32] {
    let add = |hash: Sha256, part: &&str| hash.then((part.len() as u64).to_le_bytes()).then(part);
    parts.iter().fold(Sha256::new(), add).bytes()
}

/// A UUID of version 4 in form, made of the first sixteen bytes.
pub(crate) fn uuid(bytes: &[u8]) -> String {
    let mut bytes: [u8; 16] = bytes[..16].try_into().expect("the slice has sixteen bytes");
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let text = hex(&bytes);
    [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-")
}

/// An EC2 resource id: `sg-0` and sixteen hexadecimal digits.
pub(crate) fn resource(prefix: &str, parts: &[&str]) -> String {
    format!("{prefix}-0{}", hex(&digest(parts)[..8]))
}

/// At most 32 characters of the alphabet that IAM's unique ids use.
pub(crate) fn base32(parts: &[&str], length: usize) -> String {
    digest(parts).iter().take(length).map(|byte| char::from(BASE32[usize::from(byte & 31)])).collect()
}

/// SplitMix64: small, quick, and good enough to vary noise.
pub(crate) struct Draw(u64);

impl Draw {
    /// A generator whose numbers depend on the seed and on the parts.
    pub(crate) fn new(seed: u64, parts: &[&str]) -> Self {
        let digest = digest(parts);
        let start: [u8; 8] = digest[..8].try_into().expect("the slice has eight bytes");
        let mut mixed = Self(u64::from_le_bytes(start) ^ seed);
        Self(mixed.number())
    }

    /// The next number.
    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.number() % end
    }

    /// One of the items; there is at least one.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let index = self.below(items.len() as u64);
        &items[usize::try_from(index).expect("an index fits in usize")]
    }

    /// `bytes` drawn bytes as hexadecimal digits.
    pub(crate) fn hex(&mut self, bytes: usize) -> String {
        hex(&self.bytes(bytes))
    }

    /// A drawn UUID.
    pub(crate) fn uuid(&mut self) -> String {
        uuid(&self.bytes(16))
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        std::iter::repeat_with(|| self.number().to_le_bytes()).flatten().take(count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_form_of_awss_own() {
        let uuid = uuid(&digest(&["a"]));
        assert_eq!(uuid.len(), 36);
        assert_eq!((&uuid[14..15], &uuid[8..9]), ("4", "-"));
        assert_eq!(resource("sg", &["a"]).len(), "sg-04cfb7a4712d75b00".len());
        assert_eq!(base32(&["a"], 17).len(), 17);
        assert_eq!(hex(&[0x0f, 0xa0]), "0fa0");
    }

    #[test]
    fn parts_are_told_apart() {
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_ne!(Draw::new(1, &["x"]).number(), Draw::new(2, &["x"]).number());
    }
}
