//! What the logs cover, hour by hour: whether anything vouches for an hour, and whether anything could have been logged.

mod switch;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use schemas::record::CLOUDTRAIL;
use schemas::tables::COVERAGE;

use super::event::Scope;
use crate::error::Result;
use crate::query::Engine;
use crate::table::TableBuilder;
use switch::{OffTime, Switch, off_times, switched};

/// What is known of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// A log file that a valid digest file lists is missing, was changed after delivery, or could not be read.
    Incomplete,
    /// Valid digest files cover all of it, even where they list no log file.
    Attested,
    /// Log files were delivered in it, and no valid digest file covers it.
    Delivered,
    /// The account had switched a trail off, and no record shows that another one saw the hour.
    LoggingStopped,
    /// Neither, between hours that have some.
    Gap,
}

impl State {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::Attested => "attested",
            Self::Delivered => "delivered",
            Self::LoggingStopped => "logging_stopped",
            Self::Gap => "gap",
        }
    }
}

/// What the lake says.
#[derive(Debug, Default)]
pub struct Input {
    /// The times that valid digest files cover.
    pub attested: BTreeMap<Scope, Vec<Range<DateTime<Utc>>>>,
    /// Log files by the hour of their delivery.
    pub delivered: BTreeMap<Scope, BTreeMap<DateTime<Utc>, i64>>,
    /// The times of delivery of log files that valid digest files list and that are missing, changed or not readable.
    pub lost: BTreeMap<Scope, Vec<Range<DateTime<Utc>>>>,
    /// By account, in the order of time. A trail that covers every Region is switched in one.
    pub switches: BTreeMap<String, Vec<Switch>>,
    /// The times of the first record of each log file, of accounts that have switches.
    pub told: BTreeMap<Scope, BTreeSet<DateTime<Utc>>>,
}

/// One hour of one account and Region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hour {
    /// Its first instant.
    pub at: DateTime<Utc>,
    /// What is known.
    pub state: State,
    /// Log files delivered in it.
    pub log_files: i64,
    /// The record that switched logging off, where it was.
    pub event_id: Option<String>,
}

/// Every hour of an account and Region from the first with anything to the last, and as long as logging stays off up to the
/// last of the whole lake, `lake_end`.
pub fn hours(input: &Input, scope: &Scope, lake_end: DateTime<Utc>) -> Vec<Hour> {
    let attested = whole_hours(input.attested.get(scope).map_or(&[][..], Vec::as_slice));
    let none = BTreeMap::new();
    let delivered = input.delivered.get(scope).unwrap_or(&none);
    let lost = touched_hours(input.lost.get(scope).map_or(&[][..], Vec::as_slice));
    let known = || attested.iter().chain(delivered.keys()).chain(&lost);
    let (Some(first), Some(last)) = (known().min(), known().max()) else { return Vec::new() };
    let off_times = off_times(input.switches.get(&scope.account_id).map_or(&[][..], Vec::as_slice), scope);
    let stays_off = off_times.last().is_some_and(|off| off.time.end == DateTime::<Utc>::MAX_UTC);
    let last = if stays_off { lake_end.max(*last) } else { *last };
    let hour = |at: DateTime<Utc>| {
        let log_files = delivered.get(&at).copied().unwrap_or_default();
        let off = off_times.iter().find(|off| off.keeps_unseen(at, input.told.get(scope)));
        let is_whole = off.is_some_and(|off| off.time.start <= at && at + TimeDelta::hours(1) <= off.time.end);
        let state = match off {
            _ if lost.contains(&at) => State::Incomplete,
            // Of an hour of which a part was off, a digest file only vouches for the rest.
            Some(_) if !is_whole => State::LoggingStopped,
            _ if attested.contains(&at) => State::Attested,
            Some(_) => State::LoggingStopped,
            None if log_files > 0 => State::Delivered,
            None => State::Gap,
        };
        let event_id = off.filter(|_| state == State::LoggingStopped).map(|off| off.event_id.clone());
        Hour { at, state, log_files, event_id }
    };
    let next = |at: &DateTime<Utc>| Some(*at + TimeDelta::hours(1)).filter(|at| *at <= last);
    std::iter::successors(Some(*first), next).map(hour).collect()
}

impl OffTime {
    /// Whether a part of the hour from `at` on lies in it, of which no record tells: a record of that part was logged by
    /// another trail.
    fn keeps_unseen(&self, at: DateTime<Utc>, told: Option<&BTreeSet<DateTime<Utc>>>) -> bool {
        let (from, until) = (self.time.start.max(at), self.time.end.min(at + TimeDelta::hours(1)));
        let is_of_another = |at: &DateTime<Utc>| *at > self.time.start;
        from < until && !told.is_some_and(|told| told.range(from..until).any(is_of_another))
    }
}

