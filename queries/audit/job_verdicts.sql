-- question:   What can be said of each job against each control, as of an instant?
-- parameter:  $as_of  time; what had happened by then counts
-- parameter:  $coverage  text; attested = only what a valid digest file vouches for counts; else log files without one do too
-- parameter:  $mandatory_tags  text; the tag keys of job_network_tagged with commas between; empty = Owner,DataSensitivity,CostCenter
-- columns:    account_id | aws_region | requested_at (UTC; null = no request in the logs) | principal_arn | job_kind | job_name | job_arn | control | verdict | reason | next_step (of Undetermined: what would tell) | resource_id | cited_event_id | cited_log_file | cited_record_index | cited_log_file_state | cited_digest_file | request_event_id
-- one row:    one job and control; the citation is the record that decides
-- order:      account_id, aws_region, time and event id of the job's first record, control
-- sources:    CreateModelCustomizationJob, CreateModelImportJob, CreateModelInvocationJob; CreateNetworkInterface; DeleteSecurityGroup, DeleteVpc
with jobs_then as (
    select
        account_id, aws_region, job_kind, job_key, job_arn, job_name, requested_at, first_seen_at, principal_arn,
        vpc_config_state, vpc_config_note, event_id, log_file, record_index
    from jobs
    where first_seen_at <= $as_of
),
-- The first record of an interface that Bedrock tagged with the job's ARN.
interfaces_then as (
    select job_key, resource_id, event_id, log_file, record_index
    from (
        select
            job_key, resource_id, event_id, log_file, record_index,
            row_number() over (partition by job_key order by seen_at, event_id, resource_id) as place
        from job_network
        where source = 'network_interface' and resource_kind = 'subnet' and seen_at <= $as_of
    ) as seen
    where place = 1
),
groups_then as (
    select
        account_id, aws_region, job_key, group_id, group_name, vpc_id, is_in_default_vpc, is_default, first_named_at,
        created_at,
        case when deleted_at <= $as_of then deleted_at end as deleted_at,
        deleted_how, deleted_by, deleted_event_id, deleted_log_file, deleted_record_index
    from job_security_groups
    where first_named_at <= $as_of
),
-- Accepted deletions of a group that no record names.
untraced_deletions as (
    select account_id, aws_region, requested_at, how, group_name, vpc_id, event_id
    from security_group_delete_requests
    where outcome = 'deleted' and group_id is null and requested_at <= $as_of
),
-- A group that stands in the logs may have been the one, unless its name or VPC is known and another.
perhaps_deleted as (
    select groups_then.job_key, groups_then.group_id, min(untraced_deletions.event_id) as event_id
    from groups_then
    inner join untraced_deletions
        on untraced_deletions.account_id = groups_then.account_id
        and untraced_deletions.aws_region = groups_then.aws_region
    where
        groups_then.deleted_at is null
        and untraced_deletions.requested_at >= groups_then.first_named_at
        and (
            groups_then.group_name is null
            or untraced_deletions.group_name is null
            or lower(groups_then.group_name) = lower(untraced_deletions.group_name)
        )
        and (
            groups_then.vpc_id is null
            or untraced_deletions.vpc_id is null
            or groups_then.vpc_id = untraced_deletions.vpc_id
        )
        -- EC2 takes a name for a group of the default VPC.
        and not (
            untraced_deletions.how <> 'by_delete_vpc'
            and untraced_deletions.group_name is not null
            and coalesce(groups_then.is_in_default_vpc, true) = false
        )
    group by groups_then.job_key, groups_then.group_id
),
-- Hours in which a deletion may have gone unseen. Where no digest file covers anything, an hour without log files says
-- nothing: CloudTrail delivers none when nothing happens.
vouched_places as (
    select distinct account_id, aws_region from coverage where state = 'attested'
),
holes as (
    select coverage.account_id, coverage.aws_region, coverage.hour
    from coverage
    left join vouched_places
        on vouched_places.account_id = coverage.account_id and vouched_places.aws_region = coverage.aws_region
    where
        coverage.state in ('logging_stopped', 'incomplete')
        or (coverage.state = 'gap' and vouched_places.account_id is not null)
        or ($coverage = 'attested' and coverage.state <> 'attested')
),
-- Where digest files come every hour, the end of what is known is the place's own; elsewhere the end of all log files.
ends as (
    select
        places.account_id, places.aws_region,
        case when vouched_places.account_id is not null then places.last_hour else lake.last_hour end
            + interval '1' hour as known_until
    from (
        select account_id, aws_region, max(hour) as last_hour from coverage group by account_id, aws_region
    ) as places
    cross join (select max(hour) as last_hour from coverage) as lake
    left join vouched_places
        on vouched_places.account_id = places.account_id and vouched_places.aws_region = places.aws_region
),
hours_missing as (
    select
        jobs_then.job_key, count(*) as hours,
        min(holes.hour) as first_hour, max(holes.hour) + interval '1' hour as last_hour_end
    from jobs_then
    inner join holes on holes.account_id = jobs_then.account_id and holes.aws_region = jobs_then.aws_region
    where holes.hour >= date_trunc('hour', jobs_then.first_seen_at) and holes.hour < $as_of
    group by jobs_then.job_key
),
group_counts as (
    select
        groups_then.job_key,
        count(*) as groups,
        count(groups_then.deleted_at) as deleted,
        count(perhaps_deleted.event_id) as perhaps,
        min(perhaps_deleted.group_id) as perhaps_group_id,
        min(perhaps_deleted.event_id) as perhaps_event_id,
        sum(case when groups_then.is_default then 1 else 0 end) as default_groups,
        min(case when groups_then.is_default then groups_then.group_id end) as default_group_id,
        sum(case when groups_then.is_default is null then 1 else 0 end) as unnamed,
        min(case when groups_then.is_default is null then groups_then.group_id end) as unnamed_group_id
    from groups_then
    left join perhaps_deleted
        on perhaps_deleted.job_key = groups_then.job_key and perhaps_deleted.group_id = groups_then.group_id
    group by groups_then.job_key
),
-- The group that was deleted first.
first_deleted as (
    select
        job_key, group_id, deleted_at, deleted_how, deleted_by, deleted_event_id, deleted_log_file, deleted_record_index
    from (
        select
            job_key, group_id, deleted_at, deleted_how, deleted_by,
            deleted_event_id, deleted_log_file, deleted_record_index,
            row_number() over (partition by job_key order by deleted_at, group_id) as place
        from groups_then
        where deleted_at is not null
    ) as deleted
    where place = 1
),
-- What of a job's network existed then. The VPC is that of its groups and subnets, where a record tells it.
subnets_then as (
    select distinct
        job_network.job_key, job_network.account_id, job_network.aws_region, job_network.resource_id as subnet_id,
        subnets.vpc_id, subnets.created_at
    from job_network
    left join subnets
        on subnets.account_id = job_network.account_id
        and subnets.aws_region = job_network.aws_region
        and subnets.subnet_id = job_network.resource_id
    where
        job_network.resource_kind = 'subnet' and job_network.seen_at <= $as_of
        and (subnets.deleted_at is null or subnets.deleted_at > $as_of)
),
groups_left as (
    select
        groups_then.job_key, groups_then.account_id, groups_then.aws_region, groups_then.group_id, groups_then.vpc_id,
        groups_then.created_at, case when perhaps_deleted.event_id is null then 0 else 1 end as may_be_gone
    from groups_then
    left join perhaps_deleted
        on perhaps_deleted.job_key = groups_then.job_key and perhaps_deleted.group_id = groups_then.group_id
    where groups_then.deleted_at is null
),
vpcs_then as (
    select
        named.job_key, named.account_id, named.aws_region, named.vpc_id, vpcs.created_at, named.may_be_gone
    from (
        select job_key, account_id, aws_region, vpc_id, min(may_be_gone) as may_be_gone
        from (
            select job_key, account_id, aws_region, vpc_id, may_be_gone from groups_left
            union all
            select job_key, account_id, aws_region, vpc_id, 0 as may_be_gone from subnets_then
        ) as naming
        group by job_key, account_id, aws_region, vpc_id
    ) as named
    left join vpcs
        on vpcs.account_id = named.account_id and vpcs.aws_region = named.aws_region and vpcs.vpc_id = named.vpc_id
    where named.vpc_id is not null and (vpcs.deleted_at is null or vpcs.deleted_at > $as_of)
),
resources_then as (
    select job_key, account_id, aws_region, group_id as resource_id, created_at, may_be_gone from groups_left
    union all
    select job_key, account_id, aws_region, subnet_id as resource_id, created_at, 0 as may_be_gone from subnets_then
    union all
    select job_key, account_id, aws_region, vpc_id as resource_id, created_at, may_be_gone from vpcs_then
),
tag_keys as (
    select
        case when $mandatory_tags = '' then 'Owner,DataSensitivity,CostCenter' else $mandatory_tags end as keys
),
-- Each mandatory key that a record tells of: it has a value then, or one that no record tells, or none, because a record took
-- it away or left it blank. A removal that nothing explains tells of no value before it.
tags_then as (
    select
        account_id, aws_region, resource_id,
        sum(has_value) as keys_found,
        sum(case when has_value = 0 and is_masked = 1 then 1 else 0 end) as keys_masked,
        sum(case when has_value = 0 and is_masked = 0 and has_none = 1 then 1 else 0 end) as keys_lacking
    from (
        select
            account_id, aws_region, resource_id, tag_key,
            max(case when is_in_force = 1 and trim(tag_value) <> '' then 1 else 0 end) as has_value,
            max(case when is_in_force = 1 and tag_value is null then 1 else 0 end) as is_masked,
            max(
                case
                    when is_in_force = 1 and trim(tag_value) = '' then 1
                    when ended_how = 'untagged' and ended_at <= $as_of then 1
                    else 0
                end
            ) as has_none
        from (
            select
                resource_tags.account_id, resource_tags.aws_region, resource_tags.resource_id, resource_tags.tag_key,
                resource_tags.tag_value, resource_tags.ended_at, resource_tags.ended_how,
                case
                    when
                        resource_tags.started_how <> 'untagged'
                        and (resource_tags.ended_at is null or resource_tags.ended_at > $as_of)
                        then 1
                    else 0
                end as is_in_force
            from resource_tags
            cross join tag_keys
            where
                strpos(',' || tag_keys.keys || ',', ',' || resource_tags.tag_key || ',') > 0
                and coalesce(resource_tags.started_at, resource_tags.seen_at) <= $as_of
        ) as intervals
        group by account_id, aws_region, resource_id, tag_key
    ) as each_key
    group by account_id, aws_region, resource_id
),
-- What the rule of AWS Config saw is whole.
tags_seen as (
    select distinct account_id, aws_region, resource_id
    from resource_tags
    where started_how = 'snapshot' and seen_at <= $as_of
),
tagged as (
    select
        job_key,
        count(*) as resources,
        sum(1 - may_be_gone) as resources_left,
        sum(case when is_lacking = 1 and may_be_gone = 0 then 1 else 0 end) as untagged,
        min(case when is_lacking = 1 and may_be_gone = 0 then resource_id end) as untagged_id,
        sum(case when is_lacking = 1 and may_be_gone = 1 then 1 else 0 end) as perhaps_untagged,
        min(case when is_lacking = 1 and may_be_gone = 1 then resource_id end) as perhaps_untagged_id,
        sum(case when is_lacking = 0 and keys_found < keys_asked then 1 else 0 end) as tags_unknown,
        min(case when is_lacking = 0 and keys_found < keys_asked then resource_id end) as tags_unknown_id,
        max(keys) as mandatory_keys
    from (
        select
            resources_then.job_key, resources_then.resource_id, resources_then.may_be_gone, tag_keys.keys,
            length(tag_keys.keys) - length(replace(tag_keys.keys, ',', '')) + 1 as keys_asked,
            coalesce(tags_then.keys_found, 0) as keys_found,
            case
                when tags_then.keys_lacking > 0 then 1
                -- Of what was made or seen whole, a key that nothing tells of is not there.
                when
                    (resources_then.created_at is not null or tags_seen.resource_id is not null)
                    and coalesce(tags_then.keys_found + tags_then.keys_masked, 0)
                    < length(tag_keys.keys) - length(replace(tag_keys.keys, ',', '')) + 1
                    then 1
                else 0
            end as is_lacking
        from resources_then
        cross join tag_keys
        left join tags_then
            on tags_then.account_id = resources_then.account_id
            and tags_then.aws_region = resources_then.aws_region
            and tags_then.resource_id = resources_then.resource_id
        left join tags_seen
            on tags_seen.account_id = resources_then.account_id
            and tags_seen.aws_region = resources_then.aws_region
            and tags_seen.resource_id = resources_then.resource_id
    ) as each_resource
    group by job_key
),
vpcs_known as (
    select job_key, count(*) as vpcs from vpcs_then group by job_key
),
facts as (
    select
        jobs_then.account_id, jobs_then.aws_region, jobs_then.job_kind, jobs_then.job_arn, jobs_then.job_name,
        jobs_then.requested_at, jobs_then.first_seen_at, jobs_then.principal_arn, jobs_then.vpc_config_note,
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
        coalesce(group_counts.perhaps, 0) as perhaps,
        coalesce(hours_missing.hours, 0) as hours_missing,
        hours_missing.first_hour as first_missing_hour,
        hours_missing.last_hour_end as last_missing_hour_end,
        -- A digest file comes up to an hour after what it covers, a log file some minutes after.
        case when ends.known_until + interval '2' hour <= $as_of then ends.known_until end as known_until,
        group_counts.perhaps_group_id, group_counts.perhaps_event_id,
        group_counts.default_group_id, group_counts.unnamed_group_id,
        first_deleted.group_id as deleted_group_id, first_deleted.deleted_at, first_deleted.deleted_how,
        first_deleted.deleted_by, first_deleted.deleted_event_id, first_deleted.deleted_log_file,
        first_deleted.deleted_record_index,
        coalesce(tagged.resources, 0) as resources,
        coalesce(tagged.resources_left, 0) as resources_left,
        coalesce(tagged.untagged, 0) as untagged, tagged.untagged_id,
        coalesce(tagged.perhaps_untagged, 0) as perhaps_untagged, tagged.perhaps_untagged_id,
        coalesce(tagged.tags_unknown, 0) as tags_unknown, tagged.tags_unknown_id, tagged.mandatory_keys,
        coalesce(vpcs_known.vpcs, 0) as vpcs
    from jobs_then
    left join interfaces_then on interfaces_then.job_key = jobs_then.job_key
    left join group_counts on group_counts.job_key = jobs_then.job_key
    left join first_deleted on first_deleted.job_key = jobs_then.job_key
    left join hours_missing on hours_missing.job_key = jobs_then.job_key
    left join tagged on tagged.job_key = jobs_then.job_key
    left join vpcs_known on vpcs_known.job_key = jobs_then.job_key
    left join ends on ends.account_id = jobs_then.account_id and ends.aws_region = jobs_then.aws_region
),
verdicts as (
    select
        account_id, aws_region, requested_at, first_seen_at, principal_arn, job_kind, job_name, job_arn, event_id,
        'job_in_vpc' as control,
        case network
            when 'request' then 'Compliant'
            when 'interface' then 'Compliant'
            when 'none' then 'NonCompliant'
            else 'Undetermined'
        end as verdict,
        case network
            when 'request' then 'the request names a VPC configuration'
            when 'interface' then vpc_config_note || ', but Bedrock made an interface for the job in ' || interface_subnet_id
            when 'none' then 'the request names no VPC configuration'
            when 'contradicted' then 'the request names no VPC configuration, yet Bedrock made an interface for the job in ' || interface_subnet_id
            else vpc_config_note || ', and no interface of the job is in the logs'
        end as reason,
        cast(null as varchar) as next_step,
        case when network in ('interface', 'contradicted') then interface_subnet_id end as resource_id,
        case when network in ('interface', 'contradicted') then interface_event_id else event_id end as cited_event_id,
        case when network in ('interface', 'contradicted') then interface_log_file else log_file end as cited_log_file,
        case when network in ('interface', 'contradicted') then interface_record_index else record_index end as cited_record_index
    from facts
    union all
    select
        account_id, aws_region, requested_at, first_seen_at, principal_arn, job_kind, job_name, job_arn, event_id,
        'job_security_groups_exist' as control,
        case
            when deleted > 0 then 'NonCompliant'
            when network = 'none' then 'NotApplicable'
            when groups > 0 and perhaps = 0 and hours_missing = 0 and known_until is null then 'Compliant'
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
            when perhaps > 0 then perhaps_group_id || ' may be the group that event ' || perhaps_event_id || ' deleted: the record does not tell which'
            when groups > 0 and hours_missing > 0 then
                'no deletion of its security groups is in the logs, but '
                || case when $coverage = 'attested' then 'no valid digest file covers ' else 'they lack ' end
                || cast(hours_missing as varchar) || ' of its hours, from ' || cast(first_missing_hour as varchar)
                || ' to ' || cast(last_missing_hour_end as varchar) || ' (query coverage_by_hour)'
            when groups > 0 and known_until is not null then
                'no deletion of its security groups is in the logs, but they end at ' || cast(known_until as varchar)
            when groups > 0 then 'no deletion of its security groups (' || cast(groups as varchar) || ') is in the logs'
            else 'no record tells which groups the job has'
        end as reason,
        case
            when deleted = 0 and network <> 'none' and perhaps = 0 and groups > 0 and (hours_missing > 0 or known_until is not null) then
                'bedrock-audit ingest SOURCE --accounts ' || account_id || ' --regions ' || aws_region
                || ' --from ' || cast(coalesce(first_missing_hour, known_until) as varchar)
                || case when known_until is null then ' --to ' || cast(last_missing_hour_end as varchar) else '' end
        end as next_step,
        coalesce(deleted_group_id, perhaps_group_id) as resource_id,
        coalesce(deleted_event_id, event_id) as cited_event_id,
        coalesce(deleted_log_file, log_file) as cited_log_file,
        coalesce(deleted_record_index, record_index) as cited_record_index
    from facts
    union all
    select
        account_id, aws_region, requested_at, first_seen_at, principal_arn, job_kind, job_name, job_arn, event_id,
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
        cast(null as varchar) as next_step,
        case when default_groups > 0 then default_group_id when unnamed > 0 then unnamed_group_id end as resource_id,
        event_id as cited_event_id,
        log_file as cited_log_file,
        record_index as cited_record_index
    from facts
    union all
    select
        account_id, aws_region, requested_at, first_seen_at, principal_arn, job_kind, job_name, job_arn, event_id,
        'job_network_tagged' as control,
        case
            when untagged > 0 and hours_missing = 0 and known_until is null then 'NonCompliant'
            when network = 'none' then 'NotApplicable'
            when groups = 0 then 'Undetermined'
            when resources = 0 then 'NotApplicable'
            when untagged > 0 or perhaps_untagged > 0 or tags_unknown > 0 then 'Undetermined'
            when vpcs = 0 or resources_left = 0 or hours_missing > 0 or known_until is not null then 'Undetermined'
            else 'Compliant'
        end as verdict,
        case
            when network = 'none' then 'the job has no VPC configuration'
            when groups = 0 then 'no record tells which network the job has'
            when resources = 0 then 'nothing of its network exists any more'
            when untagged > 0 and hours_missing = 0 and known_until is null then
                untagged_id || ' lacks one of the tags ' || mandatory_keys || ', or it has no value'
                || case when untagged > 1 then '; ' || cast(untagged - 1 as varchar) || ' more of its network too' else '' end
            when untagged = 0 and perhaps_untagged > 0 then
                perhaps_untagged_id || ' lacks one of the tags ' || mandatory_keys
                || ', but may be the group that event ' || perhaps_event_id || ' deleted: the record does not tell which'
            when untagged = 0 and tags_unknown > 0 then
                'no record tells whether ' || tags_unknown_id || ' has the tags ' || mandatory_keys || ': it is older than the logs'
            when untagged = 0 and vpcs = 0 then 'no record tells which VPC its network is in'
            when untagged = 0 and resources_left = 0 then
                'its network had the tags ' || mandatory_keys || ', but may be gone: no record tells which group event '
                || perhaps_event_id || ' deleted'
            when hours_missing > 0 then
                case
                    when untagged > 0 then untagged_id || ' lacked one of the tags ' || mandatory_keys
                    else 'its network had the tags ' || mandatory_keys
                end
                || ' when last seen, but '
                || case when $coverage = 'attested' then 'no valid digest file covers ' else 'the logs lack ' end
                || cast(hours_missing as varchar) || ' of its hours, from ' || cast(first_missing_hour as varchar)
                || ' to ' || cast(last_missing_hour_end as varchar) || ' (query coverage_by_hour)'
            when known_until is not null then
                case
                    when untagged > 0 then untagged_id || ' lacked one of the tags ' || mandatory_keys
                    else 'its network had the tags ' || mandatory_keys
                end
                || ' when last seen, but the logs end at ' || cast(known_until as varchar)
            else 'its network (' || cast(resources as varchar) || ' resources) has the tags ' || mandatory_keys
        end as reason,
        case
            when
                network <> 'none' and groups > 0 and resources > 0 and (hours_missing > 0 or known_until is not null)
                and (untagged > 0 or (perhaps_untagged = 0 and tags_unknown = 0 and vpcs > 0 and resources_left > 0))
                then
                'bedrock-audit ingest SOURCE --accounts ' || account_id || ' --regions ' || aws_region
                || ' --from ' || cast(coalesce(first_missing_hour, known_until) as varchar)
                || case when known_until is null then ' --to ' || cast(last_missing_hour_end as varchar) else '' end
        end as next_step,
        case
            when untagged > 0 then untagged_id
            when perhaps_untagged > 0 then perhaps_untagged_id
            when tags_unknown > 0 then tags_unknown_id
        end as resource_id,
        event_id as cited_event_id,
        log_file as cited_log_file,
        record_index as cited_record_index
    from facts
),
-- Where records of log files count that no valid digest file lists.
unvouched_places as (
    select distinct account_id, aws_region from log_file_attestations where state in ('not_attested', 'unknown')
),
-- A record is as good as the log file that it stands in.
cited as (
    select
        verdicts.account_id, verdicts.aws_region, verdicts.requested_at, verdicts.first_seen_at, verdicts.principal_arn,
        verdicts.job_kind, verdicts.job_name, verdicts.job_arn, verdicts.event_id, verdicts.control, verdicts.verdict,
        verdicts.reason, verdicts.next_step, verdicts.resource_id, verdicts.cited_event_id, verdicts.cited_log_file,
        verdicts.cited_record_index, log_file_attestations.state as log_file_state, log_file_attestations.digest_file,
        case
            when log_file_attestations.state = 'mismatch' then 'changed after delivery'
            when $coverage = 'attested' and coalesce(log_file_attestations.state, 'evidence') <> 'attested' then 'vouched for by no valid digest file'
            -- These rest on more records than the one that they cite.
            when
                $coverage = 'attested' and unvouched_places.account_id is not null
                and verdicts.control not in ('job_in_vpc', 'job_security_groups_exist')
                then 'attested, but others of its account and Region, on which it may rest too, are vouched for by no valid digest file'
        end as objection
    from verdicts
    left join log_file_attestations on log_file_attestations.log_file = verdicts.cited_log_file
    left join unvouched_places
        on unvouched_places.account_id = verdicts.account_id and unvouched_places.aws_region = verdicts.aws_region
)
select
    account_id, aws_region, requested_at, principal_arn, job_kind, job_name, job_arn, control,
    case when objection is null then verdict else 'Undetermined' end as verdict,
    case
        when objection is null or verdict = 'Undetermined' then reason
        else reason || ', says a record in a log file that is ' || objection
    end as reason,
    case
        when log_file_state = 'mismatch' then 'restore the log file as it was delivered, from an older version of the object or a copy, and ingest again'
        when objection is not null then 'ingest the digest files that list the log file'
        else next_step
    end as next_step,
    resource_id, cited_event_id, cited_log_file, cited_record_index,
    log_file_state as cited_log_file_state,
    digest_file as cited_digest_file,
    case when requested_at is not null then event_id end as request_event_id
from cited
order by account_id, aws_region, first_seen_at, event_id, control
