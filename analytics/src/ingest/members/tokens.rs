//! Where the tokens of a JSON text begin.

use super::super::masks::{BLOCK, Lanes, Strings, Work, padded};

/// Finds where tokens begin, a string being one: how many, and whether there is any escape. `None` where a string cannot be
/// sound.
pub struct Index<'a> {
    /// The text.
    pub bytes: &'a [u8],
    /// The places, and behind them what an earlier text left.
    pub tokens: &'a mut Vec<u32>,
}

impl Work for Index<'_> {
    type Output = Option<(usize, bool)>;

    #[inline(always)]
    fn run(self, lanes: impl Lanes) -> Self::Output {
        u32::try_from(self.bytes.len()).ok()?;
        // No text has more tokens than bytes; a block's are written where there is room for a whole block of them.
        let room = self.bytes.len() + 2 * BLOCK;
        if self.tokens.len() < room {
            self.tokens.resize(room, 0);
        }
        let mut count = 0;
        let (blocks, rest) = self.bytes.as_chunks::<BLOCK>();
        let (mut strings, mut has_escapes, mut is_in_word) = (Strings::default(), false, false);
        let last = padded(rest);
        for (block, base) in blocks.iter().chain([&last]).zip((0..).step_by(BLOCK)) {
            let masks = lanes.masks(block);
            let quoted = strings.next(&masks);
            if masks.controls & quoted.inside != 0 {
                return None;
            }
            if quoted.escaped != 0 {
                has_escapes = true;
                are_escapes(self.bytes, base as usize, quoted.escaped)?;
            }
            let marks = (masks.opens | masks.closes | masks.separators) & !quoted.inside;
            let words = !(quoted.inside | quoted.quotes | marks | masks.spaces);
            let starts = words & !(words << 1 | u64::from(is_in_word));
            is_in_word = words >> (BLOCK - 1) == 1;
            let room = self.tokens[count..].first_chunk_mut().expect("room for a block");
            count += write_tokens(room, base, marks | quoted.quotes & quoted.inside | starts);
        }
        (!strings.ends_inside()).then_some((count, has_escapes))
    }
}

#[inline(always)]
fn write_tokens(tokens: &mut [u32; BLOCK], base: u32, mut bits: u64) -> usize {
    let count = bits.count_ones() as usize;
    for token in &mut tokens[..count] {
        *token = base + bits.trailing_zeros();
        bits &= bits - 1;
    }
    count
}

/// Whether what stands behind each backslash is one of JSON's escapes.
fn are_escapes(bytes: &[u8], base: usize, mut escaped: u64) -> Option<()> {
    while escaped != 0 {
        let at = base + escaped.trailing_zeros() as usize;
        match bytes.get(at)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
            b'u' => bytes.get(at + 1..at + 5)?.iter().all(u8::is_ascii_hexdigit).then_some(())?,
            _ => return None,
        }
        escaped &= escaped - 1;
    }
    Some(())
}
