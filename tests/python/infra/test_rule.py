"""rule.yaml and its variants against the code and the README: controls, permissions, parameters, environment, alarms."""
import json
import re

import boto3
import pytest
from moto import mock_aws

from conftest import ACCOUNT, REGION, ROOT, Resolved, actions, listed, load, statements
from test_templates import PARAMETERS, settled

CODE = ROOT / "config-rule/src"
README = (ROOT / "README.md").read_text(encoding="utf-8")

# Each call of config-rule/src/aws/, by file and name, and the IAM action that it needs.
CALLS = {
    ("bedrock.rs", "list_model_customization_jobs"): "bedrock:ListModelCustomizationJobs",
    ("bedrock.rs", "list_model_import_jobs"): "bedrock:ListModelImportJobs",
    ("bedrock.rs", "list_model_invocation_jobs"): "bedrock:ListModelInvocationJobs",
    ("bedrock.rs", "get_model_customization_job"): "bedrock:GetModelCustomizationJob",
    ("bedrock.rs", "get_model_import_job"): "bedrock:GetModelImportJob",
    ("bedrock.rs", "get_model_invocation_job"): "bedrock:GetModelInvocationJob",
    ("bedrock.rs", "list_tags_for_resource"): "bedrock:ListTagsForResource",
    ("bedrock.rs", "stop_model_customization_job"): "bedrock:StopModelCustomizationJob",
    ("bedrock.rs", "stop_model_invocation_job"): "bedrock:StopModelInvocationJob",
    ("config.rs", "put_evaluations"): "config:PutEvaluations",
    ("config.rs", "get_compliance_details_by_config_rule"): "config:GetComplianceDetailsByConfigRule",
    ("config.rs", "batch_get_resource_config"): "config:BatchGetResourceConfig",
    ("config.rs", "put_resource_config"): "config:PutResourceConfig",
    ("config.rs", "start_config_rules_evaluation"): "config:StartConfigRulesEvaluation",
    ("ec2.rs", "describe_security_groups"): "ec2:DescribeSecurityGroups",
    ("ec2.rs", "describe_subnets"): "ec2:DescribeSubnets",
    ("ec2.rs", "describe_vpcs"): "ec2:DescribeVpcs",
    ("ec2.rs", "describe_route_tables"): "ec2:DescribeRouteTables",
    ("ec2.rs", "describe_vpc_endpoints"): "ec2:DescribeVpcEndpoints",
    ("ec2.rs", "describe_prefix_lists"): "ec2:DescribePrefixLists",
    ("iam.rs", "simulate_principal_policy"): "iam:SimulatePrincipalPolicy",
    ("s3.rs", "get_bucket_policy"): "s3:GetBucketPolicy",
    ("s3.rs", "put_object"): "s3:PutObject",
    ("aws.rs", "AssumeRoleProvider::builder"): "sts:AssumeRole",
}

# What only commands of bedrock-audit call, with their caller's credentials.
CALLS_OF_COMMANDS = {("ec2.rs", "describe_network_interfaces")}

# What Lambda and S3 do in the role's name, and no call of the program.
NOT_CALLS = {"logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage", "kms:GenerateDataKey"}

# In the function's own account only: it stops jobs and asks Config with its own credentials, and enters members.
NOT_IN_MEMBERS = {
    "bedrock:StopModelCustomizationJob", "bedrock:StopModelInvocationJob", "config:StartConfigRulesEvaluation",
    "sts:AssumeRole",
}


def controls():
    """Names and titles, in the order of schemas/src/control.rs."""
    source = (ROOT / "schemas/src/control.rs").read_text(encoding="utf-8")
    order = re.findall(r"Self::(\w+)", re.search(r"const ALL: .*?\];", source, re.S)[0])
    names = dict(re.findall(r"Self::(\w+) => \"([a-z0-9_]+)\"", source))
    titles = dict(re.findall(r"Self::(\w+) => \"([A-Z][^\"]+)\"", source))
    return {names[each]: titles[each] for each in order}


def logical(control):
    return "".join(word.capitalize() for word in control.split("_"))


