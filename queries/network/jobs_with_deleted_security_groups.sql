-- question:   Which jobs lost a security group: when, through whom, how, and before, during or after the run?
-- control:    job_security_groups_exist
-- parameter:  $since  time; deletions from then on
-- parameter:  $until  time; deletions before then
-- columns:    deleted_at (UTC) | account_id | aws_region | deleted_by | deleted_by_session_issuer_arn | deleted_by_session_name | deleted_by_invoked_by | deleted_how | relative_to_run | job_kind | job_name | job_arn | requested_at | group_id | group_name | vpc_id | event_id | log_file | record_index
-- one row:    one job and one deleted group of it; relative_to_run is unknown where the trail does not tell when the job ended
-- order:      deleted_at, event_id, job, group_id
-- sources:    EC2 API Reference "DeleteSecurityGroup", "DeleteVpc"; CloudTrail record contents
with interfaces as (
    select
        job_arn,
        count(*) as interfaces,
        count(deleted_at) as deleted,
        max(deleted_at) as last_deleted_at
    from network_interfaces
    where job_arn is not null
    group by job_arn
),
stops as (
    select job_arn, min(entered_at) as stopped_at
    from job_states
    where source = 'stop_request' and job_arn is not null
    group by job_arn
)
select
    lost.deleted_at, lost.account_id, lost.aws_region, lost.deleted_by, lost.deleted_by_session_issuer_arn,
    lost.deleted_by_session_name, lost.deleted_by_invoked_by, lost.deleted_how,
    case
        when lost.deleted_at < jobs.requested_at then 'before'
        -- A job that was stopped later was still running.
        when stops.stopped_at > lost.deleted_at then 'during'
        when stops.stopped_at <= lost.deleted_at then 'after'
        -- A job without its interfaces runs no more.
        when interfaces.interfaces = interfaces.deleted and interfaces.last_deleted_at <= lost.deleted_at then 'after'
        else 'unknown'
    end as relative_to_run,
    jobs.job_kind, jobs.job_name, jobs.job_arn, jobs.requested_at,
    lost.group_id, lost.group_name, lost.vpc_id,
    lost.deleted_event_id as event_id, lost.deleted_log_file as log_file, lost.deleted_record_index as record_index
from job_security_groups as lost
inner join jobs on jobs.job_key = lost.job_key
left join interfaces on interfaces.job_arn = lost.job_key
left join stops on stops.job_arn = lost.job_key
where lost.deleted_at >= $since and lost.deleted_at < $until
order by lost.deleted_at, lost.deleted_event_id, jobs.job_key, lost.group_id
