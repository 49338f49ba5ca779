//! Commands of the shell: lines that begin with `\`.

use clap::ValueEnum;

use crate::query::render::Format;

/// What a command asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meta {
    /// `\q NAME [PARAMETER=VALUE]...`
    Ask {
        /// The question's name.
        name: String,
        /// Its parameters, as typed.
        parameters: Vec<(String, String)>,
    },
    /// `\l`
    Questions,
    /// `\l NAME`
    Question(String),
    /// `\d`
    Tables,
    /// `\d TABLE`
    Table(String),
    /// `\timing`, `\timing on`, `\timing off`
    Timing(Option<bool>),
    /// `\format FORMAT`
    Format(Format),
    /// `\?`
    Help,
    /// `\q`
    Quit,
}

/// What `\?` prints.
pub const HELP: &str = "\
  SQL;                          run a statement, which may have several lines; it can only read
  \\q NAME [PARAMETER=VALUE]...  ask a question by its name, such as: \\q jobs_created_outside_vpc since=90d
  \\l                            list the questions
  \\l NAME                       tell a question's parameters and columns
  \\d                            list the tables and views
  \\d TABLE                      list the columns of a table
  \\timing [on|off]              tell how long each statement takes
  \\format FORMAT                table, json, ndjson, csv or markdown
  \\?                            this help
  \\q                            leave
  Ctrl-C stops a statement, Tab completes names, Ctrl-D leaves.
";

/// The words that a line may begin with, for completion.
pub const WORDS: [&str; 6] = ["\\?", "\\d", "\\format", "\\l", "\\q", "\\timing"];

/// Reads a command; what is wrong with it says what would be right.
pub fn parse(line: &str) -> Result<Meta, String> {
    let words = words(line)?;
    let (command, rest) = words.split_first().ok_or("a command is missing; \\? lists them")?;
    match (command.as_str(), rest) {
        ("\\q" | "\\quit", []) => Ok(Meta::Quit),
        ("\\q", [name, parameters @ ..]) => {
            let parameters = parameters.iter().map(|word| parameter(word)).collect::<Result<_, _>>()?;
            Ok(Meta::Ask { name: name.clone(), parameters })
        }
        ("\\l", []) => Ok(Meta::Questions),
        ("\\l", [name]) => Ok(Meta::Question(name.clone())),
        ("\\d", []) => Ok(Meta::Tables),
        ("\\d", [table]) => Ok(Meta::Table(table.clone())),
        ("\\timing", []) => Ok(Meta::Timing(None)),
        ("\\timing", [word]) if word == "on" || word == "off" => Ok(Meta::Timing(Some(word == "on"))),
        ("\\timing", _) => Err("\\timing: expected on, off or nothing".to_owned()),
        ("\\format", [word]) => format(word).map(Meta::Format),
        ("\\format", _) => Err("\\format: expected one of table, json, ndjson, csv, markdown".to_owned()),
        ("\\?", _) => Ok(Meta::Help),
        ("\\l" | "\\d", _) => Err(format!("{command}: expected one name or nothing")),
        (other, _) => Err(format!("{other} is no command; \\? lists them")),
    }
}

/// A format that a terminal can show.
fn format(word: &str) -> Result<Format, String> {
    match Format::from_str(word, false) {
        Ok(Format::Parquet) | Err(_) => {
            Err(format!("\\format {word}: expected one of table, json, ndjson, csv, markdown"))
        }
        Ok(format) => Ok(format),
    }
}

fn parameter(word: &str) -> Result<(String, String), String> {
    let (name, value) = word.split_once('=').ok_or_else(|| format!("\\q: {word:?}: expected PARAMETER=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}

/// The words of a line; quotes keep blanks together.
fn words(line: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '\'' || c == '"' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    if let Some(open) = quote {
        return Err(format!("the quote {open} is not closed"));
    }
    words.extend(word);
    // A semicolon at the end is a habit.
    if let Some(last) = words.last_mut()
        && last.len() > 1
        && last.ends_with(';')
    {
        last.pop();
    }
    words.retain(|word| word != ";");
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(name: &str, parameters: &[(&str, &str)]) -> Meta {
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Meta::Ask { name: name.to_owned(), parameters }
    }

    #[test]
    fn commands_read_as_typed() {
        for (line, expected) in [
            ("\\q", Meta::Quit),
            ("\\quit", Meta::Quit),
            ("\\q set_aside;", ask("set_aside", &[])),
            ("\\q set_aside ;", ask("set_aside", &[])),
            (
                "\\q a  since=90d principal='role/ml train'",
                ask("a", &[("since", "90d"), ("principal", "role/ml train")]),
            ),
            ("\\q a text=", ask("a", &[("text", "")])),
            ("\\l", Meta::Questions),
            ("\\l set_aside", Meta::Question("set_aside".to_owned())),
            ("\\d", Meta::Tables),
            ("\\d queries.lake_totals", Meta::Table("queries.lake_totals".to_owned())),
            ("\\timing", Meta::Timing(None)),
            ("\\timing off", Meta::Timing(Some(false))),
            ("\\format csv", Meta::Format(Format::Csv)),
            ("\\?", Meta::Help),
        ] {
            assert_eq!(parse(line), Ok(expected), "{line}");
        }
    }

    #[test]
    fn what_is_no_command_says_what_would_be() {
        for (line, expected) in [
            ("\\", "\\ is no command; \\? lists them"),
            ("\\copy events to 'x'", "\\copy is no command; \\? lists them"),
            ("\\q a since", "\"since\": expected PARAMETER=VALUE"),
            ("\\q a x='y", "the quote ' is not closed"),
            ("\\timing maybe", "expected on, off or nothing"),
            ("\\format parquet", "expected one of table"),
            ("\\format", "expected one of table"),
            ("\\d a b", "\\d: expected one name or nothing"),
        ] {
            let error = parse(line).expect_err(line);
            assert!(error.contains(expected), "{line}: {error}");
        }
    }

    #[test]
    fn the_help_tells_every_command() {
        for word in WORDS {
            assert!(HELP.contains(word), "{word}");
        }
    }
}
