#!/usr/bin/env python3
"""moto as someone else's reading of AWS, mended where it cannot stand in for the services that the rule calls.

    moto_server.py

Serves on 127.0.0.1 at a free port, prints `PORT n` once it answers, and ends when its stdin is closed: a test that
dies leaves nothing behind. Needs a Python that has the package `moto[server]`.

Each part of the patch is a function below that says what moto does otherwise. Beside the AWS APIs there are:

    POST /moto-api/bedrock/job-status   {"jobArn": ..., "status": ..., "failureMessage": ...?} as application/json
    GET  /moto-api/config/calls         what was put and started, in order: evaluations that Config drops included
"""
import datetime
import fnmatch
import json
import logging
import os
import re
import secrets
import sys
import threading
from urllib.parse import unquote

# The machine's own AWS configuration is nobody's business here.
os.environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull, AWS_EC2_METADATA_DISABLED="true")

import botocore.session
from moto.bedrock import models as bedrock
from moto.bedrock import responses as bedrock_responses
from moto.bedrock.exceptions import ResourceNotFoundException, ValidationException
from moto.config import responses as config_responses
from moto.config.exceptions import InvalidNextTokenException, NoSuchConfigRuleException
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.iam import responses as iam_responses
from moto.iam.exceptions import IAMException
from moto.moto_api._internal import urls as moto_api_urls
from moto.server import ThreadedMotoServer

JOB_STATUSES = ("InProgress", "Completed", "Failed", "Stopping", "Stopped")
COMPLIANCE_TYPES = ("COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE", "INSUFFICIENT_DATA")

# A result token is handed out with an event. moto sends none, so a token names its rule, and a test can make it.
TOKEN_PREFIX = "result-token-of/"


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def rfc3339(time):
    return time.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


# --- Bedrock


def jobs_look_like_bedrocks():
    """(a) Timestamps are RFC 3339; moto's `2026-11-21 21:07:38` is refused by every SDK that reads them strictly.

    (b) The ARN is `.../<base model id>/<12 characters>`, its base model id with its colons; moto ends it in the name.
    (g) A customer key is there only where one was given, an end only once the job has ended, a failure only where it
    failed; moto makes up all three for every job.
    """
    make_job, make_model = bedrock.ModelCustomizationJob.__init__, bedrock.CustomModel.__init__

    def job(self, *arguments, **named):
        make_job(self, *arguments, **named)
        self.creation_time = self.last_modified_time = rfc3339(now())
        self.end_time = self.failure_message = None
        model = self.base_model_identifier.rsplit("/", 1)[-1]
        alphabet = "0123456789abcdefghijklmnopqrstuvwxyz"
        serial = "".join(secrets.choice(alphabet) for _ in range(12))
        self.job_arn = self.job_arn.rsplit("/", 1)[0] + f"/{model}/{serial}"
        self.base_model_arn = self.base_model_arn.split("foundation-model/")[0] + f"foundation-model/{model}"
        self.output_model_kms_key_arn = self.custom_model_kms_key_id

    def model(self, *arguments, **named):
        make_model(self, *arguments, **named)
        self.creation_time = rfc3339(now())

    bedrock.ModelCustomizationJob.__init__ = job
    bedrock.CustomModel.__init__ = model


def find_job(backend, identifier):
    """By ARN or by name, as the API takes it."""
    for job in backend.model_customization_jobs.values():
        if identifier in (job.job_arn, job.job_name):
            return job
    raise ResourceNotFoundException(f"Model customization job {identifier} not found")


def set_status(job, status, failure_message=None):
    job.status = status
    job.last_modified_time = rfc3339(now())
    job.end_time = job.last_modified_time if status in ("Completed", "Failed", "Stopped") else None
    job.failure_message = failure_message


def jobs_are_found_by_arn():
    """(c) An ARN comes percent-encoded in the path; moto takes the path's last segment as it is, and for a name."""

    def get(self):
        return json.dumps(find_job(self.bedrock_backend, unquote(self.raw_path.split("/")[2])).to_dict())

    def stop(self):
        job = find_job(self.bedrock_backend, unquote(self.raw_path.split("/")[2]))
        if job.status not in ("InProgress", "Stopping"):
            raise ValidationException(f"The job {job.job_name} is {job.status}, so it cannot be stopped")
        set_status(job, "Stopped")
        return json.dumps({})

    list_tags = bedrock.BedrockBackend.list_tags_for_resource

    def list_tags_decoded(self, resource_arn):
        return list_tags(self, unquote(resource_arn))

    bedrock_responses.BedrockResponse.get_model_customization_job = get
    bedrock_responses.BedrockResponse.stop_model_customization_job = stop
    bedrock.BedrockBackend.list_tags_for_resource = list_tags_decoded


