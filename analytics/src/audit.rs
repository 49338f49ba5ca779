//! One audit: every job judged against every control as of an instant, with what the lake covers.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray, UInt64Array};
use arrow::compute::{concat_batches, filter_record_batch, take_record_batch};
use arrow::datatypes::{Int64Type, Schema, SchemaRef, TimestampMicrosecondType};
use chrono::{DateTime, Utc};
use schemas::control::{ControlId, Verdict};

use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::query::{Answer, Bindings, Catalog, Engine, Question};

/// The columns that people read; the others are for programs.
const READ_BY_PEOPLE: [&str; 6] = ["requested_at", "job", "control", "verdict", "reason", "cited_event_id"];

/// The questions that judge. Each has a row for every job and every control of its own, the jobs in the same order.
pub const VERDICTS: [&str; 2] = ["job_verdicts", "reach_verdicts"];

/// What to judge by.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The instant to judge at; `None` = the end of the logs.
    pub as_of: Option<DateTime<Utc>>,
    /// Whether only what a valid digest file vouches for counts.
    pub is_strict: bool,
    /// The tag keys of `job_network_tagged`; the usual ones when there are none.
    pub mandatory_tags: Vec<String>,
    /// The clock, for a lake whose log files tell no time.
    pub now: DateTime<Utc>,
}

/// The outcome of an audit.
pub struct Report {
    /// The instant that was judged at.
    pub as_of: DateTime<Utc>,
    /// Whether only what a valid digest file vouches for counted.
    pub is_strict: bool,
    /// One row a job and control: the answers of [`VERDICTS`].
    pub verdicts: Answer,
    /// How many of each.
    pub counts: BTreeMap<(ControlId, Verdict), u64>,
    /// Jobs judged.
    pub jobs: usize,
    /// What the lake holds: the answer of the query `lake_totals`.
    pub totals: Answer,
}

/// Judges every job in the lake.
pub async fn audit(engine: &Engine, catalog: &Catalog, terms: Terms) -> Result<Report> {
    let totals = engine.ask(catalog.find("lake_totals")?, &Bindings::default(), terms.now).await?;
    let as_of = terms.as_of.or_else(|| last_delivery(&totals)).unwrap_or(terms.now);
    let mut answers = Vec::new();
    for name in VERDICTS {
        let question = catalog.find(name)?;
        answers.push(engine.ask(question, &bindings(question, &terms, as_of), as_of).await?);
    }
    let verdicts = job_by_job(&answers);
    let (counts, jobs) = (count(&verdicts), verdicts.rows() / ControlId::IN_HISTORY.len());
    Ok(Report { as_of, is_strict: terms.is_strict, jobs, verdicts, counts, totals })
}

fn bindings(question: &Question, terms: &Terms, as_of: DateTime<Utc>) -> Bindings {
    let coverage = if terms.is_strict { "attested" } else { "" };
    let texts = [("mandatory_tags", terms.mandatory_tags.join(",")), ("coverage", coverage.to_owned())];
    let is_asked = |name: &str| question.parameters.iter().any(|parameter| parameter.name == name);
    Bindings {
        times: [("as_of".to_owned(), as_of)].into(),
        texts: texts
            .into_iter()
            .filter(|(name, _)| is_asked(name))
            .map(|(name, text)| (name.to_owned(), text))
            .collect(),
    }
}

/// The rows of all answers, those of a job together.
fn job_by_job(answers: &[Answer]) -> Answer {
    let jobs = answers.iter().map(Answer::rows).sum::<usize>() / ControlId::IN_HISTORY.len();
    let mut starts = Vec::new();
    let rows: usize = answers.iter().fold(0, |before, answer| {
        starts.push((before, answer.rows() / jobs.max(1)));
        before + answer.rows()
    });
    let of_job = |job| starts.iter().flat_map(move |(start, each)| (start + job * each)..(start + (job + 1) * each));
    let order: UInt64Array = (0..jobs).flat_map(of_job).map(|row| row as u64).collect();
    assert_eq!(order.len(), rows, "every question of VERDICTS has each job once for each of its controls");
    // Columns agree in name and type; whether one may be null differs from query to query.
    let fields = answers[0].schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
    let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let batches = answers.iter().flat_map(|answer| &answer.batches);
    let batches = batches.map(|batch| batch.clone().with_schema(schema.clone()).expect("the columns of a verdict"));
    let all = concat_batches(&schema, &batches.collect::<Vec<_>>()).expect("they have one schema");
    Answer { schema, batches: vec![take_record_batch(&all, &order).expect("rows of its own")] }
}

