#!/usr/bin/env python3
"""A second opinion on what audit says of jobs on any date.

    verdict_witness.py write FOLDER [--seed N] [--accounts N]      log files of random small accounts
    verdict_witness.py compare VERDICTS.csv --as-of TIME [...]     what audit --output csv says of that instant, with a slow model

It judges job_in_vpc, job_security_groups_exist, job_security_groups_not_default and job_network_tagged. Of each account
and Region it knows what truly happened and, as plain facts, what records tell: nothing from before its logs begin, while
logging is switched off, or after the end of all logs. `Model` judges one job at a time from these facts alone, and
`compare` fails on each difference from it. It also holds the model to the truth: what it calls certain is true.

`compare` takes the seed and the number of accounts that `write` had. `--open WORD,...` names differences that are known
and not settled, see `OPEN`: there the model gives audit's answer of today.
"""
import argparse
import csv
import gzip
import json
import random
import sys
import uuid
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path

BEGIN = datetime(2026, 3, 2, tzinfo=timezone.utc)
HOUR = 3600
# No record is later than END; what happens AFTERLIFE seconds after it is in no log file.
END, AFTERLIFE = 6 * HOUR, 6 * HOUR
# After the end of the logs this much is allowed for what is under way.
ALLOWED = 2 * HOUR
KEYS = ("Owner", "DataSensitivity", "CostCenter")
MASK = "HIDDEN_DUE_TO_SECURITY_REASONS"
EXIST, NOT_DEFAULT, TAGGED = "job_security_groups_exist", "job_security_groups_not_default", "job_network_tagged"
CONTROLS = ("job_in_vpc", EXIST, NOT_DEFAULT, TAGGED)
KINDS = {
    "CreateModelCustomizationJob": "model-customization-job/amazon.titan-text-express-v1:0:8k",
    "CreateModelImportJob": "model-import-job",
    "CreateModelInvocationJob": "model-invocation-job",
}
OPEN = {
    "names": "a deletion by name is taken for that of the one group told of that name, though its VPC may not be the default one",
    "stopped": "hours in which logging was off count only where they hold no log file and lie between log files of the Region",
    "coverage": "job_network_tagged is NonCompliant in spite of hours missing, the end of the logs, or a group that may be gone",
    "lacking": "a tag that a record took away or left blank is not known to be missing from what is older than the logs",
    "omitted": "tags count as known though a record of them omits its request",
    "made": "a group whose creation omits its request may be a default group",
}


def time_text(at):
    return (BEGIN + timedelta(seconds=at)).strftime("%Y-%m-%dT%H:%M:%SZ")


def ec2_tags(tags):
    return {"items": [{"key": key, "value": value} for key, value in tags.items()]}


