"""Every template: linted, within CloudFormation's sizes, deployed to moto as far as moto knows its types."""
import json
import re
import subprocess
import sys

import boto3
import pytest
from moto import mock_aws

import conftest
from conftest import ACCOUNT, INFRA, REGION, Resolved, load

TEMPLATES = sorted(path.name for path in INFRA.glob("*.yaml"))

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:rule"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/rule"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"

# Parameters with which every resource of a template is there.
PARAMETERS = {
    "alerts.yaml": {"AlertEmail": "ann@example.com", "FunctionArn": FUNCTION},
    "conformance-pack.yaml": {"FunctionArn": FUNCTION},
    "ingest.yaml": {
        "ImageUri": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/bedrock-audit@sha256:{'0' * 64}",
        "TrailUri": "s3://trail/prefix", "LakeUri": "s3://lake/lake", "SubnetIds": "subnet-1", "VpcId": "vpc-1",
        "Shards": "8", "AlarmTopicArn": TOPIC,
    },
    "job-role.yaml": {
        "TrainingBucketArn": "arn:aws:s3:::training-data", "OutputBucketArn": "arn:aws:s3:::tuning-output", "VpcId": "vpc-1",
        "Subnet1": "subnet-1", "Subnet2": "subnet-0123456789abcdef0", "SecurityGroupId": "sg-1",
    },
    "lake.yaml": {"OrganizationId": "o-abcdefghij", "EvidenceLockDays": "365"},
    "lake-tables.yaml": {"LakeUri": "s3://lake/lake"},
    "member-role.yaml": {"FunctionRoleArn": ROLE, "EvidenceUri": "s3://evidence/evidence"},
    "organization-permissions.yaml": {"FunctionArn": FUNCTION, "MemberAccountIds": "111122223333,444455556666"},
    "organization-rule.yaml": {"FunctionArn": FUNCTION},
    "recorder.yaml": {},
    "resource-type.yaml": {
        "TypeName": "Acme::Bedrock::Job", "PackageBucket": "code", "PackageKey": "resource-type.zip",
    },
    "rule.yaml": {
        "CodeBucket": "code", "CodeKey": "bootstrap.zip", "StopUnprotectedJobs": "true",
        "EvidenceUri": "s3://evidence/evidence", "AlarmTopicArn": TOPIC,
        "ReportedResourceType": "Acme::Bedrock::Job", "MemberRoleName": "bedrock-audit-member",
        "OrganizationId": "o-abcdefghij",
    },
    "trail.yaml": {},
}

# Not the script of that name: scripts/python-env moves its environment, and a script names the place where it was made.
CFN_LINT = [sys.executable, "-c", "import sys; from cfnlint.runner import main; sys.exit(main())"]

# Templates that other tests of this folder deploy.
ELSEWHERE = {"network.yaml"}

# Types that moto's CloudFormation does not know and passes over. A newer moto that knows one makes the test fail, and then
# it leaves this list.
MISSING = {
    "alerts.yaml": {
        "AWS::SNS::Subscription", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy",
    },
    "conformance-pack.yaml": {"AWS::Config::ConfigRule"},
    "ingest.yaml": set(),
    "job-role.yaml": set(),
    "lake.yaml": {"AWS::S3::BucketPolicy", "AWS::Glue::Database", "AWS::Athena::WorkGroup"},
    "lake-tables.yaml": {"AWS::Glue::Table", "AWS::Athena::NamedQuery"},
    "member-role.yaml": set(),
    "organization-permissions.yaml": set(),
    "organization-rule.yaml": {"AWS::Config::OrganizationConfigRule"},
    "recorder.yaml": {
        "AWS::IAM::ServiceLinkedRole", "AWS::Config::ConfigurationRecorder", "AWS::Config::DeliveryChannel",
        "AWS::S3::BucketPolicy",
    },
    "resource-type.yaml": {"AWS::CloudFormation::ResourceVersion", "AWS::CloudFormation::ResourceDefaultVersion"},
    "rule.yaml": {
        "AWS::Config::ConfigRule", "AWS::CloudWatch::Alarm", "AWS::Lambda::EventInvokeConfig", "AWS::Logs::MetricFilter",
        "AWS::SQS::QueuePolicy",
    },
    "trail.yaml": {"AWS::S3::BucketPolicy", "AWS::CloudTrail::Trail"},
}


