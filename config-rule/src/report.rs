//! Findings into the words and evaluations that Config shows.

use chrono::{DateTime, Utc};
use schemas::control::{ControlId, Verdict};
use serde::Serialize;

use crate::facts::{JobFacts, Unread};
use crate::judgement::Judgement;
use crate::parameters::ACCOUNT_TYPE;
use crate::waiver::{WAIVER_FORM, WAIVER_TAG, Waived};

/// The longest annotation that Config takes, in characters (API Reference, "Evaluation").
pub const MAX_ANNOTATION_CHARS: usize = 256;

/// One job, one control, and what is to be said of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The control's name.
    #[serde(serialize_with = "control_name")]
    pub control: ControlId,
    /// The job and what was read of it.
    #[serde(flatten)]
    pub facts: JobFacts,
    /// What the control says, waivers already applied.
    #[serde(flatten)]
    pub judgement: Judgement,
    /// What the job's waiver tag is worth; only looked at where the control is not met.
    pub waiver: Waived,
}

fn control_name<S: serde::Serializer>(control: &ControlId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(control.as_str())
}

impl Finding {
    /// Applies a waiver: a waived job is not applicable, and an expired or malformed waiver says so.
    pub fn new(control: ControlId, facts: JobFacts, judgement: Judgement, waiver: Waived) -> Self {
        let is_bad = judgement.verdict == Verdict::NonCompliant;
        let judgement = match &waiver {
            Waived::Yes(by) if is_bad => Judgement::not_applicable(format!(
                "is waived until {} by {} ({}); it {}",
                by.expires,
                by.owner,
                by.reason,
                judgement.reason()
            )),
            Waived::Expired(by) if is_bad => {
                let finding = format!("(waiver expired {}) {}", by.expires, judgement.finding);
                Judgement { finding, ..judgement }
            }
            Waived::Malformed(wrong) if is_bad => {
                let finding = format!("(tag {WAIVER_TAG} is not {WAIVER_FORM}: {wrong}) {}", judgement.finding);
                Judgement { finding, ..judgement }
            }
            _ => judgement,
        };
        Self { control, facts, judgement, waiver }
    }
}

/// What Config is told about one resource (API Reference, "Evaluation").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// `ComplianceResourceType`
    pub resource_type: String,
    /// `ComplianceResourceId`
    pub resource_id: String,
    /// `ComplianceType`
    pub compliance: Compliance,
    /// `Annotation`, at most 256 characters; an empty one is left out.
    pub annotation: String,
    /// `OrderingTimestamp`
    pub ordering_timestamp: DateTime<Utc>,
}

/// What Config knows; it has no word for what could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Compliance {
    /// `COMPLIANT`
    Compliant,
    /// `NON_COMPLIANT`
    NonCompliant,
    /// `NOT_APPLICABLE`: Config removes the result.
    NotApplicable,
}

impl Compliance {
    /// The verdict's word; `None` for `Undetermined`, of which Config is told nothing.
    pub const fn of(verdict: Verdict) -> Option<Self> {
        match verdict {
            Verdict::Compliant => Some(Self::Compliant),
            Verdict::NonCompliant => Some(Self::NonCompliant),
            Verdict::NotApplicable => Some(Self::NotApplicable),
            Verdict::Undetermined => None,
        }
    }

    /// Config's own word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Compliant => "COMPLIANT",
            Self::NonCompliant => "NON_COMPLIANT",
            Self::NotApplicable => "NOT_APPLICABLE",
        }
    }
}

/// One evaluation a job that could be judged.
pub fn per_job(findings: &[Finding], resource_type: &str, at: DateTime<Utc>) -> Vec<Evaluation> {
    let evaluation = |finding: &Finding| {
        Some(Evaluation {
            resource_type: resource_type.to_owned(),
            resource_id: finding.facts.job.arn.clone(),
            compliance: Compliance::of(finding.judgement.verdict)?,
            annotation: annotation(finding),
            ordering_timestamp: at,
        })
    };
    findings.iter().filter_map(evaluation).collect()
}

/// One evaluation for the account: the worst of its jobs. `None` when only what could not be read would decide.
///
/// `unread_lists`: listings that failed, so that there may be more jobs than `findings` has.
pub fn roll_up(
    control: ControlId,
    findings: &[Finding],
    unread_lists: &[Unread],
    account_id: &str,
    at: DateTime<Utc>,
) -> Option<Evaluation> {
    let of = |verdict| findings.iter().filter(move |finding| finding.judgement.verdict == verdict);
    let (bad, unknown) = (of(Verdict::NonCompliant).count(), of(Verdict::Undetermined).count());
    let good = of(Verdict::Compliant).count();
    let (compliance, annotation) = if bad > 0 {
        let names = of(Verdict::NonCompliant).map(|finding| finding.facts.job.name.clone()).collect::<Vec<_>>();
        let lead = format!("{control}: {bad} of {} jobs not compliant:", findings.len());
        (Compliance::NonCompliant, shortened(&lead, &names, ""))
    } else if unknown > 0 || !unread_lists.is_empty() {
        return None;
    } else if good > 0 {
        let others = findings.len() - good;
        let others = if others > 0 { format!(", {others} not applicable or waived") } else { String::new() };
        (Compliance::Compliant, format!("{control}: {good} jobs compliant{others}"))
    } else {
        (Compliance::NotApplicable, format!("{control}: no job to judge"))
    };
    Some(Evaluation {
        resource_type: ACCOUNT_TYPE.to_owned(),
        resource_id: account_id.to_owned(),
        compliance,
        annotation,
        ordering_timestamp: at,
    })
}

