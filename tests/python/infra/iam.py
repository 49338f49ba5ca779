"""Asks an evaluator of IAM policies, @cloud-copilot/iam-simulate, what IAM would decide."""
import functools
import json
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]

EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@functools.cache
def node_folder():
    """The folder that has the node_modules; `None`, and why on stderr, where there is no node or nothing to be had."""
    asked = subprocess.run([ROOT / "scripts/node-env", HERE / "node"], stdout=subprocess.PIPE, text=True)
    return asked.stdout.strip() if asked.returncode == 0 else None


def principal(arn, session="test"):
    """The session of a role, or a user as it is."""
    account, _, name = arn.removeprefix("arn:aws:iam::").partition(":")
    if not name.startswith("role/"):
        return arn
    return f"arn:aws:sts::{account}:assumed-role/{name.rsplit('/', 1)[-1]}/{session}"


def simulation(case, identity=EVERYTHING, scp=None, resource_policy=None, endpoint_policy=None, owner="111122223333"):
    """One request of a case: `as`, `action`, `resource` and, where it has one, `where`."""
    levels = [{"name": "FullAWSAccess", "policy": EVERYTHING}]
    if scp:
        levels.append({"name": "guardrail", "policy": scp})
    asked = {
        "request": {
            "principal": principal(case["as"]),
            "action": case["action"],
            "resource": {"resource": case["resource"], "accountId": owner},
            "contextVariables": {"aws:PrincipalArn": case["as"], **case.get("where", {})},
        },
        "identityPolicies": [{"name": "identity", "policy": identity}],
        "serviceControlPolicies": [{"orgIdentifier": "r-root", "policies": levels}],
        "resourceControlPolicies": [],
    }
    if resource_policy:
        asked["resourcePolicy"] = resource_policy
    if endpoint_policy:
        asked["vpcEndpointPolicies"] = [{"name": "endpoint", "policy": endpoint_policy}]
    return asked


def ask(simulations=(), policies=None, action=None):
    """What simulate.mjs prints."""
    document = json.dumps({"simulations": list(simulations), "policies": policies or {}, "action": action})
    command = [f"{node_folder()}/bin/node", HERE / "node/simulate.mjs", node_folder()]
    return json.loads(subprocess.run(command, input=document, stdout=subprocess.PIPE, text=True, check=True).stdout)


def decisions(simulations):
    """`Allowed`, `ExplicitlyDenied` or `ImplicitlyDenied` of each. A request that is not one of AWS's is an error."""
    answers = ask(simulations)["results"]
    for asked, answer in zip(simulations, answers, strict=True):
        assert "error" not in answer, f"{asked['request']}: {answer['error']}"
        # A key that AWS does not have for this action and resource decides nothing, so nothing may rest on it.
        assert not answer["ignored"], f"{asked['request']}: AWS has no {answer['ignored']} there"
    return [answer["decision"] for answer in answers]
