"""The bill of materials that scripts/sbom prints, against Cargo.lock and against what CycloneDX 1.5 asks for."""
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest

from conftest import ROOT

pytestmark = pytest.mark.skipif(not shutil.which("cargo"), reason="there is no cargo, which scripts/sbom asks")

PROGRAMS = {"analytics": "bedrock-audit", "config-rule": "bootstrap"}


def run(*arguments, **more):
    # The script runs with the Python of the tests.
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        [ROOT / "scripts/sbom", *arguments], capture_output=True, text=True, check=False, cwd="/",
        env={**os.environ, "PATH": path, **more},
    )


@functools.cache
def printed(package):
    done = run(package)
    assert done.returncode == 0, done.stderr
    return done.stdout


def bill(package="analytics"):
    return json.loads(printed(package))


@functools.cache
def locked():
    """What Cargo.lock has, by name and version."""
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text(encoding="utf-8"))["package"]
    found = {(one["name"], one["version"]): one for one in lock}
    assert len(found) == len(lock)
    return found


def needed(package):
    """Names and versions of what Cargo.lock says that a package needs, its tests and its build script included."""
    found = set()
    for one in package.get("dependencies", []):
        name, version, *_ = [*one.split(), None]
        found |= {key for key in locked() if key[0] == name and version in (None, key[1])}
    return found


def key(reference):
    name, version = unquote(reference).removeprefix("pkg:cargo/").rsplit("@", 1)
    return name, version


@pytest.mark.parametrize("package", PROGRAMS)
def test_every_package_stands_in_the_lock_with_its_checksum(package):
    ours = set()
    for one in bill(package)["components"]:
        of_lock = locked()[one["name"], one["version"]]
        if "checksum" in of_lock:
            assert one["hashes"] == [{"alg": "SHA-256", "content": of_lock["checksum"]}]
            assert key(one["purl"]) == (one["name"], one["version"])
        else:
            ours.add(one["name"])
            # crates.io has packages of these names, which are somebody else's.
            assert "hashes" not in one and "purl" not in one
    assert ours == {"analytics": {"schemas", "config-rule"}, "config-rule": {"schemas"}}[package]


@pytest.mark.parametrize("package", PROGRAMS)
def test_the_graph_is_that_of_the_lock_and_reaches_everything(package):
    document = bill(package)
    graph = {one["ref"]: one["dependsOn"] for one in document["dependencies"]}
    root = document["metadata"]["component"]["bom-ref"]
    assert set(graph) == {root, *(one["bom-ref"] for one in document["components"])}
    reached, waiting = set(), [root]
    while waiting:
        one = waiting.pop()
        if one not in reached:
            reached.add(one)
            waiting += graph[one]
            assert {key(each) for each in graph[one]} <= needed(locked()[key(one)]), one
    assert reached == set(graph)


def test_what_is_compiled_in_is_there_and_what_only_tests_or_builds_need_is_not():
    names = {package: {one["name"] for one in bill(package)["components"]} for package in PROGRAMS}
    assert {"datafusion", "parquet", "ring", "rustls", "aws-sdk-s3", "serde_derive"} <= names["analytics"]
    assert {"lambda_runtime", "rustls", "aws-sdk-ec2"} <= names["config-rule"]
    assert not {"datafusion", "parquet"} & names["config-rule"]
    for package, found in names.items():
        assert not {"proptest", "s3s", "jsonschema", "cc", "end-to-end", "openssl-sys", "native-tls"} & found, package


@pytest.mark.parametrize(("package", "program"), PROGRAMS.items())
def test_it_has_what_cyclonedx_asks_for(package, program):
    """CycloneDX 1.5, JSON reference: required members, closed lists of words, unique references."""
    document = bill(package)
    assert list(document) == ["bomFormat", "specVersion", "version", "metadata", "components", "dependencies"]
    assert (document["bomFormat"], document["specVersion"], document["version"]) == ("CycloneDX", "1.5", 1)
    own = document["metadata"]["component"]
    assert (own["type"], own["name"]) == ("application", program)
    references = [one["bom-ref"] for one in [own, *document["components"]]]
    assert len(references) == len(set(references)) > 100
    for one in [own, *document["components"]]:
        assert set(one) <= {"type", "bom-ref", "name", "version", "hashes", "licenses", "purl"}
        assert one["type"] in ("application", "library") and one["name"] and one["version"]
        for each in one.get("hashes", []):
            assert each["alg"] == "SHA-256" and re.fullmatch("[0-9a-f]{64}", each["content"])
        # One expression, or none of them; SPDX knows no slash.
        (licence,) = one["licenses"]
        assert set(licence) == {"expression"} and re.fullmatch(r"[\w.+() -]+", licence["expression"])
    for one in document["dependencies"]:
        assert set(one) == {"ref", "dependsOn"} and len(one["dependsOn"]) == len(set(one["dependsOn"]))


def test_the_same_lock_gives_the_same_bytes():
    assert run("analytics", PYTHONHASHSEED="1").stdout == run(PYTHONHASHSEED="2").stdout == printed("analytics")
    assert "timestamp" not in printed("analytics") and str(ROOT) not in printed("analytics")


@pytest.mark.parametrize("arguments", [("schemas",), ("no-such-package",), ("--help",), ("analytics", "config-rule")])
def test_what_is_mistyped_is_refused_with_what_is_right(arguments):
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (64, "")
    assert "usage: scripts/sbom" in done.stderr or "there are analytics, config-rule" in done.stderr
