-- question:   Which digest files do not verify, or are missing?
-- columns:    account_id | aws_region | trail_name | started_at (UTC) | ended_at (UTC) | status | reason | digest_file
-- one row:    one digest file that is invalid, unverifiable or missing
-- order:      account_id, aws_region, trail_name, ended_at, digest_file
-- sources:    CloudTrail user guide "Validating CloudTrail log file integrity"
select account_id, aws_region, trail_name, started_at, ended_at, status, reason, digest_file
from digest_checks
where status <> 'valid'
order by account_id, aws_region, trail_name, ended_at, digest_file
