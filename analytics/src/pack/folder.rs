//! Names that tell nothing of the machine.
//!
//! A log file read from a folder is named by its absolute path. In a pack the part that all such paths share is left
//! out, so that the same folder elsewhere gives the same pack; what is below `AWSLogs/` always stays.

/// The folder that all paths share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folder {
    /// Ends in `/`, or is empty.
    shared: String,
}

impl Folder {
    /// Whether a name is a path and not a URL, as `s3://bucket/key` is.
    pub fn is_path(name: &str) -> bool {
        !name.contains("://")
    }

    /// The folder that the paths among the names share.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut paths = names.into_iter().filter(|name| Self::is_path(name));
        let Some(first) = paths.next() else { return Self::default() };
        let shared = paths.fold(above(first), shared);
        Self { shared: before_aws_logs(shared).to_owned() }
    }

    /// Takes it out of a name.
    pub fn leave_name(&self, name: &mut String) {
        if let Some(rest) = name.strip_prefix(&self.shared).filter(|_| Self::is_path(name)) {
            *name = rest.to_owned();
        }
    }

    /// Takes it out of words. A folder with no name of its own, such as `/`, is left in them.
    pub fn leave_text(&self, text: &mut String) {
        if self.shared.len() > 1 && text.contains(&self.shared) {
            *text = text.replace(&self.shared, "");
        }
    }
}

/// The folders above a file, up to the last `/`.
fn above(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..=at])
}

/// What two begin with, up to a `/`. `folder` ends in one.
fn shared<'a>(folder: &'a str, path: &str) -> &'a str {
    let equal = folder.bytes().zip(path.bytes()).take_while(|(a, b)| a == b).count();
    let end = folder.as_bytes()[..equal].iter().rposition(|byte| *byte == b'/');
    end.map_or("", |end| &folder[..=end])
}

fn before_aws_logs(folder: &str) -> &str {
    let is_folder = |at: &usize| *at == 0 || folder[..*at].ends_with('/');
    let at = folder.rmatch_indices("AWSLogs/").map(|(at, _)| at).find(is_folder);
    at.map_or(folder, |at| &folder[..at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(names: &[&str], expected: &[&str]) {
        let folder = Folder::of(names.iter().copied());
        let left = names.iter().map(|name| {
            let mut name = (*name).to_owned();
            folder.leave_name(&mut name);
            name
        });
        assert_eq!(left.collect::<Vec<_>>(), expected, "{folder:?}");
    }

    #[test]
    fn what_all_paths_share_is_left_out() {
        check(&[], &[]);
        check(&["s3://b/AWSLogs/1/a.gz"], &["s3://b/AWSLogs/1/a.gz"]);
        check(&["/home/u/trail/a.gz"], &["a.gz"]);
        check(&["/t/logs/a.gz", "/t/digests/a.gz", "s3://b/a"], &["logs/a.gz", "digests/a.gz", "s3://b/a"]);
        check(&["/t/AWSLogs/1/x/a.gz", "/t/AWSLogs/1/x/b.gz"], &["AWSLogs/1/x/a.gz", "AWSLogs/1/x/b.gz"]);
        check(&["/t/MyAWSLogs/a.gz"], &["a.gz"]);
        check(&["/ab/x", "/ac/y"], &["ab/x", "ac/y"]);
        check(&["x", "/ac/y"], &["x", "/ac/y"]);
    }

    #[test]
    fn words_lose_it_too() {
        let told = |names: [&str; 2], text: &str| {
            let mut text = text.to_owned();
            Folder::of(names).leave_text(&mut text);
            text
        };
        assert_eq!(told(["/t/x/a", "/t/x/b"], "read /t/x/a and /t/x/b"), "read a and b");
        assert_eq!(told(["/t/a", "/u/b"], "his/her /t/a"), "his/her /t/a");
    }

    proptest! {
        #[test]
        fn names_stay_apart(names in proptest::collection::hash_set("[/aé]{0,6}|/AWSLogs/[a-b/]{1,3}", 0..6)) {
            let folder = Folder::of(names.iter().map(String::as_str));
            let left: std::collections::HashSet<String> = names.iter().cloned().map(|mut name| {
                folder.leave_name(&mut name);
                name
            }).collect();
            prop_assert_eq!(left.len(), names.len());
        }
    }
}
