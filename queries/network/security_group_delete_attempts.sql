-- question:   Which attempts to delete a security group changed nothing, and why?
-- parameter:  $since  time; attempts from then on
-- parameter:  $until  time; attempts before then
-- columns:    attempted_at (UTC) | account_id | aws_region | principal_arn | session_issuer_arn | session_name | invoked_by | outcome | error_code | error_message | group_id | group_name | vpc_id | event_id | log_file | record_index
-- one row:    one DeleteSecurityGroup request that was refused or was a dry run
-- order:      attempted_at, event_id
-- sources:    EC2 API Reference "DeleteSecurityGroup", "Error codes"
select
    requested_at as attempted_at, account_id, aws_region, principal_arn, session_issuer_arn, session_name,
    invoked_by, outcome, error_code, error_message, group_id, group_name, vpc_id, event_id, log_file, record_index
from security_group_delete_requests
where outcome <> 'deleted' and requested_at >= $since and requested_at < $until
order by requested_at, event_id
