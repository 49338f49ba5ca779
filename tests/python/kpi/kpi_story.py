#!/usr/bin/env python3
"""A trail and evidence with a planted story: `write(folder, seed)` writes CloudTrail log files and evidence objects and
returns the truth as plain objects. `kpi_model.py` computes the KPIs from that truth; neither reads any SQL of the project.
"""
import gzip
import hashlib
import json
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

UTC = timezone.utc
START = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2026, 4, 1, tzinfo=UTC)
REGION = "eu-west-1"
# The third account switches its logging off for two days.
ACCOUNTS = ["111122223333", "444455556666", "777788889999"]
DARK_FROM, DARK_TO = datetime(2026, 3, 10, 9, 0, 10, tzinfo=UTC), datetime(2026, 3, 12, 9, 0, 10, tzinfo=UTC)
CONTROLS = ["job_in_vpc", "job_security_groups_exist", "job_network_tagged"]
BASES = ["amazon.titan-text-express-v1:0:8k", "amazon.nova-lite-v1:0:300k", "meta.llama3-1-8b-instruct-v1:0:128k"]
MASK = "HIDDEN_DUE_TO_SECURITY_REASONS"
TAGS = ["Owner", "DataSensitivity", "CostCenter"]
KINDS = ["model_customization", "model_import", "model_invocation"]


