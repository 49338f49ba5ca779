//! `bedrock-audit connect`

use std::collections::{BTreeMap, BTreeSet};

use schemas::tables::{INGEST_RUNS, INGESTED, Table};

use super::{Session, write_stdout};
use crate::cli::{Connect, Global};
use crate::connect::{Asked, Files, LakeState, statements};
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::query::Catalog;
use crate::rebuild::{fingerprint, rebuild_if_changed};
use crate::store::{Lake, Part};

pub async fn run(args: &Connect, session: &Session, global: &Global) -> Result<ExitCode> {
    let (location, place) = args.place()?;
    let catalog = Catalog::load()?;
    let question = args.question.as_deref().map(|name| catalog.find(name)).transpose()?;
    // A wrong parameter is told before anything is read.
    let values = match question {
        Some(question) => args.bindings(session.now)?.plain_values(question, session.now)?,
        None => Vec::new(),
    };
    let lake = session.stores.lake(&location).await?;
    let (committed, is_rebuilt) = rebuild_if_changed(&lake, session.memory_bytes).await?;
    if is_rebuilt {
        eprintln!("rebuilt the history of {}", lake.location());
    }
    let state = LakeState {
        place,
        s3: global.s3_options(),
        fingerprint: fingerprint(&committed),
        files: files(&lake, &committed).await?,
    };
    let asked = question.map(|question| Asked { question, values: &values });
    write_stdout(&statements(args.engine, &state, asked))?;
    if committed.is_empty() {
        eprintln!("bedrock-audit: the lake {} holds no log files, so no rows mean nothing", lake.location());
        return Ok(ExitCode::CouldNotTell);
    }
    Ok(ExitCode::Done)
}

async fn files(lake: &Lake, committed: &BTreeSet<String>) -> Result<BTreeMap<&'static str, Files>> {
    let mut files = BTreeMap::new();
    for table in INGESTED {
        let parts = lake.parts(table.name).await?;
        let counted = parts.iter().map(|part| (part.name(), counts(table, part, committed)));
        files.insert(table.name, Files::of(counted));
    }
    Ok(files)
}

/// Whether `query` sees a part.
fn counts(table: &Table, part: &Part, committed: &BTreeSet<String>) -> bool {
    if table.name == INGEST_RUNS.name { part.is_ours() } else { committed.contains(part.name()) }
}
