//! ListObjectsV2 as S3 does it: keys in byte order, groups, and pages of at most a thousand.

use std::path::Path;
use std::{fs, io};

/// No page is longer, whatever the client asks for (API Reference, "ListObjectsV2": `max-keys`).
pub const MOST_KEYS: usize = 1_000;

/// One entry of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// An object.
    Key(String),
    /// A common prefix: what all keys of a group begin with, the delimiter included.
    Group(String),
}

impl Item {
    /// The key, or the prefix of the group.
    pub fn name(&self) -> &str {
        match self {
            Self::Key(name) | Self::Group(name) => name,
        }
    }
}

/// Keys of the files below a bucket's folder that begin with `prefix`, in byte order. Empty folders are no objects.
pub fn keys(bucket: &Path, prefix: &str) -> io::Result<Vec<String>> {
    let (first, _) = prefix.rsplit_once('/').unwrap_or_default();
    let mut folders = vec![first.to_owned()];
    let mut keys = Vec::new();
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(bucket.join(&folder)) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let key = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            // Not found: deleted since the folder was read.
            match fs::metadata(entry.path()) {
                Ok(found) if found.is_dir() => folders.push(key),
                Ok(_) if key.starts_with(prefix) => keys.push(key),
                _ => {}
            }
        }
    }
    keys.sort_unstable();
    Ok(keys)
}

/// The page of `keys`, which all begin with `prefix`, that follows `after`, and whether more would follow it.
///
/// `after` is a key, present or not, or a group that was listed already.
pub fn page(
    keys: &[String],
    prefix: &str,
    delimiter: Option<&str>,
    after: Option<&str>,
    limit: usize,
) -> (Vec<Item>, bool) {
    let mut items: Vec<Item> = Vec::new();
    for key in keys.iter().filter(|key| after.is_none_or(|after| key.as_str() > after)) {
        let item = match group(key, prefix, delimiter) {
            Some(group) if after == Some(group) => continue,
            Some(group) => Item::Group(group.to_owned()),
            None => Item::Key(key.clone()),
        };
        if items.last() == Some(&item) {
            continue;
        }
        if items.len() == limit {
            return (items, limit > 0);
        }
        items.push(item);
    }
    (items, false)
}

fn group<'key>(key: &'key str, prefix: &str, delimiter: Option<&str>) -> Option<&'key str> {
    let delimiter = delimiter.filter(|delimiter| !delimiter.is_empty())?;
    let at = key[prefix.len()..].find(delimiter)?;
    Some(&key[..prefix.len() + at + delimiter.len()])
}

/// A continuation token. Opaque, as S3's are, so that no client mistakes it for a key.
pub fn token(last: &Item) -> String {
    last.name().bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// The name in a continuation token; `None` when it is none of ours.
pub fn name_in(token: &str) -> Option<String> {
    let digits: Option<Vec<u32>> = token.chars().map(|digit| digit.to_digit(16)).collect();
    let bytes: Option<Vec<u8>> = digits?
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(high * 16 + low).ok(),
            _ => None,
        })
        .collect();
    String::from_utf8(bytes?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 5] = ["a/1", "a/2", "b", "c/1", "d"];

    fn check(delimiter: Option<&str>, after: Option<&str>, limit: usize, expected: (&[&str], bool)) {
        let keys = KEYS.map(str::to_owned);
        let (items, truncated) = page(&keys, "", delimiter, after, limit);
        let names: Vec<_> = items.iter().map(Item::name).collect();
        assert_eq!((names.as_slice(), truncated), expected, "{delimiter:?} after {after:?}");
    }

    #[test]
    fn a_page_follows_the_key_or_the_group_that_the_last_one_ended_with() {
        check(None, None, 2, (&["a/1", "a/2"], true));
        check(None, Some("a/2"), 3, (&["b", "c/1", "d"], false));
        check(None, Some("bb"), 1, (&["c/1"], true));
        check(Some("/"), None, 2, (&["a/", "b"], true));
        check(Some("/"), Some("a/"), 9, (&["b", "c/", "d"], false));
        check(Some("/"), Some("a/1"), 1, (&["a/"], true));
        check(None, None, 0, (&[], false));
    }

    #[test]
    fn a_token_holds_the_name_and_nothing_else_is_a_token() {
        let last = Item::Key("é/=1".to_owned());
        assert_eq!(name_in(&token(&last)).as_deref(), Some("é/=1"));
        for wrong in ["a/1", "abc", "ff"] {
            assert_eq!(name_in(wrong), None, "{wrong}");
        }
    }
}