/// The hours that lie in some times whole. Digests end at any minute, so two of them may share an hour.
fn whole_hours(times: &[Range<DateTime<Utc>>]) -> BTreeSet<DateTime<Utc>> {
    let mut sorted = times.to_vec();
    sorted.sort_by_key(|time| (time.start, time.end));
    let mut joined: Vec<Range<DateTime<Utc>>> = Vec::new();
    for time in sorted {
        match joined.last_mut().filter(|last| time.start <= last.end) {
            Some(last) => last.end = last.end.max(time.end),
            None => joined.push(time),
        }
    }
    let hour = TimeDelta::hours(1);
    let within = |time: Range<DateTime<Utc>>| {
        let start = floor(time.start);
        let first = if start < time.start { start + hour } else { start };
        std::iter::successors(Some(first), move |at| Some(*at + hour)).take_while(move |at| *at + hour <= time.end)
    };
    joined.into_iter().flat_map(within).collect()
}

/// The hours of which some lies in some times.
fn touched_hours(times: &[Range<DateTime<Utc>>]) -> BTreeSet<DateTime<Utc>> {
    let hours = |time: &Range<DateTime<Utc>>| {
        let (first, end) = (floor(time.start), time.end);
        std::iter::successors(Some(first), move |at| Some(*at + TimeDelta::hours(1)).filter(|at| *at < end))
    };
    times.iter().flat_map(hours).collect()
}

fn floor(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::hours(1)).unwrap_or(at)
}

/// The table.
pub async fn table(engine: &Engine) -> Result<TableBuilder> {
    let input = read(engine).await?;
    let scopes: BTreeSet<&Scope> =
        input.attested.keys().chain(input.delivered.keys()).chain(input.lost.keys()).collect();
    let mut rows = TableBuilder::new(&COVERAGE);
    let lake_end = input.delivered.values().filter_map(|hours| hours.keys().next_back()).max().copied();
    for scope in scopes {
        for hour in hours(&input, scope, lake_end.unwrap_or_default()) {
            let row = rows.row().text("account_id", &scope.account_id).text("aws_region", &scope.aws_region);
            let row = row.time("hour", hour.at).text("state", hour.state.as_str()).int("log_files", hour.log_files);
            row.maybe_text("event_id", hour.event_id).end();
        }
    }
    Ok(rows)
}

const NAME: &str = "the input of coverage";

async fn read(engine: &Engine) -> Result<Input> {
    let mut input = Input::default();
    let sql = "select account_id, aws_region, date_trunc('hour', delivered_at) as hour, count(distinct log_file) as log_files \
               from log_files where set_aside_reason is null and delivered_at is not null \
               and account_id is not null and aws_region is not null \
               group by account_id, aws_region, date_trunc('hour', delivered_at)";
    for batch in engine.answer(sql, NAME, None).await?.batches {
        for row in 0..batch.num_rows() {
            let count = batch["log_files"].as_primitive::<Int64Type>().value(row);
            input.delivered.entry(scope(&batch, row)).or_default().insert(time(&batch, "hour", row), count);
        }
    }
    let sql = "select account_id, aws_region, started_at, ended_at from digest_checks \
               where status = 'valid' and started_at is not null and ended_at is not null";
    for batch in engine.answer(sql, NAME, None).await?.batches {
        for row in 0..batch.num_rows() {
            let covered = time(&batch, "started_at", row)..time(&batch, "ended_at", row);
            input.attested.entry(scope(&batch, row)).or_default().push(covered);
        }
    }
    read_lost(engine, &mut input).await?;
    read_switches(engine, &mut input).await?;
    read_told(engine, &mut input).await?;
    Ok(input)
}

/// Only where something was switched: a lake has millions of log files.
async fn read_told(engine: &Engine, input: &mut Input) -> Result<()> {
    let accounts: Vec<String> = input.switches.keys().map(|account| format!("'{account}'")).collect();
    if accounts.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "select distinct account_id, aws_region, first_record_time from log_files \
         where first_record_time is not null and aws_region is not null and account_id in ({})",
        accounts.join(", ")
    );
    for batch in engine.answer(&sql, NAME, None).await?.batches {
        for row in 0..batch.num_rows() {
            input.told.entry(scope(&batch, row)).or_default().insert(time(&batch, "first_record_time", row));
        }
    }
    Ok(())
}

