//! `bedrock-audit query`

use super::{Session, write_stdout};
use crate::cli::{Global, Query};
use crate::error::{Error, Result};
use crate::exit_code::ExitCode;
use crate::query::render::render;
use crate::query::time_limit::within;
use crate::query::{Catalog, ParameterKind, Question, prices};
use crate::store::Location;

/// What is asked: a question that comes with the program, or the user's own SQL and a name for it in messages.
enum Asked<'a> {
    Question(&'a Question),
    Sql { name: String, sql: String },
}

pub async fn run(args: &Query, session: &Session, global: &Global) -> Result<ExitCode> {
    let catalog = Catalog::load()?;
    if args.list {
        write_stdout(&list(&catalog))?;
        return Ok(ExitCode::Done);
    }
    let (asked, bindings) = (asked(args, &catalog)?, args.bindings(session.now)?);
    // A wrong parameter is told before anything is read.
    let values = match &asked {
        Asked::Question(question) => bindings.values(question, session.now)?,
        Asked::Sql { .. } => bindings.own_values(session.now),
    };
    let limit = args.time_limit()?;
    let prices = args.prices.as_deref().map(prices::read).transpose()?;
    let lake = args.lake.as_deref().ok_or_else(|| Error::Misused("query needs --lake LAKE".to_owned()))?;
    let lake = session.stores.lake(&Location::parse(lake)?).await?;
    let engine = session.engine_by(&args.engine, global, &lake).await?.with_prices(prices)?;
    let (name, sql) = match &asked {
        Asked::Question(question) => (&question.name, &question.sql),
        Asked::Sql { name, sql } => (name, sql),
    };
    let answer = within(limit, name, engine.answer(sql, name, Some(values))).await?;
    render(&answer, args.output, &mut std::io::stdout().lock())?;
    if engine.committed().is_empty() {
        eprintln!("bedrock-audit: the lake {} holds no log files, so no rows mean nothing", lake.location());
        return Ok(ExitCode::CouldNotTell);
    }
    Ok(ExitCode::Done)
}

fn asked<'a>(args: &Query, catalog: &'a Catalog) -> Result<Asked<'a>> {
    match (&args.name, &args.sql, &args.file) {
        (Some(name), ..) => Ok(Asked::Question(catalog.find(name)?)),
        (None, Some(sql), _) => Ok(Asked::Sql { name: "--sql".to_owned(), sql: sql.clone() }),
        (None, None, Some(path)) => {
            let name = path.display().to_string();
            let sql =
                std::fs::read_to_string(path).map_err(|cause| Error::Misused(format!("--file {name}: {cause}")))?;
            Ok(Asked::Sql { name, sql })
        }
        (None, None, None) => {
            Err(Error::Misused("query needs a question's NAME, --sql TEXT, --file FILE or --list".to_owned()))
        }
    }
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