class World:
    """The truth about one account and Region, its records, and the facts that they tell."""

    def __init__(self, account, region, ids, off):
        self.account, self.region, self.ids, self.off = account, region, ids, off
        self.cut = dice.choice([0, dice.randrange(1, 2 * HOUR)])
        self.clock, self.numbers = 0, Counter()
        self.records, self.facts = [], []
        self.vpcs, self.subnets, self.groups, self.jobs, self.tags = {}, {}, {}, {}, {}

    def id(self, prefix):
        """The nth id of a kind: twins, which share `ids`, give theirs alike."""
        self.numbers[prefix] += 1
        return f"{prefix}-{random.Random(f'{self.ids} {prefix} {self.numbers[prefix]}').getrandbits(68):017x}"

    def tick(self):
        self.clock += dice.randrange(20, 400)
        return self.clock

    # -- records

    def is_told(self):
        stopped = any(stop < self.clock and (start is None or self.clock < start) for stop, start in self.off)
        return self.cut <= self.clock <= END and not stopped

    def record(self, service, name, request, response, error=None, via=None, role=None):
        """Writes a record of what happens now; gives its event id, or None when nobody is told."""
        if not self.is_told():
            return None
        identity = {"type": "IAMUser", "principalId": "AIDA", "arn": f"arn:aws:iam::{self.account}:user/ana",
                    "accountId": self.account, "userName": "ana"}
        if role:
            identity = {
                "type": "AssumedRole", "principalId": "AROA:session", "accountId": self.account,
                "arn": f"arn:aws:sts::{self.account}:assumed-role/{role}/session",
                "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROA", "accountId": self.account,
                                                     "arn": f"arn:aws:iam::{self.account}:role/{role}", "userName": role}},
            }
        if via:
            identity["invokedBy"] = via
        record = {
            "eventVersion": "1.11", "userIdentity": identity, "eventTime": time_text(self.clock),
            "eventSource": f"{service}.amazonaws.com", "eventName": name, "awsRegion": self.region,
            "sourceIPAddress": via or "192.0.2.1", "userAgent": via or "aws-cli", "requestParameters": request,
            "responseElements": response, "requestID": str(uuid.UUID(int=dice.getrandbits(128))),
            "eventID": str(uuid.UUID(int=dice.getrandbits(128))), "readOnly": False, "eventType": "AwsApiCall",
            "managementEvent": True, "recipientAccountId": self.account, "eventCategory": "Management",
        }
        if error:
            record["errorCode"], record["errorMessage"], record["responseElements"] = error, "no", None
        self.records.append((self.clock, record))
        return record["eventID"]

    def tell(self, told, kind, **fact):
        """Keeps what a record tells, if there is one."""
        if told is not None:
            self.facts.append({"at": self.clock, "kind": kind, **fact})

    # -- the truth

    def living(self, things):
        return [id for id, it in things.items() if it["end"] is None]

    def some_tags(self):
        if dice.random() < 0.6:
            return dict.fromkeys(KEYS, "x")
        return {key: dice.choice(["x", "y", "", " "]) for key in KEYS if dice.random() < 0.8}

    def set_tags(self, id, tags):
        self.tags.setdefault(id, []).append((self.clock, tags))

    def tags_at(self, id, at):
        return next((tags for since, tags in reversed(self.tags[id]) if since <= at), {})

    # -- VPCs, subnets and groups

    def make_vpc(self, is_default):
        self.tick()
        vpc, main, tags = self.id("vpc"), self.id("sg"), {} if is_default else self.some_tags()
        self.vpcs[vpc] = {"end": None, "is_default": is_default, "main": main}
        self.groups[main] = {"end": None, "vpc": vpc, "name": "default"}
        self.set_tags(vpc, tags)
        self.set_tags(main, {})
        made = {"vpcId": vpc, "cidrBlock": "10.0.0.0/16", "isDefault": is_default, "tagSet": ec2_tags(tags)}
        name = "CreateDefaultVpc" if is_default else "CreateVpc"
        specified = {"items": [{"resourceType": "vpc", "tags": ec2_tags(tags)["items"]}]}
        request = {} if is_default else {"cidrBlock": "10.0.0.0/16", "tagSpecificationSet": specified}
        self.tell(self.record("ec2", name, request, {"vpc": made}), "vpc", id=vpc, is_default=is_default, tags=tags)
        return vpc

    def make_subnet(self, vpc):
        self.tick()
        subnet, tags = self.id("subnet"), self.some_tags()
        self.subnets[subnet] = {"end": None, "vpc": vpc}
        self.set_tags(subnet, tags)
        made = {"subnetId": subnet, "vpcId": vpc, "cidrBlock": "10.0.1.0/24", "tagSet": ec2_tags(tags)}
        told = self.record("ec2", "CreateSubnet", {"vpcId": vpc, "cidrBlock": "10.0.1.0/24"}, {"subnet": made})
        self.tell(told, "subnet", id=subnet, vpc=vpc, tags=tags)

    def make_group(self, vpc):
        self.tick()
        name = dice.choice(["web", "jobs", "train"])
        if any(it["end"] is None and it["vpc"] == vpc and it["name"].lower() == name for it in self.groups.values()):
            return
        group, tags = self.id("sg"), self.some_tags()
        self.groups[group] = {"end": None, "vpc": vpc, "name": name}
        self.set_tags(group, tags)
        request, answer = {"groupName": name, "groupDescription": "x", "vpcId": vpc}, {"_return": True, "groupId": group}
        if self.vpcs[vpc]["is_default"] and dice.random() < 0.5:
            del request["vpcId"]
        if tags:
            request["tagSpecificationSet"] = {"items": [{"resourceType": "security-group", "tags": ec2_tags(tags)["items"]}]}
            answer["tagSet"] = ec2_tags(tags)
        if dice.random() < 0.03:
            answer, request, tags = {"_return": True, "groupId": group}, None, None
        self.tell(self.record("ec2", "CreateSecurityGroup", request, answer), "group", id=group, request=request, tags=tags)

    def is_used(self, group):
        return any(it["end"] is None and group in it["groups"] for job in self.jobs.values() for it in job["interfaces"])

    def delete_group(self, group):
        self.tick()
        it = self.groups[group]
        by_id = {"groupId": group}
        if it["name"] == "default":
            self.tell(self.record("ec2", "DeleteSecurityGroup", by_id, None, error="Client.CannotDelete"), "default", id=group)
            return
        refusal = dice.choice([None] * 5 + ["Client.DryRunOperation", "Client.UnauthorizedOperation", "Client.DependencyViolation"])
        if self.is_used(group):
            refusal = "Client.DependencyViolation"
        if refusal:
            self.record("ec2", "DeleteSecurityGroup", by_id, None, error=refusal)
            return
        it["end"] = self.clock
        way = dice.choice(["id", "cloudformation", "name", "name", "name", "untold"])
        answer = {"_return": True} | (by_id if dice.random() < 0.2 else {})
        told = dict.fromkeys(["id", "name"])
        if way == "name" and self.vpcs[it["vpc"]]["is_default"]:
            told["name"] = dice.choice([it["name"], it["name"].upper()])
            request = {"groupName": told["name"]}
        elif way == "untold" and dice.random() < 0.3:
            request = None
        else:
            request, told["id"] = by_id, group
        if "groupId" in answer:
            told = {"id": group, "name": None}
        via = "cloudformation.amazonaws.com" if way == "cloudformation" else None
        self.tell(self.record("ec2", "DeleteSecurityGroup", request, answer, via=via), "group_gone", **told)

    def delete_subnet(self, subnet):
        self.tick()
        if any(it["end"] is None and it["subnet"] == subnet for job in self.jobs.values() for it in job["interfaces"]):
            self.record("ec2", "DeleteSubnet", {"subnetId": subnet}, None, error="Client.DependencyViolation")
            return
        self.subnets[subnet]["end"] = self.clock
        self.tell(self.record("ec2", "DeleteSubnet", {"subnetId": subnet}, {"_return": True}), "subnet_gone", id=subnet)

    def delete_vpc(self, vpc):
        """Takes away what is in it first, as EC2 demands; refused when something stays."""
        inside = [g for g in self.living(self.groups) if self.groups[g]["vpc"] == vpc and self.groups[g]["name"] != "default"]
        for group in inside:
            self.delete_group(group)
        for subnet in [s for s in self.living(self.subnets) if self.subnets[s]["vpc"] == vpc]:
            self.delete_subnet(subnet)
        self.tick()
        main = self.vpcs[vpc]["main"]
        stays = [id for things in (self.groups, self.subnets) for id in self.living(things) if things[id]["vpc"] == vpc and id != main]
        if stays or self.is_used(main):
            self.record("ec2", "DeleteVpc", {"vpcId": vpc}, None, error="Client.DependencyViolation")
            return
        self.vpcs[vpc]["end"] = self.groups[main]["end"] = self.clock
        self.tell(self.record("ec2", "DeleteVpc", {"vpcId": vpc}, {"_return": True}), "vpc_gone", id=vpc)

    # -- tags

    def change_tags(self):
        self.tick()
        ids = [id for things in (self.groups, self.subnets, self.vpcs) for id in self.living(things)]
        jobs = [job for job in self.jobs.values() if job["groups"]]
        if jobs and dice.random() < 0.6:
            job = dice.choice(jobs)
            near = set(job["groups"]) | set(job["subnets"]) | {self.groups[g]["vpc"] for g in job["groups"]}
            ids = [id for id in ids if id in near]
        if not ids:
            return
        ids = dice.sample(ids, dice.randrange(1, min(3, len(ids)) + 1))
        resources = {"items": [{"resourceId": id} for id in ids]}
        way = dice.random()
        if way < 0.6:
            tags = dict.fromkeys(KEYS, "z") if dice.random() < 0.7 else self.some_tags() or {"Owner": "w"}
            for id in ids:
                self.set_tags(id, self.tags_at(id, self.clock) | tags)
            shown = dict(tags)
            if dice.random() < 0.05:
                shown[dice.choice(list(shown))] = MASK
            request = {"resourcesSet": resources, "tagSet": ec2_tags(shown)}
            name, kind, fact = "CreateTags", "tagged", {"tags": {key: None if value == MASK else value for key, value in shown.items()}}
        elif way < 0.95:
            given = [(key, dice.choice([None, None, "x"])) for key in dice.sample(KEYS, dice.randrange(1, 3))]
            for id in ids:
                old = self.tags_at(id, self.clock)
                self.set_tags(id, {k: v for k, v in old.items() if not any(k == key and value in (None, v) for key, value in given)})
            elements = [{"key": key} | ({} if value is None else {"value": value}) for key, value in given]
            request = {"resourcesSet": resources, "tagSet": {"items": elements}}
            name, kind, fact = "DeleteTags", "untagged", {"given": given}
        else:
            for id in ids:
                self.set_tags(id, {})
            request = {"resourcesSet": resources, "tagSet": {}}
            name, kind, fact = "DeleteTags", "untagged", {"given": [(key, None) for key in KEYS]}
        if dice.random() < 0.02:
            self.tell(self.record("ec2", name, None, {"_return": True}), "tags_omitted")
        else:
            self.tell(self.record("ec2", name, request, {"_return": True}), kind, ids=ids, **fact)

    def refused_tags(self):
        self.tick()
        ids = [id for things in (self.groups, self.subnets, self.vpcs) for id in self.living(things)]
        request = {"resourcesSet": {"items": [{"resourceId": dice.choice(ids)}]}, "tagSet": ec2_tags(dict.fromkeys(KEYS, "no"))}
        self.record("ec2", dice.choice(["CreateTags", "DeleteTags"]), request, None, error="Client.UnauthorizedOperation")

    # -- jobs

    def make_job(self):
        at, name = self.tick(), dice.choice(list(KINDS))
        word = self.id("job")[4:16]
        arn = f"arn:aws:bedrock:{self.region}:{self.account}:{KINDS[name]}/{word}"
        vpc = dice.choice(self.living(self.vpcs))
        groups = [g for g in self.living(self.groups) if self.groups[g]["vpc"] == vpc]
        subnets = [s for s in self.living(self.subnets) if self.subnets[s]["vpc"] == vpc]
        main = [g for g in groups if g == self.vpcs[vpc]["main"]]
        groups = groups if dice.random() < 0.3 or groups == main else [g for g in groups if g not in main]
        job = {"arn": arn, "start": at, "groups": [], "subnets": [], "interfaces": [], "kind": name, "vpc": None, "is_odd": False,
               "groups_since": {}}
        request = {"jobName": f"job-{word}", "roleArn": f"arn:aws:iam::{self.account}:role/Jobs", "customModelName": "m"}
        if subnets and groups and dice.random() < 0.85:
            job["groups"] = dice.sample(groups, dice.randrange(1, min(2, len(groups)) + 1))
            job["subnets"], job["vpc"] = dice.sample(subnets, dice.randrange(1, min(2, len(subnets)) + 1)), vpc
            request["vpcConfig"] = {"subnetIds": job["subnets"], "securityGroupIds": job["groups"]}
            job["groups_since"] = dict.fromkeys(job["groups"], at)
        if dice.random() < 0.1:
            self.record("bedrock", name, request, None, error=dice.choice(["ValidationException", "DryRunOperation"]))
            return
        self.jobs[arn] = job
        self.request(job, name, request)
        if dice.random() < 0.08:
            self.tick()
            self.request(job, name, request)

    def request(self, job, name, request):
        """An accepted request. The second one of a job made nothing."""
        state = "present" if job["vpc"] else "absent"
        shown = dict(request)
        how = dice.random()
        if how < 0.06:
            shown, state = None, "unknown"
        elif how < 0.12:
            state = "unknown" if "vpcConfig" not in shown else state
            shown["customModelName"] = MASK
        elif how < 0.18 and job["vpc"]:
            shown["vpcConfig"], state = dice.choice([MASK, {"subnetIds": job["subnets"], "securityGroupIds": [MASK]}]), "unknown"
        elif how < 0.21:
            del shown["roleArn"]
            state = "unknown" if "vpcConfig" not in shown else state
        arn = job["arn"] if dice.random() < 0.96 else None
        event_id = self.record("bedrock", name, shown, {"jobArn": arn} if arn else None)
        network = (job["groups"], job["subnets"]) if state == "present" else ([], [])
        role = (shown or {}).get("roleArn")
        self.tell(event_id, "job", arn=arn, event_id=event_id, state=state, groups=network[0], subnets=network[1], role=role)

    def make_interface(self):
        jobs = [job for job in self.jobs.values() if job["kind"] == "CreateModelCustomizationJob"]
        if not jobs:
            return
        job, by = dice.choice(jobs), dice.choice(["bedrock", "role", "role", "stranger"])
        groups = [g for g in job["groups"] if self.groups[g]["end"] is None]
        subnets = [s for s in job["subnets"] if self.subnets[s]["end"] is None]
        if job["vpc"] is None and (by == "stranger" or dice.random() < 0.2):
            # Somebody's tag, or Bedrock in contradiction to the request.
            vpc = dice.choice(self.living(self.vpcs))
            groups, subnets = ([id for id in self.living(things) if things[id]["vpc"] == vpc][:1] for things in (self.groups, self.subnets))
            job["is_odd"] = job["is_odd"] or by != "stranger"
        if not subnets or len(groups) < max(1, len(job["groups"])):
            return
        subnet = dice.choice(subnets)
        vpc = self.subnets[subnet]["vpc"]
        is_rehearsed, at = dice.random() < 0.2, self.tick()
        others = [g for g in self.living(self.groups) if self.groups[g]["vpc"] == vpc and g not in groups]
        if others and by == "bedrock" and not is_rehearsed and self.is_told() and dice.random() < 0.3:
            groups = groups + [dice.choice(others)]
        tags = [{"key": "BedrockManaged", "value": "true"}, {"key": "BedrockModelCustomizationJobArn", "value": job["arn"]}]
        request = {"subnetId": subnet, "groupSet": {"items": [{"groupId": g} for g in groups]},
                   "tagSpecificationSet": {"items": [{"resourceType": "network-interface", "tags": tags}]}}
        caller = {"bedrock": {"role": "Jobs", "via": "bedrock.amazonaws.com"}, "role": {"role": "Jobs"}, "stranger": {}}[by]
        if is_rehearsed:
            self.record("ec2", "CreateNetworkInterface", request, None, error="Client.DryRunOperation", **caller)
            at = self.tick()
        names = {g: self.groups[g]["name"] for g in groups}
        interface = self.id("eni")
        job["interfaces"].append({"id": interface, "subnet": subnet, "groups": groups, "at": at, "end": None, "by": by})
        if by != "stranger":
            job["groups_since"] = dict.fromkeys(groups, at) | job["groups_since"]
        made = {"networkInterfaceId": interface, "subnetId": subnet, "vpcId": vpc, "tagSet": {"items": tags},
                "groupSet": {"items": [{"groupId": g, "groupName": name} for g, name in names.items()]}}
        told = self.record("ec2", "CreateNetworkInterface", request, {"networkInterface": made}, **caller)
        self.tell(told, "interface", arn=job["arn"], by=by, role=f"arn:aws:iam::{self.account}:role/Jobs", vpc=vpc, subnet=subnet, names=names)

    def end_interface(self):
        running = [it for job in self.jobs.values() for it in job["interfaces"] if it["end"] is None]
        if running:
            self.tick()
            it = dice.choice(running)
            it["end"] = self.clock
            self.record("ec2", "DeleteNetworkInterface", {"networkInterfaceId": it["id"]}, {"_return": True}, role="Jobs")

    # -- lives

    def act(self):
        what = dice.random()
        if not self.living(self.vpcs):
            self.make_vpc(False)
            return
        if what < 0.30:
            self.make_job()
        elif what < 0.42:
            self.make_interface()
        elif what < 0.48:
            self.end_interface()
        elif what < 0.56:
            self.make_group(dice.choice(self.living(self.vpcs)))
        elif what < 0.66:
            # A group that a job names goes more often than another.
            groups = self.living(self.groups)
            named = [g for g in groups if any(g in job["groups"] for job in self.jobs.values())]
            self.delete_group(dice.choice(named if named and dice.random() < 0.7 else groups))
        elif what < 0.86:
            self.change_tags()
        elif what < 0.88:
            self.refused_tags()
        elif what < 0.91:
            self.make_subnet(dice.choice(self.living(self.vpcs)))
        elif what < 0.93 and self.living(self.subnets):
            self.delete_subnet(dice.choice(self.living(self.subnets)))
        elif what < 0.97 and len(self.living(self.vpcs)) > 1:
            self.delete_vpc(dice.choice(self.living(self.vpcs)))
        elif not any(self.vpcs[vpc]["is_default"] for vpc in self.living(self.vpcs)):
            self.make_vpc(True)
        elif len(self.living(self.vpcs)) < 4:
            self.make_vpc(False)

    def live(self, is_home):
        for is_default in [True] * (dice.random() < 0.7) + [False] * dice.choice([1, 1, 2]):
            vpc = self.make_vpc(is_default)
            self.make_subnet(vpc)
            self.make_subnet(vpc)
            self.make_group(vpc)
            self.make_group(vpc)
        while self.clock < END - HOUR:
            self.act()
        self.clock = END + AFTERLIFE
        for _ in range(12):
            self.act()
        for stop, start in self.off if is_home else ():
            for name, self.clock in [("StopLogging", stop)] + [("StartLogging", start)] * (start is not None):
                self.record("cloudtrail", name, {"name": "main"}, None)
        self.records.sort(key=lambda told: told[0])