def other_jobs_are_an_empty_list():
    """Import and batch inference jobs: moto answers 500 to their lists, which every SDK asks again and again."""
    response = bedrock_responses.BedrockResponse
    response.list_model_invocation_jobs = lambda self: json.dumps({"invocationJobSummaries": []})
    response.list_model_import_jobs = lambda self: json.dumps({"modelImportJobSummaries": []})


def job_status(request, full_url, headers):
    """(f) moto's jobs run for ever: this sets how one stands."""
    asked = json.loads(request.data)
    if asked.get("status") not in JOB_STATUSES:
        return 400, {}, json.dumps({"error": f"status is {asked.get('status')!r}; it must be one of {JOB_STATUSES}"})
    _, _, _, region, account, _ = asked["jobArn"].split(":", 5)
    try:
        job = find_job(bedrock.bedrock_backends[account][region], asked["jobArn"])
    except ResourceNotFoundException:
        return 404, {}, json.dumps({"error": f"there is no job {asked['jobArn']}"})
    set_status(job, asked["status"], asked.get("failureMessage"))
    return 200, {}, json.dumps({"jobArn": job.job_arn, "status": job.status})


# --- Config


class Refusal(JsonRESTError):
    code = 400


def refuse(why, error="InvalidParameterValueException"):
    raise Refusal(error, why)


def unfit(value, at, constraint):
    refuse(
        f"1 validation error detected: Value '{value}' at '{at}' failed to satisfy constraint: {constraint}",
        "ValidationException",
    )


