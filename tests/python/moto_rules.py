#!/usr/bin/env python3
"""A random network made by calls to a moto server, and the records that CloudTrail would write of those calls.

    moto_rules.py ENDPOINT SEED CALLS FOLDER

Writes log files below FOLDER/trail, and to FOLDER/described.json what moto's Describe calls say at the end. The records
are written from botocore's model of EC2 and from moto's answers, with none of the project's code. Needs a Python that
has the package `boto3`; the server is tests/python/moto_server.py.

Where moto is not as EC2 is (API Reference), the calls keep to what both do alike:

- one permission a call: moto answers an authorization with the rules of its last permission only, and carries out the
  permissions before one that it refuses; EC2 takes all or none
- no rule is named twice in a call, for the same reason
- ranges in EC2's canonical form: moto keeps 10.1.2.3/16 as it is
- a modification changes protocol, ports and description of a rule for an address range: moto ignores a new range, and
  gives the description of any other rule to nobody; it also lets a rule become the same as another
- a description is changed for address ranges, by specification, for rules that exist, and never taken away: moto ignores
  the form by rule id, accepts a rule that does not exist, and ignores a missing description
- rules for groups have no description: moto takes one with another description for another rule
- an egress rule for an IPv6 range is revoked by its id: moto accepts the other form and does nothing
- moto deletes groups that other groups' rules name, which EC2 refuses; the records say what moto did
- an authorization that moto refuses for its second range has made the first: that one is taken back without a record
- moto leaves the association of a deleted subnet with its route table; the test passes over it
- moto has no rules in the response of a revocation, like EC2 in 2023, and no id of the default egress rule anywhere but in
  DescribeSecurityGroupRules, so that rule is revoked by specification
"""
import datetime
import gzip
import json
import os
import pathlib
import random
import sys
import urllib.request
import uuid

os.environ.update(
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    AWS_EC2_METADATA_DISABLED="true",
    NO_PROXY="127.0.0.1,localhost",
    no_proxy="127.0.0.1,localhost",
)

import boto3
from botocore.exceptions import ClientError

REGION, ACCOUNT = "us-east-1", "123456789012"

# EC2's newer operations: their records are wrapped and in PascalCase.
WRAPPED = ("ModifySecurityGroupRules", "CreateVpcEndpoint", "ModifyVpcEndpoint", "DeleteVpcEndpoints")

# Where CloudTrail's name of a parameter is not the model's with a small first letter.
NAMES = {"Resources": "resourcesSet", "TagSpecifications": "tagSpecificationSet", "Description": "description"}

