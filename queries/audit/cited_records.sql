-- question:   Which records do the jobs' history and verdicts rest on, and what vouches for each?
-- parameter:  $as_of  time; records of events by then
-- columns:    event_id | event_time (UTC) | event_source | event_name | who | log_file | record_index | log_file_sha256 | attestation | attestation_reason | digest_file
-- one row:    one record that a table of the jobs' history cites
-- order:      event_time, event_id
-- sources:    event_copies; job_requests, job_network, job_states, security_groups, security_group_delete_requests, security_group_rules
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
),
-- As in the view events, which would put every event in order first.
copies as (
    select
        event_copies.event_id, event_copies.event_time, event_copies.event_source, event_copies.event_name,
        event_copies.user_identity_arn, event_copies.session_issuer_arn, event_copies.user_identity_invoked_by,
        event_copies.source_ip_address, event_copies.log_file, event_copies.record_index,
        row_number() over (
            partition by
                event_copies.event_id, event_copies.event_date, event_copies.event_source, event_copies.event_name,
                event_copies.event_time
            order by event_copies.log_file, event_copies.record_index
        ) as copy_number
    from cited
    inner join event_copies on event_copies.event_id = cited.event_id
    where event_copies.event_time <= $as_of
)
select
    copies.event_id, copies.event_time, copies.event_source, copies.event_name,
    coalesce(
        copies.user_identity_arn, copies.session_issuer_arn, copies.user_identity_invoked_by, copies.source_ip_address
    ) as who,
    copies.log_file, copies.record_index,
    log_file_attestations.sha256 as log_file_sha256,
    coalesce(log_file_attestations.state, 'unknown') as attestation,
    coalesce(log_file_attestations.reason, 'the ledger does not know the log file') as attestation_reason,
    log_file_attestations.digest_file
from copies
left join log_file_attestations on log_file_attestations.log_file = copies.log_file
where copies.copy_number = 1
order by copies.event_time, copies.event_id
