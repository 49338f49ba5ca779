//! Answers as text: for people, for programs, for spreadsheets.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use comfy_table::{ContentArrangement, Table, presets};
use parquet::arrow::ArrowWriter;

use super::engine::Answer;
use crate::error::{Cause, Error, Result};
use crate::report::html::escape::is_unseen;

/// A format of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Columns side by side, for people.
    Table,
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
}

/// Writes an answer.
pub fn render(answer: &Answer, format: Format, out: &mut dyn Write) -> Result<()> {
    let written = match format {
        Format::Table => write_table(answer, out),
        Format::Json => write_json(answer, out),
        Format::Ndjson => write_ndjson(answer, out),
        Format::Csv => write_csv(answer, out),
        Format::Markdown => write_markdown(answer, out),
        Format::Parquet => write_parquet(answer, out),
    };
    written.map_err(|source| Error::Output { what: "the answer".to_owned(), source })
}

type Written = std::result::Result<(), Cause>;

/// The texts of every row, null as `null_text`.
pub fn texts(answer: &Answer, null_text: &'static str) -> std::result::Result<Vec<Vec<String>>, Cause> {
    let options = FormatOptions::default().with_null(null_text).with_timestamp_tz_format(Some("%Y-%m-%dT%H:%M:%S%.fZ"));
    let mut rows = Vec::with_capacity(answer.rows());
    for batch in &answer.batches {
        let columns = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
            .collect::<std::result::Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            rows.push(columns.iter().map(|column| column.value(row).to_string()).collect());
        }
    }
    Ok(rows)
}

fn names(answer: &Answer) -> Vec<&str> {
    answer.schema.fields().iter().map(|field| field.name().as_str()).collect()
}

