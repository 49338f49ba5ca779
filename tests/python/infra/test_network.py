"""The approved network: a job in it passes every control, and one that lacks a part of it fails exactly one.

The template is deployed into a moto server, jobs are created in it, and `bedrock-audit evaluate` judges them. What moto
does not do with a template is done here instead, by `Network`:

- of `AWS::EC2::SecurityGroup` it leaves out `SecurityGroupEgress`, so that everything may go out: the rules of the
  template are put in place through the EC2 API;
- a `AWS::EC2::SubnetRouteTableAssociation` does not show in the route table: those of the template are made again;
- `AWS::NoValue` in a list stays there as nothing: such elements are taken out beforehand;
- `AWS::EC2::SecurityGroupEgress`, tags of VPC endpoints and stack policies have no effect.
"""
import copy
import json
import os
import re
import subprocess
import sys
import urllib.request

import hcl2
import pytest
import yaml

import conftest
import iam

ROOT = iam.ROOT
sys.path.insert(0, str(ROOT / "tests/python"))

import seed_moto

BINARY = os.environ.get("BEDROCK_AUDIT_BINARY")
needs_binary = pytest.mark.skipif(
    not BINARY, reason="NOT RUN: BEDROCK_AUDIT_BINARY names no bedrock-audit, so no job in the network was judged"
)

KEY = f"arn:aws:kms:{seed_moto.REGION}:{seed_moto.HOME}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
TRAINING, OUTPUT = "training-data", "tuning-output"
PARAMETERS = {
    "Owner": "ml-platform@example.com",
    "DataSensitivity": "confidential",
    "CostCenter": "CC-4711",
    "TrainingBucketArns": f"arn:aws:s3:::{TRAINING},arn:aws:s3:::validation-data",
    "OutputBucketArns": f"arn:aws:s3:::{OUTPUT}",
    "Zone1": "us-east-1a",
    "Zone2": "us-east-1b",
    "Zone3": "us-east-1c",
}
CONTROLS = {*seed_moto.CONTROLS, "job_security_groups_reach_endpoints"}


# The template


def template():
    """A copy of its own, which a test may change."""
    return copy.deepcopy(conftest.load("network.yaml"))


def resources(document, kind):
    return {name: one for name, one in document["Resources"].items() if one["Type"] == kind}


def without_absent(node, parameters):
    """Takes out the elements of lists that a condition of the form HasZoneN makes `AWS::NoValue`."""
    if isinstance(node, list):
        return [without_absent(each, parameters) for each in node if not is_absent(each, parameters)]
    if isinstance(node, dict):
        return {key: without_absent(value, parameters) for key, value in node.items()}
    return node


def is_absent(node, parameters):
    if not isinstance(node, dict) or "Fn::If" not in node:
        return False
    condition, _, otherwise = node["Fn::If"]
    return otherwise == {"Ref": "AWS::NoValue"} and not parameters.get(condition.removeprefix("Has"))


# moto


