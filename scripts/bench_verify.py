#!/usr/bin/env python3
"""usage: bench_verify.py --trail FOLDER --program P [--runs N]    what verification adds to an ingest, in CPU

In each round an ingest that passes digest files over and one that checks them run one after the other; the ratio is the median
of the rounds' ratios, so that a noisy minute touches both sides. FOLDER is one that bench-signed wrote.
"""
import argparse
import statistics
import tempfile
from pathlib import Path

from bench_measure import Failed, measure, table

# The copy of a chain has lost its metadata: its newest digest file is vouched for by nothing, which is exit code 2.
ENDS = {"without": [0], "with": [0, 2]}


def ingest(options, events, more, ends):
    with tempfile.TemporaryDirectory() as lake:
        arguments = [options.program, "--quiet", "ingest", options.trail / "logs", "--lake", lake, "--events", events, *more]
        run, code, stdout, stderr = measure([str(argument) for argument in arguments])
    if code not in ends:
        raise Failed(f"{' '.join(map(str, arguments))} ended with {code}: {stderr}")
    return run, stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trail", required=True, type=Path)
    parser.add_argument("--program", required=True, type=Path)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    checked = ["--public-keys", options.trail / "keys.json"]
    rows = []
    for events in ("audit", "all"):
        pairs = []
        for _ in range(options.runs + 1):
            without, _ = ingest(options, events, ["--skip-digests"], ENDS["without"])
            with_check, said = ingest(options, events, checked, ENDS["with"])
            if " valid" not in said:
                raise Failed(f"no digest file was found valid: {said}")
            pairs.append((without.cpu, with_check.cpu))
        # The first round warms up.
        pairs = pairs[1:]
        ratios = [b / a for a, b in pairs]
        rows.append([
            f"--events {events}",
            *(f"{statistics.median(side):.2f}" for side in zip(*pairs)),
            f"{statistics.median(ratios):.3f}",
            f"{min(ratios):.3f} to {max(ratios):.3f}",
        ])
    table(["ingest", "CPU s without", "CPU s with", "median of ratios", "range"], rows)


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        raise SystemExit(f"bench_verify.py: {failure}")
