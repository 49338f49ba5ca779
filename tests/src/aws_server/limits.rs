//! What the services accept: every number that a check of this module compares with.
//!
//! Those in the macro stand in AWS's service models, and `tests/python/botocore_limits.py` prints the same names from
//! botocore's copy of them; those below it stand only in AWS's prose.

use serde_json::{Map, Value, json};

macro_rules! limits_of_the_models {
    ($($(#[$meaning:meta])* $name:ident: $kind:ty = $value:expr;)*) => {
        $($(#[$meaning])* pub const $name: $kind = $value;)*

        /// Every limit of the service models by its name here.
        pub fn as_json() -> Value {
            let mut limits = Map::new();
            $(limits.insert(stringify!($name).to_owned(), json!($name));)*
            Value::Object(limits)
        }
    };
}

limits_of_the_models! {
    // Bedrock, "ListModelCustomizationJobs", "VpcConfig".
    /// Fewest results that may be asked for in a page of jobs.
    LIST_JOBS_MAX_RESULTS_MIN: usize = 1;
    /// Most results that may be asked for in a page of jobs.
    LIST_JOBS_MAX_RESULTS_MAX: usize = 1_000;
    /// Shortest `nameContains`.
    JOB_NAME_MIN: usize = 1;
    /// Longest `nameContains`.
    JOB_NAME_MAX: usize = 63;
    /// Longest job identifier: a name or an ARN.
    JOB_IDENTIFIER_MAX: usize = 1_011;
    /// Fewest subnets of a VPC configuration.
    VPC_SUBNETS_MIN: usize = 1;
    /// Most subnets of a VPC configuration.
    VPC_SUBNETS_MAX: usize = 16;
    /// Fewest security groups of a VPC configuration.
    VPC_SECURITY_GROUPS_MIN: usize = 1;
    /// Most security groups of a VPC configuration.
    VPC_SECURITY_GROUPS_MAX: usize = 5;
    /// What `statusEquals` of customization jobs may be.
    CUSTOMIZATION_JOB_STATUSES: &[&str] = &["Completed", "Failed", "InProgress", "Stopped", "Stopping"];
    /// What `statusEquals` of import jobs may be.
    IMPORT_JOB_STATUSES: &[&str] = &["Completed", "Failed", "InProgress"];
    /// What `statusEquals` of invocation jobs may be.
    INVOCATION_JOB_STATUSES: &[&str] = &[
        "Completed", "Expired", "Failed", "InProgress", "PartiallyCompleted", "Scheduled", "Stopped", "Stopping",
        "Submitted", "Validating",
    ];
    // Bedrock, "CreateModelCustomizationJob".
    /// Longest name of a custom model.
    CUSTOM_MODEL_NAME_MAX: usize = 63;
    /// Longest ARN of a job's role.
    ROLE_ARN_MAX: usize = 2_048;
    /// Longest identifier of a base model.
    BASE_MODEL_IDENTIFIER_MAX: usize = 2_048;
    /// Longest identifier of a customer's key.
    KMS_KEY_ID_MAX: usize = 2_048;
    /// Longest client token.
    CLIENT_REQUEST_TOKEN_MAX: usize = 256;
    /// Longest location in S3.
    S3_URI_MAX: usize = 1_024;
    /// Most validators.
    VALIDATORS_MAX: usize = 10;
    /// Longest id of a subnet or security group.
    NETWORK_ID_MAX: usize = 32;
    /// What `customizationType` may be.
    CUSTOMIZATION_TYPES: &[&str] =
        &["CONTINUED_PRE_TRAINING", "DISTILLATION", "FINE_TUNING", "IMPORTED", "REINFORCEMENT_FINE_TUNING"];
    /// Most tags of one `TagResource` call.
    TAGS_MAX: usize = 200;
    /// Shortest tag key.
    TAG_KEY_MIN: usize = 1;
    /// Longest tag key.
    TAG_KEY_MAX: usize = 128;
    /// Longest tag value; an empty one is a value.
    TAG_VALUE_MAX: usize = 256;

    // AWS Config, "PutEvaluations", "Evaluation".
    /// Most evaluations of one call.
    PUT_EVALUATIONS_MAX: usize = 100;
    /// Shortest annotation: an empty one is refused.
    ANNOTATION_MIN: usize = 1;
    /// Longest annotation, in characters.
    ANNOTATION_MAX: usize = 256;
    /// Shortest resource id, of an evaluation and of a custom resource.
    RESOURCE_ID_MIN: usize = 1;
    /// Longest resource id, of an evaluation and of a custom resource.
    RESOURCE_ID_MAX: usize = 768;
    /// Shortest resource type of an evaluation.
    RESOURCE_TYPE_MIN: usize = 1;
    /// Longest resource type of an evaluation.
    RESOURCE_TYPE_MAX: usize = 256;
    /// The words of the enumeration. `PutEvaluations` refuses one of the four: see [`INSUFFICIENT_DATA`].
    COMPLIANCE_TYPES: &[&str] = &["COMPLIANT", "INSUFFICIENT_DATA", "NON_COMPLIANT", "NOT_APPLICABLE"];

    // AWS Config, "GetComplianceDetailsByConfigRule".
    /// Shortest rule name that the call takes.
    DETAILS_RULE_NAME_MIN: usize = 1;
    /// Longest rule name that the call takes: half of what a rule may be called.
    DETAILS_RULE_NAME_MAX: usize = 64;
    /// Smallest `Limit`; it stands for the default.
    DETAILS_LIMIT_MIN: usize = 0;
    /// Largest `Limit`.
    DETAILS_LIMIT_MAX: usize = 100;
    /// Most compliance types to filter by.
    DETAILS_COMPLIANCE_TYPES_MAX: usize = 3;

    // AWS Config, "StartConfigRulesEvaluation", "DescribeConfigRules".
    /// Fewest rules to start.
    START_RULES_MIN: usize = 1;
    /// Most rules to start.
    START_RULES_MAX: usize = 25;
    /// Most rules to describe by name.
    DESCRIBE_RULES_MAX: usize = 25;
    /// Shortest rule name.
    RULE_NAME_MIN: usize = 1;
    /// Longest rule name.
    RULE_NAME_MAX: usize = 128;

    // AWS Config, "PutResourceConfig", "BatchGetResourceConfig".
    /// Fewest keys of one `BatchGetResourceConfig`.
    BATCH_GET_KEYS_MIN: usize = 1;
    /// Most keys of one `BatchGetResourceConfig`.
    BATCH_GET_KEYS_MAX: usize = 100;
    /// Shortest type of a custom resource.
    CUSTOM_RESOURCE_TYPE_MIN: usize = 1;
    /// Longest type of a custom resource.
    CUSTOM_RESOURCE_TYPE_MAX: usize = 196;
    /// Shortest schema version.
    SCHEMA_VERSION_MIN: usize = 1;
    /// Longest schema version.
    SCHEMA_VERSION_MAX: usize = 128;
    /// The form of a schema version.
    SCHEMA_VERSION_PATTERN: &str = "[A-Za-z0-9-]+";

    // EC2.
    /// Fewest results of a page of `DescribeSecurityGroups`.
    SECURITY_GROUPS_MAX_RESULTS_MIN: usize = 5;
    /// Most results of a page of `DescribeSecurityGroups`.
    SECURITY_GROUPS_MAX_RESULTS_MAX: usize = 1_000;
    /// Fewest results of a page of `DescribeSubnets`.
    SUBNETS_MAX_RESULTS_MIN: usize = 5;
    /// Most results of a page of `DescribeSubnets`.
    SUBNETS_MAX_RESULTS_MAX: usize = 1_000;
    /// Fewest results of a page of `DescribeVpcs`.
    VPCS_MAX_RESULTS_MIN: usize = 5;
    /// Most results of a page of `DescribeVpcs`.
    VPCS_MAX_RESULTS_MAX: usize = 1_000;
    /// Fewest results of a page of `DescribeRouteTables`.
    ROUTE_TABLES_MAX_RESULTS_MIN: usize = 5;
    /// Most results of a page of `DescribeRouteTables`: a tenth of the others'.
    ROUTE_TABLES_MAX_RESULTS_MAX: usize = 100;
    /// Fewest results of a page of `DescribeNetworkInterfaces`.
    NETWORK_INTERFACES_MAX_RESULTS_MIN: usize = 5;
    /// Most results of a page of `DescribeNetworkInterfaces`.
    NETWORK_INTERFACES_MAX_RESULTS_MAX: usize = 1_000;
    /// Fewest results of a page of `DescribeManagedPrefixLists`.
    MANAGED_PREFIX_LISTS_MAX_RESULTS_MIN: usize = 1;
    /// Most results of a page of `DescribeManagedPrefixLists`.
    MANAGED_PREFIX_LISTS_MAX_RESULTS_MAX: usize = 100;

    // IAM, "SimulatePrincipalPolicy".
    /// Shortest ARN of the principal.
    POLICY_SOURCE_ARN_MIN: usize = 20;
    /// Longest ARN of the principal.
    POLICY_SOURCE_ARN_MAX: usize = 2_048;
    /// Shortest action name.
    ACTION_NAME_MIN: usize = 3;
    /// Longest action name.
    ACTION_NAME_MAX: usize = 128;
    /// Shortest resource ARN.
    SIMULATED_RESOURCE_MIN: usize = 1;
    /// Longest resource ARN.
    SIMULATED_RESOURCE_MAX: usize = 2_048;
    /// Shortest name of a context key.
    CONTEXT_KEY_MIN: usize = 5;
    /// Longest name of a context key.
    CONTEXT_KEY_MAX: usize = 256;
    /// The types of a context key.
    CONTEXT_KEY_TYPES: &[&str] = &[
        "binary", "binaryList", "boolean", "booleanList", "date", "dateList", "ip", "ipList", "numeric", "numericList",
        "string", "stringList",
    ];
    /// Fewest results of a page.
    SIMULATE_MAX_ITEMS_MIN: usize = 1;
    /// Most results of a page.
    SIMULATE_MAX_ITEMS_MAX: usize = 1_000;

    // STS, "AssumeRole".
    /// Shortest session name.
    SESSION_NAME_MIN: usize = 2;
    /// Longest session name.
    SESSION_NAME_MAX: usize = 64;
    /// Shortest session, in seconds.
    SESSION_SECONDS_MIN: usize = 900;
    /// Longest session, in seconds.
    SESSION_SECONDS_MAX: usize = 43_200;
}

/// The compliance type that `PutEvaluations` refuses and `GetComplianceDetailsByConfigRule` does not filter by (API
/// Reference "Evaluation", "GetComplianceDetailsByConfigRule").
pub const INSUFFICIENT_DATA: &str = "INSUFFICIENT_DATA";

/// The page of `GetComplianceDetailsByConfigRule` where no `Limit` is given.
pub const DETAILS_LIMIT_DEFAULT: usize = 10;

/// How far ahead of the service's clock an `OrderingTimestamp` may be, in seconds. AWS states none: this one finds
/// milliseconds taken for seconds.
pub const FUTURE_SECONDS_MAX: i64 = 300;

/// Largest configuration of a custom resource, in bytes (Developer Guide "Recording Configurations for Third-Party
/// Resources").
pub const CONFIGURATION_BYTES_MAX: usize = 64 * 1024;

/// First parts of a type name that no custom resource may have (API Reference "PutResourceConfig"), and AWS's own.
pub const RESERVED_ORGANIZATIONS: &[&str] = &["alexa", "amazon", "amzn", "aws", "custom"];

/// Most filter values of one EC2 request (EC2 User Guide "List and filter using the CLI and API").
pub const FILTER_VALUES_MAX: usize = 200;

/// The page of an EC2 request that asks for none.
pub const EC2_PAGE: usize = 1_000;

/// The page of `SimulatePrincipalPolicy` where no `MaxItems` is given (its API page).
pub const SIMULATE_MAX_ITEMS_DEFAULT: usize = 100;

/// The page of a Bedrock list where no `maxResults` is given. AWS states none.
pub const LIST_JOBS_DEFAULT: usize = 100;
