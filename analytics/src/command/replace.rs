//! `bedrock-audit replace`: the request that creates a job again, checks before it, and on demand the acts.

mod acts;
mod history;
mod output;

use std::path::Path;

use config_rule::facts::{Fact, Job, JobFacts};
use config_rule::gather::Bounds;
use config_rule::replacement::gather::{self, Access};
use config_rule::replacement::network::choose;
use config_rule::replacement::origin::{Live, Old};
use config_rule::replacement::plan::{Plan, parameters_of, plan};
use config_rule::replacement::preflight::{Check, Outcome, advice, checks, hypothetical};
use config_rule::replacement::request::Request;
use schemas::ids::Arn;
use tokio::time::Instant;

use super::{Session, write_stdout};
use crate::cli::{Global, Replace, ReplaceOutput};
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;

/// EC2 may not show a group that was just created.
const SECOND_LOOK_AFTER: std::time::Duration = std::time::Duration::from_secs(3);

/// Why there is no plan.
enum Halt {
    /// Something is known that ends the command with that exit code, in words.
    Told(ExitCode, String),
    /// The command failed or was misused.
    Failed(Error),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

type Halted<T> = std::result::Result<T, Halt>;

pub async fn run(args: &Replace, session: &Session, global: &Global) -> Result<ExitCode> {
    match replace(args, session, global).await {
        Ok(code) => Ok(code),
        Err(Halt::Failed(error)) => Err(error),
        Err(Halt::Told(code, message)) => {
            eprintln!("bedrock-audit: {message}");
            Ok(code)
        }
    }
}

async fn replace(args: &Replace, session: &Session, global: &Global) -> Halted<ExitCode> {
    // What can be told of the command line alone is told before anything is read.
    let (asked, wanted, stop_wait) = (args.asked()?, args.wanted()?, args.stop_wait()?);
    let bounds = Bounds {
        concurrency: args.concurrency.into(),
        deadline: Instant::now() + args.time_limit()?,
        second_look_after: SECOND_LOOK_AFTER,
    };
    let connection = global.connection(args.region(global.region.as_deref())?).await?;
    let region = connection.region().ok_or_else(no_region)?;
    let reading = Reading { args, session, access: connection.replacement(), region, bounds };
    let found = reading.old().await?;
    let tagged = gather::tagged(&reading.access, &wanted, bounds).await;
    let tagged = tagged.map_err(|unread| Halt::Told(ExitCode::CouldNotTell, format!("could not read: {unread}")))?;
    let network = choose(&wanted, &tagged).map_err(|message| Halt::Told(ExitCode::NonCompliant, message))?;
    let plan = plan(&found.old, &asked, &network.vpc_config).map_err(Error::Misused)?;
    let mut proposal = reading.proposal(found, plan).await;
    proposal.notes.extend(network.notes);
    if let (Some(path), Some(request)) = (&args.out, &proposal.plan.request) {
        write_request(path, request)?;
    }
    finish(args, global, &reading, &proposal, stop_wait).await
}

fn no_region() -> Error {
    Error::Misused("replace: no Region; give --region or the job's ARN, or set AWS_REGION or a profile".to_owned())
}

/// Shows the plan; acts where that was asked for and nothing stands in the way.
async fn finish(
    args: &Replace,
    global: &Global,
    reading: &Reading<'_>,
    proposal: &Proposal,
    stop_wait: std::time::Duration,
) -> Halted<ExitCode> {
    let code = proposal.exit_code();
    let text = output::text(proposal, args, global);
    let is_acting = args.yes && code == ExitCode::Done;
    match (args.output, is_acting) {
        (ReplaceOutput::Text, _) => write_stdout(&text)?,
        // Nothing is done before its plan was shown.
        (ReplaceOutput::Json, true) => eprint!("{text}"),
        (ReplaceOutput::Json, false) => write_stdout(&output::json(proposal, args, None))?,
    }
    if args.out.is_some() && proposal.plan.request.is_none() {
        eprintln!("bedrock-audit: nothing was written to --out: the request is not complete");
    }
    if !is_acting {
        if args.yes {
            eprintln!("bedrock-audit: nothing was done: a check did not pass, or something is missing");
        }
        return Ok(code);
    }
    let done = acts::act(args, &reading.access, proposal, stop_wait).await?;
    match args.output {
        ReplaceOutput::Text => write_stdout(&output::done(&done))?,
        ReplaceOutput::Json => write_stdout(&output::json(proposal, args, Some(&done)))?,
    }
    if let Some(failure) = &done.failure {
        eprintln!("bedrock-audit: {failure}");
        if let (true, Some(request)) = (args.submit, &done.request_file) {
            let line = output::command_line(&proposal.region, global, request);
            eprintln!(
                "the request is saved; its token keeps it from making a second job, so submit it again:\n  {line}"
            );
        }
        return Ok(ExitCode::Failed);
    }
    Ok(ExitCode::Done)
}

/// The old job, and the account that it is in.
struct Found {
    old: Old,
    /// As it is now.
    now: Fact<Job>,
    account_id: String,
}

/// The new job, and all that speaks for and against it.
struct Proposal {
    region: String,
    account_id: String,
    old: Old,
    now: Fact<Job>,
    plan: Plan,
    /// Empty where the request is not complete.
    checks: Vec<Check>,
    notes: Vec<String>,
}

impl Proposal {
    /// A known reason against it is certain whatever else is unknown, so it comes first.
    fn exit_code(&self) -> ExitCode {
        let has = |outcome| self.checks.iter().any(|check| check.outcome == outcome);
        if has(Outcome::Failed) || self.plan.missing.iter().any(|missing| !missing.is_unread) {
            ExitCode::NonCompliant
        } else if has(Outcome::CouldNotTell) || !self.plan.missing.is_empty() {
            ExitCode::CouldNotTell
        } else {
            ExitCode::Done
        }
    }

