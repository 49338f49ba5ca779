#!/usr/bin/env python3
"""A second opinion on job_security_groups_reach_endpoints in history.

    reach_witness.py write FOLDER [--seed N] [--networks N]      log files and evidence of random small networks
    reach_witness.py compare VERDICTS.csv --as-of TIME [...]       what audit --output csv says of that instant, with a slow model

Each network lives in an account of its own. What happened before its logs begin is simulated and not written. The model
knows what truly happened and which of it records tell; it judges one job at a time, as the rule's control does, with
Python's own arithmetic of addresses. `compare` takes the seed and the number of networks that `write` had,
prints each difference, and fails on any.
"""
import argparse
import csv
import gzip
import ipaddress
import json
import random
import sys
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

REGION = "eu-west-1"
BEGIN = datetime(2026, 3, 2, tzinfo=timezone.utc)
S3_LIST, OTHER_LIST = "pl-6da54004", "pl-0123456789abcdef0"
S3_RANGES = ["52.218.0.0/17", "3.5.64.0/21"]
ALL = "0.0.0.0/0"


def time_text(at):
    return (BEGIN + timedelta(seconds=at)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Rule:
    def __init__(self, is_egress, protocol, ports, kind, peer, start, end=None):
        self.is_egress, self.protocol, self.ports, self.kind, self.peer = is_egress, protocol, ports, kind, peer
        self.start, self.end = start, end
        self.id = f"sgr-{uuid.UUID(int=dice.getrandbits(128)).hex[:17]}"

    def spec(self):
        return (self.is_egress, self.protocol, self.ports, self.kind, self.peer)

    def is_at(self, at):
        return self.start <= at and (self.end is None or at < self.end)

    def is_https(self):
        return self.protocol == "-1" or self.protocol == "tcp" and self.ports[0] <= 443 <= self.ports[1]


class Network:
    """The whole truth about one account, and the records of what happened from `cut` on."""

    def __init__(self, number):
        self.account = str(100000000000 + number)
        self.cut = dice.choice([0, 0, 0, dice.randrange(1, 4000)])
        self.records, self.clock = [], 0
        self.groups, self.vpcs, self.subnets, self.endpoints, self.jobs = {}, {}, {}, {}, []
        self.list_seen_at = None
        self.groups_seen_at, self.groups_seen = None, []
        self.subnet_vpcs = {}

    def id(self, prefix):
        return f"{prefix}-{dice.getrandbits(68):017x}"

    def tick(self):
        self.clock += dice.randrange(1, 90)
        return self.clock

    # -- records

    def record(self, source, name, request, response, error=None, role=None):
        at = self.clock
        if at < self.cut:
            return False
        arn = f"arn:aws:iam::{self.account}:user/ana"
        identity = {"type": "IAMUser", "principalId": "AIDA", "arn": arn, "accountId": self.account, "userName": "ana"}
        if role:
            identity = {
                "type": "AssumedRole", "principalId": "AROA:bedrock", "accountId": self.account,
                "arn": f"arn:aws:sts::{self.account}:assumed-role/{role}/bedrock",
                "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROA", "accountId": self.account,
                                                     "arn": f"arn:aws:iam::{self.account}:role/{role}", "userName": role}},
                "invokedBy": "bedrock.amazonaws.com",
            }
        record = {
            "eventVersion": "1.11", "userIdentity": identity, "eventTime": time_text(at),
            "eventSource": f"{source}.amazonaws.com", "eventName": name, "awsRegion": REGION,
            "sourceIPAddress": "192.0.2.1", "userAgent": "aws-cli", "requestParameters": request,
            "responseElements": response, "requestID": str(uuid.UUID(int=dice.getrandbits(128))),
            "eventID": str(uuid.UUID(int=dice.getrandbits(128))), "readOnly": False, "eventType": "AwsApiCall",
            "managementEvent": True, "recipientAccountId": self.account, "eventCategory": "Management",
        }
        if error:
            record["errorCode"], record["errorMessage"], record["responseElements"] = *error, None
        self.records.append(record)
        return True

    def wrapped(self, name, request, response):
        self.record("ec2", name, {f"{name}Request": request or ""}, {f"{name}Response": response})

    # -- what happens

    def make_vpc(self):
        at, vpc = self.tick(), self.id("vpc")
        self.vpcs[vpc] = {"start": at}
        self.record("ec2", "CreateVpc", {"cidrBlock": "10.0.0.0/16"},
                    {"vpc": {"vpcId": vpc, "cidrBlock": "10.0.0.0/16", "isDefault": False, "tagSet": {}}})
        return vpc

    def make_subnet(self, vpc, third):
        at, subnet = self.tick(), self.id("subnet")
        cidr = f"10.0.{third}.0/{dice.choice([24, 25])}"
        self.subnets[subnet] = {"vpc": vpc, "cidr": cidr, "start": at, "end": None}
        if self.record("ec2", "CreateSubnet", {"vpcId": vpc, "cidrBlock": cidr},
                       {"subnet": {"subnetId": subnet, "vpcId": vpc, "cidrBlock": cidr, "availabilityZone": f"{REGION}a"}}):
            self.subnet_vpcs[subnet] = vpc
        return subnet

    def make_group(self, vpc):
        at, group = self.tick(), self.id("sg")
        name = f"group-{group[-5:]}"
        self.groups[group] = {"vpc": vpc, "start": at, "end": None, "rules": [Rule(True, "-1", (0, 65535), "ipv4", ALL, at)]}
        self.record("ec2", "CreateSecurityGroup", {"groupName": name, "groupDescription": "x", "vpcId": vpc},
                    {"_return": True, "groupId": group})
        return group

    def permission(self, rule):
        permission = {"ipProtocol": rule.protocol, "groups": {}, "ipRanges": {}, "ipv6Ranges": {}, "prefixListIds": {}}
        if rule.protocol != "-1":
            permission["fromPort"], permission["toPort"] = rule.ports
        key, member = {"ipv4": ("ipRanges", "cidrIp"), "ipv6": ("ipv6Ranges", "cidrIpv6"), "group": ("groups", "groupId"),
                       "list": ("prefixListIds", "prefixListId")}[rule.kind]
        permission[key] = {"items": [{member: rule.peer}]}
        return {"items": [permission]}

    def authorize(self, group, is_egress):
        at = self.tick()
        kind = dice.choice(["ipv4", "ipv4", "group", "group", "list", "ipv6"] if is_egress else ["ipv4", "ipv4", "group", "group", "ipv6", "list"])
        peers = {
            "ipv4": [ALL, "10.0.0.0/16", "10.0.1.0/24", "10.0.1.0/25", "10.0.1.128/25", "10.0.2.0/24", "10.0.2.0/25",
                     "10.0.3.0/24", "0.0.0.0/1", "128.0.0.0/1", "52.218.0.0/17", "192.168.0.0/16"],
            "ipv6": ["::/0"],
            "group": list(self.groups),
            "list": [S3_LIST, S3_LIST, OTHER_LIST],
        }[kind]
        protocol, ports = dice.choice([("tcp", (443, 443))] * 4 + [("tcp", (0, 65535)), ("tcp", (80, 80)), ("-1", (0, 65535)), ("udp", (443, 443))])
        rule = Rule(is_egress, protocol, ports, kind, dice.choice(peers), at)
        rules = self.groups[group]["rules"]
        if any(old.is_at(at) and old.spec() == rule.spec() for old in rules):
            return
        rules.append(rule)
        name = f"AuthorizeSecurityGroup{'Egress' if is_egress else 'Ingress'}"
        member = {"ipv4": "cidrIpv4", "ipv6": "cidrIpv6", "list": "prefixListId"}.get(rule.kind)
        answer = {"groupId": group, "securityGroupRuleId": rule.id, "isEgress": is_egress, "ipProtocol": protocol,
                  "fromPort": -1 if protocol == "-1" else ports[0], "toPort": -1 if protocol == "-1" else ports[1]}
        answer |= {member: rule.peer} if member else {"referencedGroupInfo": {"groupId": rule.peer}}
        self.record("ec2", name, {"groupId": group, "ipPermissions": self.permission(rule)},
                    {"_return": True, "securityGroupRuleSet": {"items": [answer]}})

    def revoke(self, group):
        at = self.tick()
        standing = [rule for rule in self.groups[group]["rules"] if rule.is_at(at)]
        if not standing:
            return
        rule = dice.choice(standing)
        rule.end = at
        name = f"RevokeSecurityGroup{'Egress' if rule.is_egress else 'Ingress'}"
        self.record("ec2", name, {"groupId": group, "ipPermissions": self.permission(rule)}, {"_return": True})

    def make_endpoint(self, vpc, service, kind):
        at, endpoint = self.tick(), self.id("vpce")
        subnets = [s for s, it in self.subnets.items() if it["vpc"] == vpc and it["end"] is None]
        groups = [g for g, it in self.groups.items() if it["vpc"] == vpc and it["end"] is None]
        subnets = dice.sample(subnets, dice.randrange(0, len(subnets) + 1)) if kind == "Interface" else []
        groups = dice.sample(groups, dice.randrange(1, min(2, len(groups)) + 1)) if kind == "Interface" else []
        self.endpoints[endpoint] = {
            "vpc": vpc, "service": service, "gateway": kind == "Gateway", "start": at, "end": None,
            "subnets": [[s, at, None] for s in subnets], "groups": [[g, at, None] for g in groups],
        }
        numbered = lambda ids: [{"tag": n + 1, "content": i} for n, i in enumerate(ids)]
        request = {"VpcId": vpc, "ServiceName": f"com.amazonaws.{REGION}.{service}", "VpcEndpointType": kind}
        for member, ids in (("SubnetId", subnets), ("SecurityGroupId", groups)):
            if ids:
                request[member] = numbered(ids) if len(ids) > 1 else numbered(ids)[0]
        answer = {"vpcEndpointId": endpoint, "vpcId": vpc, "serviceName": request["ServiceName"], "vpcEndpointType": kind}
        self.wrapped("CreateVpcEndpoint", request, {"vpcEndpoint": answer})
        if at >= self.cut:
            self.subnet_vpcs |= dict.fromkeys(subnets, vpc)

    def change_endpoint(self, endpoint):
        at, it = self.tick(), self.endpoints[endpoint]
        if it["gateway"]:
            return
        standing = [link for link in it["groups"] if link[2] is None]
        others = [g for g, of in self.groups.items() if of["vpc"] == it["vpc"] and of["end"] is None and g not in [l[0] for l in standing]]
        if len(standing) > 1 and dice.random() < 0.5:
            link = dice.choice(standing)
            link[2], member, target = at, "RemoveSecurityGroupId", link[0]
        elif others:
            target, member = dice.choice(others), "AddSecurityGroupId"
            it["groups"].append([target, at, None])
        else:
            return
        self.wrapped("ModifyVpcEndpoint", {"VpcEndpointId": endpoint, member: {"tag": 1, "content": target}}, {"return": True})

    def delete_endpoint(self, endpoint):
        self.endpoints[endpoint]["end"] = self.tick()
        self.wrapped("DeleteVpcEndpoints", {"VpcEndpointId": {"tag": 1, "content": endpoint}}, {"unsuccessful": ""})

    def delete_group(self, group):
        at = self.tick()
        for it in self.endpoints.values():
            if it["end"] is None and any(link[0] == group and link[2] is None for link in it["groups"]):
                return
        if any(job["group_ids"] and group in job["group_ids"] and job["interface"] and job["end"] is None for job in self.jobs):
            return
        self.groups[group]["end"] = at
        for rule in self.groups[group]["rules"]:
            rule.end = at if rule.is_at(at) else rule.end
        self.record("ec2", "DeleteSecurityGroup", {"groupId": group}, {"_return": True, "groupId": group})

    def make_job(self):
        at, word = self.tick(), f"{dice.getrandbits(48):012x}"
        arn = f"arn:aws:bedrock:{REGION}:{self.account}:model-customization-job/m:1/{word}"
        vpc = dice.choice(list(self.vpcs))
        groups = [g for g, it in self.groups.items() if it["vpc"] == vpc and it["end"] is None]
        subnets = [s for s, it in self.subnets.items() if it["vpc"] == vpc and it["end"] is None]
        job = {"arn": arn, "start": at, "end": None, "interface": None, "key": dice.random() < 0.5, "group_ids": [], "subnet_ids": []}
        request = {"jobName": f"job-{word}", "roleArn": f"arn:aws:iam::{self.account}:role/Customization", "customModelName": "m",
                   "trainingDataConfig": {"s3Uri": "s3://b/t"}, "outputDataConfig": {"s3Uri": "s3://b/o"}}
        if job["key"]:
            request["customModelKmsKeyId"] = "k"
        if groups and subnets and dice.random() < 0.95:
            job["group_ids"] = dice.sample(groups, dice.randrange(1, min(2, len(groups)) + 1))
            job["subnet_ids"] = dice.sample(subnets, dice.randrange(1, min(2, len(subnets)) + 1))
            request["vpcConfig"] = {"subnetIds": job["subnet_ids"], "securityGroupIds": job["group_ids"]}
        if not self.record("bedrock", "CreateModelCustomizationJob", request, {"jobArn": arn}):
            return
        self.jobs.append(job)
        if job["group_ids"] and dice.random() < 0.5:
            self.tick()
            job["interface"] = self.id("eni")
            subnet = job["subnet_ids"][0]
            tags = {"items": [{"key": "BedrockManaged", "value": "true"}, {"key": "BedrockModelCustomizationJobArn", "value": arn}]}
            groups = {"items": [{"groupId": g} for g in job["group_ids"]]}
            self.record("ec2", "CreateNetworkInterface",
                        {"subnetId": subnet, "groupSet": groups, "tagSpecificationSet": {"items": [{"resourceType": "network-interface", "tags": tags["items"]}]}},
                        {"networkInterface": {"networkInterfaceId": job["interface"], "subnetId": subnet, "vpcId": vpc, "groupSet": groups, "tagSet": tags}},
                        role="Customization")
            self.subnet_vpcs[subnet] = vpc

    def end_job(self):
        running = [job for job in self.jobs if job["interface"] and job["end"] is None]
        if not running:
            return
        job = dice.choice(running)
        job["end"] = self.tick()
        self.record("ec2", "DeleteNetworkInterface", {"networkInterfaceId": job["interface"]}, {"_return": True}, role="Customization")

    def see_groups(self):
        """A run of the rule sees every group with all of its rules."""
        at = self.tick()
        if self.groups_seen_at is not None or at < self.cut:
            return
        self.groups_seen_at = at
        for group, it in self.groups.items():
            if it["end"] is None:
                ways = [[self.seen(rule) for rule in it["rules"] if rule.is_at(at) and rule.is_egress == way] for way in (False, True)]
                self.groups_seen.append({"id": group, "name": f"group-{group[-5:]}", "vpc_id": it["vpc"], "owner_id": self.account,
                                         "ingress": ways[0], "egress": ways[1], "tags": {}})

    def seen(self, rule):
        peers = {"ipv4": "cidrs", "ipv6": "ipv6_cidrs", "list": "prefix_list_ids", "group": "group_ids"}
        ports = (None, None) if rule.protocol == "-1" else rule.ports
        seen = {"protocol": rule.protocol, "from_port": ports[0], "to_port": ports[1]} | {name: [] for name in peers.values()}
        return seen | {peers[rule.kind]: [rule.peer]}

    def live(self):
        for _ in range(dice.choice([1, 1, 2])):
            vpc = self.make_vpc()
            for third in range(1, dice.randrange(2, 4)):
                self.make_subnet(vpc, third)
            for _ in range(dice.randrange(2, 4)):
                self.make_group(vpc)
            for service, kind in (("s3", "Gateway"), ("kms", "Interface"), ("s3", "Interface"), ("s3express", "Gateway"), ("kms", "Interface")):
                if dice.random() < 0.4:
                    self.make_endpoint(vpc, service, kind)
        for _ in range(dice.randrange(20, 60)):
            groups = [g for g, it in self.groups.items() if it["end"] is None]
            endpoints = [e for e, it in self.endpoints.items() if it["end"] is None]
            vpcs = list(self.vpcs)
            act = dice.random()
            if groups and act < 0.35:
                self.authorize(dice.choice(groups), dice.random() < 0.5)
            elif groups and act < 0.6:
                self.revoke(dice.choice(groups))
            elif act < 0.78:
                self.make_job()
            elif act < 0.83:
                self.end_job()
            elif act < 0.84:
                self.see_groups()
            elif groups and act < 0.87:
                self.delete_group(dice.choice(groups))
            elif endpoints and act < 0.92:
                self.change_endpoint(dice.choice(endpoints))
            elif endpoints and act < 0.94:
                self.delete_endpoint(dice.choice(endpoints))
            elif groups and act < 0.97:
                vpc = dice.choice(vpcs)
                if any(it["vpc"] == vpc and it["end"] is None for it in self.groups.values()):
                    self.make_endpoint(vpc, *dice.choice([("s3", "Gateway"), ("kms", "Interface")]))
            else:
                self.make_group(dice.choice(vpcs))
        if dice.random() < 0.6:
            self.list_seen_at = self.tick()


