"""The plan for a large organization: its second table and its conclusions follow from its first."""
import re

import pytest

from conftest import INFRA, load

PLAN = (INFRA / "README.md").read_text(encoding="utf-8").split("\n## Plan for a large organization\n")[1].split("\n## ")[0]
SCALE = {"million": 1e6, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "MiB": 2**20, "B": 1}


def numbers(text):
    """Every number of a text, in its unit: `1.1 and 0.4 million` are two of a million, `88 + 33 GB` two of a GB."""
    found = re.findall(r"([\d,]*\.?\d+)\s*(million|[KMGT]B|MiB|B\b)?", text)
    values, unit = [], ""
    for number, own in reversed(found):
        # What has no unit of its own may have that of the number after it.
        unit = own or (unit if re.search(rf"{re.escape(number)} (?:and|\+) ", text) else "")
        values.insert(0, float(number.replace(",", "")) * SCALE.get(unit, 1))
    return values


def table(number):
    blocks = re.findall(r"(?m)(?:^\|.*\n)+", PLAN)
    return [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in blocks[number].splitlines()[2:]]


INPUTS = {row[0]: numbers(row[2]) for row in table(0) if row[0]}
A, J, F, D, SMALL, LARGE, MS, K, M = (INPUTS[name][0] for name in "A J f D a e i k m".split())
AUDIT_LAKE, FULL_LAKE, W, NEW, LISTED, HELD, DIGEST, LEDGER = (INPUTS[name][0] for name in "la le w n q h g b".split())
Z, C, T = (INPUTS[name][0] for name in "z c T".split())
PART, FULL_PART = INPUTS["p"]
HOUR_16 = INPUTS["t"][1]
GB = J / 1e9
N = J / F
DAY = (N + D) / 365
# Memory that each day takes whose log files are new, and that each takes whose digest files are listed.
NEW_DAY, LISTED_DAY = N / 365 * NEW, D / 365 * LISTED
NIGHT = NEW_DAY + W * LISTED_DAY
LIST = 5e-6
GET = 4e-7


def pages(days, months):
    return A * (4 * (days + 2 * months + 4) + 17 * (months + 4) + 6)


def both(of):
    """For `audit` and for `all`."""
    return of(SMALL, AUDIT_LAKE, PART), of(LARGE, FULL_LAKE, FULL_PART)


def task_hours(cpu, *_):
    return max(GB * cpu / 2, N / K) / 3600 + D / M / 3600


def lake(_, grows, *__):
    return GB * grows + N * LEDGER


def night(cpu, *_):
    return [pages(W, 1) / M / 60, D / 365 / M / 60, max(GB / 365 * cpu / 2, N / 365 / K) / 60]


ROWS = {
    "N, log files a year": [[N], None],
    "task hours to decode": both(lambda cpu, *_: [GB * cpu / 2 / 3600]),
    "task hours to fetch": [[N / K / 3600]] * 2,
    "task hours for digest files, before a run's log files": [[D / M / 3600]] * 2,
    "**hours for a year of the past**": both(lambda *of: [task_hours(*of) / T]),
    "tasks of 16 GB, dollars": both(lambda *of: [task_hours(*of) * HOUR_16]),
    "GET, dollars": [[(N + D) * GET], None],
    "LIST requests for d days, which are u months": [[pages(365, 12)], None],
    "LIST of everything once, dollars": [[pages(365, 12) * LIST], None],
    "lake after a year, tables of digest files not counted": both(lambda _, grows, __: [GB * grows, N * LEDGER]),
    "storage, dollars a month after a year": both(lambda *of: [lake(*of) / 1e9 * 0.023]),
    "parts, each a file of the ledger and one or two of events": both(lambda _, __, part: [J / Z / part]),
    "the same, compacted": both(lambda *of: [lake(*of) / C]),
    "a night: JSON, log files, digest files": [[J / 365, N / 365, D / 365], None],
    "a night, one task: LIST, digest files, log files": both(lambda *of: [*night(*of), sum(night(*of))]),
    "a night: LIST and GET, dollars": [[pages(W, 1) * LIST, DAY * GET], None],
    "a night, memory beside the setting": [[NIGHT, N * HELD + D * DIGEST], None],
    "a night of compact: it reads and writes": both(lambda *of: [lake(*of) / 365, lake(*of) / 365 / C]),
    "what compact replaced, kept 30 days": both(lambda *of: [30 * lake(*of) / 365, 30 * lake(*of) / 365 / 1e9 * 0.023]),
    "Athena: events of one day, all columns": both(lambda _, grows, __: [GB * grows / 365, GB * grows / 365 / 1e12 * 5]),
}


