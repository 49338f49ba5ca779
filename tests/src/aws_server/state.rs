//! What the services know: per account and Region where they are regional, for all of them where they are not.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use schemas::job::JobKind;
use serde_json::Value;

use super::access::{Bucket, Key, Role};
use super::cloudtrail::{PublicKey, Trail};
use super::custom_model::CustomModel;
use super::http::Call;
use super::job::{Job, owned};
use super::network::{Endpoint, NetworkInterface, PrefixList, RouteTable, SecurityGroup, Subnet, Vpc};
use super::pages::fingerprint;
use super::rules::{ConfigRule, Delivery, Ignored, RecordedResource, RegisteredType, ResourceKey};
use super::{ACCESS_KEY_ID, ACCOUNT, REGION};

/// Everything the server knows. What a test puts here, a service answers with; what a service is told, a test finds.
#[derive(Debug)]
pub struct State {
    /// The services' clock, in seconds since 1970; the machine's where none is set.
    pub now: Option<i64>,
    /// Fewer results a page than was asked for, so that a few of them make several pages.
    pub page_size: Option<usize>,
    /// Access keys. Requests with another are refused.
    pub keys: BTreeMap<String, Key>,
    /// IAM roles by ARN.
    pub roles: BTreeMap<String, Role>,
    /// S3 buckets by name.
    pub buckets: BTreeMap<String, Bucket>,
    /// CloudTrail's trails, of every account and Region.
    pub trails: Vec<Trail>,
    /// Evaluations that came behind a later one of the same resource, of all rules everywhere.
    pub ignored_as_older: Vec<Ignored>,
    places: BTreeMap<(String, String), Place>,
}

impl State {
    pub(super) fn new() -> Self {
        let arn = format!("arn:aws:iam::{ACCOUNT}:user/end-to-end");
        let key = Key { account: ACCOUNT.to_owned(), arn, session_token: None };
        Self {
            now: None,
            page_size: None,
            keys: BTreeMap::from([(ACCESS_KEY_ID.to_owned(), key)]),
            roles: BTreeMap::new(),
            buckets: BTreeMap::new(),
            trails: Vec::new(),
            ignored_as_older: Vec::new(),
            places: BTreeMap::new(),
        }
    }

    /// The default account in the default Region.
    pub fn home(&mut self) -> &mut Place {
        self.place(ACCOUNT, REGION)
    }

    /// One account in one Region, empty on the first call.
    pub fn place(&mut self, account: &str, region: &str) -> &mut Place {
        let key = (account.to_owned(), region.to_owned());
        self.places.entry(key).or_insert_with(|| Place::new(account, region))
    }

    /// The Regions that an account has something in; they are the ones that are enabled for it.
    pub(super) fn enabled_regions(&self, account: &str) -> Vec<String> {
        self.places.keys().filter(|(of, _)| of == account).map(|(_, region)| region.clone()).collect()
    }

    /// Adds a role that may do nothing; its account may have it assumed.
    pub fn add_role(&mut self, arn: &str) -> &mut Role {
        let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
        let role = Role { name, arn: arn.to_owned(), grants: Vec::new() };
        self.roles.insert(arn.to_owned(), role);
        self.roles.get_mut(arn).expect("the role was just added")
    }

    /// Adds an empty bucket of the default account, without a policy.
    pub fn add_bucket(&mut self, name: &str) -> &mut Bucket {
        let bucket = Bucket { owner: ACCOUNT.to_owned(), ..Bucket::default() };
        self.buckets.insert(name.to_owned(), bucket);
        self.buckets.get_mut(name).expect("the bucket was just added")
    }

    /// The services' clock, in seconds since 1970.
    pub(super) fn seconds(&self) -> i64 {
        self.now.unwrap_or_else(machine_seconds)
    }

    /// Whose request it is; `None` where the key is unknown or its session token is missing or another.
    pub(super) fn key_of(&self, access_key_id: &str, call: &Call) -> Option<&Key> {
        let key = self.keys.get(access_key_id)?;
        (key.session_token.as_deref() == call.header("x-amz-security-token")).then_some(key)
    }
}

/// The machine's clock, in seconds since 1970.
pub(super) fn machine_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    i64::try_from(since.as_secs()).expect("seconds since 1970 are few")
}

