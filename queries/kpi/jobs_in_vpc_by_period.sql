-- question:   What part of the jobs runs in a VPC, week by week and month by month?
-- control:    job_in_vpc
-- parameter:  $period  text; week (from Monday) or month; empty = both
-- parameter:  $since  time; jobs from then on
-- parameter:  $until  time; jobs before then
-- columns:    period (week or month) | starts_at (UTC, its first instant) | job_kind (all = every kind together) | created (jobs) | in_vpc | outside_vpc | unknown | percent_in_vpc (of those known; null = none is known)
-- one row:    one week or month in which jobs were created, and one kind of them or all; created = in_vpc + outside_vpc + unknown
-- order:      period, starts_at, job_kind with all first
-- sources:    CreateModelCustomizationJob, CreateModelImportJob, CreateModelInvocationJob; CreateNetworkInterface; evidence of the AWS Config rule (EVIDENCE_URI)
-- In a VPC: the request, or the job in evidence, has a VPC configuration, or the request does not tell and Bedrock made an
-- interface for the job. Outside: it was recorded whole and has none. Unknown: masked or omitted without an interface,
-- contradicted by an interface, or told only by a log file that was changed after delivery. Refused requests made no job. A
-- job counts where it was requested; without a request in the logs where evidence says it was created, or at its first
-- interface. A percentage is only of the jobs in sight: a week without log files has none (query log_coverage).
with created_jobs as (
    select
        jobs.job_key, jobs.job_kind, jobs.first_seen_at, jobs.vpc_config_state,
        jobs.log_file as request_log_file,
        interfaces.log_file as interface_log_file
    from jobs
    left join (
        select job_key, log_file
        from (
            select
                job_key, log_file,
                row_number() over (partition by job_key order by seen_at, event_id, resource_id) as place
            from job_network
            where source = 'network_interface' and resource_kind = 'subnet'
        ) as seen
        where place = 1
    ) as interfaces
        on interfaces.job_key = jobs.job_key
    where jobs.first_seen_at >= $since and jobs.first_seen_at < $until
),
changed_files as (
    select log_file from log_file_attestations where state = 'mismatch'
),
-- As job_in_vpc judges, with the log file that decides.
placed as (
    select
        job_kind, first_seen_at,
        case
            when vpc_config_state = 'present' then 'in'
            when interface_log_file is not null and vpc_config_state <> 'absent' then 'in'
            when interface_log_file is null and vpc_config_state = 'absent' then 'outside'
            else 'unknown'
        end as network,
        case
            when vpc_config_state <> 'present' and interface_log_file is not null then interface_log_file
            else request_log_file
        end as log_file
    from created_jobs
),
counted as (
    select
        placed.job_kind, placed.first_seen_at,
        case when changed_files.log_file is null then placed.network else 'unknown' end as network
    from placed
    left join changed_files on changed_files.log_file = placed.log_file
),
by_kind_and_all as (
    select job_kind, first_seen_at, network from counted
    union all
    select 'all' as job_kind, first_seen_at, network from counted
),
by_period as (
    select 'week' as period, date_trunc('week', first_seen_at) as starts_at, job_kind, network from by_kind_and_all
    union all
    select 'month' as period, date_trunc('month', first_seen_at) as starts_at, job_kind, network from by_kind_and_all
)
select
    period, starts_at, job_kind,
    count(*) as created,
    sum(case when network = 'in' then 1 else 0 end) as in_vpc,
    sum(case when network = 'outside' then 1 else 0 end) as outside_vpc,
    sum(case when network = 'unknown' then 1 else 0 end) as unknown,
    cast(
        100.0 * sum(case when network = 'in' then 1 else 0 end)
        / nullif(sum(case when network <> 'unknown' then 1 else 0 end), 0) as decimal(5, 1)
    ) as percent_in_vpc
from by_period
where cast($period as varchar) = '' or period = cast($period as varchar)
group by period, starts_at, job_kind
order by period, starts_at, case when job_kind = 'all' then 0 else 1 end, job_kind
