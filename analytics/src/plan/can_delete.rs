//! What was typed after `can-delete` means this.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use config_rule::deletion::facts::{FinishedJobs, ProtectingTag, Terms};
use config_rule::deletion::subject::{Asked, ResourceId};

use super::misused;
use crate::cli::{CanDelete, FinishedJobsChoice};
use crate::deletion_input::{
    BadInput, Deletion, Document, Requested, What, cloudformation, custodian, list, terraform, together,
};
use crate::error::{Error, Result};

/// The tags that protect where none was named: the key that people write, ours, and that of `infra/network.yaml`.
const PROTECTING_TAGS: [&str; 3] = ["DoNotDelete", "bedrock-audit:protected", "NetworkIsolationLock=true"];

/// Standard input, in place of a file or an id.
const STDIN: &str = "-";

/// How a document is read.
type Parse = fn(&str) -> std::result::Result<Document, BadInput>;

/// An option, its file, and how that is read.
type Named<'a> = (&'static str, &'a Path, Parse);

impl CanDelete {
    /// What is to be deleted. Reads the files, and standard input where it is named.
    pub fn requested(&self) -> Result<Requested> {
        let lists = self.ids.iter().filter(|id| *id == STDIN).map(|_| ("ID", Path::new(STDIN), list::parse as Parse));
        let named: Vec<Named<'_>> = lists
            .chain(files("--plan", &self.plan, terraform::parse))
            .chain(files("--change-set", &self.change_set, cloudformation::parse))
            .chain(files("--custodian", &self.custodian, custodian::parse))
            .collect();
        if named.iter().filter(|(_, path, _)| *path == Path::new(STDIN)).count() > 1 {
            return Err(Error::Misused("- stands for standard input, which can be read only once".to_owned()));
        }
        let mut documents = vec![self.typed()?];
        for (option, path, parse) in named {
            documents.push(document(option, path, parse)?);
        }
        Ok(together(documents))
    }

    fn typed(&self) -> Result<Document> {
        let deletion = |id: &String| match ResourceId::parse(id) {
            Ok(id) => Ok(Deletion { what: What::Resource(Asked::by_id(id)), origin: "argument".to_owned() }),
            Err(invalid) => Err(Error::Misused(invalid.to_string())),
        };
        let deletions = self.ids.iter().filter(|id| *id != STDIN).map(deletion).collect::<Result<_>>()?;
        Ok(Document { deletions, ..Document::default() })
    }

    /// What counts, where these ids are all to be deleted.
    pub fn terms(&self, going: BTreeSet<String>) -> Result<Terms> {
        let finished_jobs = match self.finished_jobs {
            FinishedJobsChoice::Refuse => FinishedJobs::Refuse,
            FinishedJobsChoice::Ignore => FinishedJobs::Ignore,
        };
        let protecting_tags = if self.protect_tags.is_empty() {
            PROTECTING_TAGS.iter().filter_map(|text| protecting_tag(text)).collect()
        } else {
            let tag =
                |text: &String| protecting_tag(text).ok_or_else(|| misused("--protect-tag", text, "KEY or KEY=VALUE"));
            self.protect_tags.iter().map(tag).collect::<Result<_>>()?
        };
        Ok(Terms { finished_jobs, protecting_tags, together: going })
    }

    /// How long it may read.
    pub fn time_limit(&self) -> Result<Duration> {
        humantime::parse_duration(&self.time_limit)
            .map_err(|_| misused("--time-limit", &self.time_limit, "a span such as 15m"))
    }
}

fn files<'a>(option: &'static str, paths: &'a [PathBuf], parse: Parse) -> impl Iterator<Item = Named<'a>> {
    paths.iter().map(move |path| (option, path.as_path(), parse))
}

/// The first `=` parts key and value.
fn protecting_tag(text: &str) -> Option<ProtectingTag> {
    let (key, value) = match text.split_once('=') {
        Some((key, value)) => (key, Some(value.to_owned())),
        None => (text, None),
    };
    (!key.is_empty()).then(|| ProtectingTag { key: key.to_owned(), value })
}

/// Reads one, and names it wherever it says something.
fn document(option: &str, path: &Path, parse: Parse) -> Result<Document> {
    let is_stdin = path == Path::new(STDIN);
    let name = if is_stdin { "standard input".to_owned() } else { path.display().to_string() };
    let refuse = |cause: String| Error::Misused(format!("{option} {name}: {cause}"));
    let text = if is_stdin { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(path) };
    let mut document =
        parse(&text.map_err(|cause| refuse(cause.to_string()))?).map_err(|bad| refuse(bad.to_string()))?;
    let nested = document.nested.iter_mut().map(|(_, deletion)| deletion);
    for deletion in document.deletions.iter_mut().chain(nested) {
        deletion.origin = format!("{name}: {}", deletion.origin);
    }
    Ok(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_a_key_and_maybe_a_value() {
        for (text, key, value) in [
            ("Lock", "Lock", None),
            ("Lock=true", "Lock", Some("true")),
            ("a=b=c", "a", Some("b=c")),
            ("a=", "a", Some("")),
        ] {
            let tag = ProtectingTag { key: key.to_owned(), value: value.map(str::to_owned) };
            assert_eq!(protecting_tag(text), Some(tag), "{text}");
        }
        assert_eq!((protecting_tag(""), protecting_tag("=x")), (None, None));
        assert!(PROTECTING_TAGS.iter().all(|text| protecting_tag(text).is_some()));
    }
}
