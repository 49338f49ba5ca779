//! What a report shows, read from the lake.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use schemas::control::{ControlId, Verdict};
use serde::Deserialize;

use super::finding::Finding;
use super::formats::Terms;
use super::input::{Citation, DayCoverage, Facts, Input, JobKey, Lane, Mark, MarkKind, Timeline};
use crate::audit::Report;
use crate::error::Result;
use crate::query::rows::parse;
use crate::query::{Answer, Bindings, Catalog, Engine};

mod trends;

/// Everything that the page shows. `csv_file`: the file beside it that has every row.
pub async fn input(
    engine: &Engine,
    catalog: &Catalog,
    report: &Report,
    lake: &str,
    csv_file: Option<String>,
) -> Result<Input> {
    let findings = findings(&report.verdicts)?;
    let asked = Asked { engine, catalog, as_of: report.as_of };
    Ok(Input {
        facts: facts(report, lake, csv_file)?,
        coverage: coverage(&asked.answer("coverage_by_day").await?)?,
        timelines: timelines(&asked.answer("job_timelines").await?, &findings)?,
        trends: trends::trends(&asked).await?,
        findings,
    })
}

/// The verdict rows.
pub fn findings(verdicts: &Answer) -> Result<Vec<Finding>> {
    let rows: Vec<VerdictRow> = parse(verdicts, "job_verdicts")?;
    Ok(rows.into_iter().map(Finding::from).collect())
}

/// What holds for every finding.
pub fn terms(report: &Report, lake: &str) -> Terms {
    Terms {
        as_of: report.as_of,
        is_strict: report.is_strict,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        lake: lake.to_owned(),
        control_versions: ControlId::IN_HISTORY.map(|control| (control, control.version_in_history())).into(),
    }
}

/// Questions as of one instant.
struct Asked<'a> {
    engine: &'a Engine,
    catalog: &'a Catalog,
    as_of: DateTime<Utc>,
}

impl Asked<'_> {
    /// The answer of a question; what has no value given has its default, counted from the instant.
    async fn answer(&self, name: &str) -> Result<Answer> {
        self.engine.ask(self.catalog.find(name)?, &Bindings::default(), self.as_of).await
    }
}

#[derive(Deserialize)]
struct VerdictRow {
    account_id: String,
    aws_region: String,
    requested_at: Option<DateTime<Utc>>,
    principal_arn: Option<String>,
    job_kind: String,
    job_name: Option<String>,
    job_arn: Option<String>,
    control: String,
    verdict: String,
    reason: String,
    next_step: Option<String>,
    resource_id: Option<String>,
    cited_event_id: Option<String>,
    cited_log_file: Option<String>,
    cited_record_index: Option<i64>,
    cited_log_file_state: Option<String>,
    cited_digest_file: Option<String>,
    request_event_id: Option<String>,
}

impl From<VerdictRow> for Finding {
    fn from(row: VerdictRow) -> Self {
        Self {
            account_id: row.account_id,
            aws_region: row.aws_region,
            requested_at: row.requested_at,
            principal_arn: row.principal_arn,
            request_event_id: row.request_event_id,
            job_kind: row.job_kind,
            job_name: row.job_name,
            job_arn: row.job_arn,
            control: ControlId::parse(&row.control).expect("the query names our controls"),
            verdict: Verdict::parse(&row.verdict).expect("the query names our verdicts"),
            reason: row.reason,
            next_step: row.next_step,
            resource_id: row.resource_id,
            cited_event_id: row.cited_event_id,
            cited_log_file: row.cited_log_file,
            cited_record_index: row.cited_record_index,
            cited_log_file_state: row.cited_log_file_state,
            cited_digest_file: row.cited_digest_file,
        }
    }
}

fn facts(report: &Report, lake: &str, csv_file: Option<String>) -> Result<Facts> {
    #[derive(Deserialize)]
    struct Totals {
        first_delivery: Option<DateTime<Utc>>,
        last_delivery: Option<DateTime<Utc>>,
        log_files: u64,
        accounts: u64,
        regions: u64,
        log_files_set_aside: u64,
        records_set_aside: u64,
    }
    let totals = parse::<Totals>(&report.totals, "lake_totals")?.pop().expect("one row whatever the lake holds");
    Ok(Facts {
        as_of: report.as_of,
        is_strict: report.is_strict,
        lake: lake.to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        first_delivery: totals.first_delivery,
        last_delivery: totals.last_delivery,
        log_files: totals.log_files,
        accounts: totals.accounts,
        regions: totals.regions,
        log_files_set_aside: totals.log_files_set_aside,
        records_set_aside: totals.records_set_aside,
        csv_file,
    })
}

fn coverage(answer: &Answer) -> Result<Vec<DayCoverage>> {
    #[derive(Deserialize)]
    struct Row {
        account_id: String,
        aws_region: String,
        day: DateTime<Utc>,
        attested_hours: u32,
        delivered_hours: u32,
        gap_hours: u32,
        logging_stopped_hours: u32,
    }
    let day = |row: Row| DayCoverage {
        account_id: row.account_id,
        aws_region: row.aws_region,
        day: row.day.date_naive(),
        attested_hours: row.attested_hours,
        delivered_hours: row.delivered_hours,
        gap_hours: row.gap_hours,
        logging_stopped_hours: row.logging_stopped_hours,
    };
    Ok(parse(answer, "coverage_by_day")?.into_iter().map(day).collect())
}

#[derive(Deserialize)]
struct MarkRow {
    account_id: String,
    aws_region: String,
    requested_at: Option<DateTime<Utc>>,
    job_name: Option<String>,
    job_arn: Option<String>,
    lane: String,
    lane_id: Option<String>,
    lane_name: Option<String>,
    mark: String,
    happened_at: DateTime<Utc>,
    what: String,
    who: Option<String>,
    event_id: Option<String>,
    log_file: Option<String>,
    record_index: Option<i64>,
}

/// The timelines of the jobs that are not compliant; of the others none is drawn.
fn timelines(answer: &Answer, findings: &[Finding]) -> Result<Vec<Timeline>> {
    let is_open = |finding: &&Finding| [Verdict::NonCompliant, Verdict::Undetermined].contains(&finding.verdict);
    let open: BTreeSet<JobKey> = findings.iter().filter(is_open).map(JobKey::from).collect();
    let (mut timelines, mut places) = (Vec::<Timeline>::new(), HashMap::new());
    for row in parse::<MarkRow>(answer, "job_timelines")? {
        let (job, mark) = mark(row);
        if !open.contains(&job) {
            continue;
        }
        let at = *places.entry(job.clone()).or_insert_with(|| {
            timelines.push(Timeline { job, marks: Vec::new() });
            timelines.len() - 1
        });
        timelines[at].marks.push(mark);
    }
    Ok(timelines)
}

fn mark(row: MarkRow) -> (JobKey, Mark) {
    let job = JobKey {
        account_id: row.account_id,
        aws_region: row.aws_region,
        requested_at: row.requested_at,
        job_name: row.job_name,
        job_arn: row.job_arn,
    };
    let id = row.lane_id.unwrap_or_default();
    let lane = match row.lane.as_str() {
        "job" => Lane::Job,
        "interface" => Lane::Interface { id },
        "security_group" => Lane::SecurityGroup { id, name: row.lane_name },
        other => unreachable!("job_timelines has no lane {other}"),
    };
    let kind = MarkKind::parse(&row.mark).expect("the query names our marks");
    let citation = Citation { event_id: row.event_id, log_file: row.log_file, record_index: row.record_index };
    (job, Mark { lane, kind, at: row.happened_at, what: row.what, who: row.who, citation })
}
