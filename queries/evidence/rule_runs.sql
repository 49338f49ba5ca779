-- question:   When did the rule run, what did it judge, and what could it not read?
-- parameter:  $since  time; runs from then on
-- parameter:  $until  time; runs before then
-- columns:    evaluated_at (UTC; null = a stop, or set aside) | account_id | aws_region | rule_name | control | jobs | non_compliant | undetermined | compliant | not_applicable | waived | looked_up | unread_lists | set_aside_reason | evidence_file
-- one row:    one evidence object: a run of the rule, a stop of a job (looked_up = 1, no jobs), or one that could not be read
-- order:      evaluated_at, what has none last; evidence_file
-- sources:    evidence of the AWS Config rule (EVIDENCE_URI)
with files as (
    select
        evidence_file, evaluated_at, account_id, aws_region, rule_name, facts, unread_lists, set_aside_reason,
        row_number() over (
            partition by evidence_file
            -- An object that could be had later, or that was fetched again, counts as read.
            order by case when set_aside_reason is null then 0 else 1 end, etag
        ) as copy_number
    from evidence_files
),
findings as (
    select distinct evidence_file, line, control, job_arn, verdict, waiver_state
    from evidence
),
judged as (
    select
        evidence_file,
        case when min(control) = max(control) then min(control) else 'several' end as control,
        count(distinct job_arn) as jobs,
        sum(case when verdict = 'NonCompliant' then 1 else 0 end) as non_compliant,
        sum(case when verdict = 'Undetermined' then 1 else 0 end) as undetermined,
        sum(case when verdict = 'Compliant' then 1 else 0 end) as compliant,
        sum(case when verdict = 'NotApplicable' then 1 else 0 end) as not_applicable,
        sum(case when waiver_state = 'yes' then 1 else 0 end) as waived
    from findings
    group by evidence_file
)
select
    files.evaluated_at, files.account_id, files.aws_region, files.rule_name, judged.control,
    coalesce(judged.jobs, 0) as jobs,
    coalesce(judged.non_compliant, 0) as non_compliant,
    coalesce(judged.undetermined, 0) as undetermined,
    coalesce(judged.compliant, 0) as compliant,
    coalesce(judged.not_applicable, 0) as not_applicable,
    coalesce(judged.waived, 0) as waived,
    files.facts as looked_up,
    files.unread_lists, files.set_aside_reason, files.evidence_file
from files
left join judged on judged.evidence_file = files.evidence_file
where
    files.copy_number = 1
    and (files.evaluated_at is null or files.evaluated_at >= $since)
    and (files.evaluated_at is null or files.evaluated_at < $until)
order by case when files.evaluated_at is null then 1 else 0 end, files.evaluated_at, files.evidence_file
