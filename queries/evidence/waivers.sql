-- question:   Which jobs were waived: by whom, why, until when, and what was each waiver worth?
-- parameter:  $since  time; waivers seen then or later
-- parameter:  $until  time; waivers first seen before then
-- columns:    account_id | aws_region | job_kind | job_name | job_arn | waiver_state | waiver_owner | waiver_reason (of a malformed one: what is wrong) | waiver_last_day (UTC) | first_seen_at (UTC) | last_seen_at (UTC) | runs | evidence_file | line
-- one row:    one job and one interval of runs of the rule in which its waiver was worth the same; looked at only where the job did not meet a control
-- order:      account_id, aws_region, job_arn, first_seen_at, evidence_file, line
-- sources:    evidence of the AWS Config rule (EVIDENCE_URI): its findings
select
    account_id, aws_region, job_kind, job_name, job_arn, waiver_state, waiver_owner, waiver_reason, waiver_last_day,
    first_seen_at, last_seen_at, runs, evidence_file, line
from waivers
where last_seen_at >= $since and first_seen_at < $until
order by account_id, aws_region, job_arn, first_seen_at, evidence_file, line
