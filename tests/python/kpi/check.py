#!/usr/bin/env python3
"""Plants a story, ingests it with the program, asks each KPI query, and compares with the model.

    check.py PROGRAM FOLDER [--only QUESTION,...] SEED...       exit code 1 when anything differs
"""
import csv
import io
import re
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import kpi_model
import kpi_story
from kpi_story import BASES, END, iso

PRICES = [(BASES[0], 40.0, None), (BASES[1], 5.5, 1.25)]  # the third has no price
PROGRAM, FOLDER = sys.argv[1], Path(sys.argv[2])
QUERIES = Path(__file__).resolve().parents[3] / "queries"
SEEDS, ONLY = sys.argv[3:], None
if SEEDS and SEEDS[0] == "--only":
    ONLY, SEEDS = SEEDS[1].split(","), SEEDS[2:]


def ask(lake, name, prices=()):
    """The rows of a question as of the story's end."""
    question, = QUERIES.glob(f"*/{name}.sql")
    times = re.findall(r"(?m)^-- parameter:\s+\$(as_of|until)\s", question.read_text(encoding="utf-8"))
    command = [PROGRAM, "query", name, "-q", "--lake", str(lake), "--output", "csv"]
    command += [x for time in times for x in (f"--{time.replace('_', '-')}", iso(END))]
    if prices:
        file = FOLDER / "prices.csv"
        lines = [",".join("" if x is None else str(x) for x in row) for row in prices]
        file.write_text("\n".join(["base_model,usd_per_job,usd_per_hour", *lines, ""]))
        command += ["--prices", str(file)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return list(csv.DictReader(io.StringIO(run.stdout)))


def at(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def number(text):
    return None if text == "" else float(text)


def near(found, expected):
    """The queries round to hundredths."""
    if found is None or expected is None:
        return found is expected
    return abs(found - expected) <= 0.0051


class Differences:
    def __init__(self):
        self.count, self.rows = 0, {}

    def compare(self, question, ask_found, ask_expected):
        if ONLY and question.split(" ")[0] not in ONLY:
            return
        found, expected = ask_found(), ask_expected()
        self.rows[question] = len(expected)
        for key in sorted(set(found) | set(expected), key=str):
            one, other = found.get(key), expected.get(key)
            same = one is not None and other is not None and len(one) == len(other) and all(
                near(a, b) if isinstance(a, float) or isinstance(b, float) else a == b for a, b in zip(one, other)
            )
            if not same:
                self.count += 1
                print(f"{question} {key}\n   found    {one}\n   expected {other}")


def against_verdicts(lake, rows, different, percent, rounded):
    """The verdicts have a model of their own; here it is what is made of them."""
    verdicts = ask(lake, "job_verdicts")
    expected = {}
    for v in verdicts:
        if v["control"] != "job_network_tagged":
            month = at(v["requested_at"]) and kpi_model.month_of(at(v["requested_at"]))
            expected.setdefault((month, v["control"]), []).append(v["verdict"])
    names = ("NonCompliant", "Compliant", "NotApplicable", "Undetermined")
    counts = ("judged", "violations", "compliant", "not_applicable", "undetermined")
    different.compare(
        "violations_by_control_and_month",
        lambda: {(at(r["starts_at"]), r["control"]): tuple(int(r[c]) for c in counts) + (number(r["percent_violating"]),)
                 for r in rows("violations_by_control_and_month")},
        lambda: {k: (len(v), *(v.count(n) for n in names), rounded(percent(v.count("NonCompliant"), v.count("NonCompliant") + v.count("Compliant"))))
                 for k, v in expected.items()},
    )
    # Two ways to count one thing: jobs in a VPC as the verdicts have it.
    in_vpc = [v["verdict"] for v in verdicts if v["control"] == "job_in_vpc"]
    months = [r for r in rows("jobs_in_vpc_by_period") if (r["period"], r["job_kind"]) == ("month", "all")]
    totals = tuple(sum(int(r[c]) for r in months) for c in ("in_vpc", "outside_vpc", "unknown"))
    different.compare(
        "violations_by_control_and_month (jobs in a VPC)", lambda: {"": totals},
        lambda: {"": tuple(in_vpc.count(n) for n in ("Compliant", "NonCompliant", "Undetermined"))},
    )


def check(seed):
    folder = FOLDER / f"seed{seed}"
    story = kpi_story.write(folder, seed)
    lake = folder / "lake"
    run = subprocess.run([PROGRAM, "ingest", "-q", "--lake", lake, folder / "trail", folder / "evidence"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    model, different = kpi_model.Model(story), Differences()

    def rows(name, prices=()):
        return ask(lake, name, prices)

    def percent(part, whole):
        return None if whole == 0 else 100.0 * part / whole

    # Percentages have one decimal.
    def rounded(value):
        return None if value is None else float(f"{value + 1e-9:.1f}")

    different.compare(
        "jobs_in_vpc_by_period",
        lambda: {(r["period"], at(r["starts_at"]), r["job_kind"]): (int(r["created"]), int(r["in_vpc"]), int(r["outside_vpc"]), int(r["unknown"]), number(r["percent_in_vpc"]))
         for r in rows("jobs_in_vpc_by_period")},
        lambda: {k: (sum(c.values()), c["in"], c["outside"], c["unknown"], rounded(percent(c["in"], c["in"] + c["outside"]))) for k, c in model.jobs_in_vpc().items()},
    )
    different.compare(
        "detections_by_week",
        lambda: {(at(r["starts_at"]), r["control"]): tuple(int(r[c]) for c in ("detected", "still_so", "no_longer_so", "undetermined", "waived"))
         for r in rows("detections_by_week")},
        lambda: {k: (c["still"] + c["no_longer"] + c["undetermined"], c["still"], c["no_longer"], c["undetermined"], c["waived"]) for k, c in model.detections().items()},
    )
    different.compare(
        "time_to_remediate",
        lambda: {(r["job_arn"], r["control"]): (r["outcome"], at(r["remediated_at"]), r["remediated_how"] or None, number(r["hours_to_remediate"]), at(r["first_found_at"])) for r in rows("time_to_remediate")},
        lambda: model.outcomes(),
    )
    different.compare(
        "time_to_remediate_percentiles",
        lambda: {(r["period"], at(r["starts_at"]), r["control"]): (int(r["remediated"]), int(r["settled_before"]), int(r["open"]), int(r["unknown"]), number(r["p50_hours"]), number(r["p90_hours"]), number(r["oldest_open_hours"]))
         for r in rows("time_to_remediate_percentiles")},
        lambda: model.percentiles(),
    )
    different.compare(
        "detection_delay",
        lambda: {r["control"]: (int(r["cases"]), int(r["timed"]), int(r["not_detected"]), int(r["waived"]), int(r["unknown"]), number(r["p50_hours"]), number(r["p90_hours"]), number(r["longest_hours"]))
         for r in rows("detection_delay")},
        lambda: {k: (len(c["timed"]) + c["not_detected"] + c["waived"] + c["unknown"], len(c["timed"]), c["not_detected"], c["waived"], c["unknown"],
             kpi_model.percentile(c["timed"], 50), kpi_model.percentile(c["timed"], 90), max(c["timed"], default=None)) for k, c in model.detection_delay().items()},
    )
    different.compare(
        "groups_with_mandatory_tags",
        lambda: {r["account_id"]: (int(r["existing"]), int(r["with_tags"]), int(r["without_tags"]), int(r["unknown"]), number(r["percent_with_tags"]), int(r["no_longer_there"]))
         for r in rows("groups_with_mandatory_tags")},
        lambda: {k: (c["with"] + c["without"] + c["unknown"], c["with"], c["without"], c["unknown"], rounded(percent(c["with"], c["with"] + c["without"])), c["gone"])
         for k, c in model.groups_with_tags().items()},
    )
    for prices in (PRICES, ()):
        different.compare(
            f"jobs_failed_through_drift_by_month ({len(prices)} prices)",
            lambda prices=prices: {at(r["starts_at"]): (int(r["failed"]), int(r["through_drift"]), int(r["other_cause"]), int(r["cause_unknown"]), number(r["known_run_hours"]),
                                  int(r["run_time_unknown"]), number(r["estimated_usd"]), int(r["without_estimate"]))
             for r in rows("jobs_failed_through_drift_by_month", prices)},
            lambda prices=prices: {k: (c["drift"] + c["other"] + c["unknown"], c["drift"], c["other"], c["unknown"], sum(c["hours"]) if c["hours"] else None,
                 c["drift"] - len(c["hours"]), sum(c["usd"]) if c["usd"] else None, c["unpriced"]) for k, c in model.drift(prices).items()},
        )
    if not ONLY or "violations_by_control_and_month" in ONLY:
        against_verdicts(lake, rows, different, percent, rounded)
    outcomes = model.outcomes().values()
    told = {}
    for one in outcomes:
        what = f"{one[0]} {one[2] or ''}".strip()
        told[what] = told.get(what, 0) + 1
    print(f"seed {seed}: {len(story.jobs)} jobs, {len(outcomes)} cases {told}, {sum(different.rows.values())} rows compared, {different.count} differ")
    return different.count


if __name__ == "__main__":
    sys.exit(1 if sum(check(int(seed)) for seed in SEEDS) else 0)
