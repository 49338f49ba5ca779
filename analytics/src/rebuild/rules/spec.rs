//! What a rule allows, in one form whatever the record's: two rules of a group are the same if and only if these are equal.

use std::borrow::Cow;
use std::fmt;

/// A rule's specification. In a group, EC2 keeps each at most once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spec {
    /// Out of the group, or into it.
    pub is_egress: bool,
    /// What it allows.
    pub traffic: Traffic,
    /// The other side.
    pub peer: Peer,
}

/// A protocol and its ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Traffic {
    /// The protocol.
    pub protocol: Protocol,
    /// First port, or the ICMP type; `None` = all.
    pub from_port: Option<i64>,
    /// Last port, or the ICMP code; `None` = all.
    pub to_port: Option<i64>,
}

/// An IP protocol, by the name that EC2 has for it, otherwise by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// All of them.
    All,
    /// 6
    Tcp,
    /// 17
    Udp,
    /// 1
    Icmp,
    /// 58
    Icmpv6,
    /// Any other.
    Number(u8),
}

/// The other side of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// An IPv4 range in canonical form.
    Ipv4(String),
    /// An IPv6 range in canonical form.
    Ipv6(String),
    /// `pl-...`
    PrefixList(String),
    /// `sg-...`
    Group(String),
    /// A security group's name, where no record tells its id.
    GroupName(String),
}

impl Protocol {
    /// Reads a name or a number; `-1` is all.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        Some(match text.to_ascii_lowercase().as_str() {
            "-1" | "all" => Self::All,
            "tcp" => Self::Tcp,
            "udp" => Self::Udp,
            "icmp" => Self::Icmp,
            "icmpv6" => Self::Icmpv6,
            number => match number.parse().ok()? {
                1 => Self::Icmp,
                6 => Self::Tcp,
                17 => Self::Udp,
                58 => Self::Icmpv6,
                other => Self::Number(other),
            },
        })
    }

    /// As the tables show it.
    pub fn text(self) -> Cow<'static, str> {
        match self {
            Self::All => "-1".into(),
            Self::Tcp => "tcp".into(),
            Self::Udp => "udp".into(),
            Self::Icmp => "icmp".into(),
            Self::Icmpv6 => "icmpv6".into(),
            Self::Number(number) => number.to_string().into(),
        }
    }
}

impl Traffic {
    /// Everything.
    pub const ALL: Self = Self { protocol: Protocol::All, from_port: None, to_port: None };

    /// With what EC2 does not look at left out.
    ///
    /// - All protocols, and those that EC2 has no name for: ports mean nothing, whether they are absent, 0 or -1.
    /// - ICMP: the type and the code, either of them -1 for all; every type has every code.
    /// - TCP and UDP: ports; -1 means all.
    ///
    /// Source: Amazon EC2 API Reference, "IpPermission".
    pub fn new(protocol: Protocol, from_port: Option<i64>, to_port: Option<i64>) -> Self {
        let some = |port: Option<i64>| port.filter(|port| *port >= 0);
        let (from_port, to_port) = match protocol {
            Protocol::All | Protocol::Number(_) => (None, None),
            Protocol::Icmp | Protocol::Icmpv6 if some(from_port).is_none() => (None, None),
            _ => (some(from_port), some(to_port)),
        };
        Self { protocol, from_port, to_port }
    }
}

impl Peer {
    /// Reads an IPv4 or IPv6 range.
    pub fn cidr(text: &str) -> Option<Self> {
        super::cidr::canonical(text)
    }

    /// As the column `peer_kind` has it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Ipv4(_) => "ipv4",
            Self::Ipv6(_) => "ipv6",
            Self::PrefixList(_) => "prefix_list",
            Self::Group(_) | Self::GroupName(_) => "security_group",
        }
    }

    /// As the column `peer` has it.
    pub fn text(&self) -> &str {
        let (Self::Ipv4(text) | Self::Ipv6(text) | Self::PrefixList(text) | Self::Group(text) | Self::GroupName(text)) =
            self;
        text
    }
}

/// As messages show it: `ingress tcp 443-443 from 10.0.0.0/8`.
impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (direction, preposition) = if self.is_egress { ("egress", "to") } else { ("ingress", "from") };
        write!(f, "{direction} {} {preposition} {}", self.traffic, self.peer.text())
    }
}

/// As messages show it: `tcp 443-443`, `icmp 8-all`, `-1`.
impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = |port: Option<i64>| port.map_or_else(|| "all".to_owned(), |port| port.to_string());
        f.write_str(&self.protocol.text())?;
        match (self.from_port, self.to_port) {
            (None, None) => Ok(()),
            (from, to) => write!(f, " {}-{}", port(from), port(to)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_go_by_name_where_ec2_has_one() {
        let shown = |text| Protocol::parse(text).map(Protocol::text);
        for (text, expected) in [
            ("TCP", "tcp"),
            ("6", "tcp"),
            ("17", "udp"),
            ("1", "icmp"),
            ("58", "icmpv6"),
            ("icmpv6", "icmpv6"),
            ("-1", "-1"),
            ("all", "-1"),
            ("50", "50"),
            ("0", "0"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
        }
        for wrong in ["", "256", "-2", "esp", "tcp,udp"] {
            assert_eq!(shown(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn ports_are_null_where_they_mean_all_or_nothing() {
        let check = |protocol, ports: (Option<i64>, Option<i64>), expected| {
            let traffic = Traffic::new(protocol, ports.0, ports.1);
            assert_eq!((traffic.from_port, traffic.to_port), expected, "{protocol:?} {ports:?}");
        };
        for ports in [(None, None), (Some(0), Some(0)), (Some(-1), Some(-1)), (Some(0), Some(65_535))] {
            check(Protocol::All, ports, (None, None));
            check(Protocol::Number(50), ports, (None, None));
        }
        check(Protocol::Tcp, (Some(0), Some(0)), (Some(0), Some(0)));
        check(Protocol::Tcp, (Some(0), Some(65_535)), (Some(0), Some(65_535)));
        check(Protocol::Udp, (Some(-1), Some(-1)), (None, None));
        check(Protocol::Icmp, (Some(8), Some(-1)), (Some(8), None));
        check(Protocol::Icmp, (Some(3), Some(4)), (Some(3), Some(4)));
        check(Protocol::Icmp, (Some(-1), Some(-1)), (None, None));
        check(Protocol::Icmpv6, (Some(-1), Some(0)), (None, None));
        check(Protocol::Icmpv6, (None, None), (None, None));
    }

    #[test]
    fn a_rule_is_shown_in_one_line() {
        let spec = |is_egress, traffic, peer: &str| {
            Spec { is_egress, traffic, peer: Peer::cidr(peer).expect("a range") }.to_string()
        };
        let icmp = Traffic::new(Protocol::Icmp, Some(8), None);
        assert_eq!(spec(true, Traffic::ALL, "::/0"), "egress -1 to ::/0");
        assert_eq!(spec(false, icmp, "10.0.0.0/8"), "ingress icmp 8-all from 10.0.0.0/8");
    }
}
