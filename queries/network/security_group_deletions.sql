-- question:   Which security groups were deleted, when, by whom and how?
-- parameter:  $since  time; deletions from then on
-- parameter:  $until  time; deletions before then
-- columns:    deleted_at (UTC) | account_id | aws_region | principal_arn | session_issuer_arn | session_name | invoked_by | source_ip_address | how | group_id | group_name | vpc_id | event_id | log_file | record_index
-- one row:    one accepted deletion; group_id is null where a name could not be traced to a group
-- order:      deleted_at, event_id, group_id
-- sources:    EC2 API Reference "DeleteSecurityGroup", "DeleteVpc"
select
    requested_at as deleted_at, account_id, aws_region, principal_arn, session_issuer_arn, session_name,
    invoked_by, source_ip_address, how, group_id, group_name, vpc_id, event_id, log_file, record_index
from security_group_delete_requests
where outcome = 'deleted' and requested_at >= $since and requested_at < $until
order by requested_at, event_id, group_id
