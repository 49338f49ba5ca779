//! What was typed.

mod can_delete;
mod compact;
mod config_file;
mod connect;
mod doctor;
mod engine;
mod replace;
mod serve;
mod shell;

pub use can_delete::{CanDelete, FinishedJobsChoice, ReasonFormat};
pub use connect::Connect;

use std::ffi::OsString;
use std::io::Write as _;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::process::ExitCode as ProcessExitCode;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::command;
use crate::error::{Error, chain};
use crate::exit_code::ExitCode;
use crate::ingest::selection::DEFAULT_LATE_DAYS;
use crate::ingest::shard::Shard;
use crate::query::render::{Format, visible, visible_lines};
use crate::store::without_document;

pub use compact::Compact;
pub use doctor::Doctor;
pub use engine::{EngineArg, EngineKind};
pub use replace::{Replace, ReplaceOutput};
pub use serve::Serve;
pub use shell::Shell;

/// Audits Amazon Bedrock jobs and their network: then, from CloudTrail log files, and now, from live APIs.
#[derive(Debug, Parser)]
#[command(name = "bedrock-audit", version, propagate_version = true, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub global: Global,
}

const EXIT_CODES: &str = "\
Exit codes:
   0  done; everything asked about is compliant, or may be deleted
   1  done; something is non-compliant, or must not be deleted
   2  could not tell: undetermined verdicts, or inputs that could not be read
   3  failed
  64  misused

Try it without an AWS account:  bedrock-audit demo";

/// Options of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// Show no progress
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Defaults for options, in TOML [default: ~/.config/bedrock-audit/config.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Workers and queries share this much memory, for example 512MiB [default: 128 MiB for each worker, 512 MiB at least]
    #[arg(long, global = true, value_name = "SIZE")]
    pub memory: Option<String>,
    /// Endpoint in place of AWS's own
    #[arg(long, global = true, value_name = "URL", help_heading = "AWS")]
    pub endpoint_url: Option<String>,
    /// Speak to an endpoint of http:// on another machine too: requests to it are in the clear
    #[arg(long, global = true, help_heading = "AWS")]
    pub allow_http_endpoint: bool,
    /// Named profile of the AWS configuration files
    #[arg(long, global = true, value_name = "NAME", help_heading = "AWS")]
    pub profile: Option<String>,
    /// Region of the buckets, or of the jobs that evaluate and can-delete look at
    #[arg(long, global = true, value_name = "REGION", help_heading = "AWS")]
    pub region: Option<String>,
    /// Agree to pay for requests to a requester-pays bucket
    #[arg(long, global = true, help_heading = "AWS")]
    pub request_payer: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a small trail with known stories, audit it, and say what to try next
    Demo(Demo),
    /// Read CloudTrail log files into a lake of Parquet files
    Ingest(Ingest),
    /// Merge the lake's many small files into few, beside everything else that reads or writes it
    Compact(Compact),
    /// Rebuild the history from the lake's events (audit and query do so by themselves)
    Rebuild(Rebuild),
    /// Judge every job against every control, with reason and citation
    Audit(Audit),
    /// Tell what happened to a job or a security group: who, when, what it allowed, and what nobody can know
    Explain(Explain),
    /// Answer a named question, or SQL of your own, over every table of the lake
    Query(Query),
    /// Ask one question after another: SQL and named questions, with history and completion
    Shell(Shell),
    /// Let psql, DBeaver, Grafana and pandas read the lake, through PostgreSQL's protocol
    Serve(Serve),
    /// Print the statements that open the lake in DuckDB, Athena or Spark, and a question in their SQL
    Connect(Connect),
    /// Write the verdicts as a page, for other programs, or as an evidence pack with what they rest on
    Report(Report),
    /// Check digest files and log files, or an evidence pack, against CloudTrail's signatures and hashes
    Verify(Verify),
    /// Judge every job now, from live APIs, as the Config rule does: one account and Region, or many
    Evaluate(Evaluate),
    /// Find out, before the first real run, what is missing: credentials, trail, bucket, permissions, recorder
    Doctor(Doctor),
    /// Tell whether Bedrock jobs need a security group, subnet, VPC or VPC endpoint that is to be deleted
    CanDelete(CanDelete),
    /// Create a customization job again in a network that is right: the request, a diff, checks, and on demand the acts
    Replace(Replace),
    /// Print the completions of a shell
    Completions(Completions),
    /// Write the manual pages
    Man(Man),
}

/// `bedrock-audit demo`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bedrock-audit demo
  bedrock-audit demo --folder /tmp/demo")]
