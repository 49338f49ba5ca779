"""What the tests of infra/ share: templates as values, intrinsic functions worked out, moto without a network."""
import functools
import json
import os
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
INFRA = ROOT / "infra"
ACCOUNT, REGION = "123456789012", "eu-west-1"

# Nothing of this machine's AWS configuration reaches a test.
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ.update(
    AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull, AWS_EC2_METADATA_DISABLED="true",
    AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing", AWS_REGION=REGION, AWS_DEFAULT_REGION=REGION,
    MOTO_ACCOUNT_ID=ACCOUNT,
)


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """CloudFormation's YAML: `!Sub x` is `{"Fn::Sub": x}`; dates stay text."""


def _tag(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", _tag)
Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@functools.cache
def load(name):
    """A template of infra/ as plain values, which nobody changes."""
    return yaml.load((INFRA / name).read_text(encoding="utf-8"), Loader)


class NoValue:
    """AWS::NoValue: the member is not there."""


PSEUDO = {
    "AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "stack", "AWS::StackId": "arn:aws:cloudformation:::stack/stack", "AWS::NoValue": NoValue,
}


def _text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


class Resolved:
    """A template with its parameters filled in. A resource's attribute is the text `<Name.Attribute>`."""

    def __init__(self, template, parameters=None):
        self.template = template
        self.parameters = {name: spec.get("Default") for name, spec in template.get("Parameters", {}).items()}
        unknown = set(parameters or {}) - set(self.parameters)
        assert not unknown, f"no parameter {unknown}"
        self.parameters.update(parameters or {})
        missing = [name for name, value in self.parameters.items() if value is None]
        assert not missing, f"without a value: {missing}"

    def condition(self, name):
        return self.truth(self.template["Conditions"][name])

    def truth(self, node):
        (function, argument), = node.items()
        match function:
            case "Condition":
                return self.condition(argument)
            case "Fn::Equals":
                left, right = (self.value(each) for each in argument)
                return _text(left) == _text(right)
            case "Fn::Not":
                return not self.truth(argument[0])
            case "Fn::And":
                return all(self.truth(each) for each in argument)
            case "Fn::Or":
                return any(self.truth(each) for each in argument)
        raise AssertionError(f"no condition function {function}")

    def value(self, node):
        if isinstance(node, list):
            return [value for value in map(self.value, node) if value is not NoValue]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (function, argument), = node.items()
            if function == "Ref":
                return self.reference(argument)
            if function.startswith("Fn::"):
                return self.function(function[4:], argument)
        members = {name: self.value(member) for name, member in node.items()}
        return {name: member for name, member in members.items() if member is not NoValue}

    def reference(self, name):
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.parameters:
            value = self.parameters[name]
            is_list = self.template["Parameters"][name]["Type"].startswith(("CommaDelimitedList", "List<"))
            return value.split(",") if is_list and isinstance(value, str) else value
        assert name in self.template["Resources"], f"nothing is called {name}"
        return f"<{name}>"

    def function(self, name, argument):
        match name:
            case "If":
                return self.value(argument[1] if self.condition(argument[0]) else argument[2])
            case "GetAtt":
                assert argument[0] in self.template["Resources"], f"nothing is called {argument[0]}"
                return f"<{'.'.join(argument)}>"
            case "Join":
                return argument[0].join(_text(each) for each in self.value(argument[1]))
            case "Select":
                return self.value(argument[1])[int(argument[0])]
            case "Split":
                return _text(self.value(argument[1])).split(argument[0])
            case "Sub":
                text, own = argument if isinstance(argument, list) else (argument, {})
                own = {key: self.value(value) for key, value in own.items()}

                def fill(match):
                    key = match[1]
                    if key.startswith("!"):
                        return "${" + key[1:] + "}"
                    if key in own:
                        return _text(own[key])
                    if "." in key:
                        return self.function("GetAtt", key.split(".", 1))
                    return _text(self.reference(key))

                return re.sub(r"\$\{([^}]+)\}", fill, text)
        raise AssertionError(f"no function {name}")

    @property
    def resources(self):
        """Those that the conditions let be, with their properties worked out."""
        return {
            name: {**resource, "Properties": self.value(resource.get("Properties", {}))}
            for name, resource in self.template["Resources"].items()
            if "Condition" not in resource or self.condition(resource["Condition"])
        }

    def of_type(self, kind):
        return {name: one["Properties"] for name, one in self.resources.items() if one["Type"] == kind}


def statements(role):
    """The statements of a role's inline policies."""
    return [one for policy in role["Policies"] for one in policy["PolicyDocument"]["Statement"]]


def listed(value):
    return value if isinstance(value, list) else [value]


def actions(role):
    return {action for one in statements(role) for action in listed(one["Action"])}


@pytest.fixture
def golden(request):
    """Compares with a file of golden/, or rewrites it where UPDATE_GOLDEN=1 is set."""

    def compare(name, text):
        path = Path(__file__).parent / "golden" / name
        if os.environ.get("UPDATE_GOLDEN") == "1":
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path.relative_to(ROOT)} is missing: run with UPDATE_GOLDEN=1 and read the difference"
        assert text == path.read_text(encoding="utf-8")

    return compare