def iso(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def hexes(*parts):
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


def uuid(*parts):
    h = hexes(*parts)
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-8{h[17:20]}-{h[20:32]}"


@dataclass
class Group:
    account: str
    id: str
    vpc: str
    created_at: datetime | None  # None: before the logs
    deleted_at: datetime | None = None
    tags: list = field(default_factory=list)  # (at, set of keys with a value, as a CreateTags)
    untags: list = field(default_factory=list)  # (at, key)


@dataclass
class Waiver:
    granted_at: datetime
    last_day: str
    withdrawn_at: datetime | None
    tagged_in_logs: bool


@dataclass
class Job:
    account: str
    name: str
    kind: str
    arn: str
    created_at: datetime
    base: str
    data: str
    model: str
    groups: list  # of Group; empty = outside a VPC
    request: str  # whole, masked, omitted or missing
    interface: bool
    status: str  # at the end of time
    ended_at: datetime | None
    end_told: bool  # whether the API gives endTime
    failure: str | None = None
    stop_requested_at: datetime | None = None
    model_deleted: tuple | None = None  # (at, by: name, arn or unreadable)
    waiver: Waiver | None = None
    untagged: tuple | None = None  # from, to: job_network_tagged is not met in between
    unreadable_days: set = field(default_factory=set)

    def status_at(self, at):
        if self.ended_at and at >= self.ended_at:
            return self.status
        return "Stopping" if self.stop_requested_at and at >= self.stop_requested_at else "InProgress"


@dataclass
class Sight:
    """One job and control in one run."""
    at: datetime
    account: str
    control: str
    job: Job
    status: str
    end: datetime | None
    verdict: str
    waiver: str
    resources: list
    failure: str | None


@dataclass
class Story:
    jobs: list
    groups: list
    sights: list  # in the order of time
    deletions: list  # (at, account, by, job)


def moment(rng, first, last):
    """Any second that is not a run's."""
    seconds = int((last - first).total_seconds())
    at = first + timedelta(seconds=rng.randrange(max(1, seconds)))
    return at.replace(microsecond=0) if at.second else at + timedelta(seconds=1)


def waiver_state(job, at):
    waiver = job.waiver
    if not waiver or at < waiver.granted_at or (waiver.withdrawn_at and at >= waiver.withdrawn_at):
        return "no"
    over = datetime.fromisoformat(waiver.last_day).replace(tzinfo=UTC) + timedelta(days=1)
    return "yes" if at < over else "expired"


def verdict(job, control, at):
    """As the rule says it, a waiver applied, with the resources that decide."""
    if (at.date(), control) in job.unreadable_days:
        return "Undetermined", "no", []
    gone = [group.id for group in job.groups if group.deleted_at and group.deleted_at <= at]
    if control == "job_in_vpc":
        bad, resources, applies = not job.groups, [], True
    elif control == "job_security_groups_exist":
        bad, resources, applies = bool(gone), gone, bool(job.groups)
    else:
        bad = bool(job.untagged) and job.untagged[0] <= at < job.untagged[1]
        resources, applies = [group.id for group in job.groups], bool(job.groups)
    if not applies:
        return "NotApplicable", "no", []
    if not bad:
        return "Compliant", "no", []
    waiver = waiver_state(job, at)
    return ("NotApplicable" if waiver == "yes" else "NonCompliant"), waiver, resources


def plant(seed):
    rng = random.Random(seed)
    jobs, groups, deletions = [], [], []
    for account in ACCOUNTS:
        own = []
        for number in range(12):
            created = moment(rng, START, END - timedelta(days=40)) if rng.random() < 0.75 else None
            group = Group(account, f"sg-{hexes(seed, account, 'group', number)[:17]}", f"vpc-{hexes(account)[:17]}", created)
            first = created or START + timedelta(hours=1)
            for _ in range(rng.choice([0, 1, 1, 2])):
                keys = TAGS if rng.random() < 0.6 else rng.sample(TAGS, 2)
                group.tags.append((moment(rng, first, END - timedelta(days=20)), list(keys)))
            if group.tags and rng.random() < 0.25:
                group.untags.append((moment(rng, max(at for at, _ in group.tags), END - timedelta(days=10)), rng.choice(TAGS)))
            own.append(group)
        groups += own
        names_of_data = [f"s3://data-{account}/{word}/train.jsonl" for word in ("claims", "churn", "legal", "fraud", "notes")]
        for number in range(34):
            kind = rng.choices(KINDS, [8, 1, 1])[0]
            created = moment(rng, START + timedelta(hours=2), END - timedelta(days=6))
            living = [g for g in own if not (g.created_at and g.created_at > created)]
            inside = rng.random() < 0.6 and living
            chosen = rng.sample(living, min(len(living), rng.choice([1, 2]))) if inside else []
            # Two in ten jobs of a group that will be gone name it too late: the group list below decides.
            base = rng.choice(BASES)
            word = kind.replace("_", "-")
            tail = f"{base}/" if kind == "model_customization" else ""
            arn = f"arn:aws:bedrock:{REGION}:{account}:{word}-job/{tail}{hexes(seed, account, number)[:12]}"
            fate = rng.choices(["Completed", "Failed", "Stopped", "running"], [5, 2, 2, 1])[0]
            ended = None if fate == "running" else created + timedelta(minutes=rng.randrange(30, 60 * 24 * 4), seconds=7)
            if ended and ended >= END:
                fate, ended = "running", None
            request = rng.choices(["whole", "masked", "omitted", "missing"], [16, 1, 1, 2])[0]
            job = Job(
                account, f"job-{number}-{account[:4]}", kind, arn, created, base, rng.choice(names_of_data),
                # Now and then two jobs ask for one model name.
                f"model-{number if rng.random() < 0.9 else number // 2}-{account[:4]}", chosen, request,
                bool(chosen) and rng.random() < 0.6, fate if fate != "running" else "InProgress", ended, rng.random() < 0.85,
            )
            if fate == "Failed" and rng.random() < 0.7:
                job.failure = rng.choice([
                    "Security group sg-0123 does not exist", "Amazon S3 error: access denied to the training data",
                    "The neural network diverged at step 12", "Cannot create network interface in the subnet",
                ])
            if fate == "Stopped" or rng.random() < 0.05 and kind != "model_import":
                job.stop_requested_at = (ended or min(END, created + timedelta(days=3))) - timedelta(minutes=3, seconds=5)
                if job.stop_requested_at <= created:
                    job.stop_requested_at = created + timedelta(seconds=61)
                if kind == "model_import":
                    job.stop_requested_at = None
            if not chosen and rng.random() < 0.35:
                granted = moment(rng, created + timedelta(hours=1), min(END, created + timedelta(days=12)))
                last = (granted + timedelta(days=rng.choice([3, 20, 200]))).strftime("%Y-%m-%d")
                withdrawn = granted + timedelta(days=5, seconds=11) if rng.random() < 0.2 else None
                job.waiver = Waiver(granted, last, withdrawn, rng.random() < 0.6)
            if chosen and rng.random() < 0.4:
                first = created + timedelta(days=rng.randrange(0, 4), hours=1, seconds=1)
                job.untagged = (first, first + timedelta(days=rng.choice([2, 9, 400])))
            for _ in range(rng.choice([0, 0, 0, 2])):
                day = (created + timedelta(days=rng.randrange(0, 60))).date()
                job.unreadable_days.add((day, rng.choice(CONTROLS)))
            jobs.append(job)
        for group in own:
            users = [job for job in jobs if group in job.groups]
            if users and rng.random() < 0.5:
                # While a job runs, long after, or before a later job names it.
                at = moment(rng, min(job.created_at for job in users), END - timedelta(days=2))
                group.deleted_at = max(at, (group.created_at or START) + timedelta(hours=3, seconds=3))
                group.tags = [tag for tag in group.tags if tag[0] < group.deleted_at]
                group.untags = [tag for tag in group.untags if tag[0] < group.deleted_at]
        for job in [job for job in jobs if job.account == account and job.status == "Completed" and job.kind == KINDS[0]]:
            if rng.random() < 0.3 and job.ended_at < END - timedelta(days=3):
                at = moment(rng, job.ended_at + timedelta(minutes=5), END - timedelta(days=1))
                by = rng.choices(["name", "arn", "unreadable"], [8, 1, 0.4])[0]
                if account == ACCOUNTS[2] and DARK_FROM <= at <= DARK_TO:
                    continue
                job.model_deleted = (at, by)
                deletions.append((at, account, by, job))
    near_misses(jobs, groups, deletions)
    return Story(jobs, groups, [], deletions)


def near_misses(jobs, groups, deletions):
    """What chance plants too seldom, in the first account: each nearly remedies a case, and does not."""
    account, day = ACCOUNTS[0], timedelta(days=1)
    first = datetime(2026, 1, 20, 10, 0, 5, tzinfo=UTC)

    def group(name, deleted_at=None):
        one = Group(account, f"sg-{hexes('near', name)[:17]}", f"vpc-{hexes(account)[:17]}", START + day, deleted_at)
        groups.append(one)
        return one

    def job(name, created, ended, data, model, named):
        arn = f"arn:aws:bedrock:{REGION}:{account}:model-customization-job/{BASES[2]}/{hexes('near', name)[:12]}"
        one = Job(account, name, KINDS[0], arn, created, BASES[2], f"s3://near/{data}", model, named, "whole", False,
                  "Completed", ended, True)
        jobs.append(one)
        return one

    # A later job took the model's name, and its model was deleted.
    job("near-name-1", first, first + day, "name-1", "near-model", [])
    taken = job("near-name-2", first + 3 * day, first + 4 * day, "name-2", "near-model", [group("name")])
    taken.model_deleted = (first + 9 * day, "name")
    deletions.append((first + 9 * day, account, "name", taken))
    # A successor lost a group of its own while it ran.
    job("near-successor-1", first, first + day, "successor", "near-a", [group("successor-1", first + 2 * day)])
    job("near-successor-2", first + 3 * day, first + 9 * day, "successor", "near-b", [group("successor-2", first + 6 * day)])


def run_times():
    """Every day at six, but not in the first ten days, nor from 14 to 18 February."""
    day = START.replace(hour=6) + timedelta(days=10)
    while day < END:
        if not datetime(2026, 2, 14, tzinfo=UTC) <= day < datetime(2026, 2, 18, tzinfo=UTC):
            yield day
        day += timedelta(days=1)


def record(account, at, source, name, request, response, error=None):
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "AssumedRole", "principalId": "AROAEXAMPLE:ana", "accountId": account,
                         "arn": f"arn:aws:sts::{account}:assumed-role/ml/ana"},
        "eventTime": iso(at), "eventSource": source, "eventName": name, "awsRegion": REGION,
        "sourceIPAddress": "192.0.2.7", "userAgent": "aws-cli/2", **({"errorCode": error} if error else {}),
        "requestParameters": request, "responseElements": response, "requestID": uuid("request", account, at, name, request),
        "eventID": uuid("event", account, at, name, json.dumps(request)), "readOnly": False, "eventType": "AwsApiCall",
        "managementEvent": True, "recipientAccountId": account, "eventCategory": "Management",
    }


