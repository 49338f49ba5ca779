-- one row: one event. A record that was delivered several times stands here once: the copy of the first log file in
-- the order of names. Filters on the columns of "partition by" reach the files below.
select
    event_id, event_time, event_source, event_name, aws_region, recipient_account_id, event_version, event_type,
    event_category, read_only, management_event, error_code, error_message, source_ip_address, user_agent,
    user_identity_type, user_identity_principal_id, user_identity_arn, user_identity_account_id,
    user_identity_access_key_id, user_identity_user_name, user_identity_invoked_by,
    user_identity_identity_provider, session_issuer_type, session_issuer_principal_id, session_issuer_arn,
    session_issuer_account_id, session_issuer_user_name, session_creation_date, session_mfa_authenticated,
    source_identity, request_id, shared_event_id, api_version, vpc_endpoint_id, vpc_endpoint_account_id,
    session_credential_from_console, user_identity, request_parameters, response_elements,
    additional_event_data, resources, service_event_details, addendum, tls_details, edge_device_details,
    event_context, other_members, log_file, record_index, event_date
from (
    select
        event_id, event_time, event_source, event_name, aws_region, recipient_account_id, event_version,
        event_type, event_category, read_only, management_event, error_code, error_message, source_ip_address,
        user_agent, user_identity_type, user_identity_principal_id, user_identity_arn, user_identity_account_id,
        user_identity_access_key_id, user_identity_user_name, user_identity_invoked_by,
        user_identity_identity_provider, session_issuer_type, session_issuer_principal_id, session_issuer_arn,
        session_issuer_account_id, session_issuer_user_name, session_creation_date, session_mfa_authenticated,
        source_identity, request_id, shared_event_id, api_version, vpc_endpoint_id, vpc_endpoint_account_id,
        session_credential_from_console, user_identity, request_parameters, response_elements,
        additional_event_data, resources, service_event_details, addendum, tls_details, edge_device_details,
        event_context, other_members, log_file, record_index, event_date,
        row_number() over (
            partition by event_id, event_date, event_source, event_name, event_time
            order by log_file, record_index
        ) as copy_number
    from event_copies
) as copies
where copy_number = 1
