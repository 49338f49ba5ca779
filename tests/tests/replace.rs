//! `bedrock-audit replace`, as far as it only reads: the request, what it lacks, and the checks before it.

use end_to_end::aws_server::{ACCOUNT, AwsServer, Fault, Rule};
use end_to_end::program::{Outcome, Program};
use serde_json::{Value, json};

use crate::place::Place;

const VPC: &str = "vpc-0a0a0a0a0a0a0a0a0";
const SUBNET: &str = "subnet-0b0b0b0b0b0b0b0b0";
const GROUP: &str = "sg-0c0c0c0c0c0c0c0c0";
const ROUTE_TABLE: &str = "rtb-0e0e0e0e0e0e0e0e0";
const S3: &str = "com.amazonaws.eu-west-1.s3";
const S3_LIST: &str = "pl-6da54004";

/// The good network by its ids.
pub const NETWORK: [&str; 4] = ["--subnet-ids", SUBNET, "--security-group-ids", GROUP];

/// A network that passes every control, the role and the bucket of the stand-in's jobs and of the story's.
pub fn aws() -> AwsServer {
    let aws = AwsServer::start();
    let mut state = aws.state();
    for role in ["bedrock-jobs", "BedrockCustomization"] {
        state.add_role(&format!("arn:aws:iam::{ACCOUNT}:role/{role}")).allow("ec2:*");
    }
    for bucket in ["example-training-data", &format!("training-{ACCOUNT}")] {
        state.add_bucket(bucket).policy = Some(requires(VPC));
    }
    let home = state.home();
    let tags = ["Owner", "DataSensitivity", "CostCenter", "Approved"].map(|key| (key.to_owned(), "yes".to_owned()));
    home.add_vpc(VPC).tags = tags.clone().into();
    home.add_subnet(SUBNET, VPC).tags = tags.clone().into();
    home.add_prefix_list(S3_LIST, S3, &["52.218.0.0/17"]);
    let group = home.add_security_group(GROUP, VPC);
    group.lets_out(Rule::tcp(443, 443).with_prefix_list(S3_LIST)).tags = tags.into();
    home.add_route_table(ROUTE_TABLE, VPC).serves(&[SUBNET]);
    home.add_endpoint("vpce-0000000000000053a", VPC, S3).in_route_tables(&[ROUTE_TABLE]);
    drop(state);
    aws
}

/// A bucket policy that refuses reads from outside a VPC.
fn requires(vpc: &str) -> String {
    let statement = json!({
        "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:SourceVpc": vpc}},
    });
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

/// The command on a job.
pub fn replace(aws: &AwsServer, job: &str) -> Program {
    let program = Program::new(env!("CARGO_BIN_EXE_bedrock-audit-under-test")).args(["--quiet", "replace", job]);
    program.envs(aws.environment())
}

/// The JSON that a run printed.
#[track_caller]
pub fn printed(outcome: &Outcome) -> Value {
    let parsed = serde_json::from_str(&outcome.stdout);
    parsed.unwrap_or_else(|error| panic!("{error}: {}\n{}", outcome.stdout, outcome.stderr))
}

/// The outcome of a check.
fn check<'a>(plan: &'a Value, name: &str) -> &'a Value {
    let checks = plan["preflight"].as_array().expect("a list");
    checks.iter().find(|check| check["check"] == name).unwrap_or_else(|| panic!("no check {name} in {plan}"))
}

fn asked_for(aws: &AwsServer, operation: &str) -> bool {
    aws.requests().iter().any(|seen| seen.operation == operation)
}

