#!/usr/bin/env python3
"""usage: bench_peers.py available | counts PARQUET_FOLDER | PEER LOGS OUT    what scripts/bench compares ingest with

Each peer does the work as that engine does it best, as far as we could find out: `*_answers` count straight from the
logs and print the counts; `*_parquet` write every record to Parquet below OUT, top-level members as columns and JSON
members as text. `counts` prints the same counts from such Parquet.
"""
import contextlib
import glob
import importlib
import json
import os
import sys

TEXT = """eventVersion eventTime eventID eventSource eventName eventType eventCategory awsRegion recipientAccountId
    sourceIPAddress userAgent errorCode errorMessage requestID apiVersion sharedEventID vpcEndpointId
    vpcEndpointAccountId sessionCredentialFromConsole""".split()
BOOL = "readOnly managementEvent".split()
JSON = """userIdentity requestParameters responseElements additionalEventData resources serviceEventDetails addendum
    tlsDetails edgeDeviceDetails eventContext""".split()
ASKED = "eventID eventSource eventName errorCode requestParameters".split()

LOGS = "**/*_CloudTrail_*.json.gz"

# What is counted, of different events: requests for a customization job, those refused, jobs outside a VPC, and
# security groups deleted. The places in it: how this engine counts with a condition, and says "has no vpcConfig".
COUNTS = """
    select {count_if}(eventName = 'CreateModelCustomizationJob') as job_requests,
           {count_if}(eventName = 'CreateModelCustomizationJob' and errorCode is not null) as refused,
           {count_if}(eventName = 'CreateModelCustomizationJob' and errorCode is null and {no_vpc}) as outside_vpc,
           {count_if}(eventName = 'DeleteSecurityGroup' and errorCode is null) as deletions
    from asked"""
IS_ASKED = """((eventSource = 'bedrock.amazonaws.com' and eventName = 'CreateModelCustomizationJob')
            or (eventSource = 'ec2.amazonaws.com' and eventName = 'DeleteSecurityGroup'))"""
DUCKDB_COUNTS = COUNTS.format(
    count_if="count_if", no_vpc="coalesce(json_type(requestParameters::json, '$.vpcConfig'), 'NULL') = 'NULL'"
)


def log_files(logs):
    return sorted(glob.glob(os.path.join(logs, LOGS), recursive=True))


def largest_document(files):
    """Bytes of the largest document, by the last four bytes of each gzip file."""
    sizes = []
    for path in files:
        with open(path, "rb") as file:
            file.seek(-4, os.SEEK_END)
            sizes.append(int.from_bytes(file.read(4), "little"))
    return max(sizes)


def duckdb_records(logs, members):
    """DuckDB's fastest reading that we know: named members only, each with its type, nothing inferred."""
    files = log_files(logs)
    types = ", ".join(
        f'"{name}" {"JSON" if name in JSON else "BOOLEAN" if name in BOOL else "VARCHAR"}' for name in members
    )
    sql = f"""select unnest(record) from (
        select unnest("Records") as record
        from read_json($files, columns = {{'Records': 'STRUCT({types})[]'}}, format = 'unstructured', records = true,
                       maximum_object_size = $largest))"""
    return sql, {"files": files, "largest": max(largest_document(files) + 1024, 16 << 20)}


def duckdb_answers(logs, _out):
    import duckdb

    records, parameters = duckdb_records(logs, ASKED)
    sql = f"""with asked as (select distinct on (eventID) * from ({records}) where {IS_ASKED})
        {DUCKDB_COUNTS}"""
    return rows_of(duckdb.execute(sql, parameters))


def duckdb_parquet(logs, out):
    import duckdb

    records, parameters = duckdb_records(logs, TEXT + BOOL + JSON)
    duckdb.execute("set preserve_insertion_order = false")
    duckdb.execute(
        f"copy ({records}) to '{out}/records.parquet' (format parquet, compression zstd, compression_level 1)",
        parameters,
    )


def counts(folder):
    import duckdb

    sql = f"""with asked as (select distinct on (eventID) * from read_parquet($parquet) where {IS_ASKED})
        {DUCKDB_COUNTS}"""
    return rows_of(duckdb.execute(sql, {"parquet": f"{folder}/*.parquet"}))


def rows_of(cursor):
    return dict(zip((column[0] for column in cursor.description), cursor.fetchone()))


def chdb_records(logs, members):
    types = ", ".join(f"{name} Nullable({'Bool' if name in BOOL else 'String'})" for name in members)
    columns = ", ".join(f"`r.{name}` as {name}" for name in members)
    return f"""select {columns} from (select untuple(record) as r from (
        select arrayJoin(Records) as record
        from file('{logs}/{LOGS}', 'JSONEachRow', 'Records Array(Tuple({types}))')))"""


