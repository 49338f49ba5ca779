//! What the word before the cursor may become: names of tables, columns, questions and their parameters, SQL's words.

use super::meta::WORDS;

/// Every name that can be typed.
#[derive(Debug, Default)]
pub struct Names {
    /// Tables and views, those of the schema `queries` with it.
    pub tables: Vec<String>,
    /// Columns of any table.
    pub columns: Vec<String>,
    /// Questions, each with its parameters.
    pub questions: Vec<(String, Vec<String>)>,
}

/// The words of SQL that are worth a Tab.
const SQL: [&str; 32] = [
    "and",
    "as",
    "asc",
    "between",
    "case",
    "cast",
    "count",
    "desc",
    "distinct",
    "else",
    "end",
    "exists",
    "explain",
    "from",
    "group by",
    "having",
    "in",
    "inner join",
    "is not null",
    "is null",
    "join",
    "left join",
    "like",
    "limit",
    "not",
    "on",
    "or",
    "order by",
    "select",
    "union all",
    "where",
    "with",
];

/// Where the word begins that ends at `position`, and what it may become.
pub fn complete(names: &Names, line: &str, position: usize) -> (usize, Vec<String>) {
    let Some(before) = line.get(..position) else { return (position, Vec::new()) };
    let is_break = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '\\' | '?'));
    let start = before.rfind(is_break).map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let (word, ahead) = (&before[start..], before[..start].trim());
    let ahead: Vec<&str> = ahead.split_whitespace().collect();
    let found = match ahead.as_slice() {
        [] if word.starts_with('\\') => beginning(word, WORDS.iter().copied()),
        ["\\q" | "\\l"] => beginning(word, names.questions.iter().map(|(name, _)| name.as_str())),
        ["\\q", name, ..] => parameters(names, name, word),
        ["\\d"] => beginning(word, names.tables.iter().map(String::as_str)),
        [first, ..] if first.starts_with('\\') => Vec::new(),
        _ if word.is_empty() => Vec::new(),
        _ => {
            let known = names.tables.iter().chain(&names.columns).map(String::as_str);
            beginning(word, known.chain(SQL.iter().copied()))
        }
    };
    (start, found)
}

fn parameters(names: &Names, question: &str, word: &str) -> Vec<String> {
    let parameters = names.questions.iter().filter(|(name, _)| name == question).flat_map(|(_, parameters)| parameters);
    beginning(word, parameters.map(String::as_str)).into_iter().map(|name| name + "=").collect()
}

/// The names that begin with a word, whatever its case, each once and in order.
fn beginning<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let word = word.to_lowercase();
    let mut found: Vec<String> = names.filter(|name| name.starts_with(&word)).map(str::to_owned).collect();
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        Names {
            tables: texts(&["events", "jobs", "queries.set_aside"]),
            columns: texts(&["event_name", "job_arn", "event_name"]),
            questions: vec![
                ("job_verdicts".to_owned(), texts(&["as_of", "strict"])),
                ("jobs_by_principal".to_owned(), texts(&["principal"])),
            ],
        }
    }

    #[test]
    fn a_word_becomes_what_may_stand_there() {
        for (line, start, expected) in [
            ("\\", 0, &["\\?", "\\d", "\\format", "\\l", "\\q", "\\timing"][..]),
            ("\\q job", 3, &["job_verdicts", "jobs_by_principal"]),
            ("\\q job_verdicts ", 16, &["as_of=", "strict="]),
            ("\\q job_verdicts as_of=1 s", 24, &["strict="]),
            ("\\l jobs_", 3, &["jobs_by_principal"]),
            ("\\d e", 3, &["events"]),
            ("\\format t", 8, &[]),
            ("select EV", 7, &["event_name", "events"]),
            ("select count(jo", 13, &["job_arn", "jobs", "join"]),
            ("select * from queries.", 14, &["queries.set_aside"]),
            ("select ", 7, &[]),
            ("sel", 0, &["select"]),
            ("select 'ä", 8, &[]),
        ] {
            assert_eq!(
                complete(&names(), line, line.len()),
                (start, expected.iter().map(|n| (*n).to_owned()).collect()),
                "{line}"
            );
        }
    }

    #[test]
    fn a_cursor_in_the_midst_of_a_letter_is_no_panic() {
        assert_eq!(complete(&names(), "ä", 1), (1, Vec::new()));
    }
}
