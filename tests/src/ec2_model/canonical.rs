//! The forms in which EC2 keeps what it is told.

use std::net::{Ipv4Addr, Ipv6Addr};

/// A range with its host bits off and its address in the usual form.
///
/// Source: EC2 API Reference, "IpRange" and "Ipv6Range": 100.68.0.18/18 is kept as 100.68.0.0/18.
pub fn canonical_cidr(cidr: &str) -> String {
    let (address, length) = cidr.split_once('/').expect("a range has a length");
    let length: u32 = length.parse().expect("the length is a number");
    if let Ok(address) = address.parse::<Ipv4Addr>() {
        let kept = u32::from(address) & u32::MAX.checked_shl(32 - length).unwrap_or(0);
        return format!("{}/{length}", Ipv4Addr::from(kept));
    }
    let address: Ipv6Addr = address.parse().expect("an address of one of the two families");
    let kept = u128::from(address) & u128::MAX.checked_shl(128 - length).unwrap_or(0);
    format!("{}/{length}", Ipv6Addr::from(kept))
}

/// The name of a protocol that has one, else its number; `-1` = all.
///
/// Source: EC2 API Reference, "IpPermission", `IpProtocol`.
pub fn canonical_protocol(protocol: &str) -> String {
    match protocol.to_ascii_lowercase().as_str() {
        "6" => "tcp",
        "17" => "udp",
        "1" => "icmp",
        "58" => "icmpv6",
        "all" => "-1",
        other => return other.to_owned(),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_protocols_have_one_form() {
        let check = |written: &str, kept: &str| assert_eq!(canonical_cidr(written), kept);
        check("100.68.0.18/18", "100.68.0.0/18");
        check("10.1.2.3/32", "10.1.2.3/32");
        check("10.1.2.3/0", "0.0.0.0/0");
        check("2001:0DB8:0:0::1/64", "2001:db8::/64");
        check("::/0", "::/0");
        assert_eq!(
            ["6", "17", "1", "58", "50", "-1", "TCP"].map(canonical_protocol).join(" "),
            "tcp udp icmp icmpv6 50 -1 tcp"
        );
    }
}
