#!/usr/bin/env python3
"""usage: bench_scale.py [TABLE...] [options]    how bedrock-audit scales: a Markdown table each

cores      ingest of one trail on one core and on more
size       ingest of one trail, and of the same several times as large
objects    ingest of many log files of one to three records
days       a lake of many days, fed day by day: what opening it costs, before and after compact
s3         ingest from a stand-in for S3 that waits before each answer
queries    questions to a full lake of many events

What is compared runs in turn, once to warm up and then RUNS rounds; a figure is the median of the rounds, a ratio the
median of the rounds' ratios. Trails are made once, below the target folder's bench/; lakes are made there too, and
removed, but for that of queries, lake-..., which is used again: remove it where ingest has changed.

An ingest is of the whole machine unless a table says otherwise.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from bench_measure import Failed, medians, output_folder, table
from bench_program import BOTH, JUDGED, Bench, Skipped, about, mib, point, ratio, seconds, share, took
from bench_s3 import s3
from bench_trails import BENCH, cut, day_of, link, log_files, made_once, many_days, repeated

# By ledger and history: to go through all events may take minutes.
EVENTS = "select sum(records_kept) from log_files"
EVENT_ID = "select max(event_id) from job_requests"


def cores(bench):
    trail, available = bench.trail(), sorted(os.sched_getaffinity(0))
    counts = [count for count in bench.options.cores if count <= len(available)]
    if len(counts) < 2 or not shutil.which("taskset"):
        raise Skipped(f"it needs taskset and {max(bench.options.cores)} cores")
    rows = []
    for events in BOTH:
        works = {
            n: lambda out, n=n: bench.ingest(trail, out, events, "--workers", n, cores=available[:n]) for n in counts
        }
        runs = bench.rounds(works)
        alone = runs[counts[0]]
        for count in counts:
            middle = medians(runs[count])
            faster, dearer = ratio(alone, runs[count], "wall"), ratio(runs[count], alone, "cpu")
            name = f"--events {events}, {count}"
            rows.append([name, seconds(middle.wall), faster, seconds(middle.cpu), dearer, mib(middle)])
    about(trail, middle)
    table(["workers, as many as cores", "wall s", "times as fast", "CPU s", "CPU ratio", "peak MiB"], rows)


def size(bench):
    trail = bench.trail()
    trails = {times: repeated(trail, times) for times in bench.options.sizes}
    rows = []
    for events in BOTH:
        works = {
            times: lambda out, source=source: bench.ingest(source, out, events) for times, source in trails.items()
        }
        for times, runs in bench.rounds(works).items():
            middle = medians(runs)
            rows.append([
                f"--events {events}, {times} x", f"{middle.log_files:,.0f}", f"{middle.json_bytes / 1e9:.2f}",
                share(middle.duplicates, middle.records), seconds(middle.cpu),
                f"{middle.cpu / middle.json_bytes * 1e9:.2f}", seconds(middle.wall), mib(middle),
            ])
    print("Copies are hard links under keys of later days: each is read, but from the same pages of the file cache.")
    print("Ingest drops an event that it has seen in the same part, so the column of duplicates must stay small. It")
    print("grows a little where a trail has a second one beside it: a larger trail is cut into larger parts.\n")
    head = ["trail", "log files", "GB of JSON", "duplicates", "CPU s", "CPU ns a byte of JSON", "wall s", "peak MiB"]
    table(head, rows)


def objects(bench):
    source = cut(bench.trail(), bench.options.objects, (1, 3))
    works = {events: lambda out, events=events: bench.ingest(source, out, events) for events in BOTH}
    rows = []
    for events, runs in bench.rounds(works).items():
        middle = medians(runs)
        each = [f"{value / middle.log_files * 1e6:.0f}" for value in (middle.cpu, middle.wall)]
        rows.append([f"--events {events}", f"{middle.log_files:,.0f}", seconds(middle.cpu), *each, mib(middle)])
    about(source, middle)
    table(["ingest", "log files", "CPU s", "CPU us a log file", "wall us a log file", "peak MiB"], rows)


def days(bench):
    trail = many_days(bench.options.days, 2, 20)
    lake, delivered = bench.scratch / "lake", bench.scratch / "delivered"
    by_day = {}
    for path in log_files(trail):
        by_day.setdefault(day_of(path), []).append(path)
    for number, files in enumerate(by_day.values(), 1):
        print(f"day {number} of {len(by_day)}", end="\r" if number < len(by_day) else "\n", file=sys.stderr)
        for path in files:
            link(path, delivered / path.relative_to(trail))
        feeding = bench.ingest(delivered, lake, "all")
    states = [lake_state(bench, lake, delivered)]
    once = [["compact (once)", "", "", "", *took(bench.run("compact", "--lake", lake)[0])]]
    bench.ingest(delivered, lake, "all", "--orphan-age", "0s")
    states.append(lake_state(bench, lake, delivered))
    once.append(["ingest of the last day (once)", *took(feeding), "", "", ""])
    print(f"{len(by_day):,} days with {bench.value(lake, EVENTS):,} events, each brought by an ingest of its own.")
    print("Before and after compact, which here includes that what it replaced is gone.\n")
    rows = [[name, *(cell for state in states for cell in state[name])] for name in states[0]]
    columns = [f"{what}, {when}" for when in ("before", "after") for what in ("CPU s", "wall s", "peak MiB")]
    table(["work", *columns], rows + once)


def lake_state(bench, lake, delivered):
    """What each work takes on a lake that has changed: three figures by name."""
    event_id = bench.value(lake, EVENT_ID)
    works = {
        "rebuild": lambda _: bench.run("rebuild", "--lake", lake)[0],
        "ingest, nothing new": lambda _: bench.ingest(delivered, lake, "all"),
        "query: one event by its id": lambda _: point(bench, lake, event_id),
        "query: select 1": lambda _: bench.run("query", "--lake", lake, "--sql", "select 1")[0],
        "audit": lambda _: bench.run("audit", "--lake", lake, ends=JUDGED)[0],
    }
    files = sum(1 for path in lake.rglob("*") if path.is_file())
    state = {"files in the lake": [f"{files:,}", "", ""]}
    return state | {name: took(medians(runs)) for name, runs in bench.rounds(works).items()}


def full_lake(bench):
    """A full lake of one trail, or of several that stand for organizations of which each has a week of its own; kept, for it
    may take long to make."""
    if bench.options.trail:
        lake = bench.scratch / "full"
        bench.ingest(bench.options.trail, lake, "all")
        return lake
    trail, trails = bench.trail(), bench.options.trails
    copies = BENCH.parent / "debug/bench-copies"
    if trails > 1 and not copies.is_file():
        raise Skipped(f"it needs {copies} (cargo build -p end-to-end --bin bench-copies)")

    def make(lake):
        bench.ingest(trail, lake, "all")
        for number in range(1, trails):
            print(f"trail {number + 1} of {trails}", file=sys.stderr)
            with output_folder(BENCH) as folder:
                subprocess.run([copies, trail, folder / "trail", str(number)], check=True)
                bench.ingest(folder / "trail", lake, "all")

    return made_once(f"lake-{bench.options.events}-x{trails}", make)


def queries(bench):
    lake = full_lake(bench)
    counted, event_id = bench.value(lake, EVENTS), bench.value(lake, EVENT_ID)
    busiest = "select group_id from group_chronology group by group_id order by count(*) desc, group_id limit 1"
    group_id = bench.value(lake, busiest)
    by_name = "select event_name, count(*) as n from events group by event_name"

    def ask(*arguments, ends=(0,)):
        return lambda _: bench.run(*arguments, "--lake", lake, ends=ends)[0]

    runs = bench.rounds({
        "rebuild": ask("rebuild"),
        "audit": ask("audit", ends=JUDGED),
        "query job_verdicts": ask("query", "job_verdicts"),
        "query: one event by its id": lambda _: point(bench, lake, event_id),
        "query group_chronology, of one group": ask("query", "group_chronology", "--param", f"group={group_id}"),
        "query group_chronology, of all": ask("query", "group_chronology"),
        "query: all events counted by name": ask("query", "--sql", by_name),
        "query: select 1": ask("query", "--sql", "select 1"),
    })
    stored = sum(path.stat().st_size for path in lake.rglob("*.parquet"))
    print(f"A lake of {counted:,} events, {stored / 1e6:,.0f} MB of Parquet.\n")
    rows = [[name, *took(medians(each))] for name, each in runs.items()]
    table(["work", "CPU s", "wall s", "peak MiB"], rows)


TABLES = {table.__name__: table for table in (cores, size, objects, days, s3, queries)}


def counts(text):
    return [int(count) for count in text.split(",")]


def options_of():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    option = parser.add_argument
    option("tables", nargs="*", metavar="TABLE", help="which tables (all)")
    option("--program", type=Path, default=BENCH.parent / "release/bedrock-audit", help="bedrock-audit, release build")
    option("--s3-program", type=Path, help="the same with the feature s3, for the table s3")
    option("--runs", type=int, default=3, help="rounds (3)")
    option("--trail", type=Path, help="a folder of log files (one of the generator's)")
    option("--events", type=int, default=1_000_000, help="records of the generator's trail (1000000)")
    option("--cores", type=counts, default=[1, 2], help="how many cores, for the table cores (1,2)")
    option("--sizes", type=counts, default=[1, 3, 10], help="how many times the trail, for the table size (1,3,10)")
    option("--objects", type=int, default=20_000, help="log files of the table objects (20000)")
    option("--days", type=int, default=1160, help="days of the table days (1160: about 1,000 have log files)")
    option("--s3-objects", type=int, default=2000, help="log files of the table s3 (2000)")
    option("--s3-records", type=int, default=320, help="records in each of them (320, which are about 50 KB)")
    option("--s3-workers", type=counts, default=[2, 8], help="workers of the table s3 (2,8)")
    option("--latency-ms", type=int, default=50, help="what the stand-in waits before an answer (50)")
    option("--trails", type=int, default=1, help="trails of --events each in the lake of the table queries (1)")
    options = parser.parse_args()
    if unknown := set(options.tables) - TABLES.keys():
        parser.error(f"no such table: {', '.join(sorted(unknown))}; there are {', '.join(TABLES)}")
    for program in (options.program, options.s3_program):
        if program and not program.is_file():
            parser.error(f"there is no program {program}")
    return options


def main():
    options = options_of()
    for name in ("program", "s3_program", "trail"):
        if path := getattr(options, name):
            setattr(options, name, path.resolve())
    BENCH.mkdir(parents=True, exist_ok=True)
    failed = 0
    for name in options.tables or TABLES:
        print(f"## {name}\n", flush=True)
        with tempfile.TemporaryDirectory(dir=BENCH, prefix="scratch-") as scratch:
            try:
                TABLES[name](Bench(options, Path(scratch)))
            except Skipped as reason:
                print(f"Left out: {reason}.\n", flush=True)
            except (Failed, subprocess.CalledProcessError) as error:
                print(f"bench_scale.py: {name}: {error}", file=sys.stderr)
                failed += 1
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
