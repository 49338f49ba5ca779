#!/usr/bin/env python3
"""usage: bench.py --logs FOLDER --program P --inflate P --python P [--runs N]    measures ingest beside its peers

Every contender runs once to warm up, and its answer is checked; then all of them run in turn, N rounds. A ratio is
the median of the ratios within each round, so that a noisy minute touches both sides of it.
"""
import argparse
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench_measure import Failed, measure, medians, output_folder, output_of, table

ROOT = Path(__file__).resolve().parent.parent
ANSWERS = ROOT / "tests/python/duckdb_answers.py"
PEERS = ROOT / "scripts/bench_peers.py"
NAMES = "AuthorizeSecurityGroupIngress,CreateModelCustomizationJob,CreateSecurityGroup,DeleteSecurityGroup"

AUDIT, FULL, INFLATE = "audit ingest", "full ingest", "inflate only"

# gzip itself, zlib by pigz, ISA-L, and libdeflate, each over every log file, a process for a hundred of them.
GUNZIP = ["gzip", "pigz", "igzip", "libdeflate-gzip"]
ALL_GUNZIPPED = """find "$1" -name '*_CloudTrail_*.json.gz' -print0 | xargs -0 -n 100 -P "$(getconf _NPROCESSORS_ONLN)" "$0" -dc >/dev/null"""

RATIOS = [
    *((INFLATE, f"{program} -dc") for program in GUNZIP),
    (AUDIT, INFLATE),
    (AUDIT, "DuckDB, from the logs"),
    (AUDIT, "chdb, from the logs"),
    (AUDIT, "Spark, from the logs"),
    (FULL, INFLATE),
    (FULL, "DuckDB to Parquet"),
    (FULL, "chdb to Parquet"),
    (FULL, "Polars to Parquet"),
    (FULL, "Spark to Parquet"),
]


@dataclass
class Contender:
    """`command` makes the arguments for an output folder; `counts` reads the answer from its stdout and that folder."""

    name: str
    command: Callable
    counts: Callable | None


def run_once(contender, out):
    run, code, stdout, stderr = measure([str(argument) for argument in contender.command(out)])
    if code != 0:
        raise Failed(f"{contender.name} ended with {code}: {stderr.strip()[-2000:]}")
    run.parquet_bytes = sum(file.stat().st_size for file in out.rglob("*.parquet"))
    return run, stdout


def counts_of(answers):
    """The counts that the peers give, from a document of duckdb_answers.py."""
    by_name = {row["event_name"]: row for row in answers["event_counts"]}
    none = {"count": 0, "errors": 0}
    jobs, deletions = (by_name.get(name, none) for name in ("CreateModelCustomizationJob", "DeleteSecurityGroup"))
    return {
        "job_requests": jobs["count"],
        "refused": jobs["errors"],
        "outside_vpc": len(answers["jobs_created_outside_vpc"]),
        "deletions": deletions["count"] - deletions["errors"],
    }


def contenders(options, available, expected):
    python, logs = options.python, options.logs

    def ingest(events):
        return lambda out: [options.program, "ingest", logs, "--lake", out, "--events", events, "--quiet"]

    def lake_counts(_stdout, out):
        answers = json.loads(output_of(python, ANSWERS, "lake", out, "--names", NAMES))
        differing = [question for question in expected if question != "about" and answers[question] != expected[question]]
        if differing:
            raise Failed(f"the lake and the logs differ in {', '.join(differing)}")
        return counts_of(answers)

    def peer(name, function):
        printed = function.endswith("_answers")
        return Contender(
            name,
            lambda out: [python, PEERS, function, logs, out],
            lambda stdout, out: json.loads(stdout if printed else output_of(python, PEERS, "counts", out)),
        )

    yield Contender(INFLATE, lambda out: [options.inflate, logs], None)
    for program in filter(shutil.which, GUNZIP):
        yield Contender(f"{program} -dc", lambda out, program=program: ["sh", "-c", ALL_GUNZIPPED, program, logs], None)
    yield Contender(AUDIT, ingest("audit"), lake_counts)
    yield peer("DuckDB, from the logs", "duckdb_answers")
    if "chdb" in available:
        yield peer("chdb, from the logs", "chdb_answers")
    if "pyspark" in available:
        yield peer("Spark, from the logs", "spark_answers")
    yield Contender(FULL, ingest("all"), lake_counts)
    yield peer("DuckDB to Parquet", "duckdb_parquet")
    if "chdb" in available:
        yield peer("chdb to Parquet", "chdb_parquet")
    if "polars" in available:
        yield peer("Polars to Parquet", "polars_parquet")
    if "pyspark" in available:
        yield peer("Spark to Parquet", "spark_parquet")


