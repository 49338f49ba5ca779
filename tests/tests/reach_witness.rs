//! `job_security_groups_reach_endpoints` in history beside a slow model of it: random small networks, of which
//! `tests/python/reach_witness.py` writes the records and judges the truth with Python's own arithmetic of addresses.

use std::fs;

use crate::model::model;
use crate::place::Place;

/// Which networks: the same for writing and for comparing.
const MADE: [&str; 4] = ["--seed", "5", "--networks", "20"];

/// In the midst of the networks' lives, and after the last record of them.
const INSTANTS: [&str; 2] = ["2026-03-02T00:36:40Z", "2026-03-02T01:40:00Z"];

fn witness(act: &str, place: &str, more: &[&str]) -> Option<String> {
    model("reach_witness.py", &[&[act, place], &MADE[..], more].concat())
}

#[test]
fn a_slow_model_judges_every_job_of_random_networks_alike() {
    let place = Place::in_folders();
    if witness("write", &place.source(), &[]).is_none() {
        return;
    }
    place.ingest(&[]).expect_status(0);
    let file = place.lake_folder().with_file_name("verdicts.csv");
    let verdicts = file.to_str().expect("a temporary folder's name is UTF-8");
    for as_of in INSTANTS {
        let audit = place.program().args(["audit", "--lake", &place.lake(), "--output", "csv", "--as-of", as_of]).run();
        fs::write(&file, &audit.stdout).expect("a temporary folder can be written to");
        let told = witness("compare", verdicts, &["--as-of", as_of]).expect("it ran before");
        eprintln!("{told}");
        for verdict in ["'Compliant'", "'NonCompliant'", "'NotApplicable'", "'Undetermined'"] {
            assert!(told.contains(verdict), "no job is {verdict}, so nothing was compared: {told}");
        }
    }
}
