-- one row: one job and one security group of it, by request or by interface, with the group's life.
select
    named.account_id, named.aws_region, named.job_key, named.job_arn, named.group_id, named.first_named_at,
    named.is_in_request, named.is_on_interface,
    groups.group_name, groups.is_default, groups.vpc_id, groups.is_in_default_vpc, groups.created_at,
    groups.deleted_at, groups.deleted_how, groups.deleted_by, groups.deleted_by_session_issuer_arn,
    groups.deleted_by_session_name, groups.deleted_by_invoked_by, groups.deleted_from_ip_address,
    groups.deleted_event_id, groups.deleted_log_file, groups.deleted_record_index
from (
    select
        account_id, aws_region, job_key, job_arn, resource_id as group_id, min(seen_at) as first_named_at,
        max(case when source = 'create_request' then 1 else 0 end) = 1 as is_in_request,
        max(case when source = 'network_interface' then 1 else 0 end) = 1 as is_on_interface
    from job_network
    where resource_kind = 'security_group'
    group by account_id, aws_region, job_key, job_arn, resource_id
) as named
left join security_groups as groups
    on groups.account_id = named.account_id
    and groups.aws_region = named.aws_region
    and groups.group_id = named.group_id
