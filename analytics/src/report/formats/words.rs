//! What every format says about a finding, in the same words.

use config_rule::controls::{About, Severity, about};
use schemas::control::Verdict;

use super::identity::finding_id;
use super::legible::legible;
use super::{Terms, rfc3339};
use crate::report::finding::Finding;

/// The program's name, as the formats' producer.
pub const PRODUCT: &str = "bedrock-audit";

/// Addresses of the AWS pages that come first in a control's [`About`].
const PAGES: [(&str, &str); 3] = [
    (
        "Protect your model customization jobs using a VPC",
        "https://docs.aws.amazon.com/bedrock/latest/userguide/vpc-model-customization.html",
    ),
    ("Tag your Amazon EC2 resources", "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html"),
    (
        "Default security groups for your VPCs",
        "https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html",
    ),
];

/// The job as people call it: its name, the end of its ARN, or when it was asked for. Not legible yet.
pub fn job_label(finding: &Finding) -> String {
    let end_of = |arn: &String| format!(".../{}", arn.rsplit('/').next().unwrap_or(arn));
    let request = || finding.request_event_id.as_ref().map(|id| format!("the job of request {id}"));
    finding
        .job_name
        .clone()
        .or_else(|| finding.job_arn.as_ref().map(end_of))
        .or_else(request)
        .unwrap_or_else(|| "a job that no record names".to_owned())
}

/// The job as AWS names it, or else as people do. Not legible yet.
pub fn job_identifier(finding: &Finding) -> String {
    finding.job_arn.clone().unwrap_or_else(|| job_label(finding))
}

/// One line that says it all. Not legible yet.
pub fn title(finding: &Finding) -> String {
    format!("{}: {} is {}", finding.control, job_label(finding), finding.verdict)
}

/// Why the verdict is what it is, what the control asks, and why. Not legible yet.
pub fn description(finding: &Finding) -> String {
    format!("{}. What the control asks: {}. {}", finding.reason, finding.control.title(), explained(finding).why)
}

/// What to do about it. `None` where nothing is to be done. Not legible yet.
pub fn remedy(finding: &Finding) -> Option<String> {
    match (finding.verdict, &finding.next_step) {
        (Verdict::Compliant | Verdict::NotApplicable, _) => None,
        (Verdict::NonCompliant, _) => Some(explained(finding).fix.to_owned()),
        (Verdict::Undetermined, Some(step)) => Some(format!("To settle the verdict: {step}")),
        (Verdict::Undetermined, None) => Some(format!("If the job does not meet it: {}", explained(finding).fix)),
    }
}

/// The AWS page behind [`remedy`].
pub fn page_url(finding: &Finding) -> Option<&'static str> {
    let title = explained(finding).pages.first()?;
    PAGES.iter().find(|(page, _)| page == title).map(|(_, url)| *url)
}

fn explained(finding: &Finding) -> &'static About {
    about(finding.control)
}

/// How bad a finding is; `None` = informational, for there is nothing to do.
///
/// What could not be determined may be as bad as what the control is about.
pub fn severity(finding: &Finding) -> Option<Severity> {
    match finding.verdict {
        Verdict::Compliant | Verdict::NotApplicable => None,
        Verdict::NonCompliant | Verdict::Undetermined => Some(explained(finding).severity),
    }
}

/// The severity's name among the facts.
pub fn severity_name(severity: Option<Severity>) -> &'static str {
    match severity {
        None => "informational",
        Some(Severity::Low) => "low",
        Some(Severity::Medium) => "medium",
        Some(Severity::High) => "high",
    }
}

/// The kind of AWS resource that an id names by its prefix, as ASFF calls it.
pub fn resource_type(resource_id: &str) -> &'static str {
    match resource_id.split_once('-').map(|(prefix, _)| prefix) {
        Some("sg") => "AwsEc2SecurityGroup",
        Some("subnet") => "AwsEc2Subnet",
        Some("vpc") => "AwsEc2Vpc",
        Some("eni") => "AwsEc2NetworkInterface",
        _ => "Other",
    }
}

/// The partition of a Region (AWS General Reference "Amazon Resource Names").
pub fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

