"""alerts.yaml: which events it takes, whom it tells, and what people read."""
import copy
import json
import re

import pytest
from moto.events.models import EventPattern

from conftest import ACCOUNT, REGION, ROOT, Resolved, load
from test_templates import FUNCTION, PARAMETERS

ARN = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:model-customization-job/amazon.titan-text-express-v1:0:8k/c3c8364e0c6f"
WHO = {
    "type": "AssumedRole", "principalId": "AROAEXAMPLE:ana.silva@example.com",
    "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/DataScientist/ana.silva@example.com", "accountId": ACCOUNT,
    "sessionContext": {
        "sessionIssuer": {"type": "Role", "arn": f"arn:aws:iam::{ACCOUNT}:role/DataScientist", "userName": "DataScientist"},
        "attributes": {"creationDate": "2026-03-01T09:00:00Z", "mfaAuthenticated": "true"},
    },
}


def api_call(source, name, request, response=None, **more):
    """An API call as CloudTrail hands it to EventBridge."""
    return {
        "version": "0", "id": "0b1e9a7c-0000-4000-8000-000000000001", "detail-type": "AWS API Call via CloudTrail",
        "source": f"aws.{source}", "account": ACCOUNT, "time": "2026-03-01T10:00:05Z", "region": REGION, "resources": [],
        "detail": {
            "eventVersion": "1.11", "userIdentity": WHO, "eventTime": "2026-03-01T10:00:00Z",
            "eventSource": f"{source}.amazonaws.com", "eventName": name, "awsRegion": REGION,
            "sourceIPAddress": "203.0.113.28", "userAgent": "aws-cli/2.31.0", "requestParameters": request,
            "responseElements": response, "requestID": "r-1", "eventID": "80ed7f8f-6774-4bde-a973-37662c0e1cd8",
            "readOnly": False, "eventType": "AwsApiCall", "managementEvent": True, "recipientAccountId": ACCOUNT,
            "eventCategory": "Management", **more,
        },
    }


def state_change(kind, detail):
    return {
        "version": "0", "id": "UUID", "detail-type": f"{kind} Job State Change", "source": "aws.bedrock",
        "account": ACCOUNT, "time": "2026-03-01T12:34:56Z", "region": REGION, "resources": [ARN], "detail": detail,
    }


def compliance(rule, new, old="COMPLIANT"):
    def result(kind):
        return {
            "evaluationResultIdentifier": {
                "evaluationResultQualifier": {
                    "configRuleName": rule, "resourceType": "AWS::::Account", "resourceId": ACCOUNT,
                },
                "orderingTimestamp": "2026-03-01T10:00:00.000Z",
            },
            "complianceType": kind, "resultRecordedTime": "2026-03-01T10:01:00.000Z",
            "configRuleInvokedTime": "2026-03-01T10:00:30.000Z",
            "annotation": "job_in_vpc: 1 of 12 jobs not compliant: churn-prototype",
        }

    return {
        "version": "0", "id": "UUID", "detail-type": "Config Rules Compliance Change", "source": "aws.config",
        "account": ACCOUNT, "time": "2026-03-01T10:01:05Z", "region": REGION, "resources": [],
        "detail": {
            "resourceId": ACCOUNT, "awsRegion": REGION, "awsAccountId": ACCOUNT, "configRuleName": rule,
            "recordVersion": "1.0", "configRuleARN": "arn:aws:config:...", "messageType": "ComplianceChangeNotification",
            "newEvaluationResult": result(new), "oldEvaluationResult": result(old) if old else None,
            "notificationCreationTime": "2026-03-01T10:01:02.000Z", "resourceType": "AWS::::Account",
        },
    }


INSIDE = {"jobName": "claims-summary-v3", "vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1", "sg-2"]}}
CUSTOMIZATION = {
    "version": "0.0", "jobName": "claims-summary-v3", "jobArn": ARN, "roleArn": f"arn:aws:iam::{ACCOUNT}:role/tuning",
    "jobStatus": "Failed", "failureMessage": "The security group sg-1 does not exist.", "creationTime": "2026-03-01T10:00:00Z",
}
BATCH = {
    "version": "0.0", "accountId": ACCOUNT, "batchJobName": "nightly", "status": "Expired", "failureMessage": "",
    "batchJobArn": f"arn:aws:bedrock:{REGION}:{ACCOUNT}:model-invocation-job/abcdefghwxyz",
}


def tags(*ids, keys=("Owner",)):
    return {
        "resourcesSet": {"items": [{"resourceId": one} for one in ids]},
        "tagSet": {"items": [{"key": key} for key in keys]} if keys else {},
    }