fn write_table(answer: &Answer, out: &mut dyn Write) -> Written {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(names(answer));
    if let Some(width) = terminal_width() {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    for row in texts(answer, "-")? {
        table.add_row(row.iter().map(|cell| visible(cell)));
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// The width to fit tables into; none when the output is not a terminal.
fn terminal_width() -> Option<u16> {
    use std::io::IsTerminal;
    std::io::stdout().is_terminal().then(terminal_size::terminal_size).flatten().map(|(width, _)| width.0)
}

/// A text in which nothing is obeyed by a terminal, turns the direction of writing, or is there without being seen.
pub fn visible(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, c| {
        if is_unseen(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
        shown
    })
}

/// The same of a text of several lines.
pub fn visible_lines(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

fn write_json(answer: &Answer, out: &mut dyn Write) -> Written {
    let mut lines = Vec::new();
    write_ndjson(answer, &mut lines)?;
    let objects: Vec<&str> = std::str::from_utf8(&lines)?.lines().collect();
    match objects.as_slice() {
        [] => writeln!(out, "[]")?,
        objects => writeln!(out, "[\n  {}\n]", objects.join(",\n  "))?,
    }
    Ok(())
}

fn write_ndjson(answer: &Answer, out: &mut dyn Write) -> Written {
    let builder = arrow::json::WriterBuilder::new().with_explicit_nulls(true);
    let mut writer = builder.build::<_, arrow::json::writer::LineDelimited>(out);
    writer.write_batches(&answer.batches.iter().collect::<Vec<_>>())?;
    Ok(writer.finish()?)
}

fn write_csv(answer: &Answer, out: &mut dyn Write) -> Written {
    let mut line = |cells: Vec<String>| writeln!(out, "{}\r", cells.join(","));
    line(names(answer).into_iter().map(csv_cell).collect())?;
    for row in texts(answer, "")? {
        line(row.iter().map(|cell| csv_cell(cell)).collect())?;
    }
    Ok(())
}

/// A cell that no spreadsheet takes for a formula: an apostrophe goes before what could start one.
fn csv_cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

fn write_markdown(answer: &Answer, out: &mut dyn Write) -> Written {
    let names = names(answer);
    writeln!(out, "| {} |\n|{}", names.join(" | "), " --- |".repeat(names.len()))?;
    for row in texts(answer, "")? {
        let cells: Vec<String> = row.iter().map(|cell| visible(cell).replace('|', "\\|")).collect();
        writeln!(out, "| {} |", cells.join(" | "))?;
    }
    Ok(())
}

fn write_parquet(answer: &Answer, out: &mut dyn Write) -> Written {
    let mut writer = ArrowWriter::try_new(Vec::new(), answer.schema.clone(), None)?;
    for batch in &answer.batches {
        // A plan may promise nulls where none can be, or the other way round; the columns are the same.
        writer.write(&RecordBatch::try_new(answer.schema.clone(), batch.columns().to_vec())?)?;
    }
    Ok(out.write_all(&writer.into_inner()?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, StringArray, TimestampMicrosecondArray};
    use std::sync::Arc;

    fn answer(texts: Vec<Option<&str>>) -> Answer {
        let times = TimestampMicrosecondArray::from(vec![1_700_000_000_000_000; texts.len()]).with_timezone("UTC");
        let columns: [(&str, ArrayRef); 2] = [("at", Arc::new(times)), ("text", Arc::new(StringArray::from(texts)))];
        let batch = RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true)))
            .expect("two columns");
        Answer { schema: batch.schema(), batches: vec![batch] }
    }

    fn rendered(answer: &Answer, format: Format) -> String {
        let mut out = Vec::new();
        render(answer, format, &mut out).expect("writing to memory");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn every_text_format_says_the_same() {
        let answer = answer(vec![Some("a"), None]);
        assert_eq!(
            rendered(&answer, Format::Ndjson),
            "{\"at\":\"2023-11-14T22:13:20Z\",\"text\":\"a\"}\n{\"at\":\"2023-11-14T22:13:20Z\",\"text\":null}\n"
        );
        assert_eq!(rendered(&answer, Format::Csv), "at,text\r\n2023-11-14T22:13:20Z,a\r\n2023-11-14T22:13:20Z,\r\n");
        assert_eq!(
            rendered(&answer, Format::Markdown),
            "| at | text |\n| --- | --- |\n| 2023-11-14T22:13:20Z | a |\n| 2023-11-14T22:13:20Z |  |\n"
        );
        assert!(rendered(&answer, Format::Json).starts_with("[\n  {\"at\""));
        assert!(rendered(&answer, Format::Table).contains("2023-11-14T22:13:20Z"));
        let none = Answer { batches: Vec::new(), ..answer };
        assert_eq!(rendered(&none, Format::Json), "[]\n");
        assert_eq!(rendered(&none, Format::Csv), "at,text\r\n");
    }

    #[test]
    fn hostile_text_stays_text() {
        let answer = answer(vec![Some("=HYPERLINK(\"x\")"), Some("\u{1b}[31mred|\n"), Some("-5")]);
        let csv = rendered(&answer, Format::Csv);
        assert!(csv.contains("\"'=HYPERLINK(\"\"x\"\")\"") && csv.contains(",-5\r\n"), "{csv}");
        assert!(!rendered(&answer, Format::Table).contains('\u{1b}'));
        assert!(rendered(&answer, Format::Markdown).contains("\\u{1b}[31mred\\|\\n |"));
    }

    #[test]
    fn what_turns_the_direction_of_writing_or_is_not_seen_is_shown_to_people() {
        let answer = answer(vec![Some("gpj\u{202e}exe"), Some("a\u{200b}b\u{feff}c\u{e0041}"), Some("עברית 測試")]);
        for format in [Format::Table, Format::Markdown] {
            let shown = rendered(&answer, format);
            assert!(shown.contains("gpj\\u{202e}exe") && shown.contains("a\\u{200b}b\\u{feff}c\\u{e0041}"), "{shown}");
            assert!(shown.contains("עברית 測試"), "words of every script stay: {shown}");
        }
        // A program gets what the log says.
        assert!(rendered(&answer, Format::Ndjson).contains("gpj\u{202e}exe"));
        assert_eq!(visible_lines("a\u{1b}\nb"), "a\\u{1b}\nb");
    }
}
