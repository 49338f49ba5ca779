//! Every table of the lake, column by column. One fixed schema; nothing is inferred from the data.
//!
//! Times are microseconds in UTC. `history` tables are flat, without lists or JSON, so that the same SQL reads them in
//! any engine.

mod compactions;
mod coverage;
mod digests;
mod events;
mod evidence;
mod history;
mod ledger;
mod rebuilds;
mod rules;
mod tags;
mod topology;

pub use compactions::COMPACTIONS;
pub use coverage::COVERAGE;
pub use digests::{DIGEST_LOG_FILES, DIGESTS};
pub use events::EVENTS;
pub use evidence::{EVIDENCE, EVIDENCE_FACTS, EVIDENCE_FILES};
pub use history::{
    JOB_NETWORK, JOB_REQUESTS, JOB_STATES, NETWORK_INTERFACES, SECURITY_GROUP_DELETE_REQUESTS, SECURITY_GROUPS,
};
pub use ledger::{INGEST_RUNS, LOG_FILES, SET_ASIDE};
pub use rebuilds::REBUILDS;
pub use rules::{SECURITY_GROUP_RULE_DOUBTS, SECURITY_GROUP_RULES};
pub use tags::RESOURCE_TAGS;
pub use topology::{NETWORK_LINKS, SUBNETS, VPC_ENDPOINTS, VPCS};

/// A column's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// UTF-8 text.
    Text,
    /// `true` or `false`.
    Bool,
    /// A 64-bit integer.
    Int,
    /// Microseconds since the epoch, in UTC.
    Time,
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Type,
    /// Whether a row may lack it.
    pub nullable: bool,
    /// What it means, with its unit where it has one.
    pub about: &'static str,
}

/// A table.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Its name in SQL and its folder in the lake.
    pub name: &'static str,
    /// What one row is.
    pub one_row: &'static str,
    /// Its columns, in order.
    pub columns: &'static [Column],
}

/// The form of the lake's parts, which stands in the metadata of each. Raised when a program that knows the older form
/// would misread the newer; a new column that may be null does not raise it.
pub const SCHEMA_VERSION: u32 = 1;

/// The oldest form that is read. What is older has to be ingested again.
pub const OLDEST_SCHEMA_VERSION: u32 = 1;

/// The tables that `ingest` writes.
pub const INGESTED: [&Table; 9] = [
    &EVENTS,
    &LOG_FILES,
    &SET_ASIDE,
    &DIGESTS,
    &DIGEST_LOG_FILES,
    &EVIDENCE_FILES,
    &EVIDENCE,
    &EVIDENCE_FACTS,
    &INGEST_RUNS,
];

/// The tables that `rebuild` writes, in the order in which it publishes them: the last one says that all are there.
pub const HISTORY: [&Table; 15] = [
    &JOB_REQUESTS,
    &JOB_NETWORK,
    &JOB_STATES,
    &SECURITY_GROUPS,
    &SECURITY_GROUP_DELETE_REQUESTS,
    &NETWORK_INTERFACES,
    &SECURITY_GROUP_RULES,
    &SECURITY_GROUP_RULE_DOUBTS,
    &RESOURCE_TAGS,
    &VPCS,
    &SUBNETS,
    &VPC_ENDPOINTS,
    &NETWORK_LINKS,
    &COVERAGE,
    &REBUILDS,
];

const fn must(name: &'static str, kind: Type, about: &'static str) -> Column {
    Column { name, kind, nullable: false, about }
}

const fn may(name: &'static str, kind: Type, about: &'static str) -> Column {
    Column { name, kind, nullable: true, about }
}

#[cfg(feature = "arrow")]
impl Table {
    /// The table's Arrow schema.
    pub fn arrow_schema(&self) -> arrow_schema::SchemaRef {
        let fields: Vec<_> = self.columns.iter().map(Column::arrow_field).collect();
        std::sync::Arc::new(arrow_schema::Schema::new(fields))
    }
}

#[cfg(feature = "arrow")]
impl Column {
    fn arrow_field(&self) -> arrow_schema::Field {
        arrow_schema::Field::new(self.name, self.kind.arrow(), self.nullable)
    }
}

#[cfg(feature = "arrow")]
impl Type {
    /// The Arrow type.
    pub fn arrow(self) -> arrow_schema::DataType {
        use arrow_schema::{DataType, TimeUnit};
        match self {
            Self::Text => DataType::Utf8,
            Self::Bool => DataType::Boolean,
            Self::Int => DataType::Int64,
            Self::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Form, IDENTITY, MEMBERS};

    #[test]
    fn events_keeps_every_member_and_identity_field_of_a_record() {
        for member in MEMBERS {
            let column = EVENTS.columns.iter().find(|column| column.name == member.column).expect(member.column);
            let expected = match member.form {
                Form::Text | Form::Json => Type::Text,
                Form::Bool => Type::Bool,
                Form::Time => Type::Time,
            };
            assert_eq!(column.kind, expected, "{}", member.column);
        }
        for (_, name) in IDENTITY {
            assert!(EVENTS.columns.iter().any(|column| column.name == name), "{name}");
        }
    }

    #[test]
    fn column_names_are_snake_case_and_unique_in_their_table() {
        for table in INGESTED.iter().chain(&HISTORY) {
            let mut seen = std::collections::BTreeSet::new();
            for column in table.columns {
                assert!(column.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'));
                assert!(seen.insert(column.name), "{}.{} twice", table.name, column.name);
            }
        }
    }
}
