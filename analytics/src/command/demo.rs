//! `bedrock-audit demo`

use std::fs;
use std::io;
use std::path::Path;

use super::report::Made;
use super::{Session, audit as audit_command, ingest as ingest_command, write_stdout};
use crate::audit::{Terms, audit, for_people};
use crate::cli::{Demo, ReportFormat};
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;
use crate::ingest::keep::Keep;
use crate::ingest::selection::Selection;
use crate::ingest::shard::Shard;
use crate::ingest::{self, IngestPlan};
use crate::query::Catalog;
use crate::query::render::{Format, render};
use crate::store::{Lake, Location};
use crate::trail::log_file::write_all;
use crate::trail::story::{Story, story};

/// Marks a folder as a demo's, so that nothing else is ever replaced.
const MARK: &str = ".bedrock-audit-demo";

pub async fn run(args: &Demo, session: &Session) -> Result<ExitCode> {
    let folder = &args.folder;
    let story = story();
    make_trail(folder, &story)
        .map_err(|cause| Error::Output { what: folder.display().to_string(), source: cause.into() })?;
    write_stdout(&told(folder, &story))?;
    let (trail, lake) = (folder.join("trail"), folder.join("lake"));
    let lake = read_trail(session, &trail, &lake).await?;
    let engine = session.engine(&lake).await?;
    let terms = Terms { as_of: Some(story.as_of), is_strict: false, mandatory_tags: Vec::new(), now: session.now };
    let catalog = Catalog::load()?;
    let report = audit(&engine, &catalog, terms).await?;
    write_stdout("\n")?;
    render(&for_people(&report.verdicts), Format::Table, &mut io::stdout().lock())?;
    write_stdout("\n")?;
    write_stdout(&audit_command::summary(&report, lake.location())?)?;
    let page = folder.join("report.html");
    let made =
        Made { format: ReportFormat::Html, report: &report, engine: &engine, catalog: &catalog, lake: lake.location() };
    made.write_beside_csv(&page).await?;
    write_stdout(&format!("\nThe same as a page, with a timeline of each job: {}\n", page.display()))?;
    write_stdout(&what_next(lake.location()))?;
    Ok(ExitCode::Done)
}

fn make_trail(folder: &Path, story: &Story) -> io::Result<()> {
    let mark = folder.join(MARK);
    let is_ours = mark.exists();
    if !is_ours && fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(io::Error::other("the folder is not empty and no demo's; give another with --folder"));
    }
    fs::create_dir_all(folder)?;
    fs::write(&mark, "made by bedrock-audit demo; replaced by the next\n")?;
    for below in ["trail", "lake"] {
        if folder.join(below).exists() {
            fs::remove_dir_all(folder.join(below))?;
        }
    }
    write_all(&folder.join("trail"), &story.files)
}

async fn read_trail(session: &Session, trail: &Path, lake: &Path) -> Result<Lake> {
    let lake = session.stores.new_lake(&Location::Folder(lake.to_owned())).await?;
    let source = session.stores.source(&Location::Folder(trail.to_owned())).await?;
    let plan = IngestPlan {
        selection: Selection::default(),
        shard: Shard::default(),
        keep: Keep::Audit,
        workers: 2,
        memory_bytes: session.memory_bytes,
        orphan_age: std::time::Duration::ZERO,
    };
    let mut summary = ingest::ingest(vec![source], &lake, &plan, (None, session.now), &session.progress).await?;
    ingest_command::show(std::mem::take(&mut summary.notices));
    write_stdout(&ingest_command::account(&summary, lake.location()))?;
    Ok(lake)
}

fn told(folder: &Path, story: &Story) -> String {
    let jobs: Vec<String> = story.jobs.iter().map(|job| format!("  {:24}  {}\n", job.name, job.told)).collect();
    let trail = folder.join("trail");
    format!(
        "A trail of {} files with known stories is in {}:\n{}\nReading it into the lake:\n",
        story.files.len(),
        trail.display(),
        jobs.concat()
    )
}

/// A job whose group was deleted.
const EXPLAINED: &str = "support-triage-v2";

fn what_next(lake: &str) -> String {
    let job = EXPLAINED;
    format!(
        "
What to try next:
  bedrock-audit query jobs_with_deleted_security_groups --lake {lake}
  bedrock-audit explain {job} --lake {lake}
  bedrock-audit audit --as-of 2026-02-11 --lake {lake}
  bedrock-audit query --list
  bedrock-audit query --sql 'select event_name, count(*) as n from events group by event_name order by n desc' --lake {lake}
On your own trail:
  bedrock-audit ingest s3://YOUR-TRAIL-BUCKET --from 90d --lake ./lake && bedrock-audit audit --lake ./lake
"
    )
}