def test_every_template_is_tested_here():
    assert set(TEMPLATES) - ELSEWHERE == set(PARAMETERS) == set(MISSING)


def test_cfn_lint_finds_nothing():
    paths = [str(INFRA / name) for name in TEMPLATES]
    run = subprocess.run([*CFN_LINT, "--", *paths], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_cfn_lint_would_find_something(tmp_path):
    broken = {"Resources": {"A": {"Type": "AWS::Athena::WorkGroup", "Properties": {"Name": "a", "RecursiveDeleteOptoin": True}}}}
    (tmp_path / "broken.json").write_text(json.dumps(broken))
    run = subprocess.run(
        [*CFN_LINT, str(tmp_path / "broken.json")], capture_output=True, text=True, check=False
    )
    assert run.returncode != 0 and "RecursiveDeleteOptoin" in run.stdout


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_fits_where_readme_says_it_goes(name):
    """51,200 bytes in a request, 1 MB from S3; a named query of Athena at most 262,144."""
    size = (INFRA / name).stat().st_size
    if name == "lake-tables.yaml":
        assert 51_200 < size < 1_000_000, "README says that this one goes through S3"
        for query in load(name)["Resources"].values():
            assert len(query["Properties"].get("QueryString", "")) < 262_144
    else:
        assert size <= 51_200
    assert len(load(name)["Resources"]) <= 500


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_descriptions_say_what_a_parameter_is(name):
    template = load(name)
    assert 0 < len(template["Description"]) <= 1024
    for parameter, spec in template["Parameters"].items():
        about = spec.get("Description", "")
        assert about or parameter in {"LogRetentionDays", "WorkGroupName", "Cpus"}, parameter


def settled(name, parameters):
    """What moto gets: `Fn::If` settled (it would keep `AWS::NoValue` in a list as nothing), loops written out, and no
    rules or attributes of types that it has none of."""
    template = load(name)
    resolved = Resolved(template, parameters)

    def clean(node):
        if isinstance(node, list):
            return [value for value in map(clean, node) if value is not conftest.NoValue]
        if not isinstance(node, dict):
            return node
        if set(node) == {"Fn::If"}:
            condition, yes, no = node["Fn::If"]
            return clean(yes if resolved.condition(condition) else no)
        if node == {"Ref": "AWS::NoValue"}:
            return conftest.NoValue
        members = {key: clean(value) for key, value in node.items()}
        return {key: value for key, value in members.items() if value is not conftest.NoValue}

    resources = {}
    for key, resource in template["Resources"].items():
        if not key.startswith("Fn::ForEach::"):
            resources[key] = clean(resource)
            continue
        variable, values, body = resource
        for value in resolved.value(values):
            text = json.dumps(body).replace("${" + variable + "}", value)
            resources |= json.loads(text.replace(json.dumps({"Ref": variable}), json.dumps(value)))

    for resource in resources.values():
        # Batch has a role of its own; moto asks for one.
        if resource["Type"] == "AWS::Batch::ComputeEnvironment":
            resource["Properties"]["ServiceRole"] = ROLE

    def can_be_had(output):
        attribute = output["Value"].get("Fn::GetAtt") if isinstance(output["Value"], dict) else None
        return not attribute or resources[attribute[0]]["Type"] not in MISSING[name]

    outputs = {key: output for key, output in template.get("Outputs", {}).items() if can_be_had(output)}
    kept = ("AWSTemplateFormatVersion", "Description", "Parameters", "Conditions")
    return {key: template[key] for key in kept if key in template} | {"Resources": resources, "Outputs": outputs}


def deploy(name, parameters):
    """How the stack ended, its template, and its resources as moto has them."""
    client = boto3.client("cloudformation", REGION)
    template = settled(name, parameters)
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    client.create_stack(
        StackName="stack", TemplateBody=json.dumps(template), Parameters=given, Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    status = client.describe_stacks(StackName="stack")["Stacks"][0]["StackStatus"]
    resources = client.describe_stack_resources(StackName="stack")["StackResources"]
    return status, template, {one["LogicalResourceId"]: one["ResourceType"] for one in resources if "LogicalResourceId" in one}


@pytest.fixture
def prepared():
    """What a template expects to be there."""
    with mock_aws():
        boto3.client("s3", REGION).create_bucket(
            Bucket="code", CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        boto3.client("s3", REGION).put_object(Bucket="code", Key="bootstrap.zip", Body=b"PK\x05\x06" + bytes(18))
        boto3.client("iam").create_role(
            RoleName="rule",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}),
        )
        boto3.client("lambda", REGION).create_function(
            FunctionName="rule", Runtime="provided.al2023", Role=ROLE, Handler="bootstrap",
            Code={"S3Bucket": "code", "S3Key": "bootstrap.zip"},
        )
        vpc = boto3.client("ec2", REGION).create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = boto3.client("ec2", REGION).create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        yield {"vpc-1": vpc, "subnet-1": subnet}


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_moto_makes_every_resource_of_a_type_that_it_knows(name, prepared, caplog):
    parameters = {key: prepared.get(value, value) for key, value in PARAMETERS[name].items()}
    status, template, made = deploy(name, parameters)
    assert status == "CREATE_COMPLETE"
    passed_over = {
        match[1] for match in re.finditer(r"No Moto CloudFormation support for (\S+)", caplog.text)
    }
    assert passed_over == MISSING[name]
    resolved = Resolved(template, parameters)
    expected = {
        key: one["Type"] for key, one in template["Resources"].items()
        if one["Type"] not in MISSING[name] and ("Condition" not in one or resolved.condition(one["Condition"]))
    }
    assert made == expected


def test_every_bucket_is_closed():
    for name in TEMPLATES:
        template = load(name)
        resources = {key: one for key, one in template["Resources"].items() if isinstance(one, dict)}
        buckets = {key for key, one in resources.items() if one["Type"] == "AWS::S3::Bucket"}
        for key in buckets:
            bucket = template["Resources"][key]["Properties"]
            assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}, key
            assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}, key
            assert bucket["BucketEncryption"], key
            policies = [
                one["Properties"]["PolicyDocument"]["Statement"] for one in resources.values()
                if one["Type"] == "AWS::S3::BucketPolicy" and one["Properties"]["Bucket"] == {"Ref": key}
            ]
            denied = [one for one in policies[0] if one.get("Sid") == "TlsOnly"]
            assert denied[0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}, key
            assert denied[0]["Effect"] == "Deny" and denied[0]["Action"] == "s3:*" and denied[0]["Principal"] == "*"


