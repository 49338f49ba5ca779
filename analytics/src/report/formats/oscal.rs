//! OSCAL assessment results: one document, with an observation and a finding for each verdict.
//!
//! A finding says whether the control's objective is satisfied, its observation cites the record that tells, and a risk
//! with the same id says what to do about what is not. Jobs are inventory items of the result, this program its tool.
//! Every UUID is of version 5, from the finding's id: the same job and control have the same UUIDs in each document, and
//! the same input the same bytes. The document's own UUID changes with its contents, as OSCAL asks.
//!
//! OSCAL requires an assessment plan; there is none, so `import-ap` refers to a resource of the document that says so.

use std::collections::HashSet;
use std::io::{self, Write};

use chrono::{DateTime, Utc};
use schemas::control::Verdict;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::ser::PrettyFormatter;
use serde_json::{Value, json};

use super::identity::{NAMESPACE, finding_id, job_id, uuid};
use super::legible::legible;
use super::words::{self, PRODUCT};
use super::{Terms, rfc3339, without_nulls};
use crate::report::finding::Finding;
use crate::sha256::Sha256;

/// The version of OSCAL.
pub const VERSION: &str = "1.2.1";

/// Writes one document, finding by finding.
pub fn write(findings: &[Finding], terms: &Terms, out: &mut dyn Write) -> io::Result<()> {
    let document = Document { findings, terms };
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, PrettyFormatter::with_indent(b" "));
    document.serialize(&mut serializer)?;
    out.write_all(b"\n")
}

struct Document<'a> {
    findings: &'a [Finding],
    terms: &'a Terms,
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_map(Some(1))?;
        document.serialize_entry("assessment-results", &Body(self))?;
        document.end()
    }
}

struct Body<'a>(&'a Document<'a>);

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Document { terms, .. } = self.0;
        let fingerprint = self.0.fingerprint();
        let mut body = serializer.serialize_map(None)?;
        body.serialize_entry("uuid", &uuid("document", &fingerprint))?;
        body.serialize_entry("metadata", &metadata(terms))?;
        body.serialize_entry("import-ap", &json!({ "href": format!("#{}", plan_uuid()) }))?;
        body.serialize_entry("results", &[Outcome { document: self.0, uuid: uuid("result", &fingerprint) }])?;
        body.serialize_entry("back-matter", &back_matter())?;
        body.end()
    }
}

impl Document<'_> {
    /// A hash of all that the document says.
    fn fingerprint(&self) -> String {
        let hash = self.findings.iter().fold(Sha256::new(), |hash, finding| {
            words::facts(finding, self.terms)
                .iter()
                .fold(hash, |hash, (name, text)| hash.then(format!("{name} {}\n", legible(text))))
        });
        let versions = self.terms.control_versions.iter().map(|(control, version)| format!("{control} {version}\n"));
        let strict = self.terms.is_strict;
        let terms = [rfc3339(self.terms.as_of), legible(&self.terms.lake), legible(&self.terms.tool_version)];
        versions.chain(terms).fold(hash, |hash, line| hash.then(line).then("\n")).then(strict.to_string()).hex()
    }

    /// The first finding of each job.
    fn jobs(&self) -> Vec<&Finding> {
        let mut seen = HashSet::new();
        self.findings.iter().filter(|finding| seen.insert(job_id(finding))).collect()
    }

    fn has_risks(&self) -> bool {
        self.findings.iter().any(|finding| risk_status(finding.verdict).is_some())
    }

    /// From the first request that the evidence tells of.
    fn start(&self) -> DateTime<Utc> {
        let first = self.findings.iter().filter_map(|finding| finding.requested_at).min();
        first.filter(|time| *time < self.terms.as_of).unwrap_or(self.terms.as_of)
    }
}

fn metadata(terms: &Terms) -> Value {
    json!({
        "title": "Amazon Bedrock jobs and their network, judged from CloudTrail log files",
        "last-modified": rfc3339(terms.as_of),
        "version": rfc3339(terms.as_of),
        "oscal-version": VERSION,
        "props": props(&[
            ("as_of", rfc3339(terms.as_of)),
            ("coverage", if terms.is_strict { "attested" } else { "all" }.to_owned()),
            ("tool_version", terms.tool_version.clone()),
            ("lake", terms.lake.clone()),
        ]),
    })
}

/// OSCAL 1.2 has lists with something in them only, so what would be empty is left out.
struct Outcome<'a> {
    document: &'a Document<'a>,
    uuid: String,
}

