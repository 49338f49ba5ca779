//! ASFF, the AWS Security Finding Format, for Security Hub: each line is the list that one `BatchImportFindings` takes.
//!
//! A line has findings of one account and Region, at most [`MAX_FINDINGS`] of them and [`MAX_BATCH_BYTES`] bytes (Security
//! Hub partner guide "Guidelines for using the BatchImportFindings API"). Each finding begins with its `ProductArn`, so
//! that a shell sees Region and account as the fifth and sixth part between colons. The default product takes findings
//! from the finding's own account alone.
//!
//! Texts longer than their attribute may be (API Reference "AwsSecurityFinding") end in an ellipsis; the sum of all limits
//! is below the 240 KB that a finding may have.

use std::io::{self, Write};

use config_rule::controls::Severity;
use schemas::control::Verdict;
use serde_json::{Map, Value, json};

use super::identity::finding_id;
use super::legible::legible_within;
use super::words::{self, PRODUCT};
use super::{Terms, rfc3339, without_nulls};
use crate::report::finding::Finding;

/// Findings in one call.
pub const MAX_FINDINGS: usize = 100;
/// Bytes of one call: 6 MB, less some room for the request around the list.
pub const MAX_BATCH_BYTES: usize = 5_900_000;

/// Characters that each attribute may have.
mod limits {
    pub const TITLE: usize = 256;
    pub const DESCRIPTION: usize = 1024;
    pub const RECOMMENDATION: usize = 512;
    pub const RESOURCE_ID: usize = 512;
    pub const REGION: usize = 16;
    /// The documentation says "fewer than 1,024".
    pub const OTHER_DETAIL: usize = 1023;
    pub const REASON: usize = 2048;
    pub const PRODUCT_FIELD: usize = 2048;
    /// Account ids have 12 digits; more would be no account's.
    pub const ACCOUNT_ID: usize = 32;
}

/// Writes the findings as lists, one a line.
pub fn write(findings: &[Finding], terms: &Terms, out: &mut dyn Write) -> io::Result<()> {
    let mut line = Line::new(out);
    for finding in findings {
        let place = (finding.account_id.as_str(), finding.aws_region.as_str());
        line.add(place, &serde_json::to_vec(&asff(finding, terms))?)?;
    }
    line.end()
}

/// A list in the making.
struct Line<'a> {
    out: &'a mut dyn Write,
    place: Option<(&'a str, &'a str)>,
    findings: usize,
    bytes: Vec<u8>,
}

impl<'a> Line<'a> {
    fn new(out: &'a mut dyn Write) -> Self {
        Self { out, place: None, findings: 0, bytes: Vec::new() }
    }

    fn add(&mut self, place: (&'a str, &'a str), finding: &[u8]) -> io::Result<()> {
        let is_full = self.findings == MAX_FINDINGS || self.bytes.len() + finding.len() + 2 > MAX_BATCH_BYTES;
        if is_full || self.place != Some(place) {
            self.end()?;
            self.place = Some(place);
        }
        self.bytes.push(if self.findings == 0 { b'[' } else { b',' });
        self.bytes.extend_from_slice(finding);
        self.findings += 1;
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        if self.findings > 0 {
            self.bytes.extend_from_slice(b"]\n");
            self.out.write_all(&self.bytes)?;
        }
        self.findings = 0;
        self.bytes.clear();
        Ok(())
    }
}

fn asff(finding: &Finding, terms: &Terms) -> Value {
    let account_id = legible_within(&finding.account_id, limits::ACCOUNT_ID);
    let region = legible_within(&finding.aws_region, limits::REGION);
    let severity = severity(finding);
    let types = ["Software and Configuration Checks/AWS Security Best Practices"];
    let updated_at = rfc3339(terms.as_of);
    without_nulls(json!({
        "ProductArn": product_arn(&account_id, &region),
        "SchemaVersion": "2018-10-08",
        "Id": finding_id(finding),
        "GeneratorId": format!("{PRODUCT}/{}", finding.control),
        "AwsAccountId": account_id,
        "ProductName": PRODUCT,
        "CompanyName": PRODUCT,
        "Region": region,
        "Types": types,
        "CreatedAt": finding.requested_at.filter(|time| *time < terms.as_of).map_or_else(|| updated_at.clone(), rfc3339),
        "UpdatedAt": updated_at,
        "Severity": severity,
        "FindingProviderFields": { "Severity": severity, "Types": types },
        "Title": legible_within(&words::title(finding), limits::TITLE),
        "Description": legible_within(&words::description(finding), limits::DESCRIPTION),
        "Remediation": remediation(finding),
        "Resources": resources(finding, &region),
        "Compliance": compliance(finding),
        "RecordState": record_state(finding.verdict),
        "ProductFields": product_fields(finding, terms),
    }))
}

