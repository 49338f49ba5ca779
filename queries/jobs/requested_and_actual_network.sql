-- question:   Where does the network that jobs ran with differ from the one that they asked for?
-- parameter:  $as_of  time; what had happened by then
-- columns:    account_id | aws_region | requested_at (UTC) | job_name | job_arn | difference | resource_kind | resource_id (of interface_refused the errorCode) | happened_at (UTC) | event_id | log_file | record_index
-- one row:    one job and difference; the citation is the record that shows it
-- order:      account_id, aws_region, requested_at, job_arn, difference, resource_id, event_id
-- sources:    job_requests, job_network, network_interfaces, security_groups, security_group_rules; refused CreateNetworkInterface
with asked as (
    select job_key, resource_kind, resource_id, seen_at, event_id, log_file, record_index
    from job_network
    where source <> 'network_interface' and seen_at <= $as_of
),
given as (
    select job_key, resource_kind, resource_id, seen_at, event_id, log_file, record_index
    from job_network
    where source = 'network_interface' and seen_at <= $as_of
),
differences as (
    select
        jobs.job_key, 'no_interface_seen' as difference, cast(null as varchar) as resource_kind,
        cast(null as varchar) as resource_id, jobs.requested_at as happened_at, jobs.event_id, jobs.log_file,
        jobs.record_index
    from jobs
    where
        jobs.vpc_config_state = 'present' and jobs.job_kind = 'model_customization'
        and not exists (select 1 from given where given.job_key = jobs.job_key)
    union all
    select
        given.job_key, 'not_asked_for' as difference, given.resource_kind, given.resource_id, given.seen_at as happened_at,
        given.event_id, given.log_file, given.record_index
    from given
    where
        given.resource_kind in ('security_group', 'subnet')
        and exists (select 1 from asked where asked.job_key = given.job_key)
        and not exists (
            select 1 from asked where asked.job_key = given.job_key and asked.resource_id = given.resource_id
        )
    union all
    select
        asked.job_key, 'not_on_any_interface' as difference, asked.resource_kind, asked.resource_id,
        asked.seen_at as happened_at, asked.event_id, asked.log_file, asked.record_index
    from asked
    where
        asked.resource_kind = 'security_group'
        and exists (select 1 from given where given.job_key = asked.job_key)
        and not exists (
            select 1 from given where given.job_key = asked.job_key and given.resource_id = asked.resource_id
        )
    union all
    -- The tag in the request names the job; who wrote it is Bedrock or the job's role.
    select
        jobs.job_key, 'interface_refused' as difference, cast(null as varchar) as resource_kind,
        refused.error_code as resource_id, refused.event_time as happened_at, refused.event_id, refused.log_file,
        refused.record_index
    from jobs
    inner join (
        select
            recipient_account_id as account_id, aws_region, event_time, error_code, session_issuer_arn,
            user_identity_invoked_by, source_ip_address, request_parameters, event_id, log_file, record_index
        from events
        where
            event_source = 'ec2.amazonaws.com' and event_name = 'CreateNetworkInterface'
            and error_code is not null and error_code <> 'Client.DryRunOperation'
    ) as refused
        on refused.account_id = jobs.account_id and refused.aws_region = jobs.aws_region
    where
        refused.event_time <= $as_of
        and strpos(refused.request_parameters, '"' || jobs.job_arn || '"') > 0
        and (
            refused.user_identity_invoked_by = 'bedrock.amazonaws.com'
            or refused.source_ip_address = 'bedrock.amazonaws.com'
            or refused.session_issuer_arn = jobs.role_arn
        )
    union all
    select
        interfaces.job_arn as job_key, 'group_given_while_interface_stood' as difference,
        'security_group' as resource_kind, interfaces.group_id as resource_id, interfaces.attached_at as happened_at,
        interfaces.attached_event_id as event_id, interfaces.attached_log_file as log_file,
        interfaces.attached_record_index as record_index
    from network_interfaces as interfaces
    where interfaces.attached_event_id <> interfaces.event_id and interfaces.attached_at <= $as_of
    union all
    select
        interfaces.job_arn as job_key, 'group_taken_while_interface_stood' as difference,
        'security_group' as resource_kind, interfaces.group_id as resource_id, interfaces.detached_at as happened_at,
        interfaces.detached_event_id as event_id, interfaces.detached_log_file as log_file,
        interfaces.detached_record_index as record_index
    from network_interfaces as interfaces
    where interfaces.detached_at <= $as_of
    union all
    select
        interfaces.job_arn as job_key, 'group_deleted_while_interface_stood' as difference,
        'security_group' as resource_kind, interfaces.group_id as resource_id, security_groups.deleted_at as happened_at,
        security_groups.deleted_event_id as event_id, security_groups.deleted_log_file as log_file,
        security_groups.deleted_record_index as record_index
    from network_interfaces as interfaces
    inner join security_groups
        on security_groups.account_id = interfaces.account_id
        and security_groups.aws_region = interfaces.aws_region
        and security_groups.group_id = interfaces.group_id
    where
        security_groups.deleted_at > interfaces.created_at
        and security_groups.deleted_at <= $as_of
        and (interfaces.deleted_at is null or interfaces.deleted_at > security_groups.deleted_at)
        and (interfaces.detached_at is null or interfaces.detached_at > security_groups.deleted_at)
    union all
    select
        interfaces.job_arn as job_key, 'rules_changed_while_interface_stood' as difference,
        'security_group' as resource_kind, interfaces.group_id as resource_id, changes.changed_at as happened_at,
        changes.event_id, changes.log_file, changes.record_index
    from network_interfaces as interfaces
    inner join (
        select
            account_id, aws_region, group_id, started_at as changed_at, started_event_id as event_id,
            started_log_file as log_file, started_record_index as record_index
        from security_group_rules
        where started_at is not null and started_how <> 'created_with_group'
        union
        select
            account_id, aws_region, group_id, ended_at as changed_at, ended_event_id as event_id,
            ended_log_file as log_file, ended_record_index as record_index
        from security_group_rules
        where ended_at is not null and ended_how <> 'group_deleted'
    ) as changes
        on changes.account_id = interfaces.account_id
        and changes.aws_region = interfaces.aws_region
        and changes.group_id = interfaces.group_id
    where
        changes.changed_at > interfaces.attached_at
        and changes.changed_at <= $as_of
        and (interfaces.deleted_at is null or interfaces.deleted_at > changes.changed_at)
        and (interfaces.detached_at is null or interfaces.detached_at > changes.changed_at)
)
select distinct
    jobs.account_id, jobs.aws_region, jobs.requested_at, jobs.job_name, jobs.job_arn, differences.difference,
    differences.resource_kind, differences.resource_id, differences.happened_at, differences.event_id,
    differences.log_file, differences.record_index
from differences
inner join jobs on jobs.job_key = differences.job_key
where jobs.first_seen_at <= $as_of
order by
    jobs.account_id, jobs.aws_region, jobs.requested_at, jobs.job_arn, differences.difference, differences.resource_id,
    differences.event_id
