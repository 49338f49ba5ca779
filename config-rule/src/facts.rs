//! What a control may look at: plain values, each of them known, absent or unreadable.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use schemas::job::JobKind;
use serde::Serialize;

/// Something that was looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "value")]
pub enum Fact<T> {
    /// It is there, and this is what it says.
    Known(T),
    /// The API answered, and it is not there.
    Absent,
    /// The API did not answer: nobody can tell.
    Unreadable(Unread),
}

/// A read that failed: what was asked, about what, and why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unread {
    /// The IAM action of the call, for example `bedrock:GetModelCustomizationJob`.
    pub action: String,
    /// What was asked about: an ARN or an id.
    pub resource: String,
    /// Why there is no answer, as the API or the connection says it.
    pub cause: String,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}: {}", self.action, self.resource, self.cause)
    }
}

impl<T> Fact<T> {
    /// The same fact, borrowed.
    pub fn as_ref(&self) -> Fact<&T> {
        match self {
            Self::Known(value) => Fact::Known(value),
            Self::Absent => Fact::Absent,
            Self::Unreadable(unread) => Fact::Unreadable(unread.clone()),
        }
    }

    /// Its value, where it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Absent | Self::Unreadable(_) => None,
        }
    }
}

/// Tags of a resource.
pub type Tags = BTreeMap<String, String>;

/// A job as the List call shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Job {
    /// `arn:aws:bedrock:REGION:ACCOUNT:model-customization-job/...`
    pub arn: String,
    /// The name it was created under.
    pub name: String,
    /// Customization, import or batch inference.
    #[serde(serialize_with = "kind_name")]
    pub kind: JobKind,
    /// The API's own word: `InProgress`, `Completed`, `Failed`, `Stopping`, `Stopped`, and more for batch inference.
    pub status: String,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it ended, where it has.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it failed, where it has: `failureMessage`, of batch inference `message`. Only the Get call tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_message: Option<String>,
}

fn kind_name<S: serde::Serializer>(kind: &JobKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.as_str())
}

/// The statuses that a job never leaves (API Reference, "GetModelCustomizationJob", "GetModelInvocationJob").
pub const FINISHED: [&str; 5] = ["Completed", "Failed", "Stopped", "PartiallyCompleted", "Expired"];

impl Job {
    /// Whether it has ended, so that nothing about it changes any more.
    pub fn is_finished(&self) -> bool {
        FINISHED.contains(&self.status.as_str())
    }
}

/// What only the Get call shows. None of it can be changed after the job was created.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct JobDetail {
    /// The role that Bedrock assumes for the job.
    pub role_arn: Option<String>,
    /// Where it runs; `None`: outside any VPC of the customer.
    pub vpc_config: Option<VpcConfig>,
    /// `s3://bucket/prefix` of what it reads: training data, model to import, prompts.
    pub input_s3_uris: Vec<String>,
    /// The customer's KMS key that it encrypts with, if any.
    pub customer_key: Option<String>,
}

/// `vpcConfig` (API Reference, "VpcConfig").
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct VpcConfig {
    /// 1 to 16 subnets.
    pub subnet_ids: Vec<String>,
    /// 1 to 5 security groups.
    pub security_group_ids: Vec<String>,
}

/// One job and what was read of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobFacts {
    /// From the List call.
    pub job: Job,
    /// From the Get call; `Absent` when the job is not found although it was listed.
    pub detail: Fact<Arc<JobDetail>>,
}

/// A security group (EC2 API Reference, "SecurityGroup").
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SecurityGroup {
    /// `sg-...`
    pub id: String,
    /// Its name; a VPC's default group is called `default`, and no other group may be.
    pub name: String,
    /// The VPC that it was created in.
    pub vpc_id: String,
    /// The account that owns it; another one in a shared VPC.
    pub owner_id: String,
    /// What it lets in.
    pub ingress: Vec<Permission>,
    /// What it lets out.
    pub egress: Vec<Permission>,
    /// Its tags.
    pub tags: Tags,
}

/// What a group lets through (EC2 API Reference, "IpPermission").
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Permission {
    /// `tcp`, `udp`, `icmp`, a protocol number, or `-1` for all.
    pub protocol: String,
    /// First port, inclusive; absent or -1 means all.
    pub from_port: Option<i32>,
    /// Last port, inclusive.
    pub to_port: Option<i32>,
    /// IPv4 ranges.
    pub cidrs: Vec<String>,
    /// IPv6 ranges.
    pub ipv6_cidrs: Vec<String>,
    /// Managed prefix lists.
    pub prefix_list_ids: Vec<String>,
    /// Groups whose interfaces are meant.
    pub group_ids: Vec<String>,
}

/// A subnet.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Subnet {
    /// `subnet-...`
    pub id: String,
    /// Its VPC.
    pub vpc_id: String,
    /// The account that owns it; another one in a shared VPC.
    pub owner_id: String,
    /// Its IPv4 range; empty in a subnet of IPv6 only.
    pub cidr: String,
    /// Its tags.
    pub tags: Tags,
}

