//! What differs between the SQL of `queries/` and that of another engine. This is the one translation there is.
//!
//! | here | DuckDB | Spark | Athena |
//! | --- | --- | --- | --- |
//! | `$name` | its value | its value | its value |
//! | a comment | left out | left out | left out |
//! | `extract(epoch from` | the same | `double(` | `to_unixtime(` |
//! | `strpos(` | the same | `instr(` | the same |
//! | `as varchar)` | the same | `as string)` | the same |
//! | `timestamp with time zone` | the same | `timestamp` | the same |
//! | `"of"` | the same | `` `of` `` | the same |
//! | `order by a, b desc` | the same | `order by a nulls last, b desc nulls first` | the same |
//!
//! Spark puts nulls first where the others put them last. A column in descending order is never null in `queries/`, so the
//! others agree. Times within a sentence are written as each engine writes them.

use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use schemas::tables::Type;

use super::pieces::{Piece, nulls_placed, pieces};
use crate::query::Value;

/// An engine, by the SQL that it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Dialect {
    /// DuckDB, 1.4 or later
    #[value(name = "duckdb")]
    DuckDb,
    /// Amazon Athena, engine version 3; the lake must be in S3
    Athena,
    /// Apache Spark, 4.0 or later
    Spark,
}

impl Dialect {
    /// A column's type.
    pub fn type_name(self, kind: Type) -> &'static str {
        match (self, kind) {
            (Self::DuckDb, Type::Text) => "varchar",
            (_, Type::Text) => "string",
            (_, Type::Bool) => "boolean",
            (_, Type::Int) => "bigint",
            (Self::DuckDb, Type::Time) => "timestamp with time zone",
            // Athena reads Parquet's microseconds in UTC as its own timestamp, which has milliseconds and no zone.
            (_, Type::Time) => "timestamp",
        }
    }

    /// A name.
    pub fn name(self, name: &str) -> String {
        if self == Self::Spark { format!("`{name}`") } else { format!("\"{name}\"") }
    }

    /// A text.
    pub fn text(self, text: &str) -> String {
        match self {
            Self::Spark => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
            _ => format!("'{}'", text.replace('\'', "''")),
        }
    }

    /// An instant.
    pub fn time(self, at: DateTime<Utc>) -> String {
        let at = at.trunc_subsecs(6).to_rfc3339_opts(SecondsFormat::AutoSi, true);
        match self {
            Self::DuckDb => format!("timestamptz '{at}'"),
            Self::Spark => format!("timestamp '{at}'"),
            Self::Athena => format!("from_iso8601_timestamp('{at}')"),
        }
    }

    /// A view or a question in this dialect, with the values of its parameters.
    pub fn translate(self, sql: &str, values: &[(String, Value)]) -> String {
        let found = pieces(sql);
        let found = if self == Self::Spark { nulls_placed(found) } else { found };
        let (mut text, mut code) = (String::new(), String::new());
        for piece in found {
            match piece {
                Piece::Comment => {}
                Piece::Space(space) => add_space(&mut code, space),
                Piece::Code(part) => code += part,
                Piece::Literal(inner) => self.add(&mut text, &mut code, &self.text(&inner.replace("''", "'"))),
                Piece::Name(inner) => self.add(&mut text, &mut code, &self.name(inner)),
                Piece::Parameter(name) => {
                    let value = self.value(name, values);
                    self.add(&mut text, &mut code, &value);
                }
            }
        }
        self.add(&mut text, &mut code, "");
        text.trim().to_owned()
    }

    /// What stands as it is, behind the code before it.
    fn add(self, text: &mut String, code: &mut String, as_it_is: &str) {
        let mut translated = std::mem::take(code);
        for (here, there) in self.patterns() {
            translated = translated.replace(here, there);
        }
        *text += &translated;
        *text += as_it_is;
    }

    fn patterns(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::DuckDb => &[],
            Self::Athena => &[("extract(epoch from ", "to_unixtime(")],
            Self::Spark => &[
                ("extract(epoch from ", "double("),
                ("strpos(", "instr("),
                (" as varchar)", " as string)"),
                ("timestamp with time zone", "timestamp"),
            ],
        }
    }

    fn value(self, name: &str, values: &[(String, Value)]) -> String {
        match values.iter().find(|(known, _)| known == name) {
            Some((_, Value::Time(at))) => self.time(*at),
            Some((_, Value::Text(text))) => self.text(text),
            // A header that lacks one is a mistake in the file, which the engine then names.
            None => format!("${name}"),
        }
    }
}

