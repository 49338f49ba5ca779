//! `bedrock-audit report --pack`

use std::fs;
use std::path::Path;

use super::{Session, write_stdout};
use crate::audit;
use crate::cli::Report;
use crate::error::{Error, Result};
use crate::pack::{self, Files, SIGNATURE, SUMS, SigningKey};
use crate::packing::{Packing, gather};
use crate::query::render::visible;
use crate::query::{Catalog, Engine};
use crate::store::Location;

/// Messages shown in full.
const NOTICES_SHOWN: usize = 20;

/// A pack that may be made: what was typed is right, and its folder is free.
pub struct Plan<'a> {
    folder: &'a Path,
    args: &'a Report,
    signing_key: Option<SigningKey>,
}

/// Checks what was typed.
pub fn plan<'a>(folder: &'a Path, args: &'a Report) -> Result<Plan<'a>> {
    check_folder(folder)?;
    Ok(Plan { folder, args, signing_key: args.signing_key()? })
}

/// Makes the pack, and says where.
pub async fn write(
    plan: Plan<'_>,
    session: &Session,
    (engine, catalog): (&Engine, &Catalog),
    report: &audit::Report,
) -> Result<()> {
    let Plan { folder, args, signing_key } = plan;
    let keys = session.keys(&args.public_keys, &[Location::S3 { bucket: String::new(), prefix: String::new() }])?;
    let packing = Packing {
        stores: &session.stores,
        keys: keys.as_ref(),
        with_log_files: !args.without_log_files,
        now: session.now,
    };
    let packed = gather(engine, catalog, report, &packing).await?;
    show(&packed.notices);
    let mut files = pack::files(packed.contents)
        .map_err(|cause| Error::Output { what: "the pack".to_owned(), source: cause.into() })?;
    if let Some(key) = signing_key {
        let signature = key.sign(&files[SUMS]);
        files.insert(SIGNATURE.to_owned(), signature.to_vec());
    }
    write_files(folder, &files)?;
    let bytes: usize = files.values().map(Vec::len).sum();
    let place = folder.display();
    write_stdout(&format!(
        "{place}: {} files, {bytes} bytes; check it with: bedrock-audit verify {place}\n",
        files.len()
    ))
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
fn write_files(folder: &Path, files: &Files) -> Result<()> {
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
