//! A run that is killed at any point and run again gives the same rows as one clean run.

use std::time::Duration;

use analytics::trail::Place as Where;
use analytics::trail::log_file::{Layout, log_file};
use analytics::trail::noise::noise;
use end_to_end::s3_server::Faults;

use crate::place::Place;

/// Enough files for many parts, so that kills fall between and within them.
fn deliver_many(place: &Place) {
    let here = Where::new("111122223333", "eu-west-1");
    let start: chrono::DateTime<chrono::Utc> = "2026-03-01T00:00:00Z".parse().expect("a time");
    let files: Vec<_> = (0..120_u32)
        .map(|n| {
            let at = start + chrono::TimeDelta::minutes(i64::from(n) * 97);
            log_file(&Layout::Plain, &here, at, &format!("killkill{n:08}"), &noise(&here, at, 150, u64::from(n)))
        })
        .collect();
    place.deliver(&files);
}

fn rows(place: &Place) -> Vec<crate::place::Row> {
    let columns = "select event_id, event_time, event_source, request_parameters, response_elements, record_index";
    place.sql(&format!("{columns} from event_copies order by event_id, record_index"))
}

fn survives(place: &Place) {
    let clean = Place::in_folders();
    deliver_many(&clean);
    clean.ingest(&["--events", "all"]).expect_status(0);
    deliver_many(place);
    let started = std::time::Instant::now();
    Place::ingesting(&clean, &["--events", "all"]).run().expect_status(0);
    let seed = std::process::id();
    eprintln!("kill points are drawn from seed {seed}");
    let mut state = u64::from(seed);
    let least = started.elapsed();
    let mut kills = 0;
    for _ in 0..25 {
        // A linear congruential generator is random enough to spread kills over a run.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // From the beginning on: what was measured beside other work may be many times what a run takes now.
        let longest = u64::try_from(least.as_micros()).expect("a short time") + 100_000;
        let wait = Duration::from_micros((state >> 33) % longest);
        let mut run = place.ingesting(&["--events", "all", "--workers", "2"]).spawn();
        std::thread::sleep(wait);
        if run.is_running() {
            kills += 1;
        }
        run.kill();
    }
    place.ingest(&["--events", "all", "--orphan-age", "0s"]).expect_status(0);
    assert!(kills > 0, "at least one run was killed before its end");
    assert_eq!(rows(place).len(), 120 * 150);
    assert_eq!(rows(place), rows(&clean));
    let parts = place.sql("select count(distinct part) as n from log_files");
    assert!(crate::place::number(&parts[0], "n") > 0);
}

#[test]
fn a_folder_lake_survives_kills() {
    survives(&Place::in_folders());
}

#[test]
fn an_s3_lake_survives_kills() {
    survives(&Place::in_s3(Faults::default()));
}
