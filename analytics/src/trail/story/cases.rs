//! The stories one by one.

use schemas::control::Verdict::{self, Compliant, NonCompliant, NotApplicable, Undetermined};
use schemas::job::JobKind;

use super::network::Network;
use super::runs::{WAIVED_AT, WAIVER_LAST_DAY};
use super::{Tale, utc};
use crate::sha256::hex;
use crate::trail::noise::put_role_policy_with_watched_words;
use crate::trail::{
    Caller, EndpointRequest, JobRequest, Permission, Place, Vpc, create_model_customization_job,
    create_model_import_job, create_model_invocation_job, create_security_group, create_tags, create_vpc,
    create_vpc_endpoint, delete_security_group_by_id, delete_security_group_by_name, delete_vpc, delete_vpc_endpoints,
    id, masked, modify_security_group_rules, omitted, stop_model_customization_job, tag_resource,
};

const ALL_WELL: [Verdict; 3] = [Compliant, Compliant, Compliant];
const OUTSIDE_A_VPC: [Verdict; 3] = [NonCompliant, NotApplicable, NotApplicable];
const GROUP_GONE: [Verdict; 3] = [Compliant, NonCompliant, Compliant];

/// All of them.
pub(super) fn told() -> Tale {
    let mut tale = Tale { records: Vec::new(), jobs: Vec::new() };
    all_well_and_near_misses(&mut tale);
    outside_a_vpc_by_hand(&mut tale);
    group_deleted_through_cloudformation(&mut tale);
    default_group_gone_with_its_vpc(&mut tale);
    refused(&mut tale);
    masked_but_seen_on_its_interface(&mut tale);
    omitted_and_nobody_shows_more(&mut tale);
    batch_inference_outside_a_vpc(&mut tale);
    import_in_a_vpc(&mut tale);
    group_deleted_by_name_and_made_anew(&mut tale);
    tale
}

fn terraform(place: &Place) -> Caller {
    Caller::role(&place.account_id, "platform-terraform", "github-actions-4711")
}

fn ml_pipeline(place: &Place) -> Caller {
    Caller::role(&place.account_id, "ml-training-pipeline", "pipeline-42")
}

fn data_scientist(place: &Place) -> Caller {
    Caller::role(&place.account_id, "AWSReservedSSO_DataScientist_0a1b2c3d4e5f6071", "ana.silva@example.com")
}

fn other_teams_pipeline(place: &Place) -> Caller {
    Caller::role(&place.account_id, "payments-deploy", "codepipeline-9137")
}

pub(super) fn request(name: &str, vpc: Option<Vpc>) -> JobRequest {
    JobRequest {
        name: name.to_owned(),
        base_model: "amazon.titan-text-express-v1:0:8k".to_owned(),
        training_data: format!("s3://example-training-data/{name}/train.jsonl"),
        role: "BedrockCustomization".to_owned(),
        vpc,
        id: hex(&id::digest(&["job", name])[..6]),
    }
}

/// Stories 1 and 10.
fn all_well_and_near_misses(tale: &mut Tale) {
    let place = Tale::first_account("eu-west-1");
    let (owner, network) = (terraform(&place), Network::new("claims", "ml-training"));
    let job = request("claims-summary-v3", network.vpc());
    let requested_at = utc("2026-02-03T10:00:00Z");

    tale.records([create_vpc(&place, &owner, utc("2026-02-02T09:10:00Z"), &network.vpc_id, "10.20.0.0/16")]);
    tale.records(network.group_created(&place, &owner, utc("2026-02-02T09:12:00Z")));
    let tags = [("Owner", "ml-platform"), ("DataSensitivity", "restricted")];
    tale.records([create_tags(&place, &owner, utc("2026-02-02T09:12:30Z"), &[&network.group_id], &tags)]);
    endpoints_come_and_go(tale, &place, &network);
    tale.records([create_model_customization_job(&place, &ml_pipeline(&place), requested_at, &job)]);
    tale.records(network.interface_of(&place, &job.arn(&place), requested_at));
    near_misses(tale, &place, &network);
    tale.job(
        &job.name,
        job.arn(&place),
        "It ran in a VPC with a group of its own; two attempts to delete that group changed nothing.",
        ALL_WELL,
    );
}