pub struct Demo {
    /// The folder to make; an earlier demo in it is replaced
    #[arg(long, value_name = "FOLDER", default_value = "bedrock-audit-demo")]
    pub folder: PathBuf,
}

/// `bedrock-audit ingest`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bedrock-audit ingest s3://my-trail-bucket --lake ./lake
  bedrock-audit ingest s3://my-trail-bucket/AWSLogs --from 90d --regions eu-west-1 --lake s3://my-lake/trail
  bedrock-audit ingest ./logs --lake ./lake --events all
  bedrock-audit ingest s3://my-trail-bucket --lake s3://my-lake/trail --shard 2/8

Run it again at any time: log files that the lake holds already are not read again. A run that was stopped or killed
is completed by the next one.")]
pub struct Ingest {
    /// Where the log files are: folders or s3://bucket/prefix
    #[arg(required = true, value_name = "SOURCE")]
    pub sources: Vec<String>,
    #[command(flatten)]
    pub lake: LakeArg,
    /// Which records to keep: those that the history needs, or every one
    #[arg(long, value_name = "WHICH", default_value = "audit", value_parser = ["audit", "all"])]
    pub events: String,
    /// Only log files of these accounts
    #[arg(long, value_name = "ID,...", value_delimiter = ',')]
    pub accounts: Vec<String>,
    /// Only log files of these Regions
    #[arg(long, value_name = "REGION,...", value_delimiter = ',')]
    pub regions: Vec<String>,
    /// Only log files that can hold events from this time on (RFC 3339, a date, or a span before now such as 90d)
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Only log files that can hold events before this time
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// Check digest files with these public keys, as aws cloudtrail list-public-keys prints them; may be given for several
    /// Regions [default: of a bucket, CloudTrail is asked for them; of a folder, digest files are passed over]
    #[arg(long, value_name = "FILE")]
    pub public_keys: Vec<PathBuf>,
    /// Pass digest files over: nothing vouches for the log files then
    #[arg(long, conflicts_with = "public_keys")]
    pub skip_digests: bool,
    /// Days after an event in which its log file may still be delivered; extends --to
    #[arg(long, value_name = "DAYS", default_value_t = DEFAULT_LATE_DAYS)]
    pub late_days: u64,
    /// Read one share of the log files, for tasks that ingest side by side: 2/8 is the second of eight
    #[arg(long, value_name = "NUMBER/OF", default_value = "1/1", hide_default_value = true)]
    pub shard: Shard,
    /// Threads that decode [default: one for each core]
    #[arg(long, value_name = "N")]
    pub workers: Option<usize>,
    /// Remove what a dead run left behind once it is this old
    #[arg(long, value_name = "SPAN", default_value = "1h", hide = true)]
    pub orphan_age: String,
}

/// The lake of a command.
#[derive(Debug, Args)]
pub struct LakeArg {
    /// The lake: a folder or s3://bucket/prefix
    #[arg(long, value_name = "LAKE")]
    pub lake: String,
}

/// `bedrock-audit rebuild`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bedrock-audit rebuild --lake ./lake
  bedrock-audit rebuild --lake s3://my-lake/trail --memory 2GiB")]
pub struct Rebuild {
    #[command(flatten)]
    pub lake: LakeArg,
}

/// `bedrock-audit audit`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bedrock-audit audit --lake ./lake
  bedrock-audit audit --lake ./lake --as-of 2026-03-04 --verdicts NonCompliant,Undetermined
  bedrock-audit audit --lake s3://my-lake/trail --output csv > verdicts.csv
  bedrock-audit audit --lake s3://my-lake/trail --engine ballista --scheduler df://localhost:50050

The exit code is 1 when a job is non-compliant, 2 when none is but something could not be told.")]
pub struct Audit {
    #[command(flatten)]
    pub lake: LakeArg,
    /// Judge as of this time [default: the end of the logs]
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// Only what a valid digest file vouches for counts: hours and log files without one leave a verdict Undetermined
    #[arg(long)]
    pub strict: bool,
    /// Tag keys that a job's network must carry [default: Owner,DataSensitivity,CostCenter]
    #[arg(long, value_name = "KEY,...", value_delimiter = ',')]
    pub mandatory_tags: Vec<String>,
    /// Show only these verdicts: Compliant, NonCompliant, NotApplicable, Undetermined (counts and exit code stay whole)
    #[arg(long, value_name = "VERDICT,...", value_delimiter = ',')]
    pub verdicts: Vec<String>,
    /// Format of the verdicts
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub output: Format,
    #[command(flatten)]
    pub engine: EngineArg,
}

