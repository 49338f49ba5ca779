//! What a replacement looks like: as text for people, as one JSON object for programs.

use std::fmt::Write;
use std::path::Path;

use config_rule::facts::Fact;
use config_rule::replacement::act::Act;
use config_rule::replacement::draft::Parameters;
use config_rule::replacement::origin::Origin;
use serde_json::{Value, json};

use super::Proposal;
use super::acts::Done;
use crate::cli::{Global, Replace};
use crate::query::render::visible;

/// The plan for people.
pub fn text(proposal: &Proposal, args: &Replace, global: &Global) -> String {
    let mut text = headline(proposal, args);
    diff(&mut text, proposal);
    missing(&mut text, proposal);
    preflight(&mut text, proposal);
    if !proposal.notes.is_empty() {
        text.push_str("\nNotes\n");
        proposal.notes.iter().for_each(|note| line(&mut text, &format!("  {note}")));
    }
    text.push_str("\nThe request\n");
    text.push_str(&pretty(&proposal.plan.shown));
    if let Some(request) = &proposal.plan.request {
        let suggested = format!("{}.json", request.job_name);
        let path = args.out.as_deref().unwrap_or_else(|| Path::new(&suggested));
        let how = if args.out.is_some() { "Submit it with" } else { "Save it (--out does), and submit it with" };
        let _ = writeln!(text, "\n{how}\n  {}", command_line(&proposal.region, global, path));
        text.push_str("Its client token follows from all of it: submitting it twice makes one job.\n");
    }
    would_happen(&mut text, proposal, args);
    text
}

/// A line whose control characters a terminal shows rather than obeys.
fn line(text: &mut String, content: &str) {
    text.push_str(&visible(content));
    text.push('\n');
}

fn headline(proposal: &Proposal, args: &Replace) -> String {
    let new = proposal.plan.shown.get("jobName").and_then(Value::as_str).unwrap_or_default();
    let mut text = String::new();
    line(&mut text, &format!("{} -> {new}, in {}", proposal.old_name(args), proposal.region));
    let status = match &proposal.now {
        Fact::Known(job) => format!(", which is {}", job.status),
        Fact::Absent => ", which Bedrock knows no more".to_owned(),
        Fact::Unreadable(_) => String::new(),
    };
    let arn = proposal.old.arn.as_deref().unwrap_or("a job whose ARN is not recorded");
    let from = match &proposal.old.origin {
        Origin::Api => format!("from {arn}{status}"),
        Origin::Record(citation) => format!(
            "from the recorded request of {arn}{status}: event {} in {} #{}",
            citation.event_id, citation.log_file, citation.record_index
        ),
    };
    line(&mut text, &from);
    text
}

fn diff(text: &mut String, proposal: &Proposal) {
    let _ = writeln!(text, "\nWhat changes ({} values stay)", proposal.plan.same);
    for change in &proposal.plan.changes {
        for (sign, value) in [("-", &change.old), ("+", &change.new)] {
            if let Some(value) = value {
                line(text, &format!("  {sign} {}: {value}", change.member));
            }
        }
    }
}

fn missing(text: &mut String, proposal: &Proposal) {
    if proposal.plan.missing.is_empty() {
        return;
    }
    text.push_str("\nWhat is missing\n");
    for missing in &proposal.plan.missing {
        line(text, &format!("  {}: {}; give {}", missing.member, missing.why, missing.give));
    }
}

fn preflight(text: &mut String, proposal: &Proposal) {
    text.push_str("\nPreflight\n");
    if proposal.checks.is_empty() {
        text.push_str("  not done: it needs the whole request\n");
    }
    let width = proposal.checks.iter().map(|check| check.check.len()).max().unwrap_or_default();
    for check in &proposal.checks {
        let (outcome, name) = (check.outcome.as_str(), check.check);
        line(text, &format!("  {outcome:<14}  {name:<width$}  {}", check.reason));
    }
}

fn would_happen(text: &mut String, proposal: &Proposal, args: &Replace) {
    if args.yes || !(args.stop_old || args.submit) {
        return;
    }
    text.push_str("\nWith --yes, once every check has passed\n");
    if args.stop_old {
        let what = match &proposal.now {
            Fact::Known(job) if job.is_finished() => {
                format!("nothing is stopped: the old job has ended ({})", job.status)
            }
            Fact::Known(job) => format!("{} is stopped for good, and waited for until it has ended", job.arn),
            Fact::Absent => "nothing is stopped: the old job is not there any more".to_owned(),
            Fact::Unreadable(_) => "nothing is stopped while the old job cannot be read".to_owned(),
        };
        line(text, &format!("  {what}"));
    }
    if args.submit {
        text.push_str("  the request is submitted\n");
    }
    let _ = writeln!(text, "  and both are written to a record in {}", args.record.display());
}

/// The AWS CLI's line for a saved request.
pub fn command_line(region: &str, global: &Global, request: &Path) -> String {
    let profile = global.profile.as_ref().map(|profile| format!(" --profile {}", quoted(profile))).unwrap_or_default();
    let file = quoted(&format!("file://{}", request.display()));
    format!("aws bedrock create-model-customization-job --region {region}{profile} --cli-input-json {file}")
}

/// One word of a shell.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/:.-_+=@%,".contains(c);
    if text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// A request as it is saved and shown.
pub fn pretty(request: &Parameters) -> String {
    format!("{:#}\n", Value::Object(request.clone()))
}

/// What was done, for people.
pub fn done(done: &Done) -> String {
    let mut text = String::from("\nWhat was done\n");
    for (what, act) in [("stop", &done.record.stop), ("submit", &done.record.submit)] {
        if let Some(act) = act {
            let state = format!("{:?}", act.state).to_lowercase();
            line(&mut text, &format!("  {what}: {state}{}", outcome(act)));
        }
    }
    let _ = writeln!(text, "  record: {}", done.record_file.display());
    text
}

fn outcome(act: &Act) -> String {
    let arn = act.job_arn.as_ref().map(|arn| format!(": {arn}"));
    arn.or_else(|| act.outcome.as_ref().map(|outcome| format!(": {outcome}"))).unwrap_or_default()
}

/// All of it for programs. `done`: after acting.
pub fn json(proposal: &Proposal, args: &Replace, done: Option<&Done>) -> String {
    let plan = &proposal.plan;
    let request = plan.request.is_some().then(|| Value::Object(plan.shown.clone()));
    let value = json!({
        "region": proposal.region,
        "old": {
            "job_arn": proposal.old.arn,
            "job_name": proposal.old.name,
            "status": proposal.now.known().map(|job| job.status.as_str()),
            "origin": proposal.old.origin,
            "parameters": proposal.old.parameters,
        },
        "request": request,
        "diff": plan.changes,
        "missing": plan.missing,
        "preflight": proposal.checks,
        "notes": proposal.notes,
        "actions": actions(args, done),
    });
    format!("{value:#}\n")
}

fn actions(args: &Replace, done: Option<&Done>) -> Value {
    let planned = |is_asked: bool| is_asked.then(|| json!({"state": "not_done"}));
    match done {
        None => json!({"stop": planned(args.stop_old), "submit": planned(args.submit), "record": null}),
        Some(done) => json!({
            "stop": done.record.stop,
            "submit": done.record.submit,
            "record": done.record_file.display().to_string(),
            "failure": done.failure.as_ref().map(ToString::to_string),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_shell_stay_one_word() {
        assert_eq!(quoted("file://a/b-r2.json"), "file://a/b-r2.json");
        assert_eq!(quoted("file://my folder/it's"), r"'file://my folder/it'\''s'");
    }
}
