//! The table of jobs: what was found of each, gravest first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use schemas::control::{ControlId, Verdict};

use super::words;
use crate::report::finding::Finding;
use crate::report::input::JobKey;

/// Jobs with a row, the gravest first; the others are counted by account and Region. Ten thousand rows take a
/// browser several seconds, and the CSV beside the report has them all.
const MAX_ROWS: usize = 1_000;
/// Jobs whose reasons, citations and fixes are written out.
const MAX_DETAILED: usize = 400;
/// Accounts and Regions of the jobs without a row that are counted apart.
const MAX_PLACES: usize = 200;

/// One job and all that was found of it.
pub struct Job<'a> {
    pub key: JobKey,
    pub findings: Vec<&'a Finding>,
}

impl<'a> Job<'a> {
    /// Rows of one job stand together; a control that comes again is another job's.
    pub fn group(findings: &'a [Finding]) -> Vec<Self> {
        let mut jobs: Vec<Self> = Vec::new();
        for finding in findings {
            let key = JobKey::from(finding);
            match jobs.last_mut() {
                Some(job) if job.key == key && job.findings.iter().all(|known| known.control != finding.control) => {
                    job.findings.push(finding);
                }
                _ => jobs.push(Self { key, findings: vec![finding] }),
            }
        }
        jobs
    }

    /// The gravest of its verdicts: what is broken is certain, whatever else is open.
    pub fn verdict(&self) -> Verdict {
        let has = |verdict: &Verdict| self.findings.iter().any(|finding| finding.verdict == *verdict);
        Verdict::ALL.into_iter().find(has).unwrap_or(Verdict::Undetermined)
    }

    fn rank(&self) -> usize {
        let verdict = self.verdict();
        Verdict::ALL.iter().position(|of| *of == verdict).unwrap_or(0)
    }

    fn how_many(&self, verdict: Verdict) -> usize {
        self.findings.iter().filter(|finding| finding.verdict == verdict).count()
    }
}

/// Gravest first, the most broken controls first among those, then in the order of time.
pub fn sort(jobs: &mut [Job<'_>]) {
    jobs.sort_by(|a, b| {
        let order = |job: &Job<'_>| {
            (job.rank(), Reverse(job.how_many(Verdict::NonCompliant)), Reverse(job.how_many(Verdict::Undetermined)))
        };
        order(a)
            .cmp(&order(b))
            .then_with(|| a.key.requested_at.cmp(&b.key.requested_at))
            .then_with(|| a.key.cmp(&b.key))
    });
}

/// A row of the table.
pub struct Row {
    pub name: String,
    pub kind: String,
    pub account_id: String,
    pub aws_region: String,
    /// `None` = the request is not in the logs.
    pub requested_at: Option<String>,
    pub principal: String,
    pub arn: String,
    pub verdict: &'static str,
    pub letter: char,
    /// The job's letter, then that of each control in the order of `ControlId::IN_HISTORY`: what the filter reads.
    pub letters: String,
    pub findings: Vec<FindingView>,
    /// What the rest of the controls say, in one line.
    pub rest: String,
    /// The number of its timeline.
    pub timeline: Option<usize>,
}

/// A control that a job is not compliant with, or that is open.
pub struct FindingView {
    pub letter: char,
    pub verdict: &'static str,
    pub control: &'static str,
    pub reason: String,
    pub next_step: String,
    pub fix: &'static str,
    pub event_id: String,
    pub log_file: String,
    pub record_index: Option<i64>,
    pub attestation: String,
}

