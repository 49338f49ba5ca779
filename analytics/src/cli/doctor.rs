//! What was typed after `doctor`.

use clap::Args;

use crate::query::render::Format;

/// `bedrock-audit doctor`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bedrock-audit doctor --region eu-west-1
  bedrock-audit doctor s3://my-trail-bucket --region eu-west-1 --profile audit
  bedrock-audit doctor --skip recorder --output ndjson

Checks, in this order: identity, region, trail, logging, validation, management_events, bucket, digests, estimate,
recorder, live_apis, permissions. It only reads, and so cannot tell whether a lake in S3 can be written to.

The exit code is 1 when something is bad, 2 when nothing is but something could not be told.")]
pub struct Doctor {
    /// Where the trail's log files are: s3://bucket/prefix [default: where the trail that is found delivers]
    #[arg(value_name = "SOURCE")]
    pub source: Option<String>,
    /// Leave out these checks, and their requests where no other check needs them
    #[arg(long, value_name = "CHECK,...", value_delimiter = ',')]
    pub skip: Vec<String>,
    /// Requests in flight at one time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub concurrency: u16,
    /// Stop asking after this long; what was not answered could not be told
    #[arg(long, value_name = "SPAN", default_value = "5m")]
    pub time_limit: String,
    /// Format of the findings
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub output: Format,
}
