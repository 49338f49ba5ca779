-- one row: one job and one interval of runs in which its waiver tag was worth the same; the citation is the first of them.
-- The rule looks at the tag only where a job does not meet a control, so a run that found nothing amiss neither continues
-- nor ends an interval.
with looks as (
    select
        account_id, aws_region, job_kind, job_arn, job_name, evaluated_at, waiver_state, waiver_owner, waiver_reason,
        waiver_last_day, evidence_file, line,
        -- The same at the same instant: another control, or a copy of the object.
        row_number() over (
            partition by
                account_id, aws_region, job_arn, evaluated_at, waiver_state, waiver_owner, waiver_reason,
                waiver_last_day
            order by evidence_file, line
        ) as copy_number
    from evidence
    where waiver_state <> 'no' or verdict = 'NonCompliant'
),
numbered as (
    select
        account_id, aws_region, job_kind, job_arn, job_name, evaluated_at, waiver_state, waiver_owner, waiver_reason,
        waiver_last_day, evidence_file, line,
        row_number() over (
            partition by account_id, aws_region, job_arn order by evaluated_at, evidence_file, line
        ) - row_number() over (
            partition by
                account_id, aws_region, job_arn, waiver_state, waiver_owner, waiver_reason, waiver_last_day
            order by evaluated_at, evidence_file, line
        ) as interval_number
    from looks
    where copy_number = 1
),
intervals as (
    select
        account_id, aws_region, job_arn, waiver_state, waiver_owner, waiver_reason, waiver_last_day, interval_number,
        min(evaluated_at) as first_seen_at,
        max(evaluated_at) as last_seen_at,
        count(*) as runs
    from numbered
    where waiver_state <> 'no'
    group by
        account_id, aws_region, job_arn, waiver_state, waiver_owner, waiver_reason, waiver_last_day, interval_number
)
select
    firsts.account_id, firsts.aws_region, firsts.job_kind, firsts.job_arn, firsts.job_name,
    firsts.waiver_state, firsts.waiver_owner, firsts.waiver_reason, firsts.waiver_last_day,
    intervals.first_seen_at, intervals.last_seen_at, intervals.runs,
    firsts.evidence_file, firsts.line
from intervals
-- Of one job no two rows of "numbered" have the same instant, state and terms.
inner join numbered as firsts
    on firsts.account_id = intervals.account_id
    and firsts.aws_region = intervals.aws_region
    and firsts.job_arn = intervals.job_arn
    and firsts.evaluated_at = intervals.first_seen_at
    and firsts.waiver_state = intervals.waiver_state
    and coalesce(firsts.waiver_owner, '') = coalesce(intervals.waiver_owner, '')
    and coalesce(firsts.waiver_reason, '') = coalesce(intervals.waiver_reason, '')
    and coalesce(firsts.waiver_last_day, '') = coalesce(intervals.waiver_last_day, '')
