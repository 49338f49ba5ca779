//! `bedrock-audit query`

use super::{Session, write_stdout};
use crate::cli::Query;
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;
use crate::query::render::render;
use crate::query::{Catalog, ParameterKind};
use crate::store::Location;

pub async fn run(args: &Query, session: &Session) -> Result<ExitCode> {
    let catalog = Catalog::load()?;
    if args.list {
        write_stdout(&list(&catalog))?;
        return Ok(ExitCode::Done);
    }
    let bindings = args.bindings(session.now)?;
    // A wrong name or value is told before anything is read.
    let question = args.name.as_deref().map(|name| catalog.find(name)).transpose()?;
    if let Some(question) = question {
        bindings.values(question, session.now)?;
    }
    let own = own_sql(args)?;
    if question.is_none() && own.is_none() {
        return Err(Error::Misused("query needs a question's NAME, --sql TEXT, --file FILE or --list".to_owned()));
    }
    let lake = args.lake.as_deref().ok_or_else(|| Error::Misused("query needs --lake LAKE".to_owned()))?;
    let lake = session.stores.lake(&Location::parse(lake)?).await?;
    let engine = session.engine(&lake).await?;
    let answer = match (question, own) {
        (Some(question), _) => engine.ask(question, &bindings, session.now).await?,
        (None, Some((name, sql))) => engine.answer(&sql, &name, Some(bindings.own_values(session.now))).await?,
        (None, None) => unreachable!("one of them was just found"),
    };
    render(&answer, args.output, &mut std::io::stdout().lock())?;
    if engine.committed().is_empty() {
        eprintln!("bedrock-audit: the lake {} holds no log files, so no rows mean nothing", lake.location());
        return Ok(ExitCode::CouldNotTell);
    }
    Ok(ExitCode::Done)
}

/// The user's own SQL and a name for it in messages.
fn own_sql(args: &Query) -> Result<Option<(String, String)>> {
    if let Some(path) = &args.file {
        let name = path.display().to_string();
        let sql = std::fs::read_to_string(path).map_err(|cause| Error::Misused(format!("--file {name}: {cause}")))?;
        return Ok(Some((name, sql)));
    }
    Ok(args.sql.as_ref().map(|sql| ("--sql".to_owned(), sql.clone())))
}

/// Every question with its parameters as options.
fn list(catalog: &Catalog) -> String {
    let mut lines = Vec::new();
    for question in catalog.questions() {
        lines.push(format!("{}\n    {}", question.name, question.question));
        for parameter in &question.parameters {
            lines.push(format!("    {:32}  {}", option(&parameter.name, parameter.kind), parameter.about));
        }
    }
    lines.join("\n") + "\n"
}

/// How a parameter is given on the command line.
fn option(name: &str, kind: ParameterKind) -> String {
    match kind {
        ParameterKind::Time => format!("--{} TIME", name.replace('_', "-")),
        ParameterKind::Text => format!("--param {name}=TEXT"),
    }
}
