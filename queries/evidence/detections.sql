-- question:   What did the rule find, when first, when last, and is it still so?
-- parameter:  $since  time; found first then or later
-- parameter:  $until  time; found first before then
-- columns:    first_found_at (UTC) | account_id | aws_region | control | job_kind | job_name | job_arn | reason | resource_ids | last_found_at (UTC) | newest_run_at (UTC) | newest_verdict | newest_waiver_state | is_still_so (null = Undetermined) | runs_found | runs (that judged it) | rule_name | evidence_file | line
-- one row:    one job and control that a run of the rule found NonCompliant; reason and citation are of the first such run
-- order:      first_found_at, account_id, aws_region, job_arn, control
-- sources:    evidence of the AWS Config rule (EVIDENCE_URI): its findings
select
    first_found_at, account_id, aws_region, control, job_kind, job_name, job_arn, reason, resource_ids,
    last_found_at, newest_run_at, newest_verdict, newest_waiver_state, is_still_so, runs_found, runs,
    rule_name, evidence_file, line
from detections
where first_found_at >= $since and first_found_at < $until
order by first_found_at, account_id, aws_region, job_arn, control
