//! RSA public keys in the two encodings that `ListPublicKeys` is seen to return.
//!
//! The API reference promises PKCS#1 (RFC 8017, appendix A.1.1), which is what signatures are verified with; the user
//! guide's own sample holds a key wrapped in a SubjectPublicKeyInfo (RFC 5280, section 4.1). Only what these two need
//! of DER is read.

/// The contents of the object identifier `rsaEncryption`, 1.2.840.113549.1.1.1.
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const NULL: u8 = 0x05;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// The PKCS#1 `RSAPublicKey` in a key of either encoding; `None` where the bytes are neither.
pub fn rsa_public_key(der: &[u8]) -> Option<&[u8]> {
    let key = unwrapped(der).unwrap_or(der);
    is_pkcs1(key).then_some(key)
}

/// `RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }`
fn is_pkcs1(der: &[u8]) -> bool {
    let parse = || {
        let (_modulus, rest) = element(INTEGER, whole(SEQUENCE, der)?)?;
        whole(INTEGER, rest)
    };
    parse().is_some()
}

/// `SubjectPublicKeyInfo ::= SEQUENCE { SEQUENCE { OBJECT IDENTIFIER, NULL }, BIT STRING }`
fn unwrapped(der: &[u8]) -> Option<&[u8]> {
    let (algorithm, rest) = element(SEQUENCE, whole(SEQUENCE, der)?)?;
    let (identifier, parameters) = element(OBJECT_IDENTIFIER, algorithm)?;
    let has_no_parameters = parameters.is_empty() || whole(NULL, parameters)?.is_empty();
    match whole(BIT_STRING, rest)? {
        [0, key @ ..] if identifier == RSA_ENCRYPTION && has_no_parameters => Some(key),
        _ => None,
    }
}

/// The contents of an element with nothing behind it.
fn whole(tag: u8, bytes: &[u8]) -> Option<&[u8]> {
    element(tag, bytes).and_then(|(contents, rest)| rest.is_empty().then_some(contents))
}

/// The contents of the first element, which has that tag, and what follows it.
fn element(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let [found, length, rest @ ..] = bytes else { return None };
    if *found != tag {
        return None;
    }
    let (length, rest) = match *length {
        short @ ..=0x7f => (usize::from(short), rest),
        0x81 => (usize::from(*rest.first()?), &rest[1..]),
        0x82 => (usize::from(u16::from_be_bytes(*rest.first_chunk()?)), &rest[2..]),
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An element with its length in the shortest form.
    fn tagged(tag: u8, contents: &[u8]) -> Vec<u8> {
        let length = u16::try_from(contents.len()).expect("a short element").to_be_bytes();
        let length: &[u8] = match length {
            [0, ..=0x7f] => &length[1..],
            [0, low] => &[0x81, low],
            [high, low] => &[0x82, high, low],
        };
        [&[tag], length, contents].concat()
    }

    fn pkcs1(modulus: &[u8]) -> Vec<u8> {
        tagged(SEQUENCE, &[tagged(INTEGER, modulus), tagged(INTEGER, &[1, 0, 1])].concat())
    }

    fn spki(identifier: &[u8], parameters: &[u8], unused_bits: u8, key: &[u8]) -> Vec<u8> {
        let algorithm = tagged(SEQUENCE, &[&tagged(OBJECT_IDENTIFIER, identifier), parameters].concat());
        let key = tagged(BIT_STRING, &[&[unused_bits], key].concat());
        tagged(SEQUENCE, &[algorithm, key].concat())
    }

    #[test]
    fn both_encodings_give_the_same_key() {
        for length in [1, 100, 129, 257, 513] {
            let key = pkcs1(&vec![7; length]);
            assert_eq!(rsa_public_key(&key), Some(key.as_slice()));
            assert_eq!(rsa_public_key(&spki(RSA_ENCRYPTION, &[NULL, 0], 0, &key)), Some(key.as_slice()));
            assert_eq!(rsa_public_key(&spki(RSA_ENCRYPTION, &[], 0, &key)), Some(key.as_slice()));
        }
    }

    #[test]
    fn another_algorithm_a_cut_or_a_tail_is_no_key() {
        let key = pkcs1(&[7; 257]);
        let null = &[NULL, 0];
        for other in [
            spki(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01], null, 0, &key),
            spki(RSA_ENCRYPTION, &[NULL, 1, 1], 0, &key),
            spki(RSA_ENCRYPTION, null, 1, &key),
            spki(RSA_ENCRYPTION, null, 0, &key[1..]),
            tagged(SEQUENCE, &tagged(INTEGER, &[1])),
            key[..key.len() - 1].to_vec(),
            [key.as_slice(), &[0]].concat(),
        ] {
            assert_eq!(rsa_public_key(&other), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_key_or_none(
            bytes in proptest::collection::vec(any::<u8>(), 0..64),
            at in any::<proptest::sample::Index>(),
            byte in any::<u8>(),
        ) {
            let _ = rsa_public_key(&bytes);
            let mut key = spki(RSA_ENCRYPTION, &[NULL, 0], 0, &pkcs1(&[7; 257]));
            let at = at.index(key.len());
            key[at] = byte;
            let _ = rsa_public_key(&key);
            let _ = rsa_public_key(&key[..at]);
        }
    }
}
