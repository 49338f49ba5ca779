//! The verdicts of `audit` on several dates beside a slow model of them: random small accounts, of which
//! `tests/python/verdict_witness.py` writes the records and judges every job from what they tell.

use std::fs;

use crate::model::model;
use crate::place::Place;

/// Which accounts: the same for writing and for comparing.
const MADE: [&str; 4] = ["--seed", "4", "--accounts", "6"];

/// Where audit and the model are known to differ, in the script's words. A word goes when its difference is settled.
const OPEN: [&str; 2] = ["--open", "names,omitted"];

/// In the midst of the accounts' lives, and long after the last record of them.
const INSTANTS: [&str; 2] = ["2026-03-02T04:00:00Z", "2026-03-02T13:00:00Z"];

/// Each control with the verdicts that it can give in history.
const VERDICTS: [(&str, &[&str]); 4] = [
    ("job_in_vpc", &["Compliant", "NonCompliant", "Undetermined"]),
    ("job_security_groups_exist", &["Compliant", "NonCompliant", "NotApplicable", "Undetermined"]),
    ("job_security_groups_not_default", &["Compliant", "NonCompliant", "NotApplicable", "Undetermined"]),
    ("job_network_tagged", &["Compliant", "NonCompliant", "NotApplicable", "Undetermined"]),
];

fn witness(act: &str, place: &str, more: &[&str]) -> Option<String> {
    model("verdict_witness.py", &[&[act, place], &MADE[..], more].concat())
}

/// How many jobs have a verdict on a control, as the script tells it: `job_in_vpc: Compliant 104, NonCompliant 79`.
fn count(told: &str, control: &str, verdict: &str) -> usize {
    let line = told.lines().find_map(|line| line.strip_prefix(control)?.strip_prefix(": "));
    let counts = line.into_iter().flat_map(|line| line.split(", "));
    counts.filter_map(|count| count.strip_prefix(verdict)?.strip_prefix(' ')?.parse::<usize>().ok()).sum()
}

#[test]
fn a_slow_model_judges_every_job_of_random_accounts_alike_on_any_date() {
    let place = Place::in_folders();
    if witness("write", &place.source(), &[]).is_none() {
        return;
    }
    place.ingest(&[]).expect_status(0);
    let file = place.lake_folder().with_file_name("verdicts.csv");
    let verdicts = file.to_str().expect("a temporary folder's name is UTF-8");
    let told = INSTANTS.map(|as_of| {
        let audit = place.program().args(["audit", "--lake", &place.lake(), "--output", "csv", "--as-of", as_of]).run();
        fs::write(&file, &audit.stdout).expect("a temporary folder can be written to");
        let told = witness("compare", verdicts, &["--as-of", as_of, OPEN[0], OPEN[1]]).expect("it ran before");
        eprintln!("{told}");
        told
    });
    let [amid, after] = &told;
    for (control, possible) in VERDICTS {
        for verdict in possible {
            assert!(count(amid, control, verdict) > 0, "{control} is {verdict} for no job: {amid}");
        }
    }
    // After the end of the logs nobody knows that a group still exists; that one was deleted stays known.
    assert_eq!(count(after, "job_security_groups_exist", "Compliant"), 0, "{after}");
    assert!(count(after, "job_security_groups_exist", "NonCompliant") > 0, "{after}");
}
