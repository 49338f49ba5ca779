"""The package of the private resource type, and the schema in it."""
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import jsonschema
import pytest

from conftest import ROOT, Resolved, load
from test_templates import CFN_LINT, PARAMETERS

SCHEMA = ROOT / "schemas/json/bedrock-job.resource-type.json"


def package(target, *arguments):
    run = subprocess.run(
        [ROOT / "scripts/package-resource-type", *arguments], capture_output=True, text=True, check=False,
        env={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "CARGO_TARGET_DIR": str(target)},
    )
    return run, target / "package/resource-type.zip"


def members(archive):
    with zipfile.ZipFile(archive) as file:
        return {name: json.loads(file.read(name)) for name in file.namelist()}


def test_the_package_holds_what_cfn_submit_puts_there(tmp_path):
    """`rpdk.core.project.Project.submit` of cloudformation-cli 0.2.41: settings, schema, metadata; no handlers, no code."""
    run, archive = package(tmp_path, "Acme::Bedrock::Job")
    assert run.returncode == 0, run.stderr
    found = members(archive)
    assert list(found) == [".rpdk-config", "schema.json", ".cfn_metadata.json"]
    settings, schema = found[".rpdk-config"], found["schema.json"]
    # What the CLI's own check of the settings asks for.
    assert {"language", "typeName", "runtime", "entrypoint"} <= set(settings)
    assert settings["artifact_type"] == "RESOURCE" and settings["typeName"] == schema["typeName"] == "Acme::Bedrock::Job"
    assert "handlers" not in schema
    assert {**schema, "typeName": None} == {**json.loads(SCHEMA.read_text()), "typeName": None}


def test_the_same_input_gives_the_same_bytes(tmp_path):
    first = package(tmp_path / "a", "Acme::Bedrock::Job")[1].read_bytes()
    assert first == package(tmp_path / "b", "Acme::Bedrock::Job")[1].read_bytes()
    assert first != package(tmp_path / "c", "Other::Bedrock::Job")[1].read_bytes()


def test_without_a_name_the_schema_names_the_type(tmp_path):
    run, archive = package(tmp_path)
    assert run.returncode == 0
    assert members(archive)["schema.json"]["typeName"] == json.loads(SCHEMA.read_text())["typeName"]


@pytest.mark.parametrize("name", [
    "Acme::Job", "Acme::Bedrock::Job::MODULE", "A::Bedrock::Job", "Acme-Bedrock-Job", "AWS::Bedrock::Job",
    "Custom::Bedrock::Job",
])
def test_a_name_that_aws_refuses_is_refused(tmp_path, name):
    run, archive = package(tmp_path, name)
    assert run.returncode != 0 and name.split("::")[0] in run.stderr and not archive.exists()


ITEM = {
    "JobArn": "arn:aws:bedrock:eu-west-1:123456789012:model-customization-job/m/abc", "JobName": "n",
    "JobKind": "model_customization", "Status": "InProgress", "CreationTime": "2026-03-01T10:00:00.000Z",
    "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
}


@pytest.mark.parametrize(("properties", "complaint"), [
    (ITEM, None),
    ({**ITEM, "JobKind": "model_evaluation"}, "is not one of"),
    ({key: value for key, value in ITEM.items() if key != "JobArn"}, "'JobArn' is a required property"),
    ({**ITEM, "Network": "x"}, "Additional properties are not allowed"),
    ({**ITEM, "VpcConfig": {"SubnetIds": ["subnet-1"]}}, "'SecurityGroupIds' is a required property"),
])
def test_the_packaged_schema_judges_items(tmp_path, properties, complaint):
    schema = members(package(tmp_path, "Acme::Bedrock::Job")[1])["schema.json"]
    errors = [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(properties)]
    assert (len(errors) == 1 and complaint in errors[0]) if complaint else errors == []


def test_the_packaged_schema_makes_the_type_known(tmp_path):
    """cfn-lint takes it for a registry schema."""
    schema = members(package(tmp_path, "Acme::Bedrock::Job")[1])["schema.json"]
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/acme-bedrock-job.json").write_text(json.dumps(schema))
    # One run for both, as cfn-lint takes long to start.
    known, unknown = ({"Type": f"Acme::Bedrock::{name}", "Properties": ITEM} for name in ("Job", "Task"))
    (tmp_path / "template.json").write_text(json.dumps({"Resources": {"Known": known, "Unknown": unknown}}))
    run = subprocess.run(
        [*CFN_LINT, "--format", "json", "--registry-schemas", str(tmp_path / "schemas"), "--", str(tmp_path / "template.json")],
        capture_output=True, text=True, check=False,
    )
    complaints = [one["Message"] for one in json.loads(run.stdout)]
    assert len(complaints) == 1 and "Acme::Bedrock::Task" in complaints[0], complaints


def test_the_schema_has_the_members_that_the_function_records():
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    record = (ROOT / "config-rule/src/record.rs").read_text(encoding="utf-8").split("#[cfg(test)]")[0]
    assert set(re.findall(r'put\("(\w+)"', record)) == set(schema["properties"])
    network = re.search(r'json!\(\{("SubnetIds".*?)\}\)', record)[1]
    assert set(re.findall(r'"(\w+)":', network)) == set(schema["properties"]["VpcConfig"]["properties"])
    assert len(schema["properties"]) > 5


def test_the_template_registers_the_package_and_makes_it_the_default():
    resources = Resolved(load("resource-type.yaml"), PARAMETERS["resource-type.yaml"]).resources
    assert resources["Version"]["Properties"] == {
        "TypeName": "Acme::Bedrock::Job", "SchemaHandlerPackage": "s3://code/resource-type.zip",
    }
    assert resources["DefaultVersion"]["Properties"] == {"TypeVersionArn": "<Version>"}
    # The rule's parameter takes the same names.
    pattern = load("rule.yaml")["Parameters"]["ReportedResourceType"]["AllowedPattern"]
    assert load("resource-type.yaml")["Parameters"]["TypeName"]["AllowedPattern"] in pattern