def rule(**parameters):
    return Resolved(load("rule.yaml"), {"CodeBucket": "code", "CodeKey": "bootstrap.zip", **parameters})


EVERYTHING = rule(**{key: value for key, value in PARAMETERS["rule.yaml"].items() if not key.startswith("Code")})


# Controls


def test_there_is_a_rule_for_every_control_and_no_other():
    found = EVERYTHING.of_type("AWS::Config::ConfigRule")
    assert [one["InputParameters"]["control"] for one in found.values()] == list(controls())
    for name, one in found.items():
        control = one["InputParameters"]["control"]
        assert name == f"{logical(control)}Rule"
        assert one["ConfigRuleName"] == f"bedrock-{control.replace('_', '-')}"
        assert one["Description"] == f"{controls()[control]} (bedrock-audit, control {control})"
        assert len(one["Description"]) <= 256


def test_the_longest_name_can_still_be_cleaned():
    """`GetComplianceDetailsByConfigRule` takes 64 characters, and a conformance pack adds 27 to a name."""
    longest = rule(RuleNamePrefix="x" * 25).of_type("AWS::Config::ConfigRule").values()
    assert max(len(one["ConfigRuleName"]) for one in longest) <= 64
    pack = Resolved(load("conformance-pack.yaml"), PARAMETERS["conformance-pack.yaml"])
    names = [one["ConfigRuleName"] for one in pack.of_type("AWS::Config::ConfigRule").values()]
    assert max(map(len, names)) + len("-conformance-pack-123456789") <= 64


def trigger(one):
    """What starts a rule, however its kind of resource says so."""
    if "OrganizationCustomRuleMetadata" in one:
        about = one["OrganizationCustomRuleMetadata"]
        kinds, types = about["OrganizationConfigRuleTriggerTypes"], about.get("ResourceTypesScope", [])
        return sorted(kinds), types, about["MaximumExecutionFrequency"]
    details = one["Source"]["SourceDetails"]
    frequency = [each["MaximumExecutionFrequency"] for each in details if "MaximumExecutionFrequency" in each]
    types = one.get("Scope", {}).get("ComplianceResourceTypes", [])
    return sorted(each["MessageType"] for each in details), types, *frequency


@pytest.mark.parametrize("name", ["rule.yaml", "conformance-pack.yaml", "organization-rule.yaml"])
def test_a_rule_has_a_scope_exactly_when_changes_start_it(name):
    """Without a scope, Config would start it on every change of anything."""
    understood = re.findall(r'"(\w+)"', re.search(
        r"MESSAGE_TYPES: .*?\];", (CODE / "event.rs").read_text(encoding="utf-8"), re.S
    )[0])
    resolved = Resolved(load(name), PARAMETERS[name])
    kind = "AWS::Config::OrganizationConfigRule" if name.startswith("org") else "AWS::Config::ConfigRule"
    for one in resolved.of_type(kind).values():
        kinds, types, frequency = trigger(one)
        assert kinds in (["ScheduledNotification"], sorted(understood)) and frequency == "Six_Hours"
        assert bool(types) == (len(kinds) > 1)


def test_the_variants_have_the_rules_of_rule_yaml():
    pack = Resolved(load("conformance-pack.yaml"), {
        **PARAMETERS["conformance-pack.yaml"], "ReportedResourceType": "Acme::Bedrock::Job"
    })
    organization = Resolved(load("organization-rule.yaml"), {
        **PARAMETERS["organization-rule.yaml"], "ReportedResourceType": "Acme::Bedrock::Job"
    })
    ours = EVERYTHING.of_type("AWS::Config::ConfigRule")
    packed = pack.of_type("AWS::Config::ConfigRule")
    members = organization.of_type("AWS::Config::OrganizationConfigRule")
    assert list(ours) == list(packed) == list(members)
    for name, one in ours.items():
        other, member = packed[name], members[name]
        about = member["OrganizationCustomRuleMetadata"]
        assert trigger(one) == trigger(other) == trigger(member)
        assert one["Description"] == other["Description"] == about["Description"]
        assert one["InputParameters"] == other["InputParameters"]
        given = json.loads(about["InputParameters"])
        assert given.pop("executionRoleName") == "bedrock-audit-member"
        assert given == one["InputParameters"]
        assert one["ConfigRuleName"] == "bedrock-" + other["ConfigRuleName"] == member["OrganizationConfigRuleName"]


