"""The commands of README.md and NETWORK.md against what they name: AWS's service models, templates, files, earlier lines."""
import re

import botocore.session
import pytest
from botocore import xform_name

from conftest import INFRA, ROOT, load

PAGES = ["README.md", "NETWORK.md"]

# Commands of the AWS CLI's own, which no service model describes; those that are used, with their options.
OWN = {
    ("cloudformation", "deploy"): {"stack-name", "template-file", "capabilities", "parameter-overrides", "s3-bucket"},
    ("cloudformation", "wait"): {"stack-name"},
    ("ecr", "get-login-password"): set(),
    ("s3", "cp"): set(),
    ("s3", "mb"): set(),
}
GLOBAL = {"region", "query", "output"}
SERVICES = {"configservice": "config"}
# What the shell, or the page's reader, has set.
GIVEN = {"1", "2", "AWS_REGION"}


def code_lines(page):
    """The lines of a page's blocks of code, with those that a backslash continues in one."""
    blocks = re.findall(r"(?m)^```\n(.*?)^```$", (INFRA / page).read_text(encoding="utf-8"), re.S | re.M)
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines() if line.strip()]


def inline(page):
    text = re.sub(r"(?ms)^```\n.*?^```$", "", (INFRA / page).read_text(encoding="utf-8"))
    return re.findall(r"`([^`]+)`", text.replace("\n", " "))


def aws_commands(page):
    """Each `aws` command with its words, those within `$(...)` by themselves."""
    found = []
    for line in [*code_lines(page), *inline(page)]:
        line = re.sub(r"\s#\s.*$", "", line)
        # Quoted text holds brackets and bars; of it only commands in it count.
        line = re.sub(r"'[^']*'", "QUOTED", line)
        while inner := re.search(r"\$\(([^()]*)\)", line):
            found.append(inner[1])
            line = line[: inner.start()] + "VALUE" + line[inner.end() :]
        found.append(line)
    pieces = [piece for one in found for piece in re.split(r"[|;{}]|&&", re.sub(r'"[^"]*"', "QUOTED", one))]
    return [one.split("aws ", 1)[1].split() for one in pieces if re.search(r"(^|\s)aws [a-z]", one)]


def options(words):
    return {word[2:].split("=")[0] for word in words if word.startswith("--")}


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_the_aws_cli_is_one(page):
    session = botocore.session.get_session()
    commands = aws_commands(page)
    assert len(commands) > 3
    for service, operation, *words in commands:
        given = options(words) - GLOBAL
        if (service, operation) in OWN:
            assert given <= OWN[service, operation], (service, operation, given)
            continue
        model = session.get_service_model(SERVICES.get(service, service))
        operations = {xform_name(name, "-"): name for name in model.operation_names}
        assert operation in operations, (service, operation)
        shape = model.operation_model(operations[operation]).input_shape
        members = {xform_name(name, "-"): name for name in shape.members} if shape else {}
        # A boolean member is an option without a value.
        assert given <= set(members), (service, operation, given - set(members))
        in_prose = not any(word.startswith("--") for word in words)
        required = {xform_name(name, "-") for name in (shape.required_members if shape else [])}
        assert in_prose or required <= given, (service, operation, required - given)


def deployments(page):
    """Stack, template and parameters of each `deploy` and `create-stack`."""
    for line in code_lines(page):
        template = re.search(r"(?:--template-file |--template-body file://)infra/(\S+)", line)
        stack = re.search(r"--stack-name (\S+)", line)
        if template and stack:
            overrides = line.split("--parameter-overrides", 1)[1] if "--parameter-overrides" in line else ""
            given = re.findall(r"(?:^|\s)([A-Z]\w*)=", overrides) + re.findall(r"ParameterKey=(\w+)", line)
            yield stack[1], template[1], given


@pytest.mark.parametrize("page", PAGES)
def test_parameters_are_those_of_the_template(page):
    made = set()
    for stack, name, given in deployments(page):
        parameters = load(name)["Parameters"]
        assert set(given) <= set(parameters), (name, set(given) - set(parameters))
        if stack not in made:
            needed = {key for key, spec in parameters.items() if "Default" not in spec}
            assert needed <= set(given), (name, needed - set(given))
        # A later deployment of a stack keeps what it is not given.
        made.add(stack)
    assert made


def test_every_output_is_there_when_it_is_asked_for():
    templates, asked = {}, 0
    for line in code_lines("README.md"):
        for stack, name in re.findall(r"\boutput (\S+?) (\w+)", line):
            assert name in load(templates[stack])["Outputs"], (stack, name)
            asked += 1
        for stack, template in re.findall(r"--stack-name (\S+) --template-file infra/(\S+)", line):
            templates[stack] = template
    assert asked > 10
    for name in inline("README.md"):
        for stack, output in re.findall(r"\$\(output (\S+) (\w+)\)", name):
            assert output in load(templates[stack])["Outputs"], name


def test_capabilities_are_given_where_a_template_makes_roles():
    for line in code_lines("README.md"):
        if template := re.search(r"--template-file infra/(\S+)", line):
            resources = [one for one in load(template[1])["Resources"].values() if isinstance(one, dict)]
            # A service-linked role is none of those that CloudFormation asks about; the option does no harm.
            roles = any(one["Type"] in ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy") for one in resources)
            assert not roles or "--capabilities CAPABILITY_IAM" in line, line


@pytest.mark.parametrize("page", PAGES)
def test_every_variable_is_set_before_it_is_used(page):
    known = set(GIVEN)
    for line in code_lines(page):
        for name in re.findall(r"\$\{?([A-Za-z_]\w*|\d)", re.sub(r"'[^']*'", "", line) if "awk" in line else line):
            assert name in known or re.search(rf"(^|\s){name}=", line.split(f"${name}")[0]), (name, line)
        known |= set(re.findall(r"(?:^|[\s;])([A-Z][A-Z_]*)=", line))


@pytest.mark.parametrize("page", PAGES)
def test_files_that_are_named_are_there(page):
    for line in [*code_lines(page), *inline(page)]:
        for path in re.findall(r"(?:^|\s|file://)((?:infra|scripts|tests|schemas)/[\w./-]+)", line):
            assert (ROOT / path).exists(), path


def test_every_template_has_a_row_and_a_section():
    text = (INFRA / "README.md").read_text(encoding="utf-8")
    for path in INFRA.glob("*.yaml"):
        assert f"]({path.name})" in text.split("\n## ")[0], path.name
    headings = " ".join(re.findall(r"(?m)^## (.*)$", text))
    elsewhere = {"network.yaml", "conformance-pack.yaml", "member-role.yaml", "organization-permissions.yaml", "organization-rule.yaml"}
    for path in INFRA.glob("*.yaml"):
        assert path.name in headings or path.name in elsewhere, path.name
