-- question:   How many of the jobs of each month violate each control of the network's boundary?
-- builds on:  job_verdicts
-- parameter:  $as_of  time; what had happened by then counts
-- parameter:  $coverage  text; attested = only what a valid digest file vouches for counts; else log files without one do too
-- parameter:  $mandatory_tags  text; as job_verdicts takes it; no control here reads it
-- columns:    starts_at (UTC, first instant of the month of the request; null = no request in the logs) | control | judged (jobs) | violations | compliant | not_applicable | undetermined | percent_violating (of violations and compliant; null = neither)
-- one row:    one month in which jobs were requested and one control; judged = violations + compliant + not_applicable + undetermined
-- order:      starts_at with null last, control
-- sources:    those of job_verdicts
-- The verdicts are those of job_verdicts as of the instant: a job of March whose group is deleted in May is a violation of March
-- from May on. Jobs count in the month of their request, not of what went wrong. A waiver changes nothing here.
select
    date_trunc('month', requested_at) as starts_at,
    control,
    count(*) as judged,
    sum(case when verdict = 'NonCompliant' then 1 else 0 end) as violations,
    sum(case when verdict = 'Compliant' then 1 else 0 end) as compliant,
    sum(case when verdict = 'NotApplicable' then 1 else 0 end) as not_applicable,
    sum(case when verdict = 'Undetermined' then 1 else 0 end) as undetermined,
    cast(
        100.0 * sum(case when verdict = 'NonCompliant' then 1 else 0 end)
        / nullif(sum(case when verdict in ('NonCompliant', 'Compliant') then 1 else 0 end), 0) as decimal(5, 1)
    ) as percent_violating
from job_verdicts
where
    control in (
        'job_in_vpc', 'job_security_groups_exist', 'job_security_groups_not_default', 'job_private_path',
        'job_security_groups_reach_endpoints'
    )
group by date_trunc('month', requested_at), control
order by case when date_trunc('month', requested_at) is null then 1 else 0 end, starts_at, control
