#!/usr/bin/env python3
"""usage: many_jobs.py FOLDER [JOBS]    a trail of JOBS (10000) customization jobs: one in ten outside a VPC, one in twenty
with a security group that was deleted two days later, one in a hundred recorded without its parameters"""
import gzip
import hashlib
import json
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

ACCOUNT, REGION = "111122223333", "eu-west-1"
START = datetime(2026, 1, 1, tzinfo=timezone.utc)
MODEL = "amazon.titan-text-express-v1:0:8k"


def hexadecimal(*parts, digits):
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:digits]


def uuid(*parts):
    h = hexadecimal(*parts, digits=32)
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-8{h[17:20]}-{h[20:]}"


def record(at, source, name, request, response, *who):
    return {
        "eventVersion": "1.10", "eventID": uuid(name, at, *who), "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": source, "eventName": name, "awsRegion": REGION, "sourceIPAddress": "198.51.100.7",
        "userAgent": "Boto3/1.40", "recipientAccountId": ACCOUNT, "eventType": "AwsApiCall", "readOnly": False,
        "managementEvent": True, "eventCategory": "Management", "requestParameters": request, "responseElements": response,
        "userIdentity": {"type": "AssumedRole", "accountId": ACCOUNT, "principalId": "AROAEXAMPLE:pipeline",
                         "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/ml-training/pipeline"},
    }


def job(number, at):
    arn = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:model-customization-job/{MODEL}/{hexadecimal('job', number, digits=12)}"
    group = f"sg-0{hexadecimal('group', number, digits=16)}"
    request = {
        "jobName": f"job-{number:05}", "customModelName": f"model-{number:05}", "baseModelIdentifier": MODEL,
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/training", "customizationType": "FINE_TUNING",
        "trainingDataConfig": {"s3Uri": f"s3://training/{number % 40}.jsonl"},
        "outputDataConfig": {"s3Uri": "s3://models/"},
    }
    if number % 10:
        request["vpcConfig"] = {"subnetIds": ["subnet-0123456789abcdef0"], "securityGroupIds": [group]}
    if number % 100 == 1:
        request = None
    yield record(at, "bedrock.amazonaws.com", "CreateModelCustomizationJob", request, {"jobArn": arn}, number)
    if number % 20 == 3:
        deleted = {"groupId": group}
        yield record(at + timedelta(days=2), "ec2.amazonaws.com", "DeleteSecurityGroup", deleted, {"_return": True}, number)


def main():
    folder, jobs = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    hours = {}
    for number in range(jobs):
        for one in job(number, START + timedelta(days=180 * number / jobs)):
            hours.setdefault(one["eventTime"][:13], []).append(one)
    for hour, records in sorted(hours.items()):
        at = datetime.fromisoformat(f"{hour}:05:00+00:00") + timedelta(hours=1)
        name = f"{ACCOUNT}_CloudTrail_{REGION}_{at:%Y%m%dT%H%M}Z_{hexadecimal(hour, digits=16)}.json.gz"
        path = folder / f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{at:%Y/%m/%d}/{name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(json.dumps({"Records": records}).encode(), mtime=0))


if __name__ == "__main__":
    main()
