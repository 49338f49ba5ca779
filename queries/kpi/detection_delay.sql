-- question:   How long after its cause does the rule detect a violation: half of the cases, nine in ten?
-- parameter:  $since  time; caused then or later
-- parameter:  $until  time; caused before then
-- columns:    control | caused_by (what starts the clock) | cases | timed (detected, and when it was caused is known) | not_detected (so far) | waived (before any run found it) | unknown | p50_hours | p90_hours | longest_hours (of those timed; null = none is)
-- one row:    one control whose cause the logs tell; cases = timed + not_detected + waived + unknown
-- order:      control
-- sources:    evidence of the AWS Config rule (EVIDENCE_URI); CreateModelCustomizationJob, CreateModelImportJob, CreateModelInvocationJob; DeleteSecurityGroup, DeleteVpc
-- job_in_vpc: a case is a job outside a VPC, by its request, by evidence, or because a run found it so; its cause is its request,
-- or its creation by evidence. job_security_groups_exist: a case is a job that lost a group, by the logs or because a run found it
-- so; its cause is the first deletion among the groups that the run named (among all of the job where it named none), or the
-- request of a job that named a group already deleted. Hours go to the first run that found it, at the instant when Config asked;
-- what a run read after that and caused in between has 0. Unknown: found, but no record tells the cause; or a job whose network
-- no record and no run tells. Such cases count under first_found_at, or when the job was first seen. A percentile is the hours of
-- a case: the smallest such that at least 50 or 90 of 100 took no longer (nearest rank).
with interfaces as (
    select distinct job_key from job_network where source = 'network_interface' and resource_kind = 'subnet'
),
networks as (
    select
        jobs.job_key, jobs.requested_at, jobs.first_seen_at,
        case
            when jobs.vpc_config_state = 'present' then 'in'
            when jobs.vpc_config_state = 'unknown' and interfaces.job_key is not null then 'in'
            when jobs.vpc_config_state = 'absent' and interfaces.job_key is null then 'outside'
            else 'unknown'
        end as network
    from jobs
    left join interfaces on interfaces.job_key = jobs.job_key
),
-- What runs said of each job and control, whatever they found.
looks as (
    select
        job_arn, control,
        max(case when waiver_state = 'yes' then 1 else 0 end) as is_waived,
        max(case when verdict in ('Compliant', 'NotApplicable') then 1 else 0 end) as is_cleared,
        min(job_created_at) as job_created_at
    from evidence
    group by job_arn, control
),
jobs_outside as (
    select
        coalesce(found.job_arn, networks.job_key) as job_key,
        coalesce(networks.requested_at, looks.job_created_at) as caused_at,
        found.first_found_at, networks.first_seen_at, networks.network, looks.is_waived, looks.is_cleared
    from networks
    full outer join (
        select job_arn, first_found_at from detections where control = 'job_in_vpc'
    ) as found
        on found.job_arn = networks.job_key
    left join (
        select job_arn, is_waived, is_cleared, job_created_at from looks where control = 'job_in_vpc'
    ) as looks
        on looks.job_arn = coalesce(found.job_arn, networks.job_key)
),
group_findings as (
    select job_arn, first_found_at, resource_ids from detections where control = 'job_security_groups_exist'
),
deletions as (
    select
        lost.job_key,
        min(case when lost.deleted_at < networks.first_seen_at then networks.first_seen_at else lost.deleted_at end) as caused_at
    from job_security_groups as lost
    inner join networks on networks.job_key = lost.job_key
    left join group_findings on group_findings.job_arn = lost.job_key
    where
        lost.deleted_at is not null
        and (
            group_findings.job_arn is null
            or group_findings.resource_ids = ''
            or strpos(',' || group_findings.resource_ids || ',', ',' || lost.group_id || ',') > 0
        )
    group by lost.job_key
),
groups_lost as (
    select
        coalesce(group_findings.job_arn, deletions.job_key) as job_key,
        deletions.caused_at, group_findings.first_found_at, looks.is_waived
    from deletions
    full outer join group_findings on group_findings.job_arn = deletions.job_key
    left join (
        select job_arn, is_waived from looks where control = 'job_security_groups_exist'
    ) as looks
        on looks.job_arn = coalesce(group_findings.job_arn, deletions.job_key)
),
cases as (
    select
        'job_in_vpc' as control, 'the request of the job' as caused_by,
        case
            when first_found_at is not null and caused_at is not null then 'timed'
            when first_found_at is not null or network = 'unknown' then 'unknown'
            when is_waived = 1 then 'waived'
            else 'not_detected'
        end as outcome,
        caused_at, first_found_at, coalesce(caused_at, first_found_at, first_seen_at) as counted_at
    from jobs_outside
    where
        first_found_at is not null
        or network = 'outside'
        or (network = 'unknown' and coalesce(is_cleared, 0) = 0)
    union all
    select
        'job_security_groups_exist' as control, 'the deletion of a group' as caused_by,
        case
            when first_found_at is not null and caused_at is not null then 'timed'
            when first_found_at is not null then 'unknown'
            when is_waived = 1 then 'waived'
            else 'not_detected'
        end as outcome,
        caused_at, first_found_at, coalesce(caused_at, first_found_at) as counted_at
    from groups_lost
),
ranked as (
    select
        control, caused_by, outcome, hours,
        row_number() over (partition by control, outcome order by hours) as place,
        count(*) over (partition by control, outcome) as places
    from (
        select
            control, caused_by, outcome,
            case
                when outcome <> 'timed' then null
                when first_found_at <= caused_at then 0e0
                else (extract(epoch from first_found_at) - extract(epoch from caused_at)) / 3600
            end as hours
        from cases
        where counted_at >= $since and counted_at < $until
    ) as each_case
)
select
    control, caused_by,
    count(*) as cases,
    sum(case when outcome = 'timed' then 1 else 0 end) as timed,
    sum(case when outcome = 'not_detected' then 1 else 0 end) as not_detected,
    sum(case when outcome = 'waived' then 1 else 0 end) as waived,
    sum(case when outcome = 'unknown' then 1 else 0 end) as unknown,
    cast(min(case when outcome = 'timed' and place * 2 >= places then hours end) as decimal(18, 2)) as p50_hours,
    cast(min(case when outcome = 'timed' and place * 10 >= places * 9 then hours end) as decimal(18, 2)) as p90_hours,
    cast(max(hours) as decimal(18, 2)) as longest_hours
from ranked
group by control, caused_by
order by control
