//! What a control says of one job.

use schemas::control::Verdict;
use serde::Serialize;

use crate::facts::Unread;

/// A verdict with its reason, in parts, so that a report can shorten the list of ids and never a word.
///
/// The whole reads: finding, resources, remedy. `names security groups that no longer exist: sg-1, sg-2; create it again`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// What is known of the job.
    pub verdict: Verdict,
    /// What was found, lower case, after the job's name: `has no vpcConfig`.
    pub finding: String,
    /// The ids that the finding is about, in order. May be empty.
    pub resources: Vec<String>,
    /// What to do about it. Empty where there is nothing to do.
    pub remedy: &'static str,
    /// What could not be read. Not empty where the verdict is `Undetermined`; may hold more beside a certain verdict.
    pub unread: Vec<Unread>,
}

impl Judgement {
    /// What the control states is true.
    pub fn compliant(finding: impl Into<String>) -> Self {
        Self::new(Verdict::Compliant, finding, Vec::new(), "")
    }

    /// It is not true; `remedy` says what to do.
    pub fn non_compliant(finding: impl Into<String>, resources: Vec<String>, remedy: &'static str) -> Self {
        Self::new(Verdict::NonCompliant, finding, resources, remedy)
    }

    /// The control says nothing about such a job.
    pub fn not_applicable(finding: impl Into<String>) -> Self {
        Self::new(Verdict::NotApplicable, finding, Vec::new(), "")
    }

    /// Something decisive could not be read. `unread` is not empty.
    pub fn undetermined(unread: Vec<Unread>) -> Self {
        let resources = unread.iter().map(|unread| format!("{} ({})", unread.resource, unread.action)).collect();
        Self { unread, ..Self::new(Verdict::Undetermined, "could not be judged, unread:", resources, "") }
    }

    fn new(verdict: Verdict, finding: impl Into<String>, resources: Vec<String>, remedy: &'static str) -> Self {
        Self { verdict, finding: finding.into(), resources, remedy, unread: Vec::new() }
    }

    /// The whole reason, no id left out.
    pub fn reason(&self) -> String {
        let mut text = self.finding.clone();
        if !self.resources.is_empty() {
            text = format!("{text} {}", self.resources.join(", "));
        }
        if !self.remedy.is_empty() {
            text = format!("{text}; {}", self.remedy);
        }
        text
    }
}

impl Serialize for Judgement {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut fields = serializer.serialize_struct("Judgement", 4)?;
        fields.serialize_field("verdict", self.verdict.as_str())?;
        fields.serialize_field("reason", &self.reason())?;
        fields.serialize_field("resources", &self.resources)?;
        fields.serialize_field("unread", &self.unread)?;
        fields.end()
    }
}