fn endpoints_come_and_go(tale: &mut Tale, place: &Place, network: &Network) {
    let owner = terraform(place);
    let endpoint = |service: &str, endpoint_type: &str| EndpointRequest {
        id: id::resource("vpce", &[&network.vpc_id, service]),
        vpc_id: network.vpc_id.clone(),
        service_name: format!("com.amazonaws.{}.{service}", place.region),
        endpoint_type: endpoint_type.to_owned(),
        subnet_ids: Vec::new(),
        security_group_ids: Vec::new(),
        route_table_ids: Vec::new(),
    };
    let mut s3 = endpoint("s3", "Gateway");
    s3.route_table_ids = vec![id::resource("rtb", &[&network.vpc_id])];
    let [mut sqs, mut logs] = [endpoint("sqs", "Interface"), endpoint("logs", "Interface")];
    for interface in [&mut sqs, &mut logs] {
        interface.subnet_ids = vec![network.subnet_id.clone()];
        interface.security_group_ids = vec![network.group_id.clone()];
    }
    let rule_id = id::resource("sgr", &[&network.group_id]);
    let narrower = Permission::tcp(443, "10.20.0.0/16");
    tale.records([
        create_vpc_endpoint(place, &owner, utc("2026-02-02T09:14:00Z"), &s3),
        create_vpc_endpoint(place, &owner, utc("2026-02-02T09:14:10Z"), &sqs),
        create_vpc_endpoint(place, &owner, utc("2026-02-02T09:14:20Z"), &logs),
        modify_security_group_rules(place, &owner, utc("2026-02-02T09:20:00Z"), &network.group_id, &rule_id, &narrower),
        delete_vpc_endpoints(place, &owner, utc("2026-02-24T11:00:00Z"), &[&sqs.id, &logs.id]),
    ]);
}

fn near_misses(tale: &mut Tale, place: &Place, network: &Network) {
    let visitor = other_teams_pipeline(place);
    let delete = |at: &str| delete_security_group_by_id(place, &visitor, utc(at), &network.group_id);
    let in_use = format!("resource {} has a dependent object", network.group_id);
    let dry_run = "Request would have succeeded, but DryRun flag is set.";
    tale.records([
        delete("2026-02-03T11:30:00Z").refused("Client.DependencyViolation", &in_use),
        delete("2026-02-20T16:05:00Z").refused("Client.DryRunOperation", dry_run),
    ]);
}

/// Story 2.
fn outside_a_vpc_by_hand(tale: &mut Tale) {
    let place = Tale::first_account("us-east-1");
    let (ana, job) = (data_scientist(&place), request("churn-prototype", None));
    tale.records([
        create_model_customization_job(&place, &ana, utc("2026-02-04T15:22:10Z"), &job),
        stop_model_customization_job(&place, &ana, utc("2026-02-04T17:40:00Z"), &job.arn(&place)),
    ]);
    tale.job(&job.name, job.arn(&place), "A person started it outside any VPC.", OUTSIDE_A_VPC);
}

/// Story 3.
fn group_deleted_through_cloudformation(tale: &mut Tale) {
    let place = Tale::first_account("eu-west-1");
    let network = Network::new("invoices", "invoice-training");
    let job = request("invoice-extraction-v1", network.vpc());
    let requested_at = utc("2026-02-10T08:00:00Z");
    let cloudformation = other_teams_pipeline(&place).via("cloudformation.amazonaws.com");

    tale.records(network.group_created(&place, &terraform(&place), utc("2026-02-05T13:00:00Z")));
    tale.records([create_model_customization_job(&place, &ml_pipeline(&place), requested_at, &job)]);
    tale.records(network.interface_of(&place, &job.arn(&place), requested_at));
    let deleted_at = utc("2026-02-12T09:41:07Z");
    tale.records([delete_security_group_by_id(&place, &cloudformation, deleted_at, &network.group_id)]);
    tale.job(
        &job.name,
        job.arn(&place),
        "Two days after it began, another team's pipeline deleted its group through CloudFormation.",
        GROUP_GONE,
    );
}

/// Story 4.
fn default_group_gone_with_its_vpc(tale: &mut Tale) {
    let place = Tale::second_account();
    let (owner, network) = (terraform(&place), Network::new("support", "default"));
    let job = request("support-triage-v2", network.vpc());
    let requested_at = utc("2026-02-12T07:30:00Z");

    tale.records([create_vpc(&place, &owner, utc("2026-02-08T10:00:00Z"), &network.vpc_id, "10.30.0.0/16")]);
    tale.records([create_model_customization_job(&place, &ml_pipeline(&place), requested_at, &job)]);
    tale.records(network.interface_of(&place, &job.arn(&place), requested_at));
    tale.records([delete_vpc(&place, &owner, utc("2026-02-19T18:02:45Z"), &network.vpc_id)]);
    tale.job(
        &job.name,
        job.arn(&place),
        "It used its VPC's default group, which went with the VPC a week later.",
        [Compliant, NonCompliant, NonCompliant],
    );
}

