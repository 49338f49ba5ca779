-- question:   Which records do the jobs' history and verdicts rest on, and what vouches for each?
-- parameter:  $as_of  time; records of events by then
-- columns:    event_id | event_time (UTC) | event_source | event_name | who | log_file | record_index | log_file_sha256 | attestation | attestation_reason | digest_file
-- one row:    one record that a table of the jobs' history cites
-- order:      event_time, event_id
-- sources:    events; job_requests, job_network, job_states, security_groups, security_group_delete_requests, security_group_rules
with job_groups as (
    select distinct account_id, aws_region, group_id from job_security_groups
),
cited as (
    select event_id from job_requests
    union
    select event_id from job_network
    union
    select event_id from job_states
    union
    select deleted_event_id as event_id from network_interfaces
    union
    select attached_event_id as event_id from network_interfaces
    union
    select detached_event_id as event_id from network_interfaces
    union
    select event_id from security_group_delete_requests
    where outcome = 'deleted' and group_id is null
    union
    select security_groups.created_event_id as event_id
    from security_groups
    inner join job_groups
        on job_groups.account_id = security_groups.account_id
        and job_groups.aws_region = security_groups.aws_region
        and job_groups.group_id = security_groups.group_id
    union
    select security_group_delete_requests.event_id
    from security_group_delete_requests
    inner join job_groups
        on job_groups.account_id = security_group_delete_requests.account_id
        and job_groups.aws_region = security_group_delete_requests.aws_region
        and job_groups.group_id = security_group_delete_requests.group_id
    union
    select security_group_rules.started_event_id as event_id
    from security_group_rules
    inner join job_groups
        on job_groups.account_id = security_group_rules.account_id
        and job_groups.aws_region = security_group_rules.aws_region
        and job_groups.group_id = security_group_rules.group_id
    union
    select security_group_rules.ended_event_id as event_id
    from security_group_rules
    inner join job_groups
        on job_groups.account_id = security_group_rules.account_id
        and job_groups.aws_region = security_group_rules.aws_region
        and job_groups.group_id = security_group_rules.group_id
)
select
    events.event_id, events.event_time, events.event_source, events.event_name,
    coalesce(
        events.user_identity_arn, events.session_issuer_arn, events.user_identity_invoked_by, events.source_ip_address
    ) as who,
    events.log_file, events.record_index,
    log_file_attestations.sha256 as log_file_sha256,
    coalesce(log_file_attestations.state, 'unknown') as attestation,
    coalesce(log_file_attestations.reason, 'the ledger does not know the log file') as attestation_reason,
    log_file_attestations.digest_file
from events
inner join cited on cited.event_id = events.event_id
left join log_file_attestations on log_file_attestations.log_file = events.log_file
where events.event_time <= $as_of
order by events.event_time, events.event_id