    /// The old job's name, else its ARN, else what was typed.
    fn old_name<'a>(&'a self, args: &'a Replace) -> &'a str {
        self.old.name.as_deref().or(self.old.arn.as_deref()).unwrap_or(&args.job)
    }
}

/// What is read, and from where.
struct Reading<'a> {
    args: &'a Replace,
    session: &'a Session,
    access: Access,
    region: String,
    bounds: Bounds,
}

impl Reading<'_> {
    /// The old job: from the API, else from the record of its request.
    async fn old(&self) -> Halted<Found> {
        let live = gather::live(&self.access, &self.args.job, self.bounds).await;
        if self.args.from_history {
            return self.recorded(&live).await;
        }
        match &live {
            Fact::Known(live) => self.told(live).await,
            Fact::Absent if self.args.lake.is_some() => self.recorded(&live).await,
            Fact::Absent => Err(Halt::Told(
                ExitCode::CouldNotTell,
                format!(
                    "Bedrock knows no customization job {:?} in {}: give its ARN, or --region, or take its request from the \
                     history with --lake LAKE",
                    self.args.job, self.region
                ),
            )),
            Fact::Unreadable(unread) => Err(Halt::Told(
                ExitCode::CouldNotTell,
                format!(
                    "could not read: {unread}. Allow the caller that action, or take the request from the history with \
                     --from-history --lake LAKE"
                ),
            )),
        }
    }

    async fn told(&self, live: &Live) -> Halted<Found> {
        let mut old = gather::of_api(&self.access, live, self.bounds).await;
        if self.args.lake.is_some()
            && let Some(recorded) = self.history(&live.job.arn).await?
        {
            old = old.with_model_tags_of(&Old::of_record(&recorded.record));
        }
        let account_id = Arn::parse(&live.job.arn).map(|arn| arn.account.to_owned()).unwrap_or_default();
        Ok(Found { old, now: Fact::Known(live.job.clone()), account_id })
    }

    async fn recorded(&self, live: &Fact<Live>) -> Halted<Found> {
        // Jobs of one name are told apart by the ARN that Bedrock knows now.
        let job = live.known().map_or(self.args.job.as_str(), |live| live.job.arn.as_str());
        let Some(found) = self.history(job).await? else {
            let lake = self.args.lake.as_deref().unwrap_or_default();
            let message = format!(
                "no record in {lake} tells of an accepted request for the customization job {job:?} in {}; see bedrock-audit \
                 query --lake {lake} --sql 'select aws_region, job_arn, job_name from jobs'",
                self.region
            );
            return Err(Halt::Told(ExitCode::CouldNotTell, message));
        };
        let now = match live {
            Fact::Known(live) => Fact::Known(live.job.clone()),
            Fact::Absent => Fact::Absent,
            Fact::Unreadable(unread) => Fact::Unreadable(unread.clone()),
        };
        Ok(Found { old: Old::of_record(&found.record), now, account_id: found.account_id })
    }

    async fn history(&self, job: &str) -> Halted<Option<history::InHistory>> {
        let Some(lake) = &self.args.lake else { return Ok(None) };
        Ok(history::find(self.session, lake, job, &self.region).await?)
    }

    /// The plan with its checks, which need the whole request.
    async fn proposal(&self, found: Found, plan: Plan) -> Proposal {
        let Found { old, now, account_id } = found;
        let mut notes = old.notes.clone();
        let mut judged = Vec::new();
        if let Some(request) = &plan.request {
            let job = self.new_job(request, &old, &account_id);
            let place = (account_id.as_str(), self.region.as_str());
            let seen = gather::seen(&self.access, request, &job, place, now.clone(), self.bounds).await;
            let policy = self.args.policy();
            judged = checks(request, &job, &seen, &policy);
            notes.extend(advice(&job, &seen, &policy));
        }
        Proposal { region: self.region.clone(), account_id, old, now, plan, checks: judged, notes }
    }

    /// It has no ARN yet; the controls take from it only the partition.
    fn new_job(&self, request: &Request, old: &Old, account_id: &str) -> JobFacts {
        let nameless = format!("arn:aws:bedrock:{}:{account_id}:model-customization-job/new", self.region);
        hypothetical(request, old.arn.as_deref().unwrap_or(&nameless), self.session.now)
    }
}

/// Writes what `--cli-input-json` takes.
fn write_request(path: &Path, request: &Request) -> Result<()> {
    let text = output::pretty(&parameters_of(request));
    std::fs::write(path, text).map_err(|cause| Error::Output { what: path.display().to_string(), source: cause.into() })
}
