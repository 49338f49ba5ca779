"""The table s3 of bench_scale.py: ingest from a stand-in for S3 that waits before each answer."""
import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench_measure import Failed, medians, table
from bench_program import BOTH, Ingested, Skipped, about, mib, seconds, share
from bench_trails import cut, log_files

HERE = Path(__file__).resolve().parent


@dataclass
class Served(Ingested):
    requests: int = 0
    peak_under_way: int = 0
    server_cpu: float = 0


@contextlib.contextmanager
def stand_in(folder, latency_ms):
    """A server, what it told and its CPU once it has ended."""
    command = [sys.executable, "-B", HERE / "slow_s3.py", "--folder", folder, "--latency-ms", str(latency_ms)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    told = {}
    try:
        told["port"] = int(server.stdout.readline())
        yield told
    finally:
        server.send_signal(signal.SIGTERM)
        text = server.stdout.read()
        _, status, usage = os.wait4(server.pid, 0)
        server.returncode = os.waitstatus_to_exitcode(status)
    told.update(json.loads(text), cpu=usage.ru_utime + usage.ru_stime)


def served(bench, source, out, events, workers, latency_ms):
    """An ingest from one bucket into another."""
    (out / "lake").mkdir()
    (out / "trail").symlink_to(source, target_is_directory=True)
    with stand_in(out, latency_ms) as server:
        endpoint = f"http://127.0.0.1:{server['port']}"
        env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        env |= {"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
        env |= {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "no-secret"}
        env |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "NO_PROXY": "127.0.0.1"}
        how = {"program": bench.options.s3_program, "env": env}
        run = bench.ingest("s3://trail", "s3://lake/lake", events, "--skip-digests", "--workers", workers, **how)
    if refused := [f"{name} {count} times" for name, count in server["by_operation"].items() if "refused" in name]:
        raise Failed(f"the stand-in answered {', '.join(refused)}")
    return Served(**vars(run), requests=server["requests"], peak_under_way=server["peak"], server_cpu=server["cpu"])


def s3(bench):
    if not bench.options.s3_program:
        raise Skipped("give a build with the feature s3 as --s3-program")
    records = bench.options.s3_records
    source = cut(bench.trail(), bench.options.s3_objects, (records, records))
    waits = (0, bench.options.latency_ms)
    kinds = [(events, workers, wait) for wait in waits for events in BOTH for workers in bench.options.s3_workers]
    works = {kind: lambda out, kind=kind: served(bench, source, out, *kind) for kind in kinds}
    rows, cores = [], len(os.sched_getaffinity(0))
    for (events, workers, wait), runs in bench.rounds(works).items():
        middle = medians(runs)
        rows.append([
            f"--events {events}, {workers}, {wait} ms", seconds(middle.wall), f"{middle.log_files / middle.wall:,.0f}",
            seconds(middle.cpu), share(middle.cpu, middle.wall * cores), f"{middle.requests:,.0f}",
            f"{middle.peak_under_way:.0f}" if wait else "", seconds(middle.server_cpu),
            share(middle.server_cpu, middle.wall), mib(middle),
        ])
    about(source, middle)
    stored = sum(path.stat().st_size for path in log_files(source)) / middle.log_files
    print(f"{stored / 1e3:.0f} KB a log file as stored. Trail and lake are buckets of one stand-in, a process of one")
    print(f"thread that takes its CPU from the same {cores} cores: what it took is told, its start included. Without")
    print("latency its own speed is the bound, and it has one request under way at a time.\n")
    columns = ["wall s", "log files a s", "CPU s", f"busy, of {cores} cores", "requests", "under way at the peak"]
    table(["ingest, workers, latency", *columns, "stand-in's CPU s", "of one core", "peak MiB"], rows)
