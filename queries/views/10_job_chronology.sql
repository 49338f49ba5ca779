-- one row: one thing that happened to a job or to the network that it names, in words, with who and the record.
select
    account_id, aws_region, job_key, job_arn, job_name, requested_at as happened_at,
    'the job was requested'
        || case vpc_config_state
            when 'present' then ', in a VPC'
            when 'absent' then ', without a VPC'
            else ', with a network that the record does not tell'
        end
        || coalesce(', to run as ' || role_arn, '')
        || coalesce(', to read ' || training_data_s3_uri, '') as what,
    who, event_id, log_file, record_index
from jobs
where requested_at is not null
union all
select
    jobs.account_id, jobs.aws_region, jobs.job_key, jobs.job_arn, jobs.job_name, job_states.entered_at as happened_at,
    case job_states.source
        when 'stop_request' then 'somebody asked to stop the job'
        else 'the rule of AWS Config saw the job ' || job_states.state
    end as what,
    job_states.who, job_states.event_id, job_states.log_file, job_states.record_index
from job_states
inner join jobs on jobs.job_arn = job_states.job_arn
where job_states.source <> 'create_request'
union all
select
    jobs.account_id, jobs.aws_region, jobs.job_key, jobs.job_arn, jobs.job_name, interfaces.created_at as happened_at,
    'Bedrock made interface ' || interfaces.network_interface_id || ' for the job'
        || coalesce(' in ' || interfaces.subnet_id, '') || coalesce(' with ' || interfaces.group_id, '') as what,
    cast(null as varchar) as who, interfaces.event_id, interfaces.log_file, interfaces.record_index
from network_interfaces as interfaces
inner join jobs on jobs.job_arn = interfaces.job_arn
where interfaces.attached_event_id is null or interfaces.attached_event_id = interfaces.event_id
union all
select
    jobs.account_id, jobs.aws_region, jobs.job_key, jobs.job_arn, jobs.job_name, interfaces.attached_at as happened_at,
    'interface ' || interfaces.network_interface_id || ' was given ' || interfaces.group_id as what,
    interfaces.attached_who as who, interfaces.attached_event_id as event_id, interfaces.attached_log_file as log_file,
    interfaces.attached_record_index as record_index
from network_interfaces as interfaces
inner join jobs on jobs.job_arn = interfaces.job_arn
where interfaces.attached_event_id <> interfaces.event_id
union all
select
    jobs.account_id, jobs.aws_region, jobs.job_key, jobs.job_arn, jobs.job_name, interfaces.detached_at as happened_at,
    interfaces.group_id || ' was taken from interface ' || interfaces.network_interface_id as what,
    interfaces.detached_who as who, interfaces.detached_event_id as event_id, interfaces.detached_log_file as log_file,
    interfaces.detached_record_index as record_index
from network_interfaces as interfaces
inner join jobs on jobs.job_arn = interfaces.job_arn
where interfaces.detached_at is not null
union all
select
    jobs.account_id, jobs.aws_region, jobs.job_key, jobs.job_arn, jobs.job_name, interfaces.deleted_at as happened_at,
    'interface ' || interfaces.network_interface_id || ' was deleted' as what,
    interfaces.deleted_who as who, interfaces.deleted_event_id as event_id,
    interfaces.deleted_log_file as log_file, interfaces.deleted_record_index as record_index
from (
    select
        job_arn, network_interface_id, deleted_at, deleted_who, deleted_event_id, deleted_log_file,
        deleted_record_index,
        row_number() over (partition by account_id, aws_region, network_interface_id order by group_id) as place
    from network_interfaces
    where deleted_at is not null
) as interfaces
inner join jobs on jobs.job_arn = interfaces.job_arn
where interfaces.place = 1
union all
select
    jobs.account_id, jobs.aws_region, jobs.job_key, jobs.job_arn, jobs.job_name, group_chronology.happened_at,
    group_chronology.what, group_chronology.who, group_chronology.event_id, group_chronology.log_file,
    group_chronology.record_index
from jobs
inner join job_security_groups on job_security_groups.job_key = jobs.job_key
inner join group_chronology
    on group_chronology.account_id = job_security_groups.account_id
    and group_chronology.aws_region = job_security_groups.aws_region
    and group_chronology.group_id = job_security_groups.group_id
union all
select
    jobs.account_id, jobs.aws_region, jobs.job_key, jobs.job_arn, jobs.job_name, resource_tags.started_at as happened_at,
    'the job was tagged ' || resource_tags.tag_key || '=' || coalesce(resource_tags.tag_value, '?') as what,
    resource_tags.started_who as who, resource_tags.started_event_id as event_id,
    resource_tags.started_log_file as log_file, resource_tags.started_record_index as record_index
from resource_tags
inner join jobs on jobs.job_arn = resource_tags.resource_id
where resource_tags.resource_kind = 'job' and resource_tags.started_at is not null
