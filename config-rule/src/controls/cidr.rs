//! IPv4 ranges, as far as rules of security groups need them.

/// A range of IPv4 addresses, for example `10.0.1.0/24`. Bits beyond the prefix are dropped, as EC2 does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cidr {
    first: u32,
    prefix_bits: u8,
}

impl Cidr {
    /// Every address.
    pub(super) const ALL: Self = Self { first: 0, prefix_bits: 0 };

    /// Reads `a.b.c.d/n`; `None` where the text is anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        let address: std::net::Ipv4Addr = address.parse().ok()?;
        let is_plain = matches!(bits.len(), 1 | 2) && bits.bytes().all(|byte| byte.is_ascii_digit());
        let prefix_bits: u8 = bits.parse().ok().filter(|&bits| is_plain && bits <= 32)?;
        Some(Self { first: u32::from(address) & mask(prefix_bits), prefix_bits })
    }

    /// Whether every address of `other` is in it.
    pub(super) fn covers(self, other: Self) -> bool {
        self.prefix_bits <= other.prefix_bits && other.first & mask(self.prefix_bits) == self.first
    }

    /// Whether they share an address.
    pub(super) fn overlaps(self, other: Self) -> bool {
        self.covers(other) || other.covers(self)
    }

    /// Whether every address of it is in one of `ranges`: two halves cover the whole.
    pub(super) fn is_covered_by(self, ranges: &[Self]) -> bool {
        if ranges.iter().any(|range| range.covers(self)) {
            return true;
        }
        // What is left are ranges inside this one. Each half sees only its own, so the work is bounded by their number.
        let inside: Vec<Self> = ranges.iter().copied().filter(|&range| self.covers(range)).collect();
        !inside.is_empty() && self.halves().is_some_and(|halves| halves.iter().all(|half| half.is_covered_by(&inside)))
    }

    fn halves(self) -> Option<[Self; 2]> {
        let prefix_bits = self.prefix_bits.checked_add(1).filter(|&bits| bits <= 32)?;
        let second = self.first | (1 << (32 - u32::from(prefix_bits)));
        Some([self.first, second].map(|first| Self { first, prefix_bits }))
    }
}

fn mask(prefix_bits: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix_bits)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cidr(text: &str) -> Cidr {
        Cidr::parse(text).expect("a range")
    }

    #[test]
    fn a_range_is_an_address_and_a_prefix_length() {
        assert_eq!(cidr("10.0.1.7/24"), cidr("10.0.1.0/24"));
        assert_eq!(cidr("255.255.255.255/0"), Cidr::ALL);
        assert_eq!(cidr("10.0.0.1/32").first, 0x0a00_0001);
        for text in ["", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/+8", "10.0.0.0/008", "::/0"] {
            assert_eq!(Cidr::parse(text), None, "{text}");
        }
    }

    #[test]
    fn ranges_cover_are_disjoint_or_lie_inside() {
        for (a, b, covers, overlaps) in [
            ("0.0.0.0/0", "10.0.0.0/8", true, true),
            ("10.0.0.0/8", "0.0.0.0/0", false, true),
            ("10.0.0.0/16", "10.0.255.0/24", true, true),
            ("10.0.0.0/24", "10.0.1.0/24", false, false),
            ("10.0.1.0/24", "10.0.1.0/24", true, true),
            ("10.0.1.9/32", "10.0.1.0/24", false, true),
        ] {
            assert_eq!(cidr(a).covers(cidr(b)), covers, "{a} covers {b}");
            assert_eq!((cidr(a).overlaps(cidr(b)), cidr(b).overlaps(cidr(a))), (overlaps, overlaps), "{a} and {b}");
        }
    }

    #[test]
    fn several_ranges_cover_together() {
        for (target, ranges, expected) in [
            ("10.0.0.0/24", vec!["10.0.0.0/25", "10.0.0.128/25"], true),
            ("10.0.0.0/24", vec!["10.0.0.0/25", "10.0.0.128/26"], false),
            ("10.0.0.0/24", vec![], false),
            ("0.0.0.0/0", vec!["0.0.0.0/1", "128.0.0.0/1"], true),
            ("10.0.0.1/32", vec!["10.0.0.0/32"], false),
        ] {
            let ranges: Vec<Cidr> = ranges.into_iter().map(cidr).collect();
            assert_eq!(cidr(target).is_covered_by(&ranges), expected, "{target} by {ranges:?}");
        }
    }

    proptest! {
        #[test]
        fn what_covers_together_is_told_by_every_address(
            target in 0_u8..16, target_bits in 24_u8..=32,
            ranges in proptest::collection::vec((0_u32..256, 24_u8..=32), 0..12),
        ) {
            let range = |first: u32, prefix_bits: u8| Cidr { first: first & mask(prefix_bits), prefix_bits };
            let target = range(u32::from(target) * 16, target_bits);
            let ranges: Vec<Cidr> = ranges.into_iter().map(|(first, bits)| range(first, bits)).collect();
            let addresses = (0..256).map(|first| range(first, 32)).filter(|&address| target.covers(address));
            let slowly = addresses.into_iter().all(|address| ranges.iter().any(|range| range.covers(address)));
            prop_assert_eq!(target.is_covered_by(&ranges), slowly);
        }

        #[test]
        fn no_text_panics(text in ".{0,24}") {
            let _ = Cidr::parse(&text);
        }
    }
}
