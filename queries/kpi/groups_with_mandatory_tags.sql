-- question:   What part of the security groups that jobs name carries the mandatory tags, as of an instant?
-- parameter:  $as_of  time; what had happened by then counts
-- parameter:  $mandatory_tags  text; the tag keys with commas between; empty = Owner,DataSensitivity,CostCenter
-- columns:    account_id (all = every account together) | mandatory_tags | existing (groups) | with_tags | without_tags | unknown | percent_with_tags (of those known; null = none is known) | no_longer_there (not in existing)
-- one row:    one account, or all of them; existing = with_tags + without_tags + unknown
-- order:      account_id with all first
-- sources:    CreateSecurityGroup, CreateTags, DeleteTags; DeleteSecurityGroup, DeleteVpc; evidence of the AWS Config rule (EVIDENCE_URI)
-- A group counts once, however many jobs name it, in a request, at an interface or in evidence, by then. It has the tags when it
-- has every key with a value; case matters. Unknown: a key is missing and the group is older than the logs, no run of the rule has
-- seen its tags, or a record masks them; or it has them all, and log files of its account and Region are missing since it was
-- named. A group whose deletion is in the logs is no longer there; one that nothing is known of since may be gone too.
with tag_keys as (
    select
        keys,
        length(keys) - length(replace(keys, ',', '')) + 1 as keys_asked
    from (
        select
            case
                when cast($mandatory_tags as varchar) = '' then 'Owner,DataSensitivity,CostCenter'
                else cast($mandatory_tags as varchar)
            end as keys
    ) as given
),
named_groups as (
    select
        account_id, aws_region, group_id,
        min(first_named_at) as first_named_at,
        max(created_at) as created_at,
        max(case when deleted_at <= $as_of then 1 else 0 end) as is_deleted
    from job_security_groups
    where first_named_at <= $as_of
    group by account_id, aws_region, group_id
),
-- As job_network_tagged counts: a removal that nothing explains tells of no value.
tags_then as (
    select
        resource_tags.account_id, resource_tags.aws_region, resource_tags.resource_id,
        count(distinct case when trim(resource_tags.tag_value) <> '' then resource_tags.tag_key end) as keys_found,
        sum(case when resource_tags.tag_value is null then 1 else 0 end) as keys_masked
    from resource_tags
    cross join tag_keys
    where
        resource_tags.resource_kind = 'security_group'
        and strpos(',' || tag_keys.keys || ',', ',' || resource_tags.tag_key || ',') > 0
        and resource_tags.started_how <> 'untagged'
        and coalesce(resource_tags.started_at, resource_tags.seen_at) <= $as_of
        and (resource_tags.ended_at is null or resource_tags.ended_at > $as_of)
    group by resource_tags.account_id, resource_tags.aws_region, resource_tags.resource_id
),
tags_seen as (
    select distinct account_id, aws_region, resource_id
    from resource_tags
    where resource_kind = 'security_group' and started_how = 'snapshot' and seen_at <= $as_of
),
vouched_places as (
    select distinct account_id, aws_region from coverage where state = 'attested'
),
last_holes as (
    select coverage.account_id, coverage.aws_region, max(coverage.hour) as hour
    from coverage
    left join vouched_places
        on vouched_places.account_id = coverage.account_id and vouched_places.aws_region = coverage.aws_region
    where
        coverage.hour < $as_of
        and (coverage.state = 'logging_stopped' or (coverage.state = 'gap' and vouched_places.account_id is not null))
    group by coverage.account_id, coverage.aws_region
),
judged as (
    select
        named_groups.account_id, tag_keys.keys,
        case
            when named_groups.is_deleted = 1 then 'gone'
            when coalesce(tags_then.keys_found, 0) >= tag_keys.keys_asked then
                case when last_holes.hour >= date_trunc('hour', named_groups.first_named_at) then 'unknown' else 'with' end
            when coalesce(tags_then.keys_masked, 0) > 0 then 'unknown'
            when named_groups.created_at is null and tags_seen.resource_id is null then 'unknown'
            else 'without'
        end as state
    from named_groups
    cross join tag_keys
    left join tags_then
        on tags_then.account_id = named_groups.account_id
        and tags_then.aws_region = named_groups.aws_region
        and tags_then.resource_id = named_groups.group_id
    left join tags_seen
        on tags_seen.account_id = named_groups.account_id
        and tags_seen.aws_region = named_groups.aws_region
        and tags_seen.resource_id = named_groups.group_id
    left join last_holes
        on last_holes.account_id = named_groups.account_id and last_holes.aws_region = named_groups.aws_region
),
by_account_and_all as (
    select account_id, keys, state from judged
    union all
    select 'all' as account_id, keys, state from judged
)
select
    account_id,
    keys as mandatory_tags,
    sum(case when state <> 'gone' then 1 else 0 end) as existing,
    sum(case when state = 'with' then 1 else 0 end) as with_tags,
    sum(case when state = 'without' then 1 else 0 end) as without_tags,
    sum(case when state = 'unknown' then 1 else 0 end) as unknown,
    cast(
        100.0 * sum(case when state = 'with' then 1 else 0 end)
        / nullif(sum(case when state in ('with', 'without') then 1 else 0 end), 0) as decimal(5, 1)
    ) as percent_with_tags,
    sum(case when state = 'gone' then 1 else 0 end) as no_longer_there
from by_account_and_all
group by account_id, keys
order by case when account_id = 'all' then 0 else 1 end, account_id