/// Everything that is known of a finding, by names that are the same in each format; null = not there. Not legible yet.
pub fn facts(finding: &Finding, terms: &Terms) -> Vec<(&'static str, String)> {
    let version = terms.control_versions.get(&finding.control);
    let coverage = if terms.is_strict { "attested" } else { "all" };
    let all = [
        ("finding_id", Some(finding_id(finding))),
        ("account_id", Some(finding.account_id.clone())),
        ("aws_region", Some(finding.aws_region.clone())),
        ("requested_at", finding.requested_at.map(rfc3339)),
        ("principal_arn", finding.principal_arn.clone()),
        ("job_kind", Some(finding.job_kind.clone())),
        ("job_name", finding.job_name.clone()),
        ("job_arn", finding.job_arn.clone()),
        ("request_event_id", finding.request_event_id.clone()),
        ("control", Some(finding.control.to_string())),
        ("control_version", version.map(ToString::to_string)),
        ("verdict", Some(finding.verdict.to_string())),
        ("severity", Some(severity_name(severity(finding)).to_owned())),
        ("reason", Some(finding.reason.clone())),
        ("next_step", finding.next_step.clone()),
        ("resource_id", finding.resource_id.clone()),
        ("cited_event_id", finding.cited_event_id.clone()),
        ("cited_log_file", finding.cited_log_file.clone()),
        ("cited_record_index", finding.cited_record_index.map(|index| index.to_string())),
        ("cited_log_file_state", finding.cited_log_file_state.clone()),
        ("cited_digest_file", finding.cited_digest_file.clone()),
        ("as_of", Some(rfc3339(terms.as_of))),
        ("coverage", Some(coverage.to_owned())),
        ("tool_version", Some(terms.tool_version.clone())),
        ("lake", Some(terms.lake.clone())),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value.filter(|text| !text.is_empty())?))).collect()
}

/// The facts that cite: the record that decides, and what vouches for its log file. Not legible yet.
pub fn citation(finding: &Finding, terms: &Terms) -> Vec<(&'static str, String)> {
    facts(finding, terms).into_iter().filter(|(name, _)| name.starts_with("cited_")).collect()
}

/// The cited record in words, where there is one.
pub fn citation_in_words(finding: &Finding) -> Option<String> {
    let file = finding.cited_log_file.as_deref()?;
    let record = finding.cited_record_index.map_or_else(|| "a record".to_owned(), |index| format!("record {index}"));
    let event = finding.cited_event_id.as_deref().map(|id| format!(" (eventID {})", legible(id))).unwrap_or_default();
    let state = finding.cited_log_file_state.as_deref().map(|state| format!(", {}", legible(state)));
    Some(format!("{record}{event} of {}{}", legible(file), state.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use schemas::control::ControlId;

    use super::super::samples;
    use super::*;

    #[test]
    fn every_control_has_a_page() {
        for control in ControlId::ALL {
            let finding = Finding { control, ..samples::findings().swap_remove(0) };
            assert!(page_url(&finding).is_some_and(|url| url.starts_with("https://docs.aws.amazon.com/")), "{control}");
        }
    }

    #[test]
    fn a_job_has_a_label_whatever_is_missing() {
        let named = samples::findings().swap_remove(0);
        let by_arn = Finding { job_name: None, ..named.clone() };
        let by_request = Finding { job_arn: None, ..by_arn.clone() };
        let nameless = Finding { request_event_id: None, ..by_request.clone() };
        assert_eq!(job_label(&named), "claims-summary-v3");
        assert_eq!(job_label(&by_arn), ".../c3c8364e0c6f");
        assert_eq!(job_label(&by_request), "the job of request d06f945a-b581-4ad5-a554-9df6fd9fee95");
        assert_eq!(job_label(&nameless), "a job that no record names");
    }

    #[test]
    fn only_what_needs_work_has_a_remedy_and_a_severity() {
        for finding in samples::findings() {
            let is_open = matches!(finding.verdict, Verdict::NonCompliant | Verdict::Undetermined);
            assert_eq!(remedy(&finding).is_some(), is_open, "{}", title(&finding));
            assert_eq!(severity(&finding).is_some(), is_open, "{}", title(&finding));
        }
    }

    #[test]
    fn regions_are_in_partitions() {
        for (region, expected) in [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")] {
            assert_eq!(partition(region), expected);
        }
    }
}