class Deliveries:
    """Log files by their time of delivery: some records come late, some twice."""

    def __init__(self, world):
        self.files, batch = [], []
        for number, (at, record) in enumerate(world.records):
            if dice.random() < 0.06:
                self.deliver(at + dice.randrange(HOUR, 3 * HOUR), [record])
            else:
                batch.append(record)
            if dice.random() < 0.04:
                self.deliver(at + dice.randrange(60, 2 * HOUR), [record])
            next_at = world.records[number + 1][0] if number + 1 < len(world.records) else at + HOUR
            if batch and (len(batch) == 8 or next_at - at > 600 or next_at // HOUR > at // HOUR):
                self.deliver(at + dice.randrange(60, 900), dice.sample(batch, len(batch)))
                batch = []

    def deliver(self, at, records):
        self.files.append((min(at, END + 900), records))


# -- the model: what the documents promise, over the facts that records tell

class Model:
    def __init__(self, world, delivered, known_until, open_words):
        self.facts, self.off, self.open, self.known_until = world.facts, world.off, open_words, known_until
        self.delivered_hours = {at // HOUR for at in delivered}
        self.settle()

    def told(self, kind, **members):
        return [f for f in self.facts if f["kind"] == kind and all(f.get(name) == value for name, value in members.items())]

    # -- what is told of a group, a subnet, a VPC, whenever it is told

    def name(self, group):
        names = [f["names"][group] for f in self.told("interface") if group in f["names"]]
        names += [f["request"]["groupName"] for f in self.told("group", id=group) if f["request"]]
        return next(iter(names + ["default" for _ in self.told("default", id=group)]), None)

    def is_default(self, group):
        """Only a VPC's default group is called so, and nobody makes one by itself."""
        name = self.name(group)
        if name is None and self.told("group", id=group) and "made" not in self.open:
            return False
        return None if name is None else name == "default"

    def vpc(self, id):
        """Of a group or a subnet."""
        made = [f["request"].get("vpcId") for f in self.told("group", id=id) if f["request"]] + [f["vpc"] for f in self.told("subnet", id=id)]
        made += [f["vpc"] for f in self.told("interface") if id in f["names"] or id == f["subnet"]]
        return next((vpc for vpc in made if vpc), None)

    def is_in_default_vpc(self, group):
        if any(f["request"] and "vpcId" not in f["request"] for f in self.told("group", id=group)):
            return True
        return next((f["is_default"] for f in self.told("vpc", id=self.vpc(group))), None)

    def known_groups(self):
        named = [g for f in self.told("job") for g in f["groups"]] + [g for f in self.told("interface") for g in f["names"]]
        return set(named) | {f["id"] for kind in ("group", "default", "group_gone") for f in self.told(kind) if f["id"]}

    # -- deletions

    def settle(self):
        """When each group went, and the deletions of which nobody can say whom they hit."""
        self.gone, self.untraced = {}, []
        for f in self.told("group_gone"):
            if f["id"]:
                self.gone.setdefault(f["id"], f["at"])
        for f in self.told("group_gone", id=None):
            group = f["name"] and self.named(f["name"], f["at"])
            if group:
                self.gone[group] = f["at"]
            else:
                self.untraced.append({"at": f["at"], "name": f["name"], "vpc": None, "by_name": f["name"] is not None})
        for f in self.told("vpc_gone"):
            inside = [g for g in self.known_groups() if self.vpc(g) == f["id"]]
            for group in inside:
                self.gone.setdefault(group, f["at"])
            if not any(self.is_default(g) for g in inside):
                self.untraced.append({"at": f["at"], "name": "default", "vpc": f["id"], "by_name": False})

    def named(self, name, at):
        """EC2 takes a name for a group of the default VPC. One that fits several living groups is nobody's."""
        fits = [g for g in self.known_groups() if (self.name(g) or "").lower() == name.lower() and self.gone.get(g, at + 1) > at
                and all(f["at"] <= at for f in self.told("group", id=g)) and self.is_in_default_vpc(g) is not False]
        certain = [g for g in fits if self.is_in_default_vpc(g)]
        if len(certain) == 1:
            return certain[0]
        return fits[0] if len(fits) == 1 and "names" in self.open else None

    def is_perhaps_gone(self, group, named_at, at):
        """A deletion that cannot be traced may have hit it since it was named."""
        def may_be(deletion):
            name, vpc = self.name(group), self.vpc(group)
            return (named_at <= deletion["at"] <= at
                    and (name is None or deletion["name"] is None or name.lower() == deletion["name"].lower())
                    and (vpc is None or deletion["vpc"] is None or vpc == deletion["vpc"])
                    and not (deletion["by_name"] and self.is_in_default_vpc(group) is False))
        return any(map(may_be, self.untraced))

    def end(self, id):
        """When a resource went: by its own deletion, or with its VPC."""
        if id in self.gone:
            return self.gone[id]
        own = self.told("subnet_gone", id=id) or self.told("vpc_gone", id=id) or self.told("vpc_gone", id=self.vpc(id))
        return own[0]["at"] if own else None

    def stands(self, id, at):
        end = self.end(id)
        return end is None or end > at

    # -- coverage

    def is_blind(self, since, at):
        """Whether something may have happened between two instants that no record tells."""
        if self.known_until + ALLOWED <= at:
            return True
        since = since // HOUR * HOUR
        for stop, start in self.off:
            if "stopped" not in self.open:
                if stop < at and (start is None or since < start):
                    return True
                continue
            hours = range(since // HOUR, max(self.delivered_hours) + 1)
            if any(stop <= h * HOUR < at and (start is None or h * HOUR < start) and h not in self.delivered_hours for h in hours):
                return True
        return False

    # -- tags

    def tags(self, id, at):
        """Of each mandatory key: its value, "" = it has none, None = no record tells."""
        state = dict.fromkeys(KEYS)
        for f in (f for f in self.facts if f["at"] <= at):
            if f["kind"] in ("group", "subnet", "vpc") and f["id"] == id:
                made = {} if f["tags"] is None and "omitted" in self.open else f["tags"]
                state = dict.fromkeys(KEYS) if made is None else {key: made.get(key, "") for key in KEYS}
            elif f["kind"] == "tagged" and id in f["ids"]:
                state |= {key: value for key, value in f["tags"].items() if key in KEYS}
            elif f["kind"] == "untagged" and id in f["ids"]:
                state |= {key: "" for key, value in f["given"] if value is None or state[key] == value}
            elif f["kind"] == "tags_omitted" and "omitted" not in self.open:
                state = dict.fromkeys(KEYS)
        return state

    def has_tags(self, id, at):
        """True, False, or None = no record tells."""
        values = list(self.tags(id, at).values())
        if all(value is not None and value.strip() for value in values):
            return True
        is_known = any(value is not None and not value.strip() for value in values)
        if "lacking" in self.open:
            is_known = None not in values and any(self.told(kind, id=id) for kind in ("group", "subnet", "vpc"))
        return False if is_known else None

    # -- jobs

    def jobs(self):
        """By ARN, or event id where the record gives none: the request that made it; None = only interfaces show it."""
        found = {}
        for f in self.told("job"):
            found.setdefault(f["arn"] or f["event_id"], f)
        for f in self.told("interface"):
            if f["arn"] not in found and self.is_believed(f, None):
                found[f["arn"]] = None
        return found

    def is_believed(self, interface, request):
        """Bedrock makes a job's interfaces, itself or with the role that the job's request names."""
        return interface["by"] == "bedrock" or interface["by"] == "role" and request is not None and request["role"] == interface["role"]

    def judge(self, key, request, at):
        """The four verdicts and the group that went first; None when the job was not there yet."""
        interfaces = [f for f in self.told("interface", arn=key) if f["at"] <= at and self.is_believed(f, request)]
        first_at = request["at"] if request else min((f["at"] for f in interfaces), default=at + 1)
        if first_at > at:
            return None
        state = request["state"] if request else "unknown"
        groups = dict.fromkeys(request["groups"] if request else [], first_at)
        for f in interfaces:
            for group in f["names"]:
                groups.setdefault(group, f["at"])
        subnets = set(request["subnets"] if request else []) | {f["subnet"] for f in interfaces}
        verdicts = {"job_in_vpc": self.in_vpc(state, interfaces)}
        if state == "absent" and not interfaces:
            return verdicts | dict.fromkeys(CONTROLS[1:], "NotApplicable"), None
        is_blind = self.is_blind(first_at, at)
        perhaps = {g for g, since in groups.items() if self.stands(g, at) and self.is_perhaps_gone(g, since, at)}
        gone = sorted((self.end(g), g) for g in groups if not self.stands(g, at))
        verdicts[EXIST] = "NonCompliant" if gone else "Undetermined" if not groups or perhaps or is_blind else "Compliant"
        defaults = [self.is_default(g) for g in groups]
        verdicts[NOT_DEFAULT] = "NonCompliant" if True in defaults else "Undetermined" if None in defaults or not defaults else "Compliant"
        verdicts[TAGGED] = self.tagged(groups, subnets, perhaps, is_blind, at)
        return verdicts, gone[0][1] if gone else None

    def in_vpc(self, state, interfaces):
        if state == "absent":
            return "Undetermined" if interfaces else "NonCompliant"
        return "Compliant" if state == "present" or interfaces else "Undetermined"

    def tagged(self, groups, subnets, perhaps, is_blind, at):
        if not groups:
            return "Undetermined"
        if "coverage" in self.open:
            perhaps = set()
        standing = [id for id in [*groups, *subnets] if self.stands(id, at)]
        if not standing:
            return "NotApplicable"
        sure = [id for id in standing if id not in perhaps]
        sure_vpcs, vpcs = ({self.vpc(id) for id in ids} - {None} for ids in (sure, standing))
        if any(self.has_tags(id, at) is False for id in [*sure, *sure_vpcs]) and ("coverage" in self.open or not is_blind):
            return "NonCompliant"
        if is_blind or not vpcs or not sure or any(self.has_tags(id, at) is not True for id in [*standing, *vpcs]):
            return "Undetermined"
        return "Compliant"


def truth(world, job, at, is_shown_by_interfaces):
    """What is true of a job then, of which records may tell less."""
    if job["vpc"] is None:
        return dict.fromkeys(CONTROLS[1:], "NotApplicable") | {"job_in_vpc": "NonCompliant"}
    groups = [g for g, since in job["groups_since"].items() if since <= at]
    subnets = [it["subnet"] for it in job["interfaces"] if it["at"] <= at and it["by"] != "stranger"]
    # The interfaces speak for a job whose request is not told.
    subnets = set(subnets if is_shown_by_interfaces else subnets + job["subnets"])

    def stands(things, id):
        return things[id]["end"] is None or things[id]["end"] > at
    left = [(world.groups, g) for g in groups if stands(world.groups, g)] + [(world.subnets, s) for s in subnets if stands(world.subnets, s)]
    network = {id for _, id in left} | {things[id]["vpc"] for things, id in left}
    is_tagged = all(world.tags_at(id, at).get(key, "").strip() for id in network for key in KEYS)
    return {
        "job_in_vpc": "Compliant",
        EXIST: "Compliant" if all(stands(world.groups, g) for g in groups) else "NonCompliant",
        NOT_DEFAULT: "NonCompliant" if any(world.groups[g]["name"] == "default" for g in groups) else "Compliant",
        TAGGED: "NotApplicable" if not left else "Compliant" if is_tagged else "NonCompliant",
    }


# -- accounts

def worlds(seed, count):
    """Of each account one or two Regions. Every second account has the ids of the one before it."""
    global dice
    dice = random.Random(seed)
    made = []
    for number in range(count):
        stop = dice.randrange(2 * HOUR + 1, END - 2 * HOUR)
        start = dice.choice([None, stop + dice.randrange(HOUR // 4, 3 * HOUR)])
        off = [(stop, start if start is None or start < END else None)] if dice.random() < 0.3 else []
        for place, region in enumerate(["eu-west-1", "us-east-1"][: dice.choice([1, 1, 2])]):
            world = World(str(100000000000 + number), region, f"{seed} {number // 2}", off)
            world.live(place == 0)
            made.append((world, Deliveries(world)))
    return made


def write(folder, made):
    for world, deliveries in made:
        for number, (at, records) in enumerate(deliveries.files):
            delivered = BEGIN + timedelta(seconds=at)
            name = f"{world.account}_CloudTrail_{world.region}_{delivered:%Y%m%dT%H%MZ}_{number:016x}.json.gz"
            path = folder / "AWSLogs" / world.account / "CloudTrail" / world.region / f"{delivered:%Y/%m/%d}"
            path.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(gzip.compress(json.dumps({"Records": records}).encode(), mtime=0))


def compare(made, rows, as_of, open_words):
    found = {}
    for row in rows:
        if row["control"] in CONTROLS:
            found[row["account_id"], row["aws_region"], row["job_arn"] or row["request_event_id"], row["control"]] = row
    at = int((as_of - BEGIN).total_seconds())
    # What is known ends with the hour of the newest log file of all.
    known_until = (max(file_at for _, deliveries in made for file_at, _ in deliveries.files) // HOUR + 1) * HOUR
    counts, wrong = Counter(), 0
    for world, deliveries in made:
        delivered = [file_at for file_at, _ in deliveries.files]
        if not delivered:
            continue
        model = Model(world, delivered, known_until, open_words)
        strict = Model(world, delivered, known_until, frozenset())
        for key, request in model.jobs().items():
            judged = model.judge(key, request, at)
            if judged is None:
                continue
            expected, gone = judged
            wrong += lies(world, strict, key, request, at)
            for control in CONTROLS:
                row = found.pop((world.account, world.region, key, control), None)
                counts[control, expected[control]] += 1
                is_alike = row is not None and row["verdict"] == expected[control]
                if is_alike and control == EXIST and expected[control] == "NonCompliant":
                    is_alike = row["resource_id"] == gone
                if not is_alike:
                    wrong += 1
                    print(f"{world.account} {world.region} cut {world.cut} {key} {control}: expected {expected[control]} ({gone}), found",
                          row and (row["verdict"], row["resource_id"], row["reason"]))
    for more in found:
        wrong += 1
        print("no such job:", *more)
    for control in CONTROLS:
        print(f"{control}:", ", ".join(f"{verdict} {n}" for (of, verdict), n in sorted(counts.items()) if of == control))
    print(f"{sum(counts.values())} verdicts as of {as_of:%Y-%m-%dT%H:%M:%SZ}: {wrong} differences")
    return wrong


def lies(world, model, key, request, at):
    """How often the model is certain of what is not true."""
    job = world.jobs.get(key)
    # Of a job without an ARN, and of one whose records contradict each other, the truth is not told apart.
    if job is None or job["is_odd"]:
        return 0
    verdicts, _ = model.judge(key, request, at)
    true = truth(world, job, at, request is None or request["state"] == "unknown")
    false = [control for control in CONTROLS if verdicts[control] not in ("Undetermined", true[control])]
    for control in false:
        print(f"{world.account} {world.region} cut {world.cut} {key} {control}: the model says {verdicts[control]}, and {true[control]} is true")
    return len(false)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("act", choices=["write", "compare"])
    parser.add_argument("place", type=Path, help="the folder to write to, or the CSV of an audit")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--accounts", type=int, default=12)
    parser.add_argument("--as-of", type=lambda text: datetime.fromisoformat(text.replace("Z", "+00:00")))
    parser.add_argument("--open", default="", help=f"known differences, with commas between: {', '.join(OPEN)}")
    args = parser.parse_args()
    open_words = frozenset(filter(None, args.open.split(",")))
    if open_words - OPEN.keys():
        parser.error(f"--open takes {', '.join(OPEN)}")
    made = worlds(args.seed, args.accounts)
    if args.act == "write":
        write(args.place, made)
        return
    with open(args.place, newline="", encoding="utf-8") as file:
        sys.exit(1 if compare(made, list(csv.DictReader(file)), args.as_of, open_words) else 0)


if __name__ == "__main__":
    main()