@pytest.fixture(scope="module")
def endpoint():
    server = subprocess.Popen(
        [sys.executable, ROOT / "tests/python/moto_server.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield f"http://127.0.0.1:{server.stdout.readline().split()[1]}"
    finally:
        server.stdin.close()
        server.wait(timeout=30)


@pytest.fixture
def account(endpoint):
    """An account with nothing in it."""
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST")).read()
    keys = {"aws_access_key_id": "AKIAMOTOISAWITNESS00", "aws_secret_access_key": "not-a-secret"}
    return seed_moto.Account(endpoint, seed_moto.HOME, keys)


class Network:
    """The stack, and beside it what the guardrails make: a bucket, and a role for the jobs."""

    def __init__(self, account, document=None, **parameters):
        self.account, self.ec2 = account, account.ec2
        document = document or template()
        lists = self.ec2.describe_prefix_lists()["PrefixLists"]
        s3 = next(each for each in lists if each["PrefixListName"] == f"com.amazonaws.{seed_moto.REGION}.s3")
        self.parameters = PARAMETERS | {"S3PrefixListId": s3["PrefixListId"]} | parameters
        cloudformation = account.session.client("cloudformation", endpoint_url=account.endpoint)
        cloudformation.create_stack(
            StackName="approved-network",
            TemplateBody=json.dumps(without_absent(document, self.parameters)),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in self.parameters.items()],
            StackPolicyBody=(ROOT / "infra/network.stack-policy.json").read_text(encoding="utf-8"),
            Capabilities=["CAPABILITY_IAM"],
        )
        stack = cloudformation.describe_stacks(StackName="approved-network")["Stacks"][0]
        assert stack["StackStatus"] == "CREATE_COMPLETE", stack
        self.outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
        self.vpc_config = json.loads(self.outputs["VpcConfig"])
        for name, group in resources(document, "AWS::EC2::SecurityGroup").items():
            self.set_egress(self.outputs[f"{name}Id"], group["Properties"]["SecurityGroupEgress"])

        self.associate(resources(document, "AWS::EC2::SubnetRouteTableAssociation").values())

    def associate(self, associations):
        vpc = {"Name": "vpc-id", "Values": [self.outputs["VpcId"]]}
        tables = self.ec2.describe_route_tables(Filters=[vpc])["RouteTables"]
        main = [table for table in tables if any(each["Main"] for each in table["Associations"])]
        [table] = [table["RouteTableId"] for table in tables if table not in main]
        subnets = dict(enumerate(self.outputs["SubnetIds"].split(","), start=1))
        for association in associations:
            subnet = association["Properties"]["SubnetId"]["Ref"].removeprefix("Subnet")
            if int(subnet) in subnets:
                self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnets[int(subnet)])

    def set_egress(self, group, rules):
        everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        self.ec2.revoke_security_group_egress(GroupId=group, IpPermissions=everything)
        for rule in rules:
            permission = {key: rule[key] for key in ("IpProtocol", "FromPort", "ToPort") if key in rule}
            if "CidrIp" in rule:
                permission["IpRanges"] = [{"CidrIp": rule["CidrIp"]}]
            elif "DestinationPrefixListId" in rule:
                name = rule["DestinationPrefixListId"]["Ref"]
                permission["PrefixListIds"] = [{"PrefixListId": self.parameters[name]}]
            else:
                name = rule["DestinationSecurityGroupId"]["Ref"]
                permission["UserIdGroupPairs"] = [{"GroupId": self.outputs[f"{name}Id"]}]
            self.ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[permission])

    def guardrail(self, name, **given):
        asked = [sys.executable, ROOT / "infra/guardrails/render.py", name, *(f"{k}={v}" for k, v in given.items())]
        return subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=True).stdout

    def job(self, vpc_config=None, bucket_policy=True, vpc_permissions=True):
        """As NETWORK.md says to create one."""
        account, vpc, config = self.account, self.outputs["VpcId"], vpc_config or self.vpc_config
        for bucket in (TRAINING, OUTPUT):
            account.s3.create_bucket(Bucket=bucket)
        if bucket_policy:
            steward = f"arn:aws:iam::{seed_moto.HOME}:role/data-steward"
            given = {"BucketArn": f"arn:aws:s3:::{TRAINING}", "VpcIds": vpc, "UploadRoleArns": steward}
            account.s3.put_bucket_policy(Bucket=TRAINING, Policy=self.guardrail("bucket-data-perimeter", **given))
        given = {"TrainingBucketArn": f"arn:aws:s3:::{TRAINING}", "OutputBucketArn": f"arn:aws:s3:::{OUTPUT}"}
        policies = {"data": json.loads(self.guardrail("role-data-perimeter", **given, VpcIds=vpc))["Statement"]}
        if vpc_permissions:
            policies["vpc"] = account.vpc_policy(config.get("subnetIds", []), config.get("securityGroupIds", []))
        role = account.role("tuning", policies)
        network = (config["subnetIds"], config["securityGroupIds"]) if config.get("subnetIds") else (None, None)
        account.job("claims-summary", role, TRAINING, {}, *network, key=KEY)

    def evaluate(self):
        """Exit code, and the verdict of each control on the job."""
        environment = {
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": self.account.endpoint,
            "AWS_ACCESS_KEY_ID": "AKIAMOTOISAWITNESS00",
            "AWS_SECRET_ACCESS_KEY": "not-a-secret",
            "AWS_REGION": seed_moto.REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }
        command = [BINARY, "evaluate", "--quiet", "--output", "ndjson"]
        run = subprocess.run(command, env=environment, capture_output=True, text=True)
        rows = [json.loads(line) for line in run.stdout.splitlines()]
        assert rows, run.stderr
        self.reasons = {row["control"]: f"{row['verdict']}: {row['reason']}" for row in rows}
        return run.returncode, {row["control"]: row["verdict"] for row in rows}


# A job in it


