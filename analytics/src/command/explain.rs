//! `bedrock-audit explain`: what happened to a job or a security group, in plain words.

use std::collections::BTreeMap;
use std::fmt::Write;

use chrono::{DateTime, Utc};

use super::{Session, write_stdout};
use crate::cli::Explain;
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;
use crate::query::render::{texts, visible};
use crate::query::{Answer, Bindings, Catalog, Engine};

/// A row, by column.
type Row = BTreeMap<String, String>;

/// What is asked about.
enum Subject<'a> {
    Group(&'a str),
    Job(&'a str),
}

impl Subject<'_> {
    fn of(text: &str) -> Subject<'_> {
        if text.starts_with("sg-") { Subject::Group(text) } else { Subject::Job(text) }
    }

    fn parameter(&self) -> (&'static str, &str) {
        match self {
            Self::Group(id) => ("group", id),
            Self::Job(job) => ("job", job),
        }
    }
}

pub async fn run(args: &Explain, session: &Session) -> Result<ExitCode> {
    let as_of = args.instant(session.now)?;
    let lake = session.lake(&args.lake).await?;
    let engine = session.engine(&lake).await?;
    let asked = Asked { engine: &engine, catalog: &Catalog::load()?, as_of };
    let subject = Subject::of(&args.subject);
    let chronology = match subject {
        Subject::Group(_) => asked.rows("group_chronology", subject.parameter()).await?,
        Subject::Job(_) => asked.rows("job_chronology", subject.parameter()).await?,
    };
    if chronology.is_empty() {
        let until = as_of.format("%Y-%m-%dT%H:%M:%SZ");
        eprintln!(
            "bedrock-audit: no record up to {until} tells of {}; expected a security group's id, or the ARN or name of a job: \
             see bedrock-audit query job_verdicts --lake {}",
            visible(&args.subject),
            lake.location()
        );
        return Ok(ExitCode::CouldNotTell);
    }
    let mut text = format!("{}\n", visible(&args.subject));
    tell_chronology(&mut text, &chronology);
    let groups = match subject {
        Subject::Group(id) => {
            tell_rules_as_of(&mut text, &asked.rows("rules_as_of", ("group", id)).await?, as_of);
            vec![id.to_owned()]
        }
        Subject::Job(_) => {
            let rules = asked.rows("rules_during_job", subject.parameter()).await?;
            tell_rules_during(&mut text, &rules);
            asked.groups_of(&chronology).await?
        }
    };
    let mut unknown = Vec::new();
    for group in &groups {
        unknown.extend(asked.rows("unknown_of_groups", ("group", group)).await?);
    }
    tell_unknown(&mut text, &unknown);
    write_stdout(&text)?;
    Ok(ExitCode::Done)
}

/// Questions about one instant.
struct Asked<'a> {
    engine: &'a Engine,
    catalog: &'a Catalog,
    as_of: DateTime<Utc>,
}

impl Asked<'_> {
    async fn rows(&self, question: &str, (name, value): (&str, &str)) -> Result<Vec<Row>> {
        let mut bindings = Bindings::default();
        bindings.times.insert("as_of".to_owned(), self.as_of);
        bindings.texts.insert(name.to_owned(), value.to_owned());
        rows_of(&self.engine.ask(self.catalog.find(question)?, &bindings, self.as_of).await?)
    }

    /// The groups that the jobs of a chronology name.
    async fn groups_of(&self, chronology: &[Row]) -> Result<Vec<String>> {
        let arns: Vec<String> = chronology.iter().map(|row| row["job_arn"].replace('\'', "''")).collect();
        let list = arns.iter().map(|arn| format!("'{arn}'")).collect::<Vec<_>>().join(", ");
        let sql = format!(
            "select distinct job_security_groups.group_id from job_security_groups \
             inner join jobs on jobs.job_key = job_security_groups.job_key where jobs.job_arn in ({list}) \
             order by job_security_groups.group_id"
        );
        let rows = rows_of(&self.engine.answer(&sql, "the groups of the job", None).await?)?;
        Ok(rows.into_iter().map(|mut row| row.remove("group_id").unwrap_or_default()).collect())
    }
}

fn rows_of(answer: &Answer) -> Result<Vec<Row>> {
    let names: Vec<String> = answer.schema.fields().iter().map(|field| field.name().clone()).collect();
    let failed = |source| Error::Output { what: "the explanation".to_owned(), source };
    let rows = texts(answer, "").map_err(failed)?;
    Ok(rows.into_iter().map(|row| names.iter().cloned().zip(row).collect()).collect())
}

fn tell_chronology(text: &mut String, rows: &[Row]) {
    text.push_str("\nWhat happened\n");
    for row in rows {
        let who = if row["who"].is_empty() { String::new() } else { format!("\n      by {}", visible(&row["who"])) };
        let _ = writeln!(text, "  {}  {}{who}\n      {}", row["happened_at"], visible(&row["what"]), citation(row));
    }
}

/// Where it stands; evidence of the rule is in no record.
fn citation(row: &Row) -> String {
    let place = match row["log_file"].as_str() {
        "" => String::new(),
        file => format!(" in {} #{}", visible(file), row["record_index"]),
    };
    match row["event_id"].as_str() {
        "" => format!("evidence of the rule{place}"),
        id => format!("event {id}{place}"),
    }
}

fn tell_rules_as_of(text: &mut String, rows: &[Row], as_of: DateTime<Utc>) {
    let _ = writeln!(text, "\nWhat it allowed at {}", as_of.format("%Y-%m-%dT%H:%M:%SZ"));
    if rows.is_empty() {
        text.push_str("  nothing that a record or evidence tells of\n");
    }
    for row in rows {
        let since = if row["started_at"].is_empty() { "before the logs".to_owned() } else { row["started_at"].clone() };
        let _ = writeln!(text, "  {}, since {since}", visible(&row["rule_in_words"]));
    }
}

fn tell_rules_during(text: &mut String, rows: &[Row]) {
    text.push_str("\nWhat its security groups allowed while it ran\n");
    let Some(first) = rows.first() else {
        text.push_str("  nothing that a record or evidence tells of\n");
        return;
    };
    let until = if first["ran_until"].is_empty() { "(no record tells its end)" } else { &first["ran_until"] };
    let _ = writeln!(text, "  from {} until {until}", first["ran_from"]);
    for row in rows {
        let (from, to) = (&row["started_at"], &row["ended_at"]);
        let when = match (row["whole_run"] == "true", from.is_empty(), to.is_empty()) {
            (true, ..) => "the whole run".to_owned(),
            (_, true, _) => format!("until {to}"),
            (_, _, true) => format!("from {from}"),
            _ => format!("from {from} until {to}"),
        };
        let _ = writeln!(text, "  {}: {}, {when}", row["group_id"], visible(&row["rule_in_words"]));
    }
}

fn tell_unknown(text: &mut String, rows: &[Row]) {
    if rows.is_empty() {
        return;
    }
    text.push_str("\nWhat is not known\n");
    for row in rows {
        let event = if row["event_id"].is_empty() { String::new() } else { format!(" (event {})", row["event_id"]) };
        let _ = writeln!(text, "  {}: {}{event}", row["group_id"], visible(&row["unknown"]));
    }
}