/// When the newest log file was delivered, as far as names tell.
fn last_delivery(totals: &Answer) -> Option<DateTime<Utc>> {
    let batch = totals.batches.first().filter(|batch| batch["last_delivery"].is_valid(0))?;
    let micros = batch["last_delivery"].as_primitive::<TimestampMicrosecondType>().value(0);
    DateTime::from_timestamp_micros(micros)
}

fn count(verdicts: &Answer) -> BTreeMap<(ControlId, Verdict), u64> {
    let mut counts = BTreeMap::new();
    for batch in &verdicts.batches {
        let (controls, found) = (batch["control"].as_string::<i32>(), batch["verdict"].as_string::<i32>());
        for row in 0..batch.num_rows() {
            let control = ControlId::parse(controls.value(row)).expect("the query names our controls");
            let verdict = Verdict::parse(found.value(row)).expect("the query names our verdicts");
            *counts.entry((control, verdict)).or_default() += 1;
        }
    }
    counts
}

impl Report {
    /// How many rows have a verdict.
    pub fn of(&self, verdict: Verdict) -> u64 {
        self.counts.iter().filter(|((_, found), _)| *found == verdict).map(|(_, count)| count).sum()
    }

    /// A number of `lake_totals`.
    pub fn total(&self, column: &str) -> i64 {
        self.totals.batches.first().map_or(0, |batch| batch[column].as_primitive::<Int64Type>().value(0))
    }

    /// When the newest log file was delivered, as far as names tell.
    pub fn last_delivery(&self) -> Option<DateTime<Utc>> {
        last_delivery(&self.totals)
    }

    /// What would tell of undetermined verdicts, each once, in the order of the rows.
    pub fn next_steps(&self) -> Vec<String> {
        let mut steps = Vec::new();
        for batch in &self.verdicts.batches {
            for step in batch["next_step"].as_string::<i32>().iter().flatten() {
                if !steps.iter().any(|known| known == step) {
                    steps.push(step.to_owned());
                }
            }
        }
        steps
    }

    /// Log files and records that could not be read.
    pub fn set_aside(&self) -> i64 {
        self.total("log_files_set_aside") + self.total("records_set_aside")
    }

    /// A non-compliant job is certain whatever else is unknown, so it comes first.
    pub fn exit_code(&self) -> ExitCode {
        if self.of(Verdict::NonCompliant) > 0 {
            ExitCode::NonCompliant
        } else if self.of(Verdict::Undetermined) > 0 || self.set_aside() > 0 || self.total("log_files") == 0 {
            ExitCode::CouldNotTell
        } else {
            ExitCode::Done
        }
    }

    /// The rows with one of some verdicts.
    pub fn shown(&self, verdicts: &[Verdict]) -> Answer {
        let is_shown = |batch: &RecordBatch| -> BooleanArray {
            let found = batch["verdict"].as_string::<i32>();
            found
                .iter()
                .map(|name| Some(name.and_then(Verdict::parse).is_some_and(|verdict| verdicts.contains(&verdict))))
                .collect()
        };
        let keep = |batch: &RecordBatch| filter_record_batch(batch, &is_shown(batch)).expect("one flag a row");
        Answer { schema: self.verdicts.schema.clone(), batches: self.verdicts.batches.iter().map(keep).collect() }
    }
}

/// The columns of verdict rows that people read; `job` is the job's name, or the end of its ARN where that is masked.
pub fn for_people(verdicts: &Answer) -> Answer {
    let batches: Vec<RecordBatch> = verdicts.batches.iter().map(columns_for_people).collect();
    let empty = || columns_for_people(&RecordBatch::new_empty(verdicts.schema.clone())).schema();
    Answer { schema: batches.first().map_or_else(empty, RecordBatch::schema), batches }
}

fn columns_for_people(batch: &RecordBatch) -> RecordBatch {
    let columns = READ_BY_PEOPLE.map(|name| {
        let column: ArrayRef = if name == "job" { Arc::new(job_names(batch)) } else { batch[name].clone() };
        (name, column, true)
    });
    RecordBatch::try_from_iter_with_nullable(columns).expect("the columns are of one batch")
}

fn job_names(batch: &RecordBatch) -> StringArray {
    let (names, arns) = (batch["job_name"].as_string::<i32>(), batch["job_arn"].as_string::<i32>());
    let id = |arn: &'_ str| format!(".../{}", arn.rsplit('/').next().unwrap_or(arn));
    names.iter().zip(arns).map(|(name, arn)| name.map(str::to_owned).or_else(|| arn.map(id))).collect()
}
