//! SQL in pieces, as far as translating needs it: what is code, and what is a text, a name or a comment.

/// A piece of SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A word, or one sign.
    Code(&'a str),
    /// Blanks and line ends.
    Space(&'a str),
    /// `'...'`, without its quotes; a quote in it is doubled.
    Literal(&'a str),
    /// `"..."`, without its quotes.
    Name(&'a str),
    /// `$...`, without the sign.
    Parameter(&'a str),
    /// `-- ...`, to the end of the line.
    Comment,
}

/// Takes SQL apart; nothing is lost but comments.
pub fn pieces(sql: &str) -> Vec<Piece<'_>> {
    let (mut found, mut rest) = (Vec::new(), sql);
    while let Some(first) = rest.chars().next() {
        let (piece, length) = first_piece(rest, first);
        found.push(piece);
        rest = &rest[length..];
    }
    found
}

fn first_piece(text: &str, first: char) -> (Piece<'_>, usize) {
    let until = |is_part: fn(char) -> bool| text.find(|c: char| !is_part(c)).unwrap_or(text.len());
    match first {
        '-' if text.starts_with("--") => (Piece::Comment, text.find('\n').unwrap_or(text.len())),
        '\'' => quoted(text, first, Piece::Literal),
        '"' => quoted(text, first, Piece::Name),
        '$' => {
            let name = &text[1..];
            let length = name.find(|c: char| !is_of_word(c)).unwrap_or(name.len());
            (Piece::Parameter(&name[..length]), 1 + length)
        }
        _ if first.is_whitespace() => {
            let length = until(char::is_whitespace);
            (Piece::Space(&text[..length]), length)
        }
        _ if is_of_word(first) => {
            let length = until(is_of_word);
            (Piece::Code(&text[..length]), length)
        }
        _ => (Piece::Code(&text[..first.len_utf8()]), first.len_utf8()),
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// A quote that is doubled ends nothing.
fn quoted<'a>(text: &'a str, quote: char, piece: fn(&'a str) -> Piece<'a>) -> (Piece<'a>, usize) {
    let mut rest = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = rest.next() {
        if c == quote && rest.next_if(|(_, next)| *next == quote).is_none() {
            return (piece(&text[1..at]), at + 1);
        }
    }
    (piece(&text[1..]), text.len())
}

/// The same with `nulls last` in every `order by`, and `nulls first` where the order is descending: DataFusion's own order.
pub fn nulls_placed(pieces: Vec<Piece<'_>>) -> Vec<Piece<'_>> {
    let mut placed = Vec::with_capacity(pieces.len());
    // Whether an `order by` is open, for each open parenthesis; and the end of what is neither space nor comment.
    let (mut is_ordering, mut end) = (vec![false], 0);
    for piece in pieces {
        if matches!(piece, Piece::Space(_) | Piece::Comment) {
            placed.push(piece);
            continue;
        }
        match piece {
            Piece::Code("(") => is_ordering.push(false),
            Piece::Code(")") => {
                let was_ordering = is_ordering.pop();
                if was_ordering == Some(true) {
                    place(&mut placed, end);
                }
            }
            Piece::Code(",") if is_ordering.last() == Some(&true) => place(&mut placed, end),
            Piece::Code("rows" | "limit") if is_ordering.last() == Some(&true) => {
                place(&mut placed, end);
                set_last(&mut is_ordering, false);
            }
            Piece::Code("by") if end > 0 && placed[end - 1] == Piece::Code("order") => set_last(&mut is_ordering, true),
            _ => {}
        }
        placed.push(piece);
        end = placed.len();
    }
    if is_ordering.last() == Some(&true) {
        place(&mut placed, end);
    }
    placed
}

fn place(placed: &mut Vec<Piece<'_>>, end: usize) {
    let is_descending = end > 0 && placed[end - 1] == Piece::Code("desc");
    placed.insert(end, Piece::Code(if is_descending { " nulls first" } else { " nulls last" }));
}

fn set_last(is_ordering: &mut [bool], value: bool) {
    if let Some(last) = is_ordering.last_mut() {
        *last = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_names_and_comments_are_told_from_code() {
        let found = pieces("a.\"b\"||'c''d'--e'\n$f");
        let expected = [
            Piece::Code("a"),
            Piece::Code("."),
            Piece::Name("b"),
            Piece::Code("|"),
            Piece::Code("|"),
            Piece::Literal("c''d"),
            Piece::Comment,
            Piece::Space("\n"),
            Piece::Parameter("f"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn any_text_is_taken_apart_to_its_end() {
        for text in ["", "'", "\"", "$", "--", "é'ü", "''", "a'b''"] {
            pieces(text);
        }
    }
}
