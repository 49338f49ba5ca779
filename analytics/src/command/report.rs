//! `bedrock-audit report`

use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::{Session, audit as audit_command, report_pack, write_stdout};
use crate::audit::{self, audit};
use crate::cli::{Report, ReportFormat};
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;
use crate::query::render::{Format, render};
use crate::query::{Catalog, Engine, prices};
use crate::report::{formats, html, read};

pub async fn run(args: &Report, session: &Session) -> Result<ExitCode> {
    let terms = args.terms(session.now)?;
    let pack = args.pack.as_deref().map(|folder| report_pack::plan(folder, args)).transpose()?;
    let prices = args.prices.as_deref().map(prices::read).transpose()?;
    let lake = session.lake(&args.lake).await?;
    let engine = session.engine(&lake).await?.with_prices(prices)?;
    let catalog = Catalog::load()?;
    let report = audit(&engine, &catalog, terms).await?;
    let summary = audit_command::summary(&report, lake.location())?;
    let mut told = summary.as_str();
    if let Some(format) = args.output {
        let made = Made { format, report: &report, engine: &engine, catalog: &catalog, lake: lake.location() };
        match &args.out {
            Some(path) => {
                write_stdout(&format!("{summary}\n"))?;
                made.write_beside_csv(path).await?;
                write_stdout(&format!("{}\n", path.display()))?;
            }
            None => {
                made.write(None, &mut io::stdout().lock()).await?;
                eprint!("{summary}");
            }
        }
        told = "";
    }
    if let Some(pack) = pack {
        if !told.is_empty() {
            write_stdout(&format!("{told}\n"))?;
        }
        report_pack::write(pack, session, (&engine, &catalog), &report).await?;
    }
    Ok(report.exit_code())
}

/// A report in the making.
pub struct Made<'a> {
    pub format: ReportFormat,
    pub report: &'a audit::Report,
    pub engine: &'a Engine,
    pub catalog: &'a Catalog,
    pub lake: &'a str,
}

impl Made<'_> {
    /// Writes a file; beside a page, the whole list too, since the page summarises what is compliant.
    pub async fn write_beside_csv(&self, path: &Path) -> Result<()> {
        let csv = (self.format == ReportFormat::Html && !is_stream(path)).then(|| path.with_extension("csv"));
        if let Some(csv) = &csv {
            let mut rows = Vec::new();
            render(&self.report.verdicts, Format::Csv, &mut rows)?;
            replace(csv, &rows)?;
        }
        let csv = csv.and_then(|csv| Some(csv.file_name()?.to_string_lossy().into_owned()));
        let mut bytes = Vec::new();
        self.write(csv, &mut bytes).await?;
        replace(path, &bytes)
    }

    async fn write(&self, csv_file: Option<String>, out: &mut dyn Write) -> Result<()> {
        let failed = |cause: io::Error| Error::Output { what: "the report".to_owned(), source: cause.into() };
        if let Some(format) = self.format.of_rows() {
            return render(&self.report.verdicts, format, out);
        }
        if self.format == ReportFormat::Html {
            let input = read::input(self.engine, self.catalog, self.report, self.lake, csv_file).await?;
            return out.write_all(html::render(&input).as_bytes()).map_err(failed);
        }
        let (findings, terms) = (read::findings(&self.report.verdicts)?, read::terms(self.report, self.lake));
        let mut out = BufWriter::new(out);
        let written = match self.format {
            ReportFormat::Asff => formats::asff::write(&findings, &terms, &mut out),
            ReportFormat::Oscal => formats::oscal::write(&findings, &terms, &mut out),
            ReportFormat::Junit => formats::junit::write(&findings, &terms, &mut out),
            _ => formats::ocsf::write(&findings, &terms, &mut out),
        };
        written.and_then(|()| out.flush()).map_err(failed)
    }
}

/// A pipe or a device, which is written into and never replaced; what stands below `/dev` leads to one, or to a stream of ours.
fn is_stream(path: &Path) -> bool {
    path.starts_with("/dev") || fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// Writes a file that has its name only once it is whole. A link in its place is replaced, not followed.
fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |source: io::Error| Error::Output { what: path.display().to_string(), source: source.into() };
    if is_stream(path) {
        return OpenOptions::new().write(true).open(path).and_then(|mut out| out.write_all(bytes)).map_err(failed);
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    let unfinished = path.with_file_name(name);
    // Of a run that was killed; or a link, which would be followed.
    let cleared = match fs::remove_file(&unfinished) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
        _ => Ok(()),
    };
    let made = cleared.and_then(|()| OpenOptions::new().write(true).create_new(true).open(&unfinished));
    let written = made.and_then(|mut file| file.write_all(bytes));
    written.and_then(|()| fs::rename(&unfinished, path)).map_err(failed)
}