@needs_binary
@pytest.mark.parametrize("zones", [1, 2, 3])
def test_a_job_in_the_network_passes_every_control(account, zones):
    network = Network(account, **{f"Zone{zone}": "" for zone in range(zones + 1, 4)})
    assert len(network.vpc_config["subnetIds"]) == zones
    network.job()
    code, verdicts = network.evaluate()
    assert verdicts == dict.fromkeys(CONTROLS, "Compliant"), network.reasons
    assert code == 0


def no_s3_endpoint(document, _):
    del document["Resources"]["S3Endpoint"], document["Outputs"]["S3EndpointId"]


def no_kms_endpoint(_, parameters):
    parameters["KmsEndpoint"] = "false"


def s3_endpoint_without_route(document, _):
    document["Resources"]["S3Endpoint"]["Properties"]["RouteTableIds"] = []


def subnet_without_table(document, _):
    del document["Resources"]["RouteTableOfSubnet3"]


def internet_gateway(document, _):
    document["Resources"] |= {
        "Gateway": {"Type": "AWS::EC2::InternetGateway"},
        "Attachment": {
            "Type": "AWS::EC2::VPCGatewayAttachment",
            "Properties": {"VpcId": {"Ref": "Vpc"}, "InternetGatewayId": {"Ref": "Gateway"}},
        },
        "WayOut": {
            "Type": "AWS::EC2::Route",
            "DependsOn": "Attachment",
            "Properties": {
                "RouteTableId": {"Ref": "RouteTable"},
                "DestinationCidrBlock": "0.0.0.0/0",
                "GatewayId": {"Ref": "Gateway"},
            },
        },
    }


def no_egress_to(destination):
    def fault(document, _):
        properties = document["Resources"]["JobSecurityGroup"]["Properties"]
        rules = [rule for rule in properties["SecurityGroupEgress"] if destination not in rule]
        assert len(rules) == 1
        properties["SecurityGroupEgress"] = rules

    return fault


def endpoints_shut(document, _):
    del document["Resources"]["EndpointsLetJobsIn"]


def no_tag(resource, key):
    def fault(document, _):
        properties = document["Resources"][resource]["Properties"]
        properties["Tags"] = [tag for tag in properties["Tags"] if tag["Key"] != key]

    return fault


FAULTS = {
    "no S3 endpoint": (no_s3_endpoint, "job_private_path"),
    "no KMS endpoint": (no_kms_endpoint, "job_private_path"),
    "S3 endpoint that no route leads to": (s3_endpoint_without_route, "job_private_path"),
    "a subnet that has the main route table": (subnet_without_table, "job_private_path"),
    "route to an internet gateway": (internet_gateway, "job_private_path"),
    "no egress to S3": (no_egress_to("DestinationPrefixListId"), "job_security_groups_reach_endpoints"),
    "no egress to the endpoints": (no_egress_to("DestinationSecurityGroupId"), "job_security_groups_reach_endpoints"),
    "endpoints that let nobody in": (endpoints_shut, "job_security_groups_reach_endpoints"),
    "a VPC without owner": (no_tag("Vpc", "Owner"), "job_network_tagged"),
    "a subnet without data sensitivity": (no_tag("Subnet2", "DataSensitivity"), "job_network_tagged"),
    "a group without cost centre": (no_tag("JobSecurityGroup", "CostCenter"), "job_network_tagged"),
}


def fails_only(network, control):
    code, verdicts = network.evaluate()
    assert {name for name, verdict in verdicts.items() if verdict == "NonCompliant"} == {control}, network.reasons
    assert "Undetermined" not in verdicts.values(), network.reasons
    assert code == 1


@needs_binary
@pytest.mark.parametrize(("fault", "control"), FAULTS.values(), ids=FAULTS)
def test_without_one_part_it_fails_exactly_one_control(account, fault, control):
    document, parameters = template(), {}
    fault(document, parameters)
    network = Network(account, document, **parameters)
    network.job()
    fails_only(network, control)


@needs_binary
def test_a_job_outside_it_fails(account):
    network = Network(account)
    network.job(vpc_config={"outside": True}, vpc_permissions=False)
    fails_only(network, "job_in_vpc")


@needs_binary
def test_a_job_in_the_default_group_fails(account):
    network = Network(account)
    default = account.default_group(network.outputs["VpcId"])
    account.ec2.create_tags(Resources=[default], Tags=seed_moto.tags_of(seed_moto.TAGS))
    groups = [network.outputs["JobSecurityGroupId"], default]
    network.job(vpc_config=network.vpc_config | {"securityGroupIds": groups})
    fails_only(network, "job_security_groups_not_default")


