//! CloudTrail records and log files made to measure: for `bedrock-audit demo`, for tests and for benches.
//!
//! Shapes follow real records; where no real record is public they follow what AWS's service models and the known
//! records of neighbouring operations let one expect. Everything is derived from its arguments: the same call gives
//! the same bytes on every machine.
//!
//! | module | what it makes |
//! | --- | --- |
//! | [`caller`] | who calls: a role's session, a user, an AWS service |
//! | [`record`] | one record: any call, and one constructor an operation |
//! | [`log_file`] | records in a log file, under each key layout that CloudTrail uses |
//! | [`digest`] | signed digest files, hour by hour |
//! | [`noise`] | the calls that fill a real trail and mean nothing to an audit |
//! | [`story`] | known jobs and what became of their networks, with the verdicts that follow |

pub mod caller;
pub mod digest;
pub mod evidence;
mod id;
pub mod log_file;
pub mod noise;
pub mod record;
pub mod story;

pub use caller::Caller;
pub use log_file::{Layout, LogFile, digest_file, log_file, multi_member, write_all};
pub use noise::noise;
pub use record::bedrock::{
    JobRequest, Vpc, create_model_customization_job, create_model_import_job, create_model_invocation_job,
    stop_model_customization_job, tag_resource,
};
pub use record::cloudtrail::stop_logging;
pub use record::ec2::{
    InterfaceRequest, create_network_interface, create_tags, create_vpc, delete_network_interface, delete_vpc,
};
pub use record::security_group::{
    Permission, authorize_security_group_egress, authorize_security_group_ingress, create_security_group,
    delete_security_group_by_id, delete_security_group_by_name, modify_security_group_rules,
};
pub use record::vpc_endpoint::{EndpointRequest, create_vpc_endpoint, delete_vpc_endpoints};
pub use record::{Record, masked, omitted};
pub use story::{Story, StoryJob, story};

/// Where a call is made: one account in one Region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Twelve digits.
    pub account_id: String,
    /// For example `eu-west-1`.
    pub region: String,
}

impl Place {
    /// The place of that account and Region.
    pub fn new(account_id: &str, region: &str) -> Self {
        Self { account_id: account_id.to_owned(), region: region.to_owned() }
    }
}
