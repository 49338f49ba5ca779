"""What the benchmarks share: a command run to its end, what it took, and tables in Markdown.

CPU is user and system time of a process and all that it started and waited for, peak memory that of the largest of
them. A process is born with the peak of the script that starts it, so no peak below about 15 MiB is seen.
"""
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

# Bytes in the unit of ru_maxrss.
RSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass
class Run:
    cpu: float
    wall: float
    peak_bytes: int
    parquet_bytes: int = 0


class Failed(Exception):
    pass


def measure(arguments, env=None):
    """Runs a command to its end; returns what it took, its exit code and both streams."""
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        start = time.monotonic()
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=env)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        streams = []
        for stream in (stdout, stderr):
            stream.seek(0)
            streams.append(stream.read().decode(errors="replace"))
    run = Run(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * RSS_UNIT)
    return run, process.returncode, *streams


def output_of(*arguments):
    _, code, stdout, stderr = measure([str(argument) for argument in arguments])
    if code != 0:
        raise Failed(f"{arguments[0]} ended with {code}: {stderr.strip()[-2000:]}")
    return stdout


@contextlib.contextmanager
def output_folder(scratch):
    folder = Path(tempfile.mkdtemp(dir=scratch))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def medians(runs):
    """A run that took the median of each; of no single round."""
    return type(runs[0])(**{field: statistics.median(getattr(run, field) for run in runs) for field in vars(runs[0])})


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("| --- |" + " --: |" * (len(head) - 1))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)