def test_parameters_are_those_that_the_function_knows():
    known = set(re.findall(r'^    \("(\w+)", "', (CODE / "parameters.rs").read_text(encoding="utf-8"), re.M))
    assert "control" in known
    full = rule(JobKinds="model_import", JobStatuses="InProgress", MaxJobAgeDays="90")
    used = {key for one in full.of_type("AWS::Config::ConfigRule").values() for key in one["InputParameters"]}
    assert used == known - {"executionRoleName"}
    for one in full.of_type("AWS::Config::ConfigRule").values():
        assert len(json.dumps(one["InputParameters"])) <= 1024
        has_tags = one["InputParameters"]["control"] == "job_network_tagged"
        assert ("mandatoryTagKeys" in one["InputParameters"]) == has_tags


def test_moto_takes_every_rule():
    with mock_aws():
        config = boto3.client("config", REGION)
        boto3.client("iam").create_role(RoleName="rule", AssumeRolePolicyDocument="{}")
        boto3.client("lambda", REGION).create_function(
            FunctionName="rule", Runtime="provided.al2023", Role=f"arn:aws:iam::{ACCOUNT}:role/rule", Handler="bootstrap",
            Code={"ZipFile": b"PK\x05\x06" + bytes(18)},
        )
        for name in ("rule.yaml", "conformance-pack.yaml"):
            rules = Resolved(load(name), PARAMETERS[name]).of_type("AWS::Config::ConfigRule")
            for one in rules.values():
                source = {**one["Source"], "SourceIdentifier": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:rule"}
                taken = {**one, "Source": source, "InputParameters": json.dumps(one["InputParameters"])}
                config.put_config_rule(ConfigRule=taken)
        assert len(config.describe_config_rules()["ConfigRules"]) == 2 * len(controls())


# Permissions


def called():
    found = set()
    for path in (CODE / "aws").glob("*.rs"):
        text = path.read_text(encoding="utf-8").split("#[cfg(test)]")[0]
        found |= {(path.name, name) for name in re.findall(r"self\s*\.0\s*\.(\w+)\(\)", text)}
    if "AssumeRoleProvider::builder" in (CODE / "aws.rs").read_text(encoding="utf-8"):
        found.add(("aws.rs", "AssumeRoleProvider::builder"))
    return found - CALLS_OF_COMMANDS


def promised():
    """What the README's table says that each part needs."""
    rule = README.split("\n## The rule\n", 1)[1]
    table = rule.split("| for | IAM actions |", 1)[1].split("\n\n", 1)[0]
    needs, before = {}, set()
    for line in table.splitlines()[2:]:
        parts, cell = (part.strip() for part in line.strip("| ").split(" | ", 1))
        some = set(re.findall(r"`(\w+:\w+)`", cell))
        if "the same of" in cell:
            for kind in re.findall(r"`(Model\w+Job)`", cell):
                some |= {f"bedrock:List{kind}s", f"bedrock:Get{kind}"}
        for other in re.findall(r"those of `(\w+)`", cell):
            some |= needs[other]
        if cell.startswith("and "):
            some |= before
        for part in re.findall(r"`(\w+)`", parts) or [parts]:
            needs[part] = some
        before = some
    return needs


def test_the_role_may_do_what_the_code_calls_and_nothing_else():
    assert called() == set(CALLS)
    role = EVERYTHING.resources["Role"]["Properties"]
    assert actions(role) - NOT_CALLS == set(CALLS.values())


def test_the_readme_lists_what_the_role_may_do():
    assert set().union(*promised().values()) == set(CALLS.values())


def test_each_action_stands_beside_the_call_that_needs_it():
    for name in ("rule.yaml", "member-role.yaml"):
        text = (ROOT / "infra" / name).read_text(encoding="utf-8")
        for (file, call), action in CALLS.items():
            if name == "member-role.yaml" and action in NOT_IN_MEMBERS:
                continue
            beside = re.findall(rf"{action} # {file}, (\w+)", text)
            source = CODE / ("aws.rs" if file == "aws.rs" else f"aws/{file}")
            assert beside, f"{name}: {action} has no comment that names {file}"
            # The comment names a function, and the call is in that function.
            body = re.split(r"(?m)^ {4}(?:async |pub )?fn ", source.read_text(encoding="utf-8"))
            inside = [each for each in body if each.startswith(f"{beside[0]}(") or each.startswith(f"{beside[0]}<")]
            assert inside and call.split("::")[0] in inside[0].replace("\n", " "), f"{action}: {beside[0]} does not call {call}"


@pytest.mark.parametrize("control", controls())
def test_a_rule_for_one_control_needs_only_its_actions(control):
    toggles = {logical(other): "yes" if other == control else "no" for other in controls()}
    one = rule(**toggles)
    assert [each["InputParameters"]["control"] for each in one.of_type("AWS::Config::ConfigRule").values()] == [control]
    needs = promised()
    expected = needs["every control"] | needs["reporting"] | needs.get(control, set()) | {"config:StartConfigRulesEvaluation"}
    assert actions(one.resources["Role"]["Properties"]) - NOT_CALLS == expected
    environment = one.resources["Function"]["Properties"]["Environment"]["Variables"]
    assert [name for name in environment["CONFIG_RULE_NAMES"].split(",") if name] == [
        f"bedrock-{control.replace('_', '-')}"
    ]


def test_without_rules_of_its_own_the_function_keeps_its_permissions():
    """For a conformance pack, or organization rules."""
    one = rule(MakeRules="no")
    assert not one.of_type("AWS::Config::ConfigRule")
    assert actions(one.resources["Role"]["Properties"]) == actions(rule().resources["Role"]["Properties"])
    names = one.resources["Function"]["Properties"]["Environment"]["Variables"]["CONFIG_RULE_NAMES"]
    assert not [name for name in names.split(",") if name]


def test_evidence_goes_below_its_prefix_and_its_own_account_only():
    assert 'format!("account_id={account_id}/region=' in (ROOT / "config-rule/src/evidence.rs").read_text(encoding="utf-8")
    for name, role in (("rule.yaml", EVERYTHING.resources["Role"]), ("member-role.yaml", None)):
        role = role or Resolved(load(name), PARAMETERS[name]).resources["Role"]
        writes = [one for one in statements(role["Properties"]) if "s3:PutObject" in listed(one["Action"])]
        assert [one["Resource"] for one in writes] == [f"arn:aws:s3:::evidence/evidence/account_id={ACCOUNT}/*"]
    pattern = load("rule.yaml")["Parameters"]["EvidenceUri"]["AllowedPattern"]
    for uri, is_taken in [
        ("", True), ("s3://bucket/prefix", True), ("s3://bucket/a/b", True), ("s3://bucket", False),
        ("s3://bucket/", False), ("s3://bucket/prefix/", False), ("bucket/prefix", False), ("s3://bucket/*", False),
    ]:
        assert bool(re.fullmatch(pattern, uri)) == is_taken, uri


def test_what_takes_a_resource_has_one():
    for name in ("rule.yaml", "member-role.yaml"):
        given = {**PARAMETERS[name], "ReportedResourceType": "Acme::Bedrock::Job"}
        role = Resolved(load(name), given).resources["Role"]["Properties"]
        everywhere = {action for one in statements(role) if one["Resource"] == "*" for action in listed(one["Action"])}
        assert everywhere == {
            "bedrock:ListModelCustomizationJobs", "bedrock:ListModelImportJobs", "bedrock:ListModelInvocationJobs",
            "config:PutEvaluations", "config:PutResourceConfig", "config:BatchGetResourceConfig",
            *(action for action in CALLS.values() if action.startswith("ec2:")),
        } - (NOT_IN_MEMBERS if name == "member-role.yaml" else set())


def test_a_member_role_may_do_what_is_called_in_members():
    member = Resolved(load("member-role.yaml"), {
        **PARAMETERS["member-role.yaml"], "ReportedResourceType": "Acme::Bedrock::Job"
    }).resources["Role"]["Properties"]
    assert actions(member) - NOT_CALLS == set(CALLS.values()) - NOT_IN_MEMBERS
    trust, = member["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:role/rule"}


def test_members_are_entered_in_the_own_organization_only():
    enter, = [one for one in statements(EVERYTHING.resources["Role"]["Properties"]) if one["Action"] == "sts:AssumeRole"]
    assert enter["Resource"] == "arn:aws:iam::*:role/bedrock-audit-member"
    assert enter["Condition"] == {"StringEquals": {"aws:ResourceOrgID": "o-abcdefghij"}}
    assertion, = load("rule.yaml")["Rules"]["MemberRoleNeedsOrganization"]["Assertions"]
    assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "OrganizationId"}, ""]}]}


