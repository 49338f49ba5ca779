//! An object's bytes into lines, or why it is set aside.
//!
//! The unit is the object: it is read to its end, and to the check sum behind it, before any of it counts. So each line of
//! an object becomes a row, or is the line of its run, or the whole object is set aside.

use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use schemas::ids::Arn;
use schemas::job::JobKind;
use serde::Deserialize;

use super::damage::{short, start_of};
use super::line::{Fact, Finding, Job, LookedUp, LookedUpKind, Run, Stop};
use super::network::{SecurityGroup, Subnet, Vpc};
use super::{EVIDENCE_VERSION, EvidenceKey, SetAside};
use crate::sha256::sha256_hex;

/// What is read at most. Memory in use is a small multiple of `document_bytes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of an object as stored.
    pub object_bytes: u64,
    /// Bytes of its lines: those of a hundred thousand jobs, at about one kilobyte each.
    pub document_bytes: u64,
    /// Bytes of one line: the longest are the route tables of a VPC, which come to 9 MB at EC2's default quotas.
    pub line_bytes: u64,
    /// Lists and objects within each other; the deepest that the rule writes is seven.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { object_bytes: 32 << 20, document_bytes: 128 << 20, line_bytes: 16 << 20, depth: 64 }
    }
}

/// An evidence object, read or set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceFile {
    /// `s3://bucket/key`, or its path.
    pub name: String,
    /// Changes when the object does.
    pub etag: String,
    /// Bytes as stored.
    pub object_bytes: u64,
    /// SHA-256 of the object as stored, in hexadecimal; `None`: it could not be had.
    pub sha256: Option<String>,
    /// What its key says; `None`: nothing.
    pub key: Option<EvidenceKey>,
    /// Its lines; of one that was set aside, those up to the damage.
    pub lines: u64,
    /// What it holds.
    pub contents: Result<Contents, SetAside>,
}

/// What an object holds. Each line stands with its number, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contents {
    /// A run, which stands in the first line.
    Run {
        /// The run.
        run: Run,
        /// What it said of jobs.
        findings: Vec<(u64, Finding)>,
        /// What it looked up.
        facts: Vec<(u64, LookedUp)>,
    },
    /// A stop, which is all that its object holds.
    Stop {
        /// The stop.
        stop: Box<Stop>,
        /// The line as it stands.
        text: String,
    },
}

impl EvidenceFile {
    /// An object of which nothing was read: too large, or it could not be had.
    pub fn set_aside(name: &str, etag: &str, object_bytes: u64, why: SetAside) -> Self {
        Self {
            name: name.to_owned(),
            etag: etag.to_owned(),
            object_bytes,
            sha256: None,
            key: EvidenceKey::parse(name),
            lines: 0,
            contents: Err(why),
        }
    }
}

/// Reads an object. `name` is its place, `s3://bucket/key` or a path; it tells gzip from plain lines, and the account and
/// the Region in it must be those of the run.
pub fn read(name: &str, etag: &str, object: &[u8], limits: Limits) -> EvidenceFile {
    let bytes = object.len() as u64;
    let file = |lines, contents| EvidenceFile {
        lines,
        contents,
        sha256: Some(sha256_hex(object)),
        ..EvidenceFile::set_aside(name, etag, bytes, SetAside::Empty)
    };
    if bytes > limits.object_bytes {
        return file(0, Err(SetAside::ObjectTooLarge { bytes, limit: limits.object_bytes }));
    }
    let mut lines = match Lines::open(name, object, limits) {
        Ok(lines) => lines,
        Err(damage) => return file(0, Err(damage)),
    };
    let contents = contents(&mut lines, &EvidenceKey::parse(name).unwrap_or_default());
    file(lines.line, contents)
}

