#!/usr/bin/env python3
"""`aws cloudtrail validate-logs` itself, over a bucket that stands in a folder, to compare with our own verdicts.

    validate_logs.py --bucket NAME --folder DIR --metadata FILE --public-keys FILE --account ID --region REGION
                     --trail NAME --home-region REGION --start RFC3339 --end RFC3339
                     [--prefix PREFIX] [--organization ID]

DIR/KEY holds the bytes of an object. The metadata are {KEY: {"signature": hex, "signature-algorithm": ...}}, S3's user
metadata of those objects that have any; the keys are what `aws cloudtrail list-public-keys` prints. REGION is the one
whose events are validated, the home region that of the trail. The CLI reads every time as UTC, whatever offset it has.

The whole CLI runs, its own botocore included; only the answers of AWS are ours, and nothing goes to a network. Prints
one JSON document, each list in the order of the CLI:

    {"exit": 0 | 1 | 255,
     "digests": [{"key", "backfill", "verdict": "valid" | "invalid" | "missing", "reason"}],
     "log_files": [{"key", "verdict": "valid" | "invalid" | "not found", "reason"}],
     "gaps": [{"start", "end", "backfill"}],
     "summary": [every line of `--verbose`, stdout and stderr as a terminal shows them]}

A reason is what the CLI says after "INVALID: ", null where it is valid. With 255 the CLI gave up, and its last line
says why. Needs a Python that has the package `awscli`.
"""
import argparse
import contextlib
import datetime
import hashlib
import io
import json
import os
import re
import sys
import traceback

# The machine's own AWS configuration is nobody's business here. The credentials are for a request that is never sent.
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ.update(
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    AWS_EC2_METADATA_DISABLED="true",
    AWS_ACCESS_KEY_ID="none",
    AWS_SECRET_ACCESS_KEY="none",
)

from awscli.clidriver import create_clidriver  # first: botocore below is then the one inside the CLI
from awscli.customizations.cloudtrail.validation import CloudTrailValidateLogs
from botocore import xform_name
from botocore.awsrequest import AWSResponse
from botocore.response import StreamingBody

PAGE = 1000  # keys in one answer of ListObjects

VERDICT = re.compile(r"(\(backfill\) )?(Digest|Log) file\ts3://([^/]*)/([^\t]*)\t(?:valid|INVALID: (.*))", re.DOTALL)
GAP = re.compile(r"(\(backfill\) )?No log files were delivered by CloudTrail between (\S+) and (\S+)")


class Refusal(Exception):
    def __init__(self, status, code, message):
        super().__init__(code)
        self.status, self.error = status, {"Code": code, "Message": message}


def instant(time):
    """CLI v1 prints seconds since 1970, CLI v2 prints RFC 3339."""
    if isinstance(time, str):
        time = datetime.datetime.fromisoformat(time.replace("Z", "+00:00"))
        return time if time.tzinfo else time.replace(tzinfo=datetime.timezone.utc)
    return datetime.datetime.fromtimestamp(time, datetime.timezone.utc)


def keys_in(folder):
    """In the order in which S3 lists them."""
    keys = (
        os.path.relpath(os.path.join(at, name), folder).replace(os.sep, "/")
        for at, _, names in os.walk(folder)
        for name in names
    )
    return sorted(keys, key=str.encode)