def test_config_may_invoke_for_this_account_and_for_each_member():
    own, = EVERYTHING.of_type("AWS::Lambda::Permission").values()
    assert (own["Principal"], own["SourceAccount"]) == ("config.amazonaws.com", ACCOUNT)
    for one in EVERYTHING.template["Resources"].values():
        if one["Type"] == "AWS::Config::ConfigRule":
            assert one["DependsOn"] == "ConfigMayInvoke"
    members = settled("organization-permissions.yaml", PARAMETERS["organization-permissions.yaml"])["Resources"]
    assert {(one["Properties"]["Principal"], one["Properties"]["SourceAccount"]) for one in members.values()} == {
        ("config.amazonaws.com", "111122223333"), ("config.amazonaws.com", "444455556666"),
    }


# The function


def test_the_environment_is_what_the_function_reads():
    read = set(re.findall(r'variable\("([A-Z_]+)"\)', (CODE / "settings.rs").read_text(encoding="utf-8")))
    function = EVERYTHING.resources["Function"]["Properties"]
    assert set(function["Environment"]["Variables"]) == read
    listed_there = README.split("| environment variable |", 1)[1].split("\n\n", 1)[0]
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", listed_there, re.M)) == read
    names = function["Environment"]["Variables"]["CONFIG_RULE_NAMES"].split(",")
    assert names == [one["ConfigRuleName"] for one in EVERYTHING.of_type("AWS::Config::ConfigRule").values()]
    assert len(names) <= 25


