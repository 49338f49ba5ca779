"""Prints, as JSON, what botocore's service models say about the limits in tests/src/aws_server/limits.rs.

The names are those of the Rust constants, so a test can compare the two for equality. Needs only botocore.
"""

import json

import botocore.session

LOADER = botocore.session.get_session().get_component("data_loader")


class Service:
    """One service model, walked by names: `at("PutEvaluationsRequest", "Evaluations", "[]", "Annotation")`."""

    def __init__(self, name):
        self.shapes = LOADER.load_service_model(name, "service-2")["shapes"]

    def at(self, shape, *members):
        found = self.shapes[shape]
        for member in members:
            reference = found["member"] if member == "[]" else found["members"][member]
            found = self.shapes[reference["shape"]]
        return found

    def low(self, *path):
        return self.at(*path)["min"]

    def high(self, *path):
        return self.at(*path)["max"]

    def words(self, *path):
        return sorted(self.at(*path)["enum"])


def bedrock():
    service = Service("bedrock")
    listing = "ListModelCustomizationJobsRequest"
    create = "CreateModelCustomizationJobRequest"
    for other in ("ListModelImportJobsRequest", "ListModelInvocationJobsRequest"):
        assert service.at(other, "maxResults") == service.at(listing, "maxResults"), other
    for holder in ("GetModelImportJobResponse", "GetModelInvocationJobResponse", "GetModelCustomizationJobResponse"):
        assert service.at(holder, "vpcConfig") == service.at("VpcConfig"), holder
    return {
        "LIST_JOBS_MAX_RESULTS_MIN": service.low(listing, "maxResults"),
        "LIST_JOBS_MAX_RESULTS_MAX": service.high(listing, "maxResults"),
        "JOB_NAME_MIN": service.low(listing, "nameContains"),
        "JOB_NAME_MAX": service.high(listing, "nameContains"),
        "JOB_IDENTIFIER_MAX": service.high("GetModelCustomizationJobRequest", "jobIdentifier"),
        "VPC_SUBNETS_MIN": service.low("VpcConfig", "subnetIds"),
        "VPC_SUBNETS_MAX": service.high("VpcConfig", "subnetIds"),
        "VPC_SECURITY_GROUPS_MIN": service.low("VpcConfig", "securityGroupIds"),
        "VPC_SECURITY_GROUPS_MAX": service.high("VpcConfig", "securityGroupIds"),
        "CUSTOMIZATION_JOB_STATUSES": service.words(listing, "statusEquals"),
        "IMPORT_JOB_STATUSES": service.words("ListModelImportJobsRequest", "statusEquals"),
        "INVOCATION_JOB_STATUSES": service.words("ListModelInvocationJobsRequest", "statusEquals"),
        "CUSTOM_MODEL_NAME_MAX": service.high(create, "customModelName"),
        "ROLE_ARN_MAX": service.high(create, "roleArn"),
        "BASE_MODEL_IDENTIFIER_MAX": service.high(create, "baseModelIdentifier"),
        "KMS_KEY_ID_MAX": service.high(create, "customModelKmsKeyId"),
        "CLIENT_REQUEST_TOKEN_MAX": service.high(create, "clientRequestToken"),
        "S3_URI_MAX": service.high(create, "outputDataConfig", "s3Uri"),
        "VALIDATORS_MAX": service.high(create, "validationDataConfig", "validators"),
        "NETWORK_ID_MAX": service.high("VpcConfig", "subnetIds", "[]"),
        "CUSTOMIZATION_TYPES": service.words(create, "customizationType"),
        "TAGS_MAX": service.high("TagResourceRequest", "tags"),
        "TAG_KEY_MIN": service.low("Tag", "key"),
        "TAG_KEY_MAX": service.high("Tag", "key"),
        "TAG_VALUE_MAX": service.high("Tag", "value"),
    }


