#!/usr/bin/env python3
"""Fills in the parameters of a guardrail and prints it on one line, ready for the AWS CLI.

    render.py                          the policies and their parameters
    render.py POLICY NAME=VALUE...     the policy; a list is a value with commas

A `${Name}` is a parameter. Where it is a whole element of a list, each of its values becomes an element. A parameter
that is missing, unknown or of the wrong form is refused, and so is a policy that is too long for its kind.
"""
import json
import pathlib
import re
import sys

POLICIES = pathlib.Path(__file__).resolve().parent / "policies"

# By the first word of a policy's name: what counts, and how much of it there may be ("Quotas for AWS Organizations",
# "Quotas for IAM", "Bucket policies"). All inline policies of a role count together.
LIMITS = {
    "scp": ("a service control policy", 5_120),
    "tag": ("a tag policy", 10_000),
    "bucket": ("a bucket policy", 20 * 1024),
    "role": ("the inline policies of a role", 10_240),
}

# By the end of a parameter's name.
FORMS = {
    "BucketArn": r"arn:[a-z-]+:s3:::[a-z0-9.-]{3,63}",
    "VpcIds": r"vpc-[0-9a-f]+",
    "RoleArns": r"arn:[a-z*-]+:iam::([0-9]{12}|\*):role/[\w+=,.@/*?-]+",
    "Arns": r"arn:[a-z*-]+:iam::([0-9]{12}|\*):(role|user)/[\w+=,.@/*?-]+",
    "TagKey": r"[\w .:/=+@-]{1,128}",
    "TagKeys": r"[\w .:/=+@-]{1,128}",
    "Values": r"[\w .:/=+@*-]{1,256}",
}

PARAMETER = re.compile(r"\$\{([A-Za-z]+)\}")


class Refused(Exception):
    pass


def names():
    return sorted(path.stem for path in POLICIES.glob("*.json"))


def text(policy):
    if policy not in names():
        raise Refused(f"there is no policy {policy}: {', '.join(names())}")
    return (POLICIES / f"{policy}.json").read_text(encoding="utf-8")


def parameters(policy):
    return sorted(set(PARAMETER.findall(text(policy))))


def form(name):
    """The longest ending that fits."""
    return FORMS[max((ending for ending in FORMS if name.endswith(ending)), key=len)]


def values(name, value):
    found = [part.strip() for part in value.split(",")]
    for part in found:
        if not re.fullmatch(form(name), part):
            raise Refused(f"{name} has {part!r}, which does not have the form {form(name)}")
    return found


def fill(node, given):
    def whole(text):
        """Its values, where the text is one parameter and nothing else."""
        match = isinstance(text, str) and PARAMETER.fullmatch(text)
        return given[match[1]] if match else [fill(text, given)]

    def one(match):
        found = given[match[1]]
        if len(found) != 1:
            raise Refused(f"{match[1]} takes one value, not {len(found)}")
        return found[0]

    if isinstance(node, dict):
        return {fill(key, given): fill(value, given) for key, value in node.items()}
    if isinstance(node, list):
        return [filled for element in node for filled in whole(element)]
    return PARAMETER.sub(one, node) if isinstance(node, str) else node


def render(policy, given):
    needed = parameters(policy)
    if missing := [name for name in needed if name not in given]:
        raise Refused(f"{policy} needs {', '.join(missing)}")
    if unknown := [name for name in given if name not in needed]:
        raise Refused(f"{policy} has no parameter {', '.join(unknown)}; it has {', '.join(needed)}")
    document = fill(json.loads(text(policy)), {name: values(name, value) for name, value in given.items()})
    compact = json.dumps(document, separators=(",", ":"))
    what, limit = LIMITS[policy.split("-")[0]]
    if len(compact) > limit:
        raise Refused(f"{policy} has {len(compact)} characters; {what} may have {limit}")
    return compact


def main(arguments):
    if not arguments:
        for policy in names():
            print(f"{policy}: {', '.join(parameters(policy))}")
        return
    policy, *pairs = arguments
    if wrong := [pair for pair in pairs if "=" not in pair]:
        raise Refused(f"{wrong[0]} is not NAME=VALUE")
    print(render(policy, dict(pair.split("=", 1) for pair in pairs)))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Refused as refused:
        sys.exit(f"render.py: {refused}")
