//! `bedrock-audit report`

use std::fs;
use std::path::Path;

use super::{Session, audit as audit_command, write_stdout};
use crate::audit::audit;
use crate::cli::Report;
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;
use crate::pack::{self, Files, SIGNATURE, SUMS};
use crate::packing::{Packing, gather};
use crate::query::Catalog;
use crate::query::render::visible;
use crate::store::Location;

/// Messages shown in full.
const NOTICES_SHOWN: usize = 20;

pub async fn run(args: &Report, session: &Session) -> Result<ExitCode> {
    let (terms, signing_key) = (args.terms(session.now)?, args.signing_key()?);
    check_folder(&args.pack)?;
    let lake = session.lake(&args.lake).await?;
    let engine = session.engine(&lake).await?;
    let catalog = Catalog::load()?;
    let report = audit(&engine, &catalog, terms).await?;
    let keys = session.keys(&args.public_keys, &[Location::S3 { bucket: String::new(), prefix: String::new() }])?;
    let packing = Packing {
        stores: &session.stores,
        keys: keys.as_ref(),
        with_log_files: !args.without_log_files,
        now: session.now,
    };
    let packed = gather(&engine, &catalog, &report, &packing).await?;
    show(&packed.notices);
    let mut files = pack::files(packed.contents)
        .map_err(|cause| Error::Output { what: "the pack".to_owned(), source: cause.into() })?;
    if let Some(key) = signing_key {
        let signature = key.sign(&files[SUMS]);
        files.insert(SIGNATURE.to_owned(), signature.to_vec());
    }
    write(&args.pack, &files)?;
    write_stdout(&audit_command::summary(&report, lake.location())?)?;
    let bytes: usize = files.values().map(Vec::len).sum();
    let place = args.pack.display();
    write_stdout(&format!(
        "\n{place}: {} files, {bytes} bytes; check it with: bedrock-audit verify {place}\n",
        files.len()
    ))?;
    Ok(report.exit_code())
}

fn show(notices: &[String]) {
    for notice in notices.iter().take(NOTICES_SHOWN) {
        eprintln!("bedrock-audit: {}", visible(notice));
    }
    if notices.len() > NOTICES_SHOWN {
        eprintln!("bedrock-audit: and {} more", notices.len() - NOTICES_SHOWN);
    }
}

/// A pack in a folder with other files in it would be no pack.
fn check_folder(folder: &Path) -> Result<()> {
    let is_taken = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) || folder.is_file();
    if is_taken {
        let expected = "expected a folder that is empty or not there yet";
        return Err(Error::Misused(format!("--pack {}: {expected}", folder.display())));
    }
    Ok(())
}

/// The folder gets its name once it is whole, so that a run that is stopped leaves no half of a pack.
fn write(folder: &Path, files: &Files) -> Result<()> {
    let failed = |source: std::io::Error| Error::Output { what: folder.display().to_string(), source: source.into() };
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = folder.with_file_name(format!("{name}.unfinished"));
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(failed)?;
    }
    for (path, bytes) in files {
        let path = unfinished.join(path);
        fs::create_dir_all(path.parent().unwrap_or(&unfinished)).map_err(failed)?;
        fs::write(path, bytes).map_err(failed)?;
    }
    if folder.exists() {
        fs::remove_dir(folder).map_err(failed)?;
    }
    fs::rename(&unfinished, folder).map_err(failed)
}
