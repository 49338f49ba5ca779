//! OCSF: one Compliance Finding (class 2003) a line.
//!
//! The version is 1.5.0: the first whose Compliance Finding has `evidences`; nothing here was changed or deprecated up to
//! 1.8.0. `time` is when was judged, not when the program ran. Facts that OCSF has no attribute for are in `unmapped`.

use std::io::{self, Write};

use config_rule::controls::Severity;
use schemas::control::Verdict;
use serde_json::{Map, Value, json};

use super::identity::{finding_id, job_id};
use super::legible::legible;
use super::words::{self, PRODUCT};
use super::{Terms, without_nulls};
use crate::report::finding::Finding;

/// The version of OCSF.
pub const VERSION: &str = "1.5.0";

/// Facts that have no attribute of their own.
const UNMAPPED: [&str; 6] = ["verdict", "job_kind", "request_event_id", "next_step", "coverage", "lake"];

/// Writes each finding as one line of JSON.
pub fn write(findings: &[Finding], terms: &Terms, out: &mut dyn Write) -> io::Result<()> {
    for finding in findings {
        serde_json::to_writer(&mut *out, &event(finding, terms))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn event(finding: &Finding, terms: &Terms) -> Value {
    let (severity_id, severity) = severity(words::severity(finding));
    let (status_id, status) = status(finding.verdict);
    without_nulls(json!({
        "class_uid": 2003,
        "class_name": "Compliance Finding",
        "category_uid": 2,
        "category_name": "Findings",
        "activity_id": 1,
        "activity_name": "Create",
        "type_uid": 200_301,
        "type_name": "Compliance Finding: Create",
        "time": terms.as_of.timestamp_millis(),
        "severity_id": severity_id,
        "severity": severity,
        "status_id": status_id,
        "status": status,
        "message": legible(&words::title(finding)),
        "metadata": {
            "version": VERSION,
            "profiles": ["cloud"],
            "event_code": finding.control.as_str(),
            "product": { "name": PRODUCT, "vendor_name": PRODUCT, "version": legible(&terms.tool_version) },
        },
        "cloud": {
            "provider": "AWS",
            "cloud_partition": words::partition(&finding.aws_region),
            "region": legible(&finding.aws_region),
            "account": { "uid": legible(&finding.account_id), "type_id": 10, "type": "AWS Account" },
        },
        "finding_info": finding_info(finding, terms),
        "compliance": compliance(finding),
        "resources": resources(finding),
        "remediation": remediation(finding),
        "evidences": evidences(finding, terms),
        "observables": observables(finding),
        "unmapped": unmapped(finding, terms),
    }))
}

fn finding_info(finding: &Finding, terms: &Terms) -> Value {
    let version = terms.control_versions.get(&finding.control).map(ToString::to_string);
    let log_file = finding.cited_log_file.as_deref().map(|file| vec![legible(file)]);
    let event =
        finding.cited_event_id.as_deref().map(|id| vec![json!({ "uid": legible(id), "type": "CloudTrail event" })]);
    json!({
        "uid": finding_id(finding),
        "title": legible(&words::title(finding)),
        "desc": legible(&words::description(finding)),
        "created_time": finding.requested_at.map(|time| time.timestamp_millis()),
        "modified_time": terms.as_of.timestamp_millis(),
        "analytic": {
            "uid": finding.control.as_str(),
            "name": finding.control.title(),
            "type_id": 1,
            "type": "Rule",
            "version": version,
        },
        "data_sources": log_file,
        "related_events": event,
        "src_url": words::page_url(finding),
    })
}

fn compliance(finding: &Finding) -> Value {
    let (status_id, status) = compliance_status(finding.verdict);
    json!({
        "standards": [PRODUCT],
        "control": finding.control.as_str(),
        "desc": finding.control.title(),
        "status_id": status_id,
        "status": status,
        "status_code": finding.verdict.as_str(),
        "status_details": [legible(&finding.reason)],
    })
}

/// The job, and the resource that the verdict rests on.
fn resources(finding: &Finding) -> Vec<Value> {
    let region = legible(&finding.aws_region);
    let job = json!({
        "uid": legible(&words::job_identifier(finding)),
        "uid_alt": job_id(finding),
        "name": finding.job_name.as_deref().map(legible),
        "type": legible(&finding.job_kind),
        "region": region,
        "owner": finding.principal_arn.as_deref().map(|arn| json!({ "uid": legible(arn) })),
    });
    let other = finding
        .resource_id
        .as_deref()
        .map(|id| json!({ "uid": legible(id), "type": words::resource_type(id), "region": region }));
    [Some(job), other].into_iter().flatten().collect()
}

fn remediation(finding: &Finding) -> Option<Value> {
    let remedy = words::remedy(finding)?;
    Some(json!({ "desc": legible(&remedy), "references": words::page_url(finding).map(|url| vec![url]) }))
}

fn evidences(finding: &Finding, terms: &Terms) -> Option<Value> {
    let citation = words::citation(finding, terms);
    (!citation.is_empty()).then(|| json!([{ "data": object(citation) }]))
}

/// What to search other events for.
fn observables(finding: &Finding) -> Vec<Value> {
    let resource =
        |name, text: &str| json!({ "name": name, "type_id": 10, "type": "Resource UID", "value": legible(text) });
    let job = resource("resources[0].uid", &words::job_identifier(finding));
    let other = finding.resource_id.as_deref().map(|id| resource("resources[1].uid", id));
    let event = finding.cited_event_id.as_deref().map(|id| {
        let name = "evidences[0].data.cited_event_id";
        json!({ "name": name, "type_id": 99, "type": "CloudTrail eventID", "value": legible(id) })
    });
    [Some(job), other, event].into_iter().flatten().collect()
}

fn unmapped(finding: &Finding, terms: &Terms) -> Value {
    object(words::facts(finding, terms).into_iter().filter(|(name, _)| UNMAPPED.contains(name)).collect())
}

fn object(facts: Vec<(&'static str, String)>) -> Value {
    Value::Object(
        facts.into_iter().map(|(name, text)| (name.to_owned(), Value::from(legible(&text)))).collect::<Map<_, _>>(),
    )
}

/// "Warning: the compliance check did not yield a result due to missing information."
const fn compliance_status(verdict: Verdict) -> (u8, &'static str) {
    match verdict {
        Verdict::Compliant => (1, "Pass"),
        Verdict::Undetermined => (2, "Warning"),
        Verdict::NonCompliant => (3, "Fail"),
        Verdict::NotApplicable => (99, "NotApplicable"),
    }
}

/// The finding's own state: whether there is something to do about it.
const fn status(verdict: Verdict) -> (u8, &'static str) {
    match verdict {
        Verdict::NonCompliant | Verdict::Undetermined => (1, "New"),
        Verdict::Compliant | Verdict::NotApplicable => (4, "Resolved"),
    }
}

const fn severity(severity: Option<Severity>) -> (u8, &'static str) {
    match severity {
        None => (1, "Informational"),
        Some(Severity::Low) => (2, "Low"),
        Some(Severity::Medium) => (3, "Medium"),
        Some(Severity::High) => (4, "High"),
    }
}