/// A VPC.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Vpc {
    /// `vpc-...`
    pub id: String,
    /// The account that owns it.
    pub owner_id: String,
    /// Its tags.
    pub tags: Tags,
}

/// A route table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct RouteTable {
    /// `rtb-...`
    pub id: String,
    /// Whether it serves the subnets that no table names.
    pub is_main: bool,
    /// The subnets that it is associated with by name.
    pub subnet_ids: Vec<String>,
    /// Its routes.
    pub routes: Vec<Route>,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Route {
    /// A range or a prefix list.
    pub destination: String,
    /// Where to: `local`, `igw-...`, `eigw-...`, `nat-...`, `vpce-...`, `tgw-...` and others.
    pub target: String,
    /// Whether its target exists (`active`, not `blackhole`).
    pub is_active: bool,
}

/// A VPC endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Endpoint {
    /// `vpce-...`
    pub id: String,
    /// For example `com.amazonaws.eu-west-1.s3`.
    pub service_name: String,
    /// A gateway endpoint works through route tables, an interface endpoint through interfaces in subnets.
    pub is_gateway: bool,
    /// Whether its state is `available`.
    pub is_available: bool,
    /// Of a gateway endpoint: the tables that route to it.
    pub route_table_ids: Vec<String>,
    /// Of an interface endpoint: where its interfaces are.
    pub subnet_ids: Vec<String>,
    /// Of an interface endpoint: the groups of its interfaces.
    pub security_group_ids: Vec<String>,
}

/// A managed prefix list of AWS.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct PrefixList {
    /// `pl-...`
    pub id: String,
    /// The service's ranges.
    pub cidrs: Vec<String>,
}

/// What a role is asked to do for a job in a VPC.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RoleUse {
    /// The role.
    pub role_arn: String,
    /// Account of the job.
    pub account_id: String,
    /// Region of the job.
    pub region: String,
    /// Its subnets, sorted.
    pub subnet_ids: Vec<String>,
    /// Its groups, sorted.
    pub security_group_ids: Vec<String>,
}

/// What the simulation of a role's policies did not allow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Denied {
    /// `ec2:CreateNetworkInterface`
    pub action: String,
    /// The ARN that it was asked for, or `*`.
    pub resource: String,
}

/// The policy of a bucket that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BucketPolicy {
    /// It has none.
    None,
    /// Its text.
    Document(String),
}

/// What was read of the account and Region around the jobs. An id that is not in here was not asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct World {
    /// The account that was read.
    pub account_id: String,
    /// The Region that was read.
    pub region: String,
    /// By id; `Absent` is a group that does not exist.
    pub security_groups: BTreeMap<String, Fact<SecurityGroup>>,
    /// By id.
    pub subnets: BTreeMap<String, Fact<Subnet>>,
    /// By id.
    pub vpcs: BTreeMap<String, Fact<Vpc>>,
    /// Every table of a VPC, by the VPC's id.
    pub route_tables: BTreeMap<String, Fact<Vec<RouteTable>>>,
    /// Every endpoint of a VPC, by the VPC's id.
    pub endpoints: BTreeMap<String, Fact<Vec<Endpoint>>>,
    /// By name, for example `com.amazonaws.eu-west-1.s3`.
    pub prefix_lists: BTreeMap<String, Fact<PrefixList>>,
    /// `Absent` is a role that does not exist.
    pub role_denials: BTreeMap<RoleUse, Fact<Vec<Denied>>>,
    /// By bucket; `Absent` is a bucket that does not exist.
    pub bucket_policies: BTreeMap<String, Fact<BucketPolicy>>,
}

macro_rules! lookups {
    ($($(#[$doc:meta])* $function:ident, $map:ident, $key:ty, $value:ty;)*) => {
        impl World {
            $($(#[$doc])*
            pub fn $function(&self, key: &$key) -> Fact<&$value> {
                self.$map.get(key).map_or_else(|| not_asked(stringify!($map)), Fact::as_ref)
            })*
        }
    };
}

lookups! {
    /// A group by its id.
    security_group, security_groups, str, SecurityGroup;
    /// A subnet by its id.
    subnet, subnets, str, Subnet;
    /// A VPC by its id.
    vpc, vpcs, str, Vpc;
    /// The tables of a VPC.
    route_tables_of, route_tables, str, Vec<RouteTable>;
    /// The endpoints of a VPC.
    endpoints_of, endpoints, str, Vec<Endpoint>;
    /// A prefix list by its name.
    prefix_list, prefix_lists, str, PrefixList;
    /// What a role may not do.
    denials, role_denials, RoleUse, Vec<Denied>;
    /// The policy of a bucket.
    bucket_policy, bucket_policies, str, BucketPolicy;
}

/// A control that looks at what [`crate::needs`] does not name finds this: never a pass, never a fail.
fn not_asked<T>(what: &str) -> Fact<T> {
    Fact::Unreadable(Unread {
        action: "nothing".to_owned(),
        resource: what.to_owned(),
        cause: "the control looked at what was not gathered for it".to_owned(),
    })
}
