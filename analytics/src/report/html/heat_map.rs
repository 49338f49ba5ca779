//! The picture of coverage: a row for each account and Region, a cell for each day (or week), its state by the height and
//! the pattern of the cell.

use std::collections::BTreeMap;
use std::fmt::Write;

use askama::Template;
use chrono::{Datelike, Days, NaiveDate};

use super::words;
use crate::report::input::DayCoverage;

/// More accounts and Regions are counted, not drawn; those with the most days without coverage come first.
const MAX_ROWS: usize = 60;
/// A longer time is drawn by weeks.
const MAX_DAYS: i64 = 400;
/// Ranges without coverage that a row of the table names.
const MAX_RANGES: usize = 12;

const WIDTH: f64 = 1120.0;
const LABEL_WIDTH: f64 = 196.0;
const ROW_HEIGHT: f64 = 22.0;
const CELL_HEIGHT: f64 = 15.0;
const AXIS_HEIGHT: f64 = 26.0;

/// What can be said of one cell, by its weakest hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Attested,
    Delivered,
    /// Hours are missing from a day of which others are attested, or nothing at all was delivered.
    Gap,
    LoggingStopped,
    /// Before the first, or after the last log file of the account and Region.
    Unknown,
}

impl State {
    const DRAWN: [Self; 5] = [Self::Attested, Self::Delivered, Self::Gap, Self::LoggingStopped, Self::Unknown];

    /// A quiet hour and a missing log file look the same where no digest file vouches for any hour, so there a day counts
    /// as delivered from one log file on.
    fn of(hours: &Hours) -> Self {
        match hours {
            Hours { logging_stopped: 1.., .. } => Self::LoggingStopped,
            Hours { attested: 1.., gap: 1.., .. } => Self::Gap,
            Hours { delivered: 1.., .. } => Self::Delivered,
            Hours { attested: 1.., .. } => Self::Attested,
            Hours { gap: 1.., .. } => Self::Gap,
            _ => Self::Unknown,
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Attested => "attested",
            Self::Delivered => "delivered",
            Self::Gap => "gap",
            Self::LoggingStopped => "stopped",
            Self::Unknown => "nothing",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Attested => "attested",
            Self::Delivered => "delivered, not attested",
            Self::Gap => "gap",
            Self::LoggingStopped => "logging stopped",
            Self::Unknown => "outside the logs",
        }
    }

    const fn meaning(self) -> &'static str {
        match self {
            Self::Attested => "valid digest files vouch for every hour",
            Self::Delivered => "log files, vouched for by nothing",
            Self::Gap => "hours without anything; where no digest file vouches, a quiet day looks the same",
            Self::LoggingStopped => "somebody had switched logging off",
            Self::Unknown => "before the first, or after the last log file",
        }
    }

    /// Top and height of a cell. The height carries the state where colours do not.
    const fn extent(self) -> (f64, f64) {
        match self {
            Self::Attested | Self::LoggingStopped => (0.0, CELL_HEIGHT),
            Self::Delivered => (CELL_HEIGHT / 2.0, CELL_HEIGHT / 2.0),
            Self::Gap => (CELL_HEIGHT - 3.0, 3.0),
            Self::Unknown => (CELL_HEIGHT - 1.0, 1.0),
        }
    }
}

/// Hours of one cell by state.
#[derive(Debug, Clone, Copy, Default)]
struct Hours {
    attested: u32,
    delivered: u32,
    gap: u32,
    logging_stopped: u32,
}

impl Hours {
    fn add(&mut self, day: &DayCoverage) {
        self.attested += day.attested_hours;
        self.delivered += day.delivered_hours;
        self.gap += day.gap_hours;
        self.logging_stopped += day.logging_stopped_hours;
    }
}

