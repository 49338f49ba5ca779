//! Tasks that ingest one trail side by side: `--shard`.

use std::time::Duration;

use analytics::trail::story::story;
use end_to_end::s3_server::Faults;

use crate::place::{Place, Row, text};

const SHARDS: usize = 8;

fn shard(number: usize) -> [String; 2] {
    ["--shard".to_owned(), format!("{number}/{SHARDS}")]
}

fn rows(place: &Place) -> (Vec<Row>, Vec<Row>) {
    let log_files = place.sql("select distinct log_file, records, records_kept from log_files order by log_file");
    (place.events(), log_files)
}

#[test]
fn eight_tasks_of_which_some_are_killed_or_run_twice_make_the_lake_of_one() {
    let whole = Place::in_s3(Faults::default());
    whole.deliver(&story().files);
    whole.ingest(&["--skip-digests"]).expect_status(2);
    let (expected_events, expected_files) = rows(&whole);
    assert!(!expected_events.is_empty());

    let shared = Place::in_s3(Faults::default());
    shared.deliver(&story().files);
    let task = |number: usize| shared.ingesting(&["--skip-digests", "--workers", "1"]).args(shard(number));
    // All at once, the third twice by mistake; two are killed at some point and run again.
    let (killed, left): (Vec<_>, Vec<_>) =
        (1..=SHARDS).chain([3]).map(|number| (number, task(number).spawn())).partition(|(number, _)| number % 3 == 2);
    for (_, victim) in killed {
        std::thread::sleep(Duration::from_millis(60));
        victim.kill();
    }
    let again = (1..=SHARDS).filter(|number| number % 3 == 2).map(|number| (number, task(number).spawn()));
    for (number, task) in left.into_iter().chain(again) {
        let status = task.wait().status;
        assert!([0, 2].contains(&status), "shard {number} ended with {status}");
    }
    let (events, files) = rows(&shared);
    let names = |rows: &[Row]| rows.iter().map(|row| text(row, "event_id").to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&events), names(&expected_events));
    assert_eq!(files, expected_files, "each log file is read by one shard");
}

#[test]
fn what_other_shards_read_is_accounted_for() {
    let place = Place::in_folders();
    place.deliver(&story().files);
    let first = place.ingest(&["--shard", "1/2"]);
    assert!(first.stdout.contains("passed over: of other shards"), "{}", first.stdout);
    let refused = place.ingest(&["--shard", "3/2"]).expect_status(64);
    assert!(refused.stderr.contains("expected NUMBER/OF, for example 2/8"), "{}", refused.stderr);
}