@needs_binary
def test_a_job_whose_second_group_was_deleted_fails(account):
    network = Network(account)
    second = account.group(network.outputs["VpcId"], "second", seed_moto.TAGS)
    groups = [network.outputs["JobSecurityGroupId"], second]
    network.job(vpc_config=network.vpc_config | {"securityGroupIds": groups})
    account.ec2.delete_security_group(GroupId=second)
    fails_only(network, "job_security_groups_exist")


@needs_binary
def test_without_the_bucket_policy_of_the_guardrails_it_fails(account):
    network = Network(account)
    network.job(bucket_policy=False)
    fails_only(network, "training_data_requires_vpc")


@needs_binary
def test_without_the_permissions_of_a_role_in_a_vpc_it_fails(account):
    network = Network(account)
    network.job(vpc_permissions=False)
    fails_only(network, "job_role_can_use_vpc")


@pytest.mark.skipif(iam.node_folder() is None, reason="NOT RUN: no node or npm, so no endpoint policy was evaluated")
def test_the_endpoints_let_through_what_jobs_need_and_nothing_else(account):
    network = Network(account)
    found = account.ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [network.outputs["VpcId"]]}])
    # moto shows such a document as Python does, which is YAML, too.
    policies = {
        one["ServiceName"].rsplit(".", 1)[-1]: yaml.safe_load(one["PolicyDocument"]) for one in found["VpcEndpoints"]
    }
    ours, foreign = (f"arn:aws:iam::{account}:role/tuning" for account in (seed_moto.HOME, "444455556666"))
    cases = [
        ("s3", ours, "s3:GetObject", f"arn:aws:s3:::{TRAINING}/a", "Allowed"),
        ("s3", ours, "s3:ListBucket", f"arn:aws:s3:::{TRAINING}", "Allowed"),
        ("s3", ours, "s3:GetObject", "arn:aws:s3:::validation-data/a", "Allowed"),
        ("s3", ours, "s3:ListBucket", "arn:aws:s3:::validation-data", "Allowed"),
        ("s3", ours, "s3:PutObject", f"arn:aws:s3:::{OUTPUT}/a", "Allowed"),
        ("s3", ours, "s3:GetObject", f"arn:aws:s3:::{OUTPUT}/a", "Allowed"),
        ("s3", ours, "s3:ListBucket", f"arn:aws:s3:::{OUTPUT}", "Allowed"),
        ("s3", ours, "s3:PutObject", f"arn:aws:s3:::{TRAINING}/a", "ImplicitlyDenied"),
        ("s3", ours, "s3:GetObject", "arn:aws:s3:::another/a", "ImplicitlyDenied"),
        ("s3", ours, "s3:PutObject", "arn:aws:s3:::another/a", "ImplicitlyDenied"),
        ("s3", foreign, "s3:GetObject", f"arn:aws:s3:::{TRAINING}/a", "ImplicitlyDenied"),
        ("s3", foreign, "s3:PutObject", f"arn:aws:s3:::{OUTPUT}/a", "ImplicitlyDenied"),
        ("kms", ours, "kms:Decrypt", KEY, "Allowed"),
        ("kms", foreign, "kms:Decrypt", KEY, "ImplicitlyDenied"),
    ]
    simulations = []
    for service, role, action, resource, _ in cases:
        where = {"aws:PrincipalAccount": role.split(":")[4], "aws:SourceVpc": network.outputs["VpcId"]}
        case = {"as": role, "action": action, "resource": resource, "where": where}
        # The caller's own policies and the resource's allow everything, and the key trusts everyone: the endpoint decides.
        grant = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource}]}
        for policy in (policies[service], None):
            simulations.append(
                iam.simulation(case, resource_policy=grant, endpoint_policy=policy, owner=seed_moto.HOME)
            )
    decided = iam.decisions(simulations)
    assert [(*case[:4], decision) for case, decision in zip(cases, decided[::2], strict=True)] == cases
    assert set(decided[1::2]) == {"Allowed"}, "without the endpoint's policy, all of it is allowed"


# The template by itself


def test_what_is_kept_is_what_the_stack_policy_protects():
    document = template()
    kept = {one["Type"] for one in document["Resources"].values() if one.get("DeletionPolicy") == "Retain"}
    policy = json.loads((ROOT / "infra/network.stack-policy.json").read_text(encoding="utf-8"))
    [deny] = [each for each in policy["Statement"] if each["Effect"] == "Deny"]
    assert set(deny["Condition"]["StringEquals"]["ResourceType"]) == kept
    for name, one in document["Resources"].items():
        assert one.get("DeletionPolicy") == one.get("UpdateReplacePolicy"), name
    for kind in ("VPC", "Subnet", "SecurityGroup", "RouteTable"):
        for name, one in resources(document, f"AWS::EC2::{kind}").items():
            assert one.get("DeletionPolicy") == "Retain", name


