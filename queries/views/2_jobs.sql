-- one row: one job, from the accepted request that made it.
select
    account_id, aws_region, job_kind, job_arn, job_name, requested_at,
    vpc_config_state, vpc_config_note,
    principal_arn, session_issuer_arn, session_name, source_identity, invoked_by, source_ip_address, user_agent,
    base_model, customization_type, model_name, role_arn, training_data_s3_uri, output_data_s3_uri,
    event_id, log_file, record_index
from job_requests
where error_code is null and not is_repeat
