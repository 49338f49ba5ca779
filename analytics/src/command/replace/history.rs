//! The record of a job's request, from the lake.

use config_rule::replacement::origin::{Citation, Recorded};
use schemas::job::JobKind;
use serde::Deserialize;

use super::super::Session;
use crate::error::{Error, Result};
use crate::query::rows::parse;
use crate::store::Location;

/// A record, and the account of its job.
pub struct InHistory {
    pub record: Recorded,
    pub account_id: String,
}

#[derive(Deserialize)]
struct Row {
    account_id: String,
    aws_region: String,
    job_kind: String,
    job_arn: Option<String>,
    job_name: Option<String>,
    event_id: String,
    log_file: String,
    record_index: i64,
    request_parameters: Option<String>,
}

/// The accepted request that made the job; `None` where no record tells of one in the Region.
pub async fn find(session: &Session, lake: &str, job: &str, region: &str) -> Result<Option<InHistory>> {
    let lake = session.stores.lake(&Location::parse(lake)?).await?;
    let engine = session.engine(&lake).await?;
    let name = "the request of the job";
    let rows: Vec<Row> = parse(&engine.answer(&sql(job), name, None).await?, name)?;
    let (here, elsewhere): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| row.aws_region == region);
    let mut here = here.into_iter();
    match (here.next(), here.next(), elsewhere.first()) {
        (None, _, None) => Ok(None),
        (None, _, Some(other)) => Err(Error::Misused(format!(
            "{job}: its request was made in {}, and its new job must be there too: give --region {}",
            other.aws_region, other.aws_region
        ))),
        (Some(row), None, _) => recorded(job, row).map(Some),
        (Some(first), Some(second), _) => {
            let arns: Vec<String> = [first, second].into_iter().chain(here).filter_map(|row| row.job_arn).collect();
            Err(Error::Misused(format!("{job}: several jobs have that name; give the ARN of one: {}", arns.join(", "))))
        }
    }
}

fn recorded(job: &str, row: Row) -> Result<InHistory> {
    if row.job_kind != JobKind::ModelCustomization.as_str() {
        return Err(Error::Misused(format!(
            "{job} is a {} job; expected a model customization job: import and batch inference jobs are not created again \
             here",
            row.job_kind
        )));
    }
    let citation = Citation { event_id: row.event_id, log_file: row.log_file, record_index: row.record_index };
    let record =
        Recorded { job_arn: row.job_arn, job_name: row.job_name, citation, request_parameters: row.request_parameters };
    Ok(InHistory { record, account_id: row.account_id })
}

/// One row an accepted request for the job, repeats left out.
fn sql(job: &str) -> String {
    let job = job.replace('\'', "''");
    let events = JobKind::ALL.map(|kind| format!("'{}'", kind.create_event())).join(", ");
    format!(
        "select job_requests.account_id, job_requests.aws_region, job_requests.job_kind, job_requests.job_arn, \
         job_requests.job_name, job_requests.event_id, job_requests.log_file, job_requests.record_index, \
         events.request_parameters \
         from job_requests inner join events on events.event_id = job_requests.event_id \
         where job_requests.error_code is null and not job_requests.is_repeat and events.event_name in ({events}) \
         and (job_requests.job_arn = '{job}' or job_requests.job_name = '{job}') \
         order by job_requests.requested_at, job_requests.event_id"
    )
}
