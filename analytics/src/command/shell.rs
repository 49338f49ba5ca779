//! `bedrock-audit shell`

#[cfg(feature = "shell")]
mod editor;
mod lines;

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use super::{Session, write_stdout};
use crate::cli::Shell;
use crate::error::{Error, Result, chain};
use crate::exit_code::ExitCode;
use crate::query::current::Current;
use crate::query::render::{Format, render, visible};
use crate::query::time_limit::within;
use crate::query::{Answer, Bindings, Catalog, Memory, ParameterKind, Question, parse_time, prices, rows};
use crate::shell::complete::Names;
use crate::shell::input::{Input, Typed};
use crate::shell::meta::{self, HELP, Meta};
use lines::{Line, Lines};

/// A statement's name in messages.
const STATEMENT: &str = "the statement";

/// Tables and views, and those of the questions that have no parameter.
const TABLES: &str = "select case when table_schema = 'public' then table_name else table_schema || '.' || table_name end \
    as name, case when table_type = 'VIEW' then 'view' else 'table' end as kind \
    from information_schema.tables where table_schema in ('public', 'queries') order by table_schema, table_name";

const COLUMNS: &str = "select column_name, data_type, is_nullable from information_schema.columns \
    where (table_schema = 'public' and table_name = $table) or table_schema || '.' || table_name = $table \
    order by table_schema, ordinal_position";

const NAMES: &str = "select case when table_schema = 'public' then table_name else table_schema || '.' || table_name end \
    as name, column_name from information_schema.columns where table_schema in ('public', 'queries') \
    order by table_schema, table_name, ordinal_position";

pub async fn run(args: &Shell, session: &Session) -> Result<ExitCode> {
    if args.output == Format::Parquet {
        return Err(Error::Misused("--output parquet: expected another format; query writes Parquet files".to_owned()));
    }
    let time_limit = args.time_limit()?;
    let prices = args.prices.as_deref().map(prices::read).transpose()?;
    let lake = session.lake(&args.lake).await?;
    let current = Current::open(lake, Memory::new(session.memory_bytes), prices, Ok).await?;
    let mut shell = Talk {
        session,
        current,
        catalog: Catalog::load()?,
        format: args.output,
        time_limit,
        is_timed: args.timing,
        is_interactive: std::io::stdin().is_terminal(),
        last_failure: None,
    };
    shell.talk().await
}

/// A shell from its start to its end.
struct Talk<'a> {
    session: &'a Session,
    current: Current,
    catalog: Catalog,
    format: Format,
    time_limit: Option<Duration>,
    is_timed: bool,
    is_interactive: bool,
    last_failure: Option<ExitCode>,
}

/// Whether the shell goes on.
#[derive(PartialEq, Eq)]
enum Next {
    Line,
    End,
}

