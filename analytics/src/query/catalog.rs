//! The questions in `queries/`: one SQL file each, its header parsed here.
//!
//! ```sql
//! -- question:   Which jobs were created outside a VPC?
//! -- control:    job_in_vpc
//! -- builds on:  job_verdicts
//! -- parameter:  $since  time; requests from then on
//! -- columns:    requested_at (UTC) | account_id | ...
//! -- one row:    one accepted request
//! -- order:      requested_at, event_id
//! -- sources:    Bedrock API Reference "CreateModelCustomizationJob"
//! ```
//!
//! A question that `builds on` another selects from it by its name, as from a view, and has its parameters: a view could
//! not have them. The program puts the other question's SQL in front, so what it asks, and what a pack says that it
//! asked, is whole.

use include_dir::{Dir, include_dir};

use crate::error::{Error, Result};

static QUERIES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../queries");

/// Keys that every header has.
const REQUIRED: [&str; 5] = ["question", "columns", "one row", "order", "sources"];

/// Views stand in this folder; a later one may use those before it.
const VIEWS: &str = "views";

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// A time: RFC 3339, a date, or a span before now.
    Time,
    /// A text; empty selects all.
    Text,
}

/// A parameter of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, without the `$`.
    pub name: String,
    /// Its type.
    pub kind: ParameterKind,
    /// What it selects.
    pub about: String,
}

/// A question and its SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The file's name.
    pub name: String,
    /// The folder that it stands in.
    pub topic: String,
    /// The question in words.
    pub question: String,
    /// The control that it is about.
    pub control: Option<String>,
    /// The question that it selects from.
    pub builds_on: Option<String>,
    /// What can be bound.
    pub parameters: Vec<Parameter>,
    /// The columns of the answer.
    pub columns: String,
    /// What one row is.
    pub one_row: String,
    /// The order of rows.
    pub order: String,
    /// Where the facts come from.
    pub sources: String,
    /// The SQL: the file's text, with the question that it builds on in front.
    pub sql: String,
}

/// Every question, by name.
#[derive(Debug)]
pub struct Catalog {
    questions: Vec<Question>,
}

impl Catalog {
    /// Reads the files that the program was built with.
    pub fn load() -> Result<Self> {
        let folders = QUERIES.dirs().filter(|folder| !folder.path().ends_with(VIEWS));
        let files = folders
            .flat_map(|folder| folder.files())
            .filter(|file| file.path().extension().is_some_and(|e| e == "sql"));
        let mut questions =
            files.map(|file| Question::parse(&path_text(file), text_of(file))).collect::<Result<Vec<_>>>()?;
        questions.sort_by(|a, b| a.name.cmp(&b.name));
        let built = questions.iter().map(|question| question.built(&questions)).collect::<Result<Vec<_>>>()?;
        Ok(Self { questions: built })
    }

    /// Every question, in the order of names.
    pub fn questions(&self) -> &[Question] {
        &self.questions
    }

    /// The question of that name; a wrong one lists the right ones.
    pub fn find(&self, name: &str) -> Result<&Question> {
        let found = self.questions.iter().find(|question| question.name == name);
        found.ok_or_else(|| Error::Misused(format!("no query is named {name}; there are:\n{}", self.index())))
    }

    /// A line for each question.
    pub fn index(&self) -> String {
        let width = self.questions.iter().map(|question| question.name.len()).max().unwrap_or_default();
        let lines = self.questions.iter().map(|question| format!("  {:width$}  {}", question.name, question.question));
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// The views in the order of their files' names, as (name, SQL).
pub fn views() -> Vec<(String, &'static str)> {
    let folder = QUERIES.get_dir(VIEWS).expect("queries/views is in the repository");
    let mut views: Vec<_> = folder
        .files()
        .filter(|file| file.path().extension().is_some_and(|e| e == "sql"))
        .map(|file| (path_text(file), text_of(file)))
        .collect();
    views.sort();
    let name = |path: String| stem(&path).split_once('_').map_or(String::new(), |(_, name)| name.to_owned());
    views.into_iter().map(|(path, sql)| (name(path), sql)).collect()
}

impl Question {
    /// Parses a file; a header that lacks something says what.
    pub fn parse(path: &str, text: &str) -> Result<Self> {
        let header: Vec<(&str, &str)> = text
            .lines()
            .map_while(|line| line.strip_prefix("-- "))
            .filter_map(|line| line.split_once(':'))
            .map(|(key, value)| (key.trim(), value.trim()))
            .collect();
        let value = |key: &str| header.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned());
        if let Some(missing) = REQUIRED.iter().find(|key| value(key).is_none_or(|value| value.is_empty())) {
            return Err(Error::Misused(format!(
                "{path}: the header has no line \"-- {missing}: ...\"; it needs {}",
                REQUIRED.join(", ")
            )));
        }
        let text_of = |key: &str| value(key).unwrap_or_default();
        Ok(Self {
            name: stem(path).to_owned(),
            topic: path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned(),
            question: text_of("question"),
            control: value("control"),
            builds_on: value("builds on"),
            parameters: header
                .iter()
                .filter(|(key, _)| *key == "parameter")
                .map(|(_, value)| parameter(path, value))
                .collect::<Result<_>>()?,
            columns: text_of("columns"),
            one_row: text_of("one row"),
            order: text_of("order"),
            sources: text_of("sources"),
            sql: text.to_owned(),
        })
    }

    /// The same question, with the SQL of the one that it builds on.
    fn built(&self, all: &[Self]) -> Result<Self> {
        let Some(name) = &self.builds_on else { return Ok(self.clone()) };
        let wrong = |what: String| Err(Error::Misused(format!("query {} builds on {name}, {what}", self.name)));
        let Some(base) = all.iter().find(|question| question.name == *name) else {
            return wrong("which is no question".to_owned());
        };
        if base.builds_on.is_some() {
            return wrong("which builds on another itself".to_owned());
        }
        let has =
            |asked: &Parameter| self.parameters.iter().any(|own| own.name == asked.name && own.kind == asked.kind);
        if let Some(missing) = base.parameters.iter().find(|parameter| !has(parameter)) {
            return wrong(format!("and has no parameter ${} of the same type", missing.name));
        }
        Ok(Self { sql: in_front(name, &base.sql, &self.sql), ..self.clone() })
    }
}

/// SQL that selects from `name`, with `base` as a common table expression of that name behind the header.
fn in_front(name: &str, base: &str, sql: &str) -> String {
    let header: usize = sql.split_inclusive('\n').take_while(|line| line.starts_with("--")).map(str::len).sum();
    let (header, body) = sql.split_at(header);
    let (separator, body) = match body.strip_prefix("with ") {
        Some(own) => (",\n", own),
        None => ("\n", body),
    };
    format!("{header}with {name} as (\n{}\n){separator}{body}", base.trim_end())
}

/// Reads `$since  time; requests from then on`.
fn parameter(path: &str, value: &str) -> Result<Parameter> {
    let parsed =
        value.strip_prefix('$').and_then(|value| value.split_once(char::is_whitespace)).and_then(|(name, rest)| {
            (!name.is_empty()).then_some(())?;
            let (kind, about) = rest.trim().split_once(';')?;
            let kind = match kind.trim() {
                "time" => ParameterKind::Time,
                "text" => ParameterKind::Text,
                _ => return None,
            };
            Some(Parameter { name: name.to_owned(), kind, about: about.trim().to_owned() })
        });
    parsed.ok_or_else(|| {
        Error::Misused(format!(
            "{path}: the header's parameter {value:?} is not of the form \"$name  time|text; what it selects\""
        ))
    })
}

fn path_text(file: &include_dir::File<'_>) -> String {
    file.path().to_string_lossy().into_owned()
}

fn text_of(file: &'static include_dir::File<'static>) -> &'static str {
    file.contents_utf8().expect("the repository's SQL is UTF-8")
}

