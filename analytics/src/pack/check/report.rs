//! What a finding is.

use std::collections::BTreeMap;
use std::fmt;

/// Findings of one file that are told one by one; the others are counted.
const FINDINGS_PER_FILE: u64 = 20;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The pack is not what it says.
    Broken,
    /// It is, and there is something to know about it.
    Note,
}

impl Severity {
    /// In one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Note => "note",
        }
    }
}

/// Something to tell of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The file, by its path in the pack.
    pub file: String,
    /// The line in it, from 1.
    pub line: Option<u64>,
    /// What was found.
    pub found: String,
    /// What was expected; of a note, what to do about it.
    pub expected: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { severity, file, line, found, expected } = self;
        write!(f, "{file}")?;
        if let Some(line) = line {
            write!(f, " line {line}")?;
        }
        match severity {
            Severity::Broken => write!(f, ": {found}; expected {expected}"),
            Severity::Note => write!(f, ": {found}; {expected}"),
        }
    }
}

/// What is known of the signature over `SHA256SUMS`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SignatureState {
    /// There is none.
    #[default]
    NotSigned,
    /// There is one, and no key to verify it with was given.
    NotChecked,
    /// The key given made it.
    Valid,
    /// It did not.
    Invalid,
}

/// What was checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Files hashed.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Cited records.
    pub facts: u64,
    /// Of these, facts whose log file a digest file in the pack was seen to vouch for.
    pub facts_proven: u64,
    /// Of these, records that stand word for word in a log file in the pack.
    pub records_in_log_files: u64,
    /// Digest files in the pack whose signatures hold.
    pub digests_valid: u64,
    /// Log files that these vouch for, as told.
    pub log_files_proven: u64,
    /// The signature over the whole.
    pub signature: SignatureState,
}

/// What came of a check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// What is broken first, then by file; those of one file in the order of its lines.
    pub findings: Vec<Finding>,
    /// What was checked.
    pub checked: Checked,
    told: BTreeMap<(Severity, String), u64>,
}

impl Report {
    /// Whether nothing is broken.
    pub fn is_whole(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity != Severity::Broken)
    }

    /// What is broken.
    pub fn broken(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Broken)
    }

    pub(super) fn add_broken(&mut self, at: impl Into<At>, found: impl Into<String>, expected: impl Into<String>) {
        self.add(Severity::Broken, at.into(), found.into(), expected.into());
    }

    pub(super) fn add_note(&mut self, at: impl Into<At>, found: impl Into<String>, advice: impl Into<String>) {
        self.add(Severity::Note, at.into(), found.into(), advice.into());
    }

    fn add(&mut self, severity: Severity, At { file, line }: At, found: String, expected: String) {
        let told = self.told.entry((severity, file.clone())).or_default();
        *told += 1;
        if *told <= FINDINGS_PER_FILE {
            self.findings.push(Finding { severity, file, line, found, expected });
        }
    }

    /// Counts what was not told, and sorts.
    pub(super) fn finish(&mut self) {
        for ((severity, file), told) in std::mem::take(&mut self.told) {
            if let Some(more @ 1..) = told.checked_sub(FINDINGS_PER_FILE) {
                let (found, expected) = (format!("{more} more of the kind"), "none".to_owned());
                self.findings.push(Finding { severity, file, line: None, found, expected });
            }
        }
        self.findings.sort_by(|a, b| (a.severity, &a.file).cmp(&(b.severity, &b.file)));
    }
}

/// Where a finding is.
#[derive(Debug, Clone)]
pub(super) struct At {
    file: String,
    line: Option<u64>,
}

impl From<&str> for At {
    fn from(file: &str) -> Self {
        Self { file: file.to_owned(), line: None }
    }
}

impl From<&String> for At {
    fn from(file: &String) -> Self {
        Self::from(file.as_str())
    }
}

impl From<(&str, u64)> for At {
    fn from((file, line): (&str, u64)) -> Self {
        Self { file: file.to_owned(), line: Some(line) }
    }
}
