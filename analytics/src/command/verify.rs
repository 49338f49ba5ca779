//! `bedrock-audit verify`: whether digest files and log files are as CloudTrail delivered them.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};

use super::{Session, write_stdout};
use crate::cli::Verify;
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;
use crate::query::Answer;
use crate::query::render::{Format, render};
use crate::store::Location;
use crate::verification::{Verification, verify};
use crate::verify::{Attestation, ChainReport, DigestStatus};

/// One thing that was checked.
struct Row {
    kind: &'static str,
    state: &'static str,
    object: String,
    reason: String,
    digest: Option<String>,
}

pub async fn run(args: &Verify, session: &Session) -> Result<ExitCode> {
    if super::verify_pack::is_pack(&args.source) {
        return super::verify_pack::run(args, session.memory_bytes);
    }
    let plan = args.check(session.now)?;
    let location = Location::parse(&args.source)?;
    let keys = session.keys(&args.public_keys, std::slice::from_ref(&location))?.ok_or_else(|| {
        let expected = "expected --public-keys FILE, since a folder does not tell whose keys to ask CloudTrail for";
        Error::Misused(format!("verify {}: {expected}", args.source))
    })?;
    let source = session.stores.source(&location).await?;
    let bucket = source.bucket().map(str::to_owned);
    let verification = verify(source, &plan, &keys, session.now, &session.progress).await?;
    for failure in &verification.without_keys {
        eprintln!("bedrock-audit: failed to {failure}");
    }
    let rows = rows(&verification, bucket.as_deref());
    let shown: Vec<&Row> = rows.iter().filter(|row| args.all || !is_good(row)).collect();
    let mut out = std::io::stdout().lock();
    render(&answer(&shown), args.output, &mut out)?;
    drop(out);
    let summary = summary(&rows, &args.source);
    if args.output == Format::Table {
        write_stdout(&format!("\n{summary}"))?;
    } else {
        eprint!("{summary}");
    }
    Ok(exit_code(&rows))
}

fn is_good(row: &Row) -> bool {
    row.state == DigestStatus::Valid.as_str() || row.state == Attestation::Attested.as_str()
}

/// What was changed, forged or removed is certain; what nothing vouches for could not be told.
fn exit_code(rows: &[Row]) -> ExitCode {
    let is_bad = |row: &Row| ["invalid", "missing", "mismatch"].contains(&row.state);
    if rows.iter().any(is_bad) {
        ExitCode::NonCompliant
    } else if rows.is_empty() || !rows.iter().all(is_good) {
        ExitCode::CouldNotTell
    } else {
        ExitCode::Done
    }
}

fn rows(verification: &Verification, bucket: Option<&str>) -> Vec<Row> {
    let digests = verification.chains.iter().flat_map(|chain| digest_rows(chain, bucket));
    let log_files = verification.log_files.iter().map(|file| Row {
        kind: "log file",
        state: file.attestation.as_str(),
        object: file.log_file.clone(),
        reason: file.attestation.reason(),
        digest: file.digest.clone(),
    });
    digests.chain(log_files).collect()
}

fn digest_rows(chain: &ChainReport, bucket: Option<&str>) -> Vec<Row> {
    let place = |bucket: Option<&str>, key: &str| match bucket {
        Some(bucket) => format!("s3://{bucket}/{key}"),
        None => key.to_owned(),
    };
    let mut rows: Vec<Row> = Vec::new();
    for digest in &chain.verdicts {
        let foreign = match digest.foreign_log_files.first() {
            Some(first) => format!("; it lists log files of another account: {first}"),
            None => String::new(),
        };
        rows.push(Row {
            kind: "digest",
            state: digest.status.as_str(),
            object: place(digest.bucket.as_deref().or(bucket), &digest.key),
            reason: format!("{}{foreign}", digest.reason),
            digest: None,
        });
    }
    rows.extend(chain.gaps.iter().map(|gap| Row {
        kind: "gap",
        state: "gap",
        object: place(bucket, &gap.after),
        reason: gap.to_string(),
        digest: None,
    }));
    rows
}

fn answer(rows: &[&Row]) -> Answer {
    let texts = |of: &dyn Fn(&Row) -> Option<&str>| -> ArrayRef {
        Arc::new(rows.iter().map(|row| of(row)).collect::<StringArray>())
    };
    let columns: [(&str, ArrayRef); 5] = [
        ("kind", texts(&|row| Some(row.kind))),
        ("state", texts(&|row| Some(row.state))),
        ("object", texts(&|row| Some(&row.object))),
        ("reason", texts(&|row| Some(&row.reason))),
        ("digest_file", texts(&|row| row.digest.as_deref())),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true)));
    let batch = batch.expect("every column has one value a row");
    Answer { schema: batch.schema(), batches: vec![batch] }
}

fn summary(rows: &[Row], source: &str) -> String {
    let mut counts = BTreeMap::<(&str, &str), u64>::new();
    for row in rows {
        *counts.entry((row.kind, row.state)).or_default() += 1;
    }
    let of = |kind: &str| -> String {
        let some = counts.iter().filter(|((of, _), _)| *of == kind);
        let words: Vec<String> =
            some.map(|((_, state), count)| format!("{count} {}", state.replace('_', " "))).collect();
        if words.is_empty() { "none".to_owned() } else { words.join(", ") }
    };
    let gaps = counts.get(&("gap", "gap")).copied().unwrap_or_default();
    let mut text = format!("{source}\ndigest files: {}\nlog files: {}\n", of("digest"), of("log file"));
    if gaps > 0 {
        text += &format!("times without digests: {gaps}\n");
    }
    text
}
