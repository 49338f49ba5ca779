//! The picture of one job: the job, its interfaces and its security groups as bars on one axis of time, what happened as
//! numbered marks, and the numbered list that says the same in words, with who and the records.

use std::collections::BTreeMap;

use askama::Template;
use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};

use super::words;
use crate::report::input::{Lane, Mark, MarkKind, Timeline};

/// More interfaces or groups are counted, not drawn; the list has them all.
const MAX_LANES_OF_A_KIND: usize = 8;
/// More events are counted, not listed.
const MAX_EVENTS: usize = 40;

const WIDTH: f64 = 1120.0;
const LABEL_WIDTH: f64 = 236.0;
/// Where nothing is drawn at the right, so that a mark at the end is whole.
const RIGHT: f64 = 14.0;
const AXIS_HEIGHT: f64 = 28.0;
const LANE_HEIGHT: f64 = 34.0;
/// Marks of one lane that are nearer than this share a number.
const MARK_WIDTH: f64 = 19.0;
/// Of the events that share a box, those that the pointer is told.
const MAX_TOLD: usize = 10;
/// A bar is never thinner than this, however short the job was.
const MIN_BAR: f64 = 3.0;

/// The picture and the list.
#[derive(Template)]
#[template(path = "timeline.html")]
pub struct Picture {
    pub number: usize,
    /// What the picture shows, in one sentence.
    description: String,
    title: String,
    width: f64,
    height: f64,
    ticks: Vec<Tick>,
    lanes: Vec<LaneView>,
    lanes_not_drawn: usize,
    events: Vec<Event>,
    events_not_listed: usize,
    explain: String,
}

struct Tick {
    x: String,
    label: String,
}

struct LaneView {
    class: &'static str,
    name: String,
    /// The id below the name, or what kind of thing it is.
    id: String,
    y: f64,
    bar: Bar,
    marks: Vec<MarkView>,
}

struct Bar {
    width: String,
    /// Whether a record tells the beginning, and the end. An open end is drawn open.
    is_begun: bool,
    is_ended: bool,
    left: String,
    right: String,
    told: String,
}

struct MarkView {
    x: String,
    class: &'static str,
    numbers: String,
    /// Half the width of the box behind the numbers.
    half: f64,
    told: String,
}

struct Event {
    class: &'static str,
    at: String,
    what: String,
    who: String,
    event_id: String,
    log_file: String,
    record_index: Option<i64>,
}

impl Picture {
    /// `lake` is for the command that tells more; a job without any mark is drawn as of `as_of`.
    pub fn new(number: usize, timeline: &Timeline, lake: &str, as_of: DateTime<Utc>) -> Self {
        let marks = numbered(&timeline.marks);
        let lives = lives(&marks);
        let axis = Axis::over(&marks, as_of);
        let drawn = drawn(&lives);
        let events: Vec<Event> = marks.iter().filter(|mark| mark.number > 0).map(event).collect();
        let asked = timeline.job.job_arn.as_deref().or(timeline.job.job_name.as_deref());
        Self {
            number,
            description: describe(&lives, &axis),
            title: words::job_name(&timeline.job),
            width: WIDTH,
            height: AXIS_HEIGHT + LANE_HEIGHT * drawn.len() as f64 + 4.0,
            ticks: axis.ticks(),
            lanes_not_drawn: lives.len() - drawn.len(),
            lanes: drawn.iter().enumerate().map(|(place, life)| lane_view(place, life, &axis)).collect(),
            events_not_listed: events.len().saturating_sub(MAX_EVENTS),
            events: events.into_iter().take(MAX_EVENTS).collect(),
            explain: asked.map_or_else(String::new, |job| words::explain(&words::shortened(job), lake)),
        }
    }
}

/// A mark and its number in the list; 0 = it is no event.
#[derive(Clone, Copy)]
struct Numbered<'a> {
    number: usize,
    mark: &'a Mark,
}

/// In the order of time.
fn numbered(marks: &[Mark]) -> Vec<Numbered<'_>> {
    let mut sorted: Vec<&Mark> = marks.iter().collect();
    sorted.sort_by_key(|mark| mark.at);
    let mut events = 0;
    let number = |mark| {
        let is_event = usize::from(matches!(mark, &Mark { kind, .. } if kind != MarkKind::Named));
        events += is_event;
        Numbered { number: events * is_event, mark }
    };
    sorted.into_iter().map(number).collect()
}

/// One lane and its marks in the order of time.
struct Life<'a> {
    lane: &'a Lane,
    marks: Vec<Numbered<'a>>,
}

impl Life<'_> {
    fn at(&self, kind: MarkKind) -> Option<DateTime<Utc>> {
        self.marks.iter().find(|numbered| numbered.mark.kind == kind).map(|numbered| numbered.mark.at)
    }
}