#[test]
fn every_parameter_of_the_old_job_comes_along() {
    let aws = aws();
    let filters = json!({"andAll": [{"equals": {"team": "claims"}}, {"notEquals": {"stage": "test"}}]});
    let training = json!({"invocationLogsConfig": {
        "usePromptResponse": true, "invocationLogSource": {"s3Uri": format!("s3://training-{ACCOUNT}/logs")},
        "requestMetadataFilters": filters,
    }});
    let teacher = json!({"teacherModelIdentifier": "amazon.nova-pro-v1:0", "maxResponseLengthForInference": 500});
    let customization = json!({"distillationConfig": {"teacherModelConfig": teacher}});
    let model = {
        let mut state = aws.state();
        state.home().add_custom_model("outside-model").tag("Cost", "7").arn.clone()
    };
    let mut state = aws.state();
    let job = state.home().add_job("outside").tag("Owner", "ann").tag("aws:cloudformation:stack-name", "s");
    job.member("hyperParameters", json!({"epochCount": "2", "learning.rate": "0.00001"}));
    job.member("validationDataConfig", json!({"validators": [{"s3Uri": format!("s3://training-{ACCOUNT}/v.jsonl")}]}));
    job.member("trainingDataConfig", training.clone()).member("customizationConfig", customization.clone());
    job.member("customizationType", json!("DISTILLATION")).member("outputModelArn", json!(model));
    let role = job.role_arn.clone();
    drop(state);

    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("request.json");
    let run = replace(&aws, "outside").args(NETWORK).args(["--output", "json", "--out"]).arg(&out).run();
    let plan = printed(&run.expect_status(0));
    let request = &plan["request"];
    let saved: Value = serde_json::from_str(&std::fs::read_to_string(&out).expect("a file")).expect("JSON");
    assert_eq!(&saved, request);
    for (member, expected) in [
        ("jobName", json!("outside-r2")),
        ("customModelName", json!("outside-model-r2")),
        ("roleArn", json!(role)),
        ("customizationType", json!("DISTILLATION")),
        ("jobTags", json!([{"key": "Owner", "value": "ann"}])),
        ("customModelTags", json!([{"key": "Cost", "value": "7"}])),
        ("trainingDataConfig", training),
        ("validationDataConfig", json!({"validators": [{"s3Uri": format!("s3://training-{ACCOUNT}/v.jsonl")}]})),
        ("outputDataConfig", json!({"s3Uri": format!("s3://output-{ACCOUNT}/outside/")})),
        ("hyperParameters", json!({"epochCount": "2", "learning.rate": "0.00001"})),
        ("vpcConfig", json!({"subnetIds": [SUBNET], "securityGroupIds": [GROUP]})),
        ("customizationConfig", customization),
    ] {
        assert_eq!(request[member], expected, "{member}");
    }
    let token = request["clientRequestToken"].as_str().expect("a token");
    assert!(token.starts_with("bedrock-audit-"), "{token}");
    let changed: Vec<&str> =
        plan["diff"].as_array().expect("a list").iter().filter_map(|change| change["member"].as_str()).collect();
    let network = ["vpcConfig.subnetIds", "vpcConfig.securityGroupIds"];
    assert_eq!(changed, [&["jobName", "customModelName", "clientRequestToken"][..], &network[..]].concat());
    assert!(plan["notes"][0].as_str().is_some_and(|note| note.contains("aws:cloudformation:stack-name")), "{plan}");
    assert!(!asked_for(&aws, "CreateModelCustomizationJob") && !asked_for(&aws, "StopModelCustomizationJob"));
}

#[test]
fn the_text_has_the_line_for_the_aws_cli_and_says_what_would_happen() {
    let aws = aws();
    let arn = aws.state().home().add_job("outside").arn.clone();
    let run = replace(&aws, "outside").args(NETWORK).args(["--stop-old", "--submit"]).run().expect_status(0);
    for expected in [
        "outside -> outside-r2, in eu-west-1",
        "  - jobName: \"outside\"\n  + jobName: \"outside-r2\"\n",
        "  passed          job_private_path",
        "aws bedrock create-model-customization-job --region eu-west-1 --cli-input-json file://outside-r2.json\n",
        "customModelTags are not known",
        &format!("{arn} is stopped for good"),
        "the request is submitted",
    ] {
        assert!(run.stdout.contains(expected), "{expected} is not in {}", run.stdout);
    }
    assert!(!asked_for(&aws, "CreateModelCustomizationJob") && !asked_for(&aws, "StopModelCustomizationJob"));
}

