"""Each guardrail does what its table of cases says, and each denial is the guardrail's: without it, the same is allowed.

Decided by an evaluator of IAM policies (iam.py), which knows from AWS's own lists which actions, resources and condition
keys there are. It is not IAM: what AWS presents in a real request is in the cases as AWS documents it.
"""
import importlib.util
import json
import pathlib
import re

import pytest
import yaml

import iam

GUARDRAILS = iam.ROOT / "infra/guardrails"
spec = importlib.util.spec_from_file_location("render", GUARDRAILS / "render.py")
render = importlib.util.module_from_spec(spec)
spec.loader.exec_module(render)

POLICIES = render.names()
EVALUATED = [name for name in POLICIES if not name.startswith("tag-")]

needs_node = pytest.mark.skipif(
    iam.node_folder() is None, reason="NOT RUN: no node or npm, so no policy was evaluated and no case was tried"
)


def table(name):
    return yaml.safe_load((GUARDRAILS / f"cases/{name}.yaml").read_text(encoding="utf-8"))


def rendered(name):
    return json.loads(render.render(name, table(name)["parameters"]))


def granted(case, policy):
    """A bucket's policy, with a grant beside it where the caller is of another account."""
    grant = {"Effect": "Allow", "Principal": "*", "Action": case["action"], "Resource": case["resource"]}
    statements = policy["Statement"] + ([grant] if case.get("grants") else [])
    return {"Version": "2012-10-17", "Statement": statements} if statements else None


def simulations(name, policy):
    """One request a case, with this policy as the guardrail."""
    for case in table(name)["cases"]:
        kind = name.split("-")[0]
        if kind == "scp":
            yield iam.simulation(case, scp=policy if policy["Statement"] else None)
        elif kind == "bucket":
            yield iam.simulation(case, resource_policy=granted(case, policy))
        else:
            # A role's policy must allow by itself what it is for, and deny whatever else the role has.
            everything = case["expect"] == "deny" or policy == NOTHING
            others = iam.EVERYTHING["Statement"] if everything else []
            yield iam.simulation(case, identity=policy | {"Statement": policy["Statement"] + others})


NOTHING = {"Version": "2012-10-17", "Statement": []}


def decided(name, policies):
    """What each policy makes of the cases, in one run of the evaluator."""
    asked = [list(simulations(name, policy)) for policy in policies]
    decisions = iter(iam.decisions([each for requests in asked for each in requests]))
    return [[next(decisions) for _ in requests] for requests in asked]


def weaker(policy):
    """The policy without one of its statements, or one of its statements without one of its actions."""
    for index, statement in enumerate(policy["Statement"]):
        before, after = policy["Statement"][:index], policy["Statement"][index + 1 :]
        yield statement["Sid"], policy | {"Statement": before + after}
        actions = statement["Action"] if isinstance(statement["Action"], list) else []
        for action in actions:
            fewer = statement | {"Action": [each for each in actions if each != action]}
            yield f"{action} of {statement['Sid']}", policy | {"Statement": [*before, fewer, *after]}


@needs_node
@pytest.mark.parametrize("name", EVALUATED)
def test_every_case_is_decided_as_its_table_says(name):
    expected = {"allow": "Allowed", "deny": "ExplicitlyDenied"}
    without, with_it = decided(name, [NOTHING, rendered(name)])
    wrong = [
        f"{case['it']}: without it {before}, with it {after}"
        for case, before, after in zip(table(name)["cases"], without, with_it, strict=True)
        if before != "Allowed" or after != expected[case["expect"]]
    ]
    assert not wrong, "\n".join(wrong)


@needs_node
@pytest.mark.parametrize("name", EVALUATED)
def test_something_rests_on_every_statement_and_every_action(name):
    """Were it missing, some case would be decided otherwise: the tables can fail."""
    policy = rendered(name)
    names, documents = zip(*weaker(policy), strict=True)
    as_is, *otherwise = decided(name, [policy, *documents])
    idle = [what for what, decisions in zip(names, otherwise, strict=True) if decisions == as_is]
    assert not idle, f"no case rests on {', '.join(idle)}"


@needs_node
def test_aws_has_the_actions_and_the_condition_keys_that_the_policies_name():
    problems = iam.ask(policies={name: rendered(name) for name in EVALUATED})["problems"]
    assert problems == {name: [] for name in EVALUATED}


