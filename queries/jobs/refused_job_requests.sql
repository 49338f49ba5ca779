-- question:   Which requests to create a job were refused, and why?
-- parameter:  $since  time; requests from then on
-- parameter:  $until  time; requests before then
-- columns:    requested_at (UTC) | account_id | aws_region | principal_arn | session_issuer_arn | session_name | job_kind | job_name | vpc_config_state | error_code | error_message | event_id | log_file | record_index
-- one row:    one refused request; it made no job
-- order:      requested_at, event_id
-- sources:    Bedrock API Reference "CreateModelCustomizationJob", errors; CloudTrail record contents, errorCode
select
    requested_at, account_id, aws_region, principal_arn, session_issuer_arn, session_name,
    job_kind, job_name, vpc_config_state, error_code, error_message, event_id, log_file, record_index
from job_requests
where error_code is not null and requested_at >= $since and requested_at < $until
order by requested_at, event_id