BEDROCK, EC2 = "bedrock.amazonaws.com", "ec2.amazonaws.com"
CREATE = {"model_customization": "CreateModelCustomizationJob", "model_import": "CreateModelImportJob",
          "model_invocation": "CreateModelInvocationJob"}


def create_request(job):
    role = f"arn:aws:iam::{job.account}:role/Customization"
    vpc = {"vpcConfig": {"subnetIds": ["subnet-" + hexes(job.account)[:17]], "securityGroupIds": [g.id for g in job.groups]}} if job.groups else {}
    if job.kind == "model_customization":
        base = f"arn:aws:bedrock:{REGION}::foundation-model/{job.base}"
        return {"jobName": job.name, "customModelName": job.model, "roleArn": role, "baseModelIdentifier": base,
                "trainingDataConfig": {"s3Uri": job.data}, "outputDataConfig": {"s3Uri": "s3://out/x/"}, **vpc}
    if job.kind == "model_import":
        return {"jobName": job.name, "importedModelName": job.model, "roleArn": role,
                "modelDataSource": {"s3DataSource": {"s3Uri": job.data}}, **vpc}
    return {"jobName": job.name, "roleArn": role, "modelId": job.base,
            "inputDataConfig": {"s3InputDataConfig": {"s3Uri": job.data}},
            "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://out/y/"}}, **vpc}