impl Talk<'_> {
    async fn talk(&mut self) -> Result<ExitCode> {
        let is_empty = self.current.engine().await?.committed().is_empty();
        if is_empty {
            eprintln!(
                "bedrock-audit: the lake {} holds no log files, so no rows mean nothing",
                self.current.location()
            );
        }
        let mut lines = if self.is_interactive {
            eprintln!("{} (it is only read). Statements end with ;  \\? helps, \\q leaves.", self.current.location());
            Lines::of_terminal(self.names().await?)
        } else {
            Lines::of_stdin()
        };
        let mut input = Input::default();
        loop {
            match lines.next(input.is_empty())? {
                Line::Text(line) => {
                    let typed = input.push(&line);
                    lines.remember(&typed);
                    if self.obey_all(typed).await? == Next::End {
                        break;
                    }
                }
                Line::Interrupted => input.clear(),
                Line::End => {
                    self.obey_all(input.rest().into_iter().collect()).await?;
                    break;
                }
            }
        }
        Ok(match self.last_failure {
            _ if self.is_interactive => ExitCode::Done,
            Some(failure) => failure,
            None if is_empty => ExitCode::CouldNotTell,
            None => ExitCode::Done,
        })
    }

    /// What fails is told, and the next thing is done; only when nobody takes the answers any more is that the end.
    async fn obey_all(&mut self, typed: Vec<Typed>) -> Result<Next> {
        for typed in typed {
            let done = match typed {
                Typed::Sql(sql) => self.ask(&sql, STATEMENT, &Bindings::default(), None).await.map(|()| Next::Line),
                Typed::Command(line) => match meta::parse(&line) {
                    Ok(meta) => self.obey(meta).await,
                    Err(wrong) => Err(Error::Misused(wrong)),
                },
            };
            match done {
                Ok(Next::Line) => {}
                Ok(Next::End) => return Ok(Next::End),
                Err(error @ Error::Output { .. }) => return Err(error),
                Err(error) => self.complain(&error),
            }
        }
        Ok(Next::Line)
    }

    async fn obey(&mut self, meta: Meta) -> Result<Next> {
        match meta {
            Meta::Quit => return Ok(Next::End),
            Meta::Help => write_stdout(HELP)?,
            Meta::Questions => write_stdout(&(self.catalog.index() + "\n"))?,
            Meta::Question(name) => write_stdout(&about(self.catalog.find(&name)?))?,
            Meta::Tables => self.ask(TABLES, "the tables", &Bindings::default(), None).await?,
            Meta::Table(name) => self.describe(name).await?,
            Meta::Timing(wanted) => {
                self.is_timed = wanted.unwrap_or(!self.is_timed);
                eprintln!("timing is {}", if self.is_timed { "on" } else { "off" });
            }
            Meta::Format(format) => self.format = format,
            Meta::Ask { name, parameters } => {
                let question = self.catalog.find(&name)?;
                let bindings = self.bindings(question, parameters)?;
                self.ask(&question.sql, &question.name, &bindings, Some(question)).await?;
            }
        }
        Ok(Next::Line)
    }

    async fn describe(&self, table: String) -> Result<()> {
        let mut bindings = Bindings::default();
        bindings.texts.insert("table".to_owned(), table.clone());
        let Some(answer) = self.answer(COLUMNS, "the columns", &bindings, None).await? else { return Ok(()) };
        if answer.rows() == 0 {
            return Err(Error::Misused(format!("no table is named {table}; \\d lists them")));
        }
        self.show(&answer)
    }

    fn bindings(&self, question: &Question, parameters: Vec<(String, String)>) -> Result<Bindings> {
        let mut bindings = Bindings::default();
        for (name, value) in parameters {
            let known = question.parameters.iter().find(|parameter| parameter.name == name);
            if known.is_some_and(|parameter| parameter.kind == ParameterKind::Time) {
                let at = parse_time(&value, chrono::Utc::now());
                let at = at.map_err(|expected| Error::Misused(format!("{name}={value:?}: {expected}")))?;
                bindings.times.insert(name, at);
            } else {
                bindings.texts.insert(name, value);
            }
        }
        Ok(bindings)
    }

    async fn ask(&self, sql: &str, name: &str, bindings: &Bindings, question: Option<&Question>) -> Result<()> {
        let begun = Instant::now();
        let Some(answer) = self.answer(sql, name, bindings, question).await? else {
            eprintln!("stopped");
            return Ok(());
        };
        self.show(&answer)?;
        if self.is_timed {
            eprintln!("{} rows in {:.3} s", answer.rows(), begun.elapsed().as_secs_f64());
        } else if self.is_interactive {
            eprintln!("{} rows", answer.rows());
        }
        Ok(())
    }

    /// None when Ctrl-C stopped it.
    async fn answer(
        &self,
        sql: &str,
        name: &str,
        bindings: &Bindings,
        question: Option<&Question>,
    ) -> Result<Option<Answer>> {
        let now = chrono::Utc::now();
        let values = match question {
            Some(question) => bindings.values(question, now)?,
            None => bindings.own_values(now),
        };
        let engine = self.current.engine().await?;
        let running = self.session.progress.running();
        let answer = within(self.time_limit, name, engine.answer(sql, name, Some(values)));
        // Once Ctrl-C is listened to it ends nothing by itself; without a terminal it shall end the program.
        let answer = if self.is_interactive {
            tokio::select! {
                answer = answer => answer.map(Some),
                _ = tokio::signal::ctrl_c() => Ok(None),
            }
        } else {
            answer.await.map(Some)
        };
        running.finish();
        answer
    }

    fn show(&self, answer: &Answer) -> Result<()> {
        render(answer, self.format, &mut std::io::stdout().lock())
    }

    /// Every name, for Tab.
    async fn names(&self) -> Result<Names> {
        #[derive(serde::Deserialize)]
        struct Column {
            name: String,
            column_name: String,
        }
        let engine = self.current.engine().await?;
        let columns: Vec<Column> = rows::parse(&engine.answer(NAMES, "the names", None).await?, "the names")?;
        let mut names = Names::default();
        for column in columns {
            if names.tables.last() != Some(&column.name) {
                names.tables.push(column.name);
            }
            names.columns.push(column.column_name);
        }
        let parameters = |question: &Question| question.parameters.iter().map(|known| known.name.clone()).collect();
        names.questions =
            self.catalog.questions().iter().map(|question| (question.name.clone(), parameters(question))).collect();
        Ok(names)
    }

    fn complain(&mut self, error: &Error) {
        let (told, code) = match error {
            Error::Misused(_) => (chain(error), ExitCode::Misused),
            _ => (format!("failed to {}", chain(error)), ExitCode::Failed),
        };
        self.last_failure = Some(code);
        for line in told.lines() {
            eprintln!("{}", visible(line));
        }
    }
}

/// A question with its parameters and columns.
fn about(question: &Question) -> String {
    let mut lines = vec![question.question.clone(), format!("  columns: {}", question.columns)];
    for parameter in &question.parameters {
        let value = match parameter.kind {
            ParameterKind::Time => "TIME",
            ParameterKind::Text => "TEXT",
        };
        lines.push(format!("  {}={value}  {}", parameter.name, parameter.about));
    }
    lines.join("\n") + "\n"
}
