"""The program under measurement: its commands, their accounts, rounds of them, and the cells of tables."""
import json
import re
import statistics
import sys
from dataclasses import dataclass

from bench_measure import Failed, Run, measure, output_folder
from bench_trails import generated

BOTH = ("audit", "all")
# Verdicts are no failures.
JUDGED = (0, 1, 2)
TRAIL_FILES_A_MILLION = 1500


class Skipped(Exception):
    pass


@dataclass
class Ingested(Run):
    log_files: int = 0
    records: int = 0
    kept: int = 0
    duplicates: int = 0
    json_bytes: int = 0


ACCOUNT = {
    "log_files": r"([\d,]+)  log files read",
    "records": r"records read: ([\d,]+)",
    "kept": r"([\d,]+)  kept",
    "duplicates": r"([\d,]+)  duplicates",
    "json_bytes": r"([\d,]+) of JSON",
}


class Bench:
    def __init__(self, options, scratch):
        self.options, self.scratch = options, scratch

    def trail(self):
        return self.options.trail or generated(self.options.events, trail_files(self.options.events))

    def run(self, *arguments, ends=(0,), cores=(), program=None, env=None):
        pinned = ["taskset", "-c", ",".join(map(str, cores))] if cores else []
        command = [*pinned, program or self.options.program, "--quiet", *arguments]
        run, code, stdout, stderr = measure([str(argument) for argument in command], env)
        if code not in ends:
            raise Failed(f"{' '.join(map(str, command))} ended with {code}: {stderr.strip()[-2000:]}")
        return run, stdout

    def ingest(self, source, lake, events, *more, **how):
        arguments = ["ingest", source, "--lake", lake, "--events", events, *more]
        run, said = self.run(*arguments, **how)
        found = {name: re.search(pattern, said) for name, pattern in ACCOUNT.items()}
        if not all(found.values()):
            raise Failed(f"ingest's account has another form: {said}")
        return Ingested(**vars(run), **{name: int(count[1].replace(",", "")) for name, count in found.items()})

    def value(self, lake, sql):
        """The one value that a statement gives."""
        _, rows = self.run("query", "--lake", lake, "--output", "json", "--sql", sql)
        return next(iter(json.loads(rows)[0].values()))

    def rounds(self, works):
        """Runs each work, a function of an empty folder, in turn: its runs by its name."""
        runs = {name: [] for name in works}
        for number in range(self.options.runs + 1):
            for name, work in works.items():
                print(f"round {number} of {self.options.runs}: {name}", file=sys.stderr)
                with output_folder(self.scratch) as out:
                    run = work(out)
                # The first round warms up.
                if number:
                    runs[name].append(run)
        return runs


def trail_files(events):
    return max(20, events * TRAIL_FILES_A_MILLION // 1_000_000)


def seconds(value):
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def mib(run):
    return f"{run.peak_bytes / 2**20:.0f}"


def share(part, whole):
    return f"{100 * part / whole:.1f} %" if whole else ""


def ratio(runs, others, field):
    return f"{statistics.median(getattr(a, field) / getattr(b, field) for a, b in zip(runs, others)):.3f}"


def about(trail, ingested):
    files, records, megabytes = ingested.log_files, ingested.records, ingested.json_bytes / 1e6
    print(f"{trail.name}: {files:,.0f} log files, {records:,.0f} records, {megabytes:,.0f} MB of JSON.\n")


def took(run):
    return [seconds(run.cpu), seconds(run.wall), mib(run)]


def point(bench, lake, event_id):
    """Looks one event up by its id."""
    sql = f"select count(*) as n from events where event_id = '{event_id}'"
    run, rows = bench.run("query", "--lake", lake, "--output", "json", "--sql", sql)
    if json.loads(rows) != [{"n": 1}]:
        raise Failed(f"the event {event_id} is not found once: {rows}")
    return run