def records(story):
    for job in story.jobs:
        if job.request != "missing":
            request = create_request(job)
            if job.request == "masked":
                request = {"jobName": MASK, "customModelName": MASK}
            yield record(job.account, job.created_at, BEDROCK, CREATE[job.kind], None if job.request == "omitted" else request, {"jobArn": job.arn})
        if job.interface:
            at = job.created_at + timedelta(seconds=40)
            tags = [{"key": "BedrockManaged", "value": "true"}, {"key": "BedrockModelCustomizationJobArn", "value": job.arn}]
            groups = {"items": [{"groupId": g.id} for g in job.groups]}
            one = record(job.account, at, EC2, "CreateNetworkInterface",
                         {"subnetId": "subnet-" + hexes(job.account)[:17], "groupSet": groups,
                          "tagSpecificationSet": {"items": [{"resourceType": "network-interface", "tags": tags}]}},
                         {"networkInterface": {"networkInterfaceId": "eni-" + hexes(job.arn)[:17], "subnetId": "subnet-" + hexes(job.account)[:17],
                                               "vpcId": "vpc-" + hexes(job.account)[:17], "groupSet": groups, "tagSet": {"items": tags}}})
            one["userIdentity"]["invokedBy"] = one["sourceIPAddress"] = BEDROCK
            yield one
        if job.stop_requested_at:
            name = {"model_customization": "StopModelCustomizationJob", "model_invocation": "StopModelInvocationJob"}[job.kind]
            yield record(job.account, job.stop_requested_at, BEDROCK, name, {"jobIdentifier": job.arn}, None)
        if job.waiver and job.waiver.tagged_in_logs:
            value = f"owner=ann@example.com reason=public data expires={job.waiver.last_day}"
            yield record(job.account, job.waiver.granted_at, BEDROCK, "TagResource",
                         {"resourceARN": job.arn, "tags": [{"key": "NetworkIsolationWaiver", "value": value}]}, None)
            if job.waiver.withdrawn_at:
                yield record(job.account, job.waiver.withdrawn_at, BEDROCK, "UntagResource",
                             {"resourceARN": job.arn, "tagKeys": ["NetworkIsolationWaiver"]}, None)
    for at, account, by, job in story.deletions:
        arn = f"arn:aws:bedrock:{REGION}:{account}:custom-model/{job.base}/{hexes('model', job.arn)[:12]}"
        identifier = {"name": job.model, "arn": arn}.get(by)
        yield record(account, at, BEDROCK, "DeleteCustomModel", {"modelIdentifier": identifier} if identifier else None, None)
        # One that was refused deletes nothing.
        other = story.jobs[0].model if account == ACCOUNTS[0] else "some-model"
        yield record(account, at - timedelta(minutes=1), BEDROCK, "DeleteCustomModel", {"modelIdentifier": other}, None, "ConflictException")
    for group in story.groups:
        if group.created_at:
            yield record(group.account, group.created_at, EC2, "CreateSecurityGroup",
                         {"groupName": group.id[-6:], "groupDescription": "training", "vpcId": group.vpc},
                         {"_return": True, "groupId": group.id})
        for at, keys in group.tags:
            yield record(group.account, at, EC2, "CreateTags",
                         {"resourcesSet": {"items": [{"resourceId": group.id}]},
                          "tagSet": {"items": [{"key": key, "value": f"{key}-value"} for key in keys]}}, {"_return": True})
        for at, key in group.untags:
            yield record(group.account, at, EC2, "DeleteTags",
                         {"resourcesSet": {"items": [{"resourceId": group.id}]}, "tagSet": {"items": [{"key": key}]}}, {"_return": True})
        if group.deleted_at:
            yield record(group.account, group.deleted_at, EC2, "DeleteSecurityGroup", {"groupId": group.id}, {"_return": True})
    yield record(ACCOUNTS[2], DARK_FROM, "cloudtrail.amazonaws.com", "StopLogging", {"name": "trail"}, None)
    yield record(ACCOUNTS[2], DARK_TO, "cloudtrail.amazonaws.com", "StartLogging", {"name": "trail"}, None)


