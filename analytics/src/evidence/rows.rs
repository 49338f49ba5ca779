//! Lines into rows.

use schemas::ids::Arn;
use schemas::tables::{EVIDENCE, EVIDENCE_FACTS, EVIDENCE_FILES};

use super::line::{Fact, Finding, Job, Json, LookedUp, Run, Stop, Unread, Waiver};
use super::{Contents, EvidenceFile};
use crate::table::{Row, TableBuilder};

/// Rows of the three tables, of as many objects as were added.
pub struct EvidenceTables {
    /// `evidence_files`
    pub files: TableBuilder,
    /// `evidence`
    pub findings: TableBuilder,
    /// `evidence_facts`
    pub facts: TableBuilder,
}

impl Default for EvidenceTables {
    fn default() -> Self {
        Self {
            files: TableBuilder::new(&EVIDENCE_FILES),
            findings: TableBuilder::new(&EVIDENCE),
            facts: TableBuilder::new(&EVIDENCE_FACTS),
        }
    }
}

impl EvidenceTables {
    /// Adds an object: a row for itself, and one for each line but that of its run. Of an object that was set aside only
    /// the first.
    pub fn add(&mut self, file: &EvidenceFile) {
        match &file.contents {
            Err(_) => (),
            Ok(Contents::Run { run, findings, facts }) => {
                findings.iter().for_each(|(line, finding)| self.finding(file, run, *line, finding));
                facts.iter().for_each(|(line, fact)| self.looked_up(file, run, *line, fact));
            }
            Ok(Contents::Stop { stop, text }) => self.stop(file, stop, text),
        }
        self.file(file);
    }

    /// Bytes of text so far: nearly all of the memory in use.
    pub fn text_bytes(&self) -> usize {
        self.files.text_bytes() + self.findings.text_bytes() + self.facts.text_bytes()
    }

    fn file(&mut self, file: &EvidenceFile) {
        let key = file.key.clone().unwrap_or_default();
        let (account, region) = (key.account().map(String::from), key.region().map(String::from));
        let row = self.files.row().text("evidence_file", &file.name).text("etag", &file.etag);
        let row = row.int("object_bytes", file.object_bytes).maybe_text("sha256", file.sha256.as_deref());
        let row = row.int("lines", file.lines);
        let row = match &file.contents {
            Err(why) => {
                let row = row.maybe_text("account_id", account).maybe_text("aws_region", region);
                let row = row.maybe_text("rule_name", key.rule_name).maybe_text("request_id", key.request_id);
                let row = row.int("findings", 0).int("facts", 0);
                row.text("set_aside_reason", format!("{}: {why}", why.reason()))
            }
            Ok(Contents::Run { run, findings, facts }) => {
                let row = of_run(row, run).text("rule_name", &run.rule_name).text("request_id", &run.request_id);
                let row = row.time("evaluated_at", run.evaluated_at).int("unread_lists", run.unread_lists.len());
                row.int("findings", findings.len()).int("facts", facts.len())
            }
            Ok(Contents::Stop { stop, .. }) => {
                let row = of_job(row, &stop.job).text("rule_name", super::STOP_NAME);
                row.maybe_text("request_id", key.request_id).int("findings", 0).int("facts", 1)
            }
        };
        row.end();
    }

    fn finding(&mut self, file: &EvidenceFile, run: &Run, line: u64, finding: &Finding) {
        let Finding { control, job, detail, verdict, reason, resources, unread: _, waiver } = finding;
        let row = of_run(self.findings.row(), run).time("evaluated_at", run.evaluated_at);
        let row = row.text("rule_name", &run.rule_name).text("control", control);
        let row = row.text("job_arn", &job.arn).text("job_name", &job.name).text("job_kind", job.kind.as_str());
        let row = row.text("job_status", &job.status).time("job_created_at", job.created_at);
        let row = row.maybe_time("job_ended_at", job.ended_at);
        let row = row.maybe_text("failure_message", job.failure_message.as_deref());
        let row = row.text("vpc_config_state", detail.vpc_config_state().as_str());
        let detail = detail.known();
        let network = detail.and_then(|detail| detail.vpc_config.as_ref());
        let row = row.maybe_text("subnet_ids", network.map(|network| network.subnet_ids.join(",")));
        let row = row.maybe_text("security_group_ids", network.map(|network| network.security_group_ids.join(",")));
        let row = row.maybe_text("role_arn", detail.and_then(|detail| detail.role_arn.as_deref()));
        let row = row.maybe_text("input_s3_uris", detail.map(|detail| detail.input_s3_uris.join(",")));
        let row = row.maybe_text("kms_key_id", detail.and_then(|detail| detail.customer_key.as_deref()));
        let row = row.text("verdict", verdict.as_str()).text("reason", reason);
        let row = set_waiver(row.text("resource_ids", resources.join(",")), waiver);
        row.text("evidence_file", &file.name).int("line", line).end();
    }

