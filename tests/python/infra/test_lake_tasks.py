"""What compact and rebuild ask of S3: the program itself before moto, behind a door that opens for their role alone."""
import fnmatch
import io
import re
import subprocess
import threading
from urllib.parse import parse_qs, unquote

import boto3
import pytest
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from conftest import REGION, listed, statements
from test_lake import BINARY, ingest, needs_binary

SHARES = 4
PREFIX = "lake/"
OF_OBJECTS = {"GET": "s3:GetObject", "HEAD": "s3:GetObject", "PUT": "s3:PutObject", "DELETE": "s3:DeleteObject"}


def role(without=None):
    """The statements of the role that the tasks have over s3://lake/lake, `without` one action of them."""
    found = statements(ingest(LakeUri="s3://lake/lake")["LakeRole"]["Properties"])
    return [(action, one["Resource"]) for one in found for action in listed(one["Action"]) if action != without]


def needed(method, path, query, body):
    """The actions, each with its resource, that S3 asks for. Source: S3 user guide, "Required permissions for Amazon S3 API
    operations". What these tasks have no business to ask is not known here, and refused."""
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    arn, query = f"arn:aws:s3:::{bucket}", parse_qs(query, keep_blank_values=True)
    if key and method in OF_OBJECTS and set(query) <= {"x-id"}:
        return [(OF_OBJECTS[method], f"{arn}/{key}")]
    if not key and method == "GET" and "list-type" in query:
        return [("s3:ListBucket", arn)]
    if not key and method == "POST" and "delete" in query:
        return [("s3:DeleteObject", f"{arn}/{each}") for each in re.findall("<Key>(.*?)</Key>", body.decode())]
    return [(f"unknown: {method} {path}?{query}", arn)]


class Door:
    """moto's S3, of which a request that needs an action that is not allowed sees nothing. `seen`: the actions that were used."""

    def __init__(self):
        self.app = DomainDispatcherApplication(create_backend_app)
        self.allowed, self.seen, self.refused = None, set(), []

    def __call__(self, environ, start_response):
        if self.allowed is None:
            return self.app(environ, start_response)
        body = b""
        if environ["REQUEST_METHOD"] == "POST":
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            environ["wsgi.input"] = io.BytesIO(body)
        wanted = needed(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"], body)
        if all(self.opens_for(*each) for each in wanted):
            self.seen |= {action for action, _ in wanted}
            return self.app(environ, start_response)
        self.refused += wanted
        start_response("403 Forbidden", [("Content-Type", "application/xml")])
        return [b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"]

    def opens_for(self, action, arn):
        return any(action == allowed and fnmatch.fnmatchcase(arn, pattern) for allowed, pattern in self.allowed)


class Quiet(WSGIRequestHandler):
    def log(self, *_):
        pass


@pytest.fixture(scope="module")
def door():
    door = Door()
    server = make_server("127.0.0.1", 0, door, threaded=True, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    door.url = f"http://127.0.0.1:{server.server_port}"
    door.s3 = boto3.client("s3", REGION, endpoint_url=door.url)
    door.s3.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": REGION})
    door.s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
    yield door
    server.shutdown()


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """A lake of several parts, in a folder."""
    folder = tmp_path_factory.mktemp("lake")
    subprocess.run([BINARY, "demo", "--folder", folder / "demo"], capture_output=True, check=True)
    trail, = (path for path in (folder / "demo").iterdir() if path.is_dir() and path.name != "lake")
    for share in range(1, SHARES + 1):
        shard = ["--shard", f"{share}/{SHARES}", "--skip-digests", "--quiet"]
        run = subprocess.run([BINARY, "ingest", trail, "--lake", folder / "lake", *shard], capture_output=True, check=False)
        assert run.returncode in (0, 2), run.stderr
    return folder / "lake"


@pytest.fixture
def lake(door, parts):
    """The same in a bucket with versions, anew for each test."""
    door.allowed, door.seen, door.refused = None, set(), []
    for page in door.s3.get_paginator("list_object_versions").paginate(Bucket="lake"):
        for one in page.get("Versions", []) + page.get("DeleteMarkers", []):
            door.s3.delete_object(Bucket="lake", Key=one["Key"], VersionId=one["VersionId"])
    for path in parts.rglob("*.parquet"):
        door.s3.upload_file(path, "lake", f"{PREFIX}{path.relative_to(parts)}")
    return door


def run(lake, *arguments):
    asked = [BINARY, *arguments, "--lake", "s3://lake/lake", "--quiet", "--endpoint-url", lake.url]
    return subprocess.run(asked, capture_output=True, text=True, check=False)


# The second night removes what the first replaced: here without the hour between.
TASKS = [("compact",), ("rebuild",), ("compact", "--orphan-age", "0s"), ("rebuild",)]


@needs_binary
def test_the_role_is_enough_for_compact_and_rebuild(lake):
    lake.allowed = role()
    for task in TASKS:
        done = run(lake, *task)
        assert (done.returncode, lake.refused) == (0, []), done.stderr
    assert lake.seen == {action for action, _ in role()}
    left = lake.s3.list_objects_v2(Bucket="lake", Prefix=f"{PREFIX}log_files/")["Contents"]
    assert len(left) == 1, "all parts were merged into one, and what it replaced has gone"


@needs_binary
@pytest.mark.parametrize("action", sorted(action for action, _ in role()))
def test_no_action_of_the_role_is_one_too_many(lake, action):
    lake.allowed = role(without=action)
    codes = []
    for task in TASKS:
        codes.append(run(lake, *task).returncode)
        if codes[-1]:
            break
    assert codes[-1] == 3, codes
    assert {refused for refused, _ in lake.refused} == {action}