def test_there_is_no_way_out_of_the_vpc():
    kinds = {one["Type"].removeprefix("AWS::EC2::") for one in template()["Resources"].values()}
    ways_out = r"Gateway|Route$|Peering|VPN|CarrierGateway|TransitGateway|EIP"
    assert not [kind for kind in kinds if re.search(ways_out, kind)]



def test_the_role_of_job_role_yaml_has_what_the_network_asks_and_no_more(account):
    """Its statements are those of the guardrail, and those of the role that jobs have in the tests above."""
    subnets, group, vpc = ["subnet-1", "subnet-2", "subnet-3"], "sg-1", "vpc-1"
    buckets = {"TrainingBucketArn": f"arn:aws:s3:::{TRAINING}", "OutputBucketArn": f"arn:aws:s3:::{OUTPUT}"}
    rendered = subprocess.run(
        [sys.executable, ROOT / "infra/guardrails/render.py", "role-data-perimeter", *(f"{k}={v}" for k, v in buckets.items()),
         "VpcIds=vpc-0123456789abcdef0"],
        stdout=subprocess.PIPE, text=True, check=True,
    ).stdout.replace("vpc-0123456789abcdef0", vpc)
    here = conftest.PSEUDO | {"AWS::AccountId": seed_moto.HOME, "AWS::Region": seed_moto.REGION}
    for count in (1, 2, 3):
        given = {f"Subnet{n}": subnet for n, subnet in enumerate(subnets[:count], 1)}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(conftest, "PSEUDO", here)
            made = conftest.Resolved(conftest.load("job-role.yaml"), {**buckets, **given, "VpcId": vpc, "SecurityGroupId": group})
            role = made.resources["Role"]["Properties"]
        data, network = (policy["PolicyDocument"]["Statement"] for policy in role["Policies"])
        assert data == json.loads(rendered)["Statement"]
        assert network == account.vpc_policy(subnets[:count], [group])
    trust, = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "bedrock.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": seed_moto.HOME}


# Terraform


MODULE = ROOT / "infra/terraform/network"


def hcl(folder):
    """The blocks of every file of a folder, by kind."""
    blocks = {}
    for path in sorted(folder.glob("*.tf")):
        for kind, found in hcl2.loads(path.read_text(encoding="utf-8")).items():
            blocks.setdefault(kind, []).extend(found)
    return blocks


def bare(text):
    return text.strip('"') if isinstance(text, str) else text


def terraform_resources(folder=MODULE):
    found = {}
    for block in hcl(folder)["resource"]:
        for kind, named in block.items():
            if not kind.startswith("__"):
                for name, body in named.items():
                    found[f"{bare(kind)}.{bare(name)}"] = body
    return found


def first(block):
    return block[0] if isinstance(block, list) else block


# The Terraform resource that is the same as one of the template.
SAME = {
    "aws_vpc.this": ["Vpc"],
    "aws_subnet.private": ["Subnet1", "Subnet2", "Subnet3"],
    "aws_route_table.private": ["RouteTable"],
    "aws_route_table_association.private": ["RouteTableOfSubnet1", "RouteTableOfSubnet2", "RouteTableOfSubnet3"],
    "aws_security_group.jobs": ["JobSecurityGroup"],
    "aws_security_group.endpoints": ["EndpointSecurityGroup"],
    "aws_vpc_security_group_ingress_rule.endpoints_let_jobs_in": ["EndpointsLetJobsIn"],
    "aws_vpc_endpoint.s3": ["S3Endpoint"],
    "aws_vpc_endpoint.interface": [
        "KmsInterfaceEndpoint",
        "LogsInterfaceEndpoint",
        "StsInterfaceEndpoint",
        "BedrockInterfaceEndpoint",
        "BedrockRuntimeInterfaceEndpoint",
    ],
    "aws_vpc_security_group_egress_rule.jobs_reach_each_other": ["JobsReachEachOther"],
    "aws_vpc_security_group_ingress_rule.jobs_are_reached_by_each_other": ["JobsAreReachedByEachOther"],
    "aws_cloudwatch_log_group.flow_logs": ["FlowLogGroup"],
    "aws_iam_role.flow_logs": ["FlowLogRole"],
    "aws_flow_log.this": ["FlowLog"],
}
# Those that the template has as a part of another resource, or cannot have.
APART = {
    "aws_vpc_security_group_egress_rule.jobs_to_s3",
    "aws_vpc_security_group_egress_rule.jobs_to_endpoints",
    "aws_iam_role_policy.flow_logs",
    "aws_default_security_group.this",
}