/// Of what no valid digest file lists nobody knows that CloudTrail delivered it. A file that is missing has no time of
/// delivery: it lies between those of the digest file that lists it.
async fn read_lost(engine: &Engine, input: &mut Input) -> Result<()> {
    let sql = "select files.account_id, files.aws_region, \
                   coalesce(files.delivered_at, digests.started_at) as started_at, \
                   coalesce(files.delivered_at, digests.ended_at) as ended_at \
               from log_file_attestations as files \
               inner join digest_checks as digests on digests.digest_file = files.digest_file \
               where (files.state in ('missing', 'mismatch') or files.set_aside_reason is not null) \
               and files.account_id is not null and files.aws_region is not null \
               and coalesce(files.delivered_at, digests.started_at) is not null \
               and coalesce(files.delivered_at, digests.ended_at) is not null";
    for batch in engine.answer(sql, NAME, None).await?.batches {
        for row in 0..batch.num_rows() {
            let delivered = time(&batch, "started_at", row)..time(&batch, "ended_at", row);
            input.lost.entry(scope(&batch, row)).or_default().push(delivered);
        }
    }
    Ok(())
}

async fn read_switches(engine: &Engine, input: &mut Input) -> Result<()> {
    let buckets = read_buckets(engine).await?;
    let sql = format!(
        "select recipient_account_id, aws_region, event_time, event_name, event_id, request_parameters from events \
         where event_source = '{CLOUDTRAIL}' and error_code is null and recipient_account_id is not null \
         and aws_region is not null \
         and event_name in ('DeleteTrail', 'PutEventSelectors', 'StartLogging', 'StopLogging', 'UpdateTrail') \
         order by event_time, event_id"
    );
    for batch in engine.answer(&sql, NAME, None).await?.batches {
        for row in 0..batch.num_rows() {
            let account = text(&batch, "recipient_account_id", row);
            let buckets = buckets.get(account).map_or(&[][..], Vec::as_slice);
            let request = maybe_text(&batch, "request_parameters", row);
            let switches = input.switches.entry(account.to_owned()).or_default();
            for (need, is_on) in switched(text(&batch, "event_name", row), request, buckets) {
                switches.push(Switch {
                    at: time(&batch, "event_time", row),
                    need,
                    is_on,
                    home_region: text(&batch, "aws_region", row).to_owned(),
                    event_id: text(&batch, "event_id", row).to_owned(),
                });
            }
        }
    }
    Ok(())
}

/// The buckets that each account's log files were read from.
async fn read_buckets(engine: &Engine) -> Result<BTreeMap<String, Vec<String>>> {
    let sql = "select distinct account_id, split_part(log_file, '/', 3) as bucket from log_files \
               where log_file like 's3://%' and account_id is not null order by account_id, bucket";
    let mut buckets = BTreeMap::<String, Vec<String>>::new();
    for batch in engine.answer(sql, NAME, None).await?.batches {
        for row in 0..batch.num_rows() {
            let of_account = buckets.entry(text(&batch, "account_id", row).to_owned()).or_default();
            of_account.push(text(&batch, "bucket", row).to_owned());
        }
    }
    Ok(buckets)
}

fn scope(batch: &RecordBatch, row: usize) -> Scope {
    let own = |name| text(batch, name, row).to_owned();
    Scope { account_id: own("account_id"), aws_region: own("aws_region") }
}

fn text<'a>(batch: &'a RecordBatch, name: &str, row: usize) -> &'a str {
    batch[name].as_string::<i32>().value(row)
}

fn maybe_text<'a>(batch: &'a RecordBatch, name: &str, row: usize) -> Option<&'a str> {
    let column = batch[name].as_string::<i32>();
    column.is_valid(row).then(|| column.value(row))
}

