//! The memory setting, where the work does not fit into it.

use end_to_end::rule_changes::write;

use crate::place::{Place, number};

/// Sorted at once, the requests of so many changes take more than the setting.
const CHANGES: usize = 25_000;
const GROUPS: usize = 100;

#[test]
fn events_that_do_not_fit_into_the_memory_setting_are_sorted_through_files() {
    let place = Place::in_folders();
    let in_force = write(&place.trail_folder(), CHANGES, GROUPS).expect("a temporary folder can be written to");
    place.ingest(&["--memory", "64MiB"]).expect_status(0);
    let rebuild = place.program().args(["rebuild", "--memory", "64MiB", "--lake", &place.lake()]);
    rebuild.run().expect_status(0);
    let rows = place.sql("select count(*) as rules from security_group_rules where ended_at is null");
    assert_eq!(number(&rows[0], "rules"), i64::try_from(in_force).expect("rules are few"));
}