def test_nothing_is_stopped_unless_somebody_says_so():
    function = rule().resources["Function"]["Properties"]
    assert function["Environment"]["Variables"]["STOP_UNPROTECTED_JOBS"] == "false"
    assert not {action for action in actions(rule().resources["Role"]["Properties"]) if ":Stop" in action}


def test_the_function_is_what_package_builds():
    function = rule().resources["Function"]["Properties"]
    assert (function["Runtime"], function["Handler"]) == ("provided.al2023", "bootstrap")
    assert function["Architectures"] == ["x86_64"]
    assert 'architecture=${1:-x86_64}' in (ROOT / "scripts/package").read_text(encoding="utf-8")


def test_failed_events_are_kept_and_encrypted():
    resources = EVERYTHING.resources
    retries = resources["Retries"]["Properties"]
    assert retries["DestinationConfig"]["OnFailure"]["Destination"] == "<FailedEvents.Arn>"
    assert resources["FailedEvents"]["Properties"]["SqsManagedSseEnabled"] is True
    send, = [one for one in statements(resources["Role"]["Properties"]) if one["Action"] == "sqs:SendMessage"]
    assert send["Resource"] == "<FailedEvents.Arn>"


# Alarms


def test_the_log_has_the_lines_that_the_filters_count():
    """The patterns name a member; the code writes it, as the first of a JSON line."""
    patterns = {name: one["FilterPattern"] for name, one in EVERYTHING.of_type("AWS::Logs::MetricFilter").items()}
    assert patterns == {"Evaluations": '{ $.rule = "*" }', "Stops": '{ $.record = "stop" }'}
    handler = (CODE / "handler.rs").read_text(encoding="utf-8")
    assert re.search(r'let summary = json!\(\{\s*"rule": event\.rule_name', handler)
    assert '"record": "stop"' in (CODE / "immediate.rs").read_text(encoding="utf-8")
    # An EventBridge event's summary has no rule, so that it counts for nothing.
    assert '"rule"' not in (CODE / "immediate.rs").read_text(encoding="utf-8").split("#[cfg(test)]")[0]


