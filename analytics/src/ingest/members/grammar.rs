//! JSON's grammar, over the places where tokens begin.

use std::ops::Range;

/// Deeper values are declined.
pub const DEPTH: usize = 60;

/// A way through the tokens of one text.
pub struct Walk<'a> {
    bytes: &'a [u8],
    tokens: &'a [u32],
    /// The token that is next.
    next: usize,
}

/// What the grammar wants next inside a value.
enum Wants {
    Name,
    Value,
    Behind,
}

impl<'a> Walk<'a> {
    /// At the first token.
    pub fn new(bytes: &'a [u8], tokens: &'a [u32]) -> Self {
        Self { bytes, tokens, next: 0 }
    }

    /// Whether every token was gone by.
    pub fn is_done(&self) -> bool {
        self.next == self.tokens.len()
    }

    /// Goes by the object that stands next, and hands the places of each member's name and value to `each`.
    pub fn object(&mut self, mut each: impl FnMut(Range<usize>, Range<usize>)) -> Option<()> {
        self.take(b'{')?;
        if self.byte(0) == b'}' {
            return self.take(b'}');
        }
        loop {
            let name = self.name()?;
            let start = self.place(0);
            self.value()?;
            each(name, start..self.end());
            match self.byte(0) {
                b',' => self.next += 1,
                _ => return self.take(b'}'),
            }
        }
    }

    /// Goes by a name and its colon.
    #[inline(always)]
    fn name(&mut self) -> Option<Range<usize>> {
        let start = self.place(0) + 1;
        self.take(b'"')?;
        let end = self.end() - 1;
        self.take(b':')?;
        Some(start..end)
    }

    /// Goes by a value. A bit of `objects` tells `{` from `[` for each open bracket, the lowest bit for the innermost.
    fn value(&mut self) -> Option<()> {
        let (mut depth, mut objects, mut wants) = (0, 0_u64, Wants::Value);
        loop {
            wants = match wants {
                Wants::Name => {
                    let is_name = self.byte(0) == b'"' && self.byte(1) == b':';
                    self.next += 2;
                    is_name.then_some(Wants::Value)?
                }
                Wants::Value => {
                    let byte = self.byte(0);
                    if !matches!(byte, b'"' | b'{' | b'[') {
                        self.word()?;
                    }
                    self.next += 1;
                    if !matches!(byte, b'{' | b'[') {
                        Wants::Behind
                    } else if depth == DEPTH {
                        return None;
                    } else {
                        depth += 1;
                        objects = objects << 1 | u64::from(byte == b'{');
                        match (byte, self.byte(0)) {
                            (b'{', b'}') | (b'[', b']') => Wants::Behind,
                            (b'{', _) => Wants::Name,
                            _ => Wants::Value,
                        }
                    }
                }
                Wants::Behind if depth == 0 => return Some(()),
                Wants::Behind => {
                    let byte = self.byte(0);
                    self.next += 1;
                    match (objects & 1 == 1, byte) {
                        (true, b',') => Wants::Name,
                        (false, b',') => Wants::Value,
                        (true, b'}') | (false, b']') => {
                            depth -= 1;
                            objects >>= 1;
                            Wants::Behind
                        }
                        _ => return None,
                    }
                }
            };
        }
    }

    /// Whether the next token is a number, `true`, `false` or `null`.
    fn word(&self) -> Option<()> {
        let word = &self.bytes[self.place(0)..self.end_before(self.place(1))];
        (matches!(word, b"true" | b"false" | b"null") || is_number(word)).then_some(())
    }

    /// Goes by the next token, which must be that byte.
    #[inline(always)]
    fn take(&mut self, byte: u8) -> Option<()> {
        let is_next = self.byte(0) == byte;
        self.next += 1;
        is_next.then_some(())
    }

    /// Where the last token ends.
    #[inline(always)]
    fn end(&self) -> usize {
        self.end_before(self.place(0))
    }

    /// Where the token ends behind which there are only spaces up to that place.
    #[inline(always)]
    fn end_before(&self, place: usize) -> usize {
        let mut end = place;
        while matches!(self.bytes[end - 1], b' ' | b'\t' | b'\n' | b'\r') {
            end -= 1;
        }
        end
    }

    /// Where the token after so many more begins; the end of the text, when there is none.
    #[inline(always)]
    fn place(&self, ahead: usize) -> usize {
        self.tokens.get(self.next + ahead).map_or(self.bytes.len(), |place| *place as usize)
    }

    /// The first byte of the token after so many more; 0 when there is none.
    #[inline(always)]
    fn byte(&self, ahead: usize) -> u8 {
        self.bytes.get(self.place(ahead)).copied().unwrap_or(0)
    }
}

fn is_number(bytes: &[u8]) -> bool {
    let digits = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let unsigned = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let whole = digits(unsigned);
    if whole == 0 || (whole > 1 && unsigned[0] == b'0') {
        return false;
    }
    let mut rest = &unsigned[whole..];
    if let [b'.', fraction @ ..] = rest {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = &fraction[count..];
    }
    match rest {
        [b'e' | b'E', b'+' | b'-', power @ ..] | [b'e' | b'E', power @ ..] => {
            !power.is_empty() && digits(power) == power.len()
        }
        _ => rest.is_empty(),
    }
}