class Aws:
    """Answers the calls of the CLI, by operation. A call that is not answered here ends the run."""

    def __init__(self, arguments, metadata, public_keys):
        self.arguments, self.metadata, self.public_keys = arguments, metadata, public_keys
        self.trail_arn = f"arn:aws:cloudtrail:{arguments.home_region}:{arguments.account}:trail/{arguments.trail}"
        self.keys = keys_in(arguments.folder)
        self.known = set(self.keys)

    def stand_in(self, session):
        """Botocore takes what `before-call` returns for the parsed answer of the service. Its own Stubber does so."""
        session.register("before-parameter-build", self.remember)
        session.register("before-call", self.answer)

    def remember(self, params, context, **_):
        context["asked"] = params

    def answer(self, model, context, **_):
        status = 200
        try:
            parsed = getattr(self, xform_name(model.name))(**context["asked"])
        except Refusal as refusal:
            status, parsed = refusal.status, {"Error": refusal.error}
        except Exception:
            # Any mere exception would be a verdict to the CLI.
            sys.exit(f"validate_logs.py cannot answer {model.name}:\n{traceback.format_exc()}")
        parsed["ResponseMetadata"] = {"HTTPStatusCode": status, "HTTPHeaders": {}, "RetryAttempts": 0}
        return AWSResponse(None, status, {}, None), parsed

    # CloudTrail and Organizations

    def describe_trails(self):
        arguments = self.arguments
        trail = {
            "Name": arguments.trail,
            "S3BucketName": arguments.bucket,
            "IncludeGlobalServiceEvents": True,
            "IsMultiRegionTrail": True,
            "HomeRegion": arguments.home_region,
            "TrailARN": self.trail_arn,
            "LogFileValidationEnabled": True,
            "HasCustomEventSelectors": False,
            "HasInsightSelectors": False,
            "IsOrganizationTrail": arguments.organization is not None,
        }
        if arguments.prefix:
            trail["S3KeyPrefix"] = arguments.prefix
        return {"trailList": [trail]}

    def describe_organization(self):
        return {"Organization": {"Id": self.arguments.organization, "FeatureSet": "ALL"}}

    def list_public_keys(self, StartTime, EndTime):
        """Those that were in use at some instant between the two. The CLI has botocore leave base64 as it is."""
        listed = [
            key
            for key in self.public_keys
            if instant(key["ValidityStartTime"]) <= EndTime and instant(key["ValidityEndTime"]) >= StartTime
        ]
        return {"PublicKeyList": listed}

    # S3

    def in_bucket(self, bucket):
        if bucket != self.arguments.bucket:
            raise Refusal(404, "NoSuchBucket", "The specified bucket does not exist")

    def path(self, key):
        return os.path.join(self.arguments.folder, *key.split("/"))

    def get_bucket_location(self, Bucket):
        self.in_bucket(Bucket)
        region = self.arguments.home_region
        return {"LocationConstraint": None if region == "us-east-1" else region}

    def list_objects(self, Bucket, Prefix="", Marker="", EncodingType=None):
        self.in_bucket(Bucket)
        after = [key for key in self.keys if key.startswith(Prefix) and key.encode() > Marker.encode()]
        answer = {
            "Name": Bucket,
            "Prefix": Prefix,
            "Marker": Marker,
            "MaxKeys": PAGE,
            "IsTruncated": len(after) > PAGE,
        }
        if after:  # S3 has no Contents where there are none
            answer["Contents"] = [self.listed(key) for key in after[:PAGE]]
        return answer

    def listed(self, key):
        stat = os.stat(self.path(key))
        modified = datetime.datetime.fromtimestamp(int(stat.st_mtime), datetime.timezone.utc)
        return {"Key": key, "LastModified": modified, "Size": stat.st_size, "StorageClass": "STANDARD"}

    def get_object(self, Bucket, Key, ChecksumMode=None):
        self.in_bucket(Bucket)
        if Key not in self.known:
            raise Refusal(404, "NoSuchKey", "The specified key does not exist.")
        with open(self.path(Key), "rb") as file:
            content = file.read()
        return {
            "Body": StreamingBody(io.BytesIO(content), len(content)),
            "ContentLength": len(content),
            "ContentType": "application/x-gzip",
            "ETag": f'"{hashlib.md5(content).hexdigest()}"',
            "Metadata": self.metadata.get(Key, {}),
        }


def validate(arguments, aws):
    """The CLI's exit code, its status messages in order, and all that it printed."""
    messages, printed = [], io.StringIO()
    write_status = CloudTrailValidateLogs._write_status

    def listen(self, message, is_error=False):
        messages.append(message)
        write_status(self, message, is_error)

    CloudTrailValidateLogs._write_status = listen
    driver = create_clidriver()
    aws.stand_in(driver.session)
    command = ["cloudtrail", "validate-logs", "--region", arguments.region, "--trail-arn", aws.trail_arn]
    command += ["--account-id", arguments.account, "--start-time", arguments.start, "--end-time", arguments.end]
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        exit_code = driver.main([*command, "--verbose"])
    return exit_code, messages, printed.getvalue()


def document_of(arguments, exit_code, messages, printed):
    digests, log_files, gaps = [], [], []
    for message in messages:
        if gap := GAP.fullmatch(message):
            backfill, start, end = gap.groups()
            gaps.append({"start": start, "end": end, "backfill": backfill is not None})
            continue
        parts = VERDICT.fullmatch(message)
        if not parts:
            sys.exit(f"validate_logs.py does not know what the CLI says with {message!r}")
        backfill, kind, bucket, key, reason = parts.groups()
        said = {"key": key if bucket == arguments.bucket else f"s3://{bucket}/{key}", "reason": reason}
        missing = "missing" if kind == "Digest" else "not found"
        said["verdict"] = "valid" if reason is None else missing if reason == "not found" else "invalid"
        if kind == "Digest":
            said["backfill"] = backfill is not None
        (digests if kind == "Digest" else log_files).append(said)
    return {
        "exit": exit_code,
        "digests": digests,
        "log_files": log_files,
        "gaps": gaps,
        "summary": printed.splitlines(),
    }


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in "bucket folder metadata public-keys account region trail home-region start end".split():
        parser.add_argument(f"--{name}", required=True)
    for name in ("prefix", "organization"):
        parser.add_argument(f"--{name}")
    arguments = parser.parse_args()
    if not os.path.isdir(arguments.folder):
        sys.exit(f"{arguments.folder} is not a folder")

    aws = Aws(arguments, read_json(arguments.metadata), read_json(arguments.public_keys)["PublicKeyList"])
    document = document_of(arguments, *validate(arguments, aws))
    json.dump(document, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