/// `control: job finding ids; remedy`, in at most 256 characters.
pub fn annotation(finding: &Finding) -> String {
    let Judgement { finding: found, resources, remedy, .. } = &finding.judgement;
    let lead = format!("{}: {} {found}", finding.control, finding.facts.job.name);
    let tail = if remedy.is_empty() { String::new() } else { format!("; {remedy}") };
    shortened(&lead, resources, &tail)
}

/// Leaves ids out of the middle, with a count, then the tail, then words of the lead: whatever is needed, and no more.
fn shortened(lead: &str, ids: &[String], tail: &str) -> String {
    let fits = |text: &String| text.chars().count() <= MAX_ANNOTATION_CHARS;
    let with = |shown: usize, tail: &str| {
        let more = ids.len() - shown;
        let mut text = lead.to_owned();
        if shown > 0 {
            text = format!("{text} {}", ids[..shown].join(", "));
        }
        match (shown, more) {
            (_, 0) => {}
            (0, more) => text = format!("{text} {more} of them"),
            (_, more) => text = format!("{text} and {more} more"),
        }
        text + tail
    };
    // At least one id is worth more than the tail.
    let least = ids.len().min(1);
    let texts = (least..=ids.len()).rev().map(|shown| with(shown, tail));
    let shorter = (0..=ids.len()).rev().map(|shown| with(shown, ""));
    texts.chain(shorter).find(fits).unwrap_or_else(|| cut_at_word(lead))
}

fn cut_at_word(text: &str) -> String {
    let room = MAX_ANNOTATION_CHARS - 3;
    let end = text.char_indices().nth(room).map_or(text.len(), |(at, _)| at);
    let whole_words = text[..end].rfind(' ').unwrap_or(end);
    format!("{}...", text[..whole_words].trim_end())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::controls::cases;

    fn at() -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600, 0).expect("a time")
    }

    fn finding(judgement: Judgement) -> Finding {
        Finding::new(ControlId::JobSecurityGroupsExist, cases::job(), judgement, Waived::No)
    }

    fn bad(ids: usize) -> Finding {
        let ids = (0..ids).map(|id| format!("sg-{id:017x}")).collect();
        finding(Judgement::non_compliant("names security groups that do not exist:", ids, "create the job again"))
    }

    #[test]
    fn an_annotation_has_the_control_first_and_counts_the_ids_that_do_not_fit() {
        let text = annotation(&bad(2));
        let expected = "job_security_groups_exist: claims-summary names security groups that do not exist: \
                        sg-00000000000000000, sg-00000000000000001; create the job again";
        assert_eq!(text, expected);
        let text = annotation(&bad(40));
        assert!(text.ends_with("sg-00000000000000005 and 34 more; create the job again"), "{text}");
    }

    proptest! {
        #[test]
        fn no_annotation_is_empty_or_too_long(name in "\\PC{0,300}", found in "\\PC{0,300}", ids in prop::collection::vec("\\PC{0,90}", 0..9)) {
            let mut finding = finding(Judgement::non_compliant(found, ids, "do something"));
            finding.facts.job.name = name;
            let text = annotation(&finding);
            prop_assert!((1..=MAX_ANNOTATION_CHARS).contains(&text.chars().count()), "{}", text);
            prop_assert!(text.starts_with("job_security_groups_exist:"));
        }
    }

    #[test]
    fn what_could_not_be_read_is_reported_as_nothing() {
        let unknown = finding(Judgement::undetermined(vec![cases::unread()]));
        assert_eq!(per_job(&[unknown.clone(), bad(1)], "A::B::C", at()).len(), 1);
        let control = ControlId::JobSecurityGroupsExist;
        let good = finding(Judgement::compliant("is good"));
        let roll_up = |findings: &[Finding], unread: &[Unread]| {
            roll_up(control, findings, unread, "111122223333", at()).map(|evaluation| evaluation.compliance)
        };
        assert_eq!(roll_up(&[], &[]), Some(Compliance::NotApplicable));
        assert_eq!(roll_up(std::slice::from_ref(&good), &[]), Some(Compliance::Compliant));
        assert_eq!(roll_up(&[good.clone(), unknown.clone()], &[]), None);
        assert_eq!(roll_up(std::slice::from_ref(&good), &[cases::unread()]), None);
        assert_eq!(roll_up(&[good, unknown, bad(1)], &[cases::unread()]), Some(Compliance::NonCompliant));
    }

    #[test]
    fn a_waiver_takes_a_bad_job_out_and_never_turns_a_good_one() {
        let waived = |tag: &str, judgement: Judgement| {
            let waiver = crate::waiver::waived(Some(tag), at());
            Finding::new(ControlId::JobInVpc, cases::job(), judgement, waiver).judgement
        };
        let bad = || Judgement::non_compliant("has no vpcConfig", Vec::new(), "create it again");
        let judgement = waived("owner=ann reason=pilot expires=2026-06-30", bad());
        assert_eq!(judgement.verdict, Verdict::NotApplicable);
        assert_eq!(
            judgement.finding,
            "is waived until 2026-06-30 by ann (pilot); it has no vpcConfig; create it again"
        );
        let judgement = waived("owner=ann reason=pilot expires=2025-06-30", bad());
        assert_eq!(judgement.verdict, Verdict::NonCompliant);
        assert_eq!(judgement.finding, "(waiver expired 2025-06-30) has no vpcConfig");
        let judgement = waived("pilot", bad());
        assert!(judgement.finding.contains("it begins with pilot"), "{judgement:?}");
        let judgement = waived("owner=ann reason=pilot expires=2026-06-30", Judgement::compliant("runs in a VPC"));
        assert_eq!(judgement.verdict, Verdict::Compliant);
    }
}
