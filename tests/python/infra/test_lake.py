"""The lake's templates against the lake: columns, places, questions, and what tasks run and may do."""
import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import boto3
import duckdb
import pytest
import sqlglot
from moto import mock_aws

from conftest import ACCOUNT, REGION, ROOT, Resolved, actions, listed, load, statements
from test_templates import PARAMETERS

TABLES = Resolved(load("lake-tables.yaml"), PARAMETERS["lake-tables.yaml"])
QUERIES = {one["Name"]: one for one in TABLES.of_type("AWS::Athena::NamedQuery").values()}
GLUE = {one["TableInput"]["Name"]: one["TableInput"] for one in TABLES.of_type("AWS::Glue::Table").values()}

BINARY = os.environ.get("BEDROCK_AUDIT_BINARY")
needs_binary = pytest.mark.skipif(
    not BINARY, reason="NOT RUN: BEDROCK_AUDIT_BINARY names no bedrock-audit, so no named query was run over a lake"
)

# What Athena calls the types of Arrow. Microseconds in UTC are `timestamp`; `bigint` would show them as numbers.
TYPES = {"Utf8": "string", "Boolean": "boolean", "Int64": "bigint", 'Timestamp(µs, "UTC")': "timestamp"}


def golden_tables():
    found = {}
    for line in (ROOT / "tests/golden/tables.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("  "):
            name, kind = re.match(r"  (\S+)\s+(.+?)(?: or null)?: ", line).groups()
            found[table].append((name, kind))
        else:
            table = line.split(":")[0]
            found[table] = []
    return found


def test_the_generated_template_is_that_of_its_source():
    run = subprocess.run([sys.executable, ROOT / "scripts/lake-tables", "--check"], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")


def test_columns_are_those_of_the_arrow_schemas():
    expected = {
        f"{table}_files": [(name, TYPES[kind]) for name, kind in columns] for table, columns in golden_tables().items()
    }
    found = {
        name: [(column["Name"], column["Type"]) for column in table["StorageDescriptor"]["Columns"]]
        for name, table in GLUE.items()
    }
    assert found == expected


def test_a_table_lies_where_the_program_puts_it():
    source = (ROOT / "schemas/src/tables.rs").read_text(encoding="utf-8")
    history = re.findall(r"&([A-Z_]+)", re.search(r"const HISTORY: .*?= \[(.*?)\];", source, re.S)[1])
    history = {name.lower() for name in history}
    rebuild = (ROOT / "analytics/src/rebuild.rs").read_text(encoding="utf-8")
    assert 'format!("history/{}/{fingerprint}.parquet", table.name)' in rebuild
    for name, table in GLUE.items():
        own = name.removesuffix("_files")
        place = f"history/{own}" if own in history else own
        assert table["StorageDescriptor"]["Location"] == f"s3://lake/lake/{place}/"


def test_events_are_found_by_day_without_asking_for_partitions():
    events = GLUE["events_files"]
    assert [key["Name"] for key in events["PartitionKeys"]] == ["event_date"]
    assert {key: value for key, value in events["Parameters"].items() if "projection" in key or "template" in key} == {
        "projection.enabled": "true", "projection.event_date.type": "date", "projection.event_date.format": "yyyy-MM-dd",
        "projection.event_date.range": "2020-01-01,NOW+1DAYS", "projection.event_date.interval": "1",
        "projection.event_date.interval.unit": "DAYS",
        "storage.location.template": "s3://lake/lake/events/event_date=${event_date}",
    }
    assert not any("PartitionKeys" in table for name, table in GLUE.items() if name != "events_files")


def test_every_question_is_a_named_query():
    questions = {path.stem for path in (ROOT / "queries").glob("*/*.sql") if path.parent.name != "views"}
    assert set(QUERIES) == questions | {"own_sql"}


@pytest.mark.parametrize("name", QUERIES)
def test_a_named_query_reads_as_athena_sql(name):
    sql = QUERIES[name]["QueryString"]
    code = re.sub(r"--[^\n]*|'[^']*'", "", sql)
    assert not re.findall(r"\$(?!path\b)\w+", code), "a parameter of the program is left"
    assert "extract(epoch" not in code.lower()
    parsed = sqlglot.parse_one(sql, read="athena")
    own = {one.alias for one in parsed.find_all(sqlglot.exp.CTE)}
    read = {one.name for one in parsed.find_all(sqlglot.exp.Table)}
    assert read - own <= set(GLUE), f"Athena has no {read - own - set(GLUE)}"
    outermost = [one.alias for one in parsed.args["with_"].expressions]
    assert len(outermost) == len(set(outermost)), "a question names its own table as one of ours"


def test_sql_that_athena_would_refuse_is_seen():
    with pytest.raises(sqlglot.errors.ParseError):
        sqlglot.parse_one("select a from (select 1 as a", read="athena")


def test_moto_takes_the_tables_and_the_queries():
    with mock_aws():
        glue, athena = boto3.client("glue", REGION), boto3.client("athena", REGION)
        lake = Resolved(load("lake.yaml"), PARAMETERS["lake.yaml"])
        database = lake.resources["GlueDatabase"]["Properties"]
        glue.create_database(**database)
        for table in TABLES.of_type("AWS::Glue::Table").values():
            glue.create_table(**table)
        assert len(glue.get_tables(DatabaseName="bedrock_audit")["TableList"]) == len(GLUE)
        group = dict(lake.resources["WorkGroup"]["Properties"])
        group.pop("RecursiveDeleteOption")
        athena.create_work_group(
            Name=group["Name"], Description=group["Description"], Configuration=group["WorkGroupConfiguration"]
        )
        for one in QUERIES.values():
            athena.create_named_query(**one)
        assert len(athena.list_named_queries(WorkGroup="bedrock-audit")["NamedQueryIds"]) == len(QUERIES)


# The named queries over a real lake. DuckDB reads them as they are, given what Athena has and it has not.

ATHENA = """
    create macro with_timezone(plain, zone) as timezone(zone, plain);
    create macro to_unixtime(instant) as epoch(instant);
    create macro from_iso8601_timestamp(written) as cast(written as timestamptz);
    set timezone = 'UTC';
"""
DUCKDB_TYPES = {"string": "varchar", "boolean": "boolean", "bigint": "bigint", "timestamp": "timestamp"}


class Athena:
    """DuckDB with the Glue tables over a lake: every file of a folder, with `"$path"`."""

    def __init__(self, lake):
        self.connection = duckdb.connect()
        self.connection.execute(ATHENA)
        for name, table in GLUE.items():
            place = Path(lake) / table["StorageDescriptor"]["Location"].removeprefix("s3://lake/lake/")
            columns = [(one["Name"], one["Type"]) for one in table["StorageDescriptor"]["Columns"]]
            if list(place.rglob("*.parquet")):
                # A timestamp of Hive's has no zone.
                chosen = ", ".join(f'cast("{n}" as {DUCKDB_TYPES[t]}) as "{n}"' for n, t in columns)
                partition = ", cast(event_date as varchar) as event_date" if "PartitionKeys" in table else ""
                source = f"read_parquet('{place}/**/*.parquet', filename = true, hive_partitioning = true)"
                self.connection.execute(f'create view {name} as select {chosen}{partition}, filename as "$path" from {source}')
            else:
                empty = ", ".join(f'cast(null as {DUCKDB_TYPES[t]}) as "{n}"' for n, t in columns)
                self.connection.execute(f"create view {name} as select {empty}, '' as \"$path\" where false")

    def rows(self, name, now="current_timestamp"):
        asked = QUERIES[name]["QueryString"].replace("current_timestamp", now)
        cursor = self.connection.execute(f"select columns(*)::varchar from (\n{asked}\n)")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, (value or "" for value in row))) for row in cursor.fetchall()]


