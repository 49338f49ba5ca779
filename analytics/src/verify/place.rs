//! Where an object was delivered, where it was found, and whether that is the same.
//!
//! A digest names objects by bucket and key. A copy in a folder has no bucket, its folder may be anything in front of
//! `AWSLogs/`, or nothing but the file's name may be left of the key; a copy may also be decompressed. What is
//! compared is then what copying keeps: the key from `AWSLogs/` on, or the file's name, which alone tells account,
//! Region, trail and time.

/// The file's name in a key, without the `.gz` that decompressing takes away: what a copy keeps in any case.
pub fn file_name(key: &str) -> &str {
    without_gz(key.rsplit('/').next().unwrap_or(key))
}

/// Whether an object found under `key` is the one that was delivered to `original_bucket` as `original_key`. `bucket`
/// is where it was found; `None` for a copy whose bucket is unknown.
pub fn is_at(bucket: Option<&str>, key: &str, original_bucket: &str, original_key: &str) -> bool {
    if let Some(bucket) = bucket {
        return bucket == original_bucket && key == original_key;
    }
    match (from_aws_logs(key), from_aws_logs(original_key)) {
        (None, _) => file_name(key) == file_name(original_key),
        (Some(found), original) => original == Some(found),
    }
}

/// Where a log file is that was delivered as `original_key`, given where its digest was found: with the same words in
/// front of `AWSLogs/`, or in the same folder where no such folder is left.
pub fn beside(digest: &str, original_key: &str) -> String {
    match (at_aws_logs(digest), at_aws_logs(original_key)) {
        (Some(at), Some(from)) => format!("{}{}", &digest[..at], &original_key[from..]),
        _ => {
            let folder = digest.rfind('/').map_or("", |at| &digest[..=at]);
            format!("{folder}{}", original_key.rsplit('/').next().unwrap_or(original_key))
        }
    }
}

/// A key from its last folder `AWSLogs` on.
fn from_aws_logs(key: &str) -> Option<&str> {
    Some(without_gz(&key[at_aws_logs(key)?..]))
}

fn at_aws_logs(key: &str) -> Option<usize> {
    key.rmatch_indices("AWSLogs/").map(|(at, _)| at).find(|&at| at == 0 || key[..at].ends_with('/'))
}

fn without_gz(key: &str) -> &str {
    key.strip_suffix(".gz").unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_file_is_beside_its_digest() {
        let original = "logs/AWSLogs/1/CloudTrail/eu-west-1/2026/02/03/a.json.gz";
        for (digest, expected) in [
            (
                "s3://trail/logs/AWSLogs/1/CloudTrail-Digest/d.json.gz",
                "s3://trail/logs/AWSLogs/1/CloudTrail/eu-west-1/2026/02/03/a.json.gz",
            ),
            (
                "/copy/AWSLogs/1/CloudTrail-Digest/d.json.gz",
                "/copy/AWSLogs/1/CloudTrail/eu-west-1/2026/02/03/a.json.gz",
            ),
            ("/flat/d.json.gz", "/flat/a.json.gz"),
        ] {
            assert_eq!(beside(digest, original), expected);
        }
    }

    #[test]
    fn a_bucket_is_compared_to_the_letter_and_a_copy_by_what_copying_keeps() {
        let original = "logs/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/02/03/a.json.gz";
        let check = |bucket: Option<&str>, key: &str, expected: bool| {
            assert_eq!(is_at(bucket, key, "trail", original), expected, "{bucket:?} {key}");
        };
        let inner = &original["logs/".len()..];
        check(Some("trail"), original, true);
        check(Some("trail"), inner, false);
        check(Some("other"), original, false);
        check(None, original, true);
        check(None, inner, true);
        check(None, &format!("copies/of/AWSLogs/2026/{inner}"), true);
        check(None, inner.trim_end_matches(".gz"), true);
        check(None, "a.json.gz", true);
        check(None, "evidence/a.json", true);
        check(None, "evidence/b.json.gz", false);
        check(None, &inner.replace("02/03", "02/04"), false);
        check(None, &format!("My{inner}"), true);
        check(None, "AWSLogs/a.json.gz", false);
    }
}
