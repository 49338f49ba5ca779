//! Writes a trail of many rule changes, for measuring what ingest and rebuild make of it.

use std::path::Path;

use end_to_end::rule_changes::write;

const CHANGES: usize = 1_000_000;
const GROUPS: usize = 2_000;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("usage: bench-rules FOLDER [CHANGES] [GROUPS]");
    let mut number = |otherwise| {
        let text = arguments.next();
        text.map_or(otherwise, |text| text.parse().expect("CHANGES and GROUPS are whole numbers"))
    };
    let (changes, groups) = (number(CHANGES), number(GROUPS));
    let in_force = write(Path::new(&folder), changes, groups).expect("the folder can be written to");
    eprintln!("{folder}: {changes} changes of the rules of {groups} groups; at the end {in_force} rules are in force");
}