IPV4 = ["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "192.0.2.7/32", "198.51.100.0/24"]
IPV6 = ["::/0", "2001:db8::/64"]
PREFIX_LISTS = ["pl-63a5400a", "pl-0123456789abcdef0"]
TRAFFIC = [("tcp", 443, 443), ("tcp", 22, 22), ("tcp", 0, 65535), ("udp", 53, 53), ("6", 8000, 8100), ("icmp", 8, -1)]
TRAFFIC += [("icmp", -1, -1), ("-1", None, None), ("-1", None, None)]
KEYS = ["Owner", "owner", "CostCentre", "DataSensitivity", "Name"]
VALUES = ["ml-platform", "confidential", "CC-4711", "a b"]
DESCRIPTIONS = ["from the office", "temporary", "training traffic"]


def small(name):
    return name[:1].lower() + name[1:]


def asked(shape, value):
    """A request as EC2's older operations log it."""
    if shape.type_name == "structure":
        members = {}
        for name, each in value.items():
            member = shape.members[name]
            key = NAMES.get(name) or small(member.serialization.get("name", name))
            if name == "Tags":
                key = "tags" if shape.name == "TagSpecification" else "tagSet"
            if name == "GroupId" or name == "VpcId":
                key = small(name)
            if name == "Resources":
                members[key] = {"items": [{"resourceId": one} for one in each]}
            elif name == "SecurityGroupRuleIds":
                members["securityGroupRuleIds"] = {"items": [{"securityGroupRuleId": one} for one in each]}
            elif key == "tags":
                members[key] = [asked(member.member, one) for one in each]
            else:
                members[key] = asked(member, each)
        if shape.name == "IpPermission":
            for name in ("groups", "ipRanges", "ipv6Ranges", "prefixListIds"):
                members.setdefault(name, {})
        return members
    if shape.type_name == "list":
        return {"items": [asked(shape.member, one) for one in value]} if value else {}
    return value


def asked_wrapped(shape, value, ordinal=None):
    """A request as EC2's newer operations log it: a list of one is its element, each element has its ordinal."""
    if shape.type_name == "structure":
        members = {} if ordinal is None else {"tag": ordinal}
        for name, each in value.items():
            member = shape.members[name]
            key = member.serialization.get("name", name)
            key = key[:1].upper() + key[1:]
            if member.type_name == "list":
                elements = [asked_wrapped(member.member, one, n) for n, one in enumerate(each, 1)]
                if elements:
                    members[key] = elements if len(elements) > 1 else elements[0]
            else:
                members[key] = asked_wrapped(member, each)
        return members
    return value if ordinal is None else {"tag": ordinal, "content": value}


def answered(shape, value, is_wrapped):
    """A response, by the names that it has on the wire."""
    if shape.type_name == "structure":
        members = {}
        for name, member in shape.members.items():
            if name in value and value[name] is not None:
                key = member.serialization.get("name", name)
                key = "_return" if key == "return" and not is_wrapped else key
                members[key] = answered(member, value[name], is_wrapped)
        return members
    if shape.type_name == "list":
        elements = [answered(shape.member, one, is_wrapped) for one in value]
        if is_wrapped:
            return {"item": elements if len(elements) > 1 else elements[0]} if elements else ""
        return {"items": elements} if elements else {}
    return str(value) if isinstance(value, datetime.datetime) else value


class Trail:
    """Makes calls, and keeps a record of each that changes anything or is refused."""

    def __init__(self, endpoint, dice):
        self.ec2 = boto3.client("ec2", endpoint_url=endpoint, region_name=REGION)
        self.dice = dice
        self.now = datetime.datetime(2026, 3, 2, 9, 0, 0, tzinfo=datetime.timezone.utc)
        self.records = []

    def call(self, operation, **parameters):
        """The answer; None = refused."""
        model = self.ec2.meta.service_model.operation_model(operation)
        method = "".join("_" + c.lower() if c.isupper() else c for c in operation).strip("_")
        self.now += datetime.timedelta(seconds=self.dice.randint(1, 90))
        error, response = None, {}
        try:
            response = getattr(self.ec2, method)(**parameters)
        except ClientError as refusal:
            error = refusal.response["Error"]
        is_wrapped = operation in WRAPPED
        request_id = self.uuid()
        if is_wrapped:
            request = {operation + "Request": asked_wrapped(model.input_shape, parameters)}
        else:
            request = asked(model.input_shape, parameters)
        body = answered(model.output_shape, response, is_wrapped) if model.output_shape else {"_return": True}
        body["requestId"] = request_id
        if is_wrapped:
            body = {operation + "Response": body}
        record = {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "IAMUser",
                "principalId": "AIDA0123456789ABCDEFG",
                "arn": f"arn:aws:iam::{ACCOUNT}:user/ana",
                "accountId": ACCOUNT,
                "userName": "ana",
            },
            "eventTime": self.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventSource": "ec2.amazonaws.com",
            "eventName": operation,
            "awsRegion": REGION,
            "sourceIPAddress": "203.0.113.7",
            "userAgent": "Boto3",
            "requestParameters": request,
            "responseElements": None if error else body,
            "requestID": request_id,
            "eventID": self.uuid(),
            "readOnly": False,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": ACCOUNT,
            "eventCategory": "Management",
        }
        if error:
            record["errorCode"] = "Client." + error["Code"]
            record["errorMessage"] = error["Message"]
        self.records.append(record)
        return None if error else response

    def uuid(self):
        return str(uuid.UUID(int=self.dice.getrandbits(128), version=4))

    def write(self, folder):
        """Log files of some dozen records each, in no order; one record in ten stands in two files."""
        files = {}
        for number, record in enumerate(self.records):
            files.setdefault(number // 40, []).append(record)
            if self.dice.random() < 0.1:
                files.setdefault(self.dice.randrange(len(self.records) // 40 + 1), []).append(record)
        for number, records in files.items():
            self.dice.shuffle(records)
            name = f"{ACCOUNT}_CloudTrail_{REGION}_20260310T{number // 60:02}{number % 60:02}Z_abcdefghijklmno{number % 10}"
            path = folder / f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/03/10/{name}.json.gz"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.compress(json.dumps({"Records": records}).encode(), mtime=0))


class Network:
    """What there is, and one random call after another."""

    def __init__(self, trail):
        self.trail, self.dice = trail, trail.dice
        self.vpcs, self.groups, self.subnets, self.tables, self.gateways, self.endpoints = {}, {}, {}, {}, {}, {}
        self.names = 0

    def tags(self, kind):
        keys = self.dice.sample(KEYS, self.dice.randint(1, 3))
        tags = [{"Key": key, "Value": self.dice.choice(VALUES)} for key in keys]
        return {"TagSpecifications": [{"ResourceType": kind, "Tags": tags}]} if self.dice.random() < 0.6 else {}

    def any(self, things):
        return self.dice.choice(list(things)) if things else None

    def within(self, things, vpc):
        return [thing for thing, of in things.items() if of == vpc]

    def step(self):
        calls = {
            self.make_vpc: 3,
            self.make_subnet: 5,
            self.make_group: 10,
            self.delete_group: 4,
            self.authorize: 28,
            self.revoke: 16,
            self.modify: 7,
            self.describe: 6,
            self.tag: 9,
            self.untag: 5,
            self.make_endpoint: 6,
            self.change_endpoint: 4,
            self.delete_endpoint: 2,
            self.routing: 12,
            self.delete_subnet: 2,
        }
        self.dice.choices(list(calls), weights=calls.values())[0]()

    def make_vpc(self):
        if len(self.vpcs) < 5:
            made = self.trail.call("CreateVpc", CidrBlock=f"10.{len(self.vpcs)}.0.0/16", **self.tags("vpc"))
            self.vpcs[made["Vpc"]["VpcId"]] = 0
        elif (vpc := self.any(self.vpcs)) and not any(
            self.within(things, vpc) for things in (self.groups, self.subnets, self.tables, self.gateways)
        ):
            if self.trail.call("DeleteVpc", VpcId=vpc):
                del self.vpcs[vpc]

    def make_subnet(self):
        if vpc := self.any(self.vpcs):
            block = self.trail.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["CidrBlock"].split(".")[1]
            self.vpcs[vpc] += 1
            made = self.trail.call(
                "CreateSubnet",
                VpcId=vpc,
                CidrBlock=f"10.{block}.{self.vpcs[vpc]}.0/24",
                AvailabilityZone=REGION + self.dice.choice("abc"),
                **self.tags("subnet"),
            )
            if made:
                self.subnets[made["Subnet"]["SubnetId"]] = vpc

    def delete_subnet(self):
        used = {s for e in self.trail.ec2.describe_vpc_endpoints()["VpcEndpoints"] for s in e.get("SubnetIds", [])}
        if subnet := self.any([each for each in self.subnets if each not in used]):
            if self.trail.call("DeleteSubnet", SubnetId=subnet):
                del self.subnets[subnet]

    def make_group(self):
        if vpc := self.any(self.vpcs):
            self.names += 1
            # Some names are taken already, which is refused.
            name = f"group-{self.names if self.dice.random() < 0.8 else 1}"
            made = self.trail.call(
                "CreateSecurityGroup", GroupName=name, Description="moto", VpcId=vpc, **self.tags("security-group")
            )
            if made:
                self.groups[made["GroupId"]] = vpc

    def delete_group(self):
        used = {
            group["GroupId"]
            for endpoint in self.trail.ec2.describe_vpc_endpoints()["VpcEndpoints"]
            for group in endpoint.get("Groups", [])
        }
        if group := self.any([each for each in self.groups if each not in used]):
            if self.trail.call("DeleteSecurityGroup", GroupId=group):
                del self.groups[group]

    def rules(self, group, is_egress):
        found = self.trail.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
        return [rule for rule in found["SecurityGroupRules"] if rule["IsEgress"] == is_egress]

    def permission(self, group):
        protocol, first, last = self.dice.choice(TRAFFIC)
        permission = {"IpProtocol": protocol}
        if first is not None:
            permission |= {"FromPort": first, "ToPort": last}
        side = self.dice.choice(["IpRanges"] * 4 + ["Ipv6Ranges", "UserIdGroupPairs", "PrefixListIds"])
        description = {"Description": self.dice.choice(DESCRIPTIONS)} if self.dice.random() < 0.5 else {}
        if side == "IpRanges":
            cidrs = self.dice.sample(IPV4, self.dice.randint(1, 3))
            permission[side] = [{"CidrIp": cidr, **description} for cidr in cidrs]
        elif side == "Ipv6Ranges":
            permission[side] = [{"CidrIpv6": self.dice.choice(IPV6), **description}]
        elif side == "PrefixListIds":
            permission[side] = [{"PrefixListId": self.dice.choice(PREFIX_LISTS)}]
        else:
            peer = self.any(self.within(self.groups, self.groups[group]))
            permission[side] = [{"GroupId": peer, "UserId": ACCOUNT}]
        return permission

    def authorize(self):
        if group := self.any(self.groups):
            way = self.dice.choice(["Ingress", "Ingress", "Egress"])
            permission = self.permission(group)
            only = permission.get("IpRanges", [])
            if way == "Ingress" and len(only) == 1 and "Description" not in only[0] and self.dice.random() < 0.5:
                flat = {name: value for name, value in permission.items() if name != "IpRanges"}
                self.trail.call("AuthorizeSecurityGroupIngress", GroupId=group, CidrIp=only[0]["CidrIp"], **flat)
            else:
                before = {rule["SecurityGroupRuleId"] for rule in self.rules(group, way == "Egress")}
                done = self.trail.call("AuthorizeSecurityGroup" + way, GroupId=group, IpPermissions=[permission])
                if done is None:
                    # A duplicate among several ranges: moto has made the rules before it all the same.
                    made = [r for r in self.rules(group, way == "Egress") if r["SecurityGroupRuleId"] not in before]
                    method = "revoke_security_group_" + way.lower()
                    for rule in made:
                        getattr(self.trail.ec2, method)(
                            GroupId=group, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]]
                        )

    def written(self, rule):
        """A rule as a permission; None where moto does not take that form."""
        permission = {"IpProtocol": rule["IpProtocol"]}
        if rule["IpProtocol"] != "-1":
            permission |= {"FromPort": rule["FromPort"], "ToPort": rule["ToPort"]}
        if "CidrIpv4" in rule:
            permission["IpRanges"] = [{"CidrIp": rule["CidrIpv4"]}]
        elif "CidrIpv6" in rule:
            if rule["IsEgress"]:
                return None
            permission["Ipv6Ranges"] = [{"CidrIpv6": rule["CidrIpv6"]}]
        elif "PrefixListId" in rule:
            permission["PrefixListIds"] = [{"PrefixListId": rule["PrefixListId"]}]
        else:
            peer = rule["ReferencedGroupInfo"]
            permission["UserIdGroupPairs"] = [{"GroupId": peer["GroupId"], "UserId": peer["UserId"]}]
        return permission

    def revoke(self):
        if group := self.any(self.groups):
            way = self.dice.choice(["Ingress", "Egress"])
            rules = self.rules(group, way == "Egress")
            if not rules or self.dice.random() < 0.1:
                permission = self.permission(group)
                permission = {name: value[:1] if isinstance(value, list) else value for name, value in permission.items()}
                if way == "Ingress" or "Ipv6Ranges" not in permission:
                    self.trail.call("RevokeSecurityGroup" + way, GroupId=group, IpPermissions=[permission])
                return
            rule = self.dice.choice(rules)
            permission = self.written(rule)
            is_told = any(rule["SecurityGroupRuleId"] in json.dumps(each) for each in self.trail.records)
            if permission is None or self.dice.random() < 0.5 and is_told:
                ids = [rule["SecurityGroupRuleId"]]
                self.trail.call("RevokeSecurityGroup" + way, GroupId=group, SecurityGroupRuleIds=ids)
            else:
                self.trail.call("RevokeSecurityGroup" + way, GroupId=group, IpPermissions=[permission])

    def modify(self):
        if group := self.any(self.groups):
            known = json.dumps(self.trail.records)
            rules = [r for way in (True, False) for r in self.rules(group, way) if "CidrIpv4" in r]
            rules = [rule for rule in rules if rule["SecurityGroupRuleId"] in known]
            if not rules:
                return
            rule = self.dice.choice(rules)
            protocol, first, last = self.dice.choice(TRAFFIC[:4])
            new = (rule["IsEgress"], protocol, first, last, rule["CidrIpv4"])
            have = [(r["IsEgress"], r["IpProtocol"], r.get("FromPort"), r.get("ToPort"), r["CidrIpv4"]) for r in rules]
            if new in have:
                return
            update = {"IpProtocol": protocol, "FromPort": first, "ToPort": last, "CidrIpv4": rule["CidrIpv4"]}
            update["Description"] = self.dice.choice(DESCRIPTIONS)
            updates = [{"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": update}]
            self.trail.call("ModifySecurityGroupRules", GroupId=group, SecurityGroupRules=updates)

    def describe(self):
        if group := self.any(self.groups):
            way = self.dice.choice(["Ingress", "Egress"])
            rules = [rule for rule in self.rules(group, way == "Egress") if "CidrIpv4" in rule]
            if rules:
                permission = self.written(self.dice.choice(rules))
                permission["IpRanges"][0]["Description"] = self.dice.choice(DESCRIPTIONS)
                name = "UpdateSecurityGroupRuleDescriptions" + way
                self.trail.call(name, GroupId=group, IpPermissions=[permission])

    def tagged(self):
        things = [*self.groups, *self.subnets, *self.vpcs, *self.endpoints]
        return self.dice.sample(things, min(len(things), self.dice.randint(1, 3)))

    def tag(self):
        if things := self.tagged():
            keys = self.dice.sample(KEYS, self.dice.randint(1, 3))
            tags = [{"Key": key, "Value": self.dice.choice(VALUES)} for key in keys]
            self.trail.call("CreateTags", Resources=things, Tags=tags)

    def untag(self):
        if things := self.tagged():
            tags = [{"Key": key} for key in self.dice.sample(KEYS, self.dice.randint(1, 2))]
            if self.dice.random() < 0.4:
                tags[0]["Value"] = self.dice.choice(VALUES)
            self.trail.call("DeleteTags", Resources=things, Tags=tags)

    def make_endpoint(self):
        if not (vpc := self.any(self.vpcs)):
            return
        subnets, groups, tables = (self.within(t, vpc) for t in (self.subnets, self.groups, self.tables))
        asked = {"VpcId": vpc, **self.tags("vpc-endpoint")}
        if self.dice.random() < 0.6 and subnets and groups:
            asked |= {
                "ServiceName": f"com.amazonaws.{REGION}.kms",
                "VpcEndpointType": "Interface",
                "SubnetIds": self.dice.sample(subnets, min(len(subnets), 2)),
                "SecurityGroupIds": self.dice.sample(groups, min(len(groups), 2)),
                "PrivateDnsEnabled": self.dice.random() < 0.5,
            }
        else:
            asked |= {"ServiceName": f"com.amazonaws.{REGION}.s3", "VpcEndpointType": "Gateway"}
            if tables:
                asked["RouteTableIds"] = self.dice.sample(tables, 1)
        made = self.trail.call("CreateVpcEndpoint", **asked)
        if made:
            self.endpoints[made["VpcEndpoint"]["VpcEndpointId"]] = vpc

    def change_endpoint(self):
        if endpoint := self.any(self.endpoints):
            vpc = self.endpoints[endpoint]
            subnets, groups, tables = (self.within(t, vpc) for t in (self.subnets, self.groups, self.tables))
            now = self.trail.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"][0]
            change = {}
            if now["VpcEndpointType"] == "Interface":
                if new := [each for each in subnets if each not in now["SubnetIds"]]:
                    change["AddSubnetIds"] = new[:1]
                if len(now["SubnetIds"]) > 1:
                    change["RemoveSubnetIds"] = now["SubnetIds"][:1]
            elif new := [each for each in tables if each not in now.get("RouteTableIds", [])]:
                change["AddRouteTableIds"] = new[:1]
            if change:
                self.trail.call("ModifyVpcEndpoint", VpcEndpointId=endpoint, **change)

    def delete_endpoint(self):
        if endpoint := self.any(self.endpoints):
            if self.trail.call("DeleteVpcEndpoints", VpcEndpointIds=[endpoint]) is not None:
                del self.endpoints[endpoint]

    def routing(self):
        if not (vpc := self.any(self.vpcs)):
            return
        tables, subnets, gateways = (self.within(t, vpc) for t in (self.tables, self.subnets, self.gateways))
        if not tables or self.dice.random() < 0.2:
            made = self.trail.call("CreateRouteTable", VpcId=vpc)
            self.tables[made["RouteTable"]["RouteTableId"]] = vpc
            return
        if not gateways:
            gateway = self.trail.call("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
            if self.trail.call("AttachInternetGateway", InternetGatewayId=gateway, VpcId=vpc) is not None:
                self.gateways[gateway] = vpc
            return
        table = self.dice.choice(tables)
        state = self.trail.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]
        to_internet = [r for r in state["Routes"] if r.get("GatewayId", "").startswith("igw-")]
        if self.dice.random() < 0.5:
            if to_internet:
                self.trail.call("DeleteRoute", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
            else:
                self.trail.call(
                    "CreateRoute", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateways[0]
                )
        elif subnets:
            subnet = self.dice.choice(subnets)
            filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
            found = self.trail.ec2.describe_route_tables(Filters=filters)["RouteTables"]
            links = [a for t in found for a in t["Associations"] if a.get("SubnetId") == subnet]
            if not links:
                self.trail.call("AssociateRouteTable", RouteTableId=table, SubnetId=subnet)
            elif self.dice.random() < 0.5:
                self.trail.call("DisassociateRouteTable", AssociationId=links[0]["RouteTableAssociationId"])
            elif found[0]["RouteTableId"] != table:
                self.trail.call(
                    "ReplaceRouteTableAssociation",
                    AssociationId=links[0]["RouteTableAssociationId"],
                    RouteTableId=table,
                )


def described(ec2):
    """Everything at the end, page by page."""
    calls = {
        "describe_security_groups": "SecurityGroups",
        "describe_security_group_rules": "SecurityGroupRules",
        "describe_tags": "Tags",
        "describe_vpcs": "Vpcs",
        "describe_subnets": "Subnets",
        "describe_vpc_endpoints": "VpcEndpoints",
        "describe_route_tables": "RouteTables",
        "describe_internet_gateways": "InternetGateways",
    }
    found = {}
    for method, key in calls.items():
        pages = ec2.get_paginator(method).paginate()
        found[key] = [each for page in pages for each in page[key]]
    return found


def main():
    endpoint, seed, calls, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), pathlib.Path(sys.argv[4])
    # moto draws its ids: the same seed gives the same ones.
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/seed?a={seed}", method="POST")).read()
    trail = Trail(endpoint, random.Random(seed))
    network = Network(trail)
    for _ in range(calls):
        network.step()
    trail.write(folder / "trail")
    (folder / "described.json").write_text(json.dumps(described(trail.ec2), default=str))
    refused = sum("errorCode" in record for record in trail.records)
    print(json.dumps({"records": len(trail.records), "refused": refused, "groups": len(network.groups)}))


if __name__ == "__main__":
    main()