# -- the model: what config-rule/src/controls/job_security_groups_reach_endpoints.rs says, over what records tell

def ranges_cover(ranges, target):
    """Whether every address of the target is in one of the ranges."""
    target = ipaddress.ip_network(target)
    merged = ipaddress.collapse_addresses(ipaddress.ip_network(one) for one in ranges)
    return any(target.subnet_of(one) for one in merged)


def overlaps(ranges, target):
    return any(ipaddress.ip_network(one).overlaps(ipaddress.ip_network(target)) for one in ranges)


class Model:
    def __init__(self, network):
        self.of = network

    def told_rules(self, group, at):
        """Rules in force then that some record tells; the flag says whether there may be more."""
        it = self.of.groups[group]
        if it["end"] is not None and it["end"] <= at:
            return [], False
        seen_at = self.of.groups_seen_at
        if seen_at is not None and seen_at < it["start"] or it["end"] is not None and seen_at is not None and it["end"] <= seen_at:
            seen_at = None
        if it["start"] >= self.of.cut or (seen_at is not None and seen_at <= at):
            return [r for r in it["rules"] if r.is_at(at)], False

        def is_told(rule):
            """Its beginning, or its end by itself; what a later snapshot shows may be younger than this instant."""
            shown_later = seen_at is not None and rule.is_at(seen_at)
            return rule.start >= self.of.cut or (rule.end is not None and rule.end != it["end"] and not shown_later)

        return [r for r in it["rules"] if r.is_at(at) and is_told(r)], True

    def judge(self, job, as_of):
        if not job["group_ids"]:
            return "NotApplicable", ""
        at = as_of if job["end"] is None or job["end"] > as_of else max(job["end"] - 1, job["start"])
        alive = [g for g in job["group_ids"] if not ((e := self.of.groups[g]["end"]) is not None and e <= at)]
        if not alive:
            return "NotApplicable", "groups gone"
        out = [self.told_rules(g, at) for g in job["group_ids"]]
        egress = [r for rules, _ in out for r in rules if r.is_egress and r.is_https()]
        egress_more = any(more for _, more in out)
        outcomes, vpcs = [], {}
        for subnet in job["subnet_ids"]:
            vpc = self.of.subnet_vpcs.get(subnet)
            if vpc is None:
                outcomes.append("unknown")
            else:
                vpcs.setdefault(vpc, []).append(subnet)
        for vpc, subnets in vpcs.items():
            known = {e: it for e, it in self.of.endpoints.items()
                     if it["vpc"] == vpc and it["start"] >= self.of.cut and it["start"] <= at and (it["end"] is None or it["end"] > at)}
            older_vpc = self.of.vpcs[vpc]["start"] < self.of.cut
            for service in ["s3"] + ["kms"] * job["key"]:
                ways = [self.reach(it, at, egress, egress_more, alive, subnets) for it in known.values() if it["service"] == service]
                if "yes" in ways:
                    outcomes.append("reached")
                elif older_vpc:
                    outcomes.append("unknown")
                elif ways and all(way == "no" for way in ways):
                    outcomes.append("blocked")
                elif ways:
                    outcomes.append("unknown")
        if "blocked" in outcomes:
            return "NonCompliant", outcomes
        if "unknown" in outcomes:
            return "Undetermined", outcomes
        return ("Compliant" if "reached" in outcomes else "NotApplicable"), outcomes

    def reach(self, endpoint, at, egress, more, alive, subnets):
        ranges = [r.peer for r in egress if r.kind == "ipv4"]
        lists = {r.peer for r in egress if r.kind == "list"}
        everything = ranges_cover(ranges, ALL)
        s3_list = {S3_LIST} if self.of.list_seen_at is not None else set()
        if endpoint["gateway"]:
            if everything or lists & s3_list:
                return "yes"
            # The addresses of S3 are in no record; private ranges hold none of them.
            maybe = more or lists or any(not ipaddress.ip_network(one).is_private for one in ranges)
            return "unknown" if maybe else "no"
        groups = [g for g, start, end in endpoint["groups"] if start <= at and (end is None or end > at)]
        out = "yes" if everything else self.out(endpoint, at, egress, ranges, more or bool(lists - s3_list), groups)
        into = self.into(at, groups, alive, subnets, s3_list)
        return "no" if "no" in (out, into) else "unknown" if "unknown" in (out, into) else "yes"

    def out(self, endpoint, at, egress, ranges, hidden, groups):
        if any(r.kind == "group" and r.peer in groups for r in egress):
            return "yes"
        covered = touched = unread = 0
        subnets = [s for s, start, end in endpoint["subnets"] if start <= at and (end is None or end > at)]
        for subnet in subnets:
            if self.of.subnets[subnet]["start"] < self.of.cut:
                unread += any(r.kind in ("ipv4", "ipv6") for r in egress)
            elif ranges_cover(ranges, self.of.subnets[subnet]["cidr"]):
                covered += 1
            elif overlaps(ranges, self.of.subnets[subnet]["cidr"]):
                touched += 1
        if covered and covered == len(subnets):
            return "yes"
        return "unknown" if hidden or covered or touched or unread else "no"

    def into(self, at, groups, alive, subnets, s3_list):
        told = [self.told_rules(g, at) for g in groups]
        rules = [r for of, _ in told for r in of if not r.is_egress and r.is_https()]
        hidden = any(more for _, more in told) or any(r.kind == "list" and r.peer not in s3_list for r in rules)
        if any(r.kind == "group" and r.peer in alive for r in rules):
            return "yes"
        ranges = [r.peer for r in rules if r.kind == "ipv4"]
        if ranges_cover(ranges, ALL):
            return "yes"
        shut = unknown = 0
        for subnet in subnets:
            if self.of.subnets[subnet]["start"] < self.of.cut:
                if any(r.kind in ("ipv4", "ipv6") for r in rules):
                    unknown += 1
                else:
                    shut += 1
            elif not ranges_cover(ranges, self.of.subnets[subnet]["cidr"]):
                shut += 1
        if not shut and not unknown:
            return "yes"
        return "no" if shut and not hidden else "unknown"