EVENTS = {
    "job created outside a VPC": api_call(
        "bedrock", "CreateModelCustomizationJob", {"jobName": "churn-prototype"}, {"jobArn": ARN}
    ),
    "job created in a VPC": api_call("bedrock", "CreateModelCustomizationJob", INSIDE, {"jobArn": ARN}),
    "import job created": api_call("bedrock", "CreateModelImportJob", {"jobName": "weights"}, {"jobArn": ARN}),
    "batch job created": api_call("bedrock", "CreateModelInvocationJob", {"jobName": "nightly"}, {"jobArn": ARN}),
    "job created, request omitted": api_call("bedrock", "CreateModelCustomizationJob", None, {"jobArn": ARN}),
    "job refused": api_call(
        "bedrock", "CreateModelCustomizationJob", {"jobName": "x"}, None, errorCode="ValidationException"
    ),
    "job stopped": api_call("bedrock", "StopModelCustomizationJob", {"jobIdentifier": ARN}),
    "evaluation job created": api_call("bedrock", "CreateEvaluationJob", {"jobName": "x"}, {"jobArn": ARN}),
    "same name, other service": api_call("sagemaker", "CreateModelCustomizationJob", {"jobName": "x"}, {"jobArn": ARN}),
    "group deleted": api_call("ec2", "DeleteSecurityGroup", {"groupId": "sg-1"}, {"_return": True, "groupId": "sg-1"}),
    "group deleted by name": api_call("ec2", "DeleteSecurityGroup", {"groupName": "ml-jobs"}, {"_return": True}),
    "group not deleted, in use": api_call(
        "ec2", "DeleteSecurityGroup", {"groupId": "sg-1"}, None, errorCode="Client.DependencyViolation"
    ),
    "group not deleted, dry run": api_call(
        "ec2", "DeleteSecurityGroup", {"groupId": "sg-1"}, None, errorCode="Client.DryRunOperation"
    ),
    "VPC deleted": api_call("ec2", "DeleteVpc", {"vpcId": "vpc-1"}, {"_return": True}),
    "group created": api_call("ec2", "CreateSecurityGroup", {"groupName": "x"}, {"groupId": "sg-2"}),
    "rule revoked": api_call("ec2", "RevokeSecurityGroupEgress", {"groupId": "sg-1"}, {"_return": True}),
    "tags removed from a group": api_call("ec2", "DeleteTags", tags("sg-1"), {"_return": True}),
    "all tags removed from a subnet": api_call("ec2", "DeleteTags", tags("subnet-1", keys=()), {"_return": True}),
    "tags removed from an instance and a VPC": api_call("ec2", "DeleteTags", tags("i-1", "vpc-1"), {"_return": True}),
    "tags removed from an instance": api_call("ec2", "DeleteTags", tags("i-1", "vol-1"), {"_return": True}),
    "tags not removed": api_call(
        "ec2", "DeleteTags", tags("sg-1"), None, errorCode="Client.UnauthorizedOperation"
    ),
    "tags added to a group": api_call("ec2", "CreateTags", tags("sg-1"), {"_return": True}),
    "not compliant any more": compliance("bedrock-job-in-vpc", "NON_COMPLIANT"),
    "not compliant at first sight": compliance("bedrock-job-in-vpc", "NON_COMPLIANT", None),
    "compliant again": compliance("bedrock-job-in-vpc", "COMPLIANT", "NON_COMPLIANT"),
    "another's rule not compliant": compliance("s3-bucket-versioning-enabled", "NON_COMPLIANT"),
    "customization job failed": state_change("Model Customization", CUSTOMIZATION),
    "customization job stopped": state_change(
        "Model Customization", {**CUSTOMIZATION, "jobStatus": "Stopped", "failureMessage": None}
    ),
    "customization job runs": state_change("Model Customization", {**CUSTOMIZATION, "jobStatus": "InProgress"}),
    "customization job completed": state_change("Model Customization", {**CUSTOMIZATION, "jobStatus": "Completed"}),
    "batch job expired": state_change("Batch Inference", BATCH),
    "batch job completed": state_change("Batch Inference", {**BATCH, "status": "Completed"}),
    "another service's job": {**state_change("Model Customization", CUSTOMIZATION), "source": "aws.sagemaker"},
}

