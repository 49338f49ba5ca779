//! `bedrock-audit replace`

use std::path::PathBuf;

use clap::Args;

/// `bedrock-audit replace`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bedrock-audit replace churn-prototype --region us-east-1 --subnet-ids subnet-0a1b2c3d,subnet-1a2b3c4d --security-group-ids sg-0a1b2c3d
  bedrock-audit replace churn-prototype --region us-east-1 --approved-tag NetworkIsolationLock=true --out request.json
  bedrock-audit replace JOB-ARN --approved-tag NetworkIsolationLock=true --lake ./lake --from-history --set roleArn=ROLE-ARN
  bedrock-audit replace JOB-ARN --approved-tag NetworkIsolationLock=true --stop-old --submit --yes

The network of a job cannot be changed, so the job is created again: every parameter of the old one, as the API tells it or
as CloudTrail recorded the request, a new name, and the new vpcConfig. What is masked or omitted is marked and must be given.
It only reads, unless --stop-old or --submit stands beside --yes and every check passed. Then the old job is stopped and has
ended before the new one is submitted, and both are written to a record. The client token follows from the request:
submitting it twice makes one job.

The exit code is 1 when a check failed or a parameter is missing, 2 when something could not be read or no such job is
known, 3 when an act failed.")]
#[command(group = clap::ArgGroup::new("acts").multiple(true).args(["stop_old", "submit"]))]
pub struct Replace {
    /// The old job: the ARN or the name of a model customization job
    #[arg(value_name = "JOB")]
    pub job: String,
    /// Subnets of the new job, 1 to 16
    #[arg(long, value_name = "ID,...", value_delimiter = ',')]
    pub subnet_ids: Vec<String>,
    /// Security groups of the new job, 1 to 5
    #[arg(long, value_name = "ID,...", value_delimiter = ',')]
    pub security_group_ids: Vec<String>,
    /// In place of ids that are not given: the subnets and groups of the Region that carry this tag, all of one VPC; groups
    /// that VPC endpoints carry are left out
    #[arg(long, value_name = "KEY=VALUE")]
    pub approved_tag: Option<String>,
    /// Name of the new job [default: the old one with -r2, or the next number, at its end]
    #[arg(long, value_name = "NAME")]
    pub job_name: Option<String>,
    /// Name of the new model [default: likewise]
    #[arg(long, value_name = "NAME")]
    pub custom_model_name: Option<String>,
    /// Give a member of the request, for example roleArn=ARN, hyperParameters.epochCount=2, jobTags.Owner=ann,
    /// trainingDataConfig.s3Uri=s3://BUCKET/KEY, or a whole one as JSON
    #[arg(long, value_name = "MEMBER=VALUE")]
    pub set: Vec<String>,
    /// Leave optional members out of the request
    #[arg(long, value_name = "MEMBER,...", value_delimiter = ',')]
    pub without: Vec<String>,
    /// A lake with the record of the old job's request: taken when the API knows the job no more, and for what the API does
    /// not tell
    #[arg(long, value_name = "LAKE")]
    pub lake: Option<String>,
    /// Take the request from its record, whatever the API tells
    #[arg(long, requires = "lake")]
    pub from_history: bool,
    /// Tag keys that the new network must carry [default: Owner,DataSensitivity,CostCenter]
    #[arg(long, value_name = "KEY,...", value_delimiter = ',')]
    pub mandatory_tags: Vec<String>,
    /// Write the request alone, as --cli-input-json takes it
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Stop the old job if it runs, and wait for its end: with --yes
    #[arg(long)]
    pub stop_old: bool,
    /// Submit the new job: with --yes
    #[arg(long)]
    pub submit: bool,
    /// Do what --stop-old and --submit ask for, if every check passed
    #[arg(long, requires = "acts")]
    pub yes: bool,
    /// The folder for the record of what was done, and for the request
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub record: PathBuf,
    /// Wait no longer than this for the old job to end
    #[arg(long, value_name = "SPAN", default_value = "30m")]
    pub stop_wait: String,
    /// Requests in flight at one time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub concurrency: u16,
    /// Stop reading after this long; what was not read could not be told
    #[arg(long, value_name = "SPAN", default_value = "15m")]
    pub time_limit: String,
    /// Format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub output: ReplaceOutput,
}

/// A format of a replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ReplaceOutput {
    /// For people.
    Text,
    /// One JSON object.
    Json,
}
