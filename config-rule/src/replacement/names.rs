//! Names: a job's and a model's cannot be used again, so the new ones count on.

/// The longest name of a job and of a model (API Reference, "CreateModelCustomizationJob").
pub const MOST_CHARS: usize = 63;

/// The next name in a row: `claims`, `claims-r2`, `claims-r3`, the stem shortened where it would be too long.
pub fn next_name(old: &str) -> String {
    let (stem, number) = match old.rsplit_once("-r") {
        Some((stem, digits)) if !stem.is_empty() => match digits.parse::<u32>() {
            Ok(number) if is_number(digits) => (stem, number.saturating_add(1)),
            _ => (old, 2),
        },
        _ => (old, 2),
    };
    let end = format!("-r{number}");
    let stem: String = stem.chars().take(MOST_CHARS - end.len()).collect();
    // A model's name has no two separators in a row.
    format!("{}{end}", stem.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()))
}

fn is_number(digits: &str) -> bool {
    digits.bytes().all(|digit| digit.is_ascii_digit()) && !digits.starts_with('0')
}

/// Whether a job may have that name: `[a-zA-Z0-9](-*[a-zA-Z0-9\+\-\.])*`.
pub fn is_job_name(name: &str) -> bool {
    let is_first = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let is_other = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    is_first && name.len() <= MOST_CHARS && name.chars().all(is_other)
}

/// Whether a model may have that name: `([0-9a-zA-Z][_-]?){1,63}`.
pub fn is_model_name(name: &str) -> bool {
    let is_separator = |byte: u8| matches!(byte, b'_' | b'-');
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || is_separator(byte);
    let is_first = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let has_two = name.as_bytes().windows(2).any(|two| two.iter().all(|&byte| is_separator(byte)));
    is_first && !has_two && name.len() <= MOST_CHARS && name.bytes().all(is_known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_name_counts_on_and_fits() {
        let long = "n".repeat(63);
        for (old, expected) in [
            ("claims", "claims-r2".to_owned()),
            ("claims-r2", "claims-r3".to_owned()),
            ("claims-r9", "claims-r10".to_owned()),
            ("claims-rest", "claims-rest-r2".to_owned()),
            ("claims-r", "claims-r-r2".to_owned()),
            ("claims-r007", "claims-r007-r2".to_owned()),
            ("-r2", "-r2-r2".to_owned()),
            (long.as_str(), format!("{}-r2", "n".repeat(60))),
            (format!("{}-mmm", "n".repeat(59)).as_str(), format!("{}-r2", "n".repeat(59))),
            (format!("{}-r99", "n".repeat(59)).as_str(), format!("{}-r100", "n".repeat(58))),
        ] {
            assert_eq!(next_name(old), expected, "{old}");
            assert!(next_name(old).len() <= MOST_CHARS);
        }
    }

    #[test]
    fn names_have_the_forms_of_the_api() {
        for (name, is_job, is_model) in [
            ("claims-r2", true, true),
            ("claims_v2", false, true),
            ("claims+v2.1", true, false),
            ("a--b", true, false),
            ("a_-b", false, false),
            ("-a", false, false),
            ("", false, false),
            ("a b", false, false),
            ("é", false, false),
            ("n".repeat(63).as_str(), true, true),
            ("n".repeat(64).as_str(), false, false),
        ] {
            assert_eq!((is_job_name(name), is_model_name(name)), (is_job, is_model), "{name}");
        }
    }
}