def test_no_role_may_do_everything():
    for name in sorted(PARAMETERS):
        if name.startswith("organization-permissions"):
            continue
        for key, role in Resolved(load(name), PARAMETERS[name]).of_type("AWS::IAM::Role").items():
            allowed = [one for one in conftest.statements(role) if one["Effect"] == "Allow"]
            assert allowed, f"{name} {key}"
            for action in {action for one in allowed for action in conftest.listed(one["Action"])}:
                assert "*" not in action, f"{name} {key} {action}"


def test_the_container_file_names_what_is_there():
    lines = (INFRA / "Containerfile").read_text().splitlines()
    root = conftest.ROOT
    for line in lines:
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (root / source).exists(), line
    members = re.search(r"(?m)^members = \[(.*)\]$", (root / "Cargo.toml").read_text())[1]
    for member in re.findall(r'"([^"]+)"', members):
        assert any(line.startswith(f"COPY {member} ") for line in lines), f"the workspace's member {member} is not copied"
    build = next(line for line in lines if "cargo build" in line)
    features = re.search(r"--features (\S+)", build)[1]
    manifest = (root / "analytics/Cargo.toml").read_text()
    assert re.search(rf"(?m)^{features} =", manifest.split("[features]", 1)[1].split("\n[", 1)[0])
    rust = re.search(r'(?m)^rust-version = "([^"]+)"', (root / "Cargo.toml").read_text())[1]
    assert any(line.startswith(f"FROM docker.io/library/rust:{rust}-") for line in lines)
