#!/usr/bin/env python3
"""Seeds two accounts of a moto server with networks, roles, buckets and jobs, and prints what to expect of each job.

    seed_moto.py ENDPOINT

Prints one JSON object: every id and ARN, a scheduled event for the rule in each account, and for each job the verdict
of each control. A verdict of null is one that the words of the controls leave open: nothing is expected there.
Needs a Python that has the package `boto3`; the server is tests/python/moto_server.py.
"""
import argparse
import json
import os
import urllib.request

os.environ.update(
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    AWS_EC2_METADATA_DISABLED="true",
    NO_PROXY="127.0.0.1,localhost",
    no_proxy="127.0.0.1,localhost",
)
for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
    os.environ.pop(name, None)

import boto3

REGION = "us-east-1"
HOME, OTHER = "123456789012", "222233334444"
EXECUTION_ROLE = "BedrockAuditExecutionRole"
BASE_MODEL = "amazon.titan-text-express-v1:0:8k"
RULE = "bedrock-jobs-in-vpc"
NOTIFIED_AT = "2026-01-15T12:00:00.000Z"

TAGS = {"Owner": "ml-platform@example.com", "DataSensitivity": "confidential", "CostCenter": "CC-4711"}

CONTROLS = (
    "job_in_vpc",
    "job_security_groups_exist",
    "job_security_groups_not_default",
    "job_network_tagged",
    "job_private_path",
    "job_role_can_use_vpc",
    "training_data_requires_vpc",
)
YES, NO, NONE = "Compliant", "NonCompliant", "NotApplicable"


def expect(**otherwise):
    """Compliant with everything, but for what is named."""
    return {control: otherwise.get(control, YES) for control in CONTROLS}