/// The product that every account has for findings of its own.
fn product_arn(account_id: &str, region: &str) -> String {
    format!("arn:{}:securityhub:{region}:{account_id}:product/{account_id}/default", words::partition(region))
}

fn remediation(finding: &Finding) -> Option<Value> {
    let text = legible_within(&words::remedy(finding)?, limits::RECOMMENDATION);
    Some(json!({ "Recommendation": { "Text": text, "Url": words::page_url(finding) } }))
}

/// The job, for which ASFF has no type, and the resource that the verdict rests on, by its plain id: no record tells
/// whose account a shared subnet is of, so an ARN would be a guess.
fn resources(finding: &Finding, region: &str) -> Vec<Value> {
    let partition = words::partition(region);
    let id = |text: &str| legible_within(text, limits::RESOURCE_ID);
    let job = json!({
        "Type": "Other",
        "Id": id(&words::job_identifier(finding)),
        "Partition": partition,
        "Region": region,
        "Details": { "Other": job_details(finding) },
    });
    let other = finding.resource_id.as_deref().filter(|text| !text.is_empty()).map(
        |text| json!({ "Type": words::resource_type(text), "Id": id(text), "Partition": partition, "Region": region }),
    );
    [Some(job), other].into_iter().flatten().collect()
}

fn job_details(finding: &Finding) -> Value {
    let details = [
        ("job_kind", Some(finding.job_kind.clone())),
        ("job_name", finding.job_name.clone()),
        ("principal_arn", finding.principal_arn.clone()),
        ("requested_at", finding.requested_at.map(rfc3339)),
    ];
    let shown = |text: String| Value::from(legible_within(&text, limits::OTHER_DETAIL));
    Value::Object(
        details.into_iter().filter_map(|(name, text)| Some((name.to_owned(), shown(text?)))).collect::<Map<_, _>>(),
    )
}

/// "Some information is missing" is `WARNING`; a control that says nothing about a job is `NOT_AVAILABLE`.
fn compliance(finding: &Finding) -> Value {
    let status = match finding.verdict {
        Verdict::Compliant => "PASSED",
        Verdict::NonCompliant => "FAILED",
        Verdict::NotApplicable => "NOT_AVAILABLE",
        Verdict::Undetermined => "WARNING",
    };
    let reason = legible_within(&finding.reason, limits::REASON);
    let description = (!reason.is_empty()).then_some(reason);
    json!({
        "Status": status,
        "SecurityControlId": finding.control.as_str(),
        "StatusReasons": [{ "ReasonCode": finding.verdict.as_str(), "Description": description }],
    })
}

/// Security Hub archives what is not applicable; `Workflow` is the customer's, never the provider's.
const fn record_state(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NotApplicable => "ARCHIVED",
        Verdict::Compliant | Verdict::NonCompliant | Verdict::Undetermined => "ACTIVE",
    }
}

fn severity(finding: &Finding) -> Value {
    let severity = words::severity(finding);
    let label = match severity {
        None => "INFORMATIONAL",
        Some(Severity::Low) => "LOW",
        Some(Severity::Medium) => "MEDIUM",
        Some(Severity::High) => "HIGH",
    };
    json!({ "Label": label, "Original": words::severity_name(severity) })
}

/// Every fact, as `bedrock-audit/name`: fewer than the 50 that a finding may have.
fn product_fields(finding: &Finding, terms: &Terms) -> Map<String, Value> {
    words::facts(finding, terms)
        .into_iter()
        .map(|(name, text)| (format!("{PRODUCT}/{name}"), Value::from(legible_within(&text, limits::PRODUCT_FIELD))))
        .collect()
}
