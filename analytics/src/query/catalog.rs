//! The questions in `queries/`: one SQL file each, its header parsed here.
//!
//! ```sql
//! -- question:   Which jobs were created outside a VPC?
//! -- control:    job_in_vpc
//! -- parameter:  $since  time; requests from then on
//! -- columns:    requested_at (UTC) | account_id | ...
//! -- one row:    one accepted request
//! -- order:      requested_at, event_id
//! -- sources:    Bedrock API Reference "CreateModelCustomizationJob"
//! ```

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
    /// The file's text.
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
        Ok(Self { questions })
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
}

/// Reads `$since  time; requests from then on`.
fn parameter(path: &str, value: &str) -> Result<Parameter> {
    let parsed =
        value.strip_prefix('$').and_then(|value| value.split_once(char::is_whitespace)).and_then(|(name, rest)| {
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