def tags_of(tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tagged(kind, tags):
    return [{"ResourceType": kind, "Tags": tags_of(tags)}]


class Account:
    """One account, through credentials of its own."""

    def __init__(self, endpoint, account_id, credentials):
        self.endpoint, self.account_id = endpoint, account_id
        self.session = boto3.Session(region_name=REGION, **credentials)
        for service in ("bedrock", "config", "ec2", "iam", "lambda", "s3", "sts"):
            setattr(self, service, self.session.client(service, endpoint_url=endpoint))
        assert self.sts.get_caller_identity()["Account"] == account_id

    def assume(self, account_id, role):
        arn = f"arn:aws:iam::{account_id}:role/{role}"
        given = self.sts.assume_role(RoleArn=arn, RoleSessionName="seed")["Credentials"]
        keys = {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }
        return Account(self.endpoint, account_id, keys)

    def arn(self, kind, resource):
        return f"arn:aws:ec2:{REGION}:{self.account_id}:{kind}/{resource}"

    # Networks

    def vpc(self, cidr, tags):
        given = {"TagSpecifications": tagged("vpc", tags)} if tags else {}
        vpc = self.ec2.create_vpc(CidrBlock=cidr, **given)["Vpc"]["VpcId"]
        self.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": True})
        self.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        return vpc

    def subnet(self, vpc, cidr, zone, tags):
        given = {"TagSpecifications": tagged("subnet", tags)} if tags else {}
        made = self.ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=REGION + zone, **given)
        return made["Subnet"]["SubnetId"]

    def group(self, vpc, name, tags):
        """Lets out 443 and nothing else."""
        made = self.ec2.create_security_group(
            VpcId=vpc, GroupName=name, Description=name, TagSpecifications=tagged("security-group", tags)
        )["GroupId"]
        everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        self.ec2.revoke_security_group_egress(GroupId=made, IpPermissions=everything)
        https = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        self.ec2.authorize_security_group_egress(GroupId=made, IpPermissions=https)
        return made

    def default_group(self, vpc):
        filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
        return self.ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"]

    def private_network(self, cidr_start):
        """No way out but the endpoints, everything tagged."""
        vpc = self.vpc(f"{cidr_start}.0.0/16", TAGS)
        subnets = [self.subnet(vpc, f"{cidr_start}.{n}.0/24", zone, TAGS) for n, zone in ((1, "a"), (2, "b"))]
        table = self.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        for subnet in subnets:
            self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        group = self.group(vpc, "bedrock-jobs", TAGS)
        endpoint_group = self.group(vpc, "endpoints", TAGS)
        from_jobs = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": group}]}]
        self.ec2.authorize_security_group_ingress(GroupId=endpoint_group, IpPermissions=from_jobs)
        s3 = self.ec2.create_vpc_endpoint(
            VpcId=vpc, VpcEndpointType="Gateway", ServiceName=f"com.amazonaws.{REGION}.s3", RouteTableIds=[table]
        )
        kms = self.ec2.create_vpc_endpoint(
            VpcId=vpc,
            VpcEndpointType="Interface",
            ServiceName=f"com.amazonaws.{REGION}.kms",
            SubnetIds=subnets,
            SecurityGroupIds=[endpoint_group],
            PrivateDnsEnabled=True,
        )
        return {
            "vpc_id": vpc,
            "subnet_ids": subnets,
            "route_table_id": table,
            "group_id": group,
            "endpoint_group_id": endpoint_group,
            "default_group_id": self.default_group(vpc),
            "s3_endpoint_id": s3["VpcEndpoint"]["VpcEndpointId"],
            "kms_endpoint_id": kms["VpcEndpoint"]["VpcEndpointId"],
        }

    def public_network(self, cidr_start):
        """The main route table leads to the internet; no endpoints, no tags, only the default group."""
        vpc = self.vpc(f"{cidr_start}.0.0/16", {})
        subnet = self.subnet(vpc, f"{cidr_start}.1.0/24", "a", {})
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "association.main", "Values": ["true"]}]
        table = self.ec2.describe_route_tables(Filters=filters)["RouteTables"][0]["RouteTableId"]
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        return {
            "vpc_id": vpc,
            "subnet_ids": [subnet],
            "route_table_id": table,
            "internet_gateway_id": gateway,
            "default_group_id": self.default_group(vpc),
        }

    # Roles

    def role(self, name, policies):
        trust = {"Effect": "Allow", "Principal": {"Service": "bedrock.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        for policy, statements in policies.items():
            document = json.dumps({"Version": "2012-10-17", "Statement": statements})
            self.iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=document)
        return made

    def vpc_policy(self, subnets, groups):
        """What the Bedrock user guide asks of a role whose jobs run in a VPC ("custom-model-job-access-security")."""
        jobs = [f"arn:aws:bedrock:{REGION}:{self.account_id}:model-customization-job/*"]
        subnets = [self.arn("subnet", subnet) for subnet in subnets]
        groups = [self.arn("security-group", group) for group in groups]
        interfaces = self.arn("network-interface", "*")
        describe = ("NetworkInterfaces", "Vpcs", "DhcpOptions", "Subnets", "SecurityGroups")
        return [
            {"Effect": "Allow", "Action": [f"ec2:Describe{what}" for what in describe], "Resource": "*"},
            {
                "Effect": "Allow",
                "Action": ["ec2:CreateNetworkInterface"],
                "Resource": [interfaces],
                "Condition": {
                    "StringEquals": {"aws:RequestTag/BedrockManaged": ["true"]},
                    "ArnEquals": {"aws:RequestTag/BedrockModelCustomizationJobArn": jobs},
                },
            },
            {"Effect": "Allow", "Action": ["ec2:CreateNetworkInterface"], "Resource": subnets + groups},
            {
                "Effect": "Allow",
                "Action": [
                    "ec2:CreateNetworkInterfacePermission",
                    "ec2:DeleteNetworkInterface",
                    "ec2:DeleteNetworkInterfacePermission",
                ],
                "Resource": "*",
                "Condition": {
                    "ArnEquals": {"ec2:Subnet": subnets, "ec2:ResourceTag/BedrockModelCustomizationJobArn": jobs},
                    "StringEquals": {"ec2:ResourceTag/BedrockManaged": "true"},
                },
            },
            {
                "Effect": "Allow",
                "Action": ["ec2:CreateTags"],
                "Resource": interfaces,
                "Condition": {
                    "StringEquals": {"ec2:CreateAction": ["CreateNetworkInterface"]},
                    "ForAllValues:StringEquals": {"aws:TagKeys": ["BedrockManaged", "BedrockModelCustomizationJobArn"]},
                },
            },
        ]

    @staticmethod
    def data_policy(buckets):
        every = [arn for bucket in buckets for arn in (f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*")]
        return [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:ListBucket"], "Resource": every}]

    # Buckets

    def bucket(self, name, vpc=None):
        """With a VPC, it refuses everybody outside it (Bedrock user guide, "vpc-s3")."""
        self.s3.create_bucket(Bucket=name)
        if vpc:
            refuse = {
                "Sid": "RestrictAccessToVPC",
                "Effect": "Deny",
                "Principal": "*",
                "Action": ["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
                "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
                "Condition": {"StringNotEquals": {"aws:sourceVpc": vpc}},
            }
            policy = json.dumps({"Version": "2012-10-17", "Statement": [refuse]})
            self.s3.put_bucket_policy(Bucket=name, Policy=policy)
        return name

    # Jobs

    def job(self, name, role, bucket, verdicts, subnets=None, groups=None, key=None):
        given = {"vpcConfig": {"subnetIds": subnets, "securityGroupIds": groups}} if subnets else {}
        if key:
            given["customModelKmsKeyId"] = key
        arn = self.bedrock.create_model_customization_job(
            jobName=name,
            customModelName=f"{name}-model",
            roleArn=role,
            baseModelIdentifier=BASE_MODEL,
            customizationType="FINE_TUNING",
            trainingDataConfig={"s3Uri": f"s3://{bucket}/train/data.jsonl"},
            outputDataConfig={"s3Uri": f"s3://{bucket}/output/"},
            hyperParameters={"epochCount": "1"},
            jobTags=[{"key": "Owner", "value": TAGS["Owner"]}],
            **given,
        )["jobArn"]
        return {
            "account_id": self.account_id,
            "job_arn": arn,
            "job_name": name,
            "role_arn": role,
            "bucket": bucket,
            "subnet_ids": subnets or [],
            "security_group_ids": groups or [],
            "status": "InProgress",
            "verdicts": verdicts,
        }

    def ends(self, job, status, message=None):
        body = {"jobArn": job["job_arn"], "status": status} | ({"failureMessage": message} if message else {})
        url, headers = f"{self.endpoint}/moto-api/bedrock/job-status", {"Content-Type": "application/json"}
        urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers)).read()
        job["status"] = status

    # The rule

    def rule(self, control):
        """A rule needs a function, which is never run here."""
        role = self.role("rule-function", {})
        function = self.lambda_function(role)
        details = [{"EventSource": "aws.config", "MessageType": "ScheduledNotification"}]
        self.config.put_config_rule(
            ConfigRule={
                "ConfigRuleName": RULE,
                "Source": {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": function, "SourceDetails": details},
                "InputParameters": json.dumps({"control": control}),
            }
        )
        rule = self.config.describe_config_rules(ConfigRuleNames=[RULE])["ConfigRules"][0]
        return {
            "name": RULE,
            "arn": rule["ConfigRuleArn"],
            "id": rule["ConfigRuleId"],
            "result_token": f"result-token-of/{RULE}",
        }

    def lambda_function(self, role):
        client = getattr(self, "lambda")
        # An empty archive, as small as they come.
        archive = b"PK\x05\x06" + b"\0" * 18
        return client.create_function(
            FunctionName="bedrock-audit-rule",
            Runtime="provided.al2023",
            Role=role,
            Handler="bootstrap",
            Code={"ZipFile": archive},
        )["FunctionArn"]

    def scheduled_event(self, rule, control):
        invoking = {
            "awsAccountId": self.account_id,
            "notificationCreationTime": NOTIFIED_AT,
            "messageType": "ScheduledNotification",
            "recordVersion": "1.0",
        }
        return {
            "version": "1.0",
            "invokingEvent": json.dumps(invoking),
            "ruleParameters": json.dumps({"control": control}),
            "resultToken": rule["result_token"],
            "eventLeftScope": False,
            "executionRoleArn": f"arn:aws:iam::{self.account_id}:role/config-role",
            "configRuleArn": rule["arn"],
            "configRuleName": rule["name"],
            "configRuleId": rule["id"],
            "accountId": self.account_id,
        }


def seed_home(home):
    private, public = home.private_network("10.1"), home.public_network("10.2")
    lost = home.group(private["vpc_id"], "bedrock-jobs-2024", TAGS)
    closed = home.bucket("training-data-closed", private["vpc_id"])
    opened = home.bucket("training-data-open")
    data = home.data_policy([closed, opened])
    roles = {
        "good": home.role(
            "BedrockCustomization",
            {"data": data, "vpc": home.vpc_policy(private["subnet_ids"], [private["group_id"], lost])},
        ),
        "public": home.role(
            "BedrockCustomizationPublic",
            {"data": data, "vpc": home.vpc_policy(public["subnet_ids"], [public["default_group_id"]])},
        ),
        "without_vpc_permissions": home.role("BedrockCustomizationBare", {"data": data}),
    }
    subnets, group = private["subnet_ids"], private["group_id"]
    key = f"arn:aws:kms:{REGION}:{home.account_id}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    outside = dict.fromkeys(CONTROLS, NONE) | {"job_in_vpc": NO, "training_data_requires_vpc": NO}
    jobs = {
        "no_vpc": home.job("outside-the-vpc", roles["good"], opened, outside),
        "good": home.job("everything-right", roles["good"], closed, expect(), subnets, [group], key),
        # What a group was that is gone, and whether its tags counted: the controls' words do not say.
        "deleted_group": home.job(
            "lost-its-group",
            roles["good"],
            closed,
            expect(job_security_groups_exist=NO, job_security_groups_not_default=None, job_network_tagged=None),
            subnets,
            [group, lost],
        ),
        "default_group": home.job(
            "default-group",
            roles["public"],
            opened,
            expect(
                job_security_groups_not_default=NO,
                job_network_tagged=NO,
                job_private_path=NO,
                training_data_requires_vpc=NO,
            ),
            public["subnet_ids"],
            [public["default_group_id"]],
        ),
        "bad_role": home.job(
            "role-without-ec2",
            roles["without_vpc_permissions"],
            closed,
            expect(job_role_can_use_vpc=NO),
            subnets,
            [group],
        ),
    }
    home.ec2.delete_security_group(GroupId=lost)
    home.ends(jobs["good"], "Completed")
    home.ends(jobs["deleted_group"], "Failed", "The security group does not exist")
    return {
        "account_id": home.account_id,
        "networks": {"private": private, "public": public},
        "deleted_group_id": lost,
        "roles": roles,
        "buckets": {"closed": closed, "open": opened},
    }, jobs


def seed_other(other):
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{HOME}:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    execution = other.iam.create_role(RoleName=EXECUTION_ROLE, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    private = other.private_network("10.3")
    closed = other.bucket("member-training-data-closed", private["vpc_id"])
    opened = other.bucket("member-training-data-open")
    policies = {
        "data": other.data_policy([closed, opened]),
        "vpc": other.vpc_policy(private["subnet_ids"], [private["group_id"]]),
    }
    role = other.role("BedrockCustomization", policies)
    outside = dict.fromkeys(CONTROLS, NONE) | {"job_in_vpc": NO, "training_data_requires_vpc": NO}
    jobs = {
        "member_good": other.job(
            "member-everything-right", role, closed, expect(), private["subnet_ids"], [private["group_id"]]
        ),
        "member_no_vpc": other.job("member-outside-the-vpc", role, opened, outside),
    }
    return {
        "account_id": other.account_id,
        "execution_role_arn": execution,
        "networks": {"private": private},
        "roles": {"good": role},
        "buckets": {"closed": closed, "open": opened},
    }, jobs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("endpoint", help="http://127.0.0.1:PORT")
    endpoint = parser.parse_args().endpoint.rstrip("/")
    keys = {"aws_access_key_id": "AKIAMOTOISAWITNESS00", "aws_secret_access_key": "not-a-secret"}
    home = Account(endpoint, HOME, keys)
    # moto lets anybody assume a role, also one that is not there yet: that is how the account gets its first one.
    other = home.assume(OTHER, "OrganizationAccountAccessRole")

    home_account, home_jobs = seed_home(home)
    other_account, other_jobs = seed_other(other)
    # An organization rule is one rule an account, each with results of its own.
    for account, about in ((home, home_account), (other, other_account)):
        about["config_rule"] = account.rule("job_in_vpc")
        about["scheduled_event"] = account.scheduled_event(about["config_rule"], "job_in_vpc")
    document = {
        "endpoint": endpoint,
        "region": REGION,
        "mandatory_tags": list(TAGS),
        "accounts": {"home": home_account, "member": other_account},
        "jobs": home_jobs | other_jobs,
    }
    print(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