/// `bedrock-audit explain`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bedrock-audit explain sg-0123456789abcdef0 --lake ./lake
  bedrock-audit explain sg-0123456789abcdef0 --as-of 2026-02-10T12:00:00Z --lake ./lake
  bedrock-audit explain invoice-extraction-v1 --lake ./lake

Every line cites its record. The questions job_chronology, group_chronology, rules_as_of and rules_during_job give the same
as rows.")]
pub struct Explain {
    /// A security group's id, or the ARN or name of a job
    #[arg(value_name = "SG-ID|JOB")]
    pub subject: String,
    #[command(flatten)]
    pub lake: LakeArg,
    /// As of this time [default: now]
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
}

/// `bedrock-audit query`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bedrock-audit query --list
  bedrock-audit query jobs_created_outside_vpc --since 365d --lake ./lake
  bedrock-audit query jobs_by_principal --param principal=role/ml-train --output csv --lake ./lake
  bedrock-audit query --lake ./lake --sql 'select event_name, count(*) as n from events group by event_name order by n desc'
  bedrock-audit query --lake ./lake --file mine.sql --time-limit 10m

Tables: events, log_files, set_aside, ingest_runs, digests, digest_log_files, evidence_files, evidence, evidence_facts,
job_requests, job_network, job_states, security_groups, security_group_delete_requests, network_interfaces,
security_group_rules, security_group_rule_doubts, resource_tags, vpcs, subnets, vpc_endpoints, network_links, coverage,
rebuilds; views: jobs, job_security_groups, digest_checks, log_file_attestations, waivers, detections, rules_in_words,
group_chronology, job_chronology, remedies, job_ends, https_rules, subnet_ranges; yours: prices. SQL can only read.")]
pub struct Query {
    /// A question's name
    #[arg(value_name = "NAME", conflicts_with_all = ["sql", "file", "list"])]
    pub name: Option<String>,
    /// SQL of your own
    #[arg(long, value_name = "TEXT", conflicts_with = "file")]
    pub sql: Option<String>,
    /// A file with SQL of your own
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// List the questions and their parameters
    #[arg(long)]
    pub list: bool,
    /// The lake: a folder or s3://bucket/prefix
    #[arg(long, value_name = "LAKE")]
    pub lake: Option<String>,
    /// Rows from this time on
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Rows before this time [default: now]
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// The state as of this time [default: now]
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// A text parameter of the question
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub params: Vec<String>,
    /// Your prices, for jobs_failed_through_drift_by_month: a CSV file base_model,usd_per_job,usd_per_hour
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,
    /// Stop the statement after this long (a span such as 30s or 10m) [default: never]
    #[arg(long, value_name = "SPAN")]
    pub time_limit: Option<String>,
    /// Format of the rows
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub output: Format,
    #[command(flatten)]
    pub engine: EngineArg,
}

/// `bedrock-audit report`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bedrock-audit report --lake ./lake --output html --out report.html
  bedrock-audit report --lake ./lake --output junit --out verdicts.xml
  bedrock-audit report --lake s3://my-lake/trail --as-of 2026-04-01 --strict --pack ./pack-2026-03

  openssl genpkey -algorithm ed25519 -out private.pem; openssl pkey -in private.pem -pubout -out public.pem
  bedrock-audit report --lake ./lake --pack ./pack-2026-03 --sign private.pem
  bedrock-audit verify ./pack-2026-03 --signer public.pem

Every format has the same verdicts, each finding under the same id. Beside a page stands a CSV file with every row, since
the page summarises what is compliant.