/// The picture and the table that says the same.
#[derive(Template)]
#[template(path = "heat_map.html")]
pub struct HeatMap {
    description: String,
    unit: &'static str,
    width: f64,
    height: f64,
    ticks: Vec<Tick>,
    rows: Vec<Row>,
    rows_not_drawn: usize,
    legend: Vec<(&'static str, &'static str, &'static str)>,
}

struct Tick {
    x: String,
    label: String,
    /// Whether there is room for the label.
    is_labelled: bool,
}

struct Row {
    account_id: String,
    aws_region: String,
    label: String,
    text_y: f64,
    /// For each state that occurs: class, path, and what the pointer is told.
    paths: Vec<(&'static str, String, String)>,
    counts: [u64; 5],
    /// Ranges of days in a state that leaves something open.
    open_ranges: Vec<String>,
    open_ranges_not_named: usize,
}

impl HeatMap {
    /// `None` when there is no coverage to draw.
    pub fn new(coverage: &[DayCoverage]) -> Option<Self> {
        let first = coverage.iter().map(|day| day.day).min()?;
        let last = coverage.iter().map(|day| day.day).max()?;
        let days_a_cell = if (last - first).num_days() < MAX_DAYS { 1 } else { 7 };
        let axis = Axis::new(first, last, days_a_cell);

        let mut places: BTreeMap<(&str, &str), Vec<Hours>> = BTreeMap::new();
        for day in coverage {
            let cells =
                places.entry((&day.account_id, &day.aws_region)).or_insert_with(|| vec![Hours::default(); axis.cells]);
            cells[axis.cell(day.day)].add(day);
        }
        let mut rows: Vec<(usize, (&str, &str), Vec<State>)> = places
            .into_iter()
            .map(|(place, cells)| {
                let states: Vec<State> = cells.iter().map(State::of).collect();
                (states.iter().filter(|state| **state > State::Delivered).count(), place, states)
            })
            .collect();
        let places = rows.len();
        if places > MAX_ROWS {
            rows.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
            rows.truncate(MAX_ROWS);
            rows.sort_by_key(|(_, place, _)| *place);
        }
        let unit = if days_a_cell == 1 { "day" } else { "week" };
        let rows: Vec<Row> =
            rows.iter().enumerate().map(|(at, (_, place, states))| row(at, *place, states, &axis)).collect();
        Some(Self {
            description: describe(&rows, first, last, unit),
            unit,
            width: WIDTH,
            height: AXIS_HEIGHT + ROW_HEIGHT * rows.len() as f64 + 2.0,
            ticks: axis.ticks(),
            rows_not_drawn: places - rows.len(),
            legend: State::DRAWN.iter().map(|state| (state.class(), state.words(), state.meaning())).collect(),
            rows,
        })
    }
}

fn describe(rows: &[Row], first: NaiveDate, last: NaiveDate, unit: &str) -> String {
    let of = |state: State| rows.iter().map(|row| row.counts[state as usize]).sum::<u64>();
    let counts: Vec<String> = State::DRAWN
        .iter()
        .filter(|state| of(**state) > 0)
        .map(|state| format!("{} {}", words::count(of(*state), unit), state.words()))
        .collect();
    format!(
        "{}, {}. Over all of them: {}.",
        words::count(rows.len() as u64, "account and Region").replace("Regions", "Region pairs"),
        words::days(first, last),
        counts.join(", ")
    )
}

fn row(at: usize, (account_id, aws_region): (&str, &str), states: &[State], axis: &Axis) -> Row {
    let top = AXIS_HEIGHT + ROW_HEIGHT * at as f64;
    let runs = runs(states);
    let mut counts = [0; 5];
    for state in states {
        counts[*state as usize] += 1;
    }
    let paths = State::DRAWN
        .into_iter()
        .filter(|state| counts[*state as usize] > 0)
        .map(|state| {
            let mut path = String::new();
            for (_, from, until) in runs.iter().filter(|(of, ..)| *of == state) {
                let (y, height) = state.extent();
                let (x, width) = (axis.x(*from), axis.x(*until) - axis.x(*from));
                // A cell of a long time is thinner than a pixel wide line: what is open must still be seen.
                let width = if state > State::Delivered { width.max(2.0) } else { width };
                write!(path, "M{x:.1} {:.1}h{width:.1}v{height:.1}h-{width:.1}z", top + y + 3.0)
                    .expect("a String takes everything");
            }
            let told = format!(
                "{}: {} {}",
                words::shortened(&format!("{account_id} {aws_region}")),
                counts[state as usize],
                state.words()
            );
            (state.class(), path, told)
        })
        .collect();
    let open: Vec<String> = runs
        .iter()
        .filter(|(state, ..)| matches!(state, State::Gap | State::LoggingStopped))
        .map(|(state, from, until)| format!("{} ({})", axis.range(*from, *until), state.words()))
        .collect();
    Row {
        account_id: words::shortened(account_id),
        aws_region: words::shortened(aws_region),
        label: words::fitted(&format!("{account_id}  {aws_region}"), 30),
        text_y: top + CELL_HEIGHT,
        paths,
        counts,
        open_ranges_not_named: open.len().saturating_sub(MAX_RANGES),
        open_ranges: open.into_iter().take(MAX_RANGES).collect(),
    }
}

/// Neighbouring cells of one state: the state, the first cell, the one after the last.
fn runs(states: &[State]) -> Vec<(State, usize, usize)> {
    let mut runs: Vec<(State, usize, usize)> = Vec::new();
    for (at, state) in states.iter().enumerate() {
        match runs.last_mut() {
            Some((of, _, until)) if of == state => *until = at + 1,
            _ => runs.push((*state, at, at + 1)),
        }
    }
    runs
}

/// Days from left to right.
struct Axis {
    first: NaiveDate,
    last: NaiveDate,
    days_a_cell: i64,
    cells: usize,
}

impl Axis {
    fn new(first: NaiveDate, last: NaiveDate, days_a_cell: i64) -> Self {
        // Weeks begin on Monday.
        let back = if days_a_cell == 7 { u64::from(first.weekday().num_days_from_monday()) } else { 0 };
        let first = first.checked_sub_days(Days::new(back)).unwrap_or(first);
        let cells = (last - first).num_days() / days_a_cell + 1;
        Self { first, last, days_a_cell, cells: usize::try_from(cells).unwrap_or(1) }
    }

