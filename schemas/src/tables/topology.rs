//! `vpcs`, `subnets`, `vpc_endpoints` and `network_links`: the network around jobs, as far as the trail shows it.

use super::Type::{Bool, Int, Text, Time};
use super::{Column, Table, may, must};

/// A VPC's life.
pub const VPCS: Table = Table {
    name: "vpcs",
    one_row: "one VPC's life, as far as the logs show it",
    columns: &[
        ACCOUNT,
        REGION,
        must("vpc_id", Text, "vpc-..."),
        may("is_default", Bool, "whether it is the Region's default VPC; null = no record tells"),
        FIRST_SEEN,
        CREATED_AT,
        CREATED_WHO,
        CREATED_EVENT,
        CREATED_FILE,
        CREATED_INDEX,
        DELETED_AT,
        DELETED_WHO,
        DELETED_EVENT,
        DELETED_FILE,
        DELETED_INDEX,
    ],
};

/// A subnet's life.
pub const SUBNETS: Table = Table {
    name: "subnets",
    one_row: "one subnet's life, as far as the logs show it",
    columns: &[
        ACCOUNT,
        REGION,
        must("subnet_id", Text, "subnet-..."),
        may("vpc_id", Text, "its VPC, where a record tells it"),
        may("availability_zone", Text, "its Availability Zone, where a record tells it"),
        may("cidr_block", Text, "its IPv4 range, where a record tells it; a subnet of IPv6 only has none"),
        FIRST_SEEN,
        CREATED_AT,
        CREATED_WHO,
        CREATED_EVENT,
        CREATED_FILE,
        CREATED_INDEX,
        DELETED_AT,
        DELETED_WHO,
        DELETED_EVENT,
        DELETED_FILE,
        DELETED_INDEX,
    ],
};

/// A VPC endpoint's life.
pub const VPC_ENDPOINTS: Table = Table {
    name: "vpc_endpoints",
    one_row: "one VPC endpoint's life, as far as the logs show it",
    columns: &[
        ACCOUNT,
        REGION,
        must("vpc_endpoint_id", Text, "vpce-..."),
        may("vpc_id", Text, "its VPC, where a record tells it"),
        may("service_name", Text, "for example com.amazonaws.eu-west-1.s3, where a record tells it"),
        may("vpc_endpoint_type", Text, "Gateway, Interface or another; where a record tells it"),
        may(
            "private_dns_enabled",
            Bool,
            "as last requested, else as the answer to its creation tells; null = no record tells",
        ),
        FIRST_SEEN,
        CREATED_AT,
        CREATED_WHO,
        CREATED_EVENT,
        CREATED_FILE,
        CREATED_INDEX,
        DELETED_AT,
        DELETED_WHO,
        DELETED_EVENT,
        DELETED_FILE,
        DELETED_INDEX,
    ],
};

/// What is attached to what, as intervals.
pub const NETWORK_LINKS: Table = Table {
    name: "network_links",
    one_row: "one link between two resources of a network, and one interval in which it stood",
    columns: &[
        ACCOUNT,
        REGION,
        must(
            "link",
            Text,
            "endpoint_subnet, endpoint_security_group, endpoint_route_table, route_table_vpc (the table is in that \
             VPC), main_route_table (the VPC's subnets without a route_table_subnet use it; told only of a VPC made in \
             the logs), route_table_subnet, gateway_vpc (an internet gateway's attachment) or internet_route (a route \
             to an internet gateway, which leads somewhere while the gateway has its gateway_vpc; egress-only and NAT \
             gateways are none)",
        ),
        must("resource_id", Text, "vpce-..., rtb-... or igw-...: the first word of the link"),
        must("target_id", Text, "the other end; of an internet_route the igw-..."),
        may(
            "destination",
            Text,
            "of an internet_route: its CIDR block, as EC2 keeps it (10.0.1.2/16 is 10.0.0.0/16), or prefix list",
        ),
        may(
            "association_id",
            Text,
            "of a route_table_subnet or main_route_table: rtbassoc-..., where a record tells it",
        ),
        may("started_at", Time, "from here; null = no record tells: it may be older than the logs"),
        may("started_who", Text, "who made it"),
        may("started_event_id", Text, "the record"),
        may("started_log_file", Text, "where the record stands"),
        may("started_record_index", Int, "its place in the log file"),
        must("seen_at", Time, "the first instant at which a record shows it"),
        may(
            "ended_at",
            Time,
            "no longer from here, or gone by then with what held it; null = still at the end of the logs",
        ),
        may("ended_who", Text, "who ended it"),
        may("ended_event_id", Text, "the record"),
        may("ended_log_file", Text, "where the record stands"),
        may("ended_record_index", Int, "its place in the log file"),
    ],
};

const ACCOUNT: Column = must("account_id", Text, "the account that the records name");
const REGION: Column = must("aws_region", Text, "the resource's Region");
const FIRST_SEEN: Column = must("first_seen_at", Time, "eventTime of the first record that names it");
const CREATED_AT: Column = may("created_at", Time, "null = before the logs");
const CREATED_WHO: Column = may("created_who", Text, "who created it");
const CREATED_EVENT: Column = may("created_event_id", Text, "the record");
const CREATED_FILE: Column = may("created_log_file", Text, "where the record stands");
const CREATED_INDEX: Column = may("created_record_index", Int, "its place in the log file");
const DELETED_AT: Column = may("deleted_at", Time, "its deletion, or else its VPC's; null = neither is in the logs");
const DELETED_WHO: Column = may("deleted_who", Text, "who deleted it");
const DELETED_EVENT: Column = may("deleted_event_id", Text, "the record");
const DELETED_FILE: Column = may("deleted_log_file", Text, "where the record stands");
const DELETED_INDEX: Column = may("deleted_record_index", Int, "its place in the log file");