class Evaluations:
    """What Config holds of the rules' results, and every call that changed it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.results = {}
        self.calls = []
        shapes = botocore.session.Session().get_service_model("config")
        self.known_types = set(shapes.shape_for("ResourceType").enum) | {"AWS::::Account"}

    def check(self, evaluations, backend):
        """One evaluation that does not fit fails the whole call, as it does in Config."""
        if not isinstance(evaluations, list):
            unfit(evaluations, "evaluations", "Member must be a list")
        if len(evaluations) > 100:
            unfit(len(evaluations), "evaluations", "Member must have length less than or equal to 100")
        # A type of one's own is known once a resource of it was recorded.
        known = self.known_types | {each["ResourceType"] for each in backend._custom_resources.values()}
        for number, one in enumerate(evaluations, 1):
            at = f"evaluations.{number}.member"
            for name, longest in (("ComplianceResourceType", 256), ("ComplianceResourceId", 768), ("Annotation", 256)):
                text = one.get(name)
                if text is None and name == "Annotation":
                    continue
                if not isinstance(text, str) or not 1 <= len(text) <= longest:
                    unfit(text, f"{at}.{name}", f"Member must have length between 1 and {longest}")
            verdict, ordered = one.get("ComplianceType"), one.get("OrderingTimestamp")
            if verdict not in COMPLIANCE_TYPES:
                unfit(verdict, f"{at}.complianceType", f"Member must satisfy enum value set: {COMPLIANCE_TYPES}")
            if verdict == "INSUFFICIENT_DATA":
                refuse("INSUFFICIENT_DATA is not accepted as the ComplianceType of an evaluation")
            if type(ordered) not in (int, float):
                unfit(ordered, f"{at}.orderingTimestamp", "Member must be a timestamp in epoch seconds")
            if one["ComplianceResourceType"] not in known:
                refuse(
                    f"The resource type {one['ComplianceResourceType']} is invalid. "
                    f"Only the following values are permitted: [{', '.join(sorted(known))}]"
                )

    def put(self, backend, evaluations, token, test_mode):
        if not token or not isinstance(token, str):
            refuse("The result token is missing", "InvalidResultTokenException")
        rule = None
        if not test_mode:
            if not token.startswith(TOKEN_PREFIX):
                refuse("The result token is invalid", "InvalidResultTokenException")
            rule = token.removeprefix(TOKEN_PREFIX)
            if rule not in backend.config_rules:
                raise NoSuchConfigRuleException(rule)
        self.check(evaluations, backend)
        with self.lock:
            self.calls.append(
                {
                    "operation": "PutEvaluations",
                    "account": backend.account_id,
                    "region": backend.region_name,
                    "rule": rule,
                    "testMode": bool(test_mode),
                    "evaluations": evaluations,
                }
            )
            if not test_mode:
                held = self.results.setdefault((backend.account_id, backend.region_name, rule), {})
                for one in evaluations:
                    key = (one["ComplianceResourceType"], one["ComplianceResourceId"])
                    # Config drops a resource that is reported as not applicable.
                    if one["ComplianceType"] == "NOT_APPLICABLE":
                        held.pop(key, None)
                    else:
                        held[key] = one | {"recorded": now().timestamp()}

    def details(self, backend, rule, types, limit, token):
        if not 1 <= len(rule or "") <= 64:
            unfit(rule, "configRuleName", "Member must have length between 1 and 64")
        if rule not in backend.config_rules:
            raise NoSuchConfigRuleException(rule)
        if limit is not None and not 0 <= limit <= 100:
            unfit(limit, "limit", "Member must have value between 0 and 100")
        with self.lock:
            held = dict(self.results.get((backend.account_id, backend.region_name, rule), {}))
        rows = [
            {
                "EvaluationResultIdentifier": {
                    "EvaluationResultQualifier": {
                        "ConfigRuleName": rule,
                        "ResourceType": kind,
                        "ResourceId": resource,
                        "EvaluationMode": "DETECTIVE",
                    },
                    "OrderingTimestamp": one["OrderingTimestamp"],
                },
                "ComplianceType": one["ComplianceType"],
                "ResultRecordedTime": one["recorded"],
                "ConfigRuleInvokedTime": one["recorded"],
                **({"Annotation": one["Annotation"]} if "Annotation" in one else {}),
            }
            for (kind, resource), one in sorted(held.items())
            if not types or one["ComplianceType"] in types
        ]
        if token and not (token.isascii() and token.isdigit()):
            raise InvalidNextTokenException()
        start = int(token or 0)
        end = start + (limit or 10)
        return {"EvaluationResults": rows[start:end], **({"NextToken": str(end)} if end < len(rows) else {})}

    def start(self, backend, rules):
        if not 1 <= len(rules or []) <= 25:
            unfit(rules, "configRuleNames", "Member must have length between 1 and 25")
        for rule in rules:
            if rule not in backend.config_rules:
                raise NoSuchConfigRuleException(rule)
        with self.lock:
            self.calls.append(
                {
                    "operation": "StartConfigRulesEvaluation",
                    "account": backend.account_id,
                    "region": backend.region_name,
                    "rules": rules,
                }
            )


def config_keeps_evaluations():
    """(d) moto takes evaluations in test mode only, checks nothing and stores nothing; it has neither of the others."""
    held = Evaluations()

    def put(self):
        asked = json.loads(self.body)
        held.put(self.config_backend, asked.get("Evaluations") or [], asked.get("ResultToken"), asked.get("TestMode"))
        return json.dumps({"FailedEvaluations": []})

    def details(self):
        asked = json.loads(self.body)
        rule, types = asked.get("ConfigRuleName"), asked.get("ComplianceTypes")
        return json.dumps(held.details(self.config_backend, rule, types, asked.get("Limit"), asked.get("NextToken")))

    def start(self):
        held.start(self.config_backend, json.loads(self.body).get("ConfigRuleNames"))
        return json.dumps({})

    response = config_responses.ConfigResponse
    response.put_evaluations = put
    response.get_compliance_details_by_config_rule = details
    response.start_config_rules_evaluation = start

    def config_calls(request, full_url, headers):
        with held.lock:
            return 200, {"Content-Type": "application/json"}, json.dumps(held.calls)

    return config_calls


# --- IAM


def listed(value):
    return value if isinstance(value, list) else [value]


def like(pattern, text):
    """IAM's wildcards: `*` and `?`, and no others."""
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def arn_like(pattern, text):
    """Each of the six parts by itself, so that a `*` does not run over a colon, except in the last."""
    patterns, parts = pattern.split(":", 5), text.split(":", 5)
    return len(patterns) == len(parts) == 6 and all(map(like, patterns, parts))


COMPARISONS = {
    "stringequals": lambda wanted, found: wanted == found,
    "stringequalsignorecase": lambda wanted, found: wanted.lower() == found.lower(),
    "stringlike": like,
    "arnequals": arn_like,
    "arnlike": arn_like,
    "bool": lambda wanted, found: wanted.lower() == found.lower(),
}


def holds(operator, key, wanted, context):
    """One line of a Condition. `context` has the keys in lower case, each with its values."""
    quantifier, _, name = operator.rpartition(":")
    name, quantifier = name.lower(), quantifier.lower()
    found = context.get(key.lower())
    wanted = [str(each).lower() if isinstance(each, bool) else str(each) for each in listed(wanted)]
    if name == "null":
        return (found is None) == (wanted == ["true"])
    if name.endswith("ifexists"):
        name = name.removesuffix("ifexists")
        if found is None:
            return True
    negated = "not" in name
    compare = COMPARISONS.get(name.replace("not", ""))
    if compare is None or quantifier not in ("", "forallvalues", "foranyvalue"):
        raise IAMException("InvalidInput", f"this server does not know the condition operator {operator}")
    if found is None:
        return negated or quantifier == "forallvalues"
    fits = [any(compare(each, value) for each in wanted) != negated for value in found]
    return any(fits) if quantifier == "foranyvalue" else all(fits) if quantifier else len(fits) == 1 and fits[0]