#[test]
fn an_approved_network_is_found_by_its_tag() {
    let aws = aws();
    aws.state().home().add_job("outside");
    let by_tag = |tag: &str| replace(&aws, "outside").args(["--approved-tag", tag, "--output", "json"]).run();
    let plan = printed(&by_tag("Approved=yes").expect_status(0));
    assert_eq!(plan["request"]["vpcConfig"], json!({"subnetIds": [SUBNET], "securityGroupIds": [GROUP]}));
    let none = by_tag("Approved=no").expect_status(1);
    assert!(none.stderr.contains("found subnets none; security groups none"), "{}", none.stderr);
    aws.state().home().add_vpc("vpc-00000000000000002");
    let other = aws.state().home().add_subnet("subnet-00000000000000002", "vpc-00000000000000002").id.clone();
    let approved = ("Approved".to_owned(), "yes".to_owned());
    aws.state().home().subnets.iter_mut().filter(|subnet| subnet.id == other).for_each(|subnet| {
        subnet.tags = [approved.clone()].into();
    });
    let two = by_tag("Approved=yes").expect_status(1);
    assert!(two.stderr.contains("subnet-00000000000000002 (vpc-00000000000000002)"), "{}", two.stderr);
    aws.fail(Fault::on("ec2", "DescribeSubnets").access_denied());
    let denied = by_tag("Approved=yes").expect_status(2);
    assert!(denied.stderr.contains("could not read: ec2:DescribeSubnets on tag:Approved=yes"), "{}", denied.stderr);
}

#[test]
fn what_stands_in_the_way_fails_the_preflight_with_its_reason() {
    let aws = aws();
    aws.state().home().add_job("outside");
    let run = |more: &[&str], status| {
        let run = replace(&aws, "outside").args(["--output", "json"]).args(more.iter().copied()).run();
        printed(&run.expect_status(status))
    };
    let with_group = |id| ["--subnet-ids", SUBNET, "--security-group-ids", id];
    let plan = run(&with_group("sg-0000000000000dead"), 1);
    assert_eq!(check(&plan, "network_in_one_vpc")["outcome"], "failed");
    assert_eq!(check(&plan, "job_security_groups_exist")["outcome"], "failed");

    aws.state().home().add_job("outside-r2");
    aws.state().home().add_custom_model("outside-model-r2");
    let plan = run(&NETWORK, 1);
    for (name, option) in [("job_name_free", "--job-name"), ("custom_model_name_free", "--custom-model-name")] {
        let found = check(&plan, name);
        assert!(found["outcome"] == "failed" && found["reason"].as_str().is_some_and(|text| text.contains(option)));
    }
    let names = ["--job-name", "outside-r3", "--custom-model-name", "outside-model-r3"];
    run(&[&NETWORK[..], &names].concat(), 0);

    let bucket = format!("training-{ACCOUNT}");
    let policy = |policy: Option<String>| {
        aws.state().buckets.get_mut(&bucket).expect("the bucket is there").policy = policy;
        [&NETWORK[..], &names].concat()
    };
    let plan = run(&policy(Some(requires("vpc-00000000000000002"))), 1);
    assert_eq!(check(&plan, "buckets_admit_network")["outcome"], "failed");
    let open = run(&policy(None), 0);
    assert!(open["notes"].to_string().contains("training_data_requires_vpc"), "an open bucket is worth a word");

    let role = format!("arn:aws:iam::{ACCOUNT}:role/bedrock-jobs");
    aws.state().roles.get_mut(&role).expect("the role is there").deny("ec2:CreateNetworkInterface", "*");
    let plan = run(&policy(None), 1);
    assert_eq!(check(&plan, "job_role_can_use_vpc")["outcome"], "failed");
}