# Both programs ask as of one instant: an answer in hours differs by the time between two of them.
NOW = "2026-12-01T00:00:00Z"


def as_of_now(name):
    """The program's options for those parameters that are `now` unless told."""
    parameters = re.findall(r'current_timestamp as "(\w+)"', QUERIES[name]["QueryString"])
    return [word for each in parameters for word in (f"--{each.replace('_', '-')}", NOW)]


def same_time(text):
    """A time, also within a sentence, which each engine writes in its own way."""
    return re.sub(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.0+)?(?:Z|\+00(?::00)?| UTC)?", r"\1T\2Z", text)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "demo"
    subprocess.run([BINARY, "demo", "--folder", folder], capture_output=True, check=True)
    place, = [path.parent for path in folder.rglob("log_files") if path.is_dir()]
    return place


@needs_binary
@pytest.mark.parametrize("name", sorted(set(QUERIES) - {"own_sql"}))
def test_a_named_query_answers_as_the_program_does(lake, name):
    ask = [BINARY, "query", name, "--lake", lake, "--output", "csv", *as_of_now(name)]
    run = subprocess.run(ask, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    expected = [
        {key: same_time(value) for key, value in row.items()} for row in csv.DictReader(io.StringIO(run.stdout))
    ]
    found = [{key: same_time(value) for key, value in row.items()} for row in Athena(lake).rows(name, f"timestamptz '{NOW}'")]
    assert found == expected
    # An answer without rows shows nothing: only a question that has none over the demo's trail may be without. The demo leaves
    # out the file that is set aside.
    if not expected and name != "set_aside":
        answer, = (ROOT / "queries").glob(f"*/{name}.expected")
        assert len(answer.read_text(encoding="utf-8").splitlines()) == 1


@needs_binary
def test_own_sql_sees_every_table_and_view(lake):
    assert Athena(lake).rows("own_sql")


def beside(lake, folder, difference):
    """A copy of the lake with a second history of no rows, whose own row differs from the first's."""
    copy = folder / "lake"
    subprocess.run(["cp", "-r", lake, copy], check=True)
    for table in (copy / "history").iterdir():
        new, = table.glob("*.parquet")
        rows = difference if table.name == "rebuilds" else "select * from new where false"
        if rows:
            connection = duckdb.connect()
            connection.execute(f"create view new as select * from read_parquet('{new}')")
            connection.execute(f"copy ({rows}) to '{table}/{'f' * 32}.parquet' (format parquet)")
    return copy


@needs_binary
@pytest.mark.parametrize("difference", [
    f"select * replace ('{'f' * 32}' as fingerprint, parts - 1 as parts) from new",
    f"select * replace ('{'f' * 32}' as fingerprint, parts - 1 as parts, history_version + 1 as history_version) from new",
    f"select * replace ('{'f' * 32}' as fingerprint, history_version - 1 as history_version) from new",
    # Broken off before its last table.
    "",
], ids=["fewer parts", "fewer parts, newer program", "older program", "not whole"])
def test_a_history_that_was_replaced_is_not_read(lake, tmp_path, difference):
    """For an hour or more both lie in the folder."""
    copy = beside(lake, tmp_path, difference)
    for name in ("jobs_by_principal", "coverage_by_hour", "job_verdicts"):
        found = Athena(copy).rows(name)
        assert found and found == Athena(lake).rows(name)


@needs_binary
@pytest.mark.parametrize("difference", [
    f"select * replace ('{'f' * 32}' as fingerprint, parts + 1 as parts) from new",
    f"select * replace ('{'f' * 32}' as fingerprint, history_version + 1 as history_version) from new",
], ids=["more parts", "newer program"])
def test_a_newer_history_is_read(lake, tmp_path, difference):
    assert Athena(beside(lake, tmp_path, difference)).rows("jobs_by_principal") == []


JOB = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:model-customization-job/amazon.titan-text-express-v1:0:8k/evidencealon"
EVIDENCE = [
    {
        "record": "run", "version": 1, "account_id": ACCOUNT, "region": REGION, "rule_name": "bedrock-job-in-vpc",
        "request_id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd", "evaluated_at": "2026-03-01T09:30:05.000Z", "unread_lists": [],
    },
    {
        "record": "finding", "control": "job_in_vpc", "verdict": "NonCompliant", "reason": "it has none", "resources": [], "unread": [],
        "waiver": {"state": "no"}, "detail": {
            "state": "known", "value": {"role_arn": None, "vpc_config": None, "input_s3_uris": [], "customer_key": None},
        },
        "job": {
            "arn": JOB, "name": "from-evidence", "kind": "model_customization", "status": "Completed",
            "created_at": "2026-02-28T08:00:00Z", "ended_at": "2026-02-28T09:00:00Z",
        },
    },
]


@needs_binary
def test_after_an_ingest_of_evidence_alone_the_new_history_is_read(lake, tmp_path):
    """No log file and no hour is new, so nothing but the number of parts tells the two histories apart."""
    copy, evidence = tmp_path / "lake", tmp_path / "evidence"
    subprocess.run(["cp", "-r", lake, copy], check=True)
    place = evidence / f"account_id={ACCOUNT}/region={REGION}/date=2026-03-01"
    place.mkdir(parents=True)
    name = f"093005-bedrock-job-in-vpc-{EVIDENCE[0]['request_id']}.jsonl"
    place.joinpath(name).write_text("".join(json.dumps(line) + "\n" for line in EVIDENCE))
    sql = f"select job_arn, state from job_states where source = 'rule_evidence' and job_arn = '{JOB}'"
    for arguments in (["ingest", evidence], ["rebuild"]):
        subprocess.run([BINARY, *arguments, "--lake", copy, "--quiet"], capture_output=True, check=True)
    assert len(list((copy / "history/job_states").iterdir())) == 2, "the history before is still there"
    own = QUERIES["own_sql"]["QueryString"].replace("select * from jobs order by requested_at desc limit 100", sql)
    assert Athena(copy).connection.execute(own).fetchall() == [(JOB, "Completed")]


@needs_binary
def test_a_part_without_a_row_in_the_ledger_is_not_read(lake, tmp_path):
    copy = tmp_path / "lake"
    subprocess.run(["cp", "-r", lake, copy], check=True)
    part = next((copy / "events").rglob("*.parquet"))
    orphan = part.with_name("e" * 32 + "-00001.parquet")
    rows = f"select * replace ('00000000-0000-4000-8000-000000000000' as event_id) from read_parquet('{part}')"
    duckdb.execute(f"copy ({rows}) to '{orphan}' (format parquet)")
    own = QUERIES["own_sql"]["QueryString"]
    sql = own.replace("select * from jobs order by requested_at desc limit 100", "select count(*) from events")
    assert sql != own
    assert Athena(copy).connection.execute(sql).fetchone() == Athena(lake).connection.execute(sql).fetchone()


MERGED = "0" * 16 + "e" * 16


def compacted(lake, folder, states):
    """A copy of the lake in which each part stands a second time, in a merged one. `states`: what `compactions` has, oldest
    first: whether the merged part counts and the others do not."""
    copy = folder / "lake"
    subprocess.run(["cp", "-r", lake, copy], check=True)
    parts = sorted({path.stem for path in (copy / "log_files").glob("*.parquet")})
    for table in copy.iterdir():
        if table.name in ("history", "ingest_runs"):
            continue
        for number, path in enumerate(sorted(table.rglob("*.parquet"))):
            rows = f"select * replace ('{MERGED}' as part)" if table.name == "log_files" else "select *"
            merged = path.with_name(f"{MERGED}-{number:05}.parquet")
            duckdb.execute(f"copy ({rows} from read_parquet('{path}', hive_partitioning = false)) to '{merged}' (format parquet)")
    (copy / "compactions").mkdir()
    for number, is_merged in enumerate(states, start=1):
        rows = [f"select '{MERGED}' as part, {len(parts)} as ingested, null::timestamptz as replaced_at where {is_merged}"]
        rows += [f"select '{part}', 1, timestamptz '{NOW}' where {is_merged}" for part in parts]
        path = copy / f"compactions/{number:08}.parquet"
        duckdb.execute(f"copy ({' union all '.join(rows)}) to '{path}' (format parquet)")
    return copy


@needs_binary
@pytest.mark.parametrize("states", [[], [False], [True], [False, True]], ids=str)
def test_what_compact_replaced_or_left_is_not_read(lake, tmp_path, states):
    """Before the commit the merged part is there and does not count; after it the others are, for an hour or more."""
    copy = compacted(lake, tmp_path, states)
    for table in ("log_files", "event_copies", "set_aside", "evidence_files", "evidence", "evidence_facts"):
        sql = QUERIES["own_sql"]["QueryString"]
        sql = sql.replace("select * from jobs order by requested_at desc limit 100", f"select count(*) from {table}")
        found, expected = (Athena(each).connection.execute(sql).fetchone() for each in (copy, lake))
        assert found == expected, table
    for name in ("log_coverage", "lake_totals", "job_verdicts"):
        assert Athena(copy).rows(name, f"timestamptz '{NOW}'") == Athena(lake).rows(name, f"timestamptz '{NOW}'")


# The buckets


def lake_template(**parameters):
    return Resolved(load("lake.yaml"), parameters).resources


def test_object_lock_is_a_choice_for_evidence():
    assert "ObjectLockConfiguration" not in lake_template()["EvidenceBucket"]["Properties"]
    locked = lake_template(EvidenceLockDays="365", EvidenceLockMode="COMPLIANCE")["EvidenceBucket"]["Properties"]
    assert locked["ObjectLockEnabled"] is True
    assert locked["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {"Mode": "COMPLIANCE", "Days": "365"}
    for one in (lake_template(), lake_template(EvidenceLockDays="365")):
        assert "ObjectLockEnabled" not in one["LakeBucket"]["Properties"]


def test_buckets_stay_when_the_stack_goes():
    for one in lake_template().values():
        if one["Type"] == "AWS::S3::Bucket":
            assert one["DeletionPolicy"] == one["UpdateReplacePolicy"] == "Retain"


def test_members_write_evidence_only_where_an_organization_is_named():
    alone = lake_template()["EvidenceBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert [one["Effect"] for one in alone] == ["Deny"]
    deny, allow = lake_template(OrganizationId="o-abcdefghij")["EvidenceBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert allow["Action"] == "s3:PutObject" and allow["Resource"] == "<EvidenceBucket.Arn>/evidence/account_id=${aws:PrincipalAccount}/*"
    assert allow["Condition"]["StringEquals"] == {"aws:PrincipalOrgID": "o-abcdefghij"}
    member = load("member-role.yaml")["Parameters"]["MemberRoleName"]["Default"]
    assert allow["Condition"]["ArnLike"] == {"aws:PrincipalArn": f"arn:aws:iam::*:role/{member}"}


def test_athena_writes_its_answers_beside_the_lake_and_nowhere_else():
    resources = lake_template()
    configuration = resources["WorkGroup"]["Properties"]["WorkGroupConfiguration"]
    assert configuration["EnforceWorkGroupConfiguration"] is True
    assert configuration["ResultConfiguration"]["OutputLocation"] == "s3://<LakeBucket>/athena/"
    policy = resources["Analyst"]["Properties"]["PolicyDocument"]["Statement"]
    writes = [one for one in policy if "s3:PutObject" in listed(one["Action"])]
    assert [one["Resource"] for one in writes] == ["<LakeBucket.Arn>/athena/*"]


# Scheduled ingest and compact


def ingest(**parameters):
    return Resolved(load("ingest.yaml"), {**PARAMETERS["ingest.yaml"], **parameters}).resources


def test_one_shard_is_one_task_that_reads_and_rebuilds():
    resources = ingest(Shards="1")
    assert "Rebuild" not in resources and "RebuildAfterShards" not in resources
    target, = resources["IngestSchedule"]["Properties"]["Targets"]
    assert "ArrayProperties" not in target["BatchParameters"]
    command = resources["Ingest"]["Properties"]["ContainerProperties"]["Command"][2]
    assert "--shard" not in command and "bedrock-audit rebuild" in command


def test_several_shards_are_an_array_and_a_rebuild_of_its_own():
    resources = ingest(Shards="8")
    target, = resources["IngestSchedule"]["Properties"]["Targets"]
    assert target["BatchParameters"]["ArrayProperties"] == {"Size": "8"}
    container = resources["Ingest"]["Properties"]["ContainerProperties"]
    assert '--shard "$((AWS_BATCH_JOB_ARRAY_INDEX + 1))/$SHARDS"' in container["Command"][2]
    assert {"Name": "SHARDS", "Value": "8"} in container["Environment"]
    rebuild, = resources["RebuildAfterShards"]["Properties"]["Targets"]
    assert rebuild["BatchParameters"]["JobDefinition"] == "<Rebuild>"


@pytest.mark.parametrize("shards", ["1", "8"])
def test_compact_has_a_schedule_of_its_own_on_the_queue_that_is_watched(shards):
    resources = ingest(Shards=shards)
    rule = resources["CompactAfterIngest"]["Properties"]
    assert rule["ScheduleExpression"] == "cron(20 9 * * ? *)", "after ingest and rebuild"
    target, = rule["Targets"]
    assert target["Arn"] == "<JobQueue>" and target["BatchParameters"]["JobDefinition"] == "<Compact>"
    assert "ArrayProperties" not in target["BatchParameters"]
    submit, = statements(resources["ScheduleRole"]["Properties"])
    assert "<Compact>" in submit["Resource"]
    failed = resources["RunFailed"]["Properties"]["EventPattern"]["detail"]
    assert failed == {"jobQueue": ["<JobQueue>"], "status": ["FAILED"]}


@pytest.mark.parametrize("shards", ["1", "8"])
def test_without_a_schedule_nothing_is_left_of_compact(shards):
    resources = ingest(Shards=shards, CompactSchedule="")
    assert not [name for name in resources if "Compact" in name] and "<Compact>" not in json.dumps(resources)
    # Rebuild has the role of the lake too.
    assert ("LakeRole" in resources) == (shards == "8")
    pattern = re.compile(load("ingest.yaml")["Parameters"]["CompactSchedule"]["AllowedPattern"])
    for text in ("", "rate(7 days)", "cron(20 9 ? * SUN *)"):
        assert pattern.search(text), text
    for text in ("off", "cron()", "20 9 * * *"):
        assert not pattern.search(text), text


def test_a_task_may_read_the_trail_and_keep_the_lake_and_nothing_else():
    role = ingest()["TaskRole"]["Properties"]
    assert {one["Sid"]: (sorted(listed(one["Action"])), one["Resource"]) for one in statements(role)} == {
        "FindLogFiles": (["s3:ListBucket"], "arn:aws:s3:::trail"),
        "ReadLogFiles": (["s3:GetObject"], "arn:aws:s3:::trail/prefix/*"),
        "VerifyDigestFiles": (["cloudtrail:ListPublicKeys"], "*"),
        "FindParts": (["s3:ListBucket"], "arn:aws:s3:::lake"),
        "KeepLake": (["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], "arn:aws:s3:::lake/lake/*"),
    }
    # README says which those are.
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert actions(role) == set(re.findall(r"`((?:s3|cloudtrail):\w+)`", readme.split("## On your own trail")[1].split("\n## ")[0]))


def test_compact_and_rebuild_may_keep_the_lake_and_nothing_else():
    resources = ingest()
    for name in ("Compact", "Rebuild"):
        assert resources[name]["Properties"]["ContainerProperties"]["JobRoleArn"] == "<LakeRole.Arn>"
    assert resources["Ingest"]["Properties"]["ContainerProperties"]["JobRoleArn"] == "<TaskRole.Arn>"
    kept = {
        "FindParts": (["s3:ListBucket"], "arn:aws:s3:::lake"),
        "KeepLake": (["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], "arn:aws:s3:::lake/lake/*"),
    }
    role = resources["LakeRole"]["Properties"]
    assert {one["Sid"]: (sorted(listed(one["Action"])), one["Resource"]) for one in statements(role)} == kept
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/lake"
    role = ingest(LakeKeyArn=key, TrailKeyArn=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/trail")["LakeRole"]["Properties"]
    assert {one["Sid"]: (sorted(listed(one["Action"])), one["Resource"]) for one in statements(role)} == {
        **kept, "UseLakeKey": (["kms:Decrypt", "kms:GenerateDataKey"], key),
    }


def test_the_lakes_bucket_lets_compact_replace_files_and_forgets_them_in_time():
    resources = lake_template(KeepReplacedDays="7")
    denied = [
        (one["Sid"], one["Condition"]) for one in resources["LakeBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
        if one["Effect"] == "Deny"
    ]
    assert denied == [("TlsOnly", {"Bool": {"aws:SecureTransport": "false"}})]
    replaced, answers = resources["LakeBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    # Of the whole bucket: a version that is replaced, and the marker that is left when there is none below it.
    assert "Prefix" not in replaced and replaced["NoncurrentVersionExpiration"] == {"NoncurrentDays": "7"}
    assert replaced["ExpiredObjectDeleteMarker"] is True
    # What counts is never so old that it goes by itself.
    assert "ExpirationInDays" not in replaced and answers["Prefix"] == "athena/"


def fake_program(folder, ingest_code, rebuild_code, compact_code=0):
    program = folder / "bedrock-audit"
    codes = {"ingest": ingest_code, "rebuild": rebuild_code, "compact": compact_code}
    cases = " ".join(f"{command}) exit {code};;" for command, code in codes.items())
    program.write_text(f'#!/bin/sh\necho "$@" >>"{folder}/calls"\ncase $1 in {cases} esac\n')
    program.chmod(0o755)


def run_command(folder, container, **more):
    environment = {one["Name"]: one["Value"] for one in container["Environment"]}
    run = subprocess.run(
        container["Command"], env={**environment, **more, "PATH": f"{folder}:/usr/bin:/bin"}, capture_output=True,
        text=True, check=False,
    )
    assert run.stderr == ""
    return run.returncode, (folder / "calls").read_text().splitlines()


INGEST = "ingest s3://trail/prefix --lake s3://lake/lake --events audit --from 400d --quiet"
REBUILD = "rebuild --lake s3://lake/lake --quiet"
COMPACT = "compact --lake s3://lake/lake --quiet"


@pytest.mark.parametrize(("codes", "expected", "calls"), [
    ((0, 0), 0, [INGEST, REBUILD]),
    # Something was set aside: the rest is rebuilt, and the run says so.
    ((2, 0), 2, [INGEST, REBUILD]),
    ((3, 0), 3, [INGEST]),
    ((64, 0), 64, [INGEST]),
    ((0, 3), 3, [INGEST, REBUILD]),
])
def test_a_task_ends_as_its_program_does(tmp_path, codes, expected, calls):
    fake_program(tmp_path, *codes)
    container = ingest(Shards="1")["Ingest"]["Properties"]["ContainerProperties"]
    assert run_command(tmp_path, container) == (expected, calls)


@pytest.mark.parametrize(("codes", "expected", "calls"), [
    ((0, 0), 0, [COMPACT, REBUILD]),
    ((3, 0), 3, [COMPACT]),
    # An image of a version without the command.
    ((64, 0), 64, [COMPACT]),
    ((0, 3), 3, [COMPACT, REBUILD]),
])
def test_what_was_compacted_has_its_history_and_a_failure_is_told(tmp_path, codes, expected, calls):
    compact_code, rebuild_code = codes
    fake_program(tmp_path, 0, rebuild_code, compact_code)
    container = ingest()["Compact"]["Properties"]["ContainerProperties"]
    assert run_command(tmp_path, container) == (expected, calls)


def test_compact_is_tried_again_unless_the_image_does_not_know_it():
    strategy = ingest()["Compact"]["Properties"]["RetryStrategy"]
    assert strategy == {"Attempts": 3, "EvaluateOnExit": [
        {"OnExitCode": "64", "Action": "EXIT"}, {"OnExitCode": "*", "Action": "RETRY"},
    ]}


def test_a_shard_knows_its_place(tmp_path):
    fake_program(tmp_path, 0, 0)
    container = ingest(Shards="8")["Ingest"]["Properties"]["ContainerProperties"]
    # AWS Batch counts from 0, the program from 1.
    for index in ("0", "7"):
        code, calls = run_command(tmp_path, container, AWS_BATCH_JOB_ARRAY_INDEX=index)
    assert (code, calls) == (0, [f"{INGEST} --shard 1/8", f"{INGEST} --shard 8/8"])


def test_tasks_take_nothing_in():
    group = ingest()["SecurityGroup"]["Properties"]
    assert "SecurityGroupIngress" not in group
    assert [(one["FromPort"], one["ToPort"]) for one in group["SecurityGroupEgress"]] == [(443, 443)]
