"""The default rule as it would be written with AWS's Rule Development Kit (rdklib): the peer of scripts/bench-rule.

`job_in_vpc` for model customization, import and invocation jobs: every job is listed, read, and, where it has no VPC configuration,
asked for a waiver; one result for the account. RDK_THREADS: how many jobs are read at one time (1).
"""
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

from rdklib import ComplianceType, ConfigRule, Evaluation, Evaluator

THREADS = int(os.environ.get("RDK_THREADS", "1"))
KINDS = [
    ("list_model_customization_jobs", "modelCustomizationJobSummaries", "get_model_customization_job"),
    ("list_model_import_jobs", "modelImportJobSummaries", "get_model_import_job"),
    ("list_model_invocation_jobs", "invocationJobSummaries", "get_model_invocation_job"),
]


def is_a_network(config):
    return bool(config and (config.get("subnetIds") or config.get("securityGroupIds")))


def waives(tags, today):
    for tag in tags:
        if tag["key"] == "NetworkIsolationWaiver":
            parts = dict(word.split("=", 1) for word in tag["value"].split() if "=" in word)
            return all(parts.get(part) for part in ("owner", "reason")) and parts.get("expires", "") >= today
    return False


class JobInVpc(ConfigRule):
    def get_assume_role_mode(self, event):
        return False

    def evaluate_periodic(self, event, client_factory, valid_rule_parameters):
        client = client_factory.build_client("bedrock")
        today = f"{datetime.now(timezone.utc):%Y-%m-%d}"

        def judge(found):
            kind, arn = found
            job = getattr(client, kind)(jobIdentifier=arn)
            if is_a_network(job.get("vpcConfig")):
                return "good", job["jobName"]
            tags = client.list_tags_for_resource(resourceARN=arn)["tags"]
            return ("waived" if waives(tags, today) else "bad"), job["jobName"]

        jobs = []
        for operation, member, get in KINDS:
            for page in client.get_paginator(operation).paginate(maxResults=1000):
                jobs += [(get, job["jobArn"]) for job in page[member]]
        with ThreadPoolExecutor(THREADS) as pool:
            judged = list(pool.map(judge, jobs))
        bad = [name for verdict, name in judged if verdict == "bad"]
        good = sum(1 for verdict, _ in judged if verdict == "good")
        if bad:
            told = f"job_in_vpc: {len(bad)} of {len(judged)} jobs not compliant: {', '.join(bad)}"
            verdict = ComplianceType.NON_COMPLIANT
        else:
            told = f"job_in_vpc: {good} jobs compliant"
            verdict = ComplianceType.COMPLIANT if good else ComplianceType.NOT_APPLICABLE
        return [Evaluation(verdict, event["accountId"], "AWS::::Account", told)]


def handler(event, context):
    return Evaluator(JobInVpc()).handle(event, context)