def warm_up(contender, scratch, counts):
    """One run that is not counted; fails unless the answer is right. Returns what it printed."""
    with output_folder(scratch) as out:
        _, stdout = run_once(contender, out)
        if contender.counts:
            found = contender.counts(stdout, out)
            if found != counts:
                raise Failed(f"{contender.name} counted {found} instead of {counts}")
    return stdout.strip()


def report(runs):
    def row(name):
        middle = medians(runs[name])
        parquet = f"{middle.parquet_bytes / 1e6:.1f}" if middle.parquet_bytes else ""
        return [name, f"{middle.cpu:.2f}", f"{middle.wall:.2f}", f"{middle.peak_bytes / 2**20:.0f}", parquet]

    table(["work (medians)", "CPU s", "wall s", "peak MiB", "Parquet MB"], [row(name) for name in runs])
    rows = []
    for ours, theirs in RATIOS:
        if ours in runs and theirs in runs:
            ratios = [a.cpu / b.cpu for a, b in zip(runs[ours], runs[theirs])]
            middle = statistics.median(ratios)
            rows.append([ours, theirs, f"{middle:.3f}", f"{min(ratios):.3f} to {max(ratios):.3f}", f"{1 / middle:.1f} x"])
    table(["ratio of CPU", "against", "median of pairs", "range", "less"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, about in (
        ("--logs", "folder of gzip-compressed log files, none of them damaged"),
        ("--program", "bedrock-audit, release build"),
        ("--inflate", "the example inflate, release build"),
        ("--python", "a Python that has duckdb, and chdb, polars and pyspark if they are to be measured"),
    ):
        parser.add_argument(name, required=True, type=os.path.abspath, help=about)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()

    available = json.loads(output_of(options.python, PEERS, "available"))
    expected = json.loads(output_of(options.python, ANSWERS, "raw", options.logs, "--names", NAMES))
    if not expected["about"]["log_files"] or expected["about"]["unreadable"]:
        raise Failed(f"{options.logs} is no folder of sound log files: {expected['about']}")
    counts = counts_of(expected)

    with tempfile.TemporaryDirectory(prefix="bedrock-audit-bench-") as scratch:
        field, size = [], ""
        for contender in contenders(options, available, expected):
            print(f"warm-up: {contender.name}", file=sys.stderr)
            try:
                printed = warm_up(contender, scratch, counts)
            except Failed as error:
                if contender.name in (INFLATE, AUDIT, FULL):
                    raise
                print(f"left out: {error}", file=sys.stderr)
                continue
            size = printed if contender.name == INFLATE else size
            field.append(contender)

        runs = {contender.name: [] for contender in field}
        for number in range(1, options.runs + 1):
            for contender in field:
                print(f"round {number} of {options.runs}: {contender.name}", file=sys.stderr)
                with output_folder(scratch) as out:
                    runs[contender.name].append(run_once(contender, out)[0])

    versions = ", ".join(f"{name} {version}" for name, version in available.items())
    print(f"{size}; {options.runs} rounds; {os.cpu_count()} cores, {platform.machine()}; {versions}")
    print(f"The same answer from each, by the logs or by the Parquet: {', '.join(f'{name} {count}' for name, count in counts.items())}.")
    print("A peer's CPU and memory include Python itself; no memory below that of bench.py (about 15 MiB) is seen.\n")
    report(runs)


if __name__ == "__main__":
    try:
        main()
    except Failed as error:
        sys.exit(f"bench.py: {error}")