    fn looked_up(&mut self, file: &EvidenceFile, run: &Run, line: u64, looked_up: &LookedUp) {
        let row = of_run(self.facts.row(), run).time("evaluated_at", run.evaluated_at);
        let row = row.text("record", looked_up.record.as_str()).text("of", looked_up.of.plain());
        let row = match &looked_up.fact {
            Fact::Known(value) => row.text("state", "known").text("value", Json::as_str(value)),
            Fact::Absent => row.text("state", "absent"),
            Fact::Unreadable(Unread { action, resource, cause }) => {
                row.text("state", "unreadable").text("value", format!("{action} on {resource}: {cause}"))
            }
        };
        row.text("evidence_file", &file.name).int("line", line).end();
    }

    fn stop(&mut self, file: &EvidenceFile, stop: &Stop, text: &str) {
        let row = of_job(self.facts.row(), &stop.job).text("record", "stop").text("of", &stop.job.arn);
        let row = row.text("state", &stop.outcome).text("value", text);
        row.text("evidence_file", &file.name).int("line", 1).end();
    }
}

fn of_run<'a>(row: Row<'a>, run: &Run) -> Row<'a> {
    row.text("account_id", run.account_id.as_str()).text("aws_region", run.aws_region.as_str())
}

fn of_job<'a>(row: Row<'a>, job: &Job) -> Row<'a> {
    let (account_id, aws_region) = Arn::parse(&job.arn).map(|arn| (arn.account, arn.region)).unwrap_or_default();
    row.text("account_id", account_id).text("aws_region", aws_region)
}

