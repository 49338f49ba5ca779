-- question:   What happened to a job and to the network that it names, in the order of time?
-- parameter:  $job  text; its ARN or its name; empty = all
-- parameter:  $as_of  time; what had happened by then
-- columns:    happened_at (UTC) | what | who | account_id | aws_region | job_name | job_arn | event_id (null = evidence of the rule) | log_file | record_index
-- one row:    one thing that happened, by one record
-- order:      happened_at, event_id, what
-- sources:    the tables of the history
select
    happened_at, what, who, account_id, aws_region, job_name, job_arn, event_id, log_file, record_index
from job_chronology
where ($job = '' or job_arn = $job or job_name = $job) and happened_at <= $as_of
order by happened_at, event_id, what, job_arn