/// The job first, then interfaces, then groups.
fn lives<'a>(marks: &[Numbered<'a>]) -> Vec<Life<'a>> {
    let mut lives: BTreeMap<&Lane, Vec<Numbered<'a>>> = BTreeMap::new();
    for numbered in marks {
        lives.entry(&numbered.mark.lane).or_default().push(*numbered);
    }
    lives.into_iter().map(|(lane, marks)| Life { lane, marks }).collect()
}

/// The lives that fit.
fn drawn<'a, 'b>(lives: &'b [Life<'a>]) -> Vec<&'b Life<'a>> {
    let (mut interfaces, mut groups) = (0, 0);
    let fits = |life: &&Life<'_>| {
        let of_kind = match life.lane {
            Lane::Job => return true,
            Lane::Interface { .. } => &mut interfaces,
            Lane::SecurityGroup { .. } => &mut groups,
        };
        *of_kind += 1;
        *of_kind <= MAX_LANES_OF_A_KIND
    };
    lives.iter().filter(fits).collect()
}

fn lane_view(place: usize, life: &Life<'_>, axis: &Axis) -> LaneView {
    let (class, name, id) = match life.lane {
        Lane::Job => ("job", "Job".to_owned(), "from request to end"),
        Lane::Interface { id } => ("interface", "Interface".to_owned(), id.as_str()),
        Lane::SecurityGroup { id, name } => {
            let name = name.as_ref().map_or_else(|| "Security group".to_owned(), |name| format!("Group {name}"));
            ("group", name, id.as_str())
        }
    };
    LaneView {
        class,
        name: words::fitted(&name, 28),
        id: words::fitted(id, 30),
        y: AXIS_HEIGHT + LANE_HEIGHT * place as f64 + LANE_HEIGHT / 2.0,
        bar: bar(life, id, axis),
        marks: mark_views(&life.marks, axis),
    }
}

fn bar(life: &Life<'_>, id: &str, axis: &Axis) -> Bar {
    let (begun, ended) = (life.at(MarkKind::Began), life.at(MarkKind::Ended));
    let left = axis.x(begun.unwrap_or(axis.from));
    let right = axis.x(ended.unwrap_or(axis.until)).max(left + MIN_BAR);
    let told = |at: Option<DateTime<Utc>>, unknown: &str| at.map_or_else(|| unknown.to_owned(), words::instant);
    Bar {
        width: format!("{:.1}", right - left),
        is_begun: begun.is_some_and(|at| at >= axis.from),
        is_ended: ended.is_some(),
        left: format!("{left:.1}"),
        right: format!("{right:.1}"),
        told: format!(
            "{}: {} to {}",
            words::shortened(id),
            told(begun, "a time that no record tells"),
            told(ended, "an end that no record tells")
        ),
    }
}

