//! `security_group_rules`, `security_group_rule_doubts`: what security groups allowed, and where the records leave that open.

use super::Type::{Bool, Int, Text, Time};
use super::{Table, may, must};

/// Rules as intervals: from the record that put one in force up to, and not including, the record that ended it.
pub const SECURITY_GROUP_RULES: Table = Table {
    name: "security_group_rules",
    one_row: "one rule of a security group and one interval in which it was in force unchanged",
    columns: &[
        must("account_id", Text, "the account that the records name"),
        must("aws_region", Text, "the group's Region"),
        must("group_id", Text, "sg-..."),
        may("security_group_rule_id", Text, "sgr-...; null = no record tells it"),
        must("is_egress", Bool, "true = traffic out of the group, false = into it"),
        must("ip_protocol", Text, "tcp, udp, icmp, icmpv6, a protocol's number, or -1 for all of them"),
        may("from_port", Int, "first port, or the ICMP type; null = all, as always with -1"),
        may("to_port", Int, "last port, or the ICMP code; null = all"),
        must("peer_kind", Text, "ipv4, ipv6, prefix_list or security_group"),
        must(
            "peer",
            Text,
            "the other side: a CIDR block, pl-..., or sg-... (a group's name where no record tells its id)",
        ),
        may("peer_account_id", Text, "of a security group: its account, where a record tells it"),
        may("description", Text, "the rule's description"),
        may("started_at", Time, "in force from here; null = no record tells since when: see started_how and seen_at"),
        must(
            "started_how",
            Text,
            "created_with_group, authorized, modified, described (a new description), snapshot (the rule of AWS Config saw \
             it; started_at is then null, seen_at tells when), or revoked (from before the logs, known only since a record \
             ended or changed it)",
        ),
        may("started_who", Text, "who put it in force"),
        may("started_event_id", Text, "the record; null = a snapshot, or nothing"),
        may("started_log_file", Text, "where the record stands; of a snapshot, the evidence file"),
        may("started_record_index", Int, "its place in the log file; of a snapshot, the line in the evidence file"),
        must("seen_at", Time, "the first instant at which a record or a snapshot shows it"),
        may("ended_at", Time, "no longer in force from here; null = still in force at the end of the logs"),
        may(
            "ended_how",
            Text,
            "revoked, modified, described, group_deleted, or gone (unseen: a snapshot no longer shows it, or the same rule \
             was authorized again)",
        ),
        may("ended_who", Text, "who ended it"),
        may("ended_event_id", Text, "the record; null = a snapshot"),
        may("ended_log_file", Text, "where the record stands; of a snapshot, the evidence file"),
        may("ended_record_index", Int, "its place in the log file; of a snapshot, the line in the evidence file"),
    ],
};

/// What keeps the rules of a group from being certain.
pub const SECURITY_GROUP_RULE_DOUBTS: Table = Table {
    name: "security_group_rule_doubts",
    one_row: "one accepted change of rules and one reason why it could not be applied exactly",
    columns: &[
        must("account_id", Text, "the account that the record names"),
        must("aws_region", Text, "the Region of the request"),
        may("group_id", Text, "the group; null = no record tells which one it was"),
        may("group_name", Text, "its name in the request, where it names no id"),
        must("changed_at", Time, "eventTime of the record"),
        must("event_name", Text, "eventName"),
        must(
            "doubt",
            Text,
            "group_unknown, request_omitted, request_unreadable, rule_unknown (nothing tells what the changed rule was, or \
             the records tell that it was not in force)",
        ),
        must("message", Text, "what was found and what it leaves open"),
        may("who", Text, "who made the request"),
        must("event_id", Text, "the record"),
        must("log_file", Text, "where the record stands"),
        must("record_index", Int, "its place in the log file"),
    ],
};
