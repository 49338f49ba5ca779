//! CIDR blocks in the one form that EC2 keeps.
//!
//! Source: Amazon EC2 API Reference, "IpRange": EC2 canonicalizes IPv4 and IPv6 ranges, so that 100.68.0.18/18 becomes
//! 100.68.0.0/18, and takes both for the same rule.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::spec::Peer;

/// A range without host bits; of IPv6, in its shortest form. A single address is a range of one.
pub fn canonical(text: &str) -> Option<Peer> {
    let text = text.trim();
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(prefix_length(length)?)),
        None => (text, None),
    };
    match address.parse().ok()? {
        IpAddr::V4(address) => ipv4(address, length.unwrap_or(32)).map(Peer::Ipv4),
        IpAddr::V6(address) => ipv6(address, length.unwrap_or(128)).map(Peer::Ipv6),
    }
}

fn prefix_length(text: &str) -> Option<u32> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn ipv4(address: Ipv4Addr, length: u32) -> Option<String> {
    let host_bits = 32_u32.checked_sub(length)?;
    let network = u32::MAX.checked_shl(host_bits).unwrap_or(0) & address.to_bits();
    Some(format!("{}/{length}", Ipv4Addr::from_bits(network)))
}

fn ipv6(address: Ipv6Addr, length: u32) -> Option<String> {
    let host_bits = 128_u32.checked_sub(length)?;
    let network = u128::MAX.checked_shl(host_bits).unwrap_or(0) & address.to_bits();
    Some(format!("{}/{length}", Ipv6Addr::from_bits(network)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_one_form() {
        let check = |text: &str, expected: Option<&str>| {
            let canonical = canonical(text);
            assert_eq!(canonical.as_ref().map(Peer::text), expected, "{text}");
            let is_ipv6 = expected.is_some_and(|range| range.contains(':'));
            assert!(canonical.is_none_or(|peer| matches!(peer, Peer::Ipv6(_)) == is_ipv6), "{text}");
        };
        check("100.68.0.18/18", Some("100.68.0.0/18"));
        check("10.0.0.1/0", Some("0.0.0.0/0"));
        check("203.0.113.7/32", Some("203.0.113.7/32"));
        check(" 203.0.113.7 ", Some("203.0.113.7/32"));
        check("2001:DB8:0:0::1/32", Some("2001:db8::/32"));
        check("0:0:0:0:0:0:0:0/0", Some("::/0"));
        check("2001:db8::1", Some("2001:db8::1/128"));
        for wrong in ["", "/", "10.0.0.0/33", "::/129", "10.0.0.0/+8", "10.0.0.0/", "10.0.0/8", "sg-1", "0.0.0.0/-1"] {
            check(wrong, None);
        }
    }
}