# Which EventBridge rules take an event, by default.
TAKEN = {
    "job created outside a VPC": {"JobCreated", "JobCreatedAlert"},
    "job created in a VPC": {"JobCreated"},
    "import job created": {"JobCreated", "JobCreatedAlert"},
    "batch job created": {"JobCreated", "JobCreatedAlert"},
    # Nobody knows what it asked for.
    "job created, request omitted": {"JobCreated", "JobCreatedAlert"},
    "group deleted": {"GroupDeleted"},
    "group deleted by name": {"GroupDeleted"},
    "VPC deleted": {"GroupDeleted"},
    "tags removed from a group": {"TagsRemoved"},
    "all tags removed from a subnet": {"TagsRemoved"},
    "tags removed from an instance and a VPC": {"TagsRemoved"},
    "not compliant any more": {"ComplianceChanged"},
    "not compliant at first sight": {"ComplianceChanged"},
    "customization job failed": {"JobStateChanged", "CustomizationJobEnded"},
    "customization job stopped": {"JobStateChanged", "CustomizationJobEnded"},
    "customization job runs": {"JobStateChanged"},
    "customization job completed": {"JobStateChanged"},
    "batch job expired": {"JobStateChanged", "BatchJobEnded"},
    "batch job completed": {"JobStateChanged"},
}


# A slow, obvious matcher, of the part of EventBridge's language that the template uses.


def leaves(node, path):
    """Every value at a path; a list stands for each of its elements."""
    if isinstance(node, list):
        return [leaf for each in node for leaf in leaves(each, path)]
    if not path:
        return [node]
    return leaves(node[path[0]], path[1:]) if isinstance(node, dict) and path[0] in node else []


def matches(pattern, event, path=()):
    results = []
    for key, wanted in pattern.items():
        here = (*path, key)
        if isinstance(wanted, dict):
            results.append(matches(wanted, event, here))
            continue
        values = leaves(event, here)
        results.append(any(fits(one, values) for one in wanted))
    return all(results)


def fits(wanted, values):
    if not isinstance(wanted, dict):
        return wanted in values
    (kind, argument), = wanted.items()
    if kind == "exists":
        return bool(values) == argument
    if kind == "prefix":
        return any(isinstance(value, str) and value.startswith(argument) for value in values)
    raise AssertionError(f"the matcher does not know {kind}")


@pytest.mark.parametrize(("pattern", "event", "expected"), [
    ({"a": ["x"]}, {"a": "x"}, True),
    ({"a": ["x"]}, {"a": "y"}, False),
    ({"a": ["x"]}, {}, False),
    ({"a": ["x"]}, {"a": ["w", "x"]}, True),
    ({"a": ["x"], "b": ["y"]}, {"a": "x"}, False),
    ({"a": {"b": ["x"]}}, {"a": {"b": "x"}}, True),
    ({"a": {"b": ["x"]}}, {"a": None}, False),
    ({"a": {"b": ["x"]}}, {"a": [{"b": "w"}, {"b": "x"}]}, True),
    ({"a": [{"exists": False}]}, {}, True),
    ({"a": [{"exists": False}]}, {"a": "x"}, False),
    ({"a": {"b": [{"exists": False}]}}, {"a": None}, True),
    ({"a": [{"prefix": "x"}]}, {"a": "xy"}, True),
    ({"a": [{"prefix": "x"}]}, {"a": "yx"}, False),
    ({"a": [{"prefix": "x"}]}, {"a": 1}, False),
])
def test_the_matcher(pattern, event, expected):
    assert matches(pattern, event) is expected


# The template


def alerts(**parameters):
    return Resolved(load("alerts.yaml"), {**PARAMETERS["alerts.yaml"], **parameters})


def patterns(resolved):
    return {name: one["EventPattern"] for name, one in resolved.of_type("AWS::Events::Rule").items()}


def taken_by(resolved, event):
    return {name for name, pattern in patterns(resolved).items() if matches(pattern, event)}


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_is_taken_by_the_rules_that_it_is_for(name):
    assert taken_by(alerts(), EVENTS[name]) == TAKEN.get(name, set())


def test_every_rule_takes_something_and_leaves_something():
    for name in patterns(alerts()):
        taken = [event for event in EVENTS if name in TAKEN.get(event, set())]
        assert 0 < len(taken) < len(EVENTS), name


@pytest.mark.parametrize("name", EVENTS)
def test_moto_says_the_same_where_no_list_of_objects_is_asked_about(name):
    """moto does not look into lists of objects, which TagsRemoved asks about."""
    for rule, pattern in patterns(alerts()).items():
        if rule != "TagsRemoved":
            assert EventPattern(None, pattern).matches_event(copy.deepcopy(EVENTS[name])) == matches(pattern, EVENTS[name]), rule


def test_people_choose_which_new_jobs_they_are_told_of():
    inside, outside = EVENTS["job created in a VPC"], EVENTS["job created outside a VPC"]
    for choice, told_of_inside, told_of_outside in [("all", True, True), ("outside-vpc", False, True), ("none", False, False)]:
        resolved = alerts(JobAlerts=choice)
        assert ("JobCreatedAlert" in taken_by(resolved, inside)) == told_of_inside
        assert ("JobCreatedAlert" in taken_by(resolved, outside)) == told_of_outside
        assert "JobCreated" in taken_by(resolved, inside) & taken_by(resolved, outside)


