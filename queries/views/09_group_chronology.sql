-- one row: one thing that happened to a security group, in words, with who and the record that says so.
select
    account_id, aws_region, group_id, created_at as happened_at,
    'security group ' || group_id || coalesce(' (' || group_name || ')', '') || ' was created'
        || coalesce(' in ' || vpc_id, '') as what,
    created_who as who, created_event_id as event_id, created_log_file as log_file, created_record_index as record_index
from security_groups
where created_at is not null
union all
select
    account_id, aws_region, group_id, deleted_at as happened_at,
    'security group ' || group_id || coalesce(' (' || group_name || ')', '') || ' was deleted'
        || case deleted_how
            when 'by_name' then ' by its name'
            when 'by_cloudformation' then ' through CloudFormation'
            when 'by_service' then ' through an AWS service'
            when 'by_delete_vpc' then ' with its VPC'
            else ''
        end as what,
    deleted_who as who, deleted_event_id as event_id, deleted_log_file as log_file, deleted_record_index as record_index
from security_groups
where deleted_at is not null
union all
select
    account_id, aws_region, group_id, requested_at as happened_at,
    case outcome
        when 'dry_run' then 'a dry run asked whether ' || group_id || ' could be deleted'
        else 'deletion of ' || group_id || ' was refused: ' || coalesce(error_code, 'no reason recorded')
    end as what,
    who, event_id, log_file, record_index
from security_group_delete_requests
where group_id is not null and outcome <> 'deleted'
union all
select
    account_id, aws_region, group_id, started_at as happened_at,
    group_id || ' began to allow ' || rule_in_words
        || case started_how
            when 'created_with_group' then ' (it came with the group)'
            when 'modified' then ' (a rule was changed)'
            when 'described' then ' (its description was changed)'
            else ''
        end as what,
    started_who as who, started_event_id as event_id, started_log_file as log_file, started_record_index as record_index
from rules_in_words
where started_at is not null
union all
select
    account_id, aws_region, group_id, ended_at as happened_at,
    group_id || ' no longer allowed ' || rule_in_words
        || case ended_how
            when 'gone' then ' (no record tells who ended it)'
            when 'modified' then ' (a rule was changed)'
            when 'described' then ' (its description was changed)'
            else ''
        end as what,
    ended_who as who, ended_event_id as event_id, ended_log_file as log_file, ended_record_index as record_index
from rules_in_words
where ended_at is not null and ended_how <> 'group_deleted'
union all
select
    account_id, aws_region, group_id, changed_at as happened_at,
    'a change of rules that could not be followed (' || event_name || '): ' || message as what,
    who, event_id, log_file, record_index
from security_group_rule_doubts
where group_id is not null
union all
select
    account_id, aws_region, resource_id as group_id, started_at as happened_at,
    resource_id || ' was tagged ' || tag_key || '=' || coalesce(tag_value, '?') as what,
    started_who as who, started_event_id as event_id, started_log_file as log_file, started_record_index as record_index
from resource_tags
where resource_kind = 'security_group' and started_at is not null
union all
select
    account_id, aws_region, resource_id as group_id, ended_at as happened_at,
    resource_id || ' lost the tag ' || tag_key || '=' || coalesce(tag_value, '?') as what,
    ended_who as who, ended_event_id as event_id, ended_log_file as log_file, ended_record_index as record_index
from resource_tags
where resource_kind = 'security_group' and ended_at is not null and ended_how <> 'resource_deleted'
