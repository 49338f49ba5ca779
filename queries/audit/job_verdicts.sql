-- question:   What can be said of each job against each control, as of an instant?
-- parameter:  $as_of  time; what had happened by then counts
-- columns:    account_id | aws_region | requested_at (UTC) | principal_arn | job_kind | job_name | job_arn | control | verdict | reason | resource_id | cited_event_id | cited_log_file | cited_record_index
-- one row:    one job and control; the citation is the record that decides
-- order:      account_id, aws_region, requested_at, request_event_id, control
-- sources:    CreateModelCustomizationJob, CreateModelImportJob, CreateModelInvocationJob; CreateNetworkInterface; DeleteSecurityGroup, DeleteVpc
with jobs_then as (
    select
        account_id, aws_region, job_kind, job_arn, job_name, requested_at, principal_arn,
        vpc_config_state, vpc_config_note, event_id, log_file, record_index
    from jobs
    where requested_at <= $as_of
),
-- The first record of an interface that Bedrock tagged with the job's ARN.
interfaces_then as (
    select job_arn, resource_id, event_id, log_file, record_index
    from (
        select
            job_arn, resource_id, event_id, log_file, record_index,
            row_number() over (partition by job_arn order by seen_at, event_id, resource_id) as place
        from job_network
        where source = 'network_interface' and resource_kind = 'subnet' and seen_at <= $as_of
    ) as seen
    where place = 1
),
groups_then as (
    select
        job_arn, group_id, is_default,
        case when deleted_at <= $as_of then deleted_at end as deleted_at,
        deleted_how, deleted_by, deleted_event_id, deleted_log_file, deleted_record_index
    from job_security_groups
    where first_named_at <= $as_of
),
group_counts as (
    select
        job_arn,
        count(*) as groups,
        count(deleted_at) as deleted,
        sum(case when is_default then 1 else 0 end) as default_groups,
        sum(case when is_default is null then 1 else 0 end) as unnamed
    from groups_then
    group by job_arn
),
-- The group that was deleted first, the first default group, the first group that no record names.
first_deleted as (
    select
        job_arn, group_id, deleted_at, deleted_how, deleted_by, deleted_event_id, deleted_log_file, deleted_record_index
    from (
        select
            job_arn, group_id, deleted_at, deleted_how, deleted_by,
            deleted_event_id, deleted_log_file, deleted_record_index,
            row_number() over (partition by job_arn order by deleted_at, group_id) as place
        from groups_then
        where deleted_at is not null
    ) as deleted
    where place = 1
),
first_default as (
    select job_arn, min(group_id) as group_id from groups_then where is_default group by job_arn
),
first_unnamed as (
    select job_arn, min(group_id) as group_id from groups_then where is_default is null group by job_arn
),
facts as (
    select
        jobs_then.account_id, jobs_then.aws_region, jobs_then.job_kind, jobs_then.job_arn, jobs_then.job_name,
        jobs_then.requested_at, jobs_then.principal_arn, jobs_then.vpc_config_note,
        jobs_then.event_id, jobs_then.log_file, jobs_then.record_index,
        interfaces_then.resource_id as interface_subnet_id,
        interfaces_then.event_id as interface_event_id,
        interfaces_then.log_file as interface_log_file,
        interfaces_then.record_index as interface_record_index,
        -- present and absent are the request's word; where it has none, or an interface contradicts it, the interface's.
        case
            when jobs_then.vpc_config_state = 'present' then 'request'
            when interfaces_then.event_id is not null and jobs_then.vpc_config_state = 'absent' then 'contradicted'
            when interfaces_then.event_id is not null then 'interface'
            when jobs_then.vpc_config_state = 'absent' then 'none'
            else 'unknown'
        end as network,
        coalesce(group_counts.groups, 0) as groups,
        coalesce(group_counts.deleted, 0) as deleted,
        coalesce(group_counts.default_groups, 0) as default_groups,
        coalesce(group_counts.unnamed, 0) as unnamed,
        first_deleted.group_id as deleted_group_id, first_deleted.deleted_at, first_deleted.deleted_how,
        first_deleted.deleted_by, first_deleted.deleted_event_id, first_deleted.deleted_log_file,
        first_deleted.deleted_record_index,
        first_default.group_id as default_group_id,
        first_unnamed.group_id as unnamed_group_id
    from jobs_then
    left join interfaces_then on interfaces_then.job_arn = jobs_then.job_arn
    left join group_counts on group_counts.job_arn = jobs_then.job_arn
    left join first_deleted on first_deleted.job_arn = jobs_then.job_arn
    left join first_default on first_default.job_arn = jobs_then.job_arn
    left join first_unnamed on first_unnamed.job_arn = jobs_then.job_arn
),
verdicts as (
    select
        account_id, aws_region, requested_at, principal_arn, job_kind, job_name, job_arn, event_id,
        'job_in_vpc' as control,
        case network
            when 'request' then 'Compliant'
            when 'interface' then 'Compliant'
            when 'none' then 'NonCompliant'
            else 'Undetermined'
        end as verdict,
        case network
            when 'request' then 'the request names a VPC configuration'
            when 'interface' then 'the request cannot be read (' || vpc_config_note || '), but Bedrock made an interface for the job in ' || interface_subnet_id
            when 'none' then 'the request names no VPC configuration'
            when 'contradicted' then 'the request names no VPC configuration, yet Bedrock made an interface for the job in ' || interface_subnet_id
            else vpc_config_note || ', and no interface of the job is in the logs'
        end as reason,
        case when network in ('interface', 'contradicted') then interface_subnet_id end as resource_id,
        case when network in ('interface', 'contradicted') then interface_event_id else event_id end as cited_event_id,
        case when network in ('interface', 'contradicted') then interface_log_file else log_file end as cited_log_file,
        case when network in ('interface', 'contradicted') then interface_record_index else record_index end as cited_record_index
    from facts
    union all
    select
        account_id, aws_region, requested_at, principal_arn, job_kind, job_name, job_arn, event_id,
        'job_security_groups_exist' as control,
        case
            when deleted > 0 then 'NonCompliant'
            when network = 'none' then 'NotApplicable'
            when groups > 0 then 'Compliant'
            else 'Undetermined'
        end as verdict,
        case
            when deleted > 0 then
                deleted_group_id || ' was deleted ' || cast(deleted_at as varchar)
                || case deleted_how
                    when 'by_name' then ' by its name'
                    when 'by_cloudformation' then ' through CloudFormation'
                    when 'by_service' then ' through an AWS service'
                    when 'by_delete_vpc' then ' with its VPC'
                    else ''
                end
                || ' by ' || coalesce(deleted_by, 'a caller without an ARN')
                || case when deleted > 1 then '; ' || cast(deleted - 1 as varchar) || ' more of its groups too' else '' end
            when network = 'none' then 'the job has no VPC configuration'
            when groups > 0 then 'no deletion of its security groups (' || cast(groups as varchar) || ') is in the logs'
            else 'no record tells which groups the job has'
        end as reason,
        deleted_group_id as resource_id,
        coalesce(deleted_event_id, event_id) as cited_event_id,
        coalesce(deleted_log_file, log_file) as cited_log_file,
        coalesce(deleted_record_index, record_index) as cited_record_index
    from facts
    union all
    select
        account_id, aws_region, requested_at, principal_arn, job_kind, job_name, job_arn, event_id,
        'job_security_groups_not_default' as control,
        case
            when default_groups > 0 then 'NonCompliant'
            when network = 'none' then 'NotApplicable'
            when groups = 0 or unnamed > 0 then 'Undetermined'
            else 'Compliant'
        end as verdict,
        case
            when default_groups > 0 then default_group_id || ' is the default group of its VPC'
            when network = 'none' then 'the job has no VPC configuration'
            when groups = 0 then 'no record tells which groups the job has'
            when unnamed > 0 then 'no record tells whether ' || unnamed_group_id || ' is the default group of its VPC'
            else 'none of its security groups (' || cast(groups as varchar) || ') is a default group'
        end as reason,
        case when default_groups > 0 then default_group_id when unnamed > 0 then unnamed_group_id end as resource_id,
        event_id as cited_event_id,
        log_file as cited_log_file,
        record_index as cited_record_index
    from facts
)
select
    account_id, aws_region, requested_at, principal_arn, job_kind, job_name, job_arn,
    control, verdict, reason, resource_id, cited_event_id, cited_log_file, cited_record_index
from verdicts
order by account_id, aws_region, requested_at, event_id, control
