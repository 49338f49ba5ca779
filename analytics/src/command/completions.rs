//! `bedrock-audit completions` and `bedrock-audit man`: the command line itself, for shells and for `man`.

use clap::CommandFactory;

use super::write_stdout;
use crate::cli::{Cli, Completions, Man};
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;

const PROGRAM: &str = "bedrock-audit";

pub fn print(args: &Completions) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), PROGRAM, &mut script);
    write_stdout(&String::from_utf8_lossy(&script)).map(|()| ExitCode::Done)
}

pub fn man(args: &Man) -> Result<ExitCode> {
    let Some(folder) = &args.out else {
        let mut page = Vec::new();
        let rendered = clap_mangen::Man::new(Cli::command()).render(&mut page);
        rendered.map_err(|cause| Error::Output { what: "the manual page".to_owned(), source: cause.into() })?;
        return write_stdout(&String::from_utf8_lossy(&page)).map(|()| ExitCode::Done);
    };
    let written = std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Cli::command(), folder));
    written.map_err(|cause| Error::Output {
        what: format!("manual pages to {}", folder.display()),
        source: cause.into(),
    })?;
    eprintln!("wrote the manual pages to {}", folder.display());
    Ok(ExitCode::Done)
}
