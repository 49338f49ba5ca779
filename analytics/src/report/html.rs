//! The report for reading: one HTML file with its style, its script and its pictures in it, which asks no network for
//! anything. Plain values in, one text out.
//!
//! Everything that comes from a log is hostile. It reaches the page through the templates' escaper alone ([`escape`]);
//! `|safe` marks our own style, script and pictures; and a policy in the page lets nothing run but that script.

mod answer;
pub mod escape;
mod heat_map;
mod jobs;
mod timeline;
mod trend;
mod words;

use std::collections::HashMap;

use askama::Template;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use schemas::control::{ControlId, Verdict};

use self::answer::{ControlCounts, Jobs};
use self::heat_map::HeatMap;
use self::jobs::{Job, LeftOut, Row};
use self::timeline::Picture;
use self::trend::Chart;
use super::input::{Input, JobKey, Timeline};
use crate::sha256::Sha256;

/// Jobs with a timeline, the gravest first.
pub const MAX_TIMELINES: usize = 100;
/// Timelines that stand open when the page is opened.
const OPEN_TIMELINES: usize = 6;

const STYLE: &str = include_str!("../../templates/style.css");
const SCRIPT: &str = include_str!("../../templates/script.js");

/// The report as one HTML document.
pub fn render(input: &Input) -> String {
    let mut jobs = Job::group(&input.findings);
    jobs::sort(&mut jobs);
    let counts = Jobs::count(&jobs);
    let (timelines, timelines_not_drawn) = timelines(&jobs, input);
    let numbers = timelines.iter().map(|entry| (entry.key, entry.picture.number)).collect();
    let rows = jobs::rows(&jobs, &numbers);
    let facts = &input.facts;
    let page = Page {
        policy: policy(),
        style: STYLE,
        script: SCRIPT,
        sentence: answer::sentence(&counts, facts),
        caveats: answer::caveats(facts),
        verdicts: Verdict::ALL.map(|verdict| VerdictView::new(verdict, counts.of(verdict))).into(),
        controls: answer::by_control(&input.findings),
        filter_controls: ControlId::IN_HISTORY.map(ControlId::as_str).into(),
        as_of: words::instant(facts.as_of),
        lake: words::shortened(&facts.lake),
        tool_version: &facts.tool_version,
        delivered: match (facts.first_delivery, facts.last_delivery) {
            (Some(first), Some(last)) => {
                vec![format!("{} to", words::minute(first)), format!("{} UTC", words::minute(last))]
            }
            _ => vec!["no log file's name tells".to_owned()],
        },
        read: format!(
            "{} of {} in {}",
            words::count(facts.log_files, "log file"),
            words::count(facts.accounts, "account"),
            words::count(facts.regions, "Region")
        ),
        set_aside: format!(
            "{}, {}",
            words::count(facts.log_files_set_aside, "log file"),
            words::count(facts.records_set_aside, "record")
        ),
        csv_file: facts.csv_file.as_deref(),
        heat_map: HeatMap::new(&input.coverage),
        trends: input.trends.iter().enumerate().map(|(at, trend)| Chart::new(at + 1, trend)).collect(),
        timelines,
        timelines_not_drawn: words::count(timelines_not_drawn, "job"),
        are_timelines_left_out: timelines_not_drawn > 0,
        jobs: words::count(counts.all(), "job"),
        rows_shown: words::thousands(rows.len() as u64),
        rows,
        left_out: jobs::left_out(&jobs),
    };
    page.render().expect("a String takes everything, and no template fails by itself")
}

/// Nothing from anywhere, and of style and script only our own, by their hashes.
fn policy() -> String {
    let hash = |text: &str| BASE64_STANDARD.encode(Sha256::new().then(text).bytes());
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

/// The timelines of the gravest jobs, and how many jobs that are not compliant have none here.
fn timelines<'a>(jobs: &'a [Job<'_>], input: &'a Input) -> (Vec<TimelineEntry<'a>>, u64) {
    let known: HashMap<&JobKey, &Timeline> = input.timelines.iter().map(|timeline| (&timeline.job, timeline)).collect();
    let open: Vec<&Job<'_>> =
        jobs.iter().filter(|job| matches!(job.verdict(), Verdict::NonCompliant | Verdict::Undetermined)).collect();
    let with_timeline = open.iter().filter_map(|job| Some((*job, *known.get(&job.key)?)));
    let entries: Vec<TimelineEntry<'_>> = with_timeline
        .take(MAX_TIMELINES)
        .enumerate()
        .map(|(at, (job, timeline))| TimelineEntry {
            key: &job.key,
            name: words::job_name(&job.key),
            place: words::shortened(&format!("{} {}", job.key.account_id, job.key.aws_region)),
            requested_at: job.key.requested_at.map_or("request not in the logs".to_owned(), words::minute),
            verdict: words::verdict(job.verdict()),
            letter: words::letter(job.verdict()),
            is_open: at < OPEN_TIMELINES,
            picture: Picture::new(at + 1, timeline, &input.facts.lake, input.facts.as_of),
        })
        .collect();
    let not_drawn = open.len() - entries.len();
    (entries, not_drawn as u64)
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    policy: String,
    style: &'static str,
    script: &'static str,
    sentence: String,
    caveats: Vec<String>,
    verdicts: Vec<VerdictView>,
    controls: Vec<ControlCounts>,
    filter_controls: Vec<&'static str>,
    as_of: String,
    lake: String,
    tool_version: &'a str,
    delivered: Vec<String>,
    read: String,
    set_aside: String,
    csv_file: Option<&'a str>,
    heat_map: Option<HeatMap>,
    trends: Vec<Chart<'a>>,
    timelines: Vec<TimelineEntry<'a>>,
    timelines_not_drawn: String,
    are_timelines_left_out: bool,
    jobs: String,
    rows_shown: String,
    rows: Vec<Row>,
    left_out: Vec<LeftOut>,
}

struct VerdictView {
    letter: char,
    name: &'static str,
    meaning: &'static str,
    jobs: String,
}

impl VerdictView {
    fn new(verdict: Verdict, jobs: u64) -> Self {
        Self {
            letter: words::letter(verdict),
            name: words::verdict(verdict),
            meaning: words::verdict_meaning(verdict),
            jobs: words::thousands(jobs),
        }
    }
}

struct TimelineEntry<'a> {
    key: &'a JobKey,
    name: String,
    place: String,
    requested_at: String,
    verdict: &'static str,
    letter: char,
    is_open: bool,
    picture: Picture,
}

#[cfg(test)]
mod tests;
