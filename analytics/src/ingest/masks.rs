//! Sixty-four bytes of JSON at a time: one bit for each byte that means something, by the widest instructions that the
//! processor has.

use pulp::NullaryFnOnce;
use wide::u8x16;

/// Bytes in a block.
pub const BLOCK: usize = 64;

/// One bit for each byte of a block.
#[derive(Default)]
pub struct Masks {
    /// `"`, escaped or not.
    pub quotes: u64,
    /// `\`.
    pub backslashes: u64,
    /// `{` and `[`.
    pub opens: u64,
    /// `}` and `]`.
    pub closes: u64,
    /// `:` and `,`.
    pub separators: u64,
    /// Space, tab, line feed and carriage return.
    pub spaces: u64,
    /// Control characters, which no JSON string holds as they are.
    pub controls: u64,
}

/// A way to read blocks.
pub trait Lanes: Copy {
    /// The masks of a block.
    fn masks(self, block: &[u8; BLOCK]) -> Masks;
}

/// Work that goes block by block.
pub trait Work {
    /// What comes of it.
    type Output;
    /// Does it. Must be `inline(always)`, like all that it calls for each block, or the wide instructions are lost.
    fn run(self, lanes: impl Lanes) -> Self::Output;
}

/// Does the work with the widest lanes of this processor.
pub fn widest<W: Work>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(lanes) = pulp::x86::V4::try_new() {
            return lanes.vectorize(Bound { work, lanes });
        }
        if let Some(lanes) = pulp::x86::V3::try_new() {
            return lanes.vectorize(Bound { work, lanes });
        }
    }
    work.run(Portable)
}

struct Bound<W, L> {
    work: W,
    lanes: L,
}

impl<W: Work, L: Lanes> NullaryFnOnce for Bound<W, L> {
    type Output = W::Output;

    #[inline(always)]
    fn call(self) -> W::Output {
        self.work.run(self.lanes)
    }
}

/// Bit 5 is all that parts `[` from `{` and `]` from `}`.
const FOLD: u8 = 0x20;
const FIRST_PRINTABLE: u8 = 0x20;
const SPACES: [u8; 4] = *b" \t\n\r";