fn contents(lines: &mut Lines<'_>, key: &EvidenceKey) -> Result<Contents, SetAside> {
    let Some(line) = lines.next()? else { return Err(SetAside::Empty) };
    match line.record()?.as_ref() {
        "run" => {
            line.check_version()?;
            let run: Run = line.read("line of a run")?;
            check_place(line.number, key, run.account_id.as_str(), run.aws_region.as_str())?;
            run_contents(lines, run)
        }
        "stop" => {
            let (stop, text): (Stop, String) = (line.read("line of a stop")?, line.text()?.to_owned());
            let (number, arn) = (line.number, stop.job.arn.clone());
            let place = Arn::parse(&arn).map(|arn| (arn.account, arn.region)).unwrap_or_default();
            check_job(number, &stop.job, place)?;
            check_place(number, key, place.0, place.1)?;
            match lines.next()? {
                None => Ok(Contents::Stop { stop: Box::new(stop), text }),
                Some(more) => Err(more.misplaced("nothing more: an object of a stop has one line")),
            }
        }
        _ => Err(line.misplaced("the line of a run or of a stop")),
    }
}

fn run_contents(lines: &mut Lines<'_>, run: Run) -> Result<Contents, SetAside> {
    let (mut findings, mut facts) = (Vec::new(), Vec::new());
    while let Some(line) = lines.next()? {
        match line.record()?.as_ref() {
            "finding" => {
                let finding: Finding = line.read("finding")?;
                check_job(line.number, &finding.job, (run.account_id.as_str(), run.aws_region.as_str()))?;
                findings.push((line.number, finding));
            }
            "run" | "stop" => return Err(line.misplaced("a finding or something that was looked up")),
            sort if LookedUpKind::parse(sort).is_none() => {
                return Err(SetAside::UnknownRecord { line: line.number, found: start_of(sort.as_bytes()) });
            }
            _ => facts.push((line.number, line.looked_up()?)),
        }
    }
    Ok(Contents::Run { run, findings, facts })
}

fn check_place(line: u64, key: &EvidenceKey, account_id: &str, aws_region: &str) -> Result<(), SetAside> {
    let parts = [("account", account_id, &key.account_id), ("Region", aws_region, &key.aws_region)];
    for (what, in_line, in_key) in parts {
        if let Some(in_key) = in_key.as_deref().filter(|in_key| *in_key != in_line) {
            let (in_line, in_key) = (short(in_line), short(in_key));
            return Err(SetAside::OtherPlace { line, what, in_line, in_key });
        }
    }
    Ok(())
}

/// A run sees the jobs of one account and Region only.
fn check_job(line: u64, job: &Job, (account_id, aws_region): (&str, &str)) -> Result<(), SetAside> {
    let arn = Arn::parse(&job.arn).filter(|arn| arn.account == account_id && arn.region == aws_region);
    if arn.is_some() && JobKind::of_arn(&job.arn) == Some(job.kind) {
        return Ok(());
    }
    let (account_id, aws_region) = (short(account_id), short(aws_region));
    Err(SetAside::OtherJob { line, arn: short(&job.arn), account_id, aws_region })
}

/// The lines of an object as it is inflated.
struct Lines<'a> {
    source: Box<dyn BufRead + 'a>,
    limits: Limits,
    buffer: Vec<u8>,
    read: u64,
    line: u64,
}

impl<'a> Lines<'a> {
    fn open(name: &str, object: &'a [u8], limits: Limits) -> Result<Self, SetAside> {
        let source: Box<dyn BufRead + 'a> = match object {
            [] => return Err(SetAside::Empty),
            _ if !name.ends_with(".gz") => Box::new(object),
            [0x1f, 0x8b, ..] => Box::new(BufReader::new(MultiGzDecoder::new(object))),
            _ => return Err(SetAside::NotGzip { start: start_of(object) }),
        };
        Ok(Self { source, limits, buffer: Vec::new(), read: 0, line: 0 })
    }

    /// The next line, without its end; `None` at the sound end of the object.
    fn next(&mut self) -> Result<Option<Line<'_>>, SetAside> {
        let Limits { document_bytes, line_bytes, depth, .. } = self.limits;
        self.buffer.clear();
        // One byte more than fits, and the end of the line.
        let outcome = self.source.as_mut().take(line_bytes.saturating_add(2)).read_until(b'\n', &mut self.buffer);
        self.read += self.buffer.len() as u64;
        let cause = |cause: std::io::Error| SetAside::BadGzip { json_bytes: self.read, cause: cause.to_string() };
        if outcome.map_err(cause)? == 0 {
            return Ok(None);
        }
        self.line += 1;
        if self.buffer.last() == Some(&b'\n') {
            self.buffer.pop();
        }
        if self.buffer.len() as u64 > line_bytes {
            return Err(SetAside::LineTooLong { line: self.line, limit: line_bytes });
        }
        if self.read > document_bytes {
            return Err(SetAside::TooLarge { limit: document_bytes });
        }
        Ok(Some(Line { number: self.line, bytes: &self.buffer, depth }))
    }
}

