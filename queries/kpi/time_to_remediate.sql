-- question:   How was each detected case remediated, and how long after its detection?
-- parameter:  $since  time; detected then or later
-- parameter:  $until  time; detected before then
-- parameter:  $as_of  time; remedies by then count
-- columns:    first_found_at (UTC) | account_id | aws_region | control | job_kind | job_name | job_arn | outcome (remediated, settled_before its detection, open or unknown) | remediated_at (UTC; null = open or unknown) | remediated_how (stopped, model_deleted, successor_completed, waived or met) | hours_to_remediate (from first_found_at to remediated_at; null = not remediated after it) | what (what remediated it, or why that is unknown) | event_id (null = evidence of the rule) | log_file | record_index
-- one row:    one job and control that a run of the rule found NonCompliant
-- order:      first_found_at, account_id, aws_region, job_arn, control
-- sources:    evidence of the AWS Config rule (EVIDENCE_URI); StopModelCustomizationJob, StopModelInvocationJob; DeleteCustomModel; TagResource
-- Such a job can be neither changed nor deleted. It is remediated by the first of: it is Stopped; its custom model was deleted;
-- a customization job from the same training data, asked for later and found Compliant by a run, completed; a valid waiver was
-- granted, as long as it holds; where the network could be mended, a run found the control met. What happened before the case was
-- detected answers to nobody's detection: such a case is settled_before, and has no hours. Unknown: none of these is certain and
-- one of them may be, which "what" tells. Open: none is in sight. A deleted imported model is out of sight (DeleteImportedModel
-- is not kept), and so is what happened after the end of the logs (query lake_totals).
with cases as (
    select
        first_found_at, account_id, aws_region, control, job_kind, job_name, job_arn
    from detections
    where first_found_at >= $since and first_found_at < $until and first_found_at <= $as_of
),
-- The first certain remedy, else the first that may be one.
first_remedies as (
    select
        account_id, aws_region, job_arn, control, remedied_at, remedy, is_certain, what, event_id, log_file, record_index
    from (
        select
            account_id, aws_region, job_arn, control, remedied_at, remedy, is_certain, what, event_id, log_file,
            record_index,
            row_number() over (
                partition by account_id, aws_region, job_arn, control
                order by
                    case when is_certain then 0 else 1 end,
                    remedied_at, remedy, event_id, log_file, record_index, what
            ) as place
        from remedies
        where remedied_at <= $as_of and (holds_until is null or holds_until > $as_of)
    ) as held
    where place = 1
)
select
    cases.first_found_at, cases.account_id, cases.aws_region, cases.control, cases.job_kind, cases.job_name, cases.job_arn,
    case
        when first_remedies.is_certain and first_remedies.remedied_at <= cases.first_found_at then 'settled_before'
        when first_remedies.is_certain then 'remediated'
        when first_remedies.is_certain is null then 'open'
        else 'unknown'
    end as outcome,
    case when first_remedies.is_certain then first_remedies.remedied_at end as remediated_at,
    case when first_remedies.is_certain then first_remedies.remedy end as remediated_how,
    case
        when first_remedies.is_certain and first_remedies.remedied_at > cases.first_found_at then
            cast(
                (extract(epoch from first_remedies.remedied_at) - extract(epoch from cases.first_found_at)) / 3600
                as decimal(18, 2)
            )
    end as hours_to_remediate,
    first_remedies.what, first_remedies.event_id, first_remedies.log_file, first_remedies.record_index
from cases
left join first_remedies
    on first_remedies.account_id = cases.account_id
    and first_remedies.aws_region = cases.aws_region
    and first_remedies.job_arn = cases.job_arn
    and first_remedies.control = cases.control
order by cases.first_found_at, cases.account_id, cases.aws_region, cases.job_arn, cases.control