fn time(batch: &RecordBatch, name: &str, row: usize) -> DateTime<Utc> {
    let micros = batch[name].as_primitive::<TimestampMicrosecondType>().value(row);
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-02-{text}:00Z").parse().expect("a time")
    }

    fn home() -> Scope {
        Scope { account_id: "111122223333".to_owned(), aws_region: "eu-west-1".to_owned() }
    }

    fn states(input: &Input) -> Vec<&'static str> {
        hours(input, &home(), at("01T12:00")).iter().map(|hour| hour.state.as_str()).collect()
    }

    #[test]
    fn an_hour_is_attested_delivered_stopped_or_a_gap() {
        let mut input = Input::default();
        assert_eq!(states(&input), Vec::<&str>::new());
        input.delivered.insert(home(), [(at("01T04:00"), 3), (at("01T10:00"), 1)].into());
        assert_eq!(states(&input), ["delivered", "gap", "gap", "gap", "gap", "gap", "delivered"]);
        input.attested.insert(home(), vec![at("01T04:00")..at("01T06:00")]);
        assert_eq!(states(&input), ["attested", "attested", "gap", "gap", "gap", "gap", "delivered"]);
        let switch = |time, is_on| Switch {
            at: at(time),
            need: switch::Need::Logging,
            is_on,
            home_region: "eu-west-1".to_owned(),
            event_id: time.to_owned(),
        };
        input.switches.insert(home().account_id, vec![switch("01T06:30", false), switch("01T09:00", true)]);
        let off = "logging_stopped";
        assert_eq!(states(&input), ["attested", "attested", off, off, off, "gap", "delivered"]);
        assert_eq!(hours(&input, &home(), at("01T12:00"))[3].event_id.as_deref(), Some("01T06:30"));
        let elsewhere = Scope { aws_region: "us-east-1".to_owned(), ..home() };
        assert_eq!(hours(&input, &elsewhere, at("01T12:00")), Vec::new());
    }

    fn off(from: &str, until: Option<&str>) -> Vec<Switch> {
        let switch = |time: &str, is_on| Switch {
            at: at(time),
            need: switch::Need::Logging,
            is_on,
            home_region: "eu-west-1".to_owned(),
            event_id: time.to_owned(),
        };
        std::iter::once(switch(from, false)).chain(until.map(|until| switch(until, true))).collect()
    }

    #[test]
    fn an_hour_of_which_a_part_was_off_is_stopped_whatever_was_delivered_in_the_rest() {
        let mut input = Input::default();
        input.delivered.insert(home(), [(at("01T05:00"), 2), (at("01T06:00"), 1)].into());
        input.switches.insert(home().account_id, off("01T05:30", Some("01T06:20")));
        input.told.insert(home(), [at("01T05:02"), at("01T05:30"), at("01T06:20")].into());
        assert_eq!(states(&input), ["logging_stopped", "logging_stopped"]);
        input.attested.insert(home(), vec![at("01T05:00")..at("01T07:00")]);
        assert_eq!(states(&input), ["logging_stopped", "logging_stopped"]);
    }

    #[test]
    fn a_record_that_only_another_trail_can_have_logged_shows_that_the_hour_was_seen() {
        let mut input = Input::default();
        input.delivered.insert(home(), [(at("01T05:00"), 2), (at("01T07:00"), 1)].into());
        input.switches.insert(home().account_id, off("01T05:10", Some("01T08:00")));
        input.told.insert(home(), [at("01T05:05"), at("01T05:20"), at("01T07:15")].into());
        assert_eq!(states(&input), ["delivered", "logging_stopped", "delivered"]);
        // What comes late tells of a time before.
        input.told.insert(home(), [at("01T05:05")].into());
        assert_eq!(states(&input), ["logging_stopped"; 3]);
    }

    #[test]
    fn logging_that_stays_off_is_told_up_to_the_end_of_the_lake() {
        let mut input = Input::default();
        input.delivered.insert(home(), [(at("01T09:00"), 1)].into());
        assert_eq!(states(&input), ["delivered"]);
        input.switches.insert(home().account_id, off("01T09:55", None));
        assert_eq!(states(&input), ["logging_stopped"; 4]);
    }

    #[test]
    fn an_hour_that_lacks_a_log_file_is_incomplete_whatever_vouches_for_it() {
        let mut input = Input::default();
        input.attested.insert(home(), vec![at("01T04:00")..at("01T08:00")]);
        input.lost.insert(home(), vec![at("01T05:10")..at("01T05:10"), at("01T06:59")..at("01T07:00")]);
        assert_eq!(states(&input), ["attested", "incomplete", "incomplete", "attested"]);
        input.lost.insert(home(), vec![at("01T04:30")..at("01T06:00")]);
        assert_eq!(states(&input), ["incomplete", "incomplete", "attested", "attested"]);
    }

    #[test]
    fn digests_that_end_within_an_hour_attest_it_together_or_not_at_all() {
        let whole = |times: &[(&str, &str)]| -> Vec<String> {
            let times: Vec<_> = times.iter().map(|(from, until)| at(from)..at(until)).collect();
            whole_hours(&times).iter().map(|hour| hour.format("%H").to_string()).collect()
        };
        assert_eq!(whole(&[("01T04:15", "01T05:15"), ("01T05:15", "01T06:15")]), ["05"]);
        assert_eq!(whole(&[("01T05:15", "01T06:15"), ("01T04:00", "01T05:15")]), ["04", "05"]);
        assert_eq!(whole(&[("01T04:15", "01T05:00"), ("01T05:15", "01T06:15")]), Vec::<String>::new());
        assert_eq!(whole(&[("01T04:00", "01T05:00"), ("01T04:00", "01T05:00")]), ["04"]);
    }
}
