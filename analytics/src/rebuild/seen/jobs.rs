//! Jobs as runs of the rule saw them.
//!
//! A state is entered once: the same status seen again, by a later run or for another control, adds nothing, and neither
//! does one that a record shows already. A run reads a job after the instant that its evidence carries, and two runs of
//! one instant may read it in either order, so what is seen of a job after its end, as if it still ran, counts for nothing.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use arrow::array::RecordBatch;
use chrono::{DateTime, Utc};

use super::Rows;
use crate::evidence::line::FINISHED;
use crate::rebuild::event::Scope;
use crate::table::{Row, TableBuilder};

/// The rows that [`JobsSeen::take`] takes.
pub const SQL: &str = "select account_id, aws_region, evaluated_at, job_arn, job_kind, job_status, job_ended_at, \
     subnet_ids, security_group_ids, evidence_file, line from evidence order by evaluated_at, evidence_file, line";

/// The source of what it writes.
pub const SOURCE: &str = "rule_evidence";

/// Folds `evidence` into `job_states` and `job_network`.
#[derive(Default)]
pub struct JobsSeen {
    shown: HashSet<(String, String)>,
    jobs: BTreeMap<String, JobSeen>,
}

struct JobSeen {
    scope: Scope,
    kind: String,
    states: BTreeMap<String, StateSeen>,
    /// By kind of resource and id.
    network: BTreeMap<(&'static str, String), Sight>,
}

struct StateSeen {
    first: Sight,
    ended_at: Option<DateTime<Utc>>,
}

/// Where something was first seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Sight {
    at: DateTime<Utc>,
    evidence_file: String,
    line: i64,
}

impl Sight {
    fn of(rows: &Rows<'_>, row: usize) -> Option<Self> {
        let at = rows.time("evaluated_at", row)?;
        Some(Self { at, evidence_file: rows.must("evidence_file", row).to_owned(), line: rows.int("line", row) })
    }

    fn cite<'a>(&self, row: Row<'a>) -> Row<'a> {
        row.text("log_file", &self.evidence_file).int("record_index", self.line)
    }
}

impl JobsSeen {
    /// Learns that a record shows a state of a job. Comes before [`JobsSeen::finish`], in any order.
    pub fn shown_by_record(&mut self, job_arn: &str, state: &str) {
        self.shown.insert((job_arn.to_owned(), state.to_owned()));
    }

    /// Takes in rows of [`SQL`].
    pub fn take(&mut self, batch: &RecordBatch) {
        let rows = Rows(batch);
        for row in 0..batch.num_rows() {
            let (Some(arn), Some(sight)) = (rows.text("job_arn", row), Sight::of(&rows, row)) else { continue };
            let job = self.jobs.entry(arn.to_owned()).or_insert_with(|| JobSeen {
                scope: rows.scope(row),
                kind: rows.must("job_kind", row).to_owned(),
                states: BTreeMap::new(),
                network: BTreeMap::new(),
            });
            job.see(rows.must("job_status", row), rows.time("job_ended_at", row), &sight);
            for (kind, column) in [("security_group", "security_group_ids"), ("subnet", "subnet_ids")] {
                let ids = rows.text(column, row).into_iter().flat_map(|ids| ids.split(',')).filter(|id| !id.is_empty());
                ids.for_each(|id| job.names(kind, id, &sight));
            }
        }
    }

    /// Writes the states, in the order of time, and the network, in the order of jobs.
    pub fn finish(self, states: &mut TableBuilder, network: &mut TableBuilder) {
        let mut entered = BTreeSet::new();
        for (arn, job) in &self.jobs {
            entered.extend(job.entered().map(|(state, at, sight)| (at, arn, state, sight)));
        }
        for (at, arn, state, sight) in entered {
            if self.shown.contains(&(arn.clone(), state.to_owned())) {
                continue;
            }
            let job = &self.jobs[arn];
            let row = job.begin(states, arn).text("job_identifier", arn).text("job_kind", &job.kind);
            sight.cite(row.text("state", state).time("entered_at", at).text("source", SOURCE)).end();
        }
        for (arn, job) in &self.jobs {
            for ((kind, id), sight) in &job.network {
                let row = job.begin(network, arn).text("job_key", arn).text("resource_kind", kind);
                let row = row.text("resource_id", id).text("source", SOURCE).time("seen_at", sight.at);
                sight.cite(row).end();
            }
        }
    }
}

impl JobSeen {
    fn see(&mut self, status: &str, ended_at: Option<DateTime<Utc>>, sight: &Sight) {
        if !is_finished(status) && self.states.keys().any(|state| is_finished(state)) {
            return;
        }
        if !self.states.contains_key(status) {
            self.states.insert(status.to_owned(), StateSeen { first: sight.clone(), ended_at: None });
        }
        if let Some(state) = self.states.get_mut(status).filter(|state| state.ended_at.is_none()) {
            state.ended_at = ended_at.filter(|_| is_finished(status));
        }
    }

    fn names(&mut self, kind: &'static str, id: &str, sight: &Sight) {
        self.network.entry((kind, id.to_owned())).or_insert_with(|| sight.clone());
    }

    /// Each state, when it was entered, and where it was first seen.
    fn entered(&self) -> impl Iterator<Item = (&str, DateTime<Utc>, &Sight)> {
        let end = self.states.values().filter_map(|state| state.ended_at).min();
        self.states.iter().filter_map(move |(name, StateSeen { first, ended_at })| {
            let is_of_the_past = end.is_some_and(|end| !is_finished(name) && first.at >= end);
            (!is_of_the_past).then(|| (name.as_str(), ended_at.unwrap_or(first.at), first))
        })
    }