@needs_node
def test_the_advice_that_cannot_work_is_told_apart():
    """An SCP on a job's VPC names keys that Bedrock does not have."""
    keys = ["bedrock:VpcSubnets", "bedrock:VpcSecurityGroupIds", "bedrock:VpcId"]
    advice = {
        "Statement": [
            {
                "Sid": "RequireVpc",
                "Effect": "Deny",
                "Action": "bedrock:CreateModelCustomizationJob",
                "Resource": "*",
                "Condition": {"Null": {key: "true"}},
            }
            for key in keys
        ]
    }
    problems = iam.ask(policies={"advice": advice})["problems"]["advice"]
    assert problems == [f"RequireVpc: bedrock:CreateModelCustomizationJob has no key {key}" for key in keys]


@needs_node
def test_bedrock_has_no_key_for_the_network_of_a_job_and_other_services_have():
    """With a newer list of AWS's keys this may fail: then there is a better guardrail than these."""
    about_networks = re.compile("vpc|subnet|securitygroup", re.IGNORECASE)

    def keys(action):
        return [key for key in iam.ask(action=action)["keys"] if about_networks.search(key)]

    for kind in ("Customization", "Import", "Invocation"):
        assert keys(f"bedrock:CreateModel{kind}Job") == []
    assert "sagemaker:VpcSubnets" in keys("sagemaker:CreateTrainingJob")


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_has_a_table_and_both_kinds_of_cases(name):
    expectations = {case["expect"] for case in table(name)["cases"]}
    assert expectations == (set() if name.startswith("tag-") else {"allow", "deny"})
    assert set(table(name)["parameters"]) == set(render.parameters(name))


def test_every_table_belongs_to_a_policy():
    assert sorted(path.stem for path in (GUARDRAILS / "cases").glob("*.yaml")) == POLICIES


@pytest.mark.parametrize("name", POLICIES)
def test_it_renders_within_its_limit_and_without_a_parameter_left(name):
    text = render.render(name, table(name)["parameters"])
    assert "${" not in text
    # Room for the longer names and lists of a real organization: half of what is allowed.
    assert len(text) <= render.LIMITS[name.split("-")[0]][1] / 2


def test_the_limits_bite():
    arns = ",".join(f"arn:aws:iam::111122223333:role/pipelines/{n:03}{'x' * 60}" for n in range(60))
    given = {"PipelineRoleArns": arns, "WaiverRoleArns": "arn:aws:iam::111122223333:role/w"}
    with pytest.raises(render.Refused, match="a service control policy may have 5120"):
        render.render("scp-create-jobs", given)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("scp-create-jobs", {"PipelineRoleArns": "pipeline"}, "does not have the form"),
        ("scp-create-jobs", {"PipelineRoleArns": 'arn:aws:iam::111122223333:role/a","*'}, "does not have the form"),
        ("scp-create-jobs", {"PipelineRoleArns": ""}, "does not have the form"),
        ("scp-create-jobs", {"Pipelines": "x"}, "has no parameter Pipelines; it has PipelineRoleArns, WaiverRoleArns"),
        ("scp-create-jobs", {"PipelineRoleArns": None}, "needs PipelineRoleArns"),
        ("bucket-data-perimeter", {"VpcIds": "vpce-0123"}, "does not have the form"),
        ("bucket-data-perimeter", {"BucketArn": "arn:aws:s3:::one,arn:aws:s3:::two"}, "takes one value, not 2"),
        ("scp-create-job", {}, "there is no policy scp-create-job: bucket-data-perimeter"),
    ],
)
def test_what_is_mistyped_is_refused(name, change, message):
    known = name if name in POLICIES else "scp-create-jobs"
    given = {key: value for key, value in (table(known)["parameters"] | change).items() if value is not None}
    with pytest.raises(render.Refused, match=re.escape(message)):
        render.render(name, given)


def test_tag_policy_and_network_and_control_name_the_same_tags():
    defaults = (iam.ROOT / "README.md").read_text(encoding="utf-8")
    keys = re.search(r"\| `mandatoryTagKeys` \|[^|]*\| `([\w,]+)` \|", defaults)[1].split(",")
    assert sorted(rendered("tag-mandatory")["tags"]) == sorted(keys)
    for name, tag in rendered("tag-mandatory")["tags"].items():
        assert tag["tag_key"] == {"@@assign": name}
        assert set(tag) <= {"tag_key", "tag_value", "enforced_for"}
    nulls = [s["Condition"]["Null"] for s in rendered("scp-mandatory-tags")["Statement"]]
    assert sorted({key for null in nulls for key in null}) == sorted(f"aws:RequestTag/{key}" for key in keys)
    assert table("scp-network-lock")["parameters"]["MandatoryTagKeys"].split(",") == keys
    network = (iam.ROOT / "infra/network.yaml").read_text(encoding="utf-8")
    for key in [*keys, table("scp-network-lock")["parameters"]["LockTagKey"]]:
        assert f"- {{ Key: {key}, Value:" in network