fn set_waiver<'a>(row: Row<'a>, waiver: &Waiver) -> Row<'a> {
    let row = row.text("waiver_state", waiver.state());
    match waiver {
        Waiver::No => row,
        Waiver::Yes(terms) | Waiver::Expired(terms) => row
            .text("waiver_owner", &terms.owner)
            .text("waiver_reason", &terms.reason)
            .text("waiver_last_day", terms.last_day.to_string()),
        Waiver::Malformed(wrong) => row.text("waiver_reason", wrong),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Array, AsArray, RecordBatch};
    use arrow::compute::cast;
    use arrow::datatypes::DataType;
    use schemas::control::Verdict;

    use super::*;
    use crate::evidence::line::{LookedUpKind, Terms};
    use crate::evidence::{Limits, SetAside, cases, read};
    use crate::trail::evidence::{json_of, run_evidence, stop_evidence};

    fn tables(files: &[EvidenceFile]) -> [RecordBatch; 3] {
        let mut tables = EvidenceTables::default();
        files.iter().for_each(|file| tables.add(file));
        assert!(tables.text_bytes() > 0);
        [tables.files.finish(), tables.findings.finish(), tables.facts.finish()]
    }

    /// A column as text; null is `-`.
    fn shown(batch: &RecordBatch, column: &str) -> Vec<String> {
        let column = match batch[column].data_type() {
            DataType::Timestamp(..) => cast(&batch[column], &DataType::Int64).expect("a time is a number"),
            _ => Arc::clone(&batch[column]),
        };
        let column = cast(&column, &DataType::Utf8).expect("text of it");
        let column = column.as_string::<i32>();
        (0..column.len()).map(|row| if column.is_null(row) { "-" } else { column.value(row) }.to_owned()).collect()
    }

    #[test]
    fn a_run_becomes_one_row_a_finding_and_one_a_fact() {
        let last_day = "2026-06-30".parse().expect("a day");
        let terms = Terms { owner: "ann".to_owned(), reason: "pilot".to_owned(), last_day };
        let findings = [
            cases::finding("a"),
            cases::bad_finding("b", Verdict::NonCompliant, Waiver::Malformed("it has no owner".to_owned())),
            cases::bad_finding("c", Verdict::NotApplicable, Waiver::Yes(terms)),
        ];
        let facts = [
            cases::group_seen(&cases::group()),
            LookedUp { record: LookedUpKind::Vpc, of: json_of(&"vpc-1"), fact: Fact::Absent },
            LookedUp { record: LookedUpKind::RoleDenials, of: json_of(&vec![1]), fact: Fact::Unreadable(unread()) },
        ];
        let file = run_evidence("", &cases::run(), &findings, &facts);
        let [files, findings, facts] = tables(&[read(&file.key, "e", &file.bytes, Limits::default())]);
        assert_eq!([shown(&files, "lines"), shown(&files, "findings"), shown(&files, "facts")], [["7"], ["3"], ["3"]]);
        let micros = cases::run().evaluated_at.timestamp_micros();
        assert_eq!(shown(&files, "evaluated_at"), [micros.to_string()]);
        assert_eq!(shown(&findings, "line"), ["2", "3", "4"]);
        assert_eq!(shown(&findings, "waiver_state"), ["no", "malformed", "yes"]);
        assert_eq!(shown(&findings, "waiver_reason"), ["-", "it has no owner", "pilot"]);
        assert_eq!(shown(&findings, "waiver_last_day"), ["-", "-", "2026-06-30"]);
        assert_eq!(shown(&findings, "vpc_config_state"), ["present", "absent", "absent"]);
        assert_eq!(shown(&findings, "security_group_ids"), [cases::GROUP, "-", "-"]);
        assert_eq!(shown(&facts, "of"), [cases::GROUP, "vpc-1", "[1]"]);
        assert_eq!(shown(&facts, "state"), ["known", "absent", "unreadable"]);
        assert_eq!(shown(&facts, "value")[1..], ["-", "ec2:X on y: denied"]);
        assert!(shown(&facts, "value")[0].contains("\"egress\":[{"));
    }

    fn unread() -> Unread {
        Unread { action: "ec2:X".to_owned(), resource: "y".to_owned(), cause: "denied".to_owned() }
    }

    #[test]
    fn a_stop_becomes_one_fact() {
        let at = cases::at("2026-03-01T09:30:00Z");
        let file = stop_evidence("", (cases::ACCOUNT, cases::REGION), at, cases::REQUEST, &cases::stop());
        let [files, findings, facts] = tables(&[read(&file.key, "e", &file.bytes, Limits::default())]);
        assert_eq!(
            [shown(&files, "rule_name"), shown(&files, "request_id")],
            [["stop-unprotected-job"], [cases::REQUEST]]
        );
        assert_eq!(
            [shown(&files, "lines"), shown(&files, "facts"), shown(&files, "evaluated_at")],
            [["1"], ["1"], ["-"]]
        );
        assert_eq!(
            [shown(&facts, "record"), shown(&facts, "state"), shown(&facts, "account_id")],
            [["stop"], ["stopped"], [cases::ACCOUNT]]
        );
        assert_eq!((findings.num_rows(), shown(&facts, "of")), (0, vec![cases::arn("a")]));
    }

    #[test]
    fn what_is_set_aside_leaves_one_row_that_says_why() {
        let file = run_evidence("", &cases::run(), &[cases::finding("a")], &[]);
        let cut = read(&file.key, "e", &file.bytes[..40], Limits::default());
        let gone = EvidenceFile::set_aside("x.jsonl.gz", "e", 7, SetAside::Unreadable { cause: "denied".to_owned() });
        let [files, findings, facts] = tables(&[cut, gone]);
        assert_eq!((files.num_rows(), findings.num_rows(), facts.num_rows()), (2, 0, 0));
        assert_eq!(shown(&files, "account_id"), [cases::ACCOUNT, "-"]);
        let why = shown(&files, "set_aside_reason");
        assert!(why[0].starts_with("bad_gzip: cannot be decompressed"), "{why:?}");
        assert_eq!(why[1], "unreadable: could not be read: denied; the next run tries it again");
        assert_eq!((shown(&files, "sha256")[0].len(), shown(&files, "sha256")[1].as_str()), (64, "-"));
    }
}