    fn cell(&self, day: NaiveDate) -> usize {
        usize::try_from((day - self.first).num_days() / self.days_a_cell).unwrap_or(0)
    }

    fn x(&self, cell: usize) -> f64 {
        LABEL_WIDTH + (WIDTH - LABEL_WIDTH) * cell as f64 / self.cells as f64
    }

    fn x_of(&self, day: NaiveDate) -> f64 {
        let days = (self.cells as i64 * self.days_a_cell) as f64;
        LABEL_WIDTH + (WIDTH - LABEL_WIDTH) * (day - self.first).num_days() as f64 / days
    }

    fn range(&self, from: usize, until: usize) -> String {
        let day = |cell: usize| self.first + chrono::TimeDelta::days(cell as i64 * self.days_a_cell);
        words::days(day(from), (day(until) - chrono::TimeDelta::days(1)).min(self.last))
    }

    /// A line at the first of every month; of the labels as many as fit.
    fn ticks(&self) -> Vec<Tick> {
        let firsts = self.first.iter_days().take_while(|day| *day <= self.last).filter(|day| day.day() == 1);
        let mut free_from = LABEL_WIDTH;
        let mut ticks = Vec::new();
        let is_short = !self.first.iter_days().take_while(|day| *day <= self.last).any(|day| day.day() == 1);
        let starts = is_short.then_some(self.first).into_iter().chain(firsts);
        for day in starts {
            let x = self.x_of(day);
            let label = match (is_short, day.month() == 1 || ticks.is_empty()) {
                (true, _) => day.to_string(),
                (_, true) => day.format("%b %Y").to_string(),
                _ => day.format("%b").to_string(),
            };
            let width = 8.0 * label.len() as f64 + 6.0;
            let is_labelled = x >= free_from && x + width <= WIDTH + 6.0;
            if is_labelled {
                free_from = x + width;
            }
            ticks.push(Tick { x: format!("{x:.1}"), label, is_labelled });
        }
        ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(account: &str, date: &str, hours: [u32; 4]) -> DayCoverage {
        let [attested_hours, delivered_hours, gap_hours, logging_stopped_hours] = hours;
        let day = date.parse().expect("a date");
        let (account_id, aws_region) = (account.to_owned(), "eu-west-1".to_owned());
        DayCoverage { account_id, aws_region, day, attested_hours, delivered_hours, gap_hours, logging_stopped_hours }
    }

    #[test]
    fn a_cell_is_as_good_as_its_weakest_hour() {
        let of =
            |attested, delivered, gap, logging_stopped| State::of(&Hours { attested, delivered, gap, logging_stopped });
        assert_eq!(of(24, 0, 0, 0), State::Attested);
        assert_eq!(of(23, 1, 0, 0), State::Delivered);
        assert_eq!(of(23, 0, 1, 0), State::Gap);
        assert_eq!(of(20, 3, 1, 0), State::Gap);
        assert_eq!(of(0, 1, 23, 0), State::Delivered);
        assert_eq!(of(0, 0, 24, 0), State::Gap);
        assert_eq!(of(23, 0, 0, 1), State::LoggingStopped);
        assert_eq!(of(0, 0, 0, 0), State::Unknown);
    }

    #[test]
    fn neighbours_of_one_state_are_one_run_and_what_is_open_is_named() {
        let map = HeatMap::new(&[
            day("1", "2026-02-01", [24, 0, 0, 0]),
            day("1", "2026-02-02", [0, 0, 24, 0]),
            day("1", "2026-02-03", [0, 0, 24, 0]),
            day("1", "2026-02-04", [0, 0, 2, 22]),
            day("2", "2026-02-04", [0, 5, 19, 0]),
        ])
        .expect("there is coverage");
        assert_eq!(map.rows[0].open_ranges, ["2026-02-02 to 2026-02-03 (gap)", "2026-02-04 (logging stopped)"]);
        assert_eq!(map.rows[0].counts, [1, 0, 2, 1, 0]);
        // Three days before its first log file are outside the logs, which is not the same as a gap.
        assert_eq!(map.rows[1].counts, [0, 1, 0, 0, 3]);
    }

    #[test]
    fn a_long_time_is_drawn_by_weeks_and_many_rows_are_counted() {
        let mut coverage = vec![day("000", "2024-01-03", [24, 0, 0, 0]), day("000", "2026-01-01", [24, 0, 0, 0])];
        coverage.extend((1..100).map(|account| day(&format!("{account:03}"), "2025-06-01", [0, 1, 23, 0])));
        let map = HeatMap::new(&coverage).expect("there is coverage");
        assert_eq!((map.unit, map.rows.len(), map.rows_not_drawn), ("week", MAX_ROWS, 40));
        assert!(HeatMap::new(&[]).is_none());
    }

    #[test]
    fn of_400_days_each_is_a_cell_and_no_label_covers_another() {
        let first: NaiveDate = "2025-01-01".parse().expect("a date");
        let coverage: Vec<DayCoverage> =
            first.iter_days().take(400).map(|date| day("1", &date.to_string(), [24, 0, 0, 0])).collect();
        let map = HeatMap::new(&coverage).expect("there is coverage");
        assert_eq!((map.unit, map.rows[0].counts[0]), ("day", 400));
        // For the last month, of four days, there is no room.
        assert_eq!((map.ticks.len(), map.ticks.iter().filter(|tick| tick.is_labelled).count()), (14, 13));
    }
}