def is_said(number, value):
    """Two digits are said, or whole numbers."""
    return number == pytest.approx(value, rel=0.06, abs=0.5 if number.is_integer() else 0.006)


@pytest.mark.parametrize("row", table(1), ids=lambda row: row[0])
def test_a_row_follows_from_the_inputs(row):
    for cell, expected in zip(row[2:], ROWS[row[0]], strict=True):
        if expected is None:
            assert cell == "the same"
        else:
            found = numbers(cell)
            assert len(found) == len(expected), cell
            assert all(map(is_said, found, expected)), (cell, expected)


def test_every_row_is_there():
    assert {row[0] for row in table(1)} == set(ROWS)


def test_what_breaks_first_follows_too():
    text = " ".join(PLAN.split())
    grows = N / 365 * HELD + D / 365 * DIGEST
    for said, value in [
        (r"For a year that is (\d+) \+ ", N * NEW / 1e9),
        (r"For a year that is \d+ \+ (\d+) GB", D * LISTED / 1e9),
        (r"the setting, hold (\S+) days", 3.5e9 / (NEW_DAY + LISTED_DAY)),
        (r"32 of them (\S+) GB each", N * NEW / 32 / 1e9),
        (r"together \$(\d+) of LIST", 32 * pages(365, 12) * LIST),
        (r"has all digest files: (\d+) GB", D * LISTED / 1e9),
        (r"has all digest files: \d+ GB and (\d+) hours", D / M / 3600),
        (r"six days, all of them new, are (\S+) GB", 6 * (NEW_DAY + LISTED_DAY) / 1e9),
        (r"so a night's are (\S+) GB", NEW_DAY / 1e9),
        (r"(\S+) GB more each night with `From=400d`", LISTED_DAY / 1e9),
        (r"With `From=3d` it is (\S+) GB every night", NIGHT / 1e9),
        (r"if the third has (\S+) GB more", 2 * NEW_DAY / 1e9),
        (r"= (\S+) GB more each night", grows / 1e9),
        (r"less 0\.5 and (\S+): \*\*", NIGHT / 1e9),
        (r"\*\*(\d+) days\*\*", (15.5e9 - NIGHT) / grows),
        (r"\(4 GB: (\d+) days", (3.5e9 - NIGHT) / grows),
        (r"30 GB, with `Cpus=4`: (\d+) days", (29.5e9 - NIGHT) / grows),
        (r"With `--skip-digests` (\d+) days", (15.5e9 - NEW_DAY) / (N / 365 * HELD)),
        (r"below 2 / \(a \* f\), (\S+) log files a second", 2 / (SMALL * F / 1e9)),
        (r"\(`all`: (\d+)\)\. Measure k", 2 / (LARGE * F / 1e9)),
        (r"(\d+) parts a night", J / Z / PART / 365),
        (r"parts a night \(`all`: (\d+)\)", J / Z / FULL_PART / 365),
        (r"120 \* 0\.074 = (\S+) GB", 0.5 + NIGHT / 1e9 + 120 * grows / 1e9),
        (r"55 \* 0\.074 = (\S+) GB", 0.5 + 6 * (NEW_DAY + LISTED_DAY) / 1e9 + 55 * grows / 1e9),
    ]:
        found = re.search(said, text)
        assert found, said
        assert is_said(float(found[1].replace(",", "")), value), (said, value)
    # With the defaults the last night that fits: the lake holds what the nights before it brought.
    for room, nights, said in [(3.5e9, 4, "four nights fit into 4 GB less 0.5"), (15.5e9, 24, "(16 GB: 24 nights)")]:
        assert int((room - NEW_DAY + grows) / (LISTED_DAY + grows)) == nights and said in text
    assert "the fifth night* with" in text and "on the fifth where it has none" in text


def test_inputs_of_the_templates_are_theirs():
    ingest = load("ingest.yaml")
    environment = ingest["Resources"]["ComputeEnvironment"]["Properties"]["ComputeResources"]
    assert environment["MaxvCpus"] / int(ingest["Parameters"]["Cpus"]["Default"]) == T
    assert ingest["Parameters"]["From"]["Default"] == "400d"
    assert ingest["Parameters"]["MemoryMiB"]["Default"] == 4096 and 16384 in ingest["Parameters"]["MemoryMiB"]["AllowedValues"]
    assert LISTED == 2 * NEW and DIGEST == HELD
    assert pytest.approx(D, rel=0.01) == A * 17 * 8760
    assert pytest.approx(64 / (MS / 1000), rel=0.01) == 1280 and pytest.approx(M) == 32 / (MS / 1000)
