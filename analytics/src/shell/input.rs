//! Lines into statements: a statement ends with `;`, a command is a line that begins with `\`.

/// What has been typed and has no end yet.
#[derive(Debug, Default)]
pub struct Input {
    text: String,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// A line that begins with `\`.
    Command(String),
    /// A statement, without its `;`.
    Sql(String),
}

impl Input {
    /// Whether the next line begins something new.
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Forgets what has no end yet.
    pub fn clear(&mut self) {
        self.text.clear();
    }

    /// Takes a line; gives what ends on it.
    pub fn push(&mut self, line: &str) -> Vec<Typed> {
        if self.is_empty() && line.trim_start().starts_with('\\') {
            return vec![Typed::Command(line.trim().to_owned())];
        }
        self.text.push_str(line);
        self.text.push('\n');
        let mut typed = Vec::new();
        while let Some(end) = scan(&self.text).end {
            let rest = self.text.split_off(end + 1);
            let statement = std::mem::replace(&mut self.text, rest);
            typed.extend(sql(statement.strip_suffix(';').unwrap_or(&statement)));
        }
        typed
    }

    /// What stands there at the end of the input: its last statement may lack its `;`.
    pub fn rest(&mut self) -> Option<Typed> {
        sql(&std::mem::take(&mut self.text))
    }
}

/// A statement, unless it is blank or a comment alone.
fn sql(text: &str) -> Option<Typed> {
    scan(text).has_words.then(|| Typed::Sql(text.trim().to_owned()))
}

/// What stands in a text up to its first `;` that is neither quoted nor in a comment.
struct Scan {
    end: Option<usize>,
    has_words: bool,
}

enum Inside {
    Nothing,
    Quotes(char),
    Line,
    Block(usize),
}

fn scan(text: &str) -> Scan {
    let (mut inside, mut has_words) = (Inside::Nothing, false);
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        inside = match (inside, c, next) {
            (Inside::Nothing, ';', _) => return Scan { end: Some(at), has_words },
            (Inside::Nothing, '-', Some('-')) => Inside::Line,
            (Inside::Line, '\n', _) => Inside::Nothing,
            (Inside::Nothing, '/', Some('*')) => {
                chars.next();
                Inside::Block(1)
            }
            (Inside::Block(depth), '/', Some('*')) => {
                chars.next();
                Inside::Block(depth + 1)
            }
            (Inside::Block(depth), '*', Some('/')) => {
                chars.next();
                if depth == 1 { Inside::Nothing } else { Inside::Block(depth - 1) }
            }
            (Inside::Quotes(quote), c, _) if c == quote => Inside::Nothing,
            (Inside::Nothing, c, _) => {
                has_words |= !c.is_whitespace();
                if matches!(c, '\'' | '"') { Inside::Quotes(c) } else { Inside::Nothing }
            }
            (other, ..) => other,
        };
    }
    Scan { end: None, has_words }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(lines: &[&str]) -> Vec<Typed> {
        let mut input = Input::default();
        let mut typed: Vec<Typed> = lines.iter().flat_map(|line| input.push(line)).collect();
        typed.extend(input.rest());
        typed
    }

    fn sql(text: &str) -> Typed {
        Typed::Sql(text.to_owned())
    }

    #[test]
    fn a_statement_ends_with_a_semicolon_that_is_no_text_and_no_comment() {
        for (lines, expected) in [
            (&["select 1;"][..], vec![sql("select 1")]),
            (&["select", "  1", ";"], vec![sql("select\n  1")]),
            (&["select 1; select 2;"], vec![sql("select 1"), sql("select 2")]),
            (&["select ';' as \"a;b\";"], vec![sql("select ';' as \"a;b\"")]),
            (&["select 'it''s;';"], vec![sql("select 'it''s;'")]),
            (&["select 1 -- one; two", "+ 1;"], vec![sql("select 1 -- one; two\n+ 1")]),
            (&["select /* a; /* b; */ c; */ 1;"], vec![sql("select /* a; /* b; */ c; */ 1")]),
            (&["select 1 /* it's */;"], vec![sql("select 1 /* it's */")]),
            (&["select 'a", "b;'", ";"], vec![sql("select 'a\nb;'")]),
            (&["select 1"], vec![sql("select 1")]),
            (&[";", " ; ;", "-- nothing", "/* nothing */"], vec![]),
        ] {
            assert_eq!(typed(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_command_is_a_line_of_its_own() {
        assert_eq!(typed(&["  \\d events "]), [Typed::Command("\\d events".to_owned())]);
        // In the midst of a statement a backslash is the statement's.
        assert_eq!(typed(&["select 1", "\\d events"]), [sql("select 1\n\\d events")]);
        let mut input = Input::default();
        assert!(input.push("select 1").is_empty() && !input.is_empty());
        input.clear();
        assert_eq!(input.push("\\q"), [Typed::Command("\\q".to_owned())]);
    }
}