# JSON members stay text, and members that nobody asked for are passed over. Whole files in parallel, not parts of one.
CHDB_SETTINGS = """settings input_format_json_read_objects_as_strings = 1, input_format_skip_unknown_fields = 1,
    input_format_json_ignore_unknown_keys_in_named_tuple = 1, input_format_parallel_parsing = 0,
    input_format_json_defaults_for_missing_elements_in_named_tuple = 1"""


def chdb_answers(logs, _out):
    import chdb

    counts = COUNTS.format(count_if="countIf", no_vpc="JSONType(ifNull(requestParameters, ''), 'vpcConfig') = 'Null'")
    sql = f"""with asked as (select * from ({chdb_records(logs, ASKED)}) where {IS_ASKED} limit 1 by eventID)
        {counts} {CHDB_SETTINGS}, output_format_json_quote_64bit_integers = 0"""
    return json.loads(str(chdb.query(sql, "JSONEachRow")))


def chdb_parquet(logs, out):
    import chdb

    chdb.query(
        f"""insert into function file('{out}/records.parquet', 'Parquet') {chdb_records(logs, TEXT + BOOL + JSON)}
        {CHDB_SETTINGS}, output_format_parquet_compression_method = 'zstd', output_format_compression_level = 1"""
    )


@contextlib.contextmanager
def spark_records(logs, members):
    """Spark reads a log file as one line. A member of type string takes an object as its JSON."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    settings = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "6g",
        "spark.log.level": "ERROR",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": os.cpu_count(),
        "spark.ui.enabled": "false",
    }
    builder = SparkSession.builder.master("local[*]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    types = ", ".join(f"{name}: {'boolean' if name in BOOL else 'string'}" for name in members)
    yield spark.read.schema(f"Records array<struct<{types}>>").json(log_files(logs)).selectExpr("inline(Records)")
    spark.stop()
    # What the virtual machine took is known once it was waited for.
    gateway = SparkContext._gateway
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait()


def spark_answers(logs, _out):
    no_vpc = "coalesce(get_json_object(requestParameters, '$.vpcConfig'), 'null') = 'null'"
    with spark_records(logs, ASKED) as records:
        asked = records.where(IS_ASKED).dropDuplicates(["eventID"])
        asked.createOrReplaceTempView("asked")
        return asked.sparkSession.sql(COUNTS.format(count_if="count_if", no_vpc=no_vpc)).first().asDict()


def spark_parquet(logs, out):
    with spark_records(logs, TEXT + BOOL + JSON) as records:
        settings = {"compression": "zstd", "parquet.compression.codec.zstd.level": 1}
        records.write.mode("append").options(**settings).parquet(out)


def polars_parquet(logs, out):
    """Polars has no JSON text type: it infers a type for each file and writes JSON members out as text again."""
    import gzip
    from concurrent.futures import ThreadPoolExecutor

    import polars

    def column(frame, name):
        kind = polars.Boolean if name in BOOL else polars.String
        if name not in frame.columns:
            return polars.lit(None, kind).alias(name)
        if isinstance(frame.schema[name], polars.Struct):
            return polars.col(name).struct.json_encode()
        if isinstance(frame.schema[name], polars.List):
            return polars.struct(name).struct.json_encode().alias(name)
        return polars.col(name).cast(kind)

    def records(path):
        with gzip.open(path) as file:
            frame = polars.read_json(file.read()).explode("Records").unnest("Records")
        return frame.select([column(frame, name) for name in TEXT + BOOL + JSON])

    files = log_files(logs)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        # A Parquet file for every hundred log files, so that memory does not grow with the trail.
        for start in range(0, len(files), 100):
            frame = polars.concat(threads.map(records, files[start : start + 100]))
            frame.write_parquet(f"{out}/records-{start}.parquet", compression="zstd", compression_level=1)


def available():
    versions = {}
    for name in ("duckdb", "chdb", "polars", "pyspark"):
        try:
            versions[name] = importlib.import_module(name).__version__
        except ImportError:
            pass
    return versions


PEERS = (duckdb_answers, duckdb_parquet, chdb_answers, chdb_parquet, polars_parquet, spark_answers, spark_parquet)


def main():
    match sys.argv[1:]:
        case ["available"]:
            answer = available()
        case ["counts", folder]:
            answer = counts(folder)
        case [name, logs, out] if name in (peer.__name__ for peer in PEERS):
            answer = globals()[name](os.path.abspath(logs), out)
        case _:
            sys.exit(__doc__)
    if answer is not None:
        print(json.dumps(answer))


if __name__ == "__main__":
    main()
