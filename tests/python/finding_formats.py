#!/usr/bin/env python3
"""The finding formats of bedrock-audit, read by software that others wrote.

    finding_formats.py ocsf|asff|oscal|junit FILE

Each subcommand fails with a message where its reader finds fault, and otherwise prints one JSON document:

    {"count": findings, "verdicts": {finding id: verdict}, "words": {the format's own word: findings}}

so that a test can compare formats with each other and with the verdict rows.

- ocsf: JSON Schema made from OCSF's own export of the version that each event names, by the package ocsf-json-schema;
  the newest version in that package has to accept the event too.
- asff: botocore's model of BatchImportFindings and the limits that only its documentation states, then a moto server
  that gets each line as one call, in the Region that its ProductArn names.
- oscal: compliance-trestle, whose models are made from NIST's schemas; references between parts are followed.
- junit: junitparser; the counts of each suite are those of its test cases.
"""
import argparse
import collections
import json
import logging
import os
import re
import sys
import uuid

# The machine's own AWS configuration is nobody's business here.
os.environ.update(
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    AWS_EC2_METADATA_DISABLED="true",
    AWS_ACCESS_KEY_ID="AKIAMOTOISAWITNESS00",
    AWS_SECRET_ACCESS_KEY="end-to-end-test-only-not-a-secret-key000",
    NO_PROXY="127.0.0.1,localhost",
    no_proxy="127.0.0.1,localhost",
)

# SHA-256 in hexadecimal.
FINDING_ID = re.compile(r"[0-9a-f]{64}")
NAMESPACE = uuid.UUID("f137886b-a832-4183-a128-6c4ca3cb5192")

# BatchImportFindings: findings and bytes of one call, bytes of one finding (1 KB is 1,000 bytes: the strict reading).
MAX_FINDINGS, MAX_BATCH_BYTES, MAX_FINDING_BYTES = 100, 6_000_000, 240_000
# Lengths that botocore's documentation of AwsSecurityFinding states and its model does not.
LENGTHS = {"Id": 512, "GeneratorId": 512, "Title": 256, "Description": 1024, "ProductName": 128, "CompanyName": 128}


def fail(message):
    sys.exit(f"finding_formats.py: {message}")


def expect(holds, message):
    if not holds:
        fail(message)


def lines(path):
    with open(path, encoding="utf-8", newline="\n") as file:
        return file.read().split("\n")[:-1]


class Tally:
    """What was found, by finding id."""

    def __init__(self):
        self.verdicts, self.words = {}, collections.Counter()

    def add(self, finding_id, verdict, word):
        expect(FINDING_ID.fullmatch(finding_id), f"{finding_id!r} is no finding id")
        expect(finding_id not in self.verdicts, f"the finding {finding_id} is there twice")
        self.verdicts[finding_id] = verdict
        self.words[word] += 1

    def show(self):
        document = {"count": len(self.verdicts), "verdicts": self.verdicts, "words": self.words}
        print(json.dumps(document, indent=1, sort_keys=True))


def ocsf(path, tally):
    import jsonschema
    from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

    validators = {}

    def check(version, event, at):
        if version not in validators:
            schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=version))
            schema = schema.get_class_schema(class_name="compliance_finding", profiles=["cloud"])
            validators[version] = jsonschema.Draft202012Validator(schema)
        for error in validators[version].iter_errors(event):
            fail(f"line {at}: OCSF {version}: {error.json_path}: {error.message}")

    for at, line in enumerate(lines(path), 1):
        event = json.loads(line)
        check(event["metadata"]["version"], event, at)
        check("1.8.0", event, at)
        expect(event["metadata"]["profiles"] == ["cloud"], f"line {at}: another profile than cloud")
        expect(event["type_uid"] == event["class_uid"] * 100 + event["activity_id"], f"line {at}: type_uid")
        for observable in event["observables"]:
            found = event
            for name, index in re.findall(r"(\w+)(?:\[(\d+)\])?", observable["name"]):
                found = found[name][int(index)] if index else found[name]
            expect(found == observable["value"], f"line {at}: {observable['name']} is {found!r}")
        compliance = event["compliance"]
        tally.add(event["finding_info"]["uid"], compliance["status_code"], f"{compliance['status_id']} {compliance['status']}")


