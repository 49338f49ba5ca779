//! What a statement is, and whether it is answered. A list of what is: a statement that nobody thought of is refused.
//!
//! Plans are checked again before they run, so that a statement that hides another is refused there.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, Set, Statement, Visit, Visitor};

/// Expressions may stand so deep in each other. Planning a chain of operators takes the square of its length, and nothing
/// stops it in its midst.
const DEEPEST: usize = 500;

/// What is done about a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A query: its rows are answered, up to the limit.
    Rows,
    /// A statement about queries or tables, whose answer is short.
    About,
    /// `SHOW name`.
    Show(String),
    /// `BEGIN`.
    Begin,
    /// `COMMIT`.
    Commit,
    /// `ROLLBACK`.
    Rollback,
    /// `ROLLBACK TO SAVEPOINT name`.
    RollbackTo,
    /// What clients send and nothing depends on; its tag is answered.
    Ignored(&'static str),
}

/// Why a statement is not answered, with PostgreSQL's code for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// `SQLSTATE`.
    pub code: &'static str,
    /// For whoever sent it.
    pub message: String,
}

impl Kind {
    /// Whether a plan runs for it.
    pub fn has_plan(&self) -> bool {
        matches!(self, Self::Rows | Self::About)
    }

    /// Whether it is answered in a transaction that has failed: it ends it, or goes back to before the failure.
    pub fn leaves_failure(&self) -> bool {
        matches!(self, Self::Commit | Self::Rollback | Self::RollbackTo)
    }
}

/// What a statement is.
pub fn kind(statement: &Statement) -> Result<Kind, Refused> {
    if statement.visit(&mut Depth(0)).is_break() {
        let message = format!("an expression stands more than {DEEPEST} deep in others; use IN for a list of values");
        return Err(Refused { code: "54001", message });
    }
    match statement {
        Statement::Query(_) => Ok(Kind::Rows),
        Statement::Explain { .. }
        | Statement::ExplainTable { .. }
        | Statement::ShowTables { .. }
        | Statement::ShowColumns { .. }
        | Statement::ShowFunctions { .. } => Ok(Kind::About),
        Statement::ShowVariable { variable } => {
            let words: Vec<String> = variable.iter().map(|word| word.value.to_lowercase()).collect();
            Ok(Kind::Show(words.join(" ")))
        }
        Statement::Set(set) => setting(set),
        Statement::StartTransaction { .. } => Ok(Kind::Begin),
        Statement::Commit { .. } => Ok(Kind::Commit),
        Statement::Rollback { savepoint: None, .. } => Ok(Kind::Rollback),
        Statement::Rollback { .. } => Ok(Kind::RollbackTo),
        Statement::Savepoint { .. } => Ok(Kind::Ignored("SAVEPOINT")),
        Statement::ReleaseSavepoint { .. } => Ok(Kind::Ignored("RELEASE")),
        Statement::Discard { .. } => Ok(Kind::Ignored("DISCARD ALL")),
        Statement::Deallocate { .. } => Ok(Kind::Ignored("DEALLOCATE")),
        Statement::Declare { .. } | Statement::Fetch { .. } | Statement::Close { .. } => Err(Refused {
            code: "0A000",
            message: "cursors are not there; rows come as they are read, and fetch sizes of drivers work".to_owned(),
        }),
        _ => Err(read_only()),
    }
}

/// How deep the expression is that is being looked at.
struct Depth(usize);

impl Visitor for Depth {
    type Break = ();

