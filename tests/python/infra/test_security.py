"""SECURITY.md against the tests that it names."""
import re

import pytest

from conftest import ROOT

PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([\w./-]+\.(?:rs|py))::(\w+)`", PAGE)))


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_test_that_is_named_is_one(path, name):
    text = (ROOT / path).read_text(encoding="utf-8")
    if path.endswith(".py"):
        assert name.startswith("test_") and re.search(rf"(?m)^def {name}\(", text)
    else:
        assert re.search(rf"#\[(?:tokio::)?test(?:\([^)]*\))?\]\s+(?:async )?fn {name}\(", text)


def test_every_row_says_what_shows_it():
    assert len(NAMED) > 50
    tables = re.findall(r"(?m)^\| what they can do \|.*\n\| --- .*\n((?:\|.*\n)+)", PAGE)
    threats = [line for table in tables for line in table.splitlines()]
    assert len(tables) == len(re.findall("(?m)^## Who ", PAGE))
    assert len(threats) > 40
    for line in threats:
        *_, shown, _ = line.split("|")
        assert "::" in shown or "no test" in shown or shown.strip() == "those of the other sections", line
        # A bar in a cell would move the cells after it.
        assert line.count("|") == 4, line