/// The rows of sorted jobs.
pub fn rows(jobs: &[Job<'_>], timelines: &HashMap<&JobKey, usize>) -> Vec<Row> {
    let row = |(at, job): (usize, &Job<'_>)| row(job, at < MAX_DETAILED, timelines.get(&job.key).copied());
    jobs.iter().take(MAX_ROWS).enumerate().map(row).collect()
}

/// Jobs of one account and Region that have no row.
pub struct LeftOut {
    pub account_id: String,
    pub aws_region: String,
    /// By the gravest verdict of each, in the order of `Verdict::ALL`.
    pub counts: Vec<String>,
}

/// The sorted jobs that have no row, by account and Region; those beyond `MAX_PLACES` are one entry at the end.
pub fn left_out(jobs: &[Job<'_>]) -> Vec<LeftOut> {
    let mut places: BTreeMap<(&str, &str), Vec<&Job<'_>>> = BTreeMap::new();
    for job in jobs.iter().skip(MAX_ROWS) {
        places.entry((&job.key.account_id, &job.key.aws_region)).or_default().push(job);
    }
    let mut places = places.into_iter();
    let mut left_out: Vec<LeftOut> =
        places.by_ref().take(MAX_PLACES).map(|((account, region), jobs)| counted(account, region, &jobs)).collect();
    let rest: Vec<&Job<'_>> = places.flat_map(|(_, jobs)| jobs).collect();
    if !rest.is_empty() {
        left_out.push(counted("all others", "", &rest));
    }
    left_out
}

fn counted(account_id: &str, aws_region: &str, jobs: &[&Job<'_>]) -> LeftOut {
    let of = |verdict: Verdict| jobs.iter().filter(|job| job.verdict() == verdict).count() as u64;
    LeftOut {
        account_id: words::shortened(account_id),
        aws_region: words::shortened(aws_region),
        counts: Verdict::ALL.map(|verdict| words::thousands(of(verdict))).into(),
    }
}

fn row(job: &Job<'_>, is_detailed: bool, timeline: Option<usize>) -> Row {
    let first = job.findings[0];
    let is_open = |finding: &&&Finding| matches!(finding.verdict, Verdict::NonCompliant | Verdict::Undetermined);
    let mut open: Vec<&Finding> = job.findings.iter().filter(is_open).copied().collect();
    open.sort_by_key(|finding| (finding.verdict != Verdict::NonCompliant, finding.control));
    let is_detailed = is_detailed && !open.is_empty();
    let of_control = |control: ControlId| job.findings.iter().find(|finding| finding.control == control);
    let letters =
        ControlId::IN_HISTORY.map(|control| of_control(control).map_or('-', |finding| words::letter(finding.verdict)));
    Row {
        name: words::job_name(&job.key),
        kind: words::shortened(words::kind(&first.job_kind)),
        account_id: words::shortened(&job.key.account_id),
        aws_region: words::shortened(&job.key.aws_region),
        requested_at: job.key.requested_at.map(words::minute),
        principal: if is_detailed {
            first.principal_arn.as_deref().map_or_else(String::new, words::shortened)
        } else {
            String::new()
        },
        arn: if is_detailed {
            job.key.job_arn.as_deref().map_or_else(String::new, words::shortened)
        } else {
            String::new()
        },
        verdict: words::verdict(job.verdict()),
        letter: words::letter(job.verdict()),
        letters: std::iter::once(words::letter(job.verdict())).chain(letters).collect(),
        rest: if is_detailed {
            rest(job, &[Verdict::Compliant, Verdict::NotApplicable])
        } else {
            rest(job, &Verdict::ALL)
        },
        findings: if is_detailed { open.into_iter().map(detail).collect() } else { Vec::new() },
        timeline,
    }
}

/// `2 compliant, 1 not applicable`
fn rest(job: &Job<'_>, verdicts: &[Verdict]) -> String {
    let count =
        |verdict: &Verdict| Some(job.how_many(*verdict)).filter(|count| *count > 0).map(|count| (count, *verdict));
    let counts: Vec<String> = verdicts
        .iter()
        .filter_map(count)
        .map(|(count, verdict)| format!("{count} {}", words::verdict(verdict).to_lowercase()))
        .collect();
    counts.join(", ")
}

fn detail(finding: &Finding) -> FindingView {
    let shown = |text: &Option<String>| text.as_deref().map_or_else(String::new, words::shortened);
    let is_broken = finding.verdict == Verdict::NonCompliant;
    FindingView {
        letter: words::letter(finding.verdict),
        verdict: words::verdict(finding.verdict),
        control: finding.control.as_str(),
        reason: words::shortened(&finding.reason),
        next_step: shown(&finding.next_step),
        fix: if is_broken {
            words::fix(finding.control)
        } else if finding.next_step.is_none() {
            words::SETTLE
        } else {
            ""
        },
        event_id: shown(&finding.cited_event_id),
        log_file: shown(&finding.cited_log_file),
        record_index: finding.cited_record_index,
        attestation: finding
            .cited_log_file_state
            .as_deref()
            .map_or_else(String::new, |state| words::shortened(words::attestation(state))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::html::tests::finding;

    #[test]
    fn the_rows_of_a_job_become_one_and_equal_jobs_stay_two() {
        let findings = [
            finding("a", ControlId::JobInVpc, Verdict::Compliant),
            finding("a", ControlId::JobNetworkTagged, Verdict::Undetermined),
            finding("a", ControlId::JobInVpc, Verdict::NonCompliant),
            finding("b", ControlId::JobInVpc, Verdict::Compliant),
        ];
        let jobs = Job::group(&findings);
        let verdicts: Vec<(usize, Verdict)> = jobs.iter().map(|job| (job.findings.len(), job.verdict())).collect();
        assert_eq!(verdicts, [(2, Verdict::Undetermined), (1, Verdict::NonCompliant), (1, Verdict::Compliant)]);
    }

    #[test]
    fn the_gravest_come_first_and_only_what_is_open_has_details() {
        let findings = [
            finding("a", ControlId::JobInVpc, Verdict::Compliant),
            finding("b", ControlId::JobInVpc, Verdict::Undetermined),
            finding("c", ControlId::JobInVpc, Verdict::NonCompliant),
            finding("d", ControlId::JobInVpc, Verdict::NotApplicable),
        ];
        let mut jobs = Job::group(&findings);
        sort(&mut jobs);
        let rows = rows(&jobs, &HashMap::new());
        let seen: Vec<(&str, &str, usize)> =
            rows.iter().map(|row| (row.name.as_str(), &row.letters[..2], row.findings.len())).collect();
        assert_eq!(seen, [("c", "nn", 1), ("b", "uu", 1), ("a", "cc", 0), ("d", "aa", 0)]);
        assert_eq!(rows[2].rest, "1 compliant");
        assert!(left_out(&jobs).is_empty());
    }

    #[test]
    fn jobs_without_a_row_are_counted_by_account_and_region() {
        let broken = |at: usize| finding(&format!("{at:05}"), ControlId::JobInVpc, Verdict::NonCompliant);
        let mut findings: Vec<Finding> = (0..MAX_ROWS + 5).map(broken).collect();
        findings[MAX_ROWS + 1].verdict = Verdict::Compliant;
        for (at, finding) in findings[MAX_ROWS + 2..].iter_mut().enumerate() {
            finding.account_id = format!("{}", 200 + at);
        }
        let mut jobs = Job::group(&findings);
        sort(&mut jobs);
        assert_eq!(rows(&jobs, &HashMap::new()).len(), MAX_ROWS);
        let left_out: Vec<String> =
            left_out(&jobs).iter().map(|left| format!("{}: {}", left.account_id, left.counts.join(" "))).collect();
        assert_eq!(left_out, ["111122223333: 1 0 1 0", "200: 1 0 0 0", "201: 1 0 0 0", "202: 1 0 0 0"]);
    }
}
