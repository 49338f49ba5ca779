//! Rows of the lake as lines of a pack: SQL whose columns are the members of a line.

use crate::error::Result;
use crate::pack::{CoverageHour, Digest, Fact, Input, SetAside, Verdict};
use crate::query::rows::parse;
use crate::query::{Answer, Engine};

const NAME: &str = "the rows of a pack";

/// The columns of verdicts that a pack holds; the others can be told from its other files.
const VERDICT: [&str; 14] = [
    "account_id",
    "aws_region",
    "requested_at",
    "principal_arn",
    "job_kind",
    "job_name",
    "job_arn",
    "control",
    "verdict",
    "reason",
    "resource_id",
    "cited_event_id",
    "cited_log_file",
    "cited_record_index",
];

/// The verdicts.
pub fn verdicts(answer: &Answer) -> Result<Vec<Verdict>> {
    let places = VERDICT.map(|name| answer.schema.index_of(name).expect("a column of verdicts"));
    let project = |batch: &arrow::array::RecordBatch| batch.project(&places).expect("its own columns");
    let schema = answer.schema.project(&places).expect("its own columns");
    parse(&Answer { schema: schema.into(), batches: answer.batches.iter().map(project).collect() }, NAME)
}

/// The cited records: the answer of `cited_records`.
pub fn facts(answer: &Answer) -> Result<Vec<Fact>> {
    parse(answer, NAME)
}

/// Every log file.
pub async fn inputs(engine: &Engine) -> Result<Vec<Input>> {
    let sql = "select attestations.log_file, files.etag, attestations.sha256, files.events, \
         coalesce(files.records, 0) as records, coalesce(files.records_kept, 0) as records_kept, \
         coalesce(files.records_set_aside, 0) as records_set_aside, attestations.account_id, attestations.aws_region, \
         attestations.delivered_at, files.set_aside_reason, attestations.state as attestation, \
         attestations.reason as attestation_reason, attestations.digest_file \
         from log_file_attestations as attestations left join (\
             select log_file, etag, events, records, records_kept + records_duplicate as records_kept, \
                 records_set_aside, set_aside_reason, row_number() over (partition by log_file order by \
                     case when set_aside_reason is null then 0 else 1 end, case when sha256 is null then 1 else 0 end, \
                     events, etag, part) as place \
             from log_files\
         ) as files on files.log_file = attestations.log_file and files.place = 1 \
         order by attestations.log_file";
    parse(&engine.answer(sql, NAME, None).await?, NAME)
}

/// Every hour that the logs can tell of.
pub async fn coverage(engine: &Engine) -> Result<Vec<CoverageHour>> {
    let sql = "select account_id, aws_region, hour, state, log_files, event_id from coverage \
               order by account_id, aws_region, hour";
    parse(&engine.answer(sql, NAME, None).await?, NAME)
}

/// Every digest file and its check.
pub async fn digests(engine: &Engine) -> Result<Vec<Digest>> {
    let sql = "select digest_file, account_id, aws_region, trail_name, home_region, is_backfill, started_at, ended_at, \
               status, reason, log_files, public_key_fingerprint from digest_checks order by digest_file";
    parse(&engine.answer(sql, NAME, None).await?, NAME)
}

/// What could not be read.
pub async fn set_aside(engine: &Engine) -> Result<Vec<SetAside>> {
    let sql = "select distinct log_file, record_index, event_id, reason, message from set_aside \
               order by log_file, record_index";
    parse(&engine.answer(sql, NAME, None).await?, NAME)
}