impl Serialize for Outcome<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Document { findings, terms } = self.document;
        let mut result = serializer.serialize_map(None)?;
        result.serialize_entry("uuid", &self.uuid)?;
        result.serialize_entry("title", &format!("{PRODUCT} as of {}", rfc3339(terms.as_of)))?;
        result.serialize_entry("description", &result_description(terms))?;
        result.serialize_entry("start", &rfc3339(self.document.start()))?;
        result.serialize_entry("end", &rfc3339(terms.as_of))?;
        result.serialize_entry("local-definitions", &LocalDefinitions(self.document))?;
        result.serialize_entry("reviewed-controls", &reviewed_controls(terms))?;
        if !findings.is_empty() {
            result
                .serialize_entry("observations", &Each(findings.iter(), |finding| Some(observation(finding, terms))))?;
        }
        if self.document.has_risks() {
            result.serialize_entry("risks", &Each(findings.iter(), risk))?;
        }
        if !findings.is_empty() {
            result.serialize_entry("findings", &Each(findings.iter(), |finding| Some(judgement(finding, terms))))?;
        }
        result.end()
    }
}

fn result_description(terms: &Terms) -> &'static str {
    if terms.is_strict {
        "Each job judged against each control, by what valid digest files vouch for alone."
    } else {
        "Each job judged against each control, by all log files in the lake but those that were changed after delivery."
    }
}

struct LocalDefinitions<'a>(&'a Document<'a>);

impl Serialize for LocalDefinitions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut definitions = serializer.serialize_map(None)?;
        definitions.serialize_entry("components", &[tool(self.0.terms)])?;
        let jobs = self.0.jobs();
        if !jobs.is_empty() {
            definitions
                .serialize_entry("inventory-items", &Each(jobs.into_iter(), |finding| Some(inventory_item(finding))))?;
        }
        definitions.end()
    }
}

/// A list that is made while it is written.
struct Each<I, F>(I, F);

impl<'a, I, F> Serialize for Each<I, F>
where
    I: Iterator<Item = &'a Finding> + Clone,
    F: Fn(&'a Finding) -> Option<Value>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.clone().filter_map(&self.1))
    }
}

fn tool_uuid() -> String {
    uuid("tool", PRODUCT)
}

fn plan_uuid() -> String {
    uuid("plan", PRODUCT)
}

fn tool(terms: &Terms) -> Value {
    json!({
        "uuid": tool_uuid(),
        "type": "software",
        "title": PRODUCT,
        "description": "Rebuilds the history of Amazon Bedrock jobs and their network from CloudTrail log files, and judges it.",
        "props": [{ "name": "version", "value": value(&terms.tool_version) }],
        "status": { "state": "operational" },
    })
}

fn back_matter() -> Value {
    json!({ "resources": [{
        "uuid": plan_uuid(),
        "title": "No assessment plan",
        "description": "There is no assessment plan in OSCAL. What each control asks, and what its verdicts rest on, is in the \
            documentation of bedrock-audit; the controls that were judged are in reviewed-controls.",
    }] })
}

fn reviewed_controls(terms: &Terms) -> Value {
    if terms.control_versions.is_empty() {
        return json!({ "control-selections": [{ "include-all": {} }] });
    }
    let controls: Vec<Value> =
        terms.control_versions.keys().map(|control| json!({ "control-id": control.as_str() })).collect();
    let versions = terms.control_versions.iter().map(|(control, version)| (control.as_str(), version.to_string()));
    json!({ "control-selections": [{
        "description": "The controls of bedrock-audit that were judged; each property is the version of one.",
        "props": props(&versions.collect::<Vec<_>>()),
        "include-controls": controls,
    }] })
}

fn inventory_item(finding: &Finding) -> Value {
    let facts = [
        ("account_id", Some(finding.account_id.clone())),
        ("aws_region", Some(finding.aws_region.clone())),
        ("job_kind", Some(finding.job_kind.clone())),
        ("job_name", finding.job_name.clone()),
        ("job_arn", finding.job_arn.clone()),
        ("request_event_id", finding.request_event_id.clone()),
    ];
    let known: Vec<_> = facts.into_iter().filter_map(|(name, text)| Some((name, text?))).collect();
    json!({
        "uuid": uuid("job", &job_id(finding)),
        "description": legible(&format!("Amazon Bedrock {} job {}", finding.job_kind, words::job_label(finding))),
        "props": props(&known),
    })
}

fn observation(finding: &Finding, terms: &Terms) -> Value {
    without_nulls(json!({
        "uuid": uuid("observation", &finding_id(finding)),
        "title": legible(&words::title(finding)),
        "description": legible(&finding.reason),
        "methods": ["EXAMINE"],
        "types": ["control-objective"],
        "origins": [origin()],
        "subjects": [{ "subject-uuid": uuid("job", &job_id(finding)), "type": "inventory-item" }],
        "relevant-evidence": evidence(finding, terms).map(|evidence| vec![evidence]),
        "collected": rfc3339(terms.as_of),
    }))
}

