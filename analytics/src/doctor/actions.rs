//! The IAM actions that `ingest`, `audit`, `evaluate` and this check itself call, and those that the caller lacks.

use std::collections::BTreeSet;

use config_rule::controls::job_role_can_use_vpc::PermissionCheck;
use schemas::ids::Arn;
use schemas::job::JobKind;

use super::facts::Facts;
use super::findings::Check;
use super::why::{Why, action, why};

/// The IAM action of the simulation itself, which `job_role_can_use_vpc` needs too.
pub const SIMULATE: &str = "iam:SimulatePrincipalPolicy";

/// What `evaluate` asks EC2; none of it can be granted for some resources alone.
const EC2: [&str; 6] = [
    "ec2:DescribePrefixLists",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcs",
];

const CLOUDTRAIL: [&str; 2] = ["cloudtrail:DescribeTrails", "cloudtrail:ListPublicKeys"];

const CONFIG: [&str; 3] = [
    "config:DescribeConfigurationRecorders",
    "config:DescribeConfigurationRecorderStatus",
    "config:DescribeDeliveryChannels",
];

/// Actions that the calls so far leave open, each on what it will be asked for. `s3:GetBucketPolicy` is not among them:
/// the bucket is that of each job's training data.
pub fn to_simulate(facts: &Facts) -> Vec<PermissionCheck> {
    let settled: BTreeSet<&str> = allowed(facts).union(&denied(facts)).copied().collect();
    let mut checks = Vec::new();
    let mut ask = |actions: &[&'static str], resource: String| {
        let actions: Vec<&'static str> = actions.iter().copied().filter(|action| !settled.contains(action)).collect();
        if !actions.is_empty() {
            checks.push(PermissionCheck { actions, resources: vec![resource], context: Vec::new() });
        }
    };
    let has = |check: Check| facts.checks.contains(&check);
    let Some(identity) = facts.identity.told() else { return Vec::new() };
    let partition = Arn::parse(&identity.arn).map_or("aws", |arn| arn.partition);
    let region = facts.region.as_deref().unwrap_or_default();
    if has(Check::Trail) {
        ask(&CLOUDTRAIL, "*".to_owned());
    }
    if let Some(place) = facts.place().filter(|_| has(Check::Bucket)) {
        let (bucket, prefix) = (&place.bucket, &place.prefix);
        ask(&["s3:ListBucket"], format!("arn:{partition}:s3:::{bucket}"));
        ask(&["s3:GetObject"], format!("arn:{partition}:s3:::{bucket}/{prefix}AWSLogs/log-file"));
    }
    if let Some(key) = facts.trail().and_then(|trail| trail.kms_key.clone()).filter(|_| has(Check::Bucket)) {
        ask(&["kms:Decrypt"], key);
    }
    if has(Check::Recorder) {
        ask(&CONFIG, "*".to_owned());
    }
    if has(Check::LiveApis) {
        ask(&EC2, "*".to_owned());
        for kind in JobKind::ALL {
            ask(&[config_rule::gather::list_action(kind)], "*".to_owned());
            let job = made_up_job(kind, partition, region, &identity.account);
            ask(&[config_rule::gather::get_action(kind), "bedrock:ListTagsForResource"], job);
        }
    }
    checks
}

/// The ARN of a job that there is not, in the form that the API asks for (API Reference, "GetModelCustomizationJob",
/// "GetModelImportJob", "GetModelInvocationJob").
pub fn made_up_job(kind: JobKind, partition: &str, region: &str, account: &str) -> String {
    let resource = match kind {
        JobKind::ModelCustomization => "model-customization-job/amazon.no-such-model:1/000000000000",
        JobKind::ModelImport => "model-import-job/000000000000",
        JobKind::ModelInvocation => "model-invocation-job/000000000000",
    };
    format!("arn:{partition}:bedrock:{region}:{account}:{resource}")
}

/// The actions of calls that were answered.
fn allowed(facts: &Facts) -> BTreeSet<&str> {
    facts.calls.iter().filter(|call| call.unread.is_none()).map(|call| call.action.as_str()).collect()
}

/// The actions that a call was denied.
pub fn denied(facts: &Facts) -> BTreeSet<&str> {
    let unread = facts.calls.iter().filter_map(|call| call.unread.as_ref());
    unread.filter(|unread| why(unread) == Why::Denied).map(action).collect()
}

/// The actions that the caller lacks: denied to a call, or by IAM's simulation where no call was answered.
pub fn missing(facts: &Facts) -> BTreeSet<&str> {
    let (mut missing, allowed) = (denied(facts), allowed(facts));
    if let Some(simulated) = facts.simulated.told() {
        missing.extend(simulated.denied.iter().map(String::as_str).filter(|action| !allowed.contains(action)));
    }
    missing
}
