#!/usr/bin/env python3
"""usage: bench_trails.py EVENTS FILES    makes a trail once, below the target folder's bench/, and prints its folder

TRAIL_GENERATOR    a Python script that makes one, taking --out, --events, --files, --seed, --days and --start
"""
import gzip
import json
import os
import random
import re
import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

from bench_measure import Failed

ROOT = Path(__file__).resolve().parent.parent
BENCH = (ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "bench").resolve()

# Where a log file's key has the day of its delivery.
DAY_FOLDERS = re.compile(r"/(\d{4})/(\d\d)/(\d\d)/")
DAY_IN_NAME = re.compile(r"_\d{8}(?=T\d{4}Z_)")


def made_once(name, make):
    """The folder of that name below bench/. What is made gets its name only once it is whole."""
    folder = BENCH / name
    if not folder.exists():
        print(f"making {folder}", file=sys.stderr)
        new = folder.with_name(f"{name}.new")
        shutil.rmtree(new, ignore_errors=True)
        make(new)
        new.rename(folder)
    return folder


def generate(out, events, files, *more):
    generator = os.environ.get("TRAIL_GENERATOR")
    if not generator:
        raise Failed("give a trail, or a generator of them in TRAIL_GENERATOR")
    out.parent.mkdir(parents=True, exist_ok=True)
    arguments = ["--out", out, "--events", events, "--files", files, *more]
    subprocess.run([sys.executable, generator, *map(str, arguments)], check=True, stdout=sys.stderr)
    # What the generator knows of the trail is of no use here.
    Path(f"{out}.truth.json").unlink(missing_ok=True)


def generated(events, files):
    return made_once(f"trail-{events}-{files}", lambda out: generate(out, events, files, "--seed", 1))


def many_days(days, files_a_day, records_a_day):
    name = f"days-{days}-{files_a_day}-{records_a_day}"
    places = ["--accounts", 1, "--regions", 1, "--dup-trail", 0]
    return made_once(
        name, lambda out: generate(out, days * records_a_day, days * files_a_day, "--days", days, *places)
    )


def log_files(trail):
    """Its log files, in the order of their days."""
    files = [path for path in trail.rglob("*.json.gz") if "CloudTrail-Digest" not in path.parts]
    if not files:
        raise Failed(f"{trail} has no log files")
    return sorted(files, key=lambda path: (day_of(path), path))


def day_of(path):
    found = DAY_FOLDERS.search(path.as_posix())
    if not found:
        raise Failed(f"{path} has no day in its key: expected .../CloudTrail/REGION/YYYY/MM/DD/...")
    return date(*map(int, found.groups()))


def link(path, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, target)
    except OSError:
        shutil.copy2(path, target)


def repeated(trail, times):
    """The trail so many times, under keys of later days: other objects, of which each has the records of the first.

    Ingest drops a copy of an event only within a part, and parts are cut by day, so that copies seldom meet.
    """
    if times == 1:
        return trail

    def make(out):
        files = log_files(trail)
        days = (day_of(files[-1]) - day_of(files[0])).days + 1
        for path in files:
            key, day = f"/{path.relative_to(trail).as_posix()}", day_of(path)
            for copy in range(times):
                later = day + timedelta(days=copy * days)
                moved = DAY_FOLDERS.sub(f"/{later:%Y/%m/%d}/", key)
                link(path, out / DAY_IN_NAME.sub(f"_{later:%Y%m%d}", moved)[1:])

    return made_once(f"{trail.name}-x{times}", make)


def cut(trail, files, records):
    """The trail's records again, each at most once, in so many log files of as few records as the range says.

    A few stand under the key of the neighbouring log file, so that every log file is full.
    """
    fewest, most = records

    def make(out):
        dice, number, waiting = random.Random(1), 0, []
        wanted = dice.randint(fewest, most)
        for path in log_files(trail):
            # The same events again, of an organization trail.
            if any(part.startswith("o-") for part in path.relative_to(trail).parts):
                continue
            with gzip.open(path) as file:
                waiting += json.load(file)["Records"]
            while len(waiting) >= wanted:
                taken, waiting = waiting[:wanted], waiting[wanted:]
                document = json.dumps({"Records": taken}, separators=(",", ":"), ensure_ascii=False)
                name = f"{path.name.rsplit('_', 1)[0]}_{number:016d}.json.gz"
                target = out / path.relative_to(trail).parent / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(gzip.compress(document.encode(), 6, mtime=0))
                number, wanted = number + 1, dice.randint(fewest, most)
                if number == files:
                    return
        raise Failed(f"the records of {trail} are enough for {number} log files, not for {files}")

    return made_once(f"{trail.name}-cut-{files}-{fewest}-{most}", make)


def main():
    try:
        events, files = map(int, sys.argv[1:])
    except ValueError:
        sys.exit(__doc__)
    try:
        print(generated(events, files))
    except (Failed, subprocess.CalledProcessError) as error:
        sys.exit(f"bench_trails.py: {error}")


if __name__ == "__main__":
    main()