    fn pre_visit_expr(&mut self, _: &Expr) -> ControlFlow<()> {
        self.0 += 1;
        if self.0 > DEEPEST { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn post_visit_expr(&mut self, _: &Expr) -> ControlFlow<()> {
        self.0 -= 1;
        ControlFlow::Continue(())
    }
}

fn read_only() -> Refused {
    Refused { code: "25006", message: "the lake can only be read: SELECT, EXPLAIN and SHOW are answered".to_owned() }
}

/// Clients set what a session of PostgreSQL has, and go on when told that it is done. DataFusion's settings, its memory
/// among them, are not theirs.
fn setting(set: &Set) -> Result<Kind, Refused> {
    let names = match set {
        Set::SingleAssignment { variable, .. } => vec![variable.to_string()],
        Set::ParenthesizedAssignments { variables, .. } => variables.iter().map(ToString::to_string).collect(),
        Set::MultipleAssignments { assignments } => assignments.iter().map(|set| set.name.to_string()).collect(),
        _ => Vec::new(),
    };
    let is_the_engines = |name: &String| name.trim_matches('"').to_lowercase().starts_with("datafusion");
    match names.iter().find(|name| is_the_engines(name)) {
        Some(name) => Err(Refused { code: "42501", message: format!("{name} cannot be set") }),
        None => Ok(Kind::Ignored("SET")),
    }
}

/// The value of a setting that clients ask for, by its name in lower case.
pub fn shown(name: &str, statement_timeout: std::time::Duration) -> Result<String, Refused> {
    let value = match name {
        "transaction isolation level" | "transaction_isolation" | "default_transaction_isolation" => "read committed",
        "transaction_read_only"
        | "default_transaction_read_only"
        | "standard_conforming_strings"
        | "integer_datetimes" => "on",
        "is_superuser" | "in_hot_standby" => "off",
        "server_version" => VERSION,
        "server_encoding" | "client_encoding" => "UTF8",
        "search_path" => "public",
        "time zone" | "timezone" => "UTC",
        "datestyle" => "ISO, YMD",
        "intervalstyle" => "postgres",
        "max_identifier_length" => "63",
        "lc_collate" | "lc_ctype" => "C",
        "statement_timeout" => return Ok(format!("{}ms", statement_timeout.as_millis())),
        _ => {
            let message = format!("there is no setting {name:?} here");
            return Err(Refused { code: "42704", message });
        }
    };
    Ok(value.to_owned())
}

/// The version of PostgreSQL whose protocol and catalog clients find.
pub const VERSION: &str = "16.6";

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;
    use std::time::Duration;

    fn parsed(sql: &str) -> Result<Kind, Refused> {
        let statements = Parser::parse_sql(&PostgreSqlDialect {}, sql).expect(sql);
        kind(statements.first().expect("a statement"))
    }

    #[test]
    fn what_reads_is_answered() {
        for (sql, expected) in [
            ("select 1", Kind::Rows),
            ("with a as (select 1) select * from a union all values (2)", Kind::Rows),
            ("explain select 1", Kind::About),
            ("show tables", Kind::About),
            ("show transaction isolation level", Kind::Show("transaction isolation level".to_owned())),
            ("SHOW Server_Version", Kind::Show("server_version".to_owned())),
            ("begin", Kind::Begin),
            ("start transaction read only", Kind::Begin),
            ("commit", Kind::Commit),
            ("rollback", Kind::Rollback),
            ("rollback to savepoint a", Kind::RollbackTo),
            ("set extra_float_digits = 3", Kind::Ignored("SET")),
            ("set time zone 'Europe/Berlin'", Kind::Ignored("SET")),
            ("discard all", Kind::Ignored("DISCARD ALL")),
        ] {
            assert_eq!(parsed(sql), Ok(expected), "{sql}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for sql in [
            "insert into events values (1)",
            "update events set event_name = 'a'",
            "delete from events",
            "truncate events",
            "create table t (a int)",
            "create table t as select 1",
            "create view v as select 1",
            "create schema s",
            "drop table events",
            "alter table events add column a int",
            "copy events to '/tmp/events'",
            "grant select on events to public",
            "prepare p as select 1",
            "execute p",
            "call f()",
        ] {
            assert_eq!(parsed(sql).expect_err(sql).code, "25006", "{sql}");
        }
        assert_eq!(parsed("declare c cursor for select 1").expect_err("no cursors").code, "0A000");
    }

    #[test]
    fn what_is_too_deep_is_refused_before_it_is_planned() {
        for (terms, is_taken) in [(400, true), (600, false), (2_000, false)] {
            let chain = format!("select {}1", "1+".repeat(terms));
            let many = format!("select {}1", "1,".repeat(terms));
            assert_eq!(parsed(&chain).is_ok(), is_taken, "{terms}");
            assert_eq!(parsed(&many), Ok(Kind::Rows), "{terms} side by side are not deep");
        }
        let chain = format!("select 1 where {}true", "true or ".repeat(600));
        assert_eq!(parsed(&chain).expect_err("a deep condition").code, "54001");
    }

    #[test]
    fn the_engines_own_settings_are_not_the_clients() {
        for sql in [
            "set datafusion.runtime.memory_limit = '100G'",
            "set session datafusion.execution.batch_size = 1",
            "SET DataFusion.execution.target_partitions TO 1000",
        ] {
            assert_eq!(parsed(sql).expect_err(sql).code, "42501", "{sql}");
        }
    }

    #[test]
    fn settings_that_clients_ask_for_have_values() {
        let second = Duration::from_secs(1);
        assert_eq!(shown("statement_timeout", second).as_deref(), Ok("1000ms"));
        assert_eq!(shown("transaction_read_only", second).as_deref(), Ok("on"));
        assert_eq!(shown("nothing", second).expect_err("no such setting").code, "42704");
    }
}
