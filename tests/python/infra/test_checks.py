"""The rules for cfn-guard and Checkov pass the good examples, and refuse each bad one for its one reason.

`infra/checks/examples` has, for each kind of file, a folder `passing` and a folder `failing`. The network of this
repository passes, too, as CloudFormation and as Terraform.
"""
import functools
import json
import os
import platform
import re
import shutil
import subprocess

import pytest

import iam

ROOT = iam.ROOT
CHECKS = ROOT / "infra/checks"
EXAMPLES = CHECKS / "examples"


def relative(paths, folder):
    return sorted(str(path.relative_to(folder)) for path in paths)


# cfn-guard


@functools.cache
def guard():
    """The one on the PATH, or else the one that comes with @cdklabs/cdk-validator-cfnguard."""
    if found := shutil.which("cfn-guard"):
        return found
    folder = iam.node_folder()
    systems = {"Linux": "ubuntu", "Darwin": "macos"}
    machines = {"x86_64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}
    system, machine = systems.get(platform.system()), machines.get(platform.machine())
    if not (folder and system and machine):
        return None
    return f"{folder}/node_modules/@cdklabs/cdk-validator-cfnguard/bin/{system}/{machine}/cfn-guard"


needs_guard = pytest.mark.skipif(guard() is None, reason="NOT RUN: there is no cfn-guard, so its rules were not tried")

RULES = {"cloudformation": "network.guard", "plan": "terraform_plan.guard"}
# The rule that refuses each bad example.
REFUSED = {
    "cloudformation/failing/dynamodb_endpoint_only.yaml": "vpc_has_s3_endpoint",
    "cloudformation/failing/group_not_kept.yaml": "security_groups_are_kept",
    "cloudformation/failing/group_replaced.yaml": "security_groups_are_kept",
    "cloudformation/failing/group_without_owner.yaml": "network_is_tagged",
    "cloudformation/failing/internet_gateway.yaml": "vpc_has_no_way_out",
    "cloudformation/failing/no_s3_endpoint.yaml": "vpc_has_s3_endpoint",
    "cloudformation/failing/s3_endpoint_in_no_route_table.yaml": "vpc_has_s3_endpoint",
    "plan/failing/group_without_lock.json": "groups_beside_a_model_are_protected",
    "plan/failing/group_without_tags.json": "groups_beside_a_model_are_protected",
    "plan/failing/job_with_empty_vpc_config.json": "custom_model_in_vpc",
    "plan/failing/job_with_null_vpc_config.json": "custom_model_in_vpc",
    "plan/failing/job_without_vpc.json": "custom_model_in_vpc",
    "plan/failing/locked_group_removed.json": "locked_groups_stay",
    "plan/failing/locked_group_replaced.json": "locked_groups_stay",
}
GOOD = relative(EXAMPLES.glob("cloudformation/passing/*"), EXAMPLES) + relative(EXAMPLES.glob("plan/passing/*"), EXAMPLES)


def validate(rules, path):
    """Exit code, the rules that passed, and those that did not."""
    command = [guard(), "validate", "-r", CHECKS / "guard" / rules, "-d", path]
    command += ["--output-format", "json", "--structured", "--show-summary", "none"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.stdout, run.stderr
    [answer] = json.loads(run.stdout)
    return run.returncode, set(answer["compliant"]), {each["Rule"]["name"] for each in answer["not_compliant"]}


@needs_guard
@pytest.mark.parametrize("example", GOOD)
def test_guard_passes_a_good_example(example):
    code, passed, refused = validate(RULES[example.split("/")[0]], EXAMPLES / example)
    assert (code, refused) == (0, set())
    assert passed, "no rule looked at it"


@needs_guard
@pytest.mark.parametrize(("example", "rule"), REFUSED.items())
def test_guard_refuses_a_bad_example_for_its_one_reason(example, rule):
    code, _, refused = validate(RULES[example.split("/")[0]], EXAMPLES / example)
    assert refused == {rule}
    assert code == 19, "the exit code by which a pipeline stops"


@needs_guard
def test_guard_passes_the_network_of_this_repository():
    code, passed, refused = validate("network.guard", ROOT / "infra/network.yaml")
    assert (code, refused) == (0, set())
    assert passed == {"network_is_tagged", "security_groups_are_kept", "vpc_has_no_way_out", "vpc_has_s3_endpoint"}


def test_every_rule_of_guard_refuses_an_example_and_every_example_is_expected():
    text = "".join(path.read_text(encoding="utf-8") for path in (CHECKS / "guard").glob("*.guard"))
    assert set(REFUSED.values()) == set(re.findall(r"^rule (\w+)", text, re.MULTILINE))
    there = relative([path for kind in RULES for path in (EXAMPLES / kind / "failing").iterdir()], EXAMPLES)
    assert there == sorted(REFUSED)


def test_cloudformation_has_no_type_for_a_customization_job():
    """So that its rules look at networks only. With the first such type they should look at jobs, too."""
    schema = pytest.importorskip("cfnlint.schema")
    types = schema.PROVIDER_SCHEMA_MANAGER.get_resource_types("us-east-1")
    bedrock = [each for each in types if each.startswith("AWS::Bedrock::")]
    assert bedrock
    assert not [each for each in bedrock if re.search("Customi[sz]ation|CustomModel", each)]


# Checkov


@functools.cache
def checkov():
    """What scripts/python-env makes of checkov-requirements.txt: Checkov pins much, so it has an environment of its own."""
    requirements = iam.HERE / "checkov-requirements.txt"
    made = subprocess.run([ROOT / "scripts/python-env", requirements], stdout=subprocess.PIPE, text=True)
    return made.stdout.strip() if made.returncode == 0 else None


needs_checkov = pytest.mark.skipif(checkov() is None, reason="NOT RUN: there is no Checkov, so its rules were not tried")

CHECKOV_RULES = {f"CKV2_BEDROCK_AUDIT_{n}" for n in (1, 2, 3)}
FAILING = {
    ("CKV2_BEDROCK_AUDIT_1", "failing/job_without_vpc", "aws_bedrock_custom_model.model"),
    ("CKV2_BEDROCK_AUDIT_1", "failing/job_with_empty_vpc_config", "aws_bedrock_custom_model.model"),
    ("CKV2_BEDROCK_AUDIT_2", "failing/group_without_prevent_destroy", "aws_security_group.jobs"),
    ("CKV2_BEDROCK_AUDIT_2", "failing/group_without_tags", "aws_security_group.jobs"),
    ("CKV2_BEDROCK_AUDIT_3", "failing/vpc_without_s3_endpoint", "aws_vpc.jobs"),
    ("CKV2_BEDROCK_AUDIT_3", "failing/second_vpc_without_s3_endpoint", "aws_vpc.second"),
}


def scan(folder):
    """Exit code, and what passed and failed, each as (rule, folder, resource)."""
    # Checkov loads a check in Python from its folder; nothing is to be written beside it, and nothing compiled twice.
    environment = os.environ | {"PYTHONPYCACHEPREFIX": f"{checkov()}.pycache"}
    command = [checkov(), "-m", "checkov.main", "-d", folder, "--external-checks-dir", CHECKS / "checkov"]
    command += ["--framework", "terraform", "--check", ",".join(sorted(CHECKOV_RULES)), "--skip-download"]
    run = subprocess.run([*command, "--output", "json"], env=environment, capture_output=True, text=True)
    assert run.stdout.startswith("{") and "Traceback" not in run.stderr, run.stdout + run.stderr
    results = json.loads(run.stdout)["results"]
    assert not results["parsing_errors"]

    def told(checks):
        return {
            (each["check_id"], each["file_path"].strip("/").removesuffix("/main.tf"), each["resource"])
            for each in checks
        }

    return run.returncode, told(results["passed_checks"]), told(results["failed_checks"])


@needs_checkov
def test_checkov_refuses_the_bad_examples_each_for_its_one_reason_and_passes_the_good_ones():
    code, passed, failed = scan(EXAMPLES / "terraform")
    assert failed == FAILING
    assert code == 1
    good = {each for each in passed if each[1].startswith("passing/")}
    assert {rule for rule, _, _ in good} == CHECKOV_RULES
    assert ("CKV2_BEDROCK_AUDIT_2", "passing/job_in_network", "aws_security_group.web") in good
    assert ("CKV2_BEDROCK_AUDIT_3", "passing/vpc_with_s3_endpoint", "aws_vpc.others") in good


@needs_checkov
def test_checkov_passes_the_module_and_the_example_that_uses_it():
    code, passed, failed = scan(ROOT / "infra/terraform")
    assert (code, failed) == (0, set())
    assert {rule for rule, _, _ in passed} == CHECKOV_RULES
    assert ("CKV2_BEDROCK_AUDIT_2", "network", "module.network.aws_security_group.jobs") in passed


@needs_checkov
def test_checkov_sees_through_the_module(tmp_path):
    """Without prevent_destroy and without the S3 endpoint, the module is refused by way of the job that uses it."""
    folder = tmp_path / "terraform"
    shutil.copytree(ROOT / "infra/terraform", folder)
    main = folder / "network/main.tf"
    text = main.read_text(encoding="utf-8").replace("prevent_destroy = true", "prevent_destroy = false")
    text = re.sub(r'^resource "aws_vpc_endpoint" "s3" \{.*?^\}$', "", text, flags=re.MULTILINE | re.DOTALL)
    main.write_text(text, encoding="utf-8")
    _, _, failed = scan(folder)
    assert failed == {
        ("CKV2_BEDROCK_AUDIT_2", "network", "module.network.aws_security_group.jobs"),
        ("CKV2_BEDROCK_AUDIT_3", "network", "module.network.aws_vpc.this"),
    }


def test_every_example_for_checkov_is_expected():
    there = relative((EXAMPLES / "terraform/failing").iterdir(), EXAMPLES / "terraform")
    assert there == sorted({folder for _, folder, _ in FAILING})