#[cfg(target_arch = "x86_64")]
impl Lanes for pulp::x86::V4 {
    #[inline(always)]
    fn masks(self, block: &[u8; BLOCK]) -> Masks {
        let bytes: pulp::u8x64 = pulp::cast(*block);
        let folded = self.or_u8x64(bytes, self.splat_u8x64(FOLD));
        let equal = |bytes: pulp::u8x64, byte: u8| {
            self.avx512bw._mm512_cmpeq_epu8_mask(pulp::cast(bytes), pulp::cast(self.splat_u8x64(byte)))
        };
        Masks {
            quotes: equal(bytes, b'"'),
            backslashes: equal(bytes, b'\\'),
            opens: equal(folded, b'{'),
            closes: equal(folded, b'}'),
            separators: equal(bytes, b':') | equal(bytes, b','),
            spaces: SPACES.iter().fold(0, |found, byte| found | equal(bytes, *byte)),
            controls: self.cmp_lt_u8x64(bytes, self.splat_u8x64(FIRST_PRINTABLE)).0,
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl Lanes for pulp::x86::V3 {
    #[inline(always)]
    fn masks(self, block: &[u8; BLOCK]) -> Masks {
        let [low, high]: [pulp::u8x32; 2] = pulp::cast(*block);
        let bits = |found: [pulp::m8x32; 2]| {
            let [low, high] = found.map(|found| self.avx2._mm256_movemask_epi8(pulp::cast(found)).cast_unsigned());
            u64::from(high) << 32 | u64::from(low)
        };
        let fold = self.splat_u8x32(FOLD);
        let folded = [self.or_u8x32(low, fold), self.or_u8x32(high, fold)];
        let equal = |bytes: [pulp::u8x32; 2], byte: u8| {
            bits(bytes.map(|bytes| self.cmp_eq_u8x32(bytes, self.splat_u8x32(byte))))
        };
        let controls = [low, high].map(|bytes| self.cmp_lt_u8x32(bytes, self.splat_u8x32(FIRST_PRINTABLE)));
        Masks {
            quotes: equal([low, high], b'"'),
            backslashes: equal([low, high], b'\\'),
            opens: equal(folded, b'{'),
            closes: equal(folded, b'}'),
            separators: equal([low, high], b':') | equal([low, high], b','),
            spaces: SPACES.iter().fold(0, |found, byte| found | equal([low, high], *byte)),
            controls: bits(controls),
        }
    }
}

/// What every processor can do.
#[derive(Clone, Copy)]
pub struct Portable;

impl Lanes for Portable {
    #[inline(always)]
    fn masks(self, block: &[u8; BLOCK]) -> Masks {
        let mut masks = Masks::default();
        for (lane, bytes) in block.chunks_exact(16).enumerate() {
            let bytes = u8x16::new(bytes.try_into().expect("a block is four lanes of 16"));
            let folded = bytes | u8x16::splat(FOLD);
            let bits = |found: u8x16| u64::from(found.to_bitmask()) << (16 * lane);
            let equal = |bytes: u8x16, byte: u8| bits(bytes.simd_eq(u8x16::splat(byte)));
            masks.quotes |= equal(bytes, b'"');
            masks.backslashes |= equal(bytes, b'\\');
            masks.opens |= equal(folded, b'{');
            masks.closes |= equal(folded, b'}');
            masks.separators |= equal(bytes, b':') | equal(bytes, b',');
            masks.spaces |= SPACES.iter().fold(0, |found, byte| found | equal(bytes, *byte));
            let last_control = u8x16::splat(FIRST_PRINTABLE - 1);
            masks.controls |= bits(bytes.min(last_control).simd_eq(bytes));
        }
        masks
    }
}

/// Which bytes stand in strings, block after block.
#[derive(Default)]
pub struct Strings {
    first_is_escaped: bool,
    starts_inside: bool,
}

/// What a block's quotes mean.
pub struct Quoted {
    /// Quotes that open or close a string.
    pub quotes: u64,
    /// Bytes of strings, with the quote that opens and without the one that closes.
    pub inside: u64,
    /// Bytes that a backslash before them takes out of the syntax.
    pub escaped: u64,
}

impl Strings {
    /// Whether the last block ended within a string.
    pub fn ends_inside(&self) -> bool {
        self.starts_inside
    }

    /// Reads the next block.
    #[inline(always)]
    pub fn next(&mut self, masks: &Masks) -> Quoted {
        let escaped = self.escaped(masks.backslashes);
        let quotes = masks.quotes & !escaped;
        let mut inside = prefix_xor(quotes);
        if self.starts_inside {
            inside = !inside;
        }
        self.starts_inside = inside >> (BLOCK - 1) == 1;
        Quoted { quotes, inside, escaped }
    }

    #[inline(always)]
    fn escaped(&mut self, backslashes: u64) -> u64 {
        let mut escaped = u64::from(self.first_is_escaped);
        self.first_is_escaped = false;
        let mut rest = backslashes;
        while rest != 0 {
            let offset = rest.trailing_zeros();
            if escaped >> offset & 1 == 0 {
                match offset {
                    63 => self.first_is_escaped = true,
                    _ => escaped |= 2 << offset,
                }
            }
            rest &= rest - 1;
        }
        escaped
    }
}

/// Bit n of the result is the parity of the bits 0 to n.
#[inline(always)]
fn prefix_xor(bits: u64) -> u64 {
    [1, 2, 4, 8, 16, 32].iter().fold(bits, |bits, shift| bits ^ bits << shift)
}

/// A last block that is not full, with spaces behind it.
#[inline(always)]
pub fn padded(rest: &[u8]) -> [u8; BLOCK] {
    let mut last = [b' '; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All masks of one block.
    struct MasksOf<'a>(&'a [u8; BLOCK]);

    impl Work for MasksOf<'_> {
        type Output = [u64; 7];

        #[inline(always)]
        fn run(self, lanes: impl Lanes) -> [u64; 7] {
            let Masks { quotes, backslashes, opens, closes, separators, spaces, controls } = lanes.masks(self.0);
            [quotes, backslashes, opens, closes, separators, spaces, controls]
        }
    }

    fn plainly(block: &[u8; BLOCK]) -> [u64; 7] {
        let bits = |is: fn(&u8) -> bool| (0..BLOCK).filter(|n| is(&block[*n])).fold(0, |bits, n| bits | 1_u64 << n);
        [
            bits(|byte| *byte == b'"'),
            bits(|byte| *byte == b'\\'),
            bits(|byte| matches!(byte, b'{' | b'[')),
            bits(|byte| matches!(byte, b'}' | b']')),
            bits(|byte| matches!(byte, b':' | b',')),
            bits(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')),
            bits(|byte| *byte < 0x20),
        ]
    }

    proptest! {
        #[test]
        fn every_width_reads_the_same(
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"\"\\{}[]:,\x1f\x20\x00\x80".to_vec())], BLOCK)
        ) {
            let block: [u8; BLOCK] = bytes.try_into().expect("as many as asked for");
            let expected = plainly(&block);
            prop_assert_eq!(MasksOf(&block).run(Portable), expected);
            prop_assert_eq!(widest(MasksOf(&block)), expected);
            #[cfg(target_arch = "x86_64")]
            if let Some(lanes) = pulp::x86::V3::try_new() {
                prop_assert_eq!(lanes.vectorize(Bound { work: MasksOf(&block), lanes }), expected);
            }
        }
    }
}
