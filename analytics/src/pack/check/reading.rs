//! Is every line what its file holds, and are the counts right?

use std::collections::BTreeSet;

use serde_json::Value;

use super::integrity::Integrity;
use super::report::Report;
use crate::pack::counts::{Counts, Rows};
use crate::pack::manifest::Manifest;
use crate::pack::rows::{Row, Verdict};
use crate::pack::{Files, MANIFEST};

/// Rows that could be read, with their lines' numbers.
#[derive(Debug, Default)]
pub struct Numbered {
    /// The rows.
    pub rows: Rows,
    /// The lines of `rows.verdicts`, from 1.
    pub verdict_lines: Vec<u64>,
    /// The lines of `rows.facts`, from 1.
    pub fact_lines: Vec<u64>,
    /// The lines of `rows.records`, from 1.
    pub record_lines: Vec<u64>,
    /// The lines of `rows.inputs`, from 1.
    pub input_lines: Vec<u64>,
    /// The lines of `rows.coverage`, from 1.
    pub coverage_lines: Vec<u64>,
    /// The lines of `rows.digests`, from 1.
    pub digest_lines: Vec<u64>,
}

/// Reads every line and counts again.
pub fn read(files: &Files, integrity: &Integrity, report: &mut Report) -> Numbered {
    let (verdicts, verdict_lines) = rows(files, integrity, report);
    let (facts, fact_lines) = rows(files, integrity, report);
    let (records, record_lines) = rows(files, integrity, report);
    let (inputs, input_lines) = rows(files, integrity, report);
    let (coverage, coverage_lines) = rows(files, integrity, report);
    let (digests, digest_lines) = rows(files, integrity, report);
    let (set_aside, _) = rows(files, integrity, report);
    let rows = Rows { verdicts, facts, records, inputs, coverage, digests, set_aside };
    if let Some(manifest) = &integrity.manifest {
        let counted = Counts::of(&rows);
        compare(&manifest.counts, &counted, report);
        check_controls(manifest, &counted, report);
    }
    Numbered { rows, verdict_lines, fact_lines, record_lines, input_lines, coverage_lines, digest_lines }
}

/// The rows of a file. Of a changed file also the first line that we would have written otherwise, or elsewhere.
fn rows<R: Row>(files: &Files, integrity: &Integrity, report: &mut Report) -> (Vec<R>, Vec<u64>) {
    let (mut rows, mut numbers) = (Vec::new(), Vec::new());
    let bytes = files.get(R::FILE).map_or(&[][..], Vec::as_slice);
    let mut is_changed = integrity.changed.contains(R::FILE);
    let lines = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let lines = lines.split(|byte| *byte == b'\n').filter(|_| !bytes.is_empty());
    for (number, line) in (1..).zip(lines) {
        let row: R = match serde_json::from_slice(line) {
            Ok(row) => row,
            Err(cause) => {
                report.add_broken((R::FILE, number), cause.to_string(), "a line as the other lines are");
                continue;
            }
        };
        if is_changed && let Some(odd) = oddity(&row, line, rows.last()) {
            report.add_broken((R::FILE, number), odd, "a line as the program writes it; the change may be here");
            is_changed = false;
        }
        rows.push(row);
        numbers.push(number);
    }
    (rows, numbers)
}

/// Why we did not write this line here.
fn oddity<R: Row>(row: &R, line: &[u8], before: Option<&R>) -> Option<&'static str> {
    if row.line().as_bytes() != line {
        Some("a line that is written otherwise")
    } else if before.is_some_and(|before| before.order() > row.order()) {
        Some("a line that belongs before the one above it")
    } else {
        None
    }
}

/// Every job is judged against every control of the manifest, and no other.
fn check_controls(manifest: &Manifest, counted: &Counts, report: &mut Report) {
    let listed = manifest.controls.iter().map(|control| control.control.as_str());
    let judged = counted.verdicts.keys().map(String::as_str);
    let controls: BTreeSet<&str> = listed.clone().chain(judged).collect();
    let listed: BTreeSet<&str> = listed.collect();
    for control in controls {
        let rows: u64 = counted.verdicts.get(control).map_or(0, |verdicts| verdicts.values().sum());
        if !listed.contains(control) {
            report.add_broken(Verdict::FILE, format!("control {control:?}"), "a control of manifest.json");
        } else if rows != counted.jobs {
            let found = format!("{rows} jobs are judged against {control}");
            report.add_broken(Verdict::FILE, found, format!("{}, as against another control", counted.jobs));
        }
    }
}

/// Tells each number that is another.
fn compare(stated: &Counts, counted: &Counts, report: &mut Report) {
    if stated == counted {
        return;
    }
    let value = |counts: &Counts| serde_json::to_value(counts).unwrap_or_default();
    compare_values("counts", &value(stated), &value(counted), report);
}

fn compare_values(name: &str, stated: &Value, counted: &Value, report: &mut Report) {
    if stated == counted {
        return;
    }
    let (Value::Object(a), Value::Object(b)) = (stated, counted) else {
        let text = |value: &Value| if value.is_null() { "nothing".to_owned() } else { value.to_string() };
        report.add_broken(MANIFEST, format!("{name} is {}", text(stated)), format!("{}, by the lines", text(counted)));
        return;
    };
    for member in a.keys().chain(b.keys().filter(|member| !a.contains_key(*member))) {
        let of = |map: &serde_json::Map<String, Value>| map.get(member).cloned().unwrap_or_default();
        compare_values(&format!("{name}.{member}"), &of(a), &of(b), report);
    }
}
