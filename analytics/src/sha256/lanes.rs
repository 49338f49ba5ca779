//! SHA-256 of sixteen messages side by side, one in each lane of the processor's vectors.
//!
//! A processor without SHA instructions hashes one message at a quarter of the rate at which it inflates one; sixteen at
//! once go four times as fast. Source: FIPS 180-4, "Secure Hash Standard", sections 5 and 6.2.

use std::array::from_fn;

use pulp::{Arch, Scalar, Simd, WithSimd};

/// Messages side by side.
pub const LANES: usize = 16;
const BLOCK: usize = 64;
/// Where the length stands in the last block.
const LENGTH_AT: usize = 56;

/// One word of each message.
type Words = [u32; LANES];

const FIRST: [u32; 8] =
    [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

#[rustfmt::skip]
const ROUNDS: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];

/// Whether this processor hashes faster so than one message at a time.
pub fn are_worth_it() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        !std::arch::is_x86_feature_detected!("sha") && !matches!(Arch::new(), Arch::Scalar)
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

/// Messages on their way through the lanes, each with something that tells whose it is.
pub struct Lanes<T> {
    /// The hash so far, word by word.
    state: [Words; 8],
    messages: [Option<Message<T>>; LANES],
    /// Buffers to use again.
    free: Vec<Vec<u8>>,
}

struct Message<T> {
    bytes: Vec<u8>,
    /// Whole blocks gone by.
    at: usize,
    tag: T,
}

impl<T> Message<T> {
    fn blocks_left(&self) -> usize {
        self.bytes.len() / BLOCK - self.at
    }
}

impl<T> Lanes<T> {
    /// No message yet.
    pub fn new() -> Self {
        Self { state: FIRST.map(|word| [word; LANES]), messages: from_fn(|_| None), free: Vec::new() }
    }

    /// Takes a message, and returns the hashes that are ready: none until every lane has its message.
    pub fn add(&mut self, message: &[u8], tag: T) -> Vec<(T, [u8; 32])> {
        let lane = self.messages.iter().position(Option::is_none).expect("a round empties a lane at least");
        let mut bytes = self.free.pop().unwrap_or_default();
        bytes.extend_from_slice(message);
        for (words, first) in self.state.iter_mut().zip(FIRST) {
            words[lane] = first;
        }
        self.messages[lane] = Some(Message { bytes, at: 0, tag });
        let mut ready = Vec::new();
        if self.messages.iter().all(Option::is_some) {
            self.go_on(&mut ready);
        }
        ready
    }

    /// Returns all the rest.
    pub fn finish(&mut self) -> Vec<(T, [u8; 32])> {
        let mut ready = Vec::new();
        while self.messages.iter().any(Option::is_some) {
            self.go_on(&mut ready);
        }
        ready
    }

    /// Goes on until the shortest message is through.
    fn go_on(&mut self, ready: &mut Vec<(T, [u8; 32])>) {
        let Some(blocks) = self.messages.iter().flatten().map(Message::blocks_left).min() else { return };
        // A lane without a message repeats another's work.
        let stand_in = self.messages.iter().position(Option::is_some).expect("there is a shortest");
        let inputs: [&[[u8; BLOCK]]; LANES] = from_fn(|lane| {
            let message = self.messages[lane].as_ref().or(self.messages[stand_in].as_ref()).expect("it has one");
            &message.bytes.as_chunks().0[message.at..message.at + blocks]
        });
        Arch::new().dispatch(Compress { state: &mut self.state, inputs, blocks });
        for lane in 0..LANES {
            if let Some(mut message) = self.messages[lane].take_if(|message| message.blocks_left() == blocks) {
                ready.push((message.tag, end(self.state.map(|words| words[lane]), &message.bytes)));
                message.bytes.clear();
                self.free.push(message.bytes);
            } else if let Some(message) = &mut self.messages[lane] {
                message.at += blocks;
            }
        }
    }
}

/// The hash of a message whose whole blocks are in `state`.
fn end(mut state: [u32; 8], message: &[u8]) -> [u8; 32] {
    let rest = message.as_chunks::<BLOCK>().1;
    let mut last = [[0; BLOCK]; 2];
    let count = if rest.len() < LENGTH_AT { 1 } else { 2 };
    last[0][..rest.len()].copy_from_slice(rest);
    last[0][rest.len()] = 0x80;
    last[count - 1][LENGTH_AT..].copy_from_slice(&(message.len() as u64 * 8).to_be_bytes());
    for block in &last[..count] {
        compress(Scalar, &mut state, from_fn(|word| word_of(block, word)));
    }
    let mut hash = [0; 32];
    hash.as_chunks_mut().0.iter_mut().zip(state).for_each(|(bytes, word)| *bytes = word.to_be_bytes());
    hash
}

fn word_of(block: &[u8; BLOCK], word: usize) -> u32 {
    u32::from_be_bytes(block.as_chunks().0[word])
}

