//! Safe file names.
//!
//! Names of objects are a stranger's words. A name in the pack is the start of their hash, which keeps any two apart
//! on every file system, and after it what is readable of their end.

use super::QUERIES;
use crate::sha256::sha256_hex;

/// Characters of a hash in a name: 128 bits, so that nobody can make two names meet.
const HASH_CHARACTERS: usize = 32;
/// Characters after it. The longest name that CloudTrail gives a digest file has about 220 of which the last tell most.
const READABLE_CHARACTERS: usize = 100;

/// Where an object of that name stands.
pub fn object_path(folder: &str, name: &str) -> String {
    let hash = sha256_hex(name.as_bytes());
    format!("{folder}/{}_{}", &hash[..HASH_CHARACTERS], readable(name))
}

/// Where a query of that name stands: under its own name where that is safe.
pub fn query_path(name: &str) -> String {
    if is_safe(name) { format!("{QUERIES}/{name}") } else { object_path(QUERIES, name) }
}

/// The end of an object's file name, with `_` for what is not a letter, digit, full stop, hyphen or underscore.
fn readable(name: &str) -> String {
    let name = name.rsplit('/').next().unwrap_or(name);
    let is_plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '-' | '_');
    let plain: String = name.chars().map(|char| if is_plain(char) { char } else { '_' }).collect();
    plain[plain.len().saturating_sub(READABLE_CHARACTERS)..].to_owned()
}

/// `folder/name.sql`, in lower case: no two such names are one file anywhere.
fn is_safe(name: &str) -> bool {
    let is_word = |word: &str| {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        !word.is_empty() && word.len() <= READABLE_CHARACTERS && word.bytes().all(is_plain)
    };
    name.strip_suffix(".sql").is_some_and(|name| name.split('/').count() <= 3 && name.split('/').all(is_word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_keeps_what_is_readable() {
        let name = "s3://b/AWSLogs/1/111_CloudTrail-Digest_x+y.json.gz";
        let hash = &sha256_hex(name.as_bytes())[..32];
        assert_eq!(object_path("digests", name), format!("digests/{hash}_111_CloudTrail-Digest_x_y.json.gz"));
        assert_ne!(object_path("d", "A.gz").to_lowercase(), object_path("d", "a.gz").to_lowercase());
        assert!(object_path("d", "..").ends_with("_.."));
    }

    #[test]
    fn a_safe_query_keeps_its_name() {
        assert_eq!(query_path("audit/job_verdicts.sql"), "queries/audit/job_verdicts.sql");
        for odd in ["../x.sql", "/x.sql", "A.sql", "x", "a//b.sql", "a.sql/b.sql", ".sql", "a/b/c/d.sql", "é.sql"] {
            let path = query_path(odd);
            assert_eq!(path.matches('/').count(), 1, "{path}");
            assert_ne!(path, format!("queries/{odd}"));
        }
    }

    proptest! {
        #[test]
        fn any_name_is_safe(name in ".{0,300}") {
            for path in [object_path("digests", &name), query_path(&name)] {
                prop_assert!(path.len() < 200);
                prop_assert!(path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte)));
                prop_assert!(path.split('/').all(|word| !word.is_empty() && word != "." && word != ".."));
            }
        }
    }
}