def config():
    service = Service("config")
    evaluation = ("PutEvaluationsRequest", "Evaluations", "[]")
    details = "GetComplianceDetailsByConfigRuleRequest"
    start = "StartConfigRulesEvaluationRequest"
    put = "PutResourceConfigRequest"
    keys = ("BatchGetResourceConfigRequest", "resourceKeys")
    for resource_id in ((put, "ResourceId"), ("DeleteResourceConfigRequest", "ResourceId"), (*keys, "[]", "resourceId")):
        assert service.at(*resource_id) == service.at(*evaluation, "ComplianceResourceId"), resource_id
    return {
        "PUT_EVALUATIONS_MAX": service.high("PutEvaluationsRequest", "Evaluations"),
        "ANNOTATION_MIN": service.low(*evaluation, "Annotation"),
        "ANNOTATION_MAX": service.high(*evaluation, "Annotation"),
        "RESOURCE_ID_MIN": service.low(*evaluation, "ComplianceResourceId"),
        "RESOURCE_ID_MAX": service.high(*evaluation, "ComplianceResourceId"),
        "RESOURCE_TYPE_MIN": service.low(*evaluation, "ComplianceResourceType"),
        "RESOURCE_TYPE_MAX": service.high(*evaluation, "ComplianceResourceType"),
        "COMPLIANCE_TYPES": service.words(*evaluation, "ComplianceType"),
        "DETAILS_RULE_NAME_MIN": service.low(details, "ConfigRuleName"),
        "DETAILS_RULE_NAME_MAX": service.high(details, "ConfigRuleName"),
        "DETAILS_LIMIT_MIN": service.low(details, "Limit"),
        "DETAILS_LIMIT_MAX": service.high(details, "Limit"),
        "DETAILS_COMPLIANCE_TYPES_MAX": service.high(details, "ComplianceTypes"),
        "START_RULES_MIN": service.low(start, "ConfigRuleNames"),
        "START_RULES_MAX": service.high(start, "ConfigRuleNames"),
        "DESCRIBE_RULES_MAX": service.high("DescribeConfigRulesRequest", "ConfigRuleNames"),
        "RULE_NAME_MIN": service.low(start, "ConfigRuleNames", "[]"),
        "RULE_NAME_MAX": service.high(start, "ConfigRuleNames", "[]"),
        "BATCH_GET_KEYS_MIN": service.low(*keys),
        "BATCH_GET_KEYS_MAX": service.high(*keys),
        "CUSTOM_RESOURCE_TYPE_MIN": service.low(put, "ResourceType"),
        "CUSTOM_RESOURCE_TYPE_MAX": service.high(put, "ResourceType"),
        "SCHEMA_VERSION_MIN": service.low(put, "SchemaVersionId"),
        "SCHEMA_VERSION_MAX": service.high(put, "SchemaVersionId"),
        "SCHEMA_VERSION_PATTERN": service.at(put, "SchemaVersionId")["pattern"],
    }


def ec2():
    service = Service("ec2")
    operations = {
        "SECURITY_GROUPS": "DescribeSecurityGroupsRequest",
        "SUBNETS": "DescribeSubnetsRequest",
        "VPCS": "DescribeVpcsRequest",
        "ROUTE_TABLES": "DescribeRouteTablesRequest",
        "NETWORK_INTERFACES": "DescribeNetworkInterfacesRequest",
        "MANAGED_PREFIX_LISTS": "DescribeManagedPrefixListsRequest",
    }
    limits = {}
    for name, request in operations.items():
        limits[f"{name}_MAX_RESULTS_MIN"] = service.low(request, "MaxResults")
        limits[f"{name}_MAX_RESULTS_MAX"] = service.high(request, "MaxResults")
    return limits


def iam():
    service = Service("iam")
    simulate = "SimulatePrincipalPolicyRequest"
    entry = (simulate, "ContextEntries", "[]")
    return {
        "POLICY_SOURCE_ARN_MIN": service.low(simulate, "PolicySourceArn"),
        "POLICY_SOURCE_ARN_MAX": service.high(simulate, "PolicySourceArn"),
        "ACTION_NAME_MIN": service.low(simulate, "ActionNames", "[]"),
        "ACTION_NAME_MAX": service.high(simulate, "ActionNames", "[]"),
        "SIMULATED_RESOURCE_MIN": service.low(simulate, "ResourceArns", "[]"),
        "SIMULATED_RESOURCE_MAX": service.high(simulate, "ResourceArns", "[]"),
        "CONTEXT_KEY_MIN": service.low(*entry, "ContextKeyName"),
        "CONTEXT_KEY_MAX": service.high(*entry, "ContextKeyName"),
        "CONTEXT_KEY_TYPES": service.words(*entry, "ContextKeyType"),
        "SIMULATE_MAX_ITEMS_MIN": service.low(simulate, "MaxItems"),
        "SIMULATE_MAX_ITEMS_MAX": service.high(simulate, "MaxItems"),
    }


def sts():
    service = Service("sts")
    assume = "AssumeRoleRequest"
    return {
        "SESSION_NAME_MIN": service.low(assume, "RoleSessionName"),
        "SESSION_NAME_MAX": service.high(assume, "RoleSessionName"),
        "SESSION_SECONDS_MIN": service.low(assume, "DurationSeconds"),
        "SESSION_SECONDS_MAX": service.high(assume, "DurationSeconds"),
    }


if __name__ == "__main__":
    limits = {}
    for part in (bedrock(), config(), ec2(), iam(), sts()):
        limits.update(part)
    print(json.dumps(limits, indent=2))