The same lake, options and log files give the same pack, byte for byte. Cited log files and digest files are read again
from where they were ingested; a record whose log file cannot be had comes from the lake, and says so.")]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true).args(["pack", "output"]))]
pub struct Report {
    #[command(flatten)]
    pub lake: LakeArg,
    /// Format: a page to look at, the rows of audit, or what other programs take
    #[arg(long, value_name = "FORMAT")]
    pub output: Option<ReportFormat>,
    /// The file to write [default: standard output]
    #[arg(long, value_name = "FILE", requires = "output")]
    pub out: Option<PathBuf>,
    /// The folder to make: an evidence pack for whoever audits the audit
    #[arg(long, value_name = "FOLDER")]
    pub pack: Option<PathBuf>,
    /// Judge as of this time [default: the end of the logs]
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// Only what a valid digest file vouches for counts
    #[arg(long)]
    pub strict: bool,
    /// Tag keys that a job's network must carry [default: Owner,DataSensitivity,CostCenter]
    #[arg(long, value_name = "KEY,...", value_delimiter = ',')]
    pub mandatory_tags: Vec<String>,
    /// Your prices, to estimate what jobs cost that failed through drift: a CSV file base_model,usd_per_job,usd_per_hour
    #[arg(long, value_name = "FILE", requires = "output")]
    pub prices: Option<PathBuf>,
    /// Leave out the cited log files, which hold other records too; nothing in the pack then ties a cited record to the
    /// hash that a digest file vouches for
    #[arg(long, requires = "pack")]
    pub without_log_files: bool,
    /// The public keys, as aws cloudtrail list-public-keys prints them [default: CloudTrail is asked for them]
    #[arg(long, value_name = "FILE", requires = "pack")]
    pub public_keys: Vec<PathBuf>,
    /// Sign the pack with this Ed25519 private key, in PEM
    #[arg(long, value_name = "FILE", requires = "pack")]
    pub sign: Option<PathBuf>,
}

/// A format of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ReportFormat {
    /// A page to look at, in one file, and a CSV file beside it.
    Html,
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
    /// OCSF Compliance Finding, one a line.
    Ocsf,
    /// For Security Hub: each line is one call of BatchImportFindings.
    Asff,
    /// OSCAL assessment results.
    Oscal,
    /// A test suite a control, a test case a job.
    Junit,
}

impl ReportFormat {
    /// The format of rows that it is, if it is one.
    pub fn of_rows(self) -> Option<Format> {
        match self {
            Self::Json => Some(Format::Json),
            Self::Ndjson => Some(Format::Ndjson),
            Self::Csv => Some(Format::Csv),
            Self::Markdown => Some(Format::Markdown),
            Self::Parquet => Some(Format::Parquet),
            Self::Html | Self::Ocsf | Self::Asff | Self::Oscal | Self::Junit => None,
        }
    }
}

/// `bedrock-audit verify`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bedrock-audit verify s3://my-trail-bucket --regions eu-west-1 --from 2026-01-01
  aws cloudtrail list-public-keys --start-time 2026-01-01 --region eu-west-1 > keys.json
  bedrock-audit verify ./copied-logs --public-keys keys.json --all --output csv > verified.csv

The check is that of aws cloudtrail validate-logs, in parallel. Keys differ from Region to Region: give a file for each.
A copy that has lost S3's metadata is verified too, but for the newest digest file of each chain.

The exit code is 1 when something was changed, forged or removed, 2 when something is vouched for by nothing.")]
pub struct Verify {
    /// Where digest files and log files are: a folder or s3://bucket/prefix; or the folder of an evidence pack
    #[arg(value_name = "SOURCE")]
    pub source: String,
    /// The public key, in PEM, of whoever signed the evidence pack
    #[arg(long, value_name = "FILE")]
    pub signer: Option<PathBuf>,
    /// The public keys, as aws cloudtrail list-public-keys prints them; may be given for several Regions [default: of a
    /// bucket, CloudTrail is asked for them]
    #[arg(long, value_name = "FILE")]
    pub public_keys: Vec<PathBuf>,
    /// The bucket is a copy: the paths inside its digest files name another one
    #[arg(long)]
    pub copy: bool,
    /// Show what is valid and attested too
    #[arg(long)]
    pub all: bool,
    /// Only files of these accounts
    #[arg(long, value_name = "ID,...", value_delimiter = ',')]
    pub accounts: Vec<String>,
    /// Only files of these Regions
    #[arg(long, value_name = "REGION,...", value_delimiter = ',')]
    pub regions: Vec<String>,
    /// Only files delivered from the day of this time on
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Only files delivered up to the day of this time
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// Threads that hash [default: one for each core]
    #[arg(long, value_name = "N")]
    pub workers: Option<usize>,
    /// Format of the list
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub output: Format,
}

/// `bedrock-audit evaluate`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bedrock-audit evaluate --region eu-west-1
  bedrock-audit evaluate --region eu-west-1 --controls job_in_vpc,job_private_path --parameter maxJobAgeDays=90
  bedrock-audit evaluate --region eu-west-1 --verdicts NonCompliant,Undetermined --output csv > verdicts.csv
  bedrock-audit evaluate --regions all --accounts 111122223333,444455556666 --role-name bedrock-audit-read