/// A new line takes the blanks before it with it, so that a comment that is left out leaves no line behind.
fn add_space(code: &mut String, space: &str) {
    match space.rsplit_once('\n') {
        Some((_, indent)) => {
            code.truncate(code.trim_end().len());
            code.push('\n');
            *code += indent;
        }
        None => *code += space,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sql: &str, duckdb: &str, spark: &str, athena: &str) {
        let at = "2026-03-04T05:06:07Z".parse().expect("a time");
        let values =
            [("as_of".to_owned(), Value::Time(at)), ("job".to_owned(), Value::Text("o'neill \\ ; --".to_owned()))];
        for (dialect, expected) in [(Dialect::DuckDb, duckdb), (Dialect::Spark, spark), (Dialect::Athena, athena)] {
            assert_eq!(dialect.translate(sql, &values), expected, "{dialect:?}");
        }
    }

    #[test]
    fn what_differs_is_translated() {
        check(
            "select extract(epoch from a) - extract(epoch from coalesce(b, c)), strpos(d, 'x') from t",
            "select extract(epoch from a) - extract(epoch from coalesce(b, c)), strpos(d, 'x') from t",
            "select double(a) - double(coalesce(b, c)), instr(d, 'x') from t",
            "select to_unixtime(a) - to_unixtime(coalesce(b, c)), strpos(d, 'x') from t",
        );
        check(
            "select cast(a as varchar), cast(null as timestamp with time zone) from t where t.\"of\" = ''",
            "select cast(a as varchar), cast(null as timestamp with time zone) from t where t.\"of\" = ''",
            "select cast(a as string), cast(null as timestamp) from t where t.`of` = ''",
            "select cast(a as varchar), cast(null as timestamp with time zone) from t where t.\"of\" = ''",
        );
    }

    #[test]
    fn texts_stay_as_they_are_and_comments_go() {
        check(
            "-- a; comment's end\nselect ' -- strpos( ' as a, -- why;\n    'it''s' as b\n",
            "select ' -- strpos( ' as a,\n    'it''s' as b",
            "select ' -- strpos( ' as a,\n    'it\\'s' as b",
            "select ' -- strpos( ' as a,\n    'it''s' as b",
        );
    }

    #[test]
    fn parameters_are_bound_as_text_and_never_as_sql() {
        check(
            "select 1 where a <= $as_of and b = $job and c = '$job'",
            "select 1 where a <= timestamptz '2026-03-04T05:06:07Z' and b = 'o''neill \\ ; --' and c = '$job'",
            "select 1 where a <= timestamp '2026-03-04T05:06:07Z' and b = 'o\\'neill \\\\ ; --' and c = '$job'",
            "select 1 where a <= from_iso8601_timestamp('2026-03-04T05:06:07Z') and b = 'o''neill \\ ; --' and c = '$job'",
        );
    }

    #[test]
    fn spark_is_told_where_nulls_go() {
        let sql = "select row_number() over (partition by a, b order by f(c, d) desc, e) as n, max(x) over (order by y rows 1 preceding) from t order by a, n";
        let spark = Dialect::Spark.translate(sql, &[]);
        assert_eq!(
            spark,
            "select row_number() over (partition by a, b order by f(c, d) desc nulls first, e nulls last) as n, \
             max(x) over (order by y nulls last rows 1 preceding) from t order by a nulls last, n nulls last"
        );
    }
}