def is_dark(account, at):
    return account == ACCOUNTS[2] and DARK_FROM < at < DARK_TO


def write_log_files(folder, story):
    """A file an hour in which something happened, and one each noon, so that the logs reach to the end."""
    hours = {}
    for one in records(story):
        at = datetime.fromisoformat(one["eventTime"])
        if at >= END or is_dark(one["recipientAccountId"], at):
            continue
        hours.setdefault((one["recipientAccountId"], at.replace(minute=0, second=0)), []).append(one)
    for account in ACCOUNTS:
        day = START.replace(hour=12)
        while day < END:
            if not is_dark(account, day):
                noise = record(account, day + timedelta(seconds=3), "kms.amazonaws.com", "Decrypt", None, None)
                hours.setdefault((account, day), []).append(noise)
            day += timedelta(days=1)
    for (account, hour), found in sorted(hours.items(), key=lambda item: (item[0][0], item[0][1])):
        delivered = hour + timedelta(minutes=59)
        name = f"{account}_CloudTrail_{REGION}_{delivered:%Y%m%dT%H%MZ}_{hexes(account, hour)[:16]}.json.gz"
        path = folder / f"AWSLogs/{account}/CloudTrail/{REGION}/{delivered:%Y/%m/%d}/{name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(json.dumps({"Records": found}).encode(), mtime=0))


def evidence_line(sight):
    job = sight.job
    network = {"subnet_ids": ["subnet-" + hexes(job.account)[:17]], "security_group_ids": [g.id for g in job.groups]} if job.groups else None
    detail = {"state": "known", "value": {"role_arn": f"arn:aws:iam::{job.account}:role/Customization", "vpc_config": network,
                                          "input_s3_uris": [job.data], "customer_key": None}}
    unread = []
    if sight.verdict == "Undetermined":
        unread = [{"action": "bedrock:GetModelCustomizationJob", "resource": job.arn, "cause": "throttled"}]
        detail = {"state": "unreadable", "value": unread[0]}
    waiver = {"state": sight.waiver}
    if sight.waiver in ("yes", "expired"):
        waiver["value"] = {"owner": "ann@example.com", "reason": "public data", "expires": job.waiver.last_day}
    listed = {"arn": job.arn, "name": job.name, "kind": job.kind, "status": sight.status, "created_at": iso(job.created_at),
              "ended_at": iso(sight.end) if sight.end else None}
    if sight.failure:
        listed["failure_message"] = sight.failure
    return {"record": "finding", "control": sight.control, "job": listed, "detail": detail, "verdict": sight.verdict,
            "reason": f"{sight.control} says {sight.verdict}", "resources": sight.resources, "unread": unread, "waiver": waiver}


def write_evidence(folder, story):
    for at in run_times():
        for account in ACCOUNTS:
            for control in CONTROLS:
                seen = []
                for job in story.jobs:
                    if job.account != account or job.created_at > at:
                        continue
                    status = job.status_at(at)
                    word, waiver, resources = verdict(job, control, at)
                    end = job.ended_at if job.end_told and job.ended_at and at >= job.ended_at else None
                    failure = job.failure if status == "Failed" else None
                    seen.append(Sight(at, account, control, job, status, end, word, waiver, resources, failure))
                story.sights += seen
                request = uuid("run", account, control, at)
                run = {"record": "run", "version": 1, "account_id": account, "region": REGION, "rule_name": control.replace("_", "-"),
                       "request_id": request, "evaluated_at": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "unread_lists": []}
                text = "".join(json.dumps(line) + "\n" for line in [run, *map(evidence_line, seen)])
                path = folder / f"account_id={account}/region={REGION}/date={at:%Y-%m-%d}/{at:%H%M%S}-{run['rule_name']}-{request}.jsonl.gz"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(gzip.compress(text.encode(), mtime=0))


def write(folder, seed):
    story = plant(seed)
    write_log_files(Path(folder) / "trail", story)
    write_evidence(Path(folder) / "evidence", story)
    return story