fn stem(path: &str) -> &str {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    name.strip_suffix(".sql").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_lacks_something_says_what() {
        let whole = "-- question: Q?\n-- parameter: $since  time; from then on\n-- columns: a\n-- one row: r\n-- order: a\n-- sources: s\nselect 1";
        let question = Question::parse("network/q.sql", whole).expect("a whole header");
        assert_eq!((question.name.as_str(), question.topic.as_str()), ("q", "network"));
        assert_eq!(question.parameters[0].kind, ParameterKind::Time);
        let error = Question::parse("q.sql", &whole.replace("-- order: a\n", "")).expect_err("no order");
        assert!(error.to_string().contains("\"-- order: ...\""), "{error}");
        let error = Question::parse("q.sql", &whole.replace("time;", "date;")).expect_err("no such type");
        assert!(error.to_string().contains("$since"), "{error}");
        assert!(Question::parse("q.sql", &whole.replace("$since", "$")).is_err(), "a parameter that nothing can bind");
    }

    fn question(name: &str, more: &str, sql: &str) -> Question {
        let text = format!("-- question: Q?\n{more}-- columns: a\n-- one row: r\n-- order: a\n-- sources: s\n{sql}");
        Question::parse(&format!("kpi/{name}.sql"), &text).expect("a whole header")
    }

    #[test]
    fn a_question_has_what_it_builds_on_in_front() {
        let parameter = "-- parameter: $as_of  time; by then\n";
        let base = question("base", parameter, "with t as (select 1 as a)\nselect a from t -- the end\n");
        let over = format!("-- builds on: base\n{parameter}");
        for (sql, expected) in [
            ("select a from base", "\nwith base as (\n-- question: Q?\n"),
            ("with u as (select a from base)\nselect a from u", "\nwith base as (\n-- question: Q?\n"),
        ] {
            let built = question("q", &over, sql).built(std::slice::from_ref(&base)).expect("both are whole");
            assert!(built.sql.contains(expected) && built.sql.contains("-- the end\n)"), "{}", built.sql);
            assert!(built.sql.starts_with("-- question: Q?\n-- builds on: base\n"), "{}", built.sql);
            let own = if sql.starts_with("with") { "\n),\nu as (" } else { "\n)\nselect a from base" };
            assert!(built.sql.contains(own), "{}", built.sql);
        }
    }

    #[test]
    fn a_question_that_cannot_be_built_says_why() {
        let parameter = "-- parameter: $as_of  time; by then\n";
        let bases = [question("base", parameter, "select 1"), question("twice", "-- builds on: base\n", "select 1")];
        for (more, expected) in [
            ("-- builds on: nothing\n", "no question"),
            ("-- builds on: base\n", "$as_of"),
            ("-- builds on: base\n-- parameter: $as_of  text; by then\n", "$as_of"),
            ("-- builds on: twice\n", "another itself"),
        ] {
            let error = question("q", more, "select 1").built(&bases).expect_err(more).to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_wrong_name_lists_the_right_ones() {
        let catalog = Catalog::load().expect("the repository's headers are whole");
        let error = catalog.find("no_such_query").expect_err("no such query").to_string();
        for question in catalog.questions() {
            assert!(error.contains(&question.name), "{}", question.name);
        }
        assert!(catalog.find("job_verdicts").is_ok());
    }
}
