//! JUnit XML, for pipelines: a test suite a control, a test case a job.
//!
//! Nobody owns the format. This is what Jenkins' schema and the readers of GitHub and GitLab agree on: a job that is not
//! compliant is a `failure`, one whose verdict is undetermined an `error`, one that the control says nothing about is
//! `skipped`. Every fact is a property of the test case.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use schemas::control::{ControlId, Verdict};

use super::Terms;
use super::identity::job_id;
use super::legible::legible;
use super::words::{self, PRODUCT};
use crate::report::finding::Finding;

/// Digits of a job's id that keep jobs of the same name apart.
const ID_DIGITS: usize = 8;

/// Writes one document.
pub fn write(findings: &[Finding], terms: &Terms, out: &mut dyn Write) -> io::Result<()> {
    let all = Counts::of(findings.iter());
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<testsuites name="{PRODUCT}" tests="{}" failures="{}" errors="{}" time="0">"#,
        all.tests, all.failures, all.errors
    )?;
    for control in ControlId::ALL {
        let of_control = || findings.iter().filter(move |finding| finding.control == control);
        if of_control().next().is_some() {
            write_suite(control, of_control, terms, out)?;
        }
    }
    writeln!(out, "</testsuites>")
}

/// How many test cases ended in which way.
#[derive(Default)]
struct Counts {
    tests: u64,
    failures: u64,
    errors: u64,
    skipped: u64,
}

impl Counts {
    fn of<'a>(findings: impl Iterator<Item = &'a Finding>) -> Self {
        findings.fold(Self::default(), |mut counts, finding| {
            counts.tests += 1;
            match finding.verdict {
                Verdict::Compliant => {}
                Verdict::NonCompliant => counts.failures += 1,
                Verdict::Undetermined => counts.errors += 1,
                Verdict::NotApplicable => counts.skipped += 1,
            }
            counts
        })
    }
}

fn write_suite<'a, I: Iterator<Item = &'a Finding>>(
    control: ControlId,
    findings: impl Fn() -> I,
    terms: &Terms,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Counts { tests, failures, errors, skipped } = Counts::of(findings());
    writeln!(
        out,
        r#"  <testsuite name="{control}" tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}" time="0" timestamp="{}">"#,
        timestamp(terms.as_of)
    )?;
    for finding in findings() {
        write_case(finding, terms, out)?;
    }
    writeln!(out, "  </testsuite>")
}

/// Schemas of JUnit want a time without its zone; it is UTC.
fn timestamp(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S").to_string()
}

fn write_case(finding: &Finding, terms: &Terms, out: &mut dyn Write) -> io::Result<()> {
    let (name, class) = (shown(&case_name(finding)), shown(&class_name(finding)));
    writeln!(out, r#"    <testcase name="{name}" classname="{class}" time="0">"#)?;
    writeln!(out, "      <properties>")?;
    for (fact, text) in words::facts(finding, terms) {
        writeln!(out, r#"        <property name="{fact}" value="{}"/>"#, shown(&text))?;
    }
    writeln!(out, "      </properties>")?;
    match finding.verdict {
        Verdict::Compliant => {}
        Verdict::NotApplicable => writeln!(out, r#"      <skipped message="{}"/>"#, shown(&finding.reason))?,
        Verdict::NonCompliant => write_outcome("failure", finding, out)?,
        Verdict::Undetermined => write_outcome("error", finding, out)?,
    }
    writeln!(out, "    </testcase>")
}

/// Two jobs may have the same name, and a reader may show one of two test cases that do.
fn case_name(finding: &Finding) -> String {
    format!("{} [{}]", words::job_label(finding), &job_id(finding)[..ID_DIGITS])
}

/// Readers group by what stands before the last dot.
fn class_name(finding: &Finding) -> String {
    format!("{}.{}.{}", finding.account_id, finding.aws_region, finding.control)
}

fn write_outcome(element: &str, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let (message, verdict) = (shown(&finding.reason), finding.verdict);
    let body: Vec<String> = [
        Some(legible(&words::description(finding))),
        words::remedy(finding).map(|remedy| legible(&remedy)),
        words::page_url(finding).map(str::to_owned),
        words::citation_in_words(finding).map(|citation| format!("decided by {citation}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    writeln!(out, r#"      <{element} message="{message}" type="{verdict}">{}</{element}>"#, escaped(&body.join("\n")))
}

fn shown(text: &str) -> String {
    escaped(&legible(text))
}

/// For attributes and for text; what XML excludes is gone from legible text.
fn escaped(legible: &str) -> String {
    legible.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