/// Story 5: no job comes of it, nor of a policy that names the operation.
fn refused(tale: &mut Tale) {
    let place = Tale::second_account();
    let caller = data_scientist(&place);
    let message = format!(
        "User: arn:aws:sts::{}:assumed-role/AWSReservedSSO_DataScientist_0a1b2c3d4e5f6071/ana.silva@example.com is not \
         authorized to perform: bedrock:CreateModelCustomizationJob",
        place.account_id
    );
    let job = request("support-prototype", None);
    let attempt = create_model_customization_job(&place, &caller, utc("2026-02-13T14:05:33Z"), &job);
    let (owner, permitted_at) = (terraform(&place), utc("2026-02-13T14:40:00Z"));
    tale.records([
        attempt.refused("AccessDenied", &message),
        put_role_policy_with_watched_words(&place, &owner, permitted_at, "ml-training-pipeline"),
    ]);
}

/// Story 6. The group was made before the first log file.
fn masked_but_seen_on_its_interface(tale: &mut Tale) {
    let place = Tale::second_account();
    let network = Network::new("clinical", "clinical-training");
    let job = request("medical-notes-v1", network.vpc());
    let requested_at = utc("2026-02-17T06:45:00Z");

    let created = create_model_customization_job(&place, &ml_pipeline(&place), requested_at, &job);
    tale.records([masked(created)]);
    tale.records(network.interface_of(&place, &job.arn(&place), requested_at));
    tale.job(
        &job.name,
        job.arn(&place),
        "Its request is masked, but the interface that Bedrock made for it shows its VPC and its group.",
        ALL_WELL,
    );
}

/// Story 7.
fn omitted_and_nobody_shows_more(tale: &mut Tale) {
    let place = Tale::first_account("us-east-1");
    let job = request("legal-clauses-v4", Network::new("legal", "legal-training").vpc());
    let created = create_model_customization_job(&place, &ml_pipeline(&place), utc("2026-02-18T20:10:00Z"), &job);
    tale.records([omitted(created)]);
    tale.job(
        &job.name,
        job.arn(&place),
        "CloudTrail left its request out as too large, and no other record shows its network.",
        [Undetermined, Undetermined, Undetermined],
    );
}

/// Story 8.
fn batch_inference_outside_a_vpc(tale: &mut Tale) {
    let place = Tale::first_account("us-east-1");
    let mut job = request("nightly-labels", None);
    job.base_model = "amazon.nova-lite-v1:0".to_owned();
    tale.records([create_model_invocation_job(&place, &ml_pipeline(&place), utc("2026-02-21T01:00:00Z"), &job)]);
    let arn = job.arn_of(&place, JobKind::ModelInvocation);
    let waiver = format!("owner=ana.silva@example.com reason=public data expires={WAIVER_LAST_DAY}");
    let tags = [("NetworkIsolationWaiver", waiver.as_str())];
    tale.records([tag_resource(&place, &data_scientist(&place), utc(WAIVED_AT), &arn, &tags)]);
    tale.job(&job.name, arn, "A batch inference job outside any VPC, waived two days later.", OUTSIDE_A_VPC);
}

/// Story 9.
fn import_in_a_vpc(tale: &mut Tale) {
    let place = Tale::second_account();
    let network = Network::new("import", "model-import");
    let job = request("distilled-llama-import", network.vpc());
    tale.records(network.group_created(&place, &terraform(&place), utc("2026-02-22T09:00:00Z")));
    tale.records([create_model_import_job(&place, &ml_pipeline(&place), utc("2026-02-23T09:30:00Z"), &job)]);
    let arn = job.arn_of(&place, JobKind::ModelImport);
    tale.job(&job.name, arn, "A model import in a VPC with a group of its own, which still exists.", ALL_WELL);
}

/// Story 11. The group stood in the Region's default VPC, where EC2 takes a name for an id.
fn group_deleted_by_name_and_made_anew(tale: &mut Tale) {
    let place = Tale::first_account("us-east-1");
    let (owner, network) = (terraform(&place), Network::new("fraud", "fraud-training"));
    let job = request("fraud-signals-v2", network.vpc());
    let requested_at = utc("2026-02-09T09:15:00Z");
    let new_group_id = id::resource("sg", &["fraud", "second"]);
    let (name, vpc_id) = (network.group_name, &network.vpc_id);

    tale.records(network.group_created(&place, &owner, utc("2026-02-06T11:00:00Z")));
    tale.records([create_model_customization_job(&place, &ml_pipeline(&place), requested_at, &job)]);
    tale.records(network.interface_of(&place, &job.arn(&place), requested_at));
    tale.records([
        delete_security_group_by_name(&place, &owner, utc("2026-02-16T10:20:00Z"), name),
        create_security_group(&place, &owner, utc("2026-02-18T10:25:00Z"), &new_group_id, name, vpc_id),
    ]);
    tale.job(
        &job.name,
        job.arn(&place),
        "Its group was deleted by name; a later group of the same name is another one.",
        GROUP_GONE,
    );
}
