-- question:   How long does it take to remediate what the rule detects: half of the cases, nine in ten?
-- parameter:  $since  time; detected then or later
-- parameter:  $until  time; detected before then
-- parameter:  $as_of  time; remedies by then count
-- columns:    period (all or month) | starts_at (UTC, the month's first instant; null = all) | control | detected (cases) | remediated | settled_before (their detection) | open | unknown | p50_hours | p90_hours (null = none was remediated) | oldest_open_hours (from detection to $as_of; null = none is open)
-- one row:    one control, and one month of first detection or all of them; detected = remediated + settled_before + open + unknown
-- order:      period, starts_at, control
-- sources:    those of time_to_remediate
-- Cases, remedies and hours are those of time_to_remediate. A percentile is the hours of a case: the smallest such that at least
-- 50 or 90 of 100 remediated cases took no longer (nearest rank). Cases settled before, open or unknown are in no percentile, so
-- one beside many of them says little.
with cases as (
    select first_found_at, account_id, aws_region, control, job_arn
    from detections
    where first_found_at >= $since and first_found_at < $until and first_found_at <= $as_of
),
held as (
    select
        account_id, aws_region, job_arn, control,
        min(case when is_certain then remedied_at end) as remediated_at,
        count(*) as certain_or_not
    from remedies
    where remedied_at <= $as_of and (holds_until is null or holds_until > $as_of)
    group by account_id, aws_region, job_arn, control
),
outcomes as (
    select
        cases.control, cases.first_found_at,
        case
            when held.remediated_at <= cases.first_found_at then 'settled_before'
            when held.remediated_at is not null then 'remediated'
            when held.certain_or_not is null then 'open'
            else 'unknown'
        end as outcome,
        (extract(epoch from held.remediated_at) - extract(epoch from cases.first_found_at)) / 3600 as hours
    from cases
    left join held
        on held.account_id = cases.account_id
        and held.aws_region = cases.aws_region
        and held.job_arn = cases.job_arn
        and held.control = cases.control
),
by_period as (
    select 'month' as period, date_trunc('month', first_found_at) as starts_at, control, first_found_at, outcome, hours
    from outcomes
    union all
    select
        'all' as period, cast(null as timestamp with time zone) as starts_at, control, first_found_at, outcome, hours
    from outcomes
),
ranked as (
    select
        period, starts_at, control, first_found_at, outcome, hours,
        row_number() over (partition by period, starts_at, control, outcome order by hours) as place,
        count(*) over (partition by period, starts_at, control, outcome) as places
    from by_period
)
select
    period, starts_at, control,
    count(*) as detected,
    sum(case when outcome = 'remediated' then 1 else 0 end) as remediated,
    sum(case when outcome = 'settled_before' then 1 else 0 end) as settled_before,
    sum(case when outcome = 'open' then 1 else 0 end) as open,
    sum(case when outcome = 'unknown' then 1 else 0 end) as unknown,
    cast(min(case when outcome = 'remediated' and place * 2 >= places then hours end) as decimal(18, 2)) as p50_hours,
    cast(min(case when outcome = 'remediated' and place * 10 >= places * 9 then hours end) as decimal(18, 2)) as p90_hours,
    cast(
        (extract(epoch from $as_of) - extract(epoch from min(case when outcome = 'open' then first_found_at end))) / 3600
        as decimal(18, 2)
    ) as oldest_open_hours
from ranked
group by period, starts_at, control
order by period, starts_at, control
