//! The top of the report: the answer in one sentence, the counts behind it, and what it does not cover.

use schemas::control::{ControlId, Verdict};

use super::jobs::Job;
use super::words;
use crate::report::finding::Finding;
use crate::report::input::Facts;

/// The width of a bar of counts, in units of its picture.
const BAR_WIDTH: f64 = 240.0;

/// How many jobs, by the gravest verdict of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Jobs {
    counts: [u64; Verdict::ALL.len()],
}

impl Jobs {
    pub fn count(jobs: &[Job<'_>]) -> Self {
        let mut counted = Self::default();
        for job in jobs {
            counted.counts[place(job.verdict())] += 1;
        }
        counted
    }

    pub const fn of(&self, verdict: Verdict) -> u64 {
        self.counts[place(verdict)]
    }

    pub fn all(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// The verdict's place in `Verdict::ALL`.
const fn place(verdict: Verdict) -> usize {
    match verdict {
        Verdict::NonCompliant => 0,
        Verdict::Undetermined => 1,
        Verdict::Compliant => 2,
        Verdict::NotApplicable => 3,
    }
}

/// The answer in one sentence. What could not be judged is in it whenever there is any.
pub fn sentence(jobs: &Jobs, facts: &Facts) -> String {
    let (broken, open) = (jobs.of(Verdict::NonCompliant), jobs.of(Verdict::Undetermined));
    let good = jobs.all() - broken - open;
    let total = words::count(jobs.all(), "job");
    let is = |count: u64| if count == 1 { "is" } else { "are" };
    let number = words::thousands;
    match (jobs.all(), broken, open) {
        (0, ..) if facts.log_files == 0 => "The lake holds no log files, so nothing can be said of any job.".to_owned(),
        (0, ..) => "No job is in the logs, which is an answer only for the hours that they cover.".to_owned(),
        (_, 0, 0) => match jobs.all() {
            1 => "The one job is compliant with every control that applies to it.".to_owned(),
            _ => format!("All {total} are compliant with every control that applies to them."),
        },
        (_, 0, _) => {
            format!("Of {total}, none is shown to be non-compliant, but {} could not be judged.", number(open))
        }
        (_, _, 0) => format!("Of {total}, {} {} not compliant with at least one control.", number(broken), is(broken)),
        _ => {
            let rest = if good == 0 {
                "none is shown to be compliant".to_owned()
            } else {
                format!("{} {} compliant", number(good), is(good))
            };
            format!(
                "Of {total}, {} {} not compliant with at least one control, and {} more could not be judged; {rest}.",
                number(broken),
                is(broken),
                number(open)
            )
        }
    }
}

/// What the answer leaves open, each in one sentence.
pub fn caveats(facts: &Facts) -> Vec<String> {
    let mut caveats = Vec::new();
    let aside = [(facts.log_files_set_aside, "log file"), (facts.records_set_aside, "record")];
    let aside: Vec<String> =
        aside.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| words::count(count, what)).collect();
    if !aside.is_empty() {
        let aside = aside.join(" and ");
        caveats.push(format!(
            "Not read, and behind no verdict: {aside}; bedrock-audit query set_aside tells which and why."
        ));
    }
    caveats.push(if facts.is_strict {
        "Only what a valid digest file vouches for counted (--strict).".to_owned()
    } else {
        "Log files that no digest file vouches for counted too; --strict leaves them out. A log file that was changed after \
         delivery decided nothing."
            .to_owned()
    });
    caveats.push("Fine-tuning through other services' APIs is out of sight of these logs.".to_owned());
    caveats
}

/// The counts of one control.
pub struct ControlCounts {
    pub control: &'static str,
    pub title: &'static str,
    pub counts: Vec<(char, String)>,
    /// Of the bar: letter, left edge, width.
    pub bar: Vec<(char, String, String)>,
}

/// One row for each control that was judged.
pub fn by_control(findings: &[Finding]) -> Vec<ControlCounts> {
    let controls = ControlId::ALL.into_iter();
    controls.filter_map(|control| counts_of(control, findings)).collect()
}

fn counts_of(control: ControlId, findings: &[Finding]) -> Option<ControlCounts> {
    let mut jobs = Jobs::default();
    for finding in findings.iter().filter(|finding| finding.control == control) {
        jobs.counts[place(finding.verdict)] += 1;
    }
    let all = Some(jobs.all()).filter(|all| *all > 0)?;
    let mut left = 0.0;
    let bar = Verdict::ALL.into_iter().filter(|verdict| jobs.of(*verdict) > 0).map(|verdict| {
        let width = BAR_WIDTH * jobs.of(verdict) as f64 / all as f64;
        left += width;
        // A sliver among thousands is still seen, and a hairline keeps neighbours apart.
        (words::letter(verdict), format!("{:.1}", left - width), format!("{:.1}", (width - 1.0).max(1.5)))
    });
    Some(ControlCounts {
        control: control.as_str(),
        title: control.title(),
        bar: bar.collect(),
        counts: Verdict::ALL.map(|verdict| (words::letter(verdict), words::thousands(jobs.of(verdict)))).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::html::tests::{facts, finding};

    #[track_caller]
    fn check(counts: [u64; 4], expected: &str) {
        assert_eq!(sentence(&Jobs { counts }, &facts()), expected);
    }

    #[test]
    fn the_sentence_never_hides_what_could_not_be_judged() {
        check(
            [6, 3, 0, 0],
            "Of 9 jobs, 6 are not compliant with at least one control, and 3 more could not be judged; none is shown to be compliant.",
        );
        check(
            [1, 1, 1, 0],
            "Of 3 jobs, 1 is not compliant with at least one control, and 1 more could not be judged; 1 is compliant.",
        );
        check([2, 0, 9_998, 0], "Of 10,000 jobs, 2 are not compliant with at least one control.");
        check([0, 2, 5, 0], "Of 7 jobs, none is shown to be non-compliant, but 2 could not be judged.");
        check([0, 0, 5, 1], "All 6 jobs are compliant with every control that applies to them.");
        check([0, 0, 1, 0], "The one job is compliant with every control that applies to it.");
        check([0; 4], "No job is in the logs, which is an answer only for the hours that they cover.");
        let empty = Facts { log_files: 0, ..facts() };
        assert_eq!(
            sentence(&Jobs::default(), &empty),
            "The lake holds no log files, so nothing can be said of any job."
        );
    }

    #[test]
    fn a_control_has_its_counts_and_a_bar_of_their_shares() {
        let findings = [
            finding("a", ControlId::JobInVpc, Verdict::Compliant),
            finding("b", ControlId::JobInVpc, Verdict::NonCompliant),
        ];
        let counts = by_control(&findings);
        assert_eq!(counts.len(), 1);
        assert_eq!(
            counts[0].counts,
            [('n', "1"), ('u', "0"), ('c', "1"), ('a', "0")].map(|(letter, count)| (letter, count.to_owned()))
        );
        assert_eq!(counts[0].bar[1], ('c', "120.0".to_owned(), "119.0".to_owned()));
        assert!(by_control(&[]).is_empty());
    }

    #[test]
    fn every_place_is_that_of_the_list() {
        assert!(Verdict::ALL.into_iter().enumerate().all(|(at, verdict)| place(verdict) == at));
    }
}
