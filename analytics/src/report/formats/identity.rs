//! Ids that are the same in each run and in each format.

use chrono::SecondsFormat;
use uuid::Uuid;

use super::legible::legible;
use crate::report::finding::Finding;
use crate::sha256::Sha256;

/// Namespace of our UUIDs (RFC 9562, version 5) and, as `urn:uuid:...`, of our properties in OSCAL. Drawn once at random.
pub const NAMESPACE: Uuid = Uuid::from_u128(0xf137_886b_a832_4183_a128_6c4c_a3cb_5192);

/// The id of a finding: of the job and the control, whatever the verdict and whenever it was judged.
///
/// It is the SHA-256 of five lines: what they are, account, Region, job, control. The job is its ARN; where no record
/// tells that, the `eventID` of its request. To compute it elsewhere:
///
/// ```text
/// printf '%s\n' 'bedrock-audit finding 1' 111122223333 eu-west-1 arn:aws:bedrock:... job_in_vpc | sha256sum
/// ```
pub fn finding_id(finding: &Finding) -> String {
    let [account, region, job] = job_lines(finding);
    lines_hashed(&["bedrock-audit finding 1", &account, &region, &job, finding.control.as_str()])
}

/// The id of a job, likewise.
pub fn job_id(finding: &Finding) -> String {
    let [account, region, job] = job_lines(finding);
    lines_hashed(&["bedrock-audit job 1", &account, &region, &job])
}

/// The UUID of something that has an id: `what` says which of the things with that id.
pub fn uuid(what: &str, id: &str) -> String {
    Uuid::new_v5(&NAMESPACE, format!("{what} {id}").as_bytes()).to_string()
}

fn job_lines(finding: &Finding) -> [String; 3] {
    [legible(&finding.account_id), legible(&finding.aws_region), legible(&job(finding))]
}

/// What names the job. The last resort is for rows that a query of the user's own made: the lake's always have one.
fn job(finding: &Finding) -> String {
    finding.job_arn.clone().or_else(|| finding.request_event_id.clone()).unwrap_or_else(|| {
        let time = finding.requested_at.map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true));
        let parts = [
            time.as_deref(),
            Some(finding.job_kind.as_str()),
            finding.principal_arn.as_deref(),
            finding.job_name.as_deref(),
        ];
        parts.map(|part| part.map_or_else(|| "-".to_owned(), legible)).join(" ")
    })
}

/// No line holds a line break, so different lines are different bytes.
fn lines_hashed(lines: &[&str]) -> String {
    lines.iter().fold(Sha256::new(), |hash, line| hash.then(line).then("\n")).hex()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use schemas::control::{ControlId, Verdict};

    use super::super::samples::{self, as_of};
    use super::*;

    #[test]
    fn an_id_is_of_job_and_control_alone() {
        let first = samples::findings().swap_remove(0);
        let id = finding_id(&first);
        // printf '%s\n' 'bedrock-audit finding 1' 111122223333 eu-west-1 arn:aws:...:8k/c3c8364e0c6f job_in_vpc | sha256sum
        assert_eq!(id, "264942aca2b56bcf728eccd0ae6d0a4e35718c51b17f993db75ab863908a99ad");
        let later = Finding {
            verdict: Verdict::Undetermined,
            reason: "other".to_owned(),
            requested_at: Some(as_of()),
            job_name: None,
            principal_arn: None,
            request_event_id: None,
            cited_event_id: None,
            resource_id: Some("sg-1".to_owned()),
            ..first.clone()
        };
        assert_eq!(finding_id(&later), id);
        for other in [
            Finding { control: ControlId::JobNetworkTagged, ..first.clone() },
            Finding { account_id: "444455556666".to_owned(), ..first.clone() },
            Finding { aws_region: "us-east-1".to_owned(), ..first.clone() },
            Finding { job_arn: Some("arn:other".to_owned()), ..first },
        ] {
            assert_ne!(finding_id(&other), id);
        }
    }

    #[test]
    fn a_job_without_an_arn_is_named_by_its_request() {
        let unnamed = Finding { job_arn: None, job_name: None, ..samples::findings().swap_remove(0) };
        let other = Finding { request_event_id: Some("another".to_owned()), ..unnamed.clone() };
        assert_ne!(finding_id(&unnamed), finding_id(&other));
        assert_ne!(job_id(&unnamed), job_id(&other));
        let neither = Finding { request_event_id: None, ..unnamed.clone() };
        assert_ne!(finding_id(&unnamed), finding_id(&neither));
    }

    #[test]
    fn nobody_can_forge_a_line() {
        let first = samples::findings().swap_remove(0);
        let one = Finding { aws_region: "a".to_owned(), job_arn: Some("b\nc".to_owned()), ..first.clone() };
        let other = Finding { aws_region: "a\nb".to_owned(), job_arn: Some("c".to_owned()), ..first };
        assert_ne!(finding_id(&one), finding_id(&other));
    }

    #[test]
    fn uuids_are_those_of_the_standard() {
        // python3 -c 'import uuid; print(uuid.uuid5(uuid.UUID("f137886b-a832-4183-a128-6c4ca3cb5192"), "finding x"))'
        assert_eq!(uuid("finding", "x"), "13140219-d97e-5224-9bfe-525cdfb27fdc");
        assert_ne!(uuid("finding", "x"), uuid("risk", "x"));
    }

    #[test]
    fn each_sample_has_its_own_id() {
        let findings = samples::findings();
        let ids: BTreeSet<_> = findings.iter().map(finding_id).collect();
        assert_eq!(ids.len(), findings.len());
    }
}
