-- one row: one job that is over, and since when, as far as anything tells: the end that evidence of the rule gives; else
-- Bedrock's removal of the last of the job's interfaces.
select
    coalesce(states.job_arn, interfaces.job_arn) as job_arn,
    coalesce(states.ended_at, interfaces.ended_at) as ended_at,
    case when states.job_arn is not null then 'rule_evidence' else 'interfaces_deleted' end as source
from (
    select job_arn, min(entered_at) as ended_at
    from job_states
    where state in ('Completed', 'Failed', 'Stopped', 'PartiallyCompleted', 'Expired') and job_arn is not null
    group by job_arn
) as states
full outer join (
    select job_arn, max(deleted_at) as ended_at
    from network_interfaces
    where job_arn is not null
    group by job_arn
    having count(*) = count(deleted_at)
) as interfaces
    on interfaces.job_arn = states.job_arn
