//! `coverage`: what the logs can tell at all.

use super::Type::{Int, Text, Time};
use super::{Table, may, must};

/// Every hour from the first with log files or digest files to the last, and on while logging is off.
pub const COVERAGE: Table = Table {
    name: "coverage",
    one_row: "one account, Region and hour between the first and the last with log files or digest files",
    columns: &[
        must("account_id", Text, "the account in the keys of the files"),
        must("aws_region", Text, "the Region in the keys of the files"),
        must("hour", Time, "the hour's first instant; by time of delivery, some minutes after the events"),
        must(
            "state",
            Text,
            "incomplete (a log file that a valid digest file lists is missing, was changed or could not be read), \
             logging_stopped (the account had switched logging off for all or a part of it, and no record of that part \
             shows that another trail saw it), attested (valid digest files cover it, even where they list no log file), \
             delivered (log files, and no valid digest file) or gap (none of these)",
        ),
        must("log_files", Int, "log files delivered in it"),
        may("event_id", Text, "of logging_stopped: the record that says so"),
    ],
};