def check_asff(finding):
    for name, limit in LENGTHS.items():
        expect(0 < len(finding[name]) <= limit, f"{name} has {len(finding[name])} characters")
    size = len(json.dumps(finding, ensure_ascii=False, separators=(",", ":")).encode())
    expect(size <= MAX_FINDING_BYTES, f"a finding has {size} bytes")
    fields = finding["ProductFields"]
    expect(len(fields) <= 50, f"{len(fields)} product fields")
    expect(all(len(name) <= 128 and len(value) <= 2048 for name, value in fields.items()), "a product field is too long")
    expect(re.fullmatch(r"\d{12}", finding["AwsAccountId"]), f"the account is {finding['AwsAccountId']!r}")
    expect(1 <= len(finding["Resources"]) <= 32, f"{len(finding['Resources'])} resources")
    for resource in finding["Resources"]:
        expect(len(resource["Id"]) <= 512, "a resource's Id is too long")
        expect(len(resource["Region"]) <= 16, "a resource's Region is too long")
        expect(all(len(text) < 1024 for text in resource.get("Details", {}).get("Other", {}).values()), "a detail is too long")
    text = finding.get("Remediation", {}).get("Recommendation", {}).get("Text", "")
    expect(len(text) <= 512, "a recommendation is too long")
    partition, region, account = (finding["ProductArn"].split(":")[place] for place in (1, 3, 4))
    arn = f"arn:{partition}:securityhub:{region}:{account}:product/{account}/default"
    expect(finding["ProductArn"] == arn, finding["ProductArn"])
    expect((account, region) == (finding["AwsAccountId"], finding["Region"]), "ProductArn is of another place")
    expect(finding["CreatedAt"] <= finding["UpdatedAt"], "updated before it was created")
    namespaces = ("Software and Configuration Checks", "TTPs", "Effects", "Unusual Behaviors", "Sensitive Data Identifications")
    expect(all(each.split("/")[0] in namespaces for each in finding["Types"]), f"{finding['Types']}")


def check_words(model, value, at="Findings"):
    """The enumerations of the model, which botocore leaves to the service."""
    if model.type_name == "structure":
        for name, each in value.items():
            check_words(model.members[name], each, f"{at}.{name}")
    elif model.type_name == "list":
        for each in value:
            check_words(model.member, each, at)
    elif model.type_name == "map":
        for each in value.values():
            check_words(model.value, each, at)
    elif model.type_name == "string":
        words, pattern = model.enum, model.metadata.get("pattern")
        expect(not words or value in words, f"{at} is {value!r}, which is none of {words}")
        expect(not pattern or re.search(pattern, value), f"{at} is {value!r}, which is not {pattern}")


def asff(path, tally):
    import boto3
    from botocore.validate import ParamValidator
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    port = server.get_host_and_port()[1]
    sent = collections.defaultdict(set)

    def client(region):
        return boto3.client("securityhub", region_name=region, endpoint_url=f"http://127.0.0.1:{port}")

    for at, line in enumerate(lines(path), 1):
        findings = json.loads(line)
        expect(len(line.encode()) <= MAX_BATCH_BYTES, f"line {at} has {len(line.encode())} bytes")
        expect(1 <= len(findings) <= MAX_FINDINGS, f"line {at} has {len(findings)} findings")
        expect(len({finding["ProductArn"] for finding in findings}) == 1, f"line {at} is of several places")
        # What the README's loop cuts out.
        region, account = line.split(":")[4:6]
        expect(region == findings[0]["Region"] and account == findings[0]["AwsAccountId"], f"line {at} begins otherwise")
        hub = client(region)
        model = hub.meta.service_model.operation_model("BatchImportFindings").input_shape
        report = ParamValidator().validate({"Findings": findings}, model)
        expect(not report.has_errors(), f"line {at}: {report.generate_report()}")
        check_words(model, {"Findings": findings})
        for finding in findings:
            check_asff(finding)
            verdict = finding["ProductFields"]["bedrock-audit/verdict"]
            tally.add(finding["Id"], verdict, finding["Compliance"]["Status"])
            sent[region].add(finding["Id"])
        answer = hub.batch_import_findings(Findings=findings)
        expect(answer["FailedCount"] == 0, f"line {at}: moto refused {answer['FailedFindings']}")
        expect(answer["SuccessCount"] == len(findings), f"line {at}: moto took {answer['SuccessCount']}")
    for region, ids in sent.items():
        pages = client(region).get_paginator("get_findings").paginate()
        kept = {finding["Id"] for page in pages for finding in page["Findings"]}
        expect(kept >= ids, f"moto kept {len(kept)} of {len(ids)} findings in {region}")
    server.stop()


