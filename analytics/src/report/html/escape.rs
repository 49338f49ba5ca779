//! The one way of a text from a log into the page.

use std::fmt;

use askama::filters::{Escaper, Html};

/// Escapes for HTML, and shows the characters that a browser obeys, or that nobody sees, as `\u{202e}`: what a log says
/// is read as it stands there. Templates of `.html` use it for every `{{ }}` (see `askama.toml`).
#[derive(Debug, Clone, Copy, Default)]
pub struct Visible;

impl Escaper for Visible {
    fn write_escaped_str<W: fmt::Write>(&self, mut dest: W, text: &str) -> fmt::Result {
        let mut plain_from = 0;
        for (at, c) in text.char_indices().filter(|(_, c)| is_unseen(*c)) {
            Html.write_escaped_str(&mut dest, &text[plain_from..at])?;
            write!(dest, "{}", c.escape_default())?;
            plain_from = at + c.len_utf8();
        }
        Html.write_escaped_str(dest, &text[plain_from..])
    }
}

/// Controls, line separators, marks and overrides of direction, and characters without a width (Unicode's
/// Default_Ignorable_Code_Point): all of them can make a text look like another one.
pub const fn is_unseen(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
        | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut shown = String::new();
        Visible.write_escaped_str(&mut shown, text).expect("a String takes everything");
        assert_eq!(shown, expected);
    }

    #[test]
    fn markup_is_text() {
        check(r#"<img src=x onerror="a('b')">&"#, "&#60;img src=x onerror=&#34;a(&#39;b&#39;)&#34;&#62;&#38;");
    }

    #[test]
    fn what_a_browser_obeys_or_nobody_sees_is_shown() {
        check("a\u{202e}fdp.exe", r"a\u{202e}fdp.exe");
        check("one\r\ntwo\t\0\u{1b}[31m", r"one\r\ntwo\t\u{0}\u{1b}[31m");
        check("a\u{200b}b\u{feff}c\u{e0041}", r"a\u{200b}b\u{feff}c\u{e0041}");
    }

    #[test]
    fn words_of_every_script_stay() {
        check("Größe 測試 עברית", "Größe 測試 עברית");
    }

    #[test]
    fn whatever_is_shown_has_no_markup_and_nothing_unseen() {
        for c in ('\0'..='\u{ffff}').chain('\u{1bc00}'..='\u{1d1ff}').chain('\u{e0000}'..='\u{e1000}') {
            let mut shown = String::new();
            Visible.write_escaped_str(&mut shown, &format!("a{c}b")).expect("a String takes everything");
            assert!(!shown.chars().any(|c| is_unseen(c) || matches!(c, '<' | '>' | '"' | '\'')), "{:x}", u32::from(c));
        }
    }
}