def networks(seed, count):
    global dice
    dice = random.Random(seed)
    made = []
    for number in range(count):
        network = Network(number)
        network.live()
        made.append(network)
    return made


def write(folder, made):
    for network in made:
        for n in range(0, len(network.records), 40):
            records = network.records[n : n + 40]
            day = records[-1]["eventTime"][:10].split("-")
            name = f"{network.account}_CloudTrail_{REGION}_{''.join(day)}T{n // 40:04}Z_{dice.getrandbits(64):016x}.json.gz"
            at = folder / "AWSLogs" / network.account / "CloudTrail" / REGION / "/".join(day)
            at.mkdir(parents=True, exist_ok=True)
            (at / name).write_bytes(gzip.compress(json.dumps({"Records": records}).encode(), mtime=0))
        if network.list_seen_at is not None:
            ranges = {"cidrs": S3_RANGES, "id": S3_LIST}
            write_evidence(folder, network, network.list_seen_at, [("prefix_list", f"com.amazonaws.{REGION}.s3", ranges)])
        if network.groups_seen_at is not None:
            facts = [("security_group", group["id"], group) for group in network.groups_seen]
            write_evidence(folder, network, network.groups_seen_at, facts)


def write_evidence(folder, network, at, facts):
    at = BEGIN + timedelta(seconds=at)
    request = str(uuid.UUID(int=dice.getrandbits(128)))
    run = {"record": "run", "version": 1, "account_id": network.account, "region": REGION, "rule_name": "rule",
           "request_id": request, "evaluated_at": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "unread_lists": []}
    lines = [run] + [{"record": record, "of": of, "fact": {"state": "known", "value": value}} for record, of, value in facts]
    path = folder / "evidence" / f"account_id={network.account}/region={REGION}/date={at:%Y-%m-%d}"
    path.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    (path / f"{at:%H%M%S}-rule-{request}.jsonl.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


def cidrs(made):
    """Of each subnet whose creation records tell."""
    return [(n.account, s, it["cidr"]) for n in made for s, it in n.subnets.items() if it["start"] >= n.cut]


def compare(made, rows, as_of):
    seen = {row["job_arn"]: row for row in rows if row["control"] == "job_security_groups_reach_endpoints"}
    at = int((as_of - BEGIN).total_seconds())
    counts, wrong = {}, 0
    for network in made:
        for job in network.jobs:
            if job["start"] > at:
                continue
            expected, why = Model(network).judge(job, at)
            row = seen.pop(job["arn"], None)
            counts[expected] = counts.get(expected, 0) + 1
            if row is None or row["verdict"] != expected:
                wrong += 1
                print(f"{network.account} cut {network.cut} {job['arn']}: expected {expected} ({why}), found",
                      row and (row["verdict"], row["reason"]))
    wrong += len(seen)
    print(f"{sum(counts.values())} jobs as of {as_of:%Y-%m-%dT%H:%M:%SZ}: {counts}, {wrong} differences, {len(seen)} more rows")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("act", choices=["write", "compare"])
    parser.add_argument("place", type=Path, help="the folder to write to, or the CSV of an audit")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--networks", type=int, default=20)
    parser.add_argument("--as-of", type=lambda text: datetime.fromisoformat(text.replace("Z", "+00:00")))
    args = parser.parse_args()
    made = networks(args.seed, args.networks)
    if args.act == "write":
        write(args.place, made)
        return
    with open(args.place, newline="", encoding="utf-8") as file:
        sys.exit(1 if compare(made, list(csv.DictReader(file)), args.as_of) else 0)


if __name__ == "__main__":
    main()
