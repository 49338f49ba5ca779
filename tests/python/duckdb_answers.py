#!/usr/bin/env python3
"""The same questions asked of another engine, to compare with our own answers.

    duckdb_answers.py raw FOLDER --names CreateModelCustomizationJob,DeleteSecurityGroup,...
    duckdb_answers.py lake LAKE --names ...

`raw` reads CloudTrail's log files as they are, `lake` reads our Parquet; neither runs any code of this
project. Both print one JSON document with sorted answers, which must be equal but for `about`.
Needs a Python that has the package `duckdb`.
"""
import argparse
import gzip
import json
import os
import sys
import zlib

import duckdb

# One row per event: the columns that every question below is asked of. Parameters and elements are JSON text.
EMPTY = """create temp table events (event_id varchar, event_time varchar, event_source varchar, event_name varchar,
           error_code varchar, request_parameters json, response_elements json)"""

ANSWERS = {
    "jobs_created_outside_vpc": """
        select response_elements ->> '$.jobArn' as job_arn, event_time as requested_at, event_id
        from events
        where event_source = 'bedrock.amazonaws.com' and event_name = 'CreateModelCustomizationJob' and error_code is null
          and coalesce(json_type(request_parameters, '$.vpcConfig'), 'NULL') = 'NULL'
        order by job_arn, requested_at, event_id""",
    "refused_job_requests": """
        select event_id, error_code
        from events
        where event_source = 'bedrock.amazonaws.com' and event_name = 'CreateModelCustomizationJob' and error_code is not null
        order by event_id""",
    "job_security_groups": """
        select distinct response_elements ->> '$.jobArn' as job_arn,
               unnest(request_parameters ->> '$.vpcConfig.securityGroupIds[*]') as group_id
        from events
        where event_source = 'bedrock.amazonaws.com' and event_name = 'CreateModelCustomizationJob' and error_code is null
        order by job_arn, group_id""",
    "security_group_deletions_by_id": """
        select request_parameters ->> '$.groupId' as group_id, event_id, event_time
        from events
        where event_source = 'ec2.amazonaws.com' and event_name = 'DeleteSecurityGroup' and error_code is null
          and (request_parameters ->> '$.groupId') is not null
        order by group_id, event_time, event_id""",
    "event_counts": """
        select event_source, event_name, count(error_code) as errors, count(*) as count
        from events
        where event_name in (select unnest(?))
        group by all
        order by event_source, event_name""",
}


def log_files(folder):
    """Readable log files below the folder, the unreadable ones, and the bytes of the largest document."""
    readable, unreadable, largest = [], [], 0
    for at, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in ("CloudTrail-Digest", "CloudTrail-Insight"))
        for name in sorted(names):
            if "_CloudTrail_" not in name or not name.endswith((".json", ".json.gz")):
                continue
            path = os.path.join(at, name)
            try:
                with (gzip.open if name.endswith(".gz") else open)(path, "rb") as file:
                    text = file.read()
                if not isinstance(json.loads(text)["Records"], list):
                    raise ValueError("Records is not an array")
            except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError):
                unreadable.append(os.path.relpath(path, folder))
                continue
            readable.append(path)
            largest = max(largest, len(text))
    return readable, unreadable, largest


def load_raw(db, folder):
    files, unreadable, largest = log_files(folder)
    db.execute(EMPTY)
    if files:
        # The shapes of records differ from file to file, so a record stays JSON and nothing is inferred.
        db.execute(
            """insert into events by name
               with records as (
                   select unnest("Records") as record
                   from read_json($files, columns = {'Records': 'JSON[]'}, format = 'unstructured', records = true,
                                  maximum_object_size = $largest)
               )
               select distinct on (event_id)
                      record ->> '$.eventID' as event_id, record ->> '$.eventTime' as event_time,
                      record ->> '$.eventSource' as event_source, record ->> '$.eventName' as event_name,
                      record ->> '$.errorCode' as error_code,
                      record -> '$.requestParameters' as request_parameters,
                      record -> '$.responseElements' as response_elements
               from records
               where (record ->> '$.eventID') is not null""",
            {"files": files, "largest": max(largest + 1024, 16 << 20)},
        )
    return {"log_files": len(files), "unreadable": unreadable}


def load_lake(db, lake):
    """A part of events counts only when log_files, the ledger, has a part of the same name."""
    db.execute(EMPTY)
    parts = db.execute("select count(*) from glob(?)", [f"{lake}/events/*/*.parquet"]).fetchone()[0]
    if parts:
        db.execute(
            """insert into events by name
               select distinct on (event_id)
                      event_id, strftime(make_timestamp(epoch_us(event_time)), '%Y-%m-%dT%H:%M:%SZ') as event_time,
                      event_source, event_name, error_code,
                      request_parameters::json as request_parameters, response_elements::json as response_elements
               from read_parquet($events, hive_partitioning = true, union_by_name = true, filename = true)
               where regexp_replace(parse_filename(filename, true), '-[0-9]+$', '') in (select parse_filename(file, true) from glob($ledger))""",
            {"events": f"{lake}/events/*/*.parquet", "ledger": f"{lake}/log_files/*.parquet"},
        )
    return {"parts": parts}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("of", choices=("raw", "lake"))
    parser.add_argument("folder")
    parser.add_argument("--names", default="", help="event names to count, separated by commas")
    arguments = parser.parse_args()
    if not os.path.isdir(arguments.folder):
        sys.exit(f"{arguments.folder} is not a folder")

    db = duckdb.connect()
    about = (load_raw if arguments.of == "raw" else load_lake)(db, arguments.folder.rstrip("/"))
    names = [name for name in arguments.names.split(",") if name]
    document = {"about": about}
    for question, sql in ANSWERS.items():
        cursor = db.execute(sql, [names] if "?" in sql else [])
        columns = [column[0] for column in cursor.description]
        document[question] = [dict(zip(columns, row)) for row in cursor.fetchall()]
    json.dump(document, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
