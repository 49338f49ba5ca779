-- question:   What happened to each job, to its interfaces and to its security groups, as marks on one axis of time?
-- parameter:  $as_of  time; what had happened by then
-- columns:    account_id | aws_region | requested_at (UTC) | job_name | job_arn | lane (job, interface or security_group) | lane_id (null = the job itself) | lane_name (of a group) | mark (named, began, state_seen, rules_changed, deletion_refused, ended) | happened_at (UTC) | what | who | event_id (null = evidence of the rule) | log_file | record_index
-- one row:    one mark of one job; named is no event, it gives a group of which nothing else is known its lane
-- order:      account_id, aws_region, time and event id of the job's first record, happened_at, event_id, lane, lane_id, mark, what
-- sources:    the tables of the history
with marks as (
    select
        jobs.job_key, 'job' as lane, cast(null as varchar) as lane_id, cast(null as varchar) as lane_name,
        'began' as mark, jobs.requested_at as happened_at,
        'the job was requested'
            || case jobs.vpc_config_state
                when 'present' then ', in a VPC'
                when 'absent' then ', without a VPC'
                else ', with a network that the record does not tell'
            end as what,
        jobs.who, jobs.event_id, jobs.log_file, jobs.record_index
    from jobs
    where jobs.requested_at is not null
    union all
    select
        jobs.job_key, 'job' as lane, cast(null as varchar) as lane_id, cast(null as varchar) as lane_name,
        case
            when job_states.state in ('Completed', 'PartiallyCompleted', 'Failed', 'Stopped', 'Expired') then 'ended'
            else 'state_seen'
        end as mark,
        job_states.entered_at as happened_at,
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
        jobs.job_key, 'interface' as lane, interfaces.network_interface_id as lane_id, cast(null as varchar) as lane_name,
        'began' as mark, interfaces.created_at as happened_at,
        'Bedrock made interface ' || interfaces.network_interface_id || ' for the job'
            || coalesce(' in ' || interfaces.subnet_id, '') as what,
        cast(null as varchar) as who, interfaces.event_id, interfaces.log_file, interfaces.record_index
    from (
        select
            job_arn, network_interface_id, subnet_id, created_at, event_id, log_file, record_index,
            row_number() over (partition by job_arn, network_interface_id order by group_id) as place
        from network_interfaces
    ) as interfaces
    inner join jobs on jobs.job_arn = interfaces.job_arn
    where interfaces.place = 1
    union all
    select
        jobs.job_key, 'interface' as lane, interfaces.network_interface_id as lane_id, cast(null as varchar) as lane_name,
        'ended' as mark, interfaces.deleted_at as happened_at,
        'interface ' || interfaces.network_interface_id || ' was deleted' as what,
        interfaces.deleted_who as who, interfaces.deleted_event_id as event_id,
        interfaces.deleted_log_file as log_file, interfaces.deleted_record_index as record_index
    from (
        select
            job_arn, network_interface_id, deleted_at, deleted_who, deleted_event_id, deleted_log_file,
            deleted_record_index,
            row_number() over (partition by job_arn, network_interface_id order by group_id) as place
        from network_interfaces
        where deleted_at is not null
    ) as interfaces
    inner join jobs on jobs.job_arn = interfaces.job_arn
    where interfaces.place = 1
    union all
    select
        groups.job_key, 'security_group' as lane, groups.group_id as lane_id, groups.group_name as lane_name,
        'named' as mark, groups.first_named_at as happened_at,
        'a record names ' || groups.group_id || ' for the job' as what,
        cast(null as varchar) as who, cast(null as varchar) as event_id,
        cast(null as varchar) as log_file, cast(null as bigint) as record_index
    from job_security_groups as groups
    union all
    select
        groups.job_key, 'security_group' as lane, groups.group_id as lane_id, groups.group_name as lane_name,
        'began' as mark, lives.created_at as happened_at,
        'security group ' || lives.group_id || coalesce(' (' || lives.group_name || ')', '') || ' was created' as what,
        lives.created_who as who, lives.created_event_id as event_id, lives.created_log_file as log_file,
        lives.created_record_index as record_index
    from job_security_groups as groups
    inner join security_groups as lives
        on lives.account_id = groups.account_id
        and lives.aws_region = groups.aws_region
        and lives.group_id = groups.group_id
    where lives.created_at is not null
    union all
    select
        groups.job_key, 'security_group' as lane, groups.group_id as lane_id, groups.group_name as lane_name,
        'ended' as mark, lives.deleted_at as happened_at,
        'security group ' || lives.group_id || coalesce(' (' || lives.group_name || ')', '') || ' was deleted'
            || case lives.deleted_how
                when 'by_name' then ' by its name'
                when 'by_cloudformation' then ' through CloudFormation'
                when 'by_service' then ' through an AWS service'
                when 'by_delete_vpc' then ' with its VPC'
                else ''
            end as what,
        lives.deleted_who as who, lives.deleted_event_id as event_id, lives.deleted_log_file as log_file,
        lives.deleted_record_index as record_index
    from job_security_groups as groups
    inner join security_groups as lives
        on lives.account_id = groups.account_id
        and lives.aws_region = groups.aws_region
        and lives.group_id = groups.group_id
    where lives.deleted_at is not null
    union all
    select
        groups.job_key, 'security_group' as lane, groups.group_id as lane_id, groups.group_name as lane_name,
        'deletion_refused' as mark, requests.requested_at as happened_at,
        case requests.outcome
            when 'dry_run' then 'a dry run asked whether ' || requests.group_id || ' could be deleted'
            else 'deletion of ' || requests.group_id || ' was refused: ' || coalesce(requests.error_code, 'no reason recorded')
        end as what,
        requests.who, requests.event_id, requests.log_file, requests.record_index
    from job_security_groups as groups
    inner join security_group_delete_requests as requests
        on requests.account_id = groups.account_id
        and requests.aws_region = groups.aws_region
        and requests.group_id = groups.group_id
    where requests.outcome <> 'deleted'
    union all
    select
        groups.job_key, 'security_group' as lane, groups.group_id as lane_id, groups.group_name as lane_name,
        'rules_changed' as mark, rules.started_at as happened_at,
        rules.group_id || ' began to allow ' || rules.rule_in_words as what,
        rules.started_who as who, rules.started_event_id as event_id, rules.started_log_file as log_file,
        rules.started_record_index as record_index
    from job_security_groups as groups
    inner join rules_in_words as rules
        on rules.account_id = groups.account_id
        and rules.aws_region = groups.aws_region
        and rules.group_id = groups.group_id
    where rules.started_at is not null and rules.started_how <> 'created_with_group'
    union all
    select
        groups.job_key, 'security_group' as lane, groups.group_id as lane_id, groups.group_name as lane_name,
        'rules_changed' as mark, rules.ended_at as happened_at,
        rules.group_id || ' no longer allowed ' || rules.rule_in_words as what,
        rules.ended_who as who, rules.ended_event_id as event_id, rules.ended_log_file as log_file,
        rules.ended_record_index as record_index
    from job_security_groups as groups
    inner join rules_in_words as rules
        on rules.account_id = groups.account_id
        and rules.aws_region = groups.aws_region
        and rules.group_id = groups.group_id
    where rules.ended_at is not null and rules.ended_how <> 'group_deleted'
    union all
    select
        groups.job_key, 'security_group' as lane, groups.group_id as lane_id, groups.group_name as lane_name,
        'rules_changed' as mark, doubts.changed_at as happened_at,
        'a change of rules that could not be followed (' || doubts.event_name || '): ' || doubts.message as what,
        doubts.who, doubts.event_id, doubts.log_file, doubts.record_index
    from job_security_groups as groups
    inner join security_group_rule_doubts as doubts
        on doubts.account_id = groups.account_id
        and doubts.aws_region = groups.aws_region
        and doubts.group_id = groups.group_id
)
select
    jobs.account_id, jobs.aws_region, jobs.requested_at, jobs.job_name, jobs.job_arn, marks.lane, marks.lane_id,
    marks.lane_name, marks.mark, marks.happened_at, marks.what, marks.who, marks.event_id, marks.log_file,
    marks.record_index
from jobs
inner join marks on marks.job_key = jobs.job_key
where marks.happened_at <= $as_of and jobs.first_seen_at <= $as_of
order by
    jobs.account_id, jobs.aws_region, jobs.first_seen_at, jobs.event_id, marks.happened_at, marks.event_id, marks.lane,
    marks.lane_id, marks.mark, marks.what