def concerns(statement, element, value):
    """`Action` and `Resource`, or their opposites; actions do not distinguish case."""
    fold = str.lower if element == "Action" else str
    for name, when in ((element, True), ("Not" + element, False)):
        if name in statement:
            return any(like(fold(pattern), fold(value)) for pattern in listed(statement[name])) == when
    return False


def decide(policies, action, resource, context):
    """IAM's rule: an explicit deny, else an allow, else denied. Returns the decision, who decided, and keys not given."""
    allowed, denied, missing = [], [], set()
    for name, kind, document in policies:
        for statement in listed(document["Statement"]):
            if not concerns(statement, "Action", action) or not concerns(statement, "Resource", resource):
                continue
            conditions = [
                (operator, key, wanted)
                for operator, keys in statement.get("Condition", {}).items()
                for key, wanted in keys.items()
            ]
            missing.update(key for _, key, _ in conditions if key.lower() not in context)
            if all(holds(operator, key, wanted, context) for operator, key, wanted in conditions):
                (denied if statement["Effect"] == "Deny" else allowed).append(
                    {"SourcePolicyId": name, "SourcePolicyType": kind}
                )
    decision = "explicitDeny" if denied else "allowed" if allowed else "implicitDeny"
    return decision, denied or allowed, sorted(missing)


def iam_simulates():
    """(e) moto has no SimulatePrincipalPolicy, and its own policy check knows neither resources nor these conditions.

    Inline and attached policies of a role are evaluated; permissions boundaries, policy variables and organization
    policies are not. As in IAM, there is one result an action, and one of its parts a resource where ARNs were given.
    """

    def policies_of(backend, arn):
        role = backend.get_role_by_arn(arn)
        for name, document in role.policies.items():
            yield name, "role", json.loads(document)
        for policy in role.managed_policies.values():
            yield policy.name, "user-managed", json.loads(policy.default_version.document)

    def simulate(self):
        policies = list(policies_of(self.backend, self._get_param("PolicySourceArn")))
        resources = self._get_param("ResourceArns") or ["*"]
        if "*" in resources and len(resources) > 1:
            raise IAMException("InvalidInput", "You cannot include both * and individual resources in the resource list")
        context = {
            entry["ContextKeyName"].lower(): entry.get("ContextKeyValues", [])
            for entry in self._get_param("ContextEntries") or []
        }
        results = []
        for action in self._get_param("ActionNames"):
            if not re.fullmatch(r"[a-z0-9-]+:[A-Za-z0-9]+", action):
                raise IAMException("InvalidInput", f"Invalid action name {action}")
            parts = [(resource, *decide(policies, action, resource, context)) for resource in resources]
            # The whole is allowed when every resource is; a denial is that of the first that is denied.
            whole = next((part for part in parts if part[1] != "allowed"), parts[0])
            result = {
                "EvalActionName": action,
                "EvalResourceName": whole[0],
                "EvalDecision": whole[1],
                "MatchedStatements": whole[2],
                "MissingContextValues": whole[3] if resources == ["*"] else [],
            }
            if resources != ["*"]:
                result["ResourceSpecificResults"] = [
                    {
                        "EvalResourceName": resource,
                        "EvalResourceDecision": decision,
                        "MatchedStatements": matched,
                        "MissingContextValues": missing,
                    }
                    for resource, decision, matched, missing in parts
                ]
            results.append(result)
        return ActionResult({"EvaluationResults": results, "IsTruncated": False})

    iam_responses.IamResponse.simulate_principal_policy = simulate


def main():
    # One line a request is noise in a test; a failure of moto itself still gets its traceback.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)

    jobs_look_like_bedrocks()
    jobs_are_found_by_arn()
    other_jobs_are_an_empty_list()
    iam_simulates()
    moto_api_urls.url_paths["{0}/moto-api/bedrock/job-status"] = job_status
    moto_api_urls.url_paths["{0}/moto-api/config/calls"] = config_keeps_evaluations()

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    print("PORT", server.get_host_and_port()[1], flush=True)
    sys.stdin.buffer.read()
    # The server's threads may be in the middle of a request that nobody waits for any more.
    os._exit(0)


if __name__ == "__main__":
    main()
