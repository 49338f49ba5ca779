-- question:   Which jobs did each principal ask for?
-- parameter:  $principal  text; part of the ARN of the principal or of the role behind its session
-- parameter:  $since  time; requests from then on
-- parameter:  $until  time; requests before then
-- columns:    principal_arn | requested_at (UTC) | account_id | aws_region | session_issuer_arn | session_name | source_identity | invoked_by | source_ip_address | job_kind | job_name | job_arn | vpc_config_state | error_code (null = accepted) | event_id | log_file | record_index
-- one row:    one request, refused ones and repeats included
-- order:      principal_arn, requested_at, event_id
-- sources:    CloudTrail userIdentity element
select
    principal_arn, requested_at, account_id, aws_region, session_issuer_arn, session_name, source_identity,
    invoked_by, source_ip_address, job_kind, job_name, job_arn, vpc_config_state, error_code,
    event_id, log_file, record_index
from job_requests
where
    requested_at >= $since
    and requested_at < $until
    and (
        cast($principal as varchar) = ''
        or strpos(coalesce(principal_arn, ''), cast($principal as varchar)) > 0
        or strpos(coalesce(session_issuer_arn, ''), cast($principal as varchar)) > 0
    )
order by principal_arn, requested_at, event_id
