//! `bedrock-audit can-delete`, as it is typed.

use std::path::PathBuf;

use clap::Args;

use crate::query::render::Format;

/// `bedrock-audit can-delete`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bedrock-audit can-delete sg-0123456789abcdef0 --region eu-west-1 && aws ec2 delete-security-group --group-id sg-0123456789abcdef0
  terraform show -json tfplan > plan.json; bedrock-audit can-delete --plan plan.json --output github
  aws cloudformation describe-change-set --stack-name network --change-set-name drop | bedrock-audit can-delete --change-set -
  bedrock-audit can-delete --custodian output/unused-groups/resources.json --lake ./lake --output json
  bedrock-audit can-delete - --finished-jobs ignore < ids.txt

It only reads, in one account and Region, as things are now. Reasons: a job that is not finished, or a finished one, names
it or runs in it; a running job reaches S3 or KMS through it alone; rules of other groups refer to it; network interfaces
use it; a tag protects it. With --lake also what the history says.

The exit code is 0 when all of it may be deleted, 1 when something may not, 2 when none is known to be needed but
something could not be told: a read failed, or it is in another Region or account.")]
#[command(group = clap::ArgGroup::new("asked").required(true).multiple(true).args(["ids", "plan", "change_set", "custodian"]))]
pub struct CanDelete {
    /// Ids of security groups, subnets, VPCs or VPC endpoints; - reads them from standard input, one a line, # comments
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// What a Terraform plan deletes or replaces: the JSON of terraform show -json PLANFILE (- is standard input)
    #[arg(long, value_name = "FILE")]
    pub plan: Vec<PathBuf>,
    /// What a CloudFormation change set removes or may replace: the JSON of aws cloudformation describe-change-set
    #[arg(long, value_name = "FILE")]
    pub change_set: Vec<PathBuf>,
    /// The resources.json of a Cloud Custodian policy
    #[arg(long, value_name = "FILE")]
    pub custodian: Vec<PathBuf>,
    /// What becomes of a resource that only finished jobs named: without it they do not comply, for ever
    #[arg(long, value_name = "WHAT", default_value = "refuse")]
    pub finished_jobs: FinishedJobsChoice,
    /// A tag that protects what carries it, with this value or with any; replaces the default [default: DoNotDelete,
    /// bedrock-audit:protected, NetworkIsolationLock=true]
    #[arg(long = "protect-tag", value_name = "KEY[=VALUE]")]
    pub protect_tags: Vec<String>,
    /// Ask the history too: a folder or s3://bucket/prefix
    #[arg(long, value_name = "LAKE")]
    pub lake: Option<String>,
    /// Requests in flight at one time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub concurrency: u16,
    /// Stop reading after this long; what was not read cannot be told
    #[arg(long, value_name = "SPAN", default_value = "15m")]
    pub time_limit: String,
    /// Format of the reasons, one row each
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub output: ReasonFormat,
}

/// What becomes of a resource that only finished jobs named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FinishedJobsChoice {
    /// It stays.
    Refuse,
    /// It may go.
    Ignore,
}

/// A format of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ReasonFormat {
    /// Columns side by side, for people.
    Table,
    /// One JSON array of objects.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// RFC 4180, safe to open in a spreadsheet.
    Csv,
    /// A Markdown table.
    Markdown,
    /// A Parquet file.
    Parquet,
    /// Annotations of GitHub Actions, one a resource.
    Github,
}

impl ReasonFormat {
    /// The format of rows that it is, if it is one.
    pub fn of_rows(self) -> Option<Format> {
        match self {
            Self::Table => Some(Format::Table),
            Self::Json => Some(Format::Json),
            Self::Ndjson => Some(Format::Ndjson),
            Self::Csv => Some(Format::Csv),
            Self::Markdown => Some(Format::Markdown),
            Self::Parquet => Some(Format::Parquet),
            Self::Github => None,
        }
    }
}