/// What is in one account and one Region.
#[derive(Debug, Default)]
pub struct Place {
    /// The account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// Bedrock jobs of every kind, in the order in which they were added.
    pub jobs: Vec<Job>,
    /// Custom models.
    pub custom_models: Vec<CustomModel>,
    /// Security groups.
    pub security_groups: Vec<SecurityGroup>,
    /// Subnets.
    pub subnets: Vec<Subnet>,
    /// VPCs.
    pub vpcs: Vec<Vpc>,
    /// Route tables.
    pub route_tables: Vec<RouteTable>,
    /// VPC endpoints.
    pub endpoints: Vec<Endpoint>,
    /// Network interfaces.
    pub network_interfaces: Vec<NetworkInterface>,
    /// Prefix lists.
    pub prefix_lists: Vec<PrefixList>,
    /// The keys that CloudTrail signs digest files with.
    pub public_keys: Vec<PublicKey>,
    /// AWS Config rules by name.
    pub rules: BTreeMap<String, ConfigRule>,
    /// The rule that each result token was handed out for.
    pub tokens: BTreeMap<String, String>,
    /// Every `PutEvaluations` call that was accepted, in order.
    pub deliveries: Vec<Delivery>,
    /// Resource ids whose evaluations come back in `FailedEvaluations`, and how often still.
    pub fail_evaluations: Vec<(String, u32)>,
    /// Resource types that `PutEvaluations` refuses although the enumeration has them.
    pub rejected_types: Vec<String>,
    /// Private types of the CloudFormation registry by name.
    pub registered_types: BTreeMap<String, RegisteredType>,
    /// Whether there is a configuration recorder, and a delivery channel with it.
    pub has_recorder: bool,
    /// Whether a configuration recorder is running.
    pub recorder_running: bool,
    /// The resource types that it records; all where none is named.
    pub recorded_types: Vec<String>,
    /// The configurations that AWS Config keeps.
    pub recorded: BTreeMap<ResourceKey, RecordedResource>,
    /// Resource ids that `BatchGetResourceConfig` returns unprocessed, and how often still.
    pub unprocessed_keys: Vec<(String, u32)>,
}

impl Place {
    fn new(account: &str, region: &str) -> Self {
        let (account, region) = (account.to_owned(), region.to_owned());
        Self { account, region, has_recorder: true, recorder_running: true, ..Self::default() }
    }

    /// Adds a model customization job, in progress and outside a VPC.
    pub fn add_job(&mut self, name: &str) -> &mut Job {
        self.add_job_of(JobKind::ModelCustomization, name)
    }

    /// Adds a job of any kind, in progress and outside a VPC.
    pub fn add_job_of(&mut self, kind: JobKind, name: &str) -> &mut Job {
        let job = Job::new(kind, name, &self.account, &self.region, &self.jobs);
        added(&mut self.jobs, job)
    }

    /// The first job of that name.
    pub fn job(&mut self, name: &str) -> &mut Job {
        let found = self.jobs.iter_mut().find(|job| job.name == name);
        found.unwrap_or_else(|| panic!("there is no job {name}"))
    }

    /// Adds a custom model.
    pub fn add_custom_model(&mut self, name: &str) -> &mut CustomModel {
        let id = fingerprint(name) % 1_000_000_000_000;
        let arn = format!(
            "arn:aws:bedrock:{}:{}:custom-model/cohere.command-text-v14:7:4k/{id:012}",
            self.region, self.account
        );
        added(&mut self.custom_models, CustomModel { name: name.to_owned(), arn, tags: BTreeMap::new() })
    }

    /// Adds a security group that lets nothing in or out.
    pub fn add_security_group(&mut self, id: &str, vpc_id: &str) -> &mut SecurityGroup {
        let group = SecurityGroup {
            id: id.to_owned(),
            name: id.to_owned(),
            vpc_id: vpc_id.to_owned(),
            owner_id: self.account.clone(),
            ..SecurityGroup::default()
        };
        added(&mut self.security_groups, group)
    }

    /// Deletes a security group, which must be there.
    pub fn delete_security_group(&mut self, id: &str) {
        let before = self.security_groups.len();
        self.security_groups.retain(|group| group.id != id);
        assert!(self.security_groups.len() < before, "there is no security group {id}");
    }

    /// Adds a VPC over 10.0.0.0/16.
    pub fn add_vpc(&mut self, id: &str) -> &mut Vpc {
        let owner_id = self.account.clone();
        let vpc = Vpc { id: id.to_owned(), cidr: "10.0.0.0/16".to_owned(), owner_id, tags: BTreeMap::new() };
        added(&mut self.vpcs, vpc)
    }

