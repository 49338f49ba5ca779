-- question:   Which log files are as CloudTrail delivered them, and which were changed, removed, or are vouched for by nothing?
-- columns:    state | account_id | aws_region | delivered_at (UTC) | log_file | reason | digest_file
-- one row:    one log file that was read, or that a valid digest file lists
-- order:      mismatch, missing, unknown, not_attested, attested; then account_id, aws_region, delivered_at, log_file
-- sources:    CloudTrail user guide "Validating CloudTrail log file integrity"
select state, account_id, aws_region, delivered_at, log_file, reason, digest_file
from log_file_attestations
order by
    case state when 'mismatch' then 0 when 'missing' then 1 when 'unknown' then 2 when 'not_attested' then 3 else 4 end,
    account_id, aws_region, delivered_at, log_file
