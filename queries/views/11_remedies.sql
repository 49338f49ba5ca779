-- one row: one detected case (a job and a control that a run of the rule found not to be met) and one thing that remedied it,
-- or may have (is_certain = false). A job that is not compliant can be neither changed nor deleted, so what counts is that it
-- was stopped, that its model was deleted, that a compliant job completed from the same training data, or that it was waived;
-- and, where the network could be mended, that a run found the control met. A waiver ends: holds_until.
-- A job that ended in several ways, by what runs saw, ended in the first.
with ends as (
    select job_arn, state, entered_at, event_id, log_file, record_index
    from (
        select
            job_arn, state, entered_at, event_id, log_file, record_index,
            row_number() over (partition by job_arn order by entered_at, state, log_file, record_index) as place
        from job_states
        where state in ('Completed', 'Failed', 'Stopped', 'PartiallyCompleted', 'Expired')
    ) as ended
    where place = 1
),
stop_requests as (
    select account_id, aws_region, job_arn, job_identifier, entered_at, event_id, log_file, record_index
    from job_states
    where source = 'stop_request'
),
-- An end that no run tells lies somewhere before the run that saw it first.
told_ends as (
    select job_arn, max(job_ended_at) as ended_at from evidence group by job_arn
),
-- The text between "modelIdentifier":" and the next quotation mark: no character of a model's name or ARN is escaped in JSON,
-- but an ARN may be percent-encoded, as it stood in the path.
model_deletions as (
    select
        recipient_account_id as account_id, aws_region, event_time as deleted_at,
        nullif(
            replace(
                replace(
                    split_part(split_part(replace(request_parameters, ' ', ''), '"modelIdentifier":"', 2), '"', 1),
                    '%3A', ':'
                ),
                '%2F', '/'
            ),
            ''
        ) as model_identifier,
        event_id, log_file, record_index
    from events
    where event_source = 'bedrock.amazonaws.com' and event_name = 'DeleteCustomModel' and error_code is null
),
-- A name belongs to the model of the last job that asked for it.
models as (
    select
        job_key,
        lead(requested_at) over (
            partition by account_id, aws_region, model_name order by requested_at, event_id
        ) as name_taken_at
    from jobs
    where job_kind = 'model_customization' and model_name is not null and requested_at is not null
),
deletions_of_jobs as (
    select
        jobs.job_arn, model_deletions.deleted_at,
        model_deletions.model_identifier, model_deletions.event_id, model_deletions.log_file,
        model_deletions.record_index,
        case
            when model_deletions.model_identifier is null then 'any'
            when model_deletions.model_identifier = 'HIDDEN_DUE_TO_SECURITY_REASONS' then 'any'
            when strpos(model_deletions.model_identifier, 'arn:') = 1 then
                case
                    when strpos(
                        model_deletions.model_identifier,
                        '/' || split_part(split_part(jobs.job_arn, ':model-customization-job/', 2), '/', 1) || '/'
                    ) > 0 then 'any'
                    else 'other'
                end
            when jobs.model_name is null then 'any'
            when model_deletions.model_identifier <> jobs.model_name then 'other'
            when models.name_taken_at <= model_deletions.deleted_at then 'other'
            -- It may still have run then, and the name have been an older model's.
            when coalesce(told_ends.ended_at, ends.entered_at) <= model_deletions.deleted_at then 'this'
            else 'any'
        end as whose
    from model_deletions
    inner join jobs on jobs.account_id = model_deletions.account_id and jobs.aws_region = model_deletions.aws_region
    left join models on models.job_key = jobs.job_key
    left join ends on ends.job_arn = jobs.job_arn
    left join told_ends on told_ends.job_arn = jobs.job_arn
    where
        jobs.job_kind = 'model_customization'
        and model_deletions.deleted_at >= jobs.first_seen_at
        -- Only a job that completed made a model.
        and (ends.job_arn is null or ends.state = 'Completed')
        and (told_ends.ended_at is null or told_ends.ended_at <= model_deletions.deleted_at)
),
-- What runs said of each job by each control.
judgements as (
    select
        job_arn, control,
        sum(case when verdict = 'Compliant' then 1 else 0 end) as found_compliant,
        min(case when verdict = 'NonCompliant' then evaluated_at end) as first_at_fault_at,
        max(case when verdict = 'NonCompliant' then evaluated_at end) as last_at_fault_at,
        sum(case when verdict <> 'Undetermined' then 1 else 0 end) as judged
    from evidence
    group by job_arn, control
),
successors as (
    select
        earlier.job_arn, later.job_arn as successor_arn, ends.entered_at as completed_at,
        ends.event_id, ends.log_file, ends.record_index
    from jobs as earlier
    inner join jobs as later
        on later.account_id = earlier.account_id
        and later.aws_region = earlier.aws_region
        and later.training_data_s3_uri = earlier.training_data_s3_uri
    inner join ends on ends.job_arn = later.job_arn and ends.state = 'Completed'
    where
        earlier.job_kind = 'model_customization'
        and later.job_kind = 'model_customization'
        and later.first_seen_at > earlier.first_seen_at
),
-- A waiver that a run found to hold, from when its tag was set where a record tells, else from the first such run. One that
-- a later run found missing, expired or malformed holds until then, at most to the end of its last day.
waivers_held as (
    select
        waivers.account_id, waivers.aws_region, waivers.job_arn, waivers.waiver_owner, waivers.waiver_last_day,
        coalesce(max(resource_tags.started_at), waivers.first_seen_at) as granted_at,
        min(looks.evaluated_at) as found_over_at,
        waivers.evidence_file, waivers.line
    from waivers
    left join resource_tags
        on resource_tags.resource_kind = 'job'
        and resource_tags.resource_id = waivers.job_arn
        and resource_tags.tag_key = 'NetworkIsolationWaiver'
        and resource_tags.started_how <> 'untagged'
        and resource_tags.started_at <= waivers.first_seen_at
        and (resource_tags.ended_at is null or resource_tags.ended_at > waivers.first_seen_at)
    left join evidence as looks
        on looks.job_arn = waivers.job_arn
        and looks.evaluated_at > waivers.last_seen_at
        and (looks.waiver_state in ('expired', 'malformed') or looks.verdict = 'NonCompliant')
    where waivers.waiver_state = 'yes'
    group by
        waivers.account_id, waivers.aws_region, waivers.job_arn, waivers.waiver_owner, waivers.waiver_last_day,
        waivers.first_seen_at, waivers.evidence_file, waivers.line
),
-- The first run that found the control met, after the last that did not.
met as (
    select job_arn, control, evaluated_at, evidence_file, line
    from (
        select
            evidence.job_arn, evidence.control, evidence.evaluated_at, evidence.evidence_file, evidence.line,
            row_number() over (
                partition by evidence.job_arn, evidence.control
                order by evidence.evaluated_at, evidence.evidence_file, evidence.line
            ) as place
        from evidence
        inner join judgements on judgements.job_arn = evidence.job_arn and judgements.control = evidence.control
        where evidence.verdict = 'Compliant' and evidence.evaluated_at > judgements.last_at_fault_at
    ) as met_again
    where place = 1
),
-- Hours in which a stop or a deletion may have gone unseen: as job_verdicts counts them.
vouched_places as (
    select distinct account_id, aws_region from coverage where state = 'attested'
),
holes as (
    select coverage.account_id, coverage.aws_region, coverage.hour
    from coverage
    left join vouched_places
        on vouched_places.account_id = coverage.account_id and vouched_places.aws_region = coverage.aws_region
    where
        coverage.state = 'logging_stopped'
        or (coverage.state = 'gap' and vouched_places.account_id is not null)
),
first_holes as (
    select jobs.job_arn, min(holes.hour) as hour
    from jobs
    inner join holes on holes.account_id = jobs.account_id and holes.aws_region = jobs.aws_region
    where holes.hour >= date_trunc('hour', jobs.first_seen_at)
    group by jobs.job_arn
),
-- What remedied a job, or may have, whatever the control.
told_of_jobs as (
    select
        job_arn, entered_at as remedied_at, 'stopped' as remedy, true as is_certain, 'the job is Stopped' as what,
        cast(null as timestamp with time zone) as holds_until, event_id, log_file, record_index
    from ends
    where state = 'Stopped'
    union all
    select
        jobs.job_arn, stop_requests.entered_at as remedied_at, 'stop_requested' as remedy, false as is_certain,
        'a request to stop the job was accepted, and no run of the rule has seen how the job ended' as what,
        cast(null as timestamp with time zone) as holds_until,
        stop_requests.event_id, stop_requests.log_file, stop_requests.record_index
    from stop_requests
    inner join jobs
        on jobs.account_id = stop_requests.account_id
        and jobs.aws_region = stop_requests.aws_region
        and (
            stop_requests.job_arn = jobs.job_arn
            or (stop_requests.job_arn is null and stop_requests.job_identifier = jobs.job_name)
        )
    left join ends on ends.job_arn = jobs.job_arn
    where ends.job_arn is null
    union all
    select
        job_arn, deleted_at as remedied_at, 'model_deleted' as remedy, whose = 'this' as is_certain,
        case
            when whose = 'this' then 'its model ' || model_identifier || ' was deleted'
            when model_identifier is null or model_identifier = 'HIDDEN_DUE_TO_SECURITY_REASONS' then
                'a model was deleted, and the record does not tell which'
            else 'a model was deleted that may be the one of this job: ' || model_identifier
        end as what,
        cast(null as timestamp with time zone) as holds_until, event_id, log_file, record_index
    from deletions_of_jobs
    where whose <> 'other'
    union all
    select
        job_arn, granted_at as remedied_at, 'waived' as remedy, true as is_certain,
        'waived by ' || coalesce(waiver_owner, '?') || ' to ' || coalesce(waiver_last_day, '?') as what,
        case
            when found_over_at < cast(cast(waiver_last_day as date) as timestamp with time zone) + interval '1' day
                then found_over_at
            else cast(cast(waiver_last_day as date) as timestamp with time zone) + interval '1' day
        end as holds_until,
        cast(null as varchar) as event_id, evidence_file as log_file, line as record_index
    from waivers_held
    union all
    select
        job_arn, hour as remedied_at, 'logs_missing' as remedy, false as is_certain,
        'log files are missing in which a stop or the deletion of its model may stand (query coverage_by_hour)' as what,
        cast(null as timestamp with time zone) as holds_until,
        cast(null as varchar) as event_id, cast(null as varchar) as log_file, cast(null as bigint) as record_index
    from first_holes
),
told_of_cases as (
    select
        successors.job_arn, judged_controls.control, successors.completed_at as remedied_at,
        'successor_completed' as remedy,
        coalesce(judgements.judged, 0) > 0 as is_certain,
        case
            when coalesce(judgements.judged, 0) > 0 then 'a compliant job from the same training data completed: '
            else 'a job from the same training data completed that no run judged by this control: '
        end || successors.successor_arn as what,
        successors.event_id, successors.log_file, successors.record_index
    from successors
    inner join (
        select job_arn, control from judgements where last_at_fault_at is not null
    ) as judged_controls
        on judged_controls.job_arn = successors.job_arn
    left join judgements
        on judgements.job_arn = successors.successor_arn and judgements.control = judged_controls.control
    where
        coalesce(judgements.judged, 0) = 0
        or (
            judgements.found_compliant > 0
            -- What went wrong after it had completed changes nothing.
            and (judgements.first_at_fault_at is null or judgements.first_at_fault_at > successors.completed_at)
        )
    union all
    select
        job_arn, control, evaluated_at as remedied_at, 'met' as remedy, true as is_certain,
        'a run of the rule found the control met' as what,
        cast(null as varchar) as event_id, evidence_file as log_file, line as record_index
    from met
),
cases as (
    select
        account_id, aws_region, job_arn, control, newest_run_at, newest_verdict, newest_waiver_state
    from detections
),
told as (
    select
        cases.account_id, cases.aws_region, cases.job_arn, cases.control,
        told_of_jobs.remedied_at, told_of_jobs.remedy, told_of_jobs.is_certain, told_of_jobs.what,
        told_of_jobs.holds_until, told_of_jobs.event_id, told_of_jobs.log_file, told_of_jobs.record_index
    from cases
    inner join told_of_jobs on told_of_jobs.job_arn = cases.job_arn
    union all
    select
        cases.account_id, cases.aws_region, cases.job_arn, cases.control,
        told_of_cases.remedied_at, told_of_cases.remedy, told_of_cases.is_certain, told_of_cases.what,
        cast(null as timestamp with time zone) as holds_until,
        told_of_cases.event_id, told_of_cases.log_file, told_of_cases.record_index
    from cases
    inner join told_of_cases on told_of_cases.job_arn = cases.job_arn and told_of_cases.control = cases.control
    where told_of_cases.remedy <> 'met' or cases.newest_verdict = 'Compliant'
    union all
    select
        account_id, aws_region, job_arn, control, newest_run_at as remedied_at,
        'verdict_unclear' as remedy, false as is_certain,
        'the newest run of the rule says ' || newest_verdict || ', without a waiver' as what,
        cast(null as timestamp with time zone) as holds_until,
        cast(null as varchar) as event_id, cast(null as varchar) as log_file, cast(null as bigint) as record_index
    from cases
    where newest_verdict in ('Undetermined', 'NotApplicable') and newest_waiver_state <> 'yes'
)
-- A record is as good as the log file that it stands in.
select
    told.account_id, told.aws_region, told.job_arn, told.control, told.remedied_at, told.remedy,
    told.is_certain and changed_files.log_file is null as is_certain,
    told.what || case when changed_files.log_file is null then '' else ', says a log file that was changed after delivery' end
        as what,
    told.holds_until, told.event_id, told.log_file, told.record_index
from told
left join (select log_file from log_file_attestations where state = 'mismatch') as changed_files
    on changed_files.log_file = told.log_file