#[test]
fn what_could_not_be_read_is_never_a_pass() {
    let aws = aws();
    aws.state().home().add_job("outside");
    for (service, operation, name) in [
        ("ec2", "DescribeSecurityGroups", "job_security_groups_exist"),
        ("ec2", "DescribeVpcEndpoints", "job_private_path"),
        ("iam", "SimulatePrincipalPolicy", "job_role_can_use_vpc"),
        ("s3", "GetBucketPolicy", "buckets_admit_network"),
        ("bedrock", "ListCustomModels", "custom_model_name_free"),
    ] {
        aws.fail(Fault::on(service, operation).access_denied());
        let run = replace(&aws, "outside").args(NETWORK).args(["--output", "json", "--submit", "--yes"]).run();
        let run = run.expect_status(2);
        let found = printed(&run);
        let found = check(&found, name);
        let reason = found["reason"].as_str().unwrap_or_default();
        assert!(found["outcome"] == "could_not_tell" && reason.contains(operation), "{operation}: {found}");
        assert!(run.stderr.contains("nothing was done"), "{}", run.stderr);
        aws.clear_faults();
    }
    aws.fail(Fault::on("bedrock", "ListTagsForResource").access_denied());
    let run = replace(&aws, "outside").args(NETWORK).run().expect_status(2);
    assert!(run.stdout.contains("jobTags: could not be read: bedrock:ListTagsForResource"), "{}", run.stdout);
    replace(&aws, "outside").args(NETWORK).args(["--without", "jobTags"]).run().expect_status(0);
    assert!(!asked_for(&aws, "CreateModelCustomizationJob"));
}

#[test]
fn a_job_that_cannot_be_read_ends_the_command_with_what_to_do() {
    let aws = aws();
    let arn = aws.state().home().add_job("outside").arn.clone();
    let run = |job: &str, more: &[&str], status| {
        replace(&aws, job).args(NETWORK).args(more.iter().copied()).run().expect_status(status).stderr
    };
    let unknown = run("no-such-job", &[], 2);
    assert!(
        unknown.contains("no customization job \"no-such-job\" in eu-west-1") && unknown.contains("--lake"),
        "{unknown}"
    );
    let elsewhere = run("outside", &["--region", "us-east-1"], 2);
    assert!(elsewhere.contains("in us-east-1: give its ARN, or --region"), "{elsewhere}");
    let wrong_region = run(&arn, &["--region", "us-east-1"], 64);
    assert!(wrong_region.contains("the job is in eu-west-1"), "{wrong_region}");
    let throttle = Fault::on("bedrock", "GetModelCustomizationJob").detail_contains("outside").throttle();
    for (fault, code) in [
        (Fault::on("bedrock", "GetModelCustomizationJob").access_denied(), "AccessDeniedException"),
        (throttle, "ThrottlingException"),
    ] {
        aws.fail(fault);
        let stderr = run("outside", &[], 2);
        assert!(stderr.contains("could not read: bedrock:GetModelCustomizationJob on outside"), "{stderr}");
        assert!(stderr.contains(code) && stderr.contains("--from-history --lake LAKE"), "{stderr}");
        aws.clear_faults();
    }
    // The Region of an ARN is enough.
    let program = replace(&aws, &arn).env("AWS_REGION", "us-east-1").args(NETWORK);
    assert!(program.run().expect_status(0).stdout.contains("--region eu-west-1"));
}

#[test]
fn what_was_mistyped_is_named_with_what_is_right() {
    let aws = aws();
    aws.state().home().add_job("outside");
    let import = "arn:aws:bedrock:eu-west-1:111122223333:model-import-job/bca4dea5ad61";
    let run = |job: &str, arguments: &[&str], expected: &str| {
        let outcome = replace(&aws, job).args(arguments.iter().copied()).run().expect_status(64);
        assert!(outcome.stderr.contains(expected), "{expected} is not in {}", outcome.stderr);
    };
    run("outside", &[], "--subnet-ids: give ids, or --approved-tag KEY=VALUE");
    run("outside", &["--approved-tag", "Approved"], "KEY=VALUE");
    run("outside", &["--subnet-ids", "sg-1", "--security-group-ids", GROUP], "subnet-0123456789abcdef0");
    run(import, &NETWORK, "a model customization job");
    for (more, expected) in [
        (["--set", "role=x"], "begins with one of roleArn"),
        (["--set", "roleArn"], "MEMBER=VALUE"),
        (["--without", "roleArn"], "expected one of customizationType"),
        (["--job-name", "a b"], "--job-name \"a b\""),
        (["--time-limit", "long"], "15m"),
        (["--stop-wait", "long"], "15m"),
    ] {
        run("outside", &[&NETWORK[..], &more].concat(), expected);
    }
    run("outside", &[&NETWORK[..], &["--yes"]].concat(), "--stop-old");
    run("outside", &[&NETWORK[..], &["--from-history"]].concat(), "--lake");
}

