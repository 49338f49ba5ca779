-- question:   How many jobs failed through drift of their network, month by month, and what did that cost by your own prices?
-- parameter:  $since  time; failed then or later
-- parameter:  $until  time; failed before then
-- columns:    starts_at (UTC, the month's first instant) | failed (jobs) | through_drift | other_cause | cause_unknown | known_run_hours (of through_drift; null = of none is known when it ended) | run_time_unknown (jobs of through_drift) | estimated_usd (of those that have an estimate; null = none has) | without_estimate (jobs of through_drift)
-- one row:    one month in which jobs failed; failed = through_drift + other_cause + cause_unknown
-- order:      starts_at
-- sources:    evidence of the AWS Config rule (EVIDENCE_URI); DeleteSecurityGroup, DeleteVpc; your table prices
-- Through drift: the job's failure message names its network (a network, VPC, subnet, security group or interface), or a group of the
-- job had been deleted when it failed. Unknown: neither is certain, and it has no failure message in evidence, or a group was deleted
-- and no run tells when the job ended.
-- Only evidence tells that a job failed, so a job that no run of the rule saw afterwards is not here. It counts where it ended, or
-- where a run first saw it Failed. A job's estimate is usd_per_job + usd_per_hour * its hours from request to end, with what prices
-- gives for its base model; a price that is left empty adds nothing, and usd_per_hour without a known run time gives no estimate.
-- Bedrock bills tokens, which no record tells: the price is yours.
with failed_states as (
    select
        job_states.job_arn,
        min(job_states.entered_at) as failed_at
    from job_states
    where job_states.state = 'Failed' and job_states.job_arn is not null
    group by job_states.job_arn
),
messages as (
    select
        job_arn,
        max(job_ended_at) as ended_at,
        min(job_created_at) as created_at,
        max(replace(lower(failure_message), 'neural network', '')) as message
    from evidence
    where job_status = 'Failed'
    group by job_arn
),
-- Where no run tells when the job ended, a group that was deleted before a run saw it Failed may have gone after.
groups_gone as (
    select
        job_security_groups.job_key,
        max(case when job_security_groups.deleted_at <= messages.ended_at then 1 else 0 end) as is_certain
    from job_security_groups
    inner join failed_states on failed_states.job_arn = job_security_groups.job_key
    left join messages on messages.job_arn = job_security_groups.job_key
    where
        job_security_groups.deleted_at <= failed_states.failed_at
        and (messages.ended_at is null or job_security_groups.deleted_at <= messages.ended_at)
    group by job_security_groups.job_key
),
failures as (
    select
        failed_states.job_arn, failed_states.failed_at,
        coalesce(jobs.base_model, failed_states.job_arn) as base_model,
        case
            when groups_gone.is_certain = 1 then 'drift'
            when
                strpos(messages.message, 'network') > 0
                or strpos(messages.message, 'vpc') > 0
                or strpos(messages.message, 'subnet') > 0
                or strpos(messages.message, 'security group') > 0
                or strpos(messages.message, 'securitygroup') > 0
                or strpos(messages.message, 'sg-') > 0
                or strpos(messages.message, 'eni-') > 0
                then 'drift'
            when messages.message is null or groups_gone.is_certain = 0 then 'unknown'
            else 'other'
        end as cause,
        (
            extract(epoch from messages.ended_at)
            - extract(epoch from coalesce(jobs.requested_at, messages.created_at))
        ) / 3600 as run_hours
    from failed_states
    left join jobs on jobs.job_key = failed_states.job_arn
    left join messages on messages.job_arn = failed_states.job_arn
    left join groups_gone on groups_gone.job_key = failed_states.job_arn
    where failed_states.failed_at >= $since and failed_states.failed_at < $until
),
-- A base model is named by its id or by an ARN that holds it; the ARN of a customization job does too.
priced as (
    select
        failures.job_arn, failures.failed_at, failures.cause,
        case when failures.run_hours < 0 then 0e0 else failures.run_hours end as run_hours,
        max(prices.usd_per_job) as usd_per_job,
        max(prices.usd_per_hour) as usd_per_hour
    from failures
    left join prices
        on strpos('/' || failures.base_model || '/', '/' || prices.base_model || '/') > 0
    group by failures.job_arn, failures.failed_at, failures.cause, failures.run_hours
),
estimated as (
    select
        failed_at, cause, run_hours,
        case
            when cause <> 'drift' then null
            when usd_per_hour is null then usd_per_job
            else coalesce(usd_per_job, 0e0) + usd_per_hour * run_hours
        end as usd
    from priced
)
select
    date_trunc('month', failed_at) as starts_at,
    count(*) as failed,
    sum(case when cause = 'drift' then 1 else 0 end) as through_drift,
    sum(case when cause = 'other' then 1 else 0 end) as other_cause,
    sum(case when cause = 'unknown' then 1 else 0 end) as cause_unknown,
    cast(sum(case when cause = 'drift' then run_hours end) as decimal(18, 2)) as known_run_hours,
    sum(case when cause = 'drift' and run_hours is null then 1 else 0 end) as run_time_unknown,
    cast(sum(usd) as decimal(18, 2)) as estimated_usd,
    sum(case when cause = 'drift' and usd is null then 1 else 0 end) as without_estimate
from estimated
group by date_trunc('month', failed_at)
order by starts_at
