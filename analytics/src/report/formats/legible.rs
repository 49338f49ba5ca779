//! Text of a log, written so that a person sees all of it and a program can have it back.
//!
//! Whoever can call an AWS API chooses job names, session names and some error texts. Control characters, characters
//! that turn the direction of writing and characters that nobody sees are therefore written as `\u{hex}`, in every format
//! alike: no XML parser refuses them, no terminal obeys them, no reader is led astray. All other text stays as it is.

/// What stands in for text that a limit of the format cut off.
pub const ELLIPSIS: char = '…';

/// The text with its invisible characters written as `\u{hex}`; different texts stay different.
///
/// Spaces at its ends are written so too (OSCAL refuses them), and the backslash of what looks like such an escape.
pub fn legible(text: &str) -> String {
    pieces(text).fold(String::with_capacity(text.len()), |mut all, piece| {
        piece.push_to(&mut all);
        all
    })
}

/// The same within a limit of UTF-16 code units, the strictest reading of "characters"; what is cut off ends in `…`.
///
/// Neither a character nor an escape is cut in two.
pub fn legible_within(text: &str, max_utf16_units: usize) -> String {
    let mut kept = String::new();
    let mut used = 0;
    // Where the text would have to end, were the next piece the first that does not fit.
    let mut end_with_ellipsis = 0;
    for piece in pieces(text) {
        let before = kept.len();
        piece.push_to(&mut kept);
        used += kept[before..].chars().map(char::len_utf16).sum::<usize>();
        if used > max_utf16_units {
            kept.truncate(end_with_ellipsis);
            kept.push(ELLIPSIS);
            return kept;
        }
        if used < max_utf16_units {
            end_with_ellipsis = kept.len();
        }
    }
    kept
}

#[derive(Clone, Copy)]
enum Piece {
    Plain(char),
    Escaped(char),
}

impl Piece {
    fn push_to(self, text: &mut String) {
        match self {
            Self::Plain(c) => text.push(c),
            Self::Escaped(c) => text.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
        }
    }
}

fn pieces(text: &str) -> impl Iterator<Item = Piece> {
    text.char_indices().map(move |(at, c)| {
        let is_end = at == 0 || at + c.len_utf8() == text.len();
        let looks_escaped = c == '\\' && text[at..].starts_with("\\u{");
        if is_hidden(c) || looks_escaped || (c == ' ' && is_end) { Piece::Escaped(c) } else { Piece::Plain(c) }
    })
}

/// Characters that are obeyed, or not seen: controls, white space other than the space, Unicode's
/// `Default_Ignorable_Code_Point`, interlinear annotation, and the two that XML excludes.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(
            u32::from(c),
            0xAD | 0x34F
                | 0x61C
                | 0x115F..=0x1160
                | 0x17B4..=0x17B5
                | 0x180B..=0x180F
                | 0x200B..=0x200F
                | 0x202A..=0x202E
                | 0x2060..=0x206F
                | 0x3164
                | 0xFE00..=0xFE0F
                | 0xFEFF
                | 0xFFA0
                | 0xFFF0..=0xFFFB
                | 0xFFFE..=0xFFFF
                | 0x1BCA0..=0x1BCA3
                | 0x1D173..=0x1D17A
                | 0xE0000..=0xE0FFF
        )
}

/// The text that [`legible`] was given.
#[cfg(test)]
pub fn read_back(legible: &str) -> String {
    let mut text = String::new();
    let mut rest = legible;
    while let Some(at) = rest.find("\\u{") {
        let (hex, after) = rest[at + 3..].split_once('}').expect("an escape ends");
        let code = u32::from_str_radix(hex, 16).expect("an escape is hexadecimal");
        text += &rest[..at];
        text.push(char::from_u32(code).expect("an escape is a character"));
        rest = after;
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_nobody_sees_is_shown() {
        for (text, expected) in [
            ("claims-summary-v3", "claims-summary-v3"),
            ("", ""),
            ("naïve 名前 \"x\" <&>", "naïve 名前 \"x\" <&>"),
            ("a\u{202e}gpj.exe", "a\\u{202e}gpj.exe"),
            ("\u{1b}[31m\n\t\0", "\\u{1b}[31m\\u{a}\\u{9}\\u{0}"),
            (" a b ", "\\u{20}a b\\u{20}"),
            ("C:\\users", "C:\\users"),
            ("\\u{202e}", "\\u{5c}u{202e}"),
            ("zero\u{200b}width\u{e0041}\u{ffff}", "zero\\u{200b}width\\u{e0041}\\u{ffff}"),
        ] {
            assert_eq!(legible(text), expected);
        }
    }

    #[test]
    fn what_is_cut_off_ends_in_an_ellipsis() {
        for (text, limit, expected) in [
            ("abcd", 4, "abcd"),
            ("abcde", 4, "abc…"),
            ("😀😀", 4, "😀😀"),
            ("😀😀", 3, "😀…"),
            ("😀😀", 2, "…"),
            ("a\u{202e}b", 10, "a\\u{202e}b"),
            ("a\u{202e}bc", 10, "a\\u{202e}…"),
            ("a\u{202e}b", 9, "a…"),
            ("aa\u{202e}", 9, "aa…"),
        ] {
            let found = legible_within(text, limit);
            assert_eq!(found, expected, "{text:?} within {limit}");
        }
    }

    proptest! {
        #[test]
        fn text_reads_back(text in any::<String>()) {
            let shown = legible(&text);
            prop_assert_eq!(read_back(&shown), text);
            prop_assert!(!shown.chars().any(is_hidden), "{shown:?}");
            prop_assert_eq!(shown.trim(), &shown);
        }

        #[test]
        fn a_limit_keeps_the_longest_start(text in "(\\PC|[\u{202e}\\\\u{}0-9 \n😀]){0,40}", limit in 1_usize..60) {
            let (whole, cut) = (legible(&text), legible_within(&text, limit));
            prop_assert!(cut.encode_utf16().count() <= limit);
            if whole.encode_utf16().count() <= limit {
                prop_assert_eq!(cut, whole);
            } else {
                let start = cut.strip_suffix(ELLIPSIS).expect("what was cut says so");
                prop_assert!(whole.starts_with(start));
                prop_assert!(text.starts_with(&read_back(start)));
                // The next piece would not have fitted beside the ellipsis.
                let longest_piece = legible("\u{10ffff}").len().max(legible("\u{e0041}").len());
                prop_assert!(cut.encode_utf16().count() + longest_piece > limit);
            }
        }
    }
}
