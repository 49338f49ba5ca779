-- question:   What did a job's security groups allow while it ran?
-- parameter:  $job  text; its ARN or its name; empty = all
-- parameter:  $as_of  time; what was known by then
-- columns:    account_id | aws_region | job_name | job_arn | ran_from (UTC) | ran_until (UTC; evidence of its end, else the deletion of its last interface; null = neither) | group_id | rule_in_words | started_at (UTC; null = before the logs) | ended_at (UTC) | whole_run | started_how | started_event_id | ended_event_id
-- one row:    one job, group and rule that was in force at some time of the run
-- order:      account_id, aws_region, ran_from, job_arn, group_id, is_egress, rule_in_words, started_at
-- sources:    job_requests, job_states, job_network, security_group_rules
with runs as (
    select
        jobs.account_id, jobs.aws_region, jobs.job_key, jobs.job_name, jobs.job_arn,
        jobs.first_seen_at as ran_from, coalesce(ends.ended_at, interfaces.last_deleted_at) as ran_until
    from jobs
    left join (
        select job_arn, min(entered_at) as ended_at
        from job_states
        where state in ('Completed', 'Failed', 'Stopped') and entered_at <= $as_of
        group by job_arn
    ) as ends on ends.job_arn = jobs.job_arn
    -- Where nothing tells the end, Bedrock's removal of the job's last interface does.
    left join (
        select job_arn, max(deleted_at) as last_deleted_at
        from network_interfaces
        group by job_arn
        having count(*) = count(deleted_at) and max(deleted_at) <= $as_of
    ) as interfaces on interfaces.job_arn = jobs.job_arn
    where ($job = '' or jobs.job_arn = $job or jobs.job_name = $job) and jobs.first_seen_at <= $as_of
)
select
    runs.account_id, runs.aws_region, runs.job_name, runs.job_arn, runs.ran_from, runs.ran_until,
    rules_in_words.group_id, rules_in_words.rule_in_words, rules_in_words.started_at, rules_in_words.ended_at,
    (rules_in_words.started_at is null or rules_in_words.started_at <= runs.ran_from)
        and (rules_in_words.ended_at is null or rules_in_words.ended_at >= coalesce(runs.ran_until, $as_of)) as whole_run,
    rules_in_words.started_how, rules_in_words.started_event_id, rules_in_words.ended_event_id
from runs
inner join job_security_groups on job_security_groups.job_key = runs.job_key
inner join rules_in_words
    on rules_in_words.account_id = job_security_groups.account_id
    and rules_in_words.aws_region = job_security_groups.aws_region
    and rules_in_words.group_id = job_security_groups.group_id
where
    (rules_in_words.started_at is null or rules_in_words.started_at < coalesce(runs.ran_until, $as_of))
    and (rules_in_words.ended_at is null or rules_in_words.ended_at > runs.ran_from)
order by
    runs.account_id, runs.aws_region, runs.ran_from, runs.job_arn, rules_in_words.group_id, rules_in_words.is_egress,
    rules_in_words.rule_in_words, rules_in_words.started_at, rules_in_words.security_group_rule_id