#[test]
fn a_job_that_bedrock_knows_no_more_comes_from_its_record() {
    let (aws, place) = (aws(), Place::told());
    let lake = place.lake();
    let run = |job: &str, more: &[&str]| {
        let arguments = [&NETWORK[..], &["--lake", &lake, "--output", "json"], more].concat();
        replace(&aws, job).args(arguments).run()
    };
    let plan = printed(&run("claims-summary-v3", &[]).expect_status(0));
    assert_eq!(plan["old"]["origin"]["kind"], "record");
    assert_eq!(
        plan["request"]["hyperParameters"],
        json!({"epochCount": "2", "batchSize": "8", "learningRate": "0.00001"})
    );
    assert_eq!(plan["request"]["jobName"], "claims-summary-v3-r2");
    assert!(check(&plan, "old_job")["reason"].as_str().is_some_and(|text| text.contains("only its record is left")));

    let elsewhere = run("churn-prototype", &[]).expect_status(64);
    assert!(elsewhere.stderr.contains("give --region us-east-1"), "{}", elsewhere.stderr);
    let kind = run("distilled-llama-import", &[]).expect_status(64);
    assert!(kind.stderr.contains("model customization job"), "{}", kind.stderr);
    let unknown = run("no-such-job", &[]).expect_status(2);
    assert!(unknown.stderr.contains("no record in"), "{}", unknown.stderr);
}

#[test]
fn what_cloudtrail_masked_or_omitted_is_marked_and_must_be_given() {
    let (aws, place) = (aws(), Place::told());
    let lake = place.lake();
    // The record of one masks its names and lacks the rest; that of the other has no request at all.
    let masked =
        "arn:aws:bedrock:eu-west-1:444455556666:model-customization-job/amazon.titan-text-express-v1:0:8k/649b373d929e";
    let omitted =
        "arn:aws:bedrock:us-east-1:111122223333:model-customization-job/amazon.titan-text-express-v1:0:8k/9215d80b3615";
    let run = |job: &str, more: &[&str]| {
        replace(&aws, job).args(NETWORK).args(["--lake", &lake]).args(more.iter().copied()).run()
    };
    let text = run(masked, &[]).expect_status(1).stdout;
    for expected in [
        "  jobName: CloudTrail masked it; give --job-name NAME\n",
        "  roleArn: the record lacks it; give --set roleArn=VALUE\n",
        "  hyperParameters: the record is not whole, so it may lack it; give --set hyperParameters.KEY=VALUE, or --without",
        "\"roleArn\": \"MISSING (the record lacks it)",
        "Preflight\n  not done",
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
    assert!(!text.contains("--cli-input-json"), "there is no line for a request that lacks something");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("request.json").display().to_string();
    let omitted = run(omitted, &["--out", &out, "--submit", "--yes"]).expect_status(1);
    assert!(omitted.stderr.contains("nothing was written to --out") && !std::path::Path::new(&out).exists());

    let given = [
        "--job-name",
        "triage",
        "--custom-model-name",
        "triage-model",
        "--set",
        "roleArn=arn:aws:iam::111122223333:role/bedrock-jobs",
        "--set",
        "baseModelIdentifier=amazon.titan-text-express-v1:0:8k",
        "--set",
        "trainingDataConfig.s3Uri=s3://example-training-data/triage/train.jsonl",
        "--set",
        "outputDataConfig.s3Uri=s3://example-training-data/output/",
        "--set",
        "hyperParameters.epochCount=2",
        "--without",
        "customizationType,customModelKmsKeyId,jobTags,customModelTags,validationDataConfig,customizationConfig",
        "--output",
        "json",
    ];
    let plan = printed(&run(masked, &given));
    assert_eq!((plan["missing"].to_string().as_str(), &plan["request"]["jobName"]), ("[]", &json!("triage")));
    assert!(!asked_for(&aws, "CreateModelCustomizationJob"));
}
