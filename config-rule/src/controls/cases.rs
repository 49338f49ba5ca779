//! A good job in a good network, for the cases of every control to spoil.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::DateTime;
use schemas::job::JobKind;

use crate::facts::{
    BucketPolicy, Endpoint, Fact, Job, JobDetail, JobFacts, Permission, PrefixList, RoleUse, Route, RouteTable,
    SecurityGroup, Subnet, Tags, Unread, Vpc, VpcConfig, World,
};
pub use crate::parameters::STATUSES;

pub const ACCOUNT: &str = "111122223333";
pub const REGION: &str = "eu-west-1";
pub const VPC: &str = "vpc-0a0a0a0a0a0a0a0a0";
pub const SUBNET: &str = "subnet-0b0b0b0b0b0b0b0b0";
/// The job's group.
pub const GROUP: &str = "sg-0c0c0c0c0c0c0c0c0";
/// The group of the interface endpoint of KMS.
pub const ENDPOINT_GROUP: &str = "sg-0d0d0d0d0d0d0d0d0";
pub const ROUTE_TABLE: &str = "rtb-0e0e0e0e0e0e0e0e0";
pub const BUCKET: &str = "training-data-111122223333";
pub const ROLE: &str = "arn:aws:iam::111122223333:role/BedrockCustomization";
pub const S3_PREFIX_LIST: &str = "pl-6da54004";

/// A running customization job in a private network.
pub fn job() -> JobFacts {
    job_with(|_| ())
}

/// The same job without a `vpcConfig`.
pub fn job_without_vpc() -> JobFacts {
    job_with(|detail| detail.vpc_config = None)
}

/// The same job with another detail.
pub fn job_with(change: impl FnOnce(&mut JobDetail)) -> JobFacts {
    let mut detail = JobDetail {
        role_arn: Some(ROLE.to_owned()),
        vpc_config: Some(vpc_config()),
        input_s3_uris: vec![format!("s3://{BUCKET}/train.jsonl")],
        customer_key: Some(format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/1")),
    };
    change(&mut detail);
    let job = Job {
        arn: format!(
            "arn:aws:bedrock:{REGION}:{ACCOUNT}:model-customization-job/cohere.command-text-v14:7:4k/q4ad8z8tioq8"
        ),
        name: "claims-summary".to_owned(),
        kind: JobKind::ModelCustomization,
        status: "InProgress".to_owned(),
        created_at: DateTime::from_timestamp(1_767_225_600, 0).expect("a time"),
        ended_at: None,
        failure_message: None,
    };
    JobFacts { job, detail: Fact::Known(Arc::new(detail)) }
}

pub fn vpc_config() -> VpcConfig {
    VpcConfig { subnet_ids: vec![SUBNET.to_owned()], security_group_ids: vec![GROUP.to_owned()] }
}

/// A read that was refused.
pub fn unread() -> Unread {
    Unread {
        action: "ec2:DescribeSecurityGroups".to_owned(),
        resource: "sg-0000000000000beef".to_owned(),
        cause: "UnauthorizedOperation".to_owned(),
    }
}

/// All mandatory tags.
pub fn tags() -> Tags {
    ["Owner", "DataSensitivity", "CostCenter"].map(|key| (key.to_owned(), "x".to_owned())).into()
}

/// What the job's role is asked to do.
pub fn role_use() -> RoleUse {
    RoleUse {
        role_arn: ROLE.to_owned(),
        account_id: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        subnet_ids: vec![SUBNET.to_owned()],
        security_group_ids: vec![GROUP.to_owned()],
    }
}

/// What the world knows under that id, to be spoiled in place.
pub fn known<'w, T>(facts: &'w mut BTreeMap<String, Fact<T>>, id: &str) -> &'w mut T {
    match facts.get_mut(id) {
        Some(Fact::Known(value)) => value,
        _ => panic!("the good world knows {id}"),
    }
}

/// TCP 443.
pub fn https() -> Permission {
    Permission { protocol: "tcp".to_owned(), from_port: Some(443), to_port: Some(443), ..Permission::default() }
}

/// A private subnet with a gateway endpoint of S3 and an interface endpoint of KMS; groups that fit; a role and a
/// bucket policy that fit.
pub fn world() -> World {
    let owned = |text: &str| text.to_owned();
    let group = |id: &str, name: &str, ingress, egress| {
        let group = SecurityGroup {
            id: owned(id),
            name: owned(name),
            vpc_id: owned(VPC),
            owner_id: owned(ACCOUNT),
            ingress,
            egress,
            tags: tags(),
        };
        (owned(id), Fact::Known(group))
    };
    let egress = vec![
        Permission { prefix_list_ids: vec![owned(S3_PREFIX_LIST)], ..https() },
        Permission { group_ids: vec![owned(ENDPOINT_GROUP)], ..https() },
    ];
    let ingress = vec![Permission { group_ids: vec![owned(GROUP)], ..https() }];
    let subnet = Subnet {
        id: owned(SUBNET),
        vpc_id: owned(VPC),
        owner_id: owned(ACCOUNT),
        cidr: owned("10.0.1.0/24"),
        tags: tags(),
    };
    let local = Route { destination: owned("10.0.0.0/16"), target: owned("local"), is_active: true };
    let table =
        RouteTable { id: owned(ROUTE_TABLE), is_main: false, subnet_ids: vec![owned(SUBNET)], routes: vec![local] };
    let s3 = Endpoint {
        id: owned("vpce-0000000000000053a"),
        service_name: format!("com.amazonaws.{REGION}.s3"),
        is_gateway: true,
        is_available: true,
        route_table_ids: vec![owned(ROUTE_TABLE)],
        ..Endpoint::default()
    };
    let kms = Endpoint {
        id: owned("vpce-000000000000000c5"),
        service_name: format!("com.amazonaws.{REGION}.kms"),
        is_available: true,
        subnet_ids: vec![owned(SUBNET)],
        security_group_ids: vec![owned(ENDPOINT_GROUP)],
        ..Endpoint::default()
    };
    let prefix_list = PrefixList { id: owned(S3_PREFIX_LIST), cidrs: vec![owned("52.218.0.0/17")] };
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Principal":"*","Action":["s3:GetObject","s3:PutObject","s3:ListBucket"],"Resource":["arn:aws:s3:::{BUCKET}","arn:aws:s3:::{BUCKET}/*"],"Condition":{{"StringNotEquals":{{"aws:sourceVpc":"{VPC}"}}}}}}]}}"#
    );
    World {
        account_id: owned(ACCOUNT),
        region: owned(REGION),
        security_groups: [
            group(GROUP, "bedrock-jobs", Vec::new(), egress),
            group(ENDPOINT_GROUP, "kms-endpoint", ingress, Vec::new()),
        ]
        .into(),
        subnets: [(owned(SUBNET), Fact::Known(subnet))].into(),
        vpcs: [(owned(VPC), Fact::Known(Vpc { id: owned(VPC), owner_id: owned(ACCOUNT), tags: tags() }))].into(),
        route_tables: [(owned(VPC), Fact::Known(vec![table]))].into(),
        endpoints: [(owned(VPC), Fact::Known(vec![s3, kms]))].into(),
        prefix_lists: [(format!("com.amazonaws.{REGION}.s3"), Fact::Known(prefix_list))].into(),
        role_denials: [(role_use(), Fact::Known(Vec::new()))].into(),
        bucket_policies: [(owned(BUCKET), Fact::Known(BucketPolicy::Document(policy)))].into(),
    }
}