def targets(resolved, arn):
    return {
        name for name, one in resolved.of_type("AWS::Events::Rule").items()
        if any(target["Arn"] == arn for target in one["Targets"])
    }


def test_the_function_gets_what_it_understands_as_it_came():
    """`config-rule/src/event.rs`: events of Config are none of EventBridge's that it takes."""
    resolved = alerts()
    told = targets(resolved, FUNCTION)
    assert told == {"JobCreated", "GroupDeleted", "TagsRemoved", "JobStateChanged"}
    source = (ROOT / "config-rule/src/event.rs").read_text(encoding="utf-8")
    understood = source.split("fn happened", 1)[1].split("\n}", 1)[0]
    for name in told:
        rule = resolved.of_type("AWS::Events::Rule")[name]
        assert not any("InputTransformer" in target for target in rule["Targets"] if target["Arn"] == FUNCTION)
        for origin in rule["EventPattern"]["source"]:
            assert f'"{origin}"' in understood
        for kind in rule["EventPattern"]["detail-type"]:
            assert f'"{kind}"' in understood
    permitted = {one["SourceArn"] for one in resolved.of_type("AWS::Lambda::Permission").values()}
    assert permitted == {f"<{name}.Arn>" for name in told}


def test_without_a_function_people_are_told_all_the_same():
    resolved = alerts(FunctionArn="")
    assert targets(resolved, "<Topic>") == targets(alerts(), "<Topic>") == set(patterns(resolved))
    assert not resolved.of_type("AWS::Lambda::Permission")


def test_what_cannot_be_delivered_is_kept():
    for name, rule in alerts().of_type("AWS::Events::Rule").items():
        for target in rule["Targets"]:
            assert target["DeadLetterConfig"] == {"Arn": "<Undelivered.Arn>"}, name


def test_eventbridge_may_use_the_key_without_a_condition():
    """Its request for the key carries no source account."""
    policy = alerts().resources["TopicKey"]["Properties"]["KeyPolicy"]["Statement"]
    bridge, = [one for one in policy if one["Principal"] == {"Service": "events.amazonaws.com"}]
    assert "Condition" not in bridge and set(bridge["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
    none = alerts(TopicEncryption="none")
    assert "TopicKey" not in none.resources and "KmsMasterKeyId" not in none.resources["Topic"]["Properties"]


# What people read


def at(event, path):
    """A JSON path of the form that EventBridge takes, or nothing."""
    assert re.fullmatch(r"\$(\.[A-Za-z]+(\[\d+\])?)+", path), path
    for name, index in re.findall(r"\.([A-Za-z]+)(?:\[(\d+)\])?", path):
        event = event.get(name) if isinstance(event, dict) else None
        if index:
            event = event[int(index)] if isinstance(event, list) and len(event) > int(index) else None
    return "" if event is None else event


def message(transformer, event):
    """The lines of a message; every one is a JSON string, and a variable without a value leaves nothing."""
    values = {name: at(event, path) for name, path in transformer["InputPathsMap"].items()}
    lines = []
    for line in transformer["InputTemplate"].strip().splitlines():
        text = json.loads(line)
        named = set(re.findall(r"<(\w+)>", text))
        assert named <= set(values), f"no path for {named - set(values)}"
        lines.append(re.sub(r"<(\w+)>", lambda match: str(values[match[1]]), text))
    return lines


def test_messages_read_as_agreed(golden):
    resolved = alerts()
    text = []
    for name, event in EVENTS.items():
        for rule, one in resolved.of_type("AWS::Events::Rule").items():
            if not matches(one["EventPattern"], event):
                continue
            for target in one["Targets"]:
                if target["Arn"] == "<Topic>":
                    text += [f"== {name}", *message(target["InputTransformer"], event), ""]
    golden("alerts.txt", "\n".join(text))


def test_every_message_says_what_to_do():
    for name, rule in alerts().of_type("AWS::Events::Rule").items():
        for target in rule["Targets"]:
            if target["Arn"] == "<Topic>":
                transformer = target["InputTransformer"]
                # EventBridge takes 8,192 characters and 100 paths.
                assert len(transformer["InputTemplate"]) <= 8192 and len(transformer["InputPathsMap"]) <= 100
                assert "What to do: " in transformer["InputTemplate"], name
                used = set(re.findall(r"<(\w+)>", transformer["InputTemplate"]))
                assert used == set(transformer["InputPathsMap"]), name