fn origin() -> Value {
    json!({ "actors": [{ "type": "tool", "actor-uuid": tool_uuid() }] })
}

/// The record that decides.
fn evidence(finding: &Finding, terms: &Terms) -> Option<Value> {
    let citation = words::citation(finding, terms);
    let file = finding.cited_log_file.as_deref()?;
    let description = words::citation_in_words(finding)?;
    Some(json!({ "href": uri_reference(file), "description": description, "props": props(&citation) }))
}

fn judgement(finding: &Finding, terms: &Terms) -> Value {
    let id = finding_id(finding);
    let related_risk = risk_status(finding.verdict).map(|_| json!([{ "risk-uuid": uuid("risk", &id) }]));
    without_nulls(json!({
        "uuid": uuid("finding", &id),
        "title": legible(&words::title(finding)),
        "description": legible(&words::description(finding)),
        "props": props(&words::facts(finding, terms)),
        "origins": [origin()],
        "target": target(finding),
        "related-observations": [{ "observation-uuid": uuid("observation", &id) }],
        "related-risks": related_risk,
    }))
}

fn target(finding: &Finding) -> Value {
    let (state, reason) = match finding.verdict {
        Verdict::Compliant => ("satisfied", "pass"),
        Verdict::NonCompliant => ("not-satisfied", "fail"),
        Verdict::NotApplicable => ("satisfied", "other"),
        Verdict::Undetermined => ("not-satisfied", "other"),
    };
    let is_applicable = finding.verdict != Verdict::NotApplicable;
    json!({
        "type": "objective-id",
        "target-id": finding.control.as_str(),
        "title": finding.control.title(),
        "status": { "state": state, "reason": reason, "remarks": legible(&format!("{}: {}", finding.verdict, finding.reason)) },
        "implementation-status": if is_applicable { Value::Null } else { json!({ "state": "not-applicable" }) },
    })
}

/// What is not known to be satisfied is a risk.
const fn risk_status(verdict: Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::NonCompliant => Some("open"),
        Verdict::Undetermined => Some("investigating"),
        Verdict::Compliant | Verdict::NotApplicable => None,
    }
}

fn risk(finding: &Finding) -> Option<Value> {
    let status = risk_status(finding.verdict)?;
    let id = finding_id(finding);
    Some(without_nulls(json!({
        "uuid": uuid("risk", &id),
        "title": legible(&words::title(finding)),
        "description": legible(&words::description(finding)),
        "statement": legible(&finding.reason),
        "status": status,
        "origins": [origin()],
        "characterizations": [{
            "origin": origin(),
            "facets": [{ "name": "severity", "system": namespace(), "value": words::severity_name(words::severity(finding)) }],
        }],
        "remediations": remediation(finding, &id).map(|remediation| vec![remediation]),
        "related-observations": [{ "observation-uuid": uuid("observation", &id) }],
    })))
}

fn remediation(finding: &Finding, id: &str) -> Option<Value> {
    let remedy = words::remedy(finding)?;
    let links = words::page_url(finding).map(|url| json!([{ "href": url, "rel": "reference" }]));
    Some(json!({
        "uuid": uuid("remediation", id),
        "lifecycle": "recommendation",
        "title": "What to do",
        "description": legible(&remedy),
        "links": links,
    }))
}

fn namespace() -> String {
    format!("urn:uuid:{NAMESPACE}")
}

/// Properties of our own namespace, by the names that the facts have in each format.
fn props(facts: &[(&str, String)]) -> Vec<Value> {
    let ns = namespace();
    facts
        .iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| json!({ "name": name, "ns": ns, "value": value(text) }))
        .collect()
}

/// A property's value is never empty.
fn value(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { legible(text) }
}

/// A folder or `s3://` location as a URI reference (RFC 3986): whatever may not stand in one is percent-encoded.
fn uri_reference(location: &str) -> String {
    location.bytes().fold(String::with_capacity(location.len()), |mut uri, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/:@!$&'()*+,;=".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
        uri
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_uri_reference() {
        for (location, expected) in [
            ("s3://trail/AWSLogs/x.json.gz", "s3://trail/AWSLogs/x.json.gz"),
            ("/a folder/100%/ü#?.gz", "/a%20folder/100%25/%C3%BC%23%3F.gz"),
            ("\u{202e}\n", "%E2%80%AE%0A"),
        ] {
            assert_eq!(uri_reference(location), expected);
        }
    }
}