def oscal(path, tally):
    import pathlib

    from trestle.oscal.assessment_results import AssessmentResults

    document = AssessmentResults.oscal_read(pathlib.Path(path).resolve())
    expect(document is not None, "compliance-trestle reads no document")
    result, = document.results
    definitions = result.local_definitions
    uuids = collections.Counter()

    def known(things):
        uuids.update(thing.uuid for thing in things or [])
        return {thing.uuid: thing for thing in things or []}

    tools, jobs = known(definitions.components), known(definitions.inventory_items)
    observations, risks, findings = known(result.observations), known(result.risks), known(result.findings)
    resources = known(document.back_matter.resources)
    expect(document.import_ap.href.removeprefix("#") in resources, "import-ap refers to nothing")
    expect(max(uuids.values()) == 1, f"a UUID names two things: {uuids.most_common(1)}")
    controls = {each.control_id for each in result.reviewed_controls.control_selections[0].include_controls}
    for thing in [*observations.values(), *risks.values(), *findings.values()]:
        actors = [actor for origin in thing.origins for actor in origin.actors]
        expect(all(actor.actor_uuid in tools for actor in actors), f"{thing.uuid} is of an unknown tool")
    for observation in observations.values():
        expect(all(subject.subject_uuid in jobs for subject in observation.subjects), f"{observation.uuid} is of no job")
    for risk in risks.values():
        expect(all(each.observation_uuid in observations for each in risk.related_observations), f"{risk.uuid}")
    used = set()
    for finding in findings.values():
        facts = {prop.name: prop.value for prop in finding.props}
        expect(all(str(prop.ns) == f"urn:uuid:{NAMESPACE}" for prop in finding.props), "another namespace")
        expect(finding.uuid == str(uuid.uuid5(NAMESPACE, f"finding {facts['finding_id']}")), f"{finding.uuid} is another's")
        expect(finding.target.target_id in controls, f"{finding.target.target_id} was not reviewed")
        expect(all(each.observation_uuid in observations for each in finding.related_observations), f"{finding.uuid}")
        related = [each.risk_uuid for each in finding.related_risks or []]
        expect(all(each in risks for each in related), f"{finding.uuid} has an unknown risk")
        used.update(related)
        state, reason = finding.target.status.state.value, finding.target.status.reason
        expect(bool(related) == (state == "not-satisfied"), f"{finding.uuid} is {state} with {len(related)} risks")
        tally.add(facts["finding_id"], facts["verdict"], f"{state} {getattr(reason, 'value', reason)}")
    expect(used == set(risks), "a risk is of no finding")
    expect(len(observations) == len(findings), f"{len(observations)} observations, {len(findings)} findings")


def junit(path, tally):
    from junitparser import Error, Failure, Skipped
    from junitparser.xunit2 import JUnitXml

    document = JUnitXml.fromfile(path)
    total = collections.Counter()
    for suite in document:
        found, names = collections.Counter(), set()
        for case in suite:
            facts = {each.name: each.value for each in case.properties()}
            kinds = [type(outcome) for outcome in case.result]
            expect(len(kinds) <= 1, f"{case.name} ended in several ways")
            kind = kinds[0] if kinds else None
            word = {None: "passed", Failure: "failure", Error: "error", Skipped: "skipped"}[kind]
            expect(facts["control"] == suite.name, f"{case.name} is in {suite.name}")
            expect((case.classname, case.name) not in names, f"two test cases are {case.classname} {case.name}")
            names.add((case.classname, case.name))
            found.update(["tests", word])
            tally.add(facts["finding_id"], facts["verdict"], word)
        counts = {"tests": suite.tests, "failure": suite.failures, "error": suite.errors, "skipped": suite.skipped}
        for word, count in counts.items():
            expect(found[word] == count, f"{suite.name} has {found[word]} {word}, and says {count}")
        total.update(found)
    for word, count in {"tests": document.tests, "failure": document.failures, "error": document.errors}.items():
        expect(total[word] == count, f"the document has {total[word]} {word}, and says {count}")


FORMATS = {"ocsf": ocsf, "asff": asff, "oscal": oscal, "junit": junit}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Reads a report of bedrock-audit with software that others wrote.")
    parser.add_argument("format", choices=FORMATS)
    parser.add_argument("file")
    arguments = parser.parse_args()
    tally = Tally()
    FORMATS[arguments.format](arguments.file, tally)
    tally.show()