    /// Adds a subnet of the account, a /24 of the VPC's range.
    pub fn add_subnet(&mut self, id: &str, vpc_id: &str) -> &mut Subnet {
        let subnet = Subnet {
            id: id.to_owned(),
            vpc_id: vpc_id.to_owned(),
            cidr: format!("10.0.{}.0/24", self.subnets.len() % 256),
            owner_id: self.account.clone(),
            tags: BTreeMap::new(),
        };
        added(&mut self.subnets, subnet)
    }

    /// Adds a route table that knows the way inside its VPC.
    pub fn add_route_table(&mut self, id: &str, vpc_id: &str) -> &mut RouteTable {
        let table = RouteTable { id: id.to_owned(), vpc_id: vpc_id.to_owned(), ..RouteTable::default() };
        let table = added(&mut self.route_tables, table);
        table.route("10.0.0.0/16", "local");
        table
    }

    /// Adds an endpoint of a service: a gateway in no route table until it is told otherwise.
    pub fn add_endpoint(&mut self, id: &str, vpc_id: &str, service_name: &str) -> &mut Endpoint {
        let endpoint = Endpoint {
            id: id.to_owned(),
            vpc_id: vpc_id.to_owned(),
            service_name: service_name.to_owned(),
            kind: "Gateway".to_owned(),
            state: "available".to_owned(),
            owner: self.account.clone(),
            ..Endpoint::default()
        };
        added(&mut self.endpoints, endpoint)
    }

    /// Adds a network interface in use, in a subnet that is there.
    pub fn add_network_interface(&mut self, id: &str, subnet_id: &str, group_ids: &[&str]) -> &mut NetworkInterface {
        let subnet = self.subnets.iter().find(|subnet| subnet.id == subnet_id);
        let vpc_id = subnet.unwrap_or_else(|| panic!("there is no subnet {subnet_id}")).vpc_id.clone();
        let interface = NetworkInterface {
            id: id.to_owned(),
            subnet_id: subnet_id.to_owned(),
            vpc_id,
            security_group_ids: owned(group_ids),
            status: "in-use".to_owned(),
            kind: "interface".to_owned(),
            ..NetworkInterface::default()
        };
        added(&mut self.network_interfaces, interface)
    }

    /// Adds a prefix list.
    pub fn add_prefix_list(&mut self, id: &str, name: &str, cidrs: &[&str]) -> &mut PrefixList {
        let list = PrefixList { id: id.to_owned(), name: name.to_owned(), cidrs: owned(cidrs) };
        added(&mut self.prefix_lists, list)
    }

    /// Adds a rule without results.
    pub fn add_rule(&mut self, name: &str) -> &mut ConfigRule {
        let id = format!("config-rule-{:06x}", fingerprint(name) % 0x100_0000);
        let arn = format!("arn:aws:config:{}:{}:config-rule/{id}", self.region, self.account);
        let rule = ConfigRule { name: name.to_owned(), id, arn, ..ConfigRule::default() };
        self.rules.insert(name.to_owned(), rule);
        self.rule(name)
    }

    /// The rule of that name, which must be there.
    pub fn rule(&mut self, name: &str) -> &mut ConfigRule {
        self.rules.get_mut(name).unwrap_or_else(|| panic!("there is no rule {name}"))
    }

    /// A token as the event of that rule brings one. The rule need not be there.
    pub fn hand_out_token(&mut self, rule_name: &str) -> String {
        let token = format!("result-token-{}-{:016x}", self.tokens.len(), fingerprint(rule_name));
        self.tokens.insert(token.clone(), rule_name.to_owned());
        token
    }

    /// Registers a private type, with its resource provider schema where configurations are to be checked.
    pub fn register_type(&mut self, name: &str, schema: Option<Value>) {
        self.registered_types.insert(name.to_owned(), RegisteredType { schema });
    }

    /// Records a resource as if AWS Config had discovered it.
    pub fn record(&mut self, resource_type: &str, resource_id: &str, configuration: &Value) {
        let resource =
            RecordedResource { configuration: configuration.to_string(), history: 1, ..RecordedResource::default() };
        self.recorded.insert((resource_type.to_owned(), resource_id.to_owned()), resource);
    }
}

/// Takes one off the count of that id, where there is one.
pub(super) fn take_one(counts: &mut [(String, u32)], id: &str) -> bool {
    match counts.iter_mut().find(|(counted, left)| counted == id && *left > 0) {
        Some((_, left)) => {
            *left -= 1;
            true
        }
        None => false,
    }
}

fn added<T>(items: &mut Vec<T>, item: T) -> &mut T {
    items.push(item);
    items.last_mut().expect("an item was just added")
}