/// One line.
#[derive(Clone, Copy)]
struct Line<'a> {
    number: u64,
    bytes: &'a [u8],
    depth: usize,
}

impl<'a> Line<'a> {
    fn bad(&self, expected: &'static str, cause: impl AsRef<str>) -> SetAside {
        SetAside::BadLine { line: self.number, expected, cause: short(cause.as_ref()) }
    }

    fn text(&self) -> Result<&'a str, SetAside> {
        std::str::from_utf8(self.bytes).map_err(|error| self.bad("text", error.to_string()))
    }

    fn read<T: Deserialize<'a>>(&self, expected: &'static str) -> Result<T, SetAside> {
        let text = self.text()?;
        if nesting(text) > self.depth {
            return Err(self.bad(expected, format!("its lists and objects are more than {} deep", self.depth)));
        }
        serde_json::from_str(text).map_err(|error| self.bad(expected, in_one_line(&error)))
    }

    /// What sort of line it is.
    fn record(&self) -> Result<Cow<'a, str>, SetAside> {
        #[derive(Deserialize)]
        struct Head<'a> {
            #[serde(borrow)]
            record: Cow<'a, str>,
        }
        if self.bytes.trim_ascii().is_empty() {
            return Err(self.bad("line of evidence", "it is empty"));
        }
        Ok(self.read::<Head<'_>>("line of evidence")?.record)
    }

    fn check_version(&self) -> Result<(), SetAside> {
        #[derive(Deserialize)]
        struct Form {
            version: u64,
        }
        match self.read::<Form>("line of a run")?.version {
            1..=EVIDENCE_VERSION => Ok(()),
            0 => Err(self.bad("line of a run", "its version is 0; expected 1")),
            found => Err(SetAside::NewerVersion { line: self.number, found }),
        }
    }

    /// Something that was looked up. What the history is made of must have its form.
    fn looked_up(&self) -> Result<LookedUp, SetAside> {
        let line: LookedUp = self.read("thing that was looked up")?;
        let Fact::Known(value) = &line.fact else { return Ok(line) };
        let id = match line.record {
            LookedUpKind::SecurityGroup => Some(value.read::<SecurityGroup>().map(|group| group.id)),
            LookedUpKind::Subnet => Some(value.read::<Subnet>().map(|subnet| subnet.id)),
            LookedUpKind::Vpc => Some(value.read::<Vpc>().map(|vpc| vpc.id)),
            _ => None,
        };
        let id = id.transpose().map_err(|error| self.bad(line.record.as_str(), in_one_line(&error)))?;
        match id {
            Some(id) if id != line.of.plain() => {
                Err(self.bad(line.record.as_str(), format!("it is of {} and tells {id:?}", line.of.as_str())))
            }
            _ => Ok(line),
        }
    }

    fn misplaced(&self, expected: &'static str) -> SetAside {
        let found = self
            .record()
            .map_or_else(|_| "something else".to_owned(), |sort| format!("a {}", start_of(sort.as_bytes())));
        SetAside::Misplaced { line: self.number, found, expected }
    }
}

/// An error of JSON without its line, which is always the first.
fn in_one_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((cause, _)) => format!("{cause} (column {})", error.column()),
        None => text,
    }
}

/// How deep lists and objects stand within each other, in text that may be no JSON.
fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut is_escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => (),
        }
        deepest = deepest.max(depth);
    }
    deepest
}

#[cfg(test)]
mod tests;
