//! `resource_tags`: tags as intervals.

use super::Type::{Int, Text, Time};
use super::{Table, may, must};

/// Tags of security groups, subnets, VPCs, VPC endpoints and jobs.
pub const RESOURCE_TAGS: Table = Table {
    name: "resource_tags",
    one_row: "one value of one tag of one resource, and one interval in which it had it",
    columns: &[
        must("account_id", Text, "the account that the records name"),
        must("aws_region", Text, "the Region of the request"),
        must("resource_kind", Text, "security_group, subnet, vpc, vpc_endpoint or job"),
        must("resource_id", Text, "the resource's id; of a job, its ARN"),
        must("tag_key", Text, "the tag's key; case matters"),
        may("tag_value", Text, "the tag's value; null = no record tells it, or the record masks it"),
        may("started_at", Time, "from here; null = no record tells: it may be older than the logs"),
        must(
            "started_how",
            Text,
            "created_with_resource, tagged, snapshot (the rule of AWS Config saw it; started_at is null, or the \
             snapshot's time where something else was known of the tag before), or untagged (a record took it away if \
             it was there: EC2 accepts the removal of a tag that is not there)",
        ),
        may("started_who", Text, "who set it; of a snapshot, who looked"),
        may("started_event_id", Text, "the record, or what the snapshot is cited by"),
        may("started_log_file", Text, "where the record stands"),
        may("started_record_index", Int, "its place in the log file"),
        must("seen_at", Time, "the first instant at which a record or a snapshot shows it"),
        may("ended_at", Time, "no longer from here; null = still at the end of the logs"),
        may(
            "ended_how",
            Text,
            "untagged, overwritten, resource_deleted (with it, or with its VPC), or gone (a snapshot no longer shows \
             it, or shows another value)",
        ),
        may("ended_who", Text, "who ended it"),
        may("ended_event_id", Text, "the record"),
        may("ended_log_file", Text, "where the record stands"),
        may("ended_record_index", Int, "its place in the log file"),
    ],
};
