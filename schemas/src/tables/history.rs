//! The tables that `rebuild` derives from `events`: what CloudTrail's records mean.
//!
//! Ids are scoped by account and Region. Who made a change stands in the same seven columns everywhere, and every row
//! cites the record that says so.

use super::Type::{Bool, Int, Text, Time};
use super::{Table, may, must};

/// One row a request, refused ones and repeats included.
pub const JOB_REQUESTS: Table = Table {
    name: "job_requests",
    one_row: "one request to create a job, refused ones included",
    columns: &[
        must("account_id", Text, "the account of the job"),
        must("aws_region", Text, "the Region of the job"),
        must("job_kind", Text, "model_customization, model_import or model_invocation"),
        must("requested_at", Time, "eventTime of the request"),
        must(
            "job_key",
            Text,
            "joins the tables of a job: its ARN; where the record gives none, the event id of the request",
        ),
        may("job_arn", Text, "the job; null = the request was refused, or its response was omitted"),
        may("job_name", Text, "jobName; null = masked or omitted"),
        may("error_code", Text, "why the request was refused; null = accepted"),
        may("error_message", Text, "errorMessage"),
        must("is_repeat", Bool, "an earlier accepted request made the same job"),
        must("vpc_config_state", Text, "present, absent or unknown (masked, omitted or garbled)"),
        may("vpc_config_note", Text, "why vpc_config_state is unknown"),
        may("base_model", Text, "baseModelIdentifier, or modelId of a batch inference job"),
        may("customization_type", Text, "customizationType"),
        may("model_name", Text, "customModelName or importedModelName"),
        may("role_arn", Text, "roleArn: the role that the job runs as"),
        may("training_data_s3_uri", Text, "the data that the job reads: training data, or batch inference input"),
        may("validation_data_s3_uri", Text, "validationDataConfig: the first validator's s3Uri"),
        may("output_data_s3_uri", Text, "outputDataConfig.s3Uri"),
        may("kms_key_id", Text, "the customer key of the model or of the output"),
        may("client_request_token", Text, "clientRequestToken"),
        may("principal_arn", Text, "who: userIdentity.arn"),
        may("session_issuer_arn", Text, "who: the role behind the session"),
        may("session_name", Text, "who: the session's name"),
        may("source_identity", Text, "who: sourceIdentity"),
        may("invoked_by", Text, "who: the AWS service that called for the principal"),
        may("source_ip_address", Text, "who: sourceIPAddress, an address or a service's name"),
        may("user_agent", Text, "who: userAgent"),
        may("who", Text, "who: all of it in one line for people"),
        must("event_id", Text, "the record"),
        must("log_file", Text, "where the record stands"),
        must("record_index", Int, "its place in the log file"),
    ],
};

/// The network that a job asked for and the network that it was given.
pub const JOB_NETWORK: Table = Table {
    name: "job_network",
    one_row: "one job, kind and id of a network resource, and the source that says so",
    columns: &[
        must("account_id", Text, "the account of the job"),
        must("aws_region", Text, "the Region of the job"),
        must(
            "job_key",
            Text,
            "joins the tables of a job: its ARN; where the record gives none, the event id of the request",
        ),
        may("job_arn", Text, "the job; null = the record of the request does not give it"),
        must("resource_kind", Text, "security_group, subnet or vpc"),
        must("resource_id", Text, "sg-..., subnet-... or vpc-..."),
        must(
            "source",
            Text,
            "create_request, network_interface (tagged by the service with the job's ARN), or rule_evidence (the rule of AWS Config \
             read it from the job)",
        ),
        must("seen_at", Time, "eventTime of the record; of rule_evidence the first run that saw it"),
        may("event_id", Text, "the record; null = rule_evidence"),
        must("log_file", Text, "where the record stands; of rule_evidence the evidence object"),
        must("record_index", Int, "its place in the log file; of rule_evidence the line, from 1"),
    ],
};

/// What the trail shows of a job's course. A job's end is not in CloudTrail's API records.
pub const JOB_STATES: Table = Table {
    name: "job_states",
    one_row: "one state that a job was seen to enter",
    columns: &[
        must("account_id", Text, "the account of the job"),
        must("aws_region", Text, "the Region of the job"),
        may("job_arn", Text, "the job; null = the request named a job that no record explains"),
        must("job_identifier", Text, "the job as the request named it"),
        must("job_kind", Text, "model_customization, model_import or model_invocation"),
        must(
            "state",
            Text,
            "the job's status from then on, in the API's word: InProgress, Submitted, Stopping; of rule_evidence any",
        ),
        must(
            "entered_at",
            Time,
            "eventTime of the record; of rule_evidence the job's end time, for a state that no job leaves and where a run \
             told it, else the run that saw the state first, which the job may have entered earlier",
        ),
        must(
            "source",
            Text,
            "create_request, stop_request, or rule_evidence (the rule of AWS Config saw it; nobody is named then)",
        ),
        may("principal_arn", Text, "who: userIdentity.arn"),
        may("session_issuer_arn", Text, "who: the role behind the session"),
        may("session_name", Text, "who: the session's name"),
        may("source_identity", Text, "who: sourceIdentity"),
        may("invoked_by", Text, "who: the AWS service that called for the principal"),
        may("source_ip_address", Text, "who: sourceIPAddress, an address or a service's name"),
        may("user_agent", Text, "who: userAgent"),
        may("who", Text, "who: all of it in one line for people"),
        may("event_id", Text, "the record; null = rule_evidence"),
        must("log_file", Text, "where the record stands; of rule_evidence the evidence object"),
        must("record_index", Int, "its place in the log file; of rule_evidence the line, from 1"),
    ],
};