def test_the_terraform_module_has_the_same_parts():
    assert set(terraform_resources()) == set(SAME) | APART
    assert sorted(name for names in SAME.values() for name in names) == sorted(template()["Resources"])


def test_terraform_protects_the_vpc_the_subnets_the_groups_and_the_s3_endpoint():
    protected = {
        name
        for name, body in terraform_resources().items()
        if "lifecycle" in body and first(body["lifecycle"]).get("prevent_destroy") in (True, "true")
    }
    assert protected == {
        "aws_vpc.this",
        "aws_subnet.private",
        "aws_route_table.private",
        "aws_security_group.jobs",
        "aws_security_group.endpoints",
        "aws_vpc_endpoint.s3",
        "aws_cloudwatch_log_group.flow_logs",
    }


def test_terraform_sets_the_same_tags_and_ports():
    found = terraform_resources()
    locals_ = {key: value for block in hcl(MODULE)["locals"] for key, value in block.items()}
    tags = {bare(key) for key in locals_["tags"] if not key.startswith("__")}
    assert tags == {tag["Key"] for tag in template()["Resources"]["Vpc"]["Properties"]["Tags"]} - {"Name"}
    for name in ("aws_vpc.this", "aws_subnet.private", "aws_security_group.jobs", "aws_security_group.endpoints"):
        assert "local.tags" in str(found[name]["tags"]), name
    for name in ("jobs_to_s3", "jobs_to_endpoints"):
        rule = found[f"aws_vpc_security_group_egress_rule.{name}"]
        assert (bare(rule["ip_protocol"]), rule["from_port"], rule["to_port"]) == ("tcp", 443, 443)
    assert "prefix_list_id" in found["aws_vpc_security_group_egress_rule.jobs_to_s3"]
    assert "referenced_security_group_id" in found["aws_vpc_security_group_egress_rule.jobs_to_endpoints"]


def test_terraform_refers_to_what_there_is():
    """`terraform validate` needs the AWS provider, which these tests do not download; this much needs nobody."""
    blocks = hcl(MODULE)
    declared = set(terraform_resources())
    for kind, prefix in (("data", "data."), ("variable", "var.")):
        for block in blocks[kind]:
            for name, body in block.items():
                inner = [f"{bare(name)}.{bare(each)}" for each in body] if kind == "data" else [bare(name)]
                declared |= {prefix + each for each in inner if "__" not in each}
    declared |= {f"local.{key}" for block in blocks["locals"] for key in block if "__" not in key}
    text = "\n".join(path.read_text(encoding="utf-8") for path in MODULE.glob("*.tf"))
    used = set(re.findall(r"(?<![\w.\"-])((?:data\.)?aws_\w+\.\w+|var\.\w+|local\.\w+)", text))
    assert len(used) > 20
    assert used <= declared, used - declared
    unused = {name for name in declared if name.startswith(("var.", "local.", "data."))} - used
    assert not unused


def test_the_example_sets_every_variable_that_has_no_default_and_no_other():
    variables = {}
    for block in hcl(MODULE)["variable"]:
        variables |= {bare(name): body for name, body in block.items() if not name.startswith("__")}
    required = {name for name, body in variables.items() if "default" not in body}
    [module] = hcl(ROOT / "infra/terraform/example")["module"]
    [body] = [body for name, body in module.items() if not name.startswith("__")]
    given = {key for key in body if not key.startswith("__")} - {"source"}
    assert required <= given <= set(variables)
    assert all("description" in body for body in variables.values())


def test_terraform_files_have_its_canonical_format():
    try:
        version = subprocess.run(["terraform", "version"], capture_output=True, text=True).stdout.splitlines()[0]
    except FileNotFoundError:
        pytest.skip("NOT RUN: there is no terraform, so `terraform fmt` did not look at infra/terraform")
    command = ["terraform", "fmt", "-check", "-diff", "-recursive", ROOT / "infra"]
    looked = subprocess.run(command, capture_output=True, text=True)
    assert looked.returncode == 0, f"{version}\n{looked.stdout}{looked.stderr}"
