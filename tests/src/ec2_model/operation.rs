//! What can be asked of EC2, and what it answers.

use super::rules::{Permission, Rule, Spec};

/// A key and a value.
pub type KeyValue = (String, String);

/// How a call names a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupRef {
    /// `groupId`.
    Id(String),
    /// `groupName`, which is taken for a group in the default VPC.
    Name(String),
}

/// What becomes of a call before EC2 looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It is carried out, if it can be.
    Real,
    /// `DryRun`: nothing is done, and the answer is an error that says whether it could have been.
    DryRun,
    /// The caller may not.
    Denied,
}

/// A change of an endpoint: what is added to it and what is taken away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointChange {
    /// The endpoint.
    pub endpoint_id: String,
    /// Subnets added and removed.
    pub subnets: (Vec<String>, Vec<String>),
    /// Security groups added and removed.
    pub groups: (Vec<String>, Vec<String>),
    /// Route tables added and removed.
    pub tables: (Vec<String>, Vec<String>),
}

/// A request for an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointAsked {
    /// The VPC.
    pub vpc_id: String,
    /// The service.
    pub service: String,
    /// `Interface`, else `Gateway`.
    pub is_interface: bool,
    /// As requested; `None` = not said.
    pub private_dns: Option<bool>,
    /// Subnets.
    pub subnets: Vec<String>,
    /// Security groups; none = the VPC's default group.
    pub groups: Vec<String>,
    /// Route tables.
    pub tables: Vec<String>,
    /// Tags.
    pub tags: Vec<KeyValue>,
}

/// A call.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the fields have the names that EC2 gives them")]
pub enum Operation {
    CreateVpc {
        tags: Vec<KeyValue>,
    },
    CreateDefaultVpc,
    DeleteVpc {
        vpc_id: String,
    },
    CreateSubnet {
        vpc_id: String,
        zone: String,
        tags: Vec<KeyValue>,
    },
    DeleteSubnet {
        subnet_id: String,
    },
    CreateRouteTable {
        vpc_id: String,
    },
    DeleteRouteTable {
        table_id: String,
    },
    AssociateRouteTable {
        table_id: String,
        subnet_id: String,
    },
    DisassociateRouteTable {
        association_id: String,
    },
    ReplaceRouteTableAssociation {
        association_id: String,
        table_id: String,
    },
    CreateRoute {
        table_id: String,
        destination: String,
        target: String,
    },
    ReplaceRoute {
        table_id: String,
        destination: String,
        target: String,
    },
    DeleteRoute {
        table_id: String,
        destination: String,
    },
    CreateInternetGateway,
    AttachInternetGateway {
        gateway_id: String,
        vpc_id: String,
    },
    DetachInternetGateway {
        gateway_id: String,
        vpc_id: String,
    },
    CreateVpcEndpoint(EndpointAsked),
    ModifyVpcEndpoint(EndpointChange),
    DeleteVpcEndpoints {
        endpoint_ids: Vec<String>,
    },
    CreateNetworkInterface {
        subnet_id: String,
        group_ids: Vec<String>,
    },
    DeleteNetworkInterface {
        interface_id: String,
    },
    CreateSecurityGroup {
        name: String,
        vpc_id: Option<String>,
        tags: Vec<KeyValue>,
    },
    DeleteSecurityGroup {
        group: GroupRef,
    },
    /// `rule_tags` are those of the rules, not of the group.
    Authorize {
        group: GroupRef,
        is_egress: bool,
        permissions: Vec<Permission>,
        rule_tags: Vec<KeyValue>,
    },
    Revoke {
        group: GroupRef,
        is_egress: bool,
        permissions: Vec<Permission>,
    },
    RevokeById {
        group_id: String,
        is_egress: bool,
        rule_ids: Vec<String>,
    },
    /// Each rule's id, and what it becomes.
    Modify {
        group_id: String,
        rules: Vec<(String, Spec, Option<String>)>,
    },
    Describe {
        group: GroupRef,
        is_egress: bool,
        permissions: Vec<Permission>,
    },
    DescribeById {
        group_id: String,
        is_egress: bool,
        descriptions: Vec<(String, Option<String>)>,
    },
    CreateTags {
        resource_ids: Vec<String>,
        tags: Vec<KeyValue>,
    },
    /// A tag without a value goes whatever its value; one with a value goes only if it has that; none at all = all of them.
    DeleteTags {
        resource_ids: Vec<String>,
        tags: Vec<(String, Option<String>)>,
    },
    CreateJob {
        name: String,
        tags: Vec<KeyValue>,
    },
    TagJob {
        arn: String,
        tags: Vec<KeyValue>,
    },
    UntagJob {
        arn: String,
        keys: Vec<String>,
    },
}

/// What an accepted call answers.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// That it was done.
    Done,
    /// The id of what it made: of a job, its ARN.
    Made(String),
    /// The rules that it made.
    Granted(Vec<Rule>),
    /// The rules that it ended, and the permissions that no rule matched.
    Revoked(Vec<Rule>, Vec<Permission>),
    /// The ids that were not deleted, each with an error code.
    DeletedBut(Vec<(String, &'static str)>),
}

/// Why a call was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// As CloudTrail writes it, with EC2's `Client.`.
    pub code: &'static str,
    /// The words.
    pub message: String,
}

impl Refusal {
    /// A refusal.
    pub fn new(code: &'static str, message: &str) -> Self {
        Self { code, message: message.to_owned() }
    }
}
