//! Point look-ups read little: asserted by the engine's own counters, never by time.

use analytics::trail::Place as Where;
use analytics::trail::log_file::{Layout, log_file};
use analytics::trail::noise::noise;

use crate::place::{Place, text};

/// Days of the lake below, each a file and so a row group or more.
const DAYS: u32 = 40;

fn lake_of_many_days() -> Place {
    let place = Place::in_folders();
    let here = Where::new("111122223333", "eu-west-1");
    let start: chrono::DateTime<chrono::Utc> = "2026-03-01T12:00:00Z".parse().expect("a time");
    let files: Vec<_> = (0..DAYS)
        .map(|n| {
            let at = start + chrono::TimeDelta::days(i64::from(n));
            log_file(&Layout::Plain, &here, at, &format!("lookup{n:010}"), &noise(&here, at, 200, u64::from(n)))
        })
        .collect();
    place.deliver(&files);
    place.ingest(&["--events", "all"]).expect_status(0);
    place
}

/// The plan of a query with what each of its steps counted.
fn analyzed(place: &Place, sql: &str) -> String {
    let rows = place.sql(&format!("explain analyze {sql}"));
    rows.iter().map(|row| text(row, "plan")).collect::<Vec<_>>().join("\n")
}

/// All row groups that the scans looked at, and those that a counter has left to read.
fn row_groups(plan: &str, counter: &str) -> (u64, u64) {
    let label = format!("{counter}=");
    let counted = plan.split(&label).skip(1).map(|rest| {
        let number = |text: &str| text.trim().parse::<u64>().unwrap_or_else(|_| panic!("{counter}={text}: {plan}"));
        let (total, rest) = rest.split_once(" total → ").unwrap_or_else(|| panic!("{counter} of another form: {plan}"));
        let (matched, _) = rest.split_once(" matched").unwrap_or_else(|| panic!("{counter} of another form: {plan}"));
        (number(total), number(matched))
    });
    counted.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

#[test]
fn an_event_by_source_name_and_time_reads_the_row_groups_of_that_time() {
    let place = lake_of_many_days();
    let events = place.sql("select event_source, event_name, event_time from events order by event_id limit 3");
    for event in &events {
        let (source, name, at) = (text(event, "event_source"), text(event, "event_name"), text(event, "event_time"));
        let sql = format!(
            "select event_id, log_file, record_index from events where event_source = '{source}' and event_name = '{name}' \
             and event_time >= timestamp '{at}' and event_time < timestamp '{at}' + interval '1 hour'"
        );
        let (total, matched) = row_groups(&analyzed(&place, &sql), "row_groups_pruned_statistics");
        assert!(total >= u64::from(DAYS) && (1..=2).contains(&matched), "{matched} of {total} row groups: {sql}");
    }
}

#[test]
fn an_event_by_its_id_reads_the_row_group_that_has_it() {
    let place = lake_of_many_days();
    let events = place.sql("select event_id from events order by event_id limit 3");
    for event in &events {
        let sql = format!("select log_file, record_index from events where event_id = '{}'", text(event, "event_id"));
        let plan = analyzed(&place, &sql);
        let (total, _) = row_groups(&plan, "row_groups_pruned_statistics");
        let (_, matched) = row_groups(&plan, "row_groups_pruned_bloom_filter");
        // A Bloom filter may take a row group for one that has it: one in a hundred.
        assert!(total >= u64::from(DAYS) && (1..=4).contains(&matched), "{matched} of {total} row groups: {sql}");
    }
}

/// Groups and jobs are looked up in the history, whose tables are small; the events are not read again.
#[test]
fn a_group_and_a_job_are_found_without_the_events() {
    let place = Place::told();
    for sql in [
        "select what, happened_at from group_chronology where group_id = 'sg-01e5968a3e287f551'",
        "select what, happened_at from job_chronology where job_name = 'churn-prototype'",
        "select job_name from jobs where job_name = 'churn-prototype'",
        "select group_id from security_groups where group_id = 'sg-01e5968a3e287f551'",
    ] {
        let plan = analyzed(&place, sql);
        assert!(plan.contains("history/") && !plan.contains("events/event_date="), "{sql}: {plan}");
        for scan in plan.split("DataSourceExec: ").skip(1).filter(|scan| scan.contains("row_groups_pruned_statistics"))
        {
            let (total, matched) = row_groups(scan, "row_groups_pruned_statistics");
            assert!(total <= 1 && matched <= 1, "{sql}: {scan}");
        }
    }
}