/// Marks from left to right; those that would cover each other share a box.
fn mark_views(marks: &[Numbered<'_>], axis: &Axis) -> Vec<MarkView> {
    let mut boxes: Vec<(f64, Vec<Numbered<'_>>)> = Vec::new();
    for numbered in marks.iter().filter(|numbered| numbered.number > 0) {
        let x = axis.x(numbered.mark.at);
        match boxes.last_mut() {
            Some((first, shared)) if x - *first < MARK_WIDTH * 1.3 => shared.push(*numbered),
            _ => boxes.push((x, vec![*numbered])),
        }
    }
    boxes.into_iter().map(|(x, shared)| mark_view(x, &shared)).collect()
}

fn mark_view(x: f64, shared: &[Numbered<'_>]) -> MarkView {
    let numbers: Vec<usize> = shared.iter().map(|numbered| numbered.number).collect();
    let numbers = in_one_box(&numbers);
    let told = |numbered: &Numbered<'_>| {
        format!("{}: {} {}", numbered.number, words::instant(numbered.mark.at), words::shortened(&numbered.mark.what))
    };
    MarkView {
        x: format!("{x:.1}"),
        // What ended or was refused must be seen, whatever else happened then.
        class: shared.iter().map(|numbered| numbered.mark.kind).max().map_or("", class),
        half: (numbers.chars().count() as f64 * 3.7 + 5.0).max(9.0),
        numbers,
        told: shared.iter().take(MAX_TOLD).map(told).collect::<Vec<_>>().join("; "),
    }
}

/// `4`, `4–6`, `4,7`, `4…9`: what stands for several events in one box.
fn in_one_box(numbers: &[usize]) -> String {
    match numbers {
        [] => String::new(),
        [one] => one.to_string(),
        [first, .., last] if last - first + 1 == numbers.len() => format!("{first}–{last}"),
        [first, last] => format!("{first},{last}"),
        [first, .., last] => format!("{first}…{last}"),
    }
}

const fn class(kind: MarkKind) -> &'static str {
    match kind {
        MarkKind::Named | MarkKind::Began => "began",
        MarkKind::StateSeen => "state",
        MarkKind::RulesChanged => "rules",
        MarkKind::DeletionRefused => "refused",
        MarkKind::Ended => "ended",
    }
}

fn event(numbered: &Numbered<'_>) -> Event {
    let (mark, shown) =
        (numbered.mark, |text: &Option<String>| text.as_deref().map_or_else(String::new, words::shortened));
    Event {
        class: class(mark.kind),
        at: words::instant(mark.at),
        what: words::shortened(&mark.what),
        who: shown(&mark.who),
        event_id: shown(&mark.citation.event_id),
        log_file: mark.citation.log_file.as_deref().map_or_else(String::new, words::file_name),
        record_index: mark.citation.record_index,
    }
}

fn describe(lives: &[Life<'_>], axis: &Axis) -> String {
    let of_job = |kind: MarkKind| lives.iter().filter(|life| *life.lane == Lane::Job).find_map(|life| life.at(kind));
    let count = |is_kind: fn(&Lane) -> bool, thing: &str| {
        let of_kind: Vec<&Life<'_>> = lives.iter().filter(|life| is_kind(life.lane)).collect();
        let deleted = of_kind.iter().filter(|life| life.at(MarkKind::Ended).is_some()).count();
        format!("{}, {deleted} deleted", words::count(of_kind.len() as u64, thing))
    };
    format!(
        "{} to {}. {}; {}. {}; {}.",
        words::instant(axis.from),
        words::instant(axis.until),
        of_job(MarkKind::Began)
            .map_or("The request is not in the logs".to_owned(), |at| format!("Requested {}", words::instant(at))),
        of_job(MarkKind::Ended)
            .map_or("no record tells when the job ended".to_owned(), |at| format!("ended {}", words::instant(at))),
        count(|lane| matches!(lane, Lane::Interface { .. }), "interface"),
        count(|lane| matches!(lane, Lane::SecurityGroup { .. }), "security group"),
    )
}

/// Time from left to right.
struct Axis {
    from: DateTime<Utc>,
    until: DateTime<Utc>,
}

impl Axis {
    /// Over everything that happened. What lies further before the request than all the rest lies after it is left out, so
    /// that a group of three years does not make its job of two hours a line.
    fn over(marks: &[Numbered<'_>], as_of: DateTime<Utc>) -> Self {
        let requested = marks.iter().find(|numbered| numbered.mark.lane == Lane::Job).map(|numbered| numbered.mark.at);
        let first = marks.first().map_or(as_of, |numbered| numbered.mark.at);
        let last = marks.last().map_or(as_of, |numbered| numbered.mark.at);
        let core = requested.unwrap_or(first);
        let span = (last - core).max(TimeDelta::hours(6));
        let from = first.max(core - span.max(TimeDelta::days(2)));
        let pad = (last - from).max(TimeDelta::hours(6)) / 16;
        Self { from: from - pad, until: last + pad }
    }

    fn x(&self, at: DateTime<Utc>) -> f64 {
        let share = (at - self.from).as_seconds_f64() / (self.until - self.from).as_seconds_f64();
        LABEL_WIDTH + (WIDTH - LABEL_WIDTH - RIGHT) * share.clamp(0.0, 1.0)
    }

    /// About eight lines at whole hours, days or months.
    fn ticks(&self) -> Vec<Tick> {
        const HOURS: [i64; 11] = [1, 2, 3, 6, 12, 24, 48, 24 * 7, 24 * 14, 24 * 30, 24 * 91];
        let wanted = (self.until - self.from).num_hours() / 8;
        let step = HOURS.into_iter().find(|step| *step >= wanted).unwrap_or(24 * 365);
        let format = if step < 24 { "%d %b %H:%M" } else { "%d %b %Y" };
        let midnight = self
            .from
            .with_hour(0)
            .and_then(|at| at.with_minute(0))
            .and_then(|at| at.with_second(0))
            .unwrap_or(self.from);
        let start = if step >= 24 * 30 { midnight.with_day(1).unwrap_or(midnight) } else { midnight };
        let next = |at: &DateTime<Utc>| match step {
            0..720 => *at + TimeDelta::hours(step),
            // A month, or several, whatever their lengths.
            _ => (*at + TimeDelta::hours(step + 24 * 16)).with_day(1).unwrap_or(*at + TimeDelta::hours(step)),
        };
        std::iter::successors(Some(start), |at| Some(next(at)))
            .skip_while(|at| *at < self.from)
            .take_while(|at| *at <= self.until)
            .filter(|at| self.x(*at) < WIDTH - 70.0)
            .map(|at| Tick { x: format!("{:.1}", self.x(at)), label: at.format(format).to_string() })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::input::{Citation, JobKey};

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn mark(lane: Lane, kind: MarkKind, at: &str) -> Mark {
        Mark { lane, kind, at: time(at), what: format!("{kind:?}"), who: None, citation: Citation::default() }
    }

    fn group() -> Lane {
        Lane::SecurityGroup { id: "sg-1".to_owned(), name: None }
    }

    fn picture(marks: Vec<Mark>) -> Picture {
        let job = JobKey {
            account_id: "111122223333".to_owned(),
            aws_region: "eu-west-1".to_owned(),
            requested_at: None,
            job_name: Some("a job".to_owned()),
            job_arn: None,
        };
        Picture::new(1, &Timeline { job, marks }, "lake", time("2026-03-01T00:00:00Z"))
    }

    #[test]
    fn what_no_record_ends_is_drawn_open() {
        let picture = picture(vec![
            mark(group(), MarkKind::Named, "2026-02-03T10:00:00Z"),
            mark(Lane::Job, MarkKind::Began, "2026-02-03T10:00:00Z"),
        ]);
        let [job, group] = &picture.lanes[..] else { panic!("a job and a group") };
        let (job_bar, group_bar) = (&job.bar, &group.bar);
        assert_eq!((job_bar.is_begun, job_bar.is_ended), (true, false));
        assert_eq!((group_bar.is_begun, group_bar.is_ended), (false, false));
        assert_eq!(group.marks.len(), 0, "being named is no event");
        assert_eq!(picture.events.len(), 1);
        assert!(picture.description.contains("no record tells when the job ended"), "{}", picture.description);
    }

    #[test]
    fn marks_at_one_place_share_a_box_and_the_gravest_gives_its_look() {
        let picture = picture(vec![
            mark(Lane::Job, MarkKind::Began, "2026-02-03T10:00:00Z"),
            mark(group(), MarkKind::RulesChanged, "2026-02-04T10:00:00Z"),
            mark(group(), MarkKind::Ended, "2026-02-04T10:00:01Z"),
            mark(Lane::Job, MarkKind::Ended, "2026-02-28T10:00:00Z"),
        ]);
        let marks: Vec<(&str, &str)> =
            picture.lanes[1].marks.iter().map(|mark| (mark.numbers.as_str(), mark.class)).collect();
        assert_eq!(marks, [("2–3", "ended")]);
        assert_eq!([&[4][..], &[1, 2, 3], &[1, 3], &[1, 3, 9]].map(in_one_box), ["4", "1–3", "1,3", "1…9"]);
    }

    #[test]
    fn an_old_group_does_not_squeeze_its_job() {
        let picture = picture(vec![
            mark(group(), MarkKind::Began, "2023-01-01T00:00:00Z"),
            mark(Lane::Job, MarkKind::Began, "2026-02-03T10:00:00Z"),
            mark(Lane::Job, MarkKind::Ended, "2026-02-03T16:00:00Z"),
        ]);
        let width: f64 = picture.lanes[0].bar.width.parse().expect("a number");
        assert!(width > 60.0, "{width}");
        assert!(!picture.lanes[1].bar.is_begun, "it began left of the picture");
    }

    #[test]
    fn every_length_of_time_has_a_few_ticks_inside_the_picture() {
        for hours in [1, 5, 20, 60, 24 * 9, 24 * 40, 24 * 300, 24 * 3_000] {
            let from = time("2026-02-03T10:20:30Z");
            let axis = Axis { from, until: from + TimeDelta::hours(hours) };
            let ticks = axis.ticks();
            assert!(ticks.len() <= 13 && (hours < 20 || ticks.len() >= 2), "{hours} hours: {} ticks", ticks.len());
        }
    }

    #[test]
    fn a_job_of_which_nothing_is_known_and_one_of_thousands_of_events_are_drawn() {
        assert_eq!(picture(Vec::new()).lanes.len(), 0);
        let many = (0..5_000)
            .map(|n| mark(Lane::Interface { id: format!("eni-{n}") }, MarkKind::Began, "2026-02-04T10:00:00Z"));
        let picture = picture(many.collect());
        assert_eq!((picture.lanes.len(), picture.lanes_not_drawn), (MAX_LANES_OF_A_KIND, 5_000 - MAX_LANES_OF_A_KIND));
        assert_eq!((picture.events.len(), picture.events_not_listed), (MAX_EVENTS, 5_000 - MAX_EVENTS));
    }
}