/// Takes the same number of blocks of each message into the state.
struct Compress<'a> {
    state: &'a mut [Words; 8],
    inputs: [&'a [[u8; BLOCK]]; LANES],
    blocks: usize,
}

impl WithSimd for Compress<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let mut words = [[0; LANES]; 16];
        for block in 0..self.blocks {
            for (lane, input) in self.inputs.iter().enumerate() {
                for (word, words) in words.iter_mut().enumerate() {
                    words[lane] = word_of(&input[block], word);
                }
            }
            // As many lanes at a time as a vector has.
            for group in 0..LANES / S::U32_LANES {
                let mut state = from_fn(|word| S::as_simd_u32s(&self.state[word]).0[group]);
                compress(simd, &mut state, from_fn(|word| S::as_simd_u32s(&words[word]).0[group]));
                for (to, from) in self.state.iter_mut().zip(state) {
                    S::as_mut_simd_u32s(to).0[group] = from;
                }
            }
        }
    }
}

/// One block of as many messages as a vector has lanes. Unrolled by macros: left to itself the compiler takes the vectors apart.
#[inline(always)]
fn compress<S: Simd>(simd: S, state: &mut [S::u32s; 8], mut words: [S::u32s; 16]) {
    let (add, xor, and) = (|a, b| simd.add_u32s(a, b), |a, b| simd.xor_u32s(a, b), |a, b| simd.and_u32s(a, b));
    let shift = |a, bits| simd.wrapping_dyn_shr_u32s(a, simd.splat_u32s(bits));
    let rotate = |a, bits| simd.or_u32s(shift(a, bits), simd.wrapping_dyn_shl_u32s(a, simd.splat_u32s(32 - bits)));
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    macro_rules! extend {
        ($($at:literal)*) => { $({
            let (next, after) = (words[($at + 1) % 16], words[($at + 14) % 16]);
            let small0 = xor(xor(rotate(next, 7), rotate(next, 18)), shift(next, 3));
            let small1 = xor(xor(rotate(after, 17), rotate(after, 19)), shift(after, 10));
            words[$at] = add(add(words[$at], small0), add(words[($at + 9) % 16], small1));
        })* };
    }
    macro_rules! round {
        ($constant:expr, $word:expr, $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident) => {
            let big1 = xor(xor(rotate($e, 6), rotate($e, 11)), rotate($e, 25));
            let choice = xor($g, and($e, xor($f, $g)));
            let sum = add(add(add($h, simd.splat_u32s($constant)), add(big1, choice)), $word);
            let big0 = xor(xor(rotate($a, 2), rotate($a, 13)), rotate($a, 22));
            let majority = xor(and(xor($a, $b), xor($b, $c)), $b);
            $d = add($d, sum);
            $h = add(sum, add(big0, majority));
        };
    }
    macro_rules! eight_rounds {
        ($constants:expr, $at:literal) => {
            round!($constants[$at], words[$at], a b c d e f g h);
            round!($constants[$at + 1], words[$at + 1], h a b c d e f g);
            round!($constants[$at + 2], words[$at + 2], g h a b c d e f);
            round!($constants[$at + 3], words[$at + 3], f g h a b c d e);
            round!($constants[$at + 4], words[$at + 4], e f g h a b c d);
            round!($constants[$at + 5], words[$at + 5], d e f g h a b c);
            round!($constants[$at + 6], words[$at + 6], c d e f g h a b);
            round!($constants[$at + 7], words[$at + 7], b c d e f g h a);
        };
    }
    for (quarter, constants) in ROUNDS.as_chunks::<16>().0.iter().enumerate() {
        if quarter > 0 {
            extend!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        }
        eight_rounds!(constants, 0);
        eight_rounds!(constants, 8);
    }
    for (word, more) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *word = add(*word, more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sha256::Sha256;
    use proptest::prelude::*;

    fn by_lanes(messages: &[Vec<u8>]) -> Vec<[u8; 32]> {
        let mut lanes = Lanes::new();
        let mut hashes: Vec<(usize, [u8; 32])> =
            messages.iter().enumerate().flat_map(|(place, message)| lanes.add(message, place)).collect();
        hashes.extend(lanes.finish());
        hashes.sort();
        assert_eq!(hashes.len(), messages.len());
        hashes.into_iter().map(|(_, hash)| hash).collect()
    }

    fn one_by_one(messages: &[Vec<u8>]) -> Vec<[u8; 32]> {
        messages.iter().map(|message| Sha256::new().then(message).bytes()).collect()
    }

    #[test]
    fn every_length_around_a_block_is_hashed_as_one_by_one() {
        let messages: Vec<Vec<u8>> = (0..200).map(|length| (0..length).map(|n| n as u8 ^ 0x5a).collect()).collect();
        assert_eq!(by_lanes(&messages), one_by_one(&messages));
    }

    proptest! {
        #[test]
        fn any_messages_are_hashed_as_one_by_one(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..2000), 0..50)
        ) {
            prop_assert_eq!(by_lanes(&messages), one_by_one(&messages));
        }
    }
}