def alarm_state(alarm, hours):
    """The slow, obvious reading of the alarm: hours of (evaluations logged, errors), None where CloudWatch has no data."""
    assert alarm["ComparisonOperator"] == "LessThanThreshold" and alarm["TreatMissingData"] == "breaching"
    assert alarm["Metrics"][0]["Expression"] == "FILL(evaluations, 0) - FILL(errors, 0)"
    recent = hours[-alarm["EvaluationPeriods"]:]
    successes = [(evaluations or 0) - (errors or 0) for evaluations, errors in recent]
    breaching = sum(one < alarm["Threshold"] for one in successes)
    breaching += alarm["EvaluationPeriods"] - len(recent)
    return "ALARM" if breaching >= alarm["DatapointsToAlarm"] else "OK"


def test_the_age_of_the_last_success_raises_an_alarm():
    alarm = rule(HoursWithoutSuccess="4").resources["LastSuccessAlarm"]["Properties"]
    alarm = {**alarm, "EvaluationPeriods": int(alarm["EvaluationPeriods"]), "DatapointsToAlarm": int(alarm["DatapointsToAlarm"])}
    for hours, expected in [
        ([], "ALARM"),
        ([(None, None)] * 4, "ALARM"),
        ([(8, None), (None, None), (None, None), (None, None)], "OK"),
        ([(8, None), (None, None), (None, None), (None, None), (None, None)], "ALARM"),
        # A failed evaluation logs its line too.
        ([(3, 3), (3, 3), (3, 3), (3, 3)], "ALARM"),
        ([(3, 3), (4, 3), (3, 3), (3, 3)], "OK"),
    ]:
        assert alarm_state(alarm, hours) == expected, hours
    for metric in alarm["Metrics"][1:]:
        # A period of an hour lets an alarm look back for seven days.
        assert metric["MetricStat"]["Period"] == 3600
    most = load("rule.yaml")["Parameters"]["HoursWithoutSuccess"]["MaxValue"]
    assert most * 3600 <= 7 * 86400


def test_moto_takes_every_alarm_and_filter():
    with mock_aws():
        logs, cloudwatch = boto3.client("logs", REGION), boto3.client("cloudwatch", REGION)
        logs.create_log_group(logGroupName="group")
        for name, one in EVERYTHING.of_type("AWS::Logs::MetricFilter").items():
            transformation, = one["MetricTransformations"]
            logs.put_metric_filter(
                logGroupName="group", filterName=name, filterPattern=one["FilterPattern"],
                metricTransformations=[{key[0].lower() + key[1:]: value for key, value in transformation.items()}],
            )
        alarms = EVERYTHING.of_type("AWS::CloudWatch::Alarm")
        for name, one in alarms.items():
            cloudwatch.put_metric_alarm(AlarmName=name, **{
                key: int(value) if key in ("EvaluationPeriods", "DatapointsToAlarm") else value for key, value in one.items()
            })
        made = cloudwatch.describe_alarms()["MetricAlarms"]
        assert {one["AlarmName"] for one in made} == set(alarms) == {
            "ErrorAlarm", "ThrottleAlarm", "FailedEventAlarm", "LastSuccessAlarm", "StopAlarm",
        }
        topic = PARAMETERS["rule.yaml"]["AlarmTopicArn"]
        assert all(one["AlarmActions"] == [topic] for one in made)
    assert all("AlarmActions" not in one for one in rule().of_type("AWS::CloudWatch::Alarm").values())