It only reads. Each control needs its own permissions, and what could not be read is Undetermined and named: see README,
'The rule'. The exit code is 1 when a job is non-compliant, 2 when none is but something could not be told.")]
pub struct Evaluate {
    /// The controls to judge by [default: all]
    #[arg(long, value_name = "CONTROL,...", value_delimiter = ',')]
    pub controls: Vec<String>,
    /// A parameter of the rule: jobKinds, jobStatuses, maxJobAgeDays or mandatoryTagKeys
    #[arg(long = "parameter", value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,
    /// Show only these verdicts: Compliant, NonCompliant, NotApplicable, Undetermined (counts and exit code stay whole)
    #[arg(long, value_name = "VERDICT,...", value_delimiter = ',')]
    pub verdicts: Vec<String>,
    /// Look at these Regions, or at all that are enabled for the account [default: the one of the environment]
    #[arg(long, value_name = "REGION,...|all", value_delimiter = ',')]
    pub regions: Vec<String>,
    /// Look at these accounts, each through its role of the name --role-name
    #[arg(long, value_name = "ID,...", value_delimiter = ',', requires = "role_name")]
    pub accounts: Vec<String>,
    /// The name of the role to assume in every account, with its path if it has one
    #[arg(long, value_name = "NAME", requires = "accounts")]
    pub role_name: Option<String>,
    /// Accounts and Regions looked at at one time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub places_at_once: u16,
    /// Requests in flight at one time, of one account and Region
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub concurrency: u16,
    /// Stop reading an account and Region after this long; what was not read is Undetermined
    #[arg(long, value_name = "SPAN", default_value = "15m")]
    pub time_limit: String,
    /// Format of the verdicts
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub output: Format,
}

/// `bedrock-audit completions`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bedrock-audit completions bash > ~/.local/share/bash-completion/completions/bedrock-audit
  bedrock-audit completions zsh > ~/.zfunc/_bedrock-audit
  bedrock-audit completions fish > ~/.config/fish/completions/bedrock-audit.fish")]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// `bedrock-audit man`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bedrock-audit man | man -l -
  bedrock-audit man --out ~/.local/share/man/man1 && man bedrock-audit-audit")]
pub struct Man {
    /// The folder for a page a command [default: the program's own page on standard output]
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
}

/// Runs the program with the process's own arguments.
pub fn main() -> ProcessExitCode {
    let typed: Vec<OsString> = std::env::args_os().collect();
    let mut command = Cli::command();
    if let Some(path) = config_file::find(&typed, |name| std::env::var_os(name)) {
        command = match config_file::apply(command, &path) {
            Ok(command) => command,
            Err(error) => return ended(&error),
        };
    }
    match command.try_get_matches_from(typed).and_then(|matches| Cli::from_arg_matches(&matches)) {
        // What a library takes for impossible, a hostile file can bring about.
        Ok(cli) => match panic::catch_unwind(AssertUnwindSafe(|| command::run(&cli))) {
            Ok(outcome) => outcome.map_or_else(|error| ended(&error), Into::into),
            Err(_) => broken(),
        },
        Err(error) => {
            // Help and version come this way too, and are no misuse.
            let _ = error.print();
            if error.use_stderr() { ExitCode::Misused.into() } else { ExitCode::Done.into() }
        }
    }
}

/// After a panic, which has said what it was. Nothing was committed by halves: the ledger is written last.
fn broken() -> ProcessExitCode {
    let advice = "a damaged file in the lake can bring this about: restore an earlier version of it, or ingest again into \
                  a new lake; otherwise it is a fault of bedrock-audit, please report it";
    // Where nobody takes it, eprintln would panic again.
    let _ = writeln!(std::io::stderr(), "bedrock-audit: failed to go on: {advice}");
    ExitCode::Failed.into()
}

fn ended(error: &Error) -> ProcessExitCode {
    // Who reads the output has closed it and wants no more.
    if is_broken_pipe(error) {
        return ExitCode::Done.into();
    }
    complain(error);
    match error {
        Error::Misused(_) => ExitCode::Misused.into(),
        _ => ExitCode::Failed.into(),
    }
}

fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe) || error.source().is_some_and(is_broken_pipe)
}

fn complain(error: &Error) {
    let words = without_document(&chain(error));
    match error {
        // Of several lines where a file of the user's is shown.
        Error::Misused(_) => eprintln!("bedrock-audit: {}", visible_lines(&words)),
        Error::Query { .. } => eprintln!("bedrock-audit: failed to {}", visible_lines(&words)),
        _ => eprintln!("bedrock-audit: failed to {}", visible(&words)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