/// The lives of security groups: created, named by a job, seen on an interface, deleted.
pub const SECURITY_GROUPS: Table = Table {
    name: "security_groups",
    one_row: "one security group's life, as far as the logs show it",
    columns: &[
        must("account_id", Text, "the account that the records name"),
        must("aws_region", Text, "the group's Region"),
        must("group_id", Text, "sg-..."),
        may("group_name", Text, "its name, where a record tells it"),
        may("is_default", Bool, "whether it is its VPC's default group; null = no record tells"),
        may("vpc_id", Text, "its VPC, where a record tells it"),
        may("is_in_default_vpc", Bool, "whether its VPC is the Region's default one; null = no record tells"),
        must("first_seen_at", Time, "eventTime of the first record that names it"),
        may("created_at", Time, "null = before the logs"),
        may("created_by", Text, "userIdentity.arn of the creator"),
        may("created_who", Text, "the creator, and who is behind it, in one line for people"),
        may("created_event_id", Text, "the record"),
        may("created_log_file", Text, "where the record stands"),
        may("created_record_index", Int, "its place in the log file"),
        may("deleted_at", Time, "null = no deletion in the logs"),
        may("deleted_how", Text, "by_id, by_name, by_cloudformation, by_service, by_delete_vpc"),
        may("deleted_by", Text, "userIdentity.arn of who deleted it"),
        may("deleted_by_session_issuer_arn", Text, "the role behind the session"),
        may("deleted_by_session_name", Text, "the session's name"),
        may("deleted_by_source_identity", Text, "sourceIdentity"),
        may("deleted_by_invoked_by", Text, "the AWS service that called for the principal"),
        may("deleted_from_ip_address", Text, "sourceIPAddress, an address or a service's name"),
        may("deleted_with_user_agent", Text, "userAgent"),
        may("deleted_who", Text, "all of who deleted it in one line for people"),
        may("deleted_event_id", Text, "the record"),
        may("deleted_log_file", Text, "where the record stands"),
        may("deleted_record_index", Int, "its place in the log file"),
    ],
};

/// Every attempt to delete a group, by itself or with its VPC, and what came of it.
pub const SECURITY_GROUP_DELETE_REQUESTS: Table = Table {
    name: "security_group_delete_requests",
    one_row: "one DeleteSecurityGroup request, or one group that an accepted DeleteVpc request took along",
    columns: &[
        must("account_id", Text, "the account that the record names"),
        must("aws_region", Text, "the Region of the request"),
        must("requested_at", Time, "eventTime of the request"),
        may("group_id", Text, "the group; null = no record tells which one it was"),
        may("group_name", Text, "the name in the request, else the group's known name"),
        may("vpc_id", Text, "its VPC, where a record tells it"),
        must("outcome", Text, "deleted, refused, or dry_run (nothing was deleted)"),
        may("error_code", Text, "why it was refused"),
        may("error_message", Text, "errorMessage"),
        must("how", Text, "by_id, by_name, by_cloudformation, by_service, by_delete_vpc"),
        may("principal_arn", Text, "who: userIdentity.arn"),
        may("session_issuer_arn", Text, "who: the role behind the session"),
        may("session_name", Text, "who: the session's name"),
        may("source_identity", Text, "who: sourceIdentity"),
        may("invoked_by", Text, "who: the AWS service that called for the principal"),
        may("source_ip_address", Text, "who: sourceIPAddress, an address or a service's name"),
        may("user_agent", Text, "who: userAgent"),
        may("who", Text, "who: all of it in one line for people"),
        must("event_id", Text, "the record"),
        must("log_file", Text, "where the record stands"),
        must("record_index", Int, "its place in the log file"),
    ],
};

/// The interfaces that Bedrock made for its jobs.
pub const NETWORK_INTERFACES: Table = Table {
    name: "network_interfaces",
    one_row: "one network interface made for a Bedrock job, one security group of it, and one interval in which it had that group",
    columns: &[
        must("account_id", Text, "the account that the record names"),
        must("aws_region", Text, "the interface's Region"),
        must("network_interface_id", Text, "eni-..."),
        may("job_arn", Text, "from its tag BedrockModelCustomizationJobArn; null = made by Bedrock without that tag"),
        may("group_id", Text, "a security group of it; null = the record names none"),
        may("group_name", Text, "that group's name, where the response tells it"),
        may(
            "attached_at",
            Time,
            "it has the group from here: its creation, or a change of its groups; null = it has none",
        ),
        may("attached_who", Text, "who gave it the group"),
        may("attached_event_id", Text, "the record: CreateNetworkInterface or ModifyNetworkInterfaceAttribute"),
        may("attached_log_file", Text, "where the record stands"),
        may("attached_record_index", Int, "its place in the log file"),
        may("detached_at", Time, "no longer from here by a change of its groups; null = no such change in the logs"),
        may("detached_who", Text, "who took the group from it"),
        may("detached_event_id", Text, "the record: ModifyNetworkInterfaceAttribute"),
        may("detached_log_file", Text, "where the record stands"),
        may("detached_record_index", Int, "its place in the log file"),
        may("subnet_id", Text, "its subnet"),
        may("vpc_id", Text, "its VPC"),
        must("created_at", Time, "eventTime of CreateNetworkInterface"),
        may("deleted_at", Time, "null = no deletion in the logs"),
        may("deleted_who", Text, "who deleted it"),
        may("deleted_event_id", Text, "the record of the deletion"),
        may("deleted_log_file", Text, "where that record stands"),
        may("deleted_record_index", Int, "its place in the log file"),
        must("event_id", Text, "the record"),
        must("log_file", Text, "where the record stands"),
        must("record_index", Int, "its place in the log file"),
    ],
};
