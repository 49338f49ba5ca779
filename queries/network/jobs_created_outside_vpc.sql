-- question:   Which jobs were created outside a VPC?
-- control:    job_in_vpc
-- parameter:  $since  time; requests from then on
-- parameter:  $until  time; requests before then
-- columns:    requested_at (UTC) | account_id | aws_region | principal_arn | session_issuer_arn | session_name | job_kind | job_name | job_arn | training_data_s3_uri | event_id | log_file | record_index
-- one row:    one job whose request was recorded whole and names no VPC configuration
-- order:      requested_at, event_id
-- sources:    Bedrock API Reference "CreateModelCustomizationJob", "CreateModelImportJob", "CreateModelInvocationJob"
select
    requested_at, account_id, aws_region, principal_arn, session_issuer_arn, session_name,
    job_kind, job_name, job_arn, training_data_s3_uri, event_id, log_file, record_index
from jobs
where vpc_config_state = 'absent' and requested_at >= $since and requested_at < $until
order by requested_at, event_id