    fn begin<'a>(&self, rows: &'a mut TableBuilder, arn: &str) -> Row<'a> {
        let row = rows.row().text("account_id", &self.scope.account_id).text("aws_region", &self.scope.aws_region);
        row.text("job_arn", arn)
    }
}

fn is_finished(status: &str) -> bool {
    FINISHED.contains(&status)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};
    use schemas::tables::{JOB_NETWORK, JOB_STATES};

    use super::*;
    use crate::evidence::line::{Finding, Job};
    use crate::evidence::{EvidenceTables, Limits, cases, read};
    use crate::trail::evidence::run_evidence;

    /// One run a minute; each sees jobs by id, in a status, with an end.
    fn fold(runs: &[&[(&str, &str, Option<&str>)]], shown: &[(&str, &str)]) -> [RecordBatch; 2] {
        let mut seen = JobsSeen::default();
        for (minute, jobs) in runs.iter().enumerate() {
            let evaluated_at = cases::at(&format!("2026-03-01T10:{minute:02}:00Z"));
            let finding = |(id, status, end): &(&str, &str, Option<&str>)| {
                let ended_at = end.map(|time| cases::at(&format!("2026-03-01T{time}Z")));
                let job = Job { status: (*status).to_owned(), ended_at, ..cases::job(id) };
                Finding { job, ..cases::finding(id) }
            };
            let findings: Vec<Finding> = jobs.iter().map(finding).collect();
            let run = crate::evidence::line::Run { evaluated_at, ..cases::run() };
            let file = run_evidence("", &run, &findings, &[]);
            let mut tables = EvidenceTables::default();
            tables.add(&read(&file.key, "", &file.bytes, Limits::default()));
            seen.take(&tables.findings.finish());
        }
        shown.iter().for_each(|(id, state)| seen.shown_by_record(&cases::arn(id), state));
        let (mut states, mut network) = (TableBuilder::new(&JOB_STATES), TableBuilder::new(&JOB_NETWORK));
        seen.finish(&mut states, &mut network);
        [states.finish(), network.finish()]
    }

    fn check(runs: &[&[(&str, &str, Option<&str>)]], shown: &[(&str, &str)], expected: &[&str]) {
        let [states, _] = fold(runs, shown);
        let rows = Rows(&states);
        let line = |row: usize| {
            let id = rows.must("job_arn", row).rsplit('/').next().unwrap_or_default();
            let at = rows.time("entered_at", row).expect("a time").format("%H:%M:%S");
            assert!(states["event_id"].is_null(row) && states["who"].is_null(row));
            assert_eq!((rows.must("source", row), rows.must("account_id", row)), (SOURCE, cases::ACCOUNT));
            format!("{id} {} {at} line {}", rows.must("state", row), rows.int("record_index", row))
        };
        assert_eq!((0..states.num_rows()).map(line).collect::<Vec<_>>(), expected, "{runs:?}");
    }

    #[test]
    fn a_state_is_entered_once_and_an_end_when_it_was() {
        let done = Some("10:00:40");
        check(
            &[&[("a", "InProgress", None)], &[("a", "InProgress", None)], &[("a", "Completed", done)]],
            &[],
            &["a InProgress 10:00:00 line 2", "a Completed 10:00:40 line 2"],
        );
        // Two controls in one run, then another run.
        check(
            &[&[("a", "Failed", done), ("a", "Failed", done)], &[("a", "Failed", done)]],
            &[],
            &["a Failed 10:00:40 line 2"],
        );
        // The end comes to be known later.
        check(&[&[("a", "Failed", None)], &[("a", "Failed", done)]], &[], &["a Failed 10:00:40 line 2"]);
        check(&[&[("a", "Expired", None)]], &[], &["a Expired 10:00:00 line 2"]);
        // A job that runs has no end, whatever a line says.
        check(&[&[("a", "InProgress", done)]], &[], &["a InProgress 10:00:00 line 2"]);
    }

    #[test]
    fn what_a_record_shows_is_not_repeated() {
        check(
            &[&[("a", "InProgress", None), ("b", "InProgress", None)], &[("a", "Stopping", None)]],
            &[("a", "InProgress"), ("a", "Stopping")],
            &["b InProgress 10:00:00 line 3"],
        );
    }

    #[test]
    fn what_is_seen_after_the_end_counts_for_nothing() {
        let done = Some("10:00:40");
        check(&[&[("a", "Completed", done)], &[("a", "InProgress", None)]], &[], &["a Completed 10:00:40 line 2"]);
        check(&[&[], &[("a", "Stopping", None)], &[("a", "Stopped", done)]], &[], &["a Stopped 10:00:40 line 2"]);
        // Two ends contradict each other, and both are shown.
        check(
            &[&[("a", "Completed", done)], &[("a", "Failed", None)]],
            &[],
            &["a Completed 10:00:40 line 2", "a Failed 10:01:00 line 2"],
        );
    }

    #[test]
    fn the_network_of_a_job_is_named_once() {
        let [_, network] =
            fold(&[&[("a", "InProgress", None)], &[("a", "InProgress", None), ("b", "Failed", None)]], &[]);
        let rows = Rows(&network);
        let ids: Vec<&str> = network["resource_id"].as_string::<i32>().iter().flatten().collect();
        assert_eq!(ids, [cases::GROUP, cases::SUBNET, cases::GROUP, cases::SUBNET]);
        assert_eq!(
            (rows.must("job_key", 0), rows.must("resource_kind", 0)),
            (cases::arn("a").as_str(), "security_group")
        );
        assert_eq!(rows.time("seen_at", 1), Some(cases::at("2026-03-01T10:00:00Z")));
    }
}
