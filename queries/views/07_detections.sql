-- one row: one job and control that a run of the rule found not to be met; the citation is the first such run. What the
-- newest run that judged the two said stands beside it: a run that looked at other jobs only says nothing.
with judged as (
    select
        account_id, aws_region, job_kind, job_arn, job_name, control, rule_name, evaluated_at, verdict, reason,
        resource_ids, waiver_state, evidence_file, line,
        row_number() over (
            partition by account_id, aws_region, job_arn, control, verdict
            order by evaluated_at, evidence_file, line
        ) as place_of_verdict,
        -- Two rules of one control may have looked at the same instant: then the graver verdict stands.
        row_number() over (
            partition by account_id, aws_region, job_arn, control
            order by
                evaluated_at desc,
                case verdict when 'NonCompliant' then 0 when 'Undetermined' then 1 else 2 end,
                evidence_file desc, line desc
        ) as place_from_newest
    from evidence
),
runs as (
    select
        account_id, aws_region, job_arn, control,
        max(case when verdict = 'NonCompliant' then evaluated_at end) as last_found_at,
        count(distinct case when verdict = 'NonCompliant' then evaluated_at end) as runs_found,
        count(distinct evaluated_at) as runs
    from judged
    group by account_id, aws_region, job_arn, control
)
select
    firsts.account_id, firsts.aws_region, firsts.job_kind, firsts.job_arn, firsts.job_name, firsts.control,
    firsts.rule_name,
    firsts.evaluated_at as first_found_at,
    runs.last_found_at,
    newest.evaluated_at as newest_run_at,
    newest.verdict as newest_verdict,
    newest.waiver_state as newest_waiver_state,
    case newest.verdict when 'NonCompliant' then true when 'Undetermined' then null else false end as is_still_so,
    runs.runs_found, runs.runs,
    firsts.reason, firsts.resource_ids, firsts.evidence_file, firsts.line
from judged as firsts
inner join runs
    on runs.account_id = firsts.account_id
    and runs.aws_region = firsts.aws_region
    and runs.job_arn = firsts.job_arn
    and runs.control = firsts.control
inner join judged as newest
    on newest.account_id = firsts.account_id
    and newest.aws_region = firsts.aws_region
    and newest.job_arn = firsts.job_arn
    and newest.control = firsts.control
where firsts.verdict = 'NonCompliant' and firsts.place_of_verdict = 1 and newest.place_from_newest = 1
